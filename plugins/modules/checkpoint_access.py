#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: checkpoint_access
short_description: Allow ChatGPT on Check Point and exempt it from HTTPS Inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) by a custom application/site and an access rule in the layer that decides about web traffic, and
    exempts those in O(config.exempt) from decryption by a second custom application/site and an HTTPS Inspection rule with the action Bypass.
  - Edits are private to a session until they are published, and take effect when O(package) is installed on its gateways; RV(activation) has a result for
    each gateway. A run that fails discards what it has not published. What a killed run left unpublished is continued by the next run.
  - An installation includes everything that was published since the last one. If others have published changes, the task stops before its first write,
    unless O(publish_foreign_changes) is set. Unpublished changes of others are reported and not installed; if they lock a managed object, the task stops as
    well.
  - A rule that is limited by a column, an object or an action that the module does not understand is never certain. RV(coverage) then says V(unchecked), and
    its conflict gives the reason and has no remedy.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Host name or address of the management server, or the host name of the tenant in Smart-1 Cloud. Environment variable E(CHECKPOINT_SERVER).
    type: str
    required: true
  port:
    description: HTTPS port of the API.
    type: int
    default: 443
  username:
    description:
      - Name of the administrator, with O(password). Environment variable E(CHECKPOINT_USERNAME).
      - Use a dedicated account. A run continues the unpublished sessions of this account that this collection started.
    type: str
  password:
    description: Password of O(username). Environment variable E(CHECKPOINT_PASSWORD).
    type: str
  api_key:
    description: API key of an administrator, instead of O(username) and O(password). Environment variable E(CHECKPOINT_API_KEY).
    type: str
  domain:
    description: Name of the domain, on a Multi-Domain Server. Environment variable E(CHECKPOINT_DOMAIN).
    type: str
  cloud_mgmt_id:
    description: ID of the service in Smart-1 Cloud, which is part of the path of its API. Environment variable E(CHECKPOINT_CLOUD_MGMT_ID).
    type: str
  package:
    description: Name of the policy package.
    type: str
    default: Standard
  access_layer:
    description:
      - Access layer for the new rule, ordered or inline. Application & URL Filtering must be enabled in it.
      - By default the layer in which a rule blocks these hosts; if there is none, the last layer that can match applications and sites.
    type: str
  https_layer:
    description: HTTPS Inspection layer for the new rule. By default the outbound layer of O(package).
    type: str
  targets:
    description: >-
      Names of the gateways and clusters to install on. By default those that run O(package). One that runs another package is refused, because an installation
      would replace it.
    type: list
    elements: str
    default: []
  category:
    description:
      - Primary category of the managed applications/sites. It must exist.
      - A rule that allows this category, or excludes it from what it blocks, then applies to these hosts as well; RV(audience_widened) lists such rules.
    type: str
    default: Custom_Application_Site
  prefix:
    description: Start of the names of the managed objects and rules.
    type: str
    default: ChatGPT
  entries:
    description:
      - How to write a host in a custom application/site, whose entries match the beginning of a URL. V(open) writes C(openai.com), which also matches
        C(openai.com.crime.example); RV(coverage) then says so. V(slash) writes C(openai.com/), and V(regex) a regular expression that ends after the host.
      - Whether a gateway matches V(open) and V(slash) entries for a connection that it does not decrypt, of which it sees the server name only, is not
        confirmed. Before you rely on them, probe a wanted host, and a lookalike host that must stay blocked.
      - With V(regex) the module uses separate objects. O(state=replaced) removes those of the other form.
    type: str
    choices: [slash, regex, open]
    default: slash
  never_above:
    description: Names of rules, for example for threats or quarantine, that the new rules must never be above.
    type: list
    elements: str
    default: []
  audience:
    description:
      - Who gets access. The suboptions are combined, so users with one of O(audience.roles) and clients in one of O(audience.networks).
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      roles:
        description: Names of access roles. They need Identity Awareness; users who are not identified do not match.
        type: list
        elements: str
        default: []
      networks:
        description: Names of networks, hosts, address ranges or groups of these.
        type: list
        elements: str
        default: []
      everyone:
        description: All users behind the gateways.
        type: bool
        default: false
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with the vendor's API reference and clients; not yet run on a management server.
notes:
  - A leading C(*) in an entry also matches slashes. On a gateway that decrypts, C(*.openai.com/) therefore also matches C(crime.example/www.openai.com/).
  - No API shows which hosts belong to an application or a category of the vendor. A rule that uses one may apply to every host, and is never certain.
  - No API shows which package a published session belongs to. Sessions that were published for another package since the last installation of this one count
    as pending.
  - >-
    Not confirmed, and assumed by the simulator: the wording of the error for an object that someone else locks, what happens to the edits of a session that
    expires, which fields of an object a rulebase shows, and that the object Internet as a destination includes every wanted host.
  - Global settings, for example the web browsing services and the categorization of HTTPS sites without decryption, are not read. They can keep a custom
    application/site from matching.
  - Rules that insert HTTP headers are not read.
  - Voice is not allowed, because it needs a rule by address in the firewall layer. RV(manual) describes it.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it from decryption
  netaccess.chatgpt.checkpoint_access:
    host: mgmt.example.com
    api_key: "{{ vault_checkpoint_api_key }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      roles: [AI users]
    comment: CHG0012345

