# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract: what every product has to do, whatever it is. A new product brings a Rig and passes this suite."""
from __future__ import annotations

import datetime
import json
import os
import re
import stat
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import HIDDEN
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import diff
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.target import desired
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import preflight
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import plan
from tests.contract.fixtures import BY_HAND
from tests.contract.rig import FIRST, HOSTS, LATER, MEMBER, OTHERS, STRANGER, WANTED, Fault, Killed, documented, of_other_type, wider
from tests.products import PRODUCTS


def killed_run(rig, fault, **options) -> str:
    """The journal that a killed run left."""
    journal = str(rig.folder / ("killed-%s-%d-%s.json" % (fault.kind, fault.step, options.get("state", "merged"))))
    with pytest.raises(Killed):
        rig.run(fault=fault, journal=journal, **options)
    return journal


def writing_steps(rig, word="merged", policy=FIRST) -> list:
    """The writes that a run would need now, by asking the pure parts alone."""
    adapter = rig.adapter()
    state = adapter.read()
    changes = diff(state, desired(word, adapter.target(policy, state), state, Options()), adapter.traits.kinds)
    return [step for step in adapter.steps(changes, state) if rig.is_write(step.request)]


def number_of_writes(rig, word="merged") -> int:
    return len(writing_steps(rig, word))


# -- create, re-run, drift ----------------------------------------------------------------------------------------


@pytest.mark.every_rig
def test_create_opens_for_the_member_and_exempts(rig):
    before = rig.decisions()
    assert {before[MEMBER, host][0] for host in ("chatgpt.com", "api.openai.com")} == {"block"}
    result = rig.run()
    assert result["changed"] and rig.meter.activations == 1
    after = rig.decisions()
    assert after[MEMBER, "chatgpt.com"] == after[MEMBER, "api.openai.com"] == ("allow", "tunnel")
    assert after[MEMBER, "js.stripe.com"] == ("allow", "decrypt")
    assert {who_host: after[who_host] for who_host in after if who_host[1] in OTHERS} == {k: v for k, v in before.items() if k[1] in OTHERS}
    allowed, exempt = rig.claims
    assert [(c["pattern"], c["allowed"], c["exempt"]) for c in result["coverage"]] == [
        (".chatgpt.com", allowed, exempt), ("*.openai.com", allowed, exempt), ("js.stripe.com", allowed, "not wanted")]


def test_what_a_result_holds_is_documented(rig):
    if rig.name in ("memory", *BY_HAND):
        pytest.skip("no module does what this rig does")
    results = [rig.run(check=True), rig.run(), rig.run(state="gathered")]
    if results[1].get("journal"):
        results.append(rig.run(state="reverted", journal=results[1]["journal"]))
    said = documented(rig.adapter().traits.product)
    assert set().union(*results) - set(said) == {"changed", "diff"}
    assert [of_other_type(result, said) for result in results] == [[]] * len(results)
    assert all(re.fullmatch(rig.release, result["release"]) for result in results)


@pytest.mark.every_rig
def test_audience_who_is_not_in_it_stays_as_it_was(rig):
    before = {host: rig.decide(STRANGER, host) for host in HOSTS}
    rig.run()
    assert {host: rig.decide(STRANGER, host) for host in HOSTS} == before
    assert before["chatgpt.com"][0] == "block"


@pytest.mark.every_rig
def test_rerun_writes_and_activates_nothing(rig):
    rig.run()
    result = rig.run()
    assert not result["changed"] and result["changes"] == []
    assert (rig.meter.writes, rig.meter.activations) == (0, 0)


@pytest.mark.parametrize("edit", ["drop_member", "change_field", "shuffle"])
def test_drift_is_repaired(rig, edit):
    if edit == "shuffle" and not rig.ordered:
        pytest.skip("there is nothing to order")
    rig.run()
    right = rig.snapshot()
    getattr(rig, edit)()
    assert rig.snapshot() != right
    assert rig.run(check=True)["changed"]
    result = rig.run()
    assert result["changed"] and rig.meter.activations == 1
    assert rig.snapshot() == right
    assert not rig.run()["changed"]


def test_order_drift_moves_and_names_the_rule(rig):
    if not rig.ordered:
        pytest.skip("there is nothing to order")
    rig.run()
    rig.shuffle()
    changes = rig.run()["changes"]
    assert [set(change) for change in changes] == [{"kind", "name", "op", "place"}]


