# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where our rules stand in Prisma Access, and what its configuration means for a policy. No IO.

FILL IN the order in which rules are asked and what happens when none matches, with the source. As it stands, the first rule of a kind that matches
decides, and what no rule matches is blocked or decrypted.

Unknown is never yes: a column, object or action that is not read and understood makes coverage ``unchecked`` and a conflict uncertain.
"""
from __future__ import annotations

from typing import AbstractSet, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import (
    ACCESS, INSPECTION, Settings, rule_of_ours, schema,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    DENY, Answer, Hits, Layer, crossed, crossing, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off


class _Rules:
    """What a single rule is about, and what it does: both classes below ask that."""

    def __init__(self, settings: Settings, policy: Policy, state: State):
        self._settings, self._policy, self._state = settings, policy, state
        self._read: dict = {}

    def _layer(self, kind: str) -> Layer:
        """The enabled rules of a kind, first match first. A column that none of the functions below reads keeps its rule from being sure."""
        rules = [self._state.objects[ref] for ref in self._state.rules.get(kind, ())]
        return Layer([rule for rule in rules if rule.fields["enabled"]], self._people, self._hits, self._effect, self._columns, DENY)

    def _columns(self, rule: Object) -> Columns:
        """What the functions below read of a rule. One of ours may be foreseen only, and then has no row of the device."""
        if rule.ref not in self._read:
            self._read[rule.ref] = Columns(schema(rule.ref.kind), rule.fields if rule.ours else rule.native)
        return self._read[rule.ref]

    def _shutting(self, layer: Layer, wanted: Iterable[Pattern]) -> list:
        """The rules of the site that shut what ours opens, or may."""
        return [rule for rule in layer.shutting(wanted) if not rule.ours]

    def _hits(self, rule: Object, wanted: AbstractSet[Pattern]) -> Hits:
        raise NotImplementedError(
            "FILL IN: which of the wanted patterns the rule is about, by self._columns(rule).get(...): held(its entries as patterns, wanted) of "
            "rules/firstmatch.py, and Hits(frozenset(wanted)) where it names no host. What is not understood may be about each: Hits(may=frozenset(wanted))")

    def _people(self, rule: Object) -> int:
        raise NotImplementedError(
            "FILL IN: how far the rule is about the audience, by self._columns(rule).get(...), as the least of the columns that you can judge: named() and "
            "networks() of rules/audience.py. Leave every other column unread: that makes the rule one that may match")

    def _effect(self, rule: Object) -> str:
        raise NotImplementedError(
            "FILL IN: ALLOW, DENY or PASS_ON of rules/firstmatch.py, by the action; for an inspection rule DENY stands for decrypting. An action that you "
            "do not know is UNKNOWN")


class Places(_Rules):
    """The rules that have to be there, each with what it has to stand above and below."""

    def __init__(self, settings: Settings, policy: Policy, state: State):
        """:raises AccessError: refused, for a rule that was named and is not there."""
        super().__init__(settings, policy, state)
        if state.rules:
            refuse_unknown(settings.never_above, {ref.name for refs in state.rules.values() for ref in refs}, "the device")

    def rule(self, kind: str, wanted: Iterable[Pattern]) -> Wanted:
        """Ours of a kind: above what shuts the whole audience out, below what is for a part of it or must not be passed."""
        layer = self._layer(kind)
        above, below = sides(self._shutting(layer, wanted), layer.level)
        stays = [rule.ref for rule in below] + [Ref(kind, name) for name in self._settings.never_above]
        ours = Object(Ref(kind, self._settings.name(kind)), rule_of_ours(kind, self._settings))
        return placed(ours, kind, self._state.rules.get(kind, ()), [rule.ref for rule in above], stays)


class Assessor(_Rules):
    """What a State, read or predicted, means: coverage, conflicts, losses, audience."""

    def __init__(self, settings: Settings, policy: Policy, state: State):
        super().__init__(settings, policy, state)
        self._found = Findings(product="scm", protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, policy = self._found, self._policy
        found.resolve(ref for ref, obj in self._state.objects.items() if obj.borrowed)
        layer = self._layer(ACCESS)
        access = self._ask(layer, policy.allow, "deny", "everything else that this rule blocks")
        inspection = self._ask(self._layer(INSPECTION), policy.exempt, "decrypt", "everything else that this rule decrypts")
        found.audience_widened += [crossing(rule.ref.name, "these hosts") for rule in crossed(self._shutting(layer, policy.allow), layer.level)
                                   if rule.ref.name not in self._settings.never_above]
        found.coverage = [self._coverage(pattern, access, inspection) for pattern in policy.allow]
        self._losses()
        return found

    def _ask(self, layer: Layer, wanted: Iterable[Pattern], effect: str, opens: str) -> Answer:
        def told(rule: Object, hits: Hits) -> None:
            if not rule.ours:
                remedy = switched_off(rule.ref, "enabled", True, False, rule.fields["description"])
                self._found.conflict(rule.ref, effect, str(rule.ref), "it is asked first", texts(hits.sure or hits.may), bool(hits.sure), remedy, opens,
                                     rule.ref.name, () if hits.sure else layer.doubts(rule))

        return layer.ask(wanted, told)

    def _coverage(self, pattern: Pattern, access: Answer, inspection: Answer) -> Coverage:
        # FILL IN notes on what render() widens or narrows.
        allowed, note = access.said(pattern, _name)
        exempt, by, notes = "not wanted", None, [note]
        covering = self._exempt.covering(pattern)
        if covering is not None:
            exempt, note = inspection.said(covering, _name, "decrypt")
            by = _name(inspection.open[covering]) if exempt == "yes" else None
            notes.append(note)
        return coverage(pattern, allowed, exempt, _name(access.open[pattern]) if allowed == "yes" else None, by, filter(None, notes))

    def _losses(self) -> None:
        raise NotImplementedError(
            "FILL IN: self._found.lose(control, rule, texts(self._policy.exempt)) for each control that looks into decrypted traffic of the audience, "
            "and a TenantControl for each rule that adds the header WORKSPACE_HEADER of rules/findings.py")


def _name(rule: Object) -> str:
    return rule.ref.name
