# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shlex
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.placeholders import MARK
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.site import starter


class ActionModule(ActionBase):
    """Writes the files on the controller, all of them or none."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            products=dict(type="list", elements="str", required=True),
            dest=dict(type="path", required=True),
        ))
        args = plain(args)
        try:
            products = starter.chosen(args["products"])
        except starter.StarterError as error:
            raise AnsibleActionFail("new_site: %s. Nothing was written" % error) from None
        dest = Path(args["dest"])
        if dest.name in ("", ".."):
            raise AnsibleActionFail("new_site: dest is %r; it has to name a folder, such as inventory. Nothing was written" % args["dest"])
        # Inside the folder, Ansible would read it as an inventory.
        change = dest.parent / starter.CHANGE
        texts = {dest / path: text for path, text in starter.texts(products).items()}
        texts[change] = starter.change()
        there = [str(path) for path in texts if path.exists() or path.is_symlink()]
        if there:
            raise AnsibleActionFail("new_site: these files exist: %s. Choose another folder as dest, or move them away. Nothing was written" % ", ".join(there))
        other = self._other_config(dest.parent / starter.CONFIG)
        if not other:
            texts[dest.parent / starter.CONFIG] = starter.config()
        if not self._task.check_mode:
            self._write(texts)
        files = [str(path) for path in texts]
        following = self._next(dest, change, products)
        said = ["%s %s" % ("Would write" if self._task.check_mode else "Wrote", path) for path in files]
        said += ["Did not write %s: %s. To print only what matters, its section [defaults] needs these lines:" % (starter.CONFIG, other),
                 *("   " + line for line in starter.config().splitlines() if " = " in line)] * bool(other)
        Display().display("\n".join(said + ["", "Next:"] + following))
        return dict(changed=True, files=files, products=products, next=following)

    @staticmethod
    def _other_config(path: Path) -> str | None:
        """Why no configuration file of Ansible is written: one exists, which holds more than two settings of ours. Ansible reads a single one."""
        if path.exists() or path.is_symlink():
            return "%s exists" % path
        used = constants.CONFIG_FILE
        return "Ansible already uses %s, and reads one configuration file alone" % used if used else None

    @staticmethod
    def _write(texts: dict) -> None:
        written = []
        try:
            for path, text in texts.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                # A file that someone else creates at the same moment is not overwritten either.
                with open(path, "x", encoding="utf-8") as file:
                    written.append(path)
                    file.write(text)
        except OSError as error:
            for path in written:
                os.unlink(path)
            raise AnsibleActionFail("new_site: %s cannot be written: %s. Nothing was written" % (error.filename, error.strerror)) from error

    @staticmethod
    def _next(dest: Path, change: Path, products: list) -> list:
        """The operator's next steps, each with its command."""
        inventory, where = shlex.quote(str(dest)), shlex.quote("@%s" % change)
        vaults = starter.vault(products)
        ask = " --ask-vault-pass" if vaults else ""
        play = "   ansible-playbook -i %s%s netaccess.chatgpt." % (inventory, ask)
        steps = [("Fill in each %s, and delete what you do not need:" % MARK, ['   grep -rn "%s" %s %s' % (MARK, inventory, shlex.quote(str(change)))])]
        if vaults:
            steps.append(("Keep the secrets in vaults, each with the variables that are named behind its command:", [
                "   ansible-vault create %s   # %s" % (shlex.quote(str(dest / path)), ", ".join(names)) for path, names in vaults.items()]))
        steps += [
            ("See what would change, and what hosts see now; this writes nothing:", [play + "site -e %s --check --diff" % where]),
            ("Make the change, with its proof and a report:", [play + "site -e %s" % where]),
            ("Audit, any time; this writes nothing to a device:", [play + "audit -e audit_dest=audit"]),
            ("Roll the change back:", [play + "rollback -e netaccess_journal=JOURNAL -l DEVICE   # site prints both"]),
        ]
        return [line for number, (head, lines) in enumerate(steps, 1) for line in ["%d. %s" % (number, head), *lines]]
