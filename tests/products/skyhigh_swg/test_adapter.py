# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Skyhigh Secure Web Gateway beyond the contract: requests, sessions and work spaces, lists that are not ours, and what the rules make of ours."""
from __future__ import annotations

import functools
import random
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg import conditions, rules
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.hosts import samples
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import rule_set_file
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE
from tests.contract.rig import FIRST, HOSTS, LATER, MEDIA, MEMBER, OTHERS, STRANGER, Fault
from tests.products.server import Fault as Weather, Reply
from tests.products.skyhigh_swg.rig import ALLOW, EXEMPT, SkyhighRig, wire
from tests.products.skyhigh_swg.twin import SSL, condition, criterion, rule, rule_group


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, SkyhighRig)


@pytest.fixture(params=[False, True], ids=["atom", "bare"])
def rig(request, make):
    return make(bare=request.param)


def asked(rig) -> list:
    return [(request.method, request.path.partition("/REST")[2]) for request in rig.twin.log]


def shut(name, *criteria, above=EXEMPT, rig=None):
    rig.twin.insert(rule_group(name, [rule("No", "block.11376", *criteria)], cycles="request"), above=above)


def coverage(result, pattern=".chatgpt.com"):
    found, = (row for row in result["coverage"] if row["pattern"] == pattern)
    return found["allowed"], found["exempt"]


def test_a_rule_about_every_host_but_some_is_doubt_where_a_part_is_among_these(rig):
    spared = rig.twin.add_list("Spared", "regex", ["chatgpt.com", "*.openai.com", "js.stripe.com"])
    shut("Everything else", criterion("url.host", "doesnotmatchinlist", listed=spared), rig=rig)
    result = rig.run()
    assert coverage(result) == ("unchecked", "unchecked") and rig.decide(MEMBER, "ab.chatgpt.com")[0] == "block"
    assert coverage(result, "*.openai.com") == ("yes", "yes") and rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_converge_and_of_a_rerun(rig):
    """Sign in; all lists, two lists; the rule sets, each exported. Two lists written, one commit. In a session of its own: all lists, two lists."""
    sets = len(rig.twin.rules)
    result = rig.run()
    assert result["requests"] == {"reads": (1 + 3 + 1 + sets) + 1 + (1 + 3) + 1, "writes": 3, "waited": 0, "connections": 1}
    assert [method for method, _path in asked(rig) if method == "PUT"] == ["PUT", "PUT"]
    again = rig.run()["requests"]
    assert again == {"reads": 1 + 3 + 1 + sets + 1, "writes": 0, "waited": 0, "connections": 1}
    assert rig.run(check=True, adapter=rig.adapter(scan_conflicts=False))["requests"] == {"reads": 1 + 3 + 1, "writes": 0, "waited": 0, "connections": 1}


def test_a_thousand_patterns_are_two_writes_and_a_commit(rig):
    many = ["*.host%d.example.com" % number for number in range(1000)]
    result = rig.run(policy=Policy.from_config({"allow": many, "exempt": many[:20]}))
    assert result["requests"]["writes"] == 3
    assert result["coverage_summary"] == {"wanted": 1000, "allowed": 1000, "exempt_wanted": 20, "exempt": 20}


def test_an_audit_writes_nothing_and_signs_out(rig):
    rig.run(check=True)
    assert {method for method, path in asked(rig) if not path.endswith(("/export", "login", "logout"))} == {"GET"}
    assert asked(rig)[-1] == ("POST", "/logout") and not rig.twin.sessions


def test_the_password_is_in_a_header_only(rig):
    rig.run()
    secret = rig.twin.admins["netaccess"]
    assert not [request for request in rig.twin.log if secret in str((request.path, request.query, request.body))]


@pytest.mark.parametrize("rels", [("current", "first", "last"), ("current", "next")], ids=str)
def test_feeds_are_read_to_their_last_page_and_links_may_name_another_host(make, rels):
    rig = make(page_size=2, links="http://localhost:4711", rels=rels)
    assert rig.run()["coverage_summary"]["allowed"] == 3
    assert ("GET", "/rulesets") in asked(rig) and max(int(request.query.get("page", 1)) for request in rig.twin.log) == 4


# -- rules that do not refer to our lists ----------------------------------------------------------------------------


def test_a_gateway_without_our_rules_is_never_covered_and_says_what_to_do_once(make):
    rig = make(wired=False)
    before = rig.decisions()
    result = rig.run()
    assert rig.decisions() == before, "a list alone decides nothing"
    assert {(row["allowed"], row["exempt"]) for row in result["coverage"]} == {("no", "no"), ("no", "not wanted")}
    for title, place in ((ALLOW, "below Authentication"), (EXEMPT, "directly above HTTPS scanning")):
        text, = (line for line in result["manual"] if line.startswith("no enabled rule uses the list %s" % title))
        assert place in text and "users in AI users" in text
    assert set(result["diagnosis"]["rule_sets"]) == {ALLOW, EXEMPT}
    assert result["conflicts"] == [], "what stands below the place of the missing rules is no conflict of its own"


