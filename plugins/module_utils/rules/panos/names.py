# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names in rules stand for, completely: categories, applications, addresses, services, and groups of them. No IO.

What a name stands for outside of the configuration, as that of an external list or of an application filter, nobody here can tell: it may be anything.
"""
from __future__ import annotations

import functools
import ipaddress
from typing import Iterable, Mapping, NamedTuple

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns as schemas, urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Context, columns as columns_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap, port_level, private
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, Hits, hits_of

#: Predefined categories that hold none of the wanted hosts; a rule about one of these has other reasons.
_UNRELATED = frozenset((
    "malware", "phishing", "command-and-control", "grayware", "ransomware", "scanning-activity", "hacking", "adult", "gambling", "nudity",
    "weapons", "extremism", "abused-drugs", "questionable", "copyright-infringement", "proxy-avoidance-and-anonymizers", "dynamic-dns", "parked",
    "peer-to-peer", "compromised-website", "encrypted-dns", "health-and-medicine", "government", "military", "dating",
    "alcohol-and-tobacco", "sports", "travel", "real-estate", "religion", "swimsuits-and-intimate-apparel", "sex-education", "cryptocurrency"))
#: How names of applications begin that are another protocol, or a product of another vendor that carries none of the wanted hosts.
_OTHER_APPLICATIONS = frozenset((
    "dns", "ping", "icmp", "ipv6", "traceroute", "ssh", "telnet", "ftp", "tftp", "smtp", "pop3", "imap", "ntp", "snmp", "syslog", "ldap", "kerberos", "netbios",
    "nfs", "dhcp", "bgp", "ospf", "gre", "ike", "ipsec", "rdp", "sip", "rtp", "quic", "bittorrent", "emule", "tor", "ultrasurf", "teamviewer", "anydesk",
    "facebook", "instagram", "whatsapp", "twitter", "tiktok", "snapchat", "linkedin", "reddit", "youtube", "netflix", "spotify", "twitch", "steam", "dropbox",
    "telegram", "skype", "zoom", "webex"))
EVERYWHERE = tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "::/0")))


class Addresses(NamedTuple):
    """``complete``: the networks and names are all that it is."""

    networks: tuple = ()
    names: tuple = ()
    complete: bool = True


class Names:
    """For the wanted patterns. ``categories``: name to the columns of every custom URL category, as it would be."""

    def __init__(self, context: Context, wanted: frozenset, categories: Mapping[str, dict]):
        self.context, self.wanted, self._categories = context, wanted, categories
        self._lists = frozenset(context.names("external-list"))
        self.unknown = Hits(may=wanted)
        self.category = functools.lru_cache(maxsize=None)(self._category)
        self.application = functools.lru_cache(maxsize=None)(self._application)
        self.service = functools.lru_cache(maxsize=None)(self._service)
        # Addresses are the same for whatever patterns.
        self._resolved = context.resolved

    # -- categories

    def is_custom(self, name: str) -> bool:
        return name in self._categories

    def is_list(self, name: str) -> bool:
        """Whether it is an external list: what that holds is not in the configuration."""
        return name in self._lists and not self.is_custom(name)

    def elsewhere(self, column: str, names: Iterable[str], seen: tuple = ()) -> set:
        """Those of the names in a column of which only the device knows what they hold: lists, filters, dynamic groups, regions; of groups their members."""
        found = set()
        for name in (name for name in names if name != "any" and name not in seen):
            inside = self._members(column, name)
            made = column == "application" and any(self.context.find(kind, name) is not None for kind in ("application-filter", "application"))
            apart = column in ("source", "destination") and not inside and not self.addresses([name]).complete
            if made or apart or (column == "category" and self.is_list(name)):
                found.add(name)
            found |= self.elsewhere(column, inside, seen + (name,))
        return found

    def _members(self, column: str, name: str) -> list:
        """The names that a name of a group stands for."""
        if column == "category":
            category = self._categories.get(name, {})
            return list(category.get("list") or ()) if category.get("type") == "Category Match" else []
        path, inside = ("application-group", "members") if column == "application" else ("address-group", "static")
        return list((self.context.find(path, name) or {}).get(inside) or ())

    def pages(self, name: str) -> Hits:
        """Of a custom category, what it is about by pages, not by whole hosts."""
        held = self._categories.get(name, {}).get("list") or []
        return urls.hits([entry for entry in held if not urls.parse_entry(entry).whole], self.wanted)

    def _category(self, name: str, seen: tuple = ()) -> Hits:
        if not self.is_custom(name):
            return Hits() if name in _UNRELATED and not self.is_list(name) else self.unknown
        category = Columns(schemas.CATEGORY, self._categories[name])
        kind, entries = category.get("type", "URL List"), category.get("list", [])
        if name in seen or category.unread() or kind not in ("URL List", "Category Match"):
            return self.unknown
        if kind == "URL List":
            return urls.hits(entries, self.wanted)
        # A host has to be in all of them.
        found = [self._category(one, seen + (name,)) for one in entries] or [self.unknown]
        return hits_of({pattern: min(_level(hits, pattern) for hits in found) for pattern in self.wanted})

    def categories(self, names: Iterable[str]) -> Hits:
        """Of a column of categories."""
        return Hits.any(self.category(name) for name in names)

    # -- applications

    def _application(self, name: str, seen: tuple = ()) -> int:
        """An application that is named may be what the device takes a session for, or not: it changes its mind while it looks."""
        group = self.context.find("application-group", name)
        if group is not None:
            members = columns_of("application-group", group)
            names = members.get("members", [])
            if name in seen or members.unread() or not names:
                return MAY
            return max(self._application(one, seen + (name,)) for one in names)
        if any(self.context.find(kind, name) is not None for kind in ("application-filter", "application")):
            return MAY
        if name == "any":
            return SURE
        return NO if name.lower().partition("-")[0] in _OTHER_APPLICATIONS else MAY

    # -- addresses

    def addresses(self, names: Iterable[str], seen: tuple = ()) -> Addresses:
        """What a column of addresses is, groups and objects resolved."""
        key = tuple(names), seen
        if key not in self._resolved:
            self._resolved[key] = self._together(*key)
        return self._resolved[key]

    def _together(self, names: tuple, seen: tuple) -> Addresses:
        networks, hosts, complete = [], [], True
        for name in names:
            found = self._address(name, seen)
            networks += found.networks
            hosts += found.names
            complete = complete and found.complete
        # Halves side by side are one network.
        whole = [one for version in (4, 6) for one in ipaddress.collapse_addresses(one for one in networks if one.version == version)]
        return Addresses(tuple(whole), tuple(hosts), complete)

    def _address(self, name: str, seen: tuple) -> Addresses:
        if (name, seen) not in self._resolved:
            self._resolved[name, seen] = self._addresses_of(name, seen)
        return self._resolved[name, seen]

    def _addresses_of(self, name: str, seen: tuple) -> Addresses:
        entry, group = self.context.find("address", name), self.context.find("address-group", name)
        try:
            if entry is not None:
                columns = columns_of("address", entry)
                texts = [text for text in (columns.get("ip-netmask"), columns.get("ip-range")) if text]
                fqdn = columns.get("fqdn")
                return Addresses(tuple(network for text in texts for network in networks_of(text)), (fqdn,) if fqdn else (), not columns.unread())
            if group is not None:
                columns = columns_of("address-group", group)
                members = columns.get("static", [])
                if name in seen or not members or columns.unread():
                    return Addresses(complete=False)
                return self.addresses(members, seen + (name,))
            return Addresses(tuple(networks_of(name)))
        except ValueError:
            # A region, an external list, or an object that is not in sight.
            return Addresses(complete=False)

    def destination(self, names: list, negated: bool) -> Hits:
        """Of the destinations of a rule. The addresses of the wanted hosts are not known, but that they are on the Internet."""
        if names == ["any"]:
            return Hits(self.wanted)
        found = self.addresses(names)
        if negated:
            return Hits(self.wanted) if found.complete and not found.names and private(found.networks) else self.unknown
        if overlap(EVERYWHERE, found.networks) == SURE:
            return Hits(self.wanted)
        if not found.complete or not private(found.networks):
            return self.unknown
        return Hits(may=frozenset(one for one in self.wanted for name in found.names if one.matches(name)))

    # -- services

    def _service(self, name: str, seen: tuple = ()) -> int:
        entry, group = self.context.find("service", name), self.context.find("service-group", name)
        if entry is not None:
            columns = columns_of("service", entry)
            tcp, narrowed = columns.get("protocol/tcp/port") or "", columns.get("protocol/tcp/source-port")
            # Those of UDP say nothing of TCP.
            for column in ("protocol/udp/port", "protocol/udp/source-port"):
                columns.get(column)
            if columns.unread():
                return MAY
            level = port_level(tcp.split(",") if tcp else [], (443,))
            return min(level, MAY) if narrowed else level
        if group is not None:
            columns = columns_of("service-group", group)
            members = columns.get("members", [])
            if name in seen or columns.unread() or not members:
                return MAY
            return max(self._service(one, seen + (name,)) for one in members)
        return {"any": SURE, "application-default": SURE, "service-https": SURE, "service-http": NO}.get(name, MAY)


def _level(hits: Hits, pattern: Pattern) -> int:
    return SURE if pattern in hits.sure else MAY if pattern in hits.may else NO
