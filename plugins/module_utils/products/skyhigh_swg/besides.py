# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else an assessment of a gateway tells: what an administrator has to do once in the rule sets, whom rules reach besides the audience,
and which controls are lost. Reads nothing and writes nothing.
"""
from __future__ import annotations

import re
from typing import Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.conditions import CONNECT, OUTSIDER, REQUEST
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule, RuleSet
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.view import View
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import WORKSPACE_HEADER, Findings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, MAY, NO, SURE, UNKNOWN

#: Words in the names of rule sets and rules, of the engines that they start and of the properties that they test, of scanners of decrypted traffic.
_CONTROLS = {"av": r"anti.?malware|anti.?virus|\bgam\b", "sandbox": r"sandbox|threat.?defen[sc]e|\batd\b|\btie\b", "dlp": r"\bdlp\b|data.?loss|data.?trickl",
             "file_control": r"media.?type|file.?type|upload", "casb": r"\bcasb\b|shadow.?it", "icap": r"\bicap\b|req.?mod|resp.?mod",
             "app_control": r"application.?control|\bapplication\.(name|function)", "ips": r"\bips\b|intrusion", "anti_spyware": r"spyware|bot.?net"}


def tell(view: View, found: Findings) -> None:
    """Add to ``losses``, ``tenant_controls``, ``manual`` and ``audience_widened``."""
    _losses(view, found)
    _tenants(view, found)
    _wiring(view, found)
    _audience(view, found)


def _audience(view: View, found: Findings) -> None:
    """Whom the rules let pass that are on our lists, besides the groups that were named."""
    if not view.settings.groups:
        return
    told: set = set()
    known: dict = {}
    for pattern, rule in ((pattern, rule) for pattern in view.policy.allow for rule in _met(view, pattern, known)):
        if rule.position not in view.ours or rule.position in told:
            continue
        if view.cycles.effect(rule) in (ALLOW, UNKNOWN):
            told.add(rule.position)
            found.audience_widened.append("%s allows users who are in none of the groups %s" % (rule.label, ", ".join(view.settings.groups)))
        elif rule.action == "stopruleset" and view.exempt.covering(pattern) is not None:
            told.add(rule.position)
            found.audience_widened.append("the exemption from TLS inspection applies to everybody who can reach these hosts: %s" % rule.label)


def _met(view: View, pattern: Pattern, known: dict) -> Iterator[Rule]:
    """The rules that apply, or may, to people of none of the groups, up to the one that certainly decides; ``known`` of each walk, which patterns share."""
    for stage in (CONNECT, REQUEST):
        signed = NO if stage is CONNECT else view.later.walk(pattern, OUTSIDER, CONNECT).signed
        walk = view.later.walk(pattern, OUTSIDER, stage, signed)
        if walk not in known:
            known[walk] = list(_up_to_the_last(view, walk.levels))
        yield from known[walk]


def _up_to_the_last(view: View, levels: dict) -> Iterator[Rule]:
    for rule in view.cycles.rules:
        level = levels.get(rule.position, NO)
        if level != NO:
            yield rule
        if level == SURE and view.cycles.effect(rule) in (ALLOW, DENY):
            return


def _losses(view: View, found: Findings) -> None:
    hosts = tuple(str(pattern) for pattern in view.policy.exempt)
    inspecting = [top for top in view.site.sets if top.enabled and (top.title in view.settings.https_rule_sets or any(
        rule.decrypts != NO for rule in top.walk()))]
    if not hosts or not inspecting:
        return
    seen = set()
    for top in view.site.sets:
        words = " ".join([top.title, *(word for rule in top.walk() for word in (rule.where, rule.name, *rule.engines, *(one.prop for one in rule.criteria)))])
        for control, pattern in _CONTROLS.items():
            if top.enabled and control not in seen and re.search(pattern, words, re.I):
                seen.add(control)
                found.lose(control, "rule set %s" % top.title, hosts + _passed(view, top))
    if not seen:
        found.lose("av", "whatever rule set looks into what %s decrypts" % inspecting[0].title, hosts)


def _passed(view: View, top: RuleSet) -> tuple:
    """What stays decrypted and still never gets to a rule set of the request cycle, since a rule ends the cycle above it."""
    first = min([rule.position for rule in top.walk()], default=0)
    kept = [pattern for pattern in view.policy.allow if top.request and view.exempt.covering(pattern) is None]
    return tuple(str(pattern) for pattern in kept if any(rule.position < first for rule in view.opening(pattern)))


def _tenants(view: View, found: Findings) -> None:
    """Rules that keep people in the company's workspace: what is exempt never gets there, nor does what a rule on our lists lets pass above them."""
    rules = [rule for top in view.site.sets if top.enabled for rule in top.walk()]
    # A rule may take the header from a list.
    holding = {identity for identity, (_title, node) in view.site.known.items() if WORKSPACE_HEADER in text_of(node).lower()}
    for rule in [rule for rule in rules if WORKSPACE_HEADER in rule.words.lower() or rule.named & holding]:
        about_it = [pattern for pattern in view.policy.allow if view.cycles.may_be_about(rule, pattern)]
        passed = [pattern for pattern in about_it if view.exempt.covering(pattern) is None and _passes(view, pattern, rule)]
        needed = [pattern for pattern in view.policy.exempt if view.cycles.may_be_about(rule, pattern)]
        if needed or passed:
            found.tenant_controls.append(TenantControl(rule.label, tuple(needed + [pattern for pattern in passed if pattern not in needed])))
        if passed:
            found.manual.append("%s is not evaluated for %s, because the rule for %s ends the cycle above it: move it above that rule" % (
                rule.label, ", ".join(map(str, passed)), view.settings.allow_list))


