# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symantec beyond the contract: requests, revisions, sites without a way to install or to look, conflicts by CPL's own precedence, and what is only
written down."""
from __future__ import annotations

import functools
import random
import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg import section
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.adapter import from_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.api import Install, Login
from tests.contract.rig import FIRST, LATER, MEDIA, MEMBER, STRANGER, Fault, Killed
from tests.products.server import Fault as Weather, Reply
from tests.products.symantec_swg.language import compile_cpl, split, true
from tests.products.symantec_swg.rig import DEFINE, DEFINED, NAME, WHO, SymantecRig, any_layers, as_cpl
from tests.products.symantec_swg.twin import SITE

OPEN = ("allow", "tunnel")


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, SymantecRig)


@pytest.fixture
def rig(make):
    return make()


def asked(rig):
    return [(request.method, request.path.replace(rig.twin.find(NAME)["uuid"], "OURS")) for request in rig.twin.log]


def coverage(result) -> dict:
    return {row["pattern"]: (row["allowed"], row["exempt"], row["note"]) for row in result["coverage"]}


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.wire
def test_requests_of_a_first_run_of_a_rerun_and_of_a_change(rig):
    """The objects, one list, the console; the object and its content; the installation, and the console until it shows it; read back."""
    result = rig.run()
    lists = "/api/policies/%s/content" % rig.twin.find("Blocked sites", "URL_LIST")["uuid"]
    assert asked(rig) == [
        ("GET", "/api/policies"), ("GET", lists), ("GET", "/Policy/Current"),
        ("POST", "/api/policies"), ("POST", "/api/policies/OURS/content"), ("POST", "/api/policies/OURS/install"), ("GET", "/Policy/Current"),
        ("GET", "/api/policies"), ("GET", "/api/policies/OURS/content"), ("GET", "/Policy/Current")]
    assert result["requests"] == {"reads": 7, "writes": 3, "waited": 0, "connections": 1}
    again = rig.run()
    assert again["requests"] == {"reads": 4, "writes": 0, "waited": 0, "connections": 1}
    # One look at the revision before the write.
    assert rig.run(policy=LATER)["requests"] == {"reads": 4 + 1 + 1 + 3, "writes": 2, "waited": 0, "connections": 1}


def test_without_the_scan_no_list_is_read_and_coverage_is_unchecked(rig):
    result = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert (result["requests"]["reads"], result["requests"]["writes"]) == (6, 3)
    assert {row[:2] for row in coverage(result).values()} == {("unchecked", "unchecked"), ("unchecked", "not wanted")}
    again = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert (again["requests"]["reads"], again["requests"]["writes"], again["changed"]) == (3, 0, False)
    rig.twin.tail = "<Proxy>\n  url.domain=chatgpt.com FORCE_DENY\n  group=Quarantine DENY\n"
    result = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert result["conflicts"] == result["audience_widened"] == [] and {row[0] for row in coverage(result).values()} == {"unchecked"}


def test_basic_sign_in_and_the_ticket_in_the_revision(rig):
    rig.run(adapter=rig.adapter(login=Login(username="netaccess", password=rig.twin.admins["netaccess"]), comment="CHG77"))
    last = rig.twin.find(NAME)["revisions"][-1]
    assert (last["author"], last["description"]) == ("netaccess", "netaccess.chatgpt: CHG77")
    assert rig.twin.log[5].json == {"comment": "ChatGPT 1"}, "the placeholders of the operator's request"


@pytest.mark.parametrize("knobs", [{"comments_kept": False}, {"revision_text": False}, {"install_delay": 3}], ids=str)
def test_other_habits_of_the_product(make, knobs):
    rig = make(**knobs)
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and result["activation"][-1]["status"] == "in force"
    assert result["requests"]["waited"] == (6 if "install_delay" in knobs else 0)
    assert not rig.run()["changed"] and rig.run("replaced", LATER)["changed"] and not rig.run("replaced", LATER)["changed"]


def test_a_500_is_asked_again_when_it_is_a_read(rig):
    rig.twin.faults.append(Weather("status", when=lambda request: request.method == "GET", reply=Reply.of_json({"message": "busy"}, 500)))
    result = rig.run()
    assert result["changed"] and result["requests"]["waited"] == 1


def test_an_object_whose_uuid_was_not_told_is_found_by_reading(rig):
    rig.twin.faults.append(Weather("status_after", when=lambda request: request.method == "POST", reply=Reply.of_json({})))
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert [one["name"] for one in rig.twin.state["policies"]].count(NAME) == 1


@pytest.mark.parametrize("reply", [Reply(204), Reply.of_json({})], ids=["204", "no revision"])
def test_an_answer_that_names_no_revision_is_settled_by_reading(rig, reply):
    rig.run()
    rig.twin.faults.append(Weather("status_after", when=lambda request: request.method == "POST", reply=reply))
    assert rig.run("replaced", LATER)["changed"] and not rig.run("replaced", LATER)["changed"]
    assert len(rig.twin.find(NAME)["revisions"]) == 2, "it was written once"


# -- revisions ----------------------------------------------------------------------------------------------------


def test_an_edit_between_reading_and_writing_stops_the_run(rig):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def late(request):
        rig.add_foreign_member("late.example")
        return send(request)
    adapter.send = late
    with pytest.raises(Failed, match="someone else wrote revision 2 of this object"):
        rig.run(policy=LATER, adapter=adapter)
    assert "late.example" in rig.foreign_members() and "*.oaistatic.com" not in rig.text(), "nothing of ours was written"


def test_an_edit_in_the_same_moment_is_noticed_and_named(rig):
    rig.run()
    adapter = rig.adapter()
    call = rig.transport.call

    def race(method, path, **content):
        if method == "POST" and path.endswith("/content"):
            rig.transport.call = call
            rig.add_foreign_member("late.example")
        return call(method, path, **content)
    rig.transport.call = race
    with pytest.raises(Failed, match="someone else wrote revision 2 on .* at the same time; the history of the object keeps it"):
        rig.run(policy=LATER, adapter=adapter)


def test_sections_and_text_of_others_stay(rig):
    rig.run()
    theirs = {"name": "Office", "purpose": "CustomSolution", "defaultPolicy": "<Proxy>\n  url.domain=office.example ALLOW\n", "overridePolicy": None,
              "mandatoryPolicy": None}
    content = rig.twin.content(NAME)
    # What the header says of manual changes is what happens to them below.
    assert "keeps what others added; state replaced removes that" in content["sections"][0]["defaultPolicy"].splitlines()[0]
    content["sections"].insert(0, theirs)
    mine = "define condition theirs\n  url.domain=x.example\nend condition theirs\n<Proxy> client.address=10.9.0.0/16\n  condition=theirs DENY\n"
    content["sections"][1]["defaultPolicy"] += mine
    content["sections"][1]["defaultPolicy"] = content["sections"][1]["defaultPolicy"].replace(DEFINE, DEFINE + "  url.port=8443\n")
    rig.twin.edit_as("alice", NAME, "cpl", content)
    rig.force()
    result = rig.run(policy=LATER)
    after = rig.twin.content(NAME)["sections"]
    assert after[0] == theirs and [line.strip() for line in mine.splitlines()] == [line.strip() for line in after[1]["defaultPolicy"].splitlines()][-5:]
    assert {"url.port=8443"} <= {entry["entry"] for entry in result["foreign"]} and "url.port=8443" in after[1]["defaultPolicy"]
    rig.run("replaced", LATER)
    after = rig.twin.content(NAME)["sections"]
    assert after[0] == theirs and "theirs" not in after[1]["defaultPolicy"] and "8443" not in after[1]["defaultPolicy"]
    rig.run("deleted")
    assert rig.twin.content(NAME)["sections"][0] == theirs


def test_a_guard_before_our_rule_is_drift(rig):
    rig.run()
    rig.edit("<Proxy>\n", "<Proxy> client.address=10.9.0.0/16\n")
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == OPEN


LISTED = {"clients": (), "list_name": "Company allows", "exempt_list_name": "Company spares"}


def test_lists_of_the_company_take_the_hosts_and_give_them_back(make):
    rig = make(site="<Proxy>\n  OK\n")
    theirs = [{"url": "old.example", "description": "theirs", "enabled": True}, {"url": "openai.com", "description": "theirs", "enabled": False}]
    for name, reference in (("Company allows", "allows"), ("Company spares", "spares")):
        rig.twin.edit_as("alice", name, "URL_LIST", {"urls": theirs}, referenceId=reference)
    rig.twin.site = SITE + "<Proxy>\n  condition=allows ALLOW\n<SSL-Intercept>\n  condition=spares ssl.forward_proxy(no)\n"
    # The stub installs policies alone: here one of the site's, which brings the lists along.
    rig.twin.edit_as("alice", "Company", "cpl", {"sections": []})
    rig.force()
    site, before = rig.snapshot(), rig.decisions()
    install = Install("POST", "/api/policies/%s/install" % rig.twin.find("Company")["uuid"])
    result = rig.run(adapter=rig.adapter(install=install, **LISTED))
    assert rig.meter.writes == 2 and rig.decide(MEMBER, "chatgpt.com") == rig.decide(STRANGER, "api.openai.com") == OPEN
    added = [{"url": url, "description": "netaccess.chatgpt", "enabled": True} for url in ("chatgpt.com", "js.stripe.com")]
    assert NAME not in str(rig.snapshot()) and rig.twin.content("Company allows", "URL_LIST")["urls"] == [theirs[0], dict(theirs[1], enabled=True)] + added
    assert {row[:2] for row in coverage(result).values()} == {("unchecked", "unchecked"), ("unchecked", "not wanted")}
    assert "widened: a list holds its subdomains too" in coverage(result)["js.stripe.com"][2] and result["conflicts"] == []
    assert any("an existing rule has to allow the hosts of the URL list Company allows" in text for text in result["manual"])
    assert {one["target"]: one["status"].partition(":")[0] for one in result["activation"]} == {
        "Company allows": "not known to be in force", "Company spares": "not known to be in force"}
    assert not rig.run(adapter=rig.adapter(install=install, **LISTED))["changed"]
    rig.run("reverted", adapter=rig.adapter(install=install, **LISTED))
    assert rig.snapshot() == site and rig.decisions() == before


def test_a_list_of_the_company_has_an_audience_of_its_own_and_has_to_be_there(rig):
    with pytest.raises(Failed, match="no URL list Missing"):
        rig.run(adapter=rig.adapter(list_name="Missing"), accept_wider_audience=True)
    rig.twin.edit_as("alice", "Allows", "URL_LIST", {"urls": []})
    with pytest.raises(Failed, match="applies to everyone that the existing rules"):
        rig.run(adapter=rig.adapter(list_name="Allows"))
    assert rig.meter.writes == 0
    result = rig.run(adapter=rig.adapter(list_name="Allows"), accept_wider_audience=True)
    assert coverage(result)[".chatgpt.com"][:2] == ("unchecked", "yes") and "_allow" not in rig.text() and "_exempt" in rig.text()


def test_an_adopted_object_gets_the_mark_and_gives_it_back(rig):
    rig.unmarked_object()
    site = rig.snapshot()
    journal = rig.run("replaced", adopt=True)["journal"]
    assert rig.twin.find(NAME)["description"] == "Managed by netaccess.chatgpt"
    rig.run("reverted", journal=journal)
    assert rig.snapshot() == site and rig.twin.find(NAME)["description"] == ""


def test_an_empty_object_that_was_prepared_is_filled_and_emptied_again(rig):
    """So a role can be narrowed to this one object before the first run."""
    rig.twin.edit_as("alice", NAME, "cpl", {"sections": []}, description="Managed by netaccess.chatgpt, for the network team")
    site = rig.snapshot()
    rig.run()
    assert [method for method, path in asked(rig) if method != "GET" and not path.endswith("install")] == ["POST"]
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and not rig.run()["changed"]
    rig.run("deleted")
    assert rig.snapshot() == site and rig.twin.find(NAME)["description"].endswith("network team")


def test_two_objects_of_our_name_are_an_error(rig):
    for reference in ("a", "b"):
        with rig.twin.lock:
            rig.twin._create("alice", {"name": NAME, "contentType": "cpl", "referenceId": reference})
    with pytest.raises(Failed, match="more than one policy ChatGPT"):
        rig.run()


# -- sites that cannot install, or cannot look ----------------------------------------------------------------------


def test_without_a_request_to_install_a_person_does_it_and_coverage_waits_for_it(make):
    rig = make(install=False)
    before = rig.decisions()
    result = rig.run()
    assert result["changed"] and rig.decisions() == before
    assert coverage(result)[".chatgpt.com"][:2] == ("no", "no") and "waits for installation on " + rig.twin.url in coverage(result)[".chatgpt.com"][2]
    assert any("install the policy ChatGPT on the devices" in text for text in result["manual"])
    assert result["activation"] == [{"target": NAME, "status": "to be installed by hand"}]
    again = rig.run()
    assert not again["changed"] and again["requests"]["writes"] == 0 and coverage(again)[".chatgpt.com"][0] == "no"
    rig.force()
    seen = rig.run()
    assert coverage(seen)[".chatgpt.com"] == ("yes", "yes", "") and not [text for text in seen["manual"] if "install" in text or "assign" in text]
    planned = rig.run(policy=LATER, check=True)
    assert coverage(planned)["*.oaistatic.com"][0] == "no", "a plan that nobody installs opens nothing"


def test_without_consoles_nothing_is_claimed_and_an_interrupted_run_is_installed_again(make):
    rig = make(consoles=False)
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert {row[0] for row in coverage(result).values()} == {"unchecked"}
    assert "without consoles it is unknown whether a device runs it" in coverage(result)["js.stripe.com"][2]
    assert result["propagation"] == 300 and any("assign the policy" in text for text in result["manual"])
    with pytest.raises(Killed):
        rig.run(policy=LATER, fault=Fault("kill_before_activation"))
    assert rig.decide(MEMBER, "x.oaistatic.com")[0] == "block"
    finished = rig.run(policy=LATER)
    assert (rig.meter.writes, rig.meter.activations, finished["changed"]) == (0, 1, True)
    assert rig.decide(MEMBER, "x.oaistatic.com")[0] == "allow" and not rig.run(policy=LATER)["changed"]


def test_without_consoles_an_interrupted_way_back_is_installed_again(make):
    rig = make(consoles=False)
    journal = rig.run()["journal"]
    with pytest.raises(Killed):
        rig.run("reverted", journal=journal, fault=Fault("kill_before_activation"))
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert rig.run("reverted", journal=journal)["changed"] and (rig.meter.writes, rig.meter.activations) == (0, 1)
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert not rig.run("reverted", journal=journal)["changed"] and rig.meter.activations == 0


def test_a_run_that_was_killed_before_its_first_write_is_taken_back(rig):
    """No policy of ours is there that could wait for an installation."""
    site = rig.snapshot()
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", moment="before write"))
    result = rig.run("reverted")
    assert result["activation"] == [{"target": "ChatGPT", "status": "not there: nothing to install"}] and rig.snapshot() == site
    assert [journal.status for journal in rig.journals()] == ["reverted"]


def test_what_was_installed_by_nobody_shows_in_gathered(rig):
    rig.run()
    with pytest.raises(Killed):
        rig.run(policy=LATER, fault=Fault("kill_before_activation"))
    result = rig.run("gathered", LATER)
    assert result["pending"] == "ours" and coverage(result)["*.oaistatic.com"][0] == "no" and "waits" in coverage(result)["*.oaistatic.com"][2]


def test_an_installation_without_an_answer_is_asked_of_the_devices_and_never_again_of_management_center(make):
    def install(request):
        return request.path.endswith("/install")
    rig = make()
    rig.twin.faults.append(Weather("drop_after", when=install))
    assert rig.run()["activation"][-1]["status"] == "in force" and len([one for one in rig.twin.log if install(one)]) == 1
    unseen = make(consoles=False)
    unseen.twin.faults.append(Weather("drop_before", when=install))
    with pytest.raises(Failed, match="it is unknown whether the write took effect"):
        unseen.run(journal=str(unseen.folder / "unseen"))


def test_what_cloud_swg_runs_cannot_be_read(rig):
    result = rig.run(adapter=rig.adapter(mode="upe"))
    assert {row[0] for row in coverage(result).values()} == {"unchecked"} and any("Universal" in text for text in result["manual"])


def test_policy_that_does_not_compile_leaves_the_old_one_and_is_taken_back(make):
    rig = make(people=True)
    rig.twin.knobs.ssl_takes_all = False
    before, site = rig.decisions(), rig.snapshot()
    with pytest.raises(Failed, match="if it did not compile.*The old state was restored") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "activation"
    assert rig.decisions() == before and rig.snapshot() == site and "not allowed in <SSL-Intercept>" in rig.twin.last_error


def test_a_refused_installation_says_why(make):
    rig = make(people=True, install_reports_errors=True)
    rig.twin.knobs.ssl_takes_all = False
    with pytest.raises(Failed, match="HTTP 422: Unprocessable not allowed in <SSL-Intercept>.*The old state was restored"):
        rig.run()


@pytest.mark.parametrize("request_,problem", [
    (Install("DELETE", "/api/x"), "must be POST or PUT"), (Install("POST", "//evil.example/x"), "path on Management Center"),
    (Install("POST", "https://evil.example/x"), "path on Management Center"), (Install("POST", "@evil.example/x"), "path on Management Center"),
    (Install("POST", "/\\evil.example/x"), "path on Management Center"), (Install("POST", "/api/{uuid}\r\nX: y"), "path on Management Center"),
    (Install("POST", "/api/{id}"), "{id} is unknown"), (Install("POST", "/api/x", {"a": ["{password}"]}), "{password} is unknown")])
def test_the_operators_request_is_checked(request_, problem):
    with pytest.raises(AccessError, match=re.escape(problem)):
        request_.checked()


# -- who, where, and how wide ---------------------------------------------------------------------------------------


def test_authentication_ports_and_lookalikes_stay(rig):
    rig.run()
    for host in ("chatgpt.com", "api.openai.com"):
        assert rig.twin.authenticated("member", host) and rig.decide(MEMBER, host) == OPEN
        assert {rig.twin.decide("member", host, port)[0] for port in (22, 80, 8443)} == {"block"}
    for host in ("evilchatgpt.com", "chatgpt.com.evil.test", "evilopenai.com"):
        assert rig.decide(MEMBER, host) == ("allow", "decrypt"), host
    assert "authenticate" not in rig.text()


def test_what_the_ssl_layer_cannot_say_is_widened_and_told(make):
    policy = Policy.from_config({"allow": ["*.openai.com", "js.stripe.com"], "exempt": ["*.openai.com", "js.stripe.com"]})
    rig = make()
    notes = coverage(rig.run(policy=policy))
    assert "widened: undecrypted are openai.com itself too" in notes["*.openai.com"][2] and "its subdomains too" in notes["js.stripe.com"][2]
    assert rig.decide(MEMBER, "x.js.stripe.com") == OPEN and rig.decide(MEMBER, "openai.com")[0] == "block"
    full = make(people=True)
    assert {note for _allowed, _exempt, note in coverage(full.run(policy=policy)).values()} == {""}
    assert full.decide(MEMBER, "x.js.stripe.com") == ("allow", "decrypt") and full.decide(MEMBER, "js.stripe.com") == OPEN


def test_people_do_not_narrow_the_exemption_unless_the_release_takes_them(rig):
    groups = {"clients": (), "groups": ("AI users",)}
    with pytest.raises(Failed, match="the TLS exemption applies to everybody"):
        rig.run(adapter=rig.adapter(**groups))
    assert rig.meter.writes == 0
    rig.run(adapter=rig.adapter(**groups), accept_wider_audience=True)
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and rig.decide(STRANGER, "chatgpt.com")[0] == "block"
    assert rig.run(adapter=rig.adapter(**groups), policy=replace(FIRST, exempt=()), check=True)["audience_widened"] == []


@pytest.mark.parametrize("sign_in, asked", [
    ("OK", False), ("authenticate(no)", False), ("authenticate(corp)\n<Proxy>\n  url.domain=chatgpt.com authenticate(no)", False),
    ("url.domain=chatgpt.com OK\n  authenticate(corp)", False), ("authenticate(corp)\n<Proxy>\n  url.domain=other.example authenticate(no)", True)])
def test_a_group_counts_only_where_the_proxy_asks_who_it_is(make, sign_in, asked):
    rig = make(people=True, site=SITE.replace("authenticate(corp)", sign_in))
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com")[0] == ("allow" if asked else "block")
    assert coverage(result)[".chatgpt.com"][0] == ("yes" if asked else "unchecked")
    assert asked or "requires authentication" in coverage(result)[".chatgpt.com"][2]


def test_several_parts_narrow_each_other_and_entries_of_one_add_up(make):
    rig = make(people=True)
    rig.run(adapter=rig.adapter(groups=("AI users", "Staff"), clients=("10.1.0.0/24", "10.9.0.0/16")))
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and rig.decide(STRANGER, "chatgpt.com")[0] == "block"
    assert rig.run(adapter=rig.adapter(groups=("AI users", "Staff"), clients=("10.0.0.0/8",)))["changed"]
    assert rig.decide(STRANGER, "chatgpt.com") == OPEN


def test_everyone_has_no_condition(rig):
    rig.run(adapter=rig.adapter(clients=()))
    assert rig.decide(MEMBER, "chatgpt.com") == rig.decide(STRANGER, "chatgpt.com") == OPEN


def test_a_rule_for_a_part_of_the_audience_would_be_taken_back_which_is_refused(make):
    rig = make(site=SITE.replace("<SSL-", "<Proxy>\n  group=\"Quarantine\" DENY\n\n<SSL-", 1))
    with pytest.raises(Failed, match="blocks a part of the audience"):
        rig.run()
    assert rig.meter.writes == 0
    assert rig.run(accept_wider_audience=True)["changed"]


@pytest.mark.parametrize("line", ["client.address=10.7.0.0/16 DENY", "url.domain=other.example DENY", "client.address=10.1.0.0/16 DENY",
                                  "group=\"Quarantine\" url.domain=other.example DENY"])
def test_a_rule_for_others_or_for_the_whole_audience_is_no_reason_to_stop(make, line):
    rig = make(site=SITE.replace("<SSL-", "<Proxy>\n  %s\n\n<SSL-" % line, 1))
    assert rig.run()["audience_widened"] == [] and rig.decide(MEMBER, "chatgpt.com") == OPEN


def test_voice_is_told(rig):
    result = rig.run(policy=replace(FIRST, media=MEDIA))
    assert any(text.startswith("voice (voice: UDP 3478") for text in result["manual"])


# -- conflicts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["url.domain=chatgpt.com FORCE_DENY", "url.host.suffix=gpt.com force_exception(policy_denied)",
                                  "condition=!staff url.domain=chatgpt.com FORCE_DENY", "condition=!others FORCE_DENY"])
def test_a_final_rule_is_a_conflict_for_people(make, line):
    site = "define condition staff\n  client.address=10.2.0.0/16\nend condition staff\n" + DEFINED + SITE.replace("<SSL-", "<Proxy>\n  %s\n\n<SSL-" % line, 1)
    rig = make(site=site)
    result = rig.run()
    conflict, = result["conflicts"]
    assert conflict["remedy"] == [] and line in conflict["text"] and ".chatgpt.com" in conflict["hosts"] and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert conflict["certain"] and coverage(result)[".chatgpt.com"][0] == "no"
    with pytest.raises(Failed, match="resolved automatically"):
        rig.run(unblock=(conflict["id"],))


INSIDE = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com", "a.b.openai.com"), "js.stripe.com": ("js.stripe.com",)}


def met(rule: str, flow: dict) -> bool:
    """Whether the twin takes a rule, by itself, to be about a connection."""
    return all(true(word, flow) for word in split(rule) if "=" in word.split("(")[0])


@pytest.mark.parametrize("people", [False, True], ids=["networks", "groups"])
def test_what_is_claimed_of_any_site_is_what_the_device_does(make, people):
    """A hundred sites by chance. What is called open is open; what no rule of the site is about is called open, and is no conflict; what is called
    certainly shut for good is shut; nobody is said to be reached who is not."""
    dice, claimed = random.Random(20261125), Counter()
    rig = make(people=people, site=DEFINED + SITE)
    rig.run()
    # Where the audience is named by groups, any network may hold a part of it.
    parts = [who for who, whom in WHO.items() if whom == "part" or (people and "address" in who)]
    for _site in range(100):
        before, after = any_layers(dice, people), any_layers(dice, people)
        rig.twin.site, rig.twin.tail = DEFINED + as_cpl(before) + "<Proxy>\n  authenticate(corp)\n<SSL-Intercept>\n  ssl.forward_proxy(https)\n", as_cpl(after)
        if people:
            # Who somebody is has to be known before the first rule asks.
            rig.twin.site = "<Proxy>\n  authenticate(corp)\n" + rig.twin.site
        rig.force()
        adapter = rig.adapter()
        found = adapter.assess(FIRST, adapter.read())
        told = rig.twin.site + "-- ours --\n" + rig.twin.tail
        final = {host for one in found.conflicts for host in one.hosts if one.effect == "deny" and one.certain and "it is final" in one.text}
        for row in found.coverage:
            hosts = INSIDE[row.pattern]
            seen = [rig.twin.decide(MEMBER, host) for host in hosts]
            claimed[row.allowed, row.exempt] += 1
            assert row.allowed != "yes" or {one[0] for one in seen} == {"allow"}, (row, told)
            assert row.exempt != "yes" or {one[1] for one in seen} == {"tunnel"}, (row, told)
            assert row.pattern not in final or {one[0] for one in seen} == {"block"}, (row, told)
            flows = [rig.twin._flow(MEMBER, host, 443) for host in hosts]
            for kind, word in (("Proxy", "allowed"), ("SSL-Intercept", "exempt")):
                harmful = [rule for layers, late in ((before, False), (after, True)) for one, rules in layers if one == kind for rule in rules
                           if ("ALLOW" not in rule and " OK" not in " " + rule if kind == "Proxy" else "(https)" in rule) and (late or "orce_" in rule.lower())]
                about = [rule for rule in harmful if any(met(rule, flow) for flow in flows) or any(who in rule for who in parts) or "Generative" in rule]
                if not about and getattr(row, word) != "not wanted":
                    assert getattr(row, word) == "yes", (row, told)
        assert found.audience_widened == [] or any(who in told for who in parts), told
    for words in zip(*claimed.elements()):
        # Of people, little is sure.
        assert min(words.count(word) for word in ("yes", "unchecked", "no")) > (2 if people else 10), claimed


def test_rules_behind_ours_are_conflicts_and_those_before_are_not(rig):
    assert rig.run()["conflicts"] == []
    rig.twin.tail = "<Proxy>\n  url.domain=openai.com exception(policy_denied)\n<SSL-Intercept>\n  url.domain=chatgpt.com ssl.forward_proxy(https)\n"
    result = rig.run()
    assert [(one["effect"], one["hosts"], one["certain"]) for one in result["conflicts"]] == [
        ("deny", ("*.openai.com",), True), ("decrypt", (".chatgpt.com",), True)]
    assert rig.decide(MEMBER, "api.openai.com")[0] == "block" and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")
    assert coverage(result)["*.openai.com"][0] == "no" and coverage(result)[".chatgpt.com"][:2] == ("yes", "no")
    assert "it comes after the rules of this collection" in result["conflicts"][0]["text"]
    rig.twin.tail = "<Proxy>\n  url.domain=openai.com ALLOW\n  url.domain=openai.com DENY\n"
    assert rig.run()["conflicts"] == []
    rig.twin.tail = "<Proxy>\n  url.domain=openai.com DENY\n  url.host.suffix=.openai.com FORCE_DENY\n"
    assert ["FORCE" in one["text"] for one in rig.run()["conflicts"]] == [False], "the second one is never asked"


@pytest.mark.parametrize("who,line,certain", [
    ({}, "client.address=10.1.0.0/16", True), ({}, "client.address=10.1.0.128/25", False), ({}, "client.address=10.9.0.0/16", None),
    ({}, "client.address=!10.9.0.0/16", True), ({}, "client.address=!10.1.0.128/25", False), ({}, "group=\"AI users\"", False),
    ({"groups": ("AI users",)}, "group=\"ai users\"", True), ({"groups": ("AI users",)}, "group=(Staff, \"AI users\")", True),
    ({"groups": ("AI users",)}, "group=Staff", False), ({"groups": ("AI users",)}, "user=\"AI users\"", False),
    ({"groups": ("AI users", "Staff")}, "group=Staff", False), ({"groups": ("AI users",)}, "client.address=10.2.0.0/24", False),
    ({"users": ("mia",)}, "user=mia", True), ({"users": ("mia",)}, "group=mia", False)], ids=str)
def test_whom_a_final_rule_is_about(make, who, line, certain):
    """Certainly about the whole audience, perhaps about a part of it, or about nobody in it."""
    rig = make(people=True)
    rig.twin.tail = "<Proxy>\n  url.domain=openai.com %s FORCE_DENY\n" % line
    who = dict({"clients": (), "groups": (), "users": ()}, **(who or {"clients": ("10.1.0.0/24",)}))
    found = rig.run(check=True, adapter=rig.adapter(**who))["conflicts"]
    assert [one["certain"] for one in found] == ([] if certain is None else [certain])


def test_what_the_ssl_layer_denies_by_the_certificate_is_a_conflict(make):
    rig = make(site=SITE + "\n<SSL>\n  server.certificate.hostname=\".openai.com\" Deny\n  client.address=10.1.0.0/16 Deny\n")
    first, second = rig.run(check=True)["conflicts"]
    assert first["hosts"] == ("*.openai.com",) and first["certain"] and "it is final" in first["text"]
    assert second["hosts"] == (".chatgpt.com", "js.stripe.com") and second["certain"], "a deny without a certificate's name is one, too"
    rig = make(site=SITE + "\n<SSL>\n  server.certificate.hostname=\".openai.com\" Deny\n")
    rig.run()
    assert rig.decide(MEMBER, "api.openai.com")[0] == "block" and rig.decide(MEMBER, "chatgpt.com") == OPEN


def test_a_list_that_no_rule_denies_by_is_none_of_our_business_where_devices_can_be_asked(make):
    for consoles, expected in ((True, []), (False, [("URL list Favourites", False), ("LOCAL_CATEGORY_DB Local", False)])):
        rig = make(consoles=consoles)
        rig.twin.edit_as("alice", "Favourites", "URL_LIST", {"urls": [{"url": "www.chatgpt.com", "description": "", "enabled": True},
                                                                      {"url": "openai.com", "description": "", "enabled": False}]})
        rig.twin.edit_as("alice", "Local", "LOCAL_CATEGORY_DB", {"categories": [
            {"type": "inline", "name": "c", "entries": [{"type": "url", "url": "http://openai.com", "comment": ""}]}]})
        result = rig.run()
        assert [(one["where"], one["certain"]) for one in result["conflicts"]] == expected
        assert rig.decide(MEMBER, "chatgpt.com") == OPEN


def test_without_consoles_policies_on_management_center_are_judged(make):
    rig = make(consoles=False)
    rig.twin.edit_as("alice", "Company", "cpl", {"sections": [{"name": "Company", "defaultPolicy": "<Proxy>\n  url.domain=chatgpt.com FORCE_DENY\n"}]})
    conflict, = rig.run()["conflicts"]
    assert conflict["where"] == "policy Company" and not conflict["certain"], "whether a device runs it, is not known"


def test_one_write_for_one_list_and_its_entries_keep_what_they_are(rig):
    urls = [{"url": url, "description": "d", "enabled": True, "extra": 1} for url in ("a.example", "chatgpt.com", "openai.com")]
    rig.twin.edit_as("alice", "Blocked sites", "URL_LIST", {"urls": urls, "more": True})
    rig.force()
    ids = tuple(one["id"] for one in rig.run()["conflicts"])
    assert len(ids) == 2
    result = rig.run(unblock=ids)
    assert (rig.meter.writes, result["planned_steps"], result["conflicts"]) == (1, 1, [])
    content = rig.twin.content("Blocked sites", "URL_LIST")
    assert content["more"] and content["urls"][0] == urls[0] and [one["enabled"] for one in content["urls"]] == [True, False, False]
    assert content["urls"][1] == dict(urls[1], enabled=False, description="d [disabled by netaccess.chatgpt]")
    assert rig.decide(MEMBER, "api.openai.com") == OPEN and rig.decide(MEMBER, "a.example")[0] == "block"


def test_a_list_that_took_the_change_and_does_not_hold_it_is_noticed(rig):
    rig.block_early()
    conflict, = rig.run()["conflicts"]
    rig.twin.faults.append(Weather("swallow", when=lambda request: request.method == "POST" and request.path.endswith("/content")))
    with pytest.raises(Failed, match="accepted the change but does not hold it"):
        rig.run(unblock=(conflict["id"],))


def test_a_protected_list_is_not_offered(rig):
    rig.block_early()
    conflict, = rig.run(adapter=rig.adapter(protected=("Blocked sites",)))["conflicts"]
    assert conflict["remedy"] == [] and conflict["opens"] == "protected"


def test_what_scans_decrypted_content_is_a_loss_and_can_stop_the_run(make):
    rig = make(site=SITE + "\n<Proxy>\n  response.icap_service(scanner) request.icap_service(no)\n")
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))
    assert [(loss["control"], loss["hosts"]) for loss in rig.run()["losses"]] == [
        (control, ("*.openai.com", ".chatgpt.com")) for control in ("av", "icap")]
    spared = make(site=SITE + "\n<Proxy>\n  response.icap_service(scanner)\n<SSL-Intercept>\n  url.domain=bank.example ssl.forward_proxy(no)\n")
    assert [loss["control"] for loss in spared.run()["losses"]] == ["av", "icap"], "a later layer about something else takes nothing back"
    without = make(site=SITE.replace("ssl.forward_proxy(https)", "ssl.forward_proxy(no)") + "\n<Proxy>\n  response.icap_service(scanner)\n")
    assert without.run()["losses"] == [], "nothing was decrypted before"


def test_a_workspace_header_stops_the_run(make):
    rig = make(site=SITE + "\n<Proxy>\n  url.domain=chatgpt.com action.workspace(yes)\ndefine action workspace\n"
               "  set(request.header.ChatGPT-Allowed-Workspace-Id, \"w\")\nend action workspace\n")
    with pytest.raises(Failed, match="own ChatGPT workspace"):
        rig.run()
    kept = rig.run(tenant_control="keep")
    assert kept["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")


# -- credentials and rights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes,problem", [
    ({"login": Login(token="wrong-token")}, "rejects the credentials"), ({"console": ("console", "wrong")}, "console_username and console_password")])
def test_bad_credentials(rig, changes, problem):
    with pytest.raises(Failed, match=problem) as failed:
        rig.run(adapter=rig.adapter(**changes))
    assert failed.value.result["failure"]["class"] == "auth" and "wrong" not in str(failed.value)


def test_a_role_that_may_only_read_audits_and_fails_to_write(rig):
    rig.twin.readers.add("netaccess")
    assert rig.run(check=True)["changed"]
    with pytest.raises(Failed, match="role of this account.*do not have permission.*The old state was restored"):
        rig.run()


# -- what is only written down --------------------------------------------------------------------------------------


PARAMS = dict(mode="edge", method="management_center", list_name=None, exempt_list_name=None, host="mc.example.com", port=8082, token="t", username=None,
              password=None, tenant=None, prefix="ChatGPT",
              install=None, consoles=[], console_username=None, console_password=None, ssl_layer="basic", scan_conflicts=True, protected=[], comment=None,
              state="merged", audience={"clients": ["10.1.0.0/24"]}, activate=True, validate_certs=True, ca_path=None, certificate_fingerprint=None, proxy=None,
              timeout=60)


def task(state="merged", policy=FIRST, **params):
    adapter = from_module(SimpleNamespace(check_mode=False, params=dict(PARAMS, state=state, **params)))
    return Run(adapter, policy, Options(state=state)).execute()


@pytest.mark.parametrize("params,problem", [
    ({"token": None}, "token or username"), ({"host": None}, "host"), ({"audience": {}}, "audience"), ({"consoles": ["https://e"]}, "console_username"),
    ({"consoles": ["http://e"], "console_username": "u", "console_password": "p"}, "https://"),
    ({"audience": {"groups": ["a\" ALLOW"]}}, "not allowed in a rule"),
    ({"audience": {"groups": ["a\nb"]}}, "not allowed in a rule"), ({"audience": {"clients": ["10.0.0.0/33"]}}, "CIDR"),
    ({"prefix": "a;b"}, "not allowed in a rule"),
    ({"install": {"method": "POST", "path": "/api/x", "body": None}, "activate": False}, "later runs cannot detect"),
    ({"method": "policy_file"}, "state rendered"), ({"install": {"method": "POST", "path": "api", "body": None}}, "install.path")])
def test_options_that_cannot_be(params, problem):
    with pytest.raises(AccessError, match=problem):
        from_module(SimpleNamespace(check_mode=False, params=dict(PARAMS, **params)))


def test_portal_mode_writes_nothing_claims_nothing_and_names_every_step():
    result = task(policy=replace(FIRST, media=MEDIA), mode="portal", host=None, token=None)
    assert not result["changed"] and {(row["allowed"], row["allowed_by"]) for row in result["coverage"]} == {("unchecked", None)}
    steps = "\n".join(result["manual"])
    assert all(text in steps for text in ("Content Filtering", "Do Not Intercept", "networks 10.1.0.0/24", "Activate Policy", "UDP 3478")) and "*." not in steps
    pages = {step["request"]["portal step"]: step["request"]["text"] for step in task("rendered", mode="portal", host=None)["rendered"]}
    assert len(pages) == 3 and "chatgpt.com\n" in pages["1. Policy > Content Filtering"]
    assert "openai.com (also covers the name itself, which was not requested)" in str(pages)
    assert "js.stripe.com" not in pages["2. Policy > TLS/SSL Interception"]
    assert not task("deleted", mode="portal")["changed"]


def test_a_rendered_policy_file_decides_as_the_object_does(make):
    rig = make()
    one, = task("rendered", method="policy_file", host=None, token=None)["rendered"]
    assert one["request"]["file"] == "ChatGPT.cpl"
    rig.twin.state["installed"]["file"] = one["request"]["text"]
    compile_cpl(rig.twin.current(), False)
    by_file = rig.decisions()
    del rig.twin.state["installed"]["file"]
    rig.run()
    assert rig.decisions() == by_file and by_file[MEMBER, "chatgpt.com"] == OPEN


def test_a_rendered_local_database_says_where_it_is_wider(make):
    rig = make()
    files = {step["request"]["file"]: step["request"]["text"] for step in task("rendered", method="local_database")["rendered"]}
    name, held = "", {}
    for line in files["ChatGPT-categories.txt"].splitlines():
        name = line.split()[-1] if line.startswith("define category") else name
        if not line.startswith(("define", ";", "end")):
            held.setdefault(name, []).append(line)
    assert held == {"netaccess_chatgpt_allow": ["chatgpt.com", "openai.com", "js.stripe.com"], "netaccess_chatgpt_exempt": ["chatgpt.com", "openai.com"]}
    assert "; widened: asked was js.stripe.com" in files["ChatGPT-categories.txt"]
    compile_cpl(rig.twin.current() + files["ChatGPT.cpl"], False)
    assert "category=netaccess_chatgpt_allow url.port=443 client.address=10.1.0.0/24 ALLOW" in files["ChatGPT.cpl"]


# -- CPL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part,full", [("allow", False), ("exempt", False), ("exempt", True)])
@pytest.mark.parametrize("text", ["example.com", "*.example.com", ".example.com", "url.regex=\"ex(am)?ple\"", "!url.domain=example.com"])
def test_entries_come_back_as_they_went(part, full, text):
    written = section.write_section("ChatGPT", {part: {text}}, {part: "condition=netaccess_chatgpt_%s ALLOW" % part}, "", full)
    found = section.read_section(written, "ChatGPT")
    assert found.members[part] == {text} and not found.other


@pytest.mark.parametrize("pattern,inside,outside", [
    ("example.com", ("example.com",), ("a.example.com", "notexample.com")),
    ("*.example.com", ("a.example.com", "a.b.example.com"), ("example.com", "notexample.com")),
    (".example.com", ("example.com", "a.example.com"), ("notexample.com", "example.com.evil.test"))])
def test_an_entry_matches_what_the_pattern_does(make, pattern, inside, outside):
    rig = make()
    rig.twin.knobs.categories["example.com"] = rig.twin.knobs.categories["notexample.com"] = rig.twin.knobs.categories["evil.test"] = "Generative AI"
    rig.run(policy=Policy.from_config({"allow": [pattern]}))
    assert {rig.decide(MEMBER, host)[0] for host in inside} == {"allow"} and {rig.decide(MEMBER, host)[0] for host in outside} == {"block"}
