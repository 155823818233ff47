"""The cache, purging, rate counters, lists and devices: what SDKs do not ask for in this way."""
import json
import os
import struct
import threading
import time

import origin
from cases_backends import Answer, request, settings
from cases_stores import Settings
from script import Script
from serving import Server, expect

SECOND = 10 ** 9
NOBODY = 0xfffffffe


def write_options(script, max_age=60, mask=0, initial_age=0, stale=0, surrogates="", length=0, metadata="",
                  vary=""):
    """Mask and place of a cache_write_options."""
    parts = [script.data(part) if part else None for part in (vary, surrogates, metadata)]
    spans = [(part.address, part.length) if part else (0, 0) for part in parts]
    mask |= (bool(vary) << 2 | bool(initial_age) << 3 | bool(stale) << 4 | bool(surrogates) << 5 |
             bool(metadata) << 7)
    data = struct.pack("<QIIIIQQIIQIIQII", max_age * SECOND, 0, *spans[0], 0, initial_age * SECOND, stale * SECOND,
                       *spans[1], length, *spans[2], 0, 0, 0)
    return mask, script.data(data)


def insert(script, key, value, **named):
    body = script.out()
    script.call("cache.insert", key, *write_options(script, **named), body).name = f"insert {key}"
    script.call("http_body.write", body.value, value, 0, script.out())
    script.call("http_body.close", body.value)
    return body


def lookup(script, key, name="cache.lookup", options=None, mask=0):
    handle, state = script.out(), script.out()
    script.call(name, key, mask, options or script.take(16), handle)
    script.call("cache.get_state", handle.value, state)
    return handle, state


def content(script, handle, mask=0, start=0, end=0):
    body = script.out()
    got = script.call("cache.get_body", handle.value, mask, script.data(struct.pack("<QQ", start, end)), body)
    return got, script.read(body, 64)


def serve(guest):
    return Server(guest, "--timeout", "60s")


def test_what_was_inserted_is_found_with_what_was_said(guest):
    script = Script()
    insert(script, "k", "the value", initial_age=5, stale=7, metadata="about")
    handle, state = lookup(script, "k")
    numbers = {name: script.out(8) for name in ("length", "max_age_ns", "stale_while_revalidate_ns", "age_ns",
                                                "hits")}
    for name, place in numbers.items():
        script.call(f"cache.get_{name}", handle.value, place)
    metadata, length = script.out(16), script.out()
    script.call("cache.get_user_metadata", handle.value, metadata, 16, length)
    short = script.call("cache.get_user_metadata", handle.value, script.out(), 2, script.out())
    _, whole = content(script, handle)
    _, part = content(script, handle, 6, 4, 6)
    _, tail = content(script, handle, 4, 0, 3)
    _, beyond = content(script, handle, 2, 100)
    wrong, _ = content(script, handle, 6, 4, 2)
    closed = script.call("cache.close", handle.value)
    stale = script.call("cache.get_state", handle.value, script.out())
    missing, nothing = lookup(script, "other")
    none = script.call("cache.get_length", missing.value, script.out(8))
    with serve(guest) as server:
        script.send(server)
    expect(state.u32 == 3 and nothing.u32 == 0, f"{state.u32} {nothing.u32}")
    expect([numbers[name].u64 for name in ("length", "max_age_ns", "stale_while_revalidate_ns", "hits")] ==
           [9, 60 * SECOND, 7 * SECOND, 1], f"{[n.u64 for n in numbers.values()]}")
    expect(5 * SECOND <= numbers["age_ns"].u64 < 50 * SECOND, f"{numbers['age_ns'].u64}")
    expect(metadata.bytes[:length.u32] == b"about", f"{metadata.bytes!r}")
    texts = [place.bytes for place in (whole, part, tail, beyond)]
    expect(texts == [b"the value", b"val", b"lue", b"the value"], f"{texts}")
    short.gives("BUFLEN")
    wrong.gives("INVAL")
    closed.is_ok()
    stale.gives("BADF")
    none.gives("NONE")