def test_a_gateway_that_blocks_nothing_is_not_covered_either(make):
    result = make(wired=False, site="bare").run()
    assert {(row["allowed"], row["exempt"], row["note"].partition(";")[0]) for row in result["coverage"]} == {
        ("no", "no", "no rule is known to allow it"), ("no", "not wanted", "no rule is known to allow it")}


ONCE = {"allow": "the list %s," % ALLOW, "exempt": "the list %s," % EXEMPT, "connect": "that handles CONNECT instead",
        "groups": "without one no rule can match user groups"}


@pytest.mark.parametrize("wired,site,exempts,everyone,told", [
    (False, "guarded", True, False, "allow exempt connect"), (False, "guarded", False, False, "allow"), (False, "bare", True, False, "allow exempt groups"),
    (False, "bare", False, True, "allow"), (True, "guarded", True, False, "")])
def test_what_a_person_does_once_is_told_as_far_as_it_is_missing(make, wired, site, exempts, everyone, told):
    rig = make(wired=wired, site=site)
    policy = FIRST if exempts else replace(FIRST, exempt=())
    manual = rig.run(policy=policy, check=True, adapter=rig.adapter(audience=() if everyone else (MEMBER,), everyone=everyone))["manual"]
    assert [name for name, text in ONCE.items() if any(text in line for line in manual)] == told.split() and len(manual) == len(told.split())


def test_the_rule_sets_of_the_result_are_what_is_missing(make):
    rig = make(wired=False)
    files = rig.run()["diagnosis"]["rule_sets"]
    rig.twin.import_rules(files[EXEMPT], above="HTTPS Scanning")
    half = rig.run()
    assert coverage(half) == ("yes", "yes") and coverage(half, "js.stripe.com") == ("no", "not wanted")
    assert set(half["diagnosis"]["rule_sets"]) == {ALLOW} and not half["changed"]
    rig.twin.import_rules(files[ALLOW], above="Global Block")
    done = rig.run()
    assert not done["changed"] and done["manual"] == [] and "rule_sets" not in done["diagnosis"]
    assert coverage(done) == ("yes", "yes") and coverage(done, "js.stripe.com") == ("yes", "not wanted")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(STRANGER, "chatgpt.com")[0] == "block"


def test_without_the_rule_sets_coverage_is_unchecked(rig):
    result = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert {(row["allowed"], row["exempt"]) for row in result["coverage"]} == {("unchecked", "unchecked"), ("unchecked", "not wanted")}
    assert result["conflicts"] == result["losses"] == []


@pytest.mark.parametrize("off", ["rule", "rule set", "cycle"])
def test_a_rule_that_is_switched_off_is_none(rig, off):
    rig.run()
    for group in rig.twin.rules:
        if group.get("name") == ALLOW:
            node = group if off != "rule" else group.find("rules/rule")
            node.set("cycleRequest" if off == "cycle" else "enabled", "false")
    result = rig.run(check=True)
    assert coverage(result, "js.stripe.com") == ("no", "not wanted")
    assert bool([line for line in result["manual"] if "list ChatGPT allow" in line]) == (off != "cycle")


def test_an_exemption_without_the_rule_above_https_scanning_is_not_claimed(make):
    rig = make(wired=False)
    rig.twin.import_rules(rule_set_file(ALLOW, ALLOW, ("AI users",)), above="Global Block")
    result = rig.run()
    assert coverage(result) == ("yes", "no") and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")
    assert "Set Client Context" in result["coverage"][0]["note"]


def test_a_rule_that_decrypts_and_is_not_recognised_is_not_passed_over(make):
    rig = make()
    rig.twin.rules = [ET.fromstring(ET.tostring(group, encoding="unicode").replace(SSL, "com.scur.engine.unheard")) for group in rig.twin.rules]
    rig.run()
    assert coverage(rig.run(check=True)) == ("yes", "yes"), "ours stands above it"
    rig.twin.rules = sorted(rig.twin.rules, key=lambda group: group.get("name") == EXEMPT)
    assert coverage(rig.run(check=True)) == ("unchecked", "unchecked")


# -- authentication and ports -----------------------------------------------------------------------------------------


def move(rig, name, above):
    """Move a rule set to another place by hand."""
    group, = (one for one in rig.twin.rules if one.get("name") == name)
    rig.twin.rules.remove(group)
    rig.twin.rules.insert([one.get("name") for one in rig.twin.rules].index(above), group)


