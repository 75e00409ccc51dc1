# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action access: which options of which module it fills, what it refuses before anything is read, and what it leaves. The module is the test's."""
from __future__ import annotations

import datetime
import json
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.netaccess.chatgpt.plugins.action import access
from tests.unit.test_change_action import HostVars

POLICY = {"allow": [".chatgpt.com"], "exempt": []}
DEVICE = {"access_product": "panos", "access_policy": POLICY, "access_panos_host": "fw1.example.com", "access_comment": "CHG1"}


def run(args=None, check=False, defaults=(), results=(), **variables) -> tuple:
    """(what the action returned, [(module, options) that it ran]); ``results``: what the module returns, one after the other."""
    loader, ran, answers = DataLoader(), [], list(results) or [{"changed": True, "summary": "create x"}]
    task_vars = {"inventory_hostname": "fw1", **DEVICE, **variables}
    task_vars = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in task_vars.items() if value is not None}
    task = SimpleNamespace(args=dict(args or {}), check_mode=check, module_defaults=list(defaults), async_val=0, action="netaccess.chatgpt.access", diff=False)
    action = access.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                 Templar(loader, variables=task_vars), None)

    def module(module_name, module_args, task_vars):
        ran.append((module_name, module_args))
        answer = answers[min(len(ran), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    action._execute_module = module
    return action.run(task_vars=task_vars), ran


def options(*args, **variables) -> dict:
    (_module, found), = run(*args, **variables)[1]
    return found


def test_options_come_from_variables_of_the_product_and_those_that_all_share():
    (name, found), = run(access_panos_tags=["{{ 'it' }}"], access_timeout="{{ 300 * 2 }}", access_ca_path="/ca.pem", access_fortios_vdom="root",
                         access_unblock=None, other="x")[1]
    assert name == "netaccess.chatgpt.panos_access"
    assert found == {"state": "merged", "config": POLICY, "host": "fw1.example.com", "tags": ["{{ 'it' }}"], "timeout": 600, "ca_path": "/ca.pem",
                     "comment": "CHG1"}


def test_a_rollback_without_a_journal_is_refused_before_the_module_runs():
    with pytest.raises(AnsibleActionFail, match="netaccess_journal is not set: .* -l fw1. Nothing was changed"):
        run({"state": "reverted", "journal": "", "record": True}, results=[AssertionError("the module ran")])
    assert options({"state": "reverted", "journal": "/j/1.json"})["journal"] == "/j/1.json" and "journal" not in options({"state": "reverted"})


@pytest.mark.parametrize("warning", ["no journal can be written", SimpleNamespace(event=SimpleNamespace(msg="no journal can be written"))],
                         ids=["up to 2.18", "from 2.19 on"])
def test_a_warning_of_the_module_is_shown_as_its_text(warning):
    assert run(results=[{"changed": False, "warnings": [warning]}])[0]["warnings"] == ["no journal can be written"]


def test_a_variable_may_be_omitted_and_another_may_take_its_place():
    assert "ca_path" not in options(access_ca_path="{{ omit }}")
    assert options(access_product="barracuda_wsg")["host"] == "fw1" and options(access_product="barracuda_wsg", access_barracuda_wsg_host="x")["host"] == "x"
    assert options(access_product="squid", access_squid_program="/sbin/squid")["squid"] == "/sbin/squid"


def test_module_defaults_of_the_play_apply_below_variables():
    defaults = [{"group/netaccess.chatgpt.all": {"refuse_losses": ["av"], "timeout": 60}}, {"netaccess.chatgpt.panos_access": {"port": 8443}},
                {"netaccess.chatgpt.zia_access": {"cloud": "x"}}]
    found = options(defaults=defaults, access_timeout=90)
    assert (found["refuse_losses"], found["timeout"], found["port"]) == (["av"], 90, 8443) and "cloud" not in found


def test_the_record_of_the_change_and_the_last_audience_of_a_rollout():
    stages = [{"name": "pilot", "audience": {"users": ["a"]}}, {"name": "everyone", "audience": {"everyone": True}}]
    found = options(rollout=stages, change={"id": "CHG2", "approver": "bob"}, access_audience={"users": ["x"]})
    assert found["comment"] == "CHG2, approved by bob, stage everyone" and found["audience"] == {"everyone": True} and "stage" not in found
    found = options({"stage": dict(stages[0], number=1, of=2, last=False, reached=["pilot"])}, rollout=stages, access_audience={"users": ["x"]})
    assert found["audience"] == {"users": ["a"]} and found["comment"] == "CHG1" and found["stage"] == "pilot"
    # The last stage may leave its audience to the device.
    assert options(rollout=[stages[0], {"name": "everyone"}], access_audience={"users": ["x"]})["audience"] == {"users": ["x"]}


@pytest.mark.parametrize("variables,said", [
    ({"access_product": "asa"}, "access_product is asa; it must be one of squid, panos,"), ({"access_product": None}, "access_product is not set"),
    ({"access_comment": None}, "a change ID is required"), ({"change_window": {"windows": []}}, "change_window: it must have timezone"),
    ({"change": "CHG1"}, "change is 'CHG1'; it must be a dictionary"), ({"change_window": "{{ none }}"}, "fw1: change_window is set but has no value"),
    ({"change_window": {"timezone": "UTC", "windows": [{"start": "2026-01-01", "end": "2026-01-02"}]}}, "outside of the change window")])
def test_what_is_refused_before_the_device_is_asked(variables, said):
    with pytest.raises(AnsibleActionFail, match=said):
        run(**variables)


@pytest.mark.parametrize("state,writes", [("merged", True), ("replaced", True), ("deleted", True), ("gathered", False), ("reverted", False)])
def test_every_state_that_writes_needs_a_change_id(state, writes):
    if not writes:
        assert run({"state": state}, access_comment=None)[1]
        return
    with pytest.raises(AnsibleActionFail, match="a change ID is required"):
        run({"state": state}, access_comment=None)


def test_a_secret_that_nobody_defined_is_told_with_its_option_its_device_and_what_to_do(capsys):
    with pytest.raises(AnsibleError) as refused:
        run(access_panos_api_key="{{ vault_key }}")
    said = "access_panos_api_key of fw1 cannot be read: it refers to vault_key, which is not defined. Define it for this host; a secret belongs in a vault " \
           "(ansible-vault create group_vars/GROUP/vault.yml), and the run then needs --ask-vault-pass"
    assert str(refused.value) == said and refused.value.__cause__ is None
    found, ran = run({"record": True}, access_panos_api_key="{{ vault_key }}")
    assert (found["recorded"], found["msg"], ran) == ("failed", said, []) and "fw1: FAILED: " + said in capsys.readouterr().out


def test_a_window_has_to_be_long_enough_for_what_the_check_run_found():
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=30)).isoformat()
    window = {"windows": [{"start": "2026-01-01", "end": ends}]}
    assert run(change_window=window)[1]
    for name in ("access_preview", "access_result"):
        with pytest.raises(AnsibleActionFail, match="may take 42 minutes"):
            run(change_window=window, **{name: {"propagation": 600}})
    # Neither a check run nor a rollback is bound to it.
    assert run(check=True, change_window=window, access_timeout=3600)[1] and run({"state": "reverted", "journal": "/j"}, change_window={"windows": []})[1]


