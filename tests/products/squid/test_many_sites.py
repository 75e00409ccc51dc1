# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As many sites by chance on each release of Squid as on the twins: eight minutes of a processor for each release, so in a file of its own."""
from __future__ import annotations

import pytest

from tests.contract.test_chance import MANY, hold, real


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
def test_on_any_site_what_is_claimed_holds_on_each_release(squid_rigs, release, tmp_path):
    hold(real(squid_rigs(release), tmp_path, MANY), MANY)
