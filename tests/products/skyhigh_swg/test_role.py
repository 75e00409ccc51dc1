# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a Skyhigh Web Gateway that knows nothing of our lists: from the first run to the import by a person."""
from __future__ import annotations

from tests.playbooks.test_role import Controller
from tests.products.skyhigh_swg.twin import SkyhighGateway


def test_the_role_leaves_the_rule_sets_to_import_beside_its_result(tmp_path):
    with SkyhighGateway(tls=True) as twin:
        controller = Controller({"skyhigh_swg": twin}, tmp_path)
        first = controller.run("first", "--limit", "skyhigh_swg")
        found = first["skyhigh_swg"]
        assert found["coverage_summary"]["allowed"] == 0 and "manual step: no enabled rule uses the list ChatGPT allow" in first[""], first[""]
        for name, above in (("exempt", "HTTPS Scanning"), ("allow", "Global Block")):
            twin.import_rules((tmp_path / "first" / ("skyhigh_swg-ChatGPT-%s.xml" % name)).read_text(), above=above)
        done = controller.run("done", "--limit", "skyhigh_swg")["skyhigh_swg"]
        assert not done["changed"] and done["coverage_summary"] == {"wanted": 2, "allowed": 2, "exempt_wanted": 2, "exempt": 2}, done
        assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel") and twin.decide("stranger", "chatgpt.com")[0] == "block"
