# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in memory: candidate and running policy, two first-match rulebases. It proves the suite and the engine; it is no product."""
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
    """``candidate`` and ``running`` are {"objects": {Ref: dict}, "rules": {base: [Ref]}}; ``editor`` made the waiting edits."""

    def __init__(self):
        site = {
            Ref("rule", "block-ai"): {"action": "deny", "who": ["*"], "hosts": ["*.chatgpt.com", "chatgpt.com", "*.openai.com", "claude.ai"], "enabled": True},
            Ref("rule", "permit-all"): {"action": "allow", "who": ["*"], "hosts": ["*"], "enabled": True},
            Ref("rule", "decrypt-all"): {"action": "decrypt", "who": ["*"], "hosts": ["*"], "enabled": True},
        }
        self.candidate = {"objects": {ref: {"fields": fields, "members": {}, "ours": False} for ref, fields in site.items()},
                          "rules": {"access": [Ref("rule", "block-ai"), Ref("rule", "permit-all")], "inspection": [Ref("rule", "decrypt-all")]}}
        self.running = copy.deepcopy(self.candidate)
        self.editor = None

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
            if rule["enabled"] and rule["action"] != "log" and ("*" in rule["who"] or who in rule["who"]) and self._hit(rule, host):
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
        self.losses, self.tenant = [], []

    def read(self) -> State:
        candidate = self._device.candidate
        objects = {}
        for ref, data in candidate["objects"].items():
            borrowed = {"enabled": True} if not data["ours"] and data.get("disabled_by_us") else {}
            objects[ref] = Object(ref, dict(data["fields"]), {p: frozenset(m) for p, m in data["members"].items()}, data["ours"], borrowed)
        pending = {None: None, "us": OURS, "them": FOREIGN}[self._device.editor]
        return State(objects, {base: tuple(refs) for base, refs in candidate["rules"].items()}, pending)

    def blank(self) -> State:
        return State()

    def target(self, policy, state: State) -> list:
        who = {"who": self._audience, "enabled": True}
        denies = frozenset(r for r, o in state.objects.items() if not o.ours and o.fields.get("action") == "deny" and not o.fields.get("top"))
        decrypts = frozenset(r for r, o in state.objects.items() if not o.ours and o.fields.get("action") == "decrypt")
        tops = frozenset(r for r, o in state.objects.items() if not o.ours and o.fields.get("top"))
        return [
            Wanted(Object(ALLOW, {}, {"hosts": frozenset(str(p) for p in policy.allow)})),
            Wanted(Object(EXEMPT, {}, {"hosts": frozenset(str(p) for p in policy.exempt)})),
            Wanted(Object(SKIP, dict(who, action="skip", list=EXEMPT.name)), "inspection", above=decrypts),
            Wanted(Object(LOG, dict(who, action="log", list=ALLOW.name)), "access", above=denies | {OPEN}, below=tops),
            Wanted(Object(OPEN, dict(who, action="allow", list=ALLOW.name)), "access", above=denies, below=tops | {LOG}),
        ]

    def assess(self, policy, state: State) -> Assessment:
        found = Assessment(losses=list(self.losses), tenant_controls=list(self.tenant))
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

    def send(self, request: dict):
        change = Change.from_data(request)
        candidate, ref = self._device.candidate, change.ref
        self._device.editor = "us"
        if change.op == DELETE:
            if ref.kind == "list" and any(o["fields"].get("list") == ref.name for o in candidate["objects"].values()):
                raise AccessError(CONFLICT, "%s is in use" % ref)
            del candidate["objects"][ref]
        else:
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


class MemoryRig(Rig):
    name = "memory"

    def __init__(self, folder):
        super().__init__(folder)
        self.device = Device()

    def adapter(self, audience=(MEMBER,)):
        return MemoryAdapter(self.device, audience)

    def is_write(self, request):
        return True

    def decide(self, who, host):
        return self.device.decide(who, host)

    def force(self):
        self.device.activate()

    def snapshot(self):
        view = copy.deepcopy(self.device.candidate)
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

    # For the tests of options that need a site with such controls.

    def with_loss(self):
        adapter = self.adapter()
        adapter.losses = [Loss("av", "scan-all", (".chatgpt.com",))]
        return adapter

    def with_tenant_control(self, policy):
        adapter = self.adapter()
        adapter.tenant = [TenantControl("workspace-header", tuple(p for p in policy.exempt if str(p) == ".chatgpt.com"))]
        return adapter
