# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a check: what came of it, and what was seen of its certificate."""
from __future__ import annotations

#: What came of a check. ORIGIN: the network lets it through, and the origin itself refuses. UNVERIFIED: what was seen proves neither.
PASS, FAIL, ERROR, SKIPPED, UNVERIFIED, ORIGIN = "pass", "fail", "error", "skipped", "unverified", "origin"
#: The worst first.
RANK = (FAIL, ERROR, ORIGIN, UNVERIFIED, SKIPPED, PASS)
#: Whether a gateway looks inside. TRUSTED and UNTRUSTED: whether this host trusts its CA.
NOT, TRUSTED, UNTRUSTED, INVALID, UNKNOWN = "not_intercepted", "intercepted_trusted", "intercepted_untrusted", "invalid_certificate", "unknown"
INTERCEPTED = (TRUSTED, UNTRUSTED)
