# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URL categories: the custom ones, entries added to the built-in ones, incremental changes, quota and what a domain is held by."""
from __future__ import annotations

import re

from tests.products.server import copied
from tests.products.zia.twin.policy import entry_matches
from tests.products.zia.twin.shape import (
    FLAG, STRINGS, TREE, WORDS, ApiError, bad_argument, entry_fault, gone, invalid_body, typed,
)

LISTS = ("urls", "dbCategorizedUrls", "keywords", "keywordsRetainingParentCategory", "ipRanges", "ipRangesRetainingParentCategory",
         "regexPatterns", "regexPatternsRetainingParentCategory")
URL_LISTS = LISTS[:2]
SCHEMA = dict({name: WORDS for name in LISTS}, configuredName=STRINGS, superCategory=STRINGS, description=STRINGS, type=STRINGS, urlType=STRINGS,
              customCategory=FLAG, urlKeywordCounts=TREE)
COUNTS = {"urls": "customUrlsCount", "dbCategorizedUrls": "urlsRetainingParentCategoryCount", "ipRanges": "customIpRangesCount",
          "ipRangesRetainingParentCategory": "ipRangesRetainingParentCategoryCount"}


def builtin(name: str, parent: str, value: int) -> dict:
    return {"id": name, "superCategory": parent, "val": value, "customCategory": False, "type": "URL_CATEGORY", "urls": [], "dbCategorizedUrls": []}


def custom(number: int, name: str, **more) -> dict:
    return dict({"id": "CUSTOM_%02d" % number, "configuredName": name, "superCategory": "USER_DEFINED", "val": 127 + number, "customCategory": True,
                 "type": "URL_CATEGORY", "urls": [], "dbCategorizedUrls": []}, **more)


