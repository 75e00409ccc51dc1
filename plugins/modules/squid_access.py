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
  - Opens the hosts in O(config.allow) for O(audience) on port 443 and splices (does not decrypt) those in O(config.exempt), in one
    change with one reload.
  - Writes one drop-in file and its list files. The site's own configuration is read, never rewritten, with one exception. A single
    line of it is commented out when its id is named in O(unblock).
  - The candidate configuration is parsed by Squid itself before anything is replaced; a new warning is a failure, the site's old
    ones are not. Reloads go through C(squid -k reconfigure) alone, which keeps the running policy when the new one is broken.
  - Runs on the proxy host and needs no root when the files and the running Squid belong to the user.
extends_documentation_fragment:
  - netaccess.chatgpt.access
options:
  config_file:
    description: Squid's main configuration file.
    type: path
    default: /etc/squid/squid.conf
  drop_in:
    description:
      - Our file. The main configuration has to include it, below its port and authentication rules and above the rules that deny or
        decrypt; where it stands decides what it can open. An include that comes too late is reported as a conflict.
    type: path
    default: /etc/squid/conf.d/netaccess-chatgpt.conf
  list_dir:
    description: Folder of our list files; it is created when missing.
    type: path
    default: /etc/squid/netaccess-chatgpt
  squid:
    description: The Squid program.
    type: str
    default: squid
  service_name:
    description: Name of the instance when Squid runs with C(-n).
    type: str
  audience:
    description:
      - Who gets access. The parts narrow each other, like the columns of a firewall rule; the entries of one part add up.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      networks:
        description: Client addresses or networks, IPv4 or IPv6, in CIDR form.
        type: list
        elements: str
        default: []
      users:
        description: Names as the site's proxy authentication knows them.
        type: list
        elements: str
        default: []
      acls:
        description: Names of ACLs in the site's configuration.
        type: list
        elements: str
        default: []
      everyone:
        description: >-
          Every client that the site itself serves, that is the client ACLs of its own C(http_access allow) rules. Never every
          address.
        type: bool
        default: false
  auth_acl:
    description:
      - The site's ACL that requires authentication. By default it is found in the site's own rules; name it when there are several.
    type: str
attributes:
  platform:
    support: full
    platforms: posix
    description: Squid 5 or newer built with OpenSSL; tested on 5.7.
  action_group:
    support: full
    membership:
      - netaccess.chatgpt.all
    description: Use C(group/netaccess.chatgpt.all) in C(module_defaults) to set options for all access modules.
notes:
  - Voice over UDP does not pass through Squid; RV(manual) says what to open on the firewall.
  - For spliced connections Squid compares the name in the TLS handshake with the list. In explicit mode it also compares the name in the
    CONNECT request; an intercepted connection has none, and there Squid itself refuses a name whose DNS addresses are not where the
    client is going, so clients and Squid have to ask the same resolver. Nobody but the client checks the server's certificate.
  - On intercepting ports (C(intercept), C(tproxy)) every connection of the audience is peeked at, since its name is not known before;
    what then happens to other hosts is still decided by the site's own rules.
  - Reloading closes Squid's listening sockets for a moment; new connections are refused for about a tenth of a second, and for about
    a second with 50,000 list entries. Existing connections go on, under the policy that they were opened with.
seealso:
  - plugin: netaccess.chatgpt.policy
    plugin_type: lookup
  - module: netaccess.chatgpt.reachability_info
"""

EXAMPLES = r"""
- name: Open ChatGPT for the office network and leave its TLS alone
  netaccess.chatgpt.squid_access:
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      networks:
        - 10.20.0.0/16
    comment: CHG0012345
  register: opened

- name: Audit, which writes nothing
  netaccess.chatgpt.squid_access:
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      everyone: true
    state: replaced
  check_mode: true
  diff: true

- name: Take the change back
  netaccess.chatgpt.squid_access:
    state: reverted
    journal: "{{ opened.journal }}"
"""

RETURN = r"""
changes:
  description: The deltas on native objects that were made, or would be made in check mode.
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
          new: [netaccess_client, netaccess_port, netaccess_allow_host, '!netaccess_allow_except']
summary:
  description: One line for people.
  returned: always, except for O(state=rendered)
  type: str
  sample: create 2 lists (+53), create 9 acls, create 5 rules
