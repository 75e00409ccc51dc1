# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin of Symantec Management Center with one Edge SWG behind it: policy objects with their revisions, and a proxy that runs what was installed.

The request that installs a policy is published nowhere: here it is a stub (``knobs.install``). The Edge SWG compiles CPL and decides by it; what
does not compile leaves the old policy in force.
"""
from __future__ import annotations

import base64
import copy
import re
from dataclasses import dataclass, field

from tests.products.server import Reply, Request, Twin
from tests.products.symantec_swg.language import CompileError, Compiled, category_of, compile_cpl, decided, split

SITE = """\
<Proxy "Authentication">
  authenticate(corp)

<SSL-Intercept "Inspection">
  category=("Financial Services") ssl.forward_proxy(no)
  ssl.forward_proxy(https)

<Proxy "Ports">
  url.port=!(80, 443) DENY
  OK

<Proxy "Blocked sites">
  condition=BlockedSites FORCE_DENY

<Proxy "Categories">
  category=("Generative AI", "Gambling") exception(content_filter_denied)
"""
#: Which vendor category a domain and its subdomains are in.
CATEGORIES = dict(dict.fromkeys(("openai.com", "chatgpt.com", "oaistatic.com", "oaiusercontent.com", "sora.com", "chat.com", "claude.ai"), "Generative AI"),
                  **{"bank.example": "Financial Services", "bet.example": "Gambling"})


@dataclass
class Person:
    groups: tuple = ()
    user: str = ""
    address: str = "10.0.0.1"


@dataclass
class Knobs:
    """``install``: the path of the stub. ``install_refreshes_lists``: it brings shared lists along. ``revision_text``: revision numbers are text.

    ``normalized``: the console lists the policy in an order of its own. ``knows``: words of CPL that this release has and no reference yet.
    """

    install: str = "/api/policies/{uuid}/install"  # guess
    install_refreshes_lists: bool = True  # guess
    install_reports_errors: bool = False  # guess
    install_delay: int = 0
    ssl_takes_all: bool = False  # guess
    revision_text: bool = True
    comments_kept: bool = True  # guess
    normalized: bool = False
    knows: tuple = ()
    wrong_type_status: int = 400  # guess
    categories: dict = field(default_factory=lambda: dict(CATEGORIES))


class Refusal(Exception):
    def __init__(self, status: int, title: str, message: str):
        super().__init__(message)
        self.reply = Reply.of_json({"statusMessage": title, "message": message}, status)


class SymantecSwg(Twin):
    def __init__(self, tls: bool = False, port: int = 0, site: str = SITE, **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.admins = {"netaccess": "mc-password-51a7", "alice": "alice-password"}
        self.tokens = {"mc-token-93f0c2": "netaccess"}
        self.readers: set = set()
        self.console = ("console", "console-password-7c")
        self.people = {"member": Person(("AI users",), "mia", "10.1.0.10"), "stranger": Person(("Staff",), "sam", "10.2.0.10")}
        #: What the device runs besides what is installed from Management Center: files before it, and one behind it.
        self.site, self.tail = site, ""
        #: How conditions, properties and layers turn out that are not modelled: {name: whether the condition holds, the property or layer shuts}.
        self.truth: dict = {}
        self._number = 0
        self._coming: list = []
        self.last_error = ""
        self.state: dict = {"policies": [], "installed": {}, "lists": {}}
        self.edit_as("alice", "Blocked sites", "URL_LIST", {"urls": []}, referenceId="BlockedSites")
        self.deploy()

    # -- state

    def save(self):
        return copy.deepcopy((self.state, self._number, self._coming))

    def restore(self, kept) -> None:
        self.state, self._number, self._coming = kept

    def find(self, name: str, kind: str = "cpl") -> dict:
        return next(one for one in self.state["policies"] if (one["name"], one["contentType"]) == (name, kind))

    def content(self, name: str, kind: str = "cpl") -> dict:
        return copy.deepcopy(self.find(name, kind)["revisions"][-1]["content"])

    def edit_as(self, user: str, name: str, kind: str, content: dict, **metadata) -> None:
        """What an administrator does by hand: a new revision of an object, which is made when there is none."""
        with self.lock:
            if not any((one["name"], one["contentType"]) == (name, kind) for one in self.state["policies"]):
                self._create(user, dict(metadata, name=name, contentType=kind))
            self.find(name, kind).update(metadata)
            self._revise(user, self.find(name, kind), {"content": content, "changeDescription": "by hand"})

    def deploy(self) -> None:
        """Install everything."""
        with self.lock:
            for one in self.state["policies"]:
                if one["contentType"] == "cpl":
                    self._install(one)
            self._refresh_lists()
            self._coming = []

    def snapshot(self) -> dict:
        """What the objects hold. Text without a statement, as of a policy that was emptied, bears no policy."""
        with self.lock:
            found = {}
            for one in self.state["policies"]:
                content = one["revisions"][-1]["content"] if one["revisions"] else {}
                if one["contentType"] == "cpl":
                    lines = [line.strip() for section in content.get("sections") or [] for line in (section.get("defaultPolicy") or "").splitlines()]
                    content = [line for line in lines if line and not line.startswith(";")]
                if content:
                    found["%s %s" % (one["contentType"], one["name"])] = {"description": one["description"], "content": copy.deepcopy(content)}
            return found

    # -- requests

    def answer(self, request: Request) -> Reply:
        path = request.path
        if path == "/Policy/Current" or path.lower().startswith("/contentfilter/testurl/"):
            return self._console(request)
        try:
            user = self._user(request)
            if request.method != "GET" and user in self.readers:
                raise Refusal(403, "Forbidden", "You do not have permission to perform this operation")
            return self._api(request, user, path.split("?")[0].rstrip("/"))
        except Refusal as refusal:
            return refusal.reply

    def _user(self, request: Request) -> str:
        token = request.headers.get("x-auth-token")
        if token:
            if token not in self.tokens:
                raise Refusal(401, "Unauthorized", "Full authentication is required to access this resource")
            return self.tokens[token]
        user = _basic(request, self.admins)
        if user is None:
            raise Refusal(401, "Unauthorized", "Full authentication is required to access this resource")
        return user

    def _api(self, request: Request, user: str, path: str) -> Reply:
        method, parts = request.method, path.split("/")[2:]
        if path in ("/api/system/version", "/api/system/info"):
            return Reply.of_json({"version": "2.2.1.1"})
        if path == "/api/tenants":
            return Reply.of_json([])
        if path == "/api/devices":
            return Reply.of_json([{"uuid": "E0", "name": "edge-1", "type": "sgos6x", "osVersion": "SGOS 7.3.1.1 SWG Edition", "host": "edge-1.example.com",
                                   "managementStatus": "FULLY_MANAGED", "deploymentStatus": "DEPLOYED"}])
        stub = re.fullmatch(re.escape(self.knobs.install).replace(r"\{uuid\}", "([^/]+)"), path)
        if stub and method in ("POST", "PUT"):
            return self._ask_to_install(self._object(stub[1]))
        if parts[:1] != ["policies"]:
            raise Refusal(404, "Not Found", "No such resource")
        if len(parts) == 1:
            if method == "GET":
                return Reply.of_json([self._metadata(one) for one in self.state["policies"] if self._fits(one, request.query)])
            return Reply.of_json(self._metadata(self._create(user, request.json or {})))
        one = self._object(parts[1])
        if len(parts) == 2 and method == "GET":
            return Reply.of_json(self._metadata(one))
        if len(parts) == 2 and method == "PUT":
            one.update({key: value for key, value in (request.json or {}).items() if key in ("name", "description", "referenceId", "replaceVariables")})
            return Reply.of_json(self._metadata(one))
        if len(parts) == 2 and method == "DELETE":
            self.state["policies"].remove(one)
            return Reply(204)
        if parts[2] == "versions" and method == "GET":
            return Reply.of_json([self._info(revision) for revision in one["revisions"]])
        if parts[2] == "content" and method == "GET":
            return self._content_of(one, parts[3] if len(parts) > 3 else None)
        if parts[2] == "content" and method == "POST":
            return Reply.of_json(self._revise(user, one, request.json or {}))
        raise Refusal(404, "Not Found", "No such resource")

    def _object(self, uuid: str) -> dict:
        for one in self.state["policies"]:
            if one["uuid"] == uuid:
                return one
        raise Refusal(404, "Not Found", "Policy with uuid %s does not exist" % uuid)

    @staticmethod
    def _fits(one: dict, query: dict) -> bool:
        """The filters of a list: an operator, a blank and an operand; ``shared=true`` stands bare."""
        for name, text in query.items():
            operator, _blank, operand = text.partition(" ")
            value = str(one.get(name))
            tests = {"EQ": value == operand, "CONTAINS": operand in value, "STARTSWITH": value.startswith(operand)}
            if not tests.get(operator, value.lower() == text.lower()):
                return False
        return True

    @staticmethod
    def _metadata(one: dict) -> dict:
        return {key: value for key, value in one.items() if key != "revisions"}

    def _info(self, revision: dict) -> dict:
        number = str(revision["number"]) if self.knobs.revision_text else revision["number"]
        return {"revisionNumber": number, "revisionDescription": revision["description"], "author": revision["author"], "revisionDate": "2026-03-11T10:00:00"}

    def _create(self, user: str, body: dict) -> dict:
        if not body.get("name") or not body.get("contentType"):
            raise Refusal(400, "Bad Request", "name and contentType are required")
        reference = body.get("referenceId") or re.sub(r"\W+", "_", body["name"])
        if any(one["referenceId"] == reference for one in self.state["policies"]):
            raise Refusal(409, "Conflict", "referenceId %s is already in use" % reference)  # guess
        self._number += 1
        one = {"uuid": "%08X-9920-48A0-AD60-CD7FA9065FF3" % self._number, "name": body["name"], "contentType": body["contentType"],
               "description": body.get("description") or "", "referenceId": reference, "tenant": body.get("tenant"), "author": user,
               "shared": bool(body.get("shared")), "replaceVariables": body.get("replaceVariables", True), "revisions": []}
        self.state["policies"].append(one)
        return one

    def _content_of(self, one: dict, number: str | None) -> Reply:
        revisions = [revision for revision in one["revisions"] if number in (None, str(revision["number"]))]
        if not revisions and number is None:
            info = self._info({"number": 0, "description": "", "author": one["author"]})  # guess
            return Reply.of_json({"content": {}, "schemaVersion": "1.0", "revisionInfo": info})
        if not revisions:
            raise Refusal(404, "Not Found", "There is no such revision")
        last = revisions[-1]
        return Reply.of_json({"content": last["content"], "schemaVersion": last["schema"], "revisionInfo": self._info(last)})

    def _revise(self, user: str, one: dict, body: dict) -> dict:
        if body.get("contentType", one["contentType"]) != one["contentType"]:
            raise Refusal(self.knobs.wrong_type_status, "Bad Request", "contentType does not fit this object")
        content = body.get("content")
        if not isinstance(content, dict):
            raise Refusal(400, "Bad Request", "content is missing")
        if one["contentType"] == "LOCAL_CATEGORY_DB" and any(not row.get("entries") for row in content.get("categories") or []):
            raise Refusal(400, "Bad Request", "a category must not be empty")
        last = one["revisions"][-1]["number"] if one["revisions"] else 0
        one["revisions"].append({"number": last + 1, "description": body.get("changeDescription") or "", "author": user,
                                 "schema": body.get("schemaVersion") or "1.0", "content": copy.deepcopy(content)})
        return {"schemaVersion": one["revisions"][-1]["schema"], "revisionInfo": self._info(one["revisions"][-1])}

    # -- the way to the device

    def _ask_to_install(self, one: dict) -> Reply:
        if self.knobs.install_delay:
            self._coming = [self.knobs.install_delay, one["uuid"]]
            return Reply.of_json({"status": "QUEUED"}, 202)
        error = self._install(one)
        if error and self.knobs.install_reports_errors:
            raise Refusal(422, "Unprocessable", error)
        return Reply.of_json({"status": "ACCEPTED"}, 202)

    def _install(self, one: dict) -> str:
        """The text goes to the device; what does not compile leaves the old policy in force."""
        content = one["revisions"][-1]["content"] if one["revisions"] else {}
        text = "\n".join(section.get("defaultPolicy") or "" for section in content.get("sections") or [])
        lists = self._lists() if self.knobs.install_refreshes_lists else self.state["lists"]
        try:
            self._compiled(dict(self.state["installed"], **{one["uuid"]: text}), lists)
        except CompileError as error:
            self.last_error = str(error)
            return self.last_error
        self.state["installed"][one["uuid"]] = text
        self.state["lists"] = lists
        return ""

    def _lists(self) -> dict:
        """URL lists by their reference id, as they would come to a device. The reference is a guess."""
        return {one["referenceId"]: [row["url"] for row in one["revisions"][-1]["content"].get("urls") or [] if row.get("enabled") is not False]
                for one in self.state["policies"] if one["contentType"] == "URL_LIST" and one["revisions"]}

    def _refresh_lists(self) -> None:
        self.state["lists"] = self._lists()

    def _console(self, request: Request) -> Reply:
        if _basic(request, dict([self.console])) is None:
            return Reply(401, b"<html>401</html>", {"WWW-Authenticate": "Basic realm=\"console\""})
        if self._coming:
            self._coming[0] -= 1
            if self._coming[0] <= 0:
                self._install(self._object(self._coming.pop()))
                self._coming = []
        if request.path == "/Policy/Current":
            text = normalized(self.current()) if self.knobs.normalized else self.current()
            if not self.knobs.comments_kept:
                text = "\n".join(re.sub(r"\s*;.*", "", line) for line in text.splitlines())
            return Reply(200, text.replace("\n", "\r\n").encode(), {"Content-Type": "text/plain"})
        host = request.path.split("/")[3]
        return Reply(200, ("Policy: none\nBlue Coat: %s\n" % (category_of(self.knobs.categories, host) or "none")).encode(), {"Content-Type": "text/plain"})

    def current(self) -> str:
        """The files that the device runs, one behind the other; what Management Center installs comes last."""
        return self._text(self.state["installed"], self.state["lists"])

    def _text(self, installed: dict, lists: dict) -> str:
        blocks = ["define condition %s\n%send condition %s\n" % (name, "".join("  url.domain=%s\n" % url for url in urls), name)
                  for name, urls in sorted(lists.items())]
        return "\n".join(blocks + [self.site] + [installed[uuid] for uuid in sorted(installed)] + [self.tail])

    # -- the proxy

    def _compiled(self, installed: dict, lists: dict) -> Compiled:
        return compile_cpl(self._text(installed, lists), self.knobs.ssl_takes_all, self.knobs.knows)

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        with self.lock:
            if protocol == "udp":
                return "block", "tunnel"
            flow = self._flow(who, host, port)
            return ("block" if flow["verdict"] == "deny" or flow["shut"] else "allow"), ("tunnel" if flow["intercept"] == "no" else "decrypt")

    def authenticated(self, who: str, host: str, port: int = 443) -> bool:
        """Whether the proxy asks this client who it is, for this host."""
        with self.lock:
            return self._flow(who, host, port)["realm"] != "no"

    def _flow(self, who: str, host: str, port: int) -> dict:
        flow = {"verdict": "allow", "forced": False, "shut": False, "intercept": "no", "realm": "no", "host": host.lower().rstrip("."), "port": port,
                "person": self.people[who], "policy": self._compiled(self.state["installed"], self.state["lists"]), "categories": self.knobs.categories,
                "truth": self.truth}
        return decided(flow)


def normalized(text: str) -> str:
    """A listing as the guide describes it (page 22): definitions behind the rules, the verdict first, other words in another order, allow as exception(no)."""
    rules, definitions, inside = [], [], False
    for line in text.splitlines():
        words = [re.sub(r"(?i)\Aallow\Z", "exception(no)", word) for word in split(line)]
        inside = inside or words[:1] == ["define"]
        if inside:
            definitions.append(" ".join(words))
        elif words:
            rules.append(" ".join(words) if line.strip()[0] in "<[" else "  " + " ".join(reversed(words)))
        inside = inside and words[:1] != ["end"]
    return "\n".join(rules + definitions) + "\n"


def _basic(request: Request, accounts: dict):
    try:
        scheme, _blank, pair = request.headers.get("authorization", "").partition(" ")
        user, _colon, password = base64.b64decode(pair).decode("utf-8").partition(":")
    except ValueError:
        return None
    return user if scheme == "Basic" and accounts.get(user) == password else None
