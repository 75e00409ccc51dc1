# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a policy say of our audience and of wanted hosts, and what they do. Pure.

Definitions are followed to their end. What is not evaluated, in a rule or in a definition, may hold or not.
"""
from __future__ import annotations

import re
from functools import lru_cache
from typing import AbstractSet, Container, Iterable, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.columns import (
    ACTION, CATEGORIES, CONDITION, DOUBTFUL, EVALUATED, HOSTS, INTERCEPT, LAYERS, PEOPLE, POLICY, PORT, PROXY, RULE, SSL, SSL_INTERCEPT, WHERE,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.cpl import (
    Policy, Rule, Test, host_pattern, split_property, whole_host,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import named, networks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, UNKNOWN, Hits, Layer, hits_of, opposite, walk,
)

#: Categories of the vendor that hold none of the wanted hosts. Of every other one, only the vendor knows which hosts it holds.
_UNRELATED = frozenset((
    "adult/mature content", "alcohol", "child pornography", "controlled substances", "extreme", "gambling", "gore/extreme", "hacking", "malicious sources",
    "malicious sources/malnets", "malicious outbound data/botnets", "marijuana", "nudity", "peer-to-peer (p2p)", "phishing", "piracy/copyright concerns",
    "pornography", "proxy avoidance", "scam/questionable/illegal", "scam/questionable legality", "sexual expression", "spam", "suspicious", "tobacco",
    "violence/hate/racism", "weapons"))
_BESIDE_PEOPLE = frozenset(EVALUATED) - frozenset(PEOPLE)
_EVERYWHERE = frozenset(("0.0.0.0/0", "::/0"))
#: Steps of a define action that block nothing: headers that are set, and notes to people (guide, chapter 5).
_HARMLESS = re.compile(r"(log_message|notify_email|notify_snmp|(set|append|delete|delete_matching|rewrite)\((request|response)\.x?_?header\."
                       r"(?!(set-)?cookie|host|authorization|origin|upgrade|connection|location|sec-))",
                       re.I)
#: How deep definitions may lie in each other, and where one that holds itself ends.
_DEEP = 50


class Reading(NamedTuple):
    """Whether a test holds, SURE, MAY or NO; ``why`` names what makes it MAY, but for hosts that are a part of what was asked about."""

    level: int
    why: frozenset = frozenset()


def all_of(readings: Iterable[Reading]) -> Reading:
    """Where every one has to hold."""
    level, why = SURE, frozenset()
    for one in readings:
        if one.level == NO:
            return one
        level, why = min(level, one.level), why | one.why
    return Reading(level, why)


def any_of(readings: Iterable[Reading]) -> Reading:
    """Where one is enough."""
    level, why = NO, frozenset()
    for one in readings:
        if one.level == SURE:
            return one
        level, why = max(level, one.level), why | one.why
    return Reading(level, why)


class _Definition:
    """Lines of which one is enough. Those that are one plain host are looked up, however many there are."""

    def __init__(self, rows: Iterable[tuple]):
        self.hosts, self.rest, self._below = set(), [], {}
        for row in rows:
            hosts = [_whole(row[0], value) for value in row[0].values] if len(row) == 1 and row[0].whole and not row[0].negated else [None]
            if all(hosts):
                self.hosts.update(hosts)
            else:
                self.rest.append(row)
        self._index = Index(self.hosts)
        for host in self.hosts:
            for name in names_above(host.name):
                self._below.setdefault(name, []).append(host)

    def listed(self, pattern: Pattern) -> int:
        """How far the plain hosts hold a pattern."""
        # A name and what is below it, in two lines, are both.
        if self._index.covering(pattern) or all(self._index.covering(Pattern(pattern.name, kind)) for kind in (EXACT, SUBDOMAINS)):
            return SURE
        return MAY if any(covers(pattern, host) for host in self._below.get(pattern.name, ())) else NO


class Meaning:
    """One policy, read for one audience."""

    def __init__(self, settings: Settings, site: Policy, wanted: Iterable[Pattern]):
        self._settings, self._site = settings, site
        self._wanted, self._parents = Index(wanted), {name for pattern in wanted for name in names_above(pattern.name)}
        self._columns: dict = {}
        self._definitions: dict = {}
        self._readings: dict = {}

    # -- rules

    def columns(self, rule: Rule) -> Columns:
        """Its triggers, its properties, and the surroundings that are not known."""
        if id(rule) not in self._columns:
            native: dict = {mark: [mark] for mark in rule.marks}
            for word in rule.actions:
                native[_property(word)] = [word]
            for test in rule.tests:
                native.setdefault("%s=" % test.name, []).append(test)
            self._columns[id(rule)] = Columns(RULE, native)
        return self._columns[id(rule)]

    def _tests(self, rule: Rule, names: Container[str]) -> list:
        columns, found = self.columns(rule), [test for test in rule.tests if test.name in names]
        for test in found:
            columns.get("%s=" % test.name)
        return found

    def people(self, rule: Rule) -> int:
        """How far a rule is about the audience, by the tests of people that it has itself."""
        return min([self._person(test) for test in self._tests(rule, PEOPLE)], default=SURE)

    def hosts(self, rule: Rule, wanted: AbstractSet) -> Hits:
        """Which patterns it is about, by everything else that is evaluated: definitions, with people in them, too."""
        tests = self._tests(rule, _BESIDE_PEOPLE)
        if any(map(self._elsewhere, tests)):
            return Hits()
        return hits_of({pattern: all_of(self._reading(test, pattern) for test in tests).level for pattern in wanted})

    def _elsewhere(self, test: Test) -> bool:
        """Whether a test is about hosts that are none of the wanted. Most of a long list are, which is found out without checking each wanted one."""
        if test.name not in HOSTS or test.negated or not test.whole:
            return False
        hosts = [_whole(test, value) for value in test.values]
        return all(host and host.name not in self._parents and self._wanted.covering(host) is None for host in hosts)

    def reading(self, rule: Rule, pattern: Pattern) -> Reading:
        """All of a rule at once, what nobody evaluates included."""
        unread = frozenset(self.columns(rule).unread())
        return all_of([*(self._reading(test, pattern) for test in self._tests(rule, EVALUATED)), *([Reading(MAY, unread)] if unread else [])])

    def why(self, rule: Rule, patterns: Iterable[Pattern]) -> frozenset:
        """What keeps a rule from being sure of these patterns, but for hosts that are a part of them."""
        return frozenset().union(*(self.reading(rule, pattern).why for pattern in patterns))

    def partly(self, rule: Rule, patterns: Iterable[Pattern]) -> bool:
        """Whether a rule may be about a part of the audience alone: by more than what a request is about."""
        return any(name.rstrip("=") not in WHERE for name in self.why(rule, patterns))

    def listed(self, rule: Rule) -> frozenset:
        """The hosts that the definitions name that a rule asks for."""
        rows = [self._defined(kind, value) for test in self._tests(rule, (CONDITION, *CATEGORIES)) for kind in (CONDITION, "category") for value in test.values]
        return frozenset().union(*(row.hosts for row in rows if row))

    def unsigned(self, wanted: AbstractSet) -> frozenset:
        """Those patterns of which it is not sure that people are asked who they are; in the last layer that says so, the first rule that matches decides."""
        left, unsure = set(wanted), set()
        for layer in reversed([layer for layer in self._site.layers if layer.kind == PROXY and not layer.called]):
            view, silent = Layer(layer.rules, self.people, self.hosts, lambda rule: ALLOW, self.columns), set()
            for rule, hits in walk(layer.rules, left.copy(), view.reach):
                realm = dict(map(split_property, rule.actions)).get("authenticate")
                if realm is None:
                    silent |= hits.may
                elif realm == "no":
                    unsure |= hits.all
                else:
                    left -= hits.sure - silent
            left -= unsure
        return frozenset(unsure | left)

    # -- tests

    def _reading(self, test: Test, pattern: Pattern, inside: int = 0) -> Reading:
        doubt = Reading(MAY, frozenset(["%s=" % test.name]))
        if not test.whole:
            return doubt
        if test.name in PEOPLE:
            level = self._person(test)
            return doubt if level == MAY else Reading(level)
        if test.name == CONDITION:
            found = any_of(self._named(CONDITION, value, pattern, inside) for value in test.values)
        elif test.name in CATEGORIES:
            found = any_of(self._category(value, pattern, inside) for value in test.values)
        elif test.name == PORT:
            level = max(map(_port, test.values))
            found = doubt if level == MAY else Reading(level)
        elif test.name in HOSTS:
            found = Reading(max(_host(test, value, pattern) for value in test.values))
        else:
            return doubt
        return Reading(opposite(found.level), found.why) if test.negated else found

    def _person(self, test: Test) -> int:
        if not test.whole:
            return MAY
        if test.name == "client.address":
            addresses = [one for value in test.values for one in self._site.subnets.get(value.lower(), [value])]
            level = SURE if _EVERYWHERE <= set(addresses) else networks(self._settings.clients, addresses)
        else:
            ours = self._settings.groups if test.name == "group" else self._settings.users
            level = named([name.lower() for name in ours], [value.lower() for value in test.values])
        return opposite(level) if test.negated else level

    def _category(self, value: str, pattern: Pattern, inside: int) -> Reading:
        if value.lower() in self._site.categories:
            return self._named("category", value, pattern, inside)
        return Reading(NO if value.lower() in _UNRELATED else MAY)

    def _named(self, kind: str, name: str, pattern: Pattern, inside: int) -> Reading:
        key, found, doubt = (kind, name.lower(), pattern), self._defined(kind, name), Reading(MAY, frozenset(["%s=%s" % (kind, name.lower())]))
        if found is None or inside > _DEEP:
            return doubt
        if key not in self._readings:
            rows = [all_of([self._reading(test, pattern, inside + 1) for test in row]) for row in found.rest]
            self._readings[key] = any_of([Reading(found.listed(pattern)), *rows])
        return self._readings[key]

    def _defined(self, kind: str, name: str) -> _Definition | None:
        rows = (self._site.conditions if kind == CONDITION else self._site.categories).get(name.lower())
        if rows is None:
            return None
        key = kind, name.lower()
        if key not in self._definitions:
            self._definitions[key] = _Definition(rows)
        return self._definitions[key]

    # -- what a rule does

    def access(self, kind: str, rule: Rule) -> tuple:
        """(effect, whether a later ALLOW leaves it as it is) of a rule in a layer of this kind."""
        found = dict(map(split_property, rule.actions))
        forced = any(found.get(name, "no") != "no" for name in ("force_deny", "force_exception"))
        denies = "deny" in found or found.get("exception", "no") != "no"
        decides = kind in (PROXY, SSL)
        # What <SSL> denies, no ALLOW in <Proxy> brings back.
        if decides and (forced or (denies and kind == SSL)):
            return DENY, True
        if kind not in LAYERS or (not decides and (forced or denies)) or any(map(self._doubtful, rule.actions)):
            return UNKNOWN, True
        return (DENY if denies else ALLOW), False

    def allows(self, rule: Rule) -> bool:
        """Whether it says that access is allowed, and does not only end its layer."""
        found = dict(map(split_property, rule.actions))
        return "allow" in found or found.get("exception") == "no"

    def decryption(self, kind: str, rule: Rule) -> tuple:
        """(DENY where a rule decrypts, whether a later ssl.forward_proxy(no) leaves it as it is)."""
        value = dict(map(split_property, rule.actions)).get(INTERCEPT)
        if kind not in LAYERS or (kind == SSL_INTERCEPT and any(not self._known(word) for word in rule.actions)):
            return UNKNOWN, True
        if value == "on_exception":
            # Only for the page of an error: whether there is one, is not known here.
            return UNKNOWN, False
        return (ALLOW if value in (None, "no") else DENY), False

    def spares(self, rule: Rule) -> bool:
        """Whether it says that nothing is decrypted."""
        return dict(map(split_property, rule.actions)).get(INTERCEPT) == "no"

    def _doubtful(self, word: str) -> bool:
        name, value = split_property(word)
        if name in DOUBTFUL:
            return value != DOUBTFUL[name]
        if _property(word) == ACTION and value != "no":
            steps = self._site.actions.get(name.partition(".")[2])
            return steps is None or not all(_HARMLESS.match("".join(step)) for step in steps)
        return not self._known(word)

    def _known(self, word: str) -> bool:
        name = _property(word)
        if name == POLICY:
            # Its rules are judged where they stand.
            return split_property(word)[0].partition(".")[2] in self._site.policies
        return name in RULE.others


def _property(word: str) -> str:
    """The column of a property; those that call a definition have its name behind a dot."""
    name = split_property(word)[0]
    return next((one for one in (ACTION, POLICY) if name.startswith(one + ".")), name)


def _port(value: str) -> int:
    """Whether port 443 is one of I, I..J, I.. or ..J."""
    found = re.match(r"(\d*)(\.\.)?(\d*)\Z", value)
    if not found or not (found[1] or found[3]):
        return MAY
    low, high = int(found[1] or 0), int(found[3] or (65535 if found[2] else found[1]))
    return SURE if low <= 443 <= high else NO


def meets(entry: Pattern, pattern: Pattern) -> int:
    """SURE: the entry holds the whole pattern; MAY: a part of it."""
    return SURE if covers(entry, pattern) else MAY if covers(pattern, entry) else NO


def _host(test: Test, value: str, pattern: Pattern) -> int:
    if test.name == "url.host.suffix":
        return _suffix(value.lower(), pattern)
    host = host_pattern(test, value)
    if host is None:
        return _widest(test, value, pattern)
    return meets(host, pattern) if _whole(test, value) else min(meets(Pattern(host.name, DOMAIN), pattern), MAY)


@lru_cache(maxsize=65536)
def _whole(test: Test, value: str) -> Pattern | None:
    """The Pattern of a value that says nothing else; not with a scheme, a port or a path, and not of a dot before an exact name."""
    host = host_pattern(test, value)
    return host if host and whole_host(value) and not (host.kind == EXACT and value.startswith(".")) else None


def _suffix(value: str, pattern: Pattern) -> int:
    """A suffix is text, without a border between labels (guide, page 140)."""
    name = pattern.name
    if name.endswith(value) or (pattern.kind == SUBDOMAINS and ("." + name).endswith(value)):
        return SURE
    below = value.endswith("." + name) or (pattern.kind == DOMAIN and ("." + name).endswith(value))
    return MAY if below and pattern.kind != EXACT else NO


def _widest(test: Test, value: str, pattern: Pattern) -> int:
    """Of a value that is no whole host name: what lies outside of the domain that it names is not meant; a top-level domain is meant whole."""
    name = re.match(r"(?:[a-z]+:)?(?://)?\.?([a-z0-9-]*[a-z-][a-z0-9-]*(?:\.[a-z0-9-]+)*)((?:[/:].*)?)\Z", value.lower())
    if not name:
        return MAY
    level = meets(Pattern(name[1], DOMAIN), pattern)
    plain = test.name.endswith("url.domain") and not name[2] and whole_host(value)
    return level if plain else min(level, MAY)
