# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a site cannot tell apart are judged as one: of 50,000, its rules name a few. Pure."""
from __future__ import annotations

import functools
from dataclasses import replace
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, Index, Pattern, names_above, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import ALLOW, EXEMPT
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.values import expressions_of

#: Before and behind a name where an expression is asked: about a name, the URL of a CONNECT, and one inside of a connection.
_ASKED = (("", ""), ("", ":443"), ("https://", "/"))


@functools.lru_cache(maxsize=8)
def index_of(members: frozenset) -> Index:
    """The patterns of a list. A run asks for the same few lists again and again."""
    return Index(parse(text) for text in members)


def lists_of(state: State) -> dict:
    """{Ref of a list of ours: the Index of what it holds}"""
    held = {ref: state.objects.get(ref) for ref in (ALLOW, EXEMPT)}
    return {ref: index_of(frozenset(obj.members["hosts"]) if obj else frozenset()) for ref, obj in held.items()}


class Alike:
    """``policy``: the one to judge, with one name for each set of those that no list and no ACL of the site tells apart."""

    def __init__(self, site: Site, policy: Policy, state: State):
        self._whole, self._members, self._first = policy, {}, {}
        lists, exempt = list(lists_of(state).values()), Index(policy.exempt)
        allowed, spared = set(policy.allow), set(policy.exempt)
        # Of those that are built in, which stand nowhere, none is about a host that is wanted.
        acls = [acl for acl in site.acls.values() if acl.type in columns.DESTINATION and acl.where]
        names = {value.lower().lstrip(".") for acl in acls if acl.type in columns.DOMAINS for value in acl.values}
        expressions = [expressions_of(acl) for acl in acls if acl.type in columns.EXPRESSIONS]
        for pattern in dict.fromkeys((*policy.allow, *policy.exempt)):
            key: object = pattern
            # What a wildcard covers, and what a rule of the site names, is told apart from all others.
            if pattern.kind == EXACT and names.isdisjoint(names_above(pattern.name)):
                key = (pattern in allowed, pattern in spared, exempt.covering(pattern) is not None, *(one.covering(pattern) is not None for one in lists),
                       *(one.level(pattern, *around) for one in expressions for around in _ASKED))
            first = self._first[pattern] = self._members.setdefault(key, [pattern])[0]
            if first is not pattern:
                self._members[key].append(pattern)
        self.policy = replace(policy, allow=self._firsts(policy.allow), exempt=self._firsts(policy.exempt))
        self._members = {members[0]: members for members in self._members.values()}

    def _firsts(self, patterns: Iterable[Pattern]) -> tuple:
        return tuple(pattern for pattern in patterns if self._first[pattern] == pattern)

    def spread(self, found: Assessment) -> Assessment:
        """What was found of ``policy``, as it is of all."""
        if len(self._members) == len(self._first):
            return found
        rows = {row.pattern: row for row in found.coverage}
        found.coverage = []
        for pattern in self._whole.allow:
            row = rows[str(self._first[pattern])]
            found.coverage.append(Coverage(str(pattern), row.allowed, row.exempt, row.allowed_by, row.exempt_by, row.note))
        texts = {str(first): tuple(map(str, members)) for first, members in self._members.items()}
        found.conflicts = [replace(one, hosts=self._all(one.hosts, texts)) for one in found.conflicts]
        found.losses = [replace(one, hosts=self._all(one.hosts, texts)) for one in found.losses]
        found.tenant_controls = [replace(one, hosts=self._all(one.hosts, self._members)) for one in found.tenant_controls]
        return found

    @staticmethod
    def _all(hosts: Iterable, members: dict) -> tuple:
        return tuple(member for host in hosts for member in members[host])