def test_a_rule_above_authentication_is_not_counted_and_told(make):
    rig = make(wired=False)
    wire(rig.twin, ())
    rig.run(adapter=rig.adapter(audience=(), everyone=True))
    assert rig.twin.decide("anonymous", "chatgpt.com")[0] == "block"
    move(rig, EXEMPT, "Authentication")
    assert rig.twin.decide("anonymous", "chatgpt.com")[0] == "allow", "nobody is asked for a user there"
    result = rig.run(check=True, adapter=rig.adapter(audience=(), everyone=True))
    assert coverage(result) == ("no", "no") and "above authentication" in result["coverage"][0]["note"]
    assert any("move it below" in line for line in result["manual"])


def test_groups_are_unknown_above_authentication(rig):
    move(rig, ALLOW, "Authentication")
    move(rig, EXEMPT, "Authentication")
    assert coverage(rig.run()) == ("no", "no") and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_who_does_not_sign_in_gets_nowhere(rig):
    rig.run()
    assert [host for host in HOSTS if rig.twin.decide("anonymous", host)[0] == "allow"] == []


def test_authentication_under_another_name_can_be_named(make):
    rig = make()
    rig.twin.rules = [ET.fromstring(ET.tostring(group, encoding="unicode").replace('name="Authentication"', 'name="Who is it"').replace(
        "mainaction.authenticate", "mainaction.whois")) for group in rig.twin.rules]
    result = rig.run()
    assert coverage(result) == ("unchecked", "unchecked") and any("authentication_rule_sets" in line for line in result["manual"])
    assert coverage(rig.run(adapter=rig.adapter(authentication_rule_sets=("Who is it",)))) == ("yes", "yes")


@pytest.mark.parametrize("port", [22, 25, 8443])
def test_other_ports_stay_as_they_were(rig, port):
    before = {host: rig.twin.decide(MEMBER, host, port) for host in HOSTS}
    rig.run()
    assert {host: rig.twin.decide(MEMBER, host, port) for host in HOSTS} == before
    assert before["chatgpt.com"][0] == "block"


# -- audience ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [(), ("AI users", "Staff")], ids=["everybody", "one more group"])
def test_rules_for_more_people_than_were_named_are_refused_unless_accepted(make, groups):
    rig = make(wired=False)
    wire(rig.twin, groups)
    rig.run(accept_wider_audience=True)
    with pytest.raises(Failed, match="none of the groups AI users"):
        rig.run(policy=LATER)
    result = rig.run(accept_wider_audience=True)
    assert result["audience_widened"] and rig.decide(STRANGER, "chatgpt.com")[0] == "allow"


def test_a_first_run_that_would_reach_more_people_is_refused_though_the_lists_are_empty_yet(make):
    rig = make(wired=False)
    wire(rig.twin, ())
    with pytest.raises(Failed, match="none of the groups AI users"):
        rig.run()
    assert rig.meter.writes == 0 and rig.run(check=True, accept_wider_audience=True)["audience_widened"]


def test_a_rule_for_fewer_people_is_not_counted(make):
    rig = make()
    result = rig.run(adapter=rig.adapter(groups=("AI users", "Contractors")))
    assert coverage(result) == ("unchecked", "unchecked") and "may not apply" in result["coverage"][2]["note"]


def test_everybody_is_served_where_that_was_asked_for(make):
    rig = make(wired=False)
    wire(rig.twin, ())
    result = rig.run(adapter=rig.adapter(audience=(), everyone=True))
    assert coverage(result) == ("yes", "yes") and result["audience_widened"] == []
    assert rig.decide(STRANGER, "chatgpt.com") == ("allow", "tunnel")


def late_sign_in(rig, everybody=True, criteria=()):
    """HTTPS scanning above authentication, and the exemption as the first rule of what handles CONNECT, as manual says."""
    move(rig, "HTTPS Scanning", "Authentication")
    handling = next(group for group in rig.twin.rules if group.get("name") == "HTTPS Scanning").find("ruleGroups/ruleGroup/rules")
    if rig.twin.list_named(EXEMPT) is None:
        rig.twin.add_list(EXEMPT)
    ours = criterion("url.host", "matchesinlist", listed=rig.twin.id_of(EXEMPT))
    handling.insert(0, ET.fromstring(rule("ChatGPT", "stopruleset", ours, *criteria)))
    rig.twin.import_rules(rule_set_file(ALLOW, ALLOW, () if everybody else ("AI users",)), above="Global Block")


def test_an_exemption_inside_https_scanning_counts_where_authentication_comes_later(make):
    rig = make(wired=False)
    late_sign_in(rig)
    result = rig.run(adapter=rig.adapter(audience=(), everyone=True))
    assert coverage(result) == ("yes", "yes") and coverage(result, "js.stripe.com") == ("yes", "not wanted")
    assert result["coverage"][0]["exempt_by"] == "rule ChatGPT of rule set Handle CONNECT Call"
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(MEMBER, "js.stripe.com") == ("allow", "decrypt")
    assert rig.twin.decide("anonymous", "chatgpt.com")[0] == "block"
    # The same where it is not recognised which rule decrypts: what leaves that rule set first is spared, the rest is not claimed.
    rig.twin.rules = [ET.fromstring(ET.tostring(group, encoding="unicode").replace(SSL, "com.scur.engine.unheard")) for group in rig.twin.rules]
    assert coverage(rig.run(adapter=rig.adapter(audience=(), everyone=True))) == ("yes", "yes")


