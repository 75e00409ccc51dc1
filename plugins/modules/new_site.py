#!/usr/bin/python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: new_site
short_description: Write a starter inventory for the products that you use
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Writes an inventory on the controller with one device for each product, its probe hosts, and every variable of these products. It has no variables of
    other products.
  - A value that you have to set is a placeholder that begins with C(REPLACE ME). Everything else is commented out with its default.
  - Secrets are references to vault variables.
  - Next to the inventory it writes C(change.yml), with the change ID and the change window, for C(-e @change.yml).
  - It also writes C(ansible.cfg), which hides the output of hosts for which a task had nothing to do. If there is one already, or if Ansible uses another
    configuration file that this one would replace, it prints the settings instead.
  - The playbooks refuse an inventory that has a placeholder left for a device of the run, or for a host behind it.
  - No file is overwritten. If one of the other files exists, nothing is written.
options:
  products:
    description: The products, as C(access_product) names them, for example V(squid) and V(fortios).
    type: list
    elements: str
    required: true
  dest:
    description: The folder for the inventory. It is created if it does not exist.
    type: path
    required: true
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
  - module: netaccess.chatgpt.access
"""

EXAMPLES = r"""
# The same as: ansible-playbook netaccess.chatgpt.new_site -e products=squid,fortios -e dest=inventory
- name: Write an inventory for a Squid and a FortiGate
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write the inventory
      netaccess.chatgpt.new_site:
        products: [squid, fortios]
        dest: inventory
"""

RETURN = r"""
files:
  description: The files that were written, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [inventory/hosts.yml, inventory/group_vars/netaccess_squid/main.yml, change.yml, ansible.cfg]
products:
  description: The products, without duplicates.
  returned: success
  type: list
  elements: str
  sample: [squid, fortios]
next:
  description: What to do next, with the commands.
  returned: success
  type: list
  elements: str
  sample: ['1. Fill in each REPLACE ME, and delete what you do not need:', '   grep -rn "REPLACE ME" inventory change.yml']
"""
