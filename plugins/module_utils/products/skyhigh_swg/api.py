# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST interface ("Konfigurator") of Skyhigh Secure Web Gateway, formerly McAfee Web Gateway: XML, one session, one work space.

Shapes: recorded answers of 7.8 to 11.2 in public clients, and the vendor's pages about the REST interface. What is written stays in the
session's work space until it is committed; the end of the session drops the rest. An account can be signed in once.
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    CONFLICT, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, Busy, Client, basic, one_line,
)

REST = "/Konfigurator/REST"
BARE = "application/mwg+xml"
_BUSY_PAUSE = 5
#: Words of a refused sign-in that mean "somebody is signed in with this account". Neither status nor text is documented.
_BUSY = re.compile(r"already\s+(logged|signed)|logged\s+in|session", re.I)
_SHOWN = 200


def parse(body: bytes) -> ET.Element:
    """The root element, names without their namespaces: answers carry several ones or none. :raises ValueError: for anything but XML."""
    if b"<!DOCTYPE" in body[:2000] or b"<!ENTITY" in body:
        raise ValueError("a document type is no part of these answers")
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    for node in root.iter():
        if isinstance(node.tag, str):
            node.tag = node.tag.rpartition("}")[2]
    return root


class Api(Client):
    """One gateway, one session. ``bare``: ask for answers without their Atom wrappers where that is enough."""

    def __init__(self, transport: Transport, username: str, password: str, bare: bool = False):
        super().__init__(transport)
        self._user, self._basic, self._bare = username, basic(username, password), bare
        #: Whether this session's work space holds what is not committed.
        self._unsaved = False

    def feed(self, path: str, **parameters: object) -> list:
        """The entries of a list of things, all pages, each as {name of child: text} with ``href``. :raises AccessError:"""
        rows, page, last = {}, 1, 1
        while page <= last:
            root = self._read("GET", path, dict(parameters, **({"page": page} if page > 1 else {})), bare=False)
            if root.tag != "feed":
                raise AccessError(UNREACHABLE, "%s answers GET %s without a feed" % (self.host, path))
            last = max([last] + [_page(link) for link in root.findall("link") if link.get("rel") in ("last", "next")])
            for entry in root.findall("entry"):
                row = {child.tag: (child.text or "").strip() for child in entry}
                link = entry.find("link")
                row["href"] = "" if link is None else link.get("href") or ""
                rows[row.get("id") or row["href"]] = row
            page += 1
        return list(rows.values())

    def lists(self, identity: str) -> ET.Element:
        """The <list> element of one list."""
        return self._inner(self._read("GET", "/list/" + identity, {}, self._bare), "list")

    def export(self, href: str) -> ET.Element:
        """The <libraryContent> of a rule set, by the link of its entry; such links may name another host and port."""
        path = urlsplit(href).path
        root = self._read("POST", (path[len(REST):] if path.startswith(REST) else path).rstrip("/") + "/export", {}, bare=False)
        if root.tag != "libraryContent":
            raise AccessError(UNREACHABLE, "%s exports a rule set as <%s>, which is not supported" % (self.host, root.tag[:40]))
        return root

    def write(self, method: str, path: str, body: str) -> ET.Element | None:
        """One write into the work space; the <list> that comes back, or None when the answer has none."""
        answer = self._ask(method, path, {}, True, body)
        self._unsaved = True
        try:
            return self._inner(parse(answer.body), "list")
        except (ValueError, AccessError):
            return None

    def commit(self) -> None:
        """Bring the work space into force. :raises OutcomeUnknown, AccessError:"""
        self._ask("POST", "/commit", {}, True)
        self._unsaved = False

    def discard(self) -> None:
        """Drop what is not committed."""
        if self._session is not None:
            self._ask("POST", "/discard", {}, False)
        self._unsaved = False

    def renew(self) -> None:
        """End this session, so that what is read next is what every session sees. The next request signs in."""
        try:
            self.end()
        except AccessError:
            # It ends by itself; the next sign-in waits for that.
            pass

    def end(self) -> None:
        """Sign out, which drops what is not committed."""
        session, self._session, self._unsaved = self._session, None, False
        if session is not None:
            self._transport.call("POST", REST + "/logout", headers=self._headers(session, False))

    # -- one exchange

    def _read(self, method: str, path: str, parameters: dict, bare: bool) -> ET.Element:
        answer = self._ask(method, path, parameters, False, bare=bare)
        try:
            return parse(answer.body)
        except ValueError:
            raise AccessError(UNREACHABLE, "%s answers %s %s without XML of its interface: check host and port" % (self.host, method, path)) from None

    def _inner(self, root: ET.Element, tag: str) -> ET.Element:
        """``root`` is the wanted element itself, or an Atom entry around it."""
        found = root if root.tag == tag else root.find("content/" + tag)
        if found is None:
            raise AccessError(UNREACHABLE, "%s answers with <%s> instead of <%s>" % (self.host, root.tag[:40], tag))
        return found

    @staticmethod
    def _headers(session: str, bare: bool) -> dict:
        return {"Cookie": "JSESSIONID=%s" % session, "Accept": BARE if bare else "application/xml"}

    def _ask(self, method: str, path: str, parameters: dict, write: bool, body: str | None = None, bare: bool = False) -> Answer:
        content = {"params": parameters} if parameters else {}
        if body is not None:
            content["data"] = body.encode("utf-8")

        def send(session: str) -> Answer:
            headers = dict(self._headers(session, bare), **({} if body is None else {"Content-Type": BARE}))
            answer = self._transport.call(method, REST + path, write=write, headers=headers, **content)
            if answer.status == 401:
                self._lost(write)
            return answer
        return self._signed_in(send, lambda answer: self._accepted(answer, "%s %s" % (method, path), write))

    def _lost(self, write: bool) -> None:
        """The session ended, and its work space with it. :raises AccessError: conflict, for a write that would go on without the earlier ones."""
        lost, self._unsaved = self._unsaved, False
        if lost and write:
            self._session = None
            raise AccessError(CONFLICT, "the session on %s ended before the commit, and its changes are lost" % self.host)

    def _accepted(self, answer: Answer, request: str, write: bool) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        if answer.status >= 500:
            raise self._unreadable(answer, write, " to %s: %s" % (request, self._words(answer)))
        hint = {401: " (the account may not)", 403: " (the role of the account does not cover it)", 404: " (it is not there)"}.get(answer.status, "")
        failure = {**FAILURES, 404: CONFLICT}.get(answer.status, REFUSED)
        raise self._refusal(failure, request, self._words(answer), "HTTP %d" % answer.status, hint)

    def _words(self, answer: Answer) -> str:
        """What an error body says, as plain words: bodies are XML, HTML or text. Never the session in it."""
        text = re.sub(r"<[^>]*>", " ", answer.body[:4000].decode("utf-8", "replace"))
        return self._masked(one_line(text))[:_SHOWN] or "no reason given"

    # -- signing in

    def _sign_in(self) -> str:
        answer = self._transport.call("POST", REST + "/login", headers={
            "Authorization": self._basic, "Accept": BARE if self._bare else "application/xml"})
        session = _session_in(answer) if answer.status == 200 else None
        if session:
            return session
        if answer.status in (409, 423) or (answer.status < 500 and _BUSY.search(self._words(answer)) and answer.status != 200):
            raise Busy(_BUSY_PAUSE, "%s: the account %s is already signed in, and only one session is possible" % (self.host, self._user))
        raise self._not_signed_in(answer, "user name and password, that the role has \"REST interface accessible\", and that no other session "
                                  "uses this account", (200, 404), ": is the REST interface enabled on this port")


def _session_in(answer: Answer) -> str | None:
    """The session: from the cookie, else from the body, which is an Atom entry or the bare id."""
    found = re.search(r"JSESSIONID=([^;,\s]+)", answer.headers.get("set-cookie", ""))
    if found:
        return found[1]
    text = answer.body.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        try:
            text = (parse(answer.body).findtext("content") or "").strip()
        except ValueError:
            return None
    return text if re.match(r"[0-9A-Za-z.\-]{8,128}\Z", text) else None


def _page(link: ET.Element) -> int:
    """The page number in a link of a feed; 1 when it has none."""
    number = parse_qs(urlsplit(link.get("href") or "").query).get("page", ["1"])[0]
    return int(number) if number.isdigit() else 1
