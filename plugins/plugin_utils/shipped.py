# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files of the collection itself. What a user writes is read elsewhere: there the wording of an error counts."""
from __future__ import annotations

from pathlib import Path

import yaml

# The same data ten times as fast where PyYAML has libyaml. A playbook reads these files in each of its forks.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path):
    """The content of a file that comes with the collection."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
