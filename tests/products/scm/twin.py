# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access in memory, as Strata Cloud Manager configures it: folders and snippets, one candidate of the tenant, pushes as jobs.

Sources: the vendor's OpenAPI documents (PaloAltoNetworks/pan.dev 481855cc of 2026-08-21), pan-scm-sdk 0.15.1 (its exceptions are made from recorded
answers), the pages on access tokens of pan.dev. What no source confirms is marked ``# guess``.
"""
from __future__ import annotations

import base64
import itertools
import json
import re
import uuid
from dataclasses import dataclass, field

from tests.products.scm.decision import COLUMNS, Decision, Person
from tests.products.server import Reply, Request, Twin, copied

#: Path below the version: (kind of object, service).
TABLES = {
    "security-rules": ("security rule", "security"), "decryption-rules": ("decryption rule", "security"), "url-categories": ("url category", "security"),
    "authentication-rules": ("authentication rule", "identity"), "profile-groups": ("profile group", "security"),
    "url-access-profiles": ("url access profile", "security"), "http-header-profiles": ("http header profile", "security"),
    "addresses": ("address", "objects"), "address-groups": ("address group", "objects"), "services": ("service", "objects"),
    "service-groups": ("service group", "objects"), "application-groups": ("application group", "objects"),
    "application-filters": ("application filter", "objects"), "external-dynamic-lists": ("external list", "objects")}
KINDS = tuple(kind for kind, _service in TABLES.values())
RULES = ("security rule", "decryption rule", "authentication rule")
REQUIRED = {"security rule": ("from", "to", "source", "source_user", "destination", "service", "action"),
            "decryption rule": ("action", "category", "destination", "service", "source", "source_user", "from", "to")}
_TYPES = {"string": str, "boolean": bool, "list": list, "object": dict, "objects": list, "integer": int}
#: From the root down to where mobile users are.
CHAIN = ("All", "Prisma Access", "Mobile Users")
MEMBER = Person("192.0.2.10", "example\\alice", ("example\\ai-users", "example\\staff"))
STRANGER = Person("192.0.2.200", "example\\bob", ("example\\finance",))
#: Polls that a job takes.
POLLS = 2


@dataclass
class Knobs:
    """What may be one way or another. ``internet_wins``: see Decision. ``fails``: what the next push fails with; ``child_fails``: only its part does.

    ``new_columns``: properties that this release has besides.
    """

    internet_wins: bool = False
    fails: str = ""
    child_fails: str = ""
    new_columns: set = field(default_factory=set)


class Refused(Exception):
    def __init__(self, status: int, code: str, words: str, kind: str = ""):
        super().__init__(words)
        self.reply = Reply.of_json({"_errors": [{"code": code, "message": words, "help": "", "details": {"errorType": kind, "message": [words]}}],
                                    "_request_id": "b2f1"}, status)


class Scm(Twin):
    """``clients``: {client id: secret}, which are administrators too; ``readers``: those of them that may only read; ``may_push``: those that may push.

    ``candidate`` and ``running``: {kind: [row]}; a row has "position" if it is a rule. ``dirty``: {id: who edited it since it was pushed}.
    ``legacy``: the paths of api.sase.paloaltonetworks.com.
    """

    def __init__(self, tls: bool = False, port: int = 0, legacy: bool = False):
        super().__init__(tls, port)
        self.knobs, self.legacy = Knobs(), legacy
        self.clients = {"netaccess@1234567890.iam.panserviceaccount.com": "Correct-Secret-9", "alice@1234567890.iam.panserviceaccount.com": "Alice-Secret-9"}
        self.readers: set = set()
        self.tokens: dict = {}
        self.folders, self.attached = list(CHAIN), {"All": ["Shipped"]}
        self.people = {"member": MEMBER, "stranger": STRANGER}
        self._numbers = itertools.count(1)
        #: Makes the token of a client, and the keys by which others check it.
        self.sign, self.keys = lambda client: "token-%d" % next(self._numbers), {"keys": []}
        self.jobs: list = []
        self.candidate: dict = {kind: [] for kind in KINDS}
        self.dirty: dict = {}
        self._site()
        self.running = copied(self.candidate)
        self.dirty.clear()

    def _site(self) -> None:
        self.add("url access profile", {"name": "Corporate", "block": ["malware", "AI sites"], "alert": ["business-and-economy"]}, "Prisma Access")
        self.add("profile group", {"name": "Standard", "spyware": ["best-practice"], "vulnerability": ["best-practice"],
                                   "virus_and_wildfire_analysis": ["best-practice"], "url_filtering": ["Corporate"]}, "Prisma Access")
        self.add("url category", {"name": "AI sites", "type": "URL List", "list": [
            "chatgpt.com/", "*.chatgpt.com/", "*.openai.com/", "*.oaistatic.com/", "claude.ai/", "js.stripe.com/"]}, "Prisma Access")
        self.add("security rule", rule("Block malware", "deny", category=["malware"]), "All")
        self.add("security rule", rule("Block AI", "deny", category=["AI sites"]), "Mobile Users")
        self.add("security rule", rule("Web", "allow", service=["service-http", "service-https"], profile_setting={"group": ["Standard"]}), "Mobile Users")
        self.add("security rule", rule("Drop the rest", "drop"), "All", position="post")
        self.add("decryption rule", decryption("Decrypt the rest", "decrypt", profile="best-practice"), "Mobile Users")

    # -- an administrator at the console

    def add(self, kind: str, row: dict, folder: str | None = "Mobile Users", snippet: str | None = None, position: str = "pre", who: str = "alice",
            at: int | None = None) -> dict:
        """``at``: the place among the rules of its container and position; by default the last."""
        place = {"snippet": snippet} if snippet else {"folder": folder}
        row = dict(copied(row), id=str(uuid.UUID(int=next(self._numbers))), **place, **({"position": position} if kind in RULES else {}))
        self.candidate[kind].append(row)
        self.dirty[row["id"]] = who
        if at is not None:
            mine = self.beside(kind, row)
            mine.remove(row)
            if at < len(mine):
                self._move(kind, row, mine[at], False)
        return row

    def find(self, kind: str, name: str, folder: str = "Mobile Users") -> dict:
        """:raises StopIteration: there is none."""
        return next(row for row in self.candidate[kind] if row["name"] == name and folder in (row.get("folder"), row.get("snippet")))

    def beside(self, kind: str, row: dict) -> list:
        """The rows of a kind in the same container, and position, in their order."""
        return [one for one in self.candidate[kind] if all(one.get(key) == row.get(key) for key in ("folder", "snippet", "position"))]

    def _move(self, kind: str, row: dict, other: dict, after: bool) -> None:
        rows = self.candidate[kind]
        rows.remove(row)
        rows.insert([id(one) for one in rows].index(id(other)) + after, row)

    def move(self, name: str, at: int, kind: str = "security rule", folder: str = "Mobile Users") -> None:
        row = self.find(kind, name, folder)
        others = [one for one in self.beside(kind, row) if one is not row]
        if others:
            self._move(kind, row, others[min(at, len(others) - 1)], at >= len(others))
        self.dirty[row["id"]] = "alice"

    def publish(self) -> None:
        """Everything that waits, of everybody."""
        self.running = copied(self.candidate)
        self.dirty.clear()

    # -- the API

    def answer(self, request: Request) -> Reply:
        try:
            return self._answer(request)
        except Refused as refused:
            return refused.reply

    def _answer(self, request: Request) -> Reply:
        path = request.path
        if path in ("/oauth2/access_token", "/am/oauth2/access_token") and request.method == "POST":
            return self._token(request)
        if path.endswith("/connect/jwk_uri"):
            return Reply.of_json(self.keys)
        who = self.tokens.get(request.headers.get("authorization", "").rpartition("Bearer ")[2])
        if who is None:
            raise Refused(401, "E016", "Invalid Credential")
        if request.method != "GET" and who in self.readers:
            raise Refused(403, "E007", "Unauthorized")
        service, rest = self._parts(path)
        if service == "operations":
            return self._operation(request, rest, who)
        if rest == "snippets" and service in (None, "setup") and request.method == "GET":
            return self._snippets(request)
        table, _slash, number = rest.partition("/")
        kind, at_home = TABLES.get(table, (None, None))
        if kind is None or service not in (None, at_home):
            raise NotImplementedError("%s %s" % (request.method, path))
        number, _colon, verb = number.partition(":")
        if verb and (verb != "move" or kind not in RULES or request.method != "POST"):
            raise NotImplementedError("%s %s" % (request.method, path))
        if kind in RULES and not verb and not number and request.query.get("position") not in ("pre", "post"):
            raise Refused(400, "E003", "Missing Query Parameter: position", "Missing Query Parameter")
        if verb:
            return self._moved(kind, self._row(kind, number), request.json, who)
        handler = {("GET", False): self._list, ("POST", False): self._create, ("GET", True): self._get, ("PUT", True): self._put,
                   ("DELETE", True): self._delete}.get((request.method, bool(number)))
        if handler is None:
            raise Refused(405, "E012", "Method Not Allowed")
        return handler(kind, number, request, who)

    def _parts(self, path: str) -> tuple:
        """(service or None, what comes behind the version)"""
        if self.legacy:
            found = re.match(r"/sse/config/v1/(.+)\Z", path)
            rest = found[1] if found else ""
            return ("operations" if rest.partition("/")[0].partition(":")[0] in ("jobs", "config-versions") else None), rest
        found = re.match(r"/config/(\w+)/v1/(.+)\Z", path)
        return (found[1], found[2]) if found else (None, path)

    def _token(self, request: Request) -> Reply:
        form = request.form
        given = request.headers.get("authorization", "")
        name, _colon, secret = base64.b64decode(given.partition(" ")[2]).decode().partition(":") if given.startswith("Basic ") else (
            form.get("client_id"), ":", form.get("client_secret"))
        if form.get("grant_type") != "client_credentials" or not re.match(r"tsg_id:\d+", form.get("scope", "tsg_id:1")):
            return Reply.of_json({"error": "unsupported_grant_type"}, 400)
        if not secret or self.clients.get(name) != secret:
            return Reply.of_json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)  # guess
        token = self.sign(name)
        self.tokens[token] = name
        return Reply.of_json({"access_token": token, "scope": form.get("scope", ""), "token_type": "Bearer", "expires_in": 899})

    # objects

    def _snippets(self, request: Request) -> Reply:
        """Models of pan-scm-sdk 0.15.1: a snippet has the folders that it is applied to."""
        names = sorted({name for held in self.attached.values() for name in held} | {"Ours"})
        rows = [{"id": "snippet-%s" % name, "name": name, "type": "custom", "folders": [
            {"id": "folder-%s" % folder, "name": folder} for folder, held in self.attached.items() if name in held]} for name in names]
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 200))
        return Reply.of_json({"data": rows[offset:offset + limit], "offset": offset, "limit": limit, "total": len(rows)})

    def _container(self, given: dict) -> tuple:
        found = [(place, given[place]) for place in ("folder", "snippet", "device") if given.get(place)]
        if len(found) != 1 or found[0][0] == "device":
            raise Refused(400, "E003", "exactly one of folder, snippet and device is required", "Missing Query Parameter")
        place, name = found[0]
        known = self.folders if place == "folder" else [one for names in self.attached.values() for one in names] + ["Ours"]
        if name not in known:
            raise Refused(404, "E005", "%s %s does not exist" % (place, name), "Object Not Present")
        return place, name

    def _list(self, kind: str, _number, request: Request, _who) -> Reply:
        place, name = self._container(request.query)
        if request.query.get("name"):
            found = [row for row in self._seen(kind, place, name, request) if row["name"] == request.query["name"]]
            if not found:
                raise Refused(404, "API_I00013", "Your configuration is not valid.", "Object Not Present")
            # The vendor's client insists on one object here; its documents describe a list.
            return Reply.of_json(_told(found[0]))
        rows = [_told(row) for row in self._seen(kind, place, name, request)]
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 200))
        if not 0 < limit <= 5000:
            raise Refused(400, "E003", "limit", "Invalid Query Parameter")
        return Reply.of_json({"data": rows[offset:offset + limit], "offset": offset, "limit": limit, "total": len(rows)})

    def _seen(self, kind: str, place: str, name: str, request: Request) -> list:
        """With what a folder inherits."""
        if place == "snippet":
            rows = [row for row in self.candidate[kind] if row.get("snippet") == name]
        else:
            chain = self.folders[:self.folders.index(name) + 1]
            found = Decision(self.candidate, chain, self.attached)
            rows = [row for where, one in found.places for row in self.candidate[kind] if row.get(where) == one]
        return [row for row in rows if kind not in RULES or row["position"] == request.query["position"]]

    def _row(self, kind: str, number: str) -> dict:
        for row in self.candidate[kind]:
            if row["id"] == number:
                return row
        raise Refused(404, "API_I00013", "Your configuration is not valid.", "Object Not Present")

    def _create(self, kind: str, _number, request: Request, who: str) -> Reply:
        body = self._checked(kind, request.json)
        place, name = self._container(body)
        self._unique(kind, body, place, name)
        row = self.add(kind, body, who=who, position=request.query.get("position", "pre"), **{"folder": None, place: name})
        return Reply.of_json(_told(row), 201)

    def _unique(self, kind: str, body: dict, place: str, name: str, besides: dict | None = None) -> None:
        if any(row["name"] == body["name"] and row.get(place) == name and row is not besides for row in self.candidate[kind]):
            raise Refused(409, "E006", "%s is already in use" % body["name"], "Name Not Unique")

    def _get(self, kind: str, number: str, _request, _who) -> Reply:
        return Reply.of_json(_told(self._row(kind, number)))

    def _put(self, kind: str, number: str, request: Request, who: str) -> Reply:
        row, body = self._row(kind, number), self._checked(kind, request.json)
        place = "snippet" if row.get("snippet") else "folder"
        if body.get(place, row[place]) != row[place]:
            raise Refused(400, "E003", "an object stays where it is", "Invalid Object")
        self._unique(kind, body, place, row[place], row)
        kept = {key: row[key] for key in ("id", "position", place) if key in row}
        row.clear()
        row.update(copied(body), **kept)
        self.dirty[row["id"]] = who
        return Reply.of_json(_told(row))

    def _delete(self, kind: str, number: str, _request, who: str) -> Reply:
        row = self._row(kind, number)
        users = [one["name"] for other in KINDS for one in self.candidate[other] if other != kind and _names(other, one, kind, row["name"])]
        if users:
            raise Refused(409, "E009", "cannot be deleted because of references from %s" % users[0], "Reference Not Zero")
        self.candidate[kind].remove(row)
        self.dirty[number] = who
        return Reply.of_json(_told(row))

    def _moved(self, kind: str, row: dict, body: dict, who: str) -> Reply:
        where, other = body.get("destination"), body.get("destination_rule")
        if where not in ("top", "bottom", "before", "after") or body.get("rulebase") != row["position"] or (other is None) != (where in ("top", "bottom")):
            raise Refused(400, "API_I00035", "Invalid Request Payload", "Malformed Command")
        mine = self.beside(kind, row)
        anchor = self._row(kind, other) if other else (mine[0] if where == "top" else mine[-1])
        if anchor not in mine or (other and anchor is row):
            raise Refused(400, "API_I00013", "the destination rule is in another container", "Operation Impossible")
        if anchor is not row:
            self._move(kind, row, anchor, where in ("after", "bottom"))
        # guess: a move counts as an edit of who made it.
        self.dirty[row["id"]] = who
        return Reply(200)

    def _checked(self, kind: str, body) -> dict:
        """:raises Refused: for what the vendor's schema does not allow."""
        if not isinstance(body, dict) or not isinstance(body.get("name"), str) or not 0 < len(body["name"]) <= 63:
            raise Refused(400, "API_I00035", "Invalid Request Payload", "name")
        schema = "internet rule" if kind == "security rule" and body.get("policy_type") == "Internet" else kind
        columns = {one["column"]: one for one in COLUMNS[schema]}
        _check(body, columns, "", {"id", "name", "folder", "snippet", *self.knobs.new_columns})
        missing = [name for name in REQUIRED.get(kind, ()) if name not in body]
        if missing:
            raise Refused(400, "API_I00035", "Invalid Request Payload: %s is required" % missing[0], "Invalid Object")
        return body

    # pushes

    def _operation(self, request: Request, rest: str, who: str) -> Reply:
        if rest == "config-versions/candidate:push" and request.method == "POST":
            return self._push(request.json, who)
        if rest == "jobs" and request.method == "GET":
            self.pass_time()
            offset, limit, told = int(request.query.get("offset", 0)), int(request.query.get("limit", 200)), [_job(job) for job in reversed(self.jobs)]
            return Reply.of_json({"data": told[offset:offset + limit], "total": len(told), "limit": limit, "offset": offset})
        if rest.startswith("jobs/") and request.method == "GET":
            self.pass_time()
            return Reply.of_json({"data": [_job(job) for job in self.jobs if job["id"] == rest[5:]]})
        raise NotImplementedError("%s %s" % (request.method, request.path))

    def _push(self, body: dict, who: str) -> Reply:
        folders, admins = body.get("folders"), body.get("admin")
        if set(body) - {"folders", "admin", "description", "devices"} or not folders or not all(name in self.folders for name in folders):
            raise Refused(400, "E003", "folders", "Invalid Object")
        if admins is not None and "All" in folders:
            raise Refused(400, "E003", "folder All cannot be pushed for single administrators", "Invalid Object")  # guess
        edits = {number: one for number, one in self.dirty.items() if admins is None or one in admins}
        rows = {row["id"]: (kind, row) for kind in KINDS for row in self.candidate[kind]}
        reach = [name for folder in folders for name in [folder, *self.attached.get(folder, ())]]
        edits = {number for number in edits if number not in rows or any(rows[number][1].get(place) in reach for place in ("folder", "snippet"))}
        parent = self._new_job("CommitAndPush", "0", who, body.get("description", ""), fails=self.knobs.fails)
        parent["edits"], parent["then"] = sorted(edits), copied(self.candidate)
        for folder in folders:
            self._new_job("CommitAll", parent["id"], who, "", fails=self.knobs.child_fails, name=folder)
        self.knobs.fails = self.knobs.child_fails = ""
        return Reply.of_json({"success": True, "message": "CommitAndPush job enqueued with jobid %s" % parent["id"], "job_id": parent["id"]}, 201)

    def _new_job(self, kind: str, parent: str, who: str, words: str, fails: str, name: str = "") -> dict:
        job = {"id": str(100 + len(self.jobs)), "type": kind, "parent": parent, "who": who, "words": words, "fails": fails, "name": name, "left": POLLS,
               "edits": [], "then": None}
        self.jobs.append(job)
        return job

    def pass_time(self) -> None:
        """One step of all jobs. What is pushed is in force when the parts of a job are over."""
        for job in self.jobs:
            if not job["left"]:
                continue
            job["left"] -= 1
            if not job["left"] and job["type"] == "CommitAndPush":
                parts = [one for one in self.jobs if one["parent"] == job["id"]]
                for part in parts:
                    part["left"] = 0
                if not job["fails"] and not any(part["fails"] for part in parts):
                    self._bring(job["edits"], job["then"])
                job["then"] = None

    def _bring(self, edits: list, then: dict) -> None:
        for kind in KINDS:
            rows = {row["id"]: row for row in then[kind]}
            self.running[kind] = [row for row in self.running[kind] if row["id"] not in edits]
            before = None
            for row in then[kind]:
                held = [one["id"] for one in self.running[kind]]
                if row["id"] in edits:
                    self.running[kind].insert(held.index(before) + 1 if before else 0, copied(rows[row["id"]]))
                    held.append(row["id"])
                before = row["id"] if row["id"] in held else before
        for number in edits:
            self.dirty.pop(number, None)

    def settle(self) -> None:
        """What a push comes to when nobody looks."""
        for _number in range(POLLS):
            self.pass_time()

    # -- what the device decides

    def decision(self) -> Decision:
        return Decision(self.running, self.folders, self.attached, self.knobs.internet_wins)

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        return self.decision().decide(self.people[who], host, port, protocol)

    def save(self) -> object:
        return copied((self.candidate, self.running, self.dirty, self.jobs, self.tokens))

    def restore(self, kept) -> None:
        self.candidate, self.running, self.dirty, self.jobs, self.tokens = kept

    def snapshot(self) -> object:
        """Of the candidate, without ids, the order of rows that have none, and what says that a rule is not disabled."""
        def plain(row):
            return {key: value for key, value in row.items() if key != "id" and (key != "disabled" or value)}

        def place(kind):
            return lambda row: [row.get(key) or "" for key in ("folder", "snippet", "position") + (() if kind in RULES else ("name",))]
        return {kind: sorted(map(plain, rows), key=place(kind)) for kind, rows in copied(self.candidate).items()}


