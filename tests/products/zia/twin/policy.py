# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service does with a connection: firewall, TLS inspection, denylists, Cloud App Control, then URL Filtering.

Sources: help pages "About Policy Enforcement", "URL format guidelines", "Configuring the URL Filtering Policy" (logical operators between
criteria), "About Cloud App Control", "Configuring SSL Inspection Policy"; a community thread on a domain in several custom categories.
"""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

#: The columns that there are, by table.
COLUMNS = yaml.safe_load((Path(__file__).resolve().parents[1] / "columns.yml").read_text(encoding="utf-8"))
#: Columns that match and are played here, in every table.
PLAYED = {"users", "groups", "departments", "locations", "locationGroups", "userAgentTypes", "platforms", "requestMethods"}
OPEN = {"urlFilteringRules": {"ALLOW"}, "firewallFilteringRules": {"ALLOW"}, "firewallDnsRules": {"ALLOW"}}
SHUT = {"urlFilteringRules": {"BLOCK", "CAUTION", "ISOLATE"}, "firewallFilteringRules": {"BLOCK_DROP", "BLOCK_RESET", "BLOCK_ICMP"},
        "firewallDnsRules": {"BLOCK", "BLOCK_WITH_RESPONSE", "REDIR_RES"}}
LEVELS = 5  # a leading dot covers up to five levels of subdomains


class Unplayed(NotImplementedError):
    """A rule of which the twin cannot tell whether it matches or what it does: ``instead`` are the rules that it may be, None for none at all."""

    def __init__(self, kind: str, rule: dict, why: str, instead: tuple):
        super().__init__("%s %s %s" % (kind, rule["name"], why))
        self.rule, self.instead = rule, instead


@dataclass
class Person:
    """Who sends: ids of the directory (None: not authenticated) and of the location."""

    user: int | None = None
    groups: tuple = ()
    department: int | None = None
    location: int | None = None
    location_groups: tuple = ()
    agent: str = "CHROME"
    platform: str = "SCAN_WINDOWS"


def entry_matches(entry: str, host: str, port: int = 443) -> int:
    """0: does not match a connection to the host; else how specific: more for a longer wildcard, most for the exact host.

    An entry with a path matches only URLs below it, so never a connection as a whole; ``/`` alone does.
    """
    name, slash, path = entry.partition("/")
    name, colon, number = name.partition(":")
    if (slash and path) or (colon and int(number) != port):
        return 0
    if not name.startswith("."):
        return 10000 if name == host else 0
    base = name[1:]
    if host == base:
        return len(base)
    below = host[:-len(name)] if host.endswith(name) else ""
    return len(base) if below and below.count(".") + 1 <= LEVELS else 0


def nearest(table: dict, host: str, default):
    """The value of the host or of the nearest domain above it."""
    while host:
        if host in table:
            return table[host]
        host = host.partition(".")[2]
    return default


class Policy:
    """``config``: the configuration in force; ``knobs``: the vendor's databases and the guesses."""

    def __init__(self, config: dict, knobs):
        self.config, self.knobs = config, knobs

    def categories(self, host: str, port: int = 443) -> set:
        """The ids of all categories of a host. The most specific own entry wins; ``urls`` takes the built-in category away."""
        best, held, keeps, keyed = 0, set(), True, set()
        for category in self.config["categories"].values():
            for field in ("urls", "dbCategorizedUrls"):
                for entry in category.get(field, []):
                    rank = entry_matches(entry, host, port)
                    if self.knobs.wildcards == "all" and 0 < rank < 10000:
                        rank = 1
                    if rank > best:
                        best, held, keeps = rank, set(), True
                    if rank and rank == best:
                        held.add(category["id"])
                        # guess: one recategorising entry is enough to lose the built-in category.
                        keeps = keeps and field == "dbCategorizedUrls"
            for suffix in ("", "RetainingParentCategory"):
                if any(word.lower() in host for word in category.get("keywords" + suffix, [])) or (
                        category.get("urlType") == "REGEX" and any(re.search(one, host) for one in category.get("regexPatterns" + suffix, []))):
                    keyed.add(category["id"])
                    keeps = keeps and bool(suffix)
        builtin = set(nearest(self.knobs.predefined, host, ["MISCELLANEOUS_OR_UNKNOWN"])) if keeps else set()
        return held | keyed | builtin

    def application(self, host: str) -> str:
        return nearest(self.knobs.applications, host, "")

    def decide(self, person: Person, host: str, port: int = 443, protocol: str = "TCP") -> tuple:
        """:raises NotImplementedError: naming what decides and is not played here."""
        held, app = self.categories(host, port), self.application(host)
        # guess: who sends packets to an address has asked for no name.
        if protocol == "TCP" and self._shut("firewallDnsRules", person, host, held):
            return "block", "decrypt"
        if self._shut("firewallFilteringRules", person, host, held, port, protocol):
            return "block", "decrypt"
        if protocol != "TCP" or port not in self.knobs.web_ports:
            return "allow", "tunnel"
        look, bypass = "tunnel", False
        for rule in self._rules("sslInspectionRules", person, held):
            if rule.get("cloudApplications") and app not in rule["cloudApplications"]:
                continue
            _understood("sslInspectionRules", rule)
            action = rule["action"]
            if action["type"] == "BLOCK":
                return "block", "decrypt"
            look = "decrypt" if action["type"] == "DECRYPT" else "tunnel"
            bypass = look == "tunnel" and bool(action.get("doNotDecryptSubActions", {}).get("bypassOtherPolicies"))
            break
        if bypass and not self.config["settings"]["advancedSettings"]["enableEvaluatePolicyOnGlobalSSLBypass"]:
            return "allow", "tunnel"
        # guess: denylists before the app and URL policies.
        settings = self.config["settings"]
        denied = settings["security/advanced"]["blacklistUrls"] + settings["cyberThreatProtection/maliciousUrls"]["maliciousUrls"]
        if any(entry_matches(entry, host, port) for entry in denied):
            return "block", look
        verdict = self._app_control(person, held, app)
        if verdict is None:
            verdict = self._url_filtering(person, held, look)
        return verdict, look

    def _app_control(self, person: Person, held: set, app: str) -> str | None:
        """"block", "allow" (and done) or None: go on to URL Filtering."""
        kind = self.knobs.application_types.get(app, "")
        for rule in self._rules("webApplicationRules/" + kind, person, held) if kind else ():
            if rule.get("applications") and app not in rule["applications"]:
                continue
            _understood("webApplicationRules", rule)
            # Only the action for the use of the web site bears on a connection; chat, upload and the like do so inside of it.
            denied = [one for one in rule["actions"] if re.match("(DENY|BLOCK|CAUTION|ISOLATE)_", one)]
            if any(not re.match("(ALLOW|DENY|BLOCK|CAUTION|ISOLATE)_", one) for one in rule["actions"]):
                raise NotImplementedError("%s does %s" % (rule["name"], rule["actions"]))
            if any(one.endswith("_WEB_USE") or self.knobs.partial_denials_block for one in denied):
                return "block"
            cascade = rule.get("cascadingEnabled") or self.config["settings"]["advancedSettings"]["cascadeUrlFiltering"]
            return None if cascade else "allow"
        return None

    def _url_filtering(self, person: Person, held: set, look: str) -> str:
        seen = set(self.knobs.tunnel_protocols if look == "tunnel" else self.knobs.decrypted_protocols) | {"ANY_RULE"}
        method = "CONNECT" if look == "tunnel" else "GET"
        for rule in self._rules("urlFilteringRules", person, held):
            if not seen & set(rule.get("protocols", ())) or method not in rule.get("requestMethods", (method,)):
                continue
            return "block" if _shuts("urlFilteringRules", rule) else "allow"
        return "allow"

    def _shut(self, kind: str, person: Person, host: str, held: set, port: int = 53, protocol: str = "UDP") -> bool:
        """Whether Cloud Firewall or DNS control shuts packets to a host."""
        services = {one["id"]: one for one in self.config["objects"]["networkServices"]}
        for rule in self._rules(kind, person, held):
            wanted = [services[ref["id"]] for ref in rule.get("nwServices", [])]
            if any(one.get(field) for one in wanted for field in ("srcTcpPorts", "srcUdpPorts")):
                raise NotImplementedError("%s: a service with ports of the sender" % rule["name"])
            field = "destTcpPorts" if protocol == "TCP" else "destUdpPorts"
            spans = [span for one in wanted for span in one.get(field, [])]
            every = any(one.get("tag") == "%s_ANY" % protocol for one in wanted)
            if rule.get("nwServices") and not every and not any(span["start"] <= port <= span.get("end", span["start"]) for span in spans):
                continue
            if self._aimed(rule, host, held):
                return _shuts(kind, rule)
        return False

    def _aimed(self, rule: dict, host: str, held: set) -> bool:
        by_category = [set(rule.get(field, ())) - {"ANY"} for field in ("destIpCategories", "resCategories")]
        named = [field for field in ("destAddresses", "destIpGroups") if rule.get(field)]
        used = [one for one in by_category if one]
        if (used and named) or (len(used) > 1 and used[0] != used[1]):
            raise NotImplementedError("%s: how its destinations combine" % rule["name"])
        groups = {one["id"]: one for one in self.config["objects"]["ipDestinationGroups"]}
        targets = list(rule.get("destAddresses", []))
        for ref in rule.get("destIpGroups", []):
            group = groups.get(ref["id"], {"type": "of groups that are not there"})
            if group["type"] not in ("DSTN_IP", "DSTN_FQDN") or any(
                    value for name, value in group.items() if name not in ("id", "name", "description", "type", "addresses", "ipAddresses", "creatorContext")):
                raise NotImplementedError("%s: a destination group %s" % (rule["name"], group))
            targets += group.get("addresses", [])
        if used:
            return self._meets(rule, used[0], held)
        return not named or any(_aims(target, host) for target in targets)

    def _meets(self, rule: dict, wanted: set, held: set) -> bool:
        """Whether a host that is in ``held`` is in one of the wanted categories."""
        if wanted & held:
            return True
        odd = [key for key in wanted if any(self.config["categories"].get(key, {}).get(field) for field in ("ipRanges", "ipRangesRetainingParentCategory"))
               or self.config["categories"].get(key, {}).get("type", "URL_CATEGORY") != "URL_CATEGORY"]
        if odd:
            raise NotImplementedError("%s: what category %s holds" % (rule["name"], odd[0]))
        return False

    def _rules(self, kind: str, person: Person, held: set):
        """The enabled rules of a kind that match the person and the categories, in their order; the default rule last."""
        rules = [rule for rule in self.config["rules"].get(kind, []) if rule["state"] == "ENABLED" and (rule["order"] > 0 or rule.get("defaultRule"))]
        for rule in sorted(rules, key=lambda rule: (bool(rule.get("defaultRule")), rule["order"])):
            both = [set(rule.get(field, ())) - {"ANY"} for field in ("urlCategories", "urlCategories2")]
            if applies_to(rule, person) and all(not wanted or self._meets(rule, wanted, held) for wanted in both):
                yield rule


