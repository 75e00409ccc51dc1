# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symantec Edge SWG and Cloud SWG: one CPL policy object in Management Center, guarded by its revision, and the request that installs it.

Content in Management Center decides nothing until it is installed. How that is done by API is published nowhere: it is a request of the operator's, or a
step by hand; whether it arrived is read from the devices' own consoles. The object is written whole and in one request, so there is no half of it. It is
emptied and never deleted: devices stay assigned to it, and deleting it takes nothing from them.
"""
from __future__ import annotations

import ipaddress
from copy import deepcopy
from itertools import groupby
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    FOREIGN, HIDDEN, NAMED, OURS, Adapter, Step, Traits, Wanted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, UPDATE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, REFUSED, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.api import Api, Install, Login
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import (
    ADDED, CPL, ENTRY, LIST, LISTS, OTHER, POLICY, REVISION, URLS, URL_LIST, Settings, Site,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.portal import (
    FileAdapter, PortalAdapter,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.section import (
    ALLOW, EXEMPT, write_section,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

_POLL_SECONDS = 3
#: Seconds allowed for devices that cannot be asked; no time is documented.
_UNSEEN = 300
_UNTOLD = "not known to be in force: no console shows the entries of a URL list"


class SymantecAdapter(Adapter):
    """One policy object of one Management Center."""

    def __init__(self, settings: Settings, api: Api, transport: Transport, install: Install | None = None):
        self._settings, self._api, self._transport, self._install = settings, api, transport, install
        self._site = Site(settings)
        self._state: State | None = None
        self._lists_written = False

    @property
    def traits(self) -> Traits:
        # What waits is seen by our own section alone; entries of other lists, and everything without consoles, are not.
        told = HIDDEN if self._install is not None else NAMED
        seen = self._settings.consoles and self._settings.mode == "edge"
        return Traits(product="symantec_swg", kinds=(LIST, POLICY, ENTRY), propagation=0 if seen else _UNSEEN, pending_edits=told)

    @property
    def device(self) -> str:
        return "%s %s" % (self._api.host, self._settings.prefix)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site = self._site
        site.policies = self._api.policies()
        kinds = () if not self._settings.scan_conflicts else (URL_LIST,) if site.scanned and self._lists_written else () if site.scanned else LISTS
        wanted = site.of_type(*kinds) + [row for row in site.of_type(CPL) if row["name"] == self._settings.prefix]
        wanted += [row for row in site.of_type(URL_LIST) if row["name"] in self._settings.lists.values() and row not in wanted]
        if self._settings.scan_conflicts and not site.scanned and not self._settings.consoles:
            wanted += [row for row in site.of_type(CPL) if row["name"] != self._settings.prefix]
        for row in wanted:
            site.contents[row["uuid"]] = self._api.content(row["uuid"])
        site.scanned = True
        site.current = {console: self._api.current(console) for console in self._settings.consoles}
        waits = self._install is not None and bool(site.waiting())
        self._state = State(site.objects(), {}, None if not waits else OURS if site.last_is_ours() else FOREIGN)
        return self._state

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        lists, parts = self._settings.lists, {ALLOW: policy.allow, EXEMPT: policy.exempt}
        urls: dict = {}
        for part, name in lists.items():
            if self._state is not None and self._site.row(name, URL_LIST) is None:
                raise AccessError(REFUSED, "%s has no URL list %s" % (self._api.host, name))
            urls[name] = urls.get(name, frozenset()) | frozenset(pattern.name for pattern in parts[part])
        wanted = [Wanted(Object(Ref(LIST, name), {}, {URLS: entries})) for name, entries in urls.items()]
        own = {part: () if part in lists else patterns for part, patterns in parts.items()}
        if any(own.values()):
            rules = {"%s rule" % part: self._settings.rule(part) if patterns else "" for part, patterns in own.items()}
            members = dict({part: frozenset(map(str, patterns)) for part, patterns in own.items()}, **{OTHER: frozenset()})
            wanted.append(Wanted(Object(self._settings.policy, dict(rules, description=MARK), members)))
        return wanted

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state, state is not self._state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        now = state
        for kind, group in groupby(changes, key=lambda change: (change.ref.kind, self._list_of(change, state))):
            group = list(group)
            then = apply(now, group)
            if kind[0] == LIST:
                yield self._list_step(group[0], then)
            elif kind[0] == ENTRY:
                yield self._entries_step(group, then)
            else:
                yield from self._policy_steps(group[0], then)
            now = then

    @staticmethod
    def _list_of(change, state: State) -> str:
        return state.objects[change.ref].native["uuid"] if change.ref.kind == ENTRY else change.ref.name

    def _policy_steps(self, change, then: State):
        name, title = change.ref.name, "%s %s" % (change.op, change.ref)
        row = self._site.row(name)
        if row is None and change.op == CREATE:
            body = {"name": name, "contentType": CPL, "description": MARK}
            body.update({"tenant": self._settings.tenant} if self._settings.tenant else {})
            yield Step(title, {"method": "POST", "path": "/api/policies", "body": body, "guard": None}, self._site.learn_row)
            row = self._site.row(name)
        elif "description" in change.fields and change.op == UPDATE:
            yield Step(title + " (description)", {"method": "PUT", "path": "/api/policies/%s" % row["uuid"],
                                                  "body": {"name": name, "description": change.fields["description"][1]}, "guard": None})
        row = row or {"uuid": "<uuid of %s>" % name}
        if change.members or set(change.fields) - {"description"}:
            yield self._content_step(title + " (content)", row["uuid"], CPL, self._policy_content(row["uuid"], then.objects.get(change.ref)))

    def _policy_content(self, uuid: str, obj: Object | None) -> dict:
        """The whole content with our section in it; sections of others stay as they are."""
        name, content = self._settings.prefix, deepcopy(self._site.body(uuid))
        fields, members = (obj.fields, obj.members) if obj else ({}, {})
        rules = {part: fields.get("%s rule" % part) for part in (ALLOW, EXEMPT)}
        text = write_section(name, members, rules, "\n".join(sorted(members.get(OTHER, ()))), self._settings.full)
        sections = content.setdefault("sections", [])
        own = next((one for one in sections if one.get("name") == name), None)
        if own is None:
            own = {"name": name, "purpose": "CustomSolution", "overridePolicy": None, "mandatoryPolicy": None}
            sections.append(own)
        own["defaultPolicy"] = text
        content.setdefault("editMode", "SECTIONED")
        content.setdefault("referenceDeviceUuid", None)
        return content

    def _list_step(self, change, then: State) -> Step:
        """Entries of an existing list: those that we added go again, those that were there and off are switched."""
        row = self._site.row(change.ref.name, URL_LIST) or {"uuid": "<uuid of %s>" % change.ref.name}
        content, wanted = deepcopy(self._site.body(row["uuid"])), then.objects[change.ref].members[URLS]
        kept = [one for one in content.get("urls") or [] if one.get("url") in wanted or one.get("description") != ADDED]
        for one in kept:
            one["enabled"] = one.get("url") in wanted
        known = {one.get("url") for one in kept}
        content["urls"] = kept + [{"url": url, "description": ADDED, "enabled": True} for url in sorted(wanted - known)]
        return self._content_step("%s %s" % (change.op, change.ref), row["uuid"], URL_LIST, content)

    def _entries_step(self, group: list, then: State) -> Step:
        native = then.objects[group[0].ref].native
        content = deepcopy(self._site.body(native["uuid"]))
        new = {then.objects[change.ref].native["url"]: {path: value for path, (_old, value) in change.fields.items()} for change in group}
        for one in content.get("urls") or []:
            one.update(new.get(one.get("url"), {}))
        return self._content_step("update URL list %s" % native["list"], native["uuid"], URL_LIST, content)

    def _content_step(self, title: str, uuid: str, kind: str, content: dict) -> Step:
        note = REVISION + (": %s" % self._settings.comment if self._settings.comment else "")
        # The version of the schema is sent back as it was read (article 171607); of a new object none was, and a public client leaves it out then.
        schema = (self._site.contents.get(uuid) or {}).get("schemaVersion")
        body = dict({"schemaVersion": schema} if schema else {}, contentType=kind, changeDescription=note, content=content)
        return Step(title, {"method": "POST", "path": "/api/policies/%s/content" % uuid, "body": body, "guard": uuid},
                    lambda reply: self._site.learn_content(uuid, body, reply))

    def send(self, request: dict) -> object:
        self._lists_written = self._lists_written or request["body"].get("contentType") == URL_LIST
        return self._api.write(request["method"], request["path"], request["body"], request["guard"])

    def activate(self) -> list[dict]:
        row = self._site.row(self._settings.prefix)
        for listed in () if row else self._settings.lists.values():
            row = self._site.row(listed, URL_LIST)
        if row is None:
            # What was never made, or is gone, waits for nothing: a run that was killed before its first write is rolled back so.
            return [{"target": self._settings.prefix, "status": "not there: nothing to install"}]
        name = row["name"]
        if self._install is None:
            return [{"target": name, "status": "to be installed by hand"}]
        try:
            self._api.install(self._install, {"uuid": row["uuid"], "name": name, "revision": self._api.revisions.get(row["uuid"])})
        except OutcomeUnknown:
            # It is not asked again; the devices will tell, where they can be asked.
            if not self._settings.consoles:
                raise
        consoles = self._settings.consoles
        told = [{"target": name, "status": "accepted"}]
        told += [{"target": console, "status": self._arrived(console)} for console in consoles if row["contentType"] == CPL]
        # Consoles show our policy, and not which entries the devices have of a list.
        return told + [{"target": listed, "status": _UNTOLD} for listed in sorted(set(self._settings.lists.values())) if consoles and self._lists_written]

    def _arrived(self, console: str) -> str:
        while True:
            self._site.current[console] = self._api.current(console)
            if console not in self._site.waiting():
                return "in force"
            self._transport.wait(_POLL_SECONDS, "%s does not run the installed policy: if it did not compile, the old policy is still in force. Check "
                                                "the installation in Management Center"
                                 % console.partition("://")[2], ACTIVATION)


def from_module(module: AnsibleModule) -> Adapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other or that the product cannot do."""
    p = module.params
    who = p["audience"] or {}
    settings = filled(
        Settings, p, who, consoles=tuple(console.rstrip("/") for console in p["consoles"]), installs=bool(p["install"]) and p["activate"],
        # What was taken out of the way is in the lists: to give it back, they have to be read.
        scan_conflicts=p["scan_conflicts"] or p["state"] in ("deleted", "reverted"))
    _check_audience(settings, who, p["state"])
    if p["mode"] == "portal":
        return PortalAdapter(settings)
    if p["method"] != "management_center":
        if p["state"] != "rendered":
            raise AccessError(REFUSED, "method: %s produces a file that devices fetch, so only state rendered is possible" % p["method"])
        return FileAdapter(settings, p["method"])
    login = filled(Login, p)
    if p["state"] != "rendered" and not (p["host"] and (login.token or (login.username and login.password))):
        raise AccessError(REFUSED, "host, and token or username and password, are needed to reach Management Center")
    if settings.consoles and not (p["console_username"] and p["console_password"]):
        raise AccessError(REFUSED, "consoles needs console_username and console_password")
    for console in settings.consoles:
        if not console.startswith("https://"):
            raise AccessError(REFUSED, "consoles: %s must begin with https://" % console)
    if p["install"] and not p["activate"] and not settings.consoles and not module.check_mode:
        raise AccessError(REFUSED, "activate: without consoles later runs cannot detect that the policy is not installed yet; set consoles, or remove install")
    install = filled(Install, p["install"]).checked() if p["install"] else None
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    console_login = Login(username=p["console_username"], password=p["console_password"])
    return SymantecAdapter(settings, Api(transport, login, console_login), transport, install)


def _check_audience(settings: Settings, who: dict, state: str) -> None:
    if state in ("merged", "replaced", "rendered") and not (settings.groups or settings.users or settings.clients or who.get("everyone")):
        raise AccessError(REFUSED, "audience: set groups, users or clients, or everyone: true")
    for name in settings.groups + settings.users + (settings.prefix,):
        if any(char in "\"';()<>" or ord(char) < 32 for char in name):
            raise AccessError(REFUSED, "%r: quotes, semicolons, brackets and control characters are not allowed in a rule" % name)
    for network in settings.clients:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise AccessError(REFUSED, "audience.clients: %r is not a network in CIDR form" % network) from None
