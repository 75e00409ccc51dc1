# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HAR file shows as a whole: one word, one message, and what to do or to ask next. Controller only, pure."""
from __future__ import annotations

import re

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, wording
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, ORIGIN, PASS

_BLOCKED = ("http_block_page", "progress_page", "http_unexpected_redirect_url", "network_authentication_required", "websocket_upgrade_refused",
            "http_content_type_mismatch", "upload_truncated", "dns_bogon_error")
_PROXY_ERRORS = ("proxy_cannot_connect", "proxy_dns_failed", "proxy_timeout", "proxy_certificate_refused", "proxy_host_conflict")
#: Failures with a conclusion of their own; any other failure is named by its layer.
_BY_FAILURE = dict.fromkeys(_BLOCKED, "blocked") | dict.fromkeys(_PROXY_ERRORS, "proxy_error") | dict.fromkeys(
    ("ssl_intercepted", "authorization_lost"), "intercepted") | {
    "gateway_sign_in": "sign_in", "proxy_auth_required": "proxy_auth", "proxy_limit": "proxy_limit", "request_head_limit": "proxy_limit",
    "stream_cut": "stream_cut", "stream_buffered": "stream_buffered"}
_BY_LAYER = {"browser": "host"}
_WORDS = {
    "upload_truncated": "a large upload was rejected or cut off", "websocket_upgrade_refused": "the WebSocket was not opened",
    "http_content_type_mismatch": "the response is not what was requested", "never_answered": "never answered", "unknown_failure": "it failed",
    "redirect_loop": "the redirects form a loop", "request_head_limit": "its address or headers are too large for a gateway on the path",
    "browser_extension": "an extension of the browser blocks it", "browser_policy": "a policy of the browser blocks it",
    "local_firewall": "a firewall on this machine blocks it", "offline": "this machine has no network", "no_resources": "this machine has run out of resources",
    "http_unexpected_redirect_url": "something on the path redirects to another site",
    "network_authentication_required": "a captive portal requires sign-in", "stream_cut": "the response was cut off",
    "stream_buffered": "a stream arrived all at once (buffered)", "quic_failed": "HTTP/3 over UDP 443 failed",
    "ech_refused": "Encrypted ClientHello was rejected", "authorization_lost": "the Authorization header did not arrive",
    "origin_challenge": "the origin runs a browser check", "origin_region": "the origin refuses by region",
    "origin_sign_in": "the origin requires sign-in", "origin_limit": "the origin applies a rate limit",
    "origin_too_large": "it is too large for the origin",
    "origin_refusal": "the origin refuses", "origin_error": "the origin returns an error",
}
#: What a product did, by the failure.
_DONE = {
    "http_block_page": "blocked by %s", "progress_page": "%s answers with its own page while it scans", "ssl_intercepted": "decrypted by %s",
    "dns_bogon_error": "its name resolves to a block address of %s",
    "gateway_sign_in": "%s requires sign-in", "proxy_auth_required": "%s requires authentication", "proxy_limit": "too large for %s",
    "proxy_host_conflict": "%s and this machine resolve the name to different addresses",
    "proxy_cannot_connect": "%s could not connect", "proxy_dns_failed": "%s could not resolve the name", "proxy_timeout": "%s timed out waiting for the origin",
    "proxy_certificate_refused": "%s rejected the certificate",
}


def say(failure: str, match) -> str:
    """A failure in words; ``match``: the product that did it, or None."""
    if failure in _DONE:
        return _DONE[failure] % (match.name if match else "an unknown product")
    return _WORDS.get(failure) or wording.in_words(failure).replace("_", " ")


def habit(head: dict | None, exporters: list) -> dict | None:
    """What is known about the program that wrote the file; ``head``: what the log holds beside its entries."""
    creator = (head or {}).get("creator")
    name = str(creator.get("name", "")) if isinstance(creator, dict) else ""
    return next((one for one in exporters if re.search(one["creator"], name)), None)


