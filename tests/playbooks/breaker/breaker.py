# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin that breaks one task of a run. NETACCESS_BREAK: {"task": its name, "time": the how manieth of that name, "how": one of ``HOW``}."""
from __future__ import annotations

import json
import os
from collections import Counter

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: breaker
type: aggregate
short_description: Breaks one task
description: Breaks one task of a run, for tests.
"""
SAID = "broken by the test"
#: The action ends in a traceback; the module gives no answer, or its host is gone, without and with effect.
HOW = ("crashed", "broken", "unreachable", "broken after", "unreachable after")
#: As of a module that was killed.
NO_ANSWER = {"failed": True, "msg": SAID, "module_stdout": "Killed", "module_stderr": "", "rc": 137, "exception": "Traceback"}

_started: Counter = Counter()
_run, _execute = ActionBase.run, ActionBase._execute_module


def _how(action) -> str:
    wanted, name = json.loads(os.environ["NETACCESS_BREAK"]), action._task.get_name()
    return wanted["how"] if (wanted["task"], wanted["time"]) == (name, _started[name]) else ""


def _end(how: str) -> dict:
    if how.startswith("unreachable"):
        raise AnsibleConnectionFailure(SAID)
    return dict(NO_ANSWER)


def run(self, tmp=None, task_vars=None):
    if _how(self) == "crashed":
        raise RuntimeError(SAID)
    return _run(self, tmp, task_vars)


def execute(self, *arguments, **options):
    how = _how(self)
    if how in ("broken", "unreachable"):
        return _end(how)
    result = _execute(self, *arguments, **options)
    return _end(how) if how.endswith(" after") else result


class CallbackModule(CallbackBase):
    """Counts tasks before the processes that carry them out are forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "breaker"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        ActionBase.run, ActionBase._execute_module = run, execute

    def v2_playbook_on_task_start(self, task, is_conditional):
        _started[task.get_name()] += 1
