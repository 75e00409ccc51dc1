# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change did harm: what moved, who saw it, and what is merely still shut."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import proof
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import verdicts, witnesses


def look(verdict="pass", checks=(("chat", "pass", False),)) -> dict:
    return {"summary": {"verdict": verdict, "message": "it " + verdict},
            "checks": [{"id": name, "ip_version": 4, "host": name, "role": "wanted", "verdict": said, "flags": ["regressed"] * moved,
                        "message": name + ": seen", "failure": None} for name, said, moved in checks]}


FINE, SHUT = look(), look("fail", [("chat", "fail", False)])
HAZY = look("unverified", [("chat", "unverified", False)])
OPENED = look("fail", [("chat", "pass", False), ("claude.ai", "fail", True)])


@pytest.mark.parametrize("after,before,expect,verdict,harm", [
    ({"a": FINE, "b": FINE}, {}, {}, "pass", False), ({"a": SHUT, "b": SHUT}, {"a": SHUT, "b": SHUT}, {}, "fail", False),
    ({"a": OPENED, "b": OPENED}, {}, {}, "fail", True), ({"a": OPENED, "b": FINE}, {}, {}, "fail", False), ({"a": OPENED}, {}, {}, "fail", True),
    # Witnesses are those who answered, and those of one kind: a host outside the audience says nothing of those inside.
    ({"a": OPENED, "b": None}, {"b": FINE}, {}, "fail", True), ({"a": OPENED, "s": SHUT}, {}, {"s": "unchanged"}, "fail", True),
    ({"a": OPENED, "b": FINE, "c": None}, {}, {}, "fail", False),
    # All of them fell silent; of those who never answered that cannot be said.
    ({"a": None, "b": None}, {"a": FINE, "b": FINE}, {}, "fail", True), ({"a": None, "b": None}, {"a": FINE}, {}, "fail", True),
    ({"a": None, "b": FINE}, {"a": FINE}, {}, "unverified", False),
    # Without a baseline nothing is known of what was opened beside it.
    ({"a": FINE}, {"a": None}, {}, "unverified", False), ({"s": SHUT}, {"s": None}, {"s": "unchanged"}, "unverified", False),
    # What worked before and does not now.
    ({"a": SHUT, "b": SHUT}, {"a": FINE, "b": FINE}, {}, "fail", True),
    # A host outside the audience: that it is open now is as bad as that it is shut now.
    ({"a": FINE, "s": FINE}, {"a": SHUT, "s": SHUT}, {"s": "unchanged"}, "fail", True), ({"s": FINE}, {"s": SHUT}, {"s": "unchanged"}, "fail", True),
    ({"s": SHUT}, {"s": SHUT}, {"s": "unchanged"}, "pass", False),
    # Of a host outside the audience nobody knows that it is as before where its look says less than the one before.
    ({"s": HAZY}, {"s": SHUT}, {"s": "unchanged"}, "unverified", False), ({"s": HAZY}, {"s": HAZY}, {"s": "unchanged"}, "pass", False),
    ({"s": look("origin", [("chat", "origin", False)])}, {"s": SHUT}, {"s": "unchanged"}, "unverified", False),
    ({"s": look("fail", [("chat", "fail", False), ("files", "fail", False)])}, {"s": SHUT}, {"s": "unchanged"}, "unverified", False),
    ({"s": look("fail", [("chat", "skipped", False)])}, {"s": SHUT}, {"s": "unchanged"}, "pass", False),
    ({"s": FINE}, {"s": HAZY}, {"s": "unchanged"}, "unverified", False), ({"s": SHUT}, {"s": HAZY}, {"s": "unchanged"}, "unverified", False),
    # Of a host in the audience what opened is what was asked for, and a check more is no doubt.
    ({"a": FINE}, {"a": SHUT}, {}, "pass", False), ({"a": look("pass", [("chat", "pass", False), ("more", "pass", False)])}, {"a": FINE}, {}, "pass", False),
    ({"a": look("error", [("chat", "error", False)])}, {"a": SHUT}, {}, "fail", False),
    ({"a": None}, {}, {}, "unverified", False), ({}, {}, {}, "unverified", False), ({"a": look("unverified")}, {}, {}, "unverified", False)])
def test_harm(after, before, expect, verdict, harm):
    # Where it is not the matter, what was before is what is now.
    found = verdicts.proof(after, dict(after, **before), expect)
    assert (found["verdict"], found["harm"]) == (verdict, harm)


