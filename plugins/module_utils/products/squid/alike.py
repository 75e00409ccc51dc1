# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that the configuration does not distinguish are judged as one: of 50,000 its rules name only a few. Pure."""
from __future__ import annotations

from dataclasses import replace
from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Pattern, covers, names_above, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import ALLOW, EXEMPT, excepted, inside, wide_names
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.values import expressions_of

#: Text before and after a name that an expression is matched with: a name, the URL of a CONNECT, and a URL inside a connection.
_ASKED = (("", ""), ("", ":443"), ("https://", "/"))


class Held:
    """The members of a managed list, as texts: an Index would need 50,000 objects to look up a few. ``excepted``: the exceptions from it."""

    def __init__(self, members: frozenset = frozenset(), excepted: frozenset = frozenset()):
        self.members, self.excepted = members, excepted

    def covering(self, pattern: Pattern) -> str | None:
        """A member that covers ``pattern``."""
        for name in names_above(pattern.name):
            own = name == pattern.name
            found = [text for text, holds in (("." + name, True), ("*." + name, not own or pattern.kind == SUBDOMAINS), (name, own and pattern.kind == EXACT))
                     if holds and text in self.members]
            if found:
                return found[0]
        return None

    def taken_out(self, pattern: Pattern) -> tuple[list, list]:
        """The exceptions that cover all of ``pattern``, and those that cover, or may cover, a part of it."""
        whole, part = [], []
        for text in sorted(self.excepted):
            exception = parse_if(text)
            if exception is None:
                part.append(text)
            # For Squid the asterisk is a literal character, which no name has.
            elif exception.kind != SUBDOMAINS and covers(exception, pattern):
                whole.append(text)
            elif exception.kind != SUBDOMAINS and covers(pattern, exception):
                part.append(text)
        return whole, part


def lists_of(state: State) -> dict:
    """{Ref of a managed list: its members}"""
    held = {ref: state.objects.get(ref) for ref in (ALLOW, EXEMPT)}
    return {ref: Held(frozenset(obj.members["hosts"]), excepted(obj)) if obj else Held() for ref, obj in held.items()}


class Alike:
    """``policy``: the policy to judge, with one name for each set of names that no list and no ACL distinguishes."""

    def __init__(self, site: Site, policy: Policy, state: State):
        self._whole, self._members, self._sets = policy, {}, {}
        self._allowed, self._spared = ({p.name for p in some if p.kind == EXACT} for some in (policy.allow, policy.exempt))
        held = lists_of(state).values()
        lists = [one.members for one in held]
        # Built-in ACLs, which are not in the files, never match a wanted host.
        acls = [acl for acl in site.acls.values() if acl.type in columns.DESTINATION and acl.where]
        # Names that an existing ACL mentions, and names below a wildcard, are judged separately.
        self._apart = {value.lower().lstrip(".") for acl in acls if acl.type in columns.DOMAINS for value in acl.values}
        self._apart.update(p.name for p in policy.exempt if p.kind != EXACT)
        self._apart.update(*(wide_names(members) for members in lists), *({text.lstrip(".") for text in one.excepted} for one in held))
        self._lists, self._expressions = lists, [expressions_of(acl) for acl in acls if acl.type in columns.EXPRESSIONS]
        self._near: dict = {}
        self._first = self._places(policy.allow)
        # Most exempt names are allowed as well, and already have a place.
        places = {pattern.name: first for pattern, first in zip(policy.allow, self._first) if pattern.kind == EXACT}
        left = [pattern for pattern in policy.exempt if pattern.kind != EXACT or pattern.name not in places]
        spared = [places[pattern.name] for pattern in policy.exempt if pattern.kind == EXACT and pattern.name in places] + self._places(left)
        self.policy = replace(policy, allow=_once(self._first), exempt=_once(spared))

    def _places(self, patterns: Iterable[Pattern]) -> list:
        """For each pattern, the first of the set that it belongs to."""
        found, near_names, apart, expressions = [], self._near, self._apart, self._expressions
        names, some = {pattern.name for pattern in patterns if pattern.kind == EXACT}, (self._allowed, self._spared, *self._lists)
        # A list that contains all of them, or none, distinguishes nothing.
        held = tuple(True if names <= one else False if names.isdisjoint(one) else None for one in some)
        mixed = None in held
        for pattern in patterns:
            name = pattern.name
            above = name[name.find(".") + 1:]
            near = near_names.get(above)
            if near is None:
                near = near_names[above] = above in apart or inside(above, apart)
            if near or pattern.kind != EXACT or name in apart:
                self._members[id(pattern)] = [pattern]
                found.append(pattern)
                continue
            key = tuple(name in one if told is None else told for told, one in zip(held, some)) if mixed else held
            if expressions:
                key += tuple(one.level(pattern, *around) for one in expressions for around in _ASKED)
            known = self._sets.get(key)
            if known is None:
                known = self._sets[key] = self._members[id(pattern)] = [pattern]
            else:
                known.append(pattern)
            found.append(known[0])
        return found

    def spread(self, found: Assessment) -> Assessment:
        """The assessment of ``policy``, extended to all names."""
        if len(self.policy.allow) == len(self._whole.allow) and len(self.policy.exempt) == len(self._whole.exempt):
            return found
        found = _Spread(self._rows, **vars(found))
        if found.conflicts or found.losses or found.tenant_controls:
            members = {some[0]: tuple(some) for some in self._members.values()}
            texts = {str(first): tuple(map(str, some)) for first, some in members.items()}
            found.conflicts = [replace(one, hosts=_all(one.hosts, texts)) for one in found.conflicts]
            found.losses = [replace(one, hosts=_all(one.hosts, texts)) for one in found.losses]
            found.tenant_controls = [replace(one, hosts=_all(one.hosts, members)) for one in found.tenant_controls]
        return found

    def _rows(self, few: list) -> list:
        rows = {id(first): row for first, row in zip(self.policy.allow, few)}
        return [rows[id(first)].about(str(pattern)) if pattern is not first else rows[id(first)] for pattern, first in zip(self._whole.allow, self._first)]


class _Spread(Assessment):
    """The rows are created on demand: a run needs those of the predicted state, not those of the state that it read."""

    def __init__(self, spread: Callable[[list], list] = list, coverage: Iterable = (), **found: object):
        self._spread, self._made = spread, None
        super().__init__(coverage=coverage, **found)

    @property
    def coverage(self) -> list:
        """A row for each pattern."""
        if self._made is None:
            self._made = self._spread(self._few)
        return self._made

    @coverage.setter
    def coverage(self, rows: list) -> None:
        self._few, self._made = rows, None


def _all(hosts: Iterable, members: dict) -> tuple:
    return tuple(member for host in hosts for member in members[host])


def _once(patterns: Iterable[Pattern]) -> tuple:
    """Without duplicates: one of several equal patterns represents all."""
    return tuple({id(pattern): pattern for pattern in patterns}.values())
