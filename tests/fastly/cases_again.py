"""Several requests at one instance: a guest that asks for another one gets the next that comes."""
import os
import threading
import time

import script
from cases_stream import expect_log
from serving import PATIENCE, Server, expect

BUILT = {}


def again(guest, *options):
    """The server of guests/again.c, which is built beside the other one."""
    folder = os.path.dirname(guest)
    if folder not in BUILT:
        BUILT[folder] = script.build_artifact(folder, "again")
    return Server(BUILT[folder], "--timeout", "20s", *options)


def ask(server, path="/wait", body=b""):
    """How many the instance has answered, the request's number, and its body."""
    response = server.get(path, "POST", body)
    expect(response.status == 200, f"{path}: status {response.status} {response.text()}")
    count, number, rest = response.body.split(b" ", 2)
    expect(len(number) == 32, f"{response.body!r}")
    return int(count), number, rest


def counts(server, *paths):
    return [ask(server, path)[0] for path in paths]


def begin(client):
    """A request whose guest waits for its body of one byte."""
    client.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    expect(client.response().status == 100, "nobody asks for the body")


def test_an_instance_answers_one_request_after_the_other(guest):
    with again(guest) as server:
        answers = [ask(server, "/wait", b"body %d" % i) for i in range(5)]
        expect([answer[0] for answer in answers] == [1, 2, 3, 4, 5], f"{answers}")
        expect([answer[2] for answer in answers] == [b"body %d" % i for i in range(5)], f"{answers}")
        expect(len({answer[1] for answer in answers}) == 5, f"numbers are used again: {answers}")
    # Each has a line of its own, and nobody hears of the end.
    expect(server.log_text.count("POST /wait 200") == 5, server.log_text)


def test_it_may_wait_for_other_things_too(guest):
    """One that has just looked and is about to wait again is passed over, so that it may take a few more."""
    for path in ("/select", "/poll"):
        with again(guest) as server:
            end = time.monotonic() + PATIENCE
            while counts(server, path) != [3]:
                expect(time.monotonic() < end, f"{path}: another instance each time")


def test_requests_of_one_connection_follow_each_other(guest):
    with again(guest) as server, server.connect() as client:
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        bodies = [client.response().body for _ in range(3)]
        expect([body[:2] for body in bodies] == [b"1 ", b"2 ", b"3 "], f"{bodies}")


def test_bodies_that_come_later_are_the_next_requests(guest):
    with again(guest) as server:
        ask(server)
        with server.connect() as client:
            client.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
            time.sleep(0.1)
            client.send(b"half")
            body = client.response().body
            expect(body.startswith(b"2 ") and body.endswith(b" halfhalf"), f"{body!r}")


def test_who_waits_in_vain_is_told(guest):
    with again(guest) as server:
        expect(counts(server, "/brief") == [1], "the first")
        expect_log(server, "no other: 10")
        expect(counts(server, "/brief") == [1], "an instance that has ended")


def test_two_at_once_are_two_instances(guest):
    with again(guest, "--workers", "2") as server:
        with server.connect() as client:
            # This one has the first instance until its body is there.
            begin(client)
            expect(counts(server, "/wait", "/wait") == [1, 2], "not a second instance")
            client.send(b"x")
            expect(client.response().body.startswith(b"1 "), "not the first instance")


def test_requests_of_an_instance_have_a_limit(guest):
    with again(guest, "--max-requests", "2") as server:
        expect(counts(server, *["/wait"] * 5) == [1, 2, 1, 2, 1], "another limit")
    with again(guest, "--max-requests", "1") as server:
        expect(counts(server, "/wait", "/wait") == [1, 1], "a second request")
        expect_log(server, "no other: 10")


def test_the_time_between_them_has_a_limit(guest):
    with again(guest, "--next-timeout", "30ms") as server:
        ask(server)
        expect_log(server, "no other: 10")


def test_not_all_places_are_for_guests_that_wait(guest):
    with again(guest, "--max-guests", "2") as server:
        # The second has no place to wait at, so the first is the one that goes on.
        with server.connect() as client:
            begin(client)
            expect(counts(server, "/wait") == [1], "the second")
            client.send(b"x")
            expect(client.response().body.startswith(b"1 "), "the first")
        expect(counts(server, *["/wait"] * 3) == [2, 3, 4], "none goes on")


def test_a_request_needs_its_answer_first(guest):
    with again(guest) as server:
        expect(counts(server, "/early") == [1], "the answer")
        expect_log(server, "early: 5")


def test_what_an_instance_does_not_take_another_one_answers(guest):
    for path, line in (("/abandon", "abandoned: 0"), ("/trap", "after the response: trap: unreachable")):
        with again(guest) as server:
            expect(counts(server, path, "/once") == [1, 1], f"{path}: the one that has gone")
            expect_log(server, line)


def test_each_request_has_time_and_log_of_its_own(guest):
    with again(guest, "--timeout", "1500ms") as server:
        for expected in range(1, 5):
            time.sleep(0.6)
            expect(ask(server)[0] == expected, "the time of an earlier request")
    with again(guest, "--log-limit", "600") as server:
        expect(counts(server, *["/chat"] * 2) == [1, 2], "another instance")
        expect_log(server, "(log limit of this request reached)")
    expect(server.log_text.count("a line of many 0") == 2, server.log_text)


def test_the_deadline_of_a_request_that_is_not_taken_holds(guest):
    with again(guest, "--timeout", "2s") as server:
        expect(counts(server, "/spin") == [1], "the first")
        response = server.get("/once")
        expect(response.status == 504, f"status {response.status}")


def test_the_body_of_an_earlier_request_is_gone(guest):
    with again(guest) as server:
        response = server.get("/unread", "POST", b"x" * 100)
        expect(response.body.startswith(b"1 "), f"{response.body!r}")
        expect_log(server, "the old body: ",
                   "the request's body was cut off: the guest has asked for another request")
        expect(counts(server, "/once") == [2], "another instance")


def test_many_clients_at_once_lose_nothing(guest):
    numbers, lock = [], threading.Lock()

    def some(server):
        for i in range(40):
            answer = ask(server, ("/wait", "/select", "/poll", "/abandon")[i % 4 if i % 10 == 3 else 0])
            with lock:
                numbers.append(answer)

    with again(guest, "--max-guests", "16") as server:
        threads = [threading.Thread(target=some, args=(server,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        expect(len(numbers) == 320 and len({number for _, number, _ in numbers}) == 320, f"{len(numbers)}")
        expect(max(count for count, _, _ in numbers) > 1, "none was used again")
