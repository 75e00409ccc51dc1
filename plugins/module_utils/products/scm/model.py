# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a folder of Strata Cloud Manager holds: rows of its API as Objects and back, and as what ``rules/panos`` reads. No IO.

Fields of an Object are the properties of the API. For the judge they become the columns of PAN-OS: hyphens for underscores, "yes" and "no", flat paths.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Iterator, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import borrowed, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns as schemas, model as shared
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import CATEGORY, DECRYPTION, SECURITY, SERVICE, Rule

GROUP = "profile group"
KINDS = (CATEGORY, SERVICE, GROUP, DECRYPTION, SECURITY)
TABLES = {CATEGORY: "url-categories", SERVICE: "services", GROUP: "profile-groups", DECRYPTION: "decryption-rules", SECURITY: "security-rules"}
#: Rulebase: its table. We never have a rule in the last.
RULEBASES = {"security": "security-rules", "decryption": "decryption-rules", "authentication": "authentication-rules"}
_KINDS_OF_RULES = {"security": SECURITY, "decryption": DECRYPTION}
#: Place in a PAN-OS configuration: the table.
_PATHS = {"address": "addresses", "address-group": "address-groups", "service": "services", "service-group": "service-groups",
          "application-group": "application-groups", "application-filter": "application-filters", "external-list": "external-dynamic-lists",
          "profile-group": "profile-groups", "profiles/url-filtering": "url-access-profiles"}
#: Security profiles of a group.
PROFILES = ("ai_security", "data_filtering", "dns_security", "file_blocking", "saas_security", "spyware", "url_filtering", "virus_and_wildfire_analysis",
            "vulnerability")
#: Stands for security profiles that an Internet rule has in itself: no group can name them.
OF_THE_RULE = "settings"
#: The column in which the judge finds tenant restrictions, beside the one that limits the rule: they add headers, so they are lost where ours is above.
RESTRICTIONS = "profile-setting/profiles/tenant-restrictions"
_STAMP = re.compile(r" \[([0-9a-f]{8})\]\Z")
_PLACES = ("folder", "snippet", "device")
_META = ("id", "name", "position", *_PLACES)
#: Properties of an Internet rule that are read one by one.
_INTERNET = ("allow_url_category", "allow_web_application", "block_url_category", "block_web_application", "security_settings", "default_profile_settings",
             "log_settings", "action")


@dataclass(frozen=True)
class Settings(shared.Settings):
    """What the task says of this product; names as in the module's options. ``folder``: where the audience is; ``snippet``: what is written to instead."""

    folder: str = ""
    snippet: str | None = None
    push_folders: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        return "snippet %s" % self.snippet if self.snippet else "folder %s" % self.folder

    @property
    def container(self) -> dict:
        """Where our objects are, as requests say it."""
        return {"snippet": self.snippet} if self.snippet else {"folder": self.folder}

    @property
    def group(self) -> Ref:
        """Our profile group."""
        return Ref(GROUP, self.prefix + "-allow")

    def holds(self, row: dict) -> bool:
        """Whether a row of a listing is in our container: a listing has what the folder inherits, too."""
        return row.get("snippet") == self.snippet if self.snippet else row.get("folder") == self.folder and not row.get("snippet")


# -- rows as Objects, and back


def state_of(settings: Settings, tables: Mapping[str, list]) -> State:
    """The part of what was read that is in our container; of rules the pre rules, since ours are among these."""
    objects, rules = Objects(), {}
    categories = [object_of(CATEGORY, row) for row in tables["url-categories"] if settings.holds(row)]
    for obj in categories:
        objects.add(obj)
    # A profile group has no description: it is ours if the category of its name is.
    ours = any(obj.ours for obj in categories if obj.ref == settings.allow)
    for kind in (SERVICE, GROUP):
        for row in filter(settings.holds, tables.get(TABLES[kind], ())):
            obj = object_of(kind, row, ours and row["name"] == settings.group.name if kind == GROUP else None)
            if obj.ours or obj.ref == settings.group:
                objects.add(obj)
    for base, kind in _KINDS_OF_RULES.items():
        rules[base] = tuple(objects.add(object_of(kind, row)) for row in tables[RULEBASES[base]] if settings.holds(row) and row["position"] == "pre")
    return State(objects, rules)


