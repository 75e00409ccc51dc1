# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a change stands, by its journals: unproven, interrupted, taken back in part; on the device in memory."""
from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import UNNAMED
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.admission import ROOM
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Conflict
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import canonical_digest
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from tests.contract.memory import ALLOW, MemoryRig
from tests.contract.rig import FIRST, LATER, Fault, Killed

SAW = {"desk1": {"checks": [{"id": "chat", "state": "open"}]}}


@pytest.fixture
def rig(tmp_path):
    return MemoryRig(tmp_path)


def statuses(rig) -> list:
    return [journal.status for journal in rig.journals()]


def by_age(rig) -> list:
    """Paths of the journals, the oldest first."""
    return [journal.path for journal in reversed(list(Journal._of(str(rig.folder / "journals"), "memory", "memory")))]


def killed(rig, *arguments, **options) -> None:
    with pytest.raises(Killed):
        rig.run(*arguments, **options)


def test_a_change_that_was_rolled_back_stays_on_record_above_the_one_that_is_in_place(rig):
    first, second = rig.run(comment="CHG1")["journal"], rig.run("replaced", LATER, comment="CHG2")["journal"]
    assert [one["journal"] for one in rig.run("replaced", LATER, check=True)["changes_on_record"]] == [second]
    rig.run("reverted", journal=second)
    assert [(one["journal"], one["status"], one["comment"]) for one in rig.run(check=True)["changes_on_record"]] == [
        (second, "reverted", "CHG2"), (first, "applied", "CHG1")]
    back, stays = rig.run(check=True)["changes_on_record"]
    assert back["ended"] >= back["started"] and "ended" not in stays


def test_a_change_that_somebody_has_to_prove_waits_for_that_with_what_hosts_saw_before(rig):
    path = rig.run(baseline=SAW)["journal"]
    assert statuses(rig) == ["unproven"]
    found = rig.run(check=True)
    assert [(one["journal"], one["baseline"]) for one in found["unproven"]] == [(path, SAW)] and "unfinished" not in found
    assert any("earlier changes" in text for text in found["warnings"])
    assert rig.run("reverted", check=True, journal=path)["baseline"] == SAW
    # A later change does not prove it.
    rig.run("replaced", LATER)
    assert statuses(rig) == ["unproven", "unproven"] and len(rig.run(check=True)["unproven"]) == 2
    assert rig.run("proven", check=True)["proven"] != [] and statuses(rig) == ["unproven", "unproven"]
    reads = []
    adapter = rig.adapter()
    adapter.read = lambda: reads.append(1)
    assert set(rig.run("proven", adapter=adapter)["proven"]) == set(by_age(rig)) and reads == []
    assert statuses(rig) == ["applied", "applied"] and "unproven" not in rig.run(check=True)
    assert rig.run("proven")["proven"] == []


def test_without_somebody_to_prove_it_a_change_is_applied(rig):
    rig.run()
    assert statuses(rig) == ["applied"]


def test_an_interrupted_change_keeps_what_hosts_saw_before_it(rig):
    killed(rig, fault=Fault("kill", 1), baseline=SAW)
    found = rig.run(baseline={})
    assert found["unfinished"] == [one["journal"] for one in found["unproven"]] and found["unproven"][0]["baseline"] == SAW
    assert statuses(rig) == ["unproven", "unproven"]


def test_one_rollback_takes_back_what_a_run_went_on_from(rig):
    """The run that finished an interrupted one is no change of its own."""
    site = rig.snapshot()
    killed(rig, fault=Fault("kill", 1))
    killed(rig, fault=Fault("kill", 0))
    assert rig.run(series="second")["changed"]
    first, second, third = by_age(rig)
    assert statuses(rig) == ["applied"] * 3
    result = rig.run("reverted")
    assert result["earlier"] == [second, first] and result["left"] == []
    assert rig.run("reverted", journal=second)["earlier"] == [first]
    assert rig.run("reverted", journal=first)["earlier"] == [] and rig.snapshot() == site
    assert statuses(rig) == ["reverted"] * 3 and third != first


