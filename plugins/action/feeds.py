# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy, PolicyError
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, load, plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import feeds
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.bundle import collection_version


class ActionModule(ActionBase):
    """Runs on the controller. Each file is replaced whole: a device that downloads it meanwhile gets the old or the new list."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            config=dict(type="dict", required=True), dest=dict(type="path", required=True),
            formats=dict(type="list", elements="str", required=True, choices=list(feeds.FORMATS)),
            selection=dict(type="dict", default={}), generated=dict(type="str"), pac_wanted=dict(type="str"), pac_others=dict(type="str"),
            mode=dict(type="str", default="0644"),
        ))
        args = plain(args)
        # YAML parses 0644 without quotes as the number 420, which reads as another mode.
        if not re.match(r"0[0-7]{3}\Z", args["mode"]):
            raise AnsibleActionFail("feeds: mode: %r is not an octal mode such as '0644', in quotes" % args["mode"])
        try:
            about = feeds.About(
                version=collection_version(), newest=max(load().version_names()), selection=tuple(sorted(args["selection"].items())),
                generated=args["generated"], wanted=args["pac_wanted"], others=args["pac_others"])
            texts = feeds.render(Policy.from_config(args["config"]), args["formats"], about)
        except PolicyError as error:
            raise AnsibleActionFail("feeds: config: %s" % error) from error
        except (CatalogueError, feeds.FeedError) as error:
            raise AnsibleActionFail("feeds: %s" % error) from error
        try:
            changed = [name for name, text in texts.items() if self._put(Path(args["dest"]), name, text, int(args["mode"], 8))]
        except OSError as error:
            raise AnsibleActionFail("feeds: %s cannot be written: %s" % (error.filename or args["dest"], error.strerror)) from error
        return dict(changed=bool(changed), dest=args["dest"], changed_files=sorted(changed),
                    files={name: hashlib.sha256(text.encode("utf-8")).hexdigest() for name, text in sorted(texts.items())})

    def _put(self, folder: Path, name: str, text: str, mode: int) -> bool:
        path = folder / name
        if path.exists() and path.read_bytes() == text.encode("utf-8") and stat.S_IMODE(path.stat().st_mode) == mode:
            return False
        if not self._task.check_mode:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_atomically(str(path), text, mode)
        return True
