# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the running Squid by its pid file and by what the kernel shows about the process. Read-only.

No Squid, an unknown state, and another program are three different results.
"""
from __future__ import annotations

import contextlib
import getopt
import os
import re
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

NONE, RUNS, UNKNOWN, OTHER = "none", "runs", "unknown", "other"
_PROC = "/proc"
#: Of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h.
_SOCK_DIAG, _BY_FAMILY, _DUMP, _INTERRUPTED, _ERROR, _DONE, _LISTEN = 4, 20, 0x301, 0x10, 2, 3, 10


@dataclass(frozen=True)
class Build:
    """The output of ``squid -v``. ``options``: the build options; the last of a name counts."""

    number: str
    decrypts: bool
    options: dict = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Build:
        number = (text.partition("Version")[2].split() or ["of an unknown release"])[0]
        return cls(number, "--with-openssl" in text, dict(re.findall(r"--([a-z]+(?:-[a-z]+)*)=([^'\s]*)", text)))

    def pid_files(self, service: str) -> list[str]:
        """Possible paths of the pid file if no configuration sets one."""
        state = self.options.get("localstatedir", self.options.get("prefix", "/usr/local/squid") + "/var")
        named = [self.options["with-pidfile"]] if self.options.get("with-pidfile") else []
        return [path.replace("${service_name}", service) for path in named + ["%s/run/%s.pid" % (state, service), "/run/%s.pid" % service]]

    @property
    def config_file(self) -> str:
        """The default configuration file."""
        return os.path.join(self.options.get("sysconfdir", self.options.get("prefix", "/usr/local/squid") + "/etc"), "squid.conf")


@dataclass(frozen=True)
class Seen:
    """The result. ``why``: in words, if it is neither RUNS nor NONE; ``identity``: stays the same as long as the process runs what it last read, and changes
    with each start and reload; ``began``: when it started, in seconds since the epoch; ``reader``: the (user, groups) with which it reads files; ``zone``:
    its variable TZ, "" without one, None if unknown."""

    answer: str
    why: str = ""
    pid: int | None = None
    identity: dict | None = None
    began: float | None = None
    reader: tuple | None = None
    signalled: bool = True
    zone: str | None = None


def look(pid_files: list[str], program: str, build: Build, config_file: str, service: str, ports: list[str]) -> Seen:
    """The Squid of the first of ``pid_files`` that exists. ``ports``: the first words of the listening ports."""
    path = next((one for one in pid_files if os.path.lexists(one)), None)
    if path is None:
        return Seen(NONE)
    try:
        with open(path, encoding="ascii", errors="replace") as source:
            text = source.read(64).strip()
    except OSError as error:
        return Seen(UNKNOWN, "the pid file %s cannot be read: %s" % (path, error.strerror))
    pid = int(text) if text.isdecimal() else 0
    if not 0 < pid < 1 << 31 or not alive(pid):
        return Seen(NONE)
    wrong = _not_ours(pid, program, build, config_file, service)
    if wrong is not None:
        return Seen(wrong[0], "process %d (from %s) %s" % (pid, path, wrong[1]), pid)
    began, ticks = _began(pid)
    sockets = sorted(inode for found in listening(ports).values() for inode in found)
    identity = {"boot": _word("sys/kernel/random/boot_id"), "pid": pid, "began": ticks, "sockets": sockets}
    return Seen(RUNS, pid=pid, identity=identity, began=began, reader=_reader(pid), signalled=_signalled(pid), zone=_zone(pid))


def _not_ours(pid: int, program: str, build: Build, config_file: str, service: str) -> tuple | None:
    """(answer, why) for a process that is not this build with this configuration; None if it is."""
    try:
        with open("%s/%d/cmdline" % (_PROC, pid), "rb") as source:
            words = [os.fsdecode(word) for word in source.read().split(b"\0")]
    except OSError as error:
        return UNKNOWN, "cannot be inspected: %s" % error.strerror
    if "squid" not in words[0] and "squid" not in _word("%d/comm" % pid):
        return OTHER, "is %r and not Squid, so a reload would signal the wrong process: remove that file" % (words[0] or _word("%d/comm" % pid))
    named = _option(words, "-f") or build.config_file
    # The working directory at its start is unknown, because Squid changes to its coredump_dir.
    other = os.path.basename(named) != os.path.basename(config_file) if not os.path.isabs(named) else os.path.realpath(named) != os.path.realpath(config_file)
    if other:
        return OTHER, "runs with %s, but config_file is %s" % (named, config_file)
    if (_option(words, "-n") or "squid") != service:
        return OTHER, "runs as service %s, but service_name is %s" % (_option(words, "-n") or "squid", service)
    return _other_build(pid, program, build)


def _option(words: list, name: str) -> str | None:
    """The value of an option in Squid's command line; the last one counts."""
    try:
        given, _rest = getopt.gnu_getopt([word for word in words[1:] if word], "CDFNRSVYXa:d:f:hik:l:mn:sO:u:vz?", ["help", "version", "foreground", "kid="])
    except getopt.GetoptError:
        return None
    return next((value for option, value in reversed(given) if option == name), None)


