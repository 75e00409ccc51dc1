# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trend over the reports of one folder: each report.json carries the points of those before it. Pure."""
from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import DONE, UNKNOWN
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import DRIFT, NO_RESULT

#: Points that are kept: two years of weekly audits, three months of daily ones.
KEPT = 100
MODES = ("audit", "change")
#: Size of a plot and the margins inside it, in units of its viewBox.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 140, 8, 8, 18, 20
_COUNTS = ("code", "devices", "left_out", "drift", "no_result", "wanted", "allowed", "exempt_wanted", "exempt", "hosts", "checks", "passed", "failed")


class TrendError(ValueError):
    """An earlier report whose points cannot be read. The message says which."""


def point(report: dict) -> dict:
    """What one report adds to the trend: counts of devices, patterns and checks.

    ``no_result``: devices that returned none; ``wanted`` to ``exempt``: patterns as the devices hold them now, of those that tell; ``checks``: of hosts that
    have access, or should have.
    """
    summaries = [_coverage(device) or {} for device in report["devices"]]
    judged = [host for host in report["hosts"] if host["judged"] and host["expect"] == "open"]
    checks = [check["verdict"] for host in judged for check in host["checks"] if check["role"] == "wanted"]
    found = {"generated": report["generated"], "mode": report["mode"], "code": report["verdict"]["code"], "devices": len(report["devices"]),
             "left_out": len(report["left_out"]["devices"]), "hosts": len(report["hosts"]), "checks": len(checks), "passed": checks.count("pass"), "failed": checks.count("fail") + checks.count("error"),
             "drift": sum(device["state"] == DRIFT for device in report["devices"]),
             "no_result": sum(device["state"] in NO_RESULT for device in report["devices"])}
    return dict(found, **{name: sum(summary.get(name, 0) for summary in summaries) for name in ("wanted", "allowed", "exempt_wanted", "exempt")})


def _coverage(device: dict) -> dict | None:
    """What the device holds when the report is written: what a plan would make of it counts once it is carried out."""
    if device["tense"] == UNKNOWN:
        return None
    return device["coverage_summary"] if device["tense"] == DONE else device["coverage_before"]


def continued(report: dict, earlier: Any) -> dict:
    """``report`` with the points of ``earlier``, the parsed report.json that was in its folder; the newest KEPT of them.

    A report takes the place of one of the same time, so that writing it again changes nothing. :raises TrendError:
    """
    if not isinstance(earlier, dict) or not isinstance(earlier.get("trend"), list):
        raise TrendError("it holds no list of points")
    for number, one in enumerate(earlier["trend"], 1):
        if not _is_point(one):
            raise TrendError("its point %d is none" % number)
    own = report["trend"][-1]
    points = {one["generated"]: one for one in [*earlier["trend"], own]}
    return dict(report, trend=[points[when] for when in sorted(points)][-KEPT:])


def _is_point(one: Any) -> bool:
    if not isinstance(one, dict) or set(one) != {"generated", "mode", *_COUNTS} or one["mode"] not in MODES:
        return False
    try:
        _time(one)
    except (TypeError, ValueError, AttributeError):
        return False
    return all(type(one[name]) is int and one[name] >= 0 for name in _COUNTS)


def _time(one: dict) -> datetime.datetime:
    return datetime.datetime.strptime(one["generated"], "%Y-%m-%dT%H:%M:%SZ")


# -- plots -----------------------------------------------------------------------------------------------------------


def plots(points: list) -> list:
    """``[{"title", "top", "first", "final", "words", "series": [{"name", "lines", "marks"}]}]``: what the page draws of at least two points.

    ``lines``: points for an SVG polyline, one for each stretch without a gap; ``marks``: ``(x, y)``; ``words``: the same for whoever does not see it.
    What is not known (no coverage, no check) is a gap, never 0.
    """
    most = max(one["devices"] for one in points)
    return [
        _plot("Devices", "", max(most, 1), points, [("with drift", [one["drift"] for one in points]), ("without a result", [one["no_result"] for one in points])]),
        _plot("Coverage", " %", 100, points, [("patterns allowed", [_percent(one["allowed"], one["wanted"]) for one in points]),
                                                          ("exemptions in force", [_percent(one["exempt"], one["exempt_wanted"]) for one in points])]),
        _plot("Probes", " %", 100, points, [("checks that pass", [_percent(one["passed"], one["checks"]) for one in points]),
                                       ("checks that fail", [_percent(one["failed"], one["checks"]) for one in points])]),
    ]


def _percent(part: int, whole: int) -> float | None:
    # 99.96 % is not all of them.
    return min(round(100.0 * part / whole, 1), 100.0 if part >= whole else 99.9) if whole else None


def _plot(title: str, unit: str, top: int, points: list, series: list) -> dict:
    times = [_time(one).timestamp() for one in points]
    span = times[-1] - times[0]
    across = [LEFT + (WIDTH - LEFT - RIGHT) * ((when - times[0]) / span if span else 0.5) for when in times]
    drawn = []
    for name, values in series:
        places = [None if value is None else (round(x, 1), round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1))
                  for x, value in zip(across, values)]
        drawn.append({"name": name, "lines": _stretches(places), "marks": [place for place in places if place], "last": _said(values[-1], unit)})
    words = "; ".join("%s: first %s, last %s, lowest %s, highest %s" % (name, _said(values[0], unit), _said(values[-1], unit), _said(_least(values), unit),
                                                                       _said(_most(values), unit)) for name, values in series)
    return {"title": title, "top": "%d%s" % (top, unit), "first": points[0]["generated"][:10], "final": points[-1]["generated"][:10], "series": drawn,
            "words": "%s in %d reports from %s to %s. %s" % (title, len(points), points[0]["generated"][:10], points[-1]["generated"][:10], words)}


def _stretches(places: list) -> list:
    """The places of a line as texts for SVG; what is not known parts it."""
    found: list = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append("%g,%g" % place)
    return [" ".join(one) for one in found if len(one) > 1]


def _said(value: float | None, unit: str) -> str:
    return "not known" if value is None else "%g%s" % (value, unit)


def _least(values: list) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: list) -> float | None:
    return max((value for value in values if value is not None), default=None)
