# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sophos Firewall beyond the contract: requests, what the API says with HTTP 200, whole objects, the exemption, audiences, conflicts, controls."""
from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.adapter import from_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import names, regex
from tests.contract.rig import FIRST, LATER, MEDIA, MEMBER, STRANGER, Fault
from tests.products.server import Fault as Weather, Reply
from tests.products.sophos.rig import OWN_LIST, SophosRig
from tests.products.sophos.decision import LOCAL, every, get
from tests.products.sophos.twin import firewall_rule, group, put, tls_rule, web_policy, web_rule

BASE = ["WebFilterURLGroup", "WebFilterPolicy", "WebFilterException", "FirewallRule", "SSLTLSInspectionRule"]
SCAN = ["WebFilterCategory", "UserActivity", "FQDNHost", "FQDNHostGroup", "Services", "ServiceGroup", "ApplicationFilterPolicy", "SSLTLSInspectionSettings"]


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, SophosRig)


@pytest.fixture
def rig(make):
    return make()


def asked(rig) -> list:
    """[(Get, Set add, ... , entities)] of the requests so far."""
    found = []
    for request in rig.twin.log:
        part = ET.fromstring(request.form["reqxml"])[1]
        found.append((" ".join([part.tag] + list(part.attrib.values())), [one.tag for one in part]))
    return found


def entries(rig, name) -> set:
    return set(every(rig.twin.node("WebFilterURLGroup", name), "URLlist/URL"))


def rules(rig, policy="Company") -> list:
    """Our rule as "ours", the others by their first category."""
    named = [get(rule, "CategoryList/Category/ID") for rule in rig.twin.rules_of(policy)]
    return ["ours" if name == "ChatGPT allow" else name for name in named]


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_converge_and_of_a_rerun(rig):
    """One request reads everything, one creates, one updates; a look before objects of somebody else are written, and one to read back."""
    result = rig.run()
    assert asked(rig) == [("Get", BASE + SCAN), ("Set add", ["WebFilterURLGroup"] * 2), ("Get", ["WebFilterPolicy", "WebFilterURLGroup"]),
                          ("Set update", ["WebFilterURLGroup", "WebFilterPolicy"]), ("Get", BASE)]
    assert result["requests"] == {"reads": 3, "writes": 2, "waited": 0, "connections": 1}
    rig.twin.log.clear()
    assert rig.run()["requests"] == {"reads": 1, "writes": 0, "waited": 0, "connections": 1}
    rig.twin.log.clear()
    assert rig.run(adapter=rig.adapter(scan_conflicts=False))["requests"]["reads"] == 1 and asked(rig) == [("Get", BASE)]
    assert {row["allowed"] for row in rig.run(adapter=rig.adapter(scan_conflicts=False))["coverage"]} == {"unchecked"}
    # The groups are read once more right before they go, and the list of the site before the record of what is ours in it.
    assert rig.run("deleted")["requests"] == {"reads": 5, "writes": 2, "waited": 0, "connections": 1}


def test_a_thousand_patterns_cost_no_more(rig):
    config = {"allow": ["*.h%d.example.com" % n for n in range(1000)], "exempt": ["*.h%d.example.com" % n for n in range(1000)]}
    assert rig.run(policy=Policy.from_config(config))["requests"]["writes"] == 2
    config["allow"].append("one.more.example")
    result = rig.run(policy=Policy.from_config(config))
    assert result["requests"]["writes"] == 1 and len(entries(rig, "ChatGPT allow")) == 1001


def test_more_entries_than_a_group_holds_are_refused_before_the_first_write(rig):
    with pytest.raises(Failed, match="would hold 10001 entries.*Nothing was changed"):
        rig.run(policy=Policy.from_config({"allow": ["h%d.example.com" % n for n in range(10001)]}))
    assert rig.meter.sends == 0


# -- HTTP 200 is no success -----------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_by_the_body(rig):
    site = rig.snapshot()
    with pytest.raises(Failed, match="rejects username and password.*Nothing was changed") as failed:
        rig.run(adapter=rig.adapter(password="wrong"))
    assert failed.value.result["failure"]["class"] == "auth" and rig.snapshot() == site and "wrong" not in "%s %s" % (failed.value, failed.value.result)


@pytest.mark.parametrize("knob,value,words", [("admitted", "192.0.2.0/24", "does not accept API requests from this address"),
                                              ("enabled", False, "has its API disabled")])
def test_an_api_that_is_closed_says_where_to_open_it(rig, knob, value, words):
    setattr(rig.twin.knobs, knob, value)
    with pytest.raises(Failed, match=words) as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "auth"


def test_a_password_with_markup_in_it_reaches_the_device_whole(rig):
    assert set("&<>") & set(rig.twin.admins["netaccess"]) and rig.run()["changed"]


@pytest.mark.parametrize("entity", BASE + SCAN)
def test_what_may_not_be_read_is_an_error_and_never_an_empty_list(rig, entity):
    rig.twin.denied.add(entity)
    with pytest.raises(Failed, match="does not permit this account to read %s: No permission" % entity):
        rig.run()


@pytest.mark.parametrize("body,words", [
    ("<FirewallRule><Status>Transaction fail</Status></FirewallRule>", "does not permit this account to read FirewallRule: Transaction fail"),
    ("", "does not return FirewallRule")])
def test_a_read_that_fails_without_a_code_is_no_empty_table(rig, body, words):
    text = "".join("<%s><Status>No. of records Zero.</Status></%s>" % (entity, entity) for entity in BASE + SCAN if entity != "FirewallRule")
    answer = "<Response><Login><status>Authentication Successful</status></Login>%s%s</Response>" % (text, body)
    rig.twin.faults.append(Weather("status", times=9, reply=Reply(200, answer.encode())))
    with pytest.raises(Failed, match=words):
        rig.run()


