#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: scm_access
short_description: Allow ChatGPT on Prisma Access and exempt it from decryption
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) through a custom URL category and a security rule, and leaves those in O(config.exempt)
    undecrypted through a second category and a decryption rule that does not decrypt. They are pre rules of O(folder) or O(snippet).
  - For Prisma Access that Strata Cloud Manager manages. Where a Panorama manages it, use M(netaccess.chatgpt.panos_access).
  - All changes wait in the candidate configuration of the tenant and go live with one push, a job that the task waits for. The push is limited to
    the changes of O(client_id); edits of others stay pending. The tenant has no lock. Each object is read again before it is written, and what someone
    else changed in it stays.
  - The API does not report pending changes. Each run stamps the descriptions of what it writes, and each push names these stamps in its description;
    by them a later run knows whether a push is missing. If no push in the list of jobs has them any more, one push is repeated.
  - Internet rules in the same rulebase are read too, those that block, those that show a page before a site, and those that switch decryption by URL category.
  - A rule that is limited by a column, an object or an action that the module does not understand is never certain; RV(coverage) then says
    V(unchecked), and its conflict names the reason and has no remedy.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  api_url:
    description: Address of the API. With O(service=sase) use V(https://api.sase.paloaltonetworks.com).
    type: str
    default: https://api.strata.paloaltonetworks.com
  service:
    description: The paths of the API, V(strata) for the current ones, V(sase) for the older ones of V(https://api.sase.paloaltonetworks.com).
    type: str
    choices: [strata, sase]
    default: strata
  token_url:
    description: Where tokens are issued.
    type: str
    default: https://auth.apps.paloaltonetworks.com
  client_id:
    description: Client id of a service account, which ends in C(.iam.panserviceaccount.com). Pushes are limited to its changes.
    type: str
    required: true
  client_secret:
    description: Client secret of O(client_id). Environment variable E(SCM_CLIENT_SECRET).
    type: str
    required: true
  tsg_id:
    description: The tenant service group.
    type: str
    required: true
  folder:
    description: The folder of the audience, for example V(Mobile Users). Rules that it inherits are read as well.
    type: str
    required: true
  snippet:
    description:
      - A snippet that the objects are written to instead, so that they stay apart from those of the folder. It has to exist; attaching it is a manual step.
      - If O(audience) names no users, the rules are about everybody in each folder that the snippet is attached to. Folders other than O(folder), and a snippet
        whose folders O(client_id) may not read, are RV(audience_widened).
      - It is not documented where rules of a snippet stand among those of a folder. RV(coverage) says V(unchecked) where another rule may match.
    type: str
  push_folders:
    description:
      - Folders to push; by default O(folder).
      - Required if O(folder) is the root of the tenant (V(All), V(Global) or V(Shared)), because a push of the root cannot be limited to one account.
    type: list
    elements: str
    default: []
  audience:
    description:
      - Who gets access. The parts narrow each other, like the columns of a rule; the entries of one part add up.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      from_zones:
        description: Zones that the clients are in; any by default.
        type: list
        elements: str
        default: []
      to_zones:
        description: Zones towards the Internet; any by default.
        type: list
        elements: str
        default: []
      sources:
        description: Client addresses, networks or names of address objects.
        type: list
        elements: str
        default: []
      users:
        description: Users or groups exactly as rules of the folder name them. They are not looked up, and a rule for a misspelt group matches nobody.
        type: list
        elements: str
        default: []
      everyone:
        description: Everybody in O(folder).
        type: bool
        default: false
  prefix:
    description: The objects are named C(PREFIX-allow), C(PREFIX-exempt) and C(PREFIX-no-decrypt).
    type: str
    default: chatgpt
  application:
    description: Applications of the new rule. The category already says which hosts; App-ID can tell an undecrypted session as C(ssl) only.
    type: list
    elements: str
    default: [any]
  profile_group:
    description: >-
      Security profile group of the new rule. By default the module creates a group with the profiles of the rule that would take these
      connections otherwise, without its URL access profile unless that blocks pages of a wanted host. Below an Internet rule, whose controls no group can
      name, the default is V(best-practice).
    type: str
  log_setting:
    description: Log forwarding profile of the new rules, instead of the one that is found.
    type: str
  decryption_profile:
    description: >-
      Decryption profile of the rule that does not decrypt; it decides whether sessions with expired or untrusted certificates pass. By default that of
      the first rule that decrypts these hosts.
    type: str
  position:
    description:
      - The position of the new rules. By default the lowest one above the first rule of the folder that blocks or decrypts a wanted host for the whole
        audience, and below earlier rules that block a part of it or whose hosts only the service knows, for example an external list.
      - A rule of a folder above is always evaluated first. If it blocks, it is reported as a conflict.
    type: dict
    suboptions:
      before:
        description: Names of rules that the new rules must be above. A rule that blocks a part of the audience is reported in RV(audience_widened).
        type: list
        elements: str
        default: []
      after:
        description: Names of rules that the new rules must be below.
        type: list
        elements: str
        default: []
      never_above:
        description: Names of rules, for example for threats or quarantine, that the new rules must never be above.
        type: list
        elements: str
        default: []
  tags:
    description: Tags of the new rules; they have to exist.
    type: list
    elements: str
    default: []
attributes:
  platform:
    support: full
    platforms: posix
    description: >-
      Strata Cloud Manager, developed against a simulator that is checked with the vendor's OpenAPI documents and the client C(pan-scm-sdk); not yet run on
      a tenant.
  action_group:
    support: full
    membership:
      - netaccess.chatgpt.all
    description: Use C(group/netaccess.chatgpt.all) in C(module_defaults) to set options for all access modules.
notes:
  - Entries of URL lists always end with a slash; without it C(example.com) also matches C(example.com.evil.test).
  - Not confirmed and decided on the safe side (RV(coverage) says V(unchecked)) - whether an Internet rule or a decryption rule decides about decryption, and
    where rules of a snippet are evaluated.
  - Not confirmed and assumed - that rules of all folders above are evaluated before those of the folder; that an Internet rule leaves what its lists do not
    hold to the rules below; that a moved rule counts as a change of who moved it; that no custom application begins with the name of another product.
  - HTTP/3 is not opened; C(service-https) is TCP.
  - Traffic steering, split tunnels, application override rules and the list of decryption exclusions are not read.
seealso:
  - plugin: netaccess.chatgpt.policy
    plugin_type: lookup
  - module: netaccess.chatgpt.panos_access
  - module: netaccess.chatgpt.reachability_info
"""

EXAMPLES = r"""
- name: Open ChatGPT for a group of people and leave its TLS alone
  netaccess.chatgpt.scm_access:
    client_id: netaccess@1234567890.iam.panserviceaccount.com
    client_secret: "{{ vault_scm_client_secret }}"
    tsg_id: '1234567890'
    folder: Mobile Users
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      users: ['example\\ai-users']
    position:
      never_above: [Quarantine]
    comment: CHG0012345

- name: In a snippet that is attached to the folder
  netaccess.chatgpt.scm_access:
    client_id: netaccess@1234567890.iam.panserviceaccount.com
    client_secret: "{{ vault_scm_client_secret }}"
    tsg_id: '1234567890'
    folder: Remote Networks
    snippet: ChatGPT
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      everyone: true

- name: Audit, which writes nothing
  netaccess.chatgpt.scm_access:
    client_id: auditor@1234567890.iam.panserviceaccount.com
    client_secret: "{{ vault_scm_audit_secret }}"
    tsg_id: '1234567890'
    folder: Mobile Users
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      users: ['example\\ai-users']
    state: replaced
  check_mode: true
  diff: true
"""

RETURN = r"""
changes:
  description: Changes to the product's own objects that were made, or that check mode predicts.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: url category
      name: chatgpt-allow
      op: update
      members:
        list:
          added: ['*.oaistatic.com/']
          removed: []
summary:
  description: The changes in one line, as done, or as what would be done.
  returned: always, except for O(state=rendered)
  type: str
  sample: >-
    created url category chatgpt-allow (+39), url category chatgpt-exempt (+21), profile group chatgpt-allow, decryption rule chatgpt-no-decrypt,
    security rule chatgpt-allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'scm'
audience:
  description: >-
    Who gets access, as O(audience) names them - whether it is C(everyone), and each of its C(parts) that names somebody, sorted; null if the task has no
    O(audience). The parts mean what O(audience) says of them. Where they name rules or policies of the device, C(behind) has the people of each,
    as far as the product tells.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {everyone: false, parts: {}, behind: {}}
places:
  description: >-
    Where each rule that is made, altered or moved stands afterwards - its C(number) among C(of) rules of the C(rulebase), and the rules that it stands
    C(below) and C(above), which are null at an end.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
opens:
  description: >-
    Ports that new rules of the plan open besides web access, for voice - C(id), C(protocol) and C(ports), the number of C(destinations), and the
    C(rules). Empty if the plan creates no such rule.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
ports_open:
  description: As RV(opens), of the rules of this collection that the device already has before the run.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
planned_steps:
  description: Number of steps in the plan, known before the first one and in check mode too. A step is a request that writes.
  returned: for states that write
  type: int
  sample: 5
reversal:
  description: Cost of a rollback of this plan, known before the first write - the number of write requests and of activations.
  returned: for states that write
  type: dict
  sample: {writes: 2, activations: 1}
earlier:
  description: Journals of earlier stages of the same rollout that are still to be rolled back, the next one first.
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
  description: How many writes, deletions and activations the product allows, in words; empty if no limit is known.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
exclusive:
  description: What prevents a second run from writing at the same time, in words; empty if nothing does, so the pipeline must.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
propagation:
  description: Seconds after the activation until the change is in force everywhere. V(0) means at once.
  returned: always, except for O(state=rendered)
  type: int
  sample: 0
permissions:
  description: >-
    Whether the account may C(write) what a change would write, and C(why); C(write) is null if the product does not report it. The check writes nothing.
  returned: in check mode, when there is something to write
  type: dict
  sample: {write: null, why: ''}
held_by:
  description: Who holds a lock that would prevent a run from writing now, if the product reports it.
  returned: in check mode, when there is something to write
  type: list
  elements: str
  sample: ['a push of alice@example.com (job 1586) is in progress']
would_stop:
  description: Why a real run would stop before its first write, one entry for each reason.
  returned: in check mode, when it would
  type: list
  elements: str
  sample: ["another administrator's changes are pending, and publish_foreign_changes is not set"]
unfinished:
  description: Journals of runs on this device that were killed or are still running, since the last run that finished.
  returned: when there are any
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-scm-0a1b2c3d.json']
changes_on_record:
  description: >-
    Changes of this device that are in place by their journals, the newest first, down to the last that was not left unproven - C(journal), C(started),
    C(status), and C(comment) with the change ID and the people.
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-scm-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-scm-0a1b2c3d.json']
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
    Identifies this plan on this device with everything that is reviewed: the changes, conflicts, losses, a widened audience, manual steps, targets of the
    activation, pending changes of others, and the options in RV(plan_options). Set O(expected_plan) to it, and the real run carries out this plan or stops.
  returned: for states that write
  type: str
  sample: 6f1c0a3e2d0f4f7f8d0d2f6d5d3b1a90c0f6b6a7f1f0a9d0e2c7b8a9d6e5f4c3
plan_options:
  description: The options that decide what this plan does, or whether it may be carried out.
  returned: for states that write
  type: dict
  sample: {state: merged, activate: true}
coverage:
  description: >-
    What is in force for each wanted pattern after the run. V(unchecked) means that the existing rules were not read, or that one of them may block a part
    of the pattern or some of the users; C(note) says which. Of more than 1,000 patterns, only those are listed that are exempt, that are not in force as
    wanted, or that have a note.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: .chatgpt.com
      allowed: 'yes'
      allowed_by: chatgpt-allow
      exempt: unchecked
      exempt_by: chatgpt-no-decrypt
      note: Web (Internet rule) may decrypt it; column precedence of an Internet rule is not understood
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
    Existing rules and entries that still affect a wanted host. C(effect) says whether they deny, decrypt, strip cookies from or rewrite its traffic; C(id)
    is the value for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'scm-5f0c1d7a3b'
      effect: deny
      where: security rule Block AI
      text: deny
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this rule denies
      remedy:
        - kind: security rule
          name: Block AI
          op: update
          fields:
            description: {old: null, new: '[disabled by netaccess.chatgpt]'}
            disabled: {old: false, new: true}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: virus-and-wildfire-analysis profile best-practice of Web
      hosts: ['.chatgpt.com']
pending:
  description: >-
    Whose changes are pending on the device - V(ours), left by a run that was interrupted before it activated them, V(foreign), V(both), or null if there
    are none.
  returned: always, except for O(state=rendered)
  type: str
  sample: null
stale:
  description: Entries of the managed lists that the policy has retired.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
foreign:
  description: Entries of the managed lists that the policy never contained, for example added by hand.
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
  description: Steps to do by hand, because the API of the product cannot do them.
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample: ['voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): this product does not carry UDP; open it on the firewall']
activation:
  description: What the job of the push reported, for each folder.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: Mobile Users
      status: in force
      job: '1586'
      scope: changes of netaccess@1234567890.iam.panserviceaccount.com
      details: [Configuration committed successfully]
      warnings: []
journal:
  description: File that O(state=reverted) needs.
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-scm-1f2e3d4c.json
requests:
  description: Cost of this run - read and write requests, connections, and seconds waited.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 14, writes: 8, waited: 0, connections: 1}
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
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        api_url=dict(type="str", default="https://api.strata.paloaltonetworks.com"),
        service=dict(type="str", default="strata", choices=["strata", "sase"]),
        token_url=dict(type="str", default="https://auth.apps.paloaltonetworks.com", no_log=False),
        client_id=dict(type="str", required=True),
        client_secret=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["SCM_CLIENT_SECRET"])),
        tsg_id=dict(type="str", required=True),
        folder=dict(type="str", required=True),
        snippet=dict(type="str"),
        push_folders=names,
        audience=dict(type="dict", options=dict(
            from_zones=names, to_zones=names, sources=names, users=names, everyone=dict(type="bool", default=False))),
        prefix=dict(type="str", default="chatgpt"),
        application=dict(type="list", elements="str", default=["any"]),
        profile_group=dict(type="str"),
        log_setting=dict(type="str"),
        decryption_profile=dict(type="str"),
        position=dict(type="dict", options=dict(before=names, after=names, never_above=names)),
        tags=names,
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
