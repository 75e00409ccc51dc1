# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XML API of Sophos Firewall: one path, credentials in every request, HTTP 200 for nearly everything.

What was done is in the body. Envelope and codes: the vendor's API reference and its SDK (sophosfirewall-python 0.1.68); texts and the
shape of an empty answer as measured on 22.0 (SophosFirewall-Powershell).
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown, Overtaken,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import Client

PATH = "/webconsole/APIController"
ADD, UPDATE, REMOVE = "add", "update", "remove"
_NOTHING = re.compile(r"(No\.|Number) of records Zero", re.I)
_DONE = ("200", "216")
#: "Unable to get status message", or a part of it was taken: only reading tells.
_UNTOLD = ("201", "202", "217", "222")
_TAKEN, _ABSENT, _IN_USE = ("502",), ("526",), ("504", "510")
_DENIED = {"534": "does not accept API requests from this address: add it to the list in Backup & firmware > API",
           "532": "has its API disabled: enable it in Backup & firmware > API"}


def child(node: ET.Element, tag: str, text: str | None = None) -> ET.Element:
    """A new element at the end of ``node``."""
    made = ET.SubElement(node, tag)
    made.text = text
    return made


def text_of(node: ET.Element, path: str, default: str = "") -> str:
    """The text at ``path`` without the white space around it; ``default`` where it is missing or empty."""
    return (node.findtext(path) or default).strip()


def written(node: ET.Element) -> str:
    """An element as text."""
    return ET.tostring(node, encoding="unicode")


def plain(node: ET.Element) -> list:
    """An element without attributes and white space, to compare."""
    return [node.tag, (node.text or "").strip(), [plain(inner) for inner in node]]


class Api(Client):
    """``version``: of the API, which tracks the firmware (2200.1 is 22.0)."""

    def __init__(self, transport: Transport, username: str, password: str):
        super().__init__(transport)
        self._username, self._password = username, password
        self.version = ""

    def get(self, entities: Sequence[str]) -> dict:
        """{entity: [element of each object]}, in one request. An entity that the answer leaves out is an error, not an empty list."""
        ask = ET.Element("Get")
        for entity in entities:
            child(ask, entity)
        answer = self._ask(ask, False)
        found = {}
        for entity in entities:
            nodes = answer.findall(entity)
            if not nodes:
                raise AccessError(UNREACHABLE, "%s does not return %s" % (self.host, entity))
            found[entity] = [node for node in nodes if not self._nothing(entity, node)]
        return found

    def _nothing(self, entity: str, node: ET.Element) -> bool:
        """Whether this element says that there is none. A ``Status`` beside a ``Name`` is a column of a firewall rule."""
        status = node.find("Status")
        if status is None or (status.get("code") is None and node.find("Name") is not None):
            return False
        said = (status.text or "").strip()
        if status.get("code") in (None, "526") and (_NOTHING.search(said) or status.get("code")):
            return True
        raise AccessError(REFUSED, "%s does not permit this account to read %s: %s%s" % (self.host, entity, said, _code(status)))

    def write(self, operation: str, objects: list) -> None:
        """``objects``: [{entity, xml}] for add and update, [{entity, names}] for remove, in one request and answered one by one.

        :raises OutcomeUnknown: when an answer is missing or says that it cannot tell.
        """
        ask = ET.Element("Remove") if operation == REMOVE else ET.Element("Set", {"operation": operation})
        asked: dict = {}
        for one in objects:
            if operation == REMOVE:
                node = child(ask, one["entity"])
                for name in one["names"]:
                    child(node, "Name", name)
            else:
                ask.append(ET.fromstring(one["xml"]))
            asked[one["entity"]] = asked.get(one["entity"], 0) + len(one.get("names", (1,)))
        answer = self._ask(ask, True)
        untold = []
        for entity, count in asked.items():
            told = [status for node in answer.findall(entity) for status in node.findall("Status")]
            for status in told:
                if status.get("code") not in _DONE + _UNTOLD:
                    raise self._refused(operation, entity, status, answer)
            if len(told) != count or any(status.get("code") in _UNTOLD for status in told):
                untold.append(entity)
        if untold:
            raise OutcomeUnknown("%s does not report the result of the %s of %s" % (self.host, operation, ", ".join(untold)))

    def _refused(self, operation: str, entity: str, status: ET.Element, answer: ET.Element) -> AccessError:
        code = status.get("code")
        failure = CONFLICT if code in _TAKEN + _ABSENT + _IN_USE else REFUSED
        places = [(one.text or "").strip() for one in answer.iter("Params")]
        about = " (%s)" % ", ".join(one for one in places if one) if any(places) else ""
        text = "%s refuses to %s %s: %s%s%s" % (self.host, operation, entity, (status.text or "").strip(), _code(status), about)
        # Nothing was written, if each part of the request was refused so.
        taken = all(one.get("code") in _TAKEN for one in answer.iter("Status"))
        return Overtaken(text) if taken else AccessError(failure, text)

    def _ask(self, ask: ET.Element, write: bool) -> ET.Element:
        request = ET.Element("Request")
        login = child(request, "Login")
        child(login, "Username", self._username)
        child(login, "Password", self._password)
        request.append(ask)
        reply = self._transport.call("POST", PATH, write=write, data={"reqxml": written(request)}, headers={"Accept": "application/xml"})
        try:
            answer = ET.fromstring(reply.body)
        except ET.ParseError:
            answer = None
        if answer is None or answer.tag != "Response":
            raise self._unreadable(reply, write, " and not with XML of its API", ": is this the port of the web admin console?")
        self._admitted(answer, write)
        self.version = answer.get("APIVersion") or self.version
        return answer

    def _admitted(self, answer: ET.Element, write: bool) -> None:
        """Every failure comes with HTTP 200; only the words of a good sign-in are one."""
        status = answer.find("Status")
        if status is not None:
            code = status.get("code")
            if code in _DENIED:
                raise AccessError(AUTH, "%s %s (code %s)" % (self.host, _DENIED[code], code))
            raise AccessError(REFUSED, "%s refuses the request: %s%s" % (self.host, (status.text or "").strip(), _code(status)))
        login = answer.find("Login")
        words = "" if login is None else (text_of(login, "status") or text_of(login, "Status"))
        if words.lower() == "authentication successful":
            return
        if words:
            raise AccessError(AUTH, "%s rejects username and password (%s). An administrator with a one-time password cannot use the API"
                              % (self.host, words))
        lost = "%s does not report whether it accepted the sign-in" % self.host
        raise OutcomeUnknown(lost) if write else AccessError(UNREACHABLE, lost)


def _code(status: ET.Element) -> str:
    return "" if status.get("code") is None else " (code %s)" % status.get("code")