def test_a_status_of_a_firewall_rule_is_a_column(rig):
    assert get(rig.twin.tables["FirewallRule"][0], "Status") == "Enable"
    assert not rig.run("gathered")["changed"]


def test_one_refusal_among_several_objects_takes_the_others_back(rig):
    """The list is written and the policy of the same request is not: half a change is no change."""
    site = rig.snapshot()
    rig.twin.users.discard("AI users")
    with pytest.raises(Failed, match=r"refuses to update WebFilterPolicy.*code 501.*UserList/User.*The old state was restored"):
        rig.run()
    assert rig.snapshot() == site


@pytest.mark.parametrize("code", [201, 202, 217, 222])
@pytest.mark.parametrize("kind", ["status", "status_after"])
def test_a_write_that_the_device_cannot_tell_about_is_settled_by_reading(rig, kind, code):
    answer = "<Response><Login><status>Authentication Successful</status></Login>%s</Response>" % (
        "<WebFilterURLGroup><Status code='%d'>Unable to get status message</Status></WebFilterURLGroup>" % code * 2)
    rig.twin.faults.append(Weather(kind, when=lambda request: b"operation%3D%22add" in request.body, reply=Reply(200, answer.encode())))
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("body", ["", "<WebFilterURLGroup><Status code='200'>Configuration applied successfully.</Status></WebFilterURLGroup>"])
def test_an_answer_that_leaves_an_object_out_is_no_success(rig, body):
    answer = "<Response><Login><status>Authentication Successful</status></Login>%s</Response>" % body
    rig.twin.faults.append(Weather("status", when=lambda request: b"operation%3D%22add" in request.body, reply=Reply(200, answer.encode())))
    assert rig.run()["changed"] and entries(rig, "ChatGPT allow") == {"chatgpt.com", "openai.com", "js.stripe.com"}


# -- whole objects ------------------------------------------------------------------------------------------------


def test_an_update_sends_everything_that_was_read_back(rig):
    policy = rig.twin.node("WebFilterPolicy", "Company")
    for tag, text in (("SomethingNew", "of release 23"), ("Office365TenantsList", "example.com"), ("Description", "All offices")):
        put(policy, tag, text)
    put(rig.rules()[1], "NewColumn", "kept")
    rig.twin.node("WebFilterURLGroup", LOCAL).find("Description").text = "ask security first"
    before = {one.tag: one.text for one in policy if not len(one)}
    rig.run()
    policy = rig.twin.node("WebFilterPolicy", "Company")
    assert {one.tag: one.text for one in policy if not len(one)} == before
    assert [get(rule, "NewColumn") for rule in rig.rules()] == ["", "kept", "", ""]
    assert get(rig.twin.node("WebFilterURLGroup", LOCAL), "Description") == "ask security first" and "bank.test" in entries(rig, LOCAL)


@pytest.mark.parametrize("state", ["merged", "replaced"])
def test_an_entry_that_somebody_added_to_our_group_meanwhile_is_not_overwritten(rig, state):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def meanwhile(request):
        if "late.example" not in entries(rig, "ChatGPT allow"):
            rig.add_foreign_member("late.example")
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed, match="someone else changed WebFilterURLGroup ChatGPT allow"):
        rig.run(state, LATER, adapter=adapter)
    assert "late.example" in entries(rig, "ChatGPT allow")


@pytest.mark.parametrize("entity,name", [("WebFilterPolicy", "Company"), ("WebFilterURLGroup", LOCAL)])
def test_an_object_that_somebody_wrote_to_meanwhile_is_left_alone(rig, entity, name):
    adapter = rig.adapter()
    send = adapter.send

    def meanwhile(request):
        if request["operation"] == "update":
            put(rig.twin.node(entity, name), "Description", "late edit")
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed, match="someone else changed %s %s.*The old state was restored" % (entity, name)) as failed:
        rig.run(adapter=adapter)
    assert failed.value.result["failure"]["class"] == "conflict"
    assert get(rig.twin.node(entity, name), "Description") == "late edit" and "chatgpt.com" not in entries(rig, LOCAL) and "ours" not in rules(rig)


@pytest.mark.parametrize("form", ["absent", "empty", "word"])
def test_a_rule_for_everybody_however_the_device_writes_it(make, form):
    rig = make(users_of_all=form)
    audience = dict(users=(), everyone=True)
    result = rig.run(adapter=rig.adapter(**audience))
    assert rig.decide(STRANGER, "chatgpt.com") == ("allow", "tunnel") and rules(rig) == ["Phishing & Fraud", "General Business", "ours", "AI sites"]
    assert not rig.run(adapter=rig.adapter(**audience))["changed"] and result["audience_widened"] == []


# -- entries ------------------------------------------------------------------------------------------------------


def test_entries_are_domains_without_a_wildcard_and_the_widening_is_said(rig):
    adapter = rig.adapter()
    assert adapter.assess(FIRST, adapter.read()).coverage[2].note == "widened: its subdomains too", "nothing shuts it but that it is in no list"
    result = rig.run(policy=Policy.from_config({"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com", "ws.chatgpt.com"], "exempt": ["*.openai.com"]}))
    assert entries(rig, "ChatGPT allow") == {"chatgpt.com", "openai.com", "js.stripe.com"}, "what stands under another entry is not written twice"
    assert {row["pattern"]: row["note"] for row in result["coverage"]} == {
        ".chatgpt.com": "", "*.openai.com": "widened: openai.com itself too", "js.stripe.com": "widened: its subdomains too",
        "ws.chatgpt.com": "widened: its subdomains too"}
    assert {row["allowed"] for row in result["coverage"]} == {"yes"}
    assert rig.decide(MEMBER, "a.b.js.stripe.com")[0] == "allow" and rig.decide(MEMBER, "evilchatgpt.com") == ("allow", "decrypt")


