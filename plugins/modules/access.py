#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: access
short_description: Run the access module of a device's product with the device's variables
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Runs the module C(<access_product>_access) with its options from the variables of the device. The role P(netaccess.chatgpt.access#role) documents the
    variables; the role and the playbooks run this module as their only task that changes a device.
  - Before a state that writes, it checks the change ID and the change window.
  - Prints the result, how to roll back, the remaining conflicts, and the manual steps.
options:
  state:
    description: As O(netaccess.chatgpt.squid_access#module:state) of the access modules. Overrides C(access_state).
    type: str
  journal:
    description: >-
      As O(netaccess.chatgpt.squid_access#module:journal) of the access modules. Overrides C(access_journal). With O(state=reverted), earlier stages of the
      same rollout are rolled back as well.
    type: path
  series:
    description: As O(netaccess.chatgpt.squid_access#module:series) of the access modules.
    type: str
  stage:
    description: A stage of a rollout, from RV(stages). Its audience replaces the audience of the device.
    type: dict
    default: {}
  rollout:
    description: Change nothing, and return the remaining stages of the variable C(rollout) in RV(stages). For check mode.
    type: bool
    default: false
  quiet:
    description: Do not print the result.
    type: bool
    default: false
  prove:
    description: Probe hosts have to prove the change. Its journal stores their baselines, and is C(unproven) until they have.
    type: bool
    default: false
  own:
    description: >-
      With O(state=reverted), roll back what this run of the playbook C(site) did on the device, and then earlier unproven changes. Replaces O(journal).
    type: bool
    default: false
  record:
    description: Never fail. RV(recorded) says that the device failed or was not reached, and the verdict of the run takes it into account.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Allow ChatGPT on every device
  hosts: netaccess_devices
  gather_facts: false
  tasks:
    - name: Run the access module of the device's product
      netaccess.chatgpt.access:
      register: access_result
"""

RETURN = r"""
recorded:
  description: C(failed) or C(unreachable), with the reason in C(msg). The other keys are those of the access module.
  returned: when O(record=true) and the device failed or was not reached
  type: str
  sample: failed
behind:
  description: Probe hosts mapped to the device (C(netaccess_path)) whose baselines the journals store.
  returned: when O(state=reverted)
  type: list
  elements: str
  sample: [desk1]
stages:
  description: Remaining stages of the rollout for the device.
  returned: when O(rollout=true)
  type: list
  elements: dict
  sample: [{name: everyone, number: 2, of: 2, reached: [pilot, everyone], last: true}]
"""
