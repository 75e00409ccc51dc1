# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to tell people beside the verdicts: about one host, and which case of the published advice this is. Pure; the words are in advice.yml."""
from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import shipped

_WORDS = shipped.read(Path(__file__).parent / "advice.yml")
NOTES, CASES = ({key: " ".join(text.split()) for key, text in _WORDS[part].items()} for part in ("notes", "cases"))
#: Seconds. Certificates have days, but some clients and sign-ins have minutes.
_SKEW = 120
#: Bytes. IPv6 needs 1280; below 1400 there mostly is a tunnel in a tunnel.
_MTU = 1400
_OF_CHECKS = ("tenant_gateway", "captive_portal", "ipv6_bypass", "symmetric_nat")


def clock_skew(host: dict, observations: list) -> int | None:
    """How many seconds the clock of the host is ahead of what origins say with their own certificate: the median, or None."""
    now, found = datetime.datetime.strptime(host["clock"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc), []
    for seen in observations:
        date = ((seen.get("http") or {}).get("headers") or {}).get("date")
        if not date or (seen.get("tls") or {}).get("failure"):
            continue
        try:
            found.append(round((now - parsedate_to_datetime(date)).total_seconds()))
        except (TypeError, ValueError):
            continue
    return sorted(found)[len(found) // 2] if found else None


def notes(host: dict | None, checks: list) -> list:
    """``[{"id", "text"}]`` about one host: from its facts, which may be missing, and from the flags of its checks."""
    host, found = host or {}, {}
    for agent in host.get("agents") or []:
        found.setdefault("agent" if agent["state"] == "running" else "agent_installed", []).append(agent["name"])
    route, pac, proxies = host.get("route") or {}, host.get("pac") or {}, host.get("proxies") or {}
    if route.get("tunnel"):
        found["tunnel"] = [route["interface"]]
    elif route.get("mtu") and route["mtu"] < _MTU:
        found["mtu"] = [str(route["mtu"])]
    if host.get("hosts_file"):
        found["hosts_file"] = sorted(host["hosts_file"])
    if abs(host.get("clock_skew_s") or 0) > _SKEW:
        found["clock"] = ["%d s" % host["clock_skew_s"]]
    if proxies.get("https") and any(check["via"] == "direct" for check in checks):
        found["proxy_unused"] = [proxies["https"]]
    if pac and not any(check["via"] == "proxy" for check in checks):
        found["pac_unread" if pac.get("failure") else "pac"] = [pac["url"]]
    if host.get("app"):
        found["app"] = [str(host["app"]["version"])]
    flags = {flag for check in checks for flag in check["flags"]}
    found.update({flag: [] for flag in _OF_CHECKS if flag in flags})
    if "quic_open" in flags and any(check["interception"] in ("intercepted_trusted", "intercepted_untrusted") or check["blocked_by"] for check in checks):
        found["quic_open"] = []
    if "dns_differs" in flags:
        found["dns_differs"] = sorted({check["host"] for check in checks if "dns_differs" in check["flags"]})
    return [{"id": key, "text": text.format(what=_listed(found[key]))} for key, text in NOTES.items() if key in found]


def _listed(names: list) -> str:
    return ", ".join(names[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def cases(features: dict, notes_by_host: dict) -> list:
    """``[{"id", "text"}]``: which cases of the published advice a diagnosis is. ``features`` as ``isolation.diagnose`` gives them."""
    bad = {name: one for name, one in features.items() if one["faults"]}
    faults = [fault for one in bad.values() for fault in one["faults"]]
    known = {note["id"] for name, found in notes_by_host.items() for note in found}
    applies = {
        "macos_ssl": any(fault["verdict"] == "tls_inspection" for fault in faults),
        "upload": "files" in bad,
        "voice": "voice" in bad,
        "ios_unusual_activity": "ios_attest" in bad,
        "vpn": bool(bad) and "tunnel" in known,
        "cloudflare_zero_trust": any(fault["product"] == "Cloudflare Gateway" for fault in faults) or (bool(bad) and "tenant_gateway" in known),
    }
    return [{"id": key, "text": text} for key, text in CASES.items() if applies[key]]


__all__ = ["CASES", "NOTES", "cases", "clock_skew", "notes"]
