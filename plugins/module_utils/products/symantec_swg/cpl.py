# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content Policy Language: the policy of a site as layers, rules and definitions. No IO.

Grammar and matching: the Content Policy Language guide (pages 22 to 50: layers, sections and their guards, continued lines, definitions, and how a device
normalizes its listing); the place of client.address and of conditions made of url.domain in <SSL-Intercept>: policy that the vendor's editor generated.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Callable, Iterable, Iterator, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Pattern, PatternError, parse,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.columns import (
    LAYERS, PATTERN_SECTIONS, SECTIONS, VERDICTS,
)

#: A layer's header: its kind, what else the brackets hold, the guard.
_LAYER = re.compile(r"\s*<\s*([\w-]+)((?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>(.*)\Z", re.S)
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)((?:\"[^\"]*\"|'[^']*'|[^\]\"'])*)\](.*)\Z", re.S)
#: Surroundings of a rule that nobody evaluates; each makes what is in it uncertain.
_CONDITIONAL, _CALLED, _OUTSIDE = "#if", "define policy", "(outside of a layer)"


@dataclass(frozen=True)
class Test:
    """One condition of a rule: ``name`` in lower case, ``values`` without quotes, of which one has to fit; ``negated`` by an exclamation mark before the name
    or the value. ``whole`` is false where that is not all that it says."""

    name: str
    values: tuple
    negated: bool = False
    whole: bool = True


@dataclass(frozen=True)
class Rule:
    """``actions`` are its properties in lower case, those of guards included: allow, force_deny, exception(...), ssl.forward_proxy(no).

    ``text`` as it stands, with its guards; ``marks`` name surroundings that are not known.
    """

    tests: tuple
    actions: tuple
    text: str
    marks: tuple = ()


@dataclass(frozen=True)
class Layer:
    """``kind`` in lower case: proxy, ssl-intercept; ``called`` is a definition that a rule of any layer may call. Guards are a part of every rule."""

    kind: str
    rules: tuple
    called: bool = False


@dataclass
class Policy:
    """``conditions`` and ``categories``: name in lower case to the lines of a definition, each a tuple of Tests; one line is enough.

    ``subnets``: name to addresses; ``actions``: name to lines; ``policies``: names.
    """

    conditions: dict = field(default_factory=dict)
    categories: dict = field(default_factory=dict)
    subnets: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    policies: set = field(default_factory=set)
    layers: list = field(default_factory=list)


def lines(text: str) -> Iterator[str]:
    """Lines; a backslash behind a blank continues one, in its comment too (guide, page 23)."""
    held = ""
    for line in re.split(r"\r\n|\r|\n", text):
        if re.search(r"(\A|\s)\\\Z", line):
            held += line[:-1]
            continue
        yield held + line
        held = ""
    yield held


@lru_cache(4096)
def tokens(line: str) -> tuple[str, ...]:
    """The words of a line, quoted text and parentheses kept together, the comment left out: a semicolon behind a blank (guide, page 21).

    A quote or parenthesis that is left open is a word of its own at the end, which is unknown.
    """
    found, word, quote, depth = [], "", "", 0
    for char in line:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ";" and (not word or word[-1].isspace()):
            break
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char.isspace() and depth <= 0:
            found.append(word)
            word = ""
            continue
        word += char
    return tuple(one for one in [*found, word, "left-open" if quote or depth else ""] if one)


@lru_cache(4096)
def test_of(word: str) -> Test | None:
    """A Test, or None for a property. A name is followed by an equals sign before any parenthesis."""
    found = re.match(r"(!?)([A-Za-z][\w.-]*)=(.*)\Z", word, re.S)
    if not found:
        return None
    inner = found[3].strip()
    bangs = len(inner) - len(inner.lstrip("!"))
    inner = inner[bangs:].strip()
    bracket = inner.startswith("(") and inner.endswith(")")
    # Alternatives are apart by a comma, a blank or two strokes (guide, page 23); what else there is, is not taken apart.
    parts = [part for part in re.findall(r"(?:\"[^\"]*\"|'[^']*'|[^\s,\"'])+", inner[1:-1] if bracket else inner) if part != "||"]
    values = tuple(value for value in map(unquoted, parts) if value)
    whole = bool(values) and bangs + len(found[1]) < 2 and all(map(_plain, parts))
    return Test(found[2].lower(), values, negated=bool(found[1] or bangs), whole=whole)


def unquoted(word: str) -> str:
    """A word without the quotes around it."""
    return word.strip().strip("\"'")


def _plain(part: str) -> bool:
    """Whether a part of a pattern is one value: all of it in quotes, or without quotes and operators."""
    return bool(re.match(r"(\"[^\"]+\"|'[^']+'|(?!!)(?!.*(&&|\|\|))[^\"'()]+)\Z", part, re.S))


def split_property(word: str) -> tuple:
    """(name, value) of a property: ("exception", "policy_denied"); the value of a bare word is empty."""
    name, _bracket, rest = word.partition("(")
    return name.strip(), unquoted(rest.rstrip(")"))


@dataclass(frozen=True)
class Header:
    """The header of a layer, or of a section: ``kind`` in lower case, the words of its ``guard``. ``known``: nothing else is in it."""

    layer: bool
    kind: str
    guard: tuple
    known: bool

    @property
    def bare(self) -> bool:
        """Whether it narrows nothing and sets nothing."""
        return self.known and not self.guard


def header_of(line: str) -> Header | None:
    """The Header that a line is, or None."""
    layer = _LAYER.match(line)
    found = layer or _SECTION.match(line)
    if not found:
        return None
    kind, label, guard = found[1].lower(), re.sub(r"\"[^\"]*\"|'[^']*'", "", found[2]), tuple(tokens(found[3]))
    return Header(layer=bool(layer), kind=kind, guard=guard, known=kind in (LAYERS if layer else SECTIONS) and "=" not in label)


@dataclass(frozen=True)
class _Guard:
    """The tests and properties of a header, and what of it is not known."""

    tests: tuple = ()
    actions: tuple = ()
    text: str = ""
    marks: tuple = ()

    @classmethod
    def of(cls, words: Iterable, text: str, mark: str = "") -> _Guard:
        tests = [test_of(word) for word in words]
        actions = tuple(word.lower() for word, test in zip(words, tests) if test is None)
        return cls(tests=tuple(test for test in tests if test), actions=actions, text=text if words else "", marks=(mark,) if mark else ())

    def around(self, inner: _Guard) -> _Guard:
        """Both together; a property that the inner one sets is not taken from the outer one (guide, pages 24 and 25)."""
        said = {_same_property(word) for word in inner.actions}
        kept = tuple(word for word in self.actions if _same_property(word) not in said or word.startswith("force_"))
        texts = [part for part in (inner.text, self.text) if part]
        return _Guard(tests=self.tests + inner.tests, actions=kept + inner.actions, text=" in ".join(texts), marks=self.marks + inner.marks)


def _same_property(word: str) -> str:
    name = split_property(word)[0]
    return "allow" if name in VERDICTS else name


class _Reader:
    """Takes the lines of a policy, one after the other."""

    def __init__(self):
        self.policy = Policy()
        self._kind, self._rules, self._saved = "", [], None
        self._layer, self._section, self._section_name, self._conditional = _Guard(), _Guard(), "", 0
        #: The definition that is open: a function that takes the words of a line.
        self._block = None

    def take(self, line: str) -> None:
        words = tokens(line)
        if not words:
            return
        head = words[0].lower()
        if head.startswith("#"):
            self._directive(head, line)
        elif self._block is not None:
            if head == "end":
                self._block = None
            else:
                self._block([*words, *[_CONDITIONAL] * bool(self._conditional)])
        elif head == "end" and self._saved is not None:
            self._close()
            (self._kind, self._rules, self._layer, self._section, self._section_name), self._saved = self._saved, None
        elif head == "define" and len(words) > 2:
            self._define(" ".join(words[1:-1]).lower(), unquoted(words[-1]).lower())
        elif head == "restrict":
            self._block = bool
        elif header_of(line):
            self._enter(header_of(line), " ".join(words))
        else:
            self._rule(words, line)

    def finish(self) -> Policy:
        self._close()
        if self._saved is not None:
            (self._kind, self._rules, *_guards), self._saved = self._saved, None
            self._close()
        return self.policy

    def _enter(self, header: Header, text: str) -> None:
        if header.layer:
            self._close()
            self._kind, self._section, self._section_name = header.kind, _Guard(), ""
            self._layer = _Guard.of(header.guard, text, "" if header.known else "<%s>" % header.kind)
        else:
            self._section_name = header.kind
            self._section = _Guard.of(header.guard, text, "" if header.known else "[%s]" % header.kind)

    def _close(self) -> None:
        if self._rules:
            self.policy.layers.append(Layer(self._kind, tuple(self._rules), self._saved is not None))
        self._rules = []

    def _rule(self, words: Sequence, line: str) -> None:
        if self._section_name in PATTERN_SECTIONS and test_of(words[0]) is None:
            words = ["%s=%s" % (self._section_name, words[0]), *words[1:]]
        marks = (_CONDITIONAL,) * bool(self._conditional) + (_CALLED,) * (self._saved is not None) + (_OUTSIDE,) * (not self._kind)
        own = _Guard.of(words, " ".join(tokens(line)))
        whole = self._layer.around(self._section).around(replace(own, marks=marks))
        self._rules.append(Rule(tests=whole.tests, actions=whole.actions, text=whole.text, marks=whole.marks))

    def _directive(self, head: str, line: str) -> None:
        if head == "#if":
            self._conditional += 1
        elif head == "#endif":
            self._conditional -= 1
        elif not head.startswith("#el"):
            # It may bring in anything, layers behind this one too.
            self.policy.layers.append(Layer("", (Rule(tests=(), actions=(head,), text=line.strip(), marks=(_OUTSIDE,)),)))

    def _define(self, what: str, name: str) -> None:
        policy = self.policy
        if what.split()[-1] == "policy":
            self._saved = self._kind, self._rules, self._layer, self._section, self._section_name
            self._kind, self._rules, self._layer, self._section, self._section_name = what[:-6].strip() or "proxy", [], _Guard(), _Guard(), ""
            policy.policies.add(name)
        elif what.endswith("condition"):
            self._block = _lines_into(policy.conditions.setdefault(name, []), what[:-9].strip())
        elif what == "category":
            self._block = _lines_into(policy.categories.setdefault(name, []), "url.domain")
        elif what == "subnet":
            self._block = policy.subnets.setdefault(name, []).extend
        else:
            self._block = policy.actions.setdefault(name, []).append if what == "action" else bool


def _lines_into(found: list, trigger: str) -> Callable:
    """Takes lines of a condition; those of one that is named by a trigger begin with a pattern."""
    def take(words: Sequence) -> None:
        first = test_of(words[0])
        if trigger and first is None:
            first = test_of("%s=%s" % (trigger, words[0]))
        tests = [first] + [test_of(word) for word in words[1:]]
        # What is no test is nothing that anyone could evaluate.
        found.append(tuple(test or Test(word.lower(), (), whole=False) for word, test in zip(words, tests)))
    return take


def read(text: str) -> Policy:
    """The layers and definitions of a policy file. What stands outside of both is a rule of a layer that is not known."""
    reader = _Reader()
    for line in lines(text):
        reader.take(line)
    return reader.finish()


_NAMED = {"url.domain": DOMAIN, "server_url.domain": DOMAIN, "url.host": EXACT, "url.host.exact": EXACT}


@lru_cache(maxsize=65536)
def host_pattern(test: Test, value: str) -> Pattern | None:
    """The Pattern that one value of a test about hosts stands for, or None when it is about something else or only about a part of a host."""
    value = re.sub(r"^([a-z]+:)?//", "", value.lower())
    name = value.split("/")[0].split(":")[0].lstrip(".")
    kinds = dict(_NAMED)
    # Without decryption the name in the certificate is all that there is; a dot in front is the domain (article 165956).
    kinds.update({"server.certificate.hostname.exact": EXACT, "server.certificate.hostname": DOMAIN if value.startswith(".") else EXACT})
    if test.name == "url.host.suffix" and value.startswith("."):
        kinds["url.host.suffix"] = SUBDOMAINS
    try:
        return Pattern(parse(name).name, kinds[test.name]) if test.name in kinds else None
    except PatternError:
        return None


def whole_host(value: str) -> bool:
    """Whether a value of a test about hosts says nothing of a scheme, a port or a path."""
    return bool(re.match(r"(//)?[^/:]+/?\Z", value))
