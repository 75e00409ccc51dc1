# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a HAR that can be given away: what is not named here is left out. Controller only.

Kept are hosts, methods, the shape of paths, statuses, names of headers and cookies, the values of a few headers that products give themselves away by,
sizes, types, timings and the issuer. Left out are bodies, cookies, tokens, query values, ids and file names in paths, and anything unknown.
"""
from __future__ import annotations

import filecmp
import ipaddress
import json
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

REMOVED = "(removed)"
#: Headers whose values say something about the network and nothing about a person.
_VALUES = {"accept", "accept-encoding", "cache-status", "cf-cache-status", "cf-mitigated", "cf-ray", "connection", "content-encoding", "content-length",
           "content-type", "date", "retry-after", "sec-websocket-version", "server", "transfer-encoding", "upgrade", "via", "x-cache", "x-cache-lookup",
           "x-squid-error"}
_TIMINGS = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_.\[\]-]{0,39}\Z")
_WORD = re.compile(r"(?:[a-z][a-z_-]{0,23}|v\d{1,2}|\.well-known)\Z")
#: What follows one of these in a path is about somebody.
_ABOUT = {"u", "user", "users", "account", "accounts", "org", "orgs", "organization", "organizations", "workspace", "workspaces", "share", "c", "g", "t", "p"}
_ASSET = re.compile(r"(.*)\.(js|mjs|css|json|svg|png|woff2?|html|ico|wasm|map|txt|xml)\Z")
_FILE = re.compile(r".+\.([A-Za-z0-9]{1,5})\Z")
_LABEL = re.compile(r"[a-z0-9_-]{1,24}\Z")
#: Nothing that is kept should look like these; what does is removed all the same.
_SECRET = re.compile(r"eyJ[A-Za-z0-9_.-]{8,}|[A-Za-z0-9+/=_-]{40,}|(?i:bearer|basic)\s+\S+")
#: It begins where a word does: from within one each character would be a new beginning, and a long text take minutes.
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+")
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def entry(raw: dict) -> dict:
    """One entry of a log without anything that is not named here; what has not the form of one is empty."""
    raw = raw if isinstance(raw, dict) else {}
    request, response = _dict(raw.get("request")), _dict(raw.get("response"))
    content = _dict(response.get("content"))
    found = {
        "startedDateTime": _date(raw.get("startedDateTime")), "time": _number(raw.get("time")),
        "request": {
            "method": _token(request.get("method")), "url": url(request.get("url")), "httpVersion": _version(request.get("httpVersion")), "cookies": [],
            "headers": _headers(request), "queryString": [{"name": name, "value": REMOVED} for name in _query_names(request.get("url"))],
            "headersSize": _number(request.get("headersSize")), "bodySize": _number(request.get("bodySize")),
        },
        "response": {
            "status": _number(response.get("status")), "statusText": "", "httpVersion": _version(response.get("httpVersion")), "cookies": _cookies(response),
            "headers": _headers(response), "content": {"size": _number(content.get("size")), "mimeType": _mime(content.get("mimeType"))},
            "redirectURL": url(response.get("redirectURL")) if response.get("redirectURL") else "",
            "headersSize": _number(response.get("headersSize")), "bodySize": _number(response.get("bodySize")),
        },
        "cache": {}, "timings": {key: _number(_dict(raw.get("timings")).get(key)) for key in _TIMINGS},
    }
    for holder, source in ((found["response"], response), (found, raw)):
        for key in ("_error", "_failureText"):
            if isinstance(source.get(key), str):
                holder[key] = _token(source[key])
    if isinstance(raw.get("_resourceType"), str):
        found["_resourceType"] = _token(raw["_resourceType"])
    address = _address(raw.get("serverIPAddress"))
    if address:
        found["serverIPAddress"] = address
    details = _dict(raw.get("_securityDetails"))
    if details:
        found["_securityDetails"] = {key: _clean(str(details[key]))[:120] for key in ("protocol", "issuer") if isinstance(details.get(key), str)}
    return found


def url(text) -> str:
    """A URL whose query has names only and whose path has a placeholder for what is an id, a file name, or about somebody."""
    try:
        parts = urlsplit(str(text))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ws", "wss") or not host:
        return ""
    labels = [label if _LABEL.match(label) and sum(c.isdigit() for c in label) < 6 else "{id}" for label in host.split(".")]
    place = ".".join(labels) if not _address(host) else host
    names = "&".join("%s=%s" % (name, REMOVED) for name in _query_names(text))
    place = ("[%s]" % place if ":" in place else place) + (":%d" % port if port else "")
    return "%s://%s%s%s" % (parts.scheme, place, _path(parts.path), "?" + names if names else "")


def _path(path: str) -> str:
    found, before = [], ""
    for segment in path.split("/"):
        found.append(segment if not segment else "{id}" if before in _ABOUT else _segment(segment))
        before = segment
    return "/".join(found)


def _segment(segment: str) -> str:
    if _WORD.match(segment):
        return segment
    asset = _ASSET.match(segment)
    if asset:
        return "%s.%s" % (asset.group(1) if _WORD.match(asset.group(1)) else "{id}", asset.group(2))
    file = _FILE.match(segment)
    return "{file}.%s" % file.group(1).lower() if file else "{id}"


def _query_names(text) -> list:
    try:
        names = [name for name, _value in parse_qsl(urlsplit(str(text)).query, keep_blank_values=True, max_num_fields=200)]
    except ValueError:
        return []
    return [name if _NAME.match(name) and not _secret(name) else "{name}" for name in names]


def _headers(message: dict) -> list:
    rows = message.get("headers")
    found = []
    for row in rows if isinstance(rows, list) else []:
        row = _dict(row)
        name = str(row.get("name", "")).lower()
        if not re.match(r":?[a-z0-9!#$%&'*+.^_`|~-]{1,60}\Z", name) or _secret(name):
            continue
        if name == "location":
            value = url(row.get("value")) or REMOVED
        elif name == "set-cookie":
            value = _cookie_name(str(row.get("value") or "").partition("=")[0])
        elif name == "proxy-authenticate":
            value = str(row.get("value") or "").split(" ", maxsplit=1)[0][:20]
        else:
            value = _clean(str(row.get("value") or ""))[:200] if name in _VALUES else REMOVED
        found.append({"name": name, "value": value})
    return found


def _cookies(response: dict) -> list:
    rows = response.get("cookies")
    return [{"name": _cookie_name(str(_dict(row).get("name", ""))), "value": REMOVED} for row in rows] if isinstance(rows, list) else []


def _cookie_name(name: str) -> str:
    name = name.strip()
    return name if _NAME.match(name) and not _secret(name) else "{name}"


def _clean(text: str) -> str:
    return _IP.sub(REMOVED, _SECRET.sub(REMOVED, _MAIL.sub(REMOVED, text)))


def _secret(text: str) -> bool:
    return bool(_MAIL.search(text) or _SECRET.search(text))


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else -1


def _token(value) -> str:
    return value if isinstance(value, str) and re.match(r"[A-Za-z0-9:_.-]{1,80}\Z", value) and not _secret(value) else REMOVED


def _version(value) -> str:
    return value if isinstance(value, str) and re.match(r"(?i:h[0-9]|h2c|http/[0-9.]+|quic|unknown)?\Z", value) else REMOVED


def _mime(value) -> str:
    return value if isinstance(value, str) and re.match(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; ?charset=[\w-]+)?\Z", value, re.I) else REMOVED


def _date(value) -> str:
    return value if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?\Z", value) else ""


def _address(value) -> str | None:
    try:
        return str(ipaddress.ip_address(str(value).strip("[]")))
    except ValueError:
        return None


class Copy:
    """Writes a redacted HAR as the entries come, so that it never is in memory whole. Nothing is at ``path`` before ``keep``; mode 0600."""

    def __init__(self, path: Path, foresee: bool = False):
        """``foresee``: only find out whether it would be another file."""
        self._path, self._first, self._foresee = path, True, foresee
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=None if foresee else path.parent)
        self._temporary, self._file = Path(temporary), os.fdopen(handle, "w", encoding="utf-8")
        self._file.write('{"log": {"entries": [\n')

    def add(self, raw: dict) -> None:
        self._file.write(("" if self._first else ",\n") + json.dumps(entry(raw)))
        self._first = False

    def keep(self, head: dict) -> bool:
        """The rest of the log, then the file takes its place. Whether there was another one, or none, before."""
        def named(key):
            return {field: _clean(str(_dict(head.get(key)).get(field, "")))[:60] for field in ("name", "version")}
        rest = {"version": str(head.get("version", ""))[:8], "creator": named("creator"), "comment": "redacted by netaccess.chatgpt.har_info"}
        if isinstance(head.get("browser"), dict):
            rest["browser"] = named("browser")
        self._file.write("\n], " + json.dumps(rest)[1:] + "}\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        same = self._path.exists() and filecmp.cmp(self._temporary, self._path, shallow=False)
        if same or self._foresee:
            self._temporary.unlink()
            return not same
        os.replace(self._temporary, self._path)
        return True

    def drop(self) -> None:
        """Nothing was kept; what was written so far goes."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)
