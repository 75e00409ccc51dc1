# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads of requests that end in time: the timeout of a socket begins anew with each byte, so an answer that drips would never reach it."""
from __future__ import annotations

import http.client
import io
from typing import Callable

try:
    import requests
    import requests.adapters
except ImportError:
    requests = None


class _Timed(io.RawIOBase):
    """What comes from a socket; each read has ``left()`` seconds at most."""

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
    """For ``adapter``: an answer, header and body, is read within ``left()`` seconds, which is asked anew before each read of the socket.

    What comes from a proxy is read in the same way.
    """
    class Response(http.client.HTTPResponse):
        def __init__(self, sock, *args, **kwargs):
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, left))

    class Answers:
        response_class = Response
    return Answers


def adapter(*mixins: type, **options: object) -> requests.adapters.HTTPAdapter:
    """An HTTPAdapter whose connections, to a server or a proxy, are of these ``mixins`` too. ``options``: those of an HTTPAdapter."""
    def pool(kind: type) -> type:
        connection = type("Connection", (*mixins, kind.ConnectionCls), {})
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