def test_transactions_have_their_order(guest):
    script = Script()
    handle, state = lookup(script, "t", "cache.transaction_lookup")
    no_update = script.call("cache.transaction_update", handle.value, *write_options(script))
    body, back, twice = script.out(), script.out(), script.out()
    script.call("cache.transaction_insert_and_stream_back", handle.value, *write_options(script), body, back)
    again = script.call("cache.transaction_insert", handle.value, *write_options(script), twice)
    cancelled = script.call("cache.transaction_cancel", handle.value)
    script.call("http_body.write", body.value, "first ", 0, script.out())
    reader = script.out()
    script.call("cache.get_body", back.value, 0, script.take(16), reader)
    first = script.read(reader, 64)
    unknown = script.call("http_body.known_length", reader.value, script.out(8))
    script.call("http_body.write", body.value, "second", 0, script.out())
    script.call("http_body.close", body.value)
    second = script.read(reader, 64)
    end = script.read(reader, 64)
    read_sink = script.call("http_body.read", body.value, script.out(), 4, script.out())
    with serve(guest) as server:
        script.send(server)
    expect(state.u32 == 8, f"{state.u32}")
    for call in (no_update, again, cancelled):
        call.gives("BADF")
    expect([place.bytes for place in (first, second, end)] == [b"first ", b"second", b""], "parts")
    unknown.gives("NONE")
    read_sink.gives("BADF")


def test_a_busy_lookup_is_ready_when_the_other_is_done(guest):
    script = Script()
    lookup(script, "b", "cache.transaction_lookup")
    busy, early, late, handle = (script.out() for _ in range(4))
    script.call("cache.transaction_lookup_async", "b", 0, script.take(16), busy)
    script.call("async_io.is_ready", busy.value, early)
    timeout = script.out()
    script.call("async_io.select", busy, 1, 20, timeout)
    script.call("cache.transaction_cancel", 0x300).name = "cancel"
    script.call("async_io.is_ready", busy.value, late)
    script.call("cache.cache_busy_handle_wait", busy.value, handle)
    state = script.out()
    script.call("cache.get_state", handle.value, state)
    closed = script.call("cache.close", handle.value)
    wrong = script.call("cache.close_busy", handle.value)
    with serve(guest) as server:
        script.send(server)
    expect((early.u32, timeout.u32, late.u32, state.u32) == (0, 0xffffffff, 1, 8),
           f"{early.u32} {timeout.u32} {late.u32} {state.u32}")
    closed.is_ok()
    wrong.gives("BADF")


def test_a_guest_that_ends_hands_its_claim_on(guest):
    with origin.Origin() as backend, settings(backend) as path, \
            Server(guest, "--timeout", "60s", "--config", path) as server:
        first = Script()
        lookup(first, "h", "cache.transaction_lookup")
        handle, body = request(first, "/gate")
        first.call("http_req.send", handle.value, body.value, "origin", first.out(), first.out())
        thread = threading.Thread(target=first.send, args=(server,))
        thread.start()
        expect(backend.asked.wait(20), "the first guest does not run")
        second = Script()
        _, state = lookup(second, "h", "cache.transaction_lookup")
        waiting = threading.Thread(target=second.send, args=(server,))
        waiting.start()
        time.sleep(0.1)
        backend.gate.set()
        thread.join()
        waiting.join()
    expect(state.u32 == 8, f"{state.u32}")


def test_the_cache_has_limits(guest):
    script = Script()
    long_key = script.call("cache.lookup", "k" * 4097, 0, script.take(16), script.out())
    surrogate = script.call("cache.insert", "k", *write_options(script, surrogates="s" * 1025), script.out())
    control = script.call("cache.insert", "k", *write_options(script, surrogates="a\nb"), script.out())
    other = script.call("cache.lookup", "k", 4, script.take(16), script.out())
    bad_request = script.call("cache.lookup", "k", 2, script.data(struct.pack("<I", 40)), script.out())
    places = [script.call("cache.lookup", "k", 0, script.take(16), script.take(4)) for _ in range(65)]
    purge = [script.call("purge.purge_surrogate_key", key, 0, 0) for key in ("", "a b", "a")]
    with serve(guest) as server:
        script.send(server)
    long_key.gives("INVAL")
    surrogate.gives("INVAL")
    control.gives("INVAL")
    other.gives("UNSUPPORTED")
    bad_request.gives("BADF")
    places[63].is_ok()
    places[64].gives("LIMITEXCEEDED")
    for call, status in zip(purge, ("INVAL", "INVAL", "OK")):
        call.gives(status)
    for line in ("a key of the cache has 4096 bytes at most", "one of which has 1024"):
        expect(line in server.log_text, server.log_text)


