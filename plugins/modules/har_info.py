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
  - Reads a HAR 1.2 file on the controller and says which requests were blocked, decrypted, cut off or rewritten, by which product, for which entry of
    the catalogue, and which hosts are in no version of it.
  - Nothing passes without a mark of the origin - a header that its network puts on every answer, a certificate of a public CA, or, where no such header
    is known, the type that was asked for. Without one it is V(unverified), or a block where the origin would have left its mark.
  - Reads entry by entry, so a file of hundreds of megabytes takes no more memory than its largest entry.
  - What a HAR does not hold is not judged. Exporters leave out certificates and often cookies, so their absence proves nothing.
  - With O(redacted) it writes a copy without anything that is not known to be harmless - bodies, cookies, tokens, values of queries,
    ids and file names in paths, and the hosts, authorities and addresses in your O(overlays) and O(signatures).
options:
  path:
    description: The HAR file. Record it in the browser's developer tools while the problem happens.
    type: path
    required: true
  redacted:
    description: Where to write the copy, mode 0600. In check mode it is not written.
    type: path
  overlays:
    description: Changes to the catalogue, as for P(netaccess.chatgpt.policy#lookup).
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
- name: Look into what a user sent, and keep a copy for the ticket
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
    One for each kind of fault of each host of the catalogue, or one that says that the host answers. Hosts that the catalogue knows beside ChatGPT have one
    when they fail. Of the form that M(netaccess.chatgpt.reachability_info) returns, with the further verdict C(origin), so that
    P(netaccess.chatgpt.diagnose#filter) takes a HAR for a host.
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
    Hosts that no version of the catalogue names, with the number of requests and of those that failed, those with failures first. C(known_as) is what the
    catalogue knows a host as that is seen beside ChatGPT but on no list.
  returned: always
  type: list
  elements: dict
  sample:
    - {host: accounts.google.com, requests: 3, failed: 0, known_as: Sign-in with Google}
issuers:
  description: >-
    Who signed the certificates that the browser saw, where the exporter wrote it down, with the hosts of the catalogue. A name of your own inspection CA
    here goes into O(signatures).
  returned: always
  type: dict
  sample: {WE1: [chatgpt.com]}
conclusion:
  description:
    - What the file shows as a whole, by the fault that got furthest on the lowest layer.
    - C(works), C(origin) (the network allows it, but the origin itself refuses, challenges or limits), C(blocked), C(intercepted), C(sign_in) (at a
      gateway), C(proxy_auth), C(proxy_limit), C(proxy_error) (the proxy failed, and no policy blocked it), C(stream_cut), C(stream_buffered),
      C(host) (the machine or its browser), or the layer of the fault, C(dns), C(tcp), C(proxy), C(tls), C(quic) or C(http).
    - C(unverified) when nothing proves that it works, C(not_network) when the page or the browser gave its requests up, C(unlisted) when only hosts outside
      every list failed, and C(nothing) when nothing in it concerns ChatGPT.
  returned: always
  type: str
  sample: blocked
next:
  description: What to do about it, or what to ask.
  returned: always
  type: str
  sample: run squid_access; if an existing rule still blocks, add its conflict id to squid_access.unblock
unreadable:
  description: Number of malformed log entries, which were not read.
  returned: always
  type: int
  sample: 0
requests:
  description: How many requests the file holds.
  returned: always
  type: int
  sample: 214
first:
  description: When the first request began, as the file says it.
  returned: always
  type: str
  sample: '2026-11-24T08:00:00.000Z'
last:
  description: When the last request began.
  returned: always
  type: str
  sample: '2026-11-24T08:01:12.345Z'
redacted:
  description: Where the copy is.
  returned: always
  type: str
  sample: /srv/evidence/chatgpt.com-redacted.har
message:
  description: One line of text.
  returned: always
  type: str
  sample: >-
    214 requests, 6 hosts of the catalogue. chatgpt.com: blocked by Squid (status 403; x-squid-error: ERR_ACCESS_DENIED 0), 2 of 2 requests, first at
    2026-11-24T08:00:00.000Z. Next: run squid_access; if an existing rule still blocks, add its conflict id to squid_access.unblock
"""
