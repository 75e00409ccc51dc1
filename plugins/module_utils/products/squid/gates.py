# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else in Squid may block a host, apart from http_access and ssl_bump: other lists, filters, peers, headers, and unknown directives. Pure."""
from __future__ import annotations

import re
from typing import Iterator, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import CONNECT, INSIDE, Judge
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive, Site, acl_words, port_name
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import COOKIE_RULES

_REWRITERS = ("url_rewrite_program", "redirect_program")
_REWRITE_LISTS = ("url_rewrite_access", "redirector_access")
_SERVICES = ("icap_service", "ecap_service")
#: Bytes a second, or at once, with which nothing works.
_SLOW = 1024
_RATE = re.compile("(?<![0-9-])[0-9]+")
_UNITS = {"bytes": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_SETS = ("adaptation_service_set", "adaptation_service_chain")


def header_rules(site: Site) -> Iterator[tuple]:
    """(directive, its lines that decide about the cookie header, whether these lines name it)

    For a header without its own line, the lines for "All" decide.
    """
    for directive, header in COOKIE_RULES.items():
        lines = [d for d in site.named(directive) if d.args and not d.ours]
        own = [d for d in lines if d.args[0].lower() == header.lower()]
        yield directive, own or [d for d in lines if d.args[0].lower() == "all"], bool(own)


class Gates:
    """``patterns``: all wanted ones; ``decrypted``: those whose requests Squid sees, or may see."""

    def __init__(self, site: Site, judge: Judge, patterns: Sequence[Pattern], decrypted: Sequence[Pattern]):
        self._site, self._judge, self._patterns, self._decrypted = site, judge, list(patterns), list(decrypted)

    def title(self, directive: Directive) -> str:
        """A directive as results show it: a program without its arguments, which may contain a secret."""
        return directive.name if directive.name in _REWRITERS else directive.text

    # -- lists

    def denials(self) -> Iterator[tuple]:
        """(directive, patterns that it certainly blocks, patterns that it may block) of the other access lists."""
        for name, replies in columns.GATES.items():
            for patterns, moment in (([] if replies else self._patterns, CONNECT), (self._decrypted, INSIDE._replace(reply=replies))):
                let_in: set = set()
                for directive, action, sure, may in self._judge.decide(self._site.named(name), patterns, moment):
                    if action == "allow":
                        # A part of it; the lines below are not asked about that part.
                        let_in.update(may)
                        continue
                    shut = [pattern for pattern in sure if action == "deny" and pattern not in let_in]
                    yield directive, shut, may + [pattern for pattern in sure if pattern not in shut]
        yield from self._sizes()
        yield from self._headers()
        yield from self._peers()

    def _sizes(self) -> Iterator[tuple]:
        """Limits on the size of replies, which block larger ones."""
        for directive in self._site.named("reply_body_max_size"):
            if directive.args and directive.args[0] not in ("none", "0"):
                hits = self._judge.reach(directive, acl_words(directive), self._decrypted, INSIDE._replace(reply=True))
                yield directive, [], [pattern for pattern in self._decrypted if pattern in hits.all]

    def _headers(self) -> Iterator[tuple]:
        """Removed headers that a web service needs."""
        for name, needed in columns.NEEDED_HEADERS.items():
            lines = [d for d in self._site.named(name) if d.args and not d.ours]
            for header in sorted(needed & {d.args[0].lower() for d in lines}):
                chain = [d for d in lines if d.args[0].lower() == header]
                for directive, action, sure, may in self._judge.decide(chain, self._decrypted, INSIDE):
                    if action != "allow":
                        yield directive, [], sure + may

    def _peers(self) -> Iterator[tuple]:
        """Requests that must use a peer although no peer accepts them, so that they fail."""
        peers = [port_name(d) for d in self._site.named("cache_peer") if d.args and "originserver" not in d.args]
        forced = self._reached("never_direct")
        free = self._reached("always_direct", surely=True)
        asked = [pattern for pattern in forced if pattern not in free]
        if not asked or not peers:
            return
        left = set(asked)
        refusing = []
        for peer in peers:
            lines = [d for d in self._site.named("cache_peer_access") if d.args[:1] == (peer,)]
            shut: set = set()
            for directive, action, sure, may in self._judge.decide(lines, asked):
                if action != "allow":
                    shut.update(sure + may)
                    refusing.append((directive, sure + may))
            left &= shut
        for directive, patterns in refusing:
            yield directive, [], [pattern for pattern in patterns if pattern in left]

    def _reached(self, name: str, surely: bool = False) -> list:
        """The patterns that a list allows, or may allow."""
        found: list = []
        for _directive, action, sure, may in self._judge.decide(self._site.named(name), self._patterns):
            if action == "allow" or (action is None and not surely):
                found += sure if surely else sure + may
        return found

    # -- external programs and services

    def asked(self) -> Iterator[tuple]:
        """(directive, patterns) of programs and services that see every CONNECT and may refuse or redirect it."""
        for directive in self._site.named(*_REWRITERS)[:1]:
            lists = self._site.named(*_REWRITE_LISTS)
            asked = [one for _line, action, sure, may in self._judge.decide(lists, self._patterns) if action != "deny" for one in sure + may]
            yield directive, list(dict.fromkeys(asked)) if any(d.args for d in lists) else self._patterns
        for service, lines in self._adapted().items():
            if self._points(service, "reqmod_precache"):
                for directive, action, sure, may in self._judge.decide(lines, self._patterns):
                    if action != "deny":
                        yield directive, sure + may

    def _adapted(self) -> dict:
        """{service: its lines of adaptation_access}"""
        found: dict = {}
        for directive in self._site.named("adaptation_access"):
            if len(directive.args) > 1:
                found.setdefault(directive.args[0], []).append(directive)
        return found

    def _points(self, name: str, point: str) -> bool:
        """Whether a service, or one of a set, is used at that point; an undefined one may be."""
        members = [name]
        for directive in self._site.named(*_SETS):
            if directive.args[:1] == (name,):
                members += directive.args[1:]
        services = {d.args[0]: d for d in self._site.named(*_SERVICES) if d.args}
        if not any(member in services for member in members):
            return True
        return any(self._switched_on(services[member]) and point in " ".join(services[member].args[1:]).lower() for member in members if member in services)

    def _switched_on(self, service: Directive) -> bool:
        """Whether ICAP, or eCAP, is enabled."""
        switch = self._site.named("icap_enable" if service.name == "icap_service" else "ecap_enable")
        return bool(switch) and switch[-1].args[:1] != ("off",)

    # -- what is unknown

    def doubts(self) -> Iterator[tuple]:
        """(why, patterns) of anything else that may block them."""
        known = columns.JUDGED | columns.OTHERS
        for directive in self._site.directives:
            if directive.enabled and directive.name not in known:
                yield "%s %s is not understood and may block it" % (directive.where, directive.name), self._patterns
        for service, lines in self._adapted().items():
            if self._points(service, "respmod_precache"):
                for directive, action, sure, may in self._judge.decide(lines, self._decrypted, INSIDE):
                    if action != "deny":
                        yield "%s %s may block a part of it" % (directive.where, directive.text), sure + may
        trusting = self.trusting()
        if trusting:
            yield "%s: the identity of a client is known only from its first request (X-Forwarded-For), so later requests are evaluated as the proxy's own" % (
                trusting[0].where), self._patterns
        for port in self._site.ports:
            if "require-proxy-header" in port.args:
                yield "%s serves only clients behind a proxy that proxy_protocol_access allows" % port.where, self._patterns
        for directive in self._site.named("client_ip_max_connections"):
            if directive.args[:1] != ("-1",):
                yield "%s %s blocks further connections of a client" % (directive.where, directive.text), self._patterns
        yield from self._limits()
        for why in self._site.doubts:
            yield why, self._patterns

    def _limits(self) -> Iterator[tuple]:
        """(why, patterns) of limits below the size of requests."""
        for name, least in columns.LIMITS.items():
            for directive in self._site.named(name)[-1:]:
                if not _number(directive.args) >= least:
                    yield "%s %s blocks what needs more" % (directive.where, directive.text), self._patterns
        for directive in self._site.named("request_body_max_size")[-1:]:
            if _number(directive.args) != 0:
                yield "%s %s blocks larger uploads" % (directive.where, directive.text), self._decrypted
        yield from self._rates()

    def _rates(self) -> Iterator[tuple]:
        """(why, patterns) of delay pools that let almost nothing through."""
        for rates, access in columns.RATES.items():
            slow = [d for d in self._site.named(rates) if any(int(rate) < _SLOW for rate in _RATE.findall(" ".join(d.args[1:])))]
            for directive in slow:
                lines = [d for d in self._site.named(access) if d.args[:1] == directive.args[:1]]
                for _line, action, sure, may in self._judge.decide(lines, self._patterns):
                    if action != "deny":
                        yield "%s %s lets less than %d bytes a second through" % (directive.where, directive.text, _SLOW), sure + may

    def trusting(self) -> list:
        """The lines that take the client's address from another proxy, if access lists use it again for decrypted requests."""
        return [d for d in self._site.named("follow_x_forwarded_for") if self._site.bumping and d.args[:1] == ("allow",)]


def _number(words: Sequence[str]) -> float:
    """A number of bytes, with or without a unit; -1 if invalid."""
    try:
        return float(words[0]) * _UNITS[words[1].lower() if len(words) > 1 else "bytes"]
    except (IndexError, KeyError, ValueError):
        return -1
