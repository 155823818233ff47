"""Requests to backends: what is sent, what comes, what does not come, and waiting for it."""
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import types

import origin
from cases_stores import Settings
from script import Script
from serving import PATIENCE, Server, expect


# A busy machine may take its time: limits of time are short only where they are to be reached.
PATIENT = "connect_timeout_ms = 20000\nfirst_byte_timeout_ms = 20000\n"


def settings(backend, more=""):
    return Settings(f"[local_server.backends.origin]\nurl = 'http://127.0.0.1:{backend.port}/base/'\n" +
                    PATIENT + more)


def serve(guest, path, *options):
    return Server(guest, "--timeout", "60s", "--config", path, *options)


PASS = 1


def request(script, uri="http://example.test/path?q=1#f", method="GET", fields=(), body=b"", override=PASS):
    """A request and its body, as handles; straight to the backend unless `override` says otherwise."""
    handle, content = script.out(), script.out()
    script.call("http_req.new", handle)
    script.call("http_req.method_set", handle.value, method)
    script.call("http_req.uri_set", handle.value, uri)
    for name, value in fields:
        script.call("http_req.header_append", handle.value, name, value)
    if override:
        script.call("http_req.cache_override_set", handle.value, override, 0, 0)
    script.call("http_body.new", content)
    if body:
        script.call("http_body.write", content.value, body, 0, script.out())
    return handle, content


class Answer:
    """A response: its status, a field and its body, read in portions."""

    def __init__(self, script, response, body, portions=2, size=4096):
        self.code, self.field, self.length = script.out(), script.out(64), script.out()
        script.call("http_resp.status_get", response.value, self.code)
        self.value = script.call("http_resp.header_value_get", response.value, "x-origin", self.field, 64,
                                 self.length)
        self.parts = [script.read(body, size) for _ in range(portions)]

    @property
    def status(self):
        return self.code.u32 & 0xffff

    @property
    def text(self):
        return b"".join(part.bytes for part in self.parts).decode()


def send(script, *arguments, backend="origin", **named):
    handle, content = request(script, *arguments, **named)
    response, body, detail = script.out(), script.out(), script.out(24)
    sent = script.call("http_req.send_v2", handle.value, content.value, backend, detail, response, body)
    return sent, detail, Answer(script, response, body)


