# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of ACLs: names, regular expressions and networks, and whether they match a host. Pure."""
from __future__ import annotations

import functools
import ipaddress
import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Pattern, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Acl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import unmapped
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.posix import translated
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, share

#: Samples for all names below a wanted one: names that have little in common, and names that a web service is likely to have.
_BELOW = ("www", "a.b", "0-9", "zz9.q", "api", "auth", "cdn", "chat", "files", "static")
_LITERAL = re.compile(r"[a-z0-9-]+")
#: The required start of a URL in an expression; a quantifier after it applies to its last character.
_BEGINNING = re.compile(r"\^([a-z0-9:/_-]*?)(?:[a-z0-9:/_-][*?{].*|(?![a-z0-9:/_-]).*)\Z", re.S)
_NAME = re.compile(r"[a-z0-9._-]+\Z")
#: An expression of plain text, dots, anchors and groups of words, without a quantifier: it is well formed, and the text between these is required.
_PLAIN = re.compile(r"(?:\(\^\|\\\.\)|\([a-z0-9-]+(?:\|[a-z0-9-]+)*\)|\\\.|[A-Za-z0-9_/:.^$-])+\Z")
_BETWEEN = re.compile(r"\([^)]*\)|(?<!\\)\.|[\^$]")
#: Values that mean every address to Squid; "::/0" means only IPv6.
_ALL = frozenset(("all", "0/0", "0.0.0.0/0", "0.0.0.0/0.0.0.0", "0.0.0.0-255.255.255.255", "0.0.0.0-0.0.0.0/0"))
EVERY = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def folds(options: Iterable[str]) -> bool:
    """Whether the options of an ACL make it ignore case; several may be in one word."""
    told = [option for option in options if re.match("[-+][a-z]*i", option)]
    return bool(told) and told[-1].startswith("-")


#: Each list is matched with every wanted name.
_above = functools.lru_cache(maxsize=4096)(names_above)


class Domains:
    """The values of a ``dstdomain``: ``.x`` is a domain with its subdomains, ``x`` is only that name; anything else matches nothing."""

    def __init__(self, acl: Acl):
        values = [value.lower() for value in acl.values]
        self._exact = {value for value in values if not value.startswith(".")}
        self._below = {value[1:] for value in values if value.startswith(".")}

    @functools.cached_property
    def _parents(self) -> set:
        return {name for value in self._exact | self._below if _NAME.match(value) for name in names_above(value)}

    def level(self, pattern: Pattern) -> int:
        """Whether they match the pattern: SURE, MAY or NO."""
        if not self._below.isdisjoint(_above(pattern.name)) or (pattern.kind == EXACT and pattern.name in self._exact):
            return SURE
        return MAY if pattern.kind != EXACT and pattern.name in self._parents else NO


def needed_by(expression: str) -> str:
    """Text that every match contains; "" if that is not evident, or too short to be useful."""
    longest = max((run.replace("\\.", ".") for run in _BETWEEN.split(expression)), key=len) if _PLAIN.match(expression) else ""
    return longest if len(longest) > 2 else ""


