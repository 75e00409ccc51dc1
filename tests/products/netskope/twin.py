# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Netskope tenant: URL lists behind REST API v2, the pages of the console that no API writes, and what the tenant decides.

Lists: the vendor's integration guide "Custom URL Lists", its command line client 1.5.1 and its Python SDK 1.0.3. Pages, matching and order: the vendor's
documentation (url-lists, url-list-best-practices, create-custom-categories, ssl-decryption, best-practices-for-real-time-protection-policies). ``# guess``
marks what no source says; every guess that a test may want otherwise is a knob.
"""
from __future__ import annotations

import re
import time
from dataclasses import dataclass

from tests.products.server import Reply, Request, Twin, copied

BASE = "/api/v2/policy/urllist"
#: Who is in which groups.
GROUPS = {"member": {"AI users", "Contractors"}, "stranger": {"Finance"}}
ALLOW, BLOCK, COACH, ISOLATE, SKIP, DECRYPT = "Allow", "Block", "User Alert", "Isolate", "Do Not Decrypt", "Decrypt"
_AI = ("*.chatgpt.com", "*.openai.com", "*.oaistatic.com", "claude.ai")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_RECORD = {"name", "data"}


@dataclass
class Knobs:
    """What differs between tenants, and every guess."""

    view: str = "pending"         # guess: what the table of all lists shows of one that has a pending change: that, or what is "active"
    wrapping: str = "bare"        # "bare", "data" or "urllists": answers of these forms are met by the vendor's SDK
    signs: str = "Netskope API"   # who modify_by says it was, for a token: the example of the vendor's guide
    apex: bool = True             # whether *.x covers x: url-list-best-practices says so, create-custom-categories does not
    empty: bool = False           # guess: whether a list may be empty
    duplicates: str = "refuse"    # guess: "refuse" or "drop" an entry that is there already
    taken: int = 409              # guess: the status for a name that is taken; or 400
    name_length: int = 256        # guess
    entries: int = 300000         # of all lists together
    error_in_200: bool = False    # a deployment is answered with 200 and {"status": "error"}; the vendor's client looks for that in each answer
    deploy_says: str = "lists"    # "lists" or "status": clients accept both
    lag: int = 0                  # guess: reads for which a list is still pending after a deployment
    nothing: int = 400            # guess: the status of a deployment when nothing is pending
    rate: int = 0                 # requests a second; 4, but tests have no clock to wait for


class Refused(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.reply = Reply.of_json({"status": status, "message": message}, status)


class Netskope(Twin):
    """``token``: of an account that may do what ``privileges`` say. ``lists``: {id: row as an administrator sees it}; ``active``: what is deployed.

    ``categories``, ``decryption`` and ``realtime`` are pages of the console: custom categories of URL lists, and the two kinds of policies from the top.
    ``watchful``: an administrator has made the policies for the audience, and puts each list of ours into its category the moment it exists, as the text in
    ``manual`` says.
    """

    def __init__(self, tls: bool = False, port: int = 0, watchful: bool = False, **knobs):
        super().__init__(tls, port)
        self.knobs, self.watchful = Knobs(**knobs), watchful
        self.token, self.privileges = "Netskope-Secret-5", {BASE: "rw", BASE + "/deploy": "rw"}
        self.lists, self.active, self.serial, self._lag, self._seen = {}, {}, 0, 0, []
        self.categories = {"Generative AI": {"hosts": list(_AI), "include": [], "exclude": []}}
        self.decryption, self.realtime = [], [policy("Block AI", BLOCK, categories=["Generative AI"])]
        for name in ("Partners", "Malware sites"):
            self.edit(name, ["%s.example" % name.partition(" ")[0].lower()])
        self.categories["Malware"] = {"hosts": [], "include": [self.named("Malware sites")["id"]], "exclude": []}
        self.realtime.insert(0, policy("Malware", BLOCK, categories=["Malware"]))
        if watchful:
            for name in ("ChatGPT allow", "ChatGPT exempt"):
                self.categories[name] = {"hosts": [], "include": [], "exclude": []}
            self.decryption.insert(0, policy("ChatGPT exempt", SKIP, groups=["AI users"], categories=["ChatGPT exempt"]))
            self.realtime.insert(1, policy("ChatGPT allow", ALLOW, groups=["AI users"], categories=["ChatGPT allow"]))

    # -- the API

    def answer(self, request: Request) -> Reply:
        try:
            self._admit(request)
            path, verb = request.path[len(BASE):].strip("/"), request.method
            if verb == "GET":
                return self._read(path, request.query)
            if (verb, path) == ("POST", "deploy"):
                return self._deploy()
            if verb == "POST" and path == "":
                return Reply.of_json(self._wrapped([self._create(request.json)]))
            number, _slash, action = path.partition("/")
            row = self._row(number)
            if (verb, action) == ("DELETE", ""):
                self._change(row, "Deleted")
            elif (verb, action) == ("PUT", "") or (verb, action) == ("PATCH", "replace"):
                name, urls, kind = self._body(request.json)
                self._free(name, row)
                self._change(row, "Edited", name=name, urls=urls, type=kind)
            elif (verb, action) == ("PATCH", "append"):
                _name, urls, kind = self._body(dict({"name": row["name"]}, **(request.json or {})))
                if kind != row["type"] or (set(urls) & set(row["urls"]) and self.knobs.duplicates == "refuse"):
                    raise Refused(400, "urls are in the list already, or of another type")  # guess
                self._change(row, "Edited", urls=row["urls"] + [url for url in urls if url not in row["urls"]])
            else:
                raise NotImplementedError("this twin does not model %s %s" % (verb, request.path))
            return Reply.of_json(self._wrapped(shown(row)))
        except Refused as refused:
            return refused.reply

    def _admit(self, request: Request) -> None:
        if request.headers.get("netskope-api-token") != self.token:
            raise Refused(401, "Unauthorized")
        if not request.path.startswith(BASE):
            # So do the vendor's clients fare with /policy/deploy, says its changelog.
            raise Refused(404, "Not Found")
        endpoint = BASE + "/deploy" if request.path == BASE + "/deploy" else BASE
        if not set("r" if request.method == "GET" else "w") <= set(self.privileges.get(endpoint, "")):
            raise Refused(403, "Forbidden")
        now = time.monotonic()
        self._seen = [one for one in self._seen if now - one < 1] + [now]
        if self.knobs.rate and len(self._seen) > self.knobs.rate:
            raise Refused(429, "Too Many Requests")

    def _read(self, path: str, query: dict) -> Reply:
        if path:
            return Reply.of_json(self._wrapped(shown(self._row(path))))
        if set(query) - {"pending", "limit", "offset"}:
            raise NotImplementedError("this twin does not model the parameters %s" % sorted(query))
        # limit and offset are what the vendor's clients send; this endpoint does not know them.
        rows = {None: self.lists.values() if self.knobs.view == "pending" else self.active.values(), "0": self.active.values(),
                "1": [row for row in self.lists.values() if row["pending"]]}
        found = [shown(row) for row in rows[query.get("pending")]]
        if self._lag:
            self._lag -= 1
            if not self._lag:
                self.activate()
        return Reply.of_json(self._wrapped(found))

    def _wrapped(self, found) -> object:
        if self.knobs.wrapping == "bare":
            return found
        return {"data": {"urllists": found} if self.knobs.wrapping == "urllists" and isinstance(found, list) else found}

    def _row(self, number: str) -> dict:
        if not number.isdigit() or int(number) not in self.lists:
            raise Refused(404, "List not found")
        return self.lists[int(number)]

    def _body(self, body) -> tuple:
        """(name, urls, type) of a body. The texts of these refusals are those that the vendor's client quotes."""
        if not isinstance(body, dict) or not isinstance(body.get("name"), str) or not 0 < len(body["name"]) <= self.knobs.name_length:
            raise Refused(400, "name required")
        data = body.get("data") or {}
        # A list without "data" is what the SDK 1.0.3 sends; its changelog says that this is wrong.
        if set(body) - _RECORD and data or set(data) - {"urls", "type", "json_version"}:
            raise NotImplementedError("this twin does not model %r" % body)
        urls = data.get("urls")
        if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls) or (not urls and not self.knobs.empty):
            raise Refused(400, "urls must be an array of URLs")
        if data.get("type") not in ("exact", "regex"):
            raise Refused(400, "data.type must be one of exact, regex")
        wrong = [url for url in urls if data["type"] == "exact" and not accepted(url)]
        if wrong or len(set(urls)) < len(urls):
            raise Refused(400, "invalid or repeated URL: %s" % wrong)  # guess: the words
        return body["name"], urls, data["type"]

    def _free(self, name: str, row: dict | None = None) -> None:
        if any(other["name"] == name and other is not row for other in self.lists.values()):
            raise Refused(self.knobs.taken, "a list of this name exists")

    def _create(self, body) -> dict:
        name, urls, kind = self._body(body)
        self._free(name)
        row = self._new(name, urls, kind)
        self._change(row, "Created")
        if self.watchful and name.startswith("ChatGPT "):
            self.categories[" ".join(name.split(" ")[:2])]["include"].append(row["id"])
        return shown(row)

    def _new(self, name: str, urls, kind: str) -> dict:
        self.serial += 1
        row = self.lists[self.serial] = {"id": self.serial, "name": name, "urls": list(urls), "type": kind, "json_version": 1, "more": {}}
        return row

    def _change(self, row: dict, how: str, by: str | None = None, **columns) -> None:
        row.update(columns)
        if sum(len(one["urls"]) for one in self.lists.values()) > self.knobs.entries:
            raise NotImplementedError("this twin does not model what a tenant does beyond its limit of entries")
        how = "Created" if row["id"] not in self.active and how == "Edited" else how
        row.update({"modify_type": how, "modify_by": by or self.knobs.signs, "modify_time": "2026-11-25T10:00:00.000Z", "pending": 1})

    def _deploy(self) -> Reply:
        if self.knobs.error_in_200:
            return Reply.of_json({"status": "error", "message": "deployment failed"})
        applied = [dict(shown(row), pending=0) for row in self.lists.values() if row["pending"]]
        if not applied and self.knobs.nothing != 200:
            raise Refused(self.knobs.nothing, "nothing to deploy")
        if self.knobs.lag:
            self._lag = self.knobs.lag
        else:
            self.activate()
        return Reply.of_json({"status": "deployed"} if self.knobs.deploy_says == "status" else applied)

    def activate(self) -> None:
        self.lists = {number: row for number, row in self.lists.items() if not row["pending"] or row["modify_type"] != "Deleted"}
        for row in self.lists.values():
            row["pending"] = 0
        self.active = copied(self.lists)

    def save(self) -> object:
        return copied((self.lists, self.active, self.serial, self._lag, self.categories, self.decryption, self.realtime))

    def restore(self, kept) -> None:
        self.lists, self.active, self.serial, self._lag, self.categories, self.decryption, self.realtime = kept

    def snapshot(self) -> object:
        """Lists of which no entry can match do nothing, wherever they are used."""
        real = {number: dict(row, urls=sorted(urls)) for number, row in self.lists.items()
                if (urls := [url for url in row["urls"] if not url.endswith(".invalid")])}
        names = {number: row["name"] for number, row in real.items()}
        lists = sorted([row["name"], row["type"], row["urls"], sorted(row["more"].items())] for row in real.values())
        categories = {name: [one["hosts"], *(sorted(names[number] for number in one[part] if number in names) for part in ("include", "exclude"))]
                      for name, one in self.categories.items()}
        return copied([lists, categories, self.decryption, self.realtime])

    # -- an administrator at the console

    def named(self, begins: str) -> dict:
        """:raises KeyError: there is no list of which the name begins so."""
        found = [row for row in self.lists.values() if row["name"].startswith(begins)]
        if not found:
            raise KeyError(begins)
        return found[0]

    def edit(self, begins: str, urls=None, deploy: bool = True, kind: str = "exact", **columns) -> dict:
        """Make or change a list by hand."""
        try:
            row = self.named(begins)
        except KeyError:
            row = self._new(begins, urls, kind)
        self._change(row, "Edited", "alice@example.com", **dict(columns, **({} if urls is None else {"urls": list(urls)})))
        if deploy:
            self.activate()
        return row

    # -- what the tenant decides

    def decide(self, who: str, host: str, port: int = 443) -> tuple:
        """Decryption comes first; then the first real-time policy that matches is final, and what none matches passes."""
        tunnel = self._first(self.decryption, who, host) == SKIP
        verdict = "allow" if self._first(self.realtime, who, host) in (ALLOW, None) else "block"
        return verdict, "tunnel" if tunnel else "decrypt"

    def _first(self, policies: list, who: str, host: str) -> str | None:
        """Criteria are joined by "and"; in one of them any value will do."""
        for one in policies:
            people = not one["groups"] or GROUPS[who] & set(one["groups"])
            if one["enabled"] and people and (not one["categories"] or any(self._in(name, host) for name in one["categories"])):
                return one["action"]
        return None

    def _in(self, name: str, host: str) -> bool:
        category = self.categories[name]
        held = [self._held(number, host) for number in category["include"]] + [self._matches(url, host) for url in category["hosts"]]
        return any(held) and not any(self._held(number, host) for number in category["exclude"])

    def _held(self, number: int, host: str) -> bool:
        row = self.active.get(number)
        if row is None:
            return False
        if row["type"] == "regex":
            return any(re.search(url, host + "/") for url in row["urls"])  # guess: how an expression is anchored
        return any(self._matches(url, host) for url in row["urls"])

    def _matches(self, url: str, host: str) -> bool:
        name, _slash, path = url.partition("/")
        name, _colon, port = name.partition(":")
        if path or port not in ("", "443"):
            return False
        return (host == name[2:] and self.knobs.apex) or host.endswith(name[1:]) if name.startswith("*.") else host == name


def policy(name: str, action: str, groups=(), categories=()) -> dict:
    """For ``groups`` and ``categories``; none of them: all."""
    return {"name": name, "action": action, "groups": list(groups), "categories": list(categories), "enabled": True}


def shown(row: dict) -> dict:
    """A row as the API has it."""
    data = {"urls": list(row["urls"]), "type": row["type"], "json_version": row["json_version"]}
    return {"data": data, **{name: row[name] for name in ("id", "name", "modify_type", "modify_by", "modify_time", "pending")}, **row["more"]}


def accepted(url: str) -> bool:
    """Whether an entry of the type exact is one: url-lists, url-list-best-practices."""
    name = url.partition("/")[0]
    name, colon, port = name.partition(":")
    if colon and not (port.isdigit() and 0 < int(port) <= 65535):
        return False
    labels = name.split(".")
    return len(url) > 0 and all(_LABEL.match(label.lower()) for label in (labels[1:] if labels[0] == "*" and len(labels) > 1 else labels))
