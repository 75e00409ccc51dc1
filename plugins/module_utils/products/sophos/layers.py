# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rules of a Sophos Firewall say whom and what they are about and what they do: firewall rules, web policies, application control, TLS inspection.

Each kind is read through its columns, so one that is not read keeps its rule from being sure. Reads nothing of the device.
"""
from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any, Callable, Collection, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import columns as schemas
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import (
    DESTINATIONS, DESTINATION_ZONES, SERVICES, SOURCES, SOURCE_ZONES, columns_of, listed, word,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.hosts import SITES, Hosts, kind_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import (
    APPLICATIONS, FIREWALL, FIREWALL_RULE, LOCAL_LIST, POLICIES, TLS_RULES, Settings, Site,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN, Hits, Layer,
)

_DEFAULTS = {"Allow": ALLOW, "Deny": DENY}


class Reader:
    """What all kinds have in common. ``known``: the Columns of rules, where several readers share them."""

    schema = schemas.APPLICATION_RULE

    def __init__(self, hosts: Hosts, settings: Settings, known: dict | None = None):
        self._hosts, self._settings = hosts, settings
        self._columns: dict = {} if known is None else known
        self._people: dict = {}

    def node(self, rule: Any) -> ET.Element:
        return rule

    def columns(self, rule: Any) -> Columns:
        """The same object each time."""
        if id(rule) not in self._columns:
            self._columns[id(rule)] = columns_of(self.schema, self.node(rule))
        return self._columns[id(rule)]

    def levels(self, rule: Any) -> dict:
        """{column: how far it is about the audience}"""
        return {}

    def parts(self, rule: Any, wanted: Collection[Pattern]) -> dict:
        """{column: the Hits of it}; a rule is about what all of them are about."""
        return {}

    def people(self, rule: Any) -> int:
        if id(rule) not in self._people:
            self._people[id(rule)] = min(self.levels(rule).values(), default=SURE)
        return self._people[id(rule)]

    def hosts(self, rule: Any, wanted: Collection[Pattern]) -> Hits:
        found = Hits(frozenset(wanted))
        for hits in self.parts(rule, wanted).values():
            found = found.both(hits)
        return found

    def effect(self, rule: Any) -> str:
        return _DEFAULTS.get(word(self.columns(rule), "Action"), UNKNOWN)

    def layer(self, rules: Sequence, default: str, effect: Callable | None = None) -> Layer:
        return Layer(rules, self.people, self.hosts, effect or self.effect, self.columns, default)

    def reasons(self, layer: Layer, rule: Any, wanted: Collection[Pattern]) -> tuple:
        """Why a rule is not certainly about all of the audience and of these patterns, in words."""
        found = [*layer.doubts(rule), *("column %s limits it" % column for column, level in self.levels(rule).items() if level == MAY)]
        return (*found, *("column %s may apply to a part of them only" % column for column, hits in self.parts(rule, wanted).items() if hits.may))


class WebRules(Reader):
    """Rules of web policies: Objects of the State, as they will be."""

    schema = schemas.WEB_RULE

    def __init__(self, hosts: Hosts, settings: Settings, site: Site, state: State):
        super().__init__(hosts, settings)
        self._site, self._state = site, state
        self._nodes: dict = {}

    @staticmethod
    def ref(rule: Object) -> Ref:
        return rule.ref

    def of(self, policy: str, ours: bool = True) -> Layer:
        """The rules of a web policy; without ``ours`` those of the site alone."""
        refs = self._state.rules.get(xml.rulebase(policy), ())
        rules = [self._state.objects[ref] for ref in refs if ref in self._state.objects]
        node = self._site.node(POLICIES, policy)
        default = UNKNOWN if node is None else _DEFAULTS.get(text_of(node, "DefaultAction"), UNKNOWN)
        return self.layer([rule for rule in rules if ours or not rule.ours], default)

    def doubts(self, policy: str) -> list:
        """What of the policy itself may block more than its rules say, in words."""
        node = self._site.node(POLICIES, policy)
        if node is None:
            return ["web policy %s is built in, and its rules are not readable" % policy]
        columns = columns_of(schemas.WEB_POLICY, node, "RuleList")
        if text_of(node, "DownloadFileSizeRestrictionEnabled") == "0":
            columns.get("DownloadFileSizeRestriction")
        return ["column %s of web policy %s is not understood" % (column, policy) for column in columns.unread()]

    def opens(self, policy: str, wanted: Collection[Pattern]) -> bool:
        """Whether a web policy certainly lets all of these through."""
        if self.doubts(policy):
            return False
        answer = self.of(policy).ask(wanted)
        return all(answer.word(pattern) == "yes" for pattern in wanted)

    def node(self, rule: Object) -> ET.Element:
        if id(rule) not in self._nodes:
            self._nodes[id(rule)] = xml.rule_node(rule.native.get("xml"), rule.fields, self._settings.allow)
        return self._nodes[id(rule)]

    def levels(self, rule: Object) -> dict:
        """Who is in which group the API does not say. A rule about types of files, say, and not of sites is about a part of what anyone gets."""
        columns = self.columns(rule)
        kinds = {kind_of(kind) for kind, _name in self._pairs(rule)}
        return {"UserList/User": named(self._settings.users, listed(columns, "UserList/User")),
                "Schedule": SURE if columns.get("Schedule") is None else MAY,
                "CategoryList/Category/type": MAY if kinds and not kinds & SITES else SURE}

    def _pairs(self, rule: Object) -> list:
        columns = self.columns(rule)
        columns.get("CategoryList/Category/ID")
        columns.get("CategoryList/Category/type")
        return xml.categories(self.node(rule))

    def parts(self, rule: Object, wanted: Collection[Pattern]) -> dict:
        pairs = self._pairs(rule)
        return {"CategoryList/Category/ID": self._hosts.about(pairs, wanted)} if pairs else {}

    def effect(self, rule: Object) -> str:
        """The action for HTTPS. A warning and a quota block: no program answers them."""
        if rule.fields["enabled"] != "1":
            return PASS_ON if rule.fields["enabled"] == "0" else UNKNOWN
        return {"Allow": ALLOW, "Deny": DENY, "Warn": DENY, "Quota": DENY}.get(xml.decided(rule.fields), UNKNOWN)


class ApplicationRules(Reader):
    """Rules of application control. Which application a host is, and what the groups of them hold, only the device knows: no column is read."""

    def __init__(self, hosts: Hosts, settings: Settings, site: Site):
        super().__init__(hosts, settings)
        self._site = site

    def doubts(self, name: str, wanted: Collection[Pattern]) -> list:
        """Why an application filter policy is not known to let all of these through, in words."""
        node, title = self._site.node(APPLICATIONS, name), "application control %s" % name
        if node is None:
            return ["%s was not read and may block them" % title]
        rules = node.findall("RuleList/Rule")
        layer = self.layer(rules, _DEFAULTS.get(text_of(node, "DefaultAction"), UNKNOWN))
        answer = layer.ask(wanted)
        if columns_of(schemas.APPLICATION_POLICY, node, "RuleList").unread():
            return ["%s has a column that is not understood" % title]
        if all(answer.word(pattern) == "yes" for pattern in wanted):
            return []
        first = next((rule for rule in [*answer.shut.values(), *answer.doubted.values()]), None)
        if first is None:
            return ["%s may block them by its default action" % title]
        return ["%s may block them by its rule %d" % (title, rules.index(first) + 1), *layer.doubts(first)]


@dataclass(frozen=True)
class Flow:
    """Traffic of the audience in one IP ``family``: what ``rule`` takes, an accepting firewall rule with a named web policy. ``rules``: those that are asked
    for it, from the top; ``rule`` is the last of them, or of the other family and takes none of it."""

    rule: ET.Element
    family: str
    rules: tuple


def flows(site: Site, using: Sequence[ET.Element]) -> list:
    """The traffic of the audience. In a family that no rule of a named web policy is for, others decide for the same people."""
    table = site.tables[FIREWALL]
    found = [Flow(rule, xml.family(rule), tuple(table[:table.index(rule) + 1])) for rule in using]
    others = {xml.family(rule) for rule in site.accepting()} - {flow.family for flow in found}
    return found + [Flow(using[0], family, tuple(table)) for family in sorted(others) if using]


class _Traffic(Reader):
    """Rules about packets: people, networks and services are held against those of a Flow. ``identity``: the column of people."""

    identity = ""

    def __init__(self, hosts: Hosts, settings: Settings, flow: Flow, known: dict | None = None):
        super().__init__(hosts, settings, known)
        self._flow, self._ours = flow, columns_of(schemas.FIREWALL_RULE, flow.rule)

    def levels(self, rule: ET.Element) -> dict:
        columns, ours = self.columns(rule), self._ours
        found = {column: named(listed(ours, column), listed(columns, column), column != SOURCES) for column in (SOURCE_ZONES, DESTINATION_ZONES, SOURCES)}
        if "WAN" not in (listed(ours, DESTINATION_ZONES) or ["WAN"]):
            # guess: this zone is the egress; what an accepting rule for others only takes is not known.
            found[DESTINATION_ZONES] = min(found[DESTINATION_ZONES], MAY)
        people, services = listed(columns, self.identity), listed(columns, SERVICES)
        found[self.identity] = named(self._settings.users or listed(ours, "Identity/Member"), people)
        found[SERVICES] = self._hosts.https(services) if services else SURE
        return found

    def parts(self, rule: ET.Element, wanted: Collection[Pattern]) -> dict:
        networks = listed(self.columns(rule), DESTINATIONS)
        return {DESTINATIONS: self._hosts.networks(networks, wanted)} if networks else {}


class FirewallRules(_Traffic):
    """``policies``: the named web policies, which are judged by themselves; ``web(policy)``: whether another one lets all wanted hosts through;
    ``applications(policy)``: why application control may not, in words."""

    schema = schemas.FIREWALL_RULE
    identity = "Identity/Member"

    def __init__(self, hosts: Hosts, settings: Settings, flow: Flow, known: dict, state: State, policies: Collection[str], web: Callable,
                 applications: Callable):
        super().__init__(hosts, settings, flow, known)
        self._state, self._policies, self._web, self._applications = state, policies, web, applications
        self._questions: dict = {}

    @staticmethod
    def ref(rule: ET.Element) -> Ref:
        return Ref(FIREWALL_RULE, xml.firewall_name(rule))

    def levels(self, rule: ET.Element) -> dict:
        found, columns = super().levels(rule), self.columns(rule)
        columns.get("IPFamily")
        family = xml.family(rule)
        found["IPFamily"] = SURE if family == self._flow.family else NO if family in ("IPv4", "IPv6") else MAY
        found["Schedule"] = SURE if columns.get("Schedule") is None else MAY
        signed_in = columns.get("MatchIdentity") is None or listed(columns, "Identity/Member") or self._ours.get("MatchIdentity") is not None
        found["MatchIdentity"] = SURE if signed_in else MAY
        return found

    def effect(self, rule: ET.Element) -> str:
        columns, status = self.columns(rule), self._state.objects[self.ref(rule)].fields["status"]
        # Web server protection is about traffic that comes in.
        if status == "Disable" or columns.get("PolicyType") == "HTTPBased":
            return PASS_ON
        known = status == "Enable" and text_of(rule, "PolicyType", "Network") in ("Network", "User")
        action = {"Drop": DENY, "Reject": DENY, "Accept": ALLOW}.get(word(columns, "Action"), UNKNOWN) if known else UNKNOWN
        return UNKNOWN if action == ALLOW and self.questions(rule) else action

    def reasons(self, layer: Layer, rule: ET.Element, wanted: Collection[Pattern]) -> tuple:
        asked = self.questions(rule) if word(self.columns(rule), "Action") == "Accept" else []
        return (*asked, *super().reasons(layer, rule, wanted))

    def questions(self, rule: ET.Element) -> list:
        """Why an accepting rule may not let the hosts through, in words."""
        if id(rule) not in self._questions:
            self._questions[id(rule)] = self._ask(self.columns(rule))
        return self._questions[id(rule)]

    def _ask(self, columns: Columns) -> list:
        found, web, applications = [], word(columns, "WebFilter"), word(columns, "ApplicationControl")
        if columns.get("WebFilterInternetScheme"):
            found.append("WebFilterInternetScheme: the web policy of the user decides")
        elif web and web not in self._policies and not self._web(web):
            found.append("web policy %s is not known to allow them" % web)
        if columns.get("ApplicationControlInternetScheme"):
            found.append("ApplicationControlInternetScheme: the application control of the user decides")
        elif applications:
            found += self._applications(applications)
        if columns.get("ShowCaptivePortal") and self._settings.everyone:
            found.append("ShowCaptivePortal: users who are not signed in are redirected to the captive portal")
        return found


class TlsRules(_Traffic):
    """Rules of TLS inspection."""

    schema = schemas.TLS_RULE
    identity = "Identity/Members"

    @staticmethod
    def ref(rule: ET.Element) -> Ref:
        return Ref("TLS inspection rule", text_of(rule, "Name"))

    def parts(self, rule: ET.Element, wanted: Collection[Pattern]) -> dict:
        return {"Websites/Activity/Name": self._sites(rule, wanted), **super().parts(rule, wanted)}

    def _sites(self, rule: ET.Element, wanted: Collection[Pattern]) -> Hits:
        """The device's own rules need not show what they are about (what they show is not confirmed): the one for websites is about the local list."""
        columns = self.columns(rule)
        columns.get("Websites/Activity/Name")
        columns.get("Websites/Activity/Type")
        pairs = [(text_of(one, "Type"), text_of(one, "Name")) for one in rule.findall("Websites/Activity")]
        if not is_default(rule):
            return self._hosts.about(pairs, wanted) if pairs else Hits(frozenset(wanted))
        found = self._hosts.about(pairs, wanted)
        if not is_own(rule):
            return found if pairs else Hits(may=frozenset(wanted))
        local = self._hosts.local(wanted)
        if pairs and LOCAL_LIST.lower() not in [name.lower() for _kind, name in pairs]:
            local = Hits(may=local.all)
        return Hits.any([found, local])

    def effect(self, rule: ET.Element) -> str:
        return inspection(rule)

    def shuts(self, rule: ET.Element) -> str:
        """What a rule does with the connection itself. A decryption profile may refuse one, whether it is decrypted or not; the delivered one refuses none."""
        done = inspection(rule)
        if done in (PASS_ON, UNKNOWN) or text_of(rule, "DecryptAction") == "Deny":
            return done
        return ALLOW if text_of(rule, "DecryptionProfile", "None") in ("None", "Maximum compatibility") else UNKNOWN


