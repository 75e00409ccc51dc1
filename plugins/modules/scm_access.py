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
  - Allows the hosts in O(config.allow) for O(audience) by a custom URL category and a security rule, and exempts those in O(config.exempt) from decryption
    by a second category and a decryption rule with the action Do Not Decrypt. They are pre-rules of O(folder) or O(snippet).
  - For Prisma Access that is managed by Strata Cloud Manager. If Panorama manages it, use M(netaccess.chatgpt.panos_access).
  - All changes are pending in the candidate configuration of the tenant until one push, a job that the task waits for. The push is limited to the changes of
    O(client_id); those of others stay pending. The tenant has no lock. Each object is read again before it is written, and what someone else changed in it
    is kept.
  - The API does not report pending changes. Each run writes a stamp into the descriptions of its objects, and each push lists these stamps in its
    description. From them a later run knows whether a push is missing. If the jobs of the tenant no longer show any such push, one push is repeated.
  - Internet Access rules in the same rulebase are read as well, including those that block, those that show a page before a site, and those that control
    decryption by URL category.
  - A rule that is limited by a column, an object or an action that the module does not understand is never certain. RV(coverage) then says V(unchecked), and
    its conflict gives the reason and has no remedy.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
  - netaccess.chatgpt.position
options:
  api_url:
    description: Base URL of the API. With O(service=sase) set V(https://api.sase.paloaltonetworks.com).
    type: str
    default: https://api.strata.paloaltonetworks.com
  service:
    description: Which paths of the API to use, V(strata) for the current ones, or V(sase) for the older ones of V(https://api.sase.paloaltonetworks.com).
    type: str
    choices: [strata, sase]
    default: strata
  token_url:
    description: Base URL of the service that issues tokens.
    type: str
    default: https://auth.apps.paloaltonetworks.com
  client_id:
    description: Client ID of a service account, which ends in C(.iam.panserviceaccount.com). Pushes are limited to its changes.
    type: str
    required: true
  client_secret:
    description: Client secret of O(client_id). Environment variable E(SCM_CLIENT_SECRET).
    type: str
    required: true
  tsg_id:
    description: ID of the tenant service group (TSG).
    type: str
    required: true
  folder:
    description: Folder that the audience belongs to, for example V(Mobile Users). Rules that it inherits are read as well.
    type: str
    required: true
  snippet:
    description:
      - Name of a snippet to write the objects to instead, to keep them separate from those of the folder. The snippet must exist; associating it with the
        folder is a manual step.
      - If O(audience) names no users, the rules apply to everybody in each folder that the snippet is associated with. Folders other than O(folder), and a
        snippet whose folders O(client_id) may not read, are RV(audience_widened).
      - Where the rules of a snippet are evaluated among those of a folder is not documented. If another rule may match, RV(coverage) says V(unchecked).
    type: str
  push_folders:
    description:
      - Folders to push. By default O(folder).
      - Required if O(folder) is the root of the tenant (V(All), V(Global) or V(Shared)), because a push of the root cannot be limited to one account.
    type: list
    elements: str
    default: []
  audience:
    description:
      - Who gets access. A connection has to match every suboption that is set, and one entry of each, like the columns of a rule.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      from_zones:
        description: Names of the zones that the clients are in. By default any.
        type: list
        elements: str
        default: []
      to_zones:
        description: Names of the zones towards the internet. By default any.
        type: list
        elements: str
        default: []
      sources:
        description: Client addresses, networks, or names of address objects.
        type: list
        elements: str
        default: []
      users:
        description: Users or groups, exactly as rules of the folder name them. They are not looked up, and a rule for a misspelt group matches nobody.
        type: list
        elements: str
        default: []
      everyone:
        description: All users of O(folder).
        type: bool
        default: false
  prefix:
    description: Start of the names of the managed objects, C(PREFIX-allow), C(PREFIX-exempt) and C(PREFIX-no-decrypt).
    type: str
    default: chatgpt
  application:
    description: >-
      Applications of the new rule. The category already limits the hosts, and App-ID can often identify an undecrypted session as C(ssl) only, so other
      values can keep the rule from matching.
    type: list
    elements: str
    default: [any]
  profile_group:
    description: >-
      Security profile group of the new rule. By default the module creates a group with the profiles of the rule that would otherwise match, without its URL
      access management profile unless that blocks pages of a wanted host. If that rule is an Internet Access rule, whose controls a profile group cannot
      refer to, the default is V(best-practice).
    type: str
  log_setting:
    description: Log forwarding profile of the new rules. By default that of the rule that would otherwise match.
    type: str
  decryption_profile:
    description: >-
      Decryption profile of the rule that does not decrypt. It decides whether sessions with expired or untrusted certificates are blocked. By default that
      of the first rule that decrypts these hosts.
    type: str
  position:
    description:
      - Where to place the new rules. By default as low as possible, but above the first rule of the folder that blocks or decrypts a wanted host for the
        whole audience, and below earlier rules that block a part of the audience, or whose hosts only the service knows, for example by an external list.
      - A rule of a parent folder is always evaluated first. If it blocks, it is reported as a conflict.
    type: dict
  tags:
    description: Tags of the new rules. The tags must exist.
    type: list
    elements: str
    default: []
attributes:
  platform:
    support: full
    platforms: posix
    description: >-
      Strata Cloud Manager, developed against a simulator that is checked with the vendor's OpenAPI documents and the client C(pan-scm-sdk); not yet run on a
      tenant.
notes:
  - Entries in URL lists always end with a slash. Without it C(example.com) also matches C(example.com.evil.test).
  - >-
    Two things are not confirmed, and RV(coverage) says V(unchecked) where they matter: whether an Internet Access rule or a decryption rule decides about
    decryption, and where the rules of a snippet are evaluated.
  - >-
    Four things are not confirmed and are assumed: that the rules of all parent folders are evaluated before those of the folder; that traffic which the
    lists of an Internet Access rule do not contain continues to the rules below; that a moved rule counts as a change of the account that moved it; and that
    no custom application has a name that begins with the name of another product.
  - HTTP/3 is not allowed, because C(service-https) is TCP.
  - Traffic steering, split tunnels, application override rules and the list of decryption exclusions are not read.
seealso:
  - module: netaccess.chatgpt.panos_access
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it from decryption
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

- name: Write the objects to a snippet that is associated with the folder
  netaccess.chatgpt.scm_access:
    client_id: netaccess@1234567890.iam.panserviceaccount.com
    client_secret: "{{ vault_scm_client_secret }}"
    tsg_id: '1234567890'
    folder: Remote Networks
    snippet: ChatGPT
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      everyone: true

- name: Audit without writing anything
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
  description: Changes to the product's objects that were made, or in check mode would be.
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
  description: The changes in one line.
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
  description: Seconds from the activation until the change is in force everywhere. V(0) means immediately.
  returned: always, except for O(state=rendered)
  type: int
  sample: 0
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
  sample: ['a push of alice@example.com (job 1586) is in progress']
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-scm-0a1b2c3d.json']
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
    Existing rules and entries that still affect a wanted host. C(effect) says whether they deny or decrypt its traffic, strip cookies from it, or rewrite
    it; C(id) is the value for O(unblock).
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
  sample: ['voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): this product does not carry UDP; open it on the firewall']
activation:
  description: What the push job reported for each folder.
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
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-scm-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
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
