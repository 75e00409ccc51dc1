# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that runs in parallel to this process, with its children and its output."""
from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile

#: Seconds to wait for the end of a killed program.
_DYING = 2


class Program:
    """Starts ``command``, which runs until ``end`` or ``kill``. :raises OSError: if it cannot be started."""

    def __init__(self, command: list[str]):
        self.command = command
        # No pipe: a child that outlives its parent would keep it open.
        self._said = tempfile.TemporaryFile()
        try:
            # run_command waits for what it starts, and does not kill its children.
            self._process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT, start_new_session=True,
                env=dict(os.environ, LC_ALL="C", LANGUAGE="C"))
        except BaseException:
            self._said.close()
            raise

    def end(self, seconds: float) -> tuple:
        """(exit code, output). :raises TimeoutError: after ``seconds``; the program is killed with its children."""
        try:
            code = self._code(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError() from None
        with self._said as said:
            said.seek(0)
            return code, said.read().decode("utf-8", "surrogateescape")

    def kill(self) -> None:
        """End it and its children now."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                # A program that waits for an unresponsive disk or share ends when that responds.
                self._process.wait(_DYING)
        self._said.close()

    def _code(self, seconds: float) -> int:
        """As ``Popen.wait``, which polls only every 50 ms, but by a notification of the kernel. :raises subprocess.TimeoutExpired: after ``seconds``."""
        try:
            handle = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):
            # Before Python 3.9 or Linux 5.3, or in a container that does not permit the call.
            return self._process.wait(max(seconds, 0))
        try:
            end = select.poll()
            end.register(handle, select.POLLIN)
            end.poll(max(seconds, 0) * 1000)
        finally:
            os.close(handle)
        return self._process.wait(0)
