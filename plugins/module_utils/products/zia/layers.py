# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ZIA says people, hosts and effects: its rulebases as Layers, for one audience. Pure.

A connection meets DNS control, Cloud Firewall, SSL inspection, the denylists, Cloud App Control and URL Filtering; each is evaluated from the top, the first
match decides, and what one of them blocks stays blocked (help pages "About Policy Enforcement", "About Cloud App Control", "About URL Filtering").
How criteria of the same kind combine, say users with groups, or addresses with categories, is not published. So what is sure holds in either reading.
"""
from __future__ import annotations

from functools import cached_property
from typing import AbstractSet, Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import columns as schemas, voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import (
    APP_RULE, CATEGORY, COLUMNS, DNS_RULE, FIREWALL_RULE, RULE_PATHS, SSL_RULE, URL_RULE, Settings, Site, flat, in_order, perhaps, rule_fields,
    split_entry, wire,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import is_private
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, UNKNOWN, Hits, Layer, held, share,
)

_SCHEMAS = {URL_RULE: schemas.URL, SSL_RULE: schemas.SSL, APP_RULE: schemas.APP, FIREWALL_RULE: schemas.FIREWALL, DNS_RULE: schemas.DNS}
#: Words in the names of built-in categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = (
    "ADULT", "ALCOHOL", "BOTNET", "COPYRIGHT", "CULT", "DINING", "DRUGS", "GAMBLING", "GAMES", "HEALTH", "JOB_SEARCH", "LINGERIE", "MALWARE", "MARIJUANA",
    "MILIT", "NUDITY", "P2P", "PHISHING", "POLITICS", "PORN", "PROFANITY", "REAL_ESTATE", "RELIGION", "SEX", "SPORTS", "SPYWARE", "TASTELESS", "TRAVEL",
    "VEHICLES", "VIOLENCE", "WEAPONS")
#: Protocols of a URL rule by which ChatGPT comes. A rule that blocks the first blocks ChatGPT; a rule that allows it has to allow all.
_HTTPS, _WEB = "HTTPS_RULE", frozenset(("HTTPS_RULE", "SSL_RULE", "TUNNELSSL_RULE", "WEBSOCKETSSL_RULE"))
_OTHER_PROTOCOLS = frozenset(("HTTP_RULE", "FTP_RULE", "FOHTTP_RULE", "HTTP_PROXY", "WEBSOCKET_RULE", "DOHTTPS_RULE", "TCP_RULE", "UDP_RULE",
                              "SMRULEF_ZPA_BROKERS_RULE"))
#: Stands for any cloud application of OpenAI whose id is not known.
OTHER_APP = "(other)"
_URL_EFFECTS = {"ALLOW": ALLOW, "BLOCK": DENY, "CAUTION": DENY, "ISOLATE": DENY}
_FIREWALL_EFFECTS = {"ALLOW": ALLOW, "BLOCK_DROP": DENY, "BLOCK_RESET": DENY, "BLOCK_ICMP": DENY}
#: A redirected question may be answered by anyone; a redirected answer is another one.
_DNS_EFFECTS = {"ALLOW": ALLOW, "BLOCK": DENY, "BLOCK_WITH_RESPONSE": DENY, "REDIR_RES": DENY}


def _either(parts: Iterable[Hits], wanted: AbstractSet) -> Hits:
    """What criteria are about of which all have to hold, or one: nobody says. Without any they are about everything."""
    parts = list(parts) or [Hits(frozenset(wanted))]
    sure = frozenset.intersection(*(part.sure for part in parts))
    return Hits(sure, frozenset().union(*(part.all for part in parts)) - sure)


def entry_hits(entries: Iterable[str], wanted: AbstractSet) -> Hits:
    """What URL entries are about; one with a path is about a part of its host, and one that is not understood may be about what it fits."""
    found = [(entry, *split_entry(entry)) for entry in entries]
    whole, part = (held((pattern for _entry, pattern, all_of_it in found if all_of_it == which), wanted) for which in (True, False))
    odd = frozenset().union(*(perhaps(entry, wanted) for entry, pattern, _all in found if pattern is None))
    return Hits(whole.sure, (whole.may | part.all | odd) - whole.sure)


def _destination(entry: str) -> Pattern | None:
    """The Pattern of a name in the tables of firewall and DNS; None for an address."""
    return parse_if("*" + entry if entry.startswith(".") else entry)


class Layers:
    """The rulebases as they are in a State."""

    def __init__(self, settings: Settings, site: Site, state: State):
        self._audience = {column: frozenset(names) for column, names in settings.audience}
        self._site, self._state = site, state
        self._names = {row["id"]: row.get("configuredName") or row["id"] for row in site.categories}
        #: What categories hold is asked again and again, and they may hold thousands of entries.
        self._categories_read: dict = {}
        self._hits: dict = {}
        self._groups_by_id, self._services = ({row["id"]: row for row in reversed(rows)} for rows in (site.destinations, site.services))

    # -- the rulebases; of each one Layer, which keeps what it finds out

    @cached_property
    def url(self) -> Layer:
        return self._layer(URL_RULE, self._by_url, lambda columns: _URL_EFFECTS.get(columns.get("action"), UNKNOWN))

    @cached_property
    def inspection(self) -> Layer:
        """DENY stands for everything but leaving the hosts encrypted."""
        effects = {"DO_NOT_DECRYPT": ALLOW, "DECRYPT": DENY, "BLOCK": DENY}
        return self._layer(SSL_RULE, self._by_ssl, lambda columns: effects.get(columns.get("action.type"), UNKNOWN), UNKNOWN)

    def ssl_blocks(self) -> Layer:
        """The same rules, by whether they block: also a rule that allows blocks connections without a name or that cannot be decrypted, if it is set to."""
        def effect(columns: Columns) -> str:
            action = columns.get("action.type")
            # All of them are read, also behind the first that blocks.
            shutting = [columns.get(column) for column in schemas.SHUTTING]
            odd = any(column.startswith("action.") for column in columns.unread())
            if action not in ("DO_NOT_DECRYPT", "DECRYPT") or odd or any(shutting):
                return DENY if action == "BLOCK" else UNKNOWN
            return ALLOW
        return self._layer(SSL_RULE, self._by_ssl, effect)

    @cached_property
    def apps(self) -> Layer:
        """Asked for ids of applications in place of patterns, each by itself."""
        return self._layer(APP_RULE, self._by_application, _app_effect)

    def firewall(self) -> Layer:
        def hosts(rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
            return self._by_destination(rule, columns, wanted, self._destinations, self._categories).capped(self._served(rule, columns, "tcp", (443,)))
        return self._layer(FIREWALL_RULE, hosts, lambda columns: _FIREWALL_EFFECTS.get(columns.get("action"), UNKNOWN))

    def voice(self, media: Media) -> Layer:
        """Asked for the Media in place of patterns."""
        def addresses(entries: Iterable[str], wanted: AbstractSet) -> Hits:
            return Hits(frozenset(wanted)).capped(voice.meets(entries, media))

        def hosts(rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
            found = self._by_destination(rule, columns, wanted, addresses, lambda names, wanted: Hits(may=frozenset(wanted)))
            return found.capped(self._served(rule, columns, media.protocol, media.ports))
        return self._layer(FIREWALL_RULE, hosts, lambda columns: _FIREWALL_EFFECTS.get(columns.get("action"), UNKNOWN))

    def dns(self) -> Layer:
        def addresses(entries: Iterable[str], wanted: AbstractSet) -> Hits:
            # An address is that of the server that is asked.
            return self._destinations(entries, wanted) if all(map(_destination, entries)) else Hits(may=frozenset(wanted))

        def hosts(rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
            found = self._by_destination(rule, columns, wanted, addresses, self._categories)
            by_app = any(rule.native.get(column) for column in ("applications", "applicationGroups"))
            return Hits(may=frozenset(wanted)) if by_app else found
        rules = [Object(Ref(DNS_RULE, rule["name"]), rule_fields(DNS_RULE, rule, self._site), native=rule) for rule in in_order(self._site.dns)
                 # Recorded: behind the default rule stands one for what comes to the port of DNS and is none.
                 if rule.get("state") != "DISABLED" and not (rule.get("defaultRule") and rule["order"] < -1)]
        return self._layer(DNS_RULE, hosts, lambda columns: _DNS_EFFECTS.get(columns.get("action"), UNKNOWN), rules=rules)

    def _layer(self, kind: str, hosts: Callable, effect: Callable, default: str = ALLOW, rules: Iterable | None = None) -> Layer:
        kept: dict = {}

        def columns(rule: Object) -> Columns:
            if id(rule) not in kept:
                kept[id(rule)] = rule, Columns(_SCHEMAS[kind], flat(rule))
            return kept[id(rule)][1]

        def reach(rule: Object, wanted: AbstractSet) -> Hits:
            found = hosts(rule, columns(rule), wanted)
            return Hits(may=frozenset(wanted)) if _one_click(rule) else found
        if rules is None:
            rules = [rule for rule in map(self._state.objects.get, self._state.rules.get(RULE_PATHS[kind], ())) if rule.fields["state"] != "DISABLED"]
        return Layer(rules, lambda rule: self._people(rule, columns(rule)), reach, lambda rule: effect(columns(rule)), columns, default)

    def why(self, layer: Layer, rule: Object) -> tuple:
        """Why nobody can tell what a rule does, in words."""
        unread = sorted({doubt for column in ("urlCategories", "urlCategories2", "destIpCategories", "resCategories")
                         for name in rule.native.get(column) or () if name != "ANY" for doubt in self._category(name)[1]})
        people = ["it applies to %s: %s" % (wire(column), ", ".join(rule.fields[column])) for column in COLUMNS if rule.fields.get(column)]
        return (*people, *layer.doubts(rule), *unread, *(["it has no position in the order"] if _unplaced(rule) else []),
                *(["its state is not understood"] if _in_doubt(rule) else []), *(["its criteria are not listed"] if _one_click(rule) else []))

    # -- people

    def _people(self, rule: Object, columns: Columns) -> int:
        """People are users, groups and departments; places are locations and their groups."""
        who, where = ([(self._audience.get(column, frozenset()), frozenset(columns.get(wire(column), ()))) for column in names]
                      for names in (("users", "groups", "departments"), ("locations", "location_groups")))
        (ours, theirs), (our_groups, their_groups) = where
        apart = ours and theirs and not ours & theirs and not our_groups | their_groups
        return NO if apart else min(_named(who), _named(where), MAY if _unplaced(rule) or _in_doubt(rule) else SURE)

    # -- hosts

    def _by_url(self, rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
        found, second = (self._categories(columns.get(column, ()), wanted) for column in ("urlCategories", "urlCategories2"))
        found = found.both(second)
        protocols = frozenset(columns.get("protocols", _WEB))
        needed = _WEB if columns.get("action") == "ALLOW" else {_HTTPS}
        return found.capped(SURE if needed <= protocols else NO if protocols <= _OTHER_PROTOCOLS else MAY)

    def _by_ssl(self, rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
        categories, apps = columns.get("urlCategories", ()), columns.get("cloudApplications", ())
        parts = [self._categories(categories, wanted)] if categories else []
        if apps:
            parts.append(Hits() if schemas.FOREIGN_APPS.issuperset(apps) else Hits(may=frozenset(wanted)))
        return _either(parts, wanted)

    @staticmethod
    def _by_application(rule: Object, columns: Columns, wanted: AbstractSet) -> Hits:
        names = frozenset(columns.get("applications", ()))
        unknown = {OTHER_APP} if names - schemas.OPENAI_APPS - schemas.FOREIGN_APPS else set()
        return Hits(frozenset(wanted) & names, frozenset(wanted) & unknown) if names else Hits(frozenset(wanted))

    def _by_destination(self, rule: Object, columns: Columns, wanted: AbstractSet, addresses: Callable, categories: Callable) -> Hits:
        parts = [addresses(columns.get("destAddresses"), wanted)] if columns.get("destAddresses") else []
        if columns.get("destIpGroups"):
            parts.append(self._groups([row["id"] for row in columns.get("destIpGroups")], wanted, addresses))
        for column in ("destIpCategories", *(["resCategories"] if rule.ref.kind == DNS_RULE else [])):
            if columns.get(column):
                parts.append(categories(columns.get(column), wanted))
        if any(rule.native.get(column) for column in ("destCountries", "destIpv6Groups")):
            # In which country or group the addresses of a host are changes by the day. These columns stay unread.
            parts.append(Hits(may=frozenset(wanted)))
        return _either(parts, wanted)

    def _categories(self, names: Iterable[str], wanted: AbstractSet) -> Hits:
        """What a list of URL categories is about; an empty one is about everything."""
        if not names:
            return Hits(frozenset(wanted))
        sure, may, wanted = set(), set(), frozenset(wanted)
        for name in names:
            entries, doubts = self._category(name)
            if (name, wanted) not in self._hits:
                self._hits[name, wanted] = entry_hits(entries, wanted)
            sure |= self._hits[name, wanted].sure
            may |= wanted if doubts else self._hits[name, wanted].may
        return Hits(frozenset(sure), frozenset(may - sure))

    def _category(self, name: str) -> tuple:
        """(the entries of a category, why it may hold more). What a built-in one holds beside the tenant's own entries, the vendor alone knows."""
        name = self._names.get(name, name)
        if name not in self._categories_read:
            self._categories_read[name] = self._read_category(name)
        return self._categories_read[name]

    def _read_category(self, name: str) -> tuple:
        obj, row = self._state.objects.get(Ref(CATEGORY, name)), self._site.category(name) or {}
        if obj is None and row.get("customCategory"):
            # Ours, and retired.
            return frozenset(), ()
        columns = Columns(schemas.CATEGORY, row)
        lists = obj.members.values() if obj is not None else (columns.get("urls", ()), columns.get("dbCategorizedUrls", ()))
        doubts = ["column %s of URL category %s is not understood" % (column, name) for column in columns.unread()
                  if column not in ("urls", "dbCategorizedUrls")]
        if obj is None and not any(word in name for word in _UNRELATED):
            doubts.append("it is unknown which hosts URL category %s contains" % name)
        return frozenset().union(*lists), tuple(doubts)

    @staticmethod
    def _destinations(entries: Iterable[str], wanted: AbstractSet) -> Hits:
        """What addresses of a firewall or DNS rule are about. Which networks a host is in changes by the day, but none of them is a private one."""
        names, anywhere = [], False
        for entry in entries:
            pattern = _destination(entry)
            if pattern is not None:
                names.append(pattern)
                continue
            anywhere = anywhere or not is_private(entry)
        found = held(names, wanted)
        return Hits(found.sure, frozenset(wanted) - found.sure) if anywhere else found

    def _groups(self, ids: Iterable, wanted: AbstractSet, addresses: Callable) -> Hits:
        sure, may = set(), set()
        for number in ids:
            row = self._groups_by_id.get(number)
            columns = Columns(schemas.DESTINATIONS, row or {})
            # A read shows the addresses twice.
            found = addresses([*columns.get("addresses", ()), *columns.get("ipAddresses", ())], wanted)
            sure |= found.sure
            may |= frozenset(wanted) if row is None or columns.unread() else found.may
        return Hits(frozenset(sure), frozenset(may - sure))

    def _served(self, rule: Object, columns: Columns, protocol: str, ports: tuple) -> int:
        """Whether a firewall rule is about packets to these ports. A service that was not read, or that names no port, may be."""
        levels = []
        for row in columns.get("nwServices", ()):
            service = Columns(schemas.SERVICE, self._services.get(row["id"], {}))
            spans = {"tcp": service.get("destTcpPorts", ()), "udp": service.get("destUdpPorts", ())}
            level = share(any(span["start"] <= port <= (span.get("end") or span["start"]) for span in spans[protocol]) for port in ports)
            if not any(spans.values()):
                every = schemas.EVERY_PORT.get(service.get("tag"))
                level = MAY if every is None else SURE if every == protocol else NO
            levels.append(MAY if service.unread() else level)
        more = any(rule.native.get(column) for column in ("nwServiceGroups", "nwApplications", "nwApplicationGroups", "appServices", "appServiceGroups"))
        return MAY if more else max(levels, default=SURE)


