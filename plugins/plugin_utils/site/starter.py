# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A starter inventory for some products: the texts of its files, with a placeholder for each value that only the operator knows. Writes nothing."""
from __future__ import annotations

import ast
import difflib
import functools
import re
import textwrap
from pathlib import Path
from typing import Any, Iterable

import jinja2
from ansible.module_utils.common.yaml import yaml_dump, yaml_load

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.placeholders import MARK
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import options_of

_PLUGINS = Path(__file__).resolve().parents[2]
_WIDTH, _SHORT = 120, 25
#: The file for one change, and the settings of Ansible. They are beside the inventory, since Ansible reads every file in an inventory folder as an inventory.
CHANGE, CONFIG = "change.yml", "ansible.cfg"
#: Variables of the roles that no inventory sets: the playbooks do, or the command line of one run.
_OF_A_RUN = {"access_product", "access_state", "access_expected_plan", "access_plan_context", "access_comment", "access_series", "access_stage",
             "access_baseline", "change", "change_window", "rollout", "netaccess_plans", "netaccess_plans_about", "netaccess_baselines", "verify_mode"}
#: Variables that the templates write themselves.
_WRITTEN = {"access_policy", "netaccess_path", "verify_expect", "verify_probes"}


class StarterError(ValueError):
    """The request cannot be fulfilled; the message says why."""


def chosen(names: Iterable[str]) -> list:
    """The ids of these products, each once. :raises StarterError: for none, and for an unknown name, with the id that was probably meant."""
    asked = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    unknown = ["%s%s" % (name, _meant(name)) for name in asked if name not in _known()]
    if unknown or not asked:
        raise StarterError("%s. The products are %s" % ("no such product: " + ", ".join(unknown) if unknown else "no product is named", ", ".join(_known())))
    return asked


def _meant(name: str) -> str:
    """The product whose id, title, vendor or name in results is similar to this."""
    # Of two products of a vendor, the first in products.yml.
    words = {str(product[field]).lower(): known for known, product in reversed(_known().items()) for field in ("vendor", "title", "signature", "id")}
    parts = {part: known for word, known in words.items() for part in word.split() if len(part) > 3}
    near = difflib.get_close_matches(name.lower().replace("_", " "), [*words, *parts], 1, 0.7)
    return " (did you mean %s?)" % {**parts, **words}[near[0]] if near else ""


def texts(products: Iterable[str], filled: bool = False) -> dict:
    """{path below the inventory: its text} for products by their ids. ``filled``: with an example in place of each placeholder."""
    sites = [_site(name, filled) for name in products]
    found = {
        "hosts.yml": _template("hosts.yml.j2").render(products=sites, outside=_text(_value("probe.example.net", filled)), mark=None if filled else MARK),
        "group_vars/all/main.yml": _template("run.yml.j2").render(),
        "group_vars/netaccess_devices/main.yml": _template("devices.yml.j2").render(options=_optional(_role("access"), {})),
        "group_vars/netaccess_vantages/main.yml": _template("vantages.yml.j2").render(options=_optional(_role("verify"), {})),
    }
    for site in sites:
        found["group_vars/netaccess_%s/main.yml" % site["id"]] = _template("product.yml.j2").render(site)
    return found


def change(filled: bool = False) -> str:
    """The text of the file for one change."""
    return _template("change.yml.j2").render(value=lambda example: _text(_value(example, filled)))


def config() -> str:
    """The text of the configuration file of Ansible."""
    return _template(CONFIG + ".j2").render()


def vault(products: Iterable[str]) -> dict:
    """{path of a vault below the inventory: the variables that it has to hold}"""
    names = {"group_vars/netaccess_%s/vault.yml" % name: [_vaulted(name, option) for option in _starters()[name].get("secrets", [])] for name in products}
    return {path: variables for path, variables in names.items() if variables}


# -- what is known of a product


@functools.lru_cache(maxsize=None)
def _known() -> dict:
    products = yaml_load((_PLUGINS / "plugin_utils" / "products.yml").read_text(encoding="utf-8"))["products"]
    return {product["id"]: product for product in products}


@functools.lru_cache(maxsize=None)
def _starters() -> dict:
    return yaml_load((Path(__file__).parent / "starters.yml").read_text(encoding="utf-8"))


