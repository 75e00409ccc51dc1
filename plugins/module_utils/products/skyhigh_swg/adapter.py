# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Skyhigh Secure Web Gateway, formerly McAfee Web Gateway, on premises: two lists of wildcard expressions, written whole, one commit.

A list decides nothing until a rule refers to it, and the REST interface edits no rule. So lists are written, and by the export of the rule
sets it is checked that rules refer to them, where they stand and for whom; what is missing there an administrator imports once. Lists are
never deleted, since a rule may refer to them: an empty list of ours counts as absent.
"""
from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, REFUSED, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.api import Api, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import (
    DISABLED, LIST, SITE_LIST, Settings, Site, changed, empty, entries, is_plain, kind_of, render, rule_set_file,
    switched, text_of,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import RuleSet, rule_set, unread
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options


class SkyhighAdapter(Adapter):
    """One gateway; of a cluster, the node that is named."""

    # A commit is in force on the node at once. For the other nodes of a cluster the vendor names no time; a minute is allowed for here.
    traits = Traits(product="skyhigh_swg", kinds=(SITE_LIST, LIST), exclusive="the one session that an account can have", propagation=60)

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport
        self._site = Site()
        #: Title to the id and text of what this session wrote.
        self._written: dict = {}

    @property
    def device(self) -> str:
        return self._api.host

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        site, settings = self._site, self._settings
        rows = self._api.feed("/list")
        site.lists = {title: [self._api.lists(row["id"]) for row in rows if row.get("title") == title] for title in settings.titles}
        if settings.scan_conflicts and not site.scanned:
            self._scan(rows)
        elif settings.scan_conflicts:
            # Rule sets are nothing that this run changes; the lists it wrote are read again.
            for identity, (title, _node) in list(site.known.items()):
                if title in self._written and title not in settings.titles:
                    site.known[identity] = (title, self._api.lists(identity))
        for title, nodes in site.lists.items():
            site.known.update({node.get("id"): (title, node) for node in nodes})
        return replace(self._parse(), diagnosis=self._diagnose())

    def _scan(self, rows: list) -> None:
        site, counter, referred = self._site, itertools.count(1), set()
        titles = {row["id"]: row.get("title") for row in rows}
        for top in self._api.feed("/rulesets", topLevelOnly="true"):
            if top.get("enabled") == "false":
                continue
            export = self._api.export(top["href"])
            for node in export.findall("lists/entry/list"):
                # What an export brings along may be a list that is part of a rule and is on no list of lists.
                site.known[node.get("id")] = (titles.get(node.get("id")), node)
            groups, title = export.findall("ruleGroup"), top.get("title") or ""
            if not groups:
                site.sets.append(RuleSet(title, rules=[unread("(not in its export)", title, next(counter))]))
            for group in groups:
                site.sets.append(rule_set(group, title, counter))
                referred.update(value.get("id") or "" for value in group.iter("listValue"))
        for identity in sorted(referred - set(site.known)):
            if identity in titles:
                site.known[identity] = (titles[identity], self._api.lists(identity))
        site.scanned = True

    def _diagnose(self) -> dict:
        """Which rules refer to our lists; and the rule sets to import where none does."""
        if not self._settings.scan_conflicts:
            return {}
        found = {"referred_by": {title: self._site.referring(title) for title in self._settings.titles}}
        missing = [title for title, rules in found["referred_by"].items() if not rules]
        if missing and self._settings.somebody:
            found["rule_sets"] = {title: rule_set_file(title, title, self._settings.groups) for title in missing}
        return found

    def _parse(self) -> State:
        objects = Objects()
        for title, nodes in self._site.lists.items():
            for node in nodes:
                held, description = entries(node), node.findtext("description") or ""
                if held or len(nodes) > 1 or kind_of(node) != "regex":
                    objects.add(Object(Ref(LIST, title), {"description": description}, {"entries": frozenset(held)},
                                       ours=is_ours(description), native={"id": node.get("id"), "xml": node}))
        for identity, (title, node) in self._site.known.items():
            if title is None or title in self._settings.titles or node.get("systemList") == "true" or not is_plain(node):
                continue
            disabled = sorted(entry[len(DISABLED):] for entry in entries(node) if entry.startswith(DISABLED))
            objects.add(Object(Ref(SITE_LIST, title), {"disabled": disabled}, borrowed={"disabled": []} if disabled else {},
                               native={"id": identity, "xml": node}))
        return State(objects)

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        wanted = [self._list(self._settings.allow, policy.allow)]
        if policy.exempt:
            wanted.insert(0, self._list(self._settings.exempt, policy.exempt))
        return wanted

    def _list(self, ref: Ref, patterns) -> Wanted:
        for node in self._site.lists.get(ref.name, []):
            if kind_of(node) != "regex" or node.get("systemList") == "true" or not is_plain(node):
                raise AccessError(REFUSED, "%s is a list of type %s on this gateway, but it must be a list of wildcard expressions that is not a "
                                           "system list: choose another name" % (ref.name, kind_of(node) or "unknown"))
        return Wanted(Object(ref, {"description": MARK}, {"entries": frozenset(entry for pattern in patterns for entry in render(pattern))}))

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        """One request for each list, however many Changes it has."""
        for change in changes:
            native = self._native(change.ref)
            title = "%s %s" % (change.op, change.ref)
            if change.ref.kind == SITE_LIST:
                body = switched(native, set(change.fields["disabled"][1])) if native is not None else empty(change.ref.name)
            else:
                added, removed = change.members.get("entries", ((), ()))
                note = MARK + (": " + self._settings.comment if self._settings.comment else "")
                description = change.fields["description"][1] if "description" in change.fields and change.op != DELETE else None
                body = changed(native if native is not None else empty(change.ref.name), added, removed, note, description)
            if native is None and change.op == CREATE:
                yield self._step(title, "POST", "/list", body, change)
            else:
                yield self._step(title + (" (empty it)" if change.op == DELETE else ""), "PUT", "/list/%s" % (
                    "<id of %s>" % change.ref.name if native is None else native.get("id")), body, change)

    def _native(self, ref: Ref):
        nodes = self._site.lists.get(ref.name, []) if ref.kind == LIST else [node for title, node in self._site.known.values() if title == ref.name]
        return nodes[0] if nodes else None

    def _step(self, title: str, method: str, path: str, body, change) -> Step:
        return Step(title, {"method": method, "path": path, "title": change.ref.name, "body": text_of(body)})

    def send(self, request: dict) -> object:
        made = self._api.write(request["method"], request["path"], request["body"])
        identity = request["path"].rpartition("/")[2] if request["method"] == "PUT" else None if made is None else made.get("id")
        self._written[request["title"]] = (identity, request["body"])

    def activate(self) -> list[dict]:
        """Commit, and read what follows in a session of its own: in this one the work space would be seen, whatever became of the commit."""
        doubt = None
        try:
            self._api.commit()
        except OutcomeUnknown as error:
            doubt = error
        except AccessError as error:
            raise AccessError(ACTIVATION, str(error)) from error
        self._api.renew()
        if doubt is not None:
            self._settle(doubt)
        return [{"target": self._api.host, "status": "in force"}]

    def _settle(self, doubt: AccessError) -> None:
        """The commit got no good answer: what was written is there now, or it is not."""
        for title, (identity, body) in sorted(self._written.items()):
            try:
                held = set(entries(self._api.lists(identity))) if identity else None
            except AccessError:
                held = None
            if held is not None and held != set(entries(parse(body.encode("utf-8")))):
                raise AccessError(ACTIVATION, "%s; list %s keeps its previous entries" % (doubt, title))

    def discard(self) -> bool:
        try:
            self._api.discard()
        except AccessError:
            # The end of the session drops the work space as well.
            self._api.renew()
        return True

    def close(self) -> None:
        try:
            self._api.end()
        finally:
            self._transport.close()


def from_module(module: AnsibleModule) -> SkyhighAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other or that the product cannot do."""
    p = module.params
    who = p["audience"] or {}
    whole = p["state"] in ("replaced", "deleted", "gathered", "reverted")
    if p["state"] in ("merged", "replaced", "rendered") and bool(who.get("groups")) == bool(who.get("everyone")):
        raise AccessError(REFUSED, "audience: set groups, or everyone: true")
    if p["allow_list"] == p["exempt_list"]:
        raise AccessError(REFUSED, "allow_list and exempt_list must be different lists")
    if not p["activate"] and not module.check_mode and p["state"] in ("merged", "replaced", "deleted", "reverted"):
        raise AccessError(REFUSED, "activate: uncommitted changes are lost when the session ends. Use check mode to see the plan")
    goes = p["state"] in ("deleted", "reverted")
    settings = filled(Settings, p, None if goes else who, scan_conflicts=p["scan_conflicts"] or whole)
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return SkyhighAdapter(settings, Api(transport, p["username"], p["password"], p["bare_answers"]), transport)
