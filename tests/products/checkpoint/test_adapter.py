# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check Point beyond the contract: options of its own, sign-in, sessions and locks, publishing and installing, requests."""
from __future__ import annotations

import functools
import json

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from tests.contract.rig import FIRST, MEDIA, MEMBER, STRANGER, Fault, Killed
from tests.products.checkpoint.rig import RULE, CheckpointRig
from tests.products.checkpoint.twin import https_rule, rule
from tests.products.server import Fault as OnTheWire
from tests.products.server import Reply

OURS = "Managed by netaccess.chatgpt"
WRITES = ("add-", "set-application", "set-access", "set-https", "delete-", "publish", "install-policy")


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, CheckpointRig)


@pytest.fixture
def rig(make):
    return make()


def commands(rig) -> list:
    return [request.path.rpartition("/")[2] for request in rig.twin.log]


def written(rig) -> list:
    return [command for command in commands(rig) if command.startswith(WRITES)]


def refused(rig, match: str, failure: str = "refused", **options) -> Failed:
    """A run that fails before its first write."""
    held = rig.snapshot()
    adapter = rig.adapter(**options.pop("adapter", {}))
    with pytest.raises(Failed, match=match) as found:
        rig.run(adapter=adapter, **options)
    assert found.value.result["failure"]["class"] == failure and written(rig) == [] and rig.snapshot() == held and rig.left_open() == []
    return found.value


# -- signing in


def test_a_wrong_password_is_named_and_not_repeated(rig):
    found = refused(rig, "rejects the credentials .*check username and password", "auth", adapter={"login": {"user": "netaccess", "password": "wrong-7"}})
    assert commands(rig) == ["login"] and "wrong-7" not in json.dumps(found.result) + str(found)


def test_an_api_key_a_domain_and_the_path_of_smart_1_cloud(rig):
    login = {"api-key": rig.twin.api_keys["netaccess"], "domain": "Europe"}
    adapter = rig.adapter(login=login, cloud="4c1b-77")
    assert rig.run(adapter=adapter)["changed"] and adapter.device.endswith(" Europe Standard")
    assert all(request.path.startswith("/4c1b-77/web_api/") for request in rig.twin.log)
    assert rig.twin.log[0].json == dict(login, **{"session-timeout": 180})


def test_the_limit_of_sign_ins_is_waited_out(make):
    rig = make(logins=3)
    for _number in range(3):
        rig.run(check=True)
    before = rig.twin.now()
    rig.run(check=True)
    assert rig.twin.now() - before >= 60 and commands(rig).count("login") == 5
    with pytest.raises(Failed, match="Too many requests"):
        rig.run(check=True, adapter=rig.adapter(timeout=30))
        rig.run(check=True, adapter=rig.adapter(timeout=30))
        rig.run(check=True, adapter=rig.adapter(timeout=30))


# -- what it costs


def test_what_a_first_run_and_a_second_one_cost(rig):
    rig.run()
    first, rig.twin.log[:] = commands(rig), []
    rig.run()
    assert (len(first), len(commands(rig)), first.count("login"), first[-1]) == (32, 13, 1, "logout")
    assert [command for command in first if command.startswith(WRITES)] == [
        "add-application-site", "add-application-site", "add-https-rule", "add-access-rule", "publish", "install-policy"]


def test_a_rulebase_in_pages_is_read_whole_and_one_that_ends_early_is_refused(rig, monkeypatch):
    monkeypatch.setattr("ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.api.PAGE", 2)
    assert rig.run()["changed"] and not rig.run()["changed"]
    short = {"rulebase": [], "objects-dictionary": [], "total": 9}
    rig.twin.faults.append(OnTheWire("status", when=lambda request: request.path.endswith("access-rulebase"), times=9, reply=Reply.of_json(short)))
    with pytest.raises(Failed, match="gives 0 of the 9 rows of show-access-rulebase"):
        rig.run()


# -- sessions


