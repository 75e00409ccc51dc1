# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells people of an audit, on GitHub or GitLab; standard library only, Python 3.8 or newer.

    python3 ci/tell.py plan FOLDER     one comment on the pull or merge request, which a later run updates
    python3 ci/tell.py drift FOLDER    one issue: open while the audit finds anything, closed when it is compliant; ends with the code of the verdict

``FOLDER`` is what the audit wrote. The token is read from NETACCESS_TOKEN, everything else from what the service sets.
"""
from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

#: First line of what we wrote: by it, and by its author, a later run finds it again.
MARKS = {"plan": "<!-- netaccess.chatgpt: plan -->", "drift": "<!-- netaccess.chatgpt: drift -->"}
TITLES = {0: "ChatGPT access is compliant", 1: "ChatGPT access: the audit needs attention", 2: "ChatGPT access: drift"}
#: The commands of a report are for an operator's own machine, and their paths are those of the job.
NOTES = {"plan": "In this repository the job `apply` carries out the plan, which is made again after the merge. The job `rollback` undoes a change.",
         "drift": "In this repository `change` plans again and carries that out after approval. The job `rollback` undoes a change."}
#: GitHub takes 65,536 characters.
LONGEST = 60000
PAGE = 100


class Service:
    """Its REST API. ``send`` gives JSON back. A redirect is an error: a token is for one server."""

    def __init__(self, base: str, headers: dict):
        self._base, self._headers = base.rstrip("/"), dict(headers, **{"Content-Type": "application/json"})
        self._opener = urllib.request.build_opener(NoRedirect)

    def send(self, method: str, path: str, body: dict | None = None):
        request = urllib.request.Request(self._base + path, json.dumps(body).encode() if body else None, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            sys.exit("%s %s: status %d: %s" % (method, path, error.code, error.read().decode("utf-8", "replace")[:300]))
        except OSError as error:
            sys.exit("%s %s: %s" % (method, path, error))

    def pages(self, path: str):
        """Each entry of a list that comes in pages."""
        number, found = 1, [None] * PAGE
        while len(found) == PAGE:
            found = self.send("GET", "%s%sper_page=%d&page=%d" % (path, "&" if "?" in path else "?", PAGE, number))
            yield from found
            number += 1


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


class GitHub(Service):
    """With the token of the job: what we wrote is by a bot."""

    text = "body"

    def __init__(self, environ):
        super().__init__(environ["GITHUB_API_URL"], {"Authorization": "Bearer " + environ["NETACCESS_TOKEN"], "Accept": "application/vnd.github+json",
                                                     "X-GitHub-Api-Version": "2022-11-28"})
        self._repo = "/repos/" + environ["GITHUB_REPOSITORY"]
        self._ref = environ["GITHUB_REF"].split("/")
        self.run = "%s/%s/actions/runs/%s" % (environ["GITHUB_SERVER_URL"], environ["GITHUB_REPOSITORY"], environ["GITHUB_RUN_ID"])

    def ours(self, entry: dict) -> bool:
        return entry["user"]["type"] == "Bot" and "pull_request" not in entry

    def comments(self) -> str:
        if self._ref[1] != "pull":
            sys.exit("plan: this is no run for a pull request: GITHUB_REF is %s" % "/".join(self._ref))
        return "%s/issues/%s/comments" % (self._repo, self._ref[2])

    def comment(self, entry: dict) -> tuple:
        return "PATCH", "%s/issues/comments/%d" % (self._repo, entry["id"])

    def issues(self) -> str:
        return self._repo + "/issues?state=open"

    def issue(self, entry: dict) -> tuple:
        return "PATCH", "%s/issues/%d" % (self._repo, entry["number"])

    closed = {"state": "closed", "state_reason": "completed"}


class GitLab(Service):
    """With the access token of a project: what we wrote is by its own user."""

    text = "description"

    def __init__(self, environ):
        super().__init__(environ["CI_API_V4_URL"], {"PRIVATE-TOKEN": environ["NETACCESS_TOKEN"]})
        self._project, self._request = "/projects/" + environ["CI_PROJECT_ID"], environ.get("CI_MERGE_REQUEST_IID")
        self.run = environ["CI_PIPELINE_URL"]
        self._me = self.send("GET", "/user")["id"]

    def ours(self, entry: dict) -> bool:
        return entry["author"]["id"] == self._me

    def comments(self) -> str:
        if not self._request:
            sys.exit("plan: this is no run for a merge request: CI_MERGE_REQUEST_IID is not set")
        return "%s/merge_requests/%s/notes" % (self._project, self._request)

    def comment(self, entry: dict) -> tuple:
        return "PUT", "%s/%d" % (self.comments(), entry["id"])

    def issues(self) -> str:
        return self._project + "/issues?state=opened"

    def issue(self, entry: dict) -> tuple:
        return "PUT", "%s/issues/%d" % (self._project, entry["iid"])

    closed = {"state_event": "close"}


def read(folder: Path) -> tuple:
    """(code, text in Markdown) of an audit; one that left no report counts as code 1, whatever else is there."""
    try:
        verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        code, text = verdict["code"], "**%s**" % verdict["message"]
        if "interrupted" not in verdict["deciding"]:
            text = (folder / "report.md").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return 1, "**The audit left no report:** %s" % error
    return code if code in TITLES else 1, text


def body(kind: str, text: str, run: str) -> str:
    """What is shown: the mark, the report, and the run that it is from."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "\n\nThis is cut off: the whole report is in the run."
    return "%s\n%s\n\n%s [Run](%s)\n" % (MARKS[kind], text, NOTES[kind], run)


def plan(service, text: str) -> None:
    said = {"body": body("plan", text, service.run)}
    before = next((one for one in service.pages(service.comments()) if one["body"].startswith(MARKS["plan"]) and service.ours(one)), None)
    service.send(*(service.comment(before) if before else ("POST", service.comments())), said)


def drift(service, code: int, text: str) -> None:
    said = {"title": TITLES[code], service.text: body("drift", text, service.run)}
    before = next((one for one in service.pages(service.issues()) if (one[service.text] or "").startswith(MARKS["drift"]) and service.ours(one)), None)
    if before:
        service.send(*service.issue(before), dict(said, **(service.closed if code == 0 else {})))
    elif code != 0:
        service.send("POST", service.issues().partition("?")[0], said)


def main(arguments: list) -> int:
    if len(arguments) != 2 or arguments[0] not in MARKS:
        sys.exit(__doc__)
    try:
        service = (GitHub if "GITHUB_ACTIONS" in os.environ else GitLab)(os.environ)
    except KeyError as error:
        sys.exit("%s is not set: this runs in a job of GitHub Actions or GitLab CI, with a token in NETACCESS_TOKEN" % error)
    code, text = read(Path(arguments[1]))
    if arguments[0] == "plan":
        plan(service, text)
        return 0
    drift(service, code, text)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
