"""Bodies of requests that come while their guest runs: it waits when it asks for one."""
import os
import socket
import time

from cases_calls import log_has
from place import serving
from serving import Server, expect

CHUNKED = "Transfer-Encoding: chunked"


def length(count):
    return f"Content-Length: {count}"


def begin(server, path, framing, part=b""):
    """A client that has sent the head and a part of the body."""
    client = server.connect()
    client.send(f"POST {path} HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n".encode() + part)
    return client


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_guest_begins_before_the_body_is_whole():
    with serving("routes.c") as (server, origin, names):
        for framing, first, last in ((length(9), b"first", b"last"), (CHUNKED, chunk(b"first"), chunk(b"last"))):
            before = server.read_log().count("begun")
            with begin(server, "/body", framing, first) as client:
                while server.read_log().count("begun") == before:
                    time.sleep(0.01)
                client.send(last + (b"0\r\n\r\n" if framing == CHUNKED else b""))
                expect(client.response().body == b"firstlast", "not what was sent")


def test_a_body_may_be_asked_for_again():
    with serving("routes.c") as (server, origin, names):
        for size in (0, 10, 300000):
            data = os.urandom(size)
            with begin(server, "/twice", length(size), data[:5]) as client:
                time.sleep(0.02)
                client.send(data[5:])
                expect(client.response().text() == str(size), f"not {size} bytes twice")


def test_large_bodies_come_through():
    data = os.urandom(8 << 20)
    with serving("routes.c", "--timeout", "60s") as (server, origin, names):
        for framing, sent in ((length(len(data)), data), (CHUNKED, chunk(data) + b"0\r\n\r\n")):
            with begin(server, "/body", framing) as client:
                time.sleep(0.02)
                client.send(sent)
                expect(client.response().body == data, "not what was sent")


def test_guests_that_wait_for_bodies_hold_no_thread():
    with serving("routes.c", "--workers", "1", "--timeout", "60s") as (server, origin, names):
        clients = [begin(server, "/body", length(6), b"one") for _ in range(30)]
        time.sleep(0.05)
        expect(server.get("/ignore").text() == "ignored", "the worker is busy")
        for client in clients:
            client.send(b"two")
            expect(client.response().body == b"onetwo", "not what was sent")
            client.socket.close()


def test_a_guest_that_waits_for_others_gets_its_body_then():
    with serving("routes.c") as (server, origin, names):
        with begin(server, f"/both?http://127.0.0.1:{origin.port}/count", length(8), b"some") as client:
            time.sleep(0.1)
            client.send(b"body")
            expect(client.response().body == b"somebody", "not what was sent")


def test_a_body_nobody_asks_for_holds_its_client():
    """While the guest waits for a backend; the rest of the body is not read behind the answer."""
    with serving("routes.c", "--body-limit", "100MiB", "--timeout", "3s", "--stream-limit", "64KiB") as \
            (server, origin, names):
        server.get(f"/get?http://127.0.0.1:{origin.port}/count")
        before = server.memory_kb()
        path = f"/get?http://127.0.0.1:{origin.port}/silent"
        with begin(server, path, length(64 << 20)) as client:
            client.socket.settimeout(0.5)
            sent = 0
            try:
                while sent < 64 << 20:
                    sent += client.socket.send(b"x" * 65536)
            except socket.timeout:
                pass
            expect(sent < 32 << 20, f"{sent} bytes are taken though none is asked for")
            expect(server.memory_kb() < before + 4000, f"{server.memory_kb()} KiB, {before} before")
        with begin(server, "/ignore", length(10), b"part") as client:
            response = client.response()
            expect(response.text() == "ignored" and response.header("Connection") == "close", "not ignored")


def test_bodies_have_limits():
    with serving("routes.c", "--body-limit", "1000", "--body-timeout", "1500ms", "--timeout", "60s",
                 "--max-guests", "1", "--workers", "1") as (server, origin, names):
        for framing, first, then, status, text in (
                (CHUNKED, chunk(b"x" * 600), chunk(b"x" * 600), 413, "a body of more than 1000 bytes"),
                (length(10), b"12345", b"", 408, "the body took too long"),
                (CHUNKED, chunk(b"x"), b"zz\r\n", 400, ""),
                (length(10), b"12345", None, 400, "the request ends too early")):
            with begin(server, "/body", framing, first) as client:
                time.sleep(0.05)
                if then is None:
                    client.socket.shutdown(socket.SHUT_WR)
                else:
                    client.send(then)
                response = client.response()
                expect(response.status == status and text in response.text(), f"{response.status} {response.text()}")
            expect(server.get("/ignore").status == 200, "its place is still taken")
        log_has(server, "a body of more than 1000 bytes", "the body took too long", "the request ends too early")


def test_clients_that_leave_end_guests_that_wait_for_their_bodies():
    with serving("routes.c", "--timeout", "60s", "--max-guests", "1", "--workers", "1") as (server, origin, names):
        for linger in (False, True):
            client = begin(server, "/body", length(100), b"part")
            time.sleep(0.1)
            if linger:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
            expect(server.get("/ignore").status == 200, "its place is still taken")


def test_a_guest_that_waits_for_its_body_has_a_deadline():
    with serving("routes.c", "--timeout", "300ms") as (server, origin, names):
        with begin(server, "/body", length(10), b"part") as client:
            expect(client.response().status == 504, "it waits beyond its deadline")


def test_a_body_counts_as_the_guests():
    with Server("echo.wat", "--max-memory", "1MiB", "--body-limit", "100MiB") as server:
        with begin(server, "/", length(2 << 20)) as client:
            time.sleep(0.05)
            client.send(b"x" * (2 << 20))
            response = client.response()
            expect(response.status >= 500 and "1048576 bytes" in response.text(), f"{response.status} {response.text()}")
        with begin(server, "/", length(100000)) as client:
            time.sleep(0.05)
            client.send(b"x" * 100000)
            expect(len(client.response().body) == 100000, "one that fits")
