# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge says of a tenant, without a server: each of its conditions decides something here."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AUTH, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.adapter import ZiaAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.columns import FOREIGN_APPS, OPENAI_APPS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import RULE_PATHS, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from tests.contract.rig import FIRST, MEDIA
from tests.products.zia.twin.site import BYPASS, DECRYPT

CHAT, OPENAI, STRIPE = ".chatgpt.com", "*.openai.com", "js.stripe.com"
OURS, PART = {"groups": [{"id": 101, "name": "AI users"}]}, {"groups": [{"id": 102, "name": "Staff"}]}
FIREWALL = RULE_PATHS["firewall rule"]
ALLOW, EXEMPT = ({"id": key, "configuredName": "ChatGPT " + name, "customCategory": True, "description": MARK, "dbCategorizedUrls": entries}
                 for key, name, entries in (("CUSTOM_01", "allow", [".chatgpt.com", ".openai.com", STRIPE]),
                                            ("CUSTOM_02", "exempt", [".chatgpt.com", ".openai.com"])))


class Tenant:
    """The tables of a tenant, in place of its API. ``shut``: {path: what the role or the licence says of it}."""

    def __init__(self, categories, rules, tables, shut):
        self.tables = {path: [] for path in (*RULE_PATHS.values(), "firewallDnsRules", "networkServices", "ipDestinationGroups")}
        self.tables.update({"status": {"status": "ACTIVE"}, "security/advanced": {}, "cyberThreatProtection/maliciousUrls": {},
                            "advancedUrlFilterAndCloudAppSettings": {}, "urlCategories": list(categories)})
        for kind, rows in rules.items():
            path = {**RULE_PATHS, "DNS rule": "firewallDnsRules"}[kind]
            self.tables[path] = [dict({"id": number, "order": number, "state": "ENABLED"}, **row) for number, row in enumerate(rows, 1)]
        self.tables.update(tables)
        self.shut = shut

    def get(self, path, **_parameters):
        if path in self.shut:
            raise AccessError(AUTH, self.shut[path])
        return self.tables[path]

    pages = get


def judged(policy=FIRST, categories=(ALLOW, EXEMPT), tables=None, shut=None, options=None, later=lambda state: None, **rules):
    """``rules``: those of url, ssl, app, firewall and dns, from the top; ``later`` makes of the State that was read what a plan predicts."""
    kinds = {"url": "URL filtering rule", "ssl": "SSL inspection rule", "app": "cloud app rule", "firewall": "firewall rule", "dns": "DNS rule"}
    tenant = Tenant(categories, {kinds[kind]: rows for kind, rows in rules.items()}, tables or {}, shut or {})
    adapter = ZiaAdapter(Settings(**dict({"audience": (("groups", ("AI users",)),)}, **options or {})), tenant, None)
    adapter._site.known = {"groups": {"AI users": 101}}
    state = adapter.read()
    later(state)
    return adapter.assess(policy, state)


def category(*entries, name="Words"):
    return {"id": name.upper(), "configuredName": name, "customCategory": True, "dbCategorizedUrls": list(entries)}


def block(name="x", *words, **columns):
    return dict({"name": name, "action": "BLOCK", "protocols": ["ANY_RULE"], "urlCategories": list(words)}, **columns)


def drop(*addresses, **columns):
    return dict({"name": "x", "action": "BLOCK_DROP", "destAddresses": list(addresses)}, **columns)


def deny(*apps, **columns):
    return dict({"name": "x", "actions": ["DENY_AI_ML_WEB_USE"], "applications": list(apps)}, **columns)


def ssl(name, action, **columns):
    return dict({"name": name, "action": action if isinstance(action, dict) else {"type": action}}, **columns)


OUR_URL = dict(block("ChatGPT allow", "CUSTOM_01"), action="ALLOW", description=MARK)
OUR_SSL, INSPECT = ssl("ChatGPT no decrypt", BYPASS, urlCategories=["CUSTOM_02"], description=MARK), ssl("Inspect all", DECRYPT)


# -- what stands in the way


DNS_DOUBT = "it is unknown whether the audience uses this DNS service"


