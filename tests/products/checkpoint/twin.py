# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A management server of Check Point in memory, with two gateways: sessions with private edits, a published database, and what each gateway has installed.

Commands, parameters and fields: the vendor's API reference up to v2.1; what its clients send: check_point.mgmt 6.9.0 and cp-mgmt-api-sdk 1.9.0. Matching of
entries: the vendor's posts on custom sites (sk165094, sk106623). Order of layers: R81 administration guides. What no source confirms says ``# guess``. What is
not modelled is refused with NotImplementedError.
"""
from __future__ import annotations

import contextlib
import ipaddress
import json
import re

from tests.products.server import Reply, Request, Twin, copied

ANY = "Any"
#: Who has which access roles, and from where.
ROLES = {"member": {"AI users", "Contractors"}, "stranger": {"Finance"}}
ADDRESSES = {"member": "10.1.2.3", "stranger": "10.9.9.9"}
#: What the vendor knows of its applications and categories, and tells nobody.
VENDOR = {"ChatGPT": ("chatgpt.com",), "Generative AI Tools": ("chatgpt.com", "openai.com", "claude.ai"), "Facebook": (), "Financial Services": (),
          "Social Networking": (), "Custom_Application_Site": ()}
AI = ["chatgpt.com/", "*.chatgpt.com/", "*.openai.com/", "*.oaistatic.com/", "claude.ai/"]
#: Columns that name objects, and what each has when it restricts nothing.
NAMED = {"source": ANY, "destination": ANY, "service": ANY, "content": ANY, "time": ANY, "install-on": "Policy Targets", "vpn": ANY}
NAMED_HTTPS = {"source": ANY, "destination": ANY, "service": ANY, "site-category": ANY, "install-on": "Policy Targets", "blade": "All"}
#: What is written as "Apply Layer" is answered as "Inner Layer", as check_point.mgmt has it.
APPLY = "Inner Layer"
ACTIONS = ("Accept", "Drop", "Reject", "Ask", "Inform", "User Auth", "Client Auth", APPLY)
PARAMETERS = ("uid", "name", "details-level", "async-response")
#: What an answer in standard details has of an object that rules name, and what the whole answer has of a TCP service besides.
STANDARD = ("uid", "name", "type", "port")
SERVICE = {"match-by-protocol-signature": False, "match-for-any": True, "keep-connections-open-after-policy-installation": False, "session-timeout": 3600,
           "use-default-session-timeout": True, "sync-connections-on-cluster": True, "override-default-settings": False, "groups": [],
           "aggressive-aging": {"enable": True, "timeout": 15, "use-default-timeout": True, "default-timeout": 0}, "protocol": "HTTPS", "accept-replies": False}
#: Parameters that a command takes beside these; there is no other command.
COMMANDS = {
    "show-package": (), "show-access-layers": ("limit", "offset"), "show-access-layer": (), "show-https-layer": (), "show-https-layers": ("limit", "offset"),
    "show-access-rulebase": ("limit", "offset", "use-object-dictionary"), "show-https-rulebase": ("limit", "offset", "use-object-dictionary"),
    "show-access-rule": ("layer",), "show-https-rule": ("layer",), "show-objects": ("filter", "limit", "offset"), "show-hosts": ("limit", "offset"),
    "show-application-sites": ("limit", "offset", "filter"),
    **{"show-" + kind: () for kind in ("application-site", "application-site-category", "application-site-group", "service-group", "service-tcp", "group")},
    "show-gateways-and-servers": ("limit", "offset"), "show-sessions": ("limit", "offset", "view-published-sessions"), "show-session": (),
    "show-last-published-session": (), "set-session": ("description", "new-name"), "switch-session": (), "show-task": ("task-id",), "publish": (),
    "discard": (),
    "logout": (), "keepalive": (), "install-policy": ("policy-package", "access", "threat-prevention", "targets"), "show-api-versions": (), "equals": (
        "type", "params"),
    "add-application-site": ("primary-category", "url-list", "urls-defined-as-regular-expression", "comments"),
    "set-application-site": ("new-name", "primary-category", "url-list", "urls-defined-as-regular-expression", "comments"), "delete-application-site": (),
    "add-application-site-category": ("comments",), "set-application-site-category": ("comments", "new-name"), "delete-application-site-category": (),
}
RULE_COLUMNS = {"access-rule": (*NAMED, "content-direction", "source-negate", "destination-negate", "service-negate", "content-negate", "action", "enabled",
                                "comments", "track", "inline-layer"),
                "https-rule": (*NAMED_HTTPS, "source-negate", "destination-negate", "service-negate", "site-category-negate", "action", "enabled", "comments",
                               "track")}
for _kind, _columns in RULE_COLUMNS.items():
    COMMANDS.update({"add-" + _kind: ("layer", "position", *_columns), "set-" + _kind: ("layer", "new-position", "new-name", *_columns),
                     "delete-" + _kind: ("layer",)})


class Refusal(Exception):
    """``code`` with its HTTP status."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code


