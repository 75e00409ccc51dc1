#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_status_info
short_description: Read the state of the service from OpenAI's status page, by feature
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Reads the status page from the controller, in either of its two JSON formats, and maps its components to the features of the catalogue.
  - If the page cannot be reached or understood, the state is V(unknown), never V(operational), and the task succeeds. The page itself is in C(*.openai.com),
    so if that is blocked, the state of the service is unknown.
options:
  url:
    description: URL of the status page.
    type: str
    default: https://status.openai.com
  path:
    description: A saved response of the page, to use in place of O(url).
    type: path
  timeout:
    description: Seconds that each request may take. There are at most two requests.
    type: float
    default: 10
  proxy:
    description: URL of the proxy to use. By default the proxy in the environment variables is used.
    type: str
  ca_path:
    description: PEM file with the CA certificates to verify the page with.
    type: path
  components:
    description: >-
      Custom rules that map components to features, tried before the shipped ones. Each has C(component), a regular expression for the component's group and
      name, and C(features).
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
  description: For each feature that has any, the worst state of its components and incidents.
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
  description: The format of the page, V(shim) or V(native), or V(none) if there was no response.
  returned: always
  type: str
  sample: shim
fetched:
  description: When the page was read (UTC).
  returned: always
  type: str
  sample: '2026-11-24T08:15:00Z'
message:
  description: The result in one line, with the reason if the state is unknown.
  returned: always
  type: str
  sample: 'the service reports degraded; voice: degraded'
"""