def rule(name: str, action: str, **given) -> dict:
    """A security rule from any zone to any, for everything that ``given`` does not say."""
    return dict({"name": name, "policy_type": "Security", "action": action, "from": ["any"], "to": ["any"], "source": ["any"], "source_user": ["any"],
                 "destination": ["any"], "service": ["any"], "application": ["any"], "category": ["any"]}, **given)


def decryption(name: str, action: str, **given) -> dict:
    found = rule(name, action, type={"ssl_forward_proxy": {}})
    found.pop("policy_type")
    found.pop("application")
    return dict(found, **given)


def internet(name: str, action: str = "allow", **given) -> dict:
    """An Internet rule; ``given`` has its lists."""
    found = rule(name, action, policy_type="Internet")
    found.pop("application")
    found.pop("category")
    return dict(found, **given)


def _told(row: dict) -> dict:
    """A row as answers have it: nothing in it says where a rule stands."""
    return {key: value for key, value in row.items() if key != "position"}


def _check(value: dict, columns: dict, prefix: str, free: set) -> None:
    for name, inner in value.items():
        column = columns.get(prefix + name)
        if column is None and not (not prefix and name in free) and not (prefix and prefix.partition("/")[0] in free) and prefix + name not in (
                "allow_url_category/name", "allow_web_application/name", "http_header_insertion/name"):
            raise Refused(400, "API_I00035", "Invalid Request Payload: unknown property %s" % (prefix + name), "Invalid Object")
        if column is None or (name in free and not prefix):
            continue
        kind = _TYPES[column["type"]]
        if not isinstance(inner, kind) or (column["type"] == "integer" and isinstance(inner, bool)):
            raise Refused(400, "API_I00035", "Invalid Request Payload: %s is no %s" % (prefix + name, column["type"]), "Invalid Object")
        # Of a newer release, a value may be new as well.
        if "values" in column and inner not in column["values"] and column["column"] not in free:
            raise Refused(400, "API_I00035", "Invalid Request Payload: %s is not one of the values of %s" % (inner, prefix + name), "Invalid Object")
        if column["type"] == "list" and (not all(isinstance(one, str) for one in inner) or len(set(inner)) < len(inner)):
            raise Refused(400, "API_I00035", "Invalid Request Payload: %s" % (prefix + name), "Invalid Object")
        for one in [inner] if isinstance(inner, dict) else inner if column["type"] == "objects" else ():
            _check(one, columns, prefix + name + "/", free)


