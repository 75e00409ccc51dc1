# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a device and the classes of a verdict, as every form of the report names them."""
from __future__ import annotations

COMPLIANT, DRIFT, CHANGED, FAILED, UNREACHABLE = "compliant", "drift", "changed", "failed", "unreachable"
#: Nothing was written: the module refused, or the run did not come to the device.
REFUSED, NOT_BEGUN = "refused", "not_begun"
#: States of a device that the worst comes first in, and those of a device that has no result.
WORST = [UNREACHABLE, FAILED, REFUSED, NOT_BEGUN, DRIFT, CHANGED, COMPLIANT]
NO_RESULT = (UNREACHABLE, FAILED, REFUSED, NOT_BEGUN)
#: What a run can have found, the worst first: (class, exit code, what it is in words). Exit codes are those that pipelines know: 0 compliant, 2 drift, 1
#: anything else that needs a person.
CLASSES = [
    ("nothing", 1, "nothing to judge"), ("unreachable", 1, "not reached"), ("failed", 1, "the task failed"), ("refused", 1, "refused"),
    ("not_begun", 1, "not begun"), ("plan_changed", 1, "the plan is not the reviewed one"),
    ("regressed", 1, "newly open, or newly shut"), ("verification_failed", 1, "still shut, decrypted or broken"),
    ("unverified", 1, "a look that proves nothing"), ("conflicts", 1, "something still stands in the way"), ("overdue", 1, "exemption past its review date"),
    ("unregistered", 1, "exemption without a line in the register"), ("pending", 1, "edits that wait for activation"), ("drift", 2, "drift"),
    ("symptoms", 2, "fails because of the drift"), ("not_proven", 0, "not proven"), ("stale", 0, "retired entries are still there"),
    ("manual", 0, "manual steps"),
]
