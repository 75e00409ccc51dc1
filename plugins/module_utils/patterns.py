# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host name patterns: the one language in which the collection says "which hosts".

Three kinds, one text form each, and ``parse(str(p)) == p``:

* ``example.com``    exactly this FQDN
* ``*.example.com``  every subdomain at any depth, not the apex
* ``.example.com``   the apex and every subdomain

Names are ASCII: an internationalised name is given in its A-label form (``xn--...``).
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator

EXACT = "exact"
SUBDOMAINS = "subdomains"
DOMAIN = "domain"

_PREFIX = {EXACT: "", SUBDOMAINS: "*.", DOMAIN: "."}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# Fast path for valid names, which are most; the slow path finds the reason for the others.
_FQDN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?![0-9]+\Z|0x[0-9a-f]*\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_ALL_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")


class PatternError(ValueError):
    """A text that is not a host name pattern. The message names the text and the form to write."""


@dataclass(frozen=True, order=True)
class Pattern:
    """A set of FQDNs: ``kind`` is EXACT, SUBDOMAINS or DOMAIN, ``name`` a lower-case FQDN without a trailing dot."""

    name: str
    kind: str

    def __str__(self) -> str:
        return _PREFIX[self.kind] + self.name

    def matches(self, host: str) -> bool:
        """Whether ``host`` (an FQDN; case and one trailing dot do not matter) is in the set."""
        host = normal_host(host)
        if host == self.name:
            return self.kind != SUBDOMAINS
        return self.kind != EXACT and host.endswith("." + self.name)


def normal_host(host: str) -> str:
    """``host`` in lower case, without its one trailing dot."""
    host = host.lower()
    return host[:-1] if host.endswith(".") else host


def parse(text: object) -> Pattern:
    """The pattern that ``text`` means.

    :raises PatternError: for anything but the three forms: scheme, path, port, address, non-ASCII, empty label, wildcard elsewhere than in front,
        or a wildcard over a whole top-level domain.
    """
    if not isinstance(text, str):
        raise PatternError("%.200r is not a host name pattern: write it as a quoted string such as \"*.example.com\"" % (text,))
    name = text.lower()
    kind = EXACT
    if name.startswith("*."):
        kind, name = SUBDOMAINS, name[2:]
    elif name.startswith("."):
        kind, name = DOMAIN, name[1:]
    problem = None if len(name) <= 253 and _FQDN.match(name) else _problem(name)
    if problem:
        raise PatternError("%r is not a host name pattern: %s" % (text if len(text) <= 300 else text[:300] + "...", problem))
    return Pattern(name=name, kind=kind)


def is_name(text: str) -> bool:
    """Whether ``text`` means exactly one FQDN, and is written as ``str`` writes its pattern."""
    return len(text) <= 253 and _FQDN.match(text) is not None


def parse_if(text: object) -> Pattern | None:
    """The pattern that ``text`` means; None if it is not a pattern."""
    try:
        return parse(text)
    except PatternError:
        return None


def names_above(name: str) -> list:
    """``name`` and every name above it, up to the top-level domain."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _problem(name: str) -> str | None:
    """What is wrong with ``name`` and how to fix it; None if it is an FQDN."""
    form = "write example.com, *.example.com (subdomains) or .example.com (apex and subdomains)"
    if not name:
        return "it is empty; " + form
    if not name.isascii():
        return "it is not ASCII; write the A-label form (xn--...) of an internationalised name"
    if name != name.strip() or any(c.isspace() for c in name):
        return "it contains white space; " + form
    if "://" in name:
        return "it has a scheme; write the host name alone"
    if ":" in name or "[" in name:
        return "it has a port or is an IPv6 address; write the host name alone"
    if "/" in name or "?" in name or "#" in name or "@" in name:
        return "it has a path, a query or user information; write the host name alone"
    if "*" in name:
        return "a wildcard stands only for whole leading labels; " + form
    if name.endswith("."):
        return "it ends with a dot; remove the dot"
    if len(name) > 253:
        return "it is longer than 253 characters"
    labels = name.split(".")
    for label in labels:
        if not label:
            return "it has an empty label; " + form
        if not _LABEL.match(label):
            return "label %r is not a DNS label (letters, digits, hyphen, underscore, at most 63)" % label[:80]
    if _ALL_NUMERIC.match(labels[-1]):
        return "it is an IP address or ends in a number; only host names can be matched"
    if len(labels) == 1:
        return "a pattern for a whole top-level domain or a single label is refused; " + form
    return None


def covers(a: Pattern, b: Pattern) -> bool:
    """Whether every FQDN that ``b`` matches is matched by ``a``."""
    if a == b:
        return True
    if a.kind == EXACT:
        return False
    if a.name == b.name:
        return a.kind == DOMAIN
    return b.name.endswith("." + a.name)


class Index:
    """A set of patterns that answers "which one covers this?" in time proportional to the number of labels."""

    def __init__(self, patterns: Iterable[Pattern] = ()):
        self._by_name: dict = {}
        self._wide: set = set()
        for pattern in patterns:
            self.add(pattern)

    def add(self, pattern: Pattern) -> None:
        self._by_name.setdefault(pattern.name, set()).add(pattern.kind)
        if pattern.kind != EXACT:
            self._wide.add(pattern.name)

    def covering(self, pattern: Pattern) -> Pattern | None:
        """The widest-named member that covers ``pattern`` (``pattern`` itself counts), or None."""
        if not self._wide:
            # Long lists are mostly exact names, so this is the common case.
            return pattern if pattern.kind == EXACT and pattern.name in self._by_name else None
        return next(self.all_covering(pattern), None)

    def all_covering(self, pattern: Pattern) -> Iterator[Pattern]:
        """Every member that covers ``pattern``, the widest name first."""
        for name, own in _names_from_top(pattern.name):
            kinds = self._by_name.get(name, ())
            if DOMAIN in kinds:
                yield Pattern(name, DOMAIN)
            if SUBDOMAINS in kinds and (not own or pattern.kind == SUBDOMAINS):
                yield Pattern(name, SUBDOMAINS)
            if own and pattern.kind == EXACT and EXACT in kinds:
                yield pattern

    def matching(self, host: str) -> Pattern | None:
        """A member that matches the FQDN ``host``, or None."""
        return self.covering(Pattern(normal_host(host), EXACT))


def _names_from_top(name: str):
    """Yield ("com", False), ("example.com", False), ..., (name, True)."""
    position = len(name)
    while True:
        position = name.rfind(".", 0, position)
        if position < 0:
            yield name, True
            return
        yield name[position + 1:], False


def collapse(patterns: Iterable[Pattern]) -> list[Pattern]:
    """The fewest of ``patterns`` that match the same FQDNs, sorted by name from the top-level domain down."""
    unique = set(patterns)
    index = Index(unique)
    kept = []
    for pattern in unique:
        if index.covering(pattern) == pattern:
            kept.append(pattern)
    return sorted(kept, key=sort_key)


def sort_key(pattern: Pattern) -> tuple:
    """Sorts parents before their children, for products that read their list in order."""
    return tuple(reversed(pattern.name.split("."))), pattern.kind
