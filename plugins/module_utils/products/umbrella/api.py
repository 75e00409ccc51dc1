# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Cisco Umbrella and of Cisco Secure Access: tokens, pages, errors.

Shapes: the vendor's OpenAPI documents "Destination Lists API" 2.0.0 and "Deployments Policies API" 2.0.0; limits: developer.cisco.com,
"Umbrella API rate limits"; rules, security profiles, do not decrypt lists, settings: the vendor's SDK for Secure Access (package secureaccess). A 429 names
no time to wait; the transport waits and asks again.
"""
from __future__ import annotations

from typing import Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, UNREACHABLE, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Client, access_token, basic, json_of, pages,
)

UMBRELLA, GOVERNMENT, SECURE_ACCESS = "umbrella", "umbrella_gov", "secure_access"
BASES = {UMBRELLA: "https://api.umbrella.com", GOVERNMENT: "https://api.umbrellagov.com", SECURE_ACCESS: "https://api.sse.cisco.com"}
LISTS, POLICIES, RULES = "/policies/v2/destinationlists", "/deployments/v2/policies", "/policies/v2/rules"
PROFILES, SPARED, SETTINGS = "/policies/v2/securityProfiles", "/policies/v2/doNotDecryptLists", "/policies/v2/settings"
#: Rows of a page, and destinations of one request that writes, at most.
PAGE, BATCH = 100, 500
_CLOSED = (403, 404, 405)
_CHECK = ": check the service and the proxy"


class Closed(AccessError):
    """An organisation does not have what was asked for (404, 405), or the key may not read it (403: failure ``auth``)."""


class Api(Client):
    """One organisation, which the key stands for."""

    def __init__(self, transport: Transport, key: str, secret: str):
        super().__init__(transport)
        self._basic = basic(key, secret)

    def pages(self, path: str, **parameters: object) -> list:
        """All rows of a table. :raises AccessError: unreachable, when it ends before the number of rows that it tells: nothing is planned on a part."""
        def read(number: int) -> tuple:
            return self._rows(self._ask("GET", path, None, dict(parameters, page=number, limit=PAGE)), path)

        rows, total = pages(read, _key, lambda page, count, total: len(page) < PAGE and (total is None or count >= total))
        return self._whole(rows, total, path)

    def table(self, path: str) -> list:
        """All rows of a table that knows no pages. :raises AccessError: unreachable, as ``pages``."""
        return self._whole(*self._rows(self._ask("GET", path, None, {}), path), path)

    def entries(self, number: int) -> list:
        """The entries of a destination list."""
        return self.pages("%s/%s/destinations" % (LISTS, number))

    def one(self, path: str) -> dict:
        """One object. :raises AccessError: unreachable, for an answer without one."""
        found = self._ask("GET", path, None, {})
        if not isinstance(found, dict) or "id" not in found:
            raise AccessError(UNREACHABLE, "%s answers GET %s without an object" % (self.host, path))
        return found

    def _whole(self, rows: list, total: int | None, path: str) -> list:
        if total is not None and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s announces %d rows for GET %s but returns %d" % (self.host, total, path, len(rows)))
        return rows

    def _rows(self, found: object, path: str) -> tuple:
        """(rows, how many there are, where it is reported) of an answer: a bare array, or one in an object."""
        if isinstance(found, list):
            return found, None
        part = found.get("data") if isinstance(found, dict) else None
        if not isinstance(part, list):
            raise AccessError(UNREACHABLE, "%s answers GET %s without rows" % (self.host, path))
        return part, _part(found, "meta").get("total")

    def rules(self) -> list:
        """The table of access rules of Secure Access, first match first. It does not have their conditions; ``rule`` has.

        :raises AccessError: unreachable, as ``pages``.
        """
        rows: list = []
        while True:
            found = self._ask("GET", RULES, None, {"offset": len(rows), "limit": PAGE})
            part, count = (found.get("result"), found.get("count")) if isinstance(found, dict) else (None, None)
            if not isinstance(part, list) or not isinstance(count, int):
                raise AccessError(UNREACHABLE, "%s answers GET %s without rows and their number" % (self.host, RULES))
            rows += part
            if not part or len(rows) >= count:
                return sorted(self._whole(rows, count, RULES), key=lambda row: row["rulePriority"])

    def rule(self, number: int) -> dict:
        """A rule with its conditions. :raises AccessError: unreachable, for an answer without them."""
        found = self._ask("GET", "%s/%s" % (RULES, number), None, None)
        if not isinstance(found, dict) or not isinstance(found.get("ruleConditions"), list):
            raise AccessError(UNREACHABLE, "%s answers GET %s/%s without conditions" % (self.host, RULES, number))
        return found

    def write(self, method: str, path: str, body: object) -> object:
        """One write, in force by itself. :raises OutcomeUnknown: without an answer of the API."""
        return self._ask(method, path, body, None)

    def _ask(self, method: str, path: str, body: object, parameters: dict | None) -> object:
        write = method != "GET"
        content = {"json": body} if write else {"params": parameters}
        return self._signed_in(lambda headers: self._transport.call(method, path, write=write, headers=headers, **content),
                               lambda answer: self._result(answer, "%s %s" % (method, path), write))

    def _result(self, answer: Answer, request: str, write: bool) -> object:
        found = json_of(answer)
        said = found if isinstance(found, dict) else {}
        status, inner = answer.status, _part(said, "status")
        if status < 300:
            # An addition can be answered with 200 around an error: the vendor's note on domains of high volume.
            status = max(status, *(code for code in (said.get("statusCode"), inner.get("code")) if isinstance(code, int)), 0)
        if found is NO_JSON:
            raise self._unreadable(answer, write, check=_CHECK)
        if status < 300:
            return found
        if status >= 500:
            raise self._unreadable(answer, write, "", _CHECK)
        words = said.get("message") or inner.get("text") or said.get("error") or "no reason given"
        hint = {401: " (the token is rejected)", 403: " (the key lacks the scope, or is read-only)"}.get(status, "")
        refusal = self._refusal(FAILURES.get(status, REFUSED), request, words, "HTTP %d" % status, hint)
        raise Closed(refusal.failure, str(refusal)) if not write and status in _CLOSED else refusal

    def _sign_in(self) -> dict:
        answer = self._transport.call("POST", "/auth/v2/token", headers={"Authorization": self._basic}, data={"grant_type": "client_credentials"})
        token = access_token(answer)
        if not token:
            raise self._not_signed_in(answer, "api_key, api_secret and the service; a key is deleted with the account of the administrator who "
                                              "created it", (200,))
        return {"Authorization": "Bearer %s" % token}


def batches(entries: Sequence) -> list[Sequence]:
    """The entries in parts that one request takes."""
    return [entries[at:at + BATCH] for at in range(0, len(entries), BATCH)]


def _part(said: dict, name: str) -> dict:
    """An object in an answer; where the service has a text in its place, an empty one."""
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _key(row: dict) -> object:
    return row.get("id", row.get("policyId"))
