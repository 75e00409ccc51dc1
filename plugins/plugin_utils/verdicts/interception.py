# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody between host and origin looks inside TLS: by the certificate that was shown."""
from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    INVALID, NOT, TRUSTED, UNKNOWN, UNTRUSTED,
)


@dataclass
class Context:
    """What all observations of one host say together: the signature table, whether the roots are fresh, and issuers of unrelated hosts."""

    table: dict
    roots_fresh: bool
    shared_issuers: set


def interception(seen: dict, context: Context) -> str | None:
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


def shared_issuers(observations) -> set:
    """Issuers that the public roots do not vouch for and that signed for two unrelated sites: nobody but an inspection CA does that."""
    sites: dict = {}
    for seen in observations:
        leaf = (seen["tls"] or {}).get("leaf")
        if leaf and seen["tls"]["failure"] and leaf["issuer"]:
            sites.setdefault(_dn(leaf["issuer"]), set()).add(".".join(seen["host"].split(".")[-2:]))
    return {issuer for issuer, names in sites.items() if len(names) > 1}


def _dn(issuer) -> str:
    return "%s / %s" % (issuer.get("cn"), issuer.get("o"))
