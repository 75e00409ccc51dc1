# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comments and issues of GitHub and GitLab, as docs/pipelines/ci/tell.py uses their APIs. What is not modelled is refused, and kept in ``refused``.

From the services' documentation of issues, issue comments, notes and users: paths, fields, states, pages of at most 100, at most 65,536 characters.
"""
from __future__ import annotations

import re

from tests.products.server import Reply, Request, Twin

TOKEN = "token-of-the-test"
BOT, SOMEBODY = 1, 2


class Forge(Twin):
    """``comments`` and ``issues``: what is there, the oldest first. Each has ``id``, ``by``, ``text``; an issue ``title`` and ``open`` as well."""

    longest = 65536

    def __init__(self):
        super().__init__(tls=True)
        self.comments, self.issues, self.refused, self.writes = [], [], [], []

    def comment(self, text: str, by: int = SOMEBODY) -> dict:
        return self._add(self.comments, text=text, by=by)

    def issue(self, title: str, text: str, by: int = SOMEBODY, **more) -> dict:
        return self._add(self.issues, title=title, text=text, by=by, open=True, **more)

    @staticmethod
    def _add(there: list, **fields) -> dict:
        there.append(dict(fields, id=1000 + len(there)))
        return there[-1]

    def answer(self, request: Request) -> Reply:
        if not self.signed(request):
            return Reply.of_json({"message": "401 Unauthorized"}, 401)
        if request.method != "GET":
            self.writes.append((request.method, request.path))
        try:
            return self.route(request)
        except Refused as why:
            self.refused.append("%s %s: %s" % (request.method, request.path, why))
            return Reply.of_json({"message": str(why)}, 422)

    def signed(self, request: Request) -> bool:
        raise NotImplementedError

    def route(self, request: Request) -> Reply:
        raise NotImplementedError

    @staticmethod
    def page(found: list, request: Request, *others: str) -> Reply:
        if set(request.query) - {"page", "per_page", *others}:
            raise Refused("query %s" % sorted(request.query))
        number, size = int(request.query.get("page", 1)), min(int(request.query.get("per_page", 20)), 100)
        return Reply.of_json(found[(number - 1) * size:number * size])

    def given(self, request: Request, *known: str) -> dict:
        if set(request.json) - set(known):
            raise Refused("fields %s" % sorted(request.json))
        if any(len(str(value)) > self.longest for value in request.json.values()):
            raise Refused("too long")
        return request.json


class Refused(Exception):
    """The service would not take this."""


def _one(there: list, number: str) -> dict:
    for entry in there:
        if entry["id"] == int(number):
            return entry
    raise Refused("there is none")


class GitHub(Forge):
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "net/access", "GITHUB_REF": "refs/pull/8/merge", "GITHUB_RUN_ID": "55",
                   "GITHUB_SERVER_URL": "https://github.example"}

    def variables(self) -> dict:
        return dict(self.environment, GITHUB_API_URL=self.url)

    def signed(self, request: Request) -> bool:
        return request.headers.get("authorization") == "Bearer " + TOKEN and request.headers.get("accept") == "application/vnd.github+json"

    def _shown(self, one: dict) -> dict:
        found = {"id": one["id"], "body": one["text"], "user": {"login": "somebody", "type": "Bot" if one["by"] == BOT else "User"}}
        if "title" in one:
            found.update(number=one["id"], title=one["title"], state="open" if one["open"] else "closed")
        # A pull request is an issue as well.
        return dict(found, pull_request={}) if one.get("request") else found

    def route(self, request: Request) -> Reply:
        method, path = request.method, request.path.removeprefix("/repos/net/access")
        if path == "/issues/8/comments" and method == "GET":
            return self.page([self._shown(one) for one in self.comments], request)
        if path == "/issues/8/comments" and method == "POST":
            return Reply.of_json(self._shown(self.comment(self.given(request, "body")["body"], BOT)), 201)
        if (found := re.fullmatch(r"/issues/comments/(\d+)", path)) and method == "PATCH":
            _one(self.comments, found[1])["text"] = self.given(request, "body")["body"]
            return Reply.of_json({})
        if path == "/issues" and method == "GET" and request.query.get("state") == "open":
            # The newest first.
            return self.page([self._shown(one) for one in reversed(self.issues) if one["open"]], request, "state")
        if path == "/issues" and method == "POST":
            said = self.given(request, "title", "body")
            return Reply.of_json(self._shown(self.issue(said["title"], said["body"], BOT)), 201)
        if (found := re.fullmatch(r"/issues/(\d+)", path)) and method == "PATCH":
            said, one = self.given(request, "title", "body", "state", "state_reason"), _one(self.issues, found[1])
            one.update(title=said["title"], text=said["body"], open=said.get("state", "open") == "open")
            return Reply.of_json(self._shown(one))
        raise Refused("not modelled")


class GitLab(Forge):
    environment = {"GITLAB_CI": "true", "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "8", "CI_PIPELINE_SOURCE": "merge_request_event",
                   "CI_PIPELINE_URL": "https://gitlab.example/pipelines/55"}

    def variables(self) -> dict:
        return dict(self.environment, CI_API_V4_URL=self.url + "/api/v4")

    def signed(self, request: Request) -> bool:
        return request.headers.get("private-token") == TOKEN

    @staticmethod
    def _shown(one: dict) -> dict:
        found = {"id": one["id"], "author": {"id": one["by"]}}
        if "title" not in one:
            return dict(found, body=one["text"])
        return dict(found, iid=one["id"], title=one["title"], description=one["text"], state="opened" if one["open"] else "closed")

    def route(self, request: Request) -> Reply:
        method, path = request.method, request.path.removeprefix("/api/v4")
        if path == "/user" and method == "GET":
            return Reply.of_json({"id": BOT})
        path = path.removeprefix("/projects/7")
        if path == "/merge_requests/8/notes" and method == "GET":
            return self.page([self._shown(one) for one in reversed(self.comments)], request)
        if path == "/merge_requests/8/notes" and method == "POST":
            return Reply.of_json(self._shown(self.comment(self.given(request, "body")["body"], BOT)), 201)
        if (found := re.fullmatch(r"/merge_requests/8/notes/(\d+)", path)) and method == "PUT":
            _one(self.comments, found[1])["text"] = self.given(request, "body")["body"]
            return Reply.of_json({})
        if path == "/issues" and method == "GET" and request.query.get("state") == "opened":
            return self.page([self._shown(one) for one in reversed(self.issues) if one["open"]], request, "state")
        if path == "/issues" and method == "POST":
            said = self.given(request, "title", "description")
            return Reply.of_json(self._shown(self.issue(said["title"], said["description"], BOT)), 201)
        if (found := re.fullmatch(r"/issues/(\d+)", path)) and method == "PUT":
            said, one = self.given(request, "title", "description", "state_event"), _one(self.issues, found[1])
            one.update(title=said["title"], text=said["description"], open=one["open"] and said.get("state_event") != "close")
            return Reply.of_json(self._shown(one))
        raise Refused("not modelled")
