# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of a run holds for all that the program of a Squid is asked, together. The program is a script that hangs where it is told to."""
from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import control, process, program as programs
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive, Site, logical_lines, split
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import real_glob
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import News
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import alive, listening
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.program import Program
from tests.lab.process import wait_until


@pytest.fixture
def squid(tmp_path):
    """A Control of ``timeout`` seconds whose program hangs at the argument ``hangs``."""
    def made(hangs, timeout=0.5):
        program = tmp_path / "squid"
        program.write_text('#!/bin/sh\ncase "$*" in *"%s"*) sleep 9 & wait;; *-v*) echo Squid Cache: Version 5.7;; *check*) exit 1;; esac\n' % hangs)
        program.chmod(0o700)
        (tmp_path / "squid.conf").write_text("http_port 3128\n")
        return Control(str(program), str(tmp_path / "squid.conf"), None, timeout)
    return made


def directive(name, *args):
    return Directive(name, args, " ".join((name,) + args), file="squid.conf", line=1, occurrence=1)


@pytest.fixture
def site(tmp_path):
    """A Site for one port of a Squid that runs: a shell with the mark of its release, which is not told by its name alone."""
    running = []

    def made(port, *options, mark=b"squid/5.7", named=True):
        program = tmp_path / "sbin-squid"
        shutil.copy("/bin/sh", program)
        with program.open("ab") as out:
            out.write(mark)
        (tmp_path / "loop").write_text("while :; do sleep 0.05; done\n")
        running.append(subprocess.Popen([str(program), str(tmp_path / "loop"), "-f", str(tmp_path / "squid.conf"), *options]))
        (tmp_path / "pid").write_text("%d\n" % running[-1].pid)
        # Until it has begun, it tells of what started it.
        wait_until(lambda: b"loop" in Path("/proc/%d/cmdline" % running[-1].pid).read_bytes(), "a shell")
        return Site([directive("http_port", str(port))] + ([directive("pid_filename", str(tmp_path / "pid"))] if named else []))
    yield made
    for one in running:
        one.kill()
        one.wait()


@pytest.mark.parametrize("hangs,ask,failure,said", [
    ("-v", lambda control, _site: control.build(), "unreachable", "squid -v did not end before the run timed out (timeout, 0.5 s)"),
    ("parse", lambda control, _site: control.check_candidate({}, lambda pattern: []), "unreachable",
     "squid -k parse did not end before the run timed out (timeout, 0.5 s)"),
    ("check", lambda control, _site: control.look(Site()), "unreachable", "squid -k check did not end before the run timed out (timeout, 0.5 s)"),
    ("reconfigure", lambda control, site: control.reconfigure(site(1)), "activation", "it is unknown which policy is in force"),
], ids=lambda value: value if isinstance(value, str) and " " not in value else "")
def test_a_program_that_hangs_ends_with_the_run_and_says_what_was_waited_for(squid, site, hangs, ask, failure, said):
    control = squid(hangs)
    if hangs != "-v":
        control.build()
    began = time.monotonic()
    with pytest.raises(AccessError) as caught:
        ask(control, site)
    assert caught.value.failure == failure and said in str(caught.value) and time.monotonic() - began < 4


