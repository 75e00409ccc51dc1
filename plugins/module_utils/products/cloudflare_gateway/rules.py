# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of Cloudflare Gateway says of a host, of packets and of people: surely, perhaps, or not at all. Reads nothing and writes nothing."""
from __future__ import annotations

import ipaddress
import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Index, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import (
    level, tests, tree_of, unquoted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    HTTP, LIST, Settings, Site, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, share

#: Fields about a part of the requests to a host, not about the host.
_PART = ("http.upload.", "http.download.", "http.request.method", "http.request.uri.path", "http.request.uri.query", "http.response.", "dlp.", "app.controls")
_HOST = ("dns.fqdn", "net.sni.host", "http.conn.hostname", "http.request.host", "http.host")
#: Fields that say where somebody is: a rule with one is about a part of the people.
_SOURCE = re.compile(r"\.src[._]|location|virtual_network|vnet|proxy_endpoint")
#: Words in the names of categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = ("adult", "gambling", "malware", "phishing", "weapon", "drug", "alcohol", "tobacco", "violence", "health", "religio", "sport", "travel", "games",
              "child", "dating", "nudity", "p2p", "parked", "politic", "real estate", "lottery", "hacking", "spam", "profanity", "hobbies", "auctions")


def of_openai(pattern: Pattern) -> bool:
    return any(word in pattern.name for word in ("openai", "chatgpt", "oaistatic", "oaiusercontent"))


class _Names:
    """Names of a set or list, ready to be asked."""

    def __init__(self, names: Iterable[str]):
        self.names = frozenset(names)
        self.above = frozenset(part for name in self.names for part in names_above(name)[1:])

    def domains(self, pattern: Pattern) -> int:
        if self.names.intersection(names_above(pattern.name)):
            return SURE
        return MAY if pattern.kind != EXACT and pattern.name in self.above else NO

    def hosts(self, pattern: Pattern) -> int:
        if pattern.kind == EXACT:
            return SURE if pattern.name in self.names else NO
        return MAY if pattern.name in self.above or (pattern.kind == DOMAIN and pattern.name in self.names) else NO


