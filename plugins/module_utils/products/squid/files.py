# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of the managed Squid files to objects and back: the lists, and the drop-in with its ACLs and rules. From text to text, without IO.

A line is managed if it defines or uses an ACL whose name is the prefix of the drop-in and one of ``NAMES``. Lines of others in the drop-in are kept, in their
order, as objects of kind ``line``.
"""
from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Collection, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    SUBDOMAINS, Pattern, PatternError, is_name, parse, parse_if,
)

_NAME = re.compile(r"[^\s\"'#!]+\Z")

PREFIX = "netaccess_"
#: The drop-in whose ACL names have only this prefix. Those of another drop-in contain its name, so that several on one Squid do not share ACLs.
_USUAL = "netaccess-chatgpt"
MARK = "# Managed by netaccess.chatgpt. Change the playbook, not this file."
_CHANGED = "# Last change: "
#: Marks a file that existed without a directive before, so that it is kept and not removed.
_KEPT = "# This file was here before."
_LINE = 1000
#: Names of the managed ACLs, after the prefix.
NAMES = frozenset("""allow_except allow_host client exempt_except exempt_host exempt_sni exempt_sni_except intercepted method named port step1 user""".split())
#: Directives whose order matters, and the number of words before the ACLs of a rule.
RULEBASES = {"ssl_bump": 1, "request_header_access": 2, "reply_header_access": 2, "http_access": 1}
ALLOW, EXEMPT = Ref("list", "allow"), Ref("list", "exempt")
#: The number of users or networks above which a list file is used, to keep lines readable: an address has up to 43 characters, a screen about 160.
NETWORKS, USERS = Ref("list", "audience.networks"), Ref("list", "audience.users")
IN_LINE = 20
LISTS = (ALLOW, EXEMPT, NETWORKS, USERS)
ALLOW_RULE = Ref("rule", "http_access allow")
PEEK_RULE, SPLICE_RULE = Ref("rule", "ssl_bump peek"), Ref("rule", "ssl_bump splice")
COOKIE_RULES = {"request_header_access": "Cookie", "reply_header_access": "Set-Cookie"}
#: The names of all rules that a run writes.
RULES = frozenset(ref.name for ref in (ALLOW_RULE, PEEK_RULE, SPLICE_RULE)) | {"%s %s allow" % one for one in COOKIE_RULES.items()}


@dataclass(frozen=True)
class Settings:
    """The options of the task, by their names in the module. ``networks``: in CIDR notation, as text."""

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
        """The prefix of the names of the managed ACLs."""
        return prefix_of(self.drop_in)

    @property
    def names_somebody(self) -> bool:
        """Whether the task has an audience."""
        return bool(self.everyone or self.networks or self.users or self.acls)

    def check(self) -> None:
        """:raises AccessError: refused, for an audience that would mean something else in Squid's configuration."""
        for network in self.networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise AccessError(REFUSED, "audience.networks: %r is not a network in CIDR form (%s)" % (network, error)) from error
        for option, words in (("users", self.users), ("acls", self.acls), ("auth_acl", (self.auth_acl,) if self.auth_acl else ())):
            for word in words:
                # REQUIRED in a list of users would mean every authenticated user; a backslash at the end of a line continues it.
                if not _NAME.match(word) or word.startswith("-") or word.endswith("\\") or (option, word) == ("users", "REQUIRED"):
                    raise AccessError(REFUSED, "%s: %r cannot be used in Squid's configuration" % (option, word))
        for path in (self.drop_in, self.list_dir):
            if re.search(r"[\s\"']|\$\{", path):
                raise AccessError(REFUSED, "%s: Squid's configuration does not support paths with white space, quotes or \"${\"" % path)


@dataclass
class DropIn:
    """The content of the drop-in: ``objects`` by Ref, ``rules`` by directive in the order of the file."""

    objects: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)


def names_ours(name: str, prefix: str) -> bool:
    """Whether an ACL of that name is managed."""
    return folded(name).startswith(prefix) and folded(name)[len(prefix):] in NAMES


