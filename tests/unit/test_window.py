# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change windows: over midnight, over a change of the clocks, around frozen days, and with too little time left."""
from __future__ import annotations

import datetime

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import window

NIGHTS = {"timezone": "Europe/Berlin", "windows": [{"days": ["tue", "Thursday"], "from": "22:00", "until": "04:00"}], "freeze": ["2026-12-20/2027-01-06"]}


def state(what, now, needs=0):
    return window.state(what, datetime.datetime.fromisoformat(now), needs)


@pytest.mark.parametrize("now,opened,moment", [
    ("2026-11-24T20:59:59+00:00", False, "2026-11-24T22:00:00+01:00"), ("2026-11-24T21:00:00+00:00", True, "2026-11-25T04:00:00+01:00"),
    # Over midnight it is still Tuesday's.
    ("2026-11-25T02:59:59+00:00", True, "2026-11-25T04:00:00+01:00"), ("2026-11-25T03:00:00+00:00", False, "2026-11-26T22:00:00+01:00"),
    # In summer the same hour is another one in UTC.
    ("2026-07-07T20:00:00+00:00", True, "2026-07-08T04:00:00+02:00"),
    # Frozen days: the next window is weeks away.
    ("2026-12-22T22:00:00+00:00", False, "2027-01-07T22:00:00+01:00"),
])
def test_windows_that_come_again(now, opened, moment):
    found = state(NIGHTS, now)
    assert (found["open"], found["closes"] if opened else found["opens"]) == (opened, moment)
    assert moment in found["message"]


def test_there_has_to_be_time_enough():
    assert state(NIGHTS, "2026-11-25T02:00:00+00:00", 3600)["open"] is True
    late = state(NIGHTS, "2026-11-25T02:00:01+00:00", 3600)
    assert late["open"] is False and "closes in 59 minutes 59 seconds" in late["message"] and "2026-11-26T22:00:00+01:00" in late["message"]


def test_one_window_and_then_none():
    once = {"windows": [{"start": "2026-11-24T22:00", "end": "2026-11-25T02:00Z"}]}
    assert state(once, "2026-11-24T22:00:00+00:00")["open"] is True
    assert state(once, "2026-11-25T02:00:00+00:00") == {
        "open": False, "message": "outside of the change window: there is no later window", "closes": None, "opens": None}


def test_windows_that_touch_are_one_and_a_frozen_day_cuts():
    two = {"windows": [{"start": "2026-11-24T22:00", "end": "2026-11-25T00:00"}, {"start": "2026-11-25T00:00", "end": "2026-11-25T06:00"}]}
    assert state(two, "2026-11-24T23:00:00+00:00")["closes"] == "2026-11-25T06:00:00+00:00"
    cut = dict(two, freeze=["2026-11-25"])
    assert state(cut, "2026-11-24T23:00:00+00:00")["closes"] == "2026-11-25T00:00:00+00:00" and state(cut, "2026-11-25T01:00:00+00:00")["open"] is False


def test_the_night_that_is_an_hour_longer():
    """Clocks go back on 2026-10-25 at 3:00 in Berlin: five hours by the clock are six."""
    night = {"timezone": "Europe/Berlin", "windows": [{"days": ["sat"], "from": "23:00", "until": "04:00"}]}
    assert state(night, "2026-10-24T21:00:00+00:00", 6 * 3600)["open"] is True and state(night, "2026-10-24T21:00:00+00:00", 6 * 3600 + 1)["open"] is False


@pytest.mark.parametrize("number,day", list(enumerate("monday tuesday wednesday thursday friday saturday sunday".split())))
def test_each_day_has_a_long_and_a_short_name(number, day):
    for name in (day, day[:3], day.upper()):
        opens = state({"windows": [{"days": [name], "from": "1:00", "until": "02:00"}]}, "2026-11-24T22:00:00+00:00")["opens"]
        assert datetime.datetime.fromisoformat(opens).weekday() == number


