# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that pages show are taken by what reads them: the settings of a change, a rollout, the path of a host, the register of exemptions."""
from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import rollout, window
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import register
from tests.unit.test_change_action import DESK, FW, step
from tests.unit.test_docs import FENCE

ROOT = Path(__file__).resolve().parents[2]


def block(page: str, key: str):
    """The block of YAML on a page that has this key, or whose first element has it."""
    texts = [text for language, text in FENCE.findall((ROOT / "docs" / page).read_text(encoding="utf-8")) if language == "yaml"]
    found = [data for data in map(yaml.safe_load, texts) if key in (data[0] if isinstance(data, list) else data)]
    assert len(found) == 1, "%s has %d blocks with %s" % (page, len(found), key)
    return found[0]


def gate(settings: dict, host: dict) -> dict:
    device = {name: value for name, value in settings.items() if name != "netaccess_serial"}
    return step("gate", {"fw1": dict(FW, **device), "desk1": dict(host, **device)}, check=True)


def test_a_change_with_the_settings_of_its_page_is_let_through_the_gate():
    settings = block("change.md", "change_window")
    assert gate(settings, DESK)["behind"] == {"fw1": ["desk1"]} and settings["netaccess_serial"] == [1, "25%", "100%"]
    for slip in ({"on_failure": "revert_if_regresed"}, {"change": "CHG0012345"}):
        with pytest.raises(AnsibleActionFail):
            gate(dict(settings, **slip), DESK)


def test_the_window_of_the_page_is_a_window():
    given = block("change.md", "change_window")["change_window"]
    # A Tuesday and a Saturday, at eleven at night in Berlin, and the Tuesday in the freeze.
    moments = [datetime.datetime(*day, 22, tzinfo=datetime.timezone.utc) for day in ((2026, 11, 24), (2026, 11, 28), (2026, 12, 29))]
    assert [window.state(given, moment)["open"] for moment in moments] == [True, False, False]
    with pytest.raises(window.WindowError):
        window.state(dict(given, windows=[dict(given["windows"][0], until=240)]), moments[0])


def test_the_path_of_a_host_is_understood():
    path = block("diagnosis.md", "netaccess_path")["netaccess_path"]
    assert gate({}, {"netaccess_path": dict(path, device="fw1")})["behind"] == {"fw1": ["desk1"]}
    with pytest.raises(AnsibleActionFail):
        gate({}, {"netaccess_path": dict(path, device="fw1", proved_by={})})


def test_the_stages_of_the_rollout_are_as_the_page_shows_them():
    assert [stage["name"] for stage in rollout.stages(block("change.md", "rollout")["rollout"])] == ["pilot", "everyone"]


def test_the_register_is_read(tmp_path):
    lines = block("audit.md", "pattern")
    path = tmp_path / "register.yml"
    path.write_text(yaml.safe_dump(lines))
    assert [line["pattern"] for line in register.read(path)] == [".chatgpt.com"]
