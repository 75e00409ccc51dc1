# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated parts of docs/products/<id>.md and of the tables that list products: lines for scripts/generate, which writes them.

The facts are those of plugins/plugin_utils/products.yml, of the DOCUMENTATION of each access module, and of the example inventory.
"""
from __future__ import annotations

import re
import textwrap

import yaml

PAGE = "docs/products/%s.md"
#: What products.yml says of a layer, and how the page says it.
SEEN = {"judged": "yes", "named": "by name only: coverage is `unchecked` if it is used", "unread": "no"}
#: How a release was run, and how the pages say it.
RUN = {"real": "the real product", "simulator": "a simulator", "no": "not run"}
WIDTH = 158


def regions(product: dict, module: dict) -> dict:
    """{name of a region of the page: its lines}, but for the playbook. ``module``: DOCUMENTATION of the access module."""
    return {
        "what it does": ["", "Module: `netaccess.chatgpt.%s`. %s." % (product["module"], module["short_description"]), "", *bullets(module["description"]), ""],
        "support": support(product),
        "layers": layers(product),
        "limits": ["", *bullets(module["notes"]), ""],
    }


def bullets(texts: list) -> list:
    wrapper = textwrap.TextWrapper(WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [line for text in texts for line in wrapper.wrap("- " + markdown(text))]


def markdown(text: str) -> str:
    """A sentence of a module's documentation, with its semantic markup as code. A star or an underscore in it is none of Markdown's."""
    found = []

    def code(match):
        found.append("`%s`" % re.sub(r"^netaccess\.chatgpt\.\w+#module:", "", match.group(2)))
        return "\0%d\0" % (len(found) - 1)

    text = re.sub(r"\b(O|RV|V|C|E|M)\(([^()]*)\)", code, " ".join(text.split()))
    text = re.sub(r"([*_<>|])", r"\\\1", text)
    return re.sub(r"\0(\d+)\0", lambda match: found[int(match.group(1))], text)


# -- the playbook


def example_device(inventory: dict, product: str) -> tuple:
    """(name, variables) of the device of a product in the example inventory: its own, and those of its group. ``inventory``: {path: text}"""
    for group, content in yaml.safe_load(inventory["hosts.yml"])["all"]["children"]["netaccess_devices"]["children"].items():
        variables = yaml.safe_load(inventory["group_vars/%s/main.yml" % group])
        if variables["access_product"] == product:
            (name, own), = content["hosts"].items()
            return name, {**own, **variables, **own}
    raise SystemExit("the example inventory has no device with access_product: %s" % product)


def playbook(product: dict, name: str, variables: dict) -> list:
    """An inventory with the device, and the play that runs it. tests/contract/test_product_pages.py runs both."""
    text = yaml.safe_dump(variables, sort_keys=False, width=WIDTH - 20, default_flow_style=None)
    return ["", "```yaml", "# inventory/hosts.yml", "all:", "  children:", "    netaccess_devices:", "      hosts:", "        %s:" % name,
            *textwrap.indent(text, " " * 10).splitlines(), "      vars:",
            "        access_policy: \"{{ lookup('netaccess.chatgpt.policy') }}\"", "    netaccess_vantages:", "      hosts:",
            "        # A managed host whose traffic passes the device, and whose user is in the audience.", "        branch1.example.com:",
            "          netaccess_path: {device: %s}" % name, "```", "", "```yaml", "# chatgpt.yml", "- name: Allow ChatGPT on %s" % product["title"],
            "  hosts: netaccess_devices", "  gather_facts: false", "  roles:", "    - role: netaccess.chatgpt.access", "```", ""]


# -- tables


def support(product: dict) -> list:
    rows = ["| %s | %s | %s | %s | %s |" % (one["release"], RUN[one["run"]], one.get("client", ""), one.get("recorded", ""), one.get("note", ""))
            for one in product["support"]]
    table = ["", "| release | run on | checked with the client | recorded answers of devices | note |", "|---|---|---|---|---|", *rows, ""]
    if product.get("installations"):
        table += ["| installation | releases it was run on | note |", "|---|---|---|",
                  *("| %s | %s | %s |" % (one["name"], one["run"], one.get("note", "")) for one in product["installations"]), ""]
    return table


def layers(product: dict) -> list:
    return ["", "| layer, in the order of evaluation | read | note |", "|---|---|---|",
            *("| %s | %s | %s |" % (one["name"], SEEN[one["seen"]], one.get("note", "")) for one in product["layers"]), ""]


def tested(product: dict) -> str:
    """How a product was tested, in one cell of a table."""
    said = []
    for run in RUN:
        releases = [one["release"] for one in product["support"] if one["run"] == run]
        if releases:
            said.append("%s: %s" % (RUN[run], ", ".join(releases)))
    clients = sorted({one["client"] for one in product["support"] if one.get("client")})
    return "; ".join(said + ["checked with %s" % ", ".join(clients)] * bool(clients))


def readme_lines(products: list) -> list:
    """One line for each product: its page, what the module does, how it was tested."""
    rows = ["| [%s](%s) | `netaccess.chatgpt.%s` | %s | %s |" % (one["title"], PAGE % one["id"], one["module"], one["summary"], tested(one))
            for one in products]
    return ["", "| product | module | what it does | tested on |", "|---|---|---|---|", *rows, ""]
