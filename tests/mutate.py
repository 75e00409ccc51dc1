# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one thing at a time in a file and looks whether a test turns red. Says which changes no test sees.

``python -m tests.mutate plugins/module_utils/rules/columns.py tests/unit/test_columns.py tests/unit/test_firstmatch.py``

Tests are files or folders, the cheapest and sharpest first. ``--every 5`` takes each fifth change, ``--lines 10-90`` those of some lines, ``--timeout`` is
the seconds that the tests of one change may take. Needs Python 3.12.

What is changed says :mod:`tests.mutants`. After one green run that remembers which test comes by which line, each change runs in a fork: the tests that
come by, those first that saw an earlier change. What a test runs in another process is not changed.
"""
from __future__ import annotations

import argparse
import ast
import gc
import os
import pickle
import signal
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Callable

import pytest

from tests.mutants import mutants

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-W", "ignore", "-m", "not exhaustive"]


class Watcher:
    """A plugin of pytest: which tests come by which line (all by line 0), in which order to run them, and which failed first."""

    def __init__(self, wanted: list | None):
        self.wanted, self.lines, self.failed, self._now = wanted, {}, None, ""

    def line(self, _code: CodeType | None, number: int) -> object:
        self.lines.setdefault(number, {})[self._now] = True
        return sys.monitoring.DISABLE

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list) -> None:
        if self.wanted is not None:
            place = {name: index for index, name in enumerate(self.wanted)}
            items[:] = sorted((item for item in items if item.nodeid in place), key=lambda item: place[item.nodeid])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._now = item.nodeid
        self.line(None, 0)
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or (report.nodeid if report.failed else None)


def watch(code: CodeType) -> None:
    sys.monitoring.set_local_events(sys.monitoring.COVERAGE_ID, code, sys.monitoring.events.LINE)
    for one in code.co_consts:
        if isinstance(one, CodeType):
            watch(one)


def run(path: Path, tree: ast.Module, tests: list, timeout: int, change: Callable | None = None, wanted: list | None = None) -> tuple:
    """In a fork: (exit status, lines, the test that failed), the first None when it took too long. Without a change, the lines are watched."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(writes)
        with os.fdopen(reads, "rb") as stream:
            said = stream.read()
        os.waitpid(child, 0)
        return pickle.loads(said) if said else (None, {}, None)
    os.setpgid(0, 0)
    signal.alarm(timeout)
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    watcher, load = Watcher(wanted), SourceFileLoader.get_code
    if change is None:
        sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutate")
        sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, watcher.line)
    else:
        change()

    def get_code(loader: SourceFileLoader, name: str) -> CodeType:
        if os.path.realpath(loader.path) != str(path):
            return load(loader, name)
        code = compile(ast.fix_missing_locations(tree), str(path), "exec")
        if change is None:
            watch(code)
        return code

    SourceFileLoader.get_code = get_code
    try:
        status = int(pytest.main(FLAGS + tests, plugins=[watcher]))
        with os.fdopen(writes, "wb") as stream:
            pickle.dump((status, watcher.lines, watcher.failed), stream)
    finally:
        os.killpg(0, signal.SIGKILL)


def warm(path: Path, tests: list) -> None:
    """Import what the tests import, and forget what is of the project: a fork imports that again, changed."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        pytest.main(FLAGS + ["--collect-only"] + tests)
    for name, module in list(sys.modules.items()):
        where = Path(os.path.realpath(getattr(module, "__file__", None) or "/"))
        own = (ROOT in where.parents or path.parent in where.parents) and "site-packages" not in where.parts
        if name.startswith("ansible_collections") or own and name != "__main__":
            del sys.modules[name]
    gc.freeze()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--lines", default="1-1000000")
    parser.add_argument("--timeout", type=int, default=300)
    options = parser.parse_args()
    path, (low, high) = options.file.resolve(), map(int, options.lines.split("-"))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    warm(path, options.tests)
    status, lines, failed = run(path, tree, options.tests, 10 * options.timeout)
    if status != 0 or len(lines) < 2:
        print("%s: unchanged, %s" % (options.file, "no test comes by it" if status == 0 else "%s is red" % (failed or options.tests)))
        return 2
    chosen = [one for one in mutants(tree) if low <= int(one[1].partition(":")[0]) <= high][::options.every]
    survivors, sharp, began = 0, Counter(), time.monotonic()
    for touched, text, change in chosen:
        near = {name for line in touched or (0,) for name in lines.get(line, ())}
        wanted = [name for name, _times in sharp.most_common() if name in near]
        wanted += [name for name in lines[0] if name in near and name not in sharp]
        status, _lines, failed = run(path, tree, options.tests, options.timeout, change, wanted) if near else (0, {}, None)
        sharp.update([failed] if failed else [])
        # No test is left where the change took away what they were made for.
        if status in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            survivors += 1
            print("%s:%s%s" % (options.file, text, "" if near else " (no test comes by)"), flush=True)
    print("%s: %d changes, %d seen, %d survive (%.0f s)" % (options.file, len(chosen), len(chosen) - survivors, survivors, time.monotonic() - began))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
