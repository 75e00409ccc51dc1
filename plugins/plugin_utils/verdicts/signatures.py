# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature table: which product wrote this answer. Controller only, pure."""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import shipped

_TABLE = Path(__file__).parent / "signatures.yml"
_SCAN = 65536
_KINDS = {"block": {"status", "header", "body"}, "progress": set(), "issuer": {"issuer_cn", "issuer_o"}, "dns": {"address"}}
_CONDITIONS = {word for words in _KINDS.values() for word in words}
_FIELDS = _CONDITIONS | {"product", "confidence", "source"}


class SignatureError(ValueError):
    """A rule of the site that is no rule."""


@dataclass(frozen=True)
class Match:
    """``product`` did it; ``evidence`` are the facts that show it."""

    product: str
    confidence: str
    evidence: tuple


def load(own=()) -> dict:
    """``{"block": [...], "progress": [...], "issuer": [...], "dns": [...]}`` with the site's own rules first. :raises SignatureError:"""
    table = shipped.read(_TABLE)
    for number, rule in enumerate(own, 1):
        if not isinstance(rule, dict) or not set(rule) <= _FIELDS or not rule.get("product") or not set(rule) & _CONDITIONS:
            raise SignatureError("signatures, rule %d: it needs product and one of %s" % (number, ", ".join(sorted(_CONDITIONS))))
        try:
            for key in ("body", "issuer_cn", "issuer_o"):
                re.compile(rule.get(key, ""))
            re.compile(rule.get("header", ["", ""])[1])
            for network in rule.get("address", []):
                ipaddress.ip_network(network)
        except (re.error, IndexError, TypeError, ValueError) as error:
            raise SignatureError("signatures, rule %d: %s" % (number, error)) from error
    return {kind: [rule for rule in own if words & set(rule)] + table[kind] for kind, words in _KINDS.items()}


def blocked_by(answer: dict, table: dict) -> Match | None:
    """The product that wrote this answer to CONNECT or GET, or None: a challenge of the origin's own network is nobody's block."""
    if not answer or answer.get("headers", {}).get("cf-mitigated"):
        return None
    return _first(table["block"], answer)


def progress_page(answer: dict, table: dict) -> Match | None:
    """The product that answers with a page of its own while it scans what was asked for, or None."""
    return _first(table["progress"], answer) if answer else None


def sinkhole(address: str, table: dict) -> Match | None:
    """The product whose block pages live at an address, or None."""
    found = ipaddress.ip_address(address)
    for rule in table["dns"]:
        if any(found in ipaddress.ip_network(network) for network in rule["address"]):
            return Match(rule["product"], rule.get("confidence", "medium"), ("the name leads to %s" % address,))
    return None


def _first(rules: list, answer: dict) -> Match | None:
    for rule in rules:
        evidence = _evidence(rule, answer)
        if evidence:
            return Match(rule["product"], rule.get("confidence", "medium"), tuple(evidence))
    return None


def _evidence(rule: dict, answer: dict) -> list:
    found = []
    if "status" in rule:
        if answer["status"] not in rule["status"]:
            return []
        found.append("status %d" % answer["status"])
    if "header" in rule:
        name, form = rule["header"]
        value = answer["headers"].get(name.lower(), "")
        if not re.search(form, value, re.I):
            return []
        found.append("%s: %s" % (name, value[:120]))
    if "body" in rule:
        hit = re.search(rule["body"], answer["body"][:_SCAN], re.I)
        if not hit:
            return []
        found.append("page has %r" % hit.group(0)[:80])
    return found


def issued_by(issuer: dict | None, table: dict) -> Match | None:
    """The product whose default inspection CA ``issuer`` ({"cn", "o"}) is, or None."""
    for rule in table["issuer"]:
        for key in ("cn", "o"):
            form = rule.get("issuer_" + key)
            if form and issuer and re.search(form, issuer.get(key) or "", re.I):
                return Match(rule["product"], rule.get("confidence", "medium"), ("issuer %s" % (issuer.get("cn") or issuer.get("o")),))
    return None
