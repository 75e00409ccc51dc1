#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netskope_access
short_description: Allow ChatGPT on Netskope and exempt it from TLS inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Keeps the hosts in O(config.allow) and those in O(config.exempt) in two URL lists of the tenant. The custom category, Real-time Protection policy and SSL
    Decryption policy that use the lists are manual steps; RV(manual) lists them with the names from O(audience). No published API reads or writes these, so
    RV(coverage) says V(unchecked) at best, and only probe hosts can show the result.
  - Each write is pending until a deployment, which applies the pending changes of all URL lists in the tenant, whoever made them. Pending changes of others
    stop a run before its first write, and also if they appear while it writes; a warning names them.
  - Entries are appended. The API can remove entries only by replacing a whole list, without a revision to check. The list is therefore read again
    immediately before, and if someone else changed it in the meantime, it is not overwritten.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Host name of the tenant, for example C(example.goskope.com), or C(example.eu.goskope.com) in another region.
    type: str
    required: true
  port:
    description: HTTPS port of the API.
    type: int
    default: 443
  token:
    description: >-
      REST API v2 token with read and write access to the endpoints C(/policy/urllist) and C(/policy/urllist/deploy). Environment variable
      E(NETSKOPE_API_TOKEN), which the vendor's clients use too.
    type: str
    required: true
  allow_list:
    description: >-
      Name of the URL list for the hosts in O(config.allow), and of the custom category for it. An existing list of exactly this name gets the entries. A
      list that the module creates has a suffix that marks it as managed.
    type: str
    default: ChatGPT allow
  exempt_list:
    description: Name of the URL list for the hosts in O(config.exempt). Works as O(allow_list).
    type: str
    default: ChatGPT exempt
  account:
    description: >-
      The name that the tenant records for changes made with O(token) (C(modify_by) of a URL list). Pending changes under another name, or in another list,
      count as those of others. The default is the one in the vendor's guide; RV(activation) says if the tenant records another name.
    type: str
    default: Netskope API
  scan_conflicts:
    description: >-
      Report which other URL lists contain a wanted host. No API shows what uses them, so such a conflict is never certain, and O(unblock) cannot remove it.
    type: bool
    default: true
  audience:
    description:
      - Who gets access, as criteria for the policies to create by hand. No API reads policies, so the module cannot check that they match.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      groups:
        description: Names of user groups.
        type: list
        elements: str
        default: []
      users:
        description: Names of users.
        type: list
        elements: str
        default: []
      organizational_units:
        description: Names of organizational units (OUs).
        type: list
        elements: str
        default: []
      everyone:
        description: All users whose traffic is steered to the tenant.
        type: bool
        default: false
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with the vendor's own clients; not yet run on a tenant.
notes:
  - Run one job per tenant at a time; there is no lock.
  - The vendor's documentation is inconsistent on whether an entry C(*.example.com) covers C(example.com). A pattern for both is written as two entries, and
    RV(coverage) reports where a pattern for subdomains only may be wider.
  - O(state=deleted) and O(state=reverted) leave the managed lists with the single entry C(netaccess.invalid), which never resolves, because a custom
    category may use them, and whether a list may be empty is not documented. A later run uses them again.
  - URL lists of the type C(regex), and of unknown types, are not evaluated. They count as lists that may contain every wanted host.
  - RV(losses) lists every control that may inspect decrypted traffic, because no API shows which ones the tenant uses.
  - If a run fails before its deployment, the tenant keeps pending changes; they contain the old values.
  - >-
    Not confirmed on a tenant: the name in C(modify_by), whether a list may be empty, the response to a deployment without pending changes, and how long a
    deployment takes to be in force. Where one of these matters, the module does what works in either case, or O(account) decides.
"""

EXAMPLES = r"""
- name: Fill the URL lists and deploy them
  netaccess.chatgpt.netskope_access:
    host: example.goskope.com
    token: "{{ vault_netskope_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    comment: CHG0012345

- name: Audit without writing anything
  netaccess.chatgpt.netskope_access:
    host: example.goskope.com
    token: "{{ vault_netskope_read_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      groups: [AI users]
    state: replaced
  check_mode: true
  diff: true
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: URL list
      name: ChatGPT allow
      op: update
      members:
        urls:
          added: ['*.oaistatic.com']
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created URL list ChatGPT exempt (+19), URL list ChatGPT allow (+42)
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'netskope'
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
  description: Number of steps in the plan. A step is a write request. Known before the first write, so in check mode as well.
  returned: for states that write
  type: int
  sample: 5
reversal:
  description: Cost of rolling this plan back, as the number of write requests and of activations. Known before the first write.
  returned: for states that write
  type: dict
  sample: {writes: 2, activations: 1}
earlier:
  description: Journals with the same O(series), such as earlier stages of a rollout, that are not rolled back yet, the next one first.
  returned: for O(state=reverted)
  type: list
  elements: str
  sample: []
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
  description: What keeps two runs from writing at the same time, in words. Empty if nothing does; then run one job at a time.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
propagation:
  description: Seconds to wait until a deployment is in force everywhere. This is an allowance, because the vendor documents no time.
  returned: always, except for O(state=rendered)
  type: int
  sample: 300
permissions:
  description: >-
    Whether the account has the permissions that the change needs (C(write)), and the reason (C(why)). C(write) is null if the product does not report it.
    The check writes nothing.
  returned: in check mode, when there is something to write
  type: dict
  sample: {write: null, why: ''}
held_by:
  description: Who holds a lock that would keep a run from writing now, if the product reports it.
  returned: in check mode, when there is something to write
  type: list
  elements: str
  sample: []
