# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action change: that each step asks its functions about what the run left in variables, and what it does when they cannot say."""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.netaccess.chatgpt.plugins.action import change, report
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import outcome
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.core import AnsibleValueOmittedError

FW, DESK = {"access_product": "squid", "access_comment": "CHG1"}, {"netaccess_path": {"device": "fw1"}}
FINE = {"summary": {"verdict": "pass", "message": "all pass"}, "checks": [
    {"id": "chat", "ip_version": 4, "host": "chatgpt.com", "role": "wanted", "verdict": "pass", "flags": [], "message": "chatgpt.com: open", "failure": None}]}
SHUT = {"summary": {"verdict": "fail", "message": "1 fails"}, "checks": [dict(FINE["checks"][0], verdict="fail", message="chatgpt.com: shut")]}
PREVIEW = {"changed": False, "would_change": True, "summary": "create x", "exclusive": "the lock"}


class HostVars(dict):
    """As Ansible's: {host: its variables}."""

    raw_get = dict.__getitem__


def step(name: str, hosts: dict, on: str = "fw1", check: bool = False, play: tuple = (), **args) -> dict:
    """What a step returns for the host ``on``; ``hosts``: {name: variables}, devices and hosts by how they are called; ``play``: by default all."""
    loader, play = DataLoader(), list(play or hosts)
    task_vars = dict(hosts.get(on, {}), inventory_hostname=on, hostvars=HostVars(hosts), ansible_play_hosts_all=play, ansible_play_batch=play,
                     groups={"netaccess_devices": [one for one in hosts if one.startswith("fw")],
                             "netaccess_vantages": [one for one in hosts if one.startswith("desk")]})
    task = SimpleNamespace(args=dict(args, step=name), check_mode=check, async_val=0, action="netaccess.chatgpt.change", diff=False)
    action = change.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                 Templar(loader, variables=task_vars), None)
    return action.run(task_vars=task_vars)


def test_the_gate_says_who_stands_behind_what_and_gives_the_run_a_mark():
    hosts = {"fw1": FW, "desk1": DESK, "desk2": {}}
    found = step("gate", hosts)
    assert found["behind"] == {"fw1": ["desk1"]} and found["left_out"] == {"fw1": []} and len(found["mark"]) == 36
    assert found["mark"] != step("gate", hosts)["mark"]
    assert step("gate", hosts, play=("fw1",))["left_out"] == {"fw1": ["desk1"]}


@pytest.mark.parametrize("device,host,said", [
    ({"access_refuse_loses": ["av"]}, {}, "did you mean access_refuse_losses"), ({}, {"verify_expct": "open"}, "did you mean verify_expect"),
    ({"netaccess_serial": 1}, {}, "netaccess_serial has no effect here"), ({}, {"netaccess_path": {"device": "fw2"}}, "which is not in the group"),
    ({"require_proof": True}, {"netaccess_path": None}, "require_proof is set"), ({"access_comment": None}, {}, "a change ID is required"),
    ({"on_failure": "never"}, {}, "on_failure is 'never'"), ({"netaccess_max_failures": "few"}, {}, "netaccess_max_failures"),
    ({}, {"verify_expect": "shut"}, "verify_expect is 'shut'"), ({}, {"verify_by": "kti"}, "verify_by is 'kti'"),
    ({}, {"netaccess_path": {"devcie": "fw1"}}, "devcie is not one of these"),
    # What the report cannot be made with would cost the run its last lines.
    ({"audit_strict": ["not_prove"]}, {}, "not_prove is not a class that can be made "
                                          "strict"), ({"audit_plans_valid_for": "week"}, {}, "week is not a number of hours"),
    ({"audit_register": "/nowhere"}, {}, "/nowhere cannot be read"),
    ({"change_window": None}, {}, "fw1: change_window is set but has no value"), ({"netaccess_plans": None}, {}, "netaccess_plans is set but has no"),
    ({}, {"audit_strict": ["not_proven"]}, "desk1: audit_strict has no effect here"),
    ({"change_window": {"windows": [{"start": "2026-01-01", "end": "2026-01-02"}]}}, {}, "outside of the change window")])
def test_the_gate_refuses(device, host, said):
    hosts = {"fw1": dict(FW, **device), "desk1": dict(DESK, **host)}
    with pytest.raises(AnsibleActionFail, match=said) as refusal:
        step("gate", hosts)
    assert str(refusal.value).endswith("Nothing was changed")


