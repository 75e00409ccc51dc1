# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The isolation table, row by row, and what a diagnosis says of hosts, peers, a control vantage and the service."""
from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.isolation import BAD, OK, UNKNOWN

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("number,facts,scope", [
    (1, "bad most bad", "service_wide"), (1, "bad one unknown", "service_wide"), (2, "bad most ok", "network"), (3, "ok none ok", "none"),
    (3, "unknown none bad", "none"), (4, "ok one ok", "host_local"), (4, "unknown one unknown", "host_local"), (4, "bad one ok", "host_local"),
    (5, "ok most ok", "network"), (5, "unknown most ok", "network"), (6, "ok most unknown", "network_suspected"), (7, "ok most bad", "service_or_path"),
    (8, "unknown most bad", "service_wide_suspected"), (9, "ok alone ok", "network_or_host"), (9, "bad alone ok", "network_or_host"),
    (10, "ok alone unknown", "inconclusive"), (10, "ok unknown ok", "inconclusive"), (11, "ok some ok", "segment_or_policy_group"),
    (11, "unknown some unknown", "segment_or_policy_group"), (12, "ok one bad", "host_local"), (7, "ok alone bad", "service_or_path"),
])
def test_each_row_by_its_numbers(number, facts, scope):
    found = isolation.row(mixed=False, named=False, refused=False, **dict(zip("SNC", facts.split())))
    assert (found["row"], found["scope"]) == (number, scope)


def test_what_changes_over_time_is_intermittent_unless_the_service_says_why():
    assert isolation.row(S=OK, N="one", C=OK, mixed=True, named=False, refused=False)["row"] == 13
    assert isolation.row(S=BAD, N="one", C=BAD, mixed=True, named=False, refused=False)["row"] == 1


@pytest.mark.parametrize("bad,said,word", [(0, 0, UNKNOWN), (0, 5, "none"), (1, 1, "alone"), (1, 2, "alone"), (2, 2, "alone"), (1, 3, "one"), (1, 100, "one"),
                                           (2, 3, "some"), (5, 10, "some"), (7, 10, "some"), (3, 4, "most"), (8, 10, "most"), (3, 3, "most"), (10, 10, "most")])
def test_how_many_of_how_many(bad, said, word):
    assert isolation.many(bad, said) == word


def world(bad, fine, control, word, named, mixed):
    """What diagnose says of a world in which ``bad`` hosts fail and ``fine`` do not."""
    failing = result(check(product="Squid" if named else None, flags=["intermittent"] if mixed else []))
    hosts = {"bad%d" % number: failing for number in range(bad)}
    hosts.update({"fine%d" % number: FINE for number in range(fine)})
    outside = {None: {}, "ok": {"out": FINE}, "bad": {"out": result(check(product=None))}}[control]
    return isolation.diagnose(hosts or {"gone": None}, outside, {"state": word, "features": {"chat": word}})["features"]


WORLDS = list(itertools.product((0, 1, 2, 3, 5), (0, 1, 2, 3), (None, "ok", "bad"), ("operational", "degraded", "unknown"), (True, False), (True, False)))


def test_every_row_and_every_value_in_it_is_reached_through_a_diagnosis():
    reached, values = set(), {}
    for one in WORLDS:
        for chat in world(*one).values():
            reached.add(chat["row"])
            for name, value in chat["facts"].items():
                values.setdefault((chat["row"], name), set()).add(value)
    for others in ([], [FINE]):
        asked = isolation.diagnose({"refused%d" % number: one for number, one in enumerate([REFUSED, *others])})["features"]["chat"]
        reached.add(asked["row"])
        for name, value in asked["facts"].items():
            values.setdefault((asked["row"], name), set()).add(value)
    assert reached == {one["row"] for one in isolation.ROWS} == set(range(1, 15))
    missing = [(one["row"], name, value) for one in isolation.ROWS for name, allowed in one["when"].items() for value in allowed
               if value not in values[one["row"], name]]
    assert missing == []


