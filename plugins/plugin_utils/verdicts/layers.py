# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer at which a probe ends, from the name up to the response, and what ended it. Each function here writes into the check."""
from __future__ import annotations

import ipaddress
import json
import re
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import kinds, origin, refusals, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.found import Found
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.interception import Context, other_name
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    ERROR, FAIL, INTERCEPTED, INVALID, ORIGIN, PASS, SKIPPED, UNTRUSTED, UNVERIFIED,
)


#: What servers that are not proxies answer to CONNECT.
_NO_PROXY = (400, 405, 501)
#: The part of an observation that a kind of probe needs to show anything. For DNS records, HTTP/3 and portals, a missing part is a finding too.
_SHOWN_BY = {"https": "http", "echo": "http", "websocket": "http", "tls": "tls", "tcp": "tcp", "stun": "stun", "upload": "application",
             "stream": "application", "turn": "application", "idle": "application", "dns": None, "http": None, "quic": None}


def judge_path(check: dict, seen: dict, context: Context) -> None:
    """The first layer that failed, from the name up to the response."""
    dns, tcp, connect, tls, http = (seen[key] for key in ("dns", "tcp", "connect", "tls", "http"))
    if dns and not dns["addresses"]:
        _fail(check, "dns", dns["failure"] or "dns_no_answer")
        if seen["ip_version"] == 6:
            check.update(verdict=SKIPPED, flags=check["flags"] + ["no_ipv6_address"])
    elif tcp and tcp["failure"]:
        _fail(check, "proxy" if check["via"] == "proxy" else "tcp", ("proxy_" if check["via"] == "proxy" else "") + tcp["failure"])
    elif connect and connect["status"] != 200:
        _judge_connect(check, connect, context)
    elif tls and not tls.get("leaf"):
        _fail(check, "tls", tls["failure"] or "ssl_failed_handshake")
    elif seen.get("stun") and seen["stun"]["failure"]:
        _judge_udp(check, seen["stun"])
    elif http and http["failure"]:
        _fail(check, "http", http["failure"])
    elif http:
        _judge_block(check, seen, context)
    # An alert shows little if another name gets one as well.
    answers = _got_through if check["failure"] == "ssl_failed_handshake" else _speaks_tls
    if check["layer"] == "tls" and answers(seen.get("other_name")):
        check["flags"].append("sni_filtered")
    if check["layer"] == "tls" and _got_through(seen.get("small_packets")):
        check["flags"].append("intermittent" if _got_through(seen.get("same_again")) else "small_packets_pass")
    if check["layer"] == "tls" and _speaks_tls(seen.get("other_hello")):
        check["flags"].append("large_hello")
    if check["layer"] in ("tcp", "tls") and dns and not dns.get("pinned"):
        _judge_sinkhole(check, dns, context)
    if dns and dns.get("hosts_file"):
        check["flags"].append("hosts_file")
    if check["layer"] == "dns" and (seen.get("second_dns") or {}).get("addresses"):
        # One resolver knows the name, that of this host does not.
        check["flags"].append("dns_differs")
    if seen["failure"] and check["verdict"] == PASS:
        _fail(check, "http" if tls else "tls" if tcp else "tcp", seen["failure"])
        check["verdict"] = ERROR
    elif check["verdict"] == PASS and not _shown(check["kind"], seen):
        check.update(verdict=UNVERIFIED, state="unknown", detail="the probe has no result")


def _shown(kind: str, seen: dict) -> bool:
    """Whether an observation contains what its kind of probe needs. For a kind that this release does not have, this is unknown."""
    part = _SHOWN_BY.get(kind, "unknown")
    return part is None or bool(seen.get(part))


def _fail(check: dict, layer: str, failure: str, *flags) -> None:
    check.update(verdict=FAIL, layer=layer, failure=failure, state="shut", flags=check["flags"] + list(flags))


def unproven(check: dict) -> None:
    """It failed, which from one host alone proves nothing."""
    check.update(verdict=UNVERIFIED, flags=check["flags"] + ["unproven"])


def _speaks_tls(other) -> bool:
    """Whether the same address answered the handshake for another name, even with an alert."""
    return other is not None and (other["failure"] is None or other["failure"].startswith("ssl_"))


