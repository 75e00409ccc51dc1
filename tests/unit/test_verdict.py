# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change board is told first: for each outcome of a run the exit code, the headline and every finding, word for word."""
from __future__ import annotations

import pytest

from tests.unit.test_report import ADDED, ALTERED, CONFLICT, COVERED, LINE, built, check, device, look

PATH = {"audience": None, "kind": "user", "proven": True, "message": "m"}
NEW = dict(ADDED, op="create")
OUTSIDE = {"expect": "unchanged"}
OTHER = check(id="other", host="claude.ai", role="negative", features=[])
UNSEEN = dict(OTHER, verdict="unverified")
OPEN, SHUT = check(), check("fail", message="chatgpt.com: blocked by Squid")
MOVED = dict(OTHER, verdict="fail", flags=["regressed"], message="claude.ai: newly open since the baseline")
LIMITED = {"devices": ["fw8", "fw9"], "hosts": []}
OUTSIDE_ONLY = "probed only from hosts outside the audience"
NO_BASELINE = "there is no result from before the change, so it is unknown whether the change opened or blocked anything else"
#: A row of the coverage of a device, by what is wrong with it.
UNREAD, NOT_EXEMPT, BLOCKED = dict(COVERED, allowed="unchecked"), dict(COVERED, exempt="no"), dict(COVERED, allowed="no")


def seen(verdict, *checks, by="fw1", says="all pass", **more) -> dict:
    """A result of a host behind a device. ``by``: the device."""
    found = look(verdict, *checks, path=dict(PATH, device=by) if by else None)
    features = more.pop("features", {"chat": verdict})
    return dict(found, summary=dict(found["summary"], features=features, message=says), **more)


def now(*args, **more) -> dict:
    return {"after": seen(*args, **more)}


def both(before, after, **more) -> dict:
    return dict({"before": before, "after": after}, **more)


WELL = now("pass", OPEN)
PROVEN = both(seen("fail", SHUT), seen("pass", OPEN))
FAILS = now("fail", SHUT, says="1 of 1 wanted check fails")
DONE = device(changed=True, changes=[ADDED], summary="added .chatgpt.com")
DRIFT = device(changed=True, changes=[ADDED], summary="would add .chatgpt.com", changes_on_record=None)
FRESH = device(changed=True, changes=[NEW], summary="would create list allow", changes_on_record=[])
READ = device(changes_on_record=[])

