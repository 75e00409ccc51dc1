# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the contract suite, for the tests of one product."""
from __future__ import annotations

from tests.contract.fixtures import internet, make_squid, open_rig, squid_rigs  # noqa: F401  # pylint: disable=unused-import
