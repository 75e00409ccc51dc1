# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in order, of which the first that matches decides: what they do with the wanted patterns, and where a rule of ours stands among them. Pure.

An answer about a rule has three values. They combine as numbers: ``min`` where all has to hold, ``max`` where one thing is enough.
A rule is whatever the product has for one; only the functions that a product hands over look into it.
"""
from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import AbstractSet, Any, Callable, Container, Iterable, Iterator, NamedTuple, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Index, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns

#: The rule is about all of it; about a part, or nobody can tell; about none of it.
SURE, MAY, NO = 2, 1, 0
#: What a rule does with what it matches. PASS_ON asks the rules below; UNKNOWN may do any of the others.
ALLOW, DENY, PASS_ON, UNKNOWN = "allow", "deny", "pass on", "unknown"


def opposite(level: int) -> int:
    """What a negated test says."""
    return SURE + NO - level


def share(answers: Iterable[bool]) -> int:
    """SURE where all hold, MAY where some do, NO where none does."""
    found = list(answers)
    return SURE if all(found) else MAY if any(found) else NO


class Hits(NamedTuple):
    """Which of the wanted patterns a rule is about: ``sure`` the whole of them, ``may`` those of which it may be a part or that nobody can tell of."""

    sure: frozenset = frozenset()
    may: frozenset = frozenset()

    @property
    def all(self) -> frozenset:
        return self.sure | self.may

    def capped(self, level: int) -> Hits:
        """What is left when something else of the rule, its people say, holds at ``level``."""
        if level == SURE:
            return self
        return Hits(frozenset(), self.all) if level == MAY else Hits()

    def among(self, patterns: AbstractSet[Pattern]) -> Hits:
        return Hits(self.sure & patterns, self.may & patterns)


def hits_of(levels: dict) -> Hits:
    """Hits of {Pattern: SURE, MAY or NO}."""
    return Hits(*(frozenset(pattern for pattern, found in levels.items() if found == level) for level in (SURE, MAY)))


def held(entries: Iterable[Pattern | None], wanted: Iterable[Pattern]) -> Hits:
    """What a list of host names is about; an entry that is no name counts for nothing."""
    near = near_to(frozenset(wanted))
    patterns = [entry for entry in entries if entry is not None and near.related(entry)]
    index = Index(patterns)
    sure = frozenset(pattern for pattern in near.patterns if _covered(index, pattern)) if patterns else frozenset()
    parts = frozenset(pattern for entry in patterns for pattern in near.index.all_covering(entry))
    return Hits(sure, parts - sure)


class NameList:
    """A list of host names that many rules ask: for the same patterns it is gone through once. An entry that is no name counts for nothing."""

    def __init__(self, entries: Iterable[Pattern | None]):
        self._entries = frozenset(entry for entry in entries if entry is not None)
        self._known: dict = {}

    def near(self, wanted: AbstractSet[Pattern]) -> frozenset:
        """The entries that matter for these patterns: what several lists say together is said by these of each of them."""
        return self._asked(wanted)[0]

    def hits(self, wanted: AbstractSet[Pattern]) -> Hits:
        """What the list is about."""
        return self._asked(wanted)[1]

    def _asked(self, wanted: AbstractSet[Pattern]) -> tuple:
        wanted = frozenset(wanted)
        if wanted not in self._known:
            near = frozenset(filter(near_to(wanted).related, self._entries))
            self._known[wanted] = near, held(near, wanted)
        return self._known[wanted]


class Near:
    """Wanted patterns, and whether an entry is anywhere near them: most of a long list is not."""

    def __init__(self, patterns: frozenset):
        self.patterns, self.index = patterns, Index(patterns)
        self._names = {pattern.name for pattern in patterns}
        self._above = {name for pattern in patterns for name in names_above(pattern.name)}

    def related(self, entry: Pattern) -> bool:
        """Whether the name of an entry is that of a pattern, or above or below one."""
        return entry.name in self._above or not self._names.isdisjoint(names_above(entry.name))


#: Lists are asked for the same few sets over and over.
near_to = functools.lru_cache(maxsize=16)(Near)


def _covered(index: Index, pattern: Pattern) -> bool:
    """By one entry, or by one for the name and one for what is below it, which is how some products say both."""
    if index.covering(pattern) is not None:
        return True
    return all(index.covering(Pattern(pattern.name, kind)) is not None for kind in (EXACT, SUBDOMAINS))


# -- what the rules do


def walk(rules: Iterable, wanted: Iterable[Pattern], reach: Callable[[Any, frozenset], Hits]) -> Iterator[tuple]:
    """Ask ``rules`` from the top. Yields (rule, Hits) of each that is about patterns that get there; what it is surely about gets no further.

    ``reach(rule, left)``: the Hits for the whole audience. It may say more than is in ``left``, the patterns that get there.
    """
    left = frozenset(wanted)
    for rule in rules:
        if not left:
            return
        hits = reach(rule, left).among(left)
        if hits.sure or hits.may:
            yield rule, hits
            left -= hits.sure


class Layer:
    """The rules of one rulebase from the top, and how a product reads one of them.

    ``people(rule)`` and ``hosts(rule, wanted)`` say how far it is about the audience and about patterns. ``effect(rule)`` is ALLOW, DENY, PASS_ON or
    UNKNOWN; in a rulebase for inspection DENY stands for decrypting, and ALLOW for leaving alone. ``columns(rule)`` are the Columns through which the other
    three read the rule, the same object each time. ``default`` is what becomes of patterns that no rule decides. ``known``: what was found out about rules,
    where several layers have the same ones and read them alike.
    """

    def __init__(self, rules: Sequence, people: Callable[[Any], int], hosts: Callable[[Any, AbstractSet], Hits], effect: Callable[[Any], str],
                 columns: Callable[[Any], Columns], default: str = ALLOW, known: dict | None = None):
        self.rules, self.hosts, self._columns, self.default = list(rules), hosts, columns, default
        # The rules do not change, and the layer is asked about each again and again.
        self._known = {} if known is None else known
        self.people, self.effect = self._once("people", people), self._once("effect", effect)
        self._find_doubts, self._find_level = self._once("doubts", self._read), self._once("level", self._weigh)

    def _once(self, what: object, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A function of a rule that is carried out once for each. Rules need not be hashable; each is kept, so that its id stays its own."""
        known = self._known.setdefault(what, {})

        def ask(rule: Any) -> Any:
            if id(rule) not in known:
                known[id(rule)] = rule, answer(rule)
            return known[id(rule)][1]
        return ask

    def doubts(self, rule: Any) -> tuple:
        """What keeps a rule from being sure, in words: columns that nobody read, an effect that nobody knows."""
        return self._find_doubts(rule)

    def _read(self, rule: Any) -> tuple:
        self.people(rule)
        self.hosts(rule, frozenset())
        found = ["column %s is not understood" % column for column in self._columns(rule).unread()]
        return (*found, *(["its action is not understood"] if self.effect(rule) == UNKNOWN else []))

    def level(self, rule: Any) -> int:
        """How far a rule is about the audience: SURE only where all of the rule was understood, NO only where no negation was left unread."""
        return self._find_level(rule)

    def _weigh(self, rule: Any) -> int:
        doubts = self.doubts(rule)
        if doubts and self._columns(rule).turned():
            return MAY
        return min(self.people(rule), MAY if doubts else SURE)

    def reach(self, rule: Any, wanted: AbstractSet) -> Hits:
        """Which patterns of the whole audience a rule is about."""
        wanted = frozenset(wanted)
        return self._once(wanted, lambda one: self._meet(one, wanted))(rule)

    def _meet(self, rule: Any, wanted: frozenset) -> Hits:
        level = self.level(rule)
        if self.doubts(rule) and self._columns(rule).turned():
            return Hits(may=wanted)
        return self.hosts(rule, wanted).capped(level) if level != NO else Hits()

    def shutting(self, wanted: Iterable[Pattern]) -> list:
        """The rules that shut any of the wanted patterns, or may."""
        wanted = frozenset(wanted)
        return [rule for rule in self.rules if self.effect(rule) in (DENY, UNKNOWN) and self.reach(rule, wanted).all]

    def ask(self, wanted: Iterable[Pattern], told: Callable[[Any, Hits], None] = lambda rule, hits: None) -> Answer:
        """What the rules do with the wanted patterns, by first match. ``told`` hears of each rule that shuts any of those that get there, or may."""
        answer, whole = Answer(left=set(wanted), default=self.default), frozenset(wanted)
        for rule, hits in walk((rule for rule in self.rules if self.effect(rule) != PASS_ON), whole, lambda rule, left: self.reach(rule, whole)):
            answer.left -= hits.sure
            if self.effect(rule) == ALLOW:
                answer.open.update(dict.fromkeys(hits.sure, rule))
                continue
            answer.shut.update(dict.fromkeys(hits.sure, rule))
            for pattern in hits.may:
                answer.doubted.setdefault(pattern, rule)
            told(rule, hits)
        return answer


