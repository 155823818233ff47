"""What a request over HTTP/2 is, and what is refused: the rules are those of HTTP/1.1."""
import os

from frames import NO_ERROR, PROTOCOL_ERROR, Http2
from hyperframe.frame import DataFrame, HeadersFrame
from secure import SecureServer
from serving import Server, expect


def test_a_request_reaches_the_guest():
    with Server("echo.wat") as server, Http2(server.port) as client:
        answer = client.get("/p?q=1", method="PUT", body=b"body")
        expect(answer.status == 200 and answer.body == b"body", f"{answer.status} {answer.body!r}")
        expect(answer.field("x-method") == "PUT" and answer.field("x-target") == "/p?q=1", f"{answer.fields}")
        expect(answer.field("content-length") == "4", "no length")
        answer = client.get("/h", method="HEAD")
        expect(answer.status == 200 and not answer.body and answer.field("content-length") == "0", "HEAD")


def test_cgi_programs_see_the_protocol_the_host_and_one_cookie():
    with Server("c_cgi.wasm") as server, Http2(server.port) as client:
        fields = [("cookie", "a=1"), ("x-other", "o"), ("cookie", "b=2"), ("cookie", "c=3")]
        text = client.get("/env", host="h.example:81", fields=fields).body.decode()
        for line in ("SERVER_PROTOCOL=HTTP/2.0", "HTTP_HOST=h.example:81", "SERVER_NAME=h.example",
                     "HTTP_COOKIE=a=1; b=2; c=3", "HTTP_X_OTHER=o"):
            expect(line in text.split("\n"), f"no {line} in {text!r}")


def status(client, fields, ends=True):
    answer = client.answer(client.open(fields, ends))
    return answer.status


def test_rules_of_all_requests():
    with Server("echo.wat", "--target-limit", "64", "--field-limit", "10", "--head-limit", "4096",
                "--body-limit", "1000") as server, Http2(server.port) as client:
        head = client.head
        cases = (
            (501, head(method="CONNECTED")),
            (400, head(path="/a#b")),
            (414, head(path="/" + "a" * 64)),
            (414, head(path="/" + "a" * 5000)),
            (200, head(path="*", method="OPTIONS")),
            (400, head(host="user@t")),
            (400, head(fields=[("host", "other")])),
            (200, head(fields=[("host", "t")])),
            (200, head(fields=[("host", "T")])),
            (400, head(scheme="ftp")),
            (431, head(fields=[(f"x-{i}", "y") for i in range(10)])),
            (200, head(fields=[(f"x-{i}", "y") for i in range(9)])),
            (431, head(fields=[("x", "y" * 5000)])),
            (417, head(fields=[("expect", "200-ok")])),
            (413, head(method="POST", fields=[("content-length", "1001")])),
            (200, head()))
        for wanted, fields in cases:
            found = status(client, fields, ends=wanted != 413)
            expect(found == wanted, f"{found}, not {wanted}, for {str(fields)[:300]}")


def test_malformed_requests_are_broken_off():
    """RFC 9113, section 8.2 and 8.3; nghttp2 looks at these."""
    with Server("echo.wat") as server, Http2(server.port) as client:
        head = client.head
        cases = (
            head(fields=[("Upper", "x")]),
            head(fields=[("connection", "close")]),
            head(fields=[("transfer-encoding", "chunked")]),
            head(fields=[("te", "gzip")]),
            head(fields=[("x", "a\r\nb: c")]),
            head(fields=[("x", "a\0b")]),
            head(fields=[("x y", "a")]),
            head()[1:],  # no :method
            head()[:3],  # no :path
            head() + [(":path", "/second")],
            [("x", "y")] + head(),
            head(fields=[(":status", "200")]),
            head(fields=[("content-length", "1"), ("content-length", "2")]),
            head(fields=[("content-length", "5")]),  # and no body
            head(method="CONNECT"),
            head(path="*"),
            head()[:2] + head()[3:])  # no :authority
        for fields in cases:
            answer = client.answer(client.open(fields))
            expect(answer.reset == PROTOCOL_ERROR and not answer.status, f"{answer.reset} for {fields}")
        answer = client.answer(client.ask(method="POST", fields=[("content-length", "5")], body=b"1234"))
        expect(answer.reset == PROTOCOL_ERROR, "a body shorter than its length")
        answer = client.answer(client.ask(method="POST", fields=[("content-length", "5")], body=b"123456"))
        expect(answer.reset == PROTOCOL_ERROR, "a body longer than its length")
        expect(client.get().status == 200, "the connection has suffered")
    expect("x-method" not in server.log_text, "a guest has seen one")


