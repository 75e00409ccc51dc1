# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a ZIA tenant needs, and where they stand among its own. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.layers import Layers, adding_headers, shutting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import (
    CATEGORY, COLUMNS, RULE_PATHS, SSL_RULE, URL_RULE, Settings, Site, entry_pattern, render,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import placed, refuse_unknown, sides
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK


class Places:
    """The rules that have to be there, each with what it has to be above and below."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        """:raises AccessError: for a rule that was named and is not there."""
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._layers, self._audience = Layers(settings, site, state), dict(settings.audience)
        if state.rules:
            refuse_unknown(settings.before + settings.after + settings.never_above, {ref.name for refs in state.rules.values() for ref in refs}, "the tenant")

    def url_rule(self) -> Wanted:
        fields = dict(self._columns(), description=MARK, action="ALLOW", protocols=sorted(self._settings.protocols),
                      urlCategories=[self._settings.allow.name], state="ENABLED")
        layer = self._layers.url
        above, below = sides(shutting(layer, self._policy.allow), layer.level)
        # Ours carries no header that an existing rule adds for these hosts.
        below += adding_headers(layer, self._policy.allow)
        return self._placed(Object(Ref(URL_RULE, self._settings.prefix + " allow"), fields), above, below)

    def ssl_rule(self) -> Wanted:
        fields = dict(self._columns(), description=MARK, action="DO_NOT_DECRYPT", bypassOtherPolicies=False,
                      serverCertificates=self._settings.server_certificates, minTLSVersion="SERVER_TLS_1_2",
                      urlCategories=[self._settings.exempt.name], state="ENABLED")
        layer = self._layers.inspection
        above, below = sides(shutting(layer, self._policy.exempt), layer.level)
        above += [rule for rule in layer.rules if rule.native.get("defaultRule")]
        return self._placed(Object(Ref(SSL_RULE, self._settings.prefix + " no decrypt"), fields), above, below)

    def media_rule(self, media: Media) -> Wanted:
        layer = self._layers.voice(media)
        # Where a rule that must not be passed is below one that drops these packets, there is no place for ours.
        return self._placed(voice.wanted(self._settings.prefix, self._columns(), media), *sides(shutting(layer, {media}), layer.level), floor=-1)

    def companions(self, patterns: Iterable[Pattern]) -> frozenset:
        """Hosts in a wanted wildcard that some existing category names itself: ours has to name them too, or it is not evaluated."""
        index, found = Index(patterns), set()
        theirs = [entry for ref, category in self._state.objects.items() if ref.kind == CATEGORY and not category.ours
                  for members in category.members.values() for entry in members]
        for row in self._site.categories:
            if not row.get("customCategory", True):
                theirs += (row.get("urls") or []) + (row.get("dbCategorizedUrls") or [])
        for entry in theirs:
            pattern = entry_pattern(entry)
            cover = index.covering(pattern) if pattern is not None else None
            if cover is not None and entry not in render(cover):
                found.add(entry)
        return frozenset(found)

    def _columns(self) -> dict:
        return {column: sorted(self._audience.get(column) or ()) for column in COLUMNS}

    def _placed(self, obj: Object, above: Iterable[Object], below: Iterable[Object] = (), floor: int | None = None) -> Wanted:
        kind, settings = obj.ref.kind, self._settings
        # What the operator names to be passed is passed, and told.
        stays = [rule.ref for rule in below if rule.ref.name not in settings.before] + [Ref(kind, name) for name in settings.after + settings.never_above]
        return placed(obj, RULE_PATHS[kind], self._state.rules.get(RULE_PATHS[kind], ()), [rule.ref for rule in above], stays,
                      [Ref(kind, name) for name in settings.before], floor)