class Expressions:
    """The values of an ACL with regular expressions. ``unknown``: the result of one of them is unknown. ``lines``: (values, options) of each line."""

    def __init__(self, lines: tuple):
        self.unknown = False
        parts: dict = {0: [], re.I: []}
        #: (required text, expression, flag) of those with an evident required text; they are compiled when a text contains it.
        self._plain: list = []
        for values, options in lines:
            flag = re.I if folds(options) else 0
            for value in values:
                if value in ("-i", "+i"):
                    flag = re.I if value == "-i" else 0
                    continue
                needed = needed_by(value)
                if needed:
                    self._plain.append((needed.lower() if flag else needed, value, flag))
                    continue
                try:
                    parts[flag].append((value, "(?:%s)" % translated(value)))
                except ValueError:
                    self.unknown = True
        #: (as written, expression, flag) of each
        self._sources = [(value.lower() if flag else value, value, flag) for flag, found in parts.items() for value, _text in found]
        self._sources += [(value.lower() if flag else value, value, flag) for _needed, value, flag in self._plain]
        # As many in one as Python's engine handles well.
        self._compiled = [one for flag, found in parts.items() for at in range(0, len(found), 200)
                          for one in self._made([text for _value, text in found[at:at + 200]], flag | re.A)]
        self._known: dict = {}
        self._alone: dict = {}

    def _made(self, texts: list, flags: int) -> list:
        """One expression for all; the result of those that Python refuses, for example because of their size, is unknown."""
        try:
            return [re.compile("|".join(texts), flags)]
        except (OverflowError, RecursionError, re.error):
            self.unknown = self.unknown or len(texts) == 1
            return [one for text in texts for one in self._made([text], flags)] if len(texts) > 1 else []

    def matches(self, text: str) -> bool:
        """Whether one of them matches."""
        if text not in self._known:
            folded = text.lower()
            self._known[text] = any(one.search(text) for one in self._compiled) or any(
                self._one(value, flag).search(text) for needed, value, flag in self._plain if needed in (folded if flag else text))
        return self._known[text]

    def _one(self, value: str, flag: int) -> re.Pattern:
        """One expression alone; the cache of ``re`` is too small for a long list."""
        if (value, flag) not in self._alone:
            self._alone[value, flag] = re.compile("(?:%s)" % translated(value), flag | re.A)
        return self._alone[value, flag]

    def level(self, pattern: Pattern, head: str, tail: str) -> int:
        """Whether they match the hosts of a pattern, between ``head`` and ``tail``."""
        hosts = [pattern.name] if pattern.kind != EXACT else []
        if pattern.kind == EXACT:
            found = share([self.matches(head + pattern.name + tail)])
        else:
            hosts = ["%s.%s" % (below, pattern.name) for below in _BELOW] + ([pattern.name] if pattern.kind == DOMAIN else [])
            found = share([self.matches(head + host + tail) for host in hosts])
        return max(found, MAY if self.unknown or (found == NO and pattern.kind != EXACT and self._part(pattern, head, tail)) else NO)

    def _part(self, pattern: Pattern, head: str, tail: str) -> bool:
        """Whether one matches a name below that of the pattern, by its own words and a part of that name."""
        near = [label[:3] for label in pattern.name.split(".")[:-1]]
        for source, value, flag in self._sources:
            if any(label in source for label in near):
                words = dict.fromkeys(_LITERAL.findall(source.replace("\\", " ")))
                alone = self._one(value, flag)
                if any(alone.search("%s%s.%s%s" % (head, word, pattern.name, tail)) for word in words):
                    return True
        return False

    def elsewhere(self, head: str) -> bool:
        """Whether all of them are anchored at the start of a URL, with a start other than ``head``."""
        beginnings = [_BEGINNING.match(source) for source, _text, _flags in self._sources]
        return not self.unknown and all(found is not None and not head.startswith(found[1]) and not found[1].startswith(head) for found in beginnings)


#: The same lists are read again and again in one run.
_expressions = functools.lru_cache(maxsize=64)(Expressions)


def expressions_of(acl: Acl) -> Expressions:
    """The regular expressions of an ACL."""
    return _expressions(tuple((tuple(line.values), tuple(line.options)) for line in acl.lines))


def all_networks(acl: Acl) -> tuple:
    """(the networks of a ``src`` or ``dst``, whether a value is invalid)"""
    found, unknown = [], bool(acl.unread)
    for value in acl.values:
        networks = _networks(value)
        unknown = unknown or not networks
        found += networks
    return found, unknown


def _networks(value: str) -> list:
    """Networks of a value: an address, CIDR, address/netmask or a range. Empty if it is not an address, for example a host name."""
    if value in _ALL:
        return list(EVERY)
    address, slash, mask = value.partition("/")
    try:
        if "-" in address and not slash:
            first, last = (ipaddress.ip_address(part) for part in address.split("-", 1))
            return [unmapped(network) for network in ipaddress.summarize_address_range(first, last)]
        if "-" in address or (slash and "." in mask and not mask.startswith("255.") and mask != "0.0.0.0"):
            return []
        return [unmapped(ipaddress.ip_network(value, strict=False))]
    except (ValueError, TypeError):
        return []
