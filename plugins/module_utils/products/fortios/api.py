# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FortiOS REST API, version 2: tables of the configuration, with a check that nobody wrote in between.

Envelopes, parameters and internal error numbers: the OpenAPI description of 6.4.14, the modules of fortinet.fortios, hfortix.
"""
from __future__ import annotations

from urllib.parse import quote

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, LOCKED, REFUSED, AccessError, Overtaken,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import Client, json_of

#: Numbers in the field ``error`` of a refused write, in words for an operator.
_REASONS = {-1: "a value is too long", -3: "it names an object that does not exist", -4: "the table is full", -5: "it exists already",
            -14: "the access profile of the token has no permission for it", -15: "a value occurs twice", -23: "it is still in use",
            -37: "the access profile of the token has no permission for it", -56: "a value is empty", -651: "a value is not accepted"}


class Api(Client):
    """One VDOM. The token travels in a header: in a URL it would be logged, and new releases refuse it there."""

    def __init__(self, transport: Transport, token: str, vdom: str = "root"):
        super().__init__(transport)
        self._vdom = vdom
        self._headers = {"Authorization": "Bearer %s" % token}
        self._revisions: dict = {}
        self.release: tuple = (7, 4)
        self.version, self.serial = "", ""

    def get(self, path: str, **parameters: object) -> list:
        """All rows of a table, or the one object of a path, as a list. A missing one is an empty list."""
        body = self._ask("GET", path, parameters=parameters)
        if body is None:
            return []
        if not parameters:
            self._revisions[path] = body.get("revision")
        self.version, self.serial = str(body.get("version") or self.version).lstrip("v"), body.get("serial") or self.serial
        self.release = tuple(int(part) for part in self.version.split(".") if part.isdigit()) or self.release
        results = body.get("results")
        return results if isinstance(results, list) else [results] if results else []

    def write(self, method: str, path: str, body: dict | None = None, guard: str | None = None, **parameters: object) -> None:
        """One change, live at once. ``guard``: a table that was read; the write is refused when someone else changed it since then."""
        if guard:
            now = self._ask("GET", guard, parameters={"format": "id|name"}) or {}
            known = self._revisions.get(guard)
            if known and now.get("revision") and now["revision"] != known:
                raise Overtaken("someone else changed %s on %s after it was read: run again" % (guard, self.host))
        answer = self._ask(method, path, body, parameters)
        table = next((known for known in sorted(self._revisions, key=len, reverse=True) if path.startswith(known)), None)
        if table and answer and answer.get("revision"):
            self._revisions[table] = answer["revision"]

    def look(self, path: str) -> list:
        """The rows of the monitor tree; none where the path or the right to it is missing."""
        found = self._monitored(path)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def state(self, path: str) -> dict:
        """One object of the monitor tree; empty where the path or the right to it is missing."""
        found = self._monitored(path)
        return found if isinstance(found, dict) else {}

    def _monitored(self, path: str) -> object:
        try:
            return (self._ask("GET", path, tree="monitor") or {}).get("results")
        except AccessError as error:
            if error.failure != AUTH:
                raise
            return None

    def act(self, path: str, body: dict | None = None) -> None:
        """One action of the monitor tree."""
        self._ask("POST", path, body, tree="monitor")

    def _ask(self, method: str, path: str, body: dict | None = None, parameters: dict | None = None, tree: str = "cmdb") -> dict | None:
        """The envelope of an answer; None where there is nothing to read or to delete."""
        write = method != "GET"
        content = {"headers": self._headers, "params": dict({"vdom": self._vdom}, **(parameters or {}))}
        if body is not None:
            content["json"] = body
        answer = self._transport.call(method, "/api/v2/%s/%s" % (tree, path), write=write, **content)
        if answer.status == 404 and method in ("GET", "DELETE"):
            return None
        if answer.status in (401, 403):
            raise AccessError(AUTH, self._denied(answer.status, path))
        found = json_of(answer)
        if not isinstance(found, dict):
            raise self._unreadable(answer, write, check=": is this the management address of a FortiGate?")
        if answer.status >= 400 or found.get("status") == "error":
            raise self._error(answer.status, found, "%s %s" % (method, path))
        return found

    def _denied(self, status: int, path: str) -> str:
        if status == 401:
            return ("%s rejects the token: it is wrong, this address is not in its trusted hosts, or it belongs to the other member of the HA pair"
                    % self.host)
        return "the token's access profile on %s does not permit %s in VDOM %s" % (self.host, path, self._vdom)

    def _error(self, status: int, found: dict, request: str) -> AccessError:
        number = found.get("error")
        reason = found.get("cli_error") or _REASONS.get(number) or "error %s" % number
        failure = LOCKED if status == 429 else CONFLICT if number in (-5, -23) else REFUSED
        return self._refusal(failure, request, reason, "HTTP %d, error %s" % (status, number))


def key(name: object) -> str:
    """A name or number as a part of a path."""
    return quote(str(name), safe="")
