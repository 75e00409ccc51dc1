# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the access rules of Secure Access say of our list: which use it, and what they do before these. Rules are read and never written. No IO.

A rule is evaluated from the top, the first one that fits decides (developer.cisco.com, "Secure Access: policy rules"). Names of conditions as in the
vendor's SDK (PyPI secureaccess 2.0.202605140830) and CiscoDevNet/go-ciscosecureaccess, rules/api/openapi.yaml.
"""
from __future__ import annotations

from typing import AbstractSet, Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, SURE, UNKNOWN, Hits, Layer

_SOURCE, _DESTINATION = "umbrella.source.", "umbrella.destination."
_LISTS, _ANYWHERE = _DESTINATION + "destination_list_ids", _DESTINATION + "all"
_SOURCES = ("networkObjectIds", "networkObjectGroupIds", "identity_type_ids", "ip_address", "identity_ids")
_DESTINATIONS = (
    "private_resource_types", "networkObjectIds", "networkObjectGroupIds", "serviceObjectIds", "serviceObjectGroupIds", "application_ids",
    "application_list_ids", "private_application_ids", "private_application_group_ids", "category_ids", "category_list_ids", "destination_list_ids",
    "geolocations", "private_resource_ids", "logical_operator", "ip_address", "port", "network_protocol")
SCHEMA = Schema(limits=dict({_SOURCE + "all": (True,), _ANYWHERE: (True,)}, **{_SOURCE + name: () for name in _SOURCES},
                            **{_DESTINATION + name: () for name in _DESTINATIONS}))
#: What else a rule consists of: an enabled one that has more may be limited by it.
_PARTS = frozenset({
    "ruleId", "ruleName", "ruleDescription", "ruleAction", "ruleAccess", "rulePriority", "ruleIsEnabled", "ruleIsDefault", "ruleConditions", "ruleSettings",
    "organizationId", "createdAt", "modifiedAt", "modifiedBy"})
#: None of these negates; whether others do is not known.
_OPERATORS = ("=", "IN", "INTERSECT")
_EFFECTS = {"allow": ALLOW, "block": DENY, "warn": DENY, "isolate": DENY}


class Rules:
    """``names``: the rules of the audience; ``rows``: the table, first match first, those that matter with their conditions."""

    def __init__(self, names: Iterable[str], rows: Iterable[dict]):
        self.names = tuple(names)
        self._rows = [row for row in rows if may_apply(row)]
        #: The rules of the audience.
        self.named = [row for row in self._rows if row["ruleName"] in self.names]
        #: What passes by them is decrypted as their security profiles say. What a rule blocks is not.
        self.passing = [row for row in self._rows if row["ruleAction"] != "block"]
        self._last = max((row["rulePriority"] for row in self.named), default=0)
        #: Those by whose profiles what the audience does may be decrypted: its own, and those that are evaluated before.
        self.deciding = [row for row in self.passing if row["rulePriority"] <= self._last]
        self._conditions = {row["ruleId"]: conditions_of(row) for row in self._rows}
        self._using: dict = {}
        for row in self._rows:
            for number in dict.fromkeys(lists_of(row)):
                self._using.setdefault(number, []).append(row)

    def missing(self, number: int | None) -> list[str]:
        """Names of rules of the audience that do not use a list."""
        used = {row["ruleName"] for row in self._using.get(number, ())}
        return [name for name in self.names if name not in used]

    def others(self, number: int | None) -> list[str]:
        """Names of further rules that let traffic pass by a list, or may."""
        return [row["ruleName"] for row in self._using.get(number, ()) if row["ruleName"] not in self.names and row["ruleAction"] != "block"]

    def above_by(self, number: int) -> list[dict]:
        """The rules that do not allow, use a list, and are asked before the last one of the audience."""
        return [row for row in self._using.get(number, ()) if row["ruleAction"] != "allow" and row["rulePriority"] < self._last]

    def asked_by(self, number: int) -> bool:
        """Whether a rule of the audience, or one that is evaluated before the last of these, uses a list."""
        return any(row["rulePriority"] <= self._last for row in self._using.get(number, ()))

    def layer(self, name: str, held: Callable[[int, AbstractSet[Pattern]], Hits]) -> Layer:
        """The rule ``name`` of the audience and those that are evaluated before it. ``held(number, wanted)``: what a destination list is about.

        What comes after it, and so what no rule decides, was not read.
        """
        last = next((row["rulePriority"] for row in self._rows if row["ruleName"] == name), 0)
        rules = [row for row in self._rows if row["rulePriority"] <= last]
        # Whose people a rule is about is read where they are the audience, and nowhere else: each layer has columns of its own.
        its = {row["ruleId"]: Columns(SCHEMA, self._conditions[row["ruleId"]]) for row in rules}

        def people(row: dict) -> int:
            # The audience is whoever is in the rule; of the others SURE is left to those without any other condition of a source.
            if row["ruleName"] == name:
                for source in _SOURCES:
                    its[row["ruleId"]].get(_SOURCE + source)
            return SURE

        def hosts(row: dict, wanted: AbstractSet[Pattern]) -> Hits:
            its[row["ruleId"]].get(_LISTS)
            found = [held(number, wanted) for number in lists_of(row)]
            # Without a list it is about everything, or has a condition that is not read.
            sure = frozenset().union(*(hits.sure for hits in found)) if found else frozenset(wanted)
            # How conditions about destinations combine is not published, so another one makes a part of what lists and everything say.
            may = frozenset(wanted) if goes_by_more(row) else frozenset().union(*(hits.may for hits in found))
            return Hits(sure, may - sure)
        return Layer(rules, people, hosts, lambda row: _EFFECTS.get(row["ruleAction"], UNKNOWN), lambda row: its[row["ruleId"]], UNKNOWN)


def may_apply(rule: dict) -> bool:
    """Whether a rule is not certainly disabled."""
    return rule.get("ruleIsEnabled") is not False


def conditions_of(rule: dict) -> dict:
    """A rule as columns: {name of a condition: value}. What cannot be distinguished, or is not there, becomes a column that no schema has."""
    if rule.get("ruleConditions") is None:
        return {_DESTINATION + "* (not read)": True}
    found: dict = {name: value for name, value in rule.items() if name not in _PARTS}
    if rule.get("ruleIsEnabled") is not True:
        found["ruleIsEnabled (unknown)"] = True
    for condition in rule["ruleConditions"]:
        name, operator, value = (condition.get(part) for part in ("attributeName", "attributeOperator", "attributeValue"))
        if operator not in _OPERATORS or not value or name in found:
            found["%s %s %s" % (name, operator, value)] = True
        else:
            found[str(name)] = value
    for side in (_SOURCE, _DESTINATION):
        if not any(name.startswith(side) for name in found):
            found["%s* (missing)" % side] = True
    return found


def lists_of(rule: dict) -> list[int]:
    """Ids of the destination lists that a rule names."""
    found: list = []
    for condition in rule.get("ruleConditions") or ():
        if condition.get("attributeName") == _LISTS:
            value = condition.get("attributeValue")
            found += value if isinstance(value, list) else [value]
    return found


def goes_by_more(rule: dict) -> bool:
    """Whether a rule looks at something else of a destination than that it is in a list: an application, a port, whether it is in none, or at nothing."""
    return any(name.startswith(_DESTINATION) and name != _LISTS for name in conditions_of(rule))
