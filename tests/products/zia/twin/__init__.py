# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant of Zscaler Internet Access: both ways to log in, the objects, edit lock, limits, activation and the decision.

Shapes of answers: recorded exchanges and models of the vendor's SDKs; activation and limits: provider guides and help pages. ``# guess``
marks what no source says; every guess that a test may want otherwise is an option.
"""
from __future__ import annotations

import base64
import binascii
import copy
import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.products.server import Reply, Request, Twin, copied
from tests.products.zia.twin import site as sites
from tests.products.zia.twin.categories import Categories
from tests.products.zia.twin.limits import Limits
from tests.products.zia.twin.policy import Policy
from tests.products.zia.twin.rules import APP, SCHEMAS, Rules, available_actions, using
from tests.products.zia.twin.shape import ApiError, bad_argument, entry_fault, gone, invalid_body
from tests.products.zia.twin.snapshots import bearing

AUDIENCE = "https://api.zscaler.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Knobs:
    """What differs between tenants, and every guess."""

    session_seconds: int = 300               # idle time; 5 to 20 minutes
    token_seconds: int = 83999
    max_categories: int = 64                 # tenant-dependent: 48 or 64
    max_urls: int = 25000
    category_name_length: int = 255          # guess
    rule_name_length: int = 31               # guess for URL rules
    duplicate_status: int = 409              # guess: 400 or 409 have been seen, of other objects
    in_use_status: int = 409                 # guess
    stale_status: int = 409                  # guess
    strict_echo: bool = True                 # guess: refuse every echo of read-only fields in a PUT of a rule
    bad_order: str = "broken"                # what an order below 1 does: "broken" (kept, cannot be deleted) or "refuse"
    admin_rank: bool = True
    own_rank: int = 0
    detach_seconds: float = 0                # guess: how long a category counts as in use after the last rule let go of it
    wildcards: str = "longest"               # guess: "longest" wildcard wins, or "all" that match; an exact host beats both
    ending_publishes: str = "any"            # guess: "any" end of a session publishes, or only that of a session with edits of its "own"
    queued_status: str = "PENDING"           # guess
    activation_polls: int = 0                # guess: answers INPROGRESS before an activation is done
    logout_status: int = 204                 # guess: 204 or 200
    lock_blocks_reads: bool = False          # seen once
    identity_enabled: bool = False           # guess: a tenant that has moved refuses the old login
    partial_denials_block: bool = False      # guess: a denied chat or upload leaves the connection itself alone
    tunnel_protocols: tuple = ("SSL_RULE", "HTTPS_RULE", "TUNNELSSL_RULE")   # guess
    decrypted_protocols: tuple = ("HTTPS_RULE",)                             # guess
    web_ports: tuple = (80, 443)
    predefined: dict = field(default_factory=lambda: dict(sites.PREDEFINED))
    applications: dict = field(default_factory=lambda: dict(sites.APPLICATIONS))
    application_types: dict = field(default_factory=lambda: dict(sites.APPLICATION_TYPES))


@dataclass
class Session:
    who: str
    used: float
    expires: float | None = None


class State:
    """All that a request can change."""

    def __init__(self, config: dict):
        self.config = config
        self.running = copied(config)
        self.sessions: dict = {}
        self.pending: dict = {}
        self.queued: set = set()
        self.polls = 0
        self.detached: dict = {}
        self.serial = 1000


class Zia(Twin):
    """``admins``: {name: password}; ``clients``: {id: secret}; ``limits``: False turns the rate limits off; ``now``: the clock, seconds.

    ``url`` + "/api/v1" is the old API, ``url`` + "/zia/api/v1" the new one, ``url`` + "/oauth2/v1/token" its tokens. ``knobs``: see Knobs.
    """

    def __init__(self, tls: bool = False, port: int = 0, site: str = "blocked", limits: bool = True, now=time.time, default_ssl: dict | None = None, **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.people = copy.deepcopy(sites.PEOPLE)
        self.admins = {"netaccess@example.com": "Correct-Horse-9", "alice@example.com": "Battery-Staple-7"}
        self.api_key = "abcdefghijkl"
        self.clients = {"netaccess-client": "Correct-Secret-9"}
        #: Of clients that sign in with a private key.
        self.public_key = None
        self._clock, self._moved = now, 0.0
        self.limits = Limits(limits)
        self.state = State(sites.tenant(site, default_ssl))
        self.maintenance = False
        self.forbidden: dict = {}
        #: Whether the role of whoever signs in at the API may only read.
        self.read_only = False
        self._lock_until: float | None = None
        self._lock_holder = ""

    # -- for tests

    def now(self) -> float:
        return self._clock() + self._moved

    def advance(self, seconds: float) -> None:
        """Let time pass: sessions idle out, limits and locks run off."""
        with self.lock:
            self._moved += seconds
            self._sweep()

    def edit_as(self, admin: str, method: str, path: str, body: object = None) -> object:
        """A change by another administrator in the portal: an API path below /api/v1. It waits for activation. :raises ApiError:"""
        with self.lock:
            self._sweep()
            parts = urlsplit(path)
            return self._carry_out(admin, Request(method, parts.path, dict(parse_qsl(parts.query)), {}, json.dumps(body).encode()), parts.path.strip("/"))

    def activate_as(self, admin: str) -> str:
        """Another administrator activates. The status afterwards."""
        with self.lock:
            return self._activate(admin)

    def publish(self) -> None:
        """Bring everything that waits into force, as Force Activate does."""
        with self.lock:
            self._publish()

    def hold_edit_lock(self, admin: str = "alice", seconds: float = float("inf")) -> None:
        """Somebody saves: writes are refused until the time has passed or ``release_edit_lock``."""
        self._lock_holder, self._lock_until = admin, self.now() + seconds

    def release_edit_lock(self) -> None:
        self._lock_until = None

    def expire_sessions(self) -> None:
        """Every session and token ends now; what waits is published."""
        with self.lock:
            for key in list(self.state.sessions):
                self._end(key)

    def pending_of(self) -> list:
        """Who has pending changes; sessions of the API by the administrator's name."""
        with self.lock:
            self._sweep()
            return sorted({self.state.sessions[key].who if key in self.state.sessions else key for key in self.state.pending})

    def find(self, kind: str, name: str, running: bool = False) -> dict:
        """A copy of a category or rule by its name. :raises KeyError:"""
        with self.lock:
            config = self.state.running if running else self.state.config
            rows = config["categories"].values() if kind == "urlCategories" else config["rules"][kind] if kind in config["rules"] else config["objects"][kind]
            for row in rows:
                if name in (row.get("configuredName"), row.get("name"), row["id"]):
                    return copied(row)
        raise KeyError(name)

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "TCP") -> tuple:
        with self.lock:
            self._sweep()
            return Policy(self.state.running, self.knobs).decide(self.people[who], host, port, protocol)

    def snapshot(self, whole: bool = False) -> dict:
        """What is saved and what is in force. Disabled rules and empty categories that nothing uses bear no policy; ``whole`` shows them too."""
        with self.lock:
            self._sweep()
            return {"saved": bearing(self.state.config, whole), "in_force": bearing(self.state.running, whole)}

    def save(self) -> object:
        return copy.deepcopy((self.state, self.limits.seen))

    def restore(self, kept) -> None:
        self.state, self.limits.seen = kept

    # -- requests

    def answer(self, request: Request) -> Reply:
        self._sweep()
        path, oneapi = request.path.replace("//", "/").rstrip("/"), False
        headers = {}
        try:
            if path == "/oauth2/v1/token" and request.method == "POST":
                return self._token(request)
            if path.startswith("/zia/api/v1/"):
                path, oneapi = path[len("/zia"):], True
                headers = {"x-ratelimit-limit": "5000, 5000;w=60", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "60"}
            if not path.startswith("/api/v1/"):
                return Reply(404)
            path = path[len("/api/v1/"):]
            headers.update({"Server": "Zscaler", "x-zscaler-mode": "read-only" if self.maintenance else "read-write"})
            if path == "authenticatedSession" and not oneapi:
                reply = self._authenticated_session(request)
            else:
                key = self._session(request, oneapi)
                self.state.sessions[key].used = self.now()
                refusal = self.limits.check(request.method, path, self.now())
                reply = refusal or self._reply(request, path, key)
        except ApiError as error:
            reply = Reply.of_json(error.body, error.status)
        reply.headers.update(headers)
        return reply

    def _reply(self, request: Request, path: str, key: str) -> Reply:
        if path == "authenticatedSession":  # OneAPI clients end what they have done this way; the token lives on.
            # guess: 200, which the vendor's client takes for success here (for the old login another part of it wants 204).
            if request.method == "DELETE":
                self._ended(key)
            return Reply.of_json({"status": "ACTIVE"} if request.method == "DELETE" else {})
        data = self._carry_out(key, request, path)
        return Reply(204) if data is None else Reply.of_json(data)

    # -- logins

    def _token(self, request: Request) -> Reply:
        form = request.form
        client = form.get("client_id", "")
        refused = Reply.of_json({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)  # guess
        if form.get("grant_type") != "client_credentials" or form.get("audience") != AUDIENCE:
            return Reply.of_json({"error": "invalid_request"}, 400)  # guess
        if "client_assertion" in form:
            claims = _claims(form["client_assertion"], self.public_key)
            client = str(claims.get("iss", ""))
            good = (form.get("client_assertion_type") == ASSERTION and claims.get("sub") == client and claims.get("aud") == AUDIENCE
                    and self.now() < claims.get("exp", 0) <= self.now() + 600)
        else:
            good = bool(client) and self.clients.get(client) == form.get("client_secret")
        if client not in self.clients or not good:
            return refused
        token = "token-%d" % self._number()
        self.state.sessions[token] = Session(client, self.now(), self.now() + self.knobs.token_seconds)
        return Reply.of_json({"access_token": token, "token_type": "Bearer", "expires_in": self.knobs.token_seconds}, **{
            "x-ratelimit-limit": "500, 500;w=1, 100000;w=60"})

    def _authenticated_session(self, request: Request) -> Reply:
        if request.method == "POST":
            return self._login(request)
        key = self._session(request, False)
        if request.method == "DELETE":
            self._end(key)
            return Reply(204) if self.knobs.logout_status == 204 else Reply.of_json({"status": "ACTIVE"})
        self.state.sessions[key].used = self.now()
        return Reply.of_json(self._session_body())

    def _login(self, request: Request) -> Reply:
        if self.knobs.identity_enabled:
            raise ApiError(403, "INVALID_OPERATION", "Not allowed for one identity enabled tenants")
        body = _json(request)
        if not isinstance(body, dict):
            raise invalid_body()
        stamp = str(body.get("timestamp", ""))
        if not stamp.isdigit() or len(stamp) < 6 or body.get("apiKey") != obfuscated(self.api_key, stamp) \
                or not body.get("password") or self.admins.get(body.get("username")) != body["password"]:
            raise ApiError(401, "AUTHENTICATION_FAILED", "AUTHENTICATION_FAILED")  # guess: the text and 401
        key = "%032X" % self._number()
        self.state.sessions[key] = Session(body["username"], self.now())
        return Reply.of_json(self._session_body(), **{"Set-Cookie": "JSESSIONID=%s; Path=/; Secure; HttpOnly" % key})

    def _session_body(self) -> dict:
        return {"authType": "ADMIN_LOGIN", "obfuscateApiKey": True, "passwordExpiryTime": -1, "passwordExpiryDays": 0, "source": "API"}

    def _session(self, request: Request, oneapi: bool) -> str:
        if oneapi:
            scheme, _blank, key = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or key not in self.state.sessions:
                raise ApiError(401, body={"detail": "unauthorized", "type": "", "title": "", "status": ""})
            return key
        cookies = dict(part.strip().partition("=")[::2] for part in request.headers.get("cookie", "").split(";"))
        key = cookies.get("JSESSIONID", "")
        if key not in self.state.sessions or self.state.sessions[key].expires is not None:
            raise ApiError(401, "SESSION_NOT_VALID", "Session already invalidated")
        return key

    # -- sessions and activation

    def _sweep(self) -> None:
        """End what has been idle for too long; that publishes."""
        now = self.now()
        for key, session in list(self.state.sessions.items()):
            if session.expires is not None and now >= session.expires:
                self._end(key)
            elif now - session.used >= self.knobs.session_seconds:
                if session.expires is None:
                    self._end(key)
                else:
                    # The token outlives the session behind it.
                    session.used = now
                    self._ended(key)
        if self._lock_until is not None and now >= self._lock_until:
            self._lock_until = None

    def _end(self, key: str) -> None:
        self._ended(key)
        del self.state.sessions[key]

    def _ended(self, key: str) -> None:
        if self.knobs.ending_publishes == "any" or key in self.state.pending:
            self._publish()

    def _activate(self, owner: str) -> str:
        """Everybody's edits at once; while others have edits of their own that they have not activated, the request waits for them."""
        state = self.state
        if state.pending:
            state.queued.add(owner)
            if set(state.pending) - state.queued:
                return self.knobs.queued_status
            if self.knobs.activation_polls:
                state.polls = self.knobs.activation_polls
                return "INPROGRESS"
            self._publish()
        return "ACTIVE"

    def _publish(self) -> None:
        self.state.running = copied(self.state.config)
        self.state.pending.clear()
        self.state.queued.clear()
        self.state.polls = 0

    def _status(self) -> str:
        if self.state.polls:
            self.state.polls -= 1
            if not self.state.polls:
                self._publish()
            return "INPROGRESS"
        return "PENDING" if self.state.pending else "ACTIVE"

    # -- resources

    def _carry_out(self, owner: str, request: Request, path: str) -> object:
        """What the API answers; None for "no content". ``owner``: session or administrator whose edit it is."""
        for prefix, code in self.forbidden.items():
            if path.startswith(prefix):
                raise ApiError(403, code, code)
        if path == "status" and request.method == "GET":
            return {"status": self._status()}
        asks = path == "urlLookup" or path.endswith(("/availableActions", "/review/domains"))
        reads = request.method == "GET" or (asks and request.method == "POST")
        self._admit(owner, reads)
        if path == "status/activate" and request.method == "POST":
            return {"status": self._activate(owner)}
        body = None if request.method == "GET" else _json(request)
        trial = self.state.config if reads else copied(self.state.config)
        data = self._route(request, path.split("/"), body, trial, owner)
        if not reads and trial != self.state.config:
            self._note_detached(self.state.config, trial)
            self.state.config = trial
            self.state.pending.setdefault(owner, []).append("%s %s" % (request.method, path))
            self.state.queued.discard(owner)
        return data

    def _admit(self, owner: str, reads: bool) -> None:
        if self._lock_until is not None and self._lock_holder != owner and (not reads or self.knobs.lock_blocks_reads):
            raise ApiError(409, "EDIT_LOCK_NOT_AVAILABLE", "Resource Access Blocked")  # guess: the message
        if self.read_only and not reads and owner in self.state.sessions:
            raise ApiError(403, "SCOPE_LIMITED", "The admin's role does not permit this")  # guess: the message
        if self.maintenance and not reads:
            raise ApiError(403, "STATE_READONLY", "The API is in read-only mode during maintenance")  # guess: the code

    def _route(self, request: Request, steps: list, body: object, config: dict, owner: str) -> object:
        head, whole = steps[0], "/".join(steps)
        if head == "urlCategories":
            return self._categories(request, steps[1:], body, config)
        if head in SCHEMAS:
            return self._rules(request, steps, body, config, owner)
        if whole == "urlLookup" and request.method == "POST":
            return self._lookup(body, config)
        if whole in ("security/advanced/blacklistUrls",) or whole in config["settings"]:
            return self._setting(request, whole, body, config)
        if head in config["objects"]:
            return self._objects(request, steps, body, config["objects"][head], config)
        if whole in ("cloudApplications/policy", "cloudApplications/sslPolicy"):
            rows = [{"app": app, "appName": sites.APPLICATION_NAMES.get(app, app), "parent": parent, "parentName": parent.replace("_", " ")}
                    for app, parent in self.knobs.application_types.items() if request.query.get("appClass", parent) == parent]
            return _page(rows, request.query, "appName")
        for table in (whole, whole.removesuffix("/lite"), "/".join(steps[:-1])):
            if table in config["directory"] and request.method == "GET":
                return self._directory(config["directory"][table], table, whole, request.query)
        raise gone(whole)

    def _directory(self, rows: list, table: str, whole: str, query: dict) -> object:
        if whole in (table, table + "/lite"):
            return _page(rows, query, "name")
        return _row(rows, whole.rpartition("/")[2])

    def _categories(self, request: Request, rest: list, body: object, config: dict) -> object:
        store, method, tail = Categories(config["categories"], self.knobs), request.method, "/".join(rest)
        if method == "GET":
            if tail == "urlQuota":
                return store.quota()
            return store.listing(request.query, bool(tail)) if tail in ("", "lite") else store.render(store.find(tail))
        if tail == "review/domains" and method == "POST":
            return store.review(body)
        if method == "POST" and not tail:
            return store.create(body)
        if method == "PUT" and len(rest) == 1:
            return store.change(tail, body, request.query.get("action"))
        if method == "DELETE" and len(rest) == 1:
            recent = self.now() - self.state.detached.get(tail, -1e12) < self.knobs.detach_seconds
            return store.delete(tail, using(config, tail) or int(recent))
        raise gone("/".join(["urlCategories"] + rest))

    def _rules(self, request: Request, steps: list, body: object, config: dict, owner: str) -> object:
        method, kind, key = request.method, steps[0], "/".join(steps[1:])
        if kind == APP:
            types = sorted(set(self.knobs.application_types.values()))
            if key == "ruleTypeMapping" and method == "GET":
                return {one.replace("_", " ").title(): one for one in types}
            if len(steps) < 2 or steps[1] not in types:
                raise gone("/".join(steps))
            kind, key = "/".join(steps[:2]), "/".join(steps[2:])
            if key == "availableActions" and method == "POST":
                return available_actions(steps[1])
        who = self.state.sessions[owner].who if owner in self.state.sessions else owner
        rules = Rules(kind, config["rules"].setdefault(kind, []), config, self.knobs, self._number)
        if method == "GET":
            if key:
                return rules.render(rules.find(key))
            listed = rules.listing(request.query.get("search", ""))
            if self.read_only:
                listed = [dict(rule, accessControl="READ_ONLY") for rule in listed]
            return _page(listed, request.query, "name") if rules.family == "firewallFilteringRules" else listed
        if method == "POST" and not key:
            return rules.create(body, who, self.now())
        if method == "PUT" and key:
            return rules.change(key, body, who, self.now())
        if method == "DELETE" and key:
            return rules.delete(key)
        raise gone("/".join(steps))

    def _lookup(self, body: object, config: dict) -> list:
        if not isinstance(body, list) or not all(isinstance(one, str) for one in body):
            raise invalid_body()
        if len(body) > 100:
            raise bad_argument("At most 100 URLs")
        policy, rows = Policy(config, self.knobs), []
        for url in body:
            host = url.partition("/")[0].partition(":")[0]
            found = sorted(policy.categories(host))
            threats = [one for one in found if config["categories"].get(one, {}).get("superCategory") == "ADVANCED_SECURITY"]
            row = {"url": url, "urlClassifications": [one for one in found if one not in threats], "urlClassificationsWithSecurityAlert": threats}
            rows.append(dict(row, application=policy.application(host)) if policy.application(host) else row)
        return rows

    def _setting(self, request: Request, name: str, body: object, config: dict) -> object:
        action, incremental = request.query.get("action"), name == "security/advanced/blacklistUrls"
        values = config["settings"][name.removesuffix("/blacklistUrls") if incremental else name]
        if request.method == "GET" and not incremental:
            # An empty list of URLs whose content is not scanned reads back as {}.
            return copied({key: value for key, value in values.items() if name != "security" or value})
        if not isinstance(body, dict) or any(type(values[key]) is not type(body[key]) for key in set(body) & set(values)):
            raise invalid_body()
        given = {key: value for key, value in body.items() if key in values}
        for key, entries in given.items():
            if key in ("whitelistUrls", "blacklistUrls", "bypassUrls", "maliciousUrls", "urls") and any(entry_fault(entry) for entry in entries):
                raise bad_argument("Invalid URL in %s" % key)
        if len(given.get("whitelistUrls", ())) > 255 or len(given.get("blacklistUrls", ())) > 275000:
            raise ApiError(403, "LIMIT_EXCEEDED", "Too many URLs")
        if action is None and request.method == "PUT" and not incremental:
            values.update(given)
        elif action in ("ADD_TO_LIST", "REMOVE_FROM_LIST"):
            for key, entries in given.items():
                rest = [entry for entry in values[key] if entry not in entries]
                values[key] = rest + entries if action == "ADD_TO_LIST" else rest
        else:
            raise bad_argument("Invalid action %s" % action)
        return given

    def _objects(self, request: Request, steps: list, body: object, rows: list, config: dict) -> object:
        if request.method == "GET":
            return _page(rows, request.query, "name") if len(steps) == 1 else _row(rows, steps[1])
        old = _row(rows, steps[1]) if len(steps) == 2 else {}
        if request.method == "DELETE" and old:
            used = sum({"id": old["id"]} in rule.get("nwServices", []) + rule.get("destIpGroups", []) for rule in config["rules"]["firewallFilteringRules"])
            if used:
                raise ApiError(self.knobs.in_use_status, "RESOURCE_IN_USE", "GROUP is associated with %d rule(s). Deletion is not allowed" % used)
            rows.remove(old)
            return None
        if not isinstance(body, dict) or (request.method, len(steps)) not in (("POST", 1), ("PUT", 2)):
            raise invalid_body()
        if not body.get("name"):
            raise bad_argument("name cannot be null")
        if any(row is not old and row["name"].lower() == body["name"].lower() for row in rows):
            raise ApiError(self.knobs.duplicate_status, "DUPLICATE_ITEM", "%s already exists" % body["name"])
        new = dict(copied(body), id=old.get("id") or self._number())
        rows[:] = [row for row in rows if row is not old] + [new]
        return new

    def _note_detached(self, old: dict, new: dict) -> None:
        for key in old["categories"]:
            if using(old, key) and not using(new, key):
                self.state.detached[key] = self.now()

    def _number(self) -> int:
        self.state.serial += 1
        return self.state.serial


def obfuscated(key: str, stamp: str) -> str:
    """The API key as it is sent with a time stamp in milliseconds; algorithm of the vendor's SDKs."""
    digits = stamp[-6:]
    half = "%06d" % (int(digits) >> 1)
    return "".join(key[int(one)] for one in digits) + "".join(key[int(one) + 2] for one in half)


def _claims(assertion: str, public_key) -> dict:
    """What a JWT (RFC 7515, RS256) says; nothing when ``public_key`` is there and did not sign it."""
    try:
        parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in assertion.split(".")]
        if public_key is not None:
            public_key.verify(parts[2], assertion.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA256())
        return json.loads(parts[1])
    except (IndexError, ValueError, binascii.Error, InvalidSignature):
        return {}


def _json(request: Request) -> object:
    try:
        return request.json
    except ValueError:
        raise invalid_body() from None


def _row(rows: list, key: str) -> dict:
    for row in rows:
        if str(row["id"]) == key:
            return row
    raise gone(key)


def _page(rows: list, query: dict, field_name: str) -> list:
    found = [row for row in rows if query.get("search", "").lower() in row[field_name].lower()]
    size = int(query.get("pageSize") or 100)
    start = (max(int(query.get("page") or 1), 1) - 1) * size
    return copied(found[start:start + size])
