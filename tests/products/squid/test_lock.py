# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one Squid exclude each other, and leave nothing behind, however they end. No Squid runs; the other run is another process."""
from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import adapter as adapter_module, lock as lock_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.lock import Lock
from tests.products.squid.test_lists import Files, Idle

FEW = {"networks": ("10.1.0.0/16",)}
#: Takes the lock of the configuration file in its first argument, says so, and keeps it until its input ends.
OTHER = ("import sys; from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.lock import Lock; "
         "Lock(sys.argv[1]).take(0); print('taken', flush=True); sys.stdin.read()")


@contextlib.contextmanager
def other_run(config):
    with subprocess.Popen([sys.executable, "-c", OTHER, str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))) as process:
        assert process.stdout.readline() == b"taken\n"
        yield process
        process.stdin.close()


def held(folder) -> dict:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    return Files(tmp_path / "site", before="")


def test_a_second_run_waits_for_a_while_names_the_holder_and_writes_nothing(site, monkeypatch):
    monkeypatch.setattr(adapter_module, "PATIENCE", 0.3)
    before, told = held(site.folder), os.stat(site.folder).st_mtime_ns
    with other_run(site.folder / "squid.conf") as other:
        with pytest.raises(Failed, match="process %d of user %d holds the lock on %s" % (other.pid, os.getuid(), re.escape(str(site.folder)))) as caught:
            site.run(journal=str(site.folder.parent / "journals"), **FEW)
        assert caught.value.result["failure"]["class"] == "locked" and "nothing was written: run again" in str(caught.value)
        assert held(site.folder) == before and os.stat(site.folder).st_mtime_ns == told
    assert site.run(**FEW)["changed"]


def test_a_check_run_needs_no_lock_and_says_who_holds_it(site):
    with other_run(site.folder / "squid.conf") as other:
        found = site.run(check=True, **FEW)
        assert found["exclusive"] and found["held_by"] == ["process %d of user %d" % (other.pid, os.getuid())]
        assert [site.run(check=True, **FEW)["held_by"] for _time in range(2)] == [found["held_by"]] * 2
    assert site.run(check=True, **FEW)["held_by"] == []


def test_a_run_that_waited_plans_again_with_what_the_other_one_left(site):
    """The same change: the plan that was reported is no longer that of the device, and nothing is written a second time."""
    with other_run(site.folder / "squid.conf") as other:
        taken = Lock.take

        def take(lock, seconds):
            site_of_other = Files.run
            lock.take = taken.__get__(lock)
            threading.Timer(0.3, other.stdin.close).start()
            waited = lock.take(seconds)
            lock.release()
            # What the other run did until it ended.
            site_of_other(site, **FEW)
            return lock.take(seconds) or waited
        adapter = site.made(**FEW)
        adapter._lock.take = take.__get__(adapter._lock)
        with pytest.raises(Failed, match="after it was read and before it was locked: run again") as caught:
            site.run(adapter=adapter)
        assert caught.value.result["failure"]["class"] == "conflict" and caught.value.result["failure"]["journal"] is None
    assert not site.run(**FEW)["changed"]


def test_a_run_that_ended_between_the_read_and_the_lock_is_noticed(site):
    adapter = site.made(**FEW)
    take = adapter._lock.take

    def late(seconds):
        site.run(**FEW)
        return take(seconds)
    adapter._lock.take = late
    with pytest.raises(Failed, match="before it was locked: run again"):
        site.run(adapter=adapter)


@pytest.mark.parametrize("end", ["close", "kill"])
def test_the_lock_ends_with_its_run_however_that_ends(tmp_path, end):
    with other_run(tmp_path / "squid.conf") as other:
        assert "process %d " % other.pid in Lock(tmp_path / "squid.conf").held_by()[0]
        other.stdin.close() if end == "close" else other.kill()
        other.wait()
        assert Lock(tmp_path / "squid.conf").held_by() == []


def test_a_failed_run_releases_it(site, monkeypatch):
    monkeypatch.setattr(Idle, "reconfigure", lambda self, of: 1 / 0)
    with pytest.raises(Failed):
        site.run(**FEW)
    assert Lock(site.folder / "squid.conf").held_by() == []


def test_a_program_that_a_run_starts_does_not_inherit_it(tmp_path):
    lock = Lock(tmp_path / "squid.conf")
    lock.take(0)
    with subprocess.Popen(["sleep", "60"]) as child:
        lock.release()
        assert Lock(tmp_path / "squid.conf").held_by() == []
        child.kill()


def test_two_drop_ins_and_two_paths_of_one_squid_share_a_lock(site):
    (site.folder.parent / "link.conf").symlink_to(site.folder / "squid.conf")
    with other_run(site.folder.parent / "link.conf") as other:
        pilot = site.made(drop_in="netaccess-pilot.conf", list_dir="pilot", **FEW)
        assert str(other.pid) in pilot.held_by()[0]


def test_a_folder_that_is_replaced_is_locked_where_it_is_now(tmp_path, monkeypatch):
    """A lock on the old one would keep nobody out."""
    (tmp_path / "new").mkdir()
    (tmp_path / "squid").mkdir()
    taken = lock_module.fcntl.flock

    def swapped(handle, how):
        taken(handle, how)
        if (tmp_path / "new").exists():
            (tmp_path / "squid").rename(tmp_path / "old")
            (tmp_path / "new").rename(tmp_path / "squid")
    monkeypatch.setattr(lock_module.fcntl, "flock", swapped)
    lock = Lock(tmp_path / "squid" / "squid.conf")
    lock.take(1)
    assert os.path.samestat(os.fstat(lock._handle), os.stat(tmp_path / "squid"))


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module.os, "open", lambda path, flags: forbidden())
    with pytest.raises(AccessError, match="cannot be locked against a second run: Permission denied"):
        Lock(tmp_path / "squid.conf").take(0)


def test_a_check_run_says_that_the_folder_may_not_be_read(site, monkeypatch):
    access = os.access
    monkeypatch.setattr(adapter_module.os, "access", lambda path, mode: access(path, mode) and (path, mode) != (str(site.folder), os.R_OK))
    assert site.run(check=True, **FEW)["permissions"] == {
        "write": False, "why": "this user cannot read %s, which a run locks: run as a user who can (become)" % site.folder}


def test_a_holder_that_the_kernel_does_not_show_is_said_to_be_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "_TABLE", str(tmp_path / "none"))
    with other_run(tmp_path / "squid.conf"):
        assert Lock(tmp_path / "squid.conf").held_by() == ["a process that the kernel does not show to this one"]


def forbidden():
    raise PermissionError(13, "Permission denied")
