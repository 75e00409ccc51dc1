# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Zscaler Internet Access under the contract. The audience is a user group."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.adapter import ZiaAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.api import Api, Login
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEDIA, MEMBER, NEXT_YEAR, TwinRig
from tests.products.zia.twin import Zia
from tests.products.zia.twin.policy import COLUMNS, Policy, Unplayed
from tests.products.zia.twin.site import DECRYPT, DO_NOT_DECRYPT

GROUPS = {MEMBER: "AI users"}
#: Kinds of rules that a site by chance has, with what they do.
BY_CHANCE_KINDS = {
    "urlFilteringRules": ["BLOCK", "BLOCK", "CAUTION", "ALLOW", "ICAP_RESPONSE"], "sslInspectionRules": [DECRYPT, DECRYPT, DO_NOT_DECRYPT, {"type": "BLOCK"}],
    "firewallFilteringRules": ["BLOCK_DROP", "ALLOW", "EVAL_NWAPP"], "firewallDnsRules": ["BLOCK", "ALLOW", "REDIR_REQ"], "webApplicationRules/AI_ML": [None]}


class TwinClock:
    """Waiting moves the twin's clock."""

    def __init__(self, twin):
        self._twin = twin

    def now(self):
        return self._twin.now()

    def sleep(self, seconds):
        self._twin.advance(seconds)