def _other_build(pid: int, program: str, build: Build) -> tuple | None:
    """(answer, why) for a process of another build than ``program``, or of an unknown one; None if it is the same."""
    running = "%s/%d/exe" % (_PROC, pid)
    try:
        if os.path.samefile(running, program):
            return None
        theirs = _content(running)
    except OSError as error:
        return UNKNOWN, "does not show this user its executable (%s): run as root (become)" % error.strerror
    ours = _content(program)
    if ours[:4] == b"\x7fELF" and ours != theirs:
        return OTHER, "runs the executable %s, which is a different build than %s: set the option squid to the running one, or restart Squid" % (
            _link(pid, "exe"), program)
    # A script that starts a Squid determines which one.
    if ours[:2] == b"#!" and ("squid/%s" % build.number).encode() not in theirs:
        return OTHER, "runs the executable %s, which is not the release %s that %s starts" % (_link(pid, "exe"), build.number, program)
    return None


def is_script(program: str) -> bool:
    """Whether a program is a script."""
    return _content(program)[:2] == b"#!"


def _content(path: str) -> bytes:
    with open(path, "rb") as source:
        return source.read()


def _link(pid: int, name: str) -> str | None:
    try:
        return os.readlink("%s/%d/%s" % (_PROC, pid, name))
    except OSError:
        return None


def _word(path: str) -> str:
    try:
        with open("%s/%s" % (_PROC, path), encoding="utf-8", errors="replace") as source:
            return source.read().strip()
    except OSError:
        return ""


def _stat(pid: int) -> list:
    """The fields of /proc/PID/stat from the third on; empty if the process is gone."""
    return _word("%d/stat" % pid).rpartition(")")[2].split()


def _began(pid: int) -> tuple:
    """(seconds since the epoch, ticks since the system started)"""
    fields = _stat(pid)
    if len(fields) < 20:
        return None, None
    ticks = int(fields[19])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK"), ticks


def _reader(pid: int) -> tuple | None:
    """The user with which it and its workers read the configuration: a Squid that root started becomes root again for it."""
    lines = dict(line.split(":", 1) for line in _word("%d/status" % pid).splitlines() if ":" in line)
    users, groups = lines.get("Uid", "").split(), lines.get("Gid", "").split()
    if len(users) < 3:
        return None
    user = 0 if "0" in users[:3] else int(users[1])
    return user, tuple(dict.fromkeys(int(one) for one in groups[1:2] + lines.get("Groups", "").split()))


def _zone(pid: int) -> str | None:
    """From the environment at its start, which only its own user and root may read."""
    try:
        with open("%s/%d/environ" % (_PROC, pid), "rb") as source:
            words = source.read().split(b"\0")
    except OSError:
        return None
    values = [os.fsdecode(word[len(b"TZ="):]) for word in words if word.startswith(b"TZ=")]
    if not any(words):
        # A process that is just being started shows this.
        return None
    return values[0] if values else ""


