# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``. Numbers are of this machine at this moment; what travels is the counts and the ratios."""
from __future__ import annotations

import contextlib
import os
import socket
import time

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, collapse, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import runner, tunnel
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, endpoint_probes, load
from tests.bench import fleet, har, products, rules, size, squid
from tests.lab.lab import Lab
from tests.lab.path import Proxied, quick
from tests.lab.squid import available

ROW = "%-58s %-34s %s"


def timed(action, repeat: int = 3) -> float:
    """The best of ``repeat`` runs, in seconds."""
    best = float("inf")
    for _number in range(repeat):
        began = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - began)
    return best


def patterns() -> None:
    base = None
    for count in (100, 1000, 10000, 50000):
        members = [parse(text) for text in squid.names(count)] + [parse("*.example%d.com" % n) for n in range(0, 13, 4)]
        index = Index(members)
        seconds = timed(lambda: collapse(members)), timed(lambda: [index.covering(p) for p in members])
        each = sum(seconds) / count * 1e6
        base = base or each
        print(ROW % ("patterns: collapse, cover, %d entries" % count, "%.1f ms, %.1f ms" % (seconds[0] * 1e3, seconds[1] * 1e3),
                     "%.2f of the time per entry at 100" % (each / base)))


def reachability() -> None:
    probes = endpoint_probes(load(), Selection())
    with Lab() as lab:
        roots = lab.internet.public.read_text()
        proxy = tunnel.parse_proxy("http://127.0.0.1:%d" % lab.internet.provider)
        settings = runner.Settings(public_roots=roots, proxy=proxy, timeout=5, deadline=20)
        runner.run(probes, settings)
        began = time.perf_counter()
        done = runner.run(probes, settings)
        whole = time.perf_counter() - began
        alone = max(timed(lambda p=p: runner.run([p], settings), 1) for p in probes)
    print(ROW % ("reachability_info: %d probes, healthy" % len(probes), "%d connections, %.2f s" % (done["connections"], whole),
                 "%.1f times the slowest probe alone (%.2f s)" % (whole / alone, alone)))
    with blackhole() as port:
        settings = runner.Settings(public_roots=roots, proxy=tunnel.parse_proxy("http://127.0.0.1:%d" % port), timeout=2, deadline=5)
        whole, alone = timed(lambda: runner.run(probes, settings), 1), timed(lambda: runner.run(probes[:1], settings), 1)
    print(ROW % ("reachability_info: %d probes, every packet dropped" % len(probes), "%.2f s" % whole,
                 "%.1f times one probe alone (%.2f s)" % (whole / alone, alone)))


def quick_set() -> None:
    """As a managed host runs it, a process of its own: on loopback, where there is nothing to wait for but
    the lab's own servers, and on a line as companies have it. The best of several runs each: others may be at work on this machine."""
    probes = quick()
    with Proxied() as path:
        for words, mood in (("hosts on this machine", None), ("hosts at a round trip of 40 ms", "far")):
            path.moods({probe["host"]: mood for probe in probes} if mood else {})
            whole = path.observe(probes, timeout=10, deadline=30, times=15)
            best, alone = min(whole["each"]), max(min(path.observe([probe], timeout=10, times=5)["each"]) for probe in probes)
            print(ROW % ("reachability_info: quick set, %d probes, %s" % (len(probes), words), "%.3f s, %.3f s of work, %d MB" % (
                best, min(whole["work"]), whole["peak_mb"]), "%.2f times the slowest probe alone (%.3f s)" % (best / alone, alone)))


@contextlib.contextmanager
def blackhole():
    """A port whose backlog is full: packets to it are dropped, as a firewall does. Yields its number."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _number in range(4):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def main() -> None:
    print(ROW % ("WHAT", "COUNTED AND TIMED", "RATIO") + "\n(%d cores, load %.1f)" % (os.cpu_count(), os.getloadavg()[0]))
    patterns()
    products.main()
    rules.main()
    size.main()
    har.main()
    fleet.main()
    missing = available()
    if missing:
        print("Squid and reachability: skipped, %s" % missing)
        return
    squid.main()
    reachability()
    quick_set()


if __name__ == "__main__":
    main()
