# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on Squid and twins together, killed at its tasks and in the midst of each device's writes: rollback.yml closes it from the journals."""
from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.lab import squid
from tests.lab.device import devices
from tests.lab.fleet import EVERY, TWO, Fleet
from tests.products.server import Fault

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
#: Each device in a batch of its own, so that a kill finds some that were changed and some that were not.
EACH = ("-e", "netaccess_serial=1")
#: With the first write, and with the second: some products need no more.
MIDST = [(TWO, "fortios", 0),
         *(pytest.param(EVERY, name, skip, marks=pytest.mark.exhaustive) for name in EVERY for skip in (0, 1))]


@pytest.fixture(scope="module")
def fleet(request, tmp_path_factory):
    with contextlib.ExitStack() as up:
        yield Fleet(up, tmp_path_factory.mktemp("fleet"), getattr(request, "param", TWO))


def chosen(stands: list, every: bool) -> list:
    """The numbers of the tasks to be killed at: every one, or with NETACCESS_TASKS=0:40 in the environment the first 40. Else one for each state: what a
    kill leaves is what is on the devices and in the journals, so tasks that find the same there are one case."""
    if every:
        return list(range(len(stands)))[slice(*(int(number) if number else None for number in os.environ.get("NETACCESS_TASKS", ":").split(":")))]
    return [number for number, stand in enumerate(stands) if number == 0 or stand != stands[number - 1]]


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fleet,every", [(TWO, True), (EVERY, False)],
                         ids=["two products, every task", "every product, every state"], indirect=["fleet"])
def test_a_run_killed_at_a_task_is_closed_from_the_journals(fleet, every, tmp_path):
    """One test, since each kill begins where the one before it was closed."""
    fleet.journals.mkdir(exist_ok=True)
    start, stands = (fleet.digests(), fleet.decisions()), []

    def note(line: str) -> bool:
        if line.startswith("TASK ["):
            stands.append((fleet.digests(), sorted(path.name for path in fleet.journals.glob("*.json"))))
        return False

    code, lines = fleet.site(note, *EACH)
    assert code == 0 and fleet.wrote(), "".join(lines)
    limit = fleet.decisions()
    assert limit != start[1] and len(stands) > 20
    fleet.close(tmp_path, start, limit)
    assert len(set(map(str, stands))) > len(fleet.twins), "each device changed in a task of its own"
    for number in chosen(stands, every):
        count = iter(range(len(stands)))
        code, lines = fleet.site(lambda line, count=count, number=number: line.startswith("TASK [") and next(count) == number, *EACH)
        assert code == -signal.SIGKILL, "".join(lines)
        fleet.close(tmp_path, start, limit)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fleet,name,skip", MIDST, ids=lambda value: value if isinstance(value, (str, int)) else "%d products" % len(value), indirect=["fleet"])
def test_a_run_killed_in_the_midst_of_the_writes_is_closed_from_the_journals(fleet, tmp_path, name, skip):
    fleet.journals.mkdir(exist_ok=True)
    start, limited, twin = (fleet.digests(), fleet.decisions()), ("--limit", name), fleet.twins[name]
    killer = Killer(fleet, name, skip)
    twin.faults.append(Fault("status", when=killer.look))
    code, lines = fleet.site(lambda line: False, *limited)
    twin.faults.clear()
    assert code == -signal.SIGKILL and killer.done and fleet.wrote(), "".join(lines)
    # What the whole change would open is more than what was open: nothing of that may be passed.
    fleet.close(tmp_path, start, dict.fromkeys(start[1], ("allow", "tunnel")), *limited)


class Killer:
    """Kills the run when a twin is asked for the write after so many."""

    def __init__(self, fleet, name: str, skip: int):
        self._fleet, self._name, self._left, self.done = fleet, name, skip, False

    def look(self, request) -> bool:
        if not self.done and devices()[self._name].writes(request):
            self._left -= 1
            if self._left < 0:
                self.done = True
                self._fleet.kill()
        return False
