# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Check Point under the contract. The audience is an access role."""
from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.adapter import CheckpointAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, NEXT_YEAR, TwinRig
from tests.products.checkpoint.twin import APPLY, Checkpoint, https_rule, rule
from tests.products.zia.rig import TwinClock

FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
ROLES = {MEMBER: "AI users"}
RULE = "ChatGPT allow"


class CheckpointRig(TwinRig):
    name = "checkpoint"
    sealed = True
    release = r"Management API [\d.]+"

    def __init__(self, folder, variant="unified", entries="slash", **options):
        super().__init__(folder)
        self.twin = Checkpoint(variant=variant, **options)
        self.entries, self.never_above = entries, ()
        self.ca_path = self.twin.ca_file(folder) if self.twin.authority else None
        self.web = {"unified": "Network", "ordered": "Application", "inline": "Browsing"}[variant]

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        roles = tuple(ROLES[who] for who in audience)
        return Settings(**dict({"roles": roles, "never_above": self.never_above, "entries": self.entries}, **changes))

    def secrets(self):
        return [self.twin.admins["netaccess"], *(one["sid"] for one in self.twin.state["sessions"].values() if one["sid"])]

    def adapter(self, audience=(MEMBER,), timeout=600, login=None, cloud=None, **changes):
        self.transport = Transport(Connection(self.twin.url, ca_path=self.ca_path, timeout=timeout), TwinClock(self.twin))
        login = login or {"user": "netaccess", "password": self.twin.admins["netaccess"]}
        return CheckpointAdapter(self.settings(audience, **changes), Api(self.transport, login, cloud), self.transport, login.get("domain"))

    def natives(self, pattern):
        name = pattern.lstrip("*.")
        if self.entries == "regex":
            labels = r"([^/]+\.)" + ("+" if pattern[0] == "*" else "*") if pattern[0] in "*." else ""
            return {"^https?://%s%s/" % (labels, name.replace(".", r"\."))}
        return {pattern + "/"} if pattern[0] != "." else {name + "/", "*." + name + "/"}

    def force(self):
        self.twin.install()

    def settle(self):
        """The session of a dead process times out."""
        self.twin.advance(601)

    def may_only_read(self):
        self.twin.read_only = {"netaccess"}
        return True

    # Edits by hand, brought into force.

    @property
    def site(self) -> dict:
        return self.twin.object(RULE + " expressions" * (self.entries == "regex"))

    def drop_member(self):
        with self.by_hand():
            self.site["url-list"] = [one for one in self.site["url-list"] if set([one]) != self.natives("*.openai.com")]

    def by_hand(self):
        return _ByHand(self.twin)

    def change_field(self):
        with self.by_hand():
            self.twin.rule(RULE, self.web)["source"] = ["Any"]

    def shuffle(self):
        """Below the rule of the site that it has to be above."""
        with self.by_hand():
            rules, ours = self.rules(), self.twin.rule(RULE, self.web)
            rules.remove(ours)
            rules.append(ours)

    def rules(self) -> list:
        return self.twin.db["layers"][self.web]["rules"]

    def add_foreign_member(self, host):
        with self.by_hand():
            self.site["url-list"].append(*self.natives(host))

    def foreign_members(self):
        try:
            entries = self.site["url-list"]
        except StopIteration:
            return set()
        return {one.replace("^https?://", "").replace("\\", "").rstrip("/") for one in entries}

    def unmarked_object(self):
        with self.by_hand():
            name = self.settings().site("access rule").name
            regex = self.entries == "regex"
            self.twin.add("application-site", name, **{"url-list": list(self.natives("foreign.example")), "urls-defined-as-regular-expression": regex,
                                                       "primary-category": "Social Networking", "comments": "", "user-defined": True})

    def block_early(self):
        self.never_above = ("Threats",)
        with self.by_hand():
            self.twin.add("application-site", "Feed", **{"url-list": ["chatgpt.com/", "*.chatgpt.com/", "claude.ai/"], "user-defined": True,
                                                         "urls-defined-as-regular-expression": False, "primary-category": "Social Networking", "comments": ""})
            self.twin.insert(self.web, rule("Threats", "Drop", service=["Feed"]), 0)

    def foreign_pending(self):
        self.twin.publish_by("alice")

    def scan(self):
        # The rule that inspects has all blades.
        return "av"

    def mystify(self, what):
        self.never_above = ("Odd",)
        with self.by_hand():
            if what == "inspection":
                self.twin.insert("Outbound", https_rule("Odd", "Inspect", **{NEXT_YEAR: "x"}), 0)
            elif what == "layer":
                # What an inline layer does that cannot be read, only the gateway knows.
                self.twin.insert(self.web, {"uid": self.twin.uid(), **rule("Odd", APPLY, **{"inline-layer": "Layer of next year"})}, 0)
            else:
                more = {NEXT_YEAR: "x"} if what == "column" else {}
                self.twin.insert(self.web, rule("Odd", "Drop" if what == "column" else "Action of next year", **more), 0)
        self.twin.by_dice = True
        return "Odd"

    def quarantine(self, above):
        with self.by_hand():
            at = 0 if above else self.rules().index(self.twin.rule("Block AI", self.web)) + 1
            self.twin.insert(self.web, rule("Quarantine", "Drop", source=["Branch"]), at)
        return "Quarantine"

    def lift(self):
        with self.by_hand():
            rules, ours = self.rules(), self.twin.rule(RULE, self.web)
            rules.remove(ours)
            rules.insert(0, ours)
        return True

    def left_open(self):
        return ["session %s" % uid for uid, one in self.twin.state["sessions"].items() if one["user"] == "netaccess"]

    def decide(self, who, host):
        verdict, inspection = self.twin.decide(who, host)
        return verdict, inspection if verdict != "block" else None

    def deck(self):
        cards = [(kind, one["column"], value) for kind, columns in FACTS.items() for one in columns if not one.get("read")
                 for value in [*one.get("limiting", ()), *one.get("none", ())]]
        actions = [("access-rule", "action", word) for word in ("Ask", "Inform", "User Auth", "Client Auth", "Action of next year")]
        return cards + actions + [("https-rule", "action", "Action of next year")] + [(kind, NEXT_YEAR, "x") for kind in FACTS]

    def by_chance(self, dice, hand) -> list:
        self.twin.by_dice, said = True, []
        with self.by_hand():
            for number, more in enumerate(hand.of("application-site", 2)):
                said.append(self.twin.add("application-site", "Feed %d" % number, **{
                    "url-list": dice.sample(ENTRIES, 2), "urls-defined-as-regular-expression": False, "primary-category": dice.choice(
                        ["Social Networking", "Custom_Application_Site"]), "comments": "", "user-defined": True, **more}))
            feeds = [row["name"] for row in said]
            self.twin.add("application-site-group", "Feeds", members=[feeds[0], dice.choice([feeds[-1], "Facebook", "Generative AI Tools"])])
            self.twin.add("dns-domain", ".openai.com", **{"is-sub-domain": True})
            self.twin.add("host", "Printer", **{"ipv4-address": "10.7.7.7"})
            self.twin.add("group", "Inside", members=["Branch", "Printer"])
            self.twin.add("updatable-object", "Elsewhere")
            sites = [*feeds, *feeds, "AI sites", "Feeds", "ChatGPT", "Generative AI Tools", "Facebook", "Custom_Application_Site"]
            rules = [self._rule_by_chance(dice, "site %d" % number, sites, more) for number, more in enumerate(hand.of("access-rule", dice.randint(1, 4)))]
            if dice.random() < .4:
                inner, rules = rules[:2], rules[2:]
                self.twin.add_layer("Inner", cleanup=dice.choice(["accept", "drop", "drop"]), web=dice.random() < .5)
                said += [self.twin.insert("Inner", row) for row in inner]
                rules.append({**self._rule_by_chance(dice, "inline", sites, {}), "action": APPLY, "inline-layer": "Inner"})
            if dice.random() < .3:
                self.twin.add_layer("More", cleanup="accept", web=False)
                self.twin.db["ordered"].append("More")
            for row in rules:
                layer = dice.choice([*self.twin.db["ordered"], self.web])
                said.append((layer, self.twin.insert(layer, row, dice.randint(0, len(self.twin.db["layers"][layer]["rules"])))))
            for number, more in enumerate(hand.of("https-rule", dice.randint(0, 3))):
                row = https_rule("https %d" % number, dice.choice(["Inspect", "Inspect", "Bypass"]), **self._columns(dice, sites, "site-category"))
                row["service"] = dice.choice([["Any"], ["Any"], ["Web"], ["http"]])
                said.append(self.twin.insert("Outbound", {**row, **more}, dice.randint(0, len(self.twin.db["layers"]["Outbound"]["rules"]))))
        return said

    @staticmethod
    def _columns(dice, sites: list, column: str) -> dict:
        return {
            "source": dice.choice([["Any"], ["Any"], ["AI users"], ["Contractors"], ["Finance"], ["AI users", "Finance"], ["Branch"]]),
            "source-negate": dice.random() < .1, column: dice.choice([["Any"], *[[one] for one in sites], dice.sample(sites, 2)]),
            column + "-negate": dice.random() < .1, "destination": dice.choice(
                [["Any"], ["Internet"], ["Internet"], ["Inside"], [".openai.com"], ["Elsewhere"]]),
            "destination-negate": dice.random() < .1, "enabled": dice.random() < .9}

    def _rule_by_chance(self, dice, name: str, sites: list, more: dict) -> dict:
        columns = self._columns(dice, [*sites, "https", "http", "Web", "QUIC"], "service")
        columns.update({"service": ["https"], "service-negate": True} if dice.random() < .05 else {})
        row = rule(name, dice.choice(["Drop", "Drop", "Reject", "Accept", "Accept"]), **columns)
        for column, value in more.items():
            outer, _dot, inner = column.partition(".")
            row[outer] = {inner: value} if inner else value
        return row


#: Entries of sites: with and without the slash, with stars and paths, and beginnings.
ENTRIES = ["chatgpt.com/", "chatgpt.com", "*.chatgpt.com/", "*chatgpt.com/", "*chatgpt", "ab.chat", "ab.chatgpt.com/", "*.openai.com/", "*.openai.com",
           "api.openai.com", "api.openai.com/v1", "js.stripe.com/", "js.", "js.stripe.com/x*", "*.com/", "*", "claude.ai/", "*.example.com/", "evil*"]


class _ByHand:
    """What is edited in the published database is published and installed."""

    def __init__(self, twin):
        self._twin = twin

    def __enter__(self):
        return self._twin.db

    def __exit__(self, *_exc):
        self._twin.publish_by("alice")
        self._twin.install()


#: Each takes a folder and is put through the whole suite: layers, and releases by the shape of a package.
RIGS = {
    "checkpoint": CheckpointRig,
    "checkpoint-inline": lambda folder: CheckpointRig(folder, "inline", version="2", shape="map"),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("checkpoint-inline",)