def _documented(path: str) -> dict:
    """DOCUMENTATION of a module or of a documentation fragment. It is parsed and not imported: modules are not meant to be imported here."""
    tree = ast.parse((_PLUGINS / path).read_text(encoding="utf-8"))
    found = next(node for node in ast.walk(tree) if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION")
    return yaml_load(found.value.value)


def _role(name: str) -> dict:
    """The variables of a role that apply to all products, as its argument specs describe them."""
    specs = yaml_load((_PLUGINS.parent / "roles" / name / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    of_products = {variable for known in _known() for option, variables in _own(known).items() for variable in variables}
    return {variable: spec for variable, spec in specs.items() if variable not in of_products | _OF_A_RUN | _WRITTEN and spec["type"] != "dict"}


def _own(name: str) -> dict:
    """{option: its variables} of one product's module, without those that all modules share."""
    return {option: variables for option, variables in options_of(name).items() if variables != ["access_%s" % option] or option not in _shared()}


@functools.lru_cache(maxsize=None)
def _shared() -> dict:
    return _documented("doc_fragments/access.py")["options"]


def _site(name: str, filled: bool) -> dict:
    """What the templates say about one product."""
    product, starter = _known()[name], _starters()[name]
    module = _documented("modules/%s.py" % product["module"])
    options = dict(module["options"])
    if "netaccess.chatgpt.connection" in module["extends_documentation_fragment"]:
        options.update(_documented("doc_fragments/connection.py")["options"])
    names = {option: variables[0] for option, variables in options_of(name).items()}
    secrets = starter.get("secrets", [])
    told = {*starter["needed"], *secrets, *(option for option in options if names[option] in starter.get("address", {}))}
    values = {option: _value(example, filled) for option, example in starter["needed"].items() if option != "audience"}
    values.update((option, "{{ %s }}" % _vaulted(name, option)) for option in secrets)
    needed = [line for option, value in values.items()
              for line in [*_comment(_words(options[option]["description"], names)), "%s: %s" % (names[option], _text(value))]]
    return {
        "id": name, "title": product["title"], "module": product["module"], "product": product["signature"], "local": name != "squid",
        "address": {variable: _text(_value(value, filled)) for variable, value in starter.get("address", {}).items()},
        "proxy": _text(_value(starter["proxy"], filled)) if "proxy" in starter else None,
        "probes": {kind: _text(_value("%s1-%s.example.com" % (name.replace("_", "-"), kind), filled)) for kind in ("member", "other")},
        "needed": needed, "audience": _audience(options["audience"], starter["needed"]["audience"], names, filled),
        "options": _optional({names[option]: dict(spec, description=_words(spec["description"], names)) for option, spec in options.items()
                              if option not in told}, {names[option]: "{{ %s }}" % _vaulted(name, option) for option in starter.get("others", [])}),
    }


def _audience(spec: dict, needed: dict, names: dict, filled: bool) -> list:
    """The lines of ``access_audience``: the suggested parts, and the others as comments."""
    lines = _comment(_first(_words(spec["description"], names))) + ["access_audience:"]
    for part, one in spec["suboptions"].items():
        text = "%s: %s" % (part, _text(_value(needed[part], filled) if part in needed else one.get("default")))
        lines += ["  " + line for line in _comment(_words(one["description"], names)) + [text if part in needed else "# " + text]]
    return lines


def _vaulted(name: str, option: str) -> str:
    return "vault_%s" % options_of(name)[option][0].partition("_")[2]


# -- text


def _value(example: Any, filled: bool) -> Any:
    if filled:
        return example
    return [_value(example[0], filled)] if isinstance(example, list) else "%s, such as %s" % (MARK, example)


def _optional(options: dict, values: dict) -> list:
    """The lines of optional options, as comments with their defaults; ``values``: suggestions for those without a default."""
    lines = []
    for name, spec in options.items():
        choices = " One of %s." % ", ".join(map(str, spec["choices"])) if spec.get("choices") else ""
        parts = {part: one["default"] for part, one in (spec.get("suboptions") or {}).items() if "default" in one}
        value = values.get(name, spec.get("default", parts or None))
        lines += _comment(_first(_words(spec["description"], {})) + choices) + ["# %s:%s" % (name, "" if value is None else " " + _text(value))]
    return lines


def _words(description: str | list, names: dict) -> str:
    """A description without its markup; an option is replaced by the variable that sets it (``names``)."""
    text = " ".join(description) if isinstance(description, list) else description
    text = re.sub(r"\bO\((\w+)", lambda found: "O(%s" % names.get(found.group(1), found.group(1)), text)
    text = re.sub(r"\bP\([\w.]+\.(\w+)#\w+\)", r"\1", text)
    return re.sub(r"\b(?:O|V|C|E|M|RV)\((?:[\w.]+#\w+:)?([^()]*)\)", r"\1", text)


def _first(text: str) -> str:
    """Its first sentence, and the next one if the first says next to nothing."""
    sentences = re.split(r"(?<=[a-z0-9)]\.)\s+(?=[A-Z])", text)
    return " ".join(sentences[:1 if len(sentences[0]) > _SHORT else 2])


def _comment(text: str) -> list:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False)


def _text(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, str) and value.startswith("{{"):
        return '"%s"' % value
    return re.sub(r"\n(\.\.\.\n)?$", "", yaml_dump(value, default_flow_style=True, width=10 ** 6, allow_unicode=True, sort_keys=False))


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    return environment.from_string((Path(__file__).parent / name).read_text(encoding="utf-8"))
