# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: endpoints
short_description: Build the probes for a managed host, including hosts that must stay unchanged
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Builds the probes for M(netaccess.chatgpt.reachability_info) from the selected entries, and adds the negative set (hosts that must stay unchanged) and
    the control hosts (hosts that are not exempt, which show whether a path is inspected).
  - Set the same options as for the P(netaccess.chatgpt.policy#lookup) lookup, so that the probes match the policy.
extends_documentation_fragment:
  - netaccess.chatgpt.selection
options:
  _terms:
    description: Not used.
    required: false
  cost:
    description: V(quick) is about one probe for each feature, V(full) is all probes.
    type: str
    default: full
    choices: [quick, full]
  udp:
    description: >-
      Also send STUN requests to the published voice addresses over UDP. Whether these servers answer everybody is not published, so no answer is
      V(unverified) for the feature and does not count for the host, unless a control host gets an answer.
    type: bool
    default: true
  canary:
    description: >-
      Host, or host and port, of your own canary server outside the company (C(netaccess-probe.pyz canary)). It shows whether large uploads arrive complete,
      events arrive as they are sent, cookies and a dummy Authorization header pass unchanged, and WebSockets carry frames. Apply the same policy to its name
      as to OpenAI's names.
    type: str
  canary_silences:
    description:
      - Seconds of silence to test on connections to O(canary), for example V([30, 120, 300]); at most eight values of at most 900. By default none. It is
        not published how long ChatGPT's own connections stay silent, so choose the values yourself.
      - For each value, one stream and one WebSocket stay silent that long, all at the same time, and must then deliver data. The check reports the longest
        silence that worked, and when the next one was cut off. One more connection of each kind carries data every second, to distinguish a limit on silence
        from a limit on the age of a connection.
      - A run takes as long as the longest value, so increase the option C(deadline) of M(netaccess.chatgpt.reachability_info) accordingly.
    type: list
    elements: float
    default: []
  turn:
    description: >-
      Host, or host and port, of a TURN server over TLS, which voice uses if UDP is blocked. The probe requests a relay without credentials and expects the
      server to demand them. There is no default, because no public server is published.
    type: str
  roles:
    description: Return only probes of these roles, any of V(wanted), V(negative) and V(control). By default all.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Probe the quick set from a managed host
  netaccess.chatgpt.reachability_info:
    probes: "{{ lookup('netaccess.chatgpt.endpoints', cost='quick') }}"

- name: Measure how long a connection may stay silent, with your own canary server
  netaccess.chatgpt.reachability_info:
    probes: "{{ lookup('netaccess.chatgpt.endpoints', cost='quick', canary='canary.example.net', canary_silences=[30, 60, 120, 300]) }}"
    deadline: 330
"""

RETURN = r"""
_raw:
  description: One list of probes.
  type: list
  elements: list
  sample:
    - - id: chatgpt_trace
        host: chatgpt.com
        port: 443
        kind: https
        path: /cdn-cgi/trace
        entry: chatgpt
        pattern: .chatgpt.com
        features: [chat]
        level: required
        role: wanted
        exempt: true
        expect: {status: [200], content_type: text/plain, body: '(?m)^h=chatgpt\.com$'}
        options: {}
        cost: quick
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, endpoint_probes
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.selection import catalogue, given, selection


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if terms:
            raise AnsibleLookupError("netaccess.chatgpt.endpoints takes options, for example cost='quick', and no terms")
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        try:
            given(kwargs, options)
            return [endpoint_probes(catalogue(options), selection(options), options["cost"], options["roles"], options["udp"], options["canary"],
                                    options["turn"], silences=options["canary_silences"])]
        except CatalogueError as error:
            raise AnsibleLookupError("netaccess.chatgpt.endpoints: %s" % error) from None
