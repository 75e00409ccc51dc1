# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml with each of its tasks between the gate and the report broken or without its host, and killed during its proof.

Whatever is broken: the run says so, and what it left is closed by rollback.yml from the folder of the journals.
"""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from tests.lab import squid
from tests.lab.fleet import kill
from tests.lab.lab import ROOT, Lab
from tests.lab.play import GONE, PROGRAM, altered, play, policy_of, verdict
from tests.playbooks.breaker.breaker import HOW, SAID

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
CANARY = "canary-51c0"
#: A policy that opens what nobody asked for: it is taken back.
HARM = {"access_policy": "{{ lookup('netaccess.chatgpt.policy') | combine({'allow': lookup('netaccess.chatgpt.policy').allow + ['claude.ai']}) }}"}
BEFORE, CHANGED = "as before", "changed"
UNTOLD = "NOT known whether rolled back: "
#: {task: {how it is broken: (what is on the device then, what the run says)}}; "" stands for every way that is not named.
CELLS = {
    ("Compare the device with the policy", 1): {"": (BEFORE, "not begun: ")},
    ("Probe from the host", 1): {"": (CHANGED, "NOT proven: proxy1 (not proven by: branch1 (no baseline))")},
    ("Decide which devices may be changed", 1): {"": (BEFORE, None)},
    ("Decide whether this batch starts", 1): {"": (BEFORE, "not begun: the run ended before")},
    ("Change the device", 1): {"": (BEFORE, "If it wrote anything, the journal is in "), "crashed": (BEFORE, SAID), "unreachable": (BEFORE, SAID),
                               "broken after": (CHANGED, "If it wrote anything, the journal is in "), "unreachable after": (CHANGED, SAID)},
    ("Probe from hosts behind the device", 1): {"": (BEFORE, "rolled back: every probe host behind it answered before the change, and none does now")},
    # As if it had done harm.
    ("Decide whether to keep the change", 1): {"": (BEFORE, "FAILED: proxy1: rolled back: the results of the probe hosts were not evaluated: ")},
    ("Roll back the device from its journal", 1): {
        "": (CHANGED, UNTOLD), "broken after": (BEFORE, UNTOLD), "unreachable after": (BEFORE, UNTOLD)},
    ("Probe from hosts behind the device", 2): {"": (BEFORE, "Not proven that the previous behaviour is restored: ")},
    ("Decide whether the previous behaviour is restored", 1): {"": (BEFORE, "Not proven that the previous behaviour is restored: ")},
    # The change is proven; that its journal does not say so, the next run says.
    ("Mark the change as proven in its journal", 1): {"": (CHANGED, "FAILED: "), "crashed": (CHANGED, SAID)},
    ("Probe from the host", 2): {"": (CHANGED, "Probe host branch1: not probed after the change: ")},
    ("Write the report", 1): {"": (CHANGED, None)},
}
BACK = ("Roll back the device from its journal", "Decide whether the previous behaviour is restored")
SAMPLE = (("Decide whether to keep the change", 1, "crashed"),)


def tasks_of(path: Path) -> list:
    """[(name, what it runs)] of a playbook or a list of tasks, in order, with what it takes in; of a device that has no rollout. An end of a play runs
    nothing."""
    found = []
    for one in yaml.safe_load(path.read_text()):
        inner = one.get("ansible.builtin.import_playbook") or one.get("ansible.builtin.include_tasks")
        if inner:
            found += tasks_of(path.parent / ("tasks/device.yml" if "{{" in inner else inner))
        elif "hosts" in one:
            for task in one["tasks"]:
                found += tasks_in(task, path)
        else:
            found += tasks_in(one, path)
    return found


def tasks_in(task: dict, path: Path) -> list:
    if "block" in task:
        return [found for one in task["block"] + task["always"] for found in tasks_in(one, path)]
    inner = task.get("ansible.builtin.include_tasks")
    if inner:
        return tasks_of(path.parent / ("tasks/device.yml" if "{{" in inner else inner))
    return [(task["name"], key.rpartition(".")[2]) for key in task
            if key.startswith(("netaccess.chatgpt.", "ansible.builtin.")) and key != "ansible.builtin.meta"]


def cells() -> list:
    found, times = [], {}
    for name, action in tasks_of(ROOT / "playbooks" / "site.yml"):
        times[name] = times.get(name, 0) + 1
        if (name, times[name]) in CELLS:
            # Decisions are made on the controller.
            for how in ("crashed",) if action == "change" else HOW[:3] if action == "verify" else HOW:
                cell = (name, times[name], how)
                found.append(pytest.param(*cell, id="%s %d-%s" % cell, marks=() if cell in SAMPLE else pytest.mark.exhaustive))
    return found


def test_every_task_between_the_gate_and_the_report_is_broken():
    names = [name for name, _action in tasks_of(ROOT / "playbooks" / "site.yml")]
    numbered = {(name, names[:place].count(name) + 1) for place, name in enumerate(names)}
    # What a limit leaves out is looked from in the place of the hosts' own baseline.
    assert numbered - set(CELLS) == {("Check the change window, the change ID and the settings", 1), ("Fail devices and hosts with problems", 1),
                                     ("Print the summary", 1),
                                     ("Probe from hosts behind the device outside the limit", 1)}
    assert set(CELLS) <= numbered


@pytest.fixture(scope="module")
def lab():
    with Lab(few=True, vantages=("branch1",)) as made:
        # A host that has a password for its proxy, which asks for none.
        yield altered(made, "secret.yml", lambda _devices, hosts: hosts["branch1"].update(verify_proxy_user="probe", verify_proxy_password=CANARY))


@pytest.fixture(autouse=True)
def as_before(lab, tmp_path):
    """A test that failed leaves nothing to the next one."""
    yield
    if journals(lab):
        play(lab, "rollback", tmp_path, netaccess_journal=str(lab.folder / "journals"))
        for journal in journals(lab):
            os.unlink(journal.path)


def journals(lab) -> list:
    return [Journal.load(str(path)) for path in sorted((lab.folder / "journals").glob("*.json"))]


def broken(lab, tmp_path, monkeypatch, cell, expected, flags=(), view=None, **variables) -> None:
    """site.yml with one broken task: (its name, the how manieth of that name, how). ``expected``: (what is on the device then, what the run says)."""
    (task, time, how), (state, said) = cell, expected
    before, report = policy_of(lab), tmp_path / "report"
    with monkeypatch.context() as patch:
        patch.setenv("ANSIBLE_CALLBACK_PLUGINS", "%s:%s" % (Path(__file__).parent / "breaker", ROOT / "tests" / "lab" / "payloads"))
        patch.setenv("ANSIBLE_CALLBACKS_ENABLED", "breaker,payloads")
        patch.setenv("NETACCESS_BREAK", json.dumps({"task": task, "time": time, "how": how}))
        code, out = play(view or lab, "site", tmp_path, *flags, netaccess_report_dir=str(report), **variables)
    text = " ".join(out.split())
    assert SAID in out, "the task was broken: %s" % out
    # The change is proven; that its journal does not say so, the next run says.
    proven = task == "Mark the change as proven in its journal"
    assert (code == 0) is proven and (said is None or said in text), out
    assert (policy_of(lab) == before) is (state == BEFORE), out
    found = verdict(report)
    if said is None:
        assert found["deciding"] == ["interrupted"] and not (report / "report.json").exists()
    else:
        # What is not proven decides in a strict report alone.
        assert (found["code"] == 0 and not found["classes"]["not_proven"]) is proven, out
    closed(lab, tmp_path, before, out)


@pytest.mark.parametrize("task,time,how", cells())
def test_a_run_with_a_broken_task_says_so_and_is_closed_from_the_journals(lab, tmp_path, monkeypatch, task, time, how):
    harm = HARM if task in BACK or (task, time) == ("Probe from hosts behind the device", 2) else {}
    broken(lab, tmp_path, monkeypatch, (task, time, how), CELLS[task, time].get(how, CELLS[task, time][""]), **harm)


@pytest.mark.exhaustive
def test_with_keep_a_change_that_nobody_could_judge_stays(lab, tmp_path, monkeypatch):
    cell = ("Decide whether to keep the change", 1, "crashed")
    broken(lab, tmp_path, monkeypatch, cell, (CHANGED, "FAILED: proxy1: the results of the probe hosts were not evaluated: "), on_failure="keep")


def behind(_devices, hosts) -> None:
    """A second host, of the last stage's audience."""
    hosts["branch1"]["netaccess_path"]["audience"] = "pilot"
    hosts["branch2"] = dict(hosts["branch1"], verify_source_address="127.0.0.3", netaccess_path=dict(hosts["branch1"]["netaccess_path"], audience="everyone"))