def test_what_a_killed_run_left_is_continued_when_its_session_has_timed_out(rig):
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", 3))
    left, = rig.left_open()
    check = rig.run(check=True)
    assert check["changed"] and rig.left_open() == [left], "a check run leaves it as it is"
    before, rig.twin.log[:] = rig.twin.now(), []
    assert rig.run()["changed"] and rig.twin.now() - before < 180
    assert written(rig) == ["publish", "install-policy"] and rig.left_open() == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_session_that_another_run_is_using_is_not_taken(rig):
    busy = rig.twin.open("netaccess", OURS, edits=[("delete-access-rule", {"name": "Web", "layer": "Network"}, None)])
    busy.update(sid="sid-of-another-run", timeout=10 ** 6)
    with pytest.raises(Failed, match="another run of this collection may be at work") as found:
        rig.run()
    assert found.value.result["failure"]["class"] == "locked" and written(rig) == [] and busy["edits"]


def test_unpublished_work_of_the_same_account_that_is_not_ours_stays_where_it_is(rig):
    person = rig.twin.open("netaccess", "by hand", edits=[("delete-access-rule", {"name": "Web", "layer": "Network"}, None)])
    result = rig.run()
    assert any("netaccess has 1 unpublished changes" in text for text in result["warnings"]) and person["edits"] and rig.twin.rule("Web", "Network")


def test_a_run_that_fails_discards_its_own_and_nothing_of_others(rig):
    site, others = rig.snapshot(), rig.twin.open("alice", "hers", edits=[("delete-access-rule", {"name": "Web", "layer": "Network"}, None)])
    rig.twin.faults.append(OnTheWire("status", when=lambda request: request.path.endswith("add-access-rule"),
                                     reply=Reply.of_json({"code": "err_validation_failed", "message": "Validation failed with 1 error", "errors": [
                                         {"message": "the layer is full"}]}, 400)))
    with pytest.raises(Failed, match="Validation failed with 1 error: the layer is full .*The old state was restored"):
        rig.run()
    rig.twin.faults.clear()
    assert rig.snapshot() == site and rig.left_open() == [] and others["edits"] and "publish" not in written(rig)


def test_a_session_that_ends_while_writing_is_read_and_planned_again(rig):
    ended = Reply.of_json({"code": "generic_err_wrong_session_id", "message": "Wrong session id"}, 401)

    def end(request):
        if not request.path.endswith("add-https-rule"):
            return False
        for session in list(rig.twin.state["sessions"].values()):
            rig.twin._leave(session)
        return True
    rig.twin.faults.append(OnTheWire("status", when=end, reply=ended))
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert commands(rig).count("login") == 2 and commands(rig).count("add-application-site") == 2 and "switch-session" in commands(rig)


def test_nothing_is_left_open(rig):
    rig.run(check=True)
    rig.run()
    rig.twin.failing = {"gw-1": "x", "gw-2": "x"}
    with pytest.raises(Failed):
        rig.run("deleted")
    assert rig.left_open() == [] and not [one for session in rig.twin.state["sessions"].values() for one in session["locks"]]


# -- work of others


def test_an_object_of_ours_that_another_session_has_locked_stops_the_run_before_its_first_write(rig):
    rig.run()
    rig.drop_member()
    rig.twin.log.clear()
    rig.twin.open("alice", "hers", edits=[("set-application-site", {"name": RULE, "comments": OURS}, None)], locks=[rig.site["uid"]])
    held = rig.run(check=True)["held_by"]
    assert held == ["alice locks application site ChatGPT allow"]
    refused(rig, "alice locks application site ChatGPT allow; have these sessions published or discarded", "locked")


def test_a_rule_that_another_session_has_locked_is_not_unblocked(rig):
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    rig.twin.open("alice", "hers", locks=[rig.twin.rule("Threats", "Network")["uid"]])
    site = rig.snapshot()
    with pytest.raises(Failed, match="Object Threats is locked by alice .*SmartConsole.*The old state was restored") as found:
        rig.run(unblock=(conflict["id"],))
    assert found.value.result["failure"]["class"] == "locked" and rig.snapshot() == site


