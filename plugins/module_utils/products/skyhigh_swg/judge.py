# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Skyhigh Secure Web Gateway means for a policy: which rules act on its hosts, and for whom. Reads nothing and writes nothing."""
from __future__ import annotations

import re
from typing import Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import (
    DISABLED, LIST, SITE_LIST, Settings, Site, entries, kind_of,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import (
    OUTSIDER, Criterion, Entries, Judge, Path, Rule, RuleSet, about, wide,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE

#: Words in the names of rule sets, and of the engines that their rules start, of what looks into decrypted traffic.
_CONTROLS = {"av": r"anti.?malware|anti.?virus|\bgam\b", "sandbox": r"sandbox|threat.?defen[sc]e|\batd\b|\btie\b", "dlp": r"\bdlp\b|data.?loss|data.?trickl",
             "file_control": r"media.?type|file.?type|upload", "casb": r"application.?control|casb|shadow.?it"}
_NO_CHECK = "tunnelled: the gateway does not check the server's certificate"


class Assessor:
    """What a State of this gateway means for a policy."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._exempt = Index(policy.exempt)
        self._found = Findings(product="skyhigh", protected=settings.protected)
        self._judge = Judge(site.sets, self._lists(), settings.groups, settings.https_rule_sets, self._signs_in)
        held = {title: state.objects.get(Ref(LIST, title)) for title in settings.titles}
        self._own = {title: Entries("regex", obj.members["entries"] if obj is not None else ()) for title, obj in held.items()}
        self._last_sign_in = max([rule.position for top in site.sets for rule in self._signing_in(top)], default=0)
        self._paths = {pattern: [self._judge.path(pattern, who) for who in settings.groups or (None,)] for pattern in policy.allow}
        self._blocking: dict = {}
        self._site_entries: dict = {}

    def _lists(self) -> dict:
        """Id to (kind, entries) of the lists that rules refer to, as the State has them."""
        found = {}
        for identity, (title, node) in self._site.known.items():
            if title in self._settings.titles:
                obj = self._state.objects.get(Ref(LIST, title))
                held = tuple(sorted(obj.members["entries"])) if obj is not None else ()
            else:
                obj = self._state.objects.get(Ref(SITE_LIST, title or ""))
                disabled = set(obj.fields["disabled"]) if obj is not None else set()
                plain = [entry[len(DISABLED):] if entry.startswith(DISABLED) else entry for entry in entries(node)]
                held = tuple(entry for entry in plain if entry not in disabled)
            found[identity] = (kind_of(node), held)
        return found

    def assess(self) -> Assessment:
        found, scanned = self._found, self._settings.scan_conflicts
        found.resolve(ref for ref, obj in self._state.objects.items() if obj.borrowed)
        if scanned and self._policy.allow:
            self._conflicts()
            self._losses()
            self._wiring()
            self._audience()
        found.coverage = [self._coverage(pattern) for pattern in self._policy.allow]
        found.manual += ["voice (%s): no UDP passes through an HTTP proxy; open it on the firewall" % one for one in self._policy.media]
        return found

    # -- authentication

    def _signs_in(self, rules: RuleSet) -> bool:
        if rules.title in self._settings.authentication_rule_sets or re.search("authenticat", rules.title, re.I):
            return True
        return any(rule.action.startswith("authenticat") for rule in rules.rules if rule.enabled)

    def _signing_in(self, rules: RuleSet) -> Iterator[Rule]:
        """The enabled rules of the rule sets that sign people in."""
        if rules.enabled and rules.request:
            if self._signs_in(rules):
                yield from rules.walk()
            else:
                for child in rules.children:
                    yield from self._signing_in(child)

    def _too_early(self, path: Path) -> bool:
        """Whether the rule that lets it pass stands above authentication, which nobody would then be asked for."""
        return path.verdict == "allow" and path.by.position < self._last_sign_in

    # -- what is in force

    def _coverage(self, pattern: Pattern) -> Coverage:
        covering = self._exempt.covering(pattern)
        wanted = covering is not None
        if not self._settings.scan_conflicts:
            return Coverage(str(pattern), "unchecked", "unchecked" if wanted else "not wanted", note="rule sets were not read (scan_conflicts)")
        paths, notes = self._paths[pattern], []
        early = any(self._too_early(path) for path in paths)
        # A rule that may block this host is doubt enough; one that says nothing about hosts is about a part of the people.
        doubts = {rule.label: named for path in paths for rule, level, named in path.blocks if level == MAY}
        allowed = all(path.verdict == "allow" for path in paths) and not early and not any(doubts.values())
        notes += ["%s stands above authentication" % paths[0].by.label] if early else []
        notes += ["%s blocks it" % path.by.label for path in paths if path.verdict == "block"][:1]
        if any(not path.verdict for path in paths):
            held = self._held(self._settings.allow_list, pattern)
            unsure = "".join("; %s may not apply" % label for label in self._site.referring(self._settings.allow_list)[:1])
            notes.append("no rule is known to let it pass" + unsure if held else "%s does not hold it" % self._settings.allow_list)
        notes += ["%s may block it" % label if named else "%s may block a part of the people" % label for label, named in doubts.items()]
        decrypted = next((path.decrypted_by for path in paths if path.decrypts != NO), None)
        exempt = wanted and allowed and decrypted is None and self._held(self._settings.exempt_list, pattern)
        if exempt:
            notes.append(_NO_CHECK)
        elif wanted and decrypted:
            notes.append("%s decrypts it" % decrypted)
        elif wanted and not self._held(self._settings.exempt_list, pattern):
            notes.append("it is not in %s" % self._settings.exempt_list)
        return coverage(pattern, "yes" if allowed else "no", "not wanted" if not wanted else "yes" if exempt else "no",
                        paths[0].by.label if allowed else None, self._spared_by(pattern) if exempt else None, notes)

    def _held(self, title: str, pattern: Pattern) -> bool:
        return self._own[title].level(pattern) == SURE

    def _spared_by(self, pattern: Pattern) -> str | None:
        rules = self._site.referring(self._settings.exempt_list)
        return rules[0] if rules else self._paths[pattern][0].by.label

    # -- what stands in the way

    def _conflicts(self) -> None:
        for pattern, paths in self._paths.items():
            for rule in {block[0].position: block[0] for path in paths for block in path.blocks}.values():
                hits = [(level, named) for path in paths for blocked, level, named in path.blocks if blocked is rule]
                if any(named for _level, named in hits):
                    self._blocked(rule, pattern, len(hits) == len(paths) and all(level == SURE for level, _named in hits))
        wired = self._site.referring(self._settings.allow_list)
        for where, (ref, rules, patterns) in self._blocking.items():
            certain, remedy, opens = any(patterns.values()), *self._remedy(ref, rules, list(patterns))
            # Without a rule of ours everything below where it belongs is in the way; that is told once, under manual.
            if wired or certain or remedy:
                self._found.conflict(where, "deny", where, "; ".join(rule.label for rule in rules.values()), patterns, certain, remedy, opens)

    def _blocked(self, rule: Rule, pattern: Pattern, certain: bool) -> None:
        """By its list where it has one: to take entries out of the way is all that can be done from here."""
        named = [self._site.title_of(token.listed) for token in rule.condition if isinstance(token, Criterion) and token.listed]
        refs = [Ref(SITE_LIST, title) for title in named if title and Ref(SITE_LIST, title) in self._state.objects and self._offending(title, [pattern])]
        where = str(refs[0]) if refs else rule.label
        _ref, rules, patterns = self._blocking.setdefault(where, (refs[0] if refs else None, {}, {}))
        rules[rule.position] = rule
        patterns[pattern] = certain or patterns.get(pattern, False)

    def _remedy(self, ref: Ref | None, rules: dict, patterns: Iterable[Pattern]) -> tuple:
        """(Changes, what they open)"""
        if ref is None:
            return (), "the rule names these hosts in no list that could be changed here; change the rule"
        if ({ref.name} | {name for rule in rules.values() for name in (rule.name, rule.where)}) & set(self._settings.protected):
            return (), "protected"
        offending = self._offending(ref.name, patterns)
        broad = [entry for entry in offending if wide(entry) or entry.lower().startswith("regex(")]
        if broad:
            return (), "%s is about more than these hosts; change the rule" % ", ".join(broad)
        old = self._state.objects[ref].fields["disabled"]
        return (Change(ref, UPDATE, {"disabled": (old, sorted(set(old) | set(offending)))}),), \
            "whatever else these entries are about, in every rule that refers to this list: %s" % ", ".join(offending)

    def _offending(self, title: str, patterns: Iterable[Pattern]) -> list:
        """The entries of a list of the site that are about one of the patterns and not out of the way yet."""
        if title not in self._site_entries:
            obj = self._state.objects[Ref(SITE_LIST, title)]
            plain = [entry[len(DISABLED):] if entry.startswith(DISABLED) else entry for entry in entries(obj.native["xml"])]
            disabled, kind = set(obj.fields["disabled"]), kind_of(obj.native["xml"])
            # Only those that are about any wanted host are looked at again.
            self._site_entries[title] = kind, about([entry for entry in plain if entry not in disabled], kind, self._policy.allow)
        kind, near = self._site_entries[title]
        return about(near, kind, patterns)

    # -- who else is reached, what is lost, what is missing

    def _audience(self) -> None:
        """Whom the rules let pass that stand on our lists, besides the groups that were named."""
        if not self._settings.groups:
            return
        told = set()
        for pattern, paths in self._paths.items():
            path = self._judge.path(pattern, OUTSIDER)
            ours = {rule.by.label for rule in paths if rule.verdict == "allow"}
            if path.verdict == "allow" and path.by.label in ours and path.by.label not in told:
                told.add(path.by.label)
                self._found.audience_widened.append("%s lets people pass who are in none of the groups %s" % (path.by.label, ", ".join(self._settings.groups)))
            spares = path.decrypts == NO and self._exempt.covering(pattern) is not None and path.verdict != "block" and path.spared
            if spares and "spared" not in told:
                told.add("spared")
                self._found.audience_widened.append("the exemption from TLS inspection holds for everybody who reaches these hosts: %s" % (
                    ", ".join(self._site.referring(self._settings.exempt_list))))

    def _losses(self) -> None:
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        inspecting = [top for top in self._site.sets if top.enabled and (top.title in self._settings.https_rule_sets or any(
            "ssl" in engine.lower() for rule in top.walk() for engine in rule.engines))]
        if not hosts or not inspecting:
            return
        seen = set()
        for top in self._site.sets:
            words = " ".join([top.title] + [word for rule in top.walk() for word in (rule.name,) + rule.engines])
            for control, pattern in _CONTROLS.items():
                if top.enabled and control not in seen and re.search(pattern, words, re.I):
                    seen.add(control)
                    self._found.lose(control, "rule set %s" % top.title, hosts + self._passed(top))
        if not seen:
            self._found.lose("av", "whatever rule set looks into what %s decrypts" % inspecting[0].title, hosts)
        self._tenants()

    def _passed(self, top: RuleSet) -> tuple:
        """What stays decrypted and still never gets to a rule set of the request cycle, since a rule ends the cycle above it."""
        first = min([rule.position for rule in top.walk()], default=0)
        return tuple(str(pattern) for pattern, paths in self._paths.items() if top.request and self._exempt.covering(pattern) is None
                     and any(path.verdict == "allow" and path.by.position < first for path in paths))

    def _tenants(self) -> None:
        rules = [rule for top in self._site.sets if top.enabled for rule in top.walk()]
        for rule in [rule for rule in rules if WORKSPACE_HEADER in rule.words.lower()]:
            needed = tuple(pattern for pattern in self._policy.exempt if self._judge.level(rule.condition, pattern, None) != NO)
            if needed:
                self._found.tenant_controls.append(TenantControl(rule.label, needed))

    def _wiring(self) -> None:
        """What a person has to do once in the rule sets."""
        found, settings = self._found, self._settings
        if not settings.somebody:
            return
        doors = [top.title for top in self._site.sets if top.enabled and self._signs_in(top)]
        who = "users in %s" % " or ".join(settings.groups) if settings.groups else "everybody"
        below = "below %s" % ", ".join(doors) if doors else "below whatever authenticates (none was recognised: name it in authentication_rule_sets)"
        places = {settings.allow_list: "below HTTPS scanning and above the first rule set that blocks by URL or category",
                  settings.exempt_list: "directly above HTTPS scanning"}
        for title, place in places.items():
            if not self._site.referring(title) and (title == settings.allow_list or self._policy.exempt):
                found.manual.append(
                    "no enabled rule refers to the list %s, so it decides nothing. Once: import diagnosis.rule_sets[\"%s\"], saved as a file, as a rule "
                    "set, keep the existing list where the import asks, and move it %s and %s. Should this release not take the file, make the rule by "
                    "hand: in the request cycle, URL.Host matches in list %s, URL.Port equals 443, %s: Stop Cycle" % (title, title, below, place, title, who))
        if self._policy.exempt and doors and not self._site.referring(settings.exempt_list):
            found.manual.append("where HTTPS scanning stands above authentication, put the rule about %s into the rule set that handles CONNECT instead, as "
                                "its first rule, for everybody, with Stop Rule Set" % settings.exempt_list)
        if settings.groups and not doors:
            found.manual.append("no enabled rule set that authenticates was recognised, and without one no rule knows user groups: name it in "
                                "authentication_rule_sets, or check that there is one")
        early = sorted({path.by.label for paths in self._paths.values() for path in paths if self._too_early(path)})
        found.manual += ["%s stands above authentication (%s): move it below, since nobody is signed in there" % (label, ", ".join(doors)) for label in early]
