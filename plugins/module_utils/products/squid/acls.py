# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an ACL of Squid matches a request: SURE, MAY or NO. Pure.

What the files do not show (external helpers, times, reverse lookups) is MAY, as is every unknown type and value.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Acl, Directive, Site, acl_words, port_name
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import folded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.values import EVERY, Domains, all_networks, expressions_of, folds
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import overlap, port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, Hits, hits_of, opposite, share, walk

_OPPOSITES = {"allow": "deny", "deny": "allow"}
#: A format: its encoding and its width, an argument, its code.
_FORMAT = re.compile(r"%[\"'#/\[]?-?[0-9]*(?:\.[0-9]+)?(\{[^}]*\})?(.*)\Z", re.S)


@dataclass
class Who:
    """The clients to decide about: ``networks`` (None: unknown), the ACLs that all of them match (folded), ``users`` (None: any authenticated user).

    ``folded``: user names are compared in lower case.
    """

    networks: tuple | None = None
    acls: frozenset = frozenset()
    users: tuple | None = None
    folded: bool = False


class Moment(NamedTuple):
    """When Squid evaluates a list: for a CONNECT, or ``inside`` a decrypted connection; at a ``step`` of ssl_bump; for a ``reply``."""

    inside: bool = False
    step: int | None = None
    reply: bool = False


CONNECT, INSIDE = Moment(), Moment(inside=True)


class _Word(NamedTuple):
    """An ACL word of a line: its name, and whether it is negated, is a group, depends on the destination, gives the same result at each moment, and asks for
    the user."""

    name: str
    turned: bool
    group: bool
    about_host: bool
    timeless: bool
    signs_in: bool


class _Once(dict):
    """What ``find`` says of each key, which is asked once."""

    def __init__(self, find: Callable[[Any], Any]):
        super().__init__()
        self._find = find

    def __missing__(self, key: Any) -> Any:
        found = self[key] = self._find(key)
        return found


