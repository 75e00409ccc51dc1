# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audience in terms of the existing configuration: its clients, and the authentication that it requires of them. Pure."""
from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import Judge, Who, networks_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings, collapsed, folded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, SURE


@dataclass
class People:
    """``judge``: for the configuration and the audience; ``clients``: existing client ACLs, if the task names no clients; ``sign_in``: ACLs that
    authenticate; ``problem``: why these are unknown."""

    judge: Judge
    clients: tuple = ()
    sign_in: tuple = ()
    problem: str = ""


def people(settings: Settings, site: Site) -> People:
    """The audience of a task on this configuration."""
    plain = Judge(site, Who())
    clients, problem = (), ""
    if not settings.networks and not any(plain.clients(name) for name in settings.acls):
        clients, problem = _clients(site, plain)
    judge = Judge(site, _who(settings, site, clients))
    sign_in, doubt = _sign_in(site, judge)
    if settings.auth_acl:
        sign_in, doubt = (settings.auth_acl,), ""
    return People(judge, clients=clients, sign_in=sign_in, problem=problem or doubt)


def folds_names(site: Site) -> bool:
    """Whether Squid converts user names to lower case, as Basic authentication does by default."""
    basic = [d.args[1:] for d in site.named("auth_param") if d.args[:1] == ("basic",)]
    return bool(basic) and ("casesensitive", "on") not in [words[:2] for words in basic]


def _who(settings: Settings, site: Site, clients: tuple) -> Who:
    networks = [ipaddress.ip_network(n) for n in collapsed(settings.networks)] or None
    for name in (*clients, *settings.acls):
        theirs = networks_of(site, name)
        if theirs is not None:
            networks = theirs if networks is None else _common(networks, theirs)
    acls = frozenset(map(folded, (*clients, *settings.acls)))
    return Who(tuple(networks) if networks else None, acls, users=settings.users or None, folded=folds_names(site))


def _common(ours: list, theirs: list) -> list:
    pairs = ((a, b) for a in ours for b in theirs if a.version == b.version and a.overlaps(b))
    return list(dict.fromkeys(a if a.prefixlen >= b.prefixlen else b for a, b in pairs))


def _clients(site: Site, judge: Judge) -> tuple:
    """(the client ACLs of the existing allow rules, which "everyone" stands for; why they are unclear)"""
    if not site.files:
        return ("localnet",), ""
    found = {}
    for directive in site.named("http_access"):
        words = directive.args[1:]
        names = tuple(word for word in words if judge.clients(word))
        if directive.args[:1] == ("allow",) and names and all(word in names or judge.signs_in([word]) for word in words):
            found[names] = directive
    if len(found) == 1:
        return next(iter(found)), ""
    several = "more than one client ACL (%s)" % ", ".join(" ".join(names) for names in sorted(found))
    return (), ("audience: the existing http_access allow rules use %s; set the audience with networks or acls" % (
        several if found else "no client ACL"))


def _sign_in(site: Site, judge: Judge) -> tuple:
    """(the ACLs that authenticate a client of the audience, why they are unknown)

    Evaluates the existing rules from the top, without those for certain hosts. Every rule that allows the audience must require the same.
    """
    needed: list = []
    ways: dict = {}
    above = len(site.before("http_access"))
    for at, directive in enumerate(site.named("http_access")):
        words = directive.args[1:]
        auth = [word for word in words if judge.signs_in((word,))]
        others = [word for word in words if word not in auth] if auth else words
        if not directive.args or judge.names_destination([word for word in others if word[0] != "!"]):
            continue
        level = judge.people(others)
        if level == NO:
            continue
        if directive.args[0] == "allow":
            ways.setdefault(tuple(dict.fromkeys(needed + auth)), directive)
        elif auth:
            asked = [word.lstrip("!") for word in auth]
            if level == SURE and len(auth) == 1 and auth[0].startswith("!"):
                needed += asked
            elif at >= above or any(word.startswith("!") for word in auth):
                # A rule above ours that denies users by a helper precedes ours.
                ways.setdefault(tuple(dict.fromkeys(needed + asked)), directive)
        if level == SURE and directive.sure and not judge.names_destination(words) and all(judge.takes_any_user(word) for word in auth):
            break
    if not ways and not needed:
        # No existing rule allows the audience, but others may have to authenticate.
        ways = {(word.lstrip("!"),): d for d in site.named("http_access") for word in d.args[1:] if judge.signs_in([word])}
    return _one_way(ways, needed)


def _one_way(ways: dict, needed: list) -> tuple:
    """(what each of the ``ways`` requires, why that is unknown)"""
    if len(ways) < 2:
        return next(iter(ways), tuple(needed)), ""
    if () in ways:
        other = next(directive for words, directive in ways.items() if words)
        return (), ("audience: one part of it has access without a login (%s) and another part must authenticate (%s), which one rule cannot express: "
                    "use one task for each, with its own drop_in and list_dir, or set auth_acl" % (_text(ways[()]), _text(other)))
    names = sorted({word for words in ways for word in words})
    return (), "the existing rules authenticate with several ACLs (%s): set auth_acl to the one for the managed rule" % ", ".join(names)


def _text(directive: Directive) -> str:
    return "%s %s" % (directive.where, directive.text)
