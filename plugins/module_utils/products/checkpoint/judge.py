# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of our rules in a policy package, and what it means for a policy. No IO.

A connection has to be accepted by every ordered layer; in each the first rule that matches decides, and a rule that applies an inline layer leaves it to that
layer for good, its implicit cleanup included. The first HTTPS rule that matches decides whether it is decrypted; without one it is not (R81 administration
guides, "Ordered Layers and Inline Layers", "HTTPS Inspection"). Which hosts an application or category of the vendor has, no API tells.
"""
from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import AbstractSet, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.columns import (
    ACCESS, ANY, ANYWHERE, BLADES, HTTPS, SCHEMAS, SERVICE_SCHEMA, SITE, SITE_SCHEMA, TOLD, web_port,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.model import Settings, Site, bare, base, entry_hits, render, rule_ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import is_private
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, UNKNOWN, Hits, Layer, crossed, crossing, opposite, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off

#: Ask stops a client that is no browser. Inform may, and the authentication actions depend on who has signed in: these are unknown.
_EFFECTS = {ACCESS: {"Accept": ALLOW, "Drop": DENY, "Reject": DENY, "Ask": DENY, "accept": ALLOW, "drop": DENY}, HTTPS: {"Bypass": ALLOW, "Inspect": DENY}}
#: What is written by the first word is answered by the second.
_INLINE, _IMPLICIT = ("Apply Layer", "Inner Layer"), "implicit cleanup"
#: Services by which HTTPS does not come; that it moves from QUIC to TCP where UDP is dropped is its own affair.
_OTHER_SERVICES = ("service-udp", "service-icmp", "service-icmp6", "service-sctp")


@dataclass(frozen=True, eq=False)
class Path:
    """A rule behind those that apply the inline layers which it is in: all of them have to match. Its Columns are those of all; ``at``: its place."""

    rules: tuple
    parts: tuple
    at: int

    @property
    def last(self) -> Object:
        return self.rules[-1]

    def __str__(self) -> str:
        return self.last.ref.name

    def unread(self) -> tuple:
        return tuple(column for part in self.parts for column in part.unread())

    def turned(self) -> bool:
        return any(part.turned() for part in self.parts)


class _Rules:
    """What the rules of a State are about, and what they do."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._columns, self._places, self._named, self._about = {}, itertools.count(), {}, {}
        for row in site.known.values():
            # Several objects of one name tell nothing.
            self._named[row.get("name")] = {} if row.get("name") in self._named else row
        self._ordered, self._inspection = [self._layer(ACCESS, name) for name in site.ordered], self._layer(HTTPS, site.https or "")

    def _layer(self, kind: str, name: str) -> Layer:
        """The rules of a layer, each with what its inline layers have in its place."""
        default = self._effect(self._cleanup(name)) if kind == ACCESS else ALLOW
        return Layer(list(self._paths(kind, name)), self._people, self._hits, lambda path: self._effect(path.last), lambda path: path, default)

    def _paths(self, kind: str, name: str, before: tuple = ()) -> Iterator[Path]:
        for ref in self._state.rules.get(base(kind, name), ()):
            rule = self._state.objects[ref]
            inner = rule.fields.get("inline-layer") if rule.fields.get("action") in _INLINE else None
            if not rule.fields["enabled"]:
                continue
            if inner and base(kind, inner) in self._state.rules and inner not in [one.fields.get("inline-layer") for one in before]:
                yield from self._paths(kind, inner, (*before, rule))
                yield self._path(*before, rule, self._cleanup(inner))
            else:
                yield self._path(*before, rule)

    def _path(self, *rules: Object) -> Path:
        columns = tuple(self._columns.setdefault(rule.ref, Columns(SCHEMAS[rule.ref.kind], rule.fields)) for rule in rules)
        return Path(rules, columns, next(self._places))

    def _cleanup(self, layer: str) -> Object:
        fields = {"enabled": True, "action": self._site.layers.get(layer, {}).get("implicit-cleanup-action"), "description": ""}
        return Object(rule_ref(ACCESS, layer, _IMPLICIT), fields, native={"name": _IMPLICIT})

    def _existing(self, layer: Layer, wanted: Iterable[Pattern]) -> list:
        """The rules of others that block what is wanted, or may."""
        return [path for path in layer.shutting(wanted) if not path.last.ours]

    @staticmethod
    def _effect(rule: Object) -> str:
        return _EFFECTS[rule.ref.kind].get(rule.fields.get("action"), UNKNOWN)

    def _people(self, path: Path) -> int:
        ours = limits(self._settings.rule(ACCESS)["source"], ANY)
        levels = [(named(ours, columns.get("source", ())), columns.get("source-negate")) for columns in path.parts]
        return min(opposite(level) if negated else level for level, negated in levels)

    def _hits(self, path: Path, wanted: AbstractSet[Pattern]) -> Hits:
        wanted = frozenset(wanted)
        found = Hits(wanted)
        for rule, columns in zip(path.rules, path.parts):
            for column in ("service", "destination", *(("site-category",) if rule.ref.kind == HTTPS else ())):
                one = (self._destinations if column == "destination" else self._sites)(columns.get(column, ()), wanted)
                found = found.both(Hits(wanted - one.all, one.may) if columns.get(column + "-negate") else one)
        return found

    def _sites(self, names: Iterable[str], wanted: frozenset, seen: frozenset = frozenset()) -> Hits:
        """Services, sites, categories and their groups, each gone through once, however many rules name it; no name is everything."""
        parts = [self._about.get((name, wanted)) or self._site_hits(name, wanted, seen) for name in names] or [Hits(wanted)]
        self._about.update({(name, wanted): part for name, part in zip(names, parts) if not seen})
        return Hits.any(parts)

    def _site_hits(self, name: str, wanted: frozenset, seen: frozenset) -> Hits:
        row, site = self._named.get(name, {}), self._state.objects.get(Ref(SITE, name))
        kind, level = row.get("type"), MAY
        if site is not None:
            return self._entries(site.members["url-list"], site.fields["urls-defined-as-regular-expression"], wanted)
        if kind in ("application-site-group", "service-group") and "members" in row and name not in seen:
            return self._sites(self._members(name), wanted, seen | {name}) if row["members"] else Hits()
        if kind == "application-site" and row.get("url-list"):
            found = self._entries(row["url-list"], row.get("urls-defined-as-regular-expression"), wanted)
            return Hits(found.sure, wanted - found.sure) if Columns(SITE_SCHEMA, row).unread() else found
        if kind == "service-tcp":
            whole = not TOLD.isdisjoint(row) and not Columns(SERVICE_SCHEMA, row).unread()
            level = min(web_port(row), SURE if whole else MAY)
        return Hits(wanted).capped(NO if kind in _OTHER_SERVICES else level)

    def _members(self, name: str) -> list:
        return [one["name"] if isinstance(one, dict) else one for one in self._named.get(name, {}).get("members") or ()]

    @staticmethod
    def _entries(entries: Iterable[str], expressions: bool, wanted: frozenset) -> Hits:
        if not expressions:
            return entry_hits(entries, wanted)
        # Of expressions only those that we write are understood.
        sure = frozenset(one for one in wanted if set(render(one, "regex")) <= set(entries))
        return Hits(sure, wanted - sure)

    def _destinations(self, names: Iterable[str], wanted: frozenset) -> Hits:
        """Which networks a host is in changes by the day, but none of them is private."""
        if not names or not set(ANYWHERE).isdisjoint(names):
            return Hits(wanted)
        return Hits() if all(self._private(self._named.get(name, {})) for name in names) else Hits(may=wanted)

    def _private(self, row: dict, deep: int = 8) -> bool:
        if row.get("type") == "group":
            members = [self._site.known.get(one["uid"], one) if isinstance(one, dict) else {} for one in row.get("members") or [{}]]
            return bool(deep) and all(self._private(one, deep - 1) for one in members)
        text = {"host": row.get("ipv4-address"), "network": "%s/%s" % (row.get("subnet4"), row.get("mask-length4")),
                "address-range": "%s-%s" % (row.get("ipv4-address-first"), row.get("ipv4-address-last"))}.get(row.get("type"))
        return bool(text) and not any("6" in column for column in row) and is_private(text)

    def _access_layers(self) -> list:
        """The layer that is named, else those in which a rule blocks the hosts, else the last; of those that match sites."""
        able = [name for name, row in self._site.layers.items() if row.get("applications-and-url-filtering") and base(ACCESS, name) in self._state.rules]
        able.sort(key=lambda name: list(self._state.rules).index(base(ACCESS, name)))
        if self._settings.access_layer:
            return [name for name in able if name == self._settings.access_layer]
        shut = {str(path).partition(": ")[0] for layer in self._ordered for path in self._existing(layer, self._policy.allow)}
        return [name for name in able if name in shut] or able[-1:]


