"""Requests to the tour of Fastly Compute (examples/fastly-*): the same for each language."""
import json
import threading
import time

from serving import PATIENCE, expect


class Lacking(Exception):
    """A tour that has no such route."""


def ask(server, path, wanted, status=200, **named):
    """One request, whose body is to be `wanted`."""
    response = server.get(path, **named)
    if response.status == 501:
        raise Lacking("the SDK has no such call")
    expect(response.status == status, f"{path} has status {response.status}: {response.text()!r}")
    if wanted is not None:
        expect(response.text().rstrip() == wanted, f"{path} gives {response.text()!r}, not {wanted!r}")
    return response


# ---- stores ----

def test_configuration_and_secrets_are_there(server, origin):
    ask(server, "/config?key=greeting", "hello")
    ask(server, "/config?key=nothing", None, 404)
    ask(server, "/secret", "swordfish false")


def test_values_are_put_found_and_deleted(server, origin):
    ask(server, "/kv?key=first", "a note")
    ask(server, "/kv?key=mine", None, 404)
    ask(server, "/kv?key=mine", "done", method="PUT", body=b"one")
    ask(server, "/kv?key=mine", "one")
    ask(server, "/kv?key=mine", "done", method="DELETE")
    ask(server, "/kv?key=mine", None, 404)


def test_values_have_modes_and_metadata(server, origin):
    ask(server, "/kv?key=moded", "done", method="PUT", body=b"one")
    response = ask(server, "/kv?key=moded", "one")
    expect(response.header("x-metadata") == "from a request", f"{response.headers}")
    ask(server, "/kv?key=moded&mode=append", "done", method="PUT", body=b" two")
    ask(server, "/kv?key=moded", "one two")
    ask(server, "/kv?key=moded&mode=add", None, 412, method="PUT", body=b"three")
    ask(server, "/kv?key=moded", "done", method="DELETE")


def test_keys_are_listed_page_by_page(server, origin):
    for key in "lc", "la", "lb", "ld":
        ask(server, f"/kv?key={key}", "done", method="PUT", body=b"x")
    names = ask(server, "/kv/list", None).text().split()
    expect([name for name in names if name[0] == "l"] == ["la", "lb", "lc", "ld"], f"{names}")


# ---- who asks ----

def test_addresses_are_looked_up_in_lists(server, origin):
    ask(server, "/acl?ip=192.0.2.7", "192.0.2.0/24 block")
    ask(server, "/acl?ip=192.0.2.8", "192.0.2.8/32 allow")
    ask(server, "/acl?ip=198.51.100.1", "no entry")
    ask(server, "/acl?ip=2001:db8:1::1", "2001:db8::/32 block")


def test_places_and_devices_are_known(server, origin):
    ask(server, "/geo?ip=192.0.2.1", "Somewhere DE 52.5")
    ask(server, "/geo?ip=192.0.2.2", "nowhere")
    ask(server, "/device?agent=Phone/1.0", 'Some("Phone One") Some(true) Some("PhoneOS")')
    ask(server, "/device?agent=Other/1.0", "unknown")


def test_requests_are_counted(server, origin):
    ask(server, "/count?who=a&by=30", "30 3")
    ask(server, "/count?who=b&by=10", "10 1")
    ask(server, "/count?who=a&by=20", "50 5")


def test_who_asks_too_often_is_blocked(server, origin):
    # Ten each time, five a second over ten seconds are fifty.
    answers = [ask(server, "/limit?who=x", None).text().strip() for _ in range(7)]
    expect(answers[:5] == ["false"] * 5 and answers[6] == "true", f"{answers}")
    ask(server, "/limit?who=y", "false")


def test_penalties_last(server, origin):
    ask(server, "/penalty?who=p", "false true")
    ask(server, "/penalty?who=p", "true true")


def test_the_program_knows_its_own_use(server, origin):
    ask(server, "/runtime", "true true true selvage")


def test_the_program_knows_its_client(server, origin):
    ask(server, "/client", "Some(127.0.0.1) None true false")


def test_the_program_knows_where_it_is(server, origin):
    ask(server, "/served", "Some(127.0.0.1) None")
    ask(server, "/shield?name=here", "true")
    ask(server, "/shield?name=elsewhere", "false")
    ask(server, "/shield?name=nowhere", "no such place")


def test_an_instance_answers_several_requests(server, origin):
    ask(server, "/reuse/one", "1 /reuse/one")
    ask(server, "/reuse/two", "2 /reuse/two")
    ask(server, "/reuse/end", "3 /reuse/end")
    # It has not asked for another one, so this is a fresh one.
    ask(server, "/reuse/end", "1 /reuse/end")
    expect("no other request" not in server.read_log(), server.read_log()[-300:])