def conclude(found: dict, exporter: dict | None) -> dict:
    """``{"conclusion", "next", "message"}``. ``found``: the result of a judge; ``exporter``: see ``habit``."""
    word, checks = _word(found, exporter)
    return {"conclusion": word, "next": _next(checks), "message": ". ".join(_message(found, word, checks, exporter))}


def _word(found: dict, exporter: dict | None) -> tuple:
    """The conclusion, and the checks that it is based on."""
    checks = [check for check in found["checks"] if check["level"] != "telemetry"] or found["checks"]
    # A stream that arrived at once proves less than another failure.
    failed = [check for check in checks if check["verdict"] == FAIL] or [check for check in checks if check["failure"] == "stream_buffered"]
    failed = sorted(_furthest(failed), key=isolation.depth)
    if failed:
        return _named(failed[0]), failed
    refused = [check for check in checks if check["verdict"] == ORIGIN]
    if refused:
        return "origin", refused
    if any(other["failed"] for other in found["unlisted"]):
        return "unlisted", []
    passed = [check for check in checks if check["verdict"] == PASS]
    open_ = [check for check in checks if check["verdict"] != PASS and "let_go" not in check["flags"]]
    if open_:
        return "unverified", open_
    if not passed:
        return ("not_network" if checks else "nothing"), checks
    return ("works", passed) if exporter is None or exporter["clean"] else ("unverified", [])


def _furthest(failed) -> list:
    """Of several faults of one host those of the highest layer: the connection got that far."""
    by_host: dict = {}
    for check in failed:
        by_host.setdefault((check["host"], check["kind"]), []).append(check)
    return [check for checks in by_host.values() for check in checks if isolation.depth(check) == max(map(isolation.depth, checks))]


def _named(check: dict) -> str:
    return _BY_FAILURE.get(check["failure"]) or _BY_LAYER.get(check["layer"], check["layer"])


def _next(checks: list) -> str | None:
    """What to do about the first thing that went wrong, or what to ask."""
    wrong = next((check for check in checks if check["failure"]), None)
    return isolation.remedy(isolation.sub_verdict(wrong), isolation.culprit(wrong)) if wrong else None


def _message(found: dict, word: str, checks: list, exporter: dict | None):
    hosts = len({check["host"] for check in found["checks"]})
    yield "%d requests, %d hosts of the catalogue" % (found["requests"], hosts)
    if found["unreadable"]:
        yield "%d malformed entries were not read" % found["unreadable"]
    said = [check["message"] for check in checks]
    more = " and %d more" % (len(said) - 3) if len(said) > 3 else ""
    if word == "works":
        yield "nothing was blocked, decrypted, cut off or rewritten: every response has proof of the origin"
    elif word == "nothing":
        yield "it contains no requests to ChatGPT: record it while the problem happens"
    elif word == "origin":
        yield "The network allows it, but the origin itself refuses: %s%s" % ("; ".join(said[:3]), more)
    elif word in ("unverified", "not_network"):
        yield "There is no proof that it works%s" % (": %s%s" % ("; ".join(said[:3]), more) if said else "")
    elif word != "unlisted":
        yield "; ".join(said[:3]) + more
    beside = [check["message"] for check in found["checks"] if check["verdict"] == FAIL and check["level"] == "telemetry"]
    if beside:
        yield "Only telemetry: %s" % "; ".join(beside[:2])
    failed = [other["host"] for other in found["unlisted"] if other["failed"]]
    if failed:
        yield "Failed hosts outside every list: %s%s" % (", ".join(failed[:3]), " and %d more" % (len(failed) - 3) if len(failed) > 3 else "")
    if found["issuers"]:
        yield "Certificate issuers: %s" % ", ".join(list(found["issuers"])[:5])
    if exporter:
        yield exporter["leaves_out"]
    following = _next(checks)
    if following:
        yield "Next: %s" % following
