# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge says of an account, without a server: each of its conditions decides something here."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.adapter import CloudflareGatewayAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from tests.contract.rig import FIRST, MEDIA
from tests.products.cloudflare_gateway.rig import nested

CHAT, OPENAI, STRIPE = ".chatgpt.com", "*.openai.com", "js.stripe.com"
DOMAINS = {"dns": "dns.domains", "l4": "net.sni.domains", "http": "http.request.domains", "off": "http.conn.domains", "on": "http.conn.domains"}
#: Of the audience, a part and nobody.
PART, NOBODY = {"identity": 'identity.email == "alice@example.com"'}, {"identity": 'not(any(identity.groups.name[*] in {"AI users"}))'}
FILES, LEAKS = 'any(http.download.file.types[*] in {"exe"})', 'any(dlp.profiles[*] in {"x"})'
HEADER, OTHER_HEADER = ({"rule_settings.add_headers": {name: ["w1"]}} for name in ("ChatGPT-Allowed-Workspace-Id", "X-Tenant"))


def list_id(name):
    return name.encode("ascii").hex().ljust(32, "0")[:32]


class Account:
    """The tables of an account, in place of its API. ``lists``: {name: what it holds}; ``kinds``: {name: type} of those that hold no domains."""

    def __init__(self, rules=(), lists=None, settings=None, kinds=None, categories=(), applications=()):
        self.lists = {list_id(name): (name, held) for name, held in (lists or {}).items()}
        rows = [dict({"id": "r%d" % number, "enabled": True, "precedence": number}, **nested(rule)) for number, rule in enumerate(rules)]
        self.tables = {"gateway/rules": rows, "gateway/categories": list(categories), "gateway/lists": [
            {"id": key, "name": name, "type": (kinds or {}).get(name, "DOMAIN"), "description": MARK} for key, (name, _held) in self.lists.items()]}
        self.answers = {"gateway/configuration": {"settings": settings}, "gateway/app_types": list(applications)}

    def table(self, path):
        return self.tables[path]

    def get(self, path):
        return self.answers[path]

    def items(self, key):
        return [{"value": value} for value in self.lists[key][1]]


def rule(name, layer, action, about="", **columns):
    """A rule of the site. ``about``: hosts, or what of an expression begins with a bracket."""
    kind = action if action in ("off", "on") else layer
    traffic = about[1:-1] if about.startswith("(") else 'any(%s[*] in {"%s"})' % (DOMAINS[kind], '" "'.join(about.split())) if about else ""
    return dict({"name": name, "filters": [layer], "action": action, "traffic": traffic}, **columns)


def both(layer, about, more):
    return "(%s and %s)" % (rule("", layer, "", about)["traffic"], more)


def ours(name, layer, action, about="chatgpt.com openai.com", **columns):
    return rule("ChatGPT " + name, layer, action, about, **dict({"description": MARK}, **columns))


LISTS = {"ChatGPT allow": ("chatgpt.com", "openai.com"), "ChatGPT allow hosts": ("js.stripe.com",), "ChatGPT exempt": ("chatgpt.com", "openai.com")}
OFF, DNS, L4 = ours("do not inspect", "http", "off"), ours("allow", "dns", "allow"), ours("allow", "l4", "allow")


def judged(*rules, policy=FIRST, lists=None, account=None, **options):
    settings = Settings(**dict({"groups": ("AI users",)}, **options))
    adapter = CloudflareGatewayAdapter(settings, Account(rules, LISTS if lists is None else lists, account), "a", None)
    return adapter.assess(policy, adapter.read())


def conflicts(found):
    return {one.where.partition("rule ")[2]: one for one in found.conflicts}


def lost(found):
    return [(loss.control, loss.rule.partition("rule ")[2] or loss.rule, " ".join(loss.hosts)) for loss in found.losses]


def rows(found, column="allowed"):
    return {row.pattern: getattr(row, column) for row in found.coverage}


