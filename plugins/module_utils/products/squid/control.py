# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control of a Squid: parse a candidate, replace files, reload, and wait until the new policy is in force.

Reloads go through ``squid -k reconfigure`` alone: it parses first and leaves the old policy running when the new one is broken,
where a bare SIGHUP (what a service reload sends on Debian) ends the whole proxy. Measured on 5.7, 6.13 and 7.7.
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections import Counter
from typing import Callable, Collection

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.deadline import Deadline
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import logical_lines

_PROBLEM = re.compile(r"\b(ERROR|WARNING|FATAL|Warning|Bungled)\b|unrecognized")
_STAMP = re.compile(r"^(?:[0-9/]+ [0-9:]+(?:\.[0-9]+)?(?: kid[0-9]+)?\| ?)?")
_WORKER = re.compile(r"[0-9/:. ]+ kid(?P<kid>[0-9]+)\| (?P<what>Reconfiguring Squid Cache|Accepting )")
_LOADED = re.compile(r"^(?P<stamp>[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}).*(?:Reconfiguring Squid Cache|Starting Squid Cache)")


class Control:
    """One Squid by its program and its configuration; all that it is asked has ``timeout`` seconds together. ``commands`` counts calls of the program."""

    def __init__(self, squid: str, config_file: str, service_name: str | None, timeout: float):
        self._squid, self._config, self._name = squid, config_file, service_name
        self._deadline = Deadline(timeout)
        self.commands = 0

    def begin_cleanup(self, undo: bool = False) -> None:
        """From here on the run ends or, with ``undo``, takes a change back."""
        self._deadline.begin_cleanup(undo)

    def _run(self, *arguments: str, failure: str = UNREACHABLE, then: str = "") -> tuple:
        """(exit code, what it says). :raises AccessError: ``failure``, when it does not end in time; ``then``: what that means, from the comma on."""
        self.commands += 1
        name = ["-n", self._name] if self._name else []
        try:
            return ended([self._squid] + name + list(arguments), self._deadline.left())
        except TimeoutError:
            raise AccessError(failure, "%s did not end within the time of the run (timeout, %g s)%s" % (
                " ".join(["squid"] + [word for word in arguments if word != "-f" and "/" not in word]), self._deadline.timeout, then)) from None
        except OSError as error:
            raise AccessError(failure, "%s cannot be run: %s%s" % (self._squid, error.strerror, then)) from error

    def build(self) -> tuple:
        """(release, whether this Squid is built for TLS interception). :raises AccessError: when there is no Squid."""
        rc, text = self._run("-v")
        if rc != 0 or "Squid Cache" not in text:
            raise AccessError(UNREACHABLE, "%s -v does not answer as Squid: %s" % (self._squid, text.strip()[:200]))
        return (text.partition("Version")[2].split() or ["of an unknown release"])[0], "--with-openssl" in text

    def running(self) -> bool:
        """Whether a Squid with this configuration runs."""
        # It is asked when the change is written, and before it is brought into force.
        return self._run("-k", "check", "-f", self._config, failure=ACTIVATION, then=", so nothing was brought into force")[0] == 0

    def problems(self, path: str, real_paths: dict | None = None) -> Counter:
        """What ``squid -k parse`` has to say about the configuration at ``path``, without time stamps and line numbers.

        An exit code of 0 proves little: a list file that is missing is an ERROR line and an empty ACL.
        """
        rc, text = self._run("-k", "parse", "-f", path)
        lines = [_STAMP.sub("", line).strip() for line in text.splitlines()]
        found = Counter()
        for line in lines:
            if _PROBLEM.search(line):
                for temporary, real in (real_paths or {}).items():
                    line = line.replace(temporary, real)
                found[re.sub(r"(line|:)\s*[0-9]+", r"\1 N", line)] += 1
        if rc != 0 and not found:
            found["squid -k parse ends with %d" % rc] += 1
        return found

    def check_candidate(self, files: dict[str, str | None], glob: Callable[[str], list]) -> None:
        """Let Squid parse the configuration as it will be with ``files`` ({path: text or None}) in place.

        :raises AccessError: refused, for a problem that the present configuration does not have.
        """
        folder = tempfile.mkdtemp(prefix="netaccess-squid-")
        try:
            tree = _Tree(folder, files, glob)
            candidate = tree.copy(self._config)
            new = self.problems(candidate, tree.real_paths)
            if new:
                new -= self.problems(self._config)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if new:
            raise AccessError(REFUSED, "squid -k parse finds new problems in the configuration as it would be: %s" % "; ".join(sorted(new)[:5]))

    def reconfigure(self, ports: Collection[int], workers: int = 1, cache_log: str | None = None) -> dict:
        """Reload and wait until the new policy is in force: then Squid has closed and reopened its listening sockets.

        Of several ``workers`` one process holds the sockets, and they stay: there ``cache_log`` tells that each worker has reloaded.

        :raises AccessError: activation.
        """
        if not self.running():
            return {"target": "squid", "status": "not running: in force when it starts", "seconds": 0}
        before, log = {port: _listening(port) for port in ports}, _News(cache_log) if workers > 1 else None
        began = time.monotonic()
        rc, text = self._run("-k", "reconfigure", "-f", self._config, failure=ACTIVATION, then=", so it is not known which policy is in force")
        if rc != 0:
            raise AccessError(ACTIVATION, "squid -k reconfigure refused: %s" % " ".join(text.split())[-400:])
        while True:
            now = {port: _listening(port) for port in ports}
            replaced = all(now[port] and not now[port] & before[port] for port in ports)
            if replaced or log and len(log.reloaded()) >= workers:
                return {"target": "squid", "status": "in force", "seconds": round(time.monotonic() - began, 2)}
            if self._deadline.left() <= 0:
                break
            time.sleep(0.02)
        waited = time.monotonic() - began
        closed = [str(port) for port in ports if not _listening(port)]
        if closed:
            raise AccessError(ACTIVATION, "squid does not listen on port %s, %.0f s after the reload; its cache_log says why" % (", ".join(closed), waited))
        who = "squid" if log is None else "of %d workers of squid %d" % (workers, workers - len(log.reloaded()))
        raise AccessError(ACTIVATION, "%s goes on with the old policy: it did not reload within %.0f s, and then the time of the run was over (timeout, "
                                      "%g s)" % (who, waited, self._deadline.timeout))


