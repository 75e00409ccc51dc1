# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a HAR that can be shared: it leaves out what ``harmless.yml``, the catalogue and the signatures do not name. Controller only.

It keeps the hosts of the catalogue, methods, the shape of paths, statuses, names of known headers, parameters and cookies, the values of a few headers
that identify products, sizes, types, timings, and of the issuer what a signature knows. Another host gets the same stand-in
throughout the copy. It does not try to recognise secrets: everything that is not named is removed.
"""
from __future__ import annotations

import filecmp
import ipaddress
import json
import math
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Catalogue, pattern_of
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import entries, words
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures

REMOVED = "(removed)"
_HARMLESS = yaml_load((Path(__file__).parent / "harmless.yml").read_text(encoding="utf-8"))
_PATH, _ABOUT, _QUERY, _LABELS = (set(_HARMLESS[key]) for key in ("path", "about", "query", "labels"))
_HEADERS, _COOKIES, _EXTENSIONS, _GATEWAYS, _PAGES = (set(_HARMLESS[key]) for key in ("headers", "cookies", "extensions", "hosts", "squid_pages"))
_PROGRAM = "(?i:%s)(/[0-9.]{1,12})?" % "|".join(_HARMLESS["servers"])
_TYPE = "(?:%s)" % "|".join(map(re.escape, _HARMLESS["types"]))
_VALUES = {name: re.compile("(?i:%s)\\Z" % form.replace("TYPE", _TYPE)) for name, form in _HARMLESS["values"].items()}
_VALUES["server"] = re.compile(_PROGRAM + "\\Z")
#: The harmless parts of Via and X-Cache, without the names of proxies: the protocol and the program, and whether it was in the cache.
_VIA = re.compile(r"(?P<protocol>[0-9]\.[0-9]) \S+(?: \((?P<program>%s)\))?\s*\Z" % _PROGRAM)
_CACHE = re.compile(r"(HIT|MISS) from ")
#: A page of Squid's own, or a custom one: its name may contain that of a company, and its stand-in is still recognised as a page of Squid.
_SQUID = re.compile(r"(?P<page>ERR_[A-Z_]{1,40})(?= |\Z)|[0-9]{3}(?= )")
_OTHER_PAGE = "ERR_CUSTOM"
#: For an issuer: a word, and the longest word that may stay if a signature only gives its form, such as the number of a public CA.
_WORD, _SHORT, _ISSUERS = re.compile(r"\w+"), 3, set(_HARMLESS["issuers"])
_TIMINGS = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")


class Redactor:
    """Entries of one log without anything that is not named; an unnamed host has the same stand-in in all of them."""

    def __init__(self, catalogue: Catalogue, table: dict):
        self._table, self._hosts, self._stand_ins = table, {}, 0
        listed = catalogue.entries + catalogue.extras
        self._patterns = [pattern_of(entry) for entry in listed] + [parse(one["pattern"]) for one in catalogue.companions]
        # The longest first: the labels before it are judged one by one.
        self._names = sorted({pattern.name for pattern in self._patterns} | _GATEWAYS, key=len, reverse=True)
        self._whole = {probe["host"] for entry in listed for probe in entry["probes"]}

    def entry(self, raw) -> dict:
        """One entry of a log without anything that is not named; a malformed one is empty."""
        raw = _dict(raw)
        request, response = _dict(raw.get("request")), _dict(raw.get("response"))
        content = _dict(response.get("content"))
        found = {
            "startedDateTime": _date(raw.get("startedDateTime")), "time": _number(raw.get("time")),
            "request": {
                "method": _one_of(request.get("method"), "methods"), "url": self.url(entries.address(request)),
                "httpVersion": _version(request.get("httpVersion")),
                "cookies": [], "headers": self._headers(request), "headersSize": _number(request.get("headersSize")),
                "queryString": [{"name": name, "value": REMOVED} for name in _query_names(request.get("url"))], "bodySize": _number(request.get("bodySize")),
            },
            "response": {
                "status": entries.number_of(response.get("status")), "statusText": "", "httpVersion": _version(response.get("httpVersion")),
                "cookies": _cookies(response), "headers": self._headers(response),
                "content": {"size": _number(content.get("size")), "mimeType": _value("content-type", content.get("mimeType"))},
                "redirectURL": self.url(response.get("redirectURL")),
                "headersSize": _number(response.get("headersSize")), "bodySize": _number(response.get("bodySize")),
            },
            "cache": {}, "timings": {key: _number(_dict(raw.get("timings")).get(key)) for key in _TIMINGS},
        }
        for holder, source in ((found["response"], response), (found, raw)):
            for key in ("_error", "_failureText"):
                if isinstance(source.get(key), str) and source[key]:
                    holder[key] = _failure(source[key])
        if entries.messages(raw):
            found["_webSocketMessages"] = [dict({"type": kind}, **({"data": _failure(text)} if text else {})) for kind, text in entries.messages(raw)]
        if isinstance(raw.get("_resourceType"), str):
            found["_resourceType"] = _one_of(raw["_resourceType"], "resources")
        if raw.get("_securityState") == "broken":
            found["_securityState"] = "broken"
        if entries.kept(raw):
            found["_fromCache"] = "disk"
        address = self._sinkhole(raw.get("serverIPAddress"))
        if address:
            found["serverIPAddress"] = address
        issuer = _dict(raw.get("_securityDetails")).get("issuer")
        if isinstance(issuer, str) and issuer:
            found["_securityDetails"] = {"issuer": self._issuer(issuer)}
        return found

    def url(self, text) -> str:
        """A URL of known hosts, parameters and words of paths; placeholders replace the rest."""
        try:
            parts = urlsplit(str(text))
            host, port = parts.hostname, parts.port
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https", "ws", "wss") or not host:
            return ""
        return "%s://%s%s%s%s" % (parts.scheme, self._host(host), ":%d" % port if port else "", _path(parts.path), _query(text))

    def _host(self, host: str) -> str:
        host = host.rstrip(".")
        if host not in self._hosts:
            self._hosts[host] = self._known(host) or self._stand_in()
        return self._hosts[host]

    def _stand_in(self) -> str:
        self._stand_ins += 1
        return "host%d.invalid" % self._stand_ins

    def _known(self, host: str) -> str | None:
        """A host of the catalogue or of a gateway's pages; None for any other one."""
        if host in self._whole:
            return host
        name = next((one for one in self._names if host == one or host.endswith("." + one)), None)
        if name not in _GATEWAYS and not self._listed(host):
            return None
        labels = host[:-len(name)].rstrip(".").split(".") if host != name else []
        return ".".join([label if label in _LABELS else "{id}" for label in labels] + [name])

    def _listed(self, host: str) -> bool:
        return any(pattern.matches(host) for pattern in self._patterns)

    def _headers(self, message: dict) -> list:
        rows = message.get("headers")
        found = []
        for row in rows if isinstance(rows, list) else []:
            row = _dict(row)
            name = str(row.get("name", "")).lower()
            if name in _HEADERS:
                found.append({"name": name, "value": self._header(name, str(row.get("value") or ""))})
        return found

    def _header(self, name: str, value: str) -> str:
        if name == "location":
            return self.url(value) or _place(value) or REMOVED
        if name == "set-cookie":
            return _cookie_name(value.partition("=")[0])
        return _value(name, value)

    def _sinkhole(self, value) -> str | None:
        """An address that is a known address of block pages. Others belong to a proxy, or do not matter."""
        try:
            address = str(ipaddress.ip_address(str(value).strip("[]")))
            return address if signatures.sinkhole(address, self._table) else None
        except ValueError:
            return None

    def _issuer(self, issuer: str) -> str:
        """The part of an issuer's name that a signature spells out; the rest, and what only fits a pattern, may name a company or a machine."""
        for rule in self._table["public"] + self._table["issuer"]:
            hit = re.search(rule.get("issuer_cn") or r"\A\Z", issuer, re.I)
            if hit and all(len(word) <= _SHORT or word in rule["issuer_cn"].lower() or word in _ISSUERS for word in _WORD.findall(hit.group(0).lower())):
                return hit.group(0)
        return REMOVED


