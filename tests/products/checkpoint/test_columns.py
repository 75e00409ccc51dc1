# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every column and every object that can stand in a rule: what is not understood makes it uncertain, what limits nothing does not."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint import columns, model
from tests.contract.rig import NEXT_YEAR
from tests.products.checkpoint.rig import FACTS, CheckpointRig
from tests.products.checkpoint.twin import https_rule, rule

KINDS = {"access-rule": columns.ACCESS, "https-rule": columns.HTTPS}
CASES = [(kind, one["column"], value, limits) for kind in KINDS for one in FACTS[kind] if not one.get("read")
         for limits, values in ((one["role"] == "match", one.get("limiting", ())), (False, one.get("none", ()))) for value in values]


@pytest.fixture
def rig(open_rig):
    return open_rig(CheckpointRig)


def conflict(rig, kind: str, **columns) -> dict:
    """Of the rule Odd, which blocks or inspects chatgpt.com above all others, beside what coverage says."""
    rig.never_above = ("Odd",)
    with rig.by_hand():
        row = rule("Odd", "Drop") if kind == "access-rule" else https_rule("Odd", "Inspect")
        rig.twin.insert("Network" if kind == "access-rule" else "Outbound", {**row, **columns}, 0)
    result = rig.run(check=True)
    found = [one for one in result["conflicts"] if "Odd" in one["where"] and ".chatgpt.com" in one["hosts"]]
    word = result["coverage"][0]["allowed" if kind == "access-rule" else "exempt"]
    return dict(found[0], word=word) if found else {"certain": None, "word": word}


def test_every_column_is_declared_with_its_role():
    for kind, rows in FACTS.items():
        schema = columns.SITE_SCHEMA if kind == "application-site" else columns.SCHEMAS[KINDS[kind]]
        known = set(schema.limits) | set(schema.others) | columns.META
        assert {one["column"] for one in rows} <= known and set(schema.limits) <= {one["column"] for one in rows}
        for one in rows:
            if kind in KINDS:
                assert (one["column"] in schema.limits) == (one["role"] == "match"), one
                assert one["role"] != "match" or not any(schema.restricts(one["column"], value) for value in one.get("none", ())), one
                assert one["role"] != "match" or all(schema.restricts(one["column"], value) for value in one.get("limiting", ())), one


