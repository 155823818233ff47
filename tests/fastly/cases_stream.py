"""Responses that go to the client while their guest still runs, and clients that leave."""
import socket
import ssl
import struct
import threading
import time

import origin
from cases_backends import request, serve, settings
from script import Script
from secure import SecureServer
from serving import PATIENCE, Client, Failure, expect

# A portion of the guest's memory, whatever is there.
PORTION = 3 << 20
MIB = 1 << 20


class Streamed(Script):
    """A script that begins a response with a body which is written on."""

    def __init__(self, status=200, fields=(), first=b"first", manual=False, streaming=1):
        super().__init__()
        self.response, self.body = self.out(), self.out()
        self.call("http_resp.new", self.response)
        self.call("http_resp.status_set", self.response.value, status)
        for name, value in fields:
            self.call("http_resp.header_append", self.response.value, name, value)
        if manual:
            self.call("http_resp.framing_headers_mode_set", self.response.value, 1)
        self.call("http_body.new", self.body)
        if first:
            self.write(first)
        self.call("http_resp.send_downstream", self.response.value, self.body.value, streaming)

    def write(self, data):
        self.call("http_body.write", self.body.value, data, 0, self.take(4))

    def close(self):
        self.call("http_body.close", self.body.value)

    def ask(self, uri):
        """Have a backend answer, which the guest waits for."""
        handle, content = request(self, uri)
        self.call("http_req.send", handle.value, content.value, "origin", self.take(4), self.take(4))

    def head(self, method="POST", headers="", version="1.1"):
        return (f"{method} / HTTP/{version}\r\nHost: localhost\r\n{headers}"
                f"Content-Length: {len(self.code)}\r\n\r\n").encode()

    def body_from(self, server):
        with server.connect() as client:
            self.ask_for(client)
            return client.response().body

    def ask_for(self, client, *arguments, **named):
        client.send(self.head(*arguments, **named) + self.code)


def head_of(client):
    """Status line and fields, as one text."""
    return client.take_until(b"\r\n\r\n").decode()


def rest_of(client):
    """Everything until the connection ends."""
    while client.receive():
        pass
    return client.input


def ends_well(connection):
    """Whether what comes has an end that somebody meant; there may be nothing before it."""
    try:
        return connection.recv(4096) == b""
    except (ConnectionResetError, ssl.SSLError):
        return False


def expect_log(server, *parts):
    """Lines of the log come a little later than what they tell of."""
    deadline = time.monotonic() + PATIENCE
    while any(part not in server.read_log() for part in parts) and time.monotonic() < deadline:
        time.sleep(0.01)
    for part in parts:
        expect(part in server.read_log(), f"{part!r} is not in {server.read_log()[-500:]!r}")


def check_first_bytes(server, backend):
    """The guest goes on only when the client has read what was written before."""
    script = Streamed()
    script.ask("/gate")
    script.write(b"second")
    script.close()
    with server.connect() as client:
        script.ask_for(client)
        expect("transfer-encoding: chunked" in head_of(client).lower(), "no chunks")
        expect(client.chunk() == b"first", "another first chunk")
        backend.gate.set()
        expect(client.chunk() == b"second" and client.chunk() == b"", "another end")
        expect(client.take(2) == b"\r\n", "no end of the body")
        # The connection is as good as before.
        Streamed(streaming=0).ask_for(client)
        expect(client.response().body == b"first", "the next response")


