# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium that opens a page at a size, in a colour scheme, for screen or print: it says what a script sees, takes pictures and prints.

It is spoken to in the Chrome DevTools Protocol over pipes (``--remote-debugging-pipe``): messages of JSON, each ended by a zero byte.
"""
from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path

PROGRAM = shutil.which("chromium")
_SECONDS = 90


class BrowserError(Exception):
    """What the browser says it cannot do, or that it does not answer."""


class Browser:
    """Up on entry, gone on exit."""

    def __init__(self):
        self._folder = tempfile.mkdtemp(prefix="netaccess-browser-")
        self._number, self._read, self._events = 0, b"", []

    def __enter__(self) -> Browser:
        theirs, self._in = os.pipe()
        self._out, back = os.pipe()
        # It reads from 3 and writes to 4, which one of the pipes may have as its own number.
        high = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (theirs, back)]
        actions = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        actions += [(os.POSIX_SPAWN_DUP2, one, number) for number, one in enumerate(high, 3)]
        self._pid = os.posix_spawn(PROGRAM, [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
                                             "--user-data-dir=" + self._folder], os.environ, file_actions=actions, setsid=True)
        for one in (theirs, back, *high):
            os.close(one)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Accessibility"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *exc) -> None:
        os.close(self._in)
        os.close(self._out)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, **parameters) -> dict:
        """:raises BrowserError:"""
        return self._call(method, self._session, **parameters)

    def _call(self, method: str, session: str | None = None, **parameters) -> dict:
        self._number += 1
        message = dict({"id": self._number, "method": method, "params": parameters}, **({"sessionId": session} if session else {}))
        rest = json.dumps(message).encode("utf-8") + b"\0"
        while rest:
            rest = rest[os.write(self._in, rest):]
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self._events.append(answer)

    def _message(self) -> dict:
        until = time.monotonic() + _SECONDS
        while b"\0" not in self._read:
            if not select.select([self._out], [], [], max(0.0, until - time.monotonic()))[0]:
                raise BrowserError("the browser does not answer")
            part = os.read(self._out, 1 << 20)
            if not part:
                raise BrowserError("the browser has ended")
            self._read += part
        text, _zero, self._read = self._read.partition(b"\0")
        return json.loads(text)

    def open(self, page: Path, width: int = 1280, height: int = 900, dark: bool = False, media: str = "screen", script: bool = True) -> None:
        """Opens a file. ``media``: screen or print; ``script``: whether scripts of the page may run."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self._events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._message())

    def evaluate(self, expression: str):
        """The value of a JavaScript expression in the page, or of its promise. The page's policy does not bind it. :raises BrowserError:"""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserError(json.dumps(found["exceptionDetails"])[:500])
        return found["result"].get("value")

    def picture(self, whole: bool = False, **clip) -> bytes:
        """PNG of what is seen, of the ``whole`` page, or of ``x``, ``y``, ``width``, ``height`` in it."""
        more = {"clip": dict(clip, scale=1)} if clip else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole or bool(clip), **more)["data"])

    def pdf(self) -> bytes:
        """The page as its style sheet prints it."""
        self.call("Emulation.setEmulatedMedia", media="print", features=[])
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
