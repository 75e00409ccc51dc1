# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sophos Firewall: the XML API with its envelopes, codes and traps, and what the firewall does with a connection.

Envelopes, codes, columns: the vendor's API reference; that an update replaces the whole object, the code-less empty answer, the place of
firewall rules, and what is refused without saying why: measured on 22.0 (SophosFirewall-Powershell). ``# guess`` marks what no source says.
"""
from __future__ import annotations

import copy
import ipaddress
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from tests.products.server import Reply, Request, Twin
from tests.products.sophos.decision import ALWAYS, BUILT_IN, EVERYTHING, LOCAL, MANAGED, Decision, Person, every, get

PATH = "/webconsole/APIController"
DONE = (200, "Configuration applied successfully.")
ENTITIES = ("WebFilterURLGroup", "WebFilterPolicy", "WebFilterException", "WebFilterCategory", "UserActivity", "FileType", "FirewallRule",
            "SSLTLSInspectionRule", "SSLTLSInspectionSettings", "FQDNHost", "FQDNHostGroup", "Services", "ServiceGroup", "ApplicationFilterPolicy")
NAME_LENGTHS = {"WebFilterURLGroup": 50, "WebFilterPolicy": 50}


@dataclass
class Knobs:
    """What differs between firmware and installations, and every guess."""

    version: str = "2200.1"
    enabled: bool = True
    admitted: str = "127.0.0.0/8"
    wildcard_entries: bool = False       # guess: *.example.com in a URL group is refused
    tls_rule_add: bool = False           # 22.0 refuses it always; of other firmware it is not known
    local_list_writable: bool = True     # guess
    in_use: int = 510                    # guess: 504 or 510
    shows_default_lists: bool = True     # guess: whether the device's own TLS rule names its lists
    users_of_all: str = "absent"         # guess: how a rule for everybody reads: absent, empty, or "word" (Anybody)


class Refusal(Exception):
    def __init__(self, code: int, text: str, *params: str):
        super().__init__(text)
        self.code, self.text, self.params = code, text, params


def invalid(*params: str) -> Refusal:
    return Refusal(501, "Configuration parameters validation failed.", *params)


def put(node, tag: str, text: str) -> None:
    found = node.find(tag)
    (ET.SubElement(node, tag) if found is None else found).text = text


def limit(node, column: str, *texts: str) -> None:
    """Write texts into a column of a rule or an object, in place of what is there; of a firewall rule, into its policy."""
    body = next((one for one in (node.find("NetworkPolicy"), node.find("UserPolicy")) if one is not None), node)
    place = node if column in ("IPFamily", "PolicyType", "Status") or column.startswith("HTTPBasedPolicy/") else body
    *path, leaf = column.split("/")
    for tag in path:
        found = place.find(tag)
        place = ET.SubElement(place, tag) if found is None else found
    for one in place.findall(leaf):
        place.remove(one)
    for text in texts:
        ET.SubElement(place, leaf).text = text


def tags(tag: str, values) -> str:
    return "".join("<%s>%s</%s>" % (tag, value.replace("&", "&amp;"), tag) for value in values)


def group(name: str, urls=(), description: str = "", default: str = "No"):
    return ET.fromstring("<WebFilterURLGroup><Name>%s</Name><Description>%s</Description><URLlist>%s</URLlist><IsDefault>%s</IsDefault></WebFilterURLGroup>" % (
        name, description, tags("URL", urls), default))


def web_rule(action: str, about, users=(), enabled: str = "1", schedule: str = ALWAYS, ccl: str = "0") -> str:
    """``about``: [(type, name)]."""
    listed = "".join("<Category><ID>%s</ID><type>%s</type></Category>" % (name.replace("&", "&amp;"), kind) for kind, name in about)
    people = "<UserList>%s</UserList>" % tags("User", users) if users else ""
    return ("<Rule><CategoryList>%s</CategoryList><HTTPAction>%s</HTTPAction><HTTPSAction>%s</HTTPSAction><FollowHTTPAction>1</FollowHTTPAction><ExceptionList>"
            "<FileTypeCategory/></ExceptionList><Schedule>%s</Schedule><PolicyRuleEnabled>%s</PolicyRuleEnabled><CCLRuleEnabled>%s</CCLRuleEnabled>%s</Rule>"
            % (listed, action, action, schedule, enabled, ccl, people))


def web_policy(name: str, rules=(), default: str = "Allow", description: str = ""):
    return ET.fromstring(
        "<WebFilterPolicy><Name>%s</Name><Description>%s</Description><DefaultAction>%s</DefaultAction><EnableReporting>Enable</EnableReporting>"
        "<DownloadFileSizeRestriction>0</DownloadFileSizeRestriction><GoogAppDomainListEnabled>0</GoogAppDomainListEnabled><XFFEnabled>0</XFFEnabled>"
        "<Office365Enabled>0</Office365Enabled><QuotaLimit>60</QuotaLimit>%s</WebFilterPolicy>" % (
            name, description, default, "<RuleList>%s</RuleList>" % "".join(rules) if rules else ""))


def firewall_rule(name: str, action: str = "Accept", family: str = "IPv4", networks=(), sources=(), services=(), members=(), **columns):
    """A rule for packets from LAN to WAN; ``columns`` of its policy such as WebFilter or ScanVirus."""
    parts = [tags("Action", [action]), "<LogTraffic>Enable</LogTraffic>", "<SourceZones><Zone>LAN</Zone></SourceZones>",
             "<DestinationZones><Zone>WAN</Zone></DestinationZones>", "<Schedule>All The Time</Schedule>"]
    for outer, inner, values in (("SourceNetworks", "Network", sources), ("DestinationNetworks", "Network", networks), ("Services", "Service", services),
                                 ("Identity", "Member", members)):
        parts += ["<%s>%s</%s>" % (outer, tags(inner, values), outer)] if values else []
    parts += [tags(tag, [value]) for tag, value in columns.items()]
    kind = "User" if members else "Network"
    return ET.fromstring("<FirewallRule><Name>%s</Name><Description/><IPFamily>%s</IPFamily><Status>Enable</Status><Section>Local</Section>"
                         "<PolicyType>%s</PolicyType><%sPolicy>%s</%sPolicy></FirewallRule>" % (name, family, kind, kind, "".join(parts), kind))


def tls_rule(name: str, action: str, about=(), members=(), default: str = "No"):
    listed = "".join("<Activity><Name>%s</Name><Type>%s</Type></Activity>" % pair for pair in about)
    return ET.fromstring("<SSLTLSInspectionRule><Name>%s</Name><IsDefault>%s</IsDefault><Description/><Enable>Yes</Enable>"
                         "<LogConnections>Enable</LogConnections><DecryptAction>%s</DecryptAction>"
                         "<DecryptionProfile>Maximum compatibility</DecryptionProfile>%s%s</SSLTLSInspectionRule>" % (
                             name, default, action, "<Identity>%s</Identity>" % tags("Members", members) if members else "",
                             "<Websites>%s</Websites>" % listed if listed else ""))


def service(name: str, port: str, protocol: str = "TCP"):
    return ET.fromstring("<Services><Name>%s</Name><Type>TCPorUDP</Type><ServiceDetails><ServiceDetail><SourcePort>1:65535</SourcePort><DestinationPort>%s"
                         "</DestinationPort><Protocol>%s</Protocol></ServiceDetail></ServiceDetails></Services>" % (name, port, protocol))


def app_policy(name: str, rules=(), default: str = "Allow"):
    """``rules``: [(action, {column: text})]; a column may be a path."""
    rule = "<Rule><SelectAllRule>Enable</SelectAllRule><Action>%s</Action><Schedule>All The Time</Schedule></Rule>"
    policy = ET.fromstring("<ApplicationFilterPolicy><Name>%s</Name><DefaultAction>%s</DefaultAction><RuleList/></ApplicationFilterPolicy>" % (name, default))
    for action, more in rules:
        policy.find("RuleList").append(ET.fromstring(rule % action))
        for column, text in more.items():
            limit(policy.find("RuleList")[-1], column, text)
    return policy


class Sophos(Twin):
    """``site``: "blocked" (a web policy shuts the AI sites out) or "bare"."""

    def __init__(self, tls: bool = False, port: int = 0, site: str = "blocked", **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.admins = {"netaccess": "S0phos&<Secret>-77"}
        self.people = {"member": Person("192.0.2.10", "2001:db8::10", ("AI users", "Staff")), "stranger": Person("192.0.2.20", "2001:db8::40", ("Staff",))}
        self.users = {"AI users", "Staff", "Interns", "alice"}
        self.denied: set = set()
        self.tables = {entity: [] for entity in ENTITIES}
        self._site(site)

    def _site(self, site: str) -> None:
        tables = self.tables
        tables["WebFilterURLGroup"] = [group(LOCAL, ["bank.test"], default="Yes"), group(MANAGED, ["update.vendor.test"], default="Yes")]
        tables["WebFilterCategory"] = [ET.fromstring("<WebFilterCategory><Name>%s</Name><Classification>Acceptable</Classification><QoSPolicy>None</QoSPolicy>"
                                                     "</WebFilterCategory>" % name.replace("&", "&amp;")) for name in BUILT_IN]
        lists = [(LOCAL, "URL Group"), (MANAGED, "URL Group")] if self.knobs.shows_default_lists else []
        tables["SSLTLSInspectionRule"] = [tls_rule("Exclusions by website or category", "Do not decrypt", lists, default="Yes"),
                                          tls_rule("Inspect all", "Decrypt")]
        tables["SSLTLSInspectionSettings"] = [ET.fromstring(
            "<SSLTLSInspectionSettings><RSACA>SecurityAppliance_SSL_CA</RSACA><SSLConnectionsExceeded>Allow without decryption</SSLConnectionsExceeded>"
            "<SSLTLSEngine>Enabled</SSLTLSEngine><SSLTLSInspection>Enabled</SSLTLSInspection></SSLTLSInspectionSettings>")]
        tables["Services"] = [service(name, port, protocol) for name, port, protocol in (("HTTP", "80", "TCP"), ("HTTPS", "443", "TCP"), ("DNS", "53", "UDP"))]
        for entity, names in (("FileType", ("Audio Files", "Executable Files")), ("UserActivity", ("Instant Messenger", "Not Suitable for Schools"))):
            tables[entity] = [ET.fromstring("<%s><Name>%s</Name></%s>" % (entity, name, entity)) for name in names]
        if site == "bare":
            return
        tables["WebFilterURLGroup"].append(group("AI sites", ["openai.com", "chatgpt.com", "oaistatic.com", "claude.ai"], "Closed to all staff"))
        shut = [web_rule("Deny", [("WebCategory", "Phishing & Fraud")]), web_rule("Allow", [("WebCategory", "General Business")]),
                web_rule("Deny", [("URLGroup", "AI sites"), ("WebCategory", "Artificial Intelligence")])]
        tables["WebFilterPolicy"] = [web_policy("Company", shut, description="All offices"), web_policy("Guests", shut[2:])]
        tables["FirewallRule"] = [firewall_rule("LAN to WAN", WebFilter="Company", ScanVirus="Enable", ZeroDayProtection="Disable"),
                                  firewall_rule("LAN to WAN v6", family="IPv6", WebFilter="Company", ScanVirus="Enable")]

    # -- for tests

    def node(self, entity: str, name: str):
        """:raises StopIteration:"""
        return next(one for one in self.tables[entity] if get(one, "Name") == name)

    def rules_of(self, policy: str) -> list:
        return self.node("WebFilterPolicy", policy).findall("RuleList/Rule")

    def leave_undecrypted(self, name: str, members) -> None:
        """A list of the site, and the rule of TLS inspection that leaves it undecrypted for these people, as somebody made them by hand."""
        self.tables["WebFilterURLGroup"].append(group(name, ["clinic.test"]))
        self.tables["SSLTLSInspectionRule"].insert(1, tls_rule("AI undecrypted", "Do not decrypt", [(name, "URL Group")], members))

    def snapshot(self) -> object:
        return {entity: [_data(one) for one in (nodes if entity in ("FirewallRule", "SSLTLSInspectionRule") else
                                                sorted(nodes, key=lambda one: get(one, "Name")))] for entity, nodes in self.tables.items()}

    def save(self) -> object:
        return copy.deepcopy(self.tables)

    def restore(self, kept) -> None:
        self.tables = kept

    # -- requests

    def answer(self, request: Request) -> Reply:
        if request.path != PATH or request.method not in ("GET", "POST"):
            return Reply(404, b"<html>404</html>", {"Content-Type": "text/html"})
        form = request.form if request.method == "POST" else request.query
        response = ET.Element("Response", {"APIVersion": self.knobs.version, "IPS_CAT_VER": "1"})
        try:
            self._respond(response, form.get("reqxml", ""))
        except Refusal as refused:
            for one in list(response):
                response.remove(one)
            ET.SubElement(response, "Status", {"code": str(refused.code)}).text = refused.text
        return Reply(200, b'<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response), {"Content-Type": "application/xml"})

    def _respond(self, response, text: str) -> None:
        if not self.knobs.enabled:
            raise Refusal(532, "API operations are disabled")  # guess: the text
        if ipaddress.ip_address("127.0.0.1") not in ipaddress.ip_network(self.knobs.admitted):
            raise Refusal(534, "API operations are not allowed from the requester IP address")
        try:
            asked = ET.fromstring(text.strip())
        except ET.ParseError:
            raise Refusal(529, "Input request file is Invalid") from None
        login = ET.SubElement(response, "Login")
        good = self.admins.get(get(asked, "Login/Username"))
        if good is None or (asked.findtext("Login/Password") or "") != good:
            ET.SubElement(login, "status").text = "Authentication Failure"
            return
        ET.SubElement(login, "status").text = "Authentication Successful"
        for part in asked:
            work = {"Get": self._read, "Set": self._set, "Remove": self._remove}.get(part.tag)
            for one in part if work else ():
                if one.tag not in ENTITIES:
                    raise Refusal(529, "Input request module is Invalid")
                if one.tag in self.denied:
                    self._status(ET.SubElement(response, one.tag, {"transactionid": ""}), 599, "No permission")  # guess
                else:
                    work(response, one, part.get("operation"))

    @staticmethod
    def _status(node, code, text: str, params=None) -> None:
        status = ET.SubElement(node, "Status", {} if code is None else {"code": str(code)})
        status.text = text
        if params is not None:
            place = ET.SubElement(node, "InvalidParams")
            for one in params:
                ET.SubElement(place, "Params").text = one

    def _read(self, response, asked, _operation) -> None:
        found = self.tables[asked.tag]
        key = asked.find("Filter/key")  # The first key of the first filter alone is looked at.
        if key is not None and key.get("name") == "Name":
            wanted, how = (key.text or "").strip(), key.get("criteria", "=")
            found = [one for one in found if {"=": get(one, "Name") == wanted, "!=": get(one, "Name") != wanted, "like": wanted in get(one, "Name")}[how]]
        above = self._above() if asked.tag == "FirewallRule" else {}
        for one in found:
            response.append(self._shown(one, above.get(id(one))))
        if not found:
            self._status(ET.SubElement(response, asked.tag, {"transactionid": ""}), None, "No. of records Zero.")

    def _above(self) -> dict:
        """{id of a firewall rule: the name of the one above it in its family}"""
        last: dict = {}
        found = {}
        for one in self.tables["FirewallRule"]:
            family = get(one, "IPFamily")
            if family in last:
                found[id(one)] = last[family]
            last[family] = get(one, "Name")
        return found

    def _shown(self, node, above: str | None):
        shown = copy.deepcopy(node)
        shown.set("transactionid", "")
        if node.tag == "FirewallRule":
            put(shown, "Position", "Top" if above is None else "After")
            if above is not None:
                put(ET.SubElement(shown, "After"), "Name", above)
        if node.tag == "WebFilterPolicy":
            for rule in shown.findall("RuleList/Rule"):
                if rule.find("UserList") is None and self.knobs.users_of_all != "absent":
                    users = ET.SubElement(rule, "UserList")
                    if self.knobs.users_of_all == "word":
                        put(users, "User", "Anybody")
        return shown

    # -- writing

    def _set(self, response, asked, operation) -> None:
        place = ET.SubElement(response, asked.tag, {"transactionid": ""})
        nodes, name = self.tables[asked.tag], get(asked, "Name")
        at = next((number for number, one in enumerate(nodes) if get(one, "Name") == name
                   and (asked.tag != "FirewallRule" or get(one, "IPFamily") == get(asked, "IPFamily", "IPv4"))), None)
        try:
            if operation == "add" and at is not None:
                raise Refusal(502, "Entity having same name already exists.")  # guess: the text
            if operation == "update" and at is None:
                raise Refusal(526, "Record does not exist.")
            new = copy.deepcopy(asked)
            new.attrib.clear()
            self._validate(new, None if at is None else nodes[at])
            if asked.tag == "FirewallRule":
                self._place(new, at)
            elif at is None:
                nodes.append(new)
            else:
                nodes[at] = new
            self._status(place, *DONE)
        except Refusal as refused:
            self._status(place, refused.code, refused.text, refused.params)

    def _validate(self, new, old) -> None:
        """An update replaces the object: what is left out is gone. Nothing of the old one is taken over but what the API never takes."""
        name = get(new, "Name")
        if not name or "," in name and new.tag != "WebFilterException" or len(name) > NAME_LENGTHS.get(new.tag, 60):
            raise invalid("/%s/Name" % new.tag)
        if len(get(new, "Description")) > 255 or len(get(new, "Desc")) > 250:
            raise invalid()
        default = new.find("IsDefault")
        if default is not None and new.tag != "SSLTLSInspectionRule":
            new.remove(default)
        if old is not None and old.find("IsDefault") is not None and new.find("IsDefault") is None:
            ET.SubElement(new, "IsDefault").text = get(old, "IsDefault")
        check = getattr(self, "_check_" + new.tag.lower(), None)
        if check is not None:
            check(new, old)

    def _check_webfilterurlgroup(self, new, old) -> None:
        if old is not None and get(old, "Name") == MANAGED or (get(new, "Name") == LOCAL and not self.knobs.local_list_writable):
            raise Refusal(528, "Default entity can not be edited")  # guess: the text
        found = new.find("URLlist")
        urls = every(new, "URLlist/URL")
        form = r"(\*\.)?\w([.]?\w|-)*" if self.knobs.wildcard_entries else r"\w([.]?\w|-)*"
        if len(urls) > 10000 or any(len(url) > 250 or not re.fullmatch(form, url) for url in urls):
            raise invalid("/WebFilterURLGroup/URLlist/URL")
        for tag in ("Description", "URLlist", "IsDefault"):
            if new.find(tag) is None:
                ET.SubElement(new, tag).text = "No" if tag == "IsDefault" else None
        if found is not None:
            for double in [one for number, one in enumerate(found) if (one.text or "") in [(other.text or "") for other in list(found)[:number]]]:
                found.remove(double)

    def _check_webfilterpolicy(self, new, _old) -> None:
        size = get(new, "DownloadFileSizeRestriction")
        if get(new, "DefaultAction") not in ("Allow", "Deny") or not size.isdigit() or int(size) > 1536:
            raise invalid()
        quota = get(new, "QuotaLimit", "60")
        if not quota.isdigit() or int(quota) % 10:
            raise invalid("/WebFilterPolicy/QuotaLimit")
        rules = new.find("RuleList")
        if rules is not None and not len(rules):
            new.remove(rules)
        known = {"URLGroup": "WebFilterURLGroup", "WebCategory": "WebFilterCategory", "UserActivity": "UserActivity", "FileType": "FileType"}
        for rule in new.findall("RuleList/Rule"):
            if {get(rule, "HTTPAction"), get(rule, "HTTPSAction")} - {"Allow", "Deny", "Warn", "Quota"}:
                raise invalid("/WebFilterPolicy/RuleList/Rule/HTTPAction")
            for one in rule.findall("CategoryList/Category"):
                kind, name = get(one, "type"), get(one, "ID")
                if kind not in (*known, "DynamicCategory") or (kind in known and name != EVERYTHING and name not in [
                        get(other, "Name") for other in self.tables[known[kind]]]):
                    raise invalid("/WebFilterPolicy/RuleList/Rule/CategoryList/Category/ID")
            if set(every(rule, "UserList/User")) - self.users - {"Anybody"}:
                raise invalid("/WebFilterPolicy/RuleList/Rule/UserList/User")
            users = rule.find("UserList")
            if users is not None and set(every(users, "User")) <= {"Anybody"}:
                rule.remove(users)

    @staticmethod
    def _check_webfilterexception(new, _old) -> None:
        if get(new, "Enabled") not in ("on", "off"):
            raise Refusal(500, "Operation could not be performed on Entity.")
        if get(new, "CertValidation") not in ("on", "off"):
            raise invalid()
        found = [(every(new, "DomainList/" + tag), get(new, switch)) for tag, switch in (
            ("URLRegex", "EnableURLRegex"), ("SrcIp", "EnableSrcIP"), ("DstIp", "EnableDstIP"), ("WebCategory", "EnableWebCat"))]
        if not any(entries and switch == "yes" for entries, switch in found) or len(new.findall("DomainList")) != 1:
            raise invalid()
        if re.search(r"[\^;'\"\\]", get(new, "Name")) or any(len(one) > 43 for one in found[1][0] + found[2][0]):
            raise invalid("/WebFilterException/Name")

    def _check_ssltlsinspectionrule(self, new, old) -> None:
        if old is None and not self.knobs.tls_rule_add:
            raise invalid("/SSLTLSInspectionRule/IsDefault")

    def _place(self, new, at) -> None:
        """Put a firewall rule where it says; one that does not say goes to the bottom. guess: where."""
        nodes = self.tables["FirewallRule"]
        if at is not None:
            nodes.pop(at)
        where, other = get(new, "Position"), get(new, "After/Name") or get(new, "Before/Name")
        for tag in ("Position", "After", "Before"):
            found = new.find(tag)
            if found is not None:
                new.remove(found)
        names = [(get(one, "Name"), get(one, "IPFamily")) for one in nodes]
        family = get(new, "IPFamily", "IPv4")
        if where in ("After", "Before"):
            if (other, family) not in names:
                raise invalid("/FirewallRule/Position")
            nodes.insert(names.index((other, family)) + (where == "After"), new)
        else:
            nodes.insert(next((number for number, name in enumerate(names) if name[1] == family), 0) if where == "Top" else len(nodes), new)

    def _remove(self, response, asked, _operation) -> None:
        place = ET.SubElement(response, asked.tag, {"transactionid": ""})
        for name in every(asked, "Name"):
            try:
                node = next((one for one in self.tables[asked.tag] if get(one, "Name") == name), None)
                if node is None:
                    raise Refusal(526, "Record does not exist.")
                if get(node, "IsDefault").lower() == "yes" and asked.tag == "WebFilterURLGroup":
                    raise Refusal(528, "Default entity can not be deleted")  # guess: the text
                if asked.tag == "WebFilterURLGroup" and self._used(name):
                    raise Refusal(self.knobs.in_use, "Entity is referred by another entity.")  # guess: the text
                self.tables[asked.tag].remove(node)
                self._status(place, *DONE)
            except Refusal as refused:
                self._status(place, refused.code, refused.text)

    def _used(self, name: str) -> bool:
        rules = [one for policy in self.tables["WebFilterPolicy"] for one in policy.findall("RuleList/Rule/CategoryList/Category")]
        return any(get(one, "type") == "URLGroup" and get(one, "ID") == name for one in rules) or any(
            name in every(rule, "Websites/Activity/Name") for rule in self.tables["SSLTLSInspectionRule"])

    # -- the decision

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp", family: str = "IPv4") -> tuple:
        """:raises NotImplementedError: for what is not modelled."""
        return self.verdict(who, host, port, protocol, family), self.inspection(who, host, port, protocol, family)

    def verdict(self, who: str, host: str, port: int = 443, protocol: str = "tcp", family: str = "IPv4") -> str:
        with self.lock:
            return Decision(self.tables).verdict(self.people[who], host.lower().rstrip("."), port, protocol, family)

    def inspection(self, who: str, host: str, port: int = 443, protocol: str = "tcp", family: str = "IPv4") -> str:
        with self.lock:
            return "tunnel" if protocol == "udp" else Decision(self.tables).inspection(self.people[who], host.lower().rstrip("."), port, family)


def _data(node) -> list:
    """An element without white space; the entries of a list of names in no order. Everybody written out is what the device itself leaves out."""
    inner = [_data(one) for one in node if one.tag != "UserList" or set(every(one, "User")) - {"Anybody"}]
    if node.tag in ("URLlist", "DomainList", "UserList"):
        inner.sort(key=str)
    return [node.tag, (node.text or "").strip(), inner]
