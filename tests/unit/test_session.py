# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the APIs of the products share: sessions, pages, and answers that become failures. Without a server: a transport with answers in store."""
from __future__ import annotations

import json

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, CONFLICT, LOCKED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown, Overtaken,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Connection
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Busy, Client, Ended, access_token, basic, json_of, one_line, pages,
)

DONE, LOST = Answer(200, body=b"{}"), Answer(500, body=b"<html>")
GONE, SHUT, SAVING = Answer(401), Answer(200, body=b'"ended"'), Answer(409, body=b'"saving"')


class Stored:
    """A transport that gives ``answers`` one after the other; an exception among them is raised."""

    connection = Connection("https://device.example:8443")

    def __init__(self, answers):
        self.answers, self.sent, self.waited = list(answers), [], []

    def call(self, method, path, write=False, headers=None):
        self.sent.append((method, path, write, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, seconds, why, failure=LOCKED):
        self.waited.append((seconds, why, failure))


class Product(Client):
    """``sign_ins``: what each sign-in comes to, a session or an exception; then numbers."""

    def __init__(self, answers=(), sign_ins=()):
        super().__init__(Stored(answers))
        self.sign_ins, self.begun = list(sign_ins), 0

    def _sign_in(self):
        self.begun += 1
        if not self.sign_ins:
            return {"session": self.begun}
        found = self.sign_ins.pop(0)
        if isinstance(found, Exception):
            raise found  # pylint: disable=raising-bad-type
        return found

    def ask(self, write=False):
        return self._signed_in(lambda session: self._transport.call("PUT" if write else "GET", "/x", write, session), lambda answer: self.read(answer, write))

    def read(self, answer, write):
        if answer.status == 409:
            raise Busy(7, "somebody saves")
        found = json_of(answer)
        if found == "ended":
            raise Ended(AUTH, "the session ended")
        if found is NO_JSON or answer.status >= 500:
            raise self._unreadable(answer, write, check=": look there")
        if answer.status >= 400:
            raise self._refusal(FAILURES.get(answer.status, REFUSED), "GET /x", found, "HTTP %d" % answer.status)
        return found

    @property
    def sent(self):
        """The number of the session of each request."""
        return [headers["session"] for _method, _path, _write, headers in self._transport.sent]


def test_a_session_begins_with_the_first_request_and_serves_the_next():
    product = Product([DONE, DONE])
    assert product.begun == 0
    assert product.ask() == product.ask(write=True) == {}
    assert product.begun == 1 and product.sent == [1, 1]


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("answers,sessions", [
    ([DONE], [1]),
    ([GONE, DONE], [1, 2]),
    ([SHUT, DONE], [1, 2]),
    ([SAVING, SAVING, DONE], [1, 1, 1]),
    ([SAVING, GONE, SAVING, DONE], [1, 1, 2, 2]),
])
def test_a_request_that_was_not_carried_out_is_sent_again(answers, sessions, write):
    product = Product(answers)
    assert product.ask(write) == {}
    assert product.sent == sessions and product.begun == max(sessions)
    assert product._transport.waited == [(7, "somebody saves", LOCKED)] * answers.count(SAVING)


@pytest.mark.parametrize("answers,failure,sessions", [
    ([GONE, Answer(401, body=b'"no"')], AUTH, [1, 2]),
    ([GONE, SHUT], AUTH, [1, 2]),
    ([SHUT, SHUT], AUTH, [1, 2]),
    ([SHUT, Answer(401, body=b'"no"')], AUTH, [1, 2]),
    ([Answer(403, body=b'"no"')], AUTH, [1]),
    ([LOST], UNREACHABLE, [1]),
    ([GONE, LOST], UNREACHABLE, [1, 2]),
])
def test_a_session_is_renewed_once(answers, failure, sessions):
    product = Product(answers)
    with pytest.raises(AccessError) as caught:
        product.ask()
    assert caught.value.failure == failure and product.sent == sessions
    # The session that was begun last is still there: it has to be ended, and the next request tries it.
    product._transport.answers.append(DONE)
    assert product.ask() == {} and product.sent[-1] == sessions[-1]


@pytest.mark.parametrize("before", [[], [GONE], [SAVING]])
@pytest.mark.parametrize("answer", [LOST, Answer(200, body=b"<html>"), OutcomeUnknown("the connection broke")])
def test_a_write_that_may_have_taken_effect_is_never_sent_again(before, answer):
    product = Product(before + [answer])
    with pytest.raises(OutcomeUnknown):
        product.ask(write=True)
    assert len(product.sent) == len(before) + 1


def test_a_sign_in_that_fails_is_not_tried_again():
    product = Product([], [AccessError(AUTH, "wrong password")])
    with pytest.raises(AccessError, match="wrong password"):
        product.ask()
    assert product.begun == 1
    product = Product([GONE], [{"session": 1}, AccessError(AUTH, "expired")])
    with pytest.raises(AccessError, match="expired"):
        product.ask()
    assert product.begun == 2 and product._session is None


def test_a_sign_in_waits_for_its_turn():
    product = Product([DONE], [Busy(5, "signed in elsewhere"), Busy(5, "signed in elsewhere")])
    assert product.ask() == {} and product.begun == 3 and Busy(5, "").failure == LOCKED
    assert product._transport.waited == [(5, "signed in elsewhere", LOCKED)] * 2


@pytest.mark.parametrize("statuses,waits", [([200], []), ([503, 200], [1]), ([503, 502, 404], [1, 2]), ([503, 503, 503], [1, 2]), ([500, 503], [])])
def test_a_read_is_patient_with_a_service_that_fails(statuses, waits):
    product = Product([Answer(status) for status in statuses])
    answer = product._patient(lambda: product._transport.call("GET", "/x"), (502, 503), (1, 2))
    assert answer.status == statuses[len(waits)] and len(product._transport.sent) == len(waits) + 1
    said = "device.example:8443 answers with HTTP %d"
    assert product._transport.waited == [(seconds, said % status, UNREACHABLE) for seconds, status in zip(waits, statuses)]


@pytest.mark.parametrize("table,asked", [
    ([[]], 1), ([[1, 2]], 1), ([[1, 2, 3], [4]], 2), ([[1, 2, 3], [4, 5, 6], []], 3),
    # A server without pages, and a row that moved while it was read: the page is full, so it goes on.
    ([[1, 2, 3], [1, 2, 3], [9]], 2), ([[1, 2, 3], [3, 4, 5], [6]], 3),
])
def test_all_rows_of_all_pages_come_once(table, asked):
    numbers = []

    def read(number):
        numbers.append(number)
        return [{"id": one} for one in table[number - 1]], None
    rows, total = pages(read, lambda row: row["id"], lambda page, _count, _total: len(page) < 3)
    assert [row["id"] for row in rows] == sorted({one for page in table[:asked] for one in page}) and total is None
    assert numbers == list(range(1, asked + 1))


def test_the_number_that_the_server_tells_decides_and_comes_back():
    told = {1: 2, 2: 3, 3: 3}
    assert pages(lambda number: ([number], told[number]), int, lambda _page, count, total: count >= total) == ([1, 2, 3], 3)
    # The server tells five and gives two: whoever called has both numbers.
    assert pages(lambda number: ([number] if number < 3 else [], 5), int, lambda _page, count, total: count >= total) == ([1, 2], 5)


@pytest.mark.parametrize("body,found", [
    (b"", None), (b"null", None), (b"[]", []), (b'{"a": 1}', {"a": 1}), (b"<html>", NO_JSON), (b"{", NO_JSON), (b"\xff", NO_JSON), (b"[" * 10 ** 6, NO_JSON)])
def test_json_or_none(body, found):
    assert json_of(Answer(200, body=body)) == found


@pytest.mark.parametrize("status,found,token", [
    (200, {"access_token": "t"}, "t"), (200, {}, None), (200, ["access_token"], None), (201, {"access_token": "t"}, None), (401, {"access_token": "t"}, None)])
def test_a_token_counts_in_a_good_answer_alone(status, found, token):
    assert access_token(Answer(status, body=json.dumps(found).encode())) == token
    assert access_token(Answer(status, body=b"<html>")) is None


@pytest.mark.parametrize("made,failure,text", [
    (lambda api: api._unreadable(LOST, False, check=": check the proxy"), UNREACHABLE, "answers with HTTP 500 and not with JSON of its API: check the proxy"),
    (lambda api: api._unreadable(LOST, True, " and not with XML", ": check the proxy"), UNREACHABLE, "answers with HTTP 500 and not with XML"),
    (lambda api: api._refusal(CONFLICT, "PUT /x", "it\n  exists", "HTTP 409, -5", " (look)"), CONFLICT, "refuses PUT /x: it exists (look) (HTTP 409, -5)"),
    (lambda api: api._not_signed_in(Answer(400), "the key", (200,)), AUTH, "rejects the credentials (HTTP 400): check the key"),
    (lambda api: api._not_signed_in(Answer(502), "the key", (200,)), UNREACHABLE, "cannot process sign-ins now (HTTP 502)"),
    (lambda api: api._not_signed_in(Answer(200), "the key", (200,), ": is it on?"), UNREACHABLE, "cannot process sign-ins now (HTTP 200): is it on?"),
])
def test_failures_name_the_device_and_what_happened(made, failure, text):
    error = made(Product())
    assert (error.failure, str(error)) == (failure, "device.example:8443 " + text)


def test_only_a_write_without_a_readable_answer_has_an_unknown_outcome():
    assert isinstance(Product()._unreadable(LOST, True), OutcomeUnknown)
    assert not isinstance(Product()._unreadable(LOST, False), OutcomeUnknown)


def test_words_and_credentials():
    assert one_line(" a\n\tb  c ") == "a b c" and one_line(5) == "5"
    # The example of RFC 7617, section 2.1.
    assert basic("test", "123\u00a3") == "Basic dGVzdDoxMjPCow=="


@pytest.mark.parametrize("request_line,failure,overtaken", [
    ("POST /x", CONFLICT, True), ("PATCH /x", CONFLICT, True), ("GET /x", CONFLICT, False), ("POST /x", REFUSED, False)])
def test_only_a_write_that_meets_a_conflict_was_overtaken(request_line, failure, overtaken):
    """After a write that took effect a read may be refused as well, and that write has to be undone."""
    assert isinstance(Product()._refusal(failure, request_line, "it exists", "HTTP 409"), Overtaken) == overtaken
