# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path

from tests.bench.products import Meter, beside, ours, policies
from tests.products.scm.rig import CLIENT, ScmRig

sys.path.append(str(Path(__file__).resolve().parents[3] / ".build" / "peers" / "python"))
from scm.client import Scm as Client  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = "Mobile Users"
ANY = {name: ["any"] for name in ("from", "to", "source", "destination")}


def main() -> None:
    for label, policy in policies():
        with contextlib.ExitStack() as up:
            rig, peer = (ScmRig(Path(up.enter_context(tempfile.TemporaryDirectory()))) for _number in range(2))
            for each in (rig, peer):
                up.enter_context(each.twin)
            times = ours("Prisma Access, " + label, rig, policy, Meter(rig.twin, is_write))
            beside("Prisma Access, " + label, "pan-scm-sdk", lambda: bulk(peer, policy), Meter(peer.twin, is_write), times, 1)
            assert len({each.decide("member", "chatgpt.com") for each in (rig, peer)}) == 1


def is_write(request) -> bool:
    return request.method in ("POST", "PUT", "DELETE") and "oauth2" not in request.path


def bulk(peer, policy) -> None:
    """The same lists and rules, and one push; without a look at what stands in the way."""
    peer.twin.tokens["bench"] = CLIENT
    client = Client(access_token="bench", api_base_url=peer.twin.url)
    held = {one.name for one in client.url_category.list(folder=FOLDER)}
    if held >= {"chatgpt-allow", "chatgpt-exempt"}:
        return
    for name, patterns in (("chatgpt-allow", policy.allow), ("chatgpt-exempt", policy.exempt)):
        entries = sorted({entry for pattern in patterns for entry in peer.natives(str(pattern))})
        client.url_category.create({"name": name, "folder": FOLDER, "list": entries, "type": "URL List"})
    people = dict(ANY, folder=FOLDER, source_user=["example\\ai-users"])
    for table, first, body in (
            (client.decryption_rule, "Decrypt the rest", {"name": "chatgpt-no-decrypt", "action": "no-decrypt", "category": ["chatgpt-exempt"],
                                                          "service": ["any"], "type": {"ssl_forward_proxy": {}}}),
            (client.security_rule, "Block AI", {"name": "chatgpt-allow", "action": "allow", "category": ["chatgpt-allow"], "service": ["service-https"],
                                                "application": ["any"]})):
        made = table.create(dict(body, **people))
        table.move(made.id, {"destination": "before", "rulebase": "pre", "destination_rule": str(table.fetch(name=first, folder=FOLDER).id)})
    client.commit([FOLDER], "bench", admin=[CLIENT])
    peer.twin.settle()
    assert json.dumps(sorted(held))


if __name__ == "__main__":
    main()
