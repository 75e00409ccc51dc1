# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the access rules of Secure Access say of our list: which use it, and what stands above these. Rules are read and never written. No IO.

A rule is asked from the top, the first one that fits decides (developer.cisco.com, "Secure Access: policy rules"); conditions as in the vendor's SDK.
"""
from __future__ import annotations

from typing import Iterable

_DESTINATION = "umbrella.destination."


class Rules:
    """``names``: the rules of the audience; ``rows``: the table, first match first, those that matter with their conditions."""

    def __init__(self, names: Iterable[str], rows: Iterable[dict]):
        self.names = tuple(names)
        self._rows = [row for row in rows if row.get("ruleIsEnabled")]

    def missing(self, number: int | None) -> list[str]:
        """Names of rules of the audience that do not use a list."""
        used = {row["ruleName"] for row in self._rows if number in lists_of(row)}
        return [name for name in self.names if name not in used]

    def others(self, number: int | None) -> list[str]:
        """Names of further rules that allow by a list."""
        return [row["ruleName"] for row in self._rows if row["ruleName"] not in self.names and row["ruleAction"] == "allow" and number in lists_of(row)]

    def above(self) -> list[dict]:
        """The rules that block, warn or isolate and are asked before the last one of the audience."""
        last = max((row["rulePriority"] for row in self._rows if row["ruleName"] in self.names), default=0)
        return [row for row in self._rows if row["ruleAction"] != "allow" and row["rulePriority"] < last]


def lists_of(rule: dict) -> set[int]:
    """Ids of the destination lists that a rule names."""
    found: set = set()
    for condition in rule.get("ruleConditions") or ():
        if condition.get("attributeName") == _DESTINATION + "destination_list_ids":
            value = condition.get("attributeValue")
            found |= set(value if isinstance(value, list) else [value])
    return found


def goes_by_more(rule: dict) -> bool:
    """Whether a rule looks at something else of a destination too: an application, a category, anything."""
    return any(str(condition.get("attributeName")).startswith(_DESTINATION) and condition["attributeName"] != _DESTINATION + "destination_list_ids"
               for condition in rule.get("ruleConditions") or ())


def is_for_everybody(rule: dict) -> bool:
    """Whether a rule is about every source."""
    return any(condition.get("attributeName") == "umbrella.source.all" and condition.get("attributeValue") is True
               for condition in rule.get("ruleConditions") or ())
