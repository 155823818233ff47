"""Clients that mean harm. Each is answered by a limit, and the server goes on."""
import os
import time

from frames import CALM, Answer, CANCEL, PREFACE, PROTOCOL_ERROR, Http2
from hyperframe.frame import (ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)
from serving import PATIENCE, Client, Server, expect


def ends_with(server, client, code, part):
    found = client.end()
    expect(found == code, f"ended with {found}, not {code}")
    deadline = time.monotonic() + PATIENCE
    while part not in server.read_log() and time.monotonic() < deadline:
        time.sleep(0.01)
    expect(part in server.read_log(), f"no {part!r} in {server.read_log()[-300:]!r}")
    with Http2(server.port) as other:
        expect(other.get().status == 200, "the server has suffered")


def test_rapid_resets():
    """CVE-2023-44487: a stream that is reset costs a client nothing."""
    with Server("c_cgi.wasm", "--timeout", "60s", "--quiet") as server, Http2(server.port) as client:
        for _ in range(400):
            client.reset(client.ask("/sleep"))
        ends_with(server, client, CALM, "--reset-limit")


def test_resets_that_the_client_makes_the_server_send():
    """CVE-2025-8671: streams that end by a fault of the client."""
    with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
        for _ in range(400):
            number = client.ask(method="POST", ends=False)
            client.send(*2 * [WindowUpdateFrame(number, (1 << 31) - 1)])
        ends_with(server, client, CALM, "--reset-limit")


def test_streams_that_were_reset_count_while_a_guest_is_at_them():
    with Server("c_cgi.wasm", "--timeout", "60s", "--stop-timeout", "10ms", "--max-streams", "5", "--reset-limit", "1000",
                "--quiet") as server, Http2(server.port) as client:
        numbers = [client.ask("/spin") for _ in range(5)]
        client.ping()
        client.wait_for(lambda: client.pings, "a ping is answered")
        server.wait_for_work(30)  # many turns: what is reset before its guest begins does not count
        for number in numbers:
            client.reset(number)
        expect(client.get("/").reset == 7, "a sixth one is taken")


def test_floods_of_what_says_nothing():
    frames = {
        "pings": PingFrame(0, b"12345678"),
        "settings": SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 100}),
        "priorities": PriorityFrame(1, depends_on=3),
    }
    for name, frame in frames.items():
        with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
            for _ in range(300):
                client.send(frame)
            ends_with(server, client, CALM, "--ping-limit")


def test_a_flood_of_empty_data():
    with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
        number = client.ask(method="POST", ends=False)
        for _ in range(300):
            client.send(DataFrame(number, b""))
        ends_with(server, client, CALM, "--ping-limit")


def test_a_flood_of_continuations():
    """A block of fields without an end: in frames that say nothing, little, and much."""
    for piece in (b"", b"\x00\x01a\x01b", b"\x00\x01a\x7f\xff\x7e" + b"b" * 16000):
        with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
            client.send(HeadersFrame(1, client.encoder.encode(client.head()), flags=["END_STREAM"]))
            for _ in range(2000):
                if not client.is_open:
                    break
                client.send(ContinuationFrame(1, piece))
            expect(client.end() in (CALM, PROTOCOL_ERROR, 9), f"{client.goaways} for {piece[:10]!r}")
            with Http2(server.port) as other:
                expect(other.get().status == 200, "the server has suffered")


def test_a_head_that_expands():
    """A short block that refers to one long field over and over."""
    with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
        block = client.encoder.encode(client.head(fields=[("x-long", "y" * 4000)]))
        client.answers[1] = Answer()
        client.send(HeadersFrame(1, block + b"\xbe" * 20, flags=["END_HEADERS", "END_STREAM"]))
        expect(client.answer(1).status == 431, f"{client.answers[1].status}")
        client.send(HeadersFrame(3, b"\x82\x86\x84\xbf" + b"\xbe" * 12000, flags=["END_HEADERS", "END_STREAM"]))
        ends_with(server, client, CALM, "--head-limit, unpacked")


