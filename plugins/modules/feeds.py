#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: feeds
short_description: Write the policy as lists that firewalls and proxies fetch
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Writes files on the controller for a web server that devices fetch lists from. A list that changes then needs no change on a device.
  - A feed contains hosts only. The rule that uses it decides who may reach them and on which port. An empty list is written as an empty file, so that
    devices drop earlier entries.
  - Each feed says where it comes from (catalogue, selection, digest of the policy) and what its format widens, as comments, or where no source says that
    the product reads comments, in a file C(*.about.txt) beside it. Feeds contain no time unless O(generated) is set, so equal input gives equal files.
options:
  config:
    description: The policy, from the lookup P(netaccess.chatgpt.policy#lookup).
    type: dict
    required: true
  formats:
    description:
      - V(panos) - external dynamic lists of type URL and, for voice, of type IP.
      - V(fortigate) - threat feeds of the types category, domain (DNS filter) and, for voice, address.
      - V(squid) - lists for C(dstdomain) and C(ssl::server_name), each with its exceptions.
      - V(cpl) - conditions for the local policy of a Symantec ProxySG or Edge SWG.
      - V(pac) - a proxy auto-configuration file; it needs O(pac_wanted) and O(pac_others).
      - V(plain) - the patterns as they are.
      - V(json) - the whole policy.
    type: list
    elements: str
    required: true
    choices: [panos, fortigate, squid, cpl, pac, plain, json]
  dest:
    description: Folder on the controller.
    type: path
    required: true
  selection:
    description: The options that the lookup was given, to be named in the feeds.
    type: dict
    default: {}
  generated:
    description: A time to be named in the feeds. With it, every new time is a change.
    type: str
  pac_wanted:
    description: The route of hosts to allow in the PAC file, such as V(PROXY proxy.example.com:8080) or V(DIRECT).
    type: str
  pac_others:
    description: The route of everything else.
    type: str
  mode:
    description: Mode of the files, in octal. A web server has to be able to read them.
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
