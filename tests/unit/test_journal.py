# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal on disk: atomic, private, and refused when it is not what was written."""
from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import journal as journal_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import (
    APPLIED, OPEN, REVERTED, UNDONE, Journal,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref

CHANGE = Change(Ref("list", "ours"), CREATE, {"color": (None, "r")}, members={"hosts": (("a.example",), ())})


def lines(path) -> list:
    """What was noted, a line each."""
    with open(path, encoding="utf-8") as text:
        return [json.loads(line)["journal"] for line in text]


def begun(path):
    journal = Journal(str(path), "squid", "proxy.example.com", "CHG1")
    journal.begin([CHANGE])
    return journal


def test_it_holds_the_plan_before_the_first_write_and_for_its_owner_alone(tmp_path):
    journal = begun(tmp_path / "new" / "folder")
    assert stat.S_IMODE(os.stat(journal.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(journal.path)).st_mode) == 0o700
    read = Journal.load(journal.path)
    assert (read.changes, read.status, read.product, read.device) == ([CHANGE], OPEN, "squid", "proxy.example.com")


def test_steps_are_amended_and_no_temporary_file_stays(tmp_path):
    journal = begun(tmp_path)
    journal.sending("write the list")
    assert lines(journal.path)[-1] == {"step_in_flight": "write the list"}
    journal.sent()
    journal.extend([CHANGE, Change(Ref("list", "other"), UPDATE, {"color": ("r", "g")})])
    journal.close(APPLIED)
    read = Journal.load(journal.path)
    assert read.status == APPLIED and len(read.changes) == 2
    assert os.listdir(tmp_path) == [os.path.basename(journal.path)]


@pytest.mark.parametrize("spoil,text", [
    (lambda text: text.replace("a.example", "b.example"), "checksum"),
    (lambda text: text.replace('"steps_done": 1', '"steps_done": 2'), "checksum"),
    (lambda text: text.replace('"undone"', '"applied"'), "checksum"),
    (lambda text: "".join(text.splitlines(keepends=True)[::2]), "checksum"),
    (lambda text: text.splitlines(keepends=True)[0] * 2, "checksum"),
    (lambda text: text.splitlines(keepends=True)[1], "checksum"),
    (lambda text: text[:200], "complete"),
    (lambda text: text.replace('"format": 2', '"format": 1'), "checksum"),
    (lambda text: "[" * 100_000 + "\n", "complete"),
    (lambda text: "{}\n", "complete"),
    (lambda text: "[]\n", "complete"),
    (lambda text: "", "complete"),
    (lambda text: text.replace('"create"', '"destroy"'), "complete"),
    (lambda text: "\x00", "complete"),
])
def test_what_is_not_what_was_written_is_refused(tmp_path, spoil, text):
    journal = begun(tmp_path)
    journal.sending("write the list")
    journal.sent()
    journal.close(UNDONE)
    path = journal.path
    written = open(path, encoding="utf-8").read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(spoil(written))
    with pytest.raises(AccessError, match=text):
        Journal.load(path)


def test_no_such_file_is_said(tmp_path):
    with pytest.raises(AccessError, match="cannot be read"):
        Journal.load(str(tmp_path / "none.json"))


def test_a_place_that_cannot_be_written_fails_before_any_change(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessError, match="Nothing was changed"):
        begun(tmp_path / "file" / "folder" / "x.json")


def test_two_runs_never_share_a_file(tmp_path):
    begun(tmp_path / "one.json")
    with pytest.raises(AccessError, match="already exists"):
        begun(tmp_path / "one.json")


def test_a_killed_process_leaves_a_readable_journal(tmp_path):
    """Amended as fast as it can, killed in the middle: the file is the one or the other state, never a part."""
    script = (
        "import sys\nsys.path[:0] = %r\n"
        "from tests.unit.test_journal import begun\njournal = begun(%r)\nprint(journal.path, flush=True)\n"
        "while True:\n    journal.sending('step' * 5000)\n    journal.sent()\n" % (sys.path, str(tmp_path)))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    path = process.stdout.readline().strip()
    deadline = time.monotonic() + 20
    while Journal.load(path)._body["steps_done"] < 5:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Journal.load(path).changes == [CHANGE]


def standing(folder: str, device: str) -> list:
    return [journal.path for journal in Journal.standing(folder, "squid", device)]


def test_of_a_folder_it_is_the_newest_of_that_device_that_was_not_taken_back(tmp_path):
    made = {}
    for second, (device, status) in enumerate([("a", REVERTED), ("a", OPEN), ("a", APPLIED), ("a", UNDONE), ("b", APPLIED), ("c", OPEN)]):
        journal = Journal(str(tmp_path / ("20261124T22000%dZ-squid-%s%s.json" % (second, device, status))), "squid", device)
        journal.begin([CHANGE])
        if status != OPEN:
            journal.close(status)
        made[device, status] = journal.path
    folder = str(tmp_path)
    assert Journal.newest(folder, "squid", "a").path == made["a", APPLIED]
    assert Journal.newest(folder, "squid", "c").path == made["c", OPEN]
    assert Journal.newest(folder, "squid", "d") is None and Journal.newest(folder, "panos", "a") is None
    assert Journal.newest(made["a", REVERTED], "squid", "a").path == made["a", REVERTED]
    # A later run on that device ended.
    assert standing(folder, "a") == [made["a", UNDONE], made["a", APPLIED]] and standing(folder, "c") == [made["c", OPEN]]
    with open(made["a", UNDONE], "a", encoding="utf-8") as handle:
        handle.write("x\n")
    with pytest.raises(AccessError, match="not a complete journal"):
        Journal.newest(folder, "squid", "a")
    assert standing(folder, "c") == [made["c", OPEN]] and standing(str(tmp_path / "none"), "a") == []


def test_of_a_folder_it_is_the_newest_even_if_that_is_taken_back(tmp_path):
    """The one before it is another change, which nobody named."""
    for second, status in enumerate((APPLIED, REVERTED, UNDONE)):
        journal = Journal(str(tmp_path / ("20261124T22000%dZ-squid-%s.json" % (second, status))), "squid", "a")
        journal.begin([CHANGE])
        journal.close(status)
    assert Journal.newest(str(tmp_path), "squid", "a").status == REVERTED


def test_a_full_disk_leaves_no_journal_that_stands_in_the_way(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(journal_module, "write_atomically", full)
    with pytest.raises(AccessError, match="No space left on device. Nothing was changed"):
        begun(tmp_path)
    assert os.listdir(tmp_path) == []


def test_of_a_series_it_is_a_journal_of_that_series_or_none(tmp_path):
    for second, series in enumerate(("mine", "theirs")):
        Journal(str(tmp_path / ("20261124T22000%dZ-squid-%s.json" % (second, series))), "squid", "a", series=series).begin([CHANGE])
    folder = str(tmp_path)
    assert [os.path.basename(Journal.newest(folder, "squid", "a", series).path)[23:-5] for series in ("mine", None)] == ["mine", "theirs"]
    assert Journal.newest(folder, "squid", "a", "of a run that wrote nothing") is None
    # A file that was named is the one.
    named = str(tmp_path / "20261124T220001Z-squid-theirs.json")
    assert Journal.newest(named, "squid", "a", "mine").path == named


def test_the_stages_of_one_rollout_are_found_again_the_last_one_first(tmp_path):
    def one(series, device="fw1", status=APPLIED):
        journal = Journal(str(tmp_path), "squid", device, "CHG1", series)
        journal.begin([CHANGE])
        journal.close(status)
        return journal

    first, second = one("run"), one("run")
    one("run", "fw2"), one("other"), one(None), one("run", status=REVERTED)
    last = one("run", status=OPEN)
    assert Journal.load(last.path).earlier() == [second.path, first.path]
    second.close(REVERTED)
    assert Journal.load(last.path).earlier() == [first.path]
    alone = Journal(str(tmp_path), "squid", "fw3")
    alone.begin([CHANGE])
    assert alone.earlier() == []


def test_a_line_that_was_cut_off_is_not_noted_and_goes_with_the_next_one(tmp_path):
    """A killed run, or a full disk: what was to follow the line was not done."""
    journal = begun(tmp_path)
    journal.sending("write the list")
    with open(journal.path, "ab") as out:
        out.write(b'{"journal": {"status": "app' + b"l" * 500)
    again = Journal.load(journal.path)
    assert (again.status, again.changes) == (OPEN, [CHANGE])
    again.close(REVERTED)
    read = Journal.load(journal.path)
    assert read.status == REVERTED and [set(noted) for noted in lines(journal.path)[1:]] == [{"step_in_flight"}, {"status", "step_in_flight", "ended"}]
    # The one that did not know of it does not write over it.
    with pytest.raises(AccessError, match="another run wrote to"):
        journal.sent()
    assert Journal.load(journal.path).status == REVERTED


def test_a_full_disk_leaves_what_was_noted_before(tmp_path, monkeypatch):
    journal, full = begun(tmp_path), OSError(28, "No space left on device")

    def fail(_handle):
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(AccessError, match="No space left on device"):
            journal.sending("write the list")
        with pytest.raises(AccessError, match="No space left on device. Nothing was changed"):
            begun(tmp_path / "full")
    assert os.listdir(tmp_path / "full") == []
    journal.close(UNDONE)
    assert Journal.load(journal.path).status == UNDONE and [set(noted) for noted in lines(journal.path)[1:]] == [{"status", "step_in_flight", "ended"}]


def test_a_run_that_was_killed_before_its_plan_was_on_the_disk_hides_no_other(tmp_path):
    one = begun(tmp_path)
    open(tmp_path / "30000101T000000Z-squid-dead.json", "wb").close()
    assert Journal.newest(str(tmp_path), "squid", "proxy.example.com").path == one.path


def test_a_note_costs_what_is_in_it_and_not_what_was_noted_before(tmp_path):
    """4,000 changes took minutes while the file was written anew for each step."""
    journal = Journal(str(tmp_path), "squid", "a")
    journal.begin([Change(Ref("list", "l%d" % number), CREATE, {"color": (None, "r")}) for number in range(500)])
    sizes = [os.path.getsize(journal.path)]
    for number in range(3):
        journal.sending("step")
        journal.sent()
        sizes.append(os.path.getsize(journal.path))
    assert sizes[0] > 40_000 and max(after - before for before, after in zip(sizes, sizes[1:])) < 400
    assert len(Journal.load(journal.path).changes) == 500


def test_who_reads_a_file_sees_the_old_text_or_the_new_one(tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text("old")
    with open(path, encoding="utf-8") as reader:
        journal_module.write_atomically(str(path), "new")
        assert reader.read() == "old" and path.read_text() == "new" and os.listdir(tmp_path) == ["verdict.json"]
