"""What each command asks and prints."""
import json
import os
import subprocess
import time

from control import (NAME, PATIENCE, SELVAGE, TIME, Control, Folder, deployment, environment, error, expect, fine,
                     refused, version)

DETAILS = "GET /v1/deployments/{name}"


def lines(result):
    return fine(result).out.splitlines()


def test_list_is_a_table():
    with Control() as control:
        other = deployment("https://b.localhost:8443/", name="b", version=1, state="building", tier="fast",
                           expires=TIME)
        control.told["GET /v1/deployments"] = (200, {"deployments": [deployment("http://a/"), other]})
        table = [line.split() for line in lines(control.run("list"))]
        expect(table == [["NAME", "VERSION", "STATE", "TIER", "UPDATED", "EXPIRES", "URL"],
                         [NAME, "2", "live", "release", TIME, "-", "http://a/"],
                         ["b", "1", "building", "fast", TIME, TIME, "https://b.localhost:8443/"]], f"{table}")


def test_json_is_the_answer_of_the_server():
    with Control() as control:
        for arguments, label in ((["list"], "GET /v1/deployments"), (["status", NAME], DETAILS),
                                 (["open", NAME], DETAILS), (["env", NAME], DETAILS),
                                 (["secret", "list", NAME], DETAILS), (["token", "list"], "GET /v1/tokens"),
                                 (["token", "create"], "POST /v1/tokens"), (["audit"], "GET /v1/audit"),
                                 (["token", "revoke", "3"], "DELETE /v1/tokens/{id}"),
                                 (["logs", NAME], "GET /v1/deployments/{name}/logs"),
                                 (["rollback", NAME], "POST /v1/deployments/{name}/rollback"),
                                 (["remove", "-y", NAME], "DELETE /v1/deployments/{name}")):
            result = fine(control.run(*arguments, "--json"))
            expect(result.json() == control.told[label][1] and not result.err, f"{arguments}: {result}")


def test_status_shows_versions_and_names_of_secrets():
    with Control() as control:
        details = {**deployment("http://a/"), "versions": [version(1, message="no\nluck", state="failed"), version(2)],
                   "env": {"A": "1", "B": "2"}, "secrets": ["KEY", "OTHER"], "hosts": [], "limits": {}}
        control.told[DETAILS] = (200, details)
        found = [line.split() for line in lines(control.run("status", NAME))]
        for row in (["name", NAME], ["address", "http://a/"], ["variables", "A", "B"], ["secrets", "KEY", "OTHER"],
                    ["1", "no", "failed", TIME, "41", "0123456789abcdef" * 4, "no\\x0aluck"],
                    ["2", "yes", "done", TIME, "41", "0123456789abcdef" * 4]):
            expect(row in found, f"no {row} in {found}")


def test_logs_are_lines_that_no_terminal_obeys():
    with Control() as control:
        found = lines(control.run("logs", NAME))
        expect(found == [f"{TIME} request GET / 200", f"{TIME} guest hello\\x1b[2Jworld"], f"{found}")
        expect(control.asked[0].query == {}, f"{control.asked[0].query}")
        fine(control.run("logs", "--since", "5", NAME))
        expect(control.asked[1].query == {"after": "5", "wait": "0"}, f"{control.asked[1].query}")


def test_control_characters_of_unicode_are_shown_too():
    with Control() as control:
        control.told["GET /v1/deployments/{name}/logs"] = (200, {"next": 1, "lines": [
            {"time": TIME, "kind": "guest", "text": "a\u009b2Jb \u00e9 \U0001f9f5 \x7f"}]})
        result = fine(control.run("logs", NAME))
        expect(result.out == f"{TIME} guest a\\x9b2Jb \u00e9 \U0001f9f5 \\x7f\n", f"{result}")


def test_logs_follow_until_the_reader_is_gone():
    with Control() as control:
        def more(request):
            after = int(request.query.get("after", 0))
            count = 0 if after == 2 and len(control.asked) < 4 else 1
            return 200, {"next": after + count, "lines": [{"time": TIME, "kind": "guest", "text": f"line {after}"}] * count}
        control.told["GET /v1/deployments/{name}/logs"] = more
        process = subprocess.Popen([SELVAGE, "logs", "-f", NAME], stdout=subprocess.PIPE,
                                   env=environment("/nonexistent", control.url))
        try:
            found = [process.stdout.readline() for _ in range(4)]
            process.stdout.close()
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
        expect([line.decode().split()[-1] for line in found] == ["0", "1", "2", "3"], f"{found}")
        queries = [request.query for request in control.asked]
        expect(queries[:2] == [{}, {"after": "1", "wait": "20"}] and queries[2] == queries[3], f"{queries[:4]}")