@dataclass
class Answer:
    """``shut`` and ``open``: pattern to the rule that surely decides it; ``doubted``: pattern to the first rule before that one that may shut it.

    ``left``: the patterns that no rule surely decides, and ``default`` what becomes of them.
    """

    shut: dict = field(default_factory=dict)
    open: dict = field(default_factory=dict)
    doubted: dict = field(default_factory=dict)
    left: set = field(default_factory=set)
    default: str = ALLOW

    def word(self, pattern: Pattern) -> str:
        """What coverage says of the pattern: "no" where it is surely shut, "unchecked" where it may be, else "yes"."""
        if pattern in self.shut or (pattern in self.left and self.default == DENY):
            return "no"
        return "unchecked" if pattern in self.doubted or (pattern in self.left and self.default != ALLOW) else "yes"

    def said(self, pattern: Pattern, name: Callable[[Any], object], does: str = "block") -> tuple:
        """(the word, which rule ``does`` that or may, or nothing where no rule of the layer is in the way)."""
        if pattern in self.shut:
            return self.word(pattern), "%s %ss it" % (name(self.shut[pattern]), does)
        return self.word(pattern), "%s may %s it" % (name(self.doubted[pattern]), does) if pattern in self.doubted else ""


# -- where ours stands


def sides(shutting: Iterable, people: Callable[[Any], int], certain: Callable[[Any], bool] = lambda rule: True) -> tuple:
    """(rules that ours has to pass, rules that keep their word over it) of those that shut what ours opens, from the top.

    One that shuts out the whole audience is passed. One for a part of it, say a quarantine, keeps its word, unless it stands below one that is passed
    for sure: ``certain`` says whether a rule is.
    """
    above: list = []
    below: list = []
    passed = False
    for rule in shutting:
        level = people(rule)
        if level == SURE:
            above.append(rule)
            passed = passed or certain(rule)
        elif level == MAY and not passed:
            below.append(rule)
    return above, below


