# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PAN-OS site is made of: the task's settings, what names mean and where, rules in their places. No IO."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import columns as schemas, elements as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO

DEVICE = "/config/devices/entry[@name='localhost.localdomain']"


@dataclass(frozen=True)
class Audience:
    """The columns of a rule that say for whom: zones, addresses, users. An empty tuple stands for any."""

    from_zones: tuple[str, ...] = ()
    to_zones: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options."""

    audience: Audience = field(default_factory=Audience)
    rules: tuple[str, ...] = ()
    vsys: str = "vsys1"
    device_group: str | None = None
    devices: tuple[str, ...] = ()
    prefix: str = "chatgpt"
    application: tuple[str, ...] = ("any",)
    profile_group: str | None = None
    log_setting: str | None = None
    decryption_profile: str | None = None
    tags: tuple[str, ...] = ()
    exclusion_depth: int = 0
    category_name: str | None = None
    exempt_category_name: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    never_above: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    accept_panorama_managed: bool = False
    tenant_control: str = "refuse"
    test_urls: tuple[str, ...] = ()
    comment: str | None = None

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

    @property
    def allow(self) -> Ref:
        """The URL category of the allowed hosts."""
        return Ref(xml.CATEGORY, self.category_name or self.prefix + "-allow")

    @property
    def exempt(self) -> Ref:
        """The URL category of the hosts that stay encrypted."""
        return Ref(xml.CATEGORY, self.exempt_category_name or self.prefix + "-exempt")

    @property
    def open_rule(self) -> Ref:
        """Our security rule."""
        return Ref(xml.SECURITY, self.prefix + "-allow")


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule in its place. ``native`` are its columns as flat paths, its profile group resolved. ``ref`` is None for one that we only read (of a parent, of
    shared, of another rulebase), and ``where`` says of whom.

    ``profile``: not the rule itself, but what its URL filtering profile blocks, which is evaluated first. ``unseen``: stands for rules that cannot be read.
    """

    name: str
    native: Mapping
    ref: Ref | None = None
    where: str = ""
    profile: bool = False
    unseen: bool = False

    def values(self, column: str) -> list[str]:
        """The names in a column; ``any`` where it has none."""
        return self.native.get(column) or ["any"]

    @property
    def enabled(self) -> bool:
        return self.native.get("disabled") != "yes"

    @property
    def allows(self) -> bool:
        """Whether it is a security rule that allows its people. Without an action it allows."""
        return self.native.get("action", "allow") == "allow"

    @property
    def profiles(self) -> dict[str, str]:
        """{profile kind: name} of its security profiles."""
        start = "profile-setting/profiles/"
        return {path[len(start):]: value[0] for path, value in self.native.items() if path.startswith(start) and isinstance(value, list)}

    @property
    def filters(self) -> bool:
        """Whether it has a URL filtering profile, or other profiles of which it is unknown what they block."""
        return "url-filtering" in self.profiles or bool(self.native.get("profile-setting/group"))


#: Rulebase: the columns of its rules.
SCHEMAS = {"security": schemas.SECURITY, "decryption": schemas.DECRYPTION, "authentication": schemas.AUTHENTICATION}
#: Rulebase, what its rules are, which of them matter.
_OTHERS = (
    ("pbf", "policy-based forwarding rules that discard", lambda entry: entry.find("action/discard") is not None),
    ("application-override", "application override rules for TCP",
     lambda entry: entry.findtext("protocol") == "tcp" and port_level((entry.findtext("port") or "").split(","), (443,)) != NO))
#: The rules that are evaluated last, within a zone and between zones, and what they do unless they are overridden.
_DEFAULTS = (("intrazone-default", "intrazone", "allow"), ("interzone-default", "interzone", "deny"))


