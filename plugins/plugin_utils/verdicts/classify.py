# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw observations to verdicts: layer, failure, interception, who did it. Pure; runs on the controller."""
from __future__ import annotations

import datetime
import ipaddress
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import kinds, signatures

PASS, FAIL, ERROR, SKIPPED, UNVERIFIED = "pass", "fail", "error", "skipped", "unverified"
NOT, TRUSTED, UNTRUSTED, INVALID, UNKNOWN = "not_intercepted", "intercepted_trusted", "intercepted_untrusted", "invalid_certificate", "unknown"
ROOTS_FRESH = datetime.timedelta(days=90)
INTERCEPTED = (TRUSTED, UNTRUSTED)
_RANK = [FAIL, ERROR, UNVERIFIED, SKIPPED, PASS]
_WORDS = {
    "connection_refused": "the connection was refused",
    "connection_reset": "the connection was reset",
    "generic_timeout_error": "no answer in time",
    "eof_error": "the connection was closed without an answer",
    "dns_nxdomain_error": "the name does not exist for this host's resolver",
    "dns_temporary_failure": "this host's resolver does not answer",
    "dns_no_answer": "the name has no address of this kind",
    "ssl_failed_handshake": "the TLS handshake failed",
    "network_unreachable": "there is no route",
    "udp_no_reply": "no answer over UDP",
    "upload_truncated": "small uploads get through, large ones are refused or cut off",
    "throttled": "the answer comes, but far too slowly",
    "stream_buffered": "what is sent bit by bit arrives all at once: something on the way holds it back",
    "cookie_rewritten": "reachable, but its cookies are rewritten on the way",
    "turn_no_answer": "the TURN server's answer does not come through",
    "http_unexpected_redirect_url": "somebody on the way redirects to another site",
    "not_reached_again": "a second connection did not come about",
}
#: What a flag says to a person.
_NOTES = {
    "large_hello": "the same handshake in one packet gets through, so it is its size that something on the way cannot take",
    "small_packets_pass": "with small packets the handshake gets through, so large ones are lost on the way",
    "ipv6_broken": "over IPv4 it gets through, so it is the way over IPv6",
    "captive_portal": "something else answers in its place: a captive portal, or a gateway that wants a sign-in",
    "dns_differs": "another resolver knows it",
    "sni_filtered": "the same address answers for another name, so it is this name that is filtered",
    "challenged": "a challenge of the origin, which a browser solves",
    "h2_lost": "without HTTP/2",
    "quic_open": "HTTP/3 gets out over UDP 443, which a gateway that looks at TCP alone does not see",
    "quic_unavailable": "no answer over UDP 443, so no HTTP/3; browsers do without",
    "ech_advertised": "its DNS record offers Encrypted ClientHello, which hides the name from filters that go by SNI",
    "symmetric_nat": "the NAT makes a new mapping for each destination, so voice has to go over a relay",
    "headers_added": "a gateway adds headers of its own",
    "by_choice": "that breaks it, and the policy leaves it so: exempt_level core exempts it",
    "unproven": "from one place alone that proves nothing",
    "tenant_gateway": "the far end says that a Cloudflare gateway or WARP carries this",
}


@dataclass
class Context:
    """What all observations of one host say together: the signature table, whether the roots are fresh, and issuers of unrelated hosts."""

    table: dict
    roots_fresh: bool
    shared_issuers: set


def classify(probes: list, observations: list, roots_date: str, table: dict, today: datetime.date) -> list:
    """One check for each probe and IP version: the worst of its attempts."""
    fresh = today - datetime.date.fromisoformat(roots_date) < ROOTS_FRESH
    context = Context(table, fresh, _shared_issuers(observations))
    by_id = {probe["id"]: probe for probe in probes}
    found: dict = {}
    attempts: dict = {}
    for seen in observations:
        check = _check(by_id[seen["id"]], seen, context)
        key = (seen["id"], seen["ip_version"])
        attempts.setdefault(key, []).append(check["verdict"])
        if key not in found or _RANK.index(check["verdict"]) < _RANK.index(found[key]["verdict"]):
            found[key] = check
    checks = list(found.values())
    for key, verdicts in attempts.items():
        if PASS in verdicts and found[key]["verdict"] in (FAIL, ERROR):
            found[key]["flags"].append("intermittent")
            found[key]["message"] += "; %d of %d attempts got through" % (verdicts.count(PASS), len(verdicts))
    for (name, version), check in found.items():
        if version == 6 and check["interception"] == NOT and _under_control(found.get((name, 4))):
            # What the gateway does to IPv4 it does not do to IPv6: a way around it, wanted or not.
            check["flags"].append("ipv6_bypass")
            check["message"] += "; over IPv4 the gateway steps in, over IPv6 it does not"
        if version == 6 and check["verdict"] in (FAIL, ERROR) and _is_the_way(check) and found.get((name, 4), {}).get("verdict") == PASS:
            # Clients that try IPv6 first start slowly, or not at all.
            check["flags"].append("ipv6_broken")
            check["message"] += "; " + _NOTES["ipv6_broken"]
    if any(check["kind"] == "stun" and check["role"] == "control" and check["state"] == "open" for check in checks):
        for check in checks:
            if check["failure"] == "udp_no_reply" and check["role"] == "wanted":
                # UDP gets out from here, so these servers' silence is no general one.
                check.update(verdict=FAIL, flags=[flag for flag in check["flags"] if flag != "unproven"])
    return checks