def test_a_request_is_sent_and_its_response_read(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        sent, detail, answer = send(script, method="POST", body=b"the body",
                                    fields=(("X-One", "1"), ("Connection", "upgrade"), ("X-Empty", ""),
                                            ("Content-Length", "3")))
        script.send(server)
    sent.is_ok()
    lines = answer.text.split("\n")
    expect(answer.status == 200 and detail.u32 == 1, f"{answer.status} {detail.u32}")
    expect(answer.field.bytes[:answer.length.u32] == b"here", f"{answer.field.bytes!r}")
    expect(lines[0] == "POST /base/path?q=1 HTTP/1.1", lines[0])
    fields = sorted(line.lower() for line in lines[1:] if line and not line.startswith("traceparent: "))
    expect(fields == ["content-length: 8", "host: example.test", "the body", "x-empty:", "x-one: 1"],
           f"{fields}")


def test_the_trace_of_the_request_goes_on_unless_the_guest_has_another(guest):
    own, other = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        answers = [send(script, fields=fields)[2] for fields in (
            (), (("Traceparent", other),), (("tracestate", "c=3"),))]
        script.send(server, headers=f"traceparent: {own}\r\nTraceState: a=1\r\n")
        script = Script()
        begun = send(script)[2]
        script.send(server)
    passed, replaced, half = (sorted(line for line in answer.text.split("\n") if line.lower().startswith("trace"))
                              for answer in answers)
    expect(passed == [f"traceparent: {own}", "tracestate: a=1"], f"{passed}")
    expect(replaced == [f"Traceparent: {other}"], f"{replaced}")
    expect(half == ["tracestate: c=3"], f"{half}")
    expect(re.search(r"^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00$", begun.text, re.M) and
           "tracestate" not in begun.text, begun.text)


def test_a_backend_can_have_a_name_of_its_own(guest):
    with origin.Origin() as backend, settings(backend, "override_host = 'other.test'\n") as path:
        with serve(guest, path) as server:
            script = Script()
            sent, _, answer = send(script, "/relative")
            script.send(server)
    sent.is_ok()
    expect("GET /base/relative HTTP/1.1" in answer.text and "host: other.test" in answer.text.lower(),
           answer.text)


def test_what_goes_wrong_has_a_status_and_a_line(guest):
    more = ("[local_server.backends.closed]\nurl = 'http://127.0.0.1:1'\n" + PATIENT +
            "[local_server.backends.hasty]\nurl = 'http://127.0.0.1:PORT'\nfirst_byte_timeout_ms = 50\n"
            "connect_timeout_ms = 20000\n")
    with origin.Origin() as backend, settings(backend, more.replace("PORT", str(backend.port))) as path, \
            serve(guest, path) as server:
        script = Script()
        cases = (("nowhere", "/", "INVAL", 5, 'there is no backend "nowhere": --config names a fastly.toml'),
                 ("closed", "/", "ERROR", 7, "no connection"),
                 ("hasty", "/silent", "ERROR", 16, "no first byte in time"),
                 ("origin", "/nonsense", "ERROR", 19, "the response is not HTTP"),
                 ("origin", "/nothing", "HTTPINCOMPLETE", 8, "the connection ended too early"),
                 ("origin", "/large", "ERROR", 14, "the head of the response is larger"))
        results = [send(script, uri, backend=name)[:2] for name, uri, *_ in cases]
        cut = send(script, "/cut")
        read = script.call("http_body.read", 0, script.out(64), 64, script.out())
        script.send(server)
        script_again = Script()
        again = send(script_again, "/")
        script_again.send(server)
    for (name, uri, status, tag, line), (sent, detail) in zip(cases, results):
        sent.gives(status)
        expect(detail.u32 == tag, f"{name}{uri} has detail {detail.u32}")
        expect(line in server.log_text, f"{line!r} is not in {server.log_text!r}")
    cut[0].is_ok()
    expect(read.status != "OK" or cut[2].text, "a body that is cut off")
    expect("a response from a backend was cut off" in server.log_text, server.log_text)
    again[0].is_ok()


def test_private_addresses_need_the_operator(guest):
    with origin.Origin() as backend, origin.Origin() as other, settings(backend) as path:
        with serve(guest, path) as server:
            script = Script()
            config = script.take(108)
            registered = [script.call("http_req.register_dynamic_backend", name, f"{host}:{port}", 0, config)
                          for name, host, port in (("same", "127.0.0.1", backend.port),
                                                   ("other", "127.0.0.1", other.port),
                                                   ("named", "localhost", other.port),
                                                   ("mapped", "[::ffff:127.0.0.1]", other.port))]
            twice = script.call("http_req.register_dynamic_backend", "same", "a.test", 0, config)
            wrong = script.call("http_req.register_dynamic_backend", "x", "a.test:99999", 0, config)
            same = send(script, "/", backend="same")
            denied = [send(script, "/", backend=name)[0] for name in ("other", "named", "mapped")]
            dynamic = script.out()
            script.call("backend.is_dynamic", "same", dynamic)
            script.send(server)
    for call in registered + [same[0]]:
        call.is_ok()
    twice.gives("ERROR")
    wrong.gives("INVAL")
    for call in denied:
        call.gives("ERROR")
    expect(dynamic.u32 == 1 and not other.requests, f"{other.requests}")
    expect(server.log_text.count("the host's address is private") == 3, server.log_text)


def test_backends_are_described(guest):
    more = ("override_host = 'o.test'\nhealth = 'healthy'\nbetween_bytes_timeout_ms = 77\n"
            "[local_server.backends.secure]\nurl = 'https://secure.test'\n")
    with origin.Origin() as backend, settings(backend, more) as path, serve(guest, path) as server:
        script = Script()
        there, missing, health, tls, time_ms = (script.out() for _ in range(5))
        port, host, length = script.out(), script.out(64), script.out()
        script.call("backend.exists", "origin", there)
        script.call("backend.exists", "nothing", missing)
        script.call("backend.is_healthy", "origin", health)
        script.call("backend.is_ssl", "secure", tls)
        script.call("backend.get_port", "secure", port)
        script.call("backend.get_between_bytes_timeout_ms", "origin", time_ms)
        script.call("backend.get_override_host", "origin", host, 64, length)
        none = script.call("backend.get_override_host", "secure", script.out(), 0, script.out())
        unknown = script.call("backend.get_port", "nothing", script.out())
        script.send(server)
    expect([p.u32 for p in (there, missing, health, tls, time_ms)] == [1, 0, 1, 1, 77], "numbers")
    expect(port.u32 & 0xffff == 443 and host.bytes[:length.u32] == b"o.test", f"{host.bytes!r}")
    none.gives("NONE")
    unknown.gives("INVAL")


def test_several_requests_are_under_way_at_once(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        pendings = []
        # Each is answered when all have come.
        for i in range(4):
            handle, content = request(script, f"/together/4/{i}")
            pendings.append(script.out())
            script.call("http_req.send_async", handle.value, content.value, "origin", pendings[-1])
        early, done = script.out(), script.out()
        ready = script.out()
        handles = script.take(16)
        for i, pending in enumerate(pendings):
            script.copy(handles.address + 4 * i, pending.address, 4)
        selected = script.call("async_io.select", handles, 4, 0, ready)
        answers = []
        for pending in reversed(pendings):
            response, body = script.out(), script.out()
            script.call("http_req.pending_req_wait", pending.value, response, body)
            answers.append(Answer(script, response, body, portions=2, size=256))
        stale = script.call("http_req.pending_req_wait", pendings[0].value, early, done)
        script.send(server)
    selected.is_ok()
    expect(ready.u32 < 4, f"index {ready.u32}")
    expect([answer.text.split()[1] for answer in answers] == [f"/base/together/4/{i}" for i in (3, 2, 1, 0)],
           f"{[answer.text for answer in answers]}")
    stale.gives("BADF")


def test_polling_and_selecting_find_what_is_done(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        slow, fast = script.out(), script.out()
        for uri, pending in (("/held", slow), ("/behind/held", fast)):
            handle, content = request(script, uri)
            script.call("http_req.send_async", handle.value, content.value, "origin", pending)
        handles, index, response, body = script.take(8), script.out(), script.out(), script.out()
        script.copy(handles.address, slow.address, 4)
        script.copy(handles.address + 4, fast.address, 4)
        script.call("http_req.pending_req_select", handles, 2, index, response, body)
        answer = Answer(script, response, body)
        done = script.out()
        polled = script.call("http_req.pending_req_poll", slow.value, done, script.out(), script.out())
        late, state = script.out(), script.out()
        select = script.call("async_io.select", handles, 1, 30, late)
        is_ready = script.call("async_io.is_ready", slow.value, state)
        wrong = script.call("async_io.is_ready", fast.value, state)
        script.send(server)
        # The guest has ended, and with it what it did not wait for.
        expect(backend.held_is_closed(), "the request goes on without the guest")
    expect(index.u32 == 1 and answer.status == 200, f"index {index.u32}")
    for call in (polled, select, is_ready):
        call.is_ok()
    expect(done.u32 == 0 and late.u32 == 0xffffffff and state.u32 == 0, f"{done.u32} {late.u32}")
    wrong.gives("BADF")


def test_a_request_can_be_written_while_it_is_sent(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        handle, content = request(script, "/count", method="POST", body=b"first ")
        pending = script.out()
        script.call("http_req.send_async_streaming", handle.value, content.value, "origin", pending)
        chunk = script.data(b"x" * 50000)
        counts = [script.out() for _ in range(30)]
        for count in counts:
            script.call("http_body.write", content.value, chunk, 50000, 0, count)
        more = script.out()
        script.call("http_body.new", more)
        script.call("http_body.write", more.value, "last", 0, script.out())
        appended = script.call("http_body.append", content.value, more.value)
        closed = script.call("http_body.close", content.value)
        response, body = script.out(), script.out()
        script.call("http_req.pending_req_wait", pending.value, response, body)
        answer = Answer(script, response, body)
        # One that is given up is no request.
        handle, content = request(script, "/count", method="POST", body=b"first ")
        script.call("http_req.send_async_streaming", handle.value, content.value, "origin", pending)
        given_up = script.call("http_body.abandon", content.value)
        failed = script.call("http_req.pending_req_wait", pending.value, response, body)
        script.send(server)
    total = sum(count.u32 for count in counts) + 10
    expect(answer.text == str(total) and all(count.u32 for count in counts), f"{answer.text}, not {total}")
    for call in (appended, closed, given_up):
        call.is_ok()
    failed.gives("ERROR")


def test_a_response_goes_to_the_client_without_the_guest(guest):
    more = "[local_server.backends.closed]\nurl = 'http://127.0.0.1:1'\n" + PATIENT
    answers = []
    with origin.Origin() as backend, settings(backend, more) as path, serve(guest, path) as server:
        for name in "origin", "closed":
            script = Script()
            handle, content = request(script, "/with/Cache-Control=private/pending")
            pending = script.out()
            script.call("http_req.send_async", handle.value, content.value, name, pending)
            script.call("http_resp.send_downstream_pending", pending.value)
            script.finish()
            answers.append(server.get("/", "POST", script.code))
    expect([answer.status for answer in answers] == [200, 502], f"{[answer.status for answer in answers]}")
    expect(answers[0].text() == "1" and answers[0].header("Cache-Control") == "private", f"{answers[0].headers}")
    expect(answers[0].header("Content-Length") == "1", f"{answers[0].headers}")


def test_a_large_response_goes_through(guest):
    size = 5000000
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        handle, content = request(script, f"/bytes/{size}")
        response, body, own, target = script.out(), script.out(), script.out(), script.out()
        script.call("http_req.send", handle.value, content.value, "origin", response, body)
        unknown = script.call("http_body.known_length", body.value, script.out(8))
        script.call("http_resp.header_insert", response.value, "x-own", "1")
        script.call("http_resp.send_downstream", response.value, body.value, 0)
        answer = script.send(server)
    expect(answer.status == 200 and len(answer.body) == size, f"{answer.status}, {len(answer.body)} bytes")
    expect(answer.body == origin.pattern(size), "the bytes are others")


def packed_answer(script, kind, encodings=1):
    """The asking for one, what the fields say of it, and its parts."""
    handle, content = request(script, f"/packed/{kind}")
    asked = script.call("http_req.auto_decompress_response_set", handle.value, encodings)
    response, body = script.out(), script.out()
    script.call("http_req.send", handle.value, content.value, "origin", response, body)
    fields = []
    for name in ("content-encoding", "content-length"):
        count = script.out()
        fields.append((script.call("http_resp.header_value_get", response.value, name, script.take(64), 64, count)))
    return asked, fields, [script.read(body) for _ in range(4)]


def test_what_is_compressed_is_unpacked_if_the_guest_wants_that(guest):
    text = b"".join(b"line %d\n" % i for i in range(10000))[:20000]
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        for kind, encodings, is_packed, wanted in (("good", 1, True, text), ("plain", 1, False, text),
                                                   ("good", 0, False, None), ("damaged", 1, True, text)):
            script = Script()
            asked, fields, parts = packed_answer(script, kind, encodings)
            script.send(server)
            asked.is_ok()
            data = b"".join(part.bytes for part in parts)
            expect(data == wanted if wanted else data[:2] == b"\x1f\x8b", f"{kind}: {len(data)} bytes")
            expect((fields[1].status != "OK") == is_packed, f"{kind}: a length is {fields[1].status}")
            expect((fields[0].status == "OK") == (not encodings), f"{kind}: an encoding is {fields[0].status}")
        for kind, line in (("cut", "gzip and is not"), ("wrong", "gzip and is not")):
            script = Script()
            packed_answer(script, kind)
            script.send(server)
            end = time.monotonic() + PATIENCE
            while line not in server.read_log():
                expect(time.monotonic() < end, f"{kind}: {server.read_log()[-300:]}")
                time.sleep(0.01)
        script = Script()
        asked = packed_answer(script, "good", 2)[0]
        script.send(server)
        asked.gives("UNSUPPORTED")


def test_an_answer_to_head_keeps_its_length(guest):
    with origin.Origin() as backend, settings(backend) as path, serve(guest, path) as server:
        script = Script()
        handle, content = request(script, "/length", method="HEAD")
        response, body = script.out(), script.out()
        script.call("http_req.send", handle.value, content.value, "origin", response, body)
        script.call("http_resp.send_downstream", response.value, body.value, 0)
        script.finish()
        head = f"HEAD / HTTP/1.1\r\nHost: t\r\nContent-Length: {len(script.code)}\r\n\r\n"
        with server.connect() as client:
            client.send(head.encode() + script.code)
            answer = client.response("HEAD")
    expect(answer.status == 200 and answer.header("Content-Length") == "12345", f"{answer.headers}")


def test_a_response_larger_than_the_guest_may_hold_goes_through(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--max-memory", "4MiB", "--response-limit", "1MiB") as server:
            script = Script()
            handle, content = request(script, "/bytes/8000000")
            response, body = script.out(), script.out()
            script.call("http_req.send", handle.value, content.value, "origin", response, body)
            script.call("http_resp.header_insert", response.value, "x-own", "1")
            script.call("http_resp.send_downstream", response.value, body.value, 0)
            answer = script.send(server)
    expect(answer.body == origin.pattern(8000000), f"{answer.status}, {len(answer.body)} bytes")


def test_guests_that_wait_hold_no_thread(guest):
    count = 60
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--workers", "2") as server:
            results = []

            def ask(number):
                script = Script()
                sent, _, answer = send(script, f"/together/{count}/{number}")
                script.send(server)
                results.append(sent.status == "OK" and answer.status == 200)

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    expect(results == [True] * count, f"{results.count(True)} of {count} were answered")


def test_the_deadline_ends_a_guest_that_waits(guest):
    with origin.Origin() as backend, settings(backend) as path:
        with serve(guest, path, "--timeout", "3s") as server:
            script = Script()
            send(script, "/held")
            response = server.get("/", "POST", script.code)
            expect(response.status == 504, f"status {response.status}")
            # On a very busy machine the request may not even have come.
            expect("/held" not in backend.requests or backend.held_is_closed(),
                   "the request goes on without the guest")


def test_tls_is_verified(guest):
    with tempfile.TemporaryDirectory() as folder:
        certificate = origin.make_certificate(folder, "origin.test")
        more = "".join(f"[local_server.backends.{name}]\nurl = 'https://127.0.0.1:PORT'\n{PATIENT}{keys}\n"
                       for name, keys in (
                           ("good", f"cert_host = 'origin.test'\nca_certificate = {{ file = '{certificate}' }}"),
                           ("name", f"cert_host = 'other.test'\nca_certificate = {{ file = '{certificate}' }}"),
                           ("quiet", "cert_host = 'origin.test'\nuse_sni = false\n"
                                     f"ca_certificate = {{ file = '{certificate}' }}"),
                           ("stranger", "cert_host = 'origin.test'")))
        with origin.Origin(folder) as backend:
            with Settings(more.replace("PORT", str(backend.port))) as path:
                with serve(guest, path) as server:
                    script = Script()
                    results = [send(script, "/", backend=name) for name in ("good", "name", "quiet", "stranger")]
                    script.send(server)
            names = backend.names
    good, name, quiet, stranger = results
    good[0].is_ok()
    quiet[0].is_ok()
    for sent, detail, _ in (name, stranger):
        sent.gives("ERROR")
        expect(detail.u32 == 11, f"detail {detail.u32}")
    expect(names[0] == "origin.test" and names[2] is None, f"server names {names}")


def grpc_asked(path, behind, guest, backend, line=""):
    """A call by HTTP/2, whose answer is what `behind` makes of it: its words, and a trailer. The log has the line.

    To the backend "made", which the guest makes up, the body is still written when the request is sent.
    """
    script = Script()
    if backend == "made":
        script.call("http_req.register_dynamic_backend", backend, f"127.0.0.1:{path.port}", 1 << 14,
                    script.data(bytes(27 * 4)))
    begun = 100 if backend == "made" else len(behind.code)
    handle, content = request(script, "http://example.test/Service/Call", "POST", body=behind.code[:begun],
                              fields=(("TE", "trailers"), ("Content-Type", "application/grpc")))
    response, body, detail, pending = script.out(), script.out(), script.out(8), script.out()
    if begun < len(behind.code):
        script.call("http_req.send_async_streaming", handle.value, content.value, backend, pending)
        script.call("http_body.write", content.value, behind.code[begun:], 0, script.out())
        script.call("http_body.close", content.value)
        sent = script.call("http_req.pending_req_wait_v2", pending.value, detail, response, body)
    else:
        sent = script.call("http_req.send_v3", handle.value, content.value, backend, detail, response, body)
    words = script.read(body, 64)
    script.read(body, 64)
    count = script.out()
    status = script.take(8)
    script.call("http_body.trailer_value_get", body.value, "grpc-status", status, 8, count)
    status.count = count
    script.results.append(status)
    with serve(guest, path.toml) as server:
        script.send(server)
        end = time.monotonic() + PATIENCE
        while line not in server.read_log():
            expect(time.monotonic() < end, f"{line}: {sent.status}, {server.read_log()[-300:]}")
            time.sleep(0.01)
        return sent, words.bytes, status.bytes


def deaf_server(listener):
    """One answer by HTTP/1.1, whatever is said."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_a_backend_with_grpc_is_spoken_to_by_http2(guest):
    behind = Script()
    version, te, count, response, body = behind.out(), behind.take(8), behind.out(), behind.out(), behind.out()
    behind.call("http_req.version_get", 0, version)
    behind.call("http_req.header_value_get", 0, "te", te, 8, count)
    behind.call("http_resp.new", response)
    behind.call("http_body.new", body)
    behind.call("http_body.write", body.value, version, 4, 0, behind.out())
    behind.call("http_body.write", body.value, te, 8, 0, behind.out())
    behind.call("http_body.trailer_append", body.value, "grpc-status", "0")
    behind.call("http_resp.send_downstream", response.value, body.value, 0)
    table = "[local_server.backends.origin]\nurl = 'http://127.0.0.1:%d'\ngrpc = true\n" + PATIENT
    with Server(guest) as other, Settings(table % other.port) as toml:
        other.toml = toml
        for backend in ("origin", "made"):
            sent, words, status = grpc_asked(other, behind, guest, backend)
            sent.is_ok()
            expect(words == b"\3\0\0\0trailers", f"{backend}: {words}")
            expect(status == b"0", f"{backend}: the trailer is {status}")
    # Servers that know HTTP/1.1 only: one says so in its handshake, the other does not understand.
    with tempfile.TemporaryDirectory(prefix="selvage-tls-") as folder:
        certificate = origin.make_certificate(folder, "origin.test")
        trust = f"cert_host = 'origin.test'\nca_certificate = {{ file = '{certificate}' }}\n"
        with origin.Origin(folder) as old, Settings(table.replace("http:", "https:") % old.port + trust) as toml:
            old.toml = toml
            grpc_asked(old, behind, guest, "origin", "the server does not speak HTTP/2")[0].gives("ERROR")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        threading.Thread(target=deaf_server, args=(deaf,), daemon=True).start()
        with Settings(table % deaf.getsockname()[1]) as toml:
            other = types.SimpleNamespace(toml=toml)
            sent = grpc_asked(other, behind, guest, "origin", "a request to a backend failed")[0]
        expect(sent.status != "OK", "an answer by HTTP/1.1 is taken")