# -- others' entries ----------------------------------------------------------------------------------------------


@pytest.mark.every_rig
def test_merged_keeps_and_reports_foreign_entries(rig):
    rig.run()
    rig.add_foreign_member("foreign.example")
    result = rig.run()
    assert not result["changed"]
    assert {entry["entry"] for entry in result["foreign"]} == rig.natives("foreign.example")
    rig.run(policy=LATER)
    assert "foreign.example" in rig.foreign_members()


def test_merged_reports_what_the_policy_retired(rig):
    rig.run()
    result = rig.run(policy=LATER)
    assert {entry["entry"] for entry in result["stale"]} == rig.natives("*.openai.com") | rig.natives("js.stripe.com")
    assert rig.decide(MEMBER, "api.openai.com")[0] == "allow"


def test_what_the_policy_retired_is_stale_in_every_form(rig):
    forms = [".openai.com", "*.oaistatic.com", "js.stripe.com"]
    rig.run(policy=Policy.from_config({"allow": [".chatgpt.com", *forms], "exempt": []}))
    result = rig.run(policy=Policy.from_config({"allow": [".chatgpt.com"], "exempt": [], "retired": forms}))
    assert {entry["entry"] for entry in result["stale"]} == set().union(*(rig.natives(form) for form in forms)) and result["foreign"] == []


@pytest.mark.every_rig
def test_replaced_holds_exactly_the_policy(rig):
    before = rig.decisions()
    rig.run()
    rig.add_foreign_member("foreign.example")
    result = rig.run("replaced", LATER)
    assert result["stale"] == result["foreign"] == []
    assert "foreign.example" not in rig.foreign_members()
    assert rig.decide(MEMBER, "api.openai.com") == before[MEMBER, "api.openai.com"]
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert not rig.run("replaced", LATER)["changed"]


@pytest.mark.every_rig
def test_deleted_removes_ours_alone(rig):
    site = rig.snapshot()
    rig.run()
    result = rig.run("deleted")
    assert result["changed"]
    assert rig.snapshot() == site
    assert not rig.run("deleted")["changed"]


def test_replaced_takes_over_an_unmarked_object_only_when_told(rig):
    if not rig.adoptable:
        pytest.skip("our entries go into an object of the site anyway")
    rig.unmarked_object()
    site = rig.snapshot()
    with pytest.raises(Failed, match="adopt") as refused:
        rig.run("replaced")
    assert rig.meter.writes == 0 and rig.snapshot() == site
    assert refused.value.result["failure"]["class"] == "refused"
    rig.run("replaced", adopt=True)
    assert rig.foreign_members().isdisjoint({"foreign.example"})


def test_merged_adds_to_an_unmarked_object_and_deleted_leaves_it(rig):
    if not rig.adoptable:
        pytest.skip("our entries go into an object of the site anyway")
    rig.unmarked_object()
    rig.run()
    assert "foreign.example" in rig.foreign_members()
    rig.run("deleted")
    assert "foreign.example" in rig.foreign_members()


# -- check mode and plans -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state,policy", [("merged", FIRST), ("merged", LATER), ("replaced", LATER), ("deleted", FIRST)])
def test_check_mode_predicts_the_real_run_and_writes_nothing(rig, state, policy):
    rig.run()
    rig.add_foreign_member("foreign.example")
    held = rig.snapshot()
    planned = rig.run(state, policy, check=True)
    assert rig.meter.writes == rig.meter.activations == 0 and rig.snapshot() == held
    done = rig.run(state, policy)
    for key in ("changed", "changes", "plan_digest", "diff", "coverage", "stale", "foreign"):
        assert done[key] == planned[key], key
    assert done["summary"] == re.sub(r"would (create|update|delete)", r"\1d", planned["summary"])


def test_whether_the_account_may_write_is_told_before_anything_is_written(rig):
    assert rig.run(check=True)["permissions"]["write"] is rig.tells
    told, held = rig.may_only_read(), rig.snapshot()
    planned = rig.run(check=True)
    judged = preflight.judge({"fw": planned}, {}, None, datetime.date(2026, 11, 25))
    assert rig.meter.sends == 0 and rig.snapshot() == held
    if not told:
        assert "fw" not in judged["stops"] and (rig.tells or any("the write permission of the account is unknown" in row["message"] for row in judged["rows"]))
        return
    assert planned["permissions"]["write"] is False
    assert any(words in planned["permissions"]["why"] for words in ("may only read", "is read-only", "may not write", "cannot write to"))
    assert judged["stops"]["fw"].startswith("a real run would be refused")
    with pytest.raises(Failed):
        rig.run()
    assert rig.snapshot() == held


