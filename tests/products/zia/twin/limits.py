# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits by weight of the verb. Numbers: help page "Understanding Rate Limiting" and recorded answers."""
from __future__ import annotations

import math

from tests.products.server import Reply

UNITS = {1: "SECOND", 60: "MINUTE", 3600: "HOUR"}
#: weight: ((how many, in how many seconds), ...)
WEIGHTS = {"light": ((2, 1), (1000, 3600)), "medium": ((1, 1), (400, 3600)), "heavy": ((1, 60), (4, 3600)), "activation": ((10, 60), (40, 3600))}
#: Seen in recorded answers, on top of the weights.
ENDPOINTS = {"GET security/advanced": ((1, 1),), "GET adminRoles/lite": ((2, 1),), "GET cloudApplications/policy": ((2, 1),), "GET users": ((1, 1),)}


class Limits:
    """``on``: whether they hold. ``per``: "weight" (all paths of a verb share; guess) or "endpoint". ``form``: of the Retry-After header,
    "integer", "seconds" ("1 seconds"), "zero" ("0 seconds") or "none". Refused requests do not count. guess."""

    def __init__(self, on: bool = True, per: str = "weight", form: str = "integer"):
        self.on, self.per, self.form = on, per, form
        self.weights, self.endpoints = dict(WEIGHTS), dict(ENDPOINTS)
        self.seen: dict = {}

    def check(self, method: str, path: str, now: float) -> Reply | None:
        """The refusal, or None after counting the request."""
        if not self.on or path == "authenticatedSession":
            return None
        weight = {"GET": "light", "DELETE": "heavy"}.get(method, "medium")
        if path == "status/activate":
            weight = "activation"
        here = "%s %s" % (method, path)
        bucket = weight if self.per == "weight" else "%s %s" % (weight, path)
        due = [(bucket, rule) for rule in self.weights[weight]] + [("= " + here, rule) for rule in self.endpoints.get(here, ())]
        for name, (count, seconds) in due:
            recent = [at for at in self.seen.get(name, ()) if at > now - seconds]
            if len(recent) >= count:
                return self._refusal(count, seconds, recent[-count] + seconds - now)
        for name in {name for name, _rule in due}:
            self.seen[name] = [at for at in self.seen.get(name, ()) if at > now - 3600] + [now]
        return None

    def _refusal(self, count: int, seconds: int, wait: float) -> Reply:
        rest = max(math.ceil(wait), 1)
        told = {"integer": "%d" % rest, "seconds": "%d seconds" % rest, "zero": "0 seconds"}.get(self.form)
        body = {"message": "Rate Limit (%d/%s) exceeded" % (count, UNITS[seconds]), "Retry-After": "0 seconds" if self.form == "zero" else "%d seconds" % rest}
        return Reply.of_json(body, 429, **({"Retry-After": told} if told else {}))
