# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a column of a rule, or a selector of its expression, does to what is claimed of Gateway: each that is known, and one of next year."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.columns import CLOSED, RULE, SELECTORS, flat
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from tests.contract.rig import MEMBER
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig, nested
from tests.products.cloudflare_gateway.twin import AI
from tests.products.cloudflare_gateway.twin.policy import COLUMNS

FACTS = COLUMNS["rule"]
LIMITS = [(column, fact["limit"]) for column, fact in FACTS["match"].items() if not fact.get("judged")]
LIMITS += [("column_of_next_year", ["x"]), ("rule_settings.column_of_next_year", True), ("rule_settings.next.year", 1)]
#: A host of each layer that a rule of the site decides, in coverage and in an expression. What is exempt passes the HTTP rules.
ABOUT = {"dns": (".chatgpt.com", 'any(dns.domains[*] in {"chatgpt.com"})'), "l4": (".chatgpt.com", 'any(net.sni.domains[*] in {"chatgpt.com"})'),
         "http": ("js.stripe.com", 'http.request.host == "js.stripe.com"')}
#: Tests of selectors that everything wanted passes.
SURE = ('net.dst.port in {443}', 'net.protocol in {"tcp"}')


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, CloudflareGatewayRig, site="bare")


def row(result, host):
    return next(entry for entry in result["coverage"] if entry["pattern"] == host)


def conflicts(result):
    return {conflict["where"].partition("rule ")[2]: conflict for conflict in result["conflicts"]}


def uncertain(conflict, *words):
    assert not conflict["certain"] and not conflict["remedy"] and all(word in conflict["text"] for word in words), conflict


def selectors(layer, *kinds):
    """(selector, a test of it) of a layer, without those that are sure, and without security categories, in which no wanted host is by decision."""
    found = [(name, test) for kind in kinds for name, test in COLUMNS["selectors"][layer].get(kind, {}).items() if "security_category" not in name]
    return [(name, test) for name, test in found if test not in SURE] + [("next.year", "next.year == 1"), ("next.years", "any(next.years[*] in {1})")]


# -- what is declared ---------------------------------------------------------------------------------------------


def test_every_column_is_declared_with_what_is_no_restriction():
    assert set(FACTS["match"]) == set(RULE.limits) and set(FACTS["others"]) == RULE.others
    for column, fact in FACTS["match"].items():
        assert any(RULE.restricts(*one) for one in flat(nested({column: fact["limit"]})).items()), column
        for value in [*fact.get("none", ()), None, "", [], {}, False]:
            assert not any(RULE.restricts(*one) for one in flat(nested({column: value})).items()), (column, value)
    assert not any(RULE.restricts(*one) for one in flat({"schedule": {"mon": ""}}).items())
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
    assert flat({"schedule": dict(week, next_year="x")}) == {"schedule.next_year": "x"} and len(flat({"next_year": week})) == 7
    # Names of headers are the site's, and no columns.
    tables = ("add_headers", "set_headers", "delete_headers")
    assert Columns(RULE, flat({"rule_settings": {table: {"X-Company": ["x"]} for table in tables}})).unread() == ()
    assert any(RULE.restricts(*one) for one in flat({"schedule": {"mon": "00:00-24:00"}}).items()), "the other days are not in it"


def test_every_selector_is_declared_with_what_it_speaks_of():
    for layer, kinds in COLUMNS["selectors"].items():
        assert SELECTORS[layer] == {name: kind for kind, names in kinds.items() for name in names}
    assert set(COLUMNS["selectors"]) == set(SELECTORS) and {name for names in SELECTORS.values() for name in names} > set(CLOSED)
    assert {name: set(values) for name, values in COLUMNS["closed"].items()} == CLOSED


