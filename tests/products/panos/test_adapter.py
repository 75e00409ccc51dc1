# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PAN-OS beyond the contract: requests, locks, commits, methods, conflicts, controls, Panorama."""
from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.lock import Lock
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from tests.contract.rig import FIRST, LATER, MEMBER, PACKETS, PUBLISHED, STRANGER, Fault, Killed
from tests.products.panos.rig import VSYS, PanosRig
from tests.products.panos.twin.site import rule
from tests.products.server import Fault as Weather, Reply


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, PanosRig, release=(11, 1, 4))


@pytest.fixture
def rig(make):
    return make()


def asked(twin, kind):
    return [request.form for request in twin.log if request.form.get("type") == kind]


def at_top(rig, body):
    rig.by_hand("set", "/rulebase/security/rules", body)
    name = body.split('"')[1]
    rig.by_hand("move", "/rulebase/security/rules/entry[@name='%s']" % name, where="top")


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_converge_and_of_a_rerun(rig):
    """With an API key. Converge: system, changes, vsys, Panorama, groups, shared; HA, lock; changes, vsys again; one write; validate, commit, two
    looks at each job; changes, vsys to confirm; unlock. A re-run: the first six, of which scan_conflicts switches three off."""
    key = {"password": None, "api_key": rig.twin.keys["netaccess"]}
    result = rig.run(adapter=rig.adapter(api=key))
    assert [form["action"] for form in asked(rig.twin, "config") if form["action"] != "get"] == ["multi-config"]
    assert (len(rig.twin.log), rig.twin.connections) == (20, 1)
    assert result["requests"]["writes"] == 5 and result["requests"]["connections"] == 1
    rig.twin.log.clear()
    again = rig.run(adapter=rig.adapter(api=key))
    assert len(rig.twin.log) == 6 and again["requests"]["writes"] == 0 and rig.twin.connections == 2
    rig.twin.log.clear()
    rig.run(check=True, adapter=rig.adapter(api=key, scan_conflicts=False, before=("Block AI",)))
    assert len(rig.twin.log) == 3


def test_a_thousand_patterns_take_as_many_requests_as_ten(rig):
    policy = Policy.from_config({"allow": ["*.h%d.example.com" % n for n in range(1000)], "exempt": []})
    rig.run(policy=policy)
    many = len(rig.twin.log)
    rig.run("deleted")
    rig.twin.log.clear()
    rig.run(policy=FIRST)
    assert len(rig.twin.log) == many


