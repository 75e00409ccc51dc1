# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy package holds: its objects by name, the columns of its rules, and which hosts an entry of an application site is about. No IO.

Columns: argument_spec of check_point.mgmt 6.9.0 and the vendor's API reference up to v2.1. Entries: the vendor's posts on custom sites, which quote sk165094
and sk106623.
"""
from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, SUBDOMAINS, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import Hits, held
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, borrowed, is_ours

SITE, HTTPS, ACCESS = "application site", "HTTPS rule", "access rule"
KINDS = (SITE, HTTPS, ACCESS)
ANY, TARGETS = "Any", "Policy Targets"
#: Objects of every domain that stand for any destination. guess: "Internet" is all that leaves by an external interface, as the hosts of OpenAI do.
ANYWHERE = (ANY, "Internet")
#: Commands that tell what such an object holds.
LOOKUPS = {"application-site": "show-application-site", "application-site-group": "show-application-site-group", "service-group": "show-service-group",
           "service-tcp": "show-service-tcp", "group": "show-group"}
#: Columns that only such an answer has.
TOLD = frozenset(("members", "url-list", "user-defined", "match-by-protocol-signature"))
#: Of a row, what is no policy: identity, statistics, logs, presentation. ``comments`` becomes "description".
_META = frozenset(("uid", "name", "type", "domain", "meta-info", "rule-number", "hits", "icon", "color", "read-only", "layer", "available-actions", "tags",
                   "comments", "package", "track", "custom-fields", "user-check"))
_NEGATIONS = ("source-negate", "destination-negate", "service-negate")
_LIMITS = {"source": (ANY,), "destination": (ANY,), "service": (ANY,), "install-on": (TARGETS,), **dict.fromkeys(_NEGATIONS, ())}
_OTHERS = frozenset(("action", "enabled", "description"))
SCHEMAS = {
    ACCESS: Schema({**_LIMITS, "content": (ANY,), "content-direction": ("any",), "content-negate": (), "time": (ANY,), "vpn": (ANY,), "service-resource": (),
                    "action-settings": ({"enable-identity-captive-portal": False},)}, _OTHERS | {"inline-layer"}, frozenset((*_NEGATIONS, "content-negate"))),
    # The blades inspect what is decrypted; which they are does not limit the rule.
    HTTPS: Schema({**_LIMITS, "site-category": (ANY,), "site-category-negate": ()}, _OTHERS | {"blade", "certificate"},
                  frozenset((*_NEGATIONS, "site-category-negate")))}
#: Of an application site, a column does not limit but adds.
SITE_SCHEMA = Schema({"application-signature": ()}, frozenset((
    *_META, "url-list", "urls-defined-as-regular-expression", "primary-category", "primary-category-id", "additional-categories", "additional-categories-ids",
    "description", "groups", "application-id", "risk", "user-defined")))
#: Columns of a TCP service. A resource, a signature or a source port limits it to a part of the connections to its port.
SERVICE_SCHEMA = Schema({"match-by-protocol-signature": (), "source-port": (), "enable-tcp-resource": ()}, frozenset((
    *_META, "port", "protocol", "groups", "match-for-any", "keep-connections-open-after-policy-installation", "session-timeout", "use-default-session-timeout",
    "sync-connections-on-cluster", "use-delayed-sync", "delayed-sync-value", "aggressive-aging", "override-default-settings", "accept-replies")))


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options."""

    package: str = "Standard"
    access_layer: str | None = None
    https_layer: str | None = None
    targets: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    category: str = "Custom_Application_Site"
    prefix: str = "ChatGPT"
    entries: str = "slash"
    never_above: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    comment: str | None = None
    activate: bool = True

    def site(self, kind: str) -> Ref:
        """The application site that our rule of a kind uses. One flag makes all of its entries expressions, so these are in one of their own."""
        return Ref(SITE, self.name(kind) + (" expressions" if self.entries == "regex" else ""))

    def name(self, kind: str) -> str:
        """Of our rule of a kind."""
        return "%s %s" % (self.prefix, {HTTPS: "exempt", ACCESS: "allow"}[kind])

    def rule(self, kind: str) -> dict:
        """The fields of our rule of a kind."""
        fields = {"description": MARK, "enabled": True, "source": sorted({*self.roles, *self.networks}) or [ANY], "destination": [ANY],
                  "install-on": [TARGETS], **dict.fromkeys(_NEGATIONS, False)}
        if kind == HTTPS:
            return dict(fields, **{"action": "Bypass", "service": [ANY], "site-category": [self.site(HTTPS).name], "site-category-negate": False})
        return dict(fields, **{"action": "Accept", "service": [self.site(ACCESS).name], "content": [ANY], "content-negate": False, "content-direction": "any",
                               "time": [ANY], "vpn": [ANY]})


