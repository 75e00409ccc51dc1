# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging names that a site cannot tell apart as one says the same as judging each. No Squid runs."""
from __future__ import annotations

import random
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.target import desired
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.alike import Alike
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.judge import Assessor
from tests.products.squid.test_judge import Site

NAMES = ["%s.%s" % (host, domain) for domain in ("chatgpt.com", "openai.com", "one.example", "two.example", "bad7.example")
         for host in ("a", "b", "c", "d", "ab.e")]
RULES = (
    "acl @ dstdomain .chatgpt.com\nhttp_access deny @", "acl @ dstdomain a.openai.com two.example\nhttp_access deny @",
    "acl @ url_regex -i bad[0-9]\nhttp_access deny @", "acl @ url_regex bad7\\.example:443$\nhttp_access deny @",
    "acl @ ssl::server_name .one.example\nssl_bump terminate @", "acl @ ssl::server_name b.openai.com\nssl_bump bump @",
    "acl @ dstdom_regex ^a\\.\nhttp_access deny @",
    "acl @ time MTWHFAS 00:00-12:00\nhttp_access deny @", "acl @ dstdomain .example\nrequest_header_add ChatGPT-Allowed-Workspace-Id abc @",
    "icap_enable on\nicap_service s@ respmod_precache icap://127.0.0.1:1/s\nacl @ dstdomain .two.example\nadaptation_access s@ allow @",
    "acl @ url_regex ^https://c\nhttp_access deny @", "request_header_access Cookie deny all")


def spelled(found):
    """An Assessment without the order of hosts."""
    return {"coverage": found.coverage, "texts": [found.audience_widened, found.manual, found.warnings, sorted(found.resolved)],
            "conflicts": [replace(one, hosts=sorted(one.hosts)) for one in found.conflicts],
            "losses": [replace(one, hosts=sorted(one.hosts)) for one in found.losses],
            "controls": [replace(one, hosts=sorted(map(str, one.hosts))) for one in found.tenant_controls]}


@pytest.mark.parametrize("number", range(24))
def test_it_says_the_same_as_judging_each(tmp_path, number):
    dice = random.Random(number)
    rules = [rule.replace("@", "site%d" % at) for at, rule in enumerate(dice.sample(RULES, dice.randint(0, 3)))]
    cut = dice.randint(0, len(rules))
    site = Site(tmp_path, "\n".join(rules[:cut]), "\n".join(rules[cut:]))
    allow = dice.sample(NAMES, dice.randint(3, len(NAMES))) + dice.sample([".chatgpt.com", "*.openai.com", ".two.example"], dice.randint(0, 2))
    policy = Policy.from_config({"allow": allow, "exempt": dice.sample(allow, len(allow) // 2)})
    adapter = site.adapter
    state = adapter.read()
    held = Policy.from_config({"allow": dice.sample(allow, len(allow) // 2)})
    for before in (state, desired("merged", adapter.target(held, state), state, Options()), desired("merged", adapter.target(policy, state), state, Options())):
        def judged(about, before=before):
            return Assessor(adapter._settings, adapter._site, adapter.bumps(), adapter._people(), about, before).assess()
        alike = Alike(adapter._site, policy, before)
        assert spelled(alike.spread(judged(alike.policy))) == spelled(judged(policy))
        if not rules:
            assert len(alike.policy.allow) < 12
