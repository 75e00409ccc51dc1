# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: the plan, saved before the first write and amended after each step.

A killed run returns nothing, so what it did must already be on disk. The file has mode 0600 and is only ever appended to: its first line is
the plan, each further line what was noted since, {name: value}, of which the last one counts; ``changes`` are added to those before. A line carries a
SHA-256 of itself and of the line before it: a journal that was edited is refused instead of being rolled back wrongly. A last line without its
end was being written when the run was killed, and nothing that was to follow it was done.
"""
from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import canonical_digest

FORMAT = 2
OPEN = "open"
APPLIED = "applied"
UNDONE = "undone"
REVERTED = "reverted"


class Journal:
    """One run's record on one device. ``path`` is a file to be created, or a folder in which a new file gets a name."""

    def __init__(self, path: str, product: str, device: str, comment: str | None = None, series: str | None = None):
        self._body = {
            "format": FORMAT,
            "run_id": uuid.uuid4().hex,
            "product": product,
            "device": device,
            "comment": comment,
            "series": series,
            "started": _now(),
            "status": OPEN,
            "steps_done": 0,
            "step_in_flight": None,
        }
        self._changes, self._last, self._end, self._size = [], "", 0, 0
        self.path = self._file(path)

    def _file(self, path: str) -> str:
        path = os.path.abspath(os.path.expanduser(path))
        if os.path.isdir(path) or path.endswith(os.sep) or not path.endswith(".json"):
            stamp = self._body["started"].replace(":", "").replace("-", "")
            return os.path.join(path, "%s-%s-%s.json" % (stamp, self._body["product"], self._body["run_id"][:8]))
        return path

    @classmethod
    def load(cls, path: str) -> Journal:
        """Read a journal back.

        :raises AccessError: refused: no such file, not a journal, damaged or edited since it was written.
        """
        path = os.path.abspath(os.path.expanduser(path))
        try:
            with open(path, "rb") as handle:
                stored = handle.read()
        except OSError as error:
            raise AccessError(REFUSED, "journal %s cannot be read: %s" % (path, error.strerror)) from error
        journal = cls.__new__(cls)
        journal.path, journal._body, journal._changes, journal._last = path, {}, [], ""
        whole = stored[:stored.rfind(b"\n") + 1]
        journal._end, journal._size = len(whole), len(stored)
        try:
            for line in whole.splitlines():
                journal._take(json.loads(line))
            body = journal._body
            if body["format"] != FORMAT:
                raise AccessError(REFUSED, "journal %s has format %s; this release reads format %d" % (path, body["format"], FORMAT))
            body["status"], body["product"], body["device"], body["comment"], body["steps_done"]
        except _Edited:
            raise AccessError(REFUSED, "journal %s does not match its own checksum: it was edited or damaged, and is not rolled back" % path) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise AccessError(REFUSED, "%s is not a complete journal of this collection" % path) from error
        return journal

    def _take(self, line: dict) -> None:
        """Amend what is known by a line of the file. :raises _Edited, ValueError, KeyError, TypeError:"""
        noted = line["journal"]
        changes = [Change.from_data(data) for data in noted.get("changes", ())]
        if line["sha256"] != canonical_digest([self._last, noted]):
            raise _Edited()
        self._last = line["sha256"]
        self._changes += changes
        self._body.update({name: value for name, value in noted.items() if name != "changes"})

    @classmethod
    def newest(cls, path: str, product: str, device: str, series: str | None = None) -> Journal | None:
        """The journal to take back: the file at ``path``, or of the folder there the newest one about this device that was not taken back; None: there is none.

        ``series``: of the folder only journals of that series.
        :raises AccessError: refused: as ``load``; also when a file that may be the one cannot be read.
        """
        path = os.path.abspath(os.path.expanduser(path))
        if not os.path.isdir(path):
            return cls.load(path)
        for journal in cls._of(path, product, device):
            if journal.status in (OPEN, APPLIED) and series in (None, journal._body.get("series")):
                return journal
        return None

    @classmethod
    def unfinished(cls, path: str, product: str, device: str) -> list[str]:
        """Paths of the journals in the folder at ``path`` whose runs about this device did not come to their end, up to the last one that did."""
        path, found = os.path.abspath(os.path.expanduser(path)), []
        try:
            for journal in cls._of(path, product, device):
                if journal.status != OPEN:
                    break
                found.append(journal.path)
        except (OSError, AccessError):
            # What is there besides is no reason to hold a run up: each run writes a file of its own.
            return found
        return found

    @classmethod
    def _of(cls, folder: str, product: str, device: str):
        """The journals of one device, the newest first."""
        mark = "-%s-" % product
        paths = [os.path.join(folder, name) for name in os.listdir(folder) if mark in name and name.endswith(".json") and not name.startswith(".")]
        # Names begin with the second of the start; two runs within one are told apart by when they last wrote.
        for path in sorted(paths, key=lambda path: (os.path.basename(path).split("-")[0], os.stat(path).st_mtime_ns), reverse=True):
            if not os.path.getsize(path):
                # The run was killed between the name and the plan, and nothing was written to the device.
                continue
            journal = cls.load(path)
            if (journal.product, journal.device) == (product, device):
                yield journal

    def earlier(self) -> list[str]:
        """Paths of the journals beside this one that belong to the same series and were not taken back yet, the one to take back next first.

        :raises AccessError: as ``load``: what cannot be read may be one of them.
        """
        series = self._body.get("series")
        if not series:
            return []
        return [journal.path for journal in self._of(os.path.dirname(self.path), self.product, self.device)
                if journal._body.get("series") == series and journal.path != self.path and journal.status in (OPEN, APPLIED)]

    @property
    def changes(self) -> list[Change]:
        return list(self._changes)

    @property
    def status(self) -> str:
        return self._body["status"]

    @property
    def comment(self) -> str | None:
        return self._body["comment"]

    @property
    def product(self) -> str:
        return self._body["product"]

    @property
    def device(self) -> str:
        return self._body["device"]

    def begin(self, changes: Iterable[Change]) -> None:
        """Create the file with ``changes``. :raises AccessError: refused, when the file is already there or cannot be written."""
        self._changes = list(changes)
        try:
            if not os.path.isdir(os.path.dirname(self.path)):
                os.makedirs(os.path.dirname(self.path), mode=0o700)
            # Claims the name: two runs that were given the same path must not share a journal.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise AccessError(REFUSED, "journal %s exists already: name a new file, or a folder in which each run gets its own" % self.path) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            text = self._line(dict(self._body, changes=[change.to_data() for change in self._changes]))
            write_atomically(self.path, text)
            self._end = self._size = len(text)
        except OSError as error:
            os.unlink(self.path)
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> AccessError:
        return AccessError(REFUSED, "journal %s cannot be written: %s. Nothing was changed" % (self.path, error.strerror))

    def extend(self, changes: Iterable[Change]) -> None:
        """Add changes that a new reading of the device made necessary."""
        known = {canonical_digest(change.to_data()) for change in self._changes}
        new = [change for change in changes if canonical_digest(change.to_data()) not in known]
        self._changes += new
        self._append({"changes": [change.to_data() for change in new]})

    def sending(self, title: str) -> None:
        """Note that a Step is about to be sent: its outcome is not known until ``sent``."""
        self._note(step_in_flight=title)

    def sent(self) -> None:
        """Note that the Step was carried out."""
        self._note(step_in_flight=None, steps_done=self._body["steps_done"] + 1)

    def close(self, status: str) -> None:
        """Note how the run ended."""
        self._note(status=status, step_in_flight=None, ended=_now())

    def _note(self, **noted: object) -> None:
        self._body.update(noted)
        self._append(noted)

    def _line(self, noted: dict) -> str:
        self._last = canonical_digest([self._last, noted])
        return json.dumps({"journal": noted, "sha256": self._last}, sort_keys=True, ensure_ascii=True) + "\n"

    def _append(self, noted: dict) -> None:
        """Write one line to the disk. :raises AccessError: when somebody else wrote to the file. :raises OSError:"""
        before = self._last
        with open(self.path, "r+b") as out:
            if out.seek(0, os.SEEK_END) != self._size:
                raise AccessError(REFUSED, "journal %s was written to by another run" % self.path)
            # Behind the last whole line there may be a part of one: of a run that was killed, or of a disk that was full.
            out.truncate(self._end)
            out.seek(self._end)
            try:
                out.write(self._line(noted).encode("ascii"))
                out.flush()
                os.fsync(out.fileno())
                self._end = self._size = out.tell()
            except OSError:
                self._last, self._size = before, os.fstat(out.fileno()).st_size
                raise


class _Edited(Exception):
    """A line is not what was written."""


def write_atomically(path: str, text: str, mode: int = 0o600) -> None:
    """Replace the file at ``path`` by ``text`` (UTF-8), by default with mode 0600: a reader sees the old or the new text, never a part."""
    folder = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