def test_a_reviewed_plan_binds_a_change_and_a_device_that_it_does_not_name_is_not_begun():
    assert options(netaccess_plans={"fw1": "abc"})["expected_plan"] == "abc"
    found, ran = run(netaccess_plans={"fw2": "abc"})
    assert not ran and found["failed"] and found["failure"]["class"] == "plan_changed" and "no reviewed plan for this device" in found["msg"]
    assert "Run the audit again" in found["msg"]
    assert options(netaccess_plans={"fw2": "abc"}, access_expected_plan="def")["expected_plan"] == "def"
    assert "expected_plan" not in options({"state": "reverted", "journal": "/j"}, netaccess_plans={})
    # A rollout is bound by its last stage, before the first one begins.
    asked = {"check": True, "rollout": [{"name": "pilot", "audience": {"users": ["a"]}}, {"name": "everyone"}]}
    ran = run({"rollout": True}, results=[HELD, FAR, NEAR], netaccess_plans={"fw1": "abc"}, **asked)[1]
    assert [one.get("expected_plan") for _name, one in ran] == ["abc", None, "abc"]
    found, ran = run({"rollout": True}, netaccess_plans={"fw2": "abc"}, **asked)
    assert not ran and found["failure"]["class"] == "plan_changed"
    # An early stage is a part of what was reviewed.
    stage = {"name": "pilot", "number": 1, "of": 2, "last": False, "reached": ["pilot"], "audience": {"users": ["a"]}}
    assert "expected_plan" not in options({"stage": stage}, netaccess_plans={})