def applies_to(rule: dict, person: Person) -> bool:
    """[users OR groups OR departments] AND [locations OR location groups] AND user agent AND platform."""
    def ids(field):
        return {one["id"] for one in rule.get(field, ())}
    who = ids("users") & {person.user} or ids("groups") & set(person.groups) or ids("departments") & {person.department}
    where = ids("locations") & {person.location} or ids("locationGroups") & set(person.location_groups)
    if any(rule.get(field) for field in ("users", "groups", "departments")) and not who:
        return False
    if any(rule.get(field) for field in ("locations", "locationGroups")) and not where:
        return False
    if rule.get("platforms") and person.platform not in rule["platforms"]:
        return False
    return not rule.get("userAgentTypes") or person.agent in rule["userAgentTypes"]


def _understood(kind: str, rule: dict) -> None:
    """:raises NotImplementedError: for a rule that a column limits which is not played here."""
    facts = COLUMNS[kind]
    for column, value in rule.items():
        fact = facts["match"].get(column, {})
        if column.startswith("_") or column in facts["others"] or fact.get("judged") or column in PLAYED or value in (None, "", False, [], {}):
            continue
        if any(value == none or (isinstance(none, list) and isinstance(value, list) and set(none) <= set(map(str, value))) for none in fact.get("none", ())):
            continue
        raise Unplayed(kind, rule, "is limited by %s" % column, (None, {name: value for name, value in rule.items() if name != column}))
    criteria = [column for column in rule if column in facts["match"] and rule[column] not in ([], None, "", False, 0) and column != "type"]
    if rule.get("predefined") and not rule.get("defaultRule") and not criteria:
        raise Unplayed(kind, rule, "is a rule of the vendor that lists no criterion", (None, dict(rule, predefined=False)))


def _shuts(kind: str, rule: dict) -> bool:
    """Whether a rule that matches shuts. :raises NotImplementedError: for a rule of which that is not known."""
    _understood(kind, rule)
    if rule["action"] not in OPEN[kind] | SHUT[kind]:
        raise Unplayed(kind, rule, "does %s" % rule["action"], (None, dict(rule, action="ALLOW"), dict(rule, action=min(SHUT[kind]))))
    return rule["action"] in SHUT[kind]


def _aims(target: str, host: str) -> bool:
    try:
        first, dash, last = target.partition("-")
        if dash:
            return ipaddress.ip_address(first) <= ipaddress.ip_address(host) <= ipaddress.ip_address(last)
        return ipaddress.ip_address(host) in ipaddress.ip_network(target, strict=False)
    except ValueError:
        return target == host or (target.startswith(("*.", ".")) and host.endswith(target.lstrip("*")))
