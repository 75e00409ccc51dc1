# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and networks that are too many for a line stand in lists, on a real Squid: what it then does, edits of others, and the way back."""
from __future__ import annotations

import os
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import files
from tests.contract.rig import MEMBER, STRANGER, Fault
from tests.lab.client import decide
from tests.lab.squid import available
from tests.products.squid.rig import SOURCES

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
OPEN, SHUT = ("allow", "tunnel"), "block"
FEW = ("127.0.0.2", "10.0.0.0/24")
#: One more than a line takes; the first three are one network.
MANY = ("127.0.0.2", "127.0.0.2/32", "127.0.0.2/31") + tuple("10.%d.0.0/24" % number for number in range(files.IN_LINE))


def run(rig, networks, state="merged", **options):
    return rig.run(state, adapter=rig.adapter(networks=networks), **options)


def listed(rig):
    """The list of networks: the file."""
    return rig.squid.list_dir / "audience.networks"


def edit(rig, path, change):
    """By hand, and Squid has read it."""
    path.write_text(change(path.read_text()))
    moment = time.time() - 3
    os.utime(path, (moment, moment))
    rig.force()


def decisions(rig):
    return [rig.decide(who, "chatgpt.com")[0] for who in (MEMBER, STRANGER)]


def test_many_networks_stand_in_a_list_and_an_edit_of_it_is_taken_back(rig):
    before = rig.snapshot()
    result = run(rig, MANY)
    assert decisions(rig) == ["allow", SHUT] and rig.decide(MEMBER, "chatgpt.com") == OPEN
    assert listed(rig).read_text().split("\n") == [files.MARK, *sorted({"127.0.0.2/31", *MANY[3:]}), ""]
    assert 'acl netaccess_client src "%s"\n' % listed(rig) in rig.squid.drop_in.read_text()
    assert (result["requests"]["writes"], run(rig, MANY)["changed"]) == (6, False)
    edit(rig, listed(rig), lambda text: text + SOURCES[STRANGER] + "\n")
    assert decisions(rig) == ["allow", "allow"]
    found = run(rig, MANY, check=True)
    assert found["changed"] and decisions(rig) == ["allow", "allow"]
    assert "this drop-in already allows %s, which this task does not include and would lock out" % SOURCES[STRANGER] in " ".join(found["warnings"])
    assert run(rig, MANY)["changed"] and decisions(rig) == ["allow", SHUT] and not run(rig, MANY)["changed"]
    rig.run("reverted", journal=result["journal"])
    assert rig.snapshot() == before and decisions(rig) == [SHUT, SHUT] and not rig.squid.list_dir.exists()


@pytest.mark.exhaustive
def test_of_a_few_that_become_many_each_way_leads_back(rig):
    few = run(rig, FEW)
    as_few = rig.snapshot()
    assert not listed(rig).exists() and 'src 10.0.0.0/24 127.0.0.2\n' in rig.squid.drop_in.read_text()
    many = run(rig, (SOURCES[STRANGER], *MANY))
    as_many = rig.snapshot()
    assert decisions(rig) == ["allow", "allow"]
    # A list that is there stays: it is rewritten, and nobody stays in it who is not named.
    fewer = run(rig, FEW)
    assert decisions(rig) == ["allow", SHUT] and listed(rig).read_text().split()[-2:] == ["10.0.0.0/24", "127.0.0.2"]
    assert "would lock out: set all of them in one task" in " ".join(fewer["warnings"]) and not run(rig, FEW, "replaced")["changed"]
    for result, then in ((fewer, as_many), (many, as_few)):
        rig.run("reverted", journal=result["journal"])
        assert rig.snapshot() == then
    rig.run("reverted", journal=few["journal"])
    assert decisions(rig) == [SHUT, SHUT] and not rig.squid.list_dir.exists()


@pytest.mark.exhaustive
def test_an_edit_of_a_list_that_squid_has_not_read_waits(rig):
    journal = run(rig, MANY)["journal"]
    # Its time says nothing, since the process is as we left it.
    listed(rig).write_text(listed(rig).read_text() + SOURCES[STRANGER] + "\n")
    os.utime(listed(rig), (1, 1))
    found = run(rig, MANY, check=True)
    assert found["pending"] == "foreign" and str(listed(rig)) in " ".join(found["warnings"]) and decisions(rig) == ["allow", SHUT]
    with pytest.raises(Failed) as caught:
        run(rig, MANY)
    assert caught.value.result["failure"]["class"] == "locked"
    rig.force()
    with pytest.raises(Failed, match="because that would or could overwrite later changes: list audience.networks, values"):
        rig.run("reverted", journal=journal)
    assert run(rig, MANY)["changed"] and decisions(rig) == ["allow", SHUT]
    rig.run("deleted")
    assert not rig.squid.list_dir.exists()


