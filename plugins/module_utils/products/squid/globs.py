# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an include pattern, as glob(3) expands it for Squid."""
from __future__ import annotations

import fnmatch
import glob
import os
import re

_CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "xdigit": "0-9A-Fa-f"}
_OTHER = re.compile(r"\\(.)|\[:(%s):\]|\[(\^)" % "|".join(_CLASSES))


#: A word of an include: a double quote keeps blanks in it, and a backslash the next character (``strwordtok``).
_WORD = re.compile(r"""(?:\\.|"(?:\\.|[^"\\])*"?|[^ \t\n\v\f\r"\\])+""")


def included(line: str) -> list:
    """The patterns of an include: Squid reads a comment after them as more of them. Slashes that mean one are one."""
    words = (re.sub(r'\\(.)|"', lambda hit: hit[1] or "", word) for word in _WORD.findall(line[len("include"):]))
    return [re.sub(r"/(?:\.?/)+", "/", word) for word in words]


def certain(pattern: str) -> bool:
    """Whether Python can expand it: not with a collating symbol, or with a class of characters that is not in the table."""
    return not re.search(r"\[[^]]*\[[:=.]", _translated(pattern))


def _translated(pattern: str) -> str:
    """The pattern for Python's ``fnmatch``, which supports neither backslashes nor classes of characters."""
    return _OTHER.sub(lambda hit: "[%s]" % hit[1] if hit[1] else _CLASSES[hit[2]] if hit[2] else "[!", pattern)


def matches(path: str, pattern: str) -> bool:
    """Whether glob(3) finds ``path`` by ``pattern``: no wildcard matches a slash or a leading dot."""
    parts = pattern.split("/")
    names = path.split("/")
    return len(parts) == len(names) and all(name_matches(name, part) for name, part in zip(names, parts))


def name_matches(name: str, part: str) -> bool:
    """The same for one component of a path."""
    return fnmatch.fnmatchcase(name, _translated(part)) and (not name.startswith(".") or part.startswith("."))


def finds_folder(pattern: str) -> bool:
    """Whether a folder has such a path."""
    return any(map(os.path.isdir, glob.glob(_translated(pattern))))


def real_glob(pattern: str) -> list[str]:
    """The files of an include, from the file system."""
    return [path for path in glob.glob(_translated(pattern)) if os.path.isfile(path)]