# -- what stands in the way


@pytest.mark.parametrize("rules,hosts", [
    ([OFF, rule("x", "http", "isolate", "chatgpt.com stripe.com")], [STRIPE]), ([OFF, rule("x", "http", "block", "chatgpt.com stripe.com")], [STRIPE]),
    ([rule("x", "http", "isolate", "chatgpt.com stripe.com")], [CHAT, STRIPE]), ([rule("x", "http", "block", "chatgpt.com stripe.com")], [CHAT, STRIPE]),
    ([OFF, rule("x", "dns", "block", "chatgpt.com stripe.com")], [CHAT, STRIPE]), ([OFF, rule("x", "l4", "block", "chatgpt.com stripe.com")], [CHAT, STRIPE]),
    # A part of it is not told where all of another one is shut.
    ([rule("x", "dns", "block", "ab.chatgpt.com stripe.com")], [STRIPE]), ([rule("x", "dns", "block", "ab.chatgpt.com")], [CHAT]),
    ([ours("allow", "dns", "block")], []), ([rule("x", "dns", "block", "foreign.example")], [])])
def test_what_is_not_decrypted_meets_no_rule_that_scans(rules, hosts):
    found = judged(*rules)
    assert [one.hosts for one in found.conflicts] == [tuple(hosts)] * bool(hosts)


def test_without_the_scan_only_what_is_certain_is_said():
    rules = [rule("sure", "dns", "block", "chatgpt.com"), rule("perhaps", "dns", "block", "ab.openai.com")]
    assert set(conflicts(judged(*rules, scan_conflicts=False))) == {"sure"} and set(conflicts(judged(*rules))) == {"sure", "perhaps"}
    found = judged(*rules, scan_conflicts=False)
    assert rows(found) == {CHAT: "no", OPENAI: "unchecked", STRIPE: "unchecked"}
    assert "perhaps" not in rows(found, "note")[OPENAI] and "perhaps may block it" in rows(judged(*rules), "note")[OPENAI]
    found = judged(OFF, rule("x", "http", "block", "(%s)" % LEAKS), scan_conflicts=False)
    assert lost(found) == [("dlp", "x", "%s %s" % (CHAT, OPENAI))]


@pytest.mark.parametrize("columns,remedy,opens", [
    ({}, True, "everything else that this rule blocks"), ({"read_only": True}, False, "this rule is read-only here: change it"),
    ({"read_only": True, "source_account": "f"}, False, "this rule is read-only here, shared by a parent account: change it"),
    ({"traffic": 'any(dns.domains[*] in {"chatgpt.com"}) or any(dns.security_category[*] in {117})'}, False, "this rule also blocks by security category")])
def test_what_can_be_done_about_a_rule(columns, remedy, opens):
    conflict, = judged(rule("x", "dns", "block", "chatgpt.com", **columns)).conflicts
    assert conflict.certain and bool(conflict.remedy) is remedy and conflict.opens.startswith(opens)


@pytest.mark.parametrize("one,effect,text", [
    (rule("x", "dns", "block", "chatgpt.com"), "deny", 'block any(dns.domains[*] in {"chatgpt.com"})'),
    (rule("x", "dns", "override"), "rewrite", "override everything"),
    (rule("x", "dns", "shrug"), "deny", "shrug everything; its action is not understood"), (rule("x", "http", "isolate"), "rewrite", "isolate everything"),
    (rule("x", "http", "on"), "decrypt", "on everything; its action is not understood"),
    # What else of a rule is not certain is no matter where it is.
    (rule("x", "dns", "block", '(any(app.ids[*] in {1}) or dns.fqdn == "js.stripe.com")'), "deny",
     'block any(app.ids[*] in {1}) or dns.fqdn in {"js.stripe.com"}')])
def test_what_a_conflict_says_of_a_rule(one, effect, text):
    conflict, = judged(one).conflicts
    assert (conflict.effect, conflict.text) == (effect, text)