def test_a_named_product_is_never_the_doing_of_the_service():
    """A page of Squid's stays one on a day on which the status page says degraded."""
    for one in WORLDS:
        bad, _fine, _control, _word, named, _mixed = one
        for chat in world(*one).values():
            assert not (bad and named and chat["scope"].startswith("service")), one
    found = world(3, 0, None, "outage", True, False)["chat"]
    assert (found["scope"], found["faults"][0]["product"]) == ("network_suspected", "Squid")
    assert world(3, 0, "bad", "outage", True, False)["chat"]["scope"] == "network_suspected"
    assert world(3, 0, None, "outage", False, False)["chat"]["scope"] == "service_wide"


def test_a_hint_at_a_product_names_nobody():
    """So the service may still be the one to blame, and the remedy is that of any product."""
    hint = result(check(blocked_by={"product": "Symantec Cloud SWG", "confidence": "low"}))
    found = isolation.diagnose(dict.fromkeys("abc", hint), None, {"state": "outage", "features": {"chat": "outage"}})["features"]["chat"]
    assert (found["scope"], found["faults"][0]["product"]) == ("service_wide", None) and "symantec" not in found["faults"][0]["remedy"]


def test_what_the_policy_leaves_under_inspection_is_no_fault_to_look_for():
    chosen = result(check(features=["ios_attest"], layer="tls", failure="ssl_intercepted", flags=["by_choice"], interception="intercepted_trusted"),
                    check(verdict="pass"))
    found = isolation.diagnose({"a": chosen, "b": chosen, "c": chosen}, {"out": FINE}, {"state": "outage", "features": {"ios_attest": "outage"}})
    one = found["features"]["ios_attest"]
    assert (one["scope"], one["confidence"]) == ("inspected_by_policy", "high") and "exempt_level=core" in one["next"]
    assert found["message"] == "inspected by policy: ios_attest" and found["features"]["chat"]["scope"] == "none"
    both = result(*chosen["checks"], check(features=["ios_attest"]))
    assert isolation.diagnose({"a": both, "b": both, "c": both}, {"out": FINE})["features"]["ios_attest"]["scope"] == "network_suspected"


def test_what_the_origin_refuses_is_asked_for_and_not_changed_on_the_network():
    found = isolation.diagnose({"a": REFUSED})
    one = found["features"]["chat"]
    assert (one["scope"], one["faults"][0]["verdict"]) == ("refused_by_origin", "origin_region")
    assert "in which country" in found["text"] and found["message"] == "refused by origin: chat"
    # A host where something on the network stands in the way says so first.
    both = isolation.diagnose({"a": REFUSED, "b": result(check())})["features"]["chat"]
    assert both["faults"][0]["product"] == "Squid" and both["scope"] != "refused_by_origin"


def test_an_answer_of_nobody_knows_whom_is_settled_by_the_same_answer_outside():
    def host(answer, **more):
        one = check(verdict="unverified", layer=None, failure=None, product=None, level="required", flags=["origin_unproven", "unproven"],
                    answer=answer)
        return dict(result(one), **more)
    outside = {"out": result(check(verdict="pass", level="required", answer="404 text/html"))}
    scope = {name: isolation.diagnose({"a": inside}, control)["features"]["chat"]["hosts"]["a"] for name, inside, control in (
        ("same", host("404 text/html"), outside), ("another", host("403 text/html"), outside), ("nobody outside", host("404 text/html"), {}),
        ("no path", host("404 text/html", path={"proven": False}), outside))}
    assert scope == {"same": OK, "another": UNKNOWN, "nobody outside": UNKNOWN, "no path": UNKNOWN}


def test_half_of_the_hosts_is_no_matter_of_one_host():
    for bad, fine in ((2, 2), (5, 5), (7, 3), (2, 8)):
        assert world(bad, fine, "ok", "operational", True, False)["chat"]["scope"] == "segment_or_policy_group"
    assert world(9, 1, "ok", "operational", True, False)["chat"]["scope"] == "network"
    assert world(1, 9, "ok", "operational", True, False)["chat"]["scope"] == "host_local"


