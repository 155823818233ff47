"""Plain requests, whose responses come through the cache; and fields of responses that are to come."""
import datetime
import time
import urllib.parse

import origin
from cases_backends import PASS, Answer, request, serve, settings
from script import Script
from serving import PATIENCE, expect

TTL, STALE_WHILE = 2, 4


class Got(Answer):
    """What came, and what the cache says about it."""

    def __init__(self, script, response, body, **named):
        super().__init__(script, response, body, **named)
        self.cache, self.size = script.out(16), script.out()
        script.call("http_resp.header_value_get", response.value, "X-Cache", self.cache, 16, self.size)

    @property
    def how(self):
        return self.cache.bytes[:self.size.u32].decode()

    @property
    def all(self):
        return self.text, self.how


def path_with(name, **fields):
    """A path of the origin's whose answers are numbered, with these fields (names with _ for -)."""
    parts = [f"{key.replace('_', '-')}={urllib.parse.quote(value, safe='')}" for key, value in fields.items()]
    return "/".join(["http://a.test/with", name] + parts)


def send(script, uri, name="send", override=0, ttl=0, stale_while=0, keys="", **named):
    handle, content = request(script, uri, override=0, **named)
    if override or keys:
        script.call("http_req.cache_override_v2_set", handle.value, override, ttl, stale_while, keys)
    response, body = script.out(), script.out()
    detail = [script.out(24)] if name.startswith("send_v") else []
    sent = script.call("http_req." + name, handle.value, content.value, "origin", *detail, response, body)
    return sent, Got(script, response, body)


def ask(server, *arguments, **named):
    """One request of one guest."""
    script = Script()
    sent, got = send(script, *arguments, **named)
    script.send(server)
    sent.is_ok()
    return got


def answers(server, uri, count=2, **named):
    return [ask(server, uri, **named).all for _ in range(count)]


def purge(server, key):
    script = Script()
    script.call("purge.purge_surrogate_key", key, 0, 0)
    script.send(server)


KEPT, NOT_KEPT = [("1", "MISS"), ("1", "HIT")], [("1", "MISS"), ("2", "MISS")]

# So far in the future that its nanoseconds are 33 million more than fit seven times into 64 bits.
NOW = datetime.datetime(2026, 1, 1)
DATE, FAR = (when.strftime("%a, %d %b %Y %H:%M:%S GMT") for when in (NOW, NOW + datetime.timedelta(seconds=129127208516)))


def test_responses_are_kept_as_they_and_their_requests_say(guest):
    rows = (("nothing", {}, {}, KEPT),
            ("short", {"Cache_Control": "max-age=0"}, {}, NOT_KEPT),
            ("private", {"Cache_Control": "private"}, {}, NOT_KEPT),
            ("stored", {"Cache_Control": "no-store"}, {}, NOT_KEPT),
            ("cookie", {"Set_Cookie": "a=b"}, {}, NOT_KEPT),
            ("surrogate", {"Cache_Control": "max-age=0", "Surrogate_Control": "max-age=60"}, {}, KEPT),
            ("old", {"Cache_Control": "max-age=60", "Age": "60"}, {}, NOT_KEPT),
            ("far", {"Date": DATE, "Expires": FAR, "Age": "1"}, {}, KEPT),
            ("ttl", {"Cache_Control": "max-age=0"}, {"override": TTL, "ttl": 60}, KEPT),
            ("no-ttl", {"Cache_Control": "max-age=60"}, {"override": TTL, "ttl": 0},
             [("1", "MISS"), ("2", "MISS")]),
            ("forbidden", {"Cache_Control": "private"}, {"override": TTL, "ttl": 60}, NOT_KEPT),
            ("pass", {}, {"override": PASS}, [("1", ""), ("2", "")]),
            ("posted", {}, {"method": "POST"}, [("1", ""), ("2", "")]),
            ("straight", {}, {"name": "send_v3"}, [("1", ""), ("2", "")]),
            ("with-detail", {}, {"name": "send_v2"}, KEPT),
            ("vary", {"Vary": "X-Kind"}, {}, KEPT))
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for name, fields, how, wanted in rows:
            found = answers(server, path_with(name, **fields), **how)
            expect(found == wanted, f"{name}: {found}")
        other = ask(server, path_with("vary", Vary="X-Kind"), fields=(("X-Kind", "b"),))
        host = ask(server, path_with("nothing"), fields=(("Host", "b.test"),))
        head = ask(server, path_with("nothing"), method="HEAD")
    expect(other.all == ("2", "MISS"), f"another kind gave {other.all}")
    expect(host.all == ("2", "MISS"), f"another host gave {host.all}")
    expect(head.all == ("", "HIT"), f"HEAD gave {head.all}")


