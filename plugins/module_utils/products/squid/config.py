# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a Squid configuration as Squid does. Pure except for the file reader that is passed in.

The facts are those of Squid 5 to 7 (src/cache_cf.cc, src/ConfigParser.cc). What the files do not show, such as the number of a process in a condition, is
kept as unknown: a directive that is not ``sure``, a value that is ``unread``.
"""
from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, Iterator, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.columns import (
    ACCESS, ACTION_AT, BUILT_IN, BUMPING, EXPRESSIONS, INTERCEPTING, RENAMED,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import RULEBASES, folded, names_ours, prefix_of, visible
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import certain, included, matches, name_matches

DISABLED = "#netaccess.chatgpt disabled: "
#: White space in C, which separates the words of a line.
_SPACE = " \t\n\v\f\r"
_BLANK = " \t\n\r"
_DEPTH = 16
#: Squid reads this many bytes at once; a longer line becomes several lines.
_BUFFER, _LIST_BUFFER = 8191, 2047
#: A word; a word that begins with a quote ends with the next quote.
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*')[^ \t\n\r]*|[^ \t\n\r]+""")
#: The same for a regular expression, in which a backslash escapes the next character.
_EXPRESSION = re.compile(r"""(?:\\.|[^ \t\n\r\\])+""")
_QUOTED_MODE = re.compile(r"""[ \t\n\r]*(?:(#)|(parameters)\([ \t]*["']([^"']*)["'][ \t]*\)|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^ \t\n\r(]+))""")
_EQUATION = re.compile(r"\s*([+-]?[0-9]+)\s*=\s*([+-]?[0-9]+)\s*\Z")
_PROCESS = "${process_"
#: The number of words before the ACLs in a line of an access list.
_BEHIND_ACTION = {name: ACTION_AT.get(name, 0) + 1 for name in ACCESS}


class Directive(NamedTuple):
    """One line of the configuration. ``identity`` stays the same if lines move: file, text, and which of several equal lines it is.

    ``sure`` is false if an unknown condition decides whether Squid reads the line; ``listed``: the files that its values are read from.
    """

    name: str
    args: tuple
    text: str
    file: str
    line: int
    occurrence: int = 1
    enabled: bool = True
    sure: bool = True
    quoted: bool = False
    ours: bool = False

    @property
    def where(self) -> str:
        """File and line, for people."""
        return "%s:%d" % (self.file, self.line)

    @property
    def identity(self) -> str:
        """File and text, and a number for the second of several equal lines."""
        return "%s: %s" % (self.file, self.text) + (" #%d" % self.occurrence if self.occurrence > 1 else "")


@dataclass
class Acl:
    """All lines of one ACL. ``unread``: what could not be read, in words; ``conditional``: only Squid knows whether it reads one of the lines."""

    name: str
    type: str
    lines: list = field(default_factory=list)
    unread: list = field(default_factory=list)
    where: list = field(default_factory=list)
    conditional: bool = False

    @property
    def values(self) -> list:
        """The values of all lines, without options."""
        return [value for line in self.lines for value in line.values]


@dataclass
class AclLine:
    """``options``: the words with a leading dash before the first value."""

    values: list
    options: list