def test_an_exemption_that_cannot_know_groups_reaches_more_people_and_says_so(make):
    rig = make(wired=False)
    late_sign_in(rig, everybody=False)
    result = rig.run(check=True, accept_wider_audience=True)
    assert any("exemption from TLS inspection applies to everybody" in text for text in result["audience_widened"])


def test_an_exemption_for_a_group_above_authentication_is_none(make):
    rig = make(wired=False)
    late_sign_in(rig, everybody=False, criteria=[criterion("authentication.usergroups", "contains", "AI users", prefix="AND")])
    assert coverage(rig.run()) == ("yes", "no") and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")


# -- what stands in the way -----------------------------------------------------------------------------------------


def test_entries_are_put_out_of_the_way_where_they_stand(rig):
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    assert conflict["where"] == "list of the site Threat feed" and conflict["certain"]
    assert conflict["opens"].endswith("*chatgpt.com") and "claude.ai" not in conflict["opens"]
    rig.run(unblock=(conflict["id"],))
    held = [entry.findtext("entry") for entry in rig.twin.list_named("Threat feed").iter("listEntry")]
    assert held == ["disabled-by-netaccess/*chatgpt.com", "claude.ai"]
    assert rig.decide(MEMBER, "claude.ai")[0] == "block" and rig.decide(MEMBER, "evilchatgpt.com")[0] == "allow"


@pytest.mark.parametrize("kind,held,tested,certain,remedied", [
    ("string", ("chatgpt.com", "openai.com"), "url.host.belongstodomains", True, True),
    ("string", ("chatgpt.com",), "url.host", False, False),
    ("regex", ("*.com",), "url.host", True, False),
    ("regex", ("*",), "url.host", True, False),
    ("regex", ("*openai*", "*chatgpt*"), "url.host", True, True),
    ("regex", ("regex(.*gpt.*)",), "url.host", False, False),
    ("regex", ("http*://chatgpt.com/*",), "url", False, False),
    ("regex", ("ab.chatgpt.com",), "url.host", False, False),
])
def test_lists_of_the_site_that_block(rig, kind, held, tested, certain, remedied):
    feed = rig.twin.add_list("Feed", kind, held)
    operator = "equals" if tested.endswith("domains") else "matchesinlist" if kind == "regex" else "isinlist"
    shut("Corporate", criterion(tested, operator, "true" if tested.endswith("domains") else "", feed), rig=rig)
    rig.run()
    found = rig.run(check=True)["conflicts"]
    conflict, = (one for one in found if one["where"] == "list of the site Feed")
    assert (conflict["certain"], bool(conflict["remedy"])) == (certain, remedied)
    if remedied:
        # A look-alike goes free only where the entry itself was about it, which "opens" tells.
        others = [host for host in OTHERS if host != "evilopenai.com" or "*openai*" not in held]
        before = {host: rig.decide(MEMBER, host) for host in others}
        assert rig.run(unblock=(conflict["id"],))["conflicts"] == [] and set(held) <= set(conflict["opens"].partition(": ")[2].split(", "))
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
        assert {host: rig.decide(MEMBER, host) for host in others} == before


@pytest.mark.parametrize("criteria,certain", [
    ((criterion("url.host", "equals", "chatgpt.com"),), False),
    ((criterion("url.categories", "contains", "AI"),), False),
    ((criterion("url.host", "matches", "*chatgpt.com"),), True),
])
def test_blocks_without_a_list_are_for_a_person(rig, criteria, certain):
    shut("Corporate", *criteria, rig=rig)
    conflict, = rig.run()["conflicts"]
    assert conflict["remedy"] == [] and "change the rule" in conflict["opens"] and conflict["certain"] == certain
    with pytest.raises(Failed, match="cannot be resolved automatically"):
        rig.run(unblock=(conflict["id"],))


def test_a_block_for_some_people_is_in_the_way_perhaps(rig):
    shut("Quarantine", criterion("client.ip", "equals", "192.0.2.99"), rig=rig)
    result = rig.run()
    conflict, = result["conflicts"]
    assert coverage(result) == ("unchecked", "unchecked") and not conflict["certain"] and conflict["remedy"] == []
    assert "client.ip, which tells of people, is not understood" in conflict["text"] and "client.ip" in result["coverage"][0]["note"]


def test_a_block_of_other_ports_is_no_conflict(rig):
    shut("Ports", criterion("url.port", "isnotinlist", listed=rig.twin.id_of("Allowed CONNECT Ports")), rig=rig)
    result = rig.run()
    assert result["conflicts"] == [] and coverage(result) == ("yes", "yes")


