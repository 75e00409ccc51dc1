#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: feeds
short_description: Write the policy as lists that firewalls and proxies download
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Writes files on the controller for a web server from which devices download lists. When a list changes, the configuration of the device stays the same.
  - A feed contains only hosts. The rule that uses it decides who may reach them and on which port. An empty list is written as an empty file, so that
    devices drop earlier entries.
  - Each feed says where it comes from (catalogue, selection, digest of the policy), and what its format widens. This is written as comments, or in a file
    C(*.about.txt) beside it if no source shows that the product accepts comments. Unless O(generated) is set, feeds contain no time, so the same input gives
    the same files.
options:
  config:
    description: The policy, as the P(netaccess.chatgpt.policy#lookup) lookup returns it.
    type: dict
    required: true
  formats:
    description:
      - V(panos) - external dynamic lists (EDLs) of the type URL and, for voice, of the type IP.
      - V(fortigate) - threat feeds of the types category and domain (DNS filter) and, for voice, address.
      - V(squid) - lists for C(dstdomain) and C(ssl::server_name), each with its exceptions.
      - V(cpl) - conditions for the local policy of a Symantec ProxySG or Edge SWG.
      - V(pac) - a proxy auto-configuration (PAC) file. It needs O(pac_wanted) and O(pac_others).
      - V(plain) - the patterns themselves.
      - V(json) - the whole policy.
    type: list
    elements: str
    required: true
    choices: [panos, fortigate, squid, cpl, pac, plain, json]
  dest:
    description: Folder on the controller for the files.
    type: path
    required: true
  selection:
    description: The options of the lookup, to mention in the feeds.
    type: dict
    default: {}
  generated:
    description: A time to mention in the feeds. Every new time is a change.
    type: str
  pac_wanted:
    description: In the PAC file, the route to the allowed hosts, for example V(PROXY proxy.example.com:8080) or V(DIRECT).
    type: str
  pac_others:
    description: In the PAC file, the route to all other hosts.
    type: str
  mode:
    description: Mode of the files, in octal. The web server must be able to read them.
    type: str
    default: '0644'
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
"""

EXAMPLES = r"""
- name: Write lists for a firewall and a proxy
  netaccess.chatgpt.feeds:
    config: "{{ lookup('netaccess.chatgpt.policy', levels=['required', 'optional']) }}"
    selection:
      levels: [required, optional]
    formats: [panos, squid]
    dest: /srv/www/feeds
"""

RETURN = r"""
files:
  description: The files by name, with their SHA-256.
  returned: success
  type: dict
  sample:
    panos-url-allow.txt: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
changed_files:
  description: Names of the files that were written, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [panos-url-allow.txt]
dest:
  description: The folder.
  returned: success
  type: str
  sample: /srv/www/feeds
"""
