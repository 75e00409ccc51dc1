#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: support_bundle
short_description: Write one file with everything that a support case needs
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Writes a ZIP file on the controller with the steps already taken, the diagnosis, the verdicts of every host, resolvers and addresses, the result for iOS
    App Attest, the version of the macOS app, the state of the service, and redacted copies of HAR files.
  - It contains addresses and names of the company's hosts and gateways, but no passwords, tokens, cookies or content. Review it before you share it outside
    the company.
options:
  dest:
    description: The file to write, with mode 0600. It is replaced atomically.
    type: path
    required: true
  diagnosis:
    description: Result of the P(netaccess.chatgpt.diagnose#filter) filter.
    type: dict
    required: true
  hosts:
    description: Results of M(netaccess.chatgpt.reachability_info) from hosts inside the company, by host name.
    type: dict
    default: {}
  control:
    description: Results of M(netaccess.chatgpt.reachability_info) from control hosts outside the company, by host name.
    type: dict
    default: {}
  status:
    description: Result of M(netaccess.chatgpt.service_status_info).
    type: dict
    default: {}
  hars:
    description: Paths of HAR files. Only redacted copies are included, as M(netaccess.chatgpt.har_info) writes them.
    type: list
    elements: path
    default: []
  case:
    description: The number of the case or ticket.
    type: str
  steps:
    description: Steps already taken.
    type: list
    elements: str
    default: []
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
- name: Write the file for the support case
  netaccess.chatgpt.support_bundle:
    dest: /srv/cases/chatgpt-4711.zip
    case: '4711'
    steps:
      - app updated and started again
      - looked without VPN, no difference
    diagnosis: "{{ diagnose_result }}"
    hosts: "{{ diagnose_hosts }}"
    hars:
      - /srv/cases/alice.har
"""

RETURN = r"""
dest:
  description: Path of the file.
  returned: always
  type: str
  sample: /srv/cases/chatgpt-4711.zip
content:
  description: Names of the files in it.
  returned: always
  type: list
  elements: str
  sample: [README.txt, diagnosis.json, diagnosis.txt, hosts/branch1.json, har/1.har]
"""