EARLIER = [{"changed": True, "earlier": ["/j/1"]}, {"changed": False, "earlier": []}]


def test_the_way_back_needs_no_policy():
    broken = {"access_policy": "{{ lookup('netaccess.chatgpt.policy', overlays=['/nowhere']) }}"}
    (_name, found), = run({"state": "reverted", "journal": "/j/2"}, **broken)[1]
    assert "config" not in found and found["journal"] == "/j/2"
    with pytest.raises(AnsibleError):
        run(**broken)


def test_a_rollback_goes_on_with_the_stages_before_it():
    found, ran = run({"state": "reverted", "journal": "/j/2"}, results=EARLIER)
    assert [one["journal"] for _name, one in ran] == ["/j/2", "/j/1"] and found["changed"]
    # A check run has taken nothing back, so what came before cannot be foreseen.
    assert len(run({"state": "reverted", "journal": "/j/2"}, check=True, results=EARLIER)[1]) == 1
    # Hosts behind it that the oldest of these journals knows say whether all is as before; what is wrong with the inventory does not stop the rollback.
    paths = {"desk1": {"netaccess_path": {"device": "fw1"}}, "desk2": {"netaccess_path": {"device": "fw2"}}, "desk3": {"netaccess_path": {"device": "fw1"}}}
    known = [dict(EARLIER[0], baseline={"desk1": {"checks": []}, "desk2": {}}), EARLIER[1]]
    fleet = {"hostvars": HostVars(dict(paths, fw1={})), "groups": {"netaccess_vantages": list(paths)}, "ansible_play_hosts_all": ["fw1"]}
    assert run({"state": "reverted", "journal": "/j/2"}, results=known, **fleet)[0]["behind"] == ["desk1"]
    assert run({"state": "reverted", "journal": "/j/2"}, results=EARLIER)[0]["behind"] == []
    failed = [dict(EARLIER[0], failed=True, msg="locked")]
    assert len(run({"state": "reverted", "journal": "/j/2"}, results=failed)[1]) == 1


REFUSED = {"failed": True, "msg": "refused", "exception": "Traceback", "failure": {"class": "refused"}}
#: Of a module that was killed, and of an action that ends in a traceback.
UNSAID = "it ended without an answer: %s. If it wrote anything, the journal is in /j, and the next run on fw1 lists it"


@pytest.mark.parametrize("answer,word,text", [
    (REFUSED, "failed", "refused"), (AnsibleConnectionFailure("ssh"), "unreachable", UNSAID % "ssh"),
    ({"failed": True, "msg": "no JSON", "module_stdout": "Killed", "rc": 137}, "unreachable", UNSAID % "no JSON"),
    (KeyError("x"), "unreachable", UNSAID % "unexpected error (KeyError: 'x'); please report it")])