# -- who else is reached


ALL, BELOW = rule("All", "dns", "block"), rule("Below", "dns", "block", "chatgpt.com", **PART)
SHUTS, LATER = rule("Shuts", "http", "block", "stripe.com"), rule("Later", "http", "block", "stripe.com", **PART)


@pytest.mark.parametrize("rules,options,told", [
    ([ALL, BELOW], {}, ["Below"]), ([BELOW, ALL], {}, []), ([BELOW], {}, []), ([ALL, dict(BELOW, identity="")], {}, []),
    ([ALL, dict(BELOW, **NOBODY)], {}, []),
    ([ALL, rule("Below", "dns", "block", both("dns", "chatgpt.com", 'dns.query_rtype == "TXT"'))], {}, ["Below"]),
    ([ALL, BELOW], {"list_name": "ChatGPT allow"}, []), ([ALL, rule("Below", "dns", "block", "foreign.example", **PART)], {}, []),
    # What opens, what is about other hosts and what is ours is no reason to stand above it.
    ([rule("Opens", "dns", "allow"), BELOW, ALL], {}, []), ([rule("Others", "dns", "block", "foreign.example"), BELOW, ALL], {}, []),
    ([ours("allow", "dns", "block"), BELOW, ALL], {}, []),
    ([BELOW, ALL], {"before": ("Below",)}, ["Below"]), ([BELOW], {"before": ("Below",)}, ["Below"]), ([ALL, BELOW], {"before": ("Below",)}, ["Below"]),
    ([dict(BELOW, traffic=BELOW["traffic"] + " or any(dns.security_category[*] in {1})"), ALL], {"before": ("Below",)}, []),
    ([ALL, BELOW], {"never_above": ("Below",)}, []),
    # Our HTTP rule is only made where one shuts what stays inspected.
    ([SHUTS, LATER], {}, ["Later"]), ([LATER, SHUTS], {}, []), ([LATER], {"before": ("Later",)}, []), ([LATER, SHUTS], {"before": ("Later",)}, ["Later"]),
    # What is exempt passes it anyway.
    ([SHUTS, rule("Below", "http", "block", "chatgpt.com", **PART)], {"exempt_list_name": "ChatGPT exempt"}, []),
    ([SHUTS, rule("Files", "http", "block", "(%s)" % FILES)], {}, [])])
def test_who_would_be_let_in(rules, options, told):
    found = judged(*rules, **options).audience_widened
    assert [text.partition(" blocks")[0].rpartition(" ")[2] for text in found] == told


@pytest.mark.parametrize("one,options,told", [
    (rule("x", "http", "block", "chatgpt.com", **PART), {}, True), (rule("x", "http", "block", "chatgpt.com"), {}, False),
    (rule("x", "http", "block", "stripe.com", **PART), {}, False), (rule("x", "http", "block", "chatgpt.com", **NOBODY), {}, False),
    (rule("x", "http", "block", "chatgpt.com"), {"never_above": ("x",)}, True), (rule("x", "http", "block", "chatgpt.com"), {"after": ("x",)}, True),
    (rule("x", "http", "block", both("http", "chatgpt.com", FILES)), {}, False),
    (rule("x", "http", "block", both("http", "chatgpt.com", FILES)), {"never_above": ("x",)}, False),
    (rule("x", "http", "block", both("http", "chatgpt.com", FILES), **PART), {}, True), (ours("allow", "http", "block", **PART), {}, False),
    (rule("x", "http", "block", "chatgpt.com", **PART), {"exempt_list_name": "ChatGPT exempt"}, False)])
def test_whom_do_not_inspect_passes(one, options, told):
    found = judged(OFF, one, **options).audience_widened
    assert len(found) == told and all("HTTP rule x would no longer apply to the exempt hosts" in text for text in found)


