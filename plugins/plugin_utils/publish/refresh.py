# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what is published with the catalogue. The result is a proposal for review: an overlay in the catalogue's schema, and a text. Pure.

Nothing here edits the catalogue. With the proposal applied, the catalogue says what is published, so refreshing again proposes nothing.
"""
from __future__ import annotations

import datetime
import difflib
import re
from dataclasses import replace

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import covers, parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Catalogue, in_version
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish.published import Feed, Page, PublishedError

HIGH, MEDIUM, LOW = "high", "medium", "low"
_ALIKE = 0.8
#: What a reviewer has to look up for an unknown name on the list, with the cautious value of each.
_UNKNOWN = {"owner": "to be reviewed", "features": ["chat"], "clients": ["web", "ios", "android", "macos", "windows"], "level": "optional",
            "tenancy": "shared", "exemption": "may"}
_INHERITED = tuple(_UNKNOWN) + ("ports",)
PURPOSE = "To be reviewed"


def compare_page(catalogue: Catalogue, page: Page, date: str, max_missing: int) -> dict:
    """``{"same_as", "compared_with", "added", "removed", "renamed", "mentioned", "unread", "kept"}``; each change has ``pattern``, ``confidence``,
    ``why``.

    While a line is ``unread``, no name counts as removed: those that were not found are ``kept``.

    ``date`` (YYYY-MM-DD): of the list, if it is a new one; ``max_missing``: percent of the newest known list that may be missing before
    the page counts as incomplete. ``same_as``: the known list that equals the page; there are no changes then.

    :raises PublishedError: for an incomplete page, and for a new list that would be older than a known one.
    """
    lists = {version: _listed(catalogue, version) for version in catalogue.version_names()}
    newest = max(lists)
    # The apex beside its wildcard is not a separate name if the entry covers both.
    apexes = {parse(entry["pattern"]).name for entry in catalogue.entries if entry["apex"]}
    page = replace(page, patterns=[pattern for pattern in page.patterns if pattern not in apexes or "*." + pattern not in page.patterns])
    published = set(page.patterns)
    same = next((version for version in sorted(lists, reverse=True) if {entry["pattern"] for entry in lists[version]} == published), None)
    nothing = {"same_as": same, "compared_with": newest, "added": [], "removed": [], "renamed": [], "mentioned": _unknown(catalogue, page),
               "unread": page.unread, "kept": []}
    if same:
        return nothing
    gone = [entry for entry in lists[newest] if entry["pattern"] not in published]
    if page.unread and not [pattern for pattern in page.patterns if pattern not in {entry["pattern"] for entry in lists[newest]}]:
        return dict(nothing, kept=[entry["pattern"] for entry in gone])
    if len(gone) * 100 > max_missing * len(lists[newest]):
        raise PublishedError("incomplete or wrong page: it lacks %d of the %d names of the list of %s. If the page is correct, raise max_missing (%d %%)"
                             % (len(gone), len(lists[newest]), newest, max_missing))
    if date <= newest:
        raise PublishedError("the list on the page differs from that of %s, so its date (%s) must be later" % (newest, date))
    new = [pattern for pattern in page.patterns if pattern not in {entry["pattern"] for entry in lists[newest]}]
    sure = HIGH if page.whole and page.stance else MEDIUM
    renamed = [] if page.unread else _renamed(gone, new, sure)
    there = {one["pattern"] for one in renamed} | {one["was"] for one in renamed}
    added = [dict(_addition(catalogue, pattern, sure), pattern=pattern) for pattern in new if pattern not in there]
    removed = [{"pattern": entry["pattern"], "confidence": sure, "why": "it is no longer on the list" if sure == HIGH else
                "it is no longer on the list, but the end or meaning of the list is uncertain"} for entry in gone if entry["pattern"] not in there]
    if page.unread:
        return dict(nothing, added=added, kept=[one["pattern"] for one in removed])
    return dict(nothing, added=added, removed=removed, renamed=renamed)


def _listed(catalogue: Catalogue, version: str) -> list:
    return [entry for entry in catalogue.entries if in_version(entry, version, datetime.date.min)]


def _unknown(catalogue: Catalogue, page: Page) -> list:
    """Hosts that the page only mentions and that nothing known covers."""
    known = [parse(item["pattern"]) for item in catalogue.entries + catalogue.extras + catalogue.companions] + [parse(one) for one in page.patterns]
    apexes = {parse(entry["pattern"]).name for entry in catalogue.entries if entry["apex"]}
    return [host for host in page.mentioned if host not in apexes and not any(covers(pattern, parse(host)) for pattern in known)]


def _renamed(gone: list, new: list, sure: str) -> list:
    """Pairs of a removed and an added name, the likeliest first; each name is in one pair."""
    found = []
    for entry in gone:
        for pattern in new:
            confidence, why, rank = _alike(parse(entry["pattern"]), parse(pattern), sure)
            if rank:
                found.append((rank, entry["pattern"], pattern, confidence, why))
    pairs, used = [], set()
    for _rank, was, pattern, confidence, why in sorted(found, reverse=True):
        if not {was, pattern} & used:
            used |= {was, pattern}
            pairs.append({"was": was, "pattern": pattern, "confidence": confidence, "why": why})
    return sorted(pairs, key=lambda pair: pair["pattern"])


def _alike(was, now, sure: str) -> tuple:
    if was.name == now.name:
        return sure, "the same name in another form", 3.0
    if covers(now, was) or covers(was, now):
        return MEDIUM, "the new name is %s than the old one" % ("wider" if covers(now, was) else "narrower"), 2.0
    ratio = difflib.SequenceMatcher(None, was.name, now.name, autojunk=False).ratio()
    return (LOW, "the names look alike", ratio) if ratio >= _ALIKE else (LOW, "", 0)


def _addition(catalogue: Catalogue, pattern: str, sure: str) -> dict:
    if any(entry["pattern"] == pattern for entry in catalogue.entries):
        return {"confidence": sure, "why": "it was on an earlier list and is back"}
    relative = _relative(catalogue, pattern)
    if relative is None:
        return {"confidence": LOW, "why": "its domain is unknown: look up owner, tenancy and exemption"}
    return {"confidence": sure, "why": "it belongs to the domain of %s, whose fields it inherits" % relative["pattern"]}


def _relative(catalogue: Catalogue, pattern: str) -> dict | None:
    """The entry whose fields are used for a new one: the nearest that covers it, else one of the same domain."""
    new = parse(pattern)
    over = [entry for entry in catalogue.entries if covers(parse(entry["pattern"]), new)]
    if over:
        return max(over, key=lambda entry: len(parse(entry["pattern"]).name))
    domain = new.name.split(".")[-2:]
    return next((entry for entry in catalogue.entries if parse(entry["pattern"]).name.split(".")[-2:] == domain), None)


def compare_feed(catalogue: Catalogue, feed: Feed, date: str, max_missing: int) -> dict | None:
    """``{"id", "added", "removed", "destinations", "feed_created", "feed_date"}``, or None if the catalogue has these addresses.

    :raises PublishedError: if most of the known addresses are missing: the other feeds, of crawlers and connectors, have the same form.
    """
    media = catalogue.media[0] if len(catalogue.media) == 1 else next(one for one in catalogue.media if one["until"] is None)
    known, found = set(media["destinations"]), set(feed.destinations)
    if known == found:
        return None
    gone = known - found
    if len(gone) * 100 > max_missing * len(known):
        raise PublishedError("it lacks %d of the %d known voice addresses: check that it is chatgpt-voice.json and not the feed of a crawler or of "
                             "connectors. If the feed is correct, raise max_missing (%d %%)" % (len(gone), len(known), max_missing))
    if feed.created < media["feed_created"]:
        raise PublishedError("it is dated %s, which is older than the feed in the catalogue (%s)" % (feed.created, media["feed_created"]))
    return {"id": media["id"], "added": sorted(found - known), "removed": sorted(gone), "destinations": feed.destinations,
            "feed_created": feed.created, "feed_date": date, "confidence": HIGH, "why": "the feed says so"}


# -- the proposal --------------------------------------------------------------------------------------------------


def overlay(catalogue: Catalogue, hosts: dict | None, addresses: dict | None, date: str, source: str) -> dict:
    """The changes as an overlay: a removed entry gets its last day and stays known, so that it can be removed from devices."""
    made: dict = {}
    if hosts and (hosts["added"] or hosts["removed"] or hosts["renamed"]):
        listed = {entry["pattern"]: entry for entry in _listed(catalogue, hosts["compared_with"])}
        taken = {item["id"] for item in catalogue.entries + catalogue.extras + catalogue.media}
        count = len(listed) + len(hosts["added"]) - len(hosts["removed"])
        made["versions"] = [{"version": date, "source": source, "note": "%d patterns" % count}]
        gone = [one["pattern"] for one in hosts["removed"]] + [one["was"] for one in hosts["renamed"]]
        made["entries"] = [{"id": listed[pattern]["id"], "until": date} for pattern in gone]
        made["entries"] += [_entry(catalogue, one, listed.get(one.get("was")), date, source, taken) for one in hosts["added"] + hosts["renamed"]]
    if addresses:
        made["media"] = [{key: addresses[key] for key in ("id", "destinations", "feed_date", "feed_created")}]
    return made


def _entry(catalogue: Catalogue, one: dict, was: dict | None, date: str, source: str, taken: set) -> dict:
    pattern = one["pattern"]
    # A returned entry gets a new record, since the older one says when it was not on the list.
    was = was or next((entry for entry in catalogue.entries if entry["pattern"] == pattern), None)
    model = was or _relative(catalogue, pattern) or _UNKNOWN
    name = re.sub(r"[^a-z0-9]+", "_", parse(pattern).name).strip("_")
    name = base = name if name[0].isalpha() else "host_" + name
    number = 1
    while name in taken:
        number += 1
        name = "%s_%d" % (base, number)
    taken.add(name)
    entry = {"id": name, "pattern": pattern, "purpose": was["purpose"] if was else PURPOSE}
    entry.update({key: model[key] for key in _INHERITED if key in model})
    if was and was["pattern"] == pattern:
        entry["apex"] = was["apex"]
    return dict(entry, since=date, until=None, sources=[source])


def files(catalogue: Catalogue, hosts: dict | None, addresses: dict | None, date: str, sources: list) -> dict:
    """{"proposal.yml": text, "proposal.md": text}, the same for equal input. ``sources``: [{"name", "sha256"}]; the first is named in new entries."""
    content = overlay(catalogue, hosts, addresses, date, "%s, list of %s" % (sources[0]["name"], date))
    head = ["# A proposal for review; nothing was changed. Apply it to the catalogue with the option overlays, or move it into chatgpt.yml",
            "# (see the README of the catalogue). Sources:"]
    head += ["#   %s, SHA-256 %s" % (one["name"], one["sha256"]) for one in sources]
    text = "\n".join(head) + "\n---\n" + yaml.safe_dump(content, sort_keys=False, default_flow_style=False, allow_unicode=True, width=150)
    return {"proposal.yml": text, "proposal.md": _summary(content, hosts, addresses, date, sources)}


def _summary(content: dict, hosts: dict | None, addresses: dict | None, date: str, sources: list) -> str:
    lines = ["# Proposed change of the catalogue, %s" % date, "", "Nothing was changed. Sources:", ""]
    lines += ["- %s, SHA-256 `%s`" % (one["name"].replace("|", "\\|"), one["sha256"]) for one in sources] + [""]
    rows = [(word, one) for word in ("added", "removed", "renamed") for one in (hosts or {}).get(word, [])]
    if rows:
        lines += ["## Names, against the list of %s" % hosts["compared_with"], "", "| change | name | confidence | why |", "|---|---|---|---|"]
        for word, one in rows:
            name = "`%s` to `%s`" % (one["was"], one["pattern"]) if "was" in one else "`%s`" % one["pattern"]
            lines.append("| %s | %s | %s | %s |" % (word, name, one["confidence"], one["why"]))
        lines += ["", "Removed names keep their entry with their last day, and stay in the selection `union` for a year.", ""]
        fresh = [entry for entry in content["entries"] if "pattern" in entry]
        if fresh:
            lines += ["Look up before you adopt it: the purpose, whether the apex is used, and a probe for each of %s; owner, tenancy and exemption "
                      "if the confidence is low." % ", ".join("`%s`" % entry["pattern"] for entry in fresh), ""]
    if addresses:
        lines += ["## Voice addresses, feed of %s" % addresses["feed_created"], "", "| change | address |", "|---|---|"]
        lines += ["| %s | `%s` |" % (word, one) for word in ("added", "removed") for one in addresses[word]] + [""]
    if hosts and hosts["unread"]:
        kept = ": %s were not found and are kept" % ", ".join("`%s`" % one for one in hosts["kept"]) if hosts["kept"] else ""
        lines += ["## Lines with a host that were not read", "", *("- %s" % line.replace("`", "'") for line in hosts["unread"]), "",
                  "While there are any, no name counts as removed%s." % kept, ""]
    if hosts and hosts["mentioned"]:
        lines += ["## Mentioned on the page, but neither on its list nor in the catalogue", "", *("- `%s`" % host for host in hosts["mentioned"]), ""]
    return "\n".join(lines)


def _some(texts: list) -> str:
    return ", ".join(texts[:5]) + (" and %d more" % (len(texts) - 5) if len(texts) > 5 else "")


def message(hosts: dict | None, addresses: dict | None) -> str:
    """One line for an operator."""
    parts = []
    if hosts and hosts["same_as"]:
        older = hosts["same_as"] != hosts["compared_with"]
        parts.append("the page is the list of %s%s" % (hosts["same_as"], ", and a newer one (%s) is known" % hosts["compared_with"] if older else ""))
    elif hosts:
        parts.append("against the list of %s: %s" % (hosts["compared_with"], ", ".join(
            "%d %s" % (len(hosts[word]), word) for word in ("added", "removed", "renamed") if hosts[word]) or "nothing new"))
    if hosts and hosts["unread"]:
        parts.append("%d lines with a host were not read (%s), so no name counts as removed" % (len(hosts["unread"]), _some(hosts["unread"])))
    if hosts and hosts["mentioned"]:
        parts.append("it mentions hosts that are neither on its list nor in the catalogue: %s" % _some(hosts["mentioned"]))
    if addresses:
        parts.append("voice addresses: %d added, %d removed" % (len(addresses["added"]), len(addresses["removed"])))
    return "; ".join(parts or ["the addresses match the catalogue"])
