# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translates POSIX extended regular expressions, as glibc reads them for Squid, for Python's ``re``. Pure."""
from __future__ import annotations

import re

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "blank": r" \t", "punct": r"!-/:-@\[-`{-~",
    "print": r"\x20-\x7e", "graph": r"\x21-\x7e", "cntrl": r"\x00-\x1f\x7f", "xdigit": "0-9A-Fa-f"}
#: GNU extensions after a backslash.
_GNU = {"<": r"\b(?=\w)", ">": r"\b(?<=\w)", "w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "b": r"\b", "B": r"\B", "`": r"\A", "'": r"\Z"}
_INTERVAL = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
#: Unambiguous repetitions: words that begin with different characters, and a repeated part next to a character that it cannot match.
_WORDS = re.compile(r"\((?:\\\W|[\w-])+(?:\|(?:\\\W|[\w-])+)*\)\Z")
_REPEATED = r"(\[\^?[^][\\]+\])(?:[+*]|\{[0-9,]+\})"
_SEPARATED = re.compile(r"\((?:%s\\(\W)|\\(\W)%s)\)\Z" % (_REPEATED, _REPEATED))


def translated(pattern: str) -> str:
    """``pattern`` for ``re``, without capturing groups. :raises ValueError: if glibc refuses it, or if Python cannot express it or would take too long."""
    out: list = []
    opened: list = []
    # Where the last atom begins in ``out`` and in ``pattern``: a second quantifier repeats all of it, and does not mean "as few as possible".
    atom, begins, at = None, 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char in "*+?" or char == "{":
            if atom is None:
                raise ValueError("nothing to repeat in %r" % pattern)
            whole = pattern[begins:at]
            times, at = _times(pattern, at)
            if times not in ("?", "{0,1}", "{1}") and _ambiguous(whole):
                raise ValueError("a repetition in a repetition in %r" % pattern)
            out[atom:] = ["(?:%s)%s" % ("".join(out[atom:]), times)]
            continue
        at += 1
        if char == "(":
            opened.append((len(out), at - 1))
            out.append("(?:")
            atom = None
        elif char == ")":
            if not opened:
                raise ValueError("an unmatched closing parenthesis in %r" % pattern)
            atom, begins = opened.pop()
            out.append(")")
        elif char == "|":
            out.append("|")
            atom = None
        elif char in "^$":
            out.append(r"\A" if char == "^" else r"\Z")
            atom = None
        else:
            begins = at - 1
            text, at = _atom(pattern, begins)
            atom = len(out)
            out.append(text)
    if opened:
        raise ValueError("an unmatched opening parenthesis in %r" % pattern)
    return "".join(out)


def _ambiguous(part: str) -> bool:
    """Whether ``part``, repeated, can match a text in so many ways that Python, which tries all, does not finish. glibc does."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\[:[a-z]+:\]|[^]])*\]", "", part)
    if not set("*+{|") & set(bare[1:]):
        return False
    if _WORDS.match(part):
        firsts = [word[:2] if word[0] == "\\" else word[0] for word in part[1:-1].split("|")]
        return len(set(firsts)) < len(firsts)
    apart = _SEPARATED.match(part)
    if not apart:
        return True
    repeated, separator = (apart[1], apart[2]) if apart[1] else (apart[4], apart[3])
    return re.match(_bracket(repeated, 1)[0], separator) is not None


def _times(pattern: str, at: int) -> tuple:
    if pattern[at] != "{":
        return pattern[at], at + 1
    found = _INTERVAL.match(pattern, at)
    if not found or not (found[1] or found[3]):
        raise ValueError("an invalid interval in %r" % pattern)
    return "{%s%s%s}" % (found[1] or "0", found[2], found[3]), found.end()


def _atom(pattern: str, at: int) -> tuple:
    """(one character or bracket expression for Python, the index of the next one)"""
    char = pattern[at]
    if char == ".":
        return "(?s:.)", at + 1
    if char == "[":
        return _bracket(pattern, at + 1)
    if char != "\\":
        return re.escape(char), at + 1
    if at + 1 == len(pattern) or pattern[at + 1] in "123456789":
        raise ValueError("an unsupported backslash sequence in %r" % pattern)
    return _GNU.get(pattern[at + 1], re.escape(pattern[at + 1])), at + 2


def _bracket(pattern: str, at: int) -> tuple:
    turned = pattern[at:at + 1] == "^"
    at += turned
    out, first = ["[^" if turned else "["], at
    while True:
        char = pattern[at:at + 1]
        if not char or pattern[at:at + 2] in ("[.", "[="):
            raise ValueError("an unsupported bracket expression in %r" % pattern)
        if char == "]" and at > first:
            return "".join(out) + "]", at + 1
        if pattern[at:at + 2] == "[:":
            name, end, _rest = pattern[at + 2:].partition(":]")
            if not end or name not in _CLASSES:
                raise ValueError("an unsupported character class in %r" % pattern)
            out.append(_CLASSES[name])
            at += len(name) + 4
            continue
        # A dash between two characters is a range in both; a backslash is literal in POSIX.
        ranged = char == "-" and at > first and pattern[at + 1:at + 2] not in ("]", "")
        out.append("-" if ranged else re.escape(char))
        at += 1
