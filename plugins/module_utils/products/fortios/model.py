# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VDOM holds, by name, and how a URL filter row matches a host. No IO."""
from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Pattern, covers, parse,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import marks

CUSTOM, GROUP, PROFILE, EXEMPTION, INSPECTION = "wildcard FQDN", "wildcard FQDN group", "SSL profile", "TLS exemption", "policy inspection"
ROW, DNS_ROW, TABLE, LINK = "URL filter row", "DNS filter row", "URL filter", "web filter link"
#: Read-only since 5.6 (cookbook, "Protecting a server": default exemptions).
BUILT_IN = ("certificate-inspection", "deep-inspection", "no-inspection")


def is_ours(row: dict | None) -> bool:
    """Whether our marker begins the comment of a row; None, a row that is not there, is nobody's."""
    return bool(row) and marks.is_ours(row.get("comment"))


def render(pattern: Pattern) -> tuple[str, ...]:
    """Entries of type wildcard for a pattern. Whether ``*.x`` matches ``x`` itself is told both ways, so both are written where both are wanted."""
    forms = {EXACT: ("%s",), SUBDOMAINS: ("*.%s",), DOMAIN: ("%s", "*.%s")}[pattern.kind]
    return tuple(form % pattern.name for form in forms)


def row_native(row: dict) -> str:
    """A row in a word: its URL, with its type in front unless that is wildcard."""
    return row["url"] if row["type"] == "wildcard" else "%s %s" % (row["type"], row["url"])


def row_name(table: dict, row: dict, taken: list[Ref], url: str = "url") -> str:
    """Rows have no names: their table, type and URL, and a number for the second of its kind."""
    name = "%s: %s %s" % (table["name"], row["type"], row[url])
    count = sum(ref.name == name or ref.name.startswith(name + " #") for ref in taken)
    return "%s #%d" % (name, count + 1) if count else name


