# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that a test of an expression compares with, and how far they are about a pattern, ports or networks: SURE, MAY or NO. Pure."""
from __future__ import annotations

import functools
import ipaddress
import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap, private
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, share

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\Z")
#: Regular expressions that mean the same to Python and to the product, whose engine is that of Rust.
_ALIKE = re.compile(r"(?:\(\?i\))?(?:\\[.\-/wdsWDSbB\\^$|()\[\]{}*+?]|\(\?:|\((?!\?)|\[\^?(?:\\[.\-/wdsWDS\\\[\]^]|[^\[\]\\&~])+\]|[^\\\[(])*\Z")
#: Repetition of what repeats, with which Python may be busy for years.
_SLOW = re.compile(r"[*+?}]\)+[*+{]")
#: Labels below a wildcard: one for every letter to begin with, one with all of them, a long one, several.
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_LABELS = tuple(_LETTERS + "_") + (_LETTERS + "-_x", "x" * 63, "xn--a", "1.a", "a.b.c.d.e", ".".join(["x" * 50] * 3))


class Names:
    """Host names of a set or list, ready to be asked."""

    def __init__(self, entries: Iterable[str]):
        entries = frozenset(entries)
        self.names = frozenset(entry for entry in entries if _NAME.match(entry))
        self.above = frozenset(part for name in self.names for part in names_above(name)[1:])
        # Whether the product looks at upper and lower case is not documented for all of its selectors.
        lower = frozenset(entry.lower() for entry in entries - self.names)
        self._strange = any(not _NAME.match(entry) for entry in lower)
        self._other = Names(lower) if lower and not self._strange else None

    def far(self, above: frozenset, names: frozenset) -> bool:
        """Whether they are about no pattern of these ``names`` for sure; ``above``: these and all names above them."""
        return not self._strange and self._other is None and self.names.isdisjoint(above) and self.above.isdisjoint(names)

    def domains(self, pattern: Pattern) -> int:
        """As a selector Domain compares: the name and what is below it."""
        if self.names.intersection(names_above(pattern.name)):
            return SURE
        if pattern.kind != EXACT and pattern.name in self.above:
            return MAY
        return self._perhaps(self._other.domains(pattern) if self._other else NO)

    def hosts(self, pattern: Pattern) -> int:
        """As a selector Host compares: the name alone."""
        if pattern.kind == EXACT and pattern.name in self.names:
            return SURE
        if pattern.kind != EXACT and (pattern.name in self.above or (pattern.kind == DOMAIN and pattern.name in self.names)):
            return MAY
        return self._perhaps(self._other.hosts(pattern) if self._other else NO)

    def _perhaps(self, level: int) -> int:
        return MAY if self._strange else min(level, MAY)


@functools.lru_cache(maxsize=None)
def _samples(pattern: Pattern) -> tuple:
    if pattern.kind == EXACT:
        return (pattern.name,)
    return tuple("%s.%s" % (label, pattern.name) for label in _LABELS) + (pattern.name,) * (pattern.kind == DOMAIN)


def by_regex(text: str, pattern: Pattern, domains: bool) -> int:
    """How far an expression that is searched for is about a pattern; ``domains``: in the name and in each above it.

    Of a wildcard names below it are tried. That none of them matches says nothing of the others, unless all that match have another end.
    """
    if not _ALIKE.match(text) or _SLOW.search(text) or "{," in text or "--" in text:
        return MAY
    try:
        search = re.compile(text).search
        found = share(any(search(one) for one in (names_above(sample) if domains else (sample,))) for sample in _samples(pattern))
    except (re.error, OverflowError, RecursionError):
        return MAY
    if pattern.kind == EXACT or found != NO:
        return found
    tail = _tail(text)
    return MAY if not tail or pattern.name.endswith(tail) or tail.endswith("." + pattern.name) else NO


def _tail(text: str) -> str:
    """The letters with which everything ends that a regular expression matches; none where that cannot be reported."""
    bare, inner = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "", text), ""
    while bare != inner:
        inner, bare = bare, re.sub(r"\([^()]*\)", "", bare)
    found = re.search(r"((?:[a-z0-9_-]|\\[.-]|\[\.\])+)\$\Z", text)
    if found is None or "|" in bare or "(" in bare:
        return ""
    tail = found.group(1)[1:] if text[:found.start()].endswith("\\") else found.group(1)
    return tail.replace("[.]", ".").replace("\\", "")


def among(ports: Iterable[int], op: str, values: Iterable[str]) -> int:
    """Whether a test of a port holds for all of ``ports``, some or none; ``in`` takes ranges ``a..b`` too."""
    def holds(port: int) -> bool:
        for value in values:
            first, _dots, last = value.partition("..")
            if not first.isdigit() or (last and not last.isdigit()):
                raise ValueError(value)
            low, high = int(first), int(last or first)
            if {"in": low <= port <= high, ">": port > low, ">=": port >= low, "<": port < low, "<=": port <= low}[op]:
                return True
        return False
    try:
        return share([holds(port) for port in ports])
    except (KeyError, ValueError):
        return MAY


def networks(entries: Iterable[str]) -> tuple:
    """(the networks of entries, whether each of the entries is one)."""
    found, whole = [], True
    for entry in entries:
        try:
            found += networks_of(entry, "..")
        except ValueError:
            whole = False
    return found, whole


def addresses(ours: Iterable[str], entries: Iterable[str]) -> int:
    """How far a test of an address is about networks of ours."""
    theirs, whole = networks(entries)
    return max(overlap([ipaddress.ip_network(net) for net in ours], theirs), NO if whole else MAY)


def public(entries: Iterable[str]) -> int:
    """How far a test of an address is about a host of the internet: every address, some of them, private ones alone."""
    found, whole = networks(entries)
    if {net.version for net in found if net.prefixlen == 0} == {4, 6}:
        return SURE
    return NO if whole and private(found) else MAY
