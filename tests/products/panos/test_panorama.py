# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Panorama: its pair, the firewalls of a device group, what a push reached, rules for some firewalls, rules that only the firewalls know."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from tests.contract.rig import MEMBER
from tests.products.panos.rig import PanosRig
from tests.products.panos.twin.site import rule

ONE, TWO, OTHER = "015300000001", "015300000002", "015300000009"
SHARED = "/config/shared/%s/security/rules"


@pytest.fixture
def make(open_rig):
    def made(groups=None, release=(11, 1, 4), **options):
        rig = open_rig(PanosRig, release=release, groups=groups or {"All": ("shared", [OTHER]), "Branches": ("All", [ONE, TWO])}, **options)
        # The company blocks in the post-rules, so that rules of a device group have a say.
        rig.twin.edit("alice", "delete", SHARED % "pre-rulebase" + "/entry[@name='Block AI']")
        rig.twin.edit("alice", "set", SHARED % "post-rulebase", deny("Block AI", category=["artificial-intelligence", "AI sites"]))
        rig.twin.edit("alice", "move", SHARED % "post-rulebase" + "/entry[@name='Block AI']", where="top")
        rig.twin.publish()
        return rig
    return made


@pytest.fixture
def rig(make):
    return make()


def deny(name, more="", **columns):
    return rule(name, "deny", more, **dict({"application": "any", "from": "trust", "to": "untrust"}, **columns))


def managed(rig, group="Branches", **options):
    return rig.adapter(device_group=group, **options)


def run(rig, group="Branches", **options):
    return rig.run(adapter=managed(rig, group), **options)


def pushes(rig):
    return [request.form["cmd"] for request in rig.twin.log if "<commit-all>" in request.form.get("cmd", "")]


# -- the pair


@pytest.mark.parametrize("state, writes", [
    ("primary-active", True), ("secondary-active", True), ("primary-passive", False), ("secondary-passive", False), ("primary-suspended", False),
    ("secondary-non-functional", False)])
def test_how_its_state_ends_says_which_member_of_a_pair_may_be_written(rig, state, writes):
    rig.twin.ha = {"enabled": True, "state": state}
    if writes:
        assert run(rig)["changed"]
        return
    with pytest.raises(Failed, match="is the %s member of its HA pair" % state):
        run(rig)
    assert not pushes(rig) and "chatgpt" not in rig.snapshot()


@pytest.mark.parametrize("state, writes", [("active", True), ("active-primary", True), ("active-secondary", True), ("passive", False), ("suspended", False)])
def test_a_firewall_says_it_in_its_own_words(open_rig, state, writes):
    rig = open_rig(PanosRig, release=(11, 1, 4))
    rig.twin.ha = {"enabled": True, "state": state}
    if writes:
        assert rig.run()["changed"]
        return
    with pytest.raises(Failed, match="is the %s member" % state):
        rig.run()


# -- what a push reaches


def test_a_push_that_names_no_firewall_is_an_error_and_is_taken_back(rig):
    site = rig.snapshot()
    rig.twin.silent_devices = {ONE, TWO}
    with pytest.raises(Failed, match="it reached no device") as failed:
        run(rig)
    assert failed.value.result["failure"]["class"] == "activation" and rig.snapshot() == site


def test_a_firewall_that_the_push_does_not_name_was_not_reached(rig):
    rig.twin.silent_devices = {TWO}
    with pytest.raises(Failed, match="failed on %s .the push does not name it.; it reached %s" % (TWO, ONE)):
        run(rig)


@pytest.mark.parametrize("groups, text", [
    ({"Branches": ("shared", [])}, "contain no firewall, so there is nothing to push to"),
    ({"Branches": ("shared", []), "Elsewhere": ("shared", [OTHER])}, "contain no firewall, so there is nothing to push to")])
def test_a_device_group_without_firewalls_is_refused_before_anything_is_written(make, groups, text):
    rig = make(dict(groups, Other=("shared", [OTHER])))
    with pytest.raises(Failed, match=text) as failed:
        run(rig)
    assert failed.value.result["failure"]["class"] == "refused" and "chatgpt" not in rig.snapshot()


def test_firewalls_of_the_groups_below_are_pushed_to(make):
    rig = make({"All": ("shared", []), "Branches": ("All", [ONE]), "Small": ("Branches", [TWO]), "Elsewhere": ("shared", [OTHER])})
    result = run(rig, "All")
    assert {one["target"] for one in result["activation"][1:]} == {ONE, TWO}
    assert all(rig.twin.decide(MEMBER, "chatgpt.com", device=device) == ("allow", "tunnel") for device in (ONE, TWO))
    assert rig.twin.decide(MEMBER, "chatgpt.com", device=OTHER)[0] == "block"


def test_one_firewall_of_a_group_below_is_pushed_to_alone(make):
    rig = make({"All": ("shared", []), "Branches": ("All", [ONE]), "Small": ("Branches", [TWO])})
    result = rig.run(adapter=managed(rig, "All", devices=(TWO,)))
    assert [one["target"] for one in result["activation"][1:]] == [TWO] and "'Branches'" not in pushes(rig)[0]


def test_a_firewall_that_is_in_none_of_the_groups_is_refused(rig):
    with pytest.raises(Failed, match="contain no firewall %s; the firewalls are: %s, %s" % (OTHER, ONE, TWO)):
        rig.run(adapter=managed(rig, devices=(OTHER,)))