def test_a_run_that_only_has_to_activate_gives_the_journal_of_what_it_finished(rig):
    killed(rig, fault=Fault("kill_before_activation"))
    path, = by_age(rig)
    assert rig.run()["journal"] == path and statuses(rig) == ["applied"]


def test_an_interrupted_rollback_is_unfinished(rig):
    site = rig.snapshot()
    path = rig.run()["journal"]
    killed(rig, "reverted", fault=Fault("kill", 0))
    assert statuses(rig) == ["reverting"] and rig.run(check=True)["unfinished"] == [path]
    # Of a device that does not tell whose edits wait, they are ours.
    adapter = rig.adapter()
    adapter.traits, rig.device.editor = replace(adapter.traits, pending_edits=UNNAMED), "them"
    assert rig.run("reverted", adapter=adapter)["changed"] and rig.snapshot() == site and statuses(rig) == ["reverted"]


def test_reverting_is_noted_before_the_first_write(rig):
    rig.run()
    seen, adapter = [], rig.adapter()
    send = adapter.send
    adapter.send = lambda request: (seen.append(statuses(rig)), send(request))[1]
    rig.run("reverted", adapter=adapter)
    assert seen and seen[0] == ["reverting"]


@pytest.mark.parametrize("product,device", [("memory", "fw2"), ("fortios", "memory")])
def test_the_journal_of_another_device_is_not_rolled_back(rig, tmp_path, product, device):
    other = Journal(str(tmp_path / "other.json"), product, device)
    other.begin([change for journal in [rig.run()["journal"]] for change in Journal.load(journal).changes])
    before = rig.snapshot()
    said = "belongs to %s %s, but this task runs on memory memory: limit the run to the device of the journal. Nothing was changed" % (product, device)
    with pytest.raises(Failed, match=said):
        rig.run("reverted", journal=other.path)
    assert rig.snapshot() == before and Journal.load(other.path).status == "open"


def test_a_rollback_that_never_wrote_changed_nothing(rig):
    journal = rig.run()["journal"]
    rig.change_field()
    with pytest.raises(Failed, match="overwrite later changes: .*Nothing was changed") as failed:
        rig.run("reverted", journal=journal)
    assert failed.value.result["changed"] is False and statuses(rig) == ["applied"]


def test_a_lost_activation_does_not_claim_that_nothing_was_changed(rig):
    rig.run(activate=False)
    with pytest.raises(Failed, match="It is unknown whether the pending changes are active") as failed:
        rig.run(fault=Fault("no_activation"))
    assert failed.value.result["changed"]


def stages(rig) -> list:
    """Three journals of one series."""
    rig.run(series="rollout", stage="pilot")
    rig.run("replaced", LATER, series="rollout", stage="staff")
    rig.run("replaced", FIRST, series="rollout", stage="everyone")
    return by_age(rig)


@pytest.mark.parametrize("how", ["deleted", "another", "damaged", "cut", "restaged"])
def test_a_missing_journal_of_a_series_is_missed(rig, how, tmp_path):
    _first, second, third = stages(rig)
    if how == "damaged":
        with open(second, "a", encoding="utf-8") as handle:
            handle.write("x\n")
    elif how in ("cut", "restaged"):
        # Its checksum is right, and a part of what the run noted is not there, or it passes for another stage.
        with open(second, encoding="utf-8") as handle:
            noted = dict(json.loads(handle.readline())["journal"], **({"changes": []} if how == "cut" else {"stage": "pilot"}))
        with open(second, "w", encoding="utf-8") as handle:
            handle.write(json.dumps({"journal": noted, "sha256": canonical_digest(["", noted])}) + "\n")
    else:
        os.unlink(second)
    if how == "another":
        other = Journal(second, "memory", "memory", series="rollout")
        other.begin([])
        other.close("applied")
    with pytest.raises(Failed, match=r"%s .stage staff. of the same change is missing from .* or was altered" % os.path.basename(second)) as failed:
        rig.run("reverted", journal=third)
    assert failed.value.result["changed"] and Journal.load(third).status == "reverted"


