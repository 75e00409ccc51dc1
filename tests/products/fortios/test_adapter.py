# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FortiOS beyond the contract: requests, rows of the site, profiles, audiences, conflicts, controls."""
from __future__ import annotations

import functools
import json

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import row_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE
from tests.contract.rig import FIRST, LATER, MEMBER, PACKETS, PUBLISHED, STRANGER, Fault, Killed
from tests.products.fortios.rig import FortiosRig
from tests.products.server import Fault as Weather, Reply

URLFILTER, WEB, SSL = "webfilter/urlfilter", "webfilter/profile", "firewall/ssl-ssh-profile"


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, FortiosRig)


@pytest.fixture
def rig(make):
    return make()


@pytest.fixture
def shared(make):
    return make(site="rows")


def writes(rig):
    return [(request.method, request.path.partition("/cmdb/")[2]) for request in rig.twin.log if request.method != "GET"]


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_converge_and_of_a_rerun(rig):
    """Read: policies, URL filters, web profiles, SSL profiles, wildcard FQDNs and groups; four more for the scan. Then the three looks before the
    first write; three wildcard FQDNs, the group, the SSL profile, the URL filter, the link, and a look before the list of somebody else; read back."""
    result = rig.run()
    assert writes(rig) == [("POST", "firewall.wildcard-fqdn/custom")] * 3 + [
        ("POST", "firewall.wildcard-fqdn/group"), ("PUT", "firewall/ssl-ssh-profile/deep-members"), ("POST", "webfilter/urlfilter"),
        ("PUT", "webfilter/profile/members")]
    assert result["requests"] == {"reads": 10 + 3 + 1 + 6, "writes": 7, "waited": 0, "connections": 1}
    rig.twin.log.clear()
    assert rig.run()["requests"] == {"reads": 10, "writes": 0, "waited": 0, "connections": 1}
    assert rig.run(adapter=rig.adapter(scan_conflicts=False))["requests"]["reads"] == 6


def test_a_thousand_allowed_patterns_are_one_write(rig):
    config = {"allow": ["*.h%d.example.com" % n for n in range(1000)], "exempt": []}
    rig.run(policy=Policy.from_config(config))
    assert writes(rig) == [("POST", "webfilter/urlfilter"), ("PUT", "webfilter/profile/members")]
    rig.twin.log.clear()
    config["allow"].append("one.more.example")
    rig.run(policy=Policy.from_config(config))
    assert writes(rig) == [("PUT", "webfilter/urlfilter/1")]


def test_the_token_is_in_the_header_only(rig):
    rig.run()
    for request in rig.twin.log:
        assert request.headers["authorization"] == "Bearer " + rig.twin.token and rig.twin.token not in request.path + str(request.query) + str(request.body)


# -- rows ---------------------------------------------------------------------------------------------------------


def test_rows_exempt_from_no_more_than_the_category_and_are_never_simple(rig):
    rig.run()
    rows = rig.twin.row(URLFILTER, "chatgpt")["entries"]
    assert {(row["type"], row["action"], row["exempt"]) for row in rows} == {("wildcard", "exempt", "fortiguard")}


def test_the_order_in_which_the_device_tells_the_flags_is_no_drift(rig):
    flags = ("fortiguard", "activex-java-cookie")
    rig.run(adapter=rig.adapter(url_filter_exempt=flags))
    for row in rig.entries():
        row["exempt"] = "fortiguard activex-java-cookie"
    assert not rig.run(adapter=rig.adapter(url_filter_exempt=flags))["changed"]


def test_rows_in_a_filter_of_the_site_stand_above_what_blocks_and_below_the_rest(shared):
    before = [dict(row) for row in shared.twin.row(URLFILTER, "members-urls")["entries"]]
    shared.run()
    rows = shared.twin.row(URLFILTER, "members-urls")["entries"]
    assert [row for row in rows if row["id"] < 1000] == before
    ours = [at for at, row in enumerate(rows) if row["id"] >= 1862300000]
    blocks = [at for at, row in enumerate(rows) if row["action"] == "block"]
    assert max(ours) < min(blocks)


def test_rows_added_later_keep_the_numbers_of_the_others(shared):
    shared.run()
    first = {row["url"]: row["id"] for row in shared.twin.row(URLFILTER, "members-urls")["entries"]}
    shared.run(policy=LATER)
    second = {row["url"]: row["id"] for row in shared.twin.row(URLFILTER, "members-urls")["entries"]}
    assert {url: second[url] for url in first} == first and "*.oaistatic.com" in second


def test_a_list_that_somebody_wrote_to_meanwhile_is_left_alone(shared):
    adapter = shared.adapter()
    begin = adapter.begin

    def meanwhile():
        shared.entries().append({"id": 77, "url": "late.example", "type": "wildcard", "action": "block", "status": "enable", "exempt": ""})
        return begin()
    adapter.begin = meanwhile
    with pytest.raises(Failed, match="someone else changed webfilter/urlfilter.*The old state was restored") as failed:
        shared.run(adapter=adapter)
    assert failed.value.result["failure"]["class"] == "conflict"
    assert "late.example" in shared.foreign_members() and "chatgpt.com" not in shared.foreign_members()
    assert shared.run()["changed"] and "late.example" in shared.foreign_members()


def test_a_filter_that_other_profiles_use_reaches_more_people(shared):
    shared.twin.row(WEB, "staff")["web"]["urlfilter-table"] = 1
    with pytest.raises(Failed, match="web filter profile staff also uses the URL filter members-urls"):
        shared.run()
    assert shared.run(accept_wider_audience=True)["changed"] and shared.decide(STRANGER, "chatgpt.com")[0] == "allow"


@pytest.mark.parametrize("kind,url,pattern,level", [
    ("wildcard", "*.openai.*", "*.openai.com", SURE), ("wildcard", "*chatgpt.com", ".chatgpt.com", SURE), ("wildcard", "*.example.com", "*.openai.com", NO),
    ("wildcard", "chat.openai.com", "*.openai.com", MAY), ("wildcard", "openai.com/blog", ".openai.com", MAY), ("wildcard", "*.openai.com", "openai.com", MAY),
    ("wildcard", "https://*.openai.com/*", "*.openai.com", SURE), ("wildcard", "chat*.openai.com", "*.openai.com", MAY),
    ("wildcard", "chat*", "*.openai.com", MAY), ("wildcard", "*i.openai.com", "*.openai.com", MAY), ("wildcard", "*chat.com", "*.openai.com", NO),
    ("wildcard", "*.chatgpt.com", ".chatgpt.com", MAY), ("wildcard", "*.com", "js.stripe.com", SURE), ("wildcard", "*", ".chatgpt.com", SURE),
    ("simple", "openai", "*.openai.com", MAY), ("simple", "openai.com", "*.openai.com", SURE), ("simple", "notopenai.com", "*.openai.com", NO),
    ("simple", "chat", "*.openai.com", MAY), ("simple", "bank", "js.stripe.com", NO),
    # What the device's expressions match, of names that are not written out, it alone knows.
    ("regex", "(chat)?gpt", ".chatgpt.com", MAY), ("regex", "^bank", ".chatgpt.com", MAY), ("regex", "(", "js.stripe.com", MAY),
    ("regex", "^bank", "js.stripe.com", NO), ("regex", "stripe", "js.stripe.com", MAY), ("regex", "/login", "js.stripe.com", MAY),
    ("glob", "x", "js.stripe.com", MAY)])