@dataclass
class Site:
    """What a read found besides objects and rules. ``ordered``: names of the package's access layers; ``layers``: {name: row} of every access layer;
    ``https``: name of its HTTPS layer; ``shared``: names of the layers that other packages may use as well; ``uids``: {name of a layer, or Ref of a rule: uid};
    ``known``: {uid: row} of what rules name; ``gateways``: those that an installation is for; ``misplaced``: in words, why there must be none; ``published``
    and ``unpublished``: sessions of others that an installation takes along, and those that it does not."""

    ordered: list = field(default_factory=list)
    layers: dict = field(default_factory=dict)
    https: str | None = None
    shared: set = field(default_factory=set)
    uids: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    gateways: list = field(default_factory=list)
    misplaced: list = field(default_factory=list)
    published: list = field(default_factory=list)
    unpublished: list = field(default_factory=list)


def web_port(row: dict) -> int:
    """How far the port of a TCP service is that of HTTPS."""
    return port_level(str(row.get("port", "?")).split(","), (443,))


def aims(settings: Settings, rows: Iterable[dict]) -> tuple:
    """(the gateways and clusters that the package is installed on, why it must not be, in words), of the rows of all gateways and servers.

    An installation replaces the package that a gateway runs. Without targets the server takes all installation targets of the package, which are all
    gateways unless somebody limited them; so targets are always named: those of the task, or those that run the package. Members of a cluster are none.
    """
    rows = [row for row in rows if "member" not in str(row.get("type")).lower()]
    if not settings.targets:
        found = [row for row in rows if _package(row) == settings.package]
        return found, [] if found else ["no gateway runs the package %s: set targets" % settings.package]
    found = [row for row in rows if row["name"] in settings.targets]
    wrong = ["%s runs the package %s, which an installation would replace" % (row["name"], _package(row)) for row in found
             if _package(row) not in (None, settings.package)]
    names = {row["name"] for row in found}
    return found, ["targets: %s" % one for one in wrong + ["this server has no gateway named %s" % name for name in settings.targets if name not in names]]


def _package(row: dict) -> str | None:
    return (row.get("policy") or {}).get("access-policy-name") or None


def base(kind: str, layer: str) -> str:
    """The rulebase of a layer, in State.rules."""
    return "%s layer %s" % ({HTTPS: "HTTPS", ACCESS: "access"}[kind], layer)


def rule_ref(kind: str, layer: str, name: str) -> Ref:
    """A rule is known by its layer and name: most layers have a rule named Cleanup."""
    return Ref(kind, "%s: %s" % (layer, name))


def bare(rule: Object) -> str:
    """The name of a rule in its layer, as the operator knows it."""
    return rule.native.get("name") or rule.ref.name.partition(": ")[2]


