# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in results: numbers with their nouns, and untrusted text made safe for files, and for terminals, which interpret control characters. Pure."""
from __future__ import annotations

import hashlib
import re
from typing import TypeVar

Data = TypeVar("Data")

#: Control characters except tab and line feed, characters that change the writing direction or end a line, and lone surrogates.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(value: Data) -> Data:
    """Plain data with U+FFFD in place of each such character, also in keys. It is applied once, where a result leaves or enters."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNSAFE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, (list, tuple)) else value


def file_name(host: str) -> str:
    """The name of a host as part of a file name. If it contains other characters, it gets a digest, so that no two hosts share a file."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", host).lstrip(".")
    return clean if clean == host else "%s-%s" % (clean, hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:8])


def plural(noun: str) -> str:
    """The plural of an English noun that ends with the word to change, in small letters or capitals: address, URL category, wildcard FQDN."""
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def counted(number: int, noun: str, many: str | None = None) -> str:
    """A number with its noun: "1 address", "23 addresses". ``many``: a plural that ``plural`` does not know.

    In "entries of X", which is already plural, X is counted: "entries of 2 lists".
    """
    entries, of, what = noun.partition(" of ")
    if of and entries.endswith("s"):
        return "%s of %s" % (entries, counted(number, what, many))
    return "%d %s" % (number, noun if number == 1 else many or plural(noun))


def duration(seconds: float) -> str:
    """A time in words: "45 seconds", "20 minutes", "1 hour 30 minutes"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [counted(number, unit) for number, unit in ((hours, "hour"), (minutes, "minute"), (0 if hours else rest, "second")) if number]
    return " ".join(parts) or "0 seconds"
