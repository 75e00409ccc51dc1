# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to addresses, one IP version at a time, with the system's resolver, which other programs on this host use.

Also a query of our own (RFC 1035) to one resolver, for what the system's interface does not offer: HTTPS records, and a second opinion.
"""
from __future__ import annotations

import os
import re
import socket
import struct
import sys

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import hostsfile, system
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT, failure, of_datagrams

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
A, AAAA, HTTPS = 1, 28, 65
_RCODES = {2: "dns_servfail_error", 3: "dns_nxdomain_error", 5: "dns_refused_error"}
_NO_NAME = "dns_nxdomain_error"
#: SvcParamKeys of RFC 9460 and of ECH.
_ALPN, _ECH = 1, 5


def resolve(host: str, port: int, version: int, pins: dict) -> dict:
    """``{"addresses": [...], "failure": None or a word, "pinned": bool, "hosts_file": bool, "resolvers": [...]}`` for IP ``version`` 4 or 6.

    ``hosts_file``: the hosts file resolved the name, and none of the ``resolvers`` did.
    """
    seen = {"addresses": [], "failure": None, "pinned": bool(pins.get(host)), "hosts_file": False, "resolvers": []}
    if seen["pinned"]:
        return dict(seen, addresses=[pins[host]] if (":" in pins[host]) == (version == 6) else [])
    seen["resolvers"] = behind()
    try:
        found = socket.getaddrinfo(host, port, FAMILIES[version], socket.SOCK_STREAM)
    except OSError as error:
        word = failure(error)
        # macOS reports the same for a name that only has addresses of the other IP version.
        word = "dns_no_answer" if word == _NO_NAME and sys.platform == "darwin" and _exists(host, port) else _said(host, version, word)
        return dict(seen, failure=word)
    # In the system's order, in which clients try them.
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    own = hostsfile.answers(host, addresses)
    return dict(seen, addresses=addresses, hosts_file=own, resolvers=[] if own else seen["resolvers"])


def _said(host: str, version: int, word: str) -> str:
    """The system has one error for a resolver that is silent and for one that refuses or fails, so our own query decides."""
    known = resolvers() if word == "dns_temporary_failure" else []
    said = ask(known[0], host, AAAA if version == 6 else A, 0.5)["failure"] if known else None
    return said if said in _RCODES.values() else word


def _exists(host: str, port: int) -> bool:
    try:
        return bool(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    except OSError:
        return False


def resolvers(path: str = "/etc/resolv.conf") -> list:
    """The addresses of the resolvers that this host uses; none if it does not report them."""
    if sys.platform == "win32":
        return system.network_of_windows().get("resolvers", [])
    found = system.resolvers_of_mac() if sys.platform == "darwin" else []
    if found:
        return found
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return re.findall(r"^\s*nameserver\s+([0-9A-Fa-f.:]+)", file.read(), re.M)
    except OSError:
        return []


def behind(path: str = "/etc/resolv.conf", systemd: str = "/run/systemd/resolve/resolv.conf") -> list:
    """The resolvers that answer for this host: if it uses a local stub, the upstream resolvers of the stub, or none if they are unknown."""
    def others(named: list) -> list:
        return [address for address in named if not address.startswith("127.") and address != "::1"]
    return others(resolvers(path)) or others(resolvers(systemd))


def ask(resolver: str, host: str, kind: int, timeout: float, source: str | None = None) -> dict:
    """One query over UDP, sent twice: ``{"resolver", "addresses": [...], "alpn": [...], "ech": bool, "failure"}``."""
    seen = {"resolver": resolver, "addresses": [], "alpn": [], "ech": False, "failure": TIMEOUT}
    number = os.urandom(2)
    try:
        name = b"".join(bytes([len(label)]) + label.encode("ascii") for label in host.split("."))
        request = number + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + name + b"\0" + struct.pack("!HH", kind, 1)
        with socket.socket(socket.AF_INET6 if ":" in resolver else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            if source and (":" in source) == (":" in resolver):
                sock.bind((source, 0))
            # A connected socket accepts answers from this resolver only.
            sock.connect((resolver, 53))
            sock.settimeout(min(timeout, 2))
            for _attempt in range(2):
                sock.send(request)
                try:
                    answer = sock.recv(4096)
                except socket.timeout:
                    continue
                if answer[:2] == number:
                    return dict(seen, **parse(answer))
    except (OSError, UnicodeError) as error:
        seen["failure"] = of_datagrams(error)
    return seen


def parse(answer: bytes) -> dict:
    """``addresses``, ``alpn``, ``ech`` and ``failure`` of an answer to one question; a broken one is ``dns_server_misbehaving``."""
    found = {"addresses": [], "alpn": [], "ech": False, "failure": None}
    try:
        flags, questions, answers = struct.unpack("!HHH", answer[2:8])
        if not flags & 0x8000:
            raise ValueError("no answer")
        if flags & 15:
            return dict(found, failure=_RCODES.get(flags & 15, "dns_server_misbehaving"))
        at = 12
        for _number in range(questions):
            at = _after_name(answer, at) + 4
        for _number in range(answers):
            at = _after_name(answer, at)
            kind, _class, _ttl, size = struct.unpack("!HHIH", answer[at:at + 10])
            data, at = answer[at + 10:at + 10 + size], at + 10 + size
            if len(data) < size:
                raise ValueError("truncated")
            if kind in (A, AAAA):
                found["addresses"].append(socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, data))
            elif kind == HTTPS:
                _service(data, found)
    except (struct.error, IndexError, ValueError, OSError):
        return {"addresses": [], "alpn": [], "ech": False, "failure": "dns_server_misbehaving"}
    if not found["addresses"] and not found["alpn"] and not found["ech"]:
        found["failure"] = "dns_no_answer"
    return found


def _after_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] & 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


def _service(data: bytes, found: dict) -> None:
    """The parameters of an HTTPS record (RFC 9460, section 2.2)."""
    at = _after_name(data, 2)
    while at + 4 <= len(data):
        key, size = struct.unpack("!HH", data[at:at + 4])
        value, at = data[at + 4:at + 4 + size], at + 4 + size
        if key == _ECH:
            found["ech"] = True
        elif key == _ALPN:
            while value:
                found["alpn"].append(value[1:1 + value[0]].decode("ascii", "replace"))
                value = value[1 + value[0]:]


def has_ipv6() -> bool:
    """Whether this host has a route to the IPv6 internet; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            # A documentation address (RFC 3849): connecting a datagram socket only looks up the route.
            probe.connect(("2001:db8::1", 443))
            return not probe.getsockname()[0].startswith(("fe80", "::1"))
    except OSError:
        return False