def test_another_site_that_was_compared_by_its_state_leaves_no_doubt():
    looks = [look("unverified", [("claude.ai", said, False)]) for said in ("unverified", "pass")]
    for one in looks:
        one["checks"][0]["role"] = "negative"
    assert verdicts.proof({"s": looks[1]}, {"s": looks[0]}, {"s": "unchanged"})["verdict"] == "pass"


def test_a_site_that_was_not_compared_proves_nothing_of_a_host_outside_the_audience():
    after = look("unverified", [("claude.ai", "unverified", False)])
    after["checks"][0]["flags"] = ["not_compared"]
    found = verdicts.proof({"s": after}, {"s": look("unverified", [("claude.ai", "unverified", False)])}, {"s": "unchanged"})
    assert (found["verdict"], found["harm"]) == ("unverified", False)


@pytest.mark.parametrize("verdict, harm, on_failure, back", [
    # The default takes back what did harm. What is merely still shut stays: to take it back would not help.
    ("fail", True, None, True), ("fail", False, None, False), ("pass", False, None, False), ("unverified", False, None, False),
    ("fail", True, "revert", True), ("fail", False, "revert", True), ("pass", False, "revert", False), ("unverified", False, "revert", False),
    ("fail", True, "keep", False), ("fail", False, "keep", False)])
def test_what_is_taken_back(verdict, harm, on_failure, back):
    assert proof.taken_back({"verdict": verdict, "harm": harm}, on_failure or proof.REVERT_IF_REGRESSED, "/j/1.json") is back
    assert proof.taken_back({"verdict": verdict, "harm": harm}, on_failure or proof.REVERT_IF_REGRESSED, None) is False


ILL = {"features": {"chat": "outage", "files": "operational"}}
#: The origin itself answers that it is ill, where it answered well before.
ITS_OWN = {"layer": "http", "interception": "not_intercepted", "blocked_by": None, "features": ["chat"]}


def turned(status=None, expect=None, flags=(), **more):
    after = look("fail", [("chat", "fail", False)])
    after["checks"][0].update(dict(ITS_OWN, **more), flags=list(flags))
    return verdicts.proof({"a": after, "b": after}, {"a": FINE, "b": FINE}, expect or {}, ILL if status is None else status)


@pytest.mark.parametrize("word", ["outage", "degraded", "maintenance"])
@pytest.mark.parametrize("layer", ["http", "application"])
def test_each_word_of_an_incident_explains_what_the_origin_answers(word, layer):
    found = turned({"features": {"chat": word}}, layer=layer)
    assert not found["harm"] and found["explained"]["a"] == ["chat: seen (the service reports %s of chat)" % word]


def test_an_incident_explains_no_check_that_belongs_to_no_feature_and_none_that_the_proxy_leaves_unanswered():
    assert turned(features=None)["harm"] and turned({"features": None})["harm"]
    assert turned(verdict="skipped", failure="proxy_auth_required")["harm"]


def test_what_an_incident_does_not_explain_of_the_same_host_is_said_alone():
    after = look("fail", [("chat", "fail", False), ("files", "fail", False)])
    for check in after["checks"]:
        check.update(ITS_OWN, features=[check["id"]])
    before = look("pass", [("chat", "pass", False), ("files", "pass", False)])
    found = verdicts.proof({"a": after}, {"a": before}, {}, ILL)
    assert (found["moved"], found["explained"]) == ({"a": ["files: seen"]}, {"a": ["chat: seen (the service reports outage of chat)"]})


def test_an_incident_of_the_service_explains_what_newly_fails_and_nothing_is_taken_back_for_it():
    found = turned()
    assert (found["verdict"], found["harm"], found["moved"], found["shut"]) == ("fail", False, {}, {})
    assert found["explained"]["a"] == ["chat: seen (the service reports outage of chat)"] and "not because of this change" in found["message"]


@pytest.mark.parametrize("more", [
    {"status": {}}, {"status": {"features": {"chat": "operational"}}}, {"status": {"features": {"files": "outage"}}},
    {"status": {"features": {"chat": "unknown"}}},
    {"layer": "tcp"}, {"layer": "tls"}, {"layer": "dns"}, {"blocked_by": {"product": "Squid"}}, {"interception": "intercepted_trusted"}, {"interception": None},
    # What is newly open carries this flag, and so does a control host that is newly blocked.
    {"flags": ["regressed", "newly_open"]}, {"role": "control"}, {"role": "negative"}])
