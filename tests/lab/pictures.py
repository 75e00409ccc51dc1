# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.lab.pictures``: the pictures of the report in docs/images.

An audit, a change and an audit again are run on a real Squid and a FortiOS twin, into .build/pictures. Where their reports are there already, only the
pictures are made again. The reports are dated a week apart, or a trend would be of minutes.
"""
from __future__ import annotations

import contextlib
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import window
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import report, trend
from tests.lab import squid
from tests.lab.browser import PROGRAM, Browser
from tests.lab.device import devices
from tests.lab.lab import ROOT, Lab
from tests.lab.play import View, play
from tests.lab.twinlab import variables_of

REPORTS, IMAGES = ROOT / ".build" / "pictures", ROOT / "docs" / "images"
RUNS = {"before": ("audit", "2026-11-09"), "change": ("site", "2026-11-16"), "after": ("audit", "2026-11-23")}
CHANGE = {"id": "CHG0012345", "requester": "alice", "approver": "bob", "implementer": "carol"}
#: The hour of each run, which is a Monday's, and the change window around it.
HOUR, WINDOW = "T22:30:00Z", {"timezone": "UTC", "windows": [{"days": ["mon"], "from": "22:00", "until": "04:00"}], "freeze": ["2026-12-20/2027-01-06"]}
#: The site in the place of the temporary folder.
SITE = "/srv/site"
LINE = {"owner": "Network", "reason": "pinned certificates", "risk_id": "R-17", "approved_by": "CISO", "approved_on": "2026-03-01", "review_by": "2027-03-01"}
REGISTER = [dict(LINE, pattern=".chatgpt.com"), dict(LINE, pattern=".openai.com", owner="Security", review_by="2026-10-01"), dict(LINE, pattern=".example.org")]


def run() -> None:
    """Runs the playbooks; report.json of each goes to a folder of REPORTS."""
    with contextlib.ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="netaccess-pictures-")))
        lab = up.enter_context(Lab(vantages=("branch1", "branch2", "stranger")))
        twin = up.enter_context(devices()["fortios"].make())
        inventory = yaml.safe_load(lab.inventory.read_text())
        fleet = inventory["all"]["children"]["netaccess_devices"]["hosts"]
        fleet["fw-branch"] = variables_of("fortios", twin, folder)
        for device in fleet.values():
            device.update(access_comment=CHANGE["id"], access_journal=str(folder / "journals"))
        (folder / "inventory.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
        (folder / "register.yml").write_text(yaml.safe_dump(REGISTER))
        (folder / "journals").mkdir()
        both = View(folder / "inventory.yml", lab.trust, lab.squid, lab.folder)
        for name, (playbook, _day) in RUNS.items():
            _code, out = play(both, playbook, folder / name, netaccess_report_dir=str(folder / name), netaccess_baselines=str(folder / "baselines.json"),
                              audit_register=str(folder / "register.yml"), change=CHANGE)
            if not (folder / name / "report.json").exists():
                raise SystemExit(out)
            (REPORTS / name).mkdir(parents=True, exist_ok=True)
            (REPORTS / name / "report.json").write_text((folder / name / "report.json").read_text().replace(str(folder), SITE))


def pages() -> dict:
    """{run: its page}, each with the trend of those before it."""
    found, last = {}, None
    for name, (_playbook, day) in RUNS.items():
        one = json.loads((REPORTS / name / "report.json").read_text())
        made = day + HOUR
        one.update(generated=made, started=None, ended=None, trend=[dict(one["trend"][-1], generated=made)], window=window.described(
            {device["name"]: WINDOW for device in one["devices"]}, datetime.datetime.fromisoformat(made.replace("Z", "+00:00"))))
        last = trend.continued(one, last) if last else one
        found[name] = REPORTS / name / "report.html"
        found[name].write_text(report.as_html(last), encoding="utf-8")
    return found


def section(browser: Browser, first: str, last: str) -> dict:
    """The place on the page from the element ``first`` down to ``last``."""
    top, bottom = (browser.evaluate("document.querySelector(%r).getBoundingClientRect().top + scrollY" % one) for one in (first, last))
    return {"x": 0, "y": max(0, top - 8), "width": browser.evaluate("document.documentElement.clientWidth"), "height": bottom - max(0, top - 8)}


def picture(browser: Browser, name: str, **clip) -> None:
    path = IMAGES / ("report-%s.png" % name)
    path.write_bytes(browser.picture(**clip))
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--strip", "--speed", "1", "--output", str(path), "32", str(path)], check=True)
    print("%s: %d bytes" % (path.relative_to(ROOT), path.stat().st_size))


def main() -> int:
    missing = squid.available() or (None if PROGRAM else "chromium is not installed")
    if missing:
        print("No pictures: %s" % missing)
        return 1
    if not all((REPORTS / name / "report.json").exists() for name in RUNS):
        run()
    IMAGES.mkdir(exist_ok=True)
    made = pages()
    with Browser() as browser:
        browser.open(made["before"], 1000)
        picture(browser, "summary", **section(browser, "header", "#devices"))
        picture(browser, "plan", **section(browser, "section.box", "#device-2"))
        browser.open(made["after"], 1000)
        picture(browser, "trend", **section(browser, "#trend", "#about"))
        picture(browser, "register", **section(browser, "#register", "#sign"))
        browser.open(made["change"], 360, dark=True)
        picture(browser, "phone", x=0, y=0, width=360, height=900)
    return 0


if __name__ == "__main__":
    sys.exit(main())
