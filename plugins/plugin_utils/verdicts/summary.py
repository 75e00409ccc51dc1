# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of all checks of one host."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    FAIL, INTERCEPTED, NOT, ORIGIN, PASS, RANK, SKIPPED, UNKNOWN, UNVERIFIED,
)


def summarise(checks: list, features=(), levels=("required", "optional")) -> dict:
    """Verdicts for the host and for each feature, and what the control checks prove about the exemption.

    The verdict counts the wanted checks of ``levels``, and of ``features`` if there are any, and everything that changed since the baseline. ``counted``:
    (id, ip_version) of these wanted checks, without those that do not apply to the host.
    """
    wanted = [c for c in checks if c["role"] == "wanted"]
    by_feature: dict = {}
    for check in wanted:
        for feature in check["features"]:
            by_feature.setdefault(feature, []).append(check)
    # What one host alone cannot prove, and what fails because of the policy, is reported for its feature and does not count for the host.
    counted = [c for c in wanted if (c["verdict"] != UNVERIFIED or "unproven" not in c["flags"]) and "by_choice" not in c["flags"]]
    counted = [c for c in counted if c["level"] in levels and (not features or set(features) & set(c["features"]))]
    # Checks that do not apply to the host were not made.
    asked = [c for c in counted if applies(c)]
    counting = counted + [c for c in checks if c["role"] != "wanted" and {"regressed", "not_compared"} & set(c["flags"])]
    verdict = _worst(counting) if counting else UNVERIFIED
    regressed = [c for c in checks if "regressed" in c["flags"]]
    return {
        "verdict": verdict,
        "features": {name: _worst(found) for name, found in sorted(by_feature.items())},
        "counts": {word: sum(c["verdict"] == word for c in wanted) for word in RANK},
        "counted": [[c["id"], c.get("ip_version")] for c in asked],
        "exemption": _exemption(checks),
        "macos_app": _macos_app(wanted),
        "message": _headline(verdict, asked, len(counted) - len(asked), regressed) + _by_choice(wanted) + _not_shown(wanted),
    }


def _by_choice(wanted: list) -> str:
    """For the headline: what does not work because the policy leaves it under inspection."""
    left = sorted({feature for check in wanted if "by_choice" in check["flags"] for feature in check["features"]})
    return ". Broken because the policy leaves it under inspection: %s (exempt_level core exempts it)" % ", ".join(left) if left else ""


def _not_shown(wanted: list) -> str:
    """For the headline: hosts that answer without proof that they are the origin. They do not count, and do not pass."""
    hosts = sorted({check["host"] for check in wanted if {"origin_unproven", "unproven"} <= set(check["flags"])})
    more = " and %d more" % (len(hosts) - 5) if len(hosts) > 5 else ""
    return ". Not counted, because the source of the response is unknown: %s%s" % (", ".join(hosts[:5]), more) if hosts else ""


def unanswered(check: dict) -> bool:
    """Whether the result of a check is unknown because the proxy requires authentication. Other skipped checks do not apply to the host."""
    return check["verdict"] == SKIPPED and check["failure"] == "proxy_auth_required"


def why_not_probed(result: dict | None) -> str | None:
    """Why a host that was reached was not probed, for example a missing Python, from its task; None for a host that was not reached."""
    result = result or {}
    failed = result.get("failed") or result.get("recorded") == "failed"
    return " ".join(str(result["msg"]).split()) if failed and result.get("msg") else None


def silent(results: dict) -> list:
    """Messages for hosts without checks: which were not reached, and why each of the others was not probed. ``results``: {host: its result, or None}."""
    reasons = {name: why_not_probed(result) for name, result in results.items()}
    away = ", ".join(name for name, why in reasons.items() if not why)
    return ["not reached, so their state is unknown: %s" % away] * bool(away) + ["%s: not probed: %s" % item for item in reasons.items() if item[1]]


def applies(check: dict) -> bool:
    """Whether a check has a meaning where it ran; one that was skipped has none, unless a proxy kept it from an answer."""
    return check["verdict"] != SKIPPED or unanswered(check)


def _worst(checks: list) -> str:
    serious = [c for c in checks if applies(c)] or checks
    return min((c["verdict"] for c in serious), key=RANK.index)