def test_how_far_a_row_is_about_a_pattern(kind, url, pattern, level):
    assert row_level(kind, url, parse(pattern)) == level


# -- exemption ----------------------------------------------------------------------------------------------------


def test_other_rows_of_the_ssl_profile_stay(rig):
    rig.run()
    rows = rig.twin.row(SSL, "deep-members")["ssl-exempt"]
    assert [row["type"] for row in rows] == ["fortiguard-category", "wildcard-fqdn"]
    rig.run("deleted")
    assert [row["type"] for row in rig.twin.row(SSL, "deep-members")["ssl-exempt"]] == ["fortiguard-category"]


def test_an_object_of_the_site_with_the_same_fqdn_is_used_and_kept(rig):
    rig.twin.rows("firewall.wildcard-fqdn/custom").append({"name": "g-chatgpt", "wildcard-fqdn": "*.chatgpt.com", "comment": ""})
    rig.run()
    group = rig.twin.row("firewall.wildcard-fqdn/group", "chatgpt")
    assert "g-chatgpt" in [member["name"] for member in group["member"]] and len(rig.twin.rows("firewall.wildcard-fqdn/custom")) == 3
    rig.run("deleted")
    assert [row["name"] for row in rig.twin.rows("firewall.wildcard-fqdn/custom")] == ["g-chatgpt"]


def test_retired_fqdns_go_after_the_group_let_go_of_them(rig):
    rig.run()
    rig.run("replaced", LATER)
    assert {row["wildcard-fqdn"] for row in rig.twin.rows("firewall.wildcard-fqdn/custom")} == {"chatgpt.com", "*.chatgpt.com"}


def test_a_profile_that_does_not_decrypt_needs_no_exemption(rig):
    rig.twin.row(SSL, "deep-members")["https"]["status"] = "certificate-inspection"
    result = rig.run()
    assert rig.twin.rows("firewall.wildcard-fqdn/custom") == [] and result["coverage"][0]["exempt_by"] == "nothing is decrypted for these policies"
    assert not rig.run()["changed"]


def test_a_built_in_profile_is_copied_only_when_told(rig):
    rig.twin.row("firewall/policy", "members")["ssl-ssh-profile"] = "deep-inspection"
    site = rig.snapshot()
    with pytest.raises(Failed, match="deep-inspection is built in"):
        rig.run()
    rig.run(adapter=rig.adapter(clone_builtin="deep-chatgpt"))
    assert rig.twin.row("firewall/policy", "members")["ssl-ssh-profile"] == "deep-chatgpt" and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert not rig.run(adapter=rig.adapter(clone_builtin="deep-chatgpt"))["changed"]
    rig.run("deleted", adapter=rig.adapter(clone_builtin="deep-chatgpt"))
    assert rig.snapshot() == site


def test_proxy_mode_exempts_neighbours_on_the_address_and_says_so(rig):
    rig.twin.row("firewall/policy", "members")["inspection-mode"] = "proxy"
    rig.twin.knobs.addresses.update({"chatgpt.com": "203.0.113.5", "www.example.com": "203.0.113.5"})
    with pytest.raises(Failed, match="matches by address"):
        rig.run()
    rig.run(accept_wider_audience=True)
    assert rig.decide(MEMBER, "www.example.com") == ("allow", "tunnel")


def test_quic_and_encrypted_names_are_reported(rig):
    assert rig.run("gathered")["diagnosis"]["ssl_profiles"]["deep-members"] == {
        "quic": "block", "encrypted-client-hello": None, "sni-server-cert-check": "enable"}


# -- audience, conflicts, controls --------------------------------------------------------------------------------


def test_another_policy_with_the_same_profile_reaches_more_people(rig):
    rig.twin.row("firewall/policy", "staff")["webfilter-profile"] = "members"
    with pytest.raises(Failed, match="policy staff also uses the webfilter profile members"):
        rig.run()


def test_profiles_can_be_named_for_everybody_who_uses_them(rig):
    rig.run(adapter=rig.adapter(audience=(), webfilter_profiles=("members",), ssl_profiles=("deep-members",)))
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(STRANGER, "chatgpt.com")[0] == "block"


def test_profile_groups_are_resolved(rig):
    policy = rig.twin.row("firewall/policy", "members")
    rig.twin.rows("firewall/profile-group").append({"name": "standard", "webfilter-profile": "members", "ssl-ssh-profile": "deep-members"})
    policy.update({"profile-type": "group", "profile-group": "standard", "webfilter-profile": "", "ssl-ssh-profile": ""})
    rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("wrong,text", [({"policies": ("nobody",)}, "no policy is named nobody; the policies are: members, staff"),
                                        ({"policies": (), "webfilter_profiles": ("x",)}, "no profile is named x; the profiles are: members, staff")])
def test_an_unknown_name_is_told_with_those_that_exist(rig, wrong, text):
    with pytest.raises(Failed, match=text):
        rig.run(adapter=rig.adapter(**wrong))


