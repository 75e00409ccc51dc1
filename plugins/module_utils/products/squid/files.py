# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own Squid files as objects and back: the lists, and the drop-in with its ACLs and rules. Pure text in, pure text out.

A line is ours when it defines or uses an ACL whose name starts with ``netaccess_``. Lines that somebody else put into the drop-in
are kept, in their order, as objects of kind ``line``.
"""
from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, PatternError, collapse, parse, parse_if,
)

_NAME = re.compile(r"[^\s\"'#!]+\Z")

PREFIX = "netaccess_"
#: The drop-in whose names have no more in front than that; those of another one carry its name, so that several on one Squid do not share ACLs.
_USUAL = "netaccess-chatgpt"
MARK = "# Managed by netaccess.chatgpt. Change the playbook, not this file."
#: What our ACLs are called, behind the prefix.
NAMES = frozenset("""allow_except allow_host client exempt_except exempt_host exempt_sni exempt_sni_except intercepted method named port step1 user""".split())
#: Directives whose lines are read in order, and how many words name a rule before its ACLs.
RULEBASES = {"ssl_bump": 1, "request_header_access": 2, "reply_header_access": 2, "http_access": 1}
ALLOW, EXEMPT = Ref("list", "allow"), Ref("list", "exempt")
ALLOW_RULE = Ref("rule", "http_access allow")
PEEK_RULE, SPLICE_RULE = Ref("rule", "ssl_bump peek"), Ref("rule", "ssl_bump splice")
COOKIE_RULES = {"request_header_access": "Cookie", "reply_header_access": "Set-Cookie"}


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``networks`` are CIDR texts."""

    config_file: str
    drop_in: str
    list_dir: str
    networks: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    acls: tuple[str, ...] = ()
    everyone: bool = False
    auth_acl: str | None = None
    comment: str | None = None
    protected: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """How the names of our ACLs begin."""
        return prefix_of(self.drop_in)

    @property
    def names_somebody(self) -> bool:
        """Whether the task says whom it is about."""
        return bool(self.everyone or self.networks or self.users or self.acls)

    def check(self) -> None:
        """:raises AccessError: refused, for an audience that would end up as something else in Squid's configuration."""
        for network in self.networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise AccessError(REFUSED, "audience.networks: %r is not a network in CIDR form (%s)" % (network, error)) from error
        for option, words in (("users", self.users), ("acls", self.acls), ("auth_acl", (self.auth_acl,) if self.auth_acl else ())):
            for word in words:
                if not _NAME.match(word) or word.startswith("-"):
                    raise AccessError(REFUSED, "%s: %r cannot be written to Squid's configuration" % (option, word))
        for path in (self.drop_in, self.list_dir):
            if re.search(r"\s|\"", path):
                raise AccessError(REFUSED, "%s: Squid's configuration cannot name a path with white space or quotes" % path)


@dataclass
class DropIn:
    """The content of the drop-in: ``objects`` by Ref, ``rules`` by directive in the order of the file."""

    objects: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)


def prefix_of(drop_in: str) -> str:
    """How the names of ACLs in a drop-in begin."""
    stem = os.path.basename(drop_in).rsplit(".conf", 1)[0]
    if stem == _USUAL:
        return PREFIX
    word = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")
    return "%s%s_" % (PREFIX, word[len(PREFIX):] if word.startswith(PREFIX) else word)


def acl(name: str, kind: str, values: Iterable[str], options: Iterable[str] = ()) -> Object:
    """One ``acl`` line of ours. ``values`` are compared as a set."""
    return Object(Ref("acl", name), {"type": kind, "options": sorted(options), "values": sorted(values)}, ours=True)


def rule(name: str, acls: Iterable[str]) -> Object:
    """One rule line of ours; ``name`` is the directive with its action, for example ``http_access allow``."""
    return Object(Ref("rule", name), {"acls": list(acls)}, ours=True)


def parse_drop_in(text: str, path: str) -> DropIn:
    """Read the drop-in. :raises AccessError: conflict, when one of our rules stands in it twice."""
    found, prefix = DropIn(), prefix_of(path)
    for number, line in enumerate(_logical_lines(text), 1):
        words = line.split()
        if words[0] == "acl" and len(words) > 2 and words[1].startswith(prefix):
            _add_acl(found, words)
            continue
        ref = _rule_ref(words, prefix)
        if ref is None:
            ref = _fresh(found, line)
            found.objects[ref] = Object(ref, {"text": line})
        elif ref in found.objects:
            raise AccessError(CONFLICT, "%s holds the rule %r twice (line %d): remove one, since their order decides" % (path, ref.name, number))
        else:
            found.objects[ref] = rule(ref.name, words[1 + RULEBASES[words[0]]:])
        if words[0] in RULEBASES:
            found.rules.setdefault(words[0], []).append(ref)
    return found


def _logical_lines(text: str):
    """Lines as Squid joins them: a backslash at the end continues, comments and blank lines go."""
    held = ""
    for raw in text.splitlines():
        line = held + raw.strip()
        held = ""
        if line.endswith("\\") and not line.startswith("#"):
            held = line[:-1]
        elif line and not line.startswith("#"):
            yield " ".join(line.split())
    if held.strip():
        yield " ".join(held.split())


