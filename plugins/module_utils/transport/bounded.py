# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests with a real deadline. The timeout of a socket restarts with each byte and each address, and does not cover name resolution."""
from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from typing import Callable

try:
    import requests
    import requests.adapters
except ImportError:
    requests = None


class Unresolved(OSError):
    """The resolver did not answer in time."""


def addresses(name: str, port: int, seconds: float) -> list[str]:
    """What ``name`` resolves to, in the resolver's order. Resolution cannot be interrupted, so a thread that takes longer is left behind.

    :raises Unresolved: after ``seconds``. :raises OSError: as raised by the resolver.
    """
    found: list = []

    def ask() -> None:
        try:
            found.append(list(dict.fromkeys(row[4][0] for row in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))))
        except Exception as error:  # pylint: disable=broad-except
            found.append(error)
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise Unresolved()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


class _Resolving:
    """A connection whose ``timeout`` covers the resolution of its name and all of its addresses together."""

    def _new_conn(self):
        seconds, name = self.timeout, self._dns_host
        until, found = time.monotonic() + seconds, addresses(name.strip("[]"), self.port, seconds)
        try:
            for address in found:
                self._dns_host, self.timeout = address, max(0.1, until - time.monotonic())
                try:
                    connected = super()._new_conn()
                    # From here on the timeout is for TLS.
                    connected.settimeout(seconds)
                    return connected
                except Exception:
                    if address == found[-1] or time.monotonic() >= until:
                        raise
        finally:
            self._dns_host, self.timeout = name, seconds


class _Timed(io.RawIOBase):
    """A socket file of which each read has ``left()`` seconds at most."""

    def __init__(self, raw: io.RawIOBase, sock, left: Callable[[], float]):
        super().__init__()
        self._raw, self._sock, self._left = raw, sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        left = self._left()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def answers(left: Callable[[], float]) -> type:
    """For ``adapter``: an answer, header and body, is read within ``left()`` seconds, which is called again before each read of the socket.

    Answers of a proxy are read in the same way.
    """
    class Response(http.client.HTTPResponse):
        def __init__(self, sock, *args, **kwargs):
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, left))

    class Answers:
        response_class = Response
    return Answers


def adapter(*mixins: type, **options: object) -> requests.adapters.HTTPAdapter:
    """An HTTPAdapter whose connections, to a server or a proxy, have a deadline and also use these ``mixins``. ``options``: those of an HTTPAdapter."""
    def pool(kind: type) -> type:
        connection = type("Connection", (*mixins, _Resolving, kind.ConnectionCls), {})
        return type(kind.__name__, (kind,), {"ConnectionCls": connection})

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {scheme: pool(kind) for scheme, kind in self.poolmanager.pool_classes_by_scheme.items()}

        def proxy_manager_for(self, *args, **kwargs):
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
            return manager

    return Adapter(**options)