class Checkpoint(Twin):
    """``variant``: where the rules of the web are: "unified", one ordered layer; "ordered", a second one; "inline", a layer that a rule applies.

    ``state``: {"db", "sessions", "published", "installed", "clock", "serial"}. A session has ``edits``, which only it sees, ``locks`` (uids), ``sid`` while it
    is connected. ``shape``: how a package names its HTTPS layer. ``logins``: sign-ins that an administrator has in a minute; None: any number.
    """

    def __init__(self, tls: bool = False, port: int = 0, variant: str = "unified", version: str = "1.9.1", shape: str = "single", logins: int | None = None):
        super().__init__(tls, port)
        self.version, self.shape, self.logins = version, shape, logins
        self.admins, self.read_only = {"netaccess": "Checkpoint-Secret-5", "alice": "wonderland"}, set()
        self.api_keys = {"netaccess": "key-of-netaccess-7"}
        #: {gateway: why an installation fails there}; polls until a task has ended.
        self.failing, self.polls = {}, 1
        self.tasks: dict = {}
        self.by_dice = False
        self._views: dict = {}
        self.state = {"db": {"objects": {}, "layers": {}, "ordered": []},
                      "sessions": {}, "published": [], "installed": {}, "others": {}, "clock": 0, "serial": 0, "signed": []}
        self._furnish(variant)
        self.install()

    # -- the site

    @property
    def db(self) -> dict:
        """What is published."""
        self._views.clear()
        return self.state["db"]

    def uid(self) -> str:
        self.state["serial"] += 1
        return "00000000-0000-4000-8000-%012x" % self.state["serial"]

    def add(self, kind: str, name: str, **columns) -> dict:
        """An object, published."""
        row = {"uid": self.uid(), "name": name, "type": kind, **columns}
        self.db["objects"][row["uid"]] = row
        return row

    def add_layer(self, name: str, kind: str = "access", web: bool = True, cleanup: str = "drop") -> list:
        more = {"applications-and-url-filtering": web, "firewall": True, "implicit-cleanup-action": cleanup, "shared": False} if kind == "access" else {}
        row = {"uid": self.uid(), "name": name, "type": kind + "-layer", **more}
        self.db["layers"][name] = {"row": row, "rules": []}
        return self.db["layers"][name]["rules"]

    def _furnish(self, variant: str) -> None:
        for kind, names in {
                "CpmiAnyObject": [ANY], "Internet": ["Internet"], "Global": ["Policy Targets"], "RulebaseAction": [*ACTIONS, "Inspect", "Bypass"], "Track": [
                    "Log", "None"], "blade": ["All", "IPS", "Anti Virus", "Threat Emulation"], "access-role": ["AI users", "Contractors", "Finance"],
                "simple-gateway": ["gw-1", "gw-2"], "data-type": ["Source code"], "time": ["Office hours"], "vpn-community-star": ["Branches"]}.items():
            for name in names:
                self.add(kind, name)
        for name in VENDOR:
            self.add("application-site" if name in ("ChatGPT", "Facebook") else "application-site-category", name, **{"user-defined": False})
        self.add("service-tcp", "https", port="443")
        self.add("service-tcp", "http", port="80")
        self.add("service-udp", "QUIC", port="443")
        self.add("service-group", "Web", members=["http", "https"])
        self.add("application-site", "AI sites", **_site(AI))
        self.add("network", "Branch", subnet4="10.1.0.0", **{"mask-length4": 16})
        web = [rule("Block AI", "Drop", service=["AI sites"]), rule("Web", "Accept", service=["Web"], destination=["Internet"])]
        last = rule("Cleanup rule", "Drop")
        self.add_layer("Network", web=variant == "unified")
        if variant == "unified":
            rows = {"Network": [*web, last]}
        elif variant == "ordered":
            self.add_layer("Application", cleanup="accept")
            rows = {"Network": [web[1], last], "Application": [web[0]]}
        else:
            self.add_layer("Browsing")
            rows = {"Network": [rule("Outside", APPLY, destination=["Internet"], **{"inline-layer": "Browsing"}), last], "Browsing": web}
        self.db["ordered"] = [name for name in rows if name != "Browsing"]
        self.add_layer("Outbound", "https")
        rows["Outbound"] = [https_rule("Banks", "Bypass", **{"site-category": ["Financial Services"]}), https_rule("Predefined Rule", "Inspect")]
        for layer, found in rows.items():
            for row in found:
                self.insert(layer, row)

    def insert(self, layer: str, row: dict, at: int | None = None) -> dict:
        """Put a rule into a layer, published."""
        row.setdefault("uid", self.uid())
        rules = self.db["layers"][layer]["rules"]
        rules.insert(len(rules) if at is None else at, row)
        return row

    def object(self, name: str) -> dict:
        """:raises StopIteration: there is none."""
        return next(row for row in self.db["objects"].values() if row["name"] == name)

    def rule(self, name: str, layer: str) -> dict:
        return next(row for row in self.db["layers"][layer]["rules"] if row["name"] == name)

    def publish_by(self, user: str, name: str = "SmartConsole") -> None:
        """An administrator publishes what was edited by hand."""
        self.advance(1)
        self.state["published"].append({"uid": self.uid(), "name": name, "user-name": user, "description": "", "publish-time": self._time(), "changes": 1})

    def install(self, gateways=("gw-1", "gw-2")) -> None:
        self.advance(1)
        for name in gateways:
            self.state["installed"][name] = {"db": copied(self.db), "at": self._time()}

    def add_gateway(self, name: str, package: str | None, **columns) -> None:
        """A gateway that has another package installed, or none. Targets that are not named are all of them, as ``installation-targets`` says."""
        self.state["others"][name] = {**self.add("simple-gateway", name, **columns), "policy": {
            "access-policy-name": package, "access-policy-installed": True, "access-policy-installation-date": self._time()} if package else {}}

    def open(self, user: str, description: str = "", edits=(), locks=()) -> dict:
        """A session with unpublished work; nobody is connected to it."""
        uid = self.uid()
        self.state["sessions"][uid] = {"uid": uid, "user": user, "sid": None, "timeout": 600, "name": "", "description": description, "edits": list(edits),
                                       "locks": list(locks),
                                       "seen": self.state["clock"]}
        return self.state["sessions"][uid]

    # -- time

    def now(self) -> float:
        return self.state["clock"]

    def advance(self, seconds: float) -> None:
        self.state["clock"] += seconds
        for session in list(self.state["sessions"].values()):
            if session["sid"] and session["seen"] + session["timeout"] < self.state["clock"]:
                self._leave(session)

    def _time(self) -> dict:
        return {"posix": int(1767225600000 + self.state["clock"] * 1000), "iso-8601": "2026-01-01T00:00+0000"}

    # -- the server

    def save(self) -> object:
        return copied(self.state)

    def restore(self, kept) -> None:
        self.state = kept
        self._views.clear()

    def snapshot(self) -> object:
        """As our account sees it, without uids."""
        db = next((self.view(one) for one in self.state["sessions"].values() if one["user"] == "netaccess" and one["edits"]), self.state["db"])
        objects = sorted((json.dumps({key: sorted(value) if isinstance(value, list) else value for key, value in row.items() if key != "uid"}, sort_keys=True)
                          for row in db["objects"].values()))
        return {"objects": objects, "layers": {name: [{key: value for key, value in row.items() if key != "uid"} for row in layer["rules"]]
                                               for name, layer in db["layers"].items()}}

    def view(self, session: dict) -> dict:
        """What a session sees: what is published, and its own edits."""
        if not session["edits"]:
            return self.state["db"]
        if session["uid"] not in self._views:
            db = copied(self.state["db"])
            for command, body, uid in session["edits"]:
                _edit(db, command, body, uid)
            self._views[session["uid"]] = db
        return self._views[session["uid"]]

    def answer(self, request: Request) -> Reply:
        found = re.fullmatch(r"(?:/(?P<tenant>[^/]+))?/web_api/(?:v[\d.]+/)?(?P<command>[a-z-]+)", request.path)
        if found is None or request.method != "POST" or not isinstance(request.json, dict):
            raise NotImplementedError("%s %s" % (request.method, request.path))
        try:
            return Reply.of_json(self._carry(found["command"], request.json, request.headers.get("x-chkp-sid")))
        except Refusal as error:
            return Reply.of_json({"code": error.code, "message": str(error)}, error.status)

    def _carry(self, command: str, body: dict, sid: str | None) -> dict:
        if command == "login":
            return self._login(body)
        session = next((one for one in self.state["sessions"].values() if sid and one["sid"] == sid), None)
        if session is None:
            raise Refusal(401, "generic_err_wrong_session_id", "Wrong session id [%s]. Session may be expired." % sid)
        if command not in COMMANDS or set(body) - set(COMMANDS[command]) - set(PARAMETERS):
            raise NotImplementedError("%s %s" % (command, sorted(body)))
        session["seen"] = self.state["clock"]
        verb, _dash, kind = command.partition("-")
        if verb in ("add", "set", "delete") and kind != "session":
            return self._write(session, command, body)
        if command in ("show-access-rule", "show-https-rule"):
            return self._shown_rule(session, body)
        if verb == "show" and kind in ("application-site", "application-site-category", "application-site-group", "service-group", "service-tcp", "group"):
            return self._shown(self._named(self.view(session), body, kind), session)
        return getattr(self, "_" + command.replace("-", "_"))(session, body)

    def _login(self, body: dict) -> dict:
        if set(body) - {"user", "password", "api-key", "domain", "session-timeout", "session-description", *(
                one for one in ("continue-last-session", "read-only") if not body.get(one))}:
            raise NotImplementedError("login %s" % sorted(body))
        user = next((name for name, key in self.api_keys.items() if key == body.get("api-key")), None)
        if "user" in body and self.admins.get(body["user"]) == body.get("password"):
            user = body["user"]
        if user is None:
            raise Refusal(403, "err_login_failed", "Authentication to server failed.")
        self.state["signed"] = [one for one in self.state["signed"] if one[1] > self.state["clock"] - 60]
        if self.logins and sum(one[0] == user for one in self.state["signed"]) >= self.logins:
            raise Refusal(403, "err_too_many_requests", "Too many requests in a given amount of time")
        self.state["signed"].append((user, self.state["clock"]))
        session = self.open(user, body.get("session-description", ""))
        session.update({"sid": "sid-%s" % session["uid"], "timeout": body.get("session-timeout", 600)})
        return {"uid": session["uid"], "sid": session["sid"], "url": self.url + "/web_api", "session-timeout": session["timeout"],
                "api-server-version": self.version, "read-only": user in self.read_only, "last-login-was-at": self._time()}

    # -- sessions

    def _leave(self, session: dict) -> None:
        """What is not published stays, in a session that nobody is connected to."""  # guess
        session["sid"] = None
        if not session["edits"]:
            del self.state["sessions"][session["uid"]]

    def _told(self, session: dict) -> dict:
        return {"uid": session["uid"], "name": session["name"], "type": "session", "user-name": session["user"], "description": session["description"],
                "application": "WEB_API", "changes": len(session["edits"]), "locks": len(session["locks"]), "connection-mode": "read write",
                "state": "open" if session["sid"] else "disconnected", "in-work": bool(session["edits"])}

    def _logout(self, session: dict, _body: dict) -> dict:
        self._leave(session)
        return {"message": "OK"}

    def _keepalive(self, _session: dict, _body: dict) -> dict:
        return {"message": "OK"}

    def _show_api_versions(self, _session: dict, _body: dict) -> dict:
        return {"current-version": self.version, "supported-versions": [self.version]}

    def _show_session(self, session: dict, body: dict) -> dict:
        return self._told(self.state["sessions"][body["uid"]] if "uid" in body else session)

    def _show_sessions(self, _session: dict, body: dict) -> dict:
        if body.get("view-published-sessions"):
            return _page(self.state["published"], body)
        return _page([self._told(one) for one in self.state["sessions"].values()], body)

    def _show_last_published_session(self, _session: dict, _body: dict) -> dict:
        return dict((self.state["published"] or [{"publish-time": {"posix": 0}}])[-1])

    def _set_session(self, session: dict, body: dict) -> dict:
        session.update({"description": body.get("description", session["description"]), "name": body.get("new-name", session["name"])})
        return self._told(session)

    def _switch_session(self, session: dict, body: dict) -> dict:
        other = self.state["sessions"].get(body["uid"])
        if other is None or other["user"] != session["user"] or other["sid"]:
            raise Refusal(400, "generic_error", "Session %s cannot be switched to." % body["uid"])  # guess: no code is documented
        other["sid"], other["seen"] = session["sid"], self.state["clock"]
        session["sid"] = None
        # guess: what the other one holds is dropped
        del self.state["sessions"][session["uid"]]
        return self._told(other)

    def _discard(self, session: dict, body: dict) -> dict:
        of = self.state["sessions"].get(body.get("uid", session["uid"]))
        if of is None or of["user"] != session["user"]:
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get("uid"))
        number, of["edits"], of["locks"] = len(of["edits"]), [], []
        self._views.clear()
        if of["sid"] is None:
            del self.state["sessions"][of["uid"]]
        return {"message": "OK", "number-of-discarded-changes": number}

    def _publish(self, session: dict, _body: dict) -> dict:
        if session["edits"]:
            self.state["db"] = copied(self.view(session))
            self.advance(1)
            self.state["published"].append({**self._told(session), "publish-time": self._time()})
            session["edits"], session["locks"] = [], []
            self._views.clear()
        return {"task-id": self._task("Publish operation", "succeeded", [], polls=0)}

    def _task(self, name: str, status: str, details: list, polls: int) -> str:
        uid = "task-%d" % (len(self.tasks) + 1)
        self.tasks[uid] = [polls, {"task-id": uid, "task-name": name, "status": status, "progress-percentage": 100, "task-details": details}]
        return uid

    def _show_task(self, _session: dict, body: dict) -> dict:
        if body.get("task-id") not in self.tasks:
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get("task-id"))
        task = self.tasks[body["task-id"]]
        task[0] -= 1
        return {"tasks": [task[1] if task[0] < 0 else dict(task[1], status="in progress", **{"task-details": []})]}

    def _install_policy(self, session: dict, body: dict) -> dict:
        self._may_write(session)
        if body["policy-package"] != "Standard":
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body["policy-package"])
        targets = body.get("targets") or ["gw-1", "gw-2", *self.state["others"]]
        targets = [targets] if isinstance(targets, str) else targets
        for name in set(targets) & set(self.state["others"]):
            # What it had is replaced.
            del self.state["others"][name]
        good = [name for name in targets if name not in self.failing]
        self.install(good)
        details = [{"gatewayName": name, "statusDescription": self.failing.get(name, "Succeeded"), "stagesInfo": [
            {"messages": [{"type": "err", "message": self.failing[name]}] if name in self.failing else []}]} for name in targets]
        status = "succeeded" if len(good) == len(targets) else "partially succeeded" if good else "failed"
        return {"task-id": self._task("Policy installation - Standard", status, details, self.polls)}

    # -- what is shown

    def _dictionary(self, db: dict, names) -> list:
        """As ``details-level`` standard has it: of a site and a group nothing but its name, of a service its port."""  # guess
        rows = [row for row in (*db["objects"].values(), *(layer["row"] for layer in db["layers"].values())) if row["name"] in names]
        short = ("application-site", "application-site-category", "application-site-group", "service-group", "service-tcp", "group")
        return [{key: value for key, value in row.items() if row["type"] not in short or key in STANDARD} for row in rows]

    def _uid_of(self, db: dict, name: object) -> object:
        found = next((row["uid"] for row in db["objects"].values() if row["name"] == name), None)
        return found or next((layer["row"]["uid"] for layer in db["layers"].values() if layer["row"]["name"] == name), name)

    def _wired(self, db: dict, row: dict, number: int, session: dict) -> dict:
        """A rule as it is answered: uids for names."""
        def wire(column, value):
            if column in ("name", "uid", "comments", "type") or isinstance(value, bool):
                return value
            if isinstance(value, list):
                return [wire("", one) for one in value]
            if isinstance(value, dict):
                return {key: wire(key, one) for key, one in value.items()}
            return self._uid_of(db, value)
        return {**{column: wire(column, value) for column, value in row.items()}, "rule-number": number, "meta-info": self._meta(row, session)}

    def _meta(self, row: dict, session: dict) -> dict:
        holder = next((one for one in self.state["sessions"].values() if row["uid"] in one["locks"]), None)
        if holder is None:
            return {"lock": "unlocked", "validation-state": "ok"}
        own = holder is session
        return {"lock": "locked by current session" if own else "locked by other session", "locking-admin": holder["user"],  # guess: the words of the other
                "locking-session-id": holder["uid"]}

    def _shown(self, row: dict, session: dict) -> dict:
        members = [self.object(name) for name in row["members"]] if "members" in row else None
        more = {"members": [{key: one[key] for key in (*STANDARD, "ipv4-address", "subnet4", "mask-length4") if key in one}
                            for one in members]} if members is not None else {}
        return {**(SERVICE if row["type"] == "service-tcp" else {}), **row, **more, "meta-info": self._meta(row, session), "domain": {"name": "SMC User"}}

    def _named(self, db: dict, body: dict, kind: str) -> dict:
        found = next((row for row in db["objects"].values() if row["type"] == kind and (
            row["uid"] == body.get("uid") or row["name"].lower() == str(body.get("name")).lower())), None)
        if found is None:
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % (body.get("name") or body.get("uid")))
        return found

    def _show_package(self, _session: dict, body: dict) -> dict:
        if body.get("name") != "Standard":
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get("name"))

        def short(name):
            row = self.state["db"]["layers"][name]["row"]
            return {key: row[key] for key in ("uid", "name", "type", "shared") if key in row}
        outbound = short("Outbound")
        https = {"single": {"https-layer": outbound}, "list": {"https-layer": [outbound]},
                 "map": {"https-inspection-layers": {"outbound-https-layer": outbound}}, "none": {}}[self.shape]
        return {"name": "Standard", "type": "package", "access": True, "access-layers": [short(name) for name in self.state["db"]["ordered"]],
                "installation-targets": "all", **https}

    def _layer_rows(self, kind: str) -> list:
        return [layer["row"] for layer in self.state["db"]["layers"].values() if layer["row"]["type"] == kind]

    def _show_access_layers(self, _session: dict, body: dict) -> dict:
        page = _page(self._layer_rows("access-layer"), body)
        return {**{key: value for key, value in page.items() if key != "objects"}, "access-layers": page["objects"]}

    def _show_https_layers(self, _session: dict, body: dict) -> dict:
        page = _page(self._layer_rows("https-layer"), body)
        return {**{key: value for key, value in page.items() if key != "objects"}, "https-layers": page["objects"]}

    def _layer(self, db: dict, body: dict, word: str = "name") -> dict:
        found = next((layer for layer in db["layers"].values() if layer["row"]["uid"] in (body.get("uid"), body.get(word)) or
                      layer["row"]["name"] == body.get(word)), None)
        if found is None:
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get(word))
        return found

    def _show_access_layer(self, _session: dict, body: dict) -> dict:
        return dict(self._layer(self.state["db"], body)["row"])

    _show_https_layer = _show_access_layer

    def _show_access_rulebase(self, session: dict, body: dict) -> dict:
        """The first rule is under no section, the others are in one."""
        db = self.view(session)
        layer = self._layer(db, body)
        rows = [self._wired(db, row, number, session) for number, row in enumerate(layer["rules"], 1)]
        first = body.get("offset", 0)
        page = rows[first:first + body.get("limit", 50)]
        bare, rest = [row for row in page if row["rule-number"] == 1], [row for row in page if row["rule-number"] > 1]
        section = [{"type": "access-section", "uid": "section-of-" + layer["row"]["uid"], "name": "Internet", "rulebase": rest}] if rest else []
        names = {name for row in layer["rules"] for value in row.values() for name in _flat(value)}
        return {"uid": layer["row"]["uid"], "name": layer["row"]["name"], "total": len(rows), "rulebase": bare + section,
                **({"from": first + 1, "to": first + len(page)} if page else {}),
                **({"objects-dictionary": self._dictionary(db, names)} if body.get("use-object-dictionary", True) else {})}

    _show_https_rulebase = _show_access_rulebase

    def _shown_rule(self, session: dict, body: dict) -> dict:
        """Objects in place of names, as the reference has it."""
        db = self.view(session)
        row = _rule_in(self._layer(db, body, "layer"), body)

        def whole(column, value):
            if column in ("name", "uid", "comments", "type") or isinstance(value, bool):
                return value
            if isinstance(value, (list, dict)):
                return [whole("", one) for one in value] if isinstance(value, list) else {key: whole(key, one) for key, one in value.items()}
            return next(iter(self._dictionary(db, [value])), value)
        return {**{column: whole(column, value) for column, value in row.items()}, "layer": self._layer(db, body, "layer")["row"]["uid"]}

    def _show_objects(self, session: dict, body: dict) -> dict:
        rows = [row for row in self.view(session)["objects"].values() if body.get("filter", "").lower() in row["name"].lower()]
        return _page([{key: row[key] for key in ("uid", "name", "type")} for row in rows], body)

    def _show_hosts(self, session: dict, body: dict) -> dict:
        return _page([row for row in self.view(session)["objects"].values() if row["type"] == "host"], body)

    def _show_application_sites(self, session: dict, body: dict) -> dict:
        return _page([self._shown(row, session) for row in self.view(session)["objects"].values() if row["type"] == "application-site"
                      and body.get("filter", "").lower() in (row["name"] + row.get("comments", "")).lower()], body)

    def _show_gateways_and_servers(self, _session: dict, body: dict) -> dict:
        policies = {name: {"access-policy-name": "Standard", "access-policy-installed": True, "access-policy-installation-date": one["at"]}
                    for name, one in sorted(self.state["installed"].items())}
        rows = [{**self.object(name), "policy": policy} for name, policy in policies.items()]
        return _page([*rows, *self.state["others"].values(), {"uid": "of-the-server", "name": "mgmt", "type": "checkpoint-host", "policy": {}}], body)

    def _equals(self, session: dict, body: dict) -> dict:
        """What the vendor's modules ask before each write: whether the object is as they want it; 404 if there is none."""
        kind, given, db = body["type"], body["params"], self.view(session)
        row = _rule_in(self._layer(db, given, "layer"), given) if kind.endswith("-rule") else self._named(db, given, kind)
        alike = all(row.get(key) == (value if not isinstance(row.get(key), list) or isinstance(value, list) else [value]) for key, value in given.items()
                    if key not in ("layer", "position", "uid", "new-name", "async-response", "details-level", "search-entire-rulebase"))
        return {"equals": alike}

    # -- what is written

    def _may_write(self, session: dict) -> None:
        if session["user"] in self.read_only:
            raise Refusal(403, "generic_err_no_permissions", "This administrator may only read.")

    def _write(self, session: dict, command: str, body: dict) -> dict:
        self._may_write(session)
        verb, _dash, kind = command.partition("-")
        uid = self.uid() if verb == "add" else None
        db = copied(self.view(session))
        row = _edit(db, command, body, uid)
        holder = next((one for one in self.state["sessions"].values() if one is not session and row["uid"] in one["locks"]), None)
        if holder is not None:
            raise Refusal(400, "generic_err_object_locked", "Object %s is locked by %s in session %s." % (row["name"], holder["user"], holder["uid"]))
        session["edits"].append((command, copied(body), uid))
        session["locks"].append(row["uid"])
        self._views[session["uid"]] = db
        if verb == "delete":
            return {"message": "OK"}
        return self._shown(row, session) if not kind.endswith("-rule") else self._shown_rule(session, {"uid": row["uid"], "layer": body["layer"]})

    # -- what the gateways decide

    def decide(self, who: str, host: str, port: int = 443, gateway: str = "gw-1") -> tuple:
        db = self.state["installed"][gateway]["db"]
        passes = {"accept"}
        for name in db["ordered"]:
            passes = {one for before in passes for one in (self._outcomes(db, name, who, host) if before == "accept" else {before})}
        looks = {"Bypass": {"tunnel"}, "Inspect": {"decrypt"}}
        found: set = set()
        for row in db["layers"]["Outbound"]["rules"]:
            hit = _matches(db, row, who, host) if row["enabled"] else False
            found |= looks.get(row["action"], {"tunnel", "decrypt"}) if hit is not False else set()
            if hit:
                break
        else:
            found.add("tunnel")
        verdict, inspection = [one.pop() if len(one) == 1 else "nobody knows" for one in ({{"accept": "allow", "drop": "block"}[one] for one in passes}, found)]
        if "nobody knows" in (verdict, inspection) and not self.by_dice:
            raise NotImplementedError("what a column that is not modelled does to %s" % host)
        return verdict, inspection

    def _outcomes(self, db: dict, name: str, who: str, host: str) -> set:
        """What may become of a connection in a layer."""
        found: set = set()
        for row in db["layers"][name]["rules"]:
            hit = _matches(db, row, who, host) if row["enabled"] else False
            if hit is False:
                continue
            if row["action"] == APPLY:
                found |= self._outcomes(db, row["inline-layer"], who, host)
            else:
                # A page of Inform may stop who is no browser; the authentication actions depend on a sign-in.
                found |= {"Accept": {"accept"}, "Drop": {"drop"}, "Reject": {"drop"}, "Ask": {"drop"}}.get(row["action"], {"accept", "drop"})
            if hit:
                return found
        return found | {db["layers"][name]["row"]["implicit-cleanup-action"]}