def check(host="chatgpt.com", verdict="fail", layer="http", failure="http_block_page", product="Squid", features=("chat",), interception="not_intercepted",
          flags=(), **more):
    return dict({
        "id": host, "host": host, "role": "wanted", "features": list(features), "verdict": verdict, "layer": layer if verdict != "pass" else None,
        "failure": failure if verdict != "pass" else None, "flags": list(flags), "interception": interception,
        "issuer": {"cn": "Example Inspection CA", "o": None},
        "blocked_by": {"product": product} if product and verdict == "fail" else None, "message": "%s: seen" % host}, **more)


def result(*checks):
    features: dict = {}
    for one in checks:
        for feature in one["features"]:
            features[feature] = "fail" if "fail" in (one["verdict"], features.get(feature)) else one["verdict"]
    return {"checks": list(checks), "summary": {"features": features}}


REFUSED = result(check(verdict="origin", layer="origin", failure="origin_region", product=None))
BLOCKED, FINE = result(check()), result(check(verdict="pass"))


def test_a_block_for_all_hosts_that_is_not_there_outside_is_the_network_and_names_the_product():
    found = isolation.diagnose({"a": BLOCKED, "b": BLOCKED, "c": BLOCKED}, {"out": FINE}, {"state": "operational", "features": {"chat": "operational"}})
    chat = found["features"]["chat"]
    assert (chat["scope"], chat["row"], chat["confidence"]) == ("network", 5, "high")
    fault, = chat["faults"]
    assert (fault["verdict"], fault["product"], fault["seen_from"], fault["for"]) == ("block_page", "Squid", ["a", "b", "c"], ["chatgpt.com"])
    assert "squid_access.unblock" in fault["remedy"]
    assert found["message"] == "network: chat" and "NETWORK (high confidence): chat" in found["text"] and "do: run squid_access" in found["text"]


@pytest.mark.parametrize("hosts,control,status,scope", [
    ({"a": BLOCKED, "b": FINE, "c": FINE}, {"out": FINE}, "operational", "host_local"), ({"a": BLOCKED, "b": FINE, "c": FINE}, {}, "unknown", "host_local"),
    ({"a": BLOCKED, "b": BLOCKED}, {"out": FINE}, "operational", "network_or_host"), ({"a": BLOCKED}, {}, "unknown", "inconclusive"),
    ({"a": BLOCKED, "b": BLOCKED, "c": BLOCKED}, {}, "operational", "network_suspected"), ({"a": FINE, "b": FINE, "c": FINE}, {}, "outage", "service_wide"),
    ({"a": FINE, "b": FINE, "c": None}, {"out": FINE}, "operational", "none"),
    ({"a": BLOCKED, "b": BLOCKED, "c": FINE}, {}, "unknown", "segment_or_policy_group"),
])
def test_scopes_of_fleets(hosts, control, status, scope):
    assert isolation.diagnose(hosts, control, {"state": status, "features": {"chat": status}})["features"]["chat"]["scope"] == scope


def test_a_host_that_was_not_reached_counts_for_nothing():
    found = isolation.diagnose({"a": BLOCKED, "b": None, "c": {"unreachable": True}}, {"out": FINE})
    assert found["features"]["chat"]["scope"] == "network_or_host" and found["unreachable"] == ["b", "c"]
    assert "not reached, so their state is unknown: b, c" in found["text"]
    # A host that was reached says why it was not probed, as a baseline that is recorded does.
    found = isolation.diagnose({"a": BLOCKED, "b": None, "c": {"recorded": "failed", "msg": "Python was\nnot found"}}, {"out": {"failed": True, "msg": "no"}})
    assert found["silent"] == ["not reached, so their state is unknown: b", "c: not probed: Python was not found"] and found["control"] == {"out": "no"}
    assert set(found["silent"]) <= set(found["text"].splitlines()) and found["unreachable"] == ["b", "c"]
    assert isolation.diagnose({"b": None})["message"] == "no host has a result, so there is no diagnosis"
    assert isolation.diagnose({})["message"].endswith("no diagnosis: add probe hosts to the group netaccess_vantages, or check --limit")


