# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access beyond the contract: sign-in, folders and snippets, Internet rules, profile groups, pushes, requests, and all that the judge does not know."""
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm import api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.adapter import from_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import GROUP
from tests.contract.rig import FIRST, MEMBER, NEXT_YEAR, STRANGER
from tests.products.scm.rig import CLIENT, LIST, RULE, ScmRig
from tests.products.scm.twin import decryption, internet, rule
from tests.products.server import Fault, Reply

ALICE = "alice@1234567890.iam.panserviceaccount.com"


@pytest.fixture
def rig(open_rig):
    return open_rig(ScmRig)


def covered(result, pattern=".chatgpt.com"):
    return next((row["allowed"], row["exempt"]) for row in result["coverage"] if row["pattern"] == pattern)


# -- sign-in and requests


def test_a_wrong_secret_is_named_and_not_repeated(rig):
    with pytest.raises(Failed, match="check client_id, client_secret and tsg_id") as failed:
        rig.run(adapter=rig.adapter(secret="Wrong-Secret-1"))
    assert failed.value.result["failure"]["class"] == "auth" and "Wrong-Secret-1" not in str(failed.value)


def test_a_token_that_ends_during_the_push_is_renewed(rig):
    polled = []

    def ends(request):
        if "/jobs/" in request.path and not polled:
            polled.append(rig.twin.tokens.clear())
        return False
    rig.twin.faults.append(Fault("status", when=ends))
    assert rig.run()["changed"] and polled and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert [request.path for request in rig.twin.log].count("/oauth2/access_token") == 2


def test_what_a_first_run_and_a_second_one_cost(rig):
    """The first: a token; twice seven lists of rules and categories, services, groups and URL profiles (once), jobs; two looks at the job and one at its
    parts; seven writes and the push."""
    first = rig.run()["requests"]
    second = rig.run()["requests"]
    assert (first["reads"], first["writes"], second["reads"], second["writes"]) == (26, 8, 13, 0)


def test_tables_of_names_are_read_where_a_rule_has_such(rig):
    tables = {"addresses", "application-groups", "service-groups", "external-dynamic-lists"}

    def read(_result):
        return {request.path.rpartition("/")[2] for request in rig.twin.log} & tables
    # Malware may be the name of a list.
    assert read(rig.run(check=True)) == {"external-dynamic-lists"}
    rig.add("security rule", rule("odd", "allow", application=["GenAI"], source=["Office"]))
    assert read(rig.run(check=True)) == {"addresses", "application-groups", "external-dynamic-lists"}


def test_a_long_table_is_read_in_pages_and_a_part_of_one_is_refused(rig, monkeypatch):
    for number in range(3):
        rig.twin.add("url category", {"name": "c%d" % number, "list": []})
    monkeypatch.setattr(api, "PAGE", 2)
    assert rig.run(check=True)["changed"]
    part = Reply.of_json({"data": [], "total": 4, "offset": 0, "limit": 2})
    rig.twin.faults.append(Fault("status", when=lambda request: request.path.endswith("url-categories"), reply=part))
    with pytest.raises(Failed, match="gives 0 of the 4 rows"):
        rig.run(check=True)


# -- pushes


def test_a_push_takes_our_changes_alone(rig):
    rig.twin.add("security rule", rule("theirs", "allow"), who=ALICE, at=0)
    result = rig.run()
    assert rig.decide(STRANGER, "claude.ai")[0] == "block" and set(rig.twin.dirty.values()) == {ALICE}
    assert [(one["target"], one["status"], one["scope"]) for one in result["activation"]] == [("Mobile Users", "in force", "changes of " + CLIENT)]


@pytest.mark.parametrize("knob", ["fails", "child_fails"])
def test_a_job_that_fails_is_a_failure_and_everything_is_taken_back(rig, knob):
    before = rig.snapshot()
    setattr(rig.twin.knobs, knob, "Config push aborted")
    with pytest.raises(Failed, match="Config push aborted") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "activation" and rig.snapshot() == before and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"


