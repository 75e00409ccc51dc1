# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organisation in Cisco Umbrella: tokens, destination lists, policies that only a person can edit, and the decision of both layers.

Shapes, codes and limits: the vendor's OpenAPI documents for tokens, destination lists and deployment policies, its pages on rate limits and errors, its
user guide on wildcards, precedence and types. ``# guess`` marks what no source says; every guess that a test may want otherwise is a knob.
"""
from __future__ import annotations

import base64
import binascii
import copy
import re
import time
from dataclasses import dataclass, field

from tests.products.server import Reply, Request, Twin

LISTS, POLICIES, RULES = "/policies/v2/destinationlists", "/deployments/v2/policies", "/policies/v2/rules"
PROFILES, SPARED, SETTINGS = "/policies/v2/securityProfiles", "/policies/v2/doNotDecryptLists", "/policies/v2/settings"
#: The scope that each of them wants, without its last word.
SCOPES = {PROFILES: "policies.securityProfiles", SPARED: "policies.donotdecryptlists", SETTINGS: "policies.settings"}
DNS, WEB, SAML = 1, 2, 4
#: What is said of a decision that hangs on what this twin does not model.
UNKNOWN, BOTH = "nobody knows", frozenset({"tunnel", "decrypt"})
EVERYTHING = [{"attributeName": "umbrella.%s.all" % side, "attributeValue": True, "attributeOperator": "="} for side in ("source", "destination")]
#: Settings of a rule that do not say what is decrypted, and the one that does.
HARMLESS = {"umbrella.posture.webProfileId", "umbrella.posture.ipsProfileId", "umbrella.posture.profileIdClientbased", "umbrella.posture.profileIdClientless",
            "umbrella.posture.privateSecurityProfileId", "sse.tenantControlProfileId", "umbrella.logLevel", "umbrella.default.traffic",
            "umbrella.AllowPasswordProtectedFiles"}
#: Columns of a profile and of a do not decrypt list that do not say what is decrypted.
PROFILE = {"applicationAupSettingGroupId": None, "aupSettingGroupId": 71, "fileInspectionSettingGroupId": 72, "landerSettingGroupId": 73,
           "policySettingGroupId": 74, "securitySettingGroupId": 75, "restriction": None, "bundleTypeId": 2, "isDefault": False, "isSwgDefault": False,
           "isFwaasDefault": False, "priority": 1, "reporting": "enabled", "createdAt": 1700000000, "modifiedAt": 1700000000, "frontendModifiedAt": 1700000000}
LIST = {"bundleTypeId": 2, "totalApplications": 0, "createdAt": "2026-05-01T10:00:00Z", "modifiedAt": "2026-05-01T10:00:00Z"}
#: These are counted from what the list holds.
COUNTED = {"organizationId", "totalDomains", "totalIps"}
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\Z")
ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}(/[0-9]+)?\Z")
AI = ["openai.com", "chatgpt.com", "oaistatic.com", "oaiusercontent.com", "claude.ai", "gemini.google.com"]
#: (how many, in how many seconds); "Umbrella API rate limits".
LIMITS = {"/auth": ((20, 60),), LISTS: ((2000, 60), (6000, 3600)), "/deployments": ((5, 1), (14, 60), (350, 1800))}


@dataclass
class Knobs:
    """What differs between organisations, and every guess."""

    token_seconds: int = 3600
    duplicates: str = "refuse"        # guess: "refuse" the whole request or "ignore" the item
    doubled_names: bool = False       # guess: whether two lists may have one name
    name_length: int = 255            # guess
    lag: float = 0                    # guess: seconds for which the tables still show what was there before a write
    strict_ids: bool = True           # guess: ids to remove have to be numbers
    totals: bool = True
    unknown_tlds: tuple = ()          # guess: endings that are refused
    high_volume: tuple = ()           # entries that are answered with 200 and not added
    high_volume_says: bool = False    # whether the body of that answer carries the error
    swallowed: tuple = ()             # entries that are answered with 200 as if they were added
    page_limit: int = 100
    web_entries: int = 5000
    not_offered: dict = field(default_factory=dict)   # {path: status}: what an older organisation answers
    exceptions_listed: bool = True    # guess: whether the destination lists behind do not decrypt lists show among the others
    keeps_comments: bool = True       # guess: whether the comment of an entry in a do not decrypt list shows when it is read
    comment_to_remove: bool = False   # guess: whether an entry there goes only with the comment that it has
    categories: dict = field(default_factory=lambda: {"Generative AI": list(AI)})


class State:
    def __init__(self):
        self.lists: dict = {}
        self.tokens: dict = {}
        self.serial = 1000
        #: Of lists: until when, and what is shown until then (None: not the list itself).
        self.stale: dict = {}
        #: DNS policies and web rulesets, first match first; only the dashboard can edit them.
        self.dns: list = []
        self.web: list = []
        #: Secure Access: access rules, first match first.
        self.rules: list = []
        #: Of the same: security profiles and do not decrypt lists by id, and the settings of the organisation.
        self.profiles: dict = {}
        self.spared: dict = {}
        self.settings: dict = {}


class ApiError(Exception):
    def __init__(self, status: int, message: str = ""):
        super().__init__(message)
        words = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
                 415: "Unsupported Media Type"}
        body = {"statusCode": status, "error": words[status], "txId": "9c5f4c7b-7e4a-4f2e"}
        self.reply = Reply.of_json(dict(body, message=message) if message else body, status)


class Umbrella(Twin):
    """``keys``: {id: [secret, scopes]}. ``watchful``: an administrator attaches each list whose name begins with "ChatGPT" the moment it exists, as the text
    in ``manual`` says; without it, ``attach`` is that person. ``undecrypted``: the domains in the selective decryption list of the audience's ruleset.
    ``now``: the clock, seconds. ``secure``: an organisation in Secure Access: lists of one kind, access rules, security profiles, do not decrypt lists and
    settings that can be read, no other policies. Rules, profiles and settings are written by a person here, although its API has that too.
    ``undecrypted`` is then what the do not decrypt list of the profile holds that the members' rule uses.
    """

    def __init__(self, tls: bool = False, port: int = 0, watchful: bool = False, undecrypted: tuple = (), limits: bool = False, secure: bool = False,
                 now=time.time, **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.organization = 2345678
        self.keys = {"netaccess-key": ["Correct-Secret-9", {"policies.destinationLists:read", "policies.destinationLists:write", "policies.destinations:read",
                                                            "policies.destinations:write", "deployments.policies:read", "policies.rules:read",
                                                            "policies.donotdecryptlists:write", *("%s:read" % scope for scope in SCOPES.values())}]}
        self.secure = secure
        self.watchful, self._limits, self._seen = watchful, limits, {}
        self._clock, self._moved = now, 0.0
        self.state = State()
        self._site(list(undecrypted))

    def _site(self, undecrypted: list) -> None:
        if self.secure:
            self._secure_site(undecrypted)
            return
        self.add_list("Global Allow List", "allow", DNS, [], isGlobal=True)
        self.add_list("Global Block List", "block", DNS, ["malware.example"], isGlobal=True)
        self.add_list("Partners", "allow", DNS, ["partner.example"])
        self.add_list("Bad sites", "block", WEB, ["gambling.example"])
        members, everybody = ["member"], None
        self.state.dns = [self._policy(11, "AI users", members), self._policy(12, "Default Policy", everybody)]
        for policy in self.state.dns:
            policy.update({"allow": [self.named("Partners")["id"]], "block": [], "categories": ["Generative AI"]})
        self.state.web = [self._policy(21, "AI users web", members), self._policy(22, "Default Web Policy", everybody)]
        for ruleset in self.state.web:
            ruleset.update({"inspect": True, "undecrypted": [], "rules": [
                {"name": "Bad sites", "action": "block", "lists": [self.named("Bad sites")["id"]], "categories": []},
                {"name": "Block AI", "action": "block", "lists": [], "categories": ["Generative AI"]}]})
        self.state.web[0]["undecrypted"] = undecrypted

    def _secure_site(self, undecrypted: list) -> None:
        system = self.add_spared("System provided", ["update.example"], isDefault=True)["id"]
        company = self.add_spared("Company", ["bank.example"])["id"]
        members = self.add_spared("AI exempt", undecrypted)["id"]
        self.add_profile("System profile", system)
        default = self.add_profile("Company profile", company)["id"]
        profile = self.add_profile("AI profile", members)["id"]
        self.state.settings = {"umbrella.posture.webProfileId": default, "sse.globalIPSEnabled": False, "umbrella.logLevel": "LOG_ALL"}
        ours = self.add_list("ChatGPT web by netaccess.chatgpt", "none", WEB, [])["id"]
        bad = self.add_list("Bad sites", "none", WEB, ["gambling.example"])["id"]
        self.add_list("Unused", "none", WEB, ["openai.com"])
        for name, action, people, lists, categories in (
                ("Bad sites", "block", None, [bad], []), ("AI users", "allow", ["member"], [ours], []), ("Block AI", "block", None, [], ["Generative AI"]),
                ("Default", "allow", None, [], [])):
            self.add_rule(name, action, people, lists, categories, profile=profile if name == "AI users" else None)

    def add_profile(self, name: str, spared: int | None, decrypts: bool = True, **more) -> dict:
        """A security profile with a do not decrypt list. ``decrypts`` is in no field that the API is known to have."""
        row = {"id": self._number(), "name": name, "list": spared, "decrypts": decrypts, "more": more}
        self.state.profiles[row["id"]] = row
        return row

    def profile(self, name: str) -> dict:
        return next(row for row in self.state.profiles.values() if row["name"] == name)

    def add_spared(self, name: str, destinations, isDefault: bool = False, **more) -> dict:
        """A do not decrypt list. One without destinations has no destination list behind it yet."""
        row = {"id": self._number(), "name": name, "isDefault": isDefault, "behind": None, "categories": [], "applications": None, "more": more}
        self.state.spared[row["id"]] = row
        if destinations:
            self.put_items(self._behind(row)["id"], destinations)
        return row

    def spared(self, name: str) -> dict:
        return next(row for row in self.state.spared.values() if row["name"] == name)

    def spares(self, name: str) -> dict:
        """{destination: comment} of a do not decrypt list."""
        row = self.spared(name)
        return {item["destination"]: item["comment"] for item in (self.state.lists[row["behind"]]["items"] if row["behind"] else ())}

    def _behind(self, row: dict) -> dict:
        if row["behind"] is None:
            row["behind"] = self.add_list("Destinations of %s" % row["name"], "none", WEB, [])["id"]   # guess: name and access
        return self.state.lists[row["behind"]]

    def add_rule(self, name: str, action: str, people, lists=(), categories=(), at: int | None = None, more=(), profile: int | None = None) -> dict:
        """A rule of a person, at that place; the last one without. ``more``: conditions as the API has them, which this twin shows and does not judge.

        ``profile``: its security profile; the organisation's default without.
        """
        rule = {"ruleId": self._number(), "ruleName": name, "ruleAction": action, "ruleIsEnabled": True, "people": people, "lists": list(lists),
                "categories": list(categories), "more": list(more), "settings": {"umbrella.posture.webProfileId": profile} if profile else {}}
        self.state.rules.insert(len(self.state.rules) if at is None else at, rule)
        return rule

    def rule(self, name: str) -> dict:
        return next(rule for rule in self.state.rules if rule["ruleName"] == name)

    @staticmethod
    def _policy(number: int, name: str, people) -> dict:
        return {"policyId": number, "name": name, "people": people}

    # -- what a person does in the dashboard

    def now(self) -> float:
        return self._clock() + self._moved

    def advance(self, seconds: float) -> None:
        self._moved += seconds

    def named(self, name: str, bundle: int | None = None) -> dict:
        """:raises KeyError:"""
        for row in self.state.lists.values():
            if row["name"] == name and bundle in (None, row["bundleTypeId"]):
                return row
        raise KeyError(name)

    def begins(self, name: str) -> dict:
        """The list whose name begins so. :raises KeyError:"""
        for row in self.state.lists.values():
            if row["name"].startswith(name):
                return row
        raise KeyError(name)

    def add_list(self, name: str, access: str, bundle: int, destinations, **more) -> dict:
        with self.lock:
            row = dict({"id": self._number(), "organizationId": self.organization, "access": access, "isGlobal": False, "name": name,
                        "thirdpartyCategoryId": 0, "createdAt": int(self.now()), "modifiedAt": int(self.now()), "isMspDefault": False,
                        "markedForDeletion": False, "bundleTypeId": bundle, "items": []}, **more)
            self.state.lists[row["id"]] = row
            self.put_items(row["id"], destinations)
            return row

    def put_items(self, name, destinations, comment: str | None = None) -> None:
        """``name``: of a list, or its id."""
        with self.lock:
            row = self.state.lists[name] if isinstance(name, int) else self.named(name)
            for destination in destinations:
                row["items"].append(self._item(destination, comment))
            self._person()

    def _item(self, destination: str, comment) -> dict:
        return {"id": str(self._number()), "destination": destination, "type": _kind(destination), "comment": comment,
                "createdAt": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.now()))}

    def take_items(self, name: str, destinations) -> None:
        with self.lock:
            row = self.named(name)
            row["items"] = [item for item in row["items"] if item["destination"] not in destinations]

    def attach(self, name: str, policy: str, action: str = "allow", at: int = 1) -> None:
        """Add a list to a DNS policy, or to a rule of its own in a ruleset, at that place."""
        with self.lock:
            number = self.named(name)["id"]
            for one in self.state.dns:
                if one["name"] == policy and number not in one[action]:
                    one[action].append(number)
            for ruleset in self.state.web:
                if ruleset["name"] == policy and not any(number in rule["lists"] for rule in ruleset["rules"]):
                    ruleset["rules"].insert(at, {"name": "%s %s" % (action, name), "action": action, "lists": [number], "categories": []})

    def _person(self) -> None:
        for row in list(self.state.lists.values()) if self.watchful and not self.secure else ():
            if row["name"].startswith("ChatGPT"):
                self.attach(row["name"], "AI users" if row["bundleTypeId"] == DNS else "AI users web")

    def _number(self) -> int:
        self.state.serial += 1
        return self.state.serial

    # -- the decision

    def decide(self, who: str, host: str, port: int = 443, protocol: str = "tcp") -> tuple:
        """The DNS layer is asked first, then for web ports the ruleset. A block page comes under the vendor's or the company's CA either way."""
        with self.lock:
            state, host = self.state, host.lower()
            if self.secure:
                return self._decide_secure(who, host, port, protocol)
            if not ADDRESS.match(host) and not self._resolves(next(one for one in state.dns if _for(one, who)), host):
                return "block", "decrypt"
            if port not in (80, 443) or protocol != "tcp":
                return "allow", "tunnel"
            ruleset = next(one for one in state.web if _for(one, who))
            rule = next((rule for rule in ruleset["rules"] if self._in(rule["lists"], host) or self._categorised(rule, host)), None)
            if rule is not None and rule["action"] == "block":
                return "block", "decrypt"
            kept = not ruleset["inspect"] or any(_under(host, domain) for domain in ruleset["undecrypted"])
            return "allow", "tunnel" if kept else "decrypt"

    def _decide_secure(self, who: str, host: str, port: int, protocol: str) -> tuple:
        """What may come of it, whether rules that are not modelled match or not; a word of neither kind where that is more than one thing."""
        verdicts, looks, web = set(), set(), port in (80, 443) and protocol == "tcp"
        for rule in self._deciding(who, host):
            action = "allow" if rule is None else rule["ruleAction"]
            may_pass = action not in ("block", "warn", "isolate")
            verdicts |= {"allow"} if action == "allow" else {"allow", "block"} if may_pass else {"block"}
            looks |= (self._looks(rule, host) if web else {"tunnel"}) if may_pass else set()
        if verdicts == {"block"}:
            return "block", "decrypt"
        return tuple(found.pop() if len(found) == 1 else UNKNOWN for found in (verdicts, looks))

    def _deciding(self, who: str, host: str):
        """The rules that may decide, the last of them for sure; None where none of them does."""
        for rule in self.state.rules:
            # How conditions of one side combine is not published: with one more, a rule may be about anything there. What says everything takes nothing away.
            more = [one for one in rule["more"] if one not in EVERYTHING]
            anything = (not rule["lists"] and not rule["categories"]) or any(
                one["attributeName"].startswith("umbrella.destination.") and one["attributeValue"] is not False for one in rule["more"])
            named = self._in(rule["lists"], host) or self._categorised(rule, host) or (anything and not rule["more"])
            if rule["ruleIsEnabled"] and (rule["more"] or _for(rule, who)) and (anything or named):
                yield rule
                if named and _for(rule, who) and not more and rule["ruleAction"] in ("allow", "block", "warn", "isolate"):
                    return
        yield None

    def _looks(self, rule: dict | None, host: str) -> set:
        """The web gateway decrypts by the profile of the rule that decides. IPS decrypts whatever the rule; the list that the vendor provides is the only
        one that it asks."""
        settings = dict(self.state.settings, **(rule["settings"] if rule else {}))
        profile, ips = self.state.profiles.get(settings.get("umbrella.posture.webProfileId")), self.state.settings.get("sse.globalIPSEnabled")
        if profile is None or set(rule["settings"] if rule else ()) - HARMLESS or set(profile["more"]) - set(PROFILE) - COUNTED:
            gateway = BOTH
        else:
            gateway = self._spared_looks(self.state.spared.get(profile["list"]), host) if profile["decrypts"] else {"tunnel"}
        system = {"tunnel"} if ips is False else self._spared_looks(next(row for row in self.state.spared.values() if row["isDefault"]), host)
        system |= set() if ips in (True, False) else {"tunnel"}
        return ({"decrypt"} & (gateway | system)) | (gateway & system)

    def _spared_looks(self, row: dict | None, host: str) -> set:
        if row is None:
            return {"decrypt"}
        names = [name for name, number in (("Generative AI", 426),) if number in row["categories"]]
        if (row["behind"] is not None and self._in([row["behind"]], host)) or self._categorised({"categories": names}, host):
            return BOTH if set(row["more"]) - set(LIST) - COUNTED else {"tunnel"}
        return BOTH if row["applications"] else {"decrypt"}

    def _resolves(self, policy: dict, host: str) -> bool:
        allow = policy["allow"] + [row["id"] for row in self.state.lists.values() if row["isGlobal"] and row["access"] == "allow"]
        block = policy["block"] + [row["id"] for row in self.state.lists.values() if row["isGlobal"] and row["access"] == "block"]
        return self._in(allow, host) or not (self._in(block, host) or self._categorised(policy, host))

    def _in(self, numbers, host: str) -> bool:
        return any(_under(host, item["destination"].lower()) for number in numbers for item in self.state.lists.get(number, {"items": ()})["items"])

    def _categorised(self, holder: dict, host: str) -> bool:
        return any(_under(host, domain) for name in holder["categories"] for domain in self.knobs.categories[name])

    # -- the API

    def answer(self, request: Request) -> Reply:
        try:
            self._limit(request.path)
            if request.path == "/auth/v2/token":
                return self._token(request)
            reply = self._carry_out(request)
        except ApiError as error:
            return error.reply
        self._person()
        return reply

    def _limit(self, path: str) -> None:
        for prefix, rules in LIMITS.items() if self._limits else ():
            if path.startswith(prefix):
                seen = self._seen.setdefault(prefix, [])
                if any(len([at for at in seen if at > self.now() - seconds]) >= count for count, seconds in rules):
                    error = ApiError(400)
                    error.reply = Reply.of_json({"statusCode": 429, "error": "Too Many Requests"}, 429)   # guess: the body
                    raise error
                seen.append(self.now())

    def _token(self, request: Request) -> Reply:
        """GET, and POST without a body, are accepted too: clients of the vendor send them."""
        word, _blank, text = request.headers.get("authorization", "").partition(" ")
        try:
            key, _colon, secret = base64.b64decode(text if word == "Basic" else "").decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ApiError(401) from None
        if key not in self.keys or self.keys[key][0] != secret:
            raise ApiError(401)
        if request.form.get("grant_type", "client_credentials") != "client_credentials":
            raise ApiError(400, "Validation Error")
        token = "token-%d" % self._number()
        self.state.tokens[token] = (key, self.now() + self.knobs.token_seconds)
        return Reply.of_json({"token_type": "bearer", "access_token": token, "expires_in": self.knobs.token_seconds})

    def _carry_out(self, request: Request) -> Reply:
        scopes = self._scopes(request)
        method, parts = request.method, request.path.strip("/").split("/")
        if self.secure and parts[:3] == RULES.strip("/").split("/") and method == "GET":
            self._allowed(scopes, "policies.rules", method)
            return self._rules(request, parts[3:])
        if self.secure and request.path.startswith(tuple(SCOPES)):
            return self._of_decryption(request, scopes)
        if not self.secure and request.path == POLICIES and method == "GET":
            self._allowed(scopes, "deployments.policies", method)
            return self._policies(request)
        if parts[:3] != LISTS.strip("/").split("/"):
            raise ApiError(404)
        rest = parts[3:]
        self._allowed(scopes, "policies.destinations" if len(rest) > 1 else "policies.destinationLists", method)
        if not rest:
            if method == "GET":
                return self._page(request, self._listed())
            if method == "POST":
                return self._create(request.json)
            raise ApiError(404)
        row = self.state.lists.get(int(rest[0]) if rest[0].isdigit() else None)
        if row is None:
            raise ApiError(404)
        if method != "GET" and any(one["behind"] == row["id"] for one in self.state.spared.values()):
            raise ApiError(400, "This list belongs to a do not decrypt list")   # guess
        return self._on_list(request, row, "/".join(rest[1:]))

    def _on_list(self, request: Request, row: dict, rest: str) -> Reply:
        what = (request.method, rest)
        if what == ("GET", ""):
            return _ok(self._row(row))
        if what == ("PATCH", ""):
            self._check_name((request.json or {}).get("name"), row)
            row["name"] = request.json["name"]
            return _ok(self._row(row))
        if what == ("DELETE", ""):
            if any(row["id"] in policy["allow"] + policy["block"] for policy in self.state.dns) or any(
                    row["id"] in rule["lists"] for ruleset in [*self.state.web, {"rules": self.state.rules}] for rule in ruleset["rules"]):
                raise ApiError(409, "The destination list is in use")
            del self.state.lists[row["id"]]
            return _ok([])
        if what == ("GET", "destinations"):
            return self._page(request, self._shown(row))
        if what == ("POST", "destinations"):
            return self._add(row, request.json)
        if what == ("DELETE", "destinations/remove"):
            return self._remove(row, request.json)
        raise ApiError(404)

    def _create(self, body) -> Reply:
        if not isinstance(body, dict) or not {"access", "isGlobal", "name"} <= set(body):
            raise ApiError(400, "Validation Error")
        bundle = body.get("bundleTypeId", DNS)
        if self.secure and (bundle != WEB or body["isGlobal"]):
            raise ApiError(400, "Validation Error")
        if body["access"] not in (("allow", "block", "none") if self.secure else ("allow", "block")) or bundle not in (DNS, WEB, SAML):
            raise ApiError(400, "Validation Error")
        if body["isGlobal"] and any(row["isGlobal"] and row["access"] == body["access"] for row in self.state.lists.values()):
            raise ApiError(409, "Only one global list of this kind is allowed")
        self._check_name(body["name"], None)
        entries = self._checked(body.get("destinations") or [], body["access"], [])
        row = self.add_list(body["name"], body["access"], bundle, [], isGlobal=body["isGlobal"])
        return self._added(row, entries, None)

    def _check_name(self, name, row) -> None:
        if not isinstance(name, str) or not name or len(name) > self.knobs.name_length:
            raise ApiError(400, "Validation Error")
        if not self.knobs.doubled_names and any(other["name"] == name and other is not row for other in self.state.lists.values()):
            raise ApiError(400, "A destination list of that name exists")

    def _add(self, row: dict, body) -> Reply:
        if not isinstance(body, list):
            raise ApiError(400, "Validation Error")
        held = [item["destination"].lower() for item in row["items"]]
        entries = self._checked(body, row["access"], held)
        if row["bundleTypeId"] == WEB and len(held) + len(entries) > self.knobs.web_entries:
            raise ApiError(400, "Too many destinations")
        return self._added(row, entries, list(row["items"]))

    def _checked(self, entries: list, access: str, held: list) -> list:
        if len(entries) > 500:
            raise ApiError(400, "Accepts no more than 500 destinations")
        kept, seen = [], set(held)
        for entry in entries:
            text = entry.get("destination") if isinstance(entry, dict) else None
            if not isinstance(text, str) or len(entry.get("comment") or "") > 256:
                raise ApiError(400, "Validation Error")
            kind = _kind(text)
            if kind is None or text.rpartition(".")[2] in self.knobs.unknown_tlds:
                raise ApiError(400, "%s is not a valid destination" % text)
            if not self.secure and ((kind == "url" and access != "block") or (kind == "ipv4" and access != "allow")):
                raise ApiError(400, "Destinations of type %s are not allowed here" % kind)
            if text.lower() in seen and self.knobs.duplicates == "refuse":
                raise ApiError(400, "%s is already in the list" % text)
            if text.lower() not in seen:
                seen.add(text.lower())
                kept.append(entry)
        return kept

    def _added(self, row: dict, entries: list, before) -> Reply:
        refused = []
        for entry in entries:
            if entry["destination"] in self.knobs.high_volume:
                refused.append(entry["destination"])
            elif entry["destination"] not in self.knobs.swallowed:
                row["items"].append(self._item(entry["destination"], entry.get("comment")))
        self._touched(row, before)
        if refused and self.knobs.high_volume_says:
            return Reply.of_json({"status": {"code": 400, "text": "%s is on a high-volume domain" % refused[0]}, "data": self._row(row)})   # guess: the shape
        return _ok(self._row(row))

    def _remove(self, row: dict, body) -> Reply:
        if not isinstance(body, list) or len(body) > 500:
            raise ApiError(400, "Validation Error")
        if self.knobs.strict_ids and not all(isinstance(one, int) for one in body):
            raise ApiError(400, "Validation Error")
        numbers, before = {str(one) for one in body}, list(row["items"])
        if not numbers <= {item["id"] for item in before}:
            raise ApiError(404)
        row["items"] = [item for item in before if item["id"] not in numbers]
        self._touched(row, before)
        return _ok(self._row(row))

    def _touched(self, row: dict, before) -> None:
        row["modifiedAt"] = int(self.now())
        if self.knobs.lag and self.state.stale.get(row["id"], (0,))[0] <= self.now():
            self.state.stale[row["id"]] = (self.now() + self.knobs.lag, before)

    def _shown(self, row: dict) -> list:
        until, before = self.state.stale.get(row["id"], (0, ()))
        return (before or []) if until > self.now() else row["items"]

    def _listed(self) -> list:
        hidden = {number for number, (until, before) in self.state.stale.items() if before is None and until > self.now()}
        hidden |= set() if self.knobs.exceptions_listed else {row["behind"] for row in self.state.spared.values()}
        return [self._row(row) for number, row in self.state.lists.items() if number not in hidden]

    def _row(self, row: dict) -> dict:
        kinds = [item["type"] for item in row["items"]]
        shown = {name: value for name, value in row.items() if name != "items"}
        return dict(shown, meta={"destinationCount": len(kinds), "domainCount": kinds.count("domain"), "urlCount": kinds.count("url"),
                                 "ipv4Count": kinds.count("ipv4"), "applicationCount": 0})

    def _rules(self, request: Request, rest: list) -> Reply:
        def row(at: int, rule: dict) -> dict:
            return {"ruleId": rule["ruleId"], "ruleName": rule["ruleName"], "ruleDescription": "", "ruleAction": rule["ruleAction"], "rulePriority": at,
                    "ruleIsEnabled": rule["ruleIsEnabled"], "ruleIsDefault": False, "organizationId": self.organization, "createdAt": "2024-03-28T18:17:36",
                    "modifiedAt": "2024-03-28T18:17:36", "modifiedBy": "2345678/1"}
        if not rest:
            offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 10)), 1000)
            rows = [row(at, rule) for at, rule in enumerate(self.state.rules, 1)][offset:offset + limit]
            return Reply.of_json({"count": len(self.state.rules), "result": rows})
        for at, rule in enumerate(self.state.rules, 1):
            if str(rule["ruleId"]) == rest[0]:
                told = [{"settingName": name, "settingValue": value} for name, value in rule["settings"].items()]
                return Reply.of_json(dict(row(at, rule), ruleSettings=told, ruleConditions=self._conditions(rule)))
        raise ApiError(404)

    def _conditions(self, rule: dict) -> list:
        def one(name, value, operator="INTERSECT"):
            return {"attributeName": "umbrella." + name, "attributeValue": value, "attributeOperator": operator}
        conditions = [one("source.all", True, "=") if rule["people"] is None else one("source.identity_ids", [301])]
        conditions += [one("destination.destination_list_ids", rule["lists"])] if rule["lists"] else []
        conditions += [one("destination.category_ids", [161])] if rule["categories"] else []
        conditions += [] if rule["lists"] or rule["categories"] else [one("destination.all", True, "=")]
        return conditions + rule["more"]

    def _of_decryption(self, request: Request, scopes: set) -> Reply:
        """Profiles and settings are read, do not decrypt lists are updated too. What else the API has there is refused: nothing of ours may send it."""
        path, method = next(one for one in SCOPES if request.path.startswith(one)), request.method
        rest = request.path[len(path):].strip("/")
        if path in self.knobs.not_offered:
            raise ApiError(self.knobs.not_offered[path])
        self._allowed(scopes, SCOPES[path], method)
        if set(request.query) - ({"page", "limit"} if path == PROFILES else set()):
            raise ApiError(400, "Validation Error")
        if path == PROFILES and not rest and method == "GET":
            page, limit = self._window(request)
            return Reply.of_json([self._profile_row(row) for row in self.state.profiles.values()][(page - 1) * limit:page * limit])
        if path == SETTINGS and not rest and method == "GET":
            return Reply.of_json([{"settingName": name, "settingValue": value} for name, value in self.state.settings.items()])
        if path != SPARED or (method, bool(rest)) not in (("GET", False), ("GET", True), ("PUT", True)):
            raise ApiError(405)
        if not rest:
            return Reply.of_json([self._spared_row(row) for row in self.state.spared.values()])
        row = self.state.spared.get(int(rest) if rest.isdigit() else None)
        if row is None:
            raise ApiError(404)
        if method == "PUT":
            self._update_spared(row, request.json)
        return Reply.of_json(self._spared_row(row))

    def _profile_row(self, row: dict) -> dict:
        return {**PROFILE, "id": row["id"], "name": row["name"], "organizationId": self.organization, "settingGroupBypassInspectionGroupId": row["list"],
                **row["more"]}

    def _spared_row(self, row: dict) -> dict:
        kinds = [item["type"] for item in (self.state.lists[row["behind"]]["items"] if row["behind"] else ())]
        return {**LIST, "id": row["id"], "name": row["name"], "isDefault": row["isDefault"], "organizationId": self.organization,
                "exceptiondomainlistId": row["behind"], "exceptionapplicationlistId": row["applications"],
                "decryptExceptionCategories": [{"categoryId": number, "name": "A category"} for number in row["categories"]],
                "totalDomains": kinds.count("domain"), "totalIps": kinds.count("ipv4"), **row["more"]}

    def _update_spared(self, row: dict, body) -> None:
        if not isinstance(body, dict) or set(body) - {"name", "addDestinations", "removeDestinations"} or not body.get("name"):
            raise ApiError(400, "Validation Error")
        row["name"] = body["name"]
        come, go = body.get("addDestinations", []), body.get("removeDestinations", [])
        for entry in come + go:
            if not isinstance(entry, dict) or set(entry) - {"destination", "comment"} or not 1 <= len(entry.get("comment", "-")) <= 255:
                raise ApiError(400, "Validation Error")
        if not come and not go:
            return
        behind = self._behind(row)
        before, held = list(behind["items"]), {item["destination"].lower(): item for item in behind["items"]}
        added, gone = self._checked(come, "none", list(held)), {entry["destination"].lower(): entry for entry in self._checked(go, "none", [])}
        if not set(gone) <= set(held) or (self.knobs.comment_to_remove and any(
                entry.get("comment") != held[name]["comment"] for name, entry in gone.items())):
            raise ApiError(400, "No such destination")   # guess
        behind["items"] = [item for item in before if item["destination"].lower() not in gone]
        kept = [entry if self.knobs.keeps_comments else {"destination": entry["destination"]} for entry in added]
        self._added(behind, kept, before)

    def _policies(self, request: Request) -> Reply:
        kind = request.query.get("type", "dns")
        if kind not in ("dns", "web"):
            raise ApiError(400, "Validation Error")
        rows = [{"policyId": one["policyId"], "organizationId": self.organization, "name": one["name"], "priority": at,
                 "createdAt": "2024-09-22T04:18:51.000Z", "isDefault": one["people"] is None} for at, one in enumerate(getattr(self.state, kind), 1)]
        page, limit = self._window(request)
        return Reply.of_json(rows[(page - 1) * limit:page * limit])

    def _page(self, request: Request, rows: list) -> Reply:
        page, limit = self._window(request)
        meta = {"page": page, "limit": limit, "total": len(rows)} if self.knobs.totals else {"page": page, "limit": limit}
        return Reply.of_json({"status": {"code": 200, "text": "OK"}, "meta": meta, "data": rows[(page - 1) * limit:page * limit]})

    def _window(self, request: Request) -> tuple:
        texts = request.query.get("page", "1"), request.query.get("limit", str(self.knobs.page_limit))
        if not all(text.isdigit() for text in texts) or not (int(texts[0]) >= 1 and 1 <= int(texts[1]) <= 100):
            raise ApiError(400, "Validation Error")
        return int(texts[0]), min(int(texts[1]), self.knobs.page_limit)

    def _scopes(self, request: Request) -> set:
        word, _blank, token = request.headers.get("authorization", "").partition(" ")
        key, until = self.state.tokens.get(token, (None, 0))
        if word != "Bearer" or key not in self.keys or self.now() >= until:
            raise ApiError(401)
        return self.keys[key][1]

    @staticmethod
    def _allowed(scopes: set, name: str, method: str) -> None:
        if "%s:%s" % (name, "read" if method == "GET" else "write") not in scopes:
            raise ApiError(403)

    # -- for the suite

    def save(self) -> object:
        return copy.deepcopy(self.state)

    def restore(self, kept) -> None:
        self.state = kept

    def snapshot(self) -> object:
        """Lists without entries do nothing, wherever they are attached."""
        with self.lock:
            state = self.state
            held = {number: row for number, row in state.lists.items() if row["items"]}
            items = {number: sorted((item["destination"], item["comment"] or "") for item in row["items"]) for number, row in held.items()}
            lists = sorted(([row["name"], row["access"], row["bundleTypeId"], row["isGlobal"], items[number]] for number, row in held.items()), key=str)
            dns = [[one["name"], one["people"], one["categories"], sorted(held[n]["name"] for n in one["allow"] if n in held),
                    sorted(held[n]["name"] for n in one["block"] if n in held)] for one in state.dns]
            web = [[one["name"], one["people"], one["inspect"], one["undecrypted"],
                    [[rule["action"], rule["categories"], sorted(held[n]["name"] for n in rule["lists"] if n in held)] for rule in one["rules"]
                     if rule["categories"] or any(n in held for n in rule["lists"])]] for one in state.web]
            rules = [[rule["ruleName"], rule["ruleAction"], rule["ruleIsEnabled"], rule["people"], rule["categories"], rule["settings"],
                      sorted(held[n]["name"] for n in rule["lists"] if n in held)] for rule in state.rules]
            spared = [[dict(row, id=None, behind=None), sorted(self.spares(row["name"]).items(), key=str)] for row in state.spared.values()]
            profiles = [[row["name"], row["list"], row["decrypts"], row["more"]] for row in state.profiles.values()]
            return copy.deepcopy({"lists": lists, "dns": dns, "web": web, "rules": rules, "spared": spared, "profiles": profiles, "settings": state.settings})


def _ok(data) -> Reply:
    return Reply.of_json({"status": {"code": 200, "text": "OK"}, "data": data})


def _for(policy: dict, who: str) -> bool:
    return policy["people"] is None or who in policy["people"]


def _kind(text: str) -> str | None:
    """The type of an entry; None for one that is refused: white space, or an asterisk anywhere."""
    if not text or "*" in text or text != "".join(text.split()):
        return None
    if ADDRESS.match(text):
        return "ipv4"
    host = text.partition("://")[2] or text
    name, slash, path = host.partition("/")
    if not all(LABEL.match(label) for label in name.partition(":")[0].split(".")):
        return None
    return "url" if "://" in text or (slash and path) else "domain"


def _under(host: str, entry: str) -> bool:
    """An entry holds the name and every subdomain; a URL is taken by its host, which is all that a connection shows."""
    name = (entry.partition("://")[2] or entry).partition("/")[0]
    return host == name or host.endswith("." + name)


__all__ = ["ApiError", "Umbrella"]
