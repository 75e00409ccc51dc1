# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in results: numbers with their nouns, and untrusted text made safe for terminals, which execute control characters, and for files. Pure."""
from __future__ import annotations

import hashlib
import re
from typing import TypeVar

Data = TypeVar("Data")

#: Control characters but tabulator and line feed, what turns the direction of writing or ends a line, and surrogates without their other half.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(value: Data) -> Data:
    """Plain data in which U+FFFD stands for each such character, in keys as well. It is done once, where a result leaves or comes in."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNSAFE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, (list, tuple)) else value


def file_name(host: str) -> str:
    """The name of a host as part of the name of a file: one that holds more than such names do gets a digest, so that no two hosts share a file."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", host).lstrip(".")
    return clean if clean == host else "%s-%s" % (clean, hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:8])


def plural(noun: str) -> str:
    """The plural of an English noun that ends with the word to change, in small letters or capitals: address, URL category, wildcard FQDN."""
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def counted(number: int, noun: str, many: str | None = None) -> str:
    """A number with its noun: "1 address", "23 addresses". ``many``: a plural that ``plural`` does not know.

    Of "entries of X", which is a plural already, X is what is counted: "entries of 2 lists".
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
