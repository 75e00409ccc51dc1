# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloudflare Gateway: a list of domains (and one of hosts), a rule that does not inspect, and rules that allow in DNS, network and, where needed, HTTP.

There is no staging and no lock: each write is in force within a minute. Lists are changed by difference, rules are whole when they are made, so
the order of writes is what keeps every moment safe: lists, the exemption, then HTTP, network and DNS.
"""
from __future__ import annotations

import re
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    DNS_RULE, HTTP_RULE, KINDS, LAYERS, LIST, NETWORK_RULE, RESOLVER, Settings, Site, layer_of, render, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.places import Places, free
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import borrowed, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

API = "https://api.cloudflare.com"
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\Z", re.I)
_REFERENCE = re.compile(r"\$([A-Za-z0-9-]{32,36})")


class CloudflareGatewayAdapter(Adapter):
    """One account."""

    # Up to 60 seconds until every data centre has it (vendor's page on Gateway policies).
    traits = Traits(product="cloudflare_gateway", kinds=(LIST, HTTP_RULE, NETWORK_RULE, DNS_RULE), propagation=60)

    def __init__(self, settings: Settings, api: Api, account: str, transport: Transport):
        self._settings, self._api, self._account, self._transport = settings, api, account, transport
        self._site = Site()
        #: Ids of what this run made, and of what the run made that is rolled back: a name may be there twice.
        self._made: dict = {}
        self._known: dict = {}

    @property
    def device(self) -> str:
        return "%s/%s" % (self._api.host, self._account)

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site = self._site
        site.lists, site.rules = self._ours_of(self._api.table("gateway/lists")), self._ours_of(self._api.table("gateway/rules"))
        ours = [row for row in site.lists if is_ours(row.get("description")) or row["name"] in self._names()]
        for row in ours:
            site.items[row["id"]] = self._values(row)
        if self._settings.scan_conflicts and not site.scanned:
            self._scan()
            site.scanned = True
        self._resolve()
        return self._parse()

    def made(self) -> dict[Ref, str]:
        return self._made

    def tell_apart(self, ids: dict[Ref, str]) -> None:
        self._known = ids

    def begin(self) -> bool:
        """No lock keeps a second run out, which may have made the same names since."""
        return True

    def _ours_of(self, rows: list) -> list:
        """Without those that share the name, and for rules the layer, of one whose id is known to be ours."""
        def ref(row: dict) -> Ref | None:
            if "filters" not in row:
                return Ref(LIST, row["name"])
            return Ref(KINDS[layer_of(row)], row["name"]) if layer_of(row) else None
        return [row for row in rows if self._known.get(ref(row), row["id"]) == row["id"]]

    def _learning(self, ref: Ref, take_in):
        """``learn`` of a Step that makes an object: its id tells it from another one of that name."""
        def learn(reply: dict) -> None:
            take_in(reply)
            self._made[ref] = reply["id"]
        return learn

    def _names(self) -> tuple:
        own = [name + end for name in (self._settings.allow_name, self._settings.exempt_name) for end in ("", " hosts")]
        return tuple(own + [name for name in (self._settings.list_name, self._settings.exempt_list_name) if name])

    def _values(self, row: dict) -> frozenset:
        # What a list answers about itself does not hold its items for certain; an empty one is not asked.
        return frozenset(item["value"] for item in self._api.items(row["id"])) if row.get("count") != 0 else frozenset()

    def _scan(self) -> None:
        """What the existing rules are about: the lists, categories and applications that they name, and the account's own switches."""
        site = self._site
        site.settings = self._api.get("gateway/configuration").get("settings") or {}
        rules = [rule for rule in site.rules if rule.get("enabled") and (layer_of(rule) or rule.get("filters") == [RESOLVER])]
        text = " ".join(rule.get(word) or "" for rule in rules for word in ("traffic", "identity"))
        for key in _REFERENCE.findall(text):
            row = site.list_by_id(key)
            if row is not None and row["id"] not in site.items:
                site.items[row["id"]] = self._values(row)
        if "content_category" in text:
            site.categories = {}
            for row in self._api.table("gateway/categories"):
                # A rule may name a category with all that is below it.
                parts = [(str(part["id"]), (part.get("name") or "").lower()) for part in [row] + (row.get("subcategories") or [])]
                site.categories.update({key: (name,) for key, name in parts})
                site.categories[parts[0][0]] = tuple(name for _key, name in parts)
        if "app." in text:
            site.applications = {str(row["id"]): ((row.get("name") or "").lower(), str(row["application_type_id"]))
                                 for row in self._api.get("gateway/app_types") or [] if row.get("application_type_id") is not None}

    def _resolve(self) -> None:
        """The ids of the posture checks that the audience names."""
        site, names = self._site, [name for name in self._settings.device_posture if not _UUID.match(name)]
        if not names or all(name in site.posture for name in names):
            return
        rows = self._api.table("devices/posture")
        for name in names:
            found = [row["id"] for row in rows if row.get("name") == name]
            if len(found) != 1:
                raise AccessError(REFUSED, "audience.device_posture: the account has %s posture check named %s" % ("more than one" if found else "no", name))
            site.posture[name] = found[0]

    def _parse(self) -> State:
        site, objects, rules = self._site, Objects(), {layer: [] for layer in KINDS}
        refs = site.refs(self._settings.prefix)
        for row in site.lists:
            members = {"items": site.items[row["id"]]} if row["id"] in site.items else {}
            fields = {"description": row.get("description") or "", "type": row.get("type")}
            objects.add(Object(Ref(LIST, row["name"]), fields, members, ours=is_ours(row.get("description")), native=row))
        for rule in sorted(site.rules, key=lambda one: (not shared(one), one["precedence"])):
            layer = layer_of(rule)
            if layer is None:
                continue
            description = rule.get("description") or ""
            put_back = borrowed(description, "enabled", True)
            rules[layer].append(objects.add(Object(refs[rule["id"]], site.fields(rule), {}, ours=is_ours(description), borrowed=put_back, native=rule)))
        return State(objects, {layer: tuple(order) for layer, order in rules.items()})

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        places, settings = Places(self._settings, self._site, policy, state), self._settings
        allow = places.lists(settings.allow_name, settings.list_name, policy.allow)
        # The exemption has lists of its own: what somebody adds to the allow list must not go undecrypted by that.
        exempt = places.lists(settings.exempt_name, settings.exempt_list_name, policy.exempt)
        return allow + exempt + places.rules(allow, exempt) + [places.media_rule(one) for one in policy.media]

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        """A list goes after the rules that name it, also where a plan has a rule let go of it."""
        last = [change for change in changes if change.ref.kind == LIST and change.op == DELETE]
        numbers, now = {}, state
        for change in [change for change in changes if change not in last] + last:
            now = apply(now, [change])
            make = self._list_steps if change.ref.kind == LIST else self._rule_steps
            yield from make(change, now, numbers)

    def _list_steps(self, change, then: State, _numbers: dict):
        name, title = change.ref.name, "%s %s" % (change.op, change.ref)
        native = self._site.list_named(name)
        path = "gateway/lists/%s" % self._key(native, name)
        if change.op == DELETE:
            step = self._step(title, "DELETE", path, None)
            step.request["unchanged_items"] = sorted(self._site.items.get((native or {}).get("id"), ()))
            yield step
            return
        added, removed = change.members.get("items", ((), ()))
        held = len(then.objects[change.ref].members.get("items", ()))
        if held > self._settings.list_limit:
            raise AccessError(REFUSED, "the list %s would hold %d entries, and a list of this plan holds %d at most (list_limit; Enterprise 5000)" % (
                name, held, self._settings.list_limit))
        # How long a description may be is not published.
        note = {"description": self._settings.comment[:100]} if self._settings.comment else {}
        items = [dict({"value": value}, **note) for value in added]
        if change.op == CREATE:
            body = {"name": name, "type": "DOMAIN", "description": change.fields["description"][1], "items": items}
            yield self._step(title, "POST", "gateway/lists", body, self._learning(change.ref, self._site.learn_list))
            return
        if added or removed:
            body = {word: part for word, part in (("append", items), ("remove", list(removed))) if part}
            yield self._step(title, "PATCH", path, body)
        if "description" in change.fields:
            # Without items a PUT leaves them alone.
            yield self._step(title + " (description)", "PUT", path, {"name": name, "description": change.fields["description"][1]})

    def _rule_steps(self, change, then: State, numbers: dict):
        site, ref, layer, title = self._site, change.ref, LAYERS[change.ref.kind], "%s %s" % (change.op, change.ref)
        native = site.rule(ref)
        path = "gateway/rules/%s" % self._key(native, ref.name)
        if change.op == DELETE:
            numbers[ref] = None
            yield self._step(title, "DELETE", path, None, guard=native)
            return
        new = {path: value for path, (_old, value) in change.fields.items()}
        if change.place is not None:
            new["precedence"] = numbers[ref] = self._number(ref, then.rules[layer], numbers)
        if native is None:
            body = site.body({}, dict(new, name=ref.name, filters=[layer]))
            yield self._step(title, "POST", "gateway/rules", body, self._learning(ref, site.learn_rule))
            return
        guard = None if is_ours(native.get("description")) else native
        yield self._step(title, "PUT", path, site.body(native, new), site.learn_rule, guard)

    def _number(self, ref: Ref, order: tuple, numbers: dict) -> int:
        """A free precedence between the neighbours. ``numbers``: those that this plan has given, None for a rule that went."""
        def known(one: Ref | None) -> int | None:
            return None if one is None else numbers.get(one, (self._site.rule(one) or {}).get("precedence"))
        gone = {row["id"] for one, row in ((one, self._site.rule(one)) for one in numbers) if row is not None}
        used = {row["precedence"] for row in self._site.rules if row["id"] not in gone} | {number for one, number in numbers.items() if number and one != ref}
        at = order.index(ref)
        upper, lower = (order[index] if 0 <= index < len(order) else None for index in (at - 1, at + 1))
        low = None if upper is None or shared(self._site.rule(upper) or {}) else known(upper)
        own = (self._site.rule(ref) or {}).get("precedence")
        number = free(low, known(lower), used - {own})
        if number is None:
            raise AccessError(CONFLICT, "%s cannot be placed: no precedence is free between %s and %s. Renumber the existing rules" % (
                ref, upper or "the top", lower or "the end"))
        return number

    @staticmethod
    def _key(native, name: str) -> str:
        """The id of an object; of one that only a prediction holds, words that stand for it."""
        return native["id"] if native else "<id of %s>" % name

    @staticmethod
    def _step(title: str, method: str, path: str, body, learn=None, guard=None) -> Step:
        request = {"method": method, "path": path, "body": body}
        if guard is not None:
            request["unchanged_since_version"] = guard.get("version")
        return Step(title, request, learn)

    def send(self, request: dict) -> object:
        if request.get("unchanged_since_version") is not None:
            # A PUT replaces the rule whole, and a DELETE takes it away: an edit that somebody made since it was read would be lost.
            now = self._api.get(request["path"])
            if now.get("version") != request["unchanged_since_version"]:
                raise AccessError(CONFLICT, "someone else changed the rule %s after it was read: run again" % now.get("name"))
        if "unchanged_items" in request:
            # What somebody has put into our list since it was read would go with it.
            now = {item["value"] for item in self._api.items(request["path"].rpartition("/")[2])}
            if now != set(request["unchanged_items"]):
                raise AccessError(CONFLICT, "someone else changed the entries of a list after it was read (%s): run again" % ", ".join(
                    sorted(now ^ set(request["unchanged_items"]))[:5]))
        return self._api.write(request["method"], request["path"], request["body"])

    def activate(self) -> list[dict]:
        return [{"target": self.device, "status": "saved; in force everywhere within %d s" % self.traits.propagation}]