def folded(name: str) -> str:
    """The name of an ACL as Squid compares it, without the case of ASCII letters (src/acl/Acl.cc)."""
    return name.lower() if name.isascii() else "".join(char.lower() if char.isascii() else char for char in name)


def prefix_of(drop_in: str) -> str:
    """The prefix of the names of ACLs in a drop-in."""
    stem = os.path.basename(drop_in).rsplit(".conf", 1)[0]
    if stem == _USUAL:
        return PREFIX
    word = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")
    return "%s%s_" % (PREFIX, word[len(PREFIX):] if word.startswith(PREFIX) else word)


def unmapped(network: Any) -> Any:
    """Squid treats an IPv4-mapped IPv6 network as IPv4."""
    address = network.network_address.ipv4_mapped if network.version == 6 and network.prefixlen >= 96 else None
    return network if address is None else ipaddress.ip_network((int(address), network.prefixlen - 96))


@lru_cache(maxsize=8)
def collapsed(networks: tuple) -> tuple:
    """The networks without those inside another, about which Squid warns and which it ignores. The others keep their text."""
    texts: dict = {}
    for text in networks:
        network = ipaddress.ip_network(text)
        ipv4 = unmapped(network)
        texts.setdefault(ipv4, text if ipv4 is network else str(ipv4))
    found = [network for version in (4, 6) for network in ipaddress.collapse_addresses(one for one in texts if one.version == version)]
    return tuple(texts.get(network, str(network)) for network in found)


def acl(name: str, kind: str, values: Iterable[str], options: Iterable[str] = ()) -> Object:
    """One managed ``acl`` line. ``values`` are compared as a set."""
    return Object(Ref("acl", name), {"type": kind, "options": sorted(options), "values": sorted(values)}, ours=True)


def rule(name: str, acls: Iterable[str]) -> Object:
    """One managed rule line; ``name``: the directive with its action, for example ``http_access allow``."""
    return Object(Ref("rule", name), {"acls": list(acls)}, ours=True)


def parse_drop_in(text: str, path: str) -> DropIn:
    """Read the drop-in. :raises AccessError: conflict, if it has a managed rule twice."""
    found = DropIn()
    acls: dict = {}
    for piece in _pieces(text, prefix_of(path)):
        ref = piece.ref
        if ref is None:
            continue
        if ref.kind == "acl":
            acls.setdefault(ref, []).append(piece.words)
            continue
        if ref.kind == "line":
            found.objects[ref] = Object(ref, {"text": " ".join(piece.words)})
        elif ref in found.objects:
            raise AccessError(CONFLICT, "%s contains the rule %r twice (line %d): remove one, because the order of rules "
                                        "matters" % (path, ref.name, piece.number))
        else:
            found.objects[ref] = rule(ref.name, piece.words[1 + RULEBASES[piece.words[0]]:])
        if piece.words[0] in RULEBASES:
            found.rules.setdefault(piece.words[0], []).append(ref)
    for ref, lines in acls.items():
        words = [word for line in lines for word in line[3:]]
        options = {w for w in words if w.startswith("-") and w != "--"}
        found.objects[ref] = acl(ref.name, lines[0][2], [w for w in words if w not in options], options)
    return found


@dataclass(frozen=True)
class _Piece:
    """Some lines of the drop-in, unchanged, with the number of the first: one directive, or the text between two.

    ``ref``: a managed ACL or rule, or a line of others; None for comments and blank lines. ``ours``: the collection may write and remove it.
    """

    lines: list
    number: int
    words: list
    ref: Ref | None = None
    ours: bool = False


def visible(line: str) -> str:
    """What Squid reads of a line: nothing after a carriage return or a NUL."""
    return re.split("[\r\0]", line, maxsplit=1)[0]


