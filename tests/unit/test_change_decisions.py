# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of a change, each as a table: whether it begins, what is recorded, what its hosts have to see, what a run left and what that comes to."""
from __future__ import annotations

import contextlib
import datetime
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleUndefinedVariable

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import core
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import (
    device, gate, names, outcome, proof, record, summary, variables,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import plan
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import taken_over
from tests.products import PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.datetime(2026, 11, 24, 22, 30, tzinfo=datetime.timezone.utc)
OPEN = {"windows": [{"start": "2026-11-24T22:00", "end": "2026-11-24T23:00"}]}
OVER = {"windows": [{"start": "2026-11-24T20:00", "end": "2026-11-24T22:00"}]}
CHANGE = {"id": "CHG1", "requester": "alice", "approver": "bob"}


def settings(**given) -> dict:
    return gate.settings(dict({"change": CHANGE}, **given).get)


# -- whether it begins


@pytest.mark.parametrize("given,said", [
    ({}, None), ({"change_window": OPEN}, None), ({"change": None, "access_comment": "CHG1"}, None), ({"change": None, "access_require_change": False}, None),
    ({"change": None, "access_state": "gathered"}, None), ({"change": None, "access_state": "reverted"}, None),
    ({"change_window": OVER, "change": dict(CHANGE, emergency=True)}, None), ({"on_failure": "keep"}, None), ({"on_failure": "revert"}, None),
    ({"change": None}, "a change ID is required"), ({"change": {"requester": "alice"}}, "a change ID is required"),
    ({"change_window": OVER}, "outside of the change window"), ({"change_window": {"windows": []}}, "change_window: it must have timezone"),
    ({"change_window": "tonight"}, "change_window: it must have timezone"), ({"change": "CHG1"}, "change is 'CHG1'; it must be a dictionary"),
    # A text is no leave to go past the window.
    ({"change_window": OVER, "change": dict(CHANGE, emergency="no")}, "change.emergency is 'no'; it must be true or false, without quotes"),
    ({"on_failure": "revert_if_regression"}, "on_failure is 'revert_if_regression'; it must be one of revert_if_regressed, revert, keep")])
def test_a_run_begins_for_all_of_its_devices_or_for_none(given, said):
    good, found = settings(), settings(**given)
    refused = gate.judge({"a": good, "b": found}, good, False, NOW)["refused"]
    assert (refused == []) if said is None else (said in refused[0] and refused[0].startswith("b: "))
    # What holds for all of them names none.
    alone = gate.judge({"b": found}, good, False, NOW)["refused"]
    assert (alone == []) if said is None else alone[0] == refused[0][3:]


def test_a_check_run_needs_neither_window_nor_number_but_settings_that_are_some():
    found = settings(change=None, change_window=OVER, on_failure="never")
    assert gate.judge({"a": found}, found, True, NOW)["refused"] == ["on_failure is 'never'; it must be one of revert_if_regressed, revert, keep"]


def test_one_window_for_all_devices_is_said_once_and_a_run_without_devices_has_its_own():
    one = settings(change_window=OPEN)
    assert gate.judge({"a": one, "b": one}, one, False, NOW)["said"] == ["in the change window, which closes at 2026-11-24T23:00:00+00:00"]
    assert "outside" in gate.judge({}, settings(change_window=OVER), False, NOW)["refused"][0]


def test_what_is_left_of_the_window_has_to_do_for_there_and_back_and_the_proof():
    assert device.needed(600, 120, 120) == 1560
    assert device.closed(OPEN, {}, 1800, NOW)[0] is None
    assert "closes in 30 minutes, but change, proof and rollback may take 30 minutes 1 second" in device.closed(OPEN, {}, 1801, NOW)[0]
    assert device.closed(OPEN, {"emergency": True}, 1801, NOW)[1].endswith("continuing because of change.emergency")
    assert device.closed(None, {}, 10 ** 6, NOW) == (None, None)


def test_who_stands_behind_what():
    behind = {"fw1": ["desk1"], "fw-1": ["desk2", "desk3"]}
    assert gate.mapped(["fw1"], behind, True) == [] and gate.mapped(["fw1", "fw2"], behind, False) == []
    assert gate.mapped(["fw1", "fw2"], behind, True) == ["fw2: require_proof is set, but no probe host is mapped to this device: set "
                                                         "netaccess_path.device on one"]
    assert gate.mapped([], behind, False) == ["no host of the group netaccess_devices is in this run: check the inventory and --limit"]
    assert gate.strays(behind, ["fw1", "fw2"]) == ["desk2, desk3: netaccess_path.device is fw-1, which is not in the group netaccess_devices"]


def test_what_a_host_says_of_itself_and_nobody_understands_is_refused():
    fine = {"netaccess_path": {"device": "fw1"}, "verify_expect": "unchanged", "verify_by": None}
    assert gate.misread({"desk1": fine, "desk2": dict.fromkeys(fine), "desk3": dict(fine, verify_expect="open", verify_by="kit"),
                         "desk4": dict(fine, verify_by="module")}) == []
    assert gate.misread({"desk1": dict(fine, verify_by="kti")}) == ["desk1: verify_by is 'kti'; it must be kit or module"]
    assert gate.misread({"desk2": dict(fine, verify_expect="shut"), "desk1": dict(fine, netaccess_path={"devcie": "fw1"})}) == [
        "desk1: netaccess_path: it must have device, and may have audience, kind and proven_by; devcie is not one of these",
        "desk2: verify_expect is 'shut'; it must be open or unchanged"]
    assert "not 'fw1'" in gate.misread({"desk1": dict(fine, netaccess_path="fw1")})[0]


@pytest.mark.parametrize("about,said", [
    (None, None), ({"generated": "2026-11-01T08:00:00Z"}, None), ({"valid_until": "2026-12-01T08:00:00Z"}, None),
    ({"valid_until": "2026-11-10T08:00:00Z", "generated": "2026-11-03T08:00:00Z"}, "the plans of 2026-11-03T08:00:00Z expired at 2026-11-10"),
    ({"valid_until": "2026-11-10T08:00:00Z"}, "the plans of an earlier audit expired at"),
    ({"valid_until": "soon"}, "is 'soon', which is not a time"), ({"valid_until": "2026-12-01T08:00:00"}, "which is not a time")], ids=str)
def test_plans_that_are_over_are_not_carried_out(about, said):
    found = gate.plans_ended(about, NOW)
    assert found is None if said is None else said in found and found.endswith("Nothing was changed")


def test_a_setting_of_the_run_that_only_devices_have_is_refused():
    said, = gate.unread({"fw1": {}, "fw2": {"netaccess_serial": [1, "100%"]}, "fw3": {"netaccess_serial": [1]}}, {}, {})
    assert said == "fw2, fw3: netaccess_serial has no effect here, because it is read once for the whole run: set it with -e"
    assert gate.unread({"fw1": {"netaccess_serial": [1]}}, {"netaccess_serial": [1]}, {}), "Ansible reads it without the variables of any host"
    assert gate.unread({"fw1": {"netaccess_serial": [1]}}, {}, {"netaccess_serial": [1]}) == []
    for name in ("audit_baseline_max_age", "audit_plans_valid_for", "audit_register", "audit_signing_key", "audit_strict", "netaccess_max_failures",
                 "netaccess_report_dir", "require_proof", "require_register"):
        said, = gate.unread({"fw1": {name: "x"}, "desk1": {}}, {}, {})
        assert said.startswith("fw1: %s has no effect here" % name) and said.endswith("set it with -e, or in group_vars/all")
        assert gate.unread({"fw1": {name: "x"}}, {name: "y"}, {}) and gate.unread({"fw1": {name: "x"}, "fw2": {name: None}}, {name: "x"}, {}) == []


def test_a_guard_without_a_value_is_no_guard():
    assert gate.empty({"fw1": {"change_window": None, "rollout": []}, "fw2": {"change_window": None}}) == [
        "fw1, fw2: change_window is set but has no value: give it one, or delete the line"]
    assert gate.empty({"fw1": {"change_window": {}}, "desk1": {}}) == []
    assert set(gate.NEVER_EMPTY) == {"audit_register", "audit_strict", "change_window", "netaccess_plans", "rollout"}


WORKSPACE = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/runner/_work/net", "RUNNER_TEMP": "/runner/_work/_temp"}
MOUNTS = {"/": "overlay", "/run": "tmpfs", "/var/lib/netaccess": "ext4", "/var/lib/netaccess/cache": "tmpfs"}


@pytest.mark.parametrize("path,environ,mounts,said", [
    ("/runner/_work/net/journals", WORKSPACE, {"/": "ext4"}, "is in GITHUB_WORKSPACE, which the service removes"),
    ("/runner/_work/_temp", WORKSPACE, {"/": "ext4"}, "is in RUNNER_TEMP"),
    ("/builds/net/journals", {"GITLAB_CI": "true", "CI_PROJECT_DIR": "/builds/net"}, {"/": "ext4"}, "is in CI_PROJECT_DIR"),
    ("/builds/other", {"GITLAB_CI": "true", "CI_BUILDS_DIR": "/builds", "CI_PROJECT_DIR": "/builds/net"}, {"/": "ext4"}, "is in CI_BUILDS_DIR"),
    ("/runner/project", {"AWX_HOST": "https://awx", "AWX_PRIVATE_DATA_DIR": "/runner"}, {"/": "ext4"}, "is in AWX_PRIVATE_DATA_DIR"),
    # A container: what is not mounted into it ends with it.
    ("/root/.netaccess/journals", {"GITLAB_CI": "true"}, MOUNTS, "is on overlay, which ends with the job's container"),
    ("/run/journals", {"AWX_HOST": "https://awx"}, MOUNTS, "is on tmpfs"), ("/var/lib/netaccess/cache/x", WORKSPACE, MOUNTS, "is on tmpfs"),
    ("/var/lib/netaccess/journals", {"GITLAB_CI": "true"}, MOUNTS, None), ("/runner/_work/network", WORKSPACE, {"/": "ext4"}, None),
    # What is not known is left alone: a folder of a system that does not tell, and a controller that is no job.
    ("/home/runner/journals", WORKSPACE, {}, None), ("/run/journals", {"CI": "true", "GITHUB_WORKSPACE": "/run"}, MOUNTS, None),
    ("/builds/net", {"GITLAB_CI": "true", "CI_PROJECT_DIR": ""}, {}, None)])
def test_a_journal_that_ends_with_its_job_is_refused(path, environ, mounts, said):
    found = gate.fleeting({"fw1": path, "fw2": path}, environ, mounts)
    assert found == [] if said is None else len(found) == 1 and "fw1, fw2: the journal would be lost: %s" % path in found[0] and said in found[0], found


def test_what_is_no_part_of_the_folder_is_no_reason():
    found = gate.fleeting({"fw1": "/run/a", "fw2": "/var/lib/netaccess/a"}, {"GITLAB_CI": "true"}, MOUNTS)
    assert len(found) == 1 and found[0].startswith("fw1: ")


@pytest.mark.parametrize("name,said", [
    ("access_refuse_loses", "did you mean access_refuse_losses?"), ("change_windows", "did you mean change_window?"), ("rollouts", "did you mean rollout?"),
    ("netaccess_window_of_change", "if it is your own variable, list it in netaccess_other_variables"), ("on_failures", "did you mean on_failure?"),
    ("verify_feature", "did you mean verify_features?"), ("audit_regster", "did you mean audit_register?"), ("access_panos_hosts", "access_panos_host?"),
    ("require_registr", "did you mean require_register?"), ("probe_host_colour", "is not a variable"), ("catalog_dat", "did you mean catalog_date?"),
    ("fail_on_drifts", "did you mean fail_on_drift?"), ("diagnose_", "is not a variable"), ("access_fortios_colour", "is not a variable")])
def test_a_misspelt_variable_is_refused(name, said):
    found, = names.unknown([name, "ansible_host", "access_product"])
    assert found.startswith(name) and said in found
    assert names.unknown([name], [name]) == []


@pytest.mark.parametrize("name,value,good", [
    ("netaccess_max_failures", "2", True), ("netaccess_max_failures", "two", False), ("require_proof", "yes", True), ("require_proof", "maybe", False),
    ("netaccess_serial", [1, "25%"], True), ("netaccess_other_variables", {"a": 1}, False), ("netaccess_report_dir", "x", True)])
def test_a_value_of_another_type_is_refused_before_anything_begins(name, value, good):
    found = names.wrong({name: value, "on_failure": "keep"})
    assert (found == []) if good else (len(found) == 1 and name in found[0])


@pytest.mark.parametrize("name", ["change_ticket", "rollout_of_ours", "require_vpn", "accessible", "catalogue", "verification", "on_call", "change",
                                  "non_failure"])
def test_variables_of_others_are_left_alone(name):
    assert names.unknown([name]) == []


class Templar:
    """Resolves each value by a mark; OMIT is a template that comes to nothing."""

    @staticmethod
    def template(value):
        if value == "OMIT":
            raise core.AnsibleValueOmittedError()
        return None if value is None else "%s, resolved" % value


def test_variables_of_the_task_are_resolved_and_those_of_another_host_are_already():
    held = {"inventory_hostname": "a", "x": "1", "empty": None, "gone": "OMIT", "hostvars": {"a": {"x": "raw"}, "b": {"x": "2", "empty": None}}}
    for host, value in ((None, "1, resolved"), ("a", "1, resolved"), ("b", "2")):
        found = variables.Variables(Templar, held, host)
        assert [found.get(name, "default") for name in ("x", "empty", "gone", "nowhere")] == [value, "default", "default", "default"]
        assert found.given({"one": ["nowhere", "empty", "x"], "two": ["empty"], "three": ["nowhere"]}) == {"one": value}


DEFINE = ". Define it for this host; a secret belongs in a vault (ansible-vault create group_vars/GROUP/vault.yml), and the run then needs --ask-vault-pass"


@pytest.mark.parametrize("error,said", [
    (AnsibleUndefinedVariable("'vault_x' is undefined. 'vault_x' is undefined"), "it refers to vault_x, which is not defined" + DEFINE),
    (AnsibleUndefinedVariable("'dict object' has no attribute 'b'"), "'dict object' has no attribute 'b'" + DEFINE),
    (AnsibleError("Attempting to decrypt but no vault secrets found."), "Attempting to decrypt but no vault secrets found. Pass --ask-vault-pass"),
    (AnsibleError("template error while templating string: unexpected '}'. String: pa{{ss"), "template error while templating string: unexpected '}'")])
def test_a_variable_that_cannot_be_read_is_told_with_its_host_and_without_its_text(error, said):
    def read():
        raise error
    with pytest.raises(AnsibleError) as refused:
        variables.resolved("fw1", "x", read)
    assert str(refused.value) == "x of fw1 cannot be read: %s" % said and refused.value.__cause__ is None


def test_a_template_that_hostvars_of_an_earlier_core_left_as_it_is_written_is_no_value(monkeypatch):
    held = {"inventory_hostname": "a", "x": "{{ '{{' }}", "hostvars": {"b": {"x": "{{ vault_x }}", "y": [1]}}}
    for left, refused in ((None, False), ("{{", True)):
        monkeypatch.setattr(core, "LEFT", left)
        found, devices = variables.Variables(Templar, held, "b"), fleet({"fw1": {"x": "{{ vault_x }}", "y": [1]}})
        for one in (lambda name, found=found: found.get(name), lambda name, devices=devices: devices.variable("fw1", name)):
            with pytest.raises(AnsibleError, match="x of (b|fw1) cannot be read: {{ vault_x }}. Define it") if refused else contextlib.nullcontext():
                assert one("x") == "{{ vault_x }}"
            assert one("y") == [1]
        # One of its own is resolved, whatever it comes to.
        assert variables.Variables(Templar, held).get("x") == "{{ '{{' }}, resolved"


def test_what_an_earlier_core_puts_in_the_place_of_omit_is_not_set():
    held = {"inventory_hostname": "a", "hostvars": {"b": {"x": "__omit_place_holder__%s" % ("0" * 40), "y": "__omit_place"}}}
    found = variables.Variables(Templar, held, "b")
    assert (found.get("x", 5), found.get("y", 5)) == (5, "__omit_place")


def test_the_products_are_those_of_the_table_and_each_has_the_shared_options():
    table = yaml.safe_load((ROOT / "plugins" / "plugin_utils" / "products.yml").read_text(encoding="utf-8"))
    assert sorted(variables.PRODUCTS) == sorted(one["id"] for one in (table["products"] if isinstance(table, dict) else table))
    assert all("journal" in variables.options_of(product) for product in variables.PRODUCTS)


def test_every_variable_that_playbooks_roles_and_plugins_use_is_known():
    found = set()
    for path in [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/defaults/*.yml")]:
        text = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
        found |= set(re.findall(r"(?<![\w.])(?:access|audit|diagnose|netaccess|verify|catalog)_\w+", text))
    for path in [*ROOT.glob("plugins/action/*.py"), *ROOT.glob("plugins/plugin_utils/change/*.py")]:
        found |= set(re.findall(r'(?:_vars\.get|values\.get|registered|variable|_looks)\((?:\w+, )?"(\w+)"', path.read_text(encoding="utf-8")))
    # Groups of the inventory, and names of plugins.
    found -= {"netaccess_devices", "netaccess_vantages", "netaccess_control", "catalog_refresh", "catalog_info", *("netaccess_" + name for name in PRODUCTS)}
    assert {name for name in found if names.unknown([name])} == set() and "verify_looks_back" in found and len(found) > 60


# -- what is recorded, and what is read of it


def test_the_record_of_a_change_in_one_line():
    whole = dict(CHANGE, implementer="carol", emergency=True)
    assert device.record(whole, "pilot") == "CHG1, asked by alice, approved by bob, done by carol, emergency, stage pilot"
    assert device.record({"id": 4711}, None) == "4711" and device.record({"requester": "alice"}, "pilot") is None


RESULT = {"changed": True, "summary": "created list allow (+3)", "journal": "/j/1.json", "propagation": 60, "exclusive": "",
          "product": "squid", "audience": {"everyone": False, "parts": {"networks": ["10.20.0.0/16"]}},
          "conflicts": [{"where": "rule 3", "text": "deny ai", "effect": "deny", "hosts": ["a", "b", "c", "d"], "certain": False, "remedy": None,
                         "id": "fw-1"}],
          "losses": [{"control": control, "rule": "decrypt-all", "hosts": ["a", "b"]} for control in ("av", "dlp")],
          "audience_widened": ["all of Sales"], "manual": ["open UDP 3478"]}


def test_a_person_reads_what_was_done_how_to_go_back_and_what_is_left():
    assert device.lines("fw", RESULT, False, None) == [
        "fw: created list allow (+3); rollback journal: /j/1.json", "fw: takes up to 1 minute to take effect everywhere",
        "fw: this product has no configuration lock: run one job at a time, then say so in netaccess_kept_apart_by",
        "fw: who gets access: network: 10.20.0.0/16", "fw: reaches more users than the audience: all of Sales",
        "fw: conflict: rule 3 (deny ai) possibly denies 4 patterns (such as a, b, c); resolve it by hand",
        "fw: inspection that ends: Antivirus, Data loss prevention (decrypt-all) no longer see traffic to a, b", "fw: manual step: open UDP 3478"]


def test_an_operator_reads_where_a_change_is_not_in_force():
    waits = [{"target": "squid", "status": "not running: in force when it starts"}, {"target": "fw-a", "status": "in force"}]
    for reverted, head in ((False, "fw: created list allow (+3); rollback"), (True, "fw: rolled back: created list allow")):
        said = device.lines("fw", dict(RESULT, propagation=0, activation=waits), False, None, reverted=reverted)
        assert said[0].startswith(head) and said[1] == "fw: activation of squid: not running: in force when it starts" and "fw-a" not in str(said)
    assert "activation" not in str(device.lines("fw", dict(RESULT, activation=[{"target": "t", "status": "saved"}]), False, None))
    assert "activation" not in str(device.lines("fw", dict(RESULT, activation=[{"status": "in force"}, {"target": "a"}]), False, None))


def test_a_check_run_waits_for_nothing_and_a_rollback_leaves_nothing_to_do():
    said = device.lines("fw", dict(RESULT, exclusive="the lock"), True, None)
    assert not [line for line in said if "take effect" in line or "configuration lock" in line]
    assert "configuration lock" not in str(device.lines("fw", RESULT, False, "the pipeline"))
    # The preflight says it once for all devices.
    assert "configuration lock" in str(device.lines("fw", RESULT, True, None)) and "configuration lock" not in str(
        device.lines("fw", RESULT, True, None, warned=True))
    assert device.lines("fw", dict(RESULT, manual=["close UDP 3478"]), False, None, reverted=True) == [
        "fw: rolled back: created list allow (+3)", "fw: manual step: close UDP 3478"]
    assert device.lines("fw", dict(RESULT, behind=[]), False, None, reverted=True)[-1].startswith("fw: NOT proven: the journal lists no probe host")
    assert "NOT proven" not in str(device.lines("fw", dict(RESULT, behind=["desk1"]), False, None, reverted=True))
    assert device.lines("fw", {"summary": "delete x", "stage": "pilot"}, False, None, reverted=True) == ["fw, stage pilot: rolled back: delete x"]
    nothing = {"changed": False, "summary": "nothing to roll back: no journal is about it"}
    assert device.lines("fw", nothing, False, None, reverted=True) == ["fw: nothing to roll back: no journal is about it"]
    assert device.lines("fw", {"summary": ""}, True, None, reverted=True) == ["fw: would be rolled back: nothing to do"]
    # Where nothing went back, or will, nothing is to be proven.
    for result, check in ((dict(nothing, behind=[]), False), (dict(RESULT, behind=[]), True)):
        assert "NOT proven" not in str(device.lines("fw", result, check, None, reverted=True))


def test_a_run_that_writes_nothing_waits_for_nothing_and_needs_no_lock():
    # The caller names the stage of a change itself.
    assert device.lines("fw", {"changed": False, "summary": "nothing to do", "propagation": 60, "stage": "pilot"}, False, None) == ["fw: nothing to do"]
    assert device.lines("fw", {"msg": "refused"}, False, None) == ["fw: refused"] and device.lines("fw", {}, False, None) == ["fw: rendered"]
    voice = dict(RESULT, opens=[{"protocol": "udp", "ports": [3478], "destinations": 2, "rules": ["media"]}])
    for check, word in ((False, "opened"), (True, "would open")):
        assert "fw: %s UDP 3478 to 2 published addresses (rule media)" % word in device.lines("fw", voice, check, None)
    compliant = dict(RESULT, changed=False, propagation=None)
    assert not [line for line in device.lines("fw", compliant, False, None) if "who gets access" in line or "configuration lock" in line]


def test_a_conflict_that_can_be_taken_away_says_how():
    one = dict(RESULT["conflicts"][0], certain=True, remedy={"op": "update"}, effect="decrypt", hosts=["a"])
    assert plan.conflict(one) == "rule 3 (deny ai) decrypts a; to remove it from the path: unblock: fw-1"
    assert plan.conflict(dict(one, opens="all it denies")).endswith("unblock: fw-1, which opens all it denies")


# -- what hosts have to see


PILOT = {"name": "pilot", "number": 1, "of": 2, "reached": ["pilot"], "last": False}
LAST = {"name": "everyone", "number": 2, "of": 2, "reached": ["pilot", "everyone"], "last": True}


def test_after_a_rollback_everybody_has_to_see_what_he_saw_before():
    """Also who was to get in: what is still open for him was not rolled back."""
    assert {proof.expectation(expect, "pilot", stage, reverted=True) for expect in ("open", "unchanged") for stage in ({}, PILOT)} == {"unchanged"}


@pytest.mark.parametrize("expect,audience,stage,found", [
    ("open", "", {}, "open"), ("unchanged", "", {}, "unchanged"), ("open", "pilot", PILOT, "open"), ("open", "everyone", PILOT, "unchanged"),
    ("open", "", PILOT, "unchanged"), ("open", "everyone", LAST, "open"), ("open", "", LAST, "open"), ("unchanged", "pilot", LAST, "unchanged")])
def test_a_host_whose_stage_is_still_to_come_has_to_see_what_it_saw(expect, audience, stage, found):
    assert proof.expectation(expect, audience, stage) == found


PASSED = {"verdict": "pass", "message": "proven by a"}


@pytest.mark.parametrize("found,expectations,stage,said", [
    (PASSED, {"a": "open"}, PILOT, None), (PASSED, {"a": "unchanged"}, LAST, None), (None, {}, LAST, None),
    ({"verdict": "fail", "message": "a is shut"}, {"a": "open"}, PILOT, "no stage after pilot starts: a is shut"),
    # What it comes to the device says itself.
    ({"verdict": "unverified", "message": "x"}, {}, LAST, None),
    (PASSED, {"a": "unchanged"}, PILOT, "is mapped to fw with this audience"), (None, {}, PILOT, "no probe host is mapped to fw, so no later")])
def test_a_stage_that_nobody_of_its_audience_saw_is_the_last(found, expectations, stage, said):
    over = proof.stage_over(found, expectations, stage, "fw")
    assert over is None if said is None else said in over


def look(verdict="pass", *checks) -> dict:
    return {"summary": {"verdict": verdict, "message": "it " + verdict}, "checks": [
        {"id": name, "ip_version": 4, "host": name, "role": role, "verdict": said, "flags": ["regressed"] * moved, "message": name + ": seen"}
        for name, role, said, moved in checks]}


GOOD, BAD = look("pass", ("chat", "wanted", "pass", False)), look("fail", ("chat", "wanted", "fail", False))


@pytest.mark.parametrize("expect,after,before,said", [
    ("open", GOOD, BAD, None), ("open", GOOD, None, None), ("open", BAD, BAD, "desk: it fail"), ("open", BAD, GOOD, "desk: it fail. chat: seen"),
    ("open", look("pass", ("claude.ai", "negative", "fail", True)), None, "desk: it pass. claude.ai: seen"),
    ("unchanged", BAD, BAD, None), ("unchanged", GOOD, BAD, "outside the audience and has changed: chat: seen"),
    ("unchanged", BAD, GOOD, "outside the audience and has changed: chat: seen"),
    ("unchanged", BAD, None, "outside the audience and has changed: it has no baseline"), ("open", {"unreachable": True}, GOOD, None)])
def test_why_a_look_is_no_pass(expect, after, before, said):
    found = proof.problem("desk", expect, after, before)
    assert found is None if said is None else said in found


# -- what is left when nothing may end the run


def test_what_is_recorded_is_what_was_returned():
    for given in ({"changed": True, "summary": "x"}, {"failed": True, "msg": "no"}, {"unreachable": True, "msg": "gone", "changed": False}):
        assert record.outcome(record.recorded(given)) == given
    assert record.recorded({"failed": True, "msg": "no", "exception": "Traceback", "rc": 127}) == {"msg": "no", "recorded": "failed"}
    assert record.recorded({"unreachable": True, "msg": "gone"}) == {"msg": "gone", "recorded": "unreachable"}
    assert record.recorded({"changed": True}, foreseen=True) == {"changed": False, "would_change": True}
    assert record.outcome({"changed": False, "would_change": True}) == {"changed": True} and record.outcome(None) == {}


def test_whatever_is_raised_is_a_result():
    def lost():
        raise AnsibleConnectionFailure("ssh: refused")

    def fail():
        raise AnsibleError("a placeholder")

    assert record.guarded(lost) == {"unreachable": True, "msg": "ssh: refused"}
    assert record.guarded(lambda: {}["x"]) == {"failed": True, "msg": "unexpected error (KeyError: 'x'); please report it"} and record.guarded(dict) == {}
    assert record.guarded(lambda: open("/nowhere/x")) == {"failed": True, "msg": "[Errno 2] No such file or directory: '/nowhere/x'"}
    assert record.guarded(fail) == {"failed": True, "msg": "a placeholder"}


def test_names_of_hosts_are_no_paths_and_share_no_file(tmp_path):
    for host in ("../../odd", "fw a", "fw-a", "fw/a"):
        record.write(tmp_path / "report", host, "-ChatGPT allow.xml", host)
    assert sorted(path.read_text() for path in (tmp_path / "report").iterdir()) == sorted(["../../odd", "fw a", "fw-a", "fw/a"])
    assert (tmp_path / "report" / "fw-a-ChatGPT-allow.xml").read_text() == "fw-a"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "report").iterdir()} == {0o600}
    record.write(tmp_path, "fw1", "-access.json", {"changed": True})
    assert json.loads((tmp_path / "fw1-access.json").read_text()) == {"changed": True}


class HostVars(dict):
    """As Ansible's: {host: its variables}."""

    raw_get = dict.__getitem__


def fleet(variables: dict, within=None) -> outcome.Fleet:
    groups = {"netaccess_devices": [name for name in variables if name.startswith("fw")], "netaccess_vantages": [n for n in variables if n.startswith("desk")]}
    return outcome.Fleet({"hostvars": HostVars(variables), "groups": groups, "ansible_play_hosts_all": within or list(variables)})


BEHIND = {"netaccess_path": {"device": "fw1"}}


def test_hosts_behind_a_device_and_what_they_saw():
    looks = {"results": [dict(GOOD, item="desk2"), dict(BAD, item="desk1")]}
    found = fleet({"fw1": {"verify_baselines": {"results": [dict(BAD, item="desk2")]}, "verify_looks": looks},
                   "desk1": dict(BEHIND, verify_baseline=BAD, verify_result=GOOD), "desk2": dict(BEHIND, verify_expect="unchanged"), "desk3": {}},
                  within=["fw1", "desk1"])
    assert found.behind() == {"fw1": ["desk1", "desk2"]}
    hosts = found.hosts()
    # What the host itself saw is newer than what was seen in the place of its device.
    assert hosts == {"desk1": {"before": BAD, "after": GOOD, "expect": "open"},
                     "desk2": {"before": dict(BAD, item="desk2"), "after": dict(GOOD, item="desk2"), "expect": "unchanged"}}
    assert found.hosts(audit=True)["desk1"] == {"before": {}, "after": GOOD, "expect": "open"}


def test_a_look_from_before_never_stands_in_for_one_after():
    assert fleet({"fw1": {}, "desk1": dict(BEHIND, verify_baseline=GOOD, verify_result={"recorded": "unreachable", "msg": "gone"})}).hosts() == {
        "desk1": {"before": GOOD, "after": {"unreachable": True, "msg": "gone"}, "expect": "open"}}


@pytest.mark.parametrize("after,said", [
    (GOOD, None), (dict(BAD, problem="desk1: it fail"), "desk1: it fail"), ({}, "not probed after the change: no result"),
    ({"unreachable": True, "msg": "gone"}, "not probed after the change: gone")])
def test_a_host_that_was_not_looked_at_counts_as_a_failure(after, said):
    assert outcome.unwell({"before": GOOD, "after": after, "expect": "open"}) == said


APPLIED = {"changed": True, "journal": "/j/1.json", "summary": "create x"}
HARMED = {"access_result": APPLIED, "verify_proof": {"take_back": True, "verdict": "fail", "message": "desk1: newly open"}}


@pytest.mark.parametrize("variables,stops,state,said", [
    ({"access_result": APPLIED}, {}, "changed", None),
    # A check run before the change never stands in for the change.
    ({"access_preview": APPLIED}, {}, "failed", "not begun: the run ended before"),
    ({"access_preview": APPLIED}, {"fw1": "stopped by the preflight"}, "failed", "not begun: stopped by the preflight"),
    ({"access_result": {"recorded": "failed", "msg": "refused"}}, {}, "failed", "refused"),
    ({"access_result": {"recorded": "unreachable", "msg": "gone"}}, {}, "unreachable", "gone"),
    ({"access_result": APPLIED, "verify_proof": {"verdict": "pass"}}, {}, "changed", None),
    ({"access_result": APPLIED, "verify_proof": {"skipped": True}}, {}, "changed", None),
    # The task that judges has ended in a traceback: with on_failure keep the change stays, else it goes back.
    ({"access_result": APPLIED, "verify_proof": {"failed": True, "msg": "no memory"}}, {}, "failed", "the results of the probe hosts were not "
     "evaluated: no memory"),
    ({"access_result": APPLIED, "verify_proof": {"failed": True, "msg": "no memory"}, "access_back": {"changed": True},
      "verify_proof_back": {"verdict": "pass"}}, {}, "failed", "rolled back: the results of the probe hosts were not evaluated: no memory. The "
                                                               "previous behaviour is restored"),
    ({"access_result": {"changed": False}, "verify_proof": {"failed": True, "msg": "no memory"}, "access_back": {"changed": False}}, {}, "failed",
     "no rollback was needed: the results of the probe hosts were not evaluated: no memory. Not proven that the previous behaviour is restored"),
    ({"access_result": APPLIED, "verify_proof": {"failed": True, "msg": "no memory"}, "access_back": {"recorded": "failed", "msg": "locked"}}, {}, "failed",
     "NOT known whether rolled back: locked. The reason for the rollback: the results of the probe hosts were not evaluated: no memory"),
    # Kept, and still a failure of the run.
    ({"access_result": APPLIED, "verify_proof": {"verdict": "fail", "take_back": False, "message": "desk1: shut"}}, {}, "changed", "desk1: shut"),
    ({"access_result": APPLIED, "netaccess_stage": {"over": "stage pilot is not proven"}}, {}, "failed", "stage pilot is not proven"),
    ({"access_result": APPLIED, "netaccess_stage": {"failed": True, "msg": "no memory"}}, {}, "failed",
     "no decision about the next stage of its rollout: no memory"),
    (dict(HARMED, access_back={"changed": True}, verify_proof_back={"verdict": "pass", "moved": {}, "message": "proven"}), {}, "failed",
     "rolled back: desk1: newly open. The previous behaviour is restored"),
    (dict(HARMED, access_result={"changed": False, "unproven": [{"journal": "/j/0.json"}]}, access_back={"changed": True}), {}, "failed",
     "rolled back an unproven change of an earlier run: desk1: newly open. "),
    (dict(HARMED, access_back={"changed": True}, verify_proof_back={"verdict": "fail", "moved": {"desk1": ["x"]}, "message": "open"}), {}, "failed",
     "The previous behaviour is NOT restored: open"),
    # Hosts that say nothing do not say that all is as before.
    (dict(HARMED, access_back={"changed": True}, verify_proof_back={"verdict": "unverified", "moved": {}, "message": "desk1 (no answer)"}), {}, "failed",
     "Not proven that the previous behaviour is restored: desk1 (no answer)"),
    (dict(HARMED, access_back={"changed": True}), {}, "failed", "Not proven that the previous behaviour is restored: no probe host reported"),
    (dict(HARMED, access_back={"recorded": "failed", "msg": "locked"}), {}, "failed",
     "NOT known whether rolled back: locked. The reason for the rollback: desk1: newly open"),
    (dict(HARMED, access_back={"recorded": "unreachable", "msg": "gone"}), {}, "failed", "NOT known whether rolled back: gone"),
    (dict(HARMED, access_back={"recorded": "failed", "msg": "locked", "failure": {"class": "locked"}}), {}, "failed", "NOT rolled back: locked"),
    (HARMED, {}, "failed", "NOT rolled back: no result")])
def test_what_a_device_comes_to(variables, stops, state, said):
    found = fleet({"fw1": variables})
    result = found.device("fw1", stops, False)
    assert state == next((word for word in ("failed", "unreachable") if result.get(word)), "changed")
    trouble = found.trouble("fw1", stops, False)
    assert trouble is None if said is None else said in trouble
    # What had to be rolled back and was not is on the device still, and so is what nobody judged.
    back, wrote = variables.get("access_back") or {}, not stops and (variables.get("access_result") or {}).get("changed", False)
    assert bool(result.get("changed")) is (wrote and not (back and "recorded" not in back))


def test_after_a_rollback_what_is_left_to_do_is_that_of_the_rollback():
    change = dict(HARMED, access_result=dict(APPLIED, manual=["open UDP"]))
    for back, left in (({"changed": True, "manual": ["close UDP"]}, ["close UDP"]), ({"recorded": "failed", "msg": "locked"}, ["open UDP"])):
        assert fleet({"fw1": dict(change, access_back=back)}).device("fw1", {}, False)["manual"] == left


def test_an_audit_is_about_the_check_run():
    assert fleet({"fw1": {"access_preview": {"changed": False, "would_change": True}}}).device("fw1", {}, True) == {"changed": True}
    # As the role leaves it.
    assert fleet({"fw1": {"access_result": APPLIED}}).device("fw1", {}, True) == APPLIED


def test_a_check_run_says_nothing_of_a_device_that_was_not_begun():
    """Its changes and conflicts are those of another phase."""
    preview = dict(APPLIED, changes=[{"op": "create"}], conflicts=[{"id": "x"}], manual=["x"], pending="ours")
    for variables, stops in (({"access_preview": preview}, {"fw1": "stopped"}), ({"access_preview": preview}, {})):
        assert set(fleet({"fw1": variables}).device("fw1", stops, False)) == {"failed", "begun", "changed", "msg"}


def test_a_plan_that_is_not_the_reviewed_one_is_told_where_the_preflight_stopped_the_device():
    for word, kept in (("plan_changed", {"class": "plan_changed"}), ("unreachable", None)):
        found = fleet({"fw1": {"access_preview": {"recorded": "failed", "msg": "x", "failure": {"class": word}}}}).device("fw1", {"fw1": "x"}, False)
        assert found.get("failure") == kept and found["begun"] is False


def test_what_a_limit_leaves_out():
    found = fleet({"fw1": {}, "fw2": {}, "desk1": {}, "desk2": {}}, within=["fw1", "desk2"])
    assert found.left_out() == {"devices": ["fw2"], "hosts": ["desk1"]}
    assert fleet({"fw1": {}, "desk1": {}}).left_out() == {"devices": [], "hosts": []}


def test_stops_are_those_of_all_batches():
    found = fleet({"fw1": {"netaccess_batch": {"stops": {}}}, "fw2": {"netaccess_batch": {"stops": {"fw3": "not begun"}}}, "fw3": {}})
    assert found.stops() == {"fw3": "not begun"}


# -- the last lines


def test_the_last_lines_say_what_changed_what_is_proven_and_how_to_undo_it():
    devices = {"fw1": APPLIED, "fw2": dict(APPLIED, journal="/j/2.json", manual=["a", "b"]),
               "fw3": {"failed": True, "msg": "refused", "manual": ["a"], "failure": {"class": "refused"}},
               "fw5": {"failed": True, "begun": False, "msg": "stopped"},
               "fw6": fleet({"fw6": dict(HARMED, access_result=dict(APPLIED, journal="/j/6.json"))}).device("fw6", {}, False),
               "fw4": {"changed": False}}
    proofs = {"fw1": {"verdict": "pass"}, "fw2": {"verdict": "unverified", "message": "not proven by: desk2 (no answer)"}, "fw6": HARMED["verify_proof"]}
    undo = "ansible-playbook netaccess.chatgpt.rollback -i INVENTORY -e netaccess_journal="
    assert summary.lines(devices, proofs, {"code": 1, "message": "4 devices"}, dest="/report", unwell={"desk1": "desk1: shut", "desk2": "not probed"}) == [
        "Changed: fw1, fw2, fw6", "Proven by probe hosts: fw1", "NOT proven: fw2 (not proven by: desk2 (no answer))",
        "NOT proven: fw6 (desk1: newly open)",
        "To find out what blocks it:", "  ansible-playbook netaccess.chatgpt.diagnose -i INVENTORY",
        "What was changed on fw2 stays. To prove it, make sure that the probe hosts behind it answer, then",
        "  run the same command again: it does not write again what is in place",
        "REFUSED: fw3: refused", "NOT BEGUN: fw5: stopped",
        "FAILED: fw6: NOT rolled back: no result. The reason for the rollback: desk1: newly open",
        "To undo fw1:", "  %s/j/1.json -l fw1" % undo, "To undo fw2:", "  %s/j/2.json -l fw2" % undo,
        "To undo fw6:", "  %s/j/6.json -l fw6" % undo, "Probe host desk1: shut", "Probe host desk2: not probed",
        "Manual step: fw2: a", "Manual step: fw2: b", "Report: /report/report.html",
        "Verdict 1: 4 devices"]
    # As a shell takes it.
    odd = summary.lines({"fw 1": dict(APPLIED, journal="/j x/1.json")}, {}, {"code": 0, "message": "x"},
                        where=taken_over(["/etc/hosts.yml", "my hosts"], ["--ask-vault-pass"]))
    where, given = "-i /etc/hosts.yml -i 'my hosts' --ask-vault-pass", """-e '{"netaccess_journal": "/j x/1.json"}' -l 'fw 1'"""
    assert "  ansible-playbook netaccess.chatgpt.rollback %s %s" % (where, given) in odd
    assert summary.lines({"fw1": {"changed": False}}, {}, {"code": 0, "message": "1 device"}) == ["Changed: nothing", "Verdict 0: 1 device"]
    assert summary.lines({"fw1": APPLIED}, {}, {"code": 0, "message": "x"})[1] == \
        "NOT proven: fw1 (no probe host is mapped: set netaccess_path.device on one)"
    # Nobody sees anything shut; a change without a journal; a device that gave no answer; more than are shown.
    many = summary.lines({"fw%d" % number: {"changed": True} for number in range(7)} | {"gone": {"unreachable": True, "msg": "ssh"}},
                         {"fw0": {"verdict": "pass"}}, {"code": 1, "message": "x"})
    assert many[:3] == ["Changed: fw0, fw1, fw2, fw3, fw4 and 2 more", "Not known whether in place: gone", "Proven by probe hosts: fw0"]
    assert many[5:] == ["NOT REACHED: gone: ssh", "Verdict 1: x"]
    assert summary.lines(devices, proofs, {"code": 2, "message": "drift"}, audit=True) == [
        "Manual step: fw2: a", "Manual step: fw2: b", "Verdict 2: drift"]
    steps = {name: dict(APPLIED, manual=["a", "b", "c"]) for name in ("fw1", "fw2")}
    assert "Manual steps: fw1 (3), fw2 (3)" in summary.lines(steps, {}, {"code": 2, "message": "drift"}, audit=True)


def test_commands_ask_for_the_passwords_that_the_run_asked_for():
    assert record.asked({"ask_vault_pass": True, "become_ask_pass": True, "ask_pass": False, "vault_ids": (), "vault_password_files": None}) == [
        "--ask-vault-pass", "--ask-become-pass"]
    assert taken_over(None, record.asked({"vault_ids": ["dev@prompt"], "vault_password_files": ["/my vault"]})) == \
        "-i INVENTORY --vault-id dev@prompt --vault-password-file '/my vault'"


@pytest.mark.parametrize("back,known", [
    ({"changed": True}, True), ({"changed": False}, False), ({}, False), ({"recorded": "failed", "changed": False, "failure": {"class": "locked"}}, False),
    ({"recorded": "failed", "changed": True, "failure": {"class": "partial"}}, None), ({"recorded": "unreachable", "changed": False, "msg": "gone"}, None),
    ({"recorded": "failed", "changed": False, "msg": "no memory"}, None)])
def test_whether_a_rollback_undid_something_is_unknown_where_its_task_gave_no_answer(back, known):
    assert fleet({"fw": dict(HARMED, access_back=back)}).device("fw", {}, False)["rolled_back"] is known


@pytest.mark.parametrize("after,said", [
    ({"verdict": "pass", "moved": {}}, "fw is as before the change, and so is what the probe hosts see. Remove the cause of the rollback"),
    ({"verdict": "unverified", "moved": {}, "message": "no answer"}, None), ({}, None)])
def test_the_last_lines_name_what_was_rolled_back_and_what_to_do_now(after, said):
    found = fleet({"fw": dict(HARMED, access_result=APPLIED, access_back={"changed": True}, verify_proof_back=after)}).device("fw", {}, False)
    lines = summary.lines({"fw": found, "fw2": APPLIED}, {"fw2": {"verdict": "pass"}}, {"code": 1, "message": "x"})
    assert lines[0] == "Changed: fw2; rolled back: fw" and any(line.startswith("FAILED: fw: rolled back: ") for line in lines)
    assert [line for line in lines if line.startswith("fw is as before")] == ([] if said is None else [
        "fw is as before the change, and so is what the probe hosts see. Remove the cause of the rollback,"])
    # Nothing went back: there was nothing, or the task failed.
    for back in ({"changed": False}, {"recorded": "failed", "changed": True, "msg": "gone"}):
        found = fleet({"fw": dict(HARMED, access_result=APPLIED, access_back=back, verify_proof_back=after)}).device("fw", {}, False)
        assert "rolled back: fw" not in summary.lines({"fw": found}, {}, {"code": 1, "message": "x"})[0]


def test_the_last_lines_say_how_to_undo_what_an_earlier_run_changed_and_this_one_proves():
    held = {"changed": False, "unproven": [{"journal": "/j/2.json"}, {"journal": "/j/1.json"}]}
    lines = summary.lines({"fw": held}, {"fw": {"verdict": "pass"}}, {"code": 0, "message": "x"})
    assert lines[:3] == ["Changed: nothing", "Proven by probe hosts, changed by an earlier run: fw", "To undo fw:"]
    assert "netaccess_journal=/j/2.json" in lines[3]
    for result, proof_ in ((held, {"verdict": "unverified", "message": "no answer"}), (dict(held, failed=True, msg="refused"), {"verdict": "pass"}),
                           (dict(APPLIED, unproven=held["unproven"]), {"verdict": "pass"})):
        lines = summary.lines({"fw": result}, {"fw": proof_}, {"code": 0, "message": "x"})
        assert not [line for line in lines if "earlier run" in line or "/j/2.json" in line]


def test_the_last_lines_fit_a_terminal_and_commands_are_not_broken():
    names = ["firewall-%02d.branch.example.com" % number for number in range(30)]
    devices = {name: dict(APPLIED, journal="/var/lib/netaccess/journals/%s.json" % name) for name in names}
    about = {"change": {"id": "CHG0012345"}, "started": "2026-11-29T22:55:00Z", "ended": "2026-11-29T23:25:30Z"}
    said = summary.lines(devices, {}, {"code": 1, "message": "x", "headline": "Needs attention: " + "not reached (1), " * 20}, about=about)
    assert said[0] == "Change CHG0012345, from 2026-11-29T22:55:00Z to 2026-11-29T23:25:30Z (30 minutes 30 seconds)"
    assert all(len(line) <= 100 or line.startswith("  ansible-playbook ") for line in said)
    # One command for all of them, and not a page of commands.
    command, = [line for line in said if "rollback" in line]
    assert "netaccess_journal=/var/lib/netaccess/journals -l %s" % ",".join(names) in command and "To undo 30 changes:" in said
    assert said[-1].startswith("  ") and any(line.startswith("Verdict 1: Needs attention") for line in said)
    apart = summary.lines(dict(devices, other=dict(APPLIED, journal="/j/1.json")), {}, {"code": 0, "message": "x"})
    assert sum("rollback" in line for line in apart) == 31


def test_the_last_lines_of_an_audit_say_what_decides_and_how_drift_is_repaired():
    drift = ["fw%d: create %d" % (number, number) for number in range(7)]
    found = {"code": 2, "message": "drift: 4", "deciding": ["drift"], "classes": {"drift": drift, "manual": ["x"]}}
    assert summary.lines({}, {}, found, dest="/a b", audit=True) == [
        *("drift: fw%d: create %d" % (number, number) for number in range(5)), "drift: and 2 more",
        "To repair the drift, have the plans reviewed, then:", "  ansible-playbook netaccess.chatgpt.site -i INVENTORY -e @change.yml -e '@/a b/plans.json'",
        "Report: /a b/report.html", "Verdict 2: drift: 4"]
    alike = dict(found, classes={"drift": ["fw%d: create x" % number for number in range(7)]})
    assert summary.lines({}, {}, alike, audit=True)[0] == "drift: fw0, fw1, fw2, fw3, fw4 and 2 more: create x"
    others = dict(found, classes={"drift": ["no device was read", "fw1: create x", "no host was read"]})
    assert summary.lines({}, {}, others, audit=True)[:3] == ["drift: no device was read", "drift: fw1: create x", "drift: no host was read"]
    assert not any("plans.json" in line for line in summary.lines({}, {}, found, audit=True))
    assert not any("plans.json" in line for line in summary.lines({}, {}, dict(found, deciding=["manual"]), dest="/a b", audit=True))
    assert summary.lines({}, {}, dict(found, deciding=["conflicts"], classes={"conflicts": ["fw1: rule 3 (deny) fw-1"]}), audit=True) == [
        "an existing rule blocks or decrypts: fw1: rule 3 (deny) fw-1", "Verdict 2: drift: 4"]


CHECKS = {"checks": [{"id": "chat"}]}


@pytest.mark.parametrize("given,journal,older", [
    ({}, None, []), ({"access_result": {"journal": "/j/1"}}, "/j/1", []), ({"netaccess_stage": {"journal": "/j/2"}, "access_result": {}}, "/j/2", []),
    # Without an answer the folder has it; by default that of the modules.
    ({"access_result": {"failed": True}, "access_journal": "/j"}, "/j", []), ({"access_result": {"recorded": "unreachable"}}, variables.JOURNALS, []),
    ({"access_result": {"unreachable": True}}, variables.JOURNALS, []),
    ({"access_result": {"unproven": [{"journal": "/j/3"}, {"journal": "/j/2"}]}}, "/j/3", ["/j/2"]),
    ({"access_preview": {"unproven": [{"journal": "/j/3"}]}, "access_result": {"journal": "/j/4"}}, "/j/4", ["/j/3"])], ids=str)
def test_the_journals_that_a_rollback_goes_by(given, journal, older):
    assert outcome.way_back(given) == (journal, older)


def test_the_look_that_a_later_one_is_compared_with():
    first, second, own, placed = (dict(CHECKS, of=name) for name in ("first", "second", "own", "placed"))
    looks = [{"item": "desk2", "checks": [1]}, {"item": "desk1"}, dict(placed, item="desk1")]
    host, device = {"verify_baseline": own}, {"verify_baselines": {"results": looks}}
    assert outcome.before(host, device, "desk1") == own
    # Without checks it is none: a host that did not answer.
    assert outcome.before({"verify_baseline": {"msg": "gone"}}, device, "desk1") == dict(placed, item="desk1")
    assert outcome.before({}, {}, "desk1") is None and outcome.before({}, device, "desk3") is None
    waiting = {"access_result": {"unproven": [{"journal": "/j/2", "baseline": {"desk1": second}}, {"journal": "/j/1", "baseline": {"desk1": first}},
                                              {"journal": "/j/0", "baseline": {"desk2": own}}]}}
    assert outcome.baseline(host, waiting, "desk1") == first and outcome.baseline(host, waiting, "desk3") == own
    assert outcome.baseline(host, {"access_back": {"baseline": {"desk1": second}}}, "desk1") == second
    assert outcome.baseline(host, dict(waiting, access_back={"baseline": {}}), "desk1") == first


def test_what_a_journal_keeps_of_a_look():
    check = dict.fromkeys(("id", "ip_version", "host", "role", "state", "answer", "interception", "verdict", "flags", "egress", "blocked_by", "issuer",
                           "inspected_by"), "x")
    assert outcome.kept({"desk1": {"checks": [dict(check, other=1)], "summary": {}}, "desk2": None}) == {"desk1": {"checks": [check]}}


@pytest.mark.parametrize("path,device,reverted,seconds", [
    ({"device": "fw1"}, {"access_result": {"changed": True, "propagation": 300}}, False, 300.0),
    ({"device": "fw1"}, {"access_result": {"changed": False, "propagation": 300}}, False, 0.0), ({"device": "fw1"}, {}, False, 0.0),
    ({"device": "fw1"}, {"access_result": {"changed": True}}, False, 0.0), ({"device": "fw2"}, {}, False, 0.0), (None, {}, False, 0.0),
    ({"device": "fw1"}, {"access_result": {"changed": True, "propagation": 300}, "access_back": {"changed": True, "propagation": 60}}, True, 60.0)], ids=str)
def test_how_long_a_look_waits_for_a_change_to_arrive(path, device, reverted, seconds):
    class HostVars(dict):
        raw_get = dict.get
    assert outcome.arrival({"netaccess_path": path}, {"hostvars": HostVars(fw1=device)}, reverted) == seconds
