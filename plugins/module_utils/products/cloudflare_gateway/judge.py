# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Cloudflare account means for a policy. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import AbstractSet, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    DNS, HTTP, L4, LIST, RESOLVER, Settings, Site, called, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.places import domains_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.rules import (
    ELSEWHERE, INSPECTION, ISOLATION, View, headers,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, texts, together,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, Answer, Hits, Layer, below_ours, crossing,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off


class Assessor(View):
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Findings(product="cloudflare", protected=settings.protected)
        self._domains = domains_of(policy.allow)

    def assess(self) -> Assessment:
        found, policy = self._found, self._policy
        found.resolve_borrowed(self._state.objects.values())
        spared = self._ask(self.layer(INSPECTION), policy.exempt, "decrypt")
        decrypted = [pattern for pattern in policy.allow if self.exemption(pattern) is None or spared.word(self.exemption(pattern)) != "yes"]
        asked = [(part, self._ask(self.layer(part), decrypted if part in (ISOLATION, HTTP) else policy.allow))
                 for part in (ELSEWHERE, RESOLVER, DNS, L4, ISOLATION, HTTP)]
        for media in policy.media:
            self._ask(self.voice(media), {media})
            found.manual.append("voice (%s): if the UDP proxy of the account is off, these packets do not pass Gateway; make sure that they can leave "
                                "the network another way" % media)
        self._crossed()
        # Unless the account says that it does not, it decrypts.
        if ((self._site.settings or {}).get("tls_decrypt") or {}).get("enabled") is not False:
            self._losses_by_allow()
            self._losses()
        elif policy.exempt:
            found.warnings.append("TLS decryption is off in this account, so there is nothing to exempt now; the rule takes effect when it is enabled")
        self._tenant_controls()
        found.coverage = [self._coverage(pattern, asked, spared) for pattern in policy.allow]
        return found

    # -- conflicts

    def _ask(self, layer: Layer, wanted: Iterable, effect: str = "") -> Answer:
        def told(rule: Object, hits: Hits) -> None:
            # What was not read makes every rule a possible one: without the scan only what is certain is said.
            if not rule.ours and (hits.sure or self._settings.scan_conflicts):
                self._conflict(layer, rule, effect, hits)
        return layer.ask(wanted, told)

    def _conflict(self, layer: Layer, rule: Object, effect: str, hits: Hits) -> None:
        action, traffic, remedy = rule.fields["action"], rule.fields["traffic"], ()
        opens = "everything else that this rule blocks"
        if rule.native.get("read_only"):
            opens = "this rule is read-only here%s: change it there by hand" % (", shared by a parent account" if shared(rule.native) else "")
        elif self.by_security(rule):
            opens = "this rule also blocks by security category: exclude these hosts from it by hand"
        else:
            remedy = switched_off(rule.ref, "enabled", True, False, rule.fields["description"])
        known = "deny" if action == "block" or layer.effect(rule) != DENY else "rewrite"
        self._found.conflict(rule.ref, effect or known, str(rule.ref), "%s %s" % (action, traffic[:200] or "everything"), texts(hits.sure or hits.may),
                             bool(hits.sure), remedy, opens, called(rule), () if hits.sure else self.why(rule, layer))

    # -- who else is reached, and what is lost

    def _crossed(self) -> None:
        """Rules that block a part of the audience and that ours precede."""
        for part in (DNS, L4, HTTP) if not self._settings.list_name else ():
            self._crossed_by(self.layer(part, likely=True), part, self.open_patterns() if part == HTTP else frozenset(self._policy.allow), "these hosts")
        for media in self._policy.media:
            self._crossed_by(self.voice(media), L4, frozenset([media]), "voice")
        if self._settings.exempt_list_name:
            return
        layer, kept = self.layer(HTTP), self._settings.never_above + self._settings.after
        for rule in layer.shutting(self._policy.exempt):
            how = layer.level(rule) if not rule.ours else NO
            if (how == MAY and not self.in_part(rule, layer)) or (how == SURE and called(rule) in kept):
                self._found.audience_widened.append("%s would no longer apply to the exempt hosts, because Do Not Inspect precedes every other HTTP "
                                                    "rule; block these users with a DNS or network rule, or narrow the audience" % rule.ref)

    def _crossed_by(self, layer: Layer, part: str, wanted: AbstractSet, what: str) -> None:
        passed = {rule.ref for rule in self._passed(layer, part, wanted)}
        # What looks into the requests of everyone is reported as a loss.
        self._found.audience_widened += [crossing(rule.ref, what) for rule in layer.shutting(wanted) if rule.ref in passed and layer.level(rule) == MAY
                                         and not (part == HTTP and self.in_part(rule, layer))]

    def _passed(self, layer: Layer, part: str, wanted: AbstractSet) -> list:
        """Existing rules below the place of ours, or named to be; some perhaps twice."""
        def shuts(rule: Object) -> bool:
            return layer.effect(rule) == DENY and bool(layer.reach(rule, wanted).sure)

        def keeps(rule: Object) -> bool:
            return self.keeps_its_word(rule, part)

        others = [rule for rule in layer.rules if not rule.ours]
        made = part != HTTP or any(map(shuts, others))
        named = [rule for rule in others if made and called(rule) in self._settings.before and not keeps(rule)]
        return named + below_ours(others, shuts, keeps)

    def _losses(self) -> None:
        """What Do Not Inspect takes from the exempt hosts."""
        exempt, hosts, settings = frozenset(self._policy.exempt), tuple(str(pattern) for pattern in self._policy.exempt), self._site.settings or {}
        if not exempt:
            return
        if any((settings.get("antivirus") or {}).get(word) for word in ("enabled_download_phase", "enabled_upload_phase")):
            self._found.lose("av", "antivirus scanning of the account", hosts)
        if (settings.get("sandbox") or {}).get("enabled"):
            self._found.lose("sandbox", "the sandbox of the account", hosts)
        for part in (ISOLATION, HTTP):
            layer = self.layer(part)
            for rule in layer.rules:
                if not rule.ours and layer.level(rule) != NO and (self.by_security(rule) or layer.reach(rule, exempt).all):
                    self._lose(rule, layer, hosts)

    def _losses_by_allow(self) -> None:
        """Our HTTP rule that allows ends the evaluation: what looks at files and the like below it is not asked for the hosts that it opens."""
        layer, wanted = self.layer(HTTP, likely=True), self.open_patterns()
        for rule in self._passed(layer, HTTP, wanted) if not self._settings.list_name else ():
            hosts = layer.reach(rule, wanted).all
            if hosts:
                named = tuple(str(pattern) for pattern in self._policy.allow if pattern in hosts)
                self._lose(rule, layer, named)
                if headers(rule):
                    self._found.lose("headers", str(rule.ref), named)

    def _lose(self, rule: Object, layer: Layer, hosts: tuple) -> None:
        for control in self.controls(rule, layer):
            self._found.lose(control, str(rule.ref), hosts)

    def _tenant_controls(self) -> None:
        layer = self.layer(HTTP)
        for rule in layer.rules:
            if layer.effect(rule) != DENY and WORKSPACE_HEADER in headers(rule):
                hit = layer.reach(rule, frozenset(self._policy.exempt)).all
                if hit:
                    self._found.tenant_controls.append(TenantControl(str(rule.ref), tuple(pattern for pattern in self._policy.exempt if pattern in hit)))

    # -- coverage

    def _coverage(self, pattern: Pattern, asked: list, spared: Answer) -> Coverage:
        notes, company = [], self._settings.list_name
        if company:
            notes.append("the existing rules decide what an entry of %s covers" % company)
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        words = ["yes" if self._settings.scan_conflicts else "unchecked"]
        for part, answer in asked:
            words.append(answer.word(pattern))
            if words[-1] == "no":
                notes.append("%s blocks it" % answer.shut[pattern].ref.name)
            elif words[-1] == "unchecked" and self._settings.scan_conflicts:
                notes.append(self._perhaps("%s may block it", answer.doubted[pattern], self.layer(part)))
        exempt, by, note = self._exempted(pattern, spared)
        allowed = together(words) if self._held(pattern) else "no"
        good = next((answer.open[pattern].ref.name for _part, answer in asked if pattern in answer.open), None)
        return coverage(pattern, allowed, exempt, good, by, notes + [note] * bool(note))

    def _exempted(self, pattern: Pattern, spared: Answer) -> tuple:
        """(what coverage says of the exemption, the rule that exempts, a note)"""
        covering, layer = self.exemption(pattern), self.layer(INSPECTION)
        if covering is None:
            return "not wanted", None, ""
        perhaps = [rule for rule in layer.rules if layer.effect(rule) == ALLOW and covering in layer.reach(rule, frozenset([covering])).may]
        word = spared.word(covering)
        if word == "yes":
            return word, spared.open[covering].ref.name, "not decrypted, by the name in the handshake, and Gateway does not check the certificate"
        if word == "unchecked":
            return "unchecked", None, self._perhaps("%s may decrypt it", spared.doubted[covering], layer)
        return ("unchecked", None, self._perhaps("%s may leave it undecrypted", perhaps[0], layer)) if perhaps else ("no", None, "")

    def _perhaps(self, text: str, rule: Object, layer: Layer) -> str:
        why = ", ".join(self.why(rule, layer))
        return text % rule.ref.name + (": " + why if why else "")

    def _held(self, pattern: Pattern) -> bool:
        """Whether our list has it: what nothing blocks today may be blocked tomorrow."""
        name = self._settings.list_name
        if name is None:
            pattern = self._domains.covering(pattern) or pattern
            name = self._settings.allow_name + (" hosts" if pattern.kind == EXACT else "")
        held = self._state.objects.get(Ref(LIST, name))
        return held is not None and pattern.name in held.members.get("items", ())
