# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloudflare Gateway beyond the contract: requests, expressions, precedences, three layers, audience, what Do Not Inspect passes."""
from __future__ import annotations

import functools
import json
import re
import types

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse as pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway import adapter as product
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import canonical
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.places import free
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE
from tests.contract.rig import FIRST, LATER, MEDIA, MEMBER, PACKETS, PUBLISHED, STRANGER
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig
from tests.products.cloudflare_gateway.test_rules import said
from tests.products.cloudflare_gateway.twin import AI, FINANCE
from tests.products.cloudflare_gateway.twin.expression import Expression
from tests.products.server import Fault as Weather, Reply

EVERYONE = {"groups": ()}


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, CloudflareGatewayRig)


@pytest.fixture
def rig(make):
    return make()


def writes(rig):
    """(method, what): the path without account, with names in place of ids."""
    names = dict({key: row["name"] for key, row in rig.twin.lists.items()}, **{key: row["name"] for key, row in rig.twin.rules.items()})
    found = []
    for request in rig.twin.log:
        if request.method != "GET":
            kind, _slash, key = request.path.rpartition("/gateway/")[2].partition("/")
            found.append((request.method, kind, names.get(key, key)))
    return found


def bodies(rig, method, kind):
    return [request.json for request in rig.twin.log if request.method == method and "/gateway/" + kind in request.path]


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_check_a_converge_and_a_rerun(rig):
    """Lists, rules; for the scan the account's switches, the categories and one list of the site that a rule names. Three lists and three rules, each one
    request. Read back: lists, rules, our three lists."""
    planned = rig.run(check=True)["requests"]
    assert (planned["reads"], planned["writes"]) == (2 + 3, 0)
    result = rig.run()["requests"]
    # It reads again before the first write, since no lock keeps others out.
    assert result == {"reads": 2 + 3 + 2 + 2 + 3, "writes": 3 + 3, "waited": 0, "connections": 1}
    again = rig.run()["requests"]
    assert (again["reads"], again["writes"]) == (2 + 3 + 3, 0)
    assert rig.run(adapter=rig.adapter(scan_conflicts=False))["requests"]["reads"] == 2 + 3


def test_writes_come_in_the_order_that_is_safe_and_go_in_reverse(rig):
    rig.run()
    assert [(method, kind) for method, kind, _name in writes(rig)] == [("POST", "lists")] * 3 + [("POST", "rules")] * 3
    assert [(rule["filters"][0], rule["action"]) for rule in bodies(rig, "POST", "rules")] == [("http", "off"), ("l4", "allow"), ("dns", "allow")]
    layers = {key: rule["filters"][0] for key, rule in rig.twin.rules.items()}
    rig.twin.log.clear()
    rig.run("deleted")
    gone = [request.path.rpartition("/")[2] for request in rig.twin.log if request.method == "DELETE"]
    assert [layers.get(key, "list") for key in gone] == ["dns", "l4", "http", "list", "list", "list"]


def test_a_thousand_patterns_are_one_write_and_later_ones_an_increment(rig):
    config = {"allow": [".h%d.example.com" % number for number in range(999)], "exempt": []}
    rig.run(policy=Policy.from_config(config))
    assert [one[:2] for one in writes(rig)] == [("POST", "lists"), ("POST", "rules"), ("POST", "rules")]
    rig.twin.log.clear()
    config["allow"].append(".one.more.example")
    rig.run(policy=Policy.from_config(config), adapter=rig.adapter(comment="CHG7"))
    assert writes(rig) == [("PATCH", "lists", "ChatGPT allow")]
    assert bodies(rig, "PATCH", "lists") == [{"append": [{"value": "one.more.example", "description": "CHG7"}]}]


def test_additions_and_removals_of_a_list_are_one_request(rig):
    rig.run()
    rig.twin.log.clear()
    rig.run("replaced", LATER)
    assert {"append": [{"value": "oaistatic.com"}], "remove": ["openai.com"]} in bodies(rig, "PATCH", "lists")
    assert not [method for method, _kind, _name in writes(rig) if method == "PUT"], "no rule is touched by what a list holds"


@pytest.mark.parametrize("embed,page", [(False, 7), (True, 1000)])
def test_long_lists_come_in_pages(make, embed, page):
    rig = make(largest_page=page, embed_items=embed)
    policy = Policy.from_config({"allow": [".h%d.example.com" % number for number in range(20)]})
    rig.run(policy=policy)
    assert not rig.run(policy=policy)["changed"]


def test_a_list_that_comes_incomplete_is_nothing_to_plan_on(rig):
    rig.run()
    short = {"success": True, "errors": [], "messages": [], "result": [], "result_info": {"page": 1, "per_page": 1000, "count": 0, "total_count": 2}}
    rig.twin.faults.append(Weather("status", reply=Reply.of_json(short), times=99, when=lambda request: request.path.endswith("/items")))
    with pytest.raises(Failed, match="returned only 0 of the 2 rows.*Nothing was changed"):
        rig.run("replaced", LATER)


@pytest.mark.parametrize("table", ["rules", "lists"])
def test_rules_and_lists_that_come_incomplete_are_nothing_to_plan_on(rig, table):
    """A server that pages them after all, and gives the first page whatever page is asked for."""
    rig.run()
    rows = list(getattr(rig.twin, table).values())
    short = {"success": True, "errors": [], "messages": [], "result": rows[:1], "result_info": {"count": 1, "total_count": len(rows)}}
    rig.twin.faults.append(Weather("status", reply=Reply.of_json(short), times=99, when=lambda request: request.path.endswith("/gateway/" + table)))
    with pytest.raises(Failed, match="returned only 1 of the [0-9]+ rows of gateway/%s.*Nothing was changed" % table):
        rig.run("replaced", LATER)


def test_a_list_that_comes_in_pages_without_a_total_is_read_whole(make):
    rig = make(largest_page=7, totals=False)
    policy = Policy.from_config({"allow": [".h%d.example.com" % number for number in range(20)]})
    rig.run(policy=policy)
    assert not rig.run(policy=policy)["changed"]


def test_more_entries_than_the_plan_takes_are_refused_before_the_first_write(rig):
    policy = Policy.from_config({"allow": [".h%d.example.com" % number for number in range(1001)]})
    with pytest.raises(Failed, match="would hold 1001 entries.*1000 at most.*list_limit.*Nothing was changed"):
        rig.run(check=True, policy=policy)
    rig.twin.knobs.max_items = 5000
    assert rig.run(policy=policy, adapter=rig.adapter(list_limit=5000))["changed"]


def test_the_maximum_of_lists_is_an_error_that_leaves_nothing(make):
    rig = make(max_lists=2)
    site = rig.snapshot()
    with pytest.raises(Failed, match="maximum number of lists reached.*The old state was restored"):
        rig.run()
    assert rig.snapshot() == site


# -- what is written ----------------------------------------------------------------------------------------------