class Places(_Rules):
    """The rules that have to be there, each with what it has to be above and below."""

    def rule(self, kind: str, wanted: Iterable[Pattern]) -> Wanted:
        """:raises AccessError: refused, if there is not exactly one layer for it, or if a rule that was named is not there."""
        settings, rules, name = self._settings, self._state.rules, self._only_layer(kind) if self._state.rules else "(layer)"
        if rules:
            refuse_unknown(settings.never_above, {bare(self._state.objects[ref]) for refs in rules.values() for ref in refs}, "package %s" % settings.package)
        layer, order = self._layer(kind, name), rules.get(base(kind, name), ())
        above, below = sides(self._existing(layer, wanted), layer.level)
        stays = [path.rules[0].ref for path in below] + [ref for ref in order if bare(self._state.objects[ref]) in settings.never_above]
        ours = Object(rule_ref(kind, name, settings.name(kind)), settings.rule(kind))
        return placed(ours, base(kind, name), order, [path.rules[0].ref for path in above], stays)

    def _only_layer(self, kind: str) -> str:
        found = self._access_layers() if kind == ACCESS else [self._site.https] if self._site.https else []
        if len(found) == 1:
            return found[0]
        why = "several access layers block these hosts: set access_layer to one of %s" % ", ".join(found) if found else \
            "no HTTPS layer can be read: set https_layer" if kind == HTTPS else "it has no access layer%s in which Applications & URL Filtering is enabled" % (
                " " + self._settings.access_layer if self._settings.access_layer else "")
        raise AccessError(REFUSED, "package %s: %s" % (self._settings.package, why))


