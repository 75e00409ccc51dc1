# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the public schemas say of the columns of FortiOS (``columns.yml``), for the twin, its rig and the tests. Imports nothing of the collection."""
from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Iterator

import yaml

FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
#: No schema has it.
UNKNOWN = "column_of_next_year"
_EMPTY = (None, "", [], {}, 0, False)


@cache
def limits(kind: str) -> dict:
    """{column: fact} of what limits a rule of that kind, or may shut a host."""
    return FACTS[kind].get("match") or FACTS[kind]["shuts"]


@cache
def others(kind: str) -> set:
    """The columns that limit nothing."""
    return {column for role, names in FACTS[kind].items() if isinstance(names, str) and role != "source" for column in names.split()}


def restricts(kind: str, column: str, value: object) -> bool:
    """Whether a value limits a rule, or may: that of a column which no schema has does, unless it is empty or switched off."""
    fact = limits(kind).get(column)
    if column in others(kind) or column == "q_origin_key" or value in _EMPTY:
        return False
    if fact is None:
        return value != "disable"
    return not any(_holds(value, free) for free in fact["free"])


def _holds(value: object, free: object) -> bool:
    if isinstance(value, list) and isinstance(free, list):
        plain = [{key: part for key, part in one.items() if key != "q_origin_key"} if isinstance(one, dict) else one for one in value]
        return bool(free) and all(one in plain for one in free)
    return value == free


def shutting(kind: str, profile: dict, place: str = "") -> Iterator[str]:
    """The columns of a profile, at any depth, that may shut a host."""
    for column, value in profile.items():
        name = place + column
        if name not in limits(kind) and isinstance(value, dict):
            yield from shutting(kind, value, name + ".")
        elif name not in limits(kind) and isinstance(value, list) and value and isinstance(value[0], dict) and name in others(kind):
            for row in value:
                yield from shutting(kind, row, name + "[].")
        elif column != "q_origin_key" and restricts(kind, name, value):
            yield name


def put(profile: dict, path: str, value: object) -> None:
    """Set a column at any depth."""
    first, _dot, rest = path.partition(".")
    if not rest:
        profile[first] = value
    elif first.endswith("[]"):
        rows = profile.setdefault(first[:-2], []) or [{"id": 1}]
        profile[first[:-2]] = rows
        put(rows[0], rest, value)
    else:
        put(profile.setdefault(first, {}), rest, value)