def alive(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def _signalled(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def lets(found: os.stat_result, reader: tuple, needed: int) -> bool:
    """Whether the mode of a file or folder gives a reader the permission ``needed``, as for others: 4 read, 1 search."""
    user, groups = reader
    shift = 6 if found.st_uid == user else 3 if found.st_gid in groups else 0
    return user == 0 or found.st_mode >> shift & needed == needed


def sockets_of(pid: int) -> set[str]:
    """The inodes of the sockets of a process and of its children, as far as the kernel shows them: a daemon leaves its ports to a child."""
    found = set()
    for one in [str(pid), *_word("%d/task/%d/children" % (pid, pid)).split()]:
        with contextlib.suppress(OSError):
            folder = "%s/%s/fd" % (_PROC, one)
            links = (os.readlink(os.path.join(folder, name)) for name in os.listdir(folder))
            found.update(link[len("socket:["):-1] for link in links if link.startswith("socket:["))
    return found


def sees(pid: int, path: str) -> bool:
    """Whether a process has the same file at ``path``: it may have mounts of its own. True if the kernel does not show that."""
    path = os.path.realpath(path)
    try:
        return os.path.samestat(os.stat("%s/%d/root%s" % (_PROC, pid, path)), os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return not alive(pid)
    except OSError:
        return True


def readable(path: str, reader: tuple) -> bool:
    """Whether a reader can open ``path``, by the modes of its folders and of itself."""
    path, needed = os.path.realpath(path), 4
    while lets(os.stat(path), reader, needed):
        if path == "/":
            return True
        path, needed = os.path.dirname(path), 1
    return False


# -- sockets -------------------------------------------------------------------------------------------------------


def listening(ports: list[str]) -> dict[str, set]:
    """{port as the configuration has it: inodes of the sockets that listen there}. The same port on another address belongs to someone else."""
    held: dict = {}
    for address, number, inode in listeners():
        held.setdefault((address, number), set()).add(str(inode))
    return {port: {inode for address in _addresses(port) for inode in held.get(address, ())} for port in ports}


def listeners() -> list:
    """(address as bytes, port, inode) of each listening socket."""
    try:
        return told()
    except (OSError, struct.error):
        return tabled()


def told() -> list:
    """The listening sockets, by a query to the kernel: a fraction of the work of its tables, which contain every connection.

    :raises OSError: if it does not answer, or not completely.
    """
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1)
            kernel.send(struct.pack("=LHHLL4BL48x", 72, _BY_FAMILY, _DUMP, 0, 0, family, socket.IPPROTO_TCP, 0, 0, 1 << _LISTEN))
            answer = b""
            while answer is not None:
                answer = _taken(found, kernel.recv(1 << 16), 4 if family == socket.AF_INET else 16)
    return found


def _taken(found: list, answer: bytes, width: int) -> bytes | None:
    """Add the content of a part of an answer; None after the last one. :raises OSError:"""
    at = 0
    while at < len(answer):
        size, kind, flags = struct.unpack_from("=LHH", answer, at)
        if kind == _DONE:
            return None
        if kind == _ERROR or flags & _INTERRUPTED or size < 16:
            raise OSError("the kernel does not show the listening sockets")
        port, address, inode = struct.unpack_from("!4xH2x%ds" % width, answer, at + 16) + struct.unpack_from("=L", answer, at + 16 + 68)
        found.append((address, port, inode))
        at += (size + 3) & ~3
    return answer


def tabled() -> list:
    """The same from the kernel's tables."""
    rows = [line.split() for table in ("tcp", "tcp6") for line in _word("net/%s" % table).splitlines()[1:]]
    found = []
    for row in rows:
        if int(row[3], 16) == _LISTEN:
            address, _colon, number = row[1].partition(":")
            # The kernel prints words of four bytes in the byte order of the machine.
            packed = b"".join(int(address[at:at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8))
            found.append((packed, int(number, 16), int(row[9])))
    return found


def _addresses(port: str) -> list:
    """(address, port) as in the kernel; a host name may have several."""
    host, _colon, number = port.rpartition(":")
    if not number.isdecimal():
        return []
    if not host:
        return [(bytes(4), int(number)), (bytes(16), int(number))]
    try:
        found = {entry[4][0].partition("%")[0] for entry in socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return []
    return [(socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address), int(number)) for address in sorted(found)]
