#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: panos_access
short_description: Allow ChatGPT on a PAN-OS firewall or a Panorama and exempt it from decryption
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) through a custom URL category, and leaves those in O(config.exempt) undecrypted
    through a second category and a no-decrypt rule, in one change with one commit.
  - The configuration is locked with a comment that names this run, read again, changed in one request (PAN-OS 10.1 and newer),
    validated, committed and read back. On failure our own uncommitted changes are discarded; those of other administrators stay.
  - The commit is limited to the changes of O(username). Before PAN-OS 11.0.1 such a commit does not cover moved rules; when a rule has
    to be moved there, everything is committed, and the task stops while edits of others wait, unless O(publish_foreign_changes) is set.
  - With O(device_group) the rules go into the pre-rules of that device group of a Panorama, which is committed and pushed to its
    firewalls and those of the device groups below it; RV(activation) holds a result for each of them. From PAN-OS 10.2 on the push is
    limited to the changes of O(username) wherever the commit is; where it is not, RV(activation) says so.
  - A rule that is limited by a column, an object or an action that the module does not understand is never certain; RV(coverage) then
    says V(unchecked), and its conflict names the reason and has no remedy.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Name or address of the management interface. Environment variable E(PANOS_HOSTNAME).
    type: str
    required: true
  port:
    description: Port of the API.
    type: int
    default: 443
  username:
    description:
      - The administrator. Needed with O(api_key) too, since commits are limited to the changes of this account; a key of
        another account is noticed before anything is committed. Environment variable E(PANOS_USERNAME).
      - Its role needs the XML API rights Configuration, Operational Requests and Commit, and nothing else.
    type: str
    required: true
  password:
    description: Password of O(username). Environment variable E(PANOS_PASSWORD).
    type: str
  api_key:
    description: API key of O(username), instead of a password. Environment variable E(PANOS_API_KEY).
    type: str
  vsys:
    description: The virtual system.
    type: str
    default: vsys1
  device_group:
    description: The device group, on a Panorama. Name the group nearest to the firewalls.
    type: str
  devices:
    description: Serial numbers of the firewalls of O(device_group) to push to; all by default.
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
        description: Zones that the clients are in.
        type: list
        elements: str
        default: []
      to_zones:
        description: Zones towards the Internet.
        type: list
        elements: str
        default: []
      sources:
        description: Client addresses, networks or names of address objects.
        type: list
        elements: str
        default: []
      users:
        description:
          - Users or groups as User-ID knows them.
          - A firewall is asked for its groups, and a warning names those that it does not list, since a rule for such a group matches nobody;
            or it says that they were not looked up. Users, and on a Panorama groups too, are not looked up.
        type: list
        elements: str
        default: []
      everyone:
        description: Everybody in O(audience.from_zones).
        type: bool
        default: false
      rules:
        description: With O(method=existing_rules), the security rules whose people get access.
        type: list
        elements: str
        default: []
  method:
    description:
      - V(new_rule) makes one security rule for O(audience), service C(service-https), with the security profiles and the log setting of
        the rule that would take these connections otherwise. Its URL filtering profile, which may be what blocks them, is left out
        unless it inserts a header for a wanted host or blocks pages of one.
      - V(existing_rules) sets our category to C(alert) in the URL filtering profiles of O(audience.rules) and makes no security rule.
        Other rules with the same profile are reported as RV(audience_widened).
    type: str
    choices: [new_rule, existing_rules]
    default: new_rule
  prefix:
    description: The objects are named C(PREFIX-allow), C(PREFIX-exempt) and C(PREFIX-no-decrypt).
    type: str
    default: chatgpt
  category_name:
    description: >-
      An existing custom URL category to put the allowed hosts into. Then no security rule is made; your rules decide, and
      RV(coverage) says how.
    type: str
  exempt_category_name:
    description: An existing custom URL category to put the exempt hosts into. Then no decryption rule is made.
    type: str
  application:
    description: Applications of the new rule. The category already says which hosts; App-ID can tell an undecrypted session as C(ssl) only.
    type: list
    elements: str
    default: [any]
  profile_group:
    description: >-
      Security profile group of the new rule, instead of the profiles that are found. A URL filtering profile in it is asked and may
      still block; that is reported as a conflict. A site's rule whose URL filtering profile inserts headers is then not passed,
      unless O(tenant_control=override).
    type: str
  log_setting:
    description: Log forwarding profile of the new rules, instead of the one that is found.
    type: str
  decryption_profile:
    description: >-
      Decryption profile of the no-decrypt rule; it decides whether sessions with expired or untrusted certificates pass. By default that of
      the first rule that decrypts these hosts.
    type: str
  exempt_by:
    description:
      - V(rule) exempts for O(audience) by a no-decrypt rule.
      - V(exclusion_list) writes the SSL decryption exclusion list. It holds for everybody on the device (RV(audience_widened)), and a
        wildcard there is one label, so that O(exclusion_depth) entries are made for each pattern with subdomains.
    type: str
    choices: [rule, exclusion_list]
    default: rule
  exclusion_depth:
    description: How many levels of subdomains the exclusion list covers.
    type: int
    default: 3
  position:
    description:
      - The position of the new rules. By default the lowest one above the first rule that blocks or decrypts a wanted host for the whole audience,
        and below earlier rules that block a part of it or whose hosts only the device knows, for example an external list or an application filter.
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
  scan_conflicts:
    description: >-
      Read the shared configuration and, on a Panorama, the parents of the device group and its firewalls too; on a firewall, whether a Panorama
      manages it and which groups of O(audience.users) it knows. With V(false) these are not read, a new rule needs O(position.before) or
      O(position.after), and RV(coverage) says V(unchecked).
    type: bool
    default: true
  accept_panorama_managed:
    description: >-
      Write to a firewall although a Panorama manages it, whose pre-rules are asked before the local ones. They are not read, so that
      RV(coverage) says V(unchecked).
    type: bool
    default: false
  test_urls:
    description: Hosts to ask the URL filtering cloud about, public or private, for RV(diagnosis).
    type: list
    elements: str
    default: []
