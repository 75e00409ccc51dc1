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
    """What judging an observation rests on: the signature table, and whether the roots are fresh."""

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
        # Who decrypts makes a certificate for the name that was asked for. This is the server of a filter, a portal or a search domain.
        return INVALID
    maker = signatures.issued_by(tls["leaf"]["issuer"], context.table)
    more = not tls["leaf"]["sct"] or (maker is not None and maker.sure)
    trusted = seen["system"] is not None and seen["system"]["failure"] is None
    if not more:
        # Public certificates alone have that list: a public root that is newer than the bundle, or a chain that lacks a certificate, looks like this for many
        # hosts at once. An old bundle proves nothing either, and one self-signed site is no inspection.
        return UNKNOWN if trusted or not context.roots_fresh else INVALID
    return TRUSTED if trusted else UNTRUSTED


def other_name(seen: dict) -> bool:
    """Whether the certificate is for other names than the one that was asked for."""
    names, host = [name.lower() for name in seen["tls"]["leaf"].get("names") or []], seen["host"].lower()
    return bool(names) and host not in names and "*." + host.partition(".")[2] not in names
