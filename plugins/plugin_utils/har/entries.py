# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of a HAR's log as plain facts, for every browser. Controller only, pure."""
from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import words
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures

#: The content types that answer a request of each kind. The kinds are Chrome's and Playwright's ``_resourceType``.
_KINDS = {"script": ("javascript", "ecmascript", "json"), "stylesheet": ("css",), "image": ("image/",), "font": ("font", "octet-stream")}
_DATA = ("fetch", "xhr", "eventsource")
_MESSAGES = ("send", "receive", "error")
#: Safari's sources of an answer that did not come from the network.
_KEPT = ("Memory Cache", "Disk Cache", "Service Worker")


@dataclass
class Exchange:
    """A request and its result. ``error``: ``(layer, failure, word)`` of the browser, or None. ``status`` 0: no answer."""

    url: SplitResult
    kind: str
    began: str
    resource: str
    status: int
    headers: dict
    headers_sent: dict
    body: str
    sent: int
    error: tuple | None
    issuer: str
    address: str
    #: Milliseconds of the first and the rest of the answer, and its size in bytes; negative if unknown.
    waited: float
    received: float
    length: float
    #: The answer came from the browser itself: from a cache or a worker, or as a redirect of its own, for example to https.
    local: bool
    #: The browser itself calls the connection's certificate invalid (Firefox, ``_securityState``).
    broken: bool
    #: A request to a proxy for a tunnel, as debugging proxies record it.
    tunnel: bool
    #: Messages were sent through the WebSocket, and none arrived. False where messages were not recorded.
    unheard: bool

    @property
    def answer(self) -> dict:
        """In the form that the signature table needs."""
        return {"status": self.status, "headers": self.headers, "body": self.body}

    @property
    def page(self) -> bool:
        """Whether the answer is a web page."""
        return "html" in self.headers.get("content-type", "").lower() or self.body.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))

    @property
    def described(self) -> bool:
        """Whether headers were recorded, so that a mark that is not there was not sent."""
        return bool(set(self.headers) - {"content-type", "location"})

    @property
    def leads_to_itself(self) -> bool:
        """Whether a redirect goes to the address that was asked for."""
        return urljoin(self.url.geturl(), self.headers.get("location", "")).partition("#")[0] == self.url.geturl().partition("#")[0]

    @property
    def for_data(self) -> bool:
        """Whether something other than a web page was asked for."""
        accept = self.headers_sent.get("accept", "")
        return self.resource in _KINDS or self.resource in _DATA or ("json" in accept and "html" not in accept)

    @property
    def as_asked(self) -> bool:
        """Whether the answer has a content type that fits the kind of request."""
        kind = self.headers.get("content-type", "").lower()
        if self.resource in _KINDS:
            return any(word in kind for word in _KINDS[self.resource])
        return "json" in kind or "event-stream" in kind


def read(entry: dict) -> Exchange | None:
    """The exchange of one entry that is not ``malformed``; None if it is not a request over the network."""
    request, response = entry["request"], entry["response"]
    url, tunnel = split(address(request)), request.get("method") == "CONNECT"
    if url is None:
        return None
    sent, headers, timings = _headers(request), _headers(response), entry.get("timings") if isinstance(entry.get("timings"), dict) else {}
    web_socket = url.scheme in ("ws", "wss") or entry.get("_resourceType") == "websocket" or "websocket" in sent.get("upgrade", "").lower()
    content = response.get("content") if isinstance(response.get("content"), dict) else {}
    headers.setdefault("content-type", str(content.get("mimeType") or ""))
    if response.get("redirectURL"):
        headers.setdefault("location", str(response["redirectURL"]))
    details = entry.get("_securityDetails")
    status = number_of(response.get("status"))
    return Exchange(
        url=url, kind="websocket" if web_socket else "https", began=str(entry.get("startedDateTime") or ""), resource=str(entry.get("_resourceType") or ""),
        status=status, headers=headers, body=_body(content, headers["content-type"], status), sent=_size(request, sent), headers_sent=sent,
        error=_error(entry, response), issuer=_text(details.get("issuer")).strip() if isinstance(details, dict) else "",
        address=str(entry.get("serverIPAddress") or "").strip("[]"), waited=_number(timings.get("wait")), received=_number(timings.get("receive")),
        length=_number(content.get("size")), local=kept(entry) or "non-authoritative-reason" in headers or (tunnel and 200 <= status < 300),
        broken=entry.get("_securityState") == "broken", tunnel=tunnel, unheard={kind for kind, _words in messages(entry)} == {"send"})


def malformed(entry) -> bool:
    """Whether an entry of a log is malformed."""
    return not isinstance(entry, dict) or not all(isinstance(entry.get(key), dict) for key in ("request", "response"))


def address(request: dict) -> str:
    """The URL of a request. Of a request for a tunnel, which has a host and a port alone, the one that the tunnel is for."""
    url = str(request.get("url"))
    return "https://%s" % url.rpartition("//")[2].strip("/") if request.get("method") == "CONNECT" else url


def messages(entry: dict) -> list:
    """[(type, text)] of a WebSocket; the types are send, receive, and error with the browser's words. Chrome and Playwright record them."""
    found = entry.get("_webSocketMessages")
    rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [(one["type"], _text(one.get("data")) if one["type"] == "error" else "") for one in rows if one.get("type") in _MESSAGES]


def split(url) -> SplitResult | None:
    """The parts of a URL that has a host, or None."""
    try:
        parts = urlsplit(str(url))
        # An invalid port raises an error when it is read.
        known = parts.hostname and parts.scheme in ("http", "https", "ws", "wss") and parts.port != 0
        return parts if known else None
    except ValueError:
        return None


def _headers(message: dict) -> dict:
    found = message.get("headers")
    return {str(one.get("name")).lower(): str(one.get("value") or "") for one in found if isinstance(one, dict)} if isinstance(found, list) else {}


def number_of(status) -> int:
    """A number. Some tools write it as text, with its phrase, or as a float; 0 if it is not a number."""
    found = re.match(r"\d{3}(?!\d)", str(status))
    return int(found.group()) if found else 0


def _text(value) -> str:
    return value if isinstance(value, str) else ""


def kept(entry: dict) -> bool:
    """Whether the answer came from a cache or a worker of the browser."""
    return bool(entry.get("_fromCache") or entry.get("_fetchedViaServiceWorker")) or entry.get("_fetchType") in _KEPT


def _number(value) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else -1.0


def _body(content: dict, kind: str, status: int) -> str:
    # Block pages are HTML; searching every script and picture would take most of the time. A failed answer is searched whatever its type.
    if kind and "html" not in kind.lower() and status < 300:
        return ""
    text = str(content.get("text") or "")[:signatures.SCAN * 2]
    if str(content.get("encoding")).lower() == "base64":
        text = "".join(text.split())
        try:
            text = base64.b64decode(text[:len(text) // 4 * 4]).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return text[:signatures.SCAN]


def _error(entry: dict, response: dict) -> tuple | None:
    # Why a WebSocket was given up is its last message.
    gave_up = [text or "error" for kind, text in messages(entry)[-1:] if kind == "error"]
    word = next(filter(None, (response.get("_error"), entry.get("_error"), response.get("_failureText"), *gave_up)), None)
    return words.meaning(word) if isinstance(word, str) and word else None


def _size(request: dict, headers: dict) -> int:
    sizes = [request.get("bodySize"), headers.get("content-length")]
    return max((int(size) for size in sizes if str(size).isdigit()), default=0)
