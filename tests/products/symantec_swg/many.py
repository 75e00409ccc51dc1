# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS, host, network
from tests.products.symantec_swg.rig import SymantecRig

RIG = SymantecRig


def fill(rig, count: int, held: list) -> None:
    text = "".join("define condition hosts_%d\n%send condition hosts_%d\n" % (number, "".join("  url.domain=%s\n" % one for one in hosts), number)
                   for number, (_name, hosts) in enumerate(held))
    for start in range(0, count, 50):
        text += "<Proxy>\n" + "".join("  condition=hosts_%d client.address=%s %s\n  url.domain=%s ALLOW\n" % (
            number % LISTS, network(number), ("DENY", "ALLOW")[number % 2], host(number)) for number in range(start, min(start + 50, count), 2))
    rig.twin.site = text + rig.twin.site
    rig.twin.deploy()
