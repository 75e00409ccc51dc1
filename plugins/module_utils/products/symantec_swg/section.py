# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own section of a policy: written as CPL, and found again in the object and in what a device lists. No IO.

A device normalizes its listing: definitions are behind the rules, conditions and properties change places, and allow may stand for exception(no) (guide,
page 22). So what is in force is compared by what it means.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, PatternError, parse, sort_key,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.cpl import (
    Test, header_of, host_pattern, lines, test_of, tokens, unquoted, whole_host,
)

ALLOW, EXEMPT = "allow", "exempt"
_LAYERS = {ALLOW: "Proxy", EXEMPT: "SSL-Intercept"}
_TRIGGERS = {DOMAIN: "url.domain=%s", SUBDOMAINS: "url.host.suffix=.%s", EXACT: "url.host.exact=%s"}
_HEADER = "; Managed by netaccess.chatgpt. A run restores its own rules and keeps what others added; state replaced removes that."
_EMPTY = "; Managed by netaccess.chatgpt. Nothing is allowed or exempt."
_HINT = re.compile(r";\s*for (\S+)\s*\Z")


def condition_name(prefix: str, part: str) -> str:
    """Name of our definition of a part (ALLOW or EXEMPT)."""
    return "netaccess_%s_%s" % (re.sub(r"[^a-z0-9]+", "_", prefix.lower()).strip("_"), part)


def listed(values: Iterable[str], quote: str = "") -> str:
    """One value as it is, several in brackets, of which one has to fit."""
    texts = ["%s%s%s" % (quote, value, quote) for value in values]
    return texts[0] if len(texts) == 1 else "(%s)" % ", ".join(texts)


def rule_line(prefix: str, part: str, audience: list[str]) -> str:
    """The rule of a part. It never touches authentication, and the port keeps CONNECT to anything else where the site left it."""
    words = ["condition=%s" % condition_name(prefix, part)] + (["url.port=443"] if part == ALLOW else [])
    return " ".join(words + audience + ["ALLOW" if part == ALLOW else "ssl.forward_proxy(no)"])


def entry_line(part: str, entry: str, full: bool) -> str:
    """The line of a definition for an entry of ours: a pattern, or an unchanged line of another administrator.
    Without ``full`` the exemption has url.domain only, and a comment says what was meant."""
    try:
        pattern = parse(entry)
    except PatternError:
        return entry
    if part == ALLOW or full or pattern.kind == DOMAIN:
        return _TRIGGERS[pattern.kind] % pattern.name
    return "%s ; for %s" % (_TRIGGERS[DOMAIN] % pattern.name, pattern)


def _entry(line: str) -> str:
    hint = _HINT.search(line)
    words = tokens(line)
    test = test_of(words[0]) if len(words) == 1 else None
    if test is None or test.negated or not test.whole or len(test.values) != 1 or not whole_host(test.values[0]):
        return " ".join(words)
    pattern = host_pattern(test, test.values[0])
    if pattern is not None and hint:
        try:
            meant = parse(hint[1])
            pattern = meant if meant.name == pattern.name else pattern
        except PatternError:
            pass
    return " ".join(words) if pattern is None else str(pattern)


def _order(entry: str) -> tuple:
    try:
        return (0,) + sort_key(parse(entry))
    except PatternError:
        return (1, (entry,), "")