def test_a_recorded_failure_is_none_for_ansible(answer, word, text):
    found, _ran = run({"record": True}, results=[answer], access_journal="/j")
    assert (found["recorded"], found["msg"]) == (word, text) and not {"failed", "unreachable", "exception", "rc"} & set(found)
    if isinstance(answer, dict):
        assert run(results=[answer])[0]["failed"]
    found, _ran = run({"record": True})
    assert found["changed"] and "recorded" not in found and "msg" not in found


def test_what_writes_nothing_needs_no_answer():
    for args, check in (({"record": True}, True), ({"record": True, "state": "gathered"}, False)):
        assert run(args, check, results=[{"failed": True, "msg": "no JSON"}])[0]["recorded"] == "failed"
    assert run({"record": True}, access_comment=None)[0]["recorded"] == "failed"


def test_what_is_only_foreseen_is_not_counted_as_changed(capsys):
    found, _ran = run({"record": True, "quiet": True}, check=True)
    assert found["changed"] is False and found["would_change"] is True and "create x" not in capsys.readouterr().out
    assert run({"record": True}, check=True)[0]["changed"] is True and "fw1: create x" in capsys.readouterr().out


def test_a_result_and_the_rule_sets_to_import_are_left_for_the_report(tmp_path):
    answer = {"changed": False, "diagnosis": {"rule_sets": {"ChatGPT allow": "<xml/>"}}}
    run(results=[answer], access_report_dir=str(tmp_path / "report"))
    assert json.loads((tmp_path / "report" / "fw1-access.json").read_text()) == answer
    assert (tmp_path / "report" / "fw1-ChatGPT-allow.xml").read_text() == "<xml/>"


HELD, NEAR, FAR = {"gathered": [{}]}, {"changes": [{"op": "update"}]}, {"changes": [{"op": "update"}, {"op": "create"}]}


def test_where_a_rollout_stands_is_asked_of_the_device():
    stages = [{"name": "pilot", "audience": {"users": ["a"]}}, {"name": "everyone"}]
    found, ran = run({"rollout": True}, check=True, results=[HELD, FAR, NEAR], rollout=stages, access_audience={"users": ["x"]})
    assert [stage["name"] for stage in found["stages"]] == ["everyone"] and found["changed"] is False
    assert [(one["state"], one.get("audience")) for _name, one in ran] == [
        ("gathered", {"users": ["x"]}), ("merged", {"users": ["a"]}), ("merged", {"users": ["x"]})]
    found, _ran = run({"rollout": True}, check=True, results=[{"gathered": []}, FAR], rollout=stages)
    assert [stage["name"] for stage in found["stages"]] == ["pilot", "everyone"]
    # An operator who names a stage decides it.
    found, _ran = run({"rollout": True}, check=True, results=[HELD, NEAR, NEAR], rollout=stages, rollout_stage="pilot")
    assert [stage["name"] for stage in found["stages"]] == ["pilot", "everyone"]
    for word in ("failed", "unreachable"):
        assert run({"rollout": True}, check=True, results=[{word: True, "msg": "no"}], rollout=stages)[0] == {word: True, "msg": "no"}
    with pytest.raises(AnsibleActionFail, match="matches none of the stages"):
        run({"rollout": True}, check=True, results=[HELD, NEAR, NEAR], rollout=stages)
    with pytest.raises(AnsibleActionFail, match="rollout"):
        run({"rollout": True}, check=True, rollout=[])


