#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: barracuda_wsg_access
short_description: Plan the manual steps that allow ChatGPT on a Barracuda Web Security Gateway
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - The API of this product cannot manage policies or lists, as its guide states, so this module never writes. It compares the pages of the web interface, as
    you give them in O(pages), with O(config), and returns the manual steps page by page, with lists to paste. Probe hosts behind the device then show
    whether the steps were carried out.
  - The plan consists of one custom category with the allowed domains, and an Allow exception for it for each part of O(audience). It never uses IP
    Block/Exempt, which ends all filtering.
  - Without O(pages), the plan assumes that the device has none of it yet, and RV(coverage) says V(unchecked).
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Name of the gateway in results; with O(settings), the host name or address of its API.
    type: str
    required: true
  port:
    description: HTTPS port of the administration interface and its API.
    type: int
    default: 443
  password:
    description: API password from C(BASIC > Administration), for O(settings). Environment variable E(BARRACUDA_WSG_PASSWORD).
    type: str
  settings:
    description: >-
      Global variables to read by the API and return in RV(diagnosis), by their names in a backup of the configuration. The vendor does not document the
      names.
    type: list
    elements: str
    default: []
  backup:
    description: >-
      Backup file of the configuration (C(ADVANCED > Backup)), on the host where the module runs. RV(diagnosis) lists the variables that contain a wanted
      host; nothing else of the file is returned.
    type: path
  pages:
    description: What the pages of the device contain now. A page that is left out counts as unknown.
    type: dict
    suboptions:
      category:
        description: Domains in the custom category O(category_name). An empty list means that it does not exist.
        type: list
        elements: str
      exceptions:
        description: Exceptions for this custom category.
        type: list
        elements: dict
        suboptions:
          audience:
            description: Who it applies to, as V(group NAME), V(user NAME), V(all authenticated users) or V(all unauthenticated users).
            type: str
            required: true
          action:
            description: Action of the exception.
            type: str
            default: allow
      application_exceptions:
        description: Allow exceptions for applications.
        type: list
        elements: dict
        suboptions:
          application:
            description: Name of the application.
            type: str
            required: true
          audience:
            description: Who it applies to, as in O(pages.exceptions).
            type: str
            required: true
      blocked_applications:
        description: Names of blocked applications. An inline gateway evaluates them before all categories.
        type: list
        elements: str
      inspected_domains:
        description: Domains that are designated for SSL Inspection.
        type: list
        elements: str
      inspected_categories:
        description: Categories that are designated for SSL Inspection.
        type: list
        elements: str
  category_name:
    description: Name of the custom category.
    type: str
    default: ChatGPT allow
  audience:
    description:
      - Who gets access.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      groups:
        description: Names of groups.
        type: list
        elements: str
        default: []
      users:
        description: Names of users.
        type: list
        elements: str
        default: []
      everyone:
        description: All users, authenticated or not. Barracuda has separate policies for the two, so there are two exceptions.
        type: bool
        default: false
attributes:
  platform:
    support: full
    platforms: posix
    description: Reads by the documented API and from files; not yet tried on an appliance.
notes:
  - In check mode a difference is reported as C(changed), so that an audit finds drift. A real run changes nothing and returns the same plan with C(changed)
    false.
  - After the plan was carried out, update O(pages) and run the task again. It reports what is still missing.
  - There is no journal, because nothing is written. Back up the configuration before you carry out the plan. To roll back, carry out the plan of
    O(state=deleted), and add domains that were removed from SSL Inspection again.
  - Domains have no wildcards. A domain includes all its subdomains, and RV(coverage) reports where this is wider than requested.
  - SSL Inspection applies only to domains and categories that are designated for it. A designated domain or category that contains wanted hosts is a
    conflict.