def below_ours(rules: Sequence, shuts: Callable[[Any], bool], keeps: Callable[[Any], bool] = lambda rule: False) -> list:
    """The rules that stand below ours: ours is above the first that surely ``shuts`` the whole audience, and below the last that ``keeps`` its word."""
    first = next((at for at, rule in enumerate(rules) if shuts(rule)), len(rules))
    last = max((at for at, rule in enumerate(rules) if keeps(rule)), default=-1)
    return list(rules[max(first, last) + 1:])


def crossed(shutting: Sequence, people: Callable[[Any], int]) -> list:
    """Of rules that shut what ours opens, those for a part of the audience that ours passes: these people would be let in."""
    return [rule for rule in below_ours(shutting, lambda rule: people(rule) == SURE) if people(rule) == MAY]


def crossing(rule: object, what: str) -> str:
    """What ``audience_widened`` says of a rule that ours passes; ``what`` it would no longer be asked for."""
    return ("%s blocks a part of the audience and would no longer apply to %s; add it to position.never_above, or narrow the audience" % (rule, what))


def lowest(order: Sequence[Ref], below: Iterable[Ref]) -> int:
    """The index in ``order`` of the lowest of the rules that ours must stay below; -1 for none."""
    places = {ref: at for at, ref in enumerate(order)}
    return max((places[other] for other in below if other in places), default=-1)


def placed(obj: Object, rulebase: str, order: Sequence[Ref], above: Iterable[Ref], below: Iterable[Ref], before: Iterable[Ref] = (),
           floor: int | None = None) -> Wanted:
    """``obj`` with the Refs that it has to stand above and below; ``before`` are named by the operator.

    What stands above a rule that ours must stay below cannot be passed; it is reported as a conflict. ``floor`` is the place of the lowest such rule.
    """
    below = frozenset(below)
    floor = lowest(order, below) if floor is None else floor
    places = {ref: at for at, ref in enumerate(order)}
    passed = {other for other in above if places.get(other, -1) > floor}
    return Wanted(obj, rulebase, above=frozenset(passed | {other for other in before if other in places}), below=below)


def refuse_unknown(names: Iterable[str], known: Container[str], where: str, kind: str = "rule") -> None:
    """:raises AccessError: refused, for a rule that the operator names in ``position`` and that is not there: one that must not be passed would be."""
    missing = [name for name in names if name not in known]
    if missing:
        raise AccessError(REFUSED, "position: %s has no %s named %s" % (where, kind, ", ".join(missing)))
