# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw observations to verdicts: layer, failure, interception, and the product that caused it. Pure; runs on the controller."""
from __future__ import annotations

import datetime

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import kinds, origin, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.interception import (
    Context, interception,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.layers import (
    answered, judge_answer, judge_kind, judge_path, judge_writer, origins_own, unproven,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    ERROR, FAIL, INTERCEPTED, INVALID, NOT, PASS, RANK, SKIPPED, UNVERIFIED,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.wording import NOTES, sentence

TIMEOUT = "generic_timeout_error"
#: Failures that may be temporary: they are not a state to compare with.
_PASSING = (TIMEOUT, "dns_temporary_failure", "dns_servfail_error", "dns_server_misbehaving", "network_unreachable", "network_down", "host_unreachable",
            "proxy_auth_required", "auth_required", "cannot_connect", "dns_failed", "timeout", "none", "busy")
#: No address or no route of one IP version.
_NO_WAY = ("dns_no_answer", "network_unreachable", "network_down")
_AT_ONCE = ("connection_refused", "connection_reset", "eof_error", "proxy_busy")
#: Something other than the origin answered.
_NOT_IT = ("http_block_page", "dns_bogon_error", "http_unexpected_redirect_url", "network_authentication_required", "gateway_sign_in")
ROOTS_FRESH = datetime.timedelta(days=90)


def classify(probes: list, observations: list, roots_date: str, table: dict, today: datetime.date) -> list:
    """One check for each probe and IP version: the worst of its attempts."""
    fresh = today - datetime.date.fromisoformat(roots_date) < ROOTS_FRESH
    context = Context(table, fresh)
    by_id = {probe["id"]: probe for probe in probes}
    found: dict = {}
    attempts: dict = {}
    for seen in observations:
        check = _check(by_id[seen["id"]], seen, context)
        key = (seen["id"], seen["ip_version"])
        attempts.setdefault(key, []).append(check["verdict"])
        if key not in found or _counts_more(check, found[key]):
            found[key] = check
    checks = list(found.values())
    for key, verdicts in attempts.items():
        if PASS in verdicts and found[key]["verdict"] in (FAIL, ERROR):
            found[key]["flags"].append("intermittent")
            found[key]["message"] += "; %d of %d attempts succeeded" % (verdicts.count(PASS), len(verdicts))
    for (name, version), check in found.items():
        other = found.get((name, {4: 6, 6: 4}.get(version)))
        if other and other["verdict"] == PASS and check["failure"] in _NO_WAY and check["verdict"] == FAIL:
            # A host or name with one IP version only works.
            check.update(verdict=SKIPPED, flags=check["flags"] + ["other_family"], message="%s; %s" % (check["message"], NOTES["other_family"]))
    for (name, version), check in found.items():
        # An IPv4 check would be compared with itself.
        other = found.get((name, 4))
        if check["interception"] == NOT and _under_control(other):
            # The gateway treats IPv4 and IPv6 differently, so IPv6 bypasses it, intended or not.
            check["flags"].append("ipv6_bypass")
            check["message"] += "; the gateway intercepts IPv4, but not IPv6"
        if check["verdict"] in (FAIL, ERROR) and _is_the_way(check) and other and other["verdict"] == PASS:
            # Clients that try IPv6 first connect slowly, or not at all.
            check["flags"].append("ipv6_broken")
            check["message"] += "; " + NOTES["ipv6_broken"]
    if any(check["kind"] == "stun" and check["role"] == "control" and check["state"] == "open" for check in checks):
        for check in checks:
            if check["failure"] == "udp_no_reply" and check["role"] == "wanted":
                # UDP leaves this host, so only these servers are silent.
                check.update(verdict=FAIL, flags=[flag for flag in check["flags"] if flag != "unproven"])
    return checks


def _counts_more(check: dict, known: dict) -> bool:
    """Of two attempts the worse one counts; for a site that must stay unchanged, the one that got through, in any order."""
    if check["role"] != "wanted" and check["state"] != known["state"]:
        return check["state"] == "open"
    return RANK.index(check["verdict"]) < RANK.index(known["verdict"])


def _is_the_way(check: dict) -> bool:
    """Whether a check failed below the content: no connection, no handshake or no response, and no decision about its content."""
    return check["layer"] in ("tcp", "tls", "http") and not _under_control(check) and check["interception"] != INVALID


def _under_control(check) -> bool:
    return check is not None and (check["blocked_by"] is not None or check["interception"] in INTERCEPTED)


def _check(probe: dict, seen: dict, context: Context) -> dict:
    check = {
        "id": probe["id"], "host": probe["host"], "port": probe["port"], "kind": probe["kind"], "role": probe["role"], "entry": probe.get("entry"),
        "features": list(probe.get("features") or []), "level": probe.get("level", "required"), "via": seen["via"], "proxy": seen["proxy"],
        "ip_version": seen["ip_version"], "verdict": PASS, "layer": None, "flags": [], "failure": None, "interception": interception(seen, context),
        "issuer": ((seen["tls"] or {}).get("leaf") or {}).get("issuer"), "blocked_by": None, "written_by": None, "state": "open",
        "answer": answered(seen["http"]), "detail": None, "message": "",
        "observations": seen, "duration_ms": seen["duration_ms"],
    }
    inspector = signatures.issued_by(check["issuer"], context.table) if check["interception"] in INTERCEPTED else None
    check["inspected_by"] = inspector.product if inspector and inspector.sure else None
    trace = kinds.trace(seen)
    check["egress"] = trace.get("ip")
    check["resolvers"] = (seen["dns"] or {}).get("resolvers") or []
    check["addresses"] = ((seen["dns"] or {}).get("addresses") or [])[:4]
    if seen.get("again") in _AT_ONCE and seen["http"] and not seen["http"].get("failure"):
        check["flags"].append("burst")
    if "on" in (trace.get("gateway"), trace.get("warp")):
        check["flags"].append("tenant_gateway")
    if kinds.offers_h3(seen):
        check["flags"].append("h3_offered")
    if probe["kind"] in ("dns", "http", "quic") and seen["via"] == "proxy":
        beside = probe["kind"] == "quic" and bool((seen.get("application") or {}).get("versions"))
        check.update(verdict=SKIPPED, flags=check["flags"] + ["quic_beside_proxy"] * beside,
                     message="%s: not probed through a proxy%s" % (probe["host"], "; " + NOTES["quic_beside_proxy"] if beside else ""))
        return check
    judge_path(check, seen, context)
    if check["verdict"] in (FAIL, ERROR) and (probe.get("options") or {}).get("unproven"):
        unproven(check)
    if check["verdict"] == PASS:
        judge_answer(check, probe, seen)
    if check["verdict"] == PASS:
        judge_kind(check, kinds.judge(probe, seen, origin.vouched(seen), context.table))
    judge_writer(check, probe, seen)
    if probe["role"] != "wanted":
        _judge_other(check, probe)
    check["message"] = "%s: %s" % (probe["host"], sentence(check))
    return check


def _judge_other(check: dict, probe: dict) -> None:
    """Control and negative hosts do not have to be open: their state counts, and later its comparison with the baseline."""
    if check["verdict"] in (ERROR, SKIPPED):
        check["state"] = "unknown"
        return
    if check["kind"] == "stun":
        check["verdict"] = PASS
        return
    check["state"] = _state(check, probe)
    check["verdict"] = UNVERIFIED if check["role"] == "negative" else PASS


def _state(check: dict, probe: dict) -> str:
    """open, shut or unknown. Unknown are temporary failures and, for a host that must stay blocked, a response of unknown origin."""
    failure, seen = check["failure"] or "", check["observations"]
    if check["answer"] is None and check["state"] != "shut":
        # Some kinds of probes expect no response. The issuer of a certificate without a public root is unknown.
        return check["state"] if check["role"] != "negative" or not seen["tls"] or origin.vouched(seen) else "unknown"
    if check["answer"] is None:
        failure = failure.replace("proxy_", "")
        repeated = failure == TIMEOUT == seen.get("again")
        return "unknown" if failure in _PASSING and not repeated else "shut"
    if failure in _NOT_IT or check["interception"] == INVALID:
        return "shut"
    if failure.startswith("proxy_"):
        # A proxy that could not connect has neither allowed nor blocked it.
        return "unknown"
    return "unknown" if check["role"] == "negative" and not origins_own(probe, seen) else "open"
