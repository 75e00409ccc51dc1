# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netskope: two URL lists, and exact manual steps for the categories and policies that use them, which no published API reads or writes.

Each write is pending until a deployment, which carries out the pending changes of all URL lists of the tenant. So others' pending changes stop a run, also
those that are made while it writes. Entries are appended; what goes is replaced as a whole list, after the list is read again, since no request removes
single entries and there is no revision to guard a write with. A list of ours is never deleted, because a custom category may use it.
"""
from __future__ import annotations

from typing import Iterable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, CONFLICT, LOCKED, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.api import LISTS, Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.model import (
    KINDS, MARK, MAX_ENTRIES, PARKED, TYPE, Settings, Site, folded, render,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

_POLL_SECONDS = 3


class NetskopeAdapter(Adapter):
    """One tenant."""

    # The vendor names no time until the data planes have what was deployed; some minutes are allowed for.
    traits = Traits(
        product="netskope", kinds=KINDS, propagation=300,
        limits="4 requests a second for each endpoint; 300,000 entries in all lists of the tenant together; nothing is deleted")

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport
        self._site = Site(settings)
        #: Ids of lists with pending changes of others when the run began; what becomes of these has been decided.
        self._foreign: set | None = None
        self._deployed = False

    @property
    def device(self) -> str:
        return self._api.host

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        self._site.lists = self._api.lists()
        if self._foreign is None:
            self._foreign = {row["id"] for row in self._site.foreign(self._site.lists.values())}
        elif not self._deployed:
            self._stop_if_late(self._site.lists.values())
        return self._site.state()

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        wanted = []
        for ref, patterns in ((self._settings.exempt, policy.exempt), (self._settings.allow, policy.allow)):
            if not patterns:
                continue
            row = self._site.row(ref)
            if row is not None and row.get("pending") and row.get("modify_type") == "Deleted":
                raise AccessError(REFUSED, "%s is about to be deleted: have the deletion deployed or reverted in the console first" % ref)
            entries = frozenset(entry for pattern in patterns for entry in render(pattern))
            odd = sorted(entry for entry in entries if "_" in entry)
            if odd:
                raise AccessError(REFUSED, "the tenant takes letters, digits and dashes in host names, so these cannot be allowed: %s" % ", ".join(odd))
            wanted.append(Wanted(Object(ref, {"name": ref.name + MARK, "type": TYPE}, {"urls": entries})))
        self._fits(wanted)
        return wanted

    def _fits(self, wanted: list[Wanted]) -> None:
        held = {row["id"]: len(row["data"]["urls"]) for row in self._site.lists.values()}
        more = 0
        for one in wanted:
            row = self._site.row(one.object.ref)
            more += len(one.object.members["urls"] - set(row["data"]["urls"] if row else ()))
        if sum(held.values()) + more > MAX_ENTRIES:
            raise AccessError(REFUSED, "the URL lists of the tenant hold %d entries and would hold %d more, but %d are allowed: remove some first" % (
                sum(held.values()), more, MAX_ENTRIES))

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        for change in changes:
            row = self._site.row(change.ref)
            added, removed = change.members.get("urls", ((), ()))
            held = row["data"]["urls"] if row is not None else []
            fields = {} if change.op == DELETE else {field: new for field, (_old, new) in change.fields.items()}
            kind = fields.get("type") or (row["data"].get("type") if row is not None else TYPE)
            title = "%s %s (%s)" % (change.op, change.ref, ", ".join("%s%d" % pair for pair in (("+", len(added)), ("-", len(removed))) if pair[1]) or "name")
            if row is None:
                yield self._step(title, "POST", LISTS, fields.get("name"), list(added), kind)
                continue
            path, name = "%s/%s" % (LISTS, row["id"]), fields.get("name") or row["name"]
            same = all(fields.get(field) in (None, value) for field, value in (("name", row["name"]), ("type", row["data"].get("type"))))
            if same and not removed and PARKED not in held:
                yield self._step(title, "PATCH", path + "/append", name, list(added), kind)
            else:
                gone = {*removed, PARKED}
                rest = [url for url in held if folded(url, row["data"].get("type")) not in gone] + [url for url in added if url not in held]
                yield self._step(title, "PUT", path, name, rest or [PARKED], kind)

    def _step(self, title: str, method: str, path: str, name: object, urls: list, kind: str) -> Step:
        return Step(title, {"method": method, "path": path, "body": {"name": name, "data": {"urls": urls, "type": kind}}}, self._site.learn)

    def send(self, request: dict) -> object:
        if request["method"] != "POST":
            self._unchanged(request["path"], request["method"] == "PUT")
        return self._api.write(request["method"], request["path"], request["body"])

    def _unchanged(self, path: str, whole: bool) -> None:
        """Before a list is written: the name that others gave it since it was read would be lost, and of a ``whole`` list what they added.

        :raises AccessError: conflict
        """
        number = int(path[len(LISTS) + 1:].partition("/")[0])
        old, now = self._site.lists[number], self._api.lists().get(number)
        gone = now is None or now["name"] != old["name"] or (now.get("pending") and now.get("modify_type") == "Deleted")
        if gone or (whole and sorted(now["data"]["urls"]) != sorted(old["data"]["urls"])):
            raise AccessError(CONFLICT, "someone else changed the URL list %s after it was read: run again" % old["name"])

    def seal(self) -> None:
        """Nothing has to be published; but this is the last moment to stop before the activation."""
        if not self.undoing:
            self._stop_if_late(self._api.pending())

    def _stop_if_late(self, rows: Iterable[dict]) -> None:
        """What others began to change since this run began would be deployed with ours. :raises AccessError: locked"""
        late = [row for row in self._site.foreign(rows) if row["id"] not in self._foreign]
        if late and not self.undoing:
            named = ", ".join("%s (%s)" % (row["name"], row.get("modify_by")) for row in late)
            raise AccessError(LOCKED, "while this run wrote, others changed URL lists of %s, which would be deployed with ours: %s. Run again when these are "
                                      "deployed; if this is the name that the tenant records for this token, set account to it" % (self.device, named))

    def activate(self) -> list[dict]:
        """What the tenant answers to a deployment of nothing is not documented, so none is asked for."""
        if self._waiting():
            self._deployed = True
            self._api.deploy()
        while self._waiting():
            self._transport.wait(_POLL_SECONDS, "%s: the deployment of URL lists is in progress" % self.device, ACTIVATION)
        others = sorted(str(one) for one in self._site.accounts - {self._settings.account})
        told = "; the tenant records changes of this token as %s: set account to that" % ", ".join(others) if others else ""
        return [{"target": self.device, "status": "deployed" + told}]

    def _waiting(self) -> bool:
        """Whether a list of ours has a pending change, whoever the tenant says made it."""
        return any(self._site.ref_of(row) is not None for row in self._api.pending())


def from_module(module: AnsibleModule) -> NetskopeAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p = module.params
    settings = filled(Settings, p, p["audience"])
    named = settings.groups or settings.users or settings.organizational_units
    if named and settings.everyone:
        raise AccessError(REFUSED, "audience: set groups, users or organizational_units, or everyone: true, not both")
    if p["state"] in ("merged", "replaced", "rendered") and not named and not settings.everyone:
        raise AccessError(REFUSED, "audience: set groups, users or organizational_units, or everyone: true")
    if settings.allow_list == settings.exempt_list:
        raise AccessError(REFUSED, "allow_list and exempt_list name the same list, so that everything allowed would be exempt from TLS inspection")
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return NetskopeAdapter(settings, Api(transport, p["token"]), transport)