@pytest.mark.exhaustive
def test_an_edit_of_a_list_during_the_run_is_noticed_and_stays(rig):
    run(rig, MANY)
    adapter = rig.adapter(networks=(*MANY, "10.99.0.0/24"))
    send = adapter.send

    def sent(request):
        if "write" in request:
            listed(rig).write_text(files.MARK + "\n192.0.2.1\n")
        return send(request)
    adapter.send = sent
    with pytest.raises(Failed, match="someone else changed %s during this run" % listed(rig)):
        rig.run(adapter=adapter)
    assert listed(rig).read_text() == files.MARK + "\n192.0.2.1\n" and decisions(rig) == ["allow", SHUT]


@pytest.mark.exhaustive
@pytest.mark.parametrize("state", ["merged", "replaced"])
def test_a_list_of_somebody_else_is_neither_used_nor_written(rig, state):
    rig.squid.list_dir.mkdir()
    listed(rig).write_text("127.0.0.0/8\n")
    rig.force()
    with pytest.raises(Failed, match="audience.networks exists and was not created by this collection") as caught:
        run(rig, MANY, state)
    assert caught.value.result["failure"]["class"] == "refused" and rig.meter.writes == 0 and decisions(rig) == [SHUT, SHUT]
    run(rig, FEW, state)
    rig.run("deleted")
    assert listed(rig).read_text() == "127.0.0.0/8\n"


@pytest.mark.exhaustive
def test_each_drop_in_has_a_list_of_its_own(rig):
    run(rig, MANY)

    def other(**options):
        return rig.adapter(networks=(SOURCES[STRANGER], *MANY[3:]), drop_in=str(rig.squid.drop_in_dir / "other.conf"), **options)
    with pytest.raises(Failed, match="uses a list in .*: set a separate list_dir for each drop-in"):
        rig.run(adapter=other())
    lists = rig.squid.folder / "other"
    # Squid's log has whole seconds: what was written in the one of a reload by others counts as not read yet.
    time.sleep(1.1)
    rig.run(adapter=other(list_dir=str(lists)))
    assert decisions(rig) == ["allow", "allow"] and (lists / "audience.networks").exists() and not run(rig, MANY)["changed"]
    rig.run("deleted", adapter=other(list_dir=str(lists)))
    assert decisions(rig) == ["allow", SHUT] and not lists.exists() and not run(rig, MANY)["changed"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("before,after", [(FEW, MANY), (MANY, FEW), (MANY, ("10.77.0.0/24", *MANY))], ids=["more", "fewer", "one more"])
def test_a_run_that_is_killed_at_any_write_lets_in_nobody_else_and_is_finished_by_the_next(rig, before, after, step):
    run(rig, before)
    try:
        run(rig, after, fault=Fault("kill", step))
    except BaseException as killed:
        assert type(killed).__name__ == "Killed"
    rig.force()
    assert rig.decide(STRANGER, "chatgpt.com")[0] == SHUT
    run(rig, after)
    assert decisions(rig) == ["allow", SHUT] and not run(rig, after)["changed"]


@pytest.mark.exhaustive
@pytest.mark.skipif(os.getuid() != 0, reason="a Squid of another user needs root")
def test_a_list_that_squid_may_not_read_is_named(make):
    rig = make(unprivileged=True)
    run(rig, MANY)
    listed(rig).chmod(0o600)
    with pytest.raises(Failed, match="cannot read .*audience.networks"):
        run(rig, (*MANY, "10.99.0.0/24"))
    assert rig.decide(MEMBER, "chatgpt.com") == OPEN


@pytest.mark.exhaustive
def test_users_and_networks_by_the_thousand(make):
    rig = make(auth=True)
    users = ("alice",) + tuple("firstname.lastname%04d" % number for number in range(1000))
    networks = ("127.0.0.2", "127.0.0.2/32", "127.0.0.0/30") + tuple("10.%d.%d.0/24" % (number // 100, number % 100 * 2) for number in range(1500))
    rig.run(adapter=rig.adapter(users=users, networks=networks))
    assert decide("chatgpt.com", rig.squid.port, user="alice") == OPEN and decide("chatgpt.com", rig.squid.port, user="bob")[0] == SHUT
    assert rig.decide(STRANGER, "chatgpt.com")[0] == SHUT and max(map(len, rig.squid.drop_in.read_text().split("\n"))) < 200
    assert not rig.run(adapter=rig.adapter(users=users, networks=networks))["changed"]
    path = rig.squid.list_dir / "audience.users"
    edit(rig, path, lambda text: text.replace("alice\n", "bob\nREQUIRED\n"))
    rig.run(adapter=rig.adapter(users=users, networks=networks))
    assert "REQUIRED" not in path.read_text() and decide("chatgpt.com", rig.squid.port, user="bob")[0] == SHUT
    rig.run("deleted")
    assert not rig.squid.list_dir.exists()
