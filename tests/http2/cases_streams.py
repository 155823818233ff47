"""Several requests at once: their order, windows, answers that are streamed, ends."""
import os
import re
import shutil
import signal
import socket
import tempfile
import time

import origin
from cases_backends import serve, settings
from cases_stream import MIB, Streamed
from frames import CANCEL, FLOW_CONTROL_ERROR, INITIAL_WINDOW, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, Http2
from hyperframe.frame import HeadersFrame, SettingsFrame, WindowUpdateFrame
from script import build_guest
from secure import Hello, SecureServer
from serving import PATIENCE, Client, Server, artifact, expect

# Guests that read bodies as they come, and what paths begin with for them.
WORLDS = (("upload.wat", "/"), ("input.wat", "/?"))
FOLDER = tempfile.mkdtemp(prefix="selvage-http2-")
GUEST = []


def calls_guest():
    """The guest of tests/fastly, compiled once."""
    if not GUEST:
        module = build_guest(FOLDER)
        GUEST.append(module and artifact(module))
        shutil.rmtree(FOLDER)
    return GUEST[0]


def post(client, script, **rest):
    return client.ask(method="POST", body=script.code, host="localhost", **rest)


def test_many_streams_at_once():
    with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
        numbers = [client.ask(f"/{i}") for i in range(90)]
        for i, number in enumerate(numbers):
            expect(client.answer(number).field("x-target") == f"/{i}", f"the answer of {i}")
        expect(client.settings[SettingsFrame.MAX_CONCURRENT_STREAMS] == 100, "another limit is announced")


def test_streams_beyond_the_limit_are_refused():
    with Server("input.wat", "--max-streams", "3", "--timeout", "60s", "--quiet") as server:
        with Http2(server.port) as client:  # has not heard of the limit
            for _ in range(3):  # each waits for its body
                client.ask("/?c", method="POST", ends=False)
            expect(client.get("/?n").reset == REFUSED_STREAM, "a fourth one is taken")
        with Http2(server.port) as client:
            client.wait_for(lambda: client.settings, "settings")
            for _ in range(4):
                client.ask("/?c", method="POST", ends=False)
            expect(client.end() == PROTOCOL_ERROR, "a fourth one is taken though the client knows")


def test_a_body_waits_for_windows():
    body = os.urandom(200000)
    with Server("echo.wat") as server, \
            Http2(server.port, settings={INITIAL_WINDOW: 1000}, keeps_windows=True) as client:
        number = client.ask(method="POST", body=body)
        answer = client.answers[number]
        client.wait_for(lambda: len(answer.body) == 1000, "a window is used")
        client.ping()
        client.wait_for(lambda: client.pings, "a ping is answered")
        expect(len(answer.body) == 1000, "more than the window")
        client.send(WindowUpdateFrame(number, 64000))
        client.wait_for(lambda: len(answer.body) == 65000, "the next window is used")
        client.send(WindowUpdateFrame(number, 1 << 20), WindowUpdateFrame(0, 1 << 20))
        expect(client.answer(number).body == body, "not what was sent")


def test_a_client_that_gives_no_window_loses_its_stream():
    with Server("echo.wat", "--write-timeout", "300ms") as server, \
            Http2(server.port, settings={INITIAL_WINDOW: 10}, keeps_windows=True) as client:
        answer = client.answer(client.ask(method="POST", body=b"x" * 1000))
        expect(answer.reset == CANCEL and len(answer.body) == 10, f"code {answer.reset}")
        expect(client.get().status == 200, "the connection has suffered")
    expect("--write-timeout" in server.log_text, "the log does not say it")


def test_a_client_that_takes_no_byte_loses_its_connection():
    with Server("echo.wat", "--write-timeout", "500ms") as server:
        with Http2(server.port, settings={INITIAL_WINDOW: (1 << 31) - 1}) as client:
            client.send(WindowUpdateFrame(0, (1 << 30)))
            for _ in range(3):  # sending ends when the server no longer reads either
                client.ask(method="POST", body=b"x" * (7 << 20))
            deadline = time.monotonic() + PATIENCE
            while "--write-timeout" not in server.read_log() and time.monotonic() < deadline:
                time.sleep(0.05)
        expect("--write-timeout" in server.read_log(), "it is still there")


