#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sophos_access
short_description: Allow ChatGPT on a Sophos Firewall and exempt it from TLS inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for the users of O(audience) by a URL group, and a rule for it in their web policies. The rule is placed above the
    first rule that blocks a wanted host for all of these users, and below those that block it for some of them.
  - Exempts the hosts in O(config.exempt) from decryption by entries in a URL group that an SSL/TLS inspection rule uses, or by a web exception. Neither
    skips policy checks, malware scanning or certificate validation.
  - Uses the XML API, which hardware, virtual and cloud firewalls share. It has no commit, so every write takes effect immediately; the exemption is written
    with or before the rule that allows. An update replaces a whole object, so an object is written back as it was read, with only the managed part changed.
    Objects that others can edit are compared immediately before, and everything is read back. A failed change is rolled back.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Host name or address of the firewall's web admin console; in a cluster, of its primary. Environment variable E(SOPHOS_HOST).
    type: str
    required: true
  port:
    description: HTTPS port of the web admin console, which the API uses as well.
    type: int
    default: 4444
  username:
    description:
      - Name of a local administrator without multi-factor authentication, which the API does not support. Environment variable E(SOPHOS_USERNAME).
      - Its profile needs read-write access to Web and content filter, and read-only access to Rules and policies, Objects and, with O(scan_conflicts),
        Applications. If O(unblock) names a firewall rule, it needs read-write access to Rules and policies.
      - The API has to be enabled under C(Backup & firmware > API), with the address of the host where this module runs as an allowed IP address.
    type: str
    required: true
  password:
    description: Password of O(username). The API requires it in the body of each request. Environment variable E(SOPHOS_PASSWORD).
    type: str
    required: true
  audience:
    description:
      - Who gets access. O(audience.web_policies) and O(audience.firewall_rules) decide where the rule is added, O(audience.users) to whom it applies.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered), with O(audience.users) or O(audience.everyone).
    type: dict
    suboptions:
      web_policies:
        description: Names of web policies that get the rule. Built-in ones are changed as well if they are named.
        type: list
        elements: str
        default: []
      firewall_rules:
        description: Names of firewall rules whose web policies get the rule. For a rule of IPv6, add " (IPv6)" to its name.
        type: list
        elements: str
        default: []
      users:
        description: Names of users and groups that the rule applies to, as the firewall knows them.
        type: list
        elements: str
        default: []
      everyone:
        description: The rule applies to everybody who uses these web policies.
        type: bool
        default: false
  prefix:
    description: >-
      Start of the names of the managed URL groups, C(PREFIX allow) and C(PREFIX exempt), and name of the web exception. C(PREFIX exempt) records which
      entries in O(exempt_group) are managed.
    type: str
    default: ChatGPT
  category_name:
    description: An existing URL group that is already allowed, to add the hosts to. No rule is created, and O(state=deleted) leaves the hosts in the group.
    type: str
  exempt_by:
    description:
      - How the hosts in O(config.exempt) are exempted from decryption.
      - V(url_group) adds them to the URL group O(exempt_group). It works with the DPI engine, not for firewall rules that use the web proxy.
      - V(exception) creates a web exception. It works with both, can be limited to O(exempt_sources), and matches host names exactly.
    type: str
    choices: [url_group, exception]
    default: url_group
  exempt_group:
    description:
      - With O(exempt_by=url_group), name of the URL group to add the exempt hosts to. Other entries in it stay.
      - The default is the built-in group. Its inspection rule applies to everybody behind the firewall, which is RV(audience_widened) and needs
        O(accept_wider_audience).
      - To exempt the hosts for the audience only, create an SSL/TLS inspection rule with the action Don't decrypt for these users and a URL group of its
        own, and set that group here. The rule has to be created by hand, because the API cannot create one (release 22.0 refuses every attempt).
    type: str
    default: Local TLS exclusion list
  exempt_sources:
    description: >-
      With O(exempt_by=exception), IPv4 or IPv6 addresses or networks that the exception is limited to. By default it applies to everybody, which is
      RV(audience_widened).
    type: list
    elements: str
    default: []
  scan_conflicts:
    description:
      - Also read web categories, user activities, FQDN hosts, services, application filter policies and the SSL/TLS inspection settings, and report which of
        them, and which earlier firewall rules, block a wanted host.
      - With V(false), RV(coverage) is V(unchecked) at best.
    type: bool
    default: true
attributes:
  platform:
    support: full
    platforms: posix
    description: Sophos Firewall (SFOS) 19.5 to 22.0, developed against a simulator that is checked with the vendor's SDK; not yet run on a device.
