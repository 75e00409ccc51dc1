# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Cisco Umbrella under the contract. The audience is a DNS policy and a web ruleset.

No API of Umbrella attaches a list or decrypts selectively. A person in the twin follows the text in ``manual``: puts the exempt domains into the selective
decryption list beforehand, and attaches each list of ours the moment it exists. What tells nobody of that, the coverage does not claim. In Secure Access a
person has put our list into a rule; what is not decrypted is that person's work, or ours where the task says so.
"""
from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.adapter import UmbrellaAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, NEXT_YEAR, STRANGER, TwinRig
from tests.products.umbrella.twin import DNS, WEB, Umbrella
from tests.products.zia.rig import TwinClock

FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
POLICIES = {MEMBER: (("dns", ("AI users",)), ("web", ("AI users web",)))}
KEY = "netaccess-key"
LISTS = ("ChatGPT DNS", "ChatGPT web")
#: Kinds of what columns are dealt for, beside rules; and those that the twin models.
PROFILE, SPARED, SETTING, DEFAULT = "security profile", "do not decrypt list", "setting of an access rule", "setting of the organisation"
LIST = "settingGroupBypassInspectionGroupId"
MODELLED = {PROFILE: {LIST: "list"}, SPARED: {
    "exceptiondomainlistId": "behind", "decryptExceptionCategories": "categories", "exceptionapplicationlistId": "applications", "isDefault": "isDefault"}}
MARKED = tuple(name + " by netaccess.chatgpt" for name in LISTS)


class UmbrellaRig(TwinRig):
    name = "umbrella"
    live, ordered = True, False
    resolves = False
    claims = ("unchecked", "unchecked")

    def __init__(self, folder, watchful=True, undecrypted=("chatgpt.com", "openai.com"), **options):
        super().__init__(folder)
        self.twin = Umbrella(watchful=watchful, undecrypted=undecrypted, **options)

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return Settings(**dict({"names": {"dns": LISTS[0], "web": LISTS[1]}, "audience": tuple(one for who in audience for one in POLICIES[who])}, **changes))

    def secrets(self):
        return [self.twin.keys[KEY][0], *self.twin.state.tokens]

    def adapter(self, audience=(MEMBER,), timeout=120, key=KEY, secret=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), TwinClock(self.twin))
        return UmbrellaAdapter(self.settings(audience, **changes), Api(self.transport, key, secret or self.twin.keys[KEY][0]), self.transport, key)

    def natives(self, pattern):
        return {pattern.lstrip("*").lstrip(".")}

    def force(self):
        """Everything is live at once."""

    def settle(self):
        """What a dead process wrote last shows by now."""
        self.twin.advance(self.twin.knobs.lag)

    def list(self, name=LISTS[0]):
        return self.twin.begins(name)

    def drop_member(self):
        self.twin.take_items(MARKED[0], ["openai.com"])

    def change_field(self):
        self.list()["name"] += " (ask IT)"

    def add_foreign_member(self, host):
        self.twin.put_items(self.list()["name"], [host])

    def foreign_members(self):
        try:
            return {item["destination"] for item in self.list()["items"]}
        except KeyError:
            return set()

    def unmarked_object(self):
        self.twin.add_list(LISTS[0], "allow", DNS, ["foreign.example"])

    def block_early(self):
        self.twin.add_list("Threats", "block", WEB, ["chatgpt.com", "claude.ai"])
        self.twin.put_items("Threats", ["threat.example"], "seen in March")
        self.twin.attach("Threats", "AI users web", "block", 0)

    def scan(self):
        # A web policy may scan what it decrypts; no API tells whether this one does.
        return "av"

    def mystify(self, what):
        # Nothing of what decides can be read, and coverage claims nothing.
        return None

    def quarantine(self, above):
        # Policies are applied by people, from the first that names them; no API tells their order, and none of ours is one.
        return None

    def lift(self):
        # Lists have no place among rules.
        return False

    def left_open(self):
        # A token is neither a session nor a lock.
        return []


class SecureAccessRig(UmbrellaRig):
    """The successor: a person has put our list, empty, into the access rule for the audience, and has written the do not decrypt list of its profile."""

    name = "secure-access"
    resolves = True
    claims = ("yes", "yes")

    def __init__(self, folder, **options):
        super().__init__(folder, secure=True, **options)

    def settings(self, audience=(MEMBER,), **changes):
        return Settings(**dict({"names": {"web": LISTS[1]}, "layers": ("web",), "secure": True, "audience": (("rules", ("AI users",)),),
                                "exempt_by": "manual"}, **changes))

    def list(self, name=LISTS[1]):
        return self.twin.begins(name)

    def drop_member(self):
        self.twin.take_items(MARKED[1], ["openai.com"])

    def unmarked_object(self):
        self.list()["name"] = LISTS[1]
        self.twin.put_items(LISTS[1], ["foreign.example"])

    def block_early(self):
        threats = self.twin.add_list("Threats", "none", WEB, ["chatgpt.com", "claude.ai"])["id"]
        self.twin.add_rule("Threats", "block", None, [threats], at=0)

    def mystify(self, what):
        if what not in ("column", "action"):
            return None
        listed = self.twin.add_list("Odd", "none", WEB, ["chatgpt.com"])["id"]
        condition = {"attributeName": "umbrella.posture." + NEXT_YEAR, "attributeValue": [7], "attributeOperator": "INTERSECT"}
        self.twin.add_rule("Odd", "block" if what == "column" else "of next year", None, [listed], at=0, more=[condition] * (what == "column"))
        return "Odd"

    def quarantine(self, above):
        if not above:
            # Rules are not written, so none of ours passes one.
            return None
        listed = self.twin.add_list("Sick", "none", WEB, ["chatgpt.com", "openai.com", "js.stripe.com"])["id"]
        self.twin.add_rule("Quarantine", "block", [MEMBER], [listed], at=0)
        return "Quarantine"

    def decide(self, who, host):
        # Whatever becomes of it, what is decrypted may be known.
        verdict, inspection = self.twin.decide(who, host)
        return verdict, inspection if verdict != "block" else None

    def deck(self):
        lists = "umbrella.destination.destination_list_ids"
        return [("access rule", name, value) for name, value in [
            *((name, (value, how)) for how in ("INTERSECT", "NOT IN") for name, value in FACTS["conditions"].items()),
            *((name, (False, "=")) for name in FACTS["everything"]), *((name, (True, "=")) for name in FACTS["everything"]), (lists, ([7], "NOT IN")),
            ("umbrella.posture." + NEXT_YEAR, ([7], "INTERSECT")), ("umbrella.destination." + NEXT_YEAR, ([7], "INTERSECT")),
            ("umbrella.source." + NEXT_YEAR, ([7], "INTERSECT"))]] + [("access rule", "action", "quarantine"), ("access rule", "action", "ask")] + [
            (kind, column, value) for kind, columns in (
                (PROFILE, FACTS["security_profile"]), (SPARED, FACTS["do_not_decrypt_list"]), (SETTING, FACTS["rule_settings"]))
            for column, value in [*columns.items(), (NEXT_YEAR, 7), *([(LIST, None)] if kind == PROFILE else [])] if column not in ("id", "name")] + [
            (DEFAULT, "sse.globalIPSEnabled", None), (DEFAULT, "sse.globalIPSEnabled", "on"), (DEFAULT, "umbrella.posture.webProfileId", 999999),
            (DEFAULT, "sse.tenantControlProfileId", 5)]

    def by_chance(self, dice, hand) -> list:
        said = []
        for number, more in enumerate(hand.of("access rule", dice.randint(0, 3))):
            names = ["chatgpt.com", "ab.chatgpt.com", "openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "example.com"]
            hosts = dice.sample(names, dice.randint(1, 2))
            listed = self.twin.add_list("site %d" % number, "none", WEB, hosts)["id"]
            action = more.pop("action", None) or dice.choice(["block", "block", "warn", "allow"])
            conditions = [{"attributeName": name, "attributeValue": value, "attributeOperator": operator} for name, (value, operator) in more.items()]
            # Who its people are: these are the audience.
            if conditions and not conditions[0]["attributeName"].startswith("umbrella.source.") and dice.random() < .15:
                self.twin.rule("AI users")["more"] = conditions
                said.append(("AI users", conditions))
                continue
            rule = ("site %d" % number, action, dice.choice([None, None, [MEMBER], [STRANGER]]))
            at, lists, profile = dice.randint(0, 1), [listed] * (dice.random() < .9), dice.choice([None, "System profile", "AI profile"])
            said.append((hosts, rule, at, lists, conditions, profile))
            self.twin.add_rule(*rule, lists, at=at, more=conditions, profile=profile and self.twin.profile(profile)["id"])
        return said + self._decryption_by_chance(dice) + self._odd_by_chance(dice, hand)

    def _odd_by_chance(self, dice, hand) -> list:
        """Columns of what decides what is decrypted."""
        twin, said = self.twin, []
        for kind, chosen in ((PROFILE, ("AI profile", "AI profile", "Company profile")), (SPARED, ("AI exempt", "AI exempt", "System provided"))):
            for more in hand.of(kind):
                row = (twin.profile if kind == PROFILE else twin.spared)(dice.choice(chosen))
                for column, value in more.items():
                    attribute = MODELLED[kind].get(column)
                    (row if attribute else row["more"])[attribute or column] = value
                said.append((row["name"], more))
        for more in hand.of(SETTING):
            rule = dice.choice([twin.rule("AI users"), *twin.state.rules])
            rule["settings"].update(more)
            said.append((rule["ruleName"], more))
        for more in hand.of(DEFAULT):
            twin.state.settings.update(more)
        return [*said, twin.state.settings]

    def _decryption_by_chance(self, dice) -> list:
        """Which list the members' profile has, what else is in it, and whether IPS decrypts."""
        twin, chosen = self.twin, dice.choice(["AI exempt", "AI exempt", "Company", "System provided", None])
        twin.profile("AI profile")["list"] = chosen and twin.spared(chosen)["id"]
        twin.spared("AI exempt")["categories"] = dice.choice([[], [], [426], [7]])
        twin.state.settings["sse.globalIPSEnabled"] = dice.choice([False, False, True])
        extra = dice.choice([[], ["chatgpt.com"], ["com"], ["https://openai.com/x", "api.openai.com"]])
        row = twin.spared(dice.choice(["System provided", "Company"]))
        twin.put_items(row["behind"], extra)
        return [chosen, twin.spared("AI exempt")["categories"], row["name"], extra]


class WritingRig(SecureAccessRig):
    """The same, and our entries go into the do not decrypt list of the members' profile, which nobody else has."""

    name = "secure-access-profile"

    def __init__(self, folder, **options):
        super().__init__(folder, undecrypted=(), **options)

    def settings(self, audience=(MEMBER,), **changes):
        return super().settings(audience, **dict({"exempt_by": "auto"}, **changes))


#: Each takes a folder and is put through the whole suite.
RIGS = {
    "umbrella": UmbrellaRig,
    # What was written shows some seconds later.
    "umbrella-late": lambda folder: UmbrellaRig(folder, lag=5),
    "umbrella-secure-access": SecureAccessRig,
    "umbrella-secure-access-profile": WritingRig,
}
#: They send other requests than the first.
OTHER_PATHS = ("umbrella-secure-access", "umbrella-secure-access-profile")
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("umbrella-secure-access", "umbrella-secure-access-profile")