@pytest.mark.parametrize("where,told", [(0, False), (1, True)])
def test_who_would_get_voice(where, told):
    rules = [rule("All", "l4", "block", '(net.protocol == "udp")')]
    rules.insert(where, rule("Below", "l4", "block", "(net.dst.port == 3478)", **PART))
    found = judged(*rules, policy=Policy(allow=FIRST.allow, exempt=FIRST.exempt, media=MEDIA))
    assert [text for text in found.audience_widened if "voice" in text and "Below" in text] == found.audience_widened and len(found.audience_widened) == told
    assert len(found.manual) == len(MEDIA) and all("UDP proxy" in text for text in found.manual)


# -- what is lost


SCANS = {"antivirus": {"enabled_download_phase": True}}


@pytest.mark.parametrize("account,controls", [
    (None, []), ({}, []), ({"antivirus": None, "sandbox": None}, []), (SCANS, ["av"]), ({"antivirus": {"enabled_upload_phase": True}}, ["av"]),
    ({"sandbox": {"enabled": True}}, ["sandbox"]), ({"sandbox": {"enabled": False}}, []), ({"tls_decrypt": None, **SCANS}, ["av"]),
    ({"tls_decrypt": {"enabled": True}, **SCANS}, ["av"]), ({"tls_decrypt": {"enabled": False}, **SCANS}, [])])
def test_what_the_account_scans(account, controls):
    found = judged(OFF, account=account)
    off = bool(account) and account.get("tls_decrypt") == {"enabled": False}
    assert [(control, hosts) for control, _rule, hosts in lost(found)] == [(control, "%s %s" % (CHAT, OPENAI)) for control in controls]
    assert len(found.warnings) == off
    found = judged(account=account, policy=Policy.from_config({"allow": [STRIPE]}))
    assert found.losses == [] and found.warnings == []


@pytest.mark.parametrize("one,controls", [
    (rule("x", "http", "block", both("http", "chatgpt.com", LEAKS)), ["dlp"]), (rule("x", "http", "block", both("http", "stripe.com", LEAKS)), []),
    (rule("x", "http", "isolate", "chatgpt.com"), ["isolation"]),
    (rule("x", "http", "block", "(any(http.request.uri.security_category[*] in {117}))"), ["av"]),
    (rule("x", "http", "block", "(any(http.request.uri.security_category[*] in {117}))", **NOBODY), []),
    (rule("x", "http", "allow", "chatgpt.com", **OTHER_HEADER), ["headers"]), (ours("allow", "http", "allow", **OTHER_HEADER), [])])
def test_what_the_rules_do_with_what_is_exempt(one, controls):
    assert lost(judged(OFF, one)) == [(control, "x", "%s %s" % (CHAT, OPENAI)) for control in controls]


@pytest.mark.parametrize("one,options,controls", [
    (rule("x", "http", "block", "(%s)" % LEAKS), {}, ["dlp"]), (rule("x", "http", "block", "(%s)" % LEAKS), {"list_name": "ChatGPT allow"}, []),
    # What inserts headers keeps its word, unless the operator says so.
    *((rule("x", "http", "allow", "stripe.com", **columns), options, controls) for columns in (HEADER, OTHER_HEADER)
      for options, controls in (({}, []), ({"may_pass": ("x",)}, ["headers"]))),
    (rule("x", "http", "block", both("http", "foreign.example", LEAKS)), {}, [])])
def test_what_our_rule_that_allows_passes(one, options, controls):
    found = judged(SHUTS, one, policy=Policy.from_config({"allow": [".chatgpt.com", STRIPE], "exempt": [".chatgpt.com"]}), **options)
    assert [(control, hosts) for control, _rule, hosts in lost(found) if hosts != CHAT] == [(control, STRIPE) for control in controls]


