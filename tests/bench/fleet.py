# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one controller carries: site.yml in check mode on more and more devices, and the report of as many. ``python -m tests.bench.fleet`` is this alone."""
from __future__ import annotations

import datetime
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import report
from tests.lab.device import devices
from tests.lab.play import PROGRAM, program
from tests.lab.twinlab import variables_of

ROW = "%-58s %-34s %s"
FORKS = 10


CORES = ("2.16.14", "2.18.17")


def check_runs(counts=(10, 100)) -> None:
    """All names are one twin, which answers at once: what is measured is the controller."""
    with tempfile.TemporaryDirectory() as name, devices()["fortios"].make() as twin:
        folder, base = Path(name), None
        for count in counts:
            inventory, bare = _fleet(folder, twin, count)
            _seconds, alone, _said = _played(PROGRAM, inventory, str(bare))
            seconds, cpu, said = _site(PROGRAM, inventory, folder, count)
            base = base or cpu / count
            print(ROW % ("site.yml --check: %d devices, %d forks" % (count, FORKS), "%.0f s, %.2f s of CPU a device" % (seconds, cpu / count),
                         "%.2f of the CPU a device at %d, %.2f of that of the task alone, %d MB at most, %d lines" % (
                             cpu / count / base, counts[0], cpu / alone, _peak(), said.count("\n"))))


def cores(count=10) -> None:
    """The same on older releases of ansible-core, against the newest, one after the other."""
    with tempfile.TemporaryDirectory() as name, devices()["fortios"].make() as twin:
        folder = Path(name)
        inventory, _bare = _fleet(folder, twin, count)
        newest = _site(PROGRAM, inventory, folder, count)[1]
        for core in CORES:
            if not program(core).exists():
                print(ROW % ("site.yml --check on ansible-core %s" % core, "not measured", "scripts/install-core %s" % core))
                continue
            seconds, cpu, _said = _site(str(program(core)), inventory, folder, count)
            print(ROW % ("site.yml --check on ansible-core %s: %d devices" % (core, count), "%.0f s, %.2f s of CPU a device" % (seconds, cpu / count),
                         "%.2f of the CPU of the newest core" % (cpu / newest)))


def _fleet(folder: Path, twin, count: int) -> tuple:
    """(inventory of so many devices, a play with the access task alone)"""
    (folder / "service.json").write_text('{"status": {"indicator": "none"}}')
    variables = dict(variables_of("fortios", twin, folder), access_journal=str(folder / "journals"))
    inventory, bare = folder / ("%d.yml" % count), folder / "bare.yml"
    inventory.write_text(yaml.safe_dump({"all": {
        "vars": {"ansible_connection": "ansible.builtin.local", "ansible_python_interpreter": sys.executable,
                 "netaccess_status_path": str(folder / "service.json")},
        "children": {"netaccess_devices": {"hosts": {"fw%03d" % number: variables for number in range(count)}}}}}))
    bare.write_text(yaml.safe_dump([{"hosts": "netaccess_devices", "gather_facts": False, "tasks": [{"netaccess.chatgpt.access": None}]}]))
    return inventory, bare


def _site(program_of: str, inventory: Path, folder: Path, count: int) -> tuple:
    """As _played; every device has to have its drift."""
    seconds, cpu, said = _played(program_of, inventory, "netaccess.chatgpt.site", "-e", json.dumps({"netaccess_report_dir": str(folder / "report")}))
    drift = json.loads((folder / "report" / "verdict.json").read_text())["classes"]["drift"]
    if len(drift) != count:
        raise SystemExit("the fleet's run failed: %s" % said[-2000:])
    return seconds, cpu, said


def _played(program_of: str, inventory: Path, book: str, *more) -> tuple:
    """(seconds, processor seconds, output) of a check run"""
    began, spent = time.perf_counter(), _cpu()
    done = subprocess.run([program_of, "-i", str(inventory), book, "--check", "--forks", str(FORKS), *more],
                          capture_output=True, text=True, check=False, env=dict(os.environ, ANSIBLE_NOCOLOR="1"))
    if done.returncode:
        raise SystemExit("the fleet's run failed: %s" % done.stdout[-2000:])
    return time.perf_counter() - began, _cpu() - spent, done.stdout


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak() -> int:
    """The largest process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def reports() -> None:
    """10 000 cells of pattern and device, in every form."""
    row = {"allowed": "yes", "allowed_by": "allow", "exempt": "yes", "exempt_by": "exempt", "note": ""}
    coverage = [dict(row, pattern="*.host%d.example.com" % number) for number in range(100)]
    one = {"changed": False, "summary": "nothing to do", "coverage": coverage,
           "coverage_summary": {"wanted": 100, "allowed": 100, "exempt_wanted": 100, "exempt": 100}}
    about = {"title": "Audit", "generated": "2026-11-24T08:00:00Z", "plans_valid_until": "2026-12-01T08:00:00Z",
             "mode": "audit", "collection": "0.1.0", "today": datetime.date(2026, 11, 24),
             "catalogue": {"newest": "2026-07-25", "age_days": 122}}
    began = time.perf_counter()
    forms = report.files(report.build({"fw%03d" % number: one for number in range(100)}, {}, about))
    print(ROW % ("report: 100 devices of 100 patterns, every form", "%.2f s" % (time.perf_counter() - began),
                 "report.html %.1f MB" % (len(forms["report.html"]) / 1e6)))


def main() -> None:
    reports()
    check_runs()
    cores()


if __name__ == "__main__":
    main()
