# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser's file of 200 MB, read and judged, beside what the parser of Python's library needs for the same entries. Each in a process of its own."""
from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

from tests.bench.products import ROW

ROOT = Path(__file__).resolve().parent.parent.parent
MEGABYTES = 200
#: What a child prints: seconds of its own work, the peak of its memory in MB, entries.
_END = "\nimport resource, time\nused = resource.getrusage(resource.RUSAGE_SELF)\nprint(time.process_time() - began, used.ru_maxrss / 1024, count)\n"
JUDGED = """
import sys, time
from pathlib import Path
from ansible_collections.netaccess.chatgpt.plugins.action.har_info import read
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import judge as har, reader
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
judge = har.Judge(load(), signatures.load())
began = time.process_time()
read(reader.Reader(Path(sys.argv[1])), judge, None)
assert judge.result()["conclusion"] == "works", judge.result()["message"]
count = judge.count
""" + _END
#: The same entries, each on a line of its own, and nothing made of them.
PARSED = """
import sys, time, json
began, count = time.process_time(), 0
for line in open(sys.argv[1], encoding="utf-8"):
    if line.startswith('{"started'):
        count += 1
        json.loads(line.rstrip(",\\n"))
""" + _END


def entry(number: int, chance: random.Random) -> dict:
    """What a browser records of the app: calls for data, scripts, pictures, streams, pages; most small, a few large."""
    kind, mime, size = chance.choices(
        [("fetch", "application/json", 2_000), ("script", "text/javascript", 150_000), ("image", "image/webp", 60_000), ("fetch", "text/event-stream", 30_000),
         ("document", "text/html; charset=utf-8", 90_000), ("fetch", "application/json", 4_000_000)], [600, 60, 60, 30, 10, 1])[0]
    host = chance.choice(("chatgpt.com", "chatgpt.com", "cdn.oaistatic.com", "files.oaiusercontent.com", "ab.chatgpt.com", "www.example.com"))
    text = ("%d \\u00e9 \"quoted\" words of an answer, " % number) * (size // 36)
    content = {"size": size, "mimeType": mime, "text": text}
    if kind == "image":
        content.update(text=base64.b64encode(text.encode()).decode(), encoding="base64")
    headers = [("cf-ray", "%x-FRA" % number), ("content-type", mime), ("server", "cloudflare"), ("date", "Tue, 24 Nov 2026 08:00:00 GMT"),
               ("strict-transport-security", "max-age=31536000"), ("alt-svc", 'h3=":443"; ma=86400'), ("cache-control", "private")]
    headers += [("x-header-%d" % n, "value %d of %d" % (n, number)) for n in range(12)]
    listed = [{"name": name, "value": value} for name, value in headers]
    return {"startedDateTime": "2026-11-24T08:00:%02d.%03dZ" % (number % 60, number % 1000), "time": 120.5, "_resourceType": kind,
            "request": {"method": "GET", "url": "https://%s/backend-api/%s/%d?x=%d" % (host, kind, number, number), "httpVersion": "h2", "bodySize": 0,
                        "headers": [{"name": "accept", "value": "*/*"}, {"name": "user-agent", "value": "Mozilla/5.0"}] + listed[7:],
                        "queryString": [{"name": "x", "value": str(number)}], "cookies": [{"name": "a%d" % n, "value": "b" * 40} for n in range(8)]},
            "response": {"status": 200, "statusText": "", "httpVersion": "h2", "headers": listed, "cookies": [], "content": content, "redirectURL": "",
                         "headersSize": -1, "bodySize": -1}, "serverIPAddress": "192.0.2.1", "cache": {},
            "timings": {"blocked": 1, "dns": 2, "connect": 9, "ssl": 6, "send": 0.1, "wait": 90.5, "receive": 180.2}}


def write(path: Path, megabytes: int) -> None:
    """The same file each time, an entry on a line."""
    chance, left, number = random.Random(1), megabytes << 20, 0
    with open(path, "w", encoding="utf-8") as file:
        left -= file.write('{"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [], "entries": [\n')
        while left > 0:
            left -= file.write(("" if number == 0 else ",\n") + json.dumps(entry(number, chance)))
            number += 1
        file.write("\n]}}\n")


def child(program: str, path: Path, tree: Path = ROOT / ".build" / "collections") -> tuple:
    """(seconds of work, MB at its peak, entries)"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(tree)})
    return tuple(float(word) for word in done.stdout.split())


def main(megabytes: int = MEGABYTES, times: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.har"
        write(path, megabytes)
        # By turns, and the best of each: others may be at work on this machine.
        pairs = [(child(PARSED, path), child(JUDGED, path)) for _number in range(times)]
    (parsed, plain, lines), (judged, peak, count) = (tuple(min(one[part] for one in side) for part in range(3)) for side in zip(*pairs))
    assert lines == count, "another number of entries"
    print(ROW % ("HAR: %d MB, %d entries, read and judged" % (megabytes, count), "%.2f s, %d MB at its peak" % (judged, peak),
                 "%.2f of the time of json alone, %.2f of its memory" % (judged / parsed, peak / plain)))


if __name__ == "__main__":
    main()
