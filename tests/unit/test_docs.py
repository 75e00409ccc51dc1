# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents name files that exist: relative links, and paths in backticks that begin with a top-level folder of the repository."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A placeholder, or the product that docs/adding-a-product.md adds.
ANY = re.compile(r"<[^<>]+>|acme_wall|(?<![A-Za-z0-9])N(?![A-Za-z0-9])")
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("plugins/**/README.md")])


def missing(document: Path, text: str) -> list:
    """What ``text`` names that is not there. What ``ANY`` matches in a path stands for any name."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    found = [link for link in links if not re.match(r"[a-z]+:|#", link) and not (document.parent / link.partition("#")[0]).exists()]
    for word in re.findall(r"`([^`\s]+/[^`\s]*)`", text):
        path = ANY.sub("*", word.partition("::")[0]).rstrip("/")
        if path.partition("/")[0] in FOLDERS and not all(any(ROOT.glob(one)) for one in alternatives(path)):
            found.append(word)
    return found


def test_all_documents_are_read():
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert names >= {"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/decisions/engine.md", "docs/products/squid.md",
                     "roles/access/README.md", "plugins/plugin_utils/catalog/README.md"}


def alternatives(path: str) -> list:
    """The paths that ``a/{b,c}.py`` stands for."""
    before, opened, rest = path.partition("{")
    inside, _closed, after = rest.partition("}")
    return [before + one + after for one in inside.split(",")] if opened else [path]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document):
    assert missing(document, document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text, found", [
    ("[a](docs/change.md) [b](docs/change.md#top) [c](https://example.com/x) [d](#here)", []),
    ("[a](docs/gone.md) [b](docs/gone.md#top)", ["docs/gone.md", "docs/gone.md#top"]),
    ("`plugins/modules/feeds.py` `plugins/modules/<product>_access.py` `tests/unit/` `docs/*.md` `tests/unit/test_docs.py::test_x`", []),
    ("`plugins/modules/gone.py` `tests/<product>/gone.py` `docs/gone/`", ["plugins/modules/gone.py", "tests/<product>/gone.py", "docs/gone/"]),
    ("`plugins/module_utils/products/N/adapter.py` `plugins/modules/N_access.py` `tests/products/acme_wall/rig.py`", []),
    ("`plugins/module_utils/products/N/gone.py` `tests/products/acme_wall/gone.py`",
     ["plugins/module_utils/products/N/gone.py", "tests/products/acme_wall/gone.py"]),
    ("`plugins/module_utils/engine/{run,state}.py` `plugins/module_utils/engine/{run,gone}.py`", ["plugins/module_utils/engine/{run,gone}.py"]),
    ("`/Policy/Current` `audit/verdict.json` `a/b` `tests`", []),
    ("```\n[a](docs/gone.md) `tests/gone.py`\n```\n[b](docs/lost.md)", ["docs/lost.md"]),
])
def test_what_counts_as_a_name(text, found):
    assert missing(ROOT / "README.md", text) == found