def test_a_deny_policy_by_fqdn_above_is_a_conflict_for_a_person(rig):
    rig.twin.rows("firewall/address").extend([
        {"name": "gpt", "type": "fqdn", "fqdn": "*.chatgpt.com"}, {"name": "apex", "type": "fqdn", "fqdn": "chatgpt.com"}])
    deny = {"policyid": 5, "name": "No GPT", "action": "deny", "srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}],
            "dstaddr": [{"name": "gpt"}, {"name": "apex"}]}
    rig.twin.rows("firewall/policy").insert(0, rig.twin._filled("firewall/policy", deny))
    result = rig.run()
    conflict, = result["conflicts"]
    assert (conflict["where"], conflict["text"], conflict["certain"], conflict["remedy"]) == (
        "policy No GPT", "deny *.chatgpt.com, chatgpt.com", True, [])
    assert rig.decide(MEMBER, "x.chatgpt.com")[0] == "block" and result["coverage"][0]["allowed"] == "no"
    rows = rig.twin.rows("firewall/policy")
    rows.append(rows.pop(0))
    assert rig.run()["conflicts"] == [] and rig.decide(MEMBER, "x.chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("columns", [{"groups": [{"name": "contractors"}]}, {"fsso-groups": [{"name": "CN=x"}]}, {"srcaddr": [{"name": "sick"}]}], ids=str)
def test_a_deny_by_fqdn_for_somebody_is_not_certain(rig, columns):
    rows = rig.twin.rows("firewall/address")
    rows += [{"name": "gpt", "type": "fqdn", "fqdn": "chatgpt.com"}, {"name": "dc", "type": "ipmask", "subnet": "10.1.0.0 255.255.0.0"}]
    rig.twin.rows("firewall/addrgrp").append({"name": "chats", "comment": "", "member": [{"name": "gpt"}, {"name": "dc"}]})
    rig.deny("No GPT", dstaddr=[{"name": "chats"}], **columns)
    result = rig.run()
    assert [(one["where"], one["certain"]) for one in result["conflicts"]] == [("policy No GPT", False)]
    assert [(row["pattern"], row["allowed"]) for row in result["coverage"]] == [
        (".chatgpt.com", "unchecked"), ("*.openai.com", "yes"), ("js.stripe.com", "yes")]


@pytest.mark.parametrize("columns", [
    {"service": [{"name": "DNS"}]}, {"service": [{"name": "ALL_UDP"}]}, {"dstintf": [{"name": "dmz"}]}, {"srcintf": [{"name": "guests"}]},
    {"dstaddr": [{"name": "dc"}]}, {"srcaddr-negate": "enable"}, {"service": [{"name": "HTTPS"}], "service-negate": "enable"},
    {"status": "disable"}], ids=str)
def test_a_deny_for_others_or_for_other_traffic_is_not_in_the_way(rig, columns):
    rig.twin.rows("firewall/address").append({"name": "dc", "type": "ipmask", "subnet": "10.1.0.0 255.255.0.0"})
    rig.deny(**columns)
    result = rig.run()
    assert result["conflicts"] == [] and {row["allowed"] for row in result["coverage"]} == {"yes"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("columns", [{"dstaddr-negate": "enable", "dstaddr": [{"name": "dc"}]}, {"service": [{"name": "web"}]}, {},
                                     {"service": [{"name": "DNS"}], "service-negate": "enable"}], ids=str)
def test_a_deny_of_everything_else_or_of_https_is_in_the_way(rig, columns):
    rig.twin.rows("firewall/address").append({"name": "dc", "type": "ipmask", "subnet": "10.1.0.0 255.255.0.0"})
    rig.twin.rows("firewall.service/group").append({"name": "web", "member": [{"name": "HTTPS"}, {"name": "web"}]})
    rig.deny(**columns)
    result = rig.run()
    assert [one["certain"] for one in result["conflicts"]] == [True] and {row["allowed"] for row in result["coverage"]} == {"no"}
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"


@pytest.mark.parametrize("address, allowed", [
    ({"type": "ipmask", "subnet": "198.51.100.0 255.255.255.0"}, "unchecked"), ({"type": "geography", "country": "US"}, "unchecked"),
    ({"type": "iprange", "start-ip": "198.51.100.1", "end-ip": "198.51.100.9"}, "unchecked"), ({"type": "dynamic", "sub-type": "sdn"}, "unchecked"),
    ({"type": "new"}, "unchecked"), ({"type": "iprange", "start-ip": "0.0.0.0", "end-ip": "255.255.255.255"}, "no"),
    ({"type": "iprange", "start-ip": "192.168.1.1", "end-ip": "192.168.1.9"}, "yes"), ({"type": "fqdn", "fqdn": "news.example"}, "yes")], ids=str)
def test_what_an_address_may_hold(rig, address, allowed):
    rig.twin.rows("firewall/address").append(dict({"name": "there"}, **address))
    rig.deny(dstaddr=[{"name": "there"}])
    result = rig.run(check=True)
    assert {row["allowed"] for row in result["coverage"]} == {allowed}
    assert [one["certain"] for one in result["conflicts"]] == {"unchecked": [False], "no": [True], "yes": []}[allowed]


@pytest.mark.parametrize("subnet, allowed", [("10.9.0.0 255.255.0.0", "yes"), ("192.0.2.10 255.255.255.255", "unchecked"), ("192.0.0.0 255.255.0.0", "no")])
def test_networks_of_people_are_compared(rig, subnet, allowed):
    rig.twin.rows("firewall/address").extend([{"name": "office", "type": "ipmask", "subnet": "192.0.2.0 255.255.255.0"},
                                              {"name": "there", "type": "ipmask", "subnet": subnet}])
    rig.twin.row("firewall/policy", "members")["srcaddr"] = [{"name": "office"}]
    rig.deny(srcaddr=[{"name": "there"}])
    assert {row["allowed"] for row in rig.run()["coverage"]} == {allowed}
    assert rig.decide(MEMBER, "chatgpt.com")[0] == ("allow" if allowed == "yes" else "block")


@pytest.mark.parametrize("group", [
    {"member": [{"name": "all"}], "exclude": "enable", "exclude-member": [{"name": "gpt"}]}, {"member": [{"name": "missing"}]},
    {"member": [{"name": "gpt"}, {"name": "loop"}], "category": "ztna-ems-tag"}, {"member": [{"name": "all"}], "column_of_next_year": "enable"}], ids=str)
def test_a_group_that_cannot_be_resolved_may_hold_anything(rig, group):
    rig.twin.rows("firewall/address").append({"name": "gpt", "type": "fqdn", "fqdn": "chatgpt.com"})
    rig.twin.rows("firewall/addrgrp").append(dict({"name": "loop", "comment": ""}, **group))
    rig.deny(dstaddr=[{"name": "loop"}])
    result = rig.run(check=True)
    assert [one["certain"] for one in result["conflicts"]] == [False] and {row["allowed"] for row in result["coverage"]} == {"unchecked"}


@pytest.mark.parametrize("columns,allowed", [({"action": "deny"}, "no"), ({"status": "disable"}, "no"), ({"action": "ipsec"}, "unchecked"),
                                             ({"webproxy-forward-server": "other"}, "unchecked"), ({"disclaimer": "enable"}, "unchecked")], ids=str)
def test_a_policy_of_the_audience_that_does_not_let_through_is_no_coverage(rig, columns, allowed):
    rig.twin.row("firewall/policy", "members").update(columns)
    result = rig.run()
    assert {row["allowed"] for row in result["coverage"]} == {allowed}
    assert [one["certain"] for one in result["conflicts"]] == [allowed == "no"]


def test_a_policy_above_that_lets_through_with_filters_and_an_inspection_of_its_own(rig):
    """It may take what the policy of the audience is for; with the same filters it changes nothing."""
    rig.deny("Shops", action="accept", groups=[{"name": "contractors"}], **{"ssl-ssh-profile": "deep-staff"})
    assert [(row["allowed"], row["exempt"]) for row in rig.run()["coverage"]] == [("yes", "unchecked"), ("yes", "unchecked"), ("yes", "not wanted")]
    shop = rig.twin.row("firewall/policy", "Shops")
    shop.update({"ssl-ssh-profile": "no-inspection", "webfilter-profile": "staff"})
    result = rig.run()
    assert [(row["allowed"], row["exempt"]) for row in result["coverage"]] == [("unchecked", "yes"), ("unchecked", "yes"), ("unchecked", "not wanted")]
    assert "accept, with filters of its own," in result["conflicts"][0]["text"]
    shop.update({"webfilter-profile": "", "dnsfilter-profile": "members"})
    assert {row["allowed"] for row in rig.run()["coverage"]} == {"yes"}


def test_an_inspection_that_is_not_ours_to_exempt_in_leaves_the_exemption_unchecked(rig):
    def exempt(**audience):
        return [row["exempt"] for row in rig.run(check=True, adapter=rig.adapter(**audience))["coverage"]]
    # The people of a web filter profile come by a policy with an inspection that nobody named.
    assert exempt(audience=(), webfilter_profiles=("members",)) == ["unchecked", "unchecked", "not wanted"]
    assert exempt(audience=(), webfilter_profiles=("members",), ssl_profiles=("deep-members",)) == ["yes", "yes", "not wanted"]
    rig.twin.row("firewall/policy", "members")["http-policy-redirect"] = "enable"
    rig.twin.rows("firewall/proxy-policy").append({"policyid": 1, "name": "web", "status": "enable", "proxy": "transparent-web", "action": "accept",
                                                   "ssl-ssh-profile": "deep-staff"})
    assert exempt() == ["unchecked", "unchecked", "not wanted"]


def test_a_vdom_in_policy_based_mode_is_refused_and_can_be_cleaned(rig):
    rig.run()
    rig.twin.state["root"]["system/settings"]["ngfw-mode"] = "policy-based"
    with pytest.raises(Failed, match="policy-based NGFW mode"):
        rig.run(check=True)
    with pytest.raises(Failed, match="policy-based NGFW mode"):
        rig.run(policy=LATER, adapter=rig.adapter(scan_conflicts=False))
    assert {row["allowed"] for row in rig.run("gathered", adapter=rig.adapter(whole=True))["coverage"]} == {"unchecked"}
    assert rig.run("deleted", adapter=rig.adapter(whole=True))["changed"]


@pytest.mark.parametrize("row", [{"action": "allow"}, {"action": "monitor"}, {"action": "exempt", "exempt": "av"}, {"action": "monitor", "url": "*"},
                                 {"action": "allow", "type": "regex", "url": "gpt"}], ids=str)
def test_rows_that_hand_on_to_the_category_filter_end_the_list_so_ours_stand_above(make, row):
    rig = make()
    rig.twin.rows(URLFILTER).append(rig.twin._filled(URLFILTER, {"id": 7, "name": "site-urls", "entries": [
        dict({"id": 1, "url": "*chatgpt.com", "type": "wildcard"}, **row)]}))
    rig.twin.row(WEB, "members")["web"]["urlfilter-table"] = 7
    before = rig.run("gathered")
    assert before["coverage"][0]["allowed"] == "unchecked" and not before["conflicts"][0]["certain"]
    result = rig.run()
    rows = rig.twin.row(URLFILTER, "site-urls")["entries"]
    assert rows[-1]["id"] == 1 and result["coverage"][0]["allowed"] == "yes" and result["conflicts"] == []
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    rows.insert(0, rows.pop())
    rig.twin.touch(URLFILTER)
    assert rig.run()["changed"] and rig.twin.row(URLFILTER, "site-urls")["entries"][-1]["id"] == 1


def test_rows_that_do_not_beat_the_category_are_no_coverage(rig):
    result = rig.run(adapter=rig.adapter(url_filter_exempt=("av",)))
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"} and "category filter" in result["coverage"][0]["note"]
    rig.twin.row(WEB, "members")["ftgd-wf"]["options"] = "ftgd-disable"
    assert {row["allowed"] for row in rig.run(adapter=rig.adapter(url_filter_exempt=("av",)))["coverage"]} == {"yes"}


@pytest.mark.parametrize("entry", [
    {"application": [{"id": 56684}]}, {"application": [{"id": 57000}], "action": "reset"}, {"category": [{"id": 36}]}, {"vendor": "1"}, {"behavior": "2"},
    {"technology": "1"}, {}, {"application": [{"id": 999}]}, {"application": [{"id": 40568}]}, {"application": [{"id": 15832}, {"id": 57000}]},
    {"action": "new"}], ids=str)
def test_an_entry_of_application_control_is_a_conflict_for_a_person(rig, entry):
    rig.twin.rows("application/list").append({"name": "apps", "entries": [dict({"id": 3, "action": "block"}, **entry)]})
    rig.twin.row("firewall/policy", "members")["application-list"] = "apps"
    result = rig.run()
    conflict, = result["conflicts"]
    assert conflict["where"] == "application list apps, entry 3" and not conflict["certain"] and not conflict["remedy"]
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}


@pytest.mark.parametrize("entry", [{"application": [{"id": 15832}]}, {"action": "pass"}, {"action": "pass", "category": [{"id": 36}]}], ids=str)
def test_an_entry_for_another_application_and_one_that_passes_block_nothing(rig, entry):
    """By the names that the device has for its signatures."""
    rig.twin.rows("application/list").append({"name": "apps", "entries": [dict({"id": 3, "action": "block"}, **entry)]})
    rig.twin.row("firewall/policy", "members")["application-list"] = "apps"
    result = rig.run()
    assert result["conflicts"] == [] and {row["allowed"] for row in result["coverage"]} == {"yes"}


def test_a_category_that_the_dns_filter_blocks_may_be_that_of_these_hosts(rig):
    ftgd = {"options": "", "filters": [{"id": 1, "category": 26, "action": "block"}]}
    rig.twin.row("dnsfilter/profile", "members")["ftgd-dns"] = ftgd
    result = rig.run()
    assert [(one["where"], one["certain"]) for one in result["conflicts"]] == [("DNS filter profile members", False)]
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}
    ftgd["options"] = "error-allow ftgd-disable"
    assert {row["allowed"] for row in rig.run()["coverage"]} == {"yes"}


