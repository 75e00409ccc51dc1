# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Squid's log tells of its loads: when the last one was, and which workers have reloaded."""
from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, AccessError

CACHE_LOG = "/var/log/squid/cache.log"
#: How much of the end of a log is searched.
_LOG = 16 << 20
_LOADED = re.compile(
    r"^(?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}).*(?P<what>Reconfiguring Squid Cache|Starting Squid Cache|Accepting )")
_WORKER = re.compile(r"[0-9/:. ]+ kid(?P<kid>[0-9]+)\| (?P<what>Reconfiguring Squid Cache|Accepting )")


def last_loaded(cache_log: str, zone: str | None = None) -> tuple | None:
    """(earliest, latest) time of the last load that Squid's log tells of, in seconds since the epoch; its times are whole seconds. None when there is none.

    They are those of Squid's own ``zone``: the variable TZ of its process, "" where it has none; None where that is not known.
    """
    with _in_zone(zone):
        found = (_loads(path) for path in (cache_log, cache_log + ".0", cache_log + ".1"))
        return next((one for one in found if one is not None), None)


@contextlib.contextmanager
def _in_zone(zone: str | None) -> Iterator[None]:
    """With local times as a process with that TZ has them."""
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
                # Of another zone, such as that of a container: who believes it takes later edits for loaded.
                return None
            if hit.group("what").startswith("Accepting"):
                done = moment
            else:
                # Squid has read all before it says that it listens, and the log was last written then or later.
                return moment, moment + 1 if done is None else max(moment, min(max(done, moment) + 1, written))
    return None


class News:
    """What a Squid of several workers logs from now on. :raises AccessError: activation, where that cannot be read."""

    def __init__(self, path: str):
        self._path = path
        try:
            with open(path, "rb") as log:
                self._start = log.seek(0, os.SEEK_END)
        except OSError as error:
            raise AccessError(ACTIVATION, "%s cannot be read: %s. Only this file shows whether each worker of this Squid has reloaded, so nothing was "
                                          "activated. Run as a user who can read it (become)" % (path, error.strerror)) from error

    def reloaded(self) -> set:
        """The workers that have read the configuration anew, and listen again."""
        with open(self._path, "rb") as log:
            log.seek(self._start)
            lines = log.read().decode("utf-8", "replace").split("\n")
        began, done = set(), set()
        for hit in filter(None, map(_WORKER.match, lines)):
            if hit.group("what") != "Accepting ":
                began.add(hit.group("kid"))
            elif hit.group("kid") in began:
                done.add(hit.group("kid"))
        return done
