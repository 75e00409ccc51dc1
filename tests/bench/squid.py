# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our runs beside a bare ``squid -k parse`` and reload of the same files, in one run. ``python -m tests.bench.squid`` is this alone."""
from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
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


def timed(action) -> float:
    """Seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


class Patient(SquidRig):
    """With time for long lists on a busy machine."""

    def adapter(self, **changes):
        made = super().adapter(**changes)
        made._control = Control(self.squid.program, str(self.squid.config), self.squid.name, SECONDS)
        return made


def row(rig: SquidRig, words: str, wanted: list, repeat: int = 3) -> None:
    policy = Policy.from_config({"allow": wanted, "exempt": wanted})
    control = Control(rig.squid.program, str(rig.squid.config), rig.squid.name, SECONDS)
    control.build()

    def bare(site):
        subprocess.run(rig.squid.command("-k", "parse"), check=True, capture_output=True)
        control.reconfigure(site)
    converged, alone, again = [], [], []
    for _number in range(repeat):
        converged.append(timed(lambda: rig.run(policy=policy)))
        requests = rig.meter.requests()
        site = conf.load(str(rig.squid.config), str(rig.squid.drop_in), lambda path: Path(path).read_text(), conf.real_glob)
        alone.append(timed(lambda at=site: bare(at)))
        again.append(timed(lambda: rig.run(policy=policy)))
        requests_again = rig.meter.requests()
        rig.run("deleted", policy=policy)
    for what, counted, seconds in (("converge", requests, min(converged)), ("re-run", requests_again, min(again))):
        print(ROW % ("squid_access: %s, %s" % (words, what), "%d writes, %d commands, %.2f s" % (counted["writes"], counted["commands"], seconds),
                     "%.1f times bare parse and reconfigure (%.2f s)" % (seconds / min(alone), min(alone))), flush=True)


def main(counts=(34, 1000, 10000, 50000)) -> None:
    with tempfile.TemporaryDirectory(prefix="netaccess-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Internet(folder / "internet") as internet:
            sites = [("%d domains" % count, "", count) for count in counts]
            sites += [("10000 rules of the site", rules(10000), 34), ("10000 expressions of the site", expressions(folder, 10000), 34)]
            for number, (words, before, count) in enumerate(sites):
                (folder / str(number)).mkdir()
                rig = Patient(folder / str(number), internet, before=before)
                try:
                    row(rig, words, names(count))
                finally:
                    rig.close()


if __name__ == "__main__":
    main()
