# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge says of a gateway, without a server: each of its conditions decides something here."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.adapter import SkyhighAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import DISABLED, Settings
from tests.contract.rig import FIRST, MEDIA
from tests.products.skyhigh_swg.twin import condition, criterion, rule, rule_group

CHAT, OPENAI, STRIPE = ".chatgpt.com", "*.openai.com", "js.stripe.com"
HELD = {"ChatGPT allow": ("chatgpt.com", "*.chatgpt.com", OPENAI, STRIPE), "ChatGPT exempt": ("chatgpt.com", "*.chatgpt.com", OPENAI)}


class Gateway:
    """The lists and rule sets of a gateway, in place of its API. ``lists``: {title: entries}; one with a question mark holds more than is read, and
    Names has names in place of wildcard expressions."""

    def __init__(self, groups, lists):
        self.titles = {"id of " + title: title for title in lists}
        self.held = {"id of " + title: ET.fromstring('<list id=%s name=%s typeId="com.scur.type.%s"><content>%s</content></list>' % (
            quoteattr("id of " + title), quoteattr(title), "string" if title == "Names" else "regex",
            "".join("<listEntry><entry>%s</entry></listEntry>" % entry for entry in held))) for title, held in lists.items()}
        for identity, node in self.held.items():
            node.set("feature", "afar" if "?" in identity else "")
        self.groups = {str(number): ET.fromstring(group) for number, group in enumerate(groups)}

    def feed(self, path, **_parameters):
        if path == "/list":
            return [{"id": identity, "title": title} for identity, title in self.titles.items()]
        return [{"title": group.get("name"), "href": number} for number, group in self.groups.items()]

    def lists(self, identity):
        return self.held[identity]

    def export(self, href):
        root = ET.Element("libraryContent")
        root.append(self.groups[href])
        return root


def judged(*groups, lists=None, policy=FIRST, later=lambda state: None, **options):
    """``later``: makes of the State that was read what a plan predicts."""
    adapter = SkyhighAdapter(Settings(**dict({"groups": ("AI users",)}, **options)), Gateway(groups, dict(HELD, **lists or {})), None)
    state = adapter.read()
    later(state)
    return adapter.assess(policy, state)


def listed(title, prefix=""):
    return criterion("url.host", "matchesinlist", listed="id of " + title, prefix=prefix)


def group(name, action, *criteria, **more):
    """A rule set with one rule of its name."""
    return rule_group(name, [rule(name, action, *criteria, **more)], cycles="request")


def ours(title):
    return group(title, "stopcycle", listed(title), criterion("authentication.usergroups", "contains", "AI users", prefix="AND"))


AUTH = group("Authentication", "authenticate", criterion("authentication.isauthenticated", "equals", "false"))
EXEMPT, ALLOW = ours("ChatGPT exempt"), ours("ChatGPT allow")
HTTPS = rule_group("HTTPS Scanning", [rule("Decrypt", "continue", engine="com.scur.engine.ssl")], cycles="request",
                   when=condition(criterion("command.name", "equals", "CONNECT")))

PART = criterion("client.ip", "equals", "192.0.2.1", prefix="AND")
SITE = (EXEMPT, HTTPS, ALLOW)
FEED = ("*chatgpt.com", "ab.openai.com", STRIPE)


def block(*criteria, name="No", cycles="request"):
    return rule_group(name, [rule(name, "block.1", *criteria)], cycles=cycles)


def odd(group):
    """Its rule has an attribute that is not known."""
    return group.replace("<rule id", '<rule odd="1" id')


def label(name):
    return "rule %s of rule set %s" % (name, name)


# -- coverage


TUNNEL, NONE = "tunnelled: the gateway does not check the server's certificate", "no rule is known to allow it"
UNAPPLIED = NONE + "; " + label("ChatGPT allow") + " may not apply"
BY_ALLOW, BY_EXEMPT = label("ChatGPT allow"), label("ChatGPT exempt")
DECRYPTS, EARLY = label("Decrypt").replace("set Decrypt", "set HTTPS Scanning") + " decrypts it", " is above authentication"
SPARED = ("yes", "yes", BY_EXEMPT, BY_EXEMPT, TUNNEL)
OPEN = ("yes", "not wanted", BY_ALLOW, None, "")
REASON = "it may apply to a part of the users or hosts only, or be evaluated too late"


