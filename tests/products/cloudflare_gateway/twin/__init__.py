# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of Cloudflare Zero Trust: Gateway lists and rules with their envelope, limits and errors, and what Gateway does with a connection.

Paths, verbs and shapes: the vendor's Python client 5.9.0 and the fixtures of its Go client; order of enforcement, selectors, limits: the vendor's
documentation. ``# guess`` marks what no source says; every guess that a test may want otherwise is an option.
"""
from __future__ import annotations

import copy
import random
import re
from dataclasses import dataclass, field

from tests.products.cloudflare_gateway.twin.expression import BadExpression, Expression, formatted
from tests.products.cloudflare_gateway.twin.policy import AI_APPS, Policy
from tests.products.server import Reply, Request, Twin

ACCOUNT = "0123456789abcdef0123456789abcdef"
STAMP = "2026-07-01T08:00:00Z"
ACTIONS = {
    "dns": {"allow", "block", "safesearch", "ytrestricted", "override"}, "l4": {"allow", "block", "l4_override", "audit_ssh"},
    "http": {"on", "off", "allow", "block", "scan", "noscan", "isolate", "noisolate", "quarantine", "redirect"},
    "egress": {"egress"}, "dns_resolver": {"resolve"}}
LIST_TYPES = {"SERIAL", "URL", "DOMAIN", "EMAIL", "IP", "CATEGORY", "LOCATION", "DEVICE", "AAGUID"}
#: What a rule answers when nothing was set.
SETTINGS = {"block_page_enabled": False, "block_reason": "", "add_headers": {}, "override_ips": None, "override_host": "", "l4override": None,
            "biso_admin_controls": None, "check_session": None, "insecure_disable_dnssec_validation": False, "ip_categories": False}
#: Selectors that a rule which does not inspect may use (HTTP policies, Do Not Inspect); guess: http.request.* is refused there.
OFF_FIELDS = re.compile(r"http\.conn\.|app\.|net\.|identity\.|device_posture\.|virtual_network")
_LABELS = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
AI, MALWARE, FINANCE, TECHNOLOGY = 184, 117, 3, 26  # guess: the numbers
CHATGPT_APP = 1199  # guess: the number


@dataclass
class Person:
    """Who sends: what Gateway knows of the user and the device."""

    email: str = ""
    groups: tuple = ()
    posture: tuple = ()
    address: str = "192.0.2.10"


@dataclass
class Knobs:
    """What differs between plans, and every guess."""

    max_lists: int = 100
    max_items: int = 1000                   # standard; Enterprise 5000
    max_rules: int = 500                    # of each kind
    page: int = 50                          # guess: items of a list in one page when nothing is asked
    largest_page: int = 1000                # guess
    totals: bool = True                     # whether a table says how many rows it has
    embed_items: bool = False               # guess: whether a list answers its items
    format: object = formatted              # how expressions are stored
    outside_schedules: bool | None = None   # whether no schedule of a rule holds now; None: nobody says
    unique_precedence: bool = True          # documented as needed; guess: refused, and over all kinds of rules
    bad_token: tuple = (403, 10000, "Authentication error")        # guess: the status
    gone: tuple = (404, 2001, "not found")                          # guess: the code
    rejected: int = 400
    categories: dict = field(default_factory=lambda: {
        "chatgpt.com": AI, "openai.com": AI, "oaistatic.com": AI, "oaiusercontent.com": AI, "claude.ai": AI, "js.stripe.com": FINANCE})
    security: dict = field(default_factory=lambda: {"malware.test": MALWARE})
    applications: dict = field(default_factory=lambda: {"chatgpt.com": CHATGPT_APP, "openai.com": CHATGPT_APP})


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class CloudflareGateway(Policy, Twin):
    """``site``: "blocked" (DNS, network and HTTP shut AI sites), "http" (HTTP alone) or "bare". ``url`` + "/client/v4" is the API."""

    def __init__(self, tls: bool = False, port: int = 0, site: str = "blocked", **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.account, self.token, self.reader = ACCOUNT, "cfT0kenThatWrites-8d1f", "cfT0kenThatReads-77c2"
        self.compliant = _uuid(7001)
        self.people = {"member": Person("alice@example.com", ("AI users", "Staff"), (self.compliant,)),
                       "stranger": Person("bob@example.com", ("Staff",), (), "192.0.2.20"), "guest": Person(address="192.0.2.30")}
        self.serial, self.lists, self.rules, self.more_categories = 100, {}, {}, []
        self.posture = [{"id": self.compliant, "name": "Disk is encrypted", "type": "disk_encryption", "description": "", "schedule": "5m"}]
        self.settings = {"tls_decrypt": {"enabled": True}, "antivirus": {"enabled_download_phase": True, "enabled_upload_phase": False, "fail_closed": False},
                         "sandbox": {"enabled": False, "fallback_action": "allow"}, "inspection": {"mode": "static"}}
        if site not in ("blocked", "http", "bare"):
            raise ValueError(site)
        if site != "bare":
            self._company(site == "blocked")

    def _company(self, everywhere: bool) -> None:
        security = {"dns": "any(dns.security_category[*] in {117 131 153})", "http": "any(http.request.uri.security_category[*] in {117 131 153})"}
        ai = {"dns": "any(dns.content_category[*] in {%d})" % AI,
              "http": 'any(http.request.domains[*] in {"openai.com" "chatgpt.com" "oaistatic.com" "claude.ai"})'}
        for at, layer in enumerate(("dns", "http"), 1):
            self.add_rule("Stop threats" if layer == "dns" else "Stop malware", layer, "block", security[layer], 1000 * at)
            if everywhere or layer == "http":
                self.add_rule("Block AI", layer, "block", ai[layer], 1000 * at + 500)
        if everywhere:
            names = self.add_list("AI sites", ["openai.com", "chatgpt.com", "claude.ai"])
            self.add_rule("No AI by name", "l4", "block", "any(net.sni.domains[*] in $%s)" % names, 3000)

    # -- for tests

    def add_list(self, name: str, values, kind: str = "DOMAIN", description: str = "") -> str:
        return self._create_list({"name": name, "type": kind, "description": description, "items": [{"value": value} for value in values]})["id"]

    def add_rule(self, name: str, layer: str, action: str, traffic: str, precedence: int, **more) -> str:
        return self._create_rule(dict({"name": name, "filters": [layer], "action": action, "enabled": True, "traffic": traffic, "precedence": precedence},
                                      **more))["id"]

    def rule(self, name: str, layer: str) -> dict:
        """:raises StopIteration:"""
        return next(rule for rule in self.rules.values() if rule["name"] == name and rule["filters"] == [layer])

    def values(self, name: str) -> dict:
        """Item by value of a list. :raises StopIteration:"""
        return next(row["items"] for row in self.lists.values() if row["name"] == name)

    def edit(self, rule: dict, **changes) -> None:
        """By hand, as an administrator does in the dashboard."""
        rule.update(changes, version=rule["version"] + 1)

    def order(self, layer: str) -> list:
        return [rule["name"] for rule in self._ordered(layer)]

    def snapshot(self) -> object:
        names = {key: row["name"] for key, row in self.lists.items()}

        def plain(rule):
            shown = {name: value for name, value in rule.items() if name not in ("id", "version", "precedence", "created_at", "updated_at")}
            for key, name in names.items():
                shown["traffic"] = shown["traffic"].replace("$" + key, "$" + name)
            return shown
        return {"lists": {row["name"]: [row["type"], row["description"], sorted(row["items"])] for row in self.lists.values()},
                "rules": {layer: [plain(rule) for rule in self._ordered(layer)] for layer in ACTIONS}, "settings": copy.deepcopy(self.settings)}

    def save(self) -> object:
        return copy.deepcopy((self.serial, self.lists, self.rules))

    def restore(self, kept) -> None:
        self.serial, self.lists, self.rules = kept

    # -- requests

    def answer(self, request: Request) -> Reply:
        try:
            result, info = self._carry_out(request)
        except Refusal as refused:
            return Reply.of_json({"success": False, "errors": [{"code": refused.code, "message": refused.message}], "messages": [], "result": None},
                                 refused.status)
        body = {"success": True, "errors": [], "messages": [], "result": result}
        return Reply.of_json(dict(body, **({"result_info": info} if info and self.knobs.totals else {})))

    def _carry_out(self, request: Request) -> tuple:
        bearer = request.headers.get("authorization", "")
        if bearer not in ("Bearer " + self.token, "Bearer " + self.reader):
            raise Refusal(*self.knobs.bad_token)
        if bearer.endswith(self.reader) and request.method != "GET":
            raise Refusal(403, 10000, "Authentication error")  # guess
        prefix = "/client/v4/accounts/%s/" % self.account
        if not request.path.startswith(prefix):
            raise Refusal(404, 7003, "Could not route to %s, perhaps your object identifier is invalid?" % request.path)
        path = request.path[len(prefix):]
        try:
            body = request.json
        except ValueError:
            raise Refusal(400, 6007, "Malformed JSON in request body") from None
        if path == "devices/posture" and request.method == "GET":
            return self.posture, None
        first, _slash, rest = path.partition("/")
        kind, _slash, key = rest.partition("/")
        if first != "gateway":
            raise Refusal(404, 7000, "No route for that URI")
        if kind == "lists":
            return self._lists(request, key, body)
        if kind == "rules":
            return self._rules(request, key, body)
        tables = {"configuration": lambda: {"settings": self.settings, "created_at": STAMP, "updated_at": STAMP}, "categories": self._categories,
                  "app_types": self._app_types}
        if request.method == "GET" and kind in tables and not key:
            return tables[kind](), None
        raise Refusal(404, 7000, "No route for that URI")

    def _categories(self) -> list:
        return [{"id": TECHNOLOGY, "name": "Technology", "class": "free", "description": "", "beta": False, "subcategories": [
            {"id": AI, "name": "Artificial Intelligence", "class": "free", "description": "", "beta": False},
            {"id": 27, "name": "Web Hosting", "class": "free", "description": "", "beta": False}]},
            {"id": FINANCE, "name": "Business & Economy", "class": "free", "description": "", "beta": False, "subcategories": []},
            {"id": 99, "name": "Gambling", "class": "free", "description": "", "beta": False, "subcategories": []}] + self.more_categories

    def _app_types(self) -> list:
        return [{"id": AI_APPS, "name": "Artificial Intelligence", "description": "", "created_at": STAMP},
                {"id": CHATGPT_APP, "name": "ChatGPT", "application_type_id": AI_APPS, "created_at": STAMP},
                {"id": 515, "name": "Google Drive", "application_type_id": 9, "created_at": STAMP}]

    # -- lists

    def _lists(self, request: Request, key: str, body) -> tuple:
        if not key:
            if request.method == "POST":
                return self._create_list(body), None
            rows = [self._shown(row) for row in self.lists.values() if request.query.get("type") in (None, row["type"])]
            return rows, _info(1, max(len(rows), 1), len(rows), len(rows))
        key, _slash, part = key.partition("/")
        row = self.lists.get(key)
        if row is None:
            raise Refusal(*self.knobs.gone)
        if part == "items" and request.method == "GET":
            size = min(int(request.query.get("per_page", self.knobs.page)), self.knobs.largest_page)
            page, items = int(request.query.get("page", 1)), list(row["items"].values())
            shown = items[(page - 1) * size:page * size]
            return shown, _info(page, size, len(shown), len(items))
        if request.method == "PATCH":
            self._patch_list(row, body)
        elif request.method == "PUT":
            self._put_list(row, body)
        elif request.method == "DELETE":
            if any(key in rule[word] for rule in self.rules.values() for word in ("traffic", "identity", "device_posture")):
                raise Refusal(self.knobs.rejected, 2010, "list is in use by a rule")  # guess: the code; the refusal is reported
            del self.lists[key]
            return {"id": key}, None
        return self._shown(row), None

    def _shown(self, row: dict) -> dict:
        shown = {name: value for name, value in row.items() if name != "items"}
        return dict(shown, count=len(row["items"]), **({"items": list(row["items"].values())} if self.knobs.embed_items else {}))

    def _create_list(self, body) -> dict:
        if not isinstance(body, dict) or not body.get("name") or body.get("type") not in LIST_TYPES:
            raise Refusal(self.knobs.rejected, 2004, "name and type are required")  # guess: the code
        if len(self.lists) >= self.knobs.max_lists:
            raise Refusal(self.knobs.rejected, 2005, "maximum number of lists reached")  # guess
        self.serial += 1
        row = {"id": _uuid(self.serial), "name": body["name"], "description": body.get("description") or "", "type": body["type"], "items": {},
               "created_at": STAMP, "updated_at": STAMP}
        self._add(row, body.get("items") or [])
        self.lists[row["id"]] = row
        return self._shown(row)

    def _add(self, row: dict, items: list) -> None:
        new = dict(row["items"])
        for item in items:
            value = str(item.get("value", ""))
            if value in new:
                raise Refusal(self.knobs.rejected, 2003, "duplicate item %s" % value)  # guess: the code; 400 is reported
            if row["type"] == "DOMAIN" and not _LABELS.fullmatch(value):
                raise Refusal(self.knobs.rejected, 2002, "invalid domain %s" % value)  # guess
            new[value] = dict({"value": value, "created_at": STAMP}, **({"description": item["description"]} if item.get("description") else {}))
        if len(new) > self.knobs.max_items:
            raise Refusal(self.knobs.rejected, 2006, "maximum number of list items reached")  # guess
        row["items"] = new

    def _patch_list(self, row: dict, body) -> None:
        after = dict(row, items=dict(row["items"]))
        for value in body.get("remove") or []:
            after["items"].pop(value, None)  # guess: removing what is not there is no error
        self._add(after, body.get("append") or [])
        row.update(after)

    def _put_list(self, row: dict, body) -> None:
        if not body.get("name"):
            raise Refusal(self.knobs.rejected, 2004, "name is required")
        after = dict(row, name=body["name"], description=body.get("description") or "")
        if body.get("items"):
            after["items"] = {}
            self._add(after, body["items"])
        row.update(after)

    # -- rules

    def _rules(self, request: Request, key: str, body) -> tuple:
        if not key:
            if request.method == "POST":
                return self._create_rule(body), None
            rows = sorted(self.rules.values(), key=lambda rule: not rule.get("source_account"))
            return rows, _info(1, max(len(rows), 1), len(rows), len(rows))
        rule = self.rules.get(key)
        if rule is None:
            raise Refusal(*self.knobs.gone)
        if request.method != "GET" and rule.get("read_only"):
            raise Refusal(403, 2060, "rule is read only")  # guess
        if request.method == "PUT":
            new = self._checked(body, rule)
            self.rules[key] = dict(new, id=key, version=rule["version"] + 1, created_at=rule["created_at"], updated_at=STAMP)
        elif request.method == "DELETE":
            return self.rules.pop(key) and {}, None
        return self.rules[key], None

    def _create_rule(self, body) -> dict:
        new = self._checked(body, None)
        if sum(1 for rule in self.rules.values() if rule["filters"] == new["filters"]) >= self.knobs.max_rules:
            raise Refusal(self.knobs.rejected, 2056, "maximum number of rules reached")  # guess
        self.serial += 1
        rule = dict(new, id=_uuid(self.serial), version=1, created_at=STAMP, updated_at=STAMP)
        self.rules[rule["id"]] = rule
        return rule

    def _checked(self, body, old) -> dict:
        """The whole rule that a body stands for: what it leaves out is not there any more."""
        if not isinstance(body, dict) or not body.get("name") or not body.get("action"):
            raise Refusal(self.knobs.rejected, 2050, "name and action are required")
        filters = body.get("filters") or []
        if len(filters) != 1 or filters[0] not in ACTIONS:
            raise Refusal(self.knobs.rejected, 2051, "filters must hold one of %s" % ", ".join(sorted(ACTIONS)))
        if body["action"] not in ACTIONS[filters[0]]:
            raise Refusal(self.knobs.rejected, 2087, 'invalid action "%s"' % body["action"])
        if filters[0] not in ("dns", "dns_resolver") and (body.get("schedule") or body.get("expiration")):
            raise Refusal(self.knobs.rejected, 2052, "schedule and expiration are for DNS rules")
        known = {key: list(row["items"]) for key, row in self.lists.items()}
        for word in ("traffic", "identity", "device_posture"):
            try:
                expression = Expression(body.get(word) or "", known)
            except (BadExpression, re.error) as error:
                raise Refusal(self.knobs.rejected, 2053, "invalid %s expression: %s" % (word, error)) from None
            wrong = [name for name in expression.fields if body["action"] == "off" and not OFF_FIELDS.match(name)]
            if wrong:
                raise Refusal(self.knobs.rejected, 2054, "selector %s cannot be used with action off" % wrong[0])
        precedence = body.get("precedence")
        taken = {rule["precedence"] for rule in self.rules.values() if rule is not old}
        if precedence is None:
            precedence = old["precedence"] if old else max(taken, default=900) + random.randint(1, 100)
        if not isinstance(precedence, int) or precedence < 0:
            raise Refusal(self.knobs.rejected, 2058, "invalid precedence")
        if self.knobs.unique_precedence and precedence in taken:
            raise Refusal(self.knobs.rejected, 2059, "precedence %d is already in use" % precedence)  # guess: the code
        rule = {"name": body["name"], "description": body.get("description") or "", "precedence": precedence, "enabled": bool(body.get("enabled")),
                "action": body["action"], "filters": filters, "rule_settings": dict(copy.deepcopy(SETTINGS), **(body.get("rule_settings") or {}))}
        for word in ("traffic", "identity", "device_posture"):
            rule[word] = self.knobs.format(body.get(word) or "")
        # What else a rule has is kept: schedules, columns of a parent account, those of next year.
        rule.update({word: value for word, value in body.items() if word not in rule and value not in (None, "", {}, [])})
        return rule


def _info(page: int, per_page: int, count: int, total: int) -> dict:
    return {"page": page, "per_page": per_page, "count": count, "total_count": total, "total_pages": -(-total // max(per_page, 1))}


def _uuid(number: int) -> str:
    return "5b%06x-4f69-4fdd-9240-1ed29f%06x" % (number, number)
