# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of Umbrella and Secure Access alone, on tables that are handed to it: no service, no twin."""
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Objects, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import Decryption
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import BLOCKED, BUNDLES, DNS, MARK, WEB, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import Rules

POLICY = {"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}
ALL = (".chatgpt.com", "*.openai.com", "js.stripe.com")
HELD = ("chatgpt.com", "openai.com", "js.stripe.com")
NAMES = {DNS: "Chat DNS", WEB: "Chat web"}
OURS, THEIRS, OTHER = 2, 7, 8


def row(number: int, name: str, layer=WEB, **more) -> dict:
    return dict({"id": number, "name": name, "bundleTypeId": BUNDLES[layer]}, **more)


def condition(name: str, value: object, operator="=") -> dict:
    return {"attributeName": "umbrella." + name, "attributeValue": value, "attributeOperator": operator}


def access(name: str, action: str, priority: int, *, lists=(), people="everybody", more=(), enabled=True) -> dict:
    """An access rule: by these destination lists, or for every destination."""
    conditions = [condition("source.all", True) if people == "everybody" else condition("source.identity_ids", [people], "INTERSECT")]
    conditions.append(condition("destination.destination_list_ids", list(lists), "INTERSECT") if lists else condition("destination.all", True))
    return {"ruleId": priority, "ruleName": name, "ruleAction": action, "rulePriority": priority, "ruleIsEnabled": enabled,
            "ruleConditions": [*conditions, *more], "ruleSettings": []}


AI = access("AI users", "allow", 5, lists=[OURS], people=301)


def assess(entries=(), *rules, held=HELD, lists=(), policy=None, named=("AI users",), parked=(), other=None, plan=None, theirs=None, **settings) -> Assessment:
    """What the judge says where lists of ours hold ``held``. ``entries`` are those of a list of the site that may block, ``other`` those of one that may not.

    With ``rules`` it is Secure Access. ``plan``: predicted are entries of ours instead of ``held``, and that those of the site are parked.
    """
    secure = dict({"secure": True, "layers": (WEB,), "names": {WEB: NAMES[WEB]}, "audience": (("rules", tuple(named)),)} if rules else {"names": NAMES})
    made = Settings(**dict(secure, **settings))
    site = Site(made.names, made.parking_domain)
    site.lists = [row(1, NAMES[DNS] + MARK, DNS), row(OURS, NAMES[WEB] + MARK), row(THEIRS, "Threats", **(theirs or {})), row(OTHER, "Partners"), *lists]
    site.items = {1: _items(held), OURS: _items(held), THEIRS: _items([*entries, *("%s.netaccess.invalid" % one for one in parked)])}
    site.items.update({one["id"]: _items(held) for one in lists})
    site.scanned = {THEIRS}
    if other is not None:
        site.items[OTHER] = _items(other)
    if rules:
        site.rules = Rules(named, sorted(rules, key=lambda rule: rule["rulePriority"]))
        site.decryption = Decryption(made.names[WEB])
        site.decryption.unread = {"profiles": "profiles: not read", "settings": "settings: not read", "lists": "lists: not read"}
    objects = Objects()
    site.objects(objects.add)
    for ref, obj in objects.items() if plan is not None else ():
        made_of = {"fields": {"blocks": False, "parked": True}} if ref.kind == BLOCKED else {"members": {"destinations": frozenset(plan)}}
        objects[ref] = replace(obj, **made_of)
    return Assessor(made, site, Policy.from_config(policy or POLICY), State(objects)).assess()


def _items(names) -> list:
    return [{"destination": name, "comment": ""} for name in names]


def words(found: Assessment, which="allowed") -> list:
    return [getattr(row, which) for row in found.coverage]


def notes(found: Assessment) -> list:
    return [row.note for row in found.coverage]


def told(found: Assessment) -> list:
    return [(one.where, one.text, one.hosts, one.certain, bool(one.remedy)) for one in found.conflicts]


# -- Umbrella: what may stand in the way


@pytest.mark.parametrize("entry, text, hosts", [
    ("chatgpt.com", "domain chatgpt.com", ALL[:1]), ("ab.chatgpt.com", "domain ab.chatgpt.com", ALL[:1]), ("com", "domain com", ALL),
    ("stripe.com", "domain stripe.com", ALL[2:]), ("sub.js.stripe.com", None, ()), ("claude.ai", None, ()), ("203.0.113.7", None, ()),
    ("https://chatgpt.com/x", "URL https://chatgpt.com/x", ALL[:1]), ("openai.com", "domain openai.com", ALL[1:2])])
def test_an_entry_that_may_block_is_told_with_the_hosts_that_it_is_about(entry, text, hosts):
    assert told(assess([entry])) == ([("destination list Threats", text, hosts, False, False)] if text else [])


def test_what_is_not_certain_has_no_remedy_and_what_was_parked_is_resolved():
    found = assess(["chatgpt.com"], parked=["openai.com"])
    assert [one.text for one in found.conflicts] == ["domain chatgpt.com"]
    assert [ref.name for ref in found.resolved.values()] == ["Threats: openai.com"]
    assert [one.opens for one in found.conflicts] == ["it is not certain that this blocks or decrypts these hosts: check it, and change it by hand"]
    assert assess(["chatgpt.com"], scan_conflicts=False).conflicts == []
    assert [one.opens for one in assess(["chatgpt.com"], protected=("Threats",)).conflicts] == ["protected"]


# -- Umbrella: who else is reached, what is lost, what is in force


@pytest.mark.parametrize("options, widened", [
    ({}, False), ({"lists": [row(3, "All", DNS, isGlobal=True)], "names": {DNS: "All", WEB: NAMES[WEB]}}, True),
    ({"lists": [row(3, "All", DNS, isGlobal=True)], "names": {DNS: "All", WEB: NAMES[WEB]}, "everyone": True}, False),
    ({"lists": [row(3, "All", DNS, isGlobal=True)], "names": {DNS: "All", WEB: NAMES[WEB]}, "layers": (WEB,)}, False)], ids=str)
def test_the_global_list_is_for_everybody(options, widened):
    assert assess(**options).audience_widened == ["All applies to everybody in every DNS policy"] * widened


def test_what_is_lost_by_an_exemption_in_the_web_policy():
    assert [loss.control for loss in assess().losses] == ["av", "sandbox", "dlp", "file_control", "casb", "isolation"]
    assert {(loss.rule, loss.hosts) for loss in assess().losses} == {("the web policy, if it uses the list; the API does not show that", ALL[:1])}
    assert assess(layers=(DNS,)).losses == [] and assess(policy=dict(POLICY, exempt=[])).losses == []


def test_what_is_removed_is_not_covered():
    found = assess(removing=True)
    assert found.coverage == [] and found.losses == [] and found.audience_widened == [] and any("stays, empty" in line for line in found.manual)


def test_what_the_lists_hold_is_not_known_to_be_used():
    found = assess()
    assert words(found) == ["unchecked"] * 3 and words(found, "exempt") == ["unchecked", "not wanted", "not wanted"]
    assert [row.allowed_by for row in found.coverage] == ["Chat DNS by netaccess.chatgpt, Chat web by netaccess.chatgpt"] * 3
    used = "in the list; the API does not show which policies use it"
    assert notes(found) == [used + "; the API does not show what is decrypted", "widened: openai.com itself too; " + used,
                            "widened: the subdomains of js.stripe.com too; " + used]
    assert notes(assess(layers=(DNS,)))[0].endswith("the DNS layer decrypts only traffic that its intelligent proxy handles")


def test_what_a_list_does_not_hold_is_not_allowed():
    found = assess(held=HELD[:2])
    assert words(found) == ["unchecked", "unchecked", "no"] and found.coverage[2].allowed_by is None
    assert notes(found)[2] == "; ".join(["widened: the subdomains of js.stripe.com too"] + [
        "Chat %s by netaccess.chatgpt does not hold it" % layer for layer in ("DNS", "web")])
    assert words(assess(held=["api.openai.com"]))[1] == "no" and words(assess(held=["com"])) == ["unchecked"] * 3
    assert words(assess(held=["https://chatgpt.com/x"]))[0] == "no"


def test_the_global_list_alone_is_in_force():
    options = {"lists": [row(3, "All", DNS, isGlobal=True)], "names": {DNS: "All", WEB: NAMES[WEB]}}
    found = assess(layers=(DNS,), **options)
    assert words(found) == ["yes"] * 3 and [row.allowed_by for row in found.coverage] == ["All"] * 3 and notes(found)[1] == "widened: openai.com itself too"
    assert words(assess(**options)) == ["unchecked"] * 3


# -- Secure Access: entries of lists


BLOCK = access("Block", "block", 3, lists=[THEIRS])


def test_our_list_in_a_rule_of_the_audience_allows():
    found = assess([], AI)
    assert words(found) == ["yes"] * 3 and notes(found)[0].startswith("the access rule AI users may have it decrypted") and found.conflicts == []
    assert notes(found)[1:] == ["widened: openai.com itself too", "widened: the subdomains of js.stripe.com too"]
    assert "ips" in {loss.control for loss in found.losses}
    assert words(found, "exempt") == ["unchecked", "not wanted", "not wanted"]
    assert [row.allowed_by for row in found.coverage] == ["Chat web by netaccess.chatgpt"] * 3


@pytest.mark.parametrize("rule, word, certain", [
    ({}, "no", True), ({"people": 301}, "unchecked", False), ({"priority": 6}, "yes", None), ({"lists": [OTHER]}, "yes", None),
    ({"enabled": False}, "yes", None), ({"action": "allow"}, "yes", None), ({"action": "warn"}, "no", True), ({"action": "ask"}, "unchecked", False)], ids=str)
def test_an_entry_by_which_a_rule_above_blocks(rule, word, certain):
    made = access("Block", **dict({"action": "block", "priority": 3, "lists": [THEIRS]}, **rule))
    found = assess(["chatgpt.com"], AI, made, other=["partner.example"])
    assert words(found) == [word, "yes", "yes"]
    assert [one for one in told(found) if "destination list" in one[0]] == ([] if certain is None else [
        ("access rule Block, destination list Threats", "domain chatgpt.com", ALL[:1], certain, certain)])
    # Where the effect of a rule is not known it is a conflict itself.
    assert [one[0] for one in told(found) if "destination list" not in one[0]] == (["access rule Block"] if rule.get("action") == "ask" else [])


def test_of_several_rules_one_that_surely_blocks_makes_it_certain_and_all_are_named():
    found = assess(["chatgpt.com"], AI, access("Sick", "block", 2, lists=[THEIRS], people=9), BLOCK)
    assert told(found) == [("access rule Sick, Block, destination list Threats", "domain chatgpt.com", ALL[:1], True, True)]
    conflict, = found.conflicts
    assert conflict.opens == "this entry, for everybody that a rule with this list blocks"
    assert conflict.remedy[0].fields == {"blocks": (True, False), "parked": (False, True)}
    conflict, = assess(["https://chatgpt.com/x"], AI, BLOCK).conflicts
    assert (conflict.text, conflict.certain, conflict.remedy) == ("URL https://chatgpt.com/x", False, ())


def test_an_entry_that_is_there_and_parked_is_parked_no_second_time():
    conflict, = assess(["chatgpt.com"], AI, BLOCK, parked=["chatgpt.com"]).conflicts
    assert conflict.remedy[0].fields == {"blocks": (True, False)}


@pytest.mark.parametrize("entry, more, opens", [
    ("chatgpt.com", {"isMspDefault": True}, "this list is managed outside of this organisation"),
    ("chatgpt.com", {"thirdpartyCategoryId": 4}, "this list is managed outside of this organisation"),
    ("%s.chatgpt.com" % ".".join(["a" * 60] * 3 + ["a" * 50]), {}, "its name is too long for the parking domain")])
def test_an_entry_that_cannot_be_parked(entry, more, opens):
    assert [(one.certain, one.remedy, one.opens) for one in assess([entry], AI, BLOCK, theirs=more).conflicts] == [(True, (), opens)]


def test_a_rule_of_the_audience_opens_nothing_for_the_people_of_another_one():
    late = access("Late users", "allow", 9, lists=[OURS], people=302)
    found = assess(["chatgpt.com"], AI, late, access("Block", "block", 7, lists=[THEIRS]), named=("AI users", "Late users"))
    assert words(found)[0] == "no" and told(found)[0][3] is True and notes(found)[0].startswith("the access rule Block blocks it; the access rule AI users may")
    assert words(assess(["chatgpt.com"], AI, access("Block", "block", 7, lists=[THEIRS])))[0] == "yes"


# -- Secure Access: rules


@pytest.mark.parametrize("rule, word, hosts, certain", [
    ({}, "no", ALL, True), ({"people": 301}, "unchecked", ALL, False), ({"priority": 6}, "yes", None, None),
    ({"lists": [THEIRS], "more": [condition("destination.application_ids", [7], "INTERSECT")]}, "unchecked", ALL, False),
    ({"lists": [THEIRS]}, "yes", None, None), ({"action": "isolate"}, "no", ALL, True)], ids=str)
def test_a_rule_above_that_blocks_by_more_than_a_list_is_a_conflict_itself(rule, word, hosts, certain):
    made = access("Early", **dict({"action": "block", "priority": 3}, **rule))
    found = assess([], AI, made)
    assert words(found) == [word] * 3
    assert [one[:1] + one[2:] for one in told(found)] == ([("access rule Early", tuple(sorted(hosts)), certain, False)] if hosts else [])
    assert not hosts or (found.conflicts[0].text.split(";")[0], found.conflicts[0].opens) == (
        made["ruleAction"], "everything else that this rule blocks; this collection does not change access rules")
    assert notes(found)[0].startswith("the access rule Early %s it" % {"no": "blocks", "unchecked": "may block"}.get(word, word)) == (word != "yes")


LIST = condition("destination.destination_list_ids", [THEIRS], "INTERSECT")
EVERYBODY = condition("source.all", True)


@pytest.mark.parametrize("conditions, allowed", [
    (None, ["unchecked"] * 3), ([], ["unchecked"] * 3), ([EVERYBODY], ["unchecked"] * 3), ([LIST], ["unchecked", "yes", "yes"]),
    ([EVERYBODY, LIST], ["no", "yes", "yes"]), ([EVERYBODY, dict(LIST, attributeOperator="IN")], ["no", "yes", "yes"]),
    ([EVERYBODY, dict(LIST, attributeValue=THEIRS)], ["no", "yes", "yes"]),
    ([EVERYBODY, dict(LIST, attributeOperator="NOT IN")], ["unchecked"] * 3), ([EVERYBODY, dict(LIST, attributeValue=[])], ["unchecked"] * 3),
    ([EVERYBODY, dict(LIST, attributeValue=None)], ["unchecked"] * 3), ([EVERYBODY, LIST, dict(LIST, attributeValue=[OTHER])], ["unchecked"] * 3),
    ([EVERYBODY, LIST, condition("destination.all", True)], ["no", "unchecked", "unchecked"]),
    ([EVERYBODY, condition("destination.all", False)], ["unchecked"] * 3), ([condition("source.all", False), LIST], ["unchecked", "yes", "yes"]),
    ([EVERYBODY, LIST, condition("posture.os", 7)], ["unchecked", "yes", "yes"])], ids=str)
def test_what_the_conditions_of_a_rule_above_say(conditions, allowed):
    early = dict(access("Early", "block", 3), ruleConditions=conditions)
    found = assess(["chatgpt.com"], AI, early, other=["partner.example"])
    assert words(found) == allowed and bool(found.conflicts) and all(one.certain == ("no" in allowed) for one in found.conflicts)
    # What it lets through for some is not open for all.
    assert words(assess(["chatgpt.com"], AI, access("All", "block", 4), dict(early, ruleAction="allow"), other=["partner.example"])) == [
        "yes" if word == "no" else "no" for word in allowed]


def test_a_rule_is_told_by_its_name_and_not_told_without_the_scan():
    early = access("Early", "block", 3)
    assert [one.opens for one in assess([], AI, early, protected=("Early",)).conflicts] == ["protected"]
    found = assess([], AI, early, scan_conflicts=False)
    assert found.conflicts == [] and words(found) == ["unchecked"] * 3 and notes(found)[0].startswith("the rules above were not read")


def test_a_rule_of_the_audience_that_is_not_understood_says_so():
    odd = dict(AI, ruleConditions=[*AI["ruleConditions"], condition("destination.port", "443")])
    found = assess([], odd)
    assert words(assess([], odd, access("Late", "block", 8))) == ["unchecked"] * 3, "what comes after it was not read"
    assert words(found) == ["unchecked"] * 3 and notes(found)[0].startswith("the access rule of the audience has conditions that are not understood")


def test_a_rule_that_does_not_use_our_list_does_not_allow_and_one_that_nobody_named_does():
    found = assess([], dict(access("AI users", "allow", 5, lists=[OTHER], people=301)), other=["partner.example"])
    assert words(found) == ["no"] * 3 and notes(found)[0].startswith("the access rule AI users does not use the list")
    found = assess([], AI, access("Company", "allow", 8, lists=[OURS]))
    assert found.audience_widened == [
        "the access rule Company also lets traffic through for Chat web by netaccess.chatgpt; add it to audience.rules, or remove the list from it"]
    assert assess([], AI, access("Company", "block", 8, lists=[OURS])).audience_widened == []
    found = assess([], AI, named=())
    assert words(found) == ["unchecked"] * 3 and notes(found)[0].startswith("audience.rules is not set")


# -- Secure Access: what a list holds


@pytest.mark.parametrize("lists, other, word", [
    ([OTHER], None, "unchecked"), ([OTHER], ["chatgpt.com"], "no"), ([OTHER], ["claude.ai"], "yes"), ([OURS], None, "no"), ([99], None, "unchecked")], ids=str)
def test_a_list_that_was_not_read_may_hold_anything(lists, other, word):
    assert words(assess([], AI, access("Early", "block", 3, lists=lists), other=other))[0] == word


def test_what_is_parked_is_in_no_list():
    assert words(assess([], AI, BLOCK, parked=["chatgpt.com"]))[0] == "yes"
    assert words(assess(["ab.chatgpt.com"], AI, BLOCK)) == ["unchecked", "yes", "yes"]


def test_lists_are_what_the_plan_makes_of_them():
    found = assess(["chatgpt.com"], AI, BLOCK, held=["chatgpt.com"], plan=HELD)
    assert words(found) == ["yes"] * 3 and found.conflicts == []
    assert words(assess([], AI, BLOCK, access("Late", "block", 4, lists=[OURS]), held=HELD, plan=["openai.com"]))[1:] == ["no", "no"]
    assert words(assess([], AI, access("Early", "block", 4, lists=[OURS]), held=["chatgpt.com"], plan=HELD)) == ["no"] * 3


def test_our_list_before_it_was_made_holds_nothing_and_may_be_named_by_nobody():
    found = assess([], AI, held=())
    assert words(found) == ["no"] * 3


def test_which_rules_matter_for_what():
    rules = Rules(("AI users",), [access("Early", "allow", 2, lists=[9]), BLOCK, AI, access("Late", "allow", 9, lists=[OTHER]),
                                  access("Off", "allow", 1, enabled=False)])
    assert [[one["ruleName"] for one in some] for some in (rules.named, rules.passing, rules.deciding)] == [
        ["AI users"], ["Early", "AI users", "Late"], ["Early", "AI users"]]
    assert [number for number in (THEIRS, OTHER, OURS, 9) if rules.asked_by(number)] == [THEIRS, OURS, 9]