@pytest.mark.parametrize("one,told", [
    (rule("x", "http", "allow", "chatgpt.com", **HEADER), True), (rule("x", "http", "block", "chatgpt.com", **HEADER), False),
    (rule("x", "http", "allow", "chatgpt.com", **OTHER_HEADER), False), (rule("x", "http", "allow", "chatgpt.com", **HEADER, **NOBODY), False),
    (rule("x", "http", "allow", "stripe.com", **HEADER), False)])
def test_a_rule_that_keeps_people_in_a_workspace(one, told):
    assert [(found.rule, tuple(map(str, found.hosts))) for found in judged(one).tenant_controls] == [("HTTP rule x", (CHAT,))] * told


# -- coverage


@pytest.mark.parametrize("rules,options,expected", [
    ([], {}, (("yes", None, ""), ("yes", None, "widened: openai.com itself too"), ("yes", None, ""))),
    ([DNS], {}, (("yes", "ChatGPT allow", ""), ("yes", "ChatGPT allow", "widened: openai.com itself too"), ("yes", None, ""))),
    ([rule("x", "dns", "block", "chatgpt.com"), DNS], {},
     (("no", None, "x blocks it"), ("yes", "ChatGPT allow", "widened: openai.com itself too"), ("yes", None, ""))),
    ([rule("x", "dns", "block", "(dns.fqdn == \"ab.chatgpt.com\")"), L4], {},
     (("unchecked", "ChatGPT allow", "x may block it"), ("yes", "ChatGPT allow", "widened: openai.com itself too"), ("yes", None, ""))),
    ([rule("x", "dns", "shrug", "chatgpt.com")], {},
     (("unchecked", None, "x may block it: its action is not understood"), ("yes", None, "widened: openai.com itself too"), ("yes", None, ""))),
    ([], {"list_name": "ChatGPT allow"}, (("yes", None, "the existing rules decide what an entry of ChatGPT allow covers"),) * 2 + (
        ("no", None, "the existing rules decide what an entry of ChatGPT allow covers"),))])
def test_what_is_in_force(rules, options, expected):
    assert tuple((row.allowed, row.allowed_by, row.note) for row in judged(*rules, **options).coverage) == expected


@pytest.mark.parametrize("missing", ["ChatGPT allow", "ChatGPT allow hosts"])
@pytest.mark.parametrize("held", [None, ("foreign.example",)])
def test_what_our_list_does_not_hold(missing, held):
    lists = {name: one for name, one in dict(LISTS, **{missing: held}).items() if one}
    assert rows(judged(lists=lists)) == {name: "no" if (name == STRIPE) == missing.endswith("hosts") else "yes" for name in (CHAT, OPENAI, STRIPE)}
    policy = Policy.from_config({"allow": [OPENAI, "api.openai.com"]})
    assert set(rows(judged(lists={"ChatGPT allow": ("openai.com",)}, policy=policy)).values()) == {"yes"}


TUNNEL = "not decrypted, by the name in the handshake, and Gateway does not check the certificate"


@pytest.mark.parametrize("rules,expected", [
    ([OFF], ("yes", "ChatGPT do not inspect", TUNNEL)), ([], ("no", None, "")), ([rule("x", "http", "off", "stripe.com")], ("no", None, "")),
    ([rule("x", "http", "on", "chatgpt.com"), OFF], ("unchecked", None, "x may decrypt it: its action is not understood")),
    ([rule("x", "http", "on", "chatgpt.com")], ("no", None, "")),
    ([rule("x", "http", "block", "chatgpt.com"), OFF], ("yes", "ChatGPT do not inspect", TUNNEL)),
    ([rule("x", "http", "off", "(http.conn.hostname == \"chatgpt.com\")")], ("unchecked", None, "x may leave it undecrypted"))])
def test_what_is_left_alone(rules, expected):
    row = judged(*rules).coverage[0]
    assert (row.exempt, row.exempt_by, row.note) == expected
    row = judged(*rules).coverage[2]
    assert (row.exempt, row.exempt_by, row.note) == ("not wanted", None, "")
