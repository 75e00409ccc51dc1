#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: catalog_refresh
short_description: Compare what OpenAI publishes with the catalogue, and propose the change
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Reads the published page with the list of hosts, and the feed of voice addresses, and compares them with the catalogue on the controller.
  - Writes a proposal for review, C(proposal.yml), an overlay for the catalogue, and C(proposal.md), which gives confidence and reason of each change. The
    catalogue itself is never edited.
  - Fails and proposes nothing for a bot challenge, an incomplete page, another page, a list under a contradictory heading, and a feed that is not the voice
    feed.
  - The page has a bot check, so pass a copy that a browser saved, as HTML, Markdown or plain text.
options:
  page:
    description: File or URL (C(https://)) of the page. At least one of O(page) and O(feed) is needed.
    type: str
  feed:
    description: File or URL of the feed of voice addresses, for example V(https://openai.com/chatgpt-voice.json).
    type: str
  dest:
    description: Folder on the controller for the proposal. Files in it get the mode 0600.
    type: path
    required: true
  date:
    description: The date of the page (C(YYYY-MM-DD)), which a new list is named by. Today (UTC) by default; with it, equal input gives equal files.
    type: str
  accept_heading:
    description: Accept a contradictory heading above the list, after you have verified that it is a list of hosts to allow.
    type: bool
    default: false
  max_missing:
    description: Percentage of the known names, and of the known addresses, that may be missing before the page or feed counts as incomplete or wrong.
    type: int
    default: 33
  overlays:
    description: Paths of YAML files, or dictionaries, applied to the catalogue in this order, such as an earlier proposal.
    type: list
    elements: raw
    default: []
  timeout:
    description: Seconds for each request.
    type: float
    default: 30
  proxy:
    description: URL of the proxy to use. By default the one in the environment.
    type: str
  ca_path:
    description: File with CA certificates (PEM) to verify servers with.
    type: path
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: The comparison is returned and no file is written.
  diff_mode:
    support: none
  platform:
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Compare a saved page and the feed with the catalogue
  netaccess.chatgpt.catalog_refresh:
    page: ./network-recommendations.html
    feed: https://openai.com/chatgpt-voice.json
    date: '2026-11-25'
    dest: ./refresh
  register: refresh

- name: Use the proposal after its review
  ansible.builtin.debug:
    msg: "{{ lookup('netaccess.chatgpt.policy', overlays=['./refresh/proposal.yml']) }}"
"""

RETURN = r"""
proposed:
  description: Whether there is something to propose.
  returned: success
  type: bool
  sample: true
message:
  description: One line of text.
  returned: success
  type: str
  sample: 'against the list of 2026-07-25: 1 added, 2 removed'
hosts:
  description: >-
    What the page changes: C(added), C(removed) and C(renamed), each change with C(pattern), C(confidence) (V(high),
    V(medium) or V(low)) and C(why); C(mentioned), hosts that are on the page, not on its list and not known; C(compared_with), the newest known list;
    C(same_as), the known list that the page is; C(unread), lines of the list that hold a host and were not understood; and C(kept), known names that were
    not found on the page and are not taken for gone while a line was not read.
  returned: when O(page) is given
  type: dict
  sample:
    added: [{pattern: new.openai.com, confidence: high, why: 'it belongs to the domain of *.openai.com, whose fields it takes over'}]
    removed: []
    renamed: []
    mentioned: []
    unread: []
    kept: []
    compared_with: '2026-07-25'
    same_as: null
addresses:
  description: What the feed changes, with C(added) and C(removed); null when it holds what the catalogue holds.
  returned: when O(feed) is given
  type: dict
  sample: {id: voice_openai, added: [192.0.2.1/32], removed: [], feed_created: '2026-11-20', feed_date: '2026-11-25'}
files:
  description: Names of the files that make up the proposal.
  returned: success
  type: list
  elements: str
  sample: [proposal.md, proposal.yml]
"""
