# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all probes at the same time under one deadline and returns raw observations; it judges nothing.

Daemon threads report to a queue: executors and asyncio's resolver threads are joined at exit and outlive a deadline (tried).
"""
from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import (
    dns_, idle, quic, stun, system, tls, transfer, tunnel, web, websocket,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT

THREADS = 64
#: A name that nobody filters, to find out whether the original name is filtered. It is used for the handshake only.
CONTROL_NAME = "example.com"
#: If so many were cut off or refused, a limit on simultaneous connections may be the cause.
MANY = 4
#: Addresses of the internet, to find out whether a route exists.
_SOMEWHERE = {4: "1.0.0.1", 6: "2606:4700:4700::1001"}
_BUSY = "proxy_busy"
_AT_ONCE = ("connection_refused", "connection_reset", "eof_error", _BUSY)
_PASSING = (TIMEOUT, "dns_temporary_failure", "dns_servfail_error", "dns_server_misbehaving", "network_unreachable", "host_unreachable")
_CUT = ("connection_reset", "eof_error", TIMEOUT, "ssl_failed_handshake")
#: Bytes of a segment that every path carries: IPv4 guarantees packets of 576 (RFC 9293, section 3.7.1).
_SMALL = 536
#: What a host with a proxy does not probe: names, HTTP/3 and portals are handled by the proxy.
WITHOUT_PROXY = ("dns", "http", "quic")


@dataclass
class Settings:
    """How to probe. ``proxy`` is "direct", "environment" or a Proxy; times in seconds; ``public_roots`` PEM; ``pins`` host to address; ``resolver`` the
    address of a second resolver, for comparison."""

    public_roots: str
    proxy: object = "direct"
    source: str | None = None
    versions: tuple = (4,)
    timeout: float = 10
    deadline: float = 60
    retries: int = 1
    consecutive: int = 1
    pins: dict = field(default_factory=dict)
    resolver: str | None = None


class Counter:
    """Connections opened, over all threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.connections = 0

    def add(self) -> None:
        with self._lock:
            self.connections += 1


def run(probes: list, settings: Settings) -> dict:
    """``{"observations": [...], "connections": n, "threads": n}``; one observation for each probe, IP version and attempt, in that order."""
    contexts = tls.Contexts(settings.public_roots)
    counter = Counter()
    jobs = [_blank(probe, version, attempt, settings)
            for attempt in range(settings.consecutive) for probe in probes for version in _versions(probe, settings)]
    threads, until = min(THREADS, len(jobs)), time.monotonic() + settings.deadline
    wave = (settings, contexts, counter)
    # The longest silences begin first.
    order = sorted(range(len(jobs)), key=lambda number: -idle.longest([jobs[number]]))
    finished = _wave(wave, {number: jobs[number] for number in order}, threads, until)
    for index, job in enumerate(jobs):
        if index not in finished:
            # Its thread may still write to it.
            jobs[index] = dict(job, failure=TIMEOUT)
    _ask_again(wave, jobs, probes, until)
    return {"observations": jobs, "connections": counter.connections, "threads": threads}


def _wave(how: tuple, jobs: dict, threads: int, until: float) -> set:
    """Runs ``{number: job}``, so many at once; returns the numbers of those that ended in time."""
    todo: queue.Queue = queue.Queue()
    done: queue.Queue = queue.Queue()
    for item in jobs.items():
        todo.put(item)
    for _number in range(threads):
        threading.Thread(target=_work, args=(todo, done, *how), daemon=True).start()
    return _collect(done, len(jobs), until)


def _ask_again(how: tuple, jobs: list, probes: list, until: float) -> None:
    """Repeats one at a time what many connections at once may have caused; and repeats once a host that must stay blocked, since its failure may be
    temporary."""
    settings, by_id = how[0], {probe["id"]: probe for probe in probes}
    cut = [index for index, job in enumerate(jobs) if failed(job) in _AT_ONCE]
    late = [index for index, job in enumerate(jobs) if failed(job) in _PASSING and by_id[job["id"]].get("role") == "negative"]
    for indexes, threads in ((cut if len(cut) >= MANY else [], 1), (late, len(late))):
        again = {index: _blank(by_id[jobs[index]["id"]], jobs[index]["ip_version"], jobs[index]["attempt"], settings) for index in indexes}
        for index in again if indexes is late else ():
            # Why it failed is known; whether it fails again is the question.
            again[index]["again"] = failed(jobs[index])
        soon = min(until, time.monotonic() + settings.timeout + 1)
        for index in _wave(how, again, threads, soon) if again else ():
            word = failed(jobs[index])
            jobs[index] = dict(jobs[index] if again[index]["again"] and failed(again[index]) == word else again[index], again=word)


