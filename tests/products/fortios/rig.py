# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of FortiOS under the contract, with a URL filter of our own ("category") and in one of the site ("rows")."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.adapter import FortiosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.lists import FIRST_ROW
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import HOSTS, MEDIA, MEMBER, TwinRig
from tests.products.fortios.twin import AI, ROW_DEFAULTS, FortiOS
from tests.products.panos.rig import QuickClock

POLICIES = {MEMBER: "members"}


class FortiosRig(TwinRig):
    name = "fortios"
    live = True
    tells_of_people = False
    tells = True
    release = r"FortiOS 7\.4\.9"

    def may_only_read(self):
        self.twin.profile.update(fwgrp="read", utmgrp="read")
        return True

    def __init__(self, folder, site="category", voice=False, proxy=False, **options):
        super().__init__(folder)
        self.twin = FortiOS(site=site, **options)
        self.by = "local_category" if proxy else "wildcard_fqdn"
        if proxy:
            for policy in self.twin.rows("firewall/policy"):
                policy["inspection-mode"] = "proxy"
            # Everything lives at one address, as behind a content delivery network.
            self.twin.knobs.addresses.update({host: "198.51.100.1" for host in HOSTS})
            self.twin.rows("webfilter/ftgd-local-cat").append({"desc": "company", "id": 140, "status": "enable"})
        if voice:
            self.media, self.tells_of_people = MEDIA, True
            self.deny_udp("no-udp", 1)
        self.own = site == "category"
        self.adoptable, self.ordered = self.own, not self.own
        self.table = "chatgpt" if self.own else "members-urls"

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return Settings(**dict({"policies": tuple(POLICIES[who] for who in audience), "media": bool(self.media), "exempt_by": self.by}, **changes))

    def deny_udp(self, name, at, **columns):
        """A policy of the site that lets no UDP out, at that place."""
        any_ = [{"name": "all"}]
        self.twin.rows("firewall/policy").insert(at, self.twin._filled("firewall/policy", dict({
            "policyid": 100 + at, "name": name, "action": "deny", "srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}], "srcaddr": any_, "dstaddr": any_,
            "service": [{"name": "ALL_UDP"}]}, **columns)))

    def adapter(self, audience=(MEMBER,), timeout=60, token=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        return FortiosAdapter(self.settings(audience, **changes), Api(self.transport, token or self.twin.token), self.transport)

    def natives(self, pattern):
        return {pattern} if not pattern.startswith(".") else {pattern[1:], "*" + pattern}

    def force(self):
        """Everything is live at once."""

    def entries(self):
        self.twin.touch("webfilter/urlfilter")
        return self.twin.row("webfilter/urlfilter", self.table)["entries"]

    def drop_member(self):
        rows = self.entries()
        rows.remove(next(row for row in rows if row["url"] == "*.openai.com" and row["action"] == "exempt"))

    def change_field(self):
        for row in self.entries():
            if row["id"] >= FIRST_ROW:
                row["exempt"] = "av fortiguard"

    def shuffle(self):
        self.entries().sort(key=lambda row: row["action"] == "exempt" and row["id"] >= FIRST_ROW)

    def add_foreign_member(self, host):
        rows = self.entries()
        last = max(at for at, row in enumerate(rows) if row["id"] >= FIRST_ROW)
        rows.insert(last + 1, {"id": max(row["id"] for row in rows) + 1, "url": host, "type": "wildcard", "action": "exempt", "status": "enable",
                               "exempt": "fortiguard"})

    def foreign_members(self):
        tables = [row for row in self.twin.rows("webfilter/urlfilter") if row["name"] == self.table]
        return {row["url"] for table in tables for row in table["entries"]}

    def unmarked_object(self):
        entry = {"id": 1, "url": "foreign.example", "type": "wildcard", "action": "exempt", "status": "enable", "exempt": "fortiguard"}
        self.twin.rows("webfilter/urlfilter").append(self.twin._filled("webfilter/urlfilter", {"id": 5, "name": "chatgpt", "entries": [entry]}))

    def block_early(self):
        self.twin.touch("dnsfilter/domain-filter")
        self.twin.row("dnsfilter/domain-filter", "members-dns")["entries"] += [
            {"id": number, "domain": domain, "type": "wildcard", "action": "block", "status": "enable"}
            for number, domain in ((1, "*chatgpt.com"),)]

    def scan(self):
        # The policy of the members has an antivirus profile.
        return "av"

    def quarantine(self, above):
        if not above:
            # Rows of a web filter name no people, and an allowing policy of ours is for voice alone.
            return None
        self.twin.rows("firewall/address").append(self.twin._filled("firewall/address", {
            "name": "sick", "type": "ipmask", "subnet": "192.0.2.10 255.255.255.255"}))
        any_ = [{"name": "all"}]
        self.twin.rows("firewall/policy").insert(0, self.twin._filled("firewall/policy", {
            "policyid": 150, "name": "Quarantine", "action": "deny", "srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}],
            "srcaddr": [{"name": "sick"}], "dstaddr": any_, "service": [{"name": "ALL"}]}))
        self.twin.touch("firewall/policy")
        return "Quarantine"

    def lift(self):
        # A web filter has no rules of people.
        return False

    def left_open(self):
        # A token is neither a session nor a lock.
        return []

    def by_chance(self, dice) -> list:
        twin, said = self.twin, []

        def some(words, most=3) -> list:
            return dice.sample(words, dice.randint(0, most))

        names = ["chatgpt.com", "ab.chatgpt.com", "*.chatgpt.com", "*chatgpt.com", "*.openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "*.com"]
        if not self.own:
            rows = twin.row("webfilter/urlfilter", "members-urls")["entries"]
            for name in some(names):
                row = {"id": max([one["id"] for one in rows], default=0) + 1, "url": name, "type": "wildcard", "exempt": "av fortiguard",
                       "action": dice.choice(["block", "block", "allow", "monitor", "exempt"]), "status": dice.choice(["enable"] * 3 + ["disable"])}
                rows.insert(dice.randint(0, len(rows)), dict(ROW_DEFAULTS["webfilter/urlfilter"], **row))
                said.append(row)
            twin.touch("webfilter/urlfilter")
        profile = twin.row("webfilter/profile", "members")
        profile["feature-set"] = dice.choice(["flow", "proxy"])
        profile["ftgd-wf"]["filters"] = [{"id": 1, "category": AI, "action": dice.choice(["block", "warning", "monitor", "authenticate"])}]
        said.append(profile)
        twin.touch("webfilter/profile")
        entries = twin.row("dnsfilter/domain-filter", "members-dns")["entries"]
        for number, name in enumerate(some(names, 2), 1):
            entries.append({"id": number, "domain": name, "type": "wildcard", "action": dice.choice(["block", "allow", "monitor"]),
                            "status": dice.choice(["enable", "enable", "disable"])})
        said.append(entries)
        twin.touch("dnsfilter/domain-filter")
        for number in range(dice.randint(0, 2)):
            target = dice.choice(["all", "chatgpt.com", "js.stripe.com", "claude.ai"])
            if target != "all":
                twin.rows("firewall/address").append(twin._filled("firewall/address", {"name": "fqdn %d" % number, "type": "fqdn", "fqdn": target}))
            policy = twin._filled("firewall/policy", {
                "policyid": 200 + number, "name": "site %d" % number, "action": "deny", "srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}],
                "srcaddr": [{"name": "all"}], "dstaddr": [{"name": "all" if target == "all" else "fqdn %d" % number}],
                "groups": [{"name": dice.choice(["staff", "contractors"])}] if target == "all" or dice.random() < .5 else [],
                "service": [{"name": dice.choice(["ALL", "HTTPS", "DNS"])}], "status": dice.choice(["enable", "enable", "disable"])})
            twin.rows("firewall/policy").insert(dice.randint(0, len(twin.rows("firewall/policy"))), policy)
            said.append((target, policy))
        twin.touch("firewall/policy")
        return said


#: Each takes a folder and is put through the whole suite.
RIGS = {
    # A URL filter of our own, and rows of ours in one of the site.
    "fortios-own": FortiosRig,
    "fortios-site": lambda folder: FortiosRig(folder, site="rows"),
    "fortios-proxy": lambda folder: FortiosRig(folder, proxy=True),
    "fortios-voice": lambda folder: FortiosRig(folder, voice=True),
}
#: They send other requests than the first.
OTHER_PATHS = ("fortios-site",)
#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("fortios-own", "fortios-site")
