# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser's HAR file proves: which request was blocked, decrypted, cut off or rewritten, for which entry of the catalogue. Controller only.

The checks have the form of those of ``classify``, so that a HAR stands for a host in a diagnosis. What a HAR does not hold is not judged: exporters
leave out certificates and cookies, so that their absence proves nothing.
"""
from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import PatternError, parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Catalogue, Selection, is_exempt, pattern_of,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, PASS, TRUSTED, UNVERIFIED

BODY = 65536
LARGE = 1 << 20
#: Chromium's words (net/base/net_error_list.h) by their beginning: (layer, failure). None: the page itself let go; (): the status says it.
_ERRORS = [
    ("ABORTED", None), ("HTTP_RESPONSE_CODE_FAILURE", ()),
    ("BLOCKED_BY_CLIENT", ("browser", "browser_extension")), ("BLOCKED_BY_ADMINISTRATOR", ("browser", "browser_policy")),
    ("NAME_NOT_RESOLVED", ("dns", "dns_nxdomain_error")), ("NAME_RESOLUTION_FAILED", ("dns", "dns_temporary_failure")),
    ("DNS_", ("dns", "dns_server_misbehaving")), ("ICANN_NAME_COLLISION", ("dns", "dns_bogon_error")),
    ("PROXY_AUTH", ("proxy", "proxy_auth_required")), ("TUNNEL_CONNECTION_FAILED", ("proxy", "proxy_connect_denied")),
    ("PROXY_", ("proxy", "proxy_connect_failed")), ("MANDATORY_PROXY_CONFIGURATION_FAILED", ("proxy", "proxy_connect_failed")),
    ("UNEXPECTED_PROXY_AUTH", ("proxy", "proxy_auth_required")), ("SOCKS_", ("proxy", "proxy_connect_failed")),
    ("CONNECTION_REFUSED", ("tcp", "connection_refused")), ("CONNECTION_RESET", ("tls", "connection_reset")),
    ("CONNECTION_CLOSED", ("tls", "eof_error")), ("CONNECTION_TIMED_OUT", ("tcp", "generic_timeout_error")), ("TIMED_OUT", ("http", "generic_timeout_error")),
    ("CONNECTION_FAILED", ("tcp", "connection_aborted")), ("ADDRESS_UNREACHABLE", ("tcp", "host_unreachable")),
    ("INTERNET_DISCONNECTED", ("tcp", "network_unreachable")), ("NETWORK_", ("tcp", "network_down")),
    ("CERT_AUTHORITY_INVALID", ("tls", "ssl_unknown_authority")), ("CERT_COMMON_NAME_INVALID", ("tls", "ssl_invalid_hostname")),
    ("CERT_", ("tls", "ssl_invalid_certificate")), ("SSL_PINNED_KEY", ("tls", "ssl_pin_mismatch")),
    ("CERTIFICATE_TRANSPARENCY", ("tls", "ssl_unknown_authority")),
    ("SSL_", ("tls", "ssl_failed_handshake")), ("ECH_", ("tls", "ssl_failed_handshake")),
    ("EMPTY_RESPONSE", ("http", "eof_error")), ("INCOMPLETE_CHUNKED", ("http", "eof_error")), ("CONTENT_LENGTH_MISMATCH", ("http", "eof_error")),
    ("HTTP2_", ("http", "eof_error")), ("QUIC_", ("http", "eof_error")), ("CONTENT_DECODING", ("http", "http_content_type_mismatch")),
    ("INVALID_HTTP_RESPONSE", ("http", "http_request_failed")), ("RESPONSE_HEADERS_TRUNCATED", ("http", "eof_error")),
    ("TOO_MANY_REDIRECTS", ("http", "http_unexpected_redirect_url")),
]
#: What a request of a kind is answered with. The kinds are Chrome's and Playwright's ``_resourceType``.
_KINDS = {"script": ("javascript", "ecmascript", "json"), "stylesheet": ("css",), "image": ("image/",), "font": ("font", "octet-stream")}
_CUT = ("eof_error", "connection_reset", "generic_timeout_error")


@dataclass
class Seen:
    """All requests to one host of the catalogue, of one kind."""

    host: str
    port: int
    kind: str
    entry: dict
    features: list
    exempt: bool
    requests: int = 0
    answered: int = 0
    flags: set = field(default_factory=set)
    issuers: set = field(default_factory=set)
    #: {(layer, failure, product): [how often, evidence, first time]}
    faults: dict = field(default_factory=dict)


class Judge:
    """Takes entries one by one (``add``) and says at the end what they prove (``result``); memory grows with the number of hosts."""

    def __init__(self, catalogue: Catalogue, table: dict):
        self._table, self._catalogue = table, catalogue
        # The longest name first: *.openai.com also covers hosts that have an entry of their own.
        listed = [(pattern_of(entry), entry) for entry in catalogue.entries + catalogue.extras]
        self._listed = sorted(listed, key=lambda pair: -len(pair[0].name))
        self._probed = {probe["host"]: probe["features"] for _pattern, entry in listed for probe in entry["probes"] if probe.get("features")}
        self._companions = [(parse(one["pattern"]), one["purpose"]) for one in catalogue.companions]
        self._seen: dict = {}
        self._others: dict = {}
        self._inspects: dict = {}
        self.count, self.first, self.last = 0, None, None

    def add(self, entry: dict) -> None:
        """One entry of the log; what has not the form of one is passed over."""
        request, response = (entry.get(key) if isinstance(entry, dict) else None for key in ("request", "response"))
        if not isinstance(request, dict) or not isinstance(response, dict):
            return
        self.count += 1
        began = str(entry.get("startedDateTime") or "")
        self.first = min(filter(None, (self.first, began)), default=None)
        self.last = max(filter(None, (self.last, began)), default=None)
        url = _split(request.get("url"))
        if url is None:
            return
        found = self._entry_of(url.hostname)
        if found is None:
            self._note_other(url.hostname, entry, response)
            return
        seen = self._record(url, entry, request, found)
        seen.requests += 1
        self._judge(seen, entry, request, response, began)

    def _entry_of(self, host: str) -> dict | None:
        try:
            return next((entry for pattern, entry in self._listed if pattern.matches(host)), None)
        except PatternError:
            return None

    def _record(self, url, entry: dict, request: dict, found: dict) -> Seen:
        web_socket = url.scheme in ("ws", "wss") or entry.get("_resourceType") == "websocket" or "websocket" in _headers(request).get("upgrade", "").lower()
        kind = "websocket" if web_socket else "https"
        key = (url.hostname, kind)
        if key not in self._seen:
            features = list(self._probed.get(url.hostname, found["features"]))
            if kind == "websocket" and "websocket" in found["features"]:
                features = ["websocket"]
            self._seen[key] = Seen(url.hostname, url.port or 443, kind, entry=found, features=features, exempt=is_exempt(found, Selection()))
        return self._seen[key]

    def _note_other(self, host: str, entry: dict, response: dict) -> None:
        other = self._others.setdefault(host, {"host": host, "requests": 0, "failed": 0, "known_as": None})
        other["requests"] += 1
        error = _error(entry, response)
        other["failed"] += int(bool(error and error[1])) or int(self._written_by(response) is not None)
        for pattern, purpose in self._companions:
            if pattern.matches(host):
                other["known_as"] = purpose

    def _written_by(self, response: dict):
        answer = _answer(response)
        return signatures.blocked_by(answer, self._table) or signatures.progress_page(answer, self._table)

    def _judge(self, seen: Seen, entry: dict, request: dict, response: dict, began: str) -> None:
        answer, error = _answer(response), _error(entry, response)
        details = entry.get("_securityDetails")
        issuer = str(details.get("issuer") or "") if isinstance(details, dict) else ""
        seen.issuers |= {issuer} - {""}
        inspector = signatures.issued_by({"cn": issuer, "o": issuer}, self._table) if issuer else None
        block, page = signatures.blocked_by(answer, self._table), signatures.progress_page(answer, self._table)
        if error is not None and error[1] is None and not answer["status"]:
            seen.requests -= 1
        elif block or page:
            match = block or page
            if issuer:
                # The page came inside TLS, so whoever wrote it holds this CA.
                self._inspects[issuer] = match
            self._fault(seen, began, "http", "http_block_page" if block else "progress_page", match, "status %s" % answer["status"])
        elif error is not None and error[1]:
            self._failed(seen, entry, request, error, began)
        elif not answer["status"]:
            self._fault(seen, began, "http", "never_answered", None, "no answer and no reason in the file")
        elif answer["status"] == 407:
            self._fault(seen, began, "proxy", "proxy_auth_required", None, "status 407")
        elif inspector and seen.exempt:
            self._fault(seen, began, "tls", "ssl_intercepted", inspector, inspector.evidence[0])
        else:
            self._answered(seen, entry, request, answer, began)

    def _failed(self, seen: Seen, entry: dict, request: dict, error: tuple, began: str) -> None:
        word, (layer, failure) = error
        address = str(entry.get("serverIPAddress") or "").strip("[]")
        sink = None
        if address and layer in ("tcp", "tls"):
            try:
                sink = signatures.sinkhole(address, self._table)
            except ValueError:
                sink = None
        if sink:
            self._fault(seen, began, "dns", "dns_bogon_error", sink, "%s, at %s" % (word, address))
        elif layer in ("tls", "http") and failure in _CUT and _size(request) >= LARGE:
            self._fault(seen, began, "application", "upload_truncated", None, "%s while %d bytes were sent" % (word, _size(request)))
        elif seen.kind == "websocket" and layer == "http":
            self._fault(seen, began, "application", "websocket_upgrade_refused", None, word)
        else:
            self._fault(seen, began, layer, failure, None, word)

    def _answered(self, seen: Seen, entry: dict, request: dict, answer: dict, began: str) -> None:
        status, kind = answer["status"], answer["headers"].get("content-type", "").lower()
        if answer["headers"].get("cf-mitigated"):
            seen.flags.add("challenged")
        elif status == 413:
            self._fault(seen, began, "application", "upload_truncated", None, "status 413 to %d bytes" % _size(request))
            return
        elif seen.kind == "websocket" and status != 101:
            # With the mark of the origin's network the origin itself said no.
            if not (status in (401, 403, 429) and answer["headers"].get("cf-ray")):
                self._fault(seen, began, "application", "websocket_upgrade_refused", None, "status %d in place of 101" % status)
                return
            seen.flags.add("websocket_refused_by_origin")
        elif status == 200 and kind.startswith("text/html") and _wanted_other_than_html(entry, request):
            self._fault(seen, began, "application", "http_content_type_mismatch", None, "a web page in place of %s" % entry.get("_resourceType", "data"))
            return
        elif status in (401, 403, 451):
            seen.flags.add("refused_by_origin")
        elif status >= 500:
            seen.flags.add("server_error")
        seen.answered += 1

    @staticmethod
    def _fault(seen: Seen, began: str, layer: str, failure: str, match, evidence: str) -> None:
        key = (layer, failure, match.product if match else None)
        if match:
            evidence = "%s; %s" % (evidence, "; ".join(match.evidence)) if evidence not in match.evidence else "; ".join(match.evidence)
        seen.faults.setdefault(key, [0, evidence, began, match])[0] += 1

    # -- the end --------------------------------------------------------------------------------------------------------

    def result(self) -> dict:
        """``{"checks", "summary", "requests", "first", "last", "unlisted", "message"}``; checks and summary as of reachability_info."""
        for seen in self._seen.values():
            self._decrypted(seen)
        checks = [check for _key, seen in sorted(self._seen.items()) for check in _checks(seen, self._inspector(seen))]
        summary = summarise(checks)
        # A HAR says nothing about other hosts, and nothing about certificates that the exporter left out.
        summary.update(exemption="missing" if any(check["failure"] == "ssl_intercepted" for check in checks) else "untested")
        unlisted = sorted(self._others.values(), key=lambda other: (-other["failed"], other["host"]))
        issuers: dict = {}
        for seen in self._seen.values():
            for issuer in seen.issuers:
                issuers.setdefault(issuer, set()).add(seen.host)
        return {"checks": checks, "summary": summary, "requests": self.count, "first": self.first, "last": self.last, "unlisted": unlisted,
                "issuers": {issuer: sorted(hosts) for issuer, hosts in sorted(issuers.items())}, "message": self._message(checks, unlisted, sorted(issuers))}

    def _inspector(self, seen: Seen) -> tuple:
        """(issuer, Match) of the inspection CA that signed for a host, or (None, None)."""
        for issuer in sorted(seen.issuers):
            match = self._inspects.get(issuer) or signatures.issued_by({"cn": issuer, "o": issuer}, self._table)
            if match:
                return issuer, match
        return None, None

    def _decrypted(self, seen: Seen) -> None:
        """A host that should be exempt and whose certificate is of the CA that signed for a block page elsewhere in the file."""
        issuer, match = self._inspector(seen)
        if issuer in self._inspects and seen.exempt and not seen.faults:
            self._fault(seen, "", "tls", "ssl_intercepted", match, "issuer %s, which also signed for a block page" % issuer)
            seen.faults["tls", "ssl_intercepted", match.product][0] = seen.requests

    def _message(self, checks: list, unlisted: list, issuers: list) -> str:
        bad = [check for check in checks if check["verdict"] == FAIL]
        parts = ["%d requests, %d hosts of the catalogue" % (self.count, len({seen.host for seen in self._seen.values()}))]
        parts.append("; ".join(check["message"] for check in bad[:3]) + (" and %d more" % (len(bad) - 3) if len(bad) > 3 else "") if bad
                     else "nothing in it was blocked, decrypted by a known product, cut off or rewritten" if checks
                     else "nothing in it concerns ChatGPT: record it while the trouble happens")
        failed = [other["host"] for other in unlisted if other["failed"]]
        if failed:
            more = " and %d more" % (len(failed) - 3) if len(failed) > 3 else ""
            parts.append("Of hosts that no list names, these failed: %s%s" % (", ".join(failed[:3]), more))
        if issuers:
            parts.append("Certificates by: %s" % ", ".join(issuers[:5]))
        return ". ".join(parts)


def _checks(seen: Seen, inspector: tuple) -> list:
    """One check for each fault of a host, or one that says it works."""
    if not seen.faults:
        return [_check(seen, PASS if seen.answered else UNVERIFIED, None, None, None, "answers" if seen.answered else "nothing is known of it", inspector)]
    found = []
    for (layer, failure, product), (count, evidence, began, match) in seen.faults.items():
        text = "%s (%s), %d of %d requests%s" % (_words(failure, product), evidence, count, seen.requests, ", first at " + began if began else "")
        check = _check(seen, UNVERIFIED if failure == "never_answered" else FAIL, layer, failure, match, text, inspector)
        if seen.answered and failure != "ssl_intercepted":
            # Other requests to the same host got through.
            check["flags"].append("intermittent")
        found.append(check)
    return found


def _words(failure: str, product: str | None) -> str:
    words = {
        "http_block_page": "blocked by %s" % product, "progress_page": "%s answers with a page of its own while it scans" % product,
        "ssl_intercepted": "decrypted by %s" % product, "dns_bogon_error": "its name leads to a block page of %s" % product,
        "browser_extension": "an extension of the browser blocks it", "browser_policy": "a policy of the browser blocks it",
        "upload_truncated": "a large upload was refused or cut off", "websocket_upgrade_refused": "the WebSocket was not opened",
        "http_content_type_mismatch": "something else came than was asked for", "never_answered": "never answered",
    }
    return words.get(failure) or failure.replace("_", " ")


def _check(seen: Seen, verdict: str, layer, failure, match, text: str, inspector: tuple) -> dict:
    issuer, maker = inspector
    blocked = failure in ("http_block_page", "progress_page", "dns_bogon_error")
    return {
        "id": "%s:%s%s" % (seen.host, seen.kind, ":" + failure if failure else ""), "host": seen.host, "port": seen.port, "kind": seen.kind, "role": "wanted",
        "entry": seen.entry["id"], "features": seen.features, "level": seen.entry["level"], "via": None, "proxy": None, "ip_version": None,
        "verdict": verdict, "layer": layer, "flags": sorted(seen.flags), "failure": failure,
        "interception": TRUSTED if issuer else None, "issuer": {"cn": issuer, "o": None} if issuer else None,
        "inspected_by": maker.product if maker else None,
        "blocked_by": {"product": match.product, "where": "HAR", "status": None, "confidence": match.confidence,
                       "evidence": list(match.evidence)} if blocked and match else None,
        "state": "open" if verdict == PASS or failure == "ssl_intercepted" else "shut", "message": "%s: %s" % (seen.host, text), "duration_ms": None,
    }


# -- reading an entry ---------------------------------------------------------------------------------------------------


def _split(url):
    """The parts of a URL that has a host, or None."""
    try:
        parts = urlsplit(str(url))
        # A port that is none is said when it is asked for.
        known = parts.hostname and parts.scheme in ("http", "https", "ws", "wss") and parts.port != 0
        return parts if known else None
    except ValueError:
        return None


def _headers(message: dict) -> dict:
    found = message.get("headers")
    return {str(one.get("name")).lower(): str(one.get("value") or "") for one in found if isinstance(one, dict)} if isinstance(found, list) else {}


def _answer(response: dict) -> dict:
    """As the signature table wants it: ``{"status", "headers", "body"}``."""
    content = response.get("content") if isinstance(response.get("content"), dict) else {}
    headers, text = _headers(response), str(content.get("text") or "")[:BODY * 2]
    headers.setdefault("content-type", str(content.get("mimeType") or ""))
    if headers["content-type"] and "html" not in headers["content-type"].lower():
        # Pages of products are web pages; a scan of every script and picture would take most of the time.
        text = ""
    if content.get("encoding") == "base64":
        try:
            text = base64.b64decode(text[:len(text) // 4 * 4]).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            text = ""
    if response.get("redirectURL"):
        headers.setdefault("location", str(response["redirectURL"]))
    status = response.get("status")
    return {"status": status if isinstance(status, int) and status > 0 else 0, "headers": headers, "body": text[:BODY]}


def _error(entry: dict, response: dict) -> tuple | None:
    """(the browser's word, (layer, failure) or None for what is no fault), or None without an error."""
    word = response.get("_error") or entry.get("_error") or response.get("_failureText")
    if not isinstance(word, str) or not word:
        return None
    short = word.rpartition("::")[2].upper()
    short = short[4:] if short.startswith("ERR_") else short
    for start, meaning in _ERRORS:
        if short.startswith(start):
            return word, meaning
    return word, ("http", "unknown_failure: %s" % short.lower()[:60])


def _size(request: dict) -> int:
    sizes = [request.get("bodySize"), _headers(request).get("content-length")]
    return max((int(size) for size in sizes if str(size).isdigit()), default=0)


def _wanted_other_than_html(entry: dict, request: dict) -> bool:
    kind = entry.get("_resourceType")
    if kind in _KINDS:
        return True
    accept = _headers(request).get("accept", "")
    return "json" in accept and "html" not in accept
