# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a Squid means for a policy: conflicts, losses, tenant controls, coverage. Reads nothing and writes nothing."""
from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Conflict, Coverage, Loss, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import bump, config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import CONNECT, INSIDE, Moment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.alike import lists_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import (
    ALLOW, ALLOW_RULE, EXEMPT, RULEBASES, RULES, SPLICE_RULE, Settings, paths_of,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.gates import Gates, header_rules
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.passed import passed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.people import People
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, conflict_id, coverage, reasons,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE

_UNSURE = "it is not certain that this line applies to these hosts and users: check it, and change it by hand"
_FOREIGN = "it is in the drop-in of this collection: remove it by hand"
_DOES = {"deny": "denies", "decrypt": "decrypts", "cookies": "strips"}


def with_drop_in(site: conf.Site, state: State, drop_in: str) -> conf.Site:
    """The configuration with directives enabled and disabled as in ``state``, and with the rules of the drop-in at its position."""
    enabled = {ref.name: obj.fields["enabled"] for ref, obj in state.objects.items() if ref.kind == "directive"}
    # Few differ from what was read.
    there = {d.name for d in site.directives if not d.enabled} | {name for name in RULEBASES if not all(enabled.values())}
    if not there and not any(state.rules.values()):
        return site
    lines = [d._replace(enabled=enabled.get(d.identity, d.enabled)) if d.name in there else d for d in site.directives]
    rules = []
    for base in RULEBASES:
        for ref in state.rules.get(base, ()):
            obj = state.objects[ref]
            text = obj.fields["text"] if ref.kind == "line" else " ".join([ref.name, *obj.fields["acls"]])
            words = conf.split(text) or [base]
            rules.append(conf.Directive(words[0], tuple(words[1:]), text=text, file=drop_in, line=0, ours=ref.kind == "rule" and ref.name in RULES))
    for position in reversed(site.positions):
        lines[position:position] = rules
    return replace(site, directives=lines)


class Assessor:
    """What a State of this Squid means for a policy. ``site``: as read; ``people``: the audience on it."""

    def __init__(self, settings: Settings, site: conf.Site, decrypts: bool, people: People, policy: Policy, state: State):
        self._settings, self._people, self._policy, self._state = settings, people, policy, state
        self._site = with_drop_in(site, state, settings.drop_in)
        # Managed rules and disabled lines do not change the result of an ACL.
        self._judge = people.judge
        self._found = Assessment()
        self._exempt = Index(policy.exempt)
        #: {pattern: the line} that certainly blocks it, and {pattern: what} may block it, a part of it, or some of the users.
        self._shut: dict = {}
        self._doubted: dict = {}
        self._indexes = lists_of(state)
        #: Whether the clients' addresses are known only from another proxy.
        self._undecrypted, self._elsewhere = not decrypts, False
        self._fates: dict = {}

    def assess(self) -> Assessment:
        found = self._found
        found.resolved = {conflict_id("squid", ref.name): ref for ref, obj in self._state.objects.items()
                          if ref.kind == "directive" and not obj.fields["enabled"]}
        if self._site.position is None and self._site.files:
            found.manual.append(self._no_include())
        if self._site.intercepting:
            self._by_address()
        if not self._undecrypted:
            self._bumps()
        self._denials()
        self._exceptions()
        self._cookies()
        self._side_effects()
        self._gates()
        found.audience_widened += passed(self._site, self._people, self._policy, not self._undecrypted)
        found.coverage = [self._coverage(pattern) for pattern in self._policy.allow]
        found.manual += ["voice (%s): Squid does not carry UDP; open it on the firewall" % media for media in self._policy.media]
        return found

    def _no_include(self) -> str:
        """The conflict if Squid does not read the drop-in, or if this is unknown, and what to do about it."""
        drop_in, advice = self._settings.drop_in, "add \"include %s\" below its port and authentication rules and above the rules that deny"
        if self._site.perhaps:
            return "only Squid knows whether %s reads %s (%s): remove that include, and %s" % (
                self._settings.config_file, drop_in, "; ".join(self._site.perhaps), advice % drop_in)
        return "%s does not include %s: create that file, empty, and %s" % (self._settings.config_file, drop_in, advice % drop_in)

    def _by_address(self) -> None:
        """Squid evaluates an intercepted connection twice: by its address, and by its name once that is known. Managed rules use names."""
        decides = self._judge.nameless(d for d in self._site.named("http_access") if not d.ours and d.args)
        if decides is None or decides.args[0] == "deny":
            self._found.manual.append(
                "intercepted connections are evaluated by address before the name is known, and %s denies that: allow CONNECT to port 443 for these "
                "clients there" % (self._rule(decides) if decides else "no http_access rule allows it"))
        if self._people.sign_in or self._people.problem:
            self._found.manual.append("clients of the intercepting ports (%s) cannot authenticate, so these rules do not apply to them"
                                      % ", ".join(d.args[0] for d in self._site.intercepting))

    # -- rules before ours

    def _above(self, name: str) -> list:
        """The rules of that directive that precede ours."""
        chain = self._site.named(name)
        ours = next((at for at, directive in enumerate(chain) if directive.ours), None)
        return chain[:ours] if ours is not None else self._site.before(name)

    @property
    def _decrypted(self) -> list:
        """The wanted patterns whose requests Squid sees, or may see."""
        return [pattern for pattern in self._policy.allow if bump.BUMP in self._fates[pattern].ends] if self._fates else []

    def _denials(self) -> None:
        for patterns, moment in ((self._policy.allow, CONNECT), (self._decrypted, INSIDE)):
            let_in: dict = {}
            for directive, sure, may in self._judge.walk(self._above("http_access"), lambda d: d.args[1:], patterns, moment):
                if directive.args[:1] == ("deny",):
                    for pattern in sure:
                        if pattern in let_in:
                            self._doubt(pattern, "%s denies what %s does not allow" % (self._rule(directive), self._rule(let_in[pattern])))
                    self._deny(directive, sure, may, [pattern for pattern in sure if pattern not in let_in])
                elif directive.args[:1] == ("allow",):
                    # It may allow some of the users or names, and the rules below then do not apply to them.
                    let_in.update((pattern, directive) for pattern in may if pattern not in let_in)
                else:
                    self._deny(directive, [], sure + may)

    def _deny(self, directive: conf.Directive, sure: list, may: list, shut: list | None = None) -> None:
        """A line that certainly blocks some patterns, all of them or those in ``shut`` for everybody, and may block others."""
        doubts = self._judge.doubts(conf.acl_words(directive))
        for pattern in sure if shut is None else shut:
            self._shut.setdefault(pattern, self._rule(directive))
        for pattern in may:
            self._doubt(pattern, "%s blocks a part of it, or some users%s" % (self._rule(directive), " (%s)" % "; ".join(doubts) if doubts else ""))
        self._conflict("deny", directive, sure, may, doubts)

    def _exceptions(self) -> None:
        """Exceptions of managed lists that their entries do not require: they remove names from the lists."""
        for ref, patterns in ((ALLOW, self._policy.allow), (EXEMPT, [] if self._undecrypted else self._policy.exempt)):
            path, named = paths_of(self._settings.list_dir, ref)[1], set()
            for pattern in patterns if self._indexes[ref].excepted else ():
                whole, part = self._indexes[ref].taken_out(pattern)
                named.update(whole + part)
                if ref == ALLOW and whole:
                    self._shut.setdefault(pattern, "%s: %s" % (path, ", ".join(whole)))
                elif ref == ALLOW and part:
                    self._doubt(pattern, "%s excludes, or may exclude, a part of it (%s)" % (path, ", ".join(part)))
            if named:
                self._found.manual.append("%s excludes %s from a list that must contain them: remove these lines there, or set state: "
                                          "replaced" % (path, ", ".join(sorted(named))))

    def _doubt(self, pattern: Pattern, why: str) -> None:
        told = self._doubted.setdefault(pattern, [])
        if why not in told:
            told.append(why)

    # -- ssl_bump

    def _bumps(self) -> None:
        """For each pattern, the lines that decrypt it and those that terminate it."""
        chain = self._site.named("ssl_bump")
        for pattern in self._policy.allow:
            self._fates[pattern] = bump.fate(chain, lambda line, step, about=pattern: self._bump_level(line, step, about))
        for end in (bump.BUMP, bump.TERMINATE):
            for line in chain:
                about = [pattern for pattern, fate in self._fates.items() if line in fate.lines(end)]
                surely = [p for p in about if self._fates[p].surely == end and self._fates[p].ends[end] == [line]]
                # Lines of others in our drop-in may come first.
                sure = [] if self._perhaps_read else surely
                may = [pattern for pattern in about if pattern not in sure]
                if end == bump.TERMINATE and about:
                    self._deny(line, sure, may)
                elif end == bump.BUMP:
                    sure, may = ([p for p in some if self._exempt.covering(p) is not None] for some in (sure, may))
                    self._conflict("decrypt", line, sure, may, self._judge.doubts(line.args[1:]))

    def _bump_level(self, line: conf.Directive, step: int, pattern: Pattern) -> int:
        if line.ours:
            if self._indexes[EXEMPT].covering(pattern) is None or (step > 1 and line.args[0] == "peek"):
                return NO
            whole, part = self._indexes[EXEMPT].taken_out(pattern)
            return NO if whole else MAY if part else SURE
        hits = self._judge.reach(line, line.args[1:], [pattern], Moment(step=step))
        return SURE if hits.sure else MAY if hits.may else NO

    # -- headers, filters, other lists

    def _cookies(self) -> None:
        """Cookies can be removed from decrypted requests only."""
        decrypted = [p for p in self._policy.allow if self._exempt.covering(p) is None]
        for name, lines, ours in header_rules(self._site):
            above = [line for line in lines if line in self._site.before(name)]
            written = any(d.ours for d in self._site.named(name))
            for directive, action, sure, may in self._judge.decide(above if written else lines, decrypted, INSIDE):
                if action != "allow" and (directive in above or not written):
                    known = ours and action == "deny" and directive.args[1] == "deny"
                    self._conflict("cookies", directive, sure if known else [], may if known else sure + may, [])

    def _side_effects(self) -> None:
        exempt, found = self._policy.exempt, self._found
        for directive, sure, may in self._judge.walk(self._site.named("adaptation_access"), lambda d: d.args[2:], exempt):
            if directive.args[1:2] == ("allow",):
                for control in ("av", "dlp"):
                    found.losses.append(Loss(control, self._rule(directive), tuple(str(p) for p in sure + may)))
        added = [d for d in self._site.named("request_header_add") if d.args]
        for directive, sure, may in self._judge.walk(added, lambda d: d.args[2:], exempt):
            hosts = sure + may
            if directive.args[0].lower() == WORKSPACE_HEADER:
                found.tenant_controls.append(TenantControl("%s request_header_add %s" % (directive.where, directive.args[0]), tuple(hosts)))
            else:
                found.losses.append(Loss("headers", "%s request_header_add %s" % (directive.where, directive.args[0]), tuple(str(p) for p in hosts)))

    def _gates(self) -> None:
        """What else may block a host, apart from http_access and ssl_bump."""
        gates = Gates(self._site, self._judge, self._policy.allow, self._decrypted)
        self._elsewhere = bool(gates.trusting())
        for directive, sure, may in gates.denials():
            self._deny(directive, sure, may)
        for directive, patterns in gates.asked():
            if patterns:
                self._found.conflicts.append(Conflict(
                    id=conflict_id("squid", directive.identity), effect="rewrite", where=directive.where, text=gates.title(directive),
                    hosts=tuple(str(p) for p in self._policy.allow), certain=False,
                    opens="the service that it queries sees every CONNECT; exclude these hosts there"))
            for pattern in patterns:
                self._doubt(pattern, "%s %s may block it" % (directive.where, gates.title(directive)))
        asked = [word for word in self._people.sign_in if any(self._judge.level([word], pattern) != SURE for pattern in self._policy.allow)]
        ours = [("the managed rule requires %s, as the existing rules do, and allows everyone who satisfies "
                 "it" % " and ".join(asked), self._policy.allow)] if asked else []
        for why, patterns in (*gates.doubts(), *ours, *self._without_login()):
            for pattern in patterns:
                self._doubt(pattern, why)

    def _without_login(self) -> Iterator[tuple]:
        """(why, patterns) that existing rules allow without a login, below our rule that requires one."""
        asks = " and ".join(self._people.sign_in)
        chain = [directive for directive in self._site.after("http_access") if asks and not directive.ours]
        for directive, sure, may in self._judge.walk(takewhile(self._lets_strangers_on, chain), lambda d: d.args[1:], self._policy.allow):
            if directive.args[:1] == ("allow",) and not self._judge.signs_in(directive.args[1:]):
                yield "%s allows users without a login, but the managed rule above it requires %s" % (self._rule(directive), asks), sure + may

    def _lets_strangers_on(self, directive: conf.Directive) -> bool:
        """Whether an unauthenticated client may reach the lines below this one."""
        logins = [word for word in directive.args[1:] if self._judge.signs_in([word])]
        others = [word for word in directive.args[1:] if word not in logins]
        stops = logins and all(word.startswith("!") for word in logins) and directive.sure
        return not stops or self._judge.names_destination(directive.args[1:]) or self._judge.people(others) != SURE

    # -- conflicts and coverage

    def _rule(self, directive: conf.Directive) -> str:
        return "%s %s" % (directive.where if directive.line else directive.file, directive.text)

    def _conflict(self, effect: str, directive: conf.Directive, sure: list, may: list, doubts: Iterable[str]) -> None:
        hosts = sure or may
        if not hosts:
            return
        ref = Ref("directive", directive.identity)
        known_to_state = ref in self._state.objects
        protected = any(name in (directive.file, directive.where) for name in self._settings.protected)
        remedy = (Change(ref, UPDATE, {"enabled": (True, False)}),) if sure and known_to_state and not protected else ()
        opens = "protected" if protected else _UNSURE if not sure else "everything else that this line %s" % _DOES[effect] if known_to_state else (
            _FOREIGN if directive.file == self._settings.drop_in else "change it by hand")
        known = {conflict.id: conflict for conflict in self._found.conflicts}
        identity = conflict_id("squid", ref.name)
        if identity in known:
            # A line is evaluated at several moments, and for exempt and other hosts; a certain block takes precedence.
            old, more = known[identity], tuple(str(p) for p in hosts)
            if bool(sure) >= old.certain:
                more = tuple(dict.fromkeys(old.hosts + more)) if bool(sure) == old.certain else more
                self._found.conflicts[self._found.conflicts.index(old)] = replace(old, hosts=more, certain=bool(sure), remedy=remedy, opens=opens)
            return
        text = "; ".join([directive.text + self._page(directive), *([] if sure else doubts)])
        self._found.conflicts.append(Conflict(
            id=identity, effect=effect, where=directive.where if directive.line else directive.file, text=text, hosts=tuple(str(p) for p in hosts),
            certain=bool(sure), remedy=remedy, opens=opens))

    def _page(self, directive: conf.Directive) -> str:
        """How Squid answers when this rule denies: its last ACL may have a deny_info."""
        pages = [d.args[0] for d in self._site.named("deny_info") if len(d.args) > 1 and directive.args and d.args[-1] == directive.args[-1]]
        return " (answers with deny_info %s)" % pages[-1] if pages else ""

    def _coverage(self, pattern: Pattern) -> Coverage:
        wanted = self._exempt.covering(pattern) is not None
        held = self._holds(ALLOW, ALLOW_RULE, pattern)
        allowed = "unchecked" if self._perhaps_read else "no" if not held or pattern in self._shut else "unchecked" if pattern in self._doubted else "yes"
        notes = ["%s blocks it" % self._shut[pattern]] if pattern in self._shut else reasons(self._doubted.get(pattern, ()))
        exempt, by = "not wanted", None
        if wanted and self._undecrypted:
            exempt, by = "yes", "nothing is decrypted here"
        elif wanted:
            exempt, by = self._exemption(pattern)
        return coverage(pattern, allowed, exempt, ALLOW_RULE.name, by, notes)

    def _exemption(self, pattern: Pattern) -> tuple:
        """(whether it is not decrypted, because of what)"""
        ends = self._fates[pattern].ends
        if bump.BUMP not in ends:
            lines = self._fates[pattern].lines(bump.SPLICE)
            by = SPLICE_RULE.name if any(line.ours for line in lines) else lines[0].where if lines else None
            return ("unchecked" if self._site.doubts or self._elsewhere else "yes"), by
        if len(ends) == 1 and not self._perhaps_read:
            return "no", None
        return "unchecked", SPLICE_RULE.name if self._holds(EXEMPT, SPLICE_RULE, pattern) else None

    @property
    def _perhaps_read(self) -> bool:
        """Whether only Squid knows if it reads the drop-in, for example with a path relative to its own folder."""
        return self._site.position is None and bool(self._site.doubts) and ALLOW_RULE in self._state.objects

    def _holds(self, list_ref: Ref, rule_ref: Ref, pattern: Pattern) -> bool:
        if rule_ref not in self._state.objects or self._site.position is None and self._site.files:
            return False
        return self._indexes[list_ref].covering(pattern) is not None