def test_a_change_that_hosts_have_to_prove_takes_along_what_they_saw():
    look = {"checks": [{"id": "chat", "verdict": "fail", "state": "blocked", "message": "long"}], "summary": {}}
    hostvars = {"fw1": DEVICE, "desk1": {"verify_baseline": look}, "desk2": {}}
    said = {"hostvars": hostvars, "netaccess_run": {"behind": {"fw1": ["desk1", "desk2"], "fw2": []}}}
    found = options({"prove": True}, **said)["baseline"]
    assert list(found) == ["desk1"] and found["desk1"]["checks"][0].items() >= {"id": "chat", "verdict": "fail", "state": "blocked"}.items()
    assert "message" not in found["desk1"]["checks"][0]
    assert "baseline" not in options(**said) and "baseline" not in options({"prove": True, "state": "gathered"}, **said)


def test_earlier_changes_that_nothing_proves_go_back_after_the_stages_of_this_one():
    args = {"state": "reverted", "own": True}
    left = {"access_result": {"journal": "/j/3.json", "unproven": [{"journal": "/j/1.json"}, {"journal": "/j/0.json"}]}}
    answers = [{"changed": True, "earlier": ["/j/2.json"]}, {"changed": True, "earlier": ["/j/1.json"]}, {"changed": False, "earlier": []}, {"changed": False}]
    result, ran = run(args, results=answers, **left)
    assert [options["journal"] for _module, options in ran] == ["/j/3.json", "/j/2.json", "/j/1.json", "/j/0.json"] and result["changed"]
    assert len(run(args, results=[{"failed": True, "msg": "no"}], **left)[1]) == 1


def test_what_a_rollback_of_several_changes_says_is_of_all_of_them():
    """The last one that goes back is the first change: its baseline counts, else that of the one before it."""
    answers = [{"changed": True, "earlier": ["/j/1"], "baseline": {"desk1": 2}}, {"changed": False, "earlier": [], "baseline": {"desk1": 1}}]
    fleet = {"hostvars": HostVars({"fw1": {}}), "groups": {}, "ansible_play_hosts_all": ["fw1"]}
    for results, seen in ((answers, {"desk1": 1}), ([dict(answers[0], changed=False), {"changed": True}], {"desk1": 2})):
        result, _ran = run({"state": "reverted", "journal": "/j/2"}, results=results, **fleet)
        assert (result["changed"], result["baseline"], result["behind"]) == (True, seen, [])
    assert "baseline" not in run({"state": "reverted", "journal": "/j/2"}, results=[{"earlier": ["/j/1"]}, {"changed": False}])[0]


def test_what_this_run_did_not_write_is_not_taken_back():
    result, ran = run({"state": "reverted", "own": True}, access_result={"changed": False})
    assert ran == [] and result["changed"] is False and "failed" not in result


def test_the_proof_of_a_change_is_no_change_that_a_plan_has_to_foresee(tmp_path):
    result, ran = run({"state": "proven", "quiet": True}, netaccess_plans={}, access_report_dir=str(tmp_path), access_comment=None)
    assert len(ran) == 1 and ran[0][1]["state"] == "proven" and "failure" not in result and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("until,said", [("2000-01-01T00:00:00Z", "expired at 2000-01-01T00:00:00Z: run the audit again"), ("soon", "which is not a time"),
                                        ("2999-01-01T00:00:00Z", None), (None, None)])
def test_plans_are_not_carried_out_after_their_end(until, said):
    about = {"generated": "1999-12-25T00:00:00Z", "valid_until": until}
    result, ran = run(netaccess_plans={"fw1": "d" * 64}, netaccess_plans_about=about)
    if said is None:
        assert ran[0][1]["expected_plan"] == "d" * 64
        return
    assert result["failed"] and said in result["msg"] and result["failure"]["class"] == "plan_changed" and ran == []
    # A rollback is bound to no plan.
    assert run({"state": "reverted"}, netaccess_plans={}, netaccess_plans_about=about)[1]


def test_a_plan_is_about_all_stages_of_a_rollout():
    rollout = [{"name": "pilot", "audience": {"groups": ["a"]}}, {"name": "everyone"}]
    assert options(rollout=rollout)["plan_context"] == {"rollout": rollout} and "plan_context" not in options()
