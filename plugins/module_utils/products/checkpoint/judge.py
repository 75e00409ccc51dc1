# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where our rules stand in a policy package, and what it means for a policy. No IO.

A connection has to be accepted by every ordered layer; in each the first rule that matches decides, and a rule that applies an inline layer leaves it to that
layer for good, its implicit cleanup included. The first HTTPS rule that matches decides whether it is decrypted; without one it is not (R81 administration
guides, "Ordered Layers and Inline Layers", "HTTPS Inspection"). Which hosts an application or category of the vendor has, no API tells.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import AbstractSet, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.model import (
    ACCESS, ANY, ANYWHERE, HTTPS, SCHEMAS, SITE, SITE_SCHEMA, Settings, Site, bare, base, entry_hits, render, rule_ref,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, UNKNOWN, Answer, Hits, Layer, crossed, crossing, opposite, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off

#: Ask stops a client that is no browser. Inform may, and the authentication actions depend on who has signed in: these are unknown.
_EFFECTS = {ACCESS: {"Accept": ALLOW, "Drop": DENY, "Reject": DENY, "Ask": DENY}, HTTPS: {"Bypass": ALLOW, "Inspect": DENY}}
_CLEANUP = {"accept": "Accept", "drop": "Drop"}
INLINE, IMPLICIT = "Apply Layer", "implicit cleanup"
#: {blade: what the exemption takes from it}. A word that is not here may stand for each.
_BLADES = {"Anti Virus": "av", "Anti Bot": "anti_spyware", "IPS": "ips", "Threat Emulation": "sandbox", "DLP": "dlp", "Data Loss Prevention": "dlp",
           "Data Awareness": "file_control", "Content Awareness": "file_control", "Application Control": "app_control", "Url Filtering": "app_control",
           "URL Filtering": "app_control"}
_FEATURES = {"service-udp": NO, "service-icmp": NO, "service-icmp6": NO, "service-sctp": NO}


@dataclass(frozen=True, eq=False)
class Path:
    """A rule, behind the rules that apply the inline layers which it is in. All of them have to match."""

    rules: tuple

    @property
    def ours(self) -> bool:
        return self.rules[-1].ours

    def __str__(self) -> str:
        return self.rules[-1].ref.name


class _Joined:
    """The Columns of the rules of a Path."""

    def __init__(self, parts: list):
        self._parts = parts

    def unread(self) -> tuple:
        return tuple(column for part in self._parts for column in part.unread())

    def turned(self) -> bool:
        return any(part.turned() for part in self._parts)


class Rules:
    """What the rules of a State are about, and what they do."""

    def __init__(self, settings: Settings, site: Site, state: State):
        self._settings, self._site, self._state = settings, site, state
        self._read: dict = {}
        self._joined: dict = {}

    def layer(self, kind: str, name: str) -> Layer:
        """The rules of a layer, each with what its inline layers have in its place."""
        cleanup = {DENY: DENY, ALLOW: ALLOW}.get(self._effect_of(self._cleanup(name)), UNKNOWN) if kind == ACCESS else ALLOW
        return Layer(list(self._paths(kind, name)), self._people, self._hits, lambda path: self._effect_of(path.rules[-1]), self._columns, cleanup)

    @cached_property
    def ordered(self) -> list:
        """Of each ordered layer one Layer."""
        return [self.layer(ACCESS, name) for name in self._site.ordered]

    @cached_property
    def inspection(self) -> Layer:
        return self.layer(HTTPS, self._site.https or "")

    def _paths(self, kind: str, name: str, before: tuple = ()) -> Iterator[Path]:
        for ref in self._state.rules.get(base(kind, name), ()):
            rule = self._state.objects[ref]
            inner = rule.fields.get("inline-layer") if rule.fields.get("action") == INLINE else None
            if not rule.fields["enabled"]:
                continue
            if inner is None or base(kind, inner) not in self._state.rules or any(one.fields.get("inline-layer") == inner for one in before):
                yield Path((*before, rule))
                continue
            yield from self._paths(kind, inner, (*before, rule))
            yield Path((*before, rule, self._cleanup(inner)))

    def _cleanup(self, layer: str) -> Object:
        action = _CLEANUP.get(self._site.layers.get(layer, {}).get("implicit-cleanup-action"))
        return Object(rule_ref(ACCESS, layer, IMPLICIT), {"enabled": True, "action": action, "description": ""}, native={"name": IMPLICIT})

    # -- what a Layer asks

    def _columns(self, path: Path) -> _Joined:
        if id(path) not in self._joined:
            self._joined[id(path)] = path, _Joined([self._of(rule) for rule in path.rules])
        return self._joined[id(path)][1]

    def _of(self, rule: Object) -> Columns:
        if rule.ref not in self._read:
            self._read[rule.ref] = Columns(SCHEMAS[rule.ref.kind], rule.fields)
        return self._read[rule.ref]

    @staticmethod
    def _effect_of(rule: Object) -> str:
        return _EFFECTS[rule.ref.kind].get(rule.fields.get("action"), UNKNOWN)

    def _people(self, path: Path) -> int:
        ours, levels = limits(self._settings.rule(ACCESS)["source"], ANY), []
        for columns in map(self._of, path.rules):
            level = named(ours, columns.get("source", ()))
            levels.append(opposite(level) if columns.get("source-negate") else level)
        return min(levels)

    def _hits(self, path: Path, wanted: AbstractSet[Pattern]) -> Hits:
        wanted = frozenset(wanted)
        found = Hits(wanted)
        for columns, rule in zip(map(self._of, path.rules), path.rules):
            for column in ("service", "destination", *(("site-category",) if rule.ref.kind == HTTPS else ())):
                tell = self._destinations if column == "destination" else self._sites
                one = tell(columns.get(column, ()), wanted)
                if columns.get(column + "-negate"):
                    one = Hits(wanted - one.all, one.may)
                sure = found.sure & one.sure
                found = Hits(sure, (found.all & one.all) - sure)
        return found

    # -- what the names in a rule stand for

    def _sites(self, names: Iterable[str], wanted: frozenset, seen: frozenset = frozenset()) -> Hits:
        """Of services, sites, categories and their groups; none is everything."""
        if not names:
            return Hits(wanted)
        sure, may = set(), set()
        for name in names:
            one = self._site_hits(name, wanted, seen)
            sure |= one.sure
            may |= one.may
        return Hits(frozenset(sure), frozenset(may - sure))

    def _site_hits(self, name: str, wanted: frozenset, seen: frozenset) -> Hits:
        row, site = self._site.named(name), self._state.objects.get(Ref(SITE, name))
        if site is not None:
            return self._entries(site.members["url-list"], site.fields["urls-defined-as-regular-expression"], wanted)
        kind = row.get("type")
        if kind in ("application-site-group", "service-group") and "members" in row and name not in seen:
            members = self._members(name)
            return self._sites(members, wanted, seen | {name}) if members else Hits()
        if kind == "application-site" and row.get("url-list"):
            found = self._entries(row["url-list"], row.get("urls-defined-as-regular-expression"), wanted)
            return Hits(found.sure, wanted - found.sure) if Columns(SITE_SCHEMA, row).unread() else found
        if kind == "service-tcp":
            level = port_level([str(row.get("port", "?"))], (443,))
            return Hits(wanted).capped(min(level, MAY) if row.get("source-port") or row.get("match-by-protocol-signature") else level)
        return Hits(wanted).capped(_FEATURES.get(kind, MAY))

    def names(self, rule: Object, name: str) -> bool:
        """Whether a rule names a site or category, or a group with it."""
        waiting = [one for column in ("service", "site-category") for one in rule.fields.get(column) or ()]
        for one in waiting:
            waiting += [inner for inner in self._members(one) if inner not in waiting]
        return name in waiting

    def _members(self, name: str) -> list:
        return [one["name"] if isinstance(one, dict) else one for one in self._site.named(name).get("members") or ()]

    def _entries(self, entries: Iterable[str], expressions: bool, wanted: frozenset) -> Hits:
        if not expressions:
            return entry_hits(entries, wanted)
        # Of expressions only those that we write are understood.
        sure = frozenset(one for one in wanted if set(render(one, "regex")) <= set(entries))
        return Hits(sure, wanted - sure)

    def _destinations(self, names: Iterable[str], wanted: frozenset) -> Hits:
        """Of addresses. Which networks a host is in changes by the day, but none of them is private."""
        if not names or not set(ANYWHERE).isdisjoint(names):
            return Hits(wanted)
        return Hits() if all(self._private(self._site.named(name)) for name in names) else Hits(may=wanted)

    def _private(self, row: dict, deep: int = 8) -> bool:
        if row.get("type") == "group" and deep:
            members = [one if isinstance(one, dict) else self._site.known.get(one, {}) for one in row.get("members", ({},))]
            return all(self._private(self._site.known.get(one.get("uid"), one), deep - 1) for one in members)
        if any("6" in column and row.get(column) for column in row if column.startswith(("ipv", "subnet"))):
            return False
        text = {"host": row.get("ipv4-address"), "network": "%s/%s" % (row.get("subnet4"), row.get("mask-length4")),
                "address-range": "%s-%s" % (row.get("ipv4-address-first"), row.get("ipv4-address-last"))}.get(row.get("type"))
        try:
            return bool(text) and all(network.is_private for network in networks_of(text))
        except ValueError:
            return False


class Places:
    """The rules that have to be there, each with what it has to be above and below."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        """:raises AccessError: refused, for a rule that was named and is not there."""
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self.rules = Rules(settings, site, state)
        if state.rules:
            refuse_unknown(settings.never_above, {bare(state.objects[ref]) for refs in state.rules.values() for ref in refs}, "package %s" % settings.package)

    def rule(self, kind: str, wanted: Iterable[Pattern]) -> Wanted:
        name = (self._settings.https_layer or self._site.https) if kind == HTTPS else self.access_layer()
        layer, order = self.rules.layer(kind, name or ""), self._state.rules.get(base(kind, name or ""), ())
        above, below = sides([path for path in layer.shutting(wanted) if not path.ours], layer.level)
        stays = [path.rules[0].ref for path in below] + [ref for ref in order if bare(self._state.objects[ref]) in self._settings.never_above]
        ours = Object(rule_ref(kind, name or "(the layer)", self._settings.name(kind)), self._settings.rule(kind))
        return placed(ours, base(kind, name or "(the layer)"), order, [path.rules[0].ref for path in above], stays)

    def access_layer(self) -> str | None:
        """The layer for our rule: the one that is named, else the one in which a rule blocks the hosts, else the last. None without contact.

        :raises AccessError: refused, if it does not match sites, or if there are several.
        """
        if not self._site.layers:
            return self._settings.access_layer
        able = [name for name in self._reached() if self._site.layers.get(name, {}).get("applications-and-url-filtering")]
        if self._settings.access_layer:
            able = [name for name in able if name == self._settings.access_layer]
        if not able:
            raise AccessError(REFUSED, "package %s has no access layer%s with Applications & URL Filtering: enable it in the layer that decides about the web, or "
                                       "set access_layer" % (self._settings.package, " " + self._settings.access_layer if self._settings.access_layer else ""))
        shut = {path.rules[-1].ref.name.partition(": ")[0] for layer in self.rules.ordered for path in layer.shutting(self._policy.allow) if not path.ours}
        deciding = [name for name in able if name in shut] or able[-1:]
        if len(deciding) > 1:
            raise AccessError(REFUSED, "several access layers of package %s block these hosts: set access_layer to one of %s" % (
                self._settings.package, ", ".join(deciding)))
        return deciding[0]

    def _reached(self) -> list:
        """The ordered layers, and the inline layers in them."""
        found = list(self._site.ordered)
        for name in found:
            rules = map(self._state.objects.get, self._state.rules.get(base(ACCESS, name), ()))
            found += [inner for inner in (rule.fields.get("inline-layer") for rule in rules) if inner and inner not in found]
        return found


class Assessor:
    """What a State, read or predicted, means: coverage, conflicts, losses, audience."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._rules = Rules(settings, site, state)
        self._found = Findings(product="checkpoint", protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, policy = self._found, self._policy
        found.resolve_borrowed(self._state.objects.values())
        answers = [self._ask(layer, policy.allow, "deny") for layer in self._rules.ordered]
        inspection = self._ask(self._rules.inspection, policy.exempt, "decrypt")
        self._widened()
        self._shared_category()
        self._losses()
        found.manual += ["voice (%s): this module opens no UDP; open it in the firewall layer" % one for one in policy.media]
        found.warnings += ["%s has %s unpublished changes and holds %s objects locked; these are not a part of this installation" % (
            one.get("user-name"), one.get("changes"), one.get("locks")) for one in self._site.unpublished]
        found.warnings += ["%s published %s on %s, which is not installed yet" % (one.get("user-name"), one.get("name") or "a session", _when(one))
                           for one in self._site.published]
        found.coverage = [self._coverage(pattern, answers, inspection) for pattern in policy.allow]
        return found

    def _ask(self, layer: Layer, wanted: Iterable[Pattern], effect: str) -> _Said:
        perhaps, wanted = {}, frozenset(wanted)
        for path in layer.rules:
            if layer.effect(path) == ALLOW:
                perhaps.update({pattern: path for pattern in layer.reach(path, wanted).may})

        def told(path: Path, hits: Hits) -> None:
            rule, at = path.rules[-1], layer.rules.index(path)
            certain = {one for one in hits.sure if one not in perhaps or layer.rules.index(perhaps[one]) > at}
            doubts = () if certain else (*layer.doubts(path), *self._about(path))
            if not path.ours:
                remedy = switched_off(rule.ref, "enabled", True, False, rule.fields["description"]) if bare(rule) != IMPLICIT else ()
                opens = "everything else that this rule %ss" % {"deny": "block"}.get(effect, effect) if remedy else "no rule can be disabled for this"
                self._found.conflict(rule.ref, effect, str(rule.ref), _text(rule), texts(certain or hits.all), bool(certain), remedy, opens, bare(rule), doubts)
        return _Said(layer.ask(wanted, told), perhaps)

    @staticmethod
    def _about(path: Path) -> list:
        return ["it applies to %s%s" % ("all but " * bool(rule.fields.get("source-negate")), ", ".join(map(str, rule.fields["source"])))
                for rule in path.rules if rule.fields.get("source", [ANY]) != [ANY]]

    def _widened(self) -> None:
        try:
            name = Places(self._settings, self._site, self._policy, self._state).access_layer()
        except AccessError:
            # It has no place there.
            return
        layer = self._rules.layer(ACCESS, name or "")
        rules = {path.rules[0].ref: bare(path.rules[0]) for path in crossed([path for path in layer.shutting(self._policy.allow) if not path.ours], layer.level)}
        self._found.audience_widened += [crossing(name, "these hosts") for name in rules.values() if name not in self._settings.never_above]

    def _shared_category(self) -> None:
        """What else a rule does with the category of our sites it would do with these hosts, for its own people."""
        category, found = self._settings.category, {}
        for layer in (*self._rules.ordered, self._rules.inspection):
            for path in layer.rules:
                names = [rule for rule in path.rules if self._rules.names(rule, category)]
                negated = any(rule.fields.get(column) for rule in names for column in ("service-negate", "site-category-negate"))
                if names and not path.ours and (names != [path.rules[-1]] or negated or layer.effect(path) != DENY):
                    found["%s is about category %s and would apply to these hosts as well; set category to another one" % (names[0].ref.name, category)] = None
        self._found.audience_widened += found

    def _losses(self) -> None:
        for path in self._rules.inspection.shutting(self._policy.exempt):
            rule = path.rules[-1]
            for blade in rule.fields.get("blade") or ["All"]:
                for control in sorted({_BLADES[blade]} if blade in _BLADES else set(_BLADES.values())):
                    self._found.lose(control, str(rule.ref), texts(self._policy.exempt))

    def _coverage(self, pattern: Pattern, answers: list, inspection: _Said) -> Coverage:
        said, by = [answer.said(pattern) for answer in answers], [answer.opened_by(pattern) for answer in answers]
        notes = ["widened: also hosts that begin with %s, such as %s.crime.example" % (pattern.name, pattern.name)] if self._settings.entries == "open" else []
        notes += [note for _word, note in said]
        allowed = together(word for word, _note in said) if said else "unchecked"
        exempt, covering, exempt_by = "not wanted", self._exempt.covering(pattern), None
        if covering is not None:
            exempt, note = inspection.said(covering, "decrypt") if self._site.https else ("unchecked", "the package has no HTTPS layer that can be read")
            exempt_by = inspection.opened_by(covering) if exempt == "yes" else None
            notes.append(note)
        ours = [name for name in by if name and name.endswith(self._settings.name(ACCESS))]
        return coverage(pattern, allowed, exempt, (ours or by or [None])[-1], exempt_by, filter(None, notes))


class _Said:
    """The Answer of a layer; what a rule blocks below one that perhaps allows it is not certain."""

    def __init__(self, answer: Answer, perhaps: dict):
        self._answer, self._perhaps = answer, perhaps

    def said(self, pattern: Pattern, does: str = "block") -> tuple:
        word, note = self._answer.said(pattern, str, does)
        if word == "no" and pattern in self._perhaps:
            return "unchecked", "; ".join(filter(None, (note, "unless %s applies" % self._perhaps[pattern])))
        return word, note or ("the implicit cleanup blocks it" if word == "no" else "")

    def opened_by(self, pattern: Pattern) -> str | None:
        path = self._answer.open.get(pattern)
        return str(path) if path else None


def _text(rule: Object) -> str:
    columns = ("service", "site-category", "destination")
    about = [str(name) for column in columns for name in rule.fields.get(column) or () if name != ANY]
    return "%s %s" % (rule.fields.get("action"), ", ".join(about) or "everything")


def _when(session: dict) -> str:
    return str((session.get("publish-time") or {}).get("iso-8601", "an unknown date"))


__all__ = ["SURE", "Assessor", "Places", "Rules"]