def test_a_package_that_is_missing_is_named_once_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(catalogue, "_MISSING", "jmespath")
    said = r"jmespath is missing on the controller: run .* -m pip install -r '?/.*/requirements.txt'?. Nothing was"
    for name in ("gate", "begin"):
        with pytest.raises(AnsibleActionFail, match=said) as why:
            step(name, {"fw1": FW})
    words = shlex.split(str(why.value).partition(": run ")[2].removesuffix(". Nothing was changed"))
    assert Path(words[0]).exists() and Path(words[-1]).read_text(encoding="utf-8").count("jmespath") == 1


def test_a_guard_of_the_devices_that_the_run_does_not_read_is_refused():
    hosts = {"fw1": dict(FW, require_proof=True), "desk1": {}}
    for name in ("gate", "begin"):
        with pytest.raises(AnsibleActionFail, match="fw1: require_proof has no effect here.*in group_vars/all. Nothing was changed"):
            step(name, hosts, on="localhost")


def test_a_guard_that_is_left_out_is_no_empty_one(monkeypatch):
    class Templated(dict):
        def get(self, name, default=None):
            if name == "rollout":
                raise AnsibleValueOmittedError()
            return super().get(name, default)
    assert step("gate", {"fw1": dict(FW, change_window="__omit_place_holder__0")})["mark"]
    # From ansible-core 2.19 on.
    monkeypatch.setattr(HostVars, "__getitem__", lambda self, name: Templated(self.raw_get(name)), raising=False)
    assert step("gate", {"fw1": dict(FW, rollout="{{ omit }}")})["mark"]


def test_the_gate_asks_where_journals_of_this_controller_are(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    (tmp_path / "elsewhere").symlink_to(tmp_path / "journals")
    for local in ("local", "ansible.builtin.local"):
        with pytest.raises(AnsibleActionFail, match="fw1: the journal would be lost: %s is in GITHUB_WORKSPACE" % (tmp_path / "journals")):
            step("gate", {"fw1": dict(FW, ansible_connection=local, access_journal=str(tmp_path / "elsewhere"))})
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AnsibleActionFail, match="%s/.netaccess/journals is in" % tmp_path):
        step("gate", {"fw1": dict(FW, ansible_connection="local")})
    # Of another host nothing is known, and a check run writes none.
    assert step("gate", {"fw1": dict(FW, ansible_connection="ssh")})["mark"] and step("gate", {"fw1": dict(FW, ansible_connection="local")}, check=True)["mark"]


def test_the_gate_asks_what_is_mounted_where_the_journals_are(monkeypatch, tmp_path):
    table = tmp_path / "mounts"
    table.write_text("overlay / overlay rw 0 0\nodd\n/dev/sda1 /srv/my\\040disk ext4 rw 0 0\nproc /srv proc rw 0 0\ntmpfs /srv tmpfs rw 0 0\n")
    assert change.mounts(table) == {"/": "overlay", "/srv/my disk": "ext4", "/srv": "tmpfs"}
    assert change.mounts(tmp_path / "none") == {} and change.mounts.__defaults__ == (Path("/proc/self/mounts"),)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr(change, "mounts", lambda: {"/": "ext4", str(tmp_path): "tmpfs"})
    hosts = {"fw1": dict(FW, ansible_connection="local", access_journal=str(tmp_path / "journals"))}
    with pytest.raises(AnsibleActionFail, match="fw1: the journal would be lost: %s/journals is on tmpfs" % tmp_path):
        step("gate", hosts)
    monkeypatch.setattr(change, "mounts", lambda: {"/": "ext4"})
    assert step("gate", hosts)["mark"]


def test_the_gate_knows_names_that_are_not_ours_and_refuses_a_run_without_a_device():
    assert step("gate", {"fw1": dict(FW, access_badge="x", netaccess_other_variables=["access_badge"])})["mark"]
    with pytest.raises(AnsibleActionFail, match="no host of the group netaccess_devices"):
        step("gate", {"desk1": {}}, on="desk1")


def test_the_preflight_judges_what_was_found_and_a_status_page_that_cannot_be_read_is_said(capsys, tmp_path):
    hosts = {"fw1": dict(FW, access_preview=PREVIEW, netaccess_status_path=str(tmp_path / "none")),
             "fw2": dict(FW, access_preview={"recorded": "failed", "msg": "no such policy"}), "desk1": dict(DESK, verify_baseline=FINE)}
    found = step("preflight", hosts)
    assert found["stops"] == {"fw2": "no such policy"}
    said = capsys.readouterr().out
    assert "ok: the service: the status page of the service cannot be read: " in said and "stop: fw2: no such policy" in said
    with pytest.raises(AnsibleActionFail, match="set it to the register of exemptions"):
        step("preflight", {"fw1": dict(FW, require_register=True)})