def object_of(kind: str, row: dict, ours: bool | None = None) -> Object:
    """A row as an Object: ids and places are in ``native`` alone. An existing rule that we disabled is ``borrowed``."""
    fields = {name: sorted(value) if _names(value) else value for name, value in row.items() if name not in _META and value is not None}
    members = {"list": frozenset(fields.pop("list", ()))} if kind == CATEGORY else {}
    if kind == CATEGORY:
        fields.setdefault("type", "URL List")
    elif kind == GROUP:
        fields = dict(dict.fromkeys(PROFILES, []), **fields)
    elif kind in (DECRYPTION, SECURITY):
        fields.setdefault("disabled", False)
    text = fields.get("description")
    if stamp_of(row):
        text = fields["description"] = _STAMP.sub("", text)
    lent = {field: value or None if field == "description" else value for field, value in borrowed(text, "disabled", False).items()}
    return Object(Ref(kind, row["name"]), fields, members, ours=is_ours(text) if ours is None else ours, borrowed=lent, native=row)


def body_of(obj: Object, container: dict) -> dict:
    """The row that a write sends for an Object."""
    found = dict(obj.fields, name=obj.ref.name, **{path: sorted(entries) for path, entries in obj.members.items()})
    return dict({name: value for name, value in found.items() if value is not None and not (obj.ref.kind == GROUP and value == [])}, **container)


def stamp_of(row: Mapping) -> str | None:
    """Which run wrote an object of ours last; it follows our marker and is not part of the policy."""
    text = row.get("description")
    found = _STAMP.search(text) if is_ours(text) else None
    return found[1] if found else None


def stamped(body: dict, stamp: str) -> dict:
    """What is sent for an object of ours. One without a description has no stamp."""
    return dict(body, description="%s [%s]" % (body["description"], stamp)) if is_ours(body.get("description")) else body


def properties_of(fields: Mapping) -> dict:
    """Columns of PAN-OS as properties of the API, nested."""
    found: dict = {}
    for path, value in fields.items():
        *parents, last = path.replace("-", "_").split("/")
        inner = found
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = {"yes": True, "no": False, "": {}}.get(value, value) if isinstance(value, str) else value
    return found


def columns_of(value: Mapping, prefix: str = "") -> dict:
    """Properties of the API as columns of PAN-OS. What is in a list of objects is under the path of the list."""
    found: dict = {}
    for name, inner in value.items():
        path = prefix + name.replace("_", "-")
        if isinstance(inner, dict) and inner:
            found.update(columns_of(inner, path + "/"))
        elif isinstance(inner, list) and not _names(inner):
            found[path] = "yes"
            for one in inner:
                found.update(columns_of(one, path + "/") if isinstance(one, dict) else {})
        elif inner not in (None, []):
            found[path] = {True: "yes", False: "no"}[inner] if isinstance(inner, bool) else "yes" if inner == {} else inner
    return found


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


# -- rows as rules


def _wider(schema: Schema, **limits: tuple) -> Schema:
    users = dict(schema.limits, **{"source-user": (frozenset(("known-user", "unknown", "pre-login")),)})
    profiles = ("profile-setting/profiles/" + name.replace("_", "-") for name in (*PROFILES, "application_control", "tenant_restrictions"))
    more = {name.replace("_", "-"): words for name, words in limits.items()}
    return replace(schema, limits=dict(users, **more), others=schema.others | {"policy-type", *profiles})


