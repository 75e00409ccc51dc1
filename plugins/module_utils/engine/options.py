# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's options, the same for every product."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """The options that every access module has; names as in its documentation. ``secrets``: {option: value} of those that must not be written.

    ``audience``: who gets access, as the product's option of that name; the adapter interprets its parts.
    """

    state: str = "merged"
    audience: dict | None = None
    unblock: tuple = ()
    protected: tuple = ()
    tenant_control: str = "refuse"
    refuse_losses: tuple = ()
    accept_wider_audience: bool = False
    adopt: bool = False
    activate: bool = True
    publish_foreign_changes: bool = False
    expected_plan: str | None = None
    plan_context: dict | None = None
    comment: str | None = None
    journal: str = "~/.netaccess/journals"
    series: str | None = None
    stage: str | None = None
    baseline: dict | None = None
    secrets: dict = field(default_factory=dict)

    def bound(self) -> dict:
        """The options that decide what a run does, or whether it may: a plan was reviewed with them."""
        names = ("state", "unblock", "protected", "tenant_control", "refuse_losses", "accept_wider_audience", "adopt", "activate", "publish_foreign_changes")
        found = {name: sorted(value) if isinstance(value := getattr(self, name), tuple) else value for name in names}
        return dict(found, audience=self.people())

    def people(self, behind: dict | None = None) -> dict | None:
        """Who gets access, for results: ``{"everyone", "parts": {part: [names]}, "behind"}`` with the parts that are not empty; None if the task names
        nobody.

        ``behind``: as ``Adapter.people`` returns it.
        """
        if self.audience is None:
            return None
        parts = {part: sorted(names) for part, names in sorted(self.audience.items()) if isinstance(names, (list, tuple)) and names}
        return {"everyone": bool(self.audience.get("everyone")), "parts": parts, "behind": behind or {}}