@pytest.mark.parametrize("groups,lists,expected", [
    ((AUTH, *SITE), {}, {CHAT: SPARED, STRIPE: OPEN}),
    ((EXEMPT, ALLOW, AUTH, HTTPS), {}, {CHAT: ("no", "no", None, None, "; ".join([BY_EXEMPT + EARLY, UNAPPLIED, DECRYPTS])),
                                        STRIPE: ("no", "not wanted", None, None, "; ".join([BY_ALLOW + EARLY, UNAPPLIED]))}),
    ((AUTH,), {}, {CHAT: ("no", "no", None, None, NONE), STRIPE: ("no", "not wanted", None, None, NONE)}),
    ((group("Pass", "stopcycle"), AUTH), {}, {
        CHAT: ("no", "no", None, None, label("Pass") + EARLY), STRIPE: ("no", "not wanted", None, None, label("Pass") + EARLY)}),
    # What may sign people in, by its title, may come too late.
    ((group("Pass", "stopcycle"), rule_group("Authenticated?", [rule("Looks", "continue")])), {}, {
        CHAT: ("unchecked", "unchecked", None, None, label("Pass") + EARLY), STRIPE: ("unchecked", "not wanted", None, None, label("Pass") + EARLY)}),
    ((AUTH, block(listed("Feed")), *SITE), {"Feed": FEED}, {
        CHAT: ("no", "no", None, None, label("No") + " blocks it"),
        OPENAI: ("unchecked", "unchecked", None, None, "%s may block it (%s)" % (label("No"), REASON)),
        STRIPE: ("no", "not wanted", None, None, label("No") + " blocks it")}),
    ((AUTH, HTTPS, block(listed("Feed"), cycles="response")), {"Feed": FEED}, {STRIPE: ("no", "not wanted", None, None, label("No") + " blocks it")}),
    ((AUTH, block(criterion("url.host", "matchesinlist", listed="elsewhere")), *SITE), {}, {
        STRIPE: ("unchecked", "not wanted", None, None, label("No") + " may block it (list elsewhere cannot be read completely)")}),
    ((AUTH, block(listed("Feed?")), *SITE), {"Feed?": ("claude.ai",)}, {
        STRIPE: ("unchecked", "not wanted", None, None, label("No") + " may block it (list Feed? cannot be read completely)")}),
    ((AUTH, HTTPS, rule_group("Connects", [rule("Connects", "stopcycle")], when=condition(criterion("command.name", "equals", "CONNECT")))), {}, {
        STRIPE: ("no", "not wanted", None, None, NONE)}),
    ((AUTH, *SITE), {"ChatGPT allow": ()}, {CHAT: SPARED, STRIPE: ("no", "not wanted", None, None, "ChatGPT allow does not hold it")}),
    ((AUTH, EXEMPT, HTTPS, odd(ALLOW)), {}, {CHAT: SPARED, STRIPE: ("unchecked", "not wanted", None, None, UNAPPLIED)}),
    ((AUTH, *SITE), {"ChatGPT exempt": ()}, {CHAT: ("yes", "no", BY_ALLOW, None, DECRYPTS), STRIPE: OPEN}),
    ((AUTH, HTTPS, EXEMPT, ALLOW), {}, {CHAT: ("yes", "no", BY_EXEMPT, None, DECRYPTS), STRIPE: OPEN}),
    ((AUTH, odd(HTTPS), EXEMPT, ALLOW), {}, {CHAT: ("yes", "unchecked", BY_EXEMPT, None, DECRYPTS.replace("decrypts", "may decrypt")), STRIPE: OPEN}),
    ((AUTH, ALLOW), {"ChatGPT exempt": ()}, {CHAT: ("yes", "no", BY_ALLOW, None, "it is not in ChatGPT exempt"), STRIPE: OPEN}),
    ((AUTH, ALLOW), {}, {CHAT: ("yes", "yes", BY_ALLOW, BY_ALLOW, TUNNEL), STRIPE: OPEN})])
def test_what_is_in_force(groups, lists, expected):
    rows = {row.pattern: (row.allowed, row.exempt, row.allowed_by, row.exempt_by, row.note) for row in judged(*groups, lists=lists).coverage}
    assert {pattern: rows[pattern] for pattern in expected} == expected


