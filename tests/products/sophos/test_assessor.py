# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge says of a firewall, without a server: each of its conditions decides something here."""
from __future__ import annotations

import copy
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.adapter import SophosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import flat
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import LOCAL_LIST, Settings, regex
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from tests.contract.rig import FIRST
from tests.products.sophos.twin import ENTITIES, firewall_rule, group, limit, tls_rule, web_policy, web_rule

CHAT, OPENAI, STRIPE = ".chatgpt.com", "*.openai.com", "js.stripe.com"
LEAVES = tls_rule("Exclusions by website or category", "Do not decrypt", [(LOCAL_LIST, "URL Group")], default="Yes")
INSPECTS = [LEAVES, tls_rule("Inspect all", "Decrypt")]
ON = ET.fromstring("<SSLTLSInspectionSettings><SSLTLSInspection>Enabled</SSLTLSInspection></SSLTLSInspectionSettings>")


class Device:
    """The tables of a firewall, in place of its API."""

    version = "2200.1"

    def __init__(self, tables):
        self.tables = dict({entity: [] for entity in ENTITIES}, **tables)

    def get(self, entities):
        return {entity: copy.deepcopy(self.tables[entity]) for entity in entities}


def judged(rules=(), default="Allow", held=("chatgpt.com", "openai.com", "js.stripe.com"), exempt=("chatgpt.com", "openai.com"), exceptions=(), policy=FIRST,
           tls=(*INSPECTS,), drops=(), **options):
    """``rules``: those of the web policy; ``held`` and ``exempt``: what our URL group and the exclusion list hold."""
    device = Device({
        "WebFilterURLGroup": [group("ChatGPT allow", held, MARK), group(LOCAL_LIST, exempt, default="Yes"), group("Shut", ["chatgpt.com"])],
        "WebFilterPolicy": [web_policy("Company", rules, default)], "WebFilterException": list(exceptions), "SSLTLSInspectionRule": list(tls),
        "SSLTLSInspectionSettings": [ON], "FirewallRule": [*drops, firewall_rule("Out", WebFilter="Company")]})
    adapter = SophosAdapter(Settings(**dict({"web_policies": ("Company",), "users": ("AI users",)}, **options)), device, None)
    return adapter.assess(policy, adapter.read())


def rows(found, *columns):
    return {row.pattern: tuple(getattr(row, column) for column in columns) for row in found.coverage}


# -- who else is reached


SHUTS, PART = web_rule("Deny", [("URLGroup", "Shut")]), web_rule("Deny", [("URLGroup", "Shut")], ["Staff"])


@pytest.mark.parametrize("rules,options,told", [
    ([SHUTS, PART], {}, 1), ([PART, SHUTS], {}, 0), ([SHUTS], {}, 0), ([SHUTS, PART], {"category_name": "ChatGPT allow"}, 0)])
def test_who_would_be_let_in(rules, options, told):
    widened = [text for text in judged(rules, **options).audience_widened if "blocks a part" in text]
    assert len(widened) == told and all("for Staff" in text for text in widened)


# -- what is allowed


BELOW, APEX = "widened: its subdomains too", "widened: openai.com itself too"


@pytest.mark.parametrize("changes,allowed,notes", [
    ({}, ("yes", "yes", "yes"), ("", APEX, BELOW)), ({"rules": [SHUTS]}, ("no", "yes", "yes"), ("web policy rule Company: Deny Shut blocks it", APEX, BELOW)),
    ({"rules": [PART]}, ("unchecked", "yes", "yes"),
     ("web policy rule Company: Deny Shut for Staff may block it: column UserList/User limits it", APEX, BELOW)),
    # Of a host that is shut, what is only doubted says nothing.
    ({"rules": [PART], "drops": [firewall_rule("Nothing out", "Drop")]}, ("no",) * 3, tuple(
        note + "firewall rule Nothing out blocks it" for note in ("", APEX + "; ", BELOW + "; "))),
    ({"rules": [PART, SHUTS]}, ("no", "yes", "yes"), ("web policy rule Company: Deny Shut blocks it", APEX, BELOW)),
    ({"held": ("openai.com", "js.stripe.com")}, ("no", "yes", "yes"), ("", APEX, BELOW)),
    ({"held": ("chatgpt.com", "openai.com", "stripe.com")}, ("yes",) * 3, ("", APEX, BELOW)),
    ({"scan_conflicts": False}, ("unchecked", "unchecked", "unchecked"), ("", APEX, BELOW)),
    ({"web_policies": ()}, ("unchecked", "unchecked", "unchecked"), ("", APEX, BELOW)),
    ({"exempt_by": "exception"}, ("yes", "yes", "yes"), ("", APEX + " (the exemption is exact)", BELOW)),
    ({"exempt": ("chatgpt.com", "openai.com", "stripe.com")}, ("yes", "yes", "yes"),
     ("", APEX, BELOW + "; widened: an entry above it leaves it undecrypted too")),
    ({"category_name": "Elsewhere"}, ("no", "no", "no"), ("", APEX, BELOW))])
