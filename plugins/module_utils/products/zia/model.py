# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ZIA tenant holds, by name, and its rules as flat fields. No IO."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, Pattern, PatternError, parse,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import fitting

CATEGORY, URL_RULE, SSL_RULE, APP_RULE, FIREWALL_RULE = "URL category", "URL filtering rule", "SSL inspection rule", "cloud app rule", "firewall rule"
#: Rules that are read and never written.
DNS_RULE, DNS_RULES = "DNS rule", "firewallDnsRules"
RULE_PATHS = {URL_RULE: "urlFilteringRules", SSL_RULE: "sslInspectionRules", APP_RULE: "webApplicationRules/AI_ML", FIREWALL_RULE: "firewallFilteringRules"}
SUPER_CATEGORY = "USER_DEFINED"
#: Column of a rule that says for whom, and the path where its names are looked up.
COLUMNS = {"groups": "groups", "users": "users", "departments": "departments", "locations": "locations", "location_groups": "locations/groups"}
_WIRE = {"location_groups": "locationGroups"}
_LISTS = ("protocols", "actions", "applications", "cloudApplications")


def render(pattern: Pattern) -> tuple[str, ...]:
    """Entries of a URL category. A leading dot is the apex and up to five levels below; the apex cannot be left out (URL format guidelines)."""
    return (pattern.name if pattern.kind == EXACT else "." + pattern.name,)


def entry_pattern(entry: str) -> Pattern | None:
    """The Pattern of an entry about whole hosts, or None for one with a path or port or that is no name."""
    try:
        return Pattern(entry[1:], DOMAIN) if entry.startswith(".") and parse(entry) else parse(entry)
    except PatternError:
        return None


def split_entry(entry: str) -> tuple:
    """(Pattern of the hosts of an entry or None, whether it is about all that HTTPS asks of them). One for another port is about none."""
    host, _slash, path = entry.partition("/")
    name, _colon, port = host.partition(":")
    return entry_pattern(name) if port in ("", "443") else None, not path


def perhaps(entry: str, wanted: Iterable[Pattern]) -> frozenset[Pattern]:
    """What an entry may be about that is no host name with a path or a port: one with a scheme, a query, blanks, stars, or a part of a name."""
    host, _slash, _path = entry.partition("/")
    name, colon, port = host.partition(":")
    if entry_pattern(name) is not None and (not colon or port.isdigit()):
        return frozenset()
    return fitting(entry, wanted)


def wire(column: str) -> str:
    """The name of a column in the API."""
    return _WIRE.get(column, column)


def rule_fields(kind: str, rule: dict, site: Site) -> dict:
    """The policy-bearing fields of a rule, with names in place of ids."""
    fields = {"description": rule.get("description") or "", "state": rule.get("state")}
    for column in COLUMNS:
        fields[column] = sorted(row.get("name") or str(row["id"]) for row in rule.get(wire(column)) or [])
    if kind in (FIREWALL_RULE, DNS_RULE):
        return dict(fields, action=rule.get("action"))
    names = {category["id"]: category.get("configuredName") or category["id"] for category in site.categories}
    fields["urlCategories"] = sorted(names.get(one, one) for one in rule.get("urlCategories") or [] if one != "ANY")
    for field in _LISTS:
        if field in rule:
            fields[field] = sorted(rule[field])
    action = rule.get("action")
    if isinstance(action, dict):
        fields["action"] = action.get("type")
        inner = action.get("doNotDecryptSubActions") or {}
        for field in ("bypassOtherPolicies", "serverCertificates", "minTLSVersion"):
            if field in inner:
                fields[field] = inner[field]
    elif action:
        fields["action"] = action
    if kind == APP_RULE:
        fields["cascadingEnabled"] = bool(rule.get("cascadingEnabled"))
    return fields


def in_order(rules: list) -> list:
    """Rules as they are asked: the default rule has order -1 and comes last."""
    return sorted(rules, key=lambda rule: (rule["order"] < 1, rule["order"] if rule["order"] > 0 else -rule["order"]))


def flat(rule: Object) -> dict:
    """The columns of a rule by path: as they were read, and over them what the State says, in names."""
    found = dict(rule.native)
    action = found.get("action")
    if isinstance(action, dict):
        inner = {"%s.%s" % (group, name): value for group in action if group.endswith("SubActions") for name, value in (action[group] or {}).items()}
        found.update({"action.%s" % name: value for name, value in {**action, **inner}.items() if not name.endswith("SubActions")})
    if rule.ref.kind == SSL_RULE:
        found["action.type"] = rule.fields.get("action")
    else:
        found["action"] = rule.fields.get("action")
    found.update({wire(column): rule.fields.get(column) or [] for column in COLUMNS})
    found.update({name: rule.fields[name] for name in ("urlCategories", "destAddresses", *_LISTS) if name in rule.fields})
    if rule.fields.get("nwServices"):
        # Of a rule that only a prediction holds the service is not made yet.
        found.setdefault("nwServices", [{"id": None}])
    return found


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``audience``: column of a rule to names."""

    audience: tuple[tuple[str, tuple[str, ...]], ...] = ()
    prefix: str = "ChatGPT"
    keep_parent_category: bool = True
    category_name: str | None = None
    exempt_category_name: str | None = None
    protocols: tuple[str, ...] = ("HTTPS_RULE", "SSL_RULE", "TUNNELSSL_RULE", "WEBSOCKETSSL_RULE")
    server_certificates: str = "BLOCK"
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    never_above: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    comment: str | None = None
    media: bool = False
    whole: bool = False

    @property
    def allow(self) -> Ref:
        """The URL category of the allowed hosts."""
        return Ref(CATEGORY, self.category_name or self.prefix + " allow")

    @property
    def exempt(self) -> Ref:
        """The URL category of the hosts that stay encrypted."""
        return Ref(CATEGORY, self.exempt_category_name or self.prefix + " exempt")

    @property
    def field(self) -> str:
        """Entries keep the vendor's own category too, or lose it."""
        return "dbCategorizedUrls" if self.keep_parent_category else "urls"