def test_inline_casb_keeps_people_in_their_tenants_and_may_block(rig):
    application = {"name": "chats", "status": "enable", "tenant-control": "enable", "tenant-control-tenants": [{"name": "example.com"}], "access-rule": []}
    rig.twin.rows("casb/profile").append({"name": "saas", "saas-application": [application]})
    rig.twin.row("firewall/policy", "members")["casb-profile"] = "saas"
    with pytest.raises(Failed, match="chats of the CASB profile saas of policy members inserts the header.*tenant_control"):
        rig.run()
    rig.twin.rows("casb/saas-application").append({"name": "chats", "domains": [{"domain": "*.drive.example"}]})
    assert {row["allowed"] for row in rig.run()["coverage"]} == {"yes"}
    rig.twin.row("casb/saas-application", "chats")["domains"] = [{"domain": "stripe.com"}]
    assert {row["allowed"] for row in rig.run()["coverage"]} == {"yes"}
    application["access-rule"] = [{"name": "upload", "action": "block"}]
    assert [row["allowed"] for row in rig.run()["coverage"]] == ["yes", "yes", "unchecked"]


def test_a_cookie_filter_is_a_conflict_until_the_rows_exempt_from_it(rig):
    rig.twin.row(WEB, "members")["options"] = "cookiefilter wf-cookie"
    assert [c["effect"] for c in rig.run()["conflicts"]] == ["cookies"]
    assert rig.run(adapter=rig.adapter(url_filter_exempt=("fortiguard", "activex-java-cookie")))["conflicts"] == []