def test_a_head_that_takes_for_ever():
    with Server("echo.wat", "--head-timeout", "200ms", "--quiet") as server, Http2(server.port) as client:
        client.wait_for(lambda: client.settings, "settings")
        client.send(HeadersFrame(1, client.encoder.encode(client.head()), flags=["END_STREAM"]))
        ends_with(server, client, CALM, "the head took too long")


def test_a_preface_that_takes_for_ever():
    with Server("echo.wat", "--head-timeout", "200ms", "--quiet") as server:
        with Client(server.port) as client:
            client.send(PREFACE[:20])
            expect(client.response().status == 408, "it is waited for")


def test_connections_that_say_nonsense_behind_the_preface():
    with Server("echo.wat", "--quiet") as server:
        for data in (b"\0" * 64, b"\xff" * 64, os.urandom(4000), b"GET / HTTP/1.1\r\n\r\n" * 10,
                     b"\0\0\1\0\0\0\0\0\1x", b"\xff\xff\xff\1\5\0\0\0\1", b"\0\0\0\4\0\0\0\0\1",
                     b"\0\0\5\4\0\0\0\0\0abcde", b"\0\0\4\x08\0\0\0\0\0\0\0\0\0", b"\0\0\3\3\0\0\0\0\1abc"):
            with Http2(server.port, preface=False) as client:
                client.send_bytes(PREFACE + data)
                client.socket.shutdown(1)
                while client.receive():
                    pass
        with Http2(server.port) as client:
            expect(client.get().status == 200, "the server has suffered")


def test_random_frames_do_no_harm():
    import random
    source = random.Random(5)
    with Server("echo.wat", "--quiet") as server:
        for _ in range(60):
            with Http2(server.port) as client:
                block = client.encoder.encode(client.head())
                for _ in range(30):
                    kind, flags = source.randrange(11), source.randrange(256)
                    number = source.choice((0, 1, 1, 3, 5, 2, 0x7fffffff))
                    data = block if kind in (1, 9) and source.random() < .8 else source.randbytes(source.randrange(20))
                    client.send_bytes(len(data).to_bytes(3, "big") + bytes((kind, flags)) + number.to_bytes(4, "big") + data)
                client.socket.close()
        with Http2(server.port) as client:
            expect(client.get().status == 200, "the server has suffered")
            descriptors = server.descriptors()
        time.sleep(0.1)
        expect(server.descriptors() <= descriptors, "descriptors are left open")


def test_clients_that_leave_in_the_middle():
    with Server("c_cgi.wasm", "--timeout", "2s", "--quiet") as server:
        for turn in range(40):
            client = Http2(server.port)
            for path in ("/big", "/sleep", "/", "/spin")[turn % 4:]:
                client.ask(path)
            client.ask("/", method="POST", body=b"part", ends=False)
            if turn % 2:
                client.reset(client.next_id - 2, CANCEL)
                client.receive()
            client.socket.close()
        with Http2(server.port) as client:
            expect(client.get().status == 200, "the server has suffered")


def test_a_head_that_comes_in_part():
    """A frame of which the rest never comes says that the head ends in it."""
    with Server("echo.wat", "--head-timeout", "300ms", "--quiet") as server:
        with Http2(server.port) as client:
            block = client.encoder.encode(client.head(fields=[("a", "b" * 200)]))
            client.send_bytes(HeadersFrame(1, block, flags=["END_HEADERS", "END_STREAM"]).serialize()[:30])
            ends_with(server, client, CALM, "the head took too long")
        with Http2(server.port) as client:
            client.send(HeadersFrame(1, block[:5]))
            client.send_bytes(ContinuationFrame(1, block[5:], flags=["END_HEADERS"]).serialize()[:20])
            ends_with(server, client, CALM, "the head took too long")
