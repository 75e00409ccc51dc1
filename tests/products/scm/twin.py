# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access in memory: lists, two rulebases of which the first match decides, a candidate and a running configuration.

FILL IN: this device is made up. Make it the vendor's and name the documents here; what no source confirms keeps
``# guess``. What is not modelled is refused with NotImplementedError, never dropped.
"""
from __future__ import annotations

from tests.products.server import Reply, Request, Twin, copied

#: Who is in which groups.
GROUPS = {"member": {"AI users", "Contractors"}, "stranger": {"Finance"}}
ACCESS, INSPECTION = "access", "inspection"
ALLOW, DENY, DECRYPT, SKIP = "allow", "deny", "decrypt", "skip"
_AI = ("chatgpt.com", "*.chatgpt.com", "*.openai.com", "*.oaistatic.com", "claude.ai")


class Scm(Twin):
    """``token``: of an administrator who may write. ``editor``: whose edits wait for activation.

    ``sessions``: those that are open; ``locked_by``: the one that keeps others from writing. ``answer`` opens and ends them.
    ``candidate`` and ``running``: {"lists": {name: {"entries", "comment"}}, "rules": {rulebase: [rule]}}; for a rule see ``rule``.
    """

    def __init__(self, tls: bool = False, port: int = 0):
        super().__init__(tls, port)
        self.token, self.editor = "Scm-Secret-5", None
        self.sessions, self.locked_by = [], None
        access = [rule("block AI", DENY, hosts=_AI), rule("permit all", ALLOW)]
        inspection = [rule("decrypt all", DECRYPT)]
        self.candidate: dict = {"lists": {}, "rules": {ACCESS: access, INSPECTION: inspection}}
        self.running = copied(self.candidate)

    # -- the API

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError(
            "FILL IN: answer as the vendor's API does, sign-in, pages and refusals included; a write makes candidate and "
            "editor other ones. This request is not modelled: %s %s" % (request.method, request.path))

    def save(self) -> object:
        return copied((self.candidate, self.running, self.editor, self.sessions, self.locked_by))

    def restore(self, kept) -> None:
        self.candidate, self.running, self.editor, self.sessions, self.locked_by = kept

    def snapshot(self) -> object:
        return copied(self.candidate)

    # -- an administrator at the console

    def rule(self, name: str, rulebase: str = ACCESS) -> dict:
        """:raises StopIteration: there is none."""
        return next(one for one in self.candidate["rules"][rulebase] if one["name"] == name)

    def activate(self) -> None:
        self.running, self.editor = copied(self.candidate), None

    # -- what the device decides

    def decide(self, who: str, host: str, port: int = 443) -> tuple:
        if self._first(ACCESS, who, host) != ALLOW:
            return "block", "decrypt"
        return "allow", "tunnel" if self._first(INSPECTION, who, host) == SKIP else "decrypt"

    def _first(self, rulebase: str, who: str, host: str) -> str:
        for one in self.running["rules"][rulebase]:
            for_whom = not one["groups"] or GROUPS[who] & set(one["groups"])
            if one["enabled"] and for_whom and any(matches(text, host) for text in self._hosts(one)):
                return one["action"]
        return DENY

    def _hosts(self, one: dict) -> list:
        return one["hosts"] if one["list"] is None else self.running["lists"][one["list"]]["entries"]


def rule(name: str, action: str, groups=(), hosts=("*",), listed: str | None = None, comment: str = "") -> dict:
    """For ``groups`` (none of them: everybody) and ``hosts``, or those of the list ``listed``. ``profiles`` look inside."""
    return {"name": name, "action": action, "groups": list(groups), "hosts": None if listed else list(hosts),
            "list": listed, "profiles": [], "enabled": True, "comment": comment}


def matches(text: str, host: str) -> bool:
    """``*``, a name, or ``*.`` and a name for everything below it."""  # guess
    return text in ("*", host) or (text.startswith("*.") and host.endswith(text[1:]))
