# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of an organisation in Umbrella means for a policy. Reads nothing and writes nothing.

Precedence: in a DNS policy an allow list beats block lists, categories and security categories, also for more specific names; in a web policy the
rules of the ruleset decide from the top (user guide, "Manage Destination Lists", "Best Practices for the Web Policy"). Which policy uses a list,
and what a ruleset decrypts, no published API of Umbrella tells: what hangs on that is "unchecked" here, and a step for a person.
The access rules of Secure Access can be read, and say which of them use a list.
"""
from __future__ import annotations

from typing import AbstractSet

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import (
    BLOCKED, DNS, KINDS, RULES, WEB, Settings, Site, entry_pattern, is_url, managed_elsewhere, park,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import goes_anywhere, goes_by_more
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import DENY, SURE, Hits, Layer, NameList

#: Controls of a web policy that look into decrypted traffic.
_CONTROLS = ("av", "sandbox", "dlp", "file_control", "casb", "isolation")


class Assessor:
    """``settings``: the task's; ``site``: the tables; ``state``: read or predicted."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._found = Findings(product="umbrella", protected=settings.protected)
        #: Entries of lists that block, by the id of the list, and what was made of them.
        self._names: dict = {}
        self._blocked: dict = {}
        #: Of our list in Secure Access; None before it was made.
        mine = site.row(self._ref(WEB)) if WEB in settings.names else None
        self._number = mine["id"] if mine else None
        #: Of Secure Access: for each rule of the audience what is asked before it.
        self._layers: list[Layer] = [site.rules.layer(name, self._in_list) for name in site.rules.names] if site.rules is not None else []
        self._asked = [{id(rule) for rule in layer.rules} for layer in self._layers]
        self._answers: list = []

    def assess(self) -> Assessment:
        found, settings = self._found, self._settings
        if settings.scan_conflicts:
            self._conflicts()
        self._answers = [layer.ask(self._policy.allow, lambda rule, hits, layer=layer: self._rule_conflict(layer, rule, hits)) for layer in self._layers]
        if settings.removing:
            self._removal()
            return found
        self._widened()
        if WEB in settings.layers and self._policy.exempt:
            hosts = tuple(str(pattern) for pattern in self._policy.exempt)
            rule = "the web policy, as far as it uses it; the API does not tell"
            for control in _CONTROLS:
                found.lose(control, rule, hosts)
        self._manual()
        held = {layer: self._held(layer) for layer in settings.layers}
        exempt = Index(self._policy.exempt)
        found.coverage = [self._coverage(pattern, held, exempt) for pattern in self._policy.allow]
        return found

    def _held(self, layer: str) -> Index:
        obj = self._state.objects.get(self._ref(layer))
        return Index(pattern for pattern in map(entry_pattern, obj.members["destinations"] if obj else ()) if pattern is not None)

    def _ref(self, layer: str) -> Ref:
        return Ref(KINDS[layer], self._settings.names[layer])

    def _shown(self, layer: str) -> str:
        """The list as it is called in the dashboard."""
        obj = self._state.objects.get(self._ref(layer))
        return obj.fields["name"] if obj else self._settings.full_name(layer)

    def _everywhere(self, layer: str) -> bool:
        """Whether the list is the organisation's global one, which every DNS policy uses by itself."""
        obj = self._state.objects.get(self._ref(layer))
        return layer == DNS and obj is not None and bool(obj.native.get("isGlobal"))

    # -- what may stand in the way

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
            if entry is None or (entry.name not in above and index.matching(entry.name) is None):
                continue
            hosts = tuple(str(pattern) for pattern in wanted if covers(entry, pattern) or pattern.matches(entry.name))
            rules = self._site.rules.above_by(obj.native["list"]["id"]) if self._site.rules is not None else []
            if self._site.rules is not None and not rules:
                continue
            remedy, opens = self._remedy(ref, obj, name)
            where, certain = "destination list %s" % obj.native["list"]["name"], False
            if rules:
                where = "access rule %s, %s" % (", ".join(rule["ruleName"] for rule in rules), where)
                certain = not is_url(name) and any(layer.effect(rule) == DENY and layer.level(rule) == SURE
                                                   for layer, asked in zip(self._layers, self._asked) for rule in rules if id(rule) in asked)
            self._found.conflict(ref, "deny", where, "%s %s" % ("URL" if is_url(name) else "domain", name), hosts, certain, remedy, opens,
                                 obj.native["list"]["name"])

    def _rule_conflict(self, layer: Layer, rule: dict, hits: Hits) -> None:
        """One by anything but the entries of lists, which are conflicts of their own."""
        if self._settings.scan_conflicts and (goes_anywhere(rule) or goes_by_more(rule) or layer.effect(rule) != DENY):
            name = rule["ruleName"]
            self._found.conflict(Ref("access rule", name), "deny", "access rule %s" % name, rule["ruleAction"], texts(hits.sure or hits.may), bool(hits.sure),
                                 opens="everything else that this rule shuts; this collection does not change access rules", name=name,
                                 doubts=layer.doubts(rule))

    def _in_list(self, number: int, wanted: AbstractSet[Pattern]) -> Hits:
        """What the entries of a destination list are about, as far as they block or are ours."""
        if number != self._number and number not in self._site.scanned:
            return Hits(may=frozenset(wanted))
        if number not in self._blocked:
            self._blocked[number] = [NameList(map(entry_pattern, names)) for names in self._entries_of(number)]
        whole, every = self._blocked[number]
        sure = whole.hits(wanted).sure
        return Hits(sure, every.hits(wanted).all - sure)

    def _entries_of(self, number: int) -> tuple:
        """(entries of a list about whole hosts, all of its entries), as far as they block or are ours."""
        if number == self._number:
            obj = self._state.objects.get(self._ref(WEB))
            return (obj.members["destinations"] if obj else (),) * 2
        if not self._names:
            for ref, obj in self._state.objects.items():
                if ref.kind == BLOCKED and obj.fields["blocks"]:
                    self._names.setdefault(obj.native["list"]["id"], []).append(obj.native["destination"])
        names = self._names.get(number, [])
        return [name for name in names if not is_url(name)], names

    def _remedy(self, ref: Ref, obj: Object, name: str) -> tuple:
        if managed_elsewhere(obj.native["list"]):
            return (), "this list is managed outside of this organisation's own settings"
        if park(name, self._settings.parking_domain) is None:
            return (), "its name is too long to be parked"
        fields = {"blocks": (True, False)}
        if not obj.fields["parked"]:
            fields["parked"] = (False, True)
        return (Change(ref, UPDATE, fields),), "this entry, for everybody whom a rule with this list shuts out"

    # -- who else is reached

    def _widened(self) -> None:
        if DNS in self._settings.layers and self._everywhere(DNS) and not self._settings.everyone:
            self._found.audience_widened.append("%s holds for everybody in every DNS policy" % self._shown(DNS))
        if self._site.rules is not None:
            self._found.audience_widened += ["the access rule %s allows by %s too; name it in audience.rules, or take the list out of it" % (
                name, self._shown(WEB)) for name in self._site.rules.others(self._number)]

    # -- what only a person can do

    def _manual(self) -> None:
        found, settings = self._found, self._settings
        found.manual += self._site.unread
        if not self._policy.allow:
            return
        if settings.secure:
            self._manual_secure()
        for layer in settings.layers if not settings.secure else ():
            if layer == DNS and not self._everywhere(DNS):
                found.manual.append(
                    "once: add the destination list %s as an allow list to %s, and to no other policy (Policies > DNS Policies > Destination Lists). Until "
                    "then it does nothing, and the API does not tell whether it was done" % (self._shown(DNS), self._places(DNS, "DNS policy")))
            elif layer == WEB:
                found.manual.append(
                    "once: in %s have a rule with the action Allow, the people of the audience, and the destination list %s; above the rules that "
                    "block or warn for these hosts, below those against threats (Policies > Web Policies). Until then the list does nothing, and the API does "
                    "not tell whether it was done" % (self._places(WEB, "ruleset"), self._shown(WEB)))
        domains = sorted({pattern.name for pattern in self._policy.exempt})
        if WEB in settings.layers and domains and not settings.secure:
            found.manual.append(
                "not decrypted: the selective decryption list of %s has to hold these domains (Policies > Selective Decryption Lists; the API has none): %s"
                % (self._places(WEB, "ruleset"), ", ".join(domains)))
        for one in self._policy.media:
            found.manual.append("voice (%s): neither DNS nor web policies carry it; open it in the firewall policy of the tunnels, or where its packets "
                                "leave the network" % one)

    def _manual_secure(self) -> None:
        names, rules = self._settings.policies(RULES), self._site.rules
        missing = names if rules is None else rules.missing(self._number)
        if missing:
            self._found.manual.append(
                "once: add the destination list %s to the destinations of the access rule %s (Secure > Access Policy), which has to stand above the rules that "
                "block or warn for these hosts, and below those against threats. Until then the list does nothing" % (self._shown(WEB), ", ".join(missing)))
        domains = sorted({pattern.name for pattern in self._policy.exempt})
        if domains:
            self._found.manual.append("not decrypted: the do not decrypt list of the security profile in the access rule %s has to hold these domains; this "
                                      "collection does not edit it: %s" % (", ".join(names), ", ".join(domains)))

    def _places(self, layer: str, word: str) -> str:
        names = self._settings.policies(layer)
        if not names:
            return "every %s" % word if self._settings.everyone else "each %s of the audience" % word
        return "the %s %s" % (word, ", ".join(names)) if len(names) == 1 else "each %s of %s" % (word, ", ".join(names))

    def _removal(self) -> None:
        for layer, name in sorted(self._settings.names.items()):
            if self._site.row(Ref(KINDS[layer], name)) is not None:
                self._found.manual.append("the destination list %s stays, empty if it was ours: it allows nothing. To be rid of it, take it out of the "
                                          "policies that use it and delete it" % self._shown(layer))
        self._found.manual.append("take the domains of this collection out of the %s" % (
            "do not decrypt list" if self._settings.secure else "selective decryption list (Policies > Selective Decryption Lists)"))

    # -- what is in force, as far as it can be told

    def _coverage(self, pattern: Pattern, held: dict, exempt: Index) -> Coverage:
        notes = []
        if pattern.kind == EXACT:
            notes.append("widened: every subdomain of %s too" % pattern.name)
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        missing = [layer for layer, index in held.items() if index.covering(Pattern(pattern.name, DOMAIN)) is None]
        by = ", ".join(self._shown(layer) for layer in held if layer not in missing)
        if missing:
            allowed = "no"
            notes += ["%s does not hold it" % self._shown(layer) for layer in missing]
        elif all(self._everywhere(layer) for layer in held):
            allowed = "yes"
        elif self._site.rules is not None:
            allowed, note = self._by_rules(pattern)
            notes += [note] if note else []
        else:
            allowed = "unchecked"
            notes.append("in the list; the API does not tell which policies use it")
        kept = exempt.covering(pattern) is not None
        if kept:
            notes.append("what is decrypted the API does not tell" if WEB in held else "the DNS layer decrypts only what its intelligent proxy takes")
        return Coverage(str(pattern), allowed, "unchecked" if kept else "not wanted", allowed_by=by or None, note="; ".join(notes))

    def _by_rules(self, pattern: Pattern) -> tuple:
        """(word of coverage, note) for a host in our list, by the rules of Secure Access."""
        missing = self._site.rules.missing(self._number)
        if missing:
            return "no", "the access rule %s does not use the list" % ", ".join(missing)
        if not self._settings.scan_conflicts:
            return "unchecked", "what stands above was not read"
        if not self._answers:
            return "unchecked", "no access rule of the audience is named"
        said = [answer.said(pattern, lambda rule: "the access rule %s" % rule["ruleName"]) for answer in self._answers]
        word = together(word for word, _note in said)
        doubt = "the access rule of the audience has conditions that are not understood"
        notes = dict.fromkeys(note or doubt for found, note in said if found == word != "yes")
        return word, "; ".join(notes)