@pytest.mark.parametrize("kind,column,value,limits", CASES)
def test_a_column_that_limits_a_rule_makes_it_uncertain_and_another_one_does_not(rig, kind, column, value, limits):
    found = conflict(rig, kind, **{column: value})
    assert found["certain"] is not limits and found["word"] == ("unchecked" if limits else "no") and bool(found["remedy"]) is not limits
    assert not limits or "column %s is not understood" % column in found["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_next_year_makes_a_rule_uncertain(rig, kind):
    found = conflict(rig, kind, **{NEXT_YEAR: "x"})
    assert not found["certain"] and found["word"] == "unchecked" and NEXT_YEAR in found["text"]


@pytest.mark.parametrize("action,certain", [("Drop", True), ("Reject", True), ("Ask", True), ("Inform", False), ("User Auth", False), ("Client Auth", False),
                                            ("Action of next year", False)])
def test_what_an_action_does(rig, action, certain):
    found = conflict(rig, "access-rule", action=action)
    assert found["certain"] is certain and found["word"] == ("no" if certain else "unchecked")


def test_a_rule_that_this_account_may_not_see_may_do_anything(rig):
    rig.never_above = ()
    with rig.by_hand():
        rig.twin.insert("Network", {"type": "place-holder", "name": "", "enabled": True, "action": "", "comments": "", **{
            column: [word] for column, word in {"source": "Any", "service": "Any", "destination": "Any", "content": "Any", "time": "Any",
                                                "install-on": "Policy Targets", "vpn": "Any"}.items()}}, 0)
        for column in ("source-negate", "destination-negate", "service-negate", "content-negate"):
            rig.twin.db["layers"]["Network"]["rules"][0][column] = False
    result = rig.run(check=True)
    assert result["coverage"][0]["allowed"] == "unchecked" and not any(one["certain"] for one in result["conflicts"])


def test_what_is_blocked_below_a_rule_that_may_allow_it_is_not_certain(rig):
    rig.never_above = ("Block AI",)
    with rig.by_hand():
        rig.twin.insert("Network", rule("By app", "Accept", service=["ChatGPT"]), 0)
    result = rig.run(check=True)
    found, = (one for one in result["conflicts"] if "Block AI" in one["where"])
    assert not found["certain"] and result["coverage"][0]["allowed"] == "unchecked"
    assert "Network: Block AI blocks it, unless Network: By app applies" in result["coverage"][0]["note"]


# -- objects


def site(**more) -> dict:
    return {"url-list": ["chatgpt.com/", "*.chatgpt.com/"], "urls-defined-as-regular-expression": False, "primary-category": "Social Networking",
            "comments": "", "user-defined": True, **more}


OBJECTS = {
    # What stands in the column: its type and columns, or its name alone; what the conflict is: certain, perhaps, or none.
    "a site": (("application-site", site()), True),
    "a site without a slash": (("application-site", site(**{"url-list": ["chatgpt.com", "*.chatgpt.com"]})), True),
    "a path": (("application-site", site(**{"url-list": ["chatgpt.com/x", "*.chatgpt.com/x"]})), False),
    "a beginning": (("application-site", site(**{"url-list": ["chat"]})), False),
    "a star inside": (("application-site", site(**{"url-list": ["c*t.com/"]})), False),
    "another host": (("application-site", site(**{"url-list": ["claude.ai/", "*.example.com"]})), None),
    "an expression": (("application-site", site(**{"url-list": [r"chatgpt"], "urls-defined-as-regular-expression": True})), False),
    "an expression of ours": (("application-site", site(
        **{"url-list": [r"^https?://([^/]+\.)*chatgpt\.com/"], "urls-defined-as-regular-expression": True})), True),
    "a signature": (("application-site", site(**{"application-signature": "x", "url-list": ["claude.ai/"]})), False),
    "a site with a new column": (("application-site", site(**{NEXT_YEAR: "x", "url-list": ["claude.ai/"]})), False),
    "an application": ("ChatGPT", False), "another application": ("Facebook", False), "a category": ("Financial Services", False),
    "port 443": ("https", True), "port 80": ("http", None), "a group with 443": ("Web", True), "udp": ("QUIC", None),
    "ports": (("service-tcp", {"port": "400-500"}), True), "a source port": (("service-tcp", {"port": "443", "source-port": "99"}), False),
    "a signature of the protocol": (("service-tcp", {"port": "443", "match-by-protocol-signature": True}), False),
    "a resource": (("service-tcp", {"port": "443", "enable-tcp-resource": True}), False),
    "a service with a new column": (("service-tcp", {"port": "443", NEXT_YEAR: "x"}), False),
    "a service of another port with a new column": (("service-tcp", {"port": "22", NEXT_YEAR: "x"}), None),
    "a group with a source port": (("service-group", {"members": ["http", "Narrow"]}), False),
    "high ports": (("service-tcp", {"port": ">1024"}), False), "another kind": (("service-other", {}), False),
    "a group of sites": (("application-site-group", {"members": ["AI sites", "Facebook"]}), True),
    "a group without sites": (("application-site-group", {"members": ["Facebook"]}), False),
}


@pytest.mark.parametrize("what", OBJECTS)
def test_what_a_service_or_a_site_is_about(rig, what):
    given, certain = OBJECTS[what]
    rig.twin.add("service-tcp", "Narrow", port="443", **{"source-port": "1024-65535"})
    if isinstance(given, tuple):
        rig.twin.add(given[0], "Thing", **given[1])
        given = "Thing"
    assert conflict(rig, "access-rule", service=[given])["certain"] is certain


def test_a_service_that_cannot_be_read_whole_is_not_certain(rig):
    """A rulebase shows its port alone."""
    shown = rig.twin._shown

    def short(row, session):
        return {key: value for key, value in shown(row, session).items() if row["type"] != "service-tcp" or key in ("uid", "name", "type", "port")}
    rig.twin._shown = short
    assert conflict(rig, "access-rule", service=["https"])["certain"] is False


DESTINATIONS = {
    "everything": ("Any", True), "the internet": ("Internet", True), "a private network": ("Branch", None),
    "a public network": (("network", {"subnet4": "198.51.100.0", "mask-length4": 24}), False), "a public host": (("host", {"ipv4-address": "1.1.1.1"}), False),
    "an address of both kinds": (("host", {"ipv4-address": "10.1.1.1", "ipv6-address": "2001:4860:4860::8888"}), False),
    "a range": (("address-range", {"ipv4-address-first": "10.0.0.1", "ipv4-address-last": "10.0.0.9"}), None),
    "a name": (("dns-domain", {"is-sub-domain": True}), False), "an updatable object": (("updatable-object", {}), False),
    "a private group": (("group", {"members": ["Branch"]}), None),
}


@pytest.mark.parametrize("what", DESTINATIONS)
def test_where_a_destination_is(rig, what):
    given, certain = DESTINATIONS[what]
    if isinstance(given, tuple):
        rig.twin.add(given[0], "Thing", **given[1])
        given = "Thing"
    rig.twin.by_dice = True
    assert conflict(rig, "access-rule", destination=[given])["certain"] is certain


@pytest.mark.parametrize("source,negated,certain", [
    (["Any"], False, True), (["AI users"], False, True), (["AI users", "Finance"], False, True), (["Finance"], False, False), (["Branch"], False, False),
    (["AI users"], True, None), (["Finance"], True, False)])
def test_whom_a_rule_is_for(rig, source, negated, certain):
    assert conflict(rig, "access-rule", source=source, **{"source-negate": negated})["certain"] is certain


@pytest.mark.parametrize("service,certain", [("AI sites", None), ("http", True), ("ChatGPT", False)])
def test_a_negated_column_is_about_the_rest(rig, service, certain):
    assert conflict(rig, "access-rule", service=[service], **{"service-negate": True})["certain"] is certain


@pytest.mark.parametrize("entry,pattern,level", [
    ("chatgpt.com/", "chatgpt.com", 2), ("chatgpt.com/", "*.chatgpt.com", 0), ("*.chatgpt.com/", ".chatgpt.com", 1), ("*chatgpt.com/", ".chatgpt.com", 2),
    ("*gpt.com/", "chatgpt.com", 1), ("*.com/", "js.stripe.com", 1), ("*.com/", ".chatgpt.com", 1), ("*", "chatgpt.com", 1), ("js.", "js.stripe.com", 1),
    ("ab.chat", "*.chatgpt.com", 1), ("*.chat", "ab.chatgpt.com", 1), ("facebook.com", "*.chatgpt.com", 0), ("*.facebook.com", ".chatgpt.com", 0),
    ("chatgpt.com/x/", "chatgpt.com", 1), ("CHATGPT.com/", "chatgpt.com", 2), ("chatgpt.com/*", "chatgpt.com", 2), ("tripe.com/", "js.stripe.com", 0)])
def test_what_an_entry_is_about(entry, pattern, level):
    wanted = parse(pattern)
    found = model.entry_hits([entry], [wanted])
    assert (wanted in found.all) + (wanted in found.sure) == level