def test_unpublished_work_of_others_is_told_and_not_installed(rig):
    rig.twin.open("alice", "hers", edits=[("delete-access-rule", {"name": "Web", "layer": "Network"}, None)], locks=["x", "y"])
    result = rig.run()
    assert "alice has 1 unpublished changes and holds 2 objects locked; these are not a part of this installation" in result["warnings"]
    assert result["pending"] is None and rig.decide(MEMBER, "www.example.com")[0] == "allow"


def test_what_others_published_is_named_and_needs_consent(rig):
    rig.twin.publish_by("alice", "new branch")
    assert any(text.startswith("alice published new branch on 2026-") for text in rig.run(check=True)["warnings"])
    refused(rig, "another administrator's pending changes", "locked")
    assert rig.run(publish_foreign_changes=True)["changed"] and rig.run("gathered")["pending"] is None


def test_edits_of_ours_that_were_published_by_hand_count_as_those_of_others(rig):
    rig.run(activate=False)
    assert rig.run("gathered")["pending"] == "ours"
    rig.twin.publish_by("netaccess")
    assert rig.run("gathered")["pending"] == "both"


# -- installing


def test_each_gateway_has_a_result(rig):
    assert rig.run()["activation"] == [{"target": "gw-1", "status": "in force"}, {"target": "gw-2", "status": "in force"}]


def test_an_installation_that_fails_on_one_gateway_is_taken_back_and_names_it(rig):
    before = rig.decisions()
    rig.twin.failing = {"gw-2": "the gateway has no license"}
    with pytest.raises(Failed, match="partially succeeded: .*gw-2: the gateway has no license") as found:
        rig.run()
    assert found.value.result["failure"]["class"] == "activation" and rig.decisions() == before
    rig.twin.failing = {}
    assert rig.run()["changed"]


def test_only_the_targets_are_installed_and_waited_for(rig):
    result = rig.run(adapter=rig.adapter(targets=("gw-1",)))
    assert [one["target"] for one in result["activation"]] == ["gw-1"] and rig.twin.log[-1].path.endswith("logout")
    assert rig.twin.decide(MEMBER, "chatgpt.com")[0] == "allow" and rig.twin.decide(MEMBER, "chatgpt.com", gateway="gw-2")[0] == "block"
    assert not rig.run(adapter=rig.adapter(targets=("gw-1",)))["changed"] and rig.run("gathered")["pending"] == "ours"


def test_a_gateway_that_runs_another_package_keeps_it(rig):
    """Without targets, the server installs on all gateways, and replaces what they have."""
    rig.twin.add_gateway("gw-3", "Branches")
    result = rig.run()
    assert [one["target"] for one in result["activation"]] == ["gw-1", "gw-2"]
    assert rig.twin.state["others"]["gw-3"]["policy"]["access-policy-name"] == "Branches"
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "allow" and not rig.run()["changed"]


@pytest.mark.parametrize("targets,says", [
    (("gw-1", "gw-3"), "gw-3 runs the package Branches, which an installation would replace"), (("gw-9",), "has no gateway named gw-9")])
def test_a_target_that_runs_another_package_or_does_not_exist_is_refused(rig, targets, says):
    rig.twin.add_gateway("gw-3", "Branches")
    assert any(says in text for text in rig.run(check=True, adapter=rig.adapter(targets=targets))["warnings"])
    rig.twin.log.clear()
    refused(rig, says, adapter={"targets": targets})
    assert rig.run(activate=False, adapter=rig.adapter(targets=targets, activate=False))["changed"]


def test_a_gateway_without_a_policy_gets_one_when_it_is_named(rig):
    rig.twin.add_gateway("gw-3", None)
    result = rig.run(adapter=rig.adapter(targets=("gw-3",)))
    assert [one["target"] for one in result["activation"]] == ["gw-3"] and rig.twin.decide(MEMBER, "chatgpt.com", gateway="gw-3")[0] == "allow"


def test_a_package_that_no_gateway_runs_is_not_installed_on_all_of_them(rig):
    rig.twin.state["installed"].clear()
    rig.twin.add_gateway("gw-3", "Branches")
    refused(rig, "no gateway runs the package Standard: set targets", publish_foreign_changes=True)


