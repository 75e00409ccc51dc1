# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the service according to its status page. Controller only; pure except for ``fetch``.

The status page has two forms: a Statuspage-compatible one (/api/v2/summary.json) and its host's own (/proxy/status.openai.com), read from
public adapters of incident.io. Both change without notice, so every field is optional, and what is not understood is ``unknown``.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import download
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish.download import MAX_BYTES

OPERATIONAL, DEGRADED, OUTAGE, MAINTENANCE, UNKNOWN = "operational", "degraded", "outage", "maintenance", "unknown"
#: From best to worst; unknown is worse than good and better than bad.
_RANK = [OPERATIONAL, UNKNOWN, MAINTENANCE, DEGRADED, OUTAGE]
_WORDS = {
    "operational": OPERATIONAL, "none": OPERATIONAL, "degraded_performance": DEGRADED, "degraded": DEGRADED, "minor": DEGRADED, "partial_outage": OUTAGE,
    "major_outage": OUTAGE, "full_outage": OUTAGE, "major": OUTAGE, "critical": OUTAGE, "under_maintenance": MAINTENANCE, "maintenance": MAINTENANCE,
}
_OVER = ("resolved", "postmortem", "completed", "maintenance_complete", "scheduled", "maintenance_scheduled")
_FEATURES = Path(__file__).parent / "status_features.yml"


class StatusError(ValueError):
    """An invalid option, or a missing package."""


def rules(own=()) -> list:
    """[(compiled expression, features)], custom rules first. :raises StatusError: for an invalid rule."""
    found = []
    for number, rule in enumerate(list(own) + yaml_load(_FEATURES.read_text(encoding="utf-8")), 1):
        if not isinstance(rule, dict) or set(rule) != {"component", "features"} or not isinstance(rule["features"], list):
            raise StatusError("components, rule %d: component and features are required" % number)
        try:
            found.append((re.compile(rule["component"], re.I), [str(one) for one in rule["features"]]))
        except (re.error, TypeError) as error:
            raise StatusError("components, rule %d: %s" % (number, error)) from error
    return found


def fetch(url: str, timeout: float, verify, proxy: str | None) -> tuple:
    """(JSON value or None, what went wrong or None). A redirect to another site is not an answer of the status page.

    :raises StatusError: without the Python package requests.
    """
    try:
        body, problem = download.get(url, timeout, verify, proxy, "application/json")
    except download.DownloadError as error:
        raise StatusError(str(error)) from error
    return (None, problem) if body is None else parse(body)