class Judge:
    """Answers questions about one Site for one Who, on port 443."""

    def __init__(self, site: Site, who: Who):
        self._site, self._who = site, who
        # Needed for each line and each host.
        self._intercepting = bool(site.intercepting)
        #: ACLs in evaluation: the result of one that contains itself is unknown.
        self._asked: set = set()
        self._inner: dict = {}
        self._descends = False
        self._prepared: dict = {}
        self._answers: dict = {}
        self._words = _Once(self._read_word)
        #: A site's lines are asked at several moments, and before and after a change; most say the same each time.
        self._timeless_lines = _Once(lambda words: all(self._words[word].timeless for word in words))
        self._reached = _Once(lambda key: self._reach(*key))
        self._timeless = columns.TIMELESS - (columns.DESTINATION if self._intercepting else frozenset())

    # -- rules

    def walk(self, chain: Iterable[Directive], acls_of: Callable[[Directive], Iterable[str]], patterns: Sequence[Pattern],
             moment: Moment = CONNECT) -> Iterator[tuple[Directive, list[Pattern], list[Pattern]]]:
        """Yield (directive, patterns that certainly match, patterns that may match) in order; later directives do not get patterns that certainly matched.

        ``acls_of(directive)`` returns its ACL words.
        """
        for directive, hits in walk(chain, patterns, lambda one, left: self.reach(one, acls_of(one), left, moment)):
            yield directive, [pattern for pattern in patterns if pattern in hits.sure], [pattern for pattern in patterns if pattern in hits.may]

    def decide(self, chain: Iterable[Directive], patterns: Sequence[Pattern], moment: Moment = CONNECT) -> Iterator[tuple]:
        """Yield (directive, action, patterns that it certainly decides, patterns that it may decide). What no line decides gets the opposite of the last
        action.

        An action is allow or deny, or None for any other.
        """
        chain = [directive for directive in chain if _action(directive) is not False]
        left, told = list(patterns), set()
        for directive, sure, may in self.walk(chain, acl_words, patterns, moment):
            yield directive, _action(directive), sure, may
            told.update(may)
            left = [pattern for pattern in left if pattern not in sure]
        if chain and left:
            yield chain[-1], _OPPOSITES.get(_action(chain[-1])), [p for p in left if p not in told], [p for p in left if p in told]

    def reach(self, directive: Directive, words: Iterable[str], left: Iterable[Pattern], moment: Moment) -> Hits:
        """The patterns of ``left`` that a directive with these ACL words matches."""
        words = tuple(words)
        return self._reached[words, SURE if directive.sure else MAY, frozenset(left), CONNECT if self._timeless_lines[words] else moment]

    def _reach(self, words: tuple, most: int, left: frozenset, moment: Moment) -> Hits:
        people = min(self.people(words, moment), most)
        if people == NO or not self.names_destination(words):
            return Hits(left).capped(people)
        levels = {pattern: self.level(words, pattern, moment) for pattern in left}
        return hits_of(levels).capped(most) if any(levels.values()) else Hits()

    def level(self, words: Iterable[str], pattern: Pattern, moment: Moment = CONNECT) -> int:
        """Whether all ACL ``words`` match a request for a host of the pattern."""
        return min([self._word(word, pattern, moment) for word in words], default=SURE)

    def people(self, words: Iterable[str], moment: Moment = CONNECT) -> int:
        """Whether all words match, apart from those that depend on the destination."""
        return min([self._word(word, None, moment) for word in words], default=SURE)

    def nameless(self, chain: Iterable[Directive]) -> Directive | None:
        """The directive of ``chain`` that certainly decides about a connection of which only the address is known."""
        return next((d for d in chain if d.sure and not self.names_destination(d.args[1:]) and self.people(d.args[1:]) == SURE), None)

    # -- kinds of words

    def names_destination(self, words: Iterable[str]) -> bool:
        """Whether one of the words depends on the destination."""
        for word in words:
            if self._words[word].about_host:
                return True
        return False

    def signs_in(self, words: Iterable[str]) -> bool:
        """Whether one of the words asks for the user, or for anything else that only a helper knows about a client."""
        for word in words:
            if self._words[word].signs_in:
                return True
        return False

    def takes_any_user(self, word: str) -> bool:
        """Whether an ACL requires a login and accepts any."""
        acl = self._site.acl(word)
        return acl is not None and acl.type == "proxy_auth" and "REQUIRED" in acl.values

    def clients(self, name: str) -> bool:
        """Whether an ACL depends on client addresses only."""
        missing: list = []
        return not self._some([name], lambda acl: acl.type != "src", missing.append) and not missing

    def doubts(self, words: Iterable[str]) -> list[str]:
        """Why it is unknown whether these words match, in words."""
        found: list = []
        self._some(words, lambda acl: found.extend(self._unknown(acl)), lambda name: found.append("ACL %s is not defined" % name))
        return list(dict.fromkeys(found))

    def _unknown(self, acl: Acl) -> list:
        if acl.type not in columns.TYPES:
            return ["ACL %s has the unsupported type %s" % (acl.name, acl.type)]
        return acl.unread + (["ACL %s (%s) cannot be evaluated here" % (acl.name, acl.type)] if acl.type in columns.UNREAD else [])

    def _some(self, words: Iterable[str], holds: Callable[[Acl], object], missing: Callable[[str], object] = lambda name: None) -> bool:
        """Whether ``holds`` is true for one of the ACLs of the words or of their groups. ``missing`` is called with the names of ACLs that do not exist."""
        left, seen = list(words)[::-1], set()
        while left:
            name = left.pop().lstrip("!")
            acl = self._site.acl(name)
            if acl is None:
                missing(name)
            elif acl.type not in columns.GROUPS:
                if holds(acl):
                    return True
            elif acl.name not in seen:
                seen.add(acl.name)
                left += acl.values[::-1]
        return False

    def _nested(self, word: str) -> list:
        """The words for the groups in a group, and for the groups in those, the innermost first."""
        if word not in self._inner:
            order, seen, left = [], set(), [(word, False)]
            while left:
                one, done = left.pop()
                if done:
                    order.append(one)
                    continue
                acl = self._site.acl(one.lstrip("!"))
                if acl is not None and acl.type in columns.GROUPS and one not in seen:
                    seen.add(one)
                    left.append((one, True))
                    left += [(value, False) for value in acl.values]
            self._inner[word] = order[:-1]
        return self._inner[word]

    def _looks_at_host(self, acl: Acl) -> bool:
        return acl.type in columns.DESTINATION or any(one.startswith(columns.DESTINATION_FORMATS) for one in self._formats(acl))

    def _asks_for_user(self, acl: Acl) -> bool:
        if acl.type != "external":
            return acl.type in columns.SIGN_IN
        others = [one for one in self._formats(acl) if not one.startswith(columns.DESTINATION_FORMATS)]
        return not self._looks_at_host(acl) or not all(one.startswith(columns.NEUTRAL_FORMATS) for one in others)

    def _formats(self, acl: Acl) -> list[str]:
        """What the helper of an external ACL is told, in lower case and without modifiers."""
        if acl.type != "external" or not acl.values:
            return []
        helpers = [d.args[1:] for d in self._site.named("external_acl_type") if d.args[:1] == (acl.values[0],)]
        return [_FORMAT.sub(r"%\2\1", word.lower()) for words in helpers
                for word in takewhile(_is_format, dropwhile(lambda word: not _is_format(word), words))]

    # -- results of words

    def _word(self, word: str, pattern: Pattern | None, moment: Moment) -> int:
        """With ``pattern`` None, words that depend on the destination are ignored, and negated groups that contain one."""
        name, turned, group, about_host, _timeless, _signs_in = self._words[word]
        if pattern is None and about_host and (turned or not group):
            return SURE
        key = (word, pattern if about_host else None, moment)
        if group and not self._descends and key not in self._answers:
            # Inner groups first: a configuration may nest them deeper than Python can recurse.
            self._descends = True
            for inner in self._nested(word):
                self._word(inner, pattern, moment)
            self._descends = False
        answer = self._answers.get(key)
        if answer is None:
            answer = self._named(name, key[1], moment)
            answer = self._answers[key] = opposite(answer) if turned else answer
        return answer

    def _read_word(self, word: str) -> _Word:
        name = word.lstrip("!")
        acl = self._site.acl(name)
        grouped = acl is not None and acl.type in columns.GROUPS
        parts = [self._words.get(value) for value in acl.values] if grouped else [None]
        if None not in parts:
            asked = any(part.about_host for part in parts), all(part.timeless for part in parts), any(part.signs_in for part in parts)
        elif acl is None or grouped:
            asked = (self._some([name], self._looks_at_host), not self._some([name], lambda acl: acl.type not in self._timeless),
                     self._some([name], self._asks_for_user))
        else:
            # Most words of a long configuration.
            asked = self._looks_at_host(acl), acl.type in self._timeless, self._asks_for_user(acl)
        return _Word(name, (len(word) - len(name)) % 2 == 1, grouped, *asked)

    def _named(self, name: str, pattern: Pattern | None, moment: Moment) -> int:
        acl = self._site.acl(name)
        if acl is None or name in self._asked:
            return MAY
        if self._who.acls and folded(name) in self._who.acls:
            return SURE
        self._asked.add(name)
        level = self._answer(acl, pattern, moment)
        self._asked.discard(name)
        if acl.conditional:
            return MAY
        # Unread values could match as well.
        return MAY if acl.unread and (level == NO or acl.type in columns.GROUPS) else level

    def _answer(self, acl: Acl, pattern: Pattern | None, moment: Moment) -> int:
        kind = acl.type
        if kind == "any-of":
            return max((self._word(value, pattern, moment) for value in acl.values), default=NO)
        if kind == "all-of":
            return max((min((self._word(value, pattern, moment) for value in line.values), default=NO) for line in acl.lines), default=NO)
        if kind in columns.ALWAYS:
            return SURE
        if kind in columns.REPLY:
            return MAY if moment.reply else NO
        if kind in columns.DESTINATION:
            return self._host(acl, pattern, moment) if pattern is not None else MAY
        return self._READERS.get(kind, Judge._unread)(self, acl, moment)

    def _unread(self, _acl: Acl, _moment: Moment) -> int:
        return MAY

    def _source(self, acl: Acl, _moment: Moment) -> int:
        networks, unknown = self._once(acl, all_networks)
        if all(every in networks for every in EVERY):
            return SURE
        if self._who.networks is None:
            return MAY
        return max(overlap(self._who.networks, networks), MAY if unknown else NO)

    def _port(self, acl: Acl, _moment: Moment) -> int:
        return port_level(acl.values, (443,))

    def _method(self, acl: Acl, moment: Moment) -> int:
        values = {value.upper() for value in acl.values}
        if moment.inside:
            return MAY if any(method in values for method in columns.METHODS if method != "CONNECT") else NO
        if "CONNECT" in acl.values:
            return SURE
        # Squid ignores the case of methods, unless relaxed_header_parser is off.
        return NO if "CONNECT" not in values else MAY if self._site.named("relaxed_header_parser") else SURE

    def _scheme(self, acl: Acl, moment: Moment) -> int:
        values = {value.upper() for value in acl.values}
        if moment.inside:
            return SURE if "HTTPS" in values else NO
        return MAY if values & {"HTTP", "HTTPS", "NONE"} or not values <= columns.SCHEMES else NO

    def _step(self, acl: Acl, moment: Moment) -> int:
        if moment.step is not None:
            return SURE if "sslbump%d" % moment.step in {value.lower() for value in acl.values} else NO
        return MAY

    def _local_port(self, acl: Acl, _moment: Moment) -> int:
        numbers = self._site.port_numbers
        if not numbers or self._site.intercepting:
            return MAY
        levels = [port_level(acl.values, (number,)) for number in numbers]
        return levels[0] if len(set(levels)) == 1 else MAY

    def _port_name(self, acl: Acl, _moment: Moment) -> int:
        return share(port_name(port) in acl.values for port in self._site.ports) if self._site.ports else MAY

    def _initiator(self, acl: Acl, _moment: Moment) -> int:
        return SURE if {"client", "all"} & set(acl.values) else MAY

    def _user(self, acl: Acl, _moment: Moment) -> int:
        if "REQUIRED" in acl.values:
            return SURE
        if self._who.users is None:
            return MAY
        folded = self._who.folded or any(folds(line.options) for line in acl.lines)
        names = {value.lower() for value in acl.values} if folded else set(acl.values)
        return share((user.lower() if folded else user) in names for user in self._who.users)

    def _user_expression(self, acl: Acl, _moment: Moment) -> int:
        if self._who.users is None:
            return MAY
        expressions = self._once(acl, expressions_of)
        return share(expressions.matches(user.lower() if self._who.folded else user) for user in self._who.users) if not expressions.unknown else MAY

    _READERS = {
        "src": _source, "port": _port, "method": _method, "proto": _scheme, "at_step": _step, "localport": _local_port, "myportname": _port_name,
        "transaction_initiator": _initiator, "proxy_auth": _user, "proxy_auth_regex": _user_expression}

    # -- hosts

    def _host(self, acl: Acl, pattern: Pattern, moment: Moment) -> int:
        if acl.type == "dst":
            networks, unknown = self._once(acl, all_networks)
            # The hosts of a web service have public addresses; which ones is not in the files.
            return NO if not unknown and all(network.is_loopback or network.is_link_local or network.is_unspecified for network in networks) else MAY
        if acl.type == "urlpath_regex":
            expressions = self._once(acl, expressions_of)
            # The path of a CONNECT is "/" or empty, depending on the release.
            return MAY if moment.inside or expressions.unknown or any(expressions.matches(path) for path in ("", "/")) else NO
        if acl.type not in columns.NAMES:
            return MAY
        if acl.type.startswith("ssl::") and self._by_certificate(acl, moment):
            return MAY if moment.step in (None, 3) else NO
        if acl.type in columns.DOMAINS:
            level = self._once(acl, Domains).level(pattern)
        elif acl.type == "url_regex":
            level = self._url(acl, pattern, moment)
        else:
            level = self._once(acl, expressions_of).level(pattern, "", "")
        if self._intercepting and moment.step is not None and level == SURE and (not acl.type.startswith("ssl::") or moment.step == 1):
            # An intercepted connection has an address and no name until the handshake, and its CONNECT never has a name.
            return MAY
        return level

    def _by_certificate(self, acl: Acl, moment: Moment) -> bool:
        """Whether the names in the server's certificate decide: at step 3, unless the line uses --client-requested."""
        options = {option for line in acl.lines for option in line.options}
        return "--server-provided" in options or (moment.step == 3 and "--client-requested" not in options)

    def _url(self, acl: Acl, pattern: Pattern, moment: Moment) -> int:
        expressions = self._once(acl, expressions_of)
        if acl.name == "manager":
            # Built in: Squid's own pages.
            return NO
        if not moment.inside:
            return expressions.level(pattern, "", ":443")
        level = expressions.level(pattern, "https://", "/")
        return max(level, NO if expressions.elsewhere("https://") else MAY)

    def _once(self, acl: Acl, make: Callable[[Acl], object]):
        key = (acl.name, make)
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = make(acl)
        return found


def _is_format(word: str) -> bool:
    return word.startswith("%")


def _action(directive: Directive) -> str | bool | None:
    """Allow or deny; None for another word, and False without one."""
    words = directive.args[columns.ACTION_AT.get(directive.name, 0):]
    return (words[0] if words[0] in _OPPOSITES else None) if words else False


def networks_of(site: Site, name: str) -> list | None:
    """The networks of a client ACL; None if it depends on anything else, or if not all are known."""
    acl = site.acl(name)
    if acl is None or acl.type != "src":
        return None
    networks, unknown = all_networks(acl)
    return None if unknown else networks
