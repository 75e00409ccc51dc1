# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walks through the layers of a Sophos Firewall: what each says of the wanted patterns, and which rules are in the way. Reads nothing of the device."""
from __future__ import annotations

from typing import Any, Callable, Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import DESTINATIONS, listed, word
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.hosts import Hosts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.layers import (
    ApplicationRules, FirewallRules, Flow, Reader, TlsRules, WebRules, flows, naming,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import MAX_TEXT, TLS_RULES, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, MAY, UNKNOWN, Hits, Layer
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import disabled, switched_off


class Walks:
    """``allowed`` and ``exempt``: {pattern: [(word, why)]} of what is not certainly allowed, and of what is not certainly left undecrypted."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._state = settings, site, state
        self._policies = site.named_policies()
        self._using = site.users_of(self._policies)
        self.hosts = Hosts(settings, site, state)
        self.web = WebRules(self.hosts, settings, site, state)
        self.allowed: dict = {pattern: [] for pattern in policy.allow}
        self.exempt: dict = {pattern: [] for pattern in policy.exempt}
        #: {Ref of a rule in the way: what each walk that met it found}
        self._heard: dict = {}

    def _ask(self, reader: Reader, layer: Layer, words: dict, does: str, left: str, tell: Callable | None, excused: Collection = frozenset(),
             excuse: str = "a web exception may skip it") -> None:
        """Ask a layer about the patterns of ``words``, and add what it says of each that it does not certainly leave alone.

        ``does``: what a rule in the way does; ``left``: why, where no rule decides; ``tell(rule, hits, reasons)`` hears of each rule in the way;
        ``excused``: patterns that something else may keep from these rules, and ``excuse``: what.
        """
        why: dict = {}

        def told(rule: Any, hits: Hits) -> None:
            excuses = hits.all & frozenset(excused)
            reasons = (*reader.reasons(layer, rule, hits.all), *([excuse] if excuses else []))
            why[id(rule)] = "%s may block it%s" % (reader.ref(rule), ": " + "; ".join(reasons) if reasons else "")
            if tell is not None:
                tell(rule, hits.capped(MAY) if excuses else hits, reasons)
        answer = layer.ask(list(words), told)
        for pattern, found in words.items():
            said, shut, doubted = answer.word(pattern), answer.shut.get(pattern), answer.doubted.get(pattern)
            if said == "no" and pattern not in excused:
                found.append((said, left if shut is None else "%s %s it" % (reader.ref(shut), does)))
            elif said != "yes":
                rule = doubted if shut is None else shut
                found.append(("unchecked", left if rule is None else why[id(rule)]))

    def _hear(self, ref: Ref, effect: str, text: str, hits: Hits, reasons: Iterable[str], remedy: tuple, opens: str) -> None:
        self._heard.setdefault(ref, []).append((hits, tuple(reasons), (effect, text, remedy, opens)))

    def conflicts(self, found: Findings) -> None:
        """Add a conflict for each rule in the way; it is certain where all walks that met it say so."""
        for ref, walks in self._heard.items():
            effect, text, remedy, opens = walks[0][2]
            certain = all(hits.sure for hits, _reasons, _said in walks)
            hosts = frozenset().union(*(hits.sure or hits.may for hits, _reasons, _said in walks))
            doubts = () if certain else dict.fromkeys(reason for _hits, reasons, _said in walks for reason in reasons)
            found.conflict(ref, effect, str(ref), text, texts(hosts), certain, remedy, opens, ref.name, doubts)

    # -- firewall rules

    def firewall(self) -> None:
        """For each part of the traffic of the audience: the firewall rules that are asked for it."""
        wanted, known, opened = list(self.allowed), {}, {}
        control = ApplicationRules(self.hosts, self._settings, self._site)

        def web(policy: str) -> bool:
            if policy not in opened:
                opened[policy] = self.web.opens(policy, wanted)
            return opened[policy]
        for flow in flows(self._site, self._using):
            reader = FirewallRules(self.hosts, self._settings, flow, known, self._state, self._policies, web, lambda name: control.doubts(name, wanted))
            layer = reader.layer(flow.rules, UNKNOWN)
            left = "%s: no firewall rule is known to allow all of it" % flow.family
            reasons = reader.reasons(layer, flow.rule, wanted)
            left += ": %s: %s" % (reader.ref(flow.rule), "; ".join(reasons)) if reasons else ""
            self._ask(reader, layer, self.allowed, "blocks", left, self._dropping(reader))

    def _dropping(self, reader: FirewallRules) -> Callable:
        def tell(rule: Any, hits: Hits, reasons: tuple) -> None:
            ref, columns, description = reader.ref(rule), reader.columns(rule), text_of(rule, "Description")
            action, names = word(columns, "Action"), listed(columns, DESTINATIONS)
            remedy, opens = (), "everything else that this rule drops"
            if text_of(rule, "Section", "Local") != "Local":
                opens = "it is managed in Sophos Central: change it there"
            elif action == "Accept":
                opens = "other policies apply to the traffic that it allows; check it, and change it by hand"
            elif len(disabled(description)) > MAX_TEXT:
                opens = "its description has no room for the marker of this collection"
            else:
                remedy = switched_off(ref, "status", "Enable", "Disable", description)
            self._hear(ref, "deny", ("%s %s" % (action, ", ".join(self.hosts.fqdns(names) or names))).strip(), hits, reasons, remedy, opens)
        return tell

    # -- web policies

    def policies(self) -> None:
        """The named web policies: their rules, and what stands besides them."""
        excused = self.hosts.excused("PolicyCheck", self.allowed)
        for policy in self._policies:
            layer = self.web.of(policy)
            self._ask(self.web, layer, self.allowed, "blocks", "the default action of %s blocks it" % policy, self._shutting, excused)
            self._doubt(self.allowed, self.web.doubts(policy))
        used, names = [xml.of_rule(rule, "WebFilter") for rule in self._using], [xml.firewall_name(rule) for rule in self._using]
        self._doubt(self.allowed, ["no enabled firewall rule uses web policy %s" % policy for policy in self._policies if policy not in used])
        self._doubt(self.allowed, ["firewall rule %s is not enabled, or does not accept" % one for one in self._settings.firewall_rules if one not in names])

    @staticmethod
    def _doubt(words: dict, reasons: Iterable[str]) -> None:
        for found in words.values():
            found += [("unchecked", reason) for reason in reasons]

    def _shutting(self, rule: Object, hits: Hits, reasons: tuple) -> None:
        fields = {"enabled": (rule.fields["enabled"], "0"), "disabled by us": (False, True)}
        self._hear(rule.ref, "deny", xml.decided(rule.fields), hits, reasons, () if rule.ours else (Change(rule.ref, UPDATE, fields),),
                   "everything else that this rule blocks")

    # -- inspection

    def inspection(self) -> None:
        """The rules of TLS inspection, for each part of the traffic of the audience. The web proxy asks none of them."""
        rules, off, lists = self._site.tables[TLS_RULES], not self._site.inspects, self._settings.exempt_by != "exception"
        last = max((rules.index(rule) for rule in naming(self._site, self._settings)), default=-1)
        excused = self.hosts.excused("HttpsDecrypt", self.exempt)
        for rule in self._using:
            reader = TlsRules(self.hosts, self._settings, Flow(rule, xml.family(rule), ()))
            if xml.of_rule(rule, "ProxyMode").lower() not in ("", "disable", "false"):
                self._proxied(rule)
                continue
            left = "no TLS inspection rule is known to leave it undecrypted"
            if lists:
                layer = reader.layer(rules, UNKNOWN)
                if off:
                    self._ask(reader, layer, self.exempt, "decrypts", left, None, self.exempt, "TLS inspection is disabled for the whole device")
                else:
                    self._ask(reader, layer, self.exempt, "decrypts", left, self._decrypting(reader, rules[:last + 1]), excused)
            if not off:
                self._ask(reader, reader.layer(rules, ALLOW, reader.shuts), self.allowed, "blocks", "", self._refusing(reader))
        if not self._using:
            self._doubt(self.exempt, ["no enabled firewall rule uses the web policies"])

    def _proxied(self, rule: Any) -> None:
        decrypts = xml.of_rule(rule, "DecryptHTTPS") == "Enable"
        why = "the web proxy of firewall rule %s %s it" % (xml.firewall_name(rule), "decrypts" if decrypts else "may decrypt")
        for words in self.exempt.values():
            words.append(("no" if decrypts else "unchecked", why))

    def _decrypting(self, reader: TlsRules, above: list) -> Callable:
        """Hears of the rules above the last one that leaves the list undecrypted; where there is none, that is what is reported."""
        places = {id(rule) for rule in above}

        def tell(rule: Any, hits: Hits, reasons: tuple) -> None:
            action = text_of(rule, "DecryptAction")
            if id(rule) in places:
                self._hear(reader.ref(rule), "deny" if action == "Deny" else "decrypt", action, hits, reasons, (),
                           "move the rule that does not decrypt above it")
        return tell

    def _refusing(self, reader: TlsRules) -> Callable:
        def tell(rule: Any, hits: Hits, reasons: tuple) -> None:
            action, profile = text_of(rule, "DecryptAction"), text_of(rule, "DecryptionProfile")
            text = action if action == "Deny" else "%s by column DecryptionProfile: %s" % (action, profile)
            self._hear(reader.ref(rule), "deny", text, hits, reasons, (), "change it or its decryption profile by hand")
        return tell
