# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PAN-OS firewall or a Panorama with its firewalls: the XML API, two configurations, locks, commit jobs and the decision.

Shapes of answers: XML API guide and recorded answers of real devices (demisto/content, pan-os-codegen); texts of locks and of a busy
device: those that pan-os-python recognises. ``# guess`` marks what no source says.
"""
from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.products.panos.twin import schema, site as sites
from tests.products.panos.twin.policy import Policy
from tests.products.panos.twin.tree import (
    ApiError, Op, at, carry_out, clean, entries, find, members, parse, steps_of, strip, text,
)
from tests.products.server import Reply, Request, Twin

CONFIG_WRITES = ("set", "edit", "delete", "rename", "clone", "move", "override")


@dataclass
class Knobs:
    """What differs between releases and installations, and every guess."""

    release: tuple = (10, 2, 8)
    category_name_length: int = 31       # guess
    max_entries: int = 25000             # guess: often quoted
    accept_scheme: bool = False          # guess
    accept_port: bool = False            # guess
    append_end_token: bool | None = None
    missing_delete: str = "code7"        # guess: "code7" or "error"
    forbidden_status: int = 403          # the vendor's clients know both 403 and 200 with the same body
    lock_ends_with_commit: bool = True   # guess
    container_set_lost: bool = False     # some builds of 11.0.4 to 11.1.3
    multi_config: bool | None = None
    job_polls: int = 1
    outside_zone: str = "untrust"
    predefined: dict = field(default_factory=lambda: dict(sites.PREDEFINED))
    applications: dict = field(default_factory=lambda: dict(sites.APPLICATIONS))
    edl: dict = field(default_factory=dict)
    filters: dict = field(default_factory=dict)
    new_columns: frozenset = frozenset()
    hosts: dict = field(default_factory=dict)
    impostors: set = field(default_factory=set)
    predefined_exclusions: tuple = ()

    @property
    def end_token(self) -> bool:
        return self.release >= (10, 2) if self.append_end_token is None else self.append_end_token

    def predefined_of(self, host: str) -> list:
        return _nearest(self.predefined, host, ["unknown"])

    def application_of(self, host: str) -> str:
        return _nearest(self.applications, host, "")


def _nearest(table: dict, host: str, default):
    while host:
        if host in table:
            return table[host]
        host = host.partition(".")[2]
    return default


@dataclass
class Job:
    number: int
    kind: str
    admin: str
    polls: int
    action: object
    result: str = "PEND"
    lines: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    devices: list = field(default_factory=list)


class Panos(Twin):
    """``groups`` makes it a Panorama: {device group: (parent or "shared", [serials])}; ``admins``: {name: password}."""

    def __init__(self, tls: bool = False, port: int = 0, site: str = "rule", release: tuple = (10, 2, 8), vsys=("vsys1",), groups=None, **knobs):
        super().__init__(tls, port)
        self.knobs = Knobs(release=release, **knobs)
        self.people = copy.deepcopy(sites.PEOPLE)
        self.admins = {"netaccess": "Correct-Horse-9", "alice": "Battery-Staple-7"}
        #: What stands below role-based of an administrator; one who is not in it comes from an authentication server.
        self.roles = {name: "<superuser>yes</superuser>" for name in self.admins}
        self.keys = {name: "LUFRPT1%s==" % name for name in self.admins}
        self.groups = groups or {}
        self.running = sites.panorama(site, release, self.groups) if self.groups else sites.firewall(site, release, vsys)
        for number, rule in enumerate(rule for _n, scope, _l in schema.scopes(self.running) for _b, _k, rule in schema.rules(scope)):
            rule.set("uuid", "site-%d" % number)
        self.candidate = copy.deepcopy(self.running)
        self.ops: list = []
        self.locks: dict = {}
        self.commit_locks: dict = {}
        self.jobs: list = []
        self.saved: dict = {}
        self.must_commit_all = False
        self.ha = {"enabled": False, "state": "active"}
        #: Of its Panorama, "yes" or "no"; None without one.
        self.panorama_connected: str | None = None
        self.fail_next_commit: list = []
        self.fail_next_validate: list = []
        self.commit_warnings: list = []
        self.refusing_devices: dict = {}
        #: Firewalls that a push says nothing of, and the administrators to whose changes the last one was limited.
        self.silent_devices: set = set()
        self.pushed_for: list = []
        #: Operational commands, as a/b/c, that the role of our account does not include.
        self.withheld_commands: set = set()
        self.url_cloud = ("connected", "s0000.urlcloud.example")
        self._serial = 0
        self.local = {serial: sites.firewall("bare", release) for _p, serials in self.groups.values() for serial in serials}
        self.pushed = {serial: clean(self.running) for serial in self.local}

    # -- for tests

    def edit(self, admin: str, action: str, xpath: str, element: str = "", **extra) -> None:
        """An edit of the candidate by another administrator."""
        with self.lock:
            self._write([self._op(admin, action, xpath, element, extra)])

    def publish(self) -> None:
        """Bring the whole candidate into force, as any administrator can."""
        with self.lock:
            self.finish_jobs()
            self._commit_everything()
            for serial in self.pushed:
                self.pushed[serial] = clean(self.running)

    def finish_jobs(self) -> None:
        for job in self.jobs:
            self._finish(job)

    def decide(self, who: str, host: str, port: int = 443, device: str = "", protocol: str = "tcp") -> tuple:
        """``host`` is a name, or for UDP an address."""
        with self.lock:
            self.finish_jobs()
            policy = self._policy(device)
            if protocol == "udp":
                return policy.decide_packet(self.people[who], host, port), "tunnel"
            return policy.decide(self.people[who], host, port)

    def _policy(self, device: str = "") -> Policy:
        if not self.groups:
            return Policy(self.knobs, self.running)
        device = device or next(iter(self.local))
        return Policy(self.knobs, self.local[device], self.pushed[device], self._group_of(device), serial=device)

    def page(self, who: str, host: str, path: str = "/", device: str = "") -> tuple:
        """("allow" or "block", headers that are inserted) for one page."""
        with self.lock:
            self.finish_jobs()
            return self._policy(device).page(self.people[who], host, path)

    def verdicts(self, who: str, host: str) -> set:
        """What becomes of a connection, be it decrypted or not."""
        with self.lock:
            return {self._policy().verdict(self.people[who], host, inspection) for inspection in ("tunnel", "decrypt")}

    def snapshot(self) -> str:
        with self.lock:
            self.finish_jobs()
            return ET.tostring(_plain(clean(self.candidate)), encoding="unicode")

    def save(self):
        return copy.deepcopy((self.running, self.candidate, self.ops, self.locks, self.jobs, self._serial, self.pushed, self.must_commit_all))

    def restore(self, kept) -> None:
        self.running, self.candidate, self.ops, self.locks, self.jobs, self._serial, self.pushed, self.must_commit_all = kept

    # -- requests

    def answer(self, request: Request) -> Reply:
        asked = dict(request.query)
        asked.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            if request.path.rstrip("/") != "/api":
                return Reply(404, b"not found", {"Content-Type": "text/html"})
            return _reply(self._handle(request, asked))
        except ApiError as error:
            if error.code == "403":
                body = "<response status = 'error' code = '403'><result><msg>%s</msg></result></response>" % escape(error.lines[0])
                return _reply(body, error.status)
            code = ' code="%s"' % error.code if error.code else ""
            body = '<response status="error"%s><msg>%s</msg></response>' % (code, "".join("<line>%s</line>" % escape(line) for line in error.lines))
            return _reply(body, error.status)

    def _handle(self, request: Request, asked: dict) -> str:
        kind = asked.get("type")
        if kind == "keygen":
            if self.admins.get(asked.get("user")) != asked.get("password"):
                raise ApiError("403", "Invalid credentials.", status=self.knobs.forbidden_status)
            return '<response status="success"><result><key>%s</key></result></response>' % self.keys[asked["user"]]
        key = request.headers.get("x-pan-key") or asked.get("key")
        admin = next((name for name, value in self.keys.items() if value == key), None)
        if admin is None:
            raise ApiError("403", "Invalid Credential", status=self.knobs.forbidden_status)
        reader = re.match("<(super|device|vsys)reader", self.roles.get(admin, ""))
        writes = kind == "commit" or (kind == "config" and asked.get("action") not in ("get", "show")) or re.match(
            r"\s*<(request|revert|load|save|validate)\b", asked.get("cmd", ""))
        if reader and writes:
            raise ApiError("16", "Unauthorized request")  # guess: text
        handler = {"config": self._config, "op": self._operate, "commit": self._commit}.get(kind)
        if handler is None:
            raise ApiError("17", "Invalid command: type %s" % kind)
        return handler(admin, asked)

    # -- configuration

    def _config(self, admin: str, asked: dict) -> str:
        action = asked.get("action")
        if action in ("get", "show"):
            return self._read(action, asked.get("xpath", ""))
        if action == "multi-config":
            return self._multi(admin, asked)
        if action not in CONFIG_WRITES:
            raise ApiError("17", "Invalid command: action %s" % action)
        extra = {name: asked[name] for name in ("where", "dst", "newname", "from") if name in asked}
        found = self._write([self._op(admin, action, asked.get("xpath", ""), asked.get("element", ""), extra)])
        return '<response status="success" code="%s"><msg>%s</msg></response>' % (("20", "command succeeded") if found else ("7", "Object doesn't exist"))

    def _read(self, action: str, xpath: str) -> str:
        own = re.match(r"/config/mgt-config/users/entry\[@name=(['\"])(.*?)\1\]/permissions\Z", xpath)
        if own and own[2] in self.roles:
            return '<response status="success" code="19"><result total-count="1" count="1"><permissions><role-based>%s</role-based></permissions></result>' \
                "</response>" % self.roles[own[2]]
        root = self.candidate if action == "get" else clean(self.running)
        nodes = find(root, steps_of(xpath))
        if not nodes and action == "show":
            raise ApiError(None, "No such node")
        if not nodes:
            return '<response status="success" code="7"><result/></response>'
        inner = "".join(ET.tostring(node, encoding="unicode") for node in nodes)
        return '<response status="success" code="19"><result total-count="%d" count="%d">%s</result></response>' % (len(nodes), len(nodes), inner)

    def _multi(self, admin: str, asked: dict) -> str:
        on = self.knobs.release >= (10, 1) if self.knobs.multi_config is None else self.knobs.multi_config
        if not on:
            raise ApiError("17", "multi-config is not enabled")  # guess: text
        wrapped = parse(asked.get("element", ""))
        if len(wrapped) != 1:
            raise ApiError("18", "Malformed Request")
        ops, numbers = [], []
        for item in wrapped[0]:
            inner = "".join(ET.tostring(child, encoding="unicode") for child in item)
            extra = {name: item.get(name) for name in ("where", "dst", "newname", "from") if item.get(name)}
            ops.append(self._op(admin, item.tag, item.get("xpath", ""), inner, extra))
            numbers.append(item.get("id", ""))
        failed, error = self._try(ops)
        if error is not None:
            # Nothing is applied; the answer names the operation that failed.
            parts = ["<response status=\"error\" code=\"%s\" id=\"%s\"><msg>%s</msg></response>" % (
                error.code or "", numbers[failed], "".join("<line>%s</line>" % escape(line) for line in error.lines))]
            return '<response status="error" code="%s">%s</response>' % (error.code or "", "".join(parts))
        self._write(ops)
        parts = "".join('<response status="success" code="20" id="%s"><msg>command succeeded</msg></response>' % number for number in numbers)
        return '<response status="success" code="20">%s</response>' % parts

    def _op(self, admin: str, action: str, xpath: str, element: str, extra: dict) -> Op:
        self._serial += 1
        op = Op(admin, action, xpath, element, extra, self._serial, "2026/03/11 10:15:%02d" % (self._serial % 60))
        # The scope of an administrator's commit covers moves of rules from 11.0.1 on.
        op.attributed = action != "move" or self.knobs.release >= (11, 0, 1)
        if action == "set" and self.knobs.container_set_lost and steps_of(xpath)[-1].tag != "entry":
            op.attributed = not any(child.tag == "entry" for child in parse(element))
        return op

    def _try(self, ops: list):
        trial = copy.deepcopy(self.candidate)
        for number, op in enumerate(ops):
            try:
                self._apply(trial, op)
            except ApiError as error:
                return number, error
        return None, None

    def _apply(self, root, op: Op, locks: bool = True) -> bool:
        if locks:
            self._check_lock(op)
        stamp = {"admin": op.admin, "dirtyId": str(op.serial), "time": op.time}
        found = carry_out(root, op, stamp, self.knobs.missing_delete)
        try:
            schema.check(root, self.knobs)
        except schema.Reference as error:
            if op.action == "delete":
                raise ApiError("10", "%s cannot be deleted because of references from: %s" % (op.xpath, error.lines[0])) from None
            raise
        for rule in root.iter("rules"):
            for entry in rule:
                if not entry.get("uuid"):
                    entry.set("uuid", "u-%d-%s" % (op.serial, entry.get("name")))
        return found

    def _write(self, ops: list, locks: bool = True) -> bool:
        trial, found = copy.deepcopy(self.candidate), True
        for op in ops:
            found = self._apply(trial, op, locks)
        self.candidate = trial
        self.ops += [op for op in ops if op.action != "delete" or found]
        return found

    def _check_lock(self, op: Op) -> None:
        names = [step.values[0] for step in steps_of(op.xpath) if step.by == "@name"]
        scope = names[1] if len(names) > 1 and names[0] == "localhost.localdomain" else "shared"
        for where in (scope, "shared" if not self.groups else scope):
            holder = self.locks.get(where)
            if holder and holder[0] != op.admin:
                raise ApiError(None, "Configuration is locked by %s" % holder[0])

    # -- operational commands

    def _operate(self, admin: str, asked: dict) -> str:
        try:
            command = ET.fromstring(asked.get("cmd", ""))
        except ET.ParseError:
            raise ApiError("18", "Malformed Request") from None
        words = []
        node = command
        while node is not None:
            words.append(node.tag)
            node = node[0] if len(node) else None
        path = "/".join(words)
        if path in self.withheld_commands:
            raise ApiError("16", "Unauthorized request")  # guess: text
        for prefix, handler in (
                ("show/system/info", self._system_info), ("show/jobs", self._show_jobs), ("show/config-locks", self._show_locks),
                ("request/config-lock", self._config_lock), ("request/commit-lock", self._commit_lock), ("show/commit-locks", self._show_commit_locks),
                ("show/high-availability/state", self._show_ha),
                ("show/devicegroups", self._devicegroups),
                ("show/panorama-status", self._show_panorama), ("check/pending-changes", self._pending), ("show/config/list/changes", self._changes),
                ("validate", self._validate), ("revert/config", self._revert), ("save/config", self._save), ("load/config", self._load),
                ("test/url", self._test_url), ("show/url-cloud/status", self._url_cloud),
                ("show/user/group/list", self._user_groups)):
            if path.startswith(prefix):
                return handler(admin, command, asked)
        raise ApiError("17", "%s is unexpected" % path.replace("/", " -> "))

    def _system_info(self, _admin, _command, _asked) -> str:
        info = {"hostname": "fw-a", "ip-address": "192.0.2.1", "model": "Panorama" if self.groups else "PA-VM", "serial": "015300001234",
                "sw-version": ".".join(str(part) for part in self.knobs.release), "multi-vsys": "off", "operational-mode": "normal",
                "family": "m" if self.groups else "vm", "app-version": "8800-9000", "uptime": "1 days, 0:00:00"}
        return _success("<system>%s</system>" % "".join("<%s>%s</%s>" % (name, value, name) for name, value in info.items()))

    def _show_jobs(self, _admin, command, _asked) -> str:
        wanted = command.findtext("jobs/id")
        found = [job for job in self.jobs if wanted is None or str(job.number) == wanted]
        if wanted is not None and not found:
            raise ApiError(None, "job %s not found" % wanted)
        for job in found:
            if job.polls > 0:
                job.polls -= 1
            else:
                self._finish(job)
        return _success("".join(self._job(job) for job in found))

    @staticmethod
    def _job(job: Job) -> str:
        done = job.result != "PEND"
        lines = "".join("<line>%s</line>" % escape(line) for line in job.lines)
        warnings = "".join("<line>%s</line>" % escape(line) for line in job.warnings)
        devices = "".join(
            "<entry><serial-no>%s</serial-no><devicename>%s</devicename><status>%s</status><result>%s</result><details><msg><errors>%s</errors>"
            "<warnings/></msg></details></entry>" % (serial, serial, status, result, "<line>%s</line>" % escape(why) if why else "")
            for serial, status, result, why in job.devices)
        return ("<job><tenq>2026/03/11 10:15:00</tenq><tdeq>10:15:00</tdeq><id>%d</id><user>%s</user><type>%s</type><status>%s</status><queued>NO</queued>"
                "<stoppable>no</stoppable><result>%s</result><tfin>%s</tfin><description/><positionInQ>0</positionInQ><progress>%s</progress>"
                "<details>%s</details><warnings>%s</warnings><devices>%s</devices></job>" % (
                    job.number, job.admin, job.kind, "FIN" if done else "ACT", job.result if done else "PEND",
                    "2026/03/11 10:15:30" if done else "Still Active", "100" if done else "40", lines, warnings, devices))

    def _enqueue(self, kind: str, admin: str, action) -> Job:
        if any(job.result == "PEND" for job in self.jobs):
            raise ApiError(None, "Another commit/validate is in progress. Please try again later")
        job = Job(len(self.jobs) + 4, kind, admin, self.knobs.job_polls, action)
        self.jobs.append(job)
        return job

    def _finish(self, job: Job) -> None:
        if job.result == "PEND":
            job.result = "FIN"
            problems = job.action(job)
            job.result = "FAIL" if problems else "OK"
            job.lines = problems or ["Configuration committed successfully" if job.kind != "Validate" else "Configuration is valid"]
            job.warnings = list(self.commit_warnings)

    def _show_locks(self, _admin, _command, _asked) -> str:
        inner = "".join("<entry name=\"%s\"><type>local</type><name>%s</name><created>2026/03/11 10:00:00</created><last-activity/><loggedin>yes</loggedin>"
                        "<comment>%s</comment></entry>" % (holder, scope, escape(comment)) for scope, (holder, comment) in self.locks.items())
        return _success("<config-locks>%s</config-locks>" % inner)

    def _config_lock(self, admin, command, asked) -> str:
        scope = asked.get("vsys") or "shared"
        holder = self.locks.get(scope)
        if command.find("config-lock/add") is not None:
            if holder and holder[0] == admin:
                raise ApiError(None, "You already own a config lock for scope %s" % scope)
            if holder:
                raise ApiError(None, "Config for scope %s is currently locked by %s" % (scope, holder[0]))
            self.locks[scope] = (admin, command.findtext("config-lock/add/comment") or "")
            return _success("Successfully acquired lock. Other administrators will not be able to modify configuration")
        if not holder or holder[0] != admin:
            raise ApiError(None, "Config is not currently locked for scope %s" % scope)
        del self.locks[scope]
        return _success("Config lock released for scope %s" % scope)

    def _commit_lock(self, admin, command, asked) -> str:
        scope = asked.get("vsys") or "shared"
        if command.find("commit-lock/add") is not None:
            if scope in self.commit_locks:
                raise ApiError(None, "Commit lock is already held by %s" % self.commit_locks[scope])
            self.commit_locks[scope] = admin
            return _success("Commit lock acquired")
        if scope not in self.commit_locks:
            raise ApiError(None, "Commit lock is not currently held by anyone")
        del self.commit_locks[scope]
        return _success("Commit lock released")

    def _show_commit_locks(self, _admin, _command, _asked) -> str:
        return _success("<commit-locks>%s</commit-locks>" % "".join(
            "<entry name=\"%s\"><name>%s</name></entry>" % (holder, scope) for scope, holder in self.commit_locks.items()))

    def _show_ha(self, _admin, _command, _asked) -> str:
        if not self.ha["enabled"]:
            return _success("<enabled>no</enabled>")
        inside = ("<local-info><state>%s</state></local-info><running-sync>synchronized</running-sync><running-sync-enabled>yes</running-sync-enabled>"
                  % self.ha["state"])
        return _success("<enabled>yes</enabled>" + (inside if self.groups else "<group>%s</group>" % inside))

    def _devicegroups(self, _admin, _command, _asked) -> str:
        inner = "".join("<entry name=\"%s\"><devices>%s</devices></entry>" % (name, "".join(
            "<entry name=\"%s\"><serial>%s</serial><connected>yes</connected></entry>" % (serial, serial) for serial in serials))
            for name, (_parent, serials) in self.groups.items())
        return _success("<devicegroups>%s</devicegroups>" % inner)

    def _show_panorama(self, _admin, _command, _asked) -> str:
        if self.panorama_connected is None:
            return _success("")
        return _success("\nPanorama Server 1 : 192.0.2.200\n    Connected     : %s\n    HA state      : disconnected\n" % self.panorama_connected)

    def _pending(self, _admin, _command, _asked) -> str:
        return _success("yes" if self.ops or self.must_commit_all else "no")

    def _changes(self, _admin, _command, _asked) -> str:
        inner = "".join("<entry><xpath>%s</xpath><component-type>config</component-type><owner>%s</owner><action>%s</action></entry>" % (
            escape(op.xpath), op.admin, op.action.upper()) for op in self.ops)
        return _success("<journal>%s</journal>" % inner)

    def _validate(self, admin, _command, _asked) -> str:
        def action(_job):
            failed, self.fail_next_validate = self.fail_next_validate, []
            return failed or schema.problems(self.candidate, self.knobs)
        return _queued(self._enqueue("Validate", admin, action))

    def _revert(self, admin, command, _asked) -> str:
        only = [node.text for node in command.iter("member")]
        kept = [op for op in self.ops if only and (op.admin not in only or not op.attributed)]
        self.candidate = copy.deepcopy(self.running)
        self.ops = []
        for op in kept:
            try:
                self._write([op], locks=False)
            except ApiError:
                # guess: what was about a node that is gone goes with it.
                continue
        return _success("<msg><line>Config reverted by %s</line></msg>" % admin)

    def _save(self, _admin, command, _asked) -> str:
        name = command.findtext("config/to")
        self.saved[name] = ET.tostring(self.candidate, encoding="unicode")
        return _success("<msg><line>Config saved to %s</line></msg>" % name)

    def _load(self, _admin, command, _asked) -> str:
        name = command.findtext("config/from")
        if name != "running-config.xml" and name not in self.saved:
            raise ApiError(None, "%s does not exist" % name)
        self.candidate = copy.deepcopy(self.running) if name == "running-config.xml" else strip(ET.fromstring(self.saved[name]))
        self.ops, self.must_commit_all = [], name != "running-config.xml"
        return _success("<msg><line>Config loaded from %s</line></msg>" % name)

    def _test_url(self, _admin, command, _asked) -> str:
        host = (command.findtext("url") or "").split("/")[0]
        return _success("%s %s (Base db)" % (host, " ".join(self.knobs.predefined_of(host))))  # guess: the layout of the line

    def _url_cloud(self, _admin, _command, _asked) -> str:
        state, server = self.url_cloud
        return _success("\nPAN-DB URL Filtering\nLicense : valid\nCurrent cloud server : %s\nCloud connection : %s\n" % (server, state))

    def _user_groups(self, _admin, command, asked) -> str:
        """The groups that people are in, as pan-os-python quotes an answer of 9.1. guess: spelled as in the rules."""
        there = {name for name, _node, _chain in schema.scopes(self.running)} - {"shared"}
        if self.groups or len(command.find("user/group/list")) or asked.get("vsys", "vsys1") not in there:
            raise ApiError("17", "show -> user -> group -> list: a Panorama, a kind of groups, or no vsys of that name")
        names = sorted({name for person in self.people.values() for name in person.groups})
        return _success("<![CDATA[\n%s\nTotal: %d\n* : Custom Group\n\n]]>" % ("".join("%s \n" % name for name in names), len(names)))

    # -- commit

    def _commit(self, admin: str, asked: dict) -> str:
        try:
            command = ET.fromstring(asked.get("cmd") or "<commit/>")
        except ET.ParseError:
            raise ApiError("18", "Malformed Request") from None
        if command.tag == "commit-all":
            return self._commit_all(admin, command)
        for holder in self.commit_locks.values():
            if holder != admin:
                raise ApiError(None, "Commit lock is held by %s" % holder)
        only = [node.text for node in command.findall("partial/admin/member")]
        if only and self.must_commit_all:
            raise ApiError(None, "Partial commit is not possible, a full commit is needed")  # guess: text
        mine = [op for op in self.ops if not only or (op.admin in only and op.attributed)]
        if not mine and not (self.must_commit_all and not only):
            return '<response status="success" code="19"><msg>There are no changes to commit.</msg></response>'
        return _queued(self._enqueue("Commit", admin, lambda _job: self._carry_commit(admin, only)))

    def _carry_commit(self, admin: str, only: list) -> list:
        failed, self.fail_next_commit = self.fail_next_commit, []
        if failed:
            return failed
        if not only:
            problems = schema.problems(self.candidate, self.knobs)
            return problems or self._commit_everything(admin)
        mine = [op for op in self.ops if op.admin in only and op.attributed]
        trial = copy.deepcopy(self.running)
        for op in mine:
            try:
                carry_out(trial, op, {}, "code7")
            except ApiError as error:
                return list(error.lines)
        problems = schema.problems(trial, self.knobs)
        if problems:
            return problems
        self.running = strip(trial)
        serials = {str(op.serial) for op in mine}
        self.ops = [op for op in self.ops if str(op.serial) not in serials]
        strip(self.candidate, serials)
        for rule in [entry for rules in self.running.iter("rules") for entry in rules if not entry.get("uuid")]:
            rule.set("uuid", "r-%s" % rule.get("name"))
        self._release(admin)
        return []

    def _commit_everything(self, admin: str = "") -> list:
        self.running = strip(copy.deepcopy(self.candidate))
        strip(self.candidate)
        self.ops, self.must_commit_all = [], False
        self._release(admin)
        return []

    def _release(self, admin: str) -> None:
        if self.knobs.lock_ends_with_commit:
            self.locks = {scope: holder for scope, holder in self.locks.items() if holder[0] != admin}

    def _commit_all(self, admin: str, command) -> str:
        groups = [node.get("name") for node in command.findall("shared-policy/device-group/entry")]
        chosen = [node.get("name") for node in command.findall("shared-policy/device-group/entry/devices/entry")]
        unknown = [name for name in groups if name not in self.groups]
        if not self.groups or unknown or not groups:
            raise ApiError("12", "commit-all -> shared-policy -> device-group '%s' is not a valid reference" % ", ".join(unknown))
        serials = [serial for name in groups for serial in self.groups[name][1] if not chosen or serial in chosen]
        self.pushed_for = members(command, "shared-policy", "admin")
        if self.pushed_for and self.knobs.release < (10, 2):
            raise ApiError("12", "commit-all -> shared-policy -> admin unexpected here")  # guess: text

        def action(job):
            for serial in [one for one in serials if one not in self.silent_devices]:
                why = self.refusing_devices.get(serial, "")
                job.devices.append((serial, "commit failed" if why else "commit succeeded", "FAIL" if why else "OK", why))
                if not why:
                    self.pushed[serial] = clean(self.running)
            return []
        return _queued(self._enqueue("CommitAll", admin, action))

    def _group_of(self, serial: str) -> str:
        return next(name for name, (_parent, serials) in self.groups.items() if serial in serials)


def _plain(node):
    """The tree without ids, empty containers and the order of what has none."""
    node.attrib.pop("uuid", None)
    node.text = (node.text or "").strip() or None
    for child in list(node):
        _plain(child)
        empty = child.tag not in ("entry", "ssl-forward-proxy", "from", "to") and not len(child) and not child.text
        if empty or (child.tag == "disabled" and child.text == "no"):
            node.remove(child)
    if node.tag != "rules":
        node[:] = sorted(node, key=lambda child: (child.tag, child.get("name") or "", child.text or ""))
    return node


def _success(inner: str) -> str:
    return '<response status="success"><result>%s</result></response>' % inner


def _queued(job: Job) -> str:
    return ('<response status="success" code="19"><result><msg><line>%s job enqueued with jobid %d</line></msg><job>%d</job></result></response>'
            % (job.kind, job.number, job.number))


def _reply(body: str, status: int = 200) -> Reply:
    return Reply(status, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})


__all__ = ["Panos", "at", "entries", "members", "text"]