def test_a_rollback_that_ended_between_two_stages_goes_on_with_the_next_one(rig):
    paths = stages(rig)
    for path in reversed(paths):
        assert Journal.load(path).status == "applied" and rig.run("reverted")["changed"] and Journal.load(path).status == "reverted"
    assert not rig.run("reverted")["changed"]


def test_a_rollback_does_not_go_on_past_a_stage_that_is_missing(rig):
    first, second, third = stages(rig)
    Journal.load(third).close("reverted")
    os.unlink(second)
    assert not rig.run("reverted")["changed"] and Journal.load(first).status == "applied"


def test_a_whole_series_is_not_missed(rig):
    first, second, third = stages(rig)
    found = rig.run("reverted", journal=third)
    assert found["earlier"] == [second, first] and found["stage"] == "everyone" and [Journal.load(path).stage for path in (first, second)] == ["pilot", "staff"]
    assert "stage" not in rig.run("reverted", journal=rig.run("replaced", FIRST)["journal"])


def test_what_no_journal_here_can_take_back_is_said(rig):
    gone = rig.run()["journal"]
    later = rig.run("replaced", LATER)["journal"]
    os.unlink(gone)
    result = rig.run("reverted", journal=later)
    assert str(ALLOW) in result["left"] and any("no journal in" in text and str(ALLOW) in text for text in result["warnings"])


def test_a_journal_on_another_controller_is_no_part_of_another_change(rig, tmp_path):
    """What came before in another series is another change; that it is gone keeps nobody from going back."""
    shutil.rmtree(os.path.dirname(rig.run(series="one")["journal"]))
    second = rig.run("replaced", LATER, series="two")["journal"]
    assert rig.run("reverted", journal=second)["earlier"] == []


def test_in_the_wrong_order_a_journal_can_still_be_closed(rig):
    """Our own undo removed what the later change had updated: there is nothing left of that."""
    first, second = rig.run()["journal"], rig.run("replaced", LATER)["journal"]
    rig.run("deleted")
    for path in (first, second):
        assert not rig.run("reverted", journal=path)["changed"]
    assert [Journal.load(path).status for path in (first, second)] == ["reverted", "reverted"]
    # Somebody else's removal stays one.
    rig.run()
    third = rig.run("replaced", LATER)["journal"]
    del rig.device.candidate["objects"][ALLOW]
    with pytest.raises(Failed, match="existence: someone else changed it since then"):
        rig.run("reverted", journal=third)


