# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of a rule as the vendor writes them, and which of those that limit it were not read. Pure.

A judge reads a rule through its Columns. A column that it does not read, or that the vendor adds next year, makes the rule uncertain.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping


@dataclass(frozen=True)
class Schema:
    """What a vendor's schema says about the columns of one kind of rule. A column that neither ``limits`` nor ``others`` holds is unknown.

    ``limits``: {a column that says what or whom the rule applies to, or when: the words for no restriction}. A word that is a frozenset
    is a closed list: all of its values together are no restriction. ``others``: columns that limit nothing, such as names, notes, places, logs and what
    the rule does. ``negations``: those of ``limits`` that invert another column. ``unset``: words that mean no restriction in every column of this
    product.
    """

    limits: Mapping[str, tuple]
    others: frozenset = frozenset()
    negations: frozenset = frozenset()
    unset: tuple = ()

    def restricts(self, column: str, value: Any) -> bool:
        """Whether ``value`` in ``column`` limits a rule."""
        # In no product is 0 a restriction.
        if not value:
            return False
        values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        for word in (*self.limits.get(column, ()), *self.unset):
            if word.issubset(one for one in values if isinstance(one, str)) if isinstance(word, frozenset) else word in values:
                return False
        return True


class Columns:
    """One rule, column by column. It remembers what was read."""

    def __init__(self, schema: Schema, native: Mapping[str, Any]):
        self._schema, self._native, self._read = schema, native, set()

    def get(self, column: str, default: Any = None) -> Any:
        """The value of a column, or ``default`` if it is no restriction. The caller is responsible for its meaning.

        :raises KeyError: for a column that the schema does not name.
        """
        if column not in self._schema.limits and column not in self._schema.others:
            raise KeyError(column)
        self._read.add(column)
        value = self._native.get(column)
        return value if self._schema.restricts(column, value) else default

    def turned(self) -> bool:
        """Whether a negation is set that was not read, so that the rule may apply to what it seems to exclude."""
        return any(column in self._schema.negations for column in self.unread())

    def unread(self) -> tuple:
        """The names of columns that limit the rule, or may, and that were not read."""
        return tuple(sorted(column for column, value in self._native.items() if column not in self._read and column not in self._schema.others
                            and self._schema.restricts(column, value)))
