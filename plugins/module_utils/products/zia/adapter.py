# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zscaler Internet Access: custom URL categories, an SSL inspection rule and a URL filtering rule, one activation.

There is no staging: whatever is saved is in force once anyone activates or any session ends. So rules are saved disabled and enabled
last, and a run that fails writes the old values back before its session ends. Deletes are scarce (four an hour), so what goes is
disabled and emptied; a disabled rule and an empty category of ours count as absent.
"""
from __future__ import annotations

from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    FOREIGN, OURS, UNNAMED, Adapter, Permissions, Step, Traits, Wanted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, AUTH, REFUSED, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.api import (
    Api, Login, legacy_base, oneapi_base, token_base,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import (
    APP_RULE, CATEGORY, COLUMNS, DNS_RULES, FIREWALL_RULE, RULE_PATHS, SSL_RULE, SUPER_CATEGORY, URL_RULE, Settings, Site, in_order,
    render, rule_fields,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.places import Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, borrowed, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

#: Fields that a read adds and a write refuses (provider release notes, STALE_CONFIGURATION_ERROR).
_READ_ONLY = ("lastModifiedTime", "lastModifiedBy", "predefined", "defaultRule", "accessControl")
_POLL_SECONDS = 3


class ZiaAdapter(Adapter):
    """One tenant."""

    traits = Traits(
        product="zia", kinds=(CATEGORY, APP_RULE, SSL_RULE, URL_RULE, FIREWALL_RULE), exclusive="the edit lock of the tenant",
        limits="400 writes and 40 activations an hour; nothing is deleted, because only 4 deletions an hour are allowed",
        # The vendor names no time for its edges; a minute or two is what is allowed for here.
        propagation=120, pending_edits=UNNAMED)

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport
        self._site = Site()
        #: The tables that this run has written to.
        self._written: set = set()
        self._foreign = False

    @property
    def device(self) -> str:
        return self._api.host

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site = self._site
        pending = self._api.get("status").get("status") != "ACTIVE"
        # Also the built-in categories: the tenant may have put entries of its own into any of them.
        site.categories = self._api.get("urlCategories")
        site.rules[URL_RULE] = self._api.get(RULE_PATHS[URL_RULE])
        site.rules[SSL_RULE] = self._api.get(RULE_PATHS[SSL_RULE])
        first = self._settings.scan_conflicts and not site.scanned
        if first or "webApplicationRules" in self._written:
            site.rules[APP_RULE] = self._api.get(RULE_PATHS[APP_RULE])
        if first or self._settings.media or self._settings.whole or "firewallFilteringRules" in self._written:
            self._read_firewall()
        if first:
            site.dns = self._unless_shut("DNS control", DNS_RULES)
            site.denied = self._api.get("security/advanced").get("blacklistUrls") or []
            site.denied += self._api.get("cyberThreatProtection/maliciousUrls").get("maliciousUrls") or []
            site.prompts = bool(self._api.get("advancedUrlFilterAndCloudAppSettings").get("enableChatGptPrompt"))
            site.scanned = True
        if first or self._settings.media or self._settings.whole:
            self._read_destinations()
        self._resolve()
        # Whose edits wait cannot be asked: before our first write they are another administrator's.
        self._foreign = self._foreign or (pending and not self._written)
        return self._parse(None if not pending else OURS if self._written else FOREIGN)

    def _read_firewall(self) -> None:
        """Cloud Firewall is licensed on its own, and a role may not cover it; who does not ask for voice is not stopped by that."""
        site, wants_voice = self._site, self._settings.media or self._settings.whole
        try:
            site.rules[FIREWALL_RULE] = self._api.pages(RULE_PATHS[FIREWALL_RULE])
            # Services are asked for where something depends on them: voice, or a rule that names them.
            if wants_voice or any(rule.get("nwServices") and rule.get("state") != "DISABLED" for rule in site.rules[FIREWALL_RULE]):
                site.services = self._api.pages(voice.SERVICES)
        except AccessError as error:
            licence = "NOT_SUBSCRIBED" in str(error)
            if error.failure != AUTH or not (licence or not self._settings.media):
                raise
            site.no_firewall = "licence" if licence else "role"
            if not licence:
                self._unseen("Cloud Firewall")

    def _read_destinations(self) -> None:
        """Groups of destinations, where a rule names one."""
        if not any(rule.get("destIpGroups") and rule.get("state") != "DISABLED" for rule in self._site.rules[FIREWALL_RULE] + self._site.dns):
            return
        try:
            self._site.destinations = self._api.pages("ipDestinationGroups")
        except AccessError as error:
            # What a group holds that this role may not see is not known, which is no reason to stop.
            if error.failure not in (AUTH, REFUSED):
                raise

    def _unless_shut(self, layer: str, path: str) -> list:
        """A table of what is licensed on its own, or that a role may not cover. What is not seen is said."""
        try:
            return self._api.get(path)
        except AccessError as error:
            if error.failure not in (AUTH, REFUSED):
                raise
            if "NOT_SUBSCRIBED" not in str(error):
                self._unseen(layer)
            return []

    def _unseen(self, layer: str) -> None:
        if layer not in self._site.unseen:
            self._site.unseen.append(layer)

    def _resolve(self) -> None:
        """The ids of the people and places in the audience; those that a rule already names need no question."""
        for column, names in self._settings.audience:
            known = self._site.ids(column)
            for name in names:
                if name not in known:
                    rows = self._api.get(COLUMNS[column], search=name) or []
                    found = next((row["id"] for row in rows if row.get("name") == name), None)
                    if found is None:
                        raise AccessError(REFUSED, "audience.%s: the tenant has nothing named %s" % (column, name))
                    self._site.known.setdefault(column, {})[name] = found

    def _parse(self, pending) -> State:
        site, objects, rules = self._site, Objects(), {}
        for category in site.categories:
            if not category.get("customCategory", True):
                continue
            name, ours = category.get("configuredName") or category["id"], is_ours(category.get("description"))
            members = {field: frozenset(category.get(field) or ()) for field in ("urls", "dbCategorizedUrls")}
            if not ours or any(members.values()):
                ref = Ref(CATEGORY, name)
                objects.add(Object(ref, {"description": category.get("description") or ""}, members, ours=ours, native=category))
        for kind, listed in site.rules.items():
            order = []
            for rule in in_order(listed):
                ours = is_ours(rule.get("description"))
                if ours and rule.get("state") != "ENABLED":
                    continue
                ref = Ref(kind, rule["name"])
                fields = rule_fields(kind, rule, site)
                if kind == FIREWALL_RULE:
                    fields.update(voice.fields(rule, site))
                description = rule.get("description") or ""
                put_back = borrowed(description, "state", "ENABLED")
                order.append(objects.add(Object(ref, fields, {}, ours=ours, borrowed=put_back, native=rule)))
            rules[RULE_PATHS[kind]] = tuple(order)
        return State(objects, rules, pending)

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        places = Places(self._settings, self._site, policy, state)
        wanted = [self._category(self._settings.allow, policy.allow, places.companions(policy.allow))]
        if policy.exempt:
            wanted.append(self._category(self._settings.exempt, policy.exempt, places.companions(policy.exempt)))
            if not self._settings.exempt_category_name:
                wanted.append(places.ssl_rule())
        if not self._settings.category_name:
            wanted.append(places.url_rule())
        return wanted + [places.media_rule(one) for one in policy.media if self._settings.media and not self._site.no_firewall]

    def _category(self, ref: Ref, patterns, companions) -> Wanted:
        entries = frozenset(entry for pattern in patterns for entry in render(pattern)) | companions
        return Wanted(Object(ref, {"description": MARK}, {self._settings.field: entries}))

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        now = state
        for change in changes:
            then = apply(now, [change])
            make = self._category_steps if change.ref.kind == CATEGORY else self._rule_steps
            yield from make(change, now, then)
            now = then

    def _category_steps(self, change, now: State, then: State):
        name, native = change.ref.name, self._site.category(change.ref.name)
        title = "%s %s" % (change.op, change.ref)
        if native is None:
            body = dict({"configuredName": name, "superCategory": SUPER_CATEGORY, "type": "URL_CATEGORY", "customCategory": True, "description": MARK},
                        **{field: sorted(added) for field, (added, _removed) in change.members.items()})
            yield self._step(title, "POST", "urlCategories", body, learn=self._site.learn_category)
            return
        for action, index in (("ADD_TO_LIST", 0), ("REMOVE_FROM_LIST", 1)):
            entries = {field: sorted(pair[index]) for field, pair in change.members.items() if pair[index]}
            if entries:
                body = dict({"configuredName": name}, **entries)
                if native.get("description") != MARK and change.fields.get("description", ("", ""))[1] == MARK:
                    body["description"] = MARK
                yield self._step("%s: %s" % (title, action), "PUT", "urlCategories/%s" % native["id"], body, action=action)

    def _rule_steps(self, change, now: State, then: State):
        kind, name = change.ref.kind, change.ref.name
        path, native = RULE_PATHS[kind], self._site.rule(kind, name) or self._foreseen(change.ref, now)
        title = "%s %s" % (change.op, change.ref)
        if kind == FIREWALL_RULE:
            yield from voice.service_steps(change, then, self._site, self._step)
        if change.op == DELETE:
            yield self._step(title + " (disable it)", "PUT", "%s/%s" % (path, native["id"]), self._body(native, {"state": "DISABLED"}))
            return
        if native is None:
            body = dict(self._rule_body(kind, name, then), state="DISABLED", order=self._site.last_order(kind) + 1, rank=7)
            yield self._step(title + " (disabled)", "POST", path, body, learn=lambda reply: self._site.learn_rule(kind, reply))
            native = self._site.rule(kind, name) or dict(body, **self._foreseen(change.ref, then))
        new = self._rule_body(kind, name, then) if then.objects[change.ref].ours else {
            field: value for field, (_old, value) in change.fields.items()}
        if change.op == CREATE:
            new["state"] = "ENABLED"
        if change.place is not None:
            new["order"] = self._site.order_after(kind, name, change.place[1].after)
        yield self._step(title if change.op != CREATE else title + " (move into place and enable)", "PUT", "%s/%s" % (path, native["id"]),
                         self._body(native, new), learn=lambda reply: self._site.learn_rule(kind, reply))

    def _rule_body(self, kind: str, name: str, then: State) -> dict:
        fields = then.objects[Ref(kind, name)].fields
        body = self._site.rule_body(kind, name, fields)
        return dict(body, **voice.body(self._site, name, fields)) if kind == FIREWALL_RULE else body

    @staticmethod
    def _foreseen(ref: Ref, state: State) -> dict | None:
        """What stands for the native of an object that only a prediction holds: its id is known once it was made."""
        return {"id": "<id of %s>" % ref.name} if ref in state.objects else None

    @staticmethod
    def _body(native: dict, new: dict) -> dict:
        return dict({field: value for field, value in native.items() if field not in _READ_ONLY}, **new)

    @staticmethod
    def _step(title: str, method: str, path: str, body: dict, learn=None, **parameters) -> Step:
        return Step(title, {"method": method, "path": path, "body": body, "parameters": parameters}, learn)

    def permissions(self) -> Permissions:
        """What the tenant says of rules and categories as they were read: whether this administrator may write them."""
        seen = {}
        for kind in (URL_RULE, SSL_RULE):
            words = {rule.get("accessControl") for rule in self._site.rules[kind] if not rule.get("predefined") and not rule.get("defaultRule")} - {None}
            seen[kind] = "READ_WRITE" in words if words else None
        for ref in (self._settings.allow, self._settings.exempt):
            category = self._site.category(ref.name)
            if category is not None and category.get("editable") is False:
                seen[str(ref)] = False
        shut = [name for name, may in seen.items() if may is False]
        if shut:
            return Permissions(False, "the role of this administrator is read-only: %s" % ", ".join(shut))
        unknown = [name for name, may in seen.items() if may is None]
        return Permissions(None if unknown else True, "the tenant has no custom rule to test it with: %s" % ", ".join(unknown) if unknown else
                           "the role of this administrator may write rules")

    def send(self, request: dict) -> object:
        self._written.add(request["path"].partition("/")[0])
        return self._api.write(request["method"], request["path"], request["body"], **request["parameters"])

    def activate(self) -> list[dict]:
        status = (self._api.write("POST", "status/activate") or {}).get("status")
        while status != "ACTIVE":
            self._transport.wait(_POLL_SECONDS, "%s: the activation is %s; it waits for changes of other administrators, or is still in progress"
                                 % (self._api.host, status or "unknown"), ACTIVATION)
            status = self._api.get("status").get("status")
        return [{"target": self._api.host, "status": "in force"}]

    def close(self) -> None:
        try:
            # Ending a session publishes what waits: after a run of ours that is nothing, or the old values; edits of others are not ours to publish.
            if self._written or not self._foreign:
                self._api.end()
        finally:
            self._transport.close()


def from_module(module: AnsibleModule) -> ZiaAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other or that the product cannot do."""
    p = module.params
    who = p["audience"] or {}
    audience = tuple((column, tuple(who[column])) for column in COLUMNS if who.get(column))
    writes = p["state"] in ("merged", "replaced", "deleted", "reverted")
    if p["state"] in ("merged", "replaced", "rendered") and not audience and not who.get("everyone"):
        raise AccessError(REFUSED, "audience: set groups, users, departments or locations, or everyone: true")
    if writes and not p["activate"] and not module.check_mode:
        raise AccessError(REFUSED, "activate: ZIA has no staging; saved changes go live when any session ends. Use check mode to see the plan")
    login = filled(Login, p, token_url=p["token_url"] or (token_base(p["vanity_domain"], p["cloud"]) if p["vanity_domain"] else None))
    if login.oneapi and not (login.client_secret or login.private_key):
        raise AccessError(REFUSED, "client_id needs client_secret or private_key")
    if login.oneapi and not login.token_url:
        raise AccessError(REFUSED, "client_id needs vanity_domain (or token_url) to find the token endpoint")
    base = p["api_url"] or (oneapi_base(p["cloud"]) if login.oneapi else legacy_base(p["cloud"]))
    # Where rules would stand is no matter for their removal.
    settings = filled(Settings, p, p["position"] if p["state"] != "deleted" else None, audience=audience,
                      media=bool(p["config"] and p["config"].get("media")), whole=p["state"] in ("replaced", "deleted", "gathered", "reverted"))
    transport = by_options(p, base.rstrip("/"))
    return ZiaAdapter(settings, Api(transport, login), transport)