def _add_acl(found: DropIn, words: list) -> None:
    options = [w for w in words[3:] if w.startswith("-") and w != "--"]
    values = [w for w in words[3:] if w not in options]
    ref = Ref("acl", words[1])
    earlier = found.objects.get(ref)
    if earlier is not None:
        values += earlier.fields["values"]
        options = sorted(set(options + earlier.fields["options"]))
    found.objects[ref] = acl(words[1], words[2], values, options)


def _rule_ref(words: list, prefix: str):
    """The Ref of a rule of ours, or None."""
    named = RULEBASES.get(words[0])
    if named is None or not any(w.lstrip("!").startswith(prefix) for w in words[1 + named:]):
        return None
    return Ref("rule", " ".join(words[:1 + named]))


def _fresh(found: DropIn, line: str) -> Ref:
    count, name = 1, line
    while Ref("line", name) in found.objects:
        count += 1
        name = "%s #%d" % (line, count)
    return Ref("line", name)


def render_drop_in(state: State, comment: str | None) -> str | None:
    """The text of the drop-in for ``state``; None when there is nothing to hold."""
    ordered = {ref for refs in state.rules.values() for ref in refs}
    acls = [obj for ref, obj in sorted(state.objects.items()) if ref.kind == "acl"]
    loose = [obj for ref, obj in state.objects.items() if ref.kind == "line" and ref not in ordered]
    lines = [_acl_text(obj) for obj in acls] + [obj.fields["text"] for obj in loose]
    for base in RULEBASES:
        lines += [_rule_text(state.objects[ref]) for ref in state.rules.get(base, ()) if ref in state.objects]
    if not lines:
        return None
    head = [MARK] + (["# Last change: %s" % " ".join(comment.split())] if comment else [])
    return "\n".join(head + lines) + "\n"


def _acl_text(obj: Object) -> str:
    fields = obj.fields
    return " ".join(["acl", obj.ref.name, fields["type"]] + fields["options"] + fields["values"])


def _rule_text(obj: Object) -> str:
    if obj.ref.kind == "line":
        return obj.fields["text"]
    return " ".join([obj.ref.name] + obj.fields["acls"])


# -- lists ---------------------------------------------------------------------------------------------------------

_COVERED = "#~ "
_DEAD = "#? "
#: An empty list file is a warning for Squid, so a list that excepts nothing holds this name, which no host can have (RFC 2606).
_NOBODY = "netaccess.invalid"


def render_list(members: dict[str, Iterable[str]], marked: bool = True) -> tuple[str, str]:
    """(domains, exceptions): the two files of a list.

    Squid has ``.x`` (apex and subdomains) and ``x``; ``*.x`` is ``.x`` with the apex in the exceptions, which the rules negate. Entries
    that another one covers would be a warning or a fatal error for Squid, depending on their order: they are kept as comments.
    """
    patterns = sorted(parse(text) for text in members["hosts"])
    index = Index(patterns)
    active = {entry: None for entry in collapse(Pattern(p.name, EXACT if p.kind == EXACT else DOMAIN) for p in patterns)}
    covered, exceptions = [], []
    for pattern in patterns:
        entry = Pattern(pattern.name, EXACT if pattern.kind == EXACT else DOMAIN)
        if entry in active and active[entry] is None:
            active[entry] = pattern
        else:
            covered.append(pattern)
        if pattern.kind == SUBDOMAINS and index.covering(Pattern(pattern.name, EXACT)) is None:
            exceptions.append(pattern.name)
    lines = [str(entry) if entry == pattern else "%s # %s" % (entry, pattern) for entry, pattern in active.items()]
    lines += [_COVERED + str(pattern) for pattern in covered] + [_DEAD + line for line in sorted(members.get("dead", ()))]
    head = [MARK] if marked else []
    return "\n".join(head + lines) + "\n", "\n".join(head + (sorted(exceptions) or [_NOBODY])) + "\n"


def parse_list(text: str) -> dict[str, frozenset[str]]:
    """The members of a list file: ``hosts``, as pattern texts, and ``dead``: lines that Squid reads and that match nothing."""
    hosts, dead = set(), set()
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith(_DEAD):
            dead.add(line[len(_DEAD):])
        elif line.startswith(_COVERED):
            hosts.add(str(parse(line[len(_COVERED):])))
        elif line and not line.startswith("#"):
            value, _sep, note = line.partition("#")
            pattern = _active(value.strip(), note.strip())
            if pattern is None:
                dead.add(line)
            else:
                hosts.add(str(pattern))
    return {"hosts": frozenset(hosts), "dead": frozenset(dead)}


def _active(value: str, note: str):
    try:
        pattern = parse(value)
        if pattern.kind == SUBDOMAINS:
            return None
        if note and parse(note) == Pattern(pattern.name, SUBDOMAINS):
            return parse(note)
    except PatternError:
        return _plain(value)
    return pattern


def _plain(value: str):
    """The pattern of ``value`` alone, when its comment was somebody's words."""
    pattern = parse_if(value)
    return None if pattern is None or pattern.kind == SUBDOMAINS else pattern
