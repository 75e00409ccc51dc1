# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gateway does with a connection: DNS, network, then HTTP policies; the first match of each. It refuses what it does not play."""
from __future__ import annotations

import ipaddress
from pathlib import Path

import yaml

from tests.products.cloudflare_gateway.twin.expression import Expression

#: The columns that there are, and the selectors.
COLUMNS = yaml.safe_load((Path(__file__).resolve().parents[1] / "columns.yml").read_text(encoding="utf-8"))
#: Columns that are played here.
PLAYED = {"filters", "traffic", "identity", "device_posture", "expiration.expired", "rule_settings.ignore_cname_category_matches",
          "rule_settings.ip_indicator_feeds"}
AI_APPS = 25  # guess: the number
#: What each kind of action does, by the part of a layer that asks it.
OPEN, SHUT = {"allow", "noisolate", "off"}, {"block", "override", "l4_override", "redirect", "isolate"}
NEITHER = {"safesearch", "ytrestricted", "scan", "noscan"}
PARTS = {"inspection": {"off", "on"}, "isolation": {"isolate", "noisolate"}}
#: The type of list with which a selector is compared, by the end of its name.
LISTS = {"domains[*]": "DOMAIN", "fqdn": "DOMAIN", "host": "DOMAIN", "hostname": "DOMAIN", "ip": "IP", "email": "EMAIL"}