def test_the_rules_name_the_lists_and_the_audience(rig):
    rig.run()
    ids = {row["name"]: key for key, row in rig.twin.lists.items()}
    off, network, dns = bodies(rig, "POST", "rules")
    assert off["traffic"] == "any(http.conn.domains[*] in $%s)" % ids["ChatGPT exempt"]
    assert set(dns["traffic"].split(" or ")) == {"any(dns.domains[*] in $%s)" % ids["ChatGPT allow"], "dns.fqdn in $%s" % ids["ChatGPT allow hosts"]}
    assert set(network["traffic"].split(" or ")) == {"any(net.sni.domains[*] in $%s)" % ids["ChatGPT allow"],
                                                     "net.sni.host in $%s" % ids["ChatGPT allow hosts"]}
    for rule in (off, network, dns):
        assert rule["enabled"] is True and rule["identity"] == 'any(identity.groups.name[*] in {"AI users"})' and rule["device_posture"] == ""


def test_an_exact_host_opens_nothing_below_it_and_a_wildcard_its_apex_which_is_said(make):
    rig = make(categories={"js.stripe.com": AI, "openai.com": AI, "chatgpt.com": AI})
    notes = {entry["pattern"]: entry["note"] for entry in rig.run()["coverage"]}
    assert rig.twin.decide(MEMBER, "m.js.stripe.com")[0] == "block" and rig.twin.decide(MEMBER, "openai.com")[0] == "allow"
    assert "widened: openai.com itself too" in notes["*.openai.com"] and "widened" not in notes[".chatgpt.com"] + notes["js.stripe.com"]
    assert "does not check the certificate" in notes[".chatgpt.com"] and "certificate" not in notes["js.stripe.com"]


LABELS = st.lists(st.sampled_from(["a", "b2", "openai", "com", "x-y"]), min_size=2, max_size=4).map(".".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["", ".", "*."]), name=LABELS, host=LABELS)
def test_what_is_rendered_matches_what_the_pattern_matches_or_the_difference_is_said(rig, kind, name, host):
    wanted = Policy.from_config({"allow": [kind + name]})
    made = [step["request"]["body"] for step in rig.run("rendered", policy=wanted)["rendered"]]
    lists = {body["name"].replace(" ", "-"): [item["value"] for item in body["items"]] for body in made if "items" in body}
    traffic = next(body["traffic"] for body in made if body.get("filters") == ["dns"])
    expression = Expression(re.sub("<id of ([^>]*)>", lambda found: found.group(1).replace(" ", "-"), traffic), lists)
    for one in (host, name, "www." + name, "evil" + name):
        domains = [one[at:] for at in range(len(one)) if at == 0 or one[at - 1] == "."]
        matched = expression.true(lambda field, one=one, domains=domains: {"dns.fqdn": [one], "dns.domains[*]": domains}[field])
        assert matched == (pattern(kind + name).matches(one) or (kind == "*." and one == name)), "the apex is what coverage calls widened"


@pytest.mark.parametrize("host", ["evilopenai.com", "openai.com.evil.test", "chatgpt.com.evil.test", "xchatgpt.com"])
def test_look_alikes_stay_blocked(make, host):
    rig = make(categories={host: AI, "chatgpt.com": AI, "openai.com": AI})
    rig.run()
    assert rig.twin.decide(MEMBER, host)[0] == "block"


def test_what_somebody_adds_to_the_allow_list_does_not_go_undecrypted(rig):
    rig.run()
    rig.add_foreign_member("www.example.com")
    assert rig.twin.decide(MEMBER, "www.example.com") == ("allow", "decrypt")


def test_a_host_below_a_domain_of_the_policy_needs_no_entry_of_its_own(rig):
    result = rig.run(policy=Policy.from_config({"allow": ["*.openai.com", "api.openai.com", "openai.com"], "exempt": ["*.openai.com", "api.openai.com"]}))
    assert {name: set(rig.twin.values(name)) for name in ("ChatGPT allow", "ChatGPT allow hosts", "ChatGPT exempt")} == {
        "ChatGPT allow": {"openai.com"}, "ChatGPT allow hosts": {"openai.com"}, "ChatGPT exempt": {"openai.com"}}
    assert len(rig.twin.lists) == 4 and {entry["allowed"] for entry in result["coverage"]} == {"yes"} and result["coverage_summary"]["exempt"] == 2
    assert not rig.run("replaced", Policy.from_config({"allow": ["*.openai.com", "openai.com"], "exempt": ["*.openai.com"]}))["changed"]


def test_an_empty_policy_makes_no_rule_that_is_about_everything(rig):
    site = rig.snapshot()
    rig.run(policy=Policy.from_config({"allow": []}))
    assert rig.snapshot() == site


