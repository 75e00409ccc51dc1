# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of a destination list: which names they are about, and the name under which one waits. Pure."""
from __future__ import annotations

import re
from typing import AbstractSet, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Pattern, PatternError, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import fitting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import Hits, NameList

_HOST = re.compile(r"(?P<before>(?:[a-z][a-z0-9+.-]*://)?)(?P<host>[^/:?#]+)(?P<after>.*)\Z", re.IGNORECASE | re.DOTALL)


def render(pattern: Pattern) -> tuple[str, ...]:
    """The entry for a pattern: a name always holds its subdomains too (user guide, "Wildcards and Destination Lists")."""
    return (pattern.name,)


def entry_pattern(destination: str) -> Pattern | None:
    """The Pattern of a domain or URL as an entry, or None for an address. A whole top-level domain is an entry too."""
    found = _HOST.match(destination.strip().lower())
    host = found.group("host") if found else ""
    try:
        return Pattern(host if host.isalpha() else parse(host).name, DOMAIN)
    except PatternError:
        return None


def entry_name(item: dict) -> str:
    """The text of an entry as it is compared: host names have no case, paths have one."""
    return normal(item["destination"])


def normal(destination: str) -> str:
    """A destination, its scheme and host in lower case."""
    found = _HOST.match(destination)
    return (found.group("before") + found.group("host")).lower() + found.group("after") if found else destination.lower()


def is_url(destination: str) -> bool:
    """Whether an entry is about a part of a host only."""
    found = _HOST.match(destination)
    return bool(found and found.group("after").strip("/"))


def whole(destinations: Iterable[str]) -> list[Pattern]:
    """The Patterns of the entries that are about whole names."""
    found = (entry_pattern(one) for one in destinations if not is_url(one))
    return [pattern for pattern in found if pattern is not None]


class Entries:
    """The entries of a list, gone through once however many rules name it."""

    def __init__(self, destinations: Iterable[str]):
        destinations = list(destinations)
        self._whole, self._every = NameList(whole(destinations)), NameList(map(entry_pattern, destinations))
        self._odd = [one for one in destinations if entry_pattern(one) is None]

    def hits(self, wanted: AbstractSet[Pattern]) -> Hits:
        """What the list is about: an entry for a part of a host is no more than that, whatever is beside it. One that is not understood may be about what it
        fits."""
        sure = self._whole.hits(wanted).sure
        odd = frozenset().union(*(fitting(one, wanted) for one in self._odd))
        return Hits(sure, (self._every.hits(wanted).all | odd) - sure)


def park(destination: str, suffix: str) -> str | None:
    """The name under which an entry waits, or None when it would be too long."""
    found = _HOST.match(destination)
    host = "%s.%s" % (found.group("host"), suffix)
    return found.group("before") + host + found.group("after") if len(host) <= 253 else None


def unpark(destination: str, suffix: str) -> str | None:
    """What a parked entry was, or None for one that is not parked."""
    found = _HOST.match(destination)
    host = found.group("host") if found else ""
    return found.group("before") + host[:-len(suffix) - 1] + found.group("after") if host.endswith("." + suffix) else None
