# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits to be read by a Squid, and whose it is: by digests as long as the process is as we left it, by times after that. No Squid runs."""
from __future__ import annotations

import calendar
import gzip
import os
import subprocess
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import BOTH, FOREIGN, OURS, whose
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import process
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import last_loaded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.force import Files, InForce, digest_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import NONE, RUNS, UNKNOWN, Seen, lets, readable

NOW = time.time()


class Disk:
    """Files of a Squid in ``folder``, and what an InForce says of them."""

    def __init__(self, folder):
        self.folder, self.force = folder, InForce(str(folder))

    def path(self, name):
        return str(self.folder / name)

    def put(self, name, text, mtime=None, ours=False):
        if ours:
            self.force.note({self.path(name): text})
        (self.folder / name).write_text(text)
        if mtime is not None:
            os.utime(self.folder / name, (mtime, mtime))

    def read(self):
        files = Files()
        for path in sorted(self.folder.iterdir()):
            if path.suffix != ".json":
                files.read(str(path))
        return files

    def ask(self, seen, loaded=None):
        """(whose, names of what waits, names of what may)"""
        waiting, doubtful = self.force.waiting(self.read(), seen, loaded)
        found = {ours for _path, ours in waiting}
        return whose(True in found, False in found), sorted(os.path.basename(path) for path, _ours in waiting), [os.path.basename(path) for path in doubtful]

    def loaded(self, seen):
        """Our reload of what is there now."""
        self.force.keep(seen, self.read().digests)


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path)


SAME = Seen(RUNS, pid=1, identity={"pid": 1, "sockets": ["7"]}, began=NOW - 100)
OTHER = Seen(RUNS, pid=1, identity={"pid": 1, "sockets": ["8"]}, began=NOW - 100)
#: The log tells of a load in the future, or in the past.
LATER, EARLIER = (NOW + 1000, NOW + 1001), (NOW - 50, NOW - 49)


def test_as_long_as_the_process_is_as_we_left_it_digests_tell(disk):
    disk.put("squid.conf", "one")
    disk.put("allow", "ours", ours=True)
    disk.loaded(SAME)
    assert disk.ask(SAME, EARLIER) == (None, [], [])
    # Whatever its time says, and whatever the log does.
    disk.put("squid.conf", "two", mtime=NOW - 5000)
    assert disk.ask(SAME, LATER) == disk.ask(SAME, None) == (FOREIGN, ["squid.conf"], [])
    disk.put("allow", "ours, changed", ours=True)
    assert disk.ask(SAME, None) == (BOTH, ["allow", "squid.conf"], [])
    disk.put("squid.conf", "one")
    assert disk.ask(SAME, None) == (OURS, ["allow"], [])
    disk.put("allow", "by hand")
    disk.put("new.conf", "a file that nobody has read")
    assert disk.ask(SAME, None) == (FOREIGN, ["allow", "new.conf"], [])
    disk.put("allow", "ours")
    (disk.folder / "new.conf").unlink()
    (disk.folder / "squid.conf").unlink()
    assert disk.ask(SAME, None) == (FOREIGN, ["squid.conf"], [])


@pytest.mark.parametrize("text", [
    '{"files": {"/x": "y"}}', '{"files": [1], "process": {}}', '{"files": "abc", "process": 3}', '{"process": {}}', "[]", "[[1, 2]]"])
@pytest.mark.parametrize("seen", [SAME, Seen(NONE)], ids=["runs", "none"])
def test_a_record_that_no_run_wrote_is_named(disk, text, seen):
    disk.put("squid.conf", "one")
    disk.loaded(SAME)
    (disk.folder / "in-force.json").write_text(text)
    with pytest.raises(AccessError, match="in-force.json was altered"):
        disk.ask(seen, EARLIER)


@pytest.mark.parametrize("seen", [OTHER, Seen(RUNS, pid=1, identity=None, began=NOW - 100)], ids=["another", "unknown"])
def test_after_a_load_by_others_times_tell(disk, seen):
    disk.put("squid.conf", "one")
    disk.loaded(SAME)
    assert disk.ask(seen, LATER) == (None, [], [])
    assert disk.ask(seen, EARLIER) == (FOREIGN, ["squid.conf"], [])
    # A time that was set back, or modes that changed: named, and not known.
    os.utime(disk.folder / "squid.conf", (NOW - 5000, NOW - 5000))
    assert disk.ask(seen, EARLIER) == (None, [], ["squid.conf"])
    # Without a log, that of the start of the process is left.
    assert disk.ask(seen, None) == (None, [], ["squid.conf"])
    disk.put("allow", "ours", ours=True)
    assert disk.ask(seen, EARLIER) == (OURS, ["allow"], ["squid.conf"]) and disk.ask(seen, LATER) == (None, [], [])


