# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a site's Squid configuration and answers which of its rules hit a host. Pure but for the file reader that is handed in.

What cannot be known from the files (external helpers, times, reverse lookups) is MAY. First match decides, as in Squid; a rule that may match is
reported and the walk goes on.
"""
from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, Index, Pattern, names_above, normal_host, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import overlap, port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, NO, SURE, Hits, hits_of, opposite, share, walk,
)

DISABLED = "#netaccess.chatgpt disabled: "
#: What Squid takes for white space in its configuration.
BLANKS = " \t\v\f\r"
_WORD = re.compile(r'"[^"]*"|\S+')
_DEPTH = 16
_DESTINATION = {"dst", "dstdomain", "dstdom_regex", "ssl::server_name", "ssl::server_name_regex", "url_regex", "urlpath_regex"}
_BUILT_IN = {"all": SURE, "CONNECT": SURE, "manager": NO, "localhost": MAY, "to_localhost": NO, "to_linklocal": NO}


@dataclass(frozen=True)
class Directive:
    """One line of the site. ``identity`` is stable when lines move: file, text, and which of several equal lines it is."""

    name: str
    args: tuple
    text: str
    file: str
    line: int
    occurrence: int
    enabled: bool = True

    @property
    def where(self) -> str:
        """File and line, for people."""
        return "%s:%d" % (self.file, self.line)

    @property
    def identity(self) -> str:
        """File and text, and a number for the second of several equal lines."""
        return "%s: %s" % (self.file, self.text) + (" #%d" % self.occurrence if self.occurrence > 1 else "")


@dataclass
class Who:
    """The clients that a question is about: ``networks`` (None: whom the ACLs in ``acls`` admit), ``users`` (None: any that authenticated)."""

    networks: tuple | None = None
    acls: frozenset = frozenset()
    users: tuple | None = None


@dataclass
class Site:
    """``directives`` in the order Squid reads them, those that we disabled in their place; ``positions``: before which of them (as an
    index) the drop-in is read; ``reach``: the includes that it is read by. ``named``, ``before`` and ``after`` give the enabled ones."""

    directives: list = field(default_factory=list)
    positions: list = field(default_factory=list)
    reach: list = field(default_factory=list)
    files: list = field(default_factory=list)
    texts: dict = field(default_factory=dict)
    acls: dict = field(default_factory=dict)

    @property
    def position(self) -> int | None:
        """Before which directive the drop-in is read first, as an index; None when no file includes it."""
        return self.positions[0] if self.positions else None

    @property
    def disabled(self) -> list[Directive]:
        """The directives that we disabled."""
        return [d for d in self.directives if not d.enabled]

    def named(self, *names: str) -> list[Directive]:
        """The enabled directives of these names, in order."""
        return [d for d in self.directives if d.name in names and d.enabled]

    @property
    def ports(self) -> list[Directive]:
        """The listening ports."""
        return [d for d in self.named("http_port", "https_port") if d.args]

    @property
    def intercepting(self) -> list[Directive]:
        """The ports whose clients know of no proxy."""
        return [d for d in self.ports if "intercept" in d.args or "tproxy" in d.args]

    @property
    def addresses(self) -> list[str]:
        """Where it listens: a port's number, with an address before it or without."""
        return sorted({d.args[0] for d in self.ports if d.args[0].rsplit(":", 1)[-1].isdigit()})

    def before(self, name: str) -> list[Directive]:
        """The directives of that name that Squid reads before the drop-in."""
        return [d for d in self.directives[:self.position or 0] if d.name == name and d.enabled]

    def after(self, name: str) -> list[Directive]:
        """The directives of that name that Squid reads after the drop-in."""
        return [d for d in self.directives[self.position or 0:] if d.name == name and d.enabled]


def load(config_file: str, drop_in: str, read: Callable[[str], str], glob: Callable[[str], list],
         service_name: str | None = None) -> Site:
    """Read the configuration tree. ``read(path)`` gives a text, ``glob(pattern)`` a list of paths. :raises OSError: from ``read``."""
    site = Site()
    _load_file(site, config_file, drop_in, read, glob, {"${service_name}": service_name or "squid", "${process_name}": "squid"}, 0)
    for directive in site.named("acl"):
        if len(directive.args) >= 2:
            site.acls.setdefault(directive.args[0], []).append(_acl(directive.args[1], directive.args[2:], read))
    return site


def _load_file(site, path, drop_in, read, glob, macros, depth) -> None:
    if depth > _DEPTH:
        return
    text = read(path)
    site.files.append(path)
    site.texts[path] = text
    seen: dict = {}
    for number, line in logical_lines(text):
        enabled = not line.startswith(DISABLED)
        line = line if enabled else line[len(DISABLED):]
        for macro, value in macros.items():
            line = line.replace(macro, value)
        words = _WORD.findall(line)
        if not words:
            continue
        normal = " ".join(words)
        seen[normal] = seen.get(normal, 0) + 1
        directive = Directive(words[0], tuple(words[1:]), normal, file=path, line=number, occurrence=seen[normal], enabled=enabled)
        if enabled and words[0] == "include":
            _load_include(site, words[1:], drop_in, read, glob, macros, depth)
        else:
            site.directives.append(directive)