def test_waiting_for_a_reload_has_what_the_run_has_left_and_taking_back_has_it_anew(squid, site):
    """Else parse, reload and wait would each take the whole time; and a change that came too late could not be taken back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        there, control = site("127.0.0.1:%d" % server.getsockname()[1]), squid("nothing", 1.8)
        control.build()
        time.sleep(1)
        began = time.monotonic()
        with pytest.raises(AccessError, match="still runs the old policy") as caught:
            control.reconfigure(there)
        assert caught.value.failure == "activation" and time.monotonic() - began < 1.6
        with pytest.raises(AccessError, match=r"squid -v did not end before the run timed out \(timeout, 1.8 s\)"):
            control.build()
        control.begin_cleanup(undo=True)
        assert control.build().number == "5.7"


def test_a_port_of_another_process_is_not_waited_for(squid, monkeypatch):
    """Nor one whose address is that of another host, as on the second proxy of a pair."""
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_server(("127.0.0.1", 0)) as theirs:
        number, other = ours.getsockname()[1], theirs.getsockname()[1]
        there = Site([directive("http_port", "127.0.0.1:%d" % port) for port in (number, other)] + [directive("http_port", "192.0.2.1:%d" % number)])
        seen, told = control_of(squid), iter([{}, {}, {"127.0.0.1:%d" % number: set()}, {"127.0.0.1:%d" % number: {"1"}}])
        monkeypatch.setattr(seen, "look", lambda site: process.Seen("runs", pid=os.getpid()))
        monkeypatch.setattr(control, "sockets_of", lambda pid: {str(os.fstat(ours.fileno()).st_ino)})
        monkeypatch.setattr(control, "listening", lambda ports: {**listening(ports), **next(told)})
        assert seen.reconfigure(there)["status"] == "in force" and next(told, None) is None


def control_of(squid) -> Control:
    made = squid("nothing", 9)
    made.build()
    return made


def test_the_sockets_of_a_process_are_those_of_its_children_as_well():
    program = "import os, socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(os.fstat(s.fileno()).st_ino, flush=True); sys.stdin.read()"
    with socket.create_server(("127.0.0.1", 0)) as one, subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1) as child:
        found = process.sockets_of(os.getpid())
        inode = child.stdout.readline().decode().strip()
        assert str(os.fstat(one.fileno()).st_ino) in found and inode not in found and inode in process.sockets_of(os.getpid())
        child.stdin.close()
    assert process.sockets_of(4194999) == set()


def test_a_file_that_a_process_does_not_see_is_told(tmp_path):
    (tmp_path / "there").write_text("")
    (tmp_path / "link").symlink_to("there")
    assert process.sees(os.getpid(), str(tmp_path / "link")) and process.sees(4194999, str(tmp_path)) and not process.sees(os.getpid(), str(tmp_path / "no"))


@pytest.mark.parametrize("line,found", [
    ("2026/11/29 14:31:31| ERROR: Can not open file /etc/squid/netaccess/allow.domains for reading", ["/etc/squid/netaccess/allow.domains"]),
    ("2026/11/29 14:31:31 kid1| ERROR: Cannot open file /x y for reading", ["/x y"]), ("2026/11/29 14:31:31| Accepting HTTP", [])])
def test_what_squid_could_not_open_is_read_from_its_log(tmp_path, line, found):
    log = tmp_path / "cache.log"
    log.write_text("ERROR: Can not open file /before for reading\n")
    news = News.of(str(log), needed=False)
    with log.open("a") as out:
        out.write(line + "\n")
    assert news.unopened() == found and News.of(str(tmp_path / "none"), needed=False) is None


def test_a_squid_that_ends_at_the_reload_is_not_waited_for(squid, site, tmp_path):
    control = squid("nothing", 9)
    control.build()
    (tmp_path / "squid").write_text("#!/bin/sh\nkill %s\n" % "$(cat %s)" % (tmp_path / "pid"))
    began = time.monotonic()
    with pytest.raises(AccessError, match="terminated at the reload"):
        control.reconfigure(site(1))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("options,mark,answer,why", [
    ((), b"squid/5.7", "runs", ""), (("-n", "squid"), b"squid/5.7", "runs", ""), (("-YCn", "other"), b"squid/5.7", "other", "runs as service other"),
    (("-f", "/etc/other.conf"), b"squid/5.7", "other", "runs with /etc/other.conf"), (("-f", "elsewhere/squid.conf"), b"squid/5.7", "runs", ""),
    ((), b"squid/6.13", "other", "is not the release 5.7")], ids=str)
def test_a_process_that_is_another_squid_is_told_from_ours(squid, site, options, mark, answer, why):
    control = squid("nothing", 9)
    control.build()
    seen = control.look(site(1, *options, mark=mark))
    assert (seen.answer, why in seen.why) == (answer, True), seen


@pytest.mark.parametrize("text,answer", [("", "none"), ("4194999\n", "none"), ("rubbish\n", "none"), ("%d\n" % os.getpid(), "other")],
                         ids=["empty", "nobody", "rubbish", "another"])
def test_a_pid_file_may_name_nobody_or_somebody_else(squid, tmp_path, text, answer):
    control = squid("nothing", 9)
    control.build()
    (tmp_path / "pid").write_text(text)
    seen = control.look(Site([directive("pid_filename", str(tmp_path / "pid"))]))
    assert seen.answer == answer and ("and not Squid, so a reload would signal the wrong process" in seen.why) is (answer == "other")


@pytest.mark.parametrize("there", ["", "4194999\n"], ids=["no pid file", "nobody"])
def test_what_listens_without_a_pid_file_may_be_this_squid(squid, tmp_path, there):
    """It is not called stopped: it goes on with the old policy."""
    control = squid("nothing", 9)
    control.build()
    if there:
        (tmp_path / "pid").write_text(there)
    with socket.create_server(("127.0.0.1", 0)) as one:
        named = Site([directive("http_port", "127.0.0.1:%d" % one.getsockname()[1]), directive("pid_filename", str(tmp_path / "pid"))])
        seen = control.look(named)
        assert seen.answer == "unknown" and "no pid file names a running Squid, but a process listens on 127.0.0.1:%d" % one.getsockname()[1] in seen.why
    assert control.look(named).answer == "none"


def test_a_process_whose_program_may_not_be_seen_cannot_be_told_from_another_build(squid, site, monkeypatch):
    control, there = squid("nothing", 9), site(1)
    control.build()
    assert control.look(there).answer == "runs"
    link = process._content

    def refuse(path):
        if path.endswith("/exe"):
            raise PermissionError(13, "Permission denied")
        return link(path)
    monkeypatch.setattr(process, "_content", refuse)
    seen = control.look(there)
    assert seen.answer == "unknown" and "does not show this user its executable (Permission denied): run as root (become)" in seen.why


def test_without_a_pid_file_it_cannot_be_told_what_runs(squid):
    control = squid("nothing", 9)
    control.build()
    seen = control.look(Site([directive("pid_filename", "none")]))
    assert seen.answer == "unknown" and "pid_filename is none" in seen.why


def test_another_address_of_the_same_number_is_somebody_else_s_port():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.200", one.getsockname()[1])):
        number = one.getsockname()[1]
        found = listening(["127.0.0.1:%d" % number, "127.0.0.200:%d" % number, "localhost:%d" % number, str(number), "127.0.0.3:%d" % number,
                           "[::1]:%d" % number])
    first, second, local, everywhere, third, six = found.values()
    assert len(first) == len(second) == 1 and first != second and local == first and not everywhere | third | six


@pytest.mark.parametrize("family,address", [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")], ids=str)
def test_the_kernel_s_answer_and_its_tables_tell_the_same(family, address):
    with socket.create_server((address, 0), family=family) as one, socket.create_connection(one.getsockname()[:2]):
        number, inode = one.getsockname()[1], os.fstat(one.fileno()).st_ino
        rows = [[row for row in some() if row[2] == inode] for some in (process.told, process.tabled)]
    assert rows[0] == rows[1] == [(socket.inet_pton(family, address), number, inode)]


def test_a_kernel_that_gives_no_answer_or_not_all_of_it_leaves_its_tables(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = "127.0.0.1:%d" % one.getsockname()[1]
        found = listening([port])
        for flags, kind in ((process._INTERRUPTED, process._BY_FAMILY), (0, process._ERROR)):
            with pytest.raises(OSError):
                process._taken([], struct.pack("=LHH8x72x", 88, kind, flags), 4)
        with pytest.raises((OSError, struct.error)):
            process._taken([], struct.pack("=LHH8x", 16, process._BY_FAMILY, 0), 4)
        monkeypatch.setattr(process, "_SOCK_DIAG", 9999)
        with pytest.raises(OSError):
            process.told()
        assert listening([port]) == found and len(found[port]) == 1


#: What each release says of the same faults. Where an entry covers an earlier one, 5.7 and 6.13 end, and 7.7 goes on.
SAID = [
    ("5.7", "/etc/squid/squid.conf(4): unrecognized: 'nonsense'"), ("7.7", "ERROR: unrecognized directive near 'nonsense'"),
    ("7.7", "FATAL: configuration failure: Found 1 unrecognized directive(s)"), ("5.7", "ERROR: Can not open file /x for reading"),
    ("5.7", 'Warning: empty ACL: acl x dstdomain "/x"'), ("6.13", 'WARNING: empty ACL: acl x dstdomain "/x"'),
    ("5.7", "ERROR: 'www.example.org' is a subdomain of '.example.org'"),
    ("7.7", "WARNING: Ignoring earlier www.example.org because it is covered by .example.org"),
    ("5.7", "FATAL: Invalid ACL type 'nonsense'"), ("6.13", "ERROR: configuration failure: invalid ACL type 'nonsense'"),
    ("5.7", "FATAL: Bungled /etc/squid/squid.conf line 9: http_access deny nobody"), ("6.13", "ERROR: ACL not found: nobody")]


@pytest.mark.parametrize("line", [line for _release, line in SAID], ids=["%s-%d" % (release, at) for at, (release, _line) in enumerate(SAID)])
def test_each_word_that_a_release_has_for_a_problem_is_one(tmp_path, line):
    """And nothing else of what squid -k parse repeats of a configuration."""
    program = tmp_path / "squid"
    program.write_text("#!/bin/sh\ncat <<'END'\n2026/01/02 03:04:05| Processing: acl ERRORS src 10.0.0.1\n2026/01/02 03:04:05| %s\nEND\n" % line)
    program.chmod(0o700)
    assert Control(str(program), str(tmp_path / "squid.conf"), None, 9).parse("x") == (True, {line: 1})


@pytest.mark.parametrize("told", [True, False], ids=["by the kernel", "by looking"])
def test_the_end_of_a_program_is_noticed_and_so_is_that_it_does_not_end(tmp_path, monkeypatch, told):
    """Where the kernel cannot be asked for it, it is looked for."""
    if not told:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho said; sleep $1; exit 3\n")
    program.chmod(0o700)
    assert Program([str(program), "0.1"]).end(60) == (3, "said\n")
    with pytest.raises(TimeoutError):
        Program([str(program), "60"]).end(0.3)


def test_what_hangs_is_killed_with_its_children(tmp_path):
    with pytest.raises(TimeoutError):
        Program(["/bin/sh", "-c", "sleep 9 & echo $! > %s; wait" % (tmp_path / "child")]).end(0.3)
    child = int((tmp_path / "child").read_text())
    for _attempt in range(100):
        state = next((line for line in open("/proc/%d/status" % child) if line.startswith("State")), "") if os.path.exists("/proc/%d" % child) else ""
        if not state or "Z" in state:
            return
        time.sleep(0.02)
    raise AssertionError("it goes on: %s" % state)


def test_what_does_not_die_is_not_waited_for(monkeypatch):
    """As one does not that waits for a share that does not answer: no signal reaches it."""
    told = []
    monkeypatch.setattr(os, "killpg", lambda pid, _signal: told.append(pid))
    monkeypatch.setattr(programs, "_DYING", 0.1)
    began = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            Program(["/bin/sleep", "3"]).end(0.1)
        assert time.monotonic() - began < 2
    finally:
        os.kill(told[0], signal.SIGKILL)
        os.waitpid(told[0], 0)


def test_the_site_is_parsed_beside_what_reads_it_and_not_longer_than_the_run(squid, tmp_path):
    """A parse takes as long as the reading. One that nobody asked for its result ends with the run."""
    control, child = squid("nothing", 9), tmp_path / "child"
    (tmp_path / "squid").write_text("#!/bin/sh\necho $$ > %s\nsleep 9\n" % child)
    began = time.monotonic()
    control.begin()
    wait_until(lambda: child.exists() and child.read_text().endswith("\n"), "a parse")
    assert time.monotonic() - began < 5
    control.close()
    assert not alive(int(child.read_text()))
    control.close()


def test_a_site_that_was_not_parsed_beforehand_is_parsed_when_that_is_asked_for(squid, tmp_path):
    control = squid("nothing", 9)
    (tmp_path / "squid").write_text("#!/bin/sh\necho FATAL: odd; exit 1\n")
    for begin in (control.begin, lambda: None):
        begin()
        with pytest.raises(AccessError, match="does not parse, so nothing is written. Correct it first: FATAL: odd"):
            control.check_site({}, real_glob)


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
        program.write_text('#!/bin/sh\ncase "$*" in *reconfigure*) cat %s/news >> %s/cache.log;; '
                           '-v) echo Squid Cache: Version 5.7;; esac\n' % (tmp_path, tmp_path))
        program.chmod(0o700)
        # The one process that holds the socket of all, which stays.
        with socket.create_server(("127.0.0.1", 0)) as server:
            control = Control(str(program), str(tmp_path / "squid.conf"), None, timeout)
            control.build()
            # Its program is a script, which alone finds the process: as of one in a container.
            return control.reconfigure(Site([directive("http_port", "127.0.0.1:%d" % server.getsockname()[1]), directive("workers", "2"),
                                             directive("cache_log", str(log if readable else tmp_path / "none"))]))
    return reload


def test_several_workers_have_reloaded_when_each_listens_again(workers):
    assert workers(BEGAN % 1, BEGAN % 3, ACCEPTS % 1, BEGAN % 2, ACCEPTS % 2, timeout=30)["status"] == "in force"


@pytest.mark.parametrize("before,lines,left", [
    ((BEGAN % 2, ACCEPTS % 2), (BEGAN % 1, ACCEPTS % 1), 1), ((), (BEGAN % 1, BEGAN % 2, ACCEPTS % 2), 1), ((), (), 2),
    # What another reload had begun before.
    ((BEGAN % 2,), (ACCEPTS % 2, BEGAN % 1, ACCEPTS % 1), 1),
], ids=["none", "one amid it", "both", "of another reload"])
def test_a_worker_that_has_not_reloaded_keeps_the_policy_from_being_called_in_force(workers, before, lines, left):
    with pytest.raises(AccessError, match="of 2 workers of squid %d still runs the old policy" % left) as caught:
        workers(*lines, before=before)
    assert caught.value.failure == "activation"


def test_a_log_that_cannot_be_read_is_named_before_the_reload(workers, tmp_path):
    with pytest.raises(AccessError, match="none cannot be read: No such file.*nothing was activated"):
        workers(BEGAN % 1, ACCEPTS % 1, readable=False)
    assert not (tmp_path / "cache.log").read_text()


@pytest.mark.parametrize("text", ["include \\\n  {a}\n", "include \\\n# why\n\n\t{a}\n", "include {a} \\\r\n# why\r\n\r\n\t{a}\r\n", "include {a}"])
def test_a_continued_include_is_one_in_the_copy_that_is_parsed(tmp_path, text):
    """Also over comments and blank lines, which do not end it."""
    (tmp_path / "a.conf").write_text("# nothing\n")
    (tmp_path / "squid.conf").write_text("http_port 1\n%s" % text.replace("{a}", str(tmp_path / "a.conf")), newline="")
    (tmp_path / "copy").mkdir()
    copied = control._Tree(str(tmp_path / "copy"), {}, real_glob).copy(str(tmp_path / "squid.conf"))
    words = [split(line) for _number, line in logical_lines(Path(copied).read_text())]
    assert [line[0] for line in words] == ["http_port", "include"] and set(words[1][1:]) == {str(tmp_path / "copy" / "1-a.conf")}
