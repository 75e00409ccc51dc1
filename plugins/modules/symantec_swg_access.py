#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: symantec_swg_access
short_description: Allow ChatGPT on Symantec Edge SWG and Cloud SWG and exempt it from TLS interception
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Keeps one policy object (CPL) in Symantec Management Center that allows the hosts in O(config.allow) for O(audience) and exempts those in
    O(config.exempt) from TLS interception. The object is written as a whole, in one request, and only if its revision is still the one that was read.
  - Policy in Management Center takes effect only when it is installed on devices. The vendor documents no request for that, so it is the request that you
    set in O(install), or a manual step in RV(manual). With O(consoles) the devices are asked whether they run the policy; otherwise RV(coverage) says
    V(unchecked).
  - The rules are limited to port 443 and do not change authentication, so users who have to authenticate still have to.
  - Cloud SWG that is managed in its portal has no published policy API. O(mode=portal) writes nothing; RV(manual) and O(state=rendered) list every step.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  mode:
    description:
      - V(edge) is Edge SWG (ProxySG) managed by Management Center.
      - V(upe) is Universal Policy Enforcement, where Management Center provides one policy for Edge SWG and Cloud SWG. What Cloud SWG runs cannot be read.
      - V(portal) is Cloud SWG that is managed in its portal. No device is contacted.
    type: str
    choices: [edge, upe, portal]
    default: edge
  method:
    description:
      - V(management_center) is a policy object in Management Center.
      - V(policy_file) and V(local_database) are files that an Edge SWG downloads from your web server, as its local or central policy file or as its local
        content filter database. O(state=rendered) returns their text; no other state is possible.
    type: str
    choices: [management_center, policy_file, local_database]
    default: management_center
  host:
    description: Host name or address of Management Center. Required unless O(state=rendered) or O(mode=portal).
    type: str
  port:
    description: HTTPS port of Management Center.
    type: int
    default: 8082
  token:
    description: API token of an account. The vendor recommends it over a password. Environment variable E(SYMANTEC_MC_TOKEN).
    type: str
  username:
    description: Name of the account, if there is no O(token). Environment variable E(SYMANTEC_MC_USERNAME).
    type: str
  password:
    description: Password of O(username). Environment variable E(SYMANTEC_MC_PASSWORD).
    type: str
  tenant:
    description: >-
      ID of the tenant in Management Center that the objects belong to. By default objects of every tenant are found, and a new one belongs to none.
    type: str
  prefix:
    description: Name of the policy object, and of the section in it.
    type: str
    default: ChatGPT
  install:
    description:
      - The request that installs the policy on its devices. Take it from the API documentation of your Management Center, C(https://HOST:8082/help/api). It
        is sent to O(host) with the same credentials, once, after everything is written. By default the installation is a manual step.
      - In O(install.path) and in texts of O(install.body), C({uuid}), C({name}) and C({revision}) are replaced by those of the policy object.
    type: dict
    suboptions:
      method:
        description: HTTP method.
        type: str
        choices: [POST, PUT]
        default: POST
      path:
        description: Path of the request, with its leading slash, for example C(/api/...).
        type: str
        required: true
      body:
        description: Body of the request, sent as JSON.
        type: dict
  consoles:
    description: >-
      Management consoles of the Edge SWGs, for example C(https://edge1.example.com:8082). Their active policy is read from C(/Policy/Current), to check
      whether the policy is in force, and which existing rule still blocks or decrypts a wanted host.
    type: list
    elements: str
    default: []
  console_username:
    description: Account for O(consoles), with read access. Environment variable E(SYMANTEC_CONSOLE_USERNAME).
    type: str
  console_password:
    description: Password of O(console_username). Environment variable E(SYMANTEC_CONSOLE_PASSWORD).
    type: str
  audience:
    description:
      - Who gets access. A connection has to match every suboption that is set, and one entry of each.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      groups:
        description: Names of user groups, as in policy rules. They match only users who authenticate.
        type: list
        elements: str
        default: []
      users:
        description: Names of users, as in policy rules.
        type: list
        elements: str
        default: []
      clients:
        description: Client networks, in CIDR notation.
        type: list
        elements: str
        default: []
      everyone:
        description: All clients behind the devices.
        type: bool
        default: false
  ssl_layer:
    description:
      - Which conditions to use in the layer C(<SSL-Intercept>).
      - V(basic) uses only those that are confirmed to work there, C(url.domain) and C(client.address). An exact host is then exempt together with its
        subdomains, and a pattern for subdomains together with its domain, which RV(coverage) reports. Groups and users do not limit the exemption, which is
        RV(audience_widened).
      - V(full) also uses C(url.host.exact), C(url.host.suffix), C(group) and C(user). On a release that does not accept them, the policy does not compile
        and the previous one stays in force; with O(consoles) the run then fails and restores the object.
    type: str
    choices: [basic, full]
    default: basic
  list_name:
    description:
      - An existing URL list in Management Center to add the allowed hosts to. The managed policy then has no rule that allows them. The existing rules that
        use the list decide for which users it applies, so unless O(audience.everyone=true) that is RV(audience_widened).
      - An entry in a list covers a host and its subdomains. RV(coverage) says V(unchecked), because what the rules do with the list cannot be read.
    type: str
  exempt_list_name:
    description: An existing URL list to add the exempt hosts to. The managed policy then has no rule that exempts them.
    type: str
  scan_conflicts:
    description: Look for existing rules and lists that block or decrypt a wanted host. With V(false) lists are not read, and RV(coverage) says V(unchecked).
    type: bool
    default: true
attributes:
  platform:
    support: full
    platforms: posix
    description: Developed against a simulator that is checked with requests recorded from public clients; not yet run on a Management Center.
notes:
  - Management Center has no lock. Run one job at a time; if someone else saves a revision between reading and writing, the run stops.
  - Assign the object to the devices once, by hand, as the last evaluated policy file. There a later ALLOW overrides an earlier DENY, but C(FORCE_DENY) and
    C(force_exception) are final, and are reported as conflicts.
  - If an existing rule uses a trigger, property, layer or section that the module does not evaluate, RV(coverage) says V(unchecked) and names it, and the
    conflict is not certain.
  - O(state=deleted) and O(state=reverted) empty the object and keep it, because devices are assigned to it, and deleting it would not change what they run.
  - Entries of existing URL lists that O(unblock) selects are disabled, with a marker in their description. This takes effect when the policies that use the
    list are installed.
  - Management Center can answer concurrent requests with status 500. Reads are then repeated, and the outcome of a write is determined by reading.
  - O(activate=false) with O(install) needs O(consoles), because nothing else shows a later run what still has to be installed.
  - A web proxy does not carry voice over UDP; see RV(manual).
"""

EXAMPLES = r"""
- name: Allow ChatGPT for a network behind two Edge SWGs and install the policy
  netaccess.chatgpt.symantec_swg_access:
    host: mc.example.com
    token: "{{ vault_symantec_swg_token }}"
    consoles: ['https://edge1.example.com:8082', 'https://edge2.example.com:8082']
    console_username: netaccess
    console_password: "{{ vault_symantec_swg_console_password }}"
    install:
      path: "{{ mc_install_path }}"
      body:
        comment: "{name}, revision {revision}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      clients: [10.20.0.0/16]
    comment: CHG0012345

- name: Write the policy and leave its installation as a manual step
  netaccess.chatgpt.symantec_swg_access:
    host: mc.example.com
    token: "{{ vault_symantec_swg_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: ['EXAMPLE\ai-users']
    ssl_layer: full

- name: Return the text of a policy file for an Edge SWG to download
  netaccess.chatgpt.symantec_swg_access:
    method: policy_file
    state: rendered
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      clients: [10.20.0.0/16]

- name: List the steps in the Cloud SWG portal
  netaccess.chatgpt.symantec_swg_access:
    mode: portal
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      groups: [AI users]
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: policy
      name: ChatGPT
      op: update
      members:
        allow:
          added: ['*.oaistatic.com']
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created policy ChatGPT (+35, +18)
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'symantec_swg'
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
  description: >-
    Seconds from the activation until the change is in force everywhere. V(0) if O(consoles) show it; otherwise an allowance, because no time is documented.
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-symantec_swg-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-symantec_swg-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-symantec_swg-0a1b2c3d.json']
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
    What is in force for each pattern of O(config) after the run. V(unchecked) if no console shows what the devices run, if an existing rule may be a
    conflict, for Cloud SWG, and with O(scan_conflicts=false). Of more than 1,000 patterns, only those are listed that are exempt, that are not in force as
    wanted, or that have a note.
  returned: when O(config) is given
  type: list
  elements: dict
  sample:
    - pattern: '*.openai.com'
      allowed: 'yes'
      allowed_by: policy ChatGPT
      exempt: 'yes'
      exempt_by: policy ChatGPT
      note: 'widened: undecrypted are openai.com itself too'
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
    - id: 'symantec-5f0c1d7a3b'
      effect: deny
      where: URL list Blocked sites
      text: 'chatgpt.com: a rule denies by it, and it is final'
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this list is used for, once the policies that use it are installed
      remedy:
        - kind: list entry
          name: 'Blocked sites: chatgpt.com'
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
      rule: 'https://edge1.example.com:8082: response.icap_service(scanner)'
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
    - 'once: in Management Center, assign the policy ChatGPT to the devices as the last evaluated policy file'
activation:
  description: The installation, as reported by Management Center and by each console.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: ChatGPT
      status: accepted
    - target: https://edge1.example.com:8082
      status: in force
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-symantec_swg-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 7, writes: 3, waited: 0, connections: 2}
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
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        mode=dict(type="str", default="edge", choices=["edge", "upe", "portal"]),
        method=dict(type="str", default="management_center", choices=["management_center", "policy_file", "local_database"]),
        host=dict(type="str"),
        port=dict(type="int", default=8082),
        token=dict(type="str", no_log=True, fallback=(env_fallback, ["SYMANTEC_MC_TOKEN"])),
        username=dict(type="str", fallback=(env_fallback, ["SYMANTEC_MC_USERNAME"])),
        password=dict(type="str", no_log=True, fallback=(env_fallback, ["SYMANTEC_MC_PASSWORD"])),
        tenant=dict(type="str"),
        prefix=dict(type="str", default="ChatGPT"),
        install=dict(type="dict", options=dict(
            method=dict(type="str", default="POST", choices=["POST", "PUT"]), path=dict(type="str", required=True), body=dict(type="dict"))),
        consoles=names,
        console_username=dict(type="str", fallback=(env_fallback, ["SYMANTEC_CONSOLE_USERNAME"])),
        console_password=dict(type="str", no_log=True, fallback=(env_fallback, ["SYMANTEC_CONSOLE_PASSWORD"])),
        audience=dict(type="dict", options=dict(groups=names, users=names, clients=names, everyone=dict(type="bool", default=False))),
        ssl_layer=dict(type="str", default="basic", choices=["basic", "full"]),
        list_name=dict(type="str"),
        exempt_list_name=dict(type="str"),
        scan_conflicts=dict(type="bool", default=True),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), required_together=[("username", "password")], supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
