# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Skyhigh Secure Web Gateway under the contract: a gateway on which the rule sets were imported once, for a user group."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.adapter import SkyhighAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.model import (
    Settings, rule_set_file,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, NEXT_YEAR, TwinRig
from tests.products.skyhigh_swg.twin import SkyhighGateway, criterion, rule, rule_group
from tests.products.zia.rig import TwinClock

GROUPS = {MEMBER: "AI users"}
ALLOW, EXEMPT = "ChatGPT allow", "ChatGPT exempt"


FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
ACTIONS = ["block.11376", "block.11376", "stopcycle", "stopruleset", "continue"]
PROPERTIES = [name.lower().replace("*", "x") for names in FACTS["properties"].values() for name in names] + ["property.of.next.year"]
CYCLES = ["request", "request", "request response", "response", "request response embedded"]


def columns(*starts: str) -> list:
    """(name, a value that limits a rule) of the columns of an export that begin so, and of one that is not there yet."""
    found = [(facts["column"], facts["restricting"]) for facts in FACTS["structure"] if facts.get("restricting") and not facts.get("read")]
    return [one for one in found + [(start.rstrip("/") + "column_of_next_year", "x") for start in starts if start.endswith("@")] if one[0].startswith(starts)]


def limited(text: str, column: str, value: str) -> str:
    """The XML of a rule set, a rule or a criterion with a column set to a value: its attribute, or an element below it."""
    root = ET.fromstring(text)
    path, _at, attribute = column.partition("@")
    names = path.split("/")
    node = root if names[0] == root.tag else ET.SubElement(root, names[0]) if root.find(names[0]) is None else root.find(names[0])
    for name in names[1:]:
        found = node.find(name)
        node = ET.SubElement(node, name) if found is None else found
    if attribute:
        node.set(attribute, value)
    else:
        node.text = value
    return ET.tostring(root, encoding="unicode")


def wire(twin, groups=("AI users",)) -> None:
    """What a person does once, as ``manual`` asks for it."""
    twin.import_rules(rule_set_file(EXEMPT, EXEMPT, groups), above="HTTPS Scanning")
    twin.import_rules(rule_set_file(ALLOW, ALLOW, groups), above="Global Block")


