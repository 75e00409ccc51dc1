# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probes that ask for more than a page have found: uploads, event streams, echoes, TURN, HTTP/2, HTTP/3, HTTPS records, portals. Pure."""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures

#: Headers that browsers never send and gateways add (github.com/cloudflare/mitmengine, reference_fingerprints).
_ADDED = ("via", "x-forwarded-for", "x-bluecoat-via", "x-mwg-via", "proxy-connection", "x-forwarded-proto", "x-barracuda-wf-action", "cuda_cliip", "forwarded")
_TRACE = "/cdn-cgi/trace"


@dataclass
class Found:
    """``failure`` None: nothing in the way. ``proven`` False: the origin itself may have done it. ``match``: the product, when its page came instead."""

    layer: str = "application"
    failure: str | None = None
    proven: bool = True
    flags: list = field(default_factory=list)
    match: object = None
    answer: dict | None = None


def judge(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    """``genuine``: the certificate is the origin's own, so that nobody else can have written an answer."""
    kinds = {"upload": _upload, "stream": _stream, "echo": _echo, "turn": _turn, "tls": _hello, "quic": _quic, "dns": _record, "http": _portal, "stun": _nat}
    how = kinds.get(probe["kind"])
    return how(probe, seen, genuine, table) if how else Found()


def _page(answer: dict, table: dict) -> Found | None:
    for look, failure in ((signatures.written_by, "http_block_page"), (signatures.progress_page, "progress_page")):
        match = look(answer, table)
        if match:
            return Found("http", failure, flags=["blocked"] if failure == "http_block_page" else [failure], match=match, answer=answer)
    return None


def _upload(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    for number, row in enumerate(seen["application"] or []):
        page = None if genuine else _page(row, table)
        if page:
            return page
        if row["failure"] and not number:
            return Found("http", row["failure"])
        if row["intact"] is False:
            return Found(failure="upload_truncated", flags=["upload_changed"])
        if row["failure"] or row["status"] == 413:
            # On the origin's own certificate only a cut can be somebody else's, and the origin may cut as well; a sink of ours does not.
            sink = any(one["intact"] for one in seen["application"])
            if genuine and row["status"] == 413:
                return Found(flags=["upload_refused_by_origin"])
            return Found(failure="upload_truncated", proven=sink or not genuine, flags=["cut_at_%d_bytes" % row["bytes"]])
    return Found()


def _stream(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    answer = seen["application"]
    page = None if genuine or not answer["status"] else _page(answer, table)
    if page:
        return page
    if answer["failure"]:
        return Found("http", answer["failure"])
    arrivals, expect = answer["arrivals_ms"], probe.get("expect") or {}
    if len(arrivals) < expect.get("events", 1):
        return Found("http", "eof_error", flags=["stream_cut"])
    # They are sent evenly; when they come within half of that time, somebody held them back.
    wanted = (len(arrivals) - 1) * expect.get("interval_ms", 0)
    if wanted and arrivals[-1] - arrivals[0] < wanted / 2:
        return Found(failure="stream_buffered")
    return Found()


def _echo(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    http, echoed = seen["http"], (seen["http"] or {}).get("echoed")
    if not http or echoed is None:
        return Found(failure="http_content_type_mismatch", proven=not genuine)
    added = sorted(set(echoed) & set(_ADDED))
    flags = ["headers_added"] if added else []
    if "netaccess_sent=" not in echoed.get("cookie", ""):
        return Found(failure="cookie_stripped", flags=flags + ["cookie_stripped"])
    return Found(flags=flags)


def cookies(expect: dict, lines: list) -> tuple:
    """(missing, rewritten) of what ``expect["set_cookie"]`` wants: names, or names with attributes that have to be there, ``name; Secure; HttpOnly``."""
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
    answer = seen["application"]
    return Found(failure=answer["failure"]) if answer["failure"] else Found()


def _nat(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    ports = [(seen["stun"] or {}).get(key) for key in ("mapped", "mapped_second")]
    differ = all(ports) and ports[0].rpartition(":")[2] != ports[1].rpartition(":")[2]
    # LiveKit asks to avoid it (docs.livekit.io): media then has to take the way over a relay.
    return Found(flags=["symmetric_nat"] if differ else [])


def _hello(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    lost = (probe.get("options") or {}).get("hello") == "h2" and seen["tls"] and seen["tls"].get("alpn") != "h2"
    return Found(flags=["h2_lost"] if lost else [])


def _quic(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    # Gateways are told to block it; browsers do without.
    return Found(flags=["quic_open" if (seen["application"] or {}).get("versions") else "quic_unavailable"])


def _record(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    return Found(flags=["ech_advertised"] if (seen["application"] or {}).get("ech") else [])


def _portal(probe: dict, seen: dict, genuine: bool, table: dict) -> Found:
    http, expect = seen["http"], probe.get("expect") or {}
    if not http or http["failure"] or http["status"] is None:
        return Found()
    as_it_is = http["status"] in expect.get("status", [200]) and re.search(expect.get("body", ""), http["body"])
    return Found() if as_it_is else Found(flags=["captive_portal"])


def trace(seen: dict) -> dict:
    """What Cloudflare says of the connection at /cdn-cgi/trace, ``{"ip": ..., "gateway": ..., "warp": ...}``; empty for any other answer."""
    http = seen.get("http")
    if not http or http["status"] != 200 or seen["path"] != _TRACE or not re.search(r"^h=", http["body"], re.M):
        return {}
    said = dict(line.split("=", 1) for line in http["body"].splitlines() if "=" in line)
    try:
        ipaddress.ip_address(said.get("ip", ""))
    except ValueError:
        # Whoever wrote that is not Cloudflare.
        said.pop("ip", None)
    return said
