# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prisma Access does with one connection of a mobile user, by the configuration in force.

Order: "Enumeration of rules within a rulebase" for cloud management: global pre rules, rules of the folder, global post rules. Entries of URL lists, the most
severe action of several custom categories: as on PAN-OS, see the twin of that. Internet rules: properties of the vendor's OpenAPI document.
"""
from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.products.panos.twin.policy import url_matches

COLUMNS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
SEVERITY = ("block", "redirect", "continue", "alert", "allow")
DENIES = {"deny", "drop", "reset-client", "reset-server", "reset-both"}
#: Columns that a rule is matched by here, and those that have no say in it. Whatever else a rule has, nobody here can tell whether it matches.
MATCHED = {"from", "to", "source", "negate_source", "source_user", "destination", "negate_destination", "service", "application", "category", "type"}
INTERNET = {"allow_url_category", "allow_web_application", "block_url_category", "block_web_application"}
SILENT = {"id", "name", "folder", "snippet", "policy_type", "disabled", "description", "tag", "action", "profile_setting", "log_setting", "log_start",
          "log_end", "log_settings", "security_settings", "default_profile_settings", "log_fail", "log_success", "profile", "position"}
#: Of a URL access profile: what shuts something by other means than its lists, and what has no say in it.
JUDGING = {"credential_enforcement", "cloud_inline_cat", "local_inline_cat"}
UNHEARD = {"id", "name", "folder", "snippet", "description", "log_container_page_only", "log_http_hdr_referer", "log_http_hdr_user_agent", "log_http_hdr_xff",
           "safe_search_enforcement", "mlav_category_exception"}
PREDEFINED = {"chatgpt.com": "artificial-intelligence", "openai.com": "artificial-intelligence", "claude.ai": "artificial-intelligence"}


@dataclass
class Person:
    address: str
    user: str
    groups: tuple = ()
    zone: str = "trust"


@dataclass
class Session:
    person: Person
    host: str
    port: int
    protocol: str = "tcp"
    to: str = "untrust"
    application: str = "ssl"
    custom: set = field(default_factory=set)
    #: Lists of which nobody here can tell what they hold.
    hidden: set = field(default_factory=set)
    predefined: set = field(default_factory=set)


class Decision:
    """``tables``: {kind: rows} in force for a folder, with ``chain``: the folders from the root down to it, and their snippets.

    ``internet_wins``: whether an Internet rule decides about decryption before the decryption rules do.  # guess: either may be so
    """

    def __init__(self, tables: dict, chain: list, attached: dict, internet_wins: bool = False):
        self.tables, self._chain, self._attached, self._internet_wins = tables, chain, attached, internet_wins
        self.places = [place for folder in chain for place in [("folder", folder)] + [("snippet", name) for name in attached.get(folder, ())]]

    def decide(self, person: Person, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        session = self._session(person, host, port, protocol)
        if protocol != "tcp":
            return self._security(session), None
        inspection = self._decryption(session)
        return self._opened(session, inspection), inspection

    def verdict(self, person: Person, host: str, inspection: str) -> str:
        """"allow" or "block" of a session that is, or is not, decrypted."""
        return self._opened(self._session(person, host, 443), inspection)

    def _session(self, person: Person, host: str, port: int, protocol: str = "tcp") -> Session:
        session = Session(person, host.lower().rstrip("."), port, protocol)
        if protocol != "tcp":
            session.application = "unknown-" + protocol
            return session
        categories = self.visible("url category")
        session.hidden = {row["name"] for row in categories if _strange("url category", row)} | {row["name"] for row in self.visible("external list")}
        session.custom = {row["name"] for row in categories if row["name"] not in session.hidden and _in_category(row, session.host)}
        session.predefined = {PREDEFINED.get(".".join(session.host.split(".")[-2:]), "computer-and-internet-info")}
        return session

    def _opened(self, session: Session, inspection: str) -> str:
        session.application = "web-browsing" if inspection == "decrypt" else "ssl"
        if any(self._fits("authentication rule", rule, session) is not False for rule in self.rules("authentication rule")):
            raise NotImplementedError("who signed in")
        return self._security(session)

    # -- objects

    def visible(self, kind: str) -> list:
        """The objects of a kind that rules of the folder may name, the nearest of each name."""
        found: dict = {}
        for place, name in self.places:
            found.update({row["name"]: row for row in self.tables[kind] if row.get(place) == name})
        return list(found.values())

    def named(self, kind: str, name: str) -> dict | None:
        return next((row for row in self.visible(kind) if row["name"] == name), None)

    def rules(self, kind: str) -> list:
        """The enabled rules in the order in which they are asked. # guess: a snippet's rules come before those of the folder that it is attached to"""
        before = [("snippet", name, folder) for folder in self._chain for name in self._attached.get(folder, ())]
        order = [one for folder in self._chain for one in [("snippet", name) for _kind, name, at in before if at == folder] + [("folder", folder)]]
        rows = [row for place, name in order for row in self.tables[kind] if row.get(place) == name and row["position"] == "pre"]
        rows += [row for place, name in reversed(order) for row in self.tables[kind] if row.get(place) == name and row["position"] == "post"]
        return [row for row in rows if not row.get("disabled")]

    # -- matching

    def _fits(self, kind: str, rule: dict, session: Session) -> bool | None:
        """Whether a rule matches; None where nobody here can tell."""
        try:
            return self._matches(kind, rule, session)
        except NotImplementedError:
            return None

    def _matches(self, kind: str, rule: dict, session: Session) -> bool:
        person, doubts = session.person, []

        def listed(column, allowed):
            values = rule.get(column) or ["any"]
            return "any" in values or bool(set(values) & set(allowed))

        who = {person.user, "known-user", *person.groups}
        if not listed("from", {person.zone}) or not listed("to", {session.to}) or not listed("source_user", who):
            return False
        for column, negation, test in (("source", "negate_source", self._from), ("destination", "negate_destination", self._to)):
            try:
                if test(rule.get(column) or ["any"], session) == bool(rule.get(negation)):
                    return False
            except NotImplementedError as doubt:
                doubts.append(doubt)
        for column, about in (("service", self._served), ("category", self._categorised), ("application", self._applied)):
            # What one column excludes, the doubt about another one does not bring back.
            try:
                if not about(rule.get(column) or ["any"], session):
                    return False
            except NotImplementedError as doubt:
                doubts.append(doubt)
        if kind == "decryption rule" and rule.get("type") and "ssl_forward_proxy" not in rule["type"]:
            return False
        asking = {"authentication_enforcement", "timeout", "group_tag", "log_authentication_timeout"}
        known = MATCHED | SILENT | (INTERNET if rule.get("policy_type") == "Internet" else asking)
        doubts += [NotImplementedError("column %s of rule %s" % (column, rule["name"])) for column, value in rule.items()
                   if column not in known and value not in (None, False, "", [], {}, ["any"])]
        if doubts:
            raise doubts[0]
        return True

    def _categorised(self, names: list, session: Session) -> bool:
        if "any" in names or set(names) & (session.custom | session.predefined):
            return True
        if set(names) & session.hidden:
            raise NotImplementedError("what the lists %s hold" % names)
        return False

    def _applied(self, names: list, session: Session, seen: tuple = ()) -> bool:
        if "any" in names or session.application in names:
            return True
        for name in names:
            group = self.named("application group", name)
            if group is not None and _strange("application group", group):
                raise NotImplementedError("what the application group %s holds" % name)
            if group is not None and name not in seen and self._applied(group.get("members") or ["none"], session, seen + (name,)):
                return True
            if self.named("application filter", name) is not None:
                raise NotImplementedError("what the application filter %s holds" % name)
        return False

    def _addresses(self, name: str, seen: tuple = ()) -> list:
        entry, group = self.named("address", name), self.named("address group", name)
        if entry is not None and not _strange("address", entry) and "ip_wildcard" not in entry:
            return [str(entry[kind]).lower() for kind in ("ip_netmask", "ip_range", "fqdn") if kind in entry]
        if group is not None and not _strange("address group", group) and "static" in group and name not in seen:
            return [found for one in group["static"] for found in self._addresses(one, seen + (name,))]
        if entry is not None or group is not None or self.named("external list", name) is not None or (len(name) == 2 and name.isupper()):
            raise NotImplementedError("the addresses of %s" % name)
        return [name.lower()]

    def _from(self, names: list, session: Session) -> bool:
        return "any" in names or any(_within(session.person.address, one) for name in names for one in self._addresses(name))

    def _to(self, names: list, session: Session) -> bool:
        # Addresses of hosts are outside of all networks that tests name, but the whole Internet.
        address = session.host if session.protocol != "tcp" else "192.0.9.9"
        return "any" in names or any(one == session.host or _within(address, one) for name in names for one in self._addresses(name))

    def _served(self, names: list, session: Session, seen: tuple = ()) -> bool:
        if "any" in names or session.protocol == "tcp" and (
                (session.port == 443 and {"application-default", "service-https"} & set(names)) or (session.port in (80, 8080) and "service-http" in names)):
            return True
        for name in names:
            entry, group = self.named("service", name), self.named("service group", name)
            spec = (entry or {}).get("protocol", {}).get(session.protocol, {})
            if entry is not None and _port_in(session.port, spec.get("port", "")):
                if _strange("service", entry) or spec.get("source_port"):
                    raise NotImplementedError("the service %s by more than its port" % name)
                return True
            if group is not None and name not in seen and self._served(group.get("members") or ["none"], session, seen + (name,)):
                return True
        return False

    # -- what they do

    def _agreed(self, kind: str, session: Session, outcomes, otherwise: str) -> str:
        """The outcome of the first rule that matches; of those that may, all have to have the same. ``outcomes``: what a rule may do, None for nothing."""
        found: set = set()
        for rule in self.rules(kind):
            fits = self._fits(kind, rule, session)
            if fits is False:
                continue
            try:
                said = outcomes(rule, session)
            except NotImplementedError:
                return self._nobody_knows(kind)
            found |= said - {None}
            if fits and None not in said:
                break
        else:
            found.add(otherwise)
        return found.pop() if len(found) == 1 else self._nobody_knows(kind)

    @staticmethod
    def _nobody_knows(kind: str) -> str:
        raise NotImplementedError("which %s decides" % kind)

    def _security(self, session: Session) -> str:
        return self._agreed("security rule", session, self._verdict, "block")

    def _verdict(self, rule: dict, session: Session) -> set:
        if rule.get("policy_type") == "Internet":
            return self._internet(rule, session)
        if rule["action"] != "allow":
            if rule["action"] not in DENIES:
                raise NotImplementedError("action %s" % rule["action"])
            return {"block"}
        for name in (rule.get("profile_setting") or {}).get("group") or []:
            group = self.named("profile group", name)
            if group is None or _strange("profile group", group):
                raise NotImplementedError("the profile group %s" % name)
            for profile in group.get("url_filtering") or []:
                if session.protocol == "tcp" and self._shut(profile, session):
                    return {"block"}
        return {"allow"}

    def _shut(self, name: str, session: Session) -> bool:
        profile = self.named("url access profile", name)
        judging = [] if profile is None else [
            column for column, value in profile.items() if column not in UNHEARD | set(SEVERITY) and value not in (None, False, "", [], {}, ["any"])]
        if profile is None or judging:
            raise NotImplementedError("URL access profile %s: %s" % (name, judging or "it is predefined"))
        if any(one in session.hidden for action in SEVERITY for one in profile.get(action) or ()):
            raise NotImplementedError("what the lists in URL access profile %s hold" % name)
        for names in (session.custom, session.predefined):
            for action in SEVERITY:
                if names & set(profile.get(action) or ()):
                    return action in ("block", "redirect", "continue")
        return False

    def _internet(self, rule: dict, session: Session) -> set:
        """A rule whose lists do not hold the host leaves it to the rules below.  # guess"""
        held, action = session.custom | session.predefined, rule.get("action", "allow")
        if session.protocol != "tcp":
            return {None}
        if action not in ("allow", "deny") or not any(rule.get(one) for one in INTERNET):
            raise NotImplementedError("what the Internet rule %s does" % rule["name"])
        if held & set(rule.get("block_url_category") or ()):
            return {"block"}
        found = {None}
        if rule.get("block_web_application") or session.hidden & set(rule.get("block_url_category") or ()):
            found.add("block")
        if rule.get("allow_web_application"):
            found.add("allow" if action == "allow" else "block")
        certain = False
        for one in rule.get("allow_url_category") or ():
            if one["name"] not in held | session.hidden:
                continue
            if one.get("additional_action", "none") not in ("none", "continue", "redirect", "isolate") or set(one) - {
                    "name", "decryption", "credential_enforcement", "additional_action", "isolation_profiles", "dlp", "file_control"}:
                raise NotImplementedError("a category of the Internet rule %s" % rule["name"])
            found.add("allow" if action == "allow" and one.get("additional_action", "none") == "none" else "block")
            certain = certain or one["name"] in held
        return found - {None} if certain else found

    def _decryption(self, session: Session) -> str:
        for rule in self.rules("security rule") if self._internet_wins else ():
            if rule.get("policy_type") != "Internet":
                continue
            found = [one for one in rule.get("allow_url_category") or () if one["name"] in session.custom | session.predefined | session.hidden]
            fits = self._fits("security rule", rule, session)
            if found and (fits is None or any(one["name"] in session.hidden for one in found)) and fits is not False:
                raise NotImplementedError("whether Internet rule %s matches" % rule["name"])
            if fits and found and rule.get("action", "allow") == "allow":
                return "decrypt" if any(one.get("decryption", "enabled") == "enabled" for one in found) else "tunnel"
        return self._agreed("decryption rule", session, self._decrypts, "tunnel")

    @staticmethod
    def _decrypts(rule: dict, _session: Session) -> set:
        if rule["action"] not in ("decrypt", "no-decrypt"):
            raise NotImplementedError("action %s" % rule["action"])
        return {"decrypt" if rule["action"] == "decrypt" else "tunnel"}


def _in_category(row: dict, host: str) -> bool:
    if row.get("type") == "Category Match":
        return set(row.get("list", ())) <= {PREDEFINED.get(".".join(host.split(".")[-2:]), "computer-and-internet-info")}
    return any(url_matches(entry, host + "/", True) for entry in row.get("list", ()))


def _strange(kind: str, row: dict) -> bool:
    """Whether an object has a column that no schema has."""
    known = {one["column"].partition("/")[0] for one in COLUMNS[kind]} | {"id", "name", "folder", "snippet"}
    return any(column not in known and value not in (None, [], ["any"]) for column, value in row.items())


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
