# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decryption in Secure Access means for a policy: what is exempt, for whom else, what that removes, what is left as a manual step. Reads nothing.

The web gateway decrypts by the security profile of the rule that decides. IPS decrypts by itself, whatever the rule, and spares what the list that the
vendor provides holds (docs.sse.cisco.com, "Ensure rule matching for encrypted internet traffic"; cisco.com 222492).
"""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import IPS, LIST, TENANTS, Decryption, Place, Sparing
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import RULES, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import WORKSPACE_HEADER, Findings, reasons, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import Hits, Layer, walk

#: Controls of a profile that need decrypted traffic, and the field that names their settings; for some no field is known.
_INSPECTS = {"av": "fileInspectionSettingGroupId", "sandbox": "fileInspectionSettingGroupId", "anti_spyware": "securitySettingGroupId",
             "app_control": "applicationAupSettingGroupId", "casb": "applicationAupSettingGroupId", "dlp": None, "file_control": None, "isolation": None}
_NOT_TOLD = ", if it uses the list; the API does not show that"
#: Words by which a tenant control is about ChatGPT.
_WORKSPACE = (WORKSPACE_HEADER, "chatgpt", "openai")


class Exemption:
    """``layers``: for each rule of the audience, what is asked before it and itself; ``state``: read or predicted."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State, layers: Iterable[Layer]):
        self._settings, self._site, self._policy = settings, site, policy
        self._tables: Decryption | None = site.decryption
        self._sparing = Sparing(site.decryption, state) if site.decryption is not None else None
        self._rules = site.rules.named if site.rules is not None else []
        exempt = Index(policy.exempt)
        self._wanted = frozenset(pattern for pattern in policy.allow if exempt.covering(pattern) is not None)
        self._ips = self._spared_by_ips(self._wanted)
        self._said: dict = {pattern: [] for pattern in self._wanted}
        for layer in layers if self._tables is not None else ():
            self._walk(layer)

    # -- what is in force

    def _walk(self, layer: Layer) -> None:
        """Ask the rules from the top which of them may decide, and so whose profile says what is decrypted."""
        left, allow = set(self._wanted), frozenset(self._policy.allow)
        # Asked for the same patterns as by the judge, each rule is read once.
        for rule, hits in walk(layer.rules, self._wanted, lambda rule, _left: layer.reach(rule, allow)):
            left -= hits.sure
            if rule["ruleAction"] == "block":
                self._add(hits.sure, "unchecked", "the access rule %s blocks it" % rule["ruleName"])
                continue
            place = self._tables.place(rule)
            spared = self._sparing.by(place, self._wanted)
            self._add(hits.all & spared.sure, "yes", str(place))
            self._add((hits.sure & spared.may) | (hits.may - spared.sure), "unchecked", "the access rule %s may have it decrypted: %s" % (
                rule["ruleName"], _reason(place)))
            self._add(hits.sure - spared.all, "no", "%s does not hold it" % place if place.row else place.why)
        self._add(left, "unchecked", "no access rule that was read certainly matches it")

    def _add(self, patterns: Iterable[Pattern], word: str, text: str) -> None:
        for pattern in patterns:
            self._said[pattern].append((word, text))

    def word(self, pattern: Pattern) -> tuple:
        """(word of coverage for a pattern, by what it is exempt, notes)."""
        if pattern not in self._wanted:
            return "not wanted", None, self._beside(pattern)
        said = self._said[pattern]
        if not said:
            return "unchecked", None, ["the rules that decrypt it were not read"]
        said = said + ([] if pattern in self._ips.sure else [("unchecked", "IPS may decrypt it")])
        word = together(found for found, _text in said)
        texts = reasons(text for found, text in said if found == word)
        return (word, ", ".join(texts), []) if word == "yes" else (word, None, texts)

    def _beside(self, pattern: Pattern) -> list[str]:
        """Notes for a pattern that is to stay decrypted: an entry for a name holds every subdomain, and so may spare it too."""
        entry = Index(Pattern(one.name, DOMAIN) for one in self._policy.exempt).covering(pattern)
        return ["also exempt if a list contains %s" % entry.name] if entry is not None else []

    def _spared_by_ips(self, wanted: frozenset) -> Hits:
        if self._tables is None:
            return Hits()
        if self._tables.ips_off():
            return Hits(wanted)
        return self._sparing.held(self._tables.system(), wanted)

    # -- who else is reached, and what is lost

    def tell(self, found: Findings) -> None:
        """Add to ``audience_widened``, ``losses``, ``tenant_controls`` and ``manual``."""
        if not self._policy.exempt:
            return
        if self._tables is not None and self._settings.spares:
            for number in self._tables.wanted(self._rules, self._policy.exempt, self._settings.protected):
                found.audience_widened += self._widened(self._tables.lists[number])
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        places = [(rule, self._tables.place(rule)) for rule in self._rules] if self._tables is not None else []
        for rule, place in places or [({}, Place())]:
            self._losses(found, rule, place, hosts)
        self._manual(found, places)

    def _widened(self, row: dict) -> list[str]:
        """Whom else entries in a do not decrypt list reach."""
        names, where = self._settings.policies(RULES), "the do not decrypt list %s" % row["name"]
        said = ["%s is the list that IPS uses for the whole organisation" % where] if row.get("isDefault") is not False else []
        if self._tables.default() not in self._others(row["id"]):
            said.append("%s is, or may be, that of the organisation's default security profile" % where)
        for rule, certain in self._tables.users(row["id"], self._site.rules.passing if self._site.rules is not None else ()):
            if rule["ruleName"] not in names:
                said.append("%s %s the users of the access rule %s" % (where, "also applies to" if certain else "may also apply to", rule["ruleName"]))
        if said:
            said[-1] += " (not so with a security profile for %s whose list no other rule uses, or with exempt_by: manual)" % ", ".join(names)
        return said

    def _others(self, number: int) -> list[dict]:
        """The profiles that certainly do not use a list."""
        return [one for one in (self._tables.profiles or {}).values() if one.get(LIST, number) != number]

    def _losses(self, found: Findings, rule: dict, place: Place, hosts: tuple) -> None:
        profile = place.profile or {}
        where = "the security profile %s" % (profile["name"] if profile else "of the access rules of the audience")
        for control, column in _INSPECTS.items():
            group = profile.get(column)
            found.lose(control, where + ("" if group else _NOT_TOLD), hosts)
        if not place.none and (place.row is None or place.row.get("isDefault") is not False):
            found.lose("ips", "IPS of the organisation, if the list is the vendor-provided one", hosts)
        restriction = profile.get("restriction", "")
        if restriction and any(word in str(restriction).lower() for word in _WORKSPACE):
            found.tenant_controls.append(TenantControl("tenant control of " + where, self._policy.exempt))
        elif restriction is not None or self._by_tenant(rule):
            found.lose("headers", "tenant control of " + where + ("" if restriction else _NOT_TOLD), hosts)

    def _by_tenant(self, rule: dict) -> bool:
        """Whether a rule has tenant controls of its own, or may follow the organisation's."""
        settings = self._tables.settings if self._tables is not None else None
        named = [one for one in rule.get("ruleSettings") or () if one.get("settingName") == TENANTS]
        return bool(named) or settings is None or bool(settings.get(TENANTS))

    # -- what only an administrator can do

    def _manual(self, found: Findings, places: list) -> None:
        names, exempt = ", ".join(self._settings.policies(RULES)), frozenset(self._policy.exempt)
        for rule, place in places or [({"ruleName": names}, Place(why="it was not read"))]:
            left = exempt - (self._sparing.by(place, exempt).sure if places else frozenset())
            if left:
                where = "%s (access rule %s)" % (place, rule["ruleName"]) if place.row else (
                    "the do not decrypt list of the security profile in the access rule %s (%s)" % (rule["ruleName"], _reason(place)))
                found.manual.append("TLS exemption: %s must contain these domains; %s: %s" % (where, self._left_why(place), ", ".join(_names(left))))
        left = exempt - self._spared_by_ips(exempt).sure
        if left and self._tables is not None:
            row, settings = self._tables.system(), self._tables.settings
            on = "Whether it is enabled is unknown (%s)" % self._tables.unread["settings"] if settings is None else "It is not disabled (%s)" % IPS
            found.manual.append(
                "TLS exemption from IPS: IPS uses the vendor-provided do not decrypt list%s for the whole organisation. %s; if it decrypts, add these "
                "domains to that list: %s" % (
                    " " + row["name"] if row else "", on, ", ".join(_names(left))))

    def _left_why(self, place: Place) -> str:
        if not self._settings.spares:
            return "exempt_by is manual"
        return "it is protected" if place.row and place.row["name"] in self._settings.protected else "this collection could not write them"


def _reason(place: Place) -> str:
    return place.why or "%s does not certainly contain it" % place


def _names(patterns: Iterable[Pattern]) -> list[str]:
    return sorted({pattern.name for pattern in patterns})
