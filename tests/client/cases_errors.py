"""Servers that refuse, break off, are slow, or answer what nobody should."""
import json
import random
import socket
import subprocess
import time

from control import (NAME, PATIENCE, SELVAGE, TOKEN, Control, Folder, Raw, environment, error, expect, fine, refused,
                     run)

LIST = "GET /v1/deployments"
MODULE = b"\0asm\1\0\0\0"

# Each command, and the request that it begins with.
COMMANDS = (
    (["list"], LIST),
    (["status", NAME], "GET /v1/deployments/{name}"),
    (["logs", NAME], "GET /v1/deployments/{name}/logs"),
    (["open", NAME], "GET /v1/deployments/{name}"),
    (["rollback", NAME], "POST /v1/deployments/{name}/rollback"),
    (["remove", "-y", NAME], "DELETE /v1/deployments/{name}"),
    (["env", NAME], "GET /v1/deployments/{name}"),
    (["env", NAME, "A=b"], "PATCH /v1/deployments/{name}/env"),
    (["secret", "set", NAME, "KEY"], "PATCH /v1/deployments/{name}/secrets"),
    (["secret", "list", NAME], "GET /v1/deployments/{name}"),
    (["host", "add", NAME, "a.example.com"], "PATCH /v1/deployments/{name}/hosts"),
    (["limits", NAME], "GET /v1/deployments/{name}"),
    (["limits", NAME, "rate=1"], "PATCH /v1/deployments/{name}/limits"),
    (["host", "list", NAME], "GET /v1/deployments/{name}"),
    (["token", "create"], "POST /v1/tokens"),
    (["token", "list"], "GET /v1/tokens"),
    (["token", "revoke", "3"], "DELETE /v1/tokens/{id}"),
    (["audit"], "GET /v1/audit"),
)

REFUSALS = ((401, "unauthorized", "this token is not known"), (403, "forbidden", "a read token may not deploy"),
            (404, "not_found", "there is no deployment of this name"), (409, "conflict", "a build is under way"),
            (413, "too_large", "the module is over the limit of 64 MiB"), (429, "rate", "slower"),
            (500, "internal", "the database is full"), (503, "stopping", "the server is stopping"))


def deploy(control, *options):
    with Folder() as folder:
        return control.run("deploy", *options, folder.write("m.wasm", MODULE))


def test_every_command_passes_on_what_the_server_says():
    with Control() as control:
        for arguments, label in COMMANDS:
            control.told[label] = error(403, "forbidden", f"no {label} for you")
            refused(control.run(*arguments, stdin=b"s3cret"), f"selvage: no {label} for you\n")
            control.told = control.healthy()
            fine(control.run(*arguments, stdin=b"s3cret"))


def test_every_refusal_is_one_line_and_failure():
    with Control() as control:
        for status, code, message in REFUSALS:
            control.told[LIST] = error(status, code, message)
            refused(control.run("list"), f"selvage: {message}\n")
            control.told["POST /v1/deployments/{name}/versions"] = error(status, code, message)
            result = deploy(control)
            expect(result.code == 1 and not result.out and result.err.endswith(f"\nselvage: {message}\n"), f"{result}")


def test_a_wrong_token_is_refused_by_the_server():
    with Control() as control:
        refused(control.run("list", token="svt_other"), "this token is not known")


def test_messages_of_a_server_are_one_line_of_limited_length():
    with Control() as control:
        control.told[LIST] = Raw(400, b'{"error": {"code": "x", "message": "a\\nb\\u001b[2J\\u009b1Jc' + b"x" * 5000 + b'"}}')
        result = refused(control.run("list"), "a\\x0ab\\x1b[2J\\x9b1Jcxxx")
        expect(len(result.err) < 500, f"{len(result.err)}")


def test_answers_that_are_not_of_the_api_are_refused():
    garbage = b"<html><h1>It works!</h1></html>"
    with Control() as control:
        for status in (400, 404, 500, 502):
            for body in (garbage, b"", b"{}", b"[]", b'{"error": "x"}', b'{"error": {"message": 3}}', b"\xff\0" * 50):
                control.told[LIST] = Raw(status, body)
                refused(control.run("list"), f"answers {status} and does not say why")
        for body in (garbage, b"", b"[]", b"3", b'{"deployments": [}', b'{"deployments": "\xff"}', b"{} {}",
                     b'{"a":' * 3000 + b"1" + b"}" * 3000):
            control.told[LIST] = Raw(200, body)
            refused(control.run("list"), "answers what is not a JSON object")
        for body in (b"{}", b'{"deployments": {}}', b'{"deployments": null}', b'{"x": []}'):
            control.told[LIST] = Raw(200, body)
            refused(control.run("list"), "not of this version of the API")


