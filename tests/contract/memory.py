# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in memory: candidate and running policy, two first-match rulebases. It proves the suite and the engine; it is no product.

With ``sealed`` what a session writes is a draft that its account alone sees, until it is sealed into the candidate, as on products whose
sessions publish.
"""
from __future__ import annotations

import copy

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    FOREIGN, OURS, Adapter, Step, Traits, Wanted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Conflict, Coverage, Loss, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import DELETE, UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from tests.contract.rig import MEMBER, Rig

ALLOW, EXEMPT = Ref("list", "chatgpt-allow"), Ref("list", "chatgpt-exempt")
OPEN, SKIP, LOG = Ref("rule", "chatgpt-open"), Ref("rule", "chatgpt-skip"), Ref("rule", "chatgpt-log")


class Device:
    """``candidate`` and ``running`` are {"objects": {Ref: dict}, "rules": {base: [Ref]}}; ``editor`` made the pending changes.

    ``draft``: what our account wrote and has not sealed. ``lock``: who keeps others from writing. ``places``: where people are.
    """

    def __init__(self, sealed=False):
        self.sealed, self.draft, self.lock = sealed, None, None
        self.places = {MEMBER: "lab"}
        site = {
            Ref("rule", "block-ai"): {"action": "deny", "who": ["*"], "hosts": ["*.chatgpt.com", "chatgpt.com", "*.openai.com", "claude.ai"], "enabled": True},
            Ref("rule", "permit-all"): {"action": "allow", "who": ["*"], "hosts": ["*"], "enabled": True},
            Ref("rule", "decrypt-all"): {"action": "decrypt", "who": ["*"], "hosts": ["*"], "enabled": True, "scans": []},
        }
        self.candidate = {"objects": {ref: {"fields": fields, "members": {}, "ours": False} for ref, fields in site.items()},
                          "rules": {"access": [Ref("rule", "block-ai"), Ref("rule", "permit-all")], "inspection": [Ref("rule", "decrypt-all")]}}
        self.running = copy.deepcopy(self.candidate)
        self.editor = None

    @property
    def written(self) -> dict:
        """The policy as our account sees it."""
        return self.draft or self.candidate

    def open(self) -> dict:
        """Where a write of our account goes."""
        if not self.sealed:
            self.editor = "us"
            return self.candidate
        self.draft = self.draft or copy.deepcopy(self.candidate)
        return self.draft

    def seal(self):
        if self.draft is not None:
            self.candidate, self.draft, self.editor = self.draft, None, "us"

    def activate(self):
        self.running = copy.deepcopy(self.candidate)
        self.editor = None

    def decide(self, who: str, host: str) -> tuple:
        action = self._first("access", who, host)
        if action != "allow":
            return "block", None
        return "allow", "tunnel" if self._first("inspection", who, host) == "skip" else "decrypt"

    def _first(self, base, who, host):
        for ref in self.running["rules"][base]:
            rule = self.running["objects"][ref]["fields"]
            people = ("*" in rule["who"] or who in rule["who"]) and self.places.get(who) in rule.get("places", [self.places.get(who)])
            if rule["enabled"] and rule["action"] != "log" and people and self._hit(rule, host):
                return rule["action"]
        return "deny"

    def _hit(self, rule, host) -> bool:
        texts = rule.get("hosts") or self.running["objects"].get(Ref("list", rule["list"]), {"members": {"hosts": ()}})["members"]["hosts"]
        return any(_match(text, host) for text in texts)


def _match(text: str, host: str) -> bool:
    if text == "*":
        return True
    if text.startswith("*."):
        return host.endswith(text[1:]) and host != text[2:]
    if text.startswith("."):
        return host == text[1:] or host.endswith(text)
    return host == text


class MemoryAdapter(Adapter):
    traits = Traits(product="memory", kinds=("list", "rule"))
    device = "memory"

    def __init__(self, device: Device, audience):
        self._device, self._audience = device, sorted(audience)
        self.tenant = []

    def read(self) -> State:
        written, unsealed = self._device.written, self._device.draft is not None
        objects = {}
        for ref, data in written["objects"].items():
            borrowed = {"enabled": True} if not data["ours"] and data.get("disabled_by_us") else {}
            objects[ref] = Object(ref, dict(data["fields"]), {p: frozenset(m) for p, m in data["members"].items()}, data["ours"], borrowed)
        pending = OURS if unsealed else {None: None, "us": OURS, "them": FOREIGN}[self._device.editor]
        return State(objects, {base: tuple(refs) for base, refs in written["rules"].items()}, pending, unsealed)

    def blank(self) -> State:
        return State()

    def target(self, policy, state: State) -> list:
        who = {"who": self._audience, "enabled": True}
        denies = frozenset(r for r, o in state.objects.items() if _denies(o) and not o.fields.get("top") and "places" not in o.fields)
        decrypts = frozenset(r for r, o in state.objects.items() if not o.ours and o.fields.get("action") == "decrypt")
        tops = frozenset(r for r, o in state.objects.items() if not o.ours and o.fields.get("top")) | self._quarantines(state, denies)[0]
        return [
            Wanted(Object(ALLOW, {}, {"hosts": frozenset(str(p) for p in policy.allow)})),
            Wanted(Object(EXEMPT, {}, {"hosts": frozenset(str(p) for p in policy.exempt)})),
            Wanted(Object(SKIP, dict(who, action="skip", list=EXEMPT.name)), "inspection", above=decrypts),
            Wanted(Object(LOG, dict(who, action="log", list=ALLOW.name)), "access", above=denies | {OPEN}, below=tops),
            Wanted(Object(OPEN, dict(who, action="allow", list=ALLOW.name)), "access", above=denies, below=tops | {LOG}),
        ]

    @staticmethod
    def _quarantines(state: State, denies) -> tuple:
        """Rules that block a part of the audience: those that stand before the first one that blocks everybody, and those behind it."""
        order = state.rules.get("access", ())
        first = min((order.index(ref) for ref in denies if ref in order), default=len(order))
        parts = [ref for ref in order if _denies(state.objects[ref]) and "places" in state.objects[ref].fields]
        return frozenset(ref for ref in parts if order.index(ref) < first), [ref for ref in parts if order.index(ref) > first]

    def _people(self, state: State, found: Assessment) -> None:
        denies = [r for r, o in state.objects.items() if _denies(o) and not o.fields.get("top") and "places" not in o.fields]
        above, below = self._quarantines(state, denies)
        for ref in sorted(above):
            found.conflicts.append(Conflict("part-" + ref.name, "deny", str(ref), "it blocks a part of the audience", (".chatgpt.com",), False))
        for ref in below:
            found.audience_widened.append("%s blocks a part of the audience and would no longer be asked" % ref)

    def _losses(self, policy, state: State) -> list:
        hosts = tuple(str(pattern) for pattern in policy.exempt)
        return [Loss(control, ref.name, hosts) for ref, obj in sorted(state.objects.items()) if hosts for control in obj.fields.get("scans", ())]

    def assess(self, policy, state: State) -> Assessment:
        found = Assessment(losses=self._losses(policy, state), tenant_controls=list(self.tenant))
        self._people(state, found)
        order = state.rules.get("access", ())
        for ref in order:
            obj = state.objects[ref]
            if obj.fields.get("top"):
                if not obj.fields["enabled"]:
                    found.resolved["early-" + ref.name] = ref
                    continue
                remedy = () if obj.fields.get("protected") else (Change(ref, UPDATE, {"enabled": (True, False)}),)
                found.conflicts.append(Conflict("early-" + ref.name, "deny", ref.name, ref.name, (".chatgpt.com",), True, remedy, "claude.ai"))
        held = {path: state.objects[path].members["hosts"] if path in state.objects else () for path in (ALLOW, EXEMPT)}
        exempt = {str(p) for p in policy.exempt}
        for pattern in policy.allow:
            text = str(pattern)
            found.coverage.append(Coverage(text, "yes" if text in held[ALLOW] and OPEN in state.objects else "no",
                                           "not wanted" if text not in exempt else "yes" if text in held[EXEMPT] and SKIP in state.objects else "no"))
        return found

    def steps(self, changes, state: State):
        for change in changes:
            yield Step(str(change.ref), change.to_data())

    def begin(self) -> bool:
        self._device.lock = "us"
        return True

    def close(self) -> None:
        self._device.lock = None

    def seal(self) -> None:
        self._device.seal()

    def discard(self) -> bool:
        if self._device.sealed:
            self._device.draft = None
        return self._device.sealed

    def send(self, request: dict):
        change = Change.from_data(request)
        candidate, ref = self._device.open(), change.ref
        if change.op == DELETE:
            if ref.kind == "list" and any(o["fields"].get("list") == ref.name for o in candidate["objects"].values()):
                raise AccessError(CONFLICT, "%s is in use" % ref)
            del candidate["objects"][ref]
        else:
            if change.place is not None and change.place[1] is not None and change.place[1].after not in (
                    None, *candidate["rules"][change.place[1].rulebase]):
                raise AccessError(CONFLICT, "%s has no place after a rule that is not there" % ref)
            if "list" in change.fields and Ref("list", change.fields["list"][1]) not in candidate["objects"]:
                raise AccessError(CONFLICT, "%s names a list that is not there" % ref)
            data = candidate["objects"].setdefault(ref, {"fields": {}, "members": {}, "ours": True})
            data["fields"].update({path: new for path, (_old, new) in change.fields.items()})
            if not data["ours"] and "enabled" in change.fields:
                data["disabled_by_us"] = not change.fields["enabled"][1]
            for path, (added, removed) in change.members.items():
                data["members"][path] = sorted((set(data["members"].get(path, ())) | set(added)) - set(removed))
        for order in candidate["rules"].values():
            if change.place is not None and ref in order:
                order.remove(ref)
        if change.place is not None and change.place[1] is not None:
            place = change.place[1]
            order = candidate["rules"][place.rulebase]
            order.insert(order.index(place.after) + 1 if place.after else 0, ref)

    def activate(self) -> list:
        self._device.activate()
        return [{"target": "memory", "status": "in force"}]


def _denies(obj: Object) -> bool:
    return not obj.ours and obj.fields.get("action") == "deny"


class MemoryRig(Rig):
    name = "memory"

    def __init__(self, folder, sealed=False):
        super().__init__(folder)
        self.device, self.sealed = Device(sealed), sealed

    def adapter(self, audience=(MEMBER,)):
        return MemoryAdapter(self.device, audience)

    def is_write(self, request):
        return True

    def decide(self, who, host):
        return self.device.decide(who, host)

    def force(self):
        self.device.activate()

    def snapshot(self):
        view = copy.deepcopy(self.device.written)
        for data in view["objects"].values():
            data.pop("disabled_by_us", None)
        return view

    def _objects(self):
        return self.device.candidate["objects"]

    def drop_member(self):
        self._objects()[ALLOW]["members"]["hosts"].remove("*.openai.com")
        self.force()

    def change_field(self):
        self._objects()[OPEN]["fields"]["who"] = ["*"]
        self.force()

    def shuffle(self):
        order = self.device.candidate["rules"]["access"]
        order.remove(OPEN)
        order.insert(order.index(LOG), OPEN)
        self.force()

    def add_foreign_member(self, host):
        self._objects()[ALLOW]["members"]["hosts"].append(host)
        self.force()

    def foreign_members(self):
        return set(self._objects().get(ALLOW, {"members": {"hosts": ()}})["members"]["hosts"])

    def unmarked_object(self):
        self._objects()[ALLOW] = {"fields": {}, "members": {"hosts": ["foreign.example"]}, "ours": False}
        self.force()

    def block_early(self):
        ref = Ref("rule", "threats")
        fields = {"action": "deny", "who": ["*"], "hosts": ["chatgpt.com", "*.chatgpt.com", "claude.ai"], "enabled": True, "top": True}
        self._objects()[ref] = {"fields": fields, "members": {}, "ours": False}
        self.device.candidate["rules"]["access"].insert(0, ref)
        self.force()

    def foreign_pending(self):
        self.device.editor = "them"

    def scan(self):
        self._objects()[Ref("rule", "decrypt-all")]["fields"]["scans"] = ["av"]
        self.force()
        return "av"

    def mystify(self, what):
        # This device has nothing that its adapter does not understand.
        return None

    def quarantine(self, above):
        ref = Ref("rule", "quarantine")
        fields = {"action": "deny", "who": ["*"], "places": ["lab"], "hosts": ["*"], "enabled": True}
        self._objects()[ref] = {"fields": fields, "members": {}, "ours": False}
        order = self.device.candidate["rules"]["access"]
        order.insert(order.index(Ref("rule", "block-ai")) + (not above), ref)
        self.force()
        return "quarantine"

    def lift(self):
        order = self.device.candidate["rules"]["access"]
        order.remove(OPEN)
        order.insert(0, OPEN)
        self.force()
        return True

    def left_open(self):
        return ["the lock of %s" % self.device.lock] * bool(self.device.lock)

    # For the tests of an option that needs a site with such a control.

    def with_tenant_control(self, policy):
        adapter = self.adapter()
        adapter.tenant = [TenantControl("workspace-header", tuple(p for p in policy.exempt if str(p) == ".chatgpt.com"))]
        return adapter