would_stop:
  description: Why a real run would stop before its first write, one entry for each reason.
  returned: in check mode, if a real run would stop
  type: list
  elements: str
  sample: ["another administrator's changes are pending, and publish_foreign_changes is not set"]
unfinished:
  description: Journals of runs on this device that were killed or are still running, since the last run that finished.
  returned: when there are any
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-netskope-0a1b2c3d.json']
changes_on_record:
  description: >-
    Changes of this device according to its journals, in place or rolled back, the newest first, back to the last one that is in place and proven. Each has
    C(journal), C(started), C(status), C(comment) with the change ID and the people involved, and, if it was rolled back, C(ended).
  returned: for states that write, except for O(state=reverted)
  type: list
  elements: dict
  sample: []
unproven:
  description: Changes of this device that are not proven yet, the newest first, with the baselines from before them (O(baseline)).
  returned: when there are any
  type: list
  elements: dict
  sample:
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-netskope-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-netskope-0a1b2c3d.json']
stage:
  description: The stage of a rollout in the journal (O(stage)).
  returned: when O(state=reverted) and its journal has one
  type: str
  sample: pilot
baseline:
  description: The baselines from before the change that is rolled back, from its journal (O(baseline)).
  returned: when O(state=reverted) and its journal has it
  type: dict
  sample: {}
left:
  description: Managed objects that remain on the device and that no other journal in the same folder can roll back.
  returned: when O(state=reverted) and a journal was found
  type: list
  elements: str
  sample: []
plan_digest:
  description: >-
    Digest of this plan on this device, including everything that a reviewer sees: the changes, conflicts, losses, a widened audience, manual steps, the
    targets of the activation, pending changes of others, and the options in RV(plan_options). With O(expected_plan) set to it, a real run carries out
    exactly this plan, or stops.
  returned: for states that write
  type: str
  sample: 6f1c0a3e2d0f4f7f8d0d2f6d5d3b1a90c0f6b6a7f1f0a9d0e2c7b8a9d6e5f4c3
plan_options:
  description: The options that decide what the plan does, or whether it may be carried out.
  returned: for states that write
  type: dict
  sample: {state: merged, activate: true}
coverage:
  description: >-
    What is known of each pattern of O(config) after the run. V(unchecked) is the best result, because no API shows what uses a list. Of more than 1,000
    patterns, only those are listed that are exempt, that are not in force as wanted, or that have a note.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: .chatgpt.com
      allowed: unchecked
      allowed_by: ChatGPT allow by netaccess.chatgpt
      exempt: unchecked
      exempt_by: null
      note: in ChatGPT allow by netaccess.chatgpt; the API does not show which policies use it
coverage_summary:
  description: RV(coverage) in numbers.
  returned: when O(config) is given
  type: dict
  sample: {wanted: 35, allowed: 0, exempt_wanted: 18, exempt: 0}
coverage_before:
  description: As RV(coverage_summary), before the run.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {wanted: 35, allowed: 0, exempt_wanted: 18, exempt: 0}
conflicts:
  description: Other URL lists that contain, or may contain, a wanted host. None is certain, because no API shows what uses a list.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'netskope-5f0c1d7a3b'
      effect: deny
      where: URL list Bad sites
      text: it may be in a category that a policy blocks or decrypts
      hosts: ['.chatgpt.com']
      certain: false
      opens: 'the API does not show what uses this list: check it in the console'
      remedy: []
losses:
  description: >-
    Security controls that the exemption would disable for a wanted host, if the tenant uses them. All are listed, because no API shows which ones it uses.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: the SSL decryption policy, if it uses the list; the API does not show that
      hosts: ['.chatgpt.com']
pending:
  description: >-
    Whose changes are pending on the device: V(ours), left by a run that was interrupted before its activation, V(foreign), V(both), or null if there are
    none.
  returned: always, except for O(state=rendered)
  type: str
  sample: null
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
  description: Manual steps, because the product has no API for them.
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample:
    - >-
      once: make a custom category ChatGPT allow with the URL list ChatGPT allow by netaccess.chatgpt (Policies > Profiles > Custom Categories), and press Apply
      Changes. Until a policy uses it, the list has no effect, and the API does not show whether one does
activation:
  description: What the product reported about the activation.
  returned: after an activation
  type: list
  elements: dict
  sample: [{target: example.goskope.com, status: deployed}]
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-netskope-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 6, writes: 3, waited: 0, connections: 1}
gathered:
  description: The managed objects on the device.
  returned: for O(state=gathered)
  type: list
  elements: dict
  sample: []
rendered:
  description: The steps for a device without managed objects.
  returned: for O(state=rendered)
  type: list
  elements: dict
  sample: []
failure:
  description: Class of the failure, what was applied, what was rolled back, and the journal that remains.
  returned: on failure
  type: dict
  sample: {class: refused, applied: [], undone: [], journal: null}
diagnosis:
  description: C(pending) lists the URL lists with pending changes of others, with what was changed, by whom and when.
  returned: when others have pending changes
  type: dict
  sample: {pending: [{list: Partners, change: Edited, by: alice@example.com, at: '2026-11-25T10:00:00.000Z'}]}
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.netskope.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True),
        port=dict(type="int", default=443),
        token=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["NETSKOPE_API_TOKEN"])),
        allow_list=dict(type="str", default="ChatGPT allow"),
        exempt_list=dict(type="str", default="ChatGPT exempt"),
        account=dict(type="str", default="Netskope API"),
        scan_conflicts=dict(type="bool", default=True),
        audience=dict(type="dict", options=dict(groups=names, users=names, organizational_units=names, everyone=dict(type="bool", default=False))),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
