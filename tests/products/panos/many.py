# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

import copy
import xml.etree.ElementTree as ET

from tests.bench.rules import LISTS, network
from tests.products.panos.rig import PanosRig
from tests.products.panos.twin.site import rule

RIG = PanosRig


def fill(rig, count: int, held: list) -> None:
    root = rig.twin.candidate.find(".//vsys/entry")
    for name, hosts in held:
        root.find("profiles/custom-url-category").append(ET.fromstring("<entry name='%s'><list>%s</list><type>URL List</type></entry>" % (
            name, "".join("<member>%s/</member>" % one for one in hosts))))
    addresses = ET.SubElement(root, "address")
    for number in range(count):
        addresses.append(ET.fromstring("<entry name='net %d'><ip-netmask>%s</ip-netmask></entry>" % (number, network(number))))
    for base, actions, share in (("security", ("deny", "allow"), 1), ("decryption", ("decrypt", "no-decrypt"), 10)):
        given = [rule("site %d" % number, actions[number % 2], "" if base == "security" else "<type><ssl-forward-proxy/></type>", **dict(
            {"from": "trust", "to": "untrust", "source": "net %d" % number, "category": held[number % LISTS][0]},
            **({"application": "any"} if base == "security" else {}))) for number in range(count // share)]
        rules = root.find("rulebase/%s/rules" % base)
        rules[:0] = [ET.fromstring(one) for one in given]
    rig.twin.running = copy.deepcopy(rig.twin.candidate)
