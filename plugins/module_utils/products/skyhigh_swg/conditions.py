# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the criteria of rules hold for a host and for somebody: SURE, MAY or NO. What is not understood may hold. No IO."""
from __future__ import annotations

from typing import Iterable, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.hosts import Entries, Urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Criterion
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, opposite

#: Somebody who is in none of the audience's groups.
OUTSIDER = object()
#: The kind of list, or of a literal, that an operator compares a name with.
_KINDS = {"equals": "string", "isinlist": "string", "matches": "regex", "matchesinlist": "regex"}
#: What is wrong with a reply or a certificate. Rules that block these are about no host; the scan is reported as a loss.
_FAULTS = ("antimalware.infected", "ssl.server.certificate.selfsigned")
#: Properties of what is inside of TLS.
_CONTENT = ("antimalware.", "body.", "dlp.", "mediatype.")


class Stage(NamedTuple):
    """A time at which rules are asked about a connection. ``command``: what Command.Name is then, "" for one of the methods of HTTP.

    ``decrypted``: it is about what is inside of TLS; ``cap``: MAY if it is unknown whether the gateway evaluates its rules at all.
    """

    name: str
    cycle: str
    command: str
    decrypted: bool
    cap: int = SURE


CONNECT = Stage("CONNECT", "request", "connect", False)
CERTIFICATE = Stage("the check of the certificate", "request", "certverify", True, MAY)
REQUEST = Stage("a decrypted request", "request", "", True)
REPLY = Stage("a decrypted reply", "response", "", True)
EMBEDDED = Stage("what is embedded in a reply", "embedded object", "", True, MAY)
# guess: whether the response cycle is passed for the answer to a CONNECT that is not decrypted
TUNNEL = Stage("the reply to a CONNECT", "response", "connect", False, MAY)


class Asked(NamedTuple):
    """``who``: a group, None for anyone, or OUTSIDER. ``signed``: how sure it is that people are signed in; ``signing``: as of one who is not yet."""

    pattern: Pattern
    who: object
    stage: Stage
    signed: int = NO
    signing: bool = False


