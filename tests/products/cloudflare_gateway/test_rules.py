# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules of Gateway are read, without a server: what an expression says of a host, of packets and of people, and what a rule does."""
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.adapter import CloudflareGatewayAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.columns import CLOSED, PEOPLE, REQUESTS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.rules import (
    ELSEWHERE, INSPECTION, ISOLATION, View, of_openai,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse as pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN
from tests.contract.rig import FIRST, MEDIA
from tests.products.cloudflare_gateway.test_judge import FILES, HEADER, LEAKS, NOBODY, OTHER_HEADER, PART, Account, both, list_id, ours, rule

CATEGORIES = [{"id": 1, "name": "Artificial Intelligence"}, {"id": 2, "name": "Gambling", "subcategories": [{"id": 3, "name": "Chat"}]},
              {"id": 4, "name": "Technology"}, {"id": 5, "name": "Adult Themes"}]
APPLICATIONS = [{"id": 10, "name": "ChatGPT", "application_type_id": 90}, {"id": 11, "name": "Drive", "application_type_id": 91}]


def seen(*rules, policy=FIRST, account=None, posture=None, **options):
    """A View of an account with these rules."""
    adapter = CloudflareGatewayAdapter(Settings(**dict({"groups": ("AI users",)}, **options)), Account(rules, **dict(
        {"categories": CATEGORIES, "applications": APPLICATIONS}, **account or {})), "a", None)
    adapter._site.posture = posture or {}
    return View(adapter._settings, adapter._site, policy, adapter.read())


def all_of(view, layer):
    return view.order(layer) if layer in ("dns", "l4", "http") else view.layer(layer).rules


LAYER = {"net": "l4", "access": "l4", "http": "http"}


def said(text, host, likely=False, account=None, **columns):
    """SURE, MAY or NO of an expression in the layer of its selectors."""
    layer = LAYER.get(text.replace("not(", "").replace("any(", "").partition(".")[0], "dns")
    view = seen(rule("x", layer, "block", "(%s)" % text, **columns), policy=Policy.from_config({"allow": [host]}), account=account)
    hits = view.hosts(all_of(view, layer)[0], frozenset([pattern(host)]), likely)
    return SURE if hits.sure else MAY if hits.may else NO


def every(name):
    return "%s in {%s}" % (name, " ".join('"%s"' % value for value in sorted(CLOSED[name])))


# -- hosts


@pytest.mark.parametrize("text,host,expected", [
    ('any(dns.domains[*] in {"openai.com"})', "*.openai.com", SURE), ('any(dns.domains[*] in {"openai.com"})', "evilopenai.com", NO),
    ('any(dns.domains[*] in {"api.openai.com"})', "*.openai.com", MAY), ('any(dns.domains[*] in {"com"})', ".chatgpt.com", SURE),
    ('dns.fqdn == "chatgpt.com"', ".chatgpt.com", MAY), ('dns.fqdn == "chatgpt.com"', "chatgpt.com", SURE),
    ('dns.fqdn == "chatgpt.com"', "*.chatgpt.com", NO),
    ('dns.fqdn matches ".*"', "*.openai.com", SURE), ('dns.fqdn matches "^chat\\.openai\\.com$"', "*.openai.com", MAY),
    ('dns.fqdn matches "(^|\\.)chatgpt\\.com$"', ".chatgpt.com", SURE), ('dns.fqdn matches "example"', ".chatgpt.com", MAY),
    ("", ".chatgpt.com", SURE), ("not(any(dns.domains[*] in {\"chatgpt.com\"}))", ".chatgpt.com", NO), ("dns.src_ip in {10.0.0.0/8}", ".chatgpt.com", MAY),
    ("net.dst.ip in {10.0.0.0/8}", ".chatgpt.com", NO), ("net.dst.port in {80 443}", ".chatgpt.com", SURE), ("net.dst.port == 22", ".chatgpt.com", NO),
    ('net.protocol == "udp"', ".chatgpt.com", NO), ('any(dns.security_category[*] in {117})', ".chatgpt.com", NO),
    ('any(dns.security_category[*] not in {117})', ".chatgpt.com", MAY),
    ('http.request.uri in {"https://chatgpt.com/share"}', ".chatgpt.com", MAY), ("any(x.y[*] in {1}) and not(", ".chatgpt.com", MAY)])
def test_what_an_expression_says_of_a_host(text, host, expected):
    assert said(text, host) == expected


@pytest.mark.parametrize("text,expected", [
    (r"^(setup|login)\.(openai|chatgpt)\.com$", MAY), (r"^[a-h].*\.openai\.com$", MAY), (r"(^|\.)openai\.com$", SURE), (r"\.openai\.com$", SURE),
    (r"facebook", MAY), (r"\.facebook\.com$", NO), (r"[.]xopenai[.]com$", NO), (r"xopenai\.com$", NO), (r"\.(com|net)$", SURE), (r"^.{1,40}$", MAY),
    (r"a\.com$|openai", SURE), (r"a\.com$|setup", MAY), (r"^[^q]+$", MAY), (r"example\.com?$", MAY), (r"\wopenai\.com$", MAY)])
def test_what_a_regular_expression_says_of_a_wildcard(text, expected):
    assert said('dns.fqdn matches "%s"' % text, "*.openai.com") == expected


@pytest.mark.parametrize("text,host,expected", [
    ('any(dns.domains[*] != "chatgpt.com")', ".chatgpt.com", MAY), ('any(dns.domains[*] not in {"x.com"})', ".chatgpt.com", MAY),
    ('dns.fqdn in {"ChatGPT.com"}', "chatgpt.com", MAY), ('any(dns.domains[*] in {"*.openai.com"})', "*.openai.com", MAY),
    ('any(dns.domains[*] in {"Example.com"})', "*.openai.com", NO), ('dns.fqdn == "a\\\\x2eb"', "a.b", MAY), ("dns.fqdn matches $x", "a.b", MAY),
    ('any(app.ids[*] matches "1")', ".chatgpt.com", MAY), ("net.dst.port != 22", ".chatgpt.com", SURE), ('net.dst.port matches "443"', ".chatgpt.com", MAY),
    ("net.dst.port in {1..1000}", ".chatgpt.com", SURE), ("net.dst.ip in {0.0.0.0/0 ::/0}", ".chatgpt.com", SURE),
    ("net.dst.ip in {0.0.0.0/0}", ".chatgpt.com", MAY), ("net.dst.ip in {10.0.0.1 nonsense}", ".chatgpt.com", MAY), ("net.protocol > 5", ".chatgpt.com", MAY),
    ("net.protocol in {\"sctp\"}", ".chatgpt.com", MAY), ("net.next == 1", ".chatgpt.com", MAY), ("access.private_app", ".chatgpt.com", MAY),
    ("access.private_app and net.dst.ip in {10.0.0.0/8}", ".chatgpt.com", NO)])
def test_what_is_not_understood_of_a_test_may_be(text, host, expected):
    assert said(text, host) == expected


@pytest.mark.parametrize("text,expected", [
    ('any(net.sni.domains[*] in {"chatgpt.com"})', SURE), ('any(http.conn.domains[*] in {"chatgpt.com"})', SURE), ('net.sni.host == "chatgpt.com"', SURE),
    ('http.conn.hostname == "chatgpt.com"', SURE), ('http.request.host == "chatgpt.com"', SURE), ('http.request.host != "chatgpt.com"', NO),
    ('net.sni.host > "a"', MAY), ('net.protocol in {"tcp"}', SURE), ('net.protocol in {"tcp" "udp"}', SURE), ('net.protocol in {"udp" "icmp"}', NO),
    ('net.protocol in {"udp" "x"}', MAY), ('net.protocol matches "udp"', MAY), ("net.dst.ip in {104.18.0.0/16}", MAY),
    ("any(http.conn.dst_ip[*] in {10.0.0.0/8})", NO),
    ('net.dst.ip matches "10.0.0.1"', MAY), ("net.dst.ip in $id-Nets", NO), ("net.dst.ip in $elsewhere", MAY), ("net.dst.port >= 443", SURE),
    ("net.dst.port > 443", NO),
    ("net.src.ip in {0.0.0.0/0 ::/0}", SURE), ("dns.src_ip in {0.0.0.0/0 ::/0}", SURE), ("any(http.conn.src_ip[*] in {0.0.0.0/0 ::/0})", SURE),
    ("net.src.ip in {0.0.0.0/0}", MAY), ("net.src.ip in $elsewhere", MAY), ('net.src.ip matches "0.0.0.0/0"', MAY), (every("http.request.method"), SURE),
    (every("net.dst.geo.continent"), SURE), (every("net.dst.geo.continent").replace('"EU"', '"XX"'), MAY), ('net.dst.geo.continent == "EU"', MAY),
    ("any(net.fqdn.security_category[*] in {1})", NO), ("any(http.request.uri.security_category[*] in {1})", NO),
    ('access.target in {"10.0.0.1"}', MAY), ("any(http.conn.src_ip[*] not in {0.0.0.0/0 ::/0})", MAY),
    # What is known of the answer alone is asked later than other rules.
    ('any(dns.domains[*] in {"chatgpt.com"}) or dns.dst.geo.country == "XX"', MAY),
    ('any(dns.domains[*] in {"foreign.example"}) and dns.dst.geo.country == "XX"', NO),
    ("dns.next == 1", MAY), ("not(dns.next == 1)", MAY), ("net.sni.host in $id-Names", SURE), ("net.sni.host in {$id-Names $id-Nets}", MAY),
    ("net.sni.host in $id-Nets", MAY),
    ("net.sni.host in $id-Pages", MAY), ("net.sni.host in $elsewhere", MAY)])
def test_what_a_selector_says_of_a_host(text, expected):
    account = {"lists": {"Nets": ("10.0.0.0/8",), "Names": ("chatgpt.com",), "Pages": ("chatgpt.com",), "lsewher": ("chatgpt.com",)},
               "kinds": {"Nets": "IP", "Pages": "URL"}}
    for name in account["lists"]:
        text = text.replace("id-" + name, list_id(name))
    assert said(text, "chatgpt.com", account=account) == expected


@pytest.mark.parametrize("category,expected", [(1, MAY), (2, MAY), (3, MAY), (4, MAY), (5, NO), (99, MAY)])
def test_which_hosts_a_category_holds(category, expected):
    """Of each by its names: 2 has one below it, and of 99 nobody has heard."""
    for host in (".chatgpt.com", "js.stripe.com"):
        for text in ("any(dns.content_category[*] in {%d})", "any(net.fqdn.content_category[*] in {%d})", "any(http.conn.content_category[*] in {%d})"):
            assert said(text % category, host) == expected
    assert said("any(dns.content_category[*] in {%d})" % category, ".chatgpt.com", likely=True) == (SURE if category == 1 else expected)
    assert said("any(dns.content_category[*] in {%d})" % category, "js.stripe.com", likely=True) == expected
    # Other ways to compare are not understood, and none of the addresses is known.
    assert said('any(dns.content_category[*] matches "5")', "js.stripe.com") == MAY
    assert said("any(dns.content_category[*] in {5})", "js.stripe.com", **{"rule_settings.ip_categories": True}) == MAY
    assert said("any(dns.content_category[*] in $elsewhere)", "js.stripe.com") == MAY


@pytest.mark.parametrize("name", [
    "Adult Themes", "Gambling", "Malware", "Phishing", "Weapons", "Drugs", "Alcohol", "Tobacco", "Violence", "Health & Fitness", "Religion", "Sports",
    "Travel", "Games", "Child Abuse", "Dating", "Nudity", "P2P", "Parked Domains", "Politics", "Real Estate", "Lottery", "Hacking", "Spam", "Profanity",
    "Hobbies", "Auctions"])
def test_a_category_that_holds_none_of_the_hosts(name):
    assert said("any(dns.content_category[*] in {7})", ".chatgpt.com", account={"categories": [{"id": 7, "name": name}]}) == NO


@pytest.mark.parametrize("text,host,words", [
    ("any(app.ids[*] in {10})", ".chatgpt.com", (MAY, SURE)), ("any(app.ids[*] in {11})", ".chatgpt.com", (NO, NO)),
    ("any(app.ids[*] in {12})", ".chatgpt.com", (MAY, MAY)),
    ("any(app.ids[*] in {10 12})", ".chatgpt.com", (MAY, SURE)), ("any(app.ids[*] in {11})", "js.stripe.com", (MAY, MAY)),
    ("any(app.ids[*] in {10})", "js.stripe.com", (MAY, MAY)),
    ("any(app.type.ids[*] in {90})", ".chatgpt.com", (MAY, SURE)), ("any(app.type.ids[*] in {91})", ".chatgpt.com", (NO, NO)),
    ("any(app.type.ids[*] in {11})", ".chatgpt.com", (MAY, MAY)), ("any(app.ids[*] in {90})", ".chatgpt.com", (MAY, MAY)),
    ('any(app.ids[*] matches "11")', ".chatgpt.com", (MAY, MAY)),
    ('any(http.conn.domains[*] in {"chatgpt.com"}) and any(app.statuses[*] in {11})', ".chatgpt.com", (MAY, MAY))])
def test_which_hosts_an_application_holds(text, host, words):
    assert (said(text, host), said(text, host, likely=True)) == words
    assert {said(text, host, account={"applications": []})} <= {MAY}


@pytest.mark.parametrize("test", ["any(app.ids[*] in {11})", "any(dns.content_category[*] in {5})"])
def test_without_the_scan_nothing_is_known_of_either(test):
    view = seen(rule("x", "dns", "block", "(%s)" % test), scan_conflicts=False)
    assert view.hosts(view.order("dns")[0], frozenset(FIRST.allow)).may == set(FIRST.allow)


@pytest.mark.parametrize("name", ["OpenAI", "Custom GPT", "DALL-E", "Sora", "Codex"])
def test_an_application_of_openai(name):
    account = {"applications": [dict(APPLICATIONS[0], name=name)]}
    assert said("any(app.ids[*] in {10})", "cdn.oaistatic.com", likely=True, account=account) == SURE
    hosts = ("api.openai.com", "chatgpt.com", "cdn.oaistatic.com", "files.oaiusercontent.com", "js.stripe.com")
    assert [of_openai(pattern(host)) for host in hosts] == [True] * 4 + [False]


# -- effects


@pytest.mark.parametrize("part,effects", [
    ("dns", {"allow": ALLOW, "block": DENY, "override": DENY, "safesearch": PASS_ON, "ytrestricted": PASS_ON, "isolate": UNKNOWN, "x": UNKNOWN}),
    ("l4", {"allow": ALLOW, "block": DENY, "l4_override": DENY, "audit_ssh": UNKNOWN, "off": UNKNOWN}),
    ("http", {"allow": ALLOW, "block": DENY, "redirect": DENY, "quarantine": DENY, "scan": PASS_ON, "noscan": PASS_ON, "x": UNKNOWN}),
    (INSPECTION, {"off": ALLOW, "on": UNKNOWN, "x": UNKNOWN}), (ISOLATION, {"isolate": DENY, "noisolate": ALLOW, "x": UNKNOWN})])
def test_what_an_action_does(part, effects):
    layer = part if part in ("dns", "l4") else "http"
    view = seen(*(rule(action, layer, action) for action in effects))
    assert {one.fields["action"]: view.effect(one, part) for one in view.layer(part).rules} == effects
    view = seen(*(rule(action, layer, action, **{"rule_settings.check_session.enforce": True}) for action in effects))
    assert {one.fields["action"]: view.effect(one, part) for one in view.layer(part).rules} == {
        action: UNKNOWN if effect == ALLOW else effect for action, effect in effects.items()}
    assert view.layer(part).default == (DENY if part == INSPECTION else ALLOW)
    assert seen(rule("x", layer, "block", enabled=False)).layer(part).rules == []


@pytest.mark.parametrize("columns,part,effect,where", [
    ({"filters": ["dns_resolver"], "action": "resolve"}, "dns_resolver", UNKNOWN, "resolver rule x"),
    ({"filters": ["dns_resolver"], "action": "resolve", "rule_settings.resolve_dns_through_cloudflare": True}, "dns_resolver", PASS_ON, "resolver rule x"),
    ({"filters": ["dns_resolver"], "action": "x", "rule_settings.resolve_dns_through_cloudflare": True}, "dns_resolver", UNKNOWN, "resolver rule x"),
    ({"filters": ["next"], "action": "resolve", "rule_settings.resolve_dns_through_cloudflare": True}, ELSEWHERE, UNKNOWN, "rule of next x"),
    ({"filters": ["dns", "l4"]}, ELSEWHERE, UNKNOWN, "rule of dns, l4 x"), ({"filters": []}, ELSEWHERE, UNKNOWN, "rule of no layer x"),
    ({"filters": None}, ELSEWHERE, UNKNOWN, "rule of no layer x"), ({"filters": ["egress"]}, None, None, None),
    ({"filters": ["next"], "enabled": False}, None, None, None),
    ({"filters": ["dns"]}, None, None, None)])
def test_a_rule_of_another_layer(columns, part, effect, where):
    view = seen(dict(rule("x", "dns", "block", "chatgpt.com"), **columns))
    found = {one: view.layer(one).rules for one in ("dns_resolver", ELSEWHERE)}
    assert {one: [str(rule.ref) for rule in rules] for one, rules in found.items()} == {one: [where] if one == part else [] for one in found}
    assert part is None or view.effect(found[part][0], part) == effect
    # A selector of DNS is one of a resolver rule; of a layer that nobody knows none is.
    assert part is None or bool(view.hosts(found[part][0], frozenset(FIRST.allow)).sure) is (part == "dns_resolver")


# -- what sets rules apart


SECURITY = "(any(dns.security_category[*] in {1}))"


@pytest.mark.parametrize("one,options,by_security,keeps", [
    (rule("x", "dns", "block", "chatgpt.com"), {}, False, False), (rule("x", "dns", "block", SECURITY), {}, True, True),
    (rule("x", "dns", "block", "(any(dns.security_risk[*] in {1}))"), {}, True, True),
    (rule("x", "dns", "allow", SECURITY), {}, False, False), (rule("x", "dns", "safesearch", SECURITY), {}, False, False),
    (rule("x", "dns", "shrug", SECURITY), {}, True, True),
    (rule("x", "dns", "block", SECURITY), {"may_pass": ("x",)}, True, False), (rule("x", "dns", "block", SECURITY, enabled=False), {}, True, False),
    (ours("x", "dns", "block", SECURITY), {}, True, False), (rule("x", "dns", "block", "chatgpt.com"), {"after": ("x",)}, False, True),
    (rule("x", "dns", "block", "chatgpt.com"), {"never_above": ("x",)}, False, True), (rule("x", "dns", "block", "", read_only=True), {}, False, False),
    (rule("x", "dns", "block", "", read_only=True, source_account="f"), {}, False, True),
    (rule("x", "http", "allow", "stripe.com", **OTHER_HEADER), {}, False, True),
    (rule("x", "http", "allow", "foreign.example", **OTHER_HEADER), {}, False, False),
    (rule("x", "l4", "allow", "stripe.com", **OTHER_HEADER), {}, False, False),
    (rule("x", "http", "allow", "stripe.com"), {}, False, False)])
def test_what_is_never_passed(one, options, by_security, keeps):
    view, layer = seen(one, **options), one["filters"][0]
    assert (view.by_security(all_of(view, layer)[0]), view.keeps_its_word(all_of(view, layer)[0], layer)) == (by_security, keeps)


@pytest.mark.parametrize("one,narrowed,in_part,controls", [
    (rule("x", "http", "block", "chatgpt.com"), [], False, []), (rule("x", "http", "quarantine", "chatgpt.com"), [REQUESTS], True, ["sandbox"]),
    (rule("x", "http", "isolate", "chatgpt.com"), [], False, ["isolation"]), (rule("x", "http", "block", "(%s)" % FILES), [REQUESTS], True, ["file_control"]),
    (rule("x", "http", "block", "(http.upload.file.size > 5)"), [REQUESTS], True, ["file_control"]),
    (rule("x", "http", "block", "(%s)" % LEAKS), [REQUESTS], True, ["dlp"]),
    (rule("x", "http", "block", "(%s)" % FILES, **PART), [REQUESTS], False, ["file_control"]),
    (rule("x", "http", "block", "(%s)" % FILES, **{"column_of_next_year": ["x"]}), [REQUESTS], False, ["file_control"]),
    (rule("x", "http", "block", both("http", "chatgpt.com", 'http.request.method == "PUT"')), [REQUESTS], True, ["app_control"]),
    (rule("x", "http", "block", "(%s)" % every("http.request.method")), [], False, []),
    (rule("x", "http", "block", "(http.conn.src_ip in {10.0.0.0/8})"), [PEOPLE], False, []),
    (rule("x", "http", "block", "(http.conn.src_ip in {10.0.0.0/8} and %s)" % FILES), [PEOPLE, REQUESTS], False, ["file_control"]),
    (rule("x", "http", "block", "(http.next == 1)"), [PEOPLE], False, []), (rule("x", "http", "block", "(not(not()"), [PEOPLE], False, []),
    (rule("x", "http", "block", "(any(app.controls[*] in {1}))"), [REQUESTS], True, ["casb", "prompt_logging"]),
    (rule("x", "http", "allow", "", **OTHER_HEADER), [], False, ["headers"]),
    (rule("x", "http", "allow", "", **HEADER), [], False, []),
    (rule("x", "http", "allow", "", **{"rule_settings.payload_log.enabled": True}), [], False, ["dlp"]),
    (rule("x", "http", "allow", "", **{"rule_settings.payload_log": None}), [], False, []),
    (rule("x", "http", "allow", "", **{"rule_settings.forensic_copy.enabled": True}), [], False, ["dlp"]),
    (rule("x", "http", "allow", "", rule_settings=None), [], False, []),
    (rule("x", "http", "block", "(any(http.request.uri.security_category[*] in {1}))"), [], False, ["av"])])
def test_what_is_about_a_part(one, narrowed, in_part, controls):
    view = seen(one)
    found = all_of(view, "http")[0]
    assert sorted(kind for kind, _why in view.narrowed(found)) == narrowed and view.in_part(found, view.layer("http")) is in_part
    assert view.controls(found, view.layer("http")) == controls
    assert (view.people(found) == SURE) is (not narrowed and "identity" not in one)


@pytest.mark.parametrize("columns,why", [
    ({}, ()), (PART, ("column identity applies to a part of the audience only",)), (NOBODY, ()),
    ({"device_posture": 'any(device_posture.checks.passed[*] in {"x"})'},
     ("column device_posture applies to a part of the audience only",)),
    ({"rule_settings.check_session.enforce": True}, ("column rule_settings.check_session.enforce requires users to sign in",)),
    ({"traffic": "any(app.ids[*] in {1})"}, ("only the vendor knows which hosts app.ids[*] contains",)),
    ({"traffic": "any(dns.content_category[*] in {1})"}, ("only the vendor knows which hosts dns.content_category[*] contains",)),
    ({"traffic": 'dns.query_rtype == "TXT"'}, ("selector dns.query_rtype is about a part of the requests",)),
    ({"traffic": "dns.next == 1"}, ("selector dns.next is not understood",)),
    ({"traffic": "not(not("}, ("the expression of column traffic is not understood",)), ({"action": "shrug"}, ("its action is not understood",)),
    ({"column_of_next_year": ["x"]}, ("column column_of_next_year is not understood",))])
def test_why_a_rule_is_not_sure(columns, why):
    view = seen(dict(rule("x", "dns", "block", "chatgpt.com"), **columns))
    assert view.why(all_of(view, "dns")[0], view.layer("dns")) == why


def test_what_was_found_out_of_a_rule_is_kept():
    """Layers ask for the same rules and columns again and again, and know them by their identity."""
    view = seen(rule("x", "dns", "block"), rule("y", "next", "block"))
    one, = view.order("dns")
    assert view.columns(one) is view.columns(one) and view.narrowed(one) is view.narrowed(one)
    assert view.layer("dns") is view.layer("dns") and view.voice(MEDIA[0]) is view.voice(MEDIA[0])
    assert view.layer(ELSEWHERE).rules[0] is view._rules(ELSEWHERE)[0] and view.layer("dns") is not view.layer("dns", likely=True)


# -- packets


@pytest.mark.parametrize("traffic,expected", [
    ("", SURE), ('net.protocol == "udp"', SURE), ('net.protocol == "tcp"', NO), ('net.protocol matches "tcp"', MAY), ("net.dst.port == 3478", SURE),
    ("net.dst.port == 53", NO),
    ("net.dst.ip in {203.0.113.0/24 198.51.100.0/24}", SURE), ("net.dst.ip in {192.0.2.0/24}", NO), ("net.dst.ip in $elsewhere", MAY),
    ('net.dst.ip matches "192.0.2.1"', MAY),
    ('any(net.sni.domains[*] in {"chatgpt.com"})', NO), ('net.sni.host == "chatgpt.com"', NO), ("any(net.fqdn.security_category[*] in {1})", NO),
    ("any(net.fqdn.content_category[*] in {5})", MAY), ("any(app.ids[*] in {11})", MAY), ("net.src.ip in {10.0.0.0/8}", MAY),
    ("net.src.ip in {0.0.0.0/0 ::/0}", SURE), ("net.next == 1", MAY), ("net.sni.next == 1", MAY)])
def test_what_a_rule_says_of_packets(traffic, expected):
    view = seen(rule("x", "l4", "block", "(%s)" % traffic))
    media = MEDIA[0]
    hits = view.voice(media).hosts(all_of(view, "l4")[0], frozenset([media]))
    assert (SURE if hits.sure else MAY if hits.may else NO) == expected and view.voice(media).effect(all_of(view, "l4")[0]) == DENY
    assert view.voice(media).doubts(all_of(view, "l4")[0]) == ()


def test_a_name_is_visible_in_a_connection_over_tcp():
    view = seen(rule("x", "l4", "block", '(net.sni.host == "chatgpt.com")'))
    media = replace(MEDIA[0], protocol="tcp")
    assert view.voice(media).hosts(view.order("l4")[0], frozenset([media])).may


# -- people


GROUP, USER = "any(identity.groups.name[*] in {%s})", "identity.email in {%s}"
CHECK = "00000000-0000-4000-8000-000000000000"
PASSED, FAILED = "any(device_posture.checks.passed[*] in {%s})", "any(device_posture.checks.failed[*] in {%s})"


@pytest.mark.parametrize("options,columns,expected", [
    ({}, {}, SURE), ({"groups": ()}, {}, SURE), ({}, {"identity": GROUP % '"AI users" "Staff"'}, SURE), ({}, {"identity": GROUP % '"Staff"'}, MAY),
    ({}, {"identity": GROUP % '"ai users"'}, MAY), ({"groups": ()}, {"identity": GROUP % '"AI users"'}, MAY), ({}, {"identity": USER % '"a@x.com"'}, MAY),
    ({}, {"identity": USER % '"AI users"'}, MAY), ({}, {"identity": 'any(identity.groups.name[*] matches "AI users")'}, MAY),
    ({"groups": (), "users": ("a@x.com",)}, {"identity": USER % '"a@x.com" "b@x.com"'}, SURE),
    ({"groups": (), "users": ("a@x.com",)}, {"identity": USER % '"b@x.com"'}, NO),
    ({"groups": (), "users": ("a@x.com",)}, {"identity": USER % '"A@x.com"'}, MAY),
    ({"groups": (), "users": ("a@x.com", "b@x.com")}, {"identity": USER % '"b@x.com"'}, MAY),
    ({"groups": (), "users": ("a@x.com",)}, {"identity": GROUP % '"a@x.com"'}, MAY),
    ({"users": ("a@x.com",)}, {"identity": USER % '"a@x.com"'}, MAY), ({"users": ("a@x.com",)}, {"identity": USER % '"b@x.com"'}, MAY),
    ({"users": ("a@x.com",)}, {"identity": GROUP % '"AI users"' + " or " + USER % '"a@x.com"'}, SURE),
    # An account may compare addresses without dots and additions.
    ({"groups": (), "users": ("a.b@x.com",)}, {"identity": USER % '"ab+c@x.com"'}, MAY),
    ({"groups": (), "users": ("a.b@x.com",)}, {"identity": USER % '"ab@y.com"'}, NO),
    ({"groups": (), "users": ("a@x.com",)}, {"identity": "identity.email in $elsewhere"}, MAY), ({}, NOBODY, NO), ({}, {"expiration.expired": True}, NO),
    ({}, {"expiration.expired": False}, SURE),
    ({}, {"traffic": 'dns.query_rtype == "TXT"'}, MAY), ({}, dict(NOBODY, traffic='dns.query_rtype == "TXT"'), NO),
    ({}, {"device_posture": PASSED % '"id"'}, MAY), ({"device_posture": ("Disk",)}, {"device_posture": PASSED % '"id" "x"'}, SURE),
    ({"device_posture": (CHECK,)}, {"device_posture": PASSED % '"%s"' % CHECK}, SURE),
    ({"device_posture": ("Disk",)}, {"device_posture": PASSED % '"x"'}, MAY),
    ({"device_posture": ("Disk",)}, {"device_posture": FAILED % '"id"'}, NO), ({"device_posture": ("Disk",)}, {"device_posture": FAILED % '"id" "x"'}, MAY),
    ({"device_posture": ("Disk",)}, {"device_posture": FAILED % '"x"'}, MAY),
    ({"device_posture": ("Disk",)}, {"device_posture": 'any(device_posture.x[*] in {"id"})'}, MAY),
    ({"device_posture": ("Disk",)}, {"device_posture": 'any(device_posture.checks.passed[*] matches "id")'}, MAY),
    ({"device_posture": ("Disk",)}, {"device_posture": PASSED % '"id"', "identity": GROUP % '"Staff"'}, MAY)])
def test_whom_a_rule_is_about(options, columns, expected):
    view = seen(rule("x", "dns", "block", **columns), posture={"Disk": "id"}, **options)
    assert view.people(all_of(view, "dns")[0]) == expected
