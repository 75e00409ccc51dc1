# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Barracuda Web Security Gateway: a plan for an administrator, since the vendor's API guide rules out every policy and every list.

One custom category holds the allowed domains; an Allow exception for each part of the audience refers to it. What the pages hold is told by
the person who reads them (``Pages``). Sources: the API guide and the best practices of the Web Security Gateway, knowledge base 00004188
(subdomains in custom categories) and 50160000000HBmEAAW (a bare domain catches all hosts).
"""
from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Step, Traits, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Index, Pattern, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.barracuda_wsg.api import Api, mentions
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import domain_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, conflict_id
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport, by_options

CATEGORY, EXCEPTION, APPLICATION_EXCEPTION, INSPECTED = "custom category", "exception", "application exception", "inspected domain"
CATEGORIES_PAGE, EXCEPTIONS_PAGE = "BLOCK/ACCEPT > Custom Categories", "BLOCK/ACCEPT > Exceptions"
INSPECTION_PAGE = "the page for SSL Inspection"
EVERYONE = ("all authenticated users", "all unauthenticated users")
_SAVE = "then Save Changes"
#: Words in the names of applications that hold OpenAI's hosts, and of those that hold none that is wanted. Which hosts others hold, only the vendor knows.
_OURS = ("chatgpt", "openai", "chat gpt")
_UNRELATED = ("torrent", "p2p", "emule", "gnutella", "gambl", "game", "porn", "claude", "gemini", "deepseek", "perplexity")

#: Entries of a page that stand for every host.
_EVERYTHING = ("all", "any", "everything")


@dataclass(frozen=True)
class Pages:
    """What is on the pages of the device now, as an administrator copied it; None for a page that was not copied.

    ``category``: domains of our custom category. ``exceptions``: pairs (for whom, action) of the exceptions that name it, in the words of
    ``audience``; ``application_exceptions``: pairs (application, for whom). ``blocked_applications``: names of applications that are blocked.
    ``inspected_domains``, ``inspected_categories``: what SSL Inspection is designated for.
    """

    category: tuple[str, ...] | None = None
    exceptions: tuple[tuple[str, str], ...] | None = None
    application_exceptions: tuple[tuple[str, str], ...] = ()
    blocked_applications: tuple[str, ...] | None = None
    inspected_domains: tuple[str, ...] | None = None
    inspected_categories: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``audience``: principals in words, such as "group AI users"."""

    host: str
    audience: tuple[str, ...] = ()
    category_name: str = "ChatGPT allow"
    protected: tuple[str, ...] = ()
    pages: Pages = field(default_factory=Pages)
    settings: tuple[str, ...] = ()
    backup: str | None = None


def render(pattern: Pattern) -> tuple[str, ...]:
    """Domains have no wildcard: one stands for itself and everything below it."""
    return (pattern.name,)


