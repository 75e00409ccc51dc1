# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own YAML files: libyaml and PyYAML's own parser have to read the same."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import shipped

FILES = sorted(Path(shipped.__file__).parent.rglob("*.yml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_parsers_read_the_same(path):
    assert shipped.read(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_file_is_among_them():
    assert {"chatgpt.yml", "signatures.yml", "isolation.yml"} <= {path.name for path in FILES}