@pytest.mark.parametrize("rules,entries,expected", [
    ({"url": [block("x", "WORDS")]}, [".chatgpt.com", "ab.openai.com"], ("deny", [CHAT], True, "BLOCK Words")),
    ({"url": [block("x", "WORDS")]}, ["ab.openai.com"], ("deny", [OPENAI], False, "BLOCK Words")),
    ({"url": [block("x", "WORDS", **OURS)]}, [".chatgpt.com"], ("deny", [CHAT], True, "BLOCK Words")),
    ({"url": [block("x", "WORDS", **PART)]}, [".chatgpt.com"], ("deny", [CHAT], False, "BLOCK Words; it applies to groups: Staff")),
    ({"url": [block()]}, [], ("deny", [OPENAI, CHAT, STRIPE], True, "BLOCK everything")),
    ({"url": [block(action="CAUTION")]}, [], ("deny", [OPENAI, CHAT, STRIPE], True, "CAUTION everything")),
    ({"ssl": [ssl("x", "BLOCK", urlCategories=["WORDS"])]}, [".chatgpt.com"], ("deny", [CHAT], True, "BLOCK Words")),
    ({"ssl": [ssl("x", DECRYPT, cloudApplications=["CHATGPT_AI"])]}, [], ("decrypt", [OPENAI, CHAT], False, "DECRYPT CHATGPT_AI")),
    ({"firewall": [drop(STRIPE)]}, [], ("deny", [STRIPE], True, "BLOCK_DROP js.stripe.com")),
    ({"firewall": [drop(STRIPE, destIpCategories=["ANY"])]}, [], ("deny", [STRIPE], True, "BLOCK_DROP js.stripe.com")),
    ({"firewall": [drop(destIpGroups=[{"id": 7}])]}, [], ("deny", [STRIPE], True, "BLOCK_DROP js.stripe.com")),
    ({"firewall": [drop(STRIPE, destIpGroups=[{"id": 9}])]}, [], ("deny", [OPENAI, CHAT, STRIPE], False, "BLOCK_DROP group 9, js.stripe.com")),
    ({"dns": [drop(STRIPE, action="BLOCK")]}, [], ("deny", [STRIPE], False, "BLOCK js.stripe.com; " + DNS_DOUBT)),
    ({"app": [deny("CHATGPT_AI", "CLAUDE_AI")]}, [], ("deny", [OPENAI, CHAT], True, "DENY_AI_ML_WEB_USE for CHATGPT_AI, CLAUDE_AI")),
    ({"app": [deny("OPENAI", **OURS)]}, [], ("deny", [OPENAI, CHAT], True, "DENY_AI_ML_WEB_USE for OPENAI")),
    ({"app": [deny("DALL_E", actions=["ALLOW_AI_ML_CHAT", "DENY_AI_ML_WEB_USE"], **PART)]}, [],
     ("deny", [OPENAI, CHAT], False, "DENY_AI_ML_WEB_USE for DALL_E; it applies to groups: Staff")),
    ({"app": [deny()]}, [], ("deny", [OPENAI, CHAT], True, "DENY_AI_ML_WEB_USE for every application")),
    ({"app": [{"name": "x"}]}, [], ("deny", [OPENAI, CHAT], False, " for every application; its action is not understood"))])
def test_what_a_conflict_says(rules, entries, expected):
    groups = [{"id": number, "name": "group %d" % number, "addresses": [one]} for number, one in ((7, STRIPE), (8, "claude.ai"))]
    groups.append({"id": 9, "name": "group 9", "countries": ["COUNTRY_US"]})
    conflict, = judged(categories=(ALLOW, EXEMPT, category(*entries)), tables={"ipDestinationGroups": groups}, **rules).conflicts
    assert (conflict.effect, list(conflict.hosts), conflict.certain, conflict.text) == expected


CHANGES_NO_DNS, CANNOT, NOT_SURE = "this collection does not change DNS rules", "the API cannot change this rule", "it is not certain that"


@pytest.mark.parametrize("kind,one,remedy,opens", [
    ("url", block(), True, "everything else that this rule blocks"), ("url", block(predefined=True, urlCategories2=["CUSTOM_01"]), False, CANNOT),
    ("url", block(defaultRule=True), False, CANNOT), ("url", block(accessControl="READ_ONLY"), False, CANNOT),
    ("url", block(accessControl="READ_WRITE"), True, "everything else that this rule blocks"),
    ("url", block(description=MARK), False, "everything else that this rule blocks"), ("url", block(**PART), False, NOT_SURE),
    ("ssl", ssl("x", DECRYPT), True, "everything else that this rule decrypts"), ("dns", drop(action="BLOCK"), False, CHANGES_NO_DNS),
    ("app", deny("OPENAI"), True, "everything else that this rule denies")])
def test_what_can_be_done_about_a_rule(kind, one, remedy, opens):
    conflict, = judged(**{kind: [one]}).conflicts
    assert bool(conflict.remedy) is remedy and conflict.opens.startswith(opens)


