#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: squid_access
short_description: Allow ChatGPT on a Squid proxy and exempt it from TLS inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for O(audience) on port 443, and splices (does not decrypt) connections to those in O(config.exempt), in one change
    with one reload.
  - Writes one drop-in file and its list files. The existing configuration is read and not rewritten, except that O(unblock) comments out the single lines
    that it names.
  - Squid itself checks the new configuration before any file is replaced. A new warning counts as a failure; warnings of the existing configuration do not.
    It is reloaded with C(squid -k reconfigure) only, which keeps the running configuration if the new one is broken.
  - Runs on the proxy host, and needs no root if the files and the running Squid belong to the user.
extends_documentation_fragment:
  - netaccess.chatgpt.access
options:
  config_file:
    description: Main configuration file of Squid.
    type: path
    default: /etc/squid/squid.conf
  drop_in:
    description:
      - The managed file. The main configuration has to include it, below its ports and authentication and above the rules that deny or decrypt. Its place
        decides what it can allow; an include that comes too late is reported as a conflict.
      - One Squid can have several, for several audiences. Each needs its own file name, from which the names of its ACLs are made, and its own O(list_dir).
    type: path
    default: /etc/squid/conf.d/netaccess-chatgpt.conf
  list_dir:
    description: Folder of the managed list files, for hosts and for more than 20 users or networks. It is created if it does not exist.
    type: path
    default: /etc/squid/netaccess-chatgpt
  squid:
    description: Squid's program, by name or path.
    type: str
    default: squid
  service_name:
    description: Service name of the instance, if Squid runs with C(-n).
    type: str
  audience:
    description:
      - Who gets access. A client has to match every suboption that is set, and one entry of each; of O(audience.acls) all entries.
      - The new rules require the same login or group as the existing rules for these clients. If the existing rules require different ones for parts of the
        audience, the task is refused, and each part needs a task with its own O(drop_in) and O(list_dir).
      - Rules after the include that deny some of the users are reported in RV(audience_widened), because the new rules precede them.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      networks:
        description: Client addresses or networks, IPv4 or IPv6, in CIDR notation.
        type: list
        elements: str
        default: []
      users:
        description: >-
          User names, as the proxy authentication knows them; V(REQUIRED) is not possible as a name. If Squid converts the names of Basic authentication to
          lower case, which is its default, the module adds each name in lower case as well.
        type: list
        elements: str
        default: []
      acls:
        description: Names of ACLs in the existing configuration. A client has to match all of them, as on a line of Squid.
        type: list
        elements: str
        default: []
      everyone:
        description: All clients that the existing configuration serves, by the client ACLs of its C(http_access allow) rules. It never means every address.
        type: bool
        default: false
  auth_acl:
    description:
      - The existing ACL that requires authentication. By default it is found in the existing rules; set it if there are several.
    type: str
attributes:
  platform:
    support: full
    platforms: posix
    description: Squid 5 or newer, built with OpenSSL; tested on 5.7, 6.13 and 7.7.
notes:
  - Voice over UDP does not pass through Squid; RV(manual) says what to open on the firewall.
  - For a spliced connection Squid compares the name in the TLS handshake with the list. In explicit mode it also compares the name in the CONNECT request.
    An intercepted connection has no such request; there Squid refuses a name that does not resolve to the address that the client connects to, so clients
    and Squid must use the same resolver. Only the client verifies the server's certificate.
  - On intercepting ports (C(intercept), C(tproxy)) Squid peeks at every connection of the audience, because its name is not known before. What happens to
    connections to other hosts is still decided by the existing rules.
  - A reload closes Squid's listening sockets briefly. New connections are refused for about a tenth of a second, or about a second with 50,000 list entries.
    Existing connections continue under the rules that they were opened with.
  - Squid 5 to 7 may terminate when requests arrive right after a reload, whoever reloads it, while an ICAP service with C(bypass=on) for requests does not
    answer (assertion C(request != newRequest)). Rules that peek, such as those of this collection, make that likelier. Check that the service answers before
    a change.
  - With several C(workers) only Squid's C(cache_log) shows that each of them has reloaded, so the module must be able to read it.
  - A Squid in a container is managed from inside the container, or from its host with a script as O(squid) that runs the program in it. In the second case
    the container must use the network of the host, and O(config_file), O(list_dir) and the folder in the environment variable E(TMPDIR) must have the same
    path in both.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for the office network and exempt it from decryption
  netaccess.chatgpt.squid_access:
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      networks:
        - 10.20.0.0/16
    comment: CHG0012345
  register: opened

- name: Audit without writing anything
  netaccess.chatgpt.squid_access:
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      everyone: true
    state: replaced
  check_mode: true
  diff: true

- name: Roll back the change
  netaccess.chatgpt.squid_access:
    state: reverted
    journal: "{{ opened.journal }}"
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: rule
      name: http_access allow
      op: update
      fields:
        acls:
          old: [netaccess_client, netaccess_allow_host, '!netaccess_allow_except']
          new: [netaccess_client, netaccess_port, netaccess_method, netaccess_allow_host, '!netaccess_allow_except']
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created 2 lists (+53), 10 acls, 5 rules
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'squid'
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
  description: Number of steps in the plan. A step writes a file or checks the configuration. Known before the first write, so in check mode as well.
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
  sample: Squid 5.7
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
  sample: {write: true, why: this user can write to the folders of the managed files}
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-squid-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-squid-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-squid-0a1b2c3d.json']
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
      allowed_by: http_access allow
      exempt: 'yes'
      exempt_by: ssl_bump splice
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
    - id: 'squid-5f0c1d7a3b'
      effect: deny
      where: /etc/squid/squid.conf:41
      text: http_access deny ai_hosts
      hosts: ['.chatgpt.com']
      certain: true
      opens: everything else that this line denies
      remedy:
        - kind: directive
          name: '/etc/squid/squid.conf: http_access deny ai_hosts'
          op: update
          fields: {enabled: {old: true, new: false}}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: /etc/squid/squid.conf:60 adaptation_access scan
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
  sample: ['voice: UDP 3478 does not pass through Squid; open it on the firewall']
activation:
  description: What was reloaded and how long it took.
  returned: after an activation
  type: list
  elements: dict
  sample: [{target: squid, status: in force, seconds: 0.2}]
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-squid-1f2e3d4c.json
requests:
  description: What this run cost, in files read and written, and commands.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 29, writes: 5, commands: 4}
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import from_module


def main():
    spec = access.argument_spec()
    spec.update(
        config_file=dict(type="path", default="/etc/squid/squid.conf"),
        drop_in=dict(type="path", default="/etc/squid/conf.d/netaccess-chatgpt.conf"),
        list_dir=dict(type="path", default="/etc/squid/netaccess-chatgpt"),
        squid=dict(type="str", default="squid"),
        service_name=dict(type="str"),
        audience=dict(type="dict", options=dict(
            networks=dict(type="list", elements="str", default=[]),
            users=dict(type="list", elements="str", default=[]),
            acls=dict(type="list", elements="str", default=[]),
            everyone=dict(type="bool", default=False),
        )),
        auth_acl=dict(type="str"),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