# -- columns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ABOUT)
def test_a_rule_that_blocks_and_is_limited_keeps_its_place_and_is_named(make, layer):
    rig, (host, traffic) = make(), ABOUT[layer]
    for number, (column, value) in enumerate(LIMITS):
        rig.given("limited %d" % number, layer, "block", traffic, 10 + number, {column: value})
    rig.given("shuts", layer, "block", traffic, 500)
    result = rig.run()
    found = conflicts(result)
    for number, (column, _value) in enumerate(LIMITS):
        uncertain(found["limited %d" % number], column)
    assert set(found) == {"limited %d" % number for number in range(len(LIMITS))} and row(result, host)["allowed"] == "unchecked"
    assert "limited 0 may block it: column" in row(result, host)["note"]
    assert [name for name in rig.twin.order(layer) if name != "ChatGPT do not inspect"][-2:] == ["ChatGPT allow", "shuts"] and not rig.run()["changed"]


@pytest.mark.parametrize("layer", ABOUT)
def test_a_limited_rule_that_ours_would_pass_has_to_be_accepted(make, layer):
    rig, (_host, traffic) = make(), ABOUT[layer]
    rig.given("shuts", layer, "block", traffic, 500)
    rig.given("limited", layer, "block", traffic, 600, {"column_of_next_year": ["x"]})
    widened = rig.run(check=True, accept_wider_audience=True)["audience_widened"]
    assert len(widened) == 1 and "limited blocks a part of the audience" in widened[0]


@pytest.mark.parametrize("layer", ABOUT)
def test_a_rule_that_opens_and_is_limited_opens_nothing_for_sure(make, layer):
    rig, (host, traffic) = make(), ABOUT[layer]
    rig.twin.add_list("Company", ["foreign.example"])
    for number, (column, value) in enumerate(LIMITS):
        rig.given("opens %d" % number, layer, "allow", traffic, 10 + number, {column: value})
    rig.given("shuts", layer, "block", traffic, 500)
    adapter = functools.partial(rig.adapter, list_name="Company")
    result = rig.run(adapter=adapter())
    assert row(result, host)["allowed"] == "no" and conflicts(result)["shuts"]["certain"]
    # The same rule without a limit counts.
    rig.given("opens", layer, "allow", traffic, 400)
    result = rig.run(adapter=adapter())
    assert row(result, host)["allowed"] == "yes" and row(result, host)["allowed_by"] == "opens" and result["conflicts"] == []


@pytest.mark.parametrize("traffic", [""] + [
    " and " + test for _name, test in selectors("http", "people") if test.startswith(("any(http.conn", "http.conn", "net."))])
def test_a_rule_that_leaves_alone_and_is_limited_exempts_nothing_for_sure(make, traffic):
    rig = make()
    rig.twin.add_list("Company", ["foreign.example"])
    text = 'any(http.conn.domains[*] in {"chatgpt.com"})' + traffic
    for number, (column, value) in enumerate(LIMITS if not traffic else [("description", "x")]):
        rig.given("leaves %d" % number, "http", "off", text, 10 + number, {column: value})
    result = rig.run(adapter=rig.adapter(exempt_list_name="Company"))
    assert row(result, ".chatgpt.com")["exempt"] == "unchecked" and row(result, "*.openai.com")["exempt"] == "no"
    assert "leaves 0 may leave it undecrypted: " in row(result, ".chatgpt.com")["note"]
    rig.given("leaves", "http", "off", 'any(http.conn.domains[*] in {"chatgpt.com"})', 400)
    assert row(rig.run(adapter=rig.adapter(exempt_list_name="Company")), ".chatgpt.com")["exempt_by"] == "leaves"


@pytest.mark.parametrize("columns", [{}] + [{column: value} for column, fact in FACTS["match"].items() for value in fact.get("none", ())] + [
    {"rule_settings": None, "schedule": {}, "column_of_next_year": [], "device_posture": ""}, {"rule_settings.ip_categories": True},
    {"rule_settings.add_headers": {}, "rule_settings.block_page.target_uri": "https://example.com"}])