def test_where_it_is_compliant_nobody_is_asked_about_rights(rig):
    rig.run()
    result = rig.run(check=True)
    assert not result["changed"] and "permissions" not in result


def test_the_number_of_steps_is_known_before_the_first_one(rig):
    planned = rig.run(check=True)["planned_steps"]
    assert rig.meter.sends == 0 and rig.run()["planned_steps"] == planned == rig.meter.sends > 0
    assert rig.run()["planned_steps"] == 0


def test_no_step_that_writes_is_marked_harmless(rig):
    """The note of a harmless step does not wait for the disk: after a power failure nobody would know of the write."""
    steps = writing_steps(rig)
    rig.run()
    for word, policy in (("replaced", LATER), ("deleted", FIRST)):
        more = writing_steps(rig, word, policy)
        assert more
        steps += more
    assert steps and [step.title for step in steps if step.harmless] == []


def test_expected_plan_is_accepted_and_another_one_refused(rig):
    planned = rig.run(check=True)
    with pytest.raises(Failed, match="plan changed"):
        rig.run(policy=LATER, expected_plan=planned["plan_digest"])
    assert rig.meter.writes == 0
    assert rig.run(expected_plan=planned["plan_digest"])["changed"]


def test_diff_shows_before_and_after(rig):
    rig.run()
    shown = rig.run("replaced", LATER, check=True)["diff"]
    old, = ("    %s\n" % entry for entry in rig.natives("*.openai.com"))
    new, = ("    %s\n" % entry for entry in rig.natives("*.oaistatic.com"))
    assert old in shown["before"] and old not in shown["after"]
    assert new in shown["after"] and new not in shown["before"]


def test_rendered_needs_no_device(rig):
    result = rig.run("rendered")
    assert rig.meter.writes == 0 and "chatgpt.com" in json.dumps(result["rendered"])


@pytest.mark.every_rig
def test_gathered_shows_ours_and_writes_nothing(rig):
    rig.run()
    result = rig.run("gathered")
    assert not result["changed"] and rig.meter.writes == 0
    assert any(rig.natives(".chatgpt.com") <= set(members) for obj in result["gathered"] for members in obj["members"].values())


# -- journal and revert -------------------------------------------------------------------------------------------


@pytest.mark.every_rig
def test_journal_alone_takes_the_change_back(rig):
    site = rig.snapshot()
    journal = rig.run()["journal"]
    assert stat.S_IMODE(os.stat(journal).st_mode) == 0o600
    result = rig.run("reverted", journal=journal)
    assert result["changed"] and rig.snapshot() == site
    again = rig.run("reverted", journal=journal)
    assert not again["changed"] and rig.meter.writes == rig.meter.activations == 0


def test_the_cost_of_the_way_back_is_known_before_the_first_write(rig):
    foreseen = rig.run(check=True)["reversal"]
    assert rig.run()["reversal"] == foreseen and foreseen["writes"] > 0
    back = rig.run("reverted", check=True)
    assert foreseen == {"writes": back["planned_steps"], "activations": 1}
    assert rig.run("reverted")["changed"] and rig.run(check=True)["reversal"] == foreseen
    if rig.stageable:
        assert rig.run(check=True, activate=False)["reversal"] == dict(foreseen, activations=0)


@pytest.mark.of_engine
def test_the_newest_journal_of_a_folder_is_taken_back_and_none_is_no_failure(rig):
    before = rig.snapshot()
    rig.run()
    between = rig.snapshot()
    rig.run("replaced", LATER)
    assert rig.run("reverted")["changed"] and rig.snapshot() == between
    result = rig.run("reverted")
    assert not result["changed"] and "nothing to roll back: the newest journal" in result["summary"] and result.get("requests") is None
    # The one before it is another change, which has to be named.
    assert rig.run("reverted", journal=rig.journals()[0].path)["changed"] and rig.snapshot() == before


