# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of PAN-OS under the contract. The audience is a user group in the zone trust; a rule of the site that is named must not be passed."""
from __future__ import annotations

import itertools

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.adapter import PanosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEDIA, MEMBER, TwinRig
from tests.products.panos import columns
from tests.products.panos.twin import Panos
from tests.products.panos.twin.site import rule

VSYS = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']"
GROUPS = {MEMBER: "example\\ai-users"}
RULE_KINDS = ("security rule", "decryption rule", "authentication rule")
_runs = itertools.count(1)


class QuickClock:
    """Time that passes by waiting alone."""

    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


class PanosRig(TwinRig):
    name = "panos"
    tells = True
    release = r"PAN-OS \d+\.\d+\.\d+ on (PA-VM|Panorama)"

    def secrets(self):
        return [self.twin.admins["netaccess"], self.twin.keys["netaccess"]]

    def may_only_read(self):
        self.twin.roles["netaccess"] = "<superreader>yes</superreader>"
        return True

    def __init__(self, folder, release=(10, 2, 8), voice=False, **options):
        super().__init__(folder)
        self.media = MEDIA if voice else ()
        self.twin = Panos(release=release, **options)
        self.never_above: tuple = ()
        self.isolating = release >= (11, 0, 1)
        self.ca_path = self.twin.ca_file(folder) if self.twin.authority else None

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        people = Audience(from_zones=("trust",), to_zones=("untrust",), users=tuple(GROUPS[who] for who in audience))
        return Settings(**dict({"audience": people, "never_above": self.never_above}, **changes))

    def adapter(self, audience=(MEMBER,), timeout=60, api=None, **changes):
        self.transport = Transport(Connection(self.twin.url, ca_path=self.ca_path, timeout=timeout), QuickClock())
        api = dict({"password": self.twin.admins["netaccess"]}, **(api or {}))
        return PanosAdapter(self.settings(audience, **changes), Api(self.transport, "netaccess", **api), self.transport,
                            "host:%d" % next(_runs), lambda run: False)

    def natives(self, pattern):
        name = pattern.lstrip("*.")
        return {pattern + "/"} if not pattern.startswith(".") else {name + "/", "*." + name + "/"}

    def force(self):
        self.twin.publish()

    def by_hand(self, action, path, element="", **extra):
        self.twin.locks.clear()
        self.twin.edit("alice", action, VSYS + path, element, **extra)
        self.twin.publish()

    def drop_member(self):
        self.by_hand("delete", "/profiles/custom-url-category/entry[@name='chatgpt-allow']/list/member[text()='*.openai.com/']")

    def change_field(self):
        self.by_hand("edit", "/rulebase/security/rules/entry[@name='chatgpt-allow']/source-user", "<source-user><member>any</member></source-user>")

    def shuffle(self):
        self.by_hand("move", "/rulebase/security/rules/entry[@name='chatgpt-allow']", where="bottom")

    def add_foreign_member(self, host):
        self.by_hand("set", "/profiles/custom-url-category/entry[@name='chatgpt-allow']/list", "<member>%s/</member>" % host)

    def foreign_members(self):
        node = self.twin.candidate.find(".//custom-url-category/entry[@name='chatgpt-allow']/list")
        return set() if node is None else {member.text.rstrip("/") for member in node}

    def unmarked_object(self):
        self.by_hand("set", "/profiles/custom-url-category/entry[@name='chatgpt-allow']", "<list><member>foreign.example/</member></list>%s" % (
            "<type>URL List</type>" if self.twin.knobs.release >= (9, 0) else ""))

    def block_early(self):
        kind = "<type>URL List</type>" if self.twin.knobs.release >= (9, 0) else ""
        self.by_hand("set", "/profiles/custom-url-category/entry[@name='feed']",
                     "<list><member>chatgpt.com/</member><member>*.chatgpt.com/</member><member>claude.ai/</member></list>" + kind)
        body = rule("threats", "deny", application="any", category="feed", **{"from": "trust", "to": "untrust"})
        self.by_hand("set", "/rulebase/security/rules", body)
        self.by_hand("move", "/rulebase/security/rules/entry[@name='threats']", where="top")
        self.never_above = ("threats",)

    def scan(self):
        # The rule that would take the connection has a profile group with antivirus.
        return "av"

    def mystify(self, what):
        self.twin.knobs.new_columns |= {columns.NEW["column"], "action"}
        base, action, column = {"column": ("security", "deny", columns.NEW), "action": ("security", "of-next-year", None),
                                "layer": ("authentication", "", None), "inspection": ("decryption", "decrypt", columns.NEW)}[what]
        # Ours would pass one that decrypts for a part.
        self.never_above = ("Limited",) if what == "inspection" else ()
        self.by_hand("set", "/rulebase/%s/rules" % base, columns.body(base, action, column))
        self.by_hand("move", "/rulebase/%s/rules/entry[@name='Limited']" % base, where="top")
        return "Limited"

    def quarantine(self, above):
        body = rule("Quarantine", "deny", application="any", **{"from": "trust", "to": "untrust", "source": self.twin.people[MEMBER].address})
        self.by_hand("set", "/rulebase/security/rules", body)
        where = {"where": "top"} if above else {"where": "before", "dst": "Web"}
        self.by_hand("move", "/rulebase/security/rules/entry[@name='Quarantine']", **where)
        return "Quarantine"

    def lift(self):
        self.by_hand("move", "/rulebase/security/rules/entry[@name='chatgpt-allow']", where="top")
        return True

    def left_open(self):
        return ["the lock of %s" % scope for scope in self.twin.locks]

    #: Whether what the twin cannot judge is told as that; otherwise it is a fault of the test that meets it.
    by_dice = False

    def decide(self, who: str, host: str) -> tuple:
        try:
            return super().decide(who, host)
        except NotImplementedError:
            if not self.by_dice:
                raise
        try:
            # Whether it is decrypted may not matter.
            found = self.twin.verdicts(who, host)
        except NotImplementedError:
            found = set()
        return (found.pop(), "nobody knows") if found == {"allow"} else (found.pop() if len(found) == 1 else "nobody knows", None)

    def deck(self):
        rules = [(kind, one["column"], value) for kind in RULE_KINDS for one in columns.KNOWN[kind] + [columns.NEW] if "limiting" in one
                 for value in [None, *one.get("none", ())]]
        profile = [("url-filtering profile", one["column"], None) for one in columns.KNOWN["url-filtering profile"] + [columns.NEW]
                   if one.get("role", "match") == "match"]
        return rules + profile + [(kind, columns.NEW["column"], value) for kind in columns.OBJECTS for value in (["x"], ["any"])]

    def by_chance(self, dice, hand) -> list:
        said, self.by_dice = [], True
        columns.furnish(self)
        # Also those of other releases.
        self.twin.knobs.new_columns |= {one["column"].partition("/")[0] for one in columns.KNOWN["url-filtering profile"]}

        def set_(path, element):
            said.append((path, element))
            self.by_hand("set", path, element)

        def one_of(*values):
            return dice.choice(values)

        kind = "<type>URL List</type>" if self.twin.knobs.release >= (9, 0) else ""
        feed = dice.sample(["chatgpt.com/", "*.chatgpt.com/", "ab.chatgpt.com/", "*.openai.com/", "api.openai.com/", "js.stripe.com/", "claude.ai/"], 2)
        set_("/profiles/custom-url-category/entry[@name='feed']", "<list>%s</list>%s" % ("".join("<member>%s</member>" % one for one in feed), kind))
        for path, element in (
                ("/profiles/custom-url-category/entry[@name='By match']", "<list><member>artificial-intelligence</member></list><type>Category Match</type>"),
                ("/external-list/entry[@name='Elsewhere']", "<type><url><url>https://feed.example/</url></url></type>"),
                ("/application-group/entry[@name='AI apps']", "<members><member>GenAI</member><member>openai-chatgpt</member></members>"),
                ("/application-filter/entry[@name='GenAI']", "<tagging><tag><member>Generative AI</member></tag></tagging>")):
            set_(path, element)
        # What an object is limited by, a rule that names it is.
        objects = [columns.odd_object(kind, "odd %d" % number, dice, more) for number, (kind, more) in enumerate(
            (kind, more) for kind in columns.OBJECTS for more in hand.of(kind))]
        for path, element, _given in objects:
            set_(path, element)
        for kind in RULE_KINDS:
            base = kind.split()[0]
            rules = hand.of(kind, dice.randint(0, 3) if base != "authentication" else 0)
            given_objects = [given for _path, _element, given in objects] if base == "security" else []
            for number, more in enumerate(rules + [{}] * len(given_objects)):
                given = {
                    "from": one_of("any", "trust", "guest", ["trust", "guest"]), "to": one_of("any", "untrust", "untrust"),
                    "source-user": one_of("any", "any", "example\\ai-users", "example\\staff", "example\\bob", ["example\\staff", "example\\ai-users"]),
                    "source": one_of("any", "any", "192.0.2.0/24", "192.0.2.128/25", "198.51.100.0/24"),
                    "category": one_of("any", "feed", "AI sites", "artificial-intelligence", "malware", ["feed", "financial-services"], "By match",
                                       "Elsewhere"),
                    "service": one_of("any", "any", "service-https", "service-http")}
                body = "<disabled>yes</disabled>" if dice.random() < .2 else ""
                if base == "security":
                    given["application"] = one_of("any", "any", "any", "ssl", ["ssl", "web-browsing"], "openai-chatgpt", "dns", "AI apps", "GenAI")
                    action = one_of("deny", "drop", "reset-both", "allow")
                    if action == "allow" and dice.random() < .5:
                        body += "<profile-setting><group><member>Standard</member></group></profile-setting>"
                elif base == "decryption":
                    action, body = one_of("decrypt", "decrypt", "no-decrypt"), body + "<type><ssl-forward-proxy/></type>"
                if not more and given_objects:
                    given.update(given_objects.pop())
                element = columns.body(base, "") if base == "authentication" else rule("site %d" % number, action, body, **given)
                set_("/rulebase/%s/rules" % base, columns.limited(element.replace("Limited", "site %d" % number), kind, more))
                where = one_of("top", "bottom")
                said.append(where)
                self.by_hand("move", "/rulebase/%s/rules/entry[@name='site %d']" % (base, number), where=where)
        sides = hand.of("url-filtering profile", dice.randint(0, 1))
        for more in sides:
            which, name = next(iter(more), None) or one_of("block", "alert"), one_of("feed", "AI sites", "artificial-intelligence")
            set_("/profiles/url-filtering/entry[@name='Corporate']/%s" % which, "<member>%s</member>" % name)
        return said

    def foreign_pending(self):
        self.twin.edit("alice", "set", VSYS + "/tag/entry[@name='draft']", "<comments>draft</comments>")


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # Single requests without a transaction; several operations in one request; a commit of our own changes alone.
    "panos-9.1": lambda folder: PanosRig(folder, (9, 1, 16)),
    "panos-10.2": lambda folder: PanosRig(folder, (10, 2, 8)),
    "panos-11.1": lambda folder: PanosRig(folder, (11, 1, 4), voice=True),
}
#: They send other requests than the first.
OTHER_PATHS = ("panos-10.2",)
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("panos-10.2",)