class Assessor(_Rules):
    """What a State, read or predicted, means: coverage, conflicts, losses, audience."""

    def assess(self) -> Assessment:
        found = self._found = Findings(product="checkpoint", protected=self._settings.protected)
        policy, exempt = self._policy, Index(self._policy.exempt)
        found.resolve_borrowed(self._state.objects.values())
        answers = [self._ask(layer, policy.allow, "deny") for layer in self._ordered]
        inspection = self._ask(self._inspection, policy.exempt, "decrypt")
        self._widened()
        for path in self._inspection.shutting(policy.exempt):
            for blade in path.last.fields.get("blade") or ["All"]:
                for control in sorted({BLADES[blade]} if blade in BLADES else set(BLADES.values())):
                    found.lose(control, str(path.last.ref), texts(policy.exempt))
        found.manual += ["voice (%s): this module opens no UDP; open it in the firewall layer" % one for one in policy.media]
        layers = [*(self._access_layers()[:1] if policy.allow else ()), *([self._site.https] if policy.exempt else ())]
        found.warnings += ["layer %s is shared: each other package that uses it gets the rule as well, with its next installation" % name for name in layers
                           if name in self._site.shared]
        found.warnings += ["the package %s cannot be installed: %s" % (self._settings.package, one) for one in self._site.misplaced]
        found.warnings += ["%s has %s unpublished changes and holds %s objects locked; these are not a part of this installation" % (
            one.get("user-name"), one.get("changes"), one.get("locks")) for one in self._site.unpublished]
        found.warnings += ["%s published %s on %s, which is not installed yet" % (
            one.get("user-name"), one.get("name") or "a session", (one.get("publish-time") or {}).get("iso-8601")) for one in self._site.published]
        found.coverage = [self._coverage(pattern, answers, inspection, exempt.covering(pattern)) for pattern in policy.allow]
        return found

    def _ask(self, layer: Layer, wanted: Iterable[Pattern], effect: str) -> tuple:
        """(the Answer of a layer, {pattern: the first rule that may allow it})"""
        opened: dict = {}
        for path in layer.rules:
            opened.update({one: opened.get(one, path) for one in layer.reach(path, wanted).may if layer.effect(path) == ALLOW})

        def told(path: Path, hits: Hits) -> None:
            rule, certain = path.last, [one for one in hits.sure if not _before(opened.get(one), path)]
            if rule.ours:
                return
            doubts = () if certain else (*layer.doubts(path), *("it applies to %s%s" % (
                "all but " * bool(one.fields.get("source-negate")), ", ".join(map(str, one.fields["source"]))) for one in path.rules
                if one.fields.get("source", [ANY]) != [ANY]))
            remedy = switched_off(rule.ref, "enabled", True, False, rule.fields["description"]) if bare(rule) != _IMPLICIT else ()
            opens = "everything else that this rule %ss" % ("block" if effect == "deny" else effect) if remedy else "change it by hand"
            about = [str(name) for column in ("service", "site-category", "destination") for name in rule.fields.get(column) or () if name != ANY]
            self._found.conflict(rule.ref, effect, str(rule.ref), "%s %s" % (rule.fields.get("action"), ", ".join(about) or "everything"),
                                 texts(certain or hits.all), bool(certain), remedy, opens, bare(rule), doubts)
        return layer.ask(wanted, told), opened

    @staticmethod
    def _said(asked: tuple, pattern: Pattern, does: str) -> tuple:
        """(the word, a note, the rule that opens it). What a rule blocks below one that may allow it is not certain."""
        answer, first = asked[0], asked[1].get(pattern)
        word, note = answer.said(pattern, str, does)
        note = note or "the implicit cleanup %ss it" % does if word == "no" else note
        word, note = ("unchecked", "%s, unless %s applies" % (note, first)) if word == "no" and _before(first, answer.shut.get(pattern)) else (word, note)
        return word, note, str(answer.open[pattern]) if pattern in answer.open else None

    def _widened(self) -> None:
        settings, found = self._settings, {}
        for layer in [self._layer(ACCESS, name) for name in self._access_layers()[:1]]:
            names = [bare(path.rules[0]) for path in crossed(self._existing(layer, self._policy.allow), layer.level)]
            found.update({crossing(name, "these hosts"): None for name in names if name not in settings.never_above})
        # What a rule does with the category of our sites it would do with these hosts, for its own people; but to block them.
        for layer in (*self._ordered, self._inspection):
            for path in layer.rules:
                naming = [rule for rule in path.rules if self._names_category(rule)]
                negated = any(rule.fields.get(column) for rule in naming for column in ("service-negate", "site-category-negate"))
                if naming and not path.last.ours and (naming != [path.last] or negated or layer.effect(path) != DENY):
                    found["%s is about category %s and would apply to these hosts as well; set category to another one" % (
                        naming[0].ref.name, settings.category)] = None
        self._found.audience_widened += found

    def _names_category(self, rule: Object) -> bool:
        waiting = [one for column in ("service", "site-category") for one in rule.fields.get(column) or ()]
        for one in waiting:
            waiting += [inner for inner in self._members(one) if inner not in waiting]
        return self._settings.category in waiting

    def _coverage(self, pattern: Pattern, answers: list, inspection: tuple, covering: Pattern | None) -> Coverage:
        said = [self._said(asked, pattern, "block") for asked in answers] or [("unchecked", "", None)]
        exempt = ("not wanted", "", None) if covering is None else self._said(inspection, covering, "decrypt")
        if covering is not None and not self._site.https:
            exempt = "unchecked", "the package has no HTTPS layer that can be read", None
        notes = ["widened: also hosts that begin with it, such as %s.crime.example" % pattern.name] if self._settings.entries == "open" else []
        notes += [note for _word, note, _by in (*said, exempt) if note]
        by = [name for _word, _note, name in said if name]
        ours = [name for name in by if name.endswith(self._settings.name(ACCESS))]
        return coverage(pattern, together(one[0] for one in said), exempt[0], (ours or by or [None])[-1], exempt[2] if exempt[0] == "yes" else None, notes)


def _before(first: Path | None, path: Path | None) -> bool:
    """Whether ``first`` is above ``path``; without a path, above the end of its layer."""
    return first is not None and (path is None or first.at < path.at)
