# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and local categories of Management Center that hold a wanted host: what a rule of a device denies by, or may. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Conflict
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.cpl import Rule
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.meaning import Meaning, meets
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import (
    ENTRY, LISTS, URL_LIST, Settings, Site, list_urls, url_pattern,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import domain_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, conflict_id, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, SURE, Hits
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off


class Lists:
    """The entries that were read. One that a rule certainly denies by is a conflict of its own, which can be taken out of the way."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State, found: Findings):
        self._settings, self._site, self._policy, self._found = settings, site, policy, found
        self._entries = [obj for ref, obj in state.objects.items() if ref.kind == ENTRY]
        self._allow = Index(policy.allow)
        self._parents = {name for pattern in policy.allow for name in names_above(pattern.name)}
        self._denied: set = set()

    def without(self, rule: Rule, hits: Hits, meaning: Meaning) -> Hits:
        """Those hits of a rule that it does not have by the very entry of a list."""
        listed, held = meaning.listed(rule), set()
        for obj in self._entries if listed else []:
            entry = url_pattern(obj.native["url"])
            if entry in listed and meaning.reading(rule, entry).level == SURE:
                # What a rule above may allow, this one does not certainly block.
                hosts = {pattern for pattern in self._wanted_by(entry) if pattern in (hits.sure if meets(entry, pattern) == SURE else hits.all)}
                held |= hosts
                self._denied |= {obj.ref} if hosts else set()
        return Hits(hits.sure - held, hits.may - held)

    def judge(self, shut: dict, doubted: dict) -> None:
        """Add the conflicts, and to ``shut`` and ``doubted`` the patterns that an entry certainly blocks, whole or a part of them, each with the list."""
        for obj in self._entries:
            entry = url_pattern(obj.native["url"]) or domain_of(str(obj.native["url"]))
            hosts = self._wanted_by(entry)
            if obj.native["was ours"]:
                self._found.resolve([obj.ref])
            if not hosts or not obj.fields["enabled"]:
                continue
            # Where the devices can be asked, a list that no rule denies by is none of our business.
            certain = obj.ref in self._denied or (obj.native["was ours"] and bool(self._site.current))
            if certain or not self._site.current:
                self._entry(obj, hosts, certain)
            for pattern in hosts if certain else []:
                (shut if meets(entry, pattern) == SURE else doubted).setdefault(
                    pattern, "URL list %s denies %s" % (obj.native["list"], "it" if meets(entry, pattern) == SURE else obj.native["url"]))
        for row in [] if self._site.current else self._site.of_type(*LISTS):
            if row["contentType"] != URL_LIST:
                self._category(row)

    def _entry(self, obj: Object, hosts: list, certain: bool) -> None:
        name = obj.native["list"]
        text = "a rule denies by it, and it is final" if certain else "it contains a wanted host; whether a rule denies by it cannot be read"
        self._found.conflict(
            obj.ref, "deny", "URL list %s" % name, "%s: %s" % (obj.native["url"], text), texts(hosts), certain,
            switched_off(obj.ref, "enabled", True, False, obj.fields["description"]),
            "everything else that this list is used for, once the policies that use it are installed", name)

    def _category(self, row: dict) -> None:
        hosts = {pattern for url in list_urls(row["contentType"], self._site.body(row["uuid"])) for pattern in self._wanted_by(domain_of(str(url)))}
        if hosts:
            where = "%s %s" % (row["contentType"], row["name"])
            self._found.conflicts.append(Conflict(
                id=conflict_id("symantec", where), effect="deny", where=where, hosts=texts(hosts), certain=False,
                text="it contains a wanted host; whether a rule denies by it cannot be read", opens="remove these hosts from it if a rule denies by it"))

    def _wanted_by(self, entry: Pattern | None) -> list:
        """The wanted patterns that an entry of a list meets. Most of a long list meets none, which is found out without checking each."""
        if entry is None or (entry.name not in self._parents and self._allow.covering(entry) is None):
            return []
        return [pattern for pattern in self._policy.allow if meets(entry, pattern) != NO]
