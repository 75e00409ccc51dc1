# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expressions of Gateway policies: a reader, and what they are worth for one connection.

Syntax: the vendor's page "Gateway policy expressions"; ``not in`` is in use in public configurations. Of a regular expression every backslash stays but the
one before a quote, as in the vendor's parser of such expressions (wirefilter).
"""
from __future__ import annotations

import ipaddress
import re

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\$[A-Za-z0-9-]+|==|!=|>=|<=|&&|\|\||[(){}!<>]|[A-Za-z0-9_.:/*\[\]-]+)')
OPERATORS = {"==", "!=", "in", "matches", ">", ">=", "<", "<="}
#: Fields with several values, which need any().
ARRAYS = re.compile(r"\[\*\]")
FIELD = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+|\[\*\])*")


class BadExpression(ValueError):
    pass


def tokens(text: str) -> list:
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise BadExpression(text[at:at + 20])
        found.append({"&&": "and", "||": "or", "!": "not"}.get(match.group(1), match.group(1)))
        at = match.end()
    return found


class Expression:
    """``text`` parsed. ``fields`` and ``lists`` that it names; ``true(values)`` for one connection."""

    def __init__(self, text: str, lists: dict):
        self._known, self._left = lists, tokens(text)
        self.fields, self.lists = set(), {}
        self._tree = self._any_of() if self._left else None
        if self._left:
            raise BadExpression(" ".join(self._left))

    def true(self, values) -> bool:
        """``values(field)`` gives the list of a connection's values of that field."""
        return self._tree is None or self._tree(values)

    def _take(self, *expected) -> str:
        if not self._left or (expected and self._left[0] not in expected):
            raise BadExpression("expected %s" % (expected or "more",))
        return self._left.pop(0)

    def _any_of(self):
        parts = [self._all_of()]
        while self._left[:1] == ["or"]:
            self._take()
            parts.append(self._all_of())
        return lambda values: any(part(values) for part in parts)

    def _all_of(self):
        parts = [self._unit()]
        while self._left[:1] == ["and"]:
            self._take()
            parts.append(self._unit())
        return lambda values: all(part(values) for part in parts)

    def _unit(self):
        head = self._take()
        if head == "not":
            inner = self._unit()
            return lambda values: not inner(values)
        if head == "(":
            inner = self._any_of()
            self._take(")")
            return inner
        if head == "any":
            self._take("(")
            field = self._take()
            if not ARRAYS.search(field):
                raise BadExpression("any() over %s" % field)
            inner = self._comparison(field)
            self._take(")")
            return inner
        if ARRAYS.search(head):
            raise BadExpression("%s needs any()" % head)
        if self._left[:1] in ([], [")"], ["and"], ["or"]):
            self._named(head)
            return lambda values: any(values(head))
        return self._comparison(head)

    def _named(self, field: str) -> None:
        if not FIELD.fullmatch(field):
            raise BadExpression(field)
        self.fields.add(field)

    def _comparison(self, field: str):
        self._named(field)
        negated = self._left[:1] == ["not"] and bool(self._take())
        operator = self._take(*(OPERATORS if not negated else {"in"}))
        if operator == "in" and self._left[:1] == ["{"]:
            self._take()
            right = []
            while self._left[:1] != ["}"]:
                right.append(self._take())
            self._take()
        else:
            right = [self._take()]
        if operator == "in" and right[0].startswith("$"):
            key = right[0][1:]
            if key not in self._known:
                raise BadExpression("unknown list %s" % key)
            self.lists[key] = field
        plain = [_text(one, operator == "matches") for one in right]
        if operator == "matches":
            re.compile(plain[0])

        def test(values) -> bool:
            wanted = self._known[plain[0][1:]] if right[0].startswith("$") else plain
            inverted = operator == "!=" or negated
            if ARRAYS.search(field):
                return any(_compare(value, operator, wanted) != inverted for value in values(field))
            hit = any(_compare(value, operator, wanted) for value in values(field))
            return hit != inverted
        return test


def _text(token: str, regex: bool) -> str:
    if not token.startswith('"'):
        return token
    return re.sub(r"\\(.)", lambda found: found.group(1) if found.group(1) == '"' or not regex else found.group(0), token[1:-1])


def _compare(value, operator: str, wanted) -> bool:
    if operator in ("in", "==", "!="):
        return any(_same(value, one) for one in wanted)
    if operator == "matches":
        return re.search(wanted[0], str(value)) is not None
    number = float(wanted[0])
    return {">": value > number, ">=": value >= number, "<": value < number, "<=": value <= number}[operator]


def _same(value, one: str) -> bool:
    if isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        try:
            return value in ipaddress.ip_network(one, strict=False)
        except ValueError:
            return False
    return str(value) == str(one)


def formatted(text: str) -> str:
    """As the API stores it. Sources say that it formats expressions and not how. guess: signs for words, single values compared, blanks, brackets."""
    try:
        found = tokens(text)
    except BadExpression:
        return text
    out = []
    while found:
        one = found.pop(0)
        if one == "in" and out[-1:] != ["not"] and found[:1] == ["{"] and found[2:3] == ["}"]:
            out += ["==", found[1]]
            del found[:3]
        else:
            out.append(one)
    text = " ".join(out)
    text = re.sub(r"([({]) ", r"\1", re.sub(r" ([)}])", r"\1", text))
    return re.sub(r"\b(any|not) \(", r"\1(", text)
