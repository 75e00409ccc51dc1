# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Sophos Firewall does with a connection, by the configuration of its twin.

A rule that something modelled here excludes is left out. Where one may match by something that is not modelled, and that would make a difference, the
connection is refused with NotImplementedError: what becomes of it, nobody knows. ``# guess`` marks what no source says.
"""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ALWAYS, EVERYTHING = "All The Time", "All web traffic"
LOCAL, MANAGED = "Local TLS exclusion list", "Managed TLS exclusion list"
#: What the device's own rule of TLS inspection is about, whatever their case.
DEVICE_LISTS = (LOCAL.lower(), MANAGED.lower())
#: guess: which built-in category these hosts are in.
BUILT_IN = {"Artificial Intelligence": ("chatgpt.com", "openai.com", "claude.ai"), "Phishing & Fraud": ("phish.test",), "General Business": ("example.com",)}
COLUMNS = {one["object"]: {column["name"]: column for column in one["columns"]}
           for one in yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))}
OFF = ("Disable", "Disabled", "None", "No", "no", "off", "0")
#: Columns that a decision looks at; the others must be at a value that says nothing.
LOOKS_AT = {
    "FirewallRule": ("IPFamily", "PolicyType", "SourceZones/Zone", "DestinationZones/Zone", "SourceNetworks/Network", "DestinationNetworks/Network",
                     "Services/Service", "MatchIdentity", "Identity/Member"),
    "SSLTLSInspectionRule": ("SourceZones/Zone", "DestinationZones/Zone", "SourceNetworks/Network", "DestinationNetworks/Network", "Services/Service",
                             "Identity/Members", "Websites/Activity/Name", "Websites/Activity/Type"),
    "WebFilterPolicy": ("DownloadFileSizeRestriction",),
    "WebFilterPolicy rule": ("CategoryList/Category/ID", "CategoryList/Category/type", "UserList/User"),
    "WebFilterException": ("EnableURLRegex", "DomainList/URLRegex", "EnableSrcIP", "DomainList/SrcIp"),
    "ApplicationFilterPolicy": (), "ApplicationFilterPolicy rule": (),
    "UserActivity": ("CategoryList/Category/ID", "CategoryList/Category/type"),
    "WebFilterCategory": ("DomainList/Domain", "KeywordList/Keyword"),
    "FQDNHost": ("FQDN", "FQDNHostGroupList/FQDNHostGroup"),
    "URLGroup": ("URLlist/URL",), "Services": ("Type", *("ServiceDetails/ServiceDetail/" + name for name in ("SourcePort", "DestinationPort", "Protocol"))),
}


@dataclass
class Person:
    """A client: its addresses of both families, its groups and its zone."""

    address: str
    address6: str
    groups: tuple = ()
    zone: str = "LAN"

    def at(self, family: str) -> str:
        return self.address if family == "IPv4" else self.address6


def get(node, path: str, default: str = "") -> str:
    return (node.findtext(path) or default).strip()


def every(node, path: str) -> list:
    return [(one.text or "").strip() for one in node.findall(path) if (one.text or "").strip()]


def within(host: str, domains) -> bool:
    """A domain in a list stands for its subdomains too."""
    return any(host == one or host.endswith("." + one) for one in domains)


def of_rule(rule, column: str) -> str:
    """A column of a firewall rule, whatever its type of policy."""
    return get(rule, "NetworkPolicy/" + column) or get(rule, "UserPolicy/" + column)


def refuse(what: str) -> None:
    raise NotImplementedError("the twin of a Sophos Firewall does not model %s" % what)


def leaves(node, path: str = "") -> list:
    """[(path below the element, text)], without the two types of policy of a firewall rule and without the rules of a policy."""
    found = []
    for inner in node:
        if inner.tag == "RuleList":
            continue
        here = path + inner.tag
        if (inner.text or "").strip():
            found.append((here, inner.text.strip()))
        found += leaves(inner, "" if here in ("NetworkPolicy", "UserPolicy") else here + "/")
    return found


def understood(kind: str, node) -> None:
    """:raises NotImplementedError: for a column that may limit the object and that no decision looks at."""
    held: dict = {}
    for path, text in leaves(node):
        held.setdefault(path, []).append(text)
    for path, texts in held.items():
        column = COLUMNS[kind].get(path)
        if path in LOOKS_AT[kind] or (column and column["role"] != "match") or set(texts) & {*(column or {}).get("any", ()), *OFF}:
            continue
        refuse("column %s of %s: %s" % (path, kind, ", ".join(texts)))


def agreed(rules, takes, outcome, otherwise):
    """The outcome of the first rule that takes it; of those that may, all have to have the same. ``otherwise()``: where none does."""
    found, why = set(), None
    for rule in rules:
        try:
            fits = takes(rule)
        except NotImplementedError as refused:
            fits, why = None, refused
        if fits is not False:
            found.add(outcome(rule))
        if fits:
            break
    else:
        found.add(otherwise())
    if len(found) > 1:
        raise why
    return found.pop()


class Decision:
    """``tables``: {entity: elements}."""

    def __init__(self, tables: dict):
        self._tables = tables

    def _node(self, entity: str, name: str):
        return next((one for one in self._tables[entity] if get(one, "Name") == name), None)

    def verdict(self, person: Person, host: str, port: int, protocol: str, family: str) -> str:
        """"allow" or "block"."""
        return agreed(self._tables["FirewallRule"], lambda rule: self._takes(rule, person, host, port, protocol, family),
                      lambda rule: self._verdict_of(rule, person, host, protocol, family), lambda: "block")

    def _verdict_of(self, rule, person: Person, host: str, protocol: str, family: str) -> str:
        if of_rule(rule, "Action") in ("Drop", "Reject"):
            return "block"
        if of_rule(rule, "Action") != "Accept":
            refuse("action %s of a firewall rule" % of_rule(rule, "Action"))
        if protocol == "udp":
            return "allow"
        for column in ("WebFilterInternetScheme", "ApplicationControlInternetScheme"):
            if of_rule(rule, column) not in ("", *OFF):
                refuse("column %s of FirewallRule" % column)
        name, control = of_rule(rule, "WebFilter"), of_rule(rule, "ApplicationControl")
        policy = self._node("WebFilterPolicy", name)
        if policy is None and name not in ("", *OFF):
            refuse("the built-in web policy %s" % name)
        if control not in ("", *OFF) and self._controlled(control):
            return "block"
        if not self._proxied(rule) and self._inspects() and self._tls_does("Deny", person, host, family):
            return "block"
        try:
            shut = policy is not None and self._shut(policy, person, host)
        except NotImplementedError:
            if not self._skips("PolicyCheck", person.at(family), host):
                raise
            return "allow"
        return "block" if shut and not self._skips("PolicyCheck", person.at(family), host) else "allow"

    def inspection(self, person: Person, host: str, port: int, family: str) -> str:
        """"tunnel" or "decrypt"."""
        return agreed(self._tables["FirewallRule"], lambda rule: self._takes(rule, person, host, port, "tcp", family),
                      lambda rule: self._inspection_of(rule, person, host, family), lambda: "tunnel")

    def _inspection_of(self, rule, person: Person, host: str, family: str) -> str:
        if of_rule(rule, "Action") != "Accept":
            return "tunnel"
        if self._proxied(rule):
            decrypts = of_rule(rule, "DecryptHTTPS") == "Enable"
        else:
            decrypts = self._inspects() and self._tls_does("Decrypt", person, host, family)
        if decrypts and self._node("WebFilterPolicy", of_rule(rule, "WebFilter")) is not None:
            decrypts = not self._skips("HttpsDecrypt", person.at(family), host)
        return "decrypt" if decrypts else "tunnel"

    # -- firewall rules

    def _takes(self, rule, person: Person, host: str, port: int, protocol: str, family: str) -> bool:
        if get(rule, "Status") == "Disable" or get(rule, "IPFamily", "IPv4") != family or get(rule, "PolicyType") == "HTTPBased":
            return False
        body = rule.find("NetworkPolicy") if rule.find("NetworkPolicy") is not None else rule.find("UserPolicy")
        if not self._matches(body, person, family, host, port, protocol, "Identity/Member"):
            return False
        if get(rule, "Status") != "Enable":
            refuse("status %s of a firewall rule" % get(rule, "Status"))
        understood("FirewallRule", rule)
        return True

    def _matches(self, rule, person: Person, family: str, host: str, port: int, protocol: str, people: str) -> bool:
        """What firewall and TLS inspection rules have in common. What excludes a rule is looked at before what is not modelled."""
        unknown = []

        def limits(path: str, fits) -> bool:
            names = every(rule, path)
            if not names or "Any" in names:
                return True
            answers = [fits(name) for name in names]
            if True not in answers and None in answers:
                unknown.append(path)
            return True in answers or None in answers
        fits = (limits("SourceZones/Zone", lambda zone: zone == person.zone) and limits("DestinationZones/Zone", lambda zone: zone == "WAN")
                and limits(people, lambda name: name in person.groups) and limits("SourceNetworks/Network", lambda name: _is_at(name, person.at(family)))
                and limits("DestinationNetworks/Network", lambda name: self._is_host(name, host))
                and limits("Services/Service", lambda name: self._serves(name, port, protocol)))
        if fits and unknown:
            refuse("the objects in %s" % ", ".join(unknown))
        return fits

    def _is_host(self, name: str, host: str) -> bool | None:
        """guess: ``*.x`` is the subdomains and not ``x``."""
        group = self._node("FQDNHostGroup", name)
        members = every(group, "FQDNHostList/FQDNHost") if group is not None else []
        found = [one for one in self._tables["FQDNHost"] if get(one, "Name") in [name, *members] or name in every(one, "FQDNHostGroupList/FQDNHostGroup")]
        for one in found:
            understood("FQDNHost", one)
        if not found and group is None:
            return None
        return any(host == fqdn or (fqdn.startswith("*.") and host.endswith(fqdn[1:])) for fqdn in (get(one, "FQDN") for one in found))

    def _serves(self, name: str, port: int, protocol: str, seen: tuple = ()) -> bool | None:
        group = self._node("ServiceGroup", name)
        if group is not None:
            answers = [self._serves(one, port, protocol, (*seen, name)) for one in every(group, "ServiceList/Service") if one not in seen]
            return True if True in answers else None if None in answers else False
        node = self._node("Services", name)
        if node is None or get(node, "Type") != "TCPorUDP":
            return None
        understood("Services", node)
        for one in node.findall("ServiceDetails/ServiceDetail"):
            low, _colon, high = get(one, "DestinationPort").partition(":")
            if get(one, "Protocol").lower() == protocol and int(low) <= port <= int(high or low):
                return True if get(one, "SourcePort") == "1:65535" else None
        return False

    def _controlled(self, name: str) -> bool:
        """Whether application control blocks: only rules about every application are modelled."""
        node = self._node("ApplicationFilterPolicy", name)
        if node is None:
            refuse("application control %s" % name)
        understood("ApplicationFilterPolicy", node)

        def takes(rule) -> bool:
            understood("ApplicationFilterPolicy rule", rule)
            return True

        def denies(node, column: str) -> bool:
            if get(node, column) not in ("Allow", "Deny"):
                refuse("%s %s of application control" % (column, get(node, column)))
            return get(node, column) == "Deny"
        return agreed(node.findall("RuleList/Rule"), takes, lambda rule: denies(rule, "Action"), lambda: denies(node, "DefaultAction"))

    # -- web policies and exceptions

    def _shut(self, policy, person: Person, host: str) -> bool:
        understood("WebFilterPolicy", policy)

        def shuts(rule) -> bool:
            action = get(rule, "HTTPAction") if get(rule, "FollowHTTPAction") == "1" else get(rule, "HTTPSAction")
            if action not in ("Allow", "Deny", "Warn", "Quota"):
                refuse("action %s of a web policy" % action)
            return action != "Allow"

        def default() -> bool:
            if get(policy, "DefaultAction") not in ("Allow", "Deny"):
                refuse("default action %s of a web policy" % get(policy, "DefaultAction"))
            return get(policy, "DefaultAction") == "Deny"
        return agreed(policy.findall("RuleList/Rule"), lambda rule: self._is_about(rule, person, host), shuts, default)

    def _is_about(self, rule, person: Person, host: str) -> bool:
        people = set(every(rule, "UserList/User"))
        if get(rule, "PolicyRuleEnabled") == "0" or (people and "Anybody" not in people and not people & set(person.groups)):
            return False
        about = [(get(one, "type"), get(one, "ID")) for one in rule.findall("CategoryList/Category")]
        if about and not self._any(about, host):
            return False
        if get(rule, "PolicyRuleEnabled") != "1":
            refuse("PolicyRuleEnabled %s" % get(rule, "PolicyRuleEnabled"))
        understood("WebFilterPolicy rule", rule)
        return True

    def _any(self, about: list, host: str, seen: tuple = ()) -> bool:
        """One that fits is enough, whatever the others are."""
        answers = [(kind, name, self._about(kind, name, host, seen)) for kind, name in about]
        unknown = ["%s %s" % (kind, name) for kind, name, fits in answers if fits is None]
        if unknown and not any(fits for _kind, _name, fits in answers):
            refuse(", ".join(unknown))
        return any(fits for _kind, _name, fits in answers)

    def _about(self, kind: str, name: str, host: str, seen: tuple) -> bool | None:
        if (kind, name) == ("WebCategory", EVERYTHING):
            return True
        if kind == "URLGroup":
            node = self._node("WebFilterURLGroup", name)
            if node is None:
                return None
            understood("URLGroup", node)
            return within(host, every(node, "URLlist/URL"))
        if kind == "WebCategory":
            return self._in_category(self._node("WebFilterCategory", name), name, host)
        activity = self._node("UserActivity", name)
        if kind != "UserActivity" or activity is None or not activity.findall("CategoryList/Category") or name in seen:
            return None
        understood("UserActivity", activity)
        return self._any([(get(one, "type"), get(one, "ID")) for one in activity.findall("CategoryList/Category")], host, (*seen, name))

    @staticmethod
    def _in_category(node, name: str, host: str) -> bool | None:
        if node is None:
            return None
        understood("WebFilterCategory", node)
        domains, words = every(node, "DomainList/Domain"), every(node, "KeywordList/Keyword")
        if not domains and not words and name not in BUILT_IN:
            return None
        return within(host, domains + list(BUILT_IN.get(name, ()))) or any(word in host for word in words)

    def _skips(self, check: str, address: str, host: str) -> bool:
        """Whether an exception leaves out a check: "on" skips. Kinds of match add up, entries of one kind are alternatives."""
        for one in self._tables["WebFilterException"]:
            tests = []
            if get(one, "EnableURLRegex") == "yes":
                tests.append(any(re.search(text, host + "/") for text in every(one, "DomainList/URLRegex")))
            if get(one, "EnableSrcIP") == "yes":
                tests.append(any(ipaddress.ip_address(address) in ipaddress.ip_network(text) for text in every(one, "DomainList/SrcIp")))
            if get(one, "Enabled") == "on" and get(one, check) == "on" and all(tests):
                understood("WebFilterException", one)
                if tests:
                    return True
        return False

    # -- inspection

    @staticmethod
    def _proxied(rule) -> bool:
        return of_rule(rule, "ProxyMode") in ("Enable", "true")

    def _inspects(self) -> bool:
        return not any(get(one, tag) == "Disabled" for one in self._tables["SSLTLSInspectionSettings"] for tag in ("SSLTLSEngine", "SSLTLSInspection"))

    def _tls_does(self, action: str, person: Person, host: str, family: str) -> bool:
        """Whether the first rule of TLS inspection has this action. guess: what no rule is about is left alone."""
        def has(one) -> bool:
            if get(one, "DecryptAction") not in ("Decrypt", "Do not decrypt", "Deny"):
                refuse("action %s of a rule of TLS inspection" % get(one, "DecryptAction"))
            if get(one, "DecryptionProfile") not in ("", "Maximum compatibility"):
                refuse("decryption profile %s" % get(one, "DecryptionProfile"))
            return get(one, "DecryptAction") == action
        return agreed(self._tables["SSLTLSInspectionRule"], lambda one: self._looks_at(one, person, host, family), has, lambda: False)

    def _looks_at(self, one, person: Person, host: str, family: str) -> bool:
        about = [({"URL Group": "URLGroup", "Web Category": "WebCategory"}.get(get(site, "Type"), get(site, "Type")), get(site, "Name"))
                 for site in one.findall("Websites/Activity")]
        if get(one, "IsDefault") == "Yes":
            about = [("URLGroup", get(node, "Name")) for node in self._tables["WebFilterURLGroup"] if get(node, "Name").lower() in DEVICE_LISTS]
        if get(one, "Enable") == "No" or not self._matches(one, person, family, host, 443, "tcp", "Identity/Members") or (about and not self._any(about, host)):
            return False
        if get(one, "Enable") != "Yes":
            refuse("Enable %s of a rule of TLS inspection" % get(one, "Enable"))
        understood("SSLTLSInspectionRule", one)
        return True


def _is_at(name: str, address: str) -> bool | None:
    """Sources are addresses here; of the objects of a real device nothing is modelled."""
    try:
        return ipaddress.ip_address(address) == ipaddress.ip_address(name)
    except ValueError:
        return None