def test_a_push_of_which_no_folder_tells_is_not_said_to_be_in_force(rig, monkeypatch):
    """The job of the push is over, but none of a folder is there."""
    new = rig.twin._new_job
    monkeypatch.setattr(rig.twin, "_new_job", lambda kind, *rest, **more: new(kind, *rest, **more) if kind == "CommitAndPush" else None)
    told, = rig.run()["activation"]
    assert told["status"] == "the push ended, and no job of a folder tells whether it is in force there"


def test_a_job_in_an_unknown_state_is_waited_for(rig, monkeypatch):
    monkeypatch.setattr("tests.products.scm.twin._job", lambda job: {"id": job["id"], "parent_id": job["parent"], "status_str": "OF_NEXT_YEAR",
                                                                     "result_str": "OK"})
    with pytest.raises(Failed, match="still in progress") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "activation"


def test_a_push_that_is_missing_is_seen_without_the_journal(rig, tmp_path):
    rig.run(activate=False, journal=str(tmp_path / "elsewhere"))
    check = rig.run(check=True)
    assert (check["pending"], check["changed"], check["changes"]) == ("ours", True, [])
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and not rig.run()["changed"]


def test_a_push_that_failed_is_no_sign_that_ours_is_in_force(rig, tmp_path):
    rig.run(activate=False, journal=str(tmp_path / "elsewhere"))
    rig.twin.knobs.child_fails = "no license"
    with pytest.raises(Failed):
        rig.run()
    assert rig.run(check=True)["pending"] == "ours"


def test_jobs_that_are_forgotten_cost_one_push(rig):
    rig.run()
    rig.twin.jobs.clear()
    assert rig.run()["changed"] and not rig.run()["changed"]


def test_a_push_in_progress_is_named_beforehand(rig):
    rig.twin._push({"folders": ["Mobile Users"], "admin": [ALICE]}, ALICE)
    rig.twin.jobs[0]["left"] = 99
    assert rig.run(check=True)["held_by"] == ["a push of %s (job 100) is in progress" % ALICE]


# -- folders, snippets, other administrators


def test_in_a_snippet_what_stands_beside_it_is_unchecked(open_rig):
    rig = open_rig(ScmRig, snippet="Ours")
    result = rig.run()
    assert {row["name"] for kind in rig.twin.candidate for row in rig.twin.candidate[kind] if row.get("snippet") == "Ours"} == {
        LIST, "chatgpt-exempt", "chatgpt-no-decrypt"}
    assert covered(result) == ("unchecked", "unchecked") and not rig.run()["changed"]
    rig.run("deleted")
    assert not [row for rows in rig.twin.candidate.values() for row in rows if row.get("snippet") == "Ours"]


def test_a_rule_of_a_folder_above_is_a_conflict_without_a_remedy(rig):
    rig.add("security rule", rule("No AI", "deny", category=["AI sites"]), folder="All")
    result = rig.run()
    conflict, = result["conflicts"]
    assert (conflict["where"], conflict["certain"], conflict["remedy"]) == ("rule of folder All No AI", True, [])
    assert "it is defined in folder All" in conflict["opens"] and covered(result)[0] == "no"


def test_a_rule_of_a_snippet_is_never_certain(rig):
    rig.add("security rule", rule("No AI", "deny", category=["AI sites"]), snippet="Shipped")
    result = rig.run()
    conflict, = result["conflicts"]
    assert not conflict["certain"] and "place of snippet Shipped" in conflict["text"] and covered(result)[0] == "unchecked"


def test_of_two_categories_of_one_name_elsewhere_neither_is_certain(rig):
    for folder in ("All", "Prisma Access"):
        rig.add("url category", {"name": "twice", "list": ["chatgpt.com/", "*.chatgpt.com/"]}, folder=folder)
    rig.add("security rule", rule("No chat", "deny", category=["twice"]), folder="All")
    assert [one["certain"] for one in rig.run(check=True)["conflicts"]] == [False]


