# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the probe kit as if this machine were another one: ``python -I elsewhere.py WORLD.json KIT ARGUMENT...``. Standard library only, down to Python 3.8.

WORLD.json: ``{"platform": "win32" or "darwin", "registry": {path: {name: value}}, "programs": {a word of a command: what it prints}}``. Modules and calls
that Windows does not have are taken away, a program that is not named does not exist, and the kit's branches for that system are the ones that run. It is
still Linux below: sockets, OpenSSL and the file system are those of this machine.
"""
from __future__ import annotations

import importlib
import importlib.abc
import json
import os
import runpy
import subprocess
import sys
import types

#: docs.python.org: modules whose availability is Unix.
POSIX_ONLY = {"crypt", "curses", "fcntl", "grp", "nis", "ossaudiodev", "posixshmem", "pty", "pwd", "readline", "resource", "spwd", "syslog", "termios", "tty"}
#: What the kit imports of it, and those import.
STANDARD = ("argparse", "base64", "contextlib", "http.client", "http.server", "ipaddress", "pathlib", "pkgutil", "platform", "plistlib", "queue", "socket",
            "ssl", "tempfile", "urllib.error", "urllib.request", "zlib")
POSIX_CALLS = ("fork", "forkpty", "getgid", "getuid", "geteuid", "getgroups", "getpgid", "killpg", "mkfifo", "setsid", "uname", "wait", "statvfs")


class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, _path=None, _target=None):
        if name.partition(".")[0] in POSIX_ONLY:
            raise ModuleNotFoundError("No module named %r" % name, name=name)


class Key:
    """A key of the registry, open."""

    def __init__(self, values):
        self.values = values

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        return None


def registry(paths: dict) -> types.ModuleType:
    made = types.ModuleType("winreg")
    made.HKEY_CURRENT_USER, made.HKEY_LOCAL_MACHINE = "HKCU", "HKLM"

    def open_key(root, path):
        if "%s\\%s" % (root, path) not in paths:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return Key(paths["%s\\%s" % (root, path)])

    def query(key, name):
        if name not in key.values:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return key.values[name], 1
    made.OpenKey, made.QueryValueEx = open_key, query
    return made


def programs(said: dict):
    def run(command, **_how):
        text = next((text for word, text in said.items() if word in " ".join(command)), None)
        if text is None:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return subprocess.CompletedProcess(command, 0, text, "")
    return run


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        world = json.load(file)
    # What looks at the platform while it is loaded is loaded for the machine that this is.
    for name in STANDARD:
        importlib.import_module(name)
    if world["platform"] == "win32":
        for name in POSIX_ONLY & set(sys.modules):
            del sys.modules[name]
        sys.meta_path.insert(0, Gone())
        sys.modules["winreg"] = registry(world.get("registry", {}))
        for name in POSIX_CALLS:
            if hasattr(os, name):
                delattr(os, name)
        # As the headers of Windows have them (ws2tcpip.h): one number for both.
        sockets = sys.modules["socket"]
        sockets.EAI_NONAME = sockets.EAI_NODATA = 11001
        del sockets.AF_UNIX
    sys.platform, subprocess.run = world["platform"], programs(world.get("programs", {}))
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
