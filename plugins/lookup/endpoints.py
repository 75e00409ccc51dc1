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
  - Turns the selected entries into probes for M(netaccess.chatgpt.reachability_info), and adds the negative set (hosts that must stay unchanged) and the
    control hosts (not exempt, so they show whether a path is inspected).
  - Give it the same options as P(netaccess.chatgpt.policy#lookup), so that it probes what was pushed.
extends_documentation_fragment:
  - netaccess.chatgpt.selection
options:
  _terms:
    description: Not used.
    required: false
  cost:
    description: The quick set, about one probe for each feature, or all.
    type: str
    default: full
    choices: [quick, full]
  udp:
    description: >-
      Also ask the published voice addresses over UDP (STUN). It is not published whether these servers answer everybody, so no answer is V(unverified) for
      the feature and does not count for the host; compared with a control host it does.
    type: bool
    default: true
  canary:
    description: >-
      Host, or host and port, of your own canary outside the company (C(netaccess-probe.pyz canary)), which shows whether large uploads arrive
      whole, events come as they are sent, cookies and a dummy Authorization header pass unchanged, and WebSockets carry frames. Apply the same policy to its
      name as to OpenAI's names.
    type: str
  canary_silences:
    description: >-
      Seconds, for example V([30, 120, 300]), at most eight times of at most 900. For each value a stream and a WebSocket of O(canary) are opened, stay
      silent that long, all at the same time, and must then deliver data; the check reports the longest silence that worked and when the next one was cut
      off. One more connection of each kind carries data every second, which tells a limit on silence from a limit on the age of a connection.
      Choose the values yourself, because it is not published how long ChatGPT's own connections stay silent. A run takes as long as the longest value,
      so raise the option C(deadline) of M(netaccess.chatgpt.reachability_info) accordingly. By default no silence is tested.
    type: list
    elements: float
    default: []
  turn:
    description: >-
      Host, or host and port, of a TURN server over TLS, which voice uses where UDP is blocked. The probe requests a relay without credentials and expects
      the server to require them. No public one is published, so there is no default.
    type: str
  roles:
    description: Only V(wanted), V(negative) or V(control) probes.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Probe the quick set from a managed host
  netaccess.chatgpt.reachability_info:
    probes: "{{ lookup('netaccess.chatgpt.endpoints', cost='quick') }}"

- name: Find out how long a connection may stay silent, with a canary of your own
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