def test_no_command_trusts_the_shape_of_an_answer():
    with Control() as control:
        for arguments, label in COMMANDS:
            if arguments[0] in ("remove", "token") and arguments[1] in ("-y", "revoke"):
                continue  # nothing is read from these answers
            for body in (b"{}", b'{"url": 3, "env": [], "secrets": {}, "versions": 1, "tokens": "x", "entries": null, '
                         b'"lines": {}, "next": "x", "version": "x", "id": 1, "token": []}'):
                control.told[label] = Raw(200, body)
                result = control.run(*arguments, stdin=b"s3cret")
                expect(result.code == 1 and not result.out, f"{arguments} {body}: {result}")
            control.told = control.healthy()
            control.told[label] = Raw(200, b'{"deployments": [3, null, {"name": []}], "url": "http://x/", "env": {"A": 3}, '
                                      b'"secrets": [3, null, []], "hosts": [3, null, []], "limits": {"rate": "x"}, "versions": [[], {"version": {}}], "tokens": [1], '
                                      b'"entries": ["x"], "lines": [3, {"text": 3}], "next": 1, "version": 1, '
                                      b'"id": "x", "token": "y"}')
            fine(control.run(*arguments, stdin=b"s3cret"))


def test_answers_with_wrong_bytes_never_crash():
    chance = random.Random(5)
    with Control() as control:
        for arguments, label in COMMANDS:
            answer = bytearray(json.dumps(control.healthy()[label][1]).encode())
            for _ in range(6):
                damaged = bytearray(answer)
                for _ in range(chance.choice((1, 1, 3))):
                    damaged[chance.randrange(len(damaged))] = chance.choice(b'"{}[]:,\\\x00\xff9-etn ')
                control.told[label] = Raw(200, bytes(damaged))
                result = control.run(*arguments, stdin=b"s3cret")
                expect(result.code in (0, 1) and result.err.count("\n") <= 1, f"{arguments} {bytes(damaged)}: {result}")


def test_a_connection_that_breaks_is_told():
    def at_once(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)

    def in_the_head(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")

    def in_the_body(handler):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"deployments"')

    def without_http(handler):
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    with Control() as control:
        for speak in (at_once, in_the_head, in_the_body, without_http):
            text = "what is not a JSON object" if speak is in_the_head else f"cannot reach {control.url}: "
            control.told[LIST] = Raw(speak=speak)
            refused(control.run("list"), text)
            control.told["POST /v1/deployments/{name}/versions"] = Raw(speak=speak)
            result = deploy(control)
            expect(result.code == 1 and not result.out and text in result.err, f"{result}")


def test_nobody_there_asks_whether_the_server_runs():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for arguments, _ in COMMANDS:
            refused(run(*arguments, url=url, stdin=b"s"), f"cannot reach {url}: ")
            refused(run(*arguments, url=url, stdin=b"s"), "(is `selvage up` running?)")


def test_an_answer_that_does_not_come_is_not_waited_for():
    def silent(handler):
        handler.connection.settimeout(20)
        handler.rfile.read(1)

    def drop_by_drop(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(500):  # until the client is gone, which is a broken pipe
            handler.wfile.write(b"{")
            time.sleep(0.02)

    with Control() as control:
        for speak in (silent, drop_by_drop):
            control.told[LIST] = Raw(speak=speak)
            refused(control.run("list", "--timeout", "300ms"), "no whole answer in time (--timeout 300ms)")


def test_an_answer_that_is_huge_is_not_read():
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"deployments\": [")
        for _ in range(3000):
            handler.wfile.write(b"1," * 32768)

    def endless_head(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(3000):
            handler.wfile.write(b"X-Field: " + b"x" * 60000 + b"\r\n")

    with Control() as control:
        control.told[LIST] = Raw(speak=endless)
        refused(control.run("list"), "the answer is over the limit of 16 MiB")
        control.told[LIST] = Raw(speak=endless_head)
        refused(control.run("list"), "cannot reach")


def test_nothing_is_sent_to_where_a_server_points():
    with Control() as control, Control() as other:
        for status in (301, 302, 307, 308):
            control.told[LIST] = Raw(status, b"", fields=(("Location", other.url + "/v1/deployments"),))
            refused(control.run("list"), f"answers {status} and does not say why")
        expect(not other.asked and not other.visits, "the token went elsewhere")


def test_output_that_cannot_be_written_is_a_failure():
    with Control() as control, open("/dev/full", "w") as full:
        for arguments in (["list"], ["logs", NAME], ["list", "--json"]):
            done = subprocess.run([SELVAGE, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE,
                                  env=environment("/nonexistent", control.url))
            expect(done.returncode == 1 and b"cannot write to standard output" in done.stderr, f"{done}")


def test_tokens_stay_out_of_everything_that_is_printed():
    # run() looks for it in every test; here it is certain that it was sent.
    with Control() as control:
        fine(control.run("list"))
        expect(control.asked[0].fields["Authorization"] == f"Bearer {TOKEN}", "no token was sent")
