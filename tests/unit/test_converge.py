# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine over random starting states, on the device in memory."""
from __future__ import annotations

import copy
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError, Failed, Overtaken
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.target import desired
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from tests.contract.memory import ALLOW, EXEMPT, LOG, OPEN, SKIP, MemoryRig
from tests.contract.rig import FIRST, LATER, STRANGER, Fault

ENTRIES = ["*.openai.com", ".chatgpt.com", "js.stripe.com", "*.oaistatic.com", "foreign.example"]


@st.composite
def devices(draw):
    """A device as anything may have left it: some of ours missing, changed, moved; some entries foreign."""
    rig = MemoryRig(Path(tempfile.mkdtemp()))
    if draw(st.booleans()):
        rig.run(policy=draw(st.sampled_from([FIRST, LATER])))
    objects, rules = rig.device.candidate["objects"], rig.device.candidate["rules"]
    for ref in (ALLOW, EXEMPT):
        if ref in objects and draw(st.booleans()):
            objects[ref]["members"]["hosts"] = draw(st.lists(st.sampled_from(ENTRIES), unique=True))
    for ref in (OPEN, SKIP, LOG):
        if ref in objects and draw(st.booleans()):
            objects[ref]["fields"]["who"] = [draw(st.sampled_from(["*", STRANGER]))]
        if ref in objects and draw(st.booleans()):
            del objects[ref]
            for order in rules.values():
                if ref in order:
                    order.remove(ref)
    rules["access"] = draw(st.permutations(rules["access"]))
    rig.device.activate()
    return rig


@settings(max_examples=80, deadline=None)
@given(devices(), st.sampled_from(["merged", "replaced", "deleted"]), st.sampled_from([FIRST, LATER]))
def test_check_mode_predicts_every_real_run(rig, word, policy):
    held = copy.deepcopy(rig.device.candidate)
    planned = rig.run(word, policy, check=True)
    assert rig.device.candidate == held and rig.meter.writes == rig.meter.activations == 0
    done = rig.run(word, policy)
    for key in ("changed", "changes", "plan_digest", "diff", "coverage", "stale", "foreign"):
        assert done[key] == planned[key]
    assert not rig.run(word, policy)["changed"] and rig.meter.writes == rig.meter.activations == 0
    if done["changed"]:
        rig.run("reverted", journal=done["journal"])
        assert rig.device.candidate["rules"] == held["rules"]
        assert {ref: (o["fields"], {p: sorted(m) for p, m in o["members"].items()}) for ref, o in rig.device.candidate["objects"].items()} == {
            ref: (o["fields"], {p: sorted(m) for p, m in o["members"].items()}) for ref, o in held["objects"].items()}


def test_a_rule_goes_to_the_lowest_place_that_works_and_stays_where_it_works():
    ours, first, second = Ref("rule", "ours"), Ref("rule", "first"), Ref("rule", "second")
    wanted = [Wanted(Object(ours), "base", above=frozenset([second]))]
    state = State({first: Object(first), second: Object(second)}, {"base": (first, second)})
    assert desired("merged", wanted, state, Options()).rules["base"] == (first, ours, second)
    higher = State({**state.objects, ours: Object(ours, ours=True)},
                   {"base": (ours, first, second)})
    assert desired("merged", wanted, higher, Options()).rules["base"] == (ours, first, second)


def test_a_rule_without_a_place_is_a_conflict_that_names_both_neighbours():
    ours, threat, block = Ref("rule", "ours"), Ref("rule", "threat"), Ref("rule", "block")
    wanted = [Wanted(Object(ours), "base", above=frozenset([block]), below=frozenset([threat]))]
    with pytest.raises(AccessError, match="below rule threat and above rule block"):
        desired("merged", wanted, State({threat: Object(threat), block: Object(block)}, {"base": (block, threat)}), Options())


def test_what_is_withheld_by_policy_is_not_called_missing(tmp_path):
    policy = Policy.from_config({"allow": [".chatgpt.com"], "withheld": ["*.intercom.io"]})
    result = MemoryRig(tmp_path).run(policy=policy)
    assert [(c["pattern"], c["allowed"]) for c in result["coverage"]] == [(".chatgpt.com", "yes"), ("*.intercom.io", "withheld")]
    assert result["coverage_summary"]["wanted"] == result["coverage_summary"]["allowed"] == 1


