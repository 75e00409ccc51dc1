# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one thing at a time in a file and looks whether a test turns red. Says which changes no test sees.

``python -m tests.mutate plugins/module_utils/rules/columns.py tests/unit/test_columns.py tests/unit/test_firstmatch.py``

Tests are files or folders, the cheapest and sharpest first. ``--every 5`` takes each fifth change, ``--lines 10-90`` those of some lines, ``--timeout`` is
the seconds that the tests of one change may take. Needs Python 3.12.

The changes: an operand of ``and`` and ``or`` left out, an ``if`` that always or never holds, ``not`` taken away, a comparison turned round, ``return True``
for ``return False``; at the level of the module also a member of a literal, an operand of ``|`` and ``+``, a name that is handed to a function of the file,
and a word of a text that is split. After one green run that remembers which test comes by which line, each change runs in a fork: the tests that come by,
those first that saw an earlier change. What another process of a test runs is not changed.
"""
from __future__ import annotations

import argparse
import ast
import os
import pickle
import signal
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:xdist", "-m", "not exhaustive"]
TURNED = {ast.Eq: ast.NotEq, ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Is: ast.IsNot, ast.In: ast.NotIn}
TURNED.update({new: old for old, new in list(TURNED.items())})
#: What a name in square brackets is, and what a decorator is told, decides nothing.
PASSED = {"annotation", "returns", "decorator_list"}


def mutants(tree: ast.Module) -> Iterator[tuple]:
    """(first line, last line, whether it is in a function, what is changed, the function that changes the tree)"""
    helpers = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    def swap(parent: ast.AST, name: str, index: int | None, new: ast.AST) -> Callable:
        return lambda: setattr(parent, name, new) if index is None else getattr(parent, name).__setitem__(index, new)

    def short(items: list, index: int) -> Callable:
        return lambda: items.__delitem__(index)

    def visit(node: ast.AST, inside: bool, put: Callable, words: bool = False) -> Iterator[tuple]:
        at = (getattr(node, "lineno", 0), getattr(node, "end_lineno", 0), inside)
        if isinstance(node, ast.BoolOp):
            for index, value in enumerate(node.values):
                yield *at, "without: %s" % ast.unparse(value), short(node.values, index) if len(node.values) > 2 else put(node.values[1 - index])
        elif isinstance(node, (ast.If, ast.IfExp)):
            for value in (True, False):
                yield node.test.lineno, node.test.end_lineno, inside, "if %s: always %s" % (ast.unparse(node.test), value), \
                    swap(node, "test", None, ast.Constant(value))
        elif isinstance(node, ast.comprehension):
            for index, test in enumerate(node.ifs):
                for value in (True, False):
                    yield test.lineno, test.end_lineno, inside, "if %s: always %s" % (ast.unparse(test), value), \
                        swap(node, "ifs", index, ast.Constant(value))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield *at, "without not: %s" % ast.unparse(node), put(node.operand)
        elif isinstance(node, ast.Compare):
            for index, kind in enumerate(node.ops):
                yield *at, "turned round: %s" % ast.unparse(node), swap(node, "ops", index, TURNED[type(kind)]())
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
            yield *at, "return %s" % (not node.value.value), swap(node, "value", None, ast.Constant(not node.value.value))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.Add)) and not inside:
            for one, other in ((node.left, node.right), (node.right, node.left)):
                yield *at, "without: %s" % ast.unparse(one), put(other)
        elif isinstance(node, ast.Constant) and words:
            found = node.value.split()
            for index, word in enumerate(found):
                yield *at, "without the word: %s" % word, swap(node, "value", None, " ".join(found[:index] + found[index + 1:]))
        if isinstance(node, ast.Compare) and isinstance(node.ops[-1], (ast.In, ast.NotIn)):
            yield from members(node.comparators[-1], inside)
        elif not inside and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield from members(node, inside)
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in helpers and not inside
        for index, one in enumerate(node.args if named else ()):
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " not in one.value:
                yield one.lineno, one.end_lineno, inside, "without: %s" % ast.unparse(one), short(node.args, index)
        inside = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
        for name, value in ast.iter_fields(node):
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST) and name not in PASSED:
                    split = named and name == "args" or isinstance(node, ast.Attribute) and node.attr == "split"
                    yield from visit(child, inside, lambda new, name=name, index=index if isinstance(value, list) else None: swap(node, name, index, new),
                                     split and not inside and isinstance(child, ast.Constant) and " " in str(child.value))

    def members(node: ast.AST, inside: bool) -> Iterator[tuple]:
        for index, one in enumerate(node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else node.values if isinstance(node, ast.Dict) else ()):
            def leave_out(index=index):
                if isinstance(node, ast.Dict):
                    del node.keys[index], node.values[index]
                else:
                    node.elts[index] = ast.Starred(ast.Tuple([], ast.Load()), ast.Load())
            key = node.keys[index] if isinstance(node, ast.Dict) else None
            yield node.lineno if inside else one.lineno, one.end_lineno, inside, "without the member: %s" % ast.unparse(key or one), leave_out

    yield from visit(tree, False, lambda new: lambda: None)


class Watcher:
    """A plugin of pytest: which tests come by which line, in which order to run them, and which one failed first."""

    def __init__(self, wanted: list | None):
        self.wanted, self.lines, self.failed, self._now = wanted, {}, None, ""

    def watch(self, code: CodeType) -> None:
        sys.monitoring.set_local_events(sys.monitoring.COVERAGE_ID, code, sys.monitoring.events.LINE)
        for one in code.co_consts:
            if isinstance(one, CodeType):
                self.watch(one)

    def line(self, _code: CodeType, number: int) -> object:
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
        self.lines.setdefault(0, {})[item.nodeid] = True
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or (report.nodeid if report.failed else None)


def run(path: Path, tree: ast.Module, tests: list, timeout: int, change: Callable | None = None, wanted: list | None = None) -> tuple:
    """In a fork: (exit status or None, lines, the test that failed). Without a change, the lines are watched."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
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
                watcher.watch(code)
            return code
        SourceFileLoader.get_code = get_code
        try:
            status = int(pytest.main(FLAGS + tests, plugins=[watcher]))
        finally:
            with os.fdopen(writes, "wb") as stream:
                pickle.dump((status, watcher.lines, watcher.failed), stream)
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return pickle.loads(said) if said else (None, {}, None)


