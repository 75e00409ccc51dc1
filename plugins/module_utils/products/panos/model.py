# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a PAN-OS rulebase treats the wanted hosts for an audience: first match, most severe URL profile action. No IO.

Precedence: knowledge base kA10g000000Cm44CAC (custom category, then external list, then predefined) and kA10g000000ClsmCAC (of several
custom categories the most severe action wins: block, override, continue, alert, allow).
"""
from __future__ import annotations

import ipaddress
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import elements as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import holds_port, overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named, networks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, NO, SURE, Hits, Verdict, first_match,
)

SEVERE = ("block", "override", "continue")
#: Predefined categories that hold none of the wanted hosts; a rule about one of these has other reasons.
_UNRELATED = frozenset((
    "malware", "phishing", "command-and-control", "grayware", "ransomware", "scanning-activity", "hacking", "adult", "gambling", "nudity",
    "weapons", "extremism", "abused-drugs", "questionable", "copyright-infringement", "proxy-avoidance-and-anonymizers", "dynamic-dns", "parked",
    "peer-to-peer", "compromised-website", "encrypted-dns", "health-and-medicine", "government", "military", "dating",
    "alcohol-and-tobacco", "sports", "travel", "real-estate", "religion", "swimsuits-and-intimate-apparel", "sex-education", "cryptocurrency"))
_PLAIN_APPS = frozenset(("any", "ssl", "web-browsing"))
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


@dataclass
class Context:
    """What names in rules mean: from the scope itself, its parents and shared. Lookup is nearest first."""

    nodes: list = field(default_factory=list)

    def find(self, path: str, name: str) -> ET.Element | None:
        """The nearest entry of that name, or None. ``path`` leads from a scope to the element that holds the entries."""
        for node in self.nodes:
            for entry in node.findall(path + "/entry"):
                if entry.get("name") == name:
                    return entry
        return None

    def names(self, path: str) -> list[str]:
        """Names of the entries at ``path`` in all scopes, the nearest first."""
        return list(dict.fromkeys(entry.get("name") for node in self.nodes for entry in node.findall(path + "/entry")))

    def all(self, path: str) -> list[ET.Element]:
        """The entries at ``path``, of each name the nearest one."""
        return [self.find(path, name) for name in self.names(path)]


@dataclass(frozen=True)
class Rule:
    """A rule in its place. ``ref`` is None for one that we only read (of a parent or shared)."""

    name: str
    fields: dict
    ref: object = None
    where: str = ""

    def values(self, column: str) -> list[str]:
        """The names in a column; ``any`` where it has none."""
        return self.fields.get(column) or ["any"]

    @property
    def enabled(self) -> bool:
        return self.fields.get("disabled") != "yes"


def rule_of(entry: ET.Element, where: str) -> Rule:
    """The Rule of a security rule's <entry>, for reading alone."""
    return Rule(entry.get("name"), xml.parse_object(xml.SECURITY, entry).fields, None, where=where)


