# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes of netaccess.chatgpt in one file, for a machine that Ansible does not manage. Python 3.8 or newer and nothing else.

It records what it sees. The playbook diagnose reads the file and judges it.
"""
from __future__ import annotations

import argparse
import json
import os
import pkgutil
import sys
import tempfile
import time
from urllib.parse import unquote

from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import answer, canary
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import idle, runner
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import DEFAULTS, OptionError, observe
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.urls import split_user

FORMAT = 1


def main() -> int:
    # A console that cannot show a letter, for example of an issuer, shows a substitute.
    sys.stdout.reconfigure(errors="replace")
    others = {"answer": answer.main, "canary": canary.main}
    if sys.argv[1:2] and sys.argv[1] in others:
        return others[sys.argv[1]](sys.argv[2:])
    held = json.loads(pkgutil.get_data(__package__, "probes.json").decode("utf-8"))
    parser = argparse.ArgumentParser(prog="netaccess-probe", description="Probes from this machine what ChatGPT needs, and writes the results to a file.")
    parser.epilog = "netaccess-probe canary --help: run your own server for probes of uploads, streams, WebSockets and headers"
    parser.add_argument("--canary", help="host or host:port of a canary server to probe as well")
    parser.add_argument("--silences", type=silences, default=[], metavar="SECONDS,...",
                        help="with --canary: seconds that connections to it stay silent, to find idle timeouts, for example 30,60,300; "
                             "the run takes as long as the longest")
    parser.add_argument("--full", action="store_true", help="probe every host, not only one or two for each feature")
    parser.add_argument("--no-udp", action="store_true", help="skip the UDP probes of the published voice addresses")
    parser.add_argument("--proxy", default="environment", help="direct, environment (the default), or http://host:port")
    parser.add_argument("--pac", help="URL of the PAC file that browsers use here, if the system settings do not contain it")
    parser.add_argument("--label", default="laptop", help="a label for this location, for example hotspot or office")
    parser.add_argument("--output", default="netaccess-probe.json", help="the file to write")
    parser.add_argument("--ca-file", help="public root certificates (PEM) to use in place of the built-in ones")
    parser.add_argument("--timeout", type=float, default=10, help="seconds for each step")
    asked = parser.parse_args()
    probes = [probe for probe in held["full" if asked.full else "quick"] if probe["kind"] != "stun" or not asked.no_udp]
    if asked.silences and not asked.canary:
        parser.error("--silences needs --canary")
    silent = [dict(probe, options=dict(probe["options"], silences=asked.silences)) for probe in held["silent"]] if asked.silences else []
    probes += [dict(probe, host=asked.canary.partition(":")[0], port=int(asked.canary.partition(":")[2] or 443)) for probe in held["canary"] + silent
               ] if asked.canary else []
    # Silences get the time that they take, and all other probes as much time as without them.
    deadline = max(DEFAULTS["deadline"], idle.longest(probes) + 2 * asked.timeout)
    question = dict(DEFAULTS, probes=probes, ca_path=asked.ca_file, timeout=asked.timeout, deadline=deadline, pac_url=asked.pac, **_proxy(asked.proxy))
    _say("Probing %d hosts, for up to %d seconds ..." % (len({probe["host"] for probe in probes}), deadline))
    if silent:
        _say("It %s." % idle.announced(probes, deadline))
    try:
        seen = observe(question)
    except OptionError as error:
        parser.error(str(error))
    if asked.ca_file:
        # Its path may contain a user's name.
        seen["roots"]["source"] = "file"
    body = dict(seen, format=FORMAT, label=asked.label, taken=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), kit=held["version"],
                catalogue=held["catalogue"], probes=probes)
    write(asked.output, json.dumps(body))
    _say("\n".join(plainly(seen["observations"])))
    _say("Results written to %s. Send that file to whoever runs the diagnosis; it contains no passwords and no cookie values." % os.path.abspath(asked.output))
    return 0


def silences(text: str) -> list:
    """Seconds between commas. :raises ValueError:"""
    found = [float(part) for part in text.split(",")]
    if len(found) > idle.MANY or not all(0 < one <= idle.LONGEST for one in found):
        raise argparse.ArgumentTypeError("up to %d values, each greater than 0 and at most %d seconds" % (idle.MANY, idle.LONGEST))
    return found


def _proxy(text: str) -> dict:
    pair, place = split_user(text)
    user, _sep, password = (pair or "").partition(":")
    return {"proxy": place, "proxy_user": unquote(user), "proxy_password": unquote(password)} if pair is not None else {"proxy": place}


def plainly(observations: list) -> list:
    """Facts for the user of the machine: how far each wanted host was reached."""
    lines = []
    for one in observations:
        if one["kind"] in runner.WITHOUT_PROXY and one["via"] == "proxy":
            continue
        issuer = ((one["tls"] or {}).get("leaf") or {}).get("issuer")
        asked_more = one["kind"] not in ("https", "websocket", "echo", "http")
        reached = None
        if (one["http"] or {}).get("status") or (asked_more and issuer):
            reached = "answers" + (", certificate of %s" % (issuer.get("o") or issuer.get("cn")) if issuer else "")
        elif (one["stun"] or {}).get("mapped") or (one["kind"] == "quic" and (one["application"] or {}).get("versions")):
            reached = "answers over UDP"
        elif one["kind"] in ("tcp", "dns") and not (one["tcp"] or {}).get("failure") and not (one["dns"] or {}).get("failure"):
            reached = "reachable"
        layer = next((name for name in ("dns", "tcp", "connect", "tls", "http", "stun") if isinstance(one[name], dict) and one[name].get("failure")), None)
        words = (one.get(layer) or {}).get("failure") or one["failure"] or "refused"
        lines.append("  %-34s %s" % (one["host"], reached or "%s: %s" % (layer or "not reached", words)))
    return lines


def write(path: str, text: str) -> None:
    """The whole file or none of it, readable by its owner only."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".netaccess-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