def _load_include(site, patterns, drop_in, read, glob, macros, depth) -> None:
    for pattern in patterns:
        pattern = pattern.strip('"')
        paths = set(glob(pattern))
        if fnmatch.fnmatch(drop_in, pattern):
            paths.add(drop_in)
            site.reach.append(pattern)
        for path in sorted(paths):
            if path == drop_in:
                site.positions.append(len(site.directives))
            else:
                _load_file(site, path, drop_in, read, glob, macros, depth + 1)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) as Squid joins them: comments and blank lines go, but for lines that we disabled."""
    held, start = {True: "", False: ""}, {}
    for number, raw in enumerate(text.split("\n"), 1):
        enabled = not raw.startswith(DISABLED)
        line = _physical(raw if enabled else raw[len(DISABLED):])
        if not line or line.startswith("#"):
            continue
        if not held[enabled]:
            start[enabled] = number
        if line.endswith("\\"):
            held[enabled] += line[:-1] + " "
            continue
        line, held[enabled] = held[enabled] + line, ""
        # A comment may follow on the line; inside quotes a # is part of the name.
        line = re.sub(r'\s#[^"]*$', "", line).strip()
        if line:
            yield start[enabled], line if enabled else DISABLED + line


def _physical(raw: str) -> str:
    """What Squid takes of a line of a file: it ends at the first carriage return, and a blank behind a backslash keeps it from continuing."""
    return raw.partition("\r")[0].lstrip(BLANKS)


def switched(text: str, number: int, enabled: bool) -> str:
    """``text`` with the directive that begins at line ``number`` enabled or disabled, and with every other byte as it was."""
    lines = text.split("\n")
    for at in range(number - 1, len(lines)):
        ours = lines[at].startswith(DISABLED)
        line = _physical(lines[at][len(DISABLED):] if ours else lines[at])
        if ours != enabled or not line or line.startswith("#"):
            continue
        lines[at] = lines[at][len(DISABLED):] if enabled else DISABLED + lines[at]
        if not line.endswith("\\"):
            break
    return "\n".join(lines)


def port_name(directive: Directive) -> str:
    """What a ``myportname`` ACL calls this port."""
    given = [word[len("name="):] for word in directive.args if word.startswith("name=")]
    return given[-1] if given else directive.args[0]


# -- ACLs ----------------------------------------------------------------------------------------------------------


@dataclass
class Acl:
    """One definition: a type and its values, prepared for questions."""

    type: str
    values: tuple
    networks: list = field(default_factory=list)
    domains: Index | None = None
    parents: set = field(default_factory=set)


def _acl(kind: str, args, read) -> Acl:
    values = []
    for value in args:
        if value.startswith('"'):
            values += _file_values(value.strip('"'), read)
        elif not value.startswith("-") or kind in ("url_regex", "urlpath_regex"):
            values.append(value)
    acl = Acl(kind, tuple(values))
    if kind == "src":
        acl.networks = [n for value in values for n in _networks(value)]
    if kind in ("dstdomain", "ssl::server_name"):
        acl.domains = Index()
        for value in values:
            pattern = domain_pattern(value)
            if pattern is not None:
                acl.domains.add(pattern)
                acl.parents.update(names_above(pattern.name))
    return acl


def _file_values(path: str, read) -> list:
    try:
        return [line.split("#")[0].strip() for line in read(path).splitlines() if line.split("#")[0].strip()]
    except OSError:
        # Squid goes on with an empty ACL and an error on stderr.
        return []


def domain_pattern(value: str) -> Pattern | None:
    """What Squid makes of a dstdomain value: ``.x`` is apex and subdomains, ``x`` exact; anything else matches nothing."""
    pattern = parse_if(normal_host(value) if value.isascii() and not value.endswith(".") else value)
    return pattern if pattern is not None and pattern.kind in (DOMAIN, EXACT) else None


def _networks(value: str) -> list:
    """Networks of a ``src`` value: an address, CIDR, address/netmask or a range."""
    if value in ("all", "0.0.0.0/0", "::/0"):
        return [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    try:
        if "-" in value:
            first, last = (ipaddress.ip_address(part.split("/")[0]) for part in value.split("-", 1))
            return list(ipaddress.summarize_address_range(first, last))
        return [ipaddress.ip_network(value, strict=False)]
    except (ValueError, TypeError):
        return []


class Judge:
    """Answers questions about one Site for one Who, on port 443 with CONNECT."""

    def __init__(self, site: Site, who: Who):
        self._site, self._who = site, who

    def walk(self, chain: Iterable[Directive], acls_of: Callable[[Directive], Iterable[str]], patterns: Sequence[Pattern],
             step: int | None = None) -> Iterator[tuple[Directive, list[Pattern], list[Pattern]]]:
        """Yield (directive, patterns it surely hits, patterns it may hit) in order; what is surely hit is out of the walk from then on.

        ``acls_of(directive)`` gives its ACL words.
        """
        for directive, hits in walk(chain, patterns, lambda one, left: self._reach(acls_of(one), left, step)):
            yield directive, [pattern for pattern in patterns if pattern in hits.sure], [pattern for pattern in patterns if pattern in hits.may]

    def _reach(self, words: tuple, left: set, step: int | None) -> Hits:
        fixed = self._all(words, None, step)
        if fixed == NO or not self.names_destination(words):
            return Hits(frozenset(left)).capped(fixed)
        return hits_of({pattern: self._all(words, pattern, step) for pattern in left})

    def nameless(self, chain: Iterable[Directive]) -> Directive | None:
        """The directive of ``chain`` that surely decides about a connection of which only the address is known."""
        for directive in chain:
            words = directive.args[1:]
            if not any(self.type_of(word) in _DESTINATION for word in words) and self._all(words, None, None) == SURE:
                return directive
        return None

    def names_destination(self, words: Iterable[str]) -> bool:
        return any(self.type_of(word.lstrip("!")) in _DESTINATION for word in words)

    def type_of(self, name: str) -> str | None:
        """The type of an ACL."""
        found = self._site.acls.get(name)
        return found[0].type if found else None

    def _all(self, words: Iterable[str], pattern: Pattern | None, step: int | None) -> int:
        """Whether all ACL ``words`` match; with ``pattern`` None those that look at the destination are left out."""
        level = SURE
        for word in words:
            name = word.lstrip("!")
            if pattern is not None or self.type_of(name) not in _DESTINATION:
                answer = self._one(name, pattern, step)
                level = min(level, opposite(answer) if word.startswith("!") else answer)
            if level == NO:
                break
        return level

    def _one(self, name: str, pattern: Pattern | None, step: int | None) -> int:
        definitions = self._site.acls.get(name)
        if not definitions:
            return _BUILT_IN.get(name, MAY)
        return max(self._definition(name, acl, pattern, step) for acl in definitions)

    def _definition(self, name: str, acl: Acl, pattern: Pattern | None, step: int | None) -> int:
        if acl.type == "src":
            return self._source(name, acl)
        if acl.type in ("dstdomain", "ssl::server_name"):
            return _domain(acl, pattern)
        if acl.type in ("dstdom_regex", "ssl::server_name_regex", "url_regex"):
            return _regex(acl, pattern)
        if acl.type == "port":
            return port_level(acl.values, (443,))
        if acl.type == "method":
            return SURE if "CONNECT" in acl.values else NO
        if acl.type == "proxy_auth":
            return self._user(acl)
        if acl.type == "at_step":
            return MAY if step is None else SURE if "SslBump%d" % step in acl.values else NO
        if acl.type in ("any-of", "all-of"):
            answers = [self._all([word], pattern, step) for word in acl.values if pattern is not None or self.type_of(word) not in _DESTINATION]
            return max(answers, default=NO) if acl.type == "any-of" else min(answers, default=SURE)
        return MAY

    def _source(self, name: str, acl: Acl) -> int:
        if name in self._who.acls:
            return SURE
        if self._who.networks is None:
            return SURE if any(n.prefixlen == 0 for n in acl.networks) else MAY
        return overlap(self._who.networks, acl.networks)

    def _user(self, acl: Acl) -> int:
        if "REQUIRED" in acl.values:
            return SURE
        return MAY if self._who.users is None else share(user in acl.values for user in self._who.users)


def _domain(acl: Acl, pattern: Pattern) -> int:
    if acl.domains.covering(pattern) is not None:
        return SURE
    return MAY if pattern.kind != EXACT and pattern.name in acl.parents else NO


def _regex(acl: Acl, pattern: Pattern) -> int:
    hosts = [pattern.name] if pattern.kind == EXACT else ["www." + pattern.name, "a.b." + pattern.name] + ([pattern.name] if pattern.kind == DOMAIN else [])
    if acl.type == "url_regex":
        hosts = [host + ":443" for host in hosts]
    try:
        # Without -i Squid's regexes are case sensitive, and host names reach them in lower case.
        return share(any(re.search(value, host, re.I) for value in acl.values) for host in hosts)
    except re.error:
        return MAY


def real_glob(pattern: str) -> list[str]:
    """The file system's answer for an include."""
    import glob
    return [path for path in glob.glob(pattern) if os.path.isfile(path)]
