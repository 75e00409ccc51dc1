# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule sets of a gateway as they look for a policy: which lists hold what, who signs in, what lets a pattern pass. Reads nothing and writes nothing."""
from __future__ import annotations

import re
from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.conditions import Conditions
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.cycles import Cycles, Passage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.hosts import Entries
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import (
    DISABLED, LIST, SITE_LIST, Settings, Site, entries, is_plain, kind_of, render,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule, RuleSet, readable
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE


class View:
    """A State of a gateway, for a policy and an audience."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self.settings, self.site, self.policy, self.state = settings, site, policy, state
        self.exempt = Index(policy.exempt)
        held = {title: state.objects.get(Ref(LIST, title)) for title in settings.titles}
        self.own = {title: Entries("regex", obj.members["entries"] if obj is not None else ()) for title, obj in held.items()}
        self.lists, compared = self._readable_lists(), {}
        self.cycles = self._cycles_of(self.lists, compared)
        #: As it will be: whom rules on a list let pass has to be reported before the list holds anything.
        self.later = self._cycles_of(self._lists_to_be(), compared)
        self.ours = {rule.position for title in settings.titles for rule in site.rules_on(title)}
        self.last_sign_in = {level: max([rule.position for top in site.sets for rule in self.signing_in(top, level)], default=0) for level in (MAY, SURE)}
        self.passages = [Passage(self.cycles, who, frozenset(policy.allow)) for who in settings.groups or (None,)]

    def _cycles_of(self, lists: dict, compared: dict) -> Cycles:
        settings = self.settings
        conditions = Conditions(lists, settings.groups, compared)
        return Cycles(self.site.sets, conditions, settings.https_rule_sets, settings.authentication_rule_sets, self.signs_in)

    def _lists_to_be(self) -> dict:
        """The lists as they will be when ours hold what is wanted."""
        wanted = {self.settings.allow_list: self.policy.allow, self.settings.exempt_list: self.policy.exempt}
        found = dict(self.lists)
        for identity, (kind, held) in self.lists.items():
            added = {entry for pattern in wanted.get(self.site.title_of(identity), ()) for entry in render(pattern)}
            if added - set(held):
                found[identity] = (kind, tuple(sorted(added | set(held))))
        return found

    def _readable_lists(self) -> dict:
        """Id to (kind, entries) of the lists that rules refer to, as the State has them. Of some nobody can tell what is in them."""
        found = {}
        for identity, (title, node) in self.site.known.items():
            if not is_plain(node) or not readable(node):
                continue
            if title in self.settings.titles:
                obj = self.state.objects.get(Ref(LIST, title))
                held = tuple(sorted(obj.members["entries"])) if obj is not None else ()
            else:
                obj = self.state.objects.get(Ref(SITE_LIST, title or ""))
                disabled = set(obj.fields["disabled"]) if obj is not None else set()
                plain = [entry[len(DISABLED):] if entry.startswith(DISABLED) else entry for entry in entries(node)]
                held = tuple(entry for entry in plain if entry not in disabled)
            found[identity] = (kind_of(node), held)
        return found

    # -- authentication

    def signs_in(self, rules: RuleSet) -> int:
        """How certainly a rule set signs people in, whatever its rules are. That the operator names it is enough, what it is called is not."""
        if rules.title in self.settings.authentication_rule_sets:
            return SURE
        return MAY if re.search("authenticat", rules.title, re.I) else NO

    def signing_in(self, rules: RuleSet, level: int) -> Iterator[Rule]:
        """The enabled rules of the rule sets that sign people in, at least as certainly as ``level``."""
        if rules.enabled and rules.request:
            if self.signs_in(rules) >= level or any(rule.action == "authenticate" for rule in rules.rules if rule.enabled):
                yield from rules.walk()
            else:
                for child in rules.children:
                    yield from self.signing_in(child, level)

    def opening(self, pattern: Pattern) -> list:
        """The rules that certainly let a pattern pass, for each of the audience the first."""
        return [rule for rule in (passage.opened_by(pattern) for passage in self.passages) if rule is not None]