@pytest.mark.parametrize("entry,hosts,certain,word", [
    (".chatgpt.com", [CHAT], True, "no"), ("ab.chatgpt.com", [CHAT], False, "unchecked"), ("claude.ai", [], None, "yes")])
def test_a_denylist(entry, hosts, certain, word):
    found = judged(tables={"security/advanced": {"blacklistUrls": [entry]}})
    assert [(list(one.hosts), one.certain) for one in found.conflicts] == [(hosts, certain)] * bool(hosts)
    assert [row.allowed for row in found.coverage] == [word, "yes", "yes"]
    assert [note for note in found.coverage[0].note.split("; ") if "denylist" in note] == {
        "no": ["the denylist blocks it"], "unchecked": ["the denylist blocks a part of it"], "yes": []}[word]


@pytest.mark.parametrize("rule,policy,words", [
    (deny("CHATGPT_AI"), FIRST, ["no", "unchecked", "yes"]), (deny("OPENAI"), FIRST, ["unchecked", "unchecked", "yes"]),
    (deny("DALL_E"), FIRST, ["unchecked", "unchecked", "yes"]), (deny("CLAUDE_AI"), FIRST, ["yes", "yes", "yes"]),
    (deny(), FIRST, ["no", "unchecked", "yes"]), (deny("OF_NEXT_YEAR"), FIRST, ["unchecked", "unchecked", "yes"]),
    (deny("OPENAI"), Policy.from_config({"allow": [".openai.com", "cdn.oaistatic.com", STRIPE]}), ["no", "unchecked", "yes"])])
def test_what_the_applications_of_openai_hold(rule, policy, words):
    held = dict(ALLOW, urls=[".openai.com", "cdn.oaistatic.com"])
    assert [row.allowed for row in judged(policy, (held, EXEMPT), app=[rule]).coverage] == words


def test_what_is_recorded_of_applications():
    """Of each that is lost a rule would only perhaps be about other hosts."""
    assert len(FOREIGN_APPS) == 179 and not FOREIGN_APPS & OPENAI_APPS
    for app in ("CHATGPT_AI", "DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI"):
        assert judged(app=[deny(app, name="allow", actions=["ALLOW_AI_ML_WEB_USE"]), deny(app)]).conflicts == []


# -- who else is reached


ALL, BELOW = block("All"), block("Below", **PART)
SHUT = {"url": [ALL, BELOW]}


@pytest.mark.parametrize("rules,options,told", [
    (SHUT, {}, ["Below"]), ({"url": [BELOW, ALL]}, {}, []), (SHUT, {"category_name": "Words"}, []), (SHUT, {"never_above": ("Below",)}, []),
    (SHUT, {"after": ("Below",)}, []), ({"url": [BELOW, ALL]}, {"before": ("Below",)}, ["Below"]), ({"url": [ALL]}, {"before": ("All",)}, []),
    ({"ssl": [INSPECT, ssl("Below", "BLOCK", **PART)]}, {}, ["Below"]), ({"ssl": [INSPECT, ssl("Below", DECRYPT, **PART)]}, {}, []),
    ({"ssl": [INSPECT, ssl("Below", "SHRUG", **PART)]}, {}, ["Below"]),
    ({"ssl": [INSPECT, ssl("Below", "BLOCK", **PART)]}, {"exempt_category_name": "Words"}, [])])
def test_who_would_be_let_in(rules, options, told):
    found = judged(categories=(ALLOW, EXEMPT, category(".chatgpt.com")), options=options, **rules).audience_widened
    assert [text.partition(" blocks")[0] for text in found] == told and all("these hosts" in text for text in found)


def test_who_would_get_voice():
    policy = Policy(allow=FIRST.allow, exempt=FIRST.exempt, media=MEDIA)
    rules = {"firewall": [drop("203.0.113.0/24", name="All"), drop("203.0.113.0/24", name="Below", **PART)]}
    found = judged(policy, options={"media": True}, **rules)
    assert ["Below" in text and "voice" in text for text in found.audience_widened] == [True] and found.manual == []
    for shut, words in (({FIREWALL: "NOT_SUBSCRIBED"}, ["has no Cloud Firewall"] * len(MEDIA)), ({FIREWALL: "no"}, ["this role cannot read Cloud Firewall"])):
        manual = judged(policy, shut=shut).manual
        assert len(manual) == len(words) and all(word in text for word, text in zip(words, manual))


