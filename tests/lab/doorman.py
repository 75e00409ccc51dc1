# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way, or at the far end, for one host: it looks at the name in the TLS handshake and has a mood for it.

``python -m tests.lab.doorman FOLDER ADDRESS PORT UPSTREAM`` serves until it is killed. The moods are read from FOLDER/moods.json for every
connection, ``{host: mood}``; a host without a mood is carried to UPSTREAM, a port on loopback, or 0 for where an intercepted connection was
going. Its port is written to FOLDER/doorman.json, the root of its private authority to FOLDER/private.pem.
"""
from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path

from tests.lab.gateway import pump, server_name
from tests.lab.pki import Authority

# Linux: where a redirected connection was going (linux/netfilter_ipv4.h, netfilter_ipv6/ip6_tables.h).
SO_ORIGINAL_DST = 80
#: Of a gateway that scans a file (public test fixtures of a download client).
SCANNING = b"<html><title>Downloading</title><script>poll('/mwg-internal/de5fs23hu73ds/progress?id=1')</script></html>"
PAGE = b"<html><head><title>%s</title></head><body>%s</body></html>"
ANSWERS = {
    "redirect_foreign": b"HTTP/1.1 302 Found\r\nLocation: https://portal.example.net/login?url=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "redirect_broken": b"HTTP/1.1 302 Found\r\nLocation: https://\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "redirect_loop": b"HTTP/1.1 302 Found\r\nLocation: /cdn-cgi/trace\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "challenge": b"HTTP/1.1 403 Forbidden\r\nCf-Mitigated: challenge\r\nCF-RAY: lab-LAB\r\nContent-Type: text/html\r\nContent-Length: 46\r\n"
                 b"Connection: close\r\n\r\n<html><title>Just a moment...</title></html>\r\n",
    "unavailable": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy",
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4000\r\nConnection: close\r\n\r\nfl=lab\n",
}
#: Seconds before a connection goes on.
SLOW = 0.7
#: Seconds of one way over a line with a round trip of 40 ms, which is what a healthy company's way to a service often has.
ONE_WAY = 0.02
UPLOAD_LIMIT = 512 * 1024


def _same(data):
    return data


def _no_cookie(fields: list) -> list:
    return [line for line in fields if not line.lower().startswith(b"cookie:")]


def _weak_cookies(answer: bytes) -> bytes:
    return answer.replace(b"; Secure; HttpOnly; SameSite=None", b"")


def _signed(fields: list) -> list:
    return fields + [b"X-MWG-Via: 1.1 gateway"]


#: What is done to a request's fields and to the answer, which always comes whole and late.
MEDDLING = {"buffered": (_same, _same), "cookies_weak": (_same, _weak_cookies), "cookies_eaten": (_no_cookie, _same), "signed": (_signed, _same),
            "upload_cut": (_same, _same), "upload_dropped": (_same, _same)}


class Doorman:
    """The lab's public authority, where it can be had, makes certificates that are wrong in one respect only. ``others``: {host: another upstream}."""

    def __init__(self, folder: Path, address: str, port: int, upstream: int, others: dict | None = None):
        self.folder, self._upstream, self._others = Path(folder), upstream, others or {}
        self._private = Authority("Example Private CA", "Example Company")
        self._private.write(self.folder / "private.pem")
        self._contexts: dict = {}
        self._lock = threading.Lock()
        family = socket.AF_INET6 if address == "*" else socket.AF_INET
        self._server = socket.create_server(("" if address == "*" else address, port), family=family, backlog=256, dualstack_ipv6=address == "*")
        self.port = self._server.getsockname()[1]

    def serve(self) -> None:
        while True:
            client, _peer = self._server.accept()
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client) -> None:
        with client, contextlib.suppress(OSError, ValueError, IndexError):
            client.settimeout(60)
            name = server_name(client)
            mood = json.loads((self.folder / "moods.json").read_text()).get(name)
            if mood is None:
                self._carry(client, name)
            elif mood == "tls_reset":
                _reset(client)
            elif mood == "tls_silence":
                time.sleep(60)
            elif mood == "tls_eof":
                client.recv(10)
            elif mood == "big_hello_dropped":
                # What a middlebox does that looks for the name in the first packet only.
                if int.from_bytes(client.recv(5, socket.MSG_PEEK)[3:5], "big") > 1400:
                    time.sleep(60)
                self._carry(client, name)
            elif mood == "slow":
                time.sleep(SLOW)
                self._carry(client, name)
            elif mood == "far":
                # The round trip that opened the connection is over.
                time.sleep(2 * ONE_WAY)
                with socket.create_connection(self._where(client, name), 20) as far:
                    back = threading.Thread(target=_late, args=(far, client), daemon=True)
                    back.start()
                    _late(client, far)
                    back.join(60)
            elif mood in MEDDLING:
                self._meddle(client, name, mood)
            else:
                self._inside(client, name, mood)

    def _carry(self, client, name: str) -> None:
        with socket.create_connection(self._where(client, name), 20) as far:
            pump(client, far)

    def _meddle(self, client, name: str, mood: str) -> None:
        """Decrypt, fetch from the real far end, and give the answer on, but not as it was."""
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with self._context(name, mood).wrap_socket(client, server_side=True) as secure, \
                trusting.wrap_socket(socket.create_connection(self._where(client, name), 20), server_hostname=name) as far:
            head = b""
            while b"\r\n\r\n" not in head:
                head += secure.recv(65536) or b"\r\n\r\n"
            head, _end, body = head.partition(b"\r\n\r\n")
            fields = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            length = next((int(line.split(b":")[1]) for line in fields if line.lower().startswith(b"content-length:")), 0)
            if mood == "upload_cut" and length > UPLOAD_LIMIT:
                while len(body) < UPLOAD_LIMIT:
                    body += secure.recv(65536)
                _reset(secure)
                return
            if mood == "upload_dropped" and length > UPLOAD_LIMIT:
                # Takes everything and gives on a part, as a scanner that fails.
                while len(body) < length:
                    body += secure.recv(65536)
                body = body[:UPLOAD_LIMIT]
                fields = [b"Content-Length: %d" % len(body) if line.lower().startswith(b"content-length:") else line for line in fields]
                length = len(body)
            far.sendall(b"\r\n".join(MEDDLING[mood][0](fields) + [b"Connection: close"]) + b"\r\n\r\n" + body)
            for _part in iter(lambda: len(body) < length, False):
                part = secure.recv(65536)
                body += part
                far.sendall(part)
            answer = b"".join(iter(lambda: far.recv(65536), b""))
            secure.sendall(MEDDLING[mood][1](answer))

    def _where(self, client, name: str) -> tuple:
        if self._upstream:
            return "127.0.0.1", self._others.get(name, self._upstream)
        local = client.getsockname()[0]
        if local.startswith("::ffff:") or ":" not in local:
            # The level is the address family of the packets, also for a listener of both.
            raw = client.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            return socket.inet_ntop(socket.AF_INET, raw[4:8]), struct.unpack("!H", raw[2:4])[0]
        raw = client.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack("!H", raw[2:4])[0]

    def _inside(self, client, name: str, mood: str) -> None:
        with self._context(name, mood).wrap_socket(client, server_side=True) as secure:
            head = b""
            while b"\r\n\r\n" not in head:
                part = secure.recv(65536)
                if not part:
                    return
                head += part
            if mood == "http_silence":
                time.sleep(60)
            elif mood == "http_reset":
                _reset(secure)
            elif mood == "large":
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 40000000\r\nConnection: close\r\n\r\n")
                for _part in range(400):
                    secure.sendall(bytes(100000))
            elif mood == "drip":
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 600\r\nConnection: close\r\n\r\n")
                for _part in range(600):
                    secure.sendall(b".")
                    time.sleep(0.1)
            else:
                secure.sendall(ANSWERS.get(mood) or _page(mood, name))

    def _context(self, name: str, mood: str) -> ssl.SSLContext:
        """A leaf for the name: of the public authority, but expired or for another name, or of a private one."""
        with self._lock:
            if (name, mood) not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                path = self.folder / "doorman-leaf.pem"
                path.write_bytes(self._leaf(name, mood))
                context.load_cert_chain(path)
                path.unlink()
                context.set_alpn_protocols(["http/1.1"])
                self._contexts[name, mood] = context
            return self._contexts[name, mood]

    def _leaf(self, name: str, mood: str) -> bytes:
        if mood in ("private_ca", "page_forged", "progress"):
            return self._private.leaf([name], sct=False)
        public = Authority.load(self.folder / "public-key.pem")
        if mood == "expired":
            return public.leaf([name], days=-1)
        return public.leaf(["other.example.net" if mood == "wrong_name" else name])


def _late(source, target) -> None:
    """Carry one direction, each packet after the time that it takes."""
    with contextlib.suppress(OSError):
        for data in iter(lambda: source.recv(65536), b""):
            time.sleep(ONE_WAY)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _page(mood: str, name: str) -> bytes:
    if mood in ("expired", "wrong_name", "private_ca"):
        body, kind = b"fl=lab\nh=%s\n" % name.encode(), b"text/plain"
    elif mood == "progress":
        body, kind = SCANNING, b"text/html"
    else:
        body, kind = PAGE % (b"Notice", b"This page is not what was asked for."), b"text/html"
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (kind, len(body), body)


def _reset(sock) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


if __name__ == "__main__":
    doorman = Doorman(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    ready = Path(sys.argv[1]) / "doorman.tmp"
    ready.write_text(json.dumps({"port": doorman.port}))
    os.replace(ready, ready.with_suffix(".json"))
    doorman.serve()
