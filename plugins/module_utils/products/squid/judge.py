# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Squid means for a policy: conflicts, losses, tenant controls, coverage. Reads nothing and writes nothing."""
from __future__ import annotations

import ipaddress
from dataclasses import replace

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Conflict, Coverage, Loss, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import (
    ALLOW, ALLOW_RULE, COOKIE_RULES, EXEMPT, SPLICE_RULE, Settings,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, conflict_id, coverage,
)

_UNSURE = "it is not certain that this line is about these hosts and people: check it, and change it by hand"


class Assessor:
    """What a State of this Squid means for a policy."""

    def __init__(self, settings: Settings, site: conf.Site, decrypts: bool, auth: list, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        networks = tuple(ipaddress.ip_network(n) for n in settings.networks) or None
        served = frozenset(word for d in site.named("http_access") if d.args[0] == "allow" for word in d.args[1:])
        acls = frozenset(settings.acls) if networks else served
        self._judge = conf.Judge(site, conf.Who(networks, acls, settings.users or None))
        self._found = Assessment()
        self._exempt = Index(policy.exempt)
        #: {pattern: the line} that shuts it for sure, and that shuts a part of it or some of the people.
        self._shut: dict = {}
        self._doubted: dict = {}
        held = {ref: state.objects.get(ref) for ref in (ALLOW, EXEMPT)}
        self._indexes = {ref: Index([parse(text) for text in obj.members["hosts"]] if obj else []) for ref, obj in held.items()}
        self._undecrypted, self._auth = not decrypts, auth

    def assess(self) -> Assessment:
        found = self._found
        found.resolved = {conflict_id("squid", ref.name): ref for ref, obj in self._state.objects.items()
                          if ref.kind == "directive" and not obj.fields["enabled"]}
        if self._site.position is None and self._site.files:
            found.manual.append("%s does not include %s: make that file, empty, and add \"include %s\" below its port and authentication rules and above "
                                "the rules that deny" % (self._settings.config_file, self._settings.drop_in, self._settings.drop_in))
        if self._site.intercepting:
            self._by_address()
        self._denials()
        bumped = self._decryptions()
        self._terminations()
        self._cookies()
        self._side_effects()
        found.coverage = [self._coverage(pattern, bumped) for pattern in self._policy.allow]
        found.manual += ["voice (%s) does not pass through Squid: open it on the firewall" % media for media in self._policy.media]
        return found

    def _by_address(self) -> None:
        """Squid judges an intercepted connection twice: by its address, and by its name once that is known. Our rules are about names."""
        decides = self._judge.nameless(self._site.named("http_access"))
        if decides is None or decides.args[0] == "deny":
            self._found.manual.append(
                "intercepted connections are judged by their address before their name is known, and %s denies that: allow CONNECT to port 443 "
                "for these clients there" % (self._rule(decides) if decides else "no http_access rule allows it"))
        if self._auth:
            self._found.manual.append("clients of the intercepting ports (%s) cannot authenticate: for them these rules do not hold"
                                      % ", ".join(d.args[0] for d in self._site.intercepting))

    def _denials(self) -> None:
        for directive, sure, may in self._judge.walk(self._site.before("http_access"), lambda d: d.args[1:], self._policy.allow):
            if directive.args[0] == "deny":
                self._deny(directive, sure, may)

    def _decryptions(self) -> dict:
        """{pattern: "no" where a line decrypts it for sure, "unchecked" where one decrypts a part of it, or for somebody}"""
        found: dict = {}
        for step in (1, 2):
            for directive, sure, may in self._judge.walk(self._site.before("ssl_bump"), lambda d: d.args[1:], self._policy.exempt, step):
                if directive.args[0] in ("bump", "client-first", "server-first"):
                    found.update(dict.fromkeys(sure, "no"))
                    for pattern in may:
                        found.setdefault(pattern, "unchecked")
                    self._conflict("decrypt", directive, sure, may)
        return found

    def _terminations(self) -> None:
        """Our splice line answers for exempt hosts; for the others every line of the site is asked."""
        exempt = [p for p in self._policy.allow if self._exempt.covering(p) is not None]
        others = [p for p in self._policy.allow if self._exempt.covering(p) is None]
        for patterns, chain in ((exempt, self._site.before("ssl_bump")), (others, self._site.named("ssl_bump"))):
            for step in (1, 2):
                for directive, sure, may in self._judge.walk(chain, lambda d: d.args[1:], patterns, step):
                    if directive.args[0] == "terminate":
                        self._deny(directive, sure, may)

    def _deny(self, directive: conf.Directive, sure: list, may: list) -> None:
        for patterns, known in ((sure, self._shut), (may, self._doubted)):
            for pattern in patterns:
                known.setdefault(pattern, self._rule(directive))
        self._conflict("deny", directive, sure, may)

    def _cookies(self) -> None:
        decrypted = [p for p in self._policy.allow if self._exempt.covering(p) is None]
        for name, header in COOKIE_RULES.items():
            for directive, sure, may in self._judge.walk(self._site.before(name), lambda d: d.args[2:], decrypted):
                if directive.args[1] == "deny" and directive.args[0] in (header, "All", "Other"):
                    self._conflict("cookies", directive, sure, may)
            for directive, sure, may in self._judge.walk(self._site.after(name), lambda d: d.args[2:], decrypted):
                if directive.args[1] == "deny" and directive.args[0] in ("All", "Other") and not self._site.named(name + " " + header):
                    self._conflict("cookies", directive, [], sure + may)

    def _side_effects(self) -> None:
        exempt, found = self._policy.exempt, self._found
        for directive, sure, may in self._judge.walk(self._site.named("adaptation_access"), lambda d: d.args[2:], exempt):
            if directive.args[1] == "allow":
                for control in ("av", "dlp"):
                    found.losses.append(Loss(control, self._rule(directive), tuple(str(p) for p in sure + may)))
        for directive, sure, may in self._judge.walk(self._site.named("request_header_add"), lambda d: d.args[2:], exempt):
            hosts = sure + may
            if directive.args[0].lower() == WORKSPACE_HEADER:
                found.tenant_controls.append(TenantControl("%s request_header_add %s" % (directive.where, directive.args[0]), tuple(hosts)))
            else:
                found.losses.append(Loss("headers", "%s request_header_add %s" % (directive.where, directive.args[0]), tuple(str(p) for p in hosts)))
        for directive in self._site.named("url_rewrite_program", "url_rewrite_children")[:1]:
            for pattern in self._rewritten() if directive.name == "url_rewrite_program" else ():
                self._doubted.setdefault(pattern, "%s %s" % (directive.where, directive.name))
            found.conflicts.append(Conflict(
                id=conflict_id("squid", directive.identity), effect="rewrite", where=directive.where, text=directive.name,
                hosts=tuple(str(p) for p in self._policy.allow), certain=False, opens="the rewriter sees every CONNECT; make it leave these hosts alone"))

    def _rewritten(self) -> list:
        """What a rewriter is asked about: all that no line keeps from it."""
        left, asked = list(self._policy.allow), []
        for directive, sure, may in self._judge.walk(self._site.named("url_rewrite_access"), lambda d: d.args[1:], self._policy.allow):
            asked += sure + may if directive.args[0] == "allow" else []
            left = [pattern for pattern in left if pattern not in sure]
        return asked + left

    def _rule(self, directive: conf.Directive) -> str:
        return "%s %s" % (directive.where, directive.text)

    def _conflict(self, effect: str, directive: conf.Directive, sure: list, may: list) -> None:
        hosts = sure or may
        if not hosts:
            return
        ref = Ref("directive", directive.identity)
        protected = any(name in (directive.file, directive.where) for name in self._settings.protected)
        remedy = (Change(ref, UPDATE, {"enabled": (True, False)}),) if sure and not protected else ()
        opens = "protected" if protected else _UNSURE if not sure else "everything else that this line %s" % {
            "deny": "denies", "decrypt": "decrypts", "cookies": "strips"}[effect]
        known = {conflict.id: conflict for conflict in self._found.conflicts}
        identity = conflict_id("squid", ref.name)
        if identity in known:
            # A line of ssl_bump is asked at two steps, and about exempt hosts and others; what it surely shuts counts for more.
            old, more = known[identity], tuple(str(p) for p in hosts)
            if bool(sure) >= old.certain:
                more = tuple(dict.fromkeys(old.hosts + more)) if bool(sure) == old.certain else more
                self._found.conflicts[self._found.conflicts.index(old)] = replace(old, hosts=more, certain=bool(sure), remedy=remedy, opens=opens)
            return
        self._found.conflicts.append(Conflict(
            id=identity, effect=effect, where=directive.where, text=directive.text + self._page(directive), hosts=tuple(str(p) for p in hosts),
            certain=bool(sure), remedy=remedy, opens=opens))

    def _page(self, directive: conf.Directive) -> str:
        """How Squid answers when this rule denies: its last ACL may have a deny_info."""
        pages = [d.args[0] for d in self._site.named("deny_info") if len(d.args) > 1 and d.args[-1] == directive.args[-1]]
        return " (answers with deny_info %s)" % pages[-1] if pages else ""

    def _coverage(self, pattern: Pattern, bumped: dict) -> Coverage:
        wants_exempt = self._exempt.covering(pattern) is not None
        held = self._holds(ALLOW, ALLOW_RULE, pattern)
        allowed = "no" if not held or pattern in self._shut else "unchecked" if pattern in self._doubted else "yes"
        note = "%s shuts it" % self._shut[pattern] if pattern in self._shut else "%s shuts a part of it, or somebody" % self._doubted[pattern]\
            if pattern in self._doubted else ""
        exempt, by = "not wanted", None
        if wants_exempt and self._undecrypted:
            exempt, by = "yes", "nothing is decrypted here"
        elif wants_exempt:
            exempt = bumped.get(self._exempt.covering(pattern), "yes") if self._holds(EXEMPT, SPLICE_RULE, pattern) else "no"
            by = SPLICE_RULE.name if exempt != "no" else None
        return coverage(pattern, allowed, exempt, ALLOW_RULE.name, by, [note] if note else [])

    def _holds(self, list_ref: Ref, rule_ref: Ref, pattern: Pattern) -> bool:
        if rule_ref not in self._state.objects or self._site.position is None and self._site.files:
            return False
        return self._indexes[list_ref].covering(pattern) is not None
