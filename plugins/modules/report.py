#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: One report of a run over all devices and hosts, for people and for pipelines
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Writes on the controller what every device and every host of a run said - a web page that needs nothing else, JSON, CSV, Markdown for a merge request,
    JUnit XML, the verdict with the exit code for a pipeline, the digests of the plans, and checksums of all of them.
  - Devices and hosts that were not reached are in it. The same input gives the same bytes.
  - It writes also in check mode, since the report is what an audit is for.
options:
  dest:
    description:
      - The folder. Files in it have mode 0600 and are written whole or not at all.
      - A report takes over the trend of the one that it replaces, a point for each of the last 100 reports of the folder.
    type: path
    required: true
  devices:
    description: Results of the access modules by device name. An empty one was not reached.
    type: dict
    default: {}
  hosts:
    description: Results of M(netaccess.chatgpt.reachability_info) by host name. An empty one was not reached.
    type: dict
    default: {}
  baselines:
    description: The same from before the change, to show and judge what moved.
    type: dict
    default: {}
  expect:
    description: V(open), the default, or V(unchanged) by host name.
    type: dict
    default: {}
  mode:
    description: Whether the devices were looked at (what would change is drift) or changed.
    type: str
    choices: [audit, change]
    default: change
  title:
    description: The heading.
    type: str
  change:
    description: The record of the change - C(id), C(requester), C(approver), C(implementer) and C(emergency).
    type: dict
  generated:
    description: The time to write into the report, ISO 8601. By default now.
    type: str
  register:
    description: >-
      File with the register of exemptions, a YAML list of C(pattern), C(owner), C(reason), C(risk_id), C(approved_by), C(approved_on) and C(review_by). An
      exemption without a line, and one past its review date, is said; nothing is removed for it.
    type: path
  strict:
    description: Classes that are said and decide nothing by default, and shall decide.
    type: list
    elements: str
    choices: [not_proven, stale, manual]
    default: []
  plans_valid_for:
    description: Hours for which the plans in C(plans.json) may be carried out. A change that is bound to them is refused after that.
    type: float
    default: 168
  signing_key:
    description:
      - SSH key to sign C(SHA256SUMS) with; the signature is C(SHA256SUMS.sig), for C(ssh-keygen -Y verify) in the namespace C(netaccess.chatgpt).
      - Nobody is asked for a passphrase. When there is no signature after a minute, or C(ssh-keygen) refuses, the report stays without one and the task fails.
    type: path
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: none
    details: Writes the report in check mode as well.
  diff_mode:
    support: none
  platform:
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Write the report of an audit
  netaccess.chatgpt.report:
    dest: /srv/reports/2026-11-24
    mode: audit
    devices: "{{ dict(names | zip(names | map('extract', hostvars) | map(attribute='access_result', default={}))) }}"
  vars:
    names: "{{ groups['netaccess_devices'] }}"
  register: audit

- name: Say what it comes to
  ansible.builtin.debug:
    var: audit.verdict.message
"""

RETURN = r"""
verdict:
  description: >-
    C(code) (0 compliant, 2 drift, 1 anything else that needs a person), C(message), and C(classes) with what was found of each.
  returned: always
  type: dict
  sample:
    code: 2
    message: '2 devices, 3 hosts; drift: 1'
    classes:
      nothing: []
      unreachable: []
      failed: []
      refused: []
      not_begun: []
      plan_changed: []
      regressed: []
      verification_failed: []
      unverified: []
      conflicts: []
      overdue: []
      unregistered: []
      pending: []
      drift: ['fw1: create security rule chatgpt-allow']
      symptoms: []
      not_proven: []
      stale: []
      manual: []
    deciding: [drift]
files:
  description: The names of what was written.
  returned: always
  type: list
  elements: str
  sample: [SHA256SUMS, coverage.csv, plans.json, report.html, report.json, report.junit.xml, report.md, verdict.json]
dest:
  description: The folder.
  returned: always
  type: str
  sample: /srv/reports/2026-11-24
"""