class BarracudaAdapter(Adapter):
    """One gateway, or several that share their policy by Linked Management."""

    traits = Traits(
        product="barracuda_wsg", kinds=(CATEGORY, INSPECTED, EXCEPTION, APPLICATION_EXCEPTION), by_hand=True,
        exclusive="nothing is written; carry out the plan by hand")

    def __init__(self, settings: Settings, api: Api | None = None, transport: Transport | None = None):
        self._settings, self._api, self._transport = settings, api, transport
        self._pages = settings.pages

    @property
    def device(self) -> str:
        return self._settings.host

    def requests(self) -> dict:
        return self._transport.requests() if self._transport else {"reads": 0, "writes": 0, "connections": 0, "waited": 0}

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        return render(pattern)

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        pages, objects = self._pages, Objects()

        def add(kind, name, fields, members=None, ours=True):
            made = Object(Ref(kind, name), fields, members or {}, ours=ours)
            # An exception that is there twice, with two actions, is ambiguous: at other times, or for other reasons, it may be the other one.
            if objects.get(made.ref) != made:
                objects.add(made)
        if pages.category:
            add(CATEGORY, self._settings.category_name, {}, {"domains": frozenset(domain.strip().lower() for domain in pages.category)})
        for who, action in pages.exceptions or ():
            add(EXCEPTION, who, self._exception(action))
        for application, who in pages.application_exceptions:
            add(APPLICATION_EXCEPTION, "%s for %s" % (application, who), {"action": "allow"})
        for domain in pages.inspected_domains or ():
            add(INSPECTED, domain, {}, ours=False)
        asked = {name: self._api.variable(name) for name in self._settings.settings}
        return State(objects, diagnosis={"settings": asked} if asked else {})

    def _exception(self, action: str = "allow") -> dict:
        return {"action": action, "category": self._settings.category_name}

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        name = self._settings.category_name
        domains = frozenset(domain for pattern in policy.allow for domain in render(pattern))
        return [Wanted(Object(Ref(CATEGORY, name), {}, {"domains": domains}))] + [
            Wanted(Object(Ref(EXCEPTION, who), self._exception())) for who in self._settings.audience]

    def assess(self, policy: Policy, state: State) -> Assessment:
        found = Findings(manual=self._manual(policy), product="barracuda", protected=self._settings.protected)
        if self._settings.backup and policy.allow:
            found.diagnosis["backup"] = mentions(self._settings.backup, policy.allow)
            names = [one["variable"] for one in found.diagnosis["backup"]["found"]]
            if names:
                found.warnings.append("the backup mentions wanted hosts in %s: check there for settings that block or inspect them" % ", ".join(names[:10]))
        self._applications(policy, state, found)
        decrypted = self._inspection(policy, state, found)
        held = Index(self._domains(state))
        exceptions = [state.objects.get(Ref(EXCEPTION, who)) for who in self._settings.audience]
        linked = bool(exceptions) and all(one is not None and one.fields == self._exception() for one in exceptions)
        denying = [conflict for conflict in found.conflicts if conflict.effect == "deny"]
        blocked = {host for conflict in denying if conflict.certain for host in conflict.hosts}
        exempt = Index(policy.exempt)
        for pattern in policy.allow:
            known = self._pages.category is not None and self._pages.exceptions is not None
            opened = linked and held.covering(pattern) is not None and str(pattern) not in blocked
            # Which other hosts a blocked application holds, only the vendor knows.
            unsure = not known or self._pages.blocked_applications is None or denying
            allowed = "no" if known and not opened else "unchecked" if unsure else "yes"
            skipped = "not wanted" if exempt.covering(pattern) is None else self._exempt(pattern, decrypted)
            found.coverage.append(Coverage(
                str(pattern), allowed, skipped, allowed_by="custom category %s" % self._settings.category_name if allowed == "yes" else None,
                exempt_by="SSL Inspection does not list it" if skipped == "yes" else None, note=self._note(pattern)))
        return found

    def _domains(self, state: State) -> list:
        category = state.objects.get(Ref(CATEGORY, self._settings.category_name))
        return _patterns(category.members["domains"] if category else ())

    @staticmethod
    def _note(pattern: Pattern) -> str:
        wider = {EXACT: "widened: %s also stands for every subdomain; ", SUBDOMAINS: "widened: %s itself is included; ", DOMAIN: "%.0s"}[pattern.kind]
        return wider % pattern.name + "a subdomain that the vendor rates on its own is not included"

    def _applications(self, policy, state: State, found: Findings) -> None:
        """Applications are asked before categories, and exceptions for applications before both."""
        for name in self._pages.blocked_applications or ():
            concerned = tuple(str(pattern) for pattern in policy.allow if "openai" in pattern.name or "chatgpt" in pattern.name)
            if not any(word in name.lower() for word in _OURS):
                self._perhaps(name, policy, found)
                continue
            number = _id("application", name)
            wanted = [Ref(APPLICATION_EXCEPTION, "%s for %s" % (name, who)) for who in self._settings.audience]
            missing = [ref for ref in wanted if ref not in state.objects]
            if wanted and not missing:
                found.resolved[number] = wanted[0]
                continue
            remedy = tuple(Change(ref, CREATE, {"action": (None, "allow")}) for ref in missing)
            found.conflict("application %s" % name, "deny", "blocked application %s" % name, "asked before every category", concerned, True, remedy,
                           "everything else in the application %s, for the audience" % name, name)

    @staticmethod
    def _perhaps(name: str, policy, found: Findings) -> None:
        """A blocked application that may hold a wanted host."""
        if not any(word in name.lower() for word in _UNRELATED):
            found.conflict("application %s" % name, "deny", "blocked application %s" % name, "asked before every category", policy.allow, False,
                           opens="only the device knows which hosts it contains: check for wanted hosts", name=name)

    def _inspection(self, policy, state: State, found: Findings):
        """(Patterns of designated domains, whether all entries are understood); None if they were not copied. An exempt pattern that meets one is a
        conflict."""
        if self._pages.inspected_domains is None:
            return None
        named = {ref.name: _designated(ref.name) for ref in sorted(state.objects) if ref.kind == INSPECTED}
        domains = {name: patterns for name, patterns in named.items() if patterns is not None}
        odd = sorted(set(named) - set(domains))
        if odd:
            found.conflict("inspected entries", "decrypt", "SSL Inspection, designated domains", "not understood: %s" % ", ".join(odd), policy.exempt, False,
                           opens="only the device knows which hosts these entries contain: check for wanted hosts")
        for pattern in policy.exempt:
            # The id is that of the wanted pattern: a domain that was taken out leaves no trace to know it by.
            number, meeting = _id("inspected", str(pattern)), [name for name, one in domains.items() if _meet(one, pattern)]
            offered = [name for name in meeting if name not in self._settings.protected]
            if not meeting:
                found.resolved[number] = Ref(INSPECTED, pattern.name)
            if not offered:
                continue
            where = "SSL Inspection, designated domain%s %s" % ("s" * (len(offered) > 1), ", ".join(offered))
            wider = [name for name in offered if Index(policy.exempt).covering(domains[name][0]) is None]
            found.conflict("inspected %s" % pattern, "decrypt", where, "everything below is decrypted", [pattern], True,
                           tuple(Change(Ref(INSPECTED, name), DELETE) for name in offered),
                           "everything else below %s is no longer inspected" % ", ".join(wider) if wider else "")
            found.lose("av", where, (str(pattern),))
        categories = self._pages.inspected_categories
        if categories:
            found.conflict("inspected categories ", "decrypt", "SSL Inspection, designated categories", ", ".join(categories), policy.exempt, False,
                           opens="only the device knows which hosts they contain: look up the category of OpenAI's hosts on the test page, and remove it")
        return [pattern for designated in domains.values() for pattern in designated], not odd

    def _exempt(self, pattern: Pattern, decrypted) -> str:
        if decrypted is None or self._pages.inspected_categories is None:
            return "unchecked"
        patterns, understood = decrypted
        if _meet(patterns, pattern):
            return "no"
        return "yes" if understood and not self._pages.inspected_categories else "unchecked"

    def _manual(self, policy) -> list:
        lines = []
        if self._pages.category is None or self._pages.exceptions is None:
            lines.append("the settings of %s are unknown: copy %s and %s into the option pages; without them these steps assume an empty "
                         "configuration" % (self.device, CATEGORIES_PAGE, EXCEPTIONS_PAGE))
        if policy.allow and self._pages.blocked_applications is None:
            lines.append("check which applications are blocked, and copy their names into pages.blocked_applications")
        if policy.exempt and (self._pages.inspected_domains is None or self._pages.inspected_categories is None):
            lines.append("%s: check whether domains or categories of OpenAI are listed, and copy them into the option pages" % INSPECTION_PAGE)
        lines += ["voice (%s): this gateway filters web traffic only; open it on the firewall at the network edge" % media for media in policy.media]
        return lines

    # -- writing, by an administrator

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        for change in changes:
            yield from _STEPS[change.ref.kind](change)

    def send(self, request: dict) -> object:
        raise AccessError(REFUSED, "the API of %s cannot write policy: carry out the plan by hand" % self.device)


