# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of AWX as its own collection awx.awx uses it, and what AWX makes of a workflow.

Fields, checks and the order in which variables win are those of AWX 24.6.1: awx/api/serializers.py (playbook, messages), awx/api/views/__init__.py
(``_validate_spec_data``), awx/main/fields.py (inputs and injectors of credential types), awx/main/models/workflow.py (``get_job_kwargs``) and
notifications.py (``context_stub``). What is not modelled is refused, and kept in ``refused``.
"""
from __future__ import annotations

import json
import re

import jinja2
import jinja2.sandbox
import jsonschema

from tests.products.server import Reply, Request, Twin

TOKEN = "of-the-test"
_TEXT, _FLAG, _NUMBER, _DATA = str, bool, int, dict
_LAUNCH = {"ask_%s_on_launch" % name: _FLAG for name in ("limit", "variables", "inventory", "scm_branch")}
_NAMED = {"name": _TEXT, "description": _TEXT}

#: {collection of objects: {field: type, or the collection that an id is of}}
FIELDS = {
    "organizations": _NAMED,
    "credentials": _NAMED,
    "instances": {"hostname": _TEXT},
    "credential_types": {**_NAMED, "managed": _FLAG, "kind": _TEXT, "inputs": _DATA, "injectors": _DATA},
    "execution_environments": {**_NAMED, "image": _TEXT, "pull": _TEXT, "organization": "organizations"},
    "instance_groups": {**_NAMED, "max_concurrent_jobs": _NUMBER},
    "projects": {**_NAMED, "organization": "organizations", "scm_type": _TEXT, "scm_url": _TEXT, "scm_branch": _TEXT, "scm_update_on_launch": _FLAG},
    "inventories": {**_NAMED, "kind": _TEXT, "host_filter": (str, type(None)), "organization": "organizations"},
    "inventory_sources": {**_NAMED, "inventory": "inventories", "source": _TEXT, "source_project": "projects", "source_path": _TEXT, "overwrite": _FLAG,
                          "overwrite_vars": _FLAG, "update_on_launch": _FLAG},
    "notification_templates": {**_NAMED, "organization": "organizations", "notification_type": _TEXT, "notification_configuration": _DATA, "messages": _DATA},
    "job_templates": {**_NAMED, **_LAUNCH, "organization": "organizations", "job_type": _TEXT, "project": "projects", "inventory": "inventories",
                      "playbook": _TEXT, "execution_environment": "execution_environments", "extra_vars": _TEXT, "survey_enabled": _FLAG,
                      "allow_simultaneous": _FLAG, "prevent_instance_group_fallback": _FLAG},
    "workflow_job_templates": {**_NAMED, **_LAUNCH, "organization": "organizations", "extra_vars": _TEXT, "survey_enabled": _FLAG, "allow_simultaneous": _FLAG},
    "workflow_job_template_nodes": {"identifier": _TEXT, "workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates",
                                    "extra_data": _DATA, "all_parents_must_converge": _FLAG},
    "workflow_approval_templates": {**_NAMED, "timeout": _NUMBER},
    "schedules": {**_NAMED, "rrule": _TEXT, "unified_job_template": "unified_job_templates", "extra_data": _DATA, "enabled": _FLAG},
}
#: {collection of objects: {association: what the ids are of}}
_NOTIFIED = {"notification_templates_%s" % name: "notification_templates" for name in ("started", "success", "error")}
LINKS = {
    "instance_groups": {"instances": "instances"},
    "job_templates": {**_NOTIFIED, "credentials": "credentials", "instance_groups": "instance_groups"},
    "workflow_job_templates": {**_NOTIFIED, "notification_templates_approvals": "notification_templates"},
    "workflow_job_template_nodes": {"%s_nodes" % name: "workflow_job_template_nodes" for name in ("success", "failure", "always")},
}
_UNIFIED = {"job_templates": "job_template", "workflow_job_templates": "workflow_job_template", "projects": "project",
            "workflow_approval_templates": "workflow_approval_template"}
#: What a question of a survey may have as its default.
_QUESTIONS = {"text": str, "textarea": str, "password": str, "integer": int, "float": float, "multiplechoice": str, "multiselect": (str, list)}
_KEYS_OF_QUESTIONS = {"question_name", "question_description", "variable", "type", "required", "default", "choices", "min", "max", "new_question"}
_INPUTS = {
    "type": "object", "additionalProperties": False, "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["id", "label"], "properties": {
                "id": {"type": "string", "pattern": "^[a-zA-Z_]+[a-zA-Z0-9_]*$"}, "label": {"type": "string"}, "type": {"enum": ["string", "boolean"]},
                "secret": {"type": "boolean"}, "multiline": {"type": "boolean"}, "help_text": {"type": "string"}}}}}}
_INJECTORS = {
    "type": "object", "additionalProperties": False, "properties": {
        "extra_vars": {"type": "object", "additionalProperties": False, "patternProperties": {"^[a-zA-Z_]+[a-zA-Z0-9_]*$": {"type": "string"}}}}}


class Refused(Exception):
    """AWX would not take this."""


class Strict(jinja2.StrictUndefined):
    """As AWX checks a message: what is not there cannot be printed either."""

    __repr__ = __str__ = jinja2.StrictUndefined._fail_with_undefined_error


def rendered(text: str, values: dict, undefined=Strict) -> str:
    return jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=undefined).from_string(text).render(values)


class Awx(Twin):
    """``playbooks``: the files of the project that are playbooks."""

    def __init__(self, playbooks: list):
        super().__init__(tls=True)
        self._playbooks, self._next, self.refused, self.writes = playbooks, 0, [], []
        self.objects: dict = {kind: {} for kind in FIELDS}
        self.links: dict = {}
        self.surveys: dict = {}

    def add(self, kind: str, /, **fields) -> dict:
        self._next += 1
        # Ids are of one sequence, since job templates, projects and approvals share theirs.
        # A project has been updated as soon as it is there.
        more = {"scm_revision": "1" * 40} if kind == "projects" else {}
        url = "/api/v2/%s/%d/" % (kind, self._next)
        found = self.objects[kind][self._next] = dict(fields, **more, id=self._next, url=url, type=_UNIFIED.get(kind, kind))
        return found

    def named(self, kind: str, name: str) -> dict:
        found, = [one for one in self.objects[kind].values() if name in (one.get("name"), one.get("identifier"))]
        return found

    def linked(self, kind: str, name: str, association: str) -> list:
        """The names of what an object is associated with."""
        target = LINKS[kind][association]
        return [self._shown(target, self.objects[target][number]) for number in self.links.get((self.named(kind, name)["id"], association), [])]

    @staticmethod
    def _shown(kind: str, one: dict) -> str:
        return one["identifier" if kind == "workflow_job_template_nodes" else "hostname" if kind == "instances" else "name"]

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer " + TOKEN:
            return Reply.of_json({"detail": "Authentication credentials were not provided."}, 401)
        if request.method != "GET":
            self.writes.append((request.method, request.path, request.json))
        try:
            return self._answer(request, request.path.strip("/").split("/"))
        except Refused as why:
            self.refused.append("%s %s: %s" % (request.method, request.path, why))
            return Reply.of_json({"__all__": [str(why)]}, 400)

    def _answer(self, request: Request, path: list) -> Reply:
        if path == ["api"]:
            return Reply.of_json({"current_version": "/api/v2/"})
        _api, _v2, kind, *rest = path
        if kind == "unified_job_templates" and not rest and request.method == "GET":
            return self._list([one for kind in _UNIFIED for one in self.objects[kind].values()], request.query)
        if kind not in FIELDS:
            raise Refused("not modelled")
        if not rest:
            if request.method == "GET":
                return self._list(self.objects[kind].values(), request.query)
            return Reply.of_json(self._with_related(self.add(kind, **self._checked(kind, request.json, {}))), 201)
        number = int(rest[0])
        if number not in self.objects[kind]:
            return Reply.of_json({"detail": "Not found."}, 404)
        if len(rest) == 1:
            return self._one(request, kind, number)
        return self._below(request, kind, number, rest[1])

    def _one(self, request: Request, kind: str, number: int) -> Reply:
        found = self.objects[kind][number]
        if request.method == "PATCH":
            found.update(self._checked(kind, request.json, found))
        elif request.method == "DELETE":
            del self.objects[kind][number]
            return Reply(204)
        elif request.method != "GET":
            raise Refused("not modelled")
        return Reply.of_json(self._with_related(found))

    def _below(self, request: Request, kind: str, number: int, name: str) -> Reply:
        if name == "survey_spec" and kind in ("job_templates", "workflow_job_templates"):
            if request.method == "POST":
                self._survey(request.json)
                self.surveys[number] = request.json
            return Reply.of_json(self.surveys.get(number, {}))
        if name == "create_approval_template" and kind == "workflow_job_template_nodes" and request.method == "POST":
            made = self.add("workflow_approval_templates", **{key: value for key, value in request.json.items() if key in ("name", "description", "timeout")})
            self.objects[kind][number]["unified_job_template"] = made["id"]
            return Reply.of_json(made, 201)
        if name not in LINKS.get(kind, {}):
            raise Refused("not modelled")
        there, target = self.links.setdefault((number, name), []), LINKS[kind][name]
        if request.method == "GET":
            return self._list([self.objects[target][one] for one in there if one in self.objects[target]], {})
        asked = request.json["id"]
        if asked not in self.objects[target]:
            raise Refused("there is no %s %s" % (target, asked))
        if request.json.get("disassociate"):
            there.remove(asked)
        else:
            there.append(asked)
        return Reply(204)

    def _list(self, found, query: dict) -> Reply:
        wanted = {key: value for key, value in query.items() if not key.startswith("page")}
        kept = [self._with_related(one) for one in found if all(self._is(one, key, value) for key, value in wanted.items())]
        return Reply.of_json({"count": len(kept), "next": None, "previous": None, "results": kept})

    def _is(self, one: dict, key: str, value: str) -> bool:
        if key == "type" and value == "workflow_approval":
            return False
        if key not in one and key not in ("organization", "workflow_job_template"):
            raise Refused("no filter by %s" % key)
        return str(one.get(key)) == value

    def _with_related(self, one: dict) -> dict:
        related = {"survey_spec": one["url"] + "survey_spec/"}
        if one.get("unified_job_template") in self.objects["workflow_approval_templates"]:
            related["unified_job_template"] = self.objects["workflow_approval_templates"][one["unified_job_template"]]["url"]
        return dict(one, related=related, summary_fields={})

    def _checked(self, kind: str, given: dict, before: dict) -> dict:
        """Fields as the API keeps them. :raises Refused:"""
        # The collection hands "state" of a node on, and the API overlooks it.
        given = {name: value for name, value in given.items() if (kind, name) != ("workflow_job_template_nodes", "state")}
        for name, value in given.items():
            expected = FIELDS[kind].get(name)
            if expected is None:
                raise Refused("%s has no field %s" % (kind, name))
            if isinstance(expected, str):
                kinds = _UNIFIED if expected == "unified_job_templates" else [expected]
                if not any(value in self.objects[one] for one in kinds):
                    raise Refused("%s: %s is no %s" % (name, value, expected))
            elif not isinstance(value, expected) or (expected is _NUMBER and isinstance(value, bool)):
                raise Refused("%s: %r is no %s" % (name, value, expected))
        check = getattr(self, "_check_" + kind, None)
        if check:
            check(dict(before, **given))
        return given

    @staticmethod
    def _check_credential_types(one: dict) -> None:
        if one["kind"] not in ("net", "cloud"):
            raise Refused("kind %s" % one["kind"])
        try:
            jsonschema.validate(one["inputs"], _INPUTS)
            jsonschema.validate(one["injectors"], _INJECTORS)
            known = {field["id"]: "EXAMPLE" for field in one["inputs"]["fields"]}
            for text in one["injectors"].get("extra_vars", {}).values():
                rendered(text, known, jinja2.StrictUndefined)
        except (jsonschema.ValidationError, jinja2.TemplateError) as error:
            raise Refused(str(error).splitlines()[0]) from None

    def _check_job_templates(self, one: dict) -> None:
        if one["playbook"] not in self._playbooks:
            raise Refused("Playbook not found for project.")
        json.loads(one.get("extra_vars") or "{}")

    @staticmethod
    def _check_notification_templates(one: dict) -> None:
        known = {"url", "http_method", "headers", "username", "password", "disable_ssl_verification"}
        if one["notification_type"] != "webhook" or set(one["notification_configuration"]) - known:
            raise Refused("notification_configuration")
        for event, messages in one["messages"].items():
            if event not in ("started", "success", "error", "workflow_approval"):
                raise Refused("event %s" % event)
            for message in messages.values() if event == "workflow_approval" else [messages]:
                try:
                    json.loads(rendered(message["body"], CONTEXT))
                except (jinja2.TemplateError, ValueError) as error:
                    raise Refused("%s: %s" % (event, error)) from None

    def _check_workflow_job_template_nodes(self, one: dict) -> None:
        if one.get("extra_data"):
            self._prompted(one)

    def _check_schedules(self, one: dict) -> None:
        if not re.match(r"^DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=\w+;.*INTERVAL=\d", one["rrule"]):
            raise Refused("rrule: %s" % one["rrule"])
        self._prompted(one)

    def _prompted(self, one: dict) -> None:
        """Variables are taken by a template that asks for them alone."""
        template = self.objects["job_templates"].get(one["unified_job_template"], {})
        asked = {question["variable"] for question in self.surveys.get(template.get("id"), {}).get("spec", [])}
        if not template.get("ask_variables_on_launch") and set(one["extra_data"]) - asked:
            raise Refused("Variables %s are not allowed on launch." % ", ".join(one["extra_data"]))

    @staticmethod
    def _survey(given: dict) -> None:
        """:raises Refused: as ``_validate_spec_data`` of AWX does."""
        for name, kind in (("name", str), ("description", str), ("spec", list)):
            if not isinstance(given.get(name), kind):
                raise Refused("survey: %s" % name)
        seen: set = set()
        for question in given["spec"]:
            if set(question) - _KEYS_OF_QUESTIONS or not isinstance(question.get("required"), bool):
                raise Refused("survey: a question has %s" % sorted(question))
            if any(not isinstance(question.get(name), str) for name in ("type", "question_name", "variable")) or question["variable"] in seen:
                raise Refused("survey: %s" % question)
            seen.add(question["variable"])
            default = question.get("default", "")
            if question["type"] not in _QUESTIONS or (default != "" and not isinstance(default, _QUESTIONS[question["type"]])):
                raise Refused("survey: %s: default %r" % (question["variable"], default))
            if any(not isinstance(question.get(name, 0), int) for name in ("min", "max")):
                raise Refused("survey: %s: min or max" % question["variable"])
            if question["type"].startswith("multi") and (not question.get("choices") or default not in ("", *question["choices"])):
                raise Refused("survey: %s: choices" % question["variable"])


#: What a message is checked with; a part of ``context_stub``.
CONTEXT = {"job": {"id": 42, "name": "Stub job", "status": "running", "artifacts": {}, "job_explanation": "Sample job explanation"},
           "job_friendly_name": "Job", "url": "https://awx.example.com/#/jobs/playbook/1010", "approval_status": "approved",
           "approval_node_name": "Approve Me", "workflow_url": "https://awx.example.com/#/jobs/workflow/1010", "job_metadata": "{}"}


def walk(awx: Awx, workflow: str, answers: dict, launch, approve) -> list:
    """Run a workflow as AWX does: [(node, whether it went well)]. A node runs once one of its parents has ended in the way that leads to it.

    ``launch(template, extra_vars)`` runs a job and gives (whether it went well, its artifacts); ``approve(name)`` says whether somebody approves.
    Variables of the template give way to those of the node, these to artifacts of the nodes before it, and these to the answers of the survey.
    """
    nodes = {one["id"]: one for one in awx.objects["workflow_job_template_nodes"].values()
             if one["workflow_job_template"] == awx.named("workflow_job_templates", workflow)["id"]}
    leads = {number: {way: awx.links.get((number, way + "_nodes"), []) for way in ("success", "failure", "always")} for number in nodes}
    later = {number for ways in leads.values() for found in ways.values() for number in found}
    due, ran = [(number, {}) for number in nodes if number not in later], []
    while due:
        number, artifacts = due.pop(0)
        template = awx.objects["job_templates"].get(nodes[number]["unified_job_template"])
        if template:
            given = {**json.loads(template.get("extra_vars") or "{}"), **(nodes[number].get("extra_data") or {}), **artifacts, **answers}
            well, more = launch(template, given)
            artifacts = {**artifacts, **more}
        else:
            well = approve(awx.objects["workflow_approval_templates"][nodes[number]["unified_job_template"]]["name"])
        ran.append((nodes[number]["identifier"], well))
        due += [(child, artifacts) for child in leads[number]["success" if well else "failure"] + leads[number]["always"]]
    return ran
