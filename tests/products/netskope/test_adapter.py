# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netskope beyond the contract: pending changes and whose they are, what a whole list is replaced by, deployments, refusals, requests, manual steps."""
from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope import adapter as product
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope import model
from tests.contract.rig import FIRST, LATER, MEDIA, MEMBER, Fault, Killed
from tests.products.netskope.rig import LISTS, NetskopeRig
from tests.products.server import Fault as OnTheWire
from tests.products.server import Reply

OURS = tuple(name + " by netaccess.chatgpt" for name in LISTS)


@pytest.fixture
def rig(open_rig):
    return open_rig(NetskopeRig)


def asked(rig, method: str) -> list:
    return [request.path[len("/api/v2/policy/urllist"):] for request in rig.twin.log if request.method == method]


def failure(rig, match: str, *arguments, **options) -> dict:
    with pytest.raises(Failed, match=match) as failed:
        rig.run(*arguments, **options)
    return failed.value.result["failure"]


def edited(rig, begins: str, *arguments, **options):
    """An edit by hand that comes after the first write of a run."""
    left = iter([True])

    def after_write():
        if next(left, False):
            rig.twin.edit(begins, *arguments, **options)
    rig.after_write = after_write


# -- what others wrote


@pytest.mark.parametrize("entry", ["shop.example/Team/AbC?x=Y", "Shop.example"])
def test_an_entry_that_somebody_added_comes_back_with_the_case_of_its_path(rig, entry):
    """A host is the same in each case, and what follows it is not."""
    rig.run()
    rig.add_foreign_member(entry)
    assert entry in rig.twin.named(LISTS[0])["urls"] and not rig.run()["changed"]
    journal = rig.run("replaced")["journal"]
    assert not any("hop.example" in url for url in rig.foreign_members())
    rig.run("reverted", journal=journal)
    host, slash, path = entry.partition("/")
    assert host.lower() + slash + path in rig.foreign_members()


def test_expressions_come_back_as_they_were(rig):
    rig.run()
    rig.twin.edit(LISTS[0], [r"\S+\.chatgpt\.com"], type="regex")
    journal = rig.run("replaced")["journal"]
    assert rig.twin.named(LISTS[0])["type"] == "exact"
    rig.run("reverted", journal=journal)
    assert rig.twin.named(LISTS[0])["urls"] == [r"\S+\.chatgpt\.com"] and rig.twin.named(LISTS[0])["type"] == "regex"


def test_a_list_that_is_not_shown_whole_is_not_planned_on(rig):
    """It is written whole, so that what was not read would be lost."""
    rig.run()
    rig.twin.named(LISTS[0])["more"]["count"] = 400
    failure(rig, "without lists|of the 400", "replaced")
    rig.twin.named(LISTS[0])["more"]["count"] = len(rig.twin.named(LISTS[0])["urls"])
    assert not rig.run()["changed"]


# -- the token, and requests


def test_a_wrong_token_is_named_and_not_repeated(rig):
    found = failure(rig, "the token is wrong or has expired", adapter=rig.adapter(token="wrong-canary"))
    assert found["class"] == "auth" and len(rig.twin.log) == 1


def test_a_token_without_an_endpoint_is_refused_before_anything_is_in_force(rig):
    rig.twin.privileges["/api/v2/policy/urllist/deploy"] = ""
    site = rig.snapshot()
    found = failure(rig, "lacks this endpoint.*The rollback failed as well")
    assert found["class"] == "auth" and rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.snapshot() == site


@pytest.mark.parametrize("reply,says", [
    (Reply.of_json({"status": 404, "message": "no"}, 404), "does not have the URL list API"), (Reply(302, b""), "HTTP 302"),
    (Reply(302, b"<html>"), "check the host of the tenant"), (Reply.of_json({"data": {"id": 1}}), "without lists"),
    (Reply.of_json([{"id": 1}]), "without lists"),
    (Reply.of_json({"status": "error", "message": "no such tenant"}), "no such tenant")])
def test_what_is_no_table_of_lists_is_named(rig, reply, says):
    rig.twin.faults.append(OnTheWire("status", reply=reply, times=10))
    failure(rig, says)
    assert rig.meter.writes == 0