#: (name, mode, devices, hosts, code, headline, {class: its findings}, further settings)
TABLE = [
    ("nothing to judge", "audit", {}, {}, 1, "Needs attention: nothing to judge (1)",
     {"nothing": ["the run includes no device: is the group netaccess_devices empty, or excluded by --limit?"]}, {}),

    # A good result, and what it is worth.
    ("compliant and seen", "audit", {"fw1": device()}, {"a": WELL}, 0, "Compliant, proven by 1 host", {}, {}),
    ("changed and seen", "change", {"fw1": DONE}, {"a": PROVEN}, 0, "Changed fw1, proven by 1 host", {}, {}),
    ("more changed than a line names", "change", {"fw%d" % one: DONE for one in range(5)}, {"h%d" % one: both(
        seen("fail", SHUT, by="fw%d" % one), seen("pass", OPEN, by="fw%d" % one)) for one in range(5)}, 0,
     "Changed fw0, fw1, fw2 and 2 more, proven by 5 hosts", {}, {}),
    ("a host that nothing maps proves nothing", "audit", {"fw1": device()}, {"a": WELL, "b": now("pass", OPEN, by=None), "c": now("pass", OPEN, by="fw7")}, 0,
     "Compliant, proven by 1 host", {}, {}),
    ("nobody looked", "audit", {"fw1": device()}, {}, 0, "Compliant, not proven: fw1: not probed from any host",
     {"not_proven": ["fw1: not probed from any host"]}, {}),
    ("nobody looked after a change", "change", {"fw1": DONE}, {}, 0, "Changed fw1, not proven: fw1: not probed from any host",
     {"not_proven": ["fw1: not probed from any host"]}, {}),
    ("somebody looked at another device", "audit", {"fw1": device()}, {"a": now("pass", OPEN, by="fw2")}, 0,
     "Compliant, not proven: fw1: not probed from any host", {"not_proven": ["fw1: not probed from any host"]}, {}),
    ("only a host outside the audience looked", "audit", {"fw1": device()}, {"a": dict(now("fail", SHUT, OTHER), **OUTSIDE)}, 0,
     "Compliant, not proven: fw1: %s" % OUTSIDE_ONLY, {"not_proven": ["fw1: %s" % OUTSIDE_ONLY]}, {}),
    ("a part of the inventory", "audit", {"fw1": device()}, {"a": WELL}, 0, "Compliant, proven by 1 host; only 1 of 3 devices; only 1 of 2 hosts", {},
     {"left_out": {"devices": ["fw8", "fw9"], "hosts": ["b"]}}),

    # A verify without a baseline.
    ("a change without a baseline", "change", {"fw1": DONE}, {"a": WELL}, 0, "Changed fw1, not proven: a: %s" % NO_BASELINE,
     {"not_proven": ["a: %s" % NO_BASELINE]}, {}),
    ("what was not changed needs none", "change", {"fw1": device()}, {"a": WELL}, 0, "Compliant, proven by 1 host", {}, {}),
    ("an audit without a baseline", "audit", {"fw1": device()}, {"a": now("pass", OPEN, UNSEEN, baseline={"seen": None, "why": "it is too old"})}, 0,
     "Compliant, not proven: a: 1 other site is not compared with a baseline (it is too old), so it is unknown whether more is open than should be",
     {"not_proven": ["a: 1 other site is not compared with a baseline (it is too old), so it is unknown whether more is open than should be"]}, {}),
    ("several sites without a baseline", "audit", {"fw1": device()}, {"a": now("pass", OPEN, UNSEEN, dict(UNSEEN, id="p"), check("unverified", id="w"))}, 0,
     "Compliant, not proven: a: 2 other sites are not compared with a baseline, so it is unknown whether more is open than should be",
     {"not_proven": ["a: 2 other sites are not compared with a baseline, so it is unknown whether more is open than should be"]}, {}),

    # What does not work, although nothing decides.
    ("what nothing requires fails", "audit", {"fw1": device()},
     {"a": now("pass", OPEN, features={"voice": "error", "file_upload": "fail", "chat": "pass", "codex": "unverified"}),
      "b": dict(now("fail", SHUT, features={"video": "fail"}), **OUTSIDE)}, 0,
     "Compliant, proven by 1 host; does not work, and is not among what is required: file upload, voice; not shown by any probe: codex", {}, {}),
    ("what the configuration does not show", "audit",
     {"fw1": device(coverage=[UNREAD, NOT_EXEMPT, COVERED]), "fw2": device(coverage=[BLOCKED]), "fw3": device(coverage=[dict(COVERED, exempt="unchecked")]),
      "fw4": device(coverage=[UNREAD]), "fw5": device()}, {"h%d" % one: now("pass", OPEN, by="fw%d" % one) for one in range(1, 6)}, 0,
     "Compliant, proven by 5 hosts; fw1: the configuration does not show that 2 patterns are in force; fw2: the configuration does not show that 1 pattern "
     "is in force; fw3: the configuration does not show that 1 pattern is in force; 1 device more", {}, {}),
    ("as many devices as are named", "change", {"fw%d" % one: dict(DONE, coverage=[UNREAD]) for one in range(3)},
     {"h%d" % one: both(seen("fail", SHUT, by="fw%d" % one), seen("pass", OPEN, by="fw%d" % one)) for one in range(3)}, 0,
     "Changed fw0, fw1, fw2, proven by 3 hosts; fw0: the configuration does not show that 1 pattern is in force; fw1: the configuration does not show that 1 "
     "pattern is in force; fw2: the configuration does not show that 1 pattern is in force", {}, {}),
    ("what is left to do", "change", {"fw1": device(manual=["a"], stale=[{"entry": "old"}, {"entry": "older"}]), "fw2": device(manual=["b"])},
     {"a": WELL, "b": now("pass", OPEN, by="fw2")}, 0, "Compliant, proven by 2 hosts; 2 manual steps; 2 retired entries",
     {"manual": ["fw1: a", "fw2: b"], "stale": ["fw1: old", "fw1: older"]}, {}),
    ("a product that takes no write", "change", {"fw1": device(rendered=[{}], changes=[ADDED], manual=["a"])}, {}, 0,
     "Waits for manual steps on fw1; 1 manual step", {"manual": ["fw1: a"]}, {}),

    # Drift.
    ("drift", "audit", {"fw1": DRIFT, "fw2": device()}, {"b": now("pass", OPEN, by="fw2")}, 2, "Drift: 1 of 2 devices would be changed (fw1)",
     {"drift": ["fw1: would add .chatgpt.com"]}, {}),
    ("drift that people feel", "audit", {"fw1": DRIFT}, {"a": FAILS, "b": FAILS}, 2,
     "Drift: 1 of 1 device would be changed (fw1), and what the policy allows fails on 2 probe hosts",
     {"drift": ["fw1: would add .chatgpt.com"], "symptoms": ["a: 1 of 1 wanted check fails", "b: 1 of 1 wanted check fails"]}, {}),
    ("drift, and what decides nothing", "audit", {"fw1": dict(DRIFT, manual=["a"])}, {}, 2, "Drift: 1 of 1 device would be changed (fw1)",
     {"drift": ["fw1: would add .chatgpt.com"], "manual": ["fw1: a"]}, {}),
    ("drift and trouble", "audit", {"fw1": DRIFT, "fw2": None}, {}, 1, "Needs attention: not reached (1), drift (1)",
     {"drift": ["fw1: would add .chatgpt.com"], "unreachable": ["fw2: no result"]}, {}),
    ("a new inventory", "audit", {"fw1": FRESH, "fw2": READ}, {"b": now("pass", OPEN, by="fw2")}, 2, "Not set up yet: 1 of 2 devices would be changed (fw1)",
     {"drift": ["fw1: would create list allow"]}, {}),
    ("a new device in a part of the inventory", "audit", {"fw1": FRESH}, {"a": FAILS, "b": FAILS}, 2,
     "Not set up yet: 1 of 1 device would be changed (fw1); fails on 2 hosts; only 1 of 3 devices",
     {"drift": ["fw1: would create list allow"], "symptoms": ["a: 1 of 1 wanted check fails", "b: 1 of 1 wanted check fails"]}, {"left_out": LIMITED}),
    ("two new devices among drift", "audit", {"fw1": FRESH, "fw2": FRESH, "fw3": DRIFT, "fw4": DRIFT}, {}, 2,
     "Drift: 4 of 4 devices would be changed (fw1, fw2, fw3 and 1 more), of which fw1, fw2 are not set up yet",
     {"drift": ["fw1: would create list allow", "fw2: would create list allow", "fw3: would add .chatgpt.com", "fw4: would add .chatgpt.com"]}, {}),

    # What failed.
    ("a device that could not be read", "audit", {"fw1": device(), "fw2": {"unreachable": True, "msg": "timed out"}}, {"a": WELL}, 1,
     "Needs attention: not reached (1)", {"unreachable": ["fw2: timed out"]}, {}),
    ("a failure without the flag of a task", "audit", {"fw1": device(failure={"class": "auth"}, msg="403")}, {}, 1, "Needs attention: the task failed (1)",
     {"failed": ["fw1: 403"]}, {}),
    ("failed and rolled back", "change", {"fw1": device(failed=True, changes=[ADDED], msg="rolled back: a: newly blocked. The previous behaviour is restored")},
     {"a": both(seen("fail", SHUT), seen("fail", SHUT, OTHER), **OUTSIDE)}, 1, "Needs attention: the task failed (1)",
     {"failed": ["fw1: rolled back: a: newly blocked. The previous behaviour is restored"]}, {}),
    ("rules that block, and one that may", "audit",
     {"fw1": device(conflicts=[CONFLICT, dict(CONFLICT, id="panos-2", certain=False)]), "fw2": device(conflicts=[dict(CONFLICT, effect="decrypt")])},
     {"a": WELL, "b": now("pass", OPEN, by="fw2")}, 1, "Needs attention: an existing rule blocks or decrypts (3)",
     {"conflicts": ["fw1: security rule Block AI (deny) panos-1", "fw1: security rule Block AI (possibly deny) panos-2",
                    "fw2: security rule Block AI (decrypt) panos-1"]}, {}),
    ("a rule that may block", "audit", {"fw1": device(conflicts=[dict(CONFLICT, certain=False)])}, {"a": WELL}, 1,
     "Needs attention: an existing rule may block or decrypt (1)", {"conflicts": ["fw1: security rule Block AI (possibly deny) panos-1"]}, {}),
    ("pending changes", "audit", {"fw1": device(pending="foreign"), "fw2": device(pending="ours"), "fw3": device(pending="both")},
     {"h%d" % one: now("pass", OPEN, by="fw%d" % one) for one in range(1, 4)}, 1, "Needs attention: pending changes (3)",
     {"pending": ["fw1: from another administrator", "fw2: from this collection", "fw3: from this collection and from another administrator"]}, {}),
    ("exemptions", "audit", {"fw1": device(coverage=[COVERED, dict(COVERED, pattern="js.stripe.com")]), "fw2": device()},
     {"a": WELL, "b": now("pass", OPEN, by="fw2")}, 1, "Needs attention: exemption past its review date (2), exemption without a line in the register (1)",
     {"overdue": ["fw1: .chatgpt.com was to be reviewed by 2026-11-23 (owner: Network)", "fw2: .chatgpt.com was to be reviewed by 2026-11-23 (owner: Network)"],
      "unregistered": ["fw1: js.stripe.com"]}, {"register": [dict(LINE, review_by="2026-11-23")]}),

    # What hosts saw.
    ("hosts that say nothing", "change", {"fw1": device()}, {"a": None, "b": {"before": seen("pass", OPEN, UNSEEN), "after": None}, "c": WELL}, 1,
     "Needs attention: not reached (1), not verified by a probe host (1)",
     {"unreachable": ["a: no probe result"], "unverified": ["b: not probed after the change"]}, {}),
    ("the service refuses", "audit", {"fw1": device()},
     {"a": now("origin", check("origin"), says="the network allows it, but the far end refuses: chatgpt.com")}, 1,
     "Needs attention: not verified by a probe host (1)", {"unverified": ["a: the network allows it, but the far end refuses: chatgpt.com"]}, {}),
    ("nothing that was asked applies", "audit", {"fw1": device()}, {"a": now("skipped", check("skipped"), says="not proven: skipped")}, 1,
     "Needs attention: not verified by a probe host (1)", {"unverified": ["a: not proven: skipped"]}, {}),
    ("a compliant device fails", "audit", {"fw1": device()}, {"a": now("error", check("error"), says="no TLS")}, 1,
     "Needs attention: still blocked, decrypted or broken (1)", {"verification_failed": ["a: no TLS"]}, {}),
    ("a change that does not help is no drift", "change", {"fw1": DONE}, {"a": both(seen("fail", SHUT), seen("fail", SHUT, says="still blocked"))}, 1,
     "Needs attention: still blocked, decrypted or broken (1)", {"verification_failed": ["a: still blocked"]}, {}),
    ("what worked before is harm, and told once", "change", {"fw1": DONE}, {"a": both(seen("pass", OPEN, OTHER), seen("fail", SHUT, MOVED, says="fails"))}, 1,
     "Needs attention: newly open or newly blocked (2)",
     {"regressed": ["a: chatgpt.com: blocked by Squid", "a: claude.ai: newly open since the baseline"]}, {}),
    ("harm on two hosts", "change", {"fw1": DONE}, {host: both(seen("pass", OPEN), seen("fail", SHUT)) for host in "ab"}, 1,
     "Needs attention: newly open or newly blocked (2)", {"regressed": ["a: chatgpt.com: blocked by Squid", "b: chatgpt.com: blocked by Squid"]}, {}),
    ("one check is new", "change", {"fw1": DONE}, {"a": both(seen("fail", SHUT), seen("pass", OPEN, check(id="new")))}, 0, "Changed fw1, proven by 1 host",
     {}, {}),
    ("a site that is not the policy's fails as before", "change", {"fw1": device()}, {"a": both(
        seen("pass", OPEN, OTHER), seen("pass", OPEN, dict(OTHER, verdict="fail")))}, 0, "Compliant, proven by 1 host", {}, {}),
    ("a proxy asks for a password as before", "change", {"fw1": device()}, {"a": both(
        seen("skipped", check("skipped", failure="proxy_auth_required")), seen("skipped", check("skipped", failure="proxy_auth_required"), says="asks"))}, 1,
     "Needs attention: not verified by a probe host (1)", {"unverified": ["a: asks"]}, {}),

    # Outside the audience.
    ("outside, blocked as before", "change", {"fw1": device()}, {"a": WELL, "b": both(seen("fail", SHUT), seen("fail", SHUT), **OUTSIDE)}, 0,
     "Compliant, proven by 1 host", {}, {}),
    ("outside, open as before", "change", {"fw1": device()}, {"a": WELL, "b": both(seen("pass", OPEN), seen("pass", OPEN), **OUTSIDE)}, 0,
     "Compliant, proven by 1 host", {}, {}),
    ("outside, newly open", "change", {"fw1": device()}, {"a": WELL, "b": both(seen("fail", SHUT), seen("pass", OPEN), **OUTSIDE)}, 1,
     "Needs attention: newly open or newly blocked (1)", {"regressed": ["b: chatgpt.com: seen"]}, {}),
    ("outside, and nothing says whether it was open before", "audit", {"fw1": device()}, {"a": WELL, "b": dict(now("pass", OPEN, check(id="y")), **OUTSIDE)}, 0,
     "Compliant, not proven: b: 2 wanted checks cannot be compared with an earlier result, so it is unknown whether this host outside the audience has more "
     "access than before",
     {"not_proven": ["b: 2 wanted checks cannot be compared with an earlier result, so it is unknown whether this host outside the audience has more access "
                     "than before"]}, {}),
    ("outside, blocked before and refused by the service now", "change", {"fw1": device()},
     {"a": WELL, "b": both(seen("fail", SHUT), seen("origin", check("origin")), **OUTSIDE)}, 0,
     "Compliant, not proven: b: 1 wanted check cannot be compared with an earlier result, so it is unknown whether this host outside the audience has more "
     "access than before",
     {"not_proven": ["b: 1 wanted check cannot be compared with an earlier result, so it is unknown whether this host outside the audience has more access "
                     "than before"]}, {}),
    ("outside, and what does not apply says nothing", "audit", {"fw1": device()},
     {"a": WELL, "b": dict(now("skipped", check("skipped", ip_version=6), OTHER), **OUTSIDE)}, 0, "Compliant, proven by 1 host", {}, {}),
]


