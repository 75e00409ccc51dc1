# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PAN-OS site is made of: the task's settings, what names mean and where, rules in their places. No IO."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Callable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import elements as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns as schemas, model as shared
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Rule

DEVICE = "/config/devices/entry[@name='localhost.localdomain']"


@dataclass(frozen=True)
class Settings(shared.Settings):
    """What the task says of this product; names as in the module's options."""

    vsys: str = "vsys1"
    device_group: str | None = None
    devices: tuple[str, ...] = ()
    accept_panorama_managed: bool = False
    test_urls: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The word for locks: a vsys or a device group."""
        return self.device_group or self.vsys

    @property
    def base(self) -> str:
        """The xpath of the scope."""
        if self.device_group:
            return "%s/device-group/entry[@name=%s]" % (DEVICE, xml.quoted(self.device_group))
        return "%s/vsys/entry[@name=%s]" % (DEVICE, xml.quoted(self.vsys))

    @property
    def rulebase(self) -> str:
        """The element of the scope that holds the rules."""
        return "pre-rulebase" if self.device_group else "rulebase"


def _acts(*harmless: str) -> Callable[[ET.Element], bool]:
    """Whether a rule has an action besides the ``harmless`` ones; one that is not known counts."""
    return lambda entry: any(node.tag not in harmless for node in entry.findall("action/*"))


#: Rulebase, what its rules are, which of them matter.
_OTHERS = (
    ("pbf", "policy-based forwarding rules that may discard", _acts("forward", "forward-to-vsys", "no-pbf")),
    # Its protection limits floods only.
    ("dos", "DoS protection rules that may deny", _acts("allow", "protect")),
    ("application-override", "application override rules for TCP",
     lambda entry: entry.findtext("protocol") == "tcp" and port_level((entry.findtext("port") or "").split(","), (443,)) != NO))
#: The URL filtering profile that every release delivers. It inserts no header.
_PREDEFINED = "default"
#: The rules that are evaluated last, within a zone and between zones, and what they do unless they are overridden.
_DEFAULTS = (("intrazone-default", "intrazone", "allow"), ("interzone-default", "interzone", "deny"))


@dataclass
class Context(shared.Context):
    """What names in rules mean, and which rules are evaluated before and after those of the scope: by the scope itself, its parents and shared.

    ``nodes``: their configurations, the nearest first. ``rulebase``: the element that holds the rules of the scope. ``unseen``: in words, rules that are asked
    too and cannot be read: behind the pre-rules of a Panorama the local ones, around the local rules of a firewall those of its Panorama. ``unread``: in
    words, what of the parents and shared this account was not given, so that their rules are unknown. ``serials``: the firewalls that the rules are for; None
    if unknown.
    """

    nodes: list = field(default_factory=list)
    rulebase: str = "rulebase"
    unseen: str = ""
    serials: frozenset | None = None
    unread: str = ""
    #: What names of addresses stand for, as far as somebody asked.
    resolved: dict = field(default_factory=dict, repr=False, compare=False)
    _index: dict = field(default_factory=dict, repr=False, compare=False)
    _parsed: dict = field(default_factory=dict, repr=False, compare=False)

    def find(self, path: str, name: str) -> dict | None:
        """The nearest entry of that name, as flat paths. ``path`` leads from a scope to the element that holds the entries."""
        entries, known = self._entries(path), self._parsed.setdefault(path, {})
        if name in entries and name not in known:
            known[name] = xml.columns_of(entries[name], schemas.OBJECTS[path].limits if path in schemas.OBJECTS else ())
        return known.get(name)

    def names(self, path: str) -> list[str]:
        return list(self._entries(path))

    def _entries(self, path: str) -> dict:
        if path not in self._index:
            found: dict = {}
            for node in self.nodes:
                for entry in node.findall(path + "/entry"):
                    found.setdefault(entry.get("name"), entry)
            self._index[path] = found
        return self._index[path]

    def categories(self) -> dict:
        return {entry.get("name"): xml.columns_of(entry, schemas.CATEGORY.limits) for node in reversed(self.nodes[1:])
                for entry in node.findall("profiles/custom-url-category/entry")}

    def headers(self, profile: str, kind: str) -> list[tuple]:
        entry = self._entries("profiles/%s" % kind).get(profile)
        if entry is None and kind == "url-filtering" and self.unseen and profile != _PREDEFINED:
            # Panorama pushed it; what it inserts cannot be read here.
            return [("not known", [], [])]
        return [(one.get("name") or "", [node.text or "" for node in one.iter("header")],
                 [node.text or "" for part in one.iter("domains") for node in part.findall("member")])
                for one in (entry.findall("http-header-insertion/entry") if entry is not None else ())]

    def own_profiles(self) -> list[str]:
        """Names of the URL filtering profiles of the scope itself."""
        return [entry.get("name") for entry in self.nodes[0].findall("profiles/url-filtering/entry")]

    # -- rules

    def rule(self, base: str, entry: ET.Element, where: str) -> Rule:
        """The Rule of an <entry>, for reading alone."""
        schema = self.schemas[base]
        return Rule(entry.get("name"), self.with_profiles(xml.columns_of(entry, schema.limits)), where=where)

    def local(self, state: State, base: str) -> list[Rule]:
        """The rules of the scope as ``state`` has them."""
        found = [(ref, state.objects[ref]) for ref in state.rules.get(base, ())]
        return [Rule(ref.name, self.with_profiles(_native(obj)), ref) for ref, obj in found]

    def above(self, base: str) -> list[Rule]:
        """The rules that are evaluated before those of the scope."""
        pre = [rule for node in reversed(self.nodes[1:]) for rule in self._rules(node, "pre-rulebase", base)]
        return _standing_for(self.unread) + pre + (self._hidden() if self.rulebase == "rulebase" else [])

    def below(self, base: str) -> list[Rule]:
        """The rules that are evaluated after those of the scope."""
        return self._hidden() + self.after(base) + (self._defaults() if base == "security" else [])

    def after(self, base: str) -> list[Rule]:
        """The rules below those of the scope that can be read and are somebody's own."""
        return [rule for node in self.nodes for rule in self._rules(node, "post-rulebase", base)]

    def _rules(self, node: ET.Element, rulebase: str, base: str) -> list[Rule]:
        where = "%s%s" % (node.get("name") or "shared", " (authentication)" if base == "authentication" else "")
        return [self.rule(base, entry, where) for entry in node.findall("%s/%s/rules/entry" % (rulebase, base))]

    def others(self, base: str) -> list[Rule]:
        """The rules of a rulebase in which we never have any. Those that cannot be read are not seen here: not every firewall has any."""
        own = self._rules(self.nodes[0], self.rulebase, base) if self.nodes else []
        return [rule for rule in self.above(base) + own + self.below(base) if not rule.unseen]

    def besides(self) -> list[Rule]:
        """Stands for rules of other rulebases that may take a connection away and that nobody here judges."""
        found = []
        for base, words, takes in _OTHERS:
            names = [entry.get("name") for node in self.nodes for rulebase in ("pre-rulebase", "rulebase", "post-rulebase")
                     for entry in node.findall("%s/%s/rules/entry" % (rulebase, base)) if entry.findtext("disabled") != "yes" and takes(entry)]
            found += _standing_for("%s (%s)" % (words, ", ".join(names)) if names else "")
        return found

    def _hidden(self) -> list[Rule]:
        return _standing_for(self.unseen)

    def _defaults(self) -> list[Rule]:
        found = []
        for name, kind, action in _DEFAULTS:
            entry = next((one for base in (self.rulebase, "post-rulebase") for one in [self._entries(base + "/default-security-rules/rules").get(name)]
                          if one is not None), None)
            own = self.rule("security", entry, "").native if entry is not None else {}
            found.append(Rule(name, dict({"action": action}, **dict(own, **{"rule-type": kind}))))
        return found


def _standing_for(words: str) -> list[Rule]:
    """The Rule that stands for rules which cannot be read, in words; none without words."""
    return [Rule(words, {"action": "unseen"}, unseen=True)] if words else []


def _native(obj: Object) -> dict:
    """All columns of a rule: what was read, with its fields as they would be. Columns of entries, such as target/devices, are no fields."""
    return dict(obj.native.get("columns", {}), **{path: value for path, value in obj.fields.items() if value != ""})