attributes:
  platform:
    support: full
    platforms: posix
    description: PAN-OS 9.1 to 11.2, developed against a simulator that is checked with the vendor's own client; not yet run on a device.
  action_group:
    support: full
    membership:
      - netaccess.chatgpt.all
    description: Use C(group/netaccess.chatgpt.all) in C(module_defaults) to set options for all access modules.
notes:
  - Entries of URL lists always end with a slash; without it C(example.com) also matches C(example.com.evil.test).
  - The vsys (or device group) and the shared configuration are read whole, in one request each.
  - HTTP/3 is not opened; C(service-https) is TCP.
seealso:
  - plugin: netaccess.chatgpt.policy
    plugin_type: lookup
  - module: netaccess.chatgpt.reachability_info
"""

EXAMPLES = r"""
- name: Open ChatGPT for a group of people and leave its TLS alone
  netaccess.chatgpt.panos_access:
    host: fw-a.example.com
    username: netaccess
    api_key: "{{ vault_panos_api_key }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      from_zones: [trust]
      to_zones: [untrust]
      users: ['example\\ai-users']
    position:
      never_above: [Quarantine]
    comment: CHG0012345

- name: On a Panorama, for the people of two rules, pushed to one firewall
  netaccess.chatgpt.panos_access:
    host: panorama.example.com
    username: netaccess
    password: "{{ vault_panos_password }}"
    device_group: Branches
    devices: ['015300001234']
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    method: existing_rules
    audience:
      rules: [Web, Web guests]

