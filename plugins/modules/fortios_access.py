#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: fortios_access
short_description: Allow ChatGPT on a FortiGate and exempt it from SSL inspection
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Allows the hosts in O(config.allow) for the users of O(audience) by URL filter entries with the action C(exempt) in their web filter profiles, and
    exempts those in O(config.exempt) from decryption by a group of wildcard FQDNs in their SSL inspection profiles.
  - A web filter profile has one URL filter. If a profile has none, the module creates one and links it. Otherwise the entries go into the existing one,
    above the entries that block a wanted host; the rest of it stays unchanged.
  - FortiOS has no commit, so every write takes effect immediately. The exemption is written before the entries that allow. An existing list is changed only
    if its table did not change since it was read, and everything is read back. A failed change is rolled back.
extends_documentation_fragment:
  - netaccess.chatgpt.access
  - netaccess.chatgpt.connection
options:
  host:
    description: Host name or address of the management interface. In a cluster, the address of the cluster. Environment variable E(FORTIOS_HOST).
    type: str
    required: true
  port:
    description: HTTPS port of the API.
    type: int
    default: 443
  access_token:
    description:
      - API token of a REST API administrator. It is sent in a header, never in a URL. Environment variable E(FORTIOS_ACCESS_TOKEN).
      - Its access profile needs to write C(utmgrp.webfilter), C(fwgrp.address) and C(fwgrp.others), and to read C(fwgrp.policy) and C(sysgrp.cfg). With
        O(scan_conflicts) it also needs to read the rest of C(utmgrp), and C(fwgrp.service). With O(clone_builtin), and if O(config) has C(media), it also
        needs to write policies, addresses and services. O(state=replaced), O(state=deleted), O(state=gathered) and O(state=reverted) read these in any case,
        because they look for every managed object.
      - In an HA cluster a token belongs to one member.
    type: str
    required: true
  vdom:
    description: Name of the VDOM.
    type: str
    default: root
  audience:
    description:
      - Who gets access. The suboptions are combined.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      policies:
        description: >-
          Names of firewall policies whose users get access, or C(policy 7) for the policy with ID 7 if it has no name. The profiles of these policies are
          changed; if another policy uses one of them, that is RV(audience_widened).
        type: list
        elements: str
        default: []
      webfilter_profiles:
        description: Names of web filter profiles to change, for all policies that use them.
        type: list
        elements: str
        default: []
      ssl_profiles:
        description: Names of SSL inspection profiles to change, for all policies that use them.
        type: list
        elements: str
        default: []
  prefix:
    description: >-
      Name of the managed URL filter, group of wildcard FQDNs and local category, and the start of the names of the wildcard FQDNs and of the objects for
      voice.
    type: str
    default: chatgpt
  url_filter_exempt:
    description:
      - What the entries with the action C(exempt) exempt from. V(fortiguard) is needed for an entry to override a blocked FortiGuard category. Each further
        value disables a control for these hosts, which is reported in RV(losses).
    type: list
    elements: str
    choices: [fortiguard, av, web-content, activex-java-cookie, dlp, range-block, pass, antiphish, all]
    default: [fortiguard]
  clone_builtin:
    description: >-
      If a policy uses a built-in SSL inspection profile, which is read-only, clone it under this name and assign the clone to the policies of O(audience).
      By default such a profile is an error.
    type: str
  exempt_by:
    description:
      - How the exemption from SSL inspection matches.
      - V(wildcard_fqdn) is a group of wildcard FQDNs. In flow mode it matches by name. In proxy mode it matches by IP address, so it also exempts other
        sites at the same address, which is reported in RV(audience_widened).
      - V(local_category) is a local category with a rating override for each host. It matches by name in both modes, and does not affect web filtering,
        because no profile assigns it an action. That the rating of a domain also applies to its subdomains is assumed and not confirmed by any source, so
        verify it from a probe host.
    type: str
    choices: [wildcard_fqdn, local_category]
    default: wildcard_fqdn
  scan_conflicts:
    description:
      - Read what else decides for the audience, and report what blocks, or may block, a wanted host. That is the policies above, with their addresses and
        services, DNS filters, application control profiles with the names of their signatures, inline CASB, and the transparent proxy policies if a policy
        redirects traffic to them.
      - With V(false), RV(coverage) is C(unchecked) at best.
    type: bool
    default: true
  accept_fortimanager_managed:
    description: >-
      Write to a FortiGate that a FortiManager manages. The next installation from there may overwrite the change. By default the task stops before its first
      write.
    type: bool
    default: false
attributes:
  platform:
    support: full
    platforms: posix
    description: FortiOS 7.0 to 7.6, developed against a simulator that is checked with the requests of the vendor's own modules; not yet run on a device.
notes:
  - A policy counts as applying to everybody only if every column that limits it is understood. Possible conflicts are in RV(conflicts) with C(certain)
    false, and the coverage of their hosts is C(unchecked). Only the device itself can evaluate, for example, internet services, geography, schedules, tags,
    regular expressions and FortiGuard categories.
  - A VDOM in policy-based NGFW mode is refused, because web filter profiles have no effect there.
  - URL filter entries have the type C(wildcard), never C(simple), which in flow mode matches any host that contains the text. Sources disagree on whether
    C(*.example.com) matches C(example.com) itself; the wider reading is assumed and reported.
  - The managed entries in an existing URL filter are recognised by their ID, from 1862300000 on. An entry that O(unblock) disabled has 1862400000 added to
    its ID until it is enabled again.
  - Voice needs a firewall policy. For each policy in O(audience) the module creates one with the same users and profiles that allows only the published
    addresses and UDP port, below that policy and above the first deny policy that would match its packets. IPv6 addresses are left to RV(manual).
  - In a cluster only the primary is written to, if the device reports which member that is.
