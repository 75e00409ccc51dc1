# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something between host and origin decrypts TLS, judging by the certificate that the host got."""
from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    INVALID, NOT, TRUSTED, UNKNOWN, UNTRUSTED,
)


@dataclass
class Context:
    """What the evaluation of an observation needs: the signature table, and whether the public roots are recent."""

    table: dict
    roots_fresh: bool


def interception(seen: dict, context: Context) -> str | None:
    tls = seen["tls"]
    if not tls or not tls.get("leaf"):
        return None
    if tls["failure"] is None:
        return NOT if tls["leaf"]["sct"] else UNKNOWN
    if tls["failure"] != "ssl_unknown_authority":
        return INVALID
    if other_name(seen):
        # A decrypting device creates a certificate for the requested name. This is the server of a filter, a portal or a search domain.
        return INVALID
    maker = signatures.issued_by(tls["leaf"]["issuer"], context.table)
    more = not tls["leaf"]["sct"] or (maker is not None and maker.sure)
    trusted = seen["system"] is not None and seen["system"]["failure"] is None
    if not more:
        # Only public certificates contain SCTs: a public root that is newer than the bundle, or an incomplete chain, looks like this for many hosts at once.
        # An old bundle proves nothing either, and a single self-signed site is not inspection.
        return UNKNOWN if trusted or not context.roots_fresh else INVALID
    return TRUSTED if trusted else UNTRUSTED


def other_name(seen: dict) -> bool:
    """Whether the certificate is for other names than the requested one."""
    names, host = [name.lower() for name in seen["tls"]["leaf"].get("names") or []], seen["host"].lower()
    return bool(names) and host not in names and "*." + host.partition(".")[2] not in names
