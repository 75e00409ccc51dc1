# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the requests of a HAR to one host showed, and the checks that this makes. Controller only, pure."""
from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import conclusion
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, ORIGIN, PASS, TRUSTED, UNVERIFIED

#: It failed for an unknown reason. A redirect loop comes from the network, from a browser that refuses cookies, or from the origin.
NOBODY_KNOWS = ("never_answered", "unknown_failure", "redirect_loop")
#: Something on the path requires sign-in. A later answer of the origin shows that the user signed in.
_SIGN_IN = ("gateway_sign_in", "http_unexpected_redirect_url", "network_authentication_required")
#: The origin asks for something, and has got it once the same page was answered.
_ASKED = ("origin_challenge", "origin_sign_in")
#: So many pages are remembered of which the origin asks something; with more of them it is not settled.
_PAGES = 1000


@dataclass
class Fault:
    """How often one kind of fault occurred, and the evidence."""

    evidence: str
    began: str = ""
    match: signatures.Match | None = None
    count: int = 0
    #: The number of the last request to the host with this fault.
    last: int = 0
    #: Pages of the host that were not answered since; None, which stays, for a fault that is not about one of them.
    pages: set = field(default_factory=set)


@dataclass
class Seen:
    """All requests to one host of the catalogue, of one kind, and of one part of that host."""

    host: str
    port: int
    kind: str
    path: str
    entry: dict
    features: list
    level: str
    exempt: bool
    requests: int = 0
    #: Answers that are proven to be the origin's and are no refusal.
    answered: int = 0
    #: The number of the last request with such an answer.
    last_answered: int = 0
    #: Answers of an unknown author, and answers of the origin that are neither.
    unproven: int = 0
    errors: int = 0
    #: Requests that the page or the browser cancelled.
    let_go: int = 0
    flags: set = field(default_factory=set)
    issuers: set = field(default_factory=set)
    #: {(layer, failure, product): Fault}
    faults: dict = field(default_factory=dict)

    def note(self, began: str, what: tuple, evidence: str, *, match: signatures.Match | None = None, page: str | None = None) -> None:
        """Record a fault; ``what``: layer and failure; ``page``: the path of the address, where another answer for it settles the matter."""
        if match and match.evidence:
            told = "; ".join(match.evidence)
            evidence = told if evidence in match.evidence else "%s; %s" % (evidence, told)
        fault = self.faults.setdefault((*what, match.product if match else None), Fault(evidence=evidence, began=began, match=match))
        fault.count += 1
        fault.last = self.requests
        fault.pages.add(page if len(fault.pages) < _PAGES else None)

    def works(self, page: str) -> None:
        """Record an answer of the origin; ``page``: the path of its address."""
        self.answered += 1
        self.last_answered = self.requests
        for fault in self.faults.values():
            fault.pages.discard(page)


def checks_of(seen: Seen, issuer: str | None, maker: signatures.Match | None) -> list:
    """One check for each fault of a host, or one that says whether it works."""
    faults = dict(seen.faults)
    if seen.entry["id"] is None:
        # It is on no list, so only its faults matter.
        faults = {key: fault for key, fault in faults.items() if _verdict(seen, *key[:2]) == FAIL}
        if not faults or seen.answered:
            return []
    if seen.answered:
        # The sign-in succeeded in the end. Requests without an answer were still open then, or not recorded.
        signed_in = [key for key, fault in faults.items() if key[1] in _SIGN_IN and fault.last < seen.last_answered]
        seen.flags |= {"gateway_sign_in"} if signed_in else set()
        seen.flags |= {"unanswered"} if any(key[1] == "never_answered" for key in faults) else set()
        asked = [key for key, fault in faults.items() if key[1] in _ASKED and not fault.pages]
        seen.flags |= {key[1] for key in asked}
        faults = {key: fault for key, fault in faults.items() if key not in signed_in + asked and key[1] != "never_answered"}
    if not faults and seen.errors and not seen.answered:
        faults["origin", "origin_refusal", None] = Fault("only errors of the origin", count=seen.errors)
    if not faults:
        verdict, text = _without_fault(seen)
        return [_check(seen, (None, None, None), (issuer, maker), verdict=verdict, text=text)]
    return [_check(seen, (layer, failure, fault.match), (issuer, maker), verdict=_verdict(seen, layer, failure), text=_text(seen, failure, fault))
            for (layer, failure, _product), fault in faults.items()]


def _without_fault(seen: Seen) -> tuple:
    if seen.answered:
        return PASS, "answers"
    if seen.unproven:
        return UNVERIFIED, "something answers, but there is no proof that it is the origin"
    seen.flags.add("let_go")
    return UNVERIFIED, "the page or the browser cancelled the requests, which says nothing about the network"


def _verdict(seen: Seen, layer: str, failure: str) -> str:
    if layer == "origin":
        return ORIGIN
    if failure in NOBODY_KNOWS or (failure == "stream_buffered" and "unproven" in seen.flags):
        return UNVERIFIED
    return FAIL


def _text(seen: Seen, failure: str, fault: Fault) -> str:
    first = ", first at " + fault.began if fault.began else ""
    where = " under %s" % seen.path if seen.path else ""
    return "%s (%s), %d of %d requests%s%s" % (conclusion.say(failure, fault.match), fault.evidence, fault.count, seen.requests, where, first)


def _check(seen: Seen, fault: tuple, signer: tuple, *, verdict: str, text: str) -> dict:
    """``fault``: layer, failure and Match; ``signer``: issuer and Match of the CA that decrypts."""
    (layer, failure, match), (issuer, maker) = fault, signer
    blocked = failure in ("http_block_page", "progress_page", "dns_bogon_error")
    flags = set(seen.flags)
    if seen.answered and verdict == FAIL and failure != "ssl_intercepted":
        # Other requests to the same host succeeded.
        flags.add("intermittent")
    return {
        "id": "%s%s:%s%s" % (seen.host, seen.path, seen.kind, ":" + failure if failure else ""), "host": seen.host, "port": seen.port, "kind": seen.kind,
        "role": "wanted", "entry": seen.entry["id"], "features": seen.features, "level": seen.level, "via": None, "proxy": None, "ip_version": None,
        "verdict": verdict, "layer": layer, "flags": sorted(flags), "failure": failure,
        "interception": TRUSTED if issuer else None, "issuer": {"cn": issuer, "o": None} if issuer else None,
        "inspected_by": maker.product if maker and maker.sure else None, "written_by": match.product if match and match.sure and not blocked else None,
        "blocked_by": {"product": match.product, "where": "HAR", "status": None, "confidence": match.confidence,
                       "evidence": list(match.evidence)} if blocked and match else None,
        "state": "open" if verdict == PASS or failure == "ssl_intercepted" else "shut", "message": "%s: %s" % (seen.host, text), "duration_ms": None,
    }
