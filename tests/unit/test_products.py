# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every product of products.yml has each of its parts, every part belongs to a product, and what scripts/generate writes is current."""
from __future__ import annotations

import functools
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.host import AGENTS
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish.feeds import FORMATS
from tests.products import PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
#: The files of a product, and what each is for.
FILES = {
    "plugins/module_utils/products/{id}/adapter.py": "the adapter that the engine drives",
    "plugins/modules/{module}.py": "the module",
    "docs/products/{id}.md": "the page of the product: requirements, least privilege, playbook, how it was tested, limits",
    "docs/decisions/{id}.md": "the decisions that a reader of the code would otherwise ask about",
    "tests/products/{id}/rig.py": "RIGS or RIGS_BY_HAND, which put the adapter through tests/contract",
    "tests/products/{id}/test_adapter.py": "what the contract does not say of this adapter",
    "tests/products/{id}/test_vendor.py": "the vendor's own clients or schemas against the twin",
    "tests/products/{id}/twin": "the simulator, as twin.py or as a package",
    "tests/products/{id}/test_twin.py": "the twin held to what the vendor documents",
    "tests/products/{id}/device.py": "DEVICE, by which lab, demo and playbook tests know the product",
    "tests/products/{id}/bench.py": "main(), which make bench runs",
    "tests/products/{id}/many.py": "a site with many rules, on which test_growth counts what a run costs, and make bench measures it",
}
#: Parts that a product rightly lacks.
WITHOUT = {
    "squid": {
        "tests/products/{id}/twin": "the real Squid runs in its place",
        "tests/products/{id}/test_twin.py": "there is no twin to hold to the documents",
        "tests/products/{id}/test_vendor.py": "there is no twin to hold against the vendor",
        "tests/products/{id}/device.py": "tests/lab/lab.py runs Squid itself",
        "tests/products/{id}/bench.py": "tests/bench/__main__.py measures Squid itself",
        "tests/products/{id}/many.py": "tests/bench/size.py has large configurations of Squid",
    },
    "barracuda_wsg": {"tests/products/{id}/many.py": "no rules are read"},
    "netskope": {"tests/products/{id}/many.py": "no rules are read"},
}
#: Where parts of products lie, and what of a path is the id or, for modules, the name.
PLACES = {
    "plugins/module_utils/products/*/": "{id}",
    "plugins/modules/*_access.py": "{module}",
    "docs/products/*.md": "{id}",
    "scripts/generate.d/return/*.yml": "{id}",
    "tests/products/*/": "{id}",
}
FIELDS = {"id", "module", "title", "vendor", "signature", "conflict_prefix", "agent", "feed", "support", "layers", "summary"}
#: How a release was run, and what the name of a client in a package looks like; others are words.
RUN, PACKAGE = ("real", "simulator", "no"), re.compile(r"[a-z][a-z0-9.-]+")
#: Headings of the page of a product.
PARTS = ("Requirements", "Least privilege", "Playbook", "What a run does", "How it was tested", "Which layers are read", "Limits")
#: Fields that name something in a file that all products share, or are null: where it is, and which names there are.
NAMES = {
    "agent": ("AGENTS of plugins/module_utils/probes/host.py", {name for name, _programs, _places in AGENTS}),
    "feed": ("FORMATS of plugins/plugin_utils/publish/feeds.py", set(FORMATS)),
}
#: One edit of each kind of text that scripts/generate writes: the file, what is replaced, and by what.
EDITS = {
    "plugins/modules/zia_access.py": ("Version of the catalogue", "Release of the catalogue"),
    "roles/access/meta/argument_specs.yml": ("choices: [squid, ", "choices: ["),
    "plugins/plugin_utils/change/variables.yml": ("access_zia_cloud", "access_zia_tenant"),
    "meta/runtime.yml": ("    - zia_access\n", ""),
    "README.md": ("| `netaccess.chatgpt.zia_access` |", "| `zia_access` |"),
    "docs/products/zia.md": ("zscaler-sdk-python", "a client"),
    "docs/evidence.md": ("| `chatgpt` | `*.chatgpt.com` | 2026-", "| `chatgpt` | `*.chatgpt.com` | 2027-"),
    "docs/symptoms/README.md": ("(voice.md)", "(calls.md)"), "docs/symptoms/uploads.md": ("Error uploading file", "Error"),
}
#: A page of a symptom that is gone, and one that is not there.
EXTRA, MISSING = "docs/symptoms/gone.md", "docs/symptoms/voice.md"


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@functools.lru_cache(maxsize=None)
def load(path: str):
    return yaml.safe_load(read(path))


def exists(path: str) -> bool:
    return any((ROOT / (path + suffix)).is_file() for suffix in ("", ".py", "/__init__.py"))