def shutting(layer: Layer, wanted: Iterable) -> list:
    """The existing rules that block any of what is wanted, or may."""
    return [rule for rule in layer.shutting(wanted) if not rule.ours]


def adding_headers(layer: Layer, wanted: Iterable[Pattern]) -> list:
    """Existing URL filtering rules that allow any of the hosts and add headers, which may keep people in their company's workspace."""
    wanted = frozenset(wanted)
    return [rule for rule in layer.rules if not rule.ours and rule.native.get("httpHeaderActionProfiles") and layer.effect(rule) == ALLOW
            and layer.reach(rule, wanted).all]


def _named(pairs: list) -> int:
    """How far columns that add up or narrow each other are about ours: SURE where they are empty, or filled where ours are and hold them."""
    if not any(theirs for _ours, theirs in pairs):
        return SURE
    return SURE if all(bool(ours) == bool(theirs) and ours <= theirs for ours, theirs in pairs) else MAY


def _unplaced(rule: Object) -> bool:
    """Rules with an order below 1 are kept and cannot be deleted; whether they are asked is not known. The default rule has -1."""
    return rule.native.get("order", 1) < 1 and not rule.native.get("defaultRule")


def _in_doubt(rule: Object) -> bool:
    """Whether nobody can tell if a rule is enabled."""
    return rule.fields["state"] not in ("ENABLED", "DISABLED")


def _one_click(rule: Object) -> bool:
    """A rule of the vendor without any criterion that is listed is about something, and not about everything."""
    native = rule.native
    return bool(native.get("predefined")) and not native.get("defaultRule") and not Columns(_SCHEMAS[rule.ref.kind], flat(rule)).unread()


def _app_effect(columns: Columns) -> str:
    """What is denied inside of an application, such as chat or upload, is a part of what is wanted."""
    actions = columns.get("actions", ())
    if any(action.startswith(("DENY_", "BLOCK_", "CAUTION_", "ISOLATE_")) and action.endswith("_WEB_USE") for action in actions):
        return DENY
    whole = any(action.endswith("_WEB_USE") for action in actions)
    return ALLOW if whole and all(action.startswith("ALLOW_") for action in actions) else UNKNOWN
