# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where our rule is in a web policy, and what a State of a Sophos Firewall means for a policy. Reads nothing and writes nothing.

Precedence (help pages "Web policies", "Exceptions", "SSL/TLS inspection rules"): firewall rules from the top, the first match says which web
policy is asked; its rules from the top, first match, then its default action. Application control and TLS inspection are asked besides.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Index, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import besides
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import ALWAYS, WEB_EXCEPTION, columns_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.hosts import Hosts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.layers import WebRules
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import EXCEPTION, EXCEPTIONS, GROUP, RULE, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.walks import Walks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, reasons, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import crossed, placed, sides


class Places:
    """The rule that each named web policy needs, as low as works: above the first rule that blocks a wanted host for the whole audience."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._policy, self._state = settings, policy, state
        self._policies = site.named_policies()
        self._web = WebRules(Hosts(settings, site, state), settings, site, state)

    def rules(self) -> list:
        return [self._rule(policy) for policy in self._policies]

    def _rule(self, policy: str) -> Wanted:
        fields = {"users": sorted(self._settings.users), "http": "Allow", "https": "Allow", "follow": "1", "schedule": ALWAYS, "enabled": "1"}
        layer = self._web.of(policy, ours=False)
        above, below = ([rule.ref for rule in side] for side in sides(layer.shutting(self._policy.allow), layer.level))
        ref = Ref(RULE, "%s: %s" % (policy, self._settings.allow))
        return placed(Object(ref, fields), xml.rulebase(policy), self._state.rules.get(xml.rulebase(policy), ()), above, below)


class Assessor:
    """What a State means: conflicts, losses, who else is reached, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._policies, self._exempt = site.named_policies(), Index(policy.exempt)
        self._walks = Walks(settings, site, policy, state)

    def assess(self) -> Assessment:
        found, walks = Findings(product="sophos", protected=self._settings.protected), self._walks
        found.resolve_borrowed(self._state.objects.values())
        walks.firewall()
        walks.policies()
        walks.inspection()
        walks.conflicts(found)
        besides.tell(found, self._settings, self._site, self._policy)
        for policy in self._policies if not self._settings.category_name else ():
            self._crossed(found, policy)
        found.coverage = [self._coverage(pattern) for pattern in self._policy.allow]
        found.diagnosis = {"taken_for_unrelated": sorted(walks.hosts.guessed)}
        return found

    def _crossed(self, found: Findings, policy: str) -> None:
        """Rules that block a part of the audience and are below ours."""
        layer = self._walks.web.of(policy, ours=False)
        found.audience_widened += ["%s blocks a part of the audience and no longer applies to these hosts; move it above the rules for everybody, or "
                                   "narrow the audience" % rule.ref for rule in crossed(layer.shutting(self._policy.allow), layer.level)]

    # -- what is in force

    def _coverage(self, pattern: Pattern) -> Coverage:
        notes = []
        if pattern.kind == EXACT:
            notes.append("widened: its subdomains too")
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        cover = self._exempt.covering(pattern)
        if notes and self._settings.exempt_by == "exception" and cover is not None:
            notes[0] += " (the exemption is exact)"
        words = list(self._walks.allowed[pattern])
        if not self._holds(Ref(GROUP, self._settings.list), pattern):
            words.append(("no", ""))
        if not (self._settings.scan_conflicts and self._policies):
            words.append(("unchecked", ""))
        allowed = together(word for word, _why in words)
        exempt, by, reasons = self._exemption(cover)
        notes += self._reasons(words, allowed) + reasons
        if cover is None and self._walks.hosts.exempt_entries().intersection(names_above(pattern.name)):
            notes.append("widened: an entry above it leaves it undecrypted too")
        return coverage(pattern, allowed, exempt, "URL group %s" % self._settings.list, by, notes)

    @staticmethod
    def _reasons(words: list, word: str) -> list:
        """Why a pattern has this word."""
        return reasons(why for said, why in words if said == word and why)

    def _exemption(self, cover: Pattern | None) -> tuple:
        """(word, what exempts it, why not)"""
        if cover is None:
            return "not wanted", None, []
        if self._settings.exempt_by == "exception":
            word, ref = self._excepted(cover), Ref(EXCEPTION, self._settings.prefix)
            return word, str(ref) if word != "no" else None, ["%s is limited by more than hosts and exempt_sources" % ref] if word == "unchecked" else []
        words = self._walks.exempt[cover]
        if not self._walks.hosts.exempt_entries().intersection(names_above(cover.name)):
            return "no", None, self._reasons(words, "no")
        word = together(word for word, _why in words)
        return word, "URL group %s" % self._settings.exempt_group if word != "no" else None, self._reasons(words, word)

    def _excepted(self, cover: Pattern) -> str:
        """What our web exception does."""
        ref, native = Ref(EXCEPTION, self._settings.prefix), self._site.node(EXCEPTIONS, self._settings.prefix)
        obj = self._state.objects.get(ref)
        if obj is None or obj.fields["enabled"] != "on" or "decryption" not in obj.fields["skips"] or xml.regex(cover) not in obj.members["urls"]:
            return "no"
        columns = columns_of(WEB_EXCEPTION, xml.exception_node(ref.name, native, obj.fields, obj.members))
        for column in ("EnableURLRegex", "DomainList/URLRegex", "EnableSrcIP", "DomainList/SrcIp"):
            columns.get(column)
        sources, wanted = obj.members["sources"], frozenset(self._settings.exempt_sources)
        narrower = sources and not (wanted and wanted <= sources)
        return "unchecked" if columns.unread() or narrower else "yes"

    def _holds(self, ref: Ref, pattern: Pattern) -> bool:
        obj = self._state.objects.get(ref)
        return obj is not None and bool(obj.members["urls"].intersection(names_above(pattern.name)))
