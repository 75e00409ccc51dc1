# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of Management Center and of its devices means for a policy. Reads nothing and writes nothing.

Precedence: in a layer the first rule that matches, and a later layer over an earlier one (CPL guide, page 24); what begins with force_ is never overridden
by an allow. Our section is taken to be the last file; where a device shows it, what follows it there counts.
"""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Coverage, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg import cpl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.columns import (
    ASIDE, LAYERS, LOOKS, PEOPLE, PROXY, SCANS, SSL, SSL_INTERCEPT,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.lists import Lists
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.meaning import Meaning
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import LIST, URLS, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.portal import by_hand
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.section import (
    ALLOW, EXEMPT, condition_name,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import firstmatch
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, texts, together,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import DENY, Hits, walk

#: What our rule of a part does, and no other rule that asks for our condition.
_OURS = {ALLOW: {("allow", ""), ("exception", "no")}, EXEMPT: {("ssl.forward_proxy", "no")}}


class Assessor:
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State, predicted: bool):
        """``predicted``: the state is the one after a plan, with whatever installs it."""
        self._settings, self._site, self._policy, self._state, self._predicted = settings, site, policy, state, predicted
        self._found = Findings(product="symantec", protected=settings.protected)
        self._lists = Lists(settings, site, policy, state, self._found)
        self._wanted = {ALLOW: frozenset(policy.allow), EXEMPT: frozenset(policy.exempt)}
        #: By part: pattern to who certainly blocks it, and to who may.
        self._shut: dict = {ALLOW: {}, EXEMPT: {}}
        self._doubted: dict = {ALLOW: {}, EXEMPT: {}}
        self._exempt = Index(policy.exempt)
        #: Whether our section is predicted to be another one than that in Management Center.
        self._changed = site.objects().get(settings.policy) != state.objects.get(settings.policy)

    def assess(self) -> Assessment:
        found, policy = self._found, self._policy
        if self._settings.scan_conflicts:
            for where, text in self._site.texts():
                site = cpl.read(text)
                meaning = Meaning(self._settings, site, (*policy.allow, *policy.exempt))
                self._part(ALLOW, where, site, meaning)
                if self._part(EXEMPT, where, site, meaning):
                    self._losses(where, site, text)
                if self._settings.groups or self._settings.users:
                    said = "%s: no rule certainly requires authentication there, and without it groups and users are unknown" % where
                    for pattern in meaning.unsigned(self._wanted[ALLOW]):
                        self._doubted[ALLOW].setdefault(pattern, said)
            self._lists.judge(self._shut[ALLOW], self._doubted[ALLOW])
            if not self._site.current:
                found.warnings += ["%s %s was not read; it may block or decrypt these hosts" % (row.get("contentType"), row.get("name"))
                                   for row in self._site.unread_policies() if policy.allow]
        found.audience_widened += self._settings.wider(bool(policy.exempt))
        known = self._in_force()
        found.coverage = [self._coverage(pattern, *known) for pattern in policy.allow]
        found.manual += by_hand(self._settings, self._site, policy, self._changed)
        return found

    # -- the site's rules

    def _part(self, part: str, where: str, site: cpl.Policy, meaning: Meaning) -> bool:
        """Judge the layers that may block hosts of a part, from the last one. Whether one of them decrypts, or may."""
        layers = [layer for layer in site.layers if layer.kind not in (ASIDE if part == ALLOW else set(LAYERS) - {SSL_INTERCEPT})]
        place = next((at for at, layer in enumerate(layers) if any(self._is_ours(part, rule) for rule in layer.rules)), len(layers))
        # By kind of layer, what later ones certainly allow, and what they may: it is not what an earlier one sets.
        settled, decrypts = {kind: (set(), set()) for kind in (PROXY, SSL, SSL_INTERCEPT)}, False
        for at, layer in reversed(list(enumerate(layers))):
            # In the layer of ours, what is above ours decides; what is below is not asked, since ours matches first.
            decrypts = self._layer(part, where, meaning, layer, at >= place or layer.called, settled) or decrypts
        return decrypts

    def _is_ours(self, part: str, rule: cpl.Rule) -> bool:
        """Whether a rule does for our condition what ours does; one of another administrator that blocks by our condition is judged as any other."""
        name = condition_name(self._settings.prefix, part)
        asks = any(test.name == "condition" and not test.negated and [value.lower() for value in test.values] == [name] for test in rule.tests)
        return asks and bool(rule.actions) and set(map(cpl.split_property, rule.actions)) <= _OURS[part]

    def _layer(self, part: str, where: str, meaning: Meaning, layer: cpl.Layer, behind: bool, settled: dict) -> bool:
        effects = {id(rule): (meaning.access if part == ALLOW else meaning.decryption)(layer.kind, rule) for rule in layer.rules}
        view = firstmatch.Layer(layer.rules, meaning.people, meaning.hosts, lambda rule: effects[id(rule)][0], meaning.columns)
        sets, (over, lifted) = meaning.allows if part == ALLOW else meaning.spares, settled.get(layer.kind if not layer.called else "", (set(), set()))
        # What rules above may allow; and what they may keep from the rules that set anything.
        open_, silent, harmful = set(), set(), False
        for rule, hits in walk(layer.rules, self._wanted[part], view.reach):
            effect, lasting = effects[id(rule)]
            if effect == firstmatch.ALLOW:
                open_ |= hits.may
                if sets(rule):
                    over |= hits.sure - silent
                    lifted |= hits.all
                else:
                    silent |= hits.may
                continue
            harmful, hits = True, Hits(hits.sure - open_, hits.may | (hits.sure & open_))
            if lasting or behind:
                final = "it is final" if effect == DENY else "no rule of this collection can override it"
                left = hits if lasting else Hits(hits.sure - lifted, hits.may - over | (hits.sure & lifted) - over)
                self._conflict(part, where, layer, rule, left, final if lasting else "it comes after the rules of this collection", view, meaning)
            elif part == ALLOW and meaning.partly(rule, hits.all):
                self._found.audience_widened.append("%s: \"%s\" blocks a part of the audience, or may, and a later ALLOW would override that for the wanted "
                                                    "hosts; narrow the audience" % (where, rule.text))
        return harmful

    def _conflict(self, part: str, where: str, layer: cpl.Layer, rule: cpl.Rule, hits: Hits, reason: str, view: firstmatch.Layer, meaning: Meaning) -> None:
        effect, verb = ("deny", "denies") if part == ALLOW else ("decrypt", "decrypts")
        if not self._site.current:
            # Which devices run a policy of Management Center, and behind which others, is not read.
            hits = Hits(may=hits.all)
        elif part == ALLOW:
            hits = self._lists.without(rule, hits, meaning)
        named = "" if layer.kind == (PROXY if part == ALLOW else SSL_INTERCEPT) else " in <%s>" % layer.kind
        doubts = [*view.doubts(rule), *_words(meaning.why(rule, hits.may) - set(meaning.columns(rule).unread()))]
        self._shut[part].update(dict.fromkeys(hits.sure, "%s%s %s it" % (where, named, verb)))
        for pattern in hits.may:
            self._doubted[part].setdefault(pattern, "; ".join(["%s%s may %s it: %s" % (where, named, effect, rule.text), *doubts]))
        subject = "%s %s" % ("SSL-Intercept" if part == EXEMPT else "Proxy", rule.text)
        for hosts, certain, name in ((hits.sure, True, subject), (hits.may, False, subject + " (a part)" if hits.sure else subject)):
            self._found.conflict(name, effect, where, "%s%s: %s" % (reason, named, rule.text), texts(hosts), certain,
                                 opens="change or move this rule by hand", doubts=() if certain else doubts)

    def _losses(self, where: str, site: cpl.Policy, text: str) -> None:
        hosts = texts(self._policy.exempt)
        for rule in (rule for layer in site.layers for rule in layer.rules):
            controls = [LOOKS[key] for key in sorted({"%s=" % test.name for test in rule.tests} & set(LOOKS))]
            for name, value in map(cpl.split_property, rule.actions):
                controls += SCANS.get(name, ()) if value != "no" else ()
            for control in controls:
                self._found.lose(control, "%s: %s" % (where, rule.text), hosts)
        if WORKSPACE_HEADER in text.lower():
            self._found.tenant_controls.append(TenantControl("the policy that %s runs" % where, tuple(self._policy.exempt)))

    # -- what is in force

    def _in_force(self) -> tuple:
        """("yes" or "no" or "unchecked", why not yes)."""
        settings, site = self._settings, self._site
        if settings.mode == "upe":
            return "unchecked", "the policy that Cloud SWG runs cannot be read"
        if not site.current:
            return "unchecked", "in Management Center; without consoles it is unknown whether a device runs it"
        if not (self._predicted and settings.installs):
            waiting = site.waiting() if not self._changed else list(site.current)
            if waiting:
                return "no", "waits for installation on %s" % ", ".join(waiting)
        return ("yes", "") if settings.scan_conflicts else ("unchecked", "the existing rules were not read")

    def _coverage(self, pattern: Pattern, known: str, why: str) -> Coverage:
        exempt, notes, settings = self._exempt.covering(pattern), [], self._settings
        allowed, allowed_by = self._word(ALLOW, pattern, known, notes)
        exempted, exempt_by = self._word(EXEMPT, exempt, known, notes) if exempt is not None else ("not wanted", None)
        if exempt is not None and (EXEMPT in settings.lists or not settings.full) and exempt.kind != DOMAIN:
            notes.append("widened: undecrypted are %s" % ("its subdomains too" if exempt.kind == EXACT else "%s itself too" % exempt.name))
        if why and (self._open(ALLOW, pattern) or (exempt is not None and self._open(EXEMPT, exempt))):
            notes.append(why)
        if ALLOW in settings.lists and pattern.kind != DOMAIN:
            notes.append("widened: a list holds %s" % ("its subdomains too" if pattern.kind == EXACT else "%s itself too" % pattern.name))
        return coverage(pattern, allowed, exempted, allowed_by, exempt_by, notes)

    def _word(self, part: str, pattern: Pattern, known: str, notes: list) -> tuple:
        """(what coverage says, by what). What a rule does with an existing list cannot be read."""
        listed, shut, doubted = self._settings.lists.get(part), self._shut[part], self._doubted[part]
        notes += [found[pattern] for found in (shut, doubted) if pattern in found][:1]
        words = [known if self._open(part, pattern) else "no"] + ["unchecked"] * (listed is not None or pattern in doubted)
        said = together(words)
        return said, None if said == "no" else "URL list %s" % listed if listed else "policy %s" % self._settings.prefix

    def _open(self, part: str, pattern: Pattern) -> bool:
        """Whether we hold a pattern and nothing certainly blocks it."""
        return self._held(part, pattern) and pattern not in self._shut[part]

    def _held(self, part: str, pattern: Pattern) -> bool:
        if part in self._settings.lists:
            held = self._state.objects.get(Ref(LIST, self._settings.lists[part]))
            return held is not None and pattern.name in held.members[URLS]
        obj = self._state.objects.get(self._settings.policy)
        return obj is not None and str(pattern) in obj.members.get(part, ()) and bool(obj.fields.get("%s rule" % part))


def _words(why: Iterable[str]) -> list:
    """What keeps a rule from being sure, in words, for what its columns do not say."""
    people = ["%s=" % name for name in PEOPLE]
    return ["%s may apply to a part of the audience only" % name if name in people else "%s is not understood" % name for name in sorted(why)]