def _got_through(again) -> bool:
    """Whether another attempt at the handshake succeeded."""
    return again is not None and again["failure"] is None


def _judge_sinkhole(check: dict, dns: dict, context: Context) -> None:
    """There was no connection, and the name resolves to an address without an origin. An internal address that serves the origin is not meant."""
    addresses = dns["addresses"]
    sinks = [address for address in addresses if ipaddress.ip_address(address).is_loopback or ipaddress.ip_address(address).is_unspecified]
    match = next((found for found in (signatures.sinkhole(address, context.table) for address in addresses) if found), None)
    if match is None and len(sinks) < len(addresses):
        return
    if dns.get("hosts_file"):
        _fail(check, "host", "dns_bogon_error", "dns_sinkhole")
        return
    _fail(check, "dns", "dns_bogon_error", "dns_sinkhole")
    if match is not None:
        check["blocked_by"] = {"product": match.product, "where": "DNS", "status": None, "confidence": match.confidence, "evidence": list(match.evidence)}


def _judge_udp(check: dict, stun: dict) -> None:
    """Silence by itself proves nothing, because it is not published whether these servers answer everybody."""
    silent = stun["failure"] == "generic_timeout_error"
    _fail(check, "application", "udp_no_reply" if silent else stun["failure"])
    if silent:
        unproven(check)


def _judge_connect(check: dict, connect: dict, context: Context) -> None:
    if connect["status"] == 407 or connect["status"] == 401 and "www-authenticate" in connect["headers"]:
        # HAProxy and tinyproxy answer 401.
        _fail(check, "proxy", "proxy_auth_required", "proxy_auth_required", *["user_refused"] * bool(connect.get("user")))
        check["verdict"] = SKIPPED
        return
    if not connect["status"]:
        _fail(check, "proxy", "proxy_" + connect["failure"])
        if connect["failure"] == "other_kind":
            check["verdict"] = ERROR
        return
    match = signatures.written_by(connect, context.table)
    if match and match.reason != "denied":
        _could_not(check, match)
    elif match is None and connect["status"] == 511:
        _fail(check, "proxy", "network_authentication_required")
    elif match is None and connect["status"] in _NO_PROXY:
        _fail(check, "proxy", "proxy_none")
    elif match is None and connect["status"] == 429:
        _fail(check, "proxy", "proxy_busy")
    elif match is None and connect["status"] >= 500:
        _fail(check, "proxy", "proxy_cannot_connect")
    else:
        _fail(check, "proxy", "proxy_connect_denied", "blocked")
        check["blocked_by"] = _culprit(match, "CONNECT", connect)


def _could_not(check: dict, match: signatures.Match) -> None:
    """A page of a product that is not a block: it says why the product failed, or what it requires first."""
    _fail(check, *signatures.REASONS[match.reason])
    check["written_by"] = match.product


def _judge_block(check: dict, seen: dict, context: Context) -> None:
    http, vouched = seen["http"], origin.vouched(seen)
    marked = vouched or bool(origin.marked(check["entry"] or check["id"], http["headers"]))
    # With the origin's own certificate the response is the origin's; otherwise its mark vouches for a successful response.
    good = vouched or marked and http["status"] < 400
    match = signatures.written_by(http, context.table, good, marked)
    if match and match.reason != "denied":
        _could_not(check, match)
        return
    if match:
        _fail(check, "http", "http_block_page", "blocked")
        check["blocked_by"] = _culprit(match, "inside TLS", http)
        return
    match = None if good else signatures.progress_page(http, context.table)
    if match:
        _fail(check, "http", "progress_page", "progress_page")
        check["blocked_by"] = _culprit(match, "inside TLS", http)


def _culprit(match, where: str, answer: dict) -> dict:
    evidence = list(match.evidence) if match else []
    return {"product": match.product if match else "unknown", "where": where, "status": answer["status"],
            "confidence": match.confidence if match else "low", "evidence": evidence}


