# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floors of the house: no import runs up, none in a circle, and no product imports another one."""
from __future__ import annotations

import ast
import functools
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PREFIX = "ansible_collections.netaccess.chatgpt.plugins."
#: Each room, and those below it that it may import.
GROUND = {"patterns"}
FLOORS = {
    "patterns": set(),
    "policy": GROUND,
    "engine": GROUND | {"policy"},
    "rules": GROUND | {"policy", "engine"},
    "transport": {"engine"},
    "products": GROUND | {"policy", "engine", "rules", "transport"},
    "probes": {"_public_roots"},
    "kit": {"probes", "_public_roots"},
    "_public_roots": set(),
}


def imports(text: str) -> set:
    """The modules of the collection that a file imports, below ``plugins``: {"module_utils.engine.state", ...}"""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError("a relative import in line %d: the floors are read from whole names" % node.lineno)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PREFIX):
            base = node.module[len(PREFIX):]
            found |= {"%s.%s" % (base, name.name) if exists("%s.%s" % (base, name.name)) else base for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name[len(PREFIX):] for name in node.names if name.name.startswith(PREFIX)}
    return found


def exists(module: str) -> bool:
    path = PLUGINS / module.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()


@functools.lru_cache(maxsize=None)
def house() -> dict:
    """{module below ``plugins``: modules that it imports}"""
    return {path.relative_to(PLUGINS).with_suffix("").as_posix().replace("/", "."): imports(path.read_text(encoding="utf-8"))
            for path in sorted(PLUGINS.rglob("*.py"))}


def room(module: str) -> str:
    """The room of a module of ``module_utils``: its folder or, on the ground, the file."""
    return module.split(".")[1]


def upward(found: dict) -> list:
    """Imports that no floor allows, in words."""
    def allowed(module, target):
        return target.startswith("module_utils.") and (room(module) == room(target) or room(target) in FLOORS[room(module)])

    return ["%s imports %s" % (module, target) for module, targets in found.items() if module.startswith("module_utils.")
            for target in sorted(targets) if not allowed(module, target)]


def between_products(found: dict) -> list:
    def product(module):
        parts = module.split(".")
        return parts[2] if parts[:2] == ["module_utils", "products"] and len(parts) > 2 else None

    return ["%s imports %s" % (module, target) for module, targets in found.items() for target in sorted(targets)
            if product(module) and product(target) and product(module) != product(target)]


def circle(found: dict) -> list:
    """One circle of imports between files, or between the folders of the controller's side; empty: there is none."""
    def topic(module):
        return ".".join(module.split(".")[:2])

    topics: dict = {}
    for module, targets in found.items():
        topics.setdefault(topic(module), set()).update({topic(target) for target in targets} - {topic(module)})
    for graph in (found, topics):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return error.args[1]
    return []


def test_every_room_has_a_floor():
    assert {room(module) for module in house() if module.startswith("module_utils.")} <= set(FLOORS)


def test_no_import_runs_up_a_floor():
    assert upward(house()) == []


def test_no_product_imports_another_one():
    assert between_products(house()) == []


def test_no_circle():
    assert circle(house()) == []


@pytest.mark.parametrize("check,module,target", [
    (upward, "module_utils.engine.run", "module_utils.products.squid.adapter"),
    (upward, "module_utils.engine.run", "module_utils.transport.connection"),
    (upward, "module_utils.policy", "module_utils.engine.state"),
    (upward, "module_utils.products.squid.adapter", "plugin_utils.verdicts.classify"),
    (upward, "module_utils.products.squid.adapter", "module_utils.probes.dns_"),
    (between_products, "module_utils.products.squid.adapter", "module_utils.products.zia.model"),
    (circle, "module_utils.patterns", "module_utils.policy"),
    (circle, "plugin_utils.catalog.catalogue", "plugin_utils.report.report"),
])
def test_what_would_be_wrong_is_found(check, module, target):
    found = dict(house())
    assert module in found and target in found
    found[module] = found[module] | {target}
    assert check(found) != []