def test_a_client_that_has_closed_its_side_gets_its_answers():
    body = b"x" * (7 << 20)  # more than is on its way at any time
    with Server("echo.wat", "--quiet") as server, Http2(server.port, settings={INITIAL_WINDOW: (1 << 31) - 1}) as client:
        client.send(WindowUpdateFrame(0, 1 << 30))
        long, short = client.ask(method="POST", body=body), client.ask("/short")
        client.socket.shutdown(socket.SHUT_WR)
        expect(client.answer(long).body == body, "not what was sent")
        expect(client.answer(short).field("x-target") == "/short", "not the other one")
        expect(client.end() == NO_ERROR, "the end has another reason")


def test_a_request_that_its_client_has_cut_off_is_answered():
    for guest, path in (("echo.wat", "/"), ("upload.wat", "/c")):
        with Server(guest, "--quiet") as server, Http2(server.port) as client:
            cut, whole = client.ask(path, "POST", ends=False), client.ask("/n")
            client.data(cut, b"part", ends=False)
            client.socket.shutdown(socket.SHUT_WR)
            expect(client.answer(cut).status == 400, f"{guest}: {client.answers[cut].status}")
            expect(client.answer(whole).status == 200, f"{guest}: no answer for the other one")
            expect(client.end() == NO_ERROR, f"{guest}: the end has another reason")
    with Server("echo.wat", "--quiet") as server, Http2(server.port) as client:
        client.wait_for(lambda: client.settings, "settings")
        client.send(HeadersFrame(1, client.encoder.encode(client.head())))  # and no end of them
        client.socket.shutdown(socket.SHUT_WR)
        expect(client.end() == NO_ERROR, "the end has another reason")


def test_a_slow_body_is_answered():
    with Server("echo.wat", "--body-timeout", "200ms") as server, Http2(server.port) as client:
        number = client.ask(method="POST", body=b"part", ends=False)
        expect(client.answer(number).status == 408, "not 408")
        expect(client.get().status == 200, "the connection has suffered")


def test_streams_whose_guests_do_not_read_get_no_windows():
    """Each may send what its intake has room for, and no more; what was sent is not lost."""
    with Server("input.wat", "--body-limit", "10MiB", "--timeout", "60s", "--stream-limit", "64KiB",
                "--quiet") as server, Http2(server.port) as client:
        client.wait_for(lambda: client.settings, "settings")
        window = client.settings[INITIAL_WINDOW]
        expect(window == 32768, f"a window of {window}")
        before = server.memory_kb()
        numbers = [client.ask("/?w", method="POST", ends=False) for _ in range(40)]
        for number in numbers:
            client.data(number, b"x" * window, ends=False)
        client.ping()
        client.wait_for(lambda: client.pings, "a ping is answered")
        given = [client.windows.get(number, 0) for number in numbers]
        expect(not any(given), f"windows {given}")
        expect(server.memory_kb() < before + 40 * 200, f"{server.memory_kb()} KiB, {before} before")
        number = client.ask("/?c", method="POST", body=b"y" * 1000000)
        expect(int.from_bytes(client.answer(number).body, "little") == 1000000, "another one is held up")


def test_a_client_that_sends_more_than_its_window_loses_its_stream():
    with Server("input.wat", "--timeout", "60s", "--stream-limit", "64KiB", "--quiet") as server, \
            Http2(server.port) as client:
        client.wait_for(lambda: client.settings, "settings")
        number = client.ask("/?w", method="POST", ends=False)
        client.data(number, b"x" * 40000, ends=False, obeys=False)
        client.wait_for(lambda: client.answers[number].reset is not None, "it is broken off")
        expect(client.answers[number].reset == FLOW_CONTROL_ERROR, f"code {client.answers[number].reset}")
        expect(client.get("/?n").status == 200, "the connection has suffered")


