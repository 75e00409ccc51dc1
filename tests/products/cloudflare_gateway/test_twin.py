# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Cloudflare Gateway: selectors, order of enforcement, refusals."""
from __future__ import annotations

import pytest

from tests.products.cloudflare_gateway.twin import CloudflareGateway, Refusal
from tests.products.cloudflare_gateway.twin.expression import BadExpression, Expression


@pytest.fixture
def twin():
    return CloudflareGateway(site="bare")


def true(text, **values) -> bool:
    known = {"l1": ["openai.com"], "l2": ["10.0.0.0/8"]}
    return Expression(text, known).true(lambda field: values.get(field.replace(".", "_").replace("[*]", ""), []))


@pytest.mark.parametrize("text,expected", [
    ("", True), ("any(d[*] in $l1)", True), ('any(d[*] == "a.openai.com")', True), ('d_x == "b"', False), ('not(d_x == "b")', True),
    ('d_x in {"b" "a"} and p >= 443', True), ("p > 443 or p < 443", False), ('d_x matches "^a$"', True), ("d_x not in $l1", True),
    ('d_x == "b" and p == 443 or p == 443', True), ('d_x == "b" and (p == 443 or p == 443)', False)])
def test_expressions(text, expected):
    assert true(text, d=["a.openai.com", "openai.com"], d_x=["a"], p=[443]) is expected


@pytest.mark.parametrize("text", ["d in {", "any(d in $l1)", "d[*] in $l1", "a == 1 and", "a in $l9", "a ~~ 1", "any(d[*] in $l1"])
def test_expressions_that_are_none(text):
    with pytest.raises(BadExpression):
        Expression(text, {"l1": []})


@pytest.mark.parametrize("host,domain,name", [("openai.com", True, True), ("a.b.openai.com", True, False), ("evilopenai.com", False, False),
                                              ("openai.com.evil.test", False, False)])
def test_a_domain_covers_what_is_below_it_and_a_host_itself_alone(twin, host, domain, name):
    key = twin.add_list("L", ["openai.com"])
    rule = twin.rules[twin.add_rule("r", "dns", "block", "any(dns.domains[*] in $%s)" % key, 1)]
    assert (twin.decide("member", host)[0] == "block") is domain
    rule["traffic"] = "dns.fqdn in $%s" % key
    assert (twin.decide("member", host)[0] == "block") is name


def test_dns_then_network_then_http_and_the_first_match_of_each(twin):
    twin.add_rule("http", "http", "block", 'http.request.host == "a.example"', 1)
    assert twin.decide("member", "a.example") == ("block", "decrypt")
    twin.add_rule("l4", "l4", "block", 'net.sni.host == "a.example"', 2)
    assert twin.decide("member", "a.example") == ("block", "tunnel")
    twin.add_rule("dns", "dns", "allow", "", 3)
    assert twin.decide("member", "a.example")[0] == "block", "an allow of one layer is none of the next"
    twin.edit(twin.rule("l4", "l4"), precedence=9)
    twin.add_rule("l4 allow", "l4", "allow", "", 8)
    assert twin.decide("member", "a.example") == ("block", "decrypt")


def test_do_not_inspect_comes_before_every_other_http_rule(twin):
    twin.add_rule("block", "http", "block", "", 1)
    twin.add_rule("off", "http", "off", 'any(http.conn.domains[*] in {"a.example"})', 99)
    assert twin.decide("member", "x.a.example") == ("allow", "tunnel") and twin.decide("member", "b.example") == ("block", "decrypt")


def test_who_sends_is_a_part_of_the_rule(twin):
    twin.add_rule("block", "dns", "block", "", 1, identity='any(identity.groups.name[*] in {"AI users"})',
                  device_posture='not(any(device_posture.checks.passed[*] in {"%s"}))' % twin.compliant)
    assert twin.decide("member", "a.example")[0] == "allow"
    twin.people["member"].posture = ()
    assert twin.decide("member", "a.example")[0] == "block" and twin.decide("stranger", "a.example")[0] == "allow"