def test_what_was_not_read_is_not_told():
    found = judged(AUTH, *SITE, scan_conflicts=False)
    note = "rule sets were not read (scan_conflicts)"
    assert [(row.allowed, row.exempt, row.note) for row in found.coverage] == [("unchecked", one, note) for one in ("unchecked", "unchecked", "not wanted")]
    assert found.manual == [] and found.losses == []
    found = judged(AUTH, HTTPS, policy=Policy.from_config({"allow": []}))
    assert found.manual == [] and found.losses == []
    assert len(judged(AUTH, *SITE, policy=Policy(allow=FIRST.allow, exempt=FIRST.exempt, media=MEDIA)).manual) == len(MEDIA)


# -- what stands in the way


ENTRIES = "everything else that these entries match, in every rule that uses this list: "
NO_LIST = "the rule matches these hosts without a list that could be changed here; change the rule"
UNSURE = "it is not certain that this blocks or decrypts these hosts: check it, and change it by hand"
CLIENT = "property com.scur.engine.system.client.ip, which tells of people, is not understood"


@pytest.mark.parametrize("blocks,lists,options,expected", [
    ([block(listed("Feed"))], {"Feed": FEED}, {}, ("Feed", (OPENAI, CHAT, STRIPE), True, True, "", ENTRIES + "*chatgpt.com, js.stripe.com")),
    ([block(listed("Feed"), PART)], {"Feed": FEED}, {}, ("Feed", (OPENAI, CHAT, STRIPE), False, False, CLIENT, UNSURE)),
    ([block(criterion("url.host", "matches", "*chatgpt.com"))], {}, {}, (None, (CHAT,), True, False, "", NO_LIST)),
    ([block(listed("Feed"))], {"Feed": ("regex(chat)",)}, {}, ("Feed", (OPENAI, CHAT, STRIPE), False, False, REASON,
                                                               "regex(chat) covers more than these hosts; change the rule")),
    ([block(listed("Feed"))], {"Feed": ("*.com",)}, {},
     ("Feed", (OPENAI, CHAT, STRIPE), True, False, "", "*.com covers more than these hosts; change the rule")),
    ([block(listed("Feed"))], {"Feed": FEED}, {"protected": ("Feed",)}, ("Feed", (OPENAI, CHAT, STRIPE), True, False, "", "protected")),
    ([block(listed("Feed"))], {"Feed": FEED}, {"protected": ("No",)}, ("Feed", (OPENAI, CHAT, STRIPE), True, False, "", "protected")),
    ([block(listed("ChatGPT exempt"))], {}, {}, (None, (OPENAI, CHAT), True, False, "", NO_LIST)),
    ([block(listed("Other"), listed("Feed", "OR"))], {"Feed": (STRIPE,), "Other": ("claude.ai",)}, {}, ("Feed", (STRIPE,), True, True, "", ENTRIES + STRIPE)),
    ([block(criterion("authentication.usergroups", "contains", "AI users"), listed("Feed", "AND"))], {"Feed": (STRIPE,)}, {"groups": ("AI users", "Staff")},
     ("Feed", (STRIPE,), False, False, REASON, UNSURE)),
    ([block(listed("Feed"))], {"Feed": ("disabled-by-netaccess/j*.stripe.com", STRIPE)}, {}, ("Feed", (STRIPE,), True, True, "", ENTRIES + STRIPE))])
def test_what_a_conflict_says(blocks, lists, options, expected):
    where, hosts, certain, remedy, doubt, opens = expected
    conflict, = judged(AUTH, *blocks, *SITE, lists=lists, **options).conflicts
    assert (conflict.where, conflict.hosts, conflict.certain, bool(conflict.remedy), conflict.opens) == (
        "list of the site Feed" if where else label("No"), hosts, certain, remedy, opens)
    assert conflict.text == label("No") + ("; " + doubt if doubt else "")


