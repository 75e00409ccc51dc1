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
from tests.products.sophos.twin import ENTITIES, firewall_rule, group, limit, put, tls_rule, web_policy, web_rule

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


def with_columns(node, columns):
    for tag, text in (columns or {}).items():
        put(node, tag, text)
    return node


def judged(rules=(), default="Allow", held=("chatgpt.com", "openai.com", "js.stripe.com"), exempt=("chatgpt.com", "openai.com"), exceptions=(), policy=FIRST,
           tls=(*INSPECTS,), drops=(), out=None, company=None, tables=None, **options):
    """``rules``: those of the web policy; ``held`` and ``exempt``: what our URL group and the exclusion list hold; ``out`` and ``company``: columns of the
    accepting firewall rule and of the web policy; ``tables``: others."""
    device = Device({
        "WebFilterURLGroup": [group("ChatGPT allow", held, MARK), group(LOCAL_LIST, exempt, default="Yes"), group("Shut", ["chatgpt.com"])],
        **(tables or {}), "WebFilterPolicy": [with_columns(web_policy("Company", rules, default), company)],
        "WebFilterException": list(exceptions), "SSLTLSInspectionRule": list(tls),
        "SSLTLSInspectionSettings": [ON], "FirewallRule": [*drops, firewall_rule("Out", **dict({"WebFilter": "Company"}, **(out or {})))]})
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


# -- what is not understood


GROUP_OF_HOSTS = "<FQDNHostGroup><Name>Group</Name>%s</FQDNHostGroup>"
GROUP_OF_SERVICES = "<ServiceGroup><Name>Group</Name><ServiceList><Service>Ping</Service></ServiceList>%s</ServiceGroup>"
PING = ET.fromstring("<Services><Name>Ping</Name><Type>ICMP</Type></Services>")


@pytest.mark.parametrize("entity, text, column", [("FQDNHostGroup", GROUP_OF_HOSTS, "networks"), ("ServiceGroup", GROUP_OF_SERVICES, "services")])
@pytest.mark.parametrize("more, word", [("", "yes"), ("<Description>Old</Description>", "yes"), ("<NewList><New>x</New></NewList>", "unchecked")])
def test_a_group_with_a_column_that_is_not_known_may_hold_anything(entity, text, column, more, word):
    tables = {entity: [ET.fromstring(text % more)], "Services": [PING]}
    found = judged(drops=[firewall_rule("Drop", "Drop", **{column: ["Group"]})], tables=tables)
    assert rows(found, "allowed")[CHAT] == (word,)


SIGN_IN = Policy.from_config({"allow": ["accounts.google.com", "login.microsoftonline.com"], "exempt": ["accounts.google.com", "login.microsoftonline.com"]})
GOOGLE, MICROSOFT = (("headers", "%s of web policy Company" % words, (host,)) for words, host in (
    ("Google domains", "accounts.google.com"), ("Microsoft 365 tenants", "login.microsoftonline.com")))


@pytest.mark.parametrize("company, policy, lost", [
    ({"GoogAppDomainListEnabled": "1"}, SIGN_IN, [GOOGLE]), ({"Office365Enabled": "1"}, SIGN_IN, [MICROSOFT]), ({"Office365Enabled": "0"}, SIGN_IN, []),
    ({}, SIGN_IN, []), ({"GoogAppDomainListEnabled": "1", "Office365Enabled": "1"}, FIRST, [])])
def test_tenant_restrictions_of_a_web_policy_end_where_its_sign_in_is_not_decrypted(company, policy, lost):
    assert [(one.control, one.rule, one.hosts) for one in judged(policy=policy, company=company).losses] == lost


PROXY = {"ProxyMode": "Enable", "DecryptHTTPS": "Enable"}
FILES = web_rule("Deny", [("File Type", "Executable Files")], ccl="1")


@pytest.mark.parametrize("out, tls, lost", [
    ({}, INSPECTS, {"file_control", "dlp"}), ({}, (), set()), (PROXY, (), {"file_control", "dlp"}),
    (dict(PROXY, DecryptHTTPS="Disable", ScanVirus="Enable"), (), set()),
    (dict(PROXY, DecryptHTTPS="OfNextYear", ScanVirus="Enable"), (), {"av", "file_control", "dlp"})])
def test_what_a_web_policy_does_not_see_is_lost_with_either_engine(out, tls, lost):
    """The kind of a category is written in several ways."""
    assert {one.control for one in judged([FILES], out=out, tls=tls).losses} == lost
