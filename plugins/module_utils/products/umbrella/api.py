# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Cisco Umbrella and of Cisco Secure Access: tokens, pages, errors.

Shapes: the vendor's OpenAPI documents "Destination Lists API" 2.0.0 and "Deployments Policies API" 2.0.0; limits: developer.cisco.com,
"Umbrella API rate limits"; rules: the vendor's SDK for Secure Access (package secureaccess). A 429 names no time to wait; the transport waits and asks again.
"""
from __future__ import annotations

import base64

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)

UMBRELLA, GOVERNMENT, SECURE_ACCESS = "umbrella", "umbrella_gov", "secure_access"
BASES = {UMBRELLA: "https://api.umbrella.com", GOVERNMENT: "https://api.umbrellagov.com", SECURE_ACCESS: "https://api.sse.cisco.com"}
LISTS, POLICIES, RULES = "/policies/v2/destinationlists", "/deployments/v2/policies", "/policies/v2/rules"
#: Rows of a page, and destinations of one request that writes, at most.
PAGE, BATCH = 100, 500


class Api:
    """One organisation, which the key stands for."""

    def __init__(self, transport, key: str, secret: str):
        self._transport = transport
        self._basic = "Basic " + base64.b64encode(("%s:%s" % (key, secret)).encode("utf-8")).decode("ascii")
        self._headers: dict | None = None

    @property
    def host(self) -> str:
        return self._transport.connection.host

    def pages(self, path: str, **parameters) -> list:
        """All rows of a table. :raises AccessError: unreachable, when it ends before the number of rows that it tells: nothing is planned on a part."""
        rows, seen, page = [], set(), 1
        while True:
            found = self._ask("GET", path, None, dict(parameters, page=page, limit=PAGE))
            part, total = (found, None) if isinstance(found, list) else self._rows(found, path)
            new = [row for row in part if _key(row) not in seen]
            rows += new
            seen.update(_key(row) for row in new)
            if not new or (len(part) < PAGE and (total is None or len(rows) >= total)):
                break
            page += 1
        if total is not None and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s tells %d rows for GET %s and gives %d" % (self.host, total, path, len(rows)))
        return rows

    def _rows(self, found, path: str) -> tuple:
        part = found.get("data") if isinstance(found, dict) else None
        if not isinstance(part, list):
            raise AccessError(UNREACHABLE, "%s answers GET %s with no rows in it" % (self.host, path))
        return part, (found.get("meta") or {}).get("total")

    def rules(self) -> list:
        """The table of access rules of Secure Access, first match first. It does not have their conditions; ``rule`` has."""
        rows: list = []
        while True:
            found = self._ask("GET", RULES, None, {"offset": len(rows), "limit": PAGE})
            part = found.get("result") if isinstance(found, dict) else None
            if not isinstance(part, list):
                raise AccessError(UNREACHABLE, "%s answers GET %s with no rows in it" % (self.host, RULES))
            rows += part
            if not part or len(rows) >= found.get("count", 0):
                return sorted(rows, key=lambda row: row["rulePriority"])

    def rule(self, number) -> dict:
        """A rule with its conditions. :raises AccessError: unreachable, for an answer without them."""
        found = self._ask("GET", "%s/%s" % (RULES, number), None, None)
        if not isinstance(found, dict) or not isinstance(found.get("ruleConditions"), list):
            raise AccessError(UNREACHABLE, "%s answers GET %s/%s with no conditions in it" % (self.host, RULES, number))
        return found

    def write(self, method: str, path: str, body):
        """One write, in force by itself. :raises OutcomeUnknown: without an answer of the API."""
        return self._ask(method, path, body, None)

    def _ask(self, method: str, path: str, body, parameters):
        write, renewed = method != "GET", False
        while True:
            if self._headers is None:
                self._sign_in()
            content = {"headers": self._headers}
            if write:
                content["json"] = body
            else:
                content["params"] = parameters
            answer = self._transport.call(method, path, write=write, **content)
            if answer.status == 401 and not renewed:
                # The token ran out; the request was not carried out.
                self._headers, renewed = None, True
                continue
            return self._result(answer, method, path, write)

    def _result(self, answer, method: str, path: str, write: bool):
        try:
            found = answer.data
        except ValueError:
            found = NotImplemented
        said = found if isinstance(found, dict) else {}
        status = answer.status
        if status < 300:
            # An addition can be answered with 200 around an error: the vendor's note on domains of high volume.
            status = max(status, *(code for code in (said.get("statusCode"), (said.get("status") or {}).get("code")) if isinstance(code, int)), 0)
        if status < 300 and found is not NotImplemented:
            return found
        if found is NotImplemented or status >= 500:
            text = "%s answers with HTTP %d%s" % (self.host, answer.status, " and no JSON of its API" if found is NotImplemented else "")
            raise OutcomeUnknown(text) if write else AccessError(UNREACHABLE, text + ": check the service and the proxy")
        words = said.get("message") or (said.get("status") or {}).get("text") or said.get("error") or "no reason given"
        hint = {401: " (the token is not accepted)", 403: " (the key lacks the scope, or reads only)"}.get(status, "")
        raise AccessError({401: AUTH, 403: AUTH, 409: CONFLICT}.get(status, REFUSED), "%s refuses %s %s: %s%s (HTTP %d)" % (
            self.host, method, path, " ".join(str(words).split()), hint, status))

    def _sign_in(self) -> None:
        answer = self._transport.call("POST", "/auth/v2/token", headers={"Authorization": self._basic}, data={"grant_type": "client_credentials"})
        try:
            token = answer.data.get("access_token") if answer.status == 200 else None
        except (ValueError, AttributeError):
            token = None
        if token:
            self._headers = {"Authorization": "Bearer %s" % token}
        elif answer.status >= 500 or answer.status == 200:
            raise AccessError(UNREACHABLE, "%s gives no token now (HTTP %d)" % (self.host, answer.status))
        else:
            raise AccessError(AUTH, "%s does not accept the credentials (HTTP %d): check api_key, api_secret and the service; a key dies with the account of "
                              "the administrator who made it" % (self.host, answer.status))


def _key(row: dict):
    return row.get("id", row.get("policyId"))
