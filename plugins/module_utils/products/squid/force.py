# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the running Squid has read with what is on disk now, and decides whose change a difference is.

Squid cannot be queried for this. As long as its process listens on the sockets that it opened at our last reload, it runs what was on disk then, of which
``in-force.json`` has digests. After a start or a reload by others, times decide: of its start, of its log, and of each file the change of its content, which
anybody can set, and of its inode, which nobody can.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Callable, Collection, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import RUNS, Seen

#: Seconds after its start in which Squid may still be reading.
_READING = 2


class Files:
    """What was read from disk: for each path its digest and its times from before the read, or why it could not be read; for each pattern its paths.
    ``reads``: a counter. ``glob`` returns the paths of a pattern."""

    def __init__(self, glob: Callable[[str], list] = lambda pattern: []):
        self.digests: dict = {}
        self.stats: dict = {}
        self.failed: dict = {}
        self.found: dict = {}
        self.reads = 0
        self._glob = glob

    def read(self, path: str) -> str:
        """The text of a file, with its line ends. :raises OSError:"""
        return self._body(path).decode("utf-8", "surrogateescape")

    def _body(self, path: str) -> bytes:
        self.reads += 1
        try:
            with _quiet(path) as source:
                self.stats[path] = os.fstat(source.fileno())
                body = source.read()
        except OSError as error:
            self.failed[path] = error.errno
            raise
        self.digests[path] = hashlib.sha256(body).hexdigest()
        return body

    def glob(self, pattern: str) -> list:
        """The paths of a pattern."""
        self.found[pattern] = sorted(self._glob(pattern))
        return self.found[pattern]

    def told(self, but: str) -> tuple:
        """Everything that was read from disk, except for one path."""
        return tuple({name: value for name, value in some.items() if name != but} for some in (self.digests, self.failed)) + (
            {pattern: [path for path in paths if path != but] for pattern, paths in self.found.items()},)

    def ask_again(self, told: tuple) -> None:
        """Read the same again."""
        digests, failed, found = told
        for pattern in found:
            self.glob(pattern)
        for path in (*digests, *failed):
            with contextlib.suppress(OSError):
                self._body(path)

    def changed(self) -> list[str]:
        """The paths whose content changed since it was read."""
        return [path for path, digest in self.digests.items() if digest_of(path) != digest]


def _quiet(path: str):
    """Open ``path`` for reading, without changing its access time if possible, because that time shows whether Squid has read it."""
    def opener(name: str, flags: int) -> int:
        try:
            return os.open(name, flags | getattr(os, "O_NOATIME", 0))
        except PermissionError:
            return os.open(name, flags)
    return open(path, "rb", opener=opener)


def digest_of(path: str) -> str | None:
    """The digest of a file's content; None without a file."""
    try:
        with _quiet(path) as source:
            return hashlib.sha256(source.read()).hexdigest()
    except OSError:
        return None


