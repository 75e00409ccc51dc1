# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lists and rules a Cloudflare account needs, and where the rules stand among its own. Reads nothing and writes nothing."""
from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Iterable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import canonical, quoted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    DNS, DOMAINS, HOSTS, HTTP, HTTP_RULE, KINDS, L4, LAYERS, LIST, Settings, Site, called, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.rules import View
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    DENY, MAY, NO, Layer, lowest, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK


def free(low: int | None, high: int | None, used: set) -> int | None:
    """A precedence between two others that no rule of the account has, as near to the lower rule as can be; None when there is none."""
    if high is None:
        number = 1000 if low is None else low + 1
        while number in used:
            number += 1
        return number
    number = high - 1
    while number > (low or 0):
        if number not in used:
            return number
        number -= 1
    return None


def domains_of(patterns: Iterable[Pattern]) -> Index:
    return Index(one for one in patterns if one.kind != EXACT)


def identity(settings: Settings) -> str:
    """The expression for the people of the audience."""
    parts = []
    if settings.groups:
        parts.append("any(identity.groups.name[*] in %s)" % quoted(settings.groups))
    if settings.users:
        parts.append("identity.email in %s" % quoted(settings.users))
    return canonical(" or ".join(parts))


def posture(settings: Settings, site: Site) -> str:
    """Every named check has to be passed."""
    return canonical(" and ".join("any(device_posture.checks.passed[*] in %s)" % quoted([site.posture.get(name, name)]) for name in settings.device_posture))


