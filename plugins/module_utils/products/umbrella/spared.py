# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do not decrypt lists of Secure Access: reading them and what leads to them, and writing entries of ours into them.

An update is incremental: what a request does not name stays. It has to repeat the name of the list.
"""
from __future__ import annotations

from typing import Callable, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Step, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AUTH, CONFLICT, PARTIAL, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.api import PROFILES, SETTINGS, SPARED, Api, Closed, batches
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import EXEMPT, Decryption, ref_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.entries import entry_name
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import PROFILE, RULES, WEB, Settings, Site

#: What is read of decryption: (name in Decryption, what it is, the scope that a key needs).
_TABLES = (("profiles", "security profiles", "policies.securityProfiles:read"), ("settings", "settings", "policies.settings:read"),
           ("lists", "do not decrypt lists", "policies.donotdecryptlists:read"))
#: Of a comment there.
COMMENT_LENGTH = 255


class SparedLists:
    """``looked(where, look, done, count)``: look until nothing is left of what was written, as the adapter does."""

    def __init__(self, settings: Settings, site: Site, api: Api, looked: Callable[[str, Callable[[], list], str, int], None]):
        self._settings, self._site, self._api, self._looked = settings, site, api, looked

    # -- reading

    def read(self) -> None:
        """Security profiles and settings once; do not decrypt lists, and the entries of those that matter, each time where this run may write them."""
        site, settings = self._site, self._settings
        if site.decryption is not None and not settings.spares and not settings.whole:
            return
        found = site.decryption = site.decryption or Decryption(settings.names[WEB])
        if found.profiles is None and "profiles" not in found.unread:
            rows, told = self._offered("profiles", lambda: self._api.pages(PROFILES)), self._offered("settings", lambda: self._api.table(SETTINGS))
            found.profiles = None if rows is None else {str(row["id"]): row for row in rows}
            found.settings = None if told is None else {one["settingName"]: one["settingValue"] for one in told}
        rows = self._offered("lists", lambda: self._api.table(SPARED)) if "lists" not in found.unread else None
        found.lists = None if rows is None else {row["id"]: row for row in rows}
        places = [found.place(rule) for rule in site.rules.deciding] if site.rules is not None else []
        chosen = {row["id"] for row in [place.row for place in places] + [None if found.ips_off() else found.system()] if row is not None}
        found.items = {}
        for number, row in (found.lists or {}).items():
            if number in chosen or settings.whole or not settings.policies(RULES):
                self._entries(row)

    def _entries(self, row: dict) -> None:
        """The entries of a do not decrypt list, which are in a destination list that may not be in the table of these.

        :raises Closed: if this run has to know them
        """
        behind = row.get("exceptiondomainlistId", "")
        try:
            items = [] if behind is None else self._api.entries(behind) if behind else None
        except Closed:
            if self._insists():
                raise
            items = None
            self._site.decryption.unread["do not decrypt list %s" % row["name"]] = "entries of the do not decrypt list %s were not read" % row["name"]
        if items is not None:
            self._site.decryption.items[row["id"]] = items

    def _offered(self, table: str, read: Callable[[], list]) -> list | None:
        """A table of decryption, or None with a reason, where the organisation has none or the key may not read it.

        :raises Closed: if this run has to know what is in do not decrypt lists and may not read them.
        """
        what, scope = next((what, scope) for name, what, scope in _TABLES if name == table)
        try:
            return read()
        except Closed as closed:
            if closed.failure == AUTH and table == "lists" and self._insists():
                raise
            self._site.decryption.unread[table] = "%s were not read: %s" % (
                what, "this key lacks the scope %s" % scope if closed.failure == AUTH else "this organisation does not have them")
            return None

    def _insists(self) -> bool:
        """Whether this run has to know what is in do not decrypt lists: it wrote some, or the task says that its exemption is nowhere else."""
        return bool(self._site.decryption.written) or (self._settings.whole and self._settings.exempt_by == PROFILE)

    def unread(self) -> dict:
        """{kind: why} if entries of ours may be in a do not decrypt list that was not read."""
        tables = self._site.decryption
        why = [text for what, text in tables.unread.items() if what not in ("profiles", "settings")] if tables is not None else []
        return {EXEMPT: "; ".join(why)} if why else {}

    # -- writing

    def target(self, exempt: Iterable[Pattern]) -> list[Wanted]:
        """Our entries, in each list that is known."""
        tables, rules = self._site.decryption, self._site.rules
        if tables is None or rules is None:
            return []
        held = tables.wanted(rules.named, exempt, self._settings.protected)
        return [Wanted(Object(ref_of(tables.lists[number]), {}, {"destinations": names}, native=tables.lists[number])) for number, names in held.items()]

    def steps(self, change: Change) -> Iterator[Step]:
        """Entry by entry: what others have in the list, and everything else that it says, is not part of a request. Its name has to be."""
        tables = self._site.decryption
        row = (tables.lists if tables is not None and tables.lists is not None else {}).get(int(change.ref.name), {})
        added, removed = change.members.get("destinations", ((), ()))
        comments = {entry_name(item): item.get("comment") for item in (tables.items.get(row.get("id"), ()) if tables is not None else ())}
        going = [dict({"destination": one}, **({"comment": comments[one]} if comments.get(one) else {})) for one in removed]
        coming = [{"destination": one, "comment": self._settings.signed(tables.mark, COMMENT_LENGTH)} for one in added]
        for field, sign, entries in (("removeDestinations", "-", going), ("addDestinations", "+", coming)):
            for part in batches(entries):
                yield Step("%s %s, %s (%s%d)" % (change.op, change.ref, row.get("name"), sign, len(part)), {
                    "method": "PUT", "path": "%s/%s" % (SPARED, change.ref.name), "body": {"name": row.get("name"), field: part}})

    def check(self, request: dict) -> None:
        """Before a write: it has to repeat the name of the list, and so would take one back that somebody has given meanwhile.

        :raises AccessError: conflict
        """
        row = self._api.one(request["path"])
        if row.get("name") != request["body"]["name"]:
            raise AccessError(CONFLICT, "the do not decrypt list %s was renamed to %s after it was read: run again" % (
                request["body"]["name"], row.get("name")))
        self._site.decryption.written |= {(row["id"], entry_name(one)) for one in request["body"].get("addDestinations", ())}

    def settled(self, request: dict) -> None:
        """Read the list back until it holds what was written. :raises AccessError: partial, also where entries lose the comment that tells them as ours."""
        number, body, tables = int(request["path"].rpartition("/")[2]), request["body"], self._site.decryption
        removed, added = body.get("removeDestinations", []), body.get("addDestinations", [])

        def look() -> list:
            row = tables.lists[number] = self._api.one("%s/%d" % (SPARED, number))
            self._entries(row)
            items = tables.items.get(number, [])
            return missing(added, items) if added else [one for one in map(entry_name, removed) if one in set(map(entry_name, items))]
        self._looked("do not decrypt list %s" % body["name"], look, "dropped" if added else "kept", len(added or removed))
        comments = {entry_name(item): item.get("comment") for item in tables.items[number]}
        if any((comments[entry_name(one)] or "") != one["comment"] for one in added):
            raise AccessError(PARTIAL, "%s does not store comments of entries in do not decrypt lists, by which this collection identifies its own "
                                       "entries: set exempt_by: manual" % self._api.host)


def missing(entries: list, items: list) -> list[str]:
    """Of entries that were added, those that a list does not hold."""
    held = set(map(entry_name, items))
    return [one["destination"] for one in entries if entry_name(one) not in held]