def _pieces(text: str, prefix: str) -> Iterable[_Piece]:
    """The text in pieces. Their lines, joined by line feeds, give the text again."""
    held, number, words, known = [], 1, "", {}
    for at, raw in enumerate(text.split("\n"), 1):
        line = visible(raw).strip()
        held.append(raw)
        if line and not line.startswith("#"):
            words += line[:-1] if line.endswith("\\") else line
            if line.endswith("\\"):
                continue
        elif words:
            # Squid skips comments and blank lines between the parts of a line.
            continue
        yield _piece(_Piece(held, number, words.split()), prefix, known)
        held, number, words = [], at + 1, ""
    if held:
        yield _piece(_Piece(held, number, words.split()), prefix, known)


def _piece(piece: _Piece, prefix: str, known: dict) -> _Piece:
    """A piece with its kind; ``known`` counts the equal lines of others."""
    words, first = piece.words, piece.lines[0]
    if not words:
        return replace(piece, ours=first.strip() in (MARK, _KEPT) or first.startswith(_CHANGED))
    own = words[0] == "acl" and len(words) > 2 and names_ours(words[1], prefix)
    ref = Ref("acl", folded(words[1])) if own else _rule_ref(words, prefix)
    if ref is not None:
        return replace(piece, ref=ref, ours=True)
    name = " ".join(words)
    known[name] = known.get(name, 0) + 1
    return replace(piece, ref=Ref("line", name if known[name] == 1 else "%s #%d" % (name, known[name])))


def _rule_ref(words: list, prefix: str):
    """The Ref of a managed rule, or None."""
    named = RULEBASES.get(words[0])
    if named is None or not any(names_ours(word.lstrip("!"), prefix) for word in words[1 + named:]):
        return None
    return Ref("rule", " ".join(words[:1 + named]))


def render_drop_in(state: State, comment: str | None, text: str | None = None, *, prefix: str = PREFIX) -> str | None:
    """The text of the drop-in for ``state``; ``text``: the present one. None if it would be empty.

    Lines of others stay unchanged, byte for byte: without managed lines it is the text from before the first run.
    """
    there = list(_pieces(text, prefix)) if text is not None else []
    others = [piece for piece in there if not piece.ours] or [_Piece([""], 1, [])]
    bare = not any(line for piece in others for line in piece.lines)
    kept = text is not None and bare and (any(_KEPT in piece.lines for piece in there) or not any(piece.ours for piece in there))
    ours = [state.objects[ref] for ref in sorted(ref for ref in state.objects if ref.kind == "acl")]
    below: dict = {}
    for base in RULEBASES:
        above = None
        for ref in state.rules.get(base, ()):
            if ref.kind == "line":
                above = ref
            elif ref in state.objects:
                below.setdefault(above, []).append(" ".join([ref.name] + state.objects[ref].fields["acls"]))
    lines = []
    if ours or below:
        lines = [MARK] + (["%s%s" % (_CHANGED, " ".join(comment.split()))] if comment else []) + ([_KEPT] if kept else [])
        lines += [line for obj in ours for line in _acl_lines(obj)] + below.pop(None, [])
    for piece in others:
        lines += piece.lines + below.get(piece.ref, [])
    found = "\n".join(lines)
    return found if found or kept else None


def _acl_lines(obj: Object) -> list[str]:
    """One line, or several that Squid combines, because it reads at most 8,191 characters of a line."""
    fields, lines = obj.fields, []
    start = ["acl", obj.ref.name, fields["type"]] + fields["options"]
    for value in fields["values"]:
        if not lines or len(lines[-1]) + len(value) > _LINE:
            lines.append(" ".join(start))
        lines[-1] += " " + value
    return lines or [" ".join(start)]


# -- lists ---------------------------------------------------------------------------------------------------------


def paths_of(folder: str, ref: Ref) -> list[str]:
    """The files of a list: its entries and, for domains, the exceptions from them."""
    endings = (".domains", ".except") if ref in (ALLOW, EXEMPT) else ("",)
    return [os.path.join(folder, ref.name + ending) for ending in endings]