def inspection(rule: ET.Element) -> str:
    """DENY for a rule of TLS inspection that decrypts or denies, ALLOW for one that leaves alone."""
    enabled = text_of(rule, "Enable", "Yes").lower()
    if enabled in ("no", "f"):
        return PASS_ON
    return {"Do not decrypt": ALLOW, "Decrypt": DENY, "Deny": DENY}.get(text_of(rule, "DecryptAction"), UNKNOWN) if enabled in ("yes", "t") else UNKNOWN


def is_default(rule: ET.Element) -> bool:
    """Whether a rule of TLS inspection was delivered with the device."""
    return text_of(rule, "IsDefault").lower() == "yes"


def is_own(rule: ET.Element) -> bool:
    """Whether it is the device's own rule "Exclusions by website or category"; there is one for applications too."""
    return is_default(rule) and text_of(rule, "Name").lower().startswith("exclusions by website")


def naming(site: Site, settings: Settings) -> list:
    """Enabled rules of TLS inspection that leave the exclusion list undecrypted, for whomever."""
    wanted, found = settings.exempt_group.lower(), []
    for rule in site.tables[TLS_RULES]:
        lists = [text_of(one, "Name").lower() for one in rule.findall("Websites/Activity")]
        own = wanted == LOCAL_LIST.lower() and is_own(rule) and not lists
        if inspection(rule) == ALLOW and (wanted in lists or own):
            found.append(rule)
    return found
