#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write one report on a run over all devices and hosts, for people and for pipelines
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - >-
    Writes the results of all devices and hosts of a run on the controller: a self-contained web page, JSON, CSV, Markdown for a merge request, JUnit XML,
    the verdict with the exit code for a pipeline, the digests of the plans, and checksums of these files.
  - Devices and hosts that were not reached are included. The same input gives the same files.
  - It also writes in check mode, because an audit runs in check mode.
options:
  dest:
    description:
      - The folder for the report. Files in it have mode 0600 and are replaced atomically.
      - A report continues the trend of the one that it replaces, with one point for each of the last 100 reports in the folder.
    type: path
    required: true
  devices:
    description: Results of the access modules, by device name. An empty result means that the device was not reached.
    type: dict
    default: {}
  hosts:
    description: Results of M(netaccess.chatgpt.reachability_info), by host name. An empty result means that the host was not reached.
    type: dict
    default: {}
  baselines:
    description: The results of O(hosts) from before the change, to compare with.
    type: dict
    default: {}
  expect:
    description: >-
      What each host must see, by host name. V(open) (the default) is that ChatGPT is reachable, V(unchanged) that nothing changed, for hosts outside the
      audience.
    type: dict
    default: {}
  mode:
    description: Whether the run audited the devices, so that a difference is drift, or changed them.
    type: str
    choices: [audit, change]
    default: change
  title:
    description: The heading of the report.
    type: str
  change:
    description: The change record, with C(id), C(requester), C(approver), C(implementer) and C(emergency).
    type: dict
  generated:
    description: The time to write into the report, in ISO 8601 format. By default the current time.
    type: str
  register:
    description: >-
      YAML file with the register of exemptions, a list with C(pattern), C(owner), C(reason), C(risk_id), C(approved_by), C(approved_on) and C(review_by). An
      exemption without an entry, or past its review date, is reported. Nothing is removed.
    type: path
  strict:
    description: Classes that count for the verdict, in addition to those that count by default. Otherwise they are only reported.
    type: list
    elements: str
    choices: [not_proven, stale, manual]
    default: []
  plans_valid_for:
    description: Hours for which the plans in C(plans.json) may be carried out. After that a change that uses them is refused.
    type: float
    default: 168
  signing_key:
    description:
      - SSH key to sign C(SHA256SUMS) with. The signature is C(SHA256SUMS.sig), in the namespace C(netaccess.chatgpt); verify it with C(ssh-keygen -Y
        verify).
      - There is no prompt for a passphrase. If C(ssh-keygen) fails, or there is no signature after a minute, the report stays unsigned and the task fails.
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

- name: Print the result
  ansible.builtin.debug:
    var: audit.verdict.message
"""

RETURN = r"""
verdict:
  description: C(code) (0 compliant, 2 drift, 1 anything else that needs attention), C(message), and C(classes) with the findings of each class.
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
  description: Names of the files that were written.
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