class ZiaRig(TwinRig):
    name = "zia"
    stageable, queues = False, True
    tells = True

    def may_only_read(self):
        self.twin.read_only = True
        return True

    def __init__(self, folder, oneapi=False, limits=False, voice=False, **options):
        super().__init__(folder)
        self.twin = Zia(limits=limits, **options)
        if voice:
            self.media = MEDIA
            self.by_hand("POST", "networkServices", {"name": "every udp", "type": "CUSTOM", "destUdpPorts": [{"start": 1, "end": 65535}]})
            self.by_hand("POST", "firewallFilteringRules", {"name": "no media", "order": 1, "rank": 7, "state": "ENABLED", "action": "BLOCK_DROP",
                                                            "destAddresses": ["203.0.113.0/24", "198.51.100.1-198.51.100.9"],
                                                            "nwServices": [{"id": self.twin.find("networkServices", "every udp")["id"]}]})
        self.oneapi = oneapi
        self.never_above: tuple = ()
        self.left_to_run_out: set = set()
        #: Whether the site has rules of which the twin cannot tell what they do.
        self.by_dice = False

    def decide(self, who, host):
        """On a site by chance "unknown" stands for what depends on something that the twin does not play."""
        if not self.by_dice:
            return super().decide(who, host)
        verdict, look = self._decide(who, host, self.twin.state.running)
        return verdict, look if verdict == "allow" else None

    def _decide(self, who, host, config) -> tuple:
        try:
            return Policy(config, self.twin.knobs).decide(self.twin.people[who], host)
        except Unplayed as unplayed:
            found = set()
            for rule in unplayed.instead:
                rules = {kind: [rule if one is unplayed.rule else one for one in rows if one is not unplayed.rule or rule]
                         for kind, rows in config["rules"].items()}
                found.add(self._decide(who, host, dict(config, rules=rules)))
            verdicts, looks = ({one[at] for one in found} for at in (0, 1))
            return verdicts.pop() if len(verdicts) == 1 else "unknown", looks.pop() if len(looks) == 1 else "unknown"
        except NotImplementedError:
            return "unknown", "unknown"

    def secrets(self):
        return [self.twin.api_key, self.twin.admins["netaccess@example.com"], self.twin.clients["netaccess-client"]]

    def login(self, **changes):
        twin = self.twin
        if self.oneapi:
            return Login(**dict({"client_id": "netaccess-client", "client_secret": twin.clients["netaccess-client"], "token_url": twin.url}, **changes))
        return Login(**dict({"username": "netaccess@example.com", "password": twin.admins["netaccess@example.com"], "api_key": twin.api_key}, **changes))

    def adapter(self, audience=(MEMBER,), timeout=120, login=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), TwinClock(self.twin))
        settings = Settings(**dict({"audience": (("groups", tuple(GROUPS[who] for who in audience)),), "never_above": self.never_above,
                                    "media": bool(self.media)}, **changes))
        return ZiaAdapter(settings, Api(self.transport, self.login(**(login or {}))), self.transport)

    def passes(self, who, address, port):
        return self.twin.decide(who, address, port, protocol="UDP")[0] == "allow"

    def natives(self, pattern):
        return {pattern.lstrip("*")}

    def force(self):
        self.twin.publish()

    def settle(self):
        """The session of a dead process runs out, which publishes what it left."""
        self.twin.advance(self.twin.knobs.session_seconds + 1)

    def snapshot(self):
        return self.twin.snapshot()["saved"]

    def by_hand(self, method, path, body):
        self.twin.edit_as("alice@example.com", method, path, body)
        self.twin.publish()

    def given(self, kind, name, order=1, **columns):
        """A rule of the site."""
        self.by_hand("POST", kind, dict({"name": name, "order": order, "rank": 7, "state": "ENABLED"}, **columns))

    def _change_rule(self, kind, name, **changes):
        rule = self.twin.find(kind, name)
        body = {field: value for field, value in rule.items() if not field.startswith("_") and field not in ("predefined", "defaultRule")}
        self.by_hand("PUT", "%s/%s" % (kind, rule["id"]), dict(body, **changes))

    def _category(self):
        return self.twin.find("urlCategories", "ChatGPT allow")

    def _in_category(self, action, entry):
        self.by_hand("PUT", "urlCategories/%s?action=%s" % (self._category()["id"], action), {"configuredName": "ChatGPT allow", "dbCategorizedUrls": [entry]})

    def drop_member(self):
        self._in_category("REMOVE_FROM_LIST", ".openai.com")

    def change_field(self):
        self._change_rule("urlFilteringRules", "ChatGPT allow", groups=[])

    def shuffle(self):
        last = len(self.twin.state.config["rules"]["urlFilteringRules"])
        self._change_rule("urlFilteringRules", "ChatGPT allow", order=last)

    def add_foreign_member(self, host):
        self._in_category("ADD_TO_LIST", host)

    def foreign_members(self):
        try:
            return set(self._category()["dbCategorizedUrls"])
        except KeyError:
            return set()

    def unmarked_object(self):
        self.by_hand("POST", "urlCategories", {"configuredName": "ChatGPT allow", "superCategory": "USER_DEFINED", "type": "URL_CATEGORY",
                                               "customCategory": True, "dbCategorizedUrls": ["foreign.example"]})

    def block_early(self):
        self.by_hand("POST", "urlCategories", {"configuredName": "Feed", "superCategory": "USER_DEFINED", "type": "URL_CATEGORY", "customCategory": True,
                                               "dbCategorizedUrls": [".chatgpt.com", "claude.ai"]})
        category = self.twin.find("urlCategories", "Feed")["id"]
        self.by_hand("POST", "urlFilteringRules", {"name": "threats", "order": 1, "rank": 7, "state": "ENABLED", "action": "BLOCK", "protocols": ["ANY_RULE"],
                                                   "urlCategories": [category]})
        self.never_above = ("threats",)

    def scan(self):
        # Advanced Threat Protection is a part of every tenant.
        return "av"

    def mystify(self, what):
        if what == "layer":
            self.given("firewallDnsRules", "Odd", action="BLOCK", destAddresses=["chatgpt.com"])
            return "Odd"
        kind, action, more = {"column": ("urlFilteringRules", "BLOCK", {NEXT_YEAR: ["x"]}), "action": ("urlFilteringRules", "ICAP_RESPONSE", {}),
                              "inspection": ("sslInspectionRules", DECRYPT, {NEXT_YEAR: ["x"]})}[what]
        self.given(kind, "Odd", action=action, **(dict(more, protocols=["ANY_RULE"]) if kind == "urlFilteringRules" else more))
        return "Odd"

    def quarantine(self, above):
        self.by_hand("POST", "urlFilteringRules", {
            "name": "Quarantine", "order": 1 if above else 3, "rank": 7, "state": "ENABLED", "action": "BLOCK", "protocols": ["ANY_RULE"],
            "locations": [{"id": 401}]})
        return "Quarantine"

    def lift(self):
        self._change_rule("urlFilteringRules", "ChatGPT allow", order=1)
        return True

    def left_open(self):
        # A token of OneAPI runs out by itself; nothing ends it.
        sessions = {key: one.who for key, one in self.twin.state.sessions.items() if one.expires is None}
        if self.twin.pending_of():
            # The end of a session publishes what waits, also edits of others: these are left to run out.
            self.left_to_run_out |= set(sessions)
        return ["a session of %s" % who for key, who in sessions.items() if key not in self.left_to_run_out]

    def deck(self):
        # Which hosts, applications and ports a rule is about is rolled by itself.
        return [(kind, column, value) for kind in BY_CHANCE_KINDS
                for column, fact in {**COLUMNS[kind.partition("/")[0]]["match"], NEXT_YEAR: {"limit": ["x"], "none": [[], None, False, ""]}}.items()
                if not fact.get("judged") for value in [fact["limit"], *fact.get("none", ())]]

    def by_chance(self, dice, hand) -> list:
        said = []
        self.by_dice = True

        def add(path, **body):
            said.append((path, body))
            self.by_hand("POST", path, body)

        def some(words, least=0) -> list:
            return dice.sample(words, dice.randint(least, 2))

        def scope() -> dict:
            return dice.choice([{}, {}, {"groups": [{"id": 101}]}, {"groups": [{"id": 102}]}, {"departments": [{"id": 201}]}, {"users": [{"id": 302}]},
                                {"locations": [{"id": 401}]}, {"locations": [{"id": 402}]}])

        names = [".chatgpt.com", "chatgpt.com", "ab.chatgpt.com", ".openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "other.example"]
        more = dice.choice([{}, {}, {}, {"keywords": ["setup"]}, {"keywordsRetainingParentCategory": ["claude"]}, {"ipRanges": ["203.0.113.0/24"]}])
        add("urlCategories", configuredName="Feed", superCategory="USER_DEFINED", type="URL_CATEGORY", customCategory=True, dbCategorizedUrls=some(names, 1),
            **more)
        categories = [self.twin.find("urlCategories", "Feed")["id"], "CUSTOM_01", "AI_ML_APPS", "GENERAL_AI_ML", "FINANCE", "MALWARE_SITE"]
        rules = self.twin.state.config["rules"]
        for kind, actions in BY_CHANCE_KINDS.items():
            for number, more in enumerate(hand.of(kind, dice.choice([0, 1, 1, 2] if "irewall" not in kind else [0, 0, 1, 2]))):
                body = dict(scope(), name="site %d" % number, order=dice.randint(1, sum(rule["order"] > 0 for rule in rules[kind]) + 1), rank=7,
                            state=dice.choice(["ENABLED", "ENABLED", "ENABLED", "DISABLED"]))
                action = dice.choice(actions)
                if action is not None:
                    body["action"] = action
                if "irewall" in kind:
                    body["destAddresses"] = [name if dice.random() < .5 else "*.%s" % name.lstrip(".") for name in some([one.lstrip(".") for one in names], 1)]
                elif kind == "webApplicationRules/AI_ML":
                    body.update(type="AI_ML", applications=some(["CHATGPT_AI", "CLAUDE_AI", "DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI", "OPENAI_SIGN_IN"]),
                                cascadingEnabled=dice.random() < .5,
                                actions=[dice.choice(["DENY_AI_ML_WEB_USE", "ALLOW_AI_ML_WEB_USE", "ALLOW_AI_ML_WEB_USE", "DENY_AI_ML_UPLOAD"])])
                else:
                    body["urlCategories"] = some(categories)
                if kind == "urlFilteringRules":
                    body["protocols"] = dice.choice([["ANY_RULE"], ["ANY_RULE"], ["HTTPS_RULE", "HTTP_RULE"], ["FTP_RULE"]])
                    body["urlCategories2"] = some(categories) if dice.random() < .2 else []
                add(kind, **dict(body, **more))
        return said

    def foreign_pending(self):
        self.twin.edit_as("alice@example.com", "POST", "urlCategories", {
            "configuredName": "Draft", "superCategory": "USER_DEFINED", "type": "URL_CATEGORY", "customCategory": True, "urls": ["draft.example"]})


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # Both ways to sign in.
    "zia-legacy": ZiaRig,
    "zia-voice": lambda folder: ZiaRig(folder, voice=True),
    "zia-oneapi": lambda folder: ZiaRig(folder, oneapi=True),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("zia-legacy",)