def ended(command: list[str], seconds: float) -> tuple:
    """(exit code, what it says) of a program and its children. :raises TimeoutError: after ``seconds``, when they are killed."""
    if seconds <= 0:
        raise TimeoutError()
    with tempfile.TemporaryFile() as said:
        # No pipe: a child that outlives its parent would keep it open.
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
                                   env=dict(os.environ, LC_ALL="C", LANGUAGE="C"))
        try:
            code = program.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            raise TimeoutError() from None
        said.seek(0)
        return code, said.read().decode("utf-8", "surrogateescape")


class _News:
    """What a Squid of several workers logs from now on. :raises AccessError: activation, where that cannot be read."""

    def __init__(self, path: str):
        self._path = path
        try:
            with open(path, "rb") as log:
                self._start = log.seek(0, os.SEEK_END)
        except OSError as error:
            raise AccessError(ACTIVATION, "%s cannot be read: %s. It alone tells whether each worker of this Squid has reloaded, so nothing was brought into "
                                          "force. Run as a user who may read it (become)" % (path, error.strerror)) from error

    def reloaded(self) -> set:
        """The workers that have read the configuration anew, and listen again."""
        with open(self._path, "rb") as log:
            log.seek(self._start)
            lines = log.read().decode("utf-8", "replace").splitlines()
        began, done = set(), set()
        for hit in filter(None, map(_WORKER.match, lines)):
            if hit.group("what") != "Accepting ":
                began.add(hit.group("kid"))
            elif hit.group("kid") in began:
                done.add(hit.group("kid"))
        return done


def _listening(port: int) -> set:
    """Inodes of the sockets that listen on ``port`` (IPv4 and IPv6)."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
        except OSError:
            continue
        found |= {row[9] for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    return found


class _Tree:
    """A copy of the configuration files in ``folder``, with some of them replaced and all references turned to the copies."""

    def __init__(self, folder: str, files: dict, glob):
        self._folder, self._files, self._glob = folder, files, glob
        self._copies: dict = {}
        self.real_paths: dict = {}

    def copy(self, path: str) -> str:
        if path in self._copies:
            return self._copies[path]
        target = os.path.join(self._folder, "%d-%s" % (len(self._copies), os.path.basename(path)))
        self._copies[path] = target
        self.real_paths[target] = path
        with open(target, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(self._rewritten(path))
        return target

    def _rewritten(self, path: str) -> str:
        text = self._files.get(path)
        if text is None:
            with open(path, encoding="utf-8", errors="surrogateescape") as source:
                text = source.read()
        lines = text.splitlines()
        for number, line in logical_lines(text):
            if line.split()[0] == "include":
                lines[number - 1] = "".join("include %s\n" % self.copy(p) for p in self._included(line.split()[1:]))
        text = "\n".join(lines) + "\n"
        for real, content in self._files.items():
            if content is not None and '"%s"' % real in text:
                text = text.replace('"%s"' % real, '"%s"' % self.copy(real))
        return text

    def _included(self, patterns) -> list:
        import fnmatch
        paths = []
        for pattern in (p.strip('"') for p in patterns):
            here = {p for p in self._glob(pattern) if self._files.get(p, "") is not None}
            here |= {p for p, text in self._files.items() if text is not None and fnmatch.fnmatch(p, pattern)}
            paths += sorted(here)
        return paths


def replace_file(path: str, text: str | None) -> None:
    """Put ``text`` at ``path`` in one step, or remove the file for None. An existing file keeps its owner and mode; a new one gets 0644.

    :raises AccessError: refused, naming the file and the way out.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    temporary = None
    try:
        if text is None:
            if os.path.exists(path):
                os.unlink(path)
            return
        os.makedirs(folder, mode=0o755, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".netaccess-", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        _like(path, temporary)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AccessError(REFUSED, "%s cannot be written: %s. Run as a user who may write it (become), or choose other paths"
                          % (path, error.strerror)) from error


def _like(path: str, temporary: str) -> None:
    try:
        old = os.stat(path)
    except FileNotFoundError:
        os.chmod(temporary, 0o644)
        return
    os.chmod(temporary, stat.S_IMODE(old.st_mode))
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(temporary, old.st_uid, old.st_gid)


def last_loaded(cache_log: str) -> float | None:
    """When the running Squid last read its configuration (seconds since the epoch), by its own log; None when that cannot be known."""
    try:
        with open(cache_log, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 1048576))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        hit = _LOADED.match(line)
        if hit:
            return time.mktime(time.strptime(hit.group("stamp"), "%Y/%m/%d %H:%M:%S"))
    return None
