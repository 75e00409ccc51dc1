# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access, managed by Strata Cloud Manager: custom URL categories, a decryption rule and a security rule in a folder or snippet.

The candidate configuration is shared by all administrators, without a lock; a push takes the changes of our service account alone. Objects are replaced
whole: each is read again before it is written, and what someone else changed in it meanwhile stays.
"""
from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import replace
from typing import Collection, Iterable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import HIDDEN, OURS, Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State, canonical_digest
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm import model
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.api import Api, Login
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.judge import Assessor, Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import CATEGORY, GROUP, RULEBASES, SERVICE, TABLES, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

#: Folders above others: a push that is limited to an administrator cannot name them (OpenAPI document, property ``admin``; names by release).
_WHOLE = ("All", "Global", "Shared")
_SERVICES = ("any", "application-default", "service-http", "service-https")
#: Properties of rules that name objects in these tables, unless the values are what no object is needed for.
_NAMED = ((("source", "destination"), ("addresses", "address-groups", "external-dynamic-lists")), (("service",), ("service-groups",)),
          (("application",), ("application-groups", "application-filters")), (("category", "block_url_category"), ("external-dynamic-lists",)))


class ScmAdapter(Adapter):
    """One folder or snippet of a tenant."""

    # Pending edits of others are told by no request. How long a push takes to be in force at all places is published nowhere: it is over with its jobs.
    traits = Traits(product="scm", kinds=model.KINDS, pending_edits=HIDDEN)

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport
        self._context = model.Context(settings, {})
        self._kept: dict = {}
        self._ids: dict = {}
        self._stamp, self._stamps = secrets.token_hex(4), {}
        #: Where else our rules apply, in words; None before it was read.
        self._beside: list | None = None

    @property
    def device(self) -> str:
        return "tenant %s, %s" % (self._api.login.tsg_id, self._settings.scope)

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return urls.render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        tables = {table: [dict(row, position=position) for position in ("pre", "post") for row in self._rows(table, position=position)]
                  for table in RULEBASES.values()}
        tables.update({TABLES[kind]: self._rows(TABLES[kind]) for kind in (CATEGORY, SERVICE, GROUP)})
        for table in self._named(tables):
            # None of ours are there, so that they are read once.
            if table not in self._kept:
                self._kept[table] = self._rows(table)
        self._beside = self._attached() if self._beside is None else self._beside
        self._context = model.Context(self._settings, dict(self._kept, **tables))
        state = model.state_of(self._settings, tables)
        self._ids = {ref: obj.native["id"] for ref, obj in state.objects.items()}
        self._stamps = {obj.native["id"]: model.stamp_of(obj.native) for obj in state.objects.values() if obj.ours and model.stamp_of(obj.native)}
        return replace(state, pending=self._pending())

    def _attached(self) -> list[str]:
        """The other folders that our snippet is attached to. Rules without users are about everybody there.

        ``folders`` of a snippet: models of pan-scm-sdk 0.15.1. Where it is missing, there may be any.
        """
        name = self._settings.snippet
        if not name or self._settings.audience.users:
            return []
        try:
            row = next((row for row in self._api.rows("snippets", "setup") if row.get("name") == name), {})
        except AccessError as error:
            if error.failure == UNREACHABLE:
                raise
            row = {}
        if not isinstance(row.get("folders"), list):
            return ["the snippet %s may be attached to other folders, which could not be read" % name]
        found = sorted(str(one.get("name")) for one in row["folders"])
        return ["the snippet %s also applies to the folder %s" % (name, one) for one in found if one != self._settings.folder]

    def _pending(self) -> str | None:
        """Whether what we wrote waits for a push. No request tells; so each run stamps what it writes, and a push of ours has the stamps in its description.

        What no push tells of is pushed once more, which changes nothing if it is in force. Moves and profile groups have no stamp.
        """
        for words in self._api.pushed():
            found = re.search(r"\b%s:([0-9a-f,]*)" % self._scope, words)
            if found:
                return None if set(filter(None, found[1].split(","))) == set(self._stamps.values()) else OURS
        return OURS if self._stamps else None

    @property
    def _scope(self) -> str:
        """Tells pushes of this device and prefix from others of our account."""
        return canonical_digest([self.device, self._settings.prefix])[:8]

    def _rows(self, table: str, **parameters: str) -> list:
        """Of the folder, with what it inherits; our snippet's own, whether it is attached to that folder or not."""
        rows = self._api.rows(table, folder=self._settings.folder, **parameters)
        if not self._settings.snippet:
            return rows
        return self._api.rows(table, snippet=self._settings.snippet, **parameters) + [row for row in rows if not self._settings.holds(row)]

    def _named(self, tables: dict) -> list:
        """The tables of what rules name besides."""
        rows, custom = [row for table in RULEBASES.values() for row in tables[table]], {row["name"] for row in tables["url-categories"]}
        found = ["url-access-profiles"] if any(row.get("url_filtering") for row in tables["profile-groups"]) else []
        found += ["http-header-profiles"] if any(row.get("saas_security") for row in tables["profile-groups"]) else []
        for properties, named in _NAMED:
            values = {value for row in rows for name in properties for value in row.get(name) or ()}
            values |= set(self._settings.audience.sources) if "source" in properties else set()
            if not all(value in custom or value in _SERVICES or _is_network(value) for value in values):
                found += named
        return list(dict.fromkeys(found))

    def assess(self, policy: Policy, state: State) -> Assessment:
        found = Assessor(self._settings, self._context, policy, state).assess()
        found.audience_widened += self._beside or () if policy.allow else ()
        return found

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        wanted = [self._category(self._settings.allow, policy.allow)]
        if policy.exempt:
            wanted.append(self._category(self._settings.exempt, policy.exempt))
        return wanted + Places(self._settings, self._context, policy, state).wanted(policy)

    @staticmethod
    def _category(ref: Ref, patterns: Iterable[Pattern]) -> Wanted:
        entries = frozenset(entry for pattern in patterns for entry in urls.render(pattern))
        return Wanted(Object(ref, {"description": MARK, "type": "URL List"}, {"list": entries}))

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        now = state
        for change in changes:
            then = apply(now, [change])
            yield from self._steps(change, now, then)
            now = then

    def _steps(self, change: Change, now: State, then: State) -> Iterator[Step]:
        ref, table, title = change.ref, self._api.path(TABLES[change.ref.kind]), "%s %s" % (change.op, change.ref)
        if change.op == CREATE:
            request = {"method": "POST", "path": table, "body": model.body_of(then.objects[ref], self._settings.container)}
            if change.place is not None:
                request["parameters"] = {"position": "pre"}
            yield Step(title, request, learn=lambda row: self._ids.update({ref: row["id"]}))
        elif change.op == DELETE:
            yield Step(title, {"method": "DELETE", "path": self._path(ref), "members": _pairs(change.members)})
        elif change.fields or change.members:
            yield Step(title, {"method": "PUT", "path": self._path(ref), "fields": _pairs(change.fields), "members": _pairs(change.members)})
        if change.op != DELETE and change.place is not None and change.place[1] is not None:
            place, order = change.place[1], now.rules.get(change.place[1].rulebase, ())
            # A rule is made at the bottom.
            if change.op != CREATE or (order and place.after != order[-1]):
                where = {"destination": "top"} if place.after is None else {"destination": "after", "destination_rule": self._id(place.after)}
                yield Step("move %s" % ref, {"method": "POST", "path": self._path(ref) + ":move", "body": dict(where, rulebase="pre")})

    def _id(self, ref: Ref) -> str:
        return self._ids.get(ref, "<id of %s>" % ref.name)

    def _path(self, ref: Ref) -> str:
        return "%s/%s" % (self._api.path(TABLES[ref.kind]), self._id(ref))

    def send(self, request: dict) -> object:
        method, path = request["method"], request["path"]
        if path.endswith(":move"):
            return self._api.write(method, path, request["body"])
        if method == "POST":
            return self._written(method, path, request["body"], request.get("parameters"))
        kind = next(kind for kind, table in TABLES.items() if self._api.path(table) == path.rpartition("/")[0])
        obj = model.object_of(kind, self._api.one(path))
        if method == "PUT":
            container = {name: obj.native[name] for name in ("folder", "snippet") if obj.native.get(name)}
            return self._written(method, path, model.body_of(_changed(obj, request), container))
        if any(obj.members[name] != frozenset(removed) for name, (_added, removed) in request["members"].items()):
            raise AccessError(CONFLICT, "someone else changed %s after it was read, so it is not deleted: run again" % obj.ref)
        self._stamps.pop(obj.native["id"], None)
        return self._api.write(method, path)

    def _written(self, method: str, path: str, body: dict, parameters: dict | None = None) -> dict:
        """The row that was written. :raises OutcomeUnknown: for an answer without one."""
        row = self._api.write(method, path, model.stamped(body, self._stamp), parameters)
        if not isinstance(row, dict) or "id" not in row:
            raise OutcomeUnknown("%s did not return the object that was written" % self._api.host)
        if model.stamp_of(row):
            self._stamps[row["id"]] = self._stamp
        return row

    # -- around the writing

    def held_by(self) -> list[str]:
        return ["a push of %s (job %s) is in progress" % (job.who, job.number) for job in self._api.jobs() if not job.over and job.parent in ("", "0", "None")]

    def isolates(self, changes: Collection[Change]) -> bool:
        return True

    def targets(self) -> list[str]:
        return sorted(self._folders())

    def _folders(self) -> tuple:
        return self._settings.push_folders or (self._settings.folder,)

    def activate(self) -> list[dict]:
        mark = "%s:%s" % (self._scope, ",".join(sorted(set(self._stamps.values()))))
        words = " ".join(part for part in ("netaccess.chatgpt", mark, self._settings.comment) if part)
        job, told = self._api.push(self._folders(), words)
        status = "in force" if told else "the push ended, and no job of a folder tells whether it is in force there"
        return [{"target": folder, "status": status, "job": job.number, "scope": "changes of %s" % self._api.login.client_id, "details": list(job.lines),
                 "warnings": []} for folder in self._folders()]


