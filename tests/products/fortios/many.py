# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

import functools

from tests.bench.rules import LISTS, host
from tests.products.fortios.rig import FortiosRig

RIG = functools.partial(FortiosRig, site="rows")


def fill(rig, count: int, held: list) -> None:
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
