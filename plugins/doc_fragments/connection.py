# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how the modules for products with an API reach it."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  validate_certs:
    description: >-
      Verify the TLS certificate of the API. Keep it enabled; for a certificate of your own CA set O(ca_path), for a self-signed one
      O(certificate_fingerprint).
    type: bool
    default: true
  ca_path:
    description: A PEM file with the CA certificates to verify the API's certificate with, on the host where the module runs.
    type: path
  certificate_fingerprint:
    description:
      - SHA-256 fingerprint of the API's certificate, in hexadecimal, with or without colons. Use it for a device whose certificate is self-signed or does
        not contain its host name. Take the fingerprint from the device itself, not from the network.
      - Only this certificate is accepted, whatever its issuer, names and dates, and O(validate_certs) and O(ca_path) have no effect. It is compared before
        anything is sent.
      - Update it when the device gets a new certificate.
    type: str
  proxy:
    description: >-
      HTTP proxy for the API, for example C(http://proxy.example.com:3128). By default the proxy in the environment variables is used. Put credentials before
      the host, as in C(user:password@), with C(@) in them as C(%40), C(/) as C(%2F) and C(:) as C(%3A). Ansible masks the option in all output.
    type: str
requirements:
  - requests
notes:
  - Runs on the controller. Set C(ansible_connection=ansible.builtin.local) and C(ansible_python_interpreter={{ ansible_playbook_python }}) for the device's
    inventory host, so that the module uses the Python of Ansible and its libraries.
  - A run opens one connection to each host name of the API and keeps it open.
"""
