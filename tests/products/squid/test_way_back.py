# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing to sites as they are, and the way back, on a real Squid: what it then does, whether it would start again, and every byte of every file."""
from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import SquidAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import real_glob
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
from tests.contract.rig import MEMBER, STRANGER, Fault
from tests.lab.squid import available

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
OPEN, SHUT = ("allow", "tunnel"), "block"
EARLY = "acl threats dstdomain .chatgpt.com .claude.ai\n"


def edit(rig, change):
    """An edit of the site's configuration that Squid has read."""
    rig.squid.config.write_bytes(change(rig.squid.config.read_bytes().decode()).encode())
    # Else an edit and a load within one second are told apart by the last read alone.
    moment = time.time() - 3
    os.utime(rig.squid.config, (moment, moment))
    rig.force()


def content(rig):
    """{path: every byte} of what belongs to Squid's configuration."""
    paths = [rig.squid.config, *rig.squid.drop_in_dir.iterdir(), *(rig.squid.list_dir.iterdir() if rig.squid.list_dir.is_dir() else ())]
    return {path.name: path.read_bytes() for path in paths}


def starts(rig) -> bool:
    """Whether Squid takes the configuration as it is now."""
    return subprocess.run(rig.squid.command("-k", "parse"), capture_output=True, check=False).returncode == 0


def refused(rig, state="merged", match=None, **options) -> str:
    """The class of the failure of a run that writes nothing."""
    before = content(rig)
    with pytest.raises(Failed, match=match) as caught:
        rig.run(state, **options)
    assert {name: text for name, text in content(rig).items() if not name.endswith(".json")} == {
        name: text for name, text in before.items() if not name.endswith(".json")}
    return caught.value.result["failure"]["class"]


# -- the way back


@pytest.mark.parametrize("placeholder", [b"", pytest.param(b"# so that Squid starts\r\n", marks=pytest.mark.exhaustive)])
def test_where_our_file_alone_is_included_something_stays_there(make, placeholder):
    rig = make(include="none")
    rig.squid.drop_in.write_bytes(placeholder)
    (rig.squid.drop_in_dir / "empty.conf").unlink()
    edit(rig, lambda text: text.replace("http_access deny ai_hosts", "include %s\nhttp_access deny ai_hosts" % rig.squid.drop_in))
    before = content(rig)
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    with pytest.raises(AccessError, match="new problems .*Unable to find configuration file: %s" % rig.squid.drop_in):
        rig.adapter()._control.check_candidate({str(rig.squid.drop_in): None}, real_glob)
    back = rig.run("reverted", journal=result["journal"])
    assert back["activation"][0]["status"] == "in force" and rig.decide(MEMBER, "chatgpt.com")[0] == SHUT
    assert content(rig) == before and starts(rig) and not rig.squid.list_dir.exists()


@pytest.mark.exhaustive
def test_an_include_of_our_file_that_is_not_there_yet_is_no_fault_of_the_site(make):
    """It is what we advise; Squid itself takes it once the file is there, and stays with an empty one when ours is gone."""
    rig = make(include="none")
    text = rig.squid.config.read_text().replace("http_access deny ai_hosts", "include %s\nhttp_access deny ai_hosts" % rig.squid.drop_in)
    (rig.squid.drop_in_dir / "empty.conf").unlink()
    rig.squid.config.write_text(text)
    assert not starts(rig)
    result = rig.run(publish_foreign_changes=True)
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    rig.run("reverted", journal=result["journal"])
    assert rig.squid.drop_in.read_bytes() == b"" and starts(rig) and rig.decide(MEMBER, "chatgpt.com")[0] == SHUT
    assert rig.run("deleted")["changed"] is False


@pytest.mark.parametrize("text", [
    b"# asked for by Jane\nacl mine src 127.0.0.8   # her host\n\nhttp_access allow mine",
    pytest.param(b"acl mine src 127.0.0.8\r\n\thttp_access \\\r\n# why\r\n deny mine\r\n", marks=pytest.mark.exhaustive),
    pytest.param("# page one\x0c page two \u2028 three\nacl mine src 127.0.0.8\nhttp_access allow mine\n".encode(), marks=pytest.mark.exhaustive)])
def test_what_others_wrote_into_our_file_stays(make, text):
    rig = make()
    rig.squid.drop_in.write_bytes(text)
    rig.force()
    moment = time.time() - 3
    os.utime(rig.squid.drop_in, (moment, moment))
    before = content(rig)
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and not rig.run()["changed"]
    rig.run("reverted", journal=result["journal"])
    assert content(rig) == before and rig.decide(MEMBER, "chatgpt.com")[0] == SHUT