@pytest.mark.parametrize("release, scoped", [((10, 1, 9), False), ((10, 2, 8), True), ((11, 1, 4), True)])
def test_a_push_is_limited_to_our_administrator_where_the_release_can_and_says_so_where_not(make, release, scoped):
    rig = make(release=release)
    result = run(rig)
    assert (rig.twin.pushed_for == ["netaccess"]) is scoped
    pushed = result["activation"][1:]
    assert {one["scope"] for one in pushed} == {"changes of netaccess" if scoped else "all changes"}
    assert all(bool(one["warnings"]) is not scoped for one in pushed)


def test_a_push_after_a_move_that_no_limited_commit_covers_is_not_limited(make):
    rig = make(release=(10, 2, 8))
    rig.twin.edit("alice", "set", "/config/devices/entry[@name='localhost.localdomain']/device-group/entry[@name='Branches']/pre-rulebase/security/rules",
                  deny("Block it", category="AI sites"))
    rig.twin.publish()
    pushed = run(rig)["activation"][1:]
    assert rig.twin.pushed_for == [] and {one["scope"] for one in pushed} == {"all changes"}
    assert all("once a rule was moved" in one["warnings"][0] for one in pushed)


# -- rules for some firewalls


@pytest.mark.parametrize("target, found", [
    ("<devices><entry name='%s'/></devices>" % OTHER, None), ("<devices><entry name='%s'/></devices>" % ONE, "doubt"),
    ("<devices><entry name='%s'/><entry name='%s'/></devices>" % (ONE, TWO), "certain"),
    ("<devices><entry name='%s'/></devices><negate>yes</negate>" % OTHER, "certain"),
    ("<devices><entry name='%s'/><entry name='%s'/></devices><negate>yes</negate>" % (ONE, TWO), None),
    ("<devices><entry name='%s'/></devices><negate>yes</negate>" % TWO, "doubt"), ("<negate>no</negate>", "certain"),
    ("<tags><member>branch</member></tags>", "doubt"), ("<devices><entry name='%s'/></devices><tags><member>branch</member></tags>" % OTHER, "doubt"),
    ("<devices><entry name='%s'><vsys><entry name='vsys2'/></vsys></entry><entry name='%s'/></devices>" % (ONE, TWO), "doubt")])
def test_a_deny_of_shared_is_about_the_firewalls_that_it_is_for(rig, target, found):
    rig.twin.edit("alice", "set", SHARED % "pre-rulebase", deny("Deny", "<target>%s</target>" % target))
    rig.twin.publish()
    result = run(rig, check=True)
    conflict = next((one for one in result["conflicts"] if one["where"] == "rule of shared Deny"), None)
    assert (None if conflict is None else "certain" if conflict["certain"] else "doubt") == found
    assert {row["allowed"] for row in result["coverage"]} == {{None: "yes", "certain": "no", "doubt": "unchecked"}[found]}
    if found is None:
        run(rig)
        assert all(rig.twin.decide(MEMBER, "chatgpt.com", device=device)[0] == "allow" for device in (ONE, TWO))


def test_the_device_group_has_post_rules_of_its_own(rig):
    group = "/config/devices/entry[@name='localhost.localdomain']/device-group/entry[@name='Branches']/post-rulebase/security/rules"
    rig.twin.edit("alice", "set", group, deny("Last word"))
    rig.twin.publish()
    result = rig.run(check=True, adapter=managed(rig, category_name="AI sites"))
    assert any(one["where"] == "rule of Branches Last word" for one in result["conflicts"])


def test_local_rules_of_the_firewalls_are_not_read_and_said(rig):
    rig.twin.edit("alice", "delete", SHARED % "post-rulebase" + "/entry[@name='Block AI']")
    rig.twin.publish()
    result = rig.run(check=True, adapter=managed(rig, category_name="AI sites"))
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}
    assert all("the local rules of the firewalls are not judged" in row["note"] for row in result["coverage"])


@pytest.mark.parametrize("hidden, said", [
    ("/config/shared", "shared"), ("/config/readonly/devices/entry[@name='localhost.localdomain']/device-group", "the parents"),
    ("/config/devices/entry[@name='localhost.localdomain']/device-group/entry[@name='All']", "All")])
def test_rules_above_the_device_group_that_were_not_readable_may_block(rig, hidden, said):
    """An account that may not read them gets an empty answer."""
    adapter = managed(rig)
    read = adapter._api.get
    adapter._api.get = lambda xpath: None if xpath == hidden else read(xpath)
    result = rig.run(check=True, adapter=adapter)
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}
    assert all("the rules of %s, which were not readable, are not judged" % said in row["note"] for row in result["coverage"])


def test_rules_that_a_panorama_pushed_are_not_read_and_said(open_rig):
    rig = open_rig(PanosRig, release=(11, 1, 4))
    rig.twin.panorama_connected = "yes"
    result = rig.run(adapter=rig.adapter(accept_panorama_managed=True))
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}
    assert all("the rules that Panorama pushed are not judged" in row["note"] for row in result["coverage"])


def test_our_rule_has_the_security_profiles_of_the_post_rule_that_would_take_these_connections(rig):
    run(rig)
    made = rig.twin.candidate.find(".//device-group/entry[@name='Branches']/pre-rulebase/security/rules/entry[@name='chatgpt-allow']")
    assert made.findtext("profile-setting/profiles/virus/member") == "default" and made.findtext("log-setting") == "To SIEM"
