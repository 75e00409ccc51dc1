# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing lines after the drop-in that our rules precede, and that apply to some of the users. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import bump
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import CONNECT, Judge, Moment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import folded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.people import People
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE


def passed(site: Site, people: People, policy: Policy, decrypts: bool) -> list[str]:
    """In words, for ``audience_widened``."""
    judge = people.judge
    if site.position is None or not policy.allow:
        return []
    found = ["%s %s blocks a part of the audience and would no longer apply to these hosts; move it above the include of the drop-in, or narrow the "
             "audience" % (line.where, line.text) for line in _denials(site, people, policy) + _terminations(site, judge, policy, decrypts)]
    found += ["%s %s allows the audience only on conditions (%s), which the managed rule does not have" % (
        line.where, line.text, "; ".join(judge.doubts(_conditions(judge, line)))) for line in _conditional(site, judge)]
    return found + (_peeked(site, judge) if decrypts and policy.exempt else [])


def _denials(site: Site, people: People, policy: Policy) -> list:
    """The reachable rules that deny some of the users. Overriding those that deny everybody is the purpose of our rule."""
    left, found, judge = set(policy.allow), [], people.judge
    carried = {folded(word) for word in people.sign_in}
    for line in site.after("http_access"):
        if line.ours or not left:
            continue
        words = line.args[1:]
        # Whether a client signs in is asked of these hosts alone, and not by our rule.
        logins = [word for word in words if judge.signs_in([word]) and folded(word.lstrip("!")) not in carried]
        others = [word for word in words if word not in logins]
        if line.args[:1] == ("deny",) and logins and judge.people(others) != NO and judge.reach(line, others, left, CONNECT).all:
            found.append(line)
            continue
        hits, level = judge.reach(line, words, left, CONNECT), judge.people(words)
        if line.args[:1] == ("allow",):
            left -= hits.sure
        elif hits.all and level == MAY:
            found.append(line)
        elif hits.all and level == SURE and not judge.names_destination(words):
            break
    return found


def _conditional(site: Site, judge: Judge) -> list:
    """The rules that let the audience in, if each of them does so only at times, or from some devices or programs."""
    found = []
    for line in site.named("http_access"):
        words = line.args[1:]
        if line.ours or judge.names_destination([word for word in words if word[0] != "!"]) or judge.people(words) == NO:
            continue
        if line.args[:1] == ("allow",):
            if judge.people(_conditions(judge, line)) == SURE:
                return []
            found.append(line)
        elif judge.people(words) == SURE and not judge.names_destination(words):
            break
    return found


def _conditions(judge: Judge, line: Directive) -> list:
    """The words of a rule that are neither about addresses, which the task names, nor about a login, which the managed rule requires as well."""
    return [word for word in line.args[1:] if not judge.clients(word.lstrip("!")) and not judge.signs_in([word])]


def _terminations(site: Site, judge: Judge, policy: Policy, decrypts: bool) -> list:
    """The lines that our splice line precedes."""
    lines = [line for line in site.after("ssl_bump") if decrypts and not line.ours and bump.action(line) == bump.TERMINATE]
    return [line for line in lines for moment in (Moment(step=2),)
            if judge.people(line.args[1:], moment) == MAY and judge.reach(line, line.args[1:], policy.exempt, moment).all]


def _peeked(site: Site, judge: Judge) -> list[str]:
    """Our peek line precedes existing lines at the first step, which are then not evaluated."""
    chain = [line for line in site.named("ssl_bump") if not line.ours]
    behind = [line for line in site.after("ssl_bump") if not line.ours]
    above = [line for line in chain if line not in behind]
    if any(bump.action(line) in ("peek", "stare") and _people_level(judge, line, 1) == SURE for line in above):
        # The existing configuration peeks at every connection itself.
        return []
    if site.intercepting:
        lost = [line for line in behind if bump.action(line) in (bump.SPLICE, bump.TERMINATE, bump.BUMP)
                and _people_level(judge, line, 1) != NO and _people_level(judge, line, 2) == NO]
        return ["%s %s decides at step 1, and the managed peek line would precede it for every intercepted connection of the audience: move it above "
                "the include of the drop-in" % (line.where, line.text) for line in lost]
    first = [line for line in behind if bump.action(line) == bump.BUMP and _people_level(judge, line, 1) == SURE]
    later = [line for line in behind if bump.action(line) in (bump.BUMP, bump.TERMINATE) and _people_level(judge, line, 2) == SURE
             and not (line.args and line.args[0] in bump.FIRST_STEP_ONLY)]
    if first and not later:
        return ["%s %s decrypts at step 1 only, so a connection to an exempt host with another name in its handshake would pass undecrypted; let it "
                "bump at step 2 as well" % (first[0].where, first[0].text)]
    return []


def _people_level(judge: Judge, line: Directive, step: int) -> int:
    """Whether a line matches at a step, whatever the destination."""
    level = judge.people(line.args[1:], Moment(step=step))
    return level if level == NO or not judge.names_destination(line.args[1:]) else MAY