# -- rows


def _site(entries: list, expressions: bool = False, comments: str = "", category: str = "Social Networking") -> dict:
    return {"url-list": list(entries), "urls-defined-as-regular-expression": expressions, "primary-category": category,
            "comments": comments, "user-defined": True}


def rule(name: str, action: str, **columns) -> dict:
    """A rule of an access layer."""
    row = {"name": name, "type": "access-rule", "action": action, "enabled": True, "comments": "", "content-direction": "any", "track": {"type": "None"},
           **{column: [word] for column, word in NAMED.items()}, **{column + "-negate": False for column in ("source", "destination", "service", "content")}}
    return {**row, **columns}


def https_rule(name: str, action: str, **columns) -> dict:
    row = {"name": name, "type": "https-rule", "action": action, "enabled": True, "comments": "", "track": "None",
           **{column: [word] for column, word in NAMED_HTTPS.items()},
           **{column + "-negate": False for column in ("source", "destination", "service", "site-category")}}
    return {**row, **columns}


def _flat(value) -> list:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in _flat(inner)]
    return [one for inner in value for one in _flat(inner)] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _page(rows: list, body: dict) -> dict:
    first = body.get("offset", 0)
    page = rows[first:first + body.get("limit", 50)]
    return {"objects": page, "total": len(rows), **({"from": first + 1, "to": first + len(page)} if page else {})}