def wrong_fields(product: dict):
    yield from ("has no %s" % field for field in sorted(FIELDS - set(product)))
    yield from ("has the unknown field %s" % field for field in sorted(set(product) - FIELDS - {"rig", "variants", "installations"}))
    for installation in product.get("installations") or ():
        if not installation.get("name") or not installation.get("run") or set(installation) - {"name", "run", "note"}:
            yield "needs of each of its installations a name, and in run the releases that it was run on, or no"
    for one in product.get("support") or [{}]:
        if not one.get("release") or one.get("run") not in RUN or set(one) - {"release", "run", "client", "recorded", "note"}:
            yield "needs support, each with a release, and run: %s" % ", ".join(RUN)
        for client in (one.get("client") or "").split(", ") if PACKAGE.fullmatch((one.get("client") or "").split(", ")[0]) else ():
            if client not in read("requirements-test.txt") + read("scripts/install-peers").replace("/", "."):
                yield "names the client %s, which neither requirements-test.txt nor scripts/install-peers installs" % client
    for layer in product.get("layers") or [{}]:
        if not layer.get("name") or layer.get("seen") not in ("judged", "named", "unread") or set(layer) - {"name", "seen", "note"}:
            yield "needs layers, each with a name, and seen: judged, named or unread"
    if ("rig" in product) == ("variants" in product):
        yield "needs either a rig or variants"
    yield from ("has the %s '%s', which is not in %s" % (field, product[field], table)
                for field, (table, names) in NAMES.items() if product.get(field) not in {None, *names})


def missing_files(product: dict):
    """What of FILES is not there, or is there although WITHOUT says that it is not needed."""
    without = WITHOUT.get(product["id"], {})
    for pattern, purpose in FILES.items():
        path = pattern.format(**product)
        if pattern in without and exists(path):
            yield "%s exists: take it out of WITHOUT in tests/unit/test_products.py" % path
        elif pattern not in without and not exists(path):
            yield "%s is missing: %s" % (path, purpose)


def missing_entries(product: dict):
    """Which files that all products share do not know the product."""
    name, module, signature = product["id"], product["module"], product["signature"]
    adapter = "plugins/module_utils/products/%s/adapter.py" % name
    if exists(adapter) and 'product="%s"' % name not in read(adapter):
        yield '%s: Traits(product="%s") is missing' % (adapter, name)
    if signature not in {rule["product"] for rule in load("plugins/plugin_utils/verdicts/signatures.yml")["block"]}:
        yield "plugins/plugin_utils/verdicts/signatures.yml: no rule under block has the product '%s'" % signature
    remedies = load("plugins/plugin_utils/verdicts/remedies.yml").values()
    if not any(module in by_product.get(signature, "") for by_product in remedies):
        yield "plugins/plugin_utils/verdicts/remedies.yml: no remedy under '%s' names %s" % (signature, module)
    if name not in load("plugins/plugin_utils/site/starters.yml"):
        yield "plugins/plugin_utils/site/starters.yml: %s is missing, so no inventory can be made for it" % name
    if not any(module in path.read_text(encoding="utf-8") for path in [*ROOT.glob("changelogs/fragments/*.yml"), *ROOT.glob("changelogs/changelog.yaml")]):
        yield "changelogs/fragments: no fragment names %s" % module
    if "| [%s](products/%s.md#least-privilege) |" % (product["title"], name) not in read("docs/security.md"):
        yield "docs/security.md: no row begins with '| [%s](products/%s.md#least-privilege) |'" % (product["title"], name)
    page = "docs/products/%s.md" % name
    if exists(page):
        yield from ("%s: the heading '## %s' is missing" % (page, part) for part in PARTS if "\n## %s\n" % part not in read(page))
    if "| [%s.md](%s.md) |" % (name, name) not in read("docs/decisions/README.md"):
        yield "docs/decisions/README.md: no row ends with '| [%s.md](%s.md) |'" % (name, name)


