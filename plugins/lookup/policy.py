# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: policy
short_description: Select what ChatGPT needs as the policy that the access modules push
version_added: 0.1.0
author:
  - The netaccess.chatgpt contributors (!UNKNOWN)
description:
  - Selects from the dated, sourced catalogue and compiles it into patterns to allow and patterns to exempt from TLS inspection.
  - The list published as C(*.example.com) compiles to C(.example.com) where a source shows that the apex is used as well.
  - What some version or overlay lists and the selection does not is returned as C(retired), so that a device can be cleaned of it.
extends_documentation_fragment:
  - netaccess.chatgpt.selection
options:
  _terms:
    description: Not used.
    required: false
"""

EXAMPLES = r"""
- name: The default policy
  ansible.builtin.debug:
    msg: "{{ lookup('netaccess.chatgpt.policy') }}"

- name: No telemetry, login pages exempt too, user content stays under inspection
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
