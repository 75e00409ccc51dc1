# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PAN-OS refuses when a value is written, and what it finds only at validate or commit.

Fields: the vendor's own specs (pan-os-codegen, specs/objects and specs/policies); which error comes when: measured by third parties on
Panorama 12.1 and PAN-OS 10.1.
"""
from __future__ import annotations

import ipaddress
import re

from tests.products.panos.twin.tree import ApiError, at, entries, members, text

# A few of PAN-DB's categories; enough for sites and look-ups.
PREDEFINED = {
    "artificial-intelligence", "computer-and-internet-info", "financial-services", "business-and-economy", "malware", "phishing",
    "command-and-control", "adult", "gambling", "news", "social-networking", "web-based-email", "online-storage-and-backup", "unknown",
    "not-resolved", "high-risk", "medium-risk", "low-risk", "content-delivery-networks", "search-engines", "streaming-media", "health-and-medicine",
}
# guess: the App-IDs of OpenAI's products.
APPLICATIONS = {"ssl", "web-browsing", "quic", "dns", "ping", "ssh", "stun", "google-base", "openai-base", "openai-chatgpt", "claude-base",
                "facebook-base", "stripe-base"}
RULE = {"from", "to", "source", "destination", "source-user", "category", "service", "source-hip", "destination-hip", "hip-profiles", "tag", "description",
        "disabled",
        "negate-source", "negate-destination", "action", "log-setting", "group-tag", "target", "profile-setting", "schedule"}
FIELDS = {
    "custom-url-category": {"description", "list", "type", "disable-override"},
    "url-filtering": {"description", "allow", "alert", "block", "continue", "override", "credential-enforcement", "http-header-insertion",
                      "safe-search-enforcement", "cloud-inline-cat", "local-inline-cat", "mlav-category-exception", "mlav-engine-urlbased-enabled",
                      "enable-container-page", "log-container-page-only", "log-http-hdr-xff", "log-http-hdr-user-agent", "log-http-hdr-referer",
                      "disable-override"},
    "security": RULE | {"application", "rule-type", "icmp-unreachable", "log-start", "log-end", "option", "qos", "disable-server-response-inspection",
                        "saas-user-list", "saas-tenant-list", "source-imsi", "source-imei", "source-nw-slice"},
    "decryption": (RULE | {"type", "profile", "log-success", "log-fail", "packet-broker-profile", "forwarding-profile"}) - {"profile-setting", "schedule"},
    "ssl-exclude-cert": {"description", "exclude"},
    "service": {"protocol", "description", "tag", "disable-override"},
    "address": {"ip-netmask", "ip-range", "ip-wildcard", "fqdn", "description", "tag", "disable-override"},
    "external-list": {"type", "disable-override"},
}
ENUMS = {
    ("security", "action"): {"allow", "deny", "drop", "reset-client", "reset-server", "reset-both"},
    ("security", "rule-type"): {"universal", "intrazone", "interzone"},
    ("decryption", "action"): {"no-decrypt", "decrypt", "decrypt-and-forward"},
    ("custom-url-category", "type"): {"URL List", "Category Match"},
}
YES_NO = {"disabled", "negate-source", "negate-destination", "log-start", "log-end", "log-success", "log-fail", "exclude", "icmp-unreachable"}
REQUIRED = {"security": ("from", "to", "source", "destination", "application", "service"), "decryption": ("from", "to", "source", "destination")}
LENGTHS = {("custom-url-category", "description"): 255, ("ssl-exclude-cert", "description"): 512, ("security", "description"): 1024,
           ("decryption", "description"): 1024, ("security", "log-setting"): 63, ("security", "group-tag"): 127}
BASES = ("rulebase", "pre-rulebase", "post-rulebase")


def device(root):
    return at(root, "devices", "[localhost.localdomain]")


def scopes(root):
    """(name, node, chain): shared, each vsys, each device group; ``chain`` is where names are looked up, nearest first."""
    shared = root.find("shared")
    if shared is not None:
        yield "shared", shared, [shared]
    for node in entries(device(root), "vsys"):
        yield node.get("name"), node, [node] + ([shared] if shared is not None else [])
    for node in entries(device(root), "device-group"):
        yield node.get("name"), node, chain(root, node.get("name"))


def chain(root, group: str) -> list:
    """A device group, its ancestors and shared. The parent is kept where Panorama keeps it: /config/readonly."""
    out, seen = [], set()
    while group and group not in seen:
        seen.add(group)
        node = at(device(root), "device-group", "[%s]" % group)
        if node is not None:
            out.append(node)
        group = text(root, "readonly", "devices", "[localhost.localdomain]", "device-group", "[%s]" % group, "parent-dg")
    return out + ([root.find("shared")] if root.find("shared") is not None else [])


def rules(scope):
    """(base, kind, rule) of a scope in order."""
    for base in BASES:
        for kind in ("security", "decryption"):
            for rule in entries(scope, base, kind, "rules"):
                yield base, kind, rule


def names(lookup: list, *path: str) -> set:
    return {entry.get("name") for scope in lookup for entry in entries(scope, *path)}


def _objects(scope):
    for kind in ("custom-url-category", "url-filtering"):
        for entry in entries(scope, "profiles", kind):
            yield kind, entry
    for kind in ("service", "address", "external-list"):
        for entry in entries(scope, kind):
            yield kind, entry
    for entry in entries(scope, "ssl-decrypt", "ssl-exclude-cert"):
        yield "ssl-exclude-cert", entry
    for _base, kind, rule in rules(scope):
        yield kind, rule


def check(root, knobs) -> None:
    """What is refused at once. :raises ApiError: 12; ``Reference`` for a name that means nothing."""
    for name, scope, lookup in scopes(root):
        for kind, entry in _objects(scope):
            where = "%s -> %s" % (kind, entry.get("name"))
            _fields(kind, entry, where, knobs)
            if kind == "custom-url-category":
                _list(entry, where, knobs)
        for owner, field, value in references(root, name, scope, lookup):
            raise Reference("12", "%s -> %s '%s' is not a valid reference" % (owner, field, value), "%s -> %s is invalid" % (owner, field))


class Reference(ApiError):
    """A name that no object has."""


def _fields(kind, entry, where, knobs) -> None:
    limit = {"security": 63, "decryption": 63, "custom-url-category": knobs.category_name_length}.get(kind, 255)
    name = entry.get("name") or ""
    if not name or len(name) > limit:
        raise ApiError("12", "%s is invalid" % where)
    for child in entry:
        if child.tag in knobs.new_columns:
            continue
        if child.tag not in FIELDS[kind] or _too_new(kind, child.tag, knobs.release):
            raise ApiError("12", "%s -> %s unexpected here" % (where, child.tag), "%s is invalid" % where)
        value = (child.text or "").strip()
        allowed = {"yes", "no"} if child.tag in YES_NO else ENUMS.get((kind, child.tag))
        if allowed and value not in allowed:
            raise ApiError("12", "%s -> %s '%s' is not an allowed keyword" % (where, child.tag, value), "%s -> %s is invalid" % (where, child.tag))
        if len(value) > LENGTHS.get((kind, child.tag), 1 << 30):
            raise ApiError("12", "%s -> %s is invalid" % (where, child.tag))


def _too_new(kind, tag, release) -> bool:
    if kind == "custom-url-category" and tag == "type":
        return release < (9, 0)
    return release < (10, 0) and (tag in ("source-hip", "destination-hip") or kind == "decryption" and tag in ("log-success", "log-fail", "log-setting"))


def _list(entry, where, knobs) -> None:
    seen = set()
    for value in members(entry, "list"):
        if value in seen:
            raise ApiError("12", "%s -> list '%s' is already in use" % (where, value), "%s -> list is invalid" % where)
        seen.add(value)
        if text(entry, "type") == "Category Match":
            continue
        if len(value) > 255 or not valid_url(value, knobs):
            raise ApiError("12", "%s -> list '%s' is invalid" % (where, value), "%s -> list is invalid" % where)
    if len(seen) > knobs.max_entries:
        raise ApiError("12", "%s -> list has too many entries" % where)  # guess: text; 25,000 is often quoted


def valid_url(value: str, knobs) -> bool:
    """URL category exceptions: a wildcard is a whole token, no two ``*`` in a row, at most nine ``^`` in a row, no scheme."""
    if not value or re.search(r"\s", value) or (re.match(r"[a-z]+://", value, re.I) and not knobs.accept_scheme):
        return False
    if re.search(r":\d+", value) and not knobs.accept_port:
        return False
    tokens = [token for token in re.split(r"[./?&=;+]", value) if token]
    if any(("*" in token or "^" in token) and len(token) > 1 for token in tokens):
        return False
    run = "".join(token if token in "*^" else "-" for token in tokens)
    return "**" not in run and "^" * 10 not in run


def references(root, name, scope, lookup):
    """(owner, field, value) of every name that nothing in ``lookup`` has."""
    categories = names(lookup, "profiles", "custom-url-category") | names(lookup, "external-list") | PREDEFINED | {"any"}
    services = names(lookup, "service") | names(lookup, "service-group") | {"any", "application-default", "service-http", "service-https"}
    applications = names(lookup, "application") | names(lookup, "application-group") | names(lookup, "application-filter") | APPLICATIONS | {"any"}
    known = {"category": categories, "service": services, "application": applications, "tag": names(lookup, "tag")}
    hosts = names(lookup, "address") | names(lookup, "address-group") | names(lookup, "external-list") | {"any"}
    if name.startswith("vsys"):
        known["from"] = known["to"] = names([scope], "zone") | {"any", "multicast"}
    for entry in entries(scope, "profiles", "url-filtering"):
        for action in ("allow", "alert", "block", "continue", "override"):
            for value in members(entry, action):
                if value not in categories:
                    yield "url-filtering -> %s" % entry.get("name"), action, value
    for group in entries(scope, "profile-group"):
        for value in members(group, "url-filtering"):
            if value not in names(lookup, "profiles", "url-filtering") | {"default"}:
                yield "profile-group -> %s" % group.get("name"), "url-filtering", value
    for _base, kind, rule in rules(scope):
        owner = "%s -> rules -> %s" % (kind, rule.get("name"))
        for field, allowed in known.items():
            for value in members(rule, field):
                if value not in allowed:
                    yield owner, field, value
        for field in ("source", "destination"):
            for value in members(rule, field):
                if value not in hosts and not _is_address(value) and not re.match("[A-Z]{2}\\Z", value):
                    yield owner, field, value
        yield from _profiles(rule, owner, lookup)


def _profiles(rule, owner, lookup):
    for value in members(rule, "profile-setting", "profiles", "url-filtering"):
        if value not in names(lookup, "profiles", "url-filtering") | {"default"}:
            yield owner, "profile-setting -> profiles -> url-filtering", value
    for value in members(rule, "profile-setting", "group"):
        if value not in names(lookup, "profile-group"):
            yield owner, "profile-setting -> group", value
    for field, path, built_in in (("profile", ("profiles", "decryption"), {"default"}), ("log-setting", ("log-settings", "profiles"), set())):
        value = text(rule, field)
        if value and value not in names(lookup, *path) | built_in:
            yield owner, field, value


def _is_address(value: str) -> bool:
    try:
        for part in value.split("-", 1):
            ipaddress.ip_network(part, strict=False)
    except ValueError:
        return False
    return True


def problems(root, knobs) -> list:
    """The lines of a failed validate or commit; none for a good configuration."""
    out = []
    try:
        check(root, knobs)
    except ApiError as error:
        out.extend(error.lines)
    for name, scope, _lookup in scopes(root):
        for base, kind, rule in rules(scope):
            for field in REQUIRED[kind]:
                node = rule.find(field)
                if node is None or not (len(node) or (node.text or "").strip()):
                    out.append("%s -> %s -> %s -> rules -> %s is missing '%s'" % (name, base, kind, rule.get("name"), field))
    return out
