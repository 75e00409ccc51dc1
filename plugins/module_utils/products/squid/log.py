# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Squid's log shows about loads of the configuration: the time of the last one, and which workers have reloaded."""
from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, AccessError

CACHE_LOG = "/var/log/squid/cache.log"
#: The size of the part at the end of a log that is searched.
_LOG = 16 << 20
_LOADED = re.compile(
    r"^(?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}).*(?P<what>Reconfiguring Squid Cache|Starting Squid Cache|Accepting )")
_UNOPENED = re.compile("Can ?not open file (.+) for reading")
_WORKER = re.compile(r"[0-9/:. ]+ kid(?P<kid>[0-9]+)\| (?P<what>Reconfiguring Squid Cache|Accepting )")


def last_loaded(cache_log: str, zone: str | None = None) -> tuple | None:
    """(earliest, latest) time of the last load in Squid's log, in seconds since the epoch; the log has whole seconds. None without one.

    The log uses Squid's own ``zone``: the variable TZ of its process, "" without one; None if unknown.
    """
    with _in_zone(zone):
        found = (_loads(path) for path in (cache_log, cache_log + ".0", cache_log + ".1"))
        return next((one for one in found if one is not None), None)


@contextlib.contextmanager
def _in_zone(zone: str | None) -> Iterator[None]:
    """Sets the local time zone to that of a process with this TZ."""
    ours = os.environ.get("TZ", "")
    _set_zone(ours if zone is None else zone)
    try:
        yield
    finally:
        _set_zone(ours)


def _set_zone(zone: str) -> None:
    if zone != os.environ.get("TZ", ""):
        os.environ.pop("TZ", None)
        if zone:
            os.environ["TZ"] = zone
        time.tzset()


def _loads(path: str) -> tuple | None:
    try:
        with open(path, "rb") as log:
            written = os.fstat(log.fileno()).st_mtime
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _LOG))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return None
    done = None
    for line in reversed(lines):
        hit = _LOADED.match(line)
        if hit:
            moment = time.mktime(time.strptime(hit.group("stamp"), "%Y/%m/%d %H:%M:%S"))
            if moment > written + 1:
                # The time is of another zone, for example that of a container. Using it would count later edits as loaded.
                return None
            if hit.group("what").startswith("Accepting"):
                done = moment
            else:
                # Squid has read everything before it logs that it listens, and the log was last written then or later.
                return moment, moment + 1 if done is None else max(moment, min(max(done, moment) + 1, written))
    return None


class News:
    """What Squid logs from now on. :raises AccessError: activation, if the log cannot be read."""

    def __init__(self, path: str):
        self._path = path
        try:
            with open(path, "rb") as log:
                self._start = log.seek(0, os.SEEK_END)
        except OSError as error:
            raise AccessError(ACTIVATION, "%s cannot be read: %s. Only this file shows whether each worker of this Squid has reloaded, so nothing was "
                                          "activated. Run as a user who can read it (become)" % (path, error.strerror)) from error

    @classmethod
    def of(cls, path: str, needed: bool) -> News | None:
        """None for a log that cannot be read and is not needed."""
        return cls(path) if needed or os.access(path, os.R_OK) else None

    def _lines(self) -> list:
        with open(self._path, "rb") as log:
            log.seek(self._start)
            return log.read().decode("utf-8", "surrogateescape").split("\n")

    def unopened(self) -> list:
        """The files that Squid could not open, and went on without."""
        return [hit[1] for hit in map(_UNOPENED.search, self._lines()) if hit]

    def reloaded(self) -> set:
        """The workers that have read the configuration again, and listen."""
        began, done = set(), set()
        for hit in filter(None, map(_WORKER.match, self._lines())):
            if hit.group("what") != "Accepting ":
                began.add(hit.group("kid"))
            elif hit.group("kid") in began:
                done.add(hit.group("kid"))
        return done