@pytest.mark.parametrize("spoiled", [result(check(verdict="pass", flags=["tenant_gateway"])), result(check(verdict="pass", interception="intercepted_trusted")),
                                     BLOCKED])
def test_a_control_vantage_that_is_under_the_company_s_control_says_nothing(spoiled):
    found = isolation.diagnose({"a": BLOCKED, "b": BLOCKED, "c": BLOCKED}, {"out": spoiled})
    assert found["features"]["chat"]["scope"] == "network_suspected" and found["control"]["out"] == isolation.contaminated(spoiled)
    assert found["control"]["out"]


def agent(state):
    return {"host": {"agents": [{"name": "Example Agent", "state": state}]}, "checks": []}


@pytest.mark.parametrize("outside,why", [
    (FINE, None), (agent("running"), "Example Agent runs there"), (agent("installed"), None), ({"host": {"agents": None}}, None),
    (result(check(verdict="pass", interception="intercepted_untrusted")), "its connection to chatgpt.com is decrypted"),
    (result(check(verdict="pass", interception="intercepted_trusted", role="control")), None),
    (result(check(verdict="pass", flags=["tenant_gateway"])), "its trace reports an active gateway"),
    (BLOCKED, "Squid blocks chatgpt.com there as well"), (result(check(blocked_by={"product": "unknown"})), None), (result(check(blocked_by={})), None),
    (result(check(blocked_by={"product": None})), None)])
def test_why_a_vantage_outside_is_none(outside, why):
    assert isolation.contaminated(outside) == why


@pytest.mark.parametrize("changes,verdict", [
    (dict(layer="dns", failure="dns_bogon_error"), "dns_filter"), (dict(layer="dns", failure="dns_nxdomain_error"), "dns_failure"),
    (dict(layer="tcp", failure="generic_timeout_error"), "ip_port_filter"), (dict(layer="proxy", failure="proxy_connect_denied"), "proxy_policy"),
    (dict(layer="proxy", failure="proxy_auth_required"), "proxy_auth"), (dict(layer="proxy", failure="proxy_connection_refused"), "proxy_unreachable"),
    (dict(layer="tls", failure="ssl_intercepted"), "tls_inspection"), (dict(layer="tls", failure="connection_reset", flags=["sni_filtered"]), "sni_filter"),
    (dict(layer="tls", failure="connection_reset"), "tls_cut"), (dict(layer="tls", failure="ssl_invalid_certificate"), "invalid_certificate"),
    (dict(layer="http", failure="progress_page"), "content_scan"), (dict(layer="http", failure="eof_error"), "connection_cut"),
    (dict(layer="application", failure="cookie_stripped"), "cookie_interception"),
    (dict(layer="application", failure="websocket_upgrade_refused"), "websocket_filter"),
    (dict(layer="application", failure="http_content_type_mismatch"), "content_rewritten"), (dict(layer="application", failure="new_word"), "unknown"),
    (dict(layer="tls", failure="generic_timeout_error", flags=["small_packets_pass"]), "packet_size"),
    (dict(layer="tls", failure="connection_reset", flags=["large_hello"]), "large_hello_filter"),
    (dict(layer="tcp", failure="connection_reset", flags=["ipv6_broken"]), "ipv6_broken"),
    (dict(layer="tls", failure="ssl_unknown_authority", interception="invalid_certificate"), "invalid_certificate"),
    (dict(layer="tls", failure="connection_reset", interception=None), "tls_cut"),
    (dict(layer="http", failure="http_block_page", interception="invalid_certificate"), "block_page"),
])
def test_sub_verdicts(changes, verdict):
    assert isolation.sub_verdict(check(**changes)) == verdict and isolation.remedy(verdict, "a product without a word of its own")


UNTOLD = {"product": "unknown", "confidence": "high"}


