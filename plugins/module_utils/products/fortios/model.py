# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VDOM holds, by name, and how far a row of a filter is about hosts. No IO."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import AbstractSet, Callable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Pattern,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import marks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, Hits, hits_of

CUSTOM, GROUP, PROFILE, EXEMPTION, INSPECTION = "wildcard FQDN", "wildcard FQDN group", "SSL profile", "TLS exemption", "policy inspection"
ROW, DNS_ROW, TABLE, LINK = "URL filter row", "DNS filter row", "URL filter", "web filter link"
#: Rows of ours are known by their number, in every release: below 7.6.4 a row has no comment. A row that we disabled gets its own plus DISABLED.
FIRST_ROW, LAST_ROW, DISABLED = 1862300000, 1862399999, 1862400000
#: Read-only since 5.6 (cookbook, "Protecting a server": default exemptions).
BUILT_IN = ("certificate-inspection", "deep-inspection", "no-inspection")


def is_ours(row: dict | None) -> bool:
    """Whether our marker begins the comment of a row; None, a row that is not there, is nobody's."""
    return bool(row) and marks.is_ours(row.get("comment"))


#: Columns of a policy that say whose traffic it takes.
_PEOPLE = ("srcintf", "srcaddr", "srcaddr6", "srcaddr-negate", "groups", "users", "fsso-groups")


def people_of(policy: dict) -> dict:
    """{column: names, or a word} of those columns of a policy that say for whom it is, and that are set."""
    values = {column: policy.get(column) for column in _PEOPLE}
    return {column: sorted(row["name"] for row in value) if isinstance(value, list) else value for column, value in values.items()
            if value not in (None, [], "", "disable")}


def render(pattern: Pattern) -> tuple[str, ...]:
    """Entries of type wildcard for a pattern. Whether ``*.x`` matches ``x`` itself is reported both ways, so both are written where both are wanted."""
    forms = {EXACT: ("%s",), SUBDOMAINS: ("*.%s",), DOMAIN: ("%s", "*.%s")}[pattern.kind]
    return tuple(form % pattern.name for form in forms)


def row_native(row: dict) -> str:
    """A row in a word: its URL, with its type in front unless that is wildcard."""
    return row["url"] if row["type"] == "wildcard" else "%s %s" % (row["type"], row["url"])


def named_rows(table: dict, url: str = "url", ours: Callable[[dict], bool] = lambda row: False) -> Iterator[tuple]:
    """(name, row) of each row of a list. Rows have no names: their table, type and URL, and a number for the second of its kind; None for one of ours."""
    taken: Counter = Counter()
    for row in table.get("entries") or []:
        if ours(row):
            yield None, row
            continue
        name = "%s: %s%s %s" % (table["name"], "" if row["action"] == "block" else row["action"] + " ", row["type"], row[url])
        taken[name] += 1
        yield name if taken[name] == 1 else "%s #%d" % (name, taken[name]), row


def row_level(kind: str, url: str, pattern: Pattern) -> int:
    """How far a row is about the hosts of ``pattern``, by the wider reading of each type: ``simple`` is a part of the host, ``*`` is anything.

    What the device's own regular expressions match is not decided here: MAY, but for a host that nothing in them fits.
    """
    host, path = _host_of(url)
    if kind == "regex":
        return NO if pattern.kind == EXACT and "/" not in url and not _found(url, pattern.name) else MAY
    found = _simple(host, pattern) if kind == "simple" else _glob(host, pattern) if kind == "wildcard" else MAY
    return found if path in ("", "*") else min(found, MAY)


def row_hits(kind: str, url: str, wanted: AbstractSet[Pattern]) -> Hits:
    """Which of the wanted patterns a row is about. Of a long list most rows are far from all of them, which their last two labels tell at a glance."""
    if not wanted or (kind in ("simple", "wildcard") and not _near(frozenset(wanted)).maybe(kind, url)):
        return Hits()
    return hits_of({pattern: row_level(kind, url, pattern) for pattern in wanted})


class _Near:
    """The names of wanted patterns, by what a row needs to be about any of them."""

    def __init__(self, wanted: frozenset):
        self._ends = {".".join(pattern.name.split(".")[-2:]) for pattern in wanted}
        self._text = "\n".join("." + pattern.name for pattern in wanted)

    def maybe(self, kind: str, url: str) -> bool:
        """False where a simple or wildcard row is about none of them for sure: its last two whole labels end no name, nor is it a part of one."""
        host = _host_of(url)[0]
        star, tail = host.rpartition("*")[1:]
        # What is behind a star may be the end of a longer label.
        labels = tail.split(".")[1 if star and kind == "wildcard" else 0:]
        return len(labels) < 2 or ".".join(labels[-2:]) in self._ends or (kind == "simple" and host in self._text)


_near = lru_cache(maxsize=16)(_Near)


def _host_of(url: str) -> tuple:
    """(host, path) of a row, without its scheme; what else follows a host, such as a port, is a part of the path."""
    host, rest = re.match(r"(?:[a-z]+://)?([^/?#:]*)(.*)", url.strip().lower(), re.DOTALL).groups()
    return host.rstrip("."), rest[1:] if rest.startswith("/") else rest


def _found(expression: str, host: str) -> bool:
    try:
        return re.search(expression, host, re.I) is not None
    except re.error:
        return True


