# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.urls import without_user
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.selection import catalogue
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import download, published, refresh


class ActionModule(ActionBase):
    """Runs on the controller. Writes a proposal beside the catalogue, never into it; in check mode not even that."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            page=dict(type="str"), feed=dict(type="str"), dest=dict(type="path", required=True), date=dict(type="str"),
            accept_heading=dict(type="bool", default=False), max_missing=dict(type="int", default=33), overlays=dict(type="list", elements="raw", default=[]),
            timeout=dict(type="float", default=30), proxy=dict(type="str"), ca_path=dict(type="path"),
        ), required_one_of=[["page", "feed"]])
        date = _date(args["date"])
        if not 0 <= args["max_missing"] <= 100:
            raise AnsibleActionFail("catalog_refresh: max_missing: %d is not a percentage from 0 to 100" % args["max_missing"])
        hosts = addresses = None
        sources: list = []
        try:
            known = catalogue(args)
            if args["page"]:
                body = _read("page", args, sources)
                hosts = _named("page", args, lambda: refresh.compare_page(
                    known, published.read_page(body, [entry["pattern"] for entry in known.entries], args["accept_heading"]), date, args["max_missing"]))
            if args["feed"]:
                body = _read("feed", args, sources)
                addresses = _named("feed", args, lambda: refresh.compare_feed(known, published.read_feed(body), date, args["max_missing"]))
        except (CatalogueError, download.DownloadError) as error:
            raise AnsibleActionFail("catalog_refresh: %s" % error) from error
        proposed = bool(addresses) or bool(hosts and (hosts["added"] or hosts["removed"] or hosts["renamed"]))
        result = dict(changed=False, proposed=proposed, hosts=hosts, addresses=addresses, files=[], message=refresh.message(hosts, addresses))
        if proposed:
            texts = refresh.files(known, hosts, addresses, date, sources)
            result.update(changed=self._write(Path(args["dest"]), texts), files=sorted(texts))
        return result

    def _write(self, folder: Path, texts: dict) -> bool:
        changed = False
        try:
            for name, text in texts.items():
                path = folder / name
                if path.exists() and path.read_bytes() == text.encode("utf-8"):
                    continue
                changed = True
                if not self._task.check_mode:
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    write_atomically(str(path), text)
        except OSError as error:
            raise AnsibleActionFail("catalog_refresh: %s cannot be written: %s" % (error.filename or folder, error.strerror)) from error
        return changed


def _date(text: str | None) -> str:
    if text is None:
        return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date().isoformat()
    except ValueError as error:
        raise AnsibleActionFail("catalog_refresh: date: %r is not of the form YYYY-MM-DD" % text) from error


def _read(option: str, args: dict, sources: list) -> bytes:
    """The bytes at a URL or in a file. The name for the proposal is without query, user or folder."""
    where = args[option]
    if where.startswith(("https://", "http://")):
        body, problem = download.get(where, args["timeout"], args["ca_path"] or True, args["proxy"])
        if body is None:
            raise AnsibleActionFail("catalog_refresh: %s: %s. Nothing is proposed. Open the page in a browser, save it, and pass the file" % (
                option, problem))
        name = without_user(where).partition("://")[2]
    else:
        path = Path(where).expanduser()
        try:
            with path.open("rb") as source:
                body = source.read(download.MAX_BYTES + 1)
        except OSError as error:
            raise AnsibleActionFail("catalog_refresh: %s: %s cannot be read: %s" % (option, where, error.strerror)) from error
        name = path.name
    if len(body) > download.MAX_BYTES:
        raise AnsibleActionFail("catalog_refresh: %s: the file is larger than %d MiB. Nothing is proposed" % (option, download.MAX_BYTES // 1048576))
    sources.append({"name": name, "sha256": hashlib.sha256(body).hexdigest()})
    return body


def _named(option: str, args: dict, work):
    try:
        return work()
    except published.PublishedError as error:
        raise AnsibleActionFail("catalog_refresh: %s %s: %s. Nothing is proposed" % (option, without_user(args[option]), str(error).rstrip("."))) from error
