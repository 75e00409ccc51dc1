# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy: what has to be reachable. Plain data at the edge, typed inside."""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern, PatternError, parse

_LISTS = ("allow", "exempt", "retired", "withheld")
_MEDIA = {"id", "protocol", "ports", "destinations", "feed_date"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class PolicyError(ValueError):
    """Data that is not a policy. The message names the key and the entry."""


@dataclass(frozen=True)
class Media:
    """Traffic other than TLS: ``protocol`` udp or tcp, ``ports`` numbers, ``destinations`` networks in CIDR form, ``feed_date`` YYYY-MM-DD."""

    id: str
    protocol: str
    ports: tuple
    destinations: tuple
    feed_date: str

    def __str__(self) -> str:
        return "%s: %s %s to %d published addresses (feed of %s)" % (
            self.id, self.protocol.upper(), ", ".join(str(p) for p in self.ports), len(self.destinations), self.feed_date)


@dataclass(frozen=True)
class Policy:
    """Patterns to ``allow``; of these to ``exempt`` from TLS inspection; ``retired`` and ``withheld`` ones; ``media``; catalogue ``version``."""

    allow: tuple = ()
    exempt: tuple = ()
    retired: tuple = ()
    withheld: tuple = ()
    media: tuple = ()
    version: str | None = None

    @classmethod
    def from_config(cls, config: dict) -> Policy:
        """Read the plain form. :raises PolicyError: for an unknown key, an invalid entry, or an exemption of something that is not allowed."""
        if not isinstance(config, dict):
            raise PolicyError("it must be a dictionary with the keys allow, exempt, media and retired")
        unknown = sorted(set(config) - set(_LISTS) - {"media", "version"})
        if unknown:
            raise PolicyError("unknown key %s; the keys are %s, media, version" % (", ".join(unknown), ", ".join(_LISTS)))
        patterns = {key: _patterns(key, config.get(key, [])) for key in _LISTS}
        allowed = Index(patterns["allow"])
        for pattern in patterns["exempt"]:
            if allowed.covering(pattern) is None:
                raise PolicyError("exempt: %s is not in allow; only allowed hosts can be exempt from TLS inspection" % pattern)
        version = config.get("version")
        return cls(media=_media(config.get("media", [])), version=None if version is None else str(version), **patterns)

    def to_config(self) -> dict:
        """The plain form: ``from_config(to_config())`` is the same policy."""
        config = {key: [str(pattern) for pattern in getattr(self, key)] for key in _LISTS}
        config["media"] = [dict(id=m.id, protocol=m.protocol, ports=list(m.ports), destinations=list(m.destinations), feed_date=m.feed_date)
                           for m in self.media]
        config["version"] = self.version
        return config


def _patterns(key: str, entries) -> tuple:
    if not isinstance(entries, (list, tuple)):
        raise PolicyError("%s: it must be a list of host name patterns" % key)
    found: list[Pattern] = []
    seen = set()
    for number, entry in enumerate(entries, 1):
        try:
            pattern = parse(entry)
        except PatternError as error:
            raise PolicyError("%s, entry %d: %s" % (key, number, error)) from error
        if pattern not in seen:
            seen.add(pattern)
            found.append(pattern)
    return tuple(found)


def _media(entries) -> tuple:
    if not isinstance(entries, (list, tuple)):
        raise PolicyError("media: it must be a list")
    return tuple(_one_media(number, entry) for number, entry in enumerate(entries, 1))


def _one_media(number: int, entry) -> Media:
    where = "media, entry %d" % number
    if not isinstance(entry, dict) or set(entry) != _MEDIA:
        raise PolicyError("%s: the required keys are exactly %s" % (where, ", ".join(sorted(_MEDIA))))
    if entry["protocol"] not in ("udp", "tcp"):
        raise PolicyError("%s: protocol %r is not udp or tcp" % (where, entry["protocol"]))
    ports = entry["ports"]
    if not isinstance(ports, (list, tuple)) or not ports or not all(isinstance(p, int) and not isinstance(p, bool) and 0 < p < 65536 for p in ports):
        raise PolicyError("%s: ports must be a list of numbers from 1 to 65535" % where)
    if not _DATE.match(str(entry["feed_date"])):
        raise PolicyError("%s: feed_date %r is not of the form YYYY-MM-DD" % (where, entry["feed_date"]))
    destinations = entry["destinations"]
    if not isinstance(destinations, (list, tuple)) or not destinations:
        raise PolicyError("%s: destinations must be a list of networks; voice is never opened to all addresses" % where)
    return Media(id=str(entry["id"]), protocol=entry["protocol"], ports=tuple(ports),
                 destinations=tuple(_network(where, d) for d in destinations), feed_date=str(entry["feed_date"]))


def _network(where: str, text) -> str:
    try:
        network = ipaddress.ip_network(str(text))
    except ValueError as error:
        raise PolicyError("%s: %r is not a network in CIDR form" % (where, text)) from error
    if network.prefixlen < (16 if network.version == 4 else 32):
        raise PolicyError("%s: %s is too large a network for a published voice address" % (where, network))
    return str(network)
