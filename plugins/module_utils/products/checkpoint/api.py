# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Management API of Check Point: sessions, pages, tasks, and what the code of a refusal means.

Commands and shapes: the vendor's API reference up to v2.1, check_point.mgmt 6.9.0, cp-mgmt-api-sdk 1.9.0. The HTTP status of a refusal is documented for few
of them, so its code decides.
"""
from __future__ import annotations

from operator import itemgetter

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AUTH, CONFLICT, LOCKED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import Busy, Client, Ended, json_of, one_line, pages

#: Rows of a page: 500 is the most that the vendor's own clients ask for.
PAGE = 500
_POLL_SECONDS = 2
#: A session that is not used for so long ends: longer than any pause of a run, and short for the next run after one that died.
_SESSION_SECONDS = 180
#: Seconds to wait when an administrator has signed in three times within a minute, and while the server starts.
_PAUSES = {"err_too_many_requests": 60, "generic_server_initializing": 30}
_ENDED = ("generic_err_session_expired", "generic_err_wrong_session_id", "generic_err_missing_session_id")
_FAILURES = {"generic_err_object_locked": LOCKED, "generic_err_session_in_use": LOCKED, "err_already_connected": LOCKED, "generic_err_no_permissions": AUTH,
             "err_forbidden": AUTH, "generic_err_object_not_found": CONFLICT, "generic_err_object_field_not_unique": CONFLICT}
_HINTS = {"generic_err_command_not_found": " (this release or its hotfix is too old)", "generic_err_object_locked": " (it is locked until that session is "
          "published or discarded in SmartConsole, under Manage & Settings > Sessions)"}


class Api(Client):
    """One management server or domain, one session. ``login``: user and password, or api-key, and the domain, if there are several.

    ``cloud``: the id of a service in Smart-1 Cloud, which is a part of its paths.
    """

    def __init__(self, transport: Transport, login: dict, cloud: str | None = None):
        super().__init__(transport)
        self._login, self._path = dict(login, **{"session-timeout": _SESSION_SECONDS}), "/%s/web_api/" % cloud if cloud else "/web_api/"
        #: Of the current session; None for one that may only read.
        self._uid: str | None = None
        self.read_only, self.version = False, ""

    def show(self, command: str, **body: object) -> dict:
        """The answer to a command that changes nothing in the database, or that may be sent twice."""
        return self._ask(command, body, False)

    def write(self, command: str, body: dict) -> dict:
        """One edit, which only this session sees until it is published. :raises OutcomeUnknown: when the answer does not say whether it took effect."""
        return self._ask(command, body, True)

    def rows(self, command: str, key: str = "objects", known: dict | None = None, **body: object) -> list:
        """All rows of a list, or all rules of a layer from the top without their sections. ``known`` takes in what they name: {uid: object}.
        :raises AccessError: unreachable, if it ends early."""
        def read(number: int) -> tuple:
            found = self.show(command, limit=PAGE, offset=(number - 1) * PAGE, **body)
            if not isinstance(found.get(key), list):
                raise AccessError(UNREACHABLE, "%s answers %s without %s" % (self.host, command, key))
            if known is not None:
                known.update((one["uid"], dict(one, **known.get(one["uid"], {}))) for one in found.get("objects-dictionary", ()))
            return [one for row in found[key] for one in row.get("rulebase", [row])], found.get("total")

        rows, total = pages(read, itemgetter("uid"), lambda page, count, total: len(page) < PAGE if total is None else count >= total)
        if total is not None and len(rows) < total:
            raise AccessError(UNREACHABLE, "%s gives %d of the %d rows of %s" % (self.host, len(rows), total, command))
        return rows

    def sessions(self) -> tuple:
        """(the current session, the other ones with unpublished changes).

        What a run of ours left unpublished is continued: our account may switch to a session of its own that is disconnected.
        :raises AccessError: locked, if that session is still connected."""
        rows = self.rows("show-sessions", **{"details-level": "full"})
        own = next((row for row in rows if row["uid"] == self._uid), {})
        others = [row for row in rows if row is not own and row.get("changes")]
        left = next((row for row in others if row.get("user-name") == own.get("user-name") and is_ours(row.get("description"))), None)
        while left is not None and not own.get("changes") and self._uid != left["uid"]:
            try:
                self.show("switch-session", uid=left["uid"])
                own, self._uid = left, left["uid"]
            except AccessError as error:
                if error.failure not in (REFUSED, LOCKED):
                    raise
                # A run that died stays connected until its session times out.
                self._transport.wait(_SESSION_SECONDS / 10, "another run of this collection may be at work, or has died a moment ago: %s" % error)
        return own, [row for row in others if row is not own]

    def wait(self, task: str, failure: str) -> dict:
        """The task when it has ended well. :raises AccessError: ``failure``, with the reason of each target that failed."""
        while True:
            found = (self.show("show-task", **{"task-id": task, "details-level": "full"}).get("tasks") or [{}])[0]
            name, status = found.get("task-name", "a task"), found.get("status")
            if status in ("succeeded", "succeeded with warnings"):
                return found
            if status != "in progress":
                raise AccessError(failure, "%s: %s: %s: %s" % (self.host, name, status or "unknown", _reasons(found)))
            self._transport.wait(_POLL_SECONDS, "%s: %s is still in progress" % (self.host, name), failure)

    def discard(self) -> None:
        """Drop what this session has not published; by its uid, for it may have timed out, and the next one holds nothing."""
        self.show("discard", **({"uid": self._uid} if self._uid else {}))

    def end(self, discard: bool) -> None:
        """Sign out. What a session has not published stays there, and its objects locked, unless it is discarded."""
        try:
            if discard:
                self.discard()
        finally:
            if self._session is not None:
                self.show("logout")
            self._session = None

    def _ask(self, command: str, body: dict, write: bool) -> dict:
        return self._signed_in(lambda headers: self._transport.call("POST", self._path + command, write=write, headers=headers, json=body),
                               lambda answer: self._result(answer, command, write))

    def _ended(self, answer: Answer) -> bool:
        return False

    def _sign_in(self) -> dict:
        answer = self._transport.call("POST", self._path + "login", json=self._login)
        found = json_of(answer)
        if isinstance(found, dict) and found.get("code") in _PAUSES:
            raise Busy(_PAUSES[found["code"]], "%s does not accept a sign-in now: %s" % (self.host, one_line(found.get("message"))))
        if answer.status != 200 or not isinstance(found, dict) or not found.get("sid"):
            raise self._not_signed_in(answer, "username and password, or api_key; the domain; and that the API accepts calls from this address")
        self._uid, self.read_only, self.version = found.get("uid"), bool(found.get("read-only")), str(found.get("api-server-version") or "")
        return {"X-chkp-sid": found["sid"]}

    def _result(self, answer: Answer, command: str, write: bool) -> dict:
        found = json_of(answer)
        if not isinstance(found, dict):
            raise self._unreadable(answer, write)
        if answer.status == 200:
            return found
        code = found.get("code")
        if code in _ENDED:
            # A new session does not hold the edits of the old one: where something is written, they have to be read and planned again.
            self._session, text = None, "%s ended the session before %s (%s)" % (self.host, command, code)
            raise OutcomeUnknown(text) if write else Ended(AUTH, text)
        if code in _PAUSES:
            raise Busy(_PAUSES[code], "%s is not ready: %s" % (self.host, one_line(found.get("message"))))
        if answer.status >= 500 and code != "not_implemented":
            raise self._unreadable(answer, write, " (%s)" % one_line(found.get("message") or code))
        raise self._refusal(_FAILURES.get(code, REFUSED), command, _words(found), "HTTP %d, %s" % (answer.status, code), _HINTS.get(code, ""))


def _reasons(task: dict) -> str:
    """What a failed task says of each of its targets."""
    found = []
    for one in task.get("task-details") or ():
        texts = [message.get("message") for stage in one.get("stagesInfo") or () for message in stage.get("messages") or ()]
        found.append("%s: %s" % (one.get("gatewayName"), one.get("fault-message") or "; ".join(filter(None, texts)) or one.get("statusDescription")))
    return one_line("; ".join(found) or task.get("comments") or "no reason given")


def _words(found: dict) -> str:
    """The message of a refusal, and what its validation says."""
    more = [one.get("message") for part in ("errors", "blocking-errors") for one in found.get(part) or () if isinstance(one, dict)]
    return ": ".join(filter(None, [found.get("message"), "; ".join(filter(None, more))])) or "no reason given"