def row_hits(kind: str, url: str, pattern: Pattern) -> bool:
    """Whether a row may match a host of ``pattern``, by the wider reading of each type: ``simple`` is a part of the host, ``*`` is anything."""
    host = re.sub(r"^[a-z]+://", "", url.strip().lower()).partition("/")[0]
    samples = [pattern.name] * (pattern.kind != SUBDOMAINS) + ["x.%s" % pattern.name] * (pattern.kind != EXACT)
    if kind == "regex":
        try:
            return any(re.search(url, text, re.I) for sample in samples for text in (sample, sample + "/"))
        except re.error:
            return True
    if kind == "simple":
        return any(host and host in sample for sample in samples) or _inside(host, pattern)
    form = re.compile("".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", host)) + r"\Z")
    return any(form.match(sample) for sample in samples) or _inside(host.lstrip("*."), pattern)


def _inside(host: str, pattern: Pattern) -> bool:
    try:
        return covers(pattern, parse(host))
    except ValueError:
        return False


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``media``: voice is wanted; ``whole``: whatever is ours is to be seen,
    also what these options would not make."""

    policies: tuple[str, ...] = ()
    webfilter_profiles: tuple[str, ...] = ()
    ssl_profiles: tuple[str, ...] = ()
    vdom: str = "root"
    prefix: str = "chatgpt"
    url_filter_exempt: tuple[str, ...] = ("fortiguard",)
    clone_builtin: str | None = None
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    accept_fortimanager_managed: bool = False
    comment: str | None = None
    media: bool = False
    exempt_by: str = "wildcard_fqdn"
    whole: bool = False

    @property
    def voice(self) -> bool:
        """Whether the objects and policies for voice have to be read."""
        return self.media or self.whole

    @property
    def rated(self) -> bool:
        """Whether local categories and rating overrides have to be read."""
        return self.exempt_by == "local_category" or self.whole


class Site:
    """The tables as read. Filled by the adapter."""

    def __init__(self, settings: Settings):
        self._settings = settings
        #: Of the site, and with ours, in their order.
        self.policies: list = []
        self.every_policy: list = []
        self.tables: list = []
        self.domain_filters: list = []
        self.web_profiles: dict = {}
        self.ssl_profiles: dict = {}
        self.customs: dict = {}
        self.groups: dict = {}
        self.profile_groups: dict = {}
        self.proxy_profiles: dict = {}
        self.dns_profiles: dict = {}
        self.applications: dict = {}
        self.addresses: dict = {}
        self.address_groups: dict = {}
        self.services: dict = {}
        #: Numbers of local categories by name, and rating overrides by URL.
        self.local_categories: dict = {}
        self.ratings: dict = {}
        self.scanned = False
        self._made: dict = {}

    # -- policies

    @staticmethod
    def policy_name(policy: dict) -> str:
        """The name of a policy; of one without a name, its number in words."""
        return policy.get("name") or "policy %s" % policy["policyid"]

    def number(self, name: str) -> int | None:
        """The number of a policy, or of one that is being made."""
        known = next((policy["policyid"] for policy in self.every_policy if self.policy_name(policy) == name), None)
        return known if known is not None else self._made.get(name)

    def learn_policy(self, name: str) -> int:
        """The number that a new policy gets."""
        if name not in self._made:
            self._made[name] = max([policy["policyid"] for policy in self.every_policy] + list(self._made.values()), default=0) + 1
        return self._made[name]

    def profile_of(self, policy: dict, kind: str) -> str:
        """The profile of that kind which a policy uses, its profile group resolved."""
        if policy.get("profile-type") == "group":
            return self.profile_groups.get(policy.get("profile-group"), {}).get(kind) or ""
        return policy.get(kind) or ""

    def named_policies(self) -> list[dict]:
        """The policies of the audience, in its order. :raises AccessError: refused, for a name that there is not."""
        known = {self.policy_name(policy): policy for policy in self.policies}
        missing = [name for name in self._settings.policies if name not in known]
        if missing and self.policies:
            raise AccessError(REFUSED, "audience.policies: there is no policy named %s; there are: %s" % (", ".join(missing), ", ".join(sorted(known))))
        return [known[name] for name in self._settings.policies if name in known]

    def denies_above(self) -> list[dict]:
        """Enabled deny policies that are asked before the last of the named ones and share an interface with one of these."""
        named = self.named_policies()
        last = max([self.policies.index(policy) for policy in named], default=0)
        came = {interface["name"] for policy in named for interface in policy.get("srcintf") or []}
        return [policy for policy in self.policies[:last] if policy.get("action") == "deny" and policy.get("status") != "disable"
                and (came | {"any"}) & {interface["name"] for interface in policy.get("srcintf") or []}]

    def fqdns(self, addresses: list[str]) -> list[str]:
        """The names that address objects stand for, and those in their groups."""
        seen, found = set(), []
        while addresses:
            name, addresses = addresses[0], addresses[1:]
            if name not in seen:
                seen.add(name)
                row = self.addresses.get(name) or {}
                found += [row["fqdn"]] if row.get("type") == "fqdn" and row.get("fqdn") else []
                addresses = addresses + [one["name"] for one in (self.address_groups.get(name) or {}).get("member") or []]
        return found

    def _profiles(self, kind: str, named: tuple, known: dict) -> list:
        found = list(named) + [self.profile_of(policy, kind) for policy in self.named_policies()]
        missing = [name for name in named if name not in known]
        if missing and known:
            raise AccessError(REFUSED, "audience: there is no profile named %s; there are: %s" % (", ".join(missing), ", ".join(sorted(known))))
        return list(dict.fromkeys(name for name in found if name in known))

    def named_web_profiles(self) -> list[str]:
        """Names of the web filter profiles of the audience and of its policies. :raises AccessError: refused, for a name that there is not."""
        return self._profiles("webfilter-profile", self._settings.webfilter_profiles, self.web_profiles)

    def named_ssl_profiles(self) -> list[str]:
        """Names of the SSL profiles of the audience and of its policies. :raises AccessError: refused, for a name that there is not."""
        return self._profiles("ssl-ssh-profile", self._settings.ssl_profiles, self.ssl_profiles)

    def inspecting_profiles(self) -> list[str]:
        """Of the named SSL profiles those that decrypt HTTPS; a clone that we made stands for what it was made from."""
        found = []
        for name in self.named_ssl_profiles():
            comment = self.ssl_profiles[name].get("comment") or ""
            source = comment.rpartition(", clone of ")[2] if comment.startswith(marks.MARK + ", clone of ") else name
            if self.decrypts(self.ssl_profiles[name]):
                found.append(source if source in BUILT_IN and self._settings.clone_builtin else name)
        return list(dict.fromkeys(found))

    @staticmethod
    def decrypts(profile: dict) -> bool:
        """Whether an SSL profile decrypts HTTPS."""
        return any((profile.get(part) or {}).get(word) == "deep-inspection"
                   for part, word in (("https", "status"), ("ssl", "inspect-all")))

    def local_name(self, rating: object) -> str:
        """The name of the local category with that number; the number itself for any other."""
        return next((name for name, number in self.local_categories.items() if str(number) == str(rating)), str(rating))

    def exempt_row_by(self, row: dict) -> str | None:
        """What an exempt row of ours in an SSL profile goes by; None for one of the site."""
        prefix = self._settings.prefix
        if row.get("wildcard-fqdn") == prefix:
            return GROUP
        category = row.get("fortiguard-category")
        return "local category" if category and category == self.local_categories.get(prefix) else None

    def by_address(self) -> list[str]:
        """Named policies in proxy mode: there an exemption by wildcard FQDN goes by the address that DNS gave, not by the name (ta-387569)."""
        if self._settings.exempt_by == "local_category":
            return []
        return [self.policy_name(policy) for policy in self.named_policies() if policy.get("inspection-mode") == "proxy"]

    # -- tables

    def table(self, name: str) -> dict | None:
        return next((table for table in self.tables if table["name"] == name), None)

    def table_of(self, profile: dict) -> dict | None:
        """The URL filter that a web filter profile uses, or None."""
        number = (profile.get("web") or {}).get("urlfilter-table") or 0
        return next((table for table in self.tables if number and table["id"] == number), None)

    def table_id(self, name: str) -> int:
        """The number of a URL filter, or the one that a new filter of that name gets."""
        table = self.table(name)
        return table["id"] if table else max([table["id"] for table in self.tables], default=0) + 1

    def custom_names(self, state: State | None = None) -> dict[str, str]:
        """{wildcard FQDN: the name of an object that has it}; ours first."""
        found = {custom["wildcard-fqdn"]: name for name, custom in self.customs.items() if not is_ours(custom)}
        found.update({custom["wildcard-fqdn"]: name for name, custom in self.customs.items() if is_ours(custom)})
        if state is not None:
            found.update({obj.fields["wildcard-fqdn"]: ref.name for ref, obj in state.objects.items() if ref.kind == CUSTOM})
        return found

    def group_natives(self, group: dict) -> frozenset[str]:
        """The wildcard FQDNs that the members of a group stand for; the name of a member that is none."""
        names = [member["name"] for member in group.get("member") or []]
        return frozenset(self.customs[name]["wildcard-fqdn"] if name in self.customs else name for name in names)

    def diagnosis(self) -> dict:
        """What the named SSL profiles do with HTTP/3, with encrypted names and with names that do not fit the certificate."""
        words = ("quic", "encrypted-client-hello", "sni-server-cert-check")
        return {"ssl_profiles": {name: {word: (self.ssl_profiles[name].get("https") or {}).get(word) for word in words} for name in self.named_ssl_profiles()}}
