# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration as plain data that can be compared: no ids, no times, names instead of references."""
from __future__ import annotations

from tests.products.zia.twin.rules import AGENTS, METHODS

#: Fields whose whole set means the same as no field.
EVERYTHING = {"requestMethods": set(METHODS), "userAgentTypes": set(AGENTS)}


def _set(value) -> set | None:
    return set(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def bearing(config: dict, whole: bool = False) -> dict:
    """``whole``: also what bears no policy (disabled rules, and what no rule shown uses: categories without entries, network services)."""
    names = {key: one.get("configuredName", key) for key, one in config["categories"].items()}
    rules = {}
    for kind, rows in config["rules"].items():
        ordered = sorted(rows, key=lambda rule: (bool(rule.get("defaultRule")), rule["order"]))
        rules[kind] = [_plain(rule, names) for rule in ordered if whole or rule.get("state", "ENABLED") == "ENABLED"]
    used = {name for rows in rules.values() for rule in rows for field in ("urlCategories", "urlCategories2") for name in rule.get(field, ())}
    categories = {}
    for key, one in config["categories"].items():
        held = {field: sorted(value) if isinstance(value, list) else value for field, value in one.items() if value and field not in ("id", "val")}
        if whole or names[key] in used or any(isinstance(value, list) for value in held.values()):
            categories[names[key]] = held
    services = {row["id"]: row["name"] for row in config["objects"]["networkServices"]}
    named = {ref["id"] for rule in rules["firewallFilteringRules"] for ref in rule.get("nwServices", ())}
    for rule in rules["firewallFilteringRules"]:
        if "nwServices" in rule:
            rule["nwServices"] = sorted(services[ref["id"]] for ref in rule["nwServices"])
    objects = {kind: sorted(({field: value for field, value in row.items() if field != "id"} for row in rows
                             if whole or kind != "networkServices" or row["id"] in named), key=lambda row: row["name"])
               for kind, rows in config["objects"].items()}
    settings = {name: {field: sorted(value) if isinstance(value, list) else value for field, value in values.items()}
                for name, values in config["settings"].items()}
    return {"categories": categories, "rules": rules, "objects": objects, "settings": settings}


def _plain(rule: dict, names: dict) -> dict:
    shown = {}
    for field, value in rule.items():
        if field in ("id", "order") or field.startswith("_") or value in ([], "", False) or EVERYTHING.get(field, set()) == _set(value):
            continue
        if field in ("urlCategories", "urlCategories2"):
            value = sorted(names.get(key, key) for key in value)
        elif isinstance(value, list):
            value = sorted(value, key=str)
        shown[field] = value
    return shown
