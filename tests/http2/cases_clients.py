"""HTTP/2 as real clients speak it: curl, nghttp, h2load."""
import os
import re
import subprocess
import tempfile

from secure import SecureServer
from serving import Server, expect


def call(*command, data=None):
    done = subprocess.run(command, input=data, capture_output=True, timeout=60)
    expect(done.returncode == 0, f"{command}: {done.stderr[-200:]!r}")
    return done.stdout


def test_curl_with_prior_knowledge():
    with Server("echo.wat") as server:
        url = f"http://127.0.0.1:{server.port}/a?b=c"
        text = call("curl", "-sS", "--http2-prior-knowledge", "-w", " %{http_version}", "-D", "-", url).decode()
        for part in ("HTTP/2 200", "x-method: GET", "x-target: /a?b=c", "server: Selvage/", "date: ", " 2"):
            expect(part in text, f"no {part!r} in {text!r}")
        body = os.urandom(3_000_000)
        got = call("curl", "-sS", "--http2-prior-knowledge", "--data-binary", "@-", url, data=body)
        expect(got == body, f"{len(got)} bytes came back")
    expect("GET /a?b=c 200" in server.log_text, "no line in the log")


def test_answers_are_compressed_whole_and_streamed():
    for query, length in (("n", 65547), ("sns", 65547), ("", 11)):
        with Server("drip.wat") as server:
            url = f"http://127.0.0.1:{server.port}/?{query}"
            text = call("curl", "-sS", "--http2-prior-knowledge", "-D", "/dev/stderr", "--compressed", "-w",
                        " %{http_version} %{size_download}", url)
            body, _, sizes = text.rpartition(b" 2 ")
            expect(len(body) == length and (int(sizes) < 1000), f"{query}: {len(body)} bytes from {sizes}")


def test_curl_agrees_on_it_in_tls():
    with SecureServer() as server:
        url = f"https://localhost:{server.port}/"
        trust = ("--cacert", server.authority, "-sS", "-w", "%{http_version}")
        expect(call("curl", *trust, "--http2", url) == b"2", "not HTTP/2")
        expect(call("curl", *trust, "--http1.1", url) == b"1.1", "not HTTP/1.1")
        expect(call("curl", *trust, "--no-alpn", url) == b"1.1", "not HTTP/1.1 without ALPN")


def test_curl_that_asks_for_an_upgrade_stays_with_http_1():
    with Server("echo.wat") as server:
        url = f"http://127.0.0.1:{server.port}/"
        expect(call("curl", "-sS", "--http2", "-w", "%{http_version}", url) == b"1.1", "not HTTP/1.1")


def test_nghttp_with_a_body_trailers_and_many_streams():
    with Server("echo.wat") as server, tempfile.NamedTemporaryFile() as body:
        url = f"http://127.0.0.1:{server.port}/"
        body.write(b"text" * 50000)
        body.flush()
        expect(call("nghttp", "-d", body.name, "--trailer", "x: y", url) == b"text" * 50000, "no echo")
        lines = call("nghttp", "-n", "-s", "-m", "50", url).decode()
        expect(lines.count(" 200 ") == 50, f"not 50 answers: {lines[-300:]}")


def test_h2load_has_all_its_answers():
    with SecureServer("echo.wat", "--quiet") as server:
        for url in (f"http://127.0.0.1:{server.plain_port}/", f"https://localhost:{server.port}/"):
            text = call("h2load", "-n", "3000", "-c", "6", "-m", "20", url).decode()
            match = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", text)
            expect(match and match.groups() == ("3000", "0", "0"), text[-500:])
