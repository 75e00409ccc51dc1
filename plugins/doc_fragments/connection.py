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
  certificate_fingerprint:
    description:
      - SHA-256 fingerprint of the API's certificate, as the device itself shows it, with or without colons. It is for a device whose certificate is
        self-signed or holds no name.
      - That one certificate is accepted and no other, whoever issued it, whatever names and dates it holds, and whatever O(validate_certs) and O(ca_path)
        say. It is compared before anything is sent.
      - Update it when the device gets another certificate.
    type: str
  proxy:
    description: >-
      HTTP proxy for the API, for example C(http://proxy.example.com:3128). By default the environment variables apply. Put credentials before the host,
      C(user:password@), with C(@) as C(%40), C(/) as C(%2F) and C(:) as C(%3A); Ansible masks the option in every output.
    type: str
requirements:
  - requests
notes:
  - Runs on the controller. Give the device's inventory host C(ansible_connection=ansible.builtin.local) and
    C(ansible_python_interpreter={{ ansible_playbook_python }}), so that the libraries of Ansible's Python are used.
  - One run makes one connection to each host name of the API and keeps it open.
"""