class Places(View):
    """The lists and rules that have to be there, each rule with what it has to be above and below."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        """:raises AccessError: for a rule that was named and is not there."""
        super().__init__(settings, site, policy, state)
        if state.rules:
            names = settings.before + settings.after + settings.never_above + settings.may_pass
            known = {called(state.objects[ref]) for refs in state.rules.values() for ref in refs}
            refuse_unknown(names, known, "the account", "DNS, network or HTTP rule")

    def lists(self, name: str, company: str | None, patterns: Sequence[Pattern]) -> list:
        """One list for domains, and one for hosts that are below none of these, when there are such; an existing list takes all."""
        if company:
            return [self._list(company, patterns)] if patterns else []
        found, domains = [], domains_of(patterns)
        hosts = [one for one in patterns if domains.covering(one) is None]
        for ref, chosen in ((name, [one for one in patterns if one.kind != EXACT]), (name + " hosts", hosts)):
            # A list that is there stays, empty if need be: what was retired has to go on under state merged.
            if chosen or (patterns and Ref(LIST, ref) in self._state.objects):
                found.append(self._list(ref, chosen))
        return found

    def _list(self, name: str, patterns: Iterable[Pattern]) -> Wanted:
        held = self._state.objects.get(Ref(LIST, name))
        if held is not None and held.fields["type"] != "DOMAIN":
            raise AccessError(REFUSED, "the list %s has type %s, which cannot be changed: choose another name" % (name, held.fields["type"]))
        return Wanted(Object(Ref(LIST, name), {"description": MARK, "type": "DOMAIN"}, {"items": frozenset(one.name for one in patterns)}))

    def rules(self, allow: list, exempt: list) -> list:
        """``allow`` and ``exempt`` are the lists that were wanted."""
        name, found = self._settings.prefix + " allow", []
        if exempt and not self._settings.exempt_list_name:
            fields = self._fields("off", self._traffic("off", self._settings.exempt_name, exempt))
            found.append(Wanted(Object(Ref(HTTP_RULE, self._settings.prefix + " do not inspect"), fields), HTTP))
        if not allow or self._settings.list_name:
            return found
        layers = [DNS, L4] + [HTTP] * self._http_is_shut()
        for layer in layers:
            fields = self._fields("allow", self._traffic(layer, self._settings.allow_name, allow), layer)
            wanted = self.open_patterns() if layer == HTTP else frozenset(self._policy.allow)
            found.append(self._placed(self.layer(layer, likely=True), layer, Object(Ref(KINDS[layer], name), fields), wanted))
        return found

    def media_rule(self, media: Media) -> Wanted:
        """Voice: no name is visible in its packets, so a network rule opens the published addresses and ports."""
        traffic = 'net.protocol == "%s" and net.dst.port in {%s} and net.dst.ip in {%s}' % (
            media.protocol, " ".join(str(port) for port in media.ports), " ".join(media.destinations))
        ref = Ref(KINDS[L4], "%s %s" % (self._settings.prefix, media.id))
        return self._placed(self.voice(media), L4, Object(ref, self._fields("allow", canonical(traffic))), frozenset([media]))

    def _traffic(self, where: str, name: str, lists: list) -> str:
        parts = ["%s in ${%s}" % (HOSTS[where], one.object.ref.name) if one.object.ref.name != name else "any(%s in ${%s})" % (DOMAINS[where], name)
                 for one in lists]
        return canonical(" or ".join(parts))

    def _fields(self, action: str, traffic: str, layer: str = "") -> dict:
        fields = {"action": action, "enabled": True, "description": MARK, "traffic": traffic, "identity": identity(self._settings),
                  "device_posture": posture(self._settings, self._site)}
        return dict(fields, schedule=None, expiration=None) if layer == DNS else fields

    def _http_is_shut(self) -> bool:
        """Whether some HTTP rule blocks a host that stays inspected. Only then ours is made: it ends the evaluation, and so what comes later."""
        layer, wanted = self.layer(HTTP, likely=True), self.open_patterns()
        return any(layer.effect(rule) == DENY and layer.reach(rule, wanted).sure for rule in layer.rules if not self.by_security(rule))

    def _placed(self, layer: Layer, rulebase: str, obj: Object, wanted: AbstractSet) -> Wanted:
        """Below what keeps its precedence, above the rules that block what we open for the whole audience."""
        def people(rule: Object) -> int:
            how = layer.level(rule)
            return NO if how == MAY and called(rule) in self._settings.may_pass else how

        # What only may be about these hosts is no reason to pass a rule that blocks a part of the audience.
        shutting = [rule for rule in layer.shutting(wanted) if not rule.ours]
        above, quarantines = sides(shutting, people, lambda rule: bool(layer.reach(rule, wanted).sure))
        keeping = [rule.ref for rule in self.order(rulebase) if rule.ref != obj.ref and self.keeps_its_word(rule, rulebase)]
        below = {rule.ref for rule in quarantines}.union(keeping)
        order = [other for other in self._state.rules.get(rulebase, ()) if other != obj.ref]
        before = [other for other in order if called(self._state.objects[other]) in self._settings.before]
        found = placed(obj, rulebase, order, [rule.ref for rule in above if rule.ref not in below], below, before)
        return replace(found, above=found.above | self._room(obj.ref, order, found.above, lowest(order, below)))

    def _room(self, ref: Ref, order: list, above: frozenset, floor: int) -> set:
        """The rule that ours has to be above in addition, for there to be a free precedence. Rules of others are never renumbered."""
        places = {other: at for at, other in enumerate(order)}
        top, bottom = floor + 1, min([places[other] for other in above], default=len(order))
        own = self._site.rule(ref)
        before = list(self._state.rules.get(LAYERS[ref.kind], ()))
        if top > bottom or (ref in before and top <= before.index(ref) <= bottom):
            return set()
        used = {rule["precedence"] for rule in self._site.rules if rule is not own}
        for at in range(bottom, top - 1, -1):
            low, high = (self._precedence(order[index]) if 0 <= index < len(order) else None for index in (at - 1, at))
            if free(low, high, used) is not None:
                return {order[at]} if at < bottom else set()
        raise AccessError(CONFLICT, "%s cannot be placed: no precedence is free between %s and %s. Renumber the existing rules" % (
            ref, order[top - 1] if top else "the top", order[bottom] if bottom < len(order) else "the end"))

    def _precedence(self, ref: Ref):
        native = self._state.objects[ref].native
        return None if shared(native) else native.get("precedence")
