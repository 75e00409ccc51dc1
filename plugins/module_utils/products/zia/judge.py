# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a ZIA tenant means for a policy. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, SUBDOMAINS, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.columns import OPENAI_APPS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.layers import OTHER_APP, Layers, adding_headers, entry_hits, shutting
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import DNS_RULE, Settings, Site, render
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts, together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, Answer, Hits, Layer, crossed, crossing
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off

#: A host that each of these applications holds by its name. Which others it holds, only the vendor knows.
_APP_HOSTS = {"CHATGPT_AI": "chatgpt.com", "OPENAI": "openai.com"}
_DNS_DOUBT = "it is unknown whether the audience uses this DNS service"


class Assessor:
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._layers = Layers(settings, site, state)
        self._found = Findings(product="zia", protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, layers, wanted = self._found, self._layers, self._policy.allow
        found.resolve_borrowed(self._state.objects.values())
        inspection = self._ask(layers.inspection, self._policy.exempt, "decrypt", "everything else that this rule decrypts")
        opens = "everything else that this rule blocks"
        apps, (denied, perhaps) = self._apps(), self._denylists()
        answers = [self._ask(layer, wanted, "deny", opens) for layer in (layers.firewall(), layers.ssl_blocks(), layers.url)]
        dns = self._ask(layers.dns(), wanted, "deny", opens, _DNS_DOUBT)
        self._widened()
        self._losses()
        if self._site.no_firewall == "licence":
            found.manual += ["voice (%s): this tenant has no Cloud Firewall; open it on the firewall at the network edge" % one for one in self._policy.media]
        elif self._site.no_firewall:
            found.manual.append("this role cannot read Cloud Firewall: it is unknown whether a rule there drops these hosts, and a voice rule of this "
                                "collection, if present, stays unchanged")
        for pattern in wanted:
            said = [answer.said(pattern, _name) for answer in answers] + [_app_said(apps, pattern), _perhaps(*dns.said(pattern, _name))]
            said += [("no", "the denylist blocks it")] if pattern in denied else []
            said += [("unchecked", "the denylist blocks a part of it")] if pattern in perhaps else []
            found.coverage.append(self._coverage(pattern, said, answers[-1], inspection))
        return found

    # -- conflicts

    def _ask(self, layer: Layer, wanted: Iterable[Pattern], effect: str, opens: str, doubt: str = "") -> Answer:
        """``doubt``: why nothing of this layer is certain."""
        def told(rule: Object, hits: Hits) -> None:
            action, certain = rule.fields.get("action"), bool(hits.sure) and not doubt
            self._conflict(rule, "deny" if action == "BLOCK" else effect, "%s %s" % (action, ", ".join(self._about(rule)) or "everything"),
                           hits.sure or hits.may, certain, opens, () if certain else (*self._layers.why(layer, rule), *([doubt] if doubt else [])))
        return layer.ask(wanted, told)

    def _about(self, rule: Object) -> list:
        groups = {row["id"] for row in rule.native.get("destIpGroups") or ()}
        names = [name for column in ("cloudApplications", "destAddresses", "destIpCategories", "destCountries", "nwApplications")
                 for name in rule.native.get(column) or () if name != "ANY"]
        return sorted(set(rule.fields.get("urlCategories") or ()).union(
            names, *(row.get("addresses") or [row["name"]] for row in self._site.destinations if row["id"] in groups)))

    def _apps(self) -> Answer:
        """What Cloud App Control does with each application of OpenAI."""
        layer = self._layers.apps
        own = [pattern for pattern in self._policy.allow if _own(pattern)]

        def told(rule: Object, hits: Hits) -> None:
            denied = [action for action in rule.fields.get("actions") or () if not action.startswith("ALLOW_")]
            certain = not hits.sure.isdisjoint(_APP_HOSTS)
            self._conflict(rule, "deny", "%s for %s" % (", ".join(denied), ", ".join(rule.fields.get("applications") or ()) or "every application"), own,
                           certain, "everything else that this rule denies", () if certain else self._layers.why(layer, rule))
        return layer.ask(OPENAI_APPS | {OTHER_APP}, told)

    def _denylists(self) -> tuple:
        """(patterns that the tenant's denylists block, those of which they block a part)."""
        hits = entry_hits(self._site.denied, self._policy.allow)
        self._found.conflict(Ref("denylist", "tenant"), "deny", "denylist of the tenant (advanced security or malicious URLs)", "denied URLs",
                             texts(pattern for pattern in self._policy.allow if pattern in hits.all), bool(hits.sure),
                             opens="remove these hosts from the list; it is evaluated before any rule")
        return hits

    def _conflict(self, rule: Object, effect: str, text: str, hosts: Iterable[Pattern], certain: bool, opens: str, doubts: Iterable[str]) -> None:
        remedy: tuple = ()
        if rule.ref.kind == DNS_RULE or any(rule.native.get(column) for column in ("defaultRule", "predefined")) \
                or rule.native.get("accessControl") == "READ_ONLY":
            opens = "this collection does not change DNS rules" if rule.ref.kind == DNS_RULE else "the API cannot change this rule"
        elif not rule.ours:
            remedy = switched_off(rule.ref, "state", "ENABLED", "DISABLED", rule.fields["description"])
        self._found.conflict(rule.ref, effect, str(rule.ref), text, texts(hosts), certain, remedy, opens, rule.ref.name, doubts)

    # -- who else is reached, and what is lost

    def _widened(self) -> None:
        settings, policy, layers = self._settings, self._policy, self._layers
        if not settings.category_name:
            layer = layers.url
            self._crossed(layer, shutting(layer, policy.allow), "these hosts")
            self._found.warnings += ["%s inserts headers and would no longer apply to these hosts" % rule.ref.name
                                     for rule in adding_headers(layer, policy.allow) if rule.ref.name in settings.before]
        if not settings.exempt_category_name:
            # Who stays encrypted is reported elsewhere; who gets access, here.
            layer = layers.inspection
            self._crossed(layer, shutting(layer, policy.exempt), "these hosts", lambda rule: rule.fields.get("action") != "DECRYPT")
        for media in policy.media:
            layer = layers.voice(media)
            self._crossed(layer, shutting(layer, {media}), "voice")

    def _crossed(self, layer: Layer, found: list, what: str, chosen: Callable[[Object], bool] = lambda rule: True) -> None:
        settings = self._settings
        below = {rule.ref for rule in crossed(found, layer.level)}
        self._found.audience_widened += [
            crossing(rule.ref.name, what) for rule in found if chosen(rule) and rule.ref.name not in settings.never_above + settings.after
            and (rule.ref in below or (rule.ref.name in settings.before and layer.level(rule) == MAY))]

    def _losses(self) -> None:
        exempt = frozenset(self._policy.exempt)
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        if not any(rule.fields.get("action") != "BLOCK" for rule in shutting(self._layers.inspection, exempt)):
            return
        # What the service scans is not in these rules: every scan of content ends with the decryption, and so does what is denied inside of an app.
        for control in ("av", "ips", "anti_spyware", "sandbox", "dlp", "file_control", "app_control"):
            self._found.lose(control, "the tenant's policies for decrypted traffic", hosts)
        if self._site.prompts:
            self._found.lose("prompt_logging", "advanced settings: capture of ChatGPT prompts", hosts)
        apps, url = self._layers.apps, self._layers.url
        for rule in apps.rules:
            if rule.native.get("tenancyProfileIds") and apps.reach(rule, OPENAI_APPS | {OTHER_APP}).all:
                self._found.tenant_controls.append(TenantControl(str(rule.ref), self._policy.exempt))
        for rule in url.rules:
            if url.reach(rule, exempt).all:
                for control, has in (("headers", rule.native.get("httpHeaderActionProfiles")), ("icap", rule.fields.get("action") == "ICAP_RESPONSE")):
                    if has:
                        self._found.lose(control, str(rule.ref), hosts)

    # -- what is in force

    def _coverage(self, pattern: Pattern, said: list, url: Answer, inspection: Answer) -> Coverage:
        notes = ["narrowed: at most five levels of subdomains"] if pattern.kind != EXACT else []
        if pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        unread = ["this role cannot read it: %s" % layer for layer in self._site.unseen]
        if not self._settings.scan_conflicts:
            unread.append("not read: Cloud App Control, Cloud Firewall, DNS control, denylists")
        said = said + [("unchecked", text) for text in unread]
        allowed = together(word for word, _note in said) if self._holds(self._settings.allow, pattern) else "no"
        notes += [note for _word, note in said if note]
        exempt, by, covering = "not wanted", None, self._exempt.covering(pattern)
        if covering is not None:
            exempt, note = inspection.said(covering, _name, "decrypt")
            by = inspection.open[covering].ref.name if exempt == "yes" else None
            notes += [note] if note else []
        return coverage(pattern, allowed, exempt, url.open[pattern].ref.name if pattern in url.open else None, by, notes)

    def _holds(self, ref: Ref, pattern: Pattern) -> bool:
        obj = self._state.objects.get(ref)
        return obj is not None and all(any(entry in members for members in obj.members.values()) for entry in render(pattern))


def _name(rule: Object) -> str:
    return rule.ref.name


def _own(pattern: Pattern) -> bool:
    """Whether a host is OpenAI's by its name."""
    return any(word in pattern.name for word in ("openai", "chatgpt", "oai"))


def _app_said(answer: Answer, pattern: Pattern) -> tuple:
    """What Cloud App Control does with a host, by what it does with the applications that hold it, or may."""
    words = {app: answer.said(app, _name) for app in sorted(OPENAI_APPS | {OTHER_APP})} if _own(pattern) else {}
    shut = [said for app, said in words.items() if said[0] == "no" and app in _APP_HOSTS and pattern.matches(_APP_HOSTS[app])]
    return next(iter(shut), next((_perhaps(*said) for said in words.values() if said[0] != "yes"), ("yes", "")))


def _perhaps(word: str, note: str) -> tuple:
    """What is said where the layer may not be asked."""
    return ("unchecked", note.replace(" blocks it", " may block it")) if word == "no" else (word, note)