def test_following_a_server_that_does_not_wait_makes_pauses():
    with Control() as control:
        control.told["GET /v1/deployments/{name}/logs"] = (200, {"next": 3, "lines": []})
        process = subprocess.Popen([SELVAGE, "logs", "-f", NAME], stdout=subprocess.PIPE,
                                   env=environment("/nonexistent", control.url))
        until = time.monotonic() + PATIENCE
        while len(control.asked) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        process.kill()
        process.wait()
        process.stdout.close()
        # Without a pause there would be hundreds in the tenth of a second between two looks.
        expect(2 <= len(control.asked) < 5, f"{len(control.asked)} questions")


def test_positions_that_are_none_are_refused():
    with Control() as control:
        for text in ("", "x", "-1", "1x", "99999999999999999999", " 1"):
            refused(control.run("logs", "--since", text, NAME), "--since takes a position", code=2)
        control.told["GET /v1/deployments/{name}/logs"] = lambda request: (200, {"next": -1, "lines": []})
        refused(control.run("logs", NAME), "a position that is none")
        control.wrong.clear()


def test_open_prints_where_there_is_no_desktop():
    with Control() as control:
        expect(lines(control.run("open", NAME)) == [control.url + "/"], "another address")


def test_open_gives_the_address_to_the_desktop_and_keeps_the_token():
    with Control() as control, Folder() as folder:
        folder.write("xdg-open", f"#!/bin/sh\n(echo \"$#:$1\"; env) >{folder.path('seen')}\n", 0o700)
        extra = {"DISPLAY": ":0", "PATH": folder.place.name + ":" + os.environ["PATH"]}
        result = fine(control.run("open", NAME, extra=extra))
        with open(folder.path("seen")) as file:
            seen = file.read()
        expect(seen.startswith(f"1:{control.url}/\n") and not result.out, f"{seen[:200]} {result}")
        expect("SELVAGE_TOKEN" not in seen, "the token is in the browser's environment")


def test_open_takes_only_addresses_of_the_web():
    with Control() as control:
        for url in ("file:///etc/passwd", "--help", "javascript:x", "", "httpx://a"):
            control.told[DETAILS] = (200, {**control.healthy()[DETAILS][1], "url": url})
            refused(control.run("open", NAME), "an address that is none")


def test_rollback_sends_a_version_if_one_is_given():
    with Control() as control:
        expect(lines(control.run("rollback", NAME)) == [f"{NAME} serves version 1"], "another line")
        fine(control.run("rollback", NAME, "1"))
        expect([request.body for request in control.asked] == [{}, {"version": 1}], "another body")
        for text in ("0", "-1", "x", "", "99999999999"):
            refused(control.run("rollback", "--", NAME, text), "VERSION takes a number", code=2)


def test_remove_asks_first():
    with Control() as control:
        refused(control.run("remove", NAME), "--yes", code=2)
        expect(not control.asked, "it did not ask")
        fine(control.run("remove", "--yes", NAME))
        control.one("DELETE /v1/deployments/{name}")


def on_terminal(control, answer, *arguments):
    """The code, and what a person sees who types `answer`."""
    import pty
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(SELVAGE, [SELVAGE, *arguments], environment("/nonexistent", control.url))
    seen = b""
    try:
        while b"]" not in seen and b": " not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, answer)
        while True:
            seen += os.read(terminal, 4096)
    except OSError:
        pass  # the terminal's other end is closed
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_remove_on_a_terminal_goes_by_the_answer():
    with Control() as control:
        code, seen = on_terminal(control, b"n\n", "remove", NAME)
        expect(code == 1 and f"{NAME} stays" in seen and not control.asked, f"{code} {seen}")
        code, seen = on_terminal(control, b"y\n", "remove", NAME)
        expect(code == 0 and f"{NAME} is removed" in seen, f"{code} {seen}")
        control.one("DELETE /v1/deployments/{name}")