- name: Audit, which writes nothing, and ask the URL cloud
  netaccess.chatgpt.panos_access:
    host: fw-a.example.com
    username: auditor
    api_key: "{{ vault_panos_api_key }}"
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      from_zones: [trust]
      to_zones: [untrust]
      everyone: true
    state: replaced
    test_urls: [chatgpt.com]
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
    created url category chatgpt-allow (+39), url category chatgpt-exempt (+21), decryption rule chatgpt-no-decrypt,
    security rule chatgpt-allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'panos'
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
  sample: PAN-OS 11.1.2 on PA-440
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
  sample: {write: true, why: the role of netaccess is deviceadmin}
held_by:
  description: Who holds a lock that would prevent a run from writing now, if the product reports it.
  returned: in check mode, when there is something to write
  type: list
  elements: str
  sample: ['alice (quarterly review)']
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-panos-0a1b2c3d.json']
changes_on_record:
  description: >-
    Changes of this device by their journals, in place or rolled back, the newest first, down to the last that is in place and proven - C(journal),
    C(started), C(status), C(comment) with the change ID and the people, and C(ended) of one that was rolled back.
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-panos-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-panos-0a1b2c3d.json']
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
      exempt: 'yes'
      exempt_by: chatgpt-no-decrypt
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
    Existing rules and entries that still affect a wanted host. C(effect) says whether they deny, decrypt, strip cookies from or rewrite its traffic; C(id)
    is the value for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: 'panos-5f0c1d7a3b'
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
            disabled: {old: 'no', new: 'yes'}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: virus profile Scan of Web
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
  sample: ['voice (voice: UDP 3478 to 4 published addresses (feed of 2026-07-25)): with category_name no rule is created; allow it for these users']
activation:
  description: What the commit reported and, on a Panorama, what each firewall reported about the push.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: fw-a.example.com:443
      status: in force
      job: '42'
      scope: changes of netaccess
      details: [Configuration committed successfully]
      warnings: []
journal:
  description: File that O(state=reverted) needs.
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-panos-1f2e3d4c.json
requests:
  description: Cost of this run - read and write requests, connections, and seconds waited.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 16, writes: 5, waited: 31, connections: 1}
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
  description: State of the URL filtering cloud and what it says of the hosts in O(test_urls).
  returned: when O(test_urls) is given
  type: dict
  sample:
    url_cloud: [PAN-DB URL Filtering, 'License : valid', 'Cloud connection : connected']
    urls: {chatgpt.com: chatgpt.com artificial-intelligence low-risk (Base db)}
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True, fallback=(env_fallback, ["PANOS_HOSTNAME"])),
        port=dict(type="int", default=443),
        username=dict(type="str", required=True, fallback=(env_fallback, ["PANOS_USERNAME"])),
        password=dict(type="str", no_log=True, fallback=(env_fallback, ["PANOS_PASSWORD"])),
        api_key=dict(type="str", no_log=True, fallback=(env_fallback, ["PANOS_API_KEY"])),
        vsys=dict(type="str", default="vsys1"),
        device_group=dict(type="str"),
        devices=names,
        audience=dict(type="dict", options=dict(
            from_zones=names, to_zones=names, sources=names, users=names, rules=names, everyone=dict(type="bool", default=False))),
        method=dict(type="str", default="new_rule", choices=["new_rule", "existing_rules"]),
        prefix=dict(type="str", default="chatgpt"),
        category_name=dict(type="str"),
        exempt_category_name=dict(type="str"),
        application=dict(type="list", elements="str", default=["any"]),
        profile_group=dict(type="str"),
        log_setting=dict(type="str"),
        decryption_profile=dict(type="str"),
        exempt_by=dict(type="str", default="rule", choices=["rule", "exclusion_list"]),
        exclusion_depth=dict(type="int", default=3),
        position=dict(type="dict", options=dict(before=names, after=names, never_above=names)),
        tags=names,
        scan_conflicts=dict(type="bool", default=True),
        accept_panorama_managed=dict(type="bool", default=False),
        test_urls=names,
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), required_one_of=[("password", "api_key")],
                           supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