def test_the_preflight_hands_on_what_a_site_says(tmp_path):
    """A register that cannot be read is none, and a run that asks for one does not begin without."""
    register, status = tmp_path / "register.yml", {"netaccess_status_path": str(tmp_path / "none")}
    register.write_text("[]\n")
    preview = dict(PREVIEW, exclusive="", coverage=[{"pattern": ".chatgpt.com", "exempt": "yes"}])
    hosts = {"fw1": dict(FW, access_preview=preview, audit_register=str(register), netaccess_kept_apart_by="the pipeline",
                         netaccess_run={"behind": {"fw1": ["desk1"]}}, **status), "desk1": DESK}
    found = step("preflight", hosts)
    said = {row["message"]: row["verdict"] for row in found["rows"] if row["subject"] == "fw1"}
    assert found["stops"] == {} and said["the register has no entry for the exemption of .chatgpt.com"] == "warn"
    assert said["concurrent runs are excluded by the pipeline"] == "ok"
    assert said["none of its probe hosts was reached (desk1), so the change will not be proven"] == "warn"
    assert "no entry for the exemption" in step("preflight", dict(hosts, fw1=dict(hosts["fw1"], require_register=True)))["stops"]["fw1"]
    register.write_text("- pattern: x")
    with pytest.raises(AnsibleActionFail, match="audit_register: "):
        step("preflight", hosts)


def test_a_preflight_says_what_the_gate_lets_a_check_run_go_past():
    hosts = {"fw1": {"access_product": "squid", "access_preview": PREVIEW}, "desk1": dict(DESK, verify_baseline=FINE)}
    row, = [row for row in step("preflight", hosts, check=True)["rows"] if row["subject"] == "the run"]
    assert row["verdict"] == "warn" and "a change ID is required" in row["message"]
    assert not [row for row in step("preflight", dict(hosts, fw1=dict(FW, access_preview=PREVIEW)))["rows"] if row["subject"] == "the run"]


def test_no_later_batch_begins_once_too_many_have_failed():
    failed = dict(FW, access_result={"recorded": "failed", "msg": "refused"})
    assert step("batch", {"fw1": failed, "fw2": FW})["stops"] == {"fw2": "more devices failed or were stopped than netaccess_max_failures allows"}
    assert step("batch", {"fw1": dict(failed, netaccess_max_failures=1), "fw2": FW})["stops"] == {}
    stopped = {"netaccess_preflight_verdict": {"stops": {"fw1": "no rights"}}}
    assert step("batch", {"fw1": dict(FW, **stopped), "fw2": FW})["stops"] == {
        "fw1": "no rights", "fw2": "more devices failed or were stopped than netaccess_max_failures allows"}


def prove(result, looks, before=None, **more) -> dict:
    """What the step says, and what would go back."""
    args = {"reverted": more.pop("reverted")} if "reverted" in more else {}
    host, device = dict(DESK, verify_baseline=FINE if before is None else before), dict(FW, access_result=result, **more)
    journal, older = outcome.way_back(device)
    return dict(step("prove", {"fw1": device, "desk1": host}, looks=looks, **args), journal=journal, older=older)


WROTE = {"changed": True, "journal": "/j/1.json"}


def test_harm_is_taken_back_by_the_journal_of_the_change(tmp_path):
    status = {"netaccess_status_path": str(tmp_path / "none")}
    found = prove(WROTE, [dict(SHUT, item="desk1")], **status)
    # That nobody can ask the service explains nothing.
    assert (found["harm"], found["take_back"], found["journal"]) == (True, True, "/j/1.json")
    assert prove(WROTE, [dict(SHUT, item="desk1")], on_failure="keep", **status)["take_back"] is False
    assert prove(WROTE, [dict(FINE, item="desk1")])["take_back"] is False
    # A later stage that wrote nothing goes back by the journal of the one before it.
    assert prove({"changed": False}, [dict(SHUT, item="desk1")], netaccess_stage={"journal": "/j/0.json"}, **status)["journal"] == "/j/0.json"


def test_harm_that_an_incident_of_the_service_explains_is_no_harm(tmp_path):
    ill = dict(SHUT["checks"][0], layer="http", interception="not_intercepted", features=["chat"])
    component = {"id": "1", "name": "Conversations", "status": "major_outage"}
    (tmp_path / "status.json").write_text(json.dumps({"status": {"indicator": "major"}, "components": [component]}))
    found = prove(WROTE, [dict(SHUT, checks=[ill], item="desk1")], netaccess_status_path=str(tmp_path / "status.json"))
    assert found["explained"] and (found["harm"], found["take_back"], found["verdict"]) == (False, False, "fail")
    # What is decrypted is never the service's doing.
    inspected = dict(ill, interception="intercepted_trusted")
    assert prove(WROTE, [dict(SHUT, checks=[inspected], item="desk1")], netaccess_status_path=str(tmp_path / "status.json"))["take_back"]