@dataclass
class Context:
    """What names in rules mean, and which rules are evaluated before and after those of the scope: by the scope itself, its parents and shared.

    ``nodes``: their configurations, the nearest first. ``rulebase``: the element that holds the rules of the scope. ``unseen``: in words, rules that are asked
    too and cannot be read: behind the pre-rules of a Panorama the local ones, around the local rules of a firewall those of its Panorama. ``serials``:
    the firewalls that the rules are for; None if unknown.
    """

    nodes: list = field(default_factory=list)
    rulebase: str = "rulebase"
    unseen: str = ""
    serials: frozenset | None = None
    #: What names of addresses stand for, as far as somebody asked.
    resolved: dict = field(default_factory=dict, repr=False, compare=False)
    _index: dict = field(default_factory=dict, repr=False, compare=False)

    def find(self, path: str, name: str) -> ET.Element | None:
        """The nearest entry of that name, or None. ``path`` leads from a scope to the element that holds the entries."""
        return self._entries(path).get(name)

    def names(self, path: str) -> list[str]:
        """Names of the entries at ``path`` in all scopes, the nearest first."""
        return list(self._entries(path))

    def _entries(self, path: str) -> dict:
        if path not in self._index:
            found: dict = {}
            for node in self.nodes:
                for entry in node.findall(path + "/entry"):
                    found.setdefault(entry.get("name"), entry)
            self._index[path] = found
        return self._index[path]

    @staticmethod
    def columns(schema: Schema, entry: ET.Element) -> Columns:
        """The columns of an object."""
        return Columns(schema, xml.columns_of(entry, schema.limits))

    # -- rules

    def rule(self, base: str, entry: ET.Element, where: str) -> Rule:
        """The Rule of an <entry>, for reading alone."""
        schema = SCHEMAS[base]
        return Rule(entry.get("name"), self._resolved(xml.columns_of(entry, schema.limits)), where=where)

    def local(self, state: State, base: str) -> list[Rule]:
        """The rules of the scope as ``state`` has them."""
        found = [(ref, state.objects[ref]) for ref in state.rules.get(base, ())]
        return [Rule(ref.name, self._resolved(_native(obj)), ref) for ref, obj in found]

    def above(self, base: str) -> list[Rule]:
        """The rules that are evaluated before those of the scope."""
        pre = [rule for node in reversed(self.nodes[1:]) for rule in self._rules(node, "pre-rulebase", base)]
        return pre + (self._hidden() if self.rulebase == "rulebase" else [])

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
            found += [Rule("%s (%s)" % (words, ", ".join(names)), {"action": "unseen"}, unseen=True)] if names else []
        return found

    def _hidden(self) -> list[Rule]:
        return [Rule(self.unseen, {"action": "unseen"}, unseen=True)] if self.unseen else []

    def _defaults(self) -> list[Rule]:
        found = []
        for name, kind, action in _DEFAULTS:
            entry = next((one for base in (self.rulebase, "post-rulebase") for one in [self.find(base + "/default-security-rules/rules", name)]
                          if one is not None), None)
            own = self.rule("security", entry, "").native if entry is not None else {}
            found.append(Rule(name, dict({"action": action}, **dict(own, **{"rule-type": kind}))))
        return found

    def _resolved(self, native: dict) -> dict:
        """The columns of a rule with the profiles of its group in the place of it. A group that is not in sight stays, and so do unknown kinds of profiles."""
        missing = []
        for name in native.pop("profile-setting/group", None) or []:
            group = self.find("profile-group", name)
            if group is None:
                missing.append(name)
                continue
            native.update(("profile-setting/profiles/" + kind, value) for kind, value in xml.columns_of(group).items() if kind != "disable-override")
        unknown = [path for path in native if path.startswith("profile-setting/") and path not in schemas.SECURITY.others]
        missing += [path.rpartition("/")[2] for path in unknown]
        native = {path: value for path, value in native.items() if path not in unknown}
        return dict(native, **{"profile-setting/group": missing}) if missing else native


def _native(obj: Object) -> dict:
    """All columns of a rule: what was read, with its fields as they would be. Columns of entries, such as target/devices, are no fields."""
    return dict(obj.native.get("columns", {}), **{path: value for path, value in obj.fields.items() if value != ""})
