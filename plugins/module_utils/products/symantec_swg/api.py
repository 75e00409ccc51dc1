# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST API of Symantec Management Center, and the policy page of an Edge SWG's console.

Paths and bodies: the vendor's article 171607, the clients in demisto/content and phantomcyber/phantom-apps, sbldevnet/bluecoat_tracer,
maskedband1t/bluecoat-mc-object-audit; the console: article 165356. How a policy is installed is published nowhere: that request is the operator's.
"""
from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, AUTH, CONFLICT, LOCKED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)

_BUSY_READS = 3
_PLACEHOLDERS = ("uuid", "name", "revision")


@dataclass(frozen=True)
class Login:
    """Either ``token`` or ``username`` and ``password``."""

    token: str | None = None
    username: str | None = None
    password: str | None = None

    def headers(self) -> dict:
        if self.token:
            return {"X-Auth-Token": self.token}
        pair = "%s:%s" % (self.username or "", self.password or "")
        return {"Authorization": "Basic %s" % base64.b64encode(pair.encode("utf-8")).decode("ascii")}


@dataclass(frozen=True)
class Install:
    """The operator's request that installs a policy: {uuid}, {name} and {revision} stand for those of ours."""

    method: str
    path: str
    body: object = None

    def checked(self) -> Install:
        """:raises AccessError: refused, for a request that would leave Management Center or name what there is not."""
        if self.method not in ("POST", "PUT"):
            raise AccessError(REFUSED, "install.method: %s is neither POST nor PUT" % self.method)
        if not re.match(r"/[^/\\]", self.path) or any(char.isspace() for char in self.path):
            raise AccessError(REFUSED, "install.path: it has to be a path on Management Center, from the first slash on, such as /api/...")
        unknown = sorted(set(re.findall(r"\{(\w+)\}", "%s %s" % (self.path, _strings(self.body)))) - set(_PLACEHOLDERS))
        if unknown:
            raise AccessError(REFUSED, "install: {%s} is unknown; there are {%s}" % (unknown[0], "}, {".join(_PLACEHOLDERS)))
        return self


def _strings(value) -> str:
    if isinstance(value, dict):
        return " ".join(_strings(one) for one in value.values())
    return " ".join(map(_strings, value)) if isinstance(value, list) else value if isinstance(value, str) else ""


def filled(value, names: dict):
    """A template with its placeholders replaced."""
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    return re.sub(r"\{(\w+)\}", lambda found: str(names[found[1]]), value) if isinstance(value, str) else value


def revision_of(content) -> int | None:
    """The number of a revision, which some releases send as text."""
    number = str(((content or {}).get("revisionInfo") or {}).get("revisionNumber", ""))
    return int(number) if number.isdigit() else None


@dataclass
class Api:
    """One Management Center and the consoles beside it. ``revisions``: uuid to the number that was read or written last."""

    transport: object
    login: Login
    console_login: Login | None = None
    revisions: dict = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.transport.connection.host

    def policies(self) -> list:
        """The metadata of every object. Lists come whole: no client pages them."""
        rows = self._get("/api/policies")
        if not isinstance(rows, list):
            raise AccessError(UNREACHABLE, "%s answers /api/policies with something else than a list" % self.host)
        return rows

    def content(self, uuid: str) -> dict:
        """The whole content with its revision; an object without any has an empty one."""
        found = self._get("/api/policies/%s/content" % uuid, missing={}) or {}
        self.revisions[uuid] = revision_of(found)
        return found

    def write(self, method: str, path: str, body: dict, guard: str | None = None):
        """One change. ``guard``: the uuid of an object that was read; the write is refused when it has a newer revision now.

        There is no If-Match: between the look and the write somebody may still come in. The number in the answer tells.
        """
        known = self.revisions.get(guard)
        if guard and known is not None:
            now = revision_of(self._get("/api/policies/%s/content" % guard, missing={}))
            if now != known:
                raise AccessError(CONFLICT, "somebody wrote revision %s of this object on %s since revision %s was read: run again" % (now, self.host, known))
        reply = self._answer(self.transport.call(method, path, write=True, headers=self._headers(), json=body), path, write=True)
        if not guard:
            if method == "POST" and not (isinstance(reply, dict) and reply.get("uuid")):
                raise OutcomeUnknown("%s took the object and names no uuid" % self.host)
            return reply
        new = revision_of(reply) if isinstance(reply, dict) else None
        if new is None:
            raise OutcomeUnknown("%s took the content and names no revision" % self.host)
        self.revisions[guard] = new
        if known is not None and new != known + 1:
            raise AccessError(CONFLICT, "somebody wrote revision %d on %s at the same moment; it is kept in the history of the object" % (new - 1, self.host))
        return reply

    def install(self, request: Install, names: dict) -> None:
        """The operator's request. :raises AccessError: activation, when it is not accepted."""
        content = {} if request.body is None else {"json": filled(request.body, names)}
        answer = self.transport.call(request.method, filled(request.path, names), write=True, headers=self._headers(), **content)
        if answer.status >= 300:
            raise AccessError(ACTIVATION, "%s answers the request to install with HTTP %d%s" % (self.host, answer.status, _reason(answer)))

    def current(self, console: str) -> str:
        """The whole policy that an Edge SWG runs."""
        answer = self.transport.call("GET", "/Policy/Current", base=console, headers=self.console_login.headers())
        host = console.partition("://")[2]
        if answer.status in (401, 403):
            raise AccessError(AUTH, "the console %s does not accept console_username and console_password" % host)
        if answer.status != 200:
            raise AccessError(UNREACHABLE, "the console %s answers /Policy/Current with HTTP %d" % (host, answer.status))
        return answer.body.decode("utf-8", "replace")

    def _headers(self) -> dict:
        return dict(self.login.headers(), Accept="application/json")

    def _get(self, path: str, missing=None):
        """A read. An answer of 500 may only mean that two requests came at once, so it is asked again."""
        for attempt in range(_BUSY_READS):
            answer = self.transport.call("GET", path, headers=self._headers())
            if answer.status < 500 or attempt == _BUSY_READS - 1:
                break
            self.transport.wait(1, "%s answers %d" % (self.host, answer.status), UNREACHABLE)
        if answer.status == 404 and missing is not None:
            return missing
        return self._answer(answer, path)

    def _answer(self, answer, path: str, write: bool = False):
        if answer.status in (401, 403):
            raise AccessError(AUTH, "%s does not accept the credentials" % self.host if answer.status == 401 else
                              "the role of this account on %s does not permit %s%s" % (self.host, path, _reason(answer)))
        try:
            found = answer.data
        except ValueError:
            found = None
        if (found is None and answer.status != 204) or answer.status >= 500:
            text = "%s answers with HTTP %d%s" % (self.host, answer.status, _reason(answer) if found is not None else " and no JSON of its API")
            raise OutcomeUnknown(text) if write else AccessError(UNREACHABLE, text)
        if answer.status >= 300:
            failure = LOCKED if answer.status == 423 else CONFLICT if answer.status == 409 else REFUSED
            raise AccessError(failure, "%s refuses %s (HTTP %d)%s" % (self.host, path, answer.status, _reason(answer)))
        return found


def _reason(answer) -> str:
    """The vendor's own words of an error, on one line."""
    try:
        found = answer.data
    except ValueError:
        return ""
    words = [str(found[key]) for key in ("statusMessage", "message") if found.get(key)] if isinstance(found, dict) else []
    return ": %s" % " ".join(" ".join(words).split())[:300] if words else ""