def texts_of(ref: Ref, obj: Object | None) -> tuple:
    """The text of each of ``paths_of``; None for a file that should not exist."""
    if obj is None:
        return (None, None)
    if ref in (ALLOW, EXEMPT):
        off = {path[len(_EXCEPTION):]: what for path, what in obj.fields.items() if path.startswith(_EXCEPTION)}
        return render_list(obj.members, obj.fields["marked"], off)
    return ("\n".join([MARK] * obj.fields["marked"] + obj.fields["values"]) + "\n",)


def people_list(ref: Ref, values: Iterable[str], marked: bool = True) -> Object:
    """The users or networks of an audience. They are fields, so that those that a task does not list are removed."""
    return Object(ref, {"marked": marked, "values": sorted(values)}, ours=marked)


def named_by(obj: Object, objects: dict, folder: str) -> list[str]:
    """The values of a managed ACL, including those in a list of ``objects``."""
    lists = {'"%s"' % paths_of(folder, ref)[0]: objects.get(ref) for ref in (NETWORKS, USERS)}
    held = ((lists[value].fields["values"] if lists[value] else []) if value in lists else [value] for value in obj.fields["values"])
    return [value for values in held for value in values]


_COVERED = "#~ "
_DEAD = "#? "
#: Squid warns about an empty list file, so a list without exceptions contains this name, which no host can have (RFC 2606).
_NOBODY = "netaccess.invalid"


#: Prefix of the fields of a list that record what is wrong with an exception that its entries require.
_EXCEPTION = "exception "
MISSING, LEFT_OVER = "missing", "left over"


def render_list(members: dict[str, Iterable[str]], marked: bool = True, off: Mapping[str, str | None] = MappingProxyType({})) -> tuple[str, str]:
    """(domains, exceptions): the two files of a list. ``members``: pattern texts, as ``parse_list`` returns them; ``exceptions``: those of others.

    ``off``: {name: MISSING or LEFT_OVER} of exceptions that do not match the entries; None to correct them.

    Squid has ``.x`` (domain and subdomains) and ``x``; ``*.x`` is ``.x`` with the domain in the exceptions, which the rules negate. An entry that another one
    covers would be a warning or a fatal error for Squid, depending on the order, so it is kept as a comment.
    """
    hosts, head = frozenset(members["hosts"]), [MARK] if marked else []
    derived = {name for name in derived_exceptions(hosts) if off.get(name) != MISSING} | {name for name, what in off.items() if what == LEFT_OVER}
    exceptions = _exception_lines(derived, frozenset(members.get("exceptions", ())), hosts)
    return _rendered(hosts, frozenset(members.get("dead", ())), marked), "\n".join(head + (exceptions or [_NOBODY])) + "\n"


def _exception_lines(derived: set, by_hand: frozenset, hosts: frozenset) -> list[str]:
    """An exception that an entry requires names that entry; otherwise a killed run would leave what looks like an entry of others. A covered entry of others
    is kept as a comment."""
    wide = frozenset(text[1:] for text in by_hand if text.startswith("."))
    covered = {text for text in derived | by_hand if text in wide or inside(text.lstrip("."), wide)}
    active = ["%s # *.%s" % (text, text) if text in derived else text for text in sorted((derived | by_hand) - covered)]
    return active + [_COVERED + text for text in sorted(text for text in by_hand if text in covered or text in derived or "*." + text in hosts)]


@lru_cache(maxsize=8)
def derived_exceptions(hosts: frozenset) -> frozenset[str]:
    """The names that the exceptions of a list must contain, so that its ``.x`` mean ``*.x``."""
    wide = wide_names(hosts)
    names = (text[2:] for text in hosts if text[0] == "*")
    return frozenset(name for name in names if "." + name not in hosts and name not in hosts and not inside(name, wide))


