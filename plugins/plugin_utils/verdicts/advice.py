# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advice in addition to the verdicts: notes on one host, and the matching cases of the published advice. Pure; the texts are in advice.yml."""
from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import origin
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import INTERCEPTED, PASS

_WORDS = yaml_load((Path(__file__).parent / "advice.yml").read_text(encoding="utf-8"))
NOTES, CASES = ({key: " ".join(text.split()) for key, text in _WORDS[part].items()} for part in ("notes", "cases"))
#: Seconds. Certificates have days, but some clients and sign-ins have minutes.
_SKEW = 120
#: Bytes. IPv6 needs 1280; below 1400 there is usually a tunnel in a tunnel.
_MTU = 1400
_OF_CHECKS = ("tenant_gateway", "captive_portal", "ipv6_bypass", "symmetric_nat")


def clock_skew(host: dict, observations: list) -> int | None:
    """How many seconds the clock of the host is ahead of origins that answered with their own certificate: the median, or None."""
    now, found = datetime.datetime.strptime(host["clock"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc), []
    for seen in observations:
        date = (seen["http"] or {"headers": {}})["headers"].get("date")
        if not date or not origin.vouched(seen):
            continue
        try:
            found.append(round((now - parsedate_to_datetime(date)).total_seconds()))
        except (TypeError, ValueError):
            continue
    return sorted(found)[len(found) // 2] if found else None


def notes(host: dict | None, checks: list) -> list:
    """``[{"id", "text"}]`` about one host, from its facts, which may be missing, and the flags of its checks."""
    host, found = host or {}, {}
    for agent in host.get("agents") or []:
        found.setdefault("agent" if agent["state"] == "running" else "agent_installed", []).append(agent["name"])
    route, pac, proxies = host.get("route") or {}, host.get("pac") or {}, host.get("proxies") or {}
    if route.get("tunnel"):
        found["tunnel"] = [route["interface"]]
    elif route.get("mtu") and route["mtu"] < _MTU:
        found["mtu"] = [str(route["mtu"])]
    own = sorted(set(host.get("hosts_file") or {}) | {check["host"] for check in checks if "hosts_file" in check["flags"]})
    if own:
        found["hosts_file"] = own
    if abs(host.get("clock_skew_s") or 0) > _SKEW:
        found["clock"] = ["%d s" % host["clock_skew_s"]]
    if proxies.get("https") and any(check["via"] == "direct" for check in checks):
        found["proxy_unused"] = [proxies["https"]]
    found.update(_variables(host.get("proxy_variables") or {}))
    if pac and not any(check["via"] == "proxy" for check in checks):
        found["pac_unread" if pac.get("failure") else "pac"] = [pac["url"]]
    if host.get("app"):
        found["app"] = [str(host["app"]["version"])]
    found.update(_flagged(checks))
    return [{"id": key, "text": text.format(what=_listed(found[key]))} for key, text in NOTES.items() if key in found]


def _variables(named: dict) -> dict:
    """Proxy variables that contradict each other; ``named``: {variable: value}. Programs differ in which one they use."""
    found: dict = {}
    pairs = [(name.upper(), name) for name in named if name.upper() in named]
    differ = ["%s is %s, %s is %s" % (upper, named[upper], lower, named[lower]) for upper, lower in pairs if not _same(named[upper], named[lower])]
    if differ:
        found["proxies_differ"] = differ
    plain, secure = ({value for name, value in named.items() if name.lower() == scheme} for scheme in ("http_proxy", "https_proxy"))
    if plain and secure and not differ and not _same(next(iter(plain)), next(iter(secure))):
        found["proxies_by_scheme"] = sorted(plain) + sorted(secure)
    return found


def _same(one: str, other: str) -> bool:
    """Whether two values mean the same: the order of exceptions, a slash at the end and blanks do not matter."""
    first, second = ({part.strip().rstrip("/").lower() for part in text.split(",") if part.strip()} for text in (one, other))
    return first == second


def _flagged(checks: list) -> dict:
    """What the flags of the checks show about the path: {id of a note: what it is about}."""
    def with_flag(flag: str) -> list:
        return sorted({check["host"] for check in checks if flag in check["flags"]})
    found: dict = {flag: [] for flag in _OF_CHECKS if with_flag(flag)}
    guarded = any(check["interception"] in INTERCEPTED or check["blocked_by"] for check in checks)
    offers = with_flag("h3_offered")
    about = [", and %s offer%s it" % (_listed(offers), "s" * (len(offers) == 1))] if offers else [""]
    found.update({flag: about for flag, counts in (("quic_open", guarded), ("quic_beside_proxy", True)) if counts and with_flag(flag)})
    if with_flag("ech_advertised") and (guarded or with_flag("sni_filtered")):
        found["ech"] = with_flag("ech_advertised")
    if with_flag("handshake_only") and not any(check["kind"] == "websocket" and check["verdict"] == PASS and "handshake_only" not in check["flags"]
                                               and "websocket_refused_by_origin" not in check["flags"] for check in checks):
        # If frames of the canary come back, the path carries frames.
        found["handshake_only"] = with_flag("handshake_only")
    if with_flag("dns_differs"):
        found["dns_differs"] = with_flag("dns_differs")
    return found


def _listed(names: list) -> str:
    return ", ".join(names[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def cases(features: dict, notes_by_host: dict) -> list:
    """``[{"id", "text"}]``: the cases of the published advice that match a diagnosis. ``features`` as ``isolation.diagnose`` returns them."""
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