def _rule_in(layer: dict, body: dict) -> dict:
    found = [row for row in layer["rules"] if row["uid"] == body.get("uid") or ("uid" not in body and row["name"] == body.get("name"))]
    if not found:
        raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % (body.get("uid") or body.get("name")))
    return found[0]


# -- edits


def _edit(db: dict, command: str, body: dict, uid: str | None) -> dict:
    """Carry out a command in a database; the row."""
    verb, _dash, kind = command.partition("-")
    return (_edit_rule if kind.endswith("-rule") else _edit_object)(db, verb, kind, body, uid)


def _edit_object(db: dict, verb: str, kind: str, body: dict, uid: str | None) -> dict:
    objects = db["objects"]
    row = next((one for one in objects.values() if one["name"].lower() == str(body.get("name")).lower() or one["uid"] == body.get("uid")), None)
    if verb == "add":
        if row is not None:
            raise Refusal(400, "err_validation_failed", "More than one object named '%s' exists." % body["name"])
        given = {"primary-category": body.get("primary-category"), **_site(body.get("url-list", ()))} if kind == "application-site" else {"user-defined": True}
        if kind == "application-site" and not (body.get("url-list") and body.get("primary-category")):
            raise Refusal(400, "generic_err_missing_required_parameters", "Missing parameter: [url-list] or [primary-category]")
        row = {"uid": uid, "type": kind, "comments": "", **given, **{key: value for key, value in body.items() if key != "details-level"}}
        objects[uid] = row
    elif row is None or row["type"] != kind:
        raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get("name"))
    elif verb == "delete":
        used = [one["name"] for layer in db["layers"].values() for one in layer["rules"] if row["name"] in _flat([
            one.get(column) for column in ("service", "site-category")])]
        used += [one["name"] for one in objects.values() if row["name"] in one.get("members", ()) or one.get("primary-category") == row["name"]]
        if used:
            raise Refusal(400, "generic_err_object_deletion", "Object %s is used by %s" % (row["name"], ", ".join(used)))
        del objects[row["uid"]]
    else:
        given = {key: value for key, value in body.items() if key not in ("name", "uid", "new-name", "url-list", "details-level")}
        row.update(given, name=body.get("new-name", row["name"]))
        if "url-list" in body:
            row["url-list"] = _members(row["url-list"], body["url-list"])
    category = row.get("primary-category")
    if verb != "delete" and category and not any(one["name"] == category and one["type"] == "application-site-category" for one in objects.values()):
        raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % category)
    return row