def from_module(module: AnsibleModule) -> CloudflareGatewayAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other or that the product cannot do."""
    p = module.params
    who = p["audience"] or {}
    named = any(who.get(part) for part in ("groups", "users", "device_posture"))
    if p["state"] in ("merged", "replaced", "rendered") and not named and not who.get("everyone"):
        raise AccessError(REFUSED, "audience: set groups, users or device_posture, or everyone: true")
    if named and who.get("everyone"):
        raise AccessError(REFUSED, "audience: everyone and names are mutually exclusive")
    if p["state"] in ("merged", "replaced", "deleted", "reverted") and not p["activate"] and not module.check_mode:
        raise AccessError(REFUSED, "activate: Cloudflare Gateway has no staging; saved changes are in force within a minute. Use check mode to see the plan")
    bad = [word for word in (p["prefix"], p["list_name"], p["exempt_list_name"]) if word is not None and (not word.strip() or set(word) & set('{}"$\\'))]
    if bad:
        raise AccessError(REFUSED, "%r cannot be the name of a list: it is empty or contains one of { } \" $ \\" % bad[0])
    base = (p["api_url"] or API).rstrip("/")
    base = base[:-len("/client/v4")] if base.endswith("/client/v4") else base
    # Where rules would stand is no matter for their removal.
    settings = filled(Settings, p, who, p["position"] if p["state"] != "deleted" else None)
    transport = by_options(p, base)
    return CloudflareGatewayAdapter(settings, Api(transport, p["account_id"], p["api_token"]), p["account_id"], transport)
