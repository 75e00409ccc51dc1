# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents name what exists: files, headings, commands, playbooks, plugins and variables. `make docs` checks links again, as pages of the site."""
from __future__ import annotations

import functools
import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.names import unknown

ROOT = Path(__file__).resolve().parents[2]
#: A placeholder, or the product that docs/adding-a-product.md adds.
ANY = re.compile(r"<[^<>]+>|acme_wall|(?<![A-Za-z0-9])N(?![A-Za-z0-9])")
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("plugins/**/README.md")])
FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: Variables of single playbooks that names.yml need not know.
OF_ONE = {"new_site": {"products", "dest"}, "diagnose": {"symptom"}}
#: Variables of the rulebooks, which playbooks never see.
OF_RULEBOOKS = {name for path in (ROOT / "extensions/eda/rulebooks").glob("*.yml") for name in re.findall(r"{{ (\w+)", path.read_text(encoding="utf-8"))}
#: What "ansible-doc -t" calls a kind of plugin, and where it is.
KINDS = {"module": "plugins/modules/%s.py", "lookup": "plugins/lookup/%s.py", "filter": "plugins/filter/%s.yml", "role": "roles/%s/tasks/main.yml"}


def missing(document: Path, text: str) -> list:
    """What ``text`` names that is not there. What ``ANY`` matches in a path stands for any name."""
    text = FENCE.sub("", text)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    found = [link for link in links if not re.match(r"[a-z]+:", link) and not leads_somewhere(document, text, link)]
    for word in re.findall(r"`([^`\s]+/[^`\s]*)`", text):
        path = ANY.sub("*", word.partition("::")[0]).rstrip("/")
        if path.partition("/")[0] in FOLDERS and not all(any(ROOT.glob(one)) for one in alternatives(path)):
            found.append(word)
    return found


def leads_somewhere(document: Path, text: str, link: str) -> bool:
    """Whether the file of a relative link exists, and the heading in it."""
    path, _hash, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists():
        return False
    return not anchor or anchor in anchors(text if not path else FENCE.sub("", target.read_text(encoding="utf-8")))