def test_everything_written_out_is_no_limit(make, columns):
    rig, (host, traffic) = make(), ABOUT["dns"]
    rig.given("shuts", "dns", "block", traffic, 500, columns)
    result = rig.run()
    assert result["conflicts"] == [] and rig.twin.order("dns") == ["ChatGPT allow", "shuts"] and row(result, host)["allowed"] == "yes"
    conflict = conflicts(rig.run(adapter=rig.adapter(never_above=("shuts",))))["shuts"]
    assert conflict["certain"] and conflict["remedy"] and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_a_rule_that_has_expired_blocks_nobody(make):
    rig = make()
    rig.given("over", "dns", "block", "", 5, {"expiration.expired": True, "expiration.expires_at": "2026-01-01T00:00:00Z"})
    result = rig.run()
    assert result["conflicts"] == [] and row(result, ".chatgpt.com")["allowed"] == "yes" and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"


# -- selectors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ABOUT)
def test_a_selector_of_people_or_requests_or_of_next_year_limits_a_rule(make, layer):
    rig, (host, traffic) = make(), ABOUT[layer]
    rows = selectors(layer, "people", "requests")
    for number, (_name, test) in enumerate(rows):
        rig.given("limited %d" % number, layer, "block", "%s and %s" % (traffic, test), 10 + number)
    rig.given("shuts", layer, "block", traffic, 500)
    result = rig.run()
    found = conflicts(result)
    for number, (_name, test) in enumerate(rows):
        uncertain(found["limited %d" % number], "selector " + test.partition("any(")[2].partition(" ")[0] if "any(" in test else "selector")
    assert len(found) == len(rows) and row(result, host)["allowed"] == "unchecked"
    assert [name for name in rig.twin.order(layer) if name != "ChatGPT do not inspect"][-2:] == ["ChatGPT allow", "shuts"] and not rig.run()["changed"]


@pytest.mark.parametrize("layer", ABOUT)
@pytest.mark.parametrize("form", ["%s and %s", "%s and not %s"])
def test_no_selector_makes_an_allow_sure_that_cannot_be_told(make, layer, form):
    rig, (host, traffic) = make(), ABOUT[layer]
    rig.twin.add_list("Company", ["foreign.example"])
    # A host that is another one is no part of it; that is sure.
    names = ("dns.domains", "dns.fqdn", "net.sni.host", "net.sni.domains", "net.dst.ip", "http.request.domains", "http.conn.domains", "http.request.host",
             "http.conn.hostname", "http.conn.dst_ip")
    rows = [(name, test) for name, test in selectors(layer, "host", "answer", "people", "requests") if name not in names]
    for number, (_name, test) in enumerate(rows):
        rig.given("opens %d" % number, layer, "allow", form % (traffic, test), 10 + number)
    rig.given("shuts", layer, "block", traffic, 500)
    assert row(rig.run(adapter=rig.adapter(list_name="Company")), host)["allowed"] == "no"


@pytest.mark.parametrize("layer,test", [
    ("l4", "net.src.ip in {0.0.0.0/0 ::/0}"), ("dns", "dns.src_ip in {0.0.0.0/0 ::/0}"), ("http", "any(http.conn.src_ip[*] in {::/0 0.0.0.0/0})"),
    *((layer, '%s in {"%s"}' % (name, '" "'.join(sorted(CLOSED[name])))) for layer, names in SELECTORS.items() if layer in ABOUT
      for name in names if name in CLOSED)])
def test_all_values_of_a_selector_are_no_limit(make, layer, test):
    rig, (host, traffic) = make(), ABOUT[layer]
    rig.given("shuts", layer, "block", "%s and %s" % (traffic, test), 500)
    conflict = conflicts(rig.run(adapter=rig.adapter(never_above=("shuts",))))["shuts"]
    assert conflict["certain"] and conflict["remedy"] and conflict["hosts"] == (host,)


def test_a_rule_about_the_answer_is_asked_after_the_others(make):
    """So an allow by answer does not come before a block by name, whatever its precedence."""
    rig = make()
    rig.twin.add_list("Company", ["foreign.example"])
    rig.given("opens", "dns", "allow", 'any(dns.domains[*] in {"chatgpt.com"}) or dns.dst.geo.country == "XX"', 5)
    rig.given("shuts", "dns", "block", 'any(dns.domains[*] in {"chatgpt.com"})', 6)
    assert row(rig.run(adapter=rig.adapter(list_name="Company")), ".chatgpt.com")["allowed"] == "no"