def test_streamed_answers_and_trailers():
    if not calls_guest():
        return "no compiler"
    with Server(calls_guest(), "--timeout", "60s") as server, Http2(server.port) as client:
        script = Streamed(fields=(("x-a", "b"),))
        script.stream(script.body, 0, MIB, 1)
        script.call("http_body.trailer_append", script.body.value, "x-sum", "7")
        script.close()
        answer = client.answer(post(client, script, fields=[("te", "trailers")]))
        expect(answer.status == 200 and answer.field("x-a") == "b", f"{answer.status}")
        expect(answer.field("content-length") is None and len(answer.body) == MIB + 5, f"{len(answer.body)} bytes")
        expect(answer.trailers == [("x-sum", "7")], f"trailers {answer.trailers}")
        expect(client.answer(post(client, script)).trailers is None, "trailers for a client that has no use for them")


def check_body_as_it_comes(guest, path):
    with Server(guest, "--body-limit", "30MiB", "--timeout", "60s") as server, Http2(server.port) as client:
        number = client.ask(path + "e", method="POST", ends=False)
        answer = client.answers[number]
        client.wait_for(lambda: answer.status, "the head")
        for size in (1, 50000, 3):
            before = len(answer.body)
            client.data(number, b"y" * size, ends=False)
            client.wait_for(lambda: len(answer.body) == before + size, "a part comes back")
        client.data(number, b"")
        expect(client.answer(number).is_whole, "no end")
        number = client.ask(path + "n", method="POST", body=b"ab", ends=False)
        expect(client.answer(number).status == 200, "no answer")
        number = client.ask(path + "c", method="POST", fields=[("expect", "100-continue")], ends=False)
        client.wait_for(lambda: client.answers[number].informational, "100")
        client.data(number, b"abc")
        expect(int.from_bytes(client.answer(number).body, "little") == 3, "bytes are missing")


def check_windows(guest, path):
    """An echo whose client gives no window: soon it gets none either."""
    with Server(guest, "--body-limit", "30MiB", "--timeout", "60s") as server, \
            Http2(server.port, keeps_windows=True) as client:
        client.wait_for(lambda: client.settings, "settings")
        window = left = client.settings[INITIAL_WINDOW]
        number, sent = client.ask(path + "e", method="POST", ends=False), 0
        answer = client.answers[number]
        while sent < 20 * window:
            while left + client.windows.get(number, 0) - sent >= 16384:
                client.data(number, b"z" * 16384, ends=False)
                sent += 16384
            client.ping()
            pings = client.pings
            given = client.windows.get(number, 0)
            client.wait_for(lambda: client.pings > pings, "a ping is answered")
            time.sleep(0.02)
            if len(answer.body) == 65535 and client.windows.get(number, 0) == given:
                break
        expect(sent < 10 * window, f"{sent} bytes are taken though none is read")
        client.keeps_windows = False
        client.send(WindowUpdateFrame(0, 1 << 20), WindowUpdateFrame(number, 1 << 20))
        client.data(number, b"")
        expect(len(client.answer(number).body) == sent, f"{len(answer.body)} of {sent} bytes came back")


def check_limits(guest, path):
    with Server(guest, "--body-limit", "1000", "--body-timeout", "1500ms", "--max-guests", "1") as server, \
            Http2(server.port) as client:
        number = client.ask(path + "c", method="POST", ends=False)
        client.data(number, b"x" * 1001, ends=False)
        expect(client.answer(number).status == 413, f"{client.answers[number].status} for too much")
        number = client.ask(path + "c", method="POST", body=b"x", ends=False)
        expect(client.answer(number).status == 408, f"{client.answers[number].status} for a slow one")
        expect(client.get(path + "n").status == 200, "the connection has suffered")
        number = client.ask(path + "e", method="POST", body=b"a line", ends=False)
        answer = client.answer(number)
        expect(answer.status == 200 and answer.body == b"a line" and answer.reset == CANCEL, f"code {answer.reset}")
        number = client.ask(path + "c", method="POST", body=b"part", ends=False)
        client.reset(number)
        expect(client.get(path + "n").status == 200, "the place of one that was broken off is taken")


