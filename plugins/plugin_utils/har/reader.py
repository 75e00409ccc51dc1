# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a HAR file entry by entry: even for hundreds of megabytes only one entry is in memory."""
from __future__ import annotations

import json
import re
from pathlib import Path

_BLOCK = 1 << 16
#: Characters of one entry. A recorded body can be large; a larger one is not worth the memory.
MAX_ENTRY = 1 << 26
_BLANK = re.compile(r"[ \t\r\n]*")


class HarError(ValueError):
    """A file that is not a HAR, or is truncated. The message names the file and the problem."""


class Reader:
    """Iterates over the entries of ``path``; afterwards ``head`` has what else its log holds (version, creator, browser, pages)."""

    def __init__(self, path: Path):
        self._path, self._file, self._ended = path, None, False
        #: What was read of the file, and how much of that is done with. It is cut only when more is read: after a large entry much text is left.
        self._text, self._at = "", 0
        self._decoder = json.JSONDecoder()
        self.head: dict = {}

    def __iter__(self):
        try:
            # utf-8-sig: some exporters begin with a byte order mark.
            with open(self._path, encoding="utf-8-sig", errors="replace") as self._file:
                found = False
                for key in self._keys():
                    if key != "log":
                        self._value()
                        continue
                    found = True
                    yield from self._log()
        except OSError as error:
            raise HarError("%s cannot be read: %s" % (self._path, error.strerror)) from error
        if not found:
            raise self._broken("it contains no log")

    def _log(self):
        entries = False
        for key in self._keys():
            if key != "entries":
                self.head[key] = self._value()
                continue
            entries = True
            yield from self._items()
        if not entries:
            raise self._broken("its log has no entries")

    def _keys(self):
        """The keys of the object that begins here; the caller reads each value before the next key."""
        self._expect("{")
        if self._peek() == "}":
            self._expect("}")
            return
        while True:
            key = self._value()
            self._expect(":")
            yield key
            if self._peek() != ",":
                break
            self._expect(",")
        self._expect("}")

    def _items(self):
        self._expect("[")
        if self._peek() == "]":
            self._expect("]")
            return
        while True:
            yield self._value()
            if self._peek() != ",":
                break
            self._expect(",")
        self._expect("]")

    def _peek(self) -> str:
        while True:
            self._at = _BLANK.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_BLOCK):
                raise self._broken("it is truncated")

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise self._broken("it is not a JSON object of the expected form")
        self._at += 1

    def _value(self):
        """The whole value that begins here."""
        self._peek()
        size = _BLOCK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = None
            # A number may go on in the next block.
            if end is not None and (end < len(self._text) or self._ended):
                self._at = end
                return value
            if len(self._text) - self._at > MAX_ENTRY:
                raise self._broken("it has an entry larger than %d MB, or it is not JSON" % (MAX_ENTRY >> 20))
            if not self._more(size) and end is None:
                raise self._broken("it is truncated, or it is not JSON")
            # Doubled each time, so that the cost of reading again stays proportional.
            size *= 2

    def _more(self, size: int) -> bool:
        part = "" if self._ended else self._file.read(size)
        self._ended = not part
        self._text, self._at = self._text[self._at:] + part, 0
        return bool(part)

    def _broken(self, what: str) -> HarError:
        return HarError("%s is not a HAR file: %s" % (self._path, what))
