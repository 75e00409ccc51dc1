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