def judge_kind(check: dict, found: Found) -> None:
    check["detail"] = found.detail
    if found.failure is None:
        check["flags"] += found.flags
        return
    _fail(check, found.layer, found.failure, *found.flags)
    if found.match and found.match.reason not in ("denied", "progress"):
        check["written_by"] = found.match.product
    elif found.answer:
        check["blocked_by"] = _culprit(found.match, "inside TLS", found.answer)
    if found.layer == "origin":
        check.update(verdict=ORIGIN, state="open")
    elif not found.proven:
        unproven(check)
    elif found.layer == "application":
        check["state"] = "open"


def judge_answer(check: dict, probe: dict, seen: dict) -> None:
    http = seen["http"]
    # This host knows the CA: the dates are wrong, or the clock of this host.
    out_of_date = (seen["system"] or {}).get("failure") == "ssl_invalid_certificate"
    if check["interception"] in INTERCEPTED:
        check["flags"] += ["decrypted"] + ["out_of_date"] * out_of_date
    if check["interception"] == INVALID:
        _fail(check, "tls", "ssl_invalid_hostname" if other_name(seen) else seen["tls"]["failure"])
    elif check["interception"] in INTERCEPTED and probe["exempt"]:
        _fail(check, "tls", "ssl_intercepted")
        check["state"] = "open"
    elif check["interception"] in INTERCEPTED and (probe.get("expect") or {}).get("own_certificate"):
        # The policy leaves it under inspection, so the feature is broken by choice.
        _fail(check, "tls", "ssl_intercepted", "by_choice")
        check["state"] = "open"
    elif check["interception"] == UNTRUSTED:
        _fail(check, "tls", "ssl_invalid_certificate" if out_of_date else "ssl_unknown_authority")
        check["state"] = "open"
    elif (seen["tls"] or {}).get("failure") and probe["exempt"]:
        # This host trusts it without a public root, although it contains what only public certificates contain, or a copy of that.
        check.update(verdict=UNVERIFIED, flags=check["flags"] + ["exemption_unproven"])
    if http is None:
        return
    if http["headers"].get("cf-mitigated"):
        check["flags"].append("challenged")
        return
    refused = _refused(check, probe, seen)
    if refused:
        judge_kind(check, refused)
    elif probe["kind"] == "websocket" and not http["accepted"]:
        _judge_websocket(check, origin.vouched(seen))
    elif probe["kind"] in ("https", "echo"):
        _judge_expectation(check, probe.get("expect") or {}, seen)


def _refused(check: dict, probe: dict, seen: dict) -> Found | None:
    """What refuses in place of the expected response. For a requested page its expected content shows more, unless authentication is required."""
    kind, status = probe["kind"], seen["http"]["status"]
    if check["verdict"] != PASS or kind not in ("https", "echo", "websocket") or status in ((probe.get("expect") or {}).get("status") or []):
        return None
    if kind == "https" and status not in refusals.WHO or kind == "websocket" and refusals.of_canary(probe) and status == 404:
        # The canary answers 404 to a request that has lost its WebSocket upgrade.
        return None
    return refusals.judge(probe, seen["http"], seen)


def judge_writer(check: dict, probe: dict, seen: dict) -> None:
    """On a decrypted path a response counts as the origin's only with a mark of its network, or with the requested content."""
    http = seen["http"]
    undecided = check["verdict"] == PASS or check["failure"] in ("ssl_intercepted", "http_content_type_mismatch")
    # For a WebSocket of a canary, the frame that comes back shows it.
    asked = ("https", "echo") if refusals.of_canary(probe) else ("https", "echo", "websocket")
    if not undecided or http is None or probe["kind"] not in asked or origins_own(probe, seen):
        return
    marked = origin.marked(probe.get("entry") or probe["id"], http["headers"])
    if check["failure"] == "ssl_intercepted":
        _answered_by_others(check, http, marked)
    elif http["status"] == 511:
        _fail(check, "http", "network_authentication_required")
    elif _other_site(check["host"], http):
        _fail(check, "http", "http_unexpected_redirect_url")
    elif marked is False and http["status"] >= 400 and _is_page(http):
        _fail(check, "http", "http_block_page", "blocked")
        check["blocked_by"] = _culprit(None, "inside TLS", http)
    elif check["verdict"] == PASS:
        check.update(verdict=UNVERIFIED, flags=check["flags"] + ["origin_unproven"] + ["unproven"] * (marked is None))


