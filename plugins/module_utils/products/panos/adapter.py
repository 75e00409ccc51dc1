# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PAN-OS and Panorama: custom URL categories, a no-decrypt rule and a security rule (or entries in URL filtering profiles).

The candidate configuration is shared by all administrators: it is locked, read again, changed in one request where the release can,
validated, and committed for our administrator alone where the release covers that.
"""
from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, Collection, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    BOTH, OURS, Adapter, Permissions, Step, Traits, Wanted, whose,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, AUTH, REFUSED, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import elements as xml, user_groups
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.api import Api, escape
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.lock import Lock
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.model import DEVICE, Context, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.operations import (
    RULEBASES, Operations, multi_config,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.places import Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

#: From these releases on: several operations in one request; a commit of one administrator's changes that covers moved rules;
#: logs of undecrypted sessions; the type of a URL category; a push of one administrator's changes.
MULTI_CONFIG, SCOPED_MOVES, DECRYPTION_LOGS, CATEGORY_TYPE, SCOPED_PUSH = (10, 1), (11, 0, 1), (10, 0), (9, 0), (10, 2)
#: Built-in roles of an administrator (pan-os-python, Administrator), and whether they write the configuration.
_ROLES = {"superuser": True, "deviceadmin": True, "vsysadmin": True, "panorama-admin": True, "superreader": False, "devicereader": False, "vsysreader": False}
_SERIAL = re.compile(r"[0-9A-Za-z]{8,}\Z")


class PanosAdapter(Adapter):
    """One firewall's vsys, or one device group of a Panorama."""

    traits = Traits(
        product="panos", kinds=(xml.CATEGORY, xml.SERVICE, xml.EXCLUSION, xml.DECRYPTION, xml.LINK, xml.SECURITY), exclusive="the config lock")

    def __init__(self, settings: Settings, api: Api, transport: Transport, run_id: str | None = None,
                 alive: Callable[[str], bool] | None = None):
        """``run_id`` marks our lock; ``alive(run_id)`` tells whether the run that it names may still be at work."""
        self._settings, self._api, self._transport = settings, api, transport
        self._lock = Lock(api, transport, settings.scope, settings.comment, run_id, alive)
        self._info: dict = {}
        self._diagnosis: dict = {}
        self._release = (10, 2)
        self._context = Context()
        self._outer: list = []
        self._unread: list = []
        self._group_warnings: list = []
        self._managed: bool | None = None
        self._parents: dict | None = None
        self._family: dict | None = None
        self._exclusions = None
        self._leftover = self._moved = False

    @property
    def device(self) -> str:
        return "%s %s" % (self._api.host, self._settings.scope)

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return urls.render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        first = not self._info
        if first:
            self._identify()
            self._diagnose()
        pending = self._pending()
        scope = self._api.get(self._settings.base)
        if scope is None:
            raise AccessError(REFUSED, "%s has no %s %s" % (self._api.host, "device group" if self._settings.device_group else "vsys", self._settings.scope))
        if first:
            self._leftover = pending in (OURS, BOTH)
            self._read_outer()
        unread = "the rules of %s, which were not readable," % " and ".join(self._unread) if self._unread else ""
        self._context = Context([scope] + self._outer, self._settings.rulebase, self._unseen(), self._serials(), unread)
        shared = self._outer[-1] if self._outer else None
        left = shared.findall("ssl-decrypt/ssl-exclude-cert/entry") if shared is not None else ()
        if self._settings.exclusion_depth or any(is_ours(entry.findtext("description")) for entry in left):
            self._exclusions = self._api.get("/config/shared/ssl-decrypt/ssl-exclude-cert")
        release = "PAN-OS %s on %s" % (self._info["sw-version"], self._info.get("model") or "an unnamed model")
        return replace(self._parse(scope, pending), release=release, diagnosis=self._diagnosis)

    def _identify(self) -> None:
        system = self._api.operate("<show><system><info></info></system></show>").find("system")
        self._info = {node.tag: (node.text or "").strip() for node in system} if system is not None else {}
        numbers = re.findall(r"\d+", self._info.get("sw-version", ""))
        if len(numbers) < 2:
            raise AccessError(REFUSED, "%s does not say which PAN-OS release it runs" % self._api.host)
        self._release = tuple(int(number) for number in numbers[:3])
        if self._panorama != bool(self._settings.device_group):
            raise AccessError(REFUSED, "%s is %s; %s" % (self._api.host, self._info.get("model"), "name the device_group to work on" if self._panorama else
                                                         "device_group is for Panorama"))

    def _diagnose(self) -> None:
        if not self._settings.test_urls:
            return
        cloud = "".join(self._api.operate("<show><url-cloud><status></status></url-cloud></show>").itertext())
        self._diagnosis = {"url_cloud": [line.strip() for line in cloud.splitlines() if line.strip()], "urls": {}}
        for url in self._settings.test_urls:
            answer = self._api.operate("<test><url>%s</url></test>" % escape(url))
            self._diagnosis["urls"][url] = " ".join("".join(answer.itertext()).split())

    @property
    def _panorama(self) -> bool:
        model = self._info.get("model", "")
        return model.lower() == "panorama" or model.startswith("M-")

    def _pending(self) -> str | None:
        """Whose edits wait for a commit, anywhere on the device. An edit without a name counts as another administrator's."""
        owners = {entry.findtext("owner") for entry in self._api.operate("<show><config><list><changes></changes></list></config></show>").iter("entry")}
        return whose(self._api.username in owners, owners - {self._api.username})

    def _read_outer(self) -> None:
        """Shared and, on Panorama, the parents of the device group: what names mean, and which rules are evaluated before and after ours.

        A firewall is also asked which of the audience's groups it knows; a Panorama is not, since the group mapping is the firewalls'.
        """
        if not self._settings.scan_conflicts:
            return
        parents = {}
        if self._settings.device_group:
            above = self._hierarchy()
            self._unread = [] if self._settings.device_group in above else ["the parents"]
            name = above.get(self._settings.device_group)
            while name and name not in parents and name != self._settings.device_group:
                parents[name] = self._api.get("%s/device-group/entry[@name=%s]" % (DEVICE, xml.quoted(name)))
                name = above.get(name)
        else:
            self._is_managed()
            self._group_warnings = user_groups.warnings(self._api, self._settings.vsys, self._settings.audience.users)
        outer = dict(parents, shared=self._api.get("/config/shared"))
        self._outer = [node for node in outer.values() if node is not None]
        # A firewall has no rules there.
        self._unread += [name for name, node in outer.items() if node is None and self._settings.device_group]

    def _unseen(self) -> str:
        """Rules that a firewall asks beside those that can be read here, in words."""
        if self._settings.device_group:
            return "the local rules of the firewalls"
        return "the rules that Panorama pushed" if self._managed else ""

    def _is_managed(self) -> bool:
        """Whether a Panorama manages this firewall. One that is not connected does too: what it pushed stays in force. Asked once."""
        if self._managed is None:
            status = "".join(self._api.operate("<show><panorama-status></panorama-status></show>").itertext())
            self._managed = re.search(r"Panorama Server.*:[ \t]*\S|Connected\s*:\s*yes", status) is not None
        return self._managed

    # -- the firewalls of a device group

    def _hierarchy(self) -> dict:
        """{device group: its parent or None}. Asked once."""
        if self._parents is None:
            groups = self._api.get("/config/readonly/devices/entry[@name='localhost.localdomain']/device-group")
            self._parents = {entry.get("name"): entry.findtext("parent-dg") for entry in (groups if groups is not None else ())}
        return self._parents

    def _firewalls(self) -> dict:
        """{device group: serials of its firewalls} of ours and of those below it. Asked once."""
        if self._family is None:
            above, ours = self._hierarchy(), {self._settings.device_group}
            while True:
                more = {name for name, parent in above.items() if parent in ours} - ours
                if not more:
                    break
                ours |= more
            found = self._api.operate("<show><devicegroups></devicegroups></show>").findall("devicegroups/entry")
            self._family = {entry.get("name"): [one.get("name") for one in entry.findall("devices/entry")] for entry in found if entry.get("name") in ours}
        return self._family

    def _serials(self) -> frozenset | None:
        """The firewalls that our rules are for; None where that is not asked."""
        if not self._settings.device_group or not self._settings.scan_conflicts:
            return None
        every = frozenset(serial for serials in self._firewalls().values() for serial in serials)
        return (every & frozenset(self._settings.devices) if self._settings.devices else every) or None

    def _parse(self, scope, pending) -> State:
        objects, rules = Objects(), {}
        for kind, (path, _sets) in xml.WHERE.items():
            found = scope.findall("/".join(path) + "/entry") if kind != xml.EXCLUSION else self._exclusions if self._exclusions is not None else ()
            for entry in found:
                obj = xml.parse_object(kind, entry)
                if kind == xml.PROFILE:
                    objects.update({link.ref: link for link in self._links(obj, scope)})
                elif kind == xml.CATEGORY or obj.ours:
                    objects.add(obj)
        for kind, base in RULEBASES.items():
            found = [xml.parse_object(kind, entry) for entry in scope.findall("%s/%s/rules/entry" % (self._settings.rulebase, base))]
            rules[base] = tuple(objects.add(obj) for obj in found)
        return State(objects, rules, pending)

    def _links(self, profile: Object, scope):
        """An Object for each mention of our own category in a URL filtering profile."""
        name = self._settings.allow.name
        own = scope.find("profiles/custom-url-category/entry[@name=%s]" % xml.quoted(name))
        ours = own is not None and is_ours(own.findtext("description"))
        for action, members in profile.members.items():
            if name in members and ours:
                yield Object(Ref(xml.LINK, "%s: %s" % (profile.ref.name, name)), {"action": action}, ours=True)

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        wanted = [self._category(self._settings.allow, policy.allow)]
        if policy.exempt and not self._settings.exclusion_depth:
            wanted.append(self._category(self._settings.exempt, policy.exempt))
        if not self._settings.scan_conflicts and not self._settings.category_name and not (self._settings.before or self._settings.after) and state.rules:
            raise AccessError(REFUSED, "with scan_conflicts off the position of a new rule must be set: set position.before or position.after")
        places = Places(self._settings, self._context, policy, state)
        if policy.exempt and self._settings.exclusion_depth:
            wanted += [Wanted(Object(Ref(xml.EXCLUSION, entry), {"exclude": "yes", "description": MARK}))
                       for pattern in policy.exempt for entry in urls.exclusions(pattern, self._settings.exclusion_depth)]
        elif policy.exempt and not self._settings.exempt_category_name:
            wanted += places.decryption_rules(self._release >= DECRYPTION_LOGS)
        if self._settings.category_name:
            return wanted
        voice = [item for media in policy.media for item in places.media_rules(media)]
        if self._settings.rules:
            links = [Ref(xml.LINK, "%s: %s" % (name, self._settings.allow.name)) for name in places.url_profiles()]
            return wanted + voice + [Wanted(Object(link, {"action": "alert"})) for link in links]
        return wanted + [places.security_rule()] + voice

    def _category(self, ref: Ref, patterns) -> Wanted:
        fields = {"description": MARK}
        if self._release >= CATEGORY_TYPE:
            fields["type"] = "URL List"
        return Wanted(Object(ref, fields, {"list": frozenset(entry for pattern in patterns for entry in urls.render(pattern))}))

    def people(self, state: State) -> dict[str, dict]:
        columns = ("from", "source", "source-user", "negate-source", "negate-user")
        found = {}
        for name in self._settings.rules:
            obj = state.objects.get(Ref(xml.SECURITY, name))
            if obj is not None:
                found["rule %s" % name] = {column: obj.fields[column] for column in columns if obj.fields.get(column) not in (None, [], "no")}
        return found

    def assess(self, policy: Policy, state: State) -> Assessment:
        found = Assessor(self._settings, self._context, policy, state).assess()
        # Where nothing is opened, no rule is for anyone.
        found.warnings += self._group_warnings if policy.allow else []
        return found

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        if not changes:
            return
        operations = list(Operations(self._settings.base, self._settings.rulebase).of(changes, state))
        if self._release >= MULTI_CONFIG:
            request = {"action": "multi-config", "element": multi_config([op for _title, op, _change in operations])}
            yield Step("change the candidate configuration (%d operations in one request)" % len(operations), request)
            return
        for title, op, _change in operations:
            yield Step(title, op)

    def send(self, request: dict) -> object:
        self._moved = self._moved or request["action"] == "move" or "<move " in request.get("element", "")
        self._api.write(request)

    # -- around the writing

    def targets(self) -> list[str]:
        return sorted(self._serials() or self._settings.devices)

    def permissions(self) -> Permissions:
        """The role of our administrator, where it is kept on the device and may be read; a role of the site's own says nothing about writing by its name."""
        who = self._api.username
        try:
            found = self._api.get("/config/mgt-config/users/entry[@name=%s]/permissions" % xml.quoted(who))
        except AccessError as error:
            if error.failure not in (AUTH, REFUSED):
                raise
            return Permissions(None, "%s has no permission to read its own role" % who)
        roles = [node.tag for node in found.findall("role-based/*") if (node.text or "").strip() != "no"] if found is not None else []
        if not roles:
            return Permissions(None, "%s has no role on the device itself; an authentication server assigns it" % who)
        custom = found.findtext("role-based/custom/profile")
        write = _ROLES.get(roles[0])
        return Permissions(write, "the role of %s is %s%s" % (who, "%s, a custom role" % custom if custom else roles[0], ", which may only read" * (
            write is False)))

    def held_by(self) -> list[str]:
        return self._lock.holders()

    def begin(self) -> bool:
        self._active_member()
        if self._settings.device_group:
            self._reachable()
        elif not self._settings.accept_panorama_managed and self._is_managed():
            raise AccessError(REFUSED, "%s is managed by a Panorama, whose rules precede the local ones: run this on that Panorama with its "
                                       "device_group, or set accept_panorama_managed" % self._api.host)
        self._lock.take()
        return True

    def _active_member(self) -> None:
        """A firewall says in a group what it is, Panorama does not; states such as primary-passive and secondary-active are told by how they end."""
        state = self._api.operate("<show><high-availability><state></state></high-availability></show>")
        if state.findtext("enabled") != "yes":
            return
        role = (state.findtext("group/local-info/state") or state.findtext("local-info/state") or "unknown").lower()
        # Of two active firewalls the first is active-primary.
        if role != "active" and not role.endswith("-active") and not role.startswith("active-"):
            raise AccessError(REFUSED, "%s is the %s member of its HA pair: run this on the active member, which synchronizes the change"
                              % (self._api.host, role))

    def _reachable(self) -> None:
        """:raises AccessError: refused, for a push that would reach no firewall, or not those that were named."""
        group, known = self._settings.device_group, {serial for serials in self._firewalls().values() for serial in serials}
        missing = sorted(set(self._settings.devices) - known)
        if missing:
            raise AccessError(REFUSED, "devices: device group %s and its children contain no firewall %s; the firewalls are: %s" % (
                group, ", ".join(missing), ", ".join(sorted(known)) or "none"))
        if not known:
            raise AccessError(REFUSED, "device group %s and its children contain no firewall, so there is nothing to push to" % group)

    def close(self) -> None:
        try:
            self._lock.release()
        finally:
            self._transport.close()

    def isolates(self, changes: Collection[Change]) -> bool:
        return self._release >= SCOPED_MOVES or not (self._leftover or self._moved or any(change.place for change in changes))

    def activate(self) -> list[dict]:
        done = [self._commit()]
        if self._settings.device_group:
            done += self._push()
        return done

    def _commit(self) -> dict:
        number = self._api.start({"type": "op", "cmd": "<validate><full></full></validate>"}, "the validation")
        checked = self._api.finish(number, "validation") if number else None
        if checked and not checked.ok:
            raise AccessError(ACTIVATION, "%s: validation of the configuration failed: %s" % (self._api.host, "; ".join(checked.lines) or "no reason given"))
        if checked and checked.user and checked.user != self._api.username:
            raise AccessError(REFUSED, "the API key belongs to %s, not to %s: set username to the account of the key, because commits are limited to "
                                       "its changes"
                              % (checked.user, self._api.username))
        scoped = self.isolates(())
        part = "<partial><admin><member>%s</member></admin></partial>" % escape(self._api.username) if scoped else ""
        words = " ".join(part for part in ("netaccess.chatgpt", self._settings.comment) if part)
        form = {"type": "commit", "cmd": "<commit>%s<description>%s</description></commit>" % (part, escape(words))}
        if scoped:
            form["action"] = "partial"
        number = self._api.start(form, "the commit")
        if number is None:
            return {"target": self._api.host, "status": "nothing to commit", "warnings": []}
        job = self._api.finish(number, "commit")
        if not job.ok:
            raise AccessError(ACTIVATION, "the commit on %s failed (job %s): %s" % (self._api.host, number, "; ".join(job.lines) or "no reason given"))
        return {"target": self._api.host, "status": "in force" if not self._settings.device_group else "committed on Panorama", "job": number,
                "scope": "changes of %s" % self._api.username if scoped else "all changes", "details": list(job.lines), "warnings": list(job.warnings)}

    def _push(self) -> list:
        scoped = self._release >= SCOPED_PUSH and self.isolates(())
        number = self._api.start({"type": "commit", "action": "all", "cmd": self._push_command(scoped)}, "the push")
        if number is None:
            raise AccessError(ACTIVATION, "%s pushed nothing to device group %s: it reports that there is nothing to push" % (
                self._api.host, self._settings.device_group))
        job = self._api.finish(number, "push to device group %s" % self._settings.device_group)
        named = {one["serial"] for one in job.devices}
        expected = self._settings.devices or sorted({serial for serials in self._firewalls().values() for serial in serials})
        failed = ["%s (%s)" % (one["device"], "; ".join(one["details"]) or "no reason given") for one in job.devices if one["status"] != "in force"]
        failed += ["%s (the push does not name it)" % serial for serial in expected if serial not in named]
        good = [one["device"] for one in job.devices if one["status"] == "in force"]
        if failed or not good or not job.ok:
            raise AccessError(ACTIVATION, "the push of device group %s failed on %s; it reached %s" % (
                self._settings.device_group, ", ".join(failed) or "; ".join(job.lines) or "every device", ", ".join(good) or "no device"))
        scope = "changes of %s" % self._api.username if scoped else "all changes"
        when = "" if self._release < SCOPED_PUSH else " once a rule was moved"
        words = [] if scoped else ["changes that other administrators committed on Panorama were pushed too: this release cannot push the changes of "
                                   "one administrator only%s" % when]
        return [{"target": one["device"], "status": one["status"], "job": number, "scope": scope, "details": one["details"], "warnings": words}
                for one in job.devices]

    def _push_command(self, scoped: bool) -> str:
        admin = "<admin><member>%s</member></admin>" % escape(self._api.username) if scoped else ""
        groups = ""
        for name, serials in sorted(self._firewalls().items()):
            chosen = [serial for serial in serials if serial in self._settings.devices]
            if chosen or (serials and not self._settings.devices):
                inside = "<devices>%s</devices>" % "".join("<entry name=%s/>" % xml.quoted(serial) for serial in chosen) if chosen else ""
                groups += "<entry name=%s>%s</entry>" % (xml.quoted(name), inside)
        return ("<commit-all><shared-policy>%s<device-group>%s</device-group><include-template>no</include-template>"
                "<merge-with-candidate-cfg>no</merge-with-candidate-cfg></shared-policy></commit-all>" % (admin, groups))

    def discard(self) -> bool:
        if self._leftover:
            return False
        self._api.operate("<revert><config><partial><admin><member>%s</member></admin></partial></config></revert>" % escape(self._api.username), write=True)
        return True