def test_what_a_first_run_and_a_second_one_cost(rig):
    first, second = rig.run()["requests"], rig.run()["requests"]
    assert (first["reads"], first["writes"], second["reads"], second["writes"]) == (7, 3, 2, 0)
    assert rig.twin.log[0].headers["netskope-api-token"] == rig.twin.token


@pytest.mark.wire
def test_one_connection_carries_a_run(rig):
    rig.run()
    assert rig.twin.connections == 1


# -- pending changes, and whose they are


def test_pending_changes_of_others_are_named(rig):
    rig.foreign_pending()
    result = rig.run(check=True)
    assert result["diagnosis"]["pending"] == [{"list": "Partners", "change": "Edited", "by": "alice@example.com", "at": "2026-11-25T10:00:00.000Z"}]
    assert any("URL list Partners, Edited by alice@example.com" in text for text in result["warnings"])
    assert failure(rig, "another administrator's pending changes")["class"] == "locked"


def test_a_pending_change_of_our_list_by_somebody_else_is_not_ours(rig):
    rig.run()
    rig.twin.edit(LISTS[0], [*rig.foreign_members(), "theirs.example"], deploy=False)
    assert rig.run("gathered")["pending"] == "both"
    assert failure(rig, "another administrator's pending changes")["class"] == "locked"
    assert failure(rig, "another administrator's pending changes", policy=LATER)["class"] == "locked" and rig.meter.writes == 0


def test_changes_that_others_begin_while_a_run_writes_are_not_deployed(rig):
    site = rig.twin.active
    edited(rig, "Partners", ["new-partner.example"], deploy=False)
    found = failure(rig, r"others changed URL lists .*Partners \(alice@example.com\).*The old state was restored")
    assert found["class"] == "locked" and rig.meter.activations == 0 and rig.twin.active == site
    rig.after_write = lambda: None
    rig.twin.activate()
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_changes_of_others_that_were_accepted_do_not_stop_the_run_later(rig):
    rig.foreign_pending()
    assert rig.run(publish_foreign_changes=True)["changed"] and rig.meter.activations == 1


@pytest.mark.parametrize("signs", ["svc-netaccess", None])
def test_a_token_of_another_name_works_and_is_told(open_rig, signs):
    rig = open_rig(NetskopeRig, signs=signs)
    status = rig.run()["activation"][0]["status"]
    assert status == "deployed; the tenant records changes of this token as %s: set account to that" % signs
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.run(policy=LATER)["changed"]