@pytest.mark.parametrize("before,told", [((), 0), (("Adds",), 1)])
def test_a_rule_that_adds_headers_and_is_passed(before, told):
    rules = [dict(block("Adds"), action="ALLOW", httpHeaderActionProfiles=[{"id": 5}])]
    assert len(judged(url=rules, options={"before": before}).warnings) == told
    assert judged(url=rules, options={"before": before, "category_name": "ChatGPT allow"}).warnings == []


# -- what is lost


CONTROLS = ["av", "ips", "anti_spyware", "sandbox", "dlp", "file_control", "app_control"]


@pytest.mark.parametrize("rules,tables,more", [
    ({}, {}, None), ({"ssl": [ssl("x", "BLOCK")]}, {}, None), ({"ssl": [OUR_SSL, ssl("x", "DO_NOT_DECRYPT")]}, {}, None), ({"ssl": [INSPECT]}, {}, []),
    ({"ssl": [ssl("x", "BLOCK", **PART), INSPECT]}, {}, []), ({"ssl": [INSPECT]}, {"advancedUrlFilterAndCloudAppSettings": {"enableChatGptPrompt": True}},
                                                              ["prompt_logging"]),
    ({"ssl": [INSPECT], "url": [dict(block("x"), action="ALLOW", httpHeaderActionProfiles=[{"id": 5}])]}, {}, ["headers"]),
    ({"ssl": [INSPECT], "url": [dict(block("x"), action="ICAP_RESPONSE")]}, {}, ["icap"]), ({"ssl": [INSPECT], "url": [OUR_URL]}, {}, []),
    ({"ssl": [INSPECT], "url": [dict(block("x", "WORDS"), action="ALLOW", httpHeaderActionProfiles=[{"id": 5}])]}, {}, [])])
def test_what_an_exemption_loses(rules, tables, more):
    found = judged(categories=(ALLOW, EXEMPT, category("claude.ai")), tables=tables, **rules).losses
    assert [loss.control for loss in found] == ([] if more is None else CONTROLS + more)


@pytest.mark.parametrize("rule,told", [
    (deny("CHATGPT_AI", tenancyProfileIds=[{"id": 1}]), True), (deny("CHATGPT_AI"), False), (deny("CLAUDE_AI", tenancyProfileIds=[{"id": 1}]), False)])
def test_a_rule_that_keeps_people_in_a_workspace(rule, told):
    assert [found.rule for found in judged(ssl=[INSPECT], app=[rule]).tenant_controls] == ["cloud app rule x"] * told


# -- what is in force


FIVE, WIDER = "narrowed: at most five levels of subdomains", "widened: openai.com itself too"


@pytest.mark.parametrize("rules,options,expected", [
    ({}, {}, [("yes", None, FIVE), ("yes", None, FIVE + "; " + WIDER), ("yes", None, "")]),
    ({"url": [OUR_URL]}, {}, [("yes", "ChatGPT allow", FIVE), ("yes", "ChatGPT allow", FIVE + "; " + WIDER), ("yes", "ChatGPT allow", "")]),
    ({"firewall": [drop(STRIPE)]}, {}, [("yes", None, FIVE), ("yes", None, FIVE + "; " + WIDER), ("no", None, "x blocks it")]),
    ({"dns": [drop(STRIPE, action="BLOCK")]}, {}, [("yes", None, FIVE), ("yes", None, FIVE + "; " + WIDER), ("unchecked", None, "x may block it")]),
    ({"dns": [drop(STRIPE, action="BLOCK", **PART)]}, {}, [("yes", None, FIVE), ("yes", None, FIVE + "; " + WIDER), ("unchecked", None, "x may block it")]),
    ({}, {"scan_conflicts": False}, [("unchecked", None, "; ".join([*notes, "not read: Cloud App Control, Cloud Firewall, DNS control, denylists"]))
                                     for notes in ([FIVE], [FIVE, WIDER], [])])])
def test_what_is_allowed(rules, options, expected):
    rows = judged(Policy.from_config({"allow": [CHAT, OPENAI, STRIPE]}), options=options, **rules).coverage
    assert [(row.allowed, row.allowed_by, row.note) for row in rows] == expected


@pytest.mark.parametrize("rules,expected", [
    ([OUR_SSL, INSPECT], ("yes", "ChatGPT no decrypt", FIVE)), ([INSPECT], ("no", None, FIVE + "; Inspect all decrypts it")),
    ([ssl("x", DECRYPT, **PART), OUR_SSL, INSPECT], ("unchecked", None, FIVE + "; x may decrypt it")), ([], ("unchecked", None, FIVE))])
