# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the lab. Each ends, with all it started, as soon as its starter lets go or dies, even by a kill that nobody can catch."""
from __future__ import annotations

import os
import subprocess
import time

# The starter holds the other end of standard input: when that closes, whatever the reason, the whole process group goes.
GUARD = 'exec 3<&0; "$@" </dev/null & child=$!; exec 2>/dev/null; { cat <&3 >/dev/null; kill -9 $child; } & wait $child; rm -f $LEFTOVERS; kill -9 0'


class Process:
    """``command`` under guard. ``enter`` is put before the guard itself, ``leftovers`` a shell pattern of files to remove at the end."""

    def __init__(self, command: list, enter=(), leftovers: str = "", **options):
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._process = subprocess.Popen(
            [*enter, "sh", "-c", GUARD, "guard", *command], stdin=subprocess.PIPE, start_new_session=True,
            env=dict(os.environ, LEFTOVERS=leftovers), **dict(quiet, **options))
        self.pid = self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        if not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()


def wait_until(done, what: str, dead=lambda: None, seconds: float = 15) -> None:
    """Poll ``done()``. :raises RuntimeError: with what ``dead()`` returns, or when the time is up."""
    deadline = time.monotonic() + seconds
    while not done():
        said = dead()
        if said is not None:
            raise RuntimeError("%s: it ended while starting: %s" % (what, said[-2000:]))
        if time.monotonic() > deadline:
            raise RuntimeError("%s: not after %s seconds" % (what, seconds))
        time.sleep(0.02)
