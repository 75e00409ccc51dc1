# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cisco Umbrella: destination lists of the DNS and the web layer; and of Cisco Secure Access, its successor, whose access rules can be read.

Each write is in force by itself, and reaches the edges some time later. What uses a list is set up by an administrator, once; so what is removed is
emptied and never deleted, which would take that work with it. Entries are added and removed one by one, at most 500 in a request, and each request
that writes them is followed by a read of the list, since the service may accept an entry and drop it. The same goes for entries of ours in the do not
decrypt lists of Secure Access, where the task asks for them; security profiles and rules are never written.
"""
from __future__ import annotations

import hashlib
from typing import Callable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, PARTIAL, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Pattern, collapse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.api import (
    BASES, BATCH, LISTS, POLICIES, SECURE_ACCESS, SPARED, Api, batches,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import AUTHOR, EXEMPT
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.entries import entry_name, park, render
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import (
    BLOCKED, BUNDLES, COMMENT_LENGTH, DNS, DNS_LIST, KINDS, PROFILE, RULES, WEB, WEB_LIST, Settings, Site, layer_of, managed_elsewhere,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import Rules, may_apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.spared import SparedLists, missing
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

#: How often a list is read until it shows what was written. The service says nothing of a delay; one of a few seconds is allowed for.
_LOOKS, _LOOK_SECONDS = 4, 3


class UmbrellaAdapter(Adapter):
    """One organisation."""

    # The vendor's word for policies ("up to 20 minutes"); caches of resolvers come on top.
    traits = Traits(product="umbrella", kinds=(DNS_LIST, WEB_LIST, EXEMPT, BLOCKED), propagation=1200)

    def __init__(self, settings: Settings, api: Api, transport: Transport, key: str):
        self._settings, self._api, self._transport, self._key = settings, api, transport, key
        self._site = Site(settings.names, settings.parking_domain)
        self._spared = SparedLists(settings, self._site, api, self._looked)
        self._doubt = False

    @property
    def device(self) -> str:
        """All organisations share one host, so the organisation or else its key tells them apart."""
        who = self._settings.organization_id or "key %s" % hashlib.sha256(self._key.encode("utf-8")).hexdigest()[:10]
        return "%s, %s" % (self._api.host, who)

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site, settings = self._site, self._settings
        if self._doubt:
            # The last write has not been seen yet. Read at once, the lists may not show what it did.
            self._transport.wait(_LOOKS * _LOOK_SECONDS, "%s does not report the result of a write" % self._api.host, UNREACHABLE)
            self._doubt = False
        site.lists = self._api.pages(LISTS)
        self._check_organization()
        self._check_rules()
        if settings.decryption:
            self._spared.read()
        behind = site.decryption.behind() if site.decryption is not None else frozenset()
        for row in site.lists:
            number = row["id"]
            if number in behind:
                continue
            if site.ref_of(row) is not None:
                site.items[number] = self._api.entries(number)
            elif settings.scan_conflicts and self._may_block(row) and number not in site.scanned:
                site.items[number] = self._api.entries(number)
                site.scanned.add(number)
            elif settings.scan_conflicts and number not in site.items and self._may_open(row):
                site.items[number] = self._api.entries(number)
        self._check_policies()
        objects = Objects()
        site.objects(objects.add)
        return State(objects, unread=self._spared.unread())

    def _check_organization(self) -> None:
        """Lists that a console of several organisations hands down may be another one's."""
        wanted = self._settings.organization_id
        held = {str(row["organizationId"]) for row in self._site.lists if "organizationId" in row}
        if wanted and held and wanted not in held:
            raise AccessError(REFUSED, "organization_id: the key belongs to organisation %s, not to %s" % (", ".join(sorted(held)), wanted))

    def _check_policies(self) -> None:
        """Names of policies in the task are checked while planning: a typing error would otherwise show only when the list is attached."""
        for layer, names in () if self._settings.secure else self._settings.audience:
            if layer in self._site.policies or not names or self._settings.removing:
                continue
            try:
                held = {row["name"] for row in self._api.pages(POLICIES, type=layer)}
            except AccessError as error:
                if error.failure != AUTH:
                    raise
                self._site.unread.append("this key cannot read policies (scope deployments.policies:read), so the names in audience.%s_policies were "
                                         "not checked" % layer)
                held = set(names)
            self._site.policies[layer] = held
            missing = [name for name in names if name not in held]
            if missing:
                raise AccessError(REFUSED, "audience.%s_policies: the organisation has no %s policy named %s" % (layer, layer, ", ".join(missing)))

    def _check_rules(self) -> None:
        """Secure Access: the rules of the audience, with ``scan`` also those that are above and those that use a list, whole. They are read once."""
        names = self._settings.policies(RULES)
        if not self._settings.secure or self._site.rules is not None or self._site.unread:
            return
        try:
            table = self._api.rules()
            last = max((row["rulePriority"] for row in table if row["ruleName"] in names), default=0)
            rows = [self._api.rule(row["ruleId"]) if row["ruleName"] in names or self._matters(row, last) else row for row in table]
        except AccessError as error:
            if error.failure != AUTH:
                raise
            self._site.unread.append("this key cannot read access rules (scope policies.rules:read), so it is unknown whether those in audience.rules "
                                     "use the list")
            return
        allowing = {row["ruleName"] for row in rows if row["ruleAction"] == "allow" and row.get("ruleIsEnabled") is True}
        missing = [name for name in names if name not in allowing]
        if missing and not self._settings.removing:
            raise AccessError(REFUSED, "audience.rules: the organisation has no enabled allow rule named %s" % ", ".join(missing))
        self._site.rules = Rules(names, rows)

    def _matters(self, row: dict, last: int) -> bool:
        return self._settings.decryption and may_apply(row) and (row["ruleAction"] != "block" or row["rulePriority"] < last)

    def _may_block(self, row: dict) -> bool:
        """Whether rules may block by an existing list. In Umbrella: see ``may_block``; in Secure Access the rules say so."""
        if not self._settings.secure or self._site.rules is None:
            return may_block(row)
        return (self._settings.whole and layer_of(row) == WEB) or bool(self._site.rules.above_by(row["id"]))

    def _may_open(self, row: dict) -> bool:
        """Whether a rule that is evaluated before those of the audience allows people by a list: it decides by its own profile what is decrypted."""
        return self._site.rules is not None and self._site.rules.asked_by(row["id"])

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        entries = frozenset(pattern.name for pattern in collapse(Pattern(pattern.name, DOMAIN) for pattern in policy.allow))
        wanted = []
        for layer in self._settings.layers if entries else ():
            ref = Ref(KINDS[layer], self._settings.names[layer])
            self._usable(ref, layer)
            wanted.append(Wanted(Object(ref, {"name": self._settings.full_name(layer)}, {"destinations": entries})))
        if self._settings.spares:
            wanted += self._spared.target(policy.exempt)
        return wanted

    def _usable(self, ref: Ref, layer: str) -> None:
        row = self._site.row(ref)
        if row is None:
            return
        if managed_elsewhere(row):
            raise AccessError(REFUSED, "the list %s is managed outside of this organisation: set another name" % row["name"])
        if layer == DNS and row["access"] != "allow":
            raise AccessError(REFUSED, "the DNS list %s is a block list (access %s): set another name" % (row["name"], row["access"]))

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        for change in changes:
            if change.ref.kind == BLOCKED:
                yield from self._entry_steps(change, state.objects[change.ref].native)
            elif change.ref.kind == EXEMPT:
                yield from self._spared.steps(change)
            else:
                yield from self._list_steps(change)

    def _list_steps(self, change):
        ref, site = change.ref, self._site
        title = "%s %s" % (change.op, ref)
        added, removed = change.members.get("destinations", ((), ()))
        row = site.row(ref)
        if row is None and change.op == CREATE:
            first, added = added[:BATCH], added[BATCH:]
            body = {"access": "none" if self._settings.secure else "allow", "isGlobal": False, "name": change.fields["name"][1],
                    "bundleTypeId": BUNDLES[layer_of_kind(ref.kind)], "destinations": self._new(first)}
            yield Step("%s (+%d)" % (title, len(first)), {"method": "POST", "path": LISTS, "body": body},
                       learn=lambda reply: site.learn(reply["data"]))
            row = site.row(ref)
        name = change.fields.get("name", (None, None))[1]
        if change.op != DELETE and row is not None and name is not None and row["name"] != name:
            yield Step("%s: name" % title, {"method": "PATCH", "path": self._path(ref), "body": {"name": name}})
        for part in batches(removed):
            ids = self._ids(ref)
            yield Step("%s (-%d)" % (title, len(part)), {"method": "DELETE", "path": self._path(ref) + "/destinations/remove", "body": [
                ids.get(one, "<id of %s>" % one) for one in part]})
        for part in batches(added):
            yield Step("%s (+%d)" % (title, len(part)), {"method": "POST", "path": self._path(ref) + "/destinations", "body": self._new(part)})

    def _entry_steps(self, change, native: dict):
        """What replaces an entry is there before that goes, so that a stop between the two is seen and can be finished or rolled back."""
        row, name = native["list"], native["destination"]
        item = native["there"] or native["parked"]
        names = {"blocks": name, "parked": park(name, self._settings.parking_domain)}
        for come in (True, False):
            for field in ("blocks", "parked"):
                if change.fields.get(field, (None, None))[1] is not come:
                    continue
                path = "%s/%s/destinations" % (LISTS, row["id"])
                if come:
                    body = [dict({"destination": names[field]}, **({"comment": item["comment"]} if item.get("comment") else {}))]
                    yield Step("%s: add %s" % (change.ref, names[field]), {"method": "POST", "path": path, "body": body})
                else:
                    held = native["there" if field == "blocks" else "parked"]
                    number = int(held["id"]) if held else "<id of %s>" % names[field]
                    yield Step("%s: remove %s" % (change.ref, names[field]), {"method": "DELETE", "path": path + "/remove", "body": [number]})

    def _path(self, ref: Ref) -> str:
        row = self._site.row(ref)
        return "%s/%s" % (LISTS, row["id"] if row else "<id of %s>" % ref.name)

    def _ids(self, ref: Ref) -> dict:
        """Of the entries of a list. They are texts when read and numbers when sent (OpenAPI document)."""
        row = self._site.row(ref)
        return {entry_name(item): int(item["id"]) for item in (self._site.items.get(row["id"], ()) if row else ())}

    def _new(self, destinations) -> list:
        comment = self._settings.signed(AUTHOR, COMMENT_LENGTH)
        return [{"destination": one, "comment": comment} for one in destinations]

    def send(self, request: dict) -> object:
        spared = request["path"].startswith(SPARED)
        if spared:
            self._spared.check(request)
        self._doubt = True
        try:
            reply = self._api.write(request["method"], request["path"], request["body"])
        except AccessError as error:
            # A refusal may come with a part of the entries added.
            self._doubt = isinstance(error, OutcomeUnknown) or error.failure == REFUSED
            self._site.scanned.clear()
            if spared and error.failure == AUTH:
                raise AccessError(AUTH, "%s. Give the key policies.donotdecryptlists:write, or set exempt_by: manual" % error) from error
            raise
        if spared:
            self._spared.settled(request)
            self._doubt = False
            return reply
        body, number = request["body"], request["path"][len(LISTS) + 1:].partition("/")[0]
        if request["path"] == LISTS:
            row = reply.get("data") if isinstance(reply, dict) else None
            if not isinstance(row, dict) or "id" not in row:
                raise OutcomeUnknown("%s did not return the list that was created" % self._api.host)
            number, body = row["id"], body["destinations"]
        if request["method"] == "DELETE":
            self._settled(int(number), "kept", lambda items: [str(one) for one in body if one in {int(item["id"]) for item in items}], len(body))
        elif request["method"] != "PATCH":
            self._settled(int(number), "dropped", lambda items: missing(body, items), len(body))
        self._doubt = False
        return reply

    def _settled(self, number: int, done: str, left: Callable[[list], list], count: int) -> None:
        """Read the list back until it holds what was written. :raises AccessError: partial, when the service took it and does not hold it."""
        def look() -> list:
            self._site.items[number] = self._api.entries(number)
            return left(self._site.items[number])
        self._looked("list %d" % number, look, done, count)

    def _looked(self, where: str, look: Callable[[], list], done: str, count: int) -> None:
        for number in range(_LOOKS):
            left = look()
            if not left:
                return
            if number < _LOOKS - 1:
                self._transport.wait(_LOOK_SECONDS, "%s does not show the written entries yet" % self._api.host, PARTIAL)
        raise AccessError(PARTIAL, "%s accepted %d entries of %s and %s %d of them: %s" % (self._api.host, count, where, done, len(left), ", ".join(left[:5])))