def test_a_guest_reads_a_body_as_it_comes():
    for world in WORLDS:
        check_body_as_it_comes(*world)


def test_a_client_gets_windows_as_a_guest_reads():
    for world in WORLDS:
        check_windows(*world)


def test_a_streamed_body_has_limits():
    for world in WORLDS:
        check_limits(*world)


def test_more_than_memory_holds_goes_through_a_guest():
    """64 MiB through 256 KiB of a guest."""
    for guest, path in WORLDS:
        with Server(guest, "--body-limit", "100MiB", "--timeout", "60s", "--quiet") as server, \
                Http2(server.port) as client:
            client.get(path + "c", method="POST", body=b"x" * MIB)
            before = server.memory_kb()
            number = client.ask(path + "c", method="POST", body=b"z" * (64 * MIB))
            expect(int.from_bytes(client.answer(number).body, "little") == 64 * MIB, "bytes are missing")
            expect(server.memory_kb() < before + 4000, f"{server.memory_kb()} KiB, {before} before")


def test_an_answer_that_breaks_off_is_seen_to():
    if not calls_guest():
        return "no compiler"
    with Server(calls_guest(), "--timeout", "60s") as server, Http2(server.port) as client:
        script = Streamed()
        script.stream(script.body, 0, MIB, 1)  # and no close
        answer = client.answer(post(client, script))
        expect(answer.reset == INTERNAL_ERROR and not answer.is_whole, f"code {answer.reset}")
        expect(client.get().status is not None, "the connection has suffered")


def test_a_guest_whose_client_breaks_off_is_ended():
    if not calls_guest():
        return "no compiler"
    with origin.Origin() as backend, settings(backend) as path, serve(calls_guest(), path) as server, \
            Http2(server.port) as client:
        script = Streamed()
        script.ask("/gate")
        script.close()
        number = post(client, script)
        client.wait_for(lambda: client.answers[number].status, "the head")
        client.reset(number)
        deadline = time.monotonic() + PATIENCE
        while "broken off" not in server.read_log() and time.monotonic() < deadline:
            time.sleep(0.02)
        backend.gate.set()
    expect(re.search(r"POST / 200 .*\(the client has broken off the request\)", server.log_text), server.log_text)


def test_a_client_that_does_not_read_makes_its_guest_wait():
    if not calls_guest():
        return "no compiler"
    with Server(calls_guest(), "--timeout", "60s") as server, Http2(server.port, keeps_windows=True) as client:
        script = Streamed()
        script.stream(script.body, 0, MIB, 20)
        script.close()
        number = post(client, script)
        answer = client.answers[number]
        client.wait_for(lambda: len(answer.body) == 65535, "the window is used")
        memory = server.memory_kb()
        time.sleep(0.3)
        expect(server.memory_kb() < memory + 4000, "memory grows though nobody reads")
        client.keeps_windows = False
        client.send(WindowUpdateFrame(0, 1 << 20), WindowUpdateFrame(number, 1 << 20))
        client.answer(number)
        expect(len(answer.body) == 20 * MIB + 5, f"{len(answer.body)} bytes came, code {answer.reset}")


def test_a_stop_lets_streams_end():
    with Server("c_cgi.wasm", "--timeout", "20s") as server, Http2(server.port) as client:
        client.get("/")
        number = client.ask("/big")
        server.process.send_signal(signal.SIGTERM)
        expect(client.answer(number).status == 200, "the request is lost")
        expect(client.end() == NO_ERROR, "no word at the end")
        expect(client.goaways[0].last_stream_id == (1 << 31) - 1, "no notice before the end")
        expect(client.goaways[-1].last_stream_id == number, f"last is {client.goaways[-1].last_stream_id}")


