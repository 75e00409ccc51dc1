# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts for users are plain technical English: they contain none of the phrases of wording.yml, which names a better one for each."""
from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PHRASES = yaml.safe_load((Path(__file__).parent / "wording.yml").read_text(encoding="utf-8"))
#: Data and not texts: certificates, what other programs write, and words that users write.
DATA = {"plugins/module_utils/_public_roots.py", "plugins/plugin_utils/har/words.yml", "plugins/plugin_utils/har/harmless.yml",
        "plugins/plugin_utils/verdicts/signatures.yml", "plugins/plugin_utils/catalog/chatgpt.yml"}
#: (file, words around a phrase that stays).
RIGHT = {
    # Names of kinds and marks that journals and devices keep.
    ("plugins/module_utils/products/skyhigh_swg/model.py", "list of the site"),
    ("plugins/modules/skyhigh_swg_access.py", "where: list of the site Corporate blocklist"),
    ("plugins/modules/skyhigh_swg_access.py", "kind: list of the site"),
    ("plugins/module_utils/products/sophos/model.py", ", entries of ours in:"),
}


def _remarks(path: Path) -> list:
    """Comments and docstrings of a file of Python, without what is code in them."""
    source = path.read_text(encoding="utf-8")
    documents = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    return [" ".join(re.sub(r"``.*?``", "", text).split()) for text in documents + re.findall(r"^ *#:? (.*)", source, re.MULTILINE)]


def _texts(path: Path) -> list:
    """The texts of a file that users meet, white space as single spaces: literals of Python but docstrings, scalars of YAML, all of Markdown and templates."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tree = ast.parse(source)
        documents = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
                     and node.body and isinstance(node.body[0], ast.Expr)}
        found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents]
    elif path.suffix in (".yml", ".yaml"):
        found = [text for document in yaml.load_all(source, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)) for text in _scalars(document)]
    else:
        found = [source]
    return [" ".join(text.split()) for text in found]


def _scalars(data) -> list:
    if isinstance(data, dict):
        return [text for value in data.values() for text in _scalars(value)]
    return [text for value in data for text in _scalars(value)] if isinstance(data, list) else [data] if isinstance(data, str) else []


def _files(*folders: str) -> list:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".yml", ".yaml", ".md", ".j2")]
    return [path for path in found if str(path.relative_to(ROOT)) not in DATA]


def _any(phrases: list) -> re.Pattern:
    """What finds any of the phrases in one pass. Nearly all of them begin with a word, and most places in a text are no beginning of one."""
    words = [phrase["avoid"][2:] for phrase in phrases if phrase["avoid"].startswith(r"\b") and "|\\b" not in phrase["avoid"]]
    others = [phrase["avoid"] for phrase in phrases if phrase["avoid"][2:] not in words]
    return re.compile("|".join([r"\b(?:%s)" % "|".join(words), *others]), re.IGNORECASE)


def _hits(files: list, phrases: list, read=_texts) -> list:
    found, any_phrase = [], _any(phrases)
    for path in files:
        name, text = str(path.relative_to(ROOT)), "\n".join(read(path))
        for phrase in phrases if any_phrase.search(text) else ():
            for match in re.finditer(phrase["avoid"], text, re.IGNORECASE):
                around = text[max(match.start() - 60, 0):match.end() + 60]
                if not any(name == file and right in around for file, right in RIGHT):
                    found.append("%s: %r; better: %s" % (name, around, phrase["better"]))
    return found


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase["example"])
def test_a_phrase_finds_its_example(phrase):
    assert set(phrase) - {"only"} == {"avoid", "better", "example"} and phrase.get("only") in (None, "texts")
    assert re.search(phrase["avoid"], phrase["example"], re.IGNORECASE)


def test_texts_of_the_product():
    assert _hits(_files("plugins", "roles", "playbooks", "extensions", "changelogs/fragments"), PHRASES) == []


def test_texts_of_the_documentation():
    assert _hits(_files("docs") + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")], PHRASES) == []


def test_comments_and_docstrings():
    files = [path for path in _files("plugins") if path.suffix == ".py"]
    assert len(files) > 100 and _hits(files, [phrase for phrase in PHRASES if "only" not in phrase], _remarks) == []


def test_every_exception_is_needed():
    for file, right in RIGHT:
        assert any(right in text for text in _texts(ROOT / file)), (file, right)
