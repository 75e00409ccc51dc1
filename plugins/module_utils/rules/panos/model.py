# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site with the rules of PAN-OS is made of, on a firewall or in the cloud: settings, what names mean and where, rules in their places. No IO.

The columns of rules and objects are flat paths under the names of ``columns``, with "yes" and "no" for what is true or not; a product translates its own.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns as schemas

CATEGORY, SERVICE, EXCLUSION, PROFILE = "url category", "service", "decryption exclusion", "url filtering profile"
DECRYPTION, SECURITY, LINK = "decryption rule", "security rule", "url profile entry"


@dataclass(frozen=True)
class Audience:
    """The columns of a rule that say for which users: zones, addresses, users. An empty tuple stands for any."""

    from_zones: tuple[str, ...] = ()
    to_zones: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the task says, whatever the product; names as in the modules' options. A product adds its own."""

    audience: Audience = field(default_factory=Audience)
    rules: tuple[str, ...] = ()
    prefix: str = "chatgpt"
    application: tuple[str, ...] = ("any",)
    profile_group: str | None = None
    log_setting: str | None = None
    decryption_profile: str | None = None
    tags: tuple[str, ...] = ()
    exclusion_depth: int = 0
    category_name: str | None = None
    exempt_category_name: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    never_above: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    tenant_control: str = "refuse"
    comment: str | None = None

    @property
    def scope(self) -> str:
        """The part of the configuration that rules are written to, as messages name it."""
        raise NotImplementedError

    @property
    def allow(self) -> Ref:
        """The URL category of the allowed hosts."""
        return Ref(CATEGORY, self.category_name or self.prefix + "-allow")

    @property
    def exempt(self) -> Ref:
        """The URL category of the hosts that stay encrypted."""
        return Ref(CATEGORY, self.exempt_category_name or self.prefix + "-exempt")

    @property
    def open_rule(self) -> Ref:
        """Our security rule."""
        return Ref(SECURITY, self.prefix + "-allow")


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule in its place. ``native`` are its columns as flat paths, its profile group resolved. ``ref`` is None for one that we only read (of a parent, of
    shared, of another rulebase), and ``where`` says of whom.

    ``profile``: not the rule itself, but what its URL filtering profile blocks, which is evaluated first. ``unseen``: stands for rules that cannot be read.
    """

    name: str
    native: Mapping
    ref: Ref | None = None
    where: str = ""
    profile: bool = False
    unseen: bool = False

    def values(self, column: str) -> list[str]:
        """The names in a column; ``any`` where it has none."""
        return self.native.get(column) or ["any"]

    @property
    def enabled(self) -> bool:
        return self.native.get("disabled") != "yes"

    @property
    def allows(self) -> bool:
        """Whether it is a security rule that allows its people. Without an action it allows."""
        return self.native.get("action", "allow") == "allow"

    @property
    def profiles(self) -> dict[str, str]:
        """{profile kind: name} of its security profiles."""
        start = "profile-setting/profiles/"
        return {path[len(start):]: value[0] for path, value in self.native.items() if path.startswith(start) and isinstance(value, list)}

    @property
    def filters(self) -> bool:
        """Whether it has a URL filtering profile, or other profiles of which it is unknown what they block."""
        return "url-filtering" in self.profiles or bool(self.native.get("profile-setting/group"))


class Context:
    """What names in rules mean, and which rules are evaluated before and after those of the scope; each product reads that out of its configuration.

    ``serials``: the firewalls that the rules are for; None if unknown. ``resolved``: what names of addresses stand for, as far as they were resolved.
    """

    #: Rulebase: the columns of its rules.
    schemas: Mapping[str, Schema] = {"security": schemas.SECURITY, "decryption": schemas.DECRYPTION, "authentication": schemas.AUTHENTICATION}
    serials: frozenset | None = None
    resolved: dict

    def find(self, path: str, name: str) -> dict | None:
        """The columns of the nearest object of that name, or None. ``path``: its place in a PAN-OS configuration, such as ``profiles/url-filtering``."""
        raise NotImplementedError

    def names(self, path: str) -> list[str]:
        """Names of all objects at ``path``, the nearest first."""
        raise NotImplementedError

    def categories(self) -> dict:
        """{name: columns} of the custom URL categories outside of the scope."""
        raise NotImplementedError

    def headers(self, profile: str, kind: str) -> list[tuple]:
        """(name, headers, domains) of each entry by which a security profile of that kind inserts headers; no domains stand for all."""
        raise NotImplementedError

    def own_profiles(self) -> list[str]:
        """Names of the URL filtering profiles of the scope itself."""
        raise NotImplementedError

    def local(self, state: State, base: str) -> list[Rule]:
        """The rules of the scope as ``state`` has them."""
        raise NotImplementedError

    def above(self, base: str) -> list[Rule]:
        """The rules that are evaluated before those of the scope."""
        raise NotImplementedError

    def below(self, base: str) -> list[Rule]:
        """The rules that are evaluated after those of the scope."""
        raise NotImplementedError

    def after(self, base: str) -> list[Rule]:
        """The rules below those of the scope that can be read and are somebody's own."""
        raise NotImplementedError

    def others(self, base: str) -> list[Rule]:
        """The rules of a rulebase in which we never have any."""
        raise NotImplementedError

    def besides(self) -> list[Rule]:
        """Stands for rules of other rulebases that may take a connection away and that nobody here judges."""
        return []

    def with_profiles(self, native: dict) -> dict:
        """The columns of a rule with the profiles of its group in the place of it. A group that is not in sight stays, and so do unknown kinds of profiles."""
        missing = []
        for name in native.pop("profile-setting/group", None) or []:
            group = self.find("profile-group", name)
            if group is None:
                missing.append(name)
                continue
            native.update(("profile-setting/profiles/" + kind, value) for kind, value in group.items() if kind != "disable-override")
        known = self.schemas["security"].others
        unknown = [path for path in native if path.startswith("profile-setting/") and path not in known]
        missing += [path.rpartition("/")[2] for path in unknown]
        native = {path: value for path, value in native.items() if path not in unknown}
        return dict(native, **{"profile-setting/group": missing}) if missing else native


def columns(path: str, found: Mapping) -> Columns:
    """An object that ``Context.find`` returned for ``path``, to be read column by column."""
    return Columns(schemas.OBJECTS[path], found)
