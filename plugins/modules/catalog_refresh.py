#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: catalog_refresh
short_description: Compare what OpenAI publishes with the catalogue, and propose an update
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Reads the published page with the list of hosts, and the feed of voice addresses, and compares them with the catalogue on the controller.
  - Writes a proposal for review. C(proposal.yml) is an overlay for the catalogue; C(proposal.md) gives the confidence and reason of each change. The
    catalogue itself is never edited.
  - Fails and proposes nothing if it gets a bot challenge, an incomplete page, another page, a list under a contradictory heading, or a feed that is not the
    voice feed.
  - The page has a bot check, so pass a copy that was saved in a browser, as HTML, Markdown or plain text.
options:
  page:
    description: Path or URL (C(https://)) of the page. O(page), O(feed) or both are required.
    type: str
  feed:
    description: Path or URL of the feed of voice addresses, for example V(https://openai.com/chatgpt-voice.json).
    type: str
  dest:
    description: Folder on the controller for the proposal. Files in it have mode 0600.
    type: path
    required: true
  date:
    description: >-
      Date of the page (C(YYYY-MM-DD)), which becomes the name of a new list. By default today (UTC). With a fixed date, the same input gives the same files.
    type: str
  accept_heading:
    description: Accept a contradictory heading above the list. Set it only after you have checked that the list is of hosts to allow.
    type: bool
    default: false
  max_missing:
    description: >-
      Percentage of the known names, and of the known addresses, that may be missing. If more are missing, the page or feed counts as incomplete or wrong.
    type: int
    default: 33
  overlays:
    description: Paths of YAML files, or dictionaries, to apply to the catalogue in this order, such as an earlier proposal.
    type: list
    elements: raw
    default: []
  timeout:
    description: Seconds that each request may take.
    type: float
    default: 30
  proxy:
    description: URL of the proxy to use. By default the proxy in the environment variables is used.
    type: str
  ca_path:
    description: PEM file with the CA certificates to verify servers with.
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
  description: The result in one line.
  returned: success
  type: str
  sample: 'against the list of 2026-07-25: 1 added, 2 removed'
hosts:
  description: >-
    What the page changes. C(added), C(removed) and C(renamed) list changes with C(pattern), C(confidence) (V(high), V(medium) or V(low)) and C(why).
    C(mentioned) lists unknown hosts that are on the page but not in its list. C(compared_with) is the newest known list, and C(same_as) the known list that
    the page shows. C(unread) lists lines that contain a host and were not understood. C(kept) lists known names that are missing on the page, and are not
    removed while there is an unread line.
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
  description: What the feed changes, as C(added) and C(removed). Null if it has the same addresses as the catalogue.
  returned: when O(feed) is given
  type: dict
  sample: {id: voice_openai, added: [192.0.2.1/32], removed: [], feed_created: '2026-11-20', feed_date: '2026-11-25'}
files:
  description: Names of the files of the proposal.
  returned: success
  type: list
  elements: str
  sample: [proposal.md, proposal.yml]
"""