def _path(path: str) -> str:
    found, before = [], ""
    for segment in path.split("/"):
        found.append(segment if not segment else "{id}" if before in _ABOUT else _segment(segment))
        before = segment
    return "/".join(found)


def _segment(segment: str) -> str:
    if segment in _PATH:
        return segment
    stem, dot, ending = segment.rpartition(".")
    if not dot:
        return "{id}"
    return "%s.%s" % (stem if stem in _PATH else "{id}", ending if ending in _EXTENSIONS else "{id}")


def _place(text: str) -> str:
    """A place on the host itself."""
    return _path(text.partition("?")[0].partition("#")[0]) + _query(text) if re.match("/[^/]", text) else ""


def _query(text) -> str:
    names = "&".join("%s=%s" % (name, REMOVED) for name in _query_names(text))
    return "?" + names if names else ""


def _query_names(text) -> list:
    try:
        pairs = [part.partition("=") for part in urlsplit(str(text)).query.split("&")[:200]]
    except ValueError:
        return []
    return [name if name.lower() in _QUERY and equals else "{name}" for name, equals, _text in pairs if name]


def _value(name: str, value) -> str:
    """The value of a header if all of it is known to be harmless."""
    value = value if isinstance(value, str) else ""
    if name == "via":
        return ", ".join(map(_via, value.split(",")[:8]))
    if name in ("x-cache", "x-cache-lookup"):
        hit = _CACHE.match(value)
        return "%s from {name}" % hit.group(1) if hit else REMOVED
    if name == "x-squid-error":
        hit = _SQUID.match(value)
        if not hit:
            return REMOVED
        return "%s 0" % (_OTHER_PAGE if hit.group("page") and hit.group("page") not in _PAGES else hit.group(0))
    if name == "proxy-authenticate":
        value = value.partition(" ")[0]
    return value if name in _VALUES and _VALUES[name].match(value) else REMOVED if value else ""