@dataclass
class Section:
    """What our section of a policy holds: ``members`` and ``rules`` by part, ``other`` the text that is not ours, as it stands.

    ``meanings`` are the lines of our definitions by part, as ``meaning`` has them.
    """

    members: dict = field(default_factory=dict)
    rules: dict = field(default_factory=lambda: {ALLOW: "", EXEMPT: ""})
    other: str = ""
    meanings: dict = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing is in it, of ours or of others."""
        return not (any(self.members.values()) or any(self.rules.values()) or self.other)

    @property
    def in_force(self) -> tuple:
        """What decides: the same here and in the policy that a device runs, in whatever order it lists it."""
        return tuple((part, self.meanings[part], meaning(self.rules[part])) for part in (ALLOW, EXEMPT) if self.meanings[part] and self.rules[part])


def meaning(line: str) -> tuple:
    """What a rule or a line of a definition says, whatever the order of its words: its tests and its properties."""
    words = tokens(line)
    tests = [test_of(word) for word in words]
    properties = frozenset(word.lower() for word, test in zip(words, tests) if test is None)
    allow = properties & {"allow()", "exception(no)"}
    return frozenset(_said(test) for test in tests if test), properties - allow | ({"allow"} if allow else set())


def _said(test: Test) -> tuple:
    hosts = [host_pattern(test, value) if whole_host(value) else None for value in test.values]
    values = frozenset(map(str, hosts)) if all(hosts) else frozenset(value.lower() for value in test.values)
    return "url" if all(hosts) and test.name.startswith("url.") else test.name, values, test.negated, test.whole


@lru_cache(8)
def read_section(text: str, prefix: str) -> Section:
    """Our definitions and rules in a text: of the section itself, or of the whole policy of a device. A rule with a guard around it is not ours."""
    names = {condition_name(prefix, part): part for part in (ALLOW, EXEMPT)}
    found = Section({ALLOW: set(), EXEMPT: set()}, meanings={ALLOW: set(), EXEMPT: set()})
    place, mine, theirs, other = _Place(), None, False, []
    for line in lines(text):
        words = tokens(line)
        if not words:
            continue
        head, name = words[0].lower(), unquoted(words[-1]).lower()
        if mine is not None:
            if head == "end":
                mine = None
            else:
                found.members[mine].add(_entry(line))
                found.meanings[mine].add(meaning(line))
        elif head == "define" and not theirs and words[1].lower() == "condition" and name in names:
            mine = names[name]
        elif theirs or head in ("define", "restrict"):
            other.append(line.strip())
            theirs = head != "end"
        elif place.enters(line):
            pass
        else:
            part = _part_of(words, names)
            if part is not None and not found.rules[part] and place.open_to(_LAYERS[part]):
                found.rules[part] = " ".join(words)
            else:
                other += place.unwritten() + [line.strip()]
    kept = {part: frozenset(entries) for part, entries in found.members.items()}
    return Section(kept, found.rules, "\n".join(other), meanings={part: frozenset(entries) for part, entries in found.meanings.items()})


def _part_of(words: list, names: dict) -> str | None:
    """The part whose condition a rule asks for."""
    tests = [test for test in map(test_of, words) if test and test.name == "condition" and not test.negated and len(test.values) == 1]
    return next((names[test.values[0].lower()] for test in tests if test.values[0].lower() in names), None)


class _Place:
    """In which layer a line stands, and whether a header around it narrows it."""

    def __init__(self):
        self._layer, self._section, self._waiting, self._conditional = None, None, [], 0

    def enters(self, line: str) -> bool:
        """Whether a line is the header of a layer or section, or a directive; it is then kept for the next line of others."""
        header, directive = header_of(line), line.lstrip().startswith("#")
        if header is None and not directive:
            return False
        if directive:
            self._conditional += {"#if": 1, "#endif": -1}.get(line.split()[0].lower(), 0)
            self._waiting.append(line.strip())
        elif header.layer:
            self._layer, self._section, self._waiting = header, None, [line.strip()]
        else:
            self._section = header
            self._waiting.append(line.strip())
        return True

    def open_to(self, layer: str) -> bool:
        """Whether a rule here counts for all that the layer of this name is about."""
        section = self._section is None or (self._section.kind == "rule" and self._section.bare)
        return self._layer is not None and self._layer.kind == layer.lower() and self._layer.bare and section and not self._conditional

    def unwritten(self) -> list:
        """The headers of others that are before a line of theirs, each once."""
        found, self._waiting = self._waiting, []
        return found


def write_section(prefix: str, members: dict[str, Iterable[str]], rules: dict[str, str], other: str, full: bool) -> str:
    """The text of our section. A part without entries has no definition and no rule; the text of others is at the end."""
    parts = [part for part in (EXEMPT, ALLOW) if members.get(part)]
    out = [_HEADER if parts else _EMPTY]
    for part in parts:
        name = condition_name(prefix, part)
        out.append("define condition %s" % name)
        out += ["  %s" % entry_line(part, entry, full) for entry in sorted(members[part], key=_order)]
        out += ["end condition %s" % name, ""]
    for part in parts:
        if rules.get(part):
            out += ["<%s>" % _LAYERS[part], "  %s" % rules[part], ""]
    return "\n".join(out + [other]).rstrip("\n") + "\n"
