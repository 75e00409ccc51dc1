# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trend over the reports of one folder: each report.json contains the points of the earlier ones. Pure."""
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
    """An earlier report whose points cannot be read. The message names it."""


def point(report: dict) -> dict:
    """What one report adds to the trend: counts of devices, patterns and checks.

    ``no_result``: devices that returned none; ``wanted`` to ``exempt``: patterns that the devices hold now, if they report them; ``checks``: of hosts that
    have access, or should have.
    """
    summaries = [_coverage(device) or {} for device in report["devices"]]
    judged = [host for host in report["hosts"] if host["judged"] and host["expect"] == "open"]
    checks = [check["verdict"] for host in judged for check in host["checks"] if check["role"] == "wanted"]
    states = [device["state"] for device in report["devices"]]
    found = {"generated": report["generated"], "mode": report["mode"], "code": report["verdict"]["code"],
             "devices": len(states), "left_out": len(report["left_out"]["devices"]),
             "drift": states.count(DRIFT), "no_result": sum(state in NO_RESULT for state in states),
             "hosts": len(report["hosts"]), "checks": len(checks),
             "passed": checks.count("pass"), "failed": checks.count("fail") + checks.count("error")}
    return dict(found, **{name: sum(summary.get(name, 0) for summary in summaries) for name in ("wanted", "allowed", "exempt_wanted", "exempt")})


def _coverage(device: dict) -> dict | None:
    """What the device holds when the report is written; a plan counts only after it is carried out."""
    if device["tense"] == UNKNOWN:
        return None
    return device["coverage_summary"] if device["tense"] == DONE else device["coverage_before"]


def continued(report: dict, earlier: Any) -> dict:
    """``report`` with the points of ``earlier``, the parsed report.json that was in its folder; the newest KEPT of them.

    A report replaces one of the same time, so that writing it again changes nothing. :raises TrendError:
    """
    if not isinstance(earlier, dict) or not isinstance(earlier.get("trend"), list):
        raise TrendError("it holds no list of points")
    for number, one in enumerate(earlier["trend"], 1):
        if not _is_point(one):
            raise TrendError("its point %d is invalid" % number)
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
    return all(isinstance(one[name], int) and not isinstance(one[name], bool) and one[name] >= 0 for name in _COUNTS)


def _time(one: dict) -> datetime.datetime:
    return datetime.datetime.strptime(one["generated"], "%Y-%m-%dT%H:%M:%SZ")


# -- plots -----------------------------------------------------------------------------------------------------------


def plots(points: list) -> list:
    """``[{"title", "top", "first", "final", "words", "series": [{"name", "lines", "marks"}]}]``: what the page draws of at least two points.

    ``lines``: points for an SVG polyline, one for each stretch without a gap; ``marks``: ``(x, y)``; ``words``: the same as text, for screen readers.
    An unknown value (no coverage, no check) is a gap, never 0.
    """
    def shares(part: str, whole: str) -> list:
        return [_percent(one[part], one[whole]) for one in points]

    most = max(one["devices"] for one in points)
    counts = [("with drift", [one["drift"] for one in points]), ("without a result", [one["no_result"] for one in points])]
    coverage = [("patterns allowed", shares("allowed", "wanted")), ("exemptions in force", shares("exempt", "exempt_wanted"))]
    probes = [("checks that pass", shares("passed", "checks")), ("checks that fail", shares("failed", "checks"))]
    return [_plot(points, counts, title="Devices", top=max(most, 1)), _plot(points, coverage, title="Coverage", top=100, unit=" %"),
            _plot(points, probes, title="Probes", top=100, unit=" %")]


def _percent(part: int, whole: int) -> float | None:
    # 99.96 % is not all of them.
    return min(round(100.0 * part / whole, 1), 100.0 if part >= whole else 99.9) if whole else None


def _plot(points: list, series: list, title: str, top: int, unit: str = "") -> dict:
    seconds = [(_time(one) - _time(points[0])).total_seconds() for one in points]
    across = [LEFT + (WIDTH - LEFT - RIGHT) * (when / seconds[-1] if seconds[-1] else 0.5) for when in seconds]
    first, final = points[0]["generated"][:10], points[-1]["generated"][:10]
    drawn = []
    for name, values in series:
        places = [None if value is None else (round(x, 1), round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1))
                  for x, value in zip(across, values)]
        drawn.append({"name": name, "lines": _stretches(places), "marks": [place for place in places if place], "last": _said(values[-1], unit)})
    words = ["%s: %s" % (name, _range(values, unit)) for name, values in series]
    return {"title": title, "top": "%d%s" % (top, unit), "first": first, "final": final, "series": drawn,
            "words": "%s in %d reports from %s to %s. %s" % (title, len(points), first, final, "; ".join(words))}


def _stretches(places: list) -> list:
    """The points of a line as texts for SVG; unknown values split it."""
    found: list = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append("%g,%g" % place)
    return [" ".join(one) for one in found if len(one) > 1]


def _range(values: list, unit: str) -> str:
    known = [value for value in values if value is not None]
    said = (("first", values[0]), ("last", values[-1]), ("lowest", min(known, default=None)), ("highest", max(known, default=None)))
    return ", ".join("%s %s" % (which, _said(value, unit)) for which, value in said)


def _said(value: float | None, unit: str) -> str:
    return "not known" if value is None else "%g%s" % (value, unit)
