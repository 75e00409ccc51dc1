# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of PAN-OS alone, on a configuration that is handed to it: no device, no twin."""
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.adapter import PanosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.model import Context, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import DISABLED, MARK
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from tests.products.panos.twin.site import rule

POLICY = {"allow": [".chatgpt.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}
VOICE = dict(POLICY, media=[{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28"], "feed_date": "2026-07-25"}])
MEMBERS = Audience(from_zones=("trust",), to_zones=("untrust",), users=("members",))
WHERE = {"from": "trust", "to": "untrust"}
CATEGORIES = {"Chats": ["chatgpt.com/", "*.chatgpt.com/"], "Some": ["ab.chatgpt.com/"], "Shops": ["js.stripe.com/"], "All": ["*/"]}
OURS = "<description>%s</description>" % MARK


def category(name: str, entries: list, more: str = "") -> str:
    return "<entry name='%s'><list>%s</list><type>URL List</type>%s</entry>" % (name, "".join("<member>%s</member>" % one for one in entries), more)


def security(name: str, action: str, more: str = "", **columns) -> str:
    return rule(name, action, more, **dict(WHERE, application="any", **columns))


def decryption(name: str, action: str, more: str = "", **columns) -> str:
    return rule(name, action, "<type><ssl-forward-proxy/></type>" + more, **dict(WHERE, **columns))


def by_profile(name: str) -> str:
    return "<profile-setting><profiles><url-filtering><member>%s</member></url-filtering></profiles></profile-setting>" % name


OPEN, DECRYPT, SPARE = security("Open", "allow"), decryption("Decrypt", "decrypt"), decryption("Spare", "no-decrypt")


def assess(given=(OPEN,), decrypting=(), /, *, profiles="", objects="", shared="", besides="", unseen="", policy=None, exclusions=None,
           **settings) -> Assessment:
    """What the judge says of a firewall with these rules, all of them security rules but for those that are ``decrypting``."""
    made = Settings(**dict({"audience": MEMBERS}, **settings))
    lists = "".join(category(name, entries) for name, entries in CATEGORIES.items())
    scope = ET.fromstring(
        "<entry name='vsys1'><profiles><custom-url-category>%s</custom-url-category><url-filtering>%s</url-filtering></profiles>%s<rulebase><security><rules>%s"
        "</rules></security><decryption><rules>%s</rules></decryption>%s</rulebase></entry>" % (
            lists, profiles, objects, "".join(given), "".join(decrypting), besides))
    adapter = PanosAdapter(made, None, None)
    adapter._exclusions = ET.fromstring(exclusions) if exclusions else None
    context = Context([scope, ET.fromstring("<shared>%s</shared>" % shared)], made.rulebase, unseen)
    return Assessor(made, context, Policy.from_config(policy or POLICY), adapter._parse(scope, None)).assess()


def words(found: Assessment, which="allowed") -> list:
    return [getattr(row, which) for row in found.coverage]


def told(found: Assessment) -> list:
    return [(one.effect, one.where, one.hosts, one.certain) for one in found.conflicts]


# -- what stands in the way


def test_what_nothing_stands_in_the_way_of_is_allowed_and_exempt():
    found = assess([OPEN], [SPARE])
    assert [(row.allowed, row.allowed_by, row.exempt, row.exempt_by, row.note) for row in found.coverage] == [
        ("yes", "Open", "yes", "Spare", ""), ("yes", "Open", "not wanted", None, "")]
    assert (found.conflicts, found.losses, found.audience_widened, found.manual, found.warnings) == ([], [], [], [], [])


@pytest.mark.parametrize("columns, word, certain", [
    ({}, "no", True), ({"category": "Chats"}, "no", True), ({"category": "Some"}, "unchecked", False), ({"source": "192.0.2.10"}, "unchecked", False),
    ({"from": "guest"}, "yes", None), ({"category": "Shops"}, "yes", None)], ids=str)
def test_a_deny_above_is_a_conflict_about_the_hosts_that_it_is_about(columns, word, certain):
    found = assess([security("Deny", "deny", **columns), OPEN])
    about = [(where, certain) for _effect, where, hosts, certain in told(found) if ".chatgpt.com" in hosts]
    assert words(found)[0] == word and about == ([] if certain is None else [("security rule Deny", certain)])
    assert found.coverage[0].note == {"no": "Deny blocks it", "unchecked": "Deny may block it", "yes": ""}[word]
    assert found.coverage[0].allowed_by == (None if word == "no" else "Open")


def test_a_remedy_switches_the_rule_off_and_says_what_else_that_opens():
    conflict, = assess([security("Deny", "deny"), OPEN]).conflicts
    assert (conflict.text, conflict.opens) == ("deny", "everything else that this rule denies") and conflict.remedy[0].fields["disabled"] == ("no", "yes")
    conflict, = assess([OPEN], [DECRYPT]).conflicts
    assert (conflict.effect, conflict.text, conflict.opens) == ("decrypt", "decrypt", "everything else that this rule decrypts") and conflict.remedy
    conflict, = assess([security("Deny", "deny"), OPEN], protected=("Deny",)).conflicts
    assert (conflict.remedy, conflict.opens) == ((), "protected")


def test_a_rule_of_ours_that_blocks_is_no_conflict_that_disabling_it_would_resolve():
    conflict, = assess([security("chatgpt-allow", "deny", OURS)]).conflicts
    assert conflict.certain and conflict.remedy == () and conflict.opens == "everything else that this rule denies"


@pytest.mark.parametrize("enforcement, word", [("web", "unchecked"), ("default-no-captive-portal", "yes")])
def test_a_rule_that_asks_for_a_sign_in_is_told_in_its_own_words(enforcement, word):
    body = rule("Portal", "", "<authentication-enforcement>%s</authentication-enforcement>" % enforcement, **WHERE).replace("<action></action>", "")
    found = assess([OPEN], [SPARE], besides="<authentication><rules>%s</rules></authentication>" % body)
    assert words(found) == [word] * 2 and words(found, "exempt")[0] == "yes"
    assert [(one.where, one.text, one.opens, one.certain) for one in found.conflicts] == ([] if word == "yes" else [
        ("rule of vsys1 (authentication) Portal", "redirects users who are not signed in to a sign-in page (web); its action is not understood",
         "it is defined in vsys1 (authentication); change it there", False)])


def test_rules_that_nobody_can_read_and_those_that_are_asked_last_are_no_conflicts():
    found = assess([OPEN], [SPARE], unseen="the rules that Panorama pushed")
    assert words(found) == ["unchecked"] * 2 and words(found, "exempt")[0] == "unchecked" and found.conflicts == []
    assert found.coverage[0].note == "the rules that Panorama pushed are not judged"
    found = assess([])
    assert words(found) == ["no"] * 2 and found.conflicts == [] and found.coverage[0].note == "interzone-default blocks it"


def test_a_rule_of_shared_is_changed_where_it_is_made():
    for base, body in (("security", security("Deny", "deny")), ("decryption", DECRYPT)):
        shared = "<pre-rulebase><%s><rules>%s</rules></%s></pre-rulebase>" % (base, body, base)
        conflict, = assess([OPEN], shared=shared).conflicts
        assert conflict.certain and conflict.remedy == () and conflict.opens == "it is defined in shared; change it there"


FEED = "<external-list><entry name='Feed'><type><url/></type></entry></external-list>"


def test_what_only_the_device_knows_is_named_where_that_is_why_a_conflict_is_not_certain():
    conflict, = assess([security("Deny", "deny", category="Feed"), OPEN], objects=FEED).conflicts
    assert "only the device knows what Feed contains" in conflict.text and not conflict.certain
    conflict, = assess([security("Deny", "deny", category=["Feed", "Chats"]), OPEN], objects=FEED).conflicts
    assert "only the device" not in conflict.text and conflict.certain
    found = assess([security("Deny", "deny", "<schedule>nights</schedule>"), OPEN])
    assert found.conflicts[0].text == "deny; column schedule is not understood"
    assert found.coverage[0].note == "Deny may block it; column schedule is not understood"


def test_a_certain_conflict_is_about_the_hosts_that_are_certainly_blocked():
    assert told(assess([security("Deny", "deny", category=["Some", "Shops"]), OPEN])) == [("deny", "security rule Deny", ("js.stripe.com",), True)]


# -- profiles


@pytest.mark.parametrize("shut, text, opens", [
    ("Chats", "allow, with URL filtering profile P that blocks Chats", "remove these hosts from the category Chats, or assign the rule another profile"),
    ("artificial-intelligence", "allow, with URL filtering profile P that blocks a predefined category",
     "set a category that holds these hosts to alert in the profile")])
def test_what_a_profile_blocks_is_reported_with_a_remedy(shut, text, opens):
    found = assess([security("Open", "allow", by_profile("P"))], profiles="<entry name='P'><block><member>%s</member></block></entry>" % shut)
    conflict, = found.conflicts
    assert (conflict.text, conflict.opens, conflict.remedy) == (text, opens, ()) and words(found)[0] == ("no" if shut == "Chats" else "unchecked")


def test_profiles_that_are_not_understood_are_named():
    conflict, = assess([security("Open", "allow", "<profile-setting><group><member>Missing</member></group></profile-setting>")]).conflicts
    assert (conflict.text, conflict.opens, conflict.certain) == (
        "allow, with security profiles that are not understood (Missing)", "check what they block", False)


# -- exclusions


def excluded(*names: str, exclude="yes") -> str:
    return "<ssl-exclude-cert>%s</ssl-exclude-cert>" % "".join("<entry name='%s'>%s<exclude>%s</exclude></entry>" % (name, OURS, exclude) for name in names)


@pytest.mark.parametrize("names, exclude, word", [
    (("chatgpt.com", "*.chatgpt.com"), "yes", "yes"), (("chatgpt.com",), "yes", "no"), (("*.chatgpt.com",), "yes", "no"), ((), "yes", "no"),
    (("chatgpt.com", "*.chatgpt.com"), "no", "no")])
def test_what_the_exclusion_list_holds_is_exempt_for_everybody(names, exclude, word):
    found = assess([OPEN], [DECRYPT], exclusions=excluded(*names, exclude=exclude), exclusion_depth=1)
    assert [(row.exempt, row.exempt_by) for row in found.coverage] == [(word, "decryption exclusion list" if word == "yes" else None), ("not wanted", None)]
    assert [effect for effect, *_rest in told(found)] == (["decrypt"] if word == "no" else [])
    assert ("narrowed: subdomains of at most 1 levels" in found.coverage[0].note) == (word == "yes")
    assert found.audience_widened == ["the SSL decryption exclusion list applies to all users and all rules of this device"]


def test_the_exclusion_list_counts_where_the_task_writes_it_alone_and_opens_nothing():
    found = assess([security("Deny", "deny"), OPEN], [DECRYPT], exclusions=excluded("chatgpt.com", "*.chatgpt.com"))
    assert words(found, "exempt")[0] == "no" and found.audience_widened == []
    found = assess([security("Deny", "deny"), OPEN], [DECRYPT], exclusions=excluded("chatgpt.com", "*.chatgpt.com"), exclusion_depth=1)
    assert told(found) == [("deny", "security rule Deny", (".chatgpt.com", "js.stripe.com"), True)]


def test_an_exact_name_in_the_exclusion_list_is_not_narrowed_and_a_wider_pattern_exempts_the_narrower_ones():
    policy = {"allow": ["chatgpt.com", "*.openai.com", "api.openai.com"], "exempt": ["chatgpt.com", "*.openai.com"]}
    found = assess([OPEN], [DECRYPT], exclusions=excluded("chatgpt.com", "*.openai.com"), exclusion_depth=1, policy=policy)
    assert words(found, "exempt") == ["yes"] * 3 and [row.note for row in found.coverage] == ["", "narrowed: subdomains of at most 1 levels", ""]
    found = assess([OPEN], [DECRYPT], exclusions=excluded("api.openai.com"), exclusion_depth=1, policy=policy)
    assert words(found, "exempt") == ["no", "no", "yes"]


# -- coverage


def test_a_narrower_pattern_is_exempt_by_what_its_wider_one_is():
    policy = {"allow": [".chatgpt.com", "ab.chatgpt.com"], "exempt": [".chatgpt.com"]}
    assert words(assess([OPEN], [decryption("Decrypt", "decrypt", category="Some")], policy=policy), "exempt") == ["unchecked", "unchecked"]


@pytest.mark.parametrize("decrypting, row", [
    ([SPARE], ("yes", "Spare", "")), ([], ("yes", "no decryption rule", "")), ([DECRYPT], ("no", None, "Decrypt decrypts it")),
    ([decryption("Decrypt", "decrypt", source="192.0.2.10"), SPARE], ("unchecked", "Spare", "Decrypt may decrypt it"))])
def test_what_the_decryption_rules_say_of_an_exempt_host(decrypting, row):
    found = assess([OPEN], decrypting).coverage[0]
    assert (found.exempt, found.exempt_by, found.note) == row


def test_without_the_scan_nothing_is_known_to_be_open():
    found = assess([OPEN], [SPARE], scan_conflicts=False)
    assert words(found) == ["unchecked"] * 2 and words(found, "exempt") == ["unchecked", "not wanted"]
    found = assess([security("Deny", "deny"), OPEN], [DECRYPT], scan_conflicts=False)
    assert words(found) == ["no"] * 2 and words(found, "exempt") == ["no", "not wanted"]


def test_a_rule_that_only_may_open_leaves_it_to_the_rule_between_zones():
    found = assess([security("Open", "allow", "<schedule>days</schedule>")])
    assert words(found) == ["no"] * 2
    open_last = "<default-security-rules><rules><entry name='interzone-default'><action>allow</action></entry></rules></default-security-rules>"
    anybody = Audience(users=("members",))
    found = assess([], besides=open_last, audience=anybody)
    assert words(found) == ["unchecked"] * 2 and found.coverage[0].note == "no rule certainly matches it" and found.coverage[0].allowed_by is None


# -- several people


BOTH = ("Members", "Guests")
NAMED = (security("Members", "allow"), security("Guests", "allow", **{"from": "guest"}))


def test_what_is_blocked_for_the_people_of_one_rule_is_blocked():
    deny = security("Deny", "deny", **{"from": "guest"})
    assert words(assess([deny, *NAMED], rules=BOTH)) == ["no"] * 2 and words(assess([deny, *NAMED], rules=("Members",))) == ["yes"] * 2
    found = assess(NAMED, [decryption("Decrypt", "decrypt", **{"from": "guest"})], rules=BOTH)
    assert words(found, "exempt")[0] == "no" and words(found) == ["yes"] * 2 and found.coverage[0].allowed_by == "Members"


# -- who else is reached


QUARANTINE = security("Quarantine", "deny", source="192.0.2.10")
BLOCK = security("Block", "deny")


def test_a_deny_for_a_part_of_the_people_that_ours_passes_is_told():
    passed = ["Quarantine blocks a part of the audience and would no longer apply to these hosts; add it to position.never_above, or narrow the audience"]
    assert assess([BLOCK, QUARANTINE, OPEN]).audience_widened == passed
    assert assess([QUARANTINE, BLOCK, OPEN]).audience_widened == []
    assert assess([QUARANTINE, BLOCK, OPEN], before=("Quarantine",)).audience_widened == passed
    for kept in ({"never_above": ("Quarantine",)}, {"after": ("Quarantine",)}, {"category_name": "Chats"}):
        assert assess([BLOCK, QUARANTINE, OPEN], **kept).audience_widened == [], kept
    # Named to be passed, but for the whole audience.
    assert assess([BLOCK, OPEN], before=("Block",)).audience_widened == []
    # About whom it is, is known, and about which hosts the device knows alone.
    feed = security("Feed", "deny", category="Feed")
    assert [line.startswith("Feed blocks a part") for line in assess([BLOCK, feed, OPEN], objects=FEED).audience_widened] == [True]
    assert assess([feed, OPEN], objects=FEED, before=("Feed",)).audience_widened == []
    # Ours does not stand in the place of the named rules.
    assert assess([BLOCK, QUARANTINE, OPEN], rules=("Open",)).audience_widened == []


UDP = "<service><entry name='udp'><protocol><udp><port>1-65535</port></udp></protocol></entry></service>"


def test_the_same_is_told_of_voice():
    deny = [security("No UDP", "deny", service="udp"), security("Sick", "deny", service="udp", source="192.0.2.10")]
    found = assess([*deny, OPEN], objects=UDP, policy=VOICE)
    assert ["voice" in line for line in found.audience_widened] == [True] and found.manual == []
    assert assess([*deny, OPEN], objects=UDP).audience_widened == []
    web = [security("No web", "deny", service="service-http"), security("Sick", "deny", service="service-http", source="192.0.2.10")]
    assert assess([*web, OPEN], policy=VOICE).audience_widened == []


def test_voice_by_hand_where_no_rule_is_made_for_it():
    media = "voice (voice: UDP 3478 to 1 published addresses (feed of 2026-07-25)): "
    assert assess(policy=VOICE, category_name="Chats").manual == [media + "with category_name no rule is created; allow it for these users"]
    rules = [security("Off", "allow", "<disabled>yes</disabled>"), security("No", "deny", source="192.0.2.10"), OPEN]
    assert assess(rules, policy=VOICE, rules=("Off", "No", "Open")).manual == [
        media + "rule %s denies or is disabled, so no voice rule is created for it" % name for name in ("Off", "No")]
    assert assess(rules, rules=("Off", "No", "Open")).manual == []
    assert len(assess(rules, policy=VOICE, rules=("Off",), category_name="Chats").manual) == 1


def test_a_named_rule_says_what_limits_it_and_who_else_has_its_profile():
    profiles = "<entry name='P'><description>x</description></entry>"
    named = security("Open", "allow", by_profile("P") + "<schedule>days</schedule>")
    others = [security("Also", "allow", by_profile("P")), security("Off", "allow", "<disabled>yes</disabled>" + by_profile("P")),
              security("Q", "allow", by_profile("Q")), security("Plain", "allow")]
    assert assess([named, *others], profiles=profiles, rules=("Open",)).audience_widened == [
        "rule Open is limited by schedule, but the rules created for its users are not", "the URL filtering profile P is also used by rule Also"]
    assert assess([named, *others], profiles=profiles, rules=("Open", "Also")).audience_widened[1:] == []
    assert assess([named, *others], profiles=profiles).audience_widened == []
    assert assess([OPEN, *others], profiles=profiles, rules=("Open",)).audience_widened == []


# -- what is lost


def with_header(name: str, domain: str) -> str:
    return ("<http-header-insertion><entry name='insert'><type><entry name='Custom'><headers><entry name='h'><header>%s</header></entry></headers><domains>"
            "<member>%s</member></domains></entry></type></entry></http-header-insertion>" % (name, domain))


WORKSPACE = "ChatGPT-Allowed-Workspace-Id"


def controls(found: Assessment) -> tuple:
    return [(loss.control, loss.hosts) for loss in found.losses], [tuple(map(str, one.hosts)) for one in found.tenant_controls]


@pytest.mark.parametrize("header, domain, decrypting, options, losses, tenants", [
    # The header goes with the decryption of what is exempt, and is kept for the others by the profile of ours.
    ("X-Other", "*.com", [DECRYPT], {}, [("headers", (".chatgpt.com",))], []), ("X-Other", "*.com", [], {}, [], []),
    ("X-Other", "js.stripe.com", [DECRYPT], {}, [], []), (WORKSPACE, "claude.ai", [DECRYPT], {}, [], []),
    (WORKSPACE, "chatgpt.com", [DECRYPT], {}, [], [(".chatgpt.com",)]),
    # With a rule of ours the wanted hosts that stay decrypted need the profile.
    (WORKSPACE, "*.com", [DECRYPT], {}, [], [(".chatgpt.com", "js.stripe.com")]),
    (WORKSPACE, "*.com", [DECRYPT], {"rules": ("Open",)}, [], [(".chatgpt.com",)]),
    (WORKSPACE, "*.com", [DECRYPT], {"category_name": "Chats"}, [], [(".chatgpt.com",)]), (WORKSPACE, "js.stripe.com", [], {"rules": ("Open",)}, [], []),
    # Without it they lose the header.
    ("X-Other", "*.com", [DECRYPT], {"tenant_control": "override"}, [("headers", (".chatgpt.com", "js.stripe.com"))], []),
    ("X-Other", "*.com", [DECRYPT], {"tenant_control": "override", "rules": ("Open",)}, [("headers", (".chatgpt.com",))], []),
    ("X-Other", "*.com", [DECRYPT], {"tenant_control": "override", "category_name": "Chats"}, [("headers", (".chatgpt.com",))], [])])
def test_what_becomes_of_a_header_that_the_site_inserts(header, domain, decrypting, options, losses, tenants):
    profiles = "<entry name='P'>%s</entry>" % with_header(header, domain)
    assert controls(assess([security("Open", "allow", by_profile("P"))], decrypting, profiles=profiles, **options)) == (losses, tenants)


def test_below_a_rule_that_has_another_profile_ours_keeps_its_place_and_takes_nothing_away():
    profiles = "<entry name='P'>%s</entry>" % with_header("X-Other", "js.stripe.com")
    light = "<profile-group><entry name='Light'><virus><member>default</member></virus></entry></profile-group>"
    rules = [security("Open", "allow", by_profile("P"))]
    assert controls(assess(rules, profiles=profiles, objects=light, profile_group="Light")) == ([], [])
    assert controls(assess(rules, profiles=profiles, objects=light, profile_group="Light", tenant_control="override"))[0] == [("headers", ("js.stripe.com",))]
    # A rule behind those of this scope is passed anyway.
    shared = "<post-rulebase><security><rules>%s</rules></security></post-rulebase>" % rules[0]
    assert controls(assess([], profiles=profiles, objects=light, shared=shared, profile_group="Light"))[0] == [("headers", ("js.stripe.com",))]
    assert controls(assess([], profiles=profiles, shared=shared))[0] == []


def test_a_tenant_control_over_the_people_of_two_rules_is_one():
    profiles = "<entry name='P'>%s</entry>" % with_header(WORKSPACE, "chatgpt.com")
    rules = [security(name, "allow", by_profile("P"), **columns) for name, columns in (("Members", {}), ("Guests", {"from": "guest"}))]
    assert controls(assess(rules, [decryption("Decrypt", "decrypt", **{"from": ["trust", "guest"]})], profiles=profiles, rules=BOTH))[1] == [(".chatgpt.com",)]


def test_pages_that_a_profile_blocks_are_not_seen_where_it_is_exempt():
    profiles = "<entry name='P'><block><member>Anonymous</member></block></entry>"
    lists = "<profiles><custom-url-category>%s</custom-url-category></profiles>" % category("Anonymous", ["chatgpt.com/anon"])
    for decrypting, seen in (([DECRYPT], False), ([], True)):
        found = assess([security("Open", "allow", by_profile("P"))], decrypting, profiles=profiles, shared=lists)
        assert found.warnings == ([] if seen else ["pages that URL filtering profile P blocks (Anonymous) are not visible in undecrypted traffic"])


SCANNING = security("Open", "allow", "<profile-setting><profiles><virus><member>default</member></virus></profiles></profile-setting>")


@pytest.mark.parametrize("decrypting, lost", [
    ([DECRYPT], True), ([], False), ([SPARE], False), ([decryption("Decrypt", "decrypt", source="192.0.2.10")], True),
    ([decryption("chatgpt-no-decrypt", "no-decrypt", OURS), DECRYPT], True)])
def test_what_was_decrypted_before_loses_the_scan_and_nothing_else_does(decrypting, lost):
    found = assess([SCANNING], decrypting)
    assert controls(found)[0] == ([("av", (".chatgpt.com",))] if lost else [])


def test_rules_for_decryption_that_nobody_can_read_lose_nothing_that_is_known():
    assert assess([SCANNING], unseen="the rules that Panorama pushed").losses == []
    for place in ("pre", "post"):
        shared = "<%s-rulebase><decryption><rules>%s</rules></decryption></%s-rulebase>" % (place, DECRYPT, place)
        assert controls(assess([SCANNING], shared=shared))[0] == [("av", (".chatgpt.com",))]


# -- what was done before


def test_a_rule_that_an_earlier_run_switched_off_is_resolved():
    off = "<disabled>yes</disabled><description>theirs %s</description>" % DISABLED
    found = assess([security("Deny", "deny", off), OPEN, security("Other", "deny", "<disabled>yes</disabled>")])
    assert [str(ref) for ref in found.resolved.values()] == ["security rule Deny"] and found.conflicts == []
    held = "<profiles><custom-url-category>%s</custom-url-category></profiles>" % category("Copied", [], "<description>%s</description>" % DISABLED)
    assert assess(objects=held).resolved == {}


@pytest.mark.parametrize("name, more, warned", [
    ("chatgpt-no-decrypt", OURS, True), ("chatgpt-no-decrypt", OURS + "<profile>Strict</profile>", False), ("Spare", "", False)])
def test_undecrypted_sessions_without_a_profile_are_a_warning(name, more, warned):
    found = assess([security("chatgpt-allow", "allow", OURS)], [decryption(name, "no-decrypt", more)])
    assert [line.startswith("chatgpt-no-decrypt has no decryption profile") for line in found.warnings] == [True] * warned


# -- what is not understood


@pytest.mark.parametrize("base", ["pbf", "dos"])
def test_an_action_of_a_rulebase_beside_that_is_not_known_may_block(base):
    body = "<%s><rules><entry name='Odd'><action><of-next-year/></action></entry></rules></%s>" % (base, base)
    found = assess([OPEN], [SPARE], besides=body)
    assert words(found) == ["unchecked"] * 2 and "(Odd) are not judged" in found.coverage[0].note


@pytest.mark.parametrize("unseen, profile, lost", [
    ("the rules that Panorama pushed", "Pushed", [("headers", (".chatgpt.com",))]), ("the rules that Panorama pushed", "default", []), ("", "Pushed", [])])
def test_a_url_profile_that_panorama_pushed_may_insert_headers(unseen, profile, lost):
    found = assess([security("Open", "allow", by_profile(profile))], [DECRYPT], unseen=unseen)
    assert [(one.control, one.hosts) for one in found.losses if one.control == "headers"] == lost
