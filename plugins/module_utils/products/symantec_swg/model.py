# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Management Center holds, and what the devices beside it run. No IO."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Pattern, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.section import (
    ALLOW, EXEMPT, Section, listed, meaning, read_section, rule_line,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, borrowed, is_ours

#: Begins the description of each revision of ours.
REVISION = "netaccess.chatgpt"
POLICY, ENTRY, LIST = "policy", "list entry", "URL list"
#: Description of an entry that we put into an existing list.
ADDED = REVISION
URLS = "urls"
OTHER = "other text"
CPL, URL_LIST = "cpl", "URL_LIST"
#: Types whose content can be searched for a wanted host.
LISTS = (URL_LIST, "CUSTOM_CATEGORY", "LOCAL_CATEGORY_DB")


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``installs``: there is a request that installs."""

    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    mode: str = "edge"
    prefix: str = "ChatGPT"
    tenant: str | None = None
    consoles: tuple[str, ...] = ()
    installs: bool = False
    ssl_layer: str = "basic"
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    comment: str | None = None
    list_name: str | None = None
    exempt_list_name: str | None = None

    @property
    def lists(self) -> dict[str, str]:
        """Parts whose hosts go into an existing URL list: no rule of ours is made for them."""
        return {part: name for part, name in ((ALLOW, self.list_name), (EXEMPT, self.exempt_list_name)) if name}

    @property
    def full(self) -> bool:
        """Whether devices know suffixes, exact names and users in <SSL-Intercept>."""
        return self.ssl_layer == "full"

    @property
    def policy(self) -> Ref:
        """The policy that holds our section."""
        return Ref(POLICY, self.prefix)

    def audience(self, part: str) -> list[str]:
        """The conditions of a rule that say for whom. People are known in <SSL-Intercept> only where a release says so."""
        found = ["client.address=" + listed(self.clients)] if self.clients else []
        if part == ALLOW or self.full:
            found += ["group=" + listed(self.groups, "\"")] if self.groups else []
            found += ["user=" + listed(self.users, "\"")] if self.users else []
        return found

    def wider(self, exempt: bool) -> list[str]:
        """Whom our own rules and lists reach besides the audience, in words. ``exempt``: there are hosts to exempt."""
        found = []
        if exempt and (self.groups or self.users) and not self.full and EXEMPT not in self.lists:
            who = "everybody at %s" % ", ".join(self.clients) if self.clients else "everybody"
            found.append("the TLS exemption applies to %s: support for groups and users in <SSL-Intercept> is not confirmed; set only clients, or set "
                         "ssl_layer to full if the release supports them" % who)
        if self.groups or self.users or self.clients:
            found += ["the URL list %s applies to everyone that the existing rules using it apply to" % name for name in sorted(set(self.lists.values()))]
        return found

    def rule(self, part: str) -> str:
        """Our rule of a part (ALLOW or EXEMPT) as text."""
        return rule_line(self.prefix, part, self.audience(part))


@dataclass
class Site:
    """As read. ``contents``: uuid to content; ``current``: console to the policy that it runs, empty where there are no consoles."""

    settings: Settings
    policies: list = field(default_factory=list)
    contents: dict = field(default_factory=dict)
    current: dict = field(default_factory=dict)
    scanned: bool = False

    def mine(self, row: dict) -> bool:
        """Whether a policy is of the tenant that the task names, if it names one."""
        return row.get("tenant") == self.settings.tenant if self.settings.tenant else True

    def row(self, name: str, kind: str = CPL) -> dict | None:
        """The policy of that name and type, or None."""
        return next((row for row in self.policies if row.get("name") == name and row.get("contentType") == kind and self.mine(row)), None)

    def of_type(self, *kinds: str) -> list[dict]:
        """The policies and lists of these types."""
        return [row for row in self.policies if row.get("contentType") in kinds and self.mine(row)]

    def unread_policies(self) -> list[dict]:
        """The policies and lists of types that are not read, such as those of the visual editor."""
        return [row for row in self.policies if row.get("contentType") not in (CPL, *LISTS, "IP_LIST") and self.mine(row)]

    def body(self, uuid: str) -> dict:
        """The content of a policy; empty for one that was not read."""
        return (self.contents.get(uuid) or {}).get("content") or {}

    def section(self, uuid: str) -> dict | None:
        """Our section of a policy, or None."""
        return next((one for one in self.body(uuid).get("sections") or [] if one.get("name") == self.settings.prefix), None)

    def text(self, uuid: str) -> str:
        """The text of our section of a policy."""
        return (self.section(uuid) or {}).get("defaultPolicy") or ""

    def learn_row(self, row: dict) -> None:
        """Take in a policy that was made."""
        self.policies.append(row)

    def learn_content(self, uuid: str, sent: dict, reply: dict) -> None:
        """Take in the content that was sent, with the revision that the reply names."""
        schema = sent.get("schemaVersion") or reply.get("schemaVersion")
        self.contents[uuid] = {"content": sent["content"], "schemaVersion": schema, "revisionInfo": reply.get("revisionInfo")}

    # -- as a State

    def objects(self) -> Objects:
        """The Objects of our policy and of the lists that were read."""
        found = Objects()
        for row in self.of_type(CPL):
            if row["name"] == self.settings.prefix:
                section = read_section(self.text(row["uuid"]), self.settings.prefix)
                ours = is_ours(row.get("description"))
                if not (ours and section.empty):
                    found.add(self._policy(row, section, ours))
        for row in self.of_type(URL_LIST):
            for one in self.body(row["uuid"]).get("urls") or []:
                description = one.get("description") or ""
                enabled = one.get("enabled") is not False
                put_back = borrowed(description, "enabled", True) if not enabled else {}
                if row["name"] in self.settings.lists.values():
                    continue
                found.add(Object(Ref(ENTRY, "%s: %s" % (row["name"], one.get("url"))), {"enabled": enabled, "description": description}, borrowed=put_back,
                                 native={"list": row["name"], "uuid": row["uuid"], "url": one.get("url"), "was ours": bool(put_back)}))
            if row["name"] in self.settings.lists.values():
                enabled = frozenset(map(str, list_urls(URL_LIST, self.body(row["uuid"]))))
                found.add(Object(Ref(LIST, row["name"]), {}, {URLS: enabled}, native=row))
        return found

    def _policy(self, row: dict, section: Section, ours: bool) -> Object:
        fields = {"description": MARK if ours else row.get("description") or ""}
        for part, rule in section.rules.items():
            # Somebody may have put its words in another order.
            meant = self.settings.rule(part)
            fields["%s rule" % part] = meant if rule and meaning(rule) == meaning(meant) else rule
        members = {ALLOW: section.members[ALLOW], EXEMPT: section.members[EXEMPT], OTHER: frozenset([section.other] if section.other else [])}
        return Object(self.settings.policy, fields, members, ours=ours, native=row)

    # -- what the devices run

    def waiting(self) -> list:
        """The consoles that run something else of ours than Management Center holds."""
        row = self.row(self.settings.prefix)
        if row is None:
            return []
        held = read_section(self.text(row["uuid"]), self.settings.prefix).in_force
        return [console for console, text in self.current.items() if read_section(text, self.settings.prefix).in_force != held]

    def last_is_ours(self) -> bool:
        """Whether the newest revision of a policy is one of ours."""
        row = self.row(self.settings.prefix)
        info = (self.contents.get(row["uuid"]) or {}).get("revisionInfo") or {} if row else {}
        return str(info.get("revisionDescription") or "").startswith(REVISION)

    def texts(self) -> list:
        """(where, CPL) of everything that can be read of what decides: what the devices run, else the policies on Management Center."""
        if self.current:
            return sorted(self.current.items())
        found = []
        for row in self.of_type(CPL):
            sections = self.body(row["uuid"]).get("sections") or []
            text = "\n".join(part for one in sections for part in (one.get("mandatoryPolicy"), one.get("defaultPolicy"), one.get("overridePolicy")) if part)
            found.append(("policy %s" % row["name"], text))
        return found


def list_urls(kind: str, body: dict) -> list[str]:
    """The enabled entries of a list or local category."""
    if kind == "LOCAL_CATEGORY_DB":
        return [entry.get("url") for category in body.get("categories") or [] for entry in category.get("entries") or [] if entry.get("url")]
    return [one.get("url") for one in body.get("urls") or [] if one.get("url") and one.get("enabled") is not False]


def url_pattern(url: str) -> Pattern | None:
    """What an entry of a list is taken to match: the domain and its subdomains (domain lists; for URL_LIST no source says it). None for parts of a host."""
    name = re.sub(r"^([a-z]+:)?//", "", str(url).lower())
    if "/" in name.rstrip("/"):
        return None
    found = parse_if(name.rstrip("/").lstrip("."))
    return None if found is None else Pattern(found.name, DOMAIN)
