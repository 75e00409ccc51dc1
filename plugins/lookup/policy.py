# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: policy
short_description: Select the policy that the access modules write to devices
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Selects entries from the dated, sourced catalogue, and compiles them into patterns to allow and patterns to exempt from TLS inspection.
  - A pattern that is published as C(*.example.com) becomes C(.example.com) if a source shows that the domain itself is used as well.
  - Patterns that some version or overlay of the catalogue contains and the selection does not are returned as C(retired), so that C(state=replaced) of the
    access modules can report and remove them.
extends_documentation_fragment:
  - netaccess.chatgpt.selection
options:
  _terms:
    description: Not used.
    required: false
"""

EXAMPLES = r"""
- name: Print the default policy
  ansible.builtin.debug:
    msg: "{{ lookup('netaccess.chatgpt.policy') }}"

- name: Leave out telemetry, exempt login pages as well, and keep user content under inspection
  ansible.builtin.debug:
    msg: >-
      {{ lookup('netaccess.chatgpt.policy', levels=['required', 'optional'], exempt_level='core', exclude_exempt=['user_content']) }}
"""

RETURN = r"""
_raw:
  description: One policy, with the keys C(allow), C(exempt), C(media), C(retired), C(withheld) and C(version).
  type: list
  elements: dict
  sample:
    - allow: [.auth.openai.com, .chatgpt.com]
      exempt: [.auth.openai.com, .chatgpt.com]
      media: []
      retired: []
      withheld: []
      version: union
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, policy_config
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.selection import catalogue, given, never_all, selection


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if terms:
            raise AnsibleLookupError("netaccess.chatgpt.policy takes options, for example features=['chat'], and no terms")
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        try:
            given(kwargs, options)
            never_all(kwargs)
            return [policy_config(catalogue(options), selection(options))]
        except CatalogueError as error:
            raise AnsibleLookupError("netaccess.chatgpt.policy: %s" % error) from None
