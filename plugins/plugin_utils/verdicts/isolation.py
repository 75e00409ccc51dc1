# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the results of hosts to the location of a fault, its cause, and what to change. Pure; runs on the controller."""
from __future__ import annotations

from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import advice, origin, symptoms, witnesses
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import silent, summarise, why_not_probed
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    ERROR, FAIL, INVALID, ORIGIN, PASS, TRUSTED, UNTRUSTED,
)

OK, BAD, UNKNOWN = "ok", "bad", "unknown"
#: The table of scopes, and what to do about each sub-verdict.
ROWS = yaml_load((Path(__file__).parent / "isolation.yml").read_text(encoding="utf-8"))
REMEDIES = yaml_load((Path(__file__).parent / "remedies.yml").read_text(encoding="utf-8"))
_BY_FAILURE = {
    "dns_bogon_error": "dns_filter", "proxy_auth_required": "proxy_auth", "proxy_connect_denied": "proxy_policy", "http_block_page": "block_page",
    "progress_page": "content_scan", "ssl_intercepted": "tls_inspection", "ssl_unknown_authority": "tls_inspection",
    "ssl_invalid_hostname": "invalid_certificate", "ssl_invalid_certificate": "invalid_certificate", "cookie_stripped": "cookie_interception",
    "websocket_upgrade_refused": "websocket_filter", "http_content_type_mismatch": "content_rewritten", "udp_no_reply": "udp_filter",
    "browser_extension": "browser_extension", "browser_policy": "browser_policy", "upload_truncated": "upload_limit_or_dlp",
    "ssl_pin_mismatch": "tls_inspection", "throttled": "throttling", "stream_buffered": "stream_buffering", "cookie_rewritten": "cookie_interception",
    "http_unexpected_redirect_url": "content_rewritten", "turn_no_answer": "udp_filter", "network_authentication_required": "captive_portal",
    "quic_failed": "quic", "ech_refused": "ech", "stream_cut": "stream_cut", "gateway_sign_in": "gateway_sign_in",
    "authorization_lost": "authorization_lost", "authorization_changed": "authorization_lost", "header_stripped": "header_filter",
    "header_rewritten": "header_filter", "websocket_frames_lost": "websocket_frames", "idle_cut": "idle_limit", "sign_in_wanted": "gateway_sign_in",
    "proxy_limit": "upload_limit_or_dlp", "proxy_host_conflict": "proxy_host_conflict",
    "proxy_cannot_connect": "proxy_cannot_connect", "proxy_dns_failed": "proxy_dns", "proxy_timeout": "proxy_cannot_connect",
    "proxy_certificate_refused": "proxy_certificate", "proxy_none": "proxy_unreachable", "proxy_busy": "proxy_cannot_connect",
    "redirect_loop": "redirect_loop", "request_head_limit": "head_limit", "lifetime_cut": "lifetime_limit",
    "dns_refused_error": "dns_filter", "local_firewall": "local_firewall", "offline": "offline", "no_resources": "no_resources",
}
_BY_LAYER = {"dns": "dns_failure", "tcp": "ip_port_filter", "proxy": "proxy_unreachable", "tls": "tls_cut", "http": "connection_cut"}
#: The layers from the bottom.
_LAYERS = ["host", "browser", "dns", "tcp", "proxy", "tls", "quic", "http", "application", "origin"]
MIN_PEERS = 2
#: Used in place of a row of the table if there is no other fault: the policy leaves it under inspection, or the hosts files of the hosts cause it.
_SOLE = {"inspected_by_choice": {"row": 0, "scope": "inspected_by_policy", "confidence": "high"},
         "hosts_file": {"row": 0, "scope": "host_local", "confidence": "high"}}


def depth(check: dict) -> int:
    """How low the layer of a check is. Of several faults the lowest hides the others."""
    return _LAYERS.index(check["layer"]) if check["layer"] in _LAYERS else len(_LAYERS)


def row(**facts) -> dict:
    """The first row of the table that matches ``S`` and ``C`` (ok, bad, unknown), ``N`` (see ``many``), ``mixed``, ``named`` and ``refused`` (bool)."""
    return next(one for one in ROWS if all(facts[name] in allowed for name, allowed in one["when"].items()))