def test_what_a_dead_run_of_a_token_of_another_name_left_is_ours_only_when_it_is_named(open_rig):
    rig = open_rig(NetskopeRig, signs="svc-netaccess")
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", 1))
    assert failure(rig, "another administrator's pending changes")["class"] == "locked"
    assert rig.run(adapter=rig.adapter(account="svc-netaccess"))["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_an_answer_that_is_lost_does_not_hide_that_a_deployment_is_due(rig):
    """Of a token of another name it is then not known who made the change, so it is undone."""
    bare, site = Policy.from_config({"allow": [".chatgpt.com"]}), rig.snapshot()
    assert rig.run(policy=bare, fault=Fault("drop_after"))["changed"] and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"
    rig.run("deleted")
    rig.twin.knobs.signs = "svc-netaccess"
    found = failure(rig, "set account to it.*The old state was restored", policy=bare, fault=Fault("drop_after"))
    assert found["class"] == "locked" and rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.snapshot() == site


def test_a_list_of_ours_that_is_about_to_be_deleted_is_refused(rig):
    rig.run()
    rig.twin.edit(LISTS[0], deploy=False)
    rig.twin.named(LISTS[0])["modify_type"] = "Deleted"
    assert failure(rig, "is about to be deleted", publish_foreign_changes=True)["class"] == "refused" and rig.meter.writes == 0


# -- what is written


def test_entries_are_appended_and_a_whole_list_is_written_only_where_something_goes(rig):
    rig.run()
    rig.twin.log.clear()
    rig.run(policy=LATER)
    added = json.loads(next(request.body for request in rig.twin.log if request.method == "PATCH"))
    assert asked(rig, "PUT") == [] and added["data"] == {"urls": ["*.oaistatic.com"], "type": "exact"}
    rig.twin.log.clear()
    rig.run("replaced", LATER)
    whole = [set(json.loads(request.body)["data"]["urls"]) for request in rig.twin.log if request.method == "PUT"]
    assert asked(rig, "PATCH") == [] and whole == [{"chatgpt.com", "*.chatgpt.com", "*.oaistatic.com"}, {"chatgpt.com", "*.chatgpt.com"}]


def test_what_others_have_in_the_list_survives_a_rollback_that_replaces_it(rig):
    rig.run()
    journal = rig.run(policy=LATER)["journal"]
    rig.add_foreign_member("Foreign.example")
    rig.run("reverted", journal=journal)
    assert "Foreign.example" in rig.foreign_members() and "*.oaistatic.com" not in rig.foreign_members()


def test_a_list_that_others_changed_since_it_was_read_is_not_replaced(rig):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def late(request):
        if "late.example" not in rig.foreign_members():
            rig.add_foreign_member("late.example")
        return send(request)
    adapter.send = late
    found = failure(rig, "someone else changed the URL list", "replaced", Policy.from_config({"allow": [".chatgpt.com"]}), adapter=adapter)
    assert found["class"] == "conflict" and "late.example" in rig.foreign_members()


def test_nothing_is_ever_deleted_or_emptied(rig):
    rig.run()
    rig.run("deleted")
    assert {row["name"]: row["urls"] for row in rig.twin.lists.values() if row["name"] in OURS} == dict.fromkeys(OURS, ["netaccess.invalid"])
    assert asked(rig, "DELETE") == [] and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert rig.run()["changed"] and "netaccess.invalid" not in rig.foreign_members()
    assert [row["name"] for row in rig.twin.lists.values()].count(OURS[0]) == 1


def test_a_list_that_became_one_of_expressions_is_made_what_it_was(rig):
    rig.run()
    rig.twin.edit(LISTS[0], type="regex")
    planned = rig.run(check=True)
    assert planned["coverage_before"]["allowed"] == 0 and planned["changes"][0]["fields"] == {"type": {"old": "regex", "new": "exact"}}
    gathered = rig.run("gathered")["coverage"][0]
    assert gathered["allowed"] == "unchecked" and "is not of the type exact" in gathered["note"]
    rig.run()
    assert rig.twin.named(LISTS[0])["type"] == "exact"


def test_a_domain_is_allowed_whichever_page_of_the_vendor_is_right(open_rig):
    rig = open_rig(NetskopeRig, apex=False)
    result = rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    notes = {row["pattern"]: row["note"] for row in result["coverage"]}
    assert "widened: perhaps openai.com itself too" in notes["*.openai.com"] and "widened" not in notes[".chatgpt.com"] + notes["js.stripe.com"]


def test_more_entries_than_a_tenant_may_have_are_refused(rig, monkeypatch):
    monkeypatch.setattr(product, "MAX_ENTRIES", 8)
    assert failure(rig, "2 entries and would hold 7 more, but 8 are allowed")["class"] == "refused" and rig.meter.writes == 0
    monkeypatch.setattr(product, "MAX_ENTRIES", 9)
    assert rig.run()["changed"]
    monkeypatch.setattr(product, "MAX_ENTRIES", 8)
    assert not rig.run("gathered")["changed"]


# -- deployments


def test_a_deployment_is_waited_for(open_rig):
    rig = open_rig(NetskopeRig, lag=4)
    result = rig.run()
    assert result["requests"]["waited"] == 12 and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_deployment_that_does_not_end_is_a_failure(open_rig):
    rig = open_rig(NetskopeRig, lag=10 ** 6)
    assert failure(rig, "deployment of URL lists is in progress.*not end within 60 s")["class"] == "activation"


def test_an_error_in_an_answer_of_200_is_one(open_rig):
    rig = open_rig(NetskopeRig, error_in_200=True)
    assert failure(rig, "deployment failed")["class"] == "refused" and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


# -- what is told


def test_what_is_not_understood_is_no_more_than_perhaps(rig):
    rig.twin.edit("Odd", ["odd.example"], type="glob", more={"scope": "all"})
    result = rig.run()
    conflict, = result["conflicts"]
    assert not conflict["certain"] and len(conflict["hosts"]) == 3
    assert "the column scope is unknown" in conflict["text"] and "entries of the type glob are not evaluated" in conflict["text"]
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}


