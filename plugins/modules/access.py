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
  - Takes every option of the module C(<access_product>_access) from the variables of the device, as the role P(netaccess.chatgpt.access#role) documents them,
    and runs the module. The role is this one task, and so are the playbooks' changes.
  - Before a state that writes it checks the number of the change and the change window.
  - Prints what was done, how to go back, which rules of the site still stand in the way, and what is left to do by hand.
options:
  state:
    description: As the option of the access modules, above C(access_state).
    type: str
  journal:
    description: As the option of the access modules, above C(access_journal). For O(state=reverted) earlier stages of the same rollout follow.
    type: path
  series:
    description: As the option of the access modules.
    type: str
  stage:
    description: A stage of a rollout, as RV(stages) has it. Its audience takes the place of the device's.
    type: dict
    default: {}
  rollout:
    description: Change nothing, and return RV(stages), which stages of the variable C(rollout) the device has still before it. For check mode.
    type: bool
    default: false
  quiet:
    description: Print nothing of a result.
    type: bool
    default: false
  prove:
    description: The hosts behind the device have to prove the change. Until then its journal is C(unproven) and keeps what they saw before it.
    type: bool
    default: false
  own:
    description: With O(state=reverted), in the place of O(journal), what this run of C(site.yml) did there, then earlier changes that nothing has proven.
    type: bool
    default: false
  record:
    description: Never fail. RV(recorded) says that the device failed or was not reached, and the verdict of the run counts it.
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
  description: C(failed) or C(unreachable), with the reason in C(msg). All other keys are those of the access module.
  returned: when O(record=true) and the device failed or was not reached
  type: str
  sample: failed
behind:
  description: Hosts behind the device (C(netaccess_path)) of which the journals keep what they saw before the change that was rolled back.
  returned: when O(state=reverted)
  type: list
  elements: str
  sample: [desk1]
stages:
  description: Stages of the rollout that the device has still before it.
  returned: when O(rollout=true)
  type: list
  elements: dict
  sample: [{name: everyone, number: 2, of: 2, reached: [pilot, everyone], last: true}]
"""
