"""WASI commands as CGI programs: the routes of two real ones, and answers that are none."""
import hashlib
import os
import re
import subprocess
import tempfile

from serving import SELVAGE, Server, artifact, expect, guest_path

PNG = "943b3fcf00ee6dc5269ed4411a275d49460831c6020ca67a746faf412de95452"


def missing(name):
    return None if guest_path(name) else f"tests/modules/{name} is not here"


def check_route(server, path, status, text, method="GET", body=b"", headers=""):
    response = server.get(path, method, body, headers)
    expect(response.status == status, f"{path}: status {response.status}, {response.text()[:200]!r}")
    expect(text in response.text(), f"{path}: {response.text()[:200]!r} without {text!r}")
    return response


def test_c_cgi_answers_every_route():
    if missing("c_cgi.wasm"):
        return missing("c_cgi.wasm")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "file"), "w") as file:
            file.write("from a file")
        with Server("c_cgi.wasm", "--dir", f"{folder}::/data:ro", "--max-memory", "64MiB") as server:
            check_route(server, "/", 200, "Hello from C\n")
            check_route(server, "/fib/20", 200, "6765\n")
            check_route(server, "/file/file", 200, "from a file")
            check_route(server, "/file/none", 404, "")
            check_route(server, "/file/..%2f..%2fetc%2fpasswd", 404, "")
            check_route(server, "/nothing", 404, "")
            body = os.urandom(300000)
            expect(server.get("/echo", "POST", body).body == body, "/echo is not an echo")
            big = server.get("/big")
            expect(len(big.body) == 16 << 20 and not big.body.strip(b"x"), "/big is not 16 MiB")
            expect(re.fullmatch(r"\d{10}\n", server.get("/time").text()), "/time")
            expect(server.get("/rand").body != server.get("/rand").body, "/rand is not random")
            check_route(server, "/sleep", 200, "ok\n")
            count = int(re.fullmatch(r"(\d+) MiB\n", server.get("/oom").text()).group(1))
            expect(50 < count < 64, f"/oom got {count} MiB of 64")
            check_route(server, "/?x", 200, "Hello from C\n")
    return None


def test_c_cgi_fails_in_its_own_way_each_time():
    if missing("c_cgi.wasm"):
        return missing("c_cgi.wasm")
    with Server("c_cgi.wasm") as server:
        check_route(server, "/trap", 500, "trap: unreachable")
        check_route(server, "/div0", 500, "trap: integer divide by zero")
        check_route(server, "/oob", 500, "trap: out of bounds memory access")
        # its own stack lies at the bottom of memory, so it ends in an access below 0
        check_route(server, "/stack", 500, "trap: ")
        check_route(server, "/exit/3", 500, "exit code 3")
        check_route(server, "/exit/0", 502, "no valid CGI response: no output")
        check_route(server, "/", 200, "Hello from C\n")
    for text in (" GET /trap 500 ", "(trap: integer divide by zero at ", " GET /exit/3 500 "):
        expect(text in server.log_text, f"no {text!r} in the log")
    return None


def test_c_cgi_has_so_much_time():
    if missing("c_cgi.wasm"):
        return missing("c_cgi.wasm")
    with Server("c_cgi.wasm", "--timeout", "500ms") as server:
        check_route(server, "/sleep", 504, "deadline exceeded")
    with Server("c_cgi.wasm", "--timeout", "2s") as server: # time for a short one on a busy machine
        check_route(server, "/spin", 504, "deadline exceeded")
        check_route(server, "/", 200, "Hello from C\n")
    expect(" GET /spin 504 " in server.log_text and "(deadline exceeded" in server.log_text, server.log_text)
    return None


def test_rust_cgi_answers_every_route():
    if missing("rust196_image_cgi_wasi.wasm"):
        return missing("rust196_image_cgi_wasi.wasm")
    with Server("rust196_image_cgi_wasi.wasm", "--timeout", "3s", "--max-memory", "64MiB") as server:
        image = server.get("/")
        expect(hashlib.sha256(image.body).hexdigest() == PNG, f"/ is not the image: {image.body[:200]!r}")
        expect(image.header("Content-Type") == "image/png", "the image has another type")
        check_route(server, "/echo", 200, "body", "POST", b"body")
        check_route(server, "/env", 200, "PATH_INFO=/env\n")
        check_route(server, "/none", 404, "not found")
        check_route(server, "/panic", 500, "trap: unreachable")
        check_route(server, "/spin", 504, "deadline exceeded")
        check_route(server, "/oom", 507, "memory limit of 67108864 bytes reached")
        check_route(server, "/env", 200, "PATH_INFO=/env\n")
    expect("guest panic on request" in server.log_text, "the panic is not in the log")
    return None


