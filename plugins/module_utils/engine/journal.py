# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: the plan, saved before the first write and amended after each step.

A killed run returns nothing, so what it did must already be on disk. The note of a step is on disk before the step is sent; that it was done, with the
next
note. The file has mode 0600 and is only ever appended to: its first line is the plan, each further line a later note, {name: value}, of which the last one
counts; ``changes`` are added to those before. A line carries a SHA-256 of itself and of the line before it: an edited journal is refused instead of being
rolled back wrongly. A last line without its end was being written when the run was killed, and nothing that was to follow it was done.

Its status: ``open`` while the run writes; then ``applied``, or ``unproven`` until the change is proven; ``undone`` if the run itself undid it.
``reverting`` while a later run rolls it back, then ``reverted``. One that stays open or reverting belongs to a run that did not complete.
The journals about a device are a chain: each keeps its own stage, the stage and digest of the one before it, and the unfinished ones that its run
continued.
"""
from __future__ import annotations

import json
import os
import stat
import tempfile
import time
import uuid
from typing import Iterable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, canonical_digest

FORMAT = 2
OPEN = "open"
UNPROVEN = "unproven"
APPLIED = "applied"
UNDONE = "undone"
REVERTING = "reverting"
REVERTED = "reverted"
#: Status of an interrupted run; and of a run that left something which can be rolled back.
UNFINISHED = (OPEN, REVERTING)
LIVE = (OPEN, UNPROVEN, APPLIED, REVERTING)


class Journal:
    """One run's record on one device. ``path`` is a file to be created, or a folder in which a new file gets a name.

    ``standing``: the journals before it, as ``Journal.standing`` returns them. ``baseline``: what hosts saw before the change, for its proof.
    """

    #: Whether a full disk is no reason to stop, as in a rollback; what could not be written, in words.
    forgiving = False
    unwritten: str | None = None
    #: Steps that this run has sent, or begun to send, except harmless ones.
    writes = 0

    def __init__(self, path: str, product: str, device: str, comment: str | None = None, series: str | None = None, standing: Sequence[Journal] = (),
                 baseline: dict | None = None, stage: str | None = None):
        now = time.time_ns()
        self._body = {
            "format": FORMAT,
            # Begins with the fraction of the second, so that file names sort in the order of their runs.
            "run_id": "%08x%s" % (now % 10 ** 9, uuid.uuid4().hex[8:]),
            "product": product,
            "device": device,
            "comment": comment,
            "series": series,
            "stage": stage,
            "previous": standing[0]._link() if standing else None,
            "finishes": [journal._body["run_id"] for journal in standing if journal.status in UNFINISHED],
            "baseline": baseline,
            "started": _time(now // 10 ** 9),
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
                alien = others_may_write(os.fstat(handle.fileno()))
                stored = handle.read()
        except OSError as error:
            raise AccessError(REFUSED, "journal %s cannot be read: %s" % (path, error.strerror)) from error
        if alien:
            raise AccessError(REFUSED, "journal %s %s, so it is not rolled back: its checksum does not prove who wrote it. Check that one of your "
                                       "runs wrote it, then change its owner to this user and its mode to 0600" % (path, alien))
        journal = cls.__new__(cls)
        journal.path, journal._body, journal._changes, journal._last = path, {}, [], ""
        whole = stored[:stored.rfind(b"\n") + 1]
        journal._end, journal._size = len(whole), len(stored)
        try:
            for line in whole.splitlines():
                journal._take(json.loads(line))
            body = journal._body
            if body["format"] != FORMAT:
                raise AccessError(REFUSED, "journal %s has format %s; this release supports format %d" % (path, body["format"], FORMAT))
            body["status"], body["product"], body["device"], body["comment"], body["steps_done"]
        except _Edited:
            raise AccessError(REFUSED, "journal %s does not match its checksum, so it is not rolled back: it was edited or damaged" % path) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise AccessError(REFUSED, "%s is not a complete journal of this collection" % path) from error
        return journal

    def _take(self, line: dict) -> None:
        """Apply one line of the file. :raises _Edited, ValueError, KeyError, TypeError:"""
        noted = line["journal"]
        changes = [Change.from_data(data) for data in noted.get("changes", ())]
        if line["sha256"] != canonical_digest([self._last, noted]):
            raise _Edited()
        self._last = line["sha256"]
        self._changes += changes
        self._body.update({name: value for name, value in noted.items() if name != "changes"})

    @classmethod
    def newest(cls, path: str, product: str, device: str, series: str | None = None) -> Journal | None:
        """The journal to roll back: the file at ``path``, or the newest one about this device in that folder that its own run did not undo.

        None: there is none. It may be rolled back already: the one before it is another change, which the operator did not name.
        ``series``: the newest journal of that series in the folder that was not rolled back.
        :raises AccessError: refused: as ``load``; also if a file that may be the one cannot be read.
        """
        path = os.path.abspath(os.path.expanduser(path))
        if not os.path.isdir(path):
            return cls.load(path)
        for journal in cls._of(path, product, device):
            if (journal.status in LIVE if series else journal.status != UNDONE) and series in (None, journal._body.get("series")):
                return journal
        return None

    @classmethod
    def standing(cls, path: str, product: str, device: str) -> list[Journal]:
        """The journals about this device in the folder at ``path`` (or of the file there), newest first, down to the last change that was completed and
        proven."""
        path, found = os.path.abspath(os.path.expanduser(path)), []
        try:
            for journal in [cls.load(path)] if os.path.isfile(path) else cls._of(path, product, device):
                if (journal.product, journal.device) != (product, device):
                    continue
                found.append(journal)
                if journal.status == APPLIED:
                    break
        except (OSError, AccessError):
            # Unreadable files there must not stop a run: each run writes a file of its own.
            return found
        return found

    @classmethod
    def _of(cls, folder: str, product: str, device: str, lenient: bool = False):
        """The journals of one device, newest first. ``lenient``: without unreadable ones. :raises AccessError: otherwise, as ``load``."""
        mark = "-%s-" % product
        paths = [os.path.join(folder, name) for name in os.listdir(folder) if mark in name and name.endswith(".json") and not name.startswith(".")]
        # Names begin with the second of the start, and end with its fraction.
        for path in sorted(paths, reverse=True):
            if not os.path.getsize(path):
                # The run was killed between the name and the plan, and nothing was written to the device.
                continue
            try:
                journal = cls.load(path)
            except AccessError:
                if lenient:
                    continue
                raise
            if (journal.product, journal.device) == (product, device):
                yield journal

    def earlier(self) -> list[str]:
        """Paths of the journals beside this one that belong to the same change and were not rolled back yet, the next one to roll back first.

        They are those of the same series, and of interrupted runs that a run of this change continued.
        """
        found, kin = [], _Kin(self)
        for journal in self._beside():
            if journal.path != self.path and kin.takes_in(journal) and journal.status in LIVE:
                found.append(journal.path)
        return found

    def missing(self) -> list[str]:
        """Names of journals that belong to the same change and are not beside this one in their original form."""
        here, kin, journal, found = {journal._body["run_id"]: journal for journal in self._beside()}, _Kin(self), self, []
        while journal is not None and journal._body.get("previous"):
            link = journal._body["previous"]
            journal = here.pop(link["run_id"], None)
            if (journal is None or journal.digest != link["digest"]) and kin.includes(link):
                found.append(link["journal"] + (" (stage %s)" % link["stage"] if link.get("stage") else ""))
            if journal is not None:
                kin.takes_in(journal)
        return found

    def created_and_gone(self) -> frozenset[Ref]:
        """What journals beside this one created and rolled back, and none of them has created since."""
        gone: dict = {}
        for journal in self._beside():
            for change in journal.changes:
                if change.op == CREATE:
                    gone.setdefault(change.ref, journal.status in (REVERTED, UNDONE))
        return frozenset(ref for ref, taken_back in gone.items() if taken_back)

    def known(self) -> frozenset[Ref]:
        """The objects that journals beside this one, which can still be rolled back, are about."""
        return frozenset(change.ref for journal in self._beside() if journal.status in LIVE and journal.path != self.path for change in journal.changes)

    def _beside(self):
        """The readable journals of this device in the folder of this one, itself included."""
        return self._of(os.path.dirname(self.path), self.product, self.device, lenient=True)

    def _link(self) -> dict:
        """What the next journal about this device keeps of this one."""
        return {"journal": os.path.basename(self.path), "run_id": self._body["run_id"], "series": self._body["series"], "stage": self.stage,
                "digest": self.digest}

    @property
    def digest(self) -> str:
        """Digest of what never changes after the run has ended."""
        return canonical_digest([self._body["run_id"], self.product, self.device, self.started, self.stage, [change.to_data() for change in self._changes]])

    @property
    def stage(self) -> str | None:
        """The stage of a rollout that it is about."""
        return self._body.get("stage")

    @property
    def started(self) -> str:
        return self._body["started"]

    @property
    def ended(self) -> str | None:
        return self._body.get("ended")

    @property
    def baseline(self) -> dict | None:
        """What hosts saw before the change, as it was given to the run."""
        return self._body.get("baseline")

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
        """Create the file with ``changes``. :raises AccessError: refused, if the file already exists or cannot be written."""
        self._changes = list(changes)
        try:
            if not os.path.isdir(os.path.dirname(self.path)):
                os.makedirs(os.path.dirname(self.path), mode=0o700)
            # Claims the name: two runs that were given the same path must not share a journal.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise AccessError(REFUSED, "journal %s already exists: set journal to a new file, or to a folder in which each run creates its own "
                                       "file" % self.path) from error
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

    def sending(self, title: str, *, harmless: bool = False) -> None:
        """Note that a Step is about to be sent: its outcome is unknown until ``sent``. ``harmless``: it changes nothing, so the note is not synced to
        disk."""
        self.writes += not harmless
        self._note(not harmless, step_in_flight=title)

    @property
    def in_flight(self) -> str | None:
        """The title of the Step that was sent last, until ``sent`` or ``close``."""
        return self._body["step_in_flight"]

    @property
    def ids(self) -> dict[Ref, str]:
        """Ids that the run learned of what it created."""
        return {Ref(kind, name): key for kind, name, key in self._body.get("ids", ())}

    def sent(self, ids: dict[Ref, str] | None = None) -> None:
        """Note that the Step was carried out. ``ids``: those of what the run created so far, if names do not distinguish it from others' objects.

        The next note, or ``settle``, syncs it to disk. Until then a kill leaves a Step with an unknown outcome, as if it came before this note.
        """
        learned = {"ids": [[ref.kind, ref.name, key] for ref, key in sorted(ids.items())]} if ids else {}
        self._note(False, step_in_flight=None, steps_done=self._body["steps_done"] + 1, **learned)

    def settle(self) -> None:
        """Wait until all notes are on disk."""
        self._append({})

    def revert(self) -> None:
        """Note that a rollback is about to begin."""
        self._note(True, status=REVERTING)

    def close(self, status: str) -> None:
        """Note how the run ended."""
        self._note(True, status=status, step_in_flight=None, ended=_time(time.time()))

    def _note(self, lasting: bool, **noted: object) -> None:
        self._body.update(noted)
        self._append(noted, lasting)

    def _line(self, noted: dict) -> str:
        self._last = canonical_digest([self._last, noted])
        return json.dumps({"journal": noted, "sha256": self._last}, sort_keys=True, ensure_ascii=True) + "\n"

    def _append(self, noted: dict, lasting: bool = True) -> None:
        """Write one line, and sync it if ``lasting``; nothing if there is nothing to note. :raises AccessError: if that fails and is not forgiven, or
        another process wrote to the file."""
        try:
            self._put(noted, lasting)
        except OSError as error:
            self.unwritten = "journal %s cannot be written: %s" % (self.path, error.strerror)
            if not self.forgiving:
                raise AccessError(REFUSED, self.unwritten) from error

    def _put(self, noted: dict, lasting: bool) -> None:
        """:raises AccessError, OSError:"""
        before = self._last
        with open(self.path, "r+b") as out:
            if out.seek(0, os.SEEK_END) != self._size:
                raise AccessError(REFUSED, "another run wrote to journal %s" % self.path)
            # After the last whole line there may be a part of one: of a killed run, or from a full disk.
            if self._size > self._end:
                out.truncate(self._end)
            out.seek(self._end)
            try:
                if noted:
                    out.write(self._line(noted).encode("ascii"))
                    out.flush()
                if lasting:
                    os.fsync(out.fileno())
                self._end = self._size = out.tell()
            except OSError:
                self._last, self._size = before, os.fstat(out.fileno()).st_size
                raise


def others_may_write(found: os.stat_result) -> str:
    """In words, if anyone but this user and root may have written a file or a folder; "" otherwise."""
    if found.st_uid not in (0, os.geteuid()):
        return "belongs to another user (uid %d)" % found.st_uid
    return "is writable by other users (mode %04o)" % stat.S_IMODE(found.st_mode) if found.st_mode & 0o022 else ""


class _Edited(Exception):
    """A line is not what was written."""


class _Kin:
    """Which journals belong to one change: starts with the newest one, and takes in older ones one by one."""

    def __init__(self, journal: Journal):
        self._series, self._runs = set(), {journal._body["run_id"]}
        self.takes_in(journal)

    def includes(self, body: dict) -> bool:
        return body["run_id"] in self._runs or body.get("series") in self._series

    def takes_in(self, journal: Journal) -> bool:
        """Whether it belongs to the change; then the ones that it continued do as well."""
        found = self.includes(journal._body)
        if found:
            self._series.update([journal._body["series"]] if journal._body.get("series") else [])
            self._runs.update(journal._body.get("finishes", ()))
        return found


def write_atomically(path: str, text: str, mode: int = 0o600, *, lasting: bool = True) -> None:
    """Replace the file at ``path`` with ``text`` (UTF-8), by default with mode 0600: a reader sees the old or the new text, never a part.

    ``lasting``: the new text survives a power failure.
    """
    folder = os.path.dirname(path) or os.curdir
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
    if lasting:
        _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
