# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a VDOM means for a policy. Reads nothing and writes nothing.

Precedence (ta-261349, ta-206632): rows of the URL filter from the top, first match; only ``exempt`` with ``fortiguard`` beats a category
that is blocked. Deny policies, a DNS filter and application control are asked besides.
"""
from __future__ import annotations

from typing import Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import (
    BUILT_IN, DNS_ROW, EXEMPTION, GROUP, LINK, ROW, TABLE, Settings, Site, row_hits, row_name,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.ratings import LOCAL, RATING, foreign
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.voice import (
    about, accepting, denies_below, names, takes,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import SURE, crossed, held

_CONTROLS = {"av-profile": "av", "dlp-profile": "dlp", "dlp-sensor": "dlp", "file-filter-profile": "file_control", "casb-profile": "casb"}
#: What a URL filter row of action exempt skips besides the category, and the control that is lost by it.
_FLAGS = {"av": "av", "dlp": "dlp", "all": "av"}
#: OpenAI.ChatGPT and OpenAI.ChatGPT_File.Upload; which of the two 56684 is, sources do not agree on.
SIGNATURES = (56684,)


def blocking_rows(site: Site, state: State, table: str, policy: Policy) -> frozenset:
    """Refs of the blocking rows of a URL filter that may match a wanted host."""
    found = set()
    for ref, row in _rows(site, state, table):
        if any(row_hits(row["type"], row["url"], pattern) for pattern in policy.allow):
            found.add(ref)
    return frozenset(found)


def _rows(site: Site, state: State, name: str) -> Iterator[tuple]:
    """(Ref, row as read) of the blocking rows of a URL filter that are enabled in ``state``, in their order."""
    table, seen = site.table(name), []
    for row in (table or {}).get("entries") or []:
        if row["action"] == "block":
            ref = Ref(ROW, row_name(table, row, seen))
            seen.append(ref)
            if ref in state.objects and state.objects[ref].fields["status"] == "enable":
                yield ref, row


class Assessor:
    """What a State of this VDOM means for a policy."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._found = Findings(product="fortios", protected=settings.protected)
        self._exempt = Index(policy.exempt)
        self._blocked: dict = {}
        #: Patterns that something denies for a part of the people, or for a service that may be another one.
        self._doubted: dict = {}

    def assess(self) -> Assessment:
        found, state = self._found, self._state
        found.resolve(ref for ref, obj in state.objects.items() if obj.borrowed and obj.fields["status"] == "disable")
        tables = self._tables()
        for name in {name for name in tables.values() if name}:
            self._url_rows(name)
        self._dns_rows()
        self._deny_policies()
        self._other_controls()
        self._foreign_ratings()
        self._audience(tables)
        self._losses()
        self._tenant_controls()
        found.coverage = [self._coverage(pattern, tables) for pattern in self._policy.allow]
        for media in self._policy.media:
            self._media(media)
        proxied = self._site.by_address()
        if proxied and self._policy.exempt and self._site.inspecting_profiles():
            found.audience_widened.append(
                "in proxy mode (%s) an exemption by wildcard FQDN goes by address: other sites at the same addresses are not decrypted either"
                % ", ".join(proxied))
        return found

    def _tables(self) -> dict:
        """{named web filter profile: the URL filter that it uses in this State, or None}"""
        tables = {}
        for name in self._site.named_web_profiles():
            table = self._site.table_of(self._site.web_profiles[name])
            linked = self._state.objects.get(Ref(LINK, name))
            own = table is not None and table["name"] == self._settings.prefix
            tables[name] = linked.fields["table"] if linked else None if own and Ref(TABLE, self._settings.prefix) not in self._state.objects else \
                table["name"] if table else None
        return tables

    # -- what stands in the way

    def _url_rows(self, name: str) -> None:
        order = self._state.rules.get("url filter %s" % name, ())
        ours = order.index(Ref(TABLE, name)) if Ref(TABLE, name) in order else len(order)
        for ref, row in _rows(self._site, self._state, name):
            if order.index(ref) < ours:
                self._row_conflict(ref, row["type"], row["url"])

    def _dns_rows(self) -> None:
        used = {self._site.profile_of(policy, "dnsfilter-profile") for policy in self._site.named_policies()}
        numbers = {(profile.get("domain-filter") or {}).get("domain-filter-table") for name, profile in self._site.dns_profiles.items() if name in used}
        for table in self._site.domain_filters:
            seen: list = []
            for row in table.get("entries") or []:
                if row["action"] == "block":
                    ref = Ref(DNS_ROW, row_name(table, row, seen, "domain"))
                    seen.append(ref)
                    if table["id"] in numbers and self._state.objects[ref].fields["status"] == "enable":
                        self._row_conflict(ref, row["type"], row["domain"])

    def _row_conflict(self, ref: Ref, kind: str, url: str) -> None:
        hit = [pattern for pattern in self._policy.allow if row_hits(kind, url, pattern)]
        for pattern in hit:
            self._blocked.setdefault(pattern, ref)
        self._found.conflict(ref, "deny", str(ref), "%s %s block" % (kind, url), hit, True, (Change(ref, UPDATE, {"status": ("enable", "disable")}),),
                             "every other host that this row blocks", ref.name)

    def _deny_policies(self) -> None:
        """Policies that deny by FQDN addresses before the named ones are asked."""
        for policy in self._site.denies_above():
            below = self._site.policies[self._site.policies.index(policy):]
            certain = set(names(policy.get("service")) or ["ALL"]) & {"ALL", "HTTPS"} and all(
                about(policy, one) == SURE for one in self._site.named_policies() if one in below)
            fqdns = self._site.fqdns(names(policy.get("dstaddr")))
            hit = [pattern for pattern in self._policy.allow if any(row_hits("wildcard", fqdn, pattern) for fqdn in fqdns)]
            where = "policy %s" % self._site.policy_name(policy)
            for pattern in hit:
                (self._blocked if certain else self._doubted).setdefault(pattern, where)
            self._conflict("policy", "deny", where, "deny %s" % ", ".join(fqdns), hit, bool(certain),
                           "take these addresses out of the policy, or move it below")

    def _media(self, media: Media) -> None:
        named = self._site.named_policies()
        if not named:
            self._found.manual.append("voice (%s): name policies in audience to have it opened; a web filter profile does not say for whom" % media)
            return
        if any(":" in one for one in media.destinations):
            self._found.manual.append("voice (%s): its IPv6 addresses are left out; add a policy for them" % media)
        for policy in named:
            name = self._site.policy_name(policy)
            if policy not in accepting(self._site):
                self._found.manual.append("voice (%s): policy %s denies or is switched off, so nothing is opened beside it" % (media, name))
                continue
            for deny in crossed(denies_below(self._site, policy, media), lambda deny, policy=policy: about(deny, policy)):
                self._found.audience_widened.append("policy %s denies a part of the people of %s and would no longer be asked for voice; move it above "
                                                    "the denies for everybody" % (self._site.policy_name(deny), name))
        last = max(self._site.policies.index(policy) for policy in named)
        for deny in self._site.policies[:last]:
            if any(takes(self._site, deny, policy, media) for policy in named if self._site.policies.index(deny) < self._site.policies.index(policy)):
                where = "policy %s" % self._site.policy_name(deny)
                everyone = names(deny.get("srcaddr")) in ([], ["all"]) and not deny.get("groups") and not deny.get("users")
                self._conflict("voice", "deny", where, "deny, before the named policies", [media.id], everyone,
                               "let %s through there, or move it below" % media)

    def _other_controls(self) -> None:
        for policy in self._site.named_policies():
            name = self._site.policy_name(policy)
            profile = self._site.applications.get(self._site.profile_of(policy, "application-list"), {})
            for entry in profile.get("entries") or []:
                numbers = [part.get("id") for part in entry.get("application") or []]
                if entry.get("action") == "block" and set(numbers) & set(SIGNATURES):
                    where = "application list %s, entry %s" % (profile["name"], entry.get("id"))
                    self._conflict("application", "deny", where, "blocks the signature of ChatGPT for policy %s" % name, self._policy.allow, False,
                                   "take the signature out of the entry, or put an entry that passes it above")
            options = str(self._site.web_profiles.get(self._site.profile_of(policy, "webfilter-profile"), {}).get("options") or "")
            decrypted = [p for p in self._policy.allow if self._exempt.covering(p) is None]
            if "cookiefilter" in options.split() and decrypted and "activex-java-cookie" not in self._settings.url_filter_exempt:
                where = "web filter profile %s" % self._site.profile_of(policy, "webfilter-profile")
                self._conflict("cookies", "cookies", where, "options cookiefilter", decrypted, True, "add activex-java-cookie to url_filter_exempt")

    def _foreign_ratings(self) -> None:
        for host, category in sorted(foreign(self._site, self._policy.exempt).items()):
            where = "rating override %s" % host
            self._conflict("rating", "decrypt", where, "the site rates it into category %s" % category, [host], True,
                           "remove that rating, or exempt its category")

    def _conflict(self, kind: str, effect: str, where: str, text: str, hosts: Iterable, certain: bool, opens: str) -> None:
        """One that only a person can resolve."""
        self._found.conflict(Ref(kind, where), effect, where, text, hosts, certain, opens=opens)

    # -- who else is reached, and what is lost

    def _audience(self, tables: dict) -> None:
        site, named = self._site, {self._site.policy_name(policy) for policy in self._site.named_policies()}
        for kind, profiles in (("webfilter-profile", site.named_web_profiles()), ("ssl-ssh-profile", site.inspecting_profiles())):
            for policy in site.policies:
                used, name = site.profile_of(policy, kind), site.policy_name(policy)
                if named and used in profiles and name not in named and policy.get("status") != "disable" and not (
                        kind == "ssl-ssh-profile" and self._settings.clone_builtin):
                    self._found.audience_widened.append("policy %s uses the %s %s too" % (name, kind.replace("-", " "), used))
        shared = {name for name in tables.values() if name and name != self._settings.prefix}
        for name, profile in site.web_profiles.items():
            table = site.table_of(profile)
            if table is not None and table["name"] in shared and name not in tables:
                self._found.audience_widened.append("the web filter profile %s uses the URL filter %s too" % (name, table["name"]))

    def _losses(self) -> None:
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        inspecting = self._site.inspecting_profiles()
        for policy in self._site.named_policies():
            if not hosts or self._site.profile_of(policy, "ssl-ssh-profile") not in inspecting:
                continue
            for field, control in _CONTROLS.items():
                used = self._site.profile_of(policy, field)
                if used:
                    self._found.lose(control, "%s %s of policy %s" % (field, used, self._site.policy_name(policy)), hosts)
        skipped = {_FLAGS[flag] for flag in self._settings.url_filter_exempt if flag in _FLAGS}
        for control in sorted(skipped):
            self._found.lose(control, "url_filter_exempt", tuple(str(pattern) for pattern in self._policy.allow))

    def _tenant_controls(self) -> None:
        """Web proxy profiles that add the workspace header to requests, which needs decryption (fortinet.fortios, web_proxy_profile)."""
        hosts = tuple(pattern for pattern in self._policy.exempt if pattern.matches("chatgpt.com") or pattern.matches("x.chatgpt.com"))
        for policy in self._site.named_policies():
            used = policy.get("webproxy-profile")
            headers = self._site.proxy_profiles.get(used, {}).get("headers") or []
            if hosts and any(str(header.get("name") or "").lower() == WORKSPACE_HEADER and header.get("action") == "add-to-request" for header in headers):
                self._found.tenant_controls.append(TenantControl("web proxy profile %s of policy %s" % (used, self._site.policy_name(policy)), hosts))

    # -- what is in force

    def _coverage(self, pattern: Pattern, tables: dict) -> Coverage:
        notes = ["widened: *.%s also matches %s itself, by the wider reading" % (pattern.name, pattern.name)] if pattern.kind == "subdomains" else []
        if self._settings.exempt_by == "local_category" and pattern.kind != "exact" and self._exempt.covering(pattern) is not None:
            notes.append("exempt by the rating of %s, which is taken to hold for its subdomains" % pattern.name)
        allowed = "yes"
        for table in tables.values():
            ours = self._state.objects.get(Ref(TABLE, table)) if table else None
            if ours is None or not _holds(ours.members["entries"], pattern):
                allowed = "no"
        blocker = self._blocked.get(pattern)
        if blocker is not None:
            allowed, notes = "no", notes + ["%s blocks it" % blocker]
        doubt = self._doubted.get(pattern)
        if doubt is not None and allowed == "yes":
            allowed, notes = "unchecked", notes + ["%s denies it to somebody, or for another service" % doubt]
        if allowed == "yes" and not self._settings.scan_conflicts:
            allowed = "unchecked"
        exempt, by = self._exemption(pattern)
        used = ", ".join(sorted({table for table in tables.values() if table}))
        return coverage(pattern, allowed, exempt, "URL filter %s" % used if used else "no web filter", by, notes)

    def _exemption(self, pattern: Pattern) -> tuple:
        """(word of coverage, by what)"""
        if self._exempt.covering(pattern) is None:
            return "not wanted", None
        inspecting = self._site.inspecting_profiles()
        if not inspecting:
            return "yes", "nothing is decrypted for these policies"
        rows = [self._settings.clone_builtin if name in BUILT_IN and self._settings.clone_builtin else name for name in inspecting]
        by = LOCAL if self._settings.exempt_by == "local_category" else GROUP
        linked = [self._state.objects.get(Ref(EXEMPTION, name)) for name in rows]
        held = self._listed(by, pattern) and all(one is not None and by in one.fields["by"] for one in linked)
        return ("yes", "%s %s" % (by, self._settings.prefix)) if held else ("no", None)

    def _listed(self, by: str, pattern: Pattern) -> bool:
        if by == LOCAL:
            rating = self._state.objects.get(Ref(RATING, pattern.name))
            return rating is not None and rating.fields == {"rating": self._settings.prefix, "status": "enable"}
        group = self._state.objects.get(Ref(GROUP, self._settings.prefix))
        return group is not None and _holds(group.members["member"], pattern)


def _holds(entries: Iterable[str], pattern: Pattern) -> bool:
    return bool(held(map(parse_if, entries), [pattern]).sure)