def test_what_is_kept_can_be_purged_and_has_keys_of_the_guests_own(guest):
    own = "0123456789abcdef" * 4
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        both = path_with("keys", Surrogate_Key="one two")
        first = answers(server, both, keys="three")
        purge(server, "two")
        second = answers(server, both, keys="three")
        purge(server, "three")
        third = ask(server, both).all
        named = [ask(server, path_with(name), fields=(("fastly-xqd-cache-key", own.upper()),))
                 for name in ("left", "right")]
        script = Script()
        bad, _ = send(script, path_with("left"), fields=(("fastly-xqd-cache-key", "12"),))
        script.send(server)
    expect(first == KEPT and second == [("2", "MISS"), ("2", "HIT")], f"{first} {second}")
    expect(third == ("3", "MISS"), f"{third}")
    expect([got.all for got in named] == KEPT, f"{[got.all for got in named]}")
    expect("fastly-xqd-cache-key" not in backend.asked_with, f"{backend.asked_with}")
    bad.gives("INVAL")


def until(what, wanted):
    """A change that comes in a while."""
    end = time.monotonic() + PATIENCE
    while (found := what()) != wanted:
        expect(time.monotonic() < end, f"{found}, not {wanted}")
        time.sleep(0.02)


def test_what_is_stale_is_used_while_it_is_made_anew_and_if_that_fails(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        stale = path_with("stale", Cache_Control="max-age=0, stale-while-revalidate=600")
        first, second = answers(server, stale)
        # It is made anew without a guest; what that brings is stale at once, too.
        until(lambda: max(backend.numbers.values()) >= 2, True)
        until(lambda: int(ask(server, stale).text) >= 2, True)
        failing = [ask(server, "http://a.test/failing") for _ in range(3)]
        versions = [ask(server, "http://a.test/versioned/v") for _ in range(2)]
        known = ask(server, path_with("known", ETag='"t"'), fields=(("If-None-Match", '"t"'),))
    expect((first, second) == (("1", "MISS"), ("1", "HIT")), f"{first} {second}")
    expect([got.all for got in failing] == [("fine", "MISS"), ("fine", "HIT"), ("fine", "HIT")],
           f"{[got.all for got in failing]}")
    expect([got.text for got in versions] == ["version v"] * 2 and backend.not_modified == 1,
           f"{[got.text for got in versions]} {backend.not_modified}")
    expect((known.status, known.text) == (304, ""), f"{known.status} {known.text!r}")


def test_who_asks_for_the_same_waits_for_one_request(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        pending = []
        for _ in range(3):
            handle, content = request(script, "http://a.test/gate", override=0)
            pending.append(script.out())
            script.call("http_req.send_async", handle.value, content.value, "origin", pending[-1])
        # The guest itself opens the gate: a poll that finds an answer takes it, and nothing is left to wait for.
        done = script.out()
        poll = script.call("http_req.pending_req_poll", pending[1].value, done, script.out(), script.out())
        handle, content = request(script, "http://a.test/open")
        opened = script.call("http_req.send", handle.value, content.value, "origin", script.out(), script.out())
        got = []
        for one in pending:
            response, body = script.out(), script.out()
            script.call("http_req.pending_req_wait", one.value, response, body)
            got.append(Got(script, response, body))
        script.send(server)
        # Who leaves behind the head does not end what others may want.
        backend.gate.clear()
        script = Script()
        handle, content = request(script, "http://a.test/halves/200000", override=0)
        script.call("http_req.send", handle.value, content.value, "origin", script.out(), script.out())
        script.send(server)
        backend.gate.set()
        script = Script()
        _, whole = send(script, "http://a.test/halves/200000")
        script.send(server)
        cut = Script()
        sent, part = send(cut, "http://a.test/cut")
        cut.send(server)
        again = ask(server, "http://a.test/cut")
    poll.is_ok()
    opened.is_ok()
    expect(done.u32 == 0, f"{done.u32}")
    expect([one.all for one in got] == [("open", "MISS"), ("open", "HIT"), ("open", "HIT")],
           f"{[one.all for one in got]}")
    expect(backend.requests.count("/gate") == 1, f"{backend.requests}")
    found = b"".join(place.bytes for place in whole.parts)
    expect(whole.how == "HIT" and found and found == origin.pattern(200000)[:len(found)],
           f"{whole.how} {len(found)}")
    expect(backend.requests.count("/halves/200000") == 1, f"{backend.requests}")
    sent.is_ok()
    expect(part.text in ("", "short") and again.how == "MISS", f"{part.text!r} {again.how}")
    expect("a response from a backend was cut off" in server.log_text, server.log_text)


def test_what_is_packed_is_unpacked_from_the_cache(guest):
    text = b"".join(b"line %d\n" % i for i in range(10000))[:8192].decode()
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        got = []
        for _ in range(2):
            script = Script()
            handle, content = request(script, "http://a.test/packed/good", override=0)
            script.call("http_req.auto_decompress_response_set", handle.value, 1)
            response, body = script.out(), script.out()
            script.call("http_req.send", handle.value, content.value, "origin", response, body)
            got.append(Got(script, response, body, portions=1))
            script.send(server)
    expect([one.how for one in got] == ["MISS", "HIT"], f"{[one.how for one in got]}")
    expect(all(text.startswith(one.text) and one.text for one in got), f"{got[1].text[:40]!r}")


def change(script, pending, verb, name, *value, target=0):
    return script.call(f"http_req.pending_req_header_{verb}", pending.value, name, *value, target)


def test_fields_of_responses_to_come_are_changed(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        handle, content = request(script)
        pending = script.out()
        script.call("http_req.send_async", handle.value, content.value, "origin", pending)
        change(script, pending, "insert", "X-Origin", "another")
        change(script, pending, "append", "X-Origin", "more")
        change(script, pending, "insert", "X-Gone", "1")
        change(script, pending, "remove", "X-Gone")
        change(script, pending, "insert", "X-Error", "1", target=2)
        wrong = change(script, pending, "insert", "no name", "1")
        target = change(script, pending, "append", "a", "1", target=3)
        nobody = script.call("http_req.pending_req_header_remove", 0x1ff, "a", 0)
        response, values, count, cursor = script.out(), script.out(32), script.out(), script.out(8)
        script.call("http_req.pending_req_wait", pending.value, response, script.out())
        script.call("http_resp.header_values_get", response.value, "x-origin", values, 32, 0, cursor, count)
        missing = [script.call("http_resp.header_value_get", response.value, name, script.take(8), 8, script.out())
                   for name in ("x-gone", "x-error")]
        script.send(server)
        script = Script()
        handle, content = request(script, "/nothing")
        pending = script.out()
        script.call("http_req.send_async", handle.value, content.value, "origin", pending)
        change(script, pending, "insert", "X-Own", "error", target=2)
        change(script, pending, "insert", "X-Other", "response", target=1)
        script.call("http_resp.send_downstream_pending", pending.value)
        failed = server.get("/", "POST", script.code)
    expect(values.bytes[:count.u32] == b"another\0more\0", f"{values.bytes!r}")
    for call in missing:
        call.gives("NONE")
    wrong.gives("INVAL")
    target.gives("INVAL")
    nobody.gives("BADF")
    expect(failed.status == 502 and failed.header("X-Own") == "error" and not failed.header("X-Other"),
           f"{failed.status} {failed.headers}")


def test_trailers_of_backends_are_behind_their_bodies(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        handle, content = request(script, "/trailers")
        response, body, values, count, cursor = script.out(), script.out(), script.out(32), script.out(), script.out(8)
        script.call("http_req.send", handle.value, content.value, "origin", response, body)
        early = script.call("http_body.trailer_value_get", body.value, "x-end", script.take(8), 8, script.out())
        text = script.read(body, 64)
        script.read(body, 64)
        script.call("http_body.trailer_values_get", body.value, "x-end", values, 32, 0, cursor, count)
        none = script.call("http_body.trailer_value_get", body.value, "x-other", script.take(8), 8, script.out())
        script.send(server)
    early.gives("AGAIN")
    expect(text.bytes == b"body" and values.bytes[:count.u32] == b"the end\0again\0", f"{text.bytes!r} {values.bytes!r}")
    none.gives("NONE")