"""

EXAMPLES = r"""
- name: Allow ChatGPT for the users of one policy and exempt it from SSL inspection
  netaccess.chatgpt.fortios_access:
    host: fgt-a.example.com
    access_token: "{{ vault_fortios_access_token }}"
    config: "{{ lookup('netaccess.chatgpt.policy') }}"
    audience:
      policies: [Staff to Internet]
    comment: CHG0012345

- name: Audit without writing anything
  netaccess.chatgpt.fortios_access:
    host: fgt-a.example.com
    access_token: "{{ vault_fortios_access_token }}"
    vdom: branch
    config: "{{ lookup('netaccess.chatgpt.policy', version='latest') }}"
    audience:
      policies: [Staff to Internet]
    state: replaced
  check_mode: true
  diff: true

- name: Roll back the change
  netaccess.chatgpt.fortios_access:
    host: fgt-a.example.com
    access_token: "{{ vault_fortios_access_token }}"
    state: reverted
    journal: /var/lib/netaccess/20260311T101500Z-fortios-1f2e3d4c.json
"""

RETURN = r"""
changes:
  description: Changes to the product's objects that were made, or in check mode would be.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - kind: URL filter
      name: chatgpt
      op: update
      members:
        entries:
          added: ['*.oaistatic.com']
          removed: []
summary:
  description: The changes in one line.
  returned: always, except for O(state=rendered)
  type: str
  sample: created 21 wildcard FQDNs, 1 wildcard FQDN group (+21), 1 TLS exemption, 1 URL filter (+39), 1 web filter link
product:
  description: Id of the product.
  returned: always, except for O(state=rendered)
  type: str
  sample: 'fortios'
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
  sample: FortiOS 7.4.8
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
  sample: {write: true, why: the access profile netaccess may write}
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
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-fortios-0a1b2c3d.json']
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
    - journal: /home/deploy/.netaccess/journals/20261124T220000Z-fortios-0a1b2c3d.json
      started: '2026-11-24T22:00:00Z'
      baseline: {}
proven:
  description: Journals that were marked as proven.
  returned: when O(state=proven)
  type: list
  elements: str
  sample: ['/home/deploy/.netaccess/journals/20261124T220000Z-fortios-0a1b2c3d.json']
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
      allowed_by: URL filter chatgpt
      exempt: 'yes'
      exempt_by: wildcard FQDN group chatgpt
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
    - id: 'fortios-5f0c1d7a3b'
      effect: deny
      where: 'DNS filter row corporate: wildcard *chatgpt.com'
      text: wildcard *chatgpt.com block
      hosts: ['.chatgpt.com']
      certain: true
      opens: every other host that this row blocks
      remedy:
        - kind: DNS filter row
          name: 'corporate: wildcard *chatgpt.com'
          op: update
          fields:
            status: {old: enable, new: disable}
losses:
  description: Security controls that the exemption disables for a wanted host.
  returned: always, except for O(state=rendered)
  type: list
  elements: dict
  sample:
    - control: av
      rule: av-profile default of policy Web
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
  sample: ['voice (voice_openai: UDP 3478 to 23 published addresses (feed of 2026-03-26)): its IPv6 addresses are left out; add a policy for them']
activation:
  description: Whether the configuration had to be saved. Every write takes effect immediately.
  returned: after an activation
  type: list
  elements: dict
  sample:
    - target: fgt-a.example.com:443
      status: in force
      saved: automatic
journal:
  description: The journal of this run, for O(state=reverted).
  returned: when something was written
  type: str
  sample: /root/.netaccess/journals/20260311T101500Z-fortios-1f2e3d4c.json
requests:
  description: What this run cost in read and write requests, connections, and seconds of waiting.
  returned: always, except for O(state=rendered)
  type: dict
  sample: {reads: 19, writes: 20, waited: 0, connections: 1}
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
  description: What the SSL inspection profiles do with HTTP/3, with encrypted server names (ECH), and with names that do not match the certificate.
  returned: always, except for O(state=rendered)
  type: dict
  sample:
    ssl_profiles:
      deep-corporate: {quic: block, encrypted-client-hello: block, sni-server-cert-check: enable}
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as access
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.adapter import from_module


def main():
    names = dict(type="list", elements="str", default=[])
    spec = dict(access.argument_spec(), **access.connection_spec())
    spec.update(
        host=dict(type="str", required=True, fallback=(env_fallback, ["FORTIOS_HOST"])),
        port=dict(type="int", default=443),
        access_token=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["FORTIOS_ACCESS_TOKEN"])),
        vdom=dict(type="str", default="root"),
        audience=dict(type="dict", options=dict(policies=names, webfilter_profiles=names, ssl_profiles=names)),
        prefix=dict(type="str", default="chatgpt"),
        url_filter_exempt=dict(type="list", elements="str", default=["fortiguard"], choices=[
            "fortiguard", "av", "web-content", "activex-java-cookie", "dlp", "range-block", "pass", "antiphish", "all"]),
        clone_builtin=dict(type="str"),
        exempt_by=dict(type="str", choices=["wildcard_fqdn", "local_category"], default="wildcard_fqdn"),
        scan_conflicts=dict(type="bool", default=True),
        accept_fortimanager_managed=dict(type="bool", default=False),
    )
    module = AnsibleModule(argument_spec=spec, required_if=access.required_if(), supports_check_mode=True)
    access.run(module, lambda: from_module(module))


if __name__ == "__main__":
    main()
