# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the Python files that are named: each has to parse, for Python 3.8 where it runs on managed hosts, and to use every name that it imports."""
from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ON_HOSTS = re.compile(r"plugins/(module_utils|modules)/")


def problems(path: Path) -> list:
    """[(line, what is wrong)]"""
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text, feature_version=(3, 8) if ON_HOSTS.search(path.as_posix()) else None)
    except SyntaxError as error:
        return [(error.lineno or 1, error.msg)]
    lines = text.splitlines()
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | words(tree)
    return [(line, "%s is imported and not used" % name) for name, line in imported(tree) if name not in used and "noqa" not in lines[line - 1]
            and "unused-import" not in lines[line - 1]]


def imported(tree) -> list:
    """[(name, line)] of what a module imports, wherever it does."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__":
            found += [((alias.asname or alias.name).partition(".")[0], node.lineno) for alias in node.names if alias.name != "*"]
    return found


def words(tree) -> set:
    """Strings that could be a name, as in ``__all__``."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()}


if __name__ == "__main__":
    FOUND = ["%s:%d: %s" % (name, line, what) for name in sys.argv[1:] for line, what in problems(Path(name))]
    print("\n".join(FOUND))
    sys.exit(1 if FOUND else 0)