class Conditions:
    """``lists``: id to (kind of list, entries) of those that can be read completely. ``groups``: the audience's user groups; none means everyone.

    ``compared``: what was made of large lists, for others that hold the same ones.
    """

    def __init__(self, lists: dict, groups: tuple, compared: dict | None = None):
        self._lists, self._groups, self._entries = lists, groups, {} if compared is None else compared
        #: What all of them say of a pattern, with a number that stands for it.
        self._criteria: dict = {}
        self._said: dict = {}
        self._readers = {"url.host": self._host, "url.host.belongstodomains": self._domains, "url": self._url, "url.port": self._port,
                         "command.name": self._command, "authentication.isauthenticated": self._signed_in,
                         "authentication.authenticate": self._signed_in, "authentication.usergroups": self._member, **dict.fromkeys(_FAULTS, self._fault)}

    def learn(self, tokens: Iterable) -> None:
        """Take in the criteria of all conditions."""
        self._criteria.update(dict.fromkeys(one for one in tokens if isinstance(one, Criterion)))

    def said_of(self, pattern: Pattern) -> int:
        """A number for what all criteria say of a pattern. Patterns with the same number are all the same to them."""
        found = tuple(self._plain(one, Asked(pattern, None, stage)) for one in self._criteria for stage in (CONNECT, REQUEST))
        return self._said.setdefault(found, len(self._said))

    def level(self, condition: list, asked: Asked) -> int:
        """How far a condition holds. Brackets that do not fit may mean anything."""
        if not condition:
            return SURE
        tokens = list(condition)
        try:
            found = self._joined(tokens, asked)
        except IndexError:
            return MAY
        return found if not tokens else MAY

    def _joined(self, tokens: list, asked: Asked) -> int:
        """Whether AND comes before OR, or each in its turn, is not published: where it matters, the condition may hold."""
        in_turn = self._term(tokens, asked)
        sums = [in_turn]
        while tokens and tokens[0] in ("and", "or"):
            joined = tokens.pop(0) == "and"
            value = self._term(tokens, asked)
            in_turn = min(in_turn, value) if joined else max(in_turn, value)
            sums[-1:] = [min(sums[-1], value)] if joined else [sums[-1], value]
        return in_turn if in_turn == max(sums) else MAY

    def _term(self, tokens: list, asked: Asked) -> int:
        token = tokens.pop(0)
        if token == "not":
            return opposite(self._term(tokens, asked))
        if token == "(":
            found = self._joined(tokens, asked)
            if tokens.pop(0) != ")":
                raise IndexError
            return found
        if not isinstance(token, Criterion):
            raise IndexError
        found = self._plain(token, asked)
        return opposite(found) if token.negated else found

    def _plain(self, one: Criterion, asked: Asked) -> int:
        """How far a criterion holds that is not inverted."""
        if asked.stage is TUNNEL and one.whole and one.prop.startswith(_CONTENT) and (
                one.operator in ("atleastoneinlist", "isinlist") or (one.operator, one.literal) == ("equals", "true")):
            # Content that is not decrypted is not scanned, so nothing can be in a list or be found.
            return NO
        if one.doubt:
            return MAY
        return self._readers[one.prop](one, asked)

    def _values(self, one: Criterion, operators: tuple, kinds: tuple = ("string",)) -> tuple | None:
        """What a criterion compares with by one of ``operators``, a literal or the entries of a list; None where nobody can tell."""
        if one.operator not in operators or one.operator.endswith("inlist") != bool(one.listed):
            return None
        if not one.listed:
            return None if one.literal is None else (one.literal,)
        kind, entries = self._lists.get(one.listed, ("", ()))
        return entries if kind in kinds else None

    def _host(self, one: Criterion, asked: Asked) -> int:
        kind = _KINDS.get(one.operator, "")
        values = self._values(one, tuple(_KINDS), (kind,))
        if values is None:
            return MAY
        return self._compared((values if one.literal else id(values), kind), lambda: Entries(kind, values)).level(asked.pattern)

    def _domains(self, one: Criterion, asked: Asked) -> int:
        kind, entries = self._lists.get(one.given, ("", ()))
        if kind != "string":
            return MAY
        return _is(one, self._compared((id(entries), "domain"), lambda: Entries("domain", entries)).level(asked.pattern))

    def _url(self, one: Criterion, asked: Asked) -> int:
        kind = _KINDS.get(one.operator, "")
        values = self._values(one, tuple(_KINDS), (kind,))
        if values is None:
            return MAY
        return self._compared((values if one.literal else id(values), kind, "url"), lambda: Urls(values)).level(asked.pattern, asked.stage.decrypted)

    def _compared(self, key: tuple, make):
        if key not in self._entries:
            self._entries[key] = make()
        return self._entries[key]

    def _port(self, one: Criterion, asked: Asked) -> int:
        values = self._values(one, ("equals", "isinlist"), ("number", "string"))
        return MAY if values is None else SURE if "443" in [value.strip() for value in values] else NO

    def _command(self, one: Criterion, asked: Asked) -> int:
        values = self._values(one, ("equals", "isinlist"))
        if values is None:
            return MAY
        named = {value.strip().lower() for value in values}
        if asked.stage.command:
            return SURE if asked.stage.command in named else NO
        return MAY if named - {"connect", "certverify"} else NO

    def _signed_in(self, one: Criterion, asked: Asked) -> int:
        known = asked.signed if one.prop == "authentication.isauthenticated" else NO
        return _is(one, NO if asked.signing else max(known, MAY))

    def _member(self, one: Criterion, asked: Asked) -> int:
        """Groups are known to rules that are below authentication. Who else is in a group is unknown."""
        named = self._values(one, ("contains",) if not one.listed else ("atleastoneinlist",))
        if named is None:
            return MAY
        small = {name.lower() for name in named}
        if asked.signed == NO or (asked.who is OUTSIDER and small <= {group.lower() for group in self._groups}):
            return NO
        return SURE if asked.who in named and asked.signed == SURE else MAY

    def _fault(self, one: Criterion, asked: Asked) -> int:
        return _is(one, MAY if asked.stage in (CONNECT, REQUEST) else NO)


def _is(one: Criterion, level: int) -> int:
    """Of a property that is true or false."""
    if one.operator != "equals" or one.literal not in ("true", "false"):
        return MAY
    return level if one.literal == "true" else opposite(level)
