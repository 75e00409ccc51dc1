# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change windows: whether now is in one, whether there is time enough, and when the next one opens. Pure; times are aware."""
from __future__ import annotations

import datetime
import re
import zoneinfo

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import duration

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AHEAD = 400
_DAY = datetime.timedelta(days=1)


class WindowError(ValueError):
    """An invalid window. The message names the field."""


def state(window: dict, now: datetime.datetime, needs: float = 0) -> dict:
    """``{"open", "message", "closes", "opens"}``; times are ISO 8601 in the window's zone, ``opens`` that of the next one when it is not open.

    ``window``: ``{"timezone", "windows": [{"start", "end"} or {"days", "from", "until"}], "freeze": [date or "date/date"]}``; ``needs`` in seconds: there
    has to be that much time left. :raises WindowError:
    """
    if not isinstance(window, dict) or set(window) - {"timezone", "windows", "freeze"} or not isinstance(window.get("windows"), list) or not window["windows"]:
        raise WindowError("it must have timezone, windows (a list that is not empty) and optionally freeze")
    if not isinstance(window.get("freeze") or [], list):
        raise WindowError("freeze must be a list, such as [2026-12-20/2027-01-06]")
    try:
        zone = zoneinfo.ZoneInfo(str(window.get("timezone") or "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WindowError("timezone: %r is unknown on this controller" % window.get("timezone")) from error
    # Python subtracts times of one zone by the clock on the wall, which is an hour off in two nights of the year. So it is converted to UTC.
    now = now.astimezone(datetime.timezone.utc)
    spans = sorted(span for number, one in enumerate(window["windows"], 1) for span in _spans(number, one, now.astimezone(zone), zone))
    spans = _without(_joined(spans), [_frozen(text, zone) for text in window.get("freeze") or []])
    inside = next(((start, end) for start, end in spans if start <= now < end), None)
    later = next((start for start, _end in spans if start > now), None)
    opens = later.isoformat() if later else None
    when = "the next one opens at %s" % opens if opens else "there is no later window"
    if inside is None:
        return {"open": False, "message": "outside of the change window: %s" % when, "closes": None, "opens": opens}
    closes, left = inside[1].isoformat(), (inside[1] - now).total_seconds()
    if left < needs:
        return {"open": False, "closes": closes, "opens": opens,
                "message": "the change window closes in %s, but change, proof and rollback may take %s; %s" % (
                    duration(left), duration(needs), when)}
    return {"open": True, "message": "in the change window, which closes at %s" % closes, "closes": closes, "opens": opens}


def described(windows: dict, now: datetime.datetime) -> list:
    """The windows of devices in words: ``[{"devices", "timezone", "windows": [text], "freeze": [text], "state"}]``, one for all devices that share it.

    ``windows``: {device: its change window, None, or why it cannot be read}. Devices without one are an item too, unless no device has one. What is invalid
    or cannot be read is said in ``state``; a change is refused for it.
    """
    found: list = []
    for device, window in windows.items() if any(one is not None for one in windows.values()) else ():
        same = next((one for one in found if one["given"] == window), None)
        if same:
            same["devices"].append(device)
        else:
            found.append(dict(_described(window, now), devices=[device], given=window))
    return [{key: value for key, value in one.items() if key != "given"} for one in found]


def _described(window, now: datetime.datetime) -> dict:
    if window is None or isinstance(window, Exception):
        return {"timezone": None, "windows": [], "freeze": [], "state": str(window or "none is set: a change may run at any time")}
    try:
        message = state(window, now)["message"]
    except WindowError as error:
        return {"timezone": None, "windows": [], "freeze": [], "state": "change_window: %s" % error}
    return {"timezone": str(window.get("timezone") or "UTC"), "windows": [_words(one) for one in window["windows"]],
            "freeze": [str(text).replace("/", " to ") for text in window.get("freeze") or []], "state": message}


def _words(one: dict) -> str:
    """A span of a valid window: "Tue, Thu 22:00 to 04:00"."""
    if "days" in one:
        return "%s %s to %s" % (", ".join(str(day)[:3].title() for day in one["days"]), one["from"], one["until"])
    return "%s to %s" % tuple(str(one[key]).replace("T", " ") for key in ("start", "end"))


def _spans(number: int, one, now: datetime.datetime, zone) -> list:
    try:
        if set(one) == {"start", "end"}:
            start, end = (_moment(one[key], zone) for key in ("start", "end"))
            if start >= end:
                raise ValueError("it ends before it starts")
            return [(start, end)]
        if set(one) != {"days", "from", "until"}:
            raise ValueError("it must have start and end, or days, from and until")
        if not isinstance(one["days"], list) or not one["days"]:
            raise ValueError("days must be a list, such as [tue, thu]")
        days = {_day(text) for text in one["days"]}
        first, last = (_hour(key, one[key]) for key in ("from", "until"))
    except (TypeError, ValueError) as error:
        raise WindowError("windows, number %d: %s" % (number, error)) from error
    found = []
    for ahead in range(-1, _AHEAD):
        day = now.date() + ahead * _DAY
        if day.weekday() in days:
            # A window that ends at an earlier hour than it starts extends past midnight.
            found.append((datetime.datetime.combine(day, first, zone), datetime.datetime.combine(day + _DAY * (last <= first), last, zone)))
    return found


def _day(text) -> int:
    name = str(text).lower()
    found = [number for number, day in enumerate(_DAYS) if name in (day[:3], day)]
    if not found:
        raise ValueError("days: %s is not a day; the days are %s" % (text, ", ".join(day[:3] for day in _DAYS)))
    return found[0]


def _hour(key: str, value) -> datetime.time:
    """YAML reads 22:00 without quotes as the number 1320, which would be read as 13:20."""
    if not isinstance(value, str) or not re.fullmatch(r"\d?\d:\d\d", value):
        raise ValueError("%s: %s is not a time of day: write it as HH:MM, in quotes" % (key, value))
    return datetime.time(*(int(part) for part in value.split(":")))


def _moment(value, zone) -> datetime.datetime:
    found = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)


def _frozen(value, zone) -> tuple:
    first, _sep, last = str(value).partition("/")
    try:
        days = [datetime.date.fromisoformat(text) for text in (first, last or first)]
    except ValueError as error:
        raise WindowError("freeze: %r is not a date, nor two dates separated by a slash" % str(value)) from error
    if days[0] > days[1]:
        raise WindowError("freeze: %s ends before it starts" % value)
    return (datetime.datetime.combine(days[0], datetime.time(), zone), datetime.datetime.combine(days[1] + _DAY, datetime.time(), zone))


def _joined(spans: list) -> list:
    """Merges spans that touch or overlap."""
    found: list = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(spans: list, frozen: list) -> list:
    for first, last in frozen:
        spans = [part for start, end in spans for part in ((start, min(end, first)), (max(start, last), end)) if part[0] < part[1]]
    return spans
