#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_status_info
short_description: Read the status of the service from OpenAI's status page, by feature
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Reads the status page from the controller, in either of its two JSON forms, and maps its components to the features of the catalogue.
  - What cannot be reached or is not understood is V(unknown), never V(operational) and never an error. The page itself lies behind
    C(*.openai.com), so where that is blocked the state of the service is unknown.
options:
  url:
    description: The status page.
    type: str
    default: https://status.openai.com
  path:
    description: A saved answer of the page, instead of O(url).
    type: path
  timeout:
    description: Seconds for each request; there are at most two.
    type: float
    default: 10
  proxy:
    description: URL of the proxy to use. By default the one in the environment.
    type: str
  ca_path:
    description: File with CA certificates (PEM) to verify the page with.
    type: path
  components:
    description: >-
      Custom rules that map components to features, tried before the shipped ones. Each has C(component), a regular expression on the
      component's group and name, and C(features).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: Changes nothing.
  platform:
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Read the status page of the service
  netaccess.chatgpt.service_status_info:
  register: service

- name: Print the status
  ansible.builtin.debug:
    var: service.message
"""

RETURN = r"""
state:
  description: V(operational), V(degraded), V(outage), V(maintenance) or V(unknown).
  returned: always
  type: str
  sample: degraded
features:
  description: The worst state of the components and incidents of each feature that has some.
  returned: always
  type: dict
  sample: {chat: operational, login: operational, voice: degraded}
components:
  description: Components by name, with their state and features.
  returned: always
  type: list
  elements: dict
  sample:
    - {name: Voice mode, status: degraded, features: [voice]}
incidents:
  description: Unresolved incidents.
  returned: always
  type: list
  elements: dict
  sample:
    - id: 01ABC
      name: Voice mode is slow
      status: investigating
      impact: degraded
      url: https://status.openai.com/incidents/01ABC
      started: '2026-11-24T08:00:00Z'
      components: [Voice mode]
      features: [voice]
source:
  description: The format of the page, V(shim) or V(native); V(none) without an answer.
  returned: always
  type: str
  sample: shim
fetched:
  description: When the page was read (UTC).
  returned: always
  type: str
  sample: '2026-11-24T08:15:00Z'
message:
  description: One line of text, with the reason if the state is unknown.
  returned: always
  type: str
  sample: 'the service reports degraded; voice: degraded'
"""