def test_what_somebody_adds_meanwhile_stays_and_what_they_change_stops_us(rig):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def late(request):
        rig.find(LIST, "url category")["list"].append("late.example/")
        adapter.send = send
        return send(request)
    adapter.send = late
    policy = Policy.from_config({"allow": [".chatgpt.com", "new.example"], "exempt": [".chatgpt.com"]})
    rig.run(policy=policy, adapter=adapter)
    assert {"late.example", "new.example"} <= rig.foreign_members()
    adapter = rig.adapter()
    steps = adapter.steps

    def changed(changes, state):
        rig.find(RULE)["source_user"] = ["example\\somebody"]
        return steps(changes, state)
    rig.change_field()
    adapter.steps = changed
    with pytest.raises(Failed, match="someone else changed source_user"):
        rig.run(adapter=adapter)


# -- Internet rules


def test_an_internet_rule_that_decrypts_a_category_of_ours_makes_the_exemption_unchecked(rig):
    rig.add("security rule", internet("Net", allow_url_category=[{"name": "AI sites", "decryption": "enabled", "credential_enforcement": "disabled"}]))
    result = rig.run()
    assert covered(result) == ("yes", "unchecked")
    conflict, = [one for one in result["conflicts"] if one["effect"] == "decrypt"]
    assert not conflict["certain"] and "precedence of an Internet rule" in conflict["text"]
    rig.find("Net")["allow_url_category"][0]["decryption"] = "disabled"
    assert covered(rig.run()) == ("yes", "yes")


@pytest.mark.parametrize("row,text", [
    (internet("Net", block_url_category=["AI sites"]), "deny"), (internet("Net", "deny", allow_url_category=[{"name": "AI sites"}]), "deny"),
    (internet("Net", allow_url_category=[{"name": "AI sites", "additional_action": "isolate"}]), "isolate")])
def test_what_an_internet_rule_keeps_from_people_is_a_conflict_and_can_be_resolved(rig, row, text):
    rig.add("security rule", row, at=0)
    result = rig.run(check=True, adapter=rig.adapter(never_above=("Net",)))
    conflict = next(one for one in result["conflicts"] if one["effect"] == "deny")
    assert conflict["certain"] and text in conflict["text"] and conflict["remedy"][0]["fields"]["disabled"] == {"old": False, "new": True}
    assert rig.run(unblock=(conflict["id"],), adapter=rig.adapter(never_above=("Net",)))["changed"]
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "allow" and rig.find("Net")["disabled"]


def test_below_an_internet_rule_ours_has_the_group_that_is_shipped(rig):
    rig.twin.candidate["security rule"] = [row for row in rig.twin.candidate["security rule"] if row["name"] != "Web"]
    rig.add("security rule", internet("Net", allow_url_category=[{"name": "AI sites", "dlp": "Corporate DLP"}]))
    result = rig.run()
    assert rig.find(RULE)["profile_setting"] == {"group": ["best-practice"]} and covered(result)[0] == "unchecked"
    assert {"dlp", "av", "sandbox", "anti_spyware", "ips"} <= {one["control"] for one in result["losses"]}


# -- profiles and losses


def test_our_group_has_the_profiles_of_the_site_without_what_blocks(rig):
    rig.run()
    group = rig.find(LIST, "profile group")
    assert group["virus_and_wildfire_analysis"] == ["best-practice"] and not group.get("url_filtering")
    rig.find("Standard", "profile group", "Prisma Access")["spyware"] = ["strict"]
    rig.force()
    result = rig.run("replaced")
    assert [(one["kind"], one["op"]) for one in result["changes"]] == [(GROUP, "update")] and rig.find(LIST, "profile group")["spyware"] == ["strict"]


def test_a_group_of_our_name_that_is_not_ours_is_not_taken(rig):
    rig.add("profile group", {"name": LIST, "spyware": ["strict"]})
    with pytest.raises(Failed, match="already exists and was not created by this collection"):
        rig.run("replaced")


