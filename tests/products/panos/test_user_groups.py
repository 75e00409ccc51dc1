# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the audience that the firewall does not know: named in a warning, and asked for no more often than that needs."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AUTH, REFUSED, UNREACHABLE, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.user_groups import listed, warnings
from tests.products.panos.rig import PanosRig

#: From get_groups of pan-os-python, recorded on PAN-OS 9.1.
RECORDED = ("\nmalicious_users \ncn=contractors,cn=users,dc=nam,dc=local \ntemp_contractors_dynamic_group \nspecial_project \nrisky_users \n"
            "cn=employees,cn=users,dc=nam,dc=local \nhigh_risk_users \n\nTotal: 7\n* : Custom Group\n\n")
ONE, TWO = "example\\ai-users", "example\\ai-usres"


class Answering:
    """What the list of groups is asked of."""

    host = "fw"

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def operate(self, command, vsys=None):
        self.asked.append((command, vsys))
        if isinstance(self.answer, AccessError):
            raise self.answer
        return ET.fromstring("<result><![CDATA[%s]]></result>" % self.answer)


def asked(rig):
    return [request.form for request in rig.twin.log if "<group>" in request.form.get("cmd", "")]


def run(rig, *users, **settings):
    adapter = rig.adapter(**settings)
    adapter._settings = replace(adapter._settings, audience=replace(adapter._settings.audience, users=users, sources=() if users else ("192.0.2.0/24",)))
    return [text for text in rig.run(check=True, adapter=adapter).get("warnings", ()) if text.startswith("audience.users")]


@pytest.fixture
def rig(open_rig):
    return open_rig(PanosRig, release=(11, 1, 4))


@pytest.mark.parametrize("text, count", [
    (RECORDED, 7), (RECORDED.replace("\n", "\r\n"), 7), (RECORDED.replace("users \n", "users*\n"), 7), ("\n\nTotal: 0\n* : Custom Group\n\n", 0),
    (RECORDED.replace("Total: 7", "Total: 8"), None), (RECORDED.replace("Total: 7", "Total: 6"), None), ("", None), ("Server error", None)],
    ids=("recorded", "crlf", "marked", "none", "one is missing", "one too many", "empty", "other words"))
def test_an_answer_is_read_to_its_number_or_not_understood(text, count):
    found = listed(text)
    assert (found if count is None else len(found)) == count
    assert not count or {"risky_users", "cn=employees,cn=users,dc=nam,dc=local"} <= found


@pytest.mark.parametrize("name, missing", [
    ("special_project", None), ("Special_PROJECT", None), ("CN=Employees,CN=Users,DC=nam,DC=local", None),
    ("nam\\guests", "fw knows no group nam\\guests. A rule for a group matches nobody until the group mapping"),
    ("nam\\Employees", "fw knows no group nam\\Employees (it has cn=employees,cn=users,dc=nam,dc=local). A rule"),
    ("risky_users@nam.local", "fw knows no group risky_users@nam.local (it has risky_users). A rule")], ids=str)
def test_a_group_is_known_by_its_name_whatever_the_case(name, missing):
    api = Answering(RECORDED)
    found = warnings(api, "vsys2", (name, "high_risk_users"))
    assert (found == []) if missing is None else (len(found) == 1 and missing in found[0] and "high_risk" not in found[0])
    assert [vsys for _command, vsys in api.asked] == ["vsys2"]


@pytest.mark.parametrize("users", [(), ("known-user",), ("Any", "unknown", "pre-logon")], ids=str)
def test_who_names_nobody_is_not_looked_up(users):
    api = Answering("")
    assert warnings(api, "vsys1", users) == [] and api.asked == []


@pytest.mark.parametrize("answer, why", [
    (AccessError(AUTH, "fw refuses netaccess"), "fw refuses netaccess"), (AccessError(REFUSED, "fw refuses: show -> user unexpected"), "unexpected"),
    ("Server error", "is not understood")], ids=("not permitted", "unknown command", "not understood"))
def test_what_was_not_looked_up_is_said(answer, why):
    found, = warnings(Answering(answer), "vsys1", (ONE, TWO))
    assert found.startswith("audience.users: could not check whether fw knows %s, %s: " % (ONE, TWO)) and why in found


def test_a_firewall_that_does_not_answer_ends_the_run_as_ever():
    with pytest.raises(AccessError, match="gone"):
        warnings(Answering(AccessError(UNREACHABLE, "gone")), "vsys1", (ONE,))


def test_an_unknown_group_is_named_and_refuses_nothing(rig):
    assert run(rig, ONE, ONE.upper()) == []
    found, = run(rig, ONE, TWO)
    assert " knows no group %s. " % TWO in found and ONE not in found
    assert len(asked(rig)) == 2


def test_an_account_that_may_not_ask_is_told_so(rig):
    rig.twin.withheld_commands = {"show/user/group/list"}
    found, = run(rig, ONE)
    assert re.match(r"audience\.users: could not check whether \S+ knows %s: " % re.escape(ONE), found) and "Unauthorized request" in found


def test_it_is_asked_where_the_audience_names_somebody_and_the_conflict_scan_is_on(rig, open_rig):
    run(rig)
    run(rig, TWO, scan_conflicts=False, before=("Block AI",))
    panorama = open_rig(PanosRig, release=(11, 1, 4), groups={"Branches": ("shared", ["015300000001"])})
    assert run(panorama, TWO, device_group="Branches") == []
    assert asked(rig) == asked(panorama) == []


def test_nothing_is_said_where_nothing_is_opened(rig):
    rig.run()
    adapter = rig.adapter()
    adapter._settings = replace(adapter._settings, audience=replace(adapter._settings.audience, users=(TWO,)))
    assert "warnings" not in rig.run("deleted", check=True, adapter=adapter)