@dataclass
class Site:
    """``directives`` in the order in which Squid reads them, with those that we disabled at their position; ``positions``: indexes of the directives before
    which the drop-in is read; ``reach``: the patterns that include it. ``named``, ``before`` and ``after`` return the enabled ones. ``doubts``: what could
    not be read, in words."""

    directives: list = field(default_factory=list)
    positions: list = field(default_factory=list)
    reach: list = field(default_factory=list)
    files: list = field(default_factory=list)
    texts: dict = field(default_factory=dict)
    acls: dict = field(default_factory=dict)
    doubts: list = field(default_factory=list)
    #: Where each of ``positions`` is included, in words.
    included: list = field(default_factory=list)
    #: (where, what) of each include.
    includes: list = field(default_factory=list)
    #: Includes that may be of the drop-in, with a path that only Squid can resolve, in words.
    perhaps: list = field(default_factory=list)
    #: Whether Squid reads quoted text there as a value, and not as a file name.
    quoted: bool = False

    @property
    def position(self) -> int | None:
        """The index of the directive before which the drop-in is first read; None if no file includes it."""
        return self.positions[0] if self.positions else None

    @property
    def disabled(self) -> list[Directive]:
        """The directives that we disabled."""
        return [d for d in self.directives if not d.enabled]

    def named(self, *names: str) -> list[Directive]:
        """The enabled directives of these names, in order."""
        places = self._by_name
        found = places.get(names[0], []) if len(names) == 1 else sorted(one for name in names for one in places.get(name, ()))
        return [self.directives[at] for at in found]

    @cached_property
    def _by_name(self) -> dict:
        """{name: indexes in ``directives``} of those that count, after all are read."""
        found: dict = {}
        for at, directive in enumerate(self.directives):
            # Squid warns about a line of an access list without an ACL, and skips it.
            if directive.enabled and len(directive.args) > _BEHIND_ACTION.get(directive.name, -1):
                found.setdefault(directive.name, []).append(at)
        return found

    def acl(self, name: str) -> Acl | None:
        """The ACL of that name; case does not matter."""
        # Most names are lower case, like the keys.
        return self.acls.get(name) or self.acls.get(folded(name))

    @property
    def ports(self) -> list[Directive]:
        """The listening ports."""
        return [d for d in self.named("http_port", "ascii_port", "https_port") if d.args]

    @property
    def intercepting(self) -> list[Directive]:
        """The intercepting ports."""
        return [d for d in self.ports if not INTERCEPTING.isdisjoint(d.args)]

    @property
    def bumping(self) -> list[Directive]:
        """The ports that decrypt."""
        return [d for d in self.ports if not BUMPING.isdisjoint(d.args)]

    @property
    def port_numbers(self) -> list[int]:
        """Numbers of the listening ports."""
        return sorted({int(address.rsplit(":", 1)[-1]) for address in self.addresses})

    @property
    def addresses(self) -> list[str]:
        """Where Squid listens: port numbers, with or without an address."""
        return sorted({d.args[0] for d in self.ports if d.args[0].rsplit(":", 1)[-1].isdecimal()})

    def last(self, name: str, default: str) -> str:
        """The value of a directive of which the last one counts."""
        return ([d.args[0] for d in self.named(name) if d.args] or [default])[-1]

    def before(self, name: str) -> list[Directive]:
        """The directives of that name that Squid reads before the drop-in."""
        position = self.position or 0
        return [self.directives[at] for at in self._by_name.get(name, ()) if at < position]

    def after(self, name: str) -> list[Directive]:
        """The directives of that name that Squid reads after the drop-in."""
        position = self.position or 0
        return [self.directives[at] for at in self._by_name.get(name, ()) if at >= position]


def load(config_file: str, drop_in: str, read: Callable[[str], str], glob: Callable[[str], list],
         service_name: str | None = None) -> Site:
    """Read the configuration tree. ``read(path)`` returns a text, ``glob(pattern)`` a list of paths. :raises OSError: from ``read``."""
    site = Site()
    _Loader(site, drop_in, read, glob, service_name or "squid").file(config_file, 0, True)
    for name, kind, values in BUILT_IN:
        site.acls[folded(name)] = Acl(name, kind, [AclLine(list(values), ["-i"] if kind == "url_regex" else [])])
    for directive in site.named("acl"):
        add_acl(site.acls, directive, read)
    site.doubts += ["%s chroot: the running Squid reads its files below that folder" % directive.where for directive in site.named("chroot")]
    return site


