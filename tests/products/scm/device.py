# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.scm.twin import Scm

# FILL IN the block page as the product sends it: status, headers and body; verdicts/signatures.yml has to know it.
PAGE = (403, {"Content-Type": "text/html"}, b"FILL IN")


def variables(twin) -> dict:
    return {"access_scm_host": "127.0.0.1", "access_scm_port": twin.port,
            "access_audience": {"groups": ["AI users"]}}


DEVICE = Device(
    "Prisma Access", lambda: Scm(tls=True), variables, lambda twin: {"access_scm_token": twin.token},
    lambda twin: {"SCM_TOKEN": twin.token}, PAGE)
