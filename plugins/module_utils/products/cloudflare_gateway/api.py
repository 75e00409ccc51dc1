# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Cloudflare Gateway: its envelope, its pages, and its weather.

Envelope, paths and verbs: the vendor's Python client 5.9.0 and the fixtures of its Go client; limits: "API rate limits" and "Account limits".
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)

PAGE = 1000
#: Codes of a token that is malformed, unknown or does not cover the account; they come with 400 as well as with 401 and 403.
_AUTH_CODES = (6003, 6111, 9106, 9109, 10000, 10001)
#: The vendor's clients ask twice more when a server of theirs fails, which it does during incidents.
_READ_ATTEMPTS, _PAUSE = 3, 1
_FAILING = (500, 502, 503, 504)


class Api:
    """One account. A write is in force within about a minute; there is nothing to sign in to."""

    def __init__(self, transport, account: str, token: str):
        self._transport, self._account = transport, account
        self._headers = {"Authorization": "Bearer %s" % token}

    @property
    def host(self) -> str:
        return self._transport.connection.host

    def get(self, path: str):
        """:raises AccessError:"""
        return self._read(path, {})["result"]

    def table(self, path: str) -> list:
        """All rows of a table that comes in one page; should a server page it, the rest is asked for."""
        return self._rows(path, {}, "id", False)

    def items(self, key: str) -> list:
        """All items of a list. :raises AccessError: unreachable, when fewer come than the server says that there are."""
        return self._rows("gateway/lists/%s/items" % key, {"per_page": PAGE}, "value", True)

    def _rows(self, path: str, parameters: dict, identity: str, whole: bool) -> list:
        rows, seen, page = [], set(), 1
        while True:
            envelope = self._read(path, dict(parameters, page=page) if whole or page > 1 else parameters)
            found = [row for row in envelope["result"] or [] if row.get(identity) not in seen]
            rows += found
            seen.update(row.get(identity) for row in found)
            total = (envelope.get("result_info") or {}).get("total_count") or 0
            if len(rows) >= total or not found:
                break
            page += 1
        if whole and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s gives %d of the %d rows of %s: nothing is planned on a part of a list" % (self.host, len(rows), total, path))
        return rows

    def _read(self, path: str, parameters: dict) -> dict:
        attempt = 1
        while True:
            answer = self._transport.call("GET", self._path(path), params=parameters, headers=self._headers)
            if answer.status not in _FAILING or attempt == _READ_ATTEMPTS:
                return self._envelope(answer, "GET", path, False)
            self._transport.wait(_PAUSE * attempt, "%s answers with HTTP %d" % (self.host, answer.status), UNREACHABLE)
            attempt += 1

    def write(self, method: str, path: str, body=None):
        """The object as it is now."""
        content = {"headers": self._headers}
        if body is not None:
            content["json"] = body
        answer = self._transport.call(method, self._path(path), write=True, **content)
        return self._envelope(answer, method, path, True)["result"]

    def _path(self, path: str) -> str:
        return "/client/v4/accounts/%s/%s" % (self._account, path)

    def _envelope(self, answer, method: str, path: str, write: bool) -> dict:
        try:
            found = answer.data
        except ValueError:
            found = None
        if 200 <= answer.status < 300 and isinstance(found, dict) and found.get("success") and "result" in found:
            return found
        if not isinstance(found, dict) or answer.status >= 500 or not (found.get("errors") or answer.status >= 400):
            text = "%s answers with HTTP %d and nothing of its API in it" % (self.host, answer.status)
            raise OutcomeUnknown(text) if write else AccessError(UNREACHABLE, text)
        errors = [one for one in found.get("errors") or [] if isinstance(one, dict)]
        codes = {one.get("code") for one in errors}
        words = "; ".join(" ".join(str(one.get("message")).split()) for one in errors) or "no reason given"
        if answer.status in (401, 403) or codes & set(_AUTH_CODES):
            raise AccessError(AUTH, "%s does not accept the API token for %s %s (HTTP %d, %s): it needs the permission Zero Trust Write (for an audit Read) on "
                              "this account" % (self.host, method, path, answer.status, words))
        hint = ": check account_id" if answer.status == 404 and path in ("gateway/lists", "gateway/rules") else ""
        raise AccessError(CONFLICT if answer.status in (404, 409) and not hint else REFUSED, "%s refuses %s %s: %s (HTTP %d%s)%s" % (
            self.host, method, path, words, answer.status, "".join(", %s" % code for code in sorted(map(str, codes))), hint))
