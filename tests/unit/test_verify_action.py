# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action verify: how long it looks again, after a change and after a rollback."""
from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.action import reachability_info, verify
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, canary_probes, endpoint_probes, load
from tests.unit.test_change_action import FINE, SHUT, HostVars


@pytest.fixture
def looked(monkeypatch):
    """How many times a host looked, of which each shows the next of ``seen``, behind a device with the variables ``device``."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def run(seen, device, before=None, own=None, **args):
        variables = {"netaccess_path": {"device": "fw1"}, "verify_probes": [{"id": "chat"}], "verify_baseline": SHUT if before is None else before,
                     **(own or {})}
        task_vars = dict(variables, inventory_hostname="desk1", hostvars=HostVars({"fw1": device, "desk1": variables}))
        task = SimpleNamespace(args=dict(args, phase="after"), check_mode=False, async_val=0, action="netaccess.chatgpt.verify", diff=False, delegate_to=None)
        loader = DataLoader()
        action = verify.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                     Templar(loader, variables=task_vars), None)
        looks = []
        action._look = lambda *_args: looks.append(1) or dict(seen[min(len(looks), len(seen)) - 1])
        action._say = lambda *_args: None
        action.run(task_vars=task_vars)
        return len(looks)
    return run


def probe(monkeypatch, *, phase="after", host="desk1", seen=None, before=None, device=None, stage=None, **own):
    """(the result, the options of the probes or None, what was printed) of one look from desk1, or from ``host`` in the place of the device fw1."""
    said, asked, delegated = [], [], host if host != "desk1" else None
    variables = {"netaccess_path": {"device": "fw1"}, "verify_probes": [{"id": "chat"}], "verify_baseline": FINE if before is None else before, **own}
    hosts, name = {"fw1": device or {}, host: variables}, "fw1" if delegated else "desk1"
    task_vars = dict(hosts[name], inventory_hostname=name, hostvars=HostVars(hosts))
    task = SimpleNamespace(args=dict({"phase": phase}, **({"stage": stage} if stage else {})), check_mode=False, async_val=0, action="netaccess.chatgpt.verify",
                           diff=False, delegate_to=delegated)
    action = verify.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), DataLoader(),
                                 Templar(DataLoader(), variables=task_vars), None)
    result = FINE if seen is None else seen
    action.judged = lambda _task_vars: asked.append(task.args) or dict(result, checks=[dict(check, kind="https") for check in result["checks"]])
    monkeypatch.setattr(Display, "display", lambda _self, text, *_more, **_named: said.append(text))
    return action.run(task_vars=task_vars), (asked or [None])[0], said


def test_each_option_of_the_probes_comes_from_its_variable_and_has_a_default(monkeypatch):
    values = {option: "x" for option in verify._OPTIONS if option != "path"}
    given = probe(monkeypatch, **{"verify_" + option: value for option, value in values.items() if option != "wait"}, verify_wait=7)[1]
    assert given == dict(values, wait=7.0, path={"device": "fw1"}, baseline=FINE)
    default = probe(monkeypatch, before={})[1]
    assert default == {"wait": 30.0, "wait_interval": 5, "timeout": 10, "deadline": 60, "consecutive": 1, "features": [], "levels": ["required", "optional"],
                       "evidence": False, "signatures": [], "probes": [{"id": "chat"}], "path": {"device": "fw1"}}
    assert {"proxy", "proxy_user", "proxy_password", "source_address", "ca_path", "resolve", "pac_url", "resolver"} < set(given)


def test_only_what_has_to_open_after_a_change_is_waited_for(monkeypatch):
    slow = {"access_result": {"changed": True, "propagation": 300}}
    assert probe(monkeypatch, device=slow)[1]["wait"] == 300 and probe(monkeypatch, device=slow, verify_wait=400)[1]["wait"] == 400
    assert probe(monkeypatch, device=slow, verify_expect="unchanged")[1]["wait"] == 0
    assert probe(monkeypatch, device=slow, phase="baseline")[1]["wait"] == 0 and "baseline" not in probe(monkeypatch, phase="baseline")[1]
    # While its stage of a rollout is still to come, nothing has to open for a host.
    later = {"name": "pilot", "reached": ["pilot"], "last": False}
    assert probe(monkeypatch, device=slow, stage=later, netaccess_path={"device": "fw1", "audience": "everyone"})[1]["wait"] == 0
    assert probe(monkeypatch, device=slow, stage=later, netaccess_path={"device": "fw1", "audience": "pilot"})[1]["wait"] == 300
    assert probe(monkeypatch, netaccess_path=None)[1]["wait"] == 30 and probe(monkeypatch, netaccess_path={"device": "gone"})[1]["wait"] == 30


@pytest.mark.parametrize("options,problem,table", [
    ({}, None, True), ({"seen": SHUT}, "desk1: 1 fails. chatgpt.com: shut", True), ({"seen": SHUT, "phase": "baseline"}, None, False),
    ({"seen": SHUT, "verify_expect": "unchanged"}, "desk1 is outside the audience and has changed: chatgpt.com: shut", False),
    ({"verify_expect": "unchanged", "verify_whole_table": True}, None, True), ({"host": "desk2", "seen": SHUT}, None, False)])
def test_a_host_of_the_run_tells_its_problem_and_shows_its_table(monkeypatch, options, problem, table):
    """One that is probed in the place of its device is judged by the proof."""
    result, _asked, said = probe(monkeypatch, **options)
    assert result.get("problem") == problem and bool(said) is table and result["changed"] is False


def test_a_look_that_fails_is_a_result_and_is_said(monkeypatch):
    result, asked, said = probe(monkeypatch, verify_by="kti")
    assert result["recorded"] == "failed" and asked is None and said == ["desk1: not probed: verify_by is 'kti'; it must be kit or module"]
    assert "recorded" not in probe(monkeypatch, verify_by="module")[0]


def test_looks_before_and_after_are_left_for_the_report(monkeypatch, tmp_path):
    for phase in ("baseline", "after"):
        probe(monkeypatch, phase=phase, verify_report_dir=str(tmp_path))
    probe(monkeypatch)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk1-after.json", "desk1-before.json"]


SLOW = {"changed": True, "propagation": 12}


def test_after_a_change_what_has_to_pass_is_waited_for(looked):
    assert looked([SHUT, SHUT, FINE], {}) == 3 and looked([FINE], {}) == 1


def test_after_a_rollback_probes_repeat_until_the_baseline_is_restored_and_no_longer_than_that_may_take(looked):
    """Else a product that takes a minute to put it in force is reported as one that swallowed the rollback."""
    back = {"access_back": SLOW}
    assert looked([FINE, FINE, SHUT], back, reverted=True) == 3
    assert looked([SHUT], back, reverted=True) == 1, "what fails as it did before is as before"
    # 0, 5, 10 and 12 seconds after the rollback.
    assert looked([FINE], back, reverted=True) == 4
    assert looked([FINE], {"access_back": dict(SLOW, changed=False), "access_result": SLOW}, reverted=True) == 1
    assert looked([FINE], back, before={}, reverted=True) == 1, "without a baseline nothing can become as before"


def moved(*flags):
    return dict(FINE, checks=[{"id": "example", "host": "example.com", "role": "control", "verdict": "fail", "flags": ["regressed", *flags], "message": "x"}])


def test_harm_is_probed_twice_unless_something_was_seen_open(looked):
    for seen, looks in (([moved("newly_blocked"), FINE], 2), ([moved("newly_blocked")], 2), ([moved("newly_inspected")], 2), ([moved("newly_open")], 1),
                        ([moved("no_longer_inspected")], 1), ([FINE], 1)):
        assert looked(seen, {}) == looks, seen


def test_a_probe_that_waits_says_so_before_and_one_that_lacks_the_time_is_not_begun(looked, monkeypatch):
    said = []
    monkeypatch.setattr(Display, "display", lambda _self, text, *_more, **_named: said.append(text))
    own = {"verify_probes": canary_probes("canary.test", "quick", silences=[30, 90])}
    assert looked([FINE], {}, own=dict(own, verify_deadline=100)) == 1
    assert said[0] == "desk1: a probe run takes 90 s, up to 100: connections to canary.test stay silent for 30, 90 s to find idle timeouts"
    said.clear()
    assert looked([FINE], {}, own=own) == 0 and "deadline: 60 seconds" in said[0]


def test_a_symptom_asks_for_what_it_depends_on_and_nothing_else_asks_for_less():
    asked = {}
    for words, listed in (("", []), ("uploads fail", ["files"]), ("the coffee is cold", [])):
        assert verify._PROBES % verify.symptoms.features(words) == "{{ lookup('netaccess.chatgpt.endpoints', features=%r) }}" % listed
        asked[words] = {feature for probe in endpoint_probes(load(), Selection(features=listed)) for feature in probe["features"]}
    assert "payment" in asked[""] and "files" in asked["uploads fail"] and "payment" not in asked["uploads fail"]


@pytest.mark.parametrize("result,lacks", [
    ({"module_stderr": "/bin/sh: 1: /usr/bin/python3: not found\n"}, True),
    ({"module_stdout": "bash: line 1: /usr/bin/python3: No such file or directory\n"}, True),
    ({"module_stderr": "sudo: /usr/bin/python3: command not found\n"}, True), ({"module_stderr": "sh: /usr/bin/base64: not found"}, False),
    ({"msg": "no route"}, False)])
def test_a_host_without_python_says_so_and_what_to_do(result, lacks):
    """By the words of dash, bash and sudo; Ansible's own message differs between its releases."""
    loader = DataLoader()
    task = SimpleNamespace(args={}, check_mode=False, async_val=0, action="netaccess.chatgpt.reachability_info", diff=False, delegate_to=None)
    action = reachability_info.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                            Templar(loader, variables={}), None)
    action._used_interpreter = "/usr/bin/python3"
    action._execute_module = lambda *_args, **_named: dict({"failed": True, "msg": "MODULE FAILURE"}, **result)
    said = action._look({"probes": []}, {}, {})["msg"]
    assert ("Python was not found on this host (/usr/bin/python3)" in said and "verify_by: kit" in said and "ansible_python_interpreter" in said) is lacks