def failed(job: dict) -> str | None:
    """The failure of the lowest layer that failed in an observation."""
    connect = job["connect"] or {}
    if connect.get("status") in (429, 503):
        return _BUSY
    layers = (job["dns"], job["tcp"], connect, job["tls"], job["http"], job["stun"])
    return next((layer["failure"] for layer in layers if layer and layer.get("failure") and not layer.get("leaf")), None)


def _versions(probe: dict, settings: Settings) -> tuple:
    if probe["kind"] == "stun":
        return (6,) if ":" in probe["host"] else (4,)
    if effective_proxy(probe, settings) is not None:
        return (None,)
    versions = _with_a_way(settings)
    return versions[:1] if (probe.get("options") or {}).get("record") else versions


def _with_a_way(settings: Settings) -> tuple:
    """The requested IP versions, without IPv4 on a host that only has IPv6."""
    only = settings.versions == (4,) and not settings.pins and not settings.source and not _has_a_way(4) and _has_a_way(6)
    return (6,) if only else settings.versions


def _has_a_way(version: int) -> bool:
    """Whether the host has a route to the internet; nothing is sent."""
    try:
        with socket.socket(dns_.FAMILIES[version], socket.SOCK_DGRAM) as sock:
            sock.connect((_SOMEWHERE[version], 443))
        return True
    except OSError:
        return False


def effective_proxy(probe: dict, settings: Settings) -> tunnel.Proxy | None:
    """The Proxy that this probe goes through, or None."""
    # UDP does not use a proxy.
    if settings.proxy == "direct" or probe["kind"] == "stun":
        return None
    if settings.proxy != "environment":
        return settings.proxy
    if sys.platform == "win32" and not getproxies_environment():
        found = system.proxy_of_windows(probe["host"])
    else:
        found = getproxies().get("https") or os.environ.get("ALL_PROXY") or os.environ.get("all_proxy")
        found = None if not found or proxy_bypass("%s:%d" % (probe["host"], probe["port"])) else found
    return tunnel.from_environment(found) if found else None


def _blank(probe: dict, version, attempt: int, settings: Settings) -> dict:
    proxy = effective_proxy(probe, settings)
    return {"id": probe["id"], "host": probe["host"], "port": probe["port"], "kind": probe["kind"], "path": probe.get("path") or "/",
            "options": probe.get("options") or {}, "ip_version": version, "attempt": attempt, "via": "direct" if proxy is None else "proxy",
            "proxy": None if proxy is None else str(proxy), "dns": None, "tcp": None, "connect": None, "tls": None, "system": None,
            "other_name": None, "other_hello": None, "small_packets": None, "same_again": None, "second_dns": None, "http": None, "stun": None,
            "application": None, "failure": None, "again": None, "duration_ms": None}


def _collect(done: queue.Queue, wanted: int, until: float) -> set:
    finished: set = set()
    while len(finished) < wanted:
        try:
            finished.add(done.get(timeout=max(0, until - time.monotonic())))
        except queue.Empty:
            return finished
    return finished


def _work(todo, done, settings, contexts, counter) -> None:
    while True:
        try:
            index, job = todo.get_nowait()
        except queue.Empty:
            return
        began = time.monotonic()
        Probe(job, settings, contexts, counter).observe()
        job["duration_ms"] = round((time.monotonic() - began) * 1000)
        done.put(index)