def _is_the_way(check: dict) -> bool:
    """Whether a check failed on the way there, and not by what somebody decided about its content."""
    return check["layer"] in ("tcp", "tls", "http") and not _under_control(check) and check["interception"] != INVALID


def _under_control(check) -> bool:
    return check is not None and (check["blocked_by"] is not None or check["interception"] in INTERCEPTED)


def _shared_issuers(observations) -> set:
    """Issuers that the public roots do not vouch for and that signed for two unrelated sites: nobody but an inspection CA does that."""
    sites: dict = {}
    for seen in observations:
        leaf = (seen["tls"] or {}).get("leaf")
        if leaf and seen["tls"]["failure"] and leaf["issuer"]:
            sites.setdefault(_dn(leaf["issuer"]), set()).add(".".join(seen["host"].split(".")[-2:]))
    return {issuer for issuer, names in sites.items() if len(names) > 1}


def _dn(issuer) -> str:
    return "%s / %s" % (issuer.get("cn"), issuer.get("o"))


def _check(probe: dict, seen: dict, context: Context) -> dict:
    check = {
        "id": probe["id"], "host": probe["host"], "port": probe["port"], "kind": probe["kind"], "role": probe["role"], "entry": probe.get("entry"),
        "features": list(probe.get("features") or []), "level": probe.get("level", "required"), "via": seen["via"], "proxy": seen["proxy"],
        "ip_version": seen["ip_version"], "verdict": PASS, "layer": None, "flags": [], "failure": None, "interception": _interception(seen, context),
        "issuer": ((seen["tls"] or {}).get("leaf") or {}).get("issuer"), "blocked_by": None, "state": "open", "message": "",
        "observations": seen, "duration_ms": seen["duration_ms"],
    }
    inspector = signatures.issued_by(check["issuer"], context.table) if check["interception"] in INTERCEPTED else None
    check["inspected_by"] = inspector.product if inspector else None
    trace = kinds.trace(seen)
    check["egress"] = trace.get("ip")
    check["addresses"] = ((seen["dns"] or {}).get("addresses") or [])[:4]
    if "on" in (trace.get("gateway"), trace.get("warp")):
        check["flags"].append("tenant_gateway")
    if probe["kind"] in ("dns", "http", "quic") and seen["via"] == "proxy":
        check.update(verdict=SKIPPED, message="%s: not asked through a proxy" % probe["host"])
        return check
    _judge_path(check, seen, context)
    if check["verdict"] in (FAIL, ERROR) and (probe.get("options") or {}).get("unproven"):
        _unproven(check)
    if check["verdict"] == PASS:
        _judge_answer(check, probe, seen)
    if check["verdict"] == PASS:
        _judge_kind(check, kinds.judge(probe, seen, check["interception"] == NOT, context.table))
    if probe["role"] != "wanted":
        _judge_other(check)
    check["message"] = "%s: %s" % (probe["host"], _sentence(check))
    return check


# -- interception ---------------------------------------------------------------------------------------------------


def _interception(seen: dict, context: Context) -> str | None:
    tls = seen["tls"]
    if not tls or not tls.get("leaf"):
        return None
    if tls["failure"] is None:
        return NOT if tls["leaf"]["sct"] else UNKNOWN
    if tls["failure"] != "ssl_unknown_authority":
        return INVALID
    issuer = tls["leaf"]["issuer"] or {}
    more = not tls["leaf"]["sct"] or _dn(issuer) in context.shared_issuers or signatures.issued_by(issuer, context.table) is not None
    trusted = seen["system"] is not None and seen["system"]["failure"] is None
    if not more:
        # An old bundle alone proves nothing, and one self-signed site is no inspection.
        return UNKNOWN if trusted or not context.roots_fresh else INVALID
    return TRUSTED if trusted else UNTRUSTED


