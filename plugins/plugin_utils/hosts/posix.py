# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for POSIX shells to run the probe kit, as text. Runs on the controller."""
from __future__ import annotations

from shlex import quote

#: Where Python 3 is searched for, in this order: by name, of Homebrew and python.org on macOS, and the platform Python of RHEL.
PYTHONS = ("python3", "/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3",
           "/Library/Frameworks/Python.framework/Versions/Current/bin/python3", "/usr/libexec/platform-python",
           *("python3.%d" % minor for minor in range(14, 7, -1)), "python")
FOLDER, NO_PYTHON = "NETACCESS-FOLDER ", "NETACCESS-NO-PYTHON"
#: Whether a Python is suitable: new enough, with the modules of the kit. No double quotes, which Windows PowerShell removes from arguments.
WORKS = "import json, ssl, sys, zlib; sys.exit(sys.version_info < (3, 8))"
#: A Mac without Apple's command line tools has a python3 that only opens a window, which offers to install them.
_MAC = 'case $(uname):$(command -v "$python") in Darwin:/usr/bin/python3) xcode-select -p >/dev/null 2>&1 || continue;; esac'


def make(folder: str | None) -> str:
    """A folder readable by its owner only, in ``folder`` or in the system's temporary folder; its name is printed."""
    place = quote(folder) if folder else '"${TMPDIR:-/tmp}"'
    return "made=$(mktemp -d %s/netaccess-probe.XXXXXXXXXX) && printf '%s%%s\\n' \"$made\"" % (place, FOLDER)


def join(folder: str, name: str) -> str:
    return "%s/%s" % (folder, name)


def run(pythons: list, kit: str, question: str, environment: str = "") -> str:
    """The kit answers ``question`` with the first suitable Python."""
    return ("for python in %s; do %s; if \"$python\" -I -c %s </dev/null >/dev/null 2>&1; then %s \"$python\" -I -X utf8 %s answer %s; exit $?; fi; done; "
            "echo %s; exit 127" % (" ".join(map(quote, pythons)), _MAC, quote(WORKS), environment, quote(kit), quote(question), NO_PYTHON))


def remove(folder: str) -> str:
    return "rm -rf %s" % quote(folder)
