# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/new-product writes what a product consists of and nothing that pretends; docs/adding-a-product.md names the whole protocol."""
from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter

ROOT = Path(__file__).resolve().parents[2]
LEFT = "FILL IN"
#: Where a product has text of its own. The templates and this test are elsewhere.
FOLDERS = ("plugins", "roles", "playbooks", "meta", "docs/products", "docs/security.md", "docs/decisions", "changelogs", "scripts/generate.d", "tests/products",
           "README.md")
#: What each part that is still to be written does when it is called, in a process that has the copy alone.
CALLS = """
import sys, tempfile
sys.path[:0] = [{collections!r}, {root!r}]
from pathlib import Path
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.acme_wall import judge, model
from ansible_collections.netaccess.chatgpt.plugins.modules import acme_wall_access
from tests.contract.rig import FIRST
from tests.products.acme_wall import bench, device, many, rig, twin
from tests.products.server import Request
from tests.unit import test_floors, test_house, test_products
assert acme_wall_access.__file__.startswith({root!r})
one = rig.RIGS["acme_wall"](Path(tempfile.gettempdir()))
adapter, settings, state = one.adapter(), one.settings(), State()
rules = judge.Assessor(settings, FIRST, state)
parts = {{
    "device": lambda: adapter.device, "blank": adapter.blank, "read": adapter.read, "target": lambda: adapter.target(FIRST, state),
    "assess": lambda: adapter.assess(FIRST, state), "steps": lambda: list(adapter.steps([], state)),
    "send": lambda: adapter.send({{"method": "POST", "path": "/", "body": None}}), "activate": adapter.activate,
    "render": lambda: adapter.render(parse("example.com")), "reason": lambda: adapter._api._reason(None),
    "object_of": lambda: model.object_of(model.LIST, {{}}), "rule_of_ours": lambda: model.rule_of_ours(model.ACCESS, settings),
    "hits": lambda: rules._hits(None, FIRST.allow), "people": lambda: rules._people(None), "effect": lambda: rules._effect(None),
    "schema": lambda: model.schema(model.ACCESS),
    "answer": lambda: one.twin.answer(Request("GET", "/", {{}}, {{}}, b"")), "natives": lambda: one.natives("example.com"),
    "by_chance": lambda: one.by_chance(None, None), "deck": one.deck, "secrets": one.secrets, "mystify": lambda: one.mystify("column"),
    "is_write": lambda: bench.is_write(None), "fill": lambda: many.fill(one, 1, []),
}}
for name, part in parts.items():
    try:
        part()
        print(name, "pretends")
    except NotImplementedError as error:
        print(name, str(error).split(":")[0])
try:
    test_products.test_a_product_has_each_of_its_parts("acme_wall")
except AssertionError as error:
    print(error)
made = {{path: text for path, text in test_house.files("plugins/module_utils").items() if "acme_wall" in path}}
for check in (test_house.untyped, test_house.long, test_house.dense, test_house.by_position):
    assert made and test_house.wrong(check, made) == [], check
test_floors.test_no_import_runs_up_a_floor()
test_floors.test_no_product_imports_another_one()
test_floors.test_no_circle()
"""