def test_bodies_up_to_the_limit():
    with Server("echo.wat", "--body-limit", "300000") as server, Http2(server.port) as client:
        for length in (0, 1, 65536, 300000):
            body = os.urandom(length)
            expect(client.get(method="POST", body=body).body == body, f"{length} bytes")
        answer = client.get(method="POST", body=b"x" * 300001)
        expect(answer.status == 413 and b"300000" in answer.body, f"{answer.status} for one byte more")
        expect(client.get().status == 200, "the connection has suffered")


def test_padding_and_trailers_of_requests_are_left_out():
    with Server("echo.wat") as server, Http2(server.port) as client:
        number = client.ask(method="POST", ends=False)
        client.send(DataFrame(number, b"ab", pad_length=100, flags=["PADDED"]))
        client.send(DataFrame(number, b"cd", pad_length=0, flags=["PADDED"]))
        client.send(HeadersFrame(number, client.encoder.encode([("x-method", "no")]),
                                 flags=["END_HEADERS", "END_STREAM"]))
        answer = client.answer(number)
        expect(answer.body == b"abcd" and answer.field("x-method") == "POST", f"{answer.body!r}")


def test_trailers_of_requests_reach_guests():
    with Server("upload.wat", "--field-limit", "10") as server, Http2(server.port) as client:
        def ask(trailers):
            number, before = client.ask("/t", method="POST", body=b"body", ends=False), client.pings
            client.ping()
            client.wait_for(lambda: client.pings > before, "a ping is answered")
            client.send(HeadersFrame(number, client.encoder.encode(trailers), flags=["END_HEADERS", "END_STREAM"]))
            return client.answer(number)
        answer = ask([("x-sum", "7"), ("x-other", "a"), ("content-type", "a/b"), ("x-other", "b")])
        expect(answer.body == b"Ox-sum\0x-other\x007", f"{answer.body}")
        expect(ask([(f"x-{i}", "y") for i in range(11)]).status == 431, "too many")
        expect(client.get("/n").status == 200, "the connection has suffered")


def test_a_client_that_waits_is_told_to_continue():
    with Server("echo.wat") as server, Http2(server.port) as client:
        number = client.ask(method="POST", fields=[("expect", "100-continue")], ends=False)
        client.wait_for(lambda: client.answers[number].informational, "100")
        client.data(number, b"now")
        expect(client.answer(number).body == b"now", "no echo")


def test_a_refused_body_is_not_asked_for():
    with Server("echo.wat", "--body-limit", "10") as server, Http2(server.port) as client:
        number = client.ask(method="POST", fields=[("content-length", "11"), ("expect", "100-continue")], ends=False)
        answer = client.answer(number)
        expect(answer.status == 413 and not answer.informational, f"{answer.status}")
        client.wait_for(lambda: answer.reset is not None, "the stream is broken off")
        expect(answer.reset == NO_ERROR, f"code {answer.reset}")


def test_a_connection_is_for_what_its_certificate_covers():
    with SecureServer() as server, Http2(server.port, server.context()) as client:
        expect(client.get(host="localhost", scheme="https").status == 200, "not its own name")
        expect(client.get(host="other.localhost", scheme="https").status == 421, "another name")
        expect(client.get(host="localhost:1", scheme="https").status == 200, "not with a port")