@pytest.mark.parametrize("changes,who", [
    ({}, "Squid"), (dict(blocked_by=UNTOLD), None), (dict(blocked_by={"product": "Cyberoam", "confidence": "low"}), None),
    (dict(blocked_by=None), None), (dict(blocked_by=None, written_by="Squid"), "Squid"), (dict(blocked_by=UNTOLD, written_by="Squid"), "Squid"),
    (dict(blocked_by=None, interception="intercepted_trusted"), "the inspection CA 'Example Inspection CA'"),
    (dict(blocked_by=None, interception="intercepted_untrusted", inspected_by="Zscaler Internet Access"), "Zscaler Internet Access"),
    (dict(blocked_by=None, interception="intercepted_trusted", issuer={"cn": None, "o": "Example Company"}), "the inspection CA 'Example Company'"),
    (dict(blocked_by=None, interception="intercepted_trusted", issuer=None), "the inspection CA None"),
    (dict(blocked_by=None, interception="invalid_certificate", inspected_by="Zscaler Internet Access"), None)])
def test_who_did_it_is_named_only_where_something_shows_it(changes, who):
    assert isolation.culprit(check(**changes)) == who


def test_the_lowest_layer_comes_first_and_every_way_to_fail_is_said_once():
    both = result(check(host="ws.chatgpt.com", layer="application", failure="websocket_upgrade_refused", product=None),
                  check(host="chatgpt.com", layer="tcp", failure="connection_refused", product=None),
                  check(host="ab.chatgpt.com", layer="tcp", failure="connection_refused", product=None))
    faults = isolation.diagnose({"a": both})["features"]["chat"]["faults"]
    assert [(fault["verdict"], fault["for"]) for fault in faults] == [
        ("ip_port_filter", ["ab.chatgpt.com", "chatgpt.com"]), ("websocket_filter", ["ws.chatgpt.com"])]


def test_remedies_name_options_that_modules_have():
    named = set()
    for product in isolation.REMEDIES.values():
        for text in product.values():
            named |= set(re.findall(r"(\w+_access)\.(\w+)", text))
    assert len(named) > 5
    for module, option in named:
        text = (ROOT / "plugins" / "modules" / (module + ".py")).read_text()
        fragments = (ROOT / "plugins" / "doc_fragments" / "access.py").read_text()
        assert re.search(r"^  %s:" % option, text + fragments, re.M) or re.search(r"^\s+%s:" % option, fragments, re.M), (module, option)


def test_every_sub_verdict_that_can_come_has_a_remedy():
    by_flag = {"sni_filter", "large_hello_filter", "packet_size", "ipv6_broken", "inspected_by_choice", "unknown"}
    for word in set(isolation._BY_FAILURE.values()) | set(isolation._BY_LAYER.values()) | by_flag:
        assert word in isolation.REMEDIES
    assert all("any" in one for one in isolation.REMEDIES.values())


def test_what_the_macos_app_would_do_is_said_once_for_all_hosts_and_not_when_it_is_fine():
    def with_app(verdict):
        return dict(FINE, summary=dict(FINE["summary"], macos_app={"verdict": verdict, "reason": "because"}))
    found = isolation.diagnose({"a": with_app("unlikely"), "b": with_app("unlikely"), "c": with_app("likely")})
    assert found["text"].count("would the macOS app take this path, from a, b? unlikely: because") == 1 and found["macos_app"]["c"]["verdict"] == "likely"


def test_a_fault_that_breaks_several_features_is_said_once():
    broken = result(check(features=["chat", "login"]), check(host="files.oaiusercontent.com", features=["files"]))
    text = isolation.diagnose({"a": broken, "b": broken, "c": broken}, {"out": FINE})["text"]
    assert text.count("1. block page by Squid, for 2 hosts, seen from a, b, c") == 1 and "2. " not in text
    assert "breaks: chat, files, login" in text or ("breaks: chat" in text and "breaks: files, login" in text)


def test_a_host_that_says_nothing_of_a_feature_is_not_the_one_that_is_asked():
    quiet = result(check(features=["chat"], verdict="pass"))
    found = isolation.diagnose({"a laptop": quiet, "b": result(check(features=["files"], verdict="pass"))})
    assert (found["features"]["files"]["row"], found["features"]["files"]["scope"]) == (3, "none")