def checkout(folder: Path) -> Path:
    """A copy of what scripts/new-product reads and writes, and of the tests."""
    for name in ("plugins", "roles", "scripts", "meta", "tests", "docs", "changelogs", "playbooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml", "requirements-test.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


def new_product(folder: Path, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "scripts/new-product", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def texts(folder: Path) -> dict:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(the copy with a new product in it, what was said, {path: text} of what was written)"""
    folder = checkout(tmp_path_factory.mktemp("checkout"))
    before = texts(folder)
    done = new_product(folder, "acme_wall", "--title", "Acme Wall", "--vendor", "Acme")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout, {path: text.decode() for path, text in texts(folder).items() if before.get(path) != text}


def test_every_file_is_named_and_every_new_one_says_what_is_left(made):
    _folder, said, written = made
    assert [path for path in written if not re.search(r"^(wrote )?%s" % re.escape(path), said, re.MULTILINE)] == []
    silent = [path for path, text in written.items() if "acme_wall" in path and LEFT not in text]
    assert sorted(silent) == ["playbooks/inventories/example/group_vars/netaccess_acme_wall/main.yml", "tests/products/acme_wall/__init__.py"]
    assert [path for path, text in written.items() if "acme_wall" in path and "$" in text] == []


def test_the_files_are_python_and_yaml_and_the_module_is_documented(made):
    _folder, _said, written = made
    for path, text in written.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
        elif path.endswith(".yml"):
            list(yaml.safe_load_all(text))
    module = written["plugins/modules/acme_wall_access.py"]
    blocks = {node.targets[0].id: node.value.value for node in ast.parse(module).body if isinstance(node, ast.Assign)}
    documented, examples, returned = (yaml.safe_load(blocks[name]) for name in ("DOCUMENTATION", "EXAMPLES", "RETURN"))
    assert documented["module"] == "acme_wall_access" and {"coverage", "journal", "failure"} <= set(returned)
    assert {name for task in examples for name in task["netaccess.chatgpt.acme_wall_access"]} - {"config", "comment", "state"} <= set(documented["options"])
    variables = yaml.safe_load(written["plugins/plugin_utils/change/variables.yml"])["acme_wall"]
    assert {option: variables[option] for option in set(documented["options"]) - {"audience"}} == {
        option: ["access_acme_wall_%s" % option] for option in set(documented["options"]) - {"audience"}}


def test_every_part_that_is_to_be_written_says_so_and_nothing_else_is_missing_but_the_measured_table(made):
    """docs/products.md is measured by running the adapter."""
    folder, _said, _written = made
    link = folder / ".build" / "collections" / "ansible_collections" / "netaccess" / "chatgpt"
    link.parent.mkdir(parents=True)
    link.symlink_to(folder, target_is_directory=True)
    script = CALLS.format(collections=str(folder / ".build" / "collections"), root=str(folder))
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    called, _words, lacks = done.stdout.partition("Acme Wall lacks:\n")
    answers = dict(line.split(" ", 1) for line in called.splitlines())
    assert done.returncode == 0 and len(answers) == 24 and set(answers.values()) == {LEFT}, done.stdout + done.stderr
    assert Adapter.__abstractmethods__ - {"traits"} <= set(answers)
    assert lacks.strip() == "docs/products.md: no row 'Acme Wall'; run scripts/generate --seen"


def test_twice_is_refused(made):
    folder, _said, _written = made
    before = texts(folder)
    done = new_product(folder, "acme_wall", "--title", "Acme Wall")
    assert done.returncode == 1 and "acme_wall is the id" in done.stderr and texts(folder) == before


@pytest.mark.parametrize("name,title,vendor,why", [
    ("squid", None, None, "squid is the id"), ("cloudflare", None, None, "cloudflare is the conflict_prefix"),
    ("acme_two", "FortiGate", None, "FortiGate is the signature"), ("Acme", None, None, "no identifier"), ("acme-wall", None, None, "no identifier"),
    ("2acme", None, None, "no identifier"), ("acme__two", None, None, "no identifier"), ("class", None, None, "no identifier"),
    ("acme_two", "a: b", None, "--title"), ("acme_two", None, "x'", "--vendor"),
    ("left_over", None, None, "plugins/module_utils/products/left_over/adapter.py exists")])
def test_what_is_there_or_is_no_name_is_refused(made, name, title, vendor, why):
    folder, _said, _written = made
    left = folder / "plugins" / "module_utils" / "products" / "left_over" / "adapter.py"
    left.parent.mkdir(exist_ok=True)
    left.touch()
    loader = importlib.machinery.SourceFileLoader("new_product", str(folder / "scripts" / "new-product"))
    script = importlib.util.module_from_spec(importlib.util.spec_from_loader("new_product", loader))
    loader.exec_module(script)
    with pytest.raises(script.Refused, match=re.escape(why)):
        script.skeleton(name, title, vendor)


def test_no_product_is_left_half_written():
    """Text that is to be filled in: code and tests that are fail by themselves."""
    paths = [path for folder in FOLDERS for path in ([ROOT / folder] if (ROOT / folder).is_file() else sorted((ROOT / folder).rglob("*")))]
    left = []
    for path in paths:
        if path.suffix in (".py", ".yml", ".md") and path.is_file():
            left += ["%s, line %d" % (path.relative_to(ROOT), number)
                     for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if LEFT in line]
    assert left == []


def test_the_page_has_every_part_of_the_protocol_in_its_table():
    page = (ROOT / "docs" / "adding-a-product.md").read_text(encoding="utf-8")
    tables = {title: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) for title, text in re.findall(r"^### (Must|May)\n(.*?)(?=^##)", page, re.M | re.S)}
    parts = [name for name, value in vars(Adapter).items() if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))]
    assert tables["Must"] == [name for name in parts if name in Adapter.__abstractmethods__]
    assert tables["May"] == [name for name in parts if name not in Adapter.__abstractmethods__]