def test_the_address_of_the_sender_is_none_of_the_destination(make):
    rig = make()
    rig.given("guests", "l4", "block", "net.src.ip in {10.0.0.0/8}", 5)
    result = rig.run()
    uncertain(conflicts(result)["guests"], "selector net.src.ip is about a part of the people")
    assert row(result, ".chatgpt.com")["allowed"] == "unchecked" and rig.twin.order("l4") == ["guests", "ChatGPT allow"]


def test_a_part_of_the_requests_beside_an_or_hides_nothing(make):
    rig = make()
    rig.given("mixed", "http", "block", 'any(dlp.profiles[*] in {"x"}) or http.request.host == "js.stripe.com"', 5)
    result = rig.run(check=True)
    uncertain(conflicts(result)["mixed"], "selector dlp.profiles[*]")
    assert row(result, "js.stripe.com")["allowed"] == "unchecked"


# -- what rules name ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind,traffic", [
    ("URL", "any(http.request.domains[*] in $%s)"), ("DEVICE", "http.request.host in $%s"), ("CATEGORY", "any(http.request.uri.content_category[*] in $%s)"),
    ("URL", "http.request.uri in $%s"), ("DEVICE", "any(app.ids[*] in $%s)"), ("EMAIL", "any(http.conn.dst_ip[*] in $%s)")])
def test_a_list_of_another_type_may_hold_anything(make, kind, traffic):
    rig = make()
    key = rig.twin.add_list("Odd", ["https://js.stripe.com/"] if kind == "URL" else ["184"], kind=kind)
    rig.given("by list", "http", "block", traffic % key, 5)
    result = rig.run(check=True)
    uncertain(conflicts(result)["by list"])
    assert row(result, "js.stripe.com")["allowed"] == "unchecked"


@pytest.mark.parametrize("traffic", [
    "any(http.request.uri.content_category[*] in {26})", "any(http.request.uri.content_category[*] in {%d})" % AI,
    "any(http.request.uri.content_category[*] in {500})", "any(app.ids[*] in {515})", "any(app.type.ids[*] in {9})", 'any(app.statuses[*] == "unapproved")',
    "any(http.request.uri.content_category[*] in {40})"])
def test_which_hosts_categories_and_applications_hold_only_the_vendor_knows(make, traffic):
    """40 has two categories below it, of which one is about spam and the other about chats."""
    rig = make()
    rig.twin.more_categories = [{"id": 40, "name": "Communication", "subcategories": [{"id": 41, "name": "Chat"}, {"id": 42, "name": "Spam"}]}]
    rig.given("by kind", "http", "block", traffic, 5)
    result = rig.run(check=True)
    uncertain(conflicts(result)["by kind"])
    assert row(result, "js.stripe.com")["allowed"] == "unchecked"


@pytest.mark.parametrize("traffic", ["any(http.conn.content_category[*] in {%d})" % AI, "any(app.hosts_ids[*] in {1199})", "any(app.type.ids[*] in {25})"])
def test_a_category_or_an_application_exempts_nothing_for_sure(make, traffic):
    rig = make()
    rig.twin.add_list("Company", ["foreign.example"])
    rig.given("by kind", "http", "off", traffic, 5)
    assert row(rig.run(adapter=rig.adapter(exempt_list_name="Company")), ".chatgpt.com")["exempt"] == "unchecked"