"""

EXAMPLES = r"""
- name: List the manual steps that are still missing
  netaccess.chatgpt.barracuda_wsg_access:
    host: wsg.example.com
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    pages:
      category: "{{ lookup('ansible.builtin.file', 'wsg/custom-category.txt').splitlines() }}"
      exceptions:
        - audience: group AI users
      blocked_applications: []
      inspected_domains: "{{ lookup('ansible.builtin.file', 'wsg/inspected-domains.txt').splitlines() }}"
      inspected_categories: []
  check_mode: true
  diff: true

- name: Return the whole plan for a device without any of it, with lists to paste
  netaccess.chatgpt.barracuda_wsg_access:
    host: wsg.example.com
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      everyone: true
    state: rendered

- name: Find hosts of ChatGPT in a backup of the configuration
  netaccess.chatgpt.barracuda_wsg_access:
    host: wsg.example.com
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    backup: /var/backups/wsg.txt
"""

RETURN = r"""
changes:
  description: How the device differs from the policy, according to O(pages).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: custom category
      name: ChatGPT allow
      op: update
      members:
        domains:
          added: [oaistatic.com]
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'manual steps: create custom category ChatGPT allow (+36), exception group AI users'
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'barracuda_wsg'
audience:
  description: >-
    Who gets access, from O(audience): C(everyone), and C(parts), the suboptions that are set, with their names sorted. If they name rules or policies of the
    device, C(behind) has the users of each, as far as the product shows them. Null if the task has no O(audience).
  returned: always, except for O(state=rendered)
  type: dict
  sample: {everyone: false, parts: {}, behind: {}}
places:
  description: >-
    The position of each rule that is created, changed or moved, after the run. It is rule C(number) of C(of) in the C(rulebase), with the rules directly
    above it (C(below)) and below it (C(above)); these are null at an end of the rulebase.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
opens:
  description: >-
    Ports for voice that new rules of the plan open in addition to web access. Each has C(id), C(protocol), C(ports), the number of C(destinations), and the
    C(rules).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
ports_open:
  description: As RV(opens), for managed rules that the device already had before the run.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
planned_steps:
  description: Number of steps in the plan to carry out by hand.
  returned: for states that write
  type: int
  sample: 5
release:
  description: Product and release, if the data that the run reads contains them; otherwise empty.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
policy_version:
  description: Version of the catalogue from which the policy was selected.
  returned: always, except for O(state=rendered)
  type: str
  sample: '2026-07-25'
limits:
  description: Limits of the product on writes, deletions and activations, in words. Empty if none are known.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
exclusive:
  description: What keeps two runs from writing at the same time, in words.
  returned: always, except for O(state=rendered)
  type: str
  sample: nothing is written; carry out the plan by hand
propagation:
  description: Seconds until the change is in force, once the plan was carried out.
  returned: always, except for O(state=rendered)
  type: int
  sample: 0
changes_on_record:
  description: >-
    Changes of this device according to its journals, in place or rolled back, the newest first, back to the last one that is in place and proven. Each has
    C(journal), C(started), C(status), C(comment) with the change ID and the people involved, and, if it was rolled back, C(ended).
  returned: for states that write, except for O(state=reverted)
  type: list
  elements: dict
  sample: []
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-barracuda_wsg-0a1b2c3d.json']
plan_digest:
  description: Digest of this plan on this device.
  returned: for states that write
  type: str
  sample: 6f1c0a3e2d0f4f7f8d0d2f6d5d3b1a90c0f6b6a7f1f0a9d0e2c7b8a9d6e5f4c3
plan_options:
  description: The options that decide what the plan does, or whether it may be carried out.
  returned: for states that write
  type: dict
  sample: {state: merged, activate: true}
coverage:
  description: What is in force now for each pattern of O(config), according to O(pages). V(unchecked) for pages that were left out.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: .chatgpt.com
      allowed: 'yes'
      allowed_by: custom category ChatGPT allow
      exempt: unchecked
      exempt_by: null
      note: a subdomain that the vendor rates on its own is not included
coverage_summary:
  description: RV(coverage) in numbers.
  returned: when O(config) is given
  type: dict
  sample: {wanted: 35, allowed: 35, exempt_wanted: 18, exempt: 18}