def missing_generated(product: dict):
    """What scripts/generate has not written yet."""
    name, module = product["id"], product["module"]
    options = load("roles/access/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    if name not in options["access_product"]["choices"]:
        yield "roles/access/meta/argument_specs.yml: access_product does not take %s; run scripts/generate" % name
    if module not in load("meta/runtime.yml")["action_groups"]["all"]:
        yield "meta/runtime.yml: the action group all lacks %s; run scripts/generate" % module
    if "| `netaccess.chatgpt.%s` |" % module not in read("README.md"):
        yield "README.md: the table of products has no row for %s; run scripts/generate" % module
    for way in product.get("variants", [product]):
        if "rig" in way and "| [%s](products/%s.md) |" % (way["title"], name) not in read("docs/products.md"):
            yield "docs/products.md: no row '%s'; run scripts/generate --seen" % way["title"]


def missing_tests(product: dict):
    """What the product's tests and the lab do not name as products.yml does."""
    folder = "tests/products/%s" % product["id"]
    if exists(folder + "/rig.py"):
        rig = importlib.import_module("tests.products.%s.rig" % product["id"])
        rigs = {**getattr(rig, "RIGS", {}), **getattr(rig, "RIGS_BY_HAND", {})}
        for way in product.get("variants", [product]):
            if way.get("rig") is not None and way["rig"] not in rigs:
                yield "%s/rig.py: neither RIGS nor RIGS_BY_HAND has '%s', which products.yml names" % (folder, way["rig"])
        if not getattr(rig, "BY_CHANCE", ()):
            yield "%s/rig.py: BY_CHANCE is missing: the rigs whose by_chance makes up the sites of tests/contract/test_chance.py" % folder
    if exists(folder + "/device.py"):
        title = importlib.import_module("tests.products.%s.device" % product["id"]).DEVICE.title
        if title != product["signature"]:
            yield "%s/device.py: the title is '%s', but results call the product '%s'" % (folder, title, product["signature"])


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_has_each_of_its_parts(name):
    product = PRODUCTS[name]
    fields = list(wrong_fields(product))
    assert not fields, "plugins/plugin_utils/products.yml, whose first lines say what each field holds: %s %s" % (name, ", ".join(fields))
    files = list(missing_files(product))
    # Tests that miss a file cannot be imported.
    missing = [*files, *missing_entries(product), *missing_generated(product), *(missing_tests(product) if not files else ())]
    assert not missing, "%s lacks:\n  %s" % (product["title"], "\n  ".join(missing))


@pytest.mark.parametrize("pattern", PLACES)
def test_a_part_belongs_to_a_product(pattern):
    known = {PLACES[pattern].format(**product) for product in PRODUCTS.values()}
    # A folder without a file of Python is what a change of branch left behind.
    parts = [path for path in ROOT.glob(pattern) if path.is_file() or any(path.glob("*.py"))]
    found = {path.stem: str(path.relative_to(ROOT)) for path in parts}
    assert found, "nothing lies at %s" % pattern
    strangers = [path for stem, path in found.items() if stem not in known]
    assert not strangers, "of no product in plugins/plugin_utils/products.yml: %s" % ", ".join(strangers)


@pytest.mark.parametrize("name", [name for name in PRODUCTS if exists("plugins/module_utils/products/%s/api.py" % name)])
def test_an_api_is_reached_by_the_options_that_all_share(name):
    """ca_path, validate_certs, proxy and timeout: an adapter that made its own transport could leave one out."""
    text = read("plugins/module_utils/products/%s/adapter.py" % name)
    assert "by_options(p, " in text and not re.search(r"\b(Connection|Transport)\(", text)


def test_a_name_is_that_of_one_product():
    for field in ("id", "module", "title", "signature", "conflict_prefix"):
        values = [product[field] for product in PRODUCTS.values()]
        assert len(values) == len(set(values)), field


# -- scripts/generate


def generate(folder: Path, *flags) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "scripts/generate", *flags], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what scripts/generate reads and writes."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("plugins", "roles", "scripts", "meta"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docs/symptoms", "docs/products", "playbooks/inventories"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("README.md", "docs/variables.md", "docs/evidence.md"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_generated_text_is_current():
    done = generate(ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_edit_of_generated_text_is_named_and_undone(checkout):
    for path, (old, new) in EDITS.items():
        text = (checkout / path).read_text(encoding="utf-8")
        assert old in text, path
        (checkout / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    (checkout / EXTRA).write_text("# Gone\n", encoding="utf-8")
    (checkout / MISSING).unlink()
    done = generate(checkout, "--check")
    stale = re.findall(r"^(\S+): stale", done.stdout, re.MULTILINE)
    assert done.returncode == 1 and sorted(stale) == sorted([*EDITS, EXTRA, MISSING]), done.stdout + done.stderr
    assert generate(checkout).returncode == 0
    assert [path for path in [*EDITS, MISSING] if (checkout / path).read_text(encoding="utf-8") != read(path)] == []
    assert not (checkout / EXTRA).exists()


def test_the_example_inventory_is_what_new_site_writes(checkout):
    folder = checkout / "playbooks/inventories/example"
    gone, hosts = folder / "group_vars/netaccess_gone/main.yml", folder / "hosts.yml"
    gone.parent.mkdir()
    gone.write_text("---\n", encoding="utf-8")
    hosts.write_text(hosts.read_text(encoding="utf-8").replace("fgt-a.example.com", "fgt-b.example.com"), encoding="utf-8")
    done = generate(checkout, "--check")
    assert done.returncode == 1 and done.stdout.count(": stale") == 2 and "example/hosts.yml: stale" in done.stdout, done.stdout + done.stderr
    assert generate(checkout).returncode == 0 and not gone.exists() and hosts.read_text(encoding="utf-8") == read("playbooks/inventories/example/hosts.yml")


def test_a_file_without_its_region_is_named(checkout):
    path = checkout / "plugins/plugin_utils/change/variables.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# Generated by scripts/generate: end\n", ""), encoding="utf-8")
    done = generate(checkout, "--check")
    path.write_text(text, encoding="utf-8")
    assert done.returncode == 1 and "plugins/plugin_utils/change/variables.yml has to hold the two comments" in done.stderr, done.stdout + done.stderr
