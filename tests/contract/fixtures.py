# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rigs of all products, and the fixtures that make them."""
from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pkgutil
import tempfile
from pathlib import Path

import pytest

import tests.products
from tests.lab.lab import Internet
from tests.lab.releases import INSTALLED, Release
from tests.products.squid.rig import SquidRig


@pytest.fixture(scope="session")
def internet(tmp_path_factory):
    with Internet(tmp_path_factory.mktemp("internet")) as running:
        yield running


@contextlib.contextmanager
def open_folder():
    """A folder that Squid, which gives up root, can enter; those of pytest are closed to others again by each session that starts."""
    with tempfile.TemporaryDirectory(prefix="netaccess-rig-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def squid_rigs(internet):
    """Gives the rig of a release, which is started when it is first asked for."""
    with contextlib.ExitStack() as stack:
        @functools.lru_cache(maxsize=None)
        def of(release: Release = INSTALLED):
            return stack.enter_context(contextlib.closing(SquidRig(stack.enter_context(open_folder()), internet, release=release)))
        yield of


@pytest.fixture
def make_squid(internet):
    """Makes a Squid with a site of its own; ``folder`` is for files that it reads."""
    with contextlib.ExitStack() as stack:
        def build(**options):
            folder = stack.enter_context(open_folder())
            return stack.enter_context(contextlib.closing(SquidRig(folder, internet, **options)))
        yield build


@pytest.fixture
def open_rig(tmp_path, request):
    """Makes a Rig of a class with its twin at hand; for a test marked ``wire`` it is asked by sockets."""
    wire = request.node.get_closest_marker("wire")
    with contextlib.ExitStack() as stack:
        def build(kind, **options):
            made = kind(tmp_path, **options)
            stack.enter_context(made.twin if wire else made.twin.at_hand())
            return made
        yield build


def of_products(word: str) -> dict:
    """What the ``rig`` module of each product has under ``word``: {product: value}; products that have nothing are left out."""
    products = sorted(module.name for module in pkgutil.iter_modules(tests.products.__path__) if module.ispkg)
    modules = {product: importlib.import_module("tests.products.%s.rig" % product) for product in products}
    return {product: getattr(module, word) for product, module in modules.items() if hasattr(module, word)}


def named(word: str) -> dict:
    """Every rig that a product names in ``word`` of its ``rig`` module: {name: class}."""
    return {name: rig for rigs in of_products(word).values() for name, rig in rigs.items()}


def names(word: str) -> list:
    """Every name that a product has in ``word`` of its ``rig`` module."""
    return [name for found in of_products(word).values() for name in found]


#: With an API, and without one that writes.
TWINS, BY_HAND = named("RIGS"), named("RIGS_BY_HAND")
#: The first of each product, and those that send other requests: ``make test`` puts them through what ``make test-all`` puts every rig through.
REPRESENTATIVES = {next(iter(rigs)) for rigs in of_products("RIGS").values()} | set(names("OTHER_PATHS"))