def test_of_what_we_took_away_our_note_tells(disk):
    disk.put("allow", "ours", ours=True)
    disk.loaded(SAME)
    disk.force.note({disk.path("allow"): None})
    (disk.folder / "allow").unlink()
    assert disk.ask(SAME, None) == disk.ask(OTHER, EARLIER) == (OURS, ["allow"], []) and disk.ask(OTHER, LATER) == (None, [], [])


def test_within_the_second_of_a_load_the_last_read_tells(disk):
    disk.put("squid.conf", "one")
    found = os.stat(disk.path("squid.conf"))
    moment = (found.st_ctime - 0.5, found.st_ctime + 0.5)
    assert disk.ask(OTHER, moment) == (FOREIGN, ["squid.conf"], [])
    time.sleep(0.05)
    (disk.folder / "squid.conf").read_text()
    if os.stat(disk.path("squid.conf")).st_atime_ns == found.st_atime_ns:
        pytest.skip("this disk keeps no times of reads")
    # We read it before without a trace; that was somebody else, such as Squid.
    assert disk.ask(OTHER, moment) == (None, [], [])
    # Or such as a backup: an edit of ours waits until we have reloaded, or somebody has later.
    disk.force.note({disk.path("squid.conf"): "one"})
    assert disk.ask(OTHER, moment) == (OURS, ["squid.conf"], []) and disk.ask(OTHER, LATER) == (None, [], [])


def test_where_nothing_runs_nobody_s_edits_wait(disk):
    disk.put("squid.conf", "one")
    disk.put("allow", "ours", ours=True)
    assert disk.ask(Seen(NONE), EARLIER) == (OURS, ["allow"], [])
    disk.loaded(Seen(NONE))
    disk.put("squid.conf", "two")
    assert disk.ask(Seen(NONE), EARLIER) == (None, [], [])
    disk.put("allow", "changed", ours=True)
    assert disk.ask(Seen(NONE), EARLIER) == disk.ask(Seen(UNKNOWN, "why"), None) == (OURS, ["allow"], [])


def test_a_list_that_no_squid_reads_waits_for_nobody(disk):
    disk.put("allow", "somebody's")
    unread = [disk.path("allow")]
    assert disk.ask(OTHER, EARLIER)[0] == FOREIGN and disk.force.waiting(disk.read(), OTHER, EARLIER, unread) == ([], [])
    disk.put("allow", "ours", ours=True)
    assert disk.force.waiting(disk.read(), OTHER, EARLIER, unread) == ([(disk.path("allow"), True)], [])


def test_what_a_run_keeps_goes_when_nothing_of_ours_is_left(disk):
    disk.put("allow", "ours", ours=True)
    disk.loaded(SAME)
    (disk.folder / "allow").unlink()
    disk.force.forget()
    assert not disk.folder.exists()


def test_files_are_read_with_every_byte_and_a_change_is_noticed(disk):
    (disk.folder / "squid.conf").write_bytes(b"# \xff\r\nhttp_port 1\x0c\r\n")
    files = Files()
    text = files.read(disk.path("squid.conf"))
    assert text.encode("utf-8", "surrogateescape") == b"# \xff\r\nhttp_port 1\x0c\r\n"
    assert files.digests[disk.path("squid.conf")] == digest_of(disk.path("squid.conf"))
    (disk.folder / "squid.conf").write_bytes(b"other")
    assert files.digests[disk.path("squid.conf")] != digest_of(disk.path("squid.conf")) and digest_of(disk.path("none")) is None


LOG = """2026/11/28 09:00:00 kid1| Starting Squid Cache version 5.7 for x86_64-pc-linux-gnu...
2026/11/28 09:00:01 kid1| Accepting SSL bumped HTTP Socket connections at conn1 local=127.0.0.1:3128
2026/11/28 10:00:00 kid1| Reconfiguring Squid Cache (version 5.7)...
2026/11/28 10:00:02 kid1| Accepting SSL bumped HTTP Socket connections at conn2 local=127.0.0.1:3128
2026/11/28 11:00:00 kid1| storeDirWriteCleanLogs: Starting...
"""


