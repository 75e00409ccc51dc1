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
from tests.products.sophos.decision import COLUMNS, get
from tests.products.sophos.twin import Sophos, app_policy, firewall_rule, group, limit, put, service, tls_rule, web_rule

GROUPS = {MEMBER: "AI users"}
USER, OWN_LIST = "netaccess", "Not decrypted for AI users"

#: Objects of which every column that limits says what they are about.
ABOUT = ("Services", "URLGroup")


class SophosRig(TwinRig):
    """``exempt``: "device" (the device's own exclusion list, which is about everybody), "people" (a list that a rule for the audience leaves
    undecrypted) or "exception" (limited to the addresses of the audience)."""

    name = "sophos"
    live = True
    by_dice = False
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

    def secrets(self):
        return [self.twin.admins[USER]]

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
        """A firewall rule drops by name before the web policy is asked. A rule of the web policy that shuts them out for all is passed by ours."""
        self.twin.tables["FQDNHost"] += [ET.fromstring("<FQDNHost><Name>%s</Name><FQDN>%s</FQDN></FQDNHost>" % (name, fqdn))
                                         for name, fqdn in (("chat", "chatgpt.com"), ("chats", "*.chatgpt.com"), ("claude", "claude.ai"))]
        self.twin.tables["FirewallRule"].insert(0, firewall_rule("No chats", "Drop", networks=["chat", "chats", "claude"]))

    def scan(self):
        # The firewall rule of the members scans for malware.
        return "av"

    def mystify(self, what):
        tables = self.twin.tables
        if what == "layer":
            tables["ApplicationFilterPolicy"].append(app_policy("Odd", [("Deny", {"ColumnOfNextYear": "x"})]))
            put(self.twin.node("FirewallRule", "LAN to WAN").find("NetworkPolicy"), "ApplicationControl", "Odd")
            return "Odd"
        if what == "inspection":
            if "exempt_group" not in self.changes:
                # The device's own exclusions stand at the top.
                return None
            node = tls_rule("Odd", "Decrypt")
            tables["SSLTLSInspectionRule"].insert(1, node)
        else:
            node = firewall_rule("Odd", "Drop" if what == "column" else "OfNextYear")
            tables["FirewallRule"].insert(0, node)
        if what != "action":
            limit(node, "ColumnOfNextYear", "x")
        return "Odd"

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

    def decide(self, who, host):
        """On a site by chance the twin may not model what is asked: what it says then proves no claim."""
        if not self.by_dice:
            return super().decide(who, host)
        verdict = _or_unknown(self.twin.verdict, who, host)
        return verdict, _or_unknown(self.twin.inspection, who, host) if verdict == "allow" else None

    def deck(self):
        # What a row of a web policy and a group of hosts or URLs are about is rolled by itself.
        by_itself = ("CategoryList/Category/ID", "CategoryList/Category/type")
        unknown = {"name": "ColumnOfNextYear", "role": "match", "any": ["Disable", "No", "0"], "example": "Enable"}
        return [(kind, one["name"], value) for kind, columns in COLUMNS.items() for one in [*columns.values(), unknown]
                if (kind not in ABOUT or one is unknown) and one["role"] == "match" and one["name"] not in by_itself for value in [one["example"], *one["any"]]]

    def by_chance(self, dice, hand) -> list:
        self.by_dice = True
        tables, said = self.twin.tables, []

        def one_of(*values):
            return dice.choice(values)

        def put_in(table, node, more: dict, after=0) -> None:
            for column, value in more.items():
                limit(node, column, value)
            said.append(ET.tostring(node, encoding="unicode"))
            table.insert(dice.randint(after, len(table)), node)

        hosts = dice.sample(["chatgpt.com", "ab.chatgpt.com", "openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "example.com"], 2)
        tables["WebFilterURLGroup"].append(group("Feed", hosts))
        said.append(hosts)
        objects = self._objects_by_chance(dice, hand, said)
        for more in hand.of("WebFilterPolicy rule", dice.randint(0, 3)) + [{}] * len(objects["web"]):
            about = objects["web"].pop() if objects["web"] and not more else one_of(
                ("URLGroup", "Feed"), ("URLGroup", "AI sites"), ("WebCategory", "Artificial Intelligence"), ("WebCategory", "General Business"),
                ("WebCategory", "Phishing & Fraud"), ("FileType", "Audio Files"))
            text = web_rule(one_of("Deny", "Deny", "Warn", "Allow"), [about], one_of((), (), ["Staff"], ["AI users"], ["Interns"]),
                            one_of("1", "1", "1", "0"))
            put_in(self.rules(), ET.fromstring(text), more)
        for number, more in enumerate(hand.of("FirewallRule", dice.randint(0, 2)) + [{}] * max(len(objects["fqdn"]), len(objects["services"]))):
            fqdn = objects["fqdn"].pop() if objects["fqdn"] and not more else "fqdn %d" % number
            tables["FQDNHost"].append(ET.fromstring("<FQDNHost><Name>fqdn %d</Name><FQDN>%s</FQDN></FQDNHost>" % (
                number, one_of("chatgpt.com", "*.openai.com", "claude.ai", "js.stripe.com"))))
            put_in(tables["FirewallRule"], firewall_rule(
                "site %d" % number, one_of("Drop", "Reject", "Accept"), one_of("IPv4", "IPv4", "IPv6"), one_of([fqdn], [fqdn], ()),
                services=[objects["services"].pop()] if objects["services"] and not more else one_of((), ["DNS"], ["HTTPS"]),
                members=one_of((), ["Staff"], ["Interns"], ["AI users"])), more)
        for number, more in enumerate(hand.of("SSLTLSInspectionRule", dice.randint(0, 1))):
            about = one_of([("Feed", "URL Group")], [])
            # The device's own exclusions stand at the top.
            put_in(tables["SSLTLSInspectionRule"], tls_rule("site %d" % number, one_of("Decrypt", "Do not decrypt", "Deny"), about,
                                                            one_of((), ["Staff"], ["AI users"])), more, 1)
        self._more_by_chance(dice, hand, said)
        return said

    def _objects_by_chance(self, dice, hand, said: list) -> dict:
        """Objects that rules of the site are to name, each limited by something: {"web": [(type, name)], "fqdn": [name], "services": [name]}."""
        tables, found = self.twin.tables, {"web": [], "fqdn": [], "services": []}

        def limited(node, more: dict):
            for column, value in more.items():
                limit(node, column, value)
            said.append(ET.tostring(node, encoding="unicode"))
            return node

        def add(entity: str, name: str, text: str, more: dict) -> None:
            tables[entity].append(limited(ET.fromstring("<%s><Name>%s</Name>%s</%s>" % (entity, name, text, entity)), more))
        for number, more in enumerate(hand.of("UserActivity")):
            add("UserActivity", "activity %d" % number, "<CategoryList><Category><ID>Feed</ID><type>URLGroup</type></Category></CategoryList>", more)
            found["web"].append(("UserActivity", "activity %d" % number))
        for number, more in enumerate(hand.of("WebFilterCategory")):
            add("WebFilterCategory", "category %d" % number, "<DomainList><Domain>%s</Domain></DomainList>" % dice.choice(["chatgpt.com", "example.com"]), more)
            found["web"].append(("WebCategory", "category %d" % number))
        for number, more in enumerate(hand.of("URLGroup")):
            tables["WebFilterURLGroup"].append(limited(group("urls %d" % number, [dice.choice(["chatgpt.com", "claude.ai"])]), more))
            found["web"].append(("URLGroup", "urls %d" % number))
        for number, more in enumerate(hand.of("Services")):
            tables["Services"].append(limited(service("service %d" % number, dice.choice([443, 53])), more))
            found["services"].append("service %d" % number)
        for number, more in enumerate(hand.of("FQDNHost")):
            add("FQDNHost", "odd %d" % number, "<FQDN>%s</FQDN>" % dice.choice(["chatgpt.com", "claude.ai"]), more)
            found["fqdn"].append("odd %d" % number)
        for number, more in enumerate(hand.of("WebFilterException")):
            checks = dice.choice(["<HttpsDecrypt>on</HttpsDecrypt>", "<PolicyCheck>on</PolicyCheck>", "<VirusScan>on</VirusScan>"])
            add("WebFilterException", "exception %d" % number, "<Enabled>on</Enabled>%s<EnableURLRegex>yes</EnableURLRegex><DomainList><URLRegex>%s</URLRegex>"
                "</DomainList>" % (checks, dice.choice([r"^([A-Za-z0-9.-]*\.)?chatgpt\.com/", r"^claude\.ai/"])), more)
        return found

    def _more_by_chance(self, dice, hand, said: list) -> None:
        """What stands besides the rules."""
        tables = self.twin.tables
        for more in hand.of("WebFilterPolicy"):
            for column, value in more.items():
                limit(self.twin.node("WebFilterPolicy", "Company"), column, value)
        odd, limited = hand.of("ApplicationFilterPolicy"), hand.of("ApplicationFilterPolicy rule")
        if odd or limited or dice.random() < 0.15:
            rules = dice.choice([[], [("Deny", {})], [("Deny", {"CategoryList/Category": "P2P"})]])
            rules = rules + [(dice.choice(["Allow", "Deny"]), more) for more in limited]
            dice.shuffle(rules)
            tables["ApplicationFilterPolicy"].append(app_policy("Control", rules))
            for more in odd:
                for column, value in more.items():
                    limit(tables["ApplicationFilterPolicy"][-1], column, value)
            put(self.twin.node("FirewallRule", "LAN to WAN").find("NetworkPolicy"), "ApplicationControl", "Control")
            said.append(rules)
        if dice.random() < 0.1:
            put(tables["SSLTLSInspectionSettings"][0], "SSLTLSInspection", "Disabled")
            said.append("TLS inspection is off")


def _or_unknown(ask, who: str, host: str) -> str:
    try:
        return ask(who, host)
    except NotImplementedError:
        return "unknown"


#: Each takes a folder and is put through the whole suite.
RIGS = {
    "sophos-device": SophosRig,
    "sophos-people": lambda folder: SophosRig(folder, exempt="people"),
}
#: They send other requests than the first.
OTHER_PATHS = ("sophos-people",)
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("sophos-device",)
