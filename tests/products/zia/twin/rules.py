# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in an order without gaps: URL Filtering, SSL inspection, Cloud App Control and firewall have one way of being kept."""
from __future__ import annotations

from tests.products.server import copied
from tests.products.zia.twin.shape import (
    FLAG, NUMBER, REFS, STRINGS, TREE, WORDS, ApiError, bad_argument, gone, invalid_body, typed,
)

METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "OTHER", "POST", "PUT", "TRACE"]
#: The order of an answer, and the methods that are not in the list of a rule that names none.
METHODS_READ = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "OTHER", "PROPFIND", "PROPPATCH", "MOVE", "MKCOL", "LOCK", "COPY",
                "UNLOCK", "PATCH"]
AGENTS = ["OPERA", "FIREFOX", "MSIE", "MSEDGE", "CHROME", "SAFARI", "MSCHREDGE", "OTHER"]
PROTOCOLS = {"ANY_RULE", "HTTPS_RULE", "HTTP_RULE", "SSL_RULE", "TUNNELSSL_RULE", "TUNNEL_RULE", "WEBSOCKET_RULE", "WEBSOCKETSSL_RULE", "FTP_RULE",
             "FOHTTP_RULE", "DOHTTPS_RULE", "HTTP_PROXY", "TCP_RULE", "UDP_RULE", "SMRULEF_ZPA_BROKERS_RULE"}
URL, SSL, APP, FIREWALL, DNS = "urlFilteringRules", "sslInspectionRules", "webApplicationRules", "firewallFilteringRules", "firewallDnsRules"
#: What may name a row of the directory, and which list holds it.
DIRECTORY = {"users": "users", "groups": "groups", "departments": "departments", "locations": "locations", "locationGroups": "locations/groups"}

BASE = dict({name: REFS for name in ("users", "groups", "departments", "locations", "locationGroups", "devices", "deviceGroups", "timeWindows", "labels")},
            name=STRINGS, description=STRINGS, state=STRINGS, order=NUMBER, rank=NUMBER, deviceTrustLevels=WORDS)
SCHEMAS = {
    URL: dict(BASE, action=STRINGS, protocols=WORDS, urlCategories=WORDS, urlCategories2=WORDS, requestMethods=WORDS, userAgentTypes=WORDS, ciparule=FLAG,
              blockOverride=FLAG, enforceTimeValidity=FLAG, overrideUsers=REFS, overrideGroups=REFS, sourceIpGroups=REFS, httpHeaderActionProfiles=REFS),
    SSL: dict(BASE, action=TREE, urlCategories=WORDS, cloudApplications=WORDS, roadWarriorForKerberos=FLAG, platforms=WORDS, userAgentTypes=WORDS,
              sourceIpGroups=REFS, destIpGroups=REFS, proxyGateways=REFS, zpaAppSegments=REFS, workloadGroups=REFS),
    APP: dict(BASE, actions=WORDS, applications=WORDS, type=STRINGS, cascadingEnabled=FLAG, enforceTimeValidity=FLAG, tenancyProfileIds=REFS,
              userAgentTypes=WORDS, timeQuota=NUMBER, sizeQuota=NUMBER),
    FIREWALL: dict(BASE, action=STRINGS, nwServices=REFS, destAddresses=WORDS, destIpGroups=REFS, destIpCategories=WORDS, destCountries=WORDS, srcIps=WORDS,
                   srcIpGroups=REFS, enableFullLogging=FLAG, predefined=FLAG, defaultRule=FLAG),
    DNS: dict(BASE, action=STRINGS, protocols=WORDS, destAddresses=WORDS, destIpGroups=REFS, destIpCategories=WORDS, resCategories=WORDS, redirectIp=STRINGS),
}
ACTIONS = {URL: {"ALLOW", "BLOCK", "CAUTION", "ISOLATE", "ICAP_RESPONSE"},
           FIREWALL: {"ALLOW", "BLOCK_DROP", "BLOCK_RESET", "BLOCK_ICMP", "EVAL_NWAPP", "BYPASS_IPS"},
           DNS: {"ALLOW", "BLOCK", "BLOCK_WITH_RESPONSE", "REDIR_REQ", "REDIR_RES", "REDIR_ZPA", "REDIR_REQ_DOH", "REDIR_REQ_KEEP_SENDER", "REDIR_REQ_TCP",
                 "REDIR_REQ_UDP"}}
#: What a read shows and a write refuses.
READ_ONLY = ("lastModifiedTime", "lastModifiedBy", "accessControl", "predefined", "defaultRule")


