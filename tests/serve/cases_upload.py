"""Bodies of requests that a guest reads while they come: of Fastly's guests and of WASI programs."""
import functools
import os
import socket
import time

from serving import PATIENCE, Server, expect

MIB = 1 << 20
# The guest, and what its requests' paths begin with; the rest says the same to both.
WORLDS = {"fastly": ("upload.wat", ""), "wasi": ("input.wat", "?")}


def in_each_world(test):
    for world, (guest, mark) in WORLDS.items():
        globals()[f"test_{test.__name__}_{world}"] = functools.partial(test, guest, mark)
    return test


def head(path, *fields, method="POST", version="1.1"):
    lines = [f"{method} /{path} HTTP/{version}", "Host: t", *fields, "", ""]
    return "\r\n".join(lines).encode()


def length(count):
    return f"Content-Length: {count}"


CHUNKED = "Transfer-Encoding: chunked"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def count_of(response):
    expect(response.status == 200, f"status {response.status}: {response.text()!r}")
    return int.from_bytes(response.body, "little")


@in_each_world
def upload_a_guest_begins_before_the_body_is_whole(guest, mark):
    with Server(guest) as server:
        for framing in (length(10), CHUNKED):
            with server.connect() as client:
                client.send(head(mark + "f", framing) + (chunk(b"first") if framing == CHUNKED else b"first"))
                response = client.response()
                expect(response.body == b"first", f"{response.body!r}")
                expect(response.header("Connection") == "close", "the connection stays open behind half a request")
                client.send(b"\r\nrest")
                expect(client.is_closed(), "something comes behind the answer")