def test_a_purge_can_be_told_of(guest):
    script = Script()
    room, written = script.out(64), script.out()
    options = script.take(12)
    script.poke(options, struct.pack("<III", room.address, 64, written.address))
    told = script.call("purge.purge_surrogate_key", "k", 2, options)
    with serve(guest) as server:
        script.send(server)
    told.is_ok()
    expect(json.loads(room.bytes[:written.u32])["status"] == "ok", f"{room.bytes!r}")


def test_counters_have_windows_and_penalties_lengths(guest):
    script = Script()
    wrong = [script.call("erl.ratecounter_lookup_rate", "c", "e", window, script.out()) for window in (0, 2, 61)]
    wrong += [script.call("erl.ratecounter_lookup_count", "c", "e", seconds, script.out())
              for seconds in (0, 15, 70)]
    wrong += [script.call("erl.penaltybox_add", "b", "e", seconds) for seconds in (0, 59, 3601)]
    wrong += [script.call("erl.ratecounter_increment", "c" * 513, "e", 1),
              script.call("erl.ratecounter_increment", "c", "", 1)]
    blocked = script.out()
    fine = script.call("erl.check_rate", "c", "e", 1000, 60, 10, "b", 60, blocked)
    with serve(guest) as server:
        script.send(server)
    for call in wrong:
        call.gives("INVAL")
    fine.is_ok()
    expect(blocked.u32 == 1, f"{blocked.u32}")


def test_shields_are_where_the_settings_say(guest):
    with origin.Origin() as backend:
        more = (f"[local_server.shielding_sites]\nhere = 'Local'\n[local_server.shielding_sites.there]\n"
                f"unencrypted = 'http://127.0.0.1:{backend.port}'\nencrypted = 'https://there.test'\n")
        script = Script()
        here, there, length, other = script.out(64), script.out(96), script.out(), script.out()
        script.call("shielding.shield_info", "here", here, 64, other)
        script.call("shielding.shield_info", "there", there, 96, length)
        none = script.call("shielding.shield_info", "nowhere", script.out(), 4, script.out())
        short = script.call("shielding.shield_info", "there", script.out(), 4, script.out())
        config, name, size = script.data(struct.pack("<IIII", 0, 0, 20000, 20000)), script.out(32), script.out()
        url = f"http://127.0.0.1:{backend.port}"
        made = script.call("shielding.backend_for_shield", url, 12, config, name, 32, size)
        unknown = script.call("shielding.backend_for_shield", "http://127.0.0.1:1", 0, config, name, 32, size)
        handle, content_ = request(script, "/asked")
        response, body = script.out(), script.out()
        script.call("http_req.send", handle.value, content_.value, "shield 0", response, body)
        answer = Answer(script, response, body)
        with settings(backend, more) as path, Server(guest, "--timeout", "60s", "--config", path) as server:
            script.send(server)
    expect(here.bytes[:other.u32] == b"\1\0\0", f"{here.bytes!r}")
    expect(there.bytes[:length.u32] == f"\0{url}\0https://there.test\0".encode(), f"{there.bytes!r}")
    none.gives("INVAL")
    short.gives("BUFLEN")
    made.is_ok()
    unknown.gives("INVAL")
    expect(answer.text.startswith("GET /asked HTTP/1.1"), f"{answer.text!r}")


LISTS = """
[local_server]
fake_valid_fastly_keys = ["a-key"]
[local_server.acls]
list = { file = "list.json" }
"""


