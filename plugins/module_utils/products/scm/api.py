# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Prisma Access: sign-in, pages, refusals, and what an answer means.

FILL IN the sources: the vendor's document and its release, the vendor's client and its version, recorded answers.
"""
from __future__ import annotations

from operator import itemgetter

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, UNREACHABLE, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Client, json_of, pages,
)

#: Rows of a page. FILL IN the most that the product gives.
PAGE = 100


class Api(Client):
    """One device or tenant. ``Client`` renews sessions and words failures; see transport/session.py.

    Only what changes policy is sent with ``write=True``: signing in and out are not.
    """

    def __init__(self, transport: Transport, token: str):
        super().__init__(transport)
        self._token = token

    # -- what the adapter asks for

    def tables(self) -> dict:
        """What ``model.state_of`` needs: the rows of each kind. :raises AccessError: auth, unreachable or refused."""
        raise NotImplementedError(
            "FILL IN: {kind: self._rows(path)} for each of model.KINDS, rules in their order, in as few requests as the product allows; "
            "and whose edits wait, and the release, where it tells them")

    def write(self, method: str, path: str, body: object) -> object:
        """One write; what it is answered with. :raises OutcomeUnknown: when the answer does not say whether it took effect."""
        return self._ask(method, path, body)

    def activate(self) -> list[dict]:
        """Bring what was written into force and wait for it: [{target, status}]. :raises AccessError: activation."""
        raise NotImplementedError(
            "FILL IN: commit, and wait with self._transport.wait until the device says that it is in force. Where each "
            "write is in force at once, this returns one dict that says so")

    # -- requests

    def _rows(self, path: str) -> list:
        """All rows of a table. :raises AccessError: unreachable, when it ends early: nothing is planned on a part of a table."""
        # FILL IN how a page is asked for, where its rows and their number stand, and what tells a row from another one.
        def read(number: int) -> tuple:
            found = self._ask("GET", path, parameters={"page": number, "limit": PAGE})
            if not isinstance(found, dict) or not isinstance(found.get("data"), list):
                raise AccessError(UNREACHABLE, "%s answers GET %s without rows" % (self.host, path))
            return found["data"], found.get("total")

        rows, total = pages(read, itemgetter("id"), lambda page, _count, _total: len(page) < PAGE)
        if total is not None and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s gives %d of the %d rows of %s" % (self.host, len(rows), total, path))
        return rows

    def _ask(self, method: str, path: str, body: object = None, parameters: dict | None = None) -> object:
        write = method != "GET"
        content = {"json": body} if write else {"params": parameters}
        return self._signed_in(lambda headers: self._transport.call(method, path, write=write, headers=headers, **content),
                               lambda answer: self._result(answer, "%s %s" % (method, path), write))

    def _sign_in(self) -> dict:
        """The headers that make a request one of this session."""
        raise NotImplementedError(
            "FILL IN: exchange self._token for a session with self._transport.call, and raise self._not_signed_in(answer, \"token\") when there is "
            "none. A session that has to be ended gets a method for that here, which the adapter's close() calls. A token that goes with each "
            "request is its header and nothing more, and _ended then returns False: a 401 is final")

    def _result(self, answer: Answer, request: str, write: bool) -> object:
        """The data of an answer. :raises OutcomeUnknown: for a write, when the answer tells nothing. :raises AccessError: for a refusal."""
        found = json_of(answer)
        if found is NO_JSON or answer.status >= 500:
            raise self._unreadable(answer, write)
        # FILL IN errors that come with 200, if there are such.
        if answer.status < 300:
            return found
        raise self._refusal(FAILURES.get(answer.status, REFUSED), request, self._reason(found), "HTTP %d" % answer.status)

    @staticmethod
    def _reason(found: object) -> str:
        """The vendor's words for a refusal."""
        raise NotImplementedError("FILL IN: where an error has its text and its code. What the status does not tell, such as a lock, is told apart in _result")