@functools.lru_cache(maxsize=None)
def anchors(text: str) -> set:
    """The anchors of the headings, as repositories and MyST make them."""
    titles = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    titles = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def wrong_commands(text: str) -> list:
    """What is wrong with the commands in the text's blocks, a sentence each: a playbook, variable, plugin, program or target that is not there."""
    found = []
    for language, block in FENCE.findall(text):
        if language in ("", "sh", "shell", "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                found += wrong_command(line)
    for word in re.findall(r"`(ansible-[a-z]+ [^`]+|make [a-z-]+[^`]*)`", FENCE.sub("", text)):
        found += wrong_command(word)
    return found


def wrong_command(line: str) -> list:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    if not words:
        return []
    program, *given = words
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return ["make has no target %s" % word for word in given if "=" not in word and word not in targets]
    if program == "ansible-playbook":
        return wrong_playbook(given)
    if program == "ansible-doc":
        kind = given[given.index("-t") + 1] if "-t" in given else "module"
        return ["there is no %s %s" % (kind, word) for word in given
                if word.startswith("netaccess.chatgpt.") and not (ROOT / (KINDS[kind] % word.rpartition(".")[2])).exists()]
    if program == "python" and given[:1] == ["-m"] and given[1].startswith("tests."):
        return [] if importlib.util.find_spec(given[1]) else ["there is no %s" % given[1]]
    return ["there is no %s" % program] if program.startswith("scripts/") and not (ROOT / program).exists() else []


def wrong_playbook(given: list) -> list:
    names = [word.rpartition(".")[2] for word in given if word.startswith("netaccess.chatgpt.")]
    found = ["there is no playbook %s" % name for name in names if not (ROOT / "playbooks" / (name + ".yml")).exists()]
    extra = [word for flag, word in zip(given, given[1:]) if flag == "-e" and not word.startswith("@")]
    variables = {name for word in extra for name in (yaml.safe_load(word) if word.startswith("{") else [word.partition("=")[0]])}
    return found + unknown(variables, own=[one for name in names for one in OF_ONE.get(name, ())])


#: Groups of the inventory, and a variable of the rulebook drift.
OWN = ["netaccess_devices", "netaccess_vantages", "netaccess_control", *OF_RULEBOOKS]


def wrong_yaml(text: str) -> list:
    """What is wrong with the blocks of YAML: one that is none, or a variable that begins as ours do and is none."""
    found = []
    for language, block in FENCE.findall(text):
        if language in ("yaml", "yml"):
            try:
                found += unknown(keys(yaml.safe_load(block)), own=OWN)
            except yaml.YAMLError as error:
                found.append(str(error))
    return found


def keys(data) -> set:
    """The keys that may be variables: all but what is below one that is."""
    if isinstance(data, dict):
        return {key for key in data if isinstance(key, str)}.union(*(keys(value) for value in data.values()))
    return set().union(*(keys(one) for one in data)) if isinstance(data, list) else set()


def wrong_names(text: str) -> list:
    """Names in backticks of plugins, roles and playbooks that are not there."""
    places = [*KINDS.values(), "playbooks/%s.yml"]
    return [name for name in re.findall(r"`netaccess\.chatgpt\.(\w+)`", FENCE.sub("", text)) if not any((ROOT / (place % name)).exists() for place in places)]


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
    text = document.read_text(encoding="utf-8")
    assert [*missing(document, text), *wrong_commands(text), *wrong_yaml(text), *wrong_names(text)] == []


@pytest.mark.parametrize("text, found", [
    ("[a](docs/change.md) [b](docs/change.md#what-it-prints) [c](https://example.com/x) [d](#here)\n# Here", []),
    ("[a](docs/gone.md) [b](docs/gone.md#top)", ["docs/gone.md", "docs/gone.md#top"]),
    ("[a](docs/change.md#gone) [b](#gone)\n```\n# gone\n```", ["docs/change.md#gone", "#gone"]),
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


@pytest.mark.parametrize("line, found", [
    ("ansible-playbook -i inventory netaccess.chatgpt.site -e @change.yml   # a comment", []),
    ("ansible-playbook -i inventory netaccess.chatgpt.sight", ["there is no playbook sight"]),
    ("ansible-playbook netaccess.chatgpt.audit -e audit_dest=$PWD/audit -e '{\"audit_strikt\": []}'",
     ["audit_strikt is not a variable of this collection (did you mean audit_strict?)"]),
    ("ansible-playbook netaccess.chatgpt.diagnose -e symptom=\"uploads fail\"", []),
    ("ansible-doc netaccess.chatgpt.squid_access", []), ("ansible-doc -t role netaccess.chatgpt.polisy", ["there is no role netaccess.chatgpt.polisy"]),
    ("make demo PRODUCTS=all", []), ("make demmo", ["make has no target demmo"]), ("scripts/gone x", ["there is no scripts/gone"]),
    ("python -m tests.bench.fleet", []), ("python -m tests.gone", ["there is no tests.gone"]),
    ("chatgpt.com: decrypted by 'Example Inspection CA", []),
])
def test_what_is_wrong_with_a_command(line, found):
    assert wrong_commands("```\n%s\n```\n" % line) == found
    assert wrong_commands("```yaml\n%s\n```\n" % line) == []


def test_what_is_wrong_with_yaml_and_with_a_name():
    assert wrong_yaml("```yaml\naccess_unblok: []\n```\n") == ["access_unblok is not a variable of this collection (did you mean access_unblock?)"]
    assert wrong_yaml("```yaml\n- a: [\n```\n") and wrong_yaml("```yaml\naccess_unblock: []\n```\n```\naccess_unblok: []\n```\n") == []
    assert wrong_names("`netaccess.chatgpt.site` `netaccess.chatgpt.policy` `netaccess.chatgpt.polisy`") == ["polisy"]
