# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that scripts/site/build makes: Sphinx with the theme of Ansible's documentation, over the Markdown pages as they are in the repository.

The source is a copy of the repository, with README.md as the front page; pages keep their places, so that links work here and in the repository alike.
"""
from __future__ import annotations

import os
import re
from pathlib import Path

from docutils import nodes

project = "netaccess.chatgpt"
author = "The netaccess.chatgpt contributors"
copyright = author  # pylint: disable=redefined-builtin
version = release = os.environ["NETACCESS_VERSION"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
include_patterns = ["index.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.rst", "docs/**", "reference/**", "roles/*/README.md", "plugins/**/README.md"]
# Anchors as repositories make them, for every level of heading: a link to one that does not exist is an error.
myst_heading_anchors = 6
highlight_language = "text"

html_theme = "sphinx_ansible_theme"
html_title = html_short_title = project
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"show_extranav": False, "show_rtd_ethical_ads": False, "topbar_links": {}}

#: The parts of the front page's table of contents.
CONTENTS = {
    "Get started": ["docs/quick-start", "docs/how-it-works", "docs/products"],
    "Operate": ["docs/change", "docs/audit", "docs/pipelines", "docs/hosts"],
    "Troubleshoot": ["docs/diagnosis", "docs/symptoms/README"],
    "Reference": ["docs/catalogue", "docs/variables", "docs/reference-plugins", "docs/reference-roles", "All options and return values </reference/index>",
                  "docs/glossary", "docs/security", "docs/upgrading", "Changelog </CHANGELOG>"],
    "Develop": ["docs/adding-a-product", "docs/architecture", "docs/testing", "docs/decisions/README", "CONTRIBUTING", "SECURITY"],
}
#: Pages that have others below them.
BELOW = {
    "docs/products": ["products/*"], "docs/symptoms/README": ["*"], "docs/decisions/README": ["*"], "docs/pipelines": ["pipelines/*"],
    "docs/catalogue": ["evidence", "/plugins/plugin_utils/catalog/README"], "docs/reference-roles": ["/roles/*/README"],
}


#: Labels of Ansible's own documentation that the reference names.
ANSIBLE = {
    "action_plugins": "plugins/action.html", "common_return_values": "reference_appendices/common_return_values.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
}


def toctree(pages: list, caption: str = "") -> str:
    return "\n\n```{toctree}\n:hidden:\n:glob:\n%s\n%s\n```\n" % (":caption: %s\n:maxdepth: 1\n" % caption if caption else "", "\n".join(pages))


def add_contents(app, name: str, source: list) -> None:
    if name == "index":
        source[0] += "".join(toctree([page if "<" in page else "/" + page for page in pages], caption) for caption, pages in CONTENTS.items())
    elif name in BELOW:
        folder = Path(app.srcdir, name).parent
        source[0] += toctree([one for one in BELOW[name] if one.startswith("/") or any(folder.glob(one + ".md"))])


def link_ansible(_app, _env, node, text):
    """A label of Ansible's documentation leads there."""
    if node.get("reftype") == "ref" and node["reftarget"] in ANSIBLE:
        return nodes.reference("", "", text, refuri="https://docs.ansible.com/ansible/latest/" + ANSIBLE[node["reftarget"]])
    return None


def link_plugins(app, tree, name: str) -> None:
    """The name of a plugin or role in a page leads to its reference."""
    for literal in tree.findall(nodes.literal):
        found = re.fullmatch(r"netaccess\.chatgpt\.(\w+)", literal.astext())
        if not found or isinstance(literal.parent, nodes.reference):
            continue
        for kind in ("module", "role", "lookup", "filter"):
            page = "reference/%s_%s" % (found.group(1), kind)
            if page in app.env.found_docs:
                literal.parent.replace(literal, nodes.reference("", "", literal.deepcopy(), refuri=app.builder.get_relative_uri(name, page), internal=True))
                break


def setup(app) -> dict:
    assert Path(app.srcdir, "index.md").exists()
    app.connect("source-read", add_contents)
    app.connect("missing-reference", link_ansible)
    app.connect("doctree-resolved", link_plugins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