def test_a_cluster_is_a_target_and_its_members_are_none(rig):
    rig.twin.add_gateway("gw-4a", "Standard", **{"type": "CpmiClusterMember"})
    rig.twin.add_gateway("gw-4b", "Standard", **{"type": "cluster-member"})
    assert [one["target"] for one in rig.run()["activation"]] == ["gw-1", "gw-2"]


# -- layers and names


def test_the_layer_that_decides_is_chosen_and_several_have_to_be_named(make):
    rig = make(variant="ordered")
    with rig.by_hand():
        rig.twin.db["layers"]["Network"]["row"]["applications-and-url-filtering"] = True
        rig.twin.insert("Network", rule("No AI", "Drop", service=["AI sites"]), 0)
    refused(rig, "several access layers block these hosts: set access_layer to one of Network, Application")
    result = rig.run(adapter=rig.adapter(access_layer="Network"))
    assert [row["allowed"] for row in result["coverage"]] == ["no", "no", "yes"] and rig.twin.rule(RULE, "Network")


@pytest.mark.parametrize("options,says", [
    ({"access_layer": "Network"}, "no access layer Network in which"), ({"access_layer": "Elsewhere"}, "no access layer Elsewhere in which"),
    ({"https_layer": "Elsewhere"}, r"Requested object \[Elsewhere\] not found"), ({"package": "Elsewhere"}, r"Requested object \[Elsewhere\] not found"),
    ({"never_above": ("Elsewhere",)}, "no rule named Elsewhere"), ({"roles": ("Elsewhere",)}, "no object named Elsewhere")])
def test_what_is_named_has_to_be_there(make, options, says):
    refused(make(variant="ordered"), says, "conflict" if "Requested" in says else "refused", adapter=options)


def test_without_an_https_layer_an_exemption_is_refused_and_nothing_else(make):
    rig = make(shape="none")
    refused(rig, "no HTTPS layer can be read: set https_layer")
    assert rig.run(adapter=rig.adapter(https_layer="Outbound"))["changed"]