def test_a_long_policy_still_shows_every_exemption(tmp_path):
    config = {"allow": ["h%d.example.com" % number for number in range(1001)], "exempt": ["h7.example.com", "h9.example.com"]}
    result = MemoryRig(tmp_path).run(policy=Policy.from_config(config))
    assert [(row["pattern"], row["exempt"]) for row in result["coverage"]] == [("h7.example.com", "yes"), ("h9.example.com", "yes")]


def order_of_calls(rig, monkeypatch, **options) -> list:
    """What the engine asked of the adapter that has to do with time, in order."""
    asked, adapter = [], rig.adapter()
    for name in ("read", "send", "activate", "begin_cleanup", "close"):
        def noted(*args, name=name, inner=getattr(adapter, name), **options):
            asked.append(name)
            return inner(*args, **options)
        monkeypatch.setattr(adapter, name, noted)
    try:
        rig.run(adapter=adapter, **options)
    except Failed:
        pass
    return [name for name, _same in itertools.groupby(asked)]


def test_taking_back_and_the_end_of_a_run_are_said_before(tmp_path, monkeypatch):
    """Then their requests have time of their own."""
    rig = MemoryRig(tmp_path)
    failed = order_of_calls(rig, monkeypatch, fault=Fault("no_activation"))
    assert failed == ["read", "send", "begin_cleanup", "read", "send", "activate", "read", "begin_cleanup", "close"]
    assert order_of_calls(rig, monkeypatch) == ["read", "send", "activate", "read", "begin_cleanup", "close"]


def test_the_summary_is_one_short_line(tmp_path):
    assert MemoryRig(tmp_path).run()["summary"] == "created 2 lists (+5), 3 rules"


def test_losses_and_tenant_control_stop_before_any_write(tmp_path):
    rig = MemoryRig(tmp_path)
    rig.scan()
    with pytest.raises(Failed, match="av .decrypt-all."):
        rig.run(refuse_losses=("av",))
    assert rig.run(check=True)["losses"][0]["control"] == "av"
    with pytest.raises(Failed, match="tenant_control"):
        rig.run(adapter=rig.with_tenant_control(FIRST))
    assert rig.meter.writes == 0
    kept = rig.run(adapter=rig.with_tenant_control(FIRST), tenant_control="keep")
    assert rig.device.decide("member", "chatgpt.com") == ("allow", "decrypt")
    assert rig.device.decide("member", "api.openai.com") == ("allow", "tunnel")
    assert any("macOS" in text for text in kept["warnings"])


def test_a_wider_audience_is_refused_unless_it_is_accepted(tmp_path):
    rig = MemoryRig(tmp_path)

    def wide():
        adapter = rig.adapter()
        narrow = adapter.assess
        adapter.assess = lambda policy, state: replace(narrow(policy, state), audience_widened=["the list is global"])
        return adapter

    with pytest.raises(Failed, match="the list is global.*accept_wider_audience") as caught:
        rig.run(adapter=wide())
    assert rig.meter.writes == 0 and caught.value.result["failure"]["class"] == "refused"
    assert rig.run(adapter=wide(), accept_wider_audience=True)["audience_widened"] == ["the list is global"]


def test_an_activation_that_claims_too_much_is_not_believed(tmp_path):
    rig = MemoryRig(tmp_path)
    adapter = rig.adapter()
    adapter.activate = lambda: [{"target": "memory", "status": "in force"}]
    with pytest.raises(Failed, match="still runs the old policy") as caught:
        rig.run(adapter=adapter)
    assert caught.value.result["failure"]["class"] == "activation"


def test_what_is_taken_back_is_brought_into_force(tmp_path):
    """The change went live before it turned out to be incomplete: restoring the candidate alone would leave it live."""
    rig = MemoryRig(tmp_path)
    before = copy.deepcopy(rig.device.running)
    adapter = rig.adapter()
    real = adapter.activate

    def lossy():
        done = real()
        if ALLOW in rig.device.candidate["objects"]:
            rig.device.candidate["objects"][ALLOW]["members"]["hosts"].remove("js.stripe.com")
        return done

    adapter.activate = lossy
    with pytest.raises(Failed, match="does not hold it.*old state was restored"):
        rig.run(adapter=adapter)
    assert rig.device.running["rules"] == before["rules"]
    assert rig.decide("member", "chatgpt.com")[0] == "block"