- name: Audit without writing anything
  netaccess.chatgpt.checkpoint_access:
    host: mgmt.example.com
    api_key: "{{ vault_checkpoint_read_api_key }}"
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      roles: [AI users]
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
    - kind: application site
      name: ChatGPT allow
      op: update
      members:
        url-list:
          added: ['*.oaistatic.com/']
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: >-
    created application site ChatGPT allow (+37), application site ChatGPT exempt (+18), HTTPS rule Outbound: ChatGPT exempt, access rule Network: ChatGPT allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'checkpoint'
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
  sample: 3 sign-ins a minute for an account
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
  sample: {write: false, why: the session of this account is read-only}
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-checkpoint-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-checkpoint-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-checkpoint-0a1b2c3d.json']
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
      allowed_by: 'Network: ChatGPT allow'
      exempt: 'yes'
      exempt_by: 'Outbound: ChatGPT exempt'
      note: ''
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
    - id: 'checkpoint-5f0c1d7a3b'
      effect: deny
      where: 'access rule Network: Block AI'
      text: Drop AI sites
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this rule blocks
      remedy:
        - kind: access rule
          name: 'Network: Block AI'
          op: update
          fields:
            description: {old: '', new: '[disabled by netaccess.chatgpt]'}
            enabled: {old: true, new: false}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: 'HTTPS rule Outbound: Predefined Rule'
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
  description: A result for each gateway.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: gateway.example.com
      status: in force
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-checkpoint-1f2e3d4c.json
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
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.checkpoint.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True, fallback=(env_fallback, ["CHECKPOINT_SERVER"])),
        port=dict(type="int", default=443),
        username=dict(type="str", fallback=(env_fallback, ["CHECKPOINT_USERNAME"])),
        password=dict(type="str", no_log=True, fallback=(env_fallback, ["CHECKPOINT_PASSWORD"])),
        api_key=dict(type="str", no_log=True, fallback=(env_fallback, ["CHECKPOINT_API_KEY"])),
        domain=dict(type="str", fallback=(env_fallback, ["CHECKPOINT_DOMAIN"])),
        cloud_mgmt_id=dict(type="str", fallback=(env_fallback, ["CHECKPOINT_CLOUD_MGMT_ID"])),
        package=dict(type="str", default="Standard"),
        access_layer=dict(type="str"),
        https_layer=dict(type="str"),
        targets=names,
        category=dict(type="str", default="Custom_Application_Site"),
        prefix=dict(type="str", default="ChatGPT"),
        entries=dict(type="str", default="slash", choices=["slash", "regex", "open"]),
        never_above=names,
        audience=dict(type="dict", options=dict(roles=names, networks=names, everyone=dict(type="bool", default=False))),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