# -- layers ---------------------------------------------------------------------------------------------------------


def _judge_path(check: dict, seen: dict, context: Context) -> None:
    """The first layer that failed, from the name up to the answer."""
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
        _judge_block(check, http, context)
    if check["layer"] == "tls" and _speaks_tls(seen.get("other_name")):
        check["flags"].append("sni_filtered")
    if check["layer"] == "tls" and _got_through(seen.get("small_packets")):
        check["flags"].append("intermittent" if _got_through(seen.get("same_again")) else "small_packets_pass")
    if check["layer"] == "tls" and _speaks_tls(seen.get("other_hello")):
        check["flags"].append("large_hello")
    if check["layer"] in ("tcp", "tls") and dns and not dns.get("pinned"):
        _judge_sinkhole(check, dns["addresses"], context)
    if check["layer"] == "dns" and (seen.get("second_dns") or {}).get("addresses"):
        # One resolver knows the name, this host's does not tell.
        check["flags"].append("dns_differs")
    if seen["failure"] and check["verdict"] == PASS:
        _fail(check, "http" if tls else "tls" if tcp else "tcp", seen["failure"])
        check["verdict"] = ERROR


def _judge_kind(check: dict, found: kinds.Found) -> None:
    if found.failure is None:
        check["flags"] += found.flags
        return
    _fail(check, found.layer, found.failure, *found.flags)
    if found.match:
        check["blocked_by"] = _culprit(found.match, "inside TLS", found.answer)
    if not found.proven:
        _unproven(check)
    elif found.layer == "application":
        check["state"] = "open"


def _speaks_tls(other) -> bool:
    """Whether the same address answered the handshake for another name, be it with an alert."""
    return other is not None and (other["failure"] is None or other["failure"].startswith("ssl_"))


def _got_through(again) -> bool:
    """Whether another try of a handshake came about."""
    return again is not None and again["failure"] is None


def _judge_sinkhole(check: dict, addresses: list, context: Context) -> None:
    """No connection came about and the name leads where no origin is. An internal address that does serve the origin is no concern of this."""
    sinks = [address for address in addresses if ipaddress.ip_address(address).is_loopback or ipaddress.ip_address(address).is_unspecified]
    match = next((found for found in (signatures.sinkhole(address, context.table) for address in addresses) if found), None)
    if match is None and len(sinks) < len(addresses):
        return
    _fail(check, "dns", "dns_bogon_error", "dns_sinkhole")
    if match is not None:
        check["blocked_by"] = {"product": match.product, "where": "DNS", "status": None, "confidence": match.confidence, "evidence": list(match.evidence)}


def _fail(check: dict, layer: str, failure: str, *flags) -> None:
    check.update(verdict=FAIL, layer=layer, failure=failure, state="shut", flags=check["flags"] + list(flags))


def _judge_udp(check: dict, stun: dict) -> None:
    """Silence proves nothing by itself: whether these servers answer anybody is not published."""
    silent = stun["failure"] == "generic_timeout_error"
    _fail(check, "application", "udp_no_reply" if silent else stun["failure"])
    if silent:
        _unproven(check)


def _unproven(check: dict) -> None:
    """It failed, and from one vantage alone that proves nothing."""
    check.update(verdict=UNVERIFIED, flags=check["flags"] + ["unproven"])


def _judge_connect(check: dict, connect: dict, context: Context) -> None:
    if connect["status"] == 407:
        _fail(check, "proxy", "proxy_auth_required", "proxy_auth_required")
        check["verdict"] = SKIPPED
        return
    _fail(check, "proxy", "proxy_" + connect["failure"] if connect["failure"] else "proxy_connect_denied", *["blocked"] * bool(connect["status"]))
    if connect["status"]:
        check["blocked_by"] = _culprit(signatures.blocked_by(connect, context.table), "CONNECT", connect)


def _judge_block(check: dict, http: dict, context: Context) -> None:
    match = signatures.blocked_by(http, context.table)
    if match:
        _fail(check, "http", "http_block_page", "blocked")
        check["blocked_by"] = _culprit(match, "inside TLS", http)
        return
    match = signatures.progress_page(http, context.table)
    if match:
        _fail(check, "http", "progress_page", "progress_page")
        check["blocked_by"] = _culprit(match, "inside TLS", http)


def _culprit(match, where: str, answer: dict) -> dict:
    evidence = list(match.evidence) if match else []
    return {"product": match.product if match else "unknown", "where": where, "status": answer["status"],
            "confidence": match.confidence if match else "low", "evidence": evidence}


