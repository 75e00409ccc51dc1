# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Barracuda under the contract. Its module hands a plan to a person; here a person carries out each line on the pages of the twin, and copies the
pages again before each look. So what the plan says is put through the whole suite."""
from __future__ import annotations

from dataclasses import replace

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.barracuda_wsg.adapter import (
    BarracudaAdapter, Pages, Settings,
)
from tests.contract.rig import MEMBER, TwinRig
from tests.products.barracuda_wsg.twin import GROUPS, BarracudaWsg


def copied(twin, name="ChatGPT allow", unread=()) -> Pages:
    """What a person copies from the pages, but for those ``unread``."""
    pages = twin.pages
    return replace(Pages(
        category=tuple(pages["categories"].get(name, ())),
        exceptions=tuple((who, row["action"]) for who, row in pages["exceptions"].items() if row["category"] == name),
        application_exceptions=tuple(sorted(pages["application exceptions"])),
        blocked_applications=tuple(pages["blocked applications"]),
        inspected_domains=tuple(sorted(pages["inspected"])),
        inspected_categories=tuple(pages["inspected categories"])), **dict.fromkeys(unread))


class Person(BarracudaAdapter):
    """The adapter, and somebody who does what it says."""

    traits = replace(BarracudaAdapter.traits, by_hand=False)

    def __init__(self, settings, twin, unread=()):
        super().__init__(settings)
        self._twin, self._unread = twin, unread

    def read(self):
        self._pages = copied(self._twin, self._settings.category_name, self._unread)
        return super().read()

    def send(self, request):
        self._twin.fill_in(**request)

    def activate(self):
        return [{"target": self.device, "status": "in force"}]


class BarracudaRig(TwinRig):
    name = "barracuda"
    live = True
    adoptable = ordered = False

    def __init__(self, folder):
        super().__init__(folder)
        self.twin, self.unread = BarracudaWsg(), []

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return replace(Settings(host="wsg.example.com", audience=tuple("group %s" % GROUPS[who] for who in audience)), **changes)

    def adapter(self, audience=(MEMBER,), **changes):
        return Person(self.settings(audience, **changes), self.twin, self.unread)

    def natives(self, pattern):
        return {pattern.lstrip("*").lstrip(".")}

    def force(self):
        """What is saved is in force."""

    def drop_member(self):
        self.twin.pages["categories"]["ChatGPT allow"].discard("openai.com")

    def change_field(self):
        self.twin.pages["exceptions"]["group AI users"]["action"] = "warn"

    def add_foreign_member(self, host):
        self.twin.pages["categories"].setdefault("ChatGPT allow", set()).add(host)

    def foreign_members(self):
        return set(self.twin.pages["categories"].get("ChatGPT allow", ()))

    def scan(self):
        # Only what is decrypted is scanned, and that is known once an operator has copied the page.
        self.twin.pages["inspected"].add("chatgpt.com")
        return "av"

    def mystify(self, what):
        page = {"layer": "blocked applications", "inspection": "inspected categories"}.get(what)
        if page is not None:
            self.twin.pages[page]["Odd"] = set()
        return page and "Odd"

    def quarantine(self, above):
        # Exceptions name people and come before everything else; an operator sets their order.
        return None

    def lift(self):
        # An operator sets the order of exceptions.
        return False

    def left_open(self):
        # Nothing is signed in to.
        return []

    def block_early(self):
        self.twin.pages["blocked applications"]["ChatGPT"] = {"chatgpt.com"}

    def deck(self):
        # There is no schema: pages that nobody looked at, and names of which only the vendor knows what is in them.
        held = [(), ("chatgpt.com",), ("openai.com", "stripe.com"), ("claude.ai",)]
        return [*(("page", page, None) for page in ("blocked_applications", "inspected_domains", "inspected_categories")),
                *((kind, name, hosts) for kind in ("blocked applications", "inspected categories")
                  for name in ("Office of next year", "Torrents") for hosts in held
                  if name != "Torrents" or hosts in ((), ("claude.ai",)) or kind != "blocked applications")]

    def by_chance(self, dice, hand) -> list:
        def some(*values) -> list:
            return dice.sample(values, dice.randint(0, len(values)))

        pages = self.twin.pages
        applications = {"ChatGPT": {"chatgpt.com"}, "OpenAI API": {"api.openai.com"}, "Claude": {"claude.ai"}}
        # The site has no exceptions for applications: those that are copied are taken for ours.
        pages["blocked applications"].update({name: applications[name] for name in some(*applications)})
        pages["blocked content"]["Shopping"] = set(some("stripe.com", "example.com"))
        pages["inspected"] = set(some("chatgpt.com", "ab.chatgpt.com", "openai.com", "auth.openai.com", "js.stripe.com", "example.com", "claude.ai"))
        pages["categories"]["Partners"] = set(some("chatgpt.com", "api.openai.com", "example.com"))
        for who in some("group Finance", "user member", "all authenticated users"):
            pages["exceptions"][who] = {"category": "Partners", "action": dice.choice(["allow", "warn"])}
        for kind in ("blocked applications", "inspected categories"):
            for more in hand.of(kind):
                pages[kind].update({name: set(hosts) for name, hosts in more.items()})
        self.unread = [page for more in hand.of("page") for page in more]
        return [pages, self.unread]


#: Nothing of this goes over the wire: the suite without its weather.
RIGS_BY_HAND = {"barracuda": BarracudaRig}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("barracuda",)