def diagnosed(*states, **more):
    fine, broken = result(check(verdict="pass")), result(check())
    return isolation.diagnose({"host%d" % number: fine if state == "ok" else broken for number, state in enumerate(states)}, **more)["features"]["chat"]


def test_what_decides_is_in_the_facts():
    found = diagnosed("bad", "ok", "ok", "bad")
    assert (found["facts"]["N"], found["bad"], found["of"]) == ("some", 2, 4) and found["facts"]["named"] is True


def test_what_is_beside_the_faults_is_in_the_text():
    noted = dict(result(check(), check(host="f.example", features=["files"], verdict="pass")), notes=[{"id": "tunnel", "text": "a tunnel"}])
    found = isolation.diagnose({"a": noted, "b": noted, "c": FINE}, {"out": FINE}, {"state": "operational"}, symptom="uploads fail")
    assert found["service"] == "operational" and found["notes"] == {"a": noted["notes"], "b": noted["notes"]}
    lines = found["text"].splitlines()
    assert {"note for a, b: a tunnel", "status page of the service: operational", "working: files", "control host out: usable"} <= set(lines)
    assert any(line.startswith("  1. block page by Squid, for 1 host, seen from a, b") for line in lines)
    assert found["text"].startswith(found["symptom"]["text"]) and [one["id"] for one in found["cases"]] == ["vpn"]
    fine = isolation.diagnose({"a": FINE})
    assert not any("working" in line or "note for" in line or "not reached" in line for line in fine["text"].splitlines()) and fine["symptom"] is None
    assert "no control host outside the company was probed" in fine["text"] and fine["service"] == "unknown"


def test_a_fault_of_a_feature_is_what_its_wanted_hosts_ran_into():
    slow = check(host="slow.example", verdict="error", layer="tcp", failure="generic_timeout_error", product=None)
    beside = [check(host="files.example", features=["files"]), check(host="example.com", role="control"), check(host="fine.example", verdict="pass"),
              check(host="hazy.example", verdict="unverified")]
    found = isolation.diagnose({"a": {"checks": [slow, *beside], "summary": {"features": {"chat": "error", "files": "fail"}}}})["features"]
    assert [(fault["verdict"], fault["for"], fault["product"]) for fault in found["chat"]["faults"]] == [("ip_port_filter", ["slow.example"], None)]
    assert found["chat"]["hosts"] == {"a": "bad"} and [fault["for"] for fault in found["files"]["faults"]] == [["files.example"]]


@pytest.mark.parametrize("outside,verdict", [("pass", "fail"), ("fail", "unverified"), ("unverified", "unverified")])
def test_silence_is_a_fault_once_a_vantage_outside_got_through(outside, verdict):
    silent, heard = result(check(verdict="unverified", flags=["unproven"], level="required")), {"out": result(check(verdict=outside)), "gone": None}
    assert isolation._settled({"a": silent, "b": None}, heard)["a"]["checks"][0]["verdict"] == verdict
    # A fault is one behind whatever path.
    elsewhere = dict(silent, path={"device": "fw1", "proven": False})
    assert isolation._settled({"a": elsewhere}, heard)["a"]["summary"]["features"] == {"chat": verdict}


@pytest.mark.parametrize("proven,verdict", [(True, "pass"), (False, "unverified")])
def test_what_passes_behind_a_path_that_nothing_proves_is_not_settled_from_outside(proven, verdict):
    """The same answer outside settles whose answer it is, and not which way it came."""
    hazy = check(verdict="unverified", flags=["origin_unproven", "unproven"], answer="200 text/html", level="required")
    inside = dict(result(hazy), path={"device": "fw1", "proven": proven})
    outside = {"out": result(check(verdict="pass", answer="200 text/html"))}
    assert isolation._settled({"a": inside}, outside)["a"]["summary"]["features"]["chat"] == verdict


