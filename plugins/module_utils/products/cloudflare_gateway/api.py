# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Cloudflare Gateway: its envelope, its pages, and its weather.

Envelope, paths and verbs: the vendor's Python client 5.9.0 and the fixtures of its Go client; limits: "API rate limits" and "Account limits".
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    Client, json_of, one_line, pages,
)

PAGE = 1000
#: Codes of a token that is malformed, unknown or does not cover the account; they come with 400 as well as with 401 and 403.
_AUTH_CODES = (6003, 6111, 9106, 9109, 10000, 10001)
#: The vendor's clients ask twice more when a server of theirs fails, which it does during incidents.
_PAUSES = (1, 2)
_FAILING = (500, 502, 503, 504)


class Api(Client):
    """One account. A write is in force within about a minute; there is nothing to sign in to."""

    def __init__(self, transport: Transport, account: str, token: str):
        super().__init__(transport)
        self._account = account
        self._headers = {"Authorization": "Bearer %s" % token}

    def get(self, path: str) -> object:
        """An object, or the rows of a table that has no pages."""
        return self._read(path, {})["result"]

    def table(self, path: str) -> list:
        """All rows of a table that comes in one page; should a server page it, the rest is asked for. :raises AccessError: as for ``items``."""
        return self._rows(path, {}, "id", False)

    def items(self, key: str) -> list:
        """All items of a list. :raises AccessError: unreachable, when fewer come than the server says that there are."""
        return self._rows("gateway/lists/%s/items" % key, {"per_page": PAGE}, "value", True)

    def _rows(self, path: str, parameters: dict, identity: str, paged: bool) -> list:
        """Without a total, a table that is ``paged`` ends with a page that holds nothing new."""
        def read(number: int) -> tuple:
            envelope = self._read(path, dict(parameters, page=number) if paged or number > 1 else parameters)
            return envelope["result"] or [], (envelope.get("result_info") or {}).get("total_count") or 0

        rows, total = pages(read, lambda row: row.get(identity), lambda _page, count, total: count >= total and not (paged and not total))
        # Of categories, what is below one may be counted too; one that is missing is not understood, and so is a rule about it.
        if len(rows) < total and path != "gateway/categories":
            raise AccessError(UNREACHABLE, "%s returned only %d of the %d rows of %s, so no plan was made: run again" % (self.host, len(rows), total, path))
        return rows

    def _read(self, path: str, parameters: dict) -> dict:
        answer = self._patient(lambda: self._transport.call("GET", self._path(path), params=parameters, headers=self._headers), _FAILING, _PAUSES)
        return self._envelope(answer, "GET", path, False)

    def write(self, method: str, path: str, body: object = None) -> object:
        """The object as it is now."""
        content = {"headers": self._headers}
        if body is not None:
            content["json"] = body
        answer = self._transport.call(method, self._path(path), write=True, **content)
        return self._envelope(answer, method, path, True)["result"]

    def _path(self, path: str) -> str:
        return "/client/v4/accounts/%s/%s" % (self._account, path)

    def _envelope(self, answer: Answer, method: str, path: str, write: bool) -> dict:
        found = json_of(answer)
        if 200 <= answer.status < 300 and isinstance(found, dict) and found.get("success") and "result" in found:
            return found
        if not isinstance(found, dict) or answer.status >= 500 or not (found.get("errors") or answer.status >= 400):
            raise self._unreadable(answer, write, " and not with an answer of its API")
        errors = [one for one in found.get("errors") or [] if isinstance(one, dict)]
        codes = {one.get("code") for one in errors}
        words = "; ".join(one_line(one.get("message")) for one in errors) or "no reason given"
        if answer.status in (401, 403) or codes & set(_AUTH_CODES):
            raise AccessError(AUTH, "%s rejects the API token for %s %s (HTTP %d, %s): it needs the permission Zero Trust Write (Read for an audit) "
                                    "on this account" % (self.host, method, path, answer.status, words))
        hint = " (check account_id)" if answer.status == 404 and path in ("gateway/lists", "gateway/rules") else ""
        failure = CONFLICT if answer.status in (404, 409) and not hint else REFUSED
        raise self._refusal(failure, "%s %s" % (method, path), words, ", ".join(["HTTP %d" % answer.status] + sorted(map(str, codes))), hint)
