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


def adapter(left: Callable[[], float], begun: Callable[[], None] = lambda: None, **options: object) -> requests.adapters.HTTPAdapter:
    """An HTTPAdapter whose answers, header and body, are read within ``left()`` seconds, which is asked anew before each read of the socket.

    What comes from a proxy is read in the same way. ``begun()`` is called when a request is about to be sent, over TLS once that is agreed upon.
    ``options``: those of an HTTPAdapter.
    """
    class Response(http.client.HTTPResponse):
        def __init__(self, sock, *args, **kwargs):
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, left))

    def timed(pool: type) -> type:
        class Connection(pool.ConnectionCls):
            response_class = Response

            def putrequest(self, *args, **kwargs):
                begun()
                return super().putrequest(*args, **kwargs)
        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    class Timed(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {scheme: timed(pool) for scheme, pool in self.poolmanager.pool_classes_by_scheme.items()}

        def proxy_manager_for(self, *args, **kwargs):
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
            return manager

    return Timed(**options)
