# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of the probes that request more than a page: uploads, event streams, echoes, TURN, HTTP/2, HTTP/3, HTTPS records, portals. Pure."""
from __future__ import annotations

import ipaddress
import re

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import refusals, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.found import Found

#: Headers that browsers never send and gateways add (github.com/cloudflare/mitmengine, reference_fingerprints).
_ADDED = ("via", "x-forwarded-for", "x-bluecoat-via", "x-mwg-via", "proxy-connection", "x-forwarded-proto", "x-barracuda-wf-action", "cuda_cliip", "forwarded")
_TRACE = "/cdn-cgi/trace"


def judge(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    """``seen`` has the observation of its kind. ``genuine``: the certificate is the origin's own, so a response can only be from the origin."""
    kinds = {"upload": _upload, "stream": _stream, "echo": _echo, "websocket": _websocket, "idle": _idle, "turn": _turn, "tls": _hello, "quic": _quic,
             "dns": _record, "http": _portal, "stun": _nat}
    how = kinds.get(probe["kind"])
    return how(probe, seen, genuine, table) if how else Found()


def _written(probe: dict, answer: dict, seen: dict, table: dict | None) -> Found | None:
    """A response in place of the expected one: the page of a product in ``table``, or a refusal."""
    return (_page(answer, table) if table else None) or refusals.judge(probe, answer, seen)


def _page(answer: dict, table: dict) -> Found | None:
    match = signatures.written_by(answer, table) or signatures.progress_page(answer, table)
    if match is None:
        return None
    layer, failure = signatures.REASONS[match.reason]
    return Found(layer, failure, flags=["blocked"] if failure == "http_block_page" else [failure], match=match, answer=answer)


def _upload(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    rows = seen["application"]
    for number, row in enumerate(rows):
        written = _written(probe, row, seen, None if genuine else table)
        if written:
            return written
        if row["failure"] and not number:
            return Found("http", row["failure"])
        if row["intact"] is False:
            return Found(failure="upload_truncated", flags=["upload_changed"])
        if row["failure"] or row["status"] == 413:
            # With the origin's own certificate something on the path can only cut the connection. The origin may cut it as well; our canary does not.
            sink = any(one["intact"] for one in rows)
            if genuine and row["status"] == 413:
                return Found(flags=["upload_refused_by_origin"])
            if any(refusals.refuses(one["status"]) for one in rows):
                # A server that refuses before it has read the request may close the connection as well.
                return Found("http", "refused_before", proven=False)
            return Found(failure="upload_truncated", proven=sink or not genuine, flags=["cut_at_%d_bytes" % row["bytes"]])
    if refusals.of_canary(probe) and not all(row["intact"] for row in rows):
        return Found(failure="http_content_type_mismatch", proven=not genuine)
    return Found()


def _stream(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    answer = seen["application"]
    written = _written(probe, answer, seen, None if genuine else table) if answer["status"] else None
    if written:
        return written
    if answer["failure"]:
        return Found("http", answer["failure"])
    arrivals, expect = answer["arrivals_ms"], probe.get("expect") or {}
    if len(arrivals) < expect.get("events", 1) and refusals.refuses(answer["status"]):
        return Found("http", "refused_before", proven=False)
    if len(arrivals) < expect.get("events", 1):
        return Found("http", "eof_error", flags=["stream_cut"])
    # Events are sent at even intervals; if all arrive within half of that time, something buffered them.
    wanted = (len(arrivals) - 1) * expect.get("interval_ms", 0)
    if arrivals[-1] - arrivals[0] < wanted / 2:
        return Found(failure="stream_buffered")
    return Found()


#: The failure for a header that did not arrive as it was sent. Of several, the first in the order of sending.
_OWN = {("authorization", "absent"): "authorization_lost", ("authorization", "changed"): "authorization_changed",
        ("cookie", "absent"): "cookie_stripped", ("cookie", "changed"): "cookie_rewritten"}
_ANY = {"absent": "header_stripped", "changed": "header_rewritten"}


def _echo(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    http, arrived = seen["http"], seen["http"].get("arrived")
    if arrived is None:
        return Found(failure="http_content_type_mismatch", proven=not genuine)
    found = [_OWN.get((header, state), _ANY[state]) for header, state in arrived.items() if state in _ANY]
    flags = ["headers_added"] * bool(set(http["echoed"]) & set(_ADDED)) + list(dict.fromkeys(found))
    flags += ["headers_not_shown"] * ("unknown" in arrived.values())
    lost = ["%s is %s" % (header, state) for header, state in arrived.items() if state in _ANY]
    return Found(failure=found[0], flags=flags, detail="of the request headers, %s" % ", ".join(lost)) if found else Found(flags=flags)


def _websocket(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    if not seen["http"].get("accepted"):
        return Found()
    if not refusals.of_canary(probe):
        # The server that answers the handshake may not be the one that carries frames, and this host sends nothing back.
        return Found(flags=["handshake_only"])
    answer = seen.get("application") or {}
    return Found() if answer.get("echoed") else Found(failure="websocket_frames_lost", flags=["websocket_frames_lost"])


def _idle(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    """Which silences the connection survived."""
    rows = [row for row in seen["application"] if not row.get("every_s")]
    for row in rows:
        written = _written(probe, row, seen, None if genuine else table) if row["status"] not in (None, 101) else None
        if written:
            return written
    survived, cut = [row for row in rows if row["survived"]], next((row for row in rows if not row["survived"]), None)
    known = "%g s survived" % survived[-1]["silence_s"] if survived else "no shorter silence was tested"
    asked = (probe.get("options") or {}).get("silences") or []
    if cut is None and len(survived) == len(asked):
        return Found(detail="open after %g s of silence" % survived[-1]["silence_s"]) if survived else Found(failure="http_request_failed", proven=False)
    if cut is None or not cut["opened"]:
        # It failed before the silence.
        return Found("http", (cut or {}).get("failure") or "not_reached_again", proven=not survived, detail=known if survived else None)
    late = cut["failure"] == "generic_timeout_error"
    when = "nothing came after %g s of silence" % cut["silence_s"] if late else "cut after %g s of silence" % cut["after_s"]
    beside = next((row for row in seen["application"] if row.get("every_s")), None)
    # A canary of an earlier release never sends one, and a connection that is cut between two messages was silent as well.
    if beside is None or not beside["words"] or min(cut["after_s"], cut["silence_s"]) < 2 * beside["every_s"]:
        told = "it is unknown whether the silence or the age of the connection is the cause"
    elif beside["survived"]:
        told = "a connection of the same age that is not silent survives"
    else:
        return Found(failure="lifetime_cut", flags=["lifetime_cut"], detail="%s; a connection of the same age that was not silent was cut too" % when)
    return Found(failure="idle_cut", flags=["idle_cut"], detail="%s; %s; %s" % (when, known, told))


def cookies(expect: dict, lines: list) -> tuple:
    """(missing, rewritten) cookies of ``expect["set_cookie"]``: names, or names with required attributes, ``name; Secure; HttpOnly``."""
    got = {line.partition(";")[0].strip(): {part.strip().lower() for part in line.split(";")[1:]} for line in lines}
    missing, rewritten = [], []
    for wanted in expect.get("set_cookie", []):
        name, *attributes = [part.strip() for part in wanted.split(";")]
        if name not in got:
            missing.append(name)
        elif {part.lower() for part in attributes} - got[name]:
            rewritten.append(name)
    return missing, rewritten


def _turn(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    return Found(failure=seen["application"]["failure"])


def _nat(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    ports = [seen["stun"].get(key) for key in ("mapped", "mapped_second")]
    differ = all(ports) and ports[0].rpartition(":")[2] != ports[1].rpartition(":")[2]
    # LiveKit advises against it (docs.livekit.io), because media then needs a relay.
    return Found(flags=["symmetric_nat"] if differ else [])


def _hello(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    lost = (probe.get("options") or {}).get("hello") == "h2" and seen["tls"].get("alpn") != "h2"
    return Found(flags=["h2_lost"] if lost else [])


def _quic(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    # Vendors advise gateways to block it; browsers work without it.
    return Found(flags=["quic_open" if (seen["application"] or {}).get("versions") else "quic_unavailable"])


def offers_h3(seen: dict) -> bool:
    """Whether a response, or a DNS record of the name, announces HTTP/3 to browsers."""
    said = ((seen["http"] or {}).get("headers") or {}).get("alt-svc", "")
    record = seen.get("application") if seen["kind"] == "dns" else None
    return bool(re.search(r"(^|[\s,])h3\b", said)) or "h3" in ((record or {}).get("alpn") or [])


def _record(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    return Found(flags=["ech_advertised"] if (seen["application"] or {}).get("ech") else [])


def _portal(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    http, expect = seen["http"], probe.get("expect") or {}
    if not http:
        return Found()
    as_it_is = http["status"] in expect.get("status", [200]) and re.search(expect.get("body", ""), http["body"])
    return Found() if as_it_is else Found(flags=["captive_portal"])


def trace(seen: dict) -> dict:
    """What Cloudflare reports about the connection at /cdn-cgi/trace, ``{"ip": ..., "gateway": ..., "warp": ...}``; empty for any other response."""
    http = seen.get("http")
    if not http or http["status"] != 200 or seen["path"] != _TRACE or not re.search(r"^h=", http["body"], re.M):
        return {}
    said = dict(line.split("=", 1) for line in http["body"].splitlines() if "=" in line)
    try:
        ipaddress.ip_address(said.get("ip", ""))
    except ValueError:
        # This response is not from Cloudflare.
        said.pop("ip", None)
    return said
