# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of both pipeline files: their shell lines, their variables, and what they run on."""
from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from tests.lab.lab import ROOT

FOLDER = ROOT / "docs" / "pipelines"
GITHUB = yaml.safe_load((FOLDER / "github-actions.yml").read_text())
GITLAB = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())
JOBS = ("plan", "apply", "drift", "rollback")
EXAMPLE = ROOT / "playbooks" / "inventories" / "example"


def secrets_of_the_example() -> set:
    """The variables of a vault that the example inventory takes values from; those of options that it leaves out are not among them."""
    return {name for path in EXAMPLE.rglob("*.yml") for name in re.findall(r"\bvault_\w+", str(yaml.safe_load(path.read_text())))}


@dataclass(frozen=True)
class Line:
    """``text``: shell. ``variables``: {name: what the file sets it to} of this line alone. ``always``: it runs after a line that failed as well."""

    text: str
    variables: dict
    always: bool = False


def github(job: str) -> list:
    return [Line(step["run"], dict(GITHUB["env"], **step.get("env", {})), "always()" in str(step.get("if")))
            for step in GITHUB["jobs"][job]["steps"] if "run" in step]


def gitlab(job: str) -> list:
    said = GITLAB[job]
    given = {name: value["value"] if isinstance(value, dict) else value for name, value in GITLAB["variables"].items()}
    return [Line(text, dict(given, **said.get("variables", {}))) for text in [*said.get("before_script", GITLAB["default"]["before_script"]), *said["script"]]]


SERVICES = {"GitHub": github, "GitLab": gitlab}


def tell_command(service: str, kind: str) -> str:
    """The line of a service's file that tells people of a plan or of drift."""
    line, = [line.text for line in SERVICES[service](kind) if "tell.py" in line.text]
    return line
