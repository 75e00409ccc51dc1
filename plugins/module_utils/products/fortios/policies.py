# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall policies, and the rules of the transparent proxy, as they concern the people of one policy of the audience. No IO.

A column that restricts a policy just as it restricts the one of the audience takes nobody out. What the internet services, reputations, tags and times of
a policy hold only the device knows, so these columns are left unread.
"""
from __future__ import annotations

from typing import AbstractSet, Collection

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, SUBDOMAINS, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.columns import (
    IDENTITY, POLICY, PROXY_POLICY, WHEN, WHO,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.objects import (
    address_hits, address_level, flat, members, networks, packets_level, services_of,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, UNKNOWN, Hits, Layer, opposite,
)

#: What else a policy hands its traffic to, which may block it.
HANDS_ON = ("webproxy-forward-server", "isolator-server", "ztna-policy-redirect", "disclaimer", "wccp")
#: Profiles that may block a host by its name.
FILTERS = ("webfilter-profile", "dnsfilter-profile", "application-list", "casb-profile", "icap-profile")
_ELSEWHERE = ("explicit-web", "ftp", "ssh", "ssh-tunnel", "access-proxy", "ztna-proxy", "wanopt")


def is_on(value: object) -> bool:
    """Whether a column that names something, or enables it, does."""
    return value not in (None, "", "disable", [])


class Rulebase:
    """``rules`` from the top, as they concern the people of ``policy``; its ``layer`` says what they do with the hosts that these ask for by HTTPS."""

    def __init__(self, site: Site, policy: dict, rules: Collection[dict], schema: Schema = POLICY):
        self._site, self._policy, self._schema, self._own = site, policy, schema, flat(policy)
        self._ours = site.audience_policies()
        self._flat: dict = {}
        self._columns: dict = {}
        self._aims: dict = {}
        self._near: dict = {}
        self._served: dict = {}
        lets_through = policy.get("action") != "deny" and policy.get("status") != "disable"
        rules = [rule for rule in rules if rule.get("status") != "disable" and rule.get("proxy") not in _ELSEWHERE]
        # Where the policy lets a part through, or may, nobody can tell what becomes of the rest.
        self.layer = Layer(rules, self.people, self.hosts, self.effect, self.columns, DENY if schema is POLICY and not lets_through else UNKNOWN)

    def columns(self, rule: dict) -> Columns:
        """The Columns of a rule, the same object each time."""
        if id(rule) not in self._columns:
            self._flat[id(rule)] = flat(rule)
            self._columns[id(rule)] = Columns(self._schema, self._flat[id(rule)])
        return self._columns[id(rule)]

    # -- whom

    def people(self, rule: dict) -> int:
        """How far a rule is about the people of the policy."""
        columns, its = self.columns(rule), self._flat[id(rule)]
        same = WHO if rule is self._policy else WHO + WHEN
        for column in same:
            if column in self._schema.limits and _same(its.get(column), self._own.get(column)):
                columns.get(column)
        if self._schema is PROXY_POLICY and rule.get("proxy") == "transparent-web":
            columns.get("proxy")
        identities = [{(kind, name) for kind in IDENTITY if kind in self._schema.limits for name in of(kind) or ()}
                      for of in (self._own.get, columns.get)]
        between = [named(limits(self._own.get(column) or [], "any"), columns.get(column, []), apart=True) for column in ("srcintf", "dstintf")]
        return min(named(*identities), *between, self._sources(columns, its))

    def _sources(self, columns: Columns, its: dict) -> int:
        pairs = [(columns.get(one, []), bool(columns.get(one + "-negate") if one + "-negate" in self._schema.limits else None))
                 for one in ("srcaddr", "srcaddr6")]
        if all(_same(its.get(one), self._own.get(one)) for one in ("srcaddr", "srcaddr-negate", "srcaddr6", "srcaddr6-negate")):
            return SURE
        if any(is_on(its.get(one)) for one in ("internet-service-src", "internet-service6-src")):
            return MAY
        (names, negated), (names6, _negated6) = pairs
        level = SURE if not names else MAY if is_on(self._own.get("srcaddr-negate")) else self._among(names)
        level = opposite(level) if negated else level
        if names6 and (level == NO or not its.get("srcaddr")):
            return MAY
        return level

    def _among(self, names: list) -> int:
        """How far the addresses of a rule hold those of the policy."""
        own = limits(self._own.get("srcaddr") or [], "all")
        level = named(own, names)
        if level == SURE:
            return level
        mine, theirs = ([networks(row) for row in members(some, self._site.addresses, self._site.address_groups)] for some in (own, names))
        if any(found is None for found in mine + theirs):
            return MAY
        everybody = [one for found in theirs for one in found if one.prefixlen == 0]
        mine = [one for found in mine for one in found]
        return SURE if everybody else overlap(mine, [one for found in theirs for one in found]) if mine else MAY

    # -- what for

    def hosts(self, rule: dict, wanted: AbstractSet[Pattern]) -> Hits:
        """Which hosts a rule is about that are asked for by HTTPS."""
        columns, its = self.columns(rule), self._flat[id(rule)]
        if id(rule) not in self._aims:
            served = self._serves(columns, "tcp", (443,))
            self._aims[id(rule)] = {level: min(served, self._aimed(columns, its, level)) for level in (SURE, MAY, NO)}
        names, aims = columns.get("dstaddr", []), self._aims[id(rule)]
        if any(is_on(its.get(one)) for one in ("internet-service", "internet-service6")):
            return Hits(may=frozenset(wanted))
        found = self._aims_at(names, frozenset(wanted))
        parts = {SURE: found.sure, MAY: found.may, NO: wanted - found.all}
        return Hits(*(frozenset().union(*(part for level, part in parts.items() if aims[level] == said)) for said in (SURE, MAY)))

    def _aims_at(self, names: list, wanted: frozenset) -> Hits:
        """Which hosts the addresses of these names are about; no address stands for any."""
        rows: list = []
        for name in names:
            if (name, wanted) not in self._near:
                inside = members([name], self._site.addresses, self._site.address_groups)
                # Of a large group that many rules name few addresses are about any of these hosts.
                self._near[name, wanted] = bool(inside), [row for row in inside if address_hits(row, wanted) != Hits()]
            rows += self._near[name, wanted][1]
        if not any(self._near[name, wanted][0] for name in names):
            return Hits(wanted)
        found = [address_hits(row, wanted) for row in rows]
        sure, some = (frozenset().union(*parts) for parts in ([one.sure for one in found], [one.all for one in found]))
        # One address may hold the name itself, another all below it.
        sure |= {one for one in some - sure if one.kind == DOMAIN and all(
            any(address_level(row, Pattern(one.name, kind)) == SURE for row in rows) for kind in (EXACT, SUBDOMAINS))}
        return Hits(sure, some - sure)

    def packets(self, rule: dict, protocol: str, ports: Collection[int], destinations: Collection) -> int:
        """How far a rule is about packets to published networks."""
        columns, its = self.columns(rule), self._flat[id(rule)]
        served = self._serves(columns, protocol, ports)
        found = max((packets_level(row, destinations) for row in self._rows(columns)), default=SURE)
        if any(is_on(its.get(one)) for one in ("internet-service", "internet-service6")):
            return MAY
        return min(served, self._aimed(columns, its, found), self.layer.level(rule))

    def _rows(self, columns: Columns) -> list:
        return members(columns.get("dstaddr", []), self._site.addresses, self._site.address_groups)

    def _aimed(self, columns: Columns, its: dict, level: int) -> int:
        """What the addresses of IPv4 say, inverted if they are negated. These hosts may be reached by IPv6 too, where the policy has it."""
        if columns.get("dstaddr-negate"):
            level = opposite(level)
        six = columns.get("dstaddr6", [])
        if "dstaddr6-negate" in self._schema.limits:
            columns.get("dstaddr6-negate")
        if self._own.get("dstaddr6") and not six:
            return min(level, MAY)
        return MAY if six and (level == NO or not its.get("dstaddr")) else level

    def _serves(self, columns: Columns, protocol: str, ports: Collection[int]) -> int:
        names = columns.get("service", [])
        key = (*names, protocol, *ports)
        if key not in self._served:
            self._served[key] = services_of(self._site, names, protocol, ports)
        level = self._served[key]
        return opposite(level) if columns.get("service-negate") else level

    # -- what it does

    def text(self, rule: dict) -> str:
        """A rule in words: what it does, where to, and by which columns for others than the people of the policy."""
        its = restrictions(rule, self._schema)
        names = [(row or {}).get("fqdn") or (row or {}).get("name") or "an address that cannot be determined"
                 for row in members(its.get("dstaddr", []), self._site.addresses, self._site.address_groups)]
        other = [column for column in its if column not in ("dstaddr", "dstintf") and not _same(its[column], self._own.get(column))]
        what = "accept, with filters of its own," if rule.get("action") == "accept" else str(rule.get("action"))
        more = ["and %d more" % (len(names) - 10)] if len(names) > 10 else []
        return "%s %s%s" % (what, ", ".join([*sorted(names)[:10], *more]) or "everything", ", limited by %s" % ", ".join(sorted(other)) if other else "")

    def effect(self, rule: dict) -> str:
        """What a rule does. One that allows does no more when its filters are those of the policy; others may block what they allow."""
        action = rule.get("action")
        if action != "accept":
            return DENY if action == "deny" else UNKNOWN
        if any(rule is one for one in self._ours):
            return ALLOW
        same = all(not is_on(rule.get(column)) or rule.get(column) == self._policy.get(column) for column in HANDS_ON + ("http-policy-redirect",))
        return ALLOW if same and all(self._filters_alike(rule, kind) for kind in FILTERS) else UNKNOWN

    def _filters_alike(self, rule: dict, kind: str) -> bool:
        used = self._site.profile_of(rule, kind)
        if self._site.unread_group(rule):
            return False
        return not is_on(used) or any(used == self._site.profile_of(policy, kind) for policy in self._ours)


def _same(one: object, other: object) -> bool:
    """Whether two columns say the same, in whatever order."""
    def key(value: object) -> object:
        return sorted(map(str, value)) if isinstance(value, list) else None if value in (None, "", "disable") else value
    return key(one) == key(other) or (not is_on(one) and not is_on(other))


def restrictions(row: dict, schema: Schema = POLICY) -> dict:
    """{column: value} of what restricts a policy."""
    return {column: value for column, value in flat(row).items() if column not in schema.others and schema.restricts(column, value)}
