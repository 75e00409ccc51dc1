# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one PAN-OS rule reads for an audience and for the wanted hosts: whom it is about, which hosts, and what it does with them. No IO.

Precedence: knowledge base kA10g000000Cm44CAC (custom category, then external list, then predefined) and kA10g000000ClsmCAC (of several
custom categories the most severe action wins: block, override, continue, alert, allow).
"""
from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience, Rule, columns as columns_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.names import EVERYWHERE, Names
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap, port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN, Hits, Layer, opposite,
)

SEVERE = ("block", "override", "continue")
#: With the pages that an Internet rule of Strata Cloud Manager puts before a site.
_DENIES = frozenset(("deny", "drop", "reset-client", "reset-server", "reset-both", "continue", "redirect", "isolate"))


class Reader:
    """For one audience and one set of wanted patterns. ``own``: our category; ``links``: URL profile to the action that it is to have for it."""

    def __init__(self, names: Names, audience: Audience, own: str, links: dict[str, str]):
        self.names, self.wanted, self._audience, self._own, self._links = names, names.wanted, audience, own, links
        self._zones = frozenset(names.context.names("zone"))
        self._read: dict = {}
        self._known: dict = {}
        self._profiles: dict = {}
        self._people: dict = {}
        self._hosts: dict = {}

    def columns(self, rule: Rule, base: str) -> Columns:
        """The columns through which a rule is read; of a rule and of what its profile blocks they are the same."""
        if id(rule.native) not in self._read:
            # What is read is kept too, so that nothing else gets its id.
            self._read[id(rule.native)] = rule.native, Columns(self.names.context.schemas[base], rule.native)
        return self._read[id(rule.native)][1]

    # -- the layers

    def layer(self, base: str, rules: Iterable[Rule]) -> Layer:
        """The rules of a rulebase that are enabled, as a Layer. What a URL filtering profile blocks comes before its rule."""
        found = []
        for rule in rules:
            if rule.enabled and base == "security" and rule.allows and rule.filters:
                found.append(self._by_profile(rule))
            found += [rule] if rule.enabled else []
        effect = {"security": self.security, "decryption": self.decryption, "authentication": self.authentication}[base]
        return Layer(found, lambda rule: self.people(rule, base), lambda rule, _wanted: self.hosts(rule, base), effect,
                     lambda rule: self.columns(rule, base), UNKNOWN if base == "security" else ALLOW, self._known.setdefault(base, {}))

    def _by_profile(self, rule: Rule) -> Rule:
        """What stands for the profile of a rule, the same in every layer."""
        if id(rule) not in self._profiles:
            self._profiles[id(rule)] = rule, replace(rule, profile=True)
        return self._profiles[id(rule)][1]

    @staticmethod
    def security(rule: Rule) -> str:
        """What a security rule does with what it is about."""
        if rule.profile:
            return DENY
        return ALLOW if rule.allows else DENY if rule.native["action"] in _DENIES else UNKNOWN

    @staticmethod
    def decryption(rule: Rule) -> str:
        """What a decryption rule does: DENY stands for decrypting. Rules for SSH and for servers of the site's own are about other sessions."""
        kinds = {path.split("/")[1] for path in rule.native if path.startswith("type/")}
        if kinds and kinds <= {"ssh-proxy", "ssl-inbound-inspection"}:
            return PASS_ON
        known = {"no-decrypt": ALLOW, "decrypt": DENY, "decrypt-and-forward": DENY}
        return known.get(rule.native.get("action", "no-decrypt"), UNKNOWN)

    @staticmethod
    def authentication(rule: Rule) -> str:
        """What an authentication rule does: whether somebody who did not sign in is sent to a page for that, nobody can tell."""
        asks = rule.native.get("authentication-enforcement", "default-no-captive-portal") != "default-no-captive-portal"
        return UNKNOWN if asks or rule.unseen else ALLOW

    # -- whom a rule is about

    def people(self, rule: Rule, base: str) -> int:
        """How far a rule is about the audience, by the columns that are read here; of the others its Columns tell."""
        key = (id(rule.native), base)
        if key not in self._people:
            columns, ours = self.columns(rule, base), self._audience
            self._people[key] = min(
                self._zone(ours.from_zones, columns.get("from", ["any"])), self._zone(ours.to_zones, columns.get("to", ["any"])),
                self._sources(columns.get("source", ["any"]), bool(columns.get("negate-source"))), _users(ours.users, columns.get("source-user", ["any"])),
                self._kind(columns.get("rule-type", "universal")) if base == "security" else SURE, self._target(columns))
        return self._people[key]

    def _zone(self, ours: tuple, theirs: list) -> int:
        if self._zones and self._zones <= frozenset(theirs):
            return SURE
        return named(limits(ours, "any"), limits(theirs, "any"), apart=True)

    def _sources(self, theirs: list, negated: bool) -> int:
        ours = self._audience.sources
        if theirs == ["any"]:
            return MAY if negated else SURE
        if ours and set(ours) <= set(theirs):
            return NO if negated else SURE
        mine, others = self.names.addresses(ours), self.names.addresses(theirs)
        level = overlap(mine.networks if ours else EVERYWHERE, others.networks)
        if not mine.complete or mine.names:
            return MAY
        if not others.complete or others.names:
            level = max(level, MAY)
        return opposite(level) if negated else level

    def _kind(self, kind: str) -> int:
        """Rules within a zone, or between two. The zone of the wanted hosts is the one that the audience names."""
        start, end = (limits(zones, "any") for zones in (self._audience.from_zones, self._audience.to_zones))
        if kind == "universal":
            return SURE
        apart = SURE if start and end and not start & end else NO if len(start) == 1 and start == end else MAY
        return {"interzone": apart, "intrazone": opposite(apart)}.get(kind, MAY)

    def _target(self, columns: Columns) -> int:
        """The firewalls that a Panorama pushes a rule to. Those with a tag are unknown, nor whether a part of a firewall is ours."""
        chosen, parts, tags = (columns.get("target/" + name, []) for name in ("devices", "devices/vsys", "tags"))
        negated, ours = bool(columns.get("target/negate")), self.names.context.serials
        if not chosen and not tags:
            return SURE
        if tags or ours is None:
            return MAY
        level = SURE if ours <= set(chosen) else MAY if ours & set(chosen) else NO
        level = min(level, MAY) if parts else level
        return opposite(level) if negated else level

    # -- which hosts it is about

    def hosts(self, rule: Rule, base: str) -> Hits:
        """Which of the wanted patterns a rule is about."""
        key = (id(rule.native), base, rule.profile)
        if key not in self._hosts:
            columns, names = self.columns(rule, base), self.names
            categories, application = columns.get("category"), SURE
            found = names.destination(columns.get("destination", ["any"]), bool(columns.get("negate-destination")))
            service = max(map(names.service, columns.get("service", ["any"])))
            if base == "security":
                application = max(map(names.application, columns.get("application", ["any"])))
            if categories is not None:
                found = found.both(names.categories(categories))
            found = found.capped(min(application, service))
            self._hosts[key] = found.both(self.profile(rule)) if rule.profile else found
        return self._hosts[key]

    def profile(self, rule: Rule) -> Hits:
        """What the URL filtering profile of a rule blocks. One that is not in this configuration, such as a predefined one, may block anything."""
        name = rule.profiles.get("url-filtering")
        profile = self._profile(name)
        if profile is None:
            return self.names.unknown
        lists = {action: self._listed(profile, name, action) for action in SEVERE + ("alert", "allow")}
        shut, perhaps, listed = set(), set(), set()
        for action, names in lists.items():
            for one in names:
                hits = self.names.category(one)
                if action not in SEVERE:
                    listed |= hits.sure if self.names.is_custom(one) else frozenset()
                else:
                    shut |= hits.sure
                    # A custom category or an external list blocks whatever another one allows; a predefined one is not asked for what a custom one holds.
                    perhaps |= hits.may if self.names.is_custom(one) or self.names.is_list(one) else frozenset()
        predefined = [one for action in SEVERE for one in lists[action] if not self.names.is_custom(one) and not self.names.is_list(one)]
        perhaps |= self.names.categories(predefined).all - listed
        perhaps |= self._besides(profile)
        return Hits(frozenset(shut), frozenset(perhaps - shut))

    def _listed(self, profile: Columns, name: str, action: str) -> list:
        return list(profile.get(action, [])) + ([self._own] if self._links.get(name) == action else [])

    def _besides(self, profile: Columns) -> frozenset:
        """What a profile may block by something else than its lists: where passwords go, what a page looks like, and what nobody here knows."""
        passwords = profile.get("credential-enforcement/block", []) + profile.get("credential-enforcement/continue", [])
        learned = profile.get("mlav-engine-urlbased-enabled/mlav-policy-action", [])
        if profile.unread() or set([learned] if isinstance(learned, str) else learned) - {"allow", "alert"}:
            return self.wanted
        return frozenset() if profile.get("credential-enforcement/mode/disabled") else self.names.categories(passwords).all

    def _profile(self, name: str | None) -> Columns | None:
        """The columns of a URL filtering profile; None for one that is not in sight."""
        entry = self.names.context.find("profiles/url-filtering", name) if name else None
        return columns_of("profiles/url-filtering", entry) if entry is not None else None

    def blockers(self, name: str | None) -> dict:
        """{custom category: wanted patterns} that a URL filtering profile blocks."""
        profile = self._profile(name)
        found = {one: self.names.category(one).all for action in SEVERE for one in (self._listed(profile, name, action) if profile is not None else ())
                 if self.names.is_custom(one)}
        return {one: patterns for one, patterns in found.items() if patterns}

    def told_elsewhere(self, rule: Rule) -> list:
        """Names in a rule, and in the lists by which its profile blocks, of which only the device knows what they hold."""
        found = set()
        for column in ("source", "destination", "category", "application"):
            found |= self.names.elsewhere(column, rule.values(column))
        profile = self._profile(rule.profiles.get("url-filtering")) if rule.profile else None
        for action in SEVERE if profile is not None else ():
            found |= self.names.elsewhere("category", profile.get(action, []))
        return sorted(found)

    def rank(self, layer: Layer, rule: Rule) -> int:
        """How far a rule is about the audience, for the place of ours. A deny whose hosts only the device knows, or that matches by addresses, keeps its
        precedence like one for a part of the audience."""
        anywhere = self.names.destination(rule.values("destination"), rule.native.get("negate-destination") == "yes") == self.names.unknown
        if rule.profile or not (anywhere or self.told_elsewhere(rule)) or layer.reach(rule, self.wanted).sure:
            return layer.level(rule)
        return min(layer.level(rule), MAY)

    # -- voice

    def drops(self, rule: Rule, media: Media) -> bool:
        """Whether a rule denies packets of a Media to somebody of this audience; what cannot be reported counts as yes. Packets have no category."""
        if not rule.enabled or rule.allows or self.people(rule, "security") == NO or rule.values("category") != ["any"]:
            return False
        applications = self._leaves("application-group", rule.values("application"))
        if "any" not in applications and not any(self._carries(one, media) for one in applications):
            return False
        targets = rule.values("destination")
        if targets != ["any"] and rule.native.get("negate-destination") != "yes":
            found = self.names.addresses(targets)
            there = [network for one in media.destinations for network in networks_of(one)]
            if found.complete and overlap(there, found.networks) == NO:
                return False
        return any(self._serves(one, media) for one in self._leaves("service-group", rule.values("service")))

    def _leaves(self, path: str, names: Iterable[str], seen: tuple = ()) -> set:
        found = set()
        for name in names:
            members = list((self.names.context.find(path, name) or {}).get("members") or ()) if name not in seen else []
            found |= self._leaves(path, members, seen + (name,)) if members else {name}
        return found

    def _carries(self, name: str, media: Media) -> bool:
        made = any(self.names.context.find(path, name) is not None for path in ("application-filter", "application", "application-group"))
        return made or name in ("stun", "unknown-%s" % media.protocol) or re.search("openai|chatgpt", name) is not None

    def _serves(self, name: str, media: Media) -> bool:
        entry = self.names.context.find("service", name)
        if entry is None:
            # The default ports of stun are those of voice.
            return name not in ("service-http", "service-https")
        text = entry.get("protocol/%s/port" % media.protocol)
        return text is not None and port_level(text.split(","), media.ports) != NO


def _users(ours: tuple, theirs: list) -> int:
    return SURE if ours and "known-user" in theirs else named(limits(ours, "any"), limits(theirs, "any"))
