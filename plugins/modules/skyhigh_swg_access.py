#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: skyhigh_swg_access
short_description: Allow ChatGPT on a Skyhigh (McAfee) Web Gateway and exempt it from HTTPS scanning
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Keeps two lists of wildcard expressions on an on-premises Skyhigh Secure Web Gateway (formerly McAfee Web Gateway), by its REST interface. One holds the
    hosts in O(config.allow), the other those in O(config.exempt). Each list is written as a whole, and one commit activates both.
  - A list has no effect until a rule uses it, and the REST interface cannot edit rules. The module therefore exports the enabled rule sets and checks that
    rules use the lists, that they are below authentication and above the rules that block and decrypt, and to which users they apply.
  - RV(coverage) says V(yes) only if all of that is so and every evaluated rule is understood. A property, operator, action, event or list that the module
    does not know makes it V(unchecked), with its name in the note; so does a rule above them that blocks some of the users.
  - If no rule uses a list, RV(manual) lists the manual steps, which are needed once, and RV(diagnosis) has a rule set to import for each list. The rule sets
    never go above authentication.
  - Uncommitted changes end with the session. If a run fails before its commit, they are discarded; after it, the run is rolled back.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Host name or address of the gateway's management interface; in a cluster, of one node. Environment variable E(SKYHIGH_HOST).
    type: str
    required: true
  port:
    description: HTTPS port of the REST interface, which has to be enabled under C(Appliances > User Interface).
    type: int
    default: 4712
  username:
    description:
      - Name of a dedicated account. An account can have only one session at a time, so a shared one would be in use. Environment variable
        E(SKYHIGH_USERNAME).
      - Its role needs C(REST interface accessible), and the permissions to read rule sets and to change these lists.
    type: str
    required: true
  password:
    description: Password of O(username). It is sent in a header, never in a URL. Environment variable E(SKYHIGH_PASSWORD).
    type: str
    required: true
  audience:
    description:
      - Who gets access. Rules decide that, so the audience is written into the rule sets to import, and the rules that use the lists are compared with it.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      groups:
        description: User groups, as in C(Authentication.UserGroups) on the gateway. A user needs one of them.
        type: list
        elements: str
        default: []
      everyone:
        description: All clients of the gateway.
        type: bool
        default: false
  allow_list:
    description:
      - Name of the list for the hosts in O(config.allow). It can be an existing list, in which other entries stay.
      - It must be a list of wildcard expressions, for rules with the criterion C(URL.Host matches in list).
    type: str
    default: ChatGPT allow
  exempt_list:
    description: Name of the list for the hosts in O(config.exempt). Works as O(allow_list).
    type: str
    default: ChatGPT exempt
  https_rule_sets:
    description: Names of the rule sets that decrypt. Rule sets with a rule that enables an SSL engine are recognised in any case.
    type: list
    elements: str
    default: [HTTPS Scanning, SSL Scanner]
  authentication_rule_sets:
    description: >-
      Names of rule sets that authenticate, for those that are not recognised by their actions. In these rule sets an unknown action counts as
      authentication. A rule set with C(authenticat) in its name that is not listed here is only taken as a hint; below it RV(coverage) for a user group is
      V(unchecked).
    type: list
    elements: str
    default: []
  scan_conflicts:
    description: >-
      Read the enabled rule sets, with one request for each. With V(false) RV(coverage) says V(unchecked). O(state=replaced), O(state=deleted),
      O(state=gathered) and O(state=reverted) read them in any case, because they look for every managed object.
    type: bool
    default: true
  bare_answers:
    description: Request responses without their Atom wrapper (C(application/mwg+xml)) where that is enough. The responses are smaller.
    type: bool
    default: false
attributes:
  platform:
    support: full
    platforms: posix
    description: >-
      Web Gateway 7.8 to 11.2, developed against a simulator that is checked with recorded responses and with a public client; not yet run on a gateway.
notes:
  - Lists are never deleted, because rules may use them. O(state=deleted) empties them, and an empty managed list counts as absent. Rules that were created
    by hand stay; with an empty list they match nothing.
  - O(activate=false) is refused if there is something to write, because uncommitted changes end with the session.
  - O(unblock) puts C(disabled-by-netaccess/) in front of the conflicting entries of an existing list, so that they match nothing until they are restored.
    Entries that match much more than these hosts, inline lists, and categories are manual steps.
  - Hosts in O(exempt_list) are tunnelled, so the gateway does not verify the server's certificate. RV(coverage) says so.
  - Close open sessions of the user interface before a change. Saving in one of them could write older versions of the lists. A session shows the change
    after a reload.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it from decryption
  netaccess.chatgpt.skyhigh_swg_access:
    host: gateway.example.com
    username: netaccess
    password: "{{ vault_skyhigh_swg_password }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    comment: CHG0012345
  register: skyhigh

