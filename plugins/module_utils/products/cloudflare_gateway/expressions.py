# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of Gateway policies: one form for those that mean the same, and what they say in three values. No IO.

Syntax: the vendor's page "Gateway policy expressions". The API formats what it stores, so texts are compared in the form that ``canonical`` gives.
"""
from __future__ import annotations

import functools
import re
from typing import Callable, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, SURE, Hits, opposite

_TOKEN = re.compile(r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<list>\$(?:\{[^}]*\}|[A-Za-z0-9_.-]+))"""
                    r"""|(?P<sign>==|!=|>=|<=|&&|\|\||[(){}!<>~])|(?P<word>[A-Za-z0-9_.:/*\[\]-]+))""")
_WORDS = {"&&": "and", "||": "or", "!": "not", "~": "matches", "eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_KEYWORDS = ("and", "or", "not", "in", "any")
_COMPARE = ("==", "!=", ">", ">=", "<", "<=", "matches", "in")


class Opaque(ValueError):
    """An expression that is not understood."""


def parse(text: str) -> tuple:
    """A tree: ("all",) for an empty text, ("and" | "or", nodes...), ("not", node), or ("test", field, op, values).

    ``op`` is in, matches, >, >=, < or <=; not in, for a field with several values; is, for a field that stands alone. A field with several values has
    ``[*]``. ``values`` are texts as written, strings in their quotes, a list as ``$id`` or ``${name}``.

    :raises Opaque: for anything else.
    """
    if not text.strip():
        return ("all",)
    parser = _Parser(text)
    tree = parser.either()
    if parser.next is not None:
        raise Opaque(text)
    return tree


class _Parser:
    def __init__(self, text: str):
        self._text, self._at, self.next = text, 0, None
        self.take()

    def take(self):
        """The token at hand; the one after it becomes ``next``."""
        token, found = self.next, _TOKEN.match(self._text, self._at)
        if found is None:
            if self._text[self._at:].strip():
                raise Opaque(self._text)
            self.next = None
        else:
            self._at = found.end()
            word = found.group(0).strip()
            self.next = _WORDS.get(word, word)
        return token

    def expect(self, word: str) -> None:
        if self.take() != word:
            raise Opaque(self._text)

    def either(self):
        return self._several("or", self.both)

    def both(self):
        return self._several("and", self.one)

    def _several(self, word: str, part):
        nodes = [part()]
        while self.next == word:
            self.take()
            nodes.append(part())
        flat = []
        for node in nodes:
            flat += node[1:] if node[0] == word else [node]
        unique = sorted(set(flat), key=render)
        return unique[0] if len(unique) == 1 else (word,) + tuple(unique)

    def one(self):
        if self.next == "not":
            self.take()
            node = self.one()
            return node[1] if node[0] == "not" else ("not", node)
        if self.next == "(":
            self.take()
            node = self.either()
            self.expect(")")
            return node
        if self.next == "any":
            self.take()
            self.expect("(")
            node = self.test()
            self.expect(")")
            return node
        return self.test()

    def test(self):
        field, negated = self.take(), False
        if field is None or field in _KEYWORDS or not re.match(r"[a-z]", field):
            raise Opaque(self._text)
        if self.next in (None, ")", "and", "or"):
            return ("test", field, "is", ())
        op = self.take()
        if op == "not" and self.next == "in":
            negated, op = True, self.take()
        if op not in _COMPARE:
            raise Opaque(self._text)
        values = self._values()
        if op in ("==", "!="):
            negated, op = op == "!=", "in"
        if negated and "[*]" in field:
            # That any of several values is another one is not that none of them is this one.
            return ("test", field, "not in", values)
        node = ("test", field, op, values)
        return ("not", node) if negated else node

    def _values(self) -> tuple:
        if self.next != "{":
            value = self.take()
            if value is None or value in "(){}":
                raise Opaque(self._text)
            return (value,)
        self.take()
        values = set()
        while self.next != "}":
            if self.next is None:
                raise Opaque(self._text)
            values.add(self.take())
        self.take()
        return tuple(sorted(values))


def render(node: tuple) -> str:
    """A tree as an expression."""
    kind = node[0]
    if kind == "all":
        return ""
    if kind == "not":
        return "not(%s)" % render(node[1])
    if kind in ("and", "or"):
        return (" %s " % kind).join("(%s)" % render(one) if one[0] in ("and", "or") else render(one) for one in node[1:])
    _kind, field, op, values = node
    right = values[0] if op not in ("in", "not in", "is") or (len(values) == 1 and values[0].startswith("$")) else "{%s}" % " ".join(values)
    text = field if op == "is" else "%s %s %s" % (field, op, right)
    return "any(%s)" % text if "[*]" in field else text


def canonical(text: str | None) -> str:
    """The one form of an expression; of one that is not understood, its text with single blanks."""
    tree = tree_of(text)
    return " ".join(text.split()) if tree is None else render(tree)


@functools.lru_cache(maxsize=65536)
def tree_of(text: str | None) -> tuple | None:
    """The tree of an expression, or None for one that is not understood."""
    try:
        return parse(text or "")
    except Opaque:
        return None


def tests(node: tuple) -> Iterator[tuple]:
    """Every test of a tree."""
    if node[0] == "test":
        yield node
        return
    for one in node[1:]:
        yield from tests(one)


def level(node: tuple | None, judge: Callable[[str, str, tuple], int]) -> int:
    """SURE, MAY or NO: whether a tree is true for all, some or none of something, where ``judge(field, op, values)`` says so of each test."""
    if node is None:
        return MAY
    if node[0] == "all":
        return SURE
    if node[0] == "not":
        return opposite(level(node[1], judge))
    if node[0] in ("and", "or"):
        return (min if node[0] == "and" else max)(level(one, judge) for one in node[1:])
    return judge(*node[1:])


def hits(node: tuple | None, wanted: frozenset, judge: Callable[[str, str, tuple], Hits]) -> Hits:
    """Of which of the wanted patterns a tree is true, where ``judge(field, op, values)`` says so of each test: ``level`` for all of them at once."""
    if node is None:
        return Hits(may=wanted)
    if node[0] == "all":
        return Hits(wanted)
    if node[0] == "not":
        found = hits(node[1], wanted, judge)
        return Hits(wanted - found.all, found.may)
    if node[0] in ("and", "or"):
        parts = [hits(one, wanted, judge) for one in node[1:]]
        join = frozenset.intersection if node[0] == "and" else frozenset.union
        sure = join(*(part.sure for part in parts))
        return Hits(sure, join(*(part.all for part in parts)) - sure)
    return judge(*node[1:])


def quoted(values: Iterable[str]) -> str:
    """A set of strings, as it is behind ``in``."""
    return "{%s}" % " ".join(sorted('"%s"' % value.replace("\\", "\\\\").replace('"', '\\"') for value in values))


def unquoted(value: str) -> str:
    """The text inside a quoted string, with any escape that is not known as it stands; any other value as it stands."""
    return re.sub(r"\\([\\\"])", r"\1", value[1:-1]) if value.startswith('"') else value


def regex_of(value: str) -> str:
    """The regular expression inside a quoted string. There a backslash escapes a quote; before anything else it belongs to the expression."""
    return re.sub(r"\\(.)", lambda found: '"' if found.group(1) == '"' else found.group(0), value[1:-1])
