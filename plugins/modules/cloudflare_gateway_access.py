#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflare_gateway_access
short_description: Allow ChatGPT in Cloudflare Gateway and exempt it from TLS decryption
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) in an account of Cloudflare Zero Trust by a list of domains that a DNS policy and a network policy
    use, and exempts those in O(config.exempt) from TLS decryption by a second list and an HTTP policy with the action Do Not Inspect.
  - An HTTP policy with the action Allow is created only if an existing HTTP policy blocks a wanted host that stays decrypted, because it ends the evaluation
    of HTTP policies for that host.
  - List items are added and removed one by one; a list is never replaced. Existing rules are never renumbered; new rules get a free precedence.
  - Gateway has neither staged changes nor a lock, and each write takes effect within a minute. The exemption is therefore written before the rules that
    allow, and a run that fails writes the old values back.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  account_id:
    description: ID of the account, as in the URL of its dashboard. Environment variable E(CLOUDFLARE_ACCOUNT_ID).
    type: str
    required: true
  api_token:
    description: >-
      API token with the permission Zero Trust Write on the account. Zero Trust Read is enough in check mode. A Global API Key does not work. Environment
      variable E(CLOUDFLARE_API_TOKEN).
    type: str
    required: true
  api_url:
    description: Scheme and host of the API. By default C(https://api.cloudflare.com).
    type: str
  audience:
    description:
      - Who gets access. Groups and users are combined. With O(audience.device_posture), the device must pass the posture checks as well.
      - A rule with an audience applies only to users whom Gateway identifies, which takes the Cloudflare One Client. DNS queries from a location without the
        client carry no user, so the rule does not match them.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      groups:
        description: Names of user groups as the identity provider sends them. The API has no list of them, so a misspelt name is not detected.
        type: list
        elements: str
        default: []
      users:
        description: Email addresses of users.
        type: list
        elements: str
        default: []
      device_posture:
        description: Names or IDs of device posture checks. A device must pass all of them.
        type: list
        elements: str
        default: []
      everyone:
        description: All users of the account.
        type: bool
        default: false
  prefix:
    description: >-
      Start of the names of the managed objects. The lists are C(PREFIX allow) and C(PREFIX exempt), and C(PREFIX allow hosts) and C(PREFIX exempt hosts) for
      single hosts outside these domains; the rules are C(PREFIX allow) and C(PREFIX do not inspect).
    type: str
    default: ChatGPT
  list_name:
    description: An existing list of domains to add the allowed hosts to. No rule that allows is created.
    type: str
  exempt_list_name:
    description: An existing list of domains to add the exempt hosts to. No Do Not Inspect rule is created.
    type: str
  list_limit:
    description: >-
      Number of items that a list can have in the plan of the account, 1000, or 5000 with Enterprise. A larger policy is refused before the first write.
    type: int
    default: 1000
  position:
    description:
      - Where to place the allow rules among those of their type. By default as low as possible, but above the first rule that blocks a wanted host for the
        whole audience, and below rules that block by security category or risk, rules of a parent account, and earlier rules that block a part of the
        audience, apply to a part of the requests, or contain something that the module does not understand.
      - A Do Not Inspect rule needs no position, because Gateway evaluates such rules before all other HTTP policies.
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
      may_pass:
        description: >-
          Names of rules that the new rules may be above although by default they stay below them, for example rules that block by security category.
        type: list
        elements: str
        default: []
  scan_conflicts:
    description: >-
      Read the lists, categories and applications that existing rules use, and the settings of the account. With V(false), a rule that uses one of them
      counts as applying to every wanted host, and RV(coverage) says V(unchecked).
    type: bool
    default: true
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with the vendor's own client; not yet run on an account.
notes:
  - Run one job per account at a time. An existing rule is changed only if its version is the one that was read.
  - O(activate=false) is refused, because every write takes effect by itself. Use check mode to see the plan.
  - A list item covers the domain itself and all subdomains, so C(*.example.com) covers C(example.com) as well, which RV(coverage) reports. Exact hosts are
    in a separate list, which is compared with the whole host name.
  - Do Not Inspect matches by the server name in the TLS handshake. For these hosts Gateway writes no HTTP log, scans nothing, does not verify the
    certificate, and applies no other HTTP policy, including those by security category. RV(losses) and RV(audience_widened) list what is lost.
  - Only the vendor knows which hosts belong to a category or an application. A rule that uses one is never a certain conflict, and never counts as an
    exemption.
  - Logging is a setting of the account, not of a rule.
  - If O(config) has C(media), voice is a network policy for the published addresses and ports only. UDP reaches Gateway only if the account's Gateway proxy
    for UDP is enabled.
  - The API reformats wirefilter expressions. They are compared in a normal form, so reformatting is not drift.
  - O(comment) is written to the list items that a run adds.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group on devices with disk encryption
  netaccess.chatgpt.cloudflare_gateway_access:
    account_id: 0123456789abcdef0123456789abcdef
    api_token: "{{ vault_cloudflare_gateway_api_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
      device_posture: [Disk is encrypted]
    comment: CHG0012345

- name: Keep an existing rule above the new ones
  netaccess.chatgpt.cloudflare_gateway_access:
    account_id: 0123456789abcdef0123456789abcdef
    api_token: "{{ vault_cloudflare_gateway_api_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      everyone: true
    position:
      never_above: [Quarantined devices]

- name: Audit without writing anything
  netaccess.chatgpt.cloudflare_gateway_access:
    account_id: 0123456789abcdef0123456789abcdef
    api_token: "{{ vault_cloudflare_read_token }}"
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
    - kind: Gateway list
      name: ChatGPT allow
      op: update
      members:
        items:
          added: [oaistatic.com]
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: >-
    created 3 Gateway lists (+35), 1 HTTP rule, 1 network rule, 1 DNS rule
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'cloudflare_gateway'
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
  description: Seconds from a write until it is in force everywhere. The vendor documents up to a minute.
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-cloudflare_gateway-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-cloudflare_gateway-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-cloudflare_gateway-0a1b2c3d.json']
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
      allowed_by: ChatGPT allow
      exempt: 'yes'
      exempt_by: ChatGPT do not inspect
      note: not decrypted, by the name in the handshake; Gateway then does not check the certificate
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
    - id: 'cloudflare-5f0c1d7a3b'
      effect: deny
      where: DNS rule No ChatGPT
      text: block any(dns.domains[*] in {"chatgpt.com"})
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this rule blocks
      remedy:
        - kind: DNS rule
          name: No ChatGPT
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
      rule: antivirus scanning of the account
      hosts: ['.chatgpt.com']
pending:
  description: Always null, because every write takes effect by itself.
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
      voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): when the UDP proxy of the account is off, these packets do not come
      to Gateway; see that they leave the network some other way
activation:
  description: How the run ended. Gateway has no activation.
  returned: after a write
  type: list
  elements: dict
  sample:
    - target: api.cloudflare.com/0123456789abcdef0123456789abcdef
      status: saved; in force everywhere within 60 s
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-cloudflare_gateway-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 11, writes: 7, waited: 0, connections: 1}
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
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        account_id=dict(type="str", required=True, fallback=(env_fallback, ["CLOUDFLARE_ACCOUNT_ID"])),
        api_token=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["CLOUDFLARE_API_TOKEN"])),
        api_url=dict(type="str"),
        audience=dict(type="dict", options=dict(groups=names, users=names, device_posture=names, everyone=dict(type="bool", default=False))),
        prefix=dict(type="str", default="ChatGPT"),
        list_name=dict(type="str"),
        exempt_list_name=dict(type="str"),
        list_limit=dict(type="int", default=1000),
        position=dict(type="dict", options=dict(before=names, after=names, never_above=names, may_pass=dict(names, no_log=False))),
        scan_conflicts=dict(type="bool", default=True),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
