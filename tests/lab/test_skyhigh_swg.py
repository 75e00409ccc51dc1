# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a Skyhigh Web Gateway that knows nothing of our lists: from the first run to the import by a person."""
from __future__ import annotations

from tests.lab.test_role import Controller
from tests.twins.skyhigh_swg import SkyhighGateway


def test_the_role_leaves_the_rule_sets_to_import_beside_its_result(tmp_path):
    with SkyhighGateway(tls=True) as twin:
        controller = Controller("skyhigh_swg", twin, tmp_path)
        first = controller.run()
        assert first["rc"] == 0 and first["coverage_summary"]["allowed"] == 0, first["shown"]
        assert "still to do by hand: no enabled rule refers to the list ChatGPT allow" in first["shown"]
        twin.import_rules((tmp_path / "device1-ChatGPT-exempt.xml").read_text(), above="HTTPS Scanning")
        twin.import_rules((tmp_path / "device1-ChatGPT-allow.xml").read_text(), above="Global Block")
        done = controller.run()
        assert not done["changed"] and done["coverage_summary"] == {"wanted": 2, "allowed": 2, "exempt_wanted": 2, "exempt": 2}, done["shown"]
        assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel") and twin.decide("stranger", "chatgpt.com")[0] == "block"
