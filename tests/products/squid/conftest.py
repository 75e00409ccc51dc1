# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which Squid a test runs."""
from __future__ import annotations

import functools

import pytest

from tests.lab import releases


@pytest.fixture(params=releases.parameters())
def release(request):
    """Each test runs on the Squid that is installed; ``make test-all`` has the other releases as well."""
    return releases.usable(request.param)


@pytest.fixture
def make(make_squid, release):
    """Makes a Squid with a site of its own."""
    return functools.partial(make_squid, release=release)


@pytest.fixture
def rig(squid_rigs, release, tmp_path):
    """A Squid that tests share, with the site that it begins with."""
    found = squid_rigs(release)
    found.reset()
    found.folder = tmp_path
    return found