def sub_verdict(check: dict) -> str:
    """The control that made a check fail, as a key of remedies.yml."""
    if witnesses.by_itself(check):
        return "hosts_file"
    if "sni_filtered" in check["flags"]:
        return "sni_filter"
    if "small_packets_pass" in check["flags"]:
        return "packet_size"
    if "ipv6_broken" in check["flags"]:
        return "ipv6_broken"
    if "large_hello" in check["flags"]:
        return "large_hello_filter"
    if "by_choice" in check["flags"]:
        return "inspected_by_choice"
    if check["interception"] == INVALID and check["layer"] == "tls":
        return "invalid_certificate"
    if check["verdict"] == ORIGIN:
        return check["failure"]
    return _BY_FAILURE.get(check["failure"]) or _BY_LAYER.get(check["layer"]) or "unknown"


def culprit(check: dict) -> str | None:
    """The product that caused it, if a signature or the inspection CA shows it. A signature of low confidence is only a hint in the message."""
    blocked = check.get("blocked_by") or {}
    if blocked.get("product") not in (None, "unknown") and blocked.get("confidence") != "low":
        return blocked["product"]
    if check.get("written_by"):
        return check["written_by"]
    if check["interception"] in (TRUSTED, UNTRUSTED):
        issuer = check.get("issuer") or {}
        return check.get("inspected_by") or "the inspection CA %r" % (issuer.get("cn") or issuer.get("o"))
    return None


def remedy(verdict: str, product: str | None) -> str:
    """What to do about a sub-verdict, or what to ask if the origin refuses."""
    known = REMEDIES.get(verdict, REMEDIES["unknown"])
    return origin.question(verdict) or known.get(product) or known["any"]


def contaminated(result: dict) -> str | None:
    """Why a control host does not count: it is not outside the company's control. None if it is."""
    running = [agent["name"] for agent in (result.get("host") or {}).get("agents") or [] if agent["state"] == "running"]
    if running:
        return "%s runs there" % ", ".join(running)
    for check in result.get("checks", []):
        if "tenant_gateway" in check["flags"]:
            return "its trace reports an active gateway"
        if check["role"] == "wanted" and check["interception"] in (TRUSTED, UNTRUSTED):
            return "its connection to %s is decrypted" % check["host"]
        if check.get("blocked_by") and check["blocked_by"].get("product") not in (None, "unknown"):
            return "%s blocks %s there as well" % (check["blocked_by"]["product"], check["host"])
    return None


def diagnose(hosts: dict, control: dict | None = None, status: dict | None = None, *, symptom: str | None = None) -> dict:
    """``hosts`` and ``control``: {name: result of reachability_info, or None for one that was not reached}; ``status``: of service_status_info.

    ``{"features": {feature: {"scope", "row", "confidence", "next", "faults": [...], "hosts": {name: ok|bad|unknown}}}, "control": {...},
    "unreachable": [...], "silent": [why they have no result],
    "symptom", "message", "text"}``. Each fault names sub-verdict, product, hosts, evidence and remedy; the lowest layer comes first.
    ``symptom``: the reported problem in the user's words.
    """
    hosts = _settled(hosts, control or {})
    reached = {name: result for name, result in hosts.items() if (result or {}).get("checks")}
    spoiled = {name: contaminated(result) for name, result in (control or {}).items() if (result or {}).get("checks")}
    clean = {name: control[name] for name, reason in spoiled.items() if reason is None}
    names = sorted({feature for result in list(reached.values()) + list(clean.values()) for feature in result["summary"]["features"]})
    features = {feature: _feature(feature, reached, clean, status or {}, len(hosts) - len(reached)) for feature in names}
    away = sorted(set(hosts) - set(reached))
    found = {
        "features": features, "unreachable": away, "silent": silent({name: hosts[name] for name in away}),
        "control": {name: "usable" if spoiled.get(name, "") is None else spoiled.get(name) or why_not_probed(control[name]) or "not reached"
                    for name in sorted(control or {})},
        "service": (status or {}).get("state", "unknown"),
        "macos_app": {name: result["summary"]["macos_app"] for name, result in sorted(reached.items()) if result["summary"].get("macos_app")},
    }
    found["notes"] = {name: result["notes"] for name, result in sorted(reached.items()) if result.get("notes")}
    found["cases"] = advice.cases(features, found["notes"])
    found["symptom"] = symptoms.answer(symptom, features) if symptom else None
    found["message"] = _headline(features, len(reached), len(hosts))
    found["text"] = _text(found)
    return found