class Judge:
    """Answers for one policy and audience. ``wanted`` are Patterns; sets of them go in and out."""

    def __init__(self, context: Context, audience: Audience, wanted: Iterable[Pattern],
                 categories: dict[str, Iterable[str]], own: str, links: dict[str, str]):
        """``categories``: name to entries of every custom category, as it would be; ``links``: URL profile to its action for category ``own``."""
        self._context, self._audience, self._own, self._links = context, audience, own, links
        self.wanted = frozenset(wanted)
        self._index = Index(self.wanted)
        self._held = {name: self._hits(entries) for name, entries in categories.items()}
        self._lists = frozenset(context.names("external-list"))

    def _hits(self, entries: Iterable[str]) -> Hits:
        """Of a URL list."""
        held, part = Index(), set()
        natives = frozenset(entries)
        for entry in natives:
            pattern, whole = xml.host_pattern(entry)
            if pattern is None:
                continue
            cover = self._index.covering(pattern)
            if cover is not None:
                part.add(cover)
            if whole:
                held.add(pattern)
        sure = frozenset(p for p in self.wanted if held.covering(p) is not None or all(self._has(held, natives, one) for one in xml.render(p)))
        return Hits(sure, frozenset(part) - sure)

    @staticmethod
    def _has(held: Index, natives: frozenset, entry: str) -> bool:
        pattern, _whole = xml.host_pattern(entry)
        return entry in natives or held.covering(pattern) is not None

    # -- the parts of a rule

    def hosts(self, rule: Rule) -> Hits:
        """By its category, application, destination and service."""
        return self._categories(rule.values("category")).capped(min(self._application(rule), self._destination(rule), self._service(rule)))

    def _categories(self, names: Iterable[str]) -> Hits:
        if "any" in names:
            return Hits(self.wanted)
        sure, may = set(), set()
        for name in names:
            if name in self._held:
                sure |= self._held[name].sure
                may |= self._held[name].may
            elif name not in _UNRELATED and name not in self._lists:
                may |= self.wanted
        return Hits(frozenset(sure), frozenset(may - sure))

    def lists(self, rule: Rule) -> list[str]:
        """External lists that a rule names: what they hold is not in the configuration."""
        return [name for column in ("category", "destination", "source") for name in rule.values(column) if name in self._lists]

    @staticmethod
    def _application(rule: Rule) -> int:
        names = rule.values("application")
        if _PLAIN_APPS & set(names):
            return SURE
        return MAY if any("openai" in name.lower() or "chatgpt" in name.lower() for name in names) else NO

    def _destination(self, rule: Rule) -> int:
        names = rule.values("destination")
        if names == ["any"]:
            return SURE
        if rule.fields.get("negate-destination") == "yes":
            return MAY
        for name in names:
            entry = self._context.find("address", name)
            fqdn = entry.findtext("fqdn") if entry is not None else None
            if fqdn and self._index.matching(fqdn) is not None:
                return MAY
        return NO

    def _service(self, rule: Rule) -> int:
        names = rule.values("service")
        if {"any", "application-default", "service-https"} & set(names):
            return SURE
        for name in names:
            entry = self._context.find("service", name)
            if entry is None and self._context.find("service-group", name) is not None:
                return MAY
            if entry is not None and holds_port((entry.findtext("protocol/tcp/port") or "").split(","), (443,)):
                return SURE
        return NO

    def people(self, rule: Rule) -> int:
        """How far a rule is about the audience."""
        narrowed = any(rule.values(column) != ["any"] for column in ("source-hip", "destination-hip", "hip-profiles")) or rule.fields.get("schedule")
        return min(_zones(self._audience.from_zones, rule.values("from")), _zones(self._audience.to_zones, rule.values("to")),
                   _addresses(self._audience.sources, rule), _users(self._audience.users, rule.values("source-user")),
                   MAY if narrowed or rule.fields.get("rule-type") == "intrazone" else SURE)

    # -- what a rule does

    def drops(self, rule: Rule, media: Media) -> bool:
        """Whether a rule denies packets of a Media to somebody of this audience; what cannot be told counts as yes. Packets have no category."""
        if not rule.enabled or rule.fields.get("action", "allow") == "allow" or self.people(rule) == NO or rule.values("category") != ["any"]:
            return False
        applications = rule.values("application")
        if applications != ["any"] and not {"stun", "unknown-%s" % media.protocol} & set(applications):
            return False
        targets = rule.values("destination")
        if targets != ["any"] and rule.fields.get("negate-destination") != "yes" and not any(self._reaches(one, media) for one in targets):
            return False
        return any(self._serves(one, media) for one in rule.values("service"))

    def _reaches(self, name: str, media: Media) -> bool:
        entry = self._context.find("address", name)
        text = name if entry is None else entry.findtext("ip-netmask")
        if entry is not None and entry.findtext("fqdn"):
            return False
        try:
            network = ipaddress.ip_network(text or "", strict=False)
        except ValueError:
            # A range, a group, a wildcard mask, or a list from elsewhere.
            return True
        return overlap(map(ipaddress.ip_network, media.destinations), [network]) != NO

    def _serves(self, name: str, media: Media) -> bool:
        if name in ("service-http", "service-https"):
            return False
        entry = self._context.find("service", name)
        if name == "any" or entry is None:
            return name != "application-default"
        return holds_port((entry.findtext("protocol/%s/port" % media.protocol) or "").split(","), media.ports)

    def blocked(self, rule: Rule) -> Hits:
        """What a rule shuts for the people it is about."""
        return self.shuts(rule, self.hosts(rule)) if rule.enabled else Hits()

    def shuts(self, rule: Rule, hits: Hits) -> Hits:
        """Those of its Hits that a rule shuts: by its action or its URL filtering profile."""
        if rule.fields.get("action", "allow") != "allow":
            return hits
        shut = self._profile(self.url_profile(rule))
        return Hits(hits.sure & shut.sure, (hits.sure & shut.may) | (hits.may & shut.all))

    def _profile(self, profile: ET.Element | None) -> Hits:
        """What a URL filtering profile shuts."""
        shut, perhaps, listed = set(), set(), set()
        if profile is None:
            return Hits()
        actions = {action: [node.text for node in profile.findall(action + "/member")] for action in SEVERE + ("alert", "allow")}
        linked = self._links.get(profile.get("name"))
        if linked:
            actions[linked] = actions[linked] + [self._own]
        for action, names in actions.items():
            for name in names:
                sure, may = self._held.get(name, Hits())
                if action in SEVERE:
                    shut |= sure
                    perhaps |= may
                else:
                    listed |= sure
        for action in SEVERE:
            for name in actions[action]:
                if name not in self._held and name not in _UNRELATED and name not in self._lists:
                    perhaps |= self.wanted - listed
        return Hits(frozenset(shut), frozenset(perhaps - shut))

    def blockers(self, profile: ET.Element | None) -> dict[str, frozenset[Pattern]]:
        """{custom category: wanted patterns} that a URL filtering profile shuts."""
        found = {}
        for action in SEVERE:
            for node in profile.findall(action + "/member") if profile is not None else []:
                hits = self._held.get(node.text, Hits())
                if hits.all:
                    found[node.text] = hits.all
        return found

    def profiles(self, rule: Rule) -> dict[str, str]:
        """{profile kind: name} of the security profiles of a rule, its group resolved."""
        found = {path.rpartition("/")[2]: value[0] for path, value in rule.fields.items() if path.startswith("profile-setting/profiles/") and value}
        for name in rule.fields.get("profile-setting/group") or []:
            group = self._context.find("profile-group", name)
            for child in group if group is not None else []:
                if child.tag != "disable-override" and child.findtext("member"):
                    found[child.tag] = child.findtext("member")
        return found

    def url_profile(self, rule: Rule) -> ET.Element | None:
        name = self.profiles(rule).get("url-filtering")
        return self._context.find("profiles/url-filtering", name) if name else None

    @staticmethod
    def decrypts(rule: Rule, hits: Hits) -> Hits:
        """Those of its Hits that a decryption rule decrypts."""
        decrypts = rule.fields.get("action", "no-decrypt").startswith("decrypt") and "type/ssl-forward-proxy" in rule.fields
        return hits if decrypts else Hits()

    def reach(self, rule: Rule) -> Hits:
        """What an enabled rule is about for the whole audience."""
        return self.hosts(rule).capped(self.people(rule)) if rule.enabled else Hits()

    def ask(self, rules: Iterable[Rule], shuts: Callable[[Rule, Hits], Hits], told: Callable[[Rule, Hits], None] = lambda rule, hits: None) -> Verdict:
        """What a rulebase does with the wanted patterns. ``shuts`` is the method above that says which a rule shuts or decrypts."""
        return first_match(rules, self.wanted, lambda rule, _left: self.reach(rule), shuts, told)


def _zones(ours: tuple, theirs: list) -> int:
    return named(limits(ours, "any"), limits(theirs, "any"), apart=True)


def _users(ours: tuple, theirs: list) -> int:
    return SURE if ours and "known-user" in theirs else named(limits(ours, "any"), limits(theirs, "any"))


def _addresses(ours: tuple, rule: Rule) -> int:
    theirs = rule.values("source")
    if theirs == ["any"] or (ours and set(ours) <= set(theirs) and rule.fields.get("negate-source") != "yes"):
        return SURE
    return MAY if rule.fields.get("negate-source") == "yes" else networks(ours, theirs)