@pytest.mark.parametrize("shape,version", [("single", "1.9.1"), ("list", "1.8.1"), ("map", "2")])
@pytest.mark.parametrize("variant", ["unified", "ordered", "inline"])
def test_each_shape_of_a_package_and_each_kind_of_layers(make, variant, shape, version):
    rig = make(variant=variant, shape=shape, version=version)
    result = rig.run()
    assert result["release"] == "Management API " + version and {row["allowed"] for row in result["coverage"]} == {"yes"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.twin.decide(STRANGER, "chatgpt.com")[0] == "block"
    rig.run("deleted")
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.twin.rule("Block AI", rig.web)


@pytest.mark.parametrize("layer", ["Network", "Outbound"])
def test_a_layer_that_other_packages_may_use_is_told(rig, layer):
    assert not any("is shared" in text for text in rig.run(check=True).get("warnings", []))
    rig.twin.db["layers"][layer]["row"]["shared"] = True
    assert [text for text in rig.run(check=True)["warnings"] if "is shared" in text] == [
        "layer %s is shared: each other package that uses it gets the rule as well, with its next installation" % layer]


def test_the_package_that_blocks_nothing_gets_the_rule_into_its_last_layer(make):
    rig = make(variant="ordered")
    with rig.by_hand():
        rig.twin.rule("Block AI", "Application")["enabled"] = False
    assert rig.run()["changed"] and rig.twin.rule(RULE, "Application")


def test_rules_without_a_name_and_of_one_name_are_told_apart(rig):
    with rig.by_hand():
        for name in ("", "", "Cleanup rule"):
            rig.twin.insert("Network", rule(name, "Drop", service=["AI sites"]), 0)
    result = rig.run()
    assert result["changed"] and rig.decide(MEMBER, "chatgpt.com")[0] == "allow" and not rig.run()["changed"]
    names = [row["name"] for row in rig.twin.db["layers"]["Network"]["rules"]]
    assert names.index(RULE) < names.index("")


def test_two_rules_of_our_name_are_not_guessed_at(rig):
    rig.run()
    with rig.by_hand():
        rig.twin.insert("Network", dict(rule(RULE, "Accept", source=["Any"]), comments=OURS))
    rig.twin.log.clear()
    refused(rig, "more than one access rule Network: ChatGPT allow", state="replaced")


# -- entries


@pytest.mark.parametrize("entries,alike", [("slash", "block"), ("regex", "block"), ("open", "allow")])
def test_a_look_alike_is_let_in_by_open_entries_alone_which_say_so(make, entries, alike):
    rig = make(entries=entries)
    with rig.by_hand():
        rig.twin.object("AI sites")["url-list"] += ["*.crime.example/"]
    assert rig.decide(MEMBER, "chatgpt.com.crime.example")[0] == "block"
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == rig.decide(MEMBER, "ab.chatgpt.com") == ("allow", "tunnel")
    assert rig.decide(MEMBER, "chatgpt.com.crime.example")[0] == alike
    assert {row["allowed"] for row in result["coverage"]} == {"yes"}
    assert all(("such as" in row["note"]) == (entries == "open") for row in result["coverage"]) and not rig.run()["changed"]


def test_other_entries_are_in_another_site_and_replaced_removes_the_first(make):
    rig = make()
    rig.run()
    rig.entries = "regex"
    rig.run("replaced")
    names = {row["name"] for row in rig.twin.db["objects"].values() if row.get("comments") == OURS}
    assert names == {"ChatGPT allow expressions", "ChatGPT exempt expressions"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.twin.decide(STRANGER, "chatgpt.com")[0] == "block"


# -- what is lost, and who else is reached


@pytest.mark.parametrize("blades,controls", [
    (["IPS", "Anti Virus"], {"ips", "av"}), (["Threat Emulation"], {"sandbox"}),
    (["All"], {"av", "anti_spyware", "ips", "sandbox", "dlp", "file_control", "app_control"}),
    (["Blade of next year"], {"av", "anti_spyware", "ips", "sandbox", "dlp", "file_control", "app_control"})])
def test_each_control_that_the_exemption_passes_is_a_loss(rig, blades, controls):
    with rig.by_hand():
        rig.twin.rule("Predefined Rule", "Outbound")["blade"] = blades
    assert {loss["control"] for loss in rig.run(check=True)["losses"]} == controls
    refused(rig, "refuse_losses", refuse_losses=tuple(sorted(controls))[:1])


def test_where_nothing_is_inspected_nothing_is_lost(rig):
    with rig.by_hand():
        rig.twin.rule("Predefined Rule", "Outbound")["enabled"] = False
    result = rig.run(check=True)
    assert result["losses"] == [] and result["coverage"][0]["exempt_before"] == "yes"


@pytest.mark.parametrize("layer,extra", [
    ("Network", rule("Custom sites", "Accept", service=["Custom_Application_Site"], source=["Finance"])),
    ("Network", rule("All but custom sites", "Drop", service=["Custom_Application_Site"], **{"service-negate": True})),
    ("Outbound", https_rule("Custom sites", "Bypass", **{"site-category": ["Group"]}))])
def test_a_rule_about_the_category_of_our_sites_is_told(rig, layer, extra):
    with rig.by_hand():
        rig.twin.add("application-site-group", "Group", members=["Facebook", "Custom_Application_Site"])
        rig.twin.insert(layer, extra, 0)
    refused(rig, "%s is about category Custom_Application_Site" % extra["name"])
    assert rig.run(adapter=rig.adapter(category="Social Networking"))["audience_widened"] == []


def test_a_rule_that_blocks_the_category_of_our_sites_is_no_wider_audience(rig):
    with rig.by_hand():
        rig.twin.insert("Network", rule("No custom sites", "Drop", service=["Custom_Application_Site"]), 0)
    assert rig.run()["audience_widened"] == [] and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"


def test_voice_is_a_manual_step(rig):
    rig.media = MEDIA
    assert any(text.startswith("voice (") for text in rig.run(check=True)["manual"])


def test_rendered_names_no_secret_and_puts_the_exemption_first(rig):
    steps = rig.run("rendered", FIRST)["rendered"]
    assert [step["request"]["command"] for step in steps] == ["add-application-site", "add-application-site", "add-https-rule", "add-access-rule"]
    assert rig.twin.admins["netaccess"] not in json.dumps(steps) and commands(rig) == []


# -- doubts


def test_what_others_publish_while_a_run_writes_is_not_installed_with_it(rig):
    site, late = rig.snapshot(), iter([True])
    rig.after_write = lambda: next(late, False) and rig.twin.publish_by("alice", "new branch")
    with pytest.raises(Failed, match="alice published new branch, which would be installed with ours.*The old state was restored") as found:
        rig.run()
    assert found.value.result["failure"]["class"] == "locked" and "install-policy" not in commands(rig)
    assert rig.snapshot() == site and rig.left_open() == []
    with pytest.raises(Failed, match="another administrator's pending changes"):
        rig.run()
    assert rig.run(publish_foreign_changes=True)["changed"]


def test_what_others_publish_is_found_behind_what_another_run_of_ours_published_later(rig):
    late = iter([True])

    def meanwhile():
        if next(late, False):
            rig.twin.publish_by("alice", "new branch")
            rig.twin.publish_by("netaccess", "for another package")
            rig.twin.state["published"][-1]["description"] = OURS
    rig.after_write = meanwhile
    with pytest.raises(Failed, match="alice published new branch, which would be installed with ours"):
        rig.run()
    assert "install-policy" not in commands(rig) and rig.left_open() == []


def test_what_others_published_before_and_was_accepted_does_not_stop_the_run_later(rig):
    rig.twin.publish_by("alice", "new branch")
    assert rig.run(publish_foreign_changes=True)["changed"]


def test_a_rollback_of_what_is_in_force_is_not_stopped_by_what_others_publish(rig):
    """Otherwise what failed would stay in force."""
    before = rig.decisions()
    rig.twin.failing = {"gw-2": "the gateway has no license"}
    install = rig.twin._install_policy

    def failed(session, body):
        rig.twin.publish_by("alice", "new branch")
        return install(session, body)
    rig.twin._install_policy = failed
    with pytest.raises(Failed):
        rig.run()
    assert rig.decisions() == before


@pytest.mark.parametrize("write", range(4))
def test_an_entry_that_somebody_publishes_while_a_change_is_taken_back_stays(rig, write):
    """No lock is held between the read and the edit of an object."""
    journal = rig.run()["journal"]
    adapter, left = rig.adapter(), iter([False] * write + [True])
    send = adapter.send

    def meanwhile(request):
        if next(left, False):
            rig.add_foreign_member("late.example")
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed, match="while this run wrote, alice published"):
        rig.run("reverted", journal=journal, adapter=adapter)
    assert "late.example" in rig.foreign_members() and rig.left_open() == []
    rig.run("reverted", journal=journal)
    assert "late.example" in rig.foreign_members() and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_a_session_that_the_server_repeats_is_in_no_message(rig):
    answer, seen = rig.twin.answer, []

    def repeats(request):
        if not request.path.endswith("show-package"):
            return answer(request)
        seen.append(request.headers["x-chkp-sid"])
        return Reply.of_json({"code": "generic_error", "message": "not in session %s" % seen[0]}, 400)
    rig.twin.answer = repeats
    with pytest.raises(Failed, match="not in session") as failed:
        rig.run()
    assert seen[0] not in str(failed.value) + str(failed.value.result)


def test_a_list_of_ours_that_is_of_expressions_now_holds_none_of_its_entries(rig):
    """Entries that begin a URL mean something else as expressions: a dot stands for any character."""
    rig.run()
    with rig.by_hand():
        rig.site["urls-defined-as-regular-expression"] = True
    result = rig.run(check=True)
    # What no rule blocks is open anyway.
    assert result["coverage_before"]["allowed"] == 1 and result["changed"]
