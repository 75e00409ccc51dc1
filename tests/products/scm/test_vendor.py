# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's client and the twin of Prisma Access: it makes, reads, changes and deletes what our module uses."""
from __future__ import annotations

import pytest


def test_the_vendor_s_client_works_with_the_twin():
    pytest.fail("FILL IN: pin the vendor's client in requirements-test.txt, hold the twin to it, and have it read what our "
                "module wrote. Where there is none: another client, or recorded answers; the docstring says which")
