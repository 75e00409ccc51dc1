# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one thing at a time in a file and looks whether a test turns red. Says which changes no test sees.

``python -m tests.mutate plugins/module_utils/rules/columns.py tests/unit/test_columns.py tests/unit/test_firstmatch.py``

Tests are files or folders, the cheapest and sharpest first. ``--every 5`` takes each fifth change, ``--lines 10-90`` those of some lines, ``--most 30`` asks
at most so many tests of each change, for a first look; ``--timeout`` is the seconds that the tests of one change may take. Needs Python 3.12.

What is changed says :mod:`tests.mutants`. The tests are collected once, and run once to see which of them comes by which line. Then each change runs in a
fork: the tests that come by, the choosiest first. A function is changed where it stands; for what is outside of functions the fork
imports and collects everything again. What a test runs in another process is not changed.
"""
from __future__ import annotations

import argparse
import ast
import gc
import os
import pickle
import random
import signal
import sys
import time
from collections import Counter
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Callable, Iterator

import pytest
from _pytest.main import pytest_runtestloop as run_tests

from tests.mutants import mutants

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-W", "ignore", "-m", "not exhaustive"]


class Watcher:
    """A plugin of pytest: which tests come by which line (all by line 0), and which failed first."""

    def __init__(self) -> None:
        self.lines, self.failed, self._now = {}, None, ""

    def line(self, _code: CodeType | None, number: int) -> object:
        self.lines.setdefault(number, {})[self._now] = True
        return sys.monitoring.DISABLE

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._now = item.nodeid
        self.line(None, 0)
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or (report.nodeid if report.failed else None)


class Chosen:
    """A plugin of pytest: runs some of the tests, in this order."""

    def __init__(self, wanted: list):
        self._place = {name: index for index, name in enumerate(wanted)}

    def of(self, items: list) -> list:
        return sorted((item for item in items if item.nodeid in self._place), key=lambda item: self._place[item.nodeid])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = self.of(items)


def codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from codes(one)


def forked(timeout: int, task: Callable[[], object]) -> object:
    """What ``task`` returns in a process of its own; None when it took too long."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(writes)
        with os.fdopen(reads, "rb") as stream:
            said = stream.read()
        os.waitpid(child, 0)
        return pickle.loads(said) if said else None
    os.setpgid(0, 0)
    signal.alarm(timeout)
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    try:
        said = task()
        with os.fdopen(writes, "wb") as stream:
            pickle.dump(said, stream)
    finally:
        os.killpg(0, signal.SIGKILL)


class Mutator:
    """A plugin of pytest that stands where the tests would be run."""

    def __init__(self, options: argparse.Namespace):
        self._options, self._path, self.survivors = options, options.file.resolve(), None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        session.config.pluginmanager.unregister(self)
        tree = ast.parse(self._path.read_text(encoding="utf-8"))
        functions = [one for one in gc.get_objects() if isinstance(one, FunctionType) and os.path.realpath(one.__code__.co_filename) == str(self._path)]
        gc.freeze()
        watcher, options, began = Watcher(), self._options, time.monotonic()
        session.config.pluginmanager.register(watcher)
        lines = forked(10 * options.timeout, lambda: self._watched(session, watcher, functions))
        if not isinstance(lines, dict):
            print("%s: unchanged, %s" % (options.file, "too slow" if lines is None else "%s is red" % lines if lines else "no test imports it"))
            return True
        low, high = map(int, options.lines.split("-"))
        chosen = [one for one in mutants(tree) if low <= int(one[1].partition(":")[0]) <= high][::options.every]
        self.survivors, sharp = 0, Counter()
        mixed = list(lines[0]) if options.most > len(lines[0]) else random.Random(0).sample(list(lines[0]), len(lines[0]))
        for touched, text, change in chosen:
            near = {name for line in touched or (0,) for name in lines.get(line, ())}
            # First those that come by what few tests come by round about.
            around = [lines.get(line, ()) for line in range(touched[0] - 2, touched[-1] + 8)] if touched else []
            seldom = {name: min((len(names) for names in around if name in names), default=0) for name in near}
            wanted = sorted((name for name in mixed if name in near), key=lambda name: (seldom[name], -sharp[name]))[:options.most]
            red = forked(options.timeout, lambda: self._changed(session, watcher, functions, (tree, touched, change), wanted)) if near else ""
            sharp.update([red] if red else [])
            if red == "":
                self.survivors += 1
                print("%s:%s%s" % (options.file, text, "" if near else " (no test comes by)"), flush=True)
        print("%s: %d changes, %d seen, %d survive (%.0f s)" % (options.file, len(chosen), len(chosen) - self.survivors, self.survivors,
                                                                time.monotonic() - began), flush=True)
        return True

    def _run(self, session: pytest.Session, watcher: Watcher) -> str:
        try:
            run_tests(session)
        except session.Failed:
            pass
        return watcher.failed or ""

    def _watched(self, session: pytest.Session, watcher: Watcher, functions: list) -> object:
        sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutate")
        sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, watcher.line)
        for code in (one for function in functions for one in codes(function.__code__)):
            sys.monitoring.set_local_events(sys.monitoring.COVERAGE_ID, code, sys.monitoring.events.LINE)
        imported = any(os.path.realpath(getattr(module, "__file__", None) or "/") == str(self._path) for module in list(sys.modules.values()))
        return self._run(session, watcher) or (watcher.lines if imported else "")

    def _changed(self, session: pytest.Session, watcher: Watcher, functions: list, mutant: tuple, wanted: list) -> str:
        """The test that is red, or nothing."""
        tree, touched, change = mutant
        change()
        code = compile(ast.fix_missing_locations(tree), str(self._path), "exec")
        if touched:
            new = {(one.co_qualname, one.co_firstlineno): one for one in codes(code)}
            for function in functions:
                function.__code__ = new[function.__code__.co_qualname, function.__code__.co_firstlineno]
            session.items = Chosen(wanted).of(session.items)
            return self._run(session, watcher)
        for name, module in list(sys.modules.items()):
            where = Path(os.path.realpath(getattr(module, "__file__", None) or "/"))
            own = (ROOT in where.parents or self._path.parent in where.parents) and "site-packages" not in where.parts
            if name.startswith("ansible_collections") or own and name != "__main__":
                del sys.modules[name]
        load = SourceFileLoader.get_code
        SourceFileLoader.get_code = lambda loader, name: code if os.path.realpath(loader.path) == str(self._path) else load(loader, name)
        status = pytest.main(FLAGS + self._options.tests, plugins=[watcher, Chosen(wanted)])
        # No test is left where the change took away what they were made for.
        return watcher.failed or ("" if status in (0, pytest.ExitCode.NO_TESTS_COLLECTED) else "import")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--lines", default="1-1000000")
    parser.add_argument("--most", type=int, default=1000000)
    parser.add_argument("--timeout", type=int, default=300)
    options = parser.parse_args()
    mutator = Mutator(options)
    pytest.main(FLAGS + ["-s", "--no-header"] + options.tests, plugins=[mutator])
    return 2 if mutator.survivors is None else min(mutator.survivors, 1)


if __name__ == "__main__":
    sys.exit(main())
