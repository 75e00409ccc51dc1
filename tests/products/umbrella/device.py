# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person has put the published domains into the selective decryption list, and attaches our lists when they see them, as ``manual`` says."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from tests.lab.device import Device
from tests.products.umbrella.twin import Umbrella

KEY = "netaccess-key"
PAGE = (403, {"Content-Type": "text/html", "Location": "https://block.opendns.com/main"}, b"<html><head><title>Blocked</title></head><body><p>This site is "
        b"blocked due to content filtering.</p><a href=\"https://block.opendns.com/?url=\">Details</a></body></html>")


def make():
    exempt = Policy.from_config(policy_config(load(), Selection())).exempt
    return Umbrella(tls=True, watchful=True, undecrypted=tuple(sorted({pattern.name for pattern in exempt})))


DEVICE = Device(
    "Cisco Umbrella", make,
    lambda twin: {"access_umbrella_api_url": twin.url, "access_umbrella_api_key": KEY, "access_umbrella_organization_id": str(twin.organization),
                  "access_audience": {"dns_policies": ["AI users"], "web_policies": ["AI users web"]}},
    secrets=lambda twin: {"access_umbrella_api_secret": twin.keys[KEY][0]},
    environment=lambda twin: {"UMBRELLA_API_SECRET": twin.keys[KEY][0]}, page=PAGE)