def _category_steps(change):
    added, removed = change.members.get("domains", ((), ()))
    if change.op == DELETE:
        yield _step(change, CATEGORIES_PAGE, "remove", "the custom category %s" % change.ref.name)
        return
    if added:
        what = "create the custom category %s with these %d domains" if change.op == CREATE else "add to the custom category %s these %d domains"
        yield _step(change, CATEGORIES_PAGE, "add", what % (change.ref.name, len(added)), added)
    if removed:
        yield _step(change, CATEGORIES_PAGE, "take out", "remove from the custom category %s these %d domains" % (change.ref.name, len(removed)), removed)


def _exception_steps(change):
    if change.op == DELETE:
        yield _step(change, EXCEPTIONS_PAGE, "remove", "the exception of the custom category for %s" % change.ref.name)
        return
    category = change.fields.get("category", (None, None))[1]
    what = "add an exception: Allow, custom category %s, for %s" % (category, change.ref.name) if change.op == CREATE else (
        "set the exception for %s to %s" % (change.ref.name, ", ".join("%s %s" % (name, new) for name, (_old, new) in sorted(change.fields.items()))))
    yield _step(change, EXCEPTIONS_PAGE, "set", what)


def _application_steps(change):
    application, _for, who = change.ref.name.partition(" for ")
    if change.op == DELETE:
        yield _step(change, EXCEPTIONS_PAGE, "remove", "the exception of the application %s for %s" % (application, who))
    else:
        yield _step(change, EXCEPTIONS_PAGE, "set", "add an exception: Allow, application %s, for %s" % (application, who))


