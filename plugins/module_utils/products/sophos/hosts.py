# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the wanted hosts the objects hold that rules name: groups, categories, activities, hosts, services, web exceptions. Reads nothing.

Objects are followed completely. One that is not there, that was not read or of which something is not understood may hold any host.
"""
from __future__ import annotations

import ipaddress
import re
import xml.etree.ElementTree as ET
from typing import Callable, Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, SUBDOMAINS, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import columns as schemas
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import columns_of, listed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import (
    ACTIVITIES, CATEGORIES, EXCEPTIONS, EXCLUSION, FQDNS, FQDN_GROUPS, GROUP, GROUPS, LOCAL_LIST, SERVICES, SERVICE_GROUPS, Settings, Site,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, Hits, NameList, held

#: guess: words in the names of built-in categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
#: The categories that were taken for such are in ``diagnosis``.
_UNRELATED = ("Adult", "Alcohol", "Anonymizer", "Criminal", "Command", "Drug", "Extreme", "Gambl", "Hack", "Hunting", "Intolerance", "Malware", "Marijuana",
              "Nudity", "P2P", "Phishing", "Porn", "Sex", "Spam", "Spyware", "Tobacco", "Torrent", "Violence", "Weapon")
#: Kinds of categories that say which sites are meant; the others say what of them.
SITES = frozenset(("urlgroup", "webcategory", "useractivity"))
#: The forms of the help page "Exceptions"; any other expression may match any host.
_EXPRESSION = re.compile(r"\^(\(\[A-Za-z0-9[._-]*\]\*\\\.\)\?|\[A-Za-z0-9[._-]*\]\+\\\.)?((?:[A-Za-z0-9_-]|\\\.)+)(?:\\\.\?)?/[^|]*")


def kind_of(text: str) -> str:
    """The kind of a category as a rule or an activity says it; how it is written differs between sources."""
    return re.sub(r"[^a-z]", "", text.lower())


class Entries:
    """A list of names; ``read`` makes a Pattern of one. An address is no name. A top-level domain may stand for all below it, what else is no name for
    anything. ``anything``: so may the list."""

    def __init__(self, texts: Iterable[str], read: Callable, anything: bool = False):
        patterns: list = []
        self.tops: set = set()
        self.anything = anything
        for text in texts:
            pattern, bare = read(text), text[2:] if text.startswith("*.") else text
            if pattern is not None:
                patterns.append(pattern)
            elif re.fullmatch(r"[a-z0-9_-]*[a-z][a-z0-9_-]*", bare):
                self.tops.add(bare)
            else:
                self.anything = self.anything or not _is_address(text)
        self.names = NameList(patterns)

    def hits(self, wanted: Collection[Pattern]) -> Hits:
        return in_one([self], frozenset(wanted))


def in_one(lists: Collection[Entries], wanted: frozenset) -> Hits:
    """What lists are about together, as one list: a host and what is below it may be in two of them."""
    found = held(frozenset().union(*(one.names.near(wanted) for one in lists)), wanted)
    tops, anything = frozenset().union(*(one.tops for one in lists)), any(one.anything for one in lists)
    may = frozenset(one for one in wanted if anything or one.name.rpartition(".")[2] in tops) if tops or anything else frozenset()
    return Hits(found.sure, (found.may | may) - found.sure)


class Hosts:
    """What the names in rules stand for. ``guessed``: built-in categories that were taken to hold none of ours, by their name."""

    def __init__(self, settings: Settings, site: Site, state: State):
        self._settings, self._site, self._state = settings, site, state
        self.guessed: set = set()
        self._fqdns: dict = {}
        self._fqdn_lists: dict = {}
        self._groups: dict = {}

    def about(self, pairs: Iterable[tuple], wanted: Collection[Pattern], seen: frozenset = frozenset()) -> Hits:
        """Of [(kind, name)] in a rule or an activity; one of them is enough."""
        look = {"urlgroup": self.group, "webcategory": self._category}
        found = []
        for kind, name in ((kind_of(kind), name) for kind, name in pairs):
            if (kind, name) == ("webcategory", schemas.EVERYTHING):
                return Hits(frozenset(wanted))
            if kind == "useractivity" and name not in seen:
                found.append(self._activity(name, wanted, seen | {name}))
            else:
                found.append(look[kind](name, wanted) if kind in look else Hits(may=frozenset(wanted)))
        return Hits.any(found)

    def _object(self, node: ET.Element | None, schema: Schema, wanted: Collection[Pattern], read: Callable) -> Hits:
        """What ``read`` makes of an object's columns, unless it is missing or has unread columns."""
        if node is None:
            return Hits(may=frozenset(wanted))
        columns = columns_of(schema, node)
        found = read(columns)
        return Hits(may=frozenset(wanted)) if columns.unread() else found

    def group(self, name: str, wanted: Collection[Pattern]) -> Hits:
        """Of a URL group, with the entries that it will have."""
        if name not in self._groups:
            self._groups[name] = self._read_group(name)
        return self._groups[name].hits(wanted)

    def _read_group(self, name: str) -> Entries:
        obj, node = self._state.objects.get(Ref(GROUP, name)), self._site.node(GROUPS, name)
        columns = columns_of(schemas.URL_GROUP, node) if node is not None else None
        if obj is None or (columns is not None and set(columns.unread()) - set(schemas.URL_GROUP.limits)):
            return Entries([], parse_if, True)
        urls = self.exempt_entries() if name.lower() == self._settings.exempt_group.lower() else obj.members["urls"]
        return Entries(urls, xml.entry_pattern)

    def local(self, wanted: Collection[Pattern]) -> Hits:
        """Of the device's own list."""
        node = self._site.group_like(LOCAL_LIST)
        return Hits() if node is None else self.group(text_of(node, "Name"), wanted)

    def exempt_entries(self) -> frozenset:
        """What the exclusion list holds: entries of others as they were read, and ours as they will be."""
        group = self._site.group_like(self._settings.exempt_group)
        record = self._site.node(GROUPS, self._settings.record)
        ours = next((obj.members["urls"] for ref, obj in self._state.objects.items() if ref.kind == EXCLUSION), frozenset())
        mine = xml.entries(record) if record is not None and xml.is_ours(record) else frozenset()
        others = frozenset() if group is None else xml.entries(group) - mine
        return ours | others

    def _category(self, name: str, wanted: Collection[Pattern]) -> Hits:
        """An existing category says its domains and words; of a built-in one only its name is known. A word is looked for in the whole address."""
        def read(columns: Columns) -> Hits:
            domains, words = ([one.lower() for one in listed(columns, column)] for column in ("DomainList/Domain", "KeywordList/Keyword"))
            if not domains and not words and not columns.unread():
                return self._built_in(name, wanted)
            named = frozenset(pattern for pattern in wanted if any(word in pattern.name for word in words))
            return Hits.any([Entries(domains, xml.entry_pattern).hits(wanted), Hits(named, frozenset(wanted if words else ()) - named)])
        if not self._site.tables[CATEGORIES]:
            return self._built_in(name, wanted)
        return self._object(self._site.node(CATEGORIES, name), schemas.WEB_CATEGORY, wanted, read)

    def _built_in(self, name: str, wanted: Collection[Pattern]) -> Hits:
        if any(word.lower() in name.lower() for word in _UNRELATED):
            self.guessed.add(name)
            return Hits()
        return Hits(may=frozenset(wanted))

    def _activity(self, name: str, wanted: Collection[Pattern], seen: frozenset) -> Hits:
        """A built-in one tells nothing of what is in it."""
        node = self._site.node(ACTIVITIES, name)

        def read(columns: Columns) -> Hits:
            for column in schemas.USER_ACTIVITY.limits:
                columns.get(column)
            inner = xml.categories(node)
            return self.about(inner, wanted, seen) if inner else Hits(may=frozenset(wanted))
        return self._object(node, schemas.USER_ACTIVITY, wanted, read)

    # -- networks and services

    def fqdns(self, names: Iterable[str]) -> list | None:
        """The names of FQDN hosts and of groups of them, in lower case; None when any is something else. A host names its groups, a group its hosts."""
        found = [self._fqdn(name) for name in names]
        return None if None in found else sorted(frozenset().union(*found))

    def _fqdn(self, name: str) -> frozenset | None:
        if not self._fqdns:
            self._index()
        return self._fqdns.get(name)

    def _index(self) -> None:
        hosts, inside, table = {}, {}, self._site.tables
        for node in table[FQDNS]:
            columns = columns_of(schemas.FQDN_HOST, node)
            text, groups = (columns.get("FQDN") or "").lower(), listed(columns, "FQDNHostGroupList/FQDNHostGroup")
            hosts[text_of(node, "Name")] = ({text or "*"} if not columns.unread() else {"*"}, groups)
        self._fqdns = {name: frozenset(texts) for name, (texts, _groups) in hosts.items()}
        for texts, groups in hosts.values():
            for group in groups:
                inside.setdefault(group, set()).update(texts)
        for node in table[FQDN_GROUPS]:
            name, columns = text_of(node, "Name"), columns_of(schemas.FQDN_GROUP, node)
            texts = [hosts[one][0] if one in hosts else {"*"} for one in listed(columns, "FQDNHostList/FQDNHost")]
            texts += [{"*"}] if columns.unread() else []
            self._fqdns[name] = frozenset(inside.get(name, ())).union(*texts)

    def networks(self, names: Iterable[str], wanted: Collection[Pattern]) -> Hits:
        """Of the destinations of a rule: addresses, countries and lists may hold the address of any host."""
        lists = [self._fqdn_list(name) for name in names]
        return Hits(may=frozenset(wanted)) if None in lists else in_one(lists, frozenset(wanted))

    def _fqdn_list(self, name: str) -> Entries | None:
        """The names of an FQDN host or a group, read once for all rules that name it."""
        if name not in self._fqdn_lists:
            texts = self._fqdn(name)
            self._fqdn_lists[name] = None if texts is None else Entries(texts, parse_if)
        return self._fqdn_lists[name]

    def https(self, names: Iterable[str], seen: frozenset = frozenset()) -> int:
        """How far services are about TCP port 443."""
        return max((self._service(name, seen | {name}) for name in names if name not in seen), default=MAY if seen else NO)

    def _service(self, name: str, seen: frozenset) -> int:
        group = self._site.node(SERVICE_GROUPS, name)
        if group is not None:
            columns = columns_of(schemas.SERVICE_GROUP, group)
            level = self.https(listed(columns, "ServiceList/Service"), seen)
            return max(level, MAY) if columns.unread() else level
        node = self._site.node(SERVICES, name)
        if node is None or any(column not in schemas.SERVICE.limits for column in columns_of(schemas.SERVICE, node).unread()):
            return MAY
        kind = text_of(node, "Type")
        if kind != "TCPorUDP":
            return NO if kind in ("ICMP", "ICMPv6") else MAY
        return max((_port(one) for one in node.findall("ServiceDetails/ServiceDetail")), default=MAY)

    # -- web exceptions

    def excused(self, check: str, wanted: Collection[Pattern]) -> frozenset:
        """The patterns for which a web exception may leave out a check, whoever it is for: "on" leaves it out."""
        found: set = set()
        for node in self._site.tables[EXCEPTIONS]:
            if text_of(node, "Enabled").lower() == "off" or text_of(node, check).lower() in ("", "off"):
                continue
            texts = [(one.text or "").strip() for one in node.findall("DomainList/URLRegex")] if text_of(node, "EnableURLRegex") == "yes" else []
            patterns = [_expressed(text) for text in texts]
            found |= held(patterns, wanted).all if patterns and None not in patterns else set(wanted)
        return frozenset(found)


def _port(detail: ET.Element) -> int:
    if text_of(detail, "Protocol").upper() == "UDP":
        return NO
    if text_of(detail, "Protocol").upper() != "TCP":
        return MAY
    level = port_level([text_of(detail, "DestinationPort").replace(":", "-")], (443,))
    return level if text_of(detail, "SourcePort") in ("", "1:65535", "0:65535") else min(level, MAY)


def _expressed(text: str) -> Pattern | None:
    """The hosts of an expression of a web exception; None where that cannot be reported."""
    found = _EXPRESSION.fullmatch(text)
    pattern = parse_if(found[2].replace("\\.", ".")) if found else None
    if pattern is None or not found[1]:
        return pattern
    return Pattern(pattern.name, DOMAIN if found[1].endswith("?") else SUBDOMAINS)


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False
