# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

from webgatewayapi.authenticate import authenticate
from webgatewayapi.listdata import listdata

from tests.bench.products import Meter, beside, ours, policies
from tests.products.skyhigh_swg.rig import ALLOW, EXEMPT, SkyhighRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = SkyhighRig(Path(folder)), SkyhighRig(Path(folder))
            with rig.twin, peer.twin:
                def is_write(request):
                    return request.method in ("PUT", "DELETE") or request.path.endswith(("/commit", "/insert")) or (
                        request.method == "POST" and request.path.endswith("/list"))
                times = ours("Skyhigh SWG, " + label, rig, policy, Meter(rig.twin, is_write))

                def entries():
                    """One request for each entry: the client writes no whole list."""
                    login = authenticate(hostname="127.0.0.1", port=peer.twin.port, https=False)
                    login.createSession(username="netaccess", password=peer.twin.admins["netaccess"])
                    lists = listdata(login.session, hostname="127.0.0.1", port=peer.twin.port, https=False)
                    ids, changed = {row["title"]: identity for identity, row in lists.listData(pagesize=1000)["data"].items()}, False
                    for title, patterns in ((ALLOW, policy.allow), (EXEMPT, policy.exempt)):
                        found = lists.listID(ids[title])
                        held = list(found["data"]) if isinstance(found, dict) else []
                        for entry in sorted({entry for pattern in patterns for entry in peer.natives(str(pattern))} - set(held)):
                            lists.listEntryInsertModify(ids[title], entry, "", position=len(held), insert="insert")
                            held.append(entry)
                            changed = True
                    if changed:
                        login.session.post(login.createAppendURL("commit"))
                    login.destroySession()
                beside("Skyhigh SWG, " + label, "mcafee-mwgapi", entries, Meter(peer.twin, is_write), times, 1)
                assert peer.snapshot()["lists"].keys() == rig.snapshot()["lists"].keys()
