# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a connection may stay silent: streams and WebSockets of a canary server, which is told when to send again.

One more connection, as old as the others, sends data all the time: if it is cut together with a silent one, the limit is on the age of a connection.
"""
from __future__ import annotations

import http.client
import socket
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import websocket
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.web import AGENT, headers_of

#: What a canary server accepts: seconds, and connections at once from one client.
LONGEST, MANY = 900, 8
#: Most seconds between two messages of the connection that is not silent; and how many messages fit into a silence at least.
_EVERY, _WORDS = 1, 8
_LINE = 65536


def talk(silences: list) -> float:
    """Seconds between two messages of the connection that is tested beside ``silences``."""
    return min(_EVERY, min(silences) / _WORDS)


def longest(probes: list) -> float:
    """The longest silence that any of the probes tests, 0 if none does."""
    return max((seconds for probe in probes for seconds in (probe.get("options") or {}).get("silences") or []), default=0)


def announced(probes: list, deadline: float) -> str | None:
    """What a run of the probes waits for, to be shown to the operator; None if it does not wait."""
    asked = sorted({seconds for probe in probes for seconds in (probe.get("options") or {}).get("silences") or []})
    hosts = sorted({probe["host"] for probe in probes if (probe.get("options") or {}).get("silences")})
    return "takes %g s, up to %g: connections to %s stay silent for %s s to find idle timeouts" % (
        asked[-1], deadline, ", ".join(hosts), ", ".join("%g" % seconds for seconds in asked)) if asked else None


class Held:
    """One connection, from its first message to the one after the silence. ``row``: ``{"silence_s", "every_s", "status", "headers", "body", "opened",
    "survived", "after_s", "words", "failure"}``; ``after_s`` is when the silence ended, with an answer or with a cut. With ``every`` it is not silent:
    ``every_s`` is the interval of the far end's messages, ``words`` their number."""

    def __init__(self, sock: socket.socket, over: str, silence: float, timeout: float, *, every: float = 0):
        self._sock, self._over, self._timeout, self._wanted = sock, over, timeout, None
        self._reply, self._began = None, 0.0
        self.row = {"silence_s": silence, "every_s": every, "status": None, "headers": {}, "body": "", "opened": False, "survived": False, "after_s": None,
                    "words": 0, "failure": None}

    def open(self, host: str, path: str) -> None:
        """Sends the request and waits for the first message, which shows that answers are not buffered."""
        place = "%s?silence=%g" % (path, self.row["silence_s"])
        if self.row["every_s"]:
            place += "&every=%g" % self.row["every_s"]
        try:
            (self._open_websocket if self._over == "websocket" else self._open_stream)(host, place)
        except (OSError, EOFError, http.client.HTTPException) as error:
            self.row["failure"] = failure(error)
        self._began = time.monotonic()

    def _open_stream(self, host: str, place: str) -> None:
        head = ["GET %s HTTP/1.1" % place, "Host: %s" % host, "User-Agent: %s" % AGENT, "Accept: text/event-stream", "Connection: close"]
        self._sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode("ascii"))
        self._reply = http.client.HTTPResponse(self._sock, method="GET")
        self._reply.begin()
        self.row.update(status=self._reply.status, headers=headers_of(self._reply))
        if self.row["headers"].get("content-type", "").lower().startswith("text/event-stream"):
            self._event()
            self.row["opened"] = True
        else:
            self.row["body"] = self._reply.read(_LINE).decode("utf-8", "replace")

    def _open_websocket(self, host: str, place: str) -> None:
        seen = websocket.upgrade(self._sock, host, place)
        self.row.update({key: seen[key] for key in ("status", "headers", "body", "failure")})
        if seen["accepted"]:
            self.row["opened"] = websocket.receive(self._sock, websocket.send(self._sock))
            if not self.row["every_s"]:
                # The answer to this one comes after the silence.
                self._wanted = websocket.send(self._sock)

    def wait(self) -> None:
        """Wait until the far end sends again, the connection is cut, or the time for both is over."""
        if not self.row["opened"]:
            return
        try:
            self._sock.settimeout(max(0.1, self._began + self.row["silence_s"] + self._timeout - time.monotonic()))
            if self._over == "websocket":
                self.row["survived"] = websocket.receive(self._sock, self._wanted)
            else:
                self._event()
                self.row["survived"] = True
        except (OSError, EOFError, http.client.HTTPException) as error:
            self.row["failure"] = failure(error)
        self.row["after_s"] = round(time.monotonic() - self._began, 1)

    def listen(self, age: float) -> None:
        """Whether the far end still sent after ``age`` seconds: ``survived`` if a message of that time arrives. Earlier ones wait in the socket."""
        if not self.row["opened"]:
            return
        try:
            self._sock.settimeout(self._timeout)
            # One more, since the first message was sent before the clock on this side began.
            while (self.row["words"] - 1) * self.row["every_s"] <= age:
                if self._over == "websocket":
                    websocket.receive(self._sock, b"")
                else:
                    self._event()
                self.row["words"] += 1
            self.row["survived"] = True
        except (OSError, EOFError, http.client.HTTPException) as error:
            self.row["failure"] = failure(error)
        self.row["after_s"] = round(time.monotonic() - self._began, 1)

    def _event(self) -> None:
        """:raises EOFError: when the stream ends before an event."""
        while True:
            line = self._reply.readline(_LINE)
            if not line:
                raise EOFError("no event")
            if line.startswith(b"data:"):
                return

    def close(self) -> None:
        self._sock.close()