def _judge_answer(check: dict, probe: dict, seen: dict) -> None:
    http = seen["http"]
    if check["interception"] in INTERCEPTED:
        check["flags"].append("decrypted")
    if check["interception"] == INVALID:
        _fail(check, "tls", seen["tls"]["failure"])
    elif check["interception"] in INTERCEPTED and probe["exempt"]:
        _fail(check, "tls", "ssl_intercepted")
        check["state"] = "open"
    elif check["interception"] in INTERCEPTED and (probe.get("expect") or {}).get("own_certificate"):
        # The policy leaves it under inspection: the feature is broken by choice.
        _fail(check, "tls", "ssl_intercepted", "by_choice")
        check["state"] = "open"
    elif check["interception"] == UNTRUSTED:
        _fail(check, "tls", "ssl_unknown_authority")
        check["state"] = "open"
    if http is None:
        return
    if http["headers"].get("cf-mitigated"):
        check["flags"].append("challenged")
        return
    if probe["kind"] == "websocket" and not http["accepted"]:
        _judge_websocket(check)
    elif probe["kind"] in ("https", "echo"):
        _judge_expectation(check, probe.get("expect") or {}, http)


def _judge_websocket(check: dict) -> None:
    if check["interception"] == NOT:
        # Nobody but the origin can have answered; without a login it may say no.
        check["flags"].append("websocket_refused_by_origin")
        return
    check["flags"].append("websocket_stripped")
    if check["verdict"] == PASS:
        _fail(check, "application", "websocket_upgrade_refused")
        check["state"] = "open"


def _judge_expectation(check: dict, expect: dict, http: dict) -> None:
    for names, failure in zip(kinds.cookies(expect, http["cookies"]), ("cookie_stripped", "cookie_rewritten")):
        if names:
            check["flags"].append(failure)
            if check["verdict"] == PASS:
                _fail(check, "application", failure)
                check["state"] = "open"
    unexpected = _unexpected(expect, http)
    if unexpected:
        check["flags"].append("unexpected_" + unexpected)
        # With the origin's own certificate an odd answer is the origin's; otherwise somebody in between wrote it.
        if check["interception"] != NOT and check["verdict"] == PASS:
            elsewhere = _other_site(check["host"], http)
            _fail(check, "application", "http_unexpected_redirect_url" if elsewhere else "http_content_type_mismatch")


def _other_site(host: str, http: dict) -> str | None:
    """The host that an answer redirects to, when it is of another site."""
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


def _judge_other(check: dict) -> None:
    """Control and negative hosts are not wanted open: their state counts, and later its comparison with the baseline."""
    if check["verdict"] in (ERROR, SKIPPED):
        return
    if check["kind"] == "stun":
        check["verdict"] = PASS
        return
    reached = check["observations"]["http"] is not None and check["observations"]["http"]["status"] is not None
    check["state"] = "open" if reached and check["failure"] != "http_block_page" else "shut"
    check["verdict"] = UNVERIFIED if check["role"] == "negative" else PASS


# -- words ----------------------------------------------------------------------------------------------------------


def _sentence(check: dict) -> str:
    text = []
    issuer = (check["issuer"] or {}).get("cn") or (check["issuer"] or {}).get("o")
    if check["failure"] == "dns_bogon_error":
        text.append("its name leads to %s, where no origin is%s" % (", ".join(check["observations"]["dns"]["addresses"]), ": a block of %s" % (
            check["blocked_by"]["product"]) if check["blocked_by"] else ""))
    elif check["failure"] == "progress_page":
        text.append("%s answers with a page of its own while it scans; programs that want data get that page" % check["blocked_by"]["product"])
    elif check["blocked_by"]:
        culprit = check["blocked_by"]
        text.append("blocked by %s (%s %s, %s)" % (
            culprit["product"] if culprit["product"] != "unknown" else "an unknown product", "status", culprit["status"], culprit["where"]))
    elif check["failure"] == "proxy_auth_required":
        text.append("the proxy %s wants a user's credentials, which this host has not" % check["proxy"])
    elif check["failure"] == "cookie_stripped":
        text.append("reachable, but its cookies are taken out on the way")
    elif check["failure"] == "websocket_upgrade_refused":
        text.append("reachable, but the WebSocket upgrade is taken out on the way")
    elif check["failure"] and check["failure"] != "ssl_intercepted":
        text.append("%s: %s" % (check["layer"].upper() if check["layer"] in ("dns", "tcp", "tls", "http") else check["layer"],
                                _WORDS.get(check["failure"].replace("proxy_", ""), check["failure"])))
    if check["interception"] in INTERCEPTED:
        text.append("decrypted by %r%s" % (issuer, "" if check["interception"] == TRUSTED else ", which this host does not trust"))
    elif check["state"] == "open" and not check["failure"]:
        text.append("open, with the origin's own certificate" if check["interception"] == NOT else "open")
    text += [words for flag, words in _NOTES.items() if flag in check["flags"]]
    return "; ".join(text) or check["verdict"]


