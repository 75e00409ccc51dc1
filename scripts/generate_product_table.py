#!/usr/bin/env python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/products.md: what each adapter really does with the shipped policy, seen on its device or twin. ``--check`` only compares.

Which rows there are, and the rig that shows each, is in plugins/plugin_utils/products.yml. Run it from the root of the checkout:
``.build/venv/bin/python scripts/generate --seen`` or this file alone.
"""
from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tests.conftest  # noqa: E402  pylint: disable=unused-import,wrong-import-position  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy  # noqa: E402  pylint: disable=wrong-import-position
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (  # noqa: E402  pylint: disable=wrong-import-position
    Selection, load, policy_config,
)
from tests.contract.fixtures import BY_HAND, TWINS, open_folder  # noqa: E402  pylint: disable=wrong-import-position
from tests.lab.lab import Internet  # noqa: E402  pylint: disable=wrong-import-position
from tests.products import PRODUCTS  # noqa: E402  pylint: disable=wrong-import-position
from tests.products.squid.rig import SquidRig  # noqa: E402  pylint: disable=wrong-import-position

OUT = Path("docs/products.md")
HEAD = """<!-- Made by scripts/generate_product_table.py; do not edit. -->
# What works on which product

Seen by running each adapter with the policy as shipped ({patterns} patterns, {exempt} of them exempt from inspection, voice to published addresses) on a real
Squid and on the simulators of the other products, for a part of the people. Numbers of requests are those of a first run and of a second one that finds
nothing to do, with the scan for conflicts, reading back, locks and activation.

| product | allows | exempts | voice | first run | second run | in force after | kept apart from a second run by | said about entries |
|---|---|---|---|---|---|---|---|---|
"""
#: What products.yml says of a layer, and how the page says it.
SEEN = {"judged": "yes", "named": "named alone: coverage is `unchecked` where it is used", "unread": "no"}
LAYERS = """
## Which layers are read

What decides about a connection, in the order in which the product asks it. A rule of a judged layer with a column, object or action that is not understood
counts as one that may match: coverage says `unchecked`, a conflict is not certain and has no remedy, and no rule of ours is put above it.

| product | layer | read | note |
|---|---|---|---|
"""
INSTALLATIONS = """
## How the product may be installed

Of a product that the tests run for real: each kind of installation, and the releases that it was run on.

| product | installation | run on | note |
|---|---|---|---|
"""


def main() -> int:
    config = policy_config(load(), Selection())
    policy = Policy.from_config(config)
    rows, notes = [], []
    for title, module, name in table_rows():
        with rig_of(name) as rig:
            row, lines = show(title, module, rig, policy, name in BY_HAND)
            rows.append(row)
            notes.append((title, lines))
    text = HEAD.format(patterns=len(policy.allow), exempt=len(policy.exempt)) + "".join(row + "\n" for row in rows)
    text += layers() + installations() + details(notes)
    if "--check" in sys.argv:
        same = OUT.read_text() == text
        print("docs/products.md is %s" % ("as the adapters are" if same else "stale, run scripts/generate --seen"))
        return 0 if same else 1
    OUT.write_text(text)
    return 0


def table_rows() -> list:
    """[(title, module, name of the rig or None for the real product)], as products.yml has them."""
    return [(way["title"], product["module"], way["rig"]) for product in PRODUCTS.values() for way in product.get("variants", [product]) if "rig" in way]


@contextlib.contextmanager
def rig_of(name):
    with contextlib.ExitStack() as up:
        if name is None:
            internet = up.enter_context(Internet(Path(up.enter_context(tempfile.TemporaryDirectory()))))
            yield up.enter_context(contextlib.closing(SquidRig(up.enter_context(open_folder()), internet)))
            return
        rig = dict(TWINS, **BY_HAND)[name](Path(up.enter_context(tempfile.TemporaryDirectory())))
        up.enter_context(rig.twin)
        yield rig


def show(title: str, module: str, rig, policy, by_hand: bool) -> tuple:
    """(row of the table, what a person has to know besides)"""
    first = rig.run("merged", policy, accept_wider_audience=True)
    second = rig.run("merged", policy, accept_wider_audience=True)
    coverage = second["coverage"]
    kinds = {word: sum(row["note"].startswith(word) or "; %s" % word in row["note"] for row in coverage) for word in ("widened", "narrowed")}
    said = ", ".join("%s: %d of %d" % (word, count, len(coverage)) for word, count in kinds.items() if count) or "as asked"
    opened = any(network in json.dumps(first["changes"]) for media in policy.media for network in media.destinations)
    voice = ("yes, see below" if any(line.startswith("voice") for line in second["manual"]) else "yes") if opened else "by hand"
    wait = "%d s" % second["propagation"] if second["propagation"] else "at once"
    row = "| %s (`%s`) | %s | %s | %s | %s | %s | %s | %s | %s |" % (
        title, module, works(by_hand, [row["allowed"] for row in coverage]), works(by_hand, [row["exempt"] for row in coverage]), voice,
        cost(first, by_hand), cost(second, by_hand), wait, second["exclusive"] or "nothing: the pipeline has to", said)
    lines = ["by hand: " + line for line in second["manual"]] + ["more people: " + line for line in second["audience_widened"]]
    return row, lines


def works(by_hand: bool, words: list) -> str:
    """What coverage says of all that is wanted, after a run."""
    wanted = {word for word in words if word != "not wanted"}
    if by_hand:
        return "by hand, by a plan"
    if len(wanted) > 1:
        return "in part: %s" % ", ".join(sorted(wanted))
    return {"yes": "yes", "unchecked": "as far as there is an API, see below", "no": "no"}[wanted.pop()]


def cost(result: dict, by_hand: bool) -> str:
    if by_hand:
        return "%d lines for a person" % result["planned_steps"]
    found = result["requests"]
    if "connections" not in found:
        return ", ".join("%d %s" % (count, name) for name, count in found.items())
    return "%d read, %d write, %d connection%s" % (found["reads"], found["writes"], found["connections"], "s" * (found["connections"] != 1))


def layers() -> str:
    """What of each product the judge reads, as products.yml says it."""
    text = LAYERS
    for product in PRODUCTS.values():
        for layer in product["layers"]:
            text += "| %s | %s | %s | %s |\n" % (product["title"], layer["name"], SEEN[layer["seen"]], layer.get("note", ""))
    return text


def installations() -> str:
    """How the products that the tests run for real were installed, as products.yml says it."""
    return INSTALLATIONS + "".join("| %s | %s | %s | %s |\n" % (product["title"], one["name"], one["run"], one.get("note", ""))
                                   for product in PRODUCTS.values() for one in product.get("installations", ()))


def details(notes: list) -> str:
    text = "\n## What stays for a person, and where more people are reached\n"
    for title, lines in notes:
        text += "\n**%s**%s\n" % (title, ": nothing." if not lines else "")
        text += "".join("\n- %s" % re.sub(r"/tmp/\S+?/(?=[\w.-]+)", "", line) for line in lines) + "\n" * bool(lines)
    return text


if __name__ == "__main__":
    sys.exit(main())