def test_a_host_that_is_left_undecrypted_by_an_entry_above_it_is_said(rig):
    config = {"allow": ["a.com", "x.a.com", "b.com"], "exempt": ["a.com"]}
    rows = {row["pattern"]: row for row in rig.run(policy=Policy.from_config(config))["coverage"]}
    assert "leaves it undecrypted too" in rows["x.a.com"]["note"] and rig.decide(MEMBER, "x.a.com")[1] == "tunnel"
    assert "undecrypted" not in rows["b.com"]["note"]


@pytest.mark.parametrize("patterns,expected", [([".a.com", "b.a.com"], {"a.com"}), (["*.b.a.com", "b.a.com"], {"b.a.com"}),
                                               (["ba.com", "a.com"], {"ba.com", "a.com"})])
def test_names(patterns, expected):
    assert names(map(parse, patterns)) == expected


@pytest.mark.parametrize("pattern,text", [
    ("js.stripe.com", r"^js\.stripe\.com/"), ("*.openai.com", r"^[A-Za-z0-9._-]+\.openai\.com/"), (".chatgpt.com", r"^([A-Za-z0-9._-]*\.)?chatgpt\.com/")])
def test_expressions_of_an_exception_are_exact(rig, pattern, text):
    import re
    assert regex(parse(pattern)) == text
    hosts = ["js.stripe.com", "a.js.stripe.com", "openai.com", "api.openai.com", "a.b.openai.com", "evilopenai.com", "chatgpt.com", "ws.chatgpt.com",
             "chatgpt.com.evil.test", "evilchatgpt.com", "jsxstripe.com"]
    for host in hosts:
        assert bool(re.search(text, host + "/")) is parse(pattern).matches(host), host


# -- the exemption ------------------------------------------------------------------------------------------------


def test_the_devices_own_list_is_about_everybody_and_has_to_be_accepted(rig):
    site = rig.snapshot()
    for state in ("merged", "replaced"):
        with pytest.raises(Failed, match="for everybody behind this firewall.*Exclusions by website.*accept_wider_audience.*Nothing was changed"):
            rig.run(state, accept_wider_audience=False)
    assert rig.meter.sends == 0 and rig.snapshot() == site
    result = rig.run()
    assert result["audience_widened"] and rig.decide(STRANGER, "chatgpt.com")[0] == "block"
    assert rig.twin.decide("stranger", "chatgpt.com")[1] == "tunnel", "that is what was accepted"


def test_without_an_exemption_there_is_nothing_to_accept(rig):
    result = rig.run(policy=Policy.from_config({"allow": [".chatgpt.com"]}), accept_wider_audience=False)
    assert result["audience_widened"] == [] and entries(rig, LOCAL) == {"bank.test"} and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")


def test_a_list_of_a_rule_for_these_people_reaches_nobody_else(make):
    rig = make(exempt="people")
    result = rig.run()
    assert result["audience_widened"] == [] and rig.twin.decide("stranger", "chatgpt.com")[1] == "decrypt"
    assert entries(rig, OWN_LIST) == {"clinic.test", "chatgpt.com", "openai.com"} and entries(rig, LOCAL) == {"bank.test"}
    # The same list, and a rule about more people than the audience.
    ET.SubElement(rig.twin.node("SSLTLSInspectionRule", "AI undecrypted").find("Identity"), "Members").text = "Staff"
    with pytest.raises(Failed, match=r"rule AI undecrypted.*exempt_group"):
        rig.run(policy=LATER)


def test_an_exception_is_not_left_without_limits_beside_what_others_put_in(make):
    """Without our addresses it would leave their entry undecrypted for everybody."""
    rig = make(exempt="exception")
    journal = rig.run()["journal"]
    one = rig.twin.node("WebFilterException", "ChatGPT")
    ET.SubElement(one.find("DomainList"), "URLRegex").text = "^([A-Za-z0-9.-]*\\.)?late\\.example/"
    held = rig.snapshot()
    with pytest.raises(Failed, match="exception ChatGPT, sources: removing our entries would leave the entries that someone else added without a limit"):
        rig.run("reverted", journal=journal)
    assert rig.snapshot() == held and rig.meter.writes == 0


def test_an_exception_skips_decryption_and_nothing_else_for_the_addresses_named(make):
    rig = make(exempt="exception")
    site, before = rig.snapshot(), rig.decisions()
    result = rig.run()
    one = rig.twin.node("WebFilterException", "ChatGPT")
    assert {tag: get(one, tag) for tag in ("Enabled", "HttpsDecrypt", "PolicyCheck", "VirusScan", "ZeroDayProtection", "CertValidation")} == {
        "Enabled": "on", "HttpsDecrypt": "on", "PolicyCheck": "off", "VirusScan": "off", "ZeroDayProtection": "off", "CertValidation": "off"}
    assert every(one, "DomainList/SrcIp") == ["192.0.2.10", "2001:db8::/123"] and [get(one, tag) for tag in (
        "EnableSrcIP", "EnableDstIP", "EnableURLRegex", "EnableWebCat")] == ["yes", "no", "yes", "no"]
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.twin.decide("member", "chatgpt.com", family="IPv6") == ("allow", "tunnel")
    assert rig.twin.decide("member", "openai.com") == ("allow", "decrypt"), "*.openai.com does not hold it"
    assert rig.twin.decide("stranger", "chatgpt.com") == ("block", "decrypt") and result["audience_widened"] == []
    assert [(row["exempt"], row["exempt_by"]) for row in result["coverage"][:2]] == [("yes", "web exception ChatGPT")] * 2
    assert ["the exemption is exact" in row["note"] for row in result["coverage"]] == [False, True, False]
    assert not rig.run()["changed"] and result["requests"]["writes"] == 2
    put(rig.twin.node("WebFilterException", "ChatGPT"), "PolicyCheck", "on")
    assert rig.run(check=True)["changes"][0]["fields"] == {"skips": {"old": ["decryption", "policy check"], "new": ["decryption"]}}
    assert rig.run()["changed"] and get(rig.twin.node("WebFilterException", "ChatGPT"), "PolicyCheck") == "off"
    rig.run("replaced", LATER)
    assert every(rig.twin.node("WebFilterException", "ChatGPT"), "DomainList/URLRegex") == [regex(parse(".chatgpt.com"))]
    assert rig.run("deleted")["changed"] and rig.snapshot() == site and rig.decisions() == before


