"""Terrarium guests: every call that is there, every way to misuse one."""
import subprocess

from serving import SELVAGE, Server, expect, guest_path


def get_all(server, cases):
    for path, status, text in cases:
        response = server.get(path, headers="X-Many: 1\r\nx-many: 2\r\n")
        expect(response.status == status, f"{path}: status {response.status}, {response.text()!r}")
        expect(text in response.text(), f"{path}: {response.text()!r} without {text!r}")


def test_terrarium_calls_give_what_was_sent():
    with Server("calls.wat") as server:
        get_all(server, [
            ("/h", 200, "host\nconnection\nx-many\ntraceparent\n"),
            ("/v", 200, "1\n2\n"),
            ("/s", 418, "0\n"),
            ("/t", 200, "200\n"),
            ("/r", 200, "1\n1\n1\n1\n"),
            ("/b", 200, "one\n"),
            ("/n", 200, "x-out\none\ntwo\n"),
            ("/w", 200, "1\n1\n0\n1\n0\n1\n"),
        ])


def test_terrarium_debug_and_panic_reach_the_log():
    with Server("calls.wat") as server:
        get_all(server, [
            ("/d", 200, ""),
            ("/p", 500, "guest panic: the guest gives up (trap: unreachable)"),
        ])
    for line in ("calls.so: first line\n", "calls.so: second line\n", "calls.so: first\n",
                 "calls.so: the guest gives up\n", "GET /p 500"):
        expect(line in server.log_text, f"no {line!r} in the log: {server.log_text!r}")


def test_terrarium_misuse_ends_only_the_request():
    with Server("wrong.wat") as server:
        get_all(server, [
            ("/m0", 200, ""),
            ("/m1", 500, "malloc(3) gave no memory"),
            ("/m2", 500, "malloc(3) gave no memory"),
            ("/m3", 500, "integer divide by zero"),
            ("/m5", 500, "cannot be called"),
            ("/m7", 500, "table 0 has no function at 7"),
            ("/m9", 500, "table 0 has no function at 9"),
            ("/o", 500, "out of bounds memory access"),
            ("/h", 500, "no request has the handle 7"),
            ("/c", 500, "header values"),
            ("/l", 500, "out of bounds memory access"),
            ("/f", 502, "header fields of more than 65536 bytes"),
            ("/u", 500, "does not end in memory"),
            ("/m0", 200, ""),
        ])
    with Server("wrong.wat", "--timeout", "2s") as server:
        get_all(server, [("/m4", 504, "deadline exceeded"), ("/m0", 200, "")])


def test_terrarium_calls_that_do_not_exist_are_named_at_load():
    result = subprocess.run([SELVAGE, "serve", "--listen", "127.0.0.1:0", guest_path("unknown.wat")],
                            capture_output=True, text=True, timeout=20)
    expect(result.returncode == 1, f"exit code {result.returncode}")
    expect(result.stderr.count("\n") == 1, f"not one line: {result.stderr!r}")
    expect("hostcall_req_rewind" in result.stderr, f"it is not named: {result.stderr!r}")
    expect("resp_set_response_code" not in result.stderr, "a call that is there was named")