@pytest.mark.parametrize("profile,controls", [
    ({"virus_and_wildfire_analysis": ["x"]}, {"av", "sandbox"}), ({"data_filtering": ["x"]}, {"dlp"}), ({"ai_security": ["x"]}, {"prompt_logging"}),
    ({"vulnerability": ["x"], "spyware": ["x"], "file_blocking": ["x"]}, {"ips", "anti_spyware", "file_control"}), ({"dns_security": ["x"]}, set())])
def test_each_control_that_the_exemption_passes_is_a_loss(rig, profile, controls):
    group = rig.find("Standard", "profile group", "Prisma Access")
    for name in ("spyware", "vulnerability", "virus_and_wildfire_analysis", "url_filtering"):
        group.pop(name)
    group.update(profile)
    rig.force()
    assert {one["control"] for one in rig.run(check=True)["losses"]} == controls
    if controls:
        with pytest.raises(Failed, match="refuse_losses"):
            rig.run(refuse_losses=tuple(controls))
        assert rig.meter.writes == 0


def test_a_header_that_keeps_people_in_their_workspace_is_a_tenant_control(rig):
    rig.add("http header profile", {"name": "Workspace", "http_header_insertion": [{"name": "chatgpt", "type": [{
        "name": "Custom", "domains": ["*.chatgpt.com", "chatgpt.com"], "headers": [{"name": "id", "header": "ChatGPT-Allowed-Workspace-Id",
                                                                                    "value": "w"}]}]}]}, folder="Prisma Access")
    rig.find("Standard", "profile group", "Prisma Access")["saas_security"] = ["Workspace"]
    rig.force()
    with pytest.raises(Failed, match="tenant_control"):
        rig.run()
    assert rig.meter.writes == 0
    result = rig.run(tenant_control="keep")
    assert covered(result)[1] in ("not wanted", "no")
    assert rig.find(LIST, "profile group")["saas_security"] == ["Workspace"]


def test_tenant_restrictions_of_a_rule_that_ours_precedes_are_a_loss(rig):
    """Which headers they add for which hosts, no table of the tenant tells."""
    rig.find("Web")["tenant_restrictions"] = ["Corporate", "Partners"]
    rig.force()
    found, = [one for one in rig.run(check=True, accept_wider_audience=True)["losses"] if one["control"] == "headers"]
    assert found["rule"] == "HTTP header insertion not known of tenant restrictions Corporate, Partners"
    assert set(found["hosts"]) == {".chatgpt.com", "*.openai.com", "js.stripe.com"}
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("headers",), accept_wider_audience=True)
    rig.run(accept_wider_audience=True)
    assert "tenant_restrictions" not in rig.find(LIST, "profile group") and "tenant_restrictions" not in rig.find(RULE)
    rig.find("Web")["tenant_restrictions"] = ["any"]
    rig.force()
    assert not [one for one in rig.run()["losses"] if one["control"] == "headers"]


def test_a_header_profile_that_cannot_be_read_may_insert_any(rig):
    rig.find("Standard", "profile group", "Prisma Access")["saas_security"] = ["Elsewhere"]
    rig.force()
    found, = [one for one in rig.run(check=True)["losses"] if one["control"] == "headers"]
    assert found["rule"] == "HTTP header insertion not known of HTTP header profile Elsewhere" and set(found["hosts"]) == {".chatgpt.com", "*.openai.com"}


@pytest.mark.parametrize("row", [
    rule("odd", "deny", **{NEXT_YEAR: ["x"]}), rule("odd", "of-next-year"), rule("odd", "deny", tenant_restrictions=["x"]),
    rule("odd", "deny", schedule="nights"),
    internet("odd", "deny", allow_url_category=[{"name": "AI sites", NEXT_YEAR: "x"}]), internet("odd", "deny", allow_web_application=[{"name": "ChatGPT"}]),
    internet("odd", "deny")])
def test_what_is_not_understood_is_unchecked(rig, row):
    rig.twin.knobs.new_columns |= {NEXT_YEAR, "action"}
    rig.add("security rule", row, folder="All")
    result = rig.run()
    assert covered(result)[0] == "unchecked" and not any(one["certain"] for one in result["conflicts"])


