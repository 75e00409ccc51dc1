# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sophos Firewall: a URL group, a rule for it in named web policies, and entries in a TLS exclusion list or a web exception.

Every write is live at once, there is no lock and no transaction, and an update replaces the whole object. So what is written is what was
read with our part changed; an object of another administrator is read again right before, and left alone when it is another one. One request
holds all that may be written together.
"""
from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import replace
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import (
    CREATE, DELETE, UPDATE, Change, apply,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    CONFLICT, PARTIAL, REFUSED, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import api, model
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import Api, plain, text_of, written
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import (
    FIREWALL_RULE as FIREWALL_COLUMNS, SOURCE_ZONES, SOURCES, columns_of, listed,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.judge import Assessor, Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import (
    BASE, EXCEPTION, EXCEPTIONS, EXCLUSION, FIREWALL, FIREWALL_RULE, GROUP, GROUPS, POLICIES, RULE, SCAN, Settings,
    Site, rulebase,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, borrowed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options


class SophosAdapter(Adapter):
    """One firewall, or the primary of a cluster."""

    # No source says how long it takes until a saved web policy decides; some seconds are allowed for.
    traits = Traits(product="sophos", kinds=(GROUP, EXCLUSION, EXCEPTION, RULE, FIREWALL_RULE), narrowing=(EXCEPTION,), propagation=10)

    def __init__(self, settings: Settings, client: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, client, transport
        self._site = Site(settings)

    @property
    def device(self) -> str:
        return self._api.host

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return model.render(pattern)

    # -- reading

    def blank(self) -> State:
        """For ``rendered``: as if the named web policies had no rules and the list for the exemption no entries."""
        settings, tables = self._settings, self._site.tables
        tables[POLICIES] = [_named(POLICIES, name) for name in settings.web_policies + tuple("the web policy of %s" % rule for rule in settings.firewall_rules)]
        tables[GROUPS] = [_named(GROUPS, name) for name in (settings.exempt_group, settings.category_name) if name]
        for rule in settings.firewall_rules:
            node = _named(FIREWALL, rule)
            api.child(api.child(node, "NetworkPolicy"), "WebFilter", "the web policy of %s" % rule)
            tables[FIREWALL].append(node)
        return self._parse()

    def read(self) -> State:
        site = self._site
        scan = self._settings.scan_conflicts and not site.scanned
        site.tables.update(self._api.get(BASE + SCAN if scan else BASE))
        site.scanned = site.scanned or scan
        release = "API %s of Sophos Firewall" % self._api.version if self._api.version else ""
        return replace(self._parse(), release=release, diagnosis=self._diagnosis())

    def _diagnosis(self) -> dict:
        """What decides besides web policies, and cannot be judged from here."""
        used = self._site.users_of(self._site.named_policies())
        return {"api_version": self._api.version,
                "web_proxy": [model.firewall_name(rule) for rule in used if model.of_rule(rule, "ProxyMode") == "Enable"],
                "application_control": {model.firewall_name(rule): model.of_rule(rule, "ApplicationControl") for rule in used
                                        if model.of_rule(rule, "ApplicationControl") not in ("", "None")},
                "families": sorted({model.family(rule) for rule in used}),
                "tls_inspection": ("on" if self._site.inspects else "off") if self._site.scanned else "not read"}

    def _parse(self) -> State:
        site, objects, rules = self._site, Objects(), {}
        for node in site.tables[GROUPS]:
            fields = {"description": text_of(node, "Description")}
            objects.add(Object(Ref(GROUP, text_of(node, "Name")), fields, {"urls": model.entries(node)}, ours=model.is_ours(node)))
        record = objects.get(Ref(GROUP, self._settings.record))
        target = model.recorded_in(record.fields["description"]) if record is not None and record.ours else None
        group = site.group_like(target) if target else None
        held = model.entries(group) & record.members["urls"] if group is not None else frozenset()
        if held:
            objects.add(Object(Ref(EXCLUSION, text_of(group, "Name")), {}, {"urls": held}, ours=True))
        for node in site.tables[EXCEPTIONS]:
            if model.is_ours(node) or text_of(node, "Name") == self._settings.prefix:
                fields, members = model.exception_fields(node)
                objects.add(Object(Ref(EXCEPTION, text_of(node, "Name")), fields, members, ours=model.is_ours(node)))
        for policy in site.tables[POLICIES]:
            rules.update(self._parse_policy(policy, objects))
        for node in site.tables[FIREWALL]:
            description = text_of(node, "Description")
            fields, put_back = {"status": text_of(node, "Status", "Enable"), "description": description}, borrowed(description, "status", "Enable")
            objects.add(Object(Ref(FIREWALL_RULE, model.firewall_name(node)), fields, borrowed=put_back, native={"xml": node}))
        return State(objects, rules)

    def _parse_policy(self, policy, objects) -> dict:
        name, order, marks, taken = text_of(policy, "Name"), [], model.marked(policy), Counter()
        for node in policy.findall("RuleList/Rule"):
            label = model.rule_name(name, node, self._settings.allow, taken)
            fields, put_back = model.rule_fields(node), {}
            ours = label == "%s: %s" % (name, self._settings.allow)
            if not ours:
                fields["disabled by us"] = fields["enabled"] == "0" and model.short_id(label) in marks
                put_back = {"enabled": "1", "disabled by us": False} if fields["disabled by us"] else {}
            order.append(objects.add(Object(Ref(RULE, label), fields, {}, ours=ours, borrowed=put_back, native={"xml": node})))
        return {rulebase(name): tuple(order)}

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        if not self._settings.wants:
            return []
        wanted = [Wanted(Object(Ref(GROUP, self._settings.list), {"description": MARK}, {"urls": model.names(policy.allow)}))]
        if self._settings.category_name and Ref(GROUP, self._settings.list) not in state.objects:
            raise AccessError(REFUSED, "category_name: no URL group is named %s" % self._settings.list)
        if policy.exempt:
            wanted += self._exception(policy) if self._settings.exempt_by == "exception" else self._exclusion(policy, state)
        if not self._settings.category_name:
            wanted += Places(self._settings, self._site, policy, state).rules()
        return wanted

    def _exception(self, policy) -> list:
        # The policy check is never skipped: an exception that did so would open the hosts for everyone.
        fields = {"description": MARK, "enabled": "on", "skips": ["decryption"], "other matches": False}
        members = {"urls": frozenset(model.regex(pattern) for pattern in policy.exempt), "sources": frozenset(self._settings.exempt_sources)}
        return [Wanted(Object(Ref(EXCEPTION, self._settings.prefix), fields, members))]

    def _exclusion(self, policy, state: State) -> list:
        """Our entries in the existing list, and the record of them. What others have put there already is theirs and stays so."""
        settings, ref = self._settings, Ref(GROUP, self._settings.record)
        group, record = self._site.group_like(settings.exempt_group), state.objects.get(ref)
        if group is None:
            raise AccessError(REFUSED, "exempt_group: no URL group is named %s; choose one that a TLS inspection rule leaves undecrypted, or set "
                                       "exempt_by to exception" % settings.exempt_group)
        name = text_of(group, "Name")
        if record is not None and not record.ours:
            raise AccessError(REFUSED, "%s exists and was not created by this collection, which needs that name to record its entries of %s: set prefix"
                              % (ref, name))
        if record is not None and model.recorded_in(record.fields["description"]) not in (name, None):
            raise AccessError(REFUSED, "%s contains entries of this collection: set exempt_group to it, or remove them with state deleted before "
                                       "choosing another list"
                              % model.recorded_in(record.fields["description"]))
        held = record.members["urls"] if record is not None else frozenset()
        others = set(model.entries(group) - held)
        own = frozenset(entry for entry in model.names(policy.exempt) if not others.intersection(names_above(entry)))
        if not own:
            return []
        return [Wanted(Object(ref, {"description": model.record_text(name)}, {"urls": own})), Wanted(Object(Ref(EXCLUSION, name), {}, {"urls": own}))]

    def people(self, state: State) -> dict[str, dict]:
        """By the enabled firewall rules that use the web policies of the audience: a web policy says nothing of networks, and its rules may name users."""
        settings, found = self._settings, {}
        for rule in self._site.accepting():
            name, policy = model.firewall_name(rule), model.of_rule(rule, "WebFilter")
            if policy in settings.web_policies or name in settings.firewall_rules:
                columns = columns_of(FIREWALL_COLUMNS, rule)
                found["web policy %s in firewall rule %s" % (policy, name)] = {
                    column: listed(columns, column) for column in (SOURCE_ZONES, SOURCES, "Identity/Member") if listed(columns, column)}
        return found

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        """Up to five requests: what is new; the record as it grows; everything that exists; the record as it shrinks; what goes.

        The record of our entries in another administrator's list is always the larger one of the two, so that no entry of ours is ever taken for theirs.
        """
        then, record = apply(state, changes), Ref(GROUP, self._settings.record)
        by_kind = {kind: [change for change in changes if change.ref.kind == kind] for kind in self.traits.kinds}
        groups, exceptions = by_kind[GROUP], by_kind[EXCEPTION]
        made = [change for change in groups + exceptions if change.op == CREATE]
        if made:
            yield self._step("create", api.ADD, [self._object(change.ref, then) for change in made])
        kept = [change for change in groups if change.op == UPDATE]
        memory = next((change for change in kept if change.ref == record), None)
        if memory is not None and (memory.fields or any(added for added, _removed in memory.members.values())):
            urls = then.objects[record].members["urls"] | state.objects[record].members["urls"]
            yield self._step("update", api.UPDATE, [self._group(record, then, urls)])
        changed = by_kind[EXCLUSION] + [change for change in exceptions + kept if change.op == UPDATE and change.ref != record]
        objects = [self._list(change, then) for change in by_kind[EXCLUSION]]
        objects += [self._object(change.ref, then) for change in changed if change.ref.kind != EXCLUSION]
        objects += [self._policy(base, then) for base in sorted({self._base(change, state, then) for change in by_kind[RULE]})]
        objects += [self._firewall(change.ref, then) for change in by_kind[FIREWALL_RULE]]
        if objects:
            yield self._step("update", api.UPDATE, objects)
        if memory is not None and any(removed for _added, removed in memory.members.values()):
            shrunk = self._group(record, then, then.objects[record].members["urls"])
            yield self._step("update", api.UPDATE, [dict(shrunk, released=self._released(state, then))])
        for entity, gone in ((GROUPS, groups), (EXCEPTIONS, exceptions)):
            gone = [change for change in gone if change.op == DELETE]
            if gone:
                # What somebody has put in since it was read would go with it.
                guarded = sorted(change.ref.name for change in gone if change.ref != record)
                what = {"entity": entity, "names": sorted(change.ref.name for change in gone), "unchanged": guarded}
                released = self._released(state, then) if any(change.ref == record for change in gone) else None
                yield self._step("remove", api.REMOVE, [dict(what, **({"released": released} if released else {}))])

    def _released(self, state: State, then: State) -> dict:
        """The entries that the record gives up, which must be gone from the existing list by then: otherwise nothing would show that they are ours."""
        ref = Ref(GROUP, self._settings.record)
        kept = then.objects[ref].members["urls"] if ref in then.objects else frozenset()
        record = state.objects[ref]
        return {"group": model.recorded_in(record.fields["description"]), "urls": sorted(record.members["urls"] - kept)}

    @staticmethod
    def _base(change, state: State, then: State) -> str:
        """The web policy of a rule."""
        return next(base for one in (then, state) for base, refs in sorted(one.rules.items()) if change.ref in refs)

    @staticmethod
    def _step(word: str, operation: str, objects: list) -> Step:
        title = "%s %s" % (word, ", ".join("%s %s" % (one["entity"], " ".join(one.get("names") or [one["name"]])) for one in objects))
        return Step(title, {"operation": operation, "objects": objects})

    @staticmethod
    def _sent(entity: str, node, guard: bool = False) -> dict:
        """``guard``: another administrator may have written to it since it was read."""
        return {"entity": entity, "name": text_of(node, "Name"), "xml": written(node), "guard": guard}

    def _object(self, ref: Ref, then: State) -> dict:
        obj = then.objects[ref]
        if ref.kind == GROUP:
            return self._group(ref, then, obj.members["urls"])
        native = self._site.node(EXCEPTIONS, ref.name)
        return self._sent(EXCEPTIONS, model.exception_node(ref.name, native, obj.fields, obj.members), native is not None)

    def _group(self, ref: Ref, then: State, urls) -> dict:
        native = self._site.node(GROUPS, ref.name)
        node = model.group_node(ref.name, native, urls, then.objects[ref].fields["description"])
        # The record is written up to twice in one run, and holds nothing of anyone else.
        return self._sent(GROUPS, node, native is not None and ref.name != self._settings.record)

    def _list(self, change, then: State) -> dict:
        """The existing list with our entries: those that it had before and that are not ours stay."""
        native = self._site.group_like(change.ref.name)
        before = model.entries(native)
        ours = then.objects[change.ref].members["urls"] if change.ref in then.objects else frozenset()
        gone = frozenset(removed for _added, entries in change.members.values() for removed in entries)
        return dict(self._sent(GROUPS, model.group_node(change.ref.name, native, (before - gone) | ours), True), recorded=sorted(ours))

    def _policy(self, base: str, then: State) -> dict:
        native = self._site.node(POLICIES, base[len(rulebase("")):])
        refs = then.rules.get(base, ())
        rules = [model.rule_node(then.objects[ref].native.get("xml"), then.objects[ref].fields, self._settings.allow) for ref in refs]
        ids = {model.short_id(ref.name) for ref in refs if then.objects[ref].fields.get("disabled by us")}
        return self._sent(POLICIES, model.policy_node(native, rules, ids), True)

    def _firewall(self, ref: Ref, then: State) -> dict:
        native = then.objects[ref].native["xml"]
        family = [one for one in self._site.tables[FIREWALL] if model.family(one) == model.family(native)]
        at = family.index(native)
        return self._sent(FIREWALL, model.firewall_node(native, then.objects[ref].fields, text_of(family[at - 1], "Name") if at else None), True)

    def send(self, request: dict) -> object:
        guarded = [one for one in request["objects"] if one.get("guard")]
        guarded += [{"entity": one["entity"], "name": name} for one in request["objects"] for name in one.get("unchanged", ())]
        if guarded:
            self._unchanged(guarded)
        for released in [one["released"] for one in request["objects"] if one.get("released")]:
            groups = [node for node in self._api.get([GROUPS])[GROUPS] if text_of(node, "Name") == released["group"]]
            if any(model.entries(node).intersection(released["urls"]) for node in groups):
                raise AccessError(PARTIAL, "%s accepted the change of URL group %s but still has entries of this collection in "
                                           "it" % (self._api.host, released["group"]))
        self._api.write(request["operation"], request["objects"])

    def _unchanged(self, guarded: list) -> None:
        """There is no lock, and the last writer wins: whole objects are compared right before they are written or removed."""
        now = self._api.get(sorted({one["entity"] for one in guarded}))
        for one in guarded:
            known = [plain(node) for node in self._site.tables[one["entity"]] if text_of(node, "Name") == one["name"]]
            found = [plain(node) for node in now[one["entity"]] if text_of(node, "Name") == one["name"]]
            if known != found:
                raise AccessError(CONFLICT, "someone else changed %s %s on %s after it was read: run again" % (one["entity"], one["name"], self._api.host))
            memory = next((model.entries(node) for node in now[one["entity"]] if text_of(node, "Name") == self._settings.record), frozenset())
            if not set(one.get("recorded", ())) <= memory:
                raise AccessError(PARTIAL, "%s accepted URL group %s but does not hold it" % (self._api.host, self._settings.record))

    def activate(self) -> list:
        return [{"target": self._api.host, "status": "in force"}]


def _named(entity: str, name: str):
    node = api.ET.Element(entity)
    api.child(node, "Name", name)
    return node


def from_module(module: AnsibleModule) -> SophosAdapter:
    """The adapter for a task. :raises AccessError: refused, for an audience that names nobody, or options that contradict each other."""
    p = module.params
    settings = filled(Settings, p, p["audience"], exempt_sources=tuple(_source(text) for text in p["exempt_sources"]),
                      wants=p["state"] in ("merged", "replaced", "rendered"))
    if settings.wants:
        if not (settings.web_policies or settings.firewall_rules):
            raise AccessError(REFUSED, "audience: set web policies whose users get access, or firewall rules that use them")
        if bool(settings.users) == settings.everyone:
            raise AccessError(REFUSED, "audience: set users or groups, or everyone: true for all users of these web policies")
    if len(settings.prefix) > 43 or re.search(r"[,^;'\"\\]", settings.prefix):
        raise AccessError(REFUSED, "prefix: it must not contain a comma, semicolon, quote, caret or backslash, and it has at most 43 characters")
    if settings.exempt_sources and settings.exempt_by != "exception":
        raise AccessError(REFUSED, "exempt_sources: only an exception can be limited to addresses; set exempt_by to exception")
    if settings.category_name == settings.allow:
        raise AccessError(REFUSED, "category_name: %s is the name of the group that this collection creates; remove the option" % settings.allow)
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return SophosAdapter(settings, Api(transport, p["username"], p["password"]), transport)


def _source(text: str) -> str:
    """An address or network of either family, as the API takes it (at most 43 characters)."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise AccessError(REFUSED, "exempt_sources: %r is not an address or a network in CIDR form" % text) from None
    return text if "/" in text else str(network.network_address)
