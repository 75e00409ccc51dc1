# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/products.md says what the adapters do now, and names every product."""
from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from tests.lab.lab import ROOT
from tests.lab.squid import available


@pytest.mark.skipif(available() is not None, reason=str(available()))
def test_the_table_of_products_is_as_the_adapters_are():
    done = subprocess.run([sys.executable, "scripts/generate_product_table.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_product_has_its_row():
    options = yaml.safe_load((ROOT / "roles/access/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    text = (ROOT / "docs/products.md").read_text()
    assert [name for name in options["access_product"]["choices"] if "(`%s_access`)" % name not in text] == []