def _members(held: list, given) -> list:
    if isinstance(given, list):
        return list(given)
    if set(given) - {"add", "remove"}:
        raise NotImplementedError(given)
    added, removed = ([one] if isinstance(one, str) else one for one in (given.get("add", []), given.get("remove", [])))
    return [one for one in held if one not in removed] + [one for one in added if one not in held]


def _edit_rule(db: dict, verb: str, kind: str, body: dict, uid: str | None) -> dict:
    layer = next((one for one in db["layers"].values() if body.get("layer") in (one["row"]["name"], one["row"]["uid"])), None)
    if layer is None or layer["row"]["type"] != kind.replace("-rule", "-layer"):
        raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % body.get("layer"))
    rules, words = layer["rules"], NAMED if kind == "access-rule" else NAMED_HTTPS
    if verb == "delete":
        row = _rule_in(layer, body)
        rules.remove(row)
        return row
    row = _rule_in(layer, body) if verb == "set" else {"uid": uid, **(rule if kind == "access-rule" else https_rule)(body.get("name", ""), body.get(
        "action", "Drop"))}
    known = {one["name"]: one for one in db["objects"].values()}
    for column, value in body.items():
        if column in ("layer", "position", "new-position", "uid", "name", "details-level"):
            continue
        if column == "new-name":
            row["name"] = value
        elif column in words:
            row[column] = _members(row[column], value) if isinstance(value, dict) else [value] if isinstance(value, str) else list(value)
        elif isinstance(row.get(column), dict):
            row[column] = {**row[column], **value}
        else:
            row[column] = APPLY if (column, value) == ("action", "Apply Layer") else value
    for name in [one for column in words for one in row[column]] + [row["action"]]:
        if name not in known:
            raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % name)
    by_site = kind == "access-rule" and any(known[one]["type"].startswith("application") for one in row["service"])
    if by_site and not layer["row"]["applications-and-url-filtering"]:
        raise Refusal(400, "err_validation_failed", "Applications & URL Filtering is not enabled on layer %s" % layer["row"]["name"])
    place = body.get("position" if verb == "add" else "new-position")
    if verb == "add" or place is not None:
        with contextlib.suppress(ValueError):
            rules.remove(row)
        rules.insert(_place(rules, place), row)
    return row