@pytest.mark.parametrize("layer, hosts, confidence, said", [
    ("dns", [{"resolvers": ["192.0.2.53"]}] * 3, "medium", "share 192.0.2.53"), ("dns", [{}] * 3, "medium", "not known to use different ones"),
    ("dns", [{"resolvers": ["192.0.2.%d" % number]} for number in (1, 2, 3)], "high", None),
    ("dns", [{"resolvers": ["192.0.2.1"]}] * 2 + [{"resolvers": ["192.0.2.2"]}], "high", "share 192.0.2.1"),
    ("proxy", [{"proxy": "http://p:1"}] * 3, "medium", "share http://p:1"), ("tcp", [{"resolvers": ["192.0.2.53"], "proxy": None}] * 3, "high", None)])
def test_what_witnesses_share_is_said_and_makes_a_verdict_less_sure(layer, hosts, confidence, said):
    looks = {"h%d" % number: result(check(layer=layer, failure="x", product=None, **one)) for number, one in enumerate(hosts)}
    found = isolation.diagnose(looks, {"out": FINE})
    chat = found["features"]["chat"]
    assert (chat["scope"], chat["confidence"]) == ("network", confidence)
    assert (said in chat["basis"] and said in found["text"]) if said else chat["basis"] is None


def test_hosts_that_were_not_reached_make_a_diagnosis_less_sure():
    hosts = dict({"gone%d" % number: None for number in range(9)}, a=FINE)
    found = isolation.diagnose(hosts, {"out": None, "usual": FINE})
    assert found["features"]["chat"]["confidence"] == "low" and found["message"] == \
        "everything that was probed works, from 1 of 10 hosts; the others were not reached: chat"
    assert found["control"] == {"out": "not reached", "usual": "usable"}


@pytest.mark.parametrize("word,state", [("operational", OK), ("degraded", BAD), ("outage", BAD), ("maintenance", UNKNOWN), ("unknown", UNKNOWN)])
def test_what_the_service_says_of_a_feature(word, state):
    assert diagnosed("bad", status={"features": {"chat": word}, "state": word})["facts"]["S"] == state


def test_intermittent_is_what_comes_and_goes_everywhere():
    coming, steady = result(check(flags=["intermittent"])), result(check())
    assert isolation.diagnose({"a": coming, "b": steady})["features"]["chat"]["facts"]["mixed"] is False
    assert isolation.diagnose({"a": coming, "b": coming})["features"]["chat"]["facts"]["mixed"] is True


@pytest.mark.parametrize("one,verdict", [
    (dict(layer="host", failure="dns_bogon_error"), "hosts_file"), (dict(layer="tcp", failure="connection_refused"), "hosts_file"),
    (dict(layer="tls", failure="ssl_invalid_hostname", interception="invalid_certificate"), "hosts_file"),
    # There something answers that is no matter of the address.
    (dict(layer="tls", failure="ssl_intercepted", interception="intercepted_trusted"), "tls_inspection"),
    (dict(layer="http", failure="http_block_page"), "block_page")])
def test_where_a_hosts_file_leads_is_the_matter_of_the_host(one, verdict):
    found = check(product=None, flags=["hosts_file"], **one)
    assert isolation.sub_verdict(found) == verdict
    chat = isolation.diagnose({name: result(found) for name in "abc"}, {"out": FINE})["features"]["chat"]
    assert (chat["scope"], chat["basis"]) == ("host_local" if verdict == "hosts_file" else "network", None)
    assert (chat["next"] == isolation.REMEDIES["hosts_file"]["any"]) is (verdict == "hosts_file")


def test_a_hosts_file_on_one_host_and_a_fault_on_others_are_judged_as_ever():
    own = result(check(product=None, flags=["hosts_file"], layer="tcp", failure="connection_refused"))
    others = {name: result(check(product=None, layer="tcp", failure="connection_refused")) for name in "bcd"}
    chat = isolation.diagnose(dict(others, a=own), {"out": FINE})["features"]["chat"]
    assert (chat["scope"], [fault["verdict"] for fault in chat["faults"]]) == ("network", ["hosts_file", "ip_port_filter"])
