# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit compares with: the last look that was proven, and never one that is old, of elsewhere, or written by somebody else."""
from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import baselines

NOW = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.timezone.utc)


def site(state="shut", verdict="unverified", **more) -> dict:
    return dict({"id": "claude", "ip_version": 4, "host": "claude.ai", "role": "negative", "state": state, "interception": None, "verdict": verdict,
                 "flags": [], "failure": None, "answer": "403 text/html", "message": "claude.ai: %s" % state}, **more)


def look(*checks, device="fw1") -> dict:
    return {"checks": list(checks), "summary": {"verdict": "pass", "message": "all pass"}, "path": {"device": device}}


def kept(days=1.0, **more) -> dict:
    seen = (NOW - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    checks = [{key: site()[key] for key in ("id", "ip_version", "host", "role", "state", "interception")}]
    return dict({"seen": seen, "device": "fw1", "checks": checks}, **more)


def test_a_site_that_opened_since_then_is_told_and_one_that_did_not_passes():
    same = baselines.compare(look(site()), kept(), NOW)
    assert same["checks"][0]["verdict"] == "pass" and same["summary"]["verdict"] == "pass" and same["baseline"]["seen"] == "2026-11-23T08:00:00Z"
    seen = look(site("open"))
    found = baselines.compare(seen, kept(), NOW)
    assert found["summary"]["verdict"] == "fail" and "claude.ai: newly open" in found["summary"]["message"] and "regressed" in found["checks"][0]["flags"]
    assert seen["checks"][0]["verdict"] == "unverified", "what was seen stays as it was seen"


@pytest.mark.parametrize("one,said", [
    (None, "it has no baseline of this host"), (kept(91), "is older than 90 days"), (kept(-1), "in the future"), (kept(device="fw2"), "was taken behind fw2"),
    (kept(device=None), "was taken behind no device")], ids=["none", "old", "future", "elsewhere", "nowhere"])
def test_what_is_old_or_of_elsewhere_proves_nothing(one, said):
    found = baselines.compare(look(site()), one, NOW)
    assert found["checks"][0]["verdict"] == "unverified" and found["baseline"]["seen"] is None and said in found["baseline"]["why"]


def test_a_site_that_the_baseline_does_not_know_stays_unproven():
    found = baselines.compare(look(site(), site(id="new", host="new.example")), kept(), NOW)
    assert [check["verdict"] for check in found["checks"]] == ["pass", "unverified"]
    assert baselines.renewed({"desk1": kept()}, {"desk1": {"after": found}}, "now") == {"desk1": kept()}


@pytest.mark.parametrize("checks,proven", [
    ((site(verdict="pass"),), True), ((site(),), False), ((site("open", "fail", flags=["regressed"]),), False), ((), False),
    ((site(verdict="pass"), site(id="v6", verdict="skipped")), True),
    ((site(verdict="pass"), site(id="v6", verdict="skipped", failure="proxy_auth_required")), False),
    ((site(verdict="pass"), site(id="chat", role="wanted", verdict="fail")), True),
    # Behind a proxy that is down everything is as silent as before, and QUIC is skipped beside it.
    ((site(verdict="pass", answer=None), site(id="chat", role="wanted", verdict="fail", answer=None),
      site("open", "skipped", id="quic", role="control", answer=None)), False),
    ((site(verdict="pass", answer=None), site("open", id="chat", role="wanted", verdict="pass", answer=None)), True)],
    ids=["compared", "not compared", "opened", "nothing", "does not apply", "not answered", "still shut", "nothing answers", "silence beside an answer"])
def test_only_what_was_compared_and_is_as_it_was_is_kept(checks, proven):
    found = baselines.renewed({}, {"desk1": {"after": look(*checks)}, "gone": {"after": {}}}, "2026-11-24T08:00:00Z")
    assert set(found) == ({"desk1"} if proven else set())
    if proven:
        assert [check["id"] for check in found["desk1"]["checks"]] == ["claude"] and found["desk1"]["device"] == "fw1"


def test_a_file_is_written_for_its_owner_and_one_of_others_is_refused(tmp_path):
    path = tmp_path / "new" / "baselines.json"
    assert baselines.read(path) == {}
    baselines.write(path, {"desk1": kept()})
    assert baselines.read(path) == {"desk1": kept()} and path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    with pytest.raises(baselines.BaselineError, match="is writable by other users"):
        baselines.read(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, json.dumps({"format": 2, "hosts": {}}),
                                  json.dumps({"format": 1, "hosts": {"desk1": kept(seen="yesterday")}}),
                                  json.dumps({"format": 1, "hosts": {"desk1": kept(seen="2026-11-24T08:00:00")}}),
                                  json.dumps({"format": 1, "hosts": {"desk1": kept(checks=[{}])}})],
                         ids=["empty", "a list", "nothing", "deep", "another format", "no time", "no zone", "no checks"])
def test_what_is_none_is_named(tmp_path, text):
    path = tmp_path / "baselines.json"
    path.write_text(text)
    os.chmod(path, 0o600)
    with pytest.raises(baselines.BaselineError, match="holds no baselines"):
        baselines.read(path)


def test_a_file_in_the_folder_of_the_call_is_written_and_read(tmp_path, monkeypatch):
    """As a new inventory names it: baselines.json."""
    monkeypatch.chdir(tmp_path)
    baselines.write(Path("baselines.json"), {"desk1": kept()})
    assert baselines.read(Path("baselines.json")) == {"desk1": kept()} and [path.name for path in tmp_path.iterdir()] == ["baselines.json"]


@pytest.mark.parametrize("name", ["id", "ip_version", "host", "role", "state", "interception"])
def test_a_look_that_lacks_what_is_compared_is_no_baseline(tmp_path, name):
    path, whole = tmp_path / "baselines.json", kept()
    baselines.write(path, {"desk1": dict(whole, checks=[{key: value for key, value in check.items() if key != name} for check in whole["checks"]])})
    with pytest.raises(baselines.BaselineError, match="holds no baselines"):
        baselines.read(path)


def test_a_host_that_gave_no_look_or_whose_baselines_cannot_be_read_is_compared_with_nothing():
    assert baselines.compare({"msg": "gone"}, kept(), NOW) == {"msg": "gone"}
    assert baselines.compare(look(site()), kept(), NOW, why="/b cannot be read")["baseline"] == {"seen": None, "why": "/b cannot be read"}


def test_what_a_host_answered_is_kept_and_one_that_is_behind_no_device_has_none():
    found = baselines.renewed({}, {"desk1": {"after": dict(look(site(verdict="pass", answer="a page")), path=None)}}, "2026-11-24T08:00:00Z")["desk1"]
    assert found["device"] is None and found["checks"][0]["answer"] == "a page"