def _answered_by_others(check: dict, http: dict, marked: bool | None) -> None:
    """A host that must be exempt is decrypted, and nothing shows that the response is the origin's, so an exemption alone may not be enough."""
    if http["status"] == 511 or _other_site(check["host"], http) or marked is False and http["status"] >= 400 and _is_page(http):
        check["flags"].append("blocked")
        check["blocked_by"] = _culprit(None, "inside TLS", http)


def origins_own(probe: dict, seen: dict) -> bool:
    """Whether a response is proven to be the origin's: by a public root, by a mark of its network, or by the requested content."""
    http, marked = seen["http"], origin.marked(probe.get("entry") or probe["id"], seen["http"]["headers"])
    return origin.vouched(seen) or bool(marked) or _as_asked(probe, http, marked)


def _as_asked(probe: dict, http: dict, marked: bool | None) -> bool:
    """Whether the content is what only the origin has or, for an origin without marks, at least not a web page."""
    expect = probe.get("expect") or {}
    # Anything can return JSON. For an origin with marks, a content type without a mark proves nothing.
    if set(expect) & ({"body", "json"} if marked is False else {"body", "json", "content_type"}):
        return _unexpected(expect, http) is None
    return marked is None and http["status"] < 300 and bool(http["body"]) and not _is_page(http)


def _is_page(http: dict) -> bool:
    return "html" in http["headers"].get("content-type", "").lower() or http["body"].lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def answered(http: dict | None) -> str | None:
    """A response in short, to compare with another one: status, type, and where it redirects to."""
    if not http or http["status"] is None:
        return None
    target = urlsplit(http["headers"].get("location", "")).hostname
    return " ".join(filter(None, (str(http["status"]), http["headers"].get("content-type", "").partition(";")[0].lower(), target)))


def _judge_websocket(check: dict, vouched: bool) -> None:
    if vouched:
        # Only the origin can have answered; without a login it may refuse.
        check["flags"].append("websocket_refused_by_origin")
        return
    check["flags"].append("websocket_stripped")
    if check["verdict"] == PASS:
        _fail(check, "application", "websocket_upgrade_refused")
        check["state"] = "open"


def _judge_expectation(check: dict, expect: dict, seen: dict) -> None:
    http = seen["http"]
    # A refusal sets no cookies.
    for names, failure in zip(kinds.cookies(expect, http["cookies"]), ("cookie_stripped", "cookie_rewritten")) if http["status"] < 400 else ():
        if names:
            check["flags"].append(failure)
            if check["verdict"] == PASS:
                _fail(check, "application", failure)
                check["state"] = "open"
    unexpected = _unexpected(expect, http)
    if unexpected:
        check["flags"].append("unexpected_" + unexpected)
        # With the origin's own certificate an unexpected response is the origin's; otherwise something on the path wrote it.
        if not origin.vouched(seen) and check["verdict"] == PASS:
            elsewhere = _other_site(check["host"], http)
            _fail(check, "application", "http_unexpected_redirect_url" if elsewhere else "http_content_type_mismatch")


def _other_site(host: str, http: dict) -> str | None:
    """The host that a response redirects to, if it belongs to another site."""
    target = urlsplit(http["headers"].get("location", "")).hostname if http["status"] in (301, 302, 303, 307, 308) else None
    return target if target and target.split(".")[-2:] != host.split(".")[-2:] else None


def _unexpected(expect: dict, http: dict) -> str | None:
    if expect.get("status") and http["status"] not in expect["status"]:
        return "status"
    if expect.get("content_type") and not http["headers"].get("content-type", "").lower().startswith(expect["content_type"].lower()):
        return "content_type"
    if expect.get("body") and not re.search(expect["body"], http["body"]):
        return "body"
    if expect.get("json") is not None:
        try:
            data = json.loads(http["body"])
        except ValueError:
            return "json"
        if not isinstance(data, dict) or any(data.get(key) != value for key, value in expect["json"].items()):
            return "json"
    return None
