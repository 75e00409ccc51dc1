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

LEVELS = 5  # a leading dot covers up to five levels of subdomains


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
        held, app = self.categories(host, port), self.application(host)
        if self._firewall(person, host, port, protocol):
            return "block", "decrypt"
        if protocol != "TCP" or port not in self.knobs.web_ports:
            return "allow", "tunnel"
        look, bypass = "tunnel", False
        for rule in self._rules("sslInspectionRules", person, held):
            if rule.get("cloudApplications") and app not in rule["cloudApplications"]:
                continue
            if rule.get("platforms") and person.platform not in rule["platforms"]:
                continue
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
            # Only the action for the use of the web site bears on a connection; chat, upload and the like do so inside of it.
            denied = [one for one in rule["actions"] if re.match("(DENY|BLOCK|CAUTION|ISOLATE)_", one)]
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
            return "allow" if rule["action"] in ("ALLOW", "ICAP_RESPONSE") else "block"
        return "allow"

    def _firewall(self, person: Person, host: str, port: int, protocol: str) -> bool:
        services = {one["id"]: one for one in self.config["objects"]["networkServices"]}
        groups = {one["id"]: one for one in self.config["objects"]["ipDestinationGroups"]}
        for rule in self._rules("firewallFilteringRules", person, set()):
            wanted = [services[ref["id"]] for ref in rule.get("nwServices", []) if ref["id"] in services]
            field = "destTcpPorts" if protocol == "TCP" else "destUdpPorts"
            spans = [span for one in wanted for span in one.get(field, [])]
            if rule.get("nwServices") and not any(span["start"] <= port <= span.get("end", span["start"]) for span in spans):
                continue
            targets = rule.get("destAddresses", []) + [name for ref in rule.get("destIpGroups", []) for name in groups[ref["id"]].get("addresses", [])]
            if (rule.get("destAddresses") or rule.get("destIpGroups")) and not any(_aims(target, host) for target in targets):
                continue
            return rule["action"].startswith("BLOCK")
        return False

    def _rules(self, kind: str, person: Person, held: set):
        """The enabled rules of a kind that match the person and the categories, in their order; the default rule last."""
        rules = [rule for rule in self.config["rules"].get(kind, []) if rule["state"] == "ENABLED" and (rule["order"] > 0 or rule.get("defaultRule"))]
        for rule in sorted(rules, key=lambda rule: (bool(rule.get("defaultRule")), rule["order"])):
            both = [set(rule.get(field, ())) - {"ANY"} for field in ("urlCategories", "urlCategories2")]
            if all(not wanted or wanted & held for wanted in both) and applies_to(rule, person):
                yield rule


def applies_to(rule: dict, person: Person) -> bool:
    """[users OR groups OR departments] AND [locations OR location groups] AND user agent; guess: devices and times match nobody here."""
    def ids(field):
        return {one["id"] for one in rule.get(field, ())}
    who = ids("users") & {person.user} or ids("groups") & set(person.groups) or ids("departments") & {person.department}
    where = ids("locations") & {person.location} or ids("locationGroups") & set(person.location_groups)
    if any(rule.get(field) for field in ("users", "groups", "departments")) and not who:
        return False
    if any(rule.get(field) for field in ("locations", "locationGroups")) and not where:
        return False
    if rule.get("userAgentTypes") and person.agent not in rule["userAgentTypes"]:
        return False
    return not any(rule.get(field) for field in ("devices", "deviceGroups", "timeWindows"))


def _aims(target: str, host: str) -> bool:
    try:
        first, dash, last = target.partition("-")
        if dash:
            return ipaddress.ip_address(first) <= ipaddress.ip_address(host) <= ipaddress.ip_address(last)
        return ipaddress.ip_address(host) in ipaddress.ip_network(target, strict=False)
    except ValueError:
        return target == host or (target.startswith(("*.", ".")) and host.endswith(target.lstrip("*")))