def test_looks_that_cannot_be_judged_count_as_harm():
    found = prove(WROTE, [{"checks": [{"odd": True}], "item": "desk1"}])
    assert found["harm"] and found["take_back"] and "the results of the probe hosts cannot be evaluated" in found["message"]


@pytest.mark.parametrize("result", [{"recorded": "unreachable", "msg": "gone"}, {"failed": True, "msg": "the action timed out"}])
def test_after_a_change_without_an_answer_the_way_back_is_in_the_folder_of_the_journals(tmp_path, result):
    found = prove(result, [dict(SHUT, item="desk1")], access_journal="/journals", netaccess_status_path=str(tmp_path / "none"))
    assert found["take_back"] and found["journal"] == "/journals"


def test_a_rollback_that_the_device_swallowed_is_not_taken_for_one(tmp_path):
    open_still = [dict(FINE, item="desk1")]
    found = prove(WROTE, open_still, before=SHUT, reverted=True, netaccess_status_path=str(tmp_path / "none"))
    assert found["verdict"] == "fail" and "desk1" in found["moved"]
    found = prove(WROTE, [dict(SHUT, item="desk1")], before=SHUT, reverted=True)
    assert found["verdict"] == "pass" and found["said"] == "The previous behaviour is restored"
    # A run that has changed nothing itself knows from the journal what was before.
    known = {"access_back": {"baseline": outcome.kept({"desk1": SHUT})}, "netaccess_status_path": str(tmp_path / "none")}
    found = prove({}, open_still, before={}, reverted=True, **known)
    assert found["moved"] and found["said"].startswith("The previous behaviour is NOT restored: desk1: changed since the baseline")
    assert prove({}, [dict(SHUT, item="desk1")], before={}, reverted=True, **known)["said"] == "The previous behaviour is restored"


def test_a_change_is_judged_by_what_hosts_saw_before_the_oldest_one_that_nothing_has_proven(tmp_path):
    """The harm of an interrupted run is no baseline."""
    unproven = [{"journal": "/j/2.json", "baseline": {"desk1": outcome.kept({"desk1": SHUT})["desk1"]}},
                {"journal": "/j/1.json", "baseline": outcome.kept({"desk1": FINE, "desk2": None})}]
    options = {"netaccess_status_path": str(tmp_path / "none"), "before": SHUT}
    found = prove({"changed": False, "unproven": unproven}, [dict(SHUT, item="desk1")], **options)
    assert (found["harm"], found["take_back"], found["journal"], found["older"], found["proven"]) == (True, True, "/j/2.json", ["/j/1.json"], False)
    found = prove(dict(WROTE, journal="/j/3.json", unproven=unproven), [dict(FINE, item="desk1")], **options)
    assert (found["take_back"], found["older"], found["proven"]) == (False, ["/j/2.json", "/j/1.json"], True)
    # The connection was lost: the check run told it as well.
    lost = {"recorded": "unreachable", "msg": "gone"}
    found = prove(lost, [dict(SHUT, item="desk1")], access_preview={"unproven": unproven[1:]}, **options)
    assert found["harm"] and found["older"] == ["/j/1.json"]
    assert not prove(lost, [dict(SHUT, item="desk1")], **options)["harm"]


def test_what_proves_nothing_leaves_a_change_unproven():
    assert not prove(WROTE, [{"recorded": "unreachable", "item": "desk1"}], before={})["proven"]
    assert not prove({"changed": False}, [dict(FINE, item="desk1")])["proven"], "there is nothing to prove"


STAGE = {"name": "pilot", "number": 1, "of": 2, "reached": ["pilot"], "last": False}


@pytest.mark.parametrize("variables,over", [
    ({"access_result": WROTE, "verify_proof": {"verdict": "pass", "expectations": {"desk1": "open"}}}, None),
    ({"access_result": {"recorded": "failed", "msg": "refused"}, "verify_proof": {"verdict": "pass", "expectations": {"desk1": "open"}}}, "refused"),
    ({"access_result": {"failed": True, "msg": "a traceback"}, "verify_proof": {"verdict": "pass", "expectations": {"desk1": "open"}}}, "a traceback"),
    ({"access_result": WROTE, "verify_proof": {"failed": True, "msg": "no memory"}}, "the results of the probe hosts were not evaluated: no memory"),
    ({"access_result": WROTE}, "no probe host is mapped to fw1")])
def test_whether_the_next_stage_begins(variables, over):
    found = step("stage", {"fw1": dict(FW, **variables)}, stage=STAGE)["over"]
    assert found is None if over is None else over in found