def test_what_is_left_alone(rules, expected):
    rows = judged(ssl=rules).coverage
    assert (rows[0].exempt, rows[0].exempt_by, rows[0].note) == expected and (rows[2].exempt, rows[2].exempt_by, rows[2].note) == ("not wanted", None, "")


@pytest.mark.parametrize("tag,word", [("TCP_ANY", "no"), ("UDP_ANY", "yes"), ("ICMP_ANY", "yes"), ("OF_NEXT_YEAR", "unchecked")])
def test_a_service_that_is_every_port_of_a_protocol(tag, word):
    found = judged(firewall=[drop(nwServices=[{"id": 7}])], tables={"networkServices": [{"id": 7, "name": "one", "tag": tag}]})
    assert {row.allowed for row in found.coverage} == {word}


@pytest.mark.parametrize("entries,words", [
    ([".chatgpt.com", ".openai.com"], ["yes", "yes", "no"]), (None, ["no", "no", "no"]), (["chatgpt.com"], ["no"] * 3)])
def test_what_our_category_does_not_hold(entries, words):
    categories = [dict(ALLOW, dbCategorizedUrls=entries)] if entries else []
    assert [row.allowed for row in judged(categories=[*categories, EXEMPT]).coverage] == words


# -- what is not understood


@pytest.mark.parametrize("entry,hosts", [
    (".com", [CHAT, OPENAI, STRIPE]), ("*gpt.com", [CHAT, OPENAI, STRIPE]), ("chat*.com", [CHAT, OPENAI, STRIPE]), ("https://chatgpt.com", [CHAT]),
    ("chatgpt.com?model=x", [CHAT]), (" chatgpt.com ", [CHAT]), ("chatgpt.com.", [CHAT]), ("a_b.openai.com", [OPENAI]), ("*", [CHAT, OPENAI, STRIPE]),
    # Each is about something else, whatever the form of it means.
    ("a_b.example.com", []), ("104.18.0.1", []), ("104.0.0.0/8", []), ("https://claude.ai/x", []), ("chatgpt.com:8443", []), ("notchatgpt.com.", [])])
def test_an_entry_that_is_no_host_name_may_be_about_each_host_that_it_fits(entry, hosts):
    words = {True: "unchecked", False: "yes"}
    rules = {"url": [block("x", "WORDS"), OUR_URL], "ssl": [ssl("y", DECRYPT, urlCategories=["WORDS"]), OUR_SSL]}
    found = judged(categories=(ALLOW, EXEMPT, category(entry)), **rules)
    assert {row.pattern: row.allowed for row in found.coverage} == {one: words[one in hosts] for one in (CHAT, OPENAI, STRIPE)}
    assert {row.pattern: row.exempt for row in found.coverage if row.pattern != STRIPE} == {one: words[one in hosts] for one in (CHAT, OPENAI)}
    assert not any(one.certain for one in found.conflicts)
    denied = judged(tables={"security/advanced": {"blacklistUrls": [entry]}}, url=[OUR_URL])
    assert {row.pattern: row.allowed for row in denied.coverage} == {one: words[one in hosts] for one in (CHAT, OPENAI, STRIPE)}


@pytest.mark.parametrize("state,word", [("ENABLED", "no"), ("DISABLED", "yes"), ("enabled", "unchecked"), (None, "unchecked"), ("OF_NEXT_YEAR", "unchecked")])
def test_a_rule_in_a_state_that_is_not_known_may_apply(state, word):
    for layer, one in (("url", block(state=state)), ("firewall", drop(STRIPE, state=state)), ("ssl", ssl("x", "BLOCK", state=state))):
        found = judged(**{"url": [OUR_URL], layer: [one, *([OUR_URL] if layer == "url" else [])]})
        assert [row.allowed for row in found.coverage if row.pattern == STRIPE] == [word], layer
    found = judged(url=[OUR_URL], dns=[drop(STRIPE, action="BLOCK", state=state)])
    assert [row.allowed for row in found.coverage if row.pattern == STRIPE] == ["unchecked" if word == "no" else word]


def test_a_part_of_an_action_that_is_not_known_may_block():
    rule = ssl("x", {"type": "DO_NOT_DECRYPT", "doNotDecryptSubActions": {"blockOfNextYear": True}})
    found = judged(url=[OUR_URL], ssl=[rule, OUR_SSL])
    assert {row.allowed for row in found.coverage} == {"unchecked"} and not any(one.certain for one in found.conflicts)
    rule["action"]["doNotDecryptSubActions"]["blockOfNextYear"] = False
    assert {row.allowed for row in judged(url=[OUR_URL], ssl=[rule, OUR_SSL]).coverage} == {"yes"}
