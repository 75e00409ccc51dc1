# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A FortiGate: the REST API's tables with their envelopes, revisions, references and errors, and what the firewall does with a connection.

Tables, parameters and envelopes: the OpenAPI description of 6.4.14; fields of newer releases: the modules of fortinet.fortios; error
numbers: hfortix and issue reports. ``# guess`` marks what no source says. What it does not model, a column that limits a policy say, it refuses
with NotImplementedError when a decision would hang on it.
"""
from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.products.fortios.facts import restricts, shutting
from tests.products.server import Reply, Request, Twin, copied

#: Table: its key, its lists of rows by field, and what of it names rows of another table: {path of fields: table}.
TABLES = {
    "webfilter/urlfilter": ("id", ("entries",), {}),
    "webfilter/profile": ("name", (), {"web.urlfilter-table": "webfilter/urlfilter"}),
    "webfilter/ftgd-local-cat": ("desc", (), {}),
    "webfilter/ftgd-local-rating": ("url", (), {}),
    "firewall/ssl-ssh-profile": ("name", ("ssl-exempt",), {"ssl-exempt.wildcard-fqdn": "firewall.wildcard-fqdn/*"}),
    "firewall.wildcard-fqdn/custom": ("name", (), {}),
    "firewall.wildcard-fqdn/group": ("name", ("member",), {"member.name": "firewall.wildcard-fqdn/custom"}),
    "firewall.service/custom": ("name", (), {}),
    "firewall.service/group": ("name", ("member",), {}),
    "firewall/address": ("name", (), {}),
    "firewall/addrgrp": ("name", ("member",), {"member.name": "firewall/addr*"}),
    "firewall/policy": ("policyid", (), {
        "dstaddr.name": "firewall/addr*", "service.name": "firewall.service/*",
        "webfilter-profile": "webfilter/profile", "ssl-ssh-profile": "firewall/ssl-ssh-profile", "dnsfilter-profile": "dnsfilter/profile",
        "application-list": "application/list", "webproxy-profile": "web-proxy/profile", "profile-group": "firewall/profile-group"}),
    "firewall/profile-group": ("name", (), {"webfilter-profile": "webfilter/profile", "ssl-ssh-profile": "firewall/ssl-ssh-profile"}),
    "dnsfilter/domain-filter": ("id", ("entries",), {}),
    "dnsfilter/profile": ("name", (), {"domain-filter.domain-filter-table": "dnsfilter/domain-filter"}),
    "application/list": ("name", ("entries",), {}),
    "application/name": ("name", (), {}),
    "casb/profile": ("name", (), {}),
    "casb/saas-application": ("name", (), {}),
    "firewall/proxy-policy": ("policyid", (), {}),
    "web-proxy/profile": ("name", ("headers",), {}),
    "user/group": ("name", ("member",), {}),
}
SINGLETONS = ("system/global", "system/settings", "system/central-management", "system/ha")
#: What the device fills in on create.
DEFAULTS = {
    "webfilter/urlfilter": {"comment": "", "one-arm-ips-urlfilter": "disable", "ip-addr-block": "disable", "entries": []},
    "webfilter/profile": {"comment": "", "feature-set": "flow", "options": "", "web": {"urlfilter-table": 0}, "ftgd-wf": {"options": "", "filters": []}},
    "firewall/ssl-ssh-profile": {"comment": "", "https": {"status": "deep-inspection", "quic": "inspect", "sni-server-cert-check": "enable"},
                                 "ssl": {"inspect-all": "disable"}, "ssl-exempt": [], "ssl-exemption-log": "disable"},
    "firewall.wildcard-fqdn/custom": {"comment": "", "color": 0, "visibility": "enable"},
    "firewall.wildcard-fqdn/group": {"comment": "", "color": 0, "member": []},
    "firewall/addrgrp": {"comment": "", "member": []},
    "firewall/address": {"comment": "", "type": "ipmask", "subnet": "0.0.0.0 0.0.0.0"},
    "firewall.service/custom": {"comment": "", "protocol": "TCP/UDP/SCTP", "tcp-portrange": "", "udp-portrange": ""},
    "firewall/policy": {"name": "", "schedule": "always", "nat": "enable", "service": [],
                        "status": "enable", "action": "deny", "srcaddr": [], "dstaddr": [], "groups": [], "users": [], "utm-status": "disable",
                        "inspection-mode": "flow", "profile-type": "single", "webfilter-profile": "", "ssl-ssh-profile": "no-inspection",
                        "dnsfilter-profile": "", "application-list": "", "av-profile": "", "logtraffic": "utm", "comments": ""},
}
ROW_DEFAULTS = {"webfilter/urlfilter": {
    "type": "simple", "action": "exempt", "status": "enable", "antiphish-action": "block", "web-proxy-profile": "", "referrer-host": "",
    "exempt": "av web-content activex-java-cookie dlp fortiguard range-block antiphish all", "dns-address-family": "ipv4"}}
ENUMS = {"type": {"simple", "regex", "wildcard"}, "action": {"exempt", "block", "allow", "monitor"}, "status": {"enable", "disable"}}
LENGTHS = {"webfilter/urlfilter": 63, "webfilter/profile": 35, "firewall/ssl-ssh-profile": 35, "firewall.wildcard-fqdn/custom": 79,
           "firewall.wildcard-fqdn/group": 79, "firewall/policy": 35}
BUILT_IN = {"certificate-inspection": "certificate-inspection", "deep-inspection": "deep-inspection", "no-inspection": "disable"}
AI = 100  # guess: the number of the category Artificial Intelligence Technology
#: Signatures of application control: number to name and category. 56684 and the category's name are public; the other numbers are guesses.
SIGNATURES = {56684: ("OpenAI.ChatGPT_File.Upload", 36), 57000: ("OpenAI.ChatGPT", 36), 15832: ("Facebook", 23), 40568: ("HTTPS.BROWSER", 25)}
#: Columns of a policy that the twin decides by.
_MODELLED = frozenset(("srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr-negate", "dstaddr-negate", "service", "service-negate", "groups", "users"))
#: What an accepting policy hands its traffic to.
_HANDS_ON = ("ztna-policy-redirect", "webproxy-forward-server", "disclaimer", "wccp")
#: What of a web filter profile looks at decrypted content alone.
_CONTENT = ("web.bword-table", "web.content-header-list", "antiphish.status", "post-action")
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


@dataclass
class Person:
    """A client: its address, the interface that it comes in on, the one its traffic leaves by, its name and the user groups that it is in."""

    address: str
    interface: str = "lan"
    groups: tuple = ()
    way_out: str = "wan"
    name: str = ""


@dataclass
class Knobs:
    """What differs between releases and installations, and every guess."""

    release: tuple = (7, 4, 9)
    wildcard_apex: bool = True          # guess: whether *.x matches x; sources contradict each other
    rating_subdomains: bool = True      # guess: whether the rating of a domain holds below it
    exempt_by_address: bool = True      # in proxy mode: ta-387569
    built_in_error: int = -7            # guess
    primary: str = "FGVM010000000001"
    max_rows: int = 5000                # guess: by model
    categories: dict = field(default_factory=lambda: {name: AI for name in (
        "chatgpt.com", "openai.com", "oaistatic.com", "oaiusercontent.com", "claude.ai", "other-ai.example")})
    addresses: dict = field(default_factory=dict)
    applications: dict = field(default_factory=lambda: {"chatgpt.com": 57000, "openai.com": 57000})


class Refusal(Exception):
    def __init__(self, status: int, error: int, text: str = ""):
        super().__init__(text)
        self.status, self.error, self.text = status, error, text


class FortiOS(Twin):
    """``site``: "category" (the AI category is blocked in each web filter profile), "rows" (rows of URL filters block) or "bare"."""

    def __init__(self, tls: bool = False, port: int = 0, site: str = "category", vdoms=("root",), **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(**knobs)
        self.token = "f0rtiT0kenThatIsLong"
        self.people = {"member": Person("192.0.2.10", groups=("ai-users",), name="member"),
                       "stranger": Person("192.0.2.20", groups=("staff",), name="stranger")}
        self.state = {vdom: self._site(site) for vdom in vdoms}
        self.revisions: dict = {}
        self.saved = True
        self.denied: set = set()
        #: The access profile of the token; what is not read-write refuses writes to its tables. None: the path that shows it is not there.
        self.profile: dict | None = {"name": "netaccess", "scope": "vdom", "sysgrp": "read", "utmgrp": "read-write", "fwgrp": "read-write"}

    def _site(self, site: str) -> dict:
        tables = {name: [] for name in TABLES}
        tables["system/global"] = {"cfg-save": "automatic", "hostname": "fgt-a"}
        tables["system/settings"] = {"ngfw-mode": "profile-based", "opmode": "nat"}
        tables["application/name"] += [{"name": name, "id": number, "category": category} for number, (name, category) in SIGNATURES.items()]
        tables["system/ha"] = {"mode": "standalone", "group-name": ""}
        tables["system/central-management"] = {"type": "none", "fmg": "", "mode": "normal"}
        tables["firewall/address"].append(self._filled("firewall/address", {"name": "all"}))
        port_services = "TCP/UDP/UDP-Lite/SCTP" if self.knobs.release >= (7, 6) else "TCP/UDP/SCTP"
        for name, ports in {"ALL": {"protocol": "IP"}, "HTTPS": {"tcp-portrange": "443"}, "DNS": {"tcp-portrange": "53", "udp-portrange": "53"},
                            "ALL_UDP": {"udp-portrange": "1-65535"}}.items():
            tables["firewall.service/custom"].append(self._filled("firewall.service/custom", dict({"name": name, "protocol": port_services}, **ports)))
        for name, status in BUILT_IN.items():
            tables["firewall/ssl-ssh-profile"].append(self._filled("firewall/ssl-ssh-profile", {"name": name, "https": {"status": status}}))
        if site == "bare":
            return tables
        rows = [{"id": number, "url": url, "type": kind, "action": "block"} for number, (kind, url) in enumerate((
            ("wildcard", "*.openai.*"), ("wildcard", "*chatgpt.com"), ("wildcard", "*.oaistatic.com"), ("simple", "claude.ai")), 1)]
        filters = {"options": "error-allow", "filters": [{"id": 1, "category": AI, "action": "block"}]}
        for number, name in enumerate(("members", "staff"), 1):
            table = 0
            if site == "rows":
                table = number
                first = [{"id": 9, "url": "bank.test", "type": "wildcard", "action": "exempt", "exempt": "av fortiguard"}]
                tables["webfilter/urlfilter"].append(self._filled("webfilter/urlfilter", {"id": number, "name": "%s-urls" % name, "entries": first + rows}))
            tables["webfilter/profile"].append(self._filled("webfilter/profile", {
                "name": name, "web": {"urlfilter-table": table}, "ftgd-wf": filters if site == "category" else {"options": "", "filters": []}}))
            tables["firewall/ssl-ssh-profile"].append(self._filled("firewall/ssl-ssh-profile", {
                "name": "deep-%s" % name, "https": {"status": "deep-inspection", "quic": "block", "sni-server-cert-check": "enable"},
                "ssl-exempt": [{"id": 1, "type": "fortiguard-category", "fortiguard-category": 31}]}))
            tables["dnsfilter/domain-filter"].append({"id": number, "name": "%s-dns" % name, "entries": []})
            tables["dnsfilter/profile"].append({"name": name, "domain-filter": {"domain-filter-table": number}})
            tables["firewall/policy"].append(self._filled("firewall/policy", {
                "policyid": number * 10, "name": name, "action": "accept", "srcintf": [{"name": "lan"}], "dstintf": [{"name": "wan"}],
                "srcaddr": [{"name": "all"}], "dstaddr": [{"name": "all"}], "service": [{"name": "HTTPS"}, {"name": "DNS"}],
                "groups": [{"name": "ai-users" if name == "members" else "staff"}], "utm-status": "enable", "webfilter-profile": name,
                "ssl-ssh-profile": "deep-%s" % name, "dnsfilter-profile": name, "av-profile": "default"}))
        return tables

    @staticmethod
    def _filled(table: str, row: dict) -> dict:
        new = copied(DEFAULTS.get(table, {}))
        for name, value in row.items():
            if isinstance(value, dict) and isinstance(new.get(name), dict):
                new[name].update(copied(value))
            else:
                new[name] = copied(value)
        for name in TABLES[table][1]:
            new[name] = [dict(ROW_DEFAULTS.get(table, {}), **entry) for entry in new.get(name) or []]
        return new

    # -- for tests

    def rows(self, table: str, vdom: str = "root") -> list:
        return self.state[vdom][table]

    def row(self, table: str, name: object, vdom: str = "root") -> dict:
        """The row of that key or name. :raises StopIteration:"""
        return next(row for row in self.rows(table, vdom) if name in (row.get(TABLES[table][0]), row.get("name")))

    def touch(self, table: str) -> None:
        """Somebody wrote to this table: its revision is another one."""
        self.revisions[table] = self.revisions.get(table, 0) + 1

    def snapshot(self) -> object:
        def plain(table, row):
            row = copied(row)
            for name in TABLES[table][1]:
                row[name] = [{k: v for k, v in entry.items() if k != "id"} for entry in row.get(name) or []]
            return row
        return {vdom: {name: sorted((plain(name, row) for row in rows), key=lambda row: str(row[TABLES[name][0]])) if name in TABLES else rows
                       for name, rows in tables.items()} for vdom, tables in self.state.items()}

    def save(self) -> object:
        return copied((self.state, self.revisions))

    def restore(self, kept) -> None:
        self.state, self.revisions = kept

    # -- requests

    def answer(self, request: Request) -> Reply:
        if "access_token" in request.query and self.knobs.release >= (7, 4, 5):
            return Reply(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        bearer = request.headers.get("authorization", "")
        if bearer != "Bearer " + self.token and request.query.get("access_token") != self.token:
            return Reply(401, b"<html>401 Unauthorized</html>", {"Content-Type": "text/html"})
        if not request.path.startswith("/api/v2/"):
            return Reply(200 if request.path in ("/logincheck", "/logout") else 404, b"1", {"Content-Type": "text/html"})
        tree, _slash, path = request.path[len("/api/v2/"):].partition("/")
        vdom = request.query.get("vdom", "root")
        if vdom not in self.state:
            return Reply.of_json({"status": "error", "http_status": 424, "error": -14}, 424)  # guess
        if any(path.startswith(prefix) for prefix in self.denied):
            return Reply.of_json({"status": "error", "http_status": 403, "error": -37}, 403)
        group = "utmgrp" if path.startswith(("webfilter", "dnsfilter", "application")) else "fwgrp" if path.startswith("firewall") else "sysgrp"
        if tree == "cmdb" and request.method != "GET" and self.profile and self.profile[group] in ("none", "read"):
            return Reply.of_json({"status": "error", "http_status": 403, "error": -37}, 403)
        try:
            if tree == "monitor":
                return self._monitor(request, path, vdom)
            body = self._cmdb(request, path.strip("/"), vdom)
        except Refusal as refused:
            body = self._envelope(request, path, vdom)
            body.update({"status": "error", "http_status": refused.status, "error": refused.error})
            if refused.text:
                body["cli_error"] = refused.text
            return Reply.of_json(body, refused.status)
        return Reply.of_json(body, body["http_status"])

    def _revision(self, table: str) -> str:
        return hashlib.md5(("%s %d" % (table, self.revisions.get(table, 0))).encode()).hexdigest()

    def _envelope(self, request: Request, path: str, vdom: str) -> dict:
        root, _slash, name = path.partition("/")
        return {"http_method": request.method, "vdom": vdom, "path": root, "name": name.partition("/")[0], "status": "success", "http_status": 200,
                "serial": "FGVM010000000001", "version": "v" + ".".join(str(part) for part in self.knobs.release), "build": 2829}

    def _monitor(self, request: Request, path: str, vdom: str) -> Reply:
        body = self._envelope(request, path, vdom)
        if path == "system/status":
            body["results"] = {"model_name": "FortiGate", "model_number": "VM64", "hostname": "fgt-a"}
        elif path == "web-ui/state" and self.profile:
            body["results"] = {"model_name": "FortiGate", "hostname": "fgt-a", "admin": {"name": "netaccess", "profile": self.profile}}
        elif path == "system/ha-checksums":
            word = "is_manage_primary" if self.knobs.release >= (7, 0) else "is_manage_master"  # guess
            body["results"] = [{"serial_no": serial, word: int(serial == self.knobs.primary), "checksum": {"all": "0"}} for serial in (
                "FGVM010000000001", "FGVM010000000002")]
        elif path == "system/config/save" and request.method == "POST":
            self.saved = True
            body["results"] = {}
        else:
            return Reply.of_json(dict(body, status="error", http_status=404), 404)
        return Reply.of_json(body)

    def _cmdb(self, request: Request, path: str, vdom: str) -> dict:
        parts = [unquote(part) for part in path.split("/")]
        table, rest = "/".join(parts[:2]), parts[2:]
        body = self._envelope(request, path, vdom)
        tables = self.state[vdom]
        if table in SINGLETONS:
            if request.method == "PUT":
                tables[table].update(request.json)
            body["results"] = tables[table]
            return body
        if table not in TABLES:
            raise Refusal(404, -3)
        rows, (key, _lists, _refs) = tables[table], TABLES[table]
        found = [row for row in rows if rest and str(row[key]) == rest[0]]
        if rest and not found and request.method != "POST":
            raise Refusal(404, -3)
        if request.method == "GET":
            return self._read(request, body, table, found if rest else rows, rest)
        before = json.dumps(rows, sort_keys=True)
        old = self._revision(table)
        kept = copied(tables)
        try:
            mkey = self._change(request, tables, table, found[0] if found else None, rest)
            self._check(tables, request.method)
        except Refusal:
            self.state[vdom] = kept
            raise
        changed = json.dumps(tables[table], sort_keys=True) != before
        if changed:
            self.touch(table)
            self.saved = tables["system/global"]["cfg-save"] == "automatic"
        return dict(body, mkey=mkey, revision=self._revision(table), old_revision=old, revision_changed=changed)

    def _read(self, request: Request, body: dict, table: str, rows: list, rest: list) -> dict:
        if len(rest) > 1:
            rows = [row for row in rows[0].get(rest[1]) or [] if len(rest) < 3 or str(row.get("id", row.get("name"))) == rest[2]]
            if len(rest) > 2 and not rows:
                raise Refusal(404, -3)
        chosen = [row for row in rows if self._passes(row, request.query.get("filter", ""))]
        start, count = int(request.query.get("start", 0)), int(request.query.get("count", len(chosen) or 1))
        shown = [self._shown(row, table, request.query.get("format", "")) for row in chosen[start:start + count]]
        return dict(body, size=len(rows), matched_count=len(chosen), next_idx=max(start + count - 1, 0), revision=self._revision(table), results=shown)

    @staticmethod
    def _passes(row: dict, text: str) -> bool:
        found = re.match(r"([\w-]+)(==|=@|!=)(.*)\Z", text)
        if not found:
            return True
        value = str(row.get(found[1], ""))
        return {"==": value == found[3], "=@": found[3] in value, "!=": value != found[3]}[found[2]]

    @staticmethod
    def _shown(row: dict, table: str, fields: str) -> dict:
        key, lists, _refs = TABLES[table]
        out = {name: copied(value) for name, value in row.items() if not fields or name in fields.split("|")}
        if key in row:
            out["q_origin_key"] = row[key]
        for name in lists:
            for entry in out.get(name) or []:
                entry["q_origin_key"] = entry.get("id", entry.get("name"))
        return out

    # -- writing

    def _change(self, request: Request, tables: dict, table: str, row, rest: list):
        rows, (key, lists, _refs) = tables[table], TABLES[table]
        data = self._clean(request.json or {})
        action = request.query.get("action")
        if row is not None and table == "firewall/ssl-ssh-profile" and row["name"] in BUILT_IN and action != "clone":
            raise Refusal(500, self.knobs.built_in_error, "built-in profile is read-only")
        if len(rest) > 1:
            return self._child(request, row, table, rest[1:], data)
        if request.method == "POST" and action == "clone":
            source = next((one for one in rows if str(one[key]) == rest[0]), None)
            name = request.query.get("nkey")
            if source is None or any(one[key] == name for one in rows):
                raise Refusal(500, -5 if source is not None else -3)
            rows.append(dict(copied(source), **{key: name}))
            return name
        if request.method == "POST":
            if table == "firewall/policy" and "" in data.values():
                raise Refusal(500, -56)
            name = data.get(key)
            if key in ("id", "policyid") and not name:
                name = max([one[key] for one in rows], default=0) + 1
            if not name or any(one[key] == name for one in rows):
                raise Refusal(500, -5 if name else -56)
            rows.append(self._validated(table, self._filled(table, dict(data, **{key: name}))))
            return name
        if request.method == "DELETE":
            rows.remove(row)
            return row[key]
        if action == "move":
            self._move(rows, row, key, request.query)
            return row[key]
        for name, value in data.items():
            if name in lists:
                row[name] = [dict(ROW_DEFAULTS.get(table, {}), **entry) for entry in value]
            elif isinstance(value, dict) and isinstance(row.get(name), dict):
                row[name].update(value)
            else:
                row[name] = value
        self._validated(table, row)
        return row[key]

    def _child(self, request: Request, row: dict, table: str, rest: list, data: dict):
        rows = row.setdefault(rest[0], [])
        found = next((one for one in rows if len(rest) > 1 and str(one.get("id", one.get("name"))) == rest[1]), None)
        if request.method == "POST":
            number = data.get("id") or max([one["id"] for one in rows], default=0) + 1
            if any(one.get("id") == number for one in rows):
                raise Refusal(500, -5)
            rows.append(dict(ROW_DEFAULTS.get(table, {}), **dict(data, id=number)))
        elif found is None:
            raise Refusal(404, -3)
        elif request.method == "DELETE":
            rows.remove(found)
        else:
            found.update(data)
        self._validated(table, row)
        return row[TABLES[table][0]]

    @classmethod
    def _clean(cls, data):
        if isinstance(data, dict):
            return {name: cls._clean(value) for name, value in data.items() if name != "q_origin_key"}
        return [cls._clean(value) for value in data] if isinstance(data, list) else data

    @staticmethod
    def _move(rows: list, row: dict, key: str, query: dict) -> None:
        other = next((one for one in rows if str(one[key]) in (query.get("before"), query.get("after"))), None)
        if other is None or other is row:
            raise Refusal(500, -3)
        rows.remove(row)
        rows.insert(rows.index(other) + ("after" in query), row)

    def _validated(self, table: str, row: dict) -> dict:
        if len(str(row.get("name") or "")) > LENGTHS.get(table, 255):
            raise Refusal(500, -3, "string too long")
        for name in TABLES[table][1]:
            numbers = [entry.get("id", entry.get("name")) for entry in row.get(name) or []]
            if len(numbers) != len(set(numbers)):
                raise Refusal(500, -15)
            if len(numbers) > (512 if name == "ssl-exempt" else self.knobs.max_rows):
                raise Refusal(500, -4)
        if table == "webfilter/urlfilter":
            for entry in row["entries"]:
                if not entry.get("url"):
                    raise Refusal(500, -56)
                if any(entry.get(name) not in allowed for name, allowed in ENUMS.items()):
                    raise Refusal(500, -651, "value parse error before '%s'" % entry.get("type"))
                if entry["type"] == "regex":
                    try:
                        re.compile(entry["url"])
                    except re.error:
                        raise Refusal(500, -653) from None
        if table == "firewall.wildcard-fqdn/custom" and not row.get("wildcard-fqdn"):
            raise Refusal(500, -56)
        return row

    @staticmethod
    def _check(tables: dict, method: str) -> None:
        """References to rows that are not there: a write that names one gets -3, a delete of one that is named -23."""
        local = {row["id"] for row in tables["webfilter/ftgd-local-cat"]}
        used = [int(row["rating"]) for row in tables["webfilter/ftgd-local-rating"]]
        used += [row.get("fortiguard-category") or 0 for profile in tables["firewall/ssl-ssh-profile"] for row in profile["ssl-exempt"]]
        if any(140 <= number <= 191 and number not in local for number in used):
            raise Refusal(500, *((-23, "") if method == "DELETE" else (-3, "entry not found in datasource")))
        for table, (_key, _lists, refs) in TABLES.items():
            for path, target in refs.items():
                names = {value for name in tables if name in TABLES and re.fullmatch(target.replace("*", ".*"), name)
                         for row in tables[name] for value in (row.get("name"), row.get("id"))}
                for row in tables[table]:
                    for value in _values(row, path.split(".")):
                        if value not in names and value not in ("", 0, None):
                            raise Refusal(500, *((-23, "") if method == "DELETE" else (-3, "entry not found in datasource")))

    # -- the decision

    def decide(self, who: str, host: str, port: int = 443, vdom: str = "root", protocol: str = "tcp") -> tuple:
        """``host`` is a name, or for what is no TLS an address."""
        with self.lock:
            tables, person, host = self.state[vdom], self.people[who], host.lower().rstrip(".")
            policy = next((row for row in tables["firewall/policy"] if self._takes(tables, row, person, host, protocol, port)), None)
            if policy is None or policy["action"] == "deny":
                return "block", "tunnel"
            if policy["action"] != "accept":
                raise NotImplementedError("action %s" % policy["action"])
            if protocol == "udp":
                return "allow", "tunnel"
            if policy.get("http-policy-redirect") == "enable" and self._shut_by_proxy(tables, person, host):
                return "block", "tunnel"
            for column in _HANDS_ON:
                if policy.get(column) not in (None, "", "disable"):
                    raise NotImplementedError("%s of policy %s" % (column, policy["name"]))
            inspection = self._inspection(tables, policy, host)
            return ("block" if self._shut(tables, policy, host, inspection) else "allow"), inspection

    def _takes(self, tables: dict, policy: dict, person: Person, host: str, protocol: str, port: int) -> bool:
        """Whether a policy is about a connection."""
        if policy["status"] != "enable":
            return False
        for column, mine in (("srcintf", person.interface), ("dstintf", person.way_out)):
            if not {one["name"] for one in policy.get(column) or []} & {"any", mine} and policy.get(column):
                return False
        # Any of these set, only people who signed in match.
        wanted = {("groups", one["name"]) for one in policy.get("groups") or []} | {("users", one["name"]) for one in policy.get("users") or []}
        if wanted and not wanted & ({("groups", name) for name in person.groups} | {("users", person.name)}):
            return False

        def meets(column: str, held) -> bool:
            return held() != (policy.get(column + "-negate") == "enable")
        odd = sorted(column for column, value in policy.items() if column not in _MODELLED and restricts("firewall policy", column, value))
        refused = ["column %s" % ", ".join(odd)] if odd else []
        for column, held in (("srcaddr", lambda: self._aims(tables, policy.get("srcaddr") or [], person.address)),
                             ("dstaddr", lambda: self._aims(tables, policy.get("dstaddr") or [], host)),
                             ("service", lambda: self._serves(tables, policy.get("service") or [], protocol, port))):
            try:
                if not meets(column, held):
                    return False
            except NotImplementedError as error:
                refused.append("%s: %s" % (column, error))
        # Only where the decision hangs on it.
        if refused:
            raise NotImplementedError("policy %s: %s" % (policy.get("name"), "; ".join(refused)))
        return True

    def _shut_by_proxy(self, tables: dict, person: Person, host: str) -> bool:
        """What the rules of the transparent proxy do, whether those match or not that cannot be told. Profiles are those of the policy.  # guess"""
        found, why = set(), None
        for rule in tables["firewall/proxy-policy"]:
            rule, odd = dict(rule), [column for column, value in rule.items() if column not in _MODELLED and column != "proxy"
                                     and restricts("firewall proxy-policy", column, value)]
            odd += [] if rule.get("proxy") in ("transparent-web", "", None) else ["proxy"]
            try:
                known = {column: value for column, value in rule.items() if column in _MODELLED or column == "status"}
                if not self._takes(tables, known, person, host, "tcp", 443):
                    continue
                odd += [] if rule["action"] in ("accept", "deny") else ["action"]
            except NotImplementedError as error:
                odd.append(str(error))
            found.add(rule["action"])
            if not odd:
                break
            why = "proxy policy %s: %s" % (rule["name"], ", ".join(odd))
        else:
            found.add("none")
        if len(found) > 1 or not found <= {"accept", "deny"}:
            raise NotImplementedError(why or "what the transparent proxy does with what no rule is about")
        return found == {"deny"}

    @classmethod
    def _members(cls, rows: dict, groups: dict, names: list, kind: str):
        """The rows that names stand for, groups of groups included."""
        left, seen = list(names), set()
        while left:
            name = left.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in rows:
                yield rows[name]
            elif name not in groups or any(restricts(kind, column, value) for column, value in groups[name].items() if column != "member"):
                raise NotImplementedError("%s %s" % (kind, name))
            else:
                left += [member["name"] for member in groups[name]["member"]]

    def _aims(self, tables: dict, names: list, host: str) -> bool:
        """Whether addresses hold a host: FQDN addresses hold names, networks hold addresses, none at all hold everything."""
        rows, groups = ({row["name"]: row for row in tables[table]} for table in ("firewall/address", "firewall/addrgrp"))
        found = [self._holds(row, host) for row in self._members(rows, groups, [one["name"] for one in names], "firewall addrgrp")]
        return any(found) or not names

    def _holds(self, address: dict, host: str) -> bool:
        if address.get("type") == "fqdn":
            return self._matches("wildcard", address["fqdn"], host, True)
        if address.get("type", "ipmask") != "ipmask":
            raise NotImplementedError("address %s of type %s" % (address["name"], address["type"]))
        network = ipaddress.ip_network("/".join(str(address.get("subnet", "0.0.0.0 0.0.0.0")).split(" ")))
        try:
            return ipaddress.ip_address(self.knobs.addresses.get(host, host)) in network
        except ValueError:
            if network.prefixlen and not any(network.subnet_of(private) for private in _PRIVATE):
                raise NotImplementedError("whether %s is in %s" % (host, network)) from None
            return network.prefixlen == 0

    def _serves(self, tables: dict, names: list, protocol: str, port: int) -> bool:
        rows, groups = ({row["name"]: row for row in tables["firewall.service/" + table]} for table in ("custom", "group"))
        for service in self._members(rows, groups, [one["name"] for one in names], "firewall.service group"):
            text = str(service.get(protocol + "-portrange") or "")
            odd = [one for one in ("iprange", "fqdn", "app-service-type", "proxy") if restricts("firewall.service custom", one, service.get(one))]
            if odd or not re.fullmatch(r"[0-9 -]*", text):
                raise NotImplementedError("service %s" % service["name"])
            spans = [one.partition("-") for one in text.split()]
            if service.get("protocol") == "IP" or any(int(low) <= port <= int(high or low) for low, _dash, high in spans):
                return True
        return not names

    @staticmethod
    def _profile(tables: dict, policy: dict, field_name: str, table: str) -> dict:
        if policy.get("profile-type") == "group":
            policy = next((row for row in tables["firewall/profile-group"] if row["name"] == policy.get("profile-group")), {})
        return next((row for row in tables[table] if row["name"] == policy.get(field_name)), {})

    def _shut(self, tables: dict, policy: dict, host: str, inspection: str) -> bool:
        if policy["utm-status"] != "enable":
            return False
        if inspection == "decrypt":
            if policy.get("icap-profile"):
                raise NotImplementedError("icap-profile of policy %s" % policy["name"])
            self._refuse_casb(tables, policy, host)
        return (self._shut_by_name(tables, policy, host) or self._shut_as_application(tables, policy, host)
                or self._shut_as_url(tables, policy, host, inspection))

    @classmethod
    def _refuse_casb(cls, tables: dict, policy: dict, host: str) -> None:
        """What inline CASB does is not modelled where it may do something to this host. guess: an application is its domains and what is below them."""
        profile = cls._profile(tables, policy, "casb-profile", "casb/profile")
        if policy.get("casb-profile") and not profile:
            raise NotImplementedError("the CASB profile %s" % policy["casb-profile"])
        known = {row["name"]: [one["domain"] for one in row.get("domains") or []] for row in tables["casb/saas-application"]}
        for application in profile.get("saas-application") or []:
            domains = [one.replace("*.", "") for one in known.get(application["name"], [])]
            about = not domains or any(host == one or host.endswith("." + one) for one in domains)
            if about and application["status"] == "enable":
                cls._refuse("casb profile application", application)

    @staticmethod
    def _refuse(kind: str, profile: dict, but: tuple = ()) -> None:
        odd = sorted(set(shutting(kind, profile)) - set(but))
        if odd:
            raise NotImplementedError("%s %s: column %s" % (kind, profile.get("name"), ", ".join(odd)))

    def _shut_by_row(self, kind: str, rows: list, column: str, host: str, proxy: bool, shuts) -> bool:
        """What ``shuts`` says of the first row that is about a host, {} where none is. Of the rows that may be the first it has to say the same."""
        found, why = set(), ""
        for row in rows:
            if row["status"] != "enable" or not self._matches(row["type"], row[column], host, proxy):
                continue
            odd = [name for name in row if name not in (column, "type") and restricts(kind, name, row[name])]
            if row["action"] not in ("block", "allow", "monitor", "exempt"):
                raise NotImplementedError("%s: row %s, %s" % (kind, row[column], row["action"]))
            found.add(shuts(row))
            if not odd:
                break
            why = "%s: row %s, %s" % (kind, row[column], ", ".join(odd))
        else:
            found.add(shuts({}))
        if len(found) > 1:
            raise NotImplementedError(why)
        return found.pop()

    def _shut_by_name(self, tables: dict, policy: dict, host: str) -> bool:
        dns = self._profile(tables, policy, "dnsfilter-profile", "dnsfilter/profile")
        self._refuse("dnsfilter profile", dns, ("ftgd-dns.filters[].action",))
        number = (dns.get("domain-filter") or {}).get("domain-filter-table")
        rows = next((one for one in tables["dnsfilter/domain-filter"] if one["id"] == number), {}).get("entries") or []
        ftgd = dns.get("ftgd-dns") or {}
        filters = {} if "ftgd-disable" in str(ftgd.get("options") or "") else {one["category"]: one["action"] for one in ftgd.get("filters") or []}
        by_category = filters.get(_nearest(self.knobs.categories, host)) == "block"
        return self._shut_by_row("dnsfilter domain-filter row", rows, "domain", host, True, lambda row: row.get("action") == "block" or by_category)

    def _shut_as_application(self, tables: dict, policy: dict, host: str) -> bool:
        """Entries from the top; what is no application of the table is unknown."""
        profile = self._profile(tables, policy, "application-list", "application/list")
        number = _nearest(self.knobs.applications, host)
        self._refuse("application list", dict(profile, entries=[]), ("other-application-action", "unknown-application-action"))
        shut, passed = False, ""
        for entry in profile.get("entries") or []:
            odd = [name for name in entry if name not in ("application", "category") and restricts("application list entry", name, entry[name])]
            ids, categories = ({part["id"] for part in entry.get(name) or []} for name in ("application", "category"))
            if ids and number not in ids and ids <= set(SIGNATURES):
                # Whatever else limits it, it is about other applications.
                continue
            strange = odd or not ids <= set(SIGNATURES) or entry.get("action") not in ("pass", "block", "reset")
            if strange and entry.get("action") != "pass":
                raise NotImplementedError("application list %s, entry %s" % (profile["name"], entry.get("id")))
            if strange:
                # It lets through, or the entries below decide.
                passed = "application list %s, entry %s" % (profile["name"], entry.get("id"))
            elif number in ids or (number and SIGNATURES[number][1] in categories) or not ids | categories:
                shut = entry["action"] != "pass"
                break
        else:
            shut = profile.get("other-application-action" if number else "unknown-application-action", "pass") != "pass"
        if shut and passed:
            raise NotImplementedError(passed)
        return shut

    def _shut_as_url(self, tables: dict, policy: dict, host: str, inspection: str) -> bool:
        web = self._profile(tables, policy, "webfilter-profile", "webfilter/profile")
        self._refuse("webfilter profile", web, _CONTENT if inspection == "tunnel" else ())
        number = (web.get("web") or {}).get("urlfilter-table")
        table = next((one for one in tables["webfilter/urlfilter"] if one["id"] == number), {})
        odd = [name for name, value in table.items() if name not in ("entries", "ip-addr-block", "ip4-mapped-ip6")
               and restricts("webfilter urlfilter row", name, value)]
        if odd:
            raise NotImplementedError("URL filter %s: %s" % (table["name"], ", ".join(odd)))
        filters = {entry["category"]: entry["action"] for entry in (web.get("ftgd-wf") or {}).get("filters") or []}
        local = self._local(tables, host)
        # A local category concerns no web filter until the profile gives it an action (administration guide, 526649).
        category = local if local in filters else _nearest(self.knobs.categories, host)
        by_category = filters.get(category) in ("block", "warning", "authenticate")

        def shuts(row: dict) -> bool:
            spared = row.get("action") == "exempt" and {"fortiguard", "all"} & set(row["exempt"].split())
            return row.get("action") == "block" or (by_category and not spared)
        return self._shut_by_row("webfilter urlfilter row", table.get("entries") or [], "url", host, web.get("feature-set") == "proxy", shuts)

    def _local(self, tables: dict, host: str):
        """The number of the category that the site rated a host into."""
        rated = {row["url"]: int(row["rating"]) for row in tables["webfilter/ftgd-local-rating"] if row.get("status") != "disable"}
        return _nearest(rated, host) if self.knobs.rating_subdomains else rated.get(host)

    def _matches(self, kind: str, url: str, host: str, proxy: bool) -> bool:
        """One row. Without decryption and with it, a row without a path is about the host."""
        url = url.lower()
        if kind == "regex":
            return re.search(url, host + "/", re.I) is not None
        if kind == "simple":
            return (host == url or host.endswith("." + url)) if proxy else url in host
        if kind != "wildcard":
            raise NotImplementedError("a row of type %s" % kind)
        form = "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", url))
        return re.fullmatch(form, host) is not None or (self.knobs.wildcard_apex and url == "*." + host)

    def _inspection(self, tables: dict, policy: dict, host: str) -> str:
        profile = self._profile(tables, policy, "ssl-ssh-profile", "firewall/ssl-ssh-profile")
        if (profile.get("https") or {}).get("status") != "deep-inspection" and (profile.get("ssl") or {}).get("inspect-all") != "deep-inspection":
            return "tunnel"
        customs = {row["name"]: row["wildcard-fqdn"] for row in tables["firewall.wildcard-fqdn/custom"]}
        groups = {row["name"]: [member["name"] for member in row["member"]] for row in tables["firewall.wildcard-fqdn/group"]}
        by_address = policy["inspection-mode"] == "proxy" and self.knobs.exempt_by_address
        for row in profile.get("ssl-exempt") or []:
            mine = (_nearest(self.knobs.categories, host), self._local(tables, host))
            if row.get("type") == "fortiguard-category" and row.get("fortiguard-category") in mine:
                return "tunnel"
            for name in groups.get(row.get("wildcard-fqdn"), [row.get("wildcard-fqdn")]):
                pattern = customs.get(name, "")
                names = [host]
                if by_address:
                    names = [other for other, address in self.knobs.addresses.items() if address == self.knobs.addresses.get(host)] or [host]
                if pattern and any(self._matches("wildcard", pattern, one, True) for one in names):
                    return "tunnel"
        return "decrypt"


def _values(row, path: list):
    value = row.get(path[0])
    for one in value if isinstance(value, list) else [value]:
        if len(path) == 1:
            yield one
        elif isinstance(one, dict):
            yield from _values(one, path[1:])


def _nearest(table: dict, host: str):
    while host:
        if host in table:
            return table[host]
        host = host.partition(".")[2]
    return None