def test_lines_are_logged(server, origin):
    ask(server, "/log", "logged")
    end = time.monotonic() + PATIENCE # a thread of its own writes them
    while not all(line in (log := server.read_log()) for line in ("audit: somebody was here", "to standard output")):
        expect(time.monotonic() < end, log[-300:])
        time.sleep(0.01)


# ---- bodies ----

def test_a_body_comes_back(server, origin):
    response = ask(server, "/echo", "echo: the body", method="POST", body=b"the body")
    expect(response.header("x-length") == "8", f"{response.headers}")
    large = bytes(range(256)) * 4096
    response = server.get("/echo", "POST", large)
    expect(response.body == b"echo: " + large, f"{len(response.body)} bytes")


def test_a_body_is_streamed(server, origin):
    wanted = "".join(f"line {number}\n" for number in range(1, 6)) + "the end"
    response = ask(server, "/stream", wanted)
    expect(response.header("x-streamed") == "yes", f"{response.headers}")
    ask(server, "/early", "early")


def test_fields_keep_order_and_number(server, origin):
    response = ask(server, "/fields", None, headers="X-Many: one\r\nX-Other: x\r\nX-Many: two\r\n")
    lines = response.text().splitlines()
    expect(lines[0] == "one,two" and "x-many x-other" in lines[1], f"{lines}")
    several = [value for name, value in response.headers if name.lower() == "x-set"]
    # JavaScript's Headers join what they have several of.
    expect(", ".join(several) == "one, two" and response.header("x-once") == "second", f"{response.headers}")
    expect(response.header("x-gone") is None, f"{response.headers}")


# ---- backends ----

def test_backends_are_asked(server, origin):
    response = ask(server, "/pass?path=/some/where", None)
    expect(response.text().startswith("GET /base/some/where HTTP/1.1\n"), response.text())
    expect(response.header("x-origin") == "here", f"{response.headers}")
    ask(server, "/together", "4 answered")
    ask(server, "/upload", "100000")
    ask(server, "/unknown", None, 502)


def test_a_backend_can_be_made(server, origin):
    text = ask(server, f"/dynamic?target=127.0.0.1:{origin.port}", None).text().lower()
    expect(f"true {origin.port}\nget / http/1.1\n" in text and "host: made.test" in text, text)


# ---- the cache of HTTP responses ----

def fetched(server, path, status=200, **named):
    """The number of the request that the backend answered with this."""
    return ask(server, "/proxy?path=" + path, None, status, **named).text()


def test_a_response_is_kept_as_long_as_it_says(server, origin):
    path = "/with/Cache-Control=max-age=60/kept"
    expect(fetched(server, path) == fetched(server, path) == "1", "it is not kept")
    for forbidden in "private", "no-store", "max-age=0":
        path = f"/with/Cache-Control={forbidden}/not-kept"
        expect((fetched(server, path), fetched(server, path)) == ("1", "2"), f"{forbidden} is kept")
    path = "/with/Cache-Control=max-age=60/Set-Cookie=a=b/personal"
    expect((fetched(server, path), fetched(server, path)) == ("1", "2"), "what sets a cookie is kept")
    path = "/with/Surrogate-Control=max-age=60/Cache-Control=max-age=0/ours"
    expect(fetched(server, path) == fetched(server, path) == "1", "Surrogate-Control does not come first")
    path = "/with/Cache-Control=max-age=60/Age=61/old"
    expect((fetched(server, path), fetched(server, path)) == ("1", "2"), "what is old already is kept")


def test_plain_requests_come_through_the_cache(server, origin):
    path = "/plain?path=/with/Cache-Control=max-age=60/plain"
    first, second = (ask(server, path, "1") for _ in range(2))
    expect((first.header("x-cache"), second.header("x-cache")) == ("MISS", "HIT"), f"{first.headers} {second.headers}")
    for number in "12":
        ask(server, "/plain?path=/with/Cache-Control=private/plain", number)


def test_responses_vary(server, origin):
    path = "/with/Cache-Control=max-age=60/Vary=Accept/varied"
    numbers = [fetched(server, path, headers=f"Accept: {kind}\r\n") for kind in ("a", "b", "a", "b")]
    expect(numbers == ["1", "2", "1", "2"], f"{numbers}")


def test_a_stale_response_is_asked_about(server, origin):
    path = "/versioned/one"
    first = ask(server, f"/proxy?path={path}", "version one")
    again = ask(server, f"/proxy?path={path}", "version one")
    expect(origin.not_modified == 1, f"{origin.not_modified} answers were 304")
    expect(again.header("x-round") == "2" and first.header("x-round") == "1", f"{again.headers}")


def test_a_response_is_stale_while_one_asks_again(server, origin):
    path = "/with/Cache-Control=max-age=0,stale-while-revalidate=60/while"
    numbers = [fetched(server, path) for _ in range(2)]
    expect(numbers == ["1", "1"], f"{numbers}")