def _exemption(checks: list) -> str:
    exempt = [c for c in checks if c["role"] == "wanted" and c["interception"] == NOT]
    broken = any(c["failure"] == "ssl_intercepted" and "by_choice" not in c["flags"] for c in checks if c["role"] == "wanted")
    control = [c["interception"] for c in checks if c["role"] == "control" and c["interception"]]
    if broken:
        return "missing"
    return "proven" if exempt and any(word in INTERCEPTED for word in control) else "untested"


def _macos_app(wanted: list) -> dict:
    """Whether the macOS app, which accepts few certificate authorities, would accept this path: likely, unlikely or unknown, and why.

    Its list of CAs (lumia.security, version 1.2025.315) contains Zscaler's shared root and no CA of a company.
    """
    decrypted = [c for c in wanted if c["failure"] == "ssl_intercepted" and "by_choice" not in c["flags"]]
    shared = [c for c in decrypted if "zscaler" in str((c["issuer"] or {}).get("o")).lower()]
    if len(decrypted) > len(shared):
        host = next(c["host"] for c in decrypted if c not in shared)
        return {"verdict": "unlikely", "reason": "%s is decrypted by a CA that the app does not trust: exempt OpenAI's domains" % host}
    if shared:
        return {"verdict": UNKNOWN, "reason": "%s is decrypted with Zscaler's shared root, which some versions of the app accept" % shared[0]["host"]}
    required = [c for c in wanted if c["level"] == "required" and c["interception"]]
    # A host that fails may be decrypted as well, for example if a page inside TLS blocks it.
    doubtful = [c for c in required if c["interception"] != NOT and c["verdict"] != PASS and "by_choice" not in c["flags"]]
    unproven = [c["host"] for c in doubtful if not c["blocked_by"]]
    if unproven:
        return {"verdict": UNKNOWN, "reason": "there is no proof that the certificate of %s is the origin's own" % unproven[0]}
    if not doubtful and any(c["interception"] == NOT for c in required):
        return {"verdict": "likely", "reason": "every reached host that must be exempt presents the origin's own certificate"}
    if any(c["blocked_by"] for c in wanted):
        return {"verdict": UNKNOWN, "reason": "the required hosts are blocked; probe again when they are allowed"}
    return {"verdict": UNKNOWN, "reason": "no certificate of a required host was seen"}


def reason(checks: list) -> str:
    """Why all of them fail, in parentheses; nothing where the reasons differ or are unknown."""
    found = {(check.get("message") or "").partition(": ")[2] for check in checks}
    return " (%s)" % found.pop() if len(found) == 1 and all(found) else ""


def _headline(verdict: str, wanted: list, idle: int, regressed: list) -> str:
    """``wanted``: the checks that count; ``idle``: the number of others, which do not apply to the host."""
    parts, shut = [], [c for c in wanted if c["verdict"] == FAIL]
    if shut:
        names = sorted({c["host"] for c in shut})
        more = " and %d more" % (len(names) - 5) if len(names) > 5 else ""
        parts.append("%d of %s %s%s: %s%s" % (
            len(shut), counted(len(wanted), "wanted check"), "fails" if len(wanted) == 1 else "fail", reason(shut), ", ".join(names[:5]), more))
    if regressed:
        moved = sorted({c["host"] for c in regressed})
        parts.append("%s changed since the baseline: %s" % (counted(len(moved), "site"), ", ".join(moved)))
    refused = sorted({c["host"] for c in wanted if c["verdict"] == ORIGIN})
    if refused:
        parts.append("the network allows it, but the far end refuses: %s" % ", ".join(refused[:5]))
    unknown = sorted({c["host"] for c in wanted if unanswered(c)})
    if unknown:
        more = " and %d more" % (len(unknown) - 5) if len(unknown) > 5 else ""
        parts.append("the proxy requires authentication before it answers for %s%s" % (", ".join(unknown[:5]), more))
    if verdict == PASS and not parts:
        said = "1 wanted check passes" if len(wanted) == 1 else "all %s pass" % counted(len(wanted), "wanted check")
        return said + ("; %d %s not apply" % (idle, "does" if idle == 1 else "do") if idle else "")
    return ". ".join(parts) or "not proven: " + verdict
