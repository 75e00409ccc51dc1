# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a POSIX shell is told to run the probe kit: commands as text. Runs on the controller."""
from __future__ import annotations

from shlex import quote

#: Where Python 3 is found, in the order in which it is tried: by name, of Homebrew and python.org on macOS, and of a RHEL without another one.
PYTHONS = ("python3", "/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3",
           "/Library/Frameworks/Python.framework/Versions/Current/bin/python3", "/usr/libexec/platform-python",
           *("python3.%d" % minor for minor in range(14, 7, -1)), "python")
FOLDER, NO_PYTHON = "NETACCESS-FOLDER ", "NETACCESS-NO-PYTHON"
#: A Python that serves: new enough, with what the kit needs. No double quote, which Windows PowerShell takes out of arguments.
WORKS = "import json, ssl, sys, zlib; sys.exit(sys.version_info < (3, 8))"
#: A Mac without Apple's command line tools has a python3 that shows a window to whoever sits there, in which it offers to install them.
_MAC = 'case $(uname):$(command -v "$python") in Darwin:/usr/bin/python3) xcode-select -p >/dev/null 2>&1 || continue;; esac'


def make(folder: str | None) -> str:
    """A folder for its owner alone, in ``folder`` or where the system keeps what is temporary; its name is printed."""
    place = quote(folder) if folder else '"${TMPDIR:-/tmp}"'
    return "made=$(mktemp -d %s/netaccess-probe.XXXXXXXXXX) && printf '%s%%s\\n' \"$made\"" % (place, FOLDER)


def join(folder: str, name: str) -> str:
    return "%s/%s" % (folder, name)


def run(pythons: list, kit: str, question: str, environment: str = "") -> str:
    """The kit answers ``question`` with the first Python that serves."""
    return ("for python in %s; do %s; if \"$python\" -I -c %s </dev/null >/dev/null 2>&1; then %s \"$python\" -I -X utf8 %s answer %s; exit $?; fi; done; "
            "echo %s; exit 127" % (" ".join(map(quote, pythons)), _MAC, quote(WORKS), environment, quote(kit), quote(question), NO_PYTHON))


def remove(folder: str) -> str:
    return "rm -rf %s" % quote(folder)