def test_a_decryption_rule_that_is_not_understood_is_unchecked(rig):
    rig.add("decryption rule", decryption("odd", "decrypt", source_hip=["managed"]), folder="All")
    assert covered(rig.run()) == ("yes", "unchecked")


def test_who_else_is_reached_is_said(rig):
    name = rig.quarantine(above=False)
    with pytest.raises(Failed, match="wider"):
        rig.run()
    assert name in " ".join(rig.run(accept_wider_audience=True)["audience_widened"])


# -- the module's options


def module(**changes):
    base = dict(state="merged", audience={"users": ["x"], "sources": [], "everyone": False}, push_folders=[], folder="Mobile Users", snippet=None,
                activate=True, position=None, api_url="https://api.example/", token_url="https://auth.example/", client_id=CLIENT, client_secret="s",
                tsg_id="1", service="strata", validate_certs=True, ca_path=None, certificate_fingerprint=None, proxy=None, timeout=60)
    return SimpleNamespace(params=dict(base, **changes))


@pytest.mark.parametrize("changes,text", [
    ({"audience": {"users": [], "sources": []}}, "set who gets access"), ({"audience": {"users": ["x"], "everyone": True}}, "not both"),
    ({"folder": "All"}, "cannot be limited to our changes"), ({"push_folders": ["Mobile Users", "Global"]}, "a push to Global")])
def test_options_that_contradict_each_other(changes, text):
    with pytest.raises(AccessError, match=text):
        from_module(module(**changes))


def test_the_older_paths_and_the_folders_of_a_push():
    adapter = from_module(module(service="sase", folder="All", push_folders=["Mobile Users", "Remote Networks"]))
    assert adapter.targets() == ["Mobile Users", "Remote Networks"] and adapter.device == "tenant 1, folder All"
    step = next(iter(adapter.steps([], adapter.blank())), None)
    assert step is None and adapter.target(FIRST, adapter.blank())[0].object.ref.name == LIST


# -- doubts


@pytest.mark.parametrize("folders,said", [
    (["Mobile Users"], None), ([], None), (["Mobile Users", "Remote Networks"], "the snippet Ours also applies to the folder Remote Networks"),
    (["All"], "the snippet Ours also applies to the folder All")])
def test_a_snippet_that_others_use_reaches_everybody_there(open_rig, folders, said):
    rig = open_rig(ScmRig, snippet="Ours")
    rig.twin.attached = {**{folder: ["Ours"] for folder in folders}, **({"All": [*rig.twin.attached["All"], *(["Ours"] if "All" in folders else [])]})}
    assert rig.run(check=True)["audience_widened"] == [], "users are the same people everywhere"
    if said is None:
        assert rig.run(check=True, adapter=rig.adapter(audience=()))["audience_widened"] == []
        return
    site = rig.snapshot()
    with pytest.raises(Failed, match=said):
        rig.run(adapter=rig.adapter(audience=()))
    assert rig.snapshot() == site and rig.run(adapter=rig.adapter(audience=()), accept_wider_audience=True)["changed"]
    assert rig.run("deleted", policy=Policy(), adapter=rig.adapter(audience=()))["changed"]


def test_a_snippet_whose_folders_cannot_be_read_may_reach_others(open_rig):
    rig = open_rig(ScmRig, snippet="Ours")
    rig.twin.faults.append(Fault("status", times=10, when=lambda request: request.path.endswith("/snippets"), reply=Reply.of_json({"_errors": []}, 403)))
    with pytest.raises(Failed, match="may be attached to other folders"):
        rig.run(adapter=rig.adapter(audience=()))


def test_a_token_that_the_service_repeats_is_in_no_message(rig):
    answer = rig.twin.answer

    def repeats(request):
        reply = answer(request)
        return Reply.of_json({"_errors": [{"message": "no right for %s" % request.headers["authorization"]}]}, 403) if request.method == "GET" else reply
    rig.twin.answer = repeats
    with pytest.raises(Failed, match="no right for Bearer") as failed:
        rig.run()
    assert not [token for token in rig.twin.tokens if token in str(failed.value) + str(failed.value.result)]
