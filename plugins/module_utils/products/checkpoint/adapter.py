# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check Point: application sites, an HTTPS Inspection rule that bypasses, and an access rule in the layer that decides.

Edits are private to a session until they are published, and in force once the package is installed on its gateways. What others have published since the last
installation is installed with it. What a run that died left unpublished is continued by the next one; a run that fails discards its own.
"""
from __future__ import annotations

import contextlib
from typing import Iterable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Permissions, Step, Traits, Wanted, whose
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, LOCKED, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint import model
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.columns import (
    ACCESS, ANY, FREE, HTTPS, LOOKUPS, SITE, TOLD, sent, web_port,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.judge import Assessor, Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.model import Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

#: {kind of rule: how it is called in commands, and what it logs}
_RULES = {HTTPS: ("https-rule", "Log"), ACCESS: ("access-rule", {"type": "Log"})}
_URLS, _FULL = "url-list", {"details-level": "full"}


class CheckpointAdapter(Adapter):
    """One policy package."""

    traits = Traits(product="checkpoint", kinds=(SITE, HTTPS, ACCESS), exclusive="the locks of sessions on edited objects",
                    limits="3 sign-ins a minute for an account")

    def __init__(self, settings: Settings, api: Api, transport: Transport, domain: str | None = None):
        self._settings, self._api, self._transport, self._domain = settings, api, transport, domain
        #: ``_locked``: (Ref, meta-info) of ours; ``_edited``: whether this session may hold our unpublished edits; ``_last``: what was published last at first.
        self._site, self._locked, self._edited, self._last = Site(), [], False, None

    @property
    def device(self) -> str:
        return " ".join(filter(None, (self._api.host, self._domain, self._settings.package)))

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return model.render(pattern, self._settings.entries)

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site, objects, tables = self._site, Objects(), {}
        own, site.unpublished = self._api.sessions()
        self._read_package()
        waiting = [(ACCESS, name) for name in site.ordered] + ([(HTTPS, site.https)] if site.https else [])
        for kind, name in waiting:
            tables[kind, name] = rows = self._api.rows("show-%s-rulebase" % kind.split()[0].lower(), "rulebase", site.known, uid=site.uids[name])
            inner = [row["inline-layer"] if isinstance(row["inline-layer"], str) else row["inline-layer"].get("uid") for row in rows if row.get("inline-layer")]
            waiting += [(ACCESS, name) for name, row in site.layers.items() if row["uid"] in inner and (ACCESS, name) not in waiting]
        self._read_sites(objects)
        self._look_up(row for rows in tables.values() for row in rows)
        rules = {model.base(kind, name): model.read_rules(kind, name, rows, site, objects) for (kind, name), rows in tables.items()}
        self._refuse_unknown_sources()
        self._locked = [(obj.ref, (obj.native.get("meta-info") or {})) for obj in objects.values() if obj.ours]
        return State(objects, rules, self._pending(own), unsealed=bool(own.get("changes")), release="Management API %s" % self._api.version)

    def _read_package(self) -> None:
        """The layers of the package. Releases write an HTTPS layer as a list, as a single layer, or as one for each direction."""
        site, found = self._site, self._api.show("show-package", name=self._settings.package, **_FULL)
        if not site.layers:
            site.layers = {row["name"]: row for row in self._api.rows("show-access-layers", "access-layers", **_FULL)}
            site.known.update({row["uid"]: row for row in site.layers.values()})
        shown = found.get("https-inspection-layers") or found.get("https-layer") or ()
        https = [shown.get("outbound-https-layer", shown)] if isinstance(shown, dict) else list(shown)
        if self._settings.https_layer:
            https = [self._api.show("show-https-layer", name=self._settings.https_layer)]
        if len(https) > 1:
            raise AccessError(REFUSED, "%s has several HTTPS layers: set https_layer to one of %s" % (self.device, ", ".join(one["name"] for one in https)))
        site.ordered, site.https = [one["name"] for one in found.get("access-layers") or ()], https[0]["name"] if https else None
        site.shared = {one["name"] for one in (*site.layers.values(), *https) if one.get("shared")}
        site.uids.update({one["name"]: one["uid"] for one in (*site.layers.values(), *(found.get("access-layers") or ()), *https)})

    def _look_up(self, rows: Iterable[dict]) -> None:
        """What sites and groups hold that rules name: a rulebase shows no more than their names. Once in a run."""
        known, columns = self._site.known, ("service", "site-category", "destination")
        waiting = list({one: None for row in rows if row.get("enabled", True) for column in columns for one in row.get(column) or ()})
        for uid in waiting:
            kind = known.get(uid, {}).get("type")
            command = LOOKUPS.get(kind) if kind != "service-tcp" or web_port(known[uid]) else None
            if command and TOLD.isdisjoint(known[uid]):
                known[uid] = self._api.show(command, uid=uid)
                members = [one for one in known[uid].get("members") or () if isinstance(one, dict)]
                known.update({one["uid"]: dict(one, **known.get(one["uid"], {})) for one in members})
                waiting += [one["uid"] for one in members]

    def _read_sites(self, objects: Objects) -> None:
        """Ours, which no rule may name yet, also those of the other form of entries. The search is one in names and comments."""
        wanted = {self._settings.site(HTTPS), self._settings.site(ACCESS)}
        for row in self._api.rows("show-application-sites", filter=self._settings.prefix, **_FULL):
            ref, ours = Ref(SITE, row["name"]), is_ours(row.get("comments"))
            if ref in wanted or (ours and ref.name.startswith(self._settings.prefix + " ")):
                self._site.known[row["uid"]] = row
                fields = {"description": row.get("comments") or "", "primary-category": row.get("primary-category"),
                          "urls-defined-as-regular-expression": bool(row.get("urls-defined-as-regular-expression"))}
                objects.add(Object(ref, fields, {_URLS: frozenset(row.get(_URLS) or ())}, ours=ours, native=row))

    def _refuse_unknown_sources(self) -> None:
        """:raises AccessError: refused, before anything is written, for an audience that does not exist."""
        for name in self._settings.rule(ACCESS)["source"]:
            if name not in {ANY, *(row.get("name") for row in self._site.known.values())}:
                found = [row for row in self._api.rows("show-objects", filter=name) if row.get("name") == name]
                if not found:
                    raise AccessError(REFUSED, "audience: %s has no object named %s" % (self._api.host, name))
                self._site.known[found[0]["uid"]] = found[0]

    def _pending(self, own: dict) -> str | None:
        """Whose published changes no installation has brought to every gateway of the package. Which package they are for is not told."""
        site = self._site
        site.gateways, site.misplaced = model.aims(self._settings, self._api.rows("show-gateways-and-servers", **_FULL))
        since = min((_posix((row.get("policy") or {}).get("access-policy-installation-date")) for row in site.gateways), default=0)
        last = self._api.show("show-last-published-session")
        self._last = self._last or last
        published = self._published(since) if _posix(last.get("publish-time")) > since else []
        mine = [row for row in published if row.get("user-name") == own.get("user-name") and is_ours(row.get("description"))]
        site.published = [row for row in published if row not in mine]
        return whose(mine or own.get("changes"), site.published)

    def _published(self, since: int) -> list:
        """The sessions that were published after a time."""
        rows = self._api.rows("show-sessions", **{"view-published-sessions": True}, **_FULL)
        return [row for row in rows if _posix(row.get("publish-time")) > since]

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        settings, places = self._settings, Places(self._settings, self._site, policy, state)
        parts = [(kind, patterns) for kind, patterns in ((HTTPS, policy.exempt), (ACCESS, policy.allow)) if patterns]
        fields = {"description": MARK, "primary-category": settings.category, "urls-defined-as-regular-expression": settings.entries == "regex"}
        sites = [Object(settings.site(kind), fields, {_URLS: frozenset(entry for one in patterns for entry in self.render(one))}) for kind, patterns in parts]
        return [Wanted(site) for site in sites] + [places.rule(kind, patterns) for kind, patterns in parts]

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        # A site cannot be deleted before the rule that used it uses another one.
        for change in sorted(changes, key=lambda one: one.ref.kind == SITE and one.op == DELETE):
            make = self._site_steps if change.ref.kind == SITE else self._rule_steps
            for command, body in make(change):
                yield Step("%s %s" % (change.op, change.ref), {"command": command, "body": body},
                           lambda reply, ref=change.ref: self._site.uids.update({ref: reply.get("uid")}))

    def _site_steps(self, change: Change) -> Iterator[tuple]:
        name, (added, removed) = {"name": change.ref.name}, change.members.get(_URLS, ((), ()))
        if change.op == DELETE:
            yield "delete-application-site", name
        elif change.op == CREATE:
            yield "add-application-site", dict(name, **sent(change), **{_URLS: list(added)})
        else:
            parts = [{_URLS: {word: list(entries)}} for word, entries in (("add", added), ("remove", removed)) if entries]
            for part in [{**sent(change), **part} for part in parts[:1] or [{}]] + parts[1:]:
                yield "set-application-site", {**name, **part}

    def _rule_steps(self, change: Change) -> Iterator[tuple]:
        """The place of a rule is beside one that was read: top and bottom would move with what others insert."""
        (layer, _colon, name), uids = change.ref.name.partition(": "), self._site.uids
        (command, track), rule = _RULES[change.ref.kind], {"uid": uids.get(change.ref, "<uid of %s>" % change.ref.name), "layer": layer}
        after = change.place and change.place[1] and change.place[1].after
        place = {"below": uids.get(after, "<uid of %s>" % after.name)} if after else "top"
        if change.op == DELETE:
            yield "delete-" + command, rule
        elif change.op == CREATE:
            yield "add-" + command, {**sent(change), "track": track, "layer": layer, "name": name, "position": place}
        else:
            yield "set-" + command, {**sent(change), **rule, **({"new-position": place} if change.place else {})}

    def begin(self) -> bool:
        if self._settings.activate and self._site.misplaced:
            raise AccessError(REFUSED, "%s: %s" % (self.device, "; ".join(self._site.misplaced)))
        if self.held_by():
            raise AccessError(LOCKED, "%s: %s; have these sessions published or discarded" % (self._api.host, "; ".join(self.held_by())))
        self._api.show("set-session", description="%s: %s" % (MARK, self._settings.comment or "ChatGPT access"))
        return False

    def held_by(self) -> list[str]:
        return ["%s locks %s" % (meta.get("locking-admin") or "another session", ref) for ref, meta in self._locked if meta.get("lock") not in FREE]

    def permissions(self) -> Permissions:
        told = Permissions(None, "the Management API does not show what this account may edit, publish and install")
        return Permissions(False, "the session of this account is read-only") if self._api.read_only else told

    def send(self, request: dict) -> object:
        self._edited = True
        return self._api.write(request["command"], request["body"])

    def seal(self) -> None:
        """Publish. Before it is the last moment to stop for what others published since the run began, which would be installed with ours."""
        if not self.undoing and self._api.show("show-last-published-session").get("uid") != self._last.get("uid"):
            for late in self._published(_posix(self._last.get("publish-time"))):
                if not is_ours(late.get("description")):
                    raise AccessError(LOCKED, "while this run wrote, %s published %s, which would be installed with ours: run again when it is installed" % (
                        late.get("user-name"), late.get("name") or "a session"))
        self._api.wait(self._api.write("publish", {}).get("task-id"), REFUSED)
        self._edited = False

    def activate(self) -> list[dict]:
        body = {"policy-package": self._settings.package, "access": True, "threat-prevention": False, "targets": self.targets()}
        try:
            task = self._api.write("install-policy", body).get("task-id")
            told = [one.get("gatewayName") for one in self._api.wait(task, ACTIVATION).get("task-details") or ()]
        except AccessError as error:
            raise AccessError(ACTIVATION, str(error)) from error
        return [{"target": name, "status": "in force"} for name in [name for name in told if name] or self.targets()]

    def targets(self) -> list[str]:
        return sorted(row["name"] for row in self._site.gateways)

    def discard(self) -> bool:
        self._api.discard()
        self._edited = False
        return True

    def close(self) -> None:
        with contextlib.closing(self._transport):
            self._api.end(self._edited)


def _posix(when: dict | None) -> int:
    return (when or {}).get("posix") or 0


def from_module(module: AnsibleModule) -> CheckpointAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p, who = module.params, module.params["audience"] or {}
    if p["state"] in ("merged", "replaced", "rendered") and bool(who.get("roles") or who.get("networks")) == bool(who.get("everyone")):
        raise AccessError(REFUSED, "audience: set roles or networks, or everyone: true")
    if bool(p["api_key"]) == bool(p["username"] and p["password"]):
        raise AccessError(REFUSED, "set api_key, or username and password")
    # A removal does not depend on the audience and the place of rules.
    goes = p["state"] in ("deleted", "reverted")
    settings = filled(Settings, p, None if goes else who, never_above=() if goes else tuple(p["never_above"]))
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    login = {"user": p["username"], "password": p["password"], "api-key": p["api_key"], "domain": p["domain"]}
    login = {name: value for name, value in login.items() if value and (name == "domain" or (name == "api-key") == bool(p["api_key"]))}
    return CheckpointAdapter(settings, Api(transport, login, p["cloud_mgmt_id"]), transport, p["domain"])
