#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: panos_access
short_description: Allow ChatGPT on a PAN-OS firewall or Panorama and exempt it from decryption
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) by a custom URL category and a security rule, and exempts those in O(config.exempt) from decryption
    by a second category and a no-decrypt rule, in one change with one commit.
  - The configuration is locked with a comment that names this run, read again, changed in one request (PAN-OS 10.1 and newer), validated, committed and read
    back. If the run fails, its own uncommitted changes are discarded; those of other administrators stay.
  - The commit is limited to the changes of O(username). Before PAN-OS 11.0.1 such a commit does not include moved rules, so if a rule has to be moved,
    everything is committed. The task then stops while changes of other administrators are pending, unless O(publish_foreign_changes) is set.
  - With O(device_group) the rules are created as pre-rules of that device group on Panorama. The change is committed and pushed to the firewalls of the
    device group and of the device groups below it; RV(activation) has a result for each firewall. From PAN-OS 10.2 on the push is limited to the changes of
    O(username) whenever the commit is; otherwise RV(activation) says so.
  - A rule that is limited by a column, an object or an action that the module does not understand is never certain. RV(coverage) then says V(unchecked), and
    its conflict gives the reason and has no remedy.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
  - netaccess.chatgpt.position
options:
  host:
    description: Host name or address of the management interface. Environment variable E(PANOS_HOSTNAME).
    type: str
    required: true
  port:
    description: HTTPS port of the API.
    type: int
    default: 443
  username:
    description:
      - Name of the administrator. It is required with O(api_key) as well, because commits are limited to the changes of this account. A key that belongs to
        another account is detected before the commit. Environment variable E(PANOS_USERNAME).
      - Its admin role needs the XML API permissions Configuration, Operational Requests and Commit, and no others.
    type: str
    required: true
  password:
    description: Password of O(username). Environment variable E(PANOS_PASSWORD).
    type: str
  api_key:
    description: API key of O(username), instead of a password. Environment variable E(PANOS_API_KEY).
    type: str
  vsys:
    description: Name of the virtual system.
    type: str
    default: vsys1
  device_group:
    description: On Panorama, the device group to change. Set the one nearest to the firewalls.
    type: str
  devices:
    description: Serial numbers of the firewalls of O(device_group) to push to. By default all of them.
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
        description: Names of the zones that the clients are in.
        type: list
        elements: str
        default: []
      to_zones:
        description: Names of the zones towards the internet.
        type: list
        elements: str
        default: []
      sources:
        description: Client addresses, networks, or names of address objects.
        type: list
        elements: str
        default: []
      users:
        description:
          - Users or groups, as User-ID knows them.
          - A rule for a misspelt group matches nobody. A firewall is therefore asked for its groups, and a warning lists those that it does not know, or
            says that they were not looked up. Users are not looked up, nor are groups on Panorama.
        type: list
        elements: str
        default: []
      everyone:
        description: All users in O(audience.from_zones).
        type: bool
        default: false
      rules:
        description: With O(method=existing_rules), names of the security rules whose users get access.
        type: list
        elements: str
        default: []
  method:
    description:
      - V(new_rule) creates one security rule for O(audience) with the service C(service-https), and with the security profiles and the log forwarding
        profile of the rule that would otherwise match. Its URL filtering profile, which may be what blocks the hosts, is left out unless it inserts a header
        for a wanted host or blocks pages of one.
      - V(existing_rules) sets the managed category to C(alert) in the URL filtering profiles of O(audience.rules), and creates no security rule. Other rules
        with the same profile are reported in RV(audience_widened).
    type: str
    choices: [new_rule, existing_rules]
    default: new_rule
  prefix:
    description: Start of the names of the managed objects, C(PREFIX-allow), C(PREFIX-exempt) and C(PREFIX-no-decrypt).
    type: str
    default: chatgpt
  category_name:
    description: >-
      An existing custom URL category to add the allowed hosts to. No security rule is created; your rules decide what the category does, and RV(coverage)
      reports it.
    type: str
  exempt_category_name:
    description: An existing custom URL category to add the exempt hosts to. No decryption rule is created.
    type: str
  application:
    description: >-
      Applications of the new rule. The category already limits the hosts, and App-ID can often identify an undecrypted session as C(ssl) only, so other
      values can keep the rule from matching.
    type: list
    elements: str
    default: [any]
  profile_group:
    description: >-
      Security profile group of the new rule, in place of the profiles of the rule that would otherwise match. A URL filtering profile in the group is
      applied, and if it blocks a wanted host, that is reported as a conflict. The new rule then stays below an existing rule whose URL filtering profile
      inserts headers, unless O(tenant_control=override).
    type: str
  log_setting:
    description: Log forwarding profile of the new rules. By default that of the rule that would otherwise match.
    type: str
  decryption_profile:
    description: >-
      Decryption profile of the no-decrypt rule. It decides whether sessions with expired or untrusted certificates are blocked. By default that of the first
      rule that decrypts these hosts.
    type: str
  exempt_by:
    description:
      - How the hosts in O(config.exempt) are exempted from decryption.
      - V(rule) is a no-decrypt rule for O(audience).
      - V(exclusion_list) adds them to the SSL decryption exclusion list, which applies to everybody on the device (RV(audience_widened)). A wildcard there
        stands for one label, so each pattern with subdomains takes O(exclusion_depth) entries.
    type: str
    choices: [rule, exclusion_list]
    default: rule
  exclusion_depth:
    description: With O(exempt_by=exclusion_list), the number of levels of subdomains that the entries cover.
    type: int
    default: 3
  position:
    description:
      - Where to place the new rules. By default as low as possible, but above the first rule that blocks or decrypts a wanted host for the whole audience,
        and below earlier rules that block a part of the audience, or whose hosts only the device knows, for example by an external list or an application
        filter.
    type: dict
  tags:
    description: Tags of the new rules. The tags must exist.
    type: list
    elements: str
    default: []
  scan_conflicts:
    description: >-
      Also read the shared configuration and, on Panorama, the parent device groups and the firewalls; on a firewall, whether Panorama manages it and which
      groups of O(audience.users) it knows. With V(false), a new rule needs O(position.before) or O(position.after), and RV(coverage) says V(unchecked).
    type: bool
    default: true
  accept_panorama_managed:
    description: >-
      Write to a firewall that Panorama manages. The pre-rules of Panorama precede the local rules and are not read, so RV(coverage) says V(unchecked). By
      default the task stops before its first write.
    type: bool
    default: false
  test_urls:
    description: Hosts to look up in the URL filtering cloud, public or private; RV(diagnosis) has the answers.
    type: list
    elements: str
    default: []
