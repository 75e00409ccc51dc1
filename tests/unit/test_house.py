# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How code is written here: types on what is public, sizes, options by keyword, comprehensions that can be read at once."""
from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
FILE_LINES, FUNCTION_LINES, MODULE_CODE_LINES = 450, 60, 60
#: Values that a dataclass takes by position.
BY_POSITION = 3
#: Dataclasses that are filled from a task's options.
OPTIONS = {"Settings", "Audience", "Pages", "Login", "Options"}
GENERATED = {"plugins/module_utils/_public_roots.py"}

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


#: Each text is read by several checks.
tree = functools.lru_cache(maxsize=None)(ast.parse)


@functools.lru_cache(maxsize=None)
def files(*folders: str) -> dict:
    """{path from the root: text} of Python files."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


# -- the checks: each takes a text and yields (line, what is wrong) ---------------------------------------------------


def untyped(text: str):
    """Public functions and methods that lack the type of a parameter or of what they return."""
    for owner in [tree(text)] + [node for node in tree(text).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]:
        for node in owner.body:
            if isinstance(node, _FUNCTIONS) and (not node.name.startswith("_") or node.name == "__init__"):
                bound = isinstance(owner, ast.ClassDef) and not any(getattr(one, "id", "") == "staticmethod" for one in node.decorator_list)
                for parameter in _parameters(node.args)[int(bound):]:
                    if parameter.annotation is None:
                        yield node.lineno, "%s: parameter %s has no type" % (node.name, parameter.arg)
                if node.returns is None and node.name != "__init__":
                    yield node.lineno, "%s: what it returns has no type" % node.name


def _parameters(arguments: ast.arguments) -> list:
    rest = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return arguments.posonlyargs + arguments.args + arguments.kwonlyargs + rest


def long(text: str):
    """Files and functions that are too long."""
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield 1, "the file has %d lines" % lines
    yield from _long_functions(text)


def long_module(text: str):
    """A module is mostly its documentation: of it only the code counts, from the first import on."""
    first = [node.lineno for node in tree(text).body if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"][0]
    lines = text.count("\n") - first + 1
    if lines > MODULE_CODE_LINES:
        yield first, "the module has %d lines of code" % lines
    yield from _long_functions(text)


def _long_functions(text: str):
    for node in ast.walk(tree(text)):
        if isinstance(node, _FUNCTIONS) and node.end_lineno - node.lineno >= FUNCTION_LINES:
            yield node.lineno, "%s has %d lines" % (node.name, node.end_lineno - node.lineno + 1)


def dense(text: str):
    """Comprehensions that go through more than one thing, at once or one in another, and have more than one condition."""
    for node in ast.walk(tree(text)):
        if isinstance(node, _COMPREHENSIONS):
            loops = [loop for inner in ast.walk(node) if isinstance(inner, _COMPREHENSIONS) for loop in inner.generators]
            if len(loops) > 1 and sum(len(loop.ifs) for loop in loops) > 1:
                yield node.lineno, "a nested comprehension with two conditions"


def by_position(text: str):
    """Dataclasses that are filled by position: one of a task's options at all, another one with more values than can be told apart."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in OPTIONS and node.args:
                yield node.lineno, "%s takes its options by keyword" % name
            elif name in dataclasses() and (len(node.args) > BY_POSITION or any(isinstance(one, ast.Starred) for one in node.args)):
                yield node.lineno, "%s takes more than %d values by position" % (name, BY_POSITION)


@functools.lru_cache(maxsize=None)
def dataclasses() -> set:
    """Names of the plugins' dataclasses with more fields than may be filled by position, but for names that another class has too."""
    found, others = set(), set()
    for node in (node for text in files("plugins").values() for node in ast.walk(tree(text))):
        if isinstance(node, ast.ClassDef):
            big = sum(isinstance(one, ast.AnnAssign) for one in node.body) > BY_POSITION
            (found if big and any("dataclass" in ast.unparse(one) for one in node.decorator_list) else others).add(node.name)
    return found - others


# -- what they are about ----------------------------------------------------------------------------------------------


def wrong(check, texts: dict) -> list:
    return ["%s:%d: %s" % (path, line, what) for path, text in texts.items() if path not in GENERATED for line, what in check(text)]


def test_all_that_is_public_has_types():
    assert wrong(untyped, files("plugins/module_utils")) == []


def test_files_and_functions_are_short():
    modules = files("plugins/modules")
    assert wrong(long, {path: text for path, text in files("plugins").items() if path not in modules}) == []
    coded = {path: text for path, text in modules.items() if "import AnsibleModule" in text}
    assert len(coded) > 9 and wrong(long_module, coded) == []
    assert wrong(_long_functions, modules) == []


def test_comprehensions_can_be_read_at_once():
    assert wrong(dense, files("plugins")) == []


def test_no_default_writes_into_the_installed_collection():
    """The next release of it would take a report away, and its owner may be somebody else."""
    paths = [path for place in ("roles/*/defaults/*.yml", "roles/*/tasks/*.yml", "playbooks/**/*.yml") for path in ROOT.glob(place)]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    assert [path for path, text in texts.items() if "playbook_dir" in text or "role_path" in text] == [] and len(texts) > 10


def test_options_are_filled_by_keyword():
    assert wrong(by_position, files("plugins")) == []
    ours = {path: text for path, text in files("tests").items() if "/twin" not in path and any("%s(" % name in text for name in OPTIONS)}
    assert [found for found in wrong(by_position, ours) if "by keyword" in found] == []


@pytest.mark.parametrize("check,text", [
    (untyped, "def a(b) -> int: pass"),
    (untyped, "def a(b: int): pass"),
    (untyped, "def a(*b) -> int: pass"),
    (untyped, "class A:\n    def __init__(self, b): pass"),
    (untyped, "class A:\n    @property\n    def b(self): pass"),
    (untyped, "class A:\n    @staticmethod\n    def b(c) -> int: pass"),
    (long, "a = 1\n" * 451),
    (long, "def a():\n" + "    b = 1\n" * 60),
    (long_module, "DOCUMENTATION = ''\nimport a\n" + "b = 1\n" * 60),
    (dense, "a = [c for b in a if b for c in b if c]"),
    (dense, "a = [b for b in a if {c for c in b if c}]"),
    (by_position, "a = Settings('b')"),
    (by_position, "a = model.Audience(*b)"),
    (by_position, "a = Object(ref, {}, {}, True)"),
])
def test_what_would_be_wrong_is_found(check, text):
    assert list(check(text)) != []


@pytest.mark.parametrize("check,text", [
    (untyped, "def a(b: int, *c: int, **d: int) -> int: pass\ndef _b(c): pass\nclass _C:\n    def d(self): pass"),
    (untyped, "class A:\n    def __init__(self): pass\n    @classmethod\n    def b(cls) -> A: pass"),
    (long, "def a():\n" + "    b = 1\n" * 59),
    (long_module, "from __future__ import annotations\nDOCUMENTATION = '''\n" + "\n" * 500 + "'''\nimport a\n" + "b = 1\n" * 59),
    (dense, "a = [c for b in a for c in b if c]\nb = [c for c in a if c if not b]"),
    (by_position, "a = Settings(prefix='b', **c)\nb = Object(ref, {}, {}, ours=True)"),
])
def test_what_is_right_is_left_alone(check, text):
    assert list(check(text)) == []
