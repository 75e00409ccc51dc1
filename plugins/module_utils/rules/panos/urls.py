# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entries of a URL list are about: https://docs.paloaltonetworks.com, "URL category exceptions". Pure.

Tokens are between the separators ``. / ? & = ; +``. A ``*`` is one or more tokens, a ``^`` exactly one; a wildcard is a whole token. An entry with a slash
behind the host is about all of its pages, one with more behind that about some. One without a slash has an open end: before 10.2, or where "Append Ending
Token" is off, ``x.com`` matches ``x.com.evil.test`` too.
"""
from __future__ import annotations

import functools
import re
from typing import Iterable, Iterator, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import fitting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import Hits, near_to

_PLAIN = re.compile(r"(\*\.)?([^/?&=;+*^:]+)(/?)(.*)\Z")
_PARTS = re.compile(r"([a-z]+://)?([^/?&=;+:]*)(.?)(.*)\Z", re.DOTALL)
_TOKENS = re.compile(r"[\w*^-]+(\.[\w*^-]+)*\Z")
#: A label that no entry names, and one that may be any.
_FRESH, _ANY = "?", None


class Entry(NamedTuple):
    """``pattern``: its hosts, where a Pattern can say them. ``whole``: it is about all pages of them. ``open``: its host may go on behind it. ``odd``: the text
    of one that has no form of an entry."""

    tokens: tuple
    pattern: Pattern | None
    whole: bool
    open: bool
    odd: str = ""


@functools.lru_cache(maxsize=131072)
def parse_entry(text: str) -> Entry:
    """An entry of a URL list. A scheme, a port and a wildcard inside a token are not understood: such an entry is about a part at most."""
    text = text.strip().lower()
    plain = _PLAIN.match(text)
    scheme, host, mark, rest = _PARTS.match(text).groups()
    if not _TOKENS.match(host) or rest.startswith("//"):
        return Entry(("",), None, False, False, text)
    tokens = tuple("^" if len(token) > 1 and re.search(r"[*^]", token) else token for token in host.split("."))
    whole = not scheme and not rest and mark in ("", "/") and ".".join(tokens) == host
    pattern = parse_if((plain[1] or "") + plain[2]) if plain and not scheme else None
    return Entry(tokens, pattern, whole, not mark)


def render(pattern: Pattern) -> tuple[str, ...]:
    """Entries of a URL list that match exactly the hosts of a pattern. The slash ends the host: without it ``x.com.evil.test`` matches too."""
    entries = {EXACT: ("%s/",), SUBDOMAINS: ("*.%s/",), DOMAIN: ("%s/", "*.%s/")}[pattern.kind]
    return tuple(entry % pattern.name for entry in entries)


def exclusions(pattern: Pattern, depth: int) -> tuple[str, ...]:
    """Entries of the SSL decryption exclusion list, where a ``*`` is exactly one label: ``depth`` levels of subdomains."""
    below = tuple("*." * level + pattern.name for level in range(1, depth + 1))
    return {EXACT: (pattern.name,), SUBDOMAINS: below, DOMAIN: (pattern.name,) + below}[pattern.kind]


def hits(entries: Iterable[str], wanted: Iterable[Pattern]) -> Hits:
    """Which of the wanted patterns a URL list is about."""
    wanted = frozenset(wanted)
    near = near_to(wanted)
    by_name: dict = {}
    for pattern in wanted:
        by_name.setdefault(pattern.name, []).append(pattern)
    # A host may go on behind an entry that ends in the middle of a wanted name.
    inside = {label for name in by_name for label in name.split(".")[:-1]} | {"*", "^"}
    ends = {name.rpartition(".")[2] for name in by_name} | {"*", "^"}
    held, parts, wild, may = Index(), Index(), [], set()
    for entry in map(parse_entry, frozenset(entries)):
        if entry.odd:
            may.update(fitting(entry.odd, wanted))
            continue
        if entry.pattern is not None and near.related(entry.pattern):
            (held if entry.whole else parts).add(entry.pattern)
            may.update(one for name in names_above(entry.pattern.name) for one in by_name.get(name, ()) if covers(one, entry.pattern))
        elif entry.pattern is None and entry.tokens[-1] in ends:
            wild.append(entry)
        if entry.open and entry.tokens[-1] in inside:
            may.update(one for one in wanted if _reaches_into(entry.tokens, one))
    may.update(one for one in wanted if parts.covering(one) is not None or any(_overlaps(entry.tokens, one) for entry in wild))
    whole = [entry.tokens for entry in wild if entry.whole]
    sure = frozenset(one for one in wanted if all(_held(piece, held, whole) for piece in _pieces(one)))
    return Hits(sure, frozenset(may) - sure)


def _pieces(pattern: Pattern) -> tuple:
    return (Pattern(pattern.name, EXACT), Pattern(pattern.name, SUBDOMAINS)) if pattern.kind == DOMAIN else (pattern,)


def _held(pattern: Pattern, held: Index, whole: list) -> bool:
    return held.covering(pattern) is not None or any(all(_fits(tokens, labels) for labels in _hosts(pattern, _FRESH, len(tokens))) for tokens in whole)


def _overlaps(tokens: tuple, pattern: Pattern) -> bool:
    return any(_fits(tokens, labels) for labels in _hosts(pattern, _ANY, len(tokens)))


def _reaches_into(tokens: tuple, pattern: Pattern) -> bool:
    """Whether a host of the pattern begins with the tokens, and these end inside its name.

    guess: no host begins with another one's whole name, as in facebook.com.chatgpt.com.
    """
    size = len(pattern.name.split("."))
    for labels in _hosts(pattern, _ANY, len(tokens)):
        own = len(labels) - size
        if any(_fits(tokens, labels[:end]) for end in range(own + 1, len(labels))):
            return True
    return False


def _hosts(pattern: Pattern, label: str | None, most: int) -> Iterator[tuple]:
    """The labels of its hosts, with up to ``most`` and one more labels in front of its name. More of them a wildcard takes as it takes these."""
    name = tuple(pattern.name.split("."))
    front = {EXACT: range(1), SUBDOMAINS: range(1, most + 2), DOMAIN: range(most + 2)}[pattern.kind]
    return ((label,) * number + name for number in front)


def _fits(tokens: tuple, labels: tuple) -> bool:
    """Whether tokens match all labels, asked from the end, which most hosts differ in."""
    if not tokens or not labels:
        return not tokens and not labels
    token, label = tokens[-1], labels[-1]
    if token == "*":
        return any(_fits(tokens[:-1], labels[:end]) for end in range(len(labels)))
    return (token == "^" or label is _ANY or token == label) and _fits(tokens[:-1], labels[:-1])
