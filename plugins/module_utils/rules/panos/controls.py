# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of the site in URL filtering profiles: headers that they insert, pages that they block. A new rule without that profile removes them. No IO."""
from __future__ import annotations

from typing import Iterable, Iterator, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Rule
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.reader import SEVERE, Reader
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, walk

#: Security profile kind: the controls that need decrypted traffic for it.
SCANS = {"virus": ("av",), "wildfire-analysis": ("sandbox",), "virus-and-wildfire-analysis": ("av", "sandbox"), "file-blocking": ("file_control",),
         "data-filtering": ("dlp",), "vulnerability": ("ips",), "spyware": ("anti_spyware",), "ai-security": ("prompt_logging",),
         "application-control": ("casb",)}
#: Security profile kind that inserts headers: what it is called. The first is that of PAN-OS, the others are those of Strata Cloud Manager, where a rule has
#: its tenant restrictions itself.
INSERTS = {"url-filtering": "URL filtering profile", "saas-security": "HTTP header profile", "tenant-restrictions": "tenant restrictions"}


class Header(NamedTuple):
    """An entry of a profile that inserts headers: the names of these in lower case, and the domains that it is about; none stand for all."""

    name: str
    headers: frozenset
    domains: tuple

    def hosts(self, wanted: Iterable) -> frozenset:
        """Those of the wanted patterns that it is about, or may be."""
        return urls.hits(self.domains, wanted).all if self.domains else frozenset(wanted)


def headers(reader: Reader, profile: str | None, kind: str = "url-filtering") -> list:
    """The Headers that a profile inserts."""
    return [Header(name, frozenset(one.strip().lower() for one in names), tuple(one.strip().rstrip("/") + "/" for one in domains))
            for name, names, domains in (reader.names.context.headers(profile, kind) if profile else ())]


def pages(reader: Reader, profile: str | None, hosts: frozenset) -> list:
    """Names of categories by which a URL filtering profile blocks pages, not all, of some of the hosts."""
    found = (reader.names.context.find("profiles/url-filtering", profile) if profile else None) or {}
    shut = [name for action in SEVERE for name in found.get(action) or ()]
    return sorted({name for name in shut if reader.names.pages(name).all & hosts})


def keeps(reader: Reader, profile: str | None) -> bool:
    """Whether a URL filtering profile has a control over the wanted hosts besides opening or blocking them: a header, or pages that it blocks."""
    return any(one.hosts(reader.wanted) for one in headers(reader, profile)) or bool(pages(reader, profile, reader.wanted))


def switched_off(reader: Reader, found: Iterable[Rule], rules: Iterable[Rule], hosts: frozenset) -> Iterator[tuple]:
    """(control, what it is) of all that needs the traffic of the hosts decrypted: profiles of the rules ``found`` to take it, and applications in any."""
    if not hosts:
        return
    for rule in found:
        for kind, name in sorted(rule.profiles.items()):
            for control in SCANS.get(kind, ()):
                yield control, "%s profile %s of %s" % (kind, name, rule.name)
    telling = [rule.name for rule in rules if rule.enabled and _tells(reader, rule, hosts)]
    if telling:
        yield "app_control", "applications in %s%s: App-ID identifies an undecrypted session by its server name only" % (
            ", ".join(telling[:3]), " and %d more rules" % (len(telling) - 3) if len(telling) > 3 else "")


def _tells(reader: Reader, rule: Rule, hosts: frozenset) -> bool:
    """Whether a rule tells these hosts for our people by an application that only a decrypted session shows."""
    if set(rule.values("application")) <= {"any", "ssl", "web-browsing"} or reader.people(rule, "security") == NO:
        return False
    return bool(reader.hosts(rule, "security").all & hosts)


def passing(reader: Reader, rules: Iterable[Rule]) -> list:
    """The allow rules that take the wanted connections once nothing blocks them, from the top. ``rules``: those that a rule of ours may be above."""
    rules = list(rules)
    layer = reader.layer("security", rules)
    return [rule for rule, _hits in walk((rule for rule in rules if rule.enabled and rule.allows), reader.wanted, layer.reach)]


def kept_by(reader: Reader, found: Iterable[Rule]) -> list:
    """Those of the rules whose URL filtering profile has such a control."""
    return [rule for rule in found if keeps(reader, rule.profiles.get("url-filtering"))]
