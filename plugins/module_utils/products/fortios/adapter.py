# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FortiOS: rows of URL filters for named web filter profiles, and wildcard FQDNs exempt in named SSL inspection profiles.

Every write is live at once and there is no transaction to rely on: objects first, then the exemption, then the rows that allow. A list
is read whole, changed and written once; a list of another administrator only when nobody wrote to its table since.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    Adapter, Permissions, Step, Traits, Wanted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern, collapse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios import ratings, rights, voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.api import Api, key
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.filters import UrlRows, category_shuts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.lists import (
    DNSFILTER, URLFILTER, Lists,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import (
    BUILT_IN, CUSTOM, DISABLED, DNS_ROW, EXEMPTION, GROUP, INSPECTION, LINK, PROFILE, ROW, TABLE, Settings, Site, is_ours,
    named_rows, people_of, render, row_native,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.ratings import LOCAL, RATING
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.voice import (
    ADDRESS, ADDRESSES, POLICY, SERVICE,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

WEBFILTER, SSL = "webfilter/profile", "firewall/ssl-ssh-profile"
CUSTOMS, GROUPS, POLICIES = "firewall.wildcard-fqdn/custom", "firewall.wildcard-fqdn/group", "firewall/policy"
MAX_EXEMPT_ROWS = 512
_ADDRESS_FIELDS = "name|type|subnet|start-ip|end-ip|fqdn|wildcard-fqdn"


class FortiosAdapter(Adapter):
    """One VDOM of a FortiGate."""

    traits = Traits(product="fortios", kinds=(
        CUSTOM, GROUP, LOCAL, RATING, PROFILE, EXEMPTION, INSPECTION, DNS_ROW, ROW, TABLE, LINK, ADDRESS, ADDRESSES, SERVICE, POLICY),
        drafts={POLICY: {"status": "disable"}})

    def __init__(self, settings: Settings, api: Api, transport: Transport):
        self._settings, self._api, self._transport = settings, api, transport
        self._site = Site(settings)
        self._lists = Lists(self._site, settings.prefix)
        self._save, self._dns_written = "automatic", False
        #: What is known of the cluster, for ``diagnosis``: asked before the first write alone.
        self._cluster: dict = {}

    @property
    def device(self) -> str:
        return "%s %s" % (self._api.host, self._settings.vdom)

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    def people(self, state: State) -> dict[str, dict]:
        site = self._site
        if not set(self._settings.policies) <= {site.policy_name(policy) for policy in site.policies}:
            return {}
        return {"policy %s" % site.policy_name(policy): people_of(policy) for policy in site.audience_policies()}

    # -- reading

    def blank(self) -> State:
        """For ``rendered``: as if each policy named had profiles of its own, and these inspect."""
        settings, site = self._settings, self._site
        web, ssl = "the web filter profile of %s", "the SSL profile of %s"
        site.policies = site.every_policy = [
            {"policyid": number, "name": name, "action": "accept", "webfilter-profile": web % name, "ssl-ssh-profile": ssl % name}
            for number, name in enumerate(settings.policies, 1)]
        site.web_profiles = {name: {"name": name} for name in [web % policy for policy in settings.policies] + list(settings.webfilter_profiles)}
        names = [ssl % policy for policy in settings.policies] + list(settings.ssl_profiles)
        site.ssl_profiles = {name: {"name": name, "https": {"status": "deep-inspection"}} for name in names}
        return State(rules={voice.RULEBASE: tuple(Ref(POLICY, name) for name in settings.policies)})

    def read(self) -> State:
        site = self._site
        # With all columns: one that is not read could limit a policy.
        site.every_policy = self._api.get(POLICIES)
        site.policies = [policy for policy in site.every_policy if not voice.is_voice(policy)]
        site.tables = self._api.get(URLFILTER)
        site.web_profiles = {profile["name"]: profile for profile in self._api.get(WEBFILTER)}
        site.ssl_profiles = {profile["name"]: profile for profile in self._api.get(SSL)}
        site.customs = {custom["name"]: custom for custom in self._api.get(CUSTOMS)}
        site.groups = {group["name"]: group for group in self._api.get(GROUPS)}
        if any(policy.get("profile-type") == "group" for policy in site.policies) and not site.profile_groups:
            site.profile_groups = {group["name"]: group for group in self._api.get("firewall/profile-group")}
        rows = [row for table in site.tables for row in table.get("entries") or []]
        if not site.proxy_profiles and (any(policy.get("webproxy-profile") for policy in site.policies) or any(row.get("web-proxy-profile") for row in rows)):
            site.proxy_profiles = {profile["name"]: profile for profile in self._api.get("web-proxy/profile")}
        if self._settings.rated:
            site.local_categories = {row["desc"]: row["id"] for row in self._api.get(ratings.PATHS[LOCAL])}
            site.ratings = {row["url"]: row for row in self._api.get(ratings.PATHS[RATING])}
        if self._settings.voice:
            site.addresses, site.address_groups, site.services = (
                {row["name"]: row for row in self._api.get(voice.PATHS[kind])} for kind in (ADDRESS, ADDRESSES, SERVICE))
        if self._settings.scan_conflicts and (not site.scanned or self._dns_written):
            site.domain_filters = self._api.get(DNSFILTER)
        if self._settings.scan_conflicts and not site.scanned:
            self._scan()
        release = "FortiOS %s" % self._api.version if self._api.version else ""
        return replace(self._parse(), release=release, diagnosis=dict(site.diagnosis(), **self._cluster))

    def _scan(self) -> None:
        """What else decides for the audience. Tables that none of its policies needs are not asked for."""
        site, api = self._site, self._api
        self._look_at_mode()

        def named(path: str, **parameters: object) -> dict:
            return {row["name"]: row for row in api.get(path, **parameters)}

        def used(kind: str) -> set:
            return {site.profile_of(policy, kind) for policy in site.audience_policies()} - {""}
        site.dns_profiles = named("dnsfilter/profile")
        if used("application-list"):
            site.applications = named("application/list")
            lists = [site.applications.get(name, {}) for name in used("application-list")]
            if any(entry.get("application") and entry.get("action") != "pass" for one in lists for entry in one.get("entries") or []):
                site.signatures = {row["id"]: row["name"] for row in api.get("application/name", format="id|name")}
        if used("casb-profile"):
            site.casb_profiles, site.casb_applications = named("casb/profile"), named("casb/saas-application")
        if site.redirecting():
            site.proxy_policies = api.get("firewall/proxy-policy")
        asked = max((site.down_to(policy) for policy in site.audience_policies()), key=len, default=[]) + site.proxy_policies
        addresses = {one["name"] for policy in asked for column in ("srcaddr", "dstaddr") for one in policy.get(column) or []} - {"all"}
        services = {one["name"] for policy in asked for one in policy.get("service") or []} - {"ALL"}
        if addresses and not self._settings.voice:
            site.addresses = named("firewall/address", format=_ADDRESS_FIELDS)
            site.address_groups = named("firewall/addrgrp") if addresses - set(site.addresses) else {}
        if services and not self._settings.voice:
            site.services = named("firewall.service/custom")
        if services - set(site.services):
            site.service_groups = named("firewall.service/group")
        site.scanned = True

    def _look_at_mode(self) -> None:
        """In policy-based mode the security policies decide, which are not read. Where all that is ours is looked for, it may still be removed."""
        mode = (self._api.get("system/settings", format="ngfw-mode") or [{}])[0].get("ngfw-mode")
        self._site.profile_based = mode == "profile-based"
        if mode == "policy-based" and not self._settings.whole:
            raise AccessError(REFUSED, "VDOM %s of %s is in policy-based NGFW mode, where security policies decide by application and category and "
                                       "web filter profiles have no effect: this module cannot open access there" % (self._settings.vdom, self._api.host))

    def _parse(self) -> State:
        site, objects, rules = self._site, Objects(), {}

        def add(kind, name, fields=None, members=None, ours=True, borrowed=None, **native):
            return objects.add(Object(Ref(kind, name), fields or {}, members or {}, ours=ours, borrowed=borrowed or {}, native=native))

        for name, custom in site.customs.items():
            if is_ours(custom):
                add(CUSTOM, name, {"wildcard-fqdn": custom["wildcard-fqdn"], "comment": custom["comment"]})
        for name, group in site.groups.items():
            if is_ours(group) or name == self._settings.prefix:
                add(GROUP, name, {"comment": group.get("comment") or ""}, {"member": site.group_natives(group)}, is_ours(group))
        for name, profile in site.ssl_profiles.items():
            source = re.match(re.escape(MARK) + r", clone of (.+)", profile.get("comment") or "")
            if source:
                add(PROFILE, name, {"clone of": source[1]})
            by = [found for found in map(site.exempt_row_by, profile.get("ssl-exempt") or []) if found]
            if by:
                add(EXEMPTION, name, {"by": " and ".join(by)})
        for policy in site.policies:
            clone = objects.get(Ref(PROFILE, policy.get("ssl-ssh-profile") or ""))
            if clone:
                add(INSPECTION, site.policy_name(policy), {"profile": clone.ref.name, "was": clone.fields["clone of"]})
        for table in site.tables:
            rules.update(self._parse_table(table, add))
        for table in site.domain_filters:
            for title, row in named_rows(table, "domain"):
                if row["action"] == "block":
                    self._row_of_site(DNS_ROW, title, row, add)
        for name, profile in site.web_profiles.items():
            table = site.table_of(profile)
            if table is not None and table["name"] == self._settings.prefix:
                add(LINK, name, {"table": table["name"]})
        if self._settings.rated:
            ratings.parse(site, self._settings.prefix, add)
        if self._settings.voice:
            rules.update(voice.parse(site, add))
        return State(objects, rules)

    def _parse_table(self, table: dict, add) -> dict:
        """Our rows of a URL filter are one Object that stands, as a rule does, above and below the existing rows."""
        own = table["name"] == self._settings.prefix
        order, natives, flags, at = [], set(), set(), 0
        for title, row in named_rows(table, ours=lambda row: self._site.is_our_row(table, row)):
            if title is None:
                natives.add(row_native(row))
                flags.add(" ".join(sorted((row.get("exempt") or "").split())))
                at = len(order)
            else:
                order.append(self._row_of_site(ROW, title, row, add))
        if natives or own:
            fields = {"exempt": "".join(flags) if len(flags) < 2 else "mixed", "table": "own" if own and is_ours(table) else "of the site"}
            order.insert(at, add(TABLE, table["name"], fields, {"entries": frozenset(natives)}, is_ours(table) or not own))
        return {"url filter %s" % table["name"]: tuple(order)}

    @staticmethod
    def _row_of_site(kind: str, title: str, row: dict, add):
        """An existing row; its number says when it was us who disabled it."""
        borrowed = {"status": "enable"} if row["id"] >= DISABLED and row["status"] == "disable" else {}
        return add(kind, title, {"status": row["status"]}, ours=False, borrowed=borrowed)

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        site, wanted = self._site, []
        # Each of these objects costs a request of its own, so none is made that another one covers.
        natives = sorted({native for pattern in collapse(policy.exempt) for native in render(pattern)})
        inspecting = site.inspecting_profiles()
        if natives and inspecting:
            by_name = self._settings.exempt_by == "local_category"
            wanted += ratings.wanted(self._settings.prefix, policy.exempt, site) if by_name else self._fqdns(natives)
            for name in inspecting:
                wanted += self._exemption(name)
        ours = [item for one in policy.media if self._settings.media and site.named_policies() for item in voice.wanted(site, self._settings.prefix, one)]
        return wanted + self._rows(policy, state) + ours

    def _fqdns(self, natives: list) -> list:
        known, wanted = self._site.custom_names(), []
        for native in natives:
            if native not in known or is_ours(self._site.customs[known[native]]):
                wanted.append(Wanted(Object(Ref(CUSTOM, known.get(native) or self._custom_name(native)), {"wildcard-fqdn": native, "comment": MARK})))
        return wanted + [Wanted(Object(Ref(GROUP, self._settings.prefix), {"comment": MARK}, {"member": frozenset(natives)}))]

    def _custom_name(self, native: str) -> str:
        name = "%s-%s" % (self._settings.prefix, native.replace("*", "any"))
        return name if len(name) <= 79 else "%s-%s" % (name[:68], hashlib.sha256(native.encode()).hexdigest()[:10])

    def _exemption(self, name: str) -> list:
        row = {"by": LOCAL if self._settings.exempt_by == "local_category" else GROUP}
        if name not in BUILT_IN:
            return [Wanted(Object(Ref(EXEMPTION, name), row))]
        clone = self._settings.clone_builtin
        if not clone:
            raise AccessError(REFUSED, "the SSL inspection profile %s is built in and cannot be changed: assign these policies another profile, or "
                                       "set clone_builtin to the name of a copy to create and use" % name)
        found = [Wanted(Object(Ref(PROFILE, clone), {"clone of": name})), Wanted(Object(Ref(EXEMPTION, clone), row))]
        named = [p for p in self._site.named_policies() if p.get("ssl-ssh-profile") == name]
        return found + [Wanted(Object(Ref(INSPECTION, self._site.policy_name(p)), {"profile": clone, "was": name})) for p in named]

    def _rows(self, policy, state: State) -> list:
        site, wanted, tables = self._site, [], set()
        entries = frozenset(native for pattern in policy.allow for native in render(pattern))
        for name in site.named_web_profiles():
            table = site.table_of(site.web_profiles[name])
            own = table is None or table["name"] == self._settings.prefix
            tables.add(self._settings.prefix if own else table["name"])
            if own:
                wanted.append(Wanted(Object(Ref(LINK, name), {"table": self._settings.prefix})))
        flags = " ".join(sorted(self._settings.url_filter_exempt))
        for name in sorted(tables):
            above, below = UrlRows(site, state, name, category_shuts(site, name)).place(policy.allow)
            fields = {"exempt": flags, "table": "own" if name == self._settings.prefix else "of the site"}
            wanted.append(Wanted(Object(Ref(TABLE, name), fields, {"entries": entries}), "url filter %s" % name, above=above, below=below))
        return wanted

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._site, policy, state).assess()

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        # What others refer to goes after these let go of it.
        inert = (GROUP, CUSTOM, RATING, LOCAL, ADDRESSES, SERVICE, ADDRESS)
        last = [change for kind in inert for change in changes if change.ref.kind == kind and change.op == DELETE]
        now, done = state, set()
        for change in [change for change in changes if change not in last] + last:
            table = self._list_of(change)
            if change.ref.kind in voice.PATHS:
                yield from voice.steps(self._site, change, now, self._api.release)
            elif change.ref.kind in ratings.PATHS:
                yield ratings.step(self._site, self._settings.prefix, change)
            elif table is None:
                yield from self._step(change, now)
            elif table not in done:
                # All that changes in one list is written once.
                done.add(table)
                write = self._lists.urls if table[0] == URLFILTER else self._lists.domains
                yield write(table[1], apply(state, changes))
            now = apply(now, [change])

    @staticmethod
    def _list_of(change):
        """(path, name) of the table whose list a change is about, or None."""
        if change.ref.kind == TABLE:
            return URLFILTER, change.ref.name
        path = {ROW: URLFILTER, DNS_ROW: DNSFILTER}.get(change.ref.kind)
        return (path, change.ref.name.partition(": ")[0]) if path else None

    def _step(self, change, now: State):
        kind, name, new = change.ref.kind, change.ref.name, {path: value for path, (_old, value) in change.fields.items()}
        title = "%s %s" % (change.op, change.ref)

        def step(method, path, body=None, guard=None, **parameters):
            return Step(title, {"method": method, "path": path, "body": body, "guard": guard, "parameters": parameters})

        if kind == CUSTOM:
            yield self._simple(step, change, CUSTOMS, dict(new, name=name) if change.op == CREATE else new)
        elif kind == GROUP:
            members = apply(now, [change]).objects[change.ref].members["member"] if change.op != DELETE else ()
            names = self._site.custom_names(now)
            body = dict({"member": [{"name": names.get(native, native)} for native in sorted(members)]}, **new)
            yield self._simple(step, change, GROUPS, dict(body, name=name) if change.op == CREATE else body)
        elif kind == PROFILE and change.op == CREATE:
            yield step("POST", "%s/%s" % (SSL, key(new["clone of"])), action="clone", nkey=name)
            yield Step(title, {"method": "PUT", "path": "%s/%s" % (SSL, key(name)), "body": {"comment": "%s, clone of %s" % (MARK, new["clone of"])},
                               "guard": None, "parameters": {}})
        elif kind == PROFILE:
            yield step("DELETE", "%s/%s" % (SSL, key(name)), guard=SSL)
        elif kind == EXEMPTION:
            yield step("PUT", "%s/%s" % (SSL, key(name)), {"ssl-exempt": self._exempt_rows(change)}, SSL)
        elif kind == INSPECTION:
            profile = change.fields["was"][0] if change.op == DELETE else new["profile"]
            yield step("PUT", "%s/%d" % (POLICIES, self._site.number(name)), {"ssl-ssh-profile": profile})
        elif kind == LINK:
            table = 0 if change.op == DELETE else self._site.table_id(self._settings.prefix)
            yield step("PUT", "%s/%s" % (WEBFILTER, key(name)), {"web": {"urlfilter-table": table}})

    @staticmethod
    def _simple(step, change, table: str, body: dict):
        path = "%s/%s" % (table, key(change.ref.name))
        if change.op == DELETE:
            # A group may hold entries of others by now; a custom object is one value.
            return step("DELETE", path, guard=GROUPS if change.ref.kind == GROUP else None)
        return step("POST", table, body) if change.op == CREATE else step("PUT", path, body)

    def _exempt_rows(self, change) -> list:
        source = self._site.ssl_profiles.get(change.ref.name) or {}
        rows = [row for row in source.get("ssl-exempt") or [] if self._site.exempt_row_by(row) is None]
        if change.op != DELETE:
            ours = {"type": "wildcard-fqdn", "wildcard-fqdn": self._settings.prefix}
            if change.fields["by"][1] == LOCAL:
                ours = {"type": "fortiguard-category", "fortiguard-category": ratings.number(self._site, self._settings.prefix)}
            rows.append(dict(ours, id=max([row["id"] for row in rows], default=0) + 1))
        if len(rows) > MAX_EXEMPT_ROWS:
            raise AccessError(REFUSED, "the SSL inspection profile %s already holds %d exempt rows, which is the maximum: remove some, or use another profile"
                              % (change.ref.name, MAX_EXEMPT_ROWS))
        return [{name: value for name, value in row.items() if name != "q_origin_key"} for row in rows]

    def send(self, request: dict) -> object:
        self._dns_written = self._dns_written or request["guard"] == DNSFILTER
        self._api.write(request["method"], request["path"], request["body"], request["guard"], **request["parameters"])

    def permissions(self) -> Permissions:
        return rights.permissions(self._api.state("web-ui/state"))

    def begin(self) -> bool:
        manager = (self._api.get("system/central-management") or [{}])[0]
        if manager.get("type") == "fortimanager" and manager.get("fmg") and not self._settings.accept_fortimanager_managed:
            raise AccessError(REFUSED, "%s is managed by the FortiManager %s, whose next install would overwrite local changes: make the change "
                                       "there, or set accept_fortimanager_managed" % (self._api.host, str(manager["fmg"]).strip('" ')))
        if not self._site.scanned:
            self._look_at_mode()
        self._look_at_cluster()
        self._save = (self._api.get("system/global", format="cfg-save") or [{}])[0].get("cfg-save") or "automatic"
        return False

    def _look_at_cluster(self) -> None:
        """In a cluster only the primary is written to; another member would lose the change to it. Who is who is told by both the words of 6.4 and of 7.0."""
        mode = (self._api.get("system/ha", format="mode") or [{}])[0].get("mode") or "standalone"
        self._cluster = {"ha": {"mode": mode}}
        if mode == "standalone":
            return
        members = {str(member.get("serial_no")): member for member in self._api.look("system/ha-checksums")}
        mine = members.get(self._api.serial, {})
        primary = next((bool(mine[word]) for word in ("is_manage_primary", "is_manage_master") if word in mine), None)
        self._cluster["ha"].update({"members": sorted(members), "primary": primary})
        if primary is False:
            raise AccessError(REFUSED, "%s is not the primary unit of its cluster (%s): set host to the address of the "
                                       "cluster" % (self._api.host, self._api.serial))

    def activate(self) -> list:
        if self._save != "automatic":
            self._api.act("system/config/save")
        saved = self._save if self._save == "automatic" else "by this run (cfg-save %s)" % self._save
        return [{"target": self._api.host, "status": "in force", "saved": saved}]


def from_module(module: AnsibleModule) -> FortiosAdapter:
    """The adapter for a task. :raises AccessError: refused, for an audience that names nobody."""
    p = module.params
    settings = filled(Settings, p, p["audience"], media=bool(p["config"] and p["config"].get("media")),
                      whole=p["state"] in ("replaced", "deleted", "gathered", "reverted"))
    if p["state"] in ("merged", "replaced", "rendered") and not (settings.policies or settings.webfilter_profiles):
        raise AccessError(REFUSED, "audience: set policies or web filter profiles whose users get access")
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return FortiosAdapter(settings, Api(transport, p["access_token"], p["vdom"]), transport)