def test_without_the_scan_the_shared_configuration_is_not_read_and_a_place_has_to_be_said(rig):
    with pytest.raises(Failed, match="position.before"):
        rig.run(adapter=rig.adapter(scan_conflicts=False))
    rig.twin.log.clear()
    result = rig.run(adapter=rig.adapter(scan_conflicts=False, before=("Block AI",)))
    assert "/config/shared" not in [form["xpath"] for form in asked(rig.twin, "config") if form["action"] == "get"]
    assert {entry["allowed"] for entry in result["coverage"]} == {"unchecked"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_the_key_is_never_in_an_url_or_a_body(rig):
    rig.run()
    for request in rig.twin.log[1:]:
        assert request.headers["x-pan-key"] and not request.query and "key" not in request.form


# -- what is written ----------------------------------------------------------------------------------------------


def written(rig, name, base="security"):
    return rig.twin.candidate.find(".//%s/rules/entry[@name='%s']" % (base, name))


def test_the_rule_is_no_wider_than_asked_logs_and_keeps_the_security_profiles(rig):
    rig.run()
    entry = written(rig, "chatgpt-allow")
    columns = {tag: [m.text for m in entry.findall(tag + "/member")] for tag in ("from", "to", "source-user", "service", "category")}
    assert columns == {"from": ["trust"], "to": ["untrust"], "source-user": ["example\\ai-users"], "service": ["service-https"], "category": ["chatgpt-allow"]}
    assert entry.findtext("log-end") == "yes" and entry.findtext("log-setting") == "To SIEM"
    assert entry.findtext("profile-setting/profiles/virus/member") == "default" and entry.find("profile-setting/profiles/url-filtering") is None
    spare = written(rig, "chatgpt-no-decrypt", "decryption")
    assert spare.findtext("profile") == "Standard" and spare.findtext("log-success") == spare.findtext("log-fail") == "yes"


def test_the_rules_stand_directly_above_what_blocks_and_decrypts(rig):
    rig.run()
    names = {base: [e.get("name") for e in rig.twin.candidate.find(".//%s/rules" % base)] for base in ("security", "decryption")}
    assert names == {"security": ["Stop threats", "chatgpt-allow", "Block AI", "Web"],
                     "decryption": ["Keep health private", "chatgpt-no-decrypt", "Decrypt the rest"]}


def test_entries_end_with_a_slash_even_where_the_device_would_not_add_it(make):
    rig = make(release=(10, 1, 9))
    rig.run()
    assert all(member.endswith("/") for member in (m.text for m in rig.twin.candidate.find(".//custom-url-category/entry[@name='chatgpt-allow']/list")))
    assert rig.decide(STRANGER, "chatgpt.com.evil.test") == rig.decide(MEMBER, "chatgpt.com.evil.test")


def test_an_impostor_behind_the_exempt_name_is_stopped_by_the_decryption_profile(rig):
    rig.twin.knobs.impostors.add("chatgpt.com")
    rig.run()
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    rig.twin.knobs.impostors.clear()
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_undecrypted_sessions_whose_certificates_nobody_checks_are_a_warning(rig):
    assert "warnings" not in rig.run(check=True)
    rig.by_hand("delete", "/rulebase/decryption/rules/entry[@name='Decrypt the rest']/profile")
    rig.by_hand("delete", "/rulebase/decryption/rules/entry[@name='Keep health private']/profile")
    assert any("has no decryption profile" in text for text in rig.run(check=True)["warnings"])
    assert "warnings" not in rig.run(check=True, adapter=rig.adapter(decryption_profile="Standard"))


@pytest.mark.parametrize("site,options,name", [("rule", {}, "chatgpt-voice"), ("profile", {"rules": ("Web",)}, "chatgpt-voice: Web")])
def test_voice_opens_for_the_audience_and_the_published_addresses_alone(make, site, options, name):
    rig = make(voice=True, site=site)
    rig.by_hand("set", "/service/entry[@name='udp-all']", "<protocol><udp><port>1-65535</port></udp></protocol>")
    rig.by_hand("set", "/rulebase/security/rules/entry[@name='No UDP']", rule("No UDP", "deny", service="udp-all", application="any", **{
        "from": ["trust", "guest"], "to": "untrust"}).partition(">")[2].rpartition("</entry>")[0])
    assert not any(rig.passes(who, *packet) for who in (MEMBER, STRANGER) for packet in PACKETS)
    result = rig.run(adapter=rig.adapter(**options), accept_wider_audience=bool(options))
    assert [packet for packet in PACKETS if rig.passes(MEMBER, *packet)] == list(PUBLISHED)
    # A named rule is for everybody whom it is for.
    assert [rig.passes(STRANGER, *packet) for packet in PACKETS[2:]] == [False, False]
    assert rig.passes(STRANGER, *PUBLISHED[0]) is bool(options)
    assert written(rig, name) is not None and not any("voice" in line for line in result["manual"])
    again = rig.run(adapter=rig.adapter(**options), accept_wider_audience=bool(options))
    assert not again["changed"]


UDP = {"from": ["trust"], "to": "untrust", "application": "any", "service": "udp-all"}


@pytest.mark.parametrize("columns,passed", [
    ({}, True), ({"destination": "203.0.113.1-203.0.113.9"}, True), ({"destination": "203.0.113.0/24"}, True), ({"application": ["stun"]}, True),
    ({"service": "any"}, True), ({"destination": "192.0.2.0/24"}, False), ({"destination": "news"}, False), ({"application": ["quic"]}, False),
    ({"service": "dns"}, False), ({"service": "service-https"}, False), ({"from": ["guest"]}, False), ({"category": ["malware"]}, False),
    ({"source-user": ["example\\alice"]}, False), ({"service": "application-default"}, True), ({"application": ["openai-chatgpt"]}, True),
], ids=str)
def test_voice_is_placed_above_the_denies_that_take_its_packets_and_no_others(make, columns, passed):
    """One that takes the packets of a part of the audience, the last of these, keeps its word."""
    rig = make(voice=True)
    rig.by_hand("set", "/service/entry[@name='udp-all']", "<protocol><udp><port>1-65535</port></udp></protocol>")
    rig.by_hand("set", "/service/entry[@name='dns']", "<protocol><udp><port>53</port></udp></protocol>")
    rig.by_hand("set", "/address/entry[@name='news']", "<fqdn>news.example</fqdn>")
    rig.by_hand("set", "/rulebase/security/rules", rule("No UDP", "deny", **dict(UDP, **columns)))
    rig.run()
    order = [entry.get("name") for entry in rig.twin.candidate.findall(".//security/rules/entry")]
    assert (order.index("chatgpt-voice") < order.index("No UDP")) is passed, order


def test_a_rule_for_a_part_of_the_audience_that_voice_would_pass_is_told(make):
    rig = make(voice=True)
    rig.by_hand("set", "/service/entry[@name='udp-all']", "<protocol><udp><port>1-65535</port></udp></protocol>")
    for name, columns in (("No UDP", {}), ("Quarantine", {"source-user": ["example\\alice"]})):
        rig.by_hand("set", "/rulebase/security/rules", rule(name, "deny", **dict(UDP, **columns)))
    with pytest.raises(Failed, match="Quarantine blocks a part of the audience and would no longer apply to voice"):
        rig.run()


def test_a_named_rule_that_lets_nobody_through_opens_no_voice(make):
    rig = make(voice=True, site="profile")
    at_top(rig, rule("No guests", "deny", application="any", **{"from": "guest", "to": "untrust"}))
    result = rig.run(adapter=rig.adapter(rules=("Web", "No guests"), audience=()), accept_wider_audience=True)
    assert written(rig, "chatgpt-voice: Web") is not None and written(rig, "chatgpt-voice: No guests") is None
    assert any("rule No guests denies or is disabled" in line for line in result["manual"])


def test_media_opens_the_published_addresses_and_nothing_else(rig):
    config = FIRST.to_config()
    config["media"] = [{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28", "198.51.100.7/32"], "feed_date": "2026-07-25"}]
    rig.run(policy=Policy.from_config(config))
    entry = written(rig, "chatgpt-voice")
    assert [m.text for m in entry.findall("destination/member")] == ["198.51.100.7/32", "203.0.113.0/28"]
    assert rig.twin.candidate.findtext(".//service/entry[@name='chatgpt-voice']/protocol/udp/port") == "3478"
    assert not rig.run(policy=Policy.from_config(config))["changed"]


def test_a_category_that_may_hold_a_wanted_host_is_doubt(rig):
    """js.stripe.com is a payment service."""
    at_top(rig, rule("No banks", "deny", application="any", category="financial-services", **{"from": "trust", "to": "untrust"}))
    result = rig.run(adapter=rig.adapter(never_above=("No banks",)))
    assert [(one["where"], one["certain"]) for one in result["conflicts"]] == [("security rule No banks", False)]
    assert [row["allowed"] for row in result["coverage"] if row["pattern"] == "js.stripe.com"] != ["yes"] and rig.decide(MEMBER, "js.stripe.com")[0] == "block"


def test_a_company_category_gets_entries_only(rig):
    rig.by_hand("set", "/profiles/custom-url-category/entry[@name='Company']", "<list><member>foreign.example/</member></list><type>URL List</type>")
    allow = rule("Company sites", "allow", application="any", category="Company", **{"from": "trust", "to": "untrust"})
    at_top(rig, allow)
    rig.run(adapter=rig.adapter(category_name="Company"))
    assert written(rig, "chatgpt-allow") is None
    held = {m.text for m in rig.twin.candidate.find(".//custom-url-category/entry[@name='Company']/list")}
    assert {"foreign.example/", "chatgpt.com/", "*.openai.com/"} <= held and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_the_exclusion_list_by_option_with_its_one_label_wildcards(rig):
    adapter = rig.adapter(exclusion_depth=2)
    with pytest.raises(Failed, match="all users and all rules of this device"):
        rig.run(adapter=adapter)
    result = rig.run(adapter=rig.adapter(exclusion_depth=2), accept_wider_audience=True)
    names = {e.get("name") for e in rig.twin.candidate.findall(".//ssl-exclude-cert/entry")}
    assert names == {"chatgpt.com", "*.chatgpt.com", "*.*.chatgpt.com", "*.openai.com", "*.*.openai.com"}
    assert written(rig, "chatgpt-no-decrypt", "decryption") is None
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert "narrowed" in result["coverage"][0]["note"]
    assert not rig.run(adapter=rig.adapter(exclusion_depth=2), accept_wider_audience=True)["changed"]


# -- existing rules -----------------------------------------------------------------------------------------------


@pytest.fixture
def profiled(make):
    """A site that blocks by the URL filtering profile of its web rule."""
    return make(site="profile")


def test_existing_rules_alert_in_their_url_profile(profiled):
    conflict, = profiled.run(check=True, adapter=profiled.adapter(rules=("Web",), audience=()))["conflicts"]
    assert "AI sites" in conflict["text"] and conflict["certain"] and not conflict["remedy"]
    profiled.by_hand("edit", "/profiles/custom-url-category/entry[@name='AI sites']/list", "<list><member>claude.ai/</member></list>")
    result = profiled.run(adapter=profiled.adapter(rules=("Web",), audience=()))
    assert result["conflicts"] == [] and profiled.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert profiled.decide(MEMBER, "claude.ai")[0] == "block"
    assert not profiled.run(adapter=profiled.adapter(rules=("Web",), audience=()))["changed"]
    assert written(profiled, "chatgpt-allow") is None
    profiled.run("deleted", adapter=profiled.adapter(rules=("Web",), audience=()))
    assert "chatgpt" not in profiled.snapshot()


def test_existing_rules_whose_profile_is_used_elsewhere_reach_more_people(profiled):
    body = rule("Guest web", "allow", "<profile-setting><profiles><url-filtering><member>Corporate</member></url-filtering></profiles></profile-setting>",
                application="any", **{"from": "guest", "to": "untrust"})
    profiled.by_hand("set", "/rulebase/security/rules", body)
    with pytest.raises(Failed, match="Guest web"):
        profiled.run(adapter=profiled.adapter(rules=("Web",), audience=()))
    profiled.by_hand("set", "/rulebase/security/rules/entry[@name='Guest web']", "<disabled>yes</disabled>")
    assert profiled.run(check=True, adapter=profiled.adapter(rules=("Web",), audience=()))["audience_widened"] == []


def test_a_new_rule_passes_a_profile_that_blocks(profiled):
    profiled.run()
    assert profiled.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and profiled.decide(STRANGER, "chatgpt.com")[0] == "block"


def test_an_unknown_rule_is_named_with_those_that_exist(profiled):
    with pytest.raises(Failed, match="no security rule named Wob; the rules are: Stop threats, Web"):
        profiled.run(adapter=profiled.adapter(rules=("Wob",), audience=()))


def test_a_named_rule_that_is_for_all_but_some_is_refused(profiled):
    at_top(profiled, rule("All but the lab", "allow", "<negate-source>yes</negate-source>", application="any", **{
        "from": "trust", "to": "untrust", "source": "192.0.2.128/25"}))
    with pytest.raises(Failed, match="All but the lab applies to everyone except the sources or users it lists"):
        profiled.run(adapter=profiled.adapter(rules=("All but the lab",), audience=()))


def test_a_named_rule_that_is_limited_by_more_than_an_audience_can_say_reaches_more_people(profiled):
    profiled.by_hand("set", "/rulebase/security/rules/entry[@name='Web']", "<source-hip><member>managed</member></source-hip><schedule>days</schedule>")
    with pytest.raises(Failed, match="rule Web is limited by schedule, source-hip, but the rules created for its users are not"):
        profiled.run(adapter=profiled.adapter(rules=("Web",), audience=()))


def test_an_exclusion_that_is_switched_off_exempts_nothing(rig):
    rig.run(adapter=rig.adapter(exclusion_depth=1), accept_wider_audience=True)
    state = rig.adapter(exclusion_depth=1)
    rig.twin.edit("alice", "set", "/config/shared/ssl-decrypt/ssl-exclude-cert/entry[@name='chatgpt.com']", "<exclude>no</exclude>")
    found = state.assess(FIRST, state.read())
    assert {row.pattern: row.exempt for row in found.coverage}[".chatgpt.com"] == "no"


# -- position and audience ----------------------------------------------------------------------------------------


def test_an_earlier_quarantine_of_a_part_of_the_audience_keeps_its_word(rig):
    at_top(rig, rule("Quarantine", "deny", application="any", **{"from": "trust", "to": "untrust", "source": "192.0.2.10"}))
    result = rig.run()
    order = [e.get("name") for e in rig.twin.candidate.find(".//security/rules")]
    assert order.index("Quarantine") < order.index("chatgpt-allow") and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert [c["where"] for c in result["conflicts"]] == ["security rule Quarantine"] and not result["conflicts"][0]["certain"]
    rig.twin.people[MEMBER].address = "192.0.2.11"
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_our_rule_put_above_a_quarantine_by_hand_goes_back_below_it(rig):
    at_top(rig, rule("Quarantine", "deny", application="any", **{"from": "trust", "to": "untrust", "source": "192.0.2.10"}))
    rig.run()
    rig.by_hand("move", "/rulebase/security/rules/entry[@name='chatgpt-allow']", where="top")
    assert rig.run()["changed"]
    order = [e.get("name") for e in rig.twin.candidate.find(".//security/rules")]
    assert order.index("Quarantine") < order.index("chatgpt-allow")


def test_a_later_quarantine_would_be_passed_and_has_to_be_said(rig):
    body = rule("Quarantine", "deny", application="any", **{"from": "trust", "to": "untrust", "source": "192.0.2.10"})
    rig.by_hand("set", "/rulebase/security/rules", body)
    rig.by_hand("move", "/rulebase/security/rules/entry[@name='Quarantine']", where="before", dst="Web")
    with pytest.raises(Failed, match="Quarantine blocks a part of the audience"):
        rig.run()
    assert rig.run(accept_wider_audience=True)["changed"]


def test_rules_of_other_zones_do_not_matter(rig):
    at_top(rig, rule("Guests", "deny", application="any", **{"from": "guest", "to": "untrust"}))
    assert rig.run()["conflicts"] == []
    order = [e.get("name") for e in rig.twin.candidate.find(".//security/rules")]
    assert order.index("chatgpt-allow") > order.index("Guests")


def test_a_quarantine_by_disjoint_addresses_does_not_matter(rig):
    at_top(rig, rule("Lab", "deny", application="any", **{"from": "trust", "to": "untrust", "source": "192.0.2.128/25"}))
    who = Audience(from_zones=("trust",), to_zones=("untrust",), sources=("192.0.2.0/26",))
    adapter = rig.adapter()
    adapter._settings = replace(adapter._settings, audience=who)
    assert rig.run(adapter=adapter)["conflicts"] == []


@pytest.mark.parametrize("changes,text", [
    ({"never_above": ("Quarentine",)}, "position: vsys1 has no rule named Quarentine"),
    ({"audience": Audience(from_zones=("trsut",), to_zones=("untrust",))}, "vsys1 has no zone trsut; the zones are: guest, trust, untrust")])
def test_a_name_with_a_slip_is_told_before_anything_is_written(rig, changes, text):
    adapter = rig.adapter()
    adapter._settings = replace(adapter._settings, **changes)
    with pytest.raises(Failed, match=text):
        rig.run(check=True, adapter=adapter)


# -- conflicts and controls ---------------------------------------------------------------------------------------


def test_a_disabled_rule_carries_the_mark_and_protected_ones_are_not_offered(rig):
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    protected = rig.run(check=True, adapter=rig.adapter(protected=("threats",)))["conflicts"][0]
    assert conflict["remedy"] and protected["opens"] == "protected" and not protected["remedy"]
    rig.run(unblock=(conflict["id"],))
    assert written(rig, "threats").findtext("disabled") == "yes" and "disabled by netaccess.chatgpt" in written(rig, "threats").findtext("description")


def test_a_decrypt_rule_that_must_not_be_passed_is_a_conflict(rig):
    result = rig.run(adapter=rig.adapter(never_above=("Decrypt the rest",)))
    assert {(c["effect"], c["where"]) for c in result["conflicts"]} == {("decrypt", "decryption rule Decrypt the rest")}
    assert {c["opens"] for c in result["conflicts"]} == {"everything else that this rule decrypts"}
    assert {c["exempt"] for c in result["coverage"]} == {"no", "not wanted"} and {c["allowed"] for c in result["coverage"]} == {"yes"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")


def test_a_rule_of_ours_that_somebody_turned_round_is_shown_and_left_to_the_next_run(rig):
    rig.run()
    rig.by_hand("edit", "/rulebase/security/rules/entry[@name='chatgpt-allow']/action", "<action>deny</action>")
    conflict, = rig.run("gathered")["conflicts"]
    assert conflict["certain"] and not conflict["remedy"] and conflict["opens"] == "everything else that this rule denies"
    assert rig.run()["conflicts"] == []


def test_what_inspection_loses_is_said_and_can_be_refused(rig):
    losses = rig.run(check=True)["losses"]
    assert [(loss["control"], loss["hosts"]) for loss in losses] == [("av", ("*.openai.com", ".chatgpt.com"))]
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))


def insert_header(rig, header):
    rig.by_hand("set", "/profiles/url-filtering/entry[@name='Corporate']",
                "<http-header-insertion><entry name='tenant'><type><entry name='Custom'><headers><entry name='h'><header>%s</header><value>x</value></entry>"
                "</headers><domains><member>*.chatgpt.com</member></domains></entry></type></entry></http-header-insertion>" % header)


def test_tenant_control_is_refused_kept_or_overridden(rig):
    insert_header(rig, "ChatGPT-Allowed-Workspace-Id")
    with pytest.raises(Failed, match="tenant_control"):
        rig.run()
    kept = rig.run(tenant_control="keep")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt") and rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")
    assert any("macOS" in text for text in kept["warnings"])
    rig.run(tenant_control="override", comment="CHG1")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_another_inserted_header_is_a_loss(rig):
    insert_header(rig, "X-Restrict")
    assert {loss["control"] for loss in rig.run(check=True)["losses"]} == {"av", "headers"}


# -- the device and other administrators --------------------------------------------------------------------------


def test_the_lock_names_the_run_and_is_given_back(rig):
    rig.run(comment="CHG1", adapter=rig.adapter(comment="CHG1"))
    added, = [form["cmd"] for form in asked(rig.twin, "op") if "<config-lock><add>" in form["cmd"]]
    assert "netaccess.chatgpt host:" in added and "CHG1" in added and rig.twin.locks == {}
    with pytest.raises(Failed):
        rig.run("replaced", LATER, fault=Fault("refuse", 0))
    assert rig.twin.locks == {}


def test_a_lock_of_somebody_else_is_waited_for_and_named(rig):
    rig.twin.locks["vsys1"] = ("alice", "window 7")
    with pytest.raises(Failed, match="locked by alice.*within 60 s") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "locked" and not asked(rig.twin, "commit")
    assert failed.value.result["failure"]["journal"] is None


def test_a_lock_of_our_own_account_by_a_living_run_is_respected(rig):
    rig.twin.locks["vsys1"] = ("netaccess", "netaccess.chatgpt other:1 CHG2")
    adapter = rig.adapter()
    adapter._lock._alive = lambda run: run == "other:1"
    with pytest.raises(Failed, match="another run may be in progress"):
        rig.run(adapter=adapter)
    assert rig.run()["changed"], "a dead run's lock is taken over"


def test_a_lock_is_left_behind_when_its_process_is_gone_from_this_host(rig):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    here, adapter = platform.node(), rig.adapter()
    # A process of another host cannot be looked up; one with our own number is not us, since we hold no lock yet.
    for run, alive in (("%s:%d" % (here, gone.pid), False), ("%s:%d" % (here, os.getppid()), True), ("%s:%d" % (here, os.getpid()), False),
                       ("other.%s:%d" % (here, gone.pid), True)):
        rig.twin.locks["vsys1"] = ("netaccess", "netaccess.chatgpt %s CHG2" % run)
        assert bool(Lock(adapter._api, rig.transport, "vsys1").holders()) is alive, run


@pytest.mark.parametrize("lock,said", [
    (("alice", "window 7"), ["alice (window 7)"]), (("alice", ""), ["alice (no comment)"]),
    (("netaccess", "netaccess.chatgpt other:1 CHG2"), ["netaccess (netaccess.chatgpt other:1 CHG2)"]),
    (("netaccess", "netaccess.chatgpt dead:1"), []), (None, [])])
def test_a_check_run_says_who_holds_the_lock_and_a_real_one_does_not_ask(rig, lock, said):
    if lock:
        rig.twin.locks["vsys1"] = lock
    rig.twin.locks["vsys2"] = ("bob", "elsewhere")
    adapter = rig.adapter()
    adapter._lock._alive = lambda run: run == "other:1"
    assert rig.run(check=True, adapter=adapter)["held_by"] == said
    rig.twin.locks.pop("vsys1", None)
    rig.twin.log.clear()
    assert "held_by" not in rig.run() and not any("show><config-locks" in form["cmd"] for form in asked(rig.twin, "op"))


def test_edits_between_reading_and_locking_stop_the_run(rig):
    adapter = rig.adapter()
    begin = adapter.begin

    def late():
        rig.by_hand("move", "/rulebase/security/rules/entry[@name='Block AI']", where="top")
        return begin()
    adapter.begin = late
    with pytest.raises(Failed, match="after it was read and before it was locked"):
        rig.run(adapter=adapter)
    assert "chatgpt" not in rig.snapshot()


def test_only_our_changes_are_committed_on_11(rig):
    rig.twin.edit("alice", "set", VSYS + "/tag/entry[@name='draft']", "<comments>draft</comments>")
    result = rig.run()
    assert result["activation"][0]["scope"] == "changes of netaccess"
    assert rig.twin.running.find(".//tag/entry[@name='draft']") is None and rig.twin.candidate.find(".//tag/entry[@name='draft']") is not None


def test_before_11_a_commit_without_moves_is_ours_alone(make):
    rig = make(release=(10, 2, 8))
    rig.run()
    rig.twin.edit("alice", "set", VSYS + "/tag/entry[@name='draft']", "<comments>draft</comments>")
    result = rig.run(policy=LATER)
    assert result["activation"][0]["scope"] == "changes of netaccess" and rig.twin.running.find(".//tag/entry[@name='draft']") is None


@pytest.mark.parametrize("release", [(9, 1, 16), (10, 2, 8), (11, 1, 4)])
def test_a_failed_validation_is_discarded_and_leaves_others_edits(make, release):
    rig = make(release=release)
    rig.twin.edit("alice", "set", VSYS + "/tag/entry[@name='draft']", "<comments>draft</comments>")
    site = rig.snapshot()
    rig.twin.fail_next_validate = ["rulebase -> security -> rules -> Web is missing 'from'"]
    with pytest.raises(Failed, match="validation of the configuration failed.*missing 'from'.*The old state was restored") as failed:
        rig.run(publish_foreign_changes=True)
    assert failed.value.result["failure"]["class"] == "activation"
    assert rig.snapshot() == site and rig.twin.candidate.find(".//tag/entry[@name='draft']") is not None


def test_our_leftovers_beside_edits_of_others_are_not_published_where_everything_would_be(make):
    rig = make(release=(10, 2, 8))
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill_before_activation"))
    rig.twin.locks.clear()
    rig.twin.edit("alice", "set", VSYS + "/tag/entry[@name='draft']", "<comments>draft</comments>")
    with pytest.raises(Failed, match="another administrator's pending changes"):
        rig.run()
    assert rig.run("gathered")["pending"] == "both" and rig.twin.running.find(".//tag/entry[@name='draft']") is None


def test_what_an_earlier_run_left_is_not_discarded_by_a_later_one_that_fails(rig):
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill_before_activation"))
    left = rig.snapshot()
    rig.twin.fail_next_validate = ["no"]
    with pytest.raises(Failed, match="validation of the configuration failed"):
        rig.run(policy=LATER)
    assert rig.snapshot() == left and "chatgpt-allow" in left


def test_a_failed_commit_shows_the_devices_words(rig):
    rig.twin.fail_next_commit = ["Error: Threat database handler failed"]
    with pytest.raises(Failed, match="Threat database handler failed.*The old state was restored"):
        rig.run()
    assert "chatgpt" not in rig.snapshot() and rig.twin.ops == []


def test_warnings_of_the_commit_are_shown(rig):
    rig.twin.commit_warnings = ["Rule 'chatgpt-allow' shadows rule 'Block AI'"]
    assert rig.run()["activation"][0]["warnings"] == rig.twin.commit_warnings


def test_a_commit_that_does_not_end_says_that_it_goes_on(rig):
    rig.twin.knobs.job_polls = 10 ** 6
    with pytest.raises(Failed, match=r"job \d+ \(validation\) is at 40 %; it continues on the device") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "activation"


def test_another_commit_is_waited_for(rig):
    rig.twin.knobs.job_polls = 0
    rig.twin._enqueue("Commit", "alice", lambda job: [])
    with pytest.raises(Failed, match="another commit is in progress"):
        rig.run()


def test_a_key_of_another_account_is_noticed_before_the_commit(rig):
    key = {"password": None, "api_key": rig.twin.keys["alice"]}
    with pytest.raises(Failed, match="the API key belongs to alice"):
        rig.run(adapter=rig.adapter(api=key))
    assert not asked(rig.twin, "commit")


def test_a_key_that_ends_in_the_middle_is_renewed_with_the_password(rig):
    adapter = rig.adapter()
    begin = adapter.begin

    def expire():
        rig.twin.keys["netaccess"] = "LUFRPT1renewed=="
        return begin()
    adapter.begin = expire
    assert rig.run(adapter=adapter)["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_key_that_is_not_accepted_names_the_way_out(rig):
    with pytest.raises(Failed, match="the API key is invalid or expired") as failed:
        rig.run(adapter=rig.adapter(api={"password": None, "api_key": "nonsense"}))
    assert failed.value.result["failure"]["class"] == "auth" and "nonsense" not in json.dumps(failed.value.result)


def test_a_passive_member_is_refused_before_anything_is_written(rig):
    rig.twin.ha = {"enabled": True, "state": "passive"}
    assert rig.run(check=True)["changed"]
    with pytest.raises(Failed, match="passive member of its HA pair"):
        rig.run()
    rig.twin.ha = {"enabled": True, "state": "active"}
    assert rig.run()["changed"]


@pytest.mark.parametrize("connected", ["yes", "no"])
def test_a_firewall_of_a_panorama_is_refused_unless_told(rig, connected):
    """What a Panorama pushed stays in force while it is not connected."""
    rig.twin.panorama_connected = connected
    with pytest.raises(Failed, match="managed by a Panorama"):
        rig.run()
    assert rig.run(adapter=rig.adapter(accept_panorama_managed=True))["changed"]


def test_an_unknown_vsys_is_named(rig):
    with pytest.raises(Failed, match="has no vsys vsys9"):
        rig.run(adapter=rig.adapter(vsys="vsys9"))


def test_another_vsys_is_another_scope(make):
    rig = make(vsys=("vsys1", "vsys2"))
    rig.run(adapter=rig.adapter(vsys="vsys2"))
    vsys = {entry.get("name"): entry for entry in rig.twin.running.findall(".//vsys/entry")}
    assert vsys["vsys2"].find(".//rules/entry[@name='chatgpt-allow']") is not None and vsys["vsys1"].find(".//rules/entry[@name='chatgpt-allow']") is None


@pytest.mark.parametrize("reply", [Reply(200, b"<html>proxy page</html>"), Reply(502, b"bad gateway"), Reply(200, b"<response status='succ")])
def test_an_answer_that_is_not_the_api_is_a_clear_error(rig, reply):
    rig.twin.faults.append(Weather("status", reply=reply, times=99))
    with pytest.raises(Failed, match="not with XML of its API") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "unreachable"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed"])
@pytest.mark.parametrize("release", [(9, 1, 16), (11, 1, 4)])
def test_a_write_that_lost_its_answer_on_the_wire_is_settled(make, kind, release):
    rig = make(release=release)
    rig.twin.faults.append(Weather(
        kind, when=lambda request: request.form.get("action") in ("multi-config", "set", "move"), skip=0 if release > (10, 1) else 2))
    assert rig.run()["changed"] and not rig.run()["changed"]
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_run_killed_before_its_commit_is_finished_by_the_next(rig):
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill_before_activation"))
    assert rig.twin.locks["vsys1"][0] == "netaccess"
    result = rig.run()
    assert result["activation"][0]["status"] == "in force" and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_the_url_cloud_is_asked_when_wanted(rig):
    result = rig.run("gathered", adapter=rig.adapter(test_urls=("chatgpt.com",)))
    assert "Cloud connection : connected" in result["diagnosis"]["url_cloud"]
    assert "artificial-intelligence" in result["diagnosis"]["urls"]["chatgpt.com"]


# -- Panorama -----------------------------------------------------------------------------------------------------


@pytest.fixture
def panorama(make):
    return make(groups={"All": ("shared", []), "Branches": ("All", ["015300000001", "015300000002"])})


def managed(rig, **options):
    return rig.adapter(device_group="Branches", **options)


def test_a_pre_rule_of_shared_cannot_be_passed_and_says_where_it_is_made(panorama):
    result = panorama.run(adapter=managed(panorama))
    conflict, = (c for c in result["conflicts"] if c["effect"] == "deny")
    assert conflict["where"] == "rule of shared Block AI" and conflict["remedy"] == [] and "change it there" in conflict["opens"]
    # Of .chatgpt.com only the device knows whether it is in the predefined category.
    assert panorama.decide(MEMBER, "chatgpt.com")[0] == "block" and {c["allowed"] for c in result["coverage"][:2]} == {"no", "unchecked"}


@pytest.fixture
def branches(panorama):
    """The company blocks in the post-rules, as a company with device groups of its own would."""
    shared = "/config/shared/%s/security/rules"
    panorama.twin.edit("alice", "delete", shared % "pre-rulebase" + "/entry[@name='Block AI']")
    body = rule("Block AI", "deny", application="any", category=["artificial-intelligence", "AI sites"], **{"from": "trust", "to": "untrust"})
    panorama.twin.edit("alice", "set", shared % "post-rulebase", body)
    panorama.twin.edit("alice", "move", shared % "post-rulebase" + "/entry[@name='Block AI']", where="top")
    panorama.twin.publish()
    return panorama


def test_panorama_commits_and_pushes_with_a_result_per_device(branches):
    site = branches.snapshot()
    result = branches.run(adapter=managed(branches))
    assert [(one["target"], one["status"]) for one in result["activation"][1:]] == [("015300000001", "in force"), ("015300000002", "in force")]
    for device in branches.twin.local:
        assert branches.twin.decide(MEMBER, "chatgpt.com", device=device) == ("allow", "tunnel")
        assert branches.twin.decide(STRANGER, "chatgpt.com", device=device)[0] == "block"
    assert not branches.run(adapter=managed(branches))["changed"]
    branches.run("deleted", adapter=managed(branches))
    assert branches.snapshot() == site


def test_a_push_that_one_firewall_refuses_is_taken_back_everywhere(branches):
    branches.twin.refusing_devices = {"015300000002": "Error: zone trust is unknown"}
    with pytest.raises(Failed, match="failed on 015300000002 .*zone trust is unknown.*; it reached 015300000001") as failed:
        branches.run(adapter=managed(branches))
    assert failed.value.result["failure"]["class"] == "activation"
    assert all(branches.twin.decide(MEMBER, "chatgpt.com", device=device)[0] == "block" for device in branches.twin.local)


def test_a_push_to_named_firewalls_leaves_the_others(branches):
    result = branches.run(adapter=managed(branches, devices=("015300000001",)))
    assert [one["target"] for one in result["activation"][1:]] == ["015300000001"]
    assert branches.twin.decide(MEMBER, "chatgpt.com", device="015300000002")[0] == "block"


def test_a_panorama_needs_a_device_group_and_a_firewall_has_none(panorama, rig):
    with pytest.raises(Failed, match="name the device_group"):
        panorama.run()
    with pytest.raises(Failed, match="device_group is for Panorama"):
        rig.run(adapter=managed(rig))


# -- rights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role,write,why", [
    ("<superuser>yes</superuser>", True, "superuser"), ("<deviceadmin/>", True, "deviceadmin"), ("<devicereader/>", False, "devicereader, which may only read"),
    ("<vsysreader><entry name='localhost.localdomain'><vsys><member>vsys1</member></vsys></entry></vsysreader>", False, "vsysreader"),
    ("<superuser>no</superuser><superreader>yes</superreader>", False, "superreader"),
    ("<custom><profile>api</profile></custom>", None, "api, a custom role"), (None, None, "an authentication server assigns it")])
def test_the_role_is_read_once_and_only_where_it_says_something_it_counts(rig, role, write, why):
    rig.twin.roles.pop("netaccess")
    if role:
        rig.twin.roles["netaccess"] = role
    found = rig.run(check=True)["permissions"]
    assert found["write"] is write and why in found["why"]
    assert sum("mgt-config" in str(request.form) for request in rig.twin.log) == 1


def test_a_real_run_does_not_ask_for_the_role(rig):
    rig.run()
    assert not any("mgt-config" in str(request.form) for request in rig.twin.log)