def test_cgi_variables_follow_rfc_3875():
    if missing("c_cgi.wasm"):
        return missing("c_cgi.wasm")
    headers = ("X-One: 1\r\nx-one: 2\r\nCookie: a=1\r\nCookie: b=2\r\nProxy: http://evil\r\n"
               "Authorization: Basic eDp5\r\nX_Under: 1\r\nContent-Type: text/x\r\n")
    with Server("c_cgi.wasm", "--env", "GREETING=hello world") as server:
        response = server.get("/env", "GET", b"12345", headers)
        lines = response.text().split("\n")
        for line in ("GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=GET",
                     "PATH_INFO=/env", "SCRIPT_NAME=", "QUERY_STRING=", "CONTENT_TYPE=text/x",
                     "CONTENT_LENGTH=5", "REMOTE_ADDR=127.0.0.1", "SERVER_NAME=t",
                     f"SERVER_PORT={server.port}", "HTTP_X_ONE=1, 2", "HTTP_COOKIE=a=1; b=2",
                     "HTTP_HOST=t", "GREETING=hello world"):
            expect(line in lines, f"no {line}: {lines}")
        expect(any(line.startswith("SERVER_SOFTWARE=Selvage/") for line in lines), "no software")
        for name in ("HTTP_PROXY", "HTTP_AUTHORIZATION", "HTTP_X_UNDER", "HTTP_CONTENT_TYPE",
                     "HTTP_CONNECTION"):
            expect(name not in response.text(), f"{name} is there")
        expect("CONTENT_LENGTH" not in server.get("/env").text(), "a length without a body")
        check_route(server, "/%66ib/%32%30", 200, "6765\n")
        check_route(server, "/env?a=%20&b", 200, "QUERY_STRING=a=%20&b\n")
        check_route(server, "/a%00b", 400, "encoded NUL")
        check_route(server, "/a%zz", 400, "'%'")
        check_route(server, "/a%4", 400, "'%'")
        check_route(server, "/a%", 400, "'%'")
    with Server("c_cgi.wasm", "--pass-authorization") as server:
        check_route(server, "/env", 200, "HTTP_AUTHORIZATION=Basic eDp5\n", headers=headers)
    return None


def test_cgi_limits_have_their_own_status():
    if missing("c_cgi.wasm"):
        return missing("c_cgi.wasm")
    with Server("c_cgi.wasm", "--response-limit", "1MiB", "--response-head-limit", "1K") as server:
        expect(len(server.get("/big").body) == 16 << 20, "what may not be kept is not streamed")
        check_route(server, "/", 200, "Hello from C\n")


REPLIES = [
    # what the program writes, status, a field, body or a part of the cause
    ("Content-Type: text/plain\r\n\r\nhi", 200, ("Content-Type", "text/plain"), "hi"),
    ("Content-Type: text/plain\n\nhi", 200, ("Content-Type", "text/plain"), "hi"),
    ("Status: 404\n\n", 404, None, ""),
    ("status: 201 Made Up\nX-A:  b \n\nbody", 201, ("X-A", "b"), "body"),
    ("Status: 200\n\nbody", 200, ("Content-Type", "application/octet-stream"), "body"),
    ("Location: /elsewhere\n\n", 302, ("Location", "/elsewhere"), ""),
    ("Location: http://a/b\n\n", 302, ("Location", "http://a/b"), ""),
    ("Location: /x\nStatus: 301 Moved\n\n", 301, ("Location", "/x"), ""),
    ("Content-Type: a/b\nContent-Length: 2\n\nhi", 200, ("Content-Length", "2"), "hi"),
    ("Content-Type: a/b\nSet-Cookie: a=1\nSet-Cookie: b=2\n\n", 200, ("Set-Cookie", "a=1"), ""),
    ("Content-Type: a/b\nConnection: close\nTransfer-Encoding: chunked\n\nhi", 200,
     ("Transfer-Encoding", None), "hi"),
    ("Status: 204\n\n", 204, None, ""),
    ("Status: 204\nContent-Type: a/b\n\nignored", 204, None, ""),
    ("", 502, None, "no output"),
    ("hello", 502, None, "without an empty line"),
    ("Content-Type: a/b\n", 502, None, "without an empty line"),
    ("hello\n\nbody", 502, None, "not \"name: value\""),
    ("\nbody", 502, None, "without Content-Type"),
    ("X-A: b\n\nbody", 502, None, "without Content-Type"),
    ("HTTP/1.1 200 OK\nContent-Type: a/b\n\n", 502, None, "not \"name: value\""),
    ("Status: 99\n\n", 502, None, "Status"),
    ("Status: 100\n\n", 502, None, "Status"),
    ("Status: 2000\n\n", 502, None, "Status"),
    ("Status: abc\n\n", 502, None, "Status"),
    ("Status: 200\nStatus: 200\n\n", 502, None, "two Status"),
    ("Content-Type: a\nContent-Type: b\n\n", 502, None, "two Content-Type"),
    ("Location: /a\nLocation: /b\n\n", 502, None, "two Location"),
    ("Content-Type: a/b\nContent-Length: 3\n\nhi", 502, None, "Content-Length of 3"),
    ("Content-Type: a/b\nContent-Length: 1\n\nhi", 502, None, "Content-Length of 1"),
    ("Content-Type: a/b\nContent-Length: x\n\nhi", 502, None, "Content-Length"),
    ("Content-Type: a/b\nBad Name: x\n\nhi", 502, None, "not a token"),
    ("Content-Type: a/b\nX: a\rb\n\nhi", 502, None, "control character"),
    ("Content-Type: a/b\n folded\n\nhi", 502, None, "name: value"),
]