planned_steps:
  description: How many steps (requests that write, on Squid files and one check) this plan takes; known before the first one, in check mode too.
  returned: for states that write
  type: int
  sample: 5
reversal:
  description: What taking this plan back would cost, known before the first write - how many requests that write, and how many activations.
  returned: for states that write
  type: dict
  sample: {writes: 1, activations: 1}
earlier:
  description: Journals of the earlier stages of the same rollout that are not taken back yet, the last one first.
  returned: for O(state=reverted)
  type: list
  elements: str
  sample: []
release:
  description: The product and its release, as the device tells it in what is read anyway; empty where it does not.
  returned: always, except for O(state=rendered)
  type: str
  sample: Squid 5.7
policy_version:
  description: Version of the catalogue that the policy was selected from.
  returned: always, except for O(state=rendered)
  type: str
  sample: '2026-07-25'
limits:
  description: What the product allows of writes, deletes and activations, in words; empty where no limit is known.
  returned: always, except for O(state=rendered)
  type: str
  sample: ''
exclusive:
  description: What keeps a second run away from the device while one writes, in words; empty when nothing does, so that a pipeline has to.
  returned: always
  type: str
  sample: ""
propagation:
  description: Seconds that it may take after the activation until the change is in force everywhere; RV(propagation=0) means at once.
  returned: always, except for O(state=rendered)
  type: int
  sample: 0
permissions:
  description: >-
    Whether the account may C(write) what a change writes, and C(why) that is said; C(write) is null where the product does not tell.
    Nothing is written for it.
  returned: in check mode, when there is something to write
  type: dict
  sample: {write: true, why: this user may write to the folders of our files}
held_by:
  description: Who holds a lock that keeps a run from writing now, where the product tells.
  returned: in check mode, when there is something to write
  type: list
  elements: str
  sample: []
would_stop:
  description: In check mode, why a real run would stop before its first write.
  returned: in check mode, when it would
  type: str
unfinished:
  description: Journals of runs on this device that did not come to their end (killed, or still under way), since the last one that did.
  returned: when there are any
  type: list
  elements: str
  sample: [/home/deploy/.netaccess/journals/20261124T220000Z-product-0a1b2c3d.json]
plan_digest:
  description: Identifies this plan on this device; copy it into O(expected_plan) of the real run.
  returned: for states that write
  type: str
  sample: 6f1c0a3e2d0f4f7f8d0d2f6d5d3b1a90c0f6b6a7f1f0a9d0e2c7b8a9d6e5f4c3
coverage:
  description: >-
    What is in force for each wanted pattern after the run. V(unchecked) where the site's own rules were not looked at, or where one of them shuts a part
    of it or some of the people; the note says which. With more than 1,000 patterns only those that are not as wanted.
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
  description: Counts of RV(coverage).
  returned: when O(config) is given
  type: dict
  sample: {wanted: 35, allowed: 35, exempt_wanted: 18, exempt: 18}
conflicts:
  description: Lines of the site that still deny, decrypt or strip cookies from a wanted host, with the id for O(unblock).
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - id: squid-5f0c1d7a3b
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
  description: Controls that the exemption switches off for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: /etc/squid/squid.conf:60 adaptation_access scan
      hosts: ['.chatgpt.com']
pending:
  description: >-
    Whose edits wait on the device for an activation. V(ours) (an earlier run was stopped before it), V(foreign), or nothing.
  returned: always, except for O(state=rendered)
  type: str
  sample: null
stale:
  description: Entries in our lists that the policy has retired.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
foreign:
  description: Entries in our lists that the policy never had, for example added by hand.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample: []
audience_widened:
  description: Why more people than O(audience) names are reached.
  returned: always, except for O(state=rendered)
  type: list
  elements: str
  sample: []
manual:
  description: Steps for which the product has no way, for people to do.
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
  description: The file that O(state=reverted) needs.
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-squid-1f2e3d4c.json
requests:
  description: What this run cost, counted.
  returned: always
  type: dict
  sample: {reads: 29, writes: 5, commands: 4}
gathered:
  description: Our objects as the device holds them.
  returned: for O(state=gathered)
  type: list
  elements: dict
  sample: []
rendered:
  description: The steps for a device that holds nothing of ours.
  returned: for O(state=rendered)
  type: list
  elements: dict
  sample: []
failure:
  description: The class of the failure, what was applied, what was undone, and the journal that remains.
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