def test_losses_of_inspection_and_of_wider_rows(rig):
    result = rig.run(check=True)
    assert [(loss["control"], loss["rule"]) for loss in result["losses"]] == [("av", "av-profile default of policy members")]
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))
    assert "dlp" in {loss["control"] for loss in rig.run(check=True, adapter=rig.adapter(url_filter_exempt=("fortiguard", "dlp")))["losses"]}


@pytest.mark.parametrize("column,control", [("ips-sensor", "ips"), ("application-list", "app_control"), ("icap-profile", "icap"), ("casb-profile", "casb")])
def test_exempt_traffic_meets_no_profile(rig, column, control):
    for table in ("application/list", "casb/profile"):
        rig.twin.rows(table).append({"name": "x", "entries": []})
    rig.twin.row("firewall/policy", "members").update({column: "x", "av-profile": ""})
    result = rig.run(check=True)
    assert [(loss["control"], loss["rule"]) for loss in result["losses"]] == [(control, "%s x of policy members" % column)]
    # A server that decides sees what is decrypted alone.
    assert [row["allowed"] for row in result["coverage"]] == ["yes", "yes", "unchecked" if control == "icap" else "yes"]


def test_tables_that_no_policy_of_the_audience_needs_are_not_read(rig):
    def read():
        rig.twin.log.clear()
        rig.run(check=True)
        return {request.path.partition("/cmdb/")[2] for request in rig.twin.log if "/cmdb/" in request.path}
    before, further = read(), {"firewall/address", "application/list", "application/name", "casb/profile", "casb/saas-application", "firewall/proxy-policy"}
    assert "firewall.service/custom" in before and not before & further
    for table in ("application/list", "casb/profile"):
        rig.twin.rows(table).append({"name": "x", "entries": [{"id": 1, "action": "block", "application": [{"id": 15832}]}]})
    rig.twin.rows("firewall/address").append({"name": "gpt", "type": "fqdn", "fqdn": "news.example"})
    rig.deny(dstaddr=[{"name": "gpt"}])
    rig.twin.row("firewall/policy", "members").update({"application-list": "x", "casb-profile": "x", "http-policy-redirect": "enable"})
    assert read() - before == further


def test_a_disabled_row_is_protected_when_named(rig):
    rig.block_early()
    result = rig.run(check=True, adapter=rig.adapter(protected=("members-dns: wildcard *chatgpt.com",)))
    assert result["conflicts"][0]["opens"] == "protected" and not result["conflicts"][0]["remedy"]


def test_a_header_that_keeps_people_in_their_workspace_needs_a_word(proxy):
    headers = [{"id": 1, "name": "ChatGPT-Allowed-Workspace-Id", "action": "add-to-request", "content": "ws-1"}]
    proxy.twin.rows("web-proxy/profile").append({"name": "workspace", "headers": headers})
    proxy.twin.row("firewall/policy", "members")["webproxy-profile"] = "workspace"
    with pytest.raises(Failed, match="web proxy profile workspace of policy members inserts the header.*tenant_control"):
        proxy.run()
    proxy.run(tenant_control="keep")
    assert proxy.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt") and proxy.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")
    headers[0]["action"] = "remove-from-request"
    assert proxy.run()["changed"] and proxy.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_row_of_a_url_filter_may_add_the_header_too(make):
    rig = make(site="rows")
    rig.twin.rows("web-proxy/profile").append({"name": "workspace", "headers": [
        {"id": 1, "name": "chatgpt-allowed-workspace-id", "action": "add-to-request", "content": "ws-1"}]})
    rig.entries()[0]["web-proxy-profile"] = "workspace"
    with pytest.raises(Failed, match="web proxy profile workspace of the URL filter members-urls inserts the header"):
        rig.run()


# -- proxy mode -----------------------------------------------------------------------------------------------------

CATEGORY, RATING = "webfilter/ftgd-local-cat", "webfilter/ftgd-local-rating"


@pytest.fixture
def proxy(make):
    return make(proxy=True)


def test_in_proxy_mode_a_local_category_exempts_by_name(proxy):
    """All hosts share an address; with wildcard FQDNs their neighbours would be exempt too, which is refused."""
    with pytest.raises(Failed, match="more people than the audience|goes by address"):
        proxy.run(adapter=proxy.adapter(exempt_by="wildcard_fqdn"))
    proxy.run(adapter=proxy.adapter(exempt_by="wildcard_fqdn"), accept_wider_audience=True)
    assert proxy.decide(MEMBER, "www.example.com") == ("allow", "tunnel")
    proxy.run("replaced")
    assert proxy.decide(MEMBER, "www.example.com") == ("allow", "decrypt") and proxy.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert not proxy.twin.rows("firewall.wildcard-fqdn/group") and not proxy.twin.rows("firewall.wildcard-fqdn/custom")


@pytest.mark.wire
def test_requests_with_a_local_category(proxy):
    result = proxy.run()
    assert writes(proxy) == [("POST", CATEGORY), ("POST", RATING), ("POST", RATING), ("PUT", "firewall/ssl-ssh-profile/deep-members"),
                             ("POST", "webfilter/urlfilter"), ("PUT", "webfilter/profile/members")]
    assert proxy.twin.row(CATEGORY, "chatgpt")["id"] == 141
    assert {(row["url"], row["rating"]) for row in proxy.twin.rows(RATING)} == {("chatgpt.com", "141"), ("openai.com", "141")}
    notes = {item["pattern"]: (item["exempt"], item["note"]) for item in result["coverage"]}
    assert notes[".chatgpt.com"][0] == "yes" and "assumed to cover its subdomains" in notes[".chatgpt.com"][1]
    proxy.twin.log.clear()
    assert proxy.run()["requests"] == {"reads": 12, "writes": 0, "waited": 0, "connections": 1}


def test_a_rating_of_the_site_stays_and_is_a_conflict(proxy):
    rated = {"url": "openai.com", "rating": "52", "status": "enable"}
    proxy.twin.rows(RATING).append(dict(rated))
    result = proxy.run()
    conflict, = [one for one in result["conflicts"] if one["effect"] == "decrypt"]
    assert (conflict["where"], conflict["hosts"], conflict["remedy"]) == ("rating override openai.com", ("openai.com",), [])
    assert {item["pattern"]: item["exempt"] for item in result["coverage"]}["*.openai.com"] == "no"
    assert rated in [{name: row[name] for name in rated} for row in proxy.twin.rows(RATING)]