def warm(path: Path, tests: list) -> None:
    """Import what the tests import, and forget what is of the project: a fork imports that again, changed."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        kept, sys.stdout = sys.stdout, nowhere
        try:
            pytest.main(FLAGS + ["--collect-only"] + tests)
        finally:
            sys.stdout = kept
    own = (str(ROOT), str(path.parent))
    for name, module in list(sys.modules.items()):
        where = os.path.realpath(getattr(module, "__file__", None) or "/")
        if where.startswith(own) and "site-packages" not in where and name != "__main__" or name.startswith("ansible_collections"):
            del sys.modules[name]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--lines", default="1-1000000")
    parser.add_argument("--timeout", type=int, default=300)
    options = parser.parse_args()
    path, (low, high) = options.file.resolve(), map(int, options.lines.split("-"))
    source = path.read_text(encoding="utf-8")
    chosen = [index for index, one in enumerate(mutants(ast.parse(source))) if low <= one[0] <= high][::options.every]
    warm(path, options.tests)
    status, lines, failed = run(path, ast.parse(source), options.tests, 10 * options.timeout)
    if status != 0 or len(lines) < 2:
        print("the unchanged file: %s" % (failed or "no test comes by it" if not status else "the tests do not pass (%s)" % (failed or status)))
        return 2
    survivors, sharp, began = 0, {}, time.monotonic()
    for index in chosen:
        tree = ast.parse(source)
        first, last, inside, what, change = list(mutants(tree))[index]
        near = {name for line in range(first, last + 1) for name in lines.get(line, ())} if inside else set(lines[0])
        wanted = [name for name in sorted(sharp, key=sharp.get, reverse=True) if name in near]
        wanted += [name for name in lines[0] if name in near and name not in sharp]
        status, _lines, failed = run(path, tree, options.tests, options.timeout, change, wanted) if near else (0, {}, None)
        if failed:
            sharp[failed] = sharp.get(failed, 0) + 1
        if status == 0:
            survivors += 1
            print("%s:%d: %s%s" % (options.file, first, what, "" if near else " (no test comes by)"), flush=True)
    print("%s: %d changes, %d seen, %d survive (%.0f s)" % (options.file, len(chosen), len(chosen) - survivors, survivors, time.monotonic() - began))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
