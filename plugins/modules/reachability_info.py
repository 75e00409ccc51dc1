#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: reachability_info
short_description: Probe from a managed host which parts of ChatGPT are reachable, and what decrypts or blocks them
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Probes every host in O(probes) from the managed host, all at the same time. It tests DNS, TCP, the proxy's answer to CONNECT, TLS, HTTP and WebSocket
    and, for voice, UDP. It needs only Python's standard library there.
  - The results are evaluated on the controller. Each check reports the layer that failed, whether TLS is intercepted, and which product blocked it, with the
    evidence.
  - Changes nothing, and sends no credentials other than those for the proxy.
options:
  probes:
    description: What to probe, as the P(netaccess.chatgpt.endpoints#lookup) lookup returns it.
    type: list
    elements: dict
    required: true
  proxy:
    description: >-
      V(direct), V(environment) for the proxy in the environment variables (including C(NO_PROXY)), or the URL of the explicit proxy that users of this host
      use, C(http://host:port).
    type: str
    default: direct
  proxy_user:
    description: User name for the proxy, for Basic authentication. Without it, a proxy that requires authentication is reported as such.
    type: str
  proxy_password:
    description: Password of O(proxy_user).
    type: str
  source_address:
    description: Local address to connect from.
    type: str
  ip_versions:
    description: V(4), V(6), or both. By default V(4), and also V(6) if the host has an IPv6 route to the internet. Through a proxy, the proxy chooses.
    type: list
    elements: int
    choices: [4, 6]
  timeout:
    description: Seconds that each step of a probe may take.
    type: float
    default: 10
  deadline:
    description: >-
      Seconds for all probes together. A probe without an answer by then is an error. The silences of a canary server (option C(canary_silences) of the
      P(netaccess.chatgpt.endpoints#lookup) lookup) plus O(timeout) must fit into it, or the task is refused before it starts.
    type: float
    default: 60
  retries:
    description: Number of retries after the proxy refused a connection. A proxy that reloads closes its ports for a moment.
    type: int
    default: 1
  consecutive:
    description: How many times in a row each probe must pass, each time on a new connection.
    type: int
    default: 1
  ca_path:
    description: PEM file on the managed host with public root certificates, in place of the shipped ones.
    type: path
  resolve:
    description: Addresses to use for host names in place of DNS, to test one device.
    type: dict
    default: {}
  baseline:
    description: >-
      An earlier result of this module from the same host. Hosts of the negative set must be unchanged since then; without a baseline their verdict is
      V(unverified).
    type: dict
  path:
    description: >-
      The device that this host is behind. The keys are C(device), C(audience), C(kind) (V(user), V(server) or V(probe)), and C(proven_by) with one or more
      of C(egress) (egress networks of the traffic behind the device), C(product) (a product that block pages or certificates show), C(issuer) (a regular
      expression for the name of its inspection CA) and C(proxy) (the URL of the explicit proxy). If no result, now or in O(baseline), proves the path,
      passing checks are V(unverified).
    type: dict
  features:
    description: Features of the catalogue that must work, for example V(chat) and V(upload). By default all.
    type: list
    elements: str
    default: []
  levels:
    description: Levels of the entries that count for the verdict.
    type: list
    elements: str
    choices: [required, optional, telemetry]
    default: [required, optional]
  wait:
    description: >-
      Seconds to keep probing, each time on new connections, while a check fails that must pass. Some products take minutes until a change is in force
      everywhere.
    type: float
    default: 0
  wait_interval:
    description: >-
      Seconds between two rounds of probes. If something differs from O(baseline), but nothing is newly open or no longer inspected, the host probes once
      more after this time.
    type: float
    default: 5
  evidence:
    description: Also return what was observed at every layer, as C(observations) of each check. This takes some hundred kilobytes.
    type: bool
    default: false
  resolver:
    description: >-
      Address of a second resolver to ask for each name as well, to distinguish a name that is filtered from one that does not exist. Use a public resolver
      only to test one host, not as a fix for a network.
    type: str
  host_facts:
    description: >-
      Also report what on the host affects its connection to the internet: gateway agents, VPNs, proxies, a PAC file, entries of its hosts file, its
      resolvers, its clock, and the version of the macOS app. Users and other processes are not reported.
    type: bool
    default: true
  pac_url:
    description: >-
      URL of the PAC file that browsers on this network use. It is downloaded, hashed and searched for the probed names, but not executed; set the proxy that
      it selects in O(proxy). By default the one in the system settings, on macOS and Windows.
    type: str
  signatures:
    description: >-
      Custom rules for block pages, which are tried before the shipped ones. Each has C(product), and one or more of C(status), C(header) (a name and a
      regular expression), C(body), C(issuer_cn), C(issuer_o) and C(address) (networks that a name resolves to).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: Changes nothing.
  platform:
    platforms: posix
    support: full
notes:
  - A probe from a server is not a browser on a laptop. Roaming agents, HTTP/3 and user authentication are not tested.
  - Each probe takes one connection if nothing fails.
  - To your own canary server it sends dummy values in the headers Authorization, Cookie, Origin and OpenAI-Beta, to check that they arrive unchanged.
seealso:
  - plugin: netaccess.chatgpt.endpoints
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Probe through the branch proxy
  netaccess.chatgpt.reachability_info:
    probes: "{{ lookup('netaccess.chatgpt.endpoints', cost='quick') }}"
    proxy: http://proxy.example.com:3128
  register: seen

- name: Print the verdicts
  ansible.builtin.debug:
    msg: "{{ ({inventory_hostname: seen} | netaccess.chatgpt.verdict_table).splitlines() }}"
"""

RETURN = r"""
checks:
  description: >-
    One check for each probe and IP version. C(detail) has additional information, such as the longest silence that a connection survived. C(resolvers) are
    those that resolved the name; it is empty if a proxy did, or the hosts file (flag C(hosts_file)). With O(evidence), C(observations) has what was observed
    at every layer.
  returned: always
  type: list
  elements: dict
  sample:
    - id: chatgpt_trace
      host: chatgpt.com
      role: wanted
      via: proxy
      verdict: fail
      layer: http
      failure: http_block_page
      interception: intercepted_untrusted
      issuer: {cn: Example Inspection CA, o: Example Company}
      inspected_by: null
      blocked_by:
        product: Squid
        where: inside TLS
        status: 403
        confidence: high
        evidence: ['x-squid-error: ERR_ACCESS_DENIED 0']
      written_by: null
      state: shut
      answer: null
      detail: null
      flags: [blocked]
      addresses: []
      resolvers: []
      egress: null
      message: >-
        chatgpt.com: blocked by Squid (status 403, inside TLS); decrypted by 'Example Inspection CA', which this host does not trust
summary:
  description: >-
    The verdict for the host and for each feature, counts, the wanted checks that count for the verdict (ID and IP version), whether the exemption is
    C(proven), C(untested) (nothing on this path is inspected) or C(missing), whether the macOS app, which accepts few certificate authorities, would accept
    this path, and a summary in one line.
  returned: always
  type: dict
  sample:
    verdict: pass
    features: {chat: pass, login: pass}
    counts: {fail: 0, error: 0, origin: 0, unverified: 0, skipped: 0, pass: 31}
    counted: [[chatgpt_trace, null], [chatgpt_ws, null]]
    exemption: proven
    macos_app: {verdict: likely, reason: "every reached host presents the origin's own certificate"}
    message: all 31 wanted checks pass
connections:
  description: Number of connections that were opened.
  returned: always
  type: int
  sample: 41
threads:
  description: Number of probes that ran at the same time.
  returned: always
  type: int
  sample: 39
host:
  description: >-
    What on the host affects its connection to the internet. C(trust_store) is the source of the host's own trusted certificates, which are used after the
    public ones in RV(roots); on macOS it includes the system keychains. C(clock_skew_s) is how many seconds its clock is ahead of the C(Date) headers of the
    origins, or null if there were none.
  returned: with O(host_facts)
  type: dict
  sample:
    system: Linux
    python: 3.12.3
    trust_store: [/usr/lib/ssl/certs]
    clock: '2026-11-24T08:00:00Z'
    clock_skew_s: 0
    resolvers: [192.0.2.53]
    hosts_file: {}
    proxies: {https: 'http://proxy.example.com:3128'}
    proxy_variables: {HTTPS_PROXY: 'http://proxy.example.com:3128', NO_PROXY: localhost}
    no_proxy: localhost
    pac: null
    route: {interface: eth0, mtu: 1500, tunnel: false}
    agents:
      - {name: Zscaler Client Connector, state: running, seen: zstunnel}
    app: null
path:
  description: Whether it is proven that this host is behind the device.
  returned: with O(path)
  type: dict
  sample: {device: proxy1, audience: staff, kind: user, proven: true, message: 'behind proxy1: it leaves by 203.0.113.7'}
notes:
  description: Notes on this host or its network path, the most important first.
  returned: always
  type: list
  elements: dict
  sample:
    - {id: agent, text: 'Zscaler Client Connector runs here, so the results of this host may reflect the policy of that agent and not of the network'}
roots:
  description: The public root certificates that were used, and their date.
  returned: always
  type: dict
  sample: {source: shipped, date: '2026-10-18'}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import ARGUMENTS, OptionError, observe


def main():
    module = AnsibleModule(
        argument_spec=dict(
            ARGUMENTS,
            baseline=dict(type="dict"),
            path=dict(type="dict"),
            features=dict(type="list", elements="str", default=[]),
            levels=dict(type="list", elements="str", choices=["required", "optional", "telemetry"], default=["required", "optional"]),
            wait=dict(type="float", default=0),
            wait_interval=dict(type="float", default=5),
            evidence=dict(type="bool", default=False),
            signatures=dict(type="list", elements="dict", default=[]),
        ),
        supports_check_mode=True,
    )
    try:
        seen = observe(module.params)
    except OptionError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **seen)


if __name__ == "__main__":
    main()