def test_the_log_tells_from_when_to_when_the_last_load_may_have_been(tmp_path):
    at = time.mktime(time.strptime("2026/11/28 10:00:00", "%Y/%m/%d %H:%M:%S"))
    log = tmp_path / "cache.log"
    log.write_text(LOG)
    os.utime(log, (at, at + 3600))
    assert last_loaded(str(log)) == (at, at + 3)
    log.write_text(LOG.replace("2026/11/28 10:00:02", "2026/11/28 10:00:00"))
    os.utime(log, (at, at + 3600))
    assert last_loaded(str(log)) == (at, at + 1)
    # After a rotation.
    log.rename(tmp_path / "cache.log.0")
    log.write_text("2026/11/28 11:00:00 kid1| nothing of it\n")
    os.utime(log, (at, at + 3600))
    assert last_loaded(str(log)) == (at, at + 1)
    (tmp_path / "cache.log.0").rename(tmp_path / "cache.log.1")
    assert last_loaded(str(log)) == (at, at + 1)
    (tmp_path / "cache.log.2.gz").write_bytes(gzip.compress((tmp_path / "cache.log.1").read_bytes()))
    (tmp_path / "cache.log.1").unlink()
    assert last_loaded(str(log)) is None and last_loaded(str(tmp_path / "none.log")) is None


@pytest.mark.parametrize("written,lines,latest", [(2.25, 4, 2.25), (2.25, 3, 1), (5, 4, 3), (-60, 4, None)], ids=["last", "busy", "later", "another clock"])
def test_the_time_of_the_log_itself_tells_within_the_second_of_a_load(tmp_path, written, lines, latest):
    """Nothing was logged behind "Accepting"; it has not said so yet; something was; a log that is older than its lines has those of another zone."""
    at = time.mktime(time.strptime("2026/11/28 10:00:00", "%Y/%m/%d %H:%M:%S"))
    log = tmp_path / "cache.log"
    log.write_text("".join(LOG.splitlines(True)[:lines]))
    os.utime(log, (at, at + written))
    assert last_loaded(str(log)) == (None if latest is None else (at, at + latest))


def test_an_edit_behind_a_load_in_its_second_is_seen_whoever_reads_it(disk):
    disk.put("squid.conf", "one")
    found = os.stat(disk.path("squid.conf"))
    (disk.folder / "squid.conf").read_text()
    assert disk.ask(OTHER, (found.st_ctime - 0.5, found.st_ctime - 0.1)) == (FOREIGN, ["squid.conf"], [])


@pytest.mark.parametrize("zone,hours", [("UTC", 0), ("XYZ-3", -3), ("XYZ+5", 5), (None, -1)])
def test_times_of_the_log_are_those_of_the_zone_that_squid_runs_in(tmp_path, monkeypatch, zone, hours):
    monkeypatch.setenv("TZ", "ABC-1")
    time.tzset()
    log = tmp_path / "cache.log"
    log.write_text(LOG)
    at = calendar.timegm((2026, 11, 28, 10, 0, 0))
    os.utime(log, (at, at + 24 * 3600))
    assert last_loaded(str(log), zone) == (at + hours * 3600, at + hours * 3600 + 3)
    assert os.environ["TZ"] == "ABC-1" and time.tzname[0] == "ABC"
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("environment,zone", [({"TZ": "XYZ-3"}, "XYZ-3"), ({"OTHER": "TZ=ABC"}, ""), ({}, None)])
def test_the_zone_of_a_process_is_that_of_its_environment(environment, zone):
    """Of an empty environment it is not known: that is also what a process shows that is just being started."""
    with subprocess.Popen(["/bin/cat"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        program.stdin.write(b"up\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"up\n" and process._zone(program.pid) == zone
        program.kill()


def test_who_may_read_a_file_is_told_by_its_modes_and_those_of_its_folders(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "lists").mkdir(mode=0o700)
    (tmp_path / "lists").chmod(0o700)
    path = tmp_path / "lists" / "allow"
    path.write_text("")
    path.chmod(0o644)
    found = path.stat()
    stranger, group = (4711, (4711,)), (4711, (found.st_gid,))
    assert lets(found, stranger, 4) and not lets((tmp_path / "lists").stat(), stranger, 1)
    assert not readable(str(path), stranger) and readable(str(path), (0, ())) and not readable(str(path), group)
    path.chmod(0o640)
    assert lets(path.stat(), group, 4) and not lets(path.stat(), stranger, 4)