@pytest.mark.parametrize("line", [
    "\thttp_access deny threats CONNECT   # by policy 7\r",
    *(pytest.param(line, marks=pytest.mark.exhaustive) for line in (
        "http_access deny threats", "http_access deny threats # \"7\"", "http_access deny threats \\\n    CONNECT",
        "  http_access \\\n# why\n\n\tdeny threats # so"))])
def test_a_line_that_is_unblocked_can_be_taken_back(make, line):
    rig = make(before=EARLY + "# page\x0cone \u2028\n" + line)
    before = content(rig)
    found, = rig.run(check=True)["conflicts"]
    result = rig.run(unblock=(found["id"],))
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and result["conflicts"] == [] and not rig.run(unblock=(found["id"],))["changed"]
    rig.run("reverted", journal=result["journal"])
    assert content(rig) == before and rig.decide(MEMBER, "chatgpt.com")[0] == SHUT


def test_a_site_that_does_not_parse_is_refused_in_squid_s_words_also_on_the_way_back(make):
    rig = make()
    journal = rig.run()["journal"]
    rig.squid.config.write_text(rig.squid.config.read_text() + "http_access deny no_such_acl\n")
    line = "FATAL: Bungled .*squid.conf line [0-9]+: http_access deny no_such_acl"
    assert {refused(rig, match=line), refused(rig, "deleted", line), refused(rig, "reverted", line, journal=journal)} == {"refused"}
    assert refused(rig, match=line, check=True) == "refused" and rig.decide(MEMBER, "chatgpt.com") == OPEN


@pytest.mark.exhaustive
def test_a_comment_behind_our_include_is_refused_in_squid_s_words_too(make):
    rig = make(include="none")
    rig.squid.config.write_text(rig.squid.config.read_text().replace("http_access deny ai_hosts", "include %s/*.conf # ours\nhttp_access deny ai_hosts"
                                                                     % rig.squid.drop_in_dir))
    assert not starts(rig) and refused(rig, match="does not parse.*Unable to find configuration file: #:") == "refused"


@pytest.mark.exhaustive
def test_the_way_back_does_not_ask_what_is_wanted(make):
    rig = make()
    journal = rig.run()["journal"]
    edit(rig, lambda text: text.replace(
        "http_access allow lan", "auth_param basic program %s/check-password\nauth_param basic realm x\nacl a1 proxy_auth alice\nacl a2 proxy_auth bob\n"
        "http_access allow lan a1\nhttp_access allow lan a2\nhttp_access allow lan" % rig.squid.folder))
    rig.run("reverted", journal=journal)
    assert rig.decide(MEMBER, "chatgpt.com")[0] == SHUT
    assert rig.run("deleted", adapter=rig.adapter(networks=(), auth_acl="gone", acls=("gone",)))["changed"] is False


# -- what runs


@pytest.mark.exhaustive
def test_without_a_pid_file_nothing_is_written(make):
    rig = make(early="pid_filename none")
    assert refused(rig, match="pid_filename is none") == "refused" and "pid_filename is none" in rig.run(check=True)["permissions"]["why"]
    assert "pid_filename is none" in " ".join(rig.run("gathered")["warnings"])


@pytest.mark.exhaustive
def test_another_build_than_the_one_that_runs_is_refused(make):
    rig = make()
    other = rig.squid.folder / "squid"
    shutil.copy(rig.squid.program, other)
    with other.open("ab") as out:
        out.write(b"\n")
    adapter = SquidAdapter(rig.settings(), Control(str(other), str(rig.squid.config), rig.squid.name, 60), rig.squid.name)
    assert refused(rig, match="is a different build than", adapter=adapter) == "refused"


@pytest.mark.exhaustive
def test_another_configuration_than_the_one_that_runs_is_refused(make):
    rig = make()
    other = rig.squid.folder / "other.conf"
    shutil.copy(rig.squid.config, other)
    adapter = SquidAdapter(rig.settings(config_file=str(other)), Control(rig.squid.program, str(other), rig.squid.name, 60), rig.squid.name)
    assert refused(rig, match="runs with .*squid.conf, but config_file is .*other.conf", adapter=adapter) == "refused"


# -- edits of others


