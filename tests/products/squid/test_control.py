# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of a run holds for all that the program of a Squid is asked, together. The program is a script that hangs where it is told to."""
from __future__ import annotations

import os
import socket
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control, ended


@pytest.fixture
def squid(tmp_path):
    """A Control of ``timeout`` seconds whose program hangs at the argument ``hangs``."""
    def made(hangs, timeout=0.5):
        program = tmp_path / "squid"
        program.write_text('#!/bin/sh\ncase "$*" in *"%s"*) sleep 9 & wait;; *-v*) echo Squid Cache: Version 5.7;; esac\n' % hangs)
        program.chmod(0o700)
        (tmp_path / "squid.conf").write_text("http_port 3128\n")
        return Control(str(program), str(tmp_path / "squid.conf"), None, timeout)
    return made


@pytest.mark.parametrize("hangs,ask,failure,said", [
    ("-v", lambda control: control.build(), "unreachable", "squid -v did not end within the time of the run (timeout, 0.5 s)"),
    ("parse", lambda control: control.check_candidate({}, lambda pattern: []), "unreachable", "squid -k parse did not end within"),
    ("check", lambda control: control.reconfigure([1]), "activation", "squid -k check did not end within the time of the run (timeout, 0.5 s), so nothing was"),
    ("reconfigure", lambda control: control.reconfigure([1]), "activation", "it is not known which policy is in force"),
], ids=lambda value: value if isinstance(value, str) and " " not in value else "")
def test_a_program_that_hangs_ends_with_the_run_and_says_what_was_waited_for(squid, hangs, ask, failure, said):
    began = time.monotonic()
    with pytest.raises(AccessError) as caught:
        ask(squid(hangs))
    assert caught.value.failure == failure and said in str(caught.value) and time.monotonic() - began < 4


def test_waiting_for_a_reload_has_what_the_run_has_left_and_taking_back_has_it_anew(squid):
    """Else parse, reload and wait would each take the whole time; and a change that came too late could not be taken back."""
    control = squid("nothing", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        time.sleep(0.4)
        began = time.monotonic()
        with pytest.raises(AccessError, match="goes on with the old policy") as caught:
            control.reconfigure([port])
        assert caught.value.failure == "activation" and time.monotonic() - began < 0.5
        with pytest.raises(AccessError, match="squid -v did not end within the time of the run"):
            control.build()
        control.begin_cleanup(undo=True)
        assert control.build()[0] == "5.7"


def test_what_hangs_is_killed_with_its_children(tmp_path):
    with pytest.raises(TimeoutError):
        ended(["/bin/sh", "-c", "sleep 9 & echo $! > %s; wait" % (tmp_path / "child")], 0.3)
    child = int((tmp_path / "child").read_text())
    for _attempt in range(100):
        state = next((line for line in open("/proc/%d/status" % child) if line.startswith("State")), "") if os.path.exists("/proc/%d" % child) else ""
        if not state or "Z" in state:
            return
        time.sleep(0.02)
    raise AssertionError("it goes on: %s" % state)


def test_a_program_that_cannot_be_run_is_named(tmp_path):
    with pytest.raises(AccessError, match="squid cannot be run: No such file"):
        Control(str(tmp_path / "squid"), str(tmp_path / "squid.conf"), None, 5).build()


BEGAN, ACCEPTS = "2026/11/29 14:31:31.5 kid%d| Reconfiguring Squid Cache (version 5.7)...", "2026/11/29 14:31:31 kid%d| Accepting HTTP Socket connections at x"


@pytest.fixture
def workers(tmp_path):
    """Reloads a Squid of two workers, which logs these lines as it does, and says what came of it."""
    def reload(*lines, before=(), readable=True, timeout=1.5):
        log, program = tmp_path / "cache.log", tmp_path / "squid"
        log.write_text("".join(line + "\n" for line in before))
        (tmp_path / "news").write_text("".join(line + "\n" for line in lines))
        program.write_text('#!/bin/sh\ncase "$*" in *reconfigure*) cat %s/news >> %s/cache.log;; esac\n' % (tmp_path, tmp_path))
        program.chmod(0o700)
        # The one process that holds the socket of all, which stays.
        with socket.create_server(("127.0.0.1", 0)) as server:
            control = Control(str(program), str(tmp_path / "squid.conf"), None, timeout)
            return control.reconfigure([server.getsockname()[1]], 2, str(log if readable else tmp_path / "none"))
    return reload


def test_several_workers_have_reloaded_when_each_listens_again(workers):
    assert workers(BEGAN % 1, BEGAN % 3, ACCEPTS % 1, BEGAN % 2, ACCEPTS % 2, timeout=30)["status"] == "in force"


@pytest.mark.parametrize("before,lines,left", [
    ((BEGAN % 2, ACCEPTS % 2), (BEGAN % 1, ACCEPTS % 1), 1), ((), (BEGAN % 1, BEGAN % 2, ACCEPTS % 2), 1), ((), (), 2),
    # What another reload had begun before.
    ((BEGAN % 2,), (ACCEPTS % 2, BEGAN % 1, ACCEPTS % 1), 1),
], ids=["none", "one amid it", "both", "of another reload"])
def test_a_worker_that_has_not_reloaded_keeps_the_policy_from_being_called_in_force(workers, before, lines, left):
    with pytest.raises(AccessError, match="of 2 workers of squid %d goes on with the old policy" % left) as caught:
        workers(*lines, before=before)
    assert caught.value.failure == "activation"


def test_a_log_that_cannot_be_read_is_named_before_the_reload(workers, tmp_path):
    with pytest.raises(AccessError, match="none cannot be read: No such file.*nothing was brought into force"):
        workers(BEGAN % 1, ACCEPTS % 1, readable=False)
    assert not (tmp_path / "cache.log").read_text()
