# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST API of Symantec Management Center, and the policy page of an Edge SWG's console.

Paths and bodies: the vendor's article 171607, the clients in demisto/content and phantomcyber/phantom-apps, sbldevnet/bluecoat_tracer,
maskedband1t/bluecoat-mc-object-audit; the console: article 165356. How a policy is installed is published nowhere: that request is the operator's.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, AUTH, CONFLICT, LOCKED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown, Overtaken,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Client, basic, json_of, one_line,
)

#: An answer of 5xx may only mean that two requests came at once.
_BUSY, _PAUSES = range(500, 600), (1, 1)
_PLACEHOLDERS = ("uuid", "name", "revision")


@dataclass(frozen=True)
class Login:
    """Either ``token`` or ``username`` and ``password``."""

    token: str | None = None
    username: str | None = None
    password: str | None = None

    def headers(self) -> dict:
        """What a request carries."""
        return {"X-Auth-Token": self.token} if self.token else {"Authorization": basic(self.username or "", self.password or "")}


@dataclass(frozen=True)
class Install:
    """The operator's request that installs a policy: {uuid}, {name} and {revision} stand for those of ours."""

    method: str
    path: str
    body: object = None

    def checked(self) -> Install:
        """:raises AccessError: refused, for a request that would leave Management Center or name what there is not."""
        if self.method not in ("POST", "PUT"):
            raise AccessError(REFUSED, "install.method: %s must be POST or PUT" % self.method)
        if not re.match(r"/[^/\\]", self.path) or any(char.isspace() for char in self.path):
            raise AccessError(REFUSED, "install.path: it must be an absolute path on Management Center, such as /api/...")
        unknown = sorted(set(re.findall(r"\{(\w+)\}", "%s %s" % (self.path, _strings(self.body)))) - set(_PLACEHOLDERS))
        if unknown:
            raise AccessError(REFUSED, "install: {%s} is unknown; the placeholders are {%s}" % (unknown[0], "}, {".join(_PLACEHOLDERS)))
        return self


def _strings(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(_strings(one) for one in value.values())
    return " ".join(map(_strings, value)) if isinstance(value, list) else value if isinstance(value, str) else ""


def filled(value: object, names: dict) -> object:
    """A template with its placeholders replaced."""
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    return re.sub(r"\{(\w+)\}", lambda found: str(names[found[1]]), value) if isinstance(value, str) else value


def revision_of(content: dict | None) -> int | None:
    """The number of a revision, which some releases send as text."""
    number = str(((content or {}).get("revisionInfo") or {}).get("revisionNumber", ""))
    return int(number) if number.isdigit() else None


class Api(Client):
    """One Management Center and the consoles beside it. ``revisions``: uuid to the number that was read or written last."""

    def __init__(self, transport: Transport, login: Login, console_login: Login | None = None):
        super().__init__(transport)
        self._headers = dict(login.headers(), Accept="application/json")
        self._console_login = console_login
        self.revisions: dict = {}

    def policies(self) -> list:
        """The metadata of every object. Lists come whole: no client pages them."""
        rows = self._get("/api/policies")
        if not isinstance(rows, list):
            raise AccessError(UNREACHABLE, "%s answers /api/policies without a list" % self.host)
        return rows

    def content(self, uuid: str) -> dict:
        """The whole content with its revision; an object without any has an empty one."""
        found = self._get("/api/policies/%s/content" % uuid, missing={}) or {}
        self.revisions[uuid] = revision_of(found)
        return found

    def write(self, method: str, path: str, body: dict, guard: str | None = None) -> object:
        """One change. ``guard``: the uuid of an object that was read; the write is refused when it has a newer revision now.

        There is no If-Match: another administrator may still write between the read and the write. The number in the answer shows it.
        """
        known = self.revisions.get(guard)
        if guard and known is not None:
            now = revision_of(self._get("/api/policies/%s/content" % guard, missing={}))
            if now != known:
                raise Overtaken("someone else wrote revision %s of this object on %s after revision %s was read: run again" % (now, self.host, known))
        reply = self._answer(self._transport.call(method, path, write=True, headers=self._headers, json=body), path, write=True)
        if not guard:
            if method == "POST" and not (isinstance(reply, dict) and reply.get("uuid")):
                raise OutcomeUnknown("%s accepted the object but returned no uuid" % self.host)
            return reply
        new = revision_of(reply) if isinstance(reply, dict) else None
        if new is None:
            raise OutcomeUnknown("%s accepted the content but returned no revision" % self.host)
        self.revisions[guard] = new
        if known is not None and new != known + 1:
            raise AccessError(CONFLICT, "someone else wrote revision %d on %s at the same time; the history of the object keeps it" % (new - 1, self.host))
        return reply

    def install(self, request: Install, names: dict) -> None:
        """The operator's request. :raises AccessError: activation, when it is not accepted."""
        content = {} if request.body is None else {"json": filled(request.body, names)}
        answer = self._transport.call(request.method, filled(request.path, names), write=True, headers=self._headers, **content)
        if answer.status >= 300:
            raise AccessError(ACTIVATION, "%s answers the request to install with HTTP %d%s" % (self.host, answer.status, _reason(answer)))

    def current(self, console: str) -> str:
        """The whole policy that an Edge SWG runs."""
        answer = self._transport.call("GET", "/Policy/Current", base=console, headers=self._console_login.headers())
        host = console.partition("://")[2]
        if answer.status in (401, 403):
            raise AccessError(AUTH, "the console %s rejects console_username and console_password" % host)
        if answer.status != 200:
            raise AccessError(UNREACHABLE, "the console %s answers /Policy/Current with HTTP %d" % (host, answer.status))
        return answer.body.decode("utf-8", "replace")

    def _get(self, path: str, missing: object = None) -> object:
        """``missing``: what a path that is not there stands for; None: that is a failure."""
        answer = self._patient(lambda: self._transport.call("GET", path, headers=self._headers), _BUSY, _PAUSES)
        if answer.status == 404 and missing is not None:
            return missing
        return self._answer(answer, path)

    def _answer(self, answer: Answer, path: str, write: bool = False) -> object:
        if answer.status == 401:
            raise AccessError(AUTH, "%s rejects the credentials" % self.host)
        if answer.status == 403:
            raise AccessError(AUTH, "the role of this account on %s does not permit %s%s" % (self.host, path, _reason(answer)))
        found = json_of(answer)
        if found is NO_JSON or (found is None and answer.status != 204):
            raise self._unreadable(answer, write)
        if answer.status >= 500:
            raise self._unreadable(answer, write, _reason(answer))
        if answer.status >= 300:
            failure = {**FAILURES, 423: LOCKED}.get(answer.status, REFUSED)
            text = "%s refuses %s (HTTP %d)%s" % (self.host, path, answer.status, _reason(answer))
            raise Overtaken(text) if write and failure == CONFLICT else AccessError(failure, text)
        return found


def _reason(answer: Answer) -> str:
    """The vendor's own words of an error, on one line."""
    found = json_of(answer)
    words = [str(found[key]) for key in ("statusMessage", "message") if found.get(key)] if isinstance(found, dict) else []
    return ": %s" % one_line(" ".join(words))[:300] if words else ""
