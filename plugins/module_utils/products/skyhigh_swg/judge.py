# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Skyhigh Secure Web Gateway means for a policy: which rules act on its hosts, and for whom. Reads nothing and writes nothing.

It is longer than other judges, since no rule of ours is written here: besides what the rules do, it has to say where a person puts them.
"""
from __future__ import annotations

import re
from typing import Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.conditions import CONNECT, OUTSIDER, REQUEST, Conditions
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.cycles import Cycles, Passage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.hosts import Entries, about, wide
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import (
    DISABLED, LIST, SITE_LIST, Settings, Site, entries, is_plain, kind_of, render,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule, RuleSet, readable
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, together,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, MAY, NO, SURE, UNKNOWN

#: Words in the names of rule sets and rules, of the engines that they start and of the properties that they test, of what looks into decrypted traffic.
_CONTROLS = {"av": r"anti.?malware|anti.?virus|\bgam\b", "sandbox": r"sandbox|threat.?defen[sc]e|\batd\b|\btie\b", "dlp": r"\bdlp\b|data.?loss|data.?trickl",
             "file_control": r"media.?type|file.?type|upload", "casb": r"\bcasb\b|shadow.?it", "icap": r"\bicap\b|req.?mod|resp.?mod",
             "app_control": r"application.?control|\bapplication\.(name|function)", "ips": r"\bips\b|intrusion", "anti_spyware": r"spyware|bot.?net"}
_NO_CHECK = "tunnelled: the gateway does not check the server's certificate"


class Assessor:
    """What a State of this gateway means for a policy."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._exempt = Index(policy.exempt)
        self._found = Findings(product="skyhigh", protected=settings.protected)
        held = {title: state.objects.get(Ref(LIST, title)) for title in settings.titles}
        self._own = {title: Entries("regex", obj.members["entries"] if obj is not None else ()) for title, obj in held.items()}
        self._lists, compared = self._readable_lists(), {}
        self._cycles = self._cycles_of(self._lists, compared)
        #: As it will be: whom rules on a list let pass has to be told before the list holds anything.
        self._later = self._cycles_of(self._lists_to_be(), compared)
        self._ours = {rule.position for title in settings.titles for rule in site.rules_on(title)}
        self._last_sign_in = {level: max([rule.position for top in site.sets for rule in self._signing_in(top, level)], default=0) for level in (MAY, SURE)}
        self._passages = [Passage(self._cycles, who, frozenset(policy.allow)) for who in settings.groups or (None,)]
        self._blocking: dict = {}
        self._applying: dict = {}
        self._site_entries: dict = {}

    def _cycles_of(self, lists: dict, compared: dict) -> Cycles:
        settings = self._settings
        conditions = Conditions(lists, settings.groups, compared)
        return Cycles(self._site.sets, conditions, settings.https_rule_sets, settings.authentication_rule_sets, self._signs_in)

    def _lists_to_be(self) -> dict:
        """The lists as they will be when ours hold what is wanted."""
        wanted = {self._settings.allow_list: self._policy.allow, self._settings.exempt_list: self._policy.exempt}
        found = dict(self._lists)
        for identity, (kind, held) in self._lists.items():
            added = {entry for pattern in wanted.get(self._site.title_of(identity), ()) for entry in render(pattern)}
            if added - set(held):
                found[identity] = (kind, tuple(sorted(added | set(held))))
        return found

    def _readable_lists(self) -> dict:
        """Id to (kind, entries) of the lists that rules refer to, as the State has them. Of some nobody can tell what is in them."""
        found = {}
        for identity, (title, node) in self._site.known.items():
            if not is_plain(node) or not readable(node):
                continue
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
            self._tenants()
            self._wiring()
            self._audience()
        found.coverage = [self._coverage(pattern) for pattern in self._policy.allow]
        found.manual += ["voice (%s): no UDP passes through an HTTP proxy; open it on the firewall" % one for one in self._policy.media]
        return found

    # -- authentication

    def _signs_in(self, rules: RuleSet) -> int:
        """How surely a rule set signs people in, whatever its rules are. That the operator names it is enough, what it is called is not."""
        if rules.title in self._settings.authentication_rule_sets:
            return SURE
        return MAY if re.search("authenticat", rules.title, re.I) else NO

    def _signing_in(self, rules: RuleSet, level: int) -> Iterator[Rule]:
        """The enabled rules of the rule sets that sign people in, at least as surely as ``level``."""
        if rules.enabled and rules.request:
            if self._signs_in(rules) >= level or any(rule.action == "authenticate" for rule in rules.rules if rule.enabled):
                yield from rules.walk()
            else:
                for child in rules.children:
                    yield from self._signing_in(child, level)

    def _too_early(self, pattern: Pattern, level: int = MAY) -> bool:
        """Whether a rule that lets it pass stands above authentication, which nobody would then be asked for."""
        return any(rule.position < self._last_sign_in[level] for rule in self._opening(pattern))

    def _opening(self, pattern: Pattern) -> list:
        """The rules that surely let a pattern pass, for each of the audience the first."""
        return [rule for rule in (passage.opened_by(pattern) for passage in self._passages) if rule is not None]

    # -- what is in force

    def _coverage(self, pattern: Pattern) -> Coverage:
        wanted = self._exempt.covering(pattern) is not None
        if not self._settings.scan_conflicts:
            return Coverage(str(pattern), "unchecked", "unchecked" if wanted else "not wanted", note="rule sets were not read (scan_conflicts)")
        early = "no" if self._too_early(pattern, SURE) else "unchecked" if self._too_early(pattern) else "yes"
        allowed = together([early, *(word for passage in self._passages for word in passage.words[pattern])])
        notes, by = self._notes(pattern, early), self._passages[0].opened_by(pattern)
        exempt, why = self._exemption(pattern, allowed) if wanted else ("not wanted", ())
        return coverage(pattern, allowed, exempt, by.label if by is not None and allowed == "yes" else None,
                        self._spared_by(pattern) if exempt == "yes" else None, [*notes, *why])

    def _notes(self, pattern: Pattern, early: str) -> list:
        """Why a pattern is not allowed, or may not be."""
        notes = ["%s stands above authentication" % self._opening(pattern)[0].label] if early != "yes" else []
        shutting: dict = {}
        for position, patterns in ((position, found[pattern]) for passage in self._passages for position, found in passage.blocks.items() if pattern in found):
            shutting[position] = max(shutting.get(position, NO), patterns)
        rules = {rule.position: rule for rule in self._cycles.rules}
        notes += ["%s blocks it" % rules[position].label for position, level in shutting.items() if level == SURE][:1]
        if not any(level == SURE for level in shutting.values()) and any(pattern in passage.connect.left | passage.request.left for passage in self._passages):
            held = self._own[self._settings.allow_list].level(pattern) == SURE
            unsure = "".join("; %s may not apply" % label for label in self._site.referring(self._settings.allow_list)[:1])
            notes.append("no rule is known to let it pass" + unsure if held else "%s does not hold it" % self._settings.allow_list)
        return notes + ["%s may block it (%s)" % (rules[position].label, "; ".join(self._reasons(rules[position])))
                        for position, level in shutting.items() if level == MAY]

    def _reasons(self, rule: Rule) -> tuple:
        """Why a rule is not sure to shut something: what is not understood of it, else the people and hosts that it may be about."""
        lists = ("list %s cannot be read to its end" % (self._site.title_of(one) or one) for one in sorted(rule.lists - set(self._lists)))
        columns = ("column %s is not understood" % column for column in rule.columns.unread())
        return tuple(dict.fromkeys([*columns, *rule.unknown, *lists])) or ("it may be about a part of the people or of the hosts, or come too late",)

    def _exemption(self, pattern: Pattern, allowed: str) -> tuple:
        """(the word, notes)"""
        levels = [passage.decrypted[pattern] for passage in self._passages]
        answers = [passage.inspection for passage in self._passages]
        by = next((found[pattern].label for answer in answers for found in (answer.shut, answer.doubted) if pattern in found), "")
        if max(levels) == SURE:
            return "no", ["%s decrypts it" % by]
        if self._own[self._settings.exempt_list].level(pattern) != SURE:
            return "no", ["it is not in %s" % self._settings.exempt_list]
        if max(levels) == MAY:
            return together(["unchecked", allowed]), ["%s may decrypt it" % by]
        return allowed, [_NO_CHECK] if allowed == "yes" else []

    def _spared_by(self, pattern: Pattern) -> str:
        return next(iter(self._site.referring(self._settings.exempt_list)), self._passages[0].opened_by(pattern).label)

    # -- what stands in the way

    def _conflicts(self) -> None:
        blocks = [passage.blocks for passage in self._passages]
        for rule in self._cycles.rules:
            levels = [found.get(rule.position, {}) for found in blocks]
            for pattern in sorted({pattern for found in levels for pattern in found}, key=str):
                self._blocked(rule, pattern, all(found.get(pattern) == SURE for found in levels))
        wired = self._site.referring(self._settings.allow_list)
        for where, (ref, rules, patterns) in self._blocking.items():
            sure = [pattern for pattern, certain in patterns.items() if certain]
            certain, remedy, opens = bool(sure), *self._remedy(ref, rules, sure or list(patterns))
            # Without a rule of ours everything below where it belongs is in the way; that is told once, under manual.
            if wired or certain or remedy:
                doubts = () if certain else dict.fromkeys(reason for rule in rules.values() for reason in self._reasons(rule))
                self._found.conflict(where, "deny", where, "; ".join(rule.label for rule in rules.values()), patterns, certain, remedy, opens, doubts=doubts)

    def _blocked(self, rule: Rule, pattern: Pattern, certain: bool) -> None:
        """By its list where it has one: to take entries out of the way is all that can be done from here."""
        named = [self._site.title_of(identity) for one in rule.criteria for identity in one.lists]
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
        told: set = set()
        for pattern, rule in ((pattern, rule) for pattern in self._policy.allow for rule in self._met(pattern)):
            if rule.position not in self._ours or rule.position in told:
                continue
            if self._cycles.effect(rule) in (ALLOW, UNKNOWN):
                told.add(rule.position)
                self._found.audience_widened.append("%s lets people pass who are in none of the groups %s" % (rule.label, ", ".join(self._settings.groups)))
            elif rule.action == "stopruleset" and self._exempt.covering(pattern) is not None:
                told.add(rule.position)
                self._found.audience_widened.append("the exemption from TLS inspection holds for everybody who reaches these hosts: %s" % rule.label)

    def _met(self, pattern: Pattern) -> Iterator[Rule]:
        """The rules that apply, or may, to people of none of the groups, up to the one that surely decides."""
        for stage in (CONNECT, REQUEST):
            signed = NO if stage is CONNECT else self._later.walk(pattern, OUTSIDER, CONNECT).signed
            walk = self._later.walk(pattern, OUTSIDER, stage, signed)
            if walk not in self._applying:
                self._applying[walk] = list(self._up_to_the_last(walk.levels))
            yield from self._applying[walk]

    def _up_to_the_last(self, levels: dict) -> Iterator[Rule]:
        for rule in self._cycles.rules:
            level = levels.get(rule.position, NO)
            if level != NO:
                yield rule
            if level == SURE and self._cycles.effect(rule) in (ALLOW, DENY):
                return

    def _losses(self) -> None:
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        inspecting = [top for top in self._site.sets if top.enabled and (top.title in self._settings.https_rule_sets or any(
            rule.decrypts != NO for rule in top.walk()))]
        if not hosts or not inspecting:
            return
        seen = set()
        for top in self._site.sets:
            words = " ".join([top.title, *(word for rule in top.walk() for word in (rule.name, *rule.engines, *(one.prop for one in rule.criteria)))])
            for control, pattern in _CONTROLS.items():
                if top.enabled and control not in seen and re.search(pattern, words, re.I):
                    seen.add(control)
                    self._found.lose(control, "rule set %s" % top.title, hosts + self._passed(top))
        if not seen:
            self._found.lose("av", "whatever rule set looks into what %s decrypts" % inspecting[0].title, hosts)

    def _passed(self, top: RuleSet) -> tuple:
        """What stays decrypted and still never gets to a rule set of the request cycle, since a rule ends the cycle above it."""
        first = min([rule.position for rule in top.walk()], default=0)
        kept = [pattern for pattern in self._policy.allow if top.request and self._exempt.covering(pattern) is None]
        return tuple(str(pattern) for pattern in kept if any(rule.position < first for rule in self._opening(pattern)))

    def _tenants(self) -> None:
        """Rules that keep people in the company's workspace: what is exempt never gets there, nor does what a rule on our lists lets pass above them."""
        rules = [rule for top in self._site.sets if top.enabled for rule in top.walk()]
        for rule in [rule for rule in rules if WORKSPACE_HEADER in rule.words.lower()]:
            about_it = [pattern for pattern in self._policy.allow if self._cycles.may_be_about(rule, pattern)]
            passed = [pattern for pattern in about_it if self._exempt.covering(pattern) is None and self._passes(pattern, rule)]
            needed = [pattern for pattern in self._policy.exempt if self._cycles.may_be_about(rule, pattern)]
            if needed or passed:
                self._found.tenant_controls.append(TenantControl(rule.label, tuple(needed + [pattern for pattern in passed if pattern not in needed])))
            if passed:
                self._found.manual.append("%s is not reached by %s, since the rule about %s ends the cycle above it: move it above that rule" % (
                    rule.label, ", ".join(map(str, passed)), self._settings.allow_list))

    def _passes(self, pattern: Pattern, header: Rule) -> bool:
        """Whether a rule on our lists ends the cycle above a rule, or may."""
        ours = [rule for rule in self._cycles.rules if rule.position in self._ours and rule.position < header.position]
        levels = [self._later.walk(pattern, who, CONNECT).levels for who in self._settings.groups or (None,)]
        return any(met.get(rule.position, NO) != NO for rule in ours if self._cycles.effect(rule) in (ALLOW, UNKNOWN) for met in levels)

    def _wiring(self) -> None:
        """What a person has to do once in the rule sets."""
        found, settings = self._found, self._settings
        if not settings.somebody:
            return
        doors = [top.title for top in self._site.sets if top.enabled and list(self._signing_in(top, MAY))]
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
        early = sorted({rule.label for pattern in self._policy.allow for rule in self._opening(pattern) if rule.position < self._last_sign_in[MAY]})
        found.manual += ["%s stands above authentication (%s): move it below, since nobody is signed in there" % (label, ", ".join(doors)) for label in early]
