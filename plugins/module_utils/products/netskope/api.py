# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URL lists of Netskope's REST API v2: token, refusals, answers of several forms.

Shapes: the vendor's integration guide "Custom URL Lists", its command line client (package netskope 1.5.1) and its SDK (netskope_py_sdk 1.0.3). A deployment
is ``POST /policy/urllist/deploy``: the path that these two packages use is not there, says the changelog of the SDK. A token allows four requests a second
for each endpoint; a 429 names no time to wait, and the transport waits.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, UNREACHABLE, AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import FAILURES, NO_JSON, Client, json_of

LISTS = "/api/v2/policy/urllist"
_CHECK = ": check the host of the tenant and the proxy"
_HINTS = {401: " (the token is wrong or has expired)", 403: " (the token lacks this endpoint, or the address of this host is not on the tenant's allow list)",
          404: " (the list is gone, or the tenant does not have the URL list API: ask the vendor's support)"}


class Api(Client):
    """One tenant."""

    def __init__(self, transport: Transport, token: str):
        super().__init__(transport)
        self._session = {"Netskope-Api-Token": token}

    def lists(self) -> dict:
        """{id: list} with pending changes carried out.

        Whether the table of all lists has them, or what is in force, is not documented. The pending ones are asked for first: a deployment between the two
        requests would otherwise hide them.
        """
        pending = {row["id"]: row for row in self.pending()}
        return {**{row["id"]: row for row in self._rows()}, **pending}

    def pending(self) -> list:
        """The lists that have pending changes."""
        return [row for row in (dict({"pending": 1}, **one) for one in self._rows(pending="1")) if row["pending"]]

    def write(self, method: str, path: str, body: object) -> dict:
        """One pending change; the list as it is after the next deployment. :raises OutcomeUnknown: for an answer without it."""
        rows = self._unwrapped(self._ask(method, path, body))
        if not rows or len(rows) > 1:
            raise OutcomeUnknown("%s answers %s %s without the list" % (self.host, method, path))
        return rows[0]

    def deploy(self) -> None:
        """Carry out the pending changes of all URL lists of the tenant, whoever made them."""
        self._ask("POST", LISTS + "/deploy", None)

    def _rows(self, **parameters: str) -> list:
        """:raises AccessError: unreachable, for any other answer than a table of lists: nothing is planned on a part of it."""
        rows = self._unwrapped(self._ask("GET", LISTS, **parameters))
        if rows is None:
            raise AccessError(UNREACHABLE, "%s answers GET %s without lists" % (self.host, LISTS))
        for row in rows:
            # A list is replaced as a whole, so that entries that are not shown would be lost.
            told, shown = row["data"].get("count", row.get("count")), len(row["data"]["urls"])
            if isinstance(told, int) and told > shown:
                raise AccessError(UNREACHABLE, "%s gives %d of the %d entries of the URL list %s" % (self.host, shown, told, row["name"]))
        return rows

    @staticmethod
    def _unwrapped(found: object) -> list | None:
        """The lists of an answer, which clients met bare and in three wrappings. None if it has something else."""
        while isinstance(found, dict) and "id" not in found:
            found = found.get("urllists", found.get("data"))
        rows = [found] if isinstance(found, dict) else found
        whole = isinstance(rows, list) and all(
            isinstance(row, dict) and isinstance(row.get("id"), int) and isinstance(row.get("name"), str) and isinstance(row.get("data"), dict)
            and isinstance(row["data"].get("urls"), list) for row in rows)
        return rows if whole else None

    def _ask(self, method: str, path: str, body: object = None, **parameters: str) -> object:
        write = method != "GET"
        content = {"json": body} if write else {"params": parameters}
        answer = self._transport.call(method, path, write=write, headers=self._session, **content)
        return self._result(answer, "%s %s" % (method, path), write)

    def _result(self, answer: Answer, request: str, write: bool) -> object:
        found = json_of(answer)
        if found is NO_JSON or answer.status >= 500:
            raise self._unreadable(answer, write, check=_CHECK)
        said = found if isinstance(found, dict) else {}
        # Some endpoints answer 200 and an error; the vendor's client looks for it in each answer.
        if answer.status < 300 and said.get("status") != "error":
            return found
        raise self._refusal(FAILURES.get(answer.status, REFUSED), request, said.get("message") or "no reason given", "HTTP %d" % answer.status,
                            _HINTS.get(answer.status, ""))
