# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Symantec Management Center and an Edge SWG under the contract: a site where a request of the operator's installs the policy."""
from __future__ import annotations

import re

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.adapter import (
    Settings, SymantecAdapter,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.api import Api, Install, Login
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEMBER, NEXT_YEAR, STRANGER, Hand, TwinRig
from tests.products.panos.rig import QuickClock
from tests.products.symantec_swg.language import KNOWN, MODELLED
from tests.products.symantec_swg.twin import SITE, SymantecSwg

NAME = "ChatGPT"
PROPERTY, LAYER = "property_of_next_year", "layer-of-next-year"
NETWORKS = {MEMBER: "10.1.0.0/24", STRANGER: "10.2.0.0/24"}
GROUPS = {MEMBER: "AI users", STRANGER: "Staff"}
DEFINE = "define condition netaccess_chatgpt_allow\n"
BY_HAND = DEFINE + """\
  url.host.exact=foreign.example
end condition netaccess_chatgpt_allow
<Proxy>
  condition=netaccess_chatgpt_allow client.address=10.1.0.0/24 ALLOW
"""


class SymantecRig(TwinRig):
    name = "symantec_swg"
    #: There is one policy of ours, written whole: nothing of it has an order of its own.
    ordered = False

    def __init__(self, folder, people=False, install=True, consoles=True, **options):
        super().__init__(folder)
        self.people, self.installs, self.watches = people, install, consoles
        self.twin = SymantecSwg(ssl_takes_all=people, **options)

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        who = {"groups": tuple(GROUPS[one] for one in audience), "ssl_layer": "full"} if self.people else {"clients": tuple(NETWORKS[one] for one in audience)}
        return Settings(**dict(who, consoles=(self.twin.url,) if self.watches else (), installs=self.installs, **changes))

    def secrets(self):
        return [*self.twin.tokens, self.twin.console[1]]

    def adapter(self, audience=(MEMBER,), timeout=60, login=None, console=None, install=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        request = install or Install("POST", self.twin.knobs.install, {"comment": "{name} {revision}"})
        username, password = console or self.twin.console
        api = Api(self.transport, login or Login(token="mc-token-93f0c2"), Login(username=username, password=password))
        return SymantecAdapter(self.settings(audience, **changes), api, self.transport, request.checked() if self.installs else None)

    def force(self):
        self.twin.deploy()

    # -- by hand

    def text(self) -> str:
        section, = self.twin.content(NAME)["sections"]
        return section["defaultPolicy"]

    def write(self, text: str, **metadata) -> None:
        self.twin.edit_as("alice", NAME, "cpl", {"sections": [{"name": NAME, "purpose": "CustomSolution", "defaultPolicy": text, "overridePolicy": None,
                                                               "mandatoryPolicy": None}], "editMode": "SECTIONED", "referenceDeviceUuid": None}, **metadata)

    def edit(self, old: str, new: str) -> None:
        text = self.text()
        assert old in text
        self.write(text.replace(old, new, 1))
        self.force()

    def drop_member(self):
        self.edit("  url.host.suffix=.openai.com\n", "")

    def change_field(self):
        who = "group=\"AI users\"" if self.people else "client.address=10.1.0.0/24"
        self.edit("url.port=443 %s ALLOW" % who, "url.port=443 ALLOW")

    def add_foreign_member(self, host):
        self.edit(DEFINE, DEFINE + "  url.host.exact=%s\n" % host)

    def foreign_members(self):
        try:
            block = self.text().partition(DEFINE)[2].partition("end condition")[0]
        except StopIteration:
            return set()
        return set(re.findall(r"url\.host\.exact=(\S+)", block))

    def unmarked_object(self):
        self.write(BY_HAND)
        self.force()

    def block_early(self):
        self.twin.edit_as("alice", "Blocked sites", "URL_LIST", {"urls": [
            {"url": url, "description": "ticket 17", "enabled": True} for url in ("bad.example", "chatgpt.com", "claude.ai")]})
        self.force()

    def scan(self):
        self.twin.site += "\n<Proxy>\n  response.icap_service(scanner) request.icap_service(no)\n"
        self.force()
        return "av"

    def mystify(self, what):
        self.twin.knobs.knows, self.twin.knobs.ssl_takes_all = (NEXT_YEAR, PROPERTY, "<%s>" % LAYER), True
        here = "url.domain=chatgpt.com"
        if what == "inspection":
            self.twin.tail += "\n<SSL-Intercept>\n  %s %s=x ssl.forward_proxy(https)\n" % (here, NEXT_YEAR)
        else:
            self.twin.site += "\n<%s>\n  %s\n" % {
                "column": ("Proxy", "%s %s=x FORCE_DENY" % (here, NEXT_YEAR)), "action": ("Proxy", "%s %s(x)" % (here, PROPERTY)),
                "layer": (LAYER, here + " FORCE_DENY")}[what]
        self.force()
        return here

    def quarantine(self, above):
        # The last word counts, but for a FORCE_DENY: so what stands above keeps its word, and a DENY would be taken back.
        line = "client.address=10.1.0.10 %s" % ("FORCE_DENY" if above else "DENY")
        self.twin.site += "\n<Proxy>\n  %s\n" % line
        self.force()
        return line

    def lift(self):
        # Our policy is one object, behind those of the site.
        return False

    def left_open(self):
        # Each request signs in by itself.
        return []

    def foreign_pending(self):
        self.write(BY_HAND)

    def decide(self, who, host):
        """Of a few values not even this twin knows how they turn out."""
        try:
            return super().decide(who, host)
        except NotImplementedError:
            return "nobody knows", None

    def deck(self):
        # Of these not even the twin knows how they turn out.
        few = ("https", "not_defined")
        triggers = [(name, value) for name, about in KNOWN["triggers"].items() for value in [about["example"], *about.get("free", ())] if value not in few]
        properties = [(name, what["word"]) for name, what in KNOWN["properties"].items() if "NAME" not in name]
        return [*(("trigger", name, value) for name, value in triggers + [(NEXT_YEAR, "x")]),
                *(("property", name, word) for name, word in properties + [(PROPERTY, PROPERTY + "(x)")]),
                *(("layer", name, shuts) for name, shuts in {**KNOWN["layers"], LAYER: "may"}.items())]

    def by_chance(self, dice, hand) -> list:
        # Before the first run nothing tells what stands behind ours: an operator makes it the last file.
        odd = Odd(dice, self.twin, hand)
        files = [as_cpl(any_layers(dice, self.people)), odd.layers(2), SITE]
        dice.shuffle(files)
        self.twin.site = DEFINED + odd.definitions() + "\n".join(files)
        self.force()
        return [self.twin.site, self.twin.truth]


#: Conditions about people, and whom of the audience they are about.
WHO = {"": "all", "client.address=10.1.0.0/16": "all", "client.address=(2001:db8::/32, 10.1.0.0/24)": "all", "client.address=10.2.0.0/24": "none",
       "client.address=10.1.0.128/25": "part", "client.address=!10.2.0.0/24": "part", "group=\"Quarantine\"": "part",
       "group=(\"Quarantine\", \"AI users\")": "part", "user=\"AI users\"": "part"}
WHERE = ["", "url.domain=chatgpt.com", "url.domain=ab.chatgpt.com", "url.domain=//chatgpt.com/path", "url.host=js.stripe.com", "url.domain=other.example",
         "condition=others", "condition=!others", "condition=ours", "category=Gambling", "category=\"Generative AI\"", "url.domain=!openai.com"]
PORTS = ["", "", "", "url.port=443", "url.port=8443"]
DEFINED = """\
define condition others
  url.domain=other.example
end condition others
define condition ours
  url.domain=openai.com client.address=10.1.0.0/16
  url.domain=bad.example
end condition ours
"""


def any_rule(dice, kind: str, people: bool) -> str:
    # Without people as the audience it is a release that takes only some conditions there.
    few = kind != "Proxy" and not people
    words = [dice.choice([one for one in WHO if not few or "=\"" not in one and "=(\"" not in one]),
             dice.choice([one for one in WHERE if not few or not one.startswith("url.host")]), dice.choice(PORTS if kind == "Proxy" else [""])]
    actions = ["DENY", "FORCE_DENY", "ALLOW", "exception(denied)", "force_exception(denied)", "OK"] if kind == "Proxy" else [
        "ssl.forward_proxy(https)", "ssl.forward_proxy(no)", "OK"]
    return " ".join(word for word in words + [dice.choice(actions)] if word)


def any_layers(dice, people: bool) -> list:
    """(kind, [rules])"""
    kinds = dice.choices(["Proxy", "SSL-Intercept"], k=dice.randint(0, 3))
    return [(kind, [any_rule(dice, kind, people) for _rule in range(dice.randint(1, 3))]) for kind in kinds]


def as_cpl(layers: list) -> str:
    return "".join("<%s>\n%s\n" % (kind, "".join("  %s\n" % rule for rule in rules)) for kind, rules in layers)


class Odd:
    """Policy by chance with words that nobody models: how those turn out, only the twin knows."""

    WHO = ("", "", "", "client.address=10.1.0.0/16", "client.address=10.2.0.0/24", "client.address=10.1.0.128/25", "client.address=!10.2.0.0/24",
           "group=\"AI users\"", "client.address=(0.0.0.0/0, ::/0)", "client.address=they")
    WHERE = ("url.domain=chatgpt.com", "url.domain=ab.chatgpt.com", "url.domain=openai.com", "url.host=js.stripe.com", "url.domain=other.example",
             "category=Gambling", "condition=some", "condition=!some", "condition=others", "condition=!others", "url.host.suffix=i.com", "url.port=8443",
             "url.port=1..65535", "url.domain=(other.example, stripe.com)")

    def __init__(self, dice, twin, hand=None):
        hand = hand or Hand(dice)
        self._dice, self._triggers = dice, [one.popitem() for one in hand.of("trigger")]
        self._properties, self._layers = [one.popitem()[1] for one in hand.of("property")], [one.popitem()[0] for one in hand.of("layer")]
        twin.knobs.knows, twin.knobs.ssl_takes_all = (NEXT_YEAR, PROPERTY, "<%s>" % LAYER), True
        # How words turn out that nobody models; what is known to shut nothing does not.
        names = [name for name in KNOWN["triggers"] if name not in MODELLED] + [NEXT_YEAR, PROPERTY] + ["<%s>" % name for name in [*KNOWN["layers"], LAYER]]
        twin.truth = {name.lower(): dice.random() < 0.5 for name in names}
        twin.truth.update({name: what["shuts"] == "may" and dice.random() < 0.5 for name, what in KNOWN["properties"].items() if what["shuts"] != "yes"})

    def _maybe(self, share: float, words) -> list:
        return [self._dice.choice(words)] if words and self._dice.random() < share else []

    def _limit(self, share: float) -> list:
        return ["%s=%s" % one for one in self._maybe(share, self._triggers)]

    def definitions(self) -> str:
        """Conditions of several lines, one of them limited by what nobody models, and a subnet."""
        rows = [" ".join([self._dice.choice(self.WHERE[:5])] + self._maybe(0.3, self.WHO) + self._limit(0.3)) for _number in range(self._dice.randint(1, 3))]
        return ("define subnet they\n  10.2.0.0/16\nend subnet they\n"
                "define condition some\n%send condition some\n" % "".join("  %s\n" % row for row in rows))

    def _rule(self, kind: str) -> str:
        actions = ["DENY", "FORCE_DENY", "ALLOW", "ALLOW", "OK", "exception(denied)", "access_log(no)"]
        if kind == "<SSL-Intercept>":
            actions = ["ssl.forward_proxy(https)", "ssl.forward_proxy(no)", "OK"]
        words = self._maybe(0.6, self.WHO) + self._maybe(0.9, self.WHERE) + self._limit(0.15) + [self._dice.choice(actions)]
        return "  %s\n" % " ".join(word for word in words if word)

    def layers(self, most: int) -> str:
        """Some layers, some of them with a guard, a section or a property for all rules."""
        found = ""
        for _layer in range(self._dice.randint(0, most)):
            kind = self._dice.choice(["<Proxy>", "<Proxy>", "<Proxy>", "<SSL-Intercept>", "<SSL-Intercept>"])
            guard = self._maybe(0.2, self.WHO) + self._limit(0.1) + (["deny"] if kind == "<Proxy>" and self._dice.random() < 0.1 else [])
            found += "%s %s\n" % (kind, " ".join(guard))
            for _rule in range(self._dice.randint(1, 3)):
                found += "".join("[Rule] %s\n" % who for who in self._maybe(0.15, self.WHO)) + self._rule(kind)
        return found + self._dealt()

    def _dealt(self) -> str:
        """A layer for each card."""
        rules = [("<Proxy>", "%s=%s%s %s" % (name, self._dice.choice(["", "", "!"]), value, self._dice.choice(["DENY", "FORCE_DENY", "ALLOW"])))
                 for name, value in self._triggers]
        rules += [("<SSL-Intercept>", "%s=%s ssl.forward_proxy(%s)" % (name, value, self._dice.choice(["https", "no"]))) for name, value in self._triggers]
        rules += [("<Proxy>", word) for word in self._properties]
        rules += [("<%s>" % name, self._dice.choice(["DENY", "FORCE_DENY", "access_log(no)"])) for name in self._layers if name != "ssl-intercept"]
        self._dice.shuffle(rules)
        return "".join("%s\n  %s\n" % (kind, " ".join(self._maybe(.4, self.WHO[3:]) + self._maybe(.9, self.WHERE) + [words])) for kind, words in rules)


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # The audience as networks, with what is confirmed of <SSL-Intercept> alone; and as groups, where a release takes them there.
    "symantec_swg-networks": SymantecRig,
    "symantec_swg-groups": lambda folder: SymantecRig(folder, people=True),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("symantec_swg-networks", "symantec_swg-groups")