@pytest.mark.parametrize("stop", ["stopcycle", "stopruleset"])
def test_a_block_that_some_are_spared_by_an_earlier_rule_is_not_certain(rig, stop):
    feed = rig.twin.add_list("Feed", "regex", ["*chatgpt.com"])
    spared = rule("VIP", stop, criterion("client.ip", "equals", "192.0.2.99"))
    blocks = rule("No", "block.11376", criterion("url.host", "matchesinlist", listed=feed))
    rig.twin.insert(rule_group("Corporate", [spared, blocks], cycles="request"), above=EXEMPT)
    result = rig.run()
    conflict, = result["conflicts"]
    assert not conflict["certain"] and conflict["hosts"] == (".chatgpt.com",) and coverage(result) == ("unchecked", "unchecked")


@pytest.mark.parametrize("name", ["Threat feed", "Feed", "Threats"])
def test_what_is_protected_is_not_offered(rig, name):
    rig.block_early()
    conflict, = rig.run(adapter=rig.adapter(protected=(name,)))["conflicts"]
    assert conflict["remedy"] == [] and conflict["opens"] == "protected"


def test_a_block_below_our_rules_is_none(rig):
    rig.twin.edit("Global Block: Sites", add=["*.chatgpt.com", "chatgpt.com"])
    assert rig.run()["conflicts"] == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_what_was_unblocked_is_given_back_though_the_rules_are_not_scanned_otherwise(rig):
    rig.block_early()
    site = rig.snapshot()
    conflict, = rig.run(check=True)["conflicts"]
    rig.run(unblock=(conflict["id"],))
    rig.run("deleted", policy=replace(FIRST, allow=(), exempt=()))
    assert rig.snapshot() == site


# -- losses, tenant controls, voice ----------------------------------------------------------------------------------


def test_losses_name_the_rule_sets_that_no_longer_see_these_hosts(rig):
    found = {loss["control"]: loss for loss in rig.run(check=True)["losses"]}
    assert found["av"]["rule"] == "rule set Gateway Anti-Malware" and set(found["av"]["hosts"]) >= {".chatgpt.com", "*.openai.com"}
    assert "js.stripe.com" in found["dlp"]["hosts"], "it stays decrypted, and the cycle ends above the rule set that looks at uploads"
    with pytest.raises(Failed, match="dlp"):
        rig.run(refuse_losses=("dlp",))
    assert not [method for method, _path in asked(rig) if method == "PUT"]


CONTROLS = {"Anti Virus": "av", "Sandbox": "sandbox", "Data Loss Prevention": "dlp", "File Type Filter": "file_control", "Shadow IT": "casb",
            "Reqmod": "icap", "Application Control": "app_control", "Intrusion Prevention": "ips", "Spyware": "anti_spyware"}


def test_every_control_is_known_by_the_name_of_what_exercises_it(make):
    rig = make()
    rig.twin.rules = [group for group in rig.twin.rules if group.get("name") not in ("Gateway Anti-Malware", "Data Loss Prevention")]
    for name in CONTROLS:
        rig.twin.insert(rule_group(name, [rule("Look", "continue")], enabled=name != "Spyware"), above="Global Block")
    rig.twin.insert(rule_group("Sandbox too", [rule("Look", "continue")]))
    told = [(loss["rule"], loss["control"]) for loss in rig.run(check=True)["losses"]]
    assert told == [("rule set " + name, control) for name, control in CONTROLS.items() if name != "Spyware"], "each once, and none that is switched off"
    for group in rig.twin.rules:
        group.set("enabled", "true")
    assert "anti_spyware" in {loss["control"] for loss in rig.run(check=True)["losses"]}


def test_where_nothing_is_decrypted_or_exempt_nothing_is_lost_and_else_something_may_be(make):
    rig = make()
    assert rig.run(check=True, policy=Policy.from_config({"allow": ["js.stripe.com"]}))["losses"] == []
    rig.twin.rules = [group for group in rig.twin.rules if group.get("name") in (ALLOW, EXEMPT, "Authentication", "HTTPS Scanning")]
    loss, = rig.run(check=True)["losses"]
    assert loss["control"] == "av" and loss["rule"].startswith("whatever rule set looks into")
    for group in rig.twin.rules:
        group.set("enabled", str(group.get("name") != "HTTPS Scanning").lower())
    assert rig.run(check=True)["losses"] == []


@pytest.mark.parametrize("above,enabled,told", [("Global Block", True, True), ("Global Block", False, False), (ALLOW, True, False)], ids=str)
def test_a_header_below_a_rule_that_ends_the_cycle_is_told(make, above, enabled, told):
    rig = make()
    rig.twin.insert(rule_group("Tenancy", [rule("Workspace", "continue", criterion("url.host", "matches", "js.stripe.com"),
                                                header="ChatGPT-Allowed-Workspace-Id")], cycles="request", enabled=enabled), above=above)
    adapter = rig.adapter()
    found = adapter.assess(FIRST, adapter.read())
    assert [(one.rule, [str(host) for host in one.hosts]) for one in found.tenant_controls] == [
        ("rule Workspace of rule set Tenancy", ["js.stripe.com"])] * told
    assert any("is not evaluated for js.stripe.com" in line for line in found.manual) is told