class Site:
    """The tables as read. Filled by the adapter; ``known``: column to {name: id} of looked-up people and places."""

    def __init__(self):
        self.categories: list = []
        self.rules: dict = {URL_RULE: [], SSL_RULE: [], APP_RULE: [], FIREWALL_RULE: []}
        self.dns: list = []
        self.services: list = []
        #: Groups of destinations that rules name.
        self.destinations: list = []
        #: Why Cloud Firewall cannot be seen: "licence", "role", or None.
        self.no_firewall: str | None = None
        #: What of the tenant's policy this role may not see, in words.
        self.unseen: list = []
        self.denied: list = []
        self.prompts = self.scanned = False
        self.known: dict = {}

    def service(self, number: int) -> dict | None:
        """The network service with that id, or None."""
        return next((row for row in self.services if row["id"] == number), None)

    def service_named(self, name: str) -> dict | None:
        return next((row for row in self.services if row["name"] == name), None)

    def category(self, name: str) -> dict | None:
        """The category with that configured name or id, or None."""
        return next((row for row in self.categories if name in (row.get("configuredName"), row["id"])), None)

    def rule(self, kind: str, name: str) -> dict | None:
        return next((row for row in self.rules[kind] if row["name"] == name), None)

    def ids(self, column: str) -> dict[str, int]:
        """{name: id} of a column, from what rules name already and what was looked up."""
        found = {row["name"]: row["id"] for rules in self.rules.values() for rule in rules for row in rule.get(wire(column)) or [] if row.get("name")}
        found.update(self.known.get(column, {}))
        return found

    def learn_category(self, reply: dict) -> None:
        """Take in a category that was made."""
        self.categories.append(reply)

    def learn_rule(self, kind: str, reply: dict) -> None:
        """A rule was saved: it is at its order, and those from there on have moved."""
        old = self.rule(kind, reply["name"])
        rest = [rule for rule in self._sequence(kind) if rule is not old]
        if reply["order"] > 0:
            rest.insert(reply["order"] - 1, reply)
        for order, rule in enumerate(rest, 1):
            rule["order"] = order
        self.rules[kind] = rest + [rule for rule in self.rules[kind] if rule["order"] < 1 and rule is not old]

    def _sequence(self, kind: str) -> list:
        return sorted((rule for rule in self.rules[kind] if rule["order"] > 0), key=lambda rule: rule["order"])

    def last_order(self, kind: str) -> int:
        """The order of the last rule that has one."""
        return len(self._sequence(kind))

    def order_after(self, kind: str, name: str, after: Ref | None) -> int:
        """The order that puts a rule directly below another one; 1 for the top. Our own disabled rules count as well."""
        names = [rule["name"] for rule in self._sequence(kind) if rule["name"] != name]
        if after is None:
            return 1
        return names.index(after.name) + 2 if after.name in names else len(names) + 1

    def rule_body(self, kind: str, name: str, fields: dict) -> dict:
        """A rule of ours as it is sent."""
        ids = {row.get("configuredName") or row["id"]: row["id"] for row in self.categories}
        body = {"name": name, "description": fields["description"]}
        if kind != FIREWALL_RULE:
            body["urlCategories"] = [ids.get(one, "<id of %s>" % one) for one in fields["urlCategories"]]
        for column in COLUMNS:
            known = self.ids(column)
            body[wire(column)] = [{"id": known.get(one, "<id of %s>" % one)} for one in fields.get(column) or []]
        if kind == URL_RULE:
            body.update({"action": fields["action"], "protocols": fields["protocols"]})
        elif kind == SSL_RULE:
            body["action"] = {
                "type": fields["action"], "showEUN": False, "showEUNATP": False, "overrideDefaultCertificate": False, "doNotDecryptSubActions": {
                    "bypassOtherPolicies": fields["bypassOtherPolicies"], "serverCertificates": fields["serverCertificates"], "ocspCheck": True,
                    "minTLSVersion": fields["minTLSVersion"], "blockSslTrafficWithNoSniEnabled": False}}
        return body
