# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordered rules of which the first that matches decides: what they do with the wanted patterns, and where our rule is placed. Pure.

An answer about a rule has three values. They combine as numbers: ``min`` if all have to hold, ``max`` if one is enough.
The type of a rule is the product's; only the functions that a product passes in read it.
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

#: The rule covers all of it; a part of it, or this is unknown; none of it.
SURE, MAY, NO = 2, 1, 0
#: What a rule does with what it matches. PASS_ON continues with the rules below; UNKNOWN may do any of the others.
ALLOW, DENY, PASS_ON, UNKNOWN = "allow", "deny", "pass on", "unknown"


def opposite(level: int) -> int:
    """The result of a negated test."""
    return SURE + NO - level


def share(answers: Iterable[bool]) -> int:
    """SURE where all hold, MAY where some do, NO where none does."""
    found = list(answers)
    return SURE if all(found) else MAY if any(found) else NO


class Hits(NamedTuple):
    """Which of the wanted patterns a rule covers: ``sure`` completely; ``may`` in part, or this is unknown."""

    sure: frozenset = frozenset()
    may: frozenset = frozenset()

    @property
    def all(self) -> frozenset:
        return self.sure | self.may

    def capped(self, level: int) -> Hits:
        """What is left if another condition of the rule, for example its people, holds at ``level``."""
        if level == SURE:
            return self
        return Hits(frozenset(), self.all) if level == MAY else Hits()

    @classmethod
    def any(cls, parts: Iterable[Hits]) -> Hits:
        """What a list is about of which one entry is enough."""
        parts = list(parts)
        sure = frozenset().union(*(part.sure for part in parts))
        return cls(sure, frozenset().union(*(part.may for part in parts)) - sure)

    def both(self, other: Hits) -> Hits:
        """What is left if another condition of the rule covers ``other``."""
        sure = self.sure & other.sure
        return Hits(sure, (self.all & other.all) - sure)

    def among(self, patterns: AbstractSet[Pattern]) -> Hits:
        return Hits(self.sure & patterns, self.may & patterns)


def hits_of(levels: dict) -> Hits:
    """Hits of {Pattern: SURE, MAY or NO}."""
    return Hits(*(frozenset(pattern for pattern, found in levels.items() if found == level) for level in (SURE, MAY)))


def held(entries: Iterable[Pattern | None], wanted: Iterable[Pattern]) -> Hits:
    """Hits of a list of host names; an entry that is not a name is ignored."""
    near = near_to(frozenset(wanted))
    patterns = [entry for entry in entries if entry is not None and near.related(entry)]
    index = Index(patterns)
    sure = frozenset(pattern for pattern in near.patterns if _covered(index, pattern)) if patterns else frozenset()
    parts = frozenset(pattern for entry in patterns for pattern in near.index.all_covering(entry))
    return Hits(sure, parts - sure)


class NameList:
    """A list of host names that many rules use: it is read once for the same patterns. An entry that is not a name is ignored."""

    def __init__(self, entries: Iterable[Pattern | None]):
        self._entries = frozenset(entry for entry in entries if entry is not None)
        self._known: dict = {}

    def near(self, wanted: AbstractSet[Pattern]) -> frozenset:
        """The entries that matter for these patterns: combining several lists needs only these of each."""
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
    """Wanted patterns, and whether an entry is related to them: most entries of a long list are not."""

    def __init__(self, patterns: frozenset):
        self.patterns, self.index = patterns, Index(patterns)
        self._names = {pattern.name for pattern in patterns}
        self._above = {name for pattern in patterns for name in names_above(pattern.name)}

    def related(self, entry: Pattern) -> bool:
        """Whether the name of an entry is that of a pattern, or above or below one."""
        return entry.name in self._above or not self._names.isdisjoint(names_above(entry.name))


#: Rules use lists with the same few sets of patterns.
near_to = functools.lru_cache(maxsize=16)(Near)


def _covered(index: Index, pattern: Pattern) -> bool:
    """By one entry, or by one for the name and one for what is below it, which is how some products write both."""
    if index.covering(pattern) is not None:
        return True
    return all(index.covering(Pattern(pattern.name, kind)) is not None for kind in (EXACT, SUBDOMAINS))


