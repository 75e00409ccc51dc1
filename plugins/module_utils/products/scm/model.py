# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prisma Access holds: its objects by name, our mark in them, and how a pattern is written there. No IO."""
from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import borrowed, is_ours

#: FILL IN the kinds of objects in the vendor's words, in the order in which they are made: lists before rules, and the rule that exempts before
#: the one that allows. A kind of rules is a rulebase.
LIST, INSPECTION, ACCESS = "list", "inspection rule", "access rule"
KINDS = (LIST, INSPECTION, ACCESS)
RULES = (INSPECTION, ACCESS)


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options."""

    groups: tuple[str, ...] = ()
    everyone: bool = False
    prefix: str = "ChatGPT"
    never_above: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    comment: str | None = None

    def name(self, kind: str) -> str:
        """Of our rule of a kind, and of the list that it uses."""
        return "%s %s" % (self.prefix, {INSPECTION: "exempt", ACCESS: "allow"}[kind])


def state_of(tables: dict) -> State:
    """The tables that ``Api.tables`` read, as the engine compares them."""
    objects = Objects()
    for row in tables[LIST]:
        objects.add(object_of(LIST, row))
    # FILL IN pending and release, where the product tells them.
    return State(objects, {kind: tuple(objects.add(object_of(kind, row)) for row in tables[kind]) for kind in RULES})


def object_of(kind: str, row: dict) -> Object:
    """A row as an Object. Ids and revisions are in ``native`` alone; a rule of the site that we switched off is ``borrowed``."""
    fields, members = policy_of(kind, row)
    text = fields["description"]
    return Object(Ref(kind, row["name"]), fields, members, ours=is_ours(text), borrowed=borrowed(text, "enabled", True), native=row)


def policy_of(kind: str, row: dict) -> tuple[dict, dict]:
    """What of a row bears policy: (fields, members)."""
    raise NotImplementedError(
        "FILL IN: every column under its native name; what of it is a set, as the entries of a list, goes into members as a frozenset. "
        "\"description\" is where our mark can stand, and \"enabled\" what switches a rule off: change object_of and judge.py where yours are called otherwise")


def schema(kind: str) -> Schema:
    """Every column of a kind of rule, with the source."""
    raise NotImplementedError(
        "FILL IN: limits, every column that says whom or what the rule is about or when it holds, with the values for no restriction; negations, those of "
        "them that turn another one round; others, the columns that limit nothing. What the vendor adds later is in neither, and makes a rule uncertain")


def rule_of_ours(kind: str, settings: Settings) -> dict:
    """The fields of our rule of a kind."""
    raise NotImplementedError(
        "FILL IN: the same columns as in policy_of: MARK as description, enabled, what it does, the audience, the list settings.name(kind), and in "
        "all others the value for no restriction")


def render(pattern: Pattern) -> tuple[str, ...]:
    """The entries of a list of this product that stand for a pattern."""
    raise NotImplementedError(
        "FILL IN: what the product writes for example.com, *.example.com and .example.com. Where that covers more or "
        "less than the pattern, the note in coverage has to say so")