def _settled(hosts: dict, control: dict) -> dict:
    """Decides what one host alone cannot prove, with a control host that reached the same address.

    Silence is then a fault. A response of unknown origin is the origin's if the control host got the same one; otherwise it stays unknown.
    """
    outside = {_place(check): check for result in control.values() for check in (result or {}).get("checks", []) if check["verdict"] == PASS}
    settled = {}
    for name, result in hosts.items():
        checks = [dict(check, verdict=_with(outside.get(_place(check)), check)) for check in (result or {}).get("checks", [])]
        if checks and checks != result["checks"]:
            features = {feature: verdict for feature, verdict in summarise(checks)["features"].items()
                        # A check that passes on an unproven path still proves nothing.
                        if verdict != PASS or (result.get("path") or {}).get("proven", True)}
            result = dict(result, checks=checks, summary=dict(result["summary"], features=dict(result["summary"]["features"], **features)))
        settled[name] = result
    return settled


def _with(outside: dict | None, check: dict) -> str:
    """The verdict of a check, given the same check from a control host."""
    if outside is None or "unproven" not in check["flags"]:
        return check["verdict"]
    if "origin_unproven" not in check["flags"]:
        return FAIL
    return PASS if outside.get("answer") and outside["answer"] == check.get("answer") else check["verdict"]


def _place(check: dict) -> tuple:
    return check["host"], check.get("port"), check.get("kind")


def _state(result: dict, feature: str) -> str:
    verdict = result["summary"]["features"].get(feature)
    return OK if verdict == PASS else BAD if verdict in (FAIL, ERROR) else UNKNOWN


def _together(states: list) -> str:
    """The majority of the known states; unknown if there is none."""
    said = [state for state in states if state != UNKNOWN]
    if not said:
        return UNKNOWN
    return BAD if said.count(BAD) * 2 > len(said) else OK


def many(bad: int, said: int) -> str:
    """How many of the hosts with a known state see a fault, in the terms of the table."""
    if not said:
        return UNKNOWN
    if not bad:
        return "none"
    if said - 1 < MIN_PEERS:
        return "alone"
    return "most" if bad * 4 >= said * 3 else "one" if bad == 1 else "some"


def _service(status: dict, feature: str) -> str:
    word = status.get("features", {}).get(feature, UNKNOWN)
    return {"operational": OK, "degraded": BAD, "outage": BAD}.get(word, UNKNOWN)


def _feature(feature: str, hosts: dict, control: dict, status: dict, unreached: int) -> dict:
    states = {name: _state(result, feature) for name, result in sorted(hosts.items())}
    bad = [name for name, state in states.items() if state == BAD]
    said = [name for name, state in states.items() if state != UNKNOWN]
    refused = [name for name in states if hosts[name]["summary"]["features"].get(feature) == ORIGIN]
    faults = _faults(feature, {name: hosts[name] for name in bad or refused})
    facts = {"S": _service(status, feature), "N": many(len(bad), len(said)), "C": _together([_state(result, feature) for result in control.values()]),
             "refused": bool(refused),
             "mixed": bool(bad) and all(_comes_and_goes(hosts[name], feature) for name in bad),
             # A block page belongs to its product, whatever the status page says.
             "named": any(fault["product"] for fault in faults)}
    kinds = {fault["verdict"] for fault in faults}
    sole = _SOLE.get(kinds.pop()) if len(kinds) == 1 else None
    found = dict(sole, next=faults[0]["remedy"]) if sole else row(**facts)
    basis, alone = (None, False) if facts["named"] else _basis(feature, {name: hosts[name] for name in bad})
    confidence = "low" if unreached > len(said) else "medium" if alone and found["confidence"] == "high" else found["confidence"]
    return {"scope": found["scope"], "row": found["row"], "confidence": confidence, "next": found["next"], "facts": facts, "basis": basis,
            "bad": len(bad), "of": len(said), "faults": faults, "hosts": states}


def _basis(feature: str, hosts: dict) -> tuple:
    """(what makes the hosts that see a fault fewer witnesses, if the fault is only about a name or the proxy, or None; whether they are a single one)"""
    questions = {witnesses.question(check) for result in hosts.values() for check in _failed(result, feature)}
    if len(questions) != 1 or len(hosts) < 2:
        return None, False
    about = next(iter(questions))
    return witnesses.basis(sorted(hosts), hosts, about), len(witnesses.groups(hosts, about)) == 1


def _failed(result: dict, feature: str) -> list:
    return [check for check in result["checks"] if check["role"] == "wanted" and feature in check["features"] and check["verdict"] in (FAIL, ERROR)]


def _comes_and_goes(result: dict, feature: str) -> bool:
    """Whether every check of a feature that failed on a host passed in another attempt."""
    failed = _failed(result, feature)
    return bool(failed) and all("intermittent" in check["flags"] for check in failed)


