# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a check: its verdict, and what its certificate shows."""
from __future__ import annotations

#: The verdict of a check. ORIGIN: the network allows it, and the origin itself refuses. UNVERIFIED: the result proves neither.
PASS, FAIL, ERROR, SKIPPED, UNVERIFIED, ORIGIN = "pass", "fail", "error", "skipped", "unverified", "origin"
#: The worst first.
RANK = (FAIL, ERROR, ORIGIN, UNVERIFIED, SKIPPED, PASS)
#: Whether a gateway decrypts. TRUSTED and UNTRUSTED: whether this host trusts its CA.
NOT, TRUSTED, UNTRUSTED, INVALID, UNKNOWN = "not_intercepted", "intercepted_trusted", "intercepted_untrusted", "invalid_certificate", "unknown"
INTERCEPTED = (TRUSTED, UNTRUSTED)