@pytest.mark.parametrize("start", ["2026-11-24T22:00", "2026-11-24T21:00Z", "2026-11-24T16:00-05:00", datetime.datetime(2026, 11, 24, 22),
                                   datetime.datetime(2026, 11, 24, 21, tzinfo=datetime.timezone.utc)])
def test_a_moment_without_a_zone_is_in_that_of_the_window(start):
    once = {"timezone": "Europe/Berlin", "windows": [{"start": start, "end": "2026-11-25T02:00"}]}
    assert state(once, "2026-11-24T20:59:59+00:00")["opens"] == "2026-11-24T22:00:00+01:00" and state(once, "2026-11-24T21:00:00+00:00")["open"] is True


@pytest.mark.parametrize("broken,said", [
    (["windows"], "it must have timezone"), ({"windows": NIGHTS["windows"], "freeze": "2026-12-24"}, "freeze must be a list"),
    ({}, "windows"), ({"windows": []}, "windows"), ({"windows": [{}]}, "number 1"), ({"windows": [{"start": "x", "end": "y"}]}, "number 1"),
    ({"windows": [{"start": "2026-11-25", "end": "2026-11-24"}]}, "ends before"),
    ({"windows": [{"days": ["someday"], "from": "1:00", "until": "02:00"}]}, "someday is not a day"),
    ({"windows": [{"days": "sat", "from": "1:00", "until": "02:00"}]}, "days must be a list"),
    ({"windows": [{"days": [], "from": "1:00", "until": "02:00"}]}, "days must be a list"),
    # As YAML reads 22:00 without quotes.
    ({"windows": [{"days": ["sat"], "from": 1320, "until": "04:00"}]}, "from: 1320 is not a time of day: write it as HH:MM, in quotes"),
    ({"windows": [{"days": ["sat"], "from": "22:00", "until": "24:00"}]}, "number 1"),
    ({"windows": [{"days": ["sat"], "from": "22", "until": "04:00"}]}, "HH:MM"),
    ({"windows": NIGHTS["windows"], "freeze": ["2027-01-06/2026-12-20"]}, "ends before it starts"),
    ({"windows": NIGHTS["windows"], "timezone": "Mars/Olympus"}, "timezone"), ({"windows": NIGHTS["windows"], "freeze": ["soon"]}, "freeze"),
    ({"windows": NIGHTS["windows"], "colour": 1}, "it must have timezone"), ({"windows": ["x"]}, "number 1")])
def test_a_window_that_is_none(broken, said):
    with pytest.raises(window.WindowError, match=said):
        state(broken, "2026-11-24T22:00:00+00:00")


def test_windows_in_words_for_a_report():
    now = datetime.datetime.fromisoformat("2026-11-24T20:00:00+00:00")
    once = {"windows": [{"start": "2026-11-24T22:00", "end": datetime.datetime(2026, 11, 25, 4)}]}
    devices = {"fw1": NIGHTS, "fw2": None, "fw3": once, "fw4": dict(NIGHTS), "fw5": {"windows": []}, "fw6": ValueError("no vault"), "fw7": None}
    assert window.described(devices, now) == [
        {"devices": ["fw1", "fw4"], "timezone": "Europe/Berlin", "windows": ["Tue, Thu 22:00 to 04:00"], "freeze": ["2026-12-20 to 2027-01-06"],
         "state": "outside of the change window: the next one opens at 2026-11-24T22:00:00+01:00"},
        {"devices": ["fw2", "fw7"], "timezone": None, "windows": [], "freeze": [], "state": "none is set: a change may run at any time"},
        {"devices": ["fw3"], "timezone": "UTC", "windows": ["2026-11-24 22:00 to 2026-11-25 04:00:00"], "freeze": [],
         "state": "outside of the change window: the next one opens at 2026-11-24T22:00:00+00:00"},
        # It stops a change; an audit goes on and says it.
        {"devices": ["fw5"], "timezone": None, "windows": [], "freeze": [],
         "state": "change_window: it must have timezone, windows (a list that is not empty) and optionally freeze"},
        {"devices": ["fw6"], "timezone": None, "windows": [], "freeze": [], "state": "no vault"}]
    assert window.described({"fw1": None, "fw2": None}, now) == []