@pytest.mark.parametrize("mode,devices,hosts,code,headline,findings,about", [pytest.param(*row[1:], id=row[0].replace(" ", "-")) for row in TABLE])
def test_what_a_board_is_told(mode, devices, hosts, code, headline, findings, about):
    verdict = built(devices, hosts, mode=mode, **about)["verdict"]
    assert (verdict["code"], verdict["headline"]) == (code, headline)
    assert {name: found for name, found in verdict["classes"].items() if found} == findings
    assert verdict["message"].endswith("; no findings") == (not findings)


#: (changes of the plan, failing checks, whether the failures are of this drift)
STRIPE = check("fail", id="s", host="js.stripe.com")
EXPLAINED = [
    ([ADDED], [SHUT], True), ([ADDED], [check("error")], True),
    # One of two is not about the plan; one that passes, or does not count, needs no explanation.
    ([ADDED], [SHUT, STRIPE], False), ([ADDED], [SHUT, dict(STRIPE, verdict="pass")], True), ([ADDED], [SHUT, dict(STRIPE, verdict="error")], False),
    ([ADDED], [dict(STRIPE, verdict="pass")], False), ([ADDED], [], False),
    # A plan that creates or changes an object is about every pattern, whatever else it does.
    ([dict(NEW, members={})], [SHUT], True), ([dict(ADDED, members={}), ALTERED], [SHUT], True), ([ALTERED, dict(ADDED, members={})], [SHUT], True),
    ([dict(ADDED, members={})], [SHUT], False)]