class _Loader:
    """Reads the files of one Squid into a Site."""

    def __init__(self, site: Site, drop_in: str, read: Callable, glob: Callable, service: str):
        self._site, self._drop_in, self._read, self._glob, self._service = site, drop_in, read, glob, service
        self._quoted = False

    def file(self, path: str, depth: int, sure: bool) -> None:
        """One file. ``sure``: whether Squid reads it at all."""
        if depth > _DEPTH:
            return
        site, text, seen, states = self._site, self._read(path), {}, []
        site.files.append(path)
        site.texts[path] = text
        for number, line in logical_lines(text):
            enabled = not line.startswith(DISABLED)
            line = (line if enabled else line[len(DISABLED):]).replace("${service_name}", self._service)
            if enabled and line.startswith(("if", "else", "endif")) and _condition(line, states):
                continue
            # Squid evaluates only the innermost condition.
            state = states[-1] if states else True
            if state is False:
                continue
            words = split(line, self._quoted)
            if not words:
                continue
            here = sure and state is True
            if enabled and words[0] == "include":
                self._include(included(line), depth, here, "%s:%d" % (path, number))
                continue
            normal = " ".join(words)
            seen[normal] = seen.get(normal, 0) + 1
            site.directives.append(Directive(words[0], tuple(words[1:]), normal, path, number, seen[normal], enabled, here, self._quoted))
            if enabled and words[0] == "configuration_includes_quoted_values":
                self._quoted = words[1:2] in (["on"], ["enable"])

    def _include(self, patterns: list, depth: int, sure: bool, where: str) -> None:
        for pattern in patterns:
            if _PROCESS in pattern or not pattern.startswith("/") or not certain(pattern):
                self._site.doubts.append("%s includes %s, and only Squid knows which file that is" % (where, pattern))
                if _PROCESS in pattern or not certain(pattern) or name_matches(os.path.basename(self._drop_in), os.path.basename(pattern)):
                    self._site.perhaps.append("%s includes %s" % (where, pattern))
                continue
            self._site.includes.append((where, pattern))
            paths = set(self._glob(pattern))
            if matches(self._drop_in, pattern):
                paths.add(self._drop_in)
                self._site.reach.append(pattern)
            # As glob(3) sorts with LC_COLLATE=C, which Squid uses.
            for path in sorted(paths):
                if path != self._drop_in:
                    self.file(path, depth + 1, sure)
                    continue
                self._site.positions.append(len(self._site.directives))
                self._site.included.append(where)
                self._site.quoted = self._site.quoted or self._quoted
                self._lines_of_others(path)
                if not sure:
                    self._site.doubts.append("whether %s includes the drop-in depends on a condition that only Squid can evaluate" % where)

    def _lines_of_others(self, path: str) -> None:
        """The directives of others in the drop-in other than rules, which are objects of a State."""
        try:
            text = self._read(path)
        except FileNotFoundError:
            return
        self._site.directives += lines_of_others(text, path, self._quoted)


def lines_of_others(text: str, path: str, quoted: bool) -> list:
    """The directives of others in a drop-in other than rules."""
    lines = ((number, split(line, quoted)) for number, line in logical_lines(text))
    return [Directive(words[0], tuple(words[1:]), text=" ".join(words), file=path, line=number, quoted=quoted) for number, words in lines
            if words and words[0] not in RULEBASES and not (words[0] == "acl" and words[1:] and names_ours(words[1], prefix_of(path)))]


def _condition(line: str, states: list) -> bool:
    """Whether the line belongs to a condition; ``states``: the open conditions, True, False, or None if only Squid knows."""
    word, rest = (line.split(None, 1) + [""])[:2]
    if word == "if":
        equation = _EQUATION.match(rest)
        states.append({"true": True, "false": False}.get(rest.strip(), int(equation[1]) == int(equation[2]) if equation else None))
    elif word == "else" and states:
        states[-1] = None if states[-1] is None else not states[-1]
    elif word == "endif" and states:
        states.pop()
    else:
        return False
    return True


def _pieces(text: str, size: int) -> Iterator[tuple[int, str]]:
    """(number, what Squid reads at once) of each line: up to a carriage return or a NUL, and at most the size of its buffer."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) * 4 <= size:
            yield number, visible(line) if "\r" in line or "\0" in line else line
            continue
        raw = line.encode("utf-8", "surrogateescape")
        for at in range(0, len(raw), size):
            yield number, visible(raw[at:at + size].decode("utf-8", "surrogateescape"))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) as Squid joins them: a line with a trailing backslash continues; comments and blank lines are dropped, also within such a line.

    A line that we disabled is a comment for Squid, and a line here.
    """
    held, start = {True: "", False: ""}, {}
    for number, piece in _pieces(text, _BUFFER):
        if not held[True] and piece[:1].isalpha() and piece[-1] != "\\":
            # Most lines of a long configuration.
            yield number, piece.rstrip(_SPACE)
            continue
        enabled, line = physical(piece)
        if not line or line.startswith("#"):
            continue
        if not held[enabled]:
            start[enabled] = number
        line, held[enabled] = held[enabled] + line, ""
        if line.endswith("\\"):
            held[enabled] = line[:-1]
            continue
        line = line.rstrip(_SPACE)
        if line:
            yield start[enabled], line if enabled else DISABLED + line


def physical(raw: str) -> tuple:
    """(whether the line is not disabled by us, the text that Squid reads, or would read)"""
    enabled = not raw.startswith(DISABLED)
    return enabled, visible(raw if enabled else raw[len(DISABLED):]).lstrip(_SPACE)


