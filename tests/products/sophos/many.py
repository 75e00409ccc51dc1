# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.bench.rules import LISTS
from tests.products.sophos.rig import SophosRig
from tests.products.sophos.twin import firewall_rule, group, tls_rule, web_rule

RIG = SophosRig


def fill(rig, count: int, held: list) -> None:
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