def test_a_fault_of_the_collection_is_undone_and_its_text_is_not_repeated(tmp_path, monkeypatch):
    rig = MemoryRig(tmp_path)
    site, adapter = rig.snapshot(), rig.adapter()
    sends, send = itertools.count(), adapter.send

    def faulty(request):
        if next(sends) == 2:
            raise KeyError("canary-31c7")
        return send(request)
    monkeypatch.setattr(adapter, "send", faulty)
    with pytest.raises(Failed, match="internal error of this collection.*KeyError.*The old state was restored") as failed:
        rig.run(adapter=adapter)
    failure = failed.value.result["failure"]
    assert failure["class"] == "internal" and failure["applied"] == failure["undone"] != [] and rig.snapshot() == site
    assert "canary-31c7" not in str(failed.value) and [journal.status for journal in rig.journals()] == ["undone"]


def test_a_run_that_fails_before_its_first_write_does_not_undo_what_another_one_did(tmp_path):
    """Both read the same and want the same, so what the device holds then looks like the change of either."""
    rig = MemoryRig(tmp_path)
    adapter = rig.adapter()
    steps = adapter.steps

    def refuse(_request):
        rig.run(journal=str(tmp_path / "journals of another controller"))
        raise AccessError(REFUSED, "the candidate does not parse")
    adapter.send = refuse
    adapter.steps = lambda changes, state: (replace(step, harmless=True) for step in steps(changes, state))
    with pytest.raises(Failed, match="does not parse. Nothing was changed"):
        rig.run(adapter=adapter)
    assert not rig.run(check=True)["changed"]


@pytest.mark.parametrize("moment", ["seal", "activate"])
def test_a_conflict_when_a_single_write_goes_live_undoes_it(tmp_path, moment):
    rig = MemoryRig(tmp_path)
    rig.run()
    old, adapter = rig.snapshot(), rig.adapter()
    carry_out, first = getattr(adapter, moment), iter([True])

    def refuse():
        if next(first, False):
            raise Overtaken("another deployment is running")
        return carry_out()
    setattr(adapter, moment, refuse)
    adapter.requests = lambda: {"writes": 1}
    with pytest.raises(Failed, match="another deployment is running. The old state was restored"):
        rig.run(policy=Policy.from_config({"allow": [str(one) for one in FIRST.allow] + ["cdn.example.net"], "exempt": [str(one) for one in FIRST.exempt]}),
                adapter=adapter)
    assert len(rig.meter.sent) == 2 and rig.snapshot() == old


@pytest.mark.parametrize("step,writes", [(1, 1), (0, 2)], ids=["in the second step", "in the second request of the first step"])
def test_a_conflict_after_the_first_write_undoes_what_was_written(tmp_path, step, writes):
    """Only a run whose first write meets the conflict has nothing on the device."""
    rig = MemoryRig(tmp_path)
    old, adapter, steps = rig.snapshot(), rig.adapter(), itertools.count()
    send = adapter.send

    def sent(request):
        number = next(steps)
        refused = number == step
        if not refused or step == 0:
            send(request)
        if refused:
            raise Overtaken("it exists already")
    adapter.send, adapter.requests = sent, lambda: {"writes": writes}
    with pytest.raises(Failed, match="it exists already. The old state was restored"):
        rig.run(adapter=adapter)
    assert rig.snapshot() == old


def test_a_fault_of_the_collection_before_the_first_write_changes_nothing(tmp_path, monkeypatch):
    rig = MemoryRig(tmp_path)
    adapter = rig.adapter()

    def faulty(_policy, _state):
        raise IndexError("list index out of range")
    monkeypatch.setattr(adapter, "target", faulty)
    with pytest.raises(Failed, match="IndexError.*Nothing was changed") as failed:
        rig.run(adapter=adapter)
    assert failed.value.result["failure"]["class"] == "internal" and rig.meter.writes == 0