class Categories:
    """Operations on the categories of a configuration (``{id: category}``)."""

    def __init__(self, store: dict, knobs):
        self.store, self.knobs = store, knobs

    def find(self, key: str) -> dict:
        if key not in self.store:
            raise gone("URL category " + key)
        return self.store[key]

    def listing(self, query: dict, light: bool = False) -> list:
        wanted = query.get("type", "ALL").upper()
        only = light or query.get("customOnly", "").lower() == "true"
        rows = [self.render(one) for one in self.store.values()
                if (not only or one["customCategory"]) and wanted in ("ALL", one["type"])]
        if query.get("includeOnlyUrlKeywordCounts", "").lower() == "true":
            rows = [{name: value for name, value in row.items() if name not in LISTS} for row in rows]
        return rows

    def render(self, category: dict) -> dict:
        shown = copied(category)
        for name in URL_LISTS:
            # The order of an answer is not that of the request.
            shown[name] = sorted(shown.get(name, []), key=lambda entry: entry[::-1])
        for name, count in COUNTS.items():
            shown[count] = len(category.get(name, []))
        return dict(shown, editable=shown.get("editable", True), categoryGroup="REGULAR", urlType=shown.get("urlType", "EXACT"))

    def create(self, body: object) -> dict:
        given = self._checked(body)
        for name in ("configuredName", "superCategory"):
            if not given.get(name):
                raise bad_argument("%s cannot be null" % name)
        taken = {int(key[7:]) for key in self.store if key.startswith("CUSTOM_")}
        if len(taken) >= self.knobs.max_categories:
            raise ApiError(403, "LIMIT_EXCEEDED", "Maximum number of custom categories reached")
        number = next(one for one in range(1, len(taken) + 2) if one not in taken)
        given = {name: value for name, value in given.items() if name not in ("customCategory", "urlKeywordCounts")}
        made = custom(number, given.pop("configuredName"), **given)
        self._settle(made["id"], made)
        return self.render(made)

    def change(self, key: str, body: object, action: str | None) -> dict:
        old = self.find(key)
        if old.get("editable") is False:
            raise ApiError(403, "SCOPE_LIMITED", "The category is out of scope")
        given = self._checked(body, incremental=action is not None)
        new = {name: old[name] for name in ("id", "val", "customCategory", "type")}
        if action is None:
            if old["customCategory"] and not given.get("configuredName"):
                raise bad_argument("configuredName cannot be null")
            if not old["customCategory"]:
                new["superCategory"] = old["superCategory"]
            new.update({"urls": [], "dbCategorizedUrls": []})
            new.update({name: value for name, value in given.items() if name != "customCategory"})
        elif action in ("ADD_TO_LIST", "REMOVE_FROM_LIST"):
            # Other fields of the body are taken over as well (provider release notes).
            new = dict(copied(old), **{name: value for name, value in given.items() if name not in LISTS and name != "customCategory"})
            for name in LISTS:
                if name in given:
                    new[name] = self._merged(old.get(name, []), given[name], action)
        else:
            raise bad_argument("Invalid action %s" % action)
        self._settle(key, new)
        return self.render(new)

    def _merged(self, old: list, given: list, action: str) -> list:
        # guess: what is there already, or is not there, changes nothing.
        if action == "ADD_TO_LIST":
            return old + [entry for entry in dict.fromkeys(given) if entry not in old]
        return [entry for entry in old if entry not in given]

    def _checked(self, body: object, incremental: bool = False) -> dict:
        given = typed(body, SCHEMA)
        for name in URL_LISTS:
            for entry in given.get(name, []):
                if entry_fault(entry):
                    # guess: the text. One bad entry refuses the whole request.
                    raise bad_argument("Invalid URL: %s" % entry)
            given[name] = list(dict.fromkeys(given[name])) if name in given else given.get(name)
        name = given.get("configuredName")
        if name and (not re.fullmatch(r"[A-Za-z0-9_\-.() ]+", name) or len(name) > self.knobs.category_name_length):
            raise bad_argument("Invalid configuredName")
        for patterns in ("regexPatterns", "regexPatternsRetainingParentCategory"):
            if any(not 3 <= len(one) <= 255 for one in given.get(patterns, [])) or len(given.get(patterns, [])) > 256:
                raise bad_argument("Invalid regex pattern")
        return {field: value for field, value in given.items() if value is not None}

    def _settle(self, key: str, new: dict) -> None:
        name = new.get("configuredName")
        if name and any(other != key and one.get("configuredName", "").lower() == name.lower() for other, one in self.store.items()):
            raise ApiError(self.knobs.duplicate_status, "DUPLICATE_ITEM", "URL category with name %s already exists" % name)
        trial = dict(self.store, **{key: new})
        if len(_entries(trial)) > self.knobs.max_urls or len(_entries(trial, "keywords", "keywordsRetainingParentCategory")) > 2048:
            raise ApiError(403, "LIMIT_EXCEEDED", "The URL limit of the organization has been exceeded")
        self.store[key] = new

    def delete(self, key: str, users: int) -> None:
        category = self.find(key)
        if not category["customCategory"]:
            raise ApiError(400, "INVALID_OPERATION", "A predefined category cannot be deleted")
        if users:
            raise ApiError(self.knobs.in_use_status, "RESOURCE_IN_USE", "URL_CATEGORY is associated with %d rule(s). Deletion is not allowed" % users)
        del self.store[key]

    def quota(self) -> dict:
        used = len(_entries(self.store))
        return {"uniqueUrlsProvisioned": used, "remainingUrlsQuota": self.knobs.max_urls - used}

    def review(self, hosts: object) -> list:
        """Which categories hold entries that match a domain, or lie below it."""
        if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
            raise invalid_body()
        rows = []
        for host in hosts:
            name = host.removeprefix(".")
            for kind in ("WILDCARD", "SUBDOMAIN"):
                found = [{"id": one["id"], "name": one.get("configuredName", one["id"])} for one in self.store.values()
                         if any(_reviewed(entry, name, kind) for field in URL_LISTS for entry in one.get(field, []))]
                if found:
                    rows.append({"url": host, "domainType": kind, "matches": found})
        return rows


def _reviewed(entry: str, name: str, kind: str) -> bool:
    """guess: a wildcard entry that matches the domain is WILDCARD; an entry for the domain itself or below it is SUBDOMAIN."""
    held = re.split("[:/]", entry)[0]
    if kind == "WILDCARD":
        return held.startswith(".") and entry_matches(held, name) > 0
    return ("." + held.removeprefix(".")).endswith("." + name) and not (held.startswith(".") and entry_matches(held, name) > 0)


def _entries(store: dict, *fields: str) -> set:
    return {entry for one in store.values() for field in fields or URL_LISTS for entry in one.get(field, [])}
