# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PAN-OS firewall does with one TLS connection, by the configuration in force.

Rule order: pushed pre rules (shared, then device group from parent to child), local rules, pushed post rules (child to parent, shared).
Wildcards: "URL category exceptions" and "SSL decryption exclusion" pages; most severe action: knowledge base kA10g000000ClsmCAC.
"""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from tests.products.panos.twin import schema
from tests.products.panos.twin.tree import at, entries, members, text

SEPARATORS = "./?&=;+"
_TOKEN = "[^./?&=;+]+"
SEVERITY = ("block", "override", "continue", "alert", "allow")
DENIES = {"deny", "drop", "reset-client", "reset-server", "reset-both"}
#: Columns that a rule is matched by here, and those that have no say in it. Whatever else a rule has, nobody here can tell whether it matches.
MATCHED = {"from", "to", "source", "negate-source", "destination", "negate-destination", "source-user", "category", "service", "application", "rule-type",
           "type", "target"}
SILENT = {"action", "disabled", "description", "tag", "group-tag", "log-start", "log-end", "log-setting", "log-success", "log-fail", "profile-setting",
          "profile", "icmp-unreachable", "option", "qos", "disable-server-response-inspection", "disable-inspect", "packet-broker-profile",
          "forwarding-profile"}
#: Of a URL filtering profile: what shuts something by other means than its lists.
JUDGING = ("credential-enforcement", "cloud-inline-cat", "local-inline-cat", "mlav-engine-urlbased-enabled", "redirect")
#: What else there is in the objects that are judged here. Of one that has more nobody can tell what it holds.
SAID = {"custom-url-category": {"list", "type"}, "application-group": {"members"}, "address": {"fqdn", "ip-netmask", "ip-range"},
        "address-group": {"static"}, "service": {"protocol"},
        "url-filtering": {*SEVERITY, "action", "log-container-page-only", "http-header-insertion", "safe-search-enforcement", "enable-container-page",
                          "log-http-hdr-xff", "log-http-hdr-user-agent", "log-http-hdr-referer", "mlav-category-exception"}}
#: Rulebases that are not carried out here.
OTHER_RULEBASES = ("pbf", "application-override", "dos", "tunnel-inspect")


@dataclass
class Person:
    """A client: where its packets come from and whom User-ID takes it for."""

    address: str
    zone: str = "trust"
    user: str = ""
    groups: tuple = ()


@dataclass
class Session:
    person: Person
    host: str
    port: int
    to: str = "untrust"
    application: str = "ssl"
    protocol: str = "tcp"
    categories: list = field(default_factory=list)
    predefined: list = field(default_factory=list)


def url_matches(entry: str, url: str, append_end_token: bool) -> bool:
    """Does an entry of a URL list match ``url`` ("host/" or "host/path", without scheme and port)?"""
    entry, url = entry.strip().lower(), url.lower()
    if append_end_token and not entry.endswith(("/", "*")):
        entry += "/"
    out = ""
    for part in re.findall(r"[%s]|%s" % (re.escape(SEPARATORS), _TOKEN), entry):
        if part == "*":
            out += "%s(?:[%s]%s)*" % (_TOKEN, re.escape(SEPARATORS), _TOKEN)
        else:
            out += _TOKEN if part == "^" else re.escape(part)
    if not entry.endswith(tuple(SEPARATORS)):
        # The open end: whatever comes after the last token.  # guess: "example.com" does not match "example.community".
        out += r"(?=$|[%s])" % re.escape(SEPARATORS)
    return re.match(out, url) is not None


def excluded(pattern: str, host: str) -> bool:
    """SSL decryption exclusion list: each ``*`` is one label."""
    wanted, labels = pattern.lower().split("."), host.lower().rstrip(".").split(".")
    return len(wanted) == len(labels) and all(a in ("*", b) for a, b in zip(wanted, labels))


class Policy:
    """The configuration in force of one firewall: its own tree and what Panorama pushed to it (a part of Panorama's tree and a group)."""

    def __init__(self, knobs, running, pushed=None, group: str = "", vsys: str = "vsys1", serial: str = ""):
        self.knobs, self.serial = knobs, serial
        #: External lists of which nobody said what they hold.
        self.hidden: set = set()
        shared = running.find("shared")
        local = at(schema.device(running), "vsys", "[%s]" % vsys)
        above = schema.chain(pushed, group) if pushed is not None else []
        own = [node for node in (local, shared) if node is not None]
        self.lookup = own + above
        self.shared, self.local = shared, local
        layers = [(above[index:], "pre-rulebase") for index in reversed(range(len(above)))]
        layers += [(self.lookup, "rulebase")] if local is not None else []
        self.layers = layers + [(above[index:], "post-rulebase") for index in range(len(above))]

    def decide(self, person: Person, host: str, port: int) -> tuple:
        session, inspection, refused = self._session(person, host.lower().rstrip("."), port)
        return "block" if refused else self._security(session), inspection

    def verdict(self, person: Person, host: str, inspection: str) -> str:
        """"allow" or "block" of a session that is, or is not, decrypted."""
        return self._security(self._session(person, host, 443, inspection=inspection)[0])

    def _session(self, person: Person, host: str, port: int, path: str = "/", inspection: str = "") -> tuple:
        """(Session, "decrypt" or "tunnel", whether the certificate is refused). The path is seen where it is decrypted."""
        for lookup, base in self.layers:
            for name in OTHER_RULEBASES:
                if any(text(rule, "disabled") != "yes" for rule in entries(lookup[0], base, name, "rules")):
                    raise NotImplementedError("rules of the rulebase %s" % name)
        session = Session(person, host, port, self.knobs.outside_zone)
        session.categories, session.predefined = self.categories(host)
        inspection, refused = (inspection, False) if inspection else self._decryption(session)
        session.application = self.knobs.application_of(host) or ("web-browsing" if inspection == "decrypt" else "ssl")
        if inspection == "decrypt":
            session.categories, session.predefined = self.categories(host, path)
        if self.matching("authentication", session)[0] is not None:
            raise NotImplementedError("who signed in")
        return session, inspection, refused

    def page(self, person: Person, host: str, path: str) -> tuple:
        """("allow" or "block", headers that are inserted) for one page of a host."""
        session, inspection, _refused = self._session(person, host, 443, path)
        rule, lookup = self.matching("security", session)
        found = set()
        for profile in self._url_profiles(rule, lookup) if rule is not None and inspection == "decrypt" else []:
            for kind in [kind for one in entries(profile, "http-header-insertion") for kind in entries(one, "type")]:
                if any(url_matches(domain.rstrip("/") + "/", host + "/", True) for domain in members(kind, "domains")):
                    found |= {text(one, "header") for one in entries(kind, "headers")}
        return self._security(session), found

    def decide_packet(self, person: Person, address: str, port: int) -> str:
        """A UDP packet to an address: no name is seen in it, so it has no category, and it is not decrypted."""
        session = Session(person, address, port, self.knobs.outside_zone, "unknown-udp", "udp")
        rule, _lookup = self.matching("security", session)
        return "allow" if rule is not None and text(rule, "action", default="allow") == "allow" else "block"

    def categories(self, host: str, path: str = "/") -> tuple:
        """(custom categories and external lists, predefined categories) of a host."""
        out, url = [], host + path
        for scope in self.lookup:
            for entry in entries(scope, "profiles", "custom-url-category"):
                if entry.get("name") not in out and self._in_category(entry, url):
                    out.append(entry.get("name"))
        for scope in self.lookup:
            for entry in entries(scope, "external-list"):
                lines = self.knobs.edl.get(text(entry, "type", "url", "url"))
                if lines is None:
                    self.hidden.add(entry.get("name"))
                elif any(url_matches(line, url, self.knobs.end_token) for line in lines):
                    out.append(entry.get("name"))
        return out, self.knobs.predefined_of(host)

    def _in_category(self, entry, url: str) -> bool:
        if _strange("custom-url-category", entry):
            self.hidden.add(entry.get("name"))
            return False
        if text(entry, "type") == "Category Match":
            return set(members(entry, "list")) <= set(self.knobs.predefined_of(url.split("/")[0]))
        return any(url_matches(value, url, self.knobs.end_token) for value in members(entry, "list"))

    def rules(self, kind: str):
        """(rule, lookup) in the order in which the firewall asks them; disabled ones left out."""
        for lookup, base in self.layers:
            for rule in entries(lookup[0], base, kind, "rules"):
                if text(rule, "disabled") != "yes":
                    yield rule, lookup

    def matching(self, kind: str, session: Session):
        """The first rule that matches, with its lookup chain; (None, None) for none."""
        for rule, lookup in self.rules(kind):
            if self._matches(rule, kind, session, lookup):
                return rule, lookup
        return None, None

    def _matches(self, rule, kind, session: Session, lookup) -> bool:
        def listed(name, allowed):
            values = members(rule, name)
            return not values or "any" in values or bool(set(values) & set(allowed))

        person = session.person
        if text(rule, "rule-type", default="universal") == ("interzone" if person.zone == session.to else "intrazone"):
            return False
        if not listed("from", {person.zone}) or not listed("to", {session.to}):
            return False
        if not self._source(rule, person, lookup) or not self._destination(rule, session, lookup):
            return False
        who = {person.user, "known-user"} | set(person.groups) if person.user else {"unknown"}
        held = set(session.categories) | set(session.predefined)
        if not listed("source-user", who) or not listed("category", held | self.hidden):
            return False
        if not self._service(rule, session, lookup):
            return False
        if kind == "security" and not self._applies(members(rule, "application"), session.application, lookup):
            return False
        if kind == "decryption" and at(rule, "type", "ssl-forward-proxy") is None and rule.find("type") is not None:
            return False
        if not self._targeted(rule):
            return False
        if not listed("category", held):
            raise NotImplementedError("what the lists in the category of rule %s hold" % rule.get("name"))
        _refuse_unknown(rule)
        return True

    def _applies(self, names: list, application: str, lookup: list, seen: tuple = ()) -> bool:
        if not names or "any" in names or application in names:
            return True
        for name in names:
            group = next((node for node in (at(scope, "application-group", "[%s]" % name) for scope in lookup) if node is not None), None)
            if group is not None and _strange("application-group", group):
                raise NotImplementedError("what the application group %s holds" % name)
            if group is not None and name not in seen and self._applies(members(group, "members") or ["none"], application, lookup, seen + (name,)):
                return True
            for kind in ("application-filter", "application"):
                if any(at(scope, kind, "[%s]" % name) is not None for scope in lookup) and name not in self.knobs.filters:
                    raise NotImplementedError("what the %s %s holds" % (kind, name))
        return any(application in self.knobs.filters.get(name, ()) for name in names)

    def _targeted(self, rule) -> bool:
        """Whether Panorama pushes a rule to this firewall."""
        chosen = [entry.get("name") for entry in entries(rule, "target", "devices")]
        if members(rule, "target", "tags") or any(entries(entry, "vsys") for entry in entries(rule, "target", "devices")):
            raise NotImplementedError("a target by tags or vsys")
        return not chosen or (self.serial in chosen) != (text(rule, "target", "negate") == "yes")

    def _source(self, rule, person, lookup) -> bool:
        values = members(rule, "source")
        found = not values or "any" in values or any(_within(person.address, net) for value in values for net in _addresses(value, lookup))
        return found != (text(rule, "negate-source") == "yes")

    def _destination(self, rule, session, lookup) -> bool:
        values = members(rule, "destination")
        found = not values or "any" in values
        for value in values:
            for target in _addresses(value, lookup):
                found = found or target == session.host or _within(session.host, target) or _within(self.knobs.hosts.get(session.host, ""), target)
        return found != (text(rule, "negate-destination") == "yes")

    def _service(self, rule, session: Session, lookup) -> bool:
        values, port = _services(members(rule, "service"), lookup), session.port
        if not values or "any" in values:
            return True
        if session.protocol == "tcp":
            if port == 443 and {"application-default", "service-https"} & set(values):
                return True
            if "service-http" in values and port in (80, 8080):
                return True
        objects = [entry for scope in lookup for entry in entries(scope, "service") if entry.get("name") in values]
        found = [entry for entry in objects if _port_in(port, text(entry, "protocol", session.protocol, "port"))]
        if any(text(entry, "protocol", session.protocol, "source-port") or _strange("service", entry) for entry in found):
            raise NotImplementedError("a service by more than its port")
        return bool(found)

    def _agreed(self, kind: str, session: Session, outcome, otherwise):
        """The outcome of the first rule that matches; of those that may, all have to have the same. ``otherwise()``: where none does."""
        found, why = set(), None
        for rule, lookup in self.rules(kind):
            try:
                fits = self._matches(rule, kind, session, lookup)
            except NotImplementedError as doubt:
                fits, why = None, doubt
            if fits is not False:
                found.add(outcome(rule, lookup))
            if fits:
                break
        else:
            found.add(otherwise())
        if len(found) > 1:
            raise why
        return found.pop()

    def _security(self, session: Session) -> str:
        return self._agreed("security", session, lambda rule, lookup: self._verdict_of(rule, session, lookup), lambda: self._default(session))

    def _default(self, session: Session) -> str:
        name, action = ("intrazone-default", "allow") if session.person.zone == session.to else ("interzone-default", "block")
        found = [at(scope, base, "default-security-rules", "rules", "[%s]" % name) for scope in self.lookup for base in schema.BASES]
        rule = next((one for one in found if one is not None), None)
        return action if rule is None else self._verdict_of(rule, session, self.lookup)

    def _verdict_of(self, rule, session: Session, lookup: list) -> str:
        action = text(rule, "action", default="allow")
        if action != "allow" and action not in DENIES:
            raise NotImplementedError("action %s" % action)
        if action != "allow":
            return "block"
        for profile in self._url_profiles(rule, lookup):
            if self.profile_action(profile, session) in ("block", "override", "continue"):
                return "block"
        return "allow"

    @staticmethod
    def _url_profiles(rule, lookup) -> list:
        wanted = members(rule, "profile-setting", "profiles", "url-filtering")
        for name in members(rule, "profile-setting", "group"):
            group = next((at(scope, "profile-group", "[%s]" % name) for scope in lookup if at(scope, "profile-group", "[%s]" % name) is not None), None)
            if group is None:
                raise NotImplementedError("profile group %s" % name)
            wanted = wanted + members(group, "url-filtering")
        found = []
        for name in wanted:
            found += [node for node in (at(scope, "profiles", "url-filtering", "[%s]" % name) for scope in lookup) if node is not None][:1] or [None]
        for name, profile in zip(wanted, found):
            judging = [tag for tag in JUDGING if profile is not None and profile.find(tag) is not None and text(profile, tag) != "no"]
            judging += [child.tag for child in profile if _strange("url-filtering", [child]) and child.tag not in JUDGING] if profile is not None else []
            if profile is None or judging:
                raise NotImplementedError("URL filtering profile %s: %s" % (name, judging or "it is predefined"))
        return found

    def profile_action(self, profile, session: Session) -> str:
        """Custom categories and external lists first, the most severe among them; only then the predefined category."""
        if any(set(members(profile, action)) & self.hidden for action in SEVERITY):
            raise NotImplementedError("what the lists in URL filtering profile %s hold" % profile.get("name"))
        for names in (session.categories, session.predefined):
            for action in SEVERITY:
                if set(members(profile, action)) & set(names):
                    return action
            # guess: a custom category that the profile does not list leaves the decision to the predefined one.
        return "allow"

    def _decryption(self, session: Session) -> tuple:
        """("decrypt" or "tunnel", whether the certificate is refused)"""
        if self._is_excluded(session.host):
            return "tunnel", False
        return self._agreed("decryption", session, lambda rule, lookup: self._decrypts(rule, session, lookup), lambda: ("tunnel", False))

    def _decrypts(self, rule, session: Session, lookup: list) -> tuple:
        name, action = text(rule, "profile"), text(rule, "action", default="no-decrypt")
        profile = next((node for node in (at(scope, "profiles", "decryption", "[%s]" % name) for scope in lookup) if node is not None), None)
        if action not in ("no-decrypt", "decrypt", "decrypt-and-forward"):
            raise NotImplementedError("action %s" % action)
        if action != "no-decrypt":
            return "decrypt", False
        trusted_only = profile is not None and text(profile, "ssl-no-proxy", "block-untrusted-issuer") == "yes"
        return "tunnel", trusted_only and session.host in self.knobs.impostors

    def _is_excluded(self, host: str) -> bool:
        off = set()
        for scope in self.lookup:
            off |= set(members(scope, "ssl-decrypt", "disabled-ssl-exclude-cert-from-predefined"))
            for entry in entries(scope, "ssl-decrypt", "ssl-exclude-cert"):
                if text(entry, "exclude", default="yes") == "yes" and excluded(entry.get("name"), host):
                    return True
        return any(excluded(name, host) for name in set(self.knobs.predefined_exclusions) - off)


def _refuse_unknown(rule) -> None:
    """:raises NotImplementedError: for a column that limits a rule and is not matched by here."""
    for child in rule:
        values = [(node.text or "").strip() for node in child.iter() if (node.text or "").strip()] or [node.get("name") for node in child.iter("entry")]
        if child.tag not in MATCHED | SILENT and (values or not len(child)) and values not in (["any"], ["no"]):
            raise NotImplementedError("column %s of rule %s" % (child.tag, rule.get("name")))


def _strange(kind: str, entry) -> bool:
    """Whether an object has a column that is not judged here."""
    said = SAID[kind] | {"description", "tag", "disable-override"}
    return any(child.tag not in said and [one.text for one in child.iter() if (one.text or "").strip()] != ["any"] for child in entry)


def _services(names: list, lookup: list, seen: tuple = ()) -> list:
    """Names of services, groups resolved."""
    out = []
    for name in names:
        group = next((node for node in (at(scope, "service-group", "[%s]" % name) for scope in lookup) if node is not None), None)
        out += _services(members(group, "members"), lookup, seen + (name,)) if group is not None and name not in seen else [name]
    return out


def _addresses(value: str, lookup: list) -> list:
    """Networks, ranges and names behind a literal, an address object or a group. :raises NotImplementedError: for what only the device knows."""
    for scope in lookup:
        entry = at(scope, "address", "[%s]" % value)
        if entry is not None and not _strange("address", entry):
            return [text(entry, kind).lower() for kind in ("ip-netmask", "ip-range", "fqdn") if text(entry, kind)]
        group = at(scope, "address-group", "[%s]" % value)
        if group is not None and not _strange("address-group", group):
            return [found for name in members(group, "static") for found in _addresses(name, lookup)]
        if entry is not None or group is not None or at(scope, "external-list", "[%s]" % value) is not None:
            raise NotImplementedError("the addresses of %s" % value)
    if re.match("[A-Z]{2}\\Z", value):
        raise NotImplementedError("the addresses of the region %s" % value)
    return [value]


def _within(address: str, target: str) -> bool:
    try:
        one = ipaddress.ip_address(address)
        if "-" in target:
            low, high = (ipaddress.ip_address(part) for part in target.split("-", 1))
            return low <= one <= high
        return one in ipaddress.ip_network(target, strict=False)
    except (ValueError, TypeError):
        return False


def _port_in(port: int, spec: str) -> bool:
    for part in spec.split(","):
        low, _dash, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= port <= int(high or low):
            return True
    return False
