# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access: FILL IN what is written where, and when a write is in force. Two or three sentences."""
from __future__ import annotations

from typing import Iterable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm import model
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.judge import Assessor, Places
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import ACCESS, INSPECTION, LIST, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options


class ScmAdapter(Adapter):
    """One device or tenant."""

    # FILL IN each fact that is otherwise than its default in Traits, and where you know it from. The defaults say that
    # nothing keeps a second run away, that no limit is known, that the device names whose edits wait, and that an
    # activation is in force everywhere at once.
    traits = Traits(product="scm", kinds=model.KINDS)

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport

    @property
    def device(self) -> str:
        raise NotImplementedError(
            "FILL IN: what tells this device or tenant from all others, the same from run to run; self._api.host where "
            "each has an address of its own")

    def read(self) -> State:
        return model.state_of(self._api.tables())

    def blank(self) -> State:
        raise NotImplementedError(
            "FILL IN: State() when target() needs nothing that a site has, else the site as the vendor delivers it")

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, policy, state).assess()

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        places = Places(self._settings, policy, state)
        parts = [(kind, patterns) for kind, patterns in ((INSPECTION, policy.exempt), (ACCESS, policy.allow)) if patterns]
        return [self._list(kind, patterns) for kind, patterns in parts] + [places.rule(kind, patterns) for kind, patterns in parts]

    def _list(self, kind: str, patterns: Iterable[Pattern]) -> Wanted:
        # FILL IN the names as in policy_of.
        entries = frozenset(entry for pattern in patterns for entry in model.render(pattern))
        return Wanted(Object(Ref(LIST, self._settings.name(kind)), {"description": MARK}, {"entries": entries}))

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        raise NotImplementedError(
            "FILL IN: yield a Step for each request, in the order of changes. Its request is plain data with method, "
            "path and body, and holds no secret")

    def send(self, request: dict) -> object:
        return self._api.write(request["method"], request["path"], request["body"])

    def activate(self) -> list[dict]:
        return self._api.activate()

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return model.render(pattern)


def from_module(module: AnsibleModule) -> ScmAdapter:
    """The adapter for a task. :raises AccessError: refused, for options that contradict each other."""
    p = module.params
    settings = filled(Settings, p, p["audience"])
    if settings.groups and settings.everyone:
        raise AccessError(REFUSED, "audience: set groups, or everyone: true, not both")
    if p["state"] in ("merged", "replaced", "rendered") and not settings.groups and not settings.everyone:
        raise AccessError(REFUSED, "audience: set groups, or everyone: true")
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return ScmAdapter(settings, Api(transport, p["token"]), transport)