@pytest.mark.parametrize("before,over", [
    ({"over": "nobody saw pilot"}, "nobody saw pilot"), ({"over": None}, None),
    ({"failed": True, "msg": "no memory"}, "no decision about the next stage of its rollout: no memory")])
def test_what_was_decided_about_a_stage_holds_for_all_that_follow(before, over):
    """Also for the last one, which asks nobody whether another begins."""
    found = step("stage", {"fw1": dict(FW, access_result=WROTE, netaccess_stage=before)}, stage=dict(STAGE, last=True))["over"]
    assert found is None if over is None else over in found


@pytest.mark.parametrize("result,before,journal", [
    (WROTE, {}, "/j/1.json"), ({"changed": False}, {"journal": "/j/0.json"}, "/j/0.json"), (WROTE, {"journal": "/j/0.json"}, "/j/1.json"), ({}, {}, None),
    (WROTE, {"over": "nobody saw pilot", "journal": "/j/0.json"}, "/j/1.json")])
def test_the_journal_of_the_last_stage_that_wrote_is_kept(result, before, journal):
    assert step("stage", {"fw1": dict(FW, access_result=result, netaccess_stage=before)}, stage=STAGE)["journal"] == journal


def test_a_run_ends_with_its_verdict_its_report_and_who_failed(tmp_path, capsys):
    hosts = {"fw1": dict(FW, access_result=dict(WROTE, summary="create x"), netaccess_report_dir=str(tmp_path / "report"), ansible_inventory_sources=["/inv"]),
             "desk1": dict(DESK, verify_baseline=FINE, verify_result={"recorded": "unreachable", "msg": "gone"})}
    found = step("conclude", hosts)
    assert found["verdict"]["code"] == 1 and found["troubles"] == {"desk1": "not probed after the change: gone"}
    refused = dict(hosts, fw1=dict(FW, access_result={"recorded": "failed", "msg": "refused"}))
    assert step("conclude", refused)["troubles"]["fw1"] == "refused"
    assert json.loads((tmp_path / "report" / "verdict.json").read_text())["code"] == 1
    assert found["ansible_stats"]["data"] == found["handed"] == {"netaccess_verdict": dict(found["verdict"], summary=found["summary"])}
    # Below one failure for each of them, as the last thing.
    assert "Changed" not in capsys.readouterr().out
    step("say", {"fw1": dict(FW, netaccess_outcome=found), "desk1": {}})
    said = capsys.readouterr().out
    assert "Changed: fw1" in said and "-i /inv -e netaccess_journal=/j/1.json -l fw1" in said and "Verdict 1: " in said
    assert "Probe host desk1: not probed after the change: gone" in said


def test_a_change_without_a_problem_prints_its_summary_once_and_any_text_is_printed(capsys):
    hosts = {"fw1": dict(FW, access_result=WROTE), "desk1": dict(DESK, verify_result=FINE, verify_baseline=FINE)}
    found = step("conclude", hosts)
    assert found["troubles"] == {} and "Changed: fw1" in capsys.readouterr().out
    assert "plans" not in json.dumps(found["handed"]), "a change hands on no plans"
    assert step("say", hosts, text="wait for fw1")["summary"] == "wait for fw1" and "wait for fw1" in capsys.readouterr().out
    assert step("say", hosts)["summary"] == ""


def test_a_window_that_cannot_be_read_at_the_end_costs_no_report(tmp_path, monkeypatch):
    """What was changed, and how to undo it, is said in any case."""
    read = outcome.Fleet.variable

    def broken(self, name, variable, default=None):
        if variable in ("change_window", "access_journal"):
            raise AnsibleError("%s of %s cannot be read: no vault" % (variable, name))
        return read(self, name, variable, default)
    monkeypatch.setattr(outcome.Fleet, "variable", broken)
    found = step("conclude", {"fw1": dict(FW, access_result=WROTE, netaccess_report_dir=str(tmp_path / "report")), "desk1": dict(DESK, verify_result=FINE)})
    assert "Changed: fw1" in found["summary"]
    assert json.loads((tmp_path / "report" / "report.json").read_text())["window"][0]["state"] == "change_window of fw1 cannot be read: no vault"


def test_an_audit_hands_its_plans_on_with_its_verdict(tmp_path):
    hosts = {"fw1": dict(FW, access_preview=dict(PREVIEW, plan_digest="1" * 64))}
    found = step("conclude", hosts, mode="audit", dest=str(tmp_path / "report"))
    plans = json.loads((tmp_path / "report" / "plans.json").read_text())
    assert plans["netaccess_plans"] == {"fw1": "1" * 64}
    assert found["ansible_stats"]["data"] == found["handed"] == dict(plans, netaccess_verdict=dict(found["verdict"], summary=found["summary"]))


