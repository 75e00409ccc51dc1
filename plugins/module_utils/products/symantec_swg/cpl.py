# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content Policy Language: our own section, written and read back, and the policy of a site as layers, rules and definitions. No IO.

Grammar and matching: the Content Policy Language guide (layers and their guards, definitions, url.domain, url.host); the place of client.address and of
conditions made of url.domain in <SSL-Intercept>: policy that the vendor's editor generated.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Pattern, PatternError, parse, sort_key,
)

ALLOW, EXEMPT = "allow", "exempt"
_LAYERS = {ALLOW: "Proxy", EXEMPT: "SSL-Intercept"}
_TRIGGERS = {DOMAIN: "url.domain=%s", SUBDOMAINS: "url.host.suffix=.%s", EXACT: "url.host.exact=%s"}
_HEADER = "; Managed by netaccess.chatgpt. What is changed here by hand is changed back."
_EMPTY = "; Managed by netaccess.chatgpt. Nothing is allowed or exempt."
_HINT = re.compile(r";\s*for (\S+)\s*\Z")


@dataclass(frozen=True)
class Test:
    """One condition of a rule: ``name`` in lower case, ``values`` without quotes; ``negated`` by an exclamation mark before the name or the value."""

    name: str
    values: tuple
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """``actions`` in lower case: allow, force_deny, exception(...), ssl.forward_proxy(no); ``text`` as it stands."""

    tests: tuple
    actions: tuple
    text: str


@dataclass(frozen=True)
class Layer:
    """``kind`` in lower case: proxy, ssl-intercept; the tests of its guard are a part of every rule."""

    kind: str
    rules: tuple


@dataclass
class Policy:
    """``conditions`` and ``categories``: name in lower case to the lines of a definition, each a tuple of Tests; one line is enough."""

    conditions: dict = field(default_factory=dict)
    categories: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)


# -- reading any policy --------------------------------------------------------------------------------------------


def tokens(line: str) -> list[str]:
    """The words of a line, quoted text and parentheses kept together, the comment left out."""
    found, word, quote, depth = [], "", "", 0
    for char in line:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ";":
            break
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char.isspace() and depth <= 0:
            found.append(word)
            word = ""
            continue
        word += char
    return [one for one in found + [word] if one]


def _test(word: str):
    """A Test, or None for an action. A name is followed by an equals sign before any parenthesis."""
    found = re.match(r"(!?)([A-Za-z][\w.-]*)=(.*)\Z", word, re.S)
    if not found:
        return None
    values = found[3].strip()
    negated = bool(found[1]) or values.startswith("!")
    values = values.lstrip("!")
    if values.startswith("(") and values.endswith(")"):
        values = values[1:-1]
    parts = [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^,]+", values)]
    return Test(found[2].lower(), tuple(part for part in parts if part), negated)


def _rule(words: list, guard: tuple, text: str) -> Rule:
    tests = [_test(word) for word in words]
    return Rule(guard + tuple(test for test in tests if test), tuple(word.lower() for word, test in zip(words, tests) if test is None), text)


def read(text: str) -> Policy:
    """The layers and definitions of a policy file. What is neither is left out."""
    policy, block, section, guard, kind, rules = Policy(), None, "", (), None, []

    def close():
        if kind is not None:
            policy.layers.append(Layer(kind, tuple(rules)))

    for line in text.splitlines():
        words = tokens(line)
        if not words:
            continue
        head = words[0].lower()
        if block is not None:
            if head == "end":
                block = None
            elif block[0] is not None:
                tests = [_test(word) for word in words]
                block[0].append(tuple(test for test in tests if test) or (Test(block[1], (words[0],)),))
            continue
        if head == "define" and len(words) > 2:
            what, name = " ".join(words[1:-1]).lower(), words[-1].lower()
            known = policy.conditions if what.endswith("condition") else policy.categories if what == "category" else None
            block = (None if known is None else known.setdefault(name, []), "url.domain" if what != "condition" else "")
            continue
        layer = re.match(r"\s*<([\w-]+)[^>]*>(.*)\Z", line)
        if layer:
            close()
            kind, rules, section = layer[1].lower(), [], ""
            guard = tuple(test for test in map(_test, tokens(layer[2])) if test)
        elif head.startswith("["):
            section = head.strip("[]")
        elif kind is not None:
            if section.startswith("url") and _test(words[0]) is None:
                words = ["%s=%s" % (section, words[0])] + words[1:]
            rules.append(_rule(words, guard, " ".join(tokens(line))))
    close()
    return policy