def staged(devices, hosts) -> None:
    behind(devices, hosts)
    devices["proxy1"]["rollout"] = [{"name": "pilot", "audience": {"networks": ["127.0.0.2"]}}, {"name": "everyone"}]


def harmed(devices, hosts) -> None:
    """The last stage opens what has to stay as it is."""
    staged(devices, hosts)
    hosts["branch2"]["verify_expect"] = "unchanged"


def lost(devices, hosts) -> None:
    """A host behind the device and another device that nobody reaches from the start."""
    devices["gone1"] = dict(GONE, access_product="squid", access_comment="lab", access_audience={"networks": ["10.0.0.0/8"]})
    hosts["gone2"] = dict(GONE, netaccess_path={"device": "proxy1"})


#: {setting: (what it makes of the inventory, flags, variables)}
SETTINGS = {"a rollout": (staged, (), {}), "harm in the last stage": (harmed, (), {}), "a limit": (lambda _devices, _hosts: None, ("--limit", "proxy1"), {}),
            "somebody is gone": (lost, (), {"netaccess_max_failures": 1})}
SILENT, UNJUDGED = "rolled back: every probe host behind it answered before the change, and none does now", (
    "rolled back: the results of the probe hosts were not evaluated: ")
UNDECIDED = "FAILED: proxy1: no decision about the next stage of its rollout: "
#: What is different there: [(setting, task, how many of that name, how, what is on the device then, what the run says)].
MORE = [
    ("a rollout", "Find the current stage of the rollout", 1, "crashed", BEFORE, "FAILED: proxy1: "),
    ("a rollout", "Change the device", 1, "broken after", CHANGED, "If it wrote anything, the journal is in "),
    # The first stage is proven, and stays.
    ("a rollout", "Change the device", 2, "crashed", CHANGED, "FAILED: proxy1: "),
    ("a rollout", "Change the device", 2, "broken after", CHANGED, "If it wrote anything, the journal is in "),
    ("a rollout", "Probe from hosts behind the device", 2, "broken", BEFORE, SILENT),
    ("a rollout", "Decide whether to keep the change", 1, "crashed", BEFORE, UNJUDGED),
    ("a rollout", "Decide whether to keep the change", 2, "crashed", BEFORE, UNJUDGED),
    ("a rollout", "Decide whether the next stage starts", 1, "crashed", CHANGED, UNDECIDED),
    ("a rollout", "Decide whether the next stage starts", 2, "crashed", CHANGED, UNDECIDED),
    ("a rollout", "Mark the change as proven in its journal", 1, "crashed", CHANGED, SAID),
    ("harm in the last stage", "Roll back the device from its journal", 1, "broken", CHANGED, UNTOLD),
    ("harm in the last stage", "Roll back the device from its journal", 1, "broken after", CHANGED, UNTOLD),
    ("harm in the last stage", "Decide whether the previous behaviour is restored", 1, "crashed", BEFORE, "Not proven that the previous behaviour is "
     "restored: "),
    ("a limit", "Compare the device with the policy", 1, "crashed", BEFORE, "NOT BEGUN: proxy1: "),
    ("a limit", "Probe from hosts behind the device outside the limit", 1, "broken", CHANGED, "branch1 (no baseline)"),
    ("a limit", "Decide whether this batch starts", 1, "crashed", BEFORE, "not begun: the run ended before"),
    ("a limit", "Change the device", 1, "unreachable after", CHANGED, SAID),
    ("a limit", "Probe from hosts behind the device", 1, "unreachable", BEFORE, SILENT),
    ("a limit", "Decide whether to keep the change", 1, "crashed", BEFORE, UNJUDGED),
    ("a limit", "Write the report", 1, "crashed", CHANGED, None),
    ("somebody is gone", "Probe from the host", 1, "crashed", CHANGED, "branch1 (no baseline)"),
    ("somebody is gone", "Decide whether this batch starts", 2, "crashed", CHANGED, "NOT BEGUN: gone1: "),
    ("somebody is gone", "Change the device", 1, "broken after", CHANGED, "If it wrote anything, the journal is in "),
    ("somebody is gone", "Probe from hosts behind the device", 1, "broken", BEFORE, SILENT),
    ("somebody is gone", "Decide whether to keep the change", 1, "crashed", BEFORE, UNJUDGED),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("setting,task,time,how,state,said", [pytest.param(*one, id="%s, %s %d-%s" % one[:4]) for one in MORE])
def test_a_broken_task_where_more_is_different(lab, tmp_path, monkeypatch, setting, task, time, how, state, said):
    edit, flags, variables = SETTINGS[setting]
    broken(lab, tmp_path, monkeypatch, (task, time, how), (state, said), flags, altered(lab, "more.yml", edit), **variables)


def closed(lab, tmp_path, before: str, out: str) -> None:
    """One rollback of the folder, and all is as it was; no secret was told."""
    told = out + "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file()) + "".join(Path(one.path).read_text() for one in journals(lab))
    assert CANARY not in told
    if journals(lab):
        code, out = play(lab, "rollback", tmp_path, netaccess_journal=str(lab.folder / "journals"))
        assert code == 0 and CANARY not in out, out
    assert policy_of(lab) == before
    for journal in journals(lab):
        assert journal.status in ("reverted", "undone")
        os.unlink(journal.path)


def killed_at(lab, line: str, **variables) -> str:
    """What site.yml said until it was killed at the first line of output that begins so."""
    with subprocess.Popen([PROGRAM, "-i", str(lab.inventory), "netaccess.chatgpt.site", "-e", json.dumps(variables)], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, ANSIBLE_NOCOLOR="1", PYTHONUNBUFFERED="1", SSL_CERT_FILE=str(lab.trust))) as run:
        said = []
        for text in run.stdout:
            said.append(text)
            if text.startswith(line):
                kill(run.pid)
                break
        return "".join(said)


def test_a_run_killed_during_its_proof_is_judged_by_the_next_one_as_if_it_had_not_been(lab, tmp_path):
    """What hosts saw before the first change is in its journal: the harm is no baseline, and is taken back although the next run changes nothing."""
    before = policy_of(lab)
    assert "claude.ai" not in killed_at(lab, "TASK [Probe from hosts behind the device]", **HARM)
    journal, = journals(lab)
    assert policy_of(lab) != before and journal.status == "unproven"
    code, out = play(lab, "site", tmp_path, netaccess_report_dir=str(tmp_path / "report"), **HARM)
    text = " ".join(out.split())
    assert code != 0 and "earlier changes on " in text and journal.path in text, out
    assert "rolled back an unproven change of an earlier run: " in text, out
    assert "claude.ai: newly open" in text and "...ignoring" not in out and verdict(tmp_path / "report")["code"] == 1
    assert policy_of(lab) == before and [one.status for one in journals(lab)] == ["reverted"]
    closed(lab, tmp_path, before, out)