def _passes(view: View, pattern: Pattern, header: Rule) -> bool:
    """Whether a rule on our lists ends the cycle above a rule, or may."""
    ours = [rule for rule in view.cycles.rules if rule.position in view.ours and rule.position < header.position]
    levels = [view.later.walk(pattern, who, CONNECT).levels for who in view.settings.groups or (None,)]
    return any(met.get(rule.position, NO) != NO for rule in ours if view.cycles.effect(rule) in (ALLOW, UNKNOWN) for met in levels)


def _wiring(view: View, found: Findings) -> None:
    """What an administrator has to do once in the rule sets."""
    settings = view.settings
    if not settings.somebody:
        return
    doors = [top.title for top in view.site.sets if top.enabled and list(view.signing_in(top, MAY))]
    who = "users in %s" % " or ".join(settings.groups) if settings.groups else "everybody"
    below = "below %s" % ", ".join(doors) if doors else "below the rule set that authenticates (none was recognised: set authentication_rule_sets)"
    places = {settings.allow_list: "below HTTPS scanning and above the first rule set that blocks by URL or category",
              settings.exempt_list: "directly above HTTPS scanning"}
    for title, place in places.items():
        if not view.site.referring(title) and (title == settings.allow_list or view.policy.exempt):
            found.manual.append(
                "no enabled rule uses the list %s, so it has no effect. Once: save diagnosis.rule_sets[\"%s\"] as a file, import it as a rule set, "
                "keep the existing list when the import asks, and move it %s and %s. If this release does not accept the file, create the rule by "
                "hand: in the request cycle, URL.Host matches in list %s, URL.Port equals 443, %s: Stop Cycle" % (title, title, below, place, title, who))
    if view.policy.exempt and doors and not view.site.referring(settings.exempt_list):
        found.manual.append("if HTTPS scanning is above authentication, put the rule for %s into the rule set that handles CONNECT instead, as its "
                            "first rule, for everybody, with Stop Rule Set" % settings.exempt_list)
    if settings.groups and not doors:
        found.manual.append("no enabled rule set that authenticates was recognised, and without one no rule can match user groups: set "
                            "authentication_rule_sets, or check that there is one")
    early = sorted({rule.label for pattern in view.policy.allow for rule in view.opening(pattern) if rule.position < view.last_sign_in[MAY]})
    found.manual += ["%s is above authentication (%s), where no user is signed in: move it below" % (label, ", ".join(doors)) for label in early]