def _pairs(found: dict) -> dict:
    """What a Change has of fields or members, as plain data."""
    return {name: [list(part) if isinstance(part, tuple) else part for part in pair] for name, pair in sorted(found.items())}


def _changed(obj: Object, request: dict) -> Object:
    """``obj`` as it is now, with the change of a request. :raises AccessError: conflict, where someone else changed the same since it was read."""
    fields, members = dict(obj.fields), dict(obj.members)
    for name, (old, new) in request["fields"].items():
        if fields.get(name) not in (old, new):
            raise AccessError(CONFLICT, "someone else changed %s of %s after it was read: run again" % (name, obj.ref))
        fields[name] = new
    for name, (added, removed) in request["members"].items():
        members[name] = members[name] - frozenset(removed) | frozenset(added)
    return Object(obj.ref, fields, members)


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
        return True
    except ValueError:
        return False


def from_module(module: AnsibleModule) -> ScmAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p = module.params
    who = p["audience"] or {}
    if p["state"] in ("merged", "replaced", "rendered") and not (who.get("sources") or who.get("users") or who.get("everyone")):
        raise AccessError(REFUSED, "audience: set who gets access: sources, users, or everyone: true")
    if who.get("everyone") and (who.get("sources") or who.get("users")):
        raise AccessError(REFUSED, "audience: set sources and users, or everyone: true, not both")
    whole = sorted(set(p["push_folders"] or [p["folder"]]) & set(_WHOLE))
    if whole and p["activate"]:
        raise AccessError(REFUSED, "push_folders: a push to %s cannot be limited to our changes; name the folders below it" % ", ".join(whole))
    settings = filled(Settings, p, p["position"] if p["state"] != "deleted" else None, audience=filled(Audience, who))
    transport = by_options(p, p["api_url"].rstrip("/"))
    login = Login(client_id=p["client_id"], client_secret=p["client_secret"], tsg_id=p["tsg_id"], token_url=p["token_url"].rstrip("/"))
    return ScmAdapter(settings, Api(transport, login, p["service"] == "sase"), transport)