def test_drift_in_a_rating_and_in_the_exempt_row_is_mended(proxy):
    proxy.run()
    next(row for row in proxy.twin.rows(RATING) if row["url"] == "chatgpt.com")["status"] = "disable"
    profile = proxy.twin.row(SSL, "deep-members")
    profile["ssl-exempt"] = [row for row in profile["ssl-exempt"] if row["fortiguard-category"] != 141]
    result = proxy.run()
    assert {(change["kind"], change["name"]) for change in result["changes"]} == {("rating override", "chatgpt.com"), ("TLS exemption", "deep-members")}
    assert proxy.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_coverage_says_what_is_in_force_and_not_what_is_written_somewhere(proxy):
    def exempt():
        return {item["pattern"]: item["exempt"] for item in proxy.run("gathered")["coverage"]}[".chatgpt.com"]
    proxy.run()
    assert exempt() == "yes"
    rating = next(row for row in proxy.twin.rows(RATING) if row["url"] == "chatgpt.com")
    rating["status"] = "disable"
    assert exempt() == "no"
    rating["status"] = "enable"
    proxy.twin.row(SSL, "deep-members")["ssl-exempt"] = []
    assert exempt() == "no"


def test_a_category_that_others_use_too_is_not_taken_away(proxy):
    proxy.run()
    proxy.twin.rows(RATING).append({"url": "bank.test", "rating": "141", "status": "enable"})
    proxy.run("deleted")
    assert [row["desc"] for row in proxy.twin.rows(CATEGORY)] == ["company", "chatgpt"]
    assert [row["url"] for row in proxy.twin.rows(RATING)] == ["bank.test"]


def test_what_is_ours_goes_whatever_the_options_of_the_task_that_removes_it(proxy):
    before = proxy.twin.snapshot()
    proxy.run()
    proxy.run("deleted", adapter=proxy.adapter(exempt_by="wildcard_fqdn", whole=True))
    assert proxy.twin.snapshot() == before and proxy.decide(MEMBER, "chatgpt.com")[0] == "block"
    journal = proxy.run()["journal"]
    proxy.run("reverted", journal=journal, adapter=proxy.adapter(exempt_by="wildcard_fqdn", whole=True))
    assert proxy.twin.snapshot() == before


def test_when_all_local_categories_are_taken_the_error_names_the_way_out(proxy):
    proxy.twin.rows(CATEGORY)[:] = [{"desc": "c%d" % number, "id": number, "status": "enable"} for number in range(140, 192)]
    with pytest.raises(Failed, match="all local categories .140 to 191. are in use: .*exempt_by"):
        proxy.run(check=True)


# -- voice --------------------------------------------------------------------------------------------------------


@pytest.fixture
def voice(make):
    return make(voice=True)


def policies(rig):
    return [row["name"] for row in rig.twin.rows("firewall/policy")]


@pytest.mark.wire
def test_voice_opens_for_the_audience_and_the_published_addresses_alone(voice):
    assert not any(voice.passes(who, *packet) for who in (MEMBER, STRANGER) for packet in PACKETS)
    result = voice.run()
    assert [packet for packet in PACKETS if voice.passes(MEMBER, *packet)] == list(PUBLISHED)
    assert not any(voice.passes(STRANGER, *packet) for packet in PACKETS)
    assert result["manual"] == []
    # Two addresses, the group, the service; the policy is made, moved and switched on.
    assert writes(voice)[7:] == [("POST", "firewall/address")] * 2 + [("POST", "firewall/addrgrp"), ("POST", "firewall.service/custom"),
                                                                      ("POST", "firewall/policy")] + [("PUT", "firewall/policy/102")] * 2
    assert policies(voice) == ["members", "chatgpt-voice: members", "no-udp", "staff"]
    voice.twin.log.clear()
    assert voice.run()["requests"] == {"reads": 12, "writes": 0, "waited": 0, "connections": 1}


def test_a_policy_for_voice_that_was_not_yet_switched_on_is_taken_back(voice):
    site = voice.snapshot()
    with pytest.raises(Killed):
        # With the write that moves it; the next one would switch it on.
        voice.run(fault=Fault("kill", 12))
    assert voice.twin.row("firewall/policy", "chatgpt-voice: members")["status"] == "disable"
    assert voice.run("reverted")["changed"] and voice.snapshot() == site


def test_the_policy_for_voice_is_the_named_one_with_another_destination(voice):
    named = voice.twin.row("firewall/policy", "members")
    named.update({"srcaddr": [{"name": "all"}], "src-vendor-mac": [{"id": 7}], "fsso-groups": [{"name": "CN=x"}], "internet-service": "enable",
                  "internet-service-name": [{"name": "Microsoft"}], "uuid": "1-2-3"})
    voice.run()
    made = voice.twin.row("firewall/policy", "chatgpt-voice: members")
    for column in ("srcintf", "dstintf", "srcaddr", "groups", "src-vendor-mac", "fsso-groups", "schedule", "nat", "utm-status", "av-profile",
                   "ssl-ssh-profile"):
        assert made[column] == named[column]
    assert (made["dstaddr"], made["service"], made["logtraffic"]) == ([{"name": "chatgpt-voice"}], [{"name": "chatgpt-voice"}], "all")
    assert "uuid" not in made and "internet-service-name" not in made and "internet-service" not in made


def test_who_it_is_for_follows_the_named_policy(voice):
    voice.run()
    voice.twin.row("firewall/policy", "members")["groups"] = [{"name": "staff"}]
    result = voice.run()
    assert [(change["name"], sorted(change["fields"])) for change in result["changes"]] == [("chatgpt-voice: members", ["groups"])]
    assert voice.passes(STRANGER, *PUBLISHED[0]) and not voice.passes(MEMBER, *PUBLISHED[0])


def test_a_policy_for_voice_that_was_moved_or_switched_off_is_drift(voice):
    voice.run()
    rows = voice.twin.rows("firewall/policy")
    rows.append(rows.pop(1))
    rows[-1]["status"] = "disable"
    assert not voice.passes(MEMBER, *PUBLISHED[0])
    assert voice.run()["changed"]
    assert voice.passes(MEMBER, *PUBLISHED[0]) and policies(voice)[1] == "chatgpt-voice: members"
    # Above the named policy it would pass what stands before that one.
    rows.insert(0, rows.pop(1))
    voice.deny_udp("quarantine", 1, srcaddr=[{"name": "sick"}])
    assert voice.run()["changed"] and policies(voice)[:3] == ["quarantine", "members", "chatgpt-voice: members"]


