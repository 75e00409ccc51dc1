# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature table: which product wrote this answer. Controller only, pure."""
from __future__ import annotations

import dataclasses
import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from ansible.module_utils.common.yaml import yaml_load

_TABLE = Path(__file__).parent / "signatures.yml"
#: Characters of a page that are searched. Block pages have styles and pictures before their text.
SCAN = 262144
_KINDS = {"block": {"status", "header", "body"}, "progress": set(), "issuer": {"issuer_cn", "issuer_o"}, "public": set(), "dns": {"address"}}
_CONDITIONS = {word for words in _KINDS.values() for word in words}
_FIELDS = _CONDITIONS | {"product", "confidence", "source", "reason"}
#: Why a product returned a page in place of the response, with the layer and failure for it.
REASONS = {
    "denied": ("http", "http_block_page"), "sign_in": ("proxy", "gateway_sign_in"), "credentials": ("proxy", "proxy_auth_required"),
    "too_large": ("proxy", "proxy_limit"), "forged_host": ("proxy", "proxy_host_conflict"), "cannot_connect": ("proxy", "proxy_cannot_connect"),
    "dns": ("proxy", "proxy_dns_failed"), "progress": ("http", "progress_page"),
    "timeout": ("proxy", "proxy_timeout"), "certificate": ("proxy", "proxy_certificate_refused"),
}


class SignatureError(ValueError):
    """An invalid custom rule."""


@dataclasses.dataclass(frozen=True)
class Match:
    """``product`` caused it, for ``reason``, a key of ``REASONS``; ``evidence``: the facts that show it."""

    product: str
    confidence: str
    evidence: tuple
    reason: str = "denied"

    @property
    def sure(self) -> bool:
        """Whether the product may be named as the cause. A rule of low confidence only gives a hint."""
        return self.confidence != "low"

    @property
    def name(self) -> str:
        return called(self.product, self.confidence)


def called(product: str, confidence: str) -> str:
    """The name of a product for use in a sentence."""
    if product == "unknown":
        return "an unknown product"
    return product if confidence != "low" else "an unknown product, perhaps %s" % product


def load(own=()) -> dict:
    """``{"block": [...], "progress": [...], "issuer": [...], "public": [...], "dns": [...]}``, custom rules first. :raises SignatureError:"""
    table = yaml_load(_TABLE.read_text(encoding="utf-8"))
    for number, rule in enumerate(own, 1):
        if not isinstance(rule, dict) or not set(rule) <= _FIELDS or not rule.get("product") or not set(rule) & _CONDITIONS:
            raise SignatureError("signatures, rule %d: product and one of %s are required" % (number, ", ".join(sorted(_CONDITIONS))))
        if rule.get("reason", "denied") not in REASONS:
            raise SignatureError("signatures, rule %d: reason must be one of %s" % (number, ", ".join(REASONS)))
        try:
            for key in ("body", "issuer_cn", "issuer_o"):
                re.compile(rule.get(key, ""))
            re.compile(rule.get("header", ["", ""])[1])
            for network in rule.get("address", []):
                ipaddress.ip_network(network)
        except (re.error, IndexError, TypeError, ValueError) as error:
            raise SignatureError("signatures, rule %d: %s" % (number, error)) from error
    return {kind: [rule for rule in own if words & set(rule)] + table[kind] for kind, words in _KINDS.items()}


def written_by(answer: dict, table: dict, good: bool = False, marked: bool = False) -> Match | None:
    """The product that wrote this response to CONNECT or GET, or None. A challenge of the origin's own network is not the page of a product.

    ``good``: it is a successful response of the origin. Its text is then no sign of a product. ``marked``: it has a mark of the origin; rules of low confidence
    then do not count, as in a successful response.
    """
    if answer["headers"].get("cf-mitigated"):
        return None
    hints = not marked and (answer["status"] or 0) >= 300
    return _first([rule for rule in table["block"] if not (good and "body" in rule) and (hints or rule.get("confidence") != "low")], answer)


def progress_page(answer: dict, table: dict) -> Match | None:
    """The product that answers with its own page while it scans the requested content, or None."""
    match = _first(table["progress"], answer)
    return dataclasses.replace(match, reason="progress") if match else None


def sinkhole(address: str, table: dict) -> Match | None:
    """The product whose block pages are at an address, or None."""
    found = ipaddress.ip_address(address)
    for rule in table["dns"]:
        if any(found in ipaddress.ip_network(network) for network in rule["address"]):
            return Match(rule["product"], rule.get("confidence", "medium"), ("the name resolves to %s" % address,))
    return None


def _first(rules: list, answer: dict) -> Match | None:
    for rule in rules:
        evidence = _evidence(rule, answer)
        if evidence:
            return Match(rule["product"], rule.get("confidence", "medium"), tuple(evidence), reason=rule.get("reason", "denied"))
    return None


def public(issuer: str, table: dict) -> bool:
    """Whether the common name of an issuer is that of a CA that browsers trust by default."""
    return any(re.search(rule["issuer_cn"], issuer) for rule in table["public"])


def _evidence(rule: dict, answer: dict) -> list:
    found = []
    if "status" in rule:
        if answer["status"] not in rule["status"]:
            return []
        found.append("status %d" % answer["status"])
    if "header" in rule:
        name, form = rule["header"]
        hit = re.search(form, answer["headers"].get(name.lower(), ""), re.I)
        if not hit:
            return []
        found.append("%s: %s" % (name, _shown(name, hit)))
    if "body" in rule:
        hit = re.search(rule["body"], answer["body"][:SCAN], re.I)
        if not hit:
            return []
        found.append("page contains %r" % hit.group(0)[:80])
    return found


def _shown(name: str, hit) -> str:
    """The part of a header to report: of a URL only the host, because the rest identifies users and pages; of other headers what the rule matches."""
    if name.lower() != "location":
        return hit.group(0).strip()
    try:
        return urlsplit(hit.string).hostname or hit.group(0)[:40]
    except ValueError:
        return hit.group(0)[:40]


def issued_by(issuer: dict | None, table: dict) -> Match | None:
    """The product with the default inspection CA ``issuer`` ({"cn", "o"}), or None."""
    for rule in table["issuer"]:
        for key in ("cn", "o"):
            form = rule.get("issuer_" + key)
            if form and issuer and re.search(form, issuer.get(key) or "", re.I):
                return Match(rule["product"], rule.get("confidence", "medium"), ("issuer %s" % (issuer.get("cn") or issuer.get("o")),))
    return None
