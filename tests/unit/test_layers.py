# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which layer a probe ended and who ended it, by observations alone."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, isolation, layers, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from tests.unit.test_classify import FRESH, TABLE, TODAY, http as http_seen, probe as wanted, seen, tls as tls_seen


@pytest.mark.parametrize("offer,flags", [({"alt-svc": 'h3=":443"; ma=86400'}, ["h3_offered"]), ({"alt-svc": 'h2=":443", h3-29=":443"'}, ["h3_offered"]),
                                         ({"alt-svc": "clear"}, []), ({"alt-svc": 'h2="h3.example:443"'}, []), ({}, [])])
def test_who_offers_http3(offer, flags):
    assert judged(seen(http=http_seen(headers=offer)))["flags"] == flags
    record = {"alpn": ["h2", "h3"] if flags else ["h2"], "ech": False}
    assert judged(seen(kind="dns", tls=None, http=None, application=record), kind="dns")["flags"] == flags


def test_a_nat_that_makes_a_new_mapping_for_each_server():
    said = {"address": "x", "failure": None, "mapped": "192.0.2.1:4000", "mapped_second": "192.0.2.1:4001"}
    check, = classify.classify([wanted(kind="stun")], [seen(kind="stun", tls=None, http=None, stun=said)], FRESH, TABLE, TODAY)
    assert check["verdict"] == "pass" and check["flags"] == ["symmetric_nat"] and "relay" in check["message"]


def row(size, **more) -> dict:
    return dict({"bytes": size, "sent": size, "status": 404, "headers": {}, "body": "", "intact": None, "failure": None}, **more)


@pytest.mark.parametrize("rows,genuine,verdict,failure,flags", [
    ([row(1), row(1000)], True, "pass", None, []),
    ([row(1, failure="connection_reset", status=None)], True, "fail", "connection_reset", []),
    ([row(1), row(1000, failure="connection_reset", status=None)], True, "unverified", "upload_truncated", ["cut_at_1000_bytes"]),
    ([row(1, intact=True), row(1000, failure="connection_reset", status=None)], True, "fail", "upload_truncated", ["cut_at_1000_bytes"]),
    ([row(1), row(1000, failure="connection_reset", status=None)], False, "fail", "upload_truncated", ["cut_at_1000_bytes"]),
    ([row(1), row(1000, status=413)], True, "pass", None, ["upload_refused_by_origin"]),
    ([row(1), row(1000, status=413)], False, "fail", "upload_truncated", ["cut_at_1000_bytes"]),
    ([row(1, intact=True), row(1000, intact=False)], True, "fail", "upload_truncated", ["upload_changed"]),
    ([row(1, status=403, headers={"x-squid-error": "ERR_ACCESS_DENIED 0"})], False, "fail", "http_block_page", ["blocked"]),
    ([row(1, intact=True), row(1000, status=413, headers={"x-squid-error": "ERR_TOO_BIG 0"})], False, "fail", "proxy_limit", ["proxy_limit"]),
])
def test_uploads(rows, genuine, verdict, failure, flags):
    # Not exempt, and decrypted by a CA that this host trusts: then an answer may be anybody's.
    inspected = {} if genuine else {"tls": tls_seen("ssl_unknown_authority", {"cn": "X", "o": "Y"}, False), "system": tls_seen(None, None, False)}
    check, = classify.classify([wanted(kind="upload", exempt=False)], [seen(kind="upload", http=None, application=rows, **inspected)], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["failure"]) == (verdict, failure)
    assert set(flags) <= set(check["flags"])
    # What one vantage cannot prove does not count for the host.
    assert verdict != "unverified" or summarise([check, dict(check, verdict="pass", failure=None)])["verdict"] == "pass"


@pytest.mark.parametrize("arrivals,failure", [([0, 200, 400, 600], None), ([601, 601, 602, 602], "stream_buffered"), ([0, 200], "eof_error")])
def test_streams(arrivals, failure):
    answer = {"status": 200, "headers": {}, "body": "", "arrivals_ms": arrivals, "failure": None}
    asked = wanted(kind="stream", expect={"events": 4, "interval_ms": 200})
    check, = classify.classify([asked], [seen(kind="stream", http=None, application=answer)], FRESH, TABLE, TODAY)
    assert check["failure"] == failure and ("stream_cut" in check["flags"]) == (failure == "eof_error")
    assert failure is None or isolation.sub_verdict(check) in isolation.REMEDIES


@pytest.mark.parametrize("line,failure", [("sid; Secure; HttpOnly", None), ("sid; secure; path=/; httponly", None), ("sid; HttpOnly", "cookie_rewritten"),
                                          ("other", "cookie_stripped")])
def test_cookies(line, failure):
    check, = classify.classify([wanted(expect={"set_cookie": ["sid; Secure; HttpOnly"]})], [seen(http=http_seen(cookies=[line]))], FRESH, TABLE, TODAY)
    assert check["failure"] == failure


