# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PAN-OS XML API: sign-in, configuration, operational commands and jobs.

Codes and shapes of answers: "PAN-OS XML API error codes" and "Structure of a PAN-OS XML API request"; texts of locks and of a busy
device as pan-os-python recognises them.
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, AUTH, CONFLICT, LOCKED, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import Client, Ended, one_line

_IN_USE = "10"
_SIGNED_OUT = ("403", "16", "22")
_BUSY = re.compile(r"commit/validate is in progress|commit is in progress|install is in progress|commit.*pending", re.I)
_LOCK = re.compile(r"locked by|lock is (already )?held", re.I)
_POLL_SECONDS = (0.5, 1, 2, 3, 5)


class ApiError(AccessError):
    """An answer with status="error"."""


@dataclass(frozen=True)
class Job:
    """The end of a job: ``lines`` and ``warnings`` are the device's words, ``devices`` what a push says of each firewall."""

    number: str
    kind: str
    user: str
    ok: bool
    lines: tuple
    warnings: tuple
    devices: tuple


class Api(Client):
    """Either ``password`` or ``api_key``. The key travels in a header, never in a URL."""

    def __init__(self, transport: Transport, username: str, password: str | None = None, api_key: str | None = None, target: str | None = None):
        super().__init__(transport)
        self.username, self._password, self._session, self._target = username, password, api_key, target

    def get(self, xpath: str) -> ET.Element | None:
        """The node at ``xpath`` of the candidate configuration, or None."""
        result = self._ask({"type": "config", "action": "get", "xpath": xpath}).find("result")
        return None if result is None or not len(result) else result[0]

    def write(self, form: dict) -> None:
        """One change of the candidate configuration."""
        self._ask(dict(form, type="config"), write=True)

    def operate(self, command: str, vsys: str | None = None, write: bool = False) -> ET.Element:
        """The <result> of an operational command."""
        form = {"type": "op", "cmd": command}
        if vsys:
            form["vsys"] = vsys
        result = self._ask(form, write).find("result")
        return ET.Element("result") if result is None else result

    def start(self, form: dict, what: str) -> str | None:
        """Start a job and give its number; None when there was nothing to do. A busy device is waited for."""
        while True:
            try:
                answer = self._ask(form, write=True)
            except ApiError as error:
                if not _BUSY.search(str(error)):
                    raise
                self._transport.wait(_POLL_SECONDS[-1], "%s: %s waits because another commit is in progress" % (self.host, what))
                continue
            return answer.findtext(".//job")

    def finish(self, number: str, what: str) -> Job:
        """Wait for a job. :raises AccessError: activation, when it does not end within the run's time."""
        polls = 0
        while True:
            job = self.operate("<show><jobs><id>%s</id></jobs></show>" % escape(number)).find("job")
            if job is None:
                raise AccessError(UNREACHABLE, "%s knows no job %s (%s)" % (self.host, number, what))
            if job.findtext("status") == "FIN":
                return _job(number, job)
            self._transport.wait(_POLL_SECONDS[min(polls, len(_POLL_SECONDS) - 1)], "%s: job %s (%s) is at %s %%; it continues on the device" % (
                self.host, number, what, job.findtext("progress") or "?"), ACTIVATION)
            polls += 1

    def _ask(self, form: dict, write: bool = False) -> ET.Element:
        return self._signed_in(lambda key: self._post(form, write, key), lambda answer: self._root(answer, form, write))

    def _sign_in(self) -> str:
        form = {"type": "keygen", "user": self.username, "password": self._password}
        key = self._root(self._post(form, False), form, False).findtext("result/key")
        if not key:
            raise AccessError(AUTH, "%s does not issue an API key to %s" % (self.host, self.username))
        return key

    def _ended(self, answer: Answer) -> bool:
        """Never by the status: the code inside tells."""
        return False

    def _post(self, form: dict, write: bool, key: str | None = None) -> Answer:
        if self._target and form["type"] != "keygen":
            form = dict(form, target=self._target)
        return self._transport.call("POST", "/api/", write=write, data=form, headers={"X-PAN-KEY": key} if key else {})

    def _root(self, answer: Answer, form: dict, write: bool) -> ET.Element:
        try:
            root = ET.fromstring(answer.body)
        except ET.ParseError:
            root = None
        if root is None or root.tag != "response":
            raise self._unreadable(answer, write, " and not with XML of its API", ": is this the management address of a firewall or Panorama?")
        code = root.get("code")
        if root.get("status") == "success" and code not in _SIGNED_OUT:
            return root
        raise self._error(messages(root) or "error %s" % code, code, form["type"] == "keygen")

    def _error(self, words: str, code: str | None, signing_in: bool) -> AccessError:
        if code in _SIGNED_OUT or re.search(r"invalid credential", words, re.I):
            way = "check the user name and password" if signing_in else "the API key is invalid or expired, or the role lacks XML API permissions"
            # A key with a lifetime ends in the middle of a run.
            kind = ApiError if signing_in or self._password is None else Ended
            return kind(AUTH, "%s refuses %s: %s (%s)" % (self.host, self.username, words, way))
        failure = LOCKED if _LOCK.search(words) else CONFLICT if code == _IN_USE else REFUSED
        return ApiError(failure, "%s refuses: %s" % (self.host, words))


def messages(root: ET.Element) -> str:
    """All that an answer says, wherever it says it: msg, msg/line, nested lines, result/msg, responses of single operations."""
    found = []
    for node in root.iter():
        if node.tag in ("line", "msg") and node.text and node.text.strip() and node.text.strip() not in found:
            found.append(one_line(node.text))
    return "; ".join(found)


def _job(number: str, job: ET.Element) -> Job:
    devices = tuple(
        {"device": entry.findtext("devicename") or entry.findtext("serial-no") or "?", "serial": entry.findtext("serial-no") or "",
         "status": "in force" if entry.findtext("result") == "OK" else "failed", "details": _lines(entry.find("details"))}
        for entry in job.findall("devices/entry"))
    return Job(number, job.findtext("type") or "", job.findtext("user") or "", ok=job.findtext("result") == "OK",
               lines=tuple(_lines(job.find("details"))), warnings=tuple(_lines(job.find("warnings"))), devices=devices)


def _lines(node: ET.Element | None) -> list:
    return [] if node is None else [one_line(line.text) for line in node.iter("line") if line.text and line.text.strip()]


__all__ = ["Api", "ApiError", "Job", "escape", "messages"]
