# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Gateway says hosts, packets, people and effects: the rules of an account as Layers, for one policy and one audience. Reads nothing, writes nothing.

Order of enforcement: DNS policies, then network, then HTTP; a smaller precedence first, first match. Of the HTTP policies those that do not inspect come
before all others, then those that isolate (vendor's page "Order of enforcement"). What is sure of a deny is never taken from a category or an application:
which hosts they hold, only the vendor knows.
"""
from __future__ import annotations

import re
from typing import AbstractSet, Callable, Iterable, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.columns import (
    ANSWER, CLOSED, HOST, PEOPLE, REQUESTS, RULE, SELECTORS, flat,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import (
    hits, level, regex_of, tests, tree_of, unquoted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.matching import (
    Names, addresses, among, by_regex, public,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import (
    DNS, EGRESS, HTTP, L4, LAYERS, LIST, RESOLVER, Settings, Site, called, layer_of, shared,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import WORKSPACE_HEADER
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN, Hits, Layer, hits_of,
)

#: Parts of the HTTP layer that are evaluated before its other rules, and the rules of unknown layers.
INSPECTION, ISOLATION, ELSEWHERE = "inspection", "isolation", "elsewhere"
#: What actions do. In INSPECTION leaving alone is ALLOW. What "on" does beside "off" is not documented.
EFFECTS = {
    DNS: {"allow": ALLOW, "block": DENY, "override": DENY, "safesearch": PASS_ON, "ytrestricted": PASS_ON},
    L4: {"allow": ALLOW, "block": DENY, "l4_override": DENY},
    HTTP: {"allow": ALLOW, "block": DENY, "redirect": DENY, "quarantine": DENY, "scan": PASS_ON, "noscan": PASS_ON},
    INSPECTION: {"off": ALLOW, "on": UNKNOWN}, ISOLATION: {"isolate": DENY, "noisolate": ALLOW}, RESOLVER: {}, ELSEWHERE: {},
}
_IN_HTTP = (INSPECTION, ISOLATION, HTTP)
_RESOLVER_RULE = "resolver rule"
_NAMES = ("dns.fqdn", "net.sni.host", "http.conn.hostname", "http.request.host")
_SOURCES = ("dns.src_ip", "net.src.ip", "http.conn.src_ip")
#: Words in the names of categories that hold none of the wanted hosts.
_UNRELATED = ("adult", "gambling", "malware", "phishing", "weapon", "drug", "alcohol", "tobacco", "violence", "health", "religio", "sport", "travel", "games",
              "child", "dating", "nudity", "p2p", "parked", "politic", "real estate", "lottery", "hacking", "spam", "profanity", "hobbies", "auctions")
_APPS = ("openai", "gpt", "dall", "sora", "codex")


def of_openai(pattern: Pattern) -> bool:
    return any(word in pattern.name for word in ("openai", "chatgpt", "oaistatic", "oaiusercontent"))


def headers(rule: Object) -> set[str]:
    """Names of headers that an HTTP rule adds, sets or takes out, in lower case."""
    settings = rule.native.get("rule_settings") or {}
    return {name.lower() for word in ("add_headers", "set_headers", "delete_headers") for name in settings.get(word) or ()}


class _Asked(NamedTuple):
    """How an expression is read: its ``selectors``; ``wider``: categories count those of addresses too; ``likely``: what a category or an application of
    that name most probably holds is taken for sure."""

    selectors: dict
    wider: bool = False
    likely: bool = False


class View:
    """Rules of a State as they look for a policy and an audience."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._named: dict = {}
        self._narrowed: dict = {}
        self._people: dict = {}
        self._hit: dict = {}
        self._read: dict = {}
        self._layers: dict = {}
        self._exempt = Index(policy.exempt)
        self._wanted = frozenset(policy.allow + policy.exempt)
        self._own = frozenset(pattern.name for pattern in self._wanted)
        self._above = frozenset(above for name in self._own for above in names_above(name))

    def exemption(self, pattern: Pattern) -> Pattern | None:
        """The exempt Pattern that covers one, or None."""
        return self._exempt.covering(pattern)

    def open_patterns(self) -> frozenset:
        """What is allowed and stays inspected."""
        return frozenset(pattern for pattern in self._policy.allow if self.exemption(pattern) is None)

    # -- the layers

    def layer(self, part: str, likely: bool = False) -> Layer:
        """The enabled rules of a layer or a part of one. ``likely``: for choosing a place alone, since it guesses what categories hold."""
        if (part, likely) not in self._layers:
            self._layers[part, likely] = Layer(self._rules(part), self.people, lambda rule, wanted: self.hosts(rule, wanted, likely),
                                               lambda rule: self.effect(rule, part), self.columns, DENY if part == INSPECTION else ALLOW)
        return self._layers[part, likely]

    def voice(self, media: Media) -> Layer:
        """The network layer, asked for packets of this Media in place of patterns."""
        if media not in self._layers:
            self._layers[media] = Layer(self._rules(L4), self.people, lambda rule, wanted: self._packets(rule, wanted, media),
                                        lambda rule: self.effect(rule, L4), self.columns)
        return self._layers[media]

    def order(self, layer: str) -> list[Object]:
        return [self._state.objects[ref] for ref in self._state.rules.get(layer, ())]

    def _rules(self, part: str) -> list:
        if part in (RESOLVER, ELSEWHERE):
            return [rule for rule in self._elsewhere() if (rule.ref.kind == _RESOLVER_RULE) == (part == RESOLVER)]
        enabled = [rule for rule in self.order(HTTP if part in _IN_HTTP else part) if rule.fields["enabled"]]
        if part not in _IN_HTTP:
            return enabled
        known = {action for one in _IN_HTTP for action in EFFECTS[one]}
        return [rule for rule in enabled if rule.fields["action"] in EFFECTS[part] or rule.fields["action"] not in known]

    def _elsewhere(self) -> list:
        """Rules that have no place for ours. Those that choose the address of the sender block nothing."""
        if ELSEWHERE not in self._read:
            found = []
            for rule in self._site.rules:
                filters = rule.get("filters") or []
                if layer_of(rule) is None and filters != [EGRESS] and rule.get("enabled"):
                    kind = _RESOLVER_RULE if filters == [RESOLVER] else "rule of %s" % (", ".join(map(str, filters)) or "no layer")
                    found.append(Object(Ref(kind, rule["name"]), self._site.fields(rule), native=rule))
            self._read[ELSEWHERE] = found
        return self._read[ELSEWHERE]

    def columns(self, rule: Object) -> Columns:
        if id(rule) not in self._read:
            self._read[id(rule)] = Columns(RULE, flat({**rule.native, **rule.fields}))
        return self._read[id(rule)]

    def effect(self, rule: Object, part: str) -> str:
        columns = self.columns(rule)
        action = columns.get("action")
        found = EFFECTS[part].get(action, UNKNOWN)
        if part == RESOLVER and action == "resolve" and columns.get("rule_settings.resolve_dns_through_cloudflare"):
            return PASS_ON
        # Who has signed in long ago is sent to sign in again.
        return UNKNOWN if found == ALLOW and columns.get("rule_settings.check_session.enforce") else found

    # -- what sets rules apart

    def by_security(self, rule: Object) -> bool:
        """It looks at security categories or risks: it is never passed nor touched."""
        harmless = any(effects.get(rule.fields["action"]) in (ALLOW, PASS_ON) for effects in EFFECTS.values())
        return not harmless and re.search("security_(categor|risk)", rule.fields["traffic"]) is not None

    def keeps_its_word(self, rule: Object, layer: str) -> bool:
        """Ours stay below it: it was named, a parent account shares it, it looks for threats, or it adds headers for a wanted host."""
        if called(rule) in self._settings.after + self._settings.never_above or shared(rule.native):
            return True
        if rule.ours or not rule.fields["enabled"] or called(rule) in self._settings.may_pass:
            return False
        return self.by_security(rule) or (layer == HTTP and bool(headers(rule)) and bool(self.hosts(rule, self._wanted).all))

    def narrowed(self, rule: Object) -> list:
        """[(PEOPLE or REQUESTS, why in words)]: what of a rule is about a part of them, or may be."""
        key = rule.ref.kind, rule.fields["action"], rule.fields["traffic"]
        if key not in self._narrowed:
            self._narrowed[key] = self._narrow(rule)
        return self._narrowed[key]

    def _narrow(self, rule: Object) -> list:
        tree, selectors = tree_of(rule.fields["traffic"]), self._selectors(rule)
        found = [(REQUESTS, "it applies to files")] if rule.fields["action"] == "quarantine" else []
        if tree is None:
            return found + [(PEOPLE, "the expression of column traffic is not understood")]
        for _kind, field, op, values in tests(tree):
            kind = selectors.get(_plain(field))
            if kind in (None, PEOPLE, REQUESTS) and not self._everything(_plain(field), op, values):
                about = "not understood" if kind is None else "about a part of the %s" % kind
                found.append((kind or PEOPLE, "selector %s is %s" % (field, about)))
        return found

    def in_part(self, rule: Object, layer: Layer) -> bool:
        """It is about everyone, and about a part of the requests to a host, such as files, methods or paths."""
        return self._who(rule) == SURE and not layer.doubts(rule) and {kind for kind, _why in self.narrowed(rule)} == {REQUESTS}

    def why(self, rule: Object, layer: Layer) -> tuple:
        """What keeps a rule from being sure, in words."""
        columns = self.columns(rule)
        people = [("identity", self._identity(columns.get("identity", ""))), ("device_posture", self._posture(columns.get("device_posture", "")))]
        found = ["column %s applies to a part of the audience only" % name for name, how in people if how == MAY]
        if columns.get("rule_settings.check_session.enforce"):
            found.append("column rule_settings.check_session.enforce requires users to sign in")
        fields = [field for _kind, field, _op, _values in tests(tree_of(rule.fields["traffic"]) or ("all",))]
        held = ["only the vendor knows which hosts %s contains" % field for field in fields if field.startswith("app.") or "content_category" in field]
        return (*layer.doubts(rule), *found, *dict.fromkeys([why for _kind, why in self.narrowed(rule)] + held))

    def controls(self, rule: Object, layer: Layer) -> list:
        """The controls that an HTTP rule exercises over decrypted traffic."""
        action, text, settings = rule.fields["action"], rule.fields["traffic"], rule.native.get("rule_settings") or {}
        found = list({"isolate": ["isolation"], "quarantine": ["sandbox"]}.get(action, []))
        if self.by_security(rule):
            found.append("av")
        if "dlp." in text or any((settings.get(word) or {}).get("enabled") for word in ("payload_log", "forensic_copy")):
            found.append("dlp")
        if "http.upload." in text or "http.download." in text:
            found.append("file_control")
        if "app.controls" in text:
            found += ["casb", "prompt_logging"]
        if headers(rule) - {WORKSPACE_HEADER}:
            found.append("headers")
        # What looks at methods, paths and the like has no word of its own.
        return found or ["app_control"] * self.in_part(rule, layer)

    def _selectors(self, rule: Object) -> dict:
        return SELECTORS[RESOLVER] if rule.ref.kind == _RESOLVER_RULE else SELECTORS.get(LAYERS.get(rule.ref.kind), {})

    # -- hosts

    def hosts(self, rule: Object, wanted: AbstractSet, likely: bool = False) -> Hits:
        """What the traffic expression says of the wanted patterns."""
        columns = self.columns(rule)
        text = columns.get("traffic", "")
        # The layer, and how DNS rules compare categories: of the names on the path to the answer too (the default), of the address too.
        wider = bool([columns.get(name) for name in ("filters", "rule_settings.ignore_cname_category_matches", "rule_settings.ip_indicator_feeds",
                                                     "rule_settings.ip_categories")][-1])
        key = rule.ref.kind, text, wider, likely
        if key not in self._hit:
            tree, asked = tree_of(text), _Asked(self._selectors(rule), wider, likely)
            found = hits(tree, self._wanted, lambda field, op, values: self._about(field, op, values, asked))
            late = tree is not None and any(asked.selectors.get(_plain(field)) == ANSWER for _kind, field, _op, _values in tests(tree))
            self._hit[key] = found.capped(MAY) if late else found
        return self._hit[key].among(wanted)

    def _about(self, field: str, op: str, values: tuple, asked: _Asked) -> Hits:
        name = _plain(field)
        if self._everything(name, op, values):
            return Hits(self._wanted)
        if asked.selectors.get(name) != HOST:
            return Hits(may=self._wanted)
        if name.endswith("security_category") and op == "in":
            # It is unknown whether the vendor rates a wanted host as dangerous; such a rule keeps its precedence.
            return Hits()
        if name.endswith(".domains") or name in _NAMES:
            return self._by_name(name.endswith(".domains"), op, values)
        if op == "in" and name.endswith("content_category"):
            return self._each(lambda pattern: self._in_category(pattern, self._entries(values, "CATEGORY"), asked))
        if op == "in" and name.startswith("app."):
            return self._each(lambda pattern: self._in_application(pattern, name, set(map(unquoted, values)), asked))
        return Hits(self._wanted).capped(self._by_network(name, op, values))

    def _each(self, of: Callable[[Pattern], int]) -> Hits:
        return hits_of({pattern: of(pattern) for pattern in self._wanted})

    def _by_network(self, name: str, op: str, values: tuple) -> int:
        if name == "net.dst.port":
            return among([443], op, map(unquoted, values))
        if op == "in" and name == "net.protocol":
            return _protocol("tcp", values)
        if op == "in" and name in ("net.dst.ip", "http.conn.dst_ip"):
            entries = self._entries(values, "IP")
            return MAY if entries is None else public(entries)
        return MAY

    def _by_name(self, domains: bool, op: str, values: tuple) -> Hits:
        if (domains, op, values) not in self._named:
            self._named[domains, op, values] = self._by_names(domains, op, values)
        return self._named[domains, op, values]

    def _by_names(self, domains: bool, op: str, values: tuple) -> Hits:
        if op == "matches" and values[0].startswith('"'):
            return self._each(lambda pattern: by_regex(regex_of(values[0]), pattern, domains))
        entries = self._entries(values, "DOMAIN") if op == "in" else None
        if entries is None:
            return Hits(may=self._wanted)
        names = Names(entries)
        if names.far(self._above, self._own):
            return Hits()
        return self._each(names.domains if domains else names.hosts)

    def _everything(self, name: str, op: str, values: tuple) -> bool:
        """Whether a test names every value that there is."""
        if op != "in":
            return False
        if name in _SOURCES:
            entries = self._entries(values, "IP")
            return entries is not None and public(entries) == SURE
        return name in CLOSED and CLOSED[name] <= set(map(unquoted, values))

    def _entries(self, values: tuple, kind: str) -> list | None:
        """The strings of a set or of a list; None for a list that was not read or holds something else."""
        if not any(value.startswith("$") for value in values):
            return [unquoted(value) for value in values]
        held = self._state.objects.get(Ref(LIST, values[0][2:-1])) if values[0].startswith("${") else None
        members = held.members.get("items") if held is not None and held.fields["type"] == kind and len(values) == 1 else None
        return None if members is None else list(members)

    def _in_category(self, pattern: Pattern, entries: list | None, asked: _Asked) -> int:
        names = [name for entry in entries or ["?"] for name in (self._site.categories or {}).get(entry, ("?",))]
        if asked.likely and of_openai(pattern) and any("artificial intelligence" in name for name in names):
            return SURE
        unrelated = all(any(word in name for word in _UNRELATED) for name in names)
        return NO if unrelated and not asked.wider else MAY

    def _in_application(self, pattern: Pattern, name: str, chosen: set, asked: _Asked) -> int:
        """OpenAI's hosts are in OpenAI's applications; in which of them, and what else an application holds, only the vendor knows."""
        known = self._site.applications
        if known is None or not name.endswith("ids") or not of_openai(pattern):
            return MAY
        types = ".type." in name
        ours = {kind if types else key for key, (title, kind) in known.items() if any(word in title for word in _APPS)}
        if chosen & ours:
            return SURE if asked.likely else MAY
        return NO if chosen <= ({kind for _title, kind in known.values()} if types else set(known)) else MAY

    # -- packets

    def _packets(self, rule: Object, wanted: AbstractSet, media: Media) -> Hits:
        self.hosts(rule, frozenset())
        selectors = self._selectors(rule)
        how = level(tree_of(rule.fields["traffic"]), lambda field, op, values: self._packet(media, _plain(field), op, values, selectors))
        return Hits(frozenset(wanted)).capped(how)

    def _packet(self, media: Media, name: str, op: str, values: tuple, selectors: dict) -> int:
        if self._everything(name, op, values):
            return SURE
        if selectors.get(name) != HOST:
            return MAY
        if name == "net.dst.port":
            return among(media.ports, op, map(unquoted, values))
        if name == "net.protocol" and op == "in":
            return _protocol(media.protocol, values)
        if name == "net.dst.ip" and op == "in":
            entries = self._entries(values, "IP")
            return MAY if entries is None else addresses(media.destinations, entries)
        # No name is visible in a datagram.
        return NO if (name.endswith("security_category") and op == "in") or (name.startswith("net.sni.") and media.protocol == "udp") else MAY

    # -- people

    def people(self, rule: Object) -> int:
        """How far a rule is about the audience."""
        columns, who = self.columns(rule), self._who(rule)
        if columns.get("expiration.expired") is True:
            return NO
        return min(who, MAY) if self.narrowed(rule) else who

    def _who(self, rule: Object) -> int:
        columns = self.columns(rule)
        texts = columns.get("identity", ""), columns.get("device_posture", "")
        if texts not in self._people:
            self._people[texts] = min(self._identity(texts[0]), self._posture(texts[1]))
        return self._people[texts]

    def _identity(self, text: str) -> int:
        tree, audience = tree_of(text), self._settings
        kinds = [kind for kind in ("groups", "users") if getattr(audience, kind)] or [""]
        found = {level(tree, lambda field, op, values, kind=kind: self._person(kind, field, op, values)) for kind in kinds}
        return found.pop() if len(found) == 1 else MAY

    def _person(self, kind: str, field: str, op: str, values: tuple) -> int:
        """What a test says of everyone in our groups, or of every user that the audience names."""
        theirs = self._entries(values, "EMAIL") if op == "in" else None
        if theirs is None or {"groups": "identity.groups.name", "users": "identity.email"}.get(kind) != _plain(field):
            return MAY
        ours = set(getattr(self._settings, kind))
        if ours <= set(theirs):
            return SURE
        # Who is in two groups nobody can tell, nor whether case counts.
        return NO if kind == "users" and not _accounts(ours) & _accounts(theirs) else MAY

    def _posture(self, text: str) -> int:
        return level(tree_of(text), self._device)

    def _device(self, field: str, op: str, values: tuple) -> int:
        ours, theirs = {self._site.posture.get(name, name) for name in self._settings.device_posture}, set(map(unquoted, values))
        if op != "in" or not ours & theirs:
            return MAY
        if field == "device_posture.checks.passed[*]":
            return SURE
        return NO if field == "device_posture.checks.failed[*]" and theirs <= ours else MAY


def _plain(field: str) -> str:
    """A selector without the sign of a list, which is at different places of the same one."""
    return field.replace("[*]", "")


def _protocol(ours: str, values: tuple) -> int:
    found = set(map(unquoted, values))
    return SURE if ours in found else NO if found <= {"tcp", "udp", "icmp"} else MAY


def _accounts(emails: Iterable[str]) -> set:
    """Addresses as an account with extended_email_matching compares them: without dots and without what a plus sign adds to the name."""
    return {user.partition("+")[0].replace(".", "") + sign + domain for user, sign, domain in (email.lower().partition("@") for email in emails)}