@pytest.mark.of_engine
def test_a_journal_of_which_nothing_is_left_counts_as_taken_back(rig):
    """Else it would hide the older journals of its folder."""
    first = rig.run()["journal"]
    second = rig.run("deleted")["journal"]
    # Who cannot see whether an activation is missing makes one more.
    activations = int(rig.adapter().traits.pending_edits == HIDDEN)
    assert rig.run("reverted", journal=first, check=True)["changed"] == bool(activations) and Journal.load(first).status == "applied"
    result = rig.run("reverted", journal=first)
    assert result["changed"] == bool(activations) and (rig.meter.writes, rig.meter.activations) == (0, activations)
    assert [Journal.load(path).status for path in (first, second)] == ["reverted", "applied"]


@pytest.mark.of_engine
def test_an_unfinished_run_is_named_until_another_one_has_finished(rig):
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", 0))
    rig.settle()
    found = rig.run(check=True)
    assert found["unfinished"] == [rig.journals()[0].path] and any("was interrupted" in text for text in found["warnings"])
    assert rig.run()["unfinished"] == found["unfinished"] and "unfinished" not in rig.run()


@pytest.mark.of_engine
def test_an_open_journal_that_cannot_be_closed_is_said_and_no_failure(rig, monkeypatch):
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", 0))
    rig.settle()
    left, close = rig.journals()[0].path, Journal.close

    def refuse(self, status):
        if self.path == left:
            raise OSError("read-only file system")
        close(self, status)
    monkeypatch.setattr(Journal, "close", refuse)
    assert any("of an earlier run could not be closed: read-only file system" in text for text in rig.run()["warnings"])


def test_revert_of_a_replacement_restores_what_it_removed(rig):
    rig.run()
    rig.add_foreign_member("foreign.example")
    held, decided = rig.foreign_members(), rig.decisions()
    journal = rig.run("replaced", LATER)["journal"]
    rig.run("reverted", journal=journal)
    assert rig.foreign_members() >= {"foreign.example"} and not rig.run(check=True)["changed"]
    assert rig.decisions() == decided and held


def test_revert_keeps_a_foreign_entry_added_since(rig):
    before = rig.decisions()
    journal = rig.run()["journal"]
    rig.add_foreign_member("foreign.example")
    rig.run("reverted", journal=journal)
    assert "foreign.example" in rig.foreign_members()
    assert rig.decisions() == before
    assert not rig.run("reverted", journal=journal)["changed"]


def test_revert_refuses_to_overwrite_a_later_edit(rig):
    journal = rig.run()["journal"]
    rig.change_field()
    edited = rig.snapshot()
    with pytest.raises(Failed, match="nothing was rolled back, because that would or could overwrite later changes: "):
        rig.run("reverted", journal=journal)
    assert rig.meter.writes == 0 and rig.snapshot() == edited


@pytest.mark.of_engine
def test_a_journal_that_was_edited_is_refused(rig):
    journal = rig.run()["journal"]
    text = open(journal, encoding="utf-8").read()
    with open(journal, "w", encoding="utf-8") as out:
        out.write(text.replace("js.stripe.com", "js.evil.example"))
    with pytest.raises(Failed, match="checksum"):
        rig.run("reverted", journal=journal)
    assert rig.meter.writes == 0


@pytest.mark.of_engine
def test_a_journal_is_never_overwritten(rig):
    path = rig.folder / "one.json"
    path.write_text("mine")
    with pytest.raises(Failed, match="journal .* already exists: set journal to a new file"):
        rig.run(journal=str(path))
    assert rig.meter.writes == 0 and path.read_text() == "mine"


# -- bad weather --------------------------------------------------------------------------------------------------


def test_killed_while_removing_every_prefix_is_inert(rig):
    rig.run()
    old = rig.decisions()
    for step in range(number_of_writes(rig, "deleted")):
        journal = killed_run(rig, Fault("kill", step), state="deleted")
        rig.force()
        assert not [key for key, decision in rig.decisions().items() if wider(decision, old[key])], step
        rig.run("reverted", journal=journal)
        assert not rig.run(check=True)["changed"], step


def test_killed_before_the_activation_leaves_one_activation_and_no_write(rig):
    if rig.live or not rig.stageable:
        pytest.skip("what is written does not wait")
    killed_run(rig, Fault("kill_before_activation"))
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    result = rig.run()
    assert result["changed"] and (rig.meter.writes, rig.meter.activations) == (0, 1)
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert not rig.run()["changed"]