def _simple(host: str, pattern: Pattern) -> int:
    """A part of the host in flow mode; a host with all below it in proxy mode."""
    if host and (pattern.name == host or pattern.name.endswith("." + host)):
        return SURE
    below = pattern.kind != EXACT
    return MAY if host in (below * "." + pattern.name) or (below and ("." not in host or host.endswith("." + pattern.name))) else NO


def _glob(host: str, pattern: Pattern) -> int:
    """``*`` is anything. A subdomain that only ``*`` can match stands for all of them."""
    ending = "." + pattern.name
    samples = [pattern.name] * (pattern.kind != SUBDOMAINS) + ["\0" + ending] * (pattern.kind != EXACT)
    matched = [_form(host).match(sample) is not None for sample in samples]
    if all(matched):
        return SURE
    tail = host.rpartition("*")[2]
    meets = pattern.kind != EXACT and (tail.endswith(ending) or ("*" in host and ending.endswith(tail)))
    return MAY if any(matched) or meets or host == "*" + ending else NO


@lru_cache(maxsize=4096)
def _form(host: str) -> re.Pattern:
    return re.compile("".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", host)) + r"\Z", re.S)


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
        #: (the policies that were gone through, {name: policy})
        self._known_policies: tuple = (None, {})
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
        self.service_groups: dict = {}
        self.proxy_policies: list = []
        self.casb_profiles: dict = {}
        self.casb_applications: dict = {}
        #: Names of the application signatures that the device knows, by number; empty: not read.
        self.signatures: dict = {}
        #: Numbers of local categories by name, and rating overrides by URL.
        self.local_categories: dict = {}
        self.ratings: dict = {}
        self.scanned = False
        #: Whether profiles, and not security policies, filter here.
        self.profile_based = True
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

    def unread_group(self, policy: dict) -> bool:
        """Whether a policy uses a profile group that is not among those of the VDOM, so that its profiles are not known."""
        return policy.get("profile-type") == "group" and policy.get("profile-group") not in self.profile_groups

    def named_policies(self) -> list[dict]:
        """The policies of the audience, in its order. :raises AccessError: refused, for a name that there is not."""
        if self._known_policies[0] is not self.policies:
            self._known_policies = self.policies, {self.policy_name(policy): policy for policy in self.policies}
        known = self._known_policies[1]
        missing = [name for name in self._settings.policies if name not in known]
        if missing and self.policies:
            raise AccessError(REFUSED, "audience.policies: no policy is named %s; the policies are: %s" % (", ".join(missing), ", ".join(sorted(known))))
        return [known[name] for name in self._settings.policies if name in known]

    def audience_policies(self) -> list[dict]:
        """The policies of the audience, and those that use a web filter profile of it, enabled, by which its people come."""
        by_profile = self.policies if self._settings.webfilter_profiles else ()
        users = [policy for policy in by_profile if policy.get("status") != "disable" and policy.get("action") == "accept"
                 and self.profile_of(policy, "webfilter-profile") in self._settings.webfilter_profiles]
        named = self.named_policies()
        return named + [policy for policy in users if policy not in named]

    def down_to(self, policy: dict) -> list[dict]:
        """The policies from the top down to one, which may be asked before it, and that one."""
        return self.policies[:next(at for at, one in enumerate(self.policies, 1) if one is policy)]

    def redirecting(self) -> list[dict]:
        """The policies of the audience that hand HTTP and HTTPS to the rules of the transparent proxy."""
        return [policy for policy in self.audience_policies() if policy.get("http-policy-redirect") not in (None, "", "disable")]

    def _profiles(self, kind: str, named: tuple, known: dict) -> list:
        found = list(named) + [self.profile_of(policy, kind) for policy in self.named_policies()]
        missing = [name for name in named if name not in known]
        if missing and known:
            raise AccessError(REFUSED, "audience: no profile is named %s; the profiles are: %s" % (", ".join(missing), ", ".join(sorted(known))))
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
        """Whether an SSL profile decrypts HTTPS; a word that is not known may."""
        return any((profile.get(part) or {}).get(word) not in (None, "", "disable", "certificate-inspection")
                   for part, word in (("https", "status"), ("ssl", "inspect-all")))

    def local_name(self, rating: object) -> str:
        """The name of the local category with that number; the number itself for any other."""
        return next((name for name, number in self.local_categories.items() if str(number) == str(rating)), str(rating))

    def exempt_row_by(self, row: dict) -> str | None:
        """What an exempt row of ours in an SSL profile matches by; None for one of the site."""
        prefix = self._settings.prefix
        if row.get("wildcard-fqdn") == prefix:
            return GROUP
        category = row.get("fortiguard-category")
        return "local category" if category and category == self.local_categories.get(prefix) else None

    def by_address(self) -> list[str]:
        """Named policies in proxy mode: there an exemption by wildcard FQDN matches by the address that DNS gave, not by the name (ta-387569)."""
        if self._settings.exempt_by == "local_category":
            return []
        return [self.policy_name(policy) for policy in self.named_policies() if policy.get("inspection-mode") == "proxy"]

    # -- tables

    def table(self, name: str) -> dict | None:
        return next((table for table in self.tables if table["name"] == name), None)

    def is_our_row(self, table: dict, row: dict) -> bool:
        """Whether a row of a URL filter is one of ours, or of our list."""
        return row["action"] == "exempt" and row["status"] == "enable" and (table["name"] == self._settings.prefix or FIRST_ROW <= row["id"] <= LAST_ROW)

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
