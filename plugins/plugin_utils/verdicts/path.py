# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device a host is behind, and whether its results prove that. Pure; runs on the controller."""
from __future__ import annotations

import ipaddress
import re

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import INTERCEPTED, PASS, UNVERIFIED

KINDS = ("user", "server", "probe")
_PROOFS = ("egress", "issuer", "product", "proxy")


class PathError(ValueError):
    """An invalid path. The message names the field."""


def check(path: dict) -> None:
    """:raises PathError: for a path without a device, or with an invalid field."""
    if not isinstance(path, dict):
        raise PathError("path: it must be a dictionary with device, not %r" % (path,))
    unknown = sorted(set(path) - {"device", "audience", "kind", "proven_by"})
    if unknown or not isinstance(path.get("device"), str) or not path["device"]:
        raise PathError("path: it must have device, and may have audience, kind and proven_by%s" % ("; %s is not one of these" % unknown[0] if unknown else ""))
    if path.get("kind", "user") not in KINDS:
        raise PathError("path: kind must be one of %s" % ", ".join(KINDS))
    proofs = path.get("proven_by") or {}
    if not isinstance(proofs, dict) or set(proofs) - set(_PROOFS):
        raise PathError("path: proven_by must have one or more of %s" % ", ".join(_PROOFS))
    odd = next((name for name in ("issuer", "product", "proxy") if not isinstance(proofs.get(name) or "", str)), None)
    if odd:
        raise PathError("path: proven_by: %s must be text" % odd)
    try:
        for network in proofs.get("egress") or []:
            ipaddress.ip_network(network)
        re.compile(proofs.get("issuer") or "")
    except (re.error, TypeError, ValueError) as error:
        raise PathError("path: proven_by: %s" % error) from error


def judge(path: dict, checks: list, before: list = ()) -> dict:
    """``{"device", "audience", "kind", "proven", "message"}``. Results from before a change prove the path as well, for example a block that is gone now.

    :raises PathError:
    """
    check(path)
    by = _proof(path.get("proven_by") or {}, list(checks) + list(before))
    if by:
        text = "behind %s: %s" % (path["device"], by)
    elif not path.get("proven_by"):
        text = "mapped to %s without proof; set proven_by" % path["device"]
    else:
        seen = sorted({found["egress"] for found in checks if found.get("egress")})
        text = "no proof that this host is behind %s%s" % (path["device"], "; its egress address is %s" % ", ".join(seen) if seen else "")
    return {"device": path["device"], "audience": path.get("audience"), "kind": path.get("kind", "user"), "proven": by is not None, "message": text}


def _proof(proofs: dict, checks: list) -> str | None:
    networks = [ipaddress.ip_network(network) for network in proofs.get("egress") or []]
    for found in checks:
        egress, blocked = found.get("egress"), found.get("blocked_by") or {}
        # A signature of low confidence is a hint, which proves nothing.
        products = (blocked.get("product") if blocked.get("confidence") != "low" else None, found.get("inspected_by"))
        issuer = (found.get("issuer") or {}).get("cn") if found.get("interception") in INTERCEPTED else None
        if egress and any(ipaddress.ip_address(egress) in network for network in networks):
            return "its egress address is %s" % egress
        if proofs.get("product") and proofs["product"] in products:
            return "%s identified itself" % proofs["product"]
        # An expression that matches an empty text proves nothing if nothing was decrypted.
        if proofs.get("issuer") and issuer and re.search(proofs["issuer"], issuer):
            return "certificates issued by %s" % issuer
        if proofs.get("proxy") and found.get("via") == "proxy" and found.get("proxy") == proofs["proxy"].rstrip("/"):
            return "its proxy is %s" % found["proxy"]
    return None


def unproven(summary: dict) -> dict:
    """``summary`` of a host whose path is not proven: checks that pass there show nothing about the device."""
    features = {name: UNVERIFIED if verdict == PASS else verdict for name, verdict in summary["features"].items()}
    verdict = UNVERIFIED if summary["verdict"] == PASS else summary["verdict"]
    return dict(summary, verdict=verdict, features=features)