def test_a_deny_for_a_part_of_the_people_keeps_its_word_or_is_told(voice):
    voice.deny_udp("quarantine", 1, srcaddr=[{"name": "sick"}])
    voice.run()
    assert policies(voice) == ["members", "quarantine", "chatgpt-voice: members", "no-udp", "staff"]
    voice.deny_udp("contractors", 4, groups=[{"name": "contractors"}])
    with pytest.raises(Failed, match="policy contractors denies some users of members"):
        voice.run()
    # About the very people, and about more.
    for groups in ([{"name": "ai-users"}], [{"name": "ai-users"}, {"name": "contractors"}]):
        voice.twin.row("firewall/policy", "contractors")["groups"] = groups
        assert not voice.run()["changed"]


@pytest.mark.parametrize("column,value", [("fsso-groups", [{"name": "CN=x"}]), ("schedule", "nights"), ("src-vendor-mac", [{"id": 7}]),
                                          ("ztna-ems-tag", [{"name": "sick"}]), ("internet-service-src", "enable"), ("srcaddr-negate", "enable"),
                                          ("users", [{"name": "x"}]), ("column_of_next_year", "enable")])
def test_a_quarantine_by_any_column_keeps_its_word_over_voice(voice, column, value):
    voice.deny_udp("quarantine", 1, **{column: value, "srcaddr": [{"name": "sick" if column == "srcaddr-negate" else "all"}]})
    voice.run()
    assert policies(voice) == ["members", "quarantine", "chatgpt-voice: members", "no-udp", "staff"]
    # The named policy is limited in the same way: then the deny is about all of its people.
    if column != "column_of_next_year":
        voice.twin.row("firewall/policy", "members").update({column: value, "srcaddr": voice.twin.row("firewall/policy", "quarantine")["srcaddr"]})
        voice.twin.row("firewall/policy", "quarantine")["groups"] = voice.twin.row("firewall/policy", "members")["groups"]
        assert voice.run()["changed"] and policies(voice)[1] == "chatgpt-voice: members"
        assert voice.twin.row("firewall/policy", "chatgpt-voice: members")[column] == value and not voice.run()["changed"]


def test_a_column_that_somebody_set_on_the_policy_for_voice_is_drift(voice):
    voice.run()
    made = voice.twin.row("firewall/policy", "chatgpt-voice: members")
    made.update({"fsso-groups": [{"name": "CN=x"}], "srcaddr-negate": "enable"})
    changes = voice.run()["changes"]
    assert [sorted(change["fields"]) for change in changes] == [["fsso-groups", "srcaddr-negate"]]
    made = voice.twin.row("firewall/policy", "chatgpt-voice: members")
    assert (made["fsso-groups"], made["srcaddr-negate"]) == ([], "disable") and not voice.run()["changed"]


@pytest.mark.parametrize("columns", [{"action": "deny"}, {"status": "disable"}], ids=str)
def test_a_named_policy_that_lets_nobody_through_opens_no_voice(voice, columns):
    voice.twin.row("firewall/policy", "members").update(columns)
    result = voice.run()
    assert "policy members denies or is disabled, so no voice policy is created for it" in result["manual"][0]
    assert not any(name.startswith("chatgpt-voice") for name in policies(voice))


def test_addresses_of_ipv6_alone_make_nothing(voice):
    published = dict(FIRST.to_config(), media=[{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["2001:db8::/48"],
                                                "feed_date": "2026-07-25"}])
    assert "IPv6 addresses are not included" in voice.run(policy=Policy.from_config(published))["manual"][0]
    assert not any(name.startswith("chatgpt-voice") for name in policies(voice))


def test_it_is_made_switched_off(voice):
    voice.twin.row("firewall/policy", "members")["av-profile"] = ""
    voice.run()
    made = next(request.json for request in voice.twin.log if request.method == "POST" and request.path.endswith("firewall/policy"))
    assert made["status"] == "disable"


def test_a_place_at_the_top_is_given_back(voice):
    voice.run()
    rows = voice.twin.rows("firewall/policy")
    rows.insert(0, rows.pop(1))
    voice.run("reverted", journal=voice.run("deleted")["journal"])
    assert policies(voice)[0] == "chatgpt-voice: members"


@pytest.mark.parametrize("columns", [{"status": "disable"}, {"dstintf": [{"name": "dmz"}]}, {"srcintf": [{"name": "guests"}]}, {"action": "accept"},
                                     {"dstaddr": [{"name": "news"}]}, {"service": [{"name": "HTTPS"}]}], ids=str)
def test_a_policy_that_takes_no_voice_is_not_passed(voice, columns):
    voice.twin.rows("firewall/address").append({"name": "news", "type": "fqdn", "fqdn": "news.example"})
    voice.twin.row("firewall/policy", "no-udp").update(columns)
    voice.run()
    assert policies(voice)[-1] == "chatgpt-voice: members"


def test_ipv6_addresses_are_left_to_a_person(voice):
    published = dict(FIRST.to_config(), media=[{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28", "2001:db8::/48"],
                                                "feed_date": "2026-07-25"}])
    result = voice.run(policy=Policy.from_config(published))
    assert "IPv6 addresses are not included" in result["manual"][0]
    assert [row["name"] for row in voice.twin.rows("firewall/address")] == ["all", "chatgpt-203.0.113.0_28"]


def test_a_long_name_is_cut_and_stays_its_own(voice):
    long = ["a policy with a rather long name 1", "a policy with a rather long name 2"]
    for name, row in zip(long, (voice.twin.row("firewall/policy", "members"), voice.twin.row("firewall/policy", "staff"))):
        row["name"] = name
    voice.run(adapter=voice.adapter(audience=(), policies=tuple(long)))
    assert len([name for name in policies(voice) if name.startswith("chatgpt-voice: ")]) == 2


def test_a_deny_that_stands_before_the_named_policy_is_told_and_not_passed(voice):
    voice.deny_udp("quarantine", 0, srcaddr=[{"name": "sick"}], dstaddr=[])
    voice.deny_udp("no-ntp", 0, service=[{"name": "DNS"}])
    result = voice.run()
    assert policies(voice)[:3] == ["no-ntp", "quarantine", "members"]
    assert [(one["where"], one["certain"], one["remedy"]) for one in result["conflicts"] if "quarantine" in one["where"]] == [("policy quarantine", False, [])]
    assert not any("no-ntp" in one["where"] for one in result["conflicts"])


def test_voice_goes_with_the_rest(voice):
    before = voice.twin.snapshot()
    journal = voice.run()["journal"]
    voice.run("deleted")
    assert voice.twin.snapshot() == before
    voice.run("reverted", journal=voice.run()["journal"])
    assert voice.twin.snapshot() == before and journal