VOICE = {"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["192.0.2.0/24"], "feed_date": "2026-10-10"}


@pytest.mark.parametrize("state", ["deleted", "reverted"])
def test_where_all_of_ours_goes_nothing_conflicts_and_what_was_opened_by_hand_is_to_be_closed(rig, state):
    # One of the two the product opens itself. How what is left for a person reads, and what else is, makes no difference.
    media = [VOICE, dict(VOICE, id="calls")]
    policy = Policy.from_config(dict(FIRST.to_config(), media=media))

    def adapter():
        made = rig.adapter()
        judge = made.assess
        made.assess = lambda wanted, at: replace(judge(wanted, at), manual=["Trust the CA"] + [
            "Open %s on the firewall" % one.id for one in wanted.media if one.id == "voice"])
        return made
    rig.block_early()
    first = rig.run(policy=policy, adapter=adapter())
    assert first["conflicts"] and first["manual"] == ["Trust the CA", "Open voice on the firewall"]
    # One of two changes goes back: what is left of ours needs it still.
    second = rig.run("replaced", Policy.from_config(dict(LATER.to_config(), media=media)), adapter=adapter())
    assert rig.run("reverted", policy, adapter=adapter(), journal=second["journal"])["manual"] == first["manual"]
    found = rig.run(state, policy, adapter=adapter(), **({"journal": first["journal"]} if state == "reverted" else {}))
    assert found["conflicts"] == [] and found["manual"][0] == "Trust the CA" and len(found["manual"]) == 2
    assert found["manual"][1].startswith("voice (voice: UDP 3478") and "if you opened it on the firewall by hand" in found["manual"][1]


def test_the_way_back_needs_nothing_that_a_task_names_and_that_may_be_gone(rig):
    """A policy of the audience, say: a change is not stuck because somebody renamed one."""
    site, journal = rig.snapshot(), rig.run()["journal"]
    adapter = rig.adapter()

    def gone(_policy, _state):
        raise AccessError("refused", "no policy has the name Sales")
    adapter.assess = gone
    found = rig.run("reverted", adapter=adapter, journal=journal)
    assert found["changed"] and rig.snapshot() == site and any("no policy has the name Sales" in text for text in found["warnings"])
    with pytest.raises(Failed, match="no policy has the name Sales"):
        rig.run(adapter=adapter)


# -- what a reviewed plan binds


def reviewed(rig, **options) -> str:
    return rig.run(check=True, **options)["plan_digest"]


@pytest.mark.parametrize("options", [
    {"protected": ("x",)}, {"tenant_control": "override"}, {"accept_wider_audience": True}, {"refuse_losses": ("dlp",)}, {"activate": False},
    {"publish_foreign_changes": True}, {"adopt": True}, {"plan_context": {"rollout": [{"name": "pilot"}]}}],
    ids=lambda options: next(iter(options)))
def test_a_plan_binds_the_options_that_it_was_reviewed_with(rig, options):
    plan = reviewed(rig)
    assert reviewed(rig, **options) != plan
    with pytest.raises(Failed, match="plan changed"):
        rig.run(expected_plan=plan, **options)
    assert rig.meter.writes == 0
    assert rig.run(expected_plan=reviewed(rig, **options), **options)["changed"]


def test_a_check_run_says_each_reason_why_a_real_run_would_stop(rig, monkeypatch):
    rig.foreign_pending()
    found = rig.run(check=True, journal=spoiled(rig, "full", monkeypatch))
    assert len(found["would_stop"]) == 2
    assert "another administrator's changes are pending" in found["would_stop"][0] and "bytes are free" in found["would_stop"][1]
    assert len(found["warnings"]) == 2


@pytest.mark.parametrize("what", ["scan", "block_early", "foreign_pending"])
def test_a_plan_binds_what_it_costs_and_leaves(rig, what):
    """A loss, a conflict and pending changes of others change nothing of what is written."""
    planned = rig.run(check=True, publish_foreign_changes=True)
    getattr(rig, what)()
    found = rig.run(check=True, publish_foreign_changes=True)
    assert what == "block_early" or found["changes"] == planned["changes"]
    assert found["plan_digest"] != planned["plan_digest"]


def test_a_plan_binds_where_it_goes_live_and_who_is_reached_and_what_is_left_to_do(rig):
    plan = reviewed(rig, accept_wider_audience=True)
    adapter = rig.adapter()
    adapter.targets = lambda: ["fw1"]
    assert reviewed(rig, adapter=adapter, accept_wider_audience=True) != plan
    blocks = Conflict("memory-1", "deny", "rule Feed", "chatgpt.com", ("chatgpt.com",))
    for field, told in (("audience_widened", "the list is global"), ("manual", "open UDP 3478"), ("conflicts", blocks)):
        adapter = rig.adapter()
        known = adapter.assess
        adapter.assess = lambda policy, state, known=known, new={field: [told]}: replace(known(policy, state), **new)
        assert reviewed(rig, adapter=adapter, accept_wider_audience=True) != plan


@pytest.mark.parametrize("at", range(1, 13))
def test_a_full_disk_amid_the_writes_keeps_no_change_from_being_taken_back(rig, monkeypatch, at):
    """From any note in the journal on, nothing can be written to it any more."""
    site, notes, put = rig.snapshot(), iter(range(1, at)), Journal._put

    def full(*args):
        if next(notes, None) is None:
            raise OSError(28, "No space left on device")
        put(*args)
    monkeypatch.setattr(Journal, "_put", full)
    if at == 12:
        # The change is done; that its end is not noted is said.
        result = rig.run()
        assert any("No space left" in text for text in result["warnings"]) and statuses(rig) == ["open"]
        return
    with pytest.raises(Failed, match="No space left on device. The old state was restored") as failed:
        rig.run()
    assert rig.snapshot() == site and failed.value.result["failure"]["class"] == "refused" and not failed.value.result["changed"]


def test_each_write_waits_until_its_note_is_on_the_disk_and_so_does_what_follows_the_last_one(rig, monkeypatch):
    """A power failure: what is on the disk has to tell of each write that began. What was done is noted with the next one."""
    adapter, on_disk, met = rig.adapter(), {}, []

    def last() -> dict:
        path, = by_age(rig)
        return json.loads(open(path, encoding="utf-8").readlines()[-1])["journal"]

    def synced(handle) -> None:
        if os.readlink("/proc/self/fd/%d" % handle) in by_age(rig):
            on_disk.update(last=last())

    def write(request, send=adapter.send) -> None:
        met.append(("write", on_disk["last"].get("step_in_flight")))
        send(request)

    def seal(seal=adapter.seal) -> None:
        met.append(("seal", on_disk["last"].get("steps_done")))
        seal()
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(adapter, "send", write)
    monkeypatch.setattr(adapter, "seal", seal)
    titles = [step["title"] for step in rig.run("rendered")["rendered"]]
    rig.run(adapter=adapter)
    assert met == [*(("write", title) for title in titles), ("seal", len(titles))] and len(titles) > 3
    assert on_disk["last"]["status"] == "applied"


def spoiled(rig, how: str, monkeypatch) -> str:
    """A place for the journal that is no good one."""
    folder = rig.folder / "shared"
    folder.mkdir(mode=0o700)
    if how == "others":
        folder.chmod(0o777)
    elif how == "another":
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        os.chown(folder, 4712, -1)
    elif how == "full":
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=ROOM - 1))
    elif how == "denied":
        monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    else:
        (folder / "file").touch()
        return str(folder / "file" / "journals")
    return str(folder)


