# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Older releases of ansible-core lack two names, and hold a text where ``omit`` is. scripts/test-cores runs the playbooks on them."""
from __future__ import annotations

import runpy

import ansible.errors
import ansible.template

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import core
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import Variables


class _AsItIs:
    @staticmethod
    def template(value):
        return value


def test_without_the_names_of_newer_cores_every_text_is_a_template(monkeypatch):
    monkeypatch.delattr(ansible.errors, "AnsibleValueOmittedError", raising=False)
    monkeypatch.delattr(ansible.template, "trust_as_template", raising=False)
    older = runpy.run_path(core.__file__)
    assert older["trust_as_template"]("{{ x }}") == "{{ x }}" and issubclass(older["AnsibleValueOmittedError"], Exception)


def test_a_variable_that_is_omitted_is_not_set_on_an_older_core_either():
    variables = Variables(_AsItIs, {"inventory_hostname": "fw", "access_comment": "__omit_place_holder__0123abcd", "access_prefix": "gpt"})
    assert variables.get("access_comment", "none") == "none" and variables.get("access_prefix") == "gpt"
