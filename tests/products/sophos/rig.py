# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of a Sophos Firewall under the contract. The audience is a group of users in a web policy."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.adapter import SophosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, TwinRig
from tests.products.panos.rig import QuickClock
from tests.products.sophos.twin import Sophos, firewall_rule, get, group, tls_rule, web_rule

GROUPS = {MEMBER: "AI users"}
USER, OWN_LIST = "netaccess", "Not decrypted for AI users"


class SophosRig(TwinRig):
    """``exempt``: "device" (the device's own exclusion list, which is about everybody), "people" (a list that a rule for the audience leaves
    undecrypted) or "exception" (limited to the addresses of the audience)."""

    name = "sophos"
    live = True
    release = r"API \d+\.\d of Sophos Firewall"

    def __init__(self, folder, exempt="device", **options):
        super().__init__(folder)
        self.twin = Sophos(**options)
        self.changes: dict = {}
        if exempt == "people":
            self.changes = {"exempt_group": OWN_LIST}
            self.twin.leave_undecrypted(OWN_LIST, ["AI users"])
        elif exempt == "exception":
            self.changes = {"exempt_by": "exception", "exempt_sources": ("192.0.2.10", "2001:db8::/123")}
        # The device's own list reaches everybody, which a run has to accept; the other two ways do not.
        self.accept = exempt == "device"

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return Settings(**dict({"web_policies": ("Company",), "users": tuple(GROUPS[who] for who in audience)}, **dict(self.changes, **changes)))

    def adapter(self, audience=(MEMBER,), timeout=60, password=None, **changes):
        trusted = self.twin.ca_file(self.folder) if self.twin.authority else None
        self.transport = Transport(Connection(self.twin.url, ca_path=trusted, timeout=timeout), QuickClock())
        return SophosAdapter(self.settings(audience, **changes), Api(self.transport, USER, password or self.twin.admins[USER]), self.transport)

    def run(self, *arguments, **options):
        options.setdefault("accept_wider_audience", self.accept)
        return super().run(*arguments, **options)

    def natives(self, pattern):
        return {pattern.lstrip("*.")}

    def force(self):
        """Everything is live at once."""

    def rules(self):
        return self.twin.node("WebFilterPolicy", "Company").find("RuleList")

    def our_rule(self):
        return next(rule for rule in self.rules() if get(rule, "CategoryList/Category/ID") == "ChatGPT allow")

    def urls(self, name="ChatGPT allow"):
        return self.twin.node("WebFilterURLGroup", name).find("URLlist")

    def drop_member(self):
        urls = self.urls()
        urls.remove(next(url for url in urls if url.text == "openai.com"))

    def change_field(self):
        self.our_rule().find("UserList/User").text = "Staff"

    def shuffle(self):
        rule = self.our_rule()
        self.rules().remove(rule)
        self.rules().append(rule)

    def add_foreign_member(self, host):
        ET.SubElement(self.urls(), "URL").text = host

    def foreign_members(self):
        return {url.text for one in self.twin.tables["WebFilterURLGroup"] if get(one, "Name") == "ChatGPT allow" for url in one.find("URLlist")}

    def unmarked_object(self):
        self.twin.tables["WebFilterURLGroup"].append(group("ChatGPT allow", ["foreign.example"]))

    def block_early(self):
        """A rule of the web policy for a group that members are in too: whom it shuts out cannot be told from here."""
        self.twin.tables["WebFilterURLGroup"].append(group("Feed", ["chatgpt.com", "claude.ai"]))
        self.rules().insert(0, ET.fromstring(web_rule("Deny", [("URLGroup", "Feed")], ["Staff"])))

    def scan(self):
        # The firewall rule of the members scans for malware.
        return "av"

    def quarantine(self, above):
        body = ET.fromstring(web_rule("Deny", [("URLGroup", "AI sites")], ["Staff"]))
        self.rules().insert(0, body) if above else self.rules().append(body)
        return "Staff"

    def lift(self):
        rule = self.our_rule()
        self.rules().remove(rule)
        self.rules().insert(0, rule)
        return True

    def left_open(self):
        # Each request signs in by itself.
        return []

    def by_chance(self, dice) -> list:
        tables, said = self.twin.tables, []

        def one_of(*values):
            return dice.choice(values)

        def put(table, text) -> None:
            said.append(text)
            table.insert(dice.randint(0, len(table)), ET.fromstring(text))

        hosts = dice.sample(["chatgpt.com", "ab.chatgpt.com", "openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "example.com"], 2)
        tables["WebFilterURLGroup"].append(group("Feed", hosts))
        said.append(hosts)
        for _number in range(dice.randint(0, 3)):
            about = one_of(("URLGroup", "Feed"), ("URLGroup", "AI sites"), ("WebCategory", "Artificial Intelligence"), ("WebCategory", "General Business"),
                           ("WebCategory", "Phishing & Fraud"))
            put(self.rules(), web_rule(one_of("Deny", "Deny", "Warn", "Allow"), [about], one_of((), (), ["Staff"], ["AI users"], ["Interns"]),
                                       one_of("1", "1", "1", "0")))
        for number in range(dice.randint(0, 2)):
            tables["FQDNHost"].append(ET.fromstring("<FQDNHost><Name>fqdn %d</Name><FQDN>%s</FQDN></FQDNHost>" % (
                number, one_of("chatgpt.com", "*.openai.com", "claude.ai", "js.stripe.com"))))
            rule = firewall_rule("site %d" % number, one_of("Drop", "Reject", "Accept"), one_of("IPv4", "IPv4", "IPv6"), ["fqdn %d" % number],
                                 members=one_of((), ["Staff"], ["Interns"], ["AI users"]))
            put(tables["FirewallRule"], ET.tostring(rule, encoding="unicode"))
        for number in range(dice.randint(0, 1)):
            about = one_of([("Feed", "URL Group")], [])
            rule = tls_rule("site %d" % number, one_of("Decrypt", "Do not decrypt"), about, one_of((), ["Staff"], ["AI users"]))
            said.append(ET.tostring(rule, encoding="unicode"))
            # The device's own exclusions stand at the top.
            tables["SSLTLSInspectionRule"].insert(dice.randint(1, len(tables["SSLTLSInspectionRule"])), rule)
        return said


class DropRig(SophosRig):
    """The same, with a firewall rule that drops by name in the way."""

    def block_early(self):
        self.twin.tables["FQDNHost"] += [ET.fromstring("<FQDNHost><Name>%s</Name><FQDN>%s</FQDN></FQDNHost>" % (name, fqdn))
                                         for name, fqdn in (("chat", "chatgpt.com"), ("claude", "claude.ai"))]
        self.twin.tables["FirewallRule"].insert(0, firewall_rule("No chats", "Drop", networks=["chat", "claude"]))


#: Each takes a folder and is put through the whole suite.
RIGS = {
    "sophos-device": SophosRig,
    "sophos-people": lambda folder: DropRig(folder, exempt="people"),
}
#: They send other requests than the first.
OTHER_PATHS = ("sophos-people",)
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("sophos-device",)