def test_a_redirect_to_another_site_by_somebody_on_the_way():
    asked = wanted(exempt=False, expect={"status": [200]})
    inspected = {"tls": tls_seen("ssl_unknown_authority", {"cn": "X", "o": "Y"}, False), "system": tls_seen(None, None, False)}
    for target, failure in (("https://login.corp.example/?u=1", "http_unexpected_redirect_url"), ("/here", "http_content_type_mismatch"),
                            ("https://www.chatgpt.com/", "http_content_type_mismatch")):
        check, = classify.classify([asked], [seen(http=http_seen(302, {"location": target}), **inspected)], FRESH, TABLE, TODAY)
        assert check["failure"] == failure
    genuine, = classify.classify([asked], [seen(http=http_seen(302, {"location": "https://login.corp.example/"}))], FRESH, TABLE, TODAY)
    assert genuine["verdict"] == "pass"


@pytest.mark.parametrize("word", ["gateway", "warp"])
def test_a_trace_that_tells_of_a_gateway_and_of_the_way_out(word):
    body = "h=chatgpt.com\nip=203.0.113.9\nwarp=off\ngateway=off\n".replace(word + "=off", word + "=on")
    check, = classify.classify([wanted()], [seen(path="/cdn-cgi/trace", http=http_seen(body=body))], FRESH, TABLE, TODAY)
    assert check["egress"] == "203.0.113.9" and "tenant_gateway" in check["flags"]
    assert isolation.contaminated({"checks": [check]}) is not None
    elsewhere, = classify.classify([wanted()], [seen(path="/other", http=http_seen(body=body))], FRESH, TABLE, TODAY)
    assert elsewhere["egress"] is None and elsewhere["flags"] == []


def test_attempts_that_differ_are_intermittent():
    cut = seen(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None, attempt=1)
    check, = classify.classify([wanted()], [seen(), cut, seen(attempt=2)], FRESH, TABLE, TODAY)
    assert check["verdict"] == "fail" and check["flags"] == ["intermittent"] and "2 of 3 attempts succeeded" in check["message"]
    steady, = classify.classify([wanted()], [cut, dict(cut, attempt=2)], FRESH, TABLE, TODAY)
    assert steady["flags"] == []


def inspected(issuer="X") -> dict:
    return {"tls": tls_seen("ssl_unknown_authority", {"cn": issuer, "o": "Y"}, False), "system": tls_seen(None, None, False)}


def judged(observation, **asked):
    return classify.classify([wanted(**asked)], [observation], FRESH, TABLE, TODAY)[0]


def test_a_name_that_leads_to_a_sinkhole_and_elsewhere_is_none():
    cut = dict(tls=None, http=None, tcp={"address": "x", "port": 443, "failure": "connection_refused"})
    for addresses, failure in ((["127.0.0.1"], "dns_bogon_error"), (["127.0.0.1", "192.0.2.1"], "connection_refused"), (["0.0.0.0", "::1"], "dns_bogon_error")):
        assert judged(seen(dns={"addresses": addresses, "failure": None}, **cut))["failure"] == failure
    here = {"addresses": ["127.0.0.1"], "failure": None}
    silent = dict(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None)
    assert judged(seen(dns=here, **silent))["failure"] == "dns_bogon_error" and judged(seen(dns=here))["verdict"] == "pass"
    assert judged(seen(dns=dict(here, pinned=True), **cut))["failure"] == "connection_refused"
    # An address of a filter counts beside others too.
    known = judged(seen(dns={"addresses": ["192.0.2.1", "146.112.61.106"], "failure": None}, **cut))
    assert (known["failure"], known["blocked_by"]["product"]) == ("dns_bogon_error", "Cisco Umbrella")
    assert judged(seen(dns=here, http=dict(http_seen(), failure="eof_error")))["failure"] == "eof_error"


@pytest.mark.parametrize("other,flags", [(None, ["sni_filtered"]), ("ssl_failed_handshake", ["sni_filtered"]), ("connection_reset", []), ("eof_error", [])])
def test_the_same_address_speaks_tls_with_another_name(other, flags):
    cut = dict(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None, other_name={"name": "example.com", "failure": other})
    assert judged(seen(**cut))["flags"] == flags


@pytest.mark.parametrize("other,flags", [(None, ["sni_filtered"]), ("ssl_failed_handshake", []), ("connection_reset", [])])
def test_an_alert_is_a_filter_of_names_when_another_name_gets_through(other, flags):
    alert = dict(tls=dict(tls_seen(), leaf=None, failure="ssl_failed_handshake"), http=None, other_name={"name": "example.com", "failure": other})
    assert judged(seen(**alert))["flags"] == flags