def test_activate_false_writes_and_waits(rig):
    if rig.live or not rig.stageable:
        pytest.skip("what is written does not wait")
    result = rig.run(activate=False)
    assert result["changed"] and rig.meter.activations == 0
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    rig.run()
    assert rig.meter.writes == 0 and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"


@pytest.mark.of_engine
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_what_waits_for_activation_is_settled_by_reading(rig, kind):
    """As in test_faults, where it is activated."""
    if rig.live or not rig.stageable:
        pytest.skip("what is written does not wait")
    before = rig.decisions()
    rig.run()
    right = rig.snapshot()
    rig.run("deleted")
    assert rig.run(fault=Fault(kind), activate=False)["changed"] and rig.snapshot() == right
    assert (rig.meter.activations, rig.decisions()) == (0, before)


@pytest.mark.parametrize("activate", [True, False])
@pytest.mark.parametrize("kind,seals", [("drop_before", 2), ("drop_after", 1)])
def test_a_seal_without_an_answer_is_settled_by_reading(rig, kind, seals, activate):
    if not rig.sealed:
        pytest.skip("what is written is the device's own at once")
    rig.run()
    right, opened = rig.snapshot(), rig.decisions()
    rig.run("deleted")
    assert rig.run(fault=Fault(kind, moment="seal"), activate=activate)["changed"]
    assert (rig.meter.seals, rig.meter.activations) == (seals, int(activate)) and rig.snapshot() == right
    assert (rig.decisions() == opened) == activate
    assert rig.run()["changed"] != activate and rig.decisions() == opened


@pytest.mark.parametrize("kind,says", [("refuse", "refuses this seal"), ("swallow", "did not publish it")])
def test_what_cannot_be_sealed_is_taken_back(rig, kind, says):
    if not rig.sealed:
        pytest.skip("what is written is the device's own at once")
    site, writes = rig.snapshot(), number_of_writes(rig)
    with pytest.raises(Failed, match=says + ".*The old state was restored"):
        rig.run(fault=Fault(kind, moment="seal"), activate=False)
    assert rig.snapshot() == site and (rig.meter.writes, rig.meter.activations) == (writes, 0), "what is not sealed is dropped in one go"
    assert rig.run()["changed"] and not rig.run()["changed"]


def test_killed_around_the_seal_the_next_run_finishes_and_the_journal_closes_it(rig):
    if not rig.sealed:
        pytest.skip("what is written is the device's own at once")
    site, last = rig.snapshot(), number_of_writes(rig) - 1
    for fault in (Fault("kill", last), Fault("kill", moment="seal")):
        journal = killed_run(rig, fault)
        rig.run("reverted", journal=journal)
        assert rig.snapshot() == site and not rig.run("deleted")["changed"], fault
        with pytest.raises(Killed):
            rig.run(fault=fault)
        assert rig.run(activate=False)["changed"] != (fault.moment == "seal")
        assert (rig.meter.writes, rig.meter.seals, rig.meter.activations) == (0, int(not (fault.moment == "seal")), 0), fault
        assert rig.run()["changed"] and (rig.meter.writes, rig.meter.seals, rig.meter.activations) == (0, 0, 1), fault
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and not rig.run()["changed"]
        rig.run("deleted")


def test_foreign_pending_edits_stop_a_writing_run_before_its_first_write(rig):
    if rig.isolating or rig.live or rig.private:
        pytest.skip("they are not published by our activation")
    rig.foreign_pending()
    warned = rig.run(check=True)
    assert any("another administrator's changes are pending" in text for text in warned["warnings"])
    with pytest.raises(Failed, match="another administrator's pending changes") as stopped:
        rig.run()
    assert stopped.value.result["failure"]["class"] == "locked" and rig.meter.writes == 0
    if rig.queues:
        with pytest.raises(Failed, match="waits for changes of other administrators"):
            rig.run(publish_foreign_changes=True)
        return
    assert rig.run(publish_foreign_changes=True)["changed"]


def test_foreign_pending_edits_stay_pending_where_the_product_can_tell_them_from_ours(rig):
    if not rig.isolating:
        pytest.skip("an activation publishes everything")
    rig.foreign_pending()
    assert rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert rig.run("gathered")["pending"] == (None if rig.adapter().traits.pending_edits == HIDDEN else "foreign")


