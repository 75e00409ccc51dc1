# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Cloudflare Gateway under the contract. The audience is a user group."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.adapter import (
    CloudflareGatewayAdapter,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import MEDIA, MEMBER, NEXT_YEAR, TwinRig
from tests.products.cloudflare_gateway.twin import CloudflareGateway
from tests.products.cloudflare_gateway.twin.policy import COLUMNS
from tests.products.panos.rig import QuickClock

GROUPS = {MEMBER: "AI users"}
#: What rules of a site by chance do, by layer.
LAYERS = {"dns": ["block", "block", "allow", "override", "safesearch"], "l4": ["block", "block", "allow", "l4_override"],
          "http": ["block", "block", "allow", "off", "isolate", "noscan", "quarantine", "on"], "dns_resolver": ["resolve"]}


class CloudflareGatewayRig(TwinRig):
    name = "cloudflare_gateway"
    live, stageable = True, False

    def __init__(self, folder, voice=False, **options):
        super().__init__(folder)
        self.twin = CloudflareGateway(**options)
        self.never_above: tuple = ()
        #: Whether the site has rules of which the twin cannot tell what they do. Then it is not known what becomes of a host.
        self.by_dice = False
        if voice:
            self.media = MEDIA
            self.twin.add_rule("No UDP", "l4", "block", 'net.protocol == "udp"', 3100)

    def secrets(self):
        return [self.twin.token]

    def adapter(self, audience=(MEMBER,), timeout=120, token=None, account=None, **changes):
        account = account or self.twin.account
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        settings = Settings(**dict({"groups": tuple(GROUPS[who] for who in audience), "never_above": self.never_above}, **changes))
        return CloudflareGatewayAdapter(settings, Api(self.transport, account, token or self.twin.token), account, self.transport)

    def decide(self, who, host):
        try:
            return super().decide(who, host)
        except NotImplementedError:
            if not self.by_dice:
                raise
            return "unknown", None

    def given(self, name, layer, action, traffic, precedence, columns=None, **more):
        """A rule of the site. ``columns``: with nested ones as ``parent.child``, any that the vendor or next year has."""
        key = self.twin.add_rule(name, layer, action, traffic, precedence, **more)
        self.twin.edit(self.twin.rules[key], **nested(columns or {}))
        return key

    def natives(self, pattern):
        return {pattern.lstrip("*.")}

    def force(self):
        """Everything is live at once."""

    def drop_member(self):
        del self.twin.values("ChatGPT allow")["openai.com"]

    def change_field(self):
        self.twin.edit(self.twin.rule("ChatGPT allow", "dns"), identity="")

    def shuffle(self):
        self.twin.edit(self.twin.rule("ChatGPT allow", "dns"), precedence=90000)

    def add_foreign_member(self, host):
        self.twin.values("ChatGPT allow")[host] = {"value": host, "created_at": "2026-07-02T08:00:00Z"}

    def foreign_members(self):
        try:
            return set(self.twin.values("ChatGPT allow"))
        except StopIteration:
            return set()

    def unmarked_object(self):
        self.twin.add_list("ChatGPT allow", ["foreign.example"])

    def block_early(self):
        feed = self.twin.add_list("Feed", ["chatgpt.com", "claude.ai"])
        self.twin.add_rule("threats", "dns", "block", "any(dns.domains[*] in $%s)" % feed, 500)
        self.never_above = ("threats",)

    def scan(self):
        # The account scans uploads and downloads for malware.
        return "av"

    def mystify(self, what):
        layer, action, columns = {"column": ("dns", "block", {NEXT_YEAR: ["x"]}), "action": ("dns", "block", {"action": "of_next_year"}),
                                  "layer": ("dns", "block", {"filters": ["layer_of_next_year"]}), "inspection": ("http", "on", {NEXT_YEAR: ["x"]})}[what]
        self.given("Odd", layer, action, 'any(%s in {"chatgpt.com"})' % ("dns.domains[*]" if layer == "dns" else "http.conn.domains[*]"), 1, columns)
        return "Odd"

    def quarantine(self, above):
        self.twin.add_rule("Quarantine", "dns", "block", "", 1200 if above else 1700, identity='identity.email == "alice@example.com"')
        return "Quarantine"

    def lift(self):
        self.twin.edit(self.twin.rule("ChatGPT allow", "dns"), precedence=1)
        return True

    def left_open(self):
        # A token is neither a session nor a lock.
        return []

    def deck(self):
        # What a rule is about, whom, and where it is asked is rolled by itself.
        columns = {**{name: fact for name, fact in COLUMNS["rule"]["match"].items() if name not in ("filters", "traffic", "identity", "device_posture")},
                   NEXT_YEAR: {"limit": ["x"], "none": [[], {}, None, False, ""]}}
        selectors = [(layer, "selector", test) for layer, kinds in COLUMNS["selectors"].items() for tests in kinds.values() for test in tests.values()]
        return [*selectors, *((layer, "selector", "http.conn.next_year == 1" if layer == "http" else "next.year == 1") for layer in LAYERS),
                *(("rule", name, value) for name, fact in columns.items() for value in [fact["limit"], *fact.get("none", ())])]

    def by_chance(self, dice, hand) -> list:
        said = []
        self.by_dice = True

        def one_of(*values):
            return dice.choice(values)

        feed = self.twin.add_list("Feed", dice.sample(["chatgpt.com", "ab.chatgpt.com", "api.openai.com", "js.stripe.com", "claude.ai"], 2),
                                  kind=one_of("DOMAIN", "DOMAIN", "DOMAIN", "DEVICE"))
        said.append(list(self.twin.values("Feed")))
        # Some at the top, some anywhere.
        places = dice.sample(range(1, 180), 16) + dice.sample(range(200, 9000), 16)
        dice.shuffle(places)
        limited = hand.of("rule")
        for layer, actions in LAYERS.items():
            # One that is limited by a column, or by a selector, beside those that are not.
            rules = hand.of(layer, dice.randint(0, 4 if layer != "dns_resolver" else 1))
            rules += [{"column": limited.pop()} for _number in range(len(limited)) if dice.random() < .4 or layer == "dns_resolver"]
            for number, more in enumerate(rules):
                action = dice.choice([one for one in actions if one != "off" or _of_handshake(more.get("selector", ""))])
                rule = {"name": "site %s %d" % (layer, number), "layer": layer, "action": action,
                        "traffic": self._traffic(dice, layer, action, feed, more.get("selector")),
                        "precedence": places.pop() * 11, "enabled": dice.random() < .85,
                        "identity": one_of("", "", "any(identity.groups.name[*] in {\"AI users\"})", "any(identity.groups.name[*] in {\"Staff\"})",
                                           "identity.email == \"somebody@example.com\"", "not any(identity.groups.name[*] in {\"AI users\"})"),
                        "columns": more.get("column", {})}
                said.append(rule)
                self.given(**rule)
        return said

    @staticmethod
    def _traffic(dice, layer: str, action: str, feed: str, selector: str | None) -> str:
        """An expression about names, with ``selector`` or without."""
        names = {"dns": ("dns.fqdn", "dns.domains[*]"), "l4": ("net.sni.host", "net.sni.domains[*]"), "http": ("http.request.host", "http.request.domains[*]"),
                 "off": ("http.conn.hostname", "http.conn.domains[*]"), "dns_resolver": ("dns.fqdn", "dns.domains[*]")}
        host, domains = names["off" if action == "off" else layer]
        text = dice.choice([
            "any(%s in $%s)" % (domains, feed), "%s == \"chatgpt.com\"" % host, "any(%s in {\"openai.com\" \"other.example\"})" % domains,
            "not any(%s in {\"example.com\"})" % domains, "%s in {\"js.stripe.com\" \"claude.ai\"}" % host,
            "any(%s in {\"chatgpt.com\"}) and not %s == \"ab.chatgpt.com\"" % (domains, host), "%s matches \"(^|[.])gpt[.]com$\"" % host,
            "%s matches \"^(\\w+\\.)?chatgpt\\.com$\"" % host, "%s matches \"^[a-h].*\\.(openai|chatgpt)\\.com$\"" % host,
            "any(%s != \"com\")" % domains, "any(%s not in {\"openai.com\"})" % domains])
        if selector is None and layer == "l4" and dice.random() < .2:
            selector = dice.choice(["net.dst.port == 443", "net.dst.port == 22"])
        return "%s %s %s" % (text, dice.choice(["and", "and not", "or"]), selector) if selector else text


def _of_handshake(selector: str) -> bool:
    """Whether a rule that leaves a connection alone may ask for it."""
    return not selector or selector.startswith(("http.conn", "any(http.conn", "net."))


def nested(columns: dict) -> dict:
    """Columns ``parent.child`` as the API has them."""
    found: dict = {}
    for name, value in columns.items():
        parent, dot, child = name.partition(".")
        if dot:
            found.setdefault(parent, {}).update(nested({child: value}))
        else:
            found[name] = value
    return found


#: Each takes a folder and is put through the whole suite.
RIGS = {
    "cloudflare_gateway": CloudflareGatewayRig,
    "cloudflare_gateway-voice": lambda folder: CloudflareGatewayRig(folder, voice=True),
}
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("cloudflare_gateway",)