def test_an_exception_for_everybody_has_to_be_accepted(make):
    rig = make(exempt="exception")
    with pytest.raises(Failed, match="limit it with exempt_sources"):
        rig.run(adapter=rig.adapter(exempt_sources=()))


def test_an_exception_that_matches_something_else_too_is_put_right(make):
    rig = make(exempt="exception")
    rig.run()
    one = rig.twin.node("WebFilterException", "ChatGPT")
    put(one, "EnableSrcIP", "no")
    assert rig.twin.decide("stranger", "chatgpt.com")[1] == "tunnel"
    assert rig.run()["changed"] and rig.twin.decide("stranger", "chatgpt.com")[1] == "decrypt"
    put(rig.twin.node("WebFilterException", "ChatGPT"), "EnableDstIP", "yes")
    assert rig.run()["changed"] and get(rig.twin.node("WebFilterException", "ChatGPT"), "EnableDstIP") == "no"


def test_entries_that_others_put_into_the_list_are_theirs(rig):
    rig.twin.tables["WebFilterURLGroup"][0] = group(LOCAL, ["bank.test", "openai.com"], default="Yes")
    site = rig.snapshot()
    result = rig.run()
    assert entries(rig, "ChatGPT exempt") == {"chatgpt.com"} and [row["exempt"] for row in result["coverage"]] == ["yes", "yes", "not wanted"]
    ET.SubElement(rig.urls(LOCAL), "URL").text = "late.example"
    rig.run("replaced", LATER)
    assert entries(rig, LOCAL) == {"bank.test", "openai.com", "chatgpt.com", "late.example"}
    rig.urls(LOCAL).remove(next(one for one in rig.urls(LOCAL) if one.text == "late.example"))
    rig.run("deleted")
    assert rig.snapshot() == site


def test_the_record_of_our_entries_is_never_the_smaller_one(rig):
    """It grows before the list does and shrinks after: whatever fails in between, no entry of ours is taken for somebody else's."""
    rig.run()
    rig.twin.log.clear()
    both = Policy.from_config({"allow": ["*.oaistatic.com", ".chatgpt.com"], "exempt": ["*.oaistatic.com", ".chatgpt.com"]})
    seen, respond = [], rig.twin._respond

    def watched(response, text):
        respond(response, text)
        seen.append((entries(rig, "ChatGPT exempt"), entries(rig, LOCAL) - {"bank.test"}))
    rig.twin._respond = watched
    rig.run("replaced", both)
    assert all(held <= recorded for recorded, held in seen)
    assert seen[-1] == ({"oaistatic.com", "chatgpt.com"},) * 2 and [step for step, _what in asked(rig) if step != "Get"] == ["Set update"] * 3


@pytest.mark.parametrize("word,policy", [("replaced", LATER), ("reverted", FIRST)])
def test_the_record_stays_while_the_list_of_the_site_has_what_it_gives_up(rig, word, policy):
    """A device that accepts a write and drops it would be left with entries that nobody takes for ours any more."""
    site = rig.snapshot()
    rig.run()
    with pytest.raises(Failed, match="accepted (the change of )?URL group .* but still has entries of this collection in it"):
        rig.run(word, policy, fault=Fault("swallow"))
    rig.run(word, policy)
    rig.run("deleted")
    assert rig.snapshot() == site


def test_another_list_is_taken_only_after_the_first_was_left(make):
    rig = make(exempt="people")
    rig.run()
    with pytest.raises(Failed, match="%s contains entries of this collection: set exempt_group to it" % OWN_LIST):
        rig.run(adapter=rig.adapter(exempt_group=LOCAL), accept_wider_audience=True)
    gone = dict(exempt_group="Missing", web_policies=("Gone",), firewall_rules=("Gone",), wants=False)
    assert rig.run("deleted", adapter=rig.adapter(**gone))["changed"] and entries(rig, OWN_LIST) == {"clinic.test"} and "ours" not in rules(rig)


def test_a_group_of_somebody_else_in_place_of_the_record_is_refused(rig):
    rig.twin.tables["WebFilterURLGroup"].append(group("ChatGPT exempt", ["bank.test"]))
    with pytest.raises(Failed, match="was not created by this collection.*set prefix"):
        rig.run()


def test_the_name_of_the_list_in_another_case_is_found(rig):
    rig.twin.node("WebFilterURLGroup", LOCAL).find("Name").text = LOCAL.upper()
    rig.twin.tables["SSLTLSInspectionRule"][0].find("Websites/Activity/Name").text = LOCAL.upper()
    assert rig.run()["changed"] and "chatgpt.com" in entries(rig, LOCAL.upper()) and not rig.run()["changed"]


def test_a_list_that_cannot_be_written_leaves_the_old_state(make):
    rig = make(local_list_writable=False)
    site = rig.snapshot()
    with pytest.raises(Failed, match="code 528.*The old state was restored"):
        rig.run()
    assert rig.snapshot() == site