def test_names_in_the_handshake_are_seen_on_443_alone(twin):
    twin.add_rule("block", "l4", "block", 'net.sni.host == "a.example"', 1)
    assert twin.decide("member", "a.example", 443)[0] == "block" and twin.decide("member", "a.example", 8443)[0] == "allow"


def test_packets_by_address_port_and_protocol(twin):
    twin.add_rule("udp", "l4", "block", 'net.protocol == "udp" and net.dst.ip in {203.0.113.0/28} and not(net.dst.port == 3478)', 1)
    assert twin.decide("member", "203.0.113.5", 3478, "udp")[0] == "allow" and twin.decide("member", "203.0.113.5", 3479, "udp")[0] == "block"
    assert twin.decide("member", "203.0.113.99", 3479, "udp")[0] == twin.decide("member", "203.0.113.5", 3479, "tcp")[0] == "allow"


@pytest.mark.parametrize("value", ["*.openai.com", ".openai.com", "https://openai.com", "openai.com/x", "openai.com:443", "com"])
def test_values_that_are_no_domain(twin, value):
    with pytest.raises(Refusal, match="invalid domain"):
        twin.add_list("L", [value])


def test_a_duplicate_item_is_refused_and_nothing_of_the_request_is_done(twin):
    key = twin.add_list("L", ["a.example"])
    with pytest.raises(Refusal, match="duplicate"):
        twin._patch_list(twin.lists[key], {"append": [{"value": "b.example"}, {"value": "a.example"}], "remove": []})
    assert list(twin.values("L")) == ["a.example"]


def test_an_unnamed_precedence_is_given_at_the_end(twin):
    twin.add_rule("one", "dns", "block", "", 5000)
    rule = twin._create_rule({"name": "two", "action": "block", "filters": ["l4"]})
    assert 5001 <= rule["precedence"] <= 5100


@pytest.mark.parametrize("text,expected", [
    (r'd_x matches "^\w+$"', True), (r'd_x matches "^\\w+$"', False), (r'd_x matches "^\"?a"', True), (r'd_x == "\a"', True),
    ('any(d[*] != "openai.com")', True), ('any(d[*] not in $l1)', True), ("flag", True), ("not flag", False), ("flag and other", False)])
def test_strings_and_signs(text, expected):
    """Of a regular expression every backslash stays but the one before a quote."""
    assert true(text, d=["a.openai.com", "openai.com"], d_x=["a"], flag=[True]) is expected


@pytest.mark.parametrize("changes,named", [
    ({"column_of_next_year": ["x"]}, "column_of_next_year"), ({"schedule": {"mon": "08:00-17:00"}}, "schedule.mon"),
    ({"deleted_at": "2026-07-01"}, "deleted_at"), ({"rule_settings": {"bypass_parent_rule": True}}, "rule_settings.bypass_parent_rule"),
    ({"rule_settings": {"next": {"year": 1}}}, "rule_settings.next.year"),
    ({"action": "shrug"}, "does shrug"), ({"traffic": "dns.next_year == 1"}, "selector dns.next_year"), ({"filters": ["next"]}, "of layer"),
    ({"filters": ["dns", "l4"]}, "of layer"), ({"filters": ["dns_resolver"], "action": "resolve"}, "of layer")])
def test_what_is_not_played_is_refused(twin, changes, named):
    twin.add_rule("odd", "dns", "block", "", 1)
    twin.edit(twin.rule("odd", "dns"), **changes)
    with pytest.raises(NotImplementedError, match=named):
        twin.decide("member", "a.example")


def test_a_list_of_another_type_is_refused(twin):
    twin.add_rule("odd", "dns", "block", "any(dns.domains[*] in $%s)" % twin.add_list("L", ["https://a.example/"], kind="URL"), 1)
    with pytest.raises(NotImplementedError, match="list of type URL"):
        twin.decide("member", "a.example")


def test_what_is_not_played_is_no_matter_where_the_rest_does_the_same(twin):
    twin.add_rule("odd", "dns", "block", "", 1)
    twin.edit(twin.rule("odd", "dns"), column_of_next_year=["x"])
    twin.add_rule("rest", "dns", "block", "", 2)
    assert twin.decide("member", "a.example") == ("block", "tunnel")