def lists_server(guest, folder, entries):
    path = os.path.join(folder, "fastly.toml")
    with open(os.path.join(folder, "list.json"), "w") as file:
        file.write(json.dumps({"entries": entries}))
    return Server(guest, "--config", path)


def test_lists_have_the_longest_prefix_and_keys_are_compared(guest):
    entries = [{"op": "create", "prefix": prefix, "action": action} for prefix, action in
               (("10.0.0.0/7", "allow"), ("10.1.2.3/31", "BLOCK"), ("::/1", "other"))]
    script = Script()
    handle = script.out()
    script.call("acl.open", "list", handle)
    none = script.call("acl.open", "nothing", script.out())
    found = []
    for octets in (b"\x0b\0\0\1", b"\x0a\1\2\2", b"\x0c\0\0\0", b"\0" * 16):
        body, error = script.out(), script.out()
        script.call("acl.lookup", handle.value, octets, body, error)
        found.append((error, script.read(body, 64)))
    wrong = script.call("acl.lookup", handle.value, b"abc", script.out(), script.out())
    stale = script.call("acl.lookup", 7, b"abcd", script.out(), script.out())
    valid = script.out()
    script.call("http_req.fastly_key_is_valid", valid)
    with Settings(LISTS) as path, lists_server(guest, os.path.dirname(path), entries) as server:
        script.send(server, headers="Fastly-Key: a-key\r\n")
    expect([error.u32 for error, _ in found] == [1, 1, 2, 1], f"{[error.u32 for error, _ in found]}")
    expect(json.loads(found[0][1].bytes) == {"prefix": "10.0.0.0/7", "action": "ALLOW"}, f"{found[0][1].bytes}")
    expect(json.loads(found[1][1].bytes) == {"prefix": "10.1.2.2/31", "action": "BLOCK"}, f"{found[1][1].bytes}")
    expect(json.loads(found[3][1].bytes) == {"prefix": "::/1", "action": "other"}, f"{found[3][1].bytes}")
    none.gives("NONE")
    wrong.gives("INVAL")
    stale.gives("BADF")
    expect(valid.u32 == 1, "the key is not valid")


def parse_agent(script, text):
    """Family and the parts of the version, as places that are cut to their lengths."""
    parts = []
    arguments = []
    for _ in range(4):
        place, length = script.out(32), script.out()
        place.count = length
        parts.append(place)
        arguments += [place, 32, length]
    script.call("uap.parse", text, *arguments).name = f"parse {text}"
    return parts


def test_user_agents_are_parsed(guest):
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.55 Safari/537.36"
    safari = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
              "Version/17.5 Mobile/15E148 Safari/604.1")
    cases = ((chrome, ("Chrome", "126", "0", "6478")), (chrome + " Edg/126.1", ("Edge", "126", "1", "")),
             (safari, ("Mobile Safari", "17", "5", "")), ("curl/8", ("curl", "8", "", "")),
             ("nobody", ("Other", "", "", "")), ("", ("Other", "", "", "")), ("Chrome/x", ("Chrome", "", "", "")))
    script = Script()
    parsed = [parse_agent(script, text) for text, _ in cases]
    lengths = [script.out() for _ in range(4)]
    short = script.call("uap.parse", "curl/8", *(argument for length in lengths
                                               for argument in (script.take(4), 2, length)))
    with serve(guest) as server:
        script.send(server)
    for (text, wanted), parts in zip(cases, parsed):
        found = tuple(part.bytes.decode() for part in parts)
        expect(found == wanted, f"{text!r} is {found}")
    short.gives("BUFLEN")
    expect(lengths[0].u32 == 4, f"{lengths[0].u32}")