def parse(body: bytes) -> tuple:
    """(JSON value or None, what is wrong with it or None)."""
    if len(body) > MAX_BYTES:
        return None, "the answer is larger than %d MiB" % (MAX_BYTES // 1048576)
    try:
        return json.loads(body.decode("utf-8-sig")), None
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None, "the answer is not JSON%s" % (" but a web page" if b"<html" in body[:2000].lower() else "")


def judge(data, feature_rules: list) -> dict:
    """``{"state", "features", "components", "incidents", "source"}`` of either format; anything else is unknown."""
    if not isinstance(data, dict):
        return _result(UNKNOWN, [], [], "none", feature_rules)
    if isinstance(data.get("summary"), dict):
        return _native(data["summary"], feature_rules)
    if isinstance(data.get("components"), list) or isinstance(data.get("status"), dict):
        return _shim(data, feature_rules)
    return _result(UNKNOWN, [], [], "none", feature_rules)


def _shim(data: dict, feature_rules: list) -> dict:
    listed = _dicts(data.get("components"))
    groups = {_id(one): _text(one.get("name")) for one in listed if one.get("group") is True}
    components = [{"name": _text(one.get("name")), "group": groups.get(_id(one, "group_id"), ""), "status": _word(one.get("status")), "id": _id(one)}
                  for one in listed if one.get("group") is not True and _text(one.get("name"))]
    incidents = [_incident(one, [_text(part.get("name")) for part in _dicts(one.get("components"))], one.get("impact"))
                 for one in _dicts(data.get("incidents")) if _text(one.get("status")).lower() not in _OVER]
    said = [_word(data["status"].get("indicator")) if isinstance(data.get("status"), dict) else UNKNOWN]
    # A row that cannot be read, or has no name, counts for the whole page.
    said += [UNKNOWN] * (not all(_whole(data[key]) for key in ("components", "incidents") if key in data))
    said += [_word(one.get("status")) for one in listed if one.get("group") is not True]
    return _result(max(said, key=_RANK.index), components, incidents, "shim", feature_rules)


def _native(summary: dict, feature_rules: list) -> dict:
    groups = {}
    structure = summary.get("structure")
    for item in _dicts(structure.get("items") if isinstance(structure, dict) else None):
        group = item.get("group") if isinstance(item.get("group"), dict) else {}
        groups.update({_id(one, "component_id"): _text(group.get("name")) for one in _dicts(group.get("components"))})
    affected: dict = {}
    for one in _dicts(summary.get("affected_components")):
        name = _id(one, "component_id")
        affected[name] = max(affected.get(name, OPERATIONAL), _word(one.get("status")), key=_RANK.index)
    known = _whole(summary.get("affected_components"))
    components = [{"name": _text(one.get("name")), "group": groups.get(_id(one), ""), "id": _id(one),
                   "status": affected.get(_id(one), OPERATIONAL if known else UNKNOWN)}
                  for one in _dicts(summary.get("components")) if _text(one.get("name"))]
    names = {one["id"]: one["name"] for one in components}
    incidents = []
    for one in _dicts(summary.get("ongoing_incidents")):
        touched = _dicts(one.get("affected_components")) + _dicts(one.get("component_impacts"))
        hit = [names.get(_id(part, "component_id"), "") for part in touched]
        words = [_word(part.get("status") or part.get("impact")) for part in touched]
        if _text(one.get("status")).lower() not in _OVER:
            incidents.append(_incident(one, hit, max(words, key=_RANK.index, default=UNKNOWN)))
    overall = OPERATIONAL if known and _whole(summary.get("ongoing_incidents")) else UNKNOWN
    # An outage of something that the page does not list counts for the whole page.
    return _result(max([overall, *affected.values()], key=_RANK.index), components, incidents, "native", feature_rules)


def _incident(one: dict, names: list, impact) -> dict:
    return {"id": _text(one.get("id")), "name": _text(one.get("name")), "status": _text(one.get("status")),
            "impact": impact if impact in _RANK else _word(impact), "url": _text(one.get("shortlink") or one.get("url")),
            "started": _text(one.get("started_at") or one.get("created_at") or one.get("published_at")),
            "components": sorted({name for name in names if name})}


def _result(overall: str, components: list, incidents: list, source: str, feature_rules: list) -> dict:
    features: dict = {}
    for one in components:
        one["features"] = _features("%s / %s" % (one.pop("group"), one["name"]), feature_rules)
        one.pop("id")
        for feature in one["features"]:
            features[feature] = max(features.get(feature, OPERATIONAL), one["status"], key=_RANK.index)
    for incident in incidents:
        incident["features"] = sorted({feature for name in incident["components"] for feature in _features(" / %s" % name, feature_rules)})
        for feature in incident["features"]:
            features[feature] = max(features.get(feature, OPERATIONAL), incident["impact"], key=_RANK.index)
    words = [overall] + [one["status"] for one in components] + [one["impact"] for one in incidents]
    return {"state": max(words, key=_RANK.index), "features": dict(sorted(features.items())),
            "components": components, "incidents": incidents, "source": source}


def _features(name: str, feature_rules: list) -> list:
    return next((features for form, features in feature_rules if form.search(name)), [])


def _dicts(value) -> list:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _id(row: dict, key: str = "id") -> str:
    """The id of a row, or of the row that it refers to; the page may contain any value there."""
    return str(row.get(key))


def _whole(value) -> bool:
    """Whether a value is a list in which every row can be read."""
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _text(value) -> str:
    return value if isinstance(value, str) else ""


def _word(value) -> str:
    return _WORDS.get(_text(value).lower(), UNKNOWN)


def sentence(result: dict) -> str:
    """One line for an operator."""
    if result["state"] == UNKNOWN and not result["components"]:
        return "the state of the service is unknown"
    bad = ["%s: %s" % (feature, word) for feature, word in result["features"].items() if word not in (OPERATIONAL, UNKNOWN)]
    ongoing = ["%s (%s)" % (one["name"], one["url"] or one["status"]) for one in result["incidents"]]
    parts = ["the service reports %s" % result["state"]] + bad + ongoing
    return "; ".join(parts)
