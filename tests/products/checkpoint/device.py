# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.checkpoint.twin import Checkpoint

PAGE = (302, {"Location": "http://192.0.2.9/UserCheck/PortalMain?IID=5A7C1E00-0000-0000-0000-000000000000&origUrl=aHR0cHM6Ly9jaGF0Z3B0LmNvbS8="}, b"")


def writes(request) -> bool:
    """Everything is posted, what only reads as well."""
    return request.path.rpartition("/")[2].startswith(("add-", "set-application", "set-access", "set-https", "delete-", "publish", "install-policy"))


DEVICE = Device(
    "Check Point", lambda: Checkpoint(tls=True),
    lambda twin: {"access_checkpoint_host": "127.0.0.1", "access_checkpoint_port": twin.port, "access_checkpoint_username": "netaccess",
                  "access_audience": {"roles": ["AI users"]}},
    secrets=lambda twin: {"access_checkpoint_password": twin.admins["netaccess"]},
    environment=lambda twin: {"CHECKPOINT_PASSWORD": twin.admins["netaccess"]}, page=PAGE, writes=writes)