def parse_exceptions(values: Iterable[str], text: str, hosts: frozenset[str]) -> tuple[frozenset[str], dict[str, str]]:
    """(entries of others, {field: MISSING or LEFT_OVER}) of the exceptions of a list with these ``hosts``. ``values``: as Squid reads ``text``."""
    there = {value.lower() for value in values} - {_NOBODY}
    lines = [line.strip() for line in text.split("\n")]
    theirs = {line[len(_COVERED):] for line in lines if line.startswith(_COVERED)}
    written = {line.partition(" # *.")[2] for line in lines}
    derived, wide = derived_exceptions(hosts), {value[1:] for value in there if value.startswith(".")}
    left = {name for name in there - derived - theirs if name in written or "*." + name in hosts}
    missing = {name for name in derived - there if name not in wide and not inside(name, wide)}
    off = {_EXCEPTION + name: what for names, what in ((left, LEFT_OVER), (missing, MISSING)) for name in names}
    return frozenset(there - derived - left | theirs), off


def put_right(obj: Object | None) -> tuple[dict, dict]:
    """(fields, members) of a list with its exceptions corrected; ``merged`` keeps entries of others."""
    if obj is None:
        return {}, {}
    return {path: None for path in obj.fields if path.startswith(_EXCEPTION)}, {path: frozenset() for path in obj.members if path == "exceptions"}


def excepted(obj: Object) -> frozenset[str]:
    """The exceptions of a list that its entries do not require."""
    left = {path[len(_EXCEPTION):] for path, what in obj.fields.items() if path.startswith(_EXCEPTION) and what == LEFT_OVER}
    return frozenset(obj.members.get("exceptions", ())) | left


@lru_cache(maxsize=8)
def _rendered(hosts: frozenset, dead: frozenset, marked: bool) -> str:
    # Without an object for each of 50,000 names, because a plan writes a list several times.
    wide = wide_names(hosts)
    names = {text: text.lstrip("*").lstrip(".") for text in hosts} if wide else {}
    active, covered = [], []
    # Sorted from the top-level domain down, which Squid reads in a third of the time of another order.
    for text in sorted(sorted(hosts), key=lambda text: names.get(text, text).split(".")[::-1]):
        name = names.get(text, text)
        below = inside(name, wide)
        if below or (name in wide and (text == name or text[0] == "*" and "." + name in hosts)):
            covered.append(text)
        else:
            active.append("." + name if text[0] == "." else ".%s # %s" % (name, text) if text[0] == "*" else text)
    lines = active + [_COVERED + text for text in sorted(covered, key=lambda text: (names[text], text != "." + names[text], text[0] == "*"))]
    lines += [_DEAD + line for line in sorted(dead)]
    return "\n".join(([MARK] if marked else []) + lines) + "\n"


def wide_names(hosts: Iterable[str]) -> frozenset[str]:
    """The names of the patterns that match more than one host."""
    return frozenset(text.lstrip("*").lstrip(".") for text in hosts if text[0] in "*.")


def inside(name: str, wide: Collection[str]) -> bool:
    """Whether a name above ``name`` is one of ``wide``."""
    at = name.find(".") if wide else -1
    while at >= 0:
        if name[at + 1:] in wide:
            return True
        at = name.find(".", at + 1)
    return False


def parse_list(text: str, known: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """The members of a list file: ``hosts``, as pattern texts, and ``dead``, lines that Squid reads and that match nothing.

    ``known``: names that need no check, such as those of another list.
    """
    lines, dead = frozenset((re.sub("\0[^\n]*", "", text) if "\0" in text else text).split("\n")), set()
    hosts = set(lines & known)
    for line in (raw.strip() for raw in lines - known):
        if line.startswith(_DEAD):
            dead.add(line[len(_DEAD):])
        elif line.startswith(_COVERED):
            hosts.add(str(parse(line[len(_COVERED):])))
        elif is_name(line):
            hosts.add(line)
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
    """The pattern of ``value``, if its comment is from someone else."""
    pattern = parse_if(value)
    return None if pattern is None or pattern.kind == SUBDOMAINS else pattern
