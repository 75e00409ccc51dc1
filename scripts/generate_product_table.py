#!/usr/bin/env python
# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each adapter does with the shipped policy, seen on its device or twin, into docs/products.md and docs/products/<id>.md.

Which rows there are, and the rig that shows each, is in plugins/plugin_utils/products.yml. Run it from the root of the checkout:
``.build/venv/bin/python scripts/generate --seen`` or this file alone. ``--check`` only compares.
"""
from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import textwrap
from pathlib import Path

from regions import ROOT, read, with_region

sys.path.insert(0, str(ROOT))

import tests.conftest  # noqa: E402  pylint: disable=unused-import,wrong-import-position  # puts the collection on the path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy  # noqa: E402  pylint: disable=wrong-import-position
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (  # noqa: E402  pylint: disable=wrong-import-position
    Selection, load, policy_config,
)
from tests.contract.fixtures import BY_HAND, TWINS, open_folder  # noqa: E402  pylint: disable=wrong-import-position
from tests.lab.lab import Internet  # noqa: E402  pylint: disable=wrong-import-position
from tests.products import PRODUCTS  # noqa: E402  pylint: disable=wrong-import-position
from tests.products.squid.rig import SquidRig  # noqa: E402  pylint: disable=wrong-import-position

TABLE, PAGE = "docs/products.md", "docs/products/%s.md"
HEAD = (
    "", "| product | allows | exempts | voice | first run | second run | in force after | lock that keeps a second run out | entries |",
    "|---|---|---|---|---|---|---|---|---|")


def main() -> int:
    texts = measured()
    stale = [path for path, text in texts.items() if read(path) != text]
    for path in stale:
        if "--check" not in sys.argv:
            (ROOT / path).write_text(texts[path], encoding="utf-8")
        print("%s: %s" % (path, "stale, run scripts/generate --seen" if "--check" in sys.argv else "written"))
    return int(bool(stale) and "--check" in sys.argv)


def measured() -> dict:
    """{path: text} of the table of all products and of the page of each."""
    policy = Policy.from_config(policy_config(load(), Selection()))
    rows, notes = [], {}
    for product, title, name in table_rows():
        with rig_of(name) as rig:
            row, lines = show("[%s](products/%s.md)" % (title, product), rig, policy, name in BY_HAND)
            rows.append(row)
            notes.setdefault(product, []).append((title, row, lines))
    texts = {TABLE: with_region(TABLE, "measured", [*HEAD, *rows, ""])}
    for product, found in notes.items():
        path = PAGE % product
        texts[path] = with_region(path, "measured", [line for title, row, lines in found for line in page_lines(title if len(found) > 1 else "", row, lines)])
    return texts


def table_rows() -> list:
    """[(id of the product, title, name of the rig or None for the real product)], as products.yml has them."""
    return [(product["id"], way["title"], way["rig"]) for product in PRODUCTS.values() for way in product.get("variants", [product]) if "rig" in way]


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


def show(title: str, rig, policy, by_hand: bool) -> tuple:
    """(row of the table, what else its reader has to know)"""
    first = rig.run("merged", policy, accept_wider_audience=True)
    second = rig.run("merged", policy, accept_wider_audience=True)
    coverage = second["coverage"]
    kinds = {word: sum(row["note"].startswith(word) or "; %s" % word in row["note"] for row in coverage) for word in ("widened", "narrowed")}
    said = ", ".join("%s: %d of %d" % (word, count, len(coverage)) for word, count in kinds.items() if count) or "as asked"
    opened = any(network in json.dumps(first["changes"]) for media in policy.media for network in media.destinations)
    voice = ("yes, with a manual step" if any(line.startswith("voice") for line in second["manual"]) else "yes") if opened else "manual step"
    wait = "%d s" % second["propagation"] if second["propagation"] else "at once"
    row = "| %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
        title, works(by_hand, [row["allowed"] for row in coverage]), works(by_hand, [row["exempt"] for row in coverage]), voice,
        cost(first, by_hand), cost(second, by_hand), wait, second["exclusive"] or "none: run one job at a time", said)
    lines = ["manual step: " + line for line in second["manual"]] + ["reaches more people: " + line for line in second["audience_widened"]]
    return row, lines


def works(by_hand: bool, words: list) -> str:
    """What coverage says of all that is wanted, after a run."""
    wanted = {word for word in words if word != "not wanted"}
    if by_hand:
        return "manual steps, by a plan"
    if len(wanted) > 1:
        return "in part: %s" % ", ".join(sorted(wanted))
    return {"yes": "yes", "unchecked": "as far as there is an API", "no": "no"}[wanted.pop()]


def cost(result: dict, by_hand: bool) -> str:
    if by_hand:
        return "%d manual steps" % result["planned_steps"]
    found = result["requests"]
    if "connections" not in found:
        return ", ".join("%d %s" % (count, name) for name, count in found.items())
    return ", ".join("%d %s" % (found[name], name[:-1] if found[name] == 1 else name) for name in ("reads", "writes", "connections"))


def page_lines(title: str, row: str, notes: list) -> list:
    """What was measured, as the page of the product has it: the row as a list, then the manual steps."""
    names = [cell.strip() for cell in HEAD[1].strip("|").split("|")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    lines = [""] + ["**%s**" % title, ""] * bool(title) + ["| | |", "|---|---|"] + ["| %s | %s |" % pair for pair in list(zip(names, cells))[1:]] + [""]
    texts = [re.sub(r"/tmp/\S+?/(?=[\w.-]+)", "", note) for note in notes]
    return lines + [line for text in texts for line in textwrap.wrap("- " + re.sub(r"([<>])", r"\\\1", text), 158, subsequent_indent="  ")] + [""] * bool(texts)


if __name__ == "__main__":
    sys.exit(main())
