# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between releases of ansible-core. 2.19 introduced trusted templates, warnings as objects, and an error in place of a text for ``omit``."""
from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleUndefinedVariable

try:
    from ansible.errors import AnsibleValueOmittedError
except ImportError:
    class AnsibleValueOmittedError(Exception):
        """Never raised before 2.19."""

try:
    from ansible.template import trust_as_template
    LEFT = None
except ImportError:
    #: What shows that hostvars left a template as it is written.
    LEFT = "{{"

    def trust_as_template(text: str) -> str:
        """Before 2.19 every text is a template."""
        return text

__all__ = ["AnsibleValueOmittedError", "defined", "omitted", "trust_as_template", "warned"]


def omitted(value: Any) -> bool:
    """Whether a variable holds the value of ``omit`` before 2.19."""
    return isinstance(value, str) and value.startswith("__omit_place_holder__")


def defined(value: Any) -> Any:
    """A value from hostvars. Before 2.19 a template that refers to what is not defined is handed out as it is written. :raises AnsibleUndefinedVariable:"""
    if LEFT and isinstance(value, str) and LEFT in value:
        raise AnsibleUndefinedVariable(value)
    return value


def warned(warning: Any) -> str:
    """The text of a module's warning. From 2.19 on it is an object that holds an event."""
    return str(getattr(getattr(warning, "event", warning), "msg", warning))