def test_a_secret_typed_on_a_terminal_is_not_shown():
    with Control() as control:
        code, seen = on_terminal(control, b"hush hush\n\x04", "secret", "set", NAME, "KEY")
        expect(code == 0 and "hush" not in seen, f"{code} {seen}")
        body = control.one("PATCH /v1/deployments/{name}/secrets").body
        expect(body == {"KEY": "hush hush"}, f"{body}")


def test_ctrl_c_at_a_secret_gives_the_terminal_back():
    with Control() as control:
        code, seen = on_terminal(control, b"hush\x03", "secret", "set", NAME, "KEY")
        expect(code == -2 and "hush" not in seen and not control.asked, f"{code} {seen}")


def test_env_shows_and_changes():
    with Control() as control:
        expect(lines(control.run("env", NAME)) == ["COLOUR=green"], "another line")
        expect(lines(control.run("env", NAME, "COLOUR=blue", "E=", "X=a=b", "--unset", "OLD")) == ["COLOUR=blue"],
               "another line")
        body = control.one("PATCH /v1/deployments/{name}/env").body
        expect(body == {"COLOUR": "blue", "E": "", "X": "a=b", "OLD": None}, f"{body}")
        for text, message in (("COLOUR", "takes NAME=VALUE"), ("=x", "takes NAME=VALUE"), ("A-B=c", "no name of a"),
                              ("1A=c", "no name of a"), ("A" * 256 + "=x", "no name of a"), ("A\n=x", "no name of a")):
            refused(control.run("env", NAME, text), message, code=2)
        refused(control.run("env", NAME, b"A=\xff"), "not UTF-8", code=2)
        refused(control.run("env", NAME, "--unset", "A=b"), "no name of a variable", code=2)


def test_secrets_come_from_standard_input_or_a_file():
    with Control() as control, Folder() as folder:
        for given, wanted in ((b"s3cret", "s3cret"), (b"s3cret\n", "s3cret"), (b"a\r\n", "a"), (b"a\n\n", "a\n"),
                              (b"", ""), ("\u00e9\U0001f511".encode(), "\u00e9\U0001f511"), (b"x" * 65536, "x" * 65536)):
            control.asked.clear()
            result = fine(control.run("secret", "set", NAME, "KEY", stdin=given))
            body = control.one("PATCH /v1/deployments/{name}/secrets").body
            expect(body == {"KEY": wanted} and result.out == "KEY\nOTHER\n" and not result.err, f"{result}")
        control.asked.clear()
        fine(control.run("secret", "set", "--file", folder.write("f", b"from a file\n"), NAME, "KEY"))
        expect(control.asked[0].body == {"KEY": "from a file"}, f"{control.asked[0].body}")
        refused(control.run("secret", "set", NAME, "KEY", stdin=b"x" * 65537), "over the limit of 65536 bytes for KEY")
        refused(control.run("secret", "set", NAME, "KEY", stdin=b"x" * 1000000), "over the limit of 65536 bytes")
        refused(control.run("secret", "set", NAME, "KEY", stdin=b"a\0b"), "zero byte", code=2)
        refused(control.run("secret", "set", NAME, "KEY", stdin=b"\xff"), "not UTF-8", code=2)
        refused(control.run("secret", "set", NAME, "KEY", "--file", folder.path("none")), "cannot open")
        expect(len(control.asked) == 1, f"{control.labels()}")


def test_secrets_are_listed_and_removed_by_name():
    with Control() as control:
        expect(lines(control.run("secret", "list", NAME)) == ["KEY"], "another line")
        fine(control.run("secret", "remove", NAME, "KEY"))
        body = control.one("PATCH /v1/deployments/{name}/secrets").body
        expect(body == {"KEY": None}, f"{body}")


def test_host_names_are_added_listed_and_removed():
    with Control() as control:
        for action, value in (("add", True), ("remove", None)):
            control.asked.clear()
            expect(lines(control.run("host", action, NAME, "www.example.com")) == ["www.example.com"], "another line")
            body = control.one("PATCH /v1/deployments/{name}/hosts").body
            expect(body == {"www.example.com": value}, f"{body}")
        expect(lines(control.run("host", "list", NAME)) == ["www.example.com"], "another line")


