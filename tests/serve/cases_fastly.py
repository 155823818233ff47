"""Fastly Compute guests: a small one that asks for all kinds of statuses, and a real one in JavaScript."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fastly"))

from origin import Origin
from serving import ROOT, SELVAGE, Server, expect

SHARED = os.path.join(ROOT, "..", "shared", "modules")


def exchange(server, head, body=b""):
    with server.connect() as client:
        client.send(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return client.response()


# What the guest's calls give, in its order: a is 0. The names come in three parts.
STATUSES = "aaaa" "aa" "aaa" "a" "dedkckhmhfffdaadl" "aaaaadn"


def test_fastly_calls_give_what_was_sent():
    with Server("fastly.wat") as server:
        fields = "X-Many: one\r\nA-rather-long-name: 1\r\nx-many: two\r\nAnother-rather-long-name: 2\r\n"
        head = f"PUT /path?query HTTP/1.1\r\nHost: example.test\r\n{fields}"
        response = exchange(server, head, b"the body")
        expect(response.status == 201, f"status {response.status}: {response.text()}")
        names = ["host", "x-many", "a-rather-long-name", "another-rather-long-name",
                 "content-length", "traceparent"]
        text = ("PUT" "http://example.test/path?query" + "".join(n + "\0" for n in names) +
                "one\0two\0" + STATUSES + "the body")
        expect(response.text() == text, f"{response.text()!r}, not {text!r}")
        values = [value for name, value in response.headers if name.lower() == "x-set"]
        expect(values == ["one", "two"], f"x-set is {values}")
    for line in ("endpoint: a line", "fastly_http_req.redirect_to_grip_proxy_v2 is not supported by this version",
                 "after the response: trap: unreachable"):
        expect(server.log_text.count(line) == 1, f"{line!r} is not once in {server.log_text!r}")


def test_functions_have_their_older_names_too():
    with Server("legacy.wat") as server:
        response = server.get("/", "PUT")
        expect(response.status == 418 and response.text() == "PUT", f"{response.status} {response.text()!r}")


SETTINGS = """
[local_server.config_stores.settings]
format = "inline-toml"
contents = { greeting = "hello" }
[local_server.kv_stores]
store = [{ key = "k", data = "the value" }]
[local_server.backends.origin]
url = "http://127.0.0.1:PORT"
override_host = "origin.test"
connect_timeout_ms = 20000
"""


def check_routes(server):
    expect(server.get("/").text() == "index\n", "/")
    env = json.loads(server.get("/env").text())
    expect(env["host"] == "localhost" and len(env["trace"]) == 32, f"/env: {env}")
    expect(json.loads(server.get("/env").text())["trace"] != env["trace"], "one trace id for two")
    expect(json.loads(server.get("/headers").text())["host"] == "t", "/headers")
    body = os.urandom(300000)
    expect(server.get("/echo", "POST", body).body == body, "/echo")
    expect(server.get("/sha256", "POST", body).text().strip() == hashlib.sha256(body).hexdigest(),
           "/sha256")
    expect(server.get("/stream").text() == "".join(f"chunk {i}\n" for i in range(1, 11)), "/stream")
    expect(server.get("/throw").status == 500, "/throw")
    expect(server.get("/kv").text() == "the value", "/kv")
    expect(json.loads(server.get("/config").text()) == {"v": "hello"}, "/config")
    expect(server.get("/nothing").status == 404, "/nothing")


def test_fastly_javascript_answers_its_routes():
    module = os.path.join(SHARED, "fastly_js_app.wasm")
    if not os.path.exists(module):
        return "../shared/modules is not there"
    if os.environ.get("QUICK"):
        return "compiling SpiderMonkey is not quick"
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "app.so")
        subprocess.run([SELVAGE, "compile", "-O0", module, "-o", artifact], check=True)
        settings = os.path.join(folder, "fastly.toml")
        with Origin() as origin:
            with open(settings, "w") as file:
                file.write(SETTINGS.replace("PORT", str(origin.port)))
            with Server(artifact, "--config", settings) as server:
                check_routes(server)
                response = server.get("/proxy?a=b")
        lines = response.text().lower().split("\n")
        expect(response.header("x-origin") == "here", f"/proxy has {response.headers}")
        expect(lines[0] == "get /data?a=b http/1.1" and "host: origin.test" in lines, f"/proxy: {lines}")
    return None
