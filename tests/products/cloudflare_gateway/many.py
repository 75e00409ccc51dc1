# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS, host
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig

RIG = CloudflareGatewayRig


def fill(rig, count: int, held: list) -> None:
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
