#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: catalog_info
short_description: Show the catalogue of what ChatGPT needs on a network
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Returns the entries of one published list with all their fields, including sources, and the differences from another list.
  - Runs on the controller and contacts nothing.
options:
  version:
    description: V(union), V(latest), or the date of a published list.
    type: str
    default: union
  compare_to:
    description: Another version. RV(difference) says what O(version) adds to it and removes from it.
    type: str
  overlays:
    description: Paths of YAML files, or dictionaries, to apply to the catalogue in this order.
    type: list
    elements: raw
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
- name: Compare today's list with an earlier one
  netaccess.chatgpt.catalog_info:
    version: latest
    compare_to: '2026-03-11'
  register: catalogue

- name: Show what was added and removed
  ansible.builtin.debug:
    var: catalogue.difference
"""

RETURN = r"""
entries:
  description: The published entries of this version, in the published order.
  returned: always
  type: list
  elements: dict
  sample:
    - id: chatgpt
      pattern: '*.chatgpt.com'
      owner: OpenAI
      level: required
extras:
  description: Hosts that a feature needs and that a source outside the published list names.
  returned: always
  type: list
  elements: dict
  sample: []
version:
  description: The version that is returned.
  returned: always
  type: str
  sample: '2026-07-25'
versions:
  description: The published lists in the catalogue.
  returned: always
  type: list
  elements: dict
  sample:
    - version: '2026-07-25'
      note: 29 patterns, voice over UDP 3478 to published addresses, WebSocket named
media:
  description: Voice traffic that does not use TLS.
  returned: always
  type: list
  elements: dict
  sample: []
companions:
  description: Hosts that were seen in practice and are not published. They are reported, and not allowed by default.
  returned: always
  type: list
  elements: dict
  sample: []
difference:
  description: Differences between O(version) and O(compare_to).
  returned: when O(compare_to) is given
  type: dict
  sample: {added: ['*.oaistatsig.com'], removed: [featureassets.org], unchanged: ['*.openai.com']}
"""