attributes:
  platform:
    support: full
    platforms: posix
    description: PAN-OS 9.1 to 11.2, developed against a simulator that is checked with the vendor's own client; not yet run on a device.
notes:
  - Entries in URL lists always end with a slash. Without it C(example.com) also matches C(example.com.evil.test).
  - The virtual system (or device group) and the shared configuration are each read in one request.
  - HTTP/3 is not allowed, because C(service-https) is TCP.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it from decryption
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

- name: Allow ChatGPT on Panorama for the users of two rules, and push to one firewall
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

- name: Audit without writing anything, and look up a host in the URL filtering cloud
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
    created url category chatgpt-allow (+39), url category chatgpt-exempt (+21), decryption rule chatgpt-no-decrypt,
    security rule chatgpt-allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'panos'
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
  sample: PAN-OS 11.1.2 on PA-440
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
  sample: {write: true, why: the role of netaccess is deviceadmin}
held_by:
  description: Who holds a lock that would keep a run from writing now, if the product reports it.
  returned: in check mode, when there is something to write
  type: list
  elements: str
  sample: ['alice (quarterly review)']
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-panos-0a1b2c3d.json']
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
    Existing rules and entries that still affect a wanted host. C(effect) says whether they deny or decrypt its traffic, strip cookies from it, or rewrite
    it; C(id) is the value for O(unblock).
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
  sample: ['voice (voice: UDP 3478 to 4 published addresses (feed of 2026-07-25)): with category_name no rule is created; allow it for these users']
activation:
  description: What the commit reported and, on Panorama, what each firewall reported about the push.
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
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-panos-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
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
  description: State of the URL filtering cloud, and its answers for the hosts in O(test_urls).
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
