# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/products.md says what the adapters do now."""
from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab.lab import ROOT
from tests.lab.squid import available


@pytest.mark.skipif(available() is not None, reason=str(available()))
def test_the_table_of_products_is_as_the_adapters_are():
    done = subprocess.run([sys.executable, "scripts/generate_product_table.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
