# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice on FortiOS: no name is visible in its packets, so each named policy gets one beside it that opens the published addresses. No IO.

The new policy is the named one with another destination and another service: the same people, the same profiles, nobody else.
"""
from __future__ import annotations

import hashlib
import ipaddress
from typing import Any, Callable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Step, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.api import key
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.columns import POLICY as COLUMNS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Site, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.policies import Rulebase, restrictions
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import marks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, SURE, crossed, sides

ADDRESS, ADDRESSES, SERVICE, POLICY = "address", "address group", "service", "policy"
PATHS = {ADDRESS: "firewall/address", ADDRESSES: "firewall/addrgrp", SERVICE: "firewall.service/custom", POLICY: "firewall/policy"}
RULEBASE = "policies"
#: Columns of ours that are always compared; so is each other one that limits ours, or the named policy. The rest is taken over when ours is made.
_NAMES = ("srcintf", "dstintf", "srcaddr", "groups", "users", "dstaddr", "service")
_WORDS = ("schedule", "action", "status", "logtraffic")
#: What of the named policy says where it leads, and what names it.
_NOT_TAKEN = ("policyid", "uuid", "uuid-idx", "name", "comments", "dstaddr", "dstaddr6", "dstaddr-negate", "dstaddr6-negate", "service", "service-negate",
              "network-service-dynamic", "q_origin_key")


def names(rows: list[dict] | None) -> list[str]:
    """The names in a column of references, sorted."""
    return sorted(row["name"] for row in rows or [])


def is_voice(policy: dict) -> bool:
    """Whether a policy is one of ours for voice."""
    return marks.is_ours(policy.get("comments"))


def _is_taken(column: str) -> bool:
    return column not in _NOT_TAKEN and (not column.startswith("internet-service") or "-src" in column)


def _limits(policy: dict, other: dict) -> dict:
    """{column: value} of ``policy``, of each further column that limits it or ``other``, which is to be like it."""
    found: dict = {}
    for column in sorted(set(restrictions(policy)) | set(restrictions(other))):
        if column not in _NAMES + _WORDS and _is_taken(column):
            found[column] = _value(column, policy.get(column), other.get(column))
    return found


def _value(column: str, value: Any, other: Any) -> Any:
    """A value of a column in one form; where there is none, the product's word for no limit."""
    if isinstance(value, list):
        rows = [{name: part for name, part in row.items() if name != "q_origin_key"} if isinstance(row, dict) else row for row in value]
        return sorted(rows, key=str)
    if value not in (None, ""):
        return value
    return [] if isinstance(other, list) else next(iter(COLUMNS.limits.get(column, ())), "disable" if other == "enable" else "")


def _like(policy: dict) -> str:
    return policy["comments"].partition(", as policy ")[2]


def _name(prefix: str, media_id: str, policy: str) -> str:
    name = "%s-%s: %s" % (prefix, media_id, policy)
    return name if len(name) <= 35 else "%s-%s" % (name[:26], hashlib.sha256(name.encode("utf-8")).hexdigest()[:8])


def parse(site: Site, add: Callable[..., Ref]) -> dict[str, tuple]:
    """Adds what is there to a State and returns the rulebase of policies."""
    for name, row in site.addresses.items():
        if is_ours(row):
            add(ADDRESS, name, {"subnet": _cidr(row), "comment": row["comment"]})
    for name, row in site.address_groups.items():
        if is_ours(row):
            add(ADDRESSES, name, {"comment": row["comment"]}, {"member": frozenset(names(row.get("member")))})
    for name, row in site.services.items():
        if is_ours(row):
            add(SERVICE, name, {"%s-portrange" % word: row["%s-portrange" % word] for word in ("tcp", "udp") if row.get("%s-portrange" % word)})
    order = []
    for policy in site.every_policy:
        fields = {}
        if is_voice(policy):
            fields = dict({column: names(policy.get(column)) for column in _NAMES}, **{word: policy.get(word) or "" for word in _WORDS})
            fields["as policy"] = _like(policy)
            fields.update(_limits(policy, next((one for one in site.policies if site.policy_name(one) == _like(policy)), {})))
        order.append(add(POLICY, site.policy_name(policy), fields, ours=is_voice(policy)))
    return {RULEBASE: tuple(order)}


def _cidr(row: dict) -> str:
    address, _blank, mask = str(row.get("subnet") or "").partition(" ")
    try:
        return str(ipaddress.ip_network("%s/%s" % (address, mask), strict=False))
    except ValueError:
        return str(row.get("subnet"))


def wanted(site: Site, prefix: str, media: Media) -> list[Wanted]:
    """For each named policy that accepts one for this Media, directly before the first deny below it that takes its packets from all its people."""
    networks = [one for one in media.destinations if ":" not in one]
    if not networks:
        return []
    group, service = "%s-%s" % (prefix, media.id), "%s-%s" % (prefix, media.id)
    members = {one: "%s-%s" % (prefix, one.replace("/", "_")) for one in networks}
    found = [Wanted(Object(Ref(ADDRESS, name), {"subnet": one, "comment": marks.MARK})) for one, name in members.items()]
    found.append(Wanted(Object(Ref(ADDRESSES, group), {"comment": marks.MARK}, {"member": frozenset(members.values())})))
    found.append(Wanted(Object(Ref(SERVICE, service), {"%s-portrange" % media.protocol: " ".join(str(port) for port in media.ports)})))
    for policy in accepting(site):
        like = site.policy_name(policy)
        fields = {column: names(policy.get(column)) for column in _NAMES}
        fields.update({"schedule": policy.get("schedule") or "always", "action": "accept", "status": "enable", "logtraffic": "all", "dstaddr": [group],
                       "service": [service], "as policy": like})
        fields.update(_limits(policy, next((one for one in site.every_policy if site.policy_name(one) == _name(prefix, media.id, like)), {})))
        base = Rulebase(site, policy, site.policies)
        passed, kept = sides(denies(base, policy, media)[1], base.layer.level)
        above, below = (frozenset(Ref(POLICY, site.policy_name(other)) for other in some) for some in (passed, [policy, *kept]))
        found.append(Wanted(Object(Ref(POLICY, _name(prefix, media.id, like)), fields), RULEBASE, above=above, below=below))
    return found