@pytest.mark.parametrize("other,flags", [(None, ["large_hello"]), ("ssl_failed_handshake", ["large_hello"]), ("generic_timeout_error", [])])
def test_a_handshake_of_usual_size_that_gets_through_blames_the_large_one(other, flags):
    found = {"name": "x", "failure": other}
    cut = judged(seen(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None, other_hello=found))
    assert cut["flags"] == flags and isolation.sub_verdict(cut) == ("large_hello_filter" if flags else "tls_cut")
    for key in ("other_hello", "other_name", "small_packets"):
        assert judged(seen(http=dict(http_seen(), failure="eof_error"), **{key: found}))["flags"] == []


@pytest.mark.parametrize("small,again,flags", [(None, "generic_timeout_error", ["small_packets_pass"]), ("generic_timeout_error", None, []),
                                               (None, None, ["intermittent"])])
def test_large_packets_are_blamed_only_when_they_fail_twice(small, again, flags):
    silent = dict(tls=dict(tls_seen(), leaf=None, failure="generic_timeout_error"), http=None, small_packets={"name": "x", "failure": small},
                  same_again={"name": "x", "failure": again})
    found = judged(seen(**silent))
    assert found["flags"] == flags and isolation.sub_verdict(found) == ("packet_size" if "small_packets_pass" in flags else "tls_cut")


@pytest.mark.parametrize("six,flags", [
    (dict(tcp={"address": "x", "port": 443, "failure": "generic_timeout_error"}, tls=None, http=None), ["ipv6_broken"]),
    (dict(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None), ["ipv6_broken"]),
    (dict(http=None, failure="generic_timeout_error"), ["ipv6_broken"]),
    (dict(tls=tls_seen("ssl_unknown_authority", {"cn": "X", "o": "Y"}, False)), ["decrypted"]),
    (dict(dns={"addresses": [], "failure": "dns_no_answer"}, tcp=None, tls=None, http=None), ["no_ipv6_address"])])
def test_ipv6_is_blamed_for_its_way_only_and_only_when_ipv4_gets_through(six, flags):
    four = seen()
    found = classify.classify([wanted()], [four, seen(ip_version=6, **six)], FRESH, TABLE, TODAY)[1]
    assert found["flags"] == flags and (isolation.sub_verdict(found) == "ipv6_broken") == ("ipv6_broken" in flags)
    broken = seen(tcp={"address": "x", "port": 443, "failure": "generic_timeout_error"}, tls=None, http=None)
    assert "ipv6_broken" not in classify.classify([wanted()], [broken, seen(ip_version=6, **six)], FRESH, TABLE, TODAY)[1]["flags"]


def test_a_product_whose_ca_is_seen_inspects_only_what_the_public_roots_do_not_vouch_for():
    zscaler = {"cn": "Zscaler Root CA", "o": "Zscaler Inc."}
    assert judged(seen(tls=tls_seen(None, zscaler)))["inspected_by"] is None
    assert judged(seen(**inspected()), exempt=False)["inspected_by"] is None


def test_the_macos_app_is_judged_by_hosts_that_are_required():
    optional = judged(seen(), level="optional")
    assert summarise([optional])["macos_app"]["verdict"] == "unknown"
    assert summarise([judged(seen())])["macos_app"]["verdict"] == "likely"


@pytest.mark.parametrize("kind,verdict", [("dns", "skipped"), ("http", "skipped"), ("quic", "skipped"), ("https", "pass")])
def test_what_is_the_business_of_a_proxy_is_skipped_behind_one(kind, verdict):
    empty = {} if kind == "https" else {"tls": None, "http": None, "tcp": None, "dns": None}
    assert judged(seen(kind=kind, via="proxy", proxy="http://p:1", **empty), kind=kind)["verdict"] == verdict


def test_another_resolver_matters_only_where_this_one_fails():
    second = {"addresses": ["192.0.2.9"], "failure": None}
    gone = seen(dns={"addresses": [], "failure": "dns_nxdomain_error"}, tcp=None, tls=None, http=None, second_dns=second)
    assert judged(gone)["flags"] == ["dns_differs"] and judged(seen(second_dns=second))["flags"] == []
    assert judged(dict(gone, second_dns=dict(second, addresses=[])))["flags"] == [] == judged(dict(gone, second_dns=None))["flags"]


PAGE = {"x-squid-error": "ERR_ACCESS_DENIED 0"}


def test_a_page_of_a_product_inside_tls_is_one_only_where_the_origin_cannot_have_written_it():
    stream = {"status": 403, "headers": PAGE, "body": "", "arrivals_ms": [], "failure": None}
    asked = dict(kind="stream", exempt=False, expect={"events": 1})
    assert judged(seen(kind="stream", http=None, application=stream, **inspected()), **asked)["blocked_by"]["product"] == "Squid"
    assert judged(seen(kind="stream", http=None, application=stream), **asked)["failure"] == "refused_before"
    assert judged(seen(kind="upload", http=None, application=[row(1, status=403, headers=PAGE)]), kind="upload")["verdict"] == "pass"