def test_what_an_incident_does_not_explain(more):
    found = turned(**more)
    assert found["harm"] and not found["explained"] and set(found["moved"]) == {"a", "b"}


def test_what_opens_for_a_host_outside_the_audience_is_not_explained():
    shut, opened = look("fail", [("chat", "fail", False)]), look("pass", [("chat", "pass", False)])
    opened["checks"][0].update(ITS_OWN)
    assert verdicts.proof({"s": opened}, {"s": shut}, {"s": "unchanged"}, ILL)["harm"]


def shared(moved, resolvers=("192.0.2.53",), proxy=None, layer="dns", flags=()):
    """A look of a host that asks these resolvers, or goes through that proxy; ``moved``: what was shut by a name, or by a proxy, is open."""
    seen = look("fail" if moved else "pass", [("claude.ai", "fail" if moved else "pass", moved)])
    seen["checks"][0].update(layer=layer if moved else None, resolvers=list(resolvers), proxy=proxy, flags=seen["checks"][0]["flags"] + list(flags))
    return seen


ONE, TWO = {"resolvers": ["192.0.2.53"]}, {"resolvers": ["198.51.100.53"]}
BOTH, UNKNOWN = {"resolvers": ["192.0.2.53", "198.51.100.53"]}, {"resolvers": []}
VIA, OTHER = ({"proxy": "http://%s:3128" % name, "layer": "proxy", "resolvers": []} for name in ("p", "q"))


@pytest.mark.parametrize("moved, others, harm", [
    # Two hosts that ask one resolver are one witness for names; a third one that asks another has not seen it.
    ((ONE, ONE), (TWO,), False), ((ONE, TWO), (ONE,), False), ((ONE, ONE, TWO), (), True), ((ONE, ONE, TWO), (TWO,), False), ((ONE, TWO), (), True),
    # Where all share it they are the only witness, and two of them have to see it, as ever.
    ((ONE, ONE), (), True), ((ONE, ONE), (ONE,), True), ((ONE,), (ONE,), False), ((ONE,), (), True),
    # Who shares one of two resolvers shares it; of whom it is not known are one.
    ((ONE, BOTH), (TWO,), True), ((BOTH, ONE), ({"resolvers": ["203.0.113.53"]},), False),
    ((UNKNOWN, UNKNOWN), (ONE,), False), ((UNKNOWN, ONE), (), True), ((ONE, UNKNOWN), (), True), ((TWO, UNKNOWN), (ONE,), True), ((UNKNOWN, UNKNOWN), (), True),
    # The same of proxies.
    ((VIA, VIA), (OTHER,), False), ((VIA, OTHER), (), True), ((VIA, VIA), (), True),
    # Where neither is the question, what they share does not matter.
    (({**ONE, "layer": "tcp"}, {**ONE, "layer": "tcp"}), (TWO,), True), (({**VIA, "layer": "http"}, {**VIA, "layer": "http"}), (OTHER,), True),
    # A host that saw it another way is a witness of names as well.
    (({**ONE, "layer": "tls"}, TWO), (ONE,), False), (({**ONE, "layer": "tls"}, TWO), (), True)])
def test_witnesses_that_share_a_resolver_or_a_proxy_are_one_where_that_is_the_question(moved, others, harm):
    looks = {"m%d" % number: shared(True, **one) for number, one in enumerate(moved)}
    looks.update({"o%d" % number: shared(False, **one) for number, one in enumerate(others)})
    found = verdicts.proof(looks, looks, {})
    assert (found["verdict"], found["harm"]) == ("fail", harm)


def test_a_name_that_resolves_now_and_did_not_before_is_a_matter_of_names():
    opened, fine = shared(True, layer=None), shared(False, ["198.51.100.53"])
    before = {name: shared(False, layer="dns") for name in "ab"}
    for one in before.values():
        one["checks"][0]["layer"] = "dns"
    looks = {"a": opened, "b": opened, "c": fine}
    assert not verdicts.proof(looks, dict(before, c=fine), {})["harm"]
    assert verdicts.proof(looks, {"a": FINE, "b": FINE, "c": fine}, {})["harm"]


BY_FILE = {"flags": ["hosts_file"], "resolvers": []}


