# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets as they are exported, and what they do with a CONNECT to a host: three-valued, since not everything in them can be known. No IO.

Structure of an export: analyses of real exports in public parsers. The identifiers of properties, operators and actions are not published:
they are compared by their last words, and what is not recognised may apply or not. A rule set's own rules come before the rule sets in it.
"""
from __future__ import annotations

import fnmatch
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Callable, Collection, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, opposite, share

#: Somebody who is in none of the audience's groups.
OUTSIDER = object()


@dataclass(frozen=True)
class Criterion:
    """``prop`` and ``operator`` in lower case; ``value`` a literal, ``listed`` the id of a list that it is compared with."""

    prop: str
    operator: str
    value: str = ""
    listed: str = ""


@dataclass
class Rule:
    """``condition``: tokens "and", "or", "not", "(", ")" and Criterions; empty: always. ``action``: its id behind ``mainaction``, in lower case.

    ``engines``: ids of what it switches on; ``words``: all text in it; ``where``: title of its rule set; ``position``: its number in the whole policy.
    """

    name: str
    enabled: bool
    condition: list
    action: str
    engines: tuple = ()
    words: str = ""
    where: str = ""
    position: int = 0

    @property
    def label(self) -> str:
        return "rule %s of rule set %s" % (self.name, self.where)


@dataclass
class RuleSet:
    """``request``: it takes part in the request cycle; ``condition`` as of a Rule; its rules come before its ``children``."""

    title: str
    enabled: bool
    request: bool
    condition: list
    rules: list = field(default_factory=list)
    children: list = field(default_factory=list)

    def walk(self) -> Iterator[Rule]:
        """Every enabled Rule below this rule set, in order."""
        for rule in self.rules:
            if rule.enabled:
                yield rule
        for child in self.children:
            if child.enabled:
                yield from child.walk()


# -- reading an export ---------------------------------------------------------------------------------------------


def rule_set(group: ET.Element, title: str, counter: Iterator[int]) -> RuleSet:
    """A RuleSet of a <ruleGroup>; the outermost one may have no name of its own."""
    title = group.get("name") or title
    made = RuleSet(title, group.get("enabled") != "false", group.get("cycleRequest") != "false", condition=_condition(group))
    for node in group.findall("rules/rule"):
        action = node.find("actionContainer")
        engines = tuple(sorted({engine.get("engineId") or "" for engine in node.iter("enableEngineActionContainer")}))
        words = " ".join(value.get("value") or "" for value in node.iter("stringValue"))
        made.rules.append(Rule(node.get("name") or "", node.get("enabled") != "false", _condition(node),
                               action="" if action is None else _last(action.get("actionId"), "mainaction"),
                               engines=engines, words=words, where=title, position=next(counter)))
    made.children = [rule_set(node, "(no name)", counter) for node in group.findall("ruleGroups/ruleGroup")]
    return made


def _last(identity, word: str) -> str:
    """What of an id tells its meaning: what comes behind ``word``, in lower case."""
    return (identity or "").lower().rpartition(word + ".")[2]


def _condition(node) -> list:
    """Tokens: "and", "or", "not", "(", ")" and Criterions. Empty: always."""
    tokens: list = []
    condition = node.find("condition")
    if condition is None or condition.get("always") == "true":
        return tokens
    for number, expression in enumerate(condition.findall("expressions/conditionExpression")):
        words = (expression.get("prefix") or "").lower().split()
        if number and not {"and", "or"} & set(words):
            words.insert(0, "and")
        tokens += [word for word in words if word in ("and", "or", "not") and (number or word == "not")]
        tokens += ["("] * int(expression.get("openingBracketCount") or 0)
        tokens.append(_criterion(expression))
        tokens += [")"] * int(expression.get("closingBracketCount") or 0)
    return tokens


def _criterion(expression) -> Criterion:
    instance, parameter = expression.find("propertyInstance"), expression.find("parameter")
    listed = [value.get("id") or "" for value in expression.iter("listValue")]
    literal = None if parameter is None else parameter.find("value/stringValue")
    value = "" if parameter is None else _last(parameter.get("valueId"), "type.boolean")
    return Criterion("" if instance is None else (instance.get("propertyId") or "").lower(), _last(expression.get("operatorId"), "operator"),
                     value if literal is None else literal.get("value") or "", listed=listed[0] if listed else "")


# -- lists and hosts -----------------------------------------------------------------------------------------------


def entry_pattern(entry: str, kind: str = "regex") -> Pattern | None:
    """The Pattern of an entry that is a name, or in a wildcard expression a name behind ``*.``; None for any other."""
    text = entry.strip().lower()
    found = parse_if("." + text if kind == "domain" else text)
    if found is None:
        return None
    return found if kind == "domain" or found.kind == EXACT or (kind == "regex" and found.kind == SUBDOMAINS) else None


def samples(pattern: Pattern) -> list[str]:
    """Hosts that a pattern matches, one of each kind, with labels that occur nowhere."""
    below = ["nx7." + pattern.name, "nx7.ny8." + pattern.name]
    return {EXACT: [pattern.name], SUBDOMAINS: below, DOMAIN: [pattern.name] + below}[pattern.kind]


class Entries:
    """What a list is about. ``kind``: "regex" (wildcard expressions), "string" (whole names) or "domain" (names and all below them).

    Lists may have 100,000 entries, so a name is looked up; only wildcard expressions that are no names are tried one by one.
    """

    def __init__(self, kind: str, entries: Collection[str]):
        self._below: set = set()
        self._odd = [entry.strip().lower() for entry in entries] if kind == "regex" else []
        found = {entry: entry_pattern(entry, kind) for entry in (self._odd or [entry.strip().lower() for entry in entries])}
        self._odd = [entry for entry in self._odd if found[entry] is None]
        patterns = [pattern for pattern in found.values() if pattern is not None]
        whole = {pattern.name for pattern in patterns if pattern.kind == EXACT} & {pattern.name for pattern in patterns if pattern.kind == SUBDOMAINS}
        self._index = Index(patterns + [Pattern(name, DOMAIN) for name in whole])
        for pattern in patterns:
            self._below.update(names_above(pattern.name))

    def level(self, pattern: Pattern) -> int:
        """How much of ``pattern`` they are about."""
        if self._index.covering(pattern) is not None:
            return SURE
        levels = [_odd_level(entry, pattern) for entry in self._odd]
        part = pattern.kind != EXACT and pattern.name in self._below
        return max(levels + [MAY if part else NO])


def _odd_level(text: str, pattern: Pattern) -> int:
    """Of a wildcard expression that is no name."""
    if text.startswith("regex("):
        return MAY
    hit = share(fnmatch.fnmatchcase(host, text.replace("[", "[[]")) for host in samples(pattern))
    return max(hit, MAY if pattern.kind != EXACT and text.endswith("." + pattern.name) else NO)


def about(entries: Iterable[str], kind: str, patterns: Collection[Pattern]) -> list[str]:
    """Those of ``entries`` that are about one of the patterns, as hosts, as domains or as URLs."""
    ours, above, found = Index(patterns), {name for pattern in patterns for name in names_above(pattern.name)}, []
    for entry in entries:
        theirs = entry_pattern(entry, kind)
        if theirs is None and kind == "regex":
            hit = any(_odd_level(entry.strip().lower(), pattern) or url_hits(entry, pattern) for pattern in patterns)
        else:
            hit = theirs is not None and (ours.covering(theirs) is not None or (theirs.name in above and any(
                covers(theirs, pattern) or (kind == "string" and covers(Pattern(theirs.name, DOMAIN), pattern)) or theirs.name == pattern.name
                for pattern in patterns)))
        if hit:
            found.append(entry)
    return found


# -- what the rules do ---------------------------------------------------------------------------------------------


@dataclass
class Path:
    """What becomes of a CONNECT: ``verdict`` allow, block or "" (nothing decided), ``by`` the Rule; ``decrypts``: NO, MAY or SURE, by which rule;
    ``blocks``: (Rule, level, whether it is about the destination) of what blocks on the way; ``signed_in``: an authentication rule was passed;
    ``inside``: it is about requests in a decrypted connection; ``spared``: a rule left the rule set that decrypts; ``cap``: MAY once the cycle
    may have ended."""

    verdict: str = ""
    by: Rule | None = None
    decrypts: int = NO
    decrypted_by: str = ""
    blocks: list = field(default_factory=list)
    signed_in: bool = False
    inside: bool = False
    spared: bool = False
    cap: int = SURE


class Judge:
    """``lists``: id to (kind of list, entries). ``groups``: the audience's user groups; none means everybody."""

    def __init__(self, sets: list[RuleSet], lists: dict[str, tuple], groups: tuple[str, ...], https: tuple[str, ...],
                 signs_in: Callable[[RuleSet], bool]):
        self._sets, self._lists, self._groups, self._https, self._signs_in = sets, lists, groups, https, signs_in
        self._known: dict = {}

    def path(self, pattern: Pattern, who: object) -> Path:
        """``who``: a group, None for anybody, or OUTSIDER. What is decrypted goes through the rules again, request by request."""
        path = self._cycle(Path(), pattern, who)
        if path.decrypts == NO or path.verdict == "block":
            return path
        inside = self._cycle(Path(signed_in=path.signed_in, inside=True), pattern, who)
        path.blocks += inside.blocks
        if path.verdict != inside.verdict:
            path.verdict, path.by = ("block", inside.by) if inside.verdict == "block" else ("", None)
        elif path.by is not None and inside.by.position < path.by.position:
            path.by = inside.by
        return path

    def _cycle(self, path: Path, pattern, who) -> Path:
        for top in self._sets:
            if self._enter(top, path, pattern, who, SURE, False):
                break
        return path

    def _enter(self, rules: RuleSet, path: Path, pattern, who, above: int, https: bool) -> bool:
        """Whether the cycle ends in this rule set."""
        level = min(above, self.level(rules.condition, pattern, who, path)) if rules.enabled and rules.request else NO
        if level == NO:
            return False
        outermost = not https and rules.title in self._https
        https = https or outermost
        ending, level = self._rules(rules, path, pattern, who, level)
        if ending:
            path.spared = path.spared or https
            return ending == "cycle"
        for child in rules.children:
            if self._enter(child, path, pattern, who, level, https):
                return True
        if outermost and path.decrypts == NO and not path.spared and not self._knows_how(rules):
            # It is named as the rule set that decrypts, and which of its rules does is not recognised.
            path.decrypts, path.decrypted_by = MAY, "rule set %s" % rules.title
        path.signed_in = path.signed_in or self._signs_in(rules)
        return False

    @staticmethod
    def _knows_how(rules: RuleSet) -> bool:
        return any("ssl" in engine.lower() for rule in rules.walk() for engine in rule.engines)

    def _rules(self, rules: RuleSet, path: Path, pattern, who, level: int) -> tuple:
        """("cycle", "set" or "": what one of the rules ends for sure, the level of what comes behind them)."""
        for rule in rules.rules:
            own = self.level(rule.condition, pattern, who, path) if rule.enabled else NO
            hit = min(level, own)
            if hit == NO:
                continue
            if any("ssl" in engine.lower() for engine in rule.engines) and hit > path.decrypts:
                path.decrypts, path.decrypted_by = hit, rule.label
            if rule.action.startswith("stopcycle"):
                if hit == SURE:
                    path.verdict, path.by = "allow", rule
                    return "cycle", level
                path.cap = MAY
            elif rule.action.startswith("stopruleset"):
                if hit == SURE:
                    return "set", level
                level = MAY
            elif rule.action.startswith(("block", "redirect")):
                hit = min(hit, path.cap)
                path.blocks.append((rule, hit, self.level(rule.condition, pattern, who, path, blind=True) != own))
                if hit == SURE:
                    path.verdict, path.by = "block", rule
                    return "cycle", level
        return "", level

    # -- criteria

    def level(self, condition: list, pattern: Pattern, who: object, path: Path | None = None,
              blind: bool = False) -> int:
        """SURE, MAY or NO. ``blind``: as if no criterion about the destination applied."""
        if not condition:
            return SURE
        tokens = list(condition)
        try:
            found = self._or(tokens, pattern, who, path, blind)
        except IndexError:
            return MAY
        return found if not tokens else MAY

    def _or(self, tokens, *rest) -> int:
        found = self._and(tokens, *rest)
        while tokens and tokens[0] == "or":
            tokens.pop(0)
            found = max(found, self._and(tokens, *rest))
        return found

    def _and(self, tokens, *rest) -> int:
        found = self._not(tokens, *rest)
        while tokens and tokens[0] == "and":
            tokens.pop(0)
            found = min(found, self._not(tokens, *rest))
        return found

    def _not(self, tokens, *rest) -> int:
        token = tokens.pop(0)
        if token == "not":
            return opposite(self._not(tokens, *rest))
        if token == "(":
            found = self._or(tokens, *rest)
            tokens.pop(0)
            return found
        return self._test(token, *rest) if isinstance(token, Criterion) else MAY

    def _test(self, one: Criterion, pattern, who, path, blind) -> int:
        negated = "not" in one.operator
        found = self._plain(one, pattern, who, path, blind)
        return opposite(found) if negated else found

    def _plain(self, one: Criterion, pattern, who, path, blind) -> int:
        prop = one.prop
        if prop.endswith((".url.host", ".url.host.belongstodomains", ".url", ".url.categories", ".url.domain")):
            return NO if blind else self._destination(one, pattern)
        if prop.endswith(".url.port"):
            return SURE if "443" in self._values(one) else NO
        if prop.endswith(".command.name"):
            if path is not None and path.inside:
                return MAY if self._values(one) - {"connect", "certverify"} else NO
            return SURE if "connect" in self._values(one) else NO
        if prop.endswith(".authentication.isauthenticated"):
            known = SURE if path is not None and path.signed_in else MAY
            return opposite(known) if one.value.lower() == "false" else known
        if prop.endswith(".authentication.usergroups"):
            return self._member(one, who, path)
        return MAY

    def _values(self, one: Criterion) -> set:
        return {entry.lower() for entry in self._lists[one.listed][1]} if one.listed in self._lists else {one.value.lower()}

    def _member(self, one: Criterion, who, path) -> int:
        """Groups are known only to rules that stand below authentication."""
        if path is None:
            return MAY
        if not path.signed_in:
            return NO
        named, ours = self._values(one), {group.lower() for group in self._groups}
        if who is OUTSIDER:
            return NO if named <= ours else SURE
        return SURE if who is not None and who.lower() in named else MAY

    def _destination(self, one: Criterion, pattern) -> int:
        if one.prop.endswith((".url.categories", ".url.domain")):
            return MAY
        if one.listed and one.listed not in self._lists:
            return MAY
        kind, entries = self._lists[one.listed] if one.listed else ("regex" if "match" in one.operator else "string", (one.value,))
        if one.prop.endswith(".url"):
            # Of a CONNECT there is no URL yet; after decryption there is one, with a path that is not known here.
            return MAY if any(url_hits(entry, pattern) for entry in entries) else NO
        domains = one.prop.endswith(".belongstodomains")
        if kind not in ("regex", "string"):
            return MAY
        key = (one.listed, domains) if one.listed else (one.value, kind)
        if key not in self._known:
            self._known[key] = Entries("domain" if domains else kind, entries)
        found = self._known[key].level(pattern)
        return opposite(found) if domains and one.value.lower() == "false" else found


def url_hits(entry: str, pattern: Pattern) -> bool:
    """Whether a wildcard expression is about URLs of a host of ``pattern``."""
    text = entry.strip().lower().replace("[", "[[]")
    return any(fnmatch.fnmatchcase("https://%s/" % host, text) for host in samples(pattern))


def wide(entry: str) -> bool:
    """Whether a wildcard expression is about so much that nobody wants it gone because of a few hosts."""
    return len(re.sub(r"[^a-z0-9]", "", entry.lower())) < 6