def test_an_echo_that_is_none():
    strange = dict(http_seen(body="<html>"), echoed=None)
    assert judged(seen(kind="echo", http=strange), kind="echo")["verdict"] == "unverified"
    assert judged(seen(kind="echo", http=strange, **inspected()), kind="echo", exempt=False)["verdict"] == "fail"


def test_a_portal_is_an_answer():
    silent = seen(kind="http", tls=None, http=dict(http_seen(None), failure="generic_timeout_error"))
    assert judged(silent, kind="http", role="control", exempt=False, expect={"body": "Success"})["flags"] == []


def test_signatures_are_not_needed_to_know_a_portal():
    asked = dict(wanted(kind="http", role="control", exempt=False), expect={"status": [200], "body": "Success"})
    for answer, flags in ((http_seen(body="<BODY>Success</BODY>"), []), (http_seen(302, {"location": "http://10.0.0.1/"}), ["captive_portal"]),
                          (http_seen(511), ["captive_portal"]), (http_seen(body="Welcome"), ["captive_portal"])):
        check, = classify.classify([asked], [seen(kind="http", tls=None, http=answer)], FRESH, signatures.load(), TODAY)
        assert (check["verdict"], check["flags"]) == ("pass", flags)


def test_where_a_hosts_file_leads_is_told_and_no_filter_of_names():
    for addresses, layer in ((["127.0.0.1"], "host"), (["146.112.61.106"], "host"), (["192.0.2.1"], "tcp")):
        one = judged(seen(dns={"addresses": addresses, "failure": None, "hosts_file": True}, tls=None, http=None, tcp={"failure": "connection_refused"}))
        assert (one["verdict"], one["layer"], one["blocked_by"], isolation.sub_verdict(one)) == ("fail", layer, None, "hosts_file")
        assert "the hosts file overrides the name, so no resolver was queried" in one["message"] and "hosts_file" in one["flags"]


