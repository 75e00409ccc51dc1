# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's probes as a managed host does and prints the raw result. Standard library only, down to Python 3.8.

``python tests/lab/observe.py < {"probes": [...], "settings": {...}, "times": n, "pac": [addresses]}``; the public roots are a path in the settings. Prints
``{"runs": [...], "seconds": of the longest, "each": seconds of each, "work": seconds of processor for each, "peak_mb": of this process,
"pac": [what was found there]}``.
"""
from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / ".build" / "collections"))

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import host, runner, tunnel  # noqa: E402  pylint: disable=wrong-import-position


def main() -> None:
    asked = json.load(sys.stdin)
    settings = asked["settings"]
    settings["public_roots"] = Path(settings["public_roots"]).read_text(encoding="ascii")
    settings["versions"] = tuple(settings.get("versions") or (4,))
    if settings.get("proxy", "direct") not in ("direct", "environment"):
        settings["proxy"] = tunnel.parse_proxy(settings["proxy"])
    runs, each, work = [], [], []
    for _number in range(asked.get("times", 1)):
        began, worked = time.monotonic(), time.process_time()
        runs.append(runner.run(asked["probes"], runner.Settings(**settings)))
        each.append(time.monotonic() - began)
        work.append(time.process_time() - worked)
    pac = [host.facts([], url, settings.get("timeout", 10))["pac"] for url in asked.get("pac", [])]
    # Not from getrusage: that one also remembers the process which this one was forked from.
    peak = next(int(line.split()[1]) // 1024 for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    json.dump({"runs": runs, "seconds": max(each), "each": each, "work": work, "peak_mb": peak, "pac": pac}, sys.stdout)


if __name__ == "__main__":
    main()
