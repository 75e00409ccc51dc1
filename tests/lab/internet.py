# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small internet: TLS origins for any list of hosts, and an honest provider that carries CONNECT to them.

``python -m tests.lab.internet FOLDER ADDRESS PORT HOST...`` serves until it is killed, the origins on ADDRESS ("*" for all) and PORT (0 for
a free one); ports are written to FOLDER/ports.json. With FOLDER/moods.json there a doorman stands before the origins, and the canary
of the probe kit beside them; on all addresses plain HTTP answers the page that tells a portal.
Origins answer by path: a trace, an OpenID configuration, 401 for the API, a request echo, a WebSocket echo, an event stream, an upload
sink, a status page. HTTP/1.1 only. Nothing here is imported from the collection.
"""
from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import ssl
import sys
import threading
from pathlib import Path

from tests.lab.doorman import Doorman
from tests.lab.pki import Authority

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "plugins" / "module_utils" / "kit"))
from canary import Canary  # noqa: E402  pylint: disable=wrong-import-position

CANARY = "canary.example.net"
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
COOKIE = "__cf_bm=lab; Path=/; Secure; HttpOnly; SameSite=None"


_TASKS: set = set()


def _held(task) -> None:
    """The event loop itself keeps no hold of a connection's task: it could be collected while it waits."""
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


class Origin:
    """One TLS listener that answers for every host; the leaf is chosen by SNI."""

    def __init__(self, authority: Authority, hosts: list, folder: Path):
        self._contexts = {}
        pem = folder / "leaf.pem"
        # One leaf for each host: Squid's ssl::server_name also looks at the names in the server's certificate.
        for host in hosts:
            pem.write_bytes(authority.leaf([host]))
            self._contexts[host] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            context.set_alpn_protocols(["http/1.1"])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.sni_callback = self._choose
        pem.unlink()

    def _choose(self, connection, name, _context):
        connection.context = self._contexts.get(name, self.context)

    async def serve(self, reader, writer):
        _held(asyncio.current_task())
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader, writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _version = first.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _sep, v in (line.partition(":") for line in lines if line)}
        path = target.split("?", 1)[0]
        if headers.get("upgrade", "").lower() == "websocket":
            return await _websocket(reader, writer, headers)
        if path == "/__sse":
            return await _events(writer)
        body = await _body(reader, headers)
        status, kind, answer = _route(headers.get("host", ""), method, path, headers, body)
        reply = ["HTTP/1.1 %s" % status, "Content-Type: %s" % kind, "Content-Length: %d" % len(answer), "Set-Cookie: " + COOKIE, "CF-RAY: lab-LAB", "", ""]
        writer.write("\r\n".join(reply).encode("latin-1") + (b"" if method == "HEAD" else answer))
        await writer.drain()
        return headers.get("connection", "").lower() != "close"


def _route(host: str, method: str, path: str, headers: dict, body: bytes) -> tuple:
    name = host.split(":")[0]
    if path == "/cdn-cgi/trace":
        lines = ["fl=lab", "h=%s" % name, "ip=192.0.2.1", "visit_scheme=https", "colo=LAB", "http=http/1.1", "loc=XX", "tls=TLSv1.3",
                 "sni=plaintext", "warp=off", "gateway=off", "kex=X25519"]
        return "200 OK", "text/plain", ("\n".join(lines) + "\n").encode()
    if path == "/.well-known/openid-configuration":
        return "200 OK", "application/json", json.dumps({"issuer": "https://%s" % name}).encode()
    if path == "/v1/models":
        return "401 Unauthorized", "application/json", b'{"error": {"message": "no key"}}'
    if path == "/turnstile/v0/api.js" or path.endswith(".js"):
        return "200 OK", "application/javascript", b"void 0;\n"
    if path == "/api/v2/summary.json":
        return "200 OK", "application/json", json.dumps({"status": {"indicator": "none"}, "components": [], "incidents": []}).encode()
    if path == "/__echo":
        return "200 OK", "application/json", json.dumps({"method": method, "headers": headers}).encode()
    if path == "/__upload":
        return "200 OK", "application/json", json.dumps({"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode()
    return "404 Not Found", "text/html", ("<html><title>%s</title>nothing here</html>" % name).encode()


async def _body(reader, headers) -> bytes:
    return await reader.readexactly(int(headers.get("content-length", 0)))


async def _websocket(reader, writer, headers) -> bool:
    key = headers.get("sec-websocket-key", "").encode()
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest()).decode()
    writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept).encode())
    await writer.drain()
    head = await reader.readexactly(2)
    length, mask = head[1] & 0x7F, await reader.readexactly(4)
    data = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(length)))
    writer.write(bytes([head[0], length]) + data)
    await writer.drain()
    return False


async def _events(writer) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    for number in range(5):
        writer.write(b"data: %d\n\n" % number)
        await writer.drain()
        await asyncio.sleep(0.1)
    return False


class Provider:
    """Carries ``CONNECT host:443`` to the origin and refuses every other name, as the resolver of a real provider would."""

    def __init__(self, hosts: list, port: int):
        self._hosts, self._port = set(hosts), port

    async def serve(self, reader, writer):
        _held(asyncio.current_task())
        try:
            line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode("latin-1")
            method, target, _rest = line.split(" ", 2)
            host, _sep, port = target.rpartition(":")
            if method != "CONNECT" or port != "443" or host.lower().rstrip(".") not in self._hosts:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()


async def _copy(reader, writer) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


def _canary(authority: Authority, folder: Path) -> int:
    """The canary that people run, under the lab's public authority; its port."""
    pem = folder / "canary.pem"
    pem.write_bytes(authority.leaf([CANARY]))
    server = Canary(("127.0.0.1", 0), str(pem), None)
    pem.unlink()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


async def _plain(reader, writer) -> None:
    """Plain HTTP: the page that devices look for to tell a portal from the internet."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _main(folder: Path, address: str, port: int, hosts: list) -> None:
    authority = Authority("Lab Public Root", "Lab Public Trust")
    authority.write(folder / "public.pem")
    # For a doorman, who shows leafs that are wrong in one respect only.
    (folder / "public-key.pem").write_bytes(authority.key_pem)
    origin = Origin(authority, hosts, folder)
    moody = (folder / "moods.json").exists()
    served = await asyncio.start_server(origin.serve, "127.0.0.1" if moody else None if address == "*" else address, 0 if moody else port, ssl=origin.context)
    front, port = port, served.sockets[0].getsockname()[1]
    if moody:
        doorman = Doorman(folder, address, front, port, {CANARY: _canary(authority, folder)})
        threading.Thread(target=doorman.serve, daemon=True).start()
        port = doorman.port
    if address == "*":
        await asyncio.start_server(_plain, None, 80)
    provider = await asyncio.start_server(Provider(hosts, port).serve, "127.0.0.1", 0)
    ports = {"origin": port, "provider": provider.sockets[0].getsockname()[1]}
    (folder / "ports.tmp").write_text(json.dumps(ports))
    os.replace(folder / "ports.tmp", folder / "ports.json")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
