# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how the modules for products with an API reach it."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  validate_certs:
    description: Check the TLS certificate of the API. Leave it on; O(ca_path) accepts a certificate of your own CA.
    type: bool
    default: true
  ca_path:
    description: A file with the CA certificates to check the API's certificate with, on the host where the module runs.
    type: path
  proxy:
    description: HTTP proxy on the way to the API, for example C(http://proxy.example.com:3128). By default the environment decides.
    type: str
requirements:
  - requests
notes:
  - Runs on the controller. Give the device's inventory host C(ansible_connection=ansible.builtin.local) and
    C(ansible_python_interpreter={{ ansible_playbook_python }}), so that the libraries of Ansible's own Python are found.
  - One run makes one connection to each host name of the API and keeps it open.
"""
