"""Bodies of requests that a guest reads while they come."""
import os
import socket
import time

from serving import PATIENCE, Server, expect

MIB = 1 << 20


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


def test_upload_a_guest_begins_before_the_body_is_whole():
    with Server("upload.wat") as server:
        for framing in (length(10), CHUNKED):
            with server.connect() as client:
                client.send(head("f", framing) + (chunk(b"first") if framing == CHUNKED else b"first"))
                response = client.response()
                expect(response.body == b"first", f"{response.body!r}")
                expect(response.header("Connection") == "close", "the connection stays open behind half a request")
                client.send(b"\r\nrest")
                expect(client.is_closed(), "something comes behind the answer")


def test_upload_parts_come_back_one_by_one():
    with Server("upload.wat") as server, server.connect() as client:
        client.send(head("e", CHUNKED))
        expect(client.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"), "no head before the body")
        for part in (b"a", b"b" * 5000, b"c"):
            client.send(chunk(part))
            got = b""
            while len(got) < len(part):
                got += client.chunk()
            expect(got == part, "not what was sent")
        client.send(b"0\r\n\r\n")
        expect(client.chunk() == b"", "no end")


def test_upload_more_than_memory_holds():
    """A body of 64 MiB is read by a guest with 256 KiB of memory, and the server keeps little of it."""
    with Server("upload.wat", "--body-limit", "100MiB", "--timeout", "60s") as server:
        count_of(server.get("/c", "POST", b"x"))
        before, data = server.memory_kb(), os.urandom(MIB)
        for framing in (length(64 * MIB), CHUNKED):
            with server.connect() as client:
                client.send(head("c", framing))
                for _ in range(64):
                    client.send(chunk(data) if framing == CHUNKED else data)
                client.send(b"0\r\n\r\n" if framing == CHUNKED else b"")
                expect(count_of(client.response()) == 64 * MIB, "bytes are missing")
        expect(server.memory_kb() < before + 8000, f"memory grew from {before} to {server.memory_kb()} KB")


def test_upload_a_client_waits_for_a_guest_that_waits_for_it():
    """An echo whose client does not read: both directions stop, and go on when it does."""
    data = os.urandom(16 * MIB)
    with Server("upload.wat", "--body-limit", "100MiB", "--timeout", "60s") as server, server.connect() as client:
        client.send(head("e", length(len(data))))
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


def test_upload_requests_that_follow_each_other():
    with Server("upload.wat", "--quiet") as server, server.connect() as client:
        client.send(head("c", length(3)) + b"abc" + head("c", CHUNKED) + chunk(b"defg") + b"0\r\n\r\n" +
                    head("n", method="GET"))
        expect(count_of(client.response()) == 3, "the first")
        expect(count_of(client.response()) == 4, "the second")
        expect(client.response().status == 200, "the third")
        for size in (0, 1, 70000, 300000):
            client.send(head("c", length(size)))
            time.sleep(0.02)
            client.send(b"x" * size)
            expect(count_of(client.response()) == size, f"{size} bytes")


def test_upload_a_guest_that_does_not_read():
    with Server("upload.wat") as server, server.connect() as client:
        client.send(head("n", length(5)) + b"ab")
        response = client.response()
        expect(response.status == 200 and response.header("Connection") == "close", f"{response.headers}")


def test_upload_continue_is_said_when_the_guest_asks():
    expectation = "Expect: 100-continue"
    with Server("upload.wat") as server:
        with server.connect() as client:
            client.send(head("c", expectation, length(3)))
            expect(client.response().status == 100, "no 100")
            client.send(b"abc")
            expect(count_of(client.response()) == 3, "bytes are missing")
        with server.connect() as client:
            client.send(head("n", expectation, length(3)))
            expect(client.response().status == 200, "it is asked for a body that nobody reads")


def test_upload_limits():
    with Server("upload.wat", "--body-limit", "1000", "--body-timeout", "300ms") as server:
        with server.connect() as client:
            client.send(head("c", CHUNKED) + chunk(b"x" * 600))
            time.sleep(0.05)
            client.send(chunk(b"x" * 600))
            response = client.response()
            expect(response.status == 413 and "1000" in response.text(), f"{response.status} for too much")
        with server.connect() as client:
            client.send(head("c", length(10)) + b"12345")
            response = client.response()
            expect(response.status == 408 and "too long" in response.text(), f"{response.status} for a slow one")
        with server.connect() as client:
            client.send(head("c", CHUNKED) + chunk(b"x"))
            time.sleep(0.05)
            client.send(b"zz\r\n")
            expect(client.response().status == 400, "wrong framing")
        with server.connect() as client:
            client.send(head("c", length(10)) + b"12345")
            time.sleep(0.05)
            client.socket.shutdown(socket.SHUT_WR)
            expect(client.response().status == 400, "half a body")
    expect("413" in server.log_text and "408" in server.log_text, "the log does not say it")


def test_upload_with_its_end_comes_that_of_the_connection():
    with Server("upload.wat") as server, server.connect() as client:
        client.send(head("c", length(100000)))
        time.sleep(0.05)
        client.send(b"x" * 100000)
        client.socket.shutdown(socket.SHUT_WR)
        expect(count_of(client.response()) == 100000, "bytes are missing")


def test_upload_clients_that_leave_in_the_middle():
    with Server("upload.wat", "--quiet", "--timeout", "60s") as server:
        for turn in range(60):
            client = server.connect()
            client.send(head("ce"[turn % 2], length(1000)) + b"x" * (turn % 3) * 100)
            if turn % 4 == 0:
                time.sleep(0.01)
            if turn % 5 == 0:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
        expect(count_of(server.get("/c", "POST", b"abc")) == 3, "the server has suffered")
