# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Prisma Access under the contract. The audience is a group of users."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.adapter import ScmAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, TwinRig
from tests.products.scm.twin import ACCESS, DENY, INSPECTION, Scm, rule
from tests.products.panos.rig import QuickClock

AUDIENCE = {MEMBER: "AI users"}
#: Names that target() gives to the list and the rule that allow.
LIST, RULE = "ChatGPT allow", "ChatGPT allow"
_CHATS = ("chatgpt.com", "*.chatgpt.com", "claude.ai")


class ScmRig(TwinRig):
    name = "scm"
    #: FILL IN what State.release says here, as a pattern; and what else is otherwise than Rig has it: live, stageable,
    #: isolating, private, sealed, queues, adoptable, ordered, claims, tells, tells_of_people.
    release = ""

    def __init__(self, folder, **options):
        super().__init__(folder)
        self.twin = Scm(**options)
        self.never_above: tuple = ()

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        groups = tuple(AUDIENCE[who] for who in audience)
        return Settings(**dict({"groups": groups, "never_above": self.never_above}, **changes))

    def adapter(self, audience=(MEMBER,), timeout=60, token=None, **changes):
        transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        api = Api(transport, token or self.twin.token)
        return ScmAdapter(self.settings(audience, **changes), api, transport)

    def natives(self, pattern):
        raise NotImplementedError(
            "FILL IN: the entries that stand for a pattern, by its text, and without asking the code under test")

    def force(self):
        self.twin.activate()

    # Edits by hand, brought into force.

    def entries(self):
        return self.twin.candidate["lists"][LIST]["entries"]

    def drop_member(self):
        self.entries().remove("*.openai.com")
        self.force()

    def change_field(self):
        self.twin.rule(RULE)["groups"] = []
        self.force()

    def shuffle(self):
        """Below the rule of the site that it has to be above."""
        rules, ours = self.twin.candidate["rules"][ACCESS], self.twin.rule(RULE)
        rules.remove(ours)
        rules.append(ours)
        self.force()

    def add_foreign_member(self, host):
        self.entries().append(host)
        self.force()

    def foreign_members(self):
        return set(self.twin.candidate["lists"].get(LIST, {"entries": ()})["entries"])

    def unmarked_object(self):
        self.twin.candidate["lists"][LIST] = {"entries": ["foreign.example"], "comment": ""}
        self.force()

    def block_early(self):
        self.never_above = ("threats",)
        self.twin.candidate["rules"][ACCESS].insert(0, rule("threats", DENY, hosts=_CHATS))
        self.force()

    def foreign_pending(self):
        self.twin.editor = "them"

    def scan(self):
        self.twin.rule("decrypt all", INSPECTION)["profiles"] = ["av"]
        self.force()
        return "av"

    def quarantine(self, above):
        self.twin.candidate["rules"][ACCESS].insert(not above, rule("quarantine", DENY, groups=["Contractors"]))
        self.force()
        return "quarantine"

    def lift(self):
        rules, ours = self.twin.candidate["rules"][ACCESS], self.twin.rule(RULE)
        rules.remove(ours)
        rules.insert(0, ours)
        self.force()
        return True

    def left_open(self):
        return ["session %s" % one for one in self.twin.sessions] + ["the lock"] * bool(self.twin.locked_by)

    def by_chance(self, dice) -> list:
        raise NotImplementedError(
            "FILL IN: put rules of a company into the twin, over every column that a rule has, and return them")


#: Each takes a folder and is put through the whole suite: one for each kind of sign-in, release or site.
RIGS = {"scm": ScmRig}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("scm",)