def test_what_changed_and_the_way_back_are_said_when_the_report_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    hosts = {"fw1": dict(FW, access_result=WROTE, netaccess_report_dir=str(tmp_path / "file")), "desk1": dict(DESK, verify_result=FINE)}
    with pytest.raises(AnsibleActionFail, match="cannot be written"):
        step("conclude", hosts)
    # Nothing comes after this failure.
    said = capsys.readouterr().out
    assert "Changed: fw1" in said and "netaccess_journal=/j/1.json -l fw1" in said and "Report: " not in said
    # A register that was there when the run began.
    gone = dict(FW, access_result=WROTE, netaccess_report_dir=str(tmp_path / "report"), audit_register=str(tmp_path / "gone.yml"))
    with pytest.raises(AnsibleActionFail, match="gone.yml cannot be read"):
        step("conclude", dict(hosts, fw1=gone))
    said = capsys.readouterr().out
    assert "Changed: fw1" in said and "netaccess_journal=/j/1.json -l fw1" in said and "Report: " not in said


def test_what_a_strict_run_does_not_forgive_fails_it():
    """A list may come from the command line as a text."""
    hosts = {"fw1": dict(FW, access_result=dict(WROTE, manual=["open UDP"]), audit_strict="stale, not_proven")}
    found = step("conclude", hosts)
    assert found["verdict"]["deciding"] == ["not_proven"] and found["troubles"] == {"fw1": "not proven: fw1: not probed from any host"}
    assert step("conclude", {"fw1": dict(hosts["fw1"], audit_strict=[])})["troubles"] == {}
    assert step("conclude", hosts, mode="audit")["troubles"] == {}
    # An audit has its verdict, and fails by that where it is asked to.
    seen = step("conclude", {"fw1": dict(FW, access_preview={"changed": False}, audit_strict=["not_proven"])}, mode="audit")
    assert seen["verdict"]["deciding"] == ["not_proven"] and seen["troubles"] == {}


def test_what_is_not_forgiven_of_a_host_that_is_not_in_the_play_fails_a_device():
    """Looked from in the place of its device, where a limit leaves it out: no task would fail for it."""
    other = {"id": "n", "ip_version": 4, "host": "claude.ai", "role": "negative", "verdict": "unverified", "flags": [], "message": "m", "failure": None}
    seen = dict(FINE, item="desk1", path=dict(DESK["netaccess_path"], proven=True, message="m"), checks=FINE["checks"] + [other])
    hosts = {"fw1": dict(FW, access_result=WROTE, verify_looks={"results": [seen]}, audit_strict=["not_proven"]), "desk1": DESK}
    assert list(step("conclude", hosts)["troubles"]) == ["desk1"]
    troubles = step("conclude", hosts, play=("fw1",))["troubles"]
    assert list(troubles) == ["fw1"] and troubles["fw1"].startswith("not proven: desk1: there is no result from before the change")


def test_an_audit_is_no_failure_of_hosts_and_goes_by_the_check_run(capsys):
    hosts = {"fw1": dict(FW, access_preview=PREVIEW), "desk1": dict(DESK, verify_baseline=FINE)}
    for found in (step("conclude", hosts, check=True), step("conclude", hosts, mode="audit")):
        assert found["verdict"]["code"] == 2 and found["troubles"] == {}
    assert "Changed" not in capsys.readouterr().out
    gone = step("conclude", dict(hosts, desk1=dict(DESK, verify_baseline={"recorded": "unreachable", "msg": "gone"})), mode="audit")
    assert gone["verdict"]["code"] == 1 and gone["troubles"] == {}
    assert step("conclude", hosts, mode="audit", within=["desk1"])["verdict"]["classes"]["drift"] == []


def test_an_audit_compares_with_what_a_change_left(tmp_path):
    """Without that it does not know whether more is open than should be, and says so; a baseline that cannot be trusted is none."""
    path, dest = tmp_path / "baselines.json", {"netaccess_report_dir": str(tmp_path)}

    def other(state, verdict):
        return dict(FINE, path=dict(DESK["netaccess_path"], proven=True, message="behind fw1"), checks=FINE["checks"] + [
            {"id": "claude", "ip_version": 4, "host": "claude.ai", "role": "negative", "state": state, "interception": None, "verdict": verdict, "flags": [],
             "answer": "403 text/html", "message": "claude.ai: %s" % state, "failure": None}])

    def audit(state="shut"):
        hosts = {"fw1": dict(FW, access_preview={"changed": False}, **dest), "desk1": dict(DESK, verify_baseline=other(state, "unverified"))}
        return step("conclude", hosts, mode="audit")["verdict"]["classes"]
    assert "it has no baseline of this host" in audit()["not_proven"][0] and not path.exists()
    step("conclude", {"fw1": dict(FW, access_result=WROTE, **dest), "desk1": dict(DESK, verify_baseline=FINE, verify_result=other("shut", "pass"))})
    assert audit()["not_proven"] == [] and "Compared with baselines of: `desk1` 20" in (tmp_path / "report.md").read_text()
    left = path.read_text()
    assert audit("open")["regressed"] == ["desk1: claude.ai: newly open since the baseline"] and path.read_text() == left
    path.chmod(0o666)
    assert "is writable by other users" in audit("open")["not_proven"][0]