def test_clients_get_what_they_ask_for(server, origin):
    path = "/with/Cache-Control=max-age=60/ETag=%22t%22/Pad=123456789/for-clients"
    whole = fetched(server, path)
    again = ask(server, "/proxy?path=" + path, None)
    # Go writes all answers in chunks.
    length = again.header("Content-Length")
    expect(again.header("Age") is not None and length in (None, str(len(whole))), f"{again.headers}")
    part = ask(server, "/proxy?path=" + path, whole[2:5], 206, headers="Range: bytes=2-4\r\n")
    expect(part.header("Content-Range") == f"bytes 2-4/{len(whole)}", f"{part.headers}")
    tail = ask(server, "/proxy?path=" + path, whole[-3:], 206, headers="Range: bytes=-3\r\n")
    expect(tail.header("Content-Length") in (None, "3"), f"{tail.headers}")
    ask(server, "/proxy?path=" + path, None, 416, headers="Range: bytes=100-\r\n")
    ask(server, "/proxy?path=" + path, None, 304, headers='If-None-Match: W/"t"\r\n')
    head = ask(server, "/proxy?path=" + path, "", method="HEAD")
    expect(head.header("Content-Length") in (None, str(len(whole))), f"{head.headers}")


def test_kept_responses_are_purged(server, origin):
    path = "/with/Cache-Control=max-age=60/Surrogate-Key=sk1%20sk2/purged"
    expect(fetched(server, path) == fetched(server, path) == "1", "it is not kept")
    ask(server, "/purge?surrogate=sk2", "purged")
    expect(fetched(server, path) == "2", "it is not purged")


# ---- the cache by keys ----

def test_a_value_is_cached_by_key(server, origin):
    ask(server, "/simple?key=k&value=one", "one")
    ask(server, "/simple?key=k&value=two", "one")
    ask(server, "/simple/purge?key=k", "purged")
    ask(server, "/simple?key=k&value=three", "three")


def test_transactions_find_what_others_made(server, origin):
    ask(server, "/core?key=c&accept=text", "made for text")
    response = ask(server, "/core?key=c&accept=text", "made for text")
    expect(response.header("x-state") == "hit 1 false false Some(14)", f"{response.headers}")
    expect(response.header("x-metadata") == "about it", f"{response.headers}")
    ask(server, "/core?key=c&accept=text&range=5-7", "for")


def test_variants_are_kept_apart(server, origin):
    ask(server, "/core?key=v&accept=text", "made for text")
    ask(server, "/core?key=v&accept=image", "made for image")
    ask(server, "/core?key=v&accept=text", "made for text")
    response = ask(server, "/core?key=v&accept=image", "made for image")
    expect(response.header("x-state").startswith("hit 1 "), f"{response.headers}")


def test_one_makes_what_many_ask_for(server, origin):
    states = []

    def one():
        states.append(server.get("/core?key=many&accept=a").header("x-state").split()[0])

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(sorted(states) == ["hit"] * 11 + ["miss"], f"{states}")


def test_stale_values_are_used_while_one_makes_a_new_one(server, origin):
    ask(server, "/core/insert?key=s&value=old&age=90", "inserted")
    # The first is to update it, and does; for the second it is fresh.
    ask(server, "/core/update?key=s", "true true")
    ask(server, "/core/update?key=s", "false false")
    response = ask(server, "/core?key=s", "old")
    expect(response.header("x-metadata") == "updated", f"{response.headers}")


def test_what_is_given_up_is_not_found(server, origin):
    ask(server, "/core/insert?key=g&value=half&give-up=yes", "given up")
    response = ask(server, "/core?key=g&accept=x", "made for x")
    expect(response.header("x-state") == "miss", f"{response.headers}")


def test_a_value_takes_the_place_of_another(server, origin):
    ask(server, "/replace?key=r&value=one", "nothing")
    ask(server, "/replace?key=r&value=two", "one")
    ask(server, "/replace?key=r&value=three", "two")


def test_surrogate_keys_purge(server, origin):
    ask(server, "/core?key=p1&accept=x", None)
    ask(server, "/core?key=p2&accept=x", None)
    ask(server, "/purge?surrogate=p1", "purged")
    expect(ask(server, "/core?key=p1&accept=x", None).header("x-state") == "miss", "p1 is still there")
    expect(ask(server, "/core?key=p2&accept=x", None).header("x-state").startswith("hit"), "p2 is gone")
    # A soft purge leaves it, but stale.
    ask(server, "/core/insert?key=p3&value=soft", "inserted")
    ask(server, "/purge?surrogate=all&soft=yes", "purged")
    ask(server, "/core/update?key=p3", "true true")
