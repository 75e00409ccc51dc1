# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of every access module: the options they share, and the hand-over to the engine."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy, PolicyError

CONTROLS = ["av", "dlp", "sandbox", "file_control", "prompt_logging", "casb", "isolation", "headers"]
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
        state=dict(type="str", default="merged", choices=["merged", "replaced", "deleted", "gathered", "rendered", "reverted"]),
        unblock=dict(type="list", elements="str", default=[]),
        protected=dict(type="list", elements="str", default=[]),
        tenant_control=dict(type="str", default="refuse", choices=["refuse", "keep", "override"]),
        refuse_losses=dict(type="list", elements="str", default=[], choices=CONTROLS),
        accept_wider_audience=dict(type="bool", default=False),
        adopt=dict(type="bool", default=False),
        activate=dict(type="bool", default=True),
        publish_foreign_changes=dict(type="bool", default=False),
        expected_plan=dict(type="str"),
        comment=dict(type="str"),
        journal=dict(type="path", default="~/.netaccess/journals"),
        series=dict(type="str"),
        timeout=dict(type="int", default=600),
    )


def connection_spec() -> dict:
    """The options of modules that speak to an API over HTTPS."""
    return dict(
        validate_certs=dict(type="bool", default=True),
        ca_path=dict(type="path"),
        proxy=dict(type="str"),
    )


def required_if() -> list:
    """Conditions between the shared options."""
    return [("state", state, ["config", "audience"]) for state in _NEEDS_AUDIENCE] + [("tenant_control", "override", ["comment"])]


def run(module, make_adapter) -> None:
    """Run the task of an AnsibleModule and leave it. ``make_adapter()`` builds the Adapter; it may raise AccessError."""
    params = module.params
    try:
        policy = Policy.from_config({k: v for k, v in (params["config"] or {"allow": []}).items() if v is not None})
        result = Run(make_adapter(), policy, _options(module), module.check_mode).execute()
    except PolicyError as error:
        module.fail_json(msg="config: %s" % error)
    except AccessError as error:
        module.fail_json(msg=str(error), failure={"class": error.failure, "applied": [], "undone": [], "journal": None})
    except Failed as error:
        module.fail_json(msg=str(error), **_answer(module, error.result))
    module.exit_json(**_answer(module, result))


def _options(module) -> Options:
    params = module.params
    return Options(
        state=params["state"],
        unblock=tuple(params["unblock"]),
        protected=tuple(params["protected"]),
        tenant_control=params["tenant_control"],
        refuse_losses=tuple(params["refuse_losses"]),
        accept_wider_audience=params["accept_wider_audience"],
        adopt=params["adopt"],
        activate=params["activate"],
        publish_foreign_changes=params["publish_foreign_changes"],
        expected_plan=params["expected_plan"],
        comment=params["comment"],
        journal=params["journal"],
        series=params["series"],
        secrets={name: params[name] for name, spec in module.argument_spec.items() if spec.get("no_log") and params.get(name)},
    )


def _answer(module, result: dict) -> dict:
    result = dict(result)
    for text in result.pop("warnings", []):
        module.warn(text)
    if not module._diff:
        result.pop("diff", None)
    return result