class Policy:
    """The decisions of a twin that has ``rules``, ``lists``, ``people``, ``posture``, ``settings`` and ``knobs``."""

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        """A name that DNS or the network shuts is reset without a page; what HTTP shuts shows one after decryption.

        :raises NotImplementedError: naming what decides and is not played here.
        """
        with self.lock:
            person = self.people[who]
            try:
                address, name = ipaddress.ip_address(host), ""
            except ValueError:
                address, name = ipaddress.ip_address("198.51.100.250"), host.lower().rstrip(".")
            facts = self._facts(person, name, address, port, protocol)
            self._nothing_elsewhere(facts)
            if (name and self._shut("dns", facts)) or self._shut("l4", facts):
                return "block", "tunnel"
            if protocol != "tcp" or port not in (80, 443) or not name or not self.settings["tls_decrypt"]["enabled"]:
                return "allow", "tunnel"
            return self._decide_http(facts)

    def _decide_http(self, facts) -> tuple:
        left = None
        try:
            if self._first("http", facts, "inspection") == "off":
                return "allow", "tunnel"
        except NotImplementedError as error:
            left = error
        shut = self._shut("http", facts, "isolation") or self._shut("http", facts)
        if left and shut:
            raise left
        # What inspects and does not block, lets pass.
        return ("allow", "unknown") if left else ("block" if shut else "allow", "decrypt")

    def _facts(self, person, name: str, address, port: int, protocol: str):
        domains = [name[at:] for at in range(len(name)) if at == 0 or name[at - 1] == "."] if name else []
        content, security, app = (_nearest(table, name) for table in (self.knobs.categories, self.knobs.security, self.knobs.applications))
        known = {
            "net.protocol": [protocol], "net.dst.port": [port], "net.dst.ip": [address], "net.src.ip": [ipaddress.ip_address(person.address)],
            "identity.email": [person.email] if person.email else [], "identity.groups.name[*]": list(person.groups),
            "device_posture.checks.passed[*]": list(person.posture),
            "device_posture.checks.failed[*]": [row["id"] for row in self.posture if row["id"] not in person.posture],
            "app.ids[*]": app, "app.hosts_ids[*]": app, "app.supports_ids[*]": app, "app.type.ids[*]": [AI_APPS] if app else [],
            "http.request.method": ["GET"], "http.request.uri": ["https://%s/" % name], "http.request.uri.path": ["/"],
        }
        # Names in the handshake are seen on port 443 alone (network policies, SNI).
        seen = {"dns": "fqdn", "http.conn": "hostname", "http.request": "host", "net.sni": "host"}
        for prefix, word in seen.items():
            there = bool(name) and (prefix != "net.sni" or (port == 443 and protocol == "tcp"))
            known["%s.%s" % (prefix, word)], known[prefix + ".domains[*]"] = ([name], domains) if there else ([], [])
        for prefix in ("dns", "http.conn", "http.request.uri", "net.fqdn"):
            known[prefix + ".content_category[*]"], known[prefix + ".security_category[*]"] = content, security

        def values(field: str) -> list:
            if field not in known:
                raise NotImplementedError("selector %s" % field)
            return known[field]
        return values

    def _ordered(self, layer: str) -> list:
        """Shared rules of a parent account come first."""
        return sorted((rule for rule in self.rules.values() if rule["filters"] == [layer]),
                      key=lambda rule: (not rule.get("source_account"), rule["precedence"]))

    def _nothing_elsewhere(self, facts) -> None:
        """Other resolvers may not know a name, and what layers do that are not known, nobody knows. Addresses of the sender shut nothing."""
        for rule in self.rules.values():
            if rule["filters"] not in (["dns"], ["l4"], ["http"], ["egress"]) and rule["enabled"] and self._matches(rule, facts):
                raise NotImplementedError("rule %s of layer %s" % (rule["name"], rule["filters"]))

    def _shut(self, layer: str, facts, part: str = "") -> bool:
        return self._first(layer, facts, part) in SHUT

    def _first(self, layer: str, facts, part: str = "") -> str | None:
        """The action of the first rule that is true; of those of a part of the layer, or of the rest."""
        apart = {action for actions in PARTS.values() for action in actions}

        def asked(rule: dict) -> bool:
            known = rule["action"] in OPEN | SHUT | {"on", "quarantine"}
            return not known or (rule["action"] in PARTS[part] if part else rule["action"] not in apart)
        return self._walk([rule for rule in self._ordered(layer) if rule["enabled"] and rule["action"] not in NEITHER and asked(rule)], layer, facts)

    def _walk(self, rules: list, layer: str, facts) -> str | None:
        for at, rule in enumerate(rules):
            try:
                if not self._matches(rule, facts):
                    continue
            except NotImplementedError:
                # Where the rules below do the same, it is no matter whether this one is asked.
                action, rest = self._does(rule, layer), self._walk(rules[at + 1:], layer, facts)
                if (action in SHUT, action == "off") != (rest in SHUT, rest == "off"):
                    raise
                return rest
            return self._does(rule, layer)
        return None

    @staticmethod
    def _does(rule: dict, layer: str) -> str:
        action = rule["action"]
        if action not in OPEN | SHUT:
            raise NotImplementedError("%s rule %s does %s" % (layer, rule["name"], action))
        if action == "allow" and (rule["rule_settings"].get("check_session") or {}).get("enforce"):
            raise NotImplementedError("%s rule %s looks at the session" % (layer, rule["name"]))
        return action

    def _matches(self, rule: dict, facts) -> bool:
        """:raises NotImplementedError: for a rule that something limits which is not played."""
        known = {key: list(row["items"]) for key, row in self.lists.items()}
        if (rule.get("expiration") or {}).get("expired") is True:
            return False
        for word in ("identity", "device_posture", "traffic"):
            expression = Expression(rule[word], known)
            for key, field in expression.lists.items():
                wanted = next((kind for end, kind in LISTS.items() if field.endswith("." + end)), None)
                if self.lists[key]["type"] != wanted:
                    raise NotImplementedError("%s in a list of type %s" % (field, self.lists[key]["type"]))
            if not expression.true(facts):
                return False
        if rule.get("schedule") and self.knobs.outside_schedules is not None:
            return not self.knobs.outside_schedules
        for column, value in flat(rule):
            if column in PLAYED or column in COLUMNS["rule"]["others"] or value in (None, "", False, [], {}):
                continue
            if column == "rule_settings.ip_categories" and "category" not in rule["traffic"]:
                continue
            raise NotImplementedError("rule %s is limited by %s" % (rule["name"], column))
        return True


def flat(rule: dict, parent: str = "") -> list:
    """(column, value) with nested columns as ``parent.child``."""
    found = []
    for name, value in rule.items():
        deep = isinstance(value, dict) and not name.endswith("_headers")
        if name == "schedule" and value in COLUMNS["rule"]["match"]["schedule"]["none"]:
            continue
        found += flat(value, parent + name + ".") if deep else [(parent + name, value)]
    return found


def _nearest(table: dict, name: str) -> list:
    while name:
        if name in table:
            return [table[name]]
        name = name.partition(".")[2]
    return []
