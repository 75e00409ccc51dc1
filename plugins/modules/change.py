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
  - Used by the playbooks of this collection, which leave all decisions to this module. It reads the results that they registered, and contacts no device.
options:
  step:
    description:
      - V(begin) moves an earlier report in O(dest) aside, and writes a C(verdict.json) that says that a run has started.
      - V(gate) refuses a run outside its change window, without a change ID, or with an invalid setting, before anything is changed.
      - V(preflight) decides which devices may be changed.
      - V(batch) decides which devices of a batch are not started.
      - V(prove) decides from O(looks) whether to keep a change.
      - V(stage) decides whether the next stage of a rollout starts.
      - V(together) combines the results of the hosts of a play, and fails if none was reached.
      - V(conclude) writes the report if a folder is set, and prints the summary unless something failed.
      - V(say) prints O(text), by default the summary, after the failures, so that it is at the end of the output. Unlike C(ansible.builtin.debug), it also
        prints if Ansible's setting C(display_ok_hosts) is false.
    type: str
    required: true
    choices: [begin, gate, preflight, batch, prove, stage, together, conclude, say]
  stage:
    description: The stage of the rollout to decide on.
    type: dict
    default: {}
  looks:
    description: Results of M(netaccess.chatgpt.verify) from the probe hosts of the device, as registered by a loop.
    type: list
    elements: dict
    default: []
  reverted:
    description: The change was rolled back, so every host must see what it saw before.
    type: bool
    default: false
  mode:
    description: With V(conclude), whether the run audited or changed devices. By default an audit in check mode and a change otherwise.
    type: str
    choices: [audit, change]
  dest:
    description:
      - With V(conclude), the folder for the report. By default C(netaccess_report_dir).
      - With V(begin) and V(gate), the folder that records the started run. By default nothing is recorded.
    type: path
  within:
    description: Devices and hosts to include. By default those of the play that C(--limit) selects.
    type: list
    elements: str
  text:
    description: With V(say), the text to print. By default the summary of the run.
    type: str
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
  description: The probe hosts mapped to each device (C(netaccess_path)), by device.
  returned: for O(step=gate)
  type: dict
  sample: {fw-a: [desk1, desk2]}
left_out:
  description: The probe hosts that C(--limit) excludes from the run, by device.
  returned: for O(step=gate)
  type: dict
  sample: {fw-a: [desk2]}
mark:
  description: The label that the journals of this run share.
  returned: for O(step=gate)
  type: str
  sample: 6f1c9a3e-8d0b-4f0e-9f55-0a1b2c3d4e5f
stops:
  description: Why a device is not started, by device.
  returned: for O(step=preflight) and O(step=batch)
  type: dict
  sample: {}
take_back:
  description: Whether the change is rolled back. The other keys are those of P(netaccess.chatgpt.reachability_proof#filter).
  returned: for O(step=prove)
  type: bool
  sample: false
said:
  description: The decision in one sentence.
  returned: for O(step=prove)
  type: str
  sample: The previous behaviour is restored
proven:
  description: Whether the change and all earlier unproven changes are now proven.
  returned: for O(step=prove)
  type: bool
  sample: true
over:
  description: Why no further stage starts, or null.
  returned: for O(step=stage)
  type: str
  sample: null
verdict:
  description: As M(netaccess.chatgpt.report) returns it.
  returned: for O(step=conclude)
  type: dict
  sample: {code: 0, message: "1 device, 2 hosts: compliant", classes: {}}
handed:
  description: >-
    What C(set_stats) passes on to later jobs. The verdict is C(netaccess_verdict); after an audit, C(netaccess_plans) and C(netaccess_plans_about) have the
    content of C(plans.json).
  returned: for O(step=conclude)
  type: dict
  sample: {netaccess_verdict: {code: 0}, netaccess_plans: {fw-a: 6f1c0a3e}, netaccess_plans_about: {}}
lines:
  description: The summary of the run - what changed, what is proven and what is not, how to roll back, what remains to do, and the verdict.
  returned: for O(step=conclude)
  type: list
  elements: str
  sample: ["Changed: nothing", "Verdict 0: 1 device, 2 hosts; no findings"]
troubles:
  description: Why a device or host counts as failed, by name.
  returned: for O(step=conclude)
  type: dict
  sample: {}
"""
