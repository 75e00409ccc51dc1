# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wrote an answer that asks who this is, or refuses, in place of what was asked for. It says nothing of cookies, uploads, streams or WebSockets. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import origin
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.found import Found

#: Authentication is required.
WHO = (401, 407)
_NO = WHO + (402, 403, 429, 451)


def refuses(status: int | None) -> bool:
    """Whether a status is a refusal independent of the content of the request. 404, 405 and 413 depend on the content."""
    return status in _NO or (status or 0) >= 500


def judge(probe: dict, answer: dict, seen: dict) -> Found | None:
    """``answer`` of what was ``seen``. None if nothing refuses, or if the origin does, which was then reached."""
    status, ours = answer.get("status"), of_canary(probe)
    genuine = origin.vouched(seen)
    marked = origin.marked(probe.get("entry") or probe["id"], answer.get("headers") or {})
    if ours and (genuine or marked) and (refuses(status) or status in (400, 404)):
        # The canary refuses only if it is full or of another release; something in front of it may refuse as well.
        return Found("origin", "canary_refused", detail="status %d%s" % (status, "" if marked else ", not by the canary itself"))
    if genuine or marked or not refuses(status):
        return None
    if marked is None:
        return Found("http", "sign_in_wanted" if status in WHO else "refused_by_somebody", proven=False, flags=["origin_unproven"],
                     detail="status %d" % status)
    if status in WHO:
        return Found("proxy", "gateway_sign_in", detail="status %d" % status)
    if status == 511:
        return Found("http", "network_authentication_required")
    if status >= 500:
        return Found("proxy", "proxy_cannot_connect", detail="status %d" % status)
    return Found("http", "http_block_page", flags=["blocked"], answer=answer)


def of_canary(probe: dict) -> bool:
    """Whether a probe is for a canary server."""
    return bool((probe.get("options") or {}).get("canary"))