def test_a_list_goes_after_the_rule_let_go_of_it(rig):
    """Undoing the first exact host: the rules let go of the list before it is deleted, or the API would refuse."""
    base = Policy.from_config({"allow": [".chatgpt.com"], "exempt": [".chatgpt.com"]})
    rig.run(policy=base)
    before = rig.snapshot()
    rig.run(policy=Policy.from_config({"allow": [".chatgpt.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}))
    assert "ChatGPT allow hosts" in rig.snapshot()["lists"]
    rig.run("reverted")
    assert rig.snapshot() == before


def test_a_company_list_gets_entries_only(rig):
    rig.twin.add_list("Company", ["foreign.example"])
    result = rig.run(adapter=rig.adapter(list_name="Company"))
    assert set(rig.twin.values("Company")) == {"foreign.example", "chatgpt.com", "openai.com", "js.stripe.com"}
    assert "ChatGPT allow" not in rig.twin.order("dns") + rig.twin.order("l4") and "ChatGPT do not inspect" in rig.twin.order("http")
    assert "the existing rules decide" in result["coverage"][0]["note"]


def test_a_list_of_our_name_and_another_type_is_refused(rig):
    rig.twin.add_list("ChatGPT allow", ["https://chatgpt.com/"], kind="URL")
    with pytest.raises(Failed, match="has type URL, which cannot be changed: choose another name"):
        rig.run(check=True)


def test_a_schedule_put_on_our_rule_is_drift(make):
    rig = make(outside_schedules=True)
    rig.run()
    rig.twin.edit(rig.twin.rule("ChatGPT allow", "dns"), schedule={"mon": "08:00-17:00"})
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert [list(change["fields"]) for change in rig.run()["changes"]] == [["schedule"]]
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_rule_that_somebody_disabled_is_drift_and_keeps_its_settings(rig):
    rig.run()
    rule = rig.twin.rule("ChatGPT allow", "dns")
    rig.twin.edit(rule, enabled=False, rule_settings=dict(rule["rule_settings"], block_reason="kept"))
    rig.run()
    rule = rig.twin.rule("ChatGPT allow", "dns")
    assert rule["enabled"] and rule["rule_settings"]["block_reason"] == "kept"


@pytest.mark.parametrize("section", ["lists", "rules"])
def test_two_objects_of_our_name_stop_the_run(rig, section):
    rig.run()
    if section == "lists":
        rig.twin.add_list("ChatGPT allow", ["a.example"])
    else:
        rig.twin.add_rule("ChatGPT allow", "dns", "allow", "", 9)
    with pytest.raises(Failed, match="more than one .*ChatGPT allow, so the right one cannot be identified.*Nothing was changed"):
        rig.run(policy=LATER)


# -- expressions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one,other", [
    ('any(dns.domains[*] == "a.com")', 'any( dns.domains[*]   in {"a.com"} )'), ("a.b in {2 1 2}", "(a.b in {1 2})"),
    ("a.b == 1 or a.c == 2", "(a.c == 2) || (a.b == 1)"), ("not(a.b in {1})", "a.b != 1"), ("not(not(a.b == 1))", "a.b eq 1"),
    ("a.b in $x and (a.c == 1 and a.d == 2)", "a.d in {2} && a.c in {1} and a.b in $x"), ("a.b not in $x", "not (a.b in $x)")])
def test_expressions_that_mean_the_same_have_one_form(one, other):
    assert canonical(one) == canonical(other) == canonical(canonical(one))


@pytest.mark.parametrize("one,other", [
    ("a.b == 1 and a.c == 2 or a.d == 3", "a.b == 1 and (a.c == 2 or a.d == 3)"), ("a.b == 1", "a.b != 1"), ('a.b == "x"', 'a.b == "X"'),
    ("not(a.b == 1 or a.c == 1)", "not(a.b == 1) or a.c == 1"), ("a.b in $x", "a.b in $y"), ("a.b > 1", "a.b >= 1")])
def test_expressions_that_do_not_mean_the_same_stay_apart(one, other):
    assert canonical(one) != canonical(other)


def test_what_is_not_understood_is_kept_as_it_is():
    assert canonical(" cidr(a.b,  24) ==  1 ") == "cidr(a.b, 24) == 1"


@pytest.mark.parametrize("form", [lambda text: text, lambda text: "  %s " % text.replace(" or ", "  ||  ") if text else "",
                                  lambda text: "(%s)" % text if text else ""])
def test_however_the_api_formats_expressions_a_rerun_writes_nothing(make, form):
    rig = make(format=form)
    rig.run()
    assert not rig.run()["changed"] and not rig.run("replaced")["changed"]


@pytest.mark.parametrize("text,alike", [
    (r"^\w+\.chatgpt\.com$", True), (r"^[\w.-]+\.openai\.com$", True), (r"(^|\.)chatgpt\.com$", True), (r"\bchatgpt\b", True), (r"^\w+\.com$", True),
    (r"chat\w{3}\.com", True), (r"^(setup|api)\.(openai|chatgpt)\.com$", True), (r"\d", True), (r"(?i)^CHATGPT\.COM$", True), (r"^[^.]+\.com$", True),
    (r"^js\\.stripe\\.com$", True), (r"^chatgpt\.com|^api\.", True), (r"^(?:js|m)\.stripe\.com$", True), (r"^[\w-]{3}\.", True), (r'^\"', True),
    (r"(a+)+$", False), (r"^\pL+", False), (r"[[:alpha:]]", False), (r"(?<!x)chat", False), (r"^\<chat", False)])
def test_a_regular_expression_means_to_us_what_it_means_to_gateway(make, text, alike):
    """Of its backslashes only the one before a quote goes. What Python may read in another way says nothing."""
    rig = make(site="bare")
    expression = 'dns.fqdn matches "%s"' % text
    rule = None
    for host in ("chatgpt.com", "ab.chatgpt.com", "api.openai.com", "js.stripe.com", "setup.auth.openai.com"):
        found = said(expression, host)
        if not alike:
            assert found == MAY
            continue
        rule = rule or rig.twin.add_rule("regex", "dns", "block", expression, 5)
        assert found == {"block": SURE, "allow": NO}[rig.decide(MEMBER, host)[0]], host


# -- place --------------------------------------------------------------------------------------------------------


def test_rules_are_directly_above_what_blocks_and_below_what_scans_for_threats(rig):
    rig.run()
    assert rig.twin.order("dns") == ["Stop threats", "ChatGPT allow", "Block AI"] and rig.twin.order("l4") == ["ChatGPT allow", "No AI by name"]
    assert rig.twin.rule("ChatGPT allow", "dns")["precedence"] == 1499 and rig.twin.rule("ChatGPT allow", "l4")["precedence"] == 2999


def test_a_rule_that_scans_for_threats_is_never_passed_nor_changed_unless_requested(rig):
    threats = rig.twin.rule("Stop threats", "dns")
    rig.twin.edit(threats, precedence=1600)
    kept = dict(threats)
    conflict, = rig.run()["conflicts"]
    assert conflict["where"] == "DNS rule Block AI" and not conflict["certain"] and "only the vendor knows" in conflict["text"]
    assert rig.twin.order("dns") == ["Block AI", "Stop threats", "ChatGPT allow"] and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert not rig.run()["changed"]
    rig.run(adapter=rig.adapter(may_pass=("Stop threats",)))
    assert rig.twin.order("dns") == ["ChatGPT allow", "Block AI", "Stop threats"] and rig.twin.rule("Stop threats", "dns") == kept


def test_a_rule_that_blocks_by_threat_and_by_name_needs_an_administrator(rig):
    rig.twin.add_rule("Mixed", "dns", "block", 'any(dns.security_category[*] in {117}) or any(dns.domains[*] in {"chatgpt.com"})', 900)
    conflict, = rig.run()["conflicts"]
    assert conflict["where"] == "DNS rule Mixed" and not conflict["remedy"] and "by hand" in conflict["opens"]


@pytest.mark.parametrize("layer,action,traffic,effect,text", [
    ("dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', "deny", 'block any(dns.domains[*] in {"chatgpt.com"})'),
    ("dns", "block", "", "deny", "block everything"),
    ("dns", "block", 'any(dns.content_category[*] in {26}) or any(dns.domains[*] in {"chatgpt.com" "openai.com" "stripe.com"})', "deny", "block any"),
    ("dns", "override", 'any(dns.domains[*] in {"chatgpt.com"})', "rewrite", "override "), ("l4", "l4_override", "", "rewrite", "l4_override everything"),
    ("dns", "shrug", "", "deny", "shrug everything; its action is not understood")])
def test_a_conflict_says_what_the_rule_does(make, layer, action, traffic, effect, text):
    rig = make(site="bare")
    rig.given("Odd", layer, "block", traffic, 5, {"action": action})
    conflict, = rig.run(check=True, adapter=rig.adapter(never_above=("Odd",)))["conflicts"]
    assert conflict["effect"] == effect and conflict["text"].startswith(text)
    # Of what is certain nothing is said to be in doubt.
    assert conflict["certain"] is (action != "shrug") and (";" in conflict["text"]) is (action == "shrug")


def test_our_own_rule_is_in_nobodys_way_whatever_somebody_made_of_it(make):
    rig = make(site="http")
    rig.twin.add_rule("No payments", "http", "block", 'any(http.request.domains[*] in {"stripe.com"})', 2600)
    rig.run()
    adapter = rig.adapter()
    plain = adapter.assess(FIRST, adapter.read())
    for layer in ("dns", "l4", "http"):
        rig.twin.edit(rig.twin.rule("ChatGPT allow", layer), action="block", identity='identity.email == "alice@example.com"',
                      rule_settings={"add_headers": {"ChatGPT-Allowed-Workspace-Id": ["w1"]}})
    adapter = rig.adapter()
    found = adapter.assess(FIRST, adapter.read())
    assert not any("ChatGPT" in conflict.where for conflict in found.conflicts)
    assert (found.losses, found.audience_widened) == (plain.losses, plain.audience_widened) and rig.run(check=True)["changed"]


def test_precedences_that_are_taken_are_stepped_over(rig):
    rig.twin.add_rule("egress", "egress", "egress", "", 1499)
    rig.twin.add_rule("other kind", "http", "allow", 'http.request.host == "intranet.example"', 1498)
    rig.run()
    assert rig.twin.rule("ChatGPT allow", "dns")["precedence"] == 1497


def test_without_a_free_precedence_between_two_rules_ours_goes_a_rule_further_up(rig):
    rig.twin.add_rule("Intranet", "dns", "allow", 'any(dns.domains[*] in {"intranet.example"})', 1499)
    result = rig.run()
    assert rig.twin.order("dns") == ["Stop threats", "ChatGPT allow", "Intranet", "Block AI"] and result["conflicts"] == []
    assert not rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_without_any_free_precedence_the_run_stops_and_renumbers_nobody(rig):
    rig.twin.edit(rig.twin.rule("Stop threats", "dns"), precedence=1499)
    with pytest.raises(Failed, match="no precedence is free between DNS rule Stop threats and DNS rule Block AI.*Nothing was changed") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "conflict" and not writes(rig)


@pytest.mark.parametrize("low,high,used,expected", [
    (None, None, (), 1000), (5, None, (6, 7), 8), (None, 10, (), 9), (None, 1, (), None), (3, 6, (5,), 4), (3, 6, (4, 5), None), (3, 4, (), None)])
def test_free_precedences(low, high, used, expected):
    assert free(low, high, set(used)) == expected


def test_a_rule_named_with_a_slip_is_told_before_anything_is_written(rig):
    with pytest.raises(Failed, match="no DNS, network or HTTP rule named Stop threat"):
        rig.run(check=True, adapter=rig.adapter(never_above=("Stop threat",)))


def test_rules_of_a_parent_account_come_first_and_are_not_offered(rig):
    rig.twin.add_rule("Group policy", "dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', 5000, read_only=True, source_account="f" * 32)
    conflict, = rig.run()["conflicts"]
    assert conflict["where"] == "DNS rule Group policy" and not conflict["remedy"] and "parent account" in conflict["opens"]
    with pytest.raises(Failed, match="cannot be resolved automatically"):
        rig.run(unblock=(conflict["id"],))


def test_of_two_objects_of_one_name_the_one_that_our_run_made_is_taken_back(rig):
    """A second run that was under way at the same time made the same ones."""
    site = set(rig.twin.lists) | set(rig.twin.rules)
    journal = rig.run()["journal"]
    lists = {key: rig.twin.add_list(row["name"], sorted(row["items"]), description=row["description"]) for key, row in list(rig.twin.lists.items())
             if key not in site}
    rules = []
    for row in [row for key, row in rig.twin.rules.items() if key not in site]:
        traffic = re.sub("|".join(lists), lambda found: lists[found.group()], row["traffic"])
        rules.append(rig.twin.add_rule(row["name"], row["filters"][0], row["action"], traffic, 9000 + len(rules), description=row["description"]))
    assert lists and rules
    with pytest.raises(Failed, match="so the right one cannot be identified"):
        rig.run("deleted")
    assert rig.run("reverted", journal=journal)["changed"]
    assert set(rig.twin.lists) | set(rig.twin.rules) == site | set(lists.values()) | set(rules)


def test_names_that_a_second_run_makes_meanwhile_are_noticed_before_the_first_write(rig):
    rig.run()
    made = dict(rig.twin.lists)
    rig.run("deleted")
    adapter = rig.adapter()
    begin = adapter.begin

    def meanwhile():
        rig.twin.lists.update({key: row for key, row in made.items() if row["name"].startswith("ChatGPT")})
        return begin()
    adapter.begin = meanwhile
    with pytest.raises(Failed, match="someone else changed .* after it was read and before it was locked|so the right one"):
        rig.run(adapter=adapter)
    assert rig.meter.writes == 0


def test_a_read_only_or_protected_rule_is_not_offered(rig):
    rig.twin.add_rule("Fixed", "dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', 800, read_only=True)
    rig.twin.add_rule("Mine", "l4", "block", 'any(net.sni.domains[*] in {"chatgpt.com"})', 2001, identity='identity.email == "alice@example.com"')
    found = {conflict["where"]: conflict for conflict in rig.run(check=True, adapter=rig.adapter(protected=("Mine",), never_above=("Fixed",)))["conflicts"]}
    assert "read-only" in found["DNS rule Fixed"]["opens"] and found["network rule Mine"]["opens"] == "protected"
    assert not any(conflict["remedy"] for conflict in found.values())


def test_a_rule_of_the_site_that_somebody_edited_since_is_not_overwritten(rig):
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    adapter = rig.adapter()
    send = adapter.send

    def late(request):
        rule = rig.twin.rule("threats", "dns")
        if rule["id"] in request["path"] and rule["enabled"] and rule["description"] == "":
            rig.twin.edit(rule, description="seen by somebody")
        return send(request)
    adapter.send = late
    with pytest.raises(Failed, match="someone else changed the rule threats after it was read") as failed:
        rig.run(adapter=adapter, unblock=(conflict["id"],))
    assert failed.value.result["failure"]["class"] == "conflict" and rig.twin.rule("threats", "dns")["enabled"]


def test_a_disabled_rule_keeps_all_its_settings(rig):
    kept = {"block_page_enabled": True, "block_reason": "AI is closed", "override_ips": None}
    rig.twin.add_rule("Closed", "dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', 500, rule_settings=kept,
                      identity='any(identity.groups.name[*] in {"AI users" "More"})',
                      description="CHG1")
    before = dict(rig.twin.rule("Closed", "dns"))
    adapter = rig.adapter(never_above=("Closed",))
    conflict, = rig.run(check=True, adapter=adapter)["conflicts"]
    rig.run(adapter=rig.adapter(never_above=("Closed",)), unblock=(conflict["id"],))
    after = rig.twin.rule("Closed", "dns")
    assert {name for name in before if before[name] != after[name]} == {"enabled", "description", "version", "updated_at"} - {"updated_at"}
    assert after["description"] == "CHG1 [disabled by netaccess.chatgpt]"


# -- audience -----------------------------------------------------------------------------------------------------


def test_users_and_groups_add_up_and_posture_narrows(rig):
    rig.run(adapter=rig.adapter(groups=("Nobody",), users=("alice@example.com",), device_posture=("Disk is encrypted",)))
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(STRANGER, "chatgpt.com")[0] == "block"
    rig.twin.people[MEMBER].posture = ()
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    again = rig.run(adapter=rig.adapter(groups=("Nobody",), users=("alice@example.com",), device_posture=(rig.twin.compliant,)))
    assert not again["changed"], "a name or its id"


@pytest.mark.parametrize("rows,text", [([], "no posture check named"), ([{"id": "a", "name": "Disk is encrypted"}, {"id": "b", "name": "Disk is encrypted"}],
                                                                        "more than one posture check named")])
def test_a_posture_check_that_is_not_there_or_twice_is_told(rig, rows, text):
    rig.twin.posture = rows
    with pytest.raises(Failed, match="audience.device_posture: the account has %s Disk is encrypted" % text):
        rig.run(check=True, adapter=rig.adapter(device_posture=("Disk is encrypted",)))


def test_everyone_is_a_rule_without_identity(rig):
    rig.run(adapter=rig.adapter(**EVERYONE))
    assert {rig.decide(who, "chatgpt.com") for who in (MEMBER, STRANGER, "guest")} == {("allow", "tunnel")}


def test_an_earlier_block_of_a_part_of_the_audience_keeps_its_word(rig):
    rig.twin.add_rule("Quarantine", "dns", "block", "", 1200, device_posture='not(any(device_posture.checks.passed[*] in {"%s"}))' % rig.twin.compliant)
    result = rig.run()
    assert rig.twin.order("dns") == ["Stop threats", "Quarantine", "ChatGPT allow", "Block AI"]
    assert [(conflict["where"], conflict["certain"]) for conflict in result["conflicts"]] == [("DNS rule Quarantine", False)]
    rig.twin.edit(rig.twin.rule("ChatGPT allow", "dns"), precedence=1100)
    assert rig.run()["changed"] and rig.twin.order("dns") == ["Stop threats", "Quarantine", "ChatGPT allow", "Block AI"], "put above it by hand"
    assert rig.run(adapter=rig.adapter(device_posture=("Disk is encrypted",)))["conflicts"] == [], "nobody in the audience is quarantined then"


def test_what_stands_between_the_block_and_a_rule_that_keeps_its_word_is_not_passed(rig):
    rig.twin.add_rule("Quarantine", "dns", "block", "", 1600, identity='identity.email == "alice@example.com"')
    rig.twin.edit(rig.twin.rule("Stop threats", "dns"), precedence=1700)
    result = rig.run()
    assert result["audience_widened"] == [] and rig.twin.order("dns") == ["Block AI", "Quarantine", "Stop threats", "ChatGPT allow"]


@pytest.mark.parametrize("where", ['dns.location in {"5b001b5a-4f69-4fdd-9240-1ed29f001b5a"}', "dns.src_ip in {192.0.2.0/24}", 'dns.src.geo.country == "XX"'])
def test_a_block_of_a_place_is_one_of_a_part_of_the_audience(rig, where):
    rig.twin.add_rule("Guest network", "dns", "block", where, 1200)
    rig.run()
    assert rig.twin.order("dns") == ["Stop threats", "Guest network", "ChatGPT allow", "Block AI"]
    rig.twin.edit(rig.twin.rule("Guest network", "dns"), precedence=1700)
    with pytest.raises(Failed, match="DNS rule Guest network blocks a part of the audience"):
        rig.run()


def test_a_rule_that_only_may_be_about_these_hosts_is_no_reason_to_pass_one_for_a_part_of_the_audience(rig):
    rig.twin.add_rule("By country", "dns", "block", 'dns.dst.geo.country == "XX"', 1100)
    rig.twin.add_rule("Quarantine", "dns", "block", "", 1200, identity='identity.email == "alice@example.com"')
    result = rig.run()
    assert rig.twin.order("dns") == ["Stop threats", "By country", "Quarantine", "ChatGPT allow", "Block AI"]
    assert {(conflict["where"], conflict["certain"]) for conflict in result["conflicts"]} == {("DNS rule By country", False), ("DNS rule Quarantine", False)}


def test_a_later_block_of_a_part_would_be_passed_and_has_to_be_said(rig):
    rig.twin.add_rule("Quarantine", "dns", "block", "", 1700, identity='identity.email == "alice@example.com"')
    with pytest.raises(Failed, match="DNS rule Quarantine blocks a part of the audience"):
        rig.run()
    assert not writes(rig)
    rig.run(accept_wider_audience=True)
    with pytest.raises(Failed, match="DNS rule Quarantine blocks a part of the audience"):
        rig.run()


def test_do_not_inspect_passes_every_http_rule_and_that_is_said(make):
    rig = make(site="http")
    rig.twin.add_rule("Quarantine", "http", "block", "", 100, identity='identity.email == "alice@example.com"')
    with pytest.raises(Failed, match="HTTP rule Quarantine would no longer apply to the exempt hosts"):
        rig.run()
    assert not writes(rig)


def test_what_rules_of_ours_are_not_made_passes_nobody(make):
    """A list of the site goes into rules of the site; and what is exempt is told once, whatever the rule that allows would pass."""
    rig = make(site="bare")
    rig.twin.add_list("Company", ["foreign.example"])
    rig.twin.add_rule("Shuts", "http", "block", 'http.request.host == "js.stripe.com"', 10)
    for number, layer, field in ((20, "dns", "dns.domains"), (21, "http", "http.request.domains")):
        rig.twin.add_rule("Part of " + layer, layer, "block", 'any(%s[*] in {"chatgpt.com"})' % field, number,
                          identity='identity.email == "alice@example.com"')
    rig.twin.add_rule("All of dns", "dns", "block", "", 15)

    def widened(**options):
        told = rig.run(check=True, accept_wider_audience=True, adapter=rig.adapter(**options))["audience_widened"]
        return [text.partition(" rule ")[2].partition(" would")[0] for text in told]
    assert sorted(widened()) == ["Part of dns blocks a part of the audience and", "Part of http"]
    assert widened(list_name="Company") == ["Part of http"]
    assert widened(list_name="Company", exempt_list_name="Company") == []


@pytest.mark.parametrize("rule,told", [
    ({"traffic": 'any(dns.domains[*] in {"chatgpt.com"}) and dns.query_rtype == "TXT"'}, True), ({"identity": 'identity.email == "alice@example.com"'}, True),
    ({"traffic": 'any(dns.domains[*] in {"foreign.example"})', "identity": 'identity.email == "alice@example.com"'}, False), ({}, False),
    ({"identity": 'not(any(identity.groups.name[*] in {"AI users"}))'}, False)], ids=str)
def test_whom_a_rule_of_names_would_pass(make, rule, told):
    """The DNS rule that allows: what stands below a rule for everybody."""
    rig = make(site="bare")
    rig.twin.add_rule("All", "dns", "block", "", 10)
    rig.twin.add_rule("Below", "dns", "block", rule.get("traffic", ""), 20, identity=rule.get("identity", ""))
    widened = rig.run(check=True, accept_wider_audience=True)["audience_widened"]
    assert [text.partition(" blocks")[0] for text in widened] == ["DNS rule Below"] * told


def test_http_rules_that_ours_would_pass_are_told(make):
    rig = make(site="bare")
    for number, (name, action, host, who) in enumerate([
            ("Above", "block", "js.stripe.com", "alice@example.com"), ("Shuts", "block", "js.stripe.com", ""),
            ("Below", "block", "js.stripe.com", "alice@example.com"), ("Kept", "block", "chatgpt.com", "")]):
        rig.twin.add_rule(name, "http", action, 'any(http.request.domains[*] in {"%s"})' % host, 10 + 10 * number,
                          identity='identity.email == "%s"' % who if who else "")
    told = [rig.run(check=True, accept_wider_audience=True, adapter=rig.adapter(never_above=names))["audience_widened"] for names in ((), ("Kept",))]
    assert [[text.partition(" ")[2].partition(" ")[2].partition(" ")[0] for text in texts] for texts in told] == [["Below"], ["Kept"]]


def test_a_rule_that_leaves_our_audience_out_is_no_conflict(rig):
    rig.twin.add_rule("All but AI users", "dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', 100,
                      identity='not(any(identity.groups.name[*] in {"AI users"}))')
    result = rig.run()
    assert result["conflicts"] == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


# -- coverage -----------------------------------------------------------------------------------------------------


def assessed(rig, **changes) -> dict:
    """What is in force now, not after a plan."""
    adapter = rig.adapter(**changes)
    return {row.pattern: row for row in adapter.assess(FIRST, adapter.read()).coverage}


@pytest.mark.parametrize("name,entry,shut", [("ChatGPT allow", "chatgpt.com", ".chatgpt.com"), ("ChatGPT allow", "openai.com", "*.openai.com"),
                                             ("ChatGPT allow hosts", "js.stripe.com", "js.stripe.com")])
def test_what_our_lists_do_not_hold_is_not_allowed(make, name, entry, shut):
    """Though nothing shuts it today."""
    rig = make(site="bare")
    rig.run()
    del rig.twin.values(name)[entry]
    assert {pattern: row.allowed for pattern, row in assessed(rig).items()} == {
        pattern: "no" if pattern == shut else "yes" for pattern in (".chatgpt.com", "*.openai.com", "js.stripe.com")}


@pytest.mark.parametrize("action,traffic,word,note", [
    ("block", 'any(dns.domains[*] in {"chatgpt.com"})', "no", "Odd blocks it"), ("block", 'dns.fqdn == "ab.chatgpt.com"', "unchecked", "Odd may block it"),
    ("block", 'any(dns.domains[*] in {"chatgpt.com"}) and dns.query_rtype == "TXT"', "unchecked",
     "Odd may block it: selector dns.query_rtype is about a part of the requests"), ("block", 'dns.fqdn == "foreign.example"', "yes", "")])
def test_why_a_pattern_is_not_allowed(make, action, traffic, word, note):
    rig = make(site="bare")
    rig.run()
    rig.twin.add_rule("Odd", "dns", action, traffic, 5)
    row = assessed(rig, never_above=("Odd",))[".chatgpt.com"]
    spared = "not decrypted, by the name in the handshake, and Gateway does not check the certificate"
    assert row.allowed == word and row.note.partition("; ")[0] == (note or spared)
    assert row.allowed_by == (None if word == "no" else "ChatGPT allow")


@pytest.mark.parametrize("action,traffic,word,by,note", [
    (None, "", "yes", "ChatGPT do not inspect", "not decrypted, by the name"),
    ("on", 'any(http.conn.domains[*] in {"chatgpt.com"})', "unchecked", None, "Odd may decrypt it: its action is not understood"),
    ("off", 'any(http.conn.domains[*] in {"chatgpt.com"})', "yes", "Odd", "not decrypted, by the name")])
def test_why_a_pattern_is_not_exempt(make, action, traffic, word, by, note):
    rig = make(site="bare")
    rig.run()
    if action:
        rig.given("Odd", "http", "block", traffic, 5, {"action": action})
    row = assessed(rig)[".chatgpt.com"]
    assert (row.exempt, row.exempt_by) == (word, by) and note in row.note
    rig.twin.rules = {key: rule for key, rule in rig.twin.rules.items() if rule["action"] not in ("off", "on")}
    row = assessed(rig)[".chatgpt.com"]
    assert (row.exempt, row.exempt_by, row.note) == ("no", None, "") and assessed(rig)["*.openai.com"].note == "widened: openai.com itself too"


# -- the HTTP layer -----------------------------------------------------------------------------------------------


def test_an_http_rule_that_allows_is_created_only_when_one_blocks_a_host_that_stays_inspected(make):
    rig = make(site="http")
    rig.run()
    assert rig.twin.order("http") == ["Stop malware", "Block AI", "ChatGPT do not inspect"]
    rig.twin.add_rule("No payments", "http", "block", 'any(http.request.domains[*] in {"stripe.com"})', 2600)
    assert rig.decide(MEMBER, "js.stripe.com")[0] == "block"
    assert [(change["op"], change["kind"]) for change in rig.run()["changes"]] == [("create", "HTTP rule")]
    assert rig.decide(MEMBER, "js.stripe.com") == ("allow", "decrypt") and rig.decide(STRANGER, "js.stripe.com")[0] == "block"
    assert rig.twin.order("http").index("Stop malware") < rig.twin.order("http").index("ChatGPT allow")
    assert not rig.run()["changed"]


def test_rules_about_a_part_of_the_requests_may_block_and_are_a_loss_where_exempt(make):
    rig = make(site="bare")
    rig.twin.add_rule("No executables", "http", "block", 'any(http.download.file.types[*] in {"exe"})', 10)
    rig.twin.add_rule("No card numbers", "http", "block", 'any(dlp.profiles[*] in {"%s"})' % rig.twin.compliant, 20)
    rig.twin.add_rule("Isolate AI", "http", "isolate", "any(http.request.uri.content_category[*] in {%d})" % AI, 30)
    result = rig.run()
    assert {conflict["where"]: (conflict["hosts"], conflict["certain"], bool(conflict["remedy"])) for conflict in result["conflicts"]} == dict.fromkeys(
        ("HTTP rule No executables", "HTTP rule No card numbers", "HTTP rule Isolate AI"), (("js.stripe.com",), False, False))
    assert {entry["pattern"]: entry["allowed"] for entry in result["coverage"]} == {".chatgpt.com": "yes", "*.openai.com": "yes", "js.stripe.com": "unchecked"}
    assert "No executables may block it: selector http.download.file.types[*] is about a part of the requests" in result["coverage"][2]["note"]
    assert {(loss["control"], loss["rule"]) for loss in result["losses"]} == {
        ("av", "antivirus scanning of the account"), ("file_control", "HTTP rule No executables"), ("dlp", "HTTP rule No card numbers"),
        ("isolation", "HTTP rule Isolate AI")}
    with pytest.raises(Failed, match="refuse_losses.*dlp"):
        rig.run(refuse_losses=("dlp",))


@pytest.mark.parametrize("account,controls", [
    ({}, []), ({"antivirus": {"enabled_download_phase": True}}, ["av"]), ({"antivirus": {"enabled_upload_phase": True}}, ["av"]),
    ({"antivirus": None, "sandbox": None}, []), ({"sandbox": {"enabled": True}}, ["sandbox"]), ({"sandbox": {"enabled": False}}, [])], ids=str)
def test_what_the_account_scans_is_lost(make, account, controls):
    rig = make(site="bare")
    rig.twin.settings = account
    result = rig.run(check=True)
    assert [(loss["control"], loss["hosts"]) for loss in result["losses"]] == [(control, (".chatgpt.com", "*.openai.com")) for control in controls]
    assert rig.run(check=True, policy=Policy.from_config({"allow": ["js.stripe.com"]}))["losses"] == []


@pytest.mark.parametrize("about,who,controls", [
    ('http.request.host == "chatgpt.com"', "", ["headers"]), ('http.request.host == "chatgpt.com"', "alice@example.com", ["headers"]),
    ('http.request.host == "foreign.example"', "", []), ('http.request.host == "chatgpt.com"', None, [])])
def test_a_rule_whose_headers_exempt_hosts_do_not_get_is_a_loss(make, about, who, controls):
    """Also where only a part of the audience has it; where the audience has not, nothing is lost."""
    rig = make(site="bare")
    rig.twin.settings = {}
    identity = 'identity.email == "%s"' % who if who else "" if who == "" else 'not(any(identity.groups.name[*] in {"AI users"}))'
    rig.twin.add_rule("Adds", "http", "allow", about, 10, identity=identity, rule_settings={
        "add_headers": {"X-Tenant": ["w1"], "ChatGPT-Allowed-Workspace-Id": ["w1"]}})
    adapter = rig.adapter()
    found = adapter.assess(FIRST, adapter.read())
    assert [loss.control for loss in found.losses] == controls
    assert [(one.rule, [str(host) for host in one.hosts]) for one in found.tenant_controls] == [("HTTP rule Adds", [".chatgpt.com"])] * bool(controls)


def test_an_http_rule_against_threats_that_exempt_hosts_pass_is_a_loss(rig):
    assert ("av", "HTTP rule Stop malware") in {(loss["control"], loss["rule"]) for loss in rig.run(check=True)["losses"]}


def test_rules_about_a_part_keep_their_word_when_they_come_first_and_are_a_loss_when_ours_passes_them(make):
    rig = make(site="bare")
    part = 'any(http.download.file.types[*] in {"exe"})'
    rig.twin.add_rule("First", "http", "block", part, 10)
    rig.twin.add_rule("No payments", "http", "block", 'any(http.request.domains[*] in {"stripe.com"})', 20)
    rig.twin.add_rule("Later", "http", "block", part, 30)
    with pytest.raises(Failed, match="refuse_losses.*file_control .HTTP rule Later. for js.stripe.com"):
        rig.run(refuse_losses=("file_control",))
    result = rig.run()
    assert rig.twin.order("http")[:4] == ["First", "ChatGPT allow", "No payments", "Later"] and not rig.run()["changed"]
    assert [loss["hosts"] for loss in result["losses"] if loss["rule"] == "HTTP rule Later"] == [("js.stripe.com",), (".chatgpt.com", "*.openai.com")]
    assert [loss["hosts"] for loss in result["losses"] if loss["rule"] == "HTTP rule First"] == [(".chatgpt.com", "*.openai.com")]


def test_an_exemption_narrower_than_what_is_allowed_is_seen_and_the_other_way_round(rig):
    result = rig.run(policy=Policy.from_config({"allow": [".openai.com", "api.openai.com", "chat.openai.com"], "exempt": ["api.openai.com"]}))
    assert [(entry["pattern"], entry["allowed"], entry["exempt"]) for entry in result["coverage"]] == [
        (".openai.com", "yes", "not wanted"), ("api.openai.com", "yes", "yes"), ("chat.openai.com", "yes", "not wanted")]
    assert rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel") and rig.decide(MEMBER, "chat.openai.com") == ("allow", "decrypt")
    assert {loss["hosts"] for loss in result["losses"]} == {("api.openai.com",)}
    result = rig.run("replaced", Policy.from_config({"allow": [".openai.com"], "exempt": ["*.openai.com"]}))
    assert result["coverage"][0]["exempt"] == "not wanted" and ("av", "HTTP rule Stop malware") in {(one["control"], one["rule"]) for one in result["losses"]}


def test_isolation_of_a_host_that_stays_inspected_is_a_conflict(make):
    rig = make(site="bare")
    rig.twin.add_rule("Isolate payments", "http", "isolate", 'any(http.request.domains[*] in {"stripe.com"})', 30)
    conflict, = rig.run()["conflicts"]
    assert (conflict["effect"], conflict["hosts"], conflict["certain"]) == ("rewrite", ("js.stripe.com",), True)


def test_the_header_of_a_workspace_needs_decryption(rig):
    rig.twin.add_rule("Own workspace", "http", "allow", 'any(http.request.domains[*] in {"chatgpt.com"})', 2100,
                      rule_settings={"add_headers": {"ChatGPT-Allowed-Workspace-Id": ["w1"]}})
    with pytest.raises(Failed, match="HTTP rule Own workspace inserts the header.*tenant_control"):
        rig.run()
    rig.run(tenant_control="keep")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt") and rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")
    assert "ChatGPT allow" not in rig.twin.order("http") or rig.twin.order("http").index("Own workspace") < rig.twin.order("http").index("ChatGPT allow")


def test_the_header_is_seen_for_an_exemption_that_is_no_entry_of_what_is_allowed(rig):
    rig.twin.add_rule("Own workspace", "http", "allow", 'http.request.host == "api.openai.com"', 2100,
                      rule_settings={"set_headers": {"chatgpt-allowed-workspace-id": ["w1"]}})
    with pytest.raises(Failed, match="HTTP rule Own workspace inserts the header"):
        rig.run(policy=Policy.from_config({"allow": [".openai.com"], "exempt": ["api.openai.com"]}))


def test_our_http_rule_never_passes_the_one_that_adds_the_header(rig):
    rig.twin.add_rule("Own workspace", "http", "allow", 'any(http.request.domains[*] in {"chatgpt.com"})', 2600,
                      rule_settings={"add_headers": {"ChatGPT-Allowed-Workspace-Id": ["w1"]}})
    result = rig.run(tenant_control="keep")
    assert [name for name in rig.twin.order("http") if name != "ChatGPT do not inspect"] == ["Stop malware", "Block AI", "Own workspace", "ChatGPT allow"]
    assert [conflict["where"] for conflict in result["conflicts"]] == ["HTTP rule Block AI"]


def test_without_tls_decryption_nothing_is_lost_and_the_rule_is_made_all_the_same(rig):
    rig.twin.settings["tls_decrypt"]["enabled"] = False
    result = rig.run()
    assert result["losses"] == [] and any("TLS decryption is off" in text for text in result["warnings"])
    assert "ChatGPT do not inspect" in rig.twin.order("http")
    assert not rig.run(policy=Policy.from_config({"allow": ["js.stripe.com"]}), check=True).get("warnings")
    # What the account does not say is no leave to call nothing lost.
    rig.twin.settings["tls_decrypt"] = None
    assert rig.run(check=True)["losses"] != []


def test_applications_and_categories_of_rules_are_looked_up(make):
    rig = make(site="bare")
    rig.twin.add_rule("No ChatGPT", "dns", "block", "any(app.ids[*] in {1199})", 100)
    rig.twin.add_rule("No Drive", "l4", "block", "any(app.ids[*] in {515})", 200)
    rig.twin.add_rule("No gambling", "dns", "block", "any(dns.content_category[*] in {99})", 300)
    rig.twin.add_rule("No business", "dns", "block", "any(dns.content_category[*] in {%d})" % FINANCE, 400)
    result = rig.run()
    assert result["conflicts"] == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(MEMBER, "js.stripe.com")[0] == "allow"
    # Whether the application Google Drive holds hosts of a third company, nobody can tell.
    assert rig.twin.order("dns") == ["ChatGPT allow", "No ChatGPT", "No gambling", "No business"] and rig.twin.order("l4") == ["ChatGPT allow", "No Drive"]


def test_coverage_without_the_scan_is_unchecked(rig):
    result = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert {entry["allowed"] for entry in result["coverage"]} == {"unchecked"} and result["conflicts"] == []
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


# -- voice --------------------------------------------------------------------------------------------------------


@pytest.fixture
def voice(make):
    return make(voice=True)


def test_voice_opens_for_the_audience_and_the_published_addresses_alone(voice):
    assert not any(voice.passes(who, *packet) for who in (MEMBER, STRANGER) for packet in PACKETS)
    result = voice.run()
    assert [packet for packet in PACKETS if voice.passes(MEMBER, *packet)] == list(PUBLISHED)
    assert not any(voice.passes(STRANGER, *packet) for packet in PACKETS)
    assert voice.twin.order("l4").index("ChatGPT voice") < voice.twin.order("l4").index("No UDP") and "UDP proxy" in result["manual"][0]
    assert [change["kind"] for change in result["changes"]].count("network rule") == 2 and not voice.run()["changed"]


def test_a_port_that_somebody_added_to_voice_is_drift(voice):
    voice.run()
    rule = voice.twin.rule("ChatGPT voice", "l4")
    voice.twin.edit(rule, traffic=rule["traffic"].replace("net.dst.port == 3478", "net.dst.port in {3478 3479}"))
    assert voice.passes(MEMBER, "203.0.113.5", 3479)
    assert [list(change["fields"]) for change in voice.run()["changes"]] == [["traffic"]] and not voice.passes(MEMBER, "203.0.113.5", 3479)


@pytest.mark.parametrize("traffic,taken", [
    ("net.dst.ip in {203.0.113.0/24 198.51.100.0/24}", True), ("net.dst.ip in {192.0.2.0/24}", False), ("net.dst.port >= 3000 and net.dst.port <= 4000", True),
    ("net.dst.port == 53", False), ('net.protocol == "tcp"', False), ('any(net.sni.domains[*] in {"chatgpt.com"})', False)])
def test_which_network_rules_take_the_packets(voice, traffic, taken):
    voice.twin.add_rule("odd", "l4", "block", traffic, 3050)
    voice.run()
    order = voice.twin.order("l4")
    assert (order.index("ChatGPT voice") < order.index("odd")) is taken


def test_voice_past_a_later_block_of_a_part_of_the_audience_has_to_be_said(voice):
    voice.twin.add_rule("Contractors", "l4", "block", "net.dst.port == 3478", 3200, identity='identity.email == "alice@example.com"')
    with pytest.raises(Failed, match="network rule Contractors blocks a part of the audience and would no longer apply to voice"):
        voice.run()
    assert not writes(voice)


def test_voice_that_a_rule_still_takes_is_a_conflict(voice):
    voice.twin.edit(voice.twin.rule("No UDP", "l4"), precedence=2900)
    conflict, = voice.run(adapter=voice.adapter(never_above=("No UDP",)))["conflicts"]
    assert conflict["where"] == "network rule No UDP" and conflict["hosts"] == (str(MEDIA[0]),)
    voice.run(adapter=voice.adapter(never_above=("No UDP",)), unblock=(conflict["id"],))
    assert voice.passes(MEMBER, *PUBLISHED[0])


# -- the account --------------------------------------------------------------------------------------------------


def test_a_wrong_token_is_a_clear_error_without_it(rig):
    for status in ((403, 10000, "Authentication error"), (400, 6003, "Invalid request headers"), (401, 1000, "Invalid API Token")):
        rig.twin.knobs.bad_token = status
        with pytest.raises(Failed, match="rejects the API token.*Zero Trust Write.*Nothing was changed") as failed:
            rig.run(adapter=rig.adapter(token="Wrong-One-1"))
        assert failed.value.result["failure"]["class"] == "auth" and "Wrong-One-1" not in json.dumps(failed.value.result) + str(failed.value)


def test_a_token_that_only_reads_audits_and_does_not_write(rig):
    assert rig.run(check=True, adapter=rig.adapter(token=rig.twin.reader))["changed"]
    with pytest.raises(Failed, match="rejects the API token for POST gateway/lists"):
        rig.run(adapter=rig.adapter(token=rig.twin.reader))


def test_another_account_is_named(rig):
    with pytest.raises(Failed, match="check account_id"):
        rig.run(adapter=rig.adapter(account="f" * 32))


def test_a_server_that_fails_is_asked_again_for_reads_and_never_for_writes(rig):
    rig.twin.faults.append(Weather("status", times=2, reply=Reply(504, b"<html>gateway timeout</html>"), when=lambda request: request.path.endswith("/rules")))
    assert rig.run(check=True)["requests"]["waited"] == 3
    rig.twin.faults.append(Weather("status_after", reply=Reply(504, b"<html>gateway timeout</html>"), when=lambda request: request.method == "POST"))
    assert rig.run()["changed"] and len(bodies(rig, "POST", "lists")) == 3


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"", b"[]", b'{"success": true}'])
def test_an_answer_that_is_not_the_api_is_a_clear_error(rig, body):
    rig.twin.faults.append(Weather("status", reply=Reply(200, body), times=99))
    with pytest.raises(Failed, match="not with an answer of its API"):
        rig.run()


# -- options ------------------------------------------------------------------------------------------------------


def module(**changes):
    parameters = {"audience": {"groups": ["AI users"]}, "state": "merged", "activate": True, "prefix": "ChatGPT", "list_name": None, "exempt_list_name": None,
                  "list_limit": 1000, "position": None, "protected": [], "scan_conflicts": True, "comment": None, "api_url": None, "account_id": "a" * 32,
                  "api_token": "t", "validate_certs": True, "ca_path": None, "certificate_fingerprint": None, "proxy": None, "timeout": 60}
    return types.SimpleNamespace(params=dict(parameters, **changes), check_mode=False)


@pytest.mark.parametrize("changes,text", [
    ({"audience": {}}, "audience: set groups"), ({"audience": None}, "audience: set groups"),
    ({"audience": {"groups": ["x"], "everyone": True}}, "are mutually exclusive"), ({"activate": False}, "no staging"),
    ({"prefix": 'a"b'}, "cannot be the name"), ({"list_name": " "}, "cannot be the name")])
def test_options_that_cannot_be_meant_are_refused(changes, text):
    with pytest.raises(AccessError, match=text):
        product.from_module(module(**changes))


@pytest.mark.parametrize("url,host", [
    (None, "api.cloudflare.com"), ("https://gw.example.com/client/v4", "gw.example.com"), ("https://gw.example.com/", "gw.example.com")])
def test_the_address_of_the_api(url, host):
    assert product.from_module(module(api_url=url)).device == "%s/%s" % (host, "a" * 32)


def test_rendered_is_what_would_be_sent(rig):
    steps = rig.run("rendered", policy=FIRST)["rendered"]
    assert [(step["request"]["method"], step["request"]["path"]) for step in steps] == [("POST", "gateway/lists")] * 3 + [("POST", "gateway/rules")] * 3
    assert steps[3]["request"]["body"]["traffic"] == "any(http.conn.domains[*] in $<id of ChatGPT exempt>)" and not rig.twin.log
