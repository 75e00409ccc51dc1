# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Netskope tenant holds as far as its API shows it: URL lists, and which of them have pending changes. No IO.

A list has a name and nothing else that could carry a marker, so ours have it in the name. A custom category may use a list, and whether the API accepts a
list without entries is not documented: a list of ours that goes keeps one entry that never resolves (RFC 6761, section 6.4), and counts as absent.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import BOTH, FOREIGN, OURS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, SUBDOMAINS, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

LIST = "URL list"
KINDS = (LIST,)
MARK = " by netaccess.chatgpt"
PARKED = "netaccess.invalid"
#: Of all lists of a tenant together (integration guide "Custom URL Lists").
MAX_ENTRIES = 300000
TYPE = "exact"
#: Columns of a list. None of them limits what it is about; one that the vendor adds may (guide, and the models of the SDK 1.0.3).
SCHEMA = Schema(limits={}, others=frozenset(
    ("id", "name", "urls", "type", "json_version", "count", "modify_by", "modify_time", "modify_type", "pending")))


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options."""

    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    organizational_units: tuple[str, ...] = ()
    everyone: bool = False
    allow_list: str = "ChatGPT allow"
    exempt_list: str = "ChatGPT exempt"
    account: str = "Netskope API"
    scan_conflicts: bool = True
    protected: tuple[str, ...] = ()

    @property
    def allow(self) -> Ref:
        return Ref(LIST, self.allow_list)

    @property
    def exempt(self) -> Ref:
        return Ref(LIST, self.exempt_list)

    @property
    def people(self) -> str:
        """The audience, as the criteria of a policy have it."""
        parts = (("user group", self.groups), ("user", self.users), ("organizational unit", self.organizational_units))
        return ", ".join("%s %s" % (word, name) for word, names in parts for name in names) or "no criterion for users"


class Site:
    """The lists as they will be after the next deployment: {id: row of the API}."""

    def __init__(self, settings: Settings):
        self._ours = (settings.allow, settings.exempt)
        self.lists: dict = {}
        #: Who ``modify_by`` says it was when this account writes: an option, and what answers to writes of this run say.
        self.accounts = {settings.account}

    def ref_of(self, row: dict) -> Ref | None:
        """Which list of this task a row is."""
        return next((ref for ref in self._ours if row["name"] == ref.name or row["name"].startswith(ref.name + MARK)), None)

    def row(self, ref: Ref) -> dict | None:
        """The list of this task that a Ref names, or None."""
        return next((row for row in self.lists.values() if self.ref_of(row) == ref), None)

    def learn(self, row: dict) -> None:
        """Take in the answer to a write."""
        self.lists[row["id"]] = row
        self.accounts.add(row.get("modify_by"))

    def by_us(self, row: dict) -> bool:
        """Whether a pending change is one of ours: of one of our lists, and made by this account."""
        return self.ref_of(row) is not None and row.get("modify_by") in self.accounts

    def foreign(self, rows: Iterable[dict]) -> list[dict]:
        """The rows with pending changes of others."""
        return [row for row in rows if row.get("pending") and not self.by_us(row)]

    def state(self) -> State:
        """The lists as the engine compares them."""
        objects, pending = Objects(), [row for row in self.lists.values() if row.get("pending")]
        refs = [self.ref_of(row) for row in self.lists.values()]
        for row, ref in zip(self.lists.values(), refs):
            if ref is not None:
                urls = frozenset(folded(url, row["data"].get("type")) for url in row["data"]["urls"]) - {PARKED}
                ours = MARK in row["name"]
                if urls or not ours or refs.count(ref) > 1:
                    objects.add(Object(ref, {"name": row["name"], "type": row["data"].get("type")}, {"urls": urls}, ours=ours, native=row))
        theirs = self.foreign(pending)
        # A change of one of our lists that is not known to be ours is both: what this task wants may not be in force.
        mine = any(self.ref_of(row) is not None for row in pending)
        word = None if not pending else FOREIGN if not mine else BOTH if theirs else OURS
        waiting = [{"list": row["name"], "change": row.get("modify_type"), "by": row.get("modify_by"), "at": row.get("modify_time")} for row in theirs]
        return State(objects, pending=word, diagnosis={"pending": waiting} if waiting else {})


def folded(url: str, kind: str | None) -> str:
    """An entry as it is compared: its host in lower case. What follows a host, and an expression, means something else in another case."""
    host, slash, path = url.partition("/")
    return host.lower() + slash + path if kind == TYPE else url


def _host(url: str) -> str:
    """Of an entry, which the console takes without a scheme; what an API takes is not documented."""
    return url.strip().lower().rpartition("://")[2].partition("/")[0].partition(":")[0].rstrip(".")


def odd(urls: Iterable[str]) -> list[str]:
    """The entries that have a star where none is documented, and so may be about any host."""
    return [url for url in urls if "*" in re.sub(r"^\*\.", "", _host(url))]


def render(pattern: Pattern) -> tuple[str, ...]:
    """The entries for a pattern. Whether ``*.x`` covers ``x`` is told in two ways (url-list-best-practices: yes; create-custom-categories: no)."""
    return {EXACT: (pattern.name,), SUBDOMAINS: ("*." + pattern.name,), DOMAIN: (pattern.name, "*." + pattern.name)}[pattern.kind]


def surely(urls: Iterable[str]) -> list[Pattern]:
    """What the entries of an exact list cover whatever the documents differ in; those for a part of a host are none of them."""
    return [pattern for pattern in map(parse_if, urls) if pattern is not None]


def perhaps(urls: Iterable[str]) -> list[Pattern]:
    """What they may cover: of each host that an entry names, and of its subdomains where it begins with ``*.``, some part. ``*.com`` is an entry too."""
    hosts = list(map(_host, urls))
    names = [Pattern(one.name, DOMAIN if one.kind == SUBDOMAINS else one.kind) for one in map(parse_if, hosts) if one is not None]
    return names + [Pattern(host[2:], DOMAIN) for host in hosts if host.startswith("*.") and "." not in host[2:]]