@pytest.mark.parametrize("moved, others, harm", [
    # A host whose hosts file answers for the name cannot say that a resolver is as it was.
    ((ONE,), ({**BY_FILE, "layer": None},), True), ((ONE, ONE), ({**BY_FILE, "layer": None},), True), ((ONE,), (TWO,), False),
    # What it sees of such a name is its own affair, whoever it is beside.
    (({**BY_FILE, "layer": "host"},), (), False), (({**BY_FILE, "layer": "host"}, {**BY_FILE, "layer": "dns"}), (), False),
    (({**BY_FILE, "layer": "host"}, ONE), (TWO,), False), (({**BY_FILE, "layer": "dns"}, ONE), (), True),
    # Where the name is not the question it is a witness like any other.
    (({**BY_FILE, "layer": "tcp"}, {**ONE, "layer": "tcp"}), (TWO,), True)])
def test_a_host_whose_hosts_file_answers_is_no_witness_of_a_resolver(moved, others, harm):
    looks = {"m%d" % number: shared(True, **one) for number, one in enumerate(moved)}
    looks.update({"o%d" % number: shared(False, **one) for number, one in enumerate(others)})
    found = verdicts.proof(looks, looks, {})
    assert (found["verdict"], found["harm"]) == ("fail", harm)
    by_file = {name for name, look in looks.items() if "hosts_file" in look["checks"][0]["flags"] and look["checks"][0]["layer"] != "tcp"}
    assert {text.partition(":")[0] for text in found["basis"] if "remove the name from that file" in text} == by_file and by_file == {
        name for name in looks if "%s: this host says nothing about the " % name in found["message"]}


def test_a_hosts_file_that_was_changed_meanwhile_is_no_doing_of_the_network():
    before, now = shared(False), shared(True, layer=None)
    now["checks"][0].update(flags=now["checks"][0]["flags"] + ["hosts_file"], layer="tcp")
    found = verdicts.proof({"a": now}, {"a": before}, {})
    assert (found["verdict"], found["harm"]) == ("fail", False) and "a: this host says nothing about the network" in found["message"]


def test_a_host_that_asks_a_resolver_for_another_of_the_names_is_a_witness():
    look = {"checks": [{"host": "a.example", "flags": ["hosts_file"]}, {"host": "b.example", "flags": []}]}
    assert witnesses.deaf({"x": look}, {"a.example"}) == {"x": ["a.example"]} and witnesses.deaf({"x": look}, {"b.example"}) == {}
    assert witnesses.deaf({"x": look}, {"a.example", "b.example"}) == {} == witnesses.deaf({"x": {"checks": []}}, {"a.example"})


def test_who_cannot_tell_of_a_name_still_counts_where_the_path_is_the_question():
    looks = {"a": {"checks": []}, "b": {"checks": []}}
    assert not witnesses.enough({"a": {witnesses.PATH}}, looks, {"b": ["x.example"]})
    assert witnesses.enough({"a": {witnesses.NAME}}, {"a": looks["a"]})


def test_the_basis_says_what_they_share():
    looks = {"a": shared(True), "b": shared(True), "c": shared(False, ["198.51.100.53"])}
    found = verdicts.proof(looks, looks, {})
    assert found["basis"] == ["for findings about the name they count as one witness: a, b share 192.0.2.53"] and found["basis"][0] in found["message"]
    looks = {"a": shared(True, [], "http://p:3128", "proxy"), "b": shared(True, [], "http://p:3128", "proxy")}
    assert verdicts.proof(looks, looks, {})["basis"] == ["for findings about the proxy they count as one witness: a, b share http://p:3128"]
    looks = {"a": shared(True, []), "b": shared(True, [])}
    assert "are not known to use different ones" in verdicts.proof(looks, looks, {})["message"]
    looks = {"a": shared(True), "b": shared(True, ["198.51.100.53"])}
    assert verdicts.proof(looks, looks, {})["basis"] == []


