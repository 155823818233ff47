"""HTTP over TLS: everything that is true of a plain connection."""
import os
import ssl
import subprocess
import tempfile
import time

from secure import SecureServer, make_files
from serving import ROOT, expect
from wire import Script

# Scripts that do not look below HTTP.
SCRIPTS = ("01_get", "02_close", "03_http10", "04_post", "05_head", "07_pipeline", "08_chunked", "09_expect",
           "15_chunk_framing", "16_head_limits", "17_body_limits", "22_large_body")


class NamelessServer(SecureServer):
    """Whose clients name nobody, so that their Host may be the one of the scripts."""

    def __enter__(self):
        super().__enter__()
        self.trusted = ssl.create_default_context(cafile=self.options[self.options.index("--tls-cert") + 1])
        self.trusted.check_hostname = False
        return self

    def connect(self):
        return super().connect(None, self.trusted)


def test_wire_scripts_pass_over_tls():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_files(folder, "t", "example.com", "a", "h")
        for name in SCRIPTS:
            path = os.path.join(ROOT, "tests", "serve", "wire", name + ".wire")
            script = Script(path)
            options = ("--tls-cert", certificate, "--tls-key", key, *script.options)
            with NamelessServer(script.guest, *options) as server:
                script.run(server, False)
                if name in ("04_post", "08_chunked") and not script.whole:
                    script.run(server, True)


def curl(server, *arguments, name="localhost", data=None):
    url = f"https://{name}:{server.port}/"
    command = ["curl", "-sS", "--cacert", server.authority, "--resolve", f"{name}:{server.port}:127.0.0.1",
               *arguments, url]
    result = subprocess.run(command, input=data, capture_output=True, timeout=60)
    expect(result.returncode == 0, f"{command}: {result.stderr!r}")
    return result.stdout


def test_curl_trusts_the_authority():
    show = ("-o", "/dev/null", "-w", "%{http_code} %{http_version} %{num_connects}")
    with SecureServer() as server:
        expect(curl(server, *show) == b"200 2 1", "no answer over HTTP/2")
        expect(curl(server, *show, "--http1.1") == b"200 1.1 1", "no answer over HTTP/1.1")
        expect(curl(server, *show, "--http1.0").startswith(b"200 1."), "no answer over HTTP/1.0")
        expect(curl(server, *show, name="app-7.localhost") == b"200 2 1", "no answer for a name")
        text = curl(server, "--data-binary", "@-", data=b"x" * 3_000_000)
        expect(text == b"x" * 3_000_000, f"{len(text)} bytes came back")


def test_a_body_of_the_limit_both_ways():
    body = os.urandom(1 << 20) * 8
    with SecureServer("echo.wat", "--max-memory", "64MiB") as server:
        with server.connect() as client:
            for _ in range(2):
                head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
                client.send(head % len(body) + body)
                expect(client.response().body == body, "not what was sent")


def test_a_client_that_reads_late():
    body = os.urandom(1 << 20) * 8  # more than sockets hold
    with SecureServer("echo.wat", "--max-memory", "64MiB") as server:
        with server.connect() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body))
            client.send(body)
            time.sleep(0.3)
            expect(server.status() == 200, "another client has to wait")
            expect(client.response().body == body, "not what was sent")


def test_pipelines_and_their_ends():
    with SecureServer("echo.wat", "--quiet") as server:
        with server.connect() as client:
            for _ in range(3):  # records hold many requests, and some are in two
                client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % i for i in range(400)))
                for i in range(400):
                    target = client.response().header("x-target")
                    expect(target == f"/{i}", f"answer {i} is for {target}")
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            expect(client.response().status == 200, "no answer")
            expect(client.is_closed(), "no end")


def test_a_record_larger_than_the_room_for_it():
    """With a small limit, what is left of a record waits in the session, not in the socket."""
    with SecureServer("echo.wat", "--head-limit", "300", "--quiet") as server:
        with server.connect() as client:
            requests = [b"GET /%05d HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n" % (i, b"x" * 200) for i in range(62)]
            for _ in range(5):
                data = b"".join(requests)
                client.send(data)
                for i in range(62):
                    expect(client.response().header("x-target") == f"/{i:05}", "an answer is missing")


def test_a_request_that_ends_with_the_connection():
    with SecureServer() as server:
        for text in (b"GET / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"):
            with server.connect() as client:
                client.send(text)
        with server.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        expect(server.status() == 200, "the server suffered")
