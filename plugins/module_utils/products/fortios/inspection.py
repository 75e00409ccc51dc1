# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the people of the audience meet no TLS inspection for a pattern. No IO."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import BUILT_IN, EXEMPTION, GROUP, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.policies import Rulebase
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.ratings import LOCAL, RATING
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import held


class Inspection:
    """What a State exempts from TLS inspection."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._state = settings, site, state
        self._exempt, self._patterns = Index(policy.exempt), frozenset(policy.exempt)
        group = state.objects.get(Ref(GROUP, settings.prefix))
        self._grouped = held(map(parse_if, group.members["member"] if group else ()), policy.allow).sure
        #: Pattern to the policy that may take it and decrypt it, by a profile that is not ours to exempt it in.
        self._elsewhere: dict = {}
        #: Policies of the audience whose SSL profile is not in the tables of the VDOM.
        used = {site.policy_name(one): site.profile_of(one, "ssl-ssh-profile") for one in site.named_policies() if not site.unread_group(one)}
        self._unread = [name for name in map(site.policy_name, site.named_policies()) if used.get(name, "?") not in ("", *site.ssl_profiles)]

    def ask(self, base: Rulebase) -> None:
        """Look for rules that may take wanted hosts, and have an inspection that nobody named, or one that was not read."""
        site, named = self._site, self._site.named_ssl_profiles()
        for rule in base.layer.rules:
            used = site.profile_of(rule, "ssl-ssh-profile")
            decrypts = used and used not in named and (used not in site.ssl_profiles or site.decrypts(site.ssl_profiles[used]))
            if decrypts and rule.get("action") != "deny":
                for pattern in base.layer.reach(rule, self._patterns).all:
                    self._elsewhere.setdefault(pattern, site.policy_name(rule))

    def word(self, pattern: Pattern) -> tuple:
        """(word of coverage, by what)"""
        if self._exempt.covering(pattern) is None:
            return "not wanted", None
        word, by = self._held(pattern)
        return ("unchecked", by) if word == "yes" and (self._other(pattern) or self._unread) else (word, by)

    def _held(self, pattern: Pattern) -> tuple:
        inspecting = self._site.inspecting_profiles()
        if not inspecting:
            return "yes", "nothing is decrypted for these policies"
        rows = [self._settings.clone_builtin if name in BUILT_IN and self._settings.clone_builtin else name for name in inspecting]
        by = LOCAL if self._settings.exempt_by == "local_category" else GROUP
        linked = [self._state.objects.get(Ref(EXEMPTION, name)) for name in rows]
        held = self._listed(by, pattern) and all(one is not None and by in one.fields["by"] for one in linked)
        return ("yes", "%s %s" % (by, self._settings.prefix)) if held else ("no", None)

    def _listed(self, by: str, pattern: Pattern) -> bool:
        if by == LOCAL:
            rating = self._state.objects.get(Ref(RATING, pattern.name))
            return rating is not None and rating.fields == {"rating": self._settings.prefix, "status": "enable"}
        return pattern in self._grouped

    def _other(self, pattern: Pattern) -> str | None:
        return self._elsewhere.get(self._exempt.covering(pattern))

    def notes(self, pattern: Pattern) -> list[str]:
        """What else is to be said of an exemption."""
        if self._exempt.covering(pattern) is None:
            return []
        notes = ["the SSL profile of policy %s was not read" % name for name in self._unread]
        if self._settings.exempt_by == "local_category" and pattern.kind != "exact":
            notes.append("exempt by the rating of %s, which is assumed to cover its subdomains" % pattern.name)
        return notes + (["policy %s may match it and decrypts" % self._other(pattern)] if self._other(pattern) else [])