def test_what_the_hosts_of_a_play_say_together():
    hosts = {"desk1": dict(DESK, verify_result=FINE), "desk2": {"verify_result": {"recorded": "unreachable", "msg": "gone"}}}
    found = step("together", hosts, on="desk1")
    assert found["hosts"] == {"desk1": "pass", "desk2": "unreachable"} and found["not_reached"] == ["desk2"]
    with pytest.raises(AnsibleActionFail, match="no probe host has a result"):
        step("together", {"desk2": hosts["desk2"]}, on="desk2")


# -- the folder of a report


def built(**about) -> dict:
    device = {"changed": False, "changes": [], "plan_digest": "d" * 64}
    return report.make({"fw1": device}, {}, dict({"mode": "audit", "generated": "2026-11-24T08:00:00Z"}, **about))


def test_a_report_takes_the_place_of_an_older_one_as_a_whole(tmp_path, monkeypatch):
    assert report.write(built(), str(tmp_path), None) is True and report.write(built(), str(tmp_path), None) is False
    (tmp_path / "SHA256SUMS.sig").write_text("of the old one")
    (tmp_path / "fw1-access.json").write_text("of somebody else")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(path, _text):
        raise OSError(28, "No space left on device", path)

    with monkeypatch.context() as patch:
        patch.setattr(report, "write_atomically", fail)
        with pytest.raises(AnsibleActionFail, match="No space left on device"):
            report.write(built(title="Another"), str(tmp_path), None)
    # What could not be finished leaves the old one whole, and nothing of its own.
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert report.write(built(title="Another"), str(tmp_path), None) is True
    assert not (tmp_path / "SHA256SUMS.sig").exists() and (tmp_path / "fw1-access.json").read_text() == "of somebody else"
    for line in (tmp_path / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("program,said", [
    ("exec sleep 60", "ssh-keygen did not sign with /the/key within 1 s"), ("echo no such key >&2; exit 1", "signing_key: no such key"),
    ("exit 0", "reported no reason (exit code 0)"),
    (None, "ssh-keygen is not installed on this controller")], ids=["it hangs", "it refuses", "it does nothing", "it is missing"])
def test_a_report_that_cannot_be_signed_is_left_without_a_signature_and_that_is_said(tmp_path, monkeypatch, program, said):
    (tmp_path / "bin").mkdir()
    if program:
        (tmp_path / "bin" / "ssh-keygen").write_text("#!/bin/sh\n%s\n" % program)
        (tmp_path / "bin" / "ssh-keygen").chmod(0o755)
    dest = tmp_path / "report"
    report.write(built(), str(dest), None)
    (dest / "SHA256SUMS.sig").write_text("of the old one")
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin" % (tmp_path / "bin") if program else str(tmp_path / "bin"))
    monkeypatch.setattr(report, "_SIGNING", 1)
    with pytest.raises(AnsibleActionFail) as refusal:
        report.write(built(title="Another"), str(dest), "/the/key")
    assert said in str(refusal.value) and str(refusal.value).endswith("The report in %s is complete but not signed" % dest)
    assert json.loads((dest / "report.json").read_text())["title"] == "Another" and not (dest / "SHA256SUMS.sig").exists()


def test_a_report_of_a_part_does_not_take_the_place_of_a_whole_one(tmp_path):
    part, dest = built(left_out={"devices": ["fw2"]}), str(tmp_path / "audit")
    assert report.place(part["left_out"], dest) == dest
    report.write(part, dest, None)
    assert report.place(part["left_out"], dest) == report.place(built()["left_out"], dest) == dest
    report.write(built(), dest, None)
    assert report.place(part["left_out"], dest) == report.place(part["left_out"], dest + "/") == dest + "-part"
    assert report.place(built()["left_out"], dest) == dest


def test_the_verdict_comes_after_what_it_is_about_and_what_vouches_for_all_comes_last(tmp_path, monkeypatch):
    placed, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: placed.append(Path(target)) or replace(source, target))
    report.write(built(), str(tmp_path), None)
    assert [path.name for path in placed if path.parent == tmp_path][-2:] == ["verdict.json", "SHA256SUMS"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"left_out": []}', '{"left_out": null}'])