def test_promote_asks_and_follows_the_build():
    with Control() as control:
        result = fine(control.run("promote", "shop-staging", NAME, "--version", "4"))
        expect(result.out == control.url + "/\n", f"{result}")
        request = control.one("POST /v1/deployments/{name}/promote")
        expect(request.body == {"from": "shop-staging", "version": 4} and request.values == {"name": NAME}, f"{request.body}")


def test_limits_are_shown_and_changed_with_units():
    with Control() as control:
        expect(lines(control.run("limits", NAME)) == ["rate=5"], "another line")
        control.asked.clear()
        expect(lines(control.run("limits", NAME, "timeout=2s", "memory=64MiB", "rate=")) == ["timeout=2000ms"], "another line")
        body = control.one("PATCH /v1/deployments/{name}/limits").body
        expect(body == {"timeout": 2000, "memory": 64 << 20, "rate": None}, f"{body}")


def test_tokens_are_made_listed_and_revoked():
    with Control() as control:
        result = fine(control.run("token", "create", "--role", "deploy", "--tenant", "shop"))
        expect(result.out == "svt_new\n" and "shown only here" in result.err, f"{result}")
        expect(control.asked[0].body == {"role": "deploy", "tenant": "shop"}, f"{control.asked[0].body}")
        fine(control.run("token", "create"))
        expect(control.asked[1].body == {"role": "read"}, f"{control.asked[1].body}")
        table = [line.split() for line in lines(control.run("token", "list"))]
        expect(table[1] == ["3", "default", "admin", TIME, "-"], f"{table}")
        expect(lines(control.run("token", "revoke", "3")) == ["3 is revoked"], "another line")
        expect(control.asked[3].values == {"id": "3"}, f"{control.asked[3].values}")
        refused(control.run("token", "create", "--role", "king"), "takes one of read, deploy, admin", code=2)
        for text in ("", "a/b", "..", "a?b", "x" * 65):
            refused(control.run("token", "revoke", text), "is no token's id", code=2)


def test_audit_is_a_table():
    with Control() as control:
        table = [line.split() for line in lines(control.run("audit"))]
        expect(table[1:] == [[TIME, "default", "3", "deploy", "ok", NAME]], f"{table}")


def test_names_that_are_none_are_not_sent():
    with Control() as control:
        for name in ("", "-a", "a-", "A", "a.b", "a/b", "..", "a?b", "a b", "x" * 64, "\u00e9", "a%2fb"):
            for command in (["status"], ["logs"], ["open"], ["rollback"], ["remove", "-y"], ["env"],
                            ["secret", "list"]):
                refused(control.run(*command, "--", name), "is no name of a deployment", code=2)
            refused(control.run("deploy", f"--name={name}", "x.wasm"), "is no name of a deployment", code=2)
        expect(not control.asked, f"{control.labels()}")


def test_wrong_usage_is_told_from_failure():
    with Control() as control:
        for arguments, text in ((["status"], "status: no name given"), (["status", "a", "b"], "too many operands"),
                                (["secret"], "secret: no action given"), (["secret", "eat"], "takes one of set, list"),
                                (["secret", "set", NAME], "usage: selvage secret set NAME KEY"),
                                (["token", "revoke"], "usage: selvage token revoke ID"),
                                (["token", "list", "x"], "usage: selvage token list ("),
                                (["list", "x"], "too many operands"), (["deploy"], "deploy: no file given"),
                                (["logs", "--wrong", NAME], "unknown option"),
                                (["list", "--timeout", "0s"], "takes a duration"),
                                (["remove", "-y"], "remove: no name given")):
            refused(control.run(*arguments), text, code=2)
        expect(not control.asked, f"{control.labels()}")


def test_errors_are_json_if_asked_for():
    with Control() as control:
        control.told[DETAILS] = error(404, "not_found", "there is no such deployment")
        result = control.run("status", "--json", NAME)
        expect(result.code == 1 and json.loads(result.err) == {
            "error": "remote", "status": 404, "code": "not_found", "text": "there is no such deployment"}, f"{result}")
        result = control.run("status", "--json", "a.b")
        expect(result.code == 2 and json.loads(result.err)["error"] == "usage", f"{result}")
