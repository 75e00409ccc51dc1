#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: zia_access
short_description: Allow ChatGPT in Zscaler Internet Access and exempt it from SSL inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) by a custom URL category and a URL Filtering rule, and exempts those in O(config.exempt) from SSL
    inspection by a second category and an SSL Inspection rule, with one activation.
  - Entries are added to and removed from categories one by one; a category is never replaced. Rules are saved as disabled, and enabled and moved to their
    position last.
  - ZIA has one set of saved changes for the whole tenant. Whatever is saved goes live when any administrator activates or any session ends. Pending changes
    of others therefore stop a run before its first write, and a run that fails writes the old values back before its own session ends.
  - The run waits for an edit lock (another administrator is saving) and for rate limits, within O(timeout).
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
  - netaccess.chatgpt.position
options:
  cloud:
    description: >-
      Name of the cloud. With O(username), one of C(zscaler), C(zscalerone), C(zscalertwo), C(zscalerthree), C(zscloud) and C(zscalergov). With O(client_id),
      V(production), V(beta), V(gov) and so on. Environment variable E(ZSCALER_CLOUD).
    type: str
    default: production
  username:
    description: Login ID of an administrator, for tenants with the legacy API. Environment variable E(ZIA_USERNAME).
    type: str
  password:
    description: Password of O(username). Environment variable E(ZIA_PASSWORD).
    type: str
  api_key:
    description: API key of the tenant, for the legacy API. Environment variable E(ZIA_API_KEY).
    type: str
  client_id:
    description: Client ID of an API client, for tenants with OneAPI. Environment variable E(ZSCALER_CLIENT_ID).
    type: str
  client_secret:
    description: Client secret of O(client_id). Environment variable E(ZSCALER_CLIENT_SECRET).
    type: str
  private_key:
    description: >-
      Private RSA key in PEM format with which O(client_id) authenticates, in place of O(client_secret). It needs the Python package cryptography, which is a
      dependency of ansible-core. Environment variable E(ZSCALER_PRIVATE_KEY).
    type: str
  vanity_domain:
    description: >-
      Vanity domain of the organisation in ZIdentity, which issues the tokens of OneAPI, for example C(example) for C(example.zslogin.net). Environment
      variable E(ZSCALER_VANITY_DOMAIN).
    type: str
  api_url:
    description: Scheme and host of the API. By default derived from O(cloud).
    type: str
  token_url:
    description: Scheme and host that issues tokens. By default derived from O(vanity_domain).
    type: str
  audience:
    description:
      - Who gets access. A connection has to match every suboption that is set, and one entry of each, like the criteria of a rule.
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
      departments:
        description: Names of departments.
        type: list
        elements: str
        default: []
      locations:
        description: Names of locations.
        type: list
        elements: str
        default: []
      location_groups:
        description: Names of location groups.
        type: list
        elements: str
        default: []
      everyone:
        description: All users of the tenant.
        type: bool
        default: false
  prefix:
    description: >-
      Start of the names of the managed objects, C(PREFIX allow), C(PREFIX exempt) and C(PREFIX no decrypt). The name of a rule has at most 31 characters.
    type: str
    default: ChatGPT
  keep_parent_category:
    description:
      - With V(true), the hosts also keep the category that Zscaler assigns to them, so rules for other users that block this category still match.
      - With V(false), they are in the managed category only, for everybody in the tenant.
    type: bool
    default: true
  category_name:
    description: An existing custom URL category to add the allowed hosts to. No URL Filtering rule is created.
    type: str
  exempt_category_name:
    description: An existing custom URL category to add the exempt hosts to. No SSL Inspection rule is created.
    type: str
  protocols:
    description: Protocols of the URL Filtering rule, by their names in the API.
    type: list
    elements: str
    default: [HTTPS_RULE, SSL_RULE, TUNNELSSL_RULE, WEBSOCKETSSL_RULE]
  server_certificates:
    description: >-
      What the SSL Inspection rule does with sessions whose server certificate is not trusted (Untrusted Server Certificates). With the default V(BLOCK) such
      a session is blocked.
    type: str
    choices: [BLOCK, ALLOW, PASS_THRU]
    default: BLOCK
  position:
    description:
      - Where to place the new rules. By default as low as possible, but above the first rule that blocks or decrypts a wanted host for the whole audience,
        and below earlier rules that block, or may block, a part of the audience.
    type: dict
  scan_conflicts:
    description: >-
      Also read Cloud App Control, Cloud Firewall, DNS Control, the denylists, and the capture of prompts. With V(false) these are not read, and RV(coverage)
      says V(unchecked).
    type: bool
    default: true
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with the vendor's own client; not yet run on a tenant.
notes:
  - Run one job per tenant at a time.
  - O(activate=false) is refused, because saved changes go live with any activation. Use check mode to see the plan.
  - With O(publish_foreign_changes) the activation is queued until the administrators with pending changes have activated as well. The run waits for it
    within O(timeout).
  - The API allows only four deletions an hour, so O(state=deleted) and O(state=reverted) disable the managed rules and empty the managed categories. A later
    run uses them again.
  - An entry with a leading dot covers the domain itself and at most five levels below it. RV(coverage) reports where this is wider or narrower than
    requested.
  - An exact host in another custom category takes precedence over a wildcard in the managed one. Hosts below a wanted wildcard that an existing category
    contains are therefore added to the managed category as well.
  - If O(config) has C(media), voice is a Cloud Firewall rule with its own network service, for the published addresses and ports only. UDP reaches Cloud
    Firewall only by Z-Tunnel 2.0, GRE or IPsec. A tenant without the licence gets everything else, and RV(manual) says so.
  - An existing rule is certain only if every column that limits it is understood. Otherwise RV(coverage) says V(unchecked), and the conflict names the
    column and has no remedy. DNS rules are read, but are never certain. Of Cloud App Control only rules of the type AI are read.
  - The URL Filtering rule stays below a rule that inserts headers for a wanted host, unless O(position.before) names that rule.
  - Connections that are already open keep their policy, and the service edges need a minute or two to apply a change. Wait that long before you verify.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a user group and exempt it from decryption
  netaccess.chatgpt.zia_access:
    client_id: "{{ vault_zia_client_id }}"
    client_secret: "{{ vault_zia_client_secret }}"
    vanity_domain: example
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
    comment: CHG0012345