@pytest.mark.parametrize("urls,hosts", [
    (["*.com"], {".chatgpt.com", "*.openai.com", "js.stripe.com"}), (["stripe.com"], set()), (["*.stripe.com"], {"js.stripe.com"}),
    (["api.openai.com:443"], {"*.openai.com"}), (["CHATGPT.com/g/x"], {".chatgpt.com"}), (["203.0.113.0/24", "a-b.example"], set()), (["openai.com"], set()),
    # No form that is documented: each may be about what it fits.
    ([".com"], {".chatgpt.com", "*.openai.com", "js.stripe.com"}), (["//chatgpt.com"], {".chatgpt.com"}), (["js.stripe.com?x=1"], {"js.stripe.com"}),
    (["^.example.com"], {".chatgpt.com", "*.openai.com", "js.stripe.com"}), ([".example.com"], set())])
def test_which_lists_of_others_may_be_in_the_way(rig, urls, hosts):
    rig.twin.edit("Theirs", [url.lower() for url in urls])
    rig.twin.named("Theirs")["urls"] = rig.twin.active[rig.twin.named("Theirs")["id"]]["urls"] = urls
    assert {host for one in rig.run(check=True)["conflicts"] for host in one["hosts"]} == hosts
    assert rig.run(check=True, adapter=rig.adapter(scan_conflicts=False))["conflicts"] == []


def test_each_control_that_the_exemption_passes_is_a_loss(rig):
    result = rig.run(check=True)
    assert {loss["control"] for loss in result["losses"]} == {
        "av", "ips", "sandbox", "dlp", "file_control", "app_control", "casb", "isolation", "headers"}
    assert failure(rig, "refuse_losses: .*dlp", refuse_losses=("dlp",))["class"] == "refused" and rig.meter.writes == 0
    assert rig.run(check=True, policy=Policy.from_config({"allow": [".chatgpt.com"]}))["losses"] == []


def test_the_manual_steps_name_the_audience_the_lists_and_where_to_go(rig):
    steps = rig.run(adapter=rig.adapter(users=("bob@example.com",), organizational_units=("Lab",)))["manual"]
    assert [step.split(":")[0] for step in steps] == ["once", "once", "once", "check", "check"]
    assert "with the URL list %s" % OURS[0] in steps[0] and "with the URL list %s" % OURS[1] in steps[2]
    for step in (steps[1], steps[2]):
        assert "with user group AI users, user bob@example.com, organizational unit Lab" in step
    assert "Policies > Real-time Protection" in steps[1] and "Policies > SSL Decryption" in steps[2] and all("Apply Changes" in step for step in steps[:3])
    bare = rig.run(check=True, policy=Policy(allow=FIRST.allow, media=MEDIA))["manual"]
    assert not any("Decrypt" in step for step in bare) and bare[-1].startswith("voice (voice: UDP 3478")


def test_what_stays_after_a_removal_is_told(rig):
    assert rig.run("deleted")["manual"] == []
    rig.run()
    assert [step.partition(" stays")[0] for step in rig.run("deleted")["manual"]] == ["the URL list %s" % name for name in OURS]


# -- options


def task(**changes):
    params = {"host": "example.goskope.com", "port": 443, "token": "t", "state": "merged", "allow_list": "a", "exempt_list": "b", "account": "x",
              "audience": {"groups": ["AI users"], "users": [], "organizational_units": [], "everyone": False}, "scan_conflicts": True, "protected": [],
              "validate_certs": True, "ca_path": None, "certificate_fingerprint": None, "proxy": None, "timeout": 60}
    return SimpleNamespace(params=dict(params, **changes), check_mode=False)


