# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration API of Strata Cloud Manager: sign-in, pages, refusals, pushes and their jobs.

Sources: the vendor's OpenAPI documents (PaloAltoNetworks/pan.dev 481855cc of 2026-08-21: openapi-specs/scm/config/sase) and pages on access tokens and
practices; pan-scm-sdk 0.15.1, whose table of exceptions is made from real answers. A token lives for 15 minutes, so that it may end during a push.
"""
from __future__ import annotations

import json
from operator import itemgetter
from typing import Iterable, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, CONFLICT, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Client, access_token, basic, json_of, one_line, pages,
)

#: Rows of a page; the vendor's client asks for as many.
PAGE = 2500
#: Seconds between two looks at a job.
POLL = 5
#: Tables that are not of the service ``security``.
_SERVICES = {"authentication-rules": "identity", "addresses": "objects", "address-groups": "objects", "services": "objects", "service-groups": "objects",
             "application-groups": "objects", "application-filters": "objects", "external-dynamic-lists": "objects"}
#: What the details of a refusal call a write that came too late for what the device holds.
_CLASHES = frozenset(("Name Not Unique", "Object Already Exists", "Object Not Present", "Reference Not Zero"))


class Login(NamedTuple):
    """A service account of a tenant service group. ``token_url``: where it gets tokens."""

    client_id: str
    client_secret: str
    tsg_id: str
    token_url: str


class Job(NamedTuple):
    """A push, or the part of one for a folder. ``words``: its description; ``over``: it does not go on; ``ok``: it succeeded."""

    number: str
    parent: str
    who: str
    name: str
    began: str
    words: str
    over: bool
    ok: bool
    lines: tuple


class Api(Client):
    """One tenant. ``legacy``: the paths of api.sase.paloaltonetworks.com, where all services have one."""

    def __init__(self, transport: Transport, login: Login, legacy: bool = False):
        super().__init__(transport)
        self.login, self._legacy = login, legacy

    # -- what the adapter asks for

    def path(self, table: str, service: str | None = None) -> str:
        """Of a table, or of another resource of a ``service``."""
        return "/sse/config/v1/%s" % table if self._legacy else "/config/%s/v1/%s" % (service or _SERVICES.get(table, "security"), table)

    def rows(self, table: str, service: str | None = None, **parameters: str) -> list:
        """All rows of a table, as far as ``parameters`` say. :raises AccessError: unreachable, when it ends early: nothing is planned on a part of a table."""
        path = self.path(table, service)

        def read(number: int) -> tuple:
            found = self._ask("GET", path, parameters=dict(parameters, limit=PAGE, offset=PAGE * (number - 1)))
            if not isinstance(found, dict) or not isinstance(found.get("data"), list):
                raise AccessError(UNREACHABLE, "%s answers GET %s without rows" % (self.host, path))
            return found["data"], found.get("total")

        rows, total = pages(read, itemgetter("id"), lambda page, count, total: len(page) < PAGE and (total is None or count >= total))
        if isinstance(total, int) and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s gives %d of the %d rows of %s" % (self.host, len(rows), total, path))
        return rows

    def one(self, path: str) -> dict:
        """One object as it is now. :raises AccessError: conflict, when it is gone."""
        found = self._ask("GET", path)
        if not isinstance(found, dict) or "id" not in found:
            raise AccessError(UNREACHABLE, "%s answers GET %s without an object" % (self.host, path))
        return found

    def write(self, method: str, path: str, body: object = None, parameters: dict | None = None) -> object:
        """One write; what it is answered with. :raises OutcomeUnknown: when the answer does not say whether it took effect."""
        return self._ask(method, path, body, parameters)

    def push(self, folders: Iterable[str], comment: str) -> tuple:
        """Bring our changes in the folders into force, and nobody else's: (the job, whether a job of a folder tells that it arrived).

        :raises AccessError: activation, for a job that did not succeed.

        The document names the property ``folder`` and requires ``folders``; the vendor's client sends the latter.
        """
        body = {"folders": list(folders), "admin": [self.login.client_id], "description": comment[:255]}
        found = self._ask("POST", self.path("config-versions/candidate:push", "operations"), body)
        number = str(found.get("job_id") or "") if isinstance(found, dict) else ""
        if not number or not found.get("success", True):
            raise OutcomeUnknown("%s answers the push without a job: %s" % (self.host, one_line(found)))
        job = self._finished(number)
        parts = [one for one in self.jobs() if one.parent == number]
        while not all(one.over for one in parts):
            self._wait(number)
            parts = [one for one in self.jobs() if one.parent == number]
        failed = [one for one in [job, *parts] if not one.ok]
        if failed:
            raise AccessError(ACTIVATION, "the push to %s failed on %s (job %s): %s" % (", ".join(folders), self.host, number, "; ".join(
                "%s%s" % ("%s: " % one.name if one.name else "", "; ".join(one.lines) or "no reason given") for one in failed)))
        return job, bool(parts)

    def _finished(self, number: str) -> Job:
        while True:
            found = self._ask("GET", self.path("jobs/%s" % number, "operations"))
            job = next((_job(row) for row in _data(found) if str(row.get("id")) == number), None)
            if job is not None and job.over:
                return job
            self._wait(number)

    def _wait(self, number: str) -> None:
        self._transport.wait(POLL, "the push on %s (job %s) is still in progress" % (self.host, number), ACTIVATION)

    def jobs(self) -> list[Job]:
        """The jobs of the tenant that it still tells of, the newest first."""
        rows = self.rows("jobs", "operations")
        return sorted(map(_job, rows), key=lambda job: (job.began, job.number.zfill(9)), reverse=True)

    def pushed(self) -> list[str]:
        """The descriptions of the pushes that succeeded everywhere, the newest first."""
        jobs = self.jobs()
        failed = {job.parent for job in jobs if not job.ok}
        return [job.words for job in jobs if job.ok and job.words and job.number not in failed]

    # -- requests

    def _ask(self, method: str, path: str, body: object = None, parameters: dict | None = None) -> object:
        write = method != "GET"
        content = {"json": body} if body is not None else {}
        return self._signed_in(
            lambda headers: self._transport.call(method, path, write=write, headers=headers, params=parameters, **content),
            lambda answer: self._result(answer, "%s %s" % (method, path), write))

    def _sign_in(self) -> dict:
        login = self.login
        answer = self._transport.call("POST", "/oauth2/access_token", base=login.token_url, headers={
            "Authorization": basic(login.client_id, login.client_secret)}, data={"grant_type": "client_credentials", "scope": "tsg_id:%s" % login.tsg_id})
        token = access_token(answer)
        if not token:
            raise self._not_signed_in(answer, "client_id, client_secret and tsg_id", (200,))
        return {"Authorization": "Bearer %s" % token}

    def _result(self, answer: Answer, request: str, write: bool) -> object:
        """The data of an answer. :raises OutcomeUnknown: for a write, when the answer tells nothing. :raises AccessError: for a refusal."""
        found = json_of(answer)
        if found is NO_JSON or answer.status >= 500:
            raise self._unreadable(answer, write)
        if answer.status < 300:
            return found
        code, kind, words = _reason(found)
        failure = CONFLICT if kind in _CLASHES else FAILURES.get(answer.status, REFUSED)
        hint = " (the role of the service account does not allow it)" if answer.status == 403 else ""
        raise self._refusal(failure, request, words, "HTTP %d%s" % (answer.status, ", %s" % code if code else ""), hint)


def _data(found: object) -> list:
    rows = found.get("data") if isinstance(found, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _reason(found: object) -> tuple:
    """(code, kind of error, words) of a refusal. ``details`` is a text, a list, or an object with ``errorType`` and ``message``."""
    errors = found.get("_errors") if isinstance(found, dict) else None
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    details = error.get("details")
    kind = details.get("errorType") if isinstance(details, dict) else None
    more = details.get("message") if isinstance(details, dict) else details
    more = more if isinstance(more, list) else [more]
    words = [str(one) for one in dict.fromkeys([error.get("message"), kind, *map(str, filter(None, more))]) if one]
    return error.get("code"), kind, "; ".join(words) or "no reason given"


#: States of a job in which it does not go on. One that nobody here knows may go on.
_OVER = frozenset(("FIN", "PUSHFAIL", "PUSHABORT", "PUSHTIMEOUT"))


def _job(row: dict) -> Job:
    over = row.get("status_str") in _OVER
    try:
        details = json.loads(row.get("details") or "{}")
    except ValueError:
        details = {"errors": [row["details"]]}
    said = [one_line(line) for part in ("errors", "warnings") for line in (details.get(part) or ())] if isinstance(details, dict) else []
    lines = tuple(said or [one_line(row.get("summary") or row.get("result_str") or "")])
    return Job(
        number=str(row.get("id")), parent=str(row.get("parent_id")), who=row.get("uname") or "", name=row.get("device_name") or "",
        began=str(row.get("start_ts") or ""), words=row.get("description") or "", over=over,
        ok=row.get("status_str") == "FIN" and row.get("result_str") == "OK", lines=lines)