def test_what_is_allowed(changes, allowed, notes):
    found = rows(judged(**changes), "allowed", "note", "allowed_by")
    assert tuple(found[pattern][0] for pattern in (CHAT, OPENAI, STRIPE)) == allowed
    # Why it is not exempt is another matter.
    assert tuple(found[pattern][1].partition("; no ")[0] if not found[pattern][1].startswith("no ") else "" for pattern in (CHAT, OPENAI, STRIPE)) == notes
    ours = "URL group %s" % changes.get("category_name", "ChatGPT allow")
    assert {by for _word, _note, by in found.values()} == {None if word == "no" else ours for word in allowed}


# -- what stays encrypted


PEOPLE = tls_rule("Looked at", "Decrypt", members=["Staff"])


@pytest.mark.parametrize("changes,expected", [
    ({}, ("yes", "URL group " + LOCAL_LIST, "")), ({"exempt": ("openai.com",)}, ("no", None, "TLS inspection rule Inspect all decrypts it")),
    # Nothing decrypts it today.
    ({"exempt": ("openai.com",), "tls": [tls_rule("All", "Do not decrypt")]}, ("no", None, "")),
    ({"tls": [PEOPLE, *INSPECTS]},
     ("unchecked", "URL group " + LOCAL_LIST, "TLS inspection rule Looked at may block it: column Identity/Members limits it")),
    ({"tls": [tls_rule("First", "Decrypt"), *INSPECTS]}, ("no", None, "TLS inspection rule First decrypts it")),
    ({"tls": [PEOPLE, tls_rule("First", "Decrypt"), *INSPECTS]}, ("no", None, "TLS inspection rule First decrypts it"))])
def test_what_a_list_leaves_undecrypted(changes, expected):
    found = rows(judged(**changes), "exempt", "exempt_by", "note")
    assert found[CHAT] == expected and found[STRIPE][:2] == ("not wanted", None)


def exception(**columns):
    """Ours, with other texts in some columns; a list stands for several."""
    made = ET.fromstring("<WebFilterException><Name>ChatGPT</Name><Desc>%s</Desc></WebFilterException>" % MARK)
    ours = {"Enabled": "on", "HttpsDecrypt": "on", "EnableURLRegex": "yes", "DomainList/URLRegex": [regex(parse(one)) for one in (CHAT, OPENAI)]}
    for column, text in dict(ours, **columns).items():
        limit(made, column, *([text] if isinstance(text, str) else text))
    return made


def sources(*addresses):
    return {"EnableSrcIP": "yes", "DomainList/SrcIp": list(addresses)}


@pytest.mark.parametrize("columns,options,word", [
    ({}, {}, "yes"), ({"Enabled": "off"}, {}, "no"), ({"HttpsDecrypt": "off", "PolicyCheck": "on"}, {}, "no"), ({"DomainList/URLRegex": ["chat"]}, {}, "no"),
    (None, {}, "no"), ({"EnableDstIP": "yes", "DomainList/DstIp": "192.0.2.1"}, {}, "unchecked"), (sources("192.0.2.1"), {}, "unchecked"),
    (sources("192.0.2.1"), {"exempt_sources": ("192.0.2.1",)}, "yes"), (sources("192.0.2.1", "192.0.2.2"), {"exempt_sources": ("192.0.2.1",)}, "yes"),
    (sources("192.0.2.1"), {"exempt_sources": ("192.0.2.1", "192.0.2.2")}, "unchecked"), ({}, {"exempt_sources": ("192.0.2.1",)}, "yes")])
def test_what_an_exception_leaves_undecrypted(columns, options, word):
    found = rows(judged(exceptions=[] if columns is None else [exception(**columns)], exempt_by="exception", **options), "exempt", "exempt_by", "note")
    limited = "web exception ChatGPT is limited by more than hosts and exempt_sources"
    assert found[CHAT] == (word, None if word == "no" else "web exception ChatGPT", limited if word == "unchecked" else "")
    assert found[STRIPE][:2] == ("not wanted", None)


def test_an_exact_exemption_is_said_where_there_is_one():
    found = judged(exceptions=[exception()], exempt_by="exception", policy=Policy.from_config({"allow": [CHAT, STRIPE], "exempt": [CHAT]}))
    assert rows(found, "note") == {CHAT: ("",), STRIPE: (BELOW,)}


def test_how_columns_are_read():
    """Those of both kinds of firewall rules have one name."""
    node = ET.fromstring("<R><A> x </A><B><C>1</C><C>2</C><C>1</C></B><NetworkPolicy><D>n</D></NetworkPolicy><UserPolicy><E>u</E></UserPolicy><F> </F></R>")
    assert flat(node) == {"A": "x", "B/C": ["1", "2"], "D": "n", "E": "u"} and flat(node, "B") == {"A": "x", "D": "n", "E": "u"}