class InForce:
    """What a run stores in ``folder`` next to the lists."""

    def __init__(self, folder: str):
        self._folder = folder
        self._stamp, self._notes = os.path.join(folder, "in-force.json"), os.path.join(folder, "written.json")
        #: Whether the record began in this run, and nothing of it was reloaded.
        self._new = False

    def waiting(self, files: Files, seen: Seen, loaded: tuple | None, unread: Collection[str] = ()) -> tuple[list, list]:
        """([(path, whether it is as we wrote it)] of files on disk that are not in force, [path] of those that may not be). ``loaded``: (earliest, latest)
        time of the last load, if the log shows it; ``unread``: files that Squid could not read."""
        stamp, written = self._kept(self._stamp, ("process", "files")), self._kept(self._notes)
        digests, kept, moment, doubtful = files.digests, stamp.get("files", {}), _last_load(seen, loaded), []
        if seen.answer == RUNS and kept and seen.identity is not None and stamp["process"] == seen.identity:
            paths = [path for path in sorted(set(kept) | set(digests)) if kept.get(path) != digests.get(path)]
        elif seen.answer != RUNS or moment is None:
            # If no Squid runs, everything is in force at its next start; our changes stay pending until a run has recorded it.
            paths = [path for path in sorted(written) if kept.get(path) != digests.get(path) == written[path]]
        else:
            paths = [path for path, found in sorted(files.stats.items()) if _newer(found, found.st_mtime, moment)]
            # The file may have been replaced by one with an older time, or only its owner or mode may have changed.
            doubtful = [path for path, found in sorted(files.stats.items()) if path not in paths and _newer(found, found.st_ctime, moment)]
            # For a file as we wrote it, its time is right. A read since then may have been a backup, and one additional reload is harmless.
            paths += [path for path, found in sorted(files.stats.items())
                      if path not in paths and written.get(path) == digests.get(path) and found.st_ctime >= moment[0]]
            # For a file that we removed, only our own note has a time.
            gone = [path for path, digest in sorted(written.items()) if digest is None and path in kept and path not in digests]
            noted = os.stat(self._notes) if gone else None
            paths += gone if gone and _newer(noted, noted.st_mtime, moment) else []
        ours = {path for path in paths if path in written and written[path] == digests.get(path)}
        return [(path, path in ours) for path in paths if path in ours or path not in unread], [
            path for path in doubtful if path not in paths and path not in unread]

    def note(self, texts: Mapping) -> None:
        """Records what will be written: {path: text or None}. Called before the write, because a run that is killed in between leaves the file unchanged."""
        self._new = self._new or not os.path.exists(self._notes)
        noted = self._kept(self._notes)
        now = dict(noted, **{path: None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
                             for path, text in texts.items()})
        if now != noted:
            self._write(self._notes, now)

    def keep(self, seen: Seen, digests: Mapping) -> None:
        """Records after a reload what the process has read."""
        # After a power failure no process is the recorded one.
        self._write(self._stamp, {"process": seen.identity, "files": dict(digests)}, lasting=False)

    def reloading(self) -> None:
        """From here on Squid may run what is recorded."""
        self._new = False

    def withdraw(self) -> None:
        """Removes a record that began in this run, when its change was undone before a reload."""
        if self._new:
            self.forget()

    def forget(self) -> None:
        """Removes the record, when no managed file exists any more."""
        for path in (self._stamp, self._notes):
            if os.path.exists(path):
                os.unlink(path)
        if os.path.isdir(self._folder) and not os.listdir(self._folder):
            os.rmdir(self._folder)

    @staticmethod
    def _write(path: str, found: dict, lasting: bool = True) -> None:
        try:
            write_atomically(path, json.dumps(found, sort_keys=True), lasting=lasting)
        except OSError as error:
            raise AccessError(REFUSED, "%s cannot be written: %s" % (path, error.strerror)) from error

    @staticmethod
    def _kept(path: str, objects: tuple = ()) -> dict:
        """What an earlier run stored at ``path``; empty without a file. ``objects``: its keys. :raises AccessError: refused, for content that no run wrote."""
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as source:
                found = dict(json.load(source))
            # No process is recorded if its sockets were not seen.
            return dict(found, **{key: dict(found[key] or {}) for key in objects})
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AccessError(REFUSED, "%s cannot be read: %s" % (path, error.strerror)) from error
        except (KeyError, RecursionError, TypeError, ValueError):
            raise AccessError(REFUSED, "%s was altered, so it is unknown whose changes are pending: check them, and remove that file"
                              % path) from None


def _last_load(seen: Seen, loaded: tuple | None) -> tuple | None:
    began = (seen.began - 0.05, seen.began + _READING) if seen.began is not None else None
    return max([one for one in (began, loaded) if one is not None], default=None)


def _newer(found: os.stat_result, changed: float, moment: tuple) -> bool:
    """Whether a file with that time of change may have changed since the last load. If times are too coarse, its access time decides."""
    earliest, latest = moment
    return changed > latest or changed >= earliest and found.st_atime_ns <= found.st_ctime_ns