@pytest.mark.parametrize("changes,checks,explained", EXPLAINED)
def test_a_failure_is_drift_only_where_the_plan_is_about_all_that_fails(changes, checks, explained):
    verdict = built({"fw1": device(changed=True, changes=changes)}, {"a": now("fail", *checks)})["verdict"]
    assert verdict["code"] == (2 if explained else 1)
    assert bool(verdict["classes"]["symptoms"]) == explained and bool(verdict["classes"]["verification_failed"]) != explained


def test_the_register_has_a_row_for_each_pattern_that_is_exempt_or_registered():
    rows = [dict(COVERED, pattern="b.example"), dict(COVERED, exempt="no")]
    lines = [dict(LINE, pattern="z.example", review_by="2026-01-02"), LINE]
    found = built({"fw1": device(coverage=rows), "fw2": device(coverage=rows[:1])}, register=lines)["register"]
    exempt = [{"name": name, "sure": True, "now": True} for name in ("fw1", "fw2")]
    assert [(row["pattern"], row["state"], row["devices"], row["owner"]) for row in found] == [
        (".chatgpt.com", "not_exempt", [], "Network"), ("b.example", "unregistered", exempt, None), ("z.example", "not_exempt", [], "Network")]


#: (mode, exempt before the change, exempt after it, what became of the change, what is said of its exemption)
LOST = {"failed": True, "changed": True, "failure": {"class": "partial"}, "msg": "no answer"}
UNSURE, LATER = " (whether it is exempt is not checked)", " (not exempt now, exempt once the plan is carried out)"
EXEMPTIONS = [
    ("change", "no", "yes", {}, ""), ("change", "yes", "no", {}, None), ("change", "no", "unchecked", {}, UNSURE),
    ("change", "no", "yes", LOST, UNSURE), ("change", "yes", "no", LOST, UNSURE), ("change", "not wanted", "not wanted", LOST, None),
    ("change", "no", "yes", dict(LOST, changed=False), LATER), ("audit", "no", "yes", {}, LATER), ("audit", "unchecked", "yes", {}, UNSURE),
    ("audit", "yes", "unchecked", {}, ""), ("audit", "yes", "no", {}, "")]


@pytest.mark.parametrize("mode,before,after,more,said", EXEMPTIONS)
def test_an_exemption_is_told_as_sure_only_where_it_is_known(mode, before, after, more, said):
    row = dict(COVERED, allowed_before="no", exempt_before=before, exempt=after)
    one = device(**dict({"changed": True, "changes": [ADDED], "coverage": [row]}, **more))
    assert built({"fw1": one}, mode=mode, register=[])["verdict"]["classes"]["unregistered"] == ([] if said is None else ["fw1: .chatgpt.com%s" % said])