def _faults(feature: str, hosts: dict) -> list:
    """The faults of a feature: one entry for each sub-verdict and product, lowest layer first."""
    found: dict = {}
    for name, result in hosts.items():
        for check in result["checks"]:
            if check["role"] != "wanted" or feature not in check["features"] or check["verdict"] not in (FAIL, ERROR, ORIGIN):
                continue
            key = (depth(check), sub_verdict(check), culprit(check) or "")
            fault = found.setdefault(key, {
                "verdict": key[1], "layer": check["layer"], "product": culprit(check), "seen_from": [], "for": [], "evidence": check["message"],
                "remedy": remedy(key[1], culprit(check))})
            fault["seen_from"] = sorted(set(fault["seen_from"]) | {name})
            fault["for"] = sorted(set(fault["for"]) | {check["host"]})
    return [found[key] for key in sorted(found)]


def _headline(features: dict, reached: int, hosts: int) -> str:
    bad = {name: one for name, one in features.items() if one["scope"] != "none"}
    if not features:
        return "no host has a result, so there is no diagnosis" + ("" if hosts else ": add probe hosts to the group netaccess_vantages, or check --limit")
    if not bad:
        part = ", from %d of %s; the others were not reached" % (reached, counted(hosts, "host")) if reached < hosts else ""
        return "everything that was probed works%s: %s" % (part, ", ".join(features))
    scopes: dict = {}
    for name, one in bad.items():
        scopes.setdefault(one["scope"], []).append(name)
    return "; ".join("%s: %s" % (scope.replace("_", " "), ", ".join(names)) for scope, names in sorted(scopes.items()))


def _text(found: dict) -> str:
    """The diagnosis as text: the summary, then for each scope its faults, each once, with the features that it breaks and what to do."""
    lines, groups = [found["symptom"]["text"], ""] if found["symptom"] else [], {}
    lines.append(found["message"])
    for name, one in found["features"].items():
        if one["scope"] != "none":
            groups.setdefault(one["row"], []).append(name)
    for names in groups.values():
        first = found["features"][names[0]]
        lines += ["", "%s (%s confidence): %s" % (first["scope"].upper().replace("_", " "), first["confidence"], ", ".join(names))]
        for number, (fault, breaks) in enumerate(_merged({name: found["features"][name]["faults"] for name in names}), 1):
            lines += ["  %d. %s%s, for %s, seen from %s" % (
                number, fault["verdict"].replace("_", " "), " by %s" % fault["product"] if fault["product"] else "",
                counted(len(fault["for"]), "host"), ", ".join(fault["seen_from"])),
                "     breaks: %s" % ", ".join(breaks), "     such as: %s" % fault["evidence"], "     do: %s" % fault["remedy"]]
        lines += ["  basis: %s" % text for text in dict.fromkeys(found["features"][name].get("basis") for name in names) if text]
        lines.append("  next: %s" % first["next"])
    fine = [name for name, one in found["features"].items() if one["scope"] == "none"]
    lines += ["", "working: %s" % ", ".join(fine)] if fine and len(fine) < len(found["features"]) else [""]
    wary = {name: one for name, one in found["macos_app"].items() if one["verdict"] != "likely"}
    for reason in dict.fromkeys("%s: %s" % (one["verdict"], one["reason"]) for one in wary.values()):
        names = [name for name, one in wary.items() if "%s: %s" % (one["verdict"], one["reason"]) == reason]
        lines.append("would the macOS app take this path, from %s? %s" % (", ".join(names), reason))
    lines += ["case: %s" % case["text"] for case in found["cases"]]
    for text in dict.fromkeys(note["text"] for notes in found["notes"].values() for note in notes):
        lines.append("note for %s: %s" % (", ".join(name for name, notes in found["notes"].items() if text in [note["text"] for note in notes]), text))
    lines += found["silent"]
    lines += ["control host %s: %s" % item for item in found["control"].items()] or ["no control host outside the company was probed"]
    lines.append("status page of the service: %s" % found["service"])
    return "\n".join(lines) + "\n"


def _merged(faults_by_feature: dict) -> list:
    """[(fault, merged over all features; the features that it breaks)], lowest layer first."""
    found: dict = {}
    for feature, faults in faults_by_feature.items():
        for fault in faults:
            key = (depth(fault), fault["verdict"], fault["product"] or "")
            one, breaks = found.setdefault(key, (dict(fault), []))
            one["for"] = sorted(set(one["for"]) | set(fault["for"]))
            one["seen_from"] = sorted(set(one["seen_from"]) | set(fault["seen_from"]))
            breaks.append(feature)
    return [found[key] for key in sorted(found)]