class View:
    """Rules of a State as they look for a policy and an audience."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._trees: dict = {}
        self._sets: dict = {}
        self._hit: dict = {}
        self._exempt = Index(policy.exempt)

    def exemption(self, pattern: Pattern) -> Pattern | None:
        """The exempt Pattern that covers one, or None."""
        return self._exempt.covering(pattern)

    def order(self, layer: str) -> list[Object]:
        return [self._state.objects[ref] for ref in self._state.rules.get(layer, ())]

    def others(self, layer: str) -> list:
        """The enabled rules of the site."""
        return [rule for rule in self.order(layer) if rule.fields["enabled"] and not rule.ours]

    def tree(self, text: str) -> tuple | None:
        if text not in self._trees:
            self._trees[text] = tree_of(text)
        return self._trees[text]

    def fields_of(self, rule: Object) -> list[str]:
        tree = self.tree(rule.fields["traffic"])
        return [] if tree is None else [field for _kind, field, _op, _values in tests(tree)]

    def by_security(self, rule: Object) -> bool:
        """It looks at security categories or risks: it is never passed nor touched."""
        return rule.fields["action"] == "block" and re.search("security_(categor|risk)", rule.fields["traffic"]) is not None

    def in_part(self, rule: Object) -> bool:
        """It is about files, methods or paths: a part of the requests to a host."""
        return any(field.startswith(_PART) for field in self.fields_of(rule))

    def keeps_its_word(self, rule: Object, layer: str) -> bool:
        """Ours stay below it: it was named, a parent account shares it, it looks for threats, or it adds headers for a wanted host."""
        if rule.ref.name in self._settings.after + self._settings.never_above or shared(rule.native):
            return True
        if rule.ours or not rule.fields["enabled"] or rule.ref.name in self._settings.may_pass:
            return False
        return self.by_security(rule) or (layer == HTTP and rule.fields["action"] == "allow" and bool(headers(rule)) and bool(self.hits(rule)))

    # -- hosts

    def hits(self, rule: Object) -> dict[Pattern, int]:
        """{Pattern: SURE or MAY} of the allowed and exempt patterns that the traffic expression is about."""
        text = rule.fields["traffic"]
        if text not in self._hit:
            tree, found = self.tree(text), {}
            for pattern in dict.fromkeys(self._policy.allow + self._policy.exempt):
                how = level(tree, lambda field, op, values, pattern=pattern: self._about(pattern, field, op, values))
                if how != NO:
                    found[pattern] = how
            self._hit[text] = found
        return self._hit[text]

    def hit(self, rule: Object, open_: bool = False) -> int:
        """How surely a rule is about whole hosts; with ``open_`` about such as stay decrypted."""
        found = [how for pattern, how in self.hits(rule).items() if not open_ or self.exemption(pattern) is None]
        return NO if self.in_part(rule) else max(found, default=NO)

    def _about(self, pattern: Pattern, field: str, op: str, values: tuple) -> int:
        if "security_categor" in field or "security_risk" in field:
            # Whether the vendor holds a wanted host for dangerous nobody can tell; such a rule keeps its word.
            return NO
        if field.endswith(".domains[*]") or field in _HOST:
            if op == "matches":
                return _by_regex(unquoted(values[0]), pattern)
            names = self._names(values)
            return MAY if names is None or op != "in" else names.hosts(pattern) if field in _HOST else names.domains(pattern)
        if field == "http.request.uri" and op == "in":
            urls = self._entries(values)
            hosts = _Names(url.partition("://")[2].partition("/")[0] or url.partition("/")[0] for url in urls or ())
            return MAY if urls is None or hosts.hosts(pattern) else NO
        if field.endswith("content_category[*]"):
            return self._in_category(pattern, values)
        if field.startswith("app."):
            return self._in_application(pattern, field, values)
        if field.endswith("dst.port") and field.startswith("net."):
            return _among([443], op, values)
        if field == "net.protocol":
            return SURE if op == "in" and "tcp" in map(unquoted, values) else NO
        if field.endswith(".ip") and op == "in" and not any(value.startswith("$") for value in values):
            return NO if all(_private(unquoted(value)) for value in values) else MAY
        return MAY

    def _entries(self, values: tuple):
        """The strings of a set or of a list; None when the list was not read."""
        if not values[0].startswith("$"):
            return [unquoted(value).lower() for value in values]
        held = self._state.objects.get(Ref(LIST, values[0][2:-1]))
        members = held.members.get("items") if held is not None else None
        return None if members is None else [entry.lower() for entry in members]

    def _names(self, values: tuple):
        if values not in self._sets:
            entries = self._entries(values)
            self._sets[values] = None if entries is None else _Names(entries)
        return self._sets[values]

    def _in_category(self, pattern: Pattern, values: tuple) -> int:
        known, found = self._site.categories, NO
        for value in values:
            name = known.get(value) if known is not None else None
            if name is None:
                found = max(found, MAY)
            elif "artificial intelligence" in name:
                found = max(found, SURE if of_openai(pattern) else NO)
            elif not any(word in name for word in _UNRELATED):
                found = max(found, MAY)
        return found

    def _in_application(self, pattern: Pattern, field: str, values: tuple) -> int:
        if not of_openai(pattern):
            return NO
        if self._site.applications is None or not field.endswith("ids[*]"):
            return MAY
        ours = {key: kind for key, (name, kind) in self._site.applications.items() if "chatgpt" in name or "openai" in name}
        chosen = set(values)
        return SURE if chosen & set(ours.values() if ".type." in field else ours) else NO

    # -- packets

    def drops(self, rule: Object, media: Media) -> int:
        """Whether a network rule is about packets of this Media."""
        return level(self.tree(rule.fields["traffic"]), lambda field, op, values: self._packet(media, field, op, values))

    def _packet(self, media: Media, field: str, op: str, values: tuple) -> int:
        if field == "net.protocol":
            return SURE if op == "in" and media.protocol in map(unquoted, values) else NO
        if field == "net.dst.port":
            return _among(media.ports, op, values)
        if field == "net.dst.ip" and op == "in":
            entries = self._entries(values)
            return MAY if entries is None else overlap(map(ipaddress.ip_network, media.destinations), _networks(entries))
        if field.startswith("net.sni.") or "security_" in field:
            return NO
        return MAY

    # -- people

    def people(self, rule: Object) -> int:
        """How far a rule is about the audience."""
        who = min(self._identity(rule), level(self.tree(rule.fields["device_posture"]), self._posture))
        if (rule.fields.get("expiration") or {}).get("expired"):
            return NO
        narrowed = rule.fields.get("schedule") or rule.fields.get("expiration") or any(_SOURCE.search(field) for field in self.fields_of(rule))
        return min(who, MAY) if narrowed else who

    def _identity(self, rule: Object) -> int:
        tree, audience = self.tree(rule.fields["identity"]), self._settings
        kinds = [kind for kind in ("groups", "users") if getattr(audience, kind)] or [""]
        found = {level(tree, lambda field, op, values, kind=kind: self._person(kind, field, op, values)) for kind in kinds}
        return found.pop() if len(found) == 1 else MAY

    def _person(self, kind: str, field: str, op: str, values: tuple) -> int:
        """What a test says of everybody in our groups, or of every user that the audience names."""
        theirs = self._entries(values) if op == "in" else None
        if theirs is None:
            return MAY
        ours = {one.lower() for one in getattr(self._settings, kind, ())}
        if kind == "groups" and field == "identity.groups.name[*]":
            return SURE if ours <= set(theirs) else MAY
        if kind == "users" and field == "identity.email":
            return SURE if ours <= set(theirs) else MAY if ours & set(theirs) else NO
        return MAY

    def _posture(self, field: str, op: str, values: tuple) -> int:
        ours, theirs = {self._site.posture.get(name, name) for name in self._settings.device_posture}, set(map(unquoted, values))
        if op != "in" or not ours & theirs:
            return MAY
        return SURE if field == "device_posture.checks.passed[*]" else NO if theirs <= ours else MAY


def headers(rule: Object) -> set[str]:
    """Names of headers that an HTTP rule adds, sets or takes out, in lower case."""
    settings = rule.native.get("rule_settings") or {}
    return {name.lower() for word in ("add_headers", "set_headers", "delete_headers") for name in settings.get(word) or ()}


def _by_regex(text: str, pattern: Pattern) -> int:
    """Regular expressions are not anchored. Of a wildcard, names below it are tried."""
    samples = [pattern.name] if pattern.kind == EXACT else ["a.%s" % pattern.name, "b-2.c.%s" % pattern.name] + [pattern.name] * (pattern.kind == DOMAIN)
    try:
        found = share(re.search(text, sample) is not None for sample in samples)
    except re.error:
        return MAY
    if found != NO:
        return found
    return MAY if pattern.kind != EXACT and pattern.name in text.replace("\\", "") else NO


def _among(ports: Iterable[int], op: str, values: tuple) -> int:
    """Whether a test of a port holds for all of ``ports``, some or none; ``in`` takes ranges ``a..b`` too."""
    def holds(port: int) -> bool:
        for value in values:
            first, _dots, last = unquoted(value).partition("..")
            if not first.isdigit() or (last and not last.isdigit()):
                raise ValueError(value)
            low, high = int(first), int(last or first)
            if {"in": low <= port <= high, ">": port > low, ">=": port >= low, "<": port < low, "<=": port <= low}.get(op, False):
                return True
        return False
    try:
        return share(holds(port) for port in ports)
    except ValueError:
        return MAY


def _networks(entries: Iterable[str]) -> list:
    found: list = []
    for entry in entries:
        try:
            found += networks_of(entry, "..")
        except ValueError:
            continue
    return found


def _private(entry: str) -> bool:
    found = _networks([entry])
    return bool(found) and all(net.is_private for net in found)