NO_TLS = dict(tls=None, http=None)
CUT = dict(tls=dict(tls_seen(), leaf=None, failure="connection_reset"), http=None)
REFUSED = dict(tcp={"address": "x", "port": 443, "failure": "connection_refused"}, **NO_TLS)
SQUID = {"x-squid-error": "ERR_ACCESS_DENIED 0"}
#: What was seen, what was asked for, and what that is: verdict, layer, failure, state, flags.
ROWS = {
    "no name": (dict(dns={"addresses": [], "failure": None}, tcp=None, **NO_TLS), {}, "fail dns dns_no_answer shut", []),
    "a name that another resolver knows, for another failure": (dict(REFUSED, second_dns={"addresses": ["192.0.2.9"]}), {},
                                                                "fail tcp connection_refused shut", []),
    "a proxy by address": (dict(via="proxy", proxy="http://p:1", dns=None, **REFUSED), {}, "fail proxy proxy_connection_refused shut", []),
    "a tunnel that opens": (dict(via="proxy", proxy="http://p:1", dns=None, connect={"status": 200, "headers": {}, "body": "", "failure": None}), {},
                            "pass - - open", []),
    "cut in the handshake": (CUT, {}, "fail tls connection_reset shut", []),
    "cut in the handshake through a proxy": (dict(via="proxy", proxy="http://p:1", dns=None, **CUT), {}, "fail tls connection_reset shut", []),
    "silence after the connection": (dict(http=None, tls=None, failure="generic_timeout_error"), {}, "error tls generic_timeout_error shut", []),
    "silence before a connection": (dict(http=None, tls=None, tcp=None, failure="generic_timeout_error"), {}, "error tcp generic_timeout_error shut", []),
    "silence after the handshake": (dict(http=None, failure="generic_timeout_error"), {}, "error http generic_timeout_error shut", []),
    "an answer that ends too early": (dict(http=http_seen(None, failure="eof_error")), {}, "fail http eof_error shut", []),
    "UDP that is silent": (dict(kind="stun", stun={"failure": "generic_timeout_error"}, **NO_TLS), {"kind": "stun"},
                           "unverified application udp_no_reply shut", ["unproven"]),
    "UDP that is refused": (dict(kind="stun", stun={"failure": "connection_refused"}, **NO_TLS), {"kind": "stun"},
                            "fail application connection_refused shut", []),
    "UDP that is answered": (dict(kind="stun", stun={"failure": None, "mapped": None}, **NO_TLS), {"kind": "stun"}, "pass - - open", []),
    "a failure that one host alone cannot prove": (REFUSED, {"options": {"unproven": True}}, "unverified tcp connection_refused shut", ["unproven"]),
    "a deadline that one host alone cannot prove": (dict(http=None, failure="generic_timeout_error"), {"options": {"unproven": True}},
                                                    "unverified http generic_timeout_error shut", ["unproven"]),
    "what passes needs no proof by others": ({}, {"options": {"unproven": True}}, "pass - - open", []),
    # Who wrote a page.
    "a page of a product": (dict(http=http_seen(403, SQUID), **inspected()), {"exempt": False}, "fail http http_block_page shut", ["blocked"]),
    "a product that could not": (dict(http=http_seen(503, {"x-squid-error": "ERR_DNS_FAIL 0"}), **inspected()), {"exempt": False},
                                 "fail proxy proxy_dns_failed shut", []),
    "a page that scans": (dict(http=http_seen(200, {}, "/mwg-internal/a/progress?id=1"), **inspected()), {"exempt": False},
                          "fail http progress_page shut", ["progress_page"]),
    "words of a product in the origin's own page": (dict(http=http_seen(403, {}, "Powered By FortiGuard")), {}, "pass - - open", []),
    "a hint at a product under the origin's own certificate": (dict(http=http_seen(403, {"server": "Netskope"})), {}, "pass - - open", []),
    "words of a scan in the origin's own page": (dict(http=http_seen(200, {}, "/mwg-internal/a/progress?id=1")), {}, "pass - - open", []),
    "words of a product in a page with the origin's mark": (dict(http=http_seen(200, {"cf-ray": "1"}, "Powered By FortiGuard"), **inspected()),
                                                            {"exempt": False}, "pass - - open", ["decrypted"]),
    "words of a product in a refusal with the origin's mark": (dict(http=http_seen(403, {"cf-ray": "1"}, "Powered By FortiGuard"), **inspected()),
                                                               {"exempt": False}, "fail http http_block_page shut", ["blocked"]),
    "words of a scan in a page with the origin's mark": (dict(http=http_seen(200, {"cf-ray": "1"}, "/mwg-internal/a/progress?id=1"), **inspected()),
                                                         {"exempt": False}, "pass - - open", ["decrypted"]),
    "a hint at a product with the origin's mark": (dict(http=http_seen(403, {"cf-ray": "1"}, "NS_ACTIVITY"), **inspected()), {"exempt": False},
                                                   "pass - - open", ["decrypted"]),
    "words of a product where the SCTs are elsewhere": (dict(tls=tls_seen(sct=False), http=http_seen(403, {}, "Powered By FortiGuard")), {}, "pass - - open",
                                                        []),
    "a WebSocket that the origin refuses, with SCTs elsewhere": (dict(kind="websocket", tls=tls_seen(sct=False), http=http_seen(403, accepted=False)),
                                                                 {"kind": "websocket"}, "pass - - open", ["websocket_refused_by_origin"]),
    "text that was not asked for, with SCTs elsewhere": (dict(tls=tls_seen(sct=False), http=http_seen(200, {}, "x")), {"expect": {"body": "y"}},
                                                         "pass - - open", ["unexpected_body"]),
    "a page of a debugging proxy, where the origin may say so": (dict(http=http_seen(502, {"server": "mitmproxy"}), **inspected()), {"exempt": False},
                                                                 "fail proxy proxy_cannot_connect shut", []),
    # What was asked for.
    "a challenge under inspection": (dict(http=http_seen(403, {"cf-mitigated": "challenge", "cf-ray": "1"}), **inspected()),
                                     {"exempt": False, "expect": {"status": [200]}}, "pass - - open", ["challenged", "decrypted"]),
    "a certificate of another name": (dict(tls=dict(tls_seen("ssl_invalid_hostname")), http=None), {"kind": "tls"}, "fail tls ssl_invalid_hostname shut", []),
    "a trusted CA where nobody minds": (dict(http=None, kind="tls", **inspected()), {"kind": "tls", "exempt": False}, "pass - - open", ["decrypted"]),
    "a CA that is not trusted": (dict(tls=inspected()["tls"], system=inspected()["tls"]), {"exempt": False}, "fail tls ssl_unknown_authority open",
                                 ["decrypted"]),
    "a CA whose time is over": (dict(tls=inspected()["tls"], system={"failure": "ssl_invalid_certificate"}), {"exempt": False},
                                "fail tls ssl_invalid_certificate open", ["decrypted", "out_of_date"]),
    "own certificates broken by choice": (dict(http=None, kind="tls", **inspected()), {"kind": "tls", "exempt": False, "expect": {"own_certificate": True}},
                                          "fail tls ssl_intercepted open", ["decrypted", "by_choice"]),
    "own certificates that are theirs": (dict(http=None, kind="tls"), {"kind": "tls", "exempt": False, "expect": {"own_certificate": True}}, "pass - - open",
                                         []),
    "a public root that is too new": (dict(tls=tls_seen("ssl_unknown_authority"), system=tls_seen()), {"exempt": True}, "unverified - - open",
                                      ["exemption_unproven"]),
    "a public root that is too new, and nobody minds": (dict(tls=tls_seen("ssl_unknown_authority"), system=tls_seen(), http=http_seen(200, {"cf-ray": "1"})),
                                                        {"exempt": False}, "pass - - open", []),
    "an expected no": (dict(http=http_seen(401, {"cf-ray": "1"}), **inspected()), {"exempt": False, "expect": {"status": [401]}}, "pass - - open",
                       ["decrypted"]),
    "an unexpected no without a mark": (dict(http=http_seen(401), **inspected()), {"exempt": False}, "fail proxy gateway_sign_in shut", ["decrypted"]),
    "a status of the origin that was not asked for": (dict(http=http_seen(404)), {"expect": {"status": [200]}}, "pass - - open", ["unexpected_status"]),
    "a status under inspection that was not asked for": (dict(http=http_seen(404, {"cf-ray": "1"}), **inspected()),
                                                         {"exempt": False, "expect": {"status": [200]}},
                                                         "fail application http_content_type_mismatch shut", ["decrypted", "unexpected_status"]),
    "text that was not asked for": (dict(http=http_seen(200, {}, "x")), {"expect": {"body": "y"}}, "pass - - open", ["unexpected_body"]),
    "text that was asked for": (dict(http=http_seen(200, {}, "xyz")), {"expect": {"body": "y"}}, "pass - - open", []),
    "a type that was not asked for": (dict(http=http_seen(200, {"content-type": "text/plain"})), {"expect": {"content_type": "application/json"}},
                                      "pass - - open", ["unexpected_content_type"]),
    "a type in capitals": (dict(http=http_seen(200, {"content-type": "Application/JSON; x"})), {"expect": {"content_type": "application/json"}},
                           "pass - - open", []),
    "data that was asked for": (dict(http=http_seen(200, {}, '{"a": 1, "b": 2}')), {"expect": {"json": {"a": 1}}}, "pass - - open", []),
    "data with another value": (dict(http=http_seen(200, {}, '{"a": 2}')), {"expect": {"json": {"a": 1}}}, "pass - - open", ["unexpected_json"]),
    "no data": (dict(http=http_seen(200, {}, "<html>")), {"expect": {"json": {}}}, "pass - - open", ["unexpected_json"]),
    "a list": (dict(http=http_seen(200, {}, "[]")), {"expect": {"json": {}}}, "pass - - open", ["unexpected_json"]),
    # Cookies.
    "a cookie that is gone": (dict(http=http_seen(200, {"cf-ray": "1"}), **inspected()), {"exempt": False, "expect": {"set_cookie": ["sid"]}},
                              "fail application cookie_stripped open", ["decrypted", "cookie_stripped"]),
    "a cookie that is gone where decryption is the fault": (inspected(), {"expect": {"set_cookie": ["sid"]}}, "fail tls ssl_intercepted open",
                                                            ["decrypted", "cookie_stripped"]),
    "no cookies with a no": (dict(http=http_seen(404)), {"expect": {"set_cookie": ["sid"]}}, "pass - - open", []),
    "cookies up to a no": (dict(http=http_seen(399)), {"expect": {"set_cookie": ["sid"]}}, "fail application cookie_stripped open", ["cookie_stripped"]),
    "no cookies of a WebSocket": (dict(kind="websocket", http=http_seen(101, accepted=True)), {"kind": "websocket", "expect": {"set_cookie": ["sid"]}},
                                  "pass - - open", ["handshake_only"]),
    # WebSockets.
    "a WebSocket that the origin refuses": (dict(kind="websocket", http=http_seen(403, accepted=False)), {"kind": "websocket"}, "pass - - open",
                                            ["websocket_refused_by_origin"]),
    "a WebSocket that is taken out": (dict(kind="websocket", http=http_seen(200, {"cf-ray": "1"}, accepted=False), **inspected()),
                                      {"kind": "websocket", "exempt": False}, "fail application websocket_upgrade_refused open",
                                      ["decrypted", "websocket_stripped"]),
    "a WebSocket that is taken out where decryption is the fault": (dict(kind="websocket", http=http_seen(200, {"cf-ray": "1"}, accepted=False), **inspected()),
                                                                    {"kind": "websocket"}, "fail tls ssl_intercepted open",
                                                                    ["decrypted", "websocket_stripped"]),
    "a canary's WebSocket whose upgrade is gone": (
        dict(kind="websocket", http=http_seen(404, {"x-netaccess-canary": "1"}, accepted=False), **inspected()),
        {"kind": "websocket", "exempt": False, "entry": None, "id": "canary_websocket", "options": {"canary": True}},
        "fail application websocket_upgrade_refused open", ["decrypted", "websocket_stripped"]),
    # Redirects under inspection.
    "to another site": (dict(http=http_seen(302, {"location": "https://portal.example/x"}), **inspected()), {"exempt": False},
                        "fail http http_unexpected_redirect_url shut", ["decrypted"]),
    "to another name of the site": (dict(http=http_seen(302, {"location": "https://www.chatgpt.com/x"}), **inspected()), {"exempt": False},
                                    "unverified - - open", ["decrypted", "origin_unproven"]),
    "to another site by an answer that is no redirect": (dict(http=http_seen(200, {"location": "https://portal.example/x"}), **inspected()), {"exempt": False},
                                                         "unverified - - open", ["decrypted", "origin_unproven"]),
    "a page of somebody": (dict(http=http_seen(404, {}, "<html>no"), **inspected()), {"exempt": False}, "fail http http_block_page shut",
                           ["decrypted", "blocked"]),
    "text of somebody": (dict(http=http_seen(404, {}, "no"), **inspected()), {"exempt": False}, "unverified - - open", ["decrypted", "origin_unproven"]),
    "a good page of somebody": (dict(http=http_seen(200, {}, "<html>"), **inspected()), {"exempt": False}, "unverified - - open",
                                ["decrypted", "origin_unproven"]),
    "where no mark is known": (dict(http=http_seen(404, {}, "<html>no"), **inspected()), {"exempt": False, "entry": "stripe_js"}, "unverified - - open",
                               ["decrypted", "origin_unproven", "unproven"]),
    "a portal inside TLS": (dict(http=http_seen(511, {"cf-ray": ""}), **inspected()), {"exempt": False, "entry": "stripe_js"},
                            "fail http network_authentication_required shut", ["decrypted"]),
    "decrypted and a portal": (dict(http=http_seen(511), **inspected()), {}, "fail tls ssl_intercepted open", ["decrypted", "blocked"]),
    "decrypted and a redirect": (dict(http=http_seen(302, {"location": "https://portal.example/"}), **inspected()), {}, "fail tls ssl_intercepted open",
                                 ["decrypted", "blocked"]),
    "decrypted and a page": (dict(http=http_seen(403, {}, "<html>"), **inspected()), {}, "fail tls ssl_intercepted open", ["decrypted", "blocked"]),
    "decrypted and text": (dict(http=http_seen(403, {}, "no"), **inspected()), {}, "fail tls ssl_intercepted open", ["decrypted"]),
    "decrypted and a good page": (dict(http=http_seen(200, {}, "<html>"), **inspected()), {}, "fail tls ssl_intercepted open", ["decrypted"]),
    "decrypted and a page where no mark is known": (dict(http=http_seen(403, {}, "<html>"), **inspected()), {"entry": "stripe_js"},
                                                    "fail tls ssl_intercepted open", ["decrypted"]),
    "decrypted and the origin's page": (dict(http=http_seen(403, {"cf-ray": "1"}, "<html>"), **inspected()), {}, "fail tls ssl_intercepted open",
                                        ["decrypted"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_where_a_probe_ends(name):
    observation, asked, words, flags = ROWS[name]
    found = judged(seen(**dict({"id": asked.get("id", "x")}, **observation)), **asked)
    assert " ".join(str(found[key] or "-") for key in ("verdict", "layer", "failure", "state")) == words
    assert sorted(found["flags"]) == sorted(flags)


@pytest.mark.parametrize("status,headers,body,text", [
    (200, {"content-type": "Text/HTML; charset=x"}, "", "200 text/html"), (302, {"location": "https://a.example/x?y"}, "", "302 a.example"),
    (204, {}, "", "204"),
    (None, {}, "", None)])
def test_an_answer_in_few_words(status, headers, body, text):
    assert layers.answered(http_seen(status, headers, body)) == text and layers.answered(None) is None


@pytest.mark.parametrize("status,headers,body,product", [
    (403, SQUID, "", ("Squid", "CONNECT", 403, "high")), (403, {}, "", ("unknown", "CONNECT", 403, "low")), (302, {}, "", ("unknown", "CONNECT", 302, "low")),
    (503, {"x-squid-error": "ERR_CONNECT_FAIL 0"}, "", None), (401, {}, "", ("unknown", "CONNECT", 401, "low")),
    (404, {}, "", ("unknown", "CONNECT", 404, "low"))])
def test_who_denies_a_tunnel(status, headers, body, product):
    connect = {"status": status, "headers": headers, "body": body, "failure": None}
    found = judged(seen(via="proxy", proxy="http://p:1", dns=None, connect=connect, **NO_TLS))
    blocked = found["blocked_by"]
    assert (blocked and tuple(blocked[key] for key in ("product", "where", "status", "confidence"))) == product
    assert (found["written_by"] is None) is (product is not None) and (found["state"] == "shut")


def test_a_page_of_an_upload_names_its_product_and_one_that_could_not_is_no_block():
    rows = [row(1, status=403, headers=SQUID)]
    denied = judged(seen(kind="upload", http=None, application=rows, **inspected()), kind="upload", exempt=False)
    assert (denied["blocked_by"]["product"], denied["written_by"], denied["state"]) == ("Squid", None, "shut")
    large = judged(seen(kind="upload", http=None, application=[row(1, status=413, headers={"x-squid-error": "ERR_TOO_BIG 0"})], **inspected()),
                   kind="upload", exempt=False)
    assert (large["blocked_by"], large["written_by"]) == (None, "Squid")
    scans = judged(seen(kind="upload", http=None, application=[row(1, body="/mwg-internal/a/progress?id=1")], **inspected()), kind="upload", exempt=False)
    assert (scans["blocked_by"]["product"], scans["written_by"]) == ("Skyhigh Web Gateway", None)
    cut = judged(seen(kind="upload", http=None, application=[row(1, intact=True), row(9, failure="eof_error", status=None)]), kind="upload")
    assert (cut["verdict"], cut["state"], cut["blocked_by"]) == ("fail", "open", None)


@pytest.mark.parametrize("observation,asked,text", [
    ({}, {}, "open, with the origin's own certificate"), (dict(tls=tls_seen(sct=False)), {}, "open"),
    (CUT, {}, "TLS: the connection was reset"), (dict(via="proxy", proxy="http://p:1", dns=None, **REFUSED), {}, "proxy: the connection was refused"),
    (dict(REFUSED, dns={"addresses": ["127.0.0.1"], "failure": None}), {}, "its name resolves to 127.0.0.1, which is not an origin address"),
    (dict(REFUSED, dns={"addresses": ["146.112.61.106"], "failure": None}), {},
     "its name resolves to 146.112.61.106, which is not an origin address: a block of Cisco Umbrella"),
    (dict(http=http_seen(200, {}, "/mwg-internal/a/progress?id=1"), **inspected()), {"exempt": False},
     "Skyhigh Web Gateway answers with its own page while it scans; programs that expect data get that page; decrypted by 'X'"),
    (dict(http=http_seen(403, SQUID), **inspected()), {}, "blocked by Squid (status 403, inside TLS); decrypted by 'X'"),
    (dict(http=http_seen(503, {"x-squid-error": "ERR_DNS_FAIL 0"}), **inspected()), {},
     "Squid: the proxy could not resolve the name, and no policy blocked it; decrypted by 'X'"),
    (dict(http=http_seen(200, {"cf-ray": "1"}), **inspected()), {"exempt": False, "expect": {"set_cookie": ["sid"]}},
     "reachable, but its cookies are removed on the path; decrypted by 'X'"),
    (dict(kind="websocket", http=http_seen(200, {"cf-ray": "1"}, accepted=False), **inspected()), {"kind": "websocket", "exempt": False},
     "reachable, but the WebSocket upgrade is removed on the path; decrypted by 'X'"),
    (inspected(), {}, "decrypted by 'X'"), (inspected(None), {}, "decrypted by 'Y'"),
    (dict(tls=inspected()["tls"], system=inspected()["tls"]), {"exempt": False},
     "TLS: its certificate is signed by an untrusted CA; decrypted by 'X', which this host does not trust"),
    (dict(http=None, kind="tls", tls=None, tcp={"failure": None}), {"kind": "tls"}, "the probe has no result"),
    (dict(kind="echo", http=http_seen(200, arrived={"cookie": "absent"}, echoed=[])), {"kind": "echo"},
     "reachable, but its cookies are removed on the path; of the request headers, cookie is absent")])
def test_what_a_check_says(observation, asked, text):
    assert judged(seen(**observation), **asked)["message"].partition(": ")[2].startswith(text)


def test_what_a_check_keeps_of_an_observation():
    dns = {"addresses": ["192.0.2.%d" % number for number in range(1, 7)], "failure": None, "resolvers": ["192.0.2.53"]}
    kept, bare = judged(seen(dns=dns)), judged(seen(dns=None, via="proxy", proxy="http://p:1"))
    assert (kept["resolvers"], kept["addresses"]) == (["192.0.2.53"], dns["addresses"][:4]) and (bare["resolvers"], bare["addresses"]) == ([], [])
    assert "burst" not in judged(seen(again="connection_reset", http=http_seen(None, failure="eof_error")))["flags"]
    for kind, versions, flags in (("quic", ["1"], ["quic_beside_proxy"]), ("quic", [], []), ("dns", ["1"], [])):
        beside = judged(seen(kind=kind, via="proxy", proxy="http://p:1", application={"versions": versions}, **NO_TLS), kind=kind)
        assert (beside["flags"], "bypasses" in beside["message"]) == (flags, bool(flags))
