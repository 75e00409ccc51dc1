# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps two runs on one Squid apart: flock(2) on the folder of its configuration file.

A folder can be locked without a write, and the kernel releases the lock when the process ends, however it ends. No file is created. Network file systems
leave the lock of a folder to the kernel of the host, which is enough, because the runs of one Squid are on its host.
"""
from __future__ import annotations

import errno
import fcntl
import os
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import LOCKED, REFUSED, AccessError

#: Seconds to wait for another run, which usually takes a few.
PATIENCE = 30
_PAUSE = 0.1
_TABLE = "/proc/locks"


class Lock:
    """The lock of the Squid with this configuration file."""

    def __init__(self, config_file: str):
        self.folder = os.path.dirname(os.path.realpath(config_file))
        self._handle: int | None = None

    def take(self, seconds: float) -> bool:
        """Take the lock. Returns whether another run had it before.

        :raises AccessError: locked, naming the holder, after ``seconds``; refused, if the folder cannot be opened.
        """
        until, waited = time.monotonic() + seconds, False
        while not self._taken(fcntl.LOCK_EX):
            if time.monotonic() >= until:
                raise AccessError(LOCKED, "%s holds the lock on %s, as a run on this Squid does, and still did after %.0f s, so nothing was written: run again "
                                          "when it has ended" % (self._holder(), self.folder, seconds))
            waited = True
            time.sleep(_PAUSE)
        return waited

    def held_by(self) -> list[str]:
        """Who holds it now, in words; empty if nobody does, or if this user cannot tell."""
        if not os.access(self.folder, os.R_OK):
            return []
        if self._taken(fcntl.LOCK_SH):
            self.release()
            return []
        return [self._holder()]

    def release(self) -> None:
        """Release it, if it is held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _taken(self, how: int) -> bool:
        """Whether it was taken at once. A lock on a folder that was replaced since would keep nobody out."""
        try:
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, how | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(handle), os.stat(self.folder)):
                    self._handle, handle = handle, None
                return self._handle is not None
            finally:
                if handle is not None:
                    os.close(handle)
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:
                return False
            raise AccessError(REFUSED, "%s cannot be locked against a second run: %s. Run as a user who can read this folder (become)"
                              % (self.folder, error.strerror)) from error

    def _holder(self) -> str:
        """The process that holds the lock, if the kernel shows it to this one."""
        there = os.stat(self.folder)
        place = "%02x:%02x:%d" % (os.major(there.st_dev), os.minor(there.st_dev), there.st_ino)
        try:
            with open(_TABLE, encoding="ascii") as table:
                rows = [line.split() for line in table]
            pid = next(row[4] for row in rows if row[1] == "FLOCK" and row[5] == place)
            return "process %s of user %d" % (pid, os.stat("/proc/%s" % pid).st_uid)
        except (OSError, StopIteration, UnicodeDecodeError):
            return "a process that the kernel does not show to this one"
