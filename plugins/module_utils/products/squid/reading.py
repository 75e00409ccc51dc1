# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the configuration and the managed files from disk, every time. A new Site is created only if one of them changed."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.force import Files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import real_glob

_SWITCHABLE = ("http_access", "ssl_bump", "request_header_access", "reply_header_access")


class Reader:
    """``site``; ``files``: what was read; ``drop_in``: the text of the drop-in, if it exists; ``switches``: an Object for each line that can be disabled."""

    def __init__(self, settings: Settings, service_name: str | None):
        self._settings, self._service_name = settings, service_name
        self.site, self.files, self.drop_in, self.switches = conf.Site(), Files(), None, {}
        #: What was on disk when the Site was created.
        self._told: tuple | None = None

    def load(self) -> None:
        """Read all. :raises AccessError: refused, for what cannot be read."""
        if self._told is None or not self._as_it_was(self._told):
            self._make()

    def _as_it_was(self, told: tuple) -> bool:
        """Reads the files of the Site, and whether they are unchanged. In the drop-in only lines of others count."""
        path, before = self._settings.drop_in, self.drop_in
        self.files = Files(real_glob)
        self.files.ask_again(told)
        self.drop_in = self.own_text(path)
        lines, earlier = (conf.lines_of_others(text or "", path, self.site.quoted) for text in (self.drop_in, before))
        return self.files.told(path) == told and lines == earlier

    def _make(self) -> None:
        path = self._settings.drop_in
        self.files = Files(real_glob)
        try:
            self.site = conf.load(self._settings.config_file, path, self.files.read, self.files.glob, self._service_name)
        except (OSError, UnicodeDecodeError) as error:
            raise AccessError(REFUSED, "Squid's configuration cannot be read: %s. Run as a user who can read it (become), or set "
                                       "config_file" % error) from error
        self._told, self.switches = self.files.told(path), {}
        for directive in self.site.directives:
            if directive.name in _SWITCHABLE:
                ref = Ref("directive", directive.identity)
                self.switches[ref] = Object(ref, {"enabled": directive.enabled}, borrowed={} if directive.enabled else {"enabled": True},
                                            native={"file": directive.file, "line": directive.line})
        self.drop_in = self.own_text(path)

    def own_text(self, path: str) -> str | None:
        """The text of a managed file; None if it does not exist. :raises AccessError: refused, if it cannot be read."""
        try:
            return self.files.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AccessError(REFUSED, "%s cannot be read: %s" % (path, error.strerror)) from error
