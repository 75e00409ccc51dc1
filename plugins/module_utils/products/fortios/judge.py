# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a VDOM means for a policy: layers of rules, each of which can block a host. Reads nothing and writes nothing.

The policies decide first, for the people of each one of the audience; then its filters: DNS, application control, URL filter and category, CASB. A layer that
was not read, or that only may block, makes coverage "unchecked".
"""
from __future__ import annotations

from typing import Callable, Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios import controls, voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.columns import (
    APPLICATION_LIST, CASB_APPLICATION, DNS_PROFILE, PROXY_POLICY, WEB_PROFILE,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.filters import (
    Applications, DomainRows, UrlRows, category_shuts, used_tables,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.inspection import Inspection
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.objects import restricting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.policies import HANDS_ON, Rulebase, is_on
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import Hits, Layer, crossed

#: Of a web filter profile what looks at content, which exempt traffic does not show.
_CONTENT = ("web.bword-table", "web.content-header-list", "antiphish.status", "post-action")


class Assessor:
    """What a State of this VDOM means for a policy."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._found = Findings(product="fortios", protected=settings.protected)
        self._inspection = Inspection(settings, site, policy, state)
        #: Pattern to what each layer says of it: (word of coverage, why).
        self._words: dict = {pattern: [] for pattern in policy.allow}
        self._looked = settings.scan_conflicts and bool(site.audience_policies())

    def assess(self) -> Assessment:
        """Every layer in turn, then who else is reached and what is lost."""
        found, site, state = self._found, self._site, self._state
        found.resolve_borrowed(state.objects.values())
        tables = used_tables(self._settings, site, state)
        for table in dict.fromkeys(tables.values()):
            self._url_filter(table)
        if self._settings.scan_conflicts:
            for policy in site.audience_policies():
                self._policies(policy)
                self._filters(policy)
            if not site.profile_based:
                self._doubt("the NGFW mode", "it is not profile-based, or was not read", "check the security policies")
            for name in tables:
                self._profile("web filter profile %s" % name, WEB_PROFILE, site.web_profiles[name], content=_CONTENT)
        controls.conflicts(self._settings, site, self._policy, found)
        found.audience_widened += controls.widened(self._settings, site, self._policy, tables)
        controls.losses(self._settings, site, self._policy, found)
        found.tenant_controls += controls.tenant_controls(site, self._policy, tables)
        found.coverage = [self._coverage(pattern, tables) for pattern in self._policy.allow]
        for media in self._policy.media:
            voice.assess(site, media, found)
        return found

    # -- conflicts

    def _ask(self, layer: Layer, name: Callable, told: Callable, rest: str) -> None:
        """What a layer says of each pattern; ``name(rule)`` for the note, ``rest`` for what no rule decides."""
        answer = layer.ask(self._policy.allow, told)
        for pattern in self._policy.allow:
            word, note = answer.said(pattern, name)
            self._words[pattern].append((word, note or rest))

    def _doubt(self, where: str, text: str, opens: str, patterns: Iterable[Pattern] | None = None) -> None:
        """Something besides the rules may block patterns."""
        patterns = list(self._policy.allow if patterns is None else patterns)
        self._found.conflict(Ref("filter", "%s: %s" % (where, text)), "deny", where, text, texts(patterns), False, opens=opens)
        for pattern in patterns:
            self._words[pattern].append(("unchecked", "%s may block it" % where))

    def _url_filter(self, name: str | None) -> None:
        filters = UrlRows(self._site, self._state, name, category_shuts(self._site, name))

        def told(ref: Ref, hits: Hits) -> None:
            if ref != filters.ours:
                self._row(filters, ref, hits)
        self._ask(filters.layer, lambda ref: "the category filter, to which the rows of this collection pass it on," if ref == filters.ours else str(ref), told,
                  "no row of this collection matches it, and the category filter may block it")
        order = filters.layer.rules
        below = frozenset(order[order.index(filters.ours):] if filters.ours in order else ())
        for ref in crossed([ref for ref in filters.shutting(self._policy.allow) if ref in below], filters.part):
            self._found.audience_widened.append("%s blocks some requests and would no longer apply to these hosts: column %s"
                                                % (ref, ", ".join(filters.columns(ref).unread())))

    def _row(self, filters: UrlRows | DomainRows, ref: Ref, hits: Hits) -> None:
        remedy = (Change(ref, UPDATE, {"status": ("enable", "disable")}),)
        self._found.conflict(ref, "deny", str(ref), filters.text(ref), texts(hits.sure or hits.all), bool(hits.sure), remedy,
                             "every other host that this row blocks", ref.name, filters.layer.doubts(ref))

    def _policies(self, policy: dict) -> None:
        site, name = self._site, self._site.policy_name(policy)
        base = Rulebase(site, policy, site.down_to(policy))
        why = "; ".join(["no policy certainly allows it for the users of %s" % name, *base.layer.doubts(policy)])
        self._rules("policy %s", base, why)
        self._inspection.ask(base)
        if policy in site.redirecting():
            proxy = Rulebase(site, policy, site.proxy_policies, PROXY_POLICY)
            self._rules("proxy policy %s", proxy, "no rule of the transparent proxy certainly allows it for the users of %s" % name)
            self._inspection.ask(proxy)
        if policy.get("status") == "disable":
            self._conflict("policy", "policy %s" % name, "it is disabled", self._policy.allow, True, "enable it")
        for column in (column for column in HANDS_ON if is_on(policy.get(column))):
            self._doubt("%s of policy %s" % (column, name), "passes the traffic on", "check the rules there")

    def _rules(self, form: str, base: Rulebase, rest: str) -> None:
        def where(rule: dict) -> str:
            return form % self._site.policy_name(rule)

        def told(rule: dict, hits: Hits) -> None:
            self._conflict("policy", where(rule), base.text(rule), hits.sure or hits.may, bool(hits.sure),
                           "remove these addresses from the policy, or move it down", base.layer.doubts(rule))
        self._ask(base.layer, where, told, rest)

    def _filters(self, policy: dict) -> None:
        """What the other filters of a policy of the audience do."""
        site, name = self._site, self._site.policy_name(policy)
        web = site.profile_of(policy, "webfilter-profile")
        if site.unread_group(policy):
            self._doubt("profile group %s" % policy.get("profile-group"), "it was not read", "check which profiles it has")
        if web and web not in site.web_profiles:
            self._profile("web filter profile %s" % web, WEB_PROFILE, None)
        dns, applications, used = (site.profile_of(policy, kind) for kind in ("dnsfilter-profile", "application-list", "casb-profile"))
        if dns:
            self._dns(dns)
        if applications:
            where = "application list %s" % applications
            entries = Applications(site, site.applications.get(applications, {}))

            def told(entry: dict, hits: Hits) -> None:
                self._conflict("application", "%s, entry %s" % (where, entry.get("id")), "%s, for policy %s" % (entries.text(entry), name), hits.all,
                               False, "remove ChatGPT from the entry, and check which application the device identifies", entries.layer.doubts(entry))
            self._ask(entries.layer, lambda entry: "%s, entry %s" % (where, entry.get("id")), told, "")
            self._profile(where, APPLICATION_LIST, site.applications.get(applications))
        for application, patterns in controls.casb(site, used, self._decrypted(self._policy.allow)):
            self._profile("%s of the CASB profile %s" % (application.get("name"), used), CASB_APPLICATION, application, patterns)
        if used and used not in site.casb_profiles:
            self._profile("CASB profile %s" % used, CASB_APPLICATION, None, self._decrypted(self._policy.allow))
        icap = site.profile_of(policy, "icap-profile")
        if icap:
            self._doubt("ICAP profile %s" % icap, "an external server decides", "check the rules there", self._decrypted(self._policy.allow))

    def _dns(self, name: str) -> None:
        site, profile = self._site, self._site.dns_profiles.get(name)
        number = ((profile or {}).get("domain-filter") or {}).get("domain-filter-table")
        for table in (table for table in site.domain_filters if number and table["id"] == number):
            rows = DomainRows(self._state, table)
            self._ask(rows.layer, str, lambda ref, hits, rows=rows: self._row(rows, ref, hits), "")
        off = "ftgd-disable" in str(((profile or {}).get("ftgd-dns") or {}).get("options")).split()
        self._profile("DNS filter profile %s" % name, DNS_PROFILE, profile, but=("ftgd-dns.filters[].action",) if off else ())

    def _profile(self, where: str, schema: Schema, profile: dict | None, patterns: Collection[Pattern] | None = None, content: tuple = (),
                 but: tuple = ()) -> None:
        """What a profile may block by its own columns; of ``content`` what is decrypted alone; all where it could not be read."""
        columns = [column for column in sorted(set(restricting(schema, profile or {}))) if column not in but]
        for some, hosts in (([one for one in columns if one not in content], patterns),
                            ([one for one in columns if one in content], self._decrypted(self._policy.allow))):
            if some:
                self._doubt(where, "column %s" % ", ".join(some), "only the device knows whether it blocks these hosts", hosts)
        if profile is None:
            self._doubt(where, "it was not read", "check it", patterns)

    def _decrypted(self, patterns: Iterable[Pattern]) -> list:
        return [pattern for pattern in patterns if self._inspection.word(pattern)[0] != "yes"] if self._site.inspecting_profiles() else []

    def _conflict(self, kind: str, where: str, text: str, hosts: Collection, certain: bool, opens: str, doubts: Iterable[str] = ()) -> None:
        """One that only an administrator can resolve."""
        self._found.conflict(Ref(kind, where), "deny", where, text, texts(hosts), certain, opens=opens, doubts=doubts)

    # -- what is in force

    def _coverage(self, pattern: Pattern, tables: dict) -> Coverage:
        notes = ["widened: *.%s is assumed to match %s itself as well" % (pattern.name, pattern.name)] if pattern.kind == "subdomains" else []
        notes += self._inspection.notes(pattern)
        words = [word for word, _why in self._words[pattern]]
        if not self._looked:
            words.append("unchecked")
        allowed = together(words)
        notes += dict.fromkeys(why for word, why in self._words[pattern] if word == allowed and word != "yes")
        exempt, by = self._inspection.word(pattern)
        used = ", ".join(sorted({table for table in tables.values() if table}))
        return coverage(pattern, allowed, exempt, "URL filter %s" % used if used else "no web filter", by, notes)