@lru_cache(maxsize=65536)
def host_pattern(test: Test, value: str) -> Pattern | None:
    """The Pattern that one value of a test about hosts stands for, or None when it is about something else or only about a part of a host."""
    value = re.sub(r"^([a-z]+:)?//", "", value.lower())
    name = value.split("/")[0].split(":")[0].lstrip(".")
    kinds = {"url.domain": DOMAIN, "server_url.domain": DOMAIN, "url.host": EXACT, "url.host.exact": EXACT}
    # Without decryption the name in the certificate is all that there is; a dot in front is the domain (article 165956).
    kinds.update({"server.certificate.hostname.exact": EXACT, "server.certificate.hostname": DOMAIN if value.startswith(".") else EXACT})
    if test.name == "url.host.suffix" and value.startswith("."):
        kinds["url.host.suffix"] = SUBDOMAINS
    try:
        return Pattern(parse(name).name, kinds[test.name]) if test.name in kinds else None
    except PatternError:
        return None


# -- our own section -----------------------------------------------------------------------------------------------


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
    """The line of a definition for an entry of ours: a pattern, or a line of somebody else as it stood. Without ``full`` the exemption has url.domain alone,
    and a comment says what was meant."""
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
    test = _test(words[0]) if len(words) == 1 else None
    if test is None or test.negated or len(test.values) != 1 or "/" in test.values[0]:
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

    ``lines`` are the definitions without comments, as a device would show them.
    """

    members: dict = field(default_factory=dict)
    rules: dict = field(default_factory=lambda: {ALLOW: "", EXEMPT: ""})
    other: str = ""
    lines: dict = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing stands in it, of ours or of others."""
        return not (any(self.members.values()) or any(self.rules.values()) or self.other)

    @property
    def in_force(self) -> tuple:
        """What decides: the same here and in the policy that a device runs."""
        return tuple((part, self.lines[part], self.rules[part]) for part in (ALLOW, EXEMPT) if self.lines[part] and self.rules[part])


def read_section(text: str, prefix: str) -> Section:
    """Our definitions and rules in a text: of the section itself, or of the whole policy of a device."""
    names = {condition_name(prefix, part): part for part in (ALLOW, EXEMPT)}
    members, lines, rules = {ALLOW: set(), EXEMPT: set()}, {ALLOW: set(), EXEMPT: set()}, {ALLOW: "", EXEMPT: ""}
    mine, theirs, header, written, other = None, False, "", True, []
    for line in text.splitlines():
        words = tokens(line)
        if not words:
            continue
        shown, head = " ".join(words), words[0].lower()
        if mine is not None:
            if head == "end":
                mine = None
            else:
                members[mine].add(_entry(line))
                lines[mine].add(shown)
        elif theirs or head == "define":
            if head == "define" and words[-1] in names:
                mine = names[words[-1]]
                continue
            other.append(line.strip())
            theirs = head != "end"
        elif head.startswith("<"):
            header, written = shown, False
        else:
            part = next((names[word[10:]] for word in words if word.startswith("condition=") and word[10:] in names), None)
            if part is not None and not rules[part] and header == "<%s>" % _LAYERS[part]:
                rules[part] = shown
                continue
            if header and not written:
                other.append(header)
                written = True
            other.append(line.strip())
    return Section({part: frozenset(entries) for part, entries in members.items()}, rules, "\n".join(other),
                   lines={part: frozenset(entries) for part, entries in lines.items()})


def write_section(prefix: str, members: dict[str, Iterable[str]], rules: dict[str, str], other: str, full: bool) -> str:
    """The text of our section. A part without entries has no definition and no rule; the text of others stands at the end."""
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