def test_cgi_replies_are_read_as_rfc_3875_says():
    with Server("reply.wat") as server:
        for text, status, field, body in REPLIES:
            response = server.get("/", "POST", text.encode()) if text else server.get("/")
            expect(response.status == status, f"{text!r}: {response.status} {response.text()!r}")
            if field:
                expect(response.header(field[0]) == field[1], f"{text!r}: {response.headers}")
            good = body in response.text() if status == 502 else body == response.text()
            expect(good, f"{text!r}: {response.text()!r}")


def test_cgi_head_may_announce_what_it_does_not_send():
    with Server("reply.wat") as server:
        for text, length in (("Content-Type: a/b\nContent-Length: 77\n\n", "77"),
                             ("Content-Type: a/b\n\nfive!", "5")):
            response = server.get("/", "HEAD", text.encode())
            expect(response.status == 200, f"{response.status}")
            expect(response.header("Content-Length") == length, f"{response.headers}")


def test_cgi_output_goes_out_when_the_guest_waits():
    with Server("drip.wat", "--timeout", "20s") as server, server.connect() as client:
        client.send(b"GET /?ss HTTP/1.1\r\nHost: t\r\n\r\n")
        head = client.take_until(b"\r\n\r\n")
        expect(b"Transfer-Encoding: chunked" in head and client.chunk() == b"first\n", f"{head}")
        expect(client.chunk() == b"last\n" and client.chunk() == b"", "not the last line")
        # One that does not wait is answered as a whole.
        expect(server.get("/?").header("Content-Length") == "11", "it was streamed")


def test_cgi_output_of_any_length_passes_through_a_small_buffer():
    with Server("drip.wat", "--timeout", "60s", "--workers", "1", "--stream-limit", "64KiB",
                "--response-limit", "64KiB") as server:
        with server.connect() as slow:
            slow.send(b"GET /?" + b"n" * 800 + b" HTTP/1.1\r\nHost: t\r\n\r\n")
            slow.take_until(b"\r\n\r\n")
            # It waits for its reader, and the one worker is free.
            for _ in range(20):
                expect(server.get("/?").status == 200, "the worker is busy")
            used = server.memory_kb()
            total = 0
            while data := slow.chunk():
                total += len(data)
        expect(total == 6 + 800 * 65536 + 5, f"{total} bytes")
        expect(server.memory_kb() < used + 20000, f"{server.memory_kb()} KiB, {used} before")


def test_cgi_guests_that_fail_are_errors_until_their_answer_has_begun():
    with Server("drip.wat", "--timeout", "20s") as server:
        expect(server.get("/?t").status == 500, "an answer of a guest that trapped")
        expect(server.get("/?ln").status == 502, "a body that is longer than it says")
    with Server("reply.wat", "--response-limit", "100K") as server:
        check_route(server, "/", 502, "output of more than 102400 bytes", "POST", b"no head " * 20000)
    with Server("drip.wat", "--timeout", "20s") as server:
        for query in (b"st", b"lsn"):
            with server.connect() as client:
                client.send(b"GET /?" + query + b" HTTP/1.1\r\nHost: t\r\n\r\n")
                head = client.take_until(b"\r\n\r\n")
                expect(head.startswith(b"HTTP/1.1 200"), f"{head}")
                while client.receive():
                    pass
                expect(not client.input.endswith(b"0\r\n\r\n"), f"{query} looks whole: {client.input[-40:]}")
    for text in ("trap: unreachable", "a body that is longer than its Content-Length"):
        expect(text in server.log_text, f"no {text!r} in the log: {server.log_text[-500:]}")


def test_a_reactor_is_initialised_and_then_handles():
    with Server("reactor.wat") as server:
        for _ in range(3):
            check_route(server, "/", 200, "1 and 1")


def test_a_snapshot_of_a_reactor_is_initialised_already():
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "ready.so")
        subprocess.run([SELVAGE, "snapshot", artifact(guest_path("reactor.wat")), "-o", made], check=True)
        with Server(made) as server:
            for _ in range(3):
                check_route(server, "/", 200, "1 and 1")


def test_handlers_with_parameters_are_refused():
    for name, text in (("handle", "(param i32)"), ("_initialize", "(result i32) (i32.const 0)")):
        other = "" if name == "handle" else '(func (export "handle"))'
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "wrong.wat")
            with open(path, "w") as file:
                file.write(f'(module {other} (func (export "{name}") {text}))')
            done = subprocess.run([SELVAGE, "serve", "--listen", "127.0.0.1:0", path], capture_output=True, text=True)
            expect(done.returncode and f'the function "{name}" has parameters or results' in done.stderr, done.stderr)
