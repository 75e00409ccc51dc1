# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Secure Access tells of decryption: security profiles, do not decrypt lists, settings of the organisation. No IO.

A rule names its security profile, or follows the organisation's default; a profile names its do not decrypt list; the domains of that are in a destination
list of their own (the vendor's SDK, PyPI secureaccess 2.0.202605140830). Whether a profile decrypts at all is in no field that is known. Profiles, rules and
settings are never written. Entries of ours are known by their comment, and each list that holds some is one Object: what others have in it stays theirs.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Callable, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Index, Pattern, collapse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.entries import Entries, entry_name, whole
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, SURE, Hits

AUTHOR = "netaccess.chatgpt"
EXEMPT = "entries of do not decrypt list"
#: Settings of a rule, which the organisation has defaults for, and the switch of IPS, which decrypts by itself.
WEB_PROFILE, TENANTS, IPS = "umbrella.posture.webProfileId", "sse.tenantControlProfileId", "sse.globalIPSEnabled"
#: How a profile names its do not decrypt list.
LIST = "settingGroupBypassInspectionGroupId"
#: What is known, and limits none of what is said here: settings of a rule, columns of profiles and do not decrypt lists.
RULE_SETTINGS = Schema({}, frozenset({
    WEB_PROFILE, TENANTS, "umbrella.posture.ipsProfileId", "umbrella.posture.profileIdClientbased", "umbrella.posture.profileIdClientless",
    "umbrella.posture.privateSecurityProfileId", "umbrella.logLevel", "umbrella.default.traffic", "umbrella.AllowPasswordProtectedFiles"}))
PROFILE = Schema({}, frozenset({
    LIST, "id", "name", "organizationId", "bundleTypeId", "isDefault", "isSwgDefault", "isFwaasDefault", "priority", "reporting", "restriction",
    "aupSettingGroupId", "applicationAupSettingGroupId", "fileInspectionSettingGroupId", "landerSettingGroupId", "policySettingGroupId",
    "securitySettingGroupId", "createdAt", "modifiedAt", "frontendModifiedAt"}))
SPARED_LIST = Schema({}, frozenset({
    "id", "name", "isDefault", "organizationId", "bundleTypeId", "exceptiondomainlistId", "exceptionapplicationlistId", "decryptExceptionCategories",
    "totalDomains", "totalIps", "totalApplications", "createdAt", "modifiedAt"}))


@dataclass(frozen=True)
class Place:
    """Where the exemption for what passes by a rule stands: a do not decrypt list, or ``why`` there is ``none`` or none that is known."""

    profile: dict | None = None
    row: dict | None = None
    why: str = ""
    none: bool = False

    def __str__(self) -> str:
        return "the do not decrypt list %s of the security profile %s" % (self.row["name"], self.profile["name"]) if self.row else self.why


class Decryption:
    """The tables as read, by id and by name of a setting; None, for one that could not be read. ``name``: of this task's list, for the comment of entries."""

    def __init__(self, name: str):
        # A comment takes 255 characters, and what tells ours has to be in it whole.
        self.mark = "%s (%s)" % (AUTHOR, name[:100])
        self.profiles: dict | None = None
        self.lists: dict | None = None
        self.settings: dict | None = None
        #: Id of a do not decrypt list to its entries; a list that could not be read is not in it.
        self.items: dict = {}
        #: What could not be read, for people: {name of the table here: why}.
        self.unread: dict = {}
        #: (list, entry) that this run wrote: ours even where the service does not keep comments.
        self.written: set = set()

    # -- from a rule to its list

    def place(self, rule: dict) -> Place:
        """Where the exemption of a rule stands, as far as it is known."""
        name, told = rule["ruleName"], rule.get("ruleSettings")
        if not isinstance(told, list):
            return Place(why="the access rule %s was not read completely" % name)
        odd = _odd(RULE_SETTINGS, {str(one.get("settingName")): one.get("settingValue") for one in told})
        if odd:
            return Place(why="the access rule %s has settings that are not understood: %s" % (name, odd))
        values = [one.get("settingValue") for one in told if one.get("settingName") == WEB_PROFILE]
        if not values and self.settings is None:
            return Place(why=self.unread["settings"])
        if self.profiles is None:
            return Place(why=self.unread["profiles"])
        profile = self.default() if not values else self.profiles.get(str(values[0])) if len(values) == 1 else None
        if profile is None:
            return Place(why="the security profile of the access rule %s was not read" % name)
        odd = _odd(PROFILE, profile)
        if odd:
            return Place(profile, why="the security profile %s has columns that are not understood: %s" % (profile["name"], odd))
        number = profile.get(LIST, "")
        if number is None:
            return Place(profile, why="the security profile %s has no do not decrypt list" % profile["name"], none=True)
        if self.lists is None:
            return Place(profile, why=self.unread["lists"])
        row = self.lists.get(number)
        return Place(profile, row, "" if row else "the do not decrypt list of the security profile %s was not read" % profile["name"])

    def default(self) -> dict | None:
        """The profile that rules without one follow; None where it is not known."""
        return (self.profiles or {}).get(str((self.settings or {}).get(WEB_PROFILE)))

    def users(self, number: int, rules: Iterable[dict]) -> list[tuple]:
        """(rule, whether that is certain) of those of the rules whose profile has a list, or may."""
        found = [(rule, self.place(rule)) for rule in rules]
        return [(rule, place.row is not None) for rule, place in found if not place.none and (place.row is None or place.row["id"] == number)]

    # -- beside the rules

    def ips_off(self) -> bool:
        """Whether IPS is known to be disabled."""
        return self.settings is not None and self.settings.get(IPS) is False

    def system(self) -> dict | None:
        """The list that the vendor provides, the only one that IPS uses; None where it is not known."""
        found = [row for row in (self.lists or {}).values() if row.get("isDefault") is True]
        return found[0] if len(found) == 1 else None

    def behind(self) -> frozenset:
        """Ids of the destination lists that hold the entries of do not decrypt lists, and so block nothing."""
        return frozenset(row.get("exceptiondomainlistId") for row in (self.lists or {}).values())

    # -- what is ours

    def _ours(self, number: int) -> frozenset:
        return frozenset(entry_name(item) for item in self.items[number] if (item["comment"].startswith(self.mark) if item.get("comment") else
                                                                             (number, entry_name(item)) in self.written))

    def theirs(self, number: int) -> frozenset:
        """The entries of others in a do not decrypt list."""
        return frozenset(map(entry_name, self.items[number])) - self._ours(number)

    def objects(self, add: Callable[[Object], object]) -> None:
        """Hand each list that holds entries of ours to ``add``. It is identified by its id, which does not change when the list is renamed."""
        for number in self.items:
            members = self._ours(number)
            if members:
                add(Object(ref_of(self.lists[number]), {}, {"destinations": members}, ours=True, native=self.lists[number]))

    def wanted(self, rules: Iterable[dict], exempt: Iterable[Pattern], protected: Iterable[str]) -> dict:
        """{id of a do not decrypt list: entries of ours that it has to hold} for what passes by ``rules``. What others have in it is not repeated."""
        entries = [pattern.name for pattern in collapse(Pattern(pattern.name, DOMAIN) for pattern in exempt)]
        found = {}
        for row in [self.place(rule).row for rule in rules]:
            if row is not None and row["id"] in self.items and row["name"] not in protected:
                ours = self._ours(row["id"])
                theirs = Index(whole(self.theirs(row["id"])))
                kept = frozenset(name for name in entries if name in ours or theirs.covering(Pattern(name, DOMAIN)) is None)
                found.update({row["id"]: kept} if kept else {})
        return found


class Sparing:
    """What do not decrypt lists leave undecrypted in a State, read or predicted: certainly, or for all that is known."""

    def __init__(self, tables: Decryption, state: State):
        self._tables, self._state = tables, state
        #: By the id of a list: it is gone through once, however many rules come to it.
        self._entries: dict = {}

    def by(self, place: Place, wanted: AbstractSet[Pattern]) -> Hits:
        """Which of the wanted patterns a rule with this place leaves alone."""
        return Hits() if place.none else self.held(place.row, wanted)

    def held(self, row: dict | None, wanted: AbstractSet[Pattern]) -> Hits:
        """The same of a list. Its categories and applications spare names that the API does not show, and a column that is not known may limit it."""
        if row is None or row["id"] not in self._tables.items:
            return Hits(may=frozenset(wanted))
        number = row["id"]
        if number not in self._entries:
            obj = self._state.objects.get(ref_of(row))
            self._entries[number] = Entries(self._tables.theirs(number) | (obj.members["destinations"] if obj else frozenset()))
        found = self._entries[number].hits(wanted)
        more = row.get("decryptExceptionCategories", True) or row.get("exceptionapplicationlistId", True)
        found = Hits(found.sure, frozenset(wanted) - found.sure) if more else found
        return found.capped(MAY if _odd(SPARED_LIST, row) else SURE)


def _odd(schema: Schema, native: Mapping) -> str:
    """What is unknown in a row, in words; empty for nothing."""
    return ", ".join(Columns(schema, native).unread())


def ref_of(row: dict) -> Ref:
    """The Ref of our entries in a do not decrypt list."""
    return Ref(EXEMPT, str(row["id"]))