class Rules:
    """One kind of rules. ``rules``: the list it changes in place; ``config``: for references; ``number``: gives the next id."""

    def __init__(self, kind: str, rules: list, config: dict, knobs, number):
        self.kind, self.rules, self.config, self.knobs, self.number = kind, rules, config, knobs, number
        self.family = kind.partition("/")[0]

    def find(self, key: str) -> dict:
        for rule in self.rules:
            if str(rule["id"]) == key:
                return rule
        raise gone("Rule %s" % key)

    def listing(self, search: str = "") -> list:
        ordered = sorted(self.rules, key=lambda rule: (rule["order"] < 1, rule["order"]))
        return [self.render(rule) for rule in ordered if search.lower() in rule["name"].lower()]

    def render(self, rule: dict, created: bool = False) -> dict:
        """A rule as it is read; ``created``: as the answer to its creation shows it."""
        shown = {name: value for name, value in copied(rule).items() if not name.startswith("_")}
        for field, table in DIRECTORY.items():
            if field in shown:
                shown[field] = [{"id": ref["id"], "name": self._row(table, ref["id"])["name"]} for ref in shown[field]]
        if self.family == URL:
            shown.setdefault("requestMethods", list(METHODS))
            shown.setdefault("userAgentTypes", list(AGENTS))
            shown.update(blockOverride=shown.get("blockOverride", False), enforceTimeValidity=shown.get("enforceTimeValidity", False))
            if not created:
                shown["requestMethods"] = [one for one in METHODS_READ if one in shown["requestMethods"]]
                shown.update(cbiProfileId=0, browserEunTemplateId=0)
                for field in ("sourceIpGroups", "httpHeaderActionProfiles", "httpHeaderProfiles"):
                    shown.setdefault(field, [])
                if shown.get("urlCategories") == ["ANY"]:
                    del shown["urlCategories"]
        shown.setdefault("predefined", False)
        if not created:
            shown.update(accessControl="READ_WRITE", lastModifiedTime=rule.get("_time", 1700000000), lastModifiedBy={"id": 1, "name": rule.get("_by", "admin")})
        return shown

    def create(self, body: object, who: str, now: float) -> dict:
        new = dict(self._checked(body, None), id=self.number(), _by=who, _time=int(now))
        order = new.pop("order", None)
        # guess: without an order, last.
        self._place(new, len(self._sequence()) + 1 if order is None else order, {})
        return self.render(new, created=True)

    def change(self, key: str, body: object, who: str, now: float) -> dict:
        old = self.find(key)
        if isinstance(body, dict) and self.knobs.strict_echo:
            if "lastModifiedTime" in body or "lastModifiedBy" in body:
                raise ApiError(self.knobs.stale_status, "STALE_CONFIGURATION_ERROR", "The configuration has been changed by someone else")
            if {"predefined", "defaultRule", "accessControl"} & set(body):
                raise bad_argument("Read-only attributes are not allowed")  # guess: the text
        if old.get("defaultRule"):
            raise bad_argument("The default rule cannot be changed", "INVALID_OPERATION")
        new = dict(self._checked(body, old), id=old["id"], _by=who, _time=int(now))
        if old.get("predefined"):
            new["predefined"] = True
        self._place(new, new.pop("order", old["order"]), old)
        return self.render(new)

    def delete(self, key: str) -> None:
        rule = self.find(key)
        if rule.get("predefined") or rule.get("defaultRule") or rule["order"] < 1:
            raise bad_argument("Rule %s cannot be deleted" % rule["name"], "INVALID_OPERATION")
        self.rules.remove(rule)
        self._number_anew([one for one in self._sequence() if one is not rule])

    def _sequence(self) -> list:
        return sorted((rule for rule in self.rules if rule["order"] > 0), key=lambda rule: rule["order"])

    def _number_anew(self, sequence: list) -> None:
        for order, rule in enumerate(sequence, 1):
            rule["order"] = order

    def _place(self, new: dict, order: int, old: dict) -> None:
        """Put the rule at its order; the others move up or down so that there are no gaps."""
        rest = [rule for rule in self._sequence() if rule is not old]
        broken = order < 1
        if broken and self.knobs.bad_order == "refuse":
            raise bad_argument("Invalid order %d" % order)
        if not broken:
            if order > len(rest) + 1:
                raise bad_argument("Rule order %d leaves a gap" % order)  # guess: the text
            rest.insert(order - 1, new)
            ranks = [rule.get("rank", 7) for rule in rest]
            if self.knobs.admin_rank and ranks != sorted(ranks):
                raise bad_argument("Rule with rank %d is not allowed at order %d" % (new["rank"], order))
        if old:
            self.rules.remove(old)
        self.rules.append(new)
        new["order"] = order
        self._number_anew(rest)

    def _checked(self, body: object, old: dict | None) -> dict:
        # What a rule says that nobody here understands stays in it.
        new = {name: value for name, value in typed(body, SCHEMAS[self.family], others=True).items() if name not in ("id", *READ_ONLY)}
        name = new.get("name")
        if not name:
            raise bad_argument("name cannot be null")
        if len(name) > self.knobs.rule_name_length or len(new.get("description", "")) > 10240:
            raise bad_argument("name or description is too long")
        if any(rule is not old and rule["name"].lower() == name.lower() for rule in self.rules):
            raise ApiError(self.knobs.duplicate_status, "DUPLICATE_ITEM", "Rule with name %s already exists" % name)
        new.setdefault("state", "ENABLED")
        new.setdefault("rank", 7)
        if new["state"] not in ("ENABLED", "DISABLED") or not 0 <= new["rank"] <= 7:
            raise invalid_body()
        if new["rank"] < self.knobs.own_rank:
            raise bad_argument("Rank %d is above that of the administrator" % new["rank"])
        for field in ("urlCategories", "urlCategories2", "destIpCategories", "resCategories"):
            for key in new.get(field, ()):
                if key != "ANY" and key not in self.config["categories"]:
                    raise bad_argument("Invalid URL category %s" % key)
        for field, table in DIRECTORY.items():
            for ref in new.get(field, ()):
                self._row(table, ref["id"])
        getattr(self, "_check_" + self.family)(new)
        return new

    def _row(self, table: str, key: int) -> dict:
        for row in self.config["directory"][table]:
            if row["id"] == key:
                return row
        raise bad_argument("Invalid id %s in %s" % (key, table))

    def _check_urlFilteringRules(self, new: dict) -> None:
        if new.get("action") not in ACTIONS[URL]:
            raise invalid_body()
        if not new.get("protocols"):
            raise bad_argument("protocols cannot be null")
        if set(new["protocols"]) - PROTOCOLS or set(new.get("requestMethods", ())) - set(METHODS_READ):
            raise invalid_body()

    def _check_sslInspectionRules(self, new: dict) -> None:
        action = new.get("action")
        if action is None:
            raise bad_argument("action cannot be null")
        if action.get("type") not in ("BLOCK", "DECRYPT", "DO_NOT_DECRYPT"):
            raise invalid_body()
        if action["type"] == "DO_NOT_DECRYPT":
            inner = action.get("doNotDecryptSubActions")
            if not isinstance(inner, dict):
                raise bad_argument("doNotDecryptSubActions cannot be null")
            strict = [name for name in ("serverCertificates", "minTLSVersion") if inner.get(name)]
            if len(strict) != (0 if inner.get("bypassOtherPolicies") else 2):
                raise bad_argument("serverCertificates and minTLSVersion belong to bypassOtherPolicies false alone")
            if strict and (inner["serverCertificates"] not in ("ALLOW", "BLOCK", "PASS_THRU")
                           or inner["minTLSVersion"] not in ["SERVER_TLS_1_%d" % minor for minor in range(4)]):
                raise invalid_body()
        unknown = [one for one in new.get("cloudApplications", ()) if one not in self.knobs.application_types]
        if unknown:
            raise bad_argument("Invalid cloud application %s" % unknown[0])

    def _check_webApplicationRules(self, new: dict) -> None:
        kind = self.kind.partition("/")[2]
        new["type"] = kind
        if not new.get("actions"):
            raise bad_argument("actions cannot be null")
        if any(self.knobs.application_types.get(app) != kind for app in new.get("applications", ())):
            raise bad_argument("Invalid cloud application for type %s" % kind)
        wrong = set(new["actions"]) - set(available_actions(kind))
        if wrong:
            raise bad_argument("Invalid action %s" % sorted(wrong)[0])

    def _check_firewallFilteringRules(self, new: dict) -> None:
        if new.get("action") not in ACTIONS[FIREWALL]:
            raise invalid_body()
        for field, table in (("nwServices", "networkServices"), ("destIpGroups", "ipDestinationGroups")):
            known = {row["id"] for row in self.config["objects"][table]}
            if any(ref["id"] not in known for ref in new.get(field, ())):
                raise bad_argument("Invalid id in %s" % field)

    def _check_firewallDnsRules(self, new: dict) -> None:
        if new.get("action") not in ACTIONS[DNS]:
            raise invalid_body()


def available_actions(kind: str) -> list:
    """Provider documentation for AI_ML; guess: which verbs exist for which noun."""
    if kind != "AI_ML":
        return ["%s_%s_%s" % (verb, kind, noun) for verb in ("ALLOW", "DENY") for noun in ("VIEW", "UPLOAD")]
    nouns = ("CHAT", "DELETE", "DOWNLOAD", "EDIT", "INVITE", "RENAME", "SHARE", "UPLOAD", "WEB_USE")
    return ["%s_AI_ML_%s" % (verb, noun) for verb in ("ALLOW", "DENY") for noun in nouns] + ["CAUTION_AI_ML_WEB_USE", "ISOLATE_AI_ML_WEB_USE"]


def using(config: dict, key: str) -> int:
    """How many rules name a category."""
    return sum(1 for rules in config["rules"].values() for rule in rules
               if any(key in rule.get(field, ()) for field in ("urlCategories", "urlCategories2", "destIpCategories", "resCategories")))
