# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a Cloudflare account needs and where they stand, and what a State of it means for a policy. Reads nothing and writes nothing.

Order of enforcement: DNS policies, then network, then HTTP; a smaller precedence first, first match. Of the HTTP policies those that do not inspect come
before all others, then those that isolate (vendor's page "Order of enforcement").
"""
from __future__ import annotations

from dataclasses import replace
from typing import Callable, Iterable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Coverage, Loss, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import (
    canonical, quoted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    DNS, DOMAINS, HOSTS, HTTP, HTTP_RULE, KINDS, L4, LAYERS, LIST, Settings, Site, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.rules import View, headers
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, texts,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, NO, SURE, Hits, below_ours, crossing, first_match, hits_of, lowest, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, switched_off

SHUTS = {DNS: ("block", "override"), L4: ("block", "l4_override"), HTTP: ("block", "redirect")}


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
    """The lists and rules that have to be there, each rule with what it has to stand above and below."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        """:raises AccessError: for a rule that was named and is not there."""
        super().__init__(settings, site, policy, state)
        if state.rules:
            names = settings.before + settings.after + settings.never_above + settings.may_pass
            refuse_unknown(names, {ref.name for refs in state.rules.values() for ref in refs}, "the account", "DNS, network or HTTP rule")

    def lists(self, name: str, company: str | None, patterns: Sequence[Pattern]) -> list:
        """One list for domains, and one for hosts that are below none of these, when there are such; a list of the site takes all."""
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
            raise AccessError(REFUSED, "the list %s is one of type %s, which cannot be changed: choose another name" % (name, held.fields["type"]))
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
            found.append(self._placed(layer, Ref(KINDS[layer], name), fields, lambda rule, layer=layer: self.hit(rule, layer == HTTP)))
        return found

    def media_rule(self, media: Media) -> Wanted:
        """Voice: no name is visible in its packets, so a network rule opens the published addresses and ports."""
        traffic = 'net.protocol == "%s" and net.dst.port in {%s} and net.dst.ip in {%s}' % (
            media.protocol, " ".join(str(port) for port in media.ports), " ".join(media.destinations))
        ref = Ref(KINDS[L4], "%s %s" % (self._settings.prefix, media.id))
        return self._placed(L4, ref, self._fields("allow", canonical(traffic)), lambda rule: self.drops(rule, media))

    def _traffic(self, where: str, name: str, lists: list) -> str:
        parts = ["%s in ${%s}" % (HOSTS[where], one.object.ref.name) if one.object.ref.name != name else "any(%s in ${%s})" % (DOMAINS[where], name)
                 for one in lists]
        return canonical(" or ".join(parts))

    def _fields(self, action: str, traffic: str, layer: str = "") -> dict:
        fields = {"action": action, "enabled": True, "description": MARK, "traffic": traffic, "identity": identity(self._settings),
                  "device_posture": posture(self._settings, self._site)}
        return dict(fields, schedule=None, expiration=None) if layer == DNS else fields

    def _http_is_shut(self) -> bool:
        """Whether some HTTP rule shuts a host that stays inspected. Only then ours is made: it ends the evaluation, and so what comes later."""
        rules = [rule for rule in self.others(HTTP) if rule.fields["action"] in SHUTS[HTTP] and not self.by_security(rule) and self.people(rule) != NO]
        return any(self.hit(rule, True) == SURE for rule in rules)

    def _placed(self, layer: str, ref: Ref, fields: dict, about: Callable[[Object], int]) -> Wanted:
        """Below what keeps its word, above the first rule that shuts the whole audience out. ``about(rule)``: how surely it is about what we open."""
        def people(rule: Object) -> int:
            level = self.people(rule) if about(rule) != NO else MAY if layer == HTTP and self.in_part(rule) else NO
            return NO if level == MAY and rule.ref.name in self._settings.may_pass else level

        # What only may be about these hosts is no reason to pass a rule that shuts out a part of the audience.
        shutting = [rule for rule in self.others(layer) if rule.fields["action"] in SHUTS[layer]]
        above, quarantines = sides(shutting, people, lambda rule: about(rule) == SURE)
        below = {rule.ref for rule in quarantines} | {rule.ref for rule in self.order(layer) if rule.ref != ref and self.keeps_its_word(rule, layer)}
        order = [other for other in self._state.rules.get(layer, ()) if other != ref]
        before = [other for other in order if other.name in self._settings.before]
        wanted = placed(Object(ref, fields), layer, order, [rule.ref for rule in above if rule.ref not in below], below, before)
        return replace(wanted, above=wanted.above | self._room(ref, order, wanted.above, lowest(order, below)))

    def _room(self, ref: Ref, order: list, above: frozenset, floor: int) -> set:
        """The rule that ours has to stand above in addition, for there to be a free precedence. Rules of others are never renumbered."""
        top, bottom = floor + 1, min([order.index(other) for other in above], default=len(order))
        own = self._site.rule(ref)
        before = list(self._state.rules.get(LAYERS[ref.kind], ()))
        if top > bottom or (ref in before and top <= before.index(ref) <= bottom):
            return set()
        used = {rule["precedence"] for rule in self._site.rules if rule is not own}
        for at in range(bottom, top - 1, -1):
            low, high = (self._precedence(order[index]) if 0 <= index < len(order) else None for index in (at - 1, at))
            if free(low, high, used) is not None:
                return {order[at]} if at < bottom else set()
        raise AccessError(CONFLICT, "%s has no place: between %s and %s no precedence is free. Give the rules of the site other numbers" % (
            ref, order[top - 1] if top else "the top", order[bottom] if bottom < len(order) else "the end"))

    def _precedence(self, ref: Ref):
        native = self._state.objects[ref].native
        return None if shared(native) else native.get("precedence")


class Assessor(View):
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Findings(product="cloudflare", protected=settings.protected)
        self._domains = domains_of(policy.allow)

    def assess(self) -> Assessment:
        found, policy = self._found, self._policy
        found.resolve(ref for ref, obj in self._state.objects.items() if obj.borrowed)
        spared = self._walk(HTTP, policy.exempt, (), "off")[1]
        decrypted = [pattern for pattern in policy.allow if self.exemption(pattern) not in spared]
        walks = [self._walk(DNS, policy.allow, SHUTS[DNS]), self._walk(L4, policy.allow, SHUTS[L4]),
                 self._walk(HTTP, decrypted, ("isolate",), "noisolate"), self._walk(HTTP, decrypted, SHUTS[HTTP])]
        for media in policy.media:
            self._media(media)
        self._crossed()
        self._losses()
        self._tenant_controls()
        found.coverage = [self._coverage(pattern, walks, spared) for pattern in policy.allow]
        if self._site.settings is not None and not (self._site.settings.get("tls_decrypt") or {}).get("enabled") and policy.exempt:
            found.warnings.append("TLS decryption is off in this account: there is nothing to exempt now; the rule is made for the day it is switched on")
        return found

    # -- what stands in the way

    def _walk(self, layer: str, wanted: Iterable[Pattern], shuts: tuple, opens: str = "allow") -> tuple:
        """({pattern: name of the rule in its way}, {pattern: name of the rule that decides well}) by first match."""
        rules = [rule for rule in self.order(layer) if rule.fields["enabled"] and rule.fields["action"] in shuts + (opens,)
                 and not (layer == HTTP and self.in_part(rule))]

        def shut(rule: Object, hits: Hits) -> Hits:
            # What was not read makes every rule a possible one: without the scan only what is certain is said.
            return Hits() if rule.fields["action"] == opens else hits if self._settings.scan_conflicts else Hits(hits.sure)

        def told(rule: Object, hits: Hits) -> None:
            action, traffic = rule.fields["action"], rule.fields["traffic"]
            self._conflict("deny" if action == "block" else "rewrite", rule, "%s %s" % (action, traffic[:200] or "everything"),
                           texts(hits.sure or hits.may), bool(hits.sure))

        verdict = first_match(rules, wanted, lambda rule, _left: hits_of(self.hits(rule)).capped(self.people(rule)), shut, told)
        return tuple({pattern: rule.ref.name for pattern, rule in one.items()} for one in (verdict.shut, verdict.passed))

    def _media(self, media: Media) -> None:
        for rule in self.order(L4):
            how = min(self.people(rule), self.drops(rule, media)) if rule.fields["enabled"] else NO
            wanted = (SURE, MAY) if self._settings.scan_conflicts else (SURE,)
            if how in wanted and rule.fields["action"] in SHUTS[L4] and not self.by_security(rule):
                self._conflict("deny", rule, "%s, which takes packets of voice" % rule.fields["action"], (str(media),), how == SURE)
            if how == SURE and rule.fields["action"] in SHUTS[L4] + ("allow",):
                break
        self._found.manual.append("voice (%s): when the UDP proxy of the account is off, these packets do not come to Gateway; see that they leave the network "
                                  "some other way" % media)

    def _conflict(self, effect: str, rule: Object, text: str, hosts: tuple, certain: bool) -> None:
        if rule.ours:
            return
        remedy: tuple = ()
        opens = "everything else that this rule shuts"
        if rule.native.get("read_only"):
            opens = "this rule is read only%s: it can be changed by a person there alone" % (", shared by a parent account" if shared(rule.native) else "")
        elif self.by_security(rule):
            opens = "this rule blocks by security category as well: take these hosts out of it by hand"
        else:
            remedy = switched_off(rule.ref, "enabled", True, False, rule.fields["description"])
        self._found.conflict(rule.ref, effect, str(rule.ref), text, hosts, certain, remedy, opens, rule.ref.name)

    # -- who else is reached, and what is lost

    def _crossed(self) -> None:
        """Rules that shut a part of the audience out and that ours pass."""
        for layer in (DNS, L4, HTTP) if not self._settings.list_name else ():
            self._crossed_by(layer, lambda rule, layer=layer: self.hit(rule, layer == HTTP), "these hosts")
        for media in self._policy.media:
            self._crossed_by(L4, lambda rule, media=media: self.drops(rule, media), "voice")
        if self._settings.exempt_list_name or not self._policy.exempt:
            return
        kept = self._settings.never_above + self._settings.after
        for rule in self.others(HTTP):
            hit = any(self.exemption(pattern) is not None for pattern in self.hits(rule))
            if hit and rule.fields["action"] in SHUTS[HTTP] and not self.in_part(rule):
                if self.people(rule) == MAY or (self.people(rule) == SURE and rule.ref.name in kept):
                    self._found.audience_widened.append("%s would no longer be asked for the exempt hosts, since Do Not Inspect comes before every other HTTP "
                                                        "rule; shut these people out by a DNS or network rule, or narrow the audience" % rule.ref)

    def _crossed_by(self, layer: str, about: Callable[[Object], int], what: str) -> None:
        """``about(rule)``: how surely a rule is about what ours opens."""
        self._found.audience_widened += [crossing(rule.ref, what) for rule in self._passed(layer, about)
                                         if about(rule) != NO and rule.fields["action"] in SHUTS[layer] and self.people(rule) == MAY]

    def _passed(self, layer: str, about: Callable[[Object], int]) -> list:
        """Enabled rules of the site below the place of ours."""
        return below_ours(self.others(layer), lambda rule: rule.fields["action"] in SHUTS[layer] and min(about(rule), self.people(rule)) == SURE,
                          lambda rule: self.keeps_its_word(rule, layer))

    def _losses(self) -> None:
        settings, hosts = self._site.settings, tuple(str(pattern) for pattern in self._policy.exempt)
        if settings is not None and not (settings.get("tls_decrypt") or {}).get("enabled"):
            return
        self._losses_by_allow()
        if not hosts:
            return
        settings = settings or {}
        found = []
        if any((settings.get("antivirus") or {}).get(word) for word in ("enabled_download_phase", "enabled_upload_phase")):
            found.append(("av", "antivirus scanning of the account"))
        if (settings.get("sandbox") or {}).get("enabled"):
            found.append(("sandbox", "the sandbox of the account"))
        for rule in self.others(HTTP):
            hit = self.by_security(rule) or any(self.exemption(pattern) is not None for pattern in self.hits(rule))
            if hit and self.people(rule) != NO:
                found += [(control, str(rule.ref)) for control in self._controls(rule)]
        self._found.losses += [Loss(control, rule, hosts) for control, rule in found]

    def _losses_by_allow(self) -> None:
        """Our HTTP rule that allows ends the evaluation: what looks at files and the like below it is not asked for the hosts that it opens."""
        for rule in self._passed(HTTP, lambda rule: self.hit(rule, True)) if not self._settings.list_name else ():
            hosts = tuple(str(pattern) for pattern in self.hits(rule) if self.exemption(pattern) is None)
            if hosts and self.in_part(rule) and self.people(rule) != NO:
                self._found.losses += [Loss(control, str(rule.ref), hosts) for control in self._controls(rule)]

    def _controls(self, rule: Object) -> list:
        """The controls that an HTTP rule exercises over decrypted traffic."""
        action, text, settings = rule.fields["action"], rule.fields["traffic"], rule.native.get("rule_settings") or {}
        found = {"isolate": ["isolation"], "quarantine": ["sandbox"]}.get(action, [])
        if self.by_security(rule):
            found.append("av")
        if "dlp." in text or (settings.get("payload_log") or {}).get("enabled"):
            found.append("dlp")
        if "http.upload." in text or "http.download." in text:
            found.append("file_control")
        if "app.controls" in text:
            found += ["casb", "prompt_logging"]
        if headers(rule) - {WORKSPACE_HEADER}:
            found.append("headers")
        return found

    def _tenant_controls(self) -> None:
        for rule in self.order(HTTP):
            if rule.fields["enabled"] and rule.fields["action"] == "allow" and WORKSPACE_HEADER in headers(rule) and self.people(rule) != NO:
                hosts = tuple(pattern for pattern in self._policy.exempt if pattern in self.hits(rule))
                if hosts:
                    self._found.tenant_controls.append(TenantControl(str(rule.ref), hosts))

    # -- coverage

    def _coverage(self, pattern: Pattern, walks: list, spared: dict) -> Coverage:
        notes, company = [], self._settings.list_name
        if company:
            notes.append("the rules of the site say what an entry of %s covers" % company)
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        blocked = [shut[pattern] for shut, _good in walks if pattern in shut]
        notes += ["%s shuts it" % name for name in dict.fromkeys(blocked)]
        exempt, by = "not wanted", None
        covering = self.exemption(pattern)
        if covering is not None:
            by = spared.get(covering)
            exempt = "yes" if by is not None else "no"
            notes += ["undecrypted by the name in the handshake, and Gateway checks no certificate then"] * (by is not None)
        allowed = "no" if blocked or not self._held(pattern) else "yes" if self._settings.scan_conflicts else "unchecked"
        good = next((good[pattern] for _shut, good in walks if pattern in good), None)
        return coverage(pattern, allowed, exempt, good, by, notes)

    def _held(self, pattern: Pattern) -> bool:
        """Whether our list has it: what nothing shuts today may be shut tomorrow."""
        name = self._settings.list_name
        if name is None:
            pattern = self._domains.covering(pattern) or pattern
            name = self._settings.allow_name + (" hosts" if pattern.kind == EXACT else "")
        held = self._state.objects.get(Ref(LIST, name))
        return held is not None and pattern.name in held.members.get("items", ())