def test_idle_connections_give_back_memory_and_go_on():
    """KiB that one may cost are between what it does at rest, 4, 11 and 10, and before: 20, 37 and 16."""
    if os.environ.get("ASAN_OPTIONS"):
        return "memory is not what it is under a sanitizer"
    body = os.urandom(100000)
    with Server("echo.wat", "--quiet") as plain, SecureServer("echo.wat", "--quiet") as secure, \
            SecureServer("echo.wat", "--quiet") as old:
        context, old_context = secure.context(), old.context()
        kinds = ((plain, 60, 13, lambda: Http2(plain.port), {}),
                 (secure, 60, 22, lambda: Http2(secure.port, context), {"host": "localhost", "scheme": "https"}),
                 (old, 150, 14, lambda: old.connect(context=old_context), None))

        def ask(client, fields):
            if fields is not None:
                return client.get(method="POST", body=body, **fields).body
            client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return client.response().body

        clients, before = [], []
        for server, count, _, connect, fields in kinds:
            for _ in range(10):
                client = connect()
                expect(ask(client, fields) == body, "not what was sent")
                client.socket.close()
            before.append(server.memory_kb())
            clients += [(connect(), fields) for _ in range(count)]
            for client, _ in clients[-count:]:
                expect(ask(client, fields) == body, "not what was sent")
        deadline = time.monotonic() + PATIENCE
        for (server, count, most, _, _), memory in zip(kinds, before):
            while server.memory_kb() > memory + count * most and time.monotonic() < deadline:
                time.sleep(0.05)
            grown = server.memory_kb() - memory
            expect(grown <= count * most, f"{grown / count:.1f} KiB for a connection, {most} are allowed")
        for client, fields in clients:
            expect(ask(client, fields) == body, "not what was sent, later")
            client.socket.close()
    return None


def test_connections_that_rest_go_on_with_all_that_comes():
    """Twenty requests at once; over HTTP/1.1 half of the record with them, and the rest when it rests again."""
    bodies = [b"body %d" % i for i in range(20)]
    with SecureServer("echo.wat", "--quiet") as server:
        with Http2(server.port, server.context()) as new, Client(server.port) as old:
            hello = Hello()
            old.send(hello.bytes())
            hello.finish(old)
            for _ in range(2):
                time.sleep(1.2)
                numbers = [new.ask(method="POST", body=body, host="localhost", scheme="https") for body in bodies]
                hello.tls.write(b"".join(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
                                         for body in bodies))
                record = hello.output.read()
                old.send(record[:len(record) // 2])
                expect([bytes(new.answer(number).body) for number in numbers] == bodies, "not what was sent")
                time.sleep(1.2)
                old.send(record[len(record) // 2:])
                answers = b""
                while answers.count(b"HTTP/1.1 200") < len(bodies) or bodies[-1] not in answers:
                    expect(old.receive(), f"the connection ended behind {answers[-80:]!r}")
                    hello.input.write(old.input)
                    old.input = b""
                    answers += hello.read()
                places = [answers.find(body) for body in bodies]
                expect(-1 not in places and places == sorted(places), f"at {places}")


def test_connections_that_rest_are_told_of_an_end():
    with SecureServer("echo.wat", "--quiet", "--idle-timeout", "800ms") as server:
        context = server.context()
        with Http2(server.port, context) as new:
            new.get(host="localhost", scheme="https")
            with server.connect() as old:
                expect(new.end() == NO_ERROR, "no word at the end")
                expect(old.is_closed(), "something came before the end")


def test_an_idle_connection_is_told_of_its_end():
    with Server("echo.wat", "--idle-timeout", "100ms") as server, Http2(server.port) as client:
        client.get("/")
        expect(client.end() == NO_ERROR, "no word at the end")


def test_too_many_connections_are_told_so():
    with SecureServer("echo.wat", "--max-connections", "1") as server:
        with Http2(server.port, server.context()) as first:
            expect(first.get(host="localhost", scheme="https").status == 200, "no answer")
            with Http2(server.port, server.context()) as second:
                expect(second.end() == 11, "the second one is taken")
