#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Probe from a host with the variables of the host, and evaluate the results
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Runs M(netaccess.chatgpt.reachability_info) with its options from the variables C(verify_*) of the host, which the role P(netaccess.chatgpt.verify#role)
    documents. With C(delegate_to), the variables are those of the host that the task is delegated to.
  - With C(verify_by=kit), and by default on Windows, the probe kit is used in place of that module; see the role P(netaccess.chatgpt.probe_host#role).
  - Never fails. RV(problem) says why the verification after a change does not pass, RV(recorded) that there is no result.
options:
  phase:
    description: V(baseline) probes before a change. V(after) probes after it and compares the results with the baseline.
    type: str
    required: true
    choices: [baseline, after]
  stage:
    description: A stage of a rollout. A host of a later stage must see what it saw before.
    type: dict
    default: {}
  reverted:
    description: The change was rolled back, so the host must see what it saw before. It keeps probing for the propagation time of the product.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Probe from the host
  netaccess.chatgpt.verify:
    phase: baseline
  register: verify_baseline
"""

RETURN = r"""
problem:
  description: Why the verification does not pass. The other keys are those of M(netaccess.chatgpt.reachability_info).
  returned: for O(phase=after), on the host itself, if it does not pass
  type: str
  sample: "desk1: 2 of 44 wanted checks fail: chatgpt.com"
recorded:
  description: C(failed) or C(unreachable), with the reason in C(msg).
  returned: if there is no result
  type: str
  sample: unreachable
"""
