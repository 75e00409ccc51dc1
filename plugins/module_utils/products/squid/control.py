# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control of Squid: parse a candidate configuration, replace files, reload, and wait until the new configuration is in force.

The only way to reload is ``squid -k reconfigure``: it parses first and keeps the running configuration if the new one is broken, whereas a plain SIGHUP (sent
by a service reload on Debian) then ends the proxy. Measured on 5.7, 6.13 and 7.7.
"""
from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections import Counter
from dataclasses import replace
from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.deadline import Deadline
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import (
    Site, logical_lines, physical, split,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import finds_folder, included, matches
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import CACHE_LOG, News, last_loaded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import (
    NONE, RUNS, UNKNOWN, Build, Seen, alive, is_script, lets, listening, look, sockets_of,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.program import Program

#: Words in a line that reports a problem: squid -k parse repeats the whole configuration, and most lines report none.
_HINT = re.compile(r"ERROR|WARNING|FATAL|Warning|Bungled|unrecognized")
_PROBLEM = re.compile(r"\b(ERROR|WARNING|FATAL|Warning|Bungled)\b|unrecognized")
_STAMP = re.compile(r"^(?:[0-9/]+ [0-9:]+(?:\.[0-9]+)?(?: kid[0-9]+)?\| ?)?")
#: The arguments with which Squid prints its version and build.
_WHAT = ("-v",)


class Control:
    """One Squid, with its program and configuration. All calls together have ``timeout`` seconds. ``commands`` counts calls of the program."""

    def __init__(self, squid: str, config_file: str, service_name: str | None, timeout: float):
        self._squid, self._config, self._name = squid, config_file, service_name
        self._deadline = Deadline(timeout)
        self._build, self._known = None, None
        #: Programs that ``begin`` started and that were not waited for yet.
        self._begun: dict = {}
        self.commands = 0
        #: Files that Squid could not open at the last reload, as far as its log can be read.
        self.unopened: list = []

    def begin_cleanup(self, undo: bool = False) -> None:
        """From here on the run ends or, with ``undo``, undoes a change."""
        self._deadline.begin_cleanup(undo)

    @property
    def left(self) -> float:
        """Seconds that the run has left."""
        return self._deadline.left()

    def begin(self) -> None:
        """Start Squid to print its build and to parse the present configuration. This takes as long as reading the configuration here, and runs in parallel."""
        for arguments in (_WHAT, self._parsing):
            self._begun[arguments] = self._start(*arguments)

    def close(self) -> None:
        """End programs that were started and not waited for."""
        while self._begun:
            self._begun.popitem()[1].kill()

    def _start(self, *arguments: str, failure: str = UNREACHABLE, then: str = "") -> Program:
        """Start the program with these arguments. :raises AccessError: as ``_end``, and if it cannot be started."""
        name = ["-n", self._name] if self._name else []
        if self._deadline.left() <= 0:
            raise self._late(arguments, failure, then)
        self.commands += 1
        try:
            return Program([self._squid] + name + list(arguments))
        except OSError as error:
            raise AccessError(failure, "%s cannot be run: %s%s" % (self._squid, error.strerror, then)) from error

    def _end(self, program: Program, *, failure: str = UNREACHABLE, then: str = "") -> tuple:
        """(exit code, output). :raises AccessError: ``failure``, if it does not end in time; ``then``: the consequence, as the rest of the sentence."""
        try:
            return program.end(self._deadline.left())
        except TimeoutError:
            raise self._late(program.command[3 if self._name else 1:], failure, then) from None

    def _late(self, arguments: Iterable[str], failure: str, then: str) -> AccessError:
        words = [word for word in arguments if word != "-f" and "/" not in word]
        return AccessError(failure, "%s did not end before the run timed out (timeout, %g s)%s" % (" ".join(["squid"] + words), self._deadline.timeout, then))

    def _run(self, *arguments: str, failure: str = UNREACHABLE, then: str = "") -> tuple:
        """As ``_end``, for a program that runs already or is started for it."""
        program = self._begun.pop(arguments, None) or self._start(*arguments, failure=failure, then=then)
        return self._end(program, failure=failure, then=then)

    def build(self) -> Build:
        """The build of this Squid. :raises AccessError: if there is no Squid."""
        rc, text = self._run(*_WHAT)
        if rc != 0 or "Squid Cache" not in text:
            raise AccessError(UNREACHABLE, "%s -v does not identify itself as Squid: %s" % (self._squid, text.strip()[:200]))
        self._build = Build.of(text)
        return self._build

    def look(self, site: Site) -> Seen:
        """The Squid that runs with this configuration: none, one, or unknown."""
        named = site.last("pid_filename", "")
        if named == "none":
            return Seen(UNKNOWN, "pid_filename is none, so a running Squid can be neither detected nor reloaded: set pid_filename to a file, and restart Squid")
        service = self._name or "squid"
        seen = look([named] if named else self._build.pid_files(service), self._squid, self._build, self._config, service, site.addresses)
        if seen.answer == NONE and self._run("-k", "check", "-f", self._config)[0] == 0:
            if not is_script(self._squid):
                return Seen(UNKNOWN, "squid -k check reports a running Squid, but the location of its pid file is unknown: set pid_filename")
            # For example a script that enters a container: the process is visible only in the container, its sockets from here as well.
            sockets = sorted(inode for found in listening(site.addresses).values() for inode in found)
            seen = Seen(RUNS, identity={"sockets": sockets} if sockets else None)
        taken = [port for port, inodes in listening(site.addresses).items() if inodes] if seen.answer == NONE else []
        if taken:
            return Seen(UNKNOWN, "no pid file names a running Squid, but a process listens on %s: if that is this Squid, restart it, so that it writes its pid "
                                 "file; otherwise stop that process" % ", ".join(taken))
        if seen.identity and workers_of(site) > 1:
            # With several workers one process holds the sockets, and they stay open.
            loaded = last_loaded(site.last("cache_log", CACHE_LOG), seen.zone)
            return replace(seen, identity=dict(seen.identity, loaded=loaded[0]) if loaded else None)
        return seen

    @property
    def _parsing(self) -> tuple:
        return "-k", "parse", "-f", self._config

    def parse(self, path: str, real_paths: dict | None = None) -> tuple:
        """(whether it parses, a Counter of the problems that ``squid -k parse`` reports, without time stamps and line numbers)

        That it parses proves little: a missing list file is an ERROR line and an empty ACL.
        """
        rc, said = self._run("-k", "parse", "-f", path)
        text = said + "\n"
        # Most lines of a long output report no problem.
        places = {text.rfind("\n", 0, hit.start()) + 1 for hit in _HINT.finditer(text)}
        lines = [_STAMP.sub("", text[at:text.find("\n", at)]).strip() for at in sorted(places)]
        found = Counter()
        for line in lines:
            if _PROBLEM.search(line):
                for temporary, real in (real_paths or {}).items():
                    line = line.replace(temporary, real)
                found[line] += 1
        if rc != 0 and not found:
            found["squid -k parse exits with %d" % rc] += 1
        return rc == 0, found

    def check_site(self, files: dict[str, str | None], glob: Callable[[str], list]) -> None:
        """Store the problems of the present configuration. ``files``: {path: text} of managed files that do not exist yet.

        :raises AccessError: refused, with Squid's own message, if it does not parse.
        """
        parses, self._known = self.parse(self._config)
        if not parses and files:
            parses, known = self._parse_with(files, glob)
            self._known = known if parses else self._known
        if not parses:
            raise AccessError(REFUSED, "the existing configuration does not parse, so nothing is written. Correct it first: %s"
                              % "; ".join(sorted(self._known, key=_gravity)[:3]))

    def _parse_with(self, files: dict[str, str | None], glob: Callable[[str], list]) -> tuple:
        folder = tempfile.mkdtemp(prefix="netaccess-squid-")
        try:
            tree = _Tree(folder, files, glob)
            return self.parse(tree.copy(self._config), tree.real_paths)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check_candidate(self, files: dict[str, str | None], glob: Callable[[str], list]) -> None:
        """Have Squid parse the configuration with ``files`` ({path: text or None}) in place.

        :raises AccessError: refused, for a problem that the present configuration does not have.
        """
        _parses, found = self._parse_with(files, glob)
        if found and self._known is None:
            self._known = self.parse(self._config)[1]
        new = _unnumbered(found) - _unnumbered(self._known or ())
        if new:
            raise AccessError(REFUSED, "squid -k parse finds new problems in the changed configuration: %s" % "; ".join(sorted(new)[:5]))

    def reconfigure(self, site: Site) -> dict:
        """Reload, and wait until the new configuration is in force: then Squid has closed and reopened its listening sockets.

        With several workers one process holds the sockets, and they stay open; the log then shows that each worker has reloaded.

        :raises AccessError: activation.
        """
        seen = self.look(site)
        if seen.answer == NONE:
            return {"target": "squid", "status": "not running: in force when it starts", "seconds": 0}
        if seen.answer != RUNS:
            raise AccessError(ACTIVATION, "nothing was activated: %s" % seen.why)
        before, workers = listening(site.addresses), workers_of(site)
        log = News.of(site.last("cache_log", CACHE_LOG), needed=workers > 1)
        # Another process may have one of its ports, and an address may be that of another host.
        held = sockets_of(seen.pid) if seen.pid is not None else set()
        ports = [port for port in site.addresses if before[port] & held] or site.addresses
        began = time.monotonic()
        rc, text = self._run("-k", "reconfigure", "-f", self._config, failure=ACTIVATION, then=", so it is unknown which policy is in force")
        if rc != 0:
            raise AccessError(ACTIVATION, "squid -k reconfigure refused: %s" % " ".join(text.split())[-400:])
        while True:
            now = listening(site.addresses)
            replaced = all(now[port] and not now[port] & before[port] for port in ports)
            if replaced or workers > 1 and len(log.reloaded()) >= workers:
                self.unopened = log.unopened() if log else []
                return {"target": "squid", "status": "in force", "seconds": round(time.monotonic() - began, 2)}
            if seen.pid is not None and not alive(seen.pid):
                raise AccessError(ACTIVATION, "squid (process %d) terminated at the reload; see its cache_log" % seen.pid)
            if self._deadline.left() <= 0:
                break
            # Check less often the longer it takes, because each check slows the reload on a busy host.
            time.sleep(max(0.01, (time.monotonic() - began) / 20))
        waited = time.monotonic() - began
        closed = [port for port in ports if not now[port]]
        if closed:
            raise AccessError(ACTIVATION, "squid does not listen on port %s %.0f s after the reload; see its cache_log" % (", ".join(closed), waited))
        who = "squid" if workers == 1 else "of %d workers of squid %d" % (workers, workers - len(log.reloaded()))
        raise AccessError(ACTIVATION, "%s still runs the old policy: it did not reload within %.0f s, and the run timed out (timeout, %g "
                                      "s)" % (who, waited, self._deadline.timeout))


def workers_of(site: Site) -> int:
    """The number of processes that serve clients."""
    number = site.last("workers", "1")
    return int(number) if number.isdecimal() else 1


def _unnumbered(problems: Iterable[str]) -> Counter:
    """A message without line numbers, which change."""
    found = Counter()
    for line in problems:
        found[re.sub(r"(line|:)\s*[0-9]+", r"\1 N", re.sub(r"\([0-9]+\)", "(N)", line))] += problems[line]
    return found


def _gravity(line: str) -> tuple:
    """Sort key: fatal problems before warnings."""
    return "FATAL" not in line, "unrecognized" not in line and "ERROR" not in line, line


class _Tree:
    """Copy the configuration files to ``folder``, with some of them replaced and all references changed to the copies."""

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
        with open(target, "w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            out.write(self._rewritten(path))
        return target

    def _rewritten(self, path: str) -> str:
        text = self._files.get(path)
        if text is None:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as source:
                text = source.read()
        if "include" in text:
            lines = text.split("\n")
            for number, line in logical_lines(text):
                if line.startswith("include") and split(line)[:1] == ["include"]:
                    end = number - 1
                    for at in range(end, len(lines)):
                        enabled, part = physical(lines[at])
                        if not enabled or not part or part.startswith("#"):
                            continue
                        lines[at], end = "", at
                        if not part.endswith("\\"):
                            break
                    lines[end] = "include %s" % " ".join(self._included(included(line)))
            text = "\n".join(lines)
        for real, content in self._files.items():
            if content is not None and '"%s"' % real in text:
                text = text.replace('"%s"' % real, '"%s"' % self.copy(real))
        return text

    def _included(self, patterns) -> list:
        paths = []
        # squid -k parse resolves a relative path from its working directory, which is that of this process.
        for pattern in map(os.path.abspath, patterns):
            here = {p for p in self._glob(pattern) if self._files.get(p, "") is not None}
            here |= {p for p, text in self._files.items() if text is not None and matches(p, pattern)}
            # Squid opens a folder as a file without lines.
            paths += [self.copy(p) for p in sorted(here)] or [self._folder if finds_folder(pattern) else self._nothing(pattern)]
        return paths

    def _nothing(self, pattern: str) -> str:
        """A path without a file, for a ``pattern`` without one: Squid does not start with such an include."""
        path = os.path.join(self._folder, "none-%d" % len(self.real_paths))
        self.real_paths[path] = pattern
        return path


def replace_file(path: str, text: str | None, reader: tuple | None = None) -> None:
    """Write ``text`` to ``path`` atomically, or remove the file for None. An existing file keeps its owner, mode and access control list; ``reader`` can
    read a new one.

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
        make_folder(folder, reader)
        handle, temporary = tempfile.mkstemp(prefix=".netaccess-", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        _like(path, temporary, reader)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AccessError(REFUSED, "%s cannot be written: %s. Run as a user who can write it (become), or choose other paths"
                          % (path, error.strerror)) from error


def make_folder(folder: str, reader: tuple | None) -> None:
    """Create a folder, and those above it. :raises AccessError: refused, naming it and the way out."""
    if not os.path.isdir(folder):
        make_folder(os.path.dirname(folder), reader)
        try:
            os.mkdir(folder, 0o700)
            _open_to(reader, folder, 0o755)
        except OSError as error:
            raise AccessError(REFUSED, "%s cannot be written: %s. Run as a user who can create it (become), or choose other paths"
                              % (folder, error.strerror)) from error


def attributes(path: str) -> list[str]:
    """The extended attributes of a file that its owner can set; none where the file system has none."""
    try:
        return [name for name in os.listxattr(path) if name.startswith("user.") or name == "system.posix_acl_access"]
    except (AttributeError, OSError):
        # Systems other than Linux have no such call.
        return []


def _like(path: str, temporary: str, reader: tuple | None) -> None:
    try:
        old = os.stat(path)
    except FileNotFoundError:
        _open_to(reader, temporary, 0o644)
        return
    os.chmod(temporary, stat.S_IMODE(old.st_mode))
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(temporary, old.st_uid, old.st_gid)
    # Without its access control list, the bits of the group would mean the group and not the mask of that list.
    for name in attributes(path):
        os.setxattr(temporary, name, os.getxattr(path, name))


def _open_to(reader: tuple | None, path: str, mode: int) -> None:
    """``mode`` for a new file or folder, limited by the umask except for the reader; readable for everybody if the reader is unknown."""
    umask = os.umask(0o022)
    os.umask(umask)
    os.chmod(path, mode & ~umask if reader else mode)
    if reader and not lets(os.stat(path), reader, mode & 0o005):
        try:
            os.chown(path, -1, reader[1][0])
            os.chmod(path, mode & ~umask | mode & 0o050)
        except OSError:
            os.chmod(path, mode)
