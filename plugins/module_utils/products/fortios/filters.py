# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the policies as layers of rules: rows of a URL filter, rows of a DNS filter, entries of application control. No IO.

In a URL filter the first row that matches ends the list. Only ``exempt`` with ``fortiguard`` keeps the category filter away; ``allow`` and ``monitor`` hand
on to it, and so does ``exempt`` without (ta-261349, ta-206632).
"""
from __future__ import annotations

import re
from typing import AbstractSet, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.columns import APPLICATION_ENTRY, DNS_ROW as DNS_COLUMNS, URL_ROW
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import (
    DNS_ROW, LINK, ROW, TABLE, Settings, Site, named_rows, row_hits,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.objects import flat
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, PASS_ON, SURE, UNKNOWN, Hits, Layer, held, sides,
)

#: Words of ``exempt`` that keep the category filter away.
BEATS = frozenset({"fortiguard", "all"})
#: Names of signatures that traffic to ChatGPT may be, besides its own: of protocols, browsers and networks that carry it.  # guess
_OWN = re.compile(r"openai|gpt|dall.?e\b|sora|codex", re.I)
_CARRIERS = re.compile(r"http|ssl|tls|quic|web|browser|chrome|firefox|safari|edge|cloudflare|azure|proxy|dns|websocket|stripe|livekit|webrtc|stun", re.I)


def category_shuts(site: Site, table: str | None) -> bool:
    """Whether the category filter of a named web filter profile that uses a URL filter may block a host; which hosts are in which category is not read."""
    def shuts(profile: dict) -> bool:
        ftgd = profile.get("ftgd-wf") or {}
        rows = (ftgd.get("filters") or []) + (ftgd.get("risk") or [])
        return "ftgd-disable" not in str(ftgd.get("options") or "").split() and any(row.get("action") not in ("allow", "monitor") for row in rows)
    profiles = [site.web_profiles[name] for name in site.named_web_profiles()]
    return any(shuts(profile) for profile in profiles if table is None or site.table_of(profile) is None or site.table_of(profile)["name"] == table)


def used_tables(settings: Settings, site: Site, state: State) -> dict:
    """{named web filter profile: the URL filter that it uses in a State, or None}"""
    tables = {}
    for name in site.named_web_profiles():
        table = site.table_of(site.web_profiles[name])
        linked = state.objects.get(Ref(LINK, name))
        gone = table is not None and table["name"] == settings.prefix and Ref(TABLE, settings.prefix) not in state.objects
        tables[name] = linked.fields["table"] if linked else table["name"] if table and not gone else None
    return tables


class _Rows:
    """The rows of one list, by Ref. ``_url`` is the column of the name."""

    _url, _schema = "url", URL_ROW

    def __init__(self, rows: dict, order: list, head: dict, default: str):
        self._rows, self._head, self._columns = rows, head, {}
        self.layer = Layer(order, lambda ref: SURE, self.hosts, self.effect, self.columns, default)

    def columns(self, ref: Ref) -> Columns:
        """The Columns of a row, and of its table, the same object each time."""
        if ref not in self._columns:
            self._columns[ref] = Columns(self._schema, dict(self._head, **flat(self._rows.get(ref, {}))))
        return self._columns[ref]

    def hosts(self, ref: Ref, wanted: AbstractSet[Pattern]) -> Hits:
        """Which hosts a row is about."""
        columns = self.columns(ref)
        kind, name = self._read(columns, columns.get("type") or ""), columns.get(self._url) or ""
        return row_hits(kind, name, wanted)

    def _read(self, columns: Columns, kind: str) -> str:
        """Read what else of a row is understood. Returns its type."""
        return kind

    def effect(self, ref: Ref) -> str:
        """What a row does."""
        return {"block": DENY, "allow": ALLOW, "monitor": ALLOW}.get(self._rows[ref]["action"], UNKNOWN)

    def text(self, ref: Ref) -> str:
        """A row in words."""
        return "%s %s %s" % (self._rows[ref]["type"], self._rows[ref][self._url], self._rows[ref]["action"])


class UrlRows(_Rows):
    """The URL filter ``name`` of a State, or none, ours among the rows. ``category_shuts``: whether the category filter may block what gets to it."""

    def __init__(self, site: Site, state: State, name: str | None, category_shuts: bool):
        table = site.table(name) or {"name": name}
        rows = {Ref(ROW, title): row for title, row in named_rows(table, ours=lambda row: site.is_our_row(table, row)) if title}
        self.ours, self._object = Ref(TABLE, name), state.objects.get(Ref(TABLE, name))
        self._entries = [parse_if(entry) for entry in self._object.members["entries"]] if self._object else []
        order = [ref for ref in state.rules.get("url filter %s" % name, ()) if ref == self.ours or state.objects[ref].fields["status"] != "disable"]
        head = {column: value for column, value in table.items() if column not in ("id", "name", "comment", "entries")}
        self._hands_on = UNKNOWN if category_shuts else ALLOW
        super().__init__(rows, order, head, self._hands_on)

    def hosts(self, ref: Ref, wanted: AbstractSet[Pattern]) -> Hits:
        """Which hosts a row is about; of ours, which ones they hold."""
        if ref != self.ours:
            return super().hosts(ref, wanted)
        self._read(self.columns(ref), "")
        return Hits(held(self._entries, wanted).sure)

    def _read(self, columns: Columns, kind: str) -> str:
        # The first two are about addresses instead of names. Without its subdomains a simple row is about one name.
        columns.get("ip-addr-block"), columns.get("ip4-mapped-ip6"), columns.get("include-subdomains")
        return "wildcard" if kind == "simple" and self._head.get("include-subdomains") == "disable" else kind

    def effect(self, ref: Ref) -> str:
        """What a row does; what hands on to a category filter that may block does something unknown."""
        action, flags = ("exempt", self._object.fields["exempt"]) if ref == self.ours else (self._rows[ref]["action"], self._rows[ref].get("exempt"))
        if ref != self.ours and self._rows[ref].get("status") not in ("enable", "disable"):
            return UNKNOWN
        if action == "exempt" and BEATS & set((flags or "").split()):
            return ALLOW
        return {"block": DENY, "allow": self._hands_on, "monitor": self._hands_on, "exempt": self._hands_on}.get(action, UNKNOWN)

    def text(self, ref: Ref) -> str:
        """A row in words."""
        return super().text(ref) + ("" if self._rows[ref]["action"] == "block" else ", which passes it on to the category filter")

    def part(self, ref: Ref) -> int:
        """MAY for a row that is limited by a column nobody read: it may be about other requests than ours."""
        self.hosts(ref, frozenset())
        return MAY if self.columns(ref).unread() else SURE

    def shutting(self, wanted: Iterable[Pattern]) -> list:
        """The existing rows that keep wanted hosts from ours, or may."""
        return [ref for ref in self.layer.shutting(wanted) if ref != self.ours]

    def place(self, wanted: Iterable[Pattern]) -> tuple:
        """(rows that ours has to be above, rows that it has to stay below)"""
        return tuple(map(frozenset, sides(self.shutting(wanted), self.part)))


class DomainRows(_Rows):
    """The rows of a domain filter of DNS."""

    _url, _schema = "domain", DNS_COLUMNS

    def __init__(self, state: State, table: dict):
        rows = {Ref(DNS_ROW, title): row for title, row in named_rows(table, "domain")}

        def enabled(ref: Ref, row: dict) -> bool:
            return (state.objects[ref].fields["status"] if ref in state.objects else row.get("status")) != "disable"
        super().__init__(rows, [ref for ref, row in rows.items() if enabled(ref, row)], {}, ALLOW)


class Applications:
    """The entries of an application list. What a request is taken for only the device knows, so that an entry is never sure."""

    def __init__(self, site: Site, profile: dict):
        self._signatures, self._columns = site.signatures, {}
        self.layer = Layer(profile.get("entries") or [], lambda entry: SURE, self.hosts, self.effect, self.columns)

    def columns(self, entry: dict) -> Columns:
        """The Columns of an entry, the same object each time."""
        return self._columns.setdefault(id(entry), Columns(APPLICATION_ENTRY, flat(entry)))

    def hosts(self, entry: dict, wanted: AbstractSet[Pattern]) -> Hits:
        """An entry that names signatures of other applications alone is about none; every other one may be about all."""
        numbers = self.columns(entry).get("application", [])
        if numbers and all(number in self._signatures and not self.concerns(self._signatures[number]) for number in numbers):
            return Hits()
        return Hits(may=frozenset(wanted))

    @staticmethod
    def concerns(name: str) -> bool:
        """Whether traffic to ChatGPT may be what a signature of that name finds."""
        return bool(_OWN.search(name) or _CARRIERS.search(name))

    def effect(self, entry: dict) -> str:
        """What an entry does; ``block`` where it does not say (the default of the schema)."""
        return {"pass": PASS_ON, "block": DENY, "reset": DENY}.get(entry.get("action", "block"), UNKNOWN)

    def text(self, entry: dict) -> str:
        """An entry in words: what it does, and for what."""
        its = flat(entry)
        known = ["%s" % self._signatures.get(number, "signature %s" % number) for number in its.get("application") or []]
        by = ["%s %s" % (column, ", ".join(map(str, its[column] if isinstance(its[column], list) else [its[column]])))
              for column in sorted(APPLICATION_ENTRY.limits) if column != "application" and APPLICATION_ENTRY.restricts(column, its.get(column))]
        return "%s %s" % (its.get("action", "block"), "; ".join([*known, *by]) or "every application")
