# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the APIs of the products share: sessions that are renewed, tables in pages, and answers turned into the engine's failures."""
from __future__ import annotations

import base64
import re
from typing import Callable, Container, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, LOCKED, UNREACHABLE, AccessError, OutcomeUnknown, Overtaken,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport

#: What ``json_of`` returns for a body that is not JSON. An empty body is None, as ``null`` is.
NO_JSON = object()
#: How a request that writes begins, for a refusal.
_WRITES = ("POST ", "PUT ", "PATCH ", "DELETE ")
#: What the HTTP status of a refusal means on every API. Others are ``refused``; a product adds its own.
FAILURES = {401: AUTH, 403: AUTH, 409: CONFLICT}
#: Characters that a session is known by, at least: fewer may be in any text.
_SECRET = 6


class Ended(AccessError):
    """An answer says in the product's own words that the session is no longer valid; nothing was done."""


class Busy(AccessError):
    """Another user prevents the request, and nothing was done. It may be sent again after ``pause`` seconds."""

    def __init__(self, pause: float, message: str):
        super().__init__(LOCKED, message)
        self.pause = pause


class Client:
    """One account at one API; the ``Api`` of each product extends it. A product that signs in implements ``_sign_in``."""

    def __init__(self, transport: Transport):
        self._transport = transport
        #: What ``_sign_in`` returned; None before the first request and after the end of a session.
        self._session = None

    @property
    def host(self) -> str:
        """Host and port, as messages name it."""
        return self._transport.connection.host

    # -- requests

    def _sign_in(self) -> object:
        """IO. Begin a session. Returns whatever a request has to carry to belong to it, such as headers.

        :raises Busy: while sign-in is not possible. :raises AccessError: AUTH or UNREACHABLE; it is not retried.
        """
        raise NotImplementedError

    def _ended(self, answer: Answer) -> bool:
        """Whether the status alone shows that the session is no longer valid; nothing was done then. Otherwise the reader of the answer raises Ended."""
        return answer.status == 401

    def _signed_in(self, send: Callable[[object], Answer], read: Callable[[Answer], object]) -> object:
        """IO. ``read(send(session))``. Signs in first if there is no session, and once more if it has ended; waits while the API is Busy.

        ``send`` is called again only after these, when nothing was done: a write that may have taken effect is never repeated.
        """
        renewed = False
        while True:
            try:
                if self._session is None:
                    self._session = self._sign_in()
                answer = send(self._session)
                if renewed or not self._ended(answer):
                    return read(answer)
            except Busy as busy:
                self._transport.wait(busy.pause, str(busy))
                continue
            except Ended:
                if renewed:
                    raise
            self._session, renewed = None, True

    def _patient(self, send: Callable[[], Answer], failing: Container[int], pauses: Iterable[float]) -> Answer:
        """IO. The answer to a read; the read is repeated after each of ``pauses`` (seconds) while its status is one of ``failing``."""
        for pause in pauses:
            answer = send()
            if answer.status not in failing:
                return answer
            self._transport.wait(pause, "%s answers with HTTP %d" % (self.host, answer.status), UNREACHABLE)
        return send()

    # -- failures, to be raised

    def _unreadable(self, answer: Answer, write: bool, what: str = " and not with JSON of its API", check: str = "") -> AccessError:
        """For an answer without meaning: a write may have taken effect. ``check``: what to check, for a read, from the colon on."""
        text = self._masked("%s answers with HTTP %d%s" % (self.host, answer.status, what))
        return OutcomeUnknown(text) if write else AccessError(UNREACHABLE, text + check)

    def _refusal(self, failure: str, request: str, words: object, told: str, hint: str = "") -> AccessError:
        """``request``: method and path; ``words``: the device's own reason; ``told``: status and codes; ``hint``: the remedy, with its own brackets."""
        text = self._masked("%s refuses %s: %s%s (%s)" % (self.host, request, one_line(words), hint, told))
        return Overtaken(text) if failure == CONFLICT and request.startswith(_WRITES) else AccessError(failure, text)

    def _masked(self, text: str) -> str:
        """Without what the session is known by, should the device repeat it. Ansible masks secret options alone."""
        session = self._session
        for value in session.values() if isinstance(session, dict) else (session,):
            secret = re.split("[ =]", value)[-1] if isinstance(value, str) else ""
            text = text.replace(secret, "...") if len(secret) >= _SECRET else text
        return text

    def _not_signed_in(self, answer: Answer, check: str, failing: Container[int] = (), hint: str = "") -> AccessError:
        """For a sign-in without a session. ``check``: the credentials, in words; ``failing``: statuses of a failing service, besides 5xx, with its
        ``hint``."""
        if answer.status >= 500 or answer.status in failing:
            return AccessError(UNREACHABLE, "%s cannot process sign-ins now (HTTP %d)%s" % (self.host, answer.status, hint))
        return AccessError(AUTH, "%s rejects the credentials (HTTP %d): check %s" % (self.host, answer.status, check))


def pages(read: Callable[[int], tuple], key: Callable[[dict], object], last: Callable[[list, int, object], bool]) -> tuple:
    """All rows of a table that is given in pages, each once; and the last number of rows that the server reported, or None.

    :param read: (rows of a page, number of rows that the server reports or None) by the number of the page, from 1
    :param key: what identifies a row; a row that moved to the next page during the read occurs twice
    :param last: by the rows of a page, the number of rows so far and the reported number: whether it was the last page.
        A page without a new row is the last one, too: some servers ignore the page number and return the same rows again.
    """
    rows, seen, number = [], set(), 1
    while True:
        page, total = read(number)
        new = [row for row in page if key(row) not in seen]
        rows += new
        seen.update(key(row) for row in new)
        if not new or last(page, len(rows), total):
            return rows, total
        number += 1


def json_of(answer: Answer) -> object:
    """The body as data, None for an empty one; NO_JSON for anything else."""
    try:
        return answer.data
    except (ValueError, RecursionError):
        return NO_JSON


def access_token(answer: Answer) -> str | None:
    """The token in an answer of OAuth 2.0 (RFC 6749, section 5.1); None if there is none."""
    found = json_of(answer) if answer.status == 200 else None
    return found.get("access_token") if isinstance(found, dict) else None


def basic(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(("%s:%s" % (username, password)).encode("utf-8")).decode("ascii")


def one_line(text: object) -> str:
    """A device's words without line breaks and runs of white space."""
    return " ".join(str(text).split())
