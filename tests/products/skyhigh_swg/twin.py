# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Skyhigh (formerly McAfee) Web Gateway: the REST interface with its sessions and work spaces, lists, rule sets as they are exported, and what
the rules do with a connection.

Shapes of feeds, entries and lists: recorded answers of 11.2.9 in a public integration; sign-ins and requests: three public clients; structure of
exports: analyses in public parsers. ``# guess`` marks what no source says.
"""
from __future__ import annotations

import base64
import copy
import re
import time
import xml.etree.ElementTree as ET
import zlib
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from tests.products.server import Reply, Request, Twin

REST = "/Konfigurator/REST"
BARE = "application/mwg+xml"
TYPES = ("category", "ip", "iprange", "mediatype", "number", "regex", "string")
ENTRY = '<listEntry><entry>%s</entry><description>%s</description></listEntry>'
# guess: all of these identifiers
PROPERTIES = {"com.scur.engine.system." + name: name for name in (
    "url.host", "url.host.belongstodomains", "url", "url.port", "url.categories", "command.name", "client.ip", "authentication.usergroups",
    "authentication.isauthenticated", "antimalware.infected", "ssl.server.certificate.selfsigned")}
OPERATORS = {"com.scur.operator." + name for name in (
    "matchesinlist", "doesnotmatchinlist", "isinlist", "isnotinlist", "equals", "doesnotequal", "contains", "matches", "doesnotmatch", "doesnotcontain",
    "atleastoneinlist", "noneinlist")}
ACTIONS = ("stopcycle", "stopruleset", "continue", "authenticate", "block", "redirect")
CYCLES = {"request": "cycleRequest", "response": "cycleResponse", "embedded": "cycleEmbeddedObject"}
#: What it knows of the attributes of an element, with the values that it can judge (none: any). Anything else may mean anything.
ATTRIBUTES = {
    "ruleGroup": {"id": (), "name": (), "enabled": ("true", "false"), "defaultRights": (), "cycleRequest": ("true", "false"),
                  "cycleResponse": ("true", "false"), "cycleEmbeddedObject": ("true", "false"), "cloudSynced": ("false",)},
    "rule": {"id": (), "name": (), "enabled": ("true", "false")}, "actionContainer": {"actionId": (), "configurationId": ()},
    "condition": {"always": ("true", "false")}, "expressions": {}, "value": {}, "parameters": {}, "entry": {}, "listValue": {"id": ()},
    "conditionExpression": {"openingBracketCount": (), "closingBracketCount": (), "operatorId": (), "prefix": ("AND", "OR", "NOT", "AND NOT", "OR NOT")},
    "propertyInstance": {"propertyId": (), "useMostRecentConfiguration": ()},
    "parameter": {"valueTyp": ("3",), "valueId": (), "listTypeId": (),
                  "typeId": tuple("com.scur.type." + name for name in ("string", "number", "list", "boolean", "regex", "category"))},
    "stringValue": {"value": (), "typeId": (), "stringModifier": ("false",)},
    "list": {"version": (), "mwg-version": (), "name": (), "id": (), "typeId": (), "classifier": (), "systemList": (), "structuralList": ("false",),
             "defaultRights": ()}}
#: What says nothing, and what is judged by itself.
SILENT = ("acElements", "description", "rules", "ruleGroups", "immediateActionContainers", "content")
#: Properties of what is inside of TLS. Of a connection that is not decrypted they hold nothing.
CONTENT = ("antimalware.", "body.", "dlp.", "mediatype.")


class Unmodelled(Exception):
    """What becomes of something depends on what the twin does not model: ``node``; it may be any of ``choices``."""

    def __init__(self, node, what: str, choices: tuple = (True, False)):
        super().__init__(what)
        self.key, self.choices = id(node), choices


@dataclass
class Person:
    """A client: its address, and the user groups that it is in once it has signed in; without ``signs_in`` it never does."""

    address: str
    groups: tuple = ()
    signs_in: bool = True


@dataclass
class Knobs:
    """What differs between releases and installations, and every guess."""

    version: str = "11.2.9-44482"
    session_seconds: int = 60              # guess
    second_login: str = "refuse"           # guess: refuse (409), refuse-401, or replace (the older session ends)
    bad_login: int = 401                   # guess
    no_session: int = 401                  # guess
    duplicate: int = 400                   # guess: only the word "duplicate" is known
    bad_body: int = 400                    # guess
    read_only: int = 403                   # guess
    in_use: int = 409                      # guess: a list that a rule refers to cannot be deleted
    page_size: int = 0                     # 0: everything in one page
    rels: tuple = ("current", "first", "last")   # links of a feed; whether there are others is not published
    links: str = "http://localhost:4711"   # what links name instead of this host
    categories: dict = field(default_factory=lambda: {name: "AI" for name in (
        "chatgpt.com", "openai.com", "oaistatic.com", "claude.ai", "other-ai.example", "oaiusercontent.com")})


class Refusal(Exception):
    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class Session:
    user: str
    used: float
    #: Id to the <list> that this session has written, or None where it has deleted it.
    work: dict = field(default_factory=dict)


def _number(name: str) -> int:
    return zlib.crc32(name.encode("utf-8")) % 10000


# -- rule sets as XML ----------------------------------------------------------------------------------------------


def criterion(prop: str, operator: str, value: str = "", listed: str = "", prefix: str = "", opening: int = 0, closing: int = 0) -> str:
    """One <conditionExpression>; ``listed`` is the id of a list. URL.Host.BelongsToDomains takes its list as a parameter."""
    text = '<stringValue stringModifier="false" typeId="com.scur.type.string" value=%s/>' % quoteattr(value)
    inside = '<listValue id=%s/>' % quoteattr(listed) if listed else text
    first, second = "", '<parameter typeId="com.scur.type.%s" valueTyp="3"><value>%s</value></parameter>' % ("list" if listed else "string", inside)
    if prop.endswith("belongstodomains"):
        first = '<parameters><entry><parameter valueTyp="3"><value>%s</value></parameter></entry></parameters>' % inside
        second = '<parameter typeId="com.scur.type.boolean" valueId="com.scur.type.boolean.%s" valueTyp="3"/>' % (value or "true")
    elif value in ("true", "false"):
        second = '<parameter typeId="com.scur.type.boolean" valueId="com.scur.type.boolean.%s" valueTyp="3"/>' % value
    return ('<conditionExpression openingBracketCount="%d" closingBracketCount="%d" operatorId="com.scur.operator.%s"%s><propertyInstance '
            'propertyId="com.scur.engine.system.%s" useMostRecentConfiguration="false">%s</propertyInstance>%s</conditionExpression>') % (
                opening, closing, operator, ' prefix="%s"' % prefix if prefix else "", prop, first, second)


def condition(*criteria: str) -> str:
    if not criteria:
        return '<condition always="true"><expressions/></condition>'
    return '<condition always="false"><expressions>%s</expressions></condition>' % "".join(criteria)


def rule(name: str, action: str, *criteria: str, engine: str = "", header: str = "", enabled: bool = True) -> str:
    """One <rule>. ``engine``: one that it starts; ``header``: a header that it adds to requests."""
    at_once = '<enableEngineActionContainer configurationId="1" engineId=%s/>' % quoteattr(engine) if engine else ""
    if header:
        at_once += ('<executeActionContainer><procedureValue procedureId="com.scur.procedure.header.add"><parameters><entry><parameter valueTyp="3"><value>'
                    '<stringValue stringModifier="false" typeId="com.scur.type.string" value=%s/></value></parameter></entry></parameters></procedureValue>'
                    '</executeActionContainer>') % quoteattr(header)
    return ('<rule id="%s" name=%s enabled="%s"><description/>%s<actionContainer actionId="com.scur.mainaction.%s"/><immediateActionContainers>%s'
            '</immediateActionContainers></rule>') % (_number(name), quoteattr(name), str(enabled).lower(), condition(*criteria), action, at_once)


def rule_group(name: str, rules=(), groups=(), when: str = "", enabled: bool = True, cycles: str = "request response") -> str:
    return ('<ruleGroup id="%d" name=%s enabled="%s" defaultRights="2" cycleRequest="%s" cycleResponse="%s" cycleEmbeddedObject="%s" '
            'cloudSynced="false"><acElements/><description/>%s<rules>%s</rules><ruleGroups>%s</ruleGroups></ruleGroup>') % (
                _number(name), quoteattr(name), str(enabled).lower(), str("request" in cycles).lower(), str("response" in cycles).lower(),
                str("embedded" in cycles).lower(), when or condition(), "".join(rules), "".join(groups))


SSL = "com.scur.engine.ssl"


class SkyhighGateway(Twin):
    """``site``: "guarded" (signs people in, decrypts, blocks the AI category and a list), or "bare" (nothing but lists)."""

    def __init__(self, tls: bool = False, port: int = 0, site: str = "guarded", **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.admins = {"netaccess": "S3cure-Gateway-pw", "alice": "Wonderland-9"}
        self.people = {"member": Person("192.0.2.10", ("AI users", "Staff")), "stranger": Person("192.0.2.20", ("Staff",)),
                       "anonymous": Person("192.0.2.30", (), False)}
        self._moved = 0.0
        self._numbers, self._sids = count(300), count(1)
        self.sessions: dict = {}
        self.lists: dict = {}
        #: The top-level <ruleGroup> elements in order.
        self.rules: list = []
        for kind, name, held in (("number", "Allowed CONNECT Ports", ("443", "8443")), ("regex", "SSL Host Tunnel List", ("*.bank.test",)),
                                 ("regex", "Global Block: Sites", ("*.other-ai.example",)), ("regex", "Old ChatGPT", ())):
            self.add_list(name, kind, held)
        self.add_list("Application Names", "string", ("ChatGPT",), system=True)
        if site == "guarded":
            self._guard()

    # -- edits by hand, in force at once

    def add_list(self, name: str, kind: str = "regex", held=(), system: bool = False, description: str = "") -> str:
        identity = "com.scur.type.%s.%d" % (kind, next(self._numbers))
        self.lists[identity] = ET.fromstring(
            '<list version="1.0.3.46" mwg-version="%s" name=%s id="%s" typeId="com.scur.type.%s" classifier="Other" systemList="%s" structuralList="false" '
            'defaultRights="2"><description>%s</description><content>%s</content></list>' % (
                self.knobs.version, quoteattr(name), identity, kind, str(system).lower(), escape(description),
                "".join(ENTRY % (escape(entry), "by hand") for entry in held)))
        return identity

    def list_named(self, name: str):
        return next((node for node in self.lists.values() if node.get("name") == name), None)

    def id_of(self, name: str) -> str:
        return self.list_named(name).get("id")

    def edit(self, name: str, add=(), remove=(), description: str | None = None) -> None:
        node = self.list_named(name)
        content = node.find("content")
        for entry in list(content):
            if entry.findtext("entry") in remove:
                content.remove(entry)
        for text in add:
            content.append(ET.fromstring(ENTRY % (escape(text), "by hand")))
        if description is not None:
            node.find("description").text = description

    def insert(self, group: str, above: str | None = None) -> None:
        """Put a rule set above the one of that name, or at the end."""
        names = [node.get("name") for node in self.rules]
        self.rules.insert(names.index(above) if above else len(names), ET.fromstring(group))

    def import_rules(self, text: str, above: str | None = None) -> None:
        """What the user interface does with a file: its lists stand for existing ones of their names. :raises ValueError: for what it does not know."""
        root = ET.fromstring(text)
        mapped = {}
        for node in root.findall("lists/entry/list"):
            name = node.get("name")
            if self.list_named(name) is None:
                self.add_list(name, node.get("typeId").rpartition(".")[2], (), description=node.findtext("description") or "")
            mapped[node.get("id")] = self.id_of(name)
        for group in root.findall("ruleGroup"):
            for node in group.iter():
                if node.tag == "listValue":
                    node.set("id", mapped[node.get("id")])
                if node.tag == "propertyInstance" and node.get("propertyId") not in PROPERTIES:
                    raise ValueError("unknown property %s" % node.get("propertyId"))
                if node.tag == "conditionExpression" and node.get("operatorId") not in OPERATORS:
                    raise ValueError("unknown operator %s" % node.get("operatorId"))
                if node.tag == "actionContainer" and not node.get("actionId").rpartition("mainaction.")[2].startswith(ACTIONS):
                    raise ValueError("unknown action %s" % node.get("actionId"))
            self.insert(ET.tostring(group, encoding="unicode"), above)

    def _guard(self) -> None:
        connect = condition(criterion("command.name", "equals", "CONNECT"))
        for group in (
            rule_group("Authentication", [rule("Ask for a user", "authenticate", criterion("authentication.isauthenticated", "equals", "false"))],
                       cycles="request"),
            rule_group("HTTPS Scanning", [], [
                rule_group("Handle CONNECT Call", [
                    rule("Tunneled Hosts", "stopruleset", criterion("url.host", "matchesinlist", listed=self.id_of("SSL Host Tunnel List"))),
                    rule("Restrict Destination Ports", "block.11376", criterion("url.port", "isnotinlist", listed=self.id_of("Allowed CONNECT Ports"))),
                    rule("Set Client Context", "continue", engine=SSL)], when=connect, cycles="request")]),
            rule_group("Global Block", [rule("Sites", "block.11376", criterion("url.host", "matchesinlist", listed=self.id_of("Global Block: Sites")))],
                       cycles="request"),
            rule_group("URL Filtering", [rule("Block AI", "block.11376", criterion("url.categories", "contains", "AI"))], cycles="request"),
            rule_group("Data Loss Prevention", [rule("Classify uploads", "continue", engine="com.scur.engine.dlp")], cycles="request"),
            rule_group("Gateway Anti-Malware", [rule("Block if virus was found", "continue", engine="com.scur.engine.antimalware")]),
        ):
            self.insert(group)

    def now(self) -> float:
        return time.monotonic() + self._moved

    def advance(self, seconds: float) -> None:
        """Let time pass: sessions idle out."""
        self._moved += seconds

    # -- state

    def save(self) -> object:
        return copy.deepcopy((self.lists, self.rules, self.sessions))

    def restore(self, kept) -> None:
        self.lists, self.rules, self.sessions = kept

    def snapshot(self) -> object:
        """A list that holds nothing does nothing, whatever its description says."""
        lists = {}
        for node in self.lists.values():
            held = sorted(entry.findtext("entry") for entry in node.iter("listEntry"))
            if held:
                lists["%s (%s)" % (node.get("name"), node.get("typeId"))] = {"description": node.findtext("description") or "", "entries": held}
        return {"lists": lists, "rules": [ET.tostring(group, encoding="unicode") for group in self.rules]}

    # -- the interface

    def answer(self, request: Request) -> Reply:
        path = re.sub("/+", "/", request.path)
        path, _semicolon, matrix = path.partition(";jsessionid=")
        bare = BARE in request.headers.get("accept", "")
        if not path.startswith(REST):
            return Reply(404, b"<html><body><h1>404</h1></body></html>", {"Content-Type": "text/html"})
        parts = [unquote(part) for part in path[len(REST):].strip("/").split("/")]
        try:
            if parts == ["login"]:
                return self._login(request, bare)
            session = self._session(request, matrix)
            return self._call(request, parts, session, bare)
        except Refusal as refusal:
            return Reply(refusal.status, ("<html><body><p>%s</p></body></html>" % escape(refusal.text)).encode(), {"Content-Type": "text/html"})

    def _login(self, request: Request, bare: bool) -> Reply:
        given = request.query if "userName" in request.query else request.form if "userName" in request.form else {}
        user, password = given.get("userName"), given.get("pass")
        scheme, _blank, coded = request.headers.get("authorization", "").partition(" ")
        if not given and scheme == "Basic":
            user, _colon, password = base64.b64decode(coded).decode("utf-8").partition(":")
        if user is None or self.admins.get(user) != password:
            raise Refusal(self.knobs.bad_login, "Authentication failed")
        self._expire()
        signed_in = [sid for sid, session in self.sessions.items() if session.user == user]
        if signed_in and self.knobs.second_login != "replace":
            raise Refusal(401 if self.knobs.second_login == "refuse-401" else 409, "User %s is already logged in" % user)
        for sid in signed_in:
            del self.sessions[sid]
        sid = "%032X" % (0xC0FFEE0000 + next(self._sids))
        self.sessions[sid] = Session(user, self.now())
        body = sid if bare else '<entry><id>login</id><title>login</title><content type="text">%s</content></entry>' % sid
        return Reply(200, body.encode(), {"Content-Type": BARE if bare else "application/xml", "Set-Cookie": "JSESSIONID=%s; Path=/Konfigurator" % sid})

    def _expire(self) -> None:
        for sid in [sid for sid, session in self.sessions.items() if self.now() - session.used > self.knobs.session_seconds]:
            del self.sessions[sid]

    def _session(self, request: Request, matrix: str) -> str:
        self._expire()
        found = re.search(r"JSESSIONID=([^;\s]+)", request.headers.get("cookie", ""))
        sid = matrix or (found[1] if found else "")
        if sid not in self.sessions:
            raise Refusal(self.knobs.no_session, "Session expired or not logged in")
        self.sessions[sid].used = self.now()
        return sid

    def _call(self, request: Request, parts: list, sid: str, bare: bool) -> Reply:
        session, verb = self.sessions[sid], (request.method, parts[0])
        if parts[0] == "logout":
            del self.sessions[sid]
            return Reply()
        if verb == ("POST", "commit"):
            for identity, node in session.work.items():
                self.lists.pop(identity, None)
                if node is not None:
                    self.lists[identity] = node
            session.work = {}
            return Reply()
        if verb == ("POST", "discard"):
            session.work = {}
            return Reply()
        if verb in (("POST", "heartbeat"), ("POST", "backup")):
            return Reply()
        if request.method == "GET" and parts == ["version", "mwg-ui"]:
            return self._xml("<entry><content>%s</content></entry>" % self.knobs.version)
        if verb == ("GET", "appliances"):
            return self._feed(request, "Appliances", ["<entry><id>6A3C0000-0000-0000-0000-000000000001</id><title>gw</title></entry>"])
        if parts[0] == "list":
            return self._lists(request, parts[1:], session, bare)
        if verb == ("GET", "rulesets") and len(parts) == 1:
            return self._feed(request, "Rule Sets", [self._rule_entry(number, group) for number, group in enumerate(self.rules, 1)])
        if request.method == "POST" and parts[:2] == ["rulesets", "rulegroups"] and parts[3:] == ["export"] and parts[2].isdigit():
            if not 0 < int(parts[2]) <= len(self.rules):
                raise Refusal(404, "no such rule set")
            return self._export(self.rules[int(parts[2]) - 1])
        raise Refusal(404, "no such resource")

    @staticmethod
    def _xml(text: str, bare: bool = False) -> Reply:
        return Reply(200, text.encode("utf-8"), {"Content-Type": BARE if bare else "application/xml"})

    def _feed(self, request: Request, title: str, rows: list) -> Reply:
        size = int(request.query.get("pageSize") or 0)
        size = size if size > 0 else self.knobs.page_size or max(len(rows), 1)
        if self.knobs.page_size:
            size = min(size, self.knobs.page_size)
        last = max(1, -(-len(rows) // size))
        page = min(int(request.query.get("page") or 1), last)
        links = "".join('<link href="%s%s?page=%d&amp;pageSize=%d" rel="%s"/>' % (self.knobs.links, request.path, number, size, rel)
                        for rel, number in (("current", page), ("first", 1), ("last", last), ("next", page + 1))
                        if rel in self.knobs.rels and number <= last)
        return self._xml("<feed><id>%s</id><title>%s</title>%s%s</feed>" % (title, title, links, "".join(rows[(page - 1) * size:page * size])))

    def _rule_entry(self, number: int, group) -> str:
        return ('<entry><id>%d</id><title>%s</title><position>%d</position><enabled>%s</enabled><noOfChild>%d</noOfChild>'
                '<link href="%s%s/rulesets/rulegroups/%d" rel="self"/></entry>') % (
                    number, escape(group.get("name")), number - 1, group.get("enabled"), len(group.findall("ruleGroups/ruleGroup")),
                    self.knobs.links, REST, number)

    def _export(self, group) -> Reply:
        used = sorted({value.get("id") for value in group.iter("listValue")})
        held = "".join("<entry><string>%s</string>%s</entry>" % (identity, ET.tostring(self.lists[identity], encoding="unicode"))
                       for identity in used if identity in self.lists)
        return self._xml("<libraryContent><libraryObject><version>1.0</version><name>%s</name><description/></libraryObject><lists>%s</lists>%s"
                         "</libraryContent>" % (escape(group.get("name")), held, ET.tostring(group, encoding="unicode")))

    # -- lists

    def _seen(self, session: Session) -> dict:
        """The lists as this session sees them."""
        return {identity: node for identity, node in dict(self.lists, **session.work).items() if node is not None}

    def _lists(self, request: Request, parts: list, session: Session, bare: bool) -> Reply:
        seen, method = self._seen(session), request.method
        if not parts:
            if method == "POST":
                return self._create(request, session, bare)
            return self._feed(request, "Lists", [self._row(node) for node in seen.values() if self._asked(request, node)])
        node = seen.get(parts[0])
        if node is None:
            raise Refusal(404, "list %s does not exist" % parts[0])
        if method != "GET" and node.get("systemList") == "true":
            raise Refusal(self.knobs.read_only, "list is read only")
        if len(parts) == 1 and method == "GET":
            return self._list(node, bare)
        if len(parts) == 1 and method == "PUT":
            new = self._body(request, "list")
            for name in ("version", "mwg-version", "id", "typeId", "classifier", "systemList", "structuralList", "defaultRights"):
                new.set(name, node.get(name))
            session.work[parts[0]] = new
            return self._list(new, bare)
        if len(parts) == 1 and method == "DELETE":
            if any(value.get("id") == parts[0] for group in self.rules for value in group.iter("listValue")):
                raise Refusal(self.knobs.in_use, "list is in use")
            session.work[parts[0]] = None
            return self._list(node, bare)
        if parts[1] == "entry":
            return self._entries(request, parts, node, session, bare)
        raise Refusal(404, "no such resource")

    @staticmethod
    def _asked(request: Request, node) -> bool:
        name, kind = request.query.get("name", ""), request.query.get("type", "")
        return name.lower() in node.get("name").lower() and kind in ("", node.get("typeId").rpartition(".")[2])

    def _create(self, request: Request, session: Session, bare: bool) -> Reply:
        if request.body.strip():
            node = self._body(request, "list")
        else:
            node = ET.fromstring('<list name=%s typeId="com.scur.type.%s" classifier="Other" systemList="false" structuralList="false" defaultRights="2">'
                                 '<description/><content/></list>' % (quoteattr(request.query.get("name", "")), request.query.get("type", "")))
        kind = (node.get("typeId") or "").rpartition(".")[2]
        if not node.get("name") or kind not in TYPES:
            raise Refusal(self.knobs.bad_body, "name or type is missing")
        if any(other.get("name") == node.get("name") for other in self._seen(session).values()):
            raise Refusal(self.knobs.duplicate, "duplicate list name")
        identity = "%s.%d" % (node.get("typeId"), next(self._numbers))
        for name, value in (("version", "1.0.3.46"), ("mwg-version", self.knobs.version), ("id", identity)):
            node.set(name, value)
        session.work[identity] = node
        return self._list(node, bare)

    def _entries(self, request: Request, parts: list, node, session: Session, bare: bool) -> Reply:
        rows, method = node.findall("content/listEntry"), request.method
        if len(parts) == 2 and method == "GET":
            return self._feed(request, "List entries", [self._entry(number, row) for number, row in enumerate(rows)])
        if len(parts) < 3 or not parts[2].isdigit():
            raise Refusal(404, "no such resource")
        at, insert = int(parts[2]), parts[3:] == ["insert"]
        if at >= len(rows) + insert:
            raise Refusal(404, "no entry at position %d" % at)
        if method == "GET":
            return self._answer_entry(at, rows[at], bare)
        new = copy.deepcopy(node)
        content = new.find("content")
        if method == "DELETE":
            gone = content.findall("listEntry")[at]
            content.remove(gone)
        else:
            gone = self._body(request, "listEntry")
            if insert and gone.findtext("entry") in [row.findtext("entry") for row in rows]:
                raise Refusal(self.knobs.duplicate, "duplicate entry")
            if not insert:
                content.remove(content.findall("listEntry")[at])
            content.insert(at, gone)
        session.work[node.get("id")] = new
        return self._answer_entry(at, gone, bare)

    def _body(self, request: Request, tag: str):
        """The wanted element, bare or in an Atom entry of whatever namespace."""
        try:
            root = ET.fromstring(request.body)
        except ET.ParseError as error:
            raise Refusal(self.knobs.bad_body, "not well-formed: %s" % error) from error
        for node in root.iter():
            node.tag = node.tag.rpartition("}")[2]
        found = root if root.tag == tag else root.find("content/" + tag)
        if found is None:
            raise Refusal(self.knobs.bad_body, "no %s in it" % tag)
        return found

    @staticmethod
    def _row(node) -> str:
        identity = node.get("id")
        return "<entry><id>%s</id><title>%s</title><listType>%s</listType><link href=\"%s/list/%s\" rel=\"self\"/></entry>" % (
            identity, escape(node.get("name")), node.get("typeId").rpartition(".")[2], REST, identity)

    def _list(self, node, bare: bool) -> Reply:
        text = ET.tostring(node, encoding="unicode")
        if bare:
            return self._xml(text, True)
        identity, kind = node.get("id"), node.get("typeId")
        return self._xml('<entry><id>%s</id><title>%s</title><type>%s</type><listType>%s</listType><link href="%s%s/list/%s" rel="self"/><content>%s</content>'
                         '</entry>' % (identity, escape(node.get("name")), kind, kind.rpartition(".")[2], self.knobs.links, REST, identity, text))

    @staticmethod
    def _entry(at: int, row) -> str:
        return "<entry><id>%d</id><title>List entry at position %d</title><content>%s</content></entry>" % (at, at, ET.tostring(row, encoding="unicode"))

    def _answer_entry(self, at: int, row, bare: bool) -> Reply:
        return self._xml(ET.tostring(row, encoding="unicode") if bare else self._entry(at, row), bare)

    # -- what it does with a connection

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        """A CONNECT through the request cycle; when it is decrypted, the check of the certificate, the request in it and the reply as well. UDP does
        not pass an HTTP proxy.

        Whether it is decrypted may be "not known".

        :raises NotImplementedError: naming what the verdict depends on and the twin does not model.
        """
        if protocol != "tcp":
            return "block", None
        outcomes, doubts, open_choices = set(), set(), [{}]
        for tried in count():
            if not open_choices or tried > 1000:
                break
            chosen = open_choices.pop()
            try:
                outcomes.add(self._connection(self.people[who], host.lower().rstrip("."), port, chosen))
            except Unmodelled as doubt:
                doubts.add(str(doubt))
                open_choices += [{**chosen, doubt.key: choice} for choice in doubt.choices]
        verdicts = {verdict for verdict, _inspection in outcomes}
        if len(verdicts) != 1 or open_choices:
            raise NotImplementedError(", ".join(sorted(doubts)))
        return outcomes.pop() if len(outcomes) == 1 else (verdicts.pop(), "not known")

    def _connection(self, person: Person, host: str, port: int, chosen: dict) -> tuple:
        """``chosen``: what is taken for the answer where the twin has none."""
        facts = {"host": host, "port": str(port), "command": "CONNECT", "url": "", "groups": (), "signed in": False, "decrypt": False,
                 "address": person.address, "inside": False, "chosen": chosen}
        url = "https://%s/" % host
        # guess: that the reply to a CONNECT passes the response cycle, and that everything has something embedded
        for cycle, command, inside in (("request", "CONNECT", False), ("request", "CERTVERIFY", True), ("request", "GET", True), ("response", "GET", True),
                                       ("embedded", "GET", True), ("response", "CONNECT", False)):
            if inside and not facts["decrypt"] or (cycle == "response" and inside != facts["decrypt"]):
                continue
            facts.update(command=command, url=url if command == "GET" else "", inside=inside)
            if self._cycle(facts, person, cycle) == "block":
                # A block page for HTTPS is shown inside of TLS, with the gateway's own certificate.
                return "block", "decrypt"
        return "allow", "decrypt" if facts["decrypt"] else "tunnel"

    def _cycle(self, facts: dict, person: Person, cycle: str) -> str:
        for group in self.rules:
            ended = self._group(group, facts, person, cycle)
            if ended:
                return ended
        return ""

    def _group(self, group, facts: dict, person: Person, cycle: str) -> str:
        """"block", "cycle" or "": how the cycle goes on behind this rule set. Its own rules come before the rule sets in it."""  # guess
        if group.get("enabled") != "true" or group.get(CYCLES[cycle]) != "true" or not self._holds(group.find("condition"), facts):
            return ""
        if not self._plain(group, facts):
            return ""
        for one in group.findall("rules/*"):
            ended = self._rule(one, facts, person)
            if ended:
                return "" if ended == "set" else ended
        for inner in group.findall("ruleGroups/ruleGroup"):
            ended = self._group(inner, facts, person, cycle)
            if ended:
                return ended
        return ""

    def _rule(self, one, facts: dict, person: Person) -> str:
        """"block", "cycle", "set" or "": what it ends."""
        if one.tag != "rule":
            return self._choose(facts, one, "element " + one.tag, ("block", "cycle", "set", ""))
        if one.get("enabled") != "true" or not self._holds(one.find("condition"), facts) or not self._plain(one, facts):
            return ""
        for event in one.findall("immediateActionContainers/*"):
            done = self._event(event, facts)
            if done == "block":
                return "block"
            facts["decrypt"] = facts["decrypt"] or done == "decrypt"
        identity = one.find("actionContainer").get("actionId")
        action = identity.rpartition("mainaction.")[2].partition(".")[0]
        if action not in ACTIONS:
            action = self._choose(facts, one.find("actionContainer"), "action " + identity, ("block", "stopcycle", "stopruleset", "continue"))
        if action == "authenticate":
            if not person.signs_in:
                return "block"
            facts.update({"signed in": True, "groups": person.groups})
        return {"block": "block", "redirect": "block", "stopcycle": "cycle", "stopruleset": "set"}.get(action, "")

    def _event(self, event, facts: dict) -> str:
        procedures = [node.get("procedureId") for node in event.iter("procedureValue")]
        identity = event.get("engineId") or event.get("propertyId") or (procedures[0] if procedures else event.tag)
        if identity == SSL or "ssl" in identity.lower():  # guess: what the others of that name do
            return "decrypt"
        if identity in ("com.scur.engine.dlp", "com.scur.engine.antimalware", "com.scur.procedure.header.add") or (
                event.tag == "setActionContainer" and identity.isdigit()):
            return ""
        return self._choose(facts, event, "event " + identity, ("", "block", "decrypt"))

    @staticmethod
    def _choose(facts: dict, node, what: str, choices: tuple = (True, False)):
        """The answer that is taken for this ``node``."""
        if id(node) not in facts["chosen"]:
            raise Unmodelled(node, what, choices)
        return facts["chosen"][id(node)]

    def _plain(self, node, facts: dict, below: tuple = ("condition",)) -> bool:
        """Whether all that an element says is known; else whether it applies is chosen."""
        odd = _odd(node, below)
        return not odd or self._choose(facts, node, odd)

    def _holds(self, node, facts: dict) -> bool:
        if node is None:
            return True
        odd = _odd(node, ("conditionExpression",))
        expressions = node.findall("expressions/conditionExpression")
        if odd or (node.get("always") == "true") == bool(expressions):
            return self._choose(facts, node, odd or "condition")
        words = []
        for number, one in enumerate(expressions):
            prefix = (one.get("prefix") or ("AND" if number else "")).lower()
            words += [prefix] + ["("] * int(one.get("openingBracketCount") or 0)
            words += [str(self._test(one, facts))] + [")"] * int(one.get("closingBracketCount") or 0)
        try:
            return not words or bool(eval(" ".join(words)))  # nothing but True, False, and, or, not and brackets
        except SyntaxError:
            return self._choose(facts, node, "brackets")

    def _test(self, one, facts: dict) -> bool:
        identity, operator = one.find("propertyInstance").get("propertyId"), one.get("operatorId").rpartition("operator.")[2]
        listed = [value.get("id") for value in one.iter("listValue")]
        node = self.lists.get(listed[0]) if listed else None
        literal = one.find("parameter/value/stringValue")
        prop, negated = identity.partition("com.scur.engine.system.")[2], NEGATED.get(operator)
        if not facts["inside"] and facts["command"] == "CONNECT" and prop.startswith(CONTENT) and operator in ("atleastoneinlist", "noneinlist"):
            return operator == "noneinlist"
        if identity not in PROPERTIES or one.get("operatorId") not in OPERATORS:
            return self._choose(facts, one, "property " + identity if identity not in PROPERTIES else "operator " + one.get("operatorId"))
        odd = _odd(one) or (listed and (node is None and "list %s" % listed[0] or _odd(node)))
        values = len(listed) + (literal is not None) + (one.find("parameter").get("valueId") is not None) - prop.endswith("belongstodomains")
        if odd or values != 1:
            return self._choose(facts, one, odd or "values")
        held = [entry.findtext("entry") for entry in node.iter("listEntry")] if node is not None else []
        value = literal.get("value") if literal is not None else (one.find("parameter").get("valueId") or "").rpartition(".")[2]
        found = self._compare(one, facts, prop, negated or operator, held, value, bool(listed))
        return not found if negated else found

    def _compare(self, one, facts: dict, prop: str, operator: str, held: list, value: str, listed: bool) -> bool:
        """The test without what turns it round. What an operator means for a property that it does not belong to is chosen."""
        flags = {"authentication.isauthenticated": facts["signed in"], "antimalware.infected": False, "ssl.server.certificate.selfsigned": False,
                 "url.host.belongstodomains": any(facts["host"] == domain or facts["host"].endswith("." + domain) for domain in held)}
        if prop in flags and operator == "equals" and value in ("true", "false"):
            return flags[prop] == (value == "true")
        if prop == "authentication.usergroups" and operator == ("atleastoneinlist" if listed else "contains"):
            return any(group in (held if listed else [value]) for group in facts["groups"])
        if prop == "url.categories" and operator == "contains" and not listed:
            return any(facts["host"] == name or facts["host"].endswith("." + name) for name, category in self.knobs.categories.items() if category == value)
        fact = {"url.host": "host", "url": "url", "url.port": "port", "command.name": "command", "client.ip": "address"}.get(prop)
        if fact and operator in (("matchesinlist", "isinlist") if listed else ("matches", "equals")):
            if operator.startswith("matches"):
                return any(wildcard(entry, facts[fact]) for entry in (held if listed else [value]))
            return facts[fact] in (held if listed else [value])
        return self._choose(facts, one, "operator %s of property %s" % (operator, prop))


NEGATED = {"doesnotmatchinlist": "matchesinlist", "isnotinlist": "isinlist", "doesnotequal": "equals", "doesnotmatch": "matches",
           "doesnotcontain": "contains", "noneinlist": "atleastoneinlist"}


def _odd(node, apart: tuple = ()) -> str:
    """The name of something in an element that the twin does not model; "" where there is none. ``apart``: elements that are judged by themselves."""
    for name, value in node.items():
        known = ATTRIBUTES.get(node.tag, {}).get(name)
        if known is None or (known and value not in known):
            return "%s@%s" % (node.tag, name)
    for child in node:
        if child.tag in apart or child.tag in SILENT:
            continue
        if child.tag not in ATTRIBUTES:
            if child.attrib or len(child) or (child.text or "").strip():
                return "%s/%s" % (node.tag, child.tag)
        elif _odd(child, apart):
            return _odd(child, apart)
    return ""


def wildcard(entry: str, text: str) -> bool:
    """A wildcard expression: ``*`` is any characters, dots as well, or ``regex(...)``. Case does not matter."""  # guess
    inner = re.match(r"regex\((.*)\)\Z", entry)
    if inner:
        return re.search(inner[1], text, re.I) is not None
    return re.fullmatch(re.escape(entry).replace(r"\*", ".*").replace(r"\?", "."), text, re.I) is not None