def from_module(module: AnsibleModule) -> PanosAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p = module.params
    who = p["audience"] or {}
    writes = p["state"] in ("merged", "replaced", "rendered")
    if writes and p["method"] == "existing_rules" and not who.get("rules"):
        raise AccessError(REFUSED, "method existing_rules needs audience.rules: the rules whose users get access")
    if writes and p["method"] == "new_rule":
        if who.get("rules"):
            raise AccessError(REFUSED, "audience.rules is for method existing_rules; a new rule needs from_zones and to_zones")
        if not p["category_name"] and not (who.get("from_zones") and who.get("to_zones")):
            raise AccessError(REFUSED, "audience: a new rule needs from_zones and to_zones; a rule from any zone to any zone is not written")
        if not p["category_name"] and not (who.get("sources") or who.get("users") or who.get("everyone")):
            raise AccessError(REFUSED, "audience: set who gets access in these zones: sources, users, or everyone: true")
    if p["exempt_by"] == "exclusion_list" and p["device_group"]:
        raise AccessError(REFUSED, "exempt_by: a Panorama keeps the exclusion list in templates, which this module does not write; set exempt_by to rule")
    for serial in p["devices"]:
        if not _SERIAL.match(serial):
            raise AccessError(REFUSED, "devices: %r is not a serial number" % serial)
    # Where rules would stand is no matter for their removal.
    settings = filled(Settings, p, p["position"] if p["state"] != "deleted" else None, audience=filled(Audience, who), rules=tuple(who.get("rules") or ()),
                      exclusion_depth=p["exclusion_depth"] if p["exempt_by"] == "exclusion_list" else 0)
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return PanosAdapter(settings, Api(transport, p["username"], p["password"], p["api_key"]), transport)