class Context(shared.Context):
    """For one folder or snippet; ``tables``: {table: rows}, of rules with their ``position``.

    Order: pre rules of folders above, those of the folder, post rules (documented for the global folder; of others a # guess). Where rules of a snippet
    stand among them is not documented: they may match, and nothing is said for sure because of them.
    """

    schemas = {"security": _wider(schemas.SECURITY, tenant_restrictions=(), devices=()), "decryption": _wider(schemas.DECRYPTION),
               "authentication": _wider(schemas.AUTHENTICATION)}

    def __init__(self, settings: Settings, tables: Mapping[str, list]):
        self._settings, self._tables, self._found, self._read = settings, tables, {}, {}
        self.resolved = {}

    # what names mean

    def find(self, path: str, name: str) -> dict | None:
        return self._objects(_PATHS.get(path)).get(name)

    def names(self, path: str) -> list[str]:
        return list(self._objects(_PATHS.get(path)))

    def categories(self) -> dict:
        return dict(self._objects("url-categories"))

    def _objects(self, table: str | None) -> dict:
        """{name: columns}. Ours is the nearest; which of two others of a name counts is not known, so that object has an unread column."""
        if table not in self._found:
            found: dict = {}
            for row in sorted(self._tables.get(table, ()), key=self._settings.holds):
                columns = columns_of({name: value for name, value in row.items() if name not in _META})
                if table == "url-access-profiles" and "redirect" in columns:
                    # The override of PAN-OS.
                    columns["override"] = columns.pop("redirect")
                twice = row["name"] in found and not self._settings.holds(row)
                found[row["name"]] = dict(columns, **{"several of this name": "yes"}) if twice else columns
            self._found[table] = found
        return self._found[table]

    def headers(self, profile: str, kind: str) -> list[tuple]:
        rows = [row for row in self._tables.get("http-header-profiles", ()) if row["name"] == profile] if kind == "saas-security" else []
        if not rows and kind != "url-filtering":
            # What tenant restrictions add, no table that is read tells.
            return [("not known", [], [])]
        return [(one.get("name") or "", [head.get("header") or "" for part in one.get("type") or () for head in part.get("headers") or ()],
                 [name for part in one.get("type") or () for name in part.get("domains") or ()])
                for row in rows for one in row.get("http_header_insertion") or ()]

    # rules in their places

    def local(self, state: State, base: str) -> list[Rule]:
        groups = {ref.name: columns_of(obj.fields) for ref, obj in state.objects.items() if ref.kind == GROUP}
        return [rule for ref in state.rules.get(base, ()) for rule in self._of(base, dict(state.objects[ref].native, **state.objects[ref].fields), ref,
                                                                               groups=groups)]

    def above(self, base: str) -> list[Rule]:
        return (self._decrypting() if base == "decryption" else []) + self._others(base, "pre")

    def below(self, base: str) -> list[Rule]:
        return self._others(base, "post")

    def after(self, base: str) -> list[Rule]:
        return self.below(base)

    def others(self, base: str) -> list[Rule]:
        return [rule for row in self._rows(base) for rule in self._of(base, row, None, self._where(row))]

    def _rows(self, base: str) -> list:
        return self._tables.get(RULEBASES[base], [])

    def _others(self, base: str, position: str) -> list[Rule]:
        rows = [row for row in self._rows(base) if row["position"] == position and not (position == "pre" and self._settings.holds(row))]
        return [rule for row in rows for rule in self._of(base, row, None, self._where(row))]

    @staticmethod
    def _where(row: dict) -> str:
        return "snippet %s" % row["snippet"] if row.get("snippet") else "folder %s%s" % (row.get("folder"), " (post)" if row.get("position") == "post" else "")

    def _of(self, base: str, row: dict, ref: Ref | None, where: str = "", groups: Mapping = MappingProxyType({})) -> list[Rule]:
        """The Rules that a row stands for: an Internet rule decides by each of its lists. ``groups``: profile groups as they would be."""
        if base == "security" and row.get("policy_type") == "Internet":
            natives = list(_by_list(row))
        else:
            native = columns_of({name: value for name, value in row.items() if name not in _META})
            foreseen = [name for name in native.get("profile-setting/group", ()) if name in groups]
            native.update(("profile-setting/profiles/" + kind, names) for name in foreseen for kind, names in groups[name].items())
            native["profile-setting/group"] = [name for name in native.get("profile-setting/group", ()) if name not in groups]
            restricted = [name for name in native.get("tenant-restrictions", ()) if name != "any"]
            native.update({RESTRICTIONS: [", ".join(restricted)]} if restricted else {})
            natives = [self.with_profiles(native)]
        return [Rule(row.get("name") or ref.name, self._doubted(row, native), ref, where=where) for native in natives]

    def _doubted(self, row: dict, native: dict) -> dict:
        """With an unread column where the place of a rule among ours is not known."""
        apart = row.get("snippet") not in (None, self._settings.snippet) or (self._settings.snippet and row.get("snippet") is None and "folder" in row)
        return dict(native, **{"place of snippet %s" % (row.get("snippet") or self._settings.snippet): "yes"}) if apart else native

    def _decrypting(self) -> list[Rule]:
        """What Internet rules decrypt. Whether that or a decryption rule counts is not documented, so they may."""
        found = []
        for row in self._rows("security"):
            names = [one.get("name") or "any" for one in row.get("allow_url_category") or () if one.get("decryption", "enabled") != "disabled"]
            if row.get("policy_type") == "Internet" and names:
                native = dict(_people(row), category=names, action="decrypt", **{"precedence of an Internet rule": "yes"})
                found.append(Rule("%s (Internet rule)" % row["name"], native, where=self._where(row)))
        return found