- name: Allow ChatGPT at one location of a tenant with the legacy API
  netaccess.chatgpt.zia_access:
    cloud: zscalertwo
    username: netaccess@example.com
    password: "{{ vault_zia_password }}"
    api_key: "{{ vault_zia_api_key }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      locations: [Head office]
    position:
      never_above: [Stop threats]

- name: Audit without writing anything
  netaccess.chatgpt.zia_access:
    client_id: "{{ vault_zia_client_id }}"
    client_secret: "{{ vault_zia_client_secret }}"
    vanity_domain: example
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      everyone: true
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
    - kind: URL category
      name: ChatGPT allow
      op: update
      members:
        dbCategorizedUrls:
          added: [.oaistatic.com]
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: >-
    created URL category ChatGPT allow (+35), URL category ChatGPT exempt (+18), SSL inspection rule ChatGPT no decrypt,
    URL filtering rule ChatGPT allow
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'zia'
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
  sample: 400 writes and 40 activations an hour; nothing is deleted, because only 4 deletions an hour are allowed
exclusive:
  description: What keeps two runs from writing at the same time, in words. Empty if nothing does; then run one job at a time.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
propagation:
  description: Seconds from the activation until the change is in force everywhere. This is an allowance, because the vendor documents no time.
  returned: always, except for O(state=rendered)
  type: int
  sample: 120
permissions:
  description: >-
    Whether the account has the permissions that the change needs (C(write)), and the reason (C(why)). C(write) is null if the product does not report it.
    The check writes nothing.
  returned: in check mode, when there is something to write
  type: dict
  sample: {write: true, why: the role of this administrator may write rules}
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-zia-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-zia-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-zia-0a1b2c3d.json']
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
      exempt_by: ChatGPT no decrypt
      note: 'narrowed: at most five levels of subdomains'
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
    - id: 'zia-5f0c1d7a3b'
      effect: deny
      where: cloud app rule No ChatGPT
      text: DENY_AI_ML_WEB_USE for CHATGPT_AI
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this rule denies
      remedy:
        - kind: cloud app rule
          name: No ChatGPT
          op: update
          fields:
            description: {old: '', new: '[disabled by netaccess.chatgpt]'}
            state: {old: ENABLED, new: DISABLED}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: the tenant's policies for decrypted traffic
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
      voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): this tenant has no Cloud Firewall; open it on the firewall at the
      network edge
activation:
  description: The activation of the tenant.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: zsapi.zscaler.net
      status: in force
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-zia-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 14, writes: 8, waited: 12, connections: 1}
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
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        cloud=dict(type="str", default="production", fallback=(env_fallback, ["ZSCALER_CLOUD"])),
        username=dict(type="str", fallback=(env_fallback, ["ZIA_USERNAME"])),
        password=dict(type="str", no_log=True, fallback=(env_fallback, ["ZIA_PASSWORD"])),
        api_key=dict(type="str", no_log=True, fallback=(env_fallback, ["ZIA_API_KEY"])),
        client_id=dict(type="str", fallback=(env_fallback, ["ZSCALER_CLIENT_ID"])),
        client_secret=dict(type="str", no_log=True, fallback=(env_fallback, ["ZSCALER_CLIENT_SECRET"])),
        private_key=dict(type="str", no_log=True, fallback=(env_fallback, ["ZSCALER_PRIVATE_KEY"])),
        vanity_domain=dict(type="str", fallback=(env_fallback, ["ZSCALER_VANITY_DOMAIN"])),
        api_url=dict(type="str"),
        token_url=dict(type="str", no_log=False),
        audience=dict(type="dict", options=dict(
            groups=names, users=names, departments=names, locations=names, location_groups=names, everyone=dict(type="bool", default=False))),
        prefix=dict(type="str", default="ChatGPT"),
        keep_parent_category=dict(type="bool", default=True),
        category_name=dict(type="str"),
        exempt_category_name=dict(type="str"),
        protocols=dict(type="list", elements="str", default=["HTTPS_RULE", "SSL_RULE", "TUNNELSSL_RULE", "WEBSOCKETSSL_RULE"]),
        server_certificates=dict(type="str", default="BLOCK", choices=["BLOCK", "ALLOW", "PASS_THRU"]),
        position=dict(type="dict", options=dict(before=names, after=names, never_above=names)),
        scan_conflicts=dict(type="bool", default=True),
    )
    module = AnsibleModule(
        argument_spec=spec, required_if=access.required_if(), required_one_of=[("username", "client_id")],
        required_together=[("username", "password", "api_key")], mutually_exclusive=[("username", "client_id"), ("client_secret", "private_key")],
        required_by={"client_secret": ["client_id"], "private_key": ["client_id"]},
        supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
