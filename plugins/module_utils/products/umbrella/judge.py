# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of an organisation in Umbrella means for a policy. Reads nothing and writes nothing.

Precedence: in a DNS policy an allow list beats block lists, categories and security categories, also for more specific names; in a web policy the
rules of the ruleset decide from the top (user guide, "Manage Destination Lists", "Best Practices for the Web Policy"). Which policy uses a list,
and what a ruleset decrypts, no published API of Umbrella tells: what hangs on that is "unchecked" here, and a step for an administrator.
The access rules of Secure Access can be read, and say which of them use a list; what is decrypted there is a matter of ``exemption.py``.
"""
from __future__ import annotations

from typing import AbstractSet, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.by_hand import ByHand
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.entries import Entries, entry_pattern, is_url, park, whole
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.exemption import Exemption
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import BLOCKED, DNS, WEB, Ours, Settings, Site, managed_elsewhere
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import goes_by_more
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import fitting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import DENY, SURE, Hits, Layer

#: Controls of a web policy that look into decrypted traffic.
_CONTROLS = ("av", "sandbox", "dlp", "file_control", "casb", "isolation")


class Assessor:
    """``settings``: the task's; ``site``: the tables; ``state``: read or predicted."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._found = Findings(product="umbrella", protected=settings.protected)
        self._ours = Ours(settings, site, state)
        self._by_hand = ByHand(settings, site, policy, self._ours)
        #: By the id of a list: entries that block, and what is known of all of them.
        self._blocked: dict = {}
        self._entries: dict = {}
        for ref, obj in state.objects.items():
            if ref.kind == BLOCKED and obj.fields["blocks"]:
                self._blocked.setdefault(obj.native["list"]["id"], []).append(obj.native["destination"])
        #: Of Secure Access: for each rule of the audience what is asked before it.
        self._layers: list[Layer] = [site.rules.layer(name, self._in_list) for name in site.rules.names] if site.rules is not None else []
        self._asked = [{id(rule) for rule in layer.rules} for layer in self._layers]
        self._answers: list = []
        self._exemption = Exemption(settings, site, policy, state, self._layers) if settings.secure else None
        self._wanted_exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, settings = self._found, self._settings
        if settings.scan_conflicts:
            self._conflicts()
        self._answers = [layer.ask(self._policy.allow, lambda rule, hits, layer=layer: self._rule_conflict(layer, rule, hits)) for layer in self._layers]
        if settings.removing:
            self._by_hand.removal(found)
            return found
        self._widened()
        self._by_hand.tell(found)
        if self._exemption is not None:
            self._exemption.tell(found)
        elif WEB in settings.layers and self._policy.exempt:
            hosts = tuple(str(pattern) for pattern in self._policy.exempt)
            rule = "the web policy, if it uses the list; the API does not show that"
            for control in _CONTROLS:
                found.lose(control, rule, hosts)
        held = {layer: self._held(layer) for layer in settings.layers}
        found.coverage = [self._coverage(pattern, held) for pattern in self._policy.allow]
        return found

    def _held(self, layer: str) -> Index:
        return Index(whole(self._ours.destinations(layer)))

    # -- what may conflict

    def _conflicts(self) -> None:
        wanted = self._policy.allow
        index, above = Index(wanted), {name for pattern in wanted for name in names_above(pattern.name)}
        for ref, obj in self._state.objects.items():
            if ref.kind != BLOCKED:
                continue
            name = obj.native["destination"]
            if not obj.fields["blocks"]:
                self._found.resolve([ref])
                continue
            entry = entry_pattern(name)
            if entry is not None and entry.name not in above and index.matching(entry.name) is None:
                continue
            about = fitting(name, wanted) if entry is None else [one for one in wanted if covers(entry, one) or one.matches(entry.name)]
            hosts = tuple(str(pattern) for pattern in wanted if pattern in about)
            rules = self._site.rules.above_by(obj.native["list"]["id"]) if self._site.rules is not None else []
            if self._site.rules is not None and not rules:
                continue
            remedy, opens = self._remedy(ref, obj, name)
            where, certain = "destination list %s" % obj.native["list"]["name"], False
            if rules:
                where = "access rule %s, %s" % (", ".join(rule["ruleName"] for rule in rules), where)
                sure = any(layer.level(rule) == SURE for layer, asked in zip(self._layers, self._asked) for rule in rules if id(rule) in asked)
                certain = sure and entry is not None and not is_url(name)
            self._found.conflict(ref, "deny", where, "%s %s" % ("URL" if is_url(name) else "domain", name), hosts, certain, remedy, opens,
                                 obj.native["list"]["name"])

    def _rule_conflict(self, layer: Layer, rule: dict, hits: Hits) -> None:
        """One by anything but the entries of lists, which are conflicts of their own."""
        if self._settings.scan_conflicts and (goes_by_more(rule) or layer.effect(rule) != DENY):
            name = rule["ruleName"]
            self._found.conflict(Ref("access rule", name), "deny", "access rule %s" % name, rule["ruleAction"], texts(hits.sure or hits.may), bool(hits.sure),
                                 opens="everything else that this rule blocks; this collection does not change access rules", name=name,
                                 doubts=layer.doubts(rule))

    def _in_list(self, number: int, wanted: AbstractSet[Pattern]) -> Hits:
        """What a destination list is about, for all that is known of it."""
        if number not in self._site.items:
            return Hits(may=frozenset(wanted))
        if number not in self._entries:
            self._entries[number] = Entries(self._destinations(number))
        return self._entries[number].hits(wanted)

    def _destinations(self, number: int) -> Iterable[str]:
        """The entries of a list; those that a run has parked are none."""
        if number == self._ours.number:
            return self._ours.destinations(WEB)
        if number not in self._site.scanned:
            return [item["destination"] for item in self._site.items[number]]
        return self._blocked.get(number, ())

    def _remedy(self, ref: Ref, obj: Object, name: str) -> tuple:
        if managed_elsewhere(obj.native["list"]):
            return (), "this list is managed outside of this organisation"
        if park(name, self._settings.parking_domain) is None:
            return (), "its name is too long for the parking domain"
        fields = {"blocks": (True, False)}
        if not obj.fields["parked"]:
            fields["parked"] = (False, True)
        return (Change(ref, UPDATE, fields),), "this entry, for everybody that a rule with this list blocks"

    # -- who else is reached

    def _widened(self) -> None:
        if DNS in self._settings.layers and self._ours.everywhere(DNS) and not self._settings.everyone:
            self._found.audience_widened.append("%s applies to everybody in every DNS policy" % self._ours.shown(DNS))
        if self._site.rules is not None:
            self._found.audience_widened += ["the access rule %s also lets traffic through for %s; add it to audience.rules, or remove the list from it" % (
                name, self._ours.shown(WEB)) for name in self._site.rules.others(self._ours.number)]

    # -- what is in force, as far as it can be reported

    def _coverage(self, pattern: Pattern, held: dict) -> Coverage:
        notes = []
        if pattern.kind == EXACT:
            notes.append("widened: the subdomains of %s too" % pattern.name)
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        missing = [layer for layer, index in held.items() if index.covering(Pattern(pattern.name, DOMAIN)) is None]
        by = ", ".join(self._ours.shown(layer) for layer in held if layer not in missing)
        if missing:
            allowed = "no"
            notes += ["%s does not hold it" % self._ours.shown(layer) for layer in missing]
        elif all(self._ours.everywhere(layer) for layer in held):
            allowed = "yes"
        elif self._site.rules is not None:
            allowed, note = self._by_rules(pattern)
            notes += [note] if note else []
        else:
            allowed = "unchecked"
            notes.append("in the list; the API does not show which policies use it")
        word, spared_by, more = self._exemption.word(pattern) if self._exemption is not None else self._exempt(pattern)
        return Coverage(str(pattern), allowed, word, allowed_by=by or None, exempt_by=spared_by, note="; ".join(notes + more))

    def _exempt(self, pattern: Pattern) -> tuple:
        if self._wanted_exempt.covering(pattern) is None:
            return "not wanted", None, []
        untold = "the API does not show what is decrypted"
        return "unchecked", None, [untold if WEB in self._settings.layers else "the DNS layer decrypts only traffic that its intelligent proxy handles"]

    def _by_rules(self, pattern: Pattern) -> tuple:
        """(word of coverage, note) for a host in our list, by the rules of Secure Access."""
        missing = self._site.rules.missing(self._ours.number)
        if missing:
            return "no", "the access rule %s does not use the list" % ", ".join(missing)
        if not self._settings.scan_conflicts:
            return "unchecked", "the rules above were not read"
        if not self._answers:
            return "unchecked", "audience.rules is not set"
        said = [answer.said(pattern, lambda rule: "the access rule %s" % rule["ruleName"]) for answer in self._answers]
        word = together(word for word, _note in said)
        doubt = "the access rule of the audience has conditions that are not understood"
        notes = dict.fromkeys(note or doubt for found, note in said if found == word != "yes")
        return word, "; ".join(notes)