def test_a_list_that_no_rule_names_exempts_nothing_and_that_is_said(rig):
    rig.twin.tables["WebFilterURLGroup"].append(group("Orphan"))
    result = rig.run(adapter=rig.adapter(exempt_group="Orphan"))
    assert [row["exempt"] for row in result["coverage"]] == ["no", "no", "not wanted"]
    assert any("cannot create such a rule" in line for line in result["manual"])
    with pytest.raises(Failed, match="exempt_group: no URL group is named Missing"):
        rig.run(adapter=rig.adapter(exempt_group="Missing"))


@pytest.mark.parametrize("shown", [True, False])
def test_the_devices_own_rule_for_its_list_need_not_name_it(make, shown):
    rig = make(shows_default_lists=shown)
    assert [row["exempt"] for row in rig.run()["coverage"]] == ["yes", "yes", "not wanted"]
    rig.twin.tables["SSLTLSInspectionRule"][0].find("Enable").text = "No"
    assert [row["exempt"] for row in rig.run(check=True)["coverage"]] == ["no", "no", "not wanted"]


def test_a_rule_that_decrypts_above_ours_is_a_conflict_for_a_person(make):
    rig = make(exempt="people")
    rig.twin.tables["SSLTLSInspectionRule"].insert(1, tls_rule("AI is looked at", "Decrypt", [("AI sites", "URL Group")]))
    result = rig.run()
    conflict, = result["conflicts"]
    assert (conflict["effect"], conflict["certain"], conflict["remedy"]) == ("decrypt", True, [])
    assert [row["exempt"] for row in result["coverage"][:2]] == ["no", "no"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")


def test_the_web_proxy_asks_no_list_and_an_exception_works_there(make):
    for exempt, inspection, said in (("device", "decrypt", True), ("exception", "tunnel", False)):
        rig = make(exempt=exempt)
        for tag in ("ProxyMode", "DecryptHTTPS"):
            put(rig.twin.node("FirewallRule", "LAN to WAN").find("NetworkPolicy"), tag, "Enable")
        result = rig.run()
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", inspection)
        assert any("set exempt_by to exception" in line for line in result["manual"]) is said
        assert result["coverage"][0]["exempt"] == ("no" if said else "yes") and result["diagnosis"]["web_proxy"] == ["LAN to WAN"]


# -- audience and place -------------------------------------------------------------------------------------------


def test_the_rule_stands_as_low_as_works(rig):
    rig.run()
    assert rules(rig) == ["Phishing & Fraud", "General Business", "ours", "AI sites"] and rules(rig, "Guests") == ["AI sites"]


def test_a_rule_for_a_part_of_the_audience_keeps_its_word_above_and_has_to_be_accepted_below(rig):
    rig.accept = False
    policy = Policy.from_config({"allow": [".chatgpt.com"]})
    quarantine = ET.fromstring(web_rule("Deny", [("URLGroup", "AI sites")], ["Interns"]))
    rig.rules().insert(0, quarantine)
    result = rig.run(policy=policy)
    assert rules(rig)[:4] == ["AI sites", "Phishing & Fraud", "General Business", "ours"] and [c["certain"] for c in result["conflicts"]] == [False]
    ours = rig.our_rule()
    rig.rules().remove(ours)
    rig.rules().insert(0, ours)
    assert rig.run(policy=policy)["changed"] and rules(rig)[0] == "AI sites", "it goes back below the quarantine"
    rig.rules().remove(rig.rules()[0])
    rig.rules().append(quarantine)
    with pytest.raises(Failed, match="blocks a part of the audience and no longer applies"):
        rig.run(policy=policy)


def test_firewall_rules_as_audience_and_who_else_uses_their_policy(rig):
    rig.accept = False
    rig.twin.tables["FirewallRule"].append(firewall_rule("Guests out", WebFilter="Company"))
    policy, chosen = Policy.from_config({"allow": [".chatgpt.com"]}), dict(web_policies=(), firewall_rules=("LAN to WAN",))
    assert rig.run(policy=policy, adapter=rig.adapter(**chosen))["changed"], "the rule is about these users wherever it is asked"
    with pytest.raises(Failed, match="firewall rule LAN to WAN v6 \\(IPv6\\), Guests out also uses web policy Company"):
        rig.run(policy=policy, adapter=rig.adapter(users=(), everyone=True, **chosen))
    put(rig.twin.node("FirewallRule", "LAN to WAN").find("NetworkPolicy"), "WebFilter", "Allow All")
    with pytest.raises(Failed, match="web policy Allow All is built in"):
        rig.run(adapter=rig.adapter(**chosen))
    for wrong, words in ((dict(web_policies=("Nowhere",)), "no web policy is named Nowhere; the policies are: Company, Guests"),
                         (dict(web_policies=(), firewall_rules=("Nowhere",)), "no firewall rule is named Nowhere; the rules are: Guests out, LAN to WAN, ")):
        with pytest.raises(Failed, match=words):
            rig.run(adapter=rig.adapter(**wrong))
    rig.twin.node("FirewallRule", "Guests out").find("NetworkPolicy/WebFilter").text = "None"
    with pytest.raises(Failed, match="Guests out uses no web policy"):
        rig.run(adapter=rig.adapter(web_policies=(), firewall_rules=("Guests out",)))


def test_both_families_are_judged(rig):
    assert rig.run()["diagnosis"]["families"] == ["IPv4", "IPv6"]
    assert rig.twin.decide("member", "chatgpt.com", family="IPv6") == ("allow", "tunnel")
    rig.twin.node("FirewallRule", "LAN to WAN v6").find("NetworkPolicy/WebFilter").text = "Guests"
    result = rig.run()
    assert any(line.startswith("IPv6: LAN to WAN v6 (IPv6) allows traffic by another web policy") for line in result["manual"])


def test_a_policy_that_no_rule_uses_and_one_that_does_not_report_are_said(rig):
    rig.twin.tables["WebFilterPolicy"].append(web_policy("Unused"))
    put(rig.twin.node("WebFilterPolicy", "Unused"), "EnableReporting", "Disable")
    result = rig.run(adapter=rig.adapter(web_policies=("Unused",)))
    manual = result["manual"]
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"} and "no enabled firewall rule uses" in result["coverage"][0]["note"]
    assert any("no enabled firewall rule uses web policy Unused" in line for line in manual)
    assert any("web policy Unused has reporting disabled" in line for line in manual)


def test_a_policy_without_rules_gets_one_and_is_left_without(rig):
    rig.twin.tables["WebFilterPolicy"].append(web_policy("Bare", default="Deny"))
    for rule in rig.twin.tables["FirewallRule"]:
        put(rule.find("NetworkPolicy"), "WebFilter", "Bare")
    site, chosen = rig.snapshot(), dict(web_policies=("Bare",))
    assert {row["allowed"] for row in rig.run(adapter=rig.adapter(**chosen))["coverage"]} == {"yes"} and rules(rig, "Bare") == ["ours"]
    rig.run("deleted", adapter=rig.adapter(**chosen))
    assert rig.snapshot() == site


def test_voice_is_left_to_people(rig):
    policy = Policy.from_config(dict(FIRST.to_config(), media=[dict(vars(one), ports=list(one.ports), destinations=list(one.destinations)) for one in MEDIA]))
    assert [line for line in rig.run(policy=policy)["manual"] if line.startswith("voice (voice: UDP 3478") and "one for IPv6" in line]


def test_a_group_that_the_site_allows_gets_entries_and_no_rule(rig):
    rig.twin.tables["WebFilterURLGroup"].append(group("Allowed by us", ["partner.example"]))
    rig.rules().insert(0, ET.fromstring(web_rule("Allow", [("URLGroup", "Allowed by us")], ["AI users"])))
    adapter = functools.partial(rig.adapter, category_name="Allowed by us")
    result = rig.run(adapter=adapter())
    assert entries(rig, "Allowed by us") >= {"partner.example", "chatgpt.com"} and "ours" not in rules(rig)
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and {row["allowed"] for row in result["coverage"]} == {"yes"}
    assert not rig.run(adapter=adapter())["changed"]
    rig.twin.tables["WebFilterPolicy"].append(web_policy("Closed", default="Deny"))
    for rule in rig.twin.tables["FirewallRule"]:
        put(rule.find("NetworkPolicy"), "WebFilter", "Closed")
    row = rig.run(adapter=adapter(web_policies=("Closed",)))["coverage"][0]
    assert row["allowed"] == "no" and row["note"] == "the default action of Closed blocks it"
    with pytest.raises(Failed, match="category_name: no URL group is named Nothing"):
        rig.run(adapter=rig.adapter(category_name="Nothing"))


def test_only_a_rule_of_ours_passes_anybody(rig):
    """A category that the site allows itself: no rule is made, and what stands below is passed by none."""
    rig.twin.tables["WebFilterURLGroup"].append(group("Allowed by us"))
    rig.quarantine(above=False)
    assert "Deny AI sites for Staff blocks a part of the audience" in rig.run(check=True, accept_wider_audience=True)["audience_widened"][-1]
    widened = rig.run(check=True, accept_wider_audience=True, adapter=rig.adapter(category_name="Allowed by us"))["audience_widened"]
    assert not any("blocks a part" in text for text in widened)


@pytest.mark.parametrize("column,text,words,by", [
    ("Enabled", "off", "no no", False), ("HttpsDecrypt", "off", "no no", False), ("Name", "Another", "no no", False), ("DomainList", None, "no yes", True),
    ("EnableDstIP", "yes", "unchecked unchecked", True), ("Desc", "by hand", "yes yes", True)])
def test_what_somebody_made_of_our_exception_is_what_coverage_says(make, column, text, words, by):
    rig = make(exempt="exception")
    rig.run()
    node = rig.twin.node("WebFilterException", "ChatGPT")
    if text is None:
        found = node.find("DomainList")
        found.remove(next(one for one in found if "chatgpt" in (one.text or "")))
    else:
        put(node, column, text)
    adapter = rig.adapter()
    rows = adapter.assess(FIRST, adapter.read()).coverage
    assert [row.exempt for row in rows] == [*words.split(), "not wanted"]
    assert (rows[1].exempt_by is not None) is by and ("limited by more" in rows[0].note) is ("unchecked" in words)


def test_an_exception_for_fewer_addresses_than_asked_for_is_not_claimed(make):
    rig = make(exempt="exception")
    rig.run()
    words = []
    for sources in (("192.0.2.10", "2001:db8::/123", "192.0.2.11"), ("192.0.2.10", "2001:db8::/123"), ("192.0.2.10",)):
        adapter = rig.adapter(exempt_sources=sources)
        words.append(adapter.assess(FIRST, adapter.read()).coverage[0].exempt)
    assert words == ["unchecked", "yes", "yes"]
    # One for all addresses holds those that are asked for.
    node = rig.twin.node("WebFilterException", "ChatGPT")
    put(node, "EnableSrcIP", "no")
    for one in [one for one in node.find("DomainList") if one.tag == "SrcIp"]:
        node.find("DomainList").remove(one)
    adapter = rig.adapter()
    assert adapter.assess(FIRST, adapter.read()).coverage[0].exempt == "yes"


def test_what_our_group_does_not_hold_is_not_allowed(rig):
    """Though no rule shuts it today."""
    rig.run()
    rig.urls().remove(next(url for url in rig.urls() if url.text == "js.stripe.com"))
    adapter = rig.adapter()
    assert [row.allowed for row in adapter.assess(FIRST, adapter.read()).coverage] == ["yes", "yes", "no"]


def test_without_a_web_policy_nothing_is_claimed(rig):
    rig.run()
    adapter = rig.adapter(web_policies=())
    assert {row.allowed for row in adapter.assess(FIRST, adapter.read()).coverage} == {"unchecked"}


def test_of_many_reasons_three_are_told(rig):
    names = ["Off %d" % number for number in range(5)]
    for name in names:
        rule = firewall_rule(name)
        rule.find("Status").text = "Disable"
        put(rule.find("NetworkPolicy"), "WebFilter", "Company")
        rig.twin.tables["FirewallRule"].append(rule)
    notes = [rig.run(check=True, adapter=rig.adapter(firewall_rules=("LAN to WAN", *names[:count])))["coverage"][0]["note"] for count in (3, 5)]
    assert [note.count("is not enabled") for note in notes] == [3, 3]
    assert "more reasons" not in notes[0] and "and 2 more reasons" in notes[1]


# -- conflicts and controls ---------------------------------------------------------------------------------------


@pytest.fixture
def denied(rig):
    """A rule that shuts the AI sites out for everybody stands above one of the site that allows our hosts: there is no rule of ours that passes it."""
    rig.twin.tables["WebFilterURLGroup"].append(group("Allowed by us"))
    for text in (web_rule("Allow", [("URLGroup", "Allowed by us")]), web_rule("Deny", [("URLGroup", "AI sites")])):
        rig.rules().insert(0, ET.fromstring(text))
    return functools.partial(rig.adapter, category_name="Allowed by us")


def test_a_rule_that_was_disabled_by_hand_is_not_ours_to_enable(rig, denied):
    put(rig.rules()[0], "PolicyRuleEnabled", "0")
    site = rig.snapshot()
    assert rig.run(adapter=denied())["conflicts"] == []
    rig.run("deleted")
    assert rig.snapshot()["WebFilterPolicy"] == site["WebFilterPolicy"]


def test_what_was_disabled_is_remembered_in_the_description_of_the_policy(rig, denied):
    site = rig.snapshot()
    conflict, = rig.run(check=True, adapter=denied())["conflicts"]
    assert conflict["certain"] and conflict["where"] == "web policy rule Company: Deny AI sites" and conflict["hosts"] == (".chatgpt.com", "*.openai.com")[::-1]
    opened = rig.run(unblock=(conflict["id"],), adapter=denied())
    assert opened["conflicts"] == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    said = get(rig.twin.node("WebFilterPolicy", "Company"), "Description")
    assert said.startswith("All offices [disabled by netaccess.chatgpt: ") and get(rig.rules()[0], "PolicyRuleEnabled") == "0"
    assert not rig.run(unblock=(conflict["id"],), adapter=denied())["changed"]
    rig.run("deleted", adapter=denied())
    assert rig.snapshot()["WebFilterPolicy"] == site["WebFilterPolicy"]
    put(rig.twin.node("WebFilterPolicy", "Company"), "Description", "x" * 250)
    with pytest.raises(Failed, match="has no room to record"):
        rig.run(unblock=(conflict["id"],), adapter=denied())


def test_a_rule_that_blocks_a_part_of_the_audience_has_no_remedy(rig):
    rig.quarantine(above=True)
    conflict, = rig.run()["conflicts"]
    assert not conflict["certain"] and conflict["remedy"] == [] and conflict["where"] == "web policy rule Company: Deny AI sites for Staff"
    assert "column UserList/User limits it" in conflict["text"]


def test_a_protected_rule_is_never_offered(rig, denied):
    adapter = denied(protected=("Company: Deny AI sites",))
    conflict, = rig.run(adapter=adapter)["conflicts"]
    assert conflict["opens"] == "protected" and conflict["remedy"] == []


def test_a_firewall_rule_keeps_its_place_and_its_columns_when_it_is_disabled(rig):
    rig.block_early()
    rig.twin.tables["FirewallRule"].insert(0, firewall_rule("First"))
    put(rig.twin.node("FirewallRule", "No chats").find("NetworkPolicy"), "TrafficShappingPolicy", "kept")
    rig.twin.tables["FirewallRule"][0].find("Status").text = "Disable"
    site = rig.snapshot()
    conflict, = rig.run()["conflicts"]
    assert conflict["certain"] and conflict["where"] == "firewall rule No chats" and conflict["text"] == "Drop *.chatgpt.com, chatgpt.com, claude.ai"
    rig.run(unblock=(conflict["id"],))
    order = [get(rule, "Name") for rule in rig.twin.tables["FirewallRule"]]
    assert order == ["First", "No chats", "LAN to WAN", "LAN to WAN v6"]
    rule = rig.twin.node("FirewallRule", "No chats")
    assert (get(rule, "Status"), get(rule, "Description"), get(rule, "NetworkPolicy/TrafficShappingPolicy")) == (
        "Disable", "[disabled by netaccess.chatgpt]", "kept")
    rig.run("deleted")
    assert rig.snapshot() == site


def test_a_rule_that_drops_only_some_is_not_certain_and_one_of_central_is_for_a_person(rig):
    rig.block_early()
    rule = rig.twin.node("FirewallRule", "No chats")
    rule.find("NetworkPolicy").append(ET.fromstring("<SourceNetworks><Network>Lab</Network></SourceNetworks>"))
    rule.find("Section").text = "Central_TOP"
    result = rig.run()
    conflict, = result["conflicts"]
    assert not conflict["certain"] and conflict["remedy"] == [] and "Sophos Central" in conflict["opens"]
    assert [row["allowed"] for row in result["coverage"]] == ["unchecked", "yes", "yes"], "for some it is shut, for whom is not known"


@pytest.mark.parametrize("people,certain,allowed", [(["AI users", "Interns"], True, "no"), (["Staff"], False, "unchecked"), ([], True, "no")], ids=str)
def test_a_drop_for_all_of_the_audience_is_certain(rig, people, certain, allowed):
    rig.block_early()
    rules = rig.twin.tables["FirewallRule"]
    rules[0] = firewall_rule("No chats", "Drop", networks=["chat", "chats"], members=people)
    result = rig.run()
    assert [one["certain"] for one in result["conflicts"]] == [certain]
    assert [(row["pattern"], row["allowed"]) for row in result["coverage"]][0] == (".chatgpt.com", allowed)


def test_a_firewall_rule_whose_description_is_full_is_for_a_person(rig):
    rig.block_early()
    rig.twin.node("FirewallRule", "No chats").find("Description").text = "x" * 240
    conflict, = rig.run(check=True)["conflicts"]
    assert conflict["remedy"] == [] and "no room for the marker of this collection" in conflict["opens"]


@pytest.mark.parametrize("kind", ["domain", "keyword", "activity", "group of hosts"])
def test_the_scan_reads_categories_activities_and_groups_of_hosts(rig, kind):
    category = "<WebFilterCategory><Name>Feed</Name><%s></WebFilterCategory>"
    inner = {"domain": "DomainList><Domain>ws.chatgpt.com</Domain></DomainList", "keyword": "KeywordList><Keyword>chatgpt</Keyword></KeywordList"}
    about = ("WebCategory", "Feed")
    if kind == "group of hosts":
        rig.twin.tables["FQDNHost"].append(ET.fromstring(
            "<FQDNHost><Name>w</Name><FQDN>*.chatgpt.com</FQDN><FQDNHostGroupList><FQDNHostGroup>chats</FQDNHostGroup></FQDNHostGroupList></FQDNHost>"))
        rig.twin.tables["FQDNHostGroup"].append(ET.fromstring("<FQDNHostGroup><Name>chats</Name></FQDNHostGroup>"))
        rig.twin.tables["FirewallRule"].insert(0, firewall_rule("No chats", "Reject", networks=["chats"]))
    else:
        rig.twin.tables["WebFilterCategory"].append(ET.fromstring(category % inner.get(kind, inner["domain"])))
        if kind == "activity":
            rig.twin.tables["UserActivity"].append(ET.fromstring("<UserActivity><Name>Chatting</Name><CategoryList><Category><ID>Feed</ID>"
                                                                 "<type>WebCategory</type></Category></CategoryList></UserActivity>"))
            about = ("UserActivity", "Chatting")
        rig.rules().insert(0, ET.fromstring(web_rule("Deny", [about], ["Staff"])))
    conflict, = rig.run()["conflicts"]
    # A word is looked for in the whole address, and that may be one of any host.
    assert tuple(conflict["hosts"]) == (("*.openai.com", ".chatgpt.com", "js.stripe.com") if kind == "keyword" else (".chatgpt.com",))


def test_losses_are_scans_of_decrypted_traffic(rig):
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [("FileType", "Executable Files")], ccl="1")))
    result = rig.run(check=True)
    assert {(loss["control"], loss["rule"]) for loss in result["losses"]} == {
        ("av", "firewall rule LAN to WAN"), ("av", "firewall rule LAN to WAN v6 (IPv6)"), ("file_control", "web policy Company"),
        ("dlp", "content filters of web policy Company")}
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))
    rig.twin.node("SSLTLSInspectionRule", "Inspect all").find("Enable").text = "No"
    assert rig.run(check=True)["losses"] == []