def test_an_edit_of_a_list_waits_whatever_its_time_says(make):
    rig = make(before="acl more dstdomain \"%s\"\nhttp_access deny more" % "/dev/null")
    hosts = rig.squid.folder / "more.txt"
    hosts.write_text("www.example.com\n")
    edit(rig, lambda text: text.replace("/dev/null", str(hosts)))
    rig.run()
    assert rig.decide(STRANGER, "www.example.com")[0] == SHUT
    hosts.write_text("other.example\n")
    os.utime(hosts, (1, 1))
    assert refused(rig, "deleted") == "locked" and rig.decide(STRANGER, "www.example.com")[0] == SHUT
    waits = rig.run("deleted", check=True)
    assert waits["pending"] == "foreign" and str(hosts) in " ".join(waits["warnings"])
    # A load by somebody else, and it waits no longer; after it only times tell, and this one says that nobody knows.
    rig.force()
    assert rig.run("deleted", check=True)["pending"] is None
    rig.run("deleted")


@pytest.mark.parametrize("where,at", [("the file that is written", 1), *(pytest.param(where, 0, marks=pytest.mark.exhaustive) for where in (
    "the file that is written", "another one"))])
def test_an_edit_during_the_run_is_noticed_and_stays(make, where, at):
    rig = make(before=EARLY + "http_access deny threats")
    found, = rig.run(check=True)["conflicts"]
    path = rig.squid.config if where == "the file that is written" else rig.squid.drop_in_dir / "empty.conf"
    adapter = rig.adapter()
    send, steps = adapter.send, itertools.count()

    def sent(request):
        if next(steps) == at:
            path.write_text(path.read_text() + "# by a colleague\n")
        return send(request)
    adapter.send = sent
    with pytest.raises(Failed, match="someone else changed %s during this run" % path) as caught:
        rig.run(unblock=(found["id"],), adapter=adapter)
    assert caught.value.result["failure"]["class"] == "conflict" and path.read_text().endswith("# by a colleague\n")
    assert rig.squid.config.read_text().replace("# by a colleague\n", "") == rig.squid.site and not rig.squid.drop_in.exists()


def test_a_run_that_another_one_overtakes_does_not_undo_what_that_one_did(make):
    """Both have read the same and want the same, so the files look like the change of either."""
    rig = make()
    with pytest.raises(Failed, match="someone else changed .* before it was locked: run again. Nothing was changed") as slower:
        rig.run(adapter=rig.overtaken())
    assert slower.value.result["failure"]["class"] == "conflict" and rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert not rig.run(check=True)["changed"]


def test_a_host_that_an_exception_takes_out_is_shut_and_said_to_be_until_replaced_opens_it(make):
    rig = make()
    rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    allow = rig.squid.list_dir / "allow.except"
    rig._edit(allow, lambda text: text + ".chatgpt.com # by a colleague\n")
    said = {row["pattern"]: row["allowed"] for row in rig.run()["coverage"]}
    assert (rig.decide(MEMBER, "chatgpt.com")[0], said[".chatgpt.com"], said["js.stripe.com"]) == (SHUT, "no", "yes")
    with pytest.raises(Failed, match="The old state was restored"):
        rig.run("replaced", fault=Fault("refuse", moment="read-back"))
    assert rig.decide(MEMBER, "chatgpt.com")[0] == SHUT and ".chatgpt.com" in allow.read_text().splitlines()
    result = rig.run("replaced")
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN and {row["allowed"] for row in result["coverage"]} == {"yes"}
    # An exception that is taken away opens the apex of *.openai.com.
    rig._edit(allow, lambda text: text.replace("openai.com # *.openai.com", "netaccess.invalid"))
    assert rig.decide(MEMBER, "openai.com")[0] != SHUT and rig.run(check=True)["changes"][0]["fields"] == {
        "exception openai.com": {"old": "missing", "new": None}}
    rig.run()
    assert rig.decide(MEMBER, "openai.com")[0] == SHUT


# -- people and files


@pytest.mark.exhaustive
@pytest.mark.skipif(os.getuid() != 0, reason="a Squid of another user needs root")
@pytest.mark.parametrize("umask", [0o027, 0o077])
def test_a_squid_that_never_was_root_can_read_what_is_written(make, umask):
    rig = make(unprivileged=True)
    old = os.umask(umask)
    try:
        rig.run()
    finally:
        os.umask(old)
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert rig.squid.list_dir.stat().st_mode & 0o007 == 0 and (rig.squid.list_dir / "allow.domains").stat().st_mode & 0o007 == 0
    rig.squid.list_dir.chmod(0o700)
    with pytest.raises(Failed, match="cannot read .*allow.domains"):
        rig.run("merged", adapter=rig.adapter(networks=("127.0.0.3",)))
