#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: umbrella_access
short_description: Allow ChatGPT in Cisco Umbrella or Cisco Secure Access
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Keeps the hosts in O(config.allow) in destination lists of the organisation, one for the DNS layer and one for the web layer, which the policies in
    O(audience) use. Entries are added and removed individually, at most 500 in a request, and read back after each request, because Umbrella can accept an
    entry and drop it.
  - Umbrella has no API to add a list to a policy, to show which policies use it, or to edit a selective decryption list. These are manual steps that
    RV(manual) lists. RV(coverage) says V(unchecked) instead of V(yes), and only probe hosts can show the result.
  - The Global Allow List is used only if O(dns_list) names it, because it applies to everybody in every DNS policy.
  - Cisco Secure Access, the successor, has one kind of list. Its access rules can be read, so RV(coverage) says whether the rules in O(audience.rules) use
    the list, which rules are above them, and whether the do not decrypt list in the security profile of each deciding rule contains the exempt hosts. The
    module keeps its entries in these lists, too (O(exempt_by)). It never changes rules, security profiles or settings.
  - Each write takes effect by itself. A run that fails rolls back its changes.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  service:
    description: The service to manage. It also decides where the API is.
    type: str
    choices: [umbrella, umbrella_gov, secure_access]
    default: umbrella
  api_url:
    description: Scheme and host of the API. By default derived from O(service).
    type: str
  api_key:
    description:
      - API key, created by a full administrator under C(Admin > API Keys). It belongs to one organisation, and stops working when the account that created
        it is deleted. Environment variable E(UMBRELLA_API_KEY).
      - It needs the scopes C(policies.destinationLists) and C(policies.destinations) to read and write, and C(deployments.policies) to read; without the
        last one the names in O(audience) are not looked up.
      - With O(service=secure_access) it needs C(policies.rules) to read instead of C(deployments.policies), and for exemptions C(policies.securityProfiles),
        C(policies.donotdecryptlists) and C(policies.settings) to read; without one of these RV(coverage) says V(unchecked) for exemptions. To write
        exemptions it needs C(policies.donotdecryptlists) to write; see O(exempt_by).
    type: str
    required: true
  api_secret:
    description: Secret of O(api_key). Environment variable E(UMBRELLA_API_SECRET).
    type: str
    required: true
  organization_id:
    description:
      - ID of the organisation. A key that belongs to another one is refused. It also identifies the organisation in journals, which otherwise belong to the
        key.
    type: str
  audience:
    description:
      - Who gets access. In Umbrella that depends on policies. The suboptions are combined.
      - The module creates the list of each layer for which policies are set here. Adding the list to these policies, and to no others, is a manual step.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      dns_policies:
        description: Names of DNS policies.
        type: list
        elements: str
        default: []
      web_policies:
        description: Names of rulesets of the Web policy.
        type: list
        elements: str
        default: []
      rules:
        description: Names of enabled access rules with the action Allow. Only with O(service=secure_access).
        type: list
        elements: str
        default: []
      everyone:
        description: All identities of the organisation, in O(layers). Not with O(service=secure_access), where each rule has its own sources.
        type: bool
        default: false
  layers:
    description: With O(audience.everyone), the layers that get a list. Only SIG packages include the web layer.
    type: list
    elements: str
    choices: [dns, web]
    default: [dns, web]
  prefix:
    description: >-
      Start of the names of the lists, C(PREFIX DNS by netaccess.chatgpt) and C(PREFIX web by netaccess.chatgpt). If someone adds text to these names, the
      next run renames the lists.
    type: str
    default: ChatGPT
  dns_list:
    description: >-
      Name of the list for the DNS layer, in place of the one from O(prefix). An existing list of exactly this name gets the entries. If there is none, the
      module creates one with this name and a suffix that marks it as managed.
    type: str
  web_list:
    description: Name of the list for the web layer. Works as O(dns_list).
    type: str
  parking_domain:
    description: >-
      Umbrella cannot disable an entry, so an entry that O(unblock) removes from an existing list is kept there as a name below this domain until it is
      restored. The domain must not exist. If the organisation rejects the default, set a name below your own domain.
    type: str
    default: netaccess.invalid
  exempt_by:
    description:
      - How the hosts in O(config.exempt) are exempted from decryption.
      - V(auto), with O(service=secure_access), adds them to the do not decrypt list of the security profile that each rule in O(audience.rules) uses, one by
        one, each with a comment that marks it as managed. Other entries in the list stay.
      - A list that other rules use as well, that the default profile of the organisation uses, or that the vendor provides, reaches more users. That is
        RV(audience_widened), and the run stops unless O(accept_wider_audience) is set. To exempt the audience alone, give its rule a security profile whose
        list no other rule uses.
      - A profile without such a list, a list in O(protected), and lists that O(api_key) may not read are manual steps. With another O(service), V(auto) is
        the same as V(manual), because Umbrella has no API for decryption.
      - V(profile), with O(service=secure_access) only, is V(auto), but O(state=replaced) and O(state=deleted) fail if O(api_key) may not read the lists,
        instead of leaving a manual step.
      - V(manual) writes nothing; RV(manual) lists the domains and where to add them. Entries of earlier runs stay with O(state=merged) and are removed with
        O(state=replaced).
    type: str
    choices: [auto, manual, profile]
    default: auto
  scan_conflicts:
    description: >-
      Read the existing web lists that may block, and report which of their entries contain a wanted host. In Secure Access, also read the rules above those
      of the audience, security profiles, settings and do not decrypt lists. O(state=replaced), O(state=deleted) and O(state=reverted) read these in any
      case, because they look for every changed entry, and a run that writes exemptions reads what shows whom else they reach.
    type: bool
    default: true
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with the vendor's own client; not yet run in an organisation.
notes:
  - Run one job per organisation at a time.
  - An entry always covers the domain and all subdomains. RV(coverage) reports where this is wider than requested.
  - An allow list also overrides the categories and the security categories of a DNS policy. Use policies that apply to the audience only.
  - O(state=deleted) and O(state=reverted) empty the managed lists and do not delete them, so the policies that use them need not be set up again; Umbrella
    does not delete a list that is in use. A later run uses them again.
  - Only existing web lists that are not marked as allow lists are read for conflicts. The API does not show whether a rule blocks by them, so no conflict is
    certain. In a DNS policy an allow list takes precedence over every block list.
  - Voice over UDP is a matter of the firewall, for which there is no API here; see RV(manual).
  - O(protected) takes names of destination lists and of do not decrypt lists.
  - IPS in Secure Access decrypts independently of the rules, and excludes only what the do not decrypt list of the vendor contains. Unless IPS is known to
    be disabled, a host that is not in that list is V(unchecked) at best. No known field shows whether a security profile decrypts at all.
  - O(activate) and O(publish_foreign_changes) have no effect, because there are no pending changes.
  - The vendor documents up to 20 minutes until a change is in force everywhere. Cached DNS answers add to that.
