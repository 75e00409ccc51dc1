# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration lock of one vsys or device group. Its comment names the run, so that a later one knows what a dead one left."""
from __future__ import annotations

import os
import platform
from typing import Callable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import LOCKED
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.api import Api, ApiError, escape
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport

_PAUSE = 5
_MARK = "netaccess.chatgpt"


class Lock:
    """``run_id`` marks ours; ``alive(run_id)`` tells whether the run that it names may still be at work."""

    def __init__(self, api: Api, transport: Transport, scope: str, comment: str | None = None,
                 run_id: str | None = None, alive: Callable[[str], bool] | None = None):
        self._api, self._transport, self._scope, self._comment = api, transport, scope, comment
        self._run_id = run_id or "%s:%d" % (platform.node(), os.getpid())
        self._alive = alive or _alive
        self._taken = False

    def take(self) -> None:
        """Wait for it within the run's time. :raises AccessError: locked."""
        words = " ".join(part for part in (_MARK, self._run_id, self._comment) if part)
        while not self._taken:
            try:
                self._api.operate("<request><config-lock><add><comment>%s</comment></add></config-lock></request>" % escape(words), self._scope, True)
                self._taken = True
            except ApiError as error:
                if "already own" in str(error):
                    self._take_over()
                elif error.failure == LOCKED:
                    self._transport.wait(_PAUSE, "%s" % error)
                else:
                    raise

    def release(self) -> None:
        """Give it back, if we hold it."""
        if not self._taken:
            return
        self._taken = False
        try:
            self._api.operate("<request><config-lock><remove></remove></config-lock></request>", self._scope, True)
        except ApiError as error:
            # The lock may end with the commit of its owner.
            if "not currently locked" not in str(error):
                raise

    def holders(self) -> list[str]:
        """Who holds it now, in words; a lock that a dead run of ours left does not count, since it is taken over."""
        return ["%s (%s)" % (name, comment or "no comment") for name, comment in self._entries() if not self._left_behind(name, comment)]

    def _entries(self) -> list:
        """(administrator, comment) of each lock that is about this scope. An answer that names no scope is taken to be about it."""
        locks = self._api.operate("<show><config-locks><vsys>%s</vsys></config-locks></show>" % escape(self._scope), self._scope)
        return [(entry.get("name") or "", entry.findtext("comment") or "") for entry in locks.iter("entry") if entry.findtext("name") in (None, self._scope)]

    def _left_behind(self, name: str, comment: str) -> bool:
        words = comment.split(" ")
        return name == self._api.username and words[0] == _MARK and len(words) > 1 and not self._alive(words[1])

    def _take_over(self) -> None:
        """A lock of our own administrator: left by a run that died, or held by one that is at work."""
        mine = [comment for name, comment in self._entries() if name == self._api.username]
        if mine and self._left_behind(self._api.username, mine[0]):
            self._taken = True
            return
        self._transport.wait(_PAUSE, "%s: %s already holds the configuration lock of %s (%s): another run may be in progress; if none is, remove the lock"
                             % (self._api.host, self._api.username, self._scope, mine[0] if mine and mine[0] else "no comment"))


def _alive(run_id: str) -> bool:
    """Whether the run that a lock's comment names may still be at work: a process of this host that exists, or one of another host."""
    host, _colon, number = run_id.rpartition(":")
    if host != platform.node() or not number.isdigit():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return int(number) != os.getpid()