def test_options_that_contradict_each_other_are_refused():
    nobody = {"groups": [], "users": [], "organizational_units": [], "everyone": False}
    for audience in (None, nobody, dict(nobody, groups=["A"], everyone=True)):
        with pytest.raises(AccessError, match="audience"):
            product.from_module(task(audience=audience))
    with pytest.raises(AccessError, match="allow_list and exempt_list"):
        product.from_module(task(exempt_list="a"))
    assert product.from_module(task(audience=None, state="deleted")).device == "example.goskope.com:443"
    assert product.from_module(task(audience=dict(nobody, everyone=True)))._settings.people == "no criterion for users"
    settings = product.from_module(task())._settings
    assert (settings.groups, settings.allow, settings.exempt) == (("AI users",), model.Ref(model.LIST, "a"), model.Ref(model.LIST, "b"))


def test_a_host_name_that_cannot_be_an_entry_is_refused_before_the_first_write(rig):
    """url-lists: labels are of letters, digits and inner dashes."""
    found = failure(rig, r"cannot be allowed: \*\.a_b\.example, a_b\.example", policy=Policy.from_config({"allow": [".a_b.example", "c.example"]}))
    assert found["class"] == "refused" and rig.meter.writes == 0


# -- doubts


@pytest.mark.parametrize("url", ["https://chatgpt.com/", "chatgpt.com.", "*chatgpt.com", "chat*.com", "*.chatgpt.*", "*", " chatgpt.com"])
def test_an_entry_of_others_that_is_written_in_another_way_may_be_in_the_way(rig, url):
    rig.twin.edit("Theirs", ["odd.example"])
    rig.twin.named("Theirs")["urls"] = rig.twin.active[rig.twin.named("Theirs")["id"]]["urls"] = [url]
    assert ".chatgpt.com" in {host for one in rig.run(check=True)["conflicts"] for host in one["hosts"]}


@pytest.mark.parametrize("url", ["chatgpt.com.evil.example", "evilchatgpt.com", "chatgpt.com/only/a/path", "chatgpt.com:8443", "*chatgpt.com"])
def test_an_entry_in_our_list_that_only_looks_like_a_host_allows_nothing(rig, url):
    rig.run()
    rig.twin.named(LISTS[0])["urls"] = rig.twin.active[rig.twin.named(LISTS[0])["id"]]["urls"] = [url]
    assert {row["allowed"] for row in rig.run("gathered")["coverage"]} == {"no"}


def test_a_name_that_somebody_gave_our_list_meanwhile_is_not_taken_back(rig):
    rig.run()
    adapter = rig.adapter()
    send, renamed = adapter.send, LISTS[0] + " by netaccess.chatgpt (ask IT)"

    def meanwhile(request):
        rig.twin.named(LISTS[0])["name"] = rig.twin.active[rig.twin.named(LISTS[0])["id"]]["name"] = renamed
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed, match="someone else changed the URL list"):
        rig.run(policy=Policy.from_config({"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com", "x.ai"], "exempt": [".chatgpt.com", "*.openai.com"]}),
                adapter=adapter)
    assert any(row["name"] == renamed for row in rig.twin.active.values())


def test_a_server_that_repeats_the_token_in_its_refusal_does_not_get_it_into_a_result(rig):
    token = rig.twin.token
    rig.twin.faults.append(OnTheWire("status", reply=Reply.of_json({"status": "error", "message": "token %s is not allowed" % token}, 403)))
    with pytest.raises(Failed) as failed:
        rig.run()
    assert token not in str(failed.value) + str(failed.value.result)


def test_an_entry_that_somebody_adds_while_ours_are_appended_stays(rig):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def meanwhile(request):
        rig.twin.edit(LISTS[0], [*rig.twin.named(LISTS[0])["urls"], "late.example"])
        return send(request)
    adapter.send = meanwhile
    policy = Policy.from_config({"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com", "x.ai"], "exempt": [".chatgpt.com", "*.openai.com"]})
    assert rig.run(policy=policy, adapter=adapter)["changed"] and {"late.example", "x.ai"} <= rig.foreign_members()


def test_a_list_that_somebody_begins_to_delete_is_not_written(rig):
    rig.run()
    adapter = rig.adapter()
    send = adapter.send

    def meanwhile(request):
        row = rig.twin.named(LISTS[0])
        row.update(pending=1, modify_type="Deleted", modify_by="alice@example.com")
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed, match="someone else changed the URL list"):
        rig.run(policy=Policy.from_config({"allow": ["x.ai"]}), adapter=adapter)
    assert "x.ai" not in rig.foreign_members()
