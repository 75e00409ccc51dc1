# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections, direct or through an explicit proxy. We send CONNECT ourselves, because the proxy's answer is evidence."""
from __future__ import annotations

import base64
import http.client
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.urls import split_user, without_user

BODY = 65536
_NO_ANSWER = {"status": None, "headers": {}, "body": "", "failure": None, "user": False}


class ProxyError(ValueError):
    """A text that does not name a usable proxy; the message does not repeat it, because it may contain a password."""


@dataclass(frozen=True)
class Proxy:
    """An explicit HTTP proxy. ``credentials`` is the value for Proxy-Authorization; ``str()`` never shows it."""

    host: str
    port: int
    credentials: str | None = field(default=None, repr=False)
    #: One that the probes cannot use; ``host`` is the part of its URL that may be shown.
    other_kind: bool = False

    def __str__(self) -> str:
        return self.host if self.other_kind else "http://%s:%d" % (self.host, self.port)


def parse_proxy(text: str) -> Proxy:
    """A Proxy from ``http://[user:password@]host:port``. :raises ProxyError: for any other text."""
    pair, place = split_user(text)
    try:
        parts = urlsplit(place if "://" in place else "http://" + place)
        found = Proxy(parts.hostname or "", parts.port or 3128)
    except ValueError:
        found = None
    if not found or not found.host or parts.scheme != "http":
        raise ProxyError("proxy must be direct, environment, or a URL such as http://host:port")
    if pair is None:
        return found
    user, _sep, password = pair.partition(":")
    return with_credentials(found, unquote(user), unquote(password))


def from_environment(text: str) -> Proxy:
    """The Proxy in a variable, also of a kind that the probes cannot use: the host uses it in any case."""
    try:
        return parse_proxy(text)
    except ValueError:
        return Proxy(without_user(text), 0, other_kind=True)


def with_credentials(proxy: Proxy, user: str, password: str) -> Proxy:
    """``proxy`` with Basic authentication (RFC 7617)."""
    pair = "%s:%s" % (user, password)
    return Proxy(proxy.host, proxy.port, "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii"))


def exactly(sock: socket.socket, size: int) -> bytes:
    """Exactly so many bytes and none after them: nothing is buffered between two calls. :raises EOFError: if the other end closes before."""
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise EOFError("closed")
        data += part
    return data


def open_tcp(address: str, port: int, timeout: float, source: str | None, retries: int, segment: int | None = None) -> tuple:
    """(socket or None, observation). A refused connection is retried ``retries`` times: proxies reopen their ports on a reload.

    ``segment``: at most so many bytes in one packet, in both directions.
    """
    for attempt in range(retries + 1):
        try:
            return _dial(address, port, timeout, source, segment), {"address": address, "port": port, "failure": None}
        except OSError as error:
            word = failure(error)
            if word != "connection_refused" or attempt == retries:
                return None, {"address": address, "port": port, "failure": word}
            time.sleep(0.3)
    return None, {"address": address, "port": port, "failure": "connection_refused"}


def _dial(address: str, port: int, timeout: float, source: str | None, segment: int | None):
    if segment is None:
        return socket.create_connection((address, port), timeout, (source, 0) if source else None)
    family, kind, number, _name, place = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, number)
    try:
        # Before the connection, so that the far end learns it as well.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        sock.settimeout(timeout)
        if source:
            sock.bind((source, 0))
        sock.connect(place)
    except OSError:
        sock.close()
        raise
    return sock


def connect(sock: socket.socket, host: str, port: int, proxy: Proxy) -> dict:
    """Request a tunnel from the proxy: ``{"status", "headers", "body", "failure", "user"}``; after status 200 the socket leads to the far end.

    ``user``: whether credentials were sent.
    """
    if proxy.other_kind:
        return dict(_NO_ANSWER, failure="other_kind")
    user = proxy.credentials is not None
    target = "[%s]:%d" % (host, port) if ":" in host else "%s:%d" % (host, port)
    lines = ["CONNECT %s HTTP/1.1" % target, "Host: %s" % target]
    if proxy.credentials:
        lines.append("Proxy-Authorization: " + proxy.credentials)
    try:
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        # Unbuffered: the bytes after the head belong to the tunnel.
        status, headers = _head(sock)
        body = "" if status == 200 else _rest(sock, headers)
        return {"status": status, "headers": headers, "body": body, "failure": None, "user": user}
    except (OSError, http.client.HTTPException, ValueError) as error:
        word = "http_request_failed" if isinstance(error, ValueError) else failure(error)
        return dict(_NO_ANSWER, failure=word, user=user)


def _head(sock) -> tuple:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            raise http.client.RemoteDisconnected("closed while the response headers were received")
        data += byte
        if len(data) > BODY:
            raise ValueError("response headers too long")
    first, *lines = data.decode("latin-1").split("\r\n")
    version, status = first.split(" ", 2)[:2]
    if not version.startswith("HTTP/"):
        raise ValueError("not an HTTP response")
    return int(status), {k.strip().lower(): v.strip() for k, _sep, v in (line.partition(":") for line in lines if line)}


def _rest(sock, headers: dict) -> str:
    wanted = min(int(headers.get("content-length", BODY)), BODY)
    data = b""
    try:
        while len(data) < wanted:
            part = sock.recv(wanted - len(data))
            if not part:
                break
            data += part
    except OSError:
        # What was received so far is the evidence.
        return data.decode("latin-1")
    return data.decode("latin-1")