@in_each_world
def upload_parts_come_back_one_by_one(guest, mark):
    with Server(guest) as server, server.connect() as client:
        client.send(head(mark + "e", CHUNKED))
        expect(client.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"), "no head before the body")
        for part in (b"a", b"b" * 5000, b"c"):
            client.send(chunk(part))
            got = b""
            while len(got) < len(part):
                got += client.chunk()
            expect(got == part, "not what was sent")
        client.send(b"0\r\n\r\n")
        expect(client.chunk() == b"", "no end")


@in_each_world
def upload_more_than_memory_holds(guest, mark):
    """A body of 64 MiB is read by a guest with 256 KiB of memory, and the server keeps little of it."""
    with Server(guest, "--body-limit", "100MiB", "--timeout", "60s") as server:
        count_of(server.get("/" + mark + "c", "POST", b"x"))
        before, data = server.memory_kb(), os.urandom(MIB)
        for framing in (length(64 * MIB), CHUNKED):
            with server.connect() as client:
                client.send(head(mark + "c", framing))
                for _ in range(64):
                    client.send(chunk(data) if framing == CHUNKED else data)
                client.send(b"0\r\n\r\n" if framing == CHUNKED else b"")
                expect(count_of(client.response()) == 64 * MIB, "bytes are missing")
        expect(server.memory_kb() < before + 8000, f"memory grew from {before} to {server.memory_kb()} KB")


@in_each_world
def upload_a_client_waits_for_a_guest_that_waits_for_it(guest, mark):
    """An echo whose client does not read: both directions stop, and go on when it does."""
    data = os.urandom(16 * MIB)
    with Server(guest, "--body-limit", "100MiB", "--timeout", "60s") as server, server.connect() as client:
        client.send(head(mark + "e", length(len(data))))
        client.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < len(data):
                sent += client.socket.send(data[sent:sent + 65536])
        except socket.timeout:
            pass
        expect(sent < len(data), "everything is taken though nothing is read")
        expect(server.memory_kb() < 80000, f"the server has {server.memory_kb()} KB")
        client.socket.settimeout(0)
        got = bytearray()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not (sent == len(data) and got.endswith(b"\r\n0\r\n\r\n")):
            try:
                sent += client.socket.send(data[sent:sent + 65536]) if sent < len(data) else 0
            except BlockingIOError:
                pass
            try:
                got += client.socket.recv(1 << 20)
            except BlockingIOError:
                time.sleep(0.001)
        client.input, client.socket = bytes(got), client.socket
        client.socket.settimeout(PATIENCE)
        expect(client.response().body == data, "not what was sent")


@in_each_world
def upload_requests_that_follow_each_other(guest, mark):
    with Server(guest, "--quiet") as server, server.connect() as client:
        client.send(head(mark + "c", length(3)) + b"abc" + head(mark + "c", CHUNKED) + chunk(b"defg") +
                    b"0\r\n\r\n" + head(mark + "n", method="GET"))
        expect(count_of(client.response()) == 3, "the first")
        expect(count_of(client.response()) == 4, "the second")
        expect(client.response().status == 200, "the third")
        for size in (0, 1, 70000, 300000):
            client.send(head(mark + "c", length(size)))
            time.sleep(0.02)
            client.send(b"x" * size)
            expect(count_of(client.response()) == size, f"{size} bytes")


@in_each_world
def upload_a_guest_that_does_not_read(guest, mark):
    with Server(guest) as server, server.connect() as client:
        client.send(head(mark + "n", length(5)) + b"ab")
        response = client.response()
        expect(response.status == 200 and response.header("Connection") == "close", f"{response.headers}")


@in_each_world
def upload_continue_is_said_when_the_guest_asks(guest, mark):
    expectation = "Expect: 100-continue"
    with Server(guest) as server:
        with server.connect() as client:
            client.send(head(mark + "c", expectation, length(3)))
            expect(client.response().status == 100, "no 100")
            client.send(b"abc")
            expect(count_of(client.response()) == 3, "bytes are missing")
        with server.connect() as client:
            client.send(head(mark + "n", expectation, length(3)))
            expect(client.response().status == 200, "it is asked for a body that nobody reads")


@in_each_world
def upload_limits(guest, mark):
    with Server(guest, "--body-timeout", "300ms") as server, server.connect() as client:
        client.send(head(mark + "c", length(10)) + b"12345")
        response = client.response()
        expect(response.status == 408 and "too long" in response.text(), f"{response.status} for a slow one")
    expect("408" in server.log_text, "the log does not say it")
    with Server(guest, "--body-limit", "1000") as server:
        with server.connect() as client:
            client.send(head(mark + "c", CHUNKED) + chunk(b"x" * 600))
            time.sleep(0.05)
            client.send(chunk(b"x" * 600))
            response = client.response()
            expect(response.status == 413 and "1000" in response.text(), f"{response.status} for too much")
        with server.connect() as client:
            client.send(head(mark + "c", CHUNKED) + chunk(b"x"))
            time.sleep(0.05)
            client.send(b"zz\r\n")
            expect(client.response().status == 400, "wrong framing")
        with server.connect() as client:
            client.send(head(mark + "c", length(10)) + b"12345")
            time.sleep(0.05)
            client.socket.shutdown(socket.SHUT_WR)
            expect(client.response().status == 400, "half a body")
    expect("413" in server.log_text, "the log does not say it")


@in_each_world
def upload_with_its_end_comes_that_of_the_connection(guest, mark):
    with Server(guest) as server, server.connect() as client:
        client.send(head(mark + "c", length(100000)))
        time.sleep(0.05)
        client.send(b"x" * 100000)
        client.socket.shutdown(socket.SHUT_WR)
        expect(count_of(client.response()) == 100000, "bytes are missing")


@in_each_world
def upload_clients_that_leave_in_the_middle(guest, mark):
    with Server(guest, "--quiet", "--timeout", "60s") as server:
        for turn in range(60):
            client = server.connect()
            client.send(head(mark + "ce"[turn % 2], length(1000)) + b"x" * (turn % 3) * 100)
            if turn % 4 == 0:
                time.sleep(0.01)
            if turn % 5 == 0:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
        expect(count_of(server.get("/" + mark + "c", "POST", b"abc")) == 3, "the server has suffered")


@in_each_world
def upload_an_answer_that_has_begun_is_cut_off(guest, mark):
    """By a body that is too long, too slow or wrong: no end comes, and what waits for it is ended."""
    with Server(guest, "--body-limit", "1000", "--body-timeout", "1500ms", "--timeout", "60s", "--max-guests", "1",
                "--workers", "1") as server:
        for last in (chunk(b"x" * 1000), b"", b"zz\r\n"):
            with server.connect() as client:
                client.send(head(mark + "e", CHUNKED) + chunk(b"a line\n"))
                expect(client.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"), "no head")
                expect(client.chunk() == b"a line\n", "the line does not come back")
                client.send(last)
                while client.receive():
                    pass
                expect(not client.input.endswith(b"0\r\n\r\n"), f"it looks whole: {client.input[-40:]}")
            expect(count_of(server.get("/" + mark + "c", "POST", b"abc")) == 3, "its place is still taken")
    for text in ("a body of more than 1000 bytes", "the body took too long"):
        expect(text in server.log_text, f"no {text!r} in the log: {server.log_text[-500:]}")


@in_each_world
def upload_the_place_of_who_has_left_is_free(guest, mark):
    """Guests that wait for a body whose client is gone, in an orderly way or not, hold none."""
    with Server(guest, "--timeout", "60s", "--body-timeout", "60s", "--max-guests", "1", "--workers", "1") as server:
        for linger in (False, True):
            for what in "ce":
                client = server.connect()
                client.send(head(mark + what, length(1000)) + b"part")
                time.sleep(0.1)
                if linger:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.socket.close()
                expect(count_of(server.get("/" + mark + "c", "POST", b"abc")) == 3, "its place is still taken")


@in_each_world
def upload_a_guest_that_waits_holds_no_thread_and_has_a_deadline(guest, mark):
    with Server(guest, "--timeout", "2s", "--workers", "1") as server:
        slow = [server.connect() for _ in range(20)]
        for client in slow:
            client.send(head(mark + "c", length(10)) + b"part")
        time.sleep(0.05)
        expect(count_of(server.get("/" + mark + "c", "POST", b"abc")) == 3, "the worker is busy")
        for client in slow:
            expect(client.response().status == 504, "it waits beyond its deadline")
            client.socket.close()


@in_each_world
def upload_a_guest_that_does_not_take_it_holds_its_client(guest, mark):
    """One that sleeps or answers: the client is held when the buffers are full, and memory stays."""
    what = "w" if mark else "e"  # that of Fastly waits for its reader
    with Server(guest, "--body-limit", "100MiB", "--timeout", "60s", "--stream-limit", "64KiB") as server:
        before = server.memory_kb()
        with server.connect() as client:
            client.send(head(mark + what, length(64 * MIB)))
            client.socket.settimeout(0.5)
            sent = 0
            try:
                while sent < 64 * MIB:
                    sent += client.socket.send(b"x" * 65536)
            except socket.timeout:
                pass
            expect(sent < 32 * MIB, f"{sent} bytes are taken though none is read")
            expect(server.memory_kb() < before + 2000, f"memory grew from {before} to {server.memory_kb()} KB")


def test_upload_lines_come_back_one_at_a_time():
    """A conversation: each line is sent when the one before has come back."""
    with Server("input.wat", "--timeout", "60s") as server, server.connect() as client:
        client.send(head("?e", CHUNKED))
        client.take_until(b"\r\n\r\n")
        for i in range(100):
            line = b"line %d\n" % i
            client.send(chunk(line))
            expect(client.chunk() == line, f"not line {i}")
        client.send(b"0\r\n\r\n")
        expect(client.chunk() == b"", "no end")


def test_upload_polls_tell_of_input_and_of_time():
    with Server("input.wat", "--timeout", "60s") as server:
        with server.connect() as client:
            client.send(head("?p", CHUNKED) + chunk(b"one"))
            client.take_until(b"\r\n\r\n")
            expect(client.chunk() == b"one", "not the first part")
            expect(client.chunk() == b".", "no word of the time")
            client.send(chunk(b"two"))
            got = client.chunk()
            while got == b".":
                got = client.chunk()
            expect(got == b"two", f"{got!r} is not the second part")
            client.send(b"0\r\n\r\n")
            got = client.chunk()
            while got == b".":
                got = client.chunk()
            expect(got == b"", "no end")
        # Input that comes does not end a sleep that was not for it.
        with server.connect() as client:
            began = time.monotonic()
            client.send(head("?s", length(100)))
            time.sleep(0.2)
            client.send(b"x" * 50)
            expect(client.response().status == 200, "no answer")
            expect(time.monotonic() - began >= 0.4, "it slept too short")


def test_upload_a_program_that_does_not_block_finds_the_end_or_an_error():
    with Server("input.wat", "--body-limit", "1000", "--timeout", "60s") as server:
        with server.connect() as client:
            client.send(head("?k", length(10)))
            time.sleep(0.05)
            client.send(b"0123456789")
            expect(client.response().status == 200, "no answer")
        with server.connect() as client:
            client.send(head("?k", CHUNKED) + chunk(b"x" * 600))
            time.sleep(0.05)
            client.send(chunk(b"x" * 600))
            expect(client.response().status == 413, "not 413")
    expect("input.so: 00\n" in server.log_text and "input.so: 29\n" in server.log_text, server.log_text)


def test_upload_reads_fill_several_buffers():
    with Server("input.wat") as server, server.connect() as client:
        for first, wanted in ((b"0123456789", b"01234567"), (b"01234", b"01234"), (b"01", b"01")):
            client = server.connect()
            client.send(head("?v", length(20)))
            time.sleep(0.05)
            client.send(first)
            expect(client.response().body == wanted, f"not {wanted}")
            client.socket.close()


def test_upload_programs_learn_the_length_that_was_announced():
    with Server("c_cgi.wasm") as server:
        for framing, data, wanted in ((length(5), b"12345", "5"), (length(5), b"", "5"), (CHUNKED, b"", None),
                                      (CHUNKED, chunk(b"12345") + b"0\r\n\r\n", None), (length(0), b"", "0")):
            with server.connect() as client:
                client.send(head("env", framing) + data)
                lines = client.response().text().split("\n")
                found = [line[15:] for line in lines if line.startswith("CONTENT_LENGTH=")]
                expect(found == ([wanted] if wanted else []), f"{framing} {data}: {found}")


def test_upload_trailers_reach_guests_behind_the_body():
    trailers = b"X-Sum:  7 \r\nx-other: a\r\nContent-Type: a/b\r\nx-other: b\r\n\r\n"
    wanted = b"x-sum\0x-other\0" + b"7"
    with Server("upload.wat", "--quiet") as server:
        # In one piece with the body; behind the rest of it; byte by byte.
        with server.connect() as client:
            client.send(head("t", CHUNKED) + chunk(b"body") + b"0\r\n" + trailers)
            got = client.response().body
            expect(got in (b"A" + wanted, b"O" + wanted), f"{got}")
            for pieces in ([trailers], [bytes([c]) for c in trailers]):
                client.send(head("t", CHUNKED) + chunk(b"body"))
                time.sleep(0.05)
                client.send(chunk(b"more") + b"0\r\n")
                for piece in pieces:
                    client.send(piece)
                    time.sleep(0.001)
                got = client.response().body
                expect(got == b"O" + wanted, f"{got}")
            client.send(head("t", length(4)) + b"body")
            expect(client.response().body == b"A", "trailers from nowhere")


def test_upload_trailers_have_limits():
    with Server("upload.wat", "--head-limit", "1000", "--field-limit", "10") as server:
        for trailers, status in ((b"x-sum: " + b"y" * 1100 + b"\r\n", 431), (b"x-sum: y\r\n" * 11, 431),
                                 (b"x sum: y\r\n", 400), (b"x-sum: a\0b\r\n", 400), (b"x-sum: y\r\n" * 10, 200)):
            with server.connect() as client:
                client.send(head("t", CHUNKED) + chunk(b"body" * 1000))
                time.sleep(0.05)
                client.send(b"0\r\n" + trailers + b"\r\n")
                found = client.response().status
                expect(found == status, f"{found} for {trailers[:40]}")
