# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes as operations of the PAN-OS XML API. Entries are addressed themselves, never their container: some builds of 11.x leave what was set
at a container out of a commit that is limited to one administrator (pan-os-codegen issue 119).
"""
from __future__ import annotations

from typing import Iterable, Iterator
from xml.sax.saxutils import escape

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import elements as xml

RULEBASES = {xml.SECURITY: "security", xml.DECRYPTION: "decryption"}


class Operations:
    """For one scope: ``base`` is its xpath, ``rulebase`` the element that holds its rules."""

    def __init__(self, base: str, rulebase: str):
        self._base, self._rulebase = base, rulebase

    def of(self, changes: Iterable[Change], state: State) -> Iterator[tuple[str, dict, Change | None]]:
        """(title, request, the Change that it begins or None) for each single operation."""
        now = state
        for change in changes:
            then = apply(now, [change])
            title = "%s %s" % (change.op, change.ref)
            if change.ref.kind == xml.LINK:
                yield title, self._link(change), change
            else:
                first = change
                for op in self._entry(change, now, then):
                    yield title, op, first
                    first = None
            now = then

    def _xpath(self, ref: Ref) -> str:
        if ref.kind in RULEBASES:
            path = "%s/%s/rules" % (self._rulebase, RULEBASES[ref.kind])
        else:
            path = "/".join(xml.WHERE[ref.kind][0])
        base = "/config/shared" if ref.kind == xml.EXCLUSION else self._base
        return "%s/%s/entry[@name=%s]" % (base, path, xml.quoted(ref.name))

    def _link(self, change) -> dict:
        """Our category in a list of a URL filtering profile; the rest of the profile is not touched."""
        profile, _sep, category = change.ref.name.rpartition(": ")
        old, new = change.fields["action"]
        xpath = "%s/profiles/url-filtering/entry[@name=%s]" % (self._base, xml.quoted(profile))
        if change.op == DELETE:
            return {"action": "delete", "xpath": "%s/%s/member[text()=%s]" % (xpath, old, xml.quoted(category))}
        return {"action": "set", "xpath": xpath, "element": "<%s><member>%s</member></%s>" % (new, escape(category), new)}

    def _entry(self, change, now: State, then: State):
        xpath = self._xpath(change.ref)
        if change.op == DELETE:
            yield {"action": "delete", "xpath": xpath}
            return
        obj = then.objects[change.ref]
        if change.op == CREATE:
            yield {"action": "set", "xpath": xpath, "element": xml.inner(xml.build(obj))}
        elif obj.ours and (change.fields or change.members):
            yield {"action": "edit", "xpath": xpath, "element": xml.text(xml.build(obj))}
        else:
            yield from self._foreign(change, xpath)
        if change.place is not None and self._moves(change, now):
            after = change.place[1].after
            where = {"where": "top"} if after is None else {"where": "after", "dst": after.name}
            yield dict(where, action="move", xpath=xpath)

    @staticmethod
    def _foreign(change, xpath: str):
        """Another administrator's entry: only the fields and members that change."""
        for path, (_old, new) in sorted(change.fields.items()):
            if new is None:
                yield {"action": "delete", "xpath": "%s/%s" % (xpath, path)}
            else:
                yield {"action": "set", "xpath": xpath, "element": "<%s>%s</%s>" % (path, escape(new), path)}
        for path, (added, removed) in sorted(change.members.items()):
            if added:
                yield {"action": "set", "xpath": xpath, "element": "<%s>%s</%s>" % (path, "".join("<member>%s</member>" % escape(a) for a in added), path)}
            for entry in removed:
                yield {"action": "delete", "xpath": "%s/%s/member[text()=%s]" % (xpath, path, xml.quoted(entry))}

    @staticmethod
    def _moves(change, now: State) -> bool:
        """A rule is made at the bottom; it has to be moved when that is not its place."""
        place = change.place[1]
        if place is None:
            return False
        order = now.rules.get(place.rulebase, ())
        at_bottom = place.after == order[-1] if order else place.after is None
        return not (change.op == CREATE and at_bottom)


def multi_config(operations: list[dict]) -> str:
    """The element of one request that carries out all operations, or none of them."""
    parts = ['<%s id="%d" xpath="%s"%s>%s</%s>' % (
        op["action"], number, escape(op["xpath"], {'"': "&quot;"}), _attributes(op), op.get("element", ""), op["action"])
        for number, op in enumerate(operations, 1)]
    return "<multi-configure-request>%s</multi-configure-request>" % "".join(parts)


def _attributes(op: dict) -> str:
    return "".join(' %s="%s"' % (name, escape(op[name], {'"': "&quot;"})) for name in ("where", "dst") if name in op)
