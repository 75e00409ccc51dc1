# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page over a real connection: there, gone, decrypted, and replaced by somebody's page."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import service_status
from tests.lab.path import Proxied

HOST = "status.openai.com"


@pytest.fixture(scope="module")
def path():
    with Proxied() as made:
        yield made


def ask(path, **more):
    options = dict(timeout=2, verify=str(path.internet.public), proxy=path.settings["proxy"])
    options.update(more)
    return service_status.fetch("https://%s/api/v2/summary.json" % HOST, **options)


def test_it_is_read(path):
    path.mend()
    data, problem = ask(path)
    assert problem is None and service_status.judge(data, service_status.rules())["state"] == "operational"


@pytest.mark.parametrize("mood,said", [
    ("private_ca", "a gateway may decrypt this connection"), ("http_silence", "did not complete its answer"), ("tls_reset", "cannot be reached"),
    ("redirect_foreign", "redirects to portal.example.net"), ("unavailable", "answers with HTTP 503"), ("page", "but a web page"),
    ("large", "larger than 4 MiB"),
    ("drip", "did not complete its answer within 2 s")])
def test_what_came_instead_is_said(path, mood, said):
    path.mend()
    path.moods({HOST: mood})
    data, problem = ask(path)
    assert data is None and said in problem


def test_the_module_says_it_and_never_fails_for_it(path):
    path.mend()

    def run(**args):
        args = dict({"proxy": path.settings["proxy"], "ca_path": str(path.internet.public), "timeout": 2}, **args)
        program = str(Path(sys.executable).parent / "ansible")
        done = subprocess.run([program, "localhost", "-m", "netaccess.chatgpt.service_status_info", "-a", json.dumps(args)],
                              env=dict(os.environ, ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.partition("=>")[2])
    assert run()["state"] == "operational"
    path.moods({HOST: "tls_reset"})
    gone = run()
    assert (gone["state"], gone["source"]) == ("unknown", "none") and "the state of the service is unknown: %s cannot be reached" % HOST in gone["message"]