def _via(one: str) -> str:
    hit = _VIA.match(one.strip())
    if not hit:
        return REMOVED
    return "%s {name}%s" % (hit.group("protocol"), " (%s)" % hit.group("program") if hit.group("program") else "")


def _failure(word: str) -> str:
    """The table's name for a failure; an unknown sentence may contain anything."""
    layer, failure, known = words.meaning(word)
    return known if (layer, failure) != ("http", "unknown_failure") else REMOVED


def _cookies(response: dict) -> list:
    rows = response.get("cookies")
    return [{"name": _cookie_name(str(_dict(row).get("name", ""))), "value": REMOVED} for row in rows] if isinstance(rows, list) else []


def _cookie_name(name: str) -> str:
    return name.strip() if name.strip() in _COOKIES else "{name}"


def _one_of(value, key: str) -> str:
    return value if value in _HARMLESS[key] else REMOVED


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) else -1


def _version(value) -> str:
    return value if isinstance(value, str) and re.match(r"(?i:h[0-9]|h2c|http/[0-9.]{1,4}|quic|unknown)?\Z", value) else REMOVED


def _date(value) -> str:
    return value if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?\Z", value) else ""


class Copy:
    """Writes a redacted HAR as the entries arrive, so that it is never in memory whole. Nothing is at ``path`` before ``keep``; mode 0600."""

    def __init__(self, path: Path, redactor: Redactor, foresee: bool = False):
        """``foresee``: only find out whether the file would change."""
        self._path, self._redactor, self._first, self._foresee = path, redactor, True, foresee
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=None if foresee else path.parent)
        self._temporary, self._file = Path(temporary), os.fdopen(handle, "w", encoding="utf-8")
        self._file.write('{"log": {"entries": [\n')

    def add(self, raw: dict) -> None:
        self._file.write(("" if self._first else ",\n") + json.dumps(self._redactor.entry(raw)))
        self._first = False

    def keep(self, head: dict) -> bool:
        """Writes the rest of the log and puts the file in place. Returns whether there was a different one, or none, before."""
        rest = {"version": "1.2", "creator": _program(head.get("creator")), "comment": "redacted by netaccess.chatgpt.har_info"}
        if isinstance(head.get("browser"), dict):
            rest["browser"] = _program(head["browser"])
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
        """Removes what was written so far; nothing is kept."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def _program(value) -> dict:
    version = str(_dict(value).get("version", ""))
    return {"name": _one_of(_dict(value).get("name"), "programs"), "version": version if re.match(r"[0-9.]{1,20}\Z", version) else ""}
