# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can only be written down: files that an Edge SWG fetches, the steps in the portal of Cloud SWG, whose policy API is not published, and those that
Management Center leaves to people. No IO."""
from __future__ import annotations

from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Index, sort_key
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.section import (
    ALLOW, EXEMPT, condition_name, read_section, write_section,
)

FILE, STEP = "file", "portal step"


class Unwritten(Adapter):
    """Nothing is read and nothing is sent."""

    traits = Traits(product="symantec_swg", kinds=(FILE, STEP))

    def __init__(self, settings: Settings):
        self._settings, self._rendering = settings, False

    @property
    def device(self) -> str:
        return "Cloud SWG portal %s" % self._settings.prefix

    def blank(self) -> State:
        self._rendering = True
        return State()

    def read(self) -> State:
        raise AccessError(REFUSED, "%s has no API to read from: only state rendered is possible" % self.device)

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        if not self._rendering:
            return []
        return [Wanted(Object(Ref(kind, name), {"text": text})) for kind, name, text in self.pages(policy)]

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessment()

    def pages(self, policy: Policy) -> list[tuple[str, str, str]]:
        """(kind, name, text) of what there is to write down."""
        raise NotImplementedError

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        for change in changes:
            yield Step(str(change.ref), {change.ref.kind: change.ref.name, "text": change.fields["text"][1]})

    def send(self, request: dict) -> object:
        raise AccessError(REFUSED, "%s has no API to write" % self.device)


class FileAdapter(Unwritten):
    """``policy_file``: CPL for the central or local policy file. ``local_database``: a category file, and the rules that use it."""

    def __init__(self, settings: Settings, method: str):
        super().__init__(settings)
        self._method = method

    def pages(self, policy: Policy) -> list[tuple[str, str, str]]:
        settings, name = self._settings, self._settings.prefix
        members = {ALLOW: {str(pattern) for pattern in policy.allow}, EXEMPT: {str(pattern) for pattern in policy.exempt}}
        rules = {part: settings.rule(part) for part in members}
        if self._method == "policy_file":
            return [(FILE, "%s.cpl" % name, write_section(name, members, rules, "", settings.full))]
        lines, text = ["; Managed by netaccess.chatgpt. Each line covers the domain and its subdomains."], []
        for part, patterns in ((ALLOW, policy.allow), (EXEMPT, policy.exempt)):
            if patterns:
                lines.append("define category %s" % condition_name(name, part))
                lines += [line for pattern in sorted(patterns, key=sort_key) for line in self._line(pattern)] + ["end"]
                layer = "Proxy" if part == ALLOW else "SSL-Intercept"
                text += ["<%s>" % layer, "  " + rules[part].replace("condition=", "category=", 1), ""]
        return [(FILE, "%s-categories.txt" % name, "\n".join(lines) + "\n"), (FILE, "%s.cpl" % name, "\n".join(text))]

    @staticmethod
    def _line(pattern) -> list:
        """A list cannot hold a host without its subdomains, nor leave the domain itself out; the comment says what was asked."""
        return ["; widened: asked was %s" % pattern] * (pattern.kind != DOMAIN) + [pattern.name]


class PortalAdapter(Unwritten):
    """Cloud SWG that is managed in its portal. Everything is a step for people, and whether it was done cannot be read."""

    traits = Traits(product="symantec_swg", kinds=(FILE, STEP), propagation=300)

    def read(self) -> State:
        return State()

    def assess(self, policy: Policy, state: State) -> Assessment:
        found, exempt = Assessment(), Index(policy.exempt)
        why = "the portal has no published API, so its settings cannot be read"
        found.coverage = [Coverage(str(pattern), "unchecked", "unchecked" if exempt.covering(pattern) else "not wanted", note=why) for pattern in policy.allow]
        if policy.allow:
            found.manual = ["%s: %s" % (name, " ".join(text.split())) for _kind, name, text in self.pages(policy)]
            found.manual += ["voice (%s): open it on the firewall at the network edge, or with Cloud Firewall Service" % one for one in policy.media]
        return found

    def pages(self, policy: Policy) -> list[tuple[str, str, str]]:
        who = [text for names, text in ((self._settings.groups, "groups %s"), (self._settings.users, "users %s"), (self._settings.clients, "networks %s"))
               for text in ([text % ", ".join(names)] if names else [])]
        people = "; ".join(who) or "everybody"
        pages = [(STEP, "1. Policy > Content Filtering", "a rule with Allow for %s above the rules that block, for these destinations:\n%s" % (
            people, _destinations(policy.allow)))]
        if policy.exempt:
            text = "a rule with Do Not Intercept for %s above those that intercept, for these destinations:\n%s" % (people, _destinations(policy.exempt))
            pages.append((STEP, "2. Policy > TLS/SSL Interception", text))
        return pages + [(STEP, "3. Activate Policy", "nothing takes effect before that")]


def _destinations(patterns) -> str:
    """Bare domains: whether a list takes a star is not known, and one that is not understood matches nothing."""
    notes = {EXACT: " (also covers its subdomains, which were not requested)", DOMAIN: ""}
    return "\n".join(pattern.name + notes.get(pattern.kind, " (also covers the name itself, which was not "
                                                            "requested)") for pattern in sorted(patterns, key=sort_key))


def by_hand(settings: Settings, site: Site, policy: Policy, changed: bool) -> list[str]:
    """What people have to do in Management Center. ``changed``: our section is to be another one than that it holds."""
    if not policy.allow:
        return []
    verbs = {ALLOW: "has to allow", EXEMPT: "must not intercept"}
    found = ["an existing rule %s the hosts of the URL list %s; install the policies that use it" % (verbs[part], name)
             for part, name in settings.lists.items()]
    seen = [console for console, text in site.current.items() if read_section(text, settings.prefix).in_force]
    ours = len(settings.lists) < 2
    if ours and (not seen or len(seen) < len(site.current)):
        found.append("once: in Management Center, assign the policy %s to the devices as the last evaluated policy file" % settings.prefix)
    if ours and not settings.installs and (not site.current or changed or site.waiting()):
        found.append("install the policy %s on the devices in Management Center: its installation API is not published, and install is not set in this task" %
                     settings.prefix)
    if settings.mode == "upe":
        found.append("in Management Center, set the enforcement domain of the section %s to Universal, so that Cloud SWG gets it too" % settings.prefix)
    if policy.exempt:
        found.append("server certificates of undecrypted connections are checked only if an existing <SSL> layer does so")
    return found + ["voice (%s): a web proxy does not carry UDP; open it on the firewall at the network edge" % one for one in policy.media]