def _people(row: dict) -> dict:
    """The columns of an Internet rule that are not about hosts."""
    return columns_of({name: value for name, value in row.items() if name not in _META + _INTERNET})


def _by_list(row: dict) -> Iterator[dict]:
    """The columns of the rules of PAN-OS that an Internet rule stands for: what it blocks first; what none of its lists holds is left to the rules below.

    Source: properties of the OpenAPI document; that nothing else is decided by it is a # guess.
    """
    people, action = _people(row), row.get("action") or "allow"
    if row.get("block_url_category"):
        yield dict(people, action="deny", category=row["block_url_category"])
    if row.get("block_web_application"):
        yield dict(people, action="deny", application=row["block_web_application"])
    profiles = _profiles_of(row)
    for one in row.get("allow_url_category") or ():
        extra = one.get("additional_action") or "none"
        # What happens to a user who sends a password is not known.
        asks = {"passwords": "yes"} if action == "allow" and extra == "none" and one.get("credential_enforcement") != "disabled" else {}
        more = columns_of({name: value for name, value in one.items() if name not in _CATEGORY}, "allow-url-category/")
        yield dict(people, action=action if action != "allow" or extra == "none" else extra, category=[one.get("name") or "any"], **profiles,
                   **_controls(one), **asks, **more)
    for one in row.get("allow_web_application") or ():
        yield dict(people, action=action, application=[one.get("name") or "any"], **{"web application": "yes"}, **profiles, **_controls(one))
    if not any(row.get(name) for name in _INTERNET[:4]):
        yield dict(people, action=action, **{"no list": "yes"}, **profiles)


#: Properties of a category in an Internet rule that are read here.
_CATEGORY = ("name", "decryption", "credential_enforcement", "additional_action", "isolation_profiles", "dlp", "file_control")


def _profiles_of(row: dict) -> dict:
    """The controls of an Internet rule that look into decrypted traffic: they are on unless it says "no"."""
    settings, more = row.get("security_settings") or {}, row.get("default_profile_settings") or {}
    kinds = [kind for kind, name in (("spyware", "anti_spyware"), ("vulnerability", "vulnerability"), (
        "virus-and-wildfire-analysis", "virus_and_wildfire_analysis")) if settings.get(name) not in ("no", False)]
    return dict({"profile-setting/profiles/" + kind: [OF_THE_RULE] for kind in kinds}, **_controls(more))


def _controls(one: dict) -> dict:
    kinds = {"data-filtering": one.get("dlp"), "file-blocking": one.get("file_control"),
             "application-control": one.get("tenant_control") or one.get("saas_enterprise_control")}
    return {"profile-setting/profiles/" + kind: [OF_THE_RULE] for kind, value in kinds.items() if value}
