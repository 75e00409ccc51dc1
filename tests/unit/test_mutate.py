# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool that changes one thing at a time in a file finds what no test sees, and nothing else."""
from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.mutants import mutants
from tests.mutate import Chosen, forked

ROOT = Path(__file__).resolve().parents[2]


def changed(source: str) -> set:
    """The source after each of the changes."""
    found = set()
    for index in range(len(list(mutants(ast.parse(source))))):
        tree = ast.parse(source)
        list(mutants(tree))[index][2]()
        found.add(ast.unparse(ast.fix_missing_locations(tree)).replace("\n", " "))
    return found


@pytest.mark.parametrize("source, expected", [
    ("x = a and b", {"x = a", "x = b"}),
    ("x = a or b or c", {"x = a or b", "x = a or c", "x = b or c"}),
    ("x = not a", {"x = a"}),
    ("x = a <= b", {"x = a > b"}),
    ("if a: b()", {"if True:     b()", "if False:     b()"}),
    ("x = [a for a in y if a]", {"x = [a for a in y if True]", "x = [a for a in y if False]"}),
    ("def f(): return True", {"def f():     return False"}),
    ("def f(): return a in ('b',)", {"def f():     return a not in ('b',)", "def f():     return a in (*(),)"}),
    ("def f(): return ('a', 'b')", set()),
    ("x = {'a': (), **b}", {"x = {**b}", "x = {'a': ()}"}),
    ("x = {'a'}", {"x = {*()}"}),
    ("x = a | b", {"x = a", "x = b"}),
    ("x = 'a b'.split()", {"x = 'a'.split()", "x = 'b'.split()"}),
    ("x = f('a b')", set()),
    ("a, b = x", set()),
    ("@f(frozen=a or b)\nclass A:\n    b: dict[str, int]", set()),
])
def test_one_thing_is_changed_at_a_time(source, expected):
    assert changed(source) == expected


def test_a_word_that_a_function_of_the_file_splits_is_left_out():
    assert {text.rpartition("\n")[2].rpartition(" x = ")[2] for text in changed("def f(a): pass\nx = f('a b')")} == {"f('a')", "f('b')"}


def test_what_a_change_does_stays_in_its_own_process_which_may_die_or_take_too_long():
    seen: list = []
    assert forked(60, lambda: seen.append(1) or "tests/red.py") == "tests/red.py" and seen == []
    assert forked(60, lambda: os.kill(os.getpid(), signal.SIGKILL)) is None
    assert forked(1, lambda: time.sleep(4) or "too late") is None


def test_the_tests_that_come_by_run_in_the_order_of_their_sharpness_and_no_others_do():
    items = [SimpleNamespace(nodeid=name) for name in ("a", "b", "c")]
    assert [item.nodeid for item in Chosen(["c", "a"]).of(items)] == ["c", "a"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="watches lines by sys.monitoring")
@pytest.mark.exhaustive
def test_what_no_test_sees_is_named(tmp_path):
    (tmp_path / "rule.py").write_text("NAMES = ('a', 'b')\n\n\ndef holds(name, more):\n    if more and name:\n        return True\n"
                                      "    return name in NAMES\n\n\ndef unused(name):\n    return not name\n", encoding="utf-8")
    (tmp_path / "test_rule.py").write_text("from rule import holds\n\n\ndef test_holds():\n    assert holds('a', False) and holds('c', True)\n"
                                           "    assert not holds('c', False)\n\n\ndef test_other():\n    assert True\n", encoding="utf-8")
    said = subprocess.run([sys.executable, "-m", "tests.mutate", str(tmp_path / "rule.py"), str(tmp_path / "test_rule.py")], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=300)
    assert said.returncode == 1, said.stderr
    lines = [line.rpartition("rule.py:")[2] for line in said.stdout.splitlines() if "rule.py:" in line]
    # The second operand is seen by nothing: the test never asks for no name.
    assert lines[:-1] == ["1: without: 'b'", "5: without: name", "11: without not: not name (no test comes by)"]
    assert " 9 changes, 6 seen, 3 survive" in lines[-1]


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.version_info < (3, 12), reason="watches lines by sys.monitoring")
@pytest.mark.parametrize("test, status, said", [("from rule import NAMES\n\n\ndef test_names():\n    assert 'a' in NAMES\n", 1, "2 changes, 1 seen"),
                                                ("def test_other():\n    pass\n", 2, "no test imports it")], ids=["data", "not imported"])
def test_a_file_without_functions_can_be_changed_and_one_that_no_test_imports_is_refused(tmp_path, test, status, said):
    (tmp_path / "rule.py").write_text("NAMES = ('a', 'b')\n", encoding="utf-8")
    (tmp_path / "test_rule.py").write_text(test, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "tests.mutate", str(tmp_path / "rule.py"), str(tmp_path / "test_rule.py")], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == status and said in done.stdout
