# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of every access module: the shared options, and the call of the engine."""
from __future__ import annotations

from dataclasses import fields
from typing import Callable, TypeVar

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy, PolicyError

Filled = TypeVar("Filled")

CONTROLS = ["av", "ips", "anti_spyware", "sandbox", "dlp", "file_control", "app_control", "icap", "casb", "isolation", "headers", "prompt_logging"]
_NEEDS_AUDIENCE = ("merged", "replaced", "rendered")


def argument_spec() -> dict:
    """The options that every access module has; a module adds its own, ``audience`` among them."""
    return dict(
        config=dict(type="dict", options=dict(
            allow=dict(type="list", elements="str", required=True),
            exempt=dict(type="list", elements="str", default=[]),
            media=dict(type="list", elements="dict", default=[]),
            retired=dict(type="list", elements="str", default=[]),
            withheld=dict(type="list", elements="str", default=[]),
            version=dict(type="str"),
        )),
        state=dict(type="str", default="merged", choices=["merged", "replaced", "deleted", "gathered", "rendered", "reverted", "proven"]),
        unblock=dict(type="list", elements="str", default=[]),
        protected=dict(type="list", elements="str", default=[]),
        tenant_control=dict(type="str", default="refuse", choices=["refuse", "keep", "override"]),
        refuse_losses=dict(type="list", elements="str", default=[], choices=CONTROLS),
        accept_wider_audience=dict(type="bool", default=False),
        adopt=dict(type="bool", default=False),
        activate=dict(type="bool", default=True),
        publish_foreign_changes=dict(type="bool", default=False),
        expected_plan=dict(type="str"),
        plan_context=dict(type="dict"),
        comment=dict(type="str"),
        journal=dict(type="path", default="~/.netaccess/journals"),
        series=dict(type="str"),
        stage=dict(type="str"),
        baseline=dict(type="dict"),
        timeout=dict(type="int", default=600),
    )


def connection_spec() -> dict:
    """The options of modules that use an API over HTTPS."""
    return dict(
        validate_certs=dict(type="bool", default=True),
        ca_path=dict(type="path"),
        # A digest of what the device shows to everyone.
        certificate_fingerprint=dict(type="str", no_log=False),
        # May contain a user and a password.
        proxy=dict(type="str", no_log=True),
    )


def required_if() -> list:
    """Conditions between the shared options."""
    return [("state", state, ["config", "audience"]) for state in _NEEDS_AUDIENCE] + [("tenant_control", "override", ["comment"])]


def filled(cls: type[Filled], *params: dict | None, **given: object) -> Filled:
    """An instance of the dataclass ``cls`` from a task's options, each under the name of its field.

    A field's value comes from ``given``, else from the first of ``params`` with a value that is not None; a list becomes a tuple. ``params`` are a
    module's
    parameters, or those of a suboption; None means a suboption that the task left out. Otherwise the field keeps its default.
    """
    for name in [field.name for field in fields(cls) if field.name not in given]:
        value = next((one[name] for one in params if one and one.get(name) is not None), None)
        if value is not None:
            given[name] = tuple(value) if isinstance(value, list) else value
    return cls(**given)


def run(module: AnsibleModule, make_adapter: Callable[[], Adapter]) -> None:
    """Run the task of an AnsibleModule and exit. ``make_adapter()`` builds the Adapter; it may raise AccessError."""
    params = module.params
    try:
        policy = Policy.from_config({k: v for k, v in (params["config"] or {"allow": []}).items() if v is not None})
        if params["state"] in _NEEDS_AUDIENCE and not (policy.allow or policy.media):
            raise PolicyError("allow and media are empty, so nothing would be opened; to remove everything, use state deleted")
        secrets = {name: params[name] for name, spec in module.argument_spec.items() if spec.get("no_log") and params.get(name)}
        result = Run(make_adapter(), policy, filled(Options, params, secrets=secrets), module.check_mode).execute()
    except PolicyError as error:
        module.fail_json(msg=clean("config: %s" % error))
    except AccessError as error:
        module.fail_json(msg=clean(str(error)), failure={"class": error.failure, "applied": [], "undone": [], "journal": None})
    except Failed as error:
        module.fail_json(msg=clean(str(error)), **_answer(module, error.result))
    module.exit_json(**_answer(module, result))


def _answer(module: AnsibleModule, result: dict) -> dict:
    """The module's answer. Names on a device are untrusted text."""
    result = clean(result)
    for text in result.pop("warnings", []):
        module.warn(text)
    if not module._diff:
        result.pop("diff", None)
    return result
