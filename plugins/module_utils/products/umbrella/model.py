# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organisation in Umbrella holds: destination lists and their entries. No IO.

A list has a name and nothing else that could carry a marker, so ours have it in the name; an administrator who renames one keeps what is behind it.
An entry cannot be disabled. One of the site that has to go is parked: kept in its list under a name that never resolves (RFC 6761, section 6.4).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import Decryption
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.entries import entry_name, normal, unpark
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import Rules

MARK = " by netaccess.chatgpt"
DNS, WEB, RULES = "dns", "web", "rules"
DNS_LIST, WEB_LIST, BLOCKED = "DNS destination list", "web destination list", "blocked destination"
#: Values of the option exempt_by: an administrator edits what is not decrypted, or we do in the do not decrypt lists of security profiles, where there is
#: an API for it (AUTO) or in any case (PROFILE).
MANUAL, PROFILE, AUTO = "manual", "profile", "auto"
KINDS = {DNS: DNS_LIST, WEB: WEB_LIST}
#: bundleTypeId of a list, by layer (vendor's OpenAPI document).
BUNDLES = {DNS: 1, WEB: 2}
COMMENT_LENGTH = 256


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``names``: layer to the list's name without our marker;
    ``audience``: layer to names of policies."""

    names: dict[str, str]
    layers: tuple[str, ...] = (DNS, WEB)
    audience: tuple[tuple[str, tuple[str, ...]], ...] = ()
    everyone: bool = False
    secure: bool = False
    organization_id: str | None = None
    protected: tuple[str, ...] = ()
    parking_domain: str = "netaccess.invalid"
    scan_conflicts: bool = True
    removing: bool = False
    #: Look for all that was changed, wherever it is.
    whole: bool = False
    comment: str | None = None
    exempt_by: str = AUTO

    @property
    def spares(self) -> bool:
        """Whether our entries go into do not decrypt lists."""
        return self.secure and self.exempt_by != MANUAL

    @property
    def decryption(self) -> bool:
        """Whether a run looks at what is decrypted. To write there it has to know who else is reached, whatever else is not scanned."""
        return self.spares or (self.secure and self.scan_conflicts)

    def policies(self, layer: str) -> tuple[str, ...]:
        """Names of the audience's policies in a layer."""
        return dict(self.audience).get(layer, ())

    def signed(self, author: str, length: int) -> str:
        """The comment of an entry of ours."""
        return " ".join(part for part in (author, self.comment) if part)[:length]

    def full_name(self, layer: str) -> str:
        """The name of our list in a layer, with our marker."""
        return self.names[layer] + MARK


class Site:
    """The tables as read. ``items``: id of a list to its rows; ``policies``: layer to names of what it has."""

    def __init__(self, names: dict[str, str], parking: str):
        #: {Ref of a list of this task: the name without marker} and how it is addressed.
        self.names, self._parking = {Ref(KINDS[layer], name): layer for layer, name in names.items()}, parking
        self.lists: list = []
        self.items: dict = {}
        self.policies: dict = {}
        #: Of Secure Access, when they could be read.
        self.rules: Rules | None = None
        self.decryption: Decryption | None = None
        self.scanned: set = set()
        #: What the key may not read, for people.
        self.unread: list = []

    def ref_of(self, row: dict) -> Ref | None:
        """Which list of this task a row is."""
        if row.get("markedForDeletion"):
            return None
        for ref, layer in self.names.items():
            if layer_of(row) == layer and (row["name"] == ref.name or row["name"].startswith(ref.name + MARK)):
                return ref
        return None

    def row(self, ref: Ref) -> dict | None:
        """The list of this task that a Ref names, or None."""
        return next((row for row in self.lists if self.ref_of(row) == ref), None)

    def learn(self, row: dict) -> None:
        """Take in a list that was made."""
        self.lists.append(row)
        self.items.setdefault(row["id"], [])

    def objects(self, add: Callable[[Object], object]) -> None:
        """Hand each Object to ``add``. A list of ours without entries does nothing and counts as absent; the next run uses it again."""
        refs = [self.ref_of(row) for row in self.lists]
        for row, ref in zip(self.lists, refs):
            if ref is not None:
                members = frozenset(entry_name(item) for item in self.items.get(row["id"], ()))
                ours = MARK in row["name"]
                if members or not ours or refs.count(ref) > 1:
                    add(Object(ref, {"name": row["name"]}, {"destinations": members}, ours=ours, native=row))
            elif row["id"] in self.scanned:
                self._blocked(row, add)
        if self.decryption is not None:
            self.decryption.objects(add)

    def _blocked(self, row: dict, add) -> None:
        """The entries of a list that may block: each is there, parked, or both after a run that was stopped between the two."""
        there, parked = {}, {}
        for item in self.items.get(row["id"], ()):
            was = unpark(item["destination"], self._parking)
            (there if was is None else parked)[normal(item["destination"] if was is None else was)] = item
        for name in sorted(set(there) | set(parked)):
            fields = {"blocks": name in there, "parked": name in parked}
            borrowed = {"blocks": True, "parked": False} if name in parked else {}
            add(Object(Ref(BLOCKED, "%s: %s" % (row["name"], name)), fields, {}, ours=False, borrowed=borrowed,
                       native={"list": row, "destination": name, "there": there.get(name), "parked": parked.get(name)}))


class Ours:
    """The lists of a task in a State, read or predicted, as the dashboard shows them."""

    def __init__(self, settings: Settings, site: Site, state: State):
        self._settings, self._state = settings, state
        row = site.row(self.ref(WEB)) if WEB in settings.names else None
        #: The id of the web list; None before it was made.
        self.number: int | None = row["id"] if row else None

    def ref(self, layer: str) -> Ref:
        """How the list of a layer is addressed."""
        return Ref(KINDS[layer], self._settings.names[layer])

    def destinations(self, layer: str) -> frozenset:
        """What it holds."""
        obj = self._state.objects.get(self.ref(layer))
        return obj.members["destinations"] if obj else frozenset()

    def shown(self, layer: str) -> str:
        """What it is called."""
        obj = self._state.objects.get(self.ref(layer))
        return obj.fields["name"] if obj else self._settings.full_name(layer)

    def everywhere(self, layer: str) -> bool:
        """Whether it is the organisation's global one, which every DNS policy uses by itself."""
        obj = self._state.objects.get(self.ref(layer))
        return layer == DNS and obj is not None and bool(obj.native.get("isGlobal"))


def layer_of(row: dict) -> str | None:
    """The layer of a destination list; None for a kind that is neither of DNS nor of web."""
    return {number: layer for layer, number in BUNDLES.items()}.get(row.get("bundleTypeId") or BUNDLES[DNS])


def managed_elsewhere(row: dict) -> bool:
    """Whether a list is kept by the provider, by an integration, or about to be deleted: its entries cannot be changed here."""
    return bool(row.get("isMspDefault") or row.get("thirdpartyCategoryId") or row.get("markedForDeletion"))
