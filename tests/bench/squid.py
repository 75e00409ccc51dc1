# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our runs beside a bare ``squid -k parse`` and reload of the same files, by turns. ``python -m tests.bench.squid`` is this alone.

On a machine where others work time is theirs as well, so processor time is counted too: that of this process, of its children and of the Squid that reloads;
of what is bare, without this process, which only waits. A ratio is the median of those of each turn, whose two halves follow each other.
"""
from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import real_glob
from tests.bench.products import ROW
from tests.lab.lab import Internet
from tests.products.squid.rig import SquidRig

SECONDS = 600


def names(count: int) -> list:
    return ["host%d.site%d.example%d.com" % (number, number % 97, number % 13) for number in range(count)]


def rules(count: int) -> str:
    """As many lines of a site, half of them rules."""
    return "\n".join("acl site%d dstdomain .site%d.example.net\nhttp_access %s site%d" % (number, number, ("deny", "allow")[number % 2], number)
                     for number in range(count // 2))


def expressions(folder: Path, count: int) -> str:
    (folder / "expressions.txt").write_text("".join("(^|\\.)bad%d\\.example\\.(net|org)\n" % number for number in range(count)))
    return "acl bad url_regex -i \"%s\"\nhttp_access deny bad" % (folder / "expressions.txt")


class Patient(SquidRig):
    """With time for long lists on a busy machine."""

    def adapter(self, **changes):
        made = super().adapter(**changes)
        made._control = Control(self.squid.program, str(self.squid.config), self.squid.name, SECONDS)
        return made


class Times:
    """(seconds, those of the processor) of something that is done several times."""

    def __init__(self, rig: SquidRig, bare: bool = False):
        self._rig, self._bare, self._found = rig, bare, []

    def _now(self) -> tuple:
        whose = (resource.RUSAGE_CHILDREN,) if self._bare else (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
        ours = sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))
        # In nanoseconds; its stat counts in hundredths of a second, which is as much as a reload of a few hosts.
        squid = Path("/proc/%s/schedstat" % (self._rig.squid.folder / "squid.pid").read_text().strip()).read_text().split()[0]
        return time.perf_counter(), ours + int(squid) / 1e9

    def add(self, action) -> None:
        before = self._now()
        action()
        self._found.append([now - then for now, then in zip(self._now(), before)])

    def medians(self) -> list:
        return [statistics.median(some) for some in zip(*self._found)]

    def beside(self, others: Times) -> list:
        """How many times those of others, turn by turn."""
        return [statistics.median(ours / max(theirs, 0.001) for ours, theirs in zip(*pair))
                for pair in zip(zip(*self._found), zip(*others._found))]


def row(rig: SquidRig, words: str, wanted: list, repeat: int) -> None:
    policy = Policy.from_config({"allow": wanted, "exempt": wanted})

    def bare(site, control):
        subprocess.run(rig.squid.command("-k", "parse"), check=True, capture_output=True)
        control.reconfigure(site)
    converged, alone, again = Times(rig), Times(rig, bare=True), Times(rig)
    for _number in range(repeat):
        with mock.patch("os.fsync", side_effect=os.fsync) as waited:
            converged.add(lambda: rig.run(policy=policy))
        requests = dict(rig.meter.requests(), waits=waited.call_count)
        site = conf.load(str(rig.squid.config), str(rig.squid.drop_in), lambda path: Path(path).read_text(), real_glob)
        # Each turn has all the time; what it has to know of the build is no work of a reload.
        control = Control(rig.squid.program, str(rig.squid.config), rig.squid.name, SECONDS)
        control.build()
        alone.add(lambda at=site, by=control: bare(at, by))
        again.add(lambda: rig.run(policy=policy))
        requests_again = dict(rig.meter.requests(), waits=0)
        rig.run("deleted", policy=policy)
    seconds_alone, work_alone = alone.medians()
    for what, counted, times in (("converge", requests, converged), ("re-run", requests_again, again)):
        (seconds, work), (slower, more) = times.medians(), times.beside(alone)
        print(ROW % ("squid_access: %s, %s" % (words, what),
                     "%d writes, %d waits for the disk, %d commands, %.2f s, %.2f of work" % (
                         counted["writes"], counted["waits"], counted["commands"], seconds, work),
                     "%.1f times bare parse and reconfigure (%.2f s), %.1f of its work (%.2f s)" % (slower, seconds_alone, more, work_alone)), flush=True)


def main(counts=(34, 1000, 10000, 50000), only: str = "") -> None:
    with tempfile.TemporaryDirectory(prefix="netaccess-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Internet(folder / "internet") as internet:
            sites = [("%d domains" % count, "", count) for count in counts]
            sites += [("10000 rules of the site", rules(10000), 34), ("10000 expressions of the site", expressions(folder, 10000), 34)]
            for number, (words, before, count) in enumerate(site for site in sites if only in site[0]):
                (folder / str(number)).mkdir()
                rig = Patient(folder / str(number), internet, before=before)
                try:
                    row(rig, words, names(count), 5 if count > 1000 or before else 15)
                finally:
                    rig.close()


if __name__ == "__main__":
    main(only=" ".join(sys.argv[1:]))
