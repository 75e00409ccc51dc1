# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice on ZIA: no name is visible in its packets, so a Cloud Firewall rule opens the published addresses and ports for the audience. No IO.

The network service that says the ports is a part of the rule here: it is made when the rule needs it, and one that no rule uses does nothing.
"""
from __future__ import annotations

import ipaddress
from typing import Callable, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Step
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import FIREWALL_RULE, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import networks_of, overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

SERVICES = "networkServices"


def rule_name(prefix: str, media: Media) -> str:
    """Names of rules have at most 31 characters."""
    return ("%s %s" % (prefix, media.id))[:31].rstrip()


def ports_of(service: dict) -> list[str]:
    """The destination ports of a network service, as ``udp 3478`` or ``tcp 50000-60000``."""
    found = []
    for protocol, field in (("tcp", "destTcpPorts"), ("udp", "destUdpPorts")):
        for one in service.get(field) or []:
            end = one.get("end") or one["start"]
            found.append("%s %d%s" % (protocol, one["start"], "-%d" % end if end != one["start"] else ""))
    return sorted(found)


def fields(rule: dict, site: Site) -> dict:
    """What of a firewall rule is compared besides its columns."""
    used = [site.service(one["id"]) or {"name": str(one["id"])} for one in rule.get("nwServices") or []]
    return {"destAddresses": sorted(rule.get("destAddresses") or []), "nwServices": sorted(service["name"] for service in used),
            "ports": sorted(port for service in used for port in ports_of(service)), "enableFullLogging": bool(rule.get("enableFullLogging")),
            "action": rule.get("action")}


def wanted(prefix: str, columns: dict, media: Media) -> Object:
    """Our firewall rule for a Media, with the columns that say for whom."""
    name = rule_name(prefix, media)
    return Object(Ref(FIREWALL_RULE, name), dict(columns, **{
        "description": MARK, "state": "ENABLED", "action": "ALLOW", "destAddresses": sorted(media.destinations), "nwServices": [name],
        "ports": sorted("%s %d" % (media.protocol, port) for port in media.ports), "enableFullLogging": True}))


def meets(addresses: Iterable[str], media: Media) -> int:
    """How far networks, single addresses and ranges are about the published ones; a name is about none of them."""
    found = []
    for address in addresses:
        try:
            found += networks_of(address)
        except ValueError:
            continue
    return overlap(map(ipaddress.ip_network, media.destinations), found)


def body(site: Site, name: str, wanted_fields: dict) -> dict:
    """A firewall rule of ours as it is sent; the ids of the columns are added by the caller."""
    service = site.service_named(wanted_fields["nwServices"][0]) or {"id": "<id of %s>" % wanted_fields["nwServices"][0]}
    return {"name": name, "description": wanted_fields["description"], "action": wanted_fields["action"], "destAddresses": wanted_fields["destAddresses"],
            "nwServices": [{"id": service["id"]}], "enableFullLogging": wanted_fields["enableFullLogging"]}


def service_steps(change: Change, then: State, site: Site, step: Callable[..., Step]) -> Iterator[Step]:
    """The network service that the rule needs, made or mended before the rule: nothing that uses it is enabled yet, or it is narrowed to what is wanted."""
    if change.op == DELETE or not then.objects[change.ref].ours:
        return
    asked = then.objects[change.ref].fields
    name, ports = asked["nwServices"][0], asked["ports"]
    have = site.service_named(name)
    if have is not None and ports_of(have) == ports:
        return
    content = {"name": name, "type": "CUSTOM", "description": MARK}
    for protocol, field in (("tcp", "destTcpPorts"), ("udp", "destUdpPorts")):
        spans = [_span(port) for port in ports if port.startswith(protocol)]
        if spans:
            content[field] = spans
    if have is None:
        yield step("create network service %s" % name, "POST", SERVICES, content, learn=site.services.append)
    else:
        yield step("update network service %s" % name, "PUT", "%s/%s" % (SERVICES, have["id"]), content)


def _span(text: str) -> dict:
    start, _dash, end = text.partition(" ")[2].partition("-")
    return dict({"start": int(start)}, **({"end": int(end)} if end else {}))
