# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a host, as action plugins read them: each is templated when it is read, and returned as plain data."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import argument_spec
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import placeholders
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.core import AnsibleValueOmittedError, defined, omitted

_TABLE = yaml_load((Path(__file__).parent / "variables.yml").read_text(encoding="utf-8"))
#: The default folder of journals.
JOURNALS = argument_spec()["journal"]["default"]
_MISSING = re.compile("'([^']+)' is undefined")
_UNSET = object()
PRODUCTS = [name for name in _TABLE if name != "shared"]


class Variables:
    """Variables of the host that a task is for, or of another ``host`` of the inventory. One that is set to ``omit`` is not set."""

    def __init__(self, templar, task_vars: dict, host: str | None = None):
        self._templar, self._host = templar, host or task_vars["inventory_hostname"]
        self._own = host is None or host == task_vars["inventory_hostname"]
        self._values = task_vars if self._own else task_vars["hostvars"][host]

    def get(self, name: str, default: Any = None) -> Any:
        """Its value, or ``default`` where it is not set. :raises AnsibleError: for a template that cannot be resolved, and for a placeholder."""
        value = self._read(name)
        if value is None or value is _UNSET:
            return default
        places = placeholders.unfilled(name, value)
        if places:
            raise AnsibleError("%s is still %s: fill it in" % (", ".join(places), placeholders.MARK))
        return value

    def empty(self, name: str) -> bool:
        """Whether it is set, and has no value."""
        return self._read(name) is None

    def _read(self, name: str) -> Any:
        if name not in self._values:
            return _UNSET
        try:
            value = resolved(self._host, name, lambda: self._templar.template(self._values[name]) if self._own else defined(self._values[name]))
        except AnsibleValueOmittedError:
            return _UNSET
        return _UNSET if omitted(value) else value

    def given(self, names: dict) -> dict:
        """{option: value} of the options for which a variable is set; ``names``: {option: [variable]}, the first that is set counts."""
        found = {option: next((value for value in map(self.get, variables) if value is not None), None) for option, variables in names.items()}
        return {option: value for option, value in found.items() if value is not None}


def resolved(host: str, name: str, read: Callable[[], Any]) -> Any:
    """A variable of a host as plain data, from ``read``. :raises AnsibleError: that names host and variable, where it cannot be read."""
    try:
        return plain(read())
    except AnsibleValueOmittedError:
        raise
    except AnsibleError as error:
        # Neither the text of a template nor, as newer releases of ansible-core print it for a cause, the lines of its file: secrets may be in them.
        why, missing = str(error).partition(". String: ")[0].rstrip("."), _MISSING.search(str(error))
        if missing:
            why = "it refers to %s, which is not defined" % missing[1]
        way = ". Define it for this host; a secret belongs in a vault (ansible-vault create group_vars/GROUP/vault.yml), and the run then needs " \
              "--ask-vault-pass" if isinstance(error, AnsibleUndefinedVariable) else ". Pass --ask-vault-pass" if "decrypt" in why else ""
        raise AnsibleError("%s of %s cannot be read: %s%s" % (name, host, why, way)) from None


def options_of(product: str) -> dict:
    """{option of the product's access module: [variable that fills it]}"""
    return dict(_TABLE["shared"], **_TABLE[product])