class SkyhighRig(TwinRig):
    name = "skyhigh_swg"
    # A list is a set, and rules are out of reach; a work space is gone with its session and seen by nobody else.
    stageable, ordered, private = False, False, True

    def __init__(self, folder, wired=True, bare=False, **options):
        super().__init__(folder)
        self.twin = SkyhighGateway(**options)
        self.bare = bare
        if wired:
            wire(self.twin)

    def secrets(self):
        return [self.twin.admins["netaccess"]]

    def adapter(self, audience=(MEMBER,), timeout=120, password=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), TwinClock(self.twin))
        settings = Settings(**dict({"groups": tuple(GROUPS[who] for who in audience)}, **changes))
        return SkyhighAdapter(settings, Api(self.transport, "netaccess", password or self.twin.admins["netaccess"], self.bare), self.transport)

    def natives(self, pattern):
        return {pattern} if not pattern.startswith(".") else {pattern[1:], "*" + pattern}

    def force(self):
        """A work space is committed by its own session alone."""

    def settle(self):
        """The session of a dead process runs out, and its work space with it."""
        self.twin.advance(self.twin.knobs.session_seconds + 1)

    def drop_member(self):
        self.twin.edit(ALLOW, remove=["*.openai.com"])

    def change_field(self):
        self.twin.edit(ALLOW, description="Managed by netaccess.chatgpt, hands off")

    def add_foreign_member(self, host):
        self.twin.edit(ALLOW, add=[host])

    def foreign_members(self):
        node = self.twin.list_named(ALLOW)
        return set() if node is None else {entry.findtext("entry") for entry in node.iter("listEntry")}

    def unmarked_object(self):
        self.twin.edit(ALLOW, add=["foreign.example"], description="by hand")

    def block_early(self):
        feed = self.twin.add_list("Threat feed", "regex", ["*chatgpt.com", "claude.ai"])
        blocks = rule("Feed", "block.11376", criterion("url.host", "matchesinlist", listed=feed))
        self.twin.insert(rule_group("Threats", [blocks], cycles="request"), above=EXEMPT)

    def scan(self):
        # The gateway scans for malware what it decrypts.
        return "av"

    def mystify(self, what):
        if what == "inspection":
            # A rule set that decrypts is passed by ours, whatever limits it.
            return None
        here = criterion("url.host", "matches", "*chatgpt.com")
        text = {"column": limited(rule("Odd", "block.11376", here), "rule@" + NEXT_YEAR, "x"), "action": rule("Odd", "tarpit", here),
                "layer": rule("Odd", "continue", here, engine="com.scur.engine.next")}[what]
        self.twin.insert(rule_group("Odd", [text], cycles="request"), above=EXEMPT)
        return "Odd"

    def quarantine(self, above):
        if not above:
            # Rules of ours are imported by an operator, who chose what they pass.
            return None
        blocks = rule("Sick", "block.11376", criterion("client.ip", "equals", self.twin.people[MEMBER].address))
        self.twin.insert(rule_group("Quarantine", [blocks], cycles="request"), above=EXEMPT)
        return "Quarantine"

    def lift(self):
        # Rules of ours stand where an operator imported them.
        return False

    def left_open(self):
        return ["a session of %s" % one.user for one in self.twin.sessions.values() if one.user == "netaccess"]

    def decide(self, who, host):
        """What the twin does not model may be anything: nothing may be claimed of it."""
        try:
            return super().decide(who, host)
        except NotImplementedError:
            return "not known", None

    def deck(self):
        structure = [(facts["column"], value) for facts in FACTS["structure"] if facts.get("restricting") and not facts.get("read")
                     for value in [facts["restricting"], *facts.get("unrestricted", ())]]
        structure += [(start + NEXT_YEAR, "x") for start in ("ruleGroup@", "rule@", "conditionExpression@", "propertyInstance@", "parameter@", "list@")]
        words = [("property", name) for name in PROPERTIES]
        words += [("operator", facts["operator"].replace(" ", "")) for facts in FACTS["operators"]] + [("operator", "resembles")]
        words += [("action", facts["action"].replace(" ", "").lower()) for facts in FACTS["actions"]] + [("action", "tarpit")]
        words += [("event", "com.scur.engine.%s" % text.lower().replace(" ", "")) for text in [*FACTS["events"], "next"]]
        return [(_kind(column), column, value) for column, value in structure] + [(kind, word, None) for kind, word in words]

    def by_chance(self, dice, hand) -> list:
        names = ["chatgpt.com", "*.chatgpt.com", "*chatgpt.com", "*.openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "*.example.com"]
        hosts = dice.sample(names, 2)
        feed, said = self.twin.add_list("Feed", "regex", hosts), [hosts]
        for more in hand.of("list"):
            node = self.twin.lists[feed]
            self.twin.lists[feed] = ET.fromstring(limited(ET.tostring(node, encoding="unicode"), *more.popitem()))
        rules = [self._rule_by_chance(dice, feed, "plain %d" % number) for number in range(dice.randint(0, 4))]
        for kind in ("rule", "criterion", "property", "operator", "action", "event"):
            rules += [self._rule_by_chance(dice, feed, "%s %d" % (kind, number), kind, *more.popitem()) for number, more in enumerate(hand.of(kind))]
        dice.shuffle(rules)
        for number, more in enumerate(hand.of("ruleGroup", dice.randint(0, 3))):
            some, rules = rules[:2], rules[2:]
            text = rule_group("site %d" % number, some or [self._rule_by_chance(dice, feed, "of set %d" % number)], enabled=dice.random() < .9,
                              cycles=dice.choice(CYCLES))
            said.append(self._insert(dice, limited(text, *more.popitem()) if more else text))
        said.append(self._insert(dice, rule_group("the rest", rules, cycles=dice.choice(CYCLES))))
        return said

    def _insert(self, dice, text: str) -> tuple:
        above = dice.choice([EXEMPT, ALLOW, "Global Block", "URL Filtering", None])
        self.twin.insert(text, above=above)
        return above, text

    @staticmethod
    def _rule_by_chance(dice, feed: str, name: str, kind: str = "", word: str = "", value: str | None = None) -> str:
        """A rule about hosts, which may be narrowed by groups, and by one thing of ``kind``."""
        listed = ["matchesinlist", "matchesinlist", "doesnotmatchinlist"]
        criteria = [criterion("url.host", word if kind == "operator" and word.endswith("list") else dice.choice(listed), listed=feed)]
        if word.startswith("propertyInstance/parameters/"):
            criteria = [criterion("url.host.belongstodomains", "equals", "true", listed=feed)]
        elif kind == "operator" and not word.endswith("list"):
            criteria = [criterion("url.host", word, dice.choice(["chatgpt.com", "js.stripe.com"]))]
        if dice.random() < .3:
            criteria.append(criterion("authentication.usergroups", "contains", dice.choice(["AI users", "Staff"]), prefix="AND"))
        if kind == "property":
            operator = dice.choice(["equals", "doesnotequal", "atleastoneinlist", "noneinlist", "resembles"])
            compared = {"listed": feed} if operator.endswith("inlist") else {"value": "x"}
            criteria.append(criterion(word, operator, prefix=dice.choice(["AND", "AND", "OR"]), **compared))
        if kind == "criterion":
            criteria[0] = limited(criteria[0], word, value)
        action = {"block": "block.11376"}.get(word, word) if kind == "action" else dice.choice(ACTIONS)
        text = rule(name, action, *criteria, enabled=dice.random() < .9, engine=word if kind == "event" else "")
        return limited(text, word, value) if kind == "rule" else text


def _kind(column: str) -> str:
    """What a column of an export is one of."""
    kind = column.partition("@")[0].partition("/")[0]
    return kind if kind in ("ruleGroup", "rule", "list") else "criterion"


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # With Atom wrappers around answers, and without.
    "skyhigh-atom": SkyhighRig,
    "skyhigh-bare": lambda folder: SkyhighRig(folder, bare=True),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("skyhigh-atom",)