notes:
  - A domain in a URL group includes its subdomains, and wildcards are not accepted there. A single host is therefore widened to its subdomains, and
    C(*.example.com) to C(example.com), which RV(coverage) reports.
  - Rules of a web policy have neither names nor descriptions. A rule that O(unblock) disabled is recorded by its ID in the description of its policy.
  - A column, action or object that is not understood never counts as absent. A rule that possibly blocks a host stays above the managed rule; it is in
    RV(conflicts) without a remedy, and RV(coverage) is V(unchecked) and names it. The same goes for application control that may deny, because only the
    device knows what its applications match.
  - Web policies apply to HTTP and HTTPS only. For voice see RV(manual).
  - The firewall has no lock, and the last writer wins. Run one job per device at a time.
  - Sophos Central can overwrite what is written here. A firewall rule that comes from Sophos Central is not changed.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it for everybody, by the built-in exclusion list
  netaccess.chatgpt.sophos_access:
    host: xgs-a.example.com
    username: netaccess
    password: "{{ vault_sophos_password }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      web_policies: [Company]
      users: [AI users]
    accept_wider_audience: true
    comment: CHG0012345

- name: Limit the exemption to these users by an existing SSL/TLS inspection rule
  netaccess.chatgpt.sophos_access:
    host: xgs-a.example.com
    username: netaccess
    password: "{{ vault_sophos_password }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      web_policies: [Company]
      users: [AI users]
    exempt_group: Not decrypted for AI users

- name: Audit without writing anything
  netaccess.chatgpt.sophos_access:
    host: xgs-a.example.com
    username: auditor
    password: "{{ vault_sophos_password }}"
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      firewall_rules: [LAN to WAN]
      everyone: true
    exempt_by: exception
    exempt_sources: [10.20.0.0/16, '2001:db8:20::/48']
    state: replaced
  check_mode: true
  diff: true

- name: Roll back the change
  netaccess.chatgpt.sophos_access:
    host: xgs-a.example.com
    username: netaccess
    password: "{{ vault_sophos_password }}"
    state: reverted
    journal: /var/lib/netaccess/20260311T101500Z-sophos-1f2e3d4c.json
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: URL group
      name: ChatGPT allow
      op: update
      members:
        urls:
          added: [oaistatic.com]
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: >-
    created URL group ChatGPT allow (+34), URL group ChatGPT exempt (+14), TLS exclusion Local TLS exclusion list (+14), web policy
    rule Company: ChatGPT allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'sophos'
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
  sample: API 2200.1 of Sophos Firewall
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
  description: Seconds to wait until a saved web policy is in force. This is an allowance, because the vendor documents no time.
  returned: always, except for O(state=rendered)
  type: int
  sample: 10
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-sophos-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-sophos-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-sophos-0a1b2c3d.json']
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
      allowed_by: URL group ChatGPT allow
      exempt: 'yes'
      exempt_by: URL group Local TLS exclusion list
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
    - id: 'sophos-5f0c1d7a3b'
      effect: deny
      where: 'web policy rule Company: Deny AI sites for Interns'
      text: Deny; column UserList/User limits it
      hosts: ['.chatgpt.com']
      certain: false
      opens: everything else that this rule blocks
      remedy: []
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: firewall rule LAN to WAN
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
  sample: ['web policy Company has reporting disabled: enable it, so that visits are logged']
activation:
  description: The firewall that was written to. Every write takes effect immediately.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: xgs-a.example.com:4444
      status: in force
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-sophos-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 3, writes: 2, waited: 0, connections: 1}
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
  description: >-
    C(api_version); of the firewall rules with these web policies the IP families (C(families)), those that use the web proxy (C(web_proxy)), and those that
    also use application control (C(application_control)); whether TLS inspection is enabled on the device (C(tls_inspection)); and the built-in web
    categories of denying rules that are assumed to contain none of the hosts, judging by their names (C(taken_for_unrelated)).
  returned: always, except for O(state=rendered)
  type: dict
  sample:
    api_version: '2200.1'
    families: [IPv4]
    web_proxy: []
    application_control: {LAN to WAN: Block P2P}
    tls_inspection: 'on'
    taken_for_unrelated: [Phishing & Fraud]
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True, fallback=(env_fallback, ["SOPHOS_HOST"])),
        port=dict(type="int", default=4444),
        username=dict(type="str", required=True, fallback=(env_fallback, ["SOPHOS_USERNAME"])),
        password=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["SOPHOS_PASSWORD"])),
        audience=dict(type="dict", options=dict(web_policies=names, firewall_rules=names, users=names, everyone=dict(type="bool", default=False))),
        prefix=dict(type="str", default="ChatGPT"),
        category_name=dict(type="str"),
        exempt_by=dict(type="str", choices=["url_group", "exception"], default="url_group"),
        exempt_group=dict(type="str", default="Local TLS exclusion list"),
        exempt_sources=dict(type="list", elements="str", default=[]),
        scan_conflicts=dict(type="bool", default=True),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