def test_a_request_has_a_number_and_no_other_comes(guest):
    script = Script()
    number, length = script.out(64), script.out()
    script.call("http_req.downstream_client_request_id", number, 64, length)
    none = script.call("http_req.downstream_tls_ja4", script.out(), 4, script.out())
    address, octets = script.out(), script.out(16)
    script.call("http_req.downstream_server_ip_addr", octets, address)
    promise, ready = script.out(), script.out()
    script.call("http_downstream.next_request", 0, script.take(8), promise)
    twice = script.call("http_downstream.next_request", 0, script.take(8), script.out())
    script.call("async_io.is_ready", promise.value, ready)
    early = script.call("http_downstream.next_request_wait", promise.value, script.out(), script.out())
    gone = script.call("http_downstream.next_request_abandon", promise.value)
    with serve(guest) as server:
        script.send(server)
    expect(length.u32 == 32 and int(number.bytes[:32], 16), f"{number.bytes!r}")
    none.gives("NONE")
    expect(address.u32 == 4 and octets.bytes[:4] == b"\x7f\0\0\1" and ready.u32 == 1, f"{address.u32} {ready.u32}")
    twice.gives("LIMITEXCEEDED")
    # Its own response has not been sent.
    early.gives("UNSUPPORTED")
    gone.gives("BADF")


def test_a_body_on_its_way_keeps_its_length(guest):
    with origin.Origin() as backend, settings(backend) as path, \
            Server(guest, "--timeout", "60s", "--config", path) as server:
        script = Script()
        handle, content_ = request(script, "/halves/100000")
        response, body, known = script.out(), script.out(), script.out(8)
        script.call("http_req.send", handle.value, content_.value, "origin", response, body)
        script.call("http_body.known_length", body.value, known)
        script.call("http_resp.send_downstream", response.value, body.value, 0)
        script.call("http_resp.header_insert", response.value, "x-own", "1")
        backend.gate.set()
        script.finish()
        head = f"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {len(script.code)}\r\n\r\n"
        with server.connect() as client:
            client.send(head.encode() + script.code)
            answer = client.response()
    expect(answer.header("Content-Length") == "100000", f"{answer.headers}")
    expect(answer.body == origin.pattern(100000), "the bytes are others")


def http_lookup(script, name, key):
    """A handle for the response under a key of the program's own."""
    request, handle = script.out(), script.out()
    script.call("http_req.new", request)
    options = script.data(struct.pack("<IIII", script.data(key).address, 32, 0, 0))
    script.call(name, request.value, 2, options, handle)
    return handle


def test_objects_and_responses_have_keys_of_their_own(guest):
    """What is stored by a key is no response, and no response is found by a key; a purge meets both."""
    key = "k" * 32
    with serve(guest) as server:
        script = Script()
        insert(script, key, "an object", metadata=struct.pack("<i", 200), surrogates="both")
        response, body = script.out(), script.out()
        given = script.call("http_cache.get_found_response", http_lookup(script, "http_cache.lookup", key).value, 0,
                            response, body)
        claim = http_lookup(script, "http_cache.transaction_lookup", key)
        state = script.out()
        script.call("http_cache.get_state", claim.value, state)
        script.call("http_resp.new", response)
        surrogates = script.data("both")
        options = script.data(struct.pack("<QIIQQIIQQ", 60 * SECOND, 0, 0, 0, 0, surrogates.address, 4, 0, 0))
        script.call("http_cache.transaction_insert", claim.value, response.value, 1 << 4, options, body)
        script.call("http_body.write", body.value, "a response", 0, script.out())
        script.call("http_body.close", body.value)
        _, stored = content(script, lookup(script, key)[0])
        script.call("http_cache.get_found_response", http_lookup(script, "http_cache.lookup", key).value, 0,
                    response, body)
        answered = script.read(body, 64)
        script.call("purge.purge_surrogate_key", "both", 0, script.take(12))
        after = lookup(script, key)[1]
        gone = script.call("http_cache.get_found_response", http_lookup(script, "http_cache.lookup", key).value, 0,
                           response, body)
        script.send(server)
        expect(given.status == "NONE", f"an object is a response: {given.status}")
        expect(state.u32 == 8, f"an object is in the way of a response: {state.u32}")
        expect(stored.bytes == b"an object", f"{stored.bytes}")
        expect(answered.bytes == b"a response", f"{answered.bytes}")
        expect(after.u32 == 0 and gone.status == "NONE", f"behind the purge: {after.u32}, {gone.status}")
