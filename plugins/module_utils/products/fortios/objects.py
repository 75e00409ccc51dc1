# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the objects that policies name stand for: addresses, services, profiles, their groups completely. What cannot be reported may be anything. No IO."""
from __future__ import annotations

from typing import AbstractSet, Any, Collection, Iterator, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.columns import GROUP, SERVICE
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Site, row_hits, row_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap, port_level, private
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, Hits

_NUMBERS = {"tcp": 6, "udp": 17}


def flat(row: Mapping[str, Any]) -> dict:
    """A row of a table with the names, or numbers, of what its columns refer to."""
    return {column: [one.get("name", one.get("id", one)) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value
            for column, value in row.items()}


def restricting(schema: Schema, row: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The columns of a profile, at any depth, that are not at a value which limits nothing; ``place`` is where the row is in it."""
    declared = {*schema.limits, *schema.others}
    for column, value in row.items():
        name = place + column
        if isinstance(value, dict) and any(one.startswith(name + ".") for one in declared):
            yield from restricting(schema, value, name + ".")
        elif isinstance(value, list) and any(one.startswith(name + "[].") for one in declared):
            for one in value:
                yield from restricting(schema, one, name + "[].")
        elif column != "q_origin_key" and name not in schema.others and schema.restricts(name, value):
            yield name


def members(names: Collection[str], rows: Mapping[str, dict], groups: Mapping[str, dict]) -> list:
    """The rows that names stand for, groups of groups completely; None for a name, or a group, of which that cannot be reported."""
    seen: set = set()
    found: list = []
    left = list(names)
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in rows:
            found.append(rows[name])
        elif name in groups:
            group = Columns(GROUP, flat(groups[name]))
            inside = group.get("member", [])
            # Of a group that leaves some out, or is of another kind, nobody can tell what is left.
            if group.unread():
                found.append(None)
            else:
                left += inside
        else:
            found.append(None)
    return found


def networks(row: dict | None) -> list | None:
    """The networks of an address; None where it is none, or not known."""
    row = row or {"type": ""}
    try:
        if row.get("type", "ipmask") == "ipmask":
            return networks_of("/".join(str(row.get("subnet") or "").split()))
        if row["type"] == "iprange":
            return networks_of("%s-%s" % (row.get("start-ip"), row.get("end-ip")))
    except ValueError:
        pass
    return None


def address_level(row: dict | None, pattern: Pattern) -> int:
    """How far an address is about hosts: by name, or by networks. Addresses that share a network with these hosts nobody can tell."""
    name = (row or {}).get("fqdn") or (row or {}).get("wildcard-fqdn")
    if row is not None and row.get("type") in ("fqdn", "wildcard-fqdn") and name:
        return row_level("wildcard", name, pattern)
    found = networks(row)
    if found is None:
        return MAY
    if any(one.prefixlen == 0 for one in found):
        return SURE
    return NO if found and private(found) else MAY


def address_hits(row: dict | None, wanted: AbstractSet[Pattern]) -> Hits:
    """Which hosts an address is about."""
    if row is not None and row.get("type") in ("fqdn", "wildcard-fqdn"):
        name = row.get("fqdn") or row.get("wildcard-fqdn")
        if name:
            return row_hits("wildcard", name, wanted)
    level = next((address_level(row, pattern) for pattern in wanted), NO)
    return Hits(frozenset(wanted)).capped(level)


def packets_level(row: dict | None, destinations: Collection) -> int:
    """How far an address is about networks that are published; one that is a name is about none of them."""
    if row is not None and row.get("type") == "fqdn":
        return NO
    found = networks(row)
    return MAY if found is None else overlap(destinations, found)


def service_level(row: dict | None, protocol: str, ports: Collection[int]) -> int:
    """How far a service is about ports of "tcp" or "udp". Ranges read ``destination[:source]``, separated by blanks."""
    if row is None:
        return MAY
    columns = Columns(SERVICE, flat(row))
    kind, number = str(columns.get("protocol") or "").upper(), columns.get("protocol-number")
    spans = {one: str(columns.get("%s-portrange" % one) or "").split() for one in ("tcp", "udp", "udplite", "sctp")}
    columns.get("icmptype"), columns.get("icmpcode")
    if columns.unread():
        return MAY
    if kind in ("IP", "ALL"):
        return SURE if not number or number == _NUMBERS[protocol] else NO
    if not kind.startswith("TCP/UDP"):
        return NO if kind.startswith("ICMP") else MAY
    parts = [span.partition(":") for span in spans[protocol]]
    anyones = [target for target, _colon, source in parts if not source]
    if all(port_level(anyones, [port]) == SURE for port in ports):
        return SURE
    return min(port_level([target for target, _colon, _source in parts], ports), MAY)


def services_of(site: Site, names: Collection[str], protocol: str, ports: Collection[int]) -> int:
    """How far services by name are about ports; no name stands for every service."""
    return max((service_level(row, protocol, ports) for row in members(names, site.services, site.service_groups)), default=SURE)
