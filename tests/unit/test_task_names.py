# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every task that a test names exists: a test that breaks a task, or looks for it in the output, is blind to a task that was renamed."""
from __future__ import annotations

import functools
import re

import yaml

from tests.lab.play import ROOT
from tests.playbooks.test_broken import BACK, CELLS, MORE, SAMPLE

#: The name of a task in the output, after the role that it is in. Without its end it is the beginning of a name.
SHOWN = re.compile(r"TASK \[(?:netaccess\.chatgpt\.(\w+) : )?([^\]\"]*)(\]?)")


def names_in(found) -> set:
    """The names of all plays and tasks, at any depth."""
    if isinstance(found, list):
        return set().union(*map(names_in, found))
    if not isinstance(found, dict):
        return set()
    return ({found["name"]} if "name" in found else set()).union(*(names_in(found.get(key)) for key in ("tasks", "block", "rescue", "always")))


@functools.cache
def names_of(folder: str) -> set:
    return set().union(*(names_in(yaml.safe_load(path.read_text())) for path in (ROOT / folder).rglob("*.yml") if "defaults" not in path.parts))


def test_every_task_that_a_test_breaks_exists():
    broken = {task for task, _time in CELLS} | {task for _setting, task, *_more in MORE} | {*BACK, *(task for task, *_more in SAMPLE)}
    assert broken <= names_of("playbooks"), broken - names_of("playbooks")


def test_every_task_that_a_test_looks_for_in_the_output_exists():
    found = [(path.name, *quote) for path in (ROOT / "tests").rglob("*.py") for quote in SHOWN.findall(path.read_text()) if path.name != "test_task_names.py"]
    assert len(found) >= 5
    missing = [(test, name) for test, role, name, end in found
               if not any(known == name if end else known.startswith(name) for known in names_of("roles/" + role if role else "playbooks"))]
    assert not missing, missing
