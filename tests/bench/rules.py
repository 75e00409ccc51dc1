# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites with many rules: what a run in check mode costs, for each product whose rules are read. What the transport takes, and with it the twin, is taken off.

The rules stand above those that a twin has anyway. Each names one of a few lists; every tenth may shut a host of ours, since its list holds one.
"""
from __future__ import annotations

import copy
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Callable
from unittest import mock

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from tests.bench.products import ROW
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig
from tests.products.fortios.rig import FortiosRig
from tests.products.panos.rig import PanosRig
from tests.products.panos.twin.site import rule as panos_rule
from tests.products.skyhigh_swg.rig import EXEMPT, SkyhighRig
from tests.products.skyhigh_swg.twin import criterion, rule_group, rule as skyhigh_rule
from tests.products.sophos.rig import SophosRig
from tests.products.sophos.twin import firewall_rule, group, tls_rule, web_rule
from tests.products.symantec_swg.rig import SymantecRig
from tests.products.umbrella.rig import SecureAccessRig
from tests.products.umbrella.twin import WEB
from tests.products.zia.rig import ZiaRig
from tests.products.zia.twin.categories import custom
from tests.products.zia.twin.site import DECRYPT, DO_NOT_DECRYPT

LISTS = 5


def host(number: int) -> str:
    return "host%d.site%d.example%d.com" % (number, number % 97, number % 13)


def lists(entries: int) -> list:
    """[(name, hosts)]: ``entries`` in all. One of them holds a host of ours too."""
    return [("Hosts %d" % number, [host(at) for at in range(number, entries, LISTS)] + ["ab.chatgpt.com"] * (number == 0)) for number in range(LISTS)]


def network(number: int) -> str:
    return "10.%d.%d.0/24" % (number // 256, number % 256)


# -- the rules of each product


def panos(rig, count: int, held: list) -> None:
    root = rig.twin.candidate.find(".//vsys/entry")
    for name, hosts in held:
        root.find("profiles/custom-url-category").append(ET.fromstring("<entry name='%s'><list>%s</list><type>URL List</type></entry>" % (
            name, "".join("<member>%s/</member>" % one for one in hosts))))
    addresses = ET.SubElement(root, "address")
    for number in range(count):
        addresses.append(ET.fromstring("<entry name='net %d'><ip-netmask>%s</ip-netmask></entry>" % (number, network(number))))
    for base, actions, share in (("security", ("deny", "allow"), 1), ("decryption", ("decrypt", "no-decrypt"), 10)):
        given = [panos_rule("site %d" % number, actions[number % 2], "" if base == "security" else "<type><ssl-forward-proxy/></type>", **dict(
            {"from": "trust", "to": "untrust", "source": "net %d" % number, "category": held[number % LISTS][0]},
            **({"application": "any"} if base == "security" else {}))) for number in range(count // share)]
        rules = root.find("rulebase/%s/rules" % base)
        rules[:0] = [ET.fromstring(one) for one in given]
    rig.twin.running = copy.deepcopy(rig.twin.candidate)


def fortios(rig, count: int, held: list) -> None:
    twin = rig.twin
    for name, hosts in held:
        for one in hosts:
            twin.rows("firewall/address").append({"name": one, "type": "fqdn", "fqdn": one})
        twin.rows("firewall/addrgrp").append({"name": name, "comment": "", "member": [{"name": one} for one in hosts]})
    twin.row("webfilter/urlfilter", "members-urls")["entries"][:0] = [
        {"id": 1000 + number, "url": one, "type": "wildcard", "action": "block", "status": "enable", "exempt": ""}
        for number, one in enumerate(one for _name, hosts in held for one in hosts)]
    policies = []
    for number in range(count):
        twin.rows("firewall/address").append({"name": "own %d" % number, "type": "fqdn", "fqdn": host(number)})
        policies.append(twin._filled("firewall/policy", {
            "policyid": 1000 + number, "name": "site %d" % number, "action": ("deny", "accept")[number % 2], "srcintf": [{"name": "lan"}],
            "dstintf": [{"name": "wan"}], "srcaddr": [{"name": "all"}], "service": [{"name": "ALL"}],
            "dstaddr": [{"name": held[number % LISTS][0]}, {"name": "own %d" % number}]}))
    twin.rows("firewall/policy")[:0] = policies


def zia(rig, count: int, held: list) -> None:
    config = rig.twin.state.config
    for number, (name, hosts) in enumerate(held, 10):
        config["categories"]["CUSTOM_%d" % number] = custom(number, name, urls=["." + one for one in hosts])

    def add(kind, share, actions, column):
        rows = config["rules"][kind]
        rows[:0] = [dict({"id": 1000 + number, "name": "site %d" % number, "rank": 7, "state": "ENABLED", "action": actions[number % 2]}, **column(number))
                    for number in range(count // share)]
        for order, row in enumerate((row for row in rows if not row.get("defaultRule")), 1):
            row["order"] = order
    add("urlFilteringRules", 1, ("BLOCK", "ALLOW"), lambda number: {
        "protocols": ["ANY_RULE"], "urlCategories": ["CUSTOM_%d" % (10 + number % LISTS)], "groups": [{"id": 102, "name": "Staff"}] if number % 3 else []})
    add("sslInspectionRules", 10, (DECRYPT, DO_NOT_DECRYPT), lambda number: {"urlCategories": ["CUSTOM_%d" % (10 + number % LISTS)]})
    add("firewallFilteringRules", 10, ("BLOCK_DROP", "ALLOW"), lambda number: {"destAddresses": [host(number)]})
    rig.twin.publish()


def cloudflare_gateway(rig, count: int, held: list) -> None:
    twin = rig.twin
    twin.knobs.max_rules, twin.knobs.max_items = 100000, 10000
    keys = [twin.add_list(name, hosts) for name, hosts in held]
    for one in twin.rules.values():
        one["precedence"] += 10 * count
    for at, (layer, field) in enumerate((("dns", "dns.domains[*]"), ("http", "http.request.domains[*]"))):
        # One by way of the door, the others like it.
        first = twin.rules[twin.add_rule("site", layer, "block", 'any(%s in {"example.com"})' % field, 1 + at)]
        for number in range(count // 2):
            key = "%s-site-%d" % (layer, number)
            twin.rules[key] = dict(first, id=key, name="site %d" % number, action=("block", "allow")[number % 2], precedence=5 + 2 * number + at, traffic=(
                'any(%s in $%s) or any(%s in {"%s"})' % (field, keys[number % LISTS], field, host(number))))


def sophos(rig, count: int, held: list) -> None:
    tables = rig.twin.tables
    for name, hosts in held:
        tables["WebFilterURLGroup"].append(group(name, hosts))
        tables["FQDNHost"] += [ET.fromstring("<FQDNHost><Name>%s</Name><FQDN>%s</FQDN></FQDNHost>" % (one, one)) for one in hosts]
        tables["FQDNHostGroup"].append(ET.fromstring("<FQDNHostGroup><Name>%s</Name><FQDNHostList>%s</FQDNHostList></FQDNHostGroup>" % (
            name, "".join("<FQDNHost>%s</FQDNHost>" % one for one in hosts))))
    rules = [ET.fromstring(web_rule(("Deny", "Allow")[number % 2], [("URLGroup", held[number % LISTS][0])], ["Staff"] if number % 3 else []))
             for number in range(count // 10)]
    company = rig.rules()
    company[:0] = rules
    tables["FirewallRule"][:0] = [firewall_rule("site %d" % number, ("Drop", "Accept")[number % 2], networks=[held[number % LISTS][0]])
                                  for number in range(count)]
    tables["SSLTLSInspectionRule"][1:1] = [tls_rule("site %d" % number, ("Decrypt", "Do not decrypt")[number % 2], [(held[number % LISTS][0], "URL Group")])
                                           for number in range(count // 10)]


def skyhigh_swg(rig, count: int, held: list) -> None:
    keys = [rig.twin.add_list(name, held=hosts) for name, hosts in held]
    for start in range(0, count, 50):
        rules = [skyhigh_rule("site %d" % number, ("block.11376", "stopcycle")[number % 2], criterion("url.host", "matchesinlist", listed=keys[number % LISTS]))
                 for number in range(start, min(start + 50, count))]
        rig.twin.insert(rule_group("site %d" % start, rules, cycles="request"), above=EXEMPT)


def symantec_swg(rig, count: int, held: list) -> None:
    text = "".join("define condition hosts_%d\n%send condition hosts_%d\n" % (number, "".join("  url.domain=%s\n" % one for one in hosts), number)
                   for number, (_name, hosts) in enumerate(held))
    for start in range(0, count, 50):
        text += "<Proxy>\n" + "".join("  condition=hosts_%d client.address=%s %s\n  url.domain=%s ALLOW\n" % (
            number % LISTS, network(number), ("DENY", "ALLOW")[number % 2], host(number)) for number in range(start, min(start + 50, count), 2))
    rig.twin.site = text + rig.twin.site
    rig.twin.deploy()


def umbrella(rig, count: int, held: list) -> None:
    keys = [rig.twin.add_list(name, "none", WEB, hosts)["id"] for name, hosts in held]
    profiles = [rig.twin.add_profile(name, rig.twin.add_spared(name + " exempt", hosts)["id"])["id"] for name, hosts in held]
    for number in range(count):
        rig.twin.add_rule("site %d" % number, ("block", "allow")[number % 2], None, [keys[number % LISTS]], profile=profiles[number % LISTS])
    rules = rig.twin.state.rules
    rules[:] = rules[-count:] + rules[:-count]


#: Product: its rig, and what gives it a site with many rules.
SITES = {
    "panos": (PanosRig, panos), "fortios": (lambda folder: FortiosRig(folder, site="rows"), fortios), "zia": (ZiaRig, zia),
    "cloudflare_gateway": (CloudflareGatewayRig, cloudflare_gateway), "sophos": (SophosRig, sophos), "skyhigh_swg": (SkyhighRig, skyhigh_swg),
    "symantec_swg": (SymantecRig, symantec_swg), "umbrella": (SecureAccessRig, umbrella)}


class Calls:
    """Counts calls of functions: what a run needs, on any machine."""

    def __init__(self):
        self._number = 0

    def now(self) -> int:
        return self._number

    def _count(self, _frame, event: str, _argument) -> None:
        if event == "call":
            self._number += 1

    def __enter__(self) -> Calls:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_error) -> None:
        sys.setprofile(None)


def run(product: str, count: int, entries: int, now: Callable = time.process_time) -> tuple:
    """(result, seconds of a processor) of a dry run over a site with so many rules, whose lists hold so many entries. ``now``: another measure."""
    rig_of, fill = SITES[product]
    away, call = [0], Transport.call

    def apart(*arguments, **content):
        began = now()
        try:
            return call(*arguments, **content)
        finally:
            away[0] += now() - began
    policy = Policy.from_config(policy_config(load(), Selection(media=False)))
    with tempfile.TemporaryDirectory() as folder:
        rig = rig_of(Path(folder))
        with rig.twin.at_hand(), mock.patch.object(Transport, "call", apart):
            fill(rig, count, lists(entries))
            began = now()
            result = rig.run(policy=policy, check=True, accept_wider_audience=True, adapter=rig.adapter(timeout=10 ** 4))
            return result, now() - began - away[0]


def main() -> None:
    for product in SITES:
        for entries in (100, 10000):
            base = None
            for count in (100, 1000, 10000):
                _result, seconds = run(product, count, entries)
                base = base or seconds / count
                print(ROW % ("%s: %d rules, %d entries in lists" % (product, count, entries), "check mode, %.2f s of a processor" % seconds,
                             "%.2f of the time per rule at 100" % (seconds / count / base)))