def test_rules_and_lists_that_share_a_name_are_told_apart(make):
    rig = make()
    keys = [rig.given("Block", "dns", "block", 'any(dns.domains[*] in {"%s"})' % host, 10 * number, identity='any(identity.groups.name[*] in {"AI users"})')
            for number, host in enumerate(("chatgpt.com", "example.com"), 1)]
    result = rig.run(adapter=rig.adapter(never_above=("Block",)))
    conflict, = result["conflicts"]
    assert conflict["where"] == "DNS rule Block (%s)" % keys[0] and rig.twin.order("dns") == ["Block", "Block", "ChatGPT allow"]
    rig.run(adapter=rig.adapter(never_above=("Block",)), unblock=(conflict["id"],))
    assert [rig.twin.rules[key]["enabled"] for key in keys] == [False, True] and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"
    rig.run("deleted")
    assert [rig.twin.rules[key]["enabled"] for key in keys] == [True, True]
    names = [rig.twin.add_list("Feed", [host]) for host in ("js.stripe.com", "other.example")]
    for number, name in enumerate(names):
        rig.given("feed %d" % number, "http", "block", "any(http.request.domains[*] in $%s)" % name, 5 + number)
    found = conflicts(rig.run(check=True, adapter=rig.adapter(never_above=("Block",))))
    uncertain(found["feed 0"])
    uncertain(found["feed 1"])


# -- actions and layers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer,host", [("dns", ".chatgpt.com"), ("l4", ".chatgpt.com"), ("http", "js.stripe.com")])
@pytest.mark.parametrize("changes", [{"action": "shrug"}, {"action": "allow", "rule_settings": {"check_session": {"enforce": True, "duration": "1h0m0s"}}}])
def test_what_an_action_does_that_nobody_knows_is_not_claimed(make, layer, host, changes):
    rig = make()
    rig.given("shrug", layer, "block", ABOUT[layer][1], 5, changes)
    result = rig.run()
    uncertain(conflicts(result)["shrug"], "its action is not understood")
    assert row(result, host)["allowed"] == "unchecked"
    with pytest.raises(NotImplementedError, match="shrug"):
        rig.decide(MEMBER, host.lstrip("."))


@pytest.mark.parametrize("layer,action", [("dns", "block"), ("dns", "override"), ("l4", "l4_override"), ("http", "redirect"), ("http", "shrug")])
def test_no_rule_against_threats_is_passed_whatever_it_does(make, layer, action):
    rig, (host, traffic) = make(), ABOUT[layer]
    rig.given("shuts", layer, "block", traffic, 5)
    name = {"dns": "dns.", "l4": "net.fqdn.", "http": "http.request.uri."}[layer]
    rig.given("threats", layer, "block", "any(%ssecurity_category[*] in {117})" % name, 900, {"action": action})
    assert conflicts(rig.run())["shuts"]["hosts"] == (host,)
    assert rig.twin.order(layer)[:2] == ["shuts", "threats"]


@pytest.mark.parametrize("action", ["on", "shrug"])
def test_what_may_decrypt_is_told(make, action):
    rig = make()
    rig.given("shrug", "http", "block", 'any(http.conn.domains[*] in {"chatgpt.com"})', 5, {"action": action})
    result = rig.run(accept_wider_audience=True)
    assert row(result, ".chatgpt.com")["exempt"] == "unchecked" and conflicts(result)["shrug"]["effect"] == "decrypt"
    uncertain(conflicts(result)["shrug"], "its action is not understood")


@pytest.mark.parametrize("filters,action,settings,told", [
    (["dns_resolver"], "resolve", {}, True), (["dns_resolver"], "resolve", {"resolve_dns_through_cloudflare": True}, False), (["next"], "block", {}, True),
    (["dns", "l4"], "block", {}, True), ([], "block", {}, True), (["egress"], "egress", {"egress": {"ipv4": "192.0.2.1"}}, False)])
def test_rules_of_other_layers_are_told(make, filters, action, settings, told):
    rig = make()
    rig.given("elsewhere", "dns", "block", ABOUT["dns"][1], 5, {"filters": filters, "action": action, "rule_settings": settings})
    rig.given("other host", "dns", "block", 'any(dns.domains[*] in {"foreign.example"})', 6, {"filters": ["dns_resolver"], "action": "resolve"})
    result = rig.run()
    found = conflicts(result)
    assert row(result, ".chatgpt.com")["allowed"] == ("unchecked" if told else "yes") and len(found) == told
    for conflict in found.values():
        uncertain(conflict, "its action is not understood")
        assert "elsewhere" in conflict["where"] + str(row(result, ".chatgpt.com")["note"])
