# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Skyhigh Secure Web Gateway means for a policy: which rules act on its hosts, and for whom. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg import besides
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.hosts import about, wide
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import DISABLED, SITE_LIST, Settings, Site, entries, kind_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.view import View
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE

_NO_CHECK = "tunnelled: the gateway does not check the server's certificate"


class Assessor(View):
    """What a State of this gateway means for a policy."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Findings(product="skyhigh", protected=settings.protected)
        self._blocking: dict = {}
        self._site_entries: dict = {}

    def assess(self) -> Assessment:
        found, scanned = self._found, self.settings.scan_conflicts
        found.resolve_borrowed(self.state.objects.values())
        if scanned and self.policy.allow:
            self._conflicts()
            besides.tell(self, found)
        found.coverage = [self._coverage(pattern) for pattern in self.policy.allow]
        found.manual += ["voice (%s): an HTTP proxy does not carry UDP; open it on the firewall" % one for one in self.policy.media]
        return found

    # -- what is in force

    def _too_early(self, pattern: Pattern, level: int = MAY) -> bool:
        """Whether a rule that allows it is above authentication, which then asks nobody."""
        return any(rule.position < self.last_sign_in[level] for rule in self.opening(pattern))

    def _coverage(self, pattern: Pattern) -> Coverage:
        wanted = self.exempt.covering(pattern) is not None
        if not self.settings.scan_conflicts:
            return Coverage(str(pattern), "unchecked", "unchecked" if wanted else "not wanted", note="rule sets were not read (scan_conflicts)")
        early = "no" if self._too_early(pattern, SURE) else "unchecked" if self._too_early(pattern) else "yes"
        allowed = together([early, *(word for passage in self.passages for word in passage.words[pattern])])
        notes, by = self._notes(pattern, early), self.passages[0].opened_by(pattern)
        exempt, why = self._exemption(pattern, allowed) if wanted else ("not wanted", ())
        return coverage(pattern, allowed, exempt, by.label if allowed == "yes" else None,
                        self._spared_by(pattern) if exempt == "yes" else None, [*notes, *why])

    def _notes(self, pattern: Pattern, early: str) -> list:
        """Why a pattern is not allowed, or may not be."""
        notes = ["%s is above authentication" % self.opening(pattern)[0].label] if early != "yes" else []
        shutting: dict = {}
        for position, patterns in ((position, found[pattern]) for passage in self.passages for position, found in passage.blocks.items() if pattern in found):
            shutting[position] = max(shutting.get(position, NO), patterns)
        rules = {rule.position: rule for rule in self.cycles.rules}
        notes += ["%s blocks it" % rules[position].label for position, level in shutting.items() if level == SURE][:1]
        if not any(level == SURE for level in shutting.values()) and any(pattern in passage.connect.left | passage.request.left for passage in self.passages):
            held = self.own[self.settings.allow_list].level(pattern) == SURE
            unsure = "".join("; %s may not apply" % label for label in self.site.referring(self.settings.allow_list)[:1])
            notes.append("no rule is known to allow it" + unsure if held else "%s does not hold it" % self.settings.allow_list)
        return notes + ["%s may block it (%s)" % (rules[position].label, "; ".join(self._reasons(rules[position])))
                        for position, level in shutting.items() if level == MAY]

    def _reasons(self, rule: Rule) -> tuple:
        """Why a rule is not sure to block something: what is not understood of it, else the people and hosts that it may be about."""
        lists = ("list %s cannot be read completely" % (self.site.title_of(one) or one) for one in sorted(rule.lists - set(self.lists)))
        columns = ("column %s is not understood" % column for column in rule.columns.unread())
        return tuple(dict.fromkeys([*columns, *rule.unknown, *lists])) or ("it may apply to a part of the users or hosts only, or be evaluated too late",)

    def _exemption(self, pattern: Pattern, allowed: str) -> tuple:
        """(the word, notes)"""
        levels = [passage.decrypted[pattern] for passage in self.passages]
        answers = [passage.inspection for passage in self.passages]
        by = next((found[pattern].label for answer in answers for found in (answer.shut, answer.doubted) if pattern in found), "")
        if max(levels) == SURE:
            return "no", ["%s decrypts it" % by]
        if self.own[self.settings.exempt_list].level(pattern) != SURE:
            return "no", ["it is not in %s" % self.settings.exempt_list]
        if max(levels) == MAY:
            return together(["unchecked", allowed]), ["%s may decrypt it" % by]
        return allowed, [_NO_CHECK] if allowed == "yes" else []

    def _spared_by(self, pattern: Pattern) -> str:
        return next(iter(self.site.referring(self.settings.exempt_list)), self.passages[0].opened_by(pattern).label)

    # -- conflicts

    def _conflicts(self) -> None:
        blocks = [passage.blocks for passage in self.passages]
        for rule in self.cycles.rules:
            levels = [found.get(rule.position, {}) for found in blocks]
            for pattern in sorted({pattern for found in levels for pattern in found}, key=str):
                self._blocked(rule, pattern, all(found.get(pattern) == SURE for found in levels))
        wired = self.site.referring(self.settings.allow_list)
        for where, (ref, rules, patterns) in self._blocking.items():
            sure = [pattern for pattern, certain in patterns.items() if certain]
            certain, remedy, opens = bool(sure), *self._remedy(ref, rules, sure or list(patterns))
            # Without a rule of ours everything below its place blocks; that is reported once, under manual.
            if wired or certain or remedy:
                doubts = () if certain else dict.fromkeys(reason for rule in rules.values() for reason in self._reasons(rule))
                self._found.conflict(where, "deny", where, "; ".join(rule.label for rule in rules.values()), patterns, certain, remedy, opens, doubts=doubts)

    def _blocked(self, rule: Rule, pattern: Pattern, certain: bool) -> None:
        """By its list where it has one: to take entries out of the way is all that can be done from here."""
        named = [self.site.title_of(identity) for one in rule.criteria for identity in one.lists]
        refs = [Ref(SITE_LIST, title) for title in named if Ref(SITE_LIST, title) in self.state.objects and self._offending(title, [pattern])]
        where = str(refs[0]) if refs else rule.label
        _ref, rules, patterns = self._blocking.setdefault(where, (refs[0] if refs else None, {}, {}))
        rules[rule.position] = rule
        patterns[pattern] = certain or patterns.get(pattern, False)

    def _remedy(self, ref: Ref | None, rules: dict, patterns: Iterable[Pattern]) -> tuple:
        """(Changes, what they open)"""
        if ref is None:
            return (), "the rule matches these hosts without a list that could be changed here; change the rule"
        if ({ref.name} | {name for rule in rules.values() for name in (rule.name, rule.where)}) & set(self.settings.protected):
            return (), "protected"
        offending = self._offending(ref.name, patterns)
        broad = [entry for entry in offending if wide(entry) or entry.lower().startswith("regex(")]
        if broad:
            return (), "%s covers more than these hosts; change the rule" % ", ".join(broad)
        old = self.state.objects[ref].fields["disabled"]
        return (Change(ref, UPDATE, {"disabled": (old, sorted(set(old) | set(offending)))}),), \
            "everything else that these entries match, in every rule that uses this list: %s" % ", ".join(offending)

    def _offending(self, title: str, patterns: Iterable[Pattern]) -> list:
        """The entries of an existing list that are about one of the patterns and not out of the way yet."""
        if title not in self._site_entries:
            obj = self.state.objects[Ref(SITE_LIST, title)]
            plain = [entry[len(DISABLED):] if entry.startswith(DISABLED) else entry for entry in entries(obj.native["xml"])]
            disabled, kind = set(obj.fields["disabled"]), kind_of(obj.native["xml"])
            # Only those that are about any wanted host are evaluated again.
            self._site_entries[title] = kind, about([entry for entry in plain if entry not in disabled], kind, self.policy.allow)
        kind, near = self._site_entries[title]
        return about(near, kind, patterns)
