# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of FortiOS are written whole: the existing rows as they are, ours where they belong. No IO."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Step
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import (
    DISABLED, DNS_ROW, FIRST_ROW, LAST_ROW, ROW, TABLE, Site, is_ours, named_rows, row_native,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

URLFILTER, DNSFILTER = "webfilter/urlfilter", "dnsfilter/domain-filter"


class Lists:
    """The Steps that write a URL filter or a DNS domain filter of a VDOM."""

    def __init__(self, site: Site, prefix: str):
        self._site, self._prefix = site, prefix

    def domains(self, name: str, then: State) -> Step:
        """The Step that writes the DNS domain filter ``name`` as ``then`` has its rows."""
        table = next(table for table in self._site.domain_filters if table["name"] == name)
        rows = []
        for title, row in named_rows(table, "domain"):
            row = {field: value for field, value in row.items() if field != "q_origin_key"}
            known = then.objects.get(Ref(DNS_ROW, title))
            rows.append(self._switched(row, known.fields["status"]) if known else row)
        return Step("write the DNS domain filter %s" % name, {
            "method": "PUT", "path": "%s/%d" % (DNSFILTER, table["id"]), "body": {"entries": rows}, "guard": DNSFILTER, "parameters": {}})

    @staticmethod
    def _switched(row: dict, status: str) -> dict:
        if status == row["status"]:
            return row
        if status == "disable":
            return dict(row, status=status, id=row["id"] + DISABLED)
        return dict(row, status=status, id=row["id"] - DISABLED if row["id"] >= DISABLED else row["id"])

    def urls(self, name: str, then: State) -> Step:
        """The Step that makes, writes or deletes the URL filter ``name`` as ``then`` has it. Existing rows keep their order."""
        ref, table = Ref(TABLE, name), self._site.table(name)
        ours = then.objects.get(ref)
        title = "write the URL filter %s" % name

        def request(method, path, body=None, guard=None):
            return Step(title, {"method": method, "path": path, "body": body, "guard": guard, "parameters": {}})

        if ours is None and self._is_own(name):
            # What somebody has put in since it was read would go with it.
            return request("DELETE", "%s/%d" % (URLFILTER, table["id"]), guard=URLFILTER)
        rows = self._our_rows(ours, table)
        if table is None:
            number = self._site.table_id(name)
            return request("POST", URLFILTER, {"id": number, "name": name, "comment": MARK, "entries": rows})
        kept, order = self._site_rows(table, then)
        body = {"entries": rows + kept}
        place = then.rules.get("url filter %s" % name, ())
        before = place[place.index(ref) - 1] if ours is not None and place.index(ref) else None
        if before is not None:
            at = order[before.name] + 1
            body = {"entries": kept[:at] + rows + kept[at:]}
        if ours is not None and ours.fields["table"] == "own" and not is_ours(table):
            body["comment"] = MARK
        return request("PUT", "%s/%d" % (URLFILTER, table["id"]), body, URLFILTER)

    def _is_own(self, name: str) -> bool:
        return name == self._prefix and is_ours(self._site.table(name))

    def _our_rows(self, ours, table) -> list:
        if ours is None:
            return []
        held = {row_native(row): row["id"] for row in (table or {}).get("entries") or [] if FIRST_ROW <= row["id"] <= LAST_ROW}
        used, free, rows = set(held.values()), FIRST_ROW, []
        # Rows of one list that exempt from different things are another administrator's; ours among them exempt from the category.
        flags = "fortiguard" if ours.fields["exempt"] == "mixed" else ours.fields["exempt"]
        for native in sorted(ours.members["entries"]):
            number = held.get(native)
            if number is None:
                while free in used:
                    free += 1
                number = free
                used.add(number)
            kind, _blank, url = native.rpartition(" ")
            rows.append({"id": number, "url": url, "type": kind or "wildcard", "action": "exempt", "status": "enable", "exempt": flags})
        return rows

    def _site_rows(self, table: dict, then: State) -> tuple:
        """(rows that are not ours, position of each by its name in the State)"""
        kept, order = [], {}
        for title, row in named_rows(table, ours=lambda row: self._site.is_our_row(table, row)):
            if title is not None:
                order[title] = len(kept)
                row = {field: value for field, value in row.items() if field != "q_origin_key"}
                kept.append(self._switched(row, then.objects[Ref(ROW, title)].fields["status"]))
        return kept, order