@pytest.mark.parametrize("release,word", [((7, 4, 9), "TCP/UDP/SCTP"), ((7, 6, 4), "TCP/UDP/UDP-Lite/SCTP")])
def test_the_word_for_a_port_service_is_that_of_the_release(make, release, word):
    rig = make(voice=True, release=release)
    rig.run()
    assert rig.twin.row("firewall.service/custom", "chatgpt-voice")["protocol"] == word


def test_profiles_alone_do_not_say_for_whom_voice_is(voice):
    result = voice.run(adapter=voice.adapter(audience=(), webfilter_profiles=("members",), ssl_profiles=("deep-members",)))
    assert "set audience.policies to open it" in result["manual"][0] and policies(voice) == ["members", "no-udp", "staff"]


# -- the device ---------------------------------------------------------------------------------------------------


def test_a_managed_device_is_refused_unless_told(rig):
    rig.twin.state["root"]["system/central-management"].update({"type": "fortimanager", "fmg": '"192.0.2.9" '})
    with pytest.raises(Failed, match="managed by the FortiManager 192.0.2.9"):
        rig.run()
    assert rig.run(adapter=rig.adapter(accept_fortimanager_managed=True))["changed"]


@pytest.mark.parametrize("release", [(6, 4, 14), (7, 4, 9)])
def test_only_the_primary_of_a_cluster_is_written_to(make, release):
    rig = make(release=release)
    rig.twin.state["root"]["system/ha"]["mode"] = "a-p"
    rig.twin.knobs.primary = "FGVM010000000002"
    before = rig.twin.snapshot()
    with pytest.raises(Failed, match="not the primary unit of its cluster .FGVM010000000001.: set host to the address of the cluster.*Nothing was changed"):
        rig.run()
    assert rig.twin.snapshot() == before
    rig.twin.knobs.primary = "FGVM010000000001"
    assert rig.run()["diagnosis"]["ha"] == {"mode": "a-p", "members": ["FGVM010000000001", "FGVM010000000002"], "primary": True}


def test_a_cluster_that_does_not_say_who_is_who_is_written_to_and_that_is_said(rig):
    rig.twin.state["root"]["system/ha"]["mode"] = "a-a"
    rig.twin.denied.add("system/ha-checksums")
    assert rig.run()["diagnosis"]["ha"] == {"mode": "a-a", "members": [], "primary": None}


def test_addresses_that_are_no_longer_published_go_after_the_group_let_go_of_them(voice):
    voice.run()
    published = dict(FIRST.to_config(), media=[{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["198.51.100.7/32"],
                                                "feed_date": "2026-08-25"}])
    voice.run("replaced", Policy.from_config(published))
    assert [packet for packet in PACKETS if voice.passes(MEMBER, *packet)] == [PUBLISHED[1]]
    assert [row["name"] for row in voice.twin.rows("firewall/address")] == ["all", "chatgpt-198.51.100.7_32"]


@pytest.mark.parametrize("mode", ["manual", "revert"])
def test_the_configuration_is_saved_where_the_device_does_not_do_it(rig, mode):
    rig.twin.state["root"]["system/global"]["cfg-save"] = mode
    result = rig.run()
    assert rig.twin.saved and mode in result["activation"][0]["saved"]


def test_another_vdom_is_another_scope(make):
    rig = make(vdoms=("root", "branch"))
    adapter = rig.adapter(vdom="branch")
    adapter._api._vdom = "branch"
    rig.run(adapter=adapter)
    assert rig.twin.decide(MEMBER, "chatgpt.com", vdom="branch") == ("allow", "tunnel") and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_a_wrong_token_and_a_missing_right_name_the_way_out(rig):
    with pytest.raises(Failed, match="rejects the token") as failed:
        rig.run(adapter=rig.adapter(token="nonsense"))
    assert failed.value.result["failure"]["class"] == "auth" and "nonsense" not in json.dumps(failed.value.result)
    rig.twin.denied.add("firewall.wildcard-fqdn")
    with pytest.raises(Failed, match="does not permit firewall.wildcard-fqdn/custom in VDOM root"):
        rig.run()


def test_an_error_of_the_device_is_shown_in_its_words_and_taken_back(rig):
    site = rig.snapshot()
    rig.twin.knobs.max_rows = 2
    with pytest.raises(Failed, match="the table is full .HTTP 500, error -4..*The old state was restored"):
        rig.run()
    assert rig.snapshot() == site


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed"])
@pytest.mark.parametrize("skip", [0, 4, 6])
def test_a_write_that_lost_its_answer_on_the_wire_is_settled(rig, kind, skip):
    rig.twin.faults.append(Weather(kind, when=lambda request: request.method in ("POST", "PUT"), skip=skip))
    assert rig.run()["changed"] and not rig.run()["changed"]
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_an_answer_that_is_not_the_api_is_a_clear_error(rig):
    rig.twin.faults.append(Weather("status", reply=Reply(200, b"<html>login</html>"), times=99))
    with pytest.raises(Failed, match="not with JSON of its API"):
        rig.run()


def test_two_url_filters_of_our_name_stop_the_run_and_two_of_somebody_else_do_not(rig):
    rig.run()
    table = rig.twin.row(URLFILTER, "chatgpt")
    rig.twin.rows(URLFILTER).append(dict(table, id=77, name="other"))
    rig.twin.rows(URLFILTER).append(dict(table, id=78, name="other"))
    assert rig.run()["changed"] is False
    rig.twin.rows(URLFILTER).append(dict(table, id=79))
    before = rig.twin.snapshot()
    for state in ("merged", "deleted"):
        with pytest.raises(Failed, match="more than one URL filter chatgpt.*, so the right one cannot be identified.*Nothing was changed"):
            rig.run(state)
    assert rig.twin.snapshot() == before


# -- rights -------------------------------------------------------------------------------------------------------

PARTS = {"policy": "read-write", "address": "read-write", "service": "read-write", "schedule": "read-write", "others": "read-write"}


@pytest.mark.parametrize("profile,write,why", [
    ({"fwgrp": "read"}, False, "may not write policies, addresses and SSL inspection (fwgrp)"), ({"utmgrp": "none"}, False, "(utmgrp)"),
    ({"fwgrp": "custom", "fwgrp-permission": PARTS}, True, "may write"),
    ({"fwgrp": "custom", "fwgrp-permission": dict(PARTS, others="read")}, None, "separate permissions for parts of fwgrp"),
    ({"fwgrp": "custom", "fwgrp-permission": dict.fromkeys(PARTS, "read")}, False, "(fwgrp)"),
    ({"fwgrp": "custom"}, None, "separate permissions for parts of fwgrp")])
def test_the_access_profile_tells_what_may_be_written(rig, profile, write, why):
    rig.twin.profile.update(profile)
    found = rig.run(check=True)["permissions"]
    assert found["write"] is write and why in found["why"]


def test_a_device_that_does_not_show_the_profile_is_unknown(rig):
    rig.twin.profile = None
    assert rig.run(check=True)["permissions"] == {"write": None, "why": "the device does not report the access profile of the token"}