def _place(rules: list, given) -> int:
    if given in ("top", "bottom"):
        return 0 if given == "top" else len(rules)
    if str(given).isdigit():
        return int(given) - 1
    (word, other), = given.items()
    at = next((at for at, row in enumerate(rules) if other in (row["uid"], row["name"])), None)
    if at is None:
        raise Refusal(404, "generic_err_object_not_found", "Requested object [%s] not found" % other)
    return at + {"above": 0, "below": 1}[word]


# -- matching: True, False, or None where nobody knows


def _all(answers) -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def _any(answers) -> bool | None:
    found = list(answers)
    return True if True in found else None if None in found else False


def _turned(found: bool | None, negate: bool) -> bool | None:
    return found if found is None or not negate else not found


def _matches(db: dict, row: dict, who: str, host: str) -> bool | None:
    known = {one["name"]: one for one in db["objects"].values()}
    words = {"source": lambda name: _from(known.get(name, {}), name, who), "destination": lambda name: _to(known, known.get(name, {}), name, host),
             "service": lambda name: _served(known, known.get(name, {}), name, host),
             "site-category": lambda name: _served(known, known.get(name, {}), name, host)}
    plain = {**NAMED, **NAMED_HTTPS, "content-direction": "any"}
    answers = []
    for column, value in row.items():
        if column in words:
            answers.append(_turned(_any(words[column](name) for name in value), row[column + "-negate"]))
        elif column in plain and column != "blade":
            answers.append(True if plain[column] in _flat(value) else None)
        elif column not in ("name", "uid", "type", "comments", "enabled", "action", "track", "inline-layer", "blade", "certificate", "custom-fields",
                            "user-check") and not column.endswith("-negate") and _restricts(value):
            answers.append(None)
    if row["type"] == "access-rule" and row["content-negate"]:
        answers.append(None)
    return _all(answers)