- name: Save the rule sets to import
  ansible.builtin.copy:
    content: "{{ item.value }}"
    dest: "{{ item.key }}.xml"
    mode: "0644"
  loop: "{{ skyhigh.diagnosis.rule_sets | default({}) | dict2items }}"
  delegate_to: localhost

- name: Audit without writing anything
  netaccess.chatgpt.skyhigh_swg_access:
    host: gateway.example.com
    username: netaccess
    password: "{{ vault_skyhigh_swg_password }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    state: replaced
  check_mode: true
  diff: true

- name: Roll back the change
  netaccess.chatgpt.skyhigh_swg_access:
    host: gateway.example.com
    username: netaccess
    password: "{{ vault_skyhigh_swg_password }}"
    state: reverted
    journal: /var/lib/netaccess/20260311T101500Z-skyhigh_swg-1f2e3d4c.json
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: wildcard list
      name: ChatGPT allow
      op: update
      members:
        entries:
          added: ['*.oaistatic.com']
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created wildcard list ChatGPT allow (+39), wildcard list ChatGPT exempt (+21)
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'skyhigh_swg'
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
  sample: the one session that an account can have
propagation:
  description: Seconds from the activation until the change is in force everywhere. For the other nodes of a cluster the vendor documents no time.
  returned: always, except for O(state=rendered)
  type: int
  sample: 60
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-skyhigh_swg-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-skyhigh_swg-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-skyhigh_swg-0a1b2c3d.json']
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
    What is in force for each pattern of O(config) after the run. V(unchecked) means that existing rules were not read, or that one of them may block a part
    of the pattern or some of the users; C(note) says which. Of more than 1,000 patterns, only those are listed that are exempt, that are not in force as
    wanted, or that have a note.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: .chatgpt.com
      allowed: 'yes'
      allowed_by: rule ChatGPT exempt of rule set ChatGPT exempt
      exempt: 'yes'
      exempt_by: rule ChatGPT exempt of rule set ChatGPT exempt
      note: 'tunnelled: the gateway does not check the server''s certificate'
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
  description: >-
    Existing rules and entries that still affect a wanted host. C(effect) says whether they deny or decrypt its traffic, strip cookies from it, or rewrite
    it; C(id) is the value for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'skyhigh-5f0c1d7a3b'
      effect: deny
      where: list of the site Corporate blocklist
      text: rule Sites of rule set Global Block
      hosts: ['.chatgpt.com']
      certain: true
      opens: 'everything else that these entries match, in every rule that uses this list: *.chatgpt.com'
      remedy:
        - kind: list of the site
          name: Corporate blocklist
          op: update
          fields:
            disabled: {old: [], new: ['*.chatgpt.com']}
losses:
  description: Security controls that stop scanning a wanted host because of the exemption, or because the rule that allows the host precedes them.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: rule set Gateway Anti-Malware
      hosts: ['.chatgpt.com']
pending:
  description: Always null, because uncommitted changes are visible only in their own session.
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
  description: Manual steps, because the product has no API for them. They include the rules that use the lists, until these exist.
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample: ['voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): an HTTP proxy does not carry UDP; open it on the firewall']
activation:
  description: The result of the commit on the node O(host).
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: gateway.example.com:4712
      status: in force
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-skyhigh_swg-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 20, writes: 3, waited: 0, connections: 1}
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
  description: Which enabled rules use each list (C(referred_by)), and for a list that no rule uses, a rule set to import (C(rule_sets)).
  returned: when the rule sets were read
  type: dict
  sample:
    referred_by:
      ChatGPT allow: [rule ChatGPT allow of rule set ChatGPT allow]
      ChatGPT exempt: [rule ChatGPT exempt of rule set ChatGPT exempt]
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.adapter import from_module


def main():
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True, fallback=(env_fallback, ["SKYHIGH_HOST"])),
        port=dict(type="int", default=4712),
        username=dict(type="str", required=True, fallback=(env_fallback, ["SKYHIGH_USERNAME"])),
        password=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["SKYHIGH_PASSWORD"])),
        audience=dict(type="dict", options=dict(
            groups=dict(type="list", elements="str", default=[]),
            everyone=dict(type="bool", default=False),
        )),
        allow_list=dict(type="str", default="ChatGPT allow"),
        exempt_list=dict(type="str", default="ChatGPT exempt"),
        https_rule_sets=dict(type="list", elements="str", default=["HTTPS Scanning", "SSL Scanner"]),
        authentication_rule_sets=dict(type="list", elements="str", default=[]),
        scan_conflicts=dict(type="bool", default=True),
        bare_answers=dict(type="bool", default=False),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