"""

EXAMPLES = r"""
- name: Fill destination lists for one DNS policy and one web ruleset
  netaccess.chatgpt.umbrella_access:
    api_key: "{{ vault_umbrella_api_key }}"
    api_secret: "{{ vault_umbrella_api_secret }}"
    organization_id: "2345678"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      dns_policies: [AI users]
      web_policies: [AI users web]
    comment: CHG0012345

- name: Add the hosts to a list that the DNS policies already use
  netaccess.chatgpt.umbrella_access:
    api_key: "{{ vault_umbrella_api_key }}"
    api_secret: "{{ vault_umbrella_api_secret }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      everyone: true
    layers: [dns]
    dns_list: Company allowed

- name: Fill the destination list and the do not decrypt list that an access rule of Secure Access uses
  netaccess.chatgpt.umbrella_access:
    service: secure_access
    api_key: "{{ vault_secure_access_api_key }}"
    api_secret: "{{ vault_secure_access_api_secret }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      rules: [AI users]

- name: The same, with an exemption that an administrator adds
  netaccess.chatgpt.umbrella_access:
    service: secure_access
    api_key: "{{ vault_secure_access_api_key }}"
    api_secret: "{{ vault_secure_access_api_secret }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      rules: [AI users]
    exempt_by: manual

- name: Audit without writing anything
  netaccess.chatgpt.umbrella_access:
    api_key: "{{ vault_umbrella_api_key }}"
    api_secret: "{{ vault_umbrella_api_secret }}"
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      dns_policies: [AI users]
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
    - kind: DNS destination list
      name: ChatGPT DNS
      op: update
      members:
        destinations:
          added: [oaistatic.com]
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created DNS destination list ChatGPT DNS (+33), web destination list ChatGPT web (+33)
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'umbrella'
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
  description: Seconds until the change is in force everywhere, as the vendor documents it.
  returned: always, except for O(state=rendered)
  type: int
  sample: 1200
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-umbrella-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-umbrella-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-umbrella-0a1b2c3d.json']
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
    What is known of each pattern of O(config) after the run. V(unchecked) is the best result while a manual step remains. Of more than 1,000 patterns, only
    those are listed that are exempt, that are not in force as wanted, or that have a note.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: .chatgpt.com
      allowed: unchecked
      allowed_by: ChatGPT DNS by netaccess.chatgpt, ChatGPT web by netaccess.chatgpt
      exempt: unchecked
      exempt_by: null
      note: in the list; the API does not show which policies use it; the API does not show what is decrypted
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
  description: Entries of existing lists by which a rule may deny a wanted host. C(id) is the value for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'umbrella-5f0c1d7a3b'
      effect: deny
      where: destination list Bad sites
      text: domain chatgpt.com
      hosts: ['.chatgpt.com']
      certain: false
      opens: this entry, for everybody that a rule with this list blocks
      remedy:
        - kind: blocked destination
          name: 'Bad sites: chatgpt.com'
          op: update
          fields:
            blocks: {old: true, new: false}
            parked: {old: false, new: true}
