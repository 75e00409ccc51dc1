# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets as they are exported: rules, what they are about, what they do, and what of them is not understood. No IO.

Whatever is in an export and is not declared in columns keeps the rule that it is in from being sure. A rule set's own rules come before the
rule sets in it, since an export has them apart.  # guess
"""
from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from functools import cached_property
from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.columns import (
    ACTIONS, ALIASES, CRITERION, CYCLES, GIVEN, HARMLESS_ENGINES, HARMLESS_PROCEDURES, LIST, OPERATORS, PROPERTIES, RULE, RULE_SET,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import DENY, MAY, NO, SURE, UNKNOWN

#: Properties that the conditions read; for any other it is unknown whether it holds.
READ = ("url.host", "url.host.belongstodomains", "url", "url.port", "command.name", "authentication.isauthenticated", "authentication.authenticate",
        "authentication.usergroups", "antimalware.infected", "ssl.server.certificate.selfsigned")
#: Of these the settings, say which scanner is used, change nothing in what is read of them.
_ANY_SETTINGS = ("authentication.authenticate", "antimalware.", "body.", "dlp.", "mediatype.")
_ABOUT = {name.lower(): about for about, names in PROPERTIES.items() for name in names}


@dataclass(frozen=True)
class Criterion:
    """``prop``: a property's name in lower case, ``operator`` the positive form of it and ``negated`` whether it is inverted; ``literal`` or the
    id ``listed`` is what it is compared with, ``given`` the id of the list that the property itself takes.

    ``lists``: the ids of all lists in it; ``doubt``: what of it is not understood, in words; ``whole``: that is the property alone, or nothing.
    """

    prop: str = ""
    operator: str = ""
    negated: bool = False
    literal: str | None = None
    listed: str = ""
    given: str = ""
    lists: tuple = ()
    doubt: str = ""
    whole: bool = False


@dataclass
class Rule:
    """``condition``: tokens "and", "or", "not", "(", ")" and Criterions; empty: always. ``action``: the word behind ``mainaction``, in lower case.

    ``engines``: ids of what it enables; ``strange``: what else is in it that is not known, events say; ``words``: all text and all values in it;
    ``where``: title of its rule set; ``position``: its number in the whole policy; ``lists``: ids of the lists in its criteria and in those of the rule sets
    around it; ``named``: ids of the lists in the rule itself, its events included; ``doubts``: what of its criteria is not understood; ``columns``: its
    attributes, with those of the rule sets around it that are not understood, and ``cap`` what they leave.
    """

    name: str
    where: str
    position: int
    enabled: bool = True
    condition: list = field(default_factory=list)
    action: str = "continue"
    engines: tuple = ()
    strange: tuple = ()
    words: str = ""
    lists: frozenset = frozenset()
    named: frozenset = frozenset()
    doubts: tuple = ()
    columns: Columns = field(default_factory=lambda: Columns(RULE, {}))
    cap: int = SURE

    @property
    def label(self) -> str:
        return "rule %s of rule set %s" % (self.name, self.where) if self.name else "rule set %s" % self.where

    @property
    def criteria(self) -> list:
        return [token for token in self.condition if isinstance(token, Criterion)]

    @cached_property
    def effect(self) -> str:
        """ALLOW ends the cycle. An event that is not known may do anything before the action of its rule, except open what the action blocks."""
        known = ACTIONS.get(self.action, UNKNOWN)
        return UNKNOWN if self.strange and known != DENY else known

    @property
    def decrypts(self) -> int:
        return SURE if any("ssl" in engine.lower() for engine in self.engines) else MAY if self.strange else NO

    @property
    def unknown(self) -> tuple:
        """What of it is not understood, in words."""
        action = () if self.action in ACTIONS else ("action %s is not known" % (self.action or "(none)"),)
        return (*self.doubts, *action, *("%s is not known" % what for what in self.strange))


@dataclass
class RuleSet:
    """``cycles``: the names of those it takes part in; ``condition`` as of a Rule; its rules come before its ``children``."""

    title: str
    enabled: bool = True
    cycles: frozenset = frozenset(CYCLES)
    condition: list = field(default_factory=list)
    rules: list = field(default_factory=list)
    children: list = field(default_factory=list)

    @property
    def request(self) -> bool:
        return "request" in self.cycles

    def walk(self) -> Iterator[Rule]:
        """Every enabled Rule below this rule set, in order."""
        yield from (rule for rule in self.rules if rule.enabled)
        for child in self.children:
            if child.enabled:
                yield from child.walk()


@dataclass(frozen=True)
class Around:
    """What rules take over from the rule sets around them, as of a Rule."""

    lists: frozenset = frozenset()
    doubts: tuple = ()
    columns: tuple = ()

    def inside(self, condition: list, columns: tuple = ()) -> Around:
        criteria = [token for token in condition if isinstance(token, Criterion)]
        return Around(self.lists.union(*(one.lists for one in criteria)), (*self.doubts, *(one.doubt for one in criteria if one.doubt)),
                      (*self.columns, *columns))


def flat(node: ET.Element, path: str, leave: tuple = ()) -> dict:
    """{path of each attribute and text below an element: its value}. ``leave``: children of which it is only said that they are there.

    What is there twice is reported under a name that nobody declares.
    """
    found = {"%s@%s" % (path, name): value for name, value in node.items()}
    if (node.text or "").strip():
        found[path] = node.text.strip()
    for child in node:
        below = "%s/%s" % (path, child.tag)
        inside = {below: True} if child.tag in leave else flat(child, below)
        found.update({name if name not in found else name + " more than once": value for name, value in inside.items()})
    return found


def _state(native: dict, column: str) -> dict:
    """An unread column for a state that is neither enabled nor disabled, so that the rule is uncertain."""
    value = native.get(column, "true")
    return {} if value in ("true", "false") else {"%s=%s" % (column, value): True}


def _last(identity: str | None, word: str) -> str:
    """What of an id tells its meaning: what comes behind ``word``, in lower case; all of it where the word is not in it."""
    text = (identity or "").lower()
    return text.rpartition(word + ".")[2] if text.startswith("com.scur." + word + ".") else text


# -- reading an export ---------------------------------------------------------------------------------------------


def rule_set(group: ET.Element, title: str, counter: Iterator[int], around: Around = Around()) -> RuleSet:
    """A RuleSet of a <ruleGroup>; the outermost one may have no name of its own."""
    title = group.get("name") or title
    condition = _condition(group)
    native = flat(group, "ruleGroup", leave=("condition", "rules", "ruleGroups", "acElements"))
    native = {{"ruleGroup/rules": "ruleGroup/rules/rule", "ruleGroup/ruleGroups": "ruleGroup/ruleGroups/ruleGroup"}.get(name, name): value
              for name, value in native.items()}
    columns = Columns(RULE_SET, {**native, **_state(native, "ruleGroup@enabled")})
    columns.get("ruleGroup/condition")
    cycles = frozenset(cycle for cycle, column in CYCLES.items() if native.get(column) != "false")
    for column in CYCLES.values():
        # Of another value it is unknown whether the rule set takes part.
        if native.get(column) == "false":
            columns.get(column)
    around = around.inside(condition, columns.unread())
    made = RuleSet(title, native.get("ruleGroup@enabled") != "false", cycles=cycles, condition=condition)
    for node in group.findall("rules/*"):
        made.rules.append(_rule(node, title, next(counter), around) if node.tag == "rule" else unread(node.tag, title, next(counter)))
    for node in group.findall("ruleGroups/*"):
        made.children.append(rule_set(node, "(no name)", counter, around) if node.tag == "ruleGroup"
                             else RuleSet("(%s)" % node.tag, rules=[unread(node.tag, title, next(counter))]))
    return made


def unread(what: str, where: str, position: int) -> Rule:
    """Stands for something in an export that is no rule, and may do anything."""
    return Rule(what, where, position, strange=("element %s" % what,))


def _rule(node: ET.Element, where: str, position: int, around: Around) -> Rule:
    condition, action = _condition(node), node.find("actionContainer")
    engines, strange = _events(node)
    native = flat(node, "rule", leave=("condition", "immediateActionContainers"))
    native.update(dict.fromkeys(around.columns, True))
    columns = Columns(RULE, {**native, **_state(native, "rule@enabled")})
    columns.get("rule/condition")
    inside = around.inside(condition)
    return Rule(columns.get("rule@name", ""), where, position, enabled=native.get("rule@enabled") != "false", condition=condition,
                action="" if action is None else _last(action.get("actionId"), "mainaction").partition(".")[0], engines=engines, strange=strange,
                words=" ".join(word for part in node.iter() for word in (part.text or "", *part.attrib.values())), lists=inside.lists,
                named=frozenset(_lists(node)), doubts=inside.doubts, columns=columns, cap=MAY if columns.unread() else SURE)


def _events(node: ET.Element) -> tuple:
    """(ids of the engines that a rule enables, what else it does that is not known)"""
    engines, strange = [], []
    for event in node.findall("immediateActionContainers/*"):
        identity = next((value for name, value in flat(event, "").items() if name.endswith(("@engineId", "@procedureId")) or name == "@propertyId"), "")
        if event.tag == "enableEngineActionContainer":
            engines.append(identity)
            known = "ssl" in identity.lower() or _last(identity, "engine") in HARMLESS_ENGINES
        elif event.tag == "executeActionContainer":
            known = _last(identity, "procedure") in HARMLESS_PROCEDURES
        else:
            # A user-defined property, which has a number, is none that is read here; to set any other may change what later rules compare.
            known = event.tag == "setActionContainer" and identity.isdigit()
        if not known:
            strange.append("event %s" % (identity or event.tag))
    return tuple(sorted(set(engines))), tuple(strange)


def _condition(node: ET.Element) -> list:
    """Tokens: "and", "or", "not", "(", ")" and Criterions. Empty: always."""
    tokens: list = []
    conditions = node.findall("condition")
    if not conditions:
        return tokens
    expressions = conditions[0].findall("expressions/*")
    others = {name for name in flat(conditions[0], "", leave=("conditionExpression",)) if not name.startswith("/expressions/conditionExpression")} - {"@always"}
    always = conditions[0].get("always") == "true"
    if len(conditions) > 1 or others or always == bool(expressions) or any(one.tag != "conditionExpression" for one in expressions):
        names = ", ".join(sorted("condition" + name for name in others)) or "condition"
        return [Criterion(doubt="column %s is not understood" % names, lists=tuple(one for found in conditions for one in _lists(found)))]
    for number, expression in enumerate(expressions):
        words = (expression.get("prefix") or "").lower().split()
        opening, closing = (expression.get(name) or "0" for name in ("openingBracketCount", "closingBracketCount"))
        if set(words) - {"and", "or", "not"} or not (opening + closing).isdigit():
            return [Criterion(doubt="column conditionExpression@prefix or its brackets are not understood", lists=_lists(conditions[0]))]
        if not {"and", "or"} & set(words):
            words.insert(0, "and")
        # What joins the first one to nothing is left out.
        tokens += [word for word in words if number or word == "not"]
        tokens += ["("] * int(opening)
        tokens.append(criterion(expression))
        tokens += [")"] * int(closing)
    return tokens


def criterion(expression: ET.Element) -> Criterion:
    """The Criterion of a <conditionExpression>."""
    native = {name.partition("/")[2] if name.startswith("conditionExpression/") else name: value
              for name, value in flat(expression, "conditionExpression").items()}
    columns = Columns(CRITERION, native)
    for column in ("@prefix", "@openingBracketCount", "@closingBracketCount"):
        columns.get("conditionExpression" + column)
    identity = columns.get("propertyInstance@propertyId", "")
    prop = identity.lower()[len("com.scur.engine."):].partition(".")[2] if identity.lower().startswith("com.scur.engine.") else identity.lower()
    prop = ALIASES.get(prop, prop)
    word = _last(columns.get("conditionExpression@operatorId", ""), "operator")
    operator, negated = OPERATORS.get(word, ("", False))
    given = columns.get(GIVEN + "/value/listValue@id", "") if prop == "url.host.belongstodomains" else ""
    if prop.startswith(_ANY_SETTINGS):
        columns.get("propertyInstance@configurationId")
    literal, constant, listed = columns.get("parameter/value/stringValue@value"), columns.get("parameter@valueId"), columns.get("parameter/value/listValue@id")
    doubts = [] if operator else ["operator %s is not understood" % (word or "(none)")]
    doubts += ["column %s is not understood" % column for column in columns.unread()]
    doubts += ["column parameter/value is not understood"] if len([value for value in (literal, constant, listed) if value is not None]) > 1 else []
    known = [] if prop in READ else ["property %s%s is not understood" % (identity or "(none)", _what(prop))]
    return Criterion(prop=prop, operator=operator, negated=negated, literal=_last(constant, "type.boolean") if constant else literal, listed=listed or "",
                     given=given, lists=_lists(expression), doubt=", ".join(known + doubts), whole=not doubts)


def _what(prop: str) -> str:
    """What a property is about, for a text; "" if unknown."""
    start = next((name for name in _ABOUT if name.endswith(".*") and prop.startswith(name[:-1])), "")
    about = _ABOUT.get(prop) or _ABOUT.get(start, "")
    return ", which tells of %s," % about if about else ""


def _lists(node: ET.Element) -> tuple:
    return tuple(value.get("id") or "" for value in node.iter("listValue"))


def readable(node: ET.Element) -> bool:
    """Whether the entries of a <list> are all that is in it."""
    return not Columns(LIST, flat(node, "list", leave=("content", "description", "setup"))).unread()
