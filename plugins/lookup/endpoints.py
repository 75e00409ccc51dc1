# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: endpoints
short_description: What to probe from a managed host, and what must stay as it is
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Turns the selected entries into probes for M(netaccess.chatgpt.reachability_info), and adds the negative set (hosts that must stay as
    they are) and the control hosts (not exempt, so they show whether a path is inspected).
  - Give it the same options as P(netaccess.chatgpt.policy#lookup), so that what is probed is what was pushed.
extends_documentation_fragment:
  - netaccess.chatgpt.selection
options:
  _terms:
    description: None are needed.
    required: false
  cost:
    description: The quick set, about one probe for each feature, or all.
    type: str
    default: full
    choices: [quick, full]
  udp:
    description: >-
      Also ask the published voice addresses over UDP (STUN). Whether these servers answer anybody is not published, so silence is V(unverified) for the
      feature and does not count for the host; compared with a vantage outside it does.
    type: bool
    default: true
  canary:
    description: >-
      Host, or host and port, of a canary of your own outside of the company (C(netaccess-probe.pyz canary)), which shows whether large uploads arrive
      whole, events come as they are sent, cookies and a dummy Authorization header pass unchanged, and WebSockets carry frames. Put its name under the same
      policy as OpenAI's, since policy goes by name.
    type: str
  canary_silences:
    description: >-
      Seconds, for example V([30, 120, 300]), at most eight times of at most 900. For each a stream and a WebSocket of O(canary) are opened, stay silent for so
      long, all of them at once, and have to speak again; the check names the longest silence that lasted and when the next one was cut.
      One more connection of each kind carries a word each second, which tells a limit on silence from one on the age of a connection. Each is a demand of
      yours, since it is not published how long ChatGPT's own connections stay silent. The look takes as long as the longest, and the option C(deadline) of
      M(netaccess.chatgpt.reachability_info) has to leave room for it. By default nothing waits.
    type: list
    elements: float
    default: []
  turn:
    description: >-
      Host, or host and port, of a TURN server that takes TLS, the way that voice takes where UDP is shut. It is asked for a relay without a user, and has
      to say that it wants one. None is published for everybody, so there is none by default.
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
            raise AnsibleLookupError("netaccess.chatgpt.endpoints: %s" % error) from error