def test_application_control_is_named(rig):
    put(rig.twin.node("FirewallRule", "LAN to WAN").find("NetworkPolicy"), "ApplicationControl", "Block P2P")
    result = rig.run(check=True)
    assert result["diagnosis"]["application_control"] == {"LAN to WAN": "Block P2P"} and {row["allowed"] for row in result["coverage"]} == {"unchecked"}


# -- options ------------------------------------------------------------------------------------------------------


def module(**changes):
    params = dict(audience={"web_policies": ["Company"], "users": ["AI users"]}, prefix="ChatGPT", category_name=None, exempt_by="url_group",
                  exempt_group=LOCAL, exempt_sources=[], protected=[], scan_conflicts=True, state="merged", host="fw", port=4444, validate_certs=True,
                  ca_path=None, certificate_fingerprint=None, proxy=None, timeout=60, username="netaccess", password="p")
    return SimpleNamespace(params=dict(params, **changes), check_mode=False)


@pytest.mark.parametrize("changes,words", [
    (dict(audience={"users": ["AI users"]}), "set web policies"), (dict(audience={"web_policies": ["Company"]}), "set users or groups"),
    (dict(audience={"web_policies": ["Company"], "users": ["x"], "everyone": True}), "set users or groups"),
    (dict(exempt_sources=["192.0.2.1"]), "only an exception"), (dict(exempt_by="exception", exempt_sources=["lan"]), "is not an address"),
    (dict(category_name="ChatGPT allow"), "is the name of the group that this collection "
                                          "creates"), (dict(prefix="a,b"), "prefix: it must not contain a comma"), (dict(prefix="x" * 44), "at most 43")])
def test_options_that_do_not_fit_are_refused(changes, words):
    with pytest.raises(AccessError, match=words):
        from_module(module(**changes))


def test_the_device_is_named_by_its_address_and_port():
    assert from_module(module(exempt_by="exception", exempt_sources=["192.0.2.1", "2001:DB8::1"])).device == "fw:4444"
