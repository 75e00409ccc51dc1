# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a site cannot tell apart are judged as one: of 50,000, its rules name a few. Pure."""
from __future__ import annotations

from dataclasses import replace
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import ALLOW, EXEMPT, inside, wide_names
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.values import expressions_of

#: Before and behind a name where an expression is asked: about a name, the URL of a CONNECT, and one inside of a connection.
_ASKED = (("", ""), ("", ":443"), ("https://", "/"))


class Held:
    """The members of a list of ours, as texts: an Index would be made of 50,000 objects to be asked about a few."""

    def __init__(self, members: frozenset):
        self.members = members

    def covering(self, pattern: Pattern) -> str | None:
        """A member that covers ``pattern``."""
        for name in names_above(pattern.name):
            own = name == pattern.name
            found = [text for text, holds in (("." + name, True), ("*." + name, not own or pattern.kind == SUBDOMAINS), (name, own and pattern.kind == EXACT))
                     if holds and text in self.members]
            if found:
                return found[0]
        return None


def lists_of(state: State) -> dict:
    """{Ref of a list of ours: what it holds}"""
    held = {ref: state.objects.get(ref) for ref in (ALLOW, EXEMPT)}
    return {ref: Held(frozenset(obj.members["hosts"]) if obj else frozenset()) for ref, obj in held.items()}


class Alike:
    """``policy``: the one to judge, with one name for each set of those that no list and no ACL of the site tells apart."""

    def __init__(self, site: Site, policy: Policy, state: State):
        self._whole, self._members, self._sets = policy, {}, {}
        self._allowed, self._spared = ({p.name for p in some if p.kind == EXACT} for some in (policy.allow, policy.exempt))
        lists = [held.members for held in lists_of(state).values()]
        # Of those that are built in, which stand nowhere, none is about a host that is wanted.
        acls = [acl for acl in site.acls.values() if acl.type in columns.DESTINATION and acl.where]
        # What a rule of the site names, and what a wildcard covers, is told apart from all others.
        self._apart = {value.lower().lstrip(".") for acl in acls if acl.type in columns.DOMAINS for value in acl.values}
        self._apart.update(p.name for p in policy.exempt if p.kind != EXACT)
        self._apart.update(*(wide_names(members) for members in lists))
        self._lists, self._expressions = lists, [expressions_of(acl) for acl in acls if acl.type in columns.EXPRESSIONS]
        self._near: dict = {}
        self._first = [self._place(pattern) for pattern in policy.allow]
        # Most of what is exempt is allowed as well, and has its place.
        places = {pattern.name: first for pattern, first in zip(policy.allow, self._first) if pattern.kind == EXACT}
        spared = [places.get(pattern.name) if pattern.kind == EXACT and pattern.name in places else self._place(pattern) for pattern in policy.exempt]
        self.policy = replace(policy, allow=_once(self._first), exempt=_once(spared))

    def _place(self, pattern: Pattern) -> Pattern:
        """The first of the set that it belongs to."""
        name = pattern.name
        above = name[name.find(".") + 1:]
        near = self._near.get(above)
        if near is None:
            near = self._near[above] = above in self._apart or inside(above, self._apart)
        if near or pattern.kind != EXACT or name in self._apart:
            self._members[pattern] = {name: pattern}
            return pattern
        first, second = self._lists
        key = (name in self._allowed, name in self._spared, name in first, name in second)
        if self._expressions:
            key += tuple(one.level(pattern, *around) for one in self._expressions for around in _ASKED)
        known = self._sets.get(key)
        if known is None:
            known = self._sets[key] = pattern, {}
            self._members[pattern] = known[1]
        known[1][name] = pattern
        return known[0]

    def spread(self, found: Assessment) -> Assessment:
        """What was found of ``policy``, as it is of all."""
        if len(self.policy.allow) == len(self._whole.allow) and len(self.policy.exempt) == len(self._whole.exempt):
            return found
        rows = {row.pattern: row for row in found.coverage}
        found.coverage = [row if pattern is first else _row(str(pattern), row)
                          for pattern, first in zip(self._whole.allow, self._first) for row in (rows[str(first)],)]
        members = {first: tuple(some.values()) for first, some in self._members.items()}
        texts = {str(first): tuple(map(str, some)) for first, some in members.items()}
        found.conflicts = [replace(one, hosts=_all(one.hosts, texts)) for one in found.conflicts]
        found.losses = [replace(one, hosts=_all(one.hosts, texts)) for one in found.losses]
        found.tenant_controls = [replace(one, hosts=_all(one.hosts, members)) for one in found.tenant_controls]
        return found


def _row(pattern: str, like: Coverage) -> Coverage:
    return Coverage(pattern, like.allowed, like.exempt, allowed_by=like.allowed_by, exempt_by=like.exempt_by, note=like.note)


def _all(hosts: Iterable, members: dict) -> tuple:
    return tuple(member for host in hosts for member in members[host])


def _once(patterns: Iterable[Pattern]) -> tuple:
    """Each object once: of equal patterns one stands for all."""
    return tuple({id(pattern): pattern for pattern in patterns}.values())
