# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier over raw observations, the signature table, and the comparison with a baseline."""
from __future__ import annotations

import copy
import datetime
import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.netaccess.chatgpt.plugins.filter import reachability
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import outcome
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import (
    classify, isolation, signatures, verdicts,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.wording import NOTES

TODAY = datetime.date(2026, 11, 23)
TABLE = signatures.load()
FRESH, OLD = "2026-10-18", "2026-01-01"
INSPECTION = {"cn": "Example Inspection CA", "o": "Example Company"}


def probe(**changes):
    base = dict(id="x", host="chatgpt.com", port=443, kind="https", role="wanted", entry="chatgpt", features=["chat"], level="required", exempt=True, expect={})
    return dict(base, **changes)


def leaf(issuer=None, sct=True):
    return {"issuer": issuer or {"cn": "WE1", "o": "Google Trust Services"}, "sct": sct, "subject": None, "names": []}


def http(status=200, headers=None, body="", cookies=(), **more):
    return dict(dict(status=status, headers=headers or {}, body=body, cookies=list(cookies), failure=None), **more)


def tls(failure=None, issuer=None, sct=True):
    return {"failure": failure, "verify_code": 19 if failure else None, "version": "TLSv1.3", "alpn": None, "leaf": leaf(issuer, sct)}


def seen(**changes):
    base = dict(id="x", host="chatgpt.com", port=443, kind="https", path="/", ip_version=4, attempt=0, via="direct", proxy=None,
                dns={"addresses": ["192.0.2.1"], "failure": None}, tcp={"address": "192.0.2.1", "port": 443, "failure": None}, connect=None,
                tls=tls(), system=None, http=http(), failure=None, duration_ms=5)
    return dict(base, **changes)


INTERCEPTED = dict(tls=tls("ssl_unknown_authority", INSPECTION, False), system=dict(tls(None, INSPECTION, False)))
SQUID_PAGE = http(403, {"x-squid-error": "ERR_ACCESS_DENIED 0", "server": "squid/5.7"}, "<body id=ERR_ACCESS_DENIED>")


def check(observation, wanted=None, date=FRESH, table=TABLE):
    return classify.classify([wanted or probe()], [observation], date, table, TODAY)[0]


def test_the_product_whose_ca_decrypts_is_named_and_gets_its_own_remedy():
    zscaler = tls("ssl_unknown_authority", {"cn": "Zscaler Intermediate Root CA", "o": "Zscaler Inc."}, False)
    found = check(seen(tls=zscaler, system=tls(None, None, False)))
    assert found["inspected_by"] == "Zscaler Internet Access" == isolation.culprit(found)
    assert "zia_access" in isolation.remedy(isolation.sub_verdict(found), isolation.culprit(found))
    assert check(seen(**INTERCEPTED))["inspected_by"] is None and check(seen())["inspected_by"] is None


def test_a_hint_at_a_product_is_told_and_names_nobody():
    """A name that any customer may choose, and a page of which only an old list knows."""
    chosen = {"cn": "Check Point of Example", "o": None}
    found = check(seen(tls=tls("ssl_unknown_authority", chosen, False), system=tls(None, None, False)))
    assert found["inspected_by"] is None and isolation.culprit(found) == "the inspection CA 'Check Point of Example'"
    # With the list that only public certificates have, such a name does not make it interception.
    assert check(seen(tls=tls("ssl_unknown_authority", chosen), system=tls(None, None)))["interception"] == "unknown"
    known = {"cn": "Cisco Umbrella Secondary SubCA lon-SG", "o": "Cisco"}
    assert check(seen(tls=tls("ssl_unknown_authority", known), system=tls(None, None)))["interception"] == "intercepted_trusted"
    guessed = check(seen(**dict(INTERCEPTED, http=http(403, {}, "Cyberoam is securing you"))))
    assert guessed["blocked_by"]["product"] == "Cyberoam" and isolation.culprit(guessed) != "Cyberoam"
    assert "blocked by an unknown product, perhaps Cyberoam (status 403" in guessed["message"]


@pytest.mark.parametrize("observation,verdict", [
    (seen(), "likely"), (seen(**INTERCEPTED), "unlikely"),
    (seen(tls=tls("ssl_unknown_authority", {"cn": "Zscaler Root CA", "o": "Zscaler Inc."}, False), system=tls(None, None, False)), "unknown"),
    (seen(tcp={"failure": "connection_refused"}, tls=None, http=None), "unknown"),
])
def test_whether_the_macos_app_would_take_the_path(observation, verdict):
    found = summarise([check(observation)])["macos_app"]
    assert found["verdict"] == verdict and found["reason"]


def test_a_way_around_the_gateway_by_ipv6_is_told():
    wanted, blocked = probe(), seen(**dict(INTERCEPTED, http=SQUID_PAGE))
    checks = classify.classify([wanted], [blocked, seen(ip_version=6)], FRESH, TABLE, TODAY)
    assert [check["flags"].count("ipv6_bypass") for check in checks] == [0, 1] and "but not IPv6" in checks[1]["message"]
    for four in (seen(), seen(tcp={"failure": "connection_refused"}, tls=None, http=None)):
        assert not any("ipv6_bypass" in check["flags"] for check in classify.classify([wanted], [four, seen(ip_version=6)], FRESH, TABLE, TODAY))
    for six in (INTERCEPTED, REFUSED):
        assert "ipv6_bypass" not in classify.classify([wanted], [blocked, seen(ip_version=6, **six)], FRESH, TABLE, TODAY)[1]["flags"]


CASES = [
    ("healthy", {}, {}, "pass", None, None, "not_intercepted"),
    ("unknown name", dict(dns={"addresses": [], "failure": "dns_nxdomain_error"}, tcp=None, tls=None, http=None), {},
     "fail", "dns", "dns_nxdomain_error", None),
    ("no address and no reason", dict(dns={"addresses": [], "failure": None}, tcp=None, tls=None, http=None), {}, "fail", "dns", "dns_no_answer", None),
    ("refused", dict(tcp={"failure": "connection_refused"}, tls=None, http=None), {}, "fail", "tcp", "connection_refused", None),
    ("no certificate", dict(tls=dict(tls(), leaf=None), http=None), {}, "fail", "tls", "ssl_failed_handshake", None),
    ("deadline before a connection", dict(tcp=None, tls=None, http=None, failure="generic_timeout_error"), {}, "error", "tcp", "generic_timeout_error", None),
    ("deadline after the handshake", dict(http=None, failure="generic_timeout_error"), {}, "error", "http", "generic_timeout_error", "not_intercepted"),
    ("a failure and a deadline", dict(tcp={"failure": "connection_refused"}, tls=None, http=None, failure="generic_timeout_error"), {},
     "fail", "tcp", "connection_refused", None),
    ("certificates elsewhere", dict(tls=tls(sct=False)), {}, "pass", None, None, "unknown"),
    ("reset in the handshake", dict(tls=dict(tls("connection_reset"), leaf=None), http=None), {}, "fail", "tls", "connection_reset", None),
    ("deadline", dict(tls=None, http=None, failure="generic_timeout_error"), {}, "error", "tls", "generic_timeout_error", None),
    ("proxy gone", dict(via="proxy", dns=None, tcp={"failure": "connection_refused"}, tls=None, http=None), {},
     "fail", "proxy", "proxy_connection_refused", None),
    ("407", dict(via="proxy", proxy="http://p:1", connect={"status": 407, "headers": {}, "body": "", "failure": None}, tls=None, http=None), {},
     "skipped", "proxy", "proxy_auth_required", None),
    ("denied CONNECT", dict(via="proxy", connect=dict(SQUID_PAGE), tls=None, http=None), {}, "fail", "proxy", "proxy_connect_denied", None),
    ("decrypted though exempt", INTERCEPTED, {}, "fail", "tls", "ssl_intercepted", "intercepted_trusted"),
    ("decrypted and not exempt", dict(INTERCEPTED, http=http(200, {"cf-ray": "1-X"})), {"exempt": False}, "pass", None, None, "intercepted_trusted"),
    ("decrypted, not exempt, and by nobody known", INTERCEPTED, {"exempt": False}, "unverified", None, None, "intercepted_trusted"),
    ("decrypted by nobody's friend", dict(INTERCEPTED, system=tls("ssl_unknown_authority", INSPECTION)), {"exempt": False},
     "fail", "tls", "ssl_unknown_authority", "intercepted_untrusted"),
    ("block page", dict(INTERCEPTED, http=SQUID_PAGE), {}, "fail", "http", "http_block_page", "intercepted_trusted"),
    ("expired", dict(tls=tls("ssl_invalid_certificate")), {}, "fail", "tls", "ssl_invalid_certificate", "invalid_certificate"),
    ("origin says 403", dict(http=http(403)), {"expect": {"status": [200]}}, "pass", None, None, "not_intercepted"),
    ("challenge", dict(http=http(403, {"cf-mitigated": "challenge"}, "<body id=ERR_x>")), {"expect": {"status": [200]}},
     "pass", None, None, "not_intercepted"),
    ("upgrade taken out", dict(INTERCEPTED, kind="websocket", http=http(426, accepted=False)), {"kind": "websocket", "exempt": False},
     "fail", "application", "websocket_upgrade_refused", "intercepted_trusted"),
    ("upgrade accepted by somebody", dict(INTERCEPTED, kind="websocket", http=http(101, accepted=True)), {"kind": "websocket", "exempt": False},
     "unverified", None, None, "intercepted_trusted"),
    ("upgrade accepted with a mark", dict(INTERCEPTED, kind="websocket", http=http(101, {"cf-ray": "1"}, accepted=True)),
     {"kind": "websocket", "exempt": False}, "pass", None, None, "intercepted_trusted"),
    ("upgrade accepted by the origin", dict(kind="websocket", http=http(101, accepted=True)), {"kind": "websocket"}, "pass", None, None, "not_intercepted"),
    ("upgrade refused by the origin", dict(kind="websocket", http=http(403, accepted=False)), {"kind": "websocket"}, "pass", None, None, "not_intercepted"),
    ("cookie taken out", dict(INTERCEPTED), {"exempt": False, "expect": {"set_cookie": ["__cf_bm"]}},
     "fail", "application", "cookie_stripped", "intercepted_trusted"),
    ("cookie there", dict(http=http(cookies=["__cf_bm; Secure"])), {"expect": {"set_cookie": ["__cf_bm"]}}, "pass", None, None, "not_intercepted"),
    ("HTML for JSON under inspection", dict(INTERCEPTED, http=http(200, {"content-type": "text/html"}, "<html>")),
     {"exempt": False, "expect": {"content_type": "application/json"}}, "fail", "application", "http_content_type_mismatch", "intercepted_trusted"),
    ("odd answer of the origin", dict(http=http(200, {}, "[1]")), {"expect": {"json": {"issuer": "x"}}}, "pass", None, None, "not_intercepted"),
    ("cut answer", dict(http=dict(http(), failure="eof_error")), {}, "fail", "http", "eof_error", "not_intercepted"),
    ("no IPv6 address", dict(ip_version=6, dns={"addresses": [], "failure": "dns_no_answer"}, tcp=None, tls=None, http=None), {},
     "skipped", "dns", "dns_no_answer", None),
]


@pytest.mark.parametrize("observation,wanted,verdict,layer,failure,interception", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_verdicts(observation, wanted, verdict, layer, failure, interception):
    found = check(seen(**observation), probe(**wanted))
    assert (found["verdict"], found["layer"], found["failure"], found["interception"]) == (verdict, layer, failure, interception)
    assert found["message"].startswith("chatgpt.com: ") and "{" not in found["message"]


def proxied(status, user=False, headers=None, body=""):
    return seen(via="proxy", proxy="http://proxy:3128", tls=None, http=None, dns=None,
                connect={"status": status, "headers": headers or {}, "body": body, "failure": None, "user": user})


@pytest.mark.parametrize("answer,verdict,failure,flag,advice", [
    (proxied(407), "skipped", "proxy_auth_required", "proxy_auth_required", "proxy_auth"),
    (proxied(407, True), "skipped", "proxy_auth_required", "user_refused", "proxy_auth"),
    (proxied(401, True, {"www-authenticate": "Basic"}), "skipped", "proxy_auth_required", "user_refused", "proxy_auth"),
    (proxied(401), "fail", "proxy_connect_denied", "blocked", "proxy_policy"),
    (proxied(403, headers={"www-authenticate": "Basic"}), "fail", "proxy_connect_denied", "blocked", "proxy_policy"),
    (proxied(511), "fail", "network_authentication_required", None, "captive_portal"),
    (proxied(502), "fail", "proxy_cannot_connect", None, "proxy_cannot_connect"), (proxied(400), "fail", "proxy_none", None, "proxy_unreachable"),
    (proxied(501), "fail", "proxy_none", None, "proxy_unreachable"), (proxied(302), "fail", "proxy_connect_denied", "blocked", "proxy_policy"),
    # Whose page forbids it has forbidden it, whatever the status.
    *((proxied(status, headers=SQUID_PAGE["headers"], body=SQUID_PAGE["body"]), "fail", "proxy_connect_denied", "blocked", "proxy_policy")
      for status in (405, 429, 503, 511)),
    (seen(via="proxy", proxy="http://p:1", tls=None, http=None, dns=None,
          connect={"status": None, "headers": {}, "body": "", "failure": "generic_timeout_error"}),
     "fail", "proxy_generic_timeout_error", None, "proxy_unreachable"),
    (proxied(405), "fail", "proxy_none", None, "proxy_unreachable"), (proxied(429), "fail", "proxy_busy", None, "proxy_cannot_connect"),
    (proxied(404, body="<title>502 - Bad Gateway (Privoxy@x)</title><h2>No such domain</h2>"), "fail", "proxy_dns_failed", None, "proxy_dns"),
    (seen(via="proxy", proxy="socks5://s:1", tls=None, http=None, dns=None, tcp=None,
          connect={"status": None, "headers": {}, "body": "", "failure": "other_kind"}), "error", "proxy_other_kind", None, "proxy_unreachable"),
])
def test_what_a_proxy_says_to_connect(answer, verdict, failure, flag, advice):
    found = check(answer)
    assert (found["verdict"], found["failure"], isolation.sub_verdict(found)) == (verdict, failure, advice)
    assert flag is None or flag in found["flags"]
    assert ("rejects the credentials" in found["message"]) == (flag == "user_refused")


@pytest.mark.parametrize("status,state", [(403, "shut"), (405, "unknown"), (429, "unknown"), (503, "unknown")])
def test_a_proxy_that_cannot_has_not_shut_a_host(status, state):
    assert check(proxied(status), probe(role="negative"))["state"] == state


@pytest.mark.parametrize("status,headers,flag", [(403, {}, "blocked"), (511, {}, "blocked"), (302, {"location": "https://portal.example.net/"}, "blocked"),
                                                 (200, {}, "decrypted")])
def test_a_page_on_a_decrypted_host_that_must_be_exempt_is_both(status, headers, flag):
    found = check(seen(**dict(INTERCEPTED, http=http(status, dict(headers, **{"content-type": "text/html"}), "<html>no</html>"))))
    assert found["failure"] == "ssl_intercepted" and flag in found["flags"] and (found["blocked_by"] is not None) == (flag == "blocked")


def test_a_refusal_by_a_page_is_a_block_also_where_a_type_was_asked_for():
    found = check(seen(**dict(INTERCEPTED, http=http(403, {"content-type": "text/html"}, "<html>no</html>"))),
                  probe(exempt=False, expect={"content_type": "application/json"}))
    assert (found["failure"], found["blocked_by"]["product"]) == ("http_block_page", "unknown")


@pytest.mark.parametrize("exempt,failure,advice", [(True, "ssl_intercepted", "tls_inspection"), (False, "ssl_invalid_certificate", "invalid_certificate")])
def test_an_inspection_ca_that_is_out_of_date_is_not_one_that_is_not_known(exempt, failure, advice):
    found = check(seen(tls=tls("ssl_unknown_authority", INSPECTION, False), system={"failure": "ssl_invalid_certificate", "leaf": None}), probe(exempt=exempt))
    assert (found["failure"], isolation.sub_verdict(found)) == (failure, advice)
    assert "out_of_date" in found["flags"] and "has expired" in found["message"] and "does not trust" not in found["message"]


@pytest.mark.parametrize("names,word", [
    (["www.corp.example"], "invalid_certificate"), (["*.chatgpt.com"], "invalid_certificate"), (["chatgpt.com"], "intercepted_trusted"),
    (["*.com"], "intercepted_trusted"), ([], "intercepted_trusted"), (["x.test", "CHATGPT.com"], "intercepted_trusted")])
def test_a_certificate_for_other_names_is_no_inspection(names, word):
    forged = dict(INTERCEPTED["tls"], leaf=dict(leaf(INSPECTION, False), names=names))
    found = check(seen(**{**INTERCEPTED, "tls": forged}))
    assert found["interception"] == word
    assert (found["failure"] == "ssl_invalid_hostname") == (word == "invalid_certificate")


def test_a_chain_that_lacks_a_certificate_is_no_inspection():
    found = check(seen(tls=tls("ssl_unknown_authority")))
    assert (found["interception"], isolation.sub_verdict(found)) == ("invalid_certificate", "invalid_certificate")


@pytest.mark.parametrize("failure,state,advice", [("dns_refused_error", "shut", "dns_filter"), ("dns_servfail_error", "unknown", "dns_failure"),
                                                  ("dns_temporary_failure", "unknown", "dns_failure")])
def test_a_resolver_that_refuses_is_not_one_that_fails(failure, state, advice):
    lost = seen(dns={"addresses": [], "failure": failure}, tcp=None, tls=None, http=None)
    found = check(lost, probe(role="negative"))
    assert found["state"] == state and isolation.sub_verdict(check(lost)) == advice and failure not in found["message"]


def test_the_message_names_who_blocks_and_who_decrypts():
    message = check(seen(**dict(INTERCEPTED, http=SQUID_PAGE)))["message"]
    assert message == "chatgpt.com: blocked by Squid (status 403, inside TLS); decrypted by 'Example Inspection CA'"


def test_an_old_bundle_alone_never_proves_interception():
    """A new public root that the bundle does not know yet looks like an inspection CA, but has SCTs and is used for one site."""
    observation = seen(tls=tls("ssl_unknown_authority", {"cn": "Brand New Public CA", "o": "X"}), system=tls())
    assert check(observation, date=OLD)["interception"] == "unknown"
    assert check(observation, date=FRESH)["interception"] == "unknown"
    assert check(seen(**INTERCEPTED), date=OLD)["interception"] == "intercepted_trusted"


def test_certificates_of_a_root_that_the_bundle_lacks_are_no_proof_of_inspection_and_none_of_an_exemption():
    """A public root that is newer than the bundle, or a copy of what only public certificates have: for an exempt host nobody knows."""
    copied = dict(tls=tls("ssl_unknown_authority", INSPECTION, True), system=tls(None, INSPECTION))
    found = classify.classify([probe(), probe(id="y", host="js.stripe.com", entry="stripe_js", exempt=False)],
                              [seen(**copied), seen(id="y", host="js.stripe.com", http=http(200, {}, "var x"), **copied)], FRESH, TABLE, TODAY)
    assert [(c["interception"], c["verdict"]) for c in found] == [("unknown", "unverified"), ("unknown", "pass")]
    assert "exemption_unproven" in found[0]["flags"] and summarise(found)["exemption"] == "untested" and summarise(found)["verdict"] == "unverified"


JS, PAGE = {"content-type": "text/javascript"}, {"content-type": "text/html"}


@pytest.mark.parametrize("entry,answer,verdict,failure", [
    ("turnstile", http(200, dict(JS, **{"cf-ray": "1-X"}), "var x"), "pass", None), ("turnstile", http(200, JS, "var x"), "unverified", None),
    ("turnstile", http(403, PAGE, "<html>no"), "fail", "http_block_page"),
    ("turnstile", http(302, {"location": "https://portal.example/x"}), "fail", "http_unexpected_redirect_url"),
    ("turnstile", http(302, {"location": "/turnstile/v0/x.js", "cf-ray": "1-X"}), "pass", None),
    ("turnstile", http(511, PAGE, "<html>"), "fail", "network_authentication_required"),
    ("turnstile", http(403, {"cf-mitigated": "challenge", "cf-ray": "1-X"}, "<html>"), "pass", None),
    ("turnstile", http(401, {}, ""), "fail", "gateway_sign_in"),
    ("stripe_js", http(401, {}, ""), "unverified", "sign_in_wanted"), ("stripe_js", http(407, {}, ""), "unverified", "sign_in_wanted"),
    ("stripe_js", http(200, JS, "var x"), "pass", None), ("stripe_js", http(200, PAGE, "<html>Blocked"), "unverified", None),
    ("stripe_js", http(403, PAGE, "<html>Blocked"), "unverified", None), ("stripe_js", http(502, {}, ""), "unverified", None)])
def test_under_inspection_an_answer_passes_only_when_it_is_shown_to_be_the_origin_s(entry, answer, verdict, failure):
    wanted = probe(entry=entry, host="js.stripe.com", exempt=False)
    found = check(seen(**dict(INTERCEPTED, http=answer)), wanted)
    assert (found["verdict"], found["failure"]) == (verdict, failure)
    # With the origin's own certificate nobody else can have written it, also where that keeps its SCTs elsewhere.
    assert check(seen(http=answer), wanted)["verdict"] == check(seen(tls=tls(sct=False), http=answer), wanted)["verdict"] == "pass"


@pytest.mark.parametrize("entry,expect,answer,verdict", [
    # A type alone is what anybody can write, where the origin leaves a mark.
    ("turnstile", {"content_type": "text/javascript"}, http(200, JS, "var x"), "unverified"),
    ("turnstile", {"content_type": "text/javascript"}, http(200, dict(JS, **{"cf-ray": "1"}), "var x"), "pass"),
    ("turnstile", {"body": "var [xy]"}, http(200, JS, "var x"), "pass"), ("turnstile", {"body": "var [xy]"}, http(200, JS, "var z"), "fail"),
    ("turnstile", {"json": {"a": 1}}, http(200, JS, '{"a": 1}'), "pass"), ("turnstile", {"json": {"a": 1}}, http(200, JS, '{"a": 2}'), "fail"),
    ("turnstile", {"json": {"a": 1}}, http(200, JS, "[1]"), "fail"), ("turnstile", {"json": {"a": 1}}, http(200, JS, "{"), "fail"),
    ("turnstile", {"status": [200]}, http(200, JS, "var x"), "unverified"), ("turnstile", {"status": [200]}, http(204, JS, "var x"), "fail"),
    ("stripe_js", {"content_type": "text/javascript"}, http(200, JS, ""), "pass"),
    ("stripe_js", {"content_type": "text/javascript"}, http(200, PAGE, ""), "fail"),
    ("stripe_js", {}, http(200, JS, ""), "unverified"), ("stripe_js", {}, http(200, {}, "<HTML>"), "unverified"),
    ("stripe_js", {}, http(200, {}, " <!DOCTYPE html>"), "unverified"), ("stripe_js", {}, http(200, {}, "x"), "pass"),
    ("stripe_js", {}, http(301, {}, "x"), "unverified")])
def test_under_inspection_content_speaks_for_the_origin_only_when_nobody_else_has_it(entry, expect, answer, verdict):
    assert check(seen(**dict(INTERCEPTED, http=answer)), probe(entry=entry, host="js.stripe.com", exempt=False, expect=expect))["verdict"] == verdict


REFUSED = dict(tcp={"failure": "connection_refused"}, tls=None, http=None)
LATE = dict(tcp={"failure": "generic_timeout_error"}, tls=None, http=None)
SQUID_FAILED = http(503, {"x-squid-error": "ERR_CONNECT_FAIL 110"}, "<body id=ERR_CONNECT_FAIL>")
UNTRUSTED_CA = dict(INTERCEPTED, system=tls("ssl_unknown_authority", INSPECTION))
UNFINISHED = dict(tls=None, http=None, failure="generic_timeout_error")
ASKED = dict(via="proxy", proxy="http://p:1", connect={"status": 407, "headers": {}, "body": "", "failure": None}, tls=None, http=None)
UNRESOLVED = dict(dns={"addresses": [], "failure": "dns_temporary_failure"}, tcp=None, tls=None, http=None)


def paged(status, body="<html>", **headers):
    return dict(INTERCEPTED, http=http(status, dict(PAGE, **headers), body))


@pytest.mark.parametrize("observation,state", [
    ({}, "open"), (REFUSED, "shut"), (dict(INTERCEPTED, http=SQUID_PAGE), "shut"), (paged(200), "unknown"), (paged(403), "unknown"),
    (paged(200, **{"cf-ray": "1-X"}), "unknown"), (LATE, "unknown"),
    (dict(LATE, again="generic_timeout_error"), "shut"), (dict(LATE, again="dns_temporary_failure"), "unknown"), (UNRESOLVED, "unknown"),
    (dict(UNRESOLVED, again="dns_temporary_failure"), "unknown"), (dict(INTERCEPTED, http=SQUID_FAILED), "unknown"),
    (dict(UNTRUSTED_CA, http=http(403, PAGE)), "unknown"),
    (dict(tls=tls(sct=False)), "open"),
    (dict(tls=tls("ssl_invalid_hostname")), "shut"), (UNFINISHED, "unknown"), (ASKED, "unknown")])
def test_the_state_of_a_host_that_has_to_stay_shut_is_known_or_it_is_not(observation, state):
    negative = probe(id="lookalike_suffix", host="evilopenai.com", role="negative", entry=None, exempt=False)
    assert check(seen(id="lookalike_suffix", host="evilopenai.com", **observation), negative)["state"] == state


def test_a_negative_host_whose_network_leaves_a_mark_is_open_by_it():
    negative = probe(id="other_ai", host="claude.ai", role="negative", entry=None, exempt=False)
    assert check(seen(id="other_ai", host="claude.ai", **paged(200, **{"cf-ray": "1-X"})), negative)["state"] == "open"


def test_the_headline_names_what_does_not_count_since_nobody_knows_whose_answer_it_is():
    stripe = check(seen(**dict(INTERCEPTED, http=http(403, PAGE, "<html>Blocked"))), probe(entry="stripe_js", host="js.stripe.com", exempt=False))
    found = summarise([check(seen()), stripe])
    assert found["verdict"] == "pass" and found["message"] == (
        "1 wanted check passes. Not counted, because the source of the response is unknown: js.stripe.com")


@pytest.mark.parametrize("before,after,verdict,flag", [
    (REFUSED, {}, "fail", "newly_open"), (dict(INTERCEPTED, http=SQUID_PAGE), paged(404), "fail", "newly_open"), (paged(403), paged(403), "pass", None),
    (REFUSED, paged(200), "fail", "newly_open"),
    # Who refuses may be what blocked it, in another way.
    (REFUSED, paged(403), "unverified", "not_compared"), (REFUSED, paged(451), "unverified", "not_compared"),
    (dict(INTERCEPTED, http=SQUID_PAGE), paged(403), "unverified", "not_compared"), (REFUSED, paged(502), "unverified", "not_compared"),
    (paged(403), paged(200), "unverified", "not_compared"),
    (paged(302, location="https://a.example/"), paged(302, location="https://b.example/"), "pass", None),
    (UNRESOLVED, {}, "unverified", "not_compared"), (LATE, {}, "unverified", "not_compared"),
    (dict(LATE, again="generic_timeout_error"), {}, "fail", "newly_open"),
    (dict(INTERCEPTED, http=SQUID_PAGE), dict(INTERCEPTED, http=SQUID_FAILED), "unverified", "not_compared"),
    ({}, LATE, "unverified", "not_compared"), ({}, REFUSED, "fail", "newly_blocked"), (dict(tls=tls("ssl_invalid_hostname")), {}, "fail", "newly_open"),
    ({}, paged(200), "fail", "newly_inspected"), ({}, UNFINISHED, "unverified", "not_compared"), (REFUSED, UNFINISHED, "unverified", "not_compared"),
    ({}, ASKED, "skipped", "not_compared"), (paged(403), LATE, "unverified", "not_compared"), (LATE, paged(403), "unverified", "not_compared")])
def test_harm_needs_two_known_states(before, after, verdict, flag):
    negative = probe(id="lookalike_suffix", host="evilopenai.com", role="negative", entry=None, exempt=False)
    old, new = (check(seen(id="lookalike_suffix", host="evilopenai.com", **one), negative) for one in (before, after))
    verdicts.apply_baseline([new], [old])
    assert new["verdict"] == verdict and (flag is None or flag in new["flags"])
    # What nobody can compare is no harm, and no proof either.
    assert summarise([new, check(seen())])["verdict"] == ("pass" if verdict == "pass" else verdict)


def test_a_site_that_the_baseline_does_not_have_is_not_compared_unless_it_does_not_apply():
    negative = probe(id="n", host="evilopenai.com", role="negative", entry=None, exempt=False)
    no_address = dict(ip_version=6, dns={"addresses": [], "failure": "dns_no_answer"}, tcp=None, tls=None, http=None)
    for observation, verdict, flags in (({}, "unverified", ["not_compared"]), (no_address, "skipped", ["no_ipv6_address"])):
        new = check(seen(id="n", host="evilopenai.com", **observation), negative)
        verdicts.apply_baseline([new], [])
        assert "not_compared" not in new["flags"], "without any baseline nothing is compared"
        verdicts.apply_baseline([new], [check(seen())])
        assert (new["verdict"], new["flags"]) == (verdict, flags)


@pytest.mark.parametrize("kind,observation,wanted,negative,control", [
    ("tls", dict(http=None), "pass", "open", "open"), ("tls", dict(INTERCEPTED, http=None), "pass", "unknown", "open"),
    ("tls", dict(REFUSED), "fail", "shut", "shut"), ("tcp", dict(tls=None, http=None), "pass", "open", "open"),
    # Nothing failed and nothing was seen, or nobody knows what should have been.
    ("https", dict(http=None), "unverified", "unknown", "unknown"), ("upload", dict(http=None, application=None), "unverified", "unknown", "unknown"),
    ("tls", dict(tls=None, http=None), "unverified", "unknown", "unknown"), ("new", dict(http=None), "unverified", "unknown", "unknown")])
def test_what_a_probe_shows_that_asks_for_no_page(kind, observation, wanted, negative, control):
    def judged(role):
        return check(seen(**dict(observation, kind=kind)), probe(kind=kind, role=role, exempt=False))
    assert (judged("wanted")["verdict"], judged("negative")["state"], judged("control")["state"]) == (wanted, negative, control)
    assert ("no result" in judged("wanted")["message"]) == (wanted == "unverified")


def test_a_family_without_an_address_or_a_route_is_no_failure_when_the_other_works():
    none = dict(dns={"addresses": [], "failure": "dns_no_answer"}, tcp=None, tls=None, http=None)
    lost = dict(tcp={"failure": "network_unreachable"}, tls=None, http=None)
    for four, six, verdicts_ in ((none, {}, ["skipped", "pass"]), ({}, none, ["pass", "skipped"]), (lost, {}, ["skipped", "pass"]),
                                 ({}, lost, ["pass", "skipped"]),
                                 (lost, lost, ["fail", "fail"]), (REFUSED, {}, ["fail", "pass"]), (LATE, {}, ["fail", "pass"])):
        checks = classify.classify([probe()], [seen(**four), seen(ip_version=6, **six)], FRESH, TABLE, TODAY)
        assert [found["verdict"] for found in checks] == verdicts_
        told = [False, False] if six is none else [word == "skipped" for word in verdicts_]
        assert ["other_family" in found["flags"] for found in checks] == told and [NOTES["other_family"] in found["message"] for found in checks] == told


def test_silence_over_udp_is_a_fault_only_where_a_control_host_answers_over_udp():
    silent, heard = (seen(kind="stun", tls=None, http=None, stun={"failure": word}) for word in ("generic_timeout_error", None))
    probes = [probe(id="u", kind="stun"), probe(id="v", kind="stun"), probe(id="c", role="control"), probe(id="s", kind="stun", role="control")]
    for control, verdict in ((silent, "unverified"), (heard, "fail")):
        checks = classify.classify(probes, [dict(silent, id="u"), dict(heard, id="v"), seen(id="c"), dict(control, id="s")], FRESH, TABLE, TODAY)
        assert [found["verdict"] for found in checks] == [verdict, "pass", "pass", "pass"]
        assert ("unproven" in checks[0]["flags"]) is (verdict == "unverified")


def test_where_only_ipv6_is_asked_nothing_is_said_of_ipv4():
    for six in ({}, REFUSED):
        found, = classify.classify([probe()], [seen(ip_version=6, **six)], FRESH, TABLE, TODAY)
        assert found["flags"] == []


def test_what_got_through_by_itself_is_told():
    assert check(seen(again="connection_reset"))["flags"] == ["burst"] and check(seen(again="generic_timeout_error"))["flags"] == []
    assert check(seen(again="connection_refused", **REFUSED))["flags"] == []


def test_an_odd_address_in_a_trace_is_nobody_s():
    body = "h=chatgpt.com\nip=nonsense\n"
    assert check(seen(path="/cdn-cgi/trace", http=http(200, {"content-type": "text/plain"}, body)))["egress"] is None


def test_the_worst_attempt_counts():
    found = classify.classify([probe()], [seen(), seen(attempt=1, tcp={"failure": "connection_refused"}, tls=None, http=None)], FRESH, TABLE, TODAY)
    assert [(c["verdict"], c["flags"]) for c in found] == [("fail", ["intermittent"])] and "; 1 of 2 attempts succeeded" in found[0]["message"]
    found, = classify.classify([probe()], [seen(**UNFINISHED), seen(attempt=1)], FRESH, TABLE, TODAY)
    assert (found["verdict"], found["flags"]) == ("error", ["intermittent"])
    for both in ({}, REFUSED):
        found, = classify.classify([probe()], [seen(**both), seen(attempt=1, **both)], FRESH, TABLE, TODAY)
        assert found["flags"] == []


@pytest.mark.parametrize("first", [0, 1])
def test_a_site_that_has_to_stay_shut_is_open_when_one_attempt_gets_through(first):
    attempts = [seen(), seen(attempt=1, tcp={"failure": "connection_refused"}, tls=None, http=None)]
    found, = classify.classify([probe(role="negative")], [attempts[first], attempts[1 - first]], FRESH, TABLE, TODAY)
    assert found["state"] == "open"


# -- signatures -----------------------------------------------------------------------------------------------------


def test_the_site_s_own_rules_come_first():
    table = signatures.load([{"product": "Example Gateway", "header": ["x-squid-error", "ERR"]}])
    assert check(seen(**dict(INTERCEPTED, http=SQUID_PAGE)), table=table)["blocked_by"]["product"] == "Example Gateway"


def test_they_come_first_for_files_of_the_kit_too(tmp_path):
    file = tmp_path / "home.json"
    file.write_text(json.dumps({"format": 1, "label": "home", "taken": "", "roots": {"date": FRESH}, "probes": [probe()],
                                "observations": [seen(**dict(INTERCEPTED, http=SQUID_PAGE))]}))
    own = [{"product": "Example Gateway", "header": ["x-squid-error", "ERR"]}]
    for rules, product in ((own, "Example Gateway"), ([], "Squid")):
        assert reachability.import_probe([str(file)], rules)["home"]["checks"][0]["blocked_by"]["product"] == product
    with pytest.raises(AnsibleFilterError, match="import_probe: signatures, rule 1"):
        reachability.import_probe([str(file)], [{"product": "x"}])


@pytest.mark.parametrize("rule", [{}, {"product": "x"}, {"product": "x", "body": "("}, {"product": "x", "header": ["a"]}, {"product": "x", "bdy": "y"}, "x",
                                  ["product", "body"]])
def test_a_rule_that_is_no_rule_is_named(rule):
    with pytest.raises(signatures.SignatureError, match="rule 1"):
        signatures.load([rule])


@pytest.mark.parametrize("answer,product", [
    (http(403, {"x-squid-error": "ERR_ACCESS_DENIED 0"}), "Squid"), (http(302, {"location": "https://gateway.zscaler.net/x"}), "Zscaler Internet Access"),
    (http(302, {"location": "http://192.0.2.1:6080/php/urlblock.php?a"}), "PAN-OS"), (http(200, {}, "<a href=https://block.opendns.com/>"), "Cisco Umbrella"),
    (http(403, {}, "powered by FortiGuard Web Filtering"), "FortiGate"), (http(307, {"location": "https://gw:8090/ips/block/webcat?cat=1"}), "Sophos Firewall"),
    (http(302, {}, "https://notify.bluecoat.com"), "Symantec Cloud SWG"),
])
def test_products_give_themselves_away(answer, product):
    assert signatures.written_by(answer, TABLE).product == product


@pytest.mark.parametrize("answer", [
    http(403, {"server": "cloudflare", "cf-ray": "1"}, "Just a moment... Ray ID"), http(403, {"cf-mitigated": "challenge"}, "id=ERR_X squid"),
    http(200, {"via": "1.1 varnish"}), http(404, {}, "<h1>Not found</h1>"), http(401, {}, '{"error": "Access denied"}'),
])
def test_origins_and_their_networks_are_nobody_s_block(answer):
    assert signatures.written_by(answer, TABLE) is None


# -- both directions ------------------------------------------------------------------------------------------------


def other(role, observation):
    return check(seen(**observation), probe(role=role, exempt=False, entry=None, features=[]))


SHUT = dict(INTERCEPTED, http=SQUID_PAGE)


def test_a_negative_host_without_a_baseline_proves_nothing():
    assert other("negative", {})["verdict"] == "unverified"


@pytest.mark.parametrize("role,before,after,flag", [
    ("negative", SHUT, {}, "newly_open"), ("negative", {}, SHUT, "newly_blocked"), ("control", INTERCEPTED, {}, "no_longer_inspected"),
    ("control", {}, INTERCEPTED, "newly_inspected"), ("control", {}, SHUT, "newly_blocked"),
])
def test_what_is_not_as_it_was_is_a_regression(role, before, after, flag):
    old, new = other(role, before), other(role, after)
    verdicts.apply_baseline([new], [old])
    assert new["verdict"] == "fail" and {"regressed", flag} <= set(new["flags"])
    assert summarise([new])["verdict"] == "fail"
    assert [c["id"] for c in verdicts.compare([old], [new])["regressed"]] == ["x"]


@pytest.mark.parametrize("role", ["negative", "control"])
@pytest.mark.parametrize("observation", [{}, SHUT, INTERCEPTED], ids=["open", "shut", "inspected"])
def test_what_is_as_it_was_passes(role, observation):
    old, new = other(role, observation), other(role, observation)
    verdicts.apply_baseline([new], [copy.deepcopy(old)])
    assert new["verdict"] == "pass"


def test_the_summary_proves_the_exemption_only_with_an_inspected_control():
    wanted = check(seen())
    assert summarise([wanted, other("control", INTERCEPTED)])["exemption"] == "proven"
    assert summarise([wanted, other("control", {})])["exemption"] == "untested"
    assert summarise([check(seen(**INTERCEPTED)), other("control", INTERCEPTED)])["exemption"] == "missing"


def test_telemetry_does_not_fail_the_host():
    shut = check(seen(**SHUT), probe(level="telemetry", features=["telemetry"]))
    summary = summarise([shut, dict(check(seen()), id="y")])
    assert summary["verdict"] == "pass" and summary["features"] == {"chat": "pass", "telemetry": "fail"}


def test_a_host_with_nothing_but_missing_credentials_is_not_a_pass():
    skipped = check(seen(via="proxy", connect={"status": 407, "headers": {}, "body": "", "failure": None}, tls=None, http=None))
    assert summarise([skipped])["verdict"] == "skipped"
    assert summarise([])["verdict"] == "unverified"


def test_what_the_proxy_does_not_answer_is_no_pass_and_newly_asking_for_credentials_is_a_move():
    good, asks = check(seen()), dict(check(seen(via="proxy", connect={"status": 407, "headers": {}, "body": "", "failure": None}, tls=None, http=None)), id="y")
    found = summarise([good, asks])
    assert (found["verdict"], found["features"]) == ("skipped", {"chat": "skipped"})
    assert found["message"] == "the proxy requires authentication before it answers for chatgpt.com"
    assert "chatgpt.com" in verdicts.table({"branch1": {"checks": [good, asks]}}, brief=True)
    assert [c["id"] for c in verdicts.compare([dict(good, id="y")], [asks])["regressed"]] == ["y"]
    # What does not apply where it ran decides nothing.
    elsewhere = dict(check(seen(dns={"addresses": [], "failure": None}, ip_version=6, tcp=None, tls=None, http=None)), id="z")
    assert elsewhere["verdict"] == "skipped" and summarise([good, elsewhere])["verdict"] == "pass"
    assert verdicts.compare([dict(good, id="z", ip_version=6)], [elsewhere])["regressed"] == []


def test_a_wanted_host_that_worked_and_fails_now_is_a_regression():
    found = verdicts.compare([check(seen())], [check(seen(**SHUT))])
    assert [c["id"] for c in found["regressed"]] == ["x"]
    assert [c["id"] for c in verdicts.compare([check(seen(**SHUT))], [check(seen())])["fixed"]] == ["x"]


@pytest.mark.parametrize("was,now,word", [
    # A look that could not be made says nothing of how it was; as a change it would count against hosts that must not change.
    ("fail", "pass", "fixed"), ("error", "pass", "unchanged_ok"), ("fail", "fail", "still_failing"), (None, "fail", "still_failing"),
    ("pass", "fail", "regressed"), ("pass", "pass", "unchanged_ok"), (None, "pass", "unchanged_ok"), ("pass", "skipped", "unverified"),
    ("fail", "error", "unverified"),
    ("pass", "unverified", "unverified")])
def test_every_word_of_before_and_after(was, now, word):
    before = [] if was is None else [dict(check(seen()), verdict=was)]
    found = verdicts.compare(before, [dict(check(seen()), verdict=now)])
    assert {key: len(lines) for key, lines in found.items() if lines} == {word: 1}


@pytest.mark.parametrize("was,word", [(None, "unverified"), ("fail", "unverified"), ("unverified", "unverified"), ("pass", "regressed")])
def test_a_proxy_that_newly_wants_credentials_is_a_move_only_where_the_check_passed(was, word):
    before = [] if was is None else [dict(check(seen()), verdict=was)]
    found = verdicts.compare(before, [dict(check(seen()), verdict="skipped", failure="proxy_auth_required")])
    assert {key: len(lines) for key, lines in found.items() if lines} == {word: 1}


@pytest.mark.parametrize("before,after,verdict", [("x", "x", "pass"), ("x", "y", "unverified"), (None, "y", "unverified"), ("x", None, "unverified")])
def test_two_unknown_states_are_compared_by_their_answers_and_only_where_both_are_there(before, after, verdict):
    checks = [dict(other("negative", {}), id="n", state="unknown", answer=answer, verdict="unverified") for answer in (before, after)]
    verdicts.apply_baseline(checks[1:], checks[:1])
    assert checks[1]["verdict"] == verdict


def test_each_verdict_of_a_wanted_host_has_its_word_in_the_table_and_brief_rows_alike_are_one():
    words = {"pass": "ok", "fail": "FAIL", "skipped": "skipped", "unverified": "unproven", "error": "error", "origin": "origin"}
    checks = [dict(check(seen()), id=verdict, host=verdict + ".example", verdict=verdict, message="h: why") for verdict in words]
    rows = verdicts.table({"a": {"checks": checks}}).splitlines()[1:]
    assert {row.split()[1].partition(".")[0]: row.split()[3] for row in rows} == words
    brief = verdicts.table({"a": {"checks": checks}}, brief=True)
    assert "skipped.example" not in brief and "pass.example" not in brief and brief.endswith("a: the other 2 checks are as expected\n")
    twice = [dict(checks[3], id=name, host=name + ".example") for name in "xy"]
    assert len(verdicts.table({"a": {"checks": twice}}).splitlines()) == 3, "the head, and each of them"
    assert "2 hosts" in verdicts.table({"a": {"checks": twice}}, brief=True)


def test_the_table_puts_failures_first_and_keeps_its_width():
    checks = [dict(check(seen()), id=str(n), host="host-%d.example.com" % n) for n in range(3)] + [dict(check(seen(**SHUT)), id="bad", host="shut.example.com")]
    before = {"checks": [dict(check(seen(**SHUT)), id="0")]}
    text = verdicts.table({"branch1": {"checks": checks}}, {"branch1": before})
    # As the journal of a change that nothing has proven yet keeps it.
    assert verdicts.table({"branch1": {"checks": checks}}, outcome.kept({"branch1": before})) == text
    lines = text.splitlines()
    assert lines[1].split()[1] == "shut.example.com" and "FAIL" in lines[1]
    # What does not fit goes below, whole.
    assert checks[-1]["message"].partition(": ")[2] in " ".join(text.split()) and lines[2].startswith("    blocked by Squid")
    assert any("FAIL > ok" in line for line in lines) and all(len(line) <= 100 for line in lines)
    brief = verdicts.table({"branch1": {"checks": checks}}, brief=True).splitlines()
    assert "shut.example.com" in brief[1] and brief[-1] == "branch1: the other 3 checks are as expected"
    # Of hosts that fail alike the reason is said once, and each is named.
    alike = verdicts.table({"branch1": {"checks": [*checks, dict(checks[-1], id="too", host="closed.example.com")]}}, {"branch1": before}, brief=True)
    assert "BEFORE > NOW" in alike and alike.count("blocked by Squid") == 1 and "2 hosts" in alike
    assert "closed.example.com, shut.example.com: blocked by Squid" in " ".join(alike.split())
    long = verdicts.table({"branch1": {"checks": [dict(checks[-1], host="a" * 60 + ".example.com")]}}).splitlines()
    assert "a" * 60 + ".example.com" in long[1] and all(len(line) <= 100 for line in long)
    assert verdicts.table({"branch1": {"checks": checks[:1]}}, brief=True) == "branch1: 1 check is as expected\n"
    assert verdicts.table({"branch1": {"checks": checks[:3]}}, brief=True) == "branch1: all 3 checks are as expected\n"


def test_the_table_says_of_what_kind_a_check_is_and_of_a_site_that_must_not_change_its_state():
    control, moved = dict(other("control", {}), id="c", host="c.example"), dict(other("negative", {}), id="n", host="n.example", verdict="fail")
    rows = verdicts.table({"a": {"checks": [check(seen(ip_version=6)), control, moved]}, "b": {"checks": []}}).splitlines()
    assert [row.split()[:5] for row in rows[1:]] == [["a", "n.example", "negative", "FAIL", "open,"], ["a", "c.example", "control", "open", "open,"],
                                                     ["a", "chatgpt.com", "https", "v6", "ok"]]
    assert verdicts.table({"a": {"checks": [control]}, "b": {"checks": [control]}}, brief=True) == "all 2 checks are as expected\n"
    assert verdicts.table({"a": {}}, {"a": None}).split() == ["FROM", "HOST", "KIND", "BEFORE", ">", "NOW", "WHY"]


def test_what_inspection_breaks_is_broken_even_when_the_policy_wants_it_inspected():
    def apple(exempt=False):
        return probe(features=["ios_attest"], level="optional", exempt=exempt, expect={"own_certificate": True}, kind="tls")
    found = check(seen(http=None, **INTERCEPTED), apple())
    assert (found["verdict"], found["failure"], found["flags"]) == ("fail", "ssl_intercepted", ["decrypted", "by_choice"])
    assert "exempt_level" in isolation.remedy(isolation.sub_verdict(found), None)
    fine = check(seen())
    summary = summarise([found, fine])
    # It is said for its feature; the host does what the policy says.
    assert (summary["verdict"], summary["features"], summary["exemption"]) == ("pass", {"chat": "pass", "ios_attest": "fail"}, "untested")
    assert summary["macos_app"]["verdict"] == "likely"
    assert summary["message"] == "1 wanted check passes. Broken because the policy leaves it under inspection: ios_attest (exempt_level core exempts it)"
    table = verdicts.table({"branch1": {"checks": [found, fine]}})
    assert "FAIL" not in table and "by policy" in table and "Broken because the policy leaves it under" not in summarise([fine])["message"]
    assert check(seen(http=None, **INTERCEPTED), apple(exempt=True))["flags"] == ["decrypted"]
    assert check(seen(http=None), apple())["verdict"] == "pass"
