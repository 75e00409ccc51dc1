# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cloudflare account holds, by name, and its rules as flat fields. No IO."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import canonical

LIST, HTTP_RULE, NETWORK_RULE, DNS_RULE = "Gateway list", "HTTP rule", "network rule", "DNS rule"
DNS, L4, HTTP, RESOLVER, EGRESS = "dns", "l4", "http", "dns_resolver", "egress"
KINDS = {DNS: DNS_RULE, L4: NETWORK_RULE, HTTP: HTTP_RULE}
LAYERS = {kind: layer for layer, kind in KINDS.items()}
#: Field of a layer that holds the domain of a connection and all above it, and the one that holds the name alone (selectors Domain and Host).
#: A rule that does not inspect takes those of the handshake; the other HTTP rules see the request.
DOMAINS = {DNS: "dns.domains[*]", L4: "net.sni.domains[*]", HTTP: "http.request.domains[*]", "off": "http.conn.domains[*]"}
HOSTS = {DNS: "dns.fqdn", L4: "net.sni.host", HTTP: "http.request.host", "off": "http.conn.hostname"}
#: What a PUT, which replaces the whole rule, has to say again.
_BODY = ("action", "name", "description", "enabled", "filters", "precedence", "traffic", "identity", "device_posture", "rule_settings", "schedule",
         "expiration")
_NAMED = re.compile(r"\$\{([^}]*)\}")
_NUMBERED = re.compile(r"\$([A-Za-z0-9][A-Za-z0-9_.-]*)")


def render(pattern: Pattern) -> tuple[str, ...]:
    """A list holds bare names; which list it is says what a name covers."""
    return (pattern.name,)


def layer_of(rule: dict) -> str | None:
    """dns, l4 or http; None for a rule of another kind (egress, resolver, one that is not known)."""
    filters = rule.get("filters") or []
    return filters[0] if len(filters) == 1 and filters[0] in KINDS else None


def called(rule: Object) -> str:
    """The name of a rule as the operator knows it."""
    return rule.native.get("name", rule.ref.name)


def shared(rule: dict) -> bool:
    """A rule that a parent account shares: read only, and asked before all others."""
    return bool(rule.get("read_only") and rule.get("source_account"))


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options."""

    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    device_posture: tuple[str, ...] = ()
    prefix: str = "ChatGPT"
    list_name: str | None = None
    exempt_list_name: str | None = None
    list_limit: int = 1000
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    never_above: tuple[str, ...] = ()
    may_pass: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    comment: str | None = None

    @property
    def allow_name(self) -> str:
        """Name of our rules that allow; also of the list, unless ``list_name`` names one of the site."""
        return self.prefix + " allow"

    @property
    def exempt_name(self) -> str:
        """Name of our rule that leaves undecrypted; also of its list, unless ``exempt_list_name`` names one of the site."""
        return self.prefix + " exempt"


class Site:
    """The tables as read. Filled by the adapter."""

    def __init__(self):
        self.lists: list = []
        self.rules: list = []
        #: (lists, rules, what was made of them)
        self._known: tuple = (None, None, ())
        #: Items of existing lists, by id, as far as they were read.
        self.items: dict = {}
        #: Categories and applications by id, when a rule names one: {id: names of it and of what is below it}, {id: (name, id of its type)}.
        self.categories: dict | None = None
        self.applications: dict | None = None
        self.settings: dict | None = None
        self.posture: dict = {}
        self.scanned = False

    def list_named(self, name: str) -> dict | None:
        return next((row for row in self.lists if row["name"] == name), None)

    def list_by_id(self, key: str) -> dict | None:
        """The list with an id, with or without its dashes."""
        return self._tables()[0].get(_plain(key))

    def _tables(self) -> tuple:
        """({id: list}, how many lists have a name, {(layer, name): rule}), made once for each state of the tables."""
        if self._known[0] is not self.lists or self._known[1] is not self.rules:
            lists: dict = {}
            rules: dict = {}
            for row in self.lists:
                lists.setdefault(_plain(row["id"]), row)
            for row in self.rules:
                for name in (row["name"], _numbered(row)):
                    rules.setdefault((layer_of(row), name), row)
            self._known = self.lists, self.rules, (lists, Counter(row["name"] for row in self.lists), rules)
        return self._known[2]

    def refs(self, prefix: str) -> dict:
        """{id: Ref} of the rules that have a place for ours. A name that several existing rules share has the id behind it.

        Of names that begin with ``prefix`` one is ours: of these a second one is left, so that it is noticed.
        """
        known = [rule for rule in self.rules if layer_of(rule)]
        names = Counter((layer_of(rule), rule["name"]) for rule in known)

        def name(rule: dict) -> str:
            one = rule["name"]
            return one if names[layer_of(rule), one] == 1 or one.startswith(prefix + " ") else _numbered(rule)
        return {rule["id"]: Ref(KINDS[layer_of(rule)], name(rule)) for rule in known}

    def rule(self, ref: Ref) -> dict | None:
        """The rule of that name in the layer of its kind."""
        return self._tables()[2].get((LAYERS[ref.kind], ref.name))

    def named(self, text: str | None) -> str:
        """An expression with names in place of the ids of lists, in its one form."""
        def name(found):
            row = self.list_by_id(found.group(1))
            # A name that two lists have says nothing.
            known = row is not None and "}" not in row["name"] and self._tables()[1][row["name"]] == 1
            return "${%s}" % row["name"] if known else found.group(0)
        return canonical(_NUMBERED.sub(name, text or ""))

    def native(self, text: str) -> str:
        """An expression with the ids of lists, as it is sent."""
        def key(found):
            row = self.list_named(found.group(1))
            return "$%s" % (row["id"] if row else "<id of %s>" % found.group(1))
        return _NAMED.sub(key, text)

    def fields(self, rule: dict) -> dict:
        """The policy-bearing fields of a rule, with names of lists in place of ids."""
        fields = {"action": rule.get("action"), "enabled": bool(rule.get("enabled")), "description": rule.get("description") or "",
                  "traffic": self.named(rule.get("traffic")), "identity": self.named(rule.get("identity")),
                  "device_posture": self.named(rule.get("device_posture"))}
        if layer_of(rule) == DNS:
            fields.update({word: rule.get(word) or None for word in ("schedule", "expiration")})
        return fields

    def body(self, native: dict, new: dict) -> dict:
        """What a PUT sends: the rule as it is, with ``new`` in it."""
        body = {name: native[name] for name in _BODY if native.get(name) is not None}
        if "expiration" in body:
            body["expiration"] = {name: value for name, value in body["expiration"].items() if name != "expired"}
        for name, value in new.items():
            if value is None:
                body.pop(name, None)
            else:
                body[name] = self.native(value) if name in ("traffic", "identity", "device_posture") else value
        return body

    def learn_list(self, reply: dict) -> None:
        """Take in a list as the answer to a write shows it."""
        self.lists = [row for row in self.lists if row["id"] != reply["id"]] + [reply]

    def learn_rule(self, reply: dict) -> None:
        """Take in a rule as the answer to a write shows it."""
        self.rules = [row for row in self.rules if row["id"] != reply["id"]] + [reply]


def _plain(key: str) -> str:
    return key.replace("-", "").lower()


def _numbered(rule: dict) -> str:
    return "%s (%s)" % (rule["name"], rule["id"])
