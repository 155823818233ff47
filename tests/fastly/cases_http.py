"""Requests, responses, fields and bodies, and pointers that point nowhere."""
import random
import struct

from script import FUNCTIONS, MEMORY_END, ROOM, STATUSES, Script
from serving import Server, expect


def test_fields_are_listed_replaced_and_removed(guest):
    script = Script()
    request, names, cursor, count = script.out(), script.out(64), script.out(8), script.out()
    script.call("http_req.new", request)
    for name, value in ("One", "1"), ("two", "2"), ("ONE", "3"), ("Three", ""):
        script.call("http_req.header_append", request.value, name, value)
    script.call("http_req.header_names_get", request.value, names, 64, 0, cursor, count)
    script.call("http_req.header_insert", request.value, "oNe", "4")
    removed = script.call("http_req.header_remove", request.value, "two")
    again = script.call("http_req.header_remove", request.value, "two")
    values, many = script.out(64), script.out()
    script.call("http_req.header_values_get", request.value, "one", values, 64, 0, cursor, many)
    with Server(guest) as server:
        script.send(server)
    expect(names.bytes[:count.u32] == b"one\0two\0three\0", f"{names.bytes!r}")
    expect(values.bytes[:many.u32] == b"4\0", f"{values.bytes!r}")
    removed.is_ok()
    again.gives("NONE")


def test_a_field_can_be_replaced_for_ever(guest):
    script = Script()
    request = script.out()
    script.call("http_req.new", request)
    calls = [script.call("http_req.header_insert", request.value, "a", "b" * 1000) for _ in range(2)]
    value = script.data("b" * 1000)
    name = script.data("a")
    for _ in range(100):
        calls.append(script.call("http_req.header_insert", request.value, name, 1, value, 1000))
    with Server(guest) as server:
        script.send(server)
    for call in calls:
        call.is_ok()


def test_fields_count_in_what_a_guest_may_hold(guest):
    script = Script()
    value, name, last = script.data("v" * 40000), script.data("n"), None
    calls = []
    for _ in range(40):
        request = script.out()
        calls.append(script.call("http_req.new", request))
        last = script.call("http_req.header_append", request.value, name, 1, value, 40000)
    # The guest's memory is 4 MiB; forty times 40,000 bytes are less, sixty times 60,000 are not.
    with Server(guest, "--max-memory", "4MiB") as server:
        script.send(server)
        for call in calls:
            call.is_ok()
        last.is_ok()
        script = Script()
        value, name, statuses, requests = script.data("v" * 60000), script.data("n"), [], []
        for _ in range(60):
            requests.append(script.out())
            script.call("http_req.new", requests[-1])
            statuses.append(script.call("http_req.header_append", requests[-1].value, name, 1, value, 60000))
        body = script.out()
        for _ in range(20):
            script.call("http_body.new", body)
            statuses.append(script.call("http_body.trailer_append", body.value, name, 1, value, 60000))
        # For the answer itself.
        script.call("http_req.close", requests[0].value)
        script.send(server)
    fine = sum(call.status == "OK" for call in statuses)
    refused = sum(call.status == "LIMITEXCEEDED" for call in statuses)
    # What counts is the room that there is for them, which grows in steps of a half.
    most = (4 << 20) // 60020
    expect(fine + refused == len(statuses) and most * 2 // 3 <= fine <= most,
           f"{fine} and {refused} of {len(statuses)}")


ODD = (0, 1, 4, ROOM, ROOM + 1, MEMORY_END - 1, MEMORY_END, MEMORY_END + 1, 0x7fffffff, 0x80000000,
       0xfffffffe, 0xffffffff)

# What writes to the place of an error all the same: sizes that are needed, and ends of lists.
WRITTEN_ON_ERROR = 12


def odd_script(generator, name):
    """Calls of one function with pointers and lengths of all kinds."""
    script = Script()
    number, letters, _ = FUNCTIONS[name]
    room = script.take(256)
    script.poke(room, bytes(range(256)))
    for _ in range(40):
        values = []
        for _ in letters:
            values.append(generator.choice(ODD) if generator.random() < 0.6 else
                          generator.choice((room.address, room.address + 64, 2, 8)))
        script.words(4, number, len(letters), *(word for value in values for word in (0, value)))
    return script


def test_no_pointer_does_harm(guest):
    generator = random.Random(6)
    # These end the request, or wait for what does not come.
    skipped = {"http_resp.send_downstream", "http_body.abandon", "async_io.select"}
    with Server(guest, "--log-limit", "1000000") as server:
        for name, (_, _, is_there) in FUNCTIONS.items():
            if not is_there or name in skipped:
                continue
            response = server.get("/", "POST", odd_script(generator, name).code)
            expect(response.status == 200, f"{name}: status {response.status} {response.text()}")
            results = struct.unpack(f"<{len(response.body) // 4}I", response.body)
            expect(len(results) == 80, f"{name}: {len(results)} results")
            for status, different in zip(results[::2], results[1::2]):
                expect(status in STATUSES, f"{name} gave {status}")
                expect(status == 0 or different <= WRITTEN_ON_ERROR,
                       f"{name} gave {STATUSES[status]} and wrote {different} bytes")
        expect(server.get("/", "POST", b"").status == 200, "the server is there")