#: Kind of object: the columns of others that name it.
_REFERENCES = {"url category": ("category", "block_url_category", "block", "alert", "allow", "continue", "redirect"), "profile group": ("group",),
               "service": ("service", "members"), "address": ("source", "destination", "static")}


def _names(other: str, row: dict, kind: str, name: str) -> bool:
    flat = dict(row, **(row.get("profile_setting") or {}))
    listed = [one["name"] for one in row.get("allow_url_category") or ()] if kind == "url category" else []
    return name in listed or any(name in (flat.get(column) or ()) for column in _REFERENCES.get(kind, ()) if isinstance(flat.get(column), list))


def _job(job: dict) -> dict:
    """As ``GET /jobs`` tells of a job; the numbers of states and results are those of recorded answers in the vendor's client."""
    over = not job["left"]
    bad = over and bool(job["fails"])
    details = {"errors": [job["fails"]] if bad else [], "warnings": [], "info": ["Configuration committed successfully"] if over and not bad else []}
    return {"id": job["id"], "parent_id": job["parent"], "uname": job["who"], "owner": "cfgserv", "description": job["words"], "device_name": job["name"],
            "type_str": job["type"], "type_i": "53", "job_type": "53", "status_str": "FIN" if over else "ACT", "status_i": "2" if over else "1",
            "job_status": "2" if over else "1", "result_str": "FAIL" if bad else "OK" if over else "PEND", "result_i": "2" if over else "0",
            "job_result": "3" if bad else "2" if over else "0", "percent": "100" if over else "50", "details": json.dumps(details),
            "summary": job["fails"] if bad else "Configuration committed successfully" if over else "", "insert_ts": "2026-08-21T10:00:00Z",
            "last_update": "2026-08-21T10:00:05Z", "start_ts": "2026-08-21T10:00:00Z", "end_ts": "2026-08-21T10:00:05Z"}