def test_what_is_no_report_is_in_nobodys_way(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    assert report.place({"devices": ["fw2"], "hosts": []}, str(tmp_path)) == str(tmp_path)


def test_a_run_that_dies_leaves_no_report_that_could_be_taken_for_its_own(tmp_path):
    """An older verdict of 0 would let a pipeline go on. The older report stays beside it until there is a new one."""
    hosts, dest = {"fw1": dict(FW, access_preview={"changed": False})}, str(tmp_path / "report")
    folder = tmp_path / "report"
    report.write(built(), dest, None)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for _twice in range(2):
        step("begin", hosts, mode="audit", dest=dest)
        assert {path.name for path in folder.iterdir()} == {"verdict.json", "previous"}
        assert {path.name: path.read_bytes() for path in (folder / "previous").iterdir()} == before
        mark = json.loads((folder / "verdict.json").read_text())
        assert {path.stat().st_mode & 0o777 for path in (folder, folder / "previous")} == {0o700}
        assert mark["code"] == 1 and mark["deciding"] == ["interrupted"] and "has not written its report" in mark["message"]
    step("conclude", hosts, mode="audit", dest=dest)
    assert {path.name for path in folder.iterdir()} == set(before) and json.loads((folder / "verdict.json").read_text())["deciding"] == []


def test_a_report_continues_the_trend_of_the_one_before_it_also_when_that_was_set_aside(tmp_path, monkeypatch):
    warned = []
    monkeypatch.setattr(report.Display, "warning", lambda _self, text: warned.append(text))

    def days() -> list:
        return [one["generated"][8:10] for one in json.loads((tmp_path / "report.json").read_text())["trend"]]

    report.write(built(), str(tmp_path), None)
    report.write(built(generated="2026-11-25T08:00:00Z"), str(tmp_path), None)
    assert days() == ["24", "25"] and "2 reports in this folder" in (tmp_path / "report.html").read_text()
    # Once more the same is the same.
    assert report.write(built(generated="2026-11-25T08:00:00Z"), str(tmp_path), None) is False
    for _twice in range(2):
        report.begin(str(tmp_path))
    report.write(built(generated="2026-11-26T08:00:00Z"), str(tmp_path), None)
    assert days() == ["24", "25", "26"] and warned == []
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    for text in ("{", "[]", json.dumps({"trend": [1]}), "\udcff"):
        (tmp_path / "report.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        report.write(built(), str(tmp_path), None)
        assert days() == ["24"] and "the trend begins again" in warned.pop() and not warned


def test_what_stays_aside_is_one_report(tmp_path):
    """No signature of an older one beside it, which a run may have left that died while it cleared."""
    report.write(built(), str(tmp_path), None)
    (tmp_path / "previous").mkdir()
    (tmp_path / "previous" / "SHA256SUMS.sig").write_text("of an older one")
    report.begin(str(tmp_path))
    assert not (tmp_path / "previous" / "SHA256SUMS.sig").exists() and (tmp_path / "previous" / "SHA256SUMS").exists()


def test_a_run_that_is_refused_leaves_no_older_verdict_either_and_a_preflight_has_no_report(tmp_path):
    report.write(built(), str(tmp_path), None)
    with pytest.raises(AnsibleActionFail, match="a change ID is required"):
        step("gate", {"fw1": {"access_product": "squid"}}, dest=str(tmp_path))
    assert json.loads((tmp_path / "verdict.json").read_text())["code"] == 1
    step("gate", {"fw1": FW}, dest=str(tmp_path / "new"))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    step("gate", {"fw1": dict(FW, netaccess_report_dir=str(tmp_path / "other"))})
    assert not (tmp_path / "other").exists()
    with pytest.raises(AnsibleActionFail, match="cannot be written"):
        step("gate", {"fw1": FW}, dest=str(tmp_path / "verdict.json"))


def test_a_run_of_a_part_leaves_the_whole_report_where_it_is(tmp_path):
    dest = str(tmp_path / "report")
    report.write(built(), dest, None)
    step("begin", {"fw1": FW, "fw2": FW}, dest=dest, within=["fw1"])
    assert (tmp_path / "report" / "report.json").exists() and json.loads((tmp_path / "report-part" / "verdict.json").read_text())["deciding"] == ["interrupted"]
    found = step("conclude", {"fw1": dict(FW, access_preview={"changed": False}), "fw2": FW}, mode="audit", dest=dest, within=["fw1"])
    assert found["dest"] == dest + "-part" and json.loads((tmp_path / "report" / "report.json").read_text())["left_out"]["devices"] == []
