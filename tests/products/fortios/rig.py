# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of FortiOS under the contract, with a URL filter of our own ("category") and in one of the site ("rows")."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.adapter import FortiosAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import FIRST_ROW, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import HOSTS, MEDIA, MEMBER, TwinRig
from tests.products.fortios.facts import FACTS, UNKNOWN, limits, put
from tests.products.fortios.twin import AI, ROW_DEFAULTS, SIGNATURES, FortiOS
from tests.products.panos.rig import QuickClock

POLICIES = {MEMBER: "members"}
ALL = [{"name": "all"}]
#: Of a column that no schema has: what may limit, and what does not.
NEW = {"example": [{"name": "x"}], "free": ["", [], "disable", 0, "enable"]}
#: What a row or an entry is about.
BY_ITSELF = {"webfilter urlfilter row": ("url", "type"), "dnsfilter domain-filter row": ("domain", "type"), "firewall.service custom": ("protocol",)}


class FortiosRig(TwinRig):
    name = "fortios"
    live = True
    tells = True
    #: On a site by chance the twin may meet what it does not model: what then becomes of a host is neither allow nor block.
    chancy = False
    release = r"FortiOS 7\.4\.9"

    def secrets(self):
        return [self.twin.token]

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
            self.media = MEDIA
            self.deny_udp("no-udp", 1)
        self.own = site == "category"
        self.adoptable, self.ordered = self.own, not self.own
        self.table = "chatgpt" if self.own else "members-urls"

    def settings(self, audience=(MEMBER,), **changes) -> Settings:
        return Settings(**dict({"policies": tuple(POLICIES[who] for who in audience), "media": bool(self.media), "exempt_by": self.by}, **changes))

    def deny_udp(self, name, at, **columns):
        """A policy of the site that lets no UDP out, at that place."""
        self.deny(name, at, **dict({"policyid": 100 + at, "service": [{"name": "ALL_UDP"}]}, **columns))

    def adapter(self, audience=(MEMBER,), timeout=60, token=None, **changes):
        self.transport = Transport(Connection(self.twin.url, timeout=timeout), QuickClock())
        return FortiosAdapter(self.settings(audience, **changes), Api(self.transport, token or self.twin.token), self.transport)

    def decide(self, who, host):
        try:
            return super().decide(who, host)
        except NotImplementedError:
            if not self.chancy:
                raise
            return "cannot be told", None

    def deny(self, name="Deny all", at=0, **columns) -> dict:
        """A policy of the site that denies everything to everybody but for ``columns``, at that place."""
        policy = self.twin._filled("firewall/policy", dict({
            "policyid": 300 + len(self.twin.rows("firewall/policy")), "name": name, "action": "deny", "srcintf": [{"name": "lan"}],
            "dstintf": [{"name": "wan"}], "srcaddr": ALL, "dstaddr": ALL, "service": [{"name": "ALL"}]}, **columns))
        self.twin.rows("firewall/policy").insert(at, policy)
        self.twin.touch("firewall/policy")
        return policy

    def odd_objects(self) -> None:
        """An address and a service named x, of which nobody can tell what they hold."""
        twin = self.twin
        twin.rows("firewall/address").append(twin._filled("firewall/address", {"name": "x", "type": "geography", "country": "US"}))
        twin.rows("firewall.service/custom").append(twin._filled("firewall.service/custom", {"name": "x", "tcp-portrange": "443:1024-65535"}))

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

    def mystify(self, what):
        if what == "inspection":
            # A profile of inspection leaves alone what is on its list, whatever else is in it.
            return None
        if what == "layer":
            self.twin.row("webfilter/profile", "members")[UNKNOWN] = "enable"
            return "members"
        self.deny("Odd", **({UNKNOWN: [{"name": "x"}]} if what == "column" else {"action": "of-next-year"}))
        return "Odd"

    def quarantine(self, above):
        if not above:
            # Rows of a web filter name no people, and an allowing policy of ours is for voice alone.
            return None
        self.twin.rows("firewall/address").append(self.twin._filled("firewall/address", {
            "name": "sick", "type": "ipmask", "subnet": "192.0.2.10 255.255.255.255"}))
        self.deny("Quarantine", policyid=150, srcaddr=[{"name": "sick"}])
        return "Quarantine"

    def lift(self):
        # A web filter has no rules of people.
        return False

    def left_open(self):
        # A token is neither a session nor a lock.
        return []

    def deck(self):
        # What says where the traffic of a row goes is rolled by itself; a filter of our own holds no row of the site.
        cards = [(kind, column, value) for kind in FACTS for column, fact in {**limits(kind), UNKNOWN: NEW}.items()
                 for value in [*fact["free"], fact["example"]] if column not in BY_ITSELF.get(kind, ())]
        return [card for card in cards if not self.own or card[0] != "webfilter urlfilter row"]

    def by_chance(self, dice, hand) -> list:
        self.chancy = True
        self.odd_objects()
        return [*self._rows_by_chance(dice, hand), *self._profiles_by_chance(dice, hand), *self._policies_by_chance(dice, hand)]

    def _rows_by_chance(self, dice, hand) -> list:
        twin, said = self.twin, []
        names = ["chatgpt.com", "ab.chatgpt.com", "*.chatgpt.com", "*chatgpt.com", "*.openai.com", "api.openai.com", "js.stripe.com", "claude.ai", "*.com",
                 "ab*.com", "*.openai.*"]
        if not self.own:
            rows = twin.row("webfilter/urlfilter", "members-urls")["entries"]
            for more in hand.of("webfilter urlfilter row", dice.randint(0, 3)):
                row = {"id": max([one["id"] for one in rows], default=0) + 1, "url": dice.choice(names), "type": "wildcard",
                       "exempt": dice.choice(["av fortiguard", "av fortiguard", "av"]),
                       "action": dice.choice(["block", "block", "allow", "monitor", "exempt", "exempt"]), "status": dice.choice(["enable"] * 3 + ["disable"])}
                rows.insert(dice.randint(0, len(rows)), dict(ROW_DEFAULTS["webfilter/urlfilter"], **dict(row, **more)))
                said.append(rows)
            twin.touch("webfilter/urlfilter")
        entries = twin.row("dnsfilter/domain-filter", "members-dns")["entries"]
        for number, more in enumerate(hand.of("dnsfilter domain-filter row", dice.choice([0, 0, 0, 0, 1, 2])), 1):
            entries.append(dict({"id": number, "domain": dice.choice(names), "type": "wildcard", "action": dice.choice(["block", "allow", "monitor"]),
                                 "status": dice.choice(["enable", "enable", "disable"])}, **more))
        said.append(entries)
        twin.touch("dnsfilter/domain-filter")
        return said

    def _profiles_by_chance(self, dice, hand) -> list:
        twin = self.twin
        profile = twin.row("webfilter/profile", "members")
        profile["feature-set"] = dice.choice(["flow", "proxy"])
        profile["ftgd-wf"]["filters"] = [{"id": 1, "category": AI, "action": dice.choice(["block", "warning", "monitor", "authenticate"])}]
        dns = twin.row("dnsfilter/profile", "members")
        dns.update(dice.choice([{}] * 14 + [{"ftgd-dns": {"filters": [{"id": 1, "category": AI, "action": dice.choice(["block", "monitor"])}]}}]))
        for one in (profile, dns):
            for more in hand.of("webfilter profile" if one is profile else "dnsfilter profile"):
                put(one, *more.popitem())
        for row in dns.get("ftgd-dns", {}).get("filters", []):
            row.setdefault("category", AI)
        twin.touch("webfilter/profile")
        twin.touch("dnsfilter/profile")
        odd, limited = hand.of("application list"), hand.of("application list entry")
        if odd or limited or dice.random() < .15:
            entries = [dict({"id": number, "action": dice.choice(["pass", "pass", "block", "reset", "new"]),
                             "application": [{"id": dice.choice([*SIGNATURES, 1])}] * dice.randint(0, 1)}, **more)
                       for number, more in enumerate(limited + [{}] * dice.randint(0, 2))]
            apps = {"name": "apps", "entries": entries}
            for more in odd:
                put(apps, *more.popitem())
            twin.rows("application/list").append(apps)
            twin.row("firewall/policy", "members")["application-list"] = "apps"
        applications = [self._application(dice, number, *more.popitem()) for number, more in enumerate(hand.of("casb profile application"))]
        if applications:
            twin.rows("casb/profile").append({"name": "saas", "saas-application": applications})
            twin.row("firewall/policy", "members")["casb-profile"] = "saas"
        return [profile, dns, *twin.rows("application/list"), applications, twin.rows("casb/saas-application")]

    def _application(self, dice, number: int, column: str, value: object) -> dict:
        """One of a CASB profile; what it is about may not be known."""
        name, domain = "application %d" % number, dice.choice(["", "chatgpt.com", "*.openai.com", "claude.ai"])
        if domain:
            self.twin.rows("casb/saas-application").append({"name": name, "domains": [{"domain": domain}]})
        application = {"name": name, "status": dice.choice(["enable", "enable", "disable"])}
        put(application, column, value)
        return application

    def _policies_by_chance(self, dice, hand) -> list:
        twin, said = self.twin, []
        # Not who its people are: these are the audience.
        twin.row("firewall/policy", "members").update(dice.choice([{}] * 30 + [
            {"schedule": "nights"}, {"internet-service": "enable"}, {"dstaddr": [{"name": "x"}]}, {"service": [{"name": "DNS"}]}, {UNKNOWN: "enable"},
            {"status": "disable"}]))
        policies = hand.of("firewall policy", dice.choice([0, 0, 0, 1, 2]))
        # What an object is limited by, a policy that names it is.
        policies += [{"dstaddr": [{"name": self._odd(dice, "firewall/addrgrp", more)}]} for more in hand.of("firewall addrgrp")]
        for kind in ("firewall.service custom", "firewall.service group"):
            policies += [{"service": [{"name": self._odd(dice, kind.replace(" ", "/"), more)}]} for more in hand.of(kind)]
        for number, more in enumerate(policies):
            target = dice.choice(["all", "chatgpt.com", "js.stripe.com", "claude.ai"])
            if target != "all":
                twin.rows("firewall/address").append(twin._filled("firewall/address", {"name": "fqdn %d" % number, "type": "fqdn", "fqdn": target}))
            at = dice.randint(0, len(twin.rows("firewall/policy")))
            policy = self.deny("site %d" % number, at, **dict({
                "policyid": 200 + number, "dstaddr": [{"name": "all" if target == "all" else "fqdn %d" % number}],
                "groups": [{"name": dice.choice(["staff", "contractors"])}] if target == "all" or dice.random() < .5 else [],
                "service": [{"name": dice.choice(["ALL", "HTTPS", "DNS"])}], "status": dice.choice(["enable", "enable", "disable"]),
                "action": dice.choice(["deny"] * 5 + ["accept", "ipsec"])}, **more))
            said.append((target, at, policy))
        proxied = hand.of("firewall proxy-policy", dice.choice([0] * 12 + [1]))
        for number, more in enumerate(proxied):
            twin.row("firewall/policy", "members")["http-policy-redirect"] = "enable"
            twin.rows("firewall/proxy-policy").append(dict({
                "policyid": 1 + number, "name": "proxied %d" % number, "status": "enable", "proxy": "transparent-web", "srcaddr": ALL, "dstaddr": ALL,
                "action": dice.choice(["accept", "deny"])}, **more))
        if proxied:
            twin.rows("firewall/proxy-policy").append({"policyid": 100, "name": "web", "status": "enable", "proxy": "transparent-web", "srcaddr": ALL,
                                                       "dstaddr": ALL, "action": "accept"})
        twin.touch("firewall/policy")
        return [*said, twin.row("firewall/policy", "members"), twin.rows("firewall/proxy-policy")]

    def _odd(self, dice, table: str, more: dict) -> str:
        """An object about a host or about HTTPS, limited by ``more``."""
        held = {"firewall/addrgrp": {"member": [{"name": dice.choice(["all", "x"])}]}, "firewall.service/custom": {"tcp-portrange": dice.choice(["443", "22"])},
                "firewall.service/group": {"member": [{"name": dice.choice(["HTTPS", "DNS", "x"])}]}}
        name = "odd %d" % len(self.twin.rows(table))
        columns = dict(more) if set(more) & set(held[table]) else dict(held[table], **more)
        self.twin.rows(table).append(self.twin._filled(table, dict(columns, name=name)))
        return name


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