def test_a_header_that_keeps_people_in_their_workspace_needs_decryption(rig):
    rig.twin.insert(rule_group("Tenancy", [rule("Workspace", "continue", criterion("url.host", "matches", "*chatgpt.com"),
                                                header="ChatGPT-Allowed-Workspace-Id")], cycles="request"), above="Global Block")
    with pytest.raises(Failed, match="Workspace of rule set Tenancy"):
        rig.run()
    kept = rig.run(tenant_control="keep")
    assert coverage(kept) == ("yes", "not wanted") and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")
    assert rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")


def test_voice_is_for_the_firewall(rig):
    result = rig.run(policy=replace(FIRST, media=MEDIA))
    assert any(line.startswith("voice (voice: UDP 3478") and "firewall" in line for line in result["manual"])


# -- lists --------------------------------------------------------------------------------------------------------------


def test_titles_are_compared_whole_and_in_their_case(rig):
    others = {name: rig.twin.add_list(name, "regex", ["a.example"]) for name in ("ChatGPT allow (old)", "chatgpt allow", "My ChatGPT allow")}
    rig.run()
    for name, identity in others.items():
        assert [entry.findtext("entry") for entry in rig.twin.lists[identity].iter("listEntry")] == ["a.example"], name


def test_entries_are_never_wider_than_the_pattern(rig):
    rig.run()
    assert rig.foreign_members() == {"chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}
    assert rig.decide(MEMBER, "evilchatgpt.com") == rig.decide(MEMBER, "chatgpt.com.evil.test") == ("allow", "decrypt")


def test_a_company_list_gets_entries_only_and_keeps_what_else_is_in_it(rig):
    rig.twin.edit("Old ChatGPT", add=["Corporate.example"], description="ours since 2019")
    node = rig.twin.list_named("Old ChatGPT")
    node.set("feature", "company")
    node.append(ET.fromstring("<setup><updateTime/></setup>"))
    journal = rig.run(adapter=rig.adapter(allow_list="Old ChatGPT", comment="CHG1"))["journal"]
    node = rig.twin.list_named("Old ChatGPT")
    rows = [(entry.findtext("entry"), entry.findtext("description")) for entry in node.iter("listEntry")]
    assert rows[0] == ("Corporate.example", "by hand") and ("js.stripe.com", "Managed by netaccess.chatgpt: CHG1") in rows
    assert node.findtext("description") == "ours since 2019" and node.get("feature") == "company" and node.find("setup/updateTime") is not None
    rig.run("reverted", journal=journal, adapter=rig.adapter(allow_list="Old ChatGPT"))
    node = rig.twin.list_named("Old ChatGPT")
    assert [entry.findtext("entry") for entry in node.iter("listEntry")] == ["Corporate.example"]


@pytest.mark.parametrize("name,kind,system", [("Domains", "string", False), ("Apps", "regex", True)])
def test_a_list_of_another_type_or_of_the_system_is_refused_before_any_write(rig, name, kind, system):
    rig.twin.add_list(name, kind, ["a.example"], system=system)
    with pytest.raises(Failed, match="must be a list of wildcard expressions"):
        rig.run(adapter=rig.adapter(allow_list=name))
    assert rig.meter.writes == 0


def test_an_extended_list_is_refused(rig):
    rig.twin.edit("Old ChatGPT", add=["a.example"])
    rig.twin.list_named("Old ChatGPT").find("content/listEntry").append(ET.fromstring("<complexEntry/>"))
    with pytest.raises(Failed, match="must be a list of wildcard expressions"):
        rig.run(adapter=rig.adapter(allow_list="Old ChatGPT"))


def test_two_lists_of_our_title_stop_the_run(rig):
    rig.twin.add_list(ALLOW, "regex", ["other.example"])
    with pytest.raises(Failed, match="more than one wildcard list ChatGPT allow"):
        rig.run()
    assert rig.meter.writes == 0


def test_what_is_removed_is_emptied_and_the_rules_keep_their_lists(rig):
    rig.run()
    ids = {rig.twin.id_of(ALLOW), rig.twin.id_of(EXEMPT)}
    rig.run("deleted")
    assert {rig.twin.id_of(ALLOW), rig.twin.id_of(EXEMPT)} == ids and rig.foreign_members() == set()
    assert not [method for method, _path in asked(rig) if method == "DELETE"]
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_list_that_is_not_there_is_made_with_its_content(make):
    rig = make(wired=False)
    rig.run()
    assert [path for method, path in asked(rig) if method == "POST" and path == "/list"] == ["/list", "/list"]
    node = rig.twin.list_named(ALLOW)
    assert node.get("typeId") == "com.scur.type.regex" and node.findtext("description") == "Managed by netaccess.chatgpt"
    assert rig.foreign_members() == {"chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}


# -- sessions, work spaces, weather ---------------------------------------------------------------------------------


def signed_in(rig, user="netaccess"):
    """Somebody signs in with this account, elsewhere."""
    adapter = rig.adapter()
    adapter.read()
    return adapter


@pytest.mark.parametrize("how", ["refuse", "refuse-401"])
def test_an_account_that_is_signed_in_elsewhere_is_waited_for(make, how):
    rig = make(second_login=how)
    signed_in(rig)
    assert rig.run()["requests"]["waited"] > 0 and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_an_account_that_stays_signed_in_is_named_and_nothing_is_changed(make):
    rig = make(session_seconds=10 ** 6)
    signed_in(rig)
    with pytest.raises(Failed, match="netaccess is already signed in") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "locked" and rig.meter.writes == 0


def test_a_session_that_ends_between_write_and_commit_is_never_taken_for_done(make):
    rig = make()
    site = rig.snapshot()
    rig.twin.faults.append(Weather("expire", when=lambda request: request.path.endswith("/commit") and rig.twin.sessions.clear()))
    with pytest.raises(Failed, match="ended before the commit") as failed:
        rig.run()
    assert "The old state was restored" in str(failed.value) and rig.snapshot() == site


def test_a_session_that_ends_between_two_writes_commits_no_half(make):
    rig = make()
    site, puts = rig.snapshot(), []

    def second(request):
        if request.method == "PUT":
            puts.append(request)
            if len(puts) == 2:
                rig.twin.sessions.clear()
        return False
    rig.twin.faults.append(Weather("expire", when=second))
    with pytest.raises(Failed, match="its changes are lost"):
        rig.run()
    assert rig.snapshot() == site and not [path for _method, path in asked(rig) if path == "/commit"]


def test_a_session_that_ends_while_reading_is_renewed(rig):
    ends = iter([None])
    rig.twin.faults.append(Weather("expire", when=lambda request: request.path.endswith("/rulesets") and next(ends, 1) is None and rig.twin.sessions.clear()))
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert len([path for _method, path in asked(rig) if path == "/login"]) == 3


def test_a_commit_that_is_accepted_and_does_nothing_is_noticed(rig):
    """The session that wrote would see its own work space."""
    site = rig.snapshot()
    rig.twin.faults.append(Weather("swallow", when=lambda request: request.path.endswith("/commit")))
    with pytest.raises(Failed, match="does not hold it") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "partial" and rig.snapshot() == site


@pytest.mark.parametrize("status", [400, 500])
def test_a_commit_that_fails_says_why_and_leaves_the_old_state(rig, status):
    site = rig.snapshot()
    page = Reply(status, b"<html><body><h1>Commit failed: storage is full</h1></body></html>")
    rig.twin.faults.append(Weather("status", when=lambda request: request.path.endswith("/commit"), reply=page))
    with pytest.raises(Failed, match="storage is full") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "activation" and "The old state was restored" in str(failed.value)
    assert rig.snapshot() == site and rig.run()["changed"]


def test_a_commit_that_took_effect_and_got_a_bad_answer_is_done(rig):
    rig.twin.faults.append(Weather("status_after", when=lambda request: request.path.endswith("/commit"), reply=Reply(500, b"<html>oops</html>")))
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert len([path for _method, path in asked(rig) if path == "/commit"]) == 1


def test_a_refused_write_is_discarded(rig):
    site = rig.snapshot()
    with pytest.raises(Failed, match="The old state was restored"):
        rig.run(fault=Fault("refuse", 1))
    assert [path for _method, path in asked(rig) if path in ("/commit", "/discard")] == ["/discard"] and rig.snapshot() == site


def test_a_discard_that_fails_leaves_nothing_either(rig):
    site = rig.snapshot()
    rig.twin.faults.append(Weather("status", when=lambda request: request.path.endswith("/discard"), reply=Reply(500, b"no")))
    with pytest.raises(Failed, match="The old state was restored"):
        rig.run(fault=Fault("refuse", 1))
    assert rig.snapshot() == site and not rig.twin.sessions


def test_wrong_credentials_are_a_clear_error_without_them(rig):
    with pytest.raises(Failed, match="check user name and password") as failed:
        rig.run(adapter=rig.adapter(password="Wrong-Secret-77"))
    assert failed.value.result["failure"]["class"] == "auth" and "Wrong-Secret-77" not in str(failed.value)


@pytest.mark.parametrize("when,status,body,text", [
    ("login", 404, b"<html>", "is the REST interface enabled"),
    ("login", 200, b"<html>welcome</html>", "is the REST interface enabled"),
    ("list", 200, b"<html><body>busy", "without XML of its interface"),
    ("list", 200, b"<!DOCTYPE x [<!ENTITY a 'b'>]><feed/>", "without XML of its interface"),
    ("list", 200, b"<entry/>", "without a feed"),
    ("rulesets", 403, b"<p>no rights</p>", "the role of the account does not cover it"),
    ("export", 200, b"<ruleset/>", "which is not supported"),
])
def test_an_answer_that_is_not_the_interface_is_a_clear_error(make, when, status, body, text):
    rig = make()
    rig.twin.faults.append(Weather("status", when=lambda request: request.path.endswith("/" + when), reply=Reply(status, body), times=9))
    with pytest.raises(Failed, match=text):
        rig.run()
    assert rig.meter.writes == 0


# -- the evaluation of rules against the gateway itself ---------------------------------------------------------------


def test_brackets_and_prefixes_of_criteria():
    yes, no = criterion("url.port", "equals", "443"), criterion("url.port", "equals", "80")

    def level(*criteria):
        group = ET.fromstring("<ruleGroup>%s</ruleGroup>" % condition(*criteria))
        return conditions.Conditions({}, ()).level(rules._condition(group), conditions.Asked(parse("chatgpt.com"), None, conditions.CONNECT))

    def with_(text, **attributes):
        node = ET.fromstring(text)
        node.attrib.update({name: str(value) for name, value in attributes.items()})
        return ET.tostring(node, encoding="unicode")
    assert level() == level(yes) == SURE and level(no) == NO
    assert level(with_(no, prefix="NOT")) == SURE and level(yes, with_(yes, prefix="AND NOT")) == NO
    assert level(yes, with_(no, prefix="OR"), with_(yes, prefix="AND")) == SURE
    assert level(yes, with_(no, prefix="OR"), with_(no, prefix="AND")) == MAY, "which of them comes first is not published"
    assert level(with_(yes, openingBracketCount=1), with_(no, prefix="OR", closingBracketCount=1), with_(no, prefix="AND")) == NO
    assert level(criterion("client.ip", "equals", "192.0.2.1")) == MAY
    assert level(with_(yes, openingBracketCount=2)) == MAY, "brackets that do not fit"


def test_what_is_claimed_is_what_the_gateway_does(make):
    """Rule sets of chance: a pattern that is said to be allowed or exempt is, for the member, and what is sure to be blocked is blocked."""
    dice, claims = random.Random(7), {"allow": 0, "exempt": 0, "deny": 0}
    for _round in range(40):
        rig = make(wired=False)
        twin = rig.twin
        for title in (ALLOW, EXEMPT):
            twin.add_list(title)
        feed = twin.add_list("Feed", "regex", dice.sample(["chatgpt.com", "*.chatgpt.com", "*chatgpt.com", "*.openai.com", "x.openai.com", "js.*"], 3))
        names = twin.add_list("Names", "string", ["openai.com", "stripe.com"])
        hosts = [criterion("url.host", "matchesinlist", listed=twin.id_of(ALLOW)), criterion("url.host", "matchesinlist", listed=twin.id_of(EXEMPT)),
                 criterion("url.host", "matchesinlist", listed=feed), criterion("url.host.belongstodomains", "equals", "true", names)]
        others = [criterion("authentication.usergroups", "contains", "AI users"), criterion("authentication.usergroups", "contains", "Staff"),
                  criterion("url.port", "equals", "443"), criterion("command.name", "equals", "CONNECT"), criterion("client.ip", "equals", "192.0.2.10")]
        for number in range(4):
            action = dice.choice(["stopcycle", "block.11376", "stopruleset"])
            # A block that is not about hosts at all is about people, and no matter of coverage.
            first, joins = (hosts, ["AND", "AND NOT"]) if action.startswith("block") else (hosts + others, ["AND", "OR", "AND NOT"])
            joined = [dice.choice(first)] + [
                one.replace("<conditionExpression", '<conditionExpression prefix="%s"' % dice.choice(joins), 1)
                for one in dice.sample(hosts + others, dice.randint(0, 2))]
            made = rule_group("Set %d" % number, [rule("Rule", action, *joined)], cycles="request")
            twin.insert(made, above=dice.choice(["Authentication", "HTTPS Scanning", "Global Block", "URL Filtering"]))
        result = rig.run(accept_wider_audience=True)
        for row in result["coverage"]:
            for host in samples(parse(row["pattern"])):
                verdict, inspection = twin.decide(MEMBER, host)
                if row["allowed"] == "yes":
                    claims["allow"] += 1
                    assert verdict == "allow", (row, rig.snapshot())
                if row["exempt"] == "yes":
                    claims["exempt"] += 1
                    assert inspection == "tunnel", (row, rig.snapshot())
        for conflict in result["conflicts"]:
            if conflict["certain"]:
                claims["deny"] += 1
                found = {twin.decide(MEMBER, host)[0] for pattern in conflict["hosts"] for host in samples(parse(pattern))}
                assert "block" in found, (conflict, rig.snapshot())
    assert min(claims.values()) > 10, claims
