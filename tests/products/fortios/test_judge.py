# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of FortiOS alone, on tables that are handed to it: no device, no twin."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.adapter import FortiosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import DISABLED, FIRST_ROW, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

POLICY = {"allow": [".chatgpt.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}
VOICE = dict(POLICY, media=[{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28"], "feed_date": "2026-07-25"}])
WAY = {"srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}], "srcaddr": [{"name": "all"}], "dstaddr": [{"name": "all"}], "service": [{"name": "ALL"}]}
MEMBERS = dict(WAY, policyid=1, name="members", action="accept", status="enable", **{"ssl-ssh-profile": "deep"})
DEEP = {"name": "deep", "https": {"status": "deep-inspection"}, "ssl-exempt": [{"type": "wildcard-fqdn", "wildcard-fqdn": "chatgpt"}]}
GROUP = {"name": "chatgpt", "comment": MARK, "member": [{"name": "chatgpt.com"}, {"name": "*.chatgpt.com"}]}
EXEMPT, BLOCK = ({"type": "wildcard", "status": "enable", "action": action, "exempt": "fortiguard"} for action in ("exempt", "block"))
OURS = [dict(EXEMPT, id=FIRST_ROW + at, url=url) for at, url in enumerate(("chatgpt.com", "*.chatgpt.com", "js.stripe.com"))]
#: A category filter that may shut anything.
FILTERING = {"filters": [{"id": 1, "category": 26, "action": "block"}]}


def named(*rows: dict) -> dict:
    return {row["name"]: row for row in rows}


def assess(*above, members=None, rows=None, below=(), policy=None, settings=None, profile_based=True, **tables) -> Assessment:
    """What the judge says of a VDOM with these policies around that of the audience, whose web filter profile uses a URL filter with these ``rows``."""
    adapter = FortiosAdapter(Settings(**dict({"policies": ("members",)}, **(settings or {}))), None, None)
    site, own = adapter._site, dict(MEMBERS, **(members or {}))
    if rows is not None:
        own.setdefault("webfilter-profile", "web")
        site.tables = [{"id": 1, "name": "list", "comment": "", "entries": rows}]
        site.web_profiles = named({"name": "web", "web": {"urlfilter-table": 1}, "ftgd-wf": FILTERING})
    site.policies = site.every_policy = [*above, own, *below]
    site.ssl_profiles, site.groups, site.scanned, site.profile_based = named(DEEP), named(GROUP), True, profile_based
    site.customs = named(*({"name": one["name"], "wildcard-fqdn": one["name"], "comment": ""} for one in GROUP["member"]))
    for table, value in tables.items():
        assert hasattr(site, table)
        setattr(site, table, value)
    return adapter.assess(Policy.from_config(policy or POLICY), adapter._parse())


def words(found: Assessment, which="allowed") -> list:
    return [getattr(row, which) for row in found.coverage]


def told(found: Assessment) -> list:
    return [(one.where, one.text, one.hosts, one.certain) for one in found.conflicts]


def notes(found: Assessment) -> list:
    return [row.note for row in found.coverage]


def deny(name="Deny", **columns) -> dict:
    return dict(WAY, policyid=5, name=name, action="deny", status="enable", **columns)


BOTH = (".chatgpt.com", "js.stripe.com")


def test_what_nothing_stands_in_the_way_of_is_allowed_and_exempt():
    found = assess(rows=OURS)
    assert [(row.allowed, row.allowed_by, row.exempt, row.exempt_by, row.note) for row in found.coverage] == [
        ("yes", "URL filter list", "yes", "wildcard FQDN group chatgpt", ""), ("yes", "URL filter list", "not wanted", None, "")]
    assert (found.conflicts, found.losses, found.audience_widened, found.manual) == ([], [], [], [])
    assert [row.allowed_by for row in assess().coverage] == ["no web filter"] * 2
    assert notes(assess(policy={"allow": ["*.chatgpt.com"], "exempt": []})) == [
        "widened: *.chatgpt.com is assumed to match chatgpt.com itself as well"]


@pytest.mark.parametrize("settings, word", [({"scan_conflicts": False}, "unchecked"), ({"policies": (), "ssl_profiles": ("deep",)}, "unchecked"), ({}, "yes")])
def test_what_was_not_read_is_not_known(settings, word):
    assert words(assess(rows=OURS, settings=settings)) == [word if settings.get("policies") is None else "unchecked"] * 2
    assert words(assess(settings=settings)) == [word] * 2


def test_without_the_scan_no_policy_is_judged():
    assert told(assess(deny(), settings={"scan_conflicts": False})) == []


def test_in_another_mode_than_by_profiles_everything_may_be_blocked():
    found = assess(profile_based=False)
    assert words(found) == ["unchecked"] * 2 and notes(found) == ["the NGFW mode may block it"] * 2
    assert [(one.where, one.text, one.hosts, one.certain, one.opens) for one in found.conflicts] == [
        ("the NGFW mode", "it is not profile-based, or was not read", BOTH, False, "check the security policies")]


# -- policies


@pytest.mark.parametrize("columns, word, certain", [
    ({}, "no", True), ({"schedule": "nights"}, "unchecked", False), ({"srcintf": [{"name": "guests"}]}, "yes", None)])
def test_a_policy_above_that_denies(columns, word, certain):
    found = assess(deny(**columns))
    assert words(found) == [word] * 2
    assert [(one.where, one.hosts, one.certain, one.opens) for one in found.conflicts] == ([] if certain is None else [
        ("policy Deny", BOTH, certain, "remove these addresses from the policy, or move it down")])
    assert notes(found)[1] == {"no": "policy Deny blocks it", "unchecked": "policy Deny may block it", "yes": ""}[word]


def test_where_it_is_certainly_blocked_what_only_may_block_is_not_reported():
    found = assess(deny(), rows=[dict(BLOCK, id=1, url="ab.chatgpt.com"), *OURS])
    assert words(found) == ["no"] * 2 and notes(found) == ["policy Deny blocks it"] * 2 and len(found.conflicts) == 2


def test_a_policy_of_the_audience_that_may_not_let_through_says_why():
    found = assess(members={"schedule": "days"})
    assert words(found) == ["unchecked"] * 2
    assert notes(found)[1] == "no policy certainly allows it for the users of members; column schedule is not understood"


@pytest.mark.parametrize("members, where, text, certain", [
    ({"status": "disable"}, "policy members", "it is disabled", True),
    ({"disclaimer": "enable"}, "disclaimer of policy members", "passes the traffic on", False),
    ({"wccp": "enable"}, "wccp of policy members", "passes the traffic on", False)])
def test_a_policy_of_the_audience_that_is_off_or_hands_on(members, where, text, certain):
    found = assess(members=members)
    assert told(found) == [(where, text, BOTH, certain)] and words(found) == ["no" if certain else "unchecked"] * 2


@pytest.mark.parametrize("members, where", [
    ({"webfilter-profile": "g-default"}, "web filter profile g-default"), ({"profile-type": "group", "profile-group": "gone"}, "profile group gone")])
def test_a_profile_that_is_not_in_the_tables_of_the_vdom_may_block(members, where):
    """Such as one that all VDOMs share, or that the role of the account does not cover."""
    found = assess(members=members)
    assert words(found) == ["unchecked"] * 2 and told(found) == [(where, "it was not read", BOTH, False)]
    # The same group, once it was read.
    group = named({"name": "gone", "ssl-ssh-profile": "deep"})
    assert words(assess(members={"profile-type": "group", "profile-group": "gone"}, profile_groups=group)) == ["yes"] * 2


@pytest.mark.parametrize("settings", [{}, {"scan_conflicts": False}])
@pytest.mark.parametrize("members", [{"ssl-ssh-profile": "g-deep"}, {"profile-type": "group", "profile-group": "gone"}])
def test_an_inspection_that_is_not_in_the_tables_of_the_vdom_may_decrypt(members, settings):
    found = assess(members=members, settings=settings)
    assert words(found, "exempt")[0] == "unchecked" and "the SSL profile of policy members was not read" in found.coverage[0].note


def test_a_web_proxy_profile_that_was_not_read_may_add_headers():
    found = assess(members={"webproxy-profile": "gone"})
    assert [(one.control, one.rule, one.hosts) for one in found.losses] == [
        ("headers", "web proxy profile gone of policy members, which was not read", (".chatgpt.com",))]
    assert not assess(members={"webproxy-profile": "gone"}, proxy_profiles=named({"name": "gone", "headers": []})).losses


def test_the_transparent_proxy_is_asked_where_a_policy_hands_to_it():
    rules = [{"policyid": 1, "name": "web", "status": "enable", "proxy": "transparent-web", "action": "deny"}]
    found = assess(members={"http-policy-redirect": "enable"}, proxy_policies=rules)
    assert words(found) == ["no"] * 2 and told(found) == [("proxy policy web", "deny everything, limited by proxy", BOTH, True)]
    assert words(assess(proxy_policies=rules)) == ["yes"] * 2
    found = assess(members={"http-policy-redirect": "enable"})
    assert notes(found)[1] == "no rule of the transparent proxy certainly allows it for the users of members"
    rules[0].update({"action": "accept", "ssl-ssh-profile": "other"})
    assert words(assess(members={"http-policy-redirect": "enable"}, proxy_policies=rules), "exempt")[0] == "unchecked"


def test_an_inspection_above_that_nobody_named_leaves_the_exemption_unchecked():
    assert words(assess(dict(deny(), action="accept", groups=[{"name": "x"}], **{"ssl-ssh-profile": "other"})), "exempt")[0] == "unchecked"


# -- rows of the URL filter


@pytest.mark.parametrize("row, word, certain, opens", [
    ({}, "no", True, "every other host that this row blocks"), ({"url": "ab.chatgpt.com"}, "unchecked", False, "it is not certain"),
    ({"url": "claude.ai"}, "yes", None, None), ({"status": "disable"}, "yes", None, None),
    ({"status": "of-next-year"}, "unchecked", False, "it is not certain"),
    # What the device makes of a port, a query or a dot at the end is not documented.
    *(({"url": "chatgpt.com" + end, "type": kind}, "unchecked", False, "it is not certain")
      for end in (":443", "?x=1", "#x") for kind in ("simple", "wildcard")),
    ({"url": "https://*chatgpt.com.", "type": "wildcard"}, "no", True, "every other host that this row blocks"),
    ({"referrer-host": "x"}, "unchecked", False, "it is not certain")], ids=str)
def test_a_row_above_ours_that_blocks(row, word, certain, opens):
    found = assess(rows=[dict(BLOCK, **dict({"id": 1, "url": "*chatgpt.com"}, **row)), *OURS])
    assert words(found) == [word, "yes"]
    assert [(one.hosts, one.certain, bool(one.remedy), one.opens.startswith(opens)) for one in found.conflicts] == (
        [] if certain is None else [(BOTH[:1], certain, certain, True)])


def test_a_row_says_its_name_to_those_who_protect_it_and_a_part_is_told_where_nothing_is_sure():
    row = dict(BLOCK, id=1, url="*chatgpt.com")
    found = assess(rows=[row, *OURS], settings={"protected": ("list: wildcard *chatgpt.com",)})
    assert [(one.opens, one.remedy) for one in found.conflicts] == [("protected", ())]
    conflict, = assess(rows=[row, *OURS]).conflicts
    assert conflict.remedy[0].fields == {"status": ("enable", "disable")}
    conflict, = assess(rows=[dict(row, url="*", **{"referrer-host": "x"}), *OURS]).conflicts
    assert conflict.hosts == BOTH and "column referrer-host is not understood" in conflict.text
    found = assess(rows=[dict(row, url="js*.com"), *OURS])
    assert found.conflicts[0].hosts == BOTH[1:] and notes(found) == ["URL filter row list: wildcard js*.com %s it" % does for does in ("may block", "blocks")]


def test_what_ours_do_not_hold_the_category_filter_may_block_and_what_they_hand_on_too():
    found = assess(rows=OURS[:2])
    assert words(found) == ["yes", "unchecked"] and told(found) == []
    assert notes(found)[1] == "no row of this collection matches it, and the category filter may block it"
    found = assess(rows=[dict(row, exempt="av") for row in OURS])
    assert words(found) == ["unchecked"] * 2 and told(found) == []
    assert notes(found)[1] == "the category filter, to which the rows of this collection pass it on, may block it"


def test_a_row_for_some_requests_that_ours_pass_is_told():
    odd = dict(BLOCK, id=7, url="*chatgpt.com", **{"referrer-host": "x"})
    block = dict(BLOCK, id=8, url="*chatgpt.com")
    assert assess(rows=[*OURS, block, dict(odd, url="*gpt.com")]).audience_widened == [
        "URL filter row list: wildcard *gpt.com blocks some requests and would no longer apply to these hosts: column referrer-host"]
    for rows in ([*OURS, odd], [block, dict(odd, url="*gpt.com"), *OURS], [block, dict(odd, url="*gpt.com")]):
        assert assess(rows=rows).audience_widened == [], rows


def test_a_row_that_an_earlier_run_switched_off_is_resolved():
    rows = [dict(BLOCK, id=DISABLED + 1, url="*chatgpt.com", status="disable"), dict(BLOCK, id=2, url="x.example", status="disable"), *OURS]
    assert [str(ref) for ref in assess(rows=rows).resolved.values()] == ["URL filter row list: wildcard *chatgpt.com"]


# -- the other filters


DNS_ROW = {"id": 1, "domain": "*chatgpt.com", "type": "wildcard", "action": "block", "status": "enable"}


def with_dns(profile, *rows, number=4) -> dict:
    return {"members": {"dnsfilter-profile": "dns"}, "domain_filters": [{"id": number, "name": "names", "entries": list(rows)}],
            "dns_profiles": named(dict({"name": "dns"}, **profile)) if profile is not None else {}}


LINKED = {"domain-filter": {"domain-filter-table": 4}}


@pytest.mark.parametrize("profile, row, word, certain", [
    (LINKED, {}, "no", True), (LINKED, {"domain": "ab.chatgpt.com"}, "unchecked", False), (LINKED, {"status": "disable"}, "yes", None),
    ({"domain-filter": {"domain-filter-table": 5}}, {}, "yes", None), ({}, {}, "yes", None), ({"domain-filter": None}, {}, "yes", None)], ids=str)
def test_rows_of_the_dns_filter(profile, row, word, certain):
    found = assess(**with_dns(profile, dict(DNS_ROW, **row)))
    assert words(found) == [word, "yes"]
    assert [(one.where, one.certain, bool(one.remedy)) for one in found.conflicts] == ([] if certain is None else [
        ("DNS filter row names: wildcard %s" % row.get("domain", "*chatgpt.com"), certain, certain)])
    assert words(assess(**with_dns(LINKED, dict(DNS_ROW), number=0))) == ["yes"] * 2


def test_a_dns_filter_without_a_table_does_not_use_the_one_without_a_number():
    assert words(assess(**with_dns({"domain-filter": {"domain-filter-table": 0}}, dict(DNS_ROW), number=0))) == ["yes"] * 2


@pytest.mark.parametrize("profile, text", [
    (None, "it was not read"), ({"ftgd-dns": {"filters": [{"action": "block"}]}}, "column ftgd-dns.filters[].action"),
    ({"ftgd-dns": {"filters": [{"action": "block"}], "options": "error-allow ftgd-disable"}}, None), ({"ftgd-dns": None}, None),
    ({"transparent-dns-database": [{"name": "x"}], "ftgd-dns": {"filters": [{"action": "block"}], "options": "ftgd-disable"}},
     "column transparent-dns-database")])
def test_what_a_dns_filter_may_block_besides(profile, text):
    found = assess(**with_dns(profile))
    assert words(found) == ["unchecked" if text else "yes"] * 2 and told(found) == ([("DNS filter profile dns", text, BOTH, False)] if text else [])
    assert not text or notes(found)[1] == "DNS filter profile dns may block it"


def test_rows_of_two_profiles_are_each_their_own():
    tables = [{"id": number, "name": "names %d" % number, "entries": [dict(DNS_ROW, domain=domain)]}
              for number, domain in ((4, "*chatgpt.com"), (5, "js.stripe.com"))]
    found = assess(dict(MEMBERS, policyid=2, name="more", **{"dnsfilter-profile": "other"}), members={"dnsfilter-profile": "dns"}, domain_filters=tables,
                   settings={"policies": ("more", "members")},
                   dns_profiles=named(dict(LINKED, name="dns"), {"name": "other", "domain-filter": {"domain-filter-table": 5}}))
    assert sorted(one[0] for one in told(found)) == ["DNS filter row names 4: wildcard *chatgpt.com", "DNS filter row names 5: wildcard js.stripe.com"]


def test_application_control():
    apps = named({"name": "apps", "entries": [{"id": 3, "action": "block", "category": [{"id": 36}]}, {"id": 4, "action": "pass"}]})
    found = assess(members={"application-list": "apps"}, applications=apps)
    assert words(found) == ["unchecked"] * 2 and notes(found)[1] == "application list apps, entry 3 may block it"
    assert [(one.where, one.text, one.hosts, one.certain) for one in found.conflicts] == [
        ("application list apps, entry 3", "block category 36, for policy members; column category is not understood", BOTH, False)]
    assert told(assess(members={"application-list": "apps"})) == [("application list apps", "it was not read", BOTH, False)]
    odd = named({"name": "apps", "entries": [], "enforce-default-app-port": "enable"})
    assert told(assess(members={"application-list": "apps"}, applications=odd)) == [
        ("application list apps", "column enforce-default-app-port", BOTH, False)]
    assert words(assess(applications=apps)) == ["yes"] * 2


# -- what only decrypted traffic meets


CONTENT = [{"web": {"bword-table": 5}}, {"web": {"content-header-list": 5}}, {"antiphish": {"status": "enable"}}, {"post-action": "block"}]


@pytest.mark.parametrize("profile, allowed", [(one, ["yes", "unchecked"]) for one in CONTENT] + [
    ({"web": {"blocklist": "enable"}}, ["unchecked"] * 2), ({"wisp": "disable"}, ["yes"] * 2)], ids=str)
def test_what_scans_content_blocks_only_what_is_decrypted(profile, allowed):
    found = assess(members={"webfilter-profile": "web"}, web_profiles=named(dict({"name": "web"}, **profile)))
    assert words(found) == allowed
    assert [one.hosts for one in found.conflicts] == [tuple(host for host, word in zip(BOTH, allowed) if word != "yes")] * (allowed[1] != "yes")
    # Where nothing is decrypted, nothing looks at content; and where all is exempt that would be.
    plain = assess(members={"webfilter-profile": "web", "ssl-ssh-profile": ""}, web_profiles=named(dict({"name": "web"}, **profile)))
    assert words(plain) == [allowed[0]] * 2
    spared = assess(members={"webfilter-profile": "web"}, web_profiles=named(dict({"name": "web"}, **profile)), policy={"allow": BOTH[:1], "exempt": BOTH[:1]})
    assert words(spared) == allowed[:1] and bool(spared.conflicts) == (allowed[0] != "yes")


def test_what_scans_content_is_distinguished_from_the_rest():
    found = assess(members={"webfilter-profile": "web"}, web_profiles=named({"name": "web", "web": {"blocklist": "enable", "bword-table": 5}}))
    assert [(one.text, one.hosts) for one in found.conflicts] == [("column web.blocklist", BOTH), ("column web.bword-table", BOTH[1:])]


def test_without_the_scan_a_profile_is_not_judged():
    assert told(assess(members={"webfilter-profile": "web"}, web_profiles=named({"name": "web", "wisp": "enable"}), settings={"scan_conflicts": False})) == []


def test_a_server_that_decides_sees_what_is_decrypted_alone():
    found = assess(members={"icap-profile": "scan"})
    assert words(found) == ["yes", "unchecked"] and told(found) == [("ICAP profile scan", "an external server decides", BOTH[1:], False)]


@pytest.mark.parametrize("profiles, applications, text", [
    ({}, {}, "it was not read"), (named({"name": "saas", "saas-application": []}), {}, None),
    (named({"name": "saas", "saas-application": [{"name": "shop", "domain-control": "enable"}]}), {}, "column domain-control"),
    (named({"name": "saas", "saas-application": [{"name": "shop", "domain-control": "enable"}]}),
     named({"name": "shop", "domains": [{"domain": "chatgpt.com"}]}), None)])
def test_inline_casb_sees_what_is_decrypted_alone(profiles, applications, text):
    found = assess(members={"casb-profile": "saas"}, casb_profiles=profiles, casb_applications=applications)
    assert words(found) == ["yes", "unchecked" if text else "yes"]
    assert [(one.text, one.hosts) for one in found.conflicts] == ([(text, BOTH[1:])] if text else [])


# -- the rest


def test_voice_and_what_else_is_told():
    found = assess(deny("No UDP", service=[{"name": "ALL_UDP"}]), services=named({"name": "ALL_UDP", "protocol": "TCP/UDP/SCTP", "udp-portrange": "1-65535"}),
                   policy=VOICE, settings={"media": True})
    assert [one.where for one in found.conflicts] == ["policy No UDP"] and words(found) == ["yes"] * 2
    assert [loss.control for loss in assess(members={"av-profile": "default"}).losses] == ["av"]
    assert assess(rows=OURS, below=[dict(MEMBERS, policyid=9, name="staff", **{"ssl-ssh-profile": "", "webfilter-profile": "web"})]).audience_widened == [
        "policy staff also uses the webfilter profile web"]