# -- what the rules do


def walk(rules: Iterable, wanted: Iterable[Pattern], reach: Callable[[Any, frozenset], Hits]) -> Iterator[tuple]:
    """Evaluate ``rules`` from the top. Yields (rule, Hits) of each that covers patterns that reach it; patterns that it certainly covers go no further.

    ``reach(rule, left)``: the Hits for the whole audience. They may include more than ``left``, the patterns that reach the rule.
    """
    left = frozenset(wanted)
    for rule in rules:
        if not left:
            return
        hits = reach(rule, left)
        # Most rules of a long rulebase cover none of them.
        if any(hits):
            hits = hits.among(left)
        if any(hits):
            yield rule, hits
            left -= hits.sure


class Layer:
    """The rules of one rulebase from the top, and how a product reads one of them.

    ``people(rule)`` and ``hosts(rule, wanted)`` say how far it covers the audience and patterns. ``effect(rule)`` is ALLOW, DENY, PASS_ON or
    UNKNOWN; in a rulebase for inspection DENY means decrypting, and ALLOW not decrypting. ``columns(rule)`` are the Columns through which the other
    three read the rule, the same object each time. ``default`` is the effect for patterns that no rule decides. ``known``: a cache of results
    for layers that have the same rules and read them alike.
    """

    def __init__(self, rules: Sequence, people: Callable[[Any], int], hosts: Callable[[Any, AbstractSet], Hits], effect: Callable[[Any], str],
                 columns: Callable[[Any], Columns], default: str = ALLOW, known: dict | None = None):
        self.rules, self.hosts, self._columns, self.default = list(rules), hosts, columns, default
        # The rules do not change, and each is evaluated many times.
        self._known = {} if known is None else known
        self.people, self.effect = self._once("people", people), self._once("effect", effect)
        self._find_doubts, self._find_level = self._once("doubts", self._read), self._once("level", self._weigh)

    def _once(self, what: object, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A function of a rule that runs once for each rule. Rules need not be hashable; each is kept, so that its id stays unique."""
        known = self._known.setdefault(what, {})

        def ask(rule: Any) -> Any:
            if id(rule) not in known:
                known[id(rule)] = rule, answer(rule)
            return known[id(rule)][1]
        return ask

    def doubts(self, rule: Any) -> tuple:
        """What makes a rule uncertain, in words: unread columns, an unknown effect."""
        return self._find_doubts(rule)

    def _read(self, rule: Any) -> tuple:
        self.people(rule)
        self.hosts(rule, frozenset())
        found = ["column %s is not understood" % column for column in self._columns(rule).unread()]
        return (*found, *(["its action is not understood"] if self.effect(rule) == UNKNOWN else []))

    def level(self, rule: Any) -> int:
        """How far a rule applies to the audience: SURE only if the whole rule was understood, NO only if no negation was left unread."""
        return self._find_level(rule)

    def _weigh(self, rule: Any) -> int:
        doubts = self.doubts(rule)
        if doubts and self._columns(rule).turned():
            return MAY
        return min(self.people(rule), MAY if doubts else SURE)

    def reach(self, rule: Any, wanted: AbstractSet) -> Hits:
        """Which patterns a rule covers for the whole audience."""
        wanted = frozenset(wanted)
        return self._once(wanted, lambda one: self._meet(one, wanted))(rule)

    def _meet(self, rule: Any, wanted: frozenset) -> Hits:
        level = self.level(rule)
        if self.doubts(rule) and self._columns(rule).turned():
            return Hits(may=wanted)
        return self.hosts(rule, wanted).capped(level) if level != NO else Hits()

    def shutting(self, wanted: Iterable[Pattern]) -> list:
        """The rules that block any of the wanted patterns, or may."""
        wanted = frozenset(wanted)
        return [rule for rule in self.rules if self.effect(rule) in (DENY, UNKNOWN) and self.reach(rule, wanted).all]

    def ask(self, wanted: Iterable[Pattern], told: Callable[[Any, Hits], None] = lambda rule, hits: None) -> Answer:
        """What the rules do with the wanted patterns, by first match. ``told`` is called for each rule that blocks, or may block, any that reach it."""
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
    """``shut`` and ``open``: pattern to the rule that certainly decides it; ``doubted``: pattern to the first rule before that one that may block it.

    ``left``: the patterns that no rule certainly decides; ``default``: the effect for them.
    """

    shut: dict = field(default_factory=dict)
    open: dict = field(default_factory=dict)
    doubted: dict = field(default_factory=dict)
    left: set = field(default_factory=set)
    default: str = ALLOW

    def word(self, pattern: Pattern) -> str:
        """The word in coverage for the pattern: "no" if it is certainly blocked, "unchecked" if it may be, else "yes"."""
        if pattern in self.shut or (pattern in self.left and self.default == DENY):
            return "no"
        return "unchecked" if pattern in self.doubted or (pattern in self.left and self.default != ALLOW) else "yes"

    def said(self, pattern: Pattern, name: Callable[[Any], object], does: str = "block") -> tuple:
        """(the word, the rule that ``does`` so or may; empty if no rule of the layer blocks)."""
        if pattern in self.shut:
            return self.word(pattern), "%s %ss it" % (name(self.shut[pattern]), does)
        return self.word(pattern), "%s may %s it" % (name(self.doubted[pattern]), does) if pattern in self.doubted else ""


# -- where our rule is placed


def sides(shutting: Iterable, people: Callable[[Any], int], certain: Callable[[Any], bool] = lambda rule: True) -> tuple:
    """(rules that ours has to precede, rules that keep their precedence over it) of those that block what ours opens, from the top.

    Ours precedes a rule that blocks the whole audience. A rule for a part of it, for example a quarantine, keeps its precedence, unless it is below one
    that
    ours certainly precedes: ``certain`` says whether a rule is.
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
    """The rules below ours: our rule is above the first that certainly ``shuts`` the whole audience, and below the last that ``keeps`` its precedence."""
    first = next((at for at, rule in enumerate(rules) if shuts(rule)), len(rules))
    last = max((at for at, rule in enumerate(rules) if keeps(rule)), default=-1)
    return list(rules[max(first, last) + 1:])


def crossed(shutting: Sequence, people: Callable[[Any], int]) -> list:
    """Of rules that block what ours opens, those for a part of the audience that ours precedes: these people would get access."""
    return [rule for rule in below_ours(shutting, lambda rule: people(rule) == SURE) if people(rule) == MAY]


def crossing(rule: object, what: str) -> str:
    """The text of ``audience_widened`` for a rule that ours precedes; ``what``: the traffic for which it is no longer evaluated."""
    return ("%s blocks a part of the audience and would no longer apply to %s; add it to position.never_above, or narrow the audience" % (rule, what))


def lowest(order: Sequence[Ref], below: Iterable[Ref]) -> int:
    """The index in ``order`` of the lowest of the rules that ours must stay below; -1 for none."""
    places = {ref: at for at, ref in enumerate(order)}
    return max((places[other] for other in below if other in places), default=-1)


def placed(obj: Object, rulebase: str, order: Sequence[Ref], above: Iterable[Ref], below: Iterable[Ref], before: Iterable[Ref] = (),
           floor: int | None = None) -> Wanted:
    """``obj`` with the Refs that it has to be above and below; ``before``: rules that the operator wants below it.

    A rule above one that ours must stay below cannot be preceded; it is reported as a conflict. ``floor``: the place of the lowest rule to stay below.
    """
    below = frozenset(below)
    floor = lowest(order, below) if floor is None else floor
    places = {ref: at for at, ref in enumerate(order)}
    passed = {other for other in above if places.get(other, -1) > floor}
    return Wanted(obj, rulebase, above=frozenset(passed | {other for other in before if other in places}), below=below)


def refuse_unknown(names: Iterable[str], known: Container[str], where: str, kind: str = "rule") -> None:
    """:raises AccessError: refused, for a rule in ``position`` that does not exist: a misspelt rule would otherwise not be protected."""
    missing = [name for name in names if name not in known]
    if missing:
        raise AccessError(REFUSED, "position: %s has no %s named %s" % (where, kind, ", ".join(missing)))