def test_what_a_finding_is_about_is_seen_before_or_now():
    name, tcp, proxy = {"layer": "dns"}, {"layer": "tcp"}, {"layer": "proxy", "proxy": "http://p:1"}
    pairs = ((name, {"layer": None}), ({"layer": None}, name), (None, tcp), (tcp, proxy), (None, {"layer": "proxy"}))
    assert [witnesses.question(*pair) for pair in pairs] == ["name", "name", "path", "proxy", "path"]
    by_file = [dict(one, flags=["hosts_file"]) for one in (name, tcp, {"layer": "host"})]
    pairs = [(one, one) for one in by_file] + [(by_file[1], tcp), (None, by_file[1]), ({"layer": "host"}, tcp), (None, dict(proxy, proxy=None))]
    assert [witnesses.question(*pair) for pair in pairs] == ["host", "path", "host", "host", "path", "host", "path"]
    places = [(layer, seen, witnesses.by_itself({"layer": layer, "interception": seen, "flags": ["hosts_file"]}))
              for layer in ("host", "tcp", "tls", "http") for seen in (None, "intercepted_trusted")]
    assert [(layer, seen) for layer, seen, itself in places if itself] == [
        ("host", None), ("host", "intercepted_trusted"), ("tcp", None), ("tcp", "intercepted_trusted"), ("tls", None)]
    assert not witnesses.by_itself(dict(tcp, interception=None))


def test_what_a_host_asked_is_its_resolvers_or_its_proxies():
    both = {"checks": [{"resolvers": ["192.0.2.53"], "proxy": "http://p:1"}, {}]}
    proxied = {"checks": [{"proxy": "http://p:1"}]}
    assert [witnesses.asked_through(one, about) for one in (both, proxied, {"checks": None}) for about in (witnesses.NAME, witnesses.PROXY)] == [
        {"192.0.2.53"}, {"http://p:1"}, {"http://p:1"}, {"http://p:1"}, set(), set()]


def test_the_message_says_who_saw_what():
    said = verdicts.proof({"a": OPENED, "b": SHUT, "c": None}, {}, {})["message"]
    assert said == "a: changed since the baseline: claude.ai: seen. b: it fail. not proven by: c (no answer)"
    assert verdicts.proof({"c": {"failed": True, "msg": "Python was not found"}}, {}, {})["message"] == "not proven by: c (Python was not found)"
    assert verdicts.aggregate({"b": None, "c": {"failed": True, "msg": "Python was not found"}}, {})["message"] == (
        "no probe host has a result; not reached, so their state is unknown: b; c: not probed: Python was not found")
    assert verdicts.proof({"b": FINE, "a": FINE}, {"b": FINE, "a": FINE}, {})["message"] == "proven by a, b"
    assert verdicts.proof({"a": None}, {"a": FINE}, {})["message"] == (
        "every probe host behind it answered before the change, and none does now. not proven by: a (no answer)")


def test_a_long_list_of_what_moved_is_cut_and_says_so():
    moved = [("%d.example" % number, "fail", True) for number in range(5)]
    found = verdicts.proof({"a": look("fail", moved)}, {"a": FINE}, {})["message"]
    assert found == "a: changed since the baseline: 0.example: seen; 1.example: seen; 2.example: seen and 2 more"
    assert verdicts.proof({"a": look("fail", moved[:3])}, {"a": FINE}, {})["message"].endswith("2.example: seen")
    assert verdicts.proof({}, {}, {})["message"] == "no probe host is mapped to it, so nothing is proven"


def seen_by(verdict, proven=None):
    path = {} if proven is None else {"path": {"device": "fw1", "proven": proven}}
    return dict({"summary": {"verdict": verdict, "message": "", "features": {"chat": verdict}}}, **path)


def test_what_all_hosts_say_together():
    results = {"a": seen_by("pass", True), "b": seen_by("fail", False), "c": None, "s": seen_by("error")}
    found = verdicts.aggregate(results, {"s": "unchanged"}, ["fw1", "fw2"])
    assert (found["verdict"], found["hosts"]) == ("fail", {"a": "pass", "b": "fail", "c": "unreachable", "s": "error"})
    assert found["features"] == {"chat": {"pass": ["a"], "fail": ["b"], "error": ["s"]}} and found["unreachable"] == ["c"]
    assert found["devices"] == {"fw1": {"hosts": ["a", "b"], "proven": ["a"]}, "fw2": {"hosts": [], "proven": []}}
    assert found["message"] == ("1 of 2 hosts pass; b: fail; not reached, so their state is unknown: c; no probe host is mapped to fw2 (netaccess_path), so "
                                "nothing is known of it")
    assert verdicts.aggregate({"a": seen_by("pass")}, {})["message"] == "1 of 1 host pass"
    assert verdicts.aggregate({}, {})["verdict"] == "unverified"
    many = {"h%d" % number: seen_by("fail") for number in range(7)}
    assert verdicts.aggregate(many, {})["message"] == "0 of 7 hosts pass; h0: fail, h1: fail, h2: fail, h3: fail, h4: fail and 2 more"