coverage_before:
  description: As RV(coverage_summary), before the run.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {wanted: 35, allowed: 0, exempt_wanted: 18, exempt: 0}
conflicts:
  description: What still denies or decrypts a wanted host, according to O(pages). C(id) is the value for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'barracuda-5f0c1d7a3b'
      effect: decrypt
      where: SSL Inspection, designated domain chatgpt.com
      text: everything below it is decrypted
      hosts: ['.chatgpt.com']
      certain: true
      opens: ''
      remedy:
        - kind: inspected domain
          name: chatgpt.com
          op: delete
losses:
  description: Security controls that stop scanning a wanted host when its domain is removed from SSL Inspection.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: SSL Inspection, designated domain chatgpt.com
      hosts: ['.chatgpt.com']
stale:
  description: Entries of managed lists that earlier selections of the policy contained.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
foreign:
  description: Entries of managed lists that no selection of the policy ever contained, for example added by hand.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
audience_widened:
  description: Why the change reaches more users than O(audience).
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample: []
manual:
  description: The steps of the plan, in order, and other manual steps.
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample:
    - 'BLOCK/ACCEPT > Custom Categories: make the custom category ChatGPT allow with these 2 domains: chatgpt.com openai.com, then Save Changes'
    - 'BLOCK/ACCEPT > Exceptions: add an exception: Allow, custom category ChatGPT allow, for group AI users, then Save Changes'
requests:
  description: What this run cost in read requests, connections, and seconds of waiting. It never writes.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 0, writes: 0, waited: 0, connections: 0}
gathered:
  description: The managed objects on the device.
  returned: for O(state=gathered)
  type: list
  elements: dict
  sample: []
rendered:
  description: The steps in RV(manual) as data, with C(paste) to paste into the page.
  returned: for states that write, and for O(state=rendered)
  type: list
  elements: dict
  sample:
    - title: 'BLOCK/ACCEPT > Custom Categories: make the custom category ChatGPT allow with these 2 domains: chatgpt.com openai.com, then Save Changes'
      request: {page: BLOCK/ACCEPT > Custom Categories, do: add, kind: custom category, name: ChatGPT allow, fields: {}, paste: "chatgpt.com\nopenai.com"}
failure:
  description: Class of the failure, what was applied, what was rolled back, and the journal that remains.
  returned: on failure
  type: dict
  sample: {class: refused, applied: [], undone: [], journal: null}
diagnosis:
  description: C(settings) has the values of the variables in O(settings); C(backup) has the checksum of O(backup), and where it contains wanted hosts.
  returned: when there is any
  type: dict
  sample:
    backup:
      sha256: 6f1c0a3e2d0f4f7f8d0d2f6d5d3b1a90c0f6b6a7f1f0a9d0e2c7b8a9d6e5f4c3
      found:
        - variable: some_variable
          hosts: [chatgpt.com]
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.barracuda_wsg.adapter import from_module


def main():
    names = dict(type="list", elements="str")
    whom = dict(type="str", required=True)
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True),
        port=dict(type="int", default=443),
        password=dict(type="str", no_log=True, fallback=(env_fallback, ["BARRACUDA_WSG_PASSWORD"])),
        settings=dict(names, default=[]),
        backup=dict(type="path"),
        pages=dict(type="dict", options=dict(
            category=names,
            exceptions=dict(type="list", elements="dict", options=dict(audience=whom, action=dict(type="str", default="allow"))),
            application_exceptions=dict(type="list", elements="dict", options=dict(application=dict(type="str", required=True), audience=whom)),
            blocked_applications=names,
            inspected_domains=names,
            inspected_categories=names,
        )),
        category_name=dict(type="str", default="ChatGPT allow"),
        audience=dict(type="dict", options=dict(groups=dict(names, default=[]), users=dict(names, default=[]), everyone=dict(type="bool", default=False))),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
