# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the wanted hosts the entries of a list are about. No IO."""
from __future__ import annotations

import fnmatch
import re
from typing import Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, covers, names_above, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import domain_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, share


def entry_pattern(entry: str, kind: str = "regex") -> Pattern | None:
    """The Pattern of an entry that is a name, or in a wildcard expression a name behind ``*.``; None for any other."""
    text = entry.strip().lower()
    found = parse_if("." + text if kind == "domain" else text)
    if found is None:
        return None
    return found if kind == "domain" or found.kind == EXACT or (kind == "regex" and found.kind == SUBDOMAINS) else None


def samples(pattern: Pattern) -> list[str]:
    """Hosts that a pattern matches, one of each kind, with labels that occur nowhere."""
    below = ["nx7." + pattern.name, "nx7.ny8." + pattern.name]
    return {EXACT: [pattern.name], SUBDOMAINS: below, DOMAIN: [pattern.name] + below}[pattern.kind]


class Entries:
    """What a list is about. ``kind``: "regex" (wildcard expressions), "string" (whole names) or "domain" (names and all below them).

    Lists may have 100,000 entries, so a name is looked up; only wildcard expressions that are no names are tried one by one. Whether capitals
    match is not published, so that entries with some may be about what they are about in small letters.
    """

    def __init__(self, kind: str, entries: Iterable[str]):
        texts = [entry.strip() for entry in entries]
        capitals = [text.lower() for text in texts if text != text.lower()]
        self._capitals = Entries(kind, capitals) if capitals else None
        found = {text: entry_pattern(text, kind) for text in texts if text == text.lower()}
        self._odd = [text for text, pattern in found.items() if pattern is None and kind == "regex"]
        #: Whether a domain may have a star or a dot in front, or be a top-level domain, is not published.
        self._loose = [domain_of(text) for text, pattern in found.items() if pattern is None and kind == "domain"]
        patterns = [pattern for pattern in found.values() if pattern is not None]
        whole = {pattern.name for pattern in patterns if pattern.kind == EXACT} & {pattern.name for pattern in patterns if pattern.kind == SUBDOMAINS}
        self._index = Index(patterns + [Pattern(name, DOMAIN) for name in whole])
        self._below = {name for pattern in patterns for name in names_above(pattern.name)}
        self._known: dict = {}

    def level(self, pattern: Pattern) -> int:
        """How much of ``pattern`` they are about."""
        if pattern not in self._known:
            self._known[pattern] = self._level(pattern)
        return self._known[pattern]

    def _level(self, pattern: Pattern) -> int:
        if self._index.covering(pattern) is not None:
            return SURE
        levels = [_odd_level(entry, pattern) for entry in self._odd]
        part = pattern.kind != EXACT and pattern.name in self._below
        unsure = NO if self._capitals is None else min(MAY, self._capitals.level(pattern))
        loose = any(one is not None and (covers(one, pattern) or covers(pattern, one)) for one in self._loose)
        return max([*levels, unsure, MAY if part or loose else NO])


def _odd_level(text: str, pattern: Pattern) -> int:
    """Of a wildcard expression that is no name."""
    if text.startswith("regex("):
        return MAY
    return max(_shared(text, pattern), MAY if pattern.kind != EXACT and _meets(text, pattern.name) else NO)


def _shared(text: str, pattern: Pattern) -> int:
    return share(fnmatch.fnmatchcase(host, text.replace("[", "[[]")) for host in samples(pattern))


def _meets(text: str, name: str) -> bool:
    """Whether a wildcard expression is about some host below ``name``. It is compared from the end; a star reaches as far as one likes."""
    end = "." + name
    for have, want in zip(reversed(text), reversed(end)):
        if have == "*":
            return True
        if have not in ("?", want):
            return False
    return len(text) >= len(end)


class Urls:
    """What a list is about whose entries are compared with URLs. What they say of paths is a part of the host, so that it is never more than MAY."""

    def __init__(self, entries: Iterable[str]):
        texts = [entry.strip().lower() for entry in entries]
        #: Some are about words anywhere in a URL, or nobody can tell.
        self._anywhere = any(text.startswith("regex(") or (text[:1] == "*" == text[-1:] and "/" not in text) for text in texts)
        self._hosts = Entries("regex", {_host_of(text) for text in texts} - {""})

    def level(self, pattern: Pattern, whole: bool) -> int:
        """``whole``: a URL with its path is known, as it is of a request inside a decrypted connection; of a CONNECT there is none yet."""
        return MAY if (whole and self._anywhere) or self._hosts.level(pattern) != NO else NO


def _host_of(text: str) -> str:
    """Of an expression about URLs, the part about the host; "" where it begins no URL over HTTPS."""
    scheme, found, rest = text.partition("://")
    if found and not fnmatch.fnmatchcase("https", scheme):
        return ""
    if not found:
        start, star, rest = text.partition("*")
        rest = star + rest if "https://".startswith(start) else ""
    return rest.partition("/")[0].partition(":")[0]


def about(entries: Iterable[str], kind: str, patterns: Collection[Pattern]) -> list[str]:
    """Those of ``entries`` that are about one of the patterns, as hosts, as domains or as URLs; not what may be about some host of any domain."""
    ours, above, found = Index(patterns), {name for pattern in patterns for name in names_above(pattern.name)}, []
    for entry in entries:
        theirs = entry_pattern(entry, kind)
        if theirs is None and kind == "regex":
            text = entry.strip().lower()
            hit = any(_names(one, pattern) for one in (text, _host_of(text)) for pattern in patterns)
        else:
            hit = theirs is not None and (ours.covering(theirs) is not None or (theirs.name in above and any(
                covers(theirs, pattern) or (kind == "string" and covers(Pattern(theirs.name, DOMAIN), pattern)) or theirs.name == pattern.name
                for pattern in patterns)))
        if hit:
            found.append(entry)
    return found


def _names(text: str, pattern: Pattern) -> bool:
    """Whether a wildcard expression, or the host in it, is about ``pattern`` by its name."""
    named = entry_pattern(text)
    if named is not None:
        return covers(named, pattern) or covers(pattern, named)
    return text.startswith("regex(") or bool(_shared(text, pattern)) or text.endswith("." + pattern.name)


def wide(entry: str) -> bool:
    """Whether a wildcard expression is about so much that nobody wants it gone because of a few hosts."""
    return len(re.sub(r"[^a-z0-9]", "", entry.lower())) < 6