losses:
  description: >-
    Security controls that the exemption would disable for a wanted host, if the Web policy or, in Secure Access, the security profile uses them. The API
    shows only some of them; those that it does not show are listed as well.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: the web policy, if it uses the list; the API does not show that
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
      once: add the destination list ChatGPT DNS by netaccess.chatgpt as an allow list to the DNS policy AI users, and to no other policy (Policies > DNS
      Policies > Destination Lists). Until then it has no effect, and the API does not show whether it was done
activation:
  description: Empty, because every write takes effect by itself.
  returned: after an activation
  type: list
  elements: dict
  sample: []
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-umbrella-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 13, writes: 2, waited: 0, connections: 1}
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
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.adapter import from_module
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.api import BASES


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        service=dict(type="str", default="umbrella", choices=list(BASES)),
        api_url=dict(type="str"),
        api_key=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["UMBRELLA_API_KEY"])),
        api_secret=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["UMBRELLA_API_SECRET"])),
        organization_id=dict(type="str"),
        audience=dict(type="dict", options=dict(dns_policies=names, web_policies=names, rules=names, everyone=dict(type="bool", default=False))),
        layers=dict(type="list", elements="str", choices=["dns", "web"], default=["dns", "web"]),
        prefix=dict(type="str", default="ChatGPT"),
        dns_list=dict(type="str"),
        web_list=dict(type="str"),
        parking_domain=dict(type="str", default="netaccess.invalid"),
        exempt_by=dict(type="str", default="auto", choices=["auto", "manual", "profile"]),
        scan_conflicts=dict(type="bool", default=True),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