def _restricts(value) -> bool:
    return any(map(_restricts, value.values())) if isinstance(value, dict) else bool(value)


def _from(row: dict, name: str, who: str) -> bool | None:
    if name == ANY:
        return True
    if row.get("type") == "access-role":
        return name in ROLES[who]
    if row.get("type") == "network":
        return ipaddress.ip_address(ADDRESSES[who]) in ipaddress.ip_network("%s/%s" % (row["subnet4"], row["mask-length4"]))
    return row["ipv4-address"] == ADDRESSES[who] if row.get("type") == "host" else None


def _to(known: dict, row: dict, name: str, host: str) -> bool | None:
    if name in (ANY, "Internet"):
        return True
    if row.get("type") == "group":
        return _any(_to(known, known[one], one, host) for one in row["members"])
    if row.get("type") == "dns-domain":
        return ("." + host).endswith(name)
    text = row.get("ipv4-address") or ("%s/%s" % (row["subnet4"], row["mask-length4"]) if "subnet4" in row else None)
    return False if text and ipaddress.ip_network(text).is_private else None


def _served(known: dict, row: dict, name: str, host: str) -> bool | None:
    if name == ANY:
        return True
    kind = row.get("type")
    if kind in ("service-group", "application-site-group"):
        return _any(_served(known, known[one], one, host) for one in row["members"])
    if kind == "service-tcp":
        return None if set(row) - {"uid", "name", "type", "port", "domain"} else "443" in row["port"].split(",")
    if kind == "service-udp":
        return False
    if set(row) - {"uid", "name", "type", "url-list", "urls-defined-as-regular-expression", "primary-category", "comments", "user-defined",
                   "application-signature", "additional-categories", "description", "groups", "application-id", "risk"}:
        return None
    if row.get("application-signature"):
        return None
    if "url-list" in row:
        return _any(entry_matches(entry, host, row["urls-defined-as-regular-expression"]) for entry in row["url-list"])
    held = any(("." + host).endswith("." + one) for one in VENDOR.get(name, ()))
    if kind == "application-site-category":
        # A site of the customer is in its category.
        return held or _any(_served(known, one, one["name"], host) for one in known.values()
                            if name in (one.get("primary-category"), *one.get("additional-categories", ())))
    return held


def entry_matches(entry: str, host: str, expression: bool = False, path: str = "/") -> bool | None:
    """Whether an entry is about a URL: it is its beginning, and a star is anything; an expression is looked for anywhere in it, scheme included."""
    if expression:
        try:
            return re.search(entry, "https://" + host + path) is not None
        except re.error:
            return None
    return re.match("".join(".*" if char == "*" else re.escape(char) for char in entry.lower()), host + path) is not None
