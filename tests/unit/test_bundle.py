# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file for a support case: what is in it, whole or not at all, the same from the same."""
from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import reader
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import bundle
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation
from tests.unit.test_isolation import check, result

HAR = Path(__file__).parent / "har" / "blocked.har"
CASE = {"id": "4711", "steps": ["looked without VPN"], "version": "0.1.0", "taken": "2026-11-24", "hars": [str(HAR)]}


def hosts() -> dict:
    facts = {"resolvers": ["192.0.2.53"], "app": {"version": "1.2026.300", "build": "1"}, "agents": []}
    required = check(level="required", addresses=["192.0.2.7"])
    attest = check("register.appattest.apple.com", features=["ios_attest"], level="optional", verdict="pass")
    return {"a mac / of alice": dict(result(required, attest), host=facts), "gone": None}


def made(target: Path, hars=(str(HAR),), **how) -> bool:
    inside = hosts()
    return bundle.write(target, bundle.parts(isolation.diagnose(inside), inside, {"out": result()}, {"state": "operational"}, CASE), list(hars), **how)


def test_what_is_in_it(tmp_path):
    target = tmp_path / "case.zip"
    assert made(target) is True and target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["README.txt", "control/out.json", "diagnosis.json", "diagnosis.txt", "har/1.har",
                                              "hosts/a-mac-of-alice-92d160db.json",
                                              "hosts/gone.json", "service.json"]
        readme = archive.read("README.txt").decode()
        assert json.loads(archive.read("har/1.har"))["log"]["comment"].startswith("redacted")
    for text in ("Case: 4711", "  - looked without VPN", "  a mac / of alice: 1.2026.300", "asks 192.0.2.53", "chatgpt.com resolves to 192.0.2.7",
                 "a mac / of alice: pass (register.appattest.apple.com: seen)", "HAR files, redacted: 1"):
        assert text in readme


def test_the_same_gives_the_same_bytes(tmp_path):
    assert made(tmp_path / "a.zip") and made(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert made(tmp_path / "a.zip") is False
    # A check run says what the run then does, and leaves nothing.
    assert made(tmp_path / "a.zip", foresee=True) is False and made(tmp_path / "c.zip", foresee=True) is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]


def test_a_har_that_is_none_leaves_nothing_behind(tmp_path):
    broken = tmp_path / "broken.har"
    broken.write_text("{")
    with pytest.raises(reader.HarError):
        made(tmp_path / "case.zip", [str(broken)])
    assert [path.name for path in tmp_path.iterdir()] == ["broken.har"]


def test_without_anything_it_says_so():
    text = bundle.readme({"message": "nothing", "text": ""}, {}, {"id": None, "steps": [], "version": "x", "taken": "y", "hars": []})
    for words in ("Case: none", "Steps already taken", "no Mac was probed", "not probed"):
        assert words in text
