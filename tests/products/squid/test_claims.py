# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What products.yml says of the kinds of installation and their releases, beside the tests that run them."""
from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
import yaml

from tests.lab import releases

ROOT = Path(__file__).resolve().parents[3]
#: {kind of installation: (file of its test, test)}
RUN_BY = {
    "explicit proxy": ("test_adapter", "test_the_policy_is_in_force_when_the_task_returns"),
    "transparent proxy by intercept, IPv4 and IPv6": ("test_installations", "test_a_transparent_proxy_opens_over_ipv4_and_ipv6_and_for_the_audience_alone"),
    "transparent proxy by tproxy, IPv4 and IPv6": ("test_installations", "test_a_transparent_proxy_opens_over_ipv4_and_ipv6_and_for_the_audience_alone"),
    "several workers": ("test_installations", "test_each_of_several_workers_has_the_new_policy_when_the_task_returns"),
    "behind another Squid (cache_peer)": ("test_installations", "test_behind_another_squid_both_have_to_be_opened"),
    "with a file root of its own, as in a container":
        ("test_installations", "test_in_a_file_root_of_its_own_it_is_managed_from_outside_by_a_program_that_enters_it"),
    "sign-in by client certificates, on an https_port":
        ("test_installations", "test_where_people_are_known_by_their_certificates_ours_asks_for_them_as_well"),
    "with an ICAP service that answers":
        ("test_installations", "test_an_icap_service_that_is_asked_for_each_request_decides_beside_our_rule_and_coverage_says_so"),
    "sign-in by Basic, Digest, Negotiate, groups by a helper": ("test_whole_sites", "test_a_few_whole_sites"),
}
#: Those that the installed Squid is left out of.
UNPACKED_ALONE = ("with a file root of its own, as in a container",)


def claimed() -> dict:
    products = yaml.safe_load((ROOT / "plugins" / "plugin_utils" / "products.yml").read_text(encoding="utf-8"))["products"]
    squid = next(product for product in products if product["id"] == "squid")
    return {one["name"]: str(one["run"]) for one in squid["installations"]}


def test_each_kind_of_installation_that_is_said_to_have_been_run_has_a_test():
    assert {name for name, run in claimed().items() if run != "no"} == set(RUN_BY)


@pytest.mark.parametrize("name", RUN_BY)
def test_a_kind_of_installation_was_run_on_each_release_that_its_test_takes(name):
    file, test = RUN_BY[name]
    taken = inspect.signature(getattr(importlib.import_module("tests.products.squid." + file), test)).parameters
    # Each of these fixtures is made for every release.
    assert {"release", "make", "rig"} & set(taken)
    expected = {major: release for major, release in sorted(releases.majors().items()) if release.major or name not in UNPACKED_ALONE}
    numbers = claimed()[name].split(", ")
    assert [number.partition(".")[0] for number in numbers] == list(expected)
    for number, release in zip(numbers, expected.values()):
        assert release.missing() or release.version() == number