def _inspected_steps(change):
    if change.op == DELETE:
        yield _step(change, INSPECTION_PAGE, "take out", "remove the domain %s from those designated for inspection" % change.ref.name)
    else:
        yield _step(change, INSPECTION_PAGE, "add", "designate the domain %s for inspection again" % change.ref.name)


_STEPS = {CATEGORY: _category_steps, EXCEPTION: _exception_steps, APPLICATION_EXCEPTION: _application_steps, INSPECTED: _inspected_steps}


def _step(change, page: str, do: str, what: str, entries=()) -> Step:
    """``paste`` holds the entries as the page takes them: one a line."""
    words = "%s: %s%s%s, %s" % (page, "remove " if do == "remove" else "", what, ": " + " ".join(entries) if entries else "", _SAVE)
    request = {"page": page, "do": do, "kind": change.ref.kind, "name": change.ref.name, "fields": {name: new for name, (_old, new) in change.fields.items()}}
    if entries:
        request["paste"] = "\n".join(entries)
    return Step(words, request)


def _patterns(domains) -> list:
    """Designated and listed domains stand for themselves and everything below; what is no domain says nothing."""
    found = [parse_if("." + domain.strip().lower().lstrip("*").lstrip(".")) for domain in domains]
    return [pattern for pattern in found if pattern is not None]


def _designated(entry: str) -> list | None:
    """The Patterns that an entry of the list for inspection is about, none for an address; None if it is not understood. Of a URL the whole host is
    decrypted."""
    text = entry.strip().lower()
    pattern = None if text in _EVERYTHING else domain_of(text)
    return [pattern] if pattern else [] if _is_address(text) else None


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def _meet(designated: list, pattern: Pattern) -> bool:
    """Whether a host of ``pattern`` is in one of the designated domains."""
    return Index(designated).covering(pattern) is not None or any(Index([pattern]).covering(one) for one in designated)


def _id(kind: str, name: str) -> str:
    return conflict_id("barracuda", "%s %s" % (kind, name))


def audience(who: dict) -> tuple:
    """The principals of the option, in words."""
    found = ["group %s" % name for name in who.get("groups") or ()] + ["user %s" % name for name in who.get("users") or ()]
    return tuple(found) + (EVERYONE if who.get("everyone") else ())


def from_module(module: AnsibleModule) -> BarracudaAdapter:
    """The adapter for a task. :raises AccessError: refused, for an audience that names nobody, or settings without a password."""
    p = module.params
    who = audience(p["audience"] or {})
    if p["state"] in ("merged", "replaced", "rendered") and not who:
        raise AccessError(REFUSED, "audience: set groups or users, or everyone: true")
    if p["settings"] and not p["password"]:
        raise AccessError(REFUSED, "settings: to read global variables, set password to the API password of BASIC > Administration")
    seen = p["pages"] or {}
    pages = filled(
        Pages, seen,
        exceptions=None if seen.get("exceptions") is None else tuple((one["audience"], one["action"]) for one in seen["exceptions"]),
        application_exceptions=tuple((one["application"], one["audience"]) for one in seen.get("application_exceptions") or ()))
    settings = filled(Settings, p, audience=who, pages=pages)
    if not p["settings"]:
        return BarracudaAdapter(settings)
    transport = by_options(p, "https://%s:%d" % (p["host"], p["port"]))
    return BarracudaAdapter(settings, Api(transport, p["password"]), transport)
