# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists for Squid, loaded by a real Squid with the rules that their header tells to write."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import feeds
from tests.lab.client import decide
from tests.lab.lab import Lab
from tests.lab.squid import available

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
RULES = """\
acl wanted dstdomain "{folder}/squid-allow.txt"
acl not_wanted dstdomain "{folder}/squid-allow-except.txt"
acl spared ssl::server_name --client-requested "{folder}/squid-exempt.txt"
acl not_spared ssl::server_name --client-requested "{folder}/squid-exempt-except.txt"
acl spared_host dstdomain "{folder}/squid-exempt.txt"
http_access allow lan wanted !not_wanted
ssl_bump splice lan spared !not_spared spared_host !not_spared
"""


def test_a_real_squid_loads_the_lists_and_decides_as_the_policy_says(tmp_path):
    # Squid's own user has to be able to read them.
    folder = tmp_path / "feeds"
    folder.mkdir()
    for parent in (folder, *folder.parents):
        if str(parent).startswith(str(tmp_path.parent.parent)):
            parent.chmod(0o755)
    policy = Policy.from_config(policy_config(load(), Selection()))
    for name, text in feeds.render(policy, ["squid"], feeds.About("0.1.0", "2026-07-25")).items():
        (folder / name).write_text(text)
    with Lab(before=RULES.format(folder=folder)) as lab:
        port = lab.squid.port
        assert decide("chatgpt.com", port) == ("allow", "tunnel") and decide("api.openai.com", port) == ("allow", "tunnel")
        assert decide("js.stripe.com", port) == ("allow", "decrypt"), "allowed and not exempt"
        assert decide("claude.ai", port)[0] == "block" and decide("x.other-ai.example", port)[0] == "block"
        assert decide("evilopenai.com", port) == ("allow", "decrypt"), "a look-alike is decrypted as before"
        assert not [line for line in lab.squid.log().splitlines() if "WARNING" in line and "squid-" in line or "is a subdomain of" in line]