@pytest.mark.parametrize("how,said", [
    ("others", "is writable by other users .mode 0777., so others could add or remove journals"),
    ("full", "bytes are free"), ("none", "because /.*/file is not a folder"),
    ("denied", "has no write permission in"),
    pytest.param("another", "belongs to another user .uid 4712.", marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"))])
def test_where_no_journal_can_be_kept_nothing_is_written_and_a_check_run_says_so(rig, how, said, monkeypatch):
    site, folder = rig.snapshot(), spoiled(rig, how, monkeypatch)
    assert [bool(re.search(said, why)) for why in rig.run(check=True, journal=folder)["would_stop"]] == [True]
    with pytest.raises(Failed, match=said) as failed:
        rig.run(journal=folder)
    assert rig.snapshot() == site and failed.value.result["failure"]["class"] == "refused" and "Nothing was changed" in str(failed.value)
    monkeypatch.undo()
    # Where there is nothing to write, none is needed.
    rig.run()
    assert not rig.run(journal=folder)["changed"]


def test_a_journal_that_others_may_write_is_not_rolled_back(rig):
    journal = rig.run()["journal"]
    os.chmod(journal, 0o620)
    with pytest.raises(Failed, match="its checksum does not prove who wrote it"):
        rig.run("reverted", journal=journal)
    os.chmod(journal, 0o600)
    assert rig.run("reverted", journal=journal)["changed"]
