# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Netskope under the contract. The audience is a user group.

No API shows or writes what uses a list. An administrator in the twin has followed the text in ``manual``: the policies for the audience are there, and each
list of ours goes into its category the moment it exists. What tells nobody of that, the coverage does not claim.
"""
from __future__ import annotations

import re

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.adapter import NetskopeAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, NEXT_YEAR, TwinRig
from tests.products.netskope.twin import ALLOW, BLOCK, COACH, DECRYPT, ISOLATE, SKIP, Netskope, policy
from tests.products.panos.rig import QuickClock

GROUPS = {MEMBER: "AI users"}
LISTS = ("ChatGPT allow", "ChatGPT exempt")
KIND = "URL list"
_HOSTS = ("chatgpt.com", "*.chatgpt.com", "ab.chatgpt.com", "*.openai.com", "api.openai.com:443", "js.stripe.com/v3", "*.com", "claude.ai", "example.com")


class NetskopeRig(TwinRig):
    name = "netskope"
    ordered = resolves = False
    claims = ("unchecked", "unchecked")

    def __init__(self, folder, watchful=True, **knobs):
        super().__init__(folder)
        self.twin = Netskope(watchful=watchful, **knobs)

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return Settings(**dict({"groups": tuple(GROUPS[who] for who in audience)}, **changes))

    def secrets(self):
        return [self.twin.token]

    def adapter(self, audience=(MEMBER,), timeout=60, token=None, ca_path=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout, ca_path=ca_path), QuickClock())
        return NetskopeAdapter(self.settings(audience, **changes), Api(self.transport, token or self.twin.token), self.transport)

    def natives(self, pattern):
        return {pattern[1:], "*" + pattern} if pattern.startswith(".") else {pattern}

    def force(self):
        self.twin.activate()

    # Edits by hand, brought into force.

    def drop_member(self):
        row = self.twin.named(LISTS[0])
        self.twin.edit(LISTS[0], [url for url in row["urls"] if url != "*.openai.com"])

    def change_field(self):
        self.twin.edit(LISTS[0], name=self.twin.named(LISTS[0])["name"] + " (ask IT)")

    def add_foreign_member(self, host):
        self.twin.edit(LISTS[0], [*self.twin.named(LISTS[0])["urls"], host])

    def foreign_members(self):
        try:
            return set(self.twin.named(LISTS[0])["urls"])
        except KeyError:
            return set()

    def unmarked_object(self):
        row = self.twin.edit(LISTS[0], ["foreign.example"])
        self.twin.categories[LISTS[0]]["include"].append(row["id"])

    def block_early(self):
        row = self.twin.edit("Threats", ["*.chatgpt.com", "claude.ai"])
        self.twin.categories["Threats"] = {"hosts": [], "include": [row["id"]], "exclude": []}
        self.twin.realtime.insert(0, policy("Threats", BLOCK, categories=["Threats"]))

    def foreign_pending(self):
        self.twin.edit("Partners", ["new-partner.example"], deploy=False)

    def scan(self):
        # A tenant may look into what it decrypts; no API tells whether this one does.
        return "av"

    def mystify(self, what):
        # Policies cannot be read, so all that may be odd is a list.
        odd = {"column": {"more": {NEXT_YEAR: 7}}, "action": {"type": "of next year"}, "layer": {"type": "regex"}}.get(what)
        if odd is not None:
            self.twin.edit("Odd", ["(chat|x)gpt\\.com" if what == "layer" else "odd.example"], **odd)
        return odd and "Odd"

    def quarantine(self, above):
        # An administrator orders the policies, and none of ours passes one.
        return None

    def lift(self):
        return False

    def left_open(self):
        # There is no session and no lock.
        return []

    def deck(self):
        return [(KIND, column, value) for column, values in (
            ("urls", [[url] for url in _HOSTS]), ("type", ["exact", "regex", "of next year"]), ("json_version", [1, 2, None]), ("count", [0, 1]),
            ("modify_type", ["Created", "Edited", "of next year"]), ("modify_by", ["Netskope API", "alice@example.com", None]),
            ("modify_time", [None, "2026-11-25 10:00:00"]), ("pending", [0, None]), (NEXT_YEAR, [7, 0, "x"])) for value in values]

    def by_chance(self, dice, hand) -> list:
        """Lists in categories, included or excluded, and policies of both kinds from the top or below those for the audience."""
        twin, said = self.twin, []
        for number, more in enumerate(hand.of(KIND, dice.randint(0, 3))):
            name = "site %d" % number
            row = twin.edit(name, more.pop("urls", dice.sample(_HOSTS, dice.randint(1, 3))))
            row.update({column: more.pop(column) for column in list(more) if column in row})
            row["urls"] = ["^" + re.escape(url.lstrip("*")) for url in row["urls"]] if row["type"] == "regex" else row["urls"]
            row["more"] = more
            twin.active[row["id"]].update(row)
            twin.categories[name] = {"hosts": dice.choice([[], ["claude.ai"]]), "include": [], "exclude": []}
            twin.categories[name][dice.choice(["include", "include", "exclude"])].append(row["id"])
            pages = ((twin.realtime, (BLOCK, BLOCK, COACH, ISOLATE, ALLOW)), (twin.decryption, (SKIP, DECRYPT)))
            page, actions = dice.choice(pages)
            made = policy(name, dice.choice(actions), dice.choice([[], ["AI users"], ["Finance"], ["Contractors"]]), dice.choice([[], [name], [name]]))
            made["enabled"] = dice.random() < .9
            page.insert(dice.randint(0, len(page)), made)
            said.append((row, made))
        return said


#: Each takes a folder and is put through the whole suite.
RIGS = {
    "netskope": NetskopeRig,
    # What the documents leave open, the other way round.
    "netskope-other": lambda folder: NetskopeRig(folder, view="active", wrapping="urllists", deploy_says="status", duplicates="drop", empty=True, lag=2),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("netskope",)