def read_rules(kind: str, layer: str, rows: list, site: Site, objects: Objects) -> tuple:
    """Add the rules of a layer; their Refs from the top. Names need not be there nor be unique: then the uid, which a rule keeps, makes the difference."""
    names, order = Counter(row.get("name") for row in rows if not is_ours(row.get("comments"))), []
    for row in rows:
        name, text = row.get("name") or "", row.get("comments") or ""
        ref = rule_ref(kind, layer, "%s (%s)" % (name, row["uid"]) if not name or (names[name] > 1 and not is_ours(text)) else name)
        site.uids[ref] = row["uid"]
        fields = {column: _plain(value, site.known) for column, value in row.items() if column not in _META}
        fields.update(enabled=row.get("enabled", True), description=text)
        if row.get("type") not in ("access-rule", "https-rule"):
            # A placeholder stands for a rule that this account may not see.
            fields["type"] = row.get("type")
        order.append(objects.add(Object(ref, fields, ours=is_ours(text), borrowed=borrowed(text, "enabled", True), native=row)))
    return tuple(order)


def _plain(value: object, known: dict) -> object:
    if isinstance(value, dict):
        return value["name"] if "name" in value else {key: _plain(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return sorted((_plain(one, known) for one in value), key=str)
    return known[value].get("name", value) if isinstance(value, str) and value in known else value


def render(pattern: Pattern, entries: str) -> tuple[str, ...]:
    """The entries of an application site. ``entries``: slash, open or regex.

    An entry is the beginning of a URL, a * in front covers no apex. Without the slash x.com.evil.test begins with x.com, too.
    """
    if entries == "regex":
        labels = {EXACT: "", SUBDOMAINS: r"([^/]+\.)+", DOMAIN: r"([^/]+\.)*"}[pattern.kind]
        return ("^https?://%s%s/" % (labels, pattern.name.replace(".", r"\.")),)
    stars = {EXACT: ("",), SUBDOMAINS: ("*.",), DOMAIN: ("", "*.")}[pattern.kind]
    return tuple(star + pattern.name + ("/" if entries == "slash" else "") for star in stars)


_ENTRY = re.compile(r"(\*\.?)?([^/*]+)(/?)(.*)\Z", re.DOTALL)
_STARS = {None: "", "*.": "*.", "*": "."}


@functools.lru_cache(maxsize=131072)
def _parsed(entry: str) -> tuple:
    """(star, name, whether it is open at its end, the path behind it, its Pattern if it has one); empty for a star alone or inside of a name."""
    parts = _ENTRY.match(entry.lower())
    if parts is None or (not parts[3] and "*" in parts[4].rstrip("*")):
        return ()
    return parts[1], parts[2], not parts[3], parts[4].strip("*"), parse_if(_STARS[parts[1]] + parts[2])


@functools.lru_cache(maxsize=16)
def _beginnings(wanted: frozenset) -> dict:
    found: dict = {}
    for one in wanted:
        for size in range(1, len(one.name) + 1):
            found.setdefault(one.name[:size], set()).add(one)
    return found


def entry_hits(entries: Iterable[str], wanted: Iterable[Pattern]) -> Hits:
    """Which patterns the entries of a site that are no expressions are about. One with a path is about a part of its host."""
    wanted, whole, part, may = frozenset(wanted), [], [], set()
    for parsed in map(_parsed, frozenset(entries)):
        if not parsed:
            # Everything, or it is unknown.
            may |= wanted
            continue
        star, name, is_open, path, pattern = parsed
        (part if path else whole).append(pattern)
        if is_open or star == "*" or pattern is None:
            may |= _beside(star, name, is_open, pattern, wanted)
    found = held(whole, wanted)
    return Hits(found.sure, (found.may | held(part, wanted).all | may) - found.sure)


def _beside(star: str | None, name: str, is_open: bool, pattern: Pattern | None, wanted: frozenset) -> set:
    """What an entry that is more than a host may be about as well.

    guess: no host has the whole name of another one inside, as facebook.com.chatgpt.com has.
    """
    found = {one for one in wanted if pattern is None and one.kind != EXACT}
    if star:
        return found | {one for one in wanted if (name in one.name if is_open else one.name.endswith(star[1:] + name))}
    begun = _beginnings(wanted) if is_open else {}
    tails = (name[at + 1:] for at, char in enumerate(name) if char == ".")
    return found.union(begun.get(name, ()), (one for tail in tails for one in begun.get(tail, ()) if one.kind != EXACT and tail != one.name))