# -- conflicts and controls ---------------------------------------------------------------------------------------


def test_conflicts_are_reported_and_resolved_by_id_alone(rig):
    rig.block_early()
    site = rig.snapshot()
    result = rig.run()
    conflict, = result["conflicts"]
    assert conflict["effect"] == "deny" and ".chatgpt.com" in conflict["hosts"]
    product = PRODUCTS.get(rig.adapter().traits.product)  # none: the device in memory
    assert product is None or re.fullmatch(product["conflict_prefix"] + "-[0-9a-f]{10}", conflict["id"])
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block" and conflict["certain"] is rig.resolves is bool(conflict["remedy"])
    with pytest.raises(Failed, match=conflict["id"]):
        rig.run(unblock=("no-such-id",))
    if not rig.resolves:
        with pytest.raises(Failed, match="cannot be resolved automatically"):
            rig.run(unblock=(conflict["id"],))
        return
    opened = rig.run(unblock=(conflict["id"],))
    assert opened["conflicts"] == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert not rig.run(unblock=(conflict["id"],))["changed"]
    rig.run("deleted")
    assert rig.snapshot() == site


def test_revert_gives_an_unblocked_rule_back(rig):
    if not rig.resolves:
        pytest.skip("nothing is certain to be in the way")
    rig.block_early()
    site = rig.snapshot()
    conflict, = rig.run(check=True)["conflicts"]
    journal = rig.run(unblock=(conflict["id"],))["journal"]
    assert rig.snapshot() != site
    rig.run("reverted", journal=journal)
    assert rig.snapshot() == site


def test_replaced_gives_back_a_rule_that_is_no_longer_to_be_unblocked(rig):
    if not rig.resolves:
        pytest.skip("nothing is certain to be in the way")
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    rig.run(unblock=(conflict["id"],))
    assert not rig.run("replaced", unblock=(conflict["id"],))["changed"]
    assert [c["id"] for c in rig.run("replaced")["conflicts"]] == [conflict["id"]]
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_what_the_exemption_switches_off_is_told_and_can_stop_the_run(rig):
    control = rig.scan()
    if control is None:
        pytest.skip("the product tells of none")
    site = rig.snapshot()
    found = [loss for loss in rig.run(check=True)["losses"] if loss["control"] == control]
    assert found and all(".chatgpt.com" in loss["hosts"] for loss in found)
    with pytest.raises(Failed, match="refuse_losses: .*%s" % control):
        rig.run(refuse_losses=(control,))
    assert rig.meter.writes == 0 and rig.snapshot() == site


@pytest.mark.every_rig
def test_a_quarantine_that_is_asked_first_keeps_its_word(rig):
    name = rig.quarantine(above=True)
    if name is None:
        pytest.skip("the product has none")
    before = rig.decisions()
    result = rig.run()
    assert result["changed"] and not any(name in text for text in result["audience_widened"])
    told = any(name in conflict["where"] + conflict["text"] and not conflict["certain"] for conflict in result["conflicts"])
    assert told == rig.tells_of_people
    kept = {host: before[MEMBER, host][0] for host in WANTED}
    assert {host: rig.decide(MEMBER, host)[0] for host in WANTED} == kept
    if rig.lift():
        assert {host: rig.decide(MEMBER, host)[0] for host in WANTED} != kept
        assert rig.run()["changed"] and {host: rig.decide(MEMBER, host)[0] for host in WANTED} == kept


@pytest.mark.every_rig
def test_a_quarantine_that_ours_would_pass_has_to_be_accepted(rig):
    name = rig.quarantine(above=False)
    if name is None:
        pytest.skip("no rule of ours passes one")
    site = rig.snapshot()
    with pytest.raises(Failed, match="more people than the audience covers: .*%s" % re.escape(name)) as refused:
        rig.run(accept_wider_audience=False)
    assert refused.value.result["failure"]["class"] == "refused" and rig.meter.writes == 0 and rig.snapshot() == site
    assert any(name in text for text in rig.run(accept_wider_audience=True)["audience_widened"])


# -- what nobody understands --------------------------------------------------------------------------------------


def mystified(rig, what: str) -> str:
    """How results name what was put in the way."""
    where = rig.mystify(what)
    if where is None:
        pytest.skip("the product has no such thing")
    return where