def may_block(row: dict) -> bool:
    """Whether rules of a web policy may block by an existing list; in a DNS policy an allow list like ours comes first anyway.

    A web list is made to allow or to block where it is used (user guide, "Add a Web Destination List"); one that says "allow" is taken at its word.
    """
    return layer_of(row) == WEB and row["access"] != "allow" and not row.get("markedForDeletion") and (row.get("meta") or {}).get("destinationCount") != 0


def layer_of_kind(kind: str) -> str:
    """The layer of a kind of list."""
    return next(layer for layer, one in KINDS.items() if one == kind)


def from_module(module: AnsibleModule) -> UmbrellaAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p = module.params
    who = p["audience"] or {}
    secure = p["service"] == SECURE_ACCESS
    parts = {RULES: "rules"} if secure else {DNS: "dns_policies", WEB: "web_policies"}
    audience = tuple((part, tuple(who[option])) for part, option in parts.items() if who.get(option))
    everyone = bool(who.get("everyone"))
    if any(who.get(option) for option in ("dns_policies", "web_policies", "rules") if option not in parts.values()) or (secure and everyone):
        raise AccessError(REFUSED, "audience: with service %s set %s" % (p["service"], " and ".join(parts.values())))
    if audience and everyone:
        raise AccessError(REFUSED, "audience: set policies or everyone: true, not both")
    if p["state"] in ("merged", "replaced", "rendered") and not audience and not everyone:
        raise AccessError(REFUSED, "audience: set %s" % ("rules" if secure else "dns_policies or web_policies, or set everyone: true"))
    if p["exempt_by"] == PROFILE and not secure:
        raise AccessError(REFUSED, "exempt_by: profile is only for service %s; Umbrella has no API for decryption settings" % SECURE_ACCESS)
    layers = tuple(layer for layer, _names in audience) or tuple(p["layers"])
    base = (p["api_url"] or BASES[p["service"]]).rstrip("/")
    names = {DNS: p["dns_list"] or p["prefix"] + " DNS", WEB: p["web_list"] or p["prefix"] + " web"}
    whole = p["state"] in ("replaced", "deleted", "reverted")
    if secure:
        layers, names = (WEB,), {WEB: names[WEB]}
    settings = filled(
        Settings, p, names=names, layers=layers, audience=audience, everyone=everyone, secure=secure, parking_domain=p["parking_domain"].strip(".").lower(),
        scan_conflicts=p["scan_conflicts"] or whole, removing=p["state"] == "deleted", whole=whole)
    transport = by_options(p, base)
    return UmbrellaAdapter(settings, Api(transport, p["api_key"], p["api_secret"]), transport, p["api_key"])
