# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser's HAR file proves: which request was blocked, decrypted, cut off or rewritten, for which entry of the catalogue. Controller only.

Nothing passes without a mark of the origin. The checks have the form of those of ``classify``, so that a HAR represents a host in a diagnosis. What a
HAR does not contain is not judged: exporters leave out certificates and cookies, so their absence proves nothing.
"""
from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Catalogue, Selection, is_exempt, pattern_of,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import conclusion, entries, words
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har.seen import NOBODY_KNOWS, Fault, Seen, checks_of
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import origin, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
#: Bytes from which on the size of a request may be why it was cut off.
LARGE = 1 << 20
#: A buffered event stream arrives within so many milliseconds; if its beginning took so long as well, it is no short answer.
_AT_ONCE, _LONG = 50, 2000
#: Bytes. A shorter answer fits into one packet and does not show buffering.
_SHORT = 1024
_CUT = ("eof_error", "connection_reset", "generic_timeout_error")
_REDIRECTS = (301, 302, 303, 307, 308)
#: What a gateway says that could not, and that forbade nothing.
_COULD_NOT = {502: "proxy_cannot_connect", 504: "proxy_timeout"}
#: Words of a page that forbids; some gateways send theirs with such a status.
_FORBIDS = re.compile(r"\b(denied|blocked|forbidden|not allowed|policy)\b", re.I)
#: What servers that are no proxy say to a request for a tunnel.
_NO_PROXY = (400, 405, 501)
#: The request itself is too large: its address or its headers.
_TOO_LARGE = (414, 431)
#: Both the origin and gateways limit requests: without a mark the author is unknown.
_LIMIT = 429
_NOBODY = signatures.Match("unknown", "low", ())
_HABITS = yaml_load((Path(__file__).parent / "habits.yml").read_text(encoding="utf-8"))


class Judge:
    """Takes entries one by one (``add``) and returns at the end what they prove (``result``); memory grows with the number of hosts."""

    def __init__(self, catalogue: Catalogue, table: dict):
        self._table = table
        # The longest name first: *.openai.com also covers hosts that have an entry of their own.
        listed = [(pattern_of(entry), entry) for entry in catalogue.entries + catalogue.extras]
        self._listed = sorted(listed, key=lambda pair: -len(pair[0].name))
        self._probed = {probe["host"]: probe["features"] for _pattern, entry in listed for probe in entry["probes"] if probe.get("features")}
        self._companions = [(parse(one["pattern"]), one) for one in catalogue.companions]
        self._seen: dict = {}
        self._others: dict = {}
        self._inspects: dict = {}
        self.count, self.unreadable, self.first, self.last = 0, 0, None, None

    def add(self, entry: dict) -> None:
        """One entry of the log; a malformed one is counted."""
        if entries.malformed(entry):
            self.unreadable += 1
            return
        self.count += 1
        began = str(entry.get("startedDateTime") or "")
        self.first = min(filter(None, (self.first, began)), default=None)
        self.last = max(filter(None, (self.last, began)), default=None)
        exchange = entries.read(entry)
        if exchange is None or exchange.local:
            return
        host = exchange.url.hostname.rstrip(".")
        found = self._entry_of(host)
        if found is None:
            self._note_other(host, exchange)
            found = self._companion_of(host)
        if found is None:
            return
        seen = self._record(host, exchange, found)
        seen.requests += 1
        self._judge(seen, exchange)

    def _entry_of(self, host: str) -> dict | None:
        return next((entry for pattern, entry in self._listed if pattern.matches(host)), None)

    def _companion_of(self, host: str) -> dict | None:
        """A companion that serves a feature, in the form of an entry."""
        one = self._known_as(host)
        if one is None or not one.get("features"):
            return None
        return {"id": None, "features": one["features"], "level": "telemetry" if one["features"] == ["telemetry"] else "optional"}

    def _known_as(self, host: str) -> dict | None:
        return next((one for pattern, one in self._companions if pattern.matches(host)), None)

    def _record(self, host: str, exchange: entries.Exchange, found: dict) -> Seen:
        part = next((one for one in _HABITS["paths"] if one["entry"] == found["id"] and exchange.url.path.startswith(one["path"])), None)
        key = (host, exchange.kind, part["path"] if part else "")
        if key not in self._seen:
            features = list(self._probed.get(host, found["features"]))
            if exchange.kind == "websocket" and "websocket" in found["features"]:
                features = ["websocket"]
            self._seen[key] = Seen(
                host=host, port=exchange.url.port or 443, kind=exchange.kind, path=key[2], entry=found, features=part["features"] if part else features,
                level=part["level"] if part else found["level"], exempt=found["id"] is not None and is_exempt(found, Selection()))
        return self._seen[key]

    def _note_other(self, host: str, exchange: entries.Exchange) -> None:
        if host not in self._others:
            self._others[host] = {"host": host, "requests": 0, "failed": 0, "known_as": (self._known_as(host) or {}).get("purpose")}
        other = self._others[host]
        other["requests"] += 1
        lost = exchange.error is not None and exchange.error[0] not in (words.PAGE, "browser") and not exchange.status
        other["failed"] += int(lost or signatures.written_by(exchange.answer, self._table) is not None)

    # -- one exchange -----------------------------------------------------------------------------------------------------

    def _judge(self, seen: Seen, exchange: entries.Exchange) -> None:
        genuine = self._genuine(seen, exchange)
        seen.issuers |= {exchange.issuer} - {""}
        good = bool(genuine) and exchange.status < 400
        match = signatures.written_by(exchange.answer, self._table, good, marked=bool(genuine))
        scan = None if good else signatures.progress_page(exchange.answer, self._table)
        if exchange.error is not None and exchange.error[0] == words.PAGE and not exchange.status:
            seen.let_go += 1
        elif match or scan:
            self._page(seen, exchange, match or scan)
        elif not exchange.status or self._cut(exchange):
            self._failed(seen, exchange)
        elif exchange.tunnel:
            self._tunnel(seen, exchange)
        else:
            self._answered(seen, exchange, genuine)

    def _genuine(self, seen: Seen, exchange: entries.Exchange) -> bool | None:
        """Whether the answer is proven to be the origin's, by a mark of its network or a certificate of a public CA. None: no mark of it is known."""
        marked = origin.marked(seen.entry["id"], exchange.headers)
        return True if signatures.public(exchange.issuer, self._table) else marked

    def _page(self, seen: Seen, exchange: entries.Exchange, match: signatures.Match) -> None:
        # With an issuer, the page came inside TLS, so its author holds this CA.
        self._inspects[exchange.issuer] = match
        seen.note(exchange.began, signatures.REASONS[match.reason], "status %s" % exchange.status, match=match)

    @staticmethod
    def _cut(exchange: entries.Exchange) -> bool:
        """An answer that began and did not end, or cannot be read. An answer that the browser withheld from the page is no fault of the network."""
        if exchange.error is None or exchange.error[0] in (words.PAGE, "browser", "host"):
            return False
        # A page does not lose its WebSocket for a reason of the browser's own.
        return exchange.error[1] != "unknown_failure" or exchange.status == 101

    def _failed(self, seen: Seen, exchange: entries.Exchange) -> None:
        """No answer, or none that was completed."""
        if exchange.error is None:
            layer, failure, word = ("tls", "ssl_invalid_certificate", "the browser reports a broken certificate") if exchange.broken else (
                "http", "never_answered", "no response, and no reason in the file")
        else:
            layer, failure, word = exchange.error
        sink = self._sinkhole(exchange.address)
        if sink or _nowhere(exchange.address, failure):
            seen.note(exchange.began, ("dns", "dns_bogon_error"), "%s, at %s" % (word, exchange.address), match=sink)
        elif failure in _CUT and exchange.sent >= LARGE:
            seen.note(exchange.began, ("application", "upload_truncated"), "%s while %d bytes were sent" % (word, exchange.sent))
        elif exchange.status == 101 or failure in _CUT and "event-stream" in exchange.headers.get("content-type", ""):
            seen.note(exchange.began, ("application", "stream_cut"), "%s amid %s" % (word, "a WebSocket" if exchange.status == 101 else "an event stream"))
        elif seen.kind == "websocket" and layer == "http" and failure not in NOBODY_KNOWS:
            seen.note(exchange.began, ("application", "websocket_upgrade_refused"), word)
        else:
            seen.note(exchange.began, (layer, failure), word)

    @staticmethod
    def _tunnel(seen: Seen, exchange: entries.Exchange) -> None:
        """A proxy opened no tunnel. One that did says nothing about the host."""
        status = exchange.status
        if status == 407 or status == 401 and "www-authenticate" in exchange.headers:
            failure = "proxy_auth_required"
        elif status in _NO_PROXY:
            failure = "proxy_none"
        else:
            failure = _COULD_NOT.get(status, "proxy_cannot_connect") if status >= 500 else "proxy_connect_denied"
        seen.note(exchange.began, ("proxy", failure), "status %d to CONNECT" % status)

    def _sinkhole(self, address: str) -> signatures.Match | None:
        try:
            return signatures.sinkhole(address, self._table)
        except ValueError:
            return None

    def _answered(self, seen: Seen, exchange: entries.Exchange, genuine: bool | None) -> None:
        status, inspector = exchange.status, self._inspector_of(seen, exchange.issuer)
        if 100 <= status < 200 and status != 101:
            # Early hints before an answer that is not in the file.
            seen.unproven += 1
        elif status == 407:
            seen.note(exchange.began, ("proxy", "proxy_auth_required"), "status 407")
        elif status == 511:
            seen.note(exchange.began, ("http", "network_authentication_required"), "status 511")
        elif inspector is not None and seen.exempt:
            seen.note(exchange.began, ("tls", "ssl_intercepted"), "issuer %s" % exchange.issuer, match=inspector)
        elif genuine:
            self._origins(seen, exchange)
        elif seen.kind == "websocket":
            self._web_socket(seen, exchange)
        elif status == 413 and exchange.sent:
            seen.note(exchange.began, ("application", "upload_truncated"), "status 413 to %d bytes" % exchange.sent)
        elif status == 413:
            # An empty request is not too large, whatever the answer says.
            seen.let_go += 1
        else:
            self._anybodys(seen, exchange, known=genuine is not None)

    def _origins(self, seen: Seen, exchange: entries.Exchange) -> None:
        """An answer of the origin itself."""
        refusal = origin.refusal(exchange.status, exchange.headers, exchange.body)
        if refusal:
            layer = "application" if refusal.failure == "authorization_lost" else "origin"
            seen.note(exchange.began, (layer, refusal.failure), "status %d" % exchange.status, page=exchange.url.path)
        elif seen.kind == "websocket" and exchange.status != 101:
            seen.note(exchange.began, ("origin", "origin_refusal"), "status %d instead of 101" % exchange.status)
        elif exchange.status >= 400:
            seen.errors += 1
        elif exchange.unheard or exchange.status in _REDIRECTS and (self._leads_away(exchange) or exchange.leads_to_itself):
            # An identity provider of the company, a gateway in the same network as the origin, or a loop.
            seen.unproven += 1
        else:
            self._stream(seen, exchange)
            seen.works(exchange.url.path)

    @staticmethod
    def _stream(seen: Seen, exchange: entries.Exchange) -> None:
        """An event stream that arrived complete and all at once was buffered, unless the answer was short."""
        # Programs that do not measure write zeros only.
        measured = exchange.waited > 0 and not 0 < exchange.length < _SHORT
        if "event-stream" in exchange.headers.get("content-type", "") and exchange.error is None and measured and 0 <= exchange.received < _AT_ONCE:
            seen.note(exchange.began, ("application", "stream_buffered"), "the first byte took %d ms, the rest %d ms" % (exchange.waited, exchange.received))
            if exchange.waited < _LONG:
                seen.flags.add("unproven")

    @staticmethod
    def _web_socket(seen: Seen, exchange: entries.Exchange) -> None:
        if exchange.status == 101 and set(exchange.headers) <= {"content-type"} and not exchange.unheard:
            # Browsers leave out the headers of a WebSocket.
            seen.works(exchange.url.path)
        elif exchange.status == 101:
            seen.unproven += 1
        else:
            seen.note(exchange.began, ("application", "websocket_upgrade_refused"), "status %d instead of 101" % exchange.status)

    def _anybodys(self, seen: Seen, exchange: entries.Exchange, known: bool) -> None:
        """An answer without a mark. ``known``: the origin has one, so that another server wrote it."""
        status = exchange.status
        if status in _REDIRECTS and self._leads_away(exchange):
            seen.note(exchange.began, ("http", "http_unexpected_redirect_url"), "status %d, redirects to a host outside every list" % status)
        elif known and status in _COULD_NOT and (exchange.page or exchange.described) and not _FORBIDS.search(exchange.body):
            seen.note(exchange.began, ("proxy", _COULD_NOT[status]), "status %d without proof of the origin" % status)
        elif known and status in _TOO_LARGE:
            seen.note(exchange.began, ("proxy", "request_head_limit"), "status %d" % status)
        elif known and status == 401 and (exchange.page or "www-authenticate" in exchange.headers):
            seen.note(exchange.began, ("proxy", "gateway_sign_in"), "status 401")
        elif status >= 400 and exchange.page and known and status != _LIMIT:
            seen.note(exchange.began, ("http", "http_block_page"), "status %d, a web page without proof of the origin" % status, match=_NOBODY)
        elif status < 300 and exchange.page and exchange.for_data:
            seen.note(exchange.began, ("application", "http_content_type_mismatch"), "a web page instead of %s" % (exchange.resource or "data"))
        elif status < 300 and not known and exchange.as_asked:
            seen.works(exchange.url.path)
        else:
            seen.unproven += 1

    def _leads_away(self, exchange: entries.Exchange) -> bool:
        """Whether a redirect goes to a host that neither an entry nor a companion covers. A path alone stays on the host."""
        target = entries.split(exchange.headers.get("location", ""))
        if target is None:
            return False
        host = target.hostname.rstrip(".")
        return self._entry_of(host) is None and self._known_as(host) is None

    def _inspector_of(self, seen: Seen, issuer: str) -> signatures.Match | None:
        """The product whose CA signed, or an unnamed product for an unknown private CA; None for a public CA, or if none is known."""
        if not issuer:
            return None
        match = self._inspects.get(issuer) or signatures.issued_by({"cn": issuer, "o": issuer}, self._table)
        if match:
            return match
        return None if not seen.exempt or signatures.public(issuer, self._table) else _NOBODY

    # -- the result --------------------------------------------------------------------------------------------------------

    def result(self, head: dict | None = None) -> dict:
        """``{"checks", "summary", "conclusion", "requests", "unreadable", "first", "last", "unlisted", "issuers", "message"}``; checks and summary as of
        reachability_info. ``head``: what the log holds beside its entries."""
        checks = []
        for _key, seen in sorted(self._seen.items()):
            self._decrypted(seen)
            checks += checks_of(seen, *self._signer(seen))
        summary = summarise(checks)
        # A HAR says nothing about other hosts, nor about certificates that the exporter left out.
        summary.update(exemption="missing" if any(check["failure"] == "ssl_intercepted" for check in checks) else "untested")
        unlisted = sorted(self._others.values(), key=lambda other: (-other["failed"], other["host"]))
        issuers: dict = {}
        for seen in self._seen.values():
            for issuer in seen.issuers:
                issuers.setdefault(issuer, set()).add(seen.host)
        found = {"checks": checks, "summary": summary, "requests": self.count, "unreadable": self.unreadable, "first": self.first, "last": self.last,
                 "unlisted": unlisted, "issuers": {issuer: sorted(hosts) for issuer, hosts in sorted(issuers.items())}}
        return dict(found, **conclusion.conclude(found, conclusion.habit(head, _HABITS["exporters"])))

    def _signer(self, seen: Seen) -> tuple:
        """(issuer, Match or None) of the inspection CA that signed for a host, or (None, None)."""
        for issuer in sorted(seen.issuers):
            match = self._inspector_of(seen, issuer)
            if match is not None:
                return issuer, match
        return None, None

    def _decrypted(self, seen: Seen) -> None:
        """A host that should be exempt and whose certificate is of the CA that signed for a block page elsewhere in the file."""
        issuer, match = self._signer(seen)
        if issuer in self._inspects and seen.exempt and not seen.faults:
            text = "issuer %s, which also signed a block page" % issuer
            seen.faults["tls", "ssl_intercepted", match.product] = Fault(text, match=match, count=seen.requests)


def _nowhere(address: str, failure: str) -> bool:
    """Whether a name resolved to an address without an origin. A connection that this machine refused is such a case; any other may have used a proxy
    here."""
    try:
        place = ipaddress.ip_address(address)
    except ValueError:
        return False
    return place.is_unspecified or (place.is_loopback and failure == "connection_refused")
