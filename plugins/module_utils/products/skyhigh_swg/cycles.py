# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets, walked as a connection passes them: which rules it meets, and how certainly. What the rules met then do, rules/firstmatch says. No IO.

Rule sets nest, and Stop Rule Set leaves only the one that it is in; who is signed in, and whether a connection is decrypted, comes of rules that
were met before. So a cycle is walked once for each host, and the levels at which rules were met are a Layer's hosts.
"""
from __future__ import annotations

from typing import Callable, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.conditions import (
    CERTIFICATE, CONNECT, EMBEDDED, REPLY, REQUEST, TUNNEL, Asked, Conditions, Stage,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule, RuleSet
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN, Answer, Hits, Layer, opposite,
)

#: Properties that tell who is signed in, and sign nobody in.
_TOLD = ("authentication.isauthenticated", "authentication.usergroups", "authentication.username")


class Walk:
    """``levels``: position of a rule to how certainly it is met and applies; ``shutting``: the same of what it blocks or decrypts, which is never sure behind
    a rule that may have ended the cycle; ``signed``: how certainly people are signed in at the end of it. Rules that are certainly not met are not in there."""

    def __init__(self, cycles: Cycles, asked: Asked):
        self._cycles, self._asked = cycles, asked
        self.levels: dict = {}
        self.shutting: dict = {}
        self.signed, self._cap, self._left_https, self._over = asked.signed, asked.stage.cap, NO, False
        for top in cycles.sets:
            self._enter(top, SURE, False)

    def _level(self, condition: list, signing: bool = False) -> int:
        return self._cycles.conditions.level(condition, self._asked._replace(signed=self.signed, signing=signing))

    def _enter(self, rules: RuleSet, above: int, https: bool) -> None:
        if self._over or not rules.enabled or self._asked.stage.cycle not in rules.cycles:
            return
        level = min(above, self._level(rules.condition))
        if level == NO:
            return
        outermost = not https and rules.title in self._cycles.https
        https = https or outermost
        left = NO
        for rule in rules.rules:
            here = min(level, opposite(left))
            if rule.enabled and here != NO and not self._over:
                left = max(left, self._meet(rule, here, https))
        for child in rules.children:
            self._enter(child, min(level, opposite(left)), https)
        if self._over:
            return
        mark = self._cycles.marks.get(id(rules))
        if outermost and mark is not None:
            self._note(mark, min(level, opposite(self._left_https)))
        self.signed = max(self.signed, min(level, opposite(left), self._cycles.signs_in(rules)))

    def _meet(self, rule: Rule, here: int, https: bool) -> int:
        """How certainly the rule set ends with this rule."""
        hit = min(here, self._level(rule.condition), rule.cap)
        self._note(rule, hit)
        effect = self._cycles.effect(rule)
        self._over = hit == SURE and (effect == ALLOW or (effect == DENY and self._cap == SURE))
        if rule.action == "authenticate":
            # Whoever is signed in goes on, and so does, signed in, who was asked.
            self.signed = max(self.signed, min(here, self._level(rule.condition, signing=True)))
        if effect == UNKNOWN and hit != NO or any(one.prop.startswith("authentication.") and one.prop not in _TOLD for one in rule.criteria):
            # To ask for some properties signs people in as well.
            self.signed = max(self.signed, MAY)
        if effect == UNKNOWN and hit != NO or (effect == ALLOW and hit == MAY):
            self._cap = MAY
        leaves = hit if rule.action == "stopruleset" else min(hit, MAY) if effect == UNKNOWN else NO
        self._left_https = max(self._left_https, leaves if https else NO)
        return leaves

    def _note(self, rule: Rule, level: int) -> None:
        self.levels[rule.position], self.shutting[rule.position] = level, min(level, self._cap)


class Cycles:
    """``https``: titles of the rule sets that decrypt; ``authentication`` of those that sign people in, as the operator named them.

    ``signs_in``: how certainly a rule set as a whole does.
    """

    def __init__(self, sets: list, conditions: Conditions, https: tuple, authentication: tuple, signs_in: Callable[[RuleSet], int]):
        self.sets, self.conditions, self.https, self.signs_in = sets, conditions, https, signs_in
        self._authentication, self._walks, self._alike = authentication, {}, {}
        #: For rule sets that are named as decrypting, and of whose rules none is known to: what stands for the one that does.
        self.marks: dict = {}
        self.rules = [rule for top in sets for rule in self._listed(top)]
        conditions.learn(token for condition in self._conditions(sets) for token in condition)

    def _conditions(self, sets: Iterable[RuleSet]) -> Iterator[list]:
        for rules in sets:
            yield rules.condition
            yield from (rule.condition for rule in rules.rules)
            yield from self._conditions(rules.children)

    def _listed(self, rules: RuleSet) -> Iterator[Rule]:
        if not rules.enabled:
            return
        yield from (rule for rule in rules.rules if rule.enabled)
        for child in rules.children:
            yield from self._listed(child)
        if rules.title in self.https and not any(rule.decrypts == SURE for rule in rules.walk()):
            self.marks[id(rules)] = Rule("", rules.title, -len(self.marks) - 1)
            yield self.marks[id(rules)]

    def effect(self, rule: Rule) -> str:
        """What a rule does. In a rule set of which the operator says that it signs people in, an action that is not known is taken for that."""
        signs = rule.effect == UNKNOWN and rule.where in self._authentication and not rule.strange
        return PASS_ON if signs else rule.effect

    def inspection(self, rule: Rule) -> str:
        """What a rule does about decrypting, which DENY stands for."""
        if rule.position < 0:
            return UNKNOWN
        if rule.decrypts != NO:
            return DENY if rule.decrypts == SURE else UNKNOWN
        return ALLOW if self.effect(rule) in (ALLOW, DENY) else PASS_ON

    def walk(self, pattern: Pattern, who: object, stage: Stage, signed: int = NO) -> Walk:
        """What a connection to a host of ``pattern`` meets. Patterns of which every criterion says the same meet the same."""
        if pattern not in self._alike:
            self._alike[pattern] = self.conditions.said_of(pattern)
        key = (self._alike[pattern], who, stage, signed)
        if key not in self._walks:
            self._walks[key] = Walk(self, Asked(pattern, who, stage, signed))
        return self._walks[key]

    def may_be_about(self, rule: Rule, pattern: Pattern) -> bool:
        """Whether the criteria of a rule leave room for decrypted requests to a host, whoever makes them."""
        return self.conditions.level(rule.condition, Asked(pattern, None, REQUEST, MAY)) != NO

    def layer(self, who: object, stage: Stage, effect: Callable[[Rule], str], default: str, signed: Callable[[Pattern], int] = lambda pattern: NO) -> Layer:
        """The rules that one of the audience meets at a stage."""
        met: dict = {}

        def hosts(rule: Rule, wanted: frozenset) -> Hits:
            if not wanted:
                return Hits()
            if wanted not in met:
                walks: dict = {}
                for pattern in wanted:
                    walks.setdefault(self.walk(pattern, who, stage, signed(pattern)), set()).add(pattern)
                met[wanted] = [(walk, frozenset(patterns)) for walk, patterns in walks.items()]
            opens = effect(rule) == ALLOW
            found: dict = {SURE: frozenset(), MAY: frozenset(), NO: frozenset()}
            for walk, patterns in met[wanted]:
                found[(walk.levels if opens else walk.shutting).get(rule.position, NO)] |= patterns
            return Hits(found[SURE], found[MAY])
        return Layer(self.rules, lambda rule: SURE, hosts, effect, lambda rule: rule.columns, default)


class Passage:
    """What becomes of connections that one of the audience makes to the wanted hosts, stage by stage.

    ``words``: pattern to what coverage says of each stage; ``inspection``: the Answer about decrypting, and ``decrypted`` pattern to how certainly it is;
    ``blocks``: position of a rule to {pattern that it blocks: how certainly}. What is open is what a rule lets pass, at the CONNECT and inside of it.
    """

    def __init__(self, cycles: Cycles, who: object, wanted: frozenset):
        self._cycles, self._who = cycles, who
        self.blocks: dict = {}
        self.inspection = cycles.layer(who, CONNECT, cycles.inspection, ALLOW).ask(wanted)
        self.decrypted = {pattern: {"yes": NO, "unchecked": MAY, "no": SURE}[self.inspection.word(pattern)] for pattern in wanted}
        self.connect = self._ask(CONNECT, wanted, DENY)
        self.words = {pattern: [self._word(self.connect, CONNECT, pattern)] for pattern in wanted}
        passed = wanted - set(self.connect.shut)
        inside = frozenset(pattern for pattern in passed if self.decrypted[pattern] != NO)
        plain = frozenset(pattern for pattern in passed if self.decrypted[pattern] != SURE)
        self.request = self._add(REQUEST, inside, DENY)
        for stage, patterns in ((CERTIFICATE, inside), (REPLY, inside), (EMBEDDED, inside), (TUNNEL, plain)):
            self._add(stage, patterns, ALLOW)

    def _signed(self, pattern: Pattern) -> int:
        return self._cycles.walk(pattern, self._who, CONNECT).signed

    def _ask(self, stage: Stage, wanted: frozenset, default: str) -> Answer:
        def told(rule: Rule, hits: Hits) -> None:
            found = self.blocks.setdefault(rule.position, {})
            for pattern in hits.all:
                certain = pattern in hits.sure and (not stage.decrypted or self.decrypted[pattern] == SURE)
                found[pattern] = max(found.get(pattern, NO), SURE if certain else MAY)
        signed = self._signed if stage is not CONNECT else lambda pattern: NO
        return self._cycles.layer(self._who, stage, self._cycles.effect, default, signed).ask(wanted, told)

    def _add(self, stage: Stage, wanted: frozenset, default: str) -> Answer:
        answer = self._ask(stage, wanted, default)
        for pattern in wanted:
            word = self._word(answer, stage, pattern)
            doubt = word == "no" and stage.decrypted and self.decrypted[pattern] != SURE
            self.words[pattern].append("unchecked" if doubt else word)
        return answer

    def _word(self, answer: Answer, stage: Stage, pattern: Pattern) -> str:
        """If no rule certainly allows it, one may."""
        word = answer.word(pattern)
        if word != "no" or pattern in answer.shut:
            return word
        met = self._cycles.walk(pattern, self._who, stage, NO if stage is CONNECT else self._signed(pattern)).levels
        opens = any(self._cycles.effect(rule) in (ALLOW, UNKNOWN) and met.get(rule.position, NO) != NO for rule in self._cycles.rules)
        return "unchecked" if opens else "no"

    def opened_by(self, pattern: Pattern) -> Rule | None:
        """The first rule that certainly allows it."""
        rules = [answer.open[pattern] for answer in (self.connect, self.request) if pattern in answer.open]
        return min(rules, key=lambda rule: rule.position, default=None)
