# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems as users report them, and the answer of a diagnosis in one paragraph. From ``symptoms.yml``; pure, controller only."""
from __future__ import annotations

import difflib
import re
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted

SYMPTOMS = yaml_load((Path(__file__).parent / "symptoms.yml").read_text(encoding="utf-8"))
#: The plain words in the expressions.
_VOCABULARY = sorted(set(re.findall("[a-z]{5,}", " ".join(form.replace("s?", "") for one in SYMPTOMS for form in one["words"]))))
_SURE = {"high": "this is certain", "medium": "this is likely", "low": "this is not certain yet"}
#: Who can fix it, by the scope.
_WHO = {
    "network": "the network team", "network_suspected": "probably the network team", "host_local": "the owner of that machine",
    "network_or_host": "the network team or the owner of the machine", "segment_or_policy_group": "the owner of the policy groups of these hosts",
    "service_wide": "nobody here: OpenAI reports an incident", "service_wide_suspected": "probably nobody here: it fails outside as well",
    "service_or_path": "probably nobody here: it fails outside as well", "refused_by_origin": "the administrator of the account or workspace",
    "inspected_by_policy": "the owner of the TLS inspection policy",
}
_NOBODY_YET = "not known yet"


def find(text: str) -> dict | None:
    """The symptom for a text: by its id, or the first whose expressions match the text, or the text with its spelling corrected; None if none matches."""
    said = " ".join(str(text).lower().replace("\u2019", "'").split())[:500]
    by_id = next((one for one in SYMPTOMS if one["id"] == said), None)
    return by_id or _fitting(said) or _fitting(" ".join(map(_spelled, said.split())))


def _fitting(said: str) -> dict | None:
    return next((one for one in SYMPTOMS if any(re.search(form, said) for form in one["words"])), None)


def _spelled(word: str) -> str:
    """The word of the table that is most similar to an unknown word, because reports contain typing errors."""
    return (difflib.get_close_matches(word, _VOCABULARY, n=1, cutoff=0.8) or [word])[0]


def features(text: str) -> list:
    """The features to probe for a symptom; empty, which means all, if the text matches none."""
    found = find(text)
    return list(found["features"]) if found else []


def answer(text: str, features_found: dict) -> dict:
    """``{"id", "title", "text"}``: what it is, how certain that is, who can fix it, and what to change. ``features_found``: of ``isolation.diagnose``."""
    symptom = find(text)
    if symptom is None:
        known = "; ".join("%s (%s)" % (one["title"], one["id"]) for one in SYMPTOMS)
        return {"id": None, "title": None, "text": "No symptom matches these words, so the full diagnosis follows. Known symptoms: %s." % known}
    looked = [(name, features_found[name]) for name in symptom["features"] if name in features_found]
    wrong = [(name, one) for name, one in looked if one["scope"] not in ("none", "inconclusive")]
    if wrong:
        said = _wrong(*wrong[0])
    elif not looked or any(one["scope"] == "inconclusive" for _name, one in looked):
        said = "The results are inconclusive: %s. %s" % (_next(looked), symptom["first"])
    else:
        count = max(one["of"] for _name, one in looked)
        said = "The network provides what it needs, as seen from %s (%s). Check %s." % (
            counted(count, "host"), ", ".join(name for name, _one in looked), symptom["else"])
    return {"id": symptom["id"], "title": symptom["title"], "text": "%s. %s" % (symptom["title"], said)}


def _wrong(name: str, one: dict) -> str:
    fault = one["faults"][0] if one["faults"] else None
    what = "%s%s" % (fault["verdict"].replace("_", " "), " by %s" % fault["product"] if fault["product"] else "") if fault else one["scope"].replace("_", " ")
    seen = ", seen by %d of %s with a result" % (one["bad"], counted(one["of"], "host")) if one["of"] else ""
    parts = ["It is %s (%s), in %s%s; %s" % (what, one["scope"].replace("_", " "), name, seen, _SURE[one["confidence"]])]
    if fault:
        parts.append("Example: %s" % fault["evidence"])
    parts.append("Who can fix it: %s. What to do: %s" % (_WHO.get(one["scope"], _NOBODY_YET), fault["remedy"] if fault else one["next"]))
    text = ". ".join(parts)
    return text if text.endswith(("?", ".")) else text + "."


def _next(looked: list) -> str:
    return looked[0][1]["next"] if looked else "none of its features was probed"