def perhaps(result: dict, where: str, effect: str) -> dict:
    """The first conflict that is named so and about chatgpt.com: it may be, nobody is offered to take it away, and whoever reads of it is told."""
    about = [one for one in result["conflicts"] if ".chatgpt.com" in one["hosts"] and one["effect"] in (effect, "rewrite")]
    found = [one for one in about if where in "%(where)s %(text)s" % one]
    assert found and not any(one["certain"] or one["remedy"] for one in found)
    said = [plan.conflict(one) for one in found]
    assert all(("possibly" in line or " may " in line) and line.endswith("resolve it by hand") for line in said)
    return found[0]


def of_chatgpt(result: dict) -> dict:
    return next(row for row in result["coverage"] if row["pattern"] == ".chatgpt.com")


@pytest.mark.every_rig
@pytest.mark.parametrize("what", ["column", "action", "layer"])
def test_what_nobody_understands_leaves_a_host_unchecked(rig, what):
    """As a first run otherwise, but that nobody can tell whether it opens."""
    where = mystified(rig, what)
    planned = rig.run(check=True)
    assert of_chatgpt(planned)["allowed"] == "unchecked" and planned["changed"]
    conflict, counts = perhaps(planned, where, "deny"), planned["coverage_summary"]
    assert counts["allowed"] < counts["wanted"] and counts["allowed"] == sum(row["allowed"] == "yes" for row in planned["coverage"])
    with pytest.raises(Failed, match="%s .*cannot be resolved automatically" % re.escape(conflict["id"])):
        rig.run(check=True, unblock=(conflict["id"],))


@pytest.mark.every_rig
def test_what_nobody_understands_leaves_an_exemption_unchecked(rig):
    rig.run()
    where = mystified(rig, "inspection")
    planned = rig.run(check=True)
    assert of_chatgpt(planned)["exempt"] == "unchecked"
    perhaps(planned, where, "decrypt")
    assert planned["coverage_summary"]["exempt"] < planned["coverage_summary"]["exempt_wanted"]


def now(row: dict) -> dict:
    """A row of the coverage without what was before."""
    return {key: value for key, value in row.items() if not key.endswith("_before")}


def test_beside_what_nobody_understands_a_run_does_its_work_and_goes_back(rig):
    where = rig.mystify("column") or mystified(rig, "layer")
    site = rig.snapshot()
    done = rig.run()
    assert done["changed"] and of_chatgpt(done)["allowed"] == "unchecked"
    again = rig.run()
    assert not again["changed"] and of_chatgpt(again)["allowed_before"] == of_chatgpt(again)["allowed"]
    assert [now(row) for row in again["coverage"]] == [now(row) for row in done["coverage"]]
    assert perhaps(again, where, "deny") == perhaps(done, where, "deny")
    assert rig.run("reverted", journal=done["journal"])["changed"] and rig.snapshot() == site


# -- secrets ------------------------------------------------------------------------------------------------------


def test_a_secret_inside_what_would_be_written_is_refused_by_the_option_name(rig):
    with pytest.raises(Failed, match="option password") as refused:
        rig.run(secrets={"password": "chatgpt"})
    assert rig.meter.writes == 0 and not os.path.exists(rig.folder / "journals")
    assert refused.value.result["failure"]["class"] == "refused"


@pytest.mark.every_rig
def test_a_secret_appears_nowhere(rig):
    canary = "canary-8fe1"
    result = rig.run(secrets={"password": canary})
    with pytest.raises(Failed) as failed:
        rig.run("replaced", LATER, secrets={"password": canary}, fault=Fault("refuse", 0))
    everything = json.dumps([result, failed.value.result, str(failed.value)], default=str)
    everything += "".join(open(rig.folder / "journals" / name, encoding="utf-8").read() for name in os.listdir(rig.folder / "journals"))
    assert canary not in everything


def test_the_policy_decides_and_nothing_else(rig):
    """A wrong wildcard is a wrong decision: look-alikes and neighbours stay as they were."""
    before = {host: rig.decide(MEMBER, host) for host in OTHERS}
    rig.run(policy=replace(FIRST, retired=LATER.retired))
    assert {host: rig.decide(MEMBER, host) for host in OTHERS} == before
    assert all(rig.decide(MEMBER, host)[0] == "allow" for host in WANTED)