class Probe:
    """One probe: fills in the observation ``job`` layer by layer and stops at the first layer that fails."""

    def __init__(self, job: dict, settings: Settings, contexts: tls.Contexts, counter: Counter):
        self._job, self._settings, self._contexts, self._counter = job, settings, contexts, counter
        self._proxy, self._timeout = effective_proxy(job, settings), settings.timeout

    def observe(self) -> None:
        job, settings = self._job, self._settings
        if job["kind"] in WITHOUT_PROXY and self._proxy is not None:
            if job["options"].get("beside"):
                self._quic_beside()
            return
        if job["kind"] == "dns" and job["options"].get("record"):
            known = dns_.resolvers()
            job["application"] = dns_.ask(known[0], job["host"], dns_.HTTPS, settings.timeout, settings.source) if known else None
            return
        if self._proxy is None:
            job["dns"] = dns_.resolve(job["host"], job["port"], job["ip_version"], settings.pins)
            if settings.resolver and not job["dns"].get("pinned"):
                kind = dns_.AAAA if job["ip_version"] == 6 else dns_.A
                job["second_dns"] = dns_.ask(settings.resolver, job["host"], kind, settings.timeout, settings.source)
            if not job["dns"]["addresses"] or job["kind"] == "dns":
                return
        plain = {"tcp": self._tcp, "stun": self._stun, "quic": self._quic, "http": self._http}.get(job["kind"])
        if plain:
            plain()
            return
        # The verified connection is used for the request too, so a healthy host costs one connection.
        secure, job["tls"] = self._secure("public")
        if secure is None and (job["tls"] or {}).get("verify_code") is not None:
            secure = self._look_unverified()
        elif secure is None and job["tls"] and job["tls"]["failure"] in _CUT and not job["again"]:
            self._try_otherwise()
        if secure is not None:
            with secure:
                self._ask(secure)

    def _look_unverified(self):
        """The public roots do not verify it: try this host's own store, then read the certificate and the answer without verification."""
        job, verdict = self._job, self._job["tls"]
        secure, job["system"] = self._secure("system")
        if secure is None:
            secure, seen = self._secure("blind")
            if seen is None:
                return None
        else:
            seen = job["system"]
        job["tls"] = dict(seen, failure=verdict["failure"], verify_code=verdict["verify_code"]) if seen["leaf"] else verdict
        return secure

    def _try_otherwise(self) -> None:
        """The handshake was cut off: repeat it at the same address in forms that show whether the hello, large packets or the name is filtered."""
        silent = self._job["tls"]["failure"] == TIMEOUT
        # A form that works does so within a moment.
        self._timeout = self._settings.timeout / 2
        if self._hello() == "large":
            self._once_more("other_hello", None)
        elif silent and hasattr(socket, "TCP_MAXSEG") and self._once_more("small_packets", None, _SMALL):
            # Repeat it unchanged, in case it was only slow.
            self._once_more("same_again", None)
        else:
            self._once_more("other_name", CONTROL_NAME)

    def _once_more(self, key: str, name: str | None, segment: int | None = None) -> bool:
        """Whether a handshake with a hello of usual size succeeds; stored under ``key`` of the observation. The observations of the original name are
        kept."""
        reached = {layer: self._job[layer] for layer in ("tcp", "connect")}
        secure, seen = self._secure("blind", name, "usual", segment)
        self._job.update(reached)
        if seen is not None:
            self._job[key] = {"name": name or self._job["host"], "failure": seen["failure"]}
        if secure is not None:
            secure.close()
        return secure is not None

    def _hello(self) -> str:
        return self._job["options"].get("hello", "usual")

    def _secure(self, store: str, name: str | None = None, hello: str | None = None, segment: int | None = None) -> tuple:
        sock = self._reach(segment)
        if sock is None:
            return None, None
        secure, seen = tls.handshake(sock, name or self._job["host"], self._contexts.get(store, hello or self._hello()))
        if secure is None:
            sock.close()
        return secure, seen

    def _reach(self, segment: int | None = None):
        """A socket to the far end, or None with the reason in the observation."""
        job, settings = self._job, self._settings
        self._counter.add()
        if self._proxy is None:
            sock = None
            for address in job["dns"]["addresses"][:4]:
                sock, job["tcp"] = tunnel.open_tcp(address, job["port"], self._timeout, settings.source, 0, segment)
                if sock is not None:
                    break
            return sock
        if self._proxy.other_kind:
            job["connect"] = tunnel.connect(None, job["host"], job["port"], self._proxy)
            return None
        sock, job["tcp"] = tunnel.open_tcp(self._proxy.host, self._proxy.port, self._timeout, settings.source, settings.retries, segment)
        if sock is None:
            return None
        job["connect"] = tunnel.connect(sock, job["host"], job["port"], self._proxy)
        if job["connect"]["status"] == 200:
            return sock
        sock.close()
        return None

    def _tcp(self) -> None:
        sock = self._reach()
        if sock is not None:
            sock.close()

    def _stun(self) -> None:
        job, settings = self._job, self._settings
        job["stun"] = stun.binding(job["dns"]["addresses"][0], job["port"], settings.timeout, settings.source, job["options"].get("second"))

    def _quic(self) -> None:
        job, settings = self._job, self._settings
        job["application"] = quic.negotiate(job["dns"]["addresses"][0], job["port"], settings.timeout, settings.source)

    def _quic_beside(self) -> None:
        """Whether UDP 443 bypasses the proxy. The lookup gets a second or two, since a host with a proxy often has no resolver for public names."""
        job, settings, known = self._job, self._settings, dns_.resolvers()
        pinned = settings.pins.get(job["host"])
        found = [pinned] if pinned else dns_.ask(known[0], job["host"], dns_.A, 1, settings.source)["addresses"] if known else []
        if found:
            job["application"] = quic.negotiate(found[0], job["port"], settings.timeout, settings.source)

    def _http(self) -> None:
        sock = self._reach()
        if sock is not None:
            with sock:
                self._job["http"] = web.get(sock, self._job["host"], self._job["path"])

    def _ask(self, secure) -> None:
        job = self._job
        where = (secure, job["host"], job["path"])
        if job["kind"] == "websocket":
            job["http"] = websocket.upgrade(*where)
            if job["options"].get("canary") and job["http"]["accepted"]:
                job["application"] = websocket.echo(secure)
        elif job["kind"] == "https":
            job["http"] = web.get(*where)
        elif job["kind"] == "echo":
            job["http"] = web.echo(*where)
        elif job["kind"] == "stream":
            job["application"] = transfer.stream(*where, self._settings.timeout)
        elif job["kind"] == "turn":
            job["application"] = stun.allocate(secure)
        elif job["kind"] == "upload":
            job["application"] = self._ladder(secure)
        elif job["kind"] == "idle":
            job["application"] = self._silences(secure)

    def _silences(self, secure) -> list:
        """Silent connections, all at the same time, each for its own time. One row for each, up to the first that does not survive, and then one for the
        connection of the same age that was not silent."""
        job, rows, held = self._job, [], []
        reached = {key: job[key] for key in ("tcp", "connect")}
        silences, over = sorted(job["options"]["silences"]), job["options"]["over"]
        try:
            for silence, every in [(one, 0) for one in silences] + [(silences[-1], idle.talk(silences))]:
                if held:
                    secure, _seen = self._secure("blind")
                    if secure is None:
                        break
                held.append(idle.Held(secure, over, silence, self._timeout, every=every))
                held[-1].open(job["host"], job["path"])
            for one in held:
                if one.row["every_s"]:
                    # Nothing was cut.
                    break
                one.wait()
                rows.append(one.row)
                if not one.row["survived"]:
                    # Longer silences are not waited for.
                    if one.row["opened"] and held[-1].row["every_s"]:
                        held[-1].listen(min(one.row["after_s"], one.row["silence_s"]))
                        rows.append(held[-1].row)
                    break
        finally:
            for one in held:
                one.close()
        job.update(reached)
        return rows

    def _ladder(self, secure) -> list:
        """Uploads of growing size, each on its own connection, up to the first that does not arrive complete."""
        job, rows = self._job, []
        reached = {key: job[key] for key in ("tcp", "connect")}
        for size in job["options"].get("sizes") or [1024]:
            if rows:
                secure, _seen = self._secure("blind")
                if secure is None:
                    rows.append({"bytes": size, "sent": 0, "status": None, "headers": {}, "body": "", "intact": None, "failure": "not_reached_again"})
                    break
            with secure:
                rows.append(transfer.upload(secure, job["host"], job["path"], size))
            if rows[-1]["failure"] or rows[-1]["intact"] is False or rows[-1]["status"] == 413:
                # The limit is known now; larger ones would only use bandwidth.
                break
        job.update(reached)
        return rows
