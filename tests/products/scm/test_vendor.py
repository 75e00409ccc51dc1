# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pan-scm-sdk, the vendor's own client, against the twin: it signs in, makes, reads, moves, changes, deletes and pushes, and reads what our module wrote."""
from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

PEERS = Path(__file__).resolve().parents[3] / ".build" / "peers" / "python"
sys.path.append(str(PEERS))
scm = pytest.importorskip("scm.client", reason="pan-scm-sdk is not there: make peers")
jwt = pytest.importorskip("jwt")
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from scm.exceptions import APIError, NotFoundError  # noqa: E402
from scm.models.security.decryption_rules import DecryptionRuleCreateModel  # noqa: E402
from scm.models.security.security_rules import SecurityRuleCreateModel, SecurityRuleUpdateModel  # noqa: E402
from scm.models.security.url_categories import URLCategoriesCreateModel, URLCategoriesUpdateModel  # noqa: E402

from tests.contract.rig import MEMBER  # noqa: E402
from tests.products.scm.rig import CLIENT, LIST, RULE, ScmRig  # noqa: E402
from tests.products.scm.twin import rule  # noqa: E402

FOLDER = "Mobile Users"


@pytest.fixture
def rig(tmp_path, monkeypatch):
    # The client takes tokens over HTTPS only, unless it is told otherwise.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    # It waits for ten seconds between two looks at a job.
    monkeypatch.setattr(scm, "time", SimpleNamespace(time=time.time, sleep=lambda _seconds: None))
    made = ScmRig(tmp_path)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made.twin.keys = {"keys": [dict(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), kid="1", use="sig", alg="RS256")]}
    made.twin.sign = lambda client: jwt.encode({"aud": client, "exp": time.time() + 899, "jti": str(time.time_ns())}, key, "RS256", headers={"kid": "1"})
    with made.twin:
        yield made


@pytest.fixture
def client(rig):
    return login(rig)


def login(rig, name="alice@1234567890.iam.panserviceaccount.com", secret=None):
    return scm.Scm(client_id=name, client_secret=secret or rig.twin.clients[name], tsg_id="1234567890", api_base_url=rig.twin.url,
                   token_url=rig.twin.url + "/oauth2/access_token")


def security(name, **given):
    return dict({"name": name, "folder": FOLDER, "action": "allow", "from": ["any"], "to": ["any"], "source": ["any"], "source_user": ["any"],
                 "destination": ["any"], "service": ["any"], "application": ["any"], "category": ["any"]}, **given)


def test_a_wrong_secret_is_refused(rig):
    with pytest.raises(APIError):
        login(rig, secret="wrong")


def test_category_create_read_change_delete(client):
    made = client.url_category.create({"name": "chat", "folder": FOLDER, "list": ["chatgpt.com/"], "type": "URL List"})
    assert client.url_category.get(str(made.id)).list == ["chatgpt.com/"]
    assert client.url_category.fetch(name="chat", folder=FOLDER).id == made.id
    changed = client.url_category.update(URLCategoriesUpdateModel(id=made.id, name="chat", folder=FOLDER, list=["*.chatgpt.com/"], type="URL List"))
    assert changed.list == ["*.chatgpt.com/"]
    # A listing has what the folder inherits.
    assert {one.name: one.folder for one in client.url_category.list(folder=FOLDER)} == {"AI sites": "Prisma Access", "chat": FOLDER}
    client.url_category.delete(str(made.id))
    with pytest.raises(NotFoundError):
        client.url_category.get(str(made.id))


def test_rules_made_moved_pushed_and_in_force(rig, client):
    made = client.security_rule.create(security("Allow AI", category=["AI sites"]))
    first = client.security_rule.fetch(name="Block AI", folder=FOLDER)
    client.security_rule.move(made.id, {"destination": "before", "rulebase": "pre", "destination_rule": str(first.id)})
    assert [one.name for one in client.security_rule.list(folder=FOLDER, exact_match=True)] == ["Allow AI", "Block AI", "Web"]
    changed = client.security_rule.update(SecurityRuleUpdateModel(id=made.id, **security("Allow AI", category=["AI sites"], log_end=True)))
    assert changed.log_end and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    pushed = client.commit([FOLDER], "by hand")
    assert client.get_job_status(pushed.job_id).data[0].status_str == "ACT"
    assert client.wait_for_job(pushed.job_id, poll_interval=0).data[0].result_str == "OK" and rig.decide(MEMBER, "chatgpt.com")[0] == "allow"
    parent, part = sorted(client.list_jobs().data, key=lambda job: job.id)
    assert (parent.parent_id, part.parent_id, part.type_str) == ("0", parent.id, "CommitAll")


def test_the_client_reads_what_our_module_wrote(rig, client):
    rig.run()
    assert set(client.url_category.fetch(name=LIST, folder=FOLDER).list) == {
        "chatgpt.com/", "*.chatgpt.com/", "*.openai.com/", "js.stripe.com/"}
    ours = client.security_rule.fetch(name=RULE, folder=FOLDER)
    assert (ours.action, ours.category, ours.profile_setting.group) == ("allow", [LIST], [RULE])
    spared = client.decryption_rule.fetch(name="chatgpt-no-decrypt", folder=FOLDER)
    assert spared.action == "no-decrypt" and spared.type.ssl_forward_proxy == {}


def test_our_module_reads_what_the_client_wrote(rig, client):
    client.url_category.create({"name": "blocked", "folder": FOLDER, "list": ["chatgpt.com/"], "type": "URL List"})
    made = client.security_rule.create(security("No chat", action="deny", category=["blocked"]))
    first = client.security_rule.fetch(name="Block AI", folder=FOLDER)
    client.security_rule.move(made.id, {"destination": "before", "rulebase": "pre", "destination_rule": str(first.id)})
    client.commit([FOLDER], "by hand", sync=True)
    result = rig.run(check=True, adapter=rig.adapter(never_above=("No chat",)))
    assert [(one["where"], one["certain"]) for one in result["conflicts"]] == [("security rule No chat", False)]


def test_what_our_module_sends_fits_the_models_of_the_client(rig):
    """They forbid properties that they do not know; the kind of a rule is in their answers alone."""
    rig.run()
    bodies = {path.rpartition("/")[2]: [json.loads(one.body) for one in rig.twin.log if one.method == "POST" and one.path == path]
              for path in ("/config/security/v1/security-rules", "/config/security/v1/decryption-rules", "/config/security/v1/url-categories")}
    assert {name: len(found) for name, found in bodies.items()} == {"security-rules": 1, "decryption-rules": 1, "url-categories": 2}
    for body in bodies["security-rules"]:
        assert body.pop("policy_type") == "Security" and SecurityRuleCreateModel(**body)
    assert all(DecryptionRuleCreateModel(**body) for body in bodies["decryption-rules"])
    assert all(URLCategoriesCreateModel(**body) for body in bodies["url-categories"])


def test_a_push_of_the_client_leaves_our_edits_pending(rig, client):
    rig.run(activate=False)
    client.commit([FOLDER], "theirs", sync=True)
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    client.commit([FOLDER], "ours", admin=[CLIENT], sync=True)
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_the_twin_makes_rules_as_the_client_does(rig):
    assert set(rule("x", "allow")) - {"policy_type"} == set(security("x")) - {"folder"}
