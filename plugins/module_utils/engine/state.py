# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device holds: pure data, no IO, no vendor.

The name is the identity. Whatever else a product needs to address an object (ids, uuids, revisions) is in ``Object.native``: used for
sending, never compared, never journalled.
"""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Iterable


@dataclass(frozen=True, order=True)
class Ref:
    """Names one object on a device. ``kind`` is the adapter's word (list, rule, ...), ``name`` the native name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return "%s %s" % (self.kind, self.name)


@dataclass(frozen=True)
class Object:
    """One native object.

    ``fields``: path to plain JSON value. ``members``: path to a frozenset of strings, without an order.
    ``ours``: it carries our marker. ``borrowed``: fields of another administrator's object that we changed, with the value to
    restore. ``native``: what the adapter needs for sending.
    """

    ref: Ref
    fields: dict = field(default_factory=dict)
    members: dict = field(default_factory=dict)
    ours: bool = False
    borrowed: dict = field(default_factory=dict, compare=False)
    native: dict = field(default_factory=dict, compare=False)


class Objects(dict):
    """Objects by Ref, as they are read from a device. ``doubled`` are the Refs that occur more than once: such a name is ambiguous."""

    def __init__(self):
        super().__init__()
        self.doubled: set = set()

    def add(self, obj: Object) -> Ref:
        """Add an Object and return its Ref; a Ref that already exists counts as doubled."""
        if obj.ref in self:
            self.doubled.add(obj.ref)
        self[obj.ref] = obj
        return obj.ref


@dataclass(frozen=True)
class State:
    """What a device holds: ``objects`` by Ref, and for each rulebase the order of its rules, first match first.

    ``pending``: whose edits are written and not in force yet: None, "ours", "foreign" or "both". ``unsealed``: edits of ours that
    only this run's session sees, until ``Adapter.seal``. ``release``: the product and its release in words, if the device reports it.
    ``diagnosis``: what else the read found out, as plain data for the result. ``unread``: {kind: why}, kinds of objects that could not be read: that none
    is in ``objects`` does not mean that the device has none, so a change of one is not rolled back.
    """

    objects: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)
    pending: str | None = None
    unsealed: bool = False
    release: str = field(default="", compare=False)
    diagnosis: dict = field(default_factory=dict, compare=False)
    unread: dict = field(default_factory=dict, compare=False)

    def digest(self, refs: Iterable[Ref] | None = None) -> str:
        """SHA-256 (hex) of the policy-bearing state of ``refs`` (default: all objects), without ids and revisions."""
        chosen = self.objects if refs is None else {r: self.objects[r] for r in refs if r in self.objects}
        body = {
            "objects": [
                [ref.kind, ref.name, obj.fields, {p: sorted(m) for p, m in sorted(obj.members.items())}]
                for ref, obj in sorted(chosen.items())
            ],
            "rules": {base: [[r.kind, r.name] for r in order if r in chosen] for base, order in sorted(self.rules.items())},
        }
        return canonical_digest(body)


def canonical_digest(body: object) -> str:
    """SHA-256 (hex) of plain JSON data, independent of the order of keys."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
