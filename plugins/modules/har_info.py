#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: har_info
short_description: Analyse a browser's HAR file, and write a redacted copy
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Reads a HAR 1.2 file on the controller and reports which requests were blocked, decrypted, cut off or rewritten, by which product, for which entry of the
    catalogue, and which hosts the catalogue does not contain.
  - Nothing passes without a mark of the origin. That is a header that its network adds to every answer, a certificate of a public CA, or, if no such header
    is known, the requested type of content. Without one the result is V(unverified), or a block if the origin would have left its mark.
  - Reads one log entry at a time, so even a file of hundreds of megabytes takes no more memory than its largest entry.
  - Browsers leave certificates, and often cookies, out of a HAR file, so their absence proves nothing.
  - With O(redacted) it writes a copy with only what is known to be harmless. Bodies, cookies, tokens, query values, IDs and file names in paths, and the
    hosts, CAs and addresses in your O(overlays) and O(signatures) are removed.
options:
  path:
    description: The HAR file. Record it in the browser's developer tools while the problem happens.
    type: path
    required: true
  redacted:
    description: Where to write the redacted copy, with mode 0600. In check mode it is not written.
    type: path
  overlays:
    description: Overlays of the catalogue, as for the P(netaccess.chatgpt.policy#lookup) lookup.
    type: list
    elements: raw
    default: []
  signatures:
    description: Custom rules for block pages and inspection CAs, as for M(netaccess.chatgpt.reachability_info).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
    support: full
seealso:
  - plugin: netaccess.chatgpt.diagnose
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Analyse a file from a user, and keep a redacted copy for the ticket
  netaccess.chatgpt.har_info:
    path: /srv/evidence/chatgpt.com.har
    redacted: /srv/evidence/chatgpt.com-redacted.har
  register: har

- name: Print the status
  ansible.builtin.debug:
    var: har.message
"""

RETURN = r"""
checks:
  description: >-
    For each host of the catalogue, one check for each kind of fault, or one that says that the host answers. Hosts that the catalogue only knows from
    practice have one if they fail. The format is that of M(netaccess.chatgpt.reachability_info), with C(origin) as an additional verdict, so
    P(netaccess.chatgpt.diagnose#filter) accepts the result as that of a host.
  returned: always
  type: list
  elements: dict
  sample:
    - id: chatgpt.com:https:http_block_page
      host: chatgpt.com
      entry: chatgpt
      features: [chat]
      verdict: fail
      layer: http
      failure: http_block_page
      blocked_by:
        product: Squid
        where: HAR
        status: null
        confidence: high
        evidence: ['x-squid-error: ERR_ACCESS_DENIED 0']
      written_by: null
      flags: []
      message: >-
        chatgpt.com: blocked by Squid (status 403; x-squid-error: ERR_ACCESS_DENIED 0), 2 of 2 requests, first at 2026-11-24T08:00:00.000Z
summary:
  description: Verdicts for the whole file and for each feature, as of M(netaccess.chatgpt.reachability_info).
  returned: always
  type: dict
  sample:
    verdict: fail
    features: {chat: fail}
unlisted:
  description: >-
    Hosts that are in no version of the catalogue, with the numbers of requests and of failures, those with failures first. C(known_as) says what the
    catalogue knows about a host that is seen in practice but is on no list.
  returned: always
  type: list
  elements: dict
  sample:
    - {host: accounts.google.com, requests: 3, failed: 0, known_as: Sign-in with Google}
issuers:
  description: >-
    Issuers of the certificates that the browser saw, if the file contains them, with the hosts of the catalogue. If one of them is your own inspection CA,
    add its name to O(signatures).
  returned: always
  type: dict
  sample: {WE1: [chatgpt.com]}
conclusion:
  description:
    - What the file shows as a whole. If a host has several faults, the one on the highest layer counts, because the connection got that far; of several
      hosts, the fault on the lowest layer decides.
    - V(works), V(origin) (the network allows it, but the origin itself refuses, challenges or limits), V(blocked), V(intercepted), V(sign_in) (at a
      gateway), V(proxy_auth), V(proxy_limit), V(proxy_error) (the proxy failed, and no policy blocked it), V(stream_cut), V(stream_buffered), V(host) (the
      machine or its browser), or the layer of the fault, V(dns), V(tcp), V(proxy), V(tls), V(quic) or V(http).
    - V(unverified) if nothing proves that it works, V(not_network) if the page or the browser cancelled its requests, V(unlisted) if only hosts outside
      every list failed, and V(nothing) if the file has no requests to ChatGPT.
  returned: always
  type: str
  sample: blocked
next:
  description: What to change, or what to ask.
  returned: always
  type: str
  sample: run squid_access; if an existing rule still blocks, add its conflict id to squid_access.unblock
unreadable:
  description: Number of malformed log entries, which were skipped.
  returned: always
  type: int
  sample: 0
requests:
  description: Number of requests in the file.
  returned: always
  type: int
  sample: 214
first:
  description: When the first request began, according to the file.
  returned: always
  type: str
  sample: '2026-11-24T08:00:00.000Z'
last:
  description: When the last request began.
  returned: always
  type: str
  sample: '2026-11-24T08:01:12.345Z'
redacted:
  description: Path of the redacted copy.
  returned: always
  type: str
  sample: /srv/evidence/chatgpt.com-redacted.har
message:
  description: The result in one line.
  returned: always
  type: str
  sample: >-
    214 requests, 6 hosts of the catalogue. chatgpt.com: blocked by Squid (status 403; x-squid-error: ERR_ACCESS_DENIED 0), 2 of 2 requests, first at
    2026-11-24T08:00:00.000Z. Next: run squid_access; if an existing rule still blocks, add its conflict id to squid_access.unblock
"""