def switched(text: str, number: int, enabled: bool) -> str:
    """``text`` with the directive that begins at line ``number`` enabled or disabled, and every other byte unchanged."""
    lines = text.split("\n")
    for at in range(number - 1, len(lines)):
        now, line = physical(lines[at])
        if now == enabled or not line or line.startswith("#"):
            continue
        lines[at] = lines[at][len(DISABLED):] if enabled else DISABLED + lines[at]
        if not line.endswith("\\"):
            break
    return "\n".join(lines)


def split(line: str, quoted: bool = False) -> list:
    """The words of a line up to its comment. ``quoted``: with configuration_includes_quoted_values, a file is ``parameters("...")``."""
    if quoted:
        return _quoted_words(line)
    name = line.split(None, 3) if line.startswith("acl") else ()
    expression = len(name) > 2 and name[0] == "acl" and name[2] in EXPRESSIONS
    words = (_EXPRESSION if expression else _WORD).findall(line)
    if "#" in line:
        words = words[:next((at for at, word in enumerate(words) if word.startswith("#")), len(words))]
    return words


def _quoted_words(line: str) -> list:
    words = []
    for comment, parameters, path, double, single, plain in _QUOTED_MODE.findall(line):
        if comment:
            break
        words.append('parameters("%s")' % path if parameters else plain or re.sub(r"\\(.)", r"\1", double or single))
    return words


def acl_words(directive: Directive) -> tuple:
    """The ACL words of a directive, which follow its action."""
    if directive.name == "reply_body_max_size":
        return directive.args[2 if len(directive.args) > 1 and directive.args[1].lower() in ("bytes", "kb", "mb", "gb") else 1:]
    return directive.args[ACTION_AT.get(directive.name, 0) + 1:]


def port_name(directive: Directive) -> str:
    """The name of a port, or of a peer."""
    given = [word[len("name="):] for word in directive.args if word.startswith("name=")]
    return given[-1] if given else directive.args[0]


# -- ACLs ----------------------------------------------------------------------------------------------------------


def add_acl(acls: dict, directive: Directive, read: Callable[[str], str]) -> None:
    """Add an ``acl`` line to ``acls``."""
    if len(directive.args) < 2:
        return
    name, kind = directive.args[0], RENAMED.get(directive.args[1], directive.args[1])
    key = folded(name)
    if (key, kind) == ("manager", "proto"):
        # Squid ignores that line, because the ACL is built in.
        return
    acl = acls.get(key)
    if acl is None:
        acl = acls[key] = Acl(name, kind)
    acl.where.append(directive.where)
    if acl.type != kind:
        acl.unread.append("%s is defined with two types" % name)
    if not directive.sure:
        acl.conditional = True
        acl.unread.append("%s depends on a condition that only Squid can evaluate" % directive.where)
    values, options = [], []
    for word in directive.args[2:]:
        path = _listed(word, directive.quoted)
        if path is not None:
            values += _file_values(path, acl, directive.quoted, read)
            if not directive.quoted:
                # Squid reads nothing after a file name on the same line.
                break
        elif word[:1] in "-+" and len(word) > 1 and not values and options[-1:] != ["--"]:
            options.append(word)
        else:
            values.append(word)
    acl.lines.append(AclLine(values, options))


def _listed(word: str, quoted: bool) -> str | None:
    """The file that a word names."""
    if quoted:
        return word[len('parameters("'):-2] if word.startswith('parameters("') else None
    return re.split("[\"']", word[1:], maxsplit=1)[0] if word[:1] in ("'", '"') else None


def _file_values(path: str, acl: Acl, quoted: bool, read: Callable[[str], str]) -> list:
    if _PROCESS in path or not path.startswith("/"):
        acl.unread.append("only Squid knows which file %s is" % path)
        return []
    try:
        text = read(path)
    except FileNotFoundError:
        # Squid continues with an empty ACL and an error on stderr.
        return []
    except OSError as error:
        acl.unread.append("%s cannot be read: %s" % (path, error.strerror))
        return []
    return list_values(text, quoted)


def list_values(text: str, quoted: bool = False) -> list:
    """The values in a file that an ACL names."""
    lines = (line.strip(_BLANK) for _number, line in _pieces(text, _LIST_BUFFER))
    if quoted:
        return [word for line in lines for word in _quoted_words(line)]
    # A whole line is one value, up to a comment.
    values = (re.split(r"[ \t\r]+#", line)[0] for line in lines if not line.startswith("#"))
    return [value for value in values if value]
