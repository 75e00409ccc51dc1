#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: change
short_description: Decide the next step of a change from what the run left in its variables
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - For the playbooks of this collection, whose tasks decide nothing. It reads the results that they registered, and does nothing to a device.
options:
  step:
    description:
      - V(begin) sets an earlier report in O(dest) aside and writes a C(verdict.json) that says that a run has begun.
      - V(gate) refuses a run outside of its change window, without a number, or with a setting that is none, before anything is touched.
      - V(preflight) says which devices may be changed.
      - V(batch) says which devices of a batch are not begun.
      - V(prove) says whether a change stays, by O(looks).
      - V(stage) says whether the next stage of a rollout begins.
      - V(together) says what the hosts of a play say together, and fails when none was reached.
      - V(conclude) writes the report where a folder is named, and says what the run comes to, unless something failed.
      - V(say) says that once what failed has done so, so that it stands at the end.
    type: str
    required: true
    choices: [begin, gate, preflight, batch, prove, stage, together, conclude, say]
  stage:
    description: The stage of a rollout that this is about.
    type: dict
    default: {}
  looks:
    description: Results of M(netaccess.chatgpt.verify) from hosts behind the device, as a loop registers them.
    type: list
    elements: dict
    default: []
  reverted:
    description: The change was rolled back, so every host has to see what it saw before.
    type: bool
    default: false
  mode:
    description: With V(conclude), whether devices were looked at or changed. By default an audit in check mode and a change otherwise.
    type: str
    choices: [audit, change]
  dest:
    description:
      - With V(conclude), the folder for the report. By default C(netaccess_report_dir).
      - With V(begin) and V(gate), the folder in which a run has begun from here on; nothing is done there by default.
    type: path
  within:
    description: Devices and hosts to speak of. By default those of the play that C(--limit) leaves.
    type: list
    elements: str
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
- name: Write the report
  netaccess.chatgpt.change:
    step: conclude
  run_once: true
  register: netaccess_outcome
"""

RETURN = r"""
behind:
  description: The hosts that say that they stand behind a device (C(netaccess_path)), by device.
  returned: for O(step=gate)
  type: dict
  sample: {fw-a: [desk1, desk2]}
left_out:
  description: Those of them that C(--limit) leaves out of the run, by device.
  returned: for O(step=gate)
  type: dict
  sample: {fw-a: [desk2]}
mark:
  description: What the journals of this run share.
  returned: for O(step=gate)
  type: str
  sample: 6f1c9a3e-8d0b-4f0e-9f55-0a1b2c3d4e5f
stops:
  description: Why a device is not begun, by device.
  returned: for O(step=preflight) and O(step=batch)
  type: dict
  sample: {}
take_back:
  description: Whether the change is taken back, from C(journal). The other keys are those of P(netaccess.chatgpt.reachability_proof#filter).
  returned: for O(step=prove)
  type: bool
  sample: false
said:
  description: What that comes to, in a sentence.
  returned: for O(step=prove)
  type: str
  sample: All is as before
proven:
  description: Whether the change, and every earlier one that nothing had proven, is proven.
  returned: for O(step=prove)
  type: bool
  sample: true
over:
  description: Why no later stage begins, or null.
  returned: for O(step=stage)
  type: str
  sample: null
verdict:
  description: As M(netaccess.chatgpt.report) returns it.
  returned: for O(step=conclude)
  type: dict
  sample: {code: 0, message: "1 device, 2 hosts: compliant", classes: {}}
handed:
  description: What C(set_stats) hands to what follows - the verdict as C(netaccess_verdict), and of an audit what C(plans.json) holds.
  returned: for O(step=conclude)
  type: dict
  sample: {netaccess_verdict: {code: 0}, netaccess_plans: {fw-a: 6f1c0a3e}, netaccess_plans_about: {}}
lines:
  description: What the run comes to - what changed, what is proven and what is not, how to undo it, what is left to do, and the verdict.
  returned: for O(step=conclude)
  type: list
  elements: str
  sample: ["Changed: nothing", "Verdict 0: 1 device, 2 hosts; everything is compliant"]
troubles:
  description: Why a device or host counts as failed, by name.
  returned: for O(step=conclude)
  type: dict
  sample: {}
"""
