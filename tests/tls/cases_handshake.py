"""Handshakes: versions, protocols, resumption, and clients that do not come to an end."""
import os
import random
import ssl
import subprocess
import time

from secure import Hello, SecureClient, SecureServer, end_of, half_close, refused_handshake
from serving import PATIENCE, Client, expect


def test_versions_from_1_2_on():
    with SecureServer() as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with server.connect(maximum_version=version, minimum_version=version) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                expect(client.response().status == 200, f"no answer over {version}")
        old = server.context()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        refused_handshake(server, "PROTOCOL_VERSION", context=old)
        weak = server.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers("AES128-SHA:AES128-GCM-SHA256")  # no forward secrecy
        refused_handshake(server, "HANDSHAKE_FAILURE", context=weak)
    expect("TLS: unsupported protocol" in server.log_text, "the log does not say it")


def test_the_protocol_is_agreed_on():
    with SecureServer() as server:
        for offered, chosen in ((["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), (["http/1.0"], "http/1.0"), (None, None)):
            context = server.context()
            if offered:
                context.set_alpn_protocols(offered)
            with server.connect(context=context) as client:
                expect(client.socket.selected_alpn_protocol() == chosen, f"not {chosen}")
        context = server.context()
        context.set_alpn_protocols(["h3", "spdy/3"])
        refused_handshake(server, "no application protocol", context=context)


def test_sessions_are_resumed():
    with SecureServer() as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = server.context(maximum_version=version, minimum_version=version)
            session = None
            for turn in range(3):
                with SecureClient(server.port, "localhost", context, session) as client:
                    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    expect(client.response().status == 200, "no answer")
                    expect(client.socket.session_reused == (turn > 0),
                           f"{version}, turn {turn}: reused {client.socket.session_reused}")
                    session = client.socket.session
            with SecureClient(server.port, "localhost", context, session) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n")
                expect(client.response().status == 421, "a resumed session forgets its name")


def test_there_is_no_renegotiation():
    with SecureServer() as server:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2",
                   "-servername", "localhost", "-CAfile", server.authority]
        result = subprocess.run(command, input=b"R\n", capture_output=True, timeout=20)
        expect(b"RENEGOTIATING" in result.stdout + result.stderr, "s_client did not ask")
        expect(b"no renegotiation" in result.stderr, f"{result.stderr[-300:]!r}")
        expect(server.status() == 200, "the server suffered")


def test_a_handshake_byte_by_byte():
    with SecureServer() as server:
        with Client(server.port) as client:
            hello = Hello()
            client.send(hello.bytes(), one_by_one=True)
            hello.finish(client)
            hello.tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.send(hello.output.read(), one_by_one=True)
            text = b""
            while b"200 OK" not in text:
                expect(client.receive(), "the server ended the connection")
                hello.input.write(client.input)
                client.input = b""
                try:
                    text += hello.tls.read()
                except ssl.SSLWantReadError:
                    pass


def test_slow_handshakes_are_cut():
    # Long enough for a whole handshake on a busy machine.
    with SecureServer("echo.wat", "--handshake-timeout", "2s") as server:
        data = Hello().bytes()
        clients = [Client(server.port) for _ in range(4)]
        clients[1].send(data[:1])
        clients[2].send(data[:100])
        clients[3].send(data)  # one that stops behind the server's answer
        for client in clients[:3]:
            expect(client.is_closed(), "something was said")
        while clients[3].receive():
            pass
        for client in clients:
            client.socket.close()
        expect(server.status() == 200, "the server suffered")
    expect(server.log_text.count("the TLS handshake took too long") == 4, server.log_text)


def test_half_handshakes_are_forgotten():
    with SecureServer() as server:
        data = Hello().bytes()
        expect(end_of(server.port, b"", is_half=True) == b"", "an answer to nothing")
        for length in (1, 5, 6, 60, len(data) - 1):
            end_of(server.port, data[:length], is_half=True)
        for _ in range(50):
            with Client(server.port) as client:
                client.send(data[:100])
        with Client(server.port) as client:
            client.send(data)
            expect(client.receive(), "no server hello")
        expect(server.status() == 200, "the server suffered")
        end = time.monotonic() + PATIENCE
        while server.descriptors() >= 40:
            expect(time.monotonic() < end, f"{server.descriptors()} descriptors are open")
            time.sleep(0.01)


def test_random_bytes_are_no_handshake():
    choose = random.Random(5)
    with SecureServer("echo.wat", "--handshake-timeout", "2s") as server:
        data = Hello().bytes()
        for turn in range(150):
            junk = choose.randbytes(choose.randrange(1, 400))
            if turn % 3 == 1:  # a record with a length that is right
                junk = b"\x16\x03\x01" + len(junk).to_bytes(2, "big") + junk
            elif turn % 3 == 2:  # a hello with a few wrong bytes
                junk = bytearray(data)
                for _ in range(choose.randrange(1, 6)):
                    junk[choose.randrange(5, len(junk))] = choose.randrange(256)
            end_of(server.port, bytes(junk), is_half=True)
        expect(server.status() == 200, "the server suffered")


def test_random_bytes_in_a_session_end_it():
    choose = random.Random(6)
    with SecureServer() as server:
        for turn in range(60):
            with Client(server.port) as client:
                hello = Hello()
                hello.finish(client)
                hello.tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                data = bytearray(hello.output.read())
                if turn % 2:
                    data[choose.randrange(5, len(data))] ^= 1 << choose.randrange(8)
                else:
                    data = choose.randbytes(100)
                client.send(bytes(data))
                half_close(client)
                while client.receive():
                    pass
                expect(b"HTTP/1.1" not in client.input, "an answer in the clear")
        expect(server.status() == 200, "the server suffered")
    expect(" 200 " in server.log_text and server.log_text.count(" GET / ") == 1, "a forged request")


def test_plain_http_gets_a_plain_answer():
    with SecureServer() as server:
        for method in ("GET", "POST", "OPTIONS", "get"):
            with Client(server.port) as client:
                client.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + b"x" * 10000)
                response = client.response()
                expect(response.status == 400, f"status {response.status}")
                expect("this is an HTTPS port" in response.text(), response.text())
                expect(client.is_closed(), "the connection stays open")
        expect(end_of(server.port, b"\x00\x01\x02") == b"", "an answer to what is no HTTP either")
        with Client(server.plain_port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: any\r\n\r\n")
            expect(client.response().status == 200, "the plain port does not answer")


def test_too_many_connections_are_told_so_in_tls():
    with SecureServer("echo.wat", "--max-connections", "1") as server:
        with server.connect() as one:
            one.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            expect(one.response().status == 200, "a connection below the limit failed")
            with server.connect() as two:
                expect(two.response().status == 503, "no 503")
                expect(two.is_closed(), "the connection stays open")


def test_a_server_that_stops_ends_sessions_in_order():
    with SecureServer() as server:
        # With TLS 1.2 the server has the last word of a handshake, so that it knows of its end.
        old = server.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        clients = [server.connect(), server.connect(context=old), server.connect(context=old)]
        half = Client(server.port)
        half.send(Hello().bytes()[:50])
        clients[0].send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        expect(clients[0].response().status == 200, "no answer")
    for client in clients:
        expect(client.is_closed(), "something came before the end")
        client.socket.close()
    half.socket.close()


def test_one_hundred_idle_sessions_cost_little():
    if os.environ.get("ASAN_OPTIONS"):
        return "memory is not what it is under a sanitizer"
    with SecureServer("echo.wat", "--quiet") as server:
        context = server.context()
        ask = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

        def some(count):
            clients = [server.connect(context=context) for _ in range(count)]
            for client in clients:
                client.send(ask)
                expect(client.response().status == 200, "no answer")
            return clients

        clients = some(20)
        time.sleep(0.1)
        before = server.memory_kb()
        clients += some(100)
        time.sleep(0.1)
        each = (server.memory_kb() - before) / 100
        expect(each < 64, f"an idle session takes {each:.1f} KiB")
        for client in clients:
            client.send(ask)
            expect(client.response().status == 200, "an idle session is of no use")
            client.socket.close()
    return None
