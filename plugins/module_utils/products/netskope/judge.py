# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the URL lists of a Netskope tenant mean for a policy, and what is left to an administrator. No IO.

The API shows lists and nothing of what uses them: custom categories, SSL decryption policies and real-time protection policies are pages of the console. So
coverage is "no" where a list of ours lacks a host, and never more than ``unchecked``. Order, for the text in ``manual``: SSL decryption comes right after
steering, and of each kind of policy the first match is final (ssl-decryption, best-practices-for-real-time-protection-policies).
"""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import SUBDOMAINS, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.model import (
    LIST, MARK, SCHEMA, TYPE, Settings, Site, odd, perhaps, surely,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import fitting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import held

#: Controls that look into decrypted traffic. Which of them a tenant has, the API does not show.
_CONTROLS = ("av", "ips", "sandbox", "dlp", "file_control", "app_control", "casb", "isolation", "headers")
_UNSEEN = "the API does not show which policies use it"


class Assessor:
    """``site``: the lists as read; ``state``: read or predicted."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._found = Findings(product="netskope", protected=settings.protected)

    def assess(self) -> Assessment:
        found, policy, settings = self._found, self._policy, self._settings
        self._pending()
        if not policy.allow:
            self._removal()
            return found
        if settings.scan_conflicts:
            self._conflicts()
        self._manual()
        for control in _CONTROLS if policy.exempt else ():
            found.lose(control, "the SSL decryption policy, if it uses the list; the API does not show that", texts(policy.exempt))
        index, held_by = Index(policy.exempt), {ref: self._covered(ref, wanted) for ref, wanted in (
            (settings.allow, policy.allow), (settings.exempt, policy.exempt))}
        found.coverage = [self._row(pattern, index.covering(pattern), held_by) for pattern in policy.allow]
        return found

    # -- lists of ours

    def _shown(self, ref: Ref) -> str:
        """What a list of ours is called on the console."""
        obj = self._state.objects.get(ref)
        return obj.fields["name"] if obj is not None else ref.name + MARK

    def _covered(self, ref: Ref, wanted: Iterable[Pattern]) -> frozenset | None:
        """The patterns that a list of ours holds. None if it is of another type than it was made with, so that its entries mean something else."""
        obj = self._state.objects.get(ref)
        if obj is None:
            return frozenset()
        return held(surely(obj.members["urls"]), wanted).sure if obj.fields["type"] == TYPE else None

    def _row(self, pattern: Pattern, wanted_by: Pattern | None, held_by: dict) -> Coverage:
        """``wanted_by``: what wants an exemption of it."""
        notes = ["widened: perhaps %s itself too" % pattern.name] if pattern.kind == SUBDOMAINS else []
        allowed = self._word(self._settings.allow, pattern, held_by, notes)
        exempt = "not wanted" if wanted_by is None else self._word(self._settings.exempt, wanted_by, held_by, notes)
        return coverage(pattern, allowed, exempt, self._shown(self._settings.allow), None, notes)

    def _word(self, ref: Ref, pattern: Pattern, held_by: dict, notes: list) -> str:
        if held_by[ref] is None:
            notes.append("%s is not of the type %s, so its entries are not evaluated" % (self._shown(ref), TYPE))
            return "unchecked"
        if pattern not in held_by[ref]:
            notes.append("%s does not hold it" % self._shown(ref))
            return "no"
        notes.append("in %s; %s" % (self._shown(ref), _UNSEEN))
        return "unchecked"

    # -- lists of others

    def _conflicts(self) -> None:
        """Each of them may be in a category that a policy blocks or decrypts; or nothing uses it."""
        wanted = frozenset(self._policy.allow)
        for row in self._site.lists.values():
            if self._site.ref_of(row) is not None:
                continue
            data = dict(row["data"], **{name: value for name, value in row.items() if name != "data"})
            doubts = ["the column %s is unknown" % name for name in Columns(SCHEMA, data).unread()]
            doubts += ["entries of the type %s are not evaluated" % data.get("type")] if data.get("type") != TYPE else []
            doubts += ["the entry %s is not understood" % url for url in odd(data["urls"])[:3]]
            hosts = wanted if doubts else held(perhaps(data["urls"]), wanted).all.union(*(fitting(url, wanted) for url in data["urls"] if not surely([url])))
            self._found.conflict(
                Ref(LIST, row["name"]), "deny", "URL list %s" % row["name"], "it may be in a category that a policy blocks or decrypts", texts(hosts), False,
                opens="the API does not show what uses this list: check it in the console", name=row["name"], doubts=doubts)

    def _pending(self) -> None:
        found, site = self._found, self._site
        found.warnings += ["pending change of another administrator: URL list %s, %s by %s at %s" % (
            row["name"], row.get("modify_type"), row.get("modify_by"), row.get("modify_time")) for row in site.foreign(site.lists.values())]

    # -- what is left to an administrator

    def _manual(self) -> None:
        settings, policy, steps = self._settings, self._policy, self._found.manual
        allow, exempt = self._shown(settings.allow), self._shown(settings.exempt)
        steps.append(
            "once: make a custom category %s with the URL list %s (Policies > Profiles > Custom Categories), and press Apply Changes. Until a policy uses it, "
            "the list has no effect, and the API does not show whether one does" % (settings.allow_list, allow))
        steps.append(
            "once: make a real-time protection policy with %s, the category %s and the action Allow; put it above the policies that block, coach or isolate "
            "the category Generative AI or the apps of OpenAI, and below those against threats (Policies > Real-time Protection). Then press Apply Changes"
            % (settings.people, settings.allow_list))
        if policy.exempt:
            steps.append(
                "once: make a custom category %s with the URL list %s, and an SSL decryption policy with %s, that category and the action Do Not Decrypt; put "
                "it above the policies that decrypt, and enable it, since a new one is not (Policies > SSL Decryption). Then press Apply Changes"
                % (settings.exempt_list, exempt, settings.people))
            steps.append(
                "check: constraint profiles and headers that keep people in their company's ChatGPT workspace need decrypted traffic; for the hosts in %s they "
                "no longer work" % exempt)
        steps.append(
            "check: steering exceptions, certificate-pinned applications, the bypass list of SAML authentication and the IPS allow list come before these "
            "policies; an exception there takes traffic out of every policy and log")
        steps += ["voice (%s): URL lists do not cover it; open it in the cloud firewall, or on the firewall at the network edge" % one for one in policy.media]

    def _removal(self) -> None:
        for ref in (self._settings.allow, self._settings.exempt):
            if self._site.row(ref) is not None:
                self._found.manual.append(
                    "the URL list %s stays, with one entry that never resolves if this collection created it, because a custom category may use it. To delete "
                    "it, first remove its policy and its category in the console" % self._shown(ref))