def accepting(site: Site) -> list[dict]:
    """The named policies that allow their people; one that denies or is disabled says nothing of who may speak."""
    return [policy for policy in site.named_policies() if policy.get("action", "accept") == "accept" and policy.get("status") != "disable"]


def assess(site: Site, media: Media, found: Findings) -> None:
    """Add what keeps this Media from people of the audience, who else would get access, and what is left as a manual step."""
    policies = site.named_policies()
    if not policies:
        found.manual.append("voice (%s): set audience.policies to open it; a web filter profile does not identify the users" % media)
        return
    if any(":" in one for one in media.destinations):
        found.manual.append("voice (%s): its IPv6 addresses are not included; add a policy for them" % media)
    for policy in policies:
        name, base = site.policy_name(policy), Rulebase(site, policy, site.policies)
        if policy not in accepting(site):
            found.manual.append("voice (%s): policy %s denies or is disabled, so no voice policy is created for it" % (media, name))
            continue
        above, below = denies(base, policy, media)
        for deny in crossed(below, base.layer.level):
            found.audience_widened.append("policy %s denies some users of %s and would no longer apply to voice; move it above the policies that deny "
                                          "everybody" % (site.policy_name(deny), name))
        for deny in above:
            where = "policy %s" % site.policy_name(deny)
            found.conflict(Ref("voice", where), "deny", where, "%s, before the named policies" % base.text(deny), [media.id],
                           base.layer.level(deny) == SURE, opens="allow %s there, or move it down" % media, doubts=base.layer.doubts(deny))


def denies(base: Rulebase, policy: dict, media: Media) -> tuple[list, list]:
    """(above, below): the policies that take this Media from somebody whom ``policy`` is about, or may; ``base`` are the policies for its people."""
    networks = [ipaddress.ip_network(one) for one in media.destinations if ":" not in one]
    taking = [rule for rule in base.layer.rules
              if rule is policy or (rule.get("action") != "accept" and base.packets(rule, media.protocol, media.ports, networks) != NO)]
    at = next((at for at, rule in enumerate(taking) if rule is policy), len(taking))
    return taking[:at], taking[at + 1:]


def steps(site: Site, change: Change, now: State, release: tuple) -> Iterator[Step]:
    """The Steps of one Change of a kind of this file."""
    kind, name, title = change.ref.kind, change.ref.name, "%s %s" % (change.op, change.ref)
    path = PATHS[kind]

    def step(method, where, body=None, **parameters):
        return Step(title, {"method": method, "path": where, "body": body, "guard": None, "parameters": parameters})

    new = {field: value for field, (_old, value) in change.fields.items()}
    if kind == POLICY:
        yield from _policy_steps(site, change, now, step, new)
    elif change.op == DELETE:
        yield step("DELETE", "%s/%s" % (path, key(name)))
    else:
        if "subnet" in new:
            network = ipaddress.ip_network(new.pop("subnet"))
            new.update({"type": "ipmask", "subnet": "%s %s" % (network.network_address, network.netmask)})
        if kind == SERVICE:
            # The word for port services is another one from 7.6 on (reference: fortinet.fortios, versioned schema).
            new.update({"protocol": "TCP/UDP/UDP-Lite/SCTP" if release >= (7, 6) else "TCP/UDP/SCTP", "comment": marks.MARK})
        if kind == ADDRESSES:
            new["member"] = [{"name": one} for one in sorted(apply(now, [change]).objects[change.ref].members["member"])]
        yield step("POST", path, dict(new, name=name)) if change.op == CREATE else step("PUT", "%s/%s" % (path, key(name)), new)


def _policy_steps(site: Site, change, now, step, new: dict):
    """Made disabled, moved, and enabled last."""
    name, path = change.ref.name, PATHS[POLICY]
    if change.op == DELETE:
        yield step("DELETE", "%s/%d" % (path, site.number(name)))
        return
    body = {column: [{"name": one} for one in value] if column in _NAMES else value for column, value in new.items() if column != "as policy"}
    order = [ref for ref in now.rules[RULEBASE] if ref != change.ref]
    number = site.number(name)
    if change.op == CREATE:
        number = site.learn_policy(name)
        yield step("POST", path, dict(_taken_over(site, new["as policy"]), **dict(
            body, policyid=number, name=name, status="disable", comments="%s, as policy %s" % (marks.MARK, new["as policy"]))))
        body = {"status": new["status"]}
    if change.place is not None and change.place[1] is not None and not (change.op == CREATE and order and change.place[1].after == order[-1]):
        after = change.place[1].after
        where = {"after": site.number(after.name)} if after is not None else {"before": site.number(order[0].name)}
        yield step("PUT", "%s/%d" % (path, number), None, action="move", **where)
    if body:
        yield step("PUT", "%s/%d" % (path, number), body)


def _taken_over(site: Site, like: str) -> dict:
    """The columns of the named policy that say who, when, and what is scanned. Empty ones are left out: the API refuses empty values."""
    source = next((policy for policy in site.policies if site.policy_name(policy) == like), {})
    return {column: value for column, value in source.items() if value not in ("", None, []) and _is_taken(column)}