@pytest.mark.parametrize("first,last", [("request", "request"), ("response", "request"), ("request", "response")])
def test_a_list_that_one_rule_certainly_blocks_by_is_reported_as_certain(first, last):
    """Whichever rule of the two stands first, and whichever is asked first."""
    for order in ([], [PART]), ([PART], []):
        blocks = [block(listed("Feed"), *more, name=name, cycles=cycles) for more, name, cycles in zip(order, ("One", "Two"), (first, last))]
        conflict, = judged(AUTH, EXEMPT, HTTPS, *blocks, ALLOW, lists={"Feed": (STRIPE,)}).conflicts
        assert conflict.certain


@pytest.mark.parametrize("one,told", [
    (block(PART.replace(' prefix="AND"', "")), False), (block(criterion("url.host", "matches", STRIPE)), True), (block(listed("Feed")), True),
    (block(listed("Feed"), PART), True)])
def test_without_a_rule_of_ours_only_what_is_certain_or_can_be_changed_is_told(one, told):
    lists = {"Feed": (STRIPE,)}
    assert len(judged(AUTH, one, HTTPS, lists=lists).conflicts) == told and len(judged(AUTH, one, *SITE, lists=lists).conflicts) == 1


def test_what_a_plan_switches_on_again_is_in_the_way_again():
    def later(state):
        obj, = (obj for obj in state.objects.values() if obj.fields.get("disabled"))
        obj.fields["disabled"] = []
    lists = {"Feed": (DISABLED + STRIPE,)}
    assert judged(AUTH, block(listed("Feed")), *SITE, lists=lists).conflicts == []
    conflict, = judged(AUTH, block(listed("Feed")), *SITE, lists=lists, later=later).conflicts
    assert conflict.where == "list of the site Feed" and conflict.certain


@pytest.mark.parametrize("one", [
    rule("Adds", "continue", header="X-Company"),
    *(rule("Looks", "continue", engine="com.scur.engine." + name) for name in ("antimalware", "cache", "compositeopener", "dlp"))])
def test_what_only_scans_or_adds_a_header_blocks_nobody(one):
    assert judged(AUTH, rule_group("Looks", [one], cycles="request"), *SITE).conflicts == []


@pytest.mark.parametrize("name", ["url.host.belongstodomains", "url.hostbelongstodomains"])
def test_both_names_of_a_property_are_read(name):
    conflict, = judged(AUTH, block(criterion(name, "equals", "true", listed="id of Names")), *SITE, lists={"Names": (STRIPE,)}).conflicts
    assert conflict.certain and conflict.hosts == (STRIPE,)


@pytest.mark.parametrize("entry,word", [("com", "unchecked"), ("*.stripe.com", "unchecked"), (".js.stripe.com", "unchecked"), ("stripe.com", "no"),
                                        ("*.example.com", "yes"), ("net", "yes"), ("192.0.2.1", "yes"), ("", "yes")])
def test_a_domain_that_is_not_written_as_one_may_be_meant(entry, word):
    domains = criterion("url.host.belongstodomains", "equals", "true", listed="id of Names")
    found = judged(AUTH, block(domains), *SITE, lists={"Names": (entry,)})
    assert {row.pattern: row.allowed for row in found.coverage}[STRIPE] == word


def test_a_header_that_a_rule_takes_from_a_list_is_tenant_control():
    event = '<executeActionContainer><procedureValue procedureId="com.scur.procedure.header.add"><listValue id="id of Headers"/></procedureValue>'
    adds = rule("Adds", "continue", header="X").replace('<executeActionContainer><procedureValue procedureId="com.scur.procedure.header.add">', event + (
        '</executeActionContainer><executeActionContainer><procedureValue procedureId="com.scur.procedure.header.add">'), 1)
    for entry, told in (("ChatGPT-Allowed-Workspace-Id", 1), ("X-Company", 0)):
        found = judged(AUTH, EXEMPT, HTTPS, rule_group("Tenants", [adds]), ALLOW, block(listed("Headers")), lists={"Headers": (entry,)})
        assert [one.rule for one in found.tenant_controls if "Adds" in one.rule] == ["rule Adds of rule set Tenants"] * told


def test_a_control_is_known_by_the_title_of_a_rule_set_in_another_one():
    scans = rule_group("Content", groups=[rule_group("Data Loss Prevention", [rule("Looks", "continue")])])
    assert ("dlp", "rule set Content") in [(one.control, one.rule) for one in judged(AUTH, *SITE, scans).losses]