# -- the whole host -------------------------------------------------------------------------------------------------


def summarise(checks: list, features=(), levels=("required", "optional")) -> dict:
    """Verdict for the host, for each feature, and what the control hosts prove about the exemption.

    The verdict counts the wanted checks of ``levels``, and of ``features`` if there are any, and all that is not as it was.
    """
    wanted = [c for c in checks if c["role"] == "wanted"]
    by_feature: dict = {}
    for check in wanted:
        for feature in check["features"]:
            by_feature.setdefault(feature, []).append(check["verdict"])
    # What one vantage alone cannot prove, and what the policy itself leaves broken, is said for its feature; it neither makes nor breaks a host.
    counted = [c for c in wanted if (c["verdict"] != UNVERIFIED or "unproven" not in c["flags"]) and "by_choice" not in c["flags"]]
    counted = [c for c in counted if c["level"] in levels and (not features or set(features) & set(c["features"]))]
    verdicts = [c["verdict"] for c in counted] + [c["verdict"] for c in checks if c["role"] != "wanted" and "regressed" in c["flags"]]
    verdict = _worst(verdicts) if verdicts else UNVERIFIED
    shut = [c for c in counted if c["verdict"] == FAIL]
    regressed = [c for c in checks if "regressed" in c["flags"]]
    return {
        "verdict": verdict,
        "features": {name: _worst(found) for name, found in sorted(by_feature.items())},
        "counts": {word: sum(c["verdict"] == word for c in wanted) for word in _RANK},
        "exemption": _exemption(checks),
        "macos_app": _macos_app(wanted),
        "message": _headline(verdict, counted, shut, regressed),
    }


def _worst(verdicts) -> str:
    serious = [v for v in verdicts if v != SKIPPED] or list(verdicts)
    return min(serious, key=_RANK.index)


def _exemption(checks: list) -> str:
    exempt = [c for c in checks if c["role"] == "wanted" and c["interception"] == NOT]
    broken = any(c["failure"] == "ssl_intercepted" and "by_choice" not in c["flags"] for c in checks if c["role"] == "wanted")
    control = [c["interception"] for c in checks if c["role"] == "control" and c["interception"]]
    if broken:
        return "missing"
    return "proven" if exempt and any(word in INTERCEPTED for word in control) else "untested"


def _macos_app(wanted: list) -> dict:
    """Whether the macOS app, which accepts few certificate authorities, would take this path: likely, unlikely or unknown, and why.

    Its list of authorities (lumia.security, version 1.2025.315) holds Zscaler's shared root and none that a company made itself.
    """
    decrypted = [c for c in wanted if c["failure"] == "ssl_intercepted" and "by_choice" not in c["flags"]]
    shared = [c for c in decrypted if "zscaler" in str((c["issuer"] or {}).get("o")).lower()]
    if len(decrypted) > len(shared):
        host = next(c["host"] for c in decrypted if c not in shared)
        return {"verdict": "unlikely", "reason": "%s is decrypted by a CA that the app does not know: exempt OpenAI's domains" % host}
    if shared:
        return {"verdict": UNKNOWN, "reason": "%s is decrypted with Zscaler's shared root, which some versions of the app accept" % shared[0]["host"]}
    if any(c["interception"] == NOT and c["level"] == "required" for c in wanted):
        return {"verdict": "likely", "reason": "what was reached shows the origin's own certificate"}
    if any(c["blocked_by"] for c in wanted):
        return {"verdict": UNKNOWN, "reason": "the required hosts are blocked; look again when they are allowed"}
    return {"verdict": UNKNOWN, "reason": "no certificate of a required host was seen"}


def _headline(verdict, wanted, shut, regressed) -> str:
    parts = []
    if shut:
        names = sorted({c["host"] for c in shut})
        more = " and %d more" % (len(names) - 5) if len(names) > 5 else ""
        parts.append("%d of %d wanted checks fail: %s%s" % (len(shut), len(wanted), ", ".join(names[:5]), more))
    if regressed:
        parts.append("%d hosts are not as they were: %s" % (len(regressed), ", ".join(sorted({c["host"] for c in regressed}))))
    return ". ".join(parts) or ("all %d wanted checks pass" % len(wanted) if verdict == PASS else "not proven: " + verdict)
