# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the files of lists are: nobody else's are used or written, and what others put into ours during a run stays. No Squid runs."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import adapter as adapter_module, files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import SquidAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from tests.products.squid.test_judge import POLICY, SIGN_IN, Parsed, Site

MANY = tuple("10.1.%d.0/30" % number for number in range(files.IN_LINE + 1))
USERS = tuple("user%d" % number for number in range(files.IN_LINE + 1))
#: The lists of a drop-in that need more than a line, and one for the task that needs each.
NAMES = ("allow.domains", "allow.except", "exempt.domains", "exempt.except", "audience.networks", "audience.users")
PEOPLE = (("audience.networks", {"networks": MANY}), ("audience.users", {"users": USERS, "networks": ("10.1.0.0/16",)}))


class Idle(Parsed):
    """Stands for a Squid that does not run, and takes each candidate."""

    def check_candidate(self, texts, glob) -> None:
        """Takes any."""

    def reconfigure(self, site) -> dict:
        return {"target": "squid", "status": "not running: in force when it starts", "seconds": 0}

    def begin_cleanup(self, undo=False) -> None:
        """Has all the time."""


class Files(Site):
    """A site whose tasks are carried out."""

    def __init__(self, folder, before=SIGN_IN + "http_access deny !staff", **settings):
        super().__init__(folder, before=before, **settings)
        self.lists = folder / "lists"

    def run(self, state="merged", adapter=None, journal=None, policy=None, check=False, **who):
        options = Options(state=state, journal=journal or str(self.folder / "journals"))
        return Run(adapter or self.made(**who), Policy.from_config(policy or POLICY), options, check).execute()

    def made(self, drop_in="netaccess-chatgpt.conf", list_dir="lists", **who):
        return SquidAdapter(Settings(config_file=str(self.folder / "squid.conf"), drop_in=str(self.folder / "conf.d" / drop_in),
                                     list_dir=str(self.folder / list_dir), **(who or {"networks": MANY})), Idle())


@pytest.mark.parametrize("reloads", [False, True], ids=["before the reload", "at the reload"])
def test_a_first_run_that_is_undone_leaves_a_record_only_if_squid_may_have_read_it(tmp_path, monkeypatch, reloads):
    site, written, reloaded = Files(tmp_path), adapter_module.replace_file, []

    def replace(path, text, reader=None):
        if path.endswith(".conf") and not reloads:
            raise AccessError("refused", "%s cannot be written: Operation not permitted" % path)
        written(path, text, reader)

    def reconfigure(control, _site):
        reloaded.append(1)
        raise AccessError("activation", "the reload failed")
    monkeypatch.setattr(adapter_module, "replace_file", replace)
    monkeypatch.setattr(Idle, "reconfigure", reconfigure)
    with pytest.raises(Failed):
        site.run()
    assert bool(reloaded) is reloads and site.lists.exists() is reloads
    assert not reloads or [path.name for path in site.lists.iterdir()] == ["written.json"]


@pytest.mark.parametrize("state", ["merged", "replaced"])
@pytest.mark.parametrize("name,who", PEOPLE)
def test_a_list_of_people_that_is_not_ours_is_neither_used_nor_written(tmp_path, state, name, who):
    """Whom it names would be let in."""
    site = Files(tmp_path, lists={"lists/" + name: "0.0.0.0/0\n"})
    with pytest.raises(Failed, match="%s exists and was not created by this collection, and everyone listed in it would get access" % name):
        site.run(state, **who)
    assert (site.lists / name).read_text() == "0.0.0.0/0\n" and [path.name for path in site.lists.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_list_that_others_use_is_left_alone(tmp_path, name):
    """Their rule would be about the people and the hosts of this task."""
    kind = {"networks": "src", "users": "proxy_auth"}.get(name.rpartition(".")[2], "dstdomain")
    site = Files(tmp_path, lists={"lists/" + name: "# netaccess\n",
                                  "conf.d/theirs.conf": 'acl theirs %s "%s"\n' % (kind, tmp_path / "lists" / name)})
    with pytest.raises(Failed, match="theirs.conf:1 uses a list in %s: set a separate list_dir for each drop-in" % site.lists):
        site.run()
    assert [path.name for path in site.lists.iterdir()] == [name]
    site.run(adapter=site.made(list_dir="own"))
    assert (tmp_path / "own" / "allow.domains").exists() and (site.lists / name).read_text() == "# netaccess\n"


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_of_a_list_during_the_run_ends_it_and_stays(tmp_path, name):
    site = Files(tmp_path)
    everybody = {"networks": MANY, "users": USERS}
    site.run(**everybody)
    adapter, path = site.made(networks=MANY[:-1], users=USERS[:-1]), site.lists / name
    carry_out, by_hand = adapter.send, files.MARK + "\nby-hand.example\n" if name.endswith(".except") else "# by hand\n"

    def send(request):
        if str(path) in request.get("write", ()):
            path.write_text(by_hand)
        return carry_out(request)
    adapter.send = send
    # The list of allowed hosts and its exceptions are one step, the first one.
    said = "Nothing was changed" if name.startswith("allow") else ""
    with pytest.raises(Failed, match="someone else changed %s during this run: run again. %s" % (path, said)):
        site.run(adapter=adapter, policy={name: POLICY[name] + [".example.org", "*.example.net"] for name in POLICY})
    assert path.read_text() == by_hand


def test_an_edit_of_a_list_while_another_one_is_written_stays(tmp_path, monkeypatch):
    site = Files(tmp_path)
    site.run(networks=MANY)
    carry_out, edited, last = adapter_module.replace_file, [], site.lists / "allow.except"
    by_hand = files.MARK + "\nby-hand.example\n"

    def replace_file(path, text, reader=None):
        carry_out(path, text, reader)
        if not edited:
            assert path != str(last)
            edited.append(last.write_text(by_hand))
    monkeypatch.setattr(adapter_module, "replace_file", replace_file)
    with pytest.raises(Failed, match="someone else changed %s during this run: run again" % last):
        site.run(networks=MANY, policy={name: POLICY[name] + ["*.example.net"] for name in POLICY})
    assert last.read_text() == by_hand


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_of_a_list_before_the_reload_ends_the_run_and_stays(tmp_path, name):
    """It would go in force with this run, and nobody has judged it."""
    site = Files(tmp_path)
    adapter, path = site.made(networks=MANY, users=USERS), site.lists / name
    seal = adapter.seal

    def edited():
        path.write_text("# by hand\n")
        seal()
    adapter.seal = edited
    with pytest.raises(Failed, match="someone else changed %s during this run: run again" % path):
        site.run(adapter=adapter)
    assert path.read_text() == "# by hand\n"


@pytest.mark.parametrize("name,who", PEOPLE)
def test_somebody_who_is_added_to_a_list_by_hand_stops_a_rollback(tmp_path, name, who):
    site = Files(tmp_path)
    journal = site.run(**who)["journal"]
    path = site.lists / name
    path.write_text(path.read_text() + "somebody\n")
    with pytest.raises(Failed, match="overwrite later changes: list %s" % name):
        site.run("reverted", journal=journal, **who)
    assert path.read_text().endswith("somebody\n")
