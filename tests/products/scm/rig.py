# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Prisma Access under the contract. The audience is a user group in the folder of mobile users."""
from __future__ import annotations

import re

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.adapter import ScmAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.api import Api, Login
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEDIA, MEMBER, NEXT_YEAR, TwinRig
from tests.products.panos.rig import QuickClock
from tests.products.scm.decision import COLUMNS
from tests.products.scm.twin import RULES, Scm, decryption, internet, rule

GROUPS = {MEMBER: "example\\ai-users"}
CLIENT = "netaccess@1234567890.iam.panserviceaccount.com"
LIST = RULE = "chatgpt-allow"
#: What a column of an Internet rule's lists is about, by the property that holds the list.
_SCHEMAS = ("security rule", "internet rule", "decryption rule", "authentication rule")
OBJECTS = {"url category": "category", "application group": "application", "address": "destination", "address group": "destination", "service": "service"}
_FEED = ("chatgpt.com/", "*.chatgpt.com/", "ab.chatgpt.com/", "*.openai.com/", "api.openai.com/", "js.stripe.com/", "claude.ai/")


class ScmRig(TwinRig):
    name = "scm"
    isolating = True
    #: Whether what the twin cannot judge is told as that; otherwise it is a fault of the test that meets it.
    by_dice = False

    def __init__(self, folder, voice=False, snippet=None, **options):
        super().__init__(folder)
        self.media = MEDIA if voice else ()
        self.twin, self.snippet = Scm(**options), snippet
        if snippet:
            self.twin.attached["Mobile Users"] = [snippet]
        self.never_above: tuple = ()

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        people = Audience(users=tuple(GROUPS[who] for who in audience))
        return Settings(**dict({"audience": people, "never_above": self.never_above, "folder": "Mobile Users", "snippet": self.snippet}, **changes))

    def adapter(self, audience=(MEMBER,), timeout=60, secret=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        login = Login(client_id=CLIENT, client_secret=secret or self.twin.clients[CLIENT], tsg_id="1234567890", token_url=self.twin.url)
        return ScmAdapter(self.settings(audience, **changes), Api(self.transport, login, self.twin.legacy), self.transport)

    def secrets(self):
        return [self.twin.clients[CLIENT], *self.twin.tokens]

    def natives(self, pattern):
        name = pattern.lstrip("*.")
        return {pattern + "/"} if not pattern.startswith(".") else {name + "/", "*." + name + "/"}

    def snapshot(self):
        """Without the stamps of runs."""
        def plain(row):
            return dict(row, description=re.sub(r" \[[0-9a-f]{8}\]$", "", row["description"])) if "description" in row else row
        return {kind: [plain(row) for row in rows] for kind, rows in super().snapshot().items()}

    def force(self):
        self.twin.publish()

    def settle(self):
        self.twin.settle()

    # Edits by hand, brought into force.

    @property
    def place(self) -> str:
        return self.snippet or "Mobile Users"

    def find(self, name, kind="security rule", place=None):
        return self.twin.find(kind, name, place or self.place)

    def add(self, kind, row, **options):
        found = self.twin.add(kind, row, **options)
        self.force()
        return found

    def entries(self):
        return self.find(LIST, "url category")["list"]

    def drop_member(self):
        self.entries().remove("*.openai.com/")
        self.force()

    def change_field(self):
        self.find(RULE)["source_user"] = ["any"]
        self.force()

    def shuffle(self):
        self.twin.move(RULE, 99, folder=self.place)
        self.force()

    def add_foreign_member(self, host):
        self.entries().append(host + "/")
        self.force()

    def foreign_members(self):
        rows = [row for row in self.twin.candidate["url category"] if row["name"] == LIST and self.place in (row.get("folder"), row.get("snippet"))]
        # As they are, and as the suite calls them.
        return {name for row in rows for entry in row["list"] for name in (entry, entry.rstrip("/"))}

    def unmarked_object(self):
        self.add("url category", {"name": LIST, "type": "URL List", "list": ["foreign.example/"]}, snippet=self.snippet)

    def block_early(self):
        self.add("url category", {"name": "feed", "type": "URL List", "list": ["chatgpt.com/", "*.chatgpt.com/", "claude.ai/"]})
        self.add("security rule", rule("threats", "deny", category=["feed"]), at=0, snippet=self.snippet)
        self.never_above = ("threats",)

    def foreign_pending(self):
        self.twin.add("address", {"name": "draft", "fqdn": "draft.example"}, who="alice@1234567890.iam.panserviceaccount.com")

    def scan(self):
        # The group of the rule that would take the connection has antivirus.
        return "av"

    def mystify(self, what):
        self.twin.knobs.new_columns |= {NEXT_YEAR, "action"}
        odd = {NEXT_YEAR: ["x"]}
        # Ours would pass one that decrypts for a part.
        self.never_above = ("Limited",) if what == "inspection" else ()
        kind, row = {"column": ("security rule", rule("Limited", "deny", **odd)), "action": ("security rule", rule("Limited", "of-next-year")),
                     "layer": ("authentication rule", _authentication("Limited")), "inspection": ("decryption rule", decryption("Limited", "decrypt", **odd)),
                     }[what]
        self.add(kind, row, at=0, snippet=self.snippet)
        return "Limited"

    def quarantine(self, above):
        self.add("security rule", rule("Quarantine", "deny", source=[self.twin.people[MEMBER].address]), at=0 if above else 1)
        return "Quarantine"

    def lift(self):
        self.twin.move(RULE, 0, folder=self.place)
        self.force()
        return True

    def left_open(self):
        return []

    def decide(self, who: str, host: str) -> tuple:
        try:
            return super().decide(who, host)
        except NotImplementedError:
            if not self.by_dice:
                raise
        found = set()
        for inspection in ("decrypt", "tunnel"):
            try:
                found.add(self.twin.decision().verdict(self.twin.people[who], host, inspection))
            except NotImplementedError:
                found.add("nobody knows")
        # Whether it is decrypted may not matter.
        return (found.pop(), "nobody knows") if found == {"allow"} else (found.pop() if len(found) == 1 else "nobody knows", None)

    # Sites by chance

    def deck(self):
        new = {"column": NEXT_YEAR, "limiting": ["x"], "none": [["any"]]}
        rules = [(kind, one["column"], value) for kind in _SCHEMAS for one in COLUMNS[kind] + [new] if "limiting" in one
                 for value in [one["limiting"], *one["none"]]]
        inside = [("internet rule", one["column"], value) for one in COLUMNS["internet rule"] if one["column"].startswith(("allow_url_category/", "block_"))
                  and "/name" not in one["column"] for value in one.get("values", [None])]
        profile = [("url access profile", one["column"], None) for one in COLUMNS["url access profile"] + [new]]
        return rules + inside + [("internet rule", "allow_web_application", None), ("internet rule", "allow_url_category/" + NEXT_YEAR, ["x"])] + profile + [
            (kind, NEXT_YEAR, value) for kind in OBJECTS for value in (["x"], ["any"])]

    def by_chance(self, dice, hand) -> list:
        said, self.by_dice = [], True
        self.twin.knobs.new_columns |= {NEXT_YEAR}
        self.twin.knobs.internet_wins = dice.random() < .5

        def add(kind, row, **options):
            said.append((kind, row, options))
            self.twin.add(kind, row, **options)

        def one_of(*values):
            return dice.choice(values)

        add("service", {"name": "odd", "protocol": {"tcp": {"port": "443", "source_port": "1024"}}})
        add("address", {"name": "news", "fqdn": "news.example"})
        add("url category", {"name": "feed", "type": "URL List", "list": dice.sample(_FEED, 2)}, folder=one_of("All", "Mobile Users"))
        add("url category", {"name": "By match", "type": "Category Match", "list": ["artificial-intelligence"]})
        add("external list", {"name": "Elsewhere", "type": {"url": {"url": "https://feed.example/"}}})
        add("application group", {"name": "AI apps", "members": ["GenAI", "openai-chatgpt"]})
        add("application filter", {"name": "GenAI", "category": ["business-systems"]})
        objects = []
        for kind, column in OBJECTS.items():
            for number, more in enumerate(hand.of(kind)):
                name = "odd %s %d" % (kind, number)
                held = {"url category": {"type": "URL List", "list": [one_of("chatgpt.com/", "claude.ai/")]}, "application group": {
                    "members": ["openai-chatgpt"]}, "address": {"fqdn": one_of("chatgpt.com", "claude.ai")}, "address group": {"static": ["news"]},
                    "service": {"protocol": {"tcp": {"port": "443"}}}}[kind]
                add(kind, dict(held, name=name, **more))
                objects.append({column: [name]})
        for kind in _SCHEMAS:
            extra = objects if kind == "security rule" else []
            rules = hand.of(kind, dice.randint(0, 3) if kind in ("security rule", "decryption rule") else dice.randint(0, 1) if kind == "internet rule" else 0)
            for number, more in enumerate(rules + [{}] * len(extra)):
                name = "%s %d" % (kind.partition(" ")[0], number)
                made = self._by_chance(kind, name, one_of, more or (extra.pop() if extra and number >= len(rules) else {}))
                where = {"folder": one_of("Mobile Users", "Mobile Users", "Mobile Users", "Prisma Access", "All"), "at": one_of(0, 1, 9),
                         "position": one_of("pre", "pre", "pre", "post")}
                if dice.random() < .1:
                    where["snippet"] = "Shipped"
                add("security rule" if kind == "internet rule" else kind, made, **where)
        for more in hand.of("url access profile", dice.randint(0, 1)):
            profile = self.twin.find("url access profile", "Corporate", "Prisma Access")
            column = next(iter(more), None) or one_of("block", "alert")
            _put(profile, column, one_of("feed", "AI sites", "artificial-intelligence"))
            said.append(profile)
        self.force()
        return said + ["internet_wins: %s" % self.twin.knobs.internet_wins]

    @staticmethod
    def _by_chance(kind, name, one_of, more) -> dict:
        given = {
            "from": one_of(["any"], ["trust"], ["guest"], ["trust", "guest"]), "to": one_of(["any"], ["untrust"], ["untrust"]),
            "source_user": one_of(["any"], ["any"], ["example\\ai-users"], ["example\\staff"], ["example\\bob"], ["example\\staff", "example\\ai-users"]),
            "source": one_of(["any"], ["any"], ["192.0.2.0/24"], ["192.0.2.128/25"], ["198.51.100.0/24"]),
            "service": one_of(["any"], ["any"], ["service-https"], ["service-http"])}
        category = one_of(["any"], ["feed"], ["AI sites"], ["artificial-intelligence"], ["malware"], ["feed", "financial-services"], ["By match"],
                          ["Elsewhere"])
        if one_of(*[False] * 4, True):
            given["disabled"] = True
        if kind == "internet rule":
            return _internet(name, given, category[:1] if category != ["any"] else ["feed"], one_of, more)
        given["category"] = category
        if kind == "authentication rule":
            return dict(_authentication(name), **more)
        if kind == "decryption rule":
            found = decryption(name, one_of("decrypt", "decrypt", "no-decrypt"), **given)
        else:
            given["application"] = one_of(["any"], ["any"], ["any"], ["ssl"], ["ssl", "web-browsing"], ["openai-chatgpt"], ["dns"], ["AI apps"], ["GenAI"])
            found = rule(name, one_of("deny", "drop", "reset-both", "allow"), **given)
            if found["action"] == "allow" and one_of(True, False):
                found["profile_setting"] = {"group": ["Standard"]}
        return dict(found, **_turned(more))


def _turned(more: dict) -> dict:
    """With what a negation turns round."""
    beside = {"negate_source": {"source": ["198.51.100.0/24"]}, "negate_destination": {"destination": ["news"]}, "negate_user": {
        "source_user": ["example\\guests"]}}
    return {**next((beside[column] for column in more if column in beside and more[column]), {}), **more}


def _internet(name, given, category, one_of, more) -> dict:
    inner = {column.partition("/")[2]: value for column, value in more.items() if column.startswith("allow_url_category/")}
    plain = {column: value for column, value in more.items() if "/" not in column and not column.startswith(("block_", "allow_"))}
    entry = {"name": category[0], "decryption": one_of("enabled", "disabled"), "credential_enforcement": one_of("enabled", "disabled")}
    for path, value in inner.items():
        _put(entry, path, value if value is not None else "x")
    lists = {"allow_url_category": [entry]} if one_of(True, True, False) or inner else {"block_url_category": category}
    if "block_web_application" in more or "allow_web_application" in more:
        lists = {"block_web_application": ["ChatGPT"]} if "block_web_application" in more else {"allow_web_application": [{"name": "ChatGPT", "type": "x"}]}
    return internet(name, one_of("allow", "allow", "deny"), **dict(given, **lists, **_turned(plain)))


def _put(row: dict, path: str, value: object) -> None:
    """Set a flat path: of a profile, to what its schema says."""
    column = next((one for one in COLUMNS["url access profile"] if one["column"] == path), {"type": "string"})
    *parents, last = path.split("/")
    for name in parents:
        row = row.setdefault(name, {})
    row[last] = {"boolean": True, "list": [value], "object": {}}.get(column["type"], value)


def _authentication(name: str) -> dict:
    found = decryption(name, "decrypt", authentication_enforcement="web")
    for column in ("action", "type"):
        found.pop(column)
    return found


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # The folder; a snippet that is attached to it, whose place is not known; the older paths.
    "scm": lambda folder: ScmRig(folder, voice=True),
    "scm-sase": lambda folder: ScmRig(folder, legacy=True),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("scm",)
assert set(RULES) <= set(_SCHEMAS)