def test_the_first_bytes_come_before_the_guest_ends(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        check_first_bytes(server, backend)


def test_streams_go_over_tls(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with SecureServer(guest, "--config", path, "--timeout", "60s") as server:
            check_first_bytes(server, backend)
            # An end without goodbye is none.
            script = Streamed()
            script.ask("/gate")
            script.trap()
            backend.gate.clear()
            context = server.context()
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
            with server.connect(context=context) as client:
                script.ask_for(client)
                head_of(client)
                expect(client.chunk() == b"first", "another first chunk")
                backend.gate.set()
                expect(not ends_well(client.socket), "an orderly end of a broken response")
            # As much as all buffers hold, and more.
            script = Streamed(first=b"")
            script.stream(script.body, 0, PORTION, 4)
            script.close()
            with server.connect() as client:
                script.ask_for(client)
                expect(len(client.response().body) == 4 * PORTION, "another length")


def test_the_guest_is_told_of_its_clients_tls(guest):
    def asked(server, context):
        script = Script()
        request, names = script.out(), []
        script.call("http_req.body_downstream_get", request, script.take(4))
        for name in ("http_req.downstream_tls_protocol", "http_req.downstream_tls_cipher_openssl_name"):
            names.append((script.call(name, place := script.out(64), 64, count := script.out()), place, count))
        for name in ("tls_protocol", "tls_cipher_openssl_name", "tls_client_servername"):
            names.append((script.call(f"http_downstream.downstream_{name}", request.value, place := script.out(64), 64,
                                      count := script.out()), place, count))
        calls, places = script.finish()
        with (server.connect(context=context) if context else Client(server.plain_port)) as client:
            client.send((f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(script.code)}\r\n\r\n").encode()
                        + script.code)
            script.take_results(client.response().body, calls, places)
        return [place.bytes[:count.u32].decode() if call.status == "OK" else call.status for call, place, count in names]

    with SecureServer(guest) as server:
        context = server.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        old = ["TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"]
        expect(asked(server, context) == old * 2 + ["localhost"], f"{asked(server, context)}")
        new = asked(server, server.context())
        expect(new[0] == new[2] == "TLSv1.3" and new[1].startswith("TLS_"), f"{new}")
        expect(asked(server, None) == ["NONE"] * 5, "without TLS")


def test_a_whole_response_comes_before_its_guest_ends(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Streamed(streaming=0)
        script.ask("/gate")
        with server.connect() as client:
            script.ask_for(client)
            response = client.response()
            expect(response.body == b"first" and response.header("Content-Length") == "5", f"{response.headers}")
            Streamed(streaming=0).ask_for(client)
            backend.gate.set()
            expect(client.response().body == b"first", "the next response")
        # Who has all of it may leave: the guest goes on, and says something in the end.
        backend.gate.clear()
        backend.asked.clear()
        script = Streamed(streaming=0)
        script.ask("/gate")
        script.stream(script.body, 0, 1)
        with server.connect() as client:
            script.ask_for(client)
            client.response()
            expect(backend.asked.wait(PATIENCE), "no request")
        backend.gate.set()
        expect_log(server, "a write gave ")


def slow_client(port):
    """One that takes little before it reads."""
    client = Client.__new__(Client)
    client.socket, client.input = socket.socket(), b""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.socket.settimeout(PATIENCE)
    client.socket.connect(("127.0.0.1", port))
    return client


def settled_memory(server):
    """When nothing has changed for a while, in KiB."""
    before, now = 0, server.memory_kb()
    while now != before:
        time.sleep(0.3)
        before, now = now, server.memory_kb()
    return now


def test_slow_readers_hold_neither_memory_nor_threads(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--workers", "1") as server:
            Streamed(streaming=0).body_from(server)
            before = server.memory_kb()
            script = Streamed(first=b"")
            script.stream(script.body, 0, 4 * MIB, 16)
            script.close()
            clients = [slow_client(server.port) for _ in range(4)]
            for client in clients:
                script.ask_for(client)
            grown = settled_memory(server) - before
            # Each has 256 KiB at most of it, and its guest's own 4 MiB.
            expect(grown < 24 << 10, f"{grown} KiB more for four times 64 MiB")
            # The only thread is free.
            expect(Streamed(streaming=0).body_from(server) == b"first", "another response")
            total = 0
            head_of(clients[0])
            while data := clients[0].chunk():
                total += len(data)
            expect(total == 64 * MIB, f"{total} bytes")
            grown = server.memory_kb() - before
            expect(grown < 24 << 10, f"{grown} KiB more")
            for client in clients:
                client.socket.close()
            expect_log(server, "the client has closed its connection")


def test_what_breaks_off_is_not_taken_for_whole(guest):
    endings = (("trap: ", lambda script: script.trap()),
               ("the guest gave up its response's body",
                lambda script: script.call("http_body.abandon", script.body.value)),
               ("the guest ended without all of its response's body", lambda script: None))
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for version in ("1.1", "1.0"):
            for text, end in endings:
                backend.gate.clear()
                script = Streamed()
                script.ask("/gate")
                end(script)
                with server.connect() as client:
                    script.ask_for(client, version=version)
                    head = head_of(client)
                    expect(" 200 " in head, head)
                    if version == "1.1":
                        expect(client.chunk() == b"first", "another first chunk")
                    else:
                        expect(client.take(5) == b"first" and "chunked" not in head, head)
                    backend.gate.set()
                    # Without chunks the end of the connection would be that of the body.
                    expect(ends_well(client.socket) == (version == "1.1"), f"the end of HTTP/{version}")
                    expect(not client.input, f"{client.input!r} behind it")
    for text, _ in endings:
        lines = [line for line in server.log_text.split("\n") if " 200 5 " in line and text in line]
        expect(len(lines) == 2, f"{text!r} in {server.log_text!r}")


def test_the_deadline_breaks_off_a_stream(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--timeout", "2s") as server:
            script = Streamed()
            script.ask("/held")
            with server.connect() as client:
                script.ask_for(client)
                head_of(client)
                expect(client.chunk() == b"first", "another first chunk")
                expect(client.is_closed(), "something behind it")
            expect_log(server, "200 5 ", "(deadline exceeded")


def test_guests_wait_for_nobody(guest):
    """A client that leaves takes its guest and that one's requests with it."""
    for streaming in (False, True):
        with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
            script = Streamed() if streaming else Script()
            handle, content = request(script, "/held")
            script.call("http_req.send", handle.value, content.value, "origin", script.take(4), script.take(4))
            with server.connect() as client:
                Streamed.ask_for(script, client) if streaming else client.send(
                    Streamed.head(script) + script.code)
                if streaming:
                    head_of(client)
                    expect(client.chunk() == b"first", "another first chunk")
                while "/held" not in backend.requests:
                    time.sleep(0.01)
            expect(backend.held_is_closed(), "the request goes on without a client")
            expect_log(server, f" {200 if streaming else 499} ", "(the client has closed its connection)")


def test_a_client_that_resets_is_noticed(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Streamed()
        script.stream(script.body, 0, 1000, 1000000)
        script.close()
        with server.connect() as client:
            script.ask_for(client)
            head_of(client)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        expect_log(server, "(the client has closed its connection)")
        expect(Streamed(streaming=0).body_from(server) == b"first", "another response")


def test_a_client_may_stop_sending(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Streamed(first=b"")
        script.stream(script.body, 0, PORTION, 4)
        script.close()
        with server.connect() as client:
            script.ask_for(client)
            client.socket.shutdown(socket.SHUT_WR)
            expect(len(client.response().body) == 4 * PORTION, "another length")


def test_readers_that_take_nothing_are_cut_off(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--write-timeout", "300ms") as server:
            script = Streamed(first=b"")
            script.stream(script.body, 0, 4 * MIB, 16)
            script.close()
            client = slow_client(server.port)
            script.ask_for(client)
            expect_log(server, "127.0.0.1: the client took nothing for as long as --write-timeout",
                       "(the client took nothing for as long as --write-timeout)")
            client.socket.close()
            # One whose guest has ended is told of too.
            script = Streamed(first=b"", streaming=0)
            script.code = b""
            script = Script()
            body, response = script.out(), script.out()
            script.call("http_resp.new", response)
            script.call("http_body.new", body)
            script.stream(body, 0, 4 * MIB, 6)
            script.call("http_resp.send_downstream", response.value, body.value, 0)
            client = slow_client(server.port)
            client.send(Streamed.head(script) + script.code)
            deadline = time.monotonic() + PATIENCE
            while server.read_log().count("127.0.0.1: the client took nothing") < 2:
                expect(time.monotonic() < deadline, "no second line")
                time.sleep(0.01)
            client.socket.close()


def test_some_responses_have_no_body(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for method, status in (("HEAD", 200), ("POST", 204), ("POST", 304)):
            script = Streamed(status)
            script.stream(script.body, 0, MIB)
            script.ask("/gate")
            script.write(b"second")
            script.close()
            backend.gate.clear()
            with server.connect() as client:
                script.ask_for(client, method)
                head = head_of(client)
                expect(f" {status} " in head, head)
                # The guest goes on, and the next response comes behind this one.
                Streamed(streaming=0).ask_for(client)
                backend.gate.set()
                expect(client.response().body == b"first", "the next response")


def test_lengths_that_are_meant_are_kept(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        cases = ((b"second", True, "Content-Length: 11", b"firstsecond"),
                 (b"", True, "Content-Length: 11", b"first"),
                 (b"second to none", True, "Content-Length: 11", b"first"),
                 (b"second", False, "Transfer-Encoding: chunked", b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"))
        for second, manual, framing, expected in cases:
            backend.gate.clear()
            script = Streamed(fields=(("Content-Length", "11"),), manual=manual)
            script.ask("/gate")
            if second:
                script.write(second)
            script.close()
            with server.connect() as client:
                script.ask_for(client, headers="Connection: close\r\n")
                head = head_of(client)
                expect(framing in head.split("\r\n"), head)
                backend.gate.set()
                expect(rest_of(client) == expected, f"{client.input!r} for {second!r}")
        expect_log(server, "the response's body is longer than its Content-Length")
        # What is known to be wrong from the beginning is not said.
        script = Streamed(fields=(("Content-Length", "3"),), manual=True)
        script.close()
        expect(script.body_from(server) == b"first", "another body")


def test_trailers_go_to_those_who_take_them(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for streaming in (1, 0):
            for headers, expected in (("TE: trailers\r\n", [("X-End", "well")]), ("TE: trailersize\r\n", []),
                                      ("", []), ("TE: gzip;q=0.5, trailers\r\n", [("X-End", "well")])):
                backend.gate.set()
                script = Script()
                script.response, script.body = script.out(), script.out()
                script.call("http_resp.new", script.response)
                script.call("http_body.new", script.body)
                script.call("http_body.write", script.body.value, b"first", 0, script.take(4))
                trailers = [] if streaming else [
                    script.call("http_body.trailer_append", script.body.value, name, value)
                    for name, value in (("X-End", "well"), ("Content-Length", "1"), ("Set-Cookie", "a=b"))]
                script.call("http_resp.send_downstream", script.response.value, script.body.value, streaming)
                if streaming:
                    Streamed.ask(script, "/gate")
                    script.call("http_body.trailer_append", script.body.value, "X-End", "well")
                    script.call("http_body.trailer_append", script.body.value, "Transfer-Encoding", "x")
                    script.call("http_body.close", script.body.value)
                with server.connect() as client:
                    client.send(Streamed.head(script, headers=headers) + script.code)
                    response = client.response()
                expect(response.body == b"first" and response.trailers == expected,
                       f"{response.trailers} for {headers!r}")
                expect(len(trailers) == 3 * (1 - streaming), "trailers")


def test_a_backends_response_is_passed_on_as_it_comes(guest):
    size = 6 * MIB
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for streaming in (0, 1):
            backend.gate.clear()
            script = Script()
            handle, content = request(script, f"/halves/{size}")
            response, body = script.out(), script.out()
            script.call("http_req.send", handle.value, content.value, "origin", response, body)
            if streaming:
                # Into a body of the guest's own, which is sent already.
                own, out = script.out(), script.out()
                script.call("http_resp.new", own)
                script.call("http_body.new", out)
                script.call("http_resp.send_downstream", own.value, out.value, 1)
                script.call("http_body.append", out.value, body.value)
                script.call("http_body.close", out.value)
            else:
                script.call("http_resp.send_downstream", response.value, body.value, 0)
            with server.connect() as client:
                client.send(Streamed.head(script) + script.code)
                head_of(client)
                data = b""
                # The length is known, unless the guest has begun without it.
                more = client.chunk if streaming else lambda: client.take(min(65536, size - len(data)))
                while len(data) < size // 2:
                    data += more()
                backend.gate.set()
                while part := more():
                    data += part
            expect(data == origin.pattern(size), f"{len(data)} other bytes")
        # Half of it is no response.
        script = Script()
        handle, content = request(script, "/cut")
        response, body = script.out(), script.out()
        script.call("http_req.send", handle.value, content.value, "origin", response, body)
        script.call("http_resp.send_downstream", response.value, body.value, 0)
        with server.connect() as client:
            client.send(Streamed.head(script, headers="Connection: close\r\n") + script.code)
            rest = rest_of(client)
        # Unless the guest was told, and could answer something else.
        expect(b"short" not in rest or not rest.endswith(b"0\r\n\r\n"), f"{rest!r}")
        expect_log(server, "a response from a backend was cut off")


def test_many_streams_at_once(guest):
    """Of all kinds, on two threads, with clients that leave when they like."""
    with origin.Origin() as backend, settings(backend) as path:
        backend.gate.set()
        with serve(guest, path, "--workers", "2", "--stream-limit", "4KiB") as server:
            wrong = []

            def run(number):
                for turn in range(10):
                    script = Streamed()
                    script.stream(script.body, 0, 100000, 1 + number % 3)
                    if turn % 2:
                        script.ask("/gate")
                    if turn % 5 != 4:
                        script.close()
                    with server.connect() as client:
                        script.ask_for(client)
                        if (number + turn) % 4 == 3:
                            client.receive()
                            continue
                        try:
                            response = client.response()
                        except Failure:
                            response = None
                        is_whole = response and len(response.body) == 5 + 100000 * (1 + number % 3)
                        is_failure = not response or response.status == 502
                        if not (is_failure if turn % 5 == 4 else is_whole):
                            wrong.append((number, turn, response and response.status))

            threads = [threading.Thread(target=run, args=(i,)) for i in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            expect(not wrong, f"{wrong}")
            expect(Streamed(streaming=0).body_from(server) == b"first", "another response")
