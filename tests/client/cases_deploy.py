"""`selvage deploy`, from the file to the address."""
import base64
import io
import os
import pty
import socket
import ssl
import subprocess
import tarfile
import threading

from control import (NAME, PATIENCE, SELVAGE, Control, Folder, Raw, build, environment, error, expect, fine, refused)

MODULE = b"\0asm\1\0\0\0"
UPLOAD = "POST /v1/deployments/{name}/versions"
BUILD = "GET /v1/builds/{id}"
DETAILS = "GET /v1/deployments/{name}"


def sequence(*answers):
    """One after the other; the last for ever."""
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def deploy(control, *arguments, module=MODULE, name="m.wasm", **options):
    with Folder() as folder:
        return control.run("deploy", *arguments, folder.write(name, module), **options)


def test_the_address_alone_is_on_standard_output():
    with Control() as control:
        result = fine(deploy(control))
        expect(result.out == control.url + "/\n", f"{result}")
        body = control.one(UPLOAD).body
        expect(base64.b64decode(body.pop("module"), validate=True) == MODULE, f"{body}")
        expect(body == {"kind": "wasm", "file": "m.wasm", "env": {}, "secrets": {}}, f"{body}")
        expect(control.one(UPLOAD).values == {"name": "-"}, f"{control.one(UPLOAD).values}")
        expect(control.one(BUILD).values == {"id": "7"}, f"{control.one(BUILD).values}")
        expect(len(control.visits) == 1, "the address was not asked once")
        expect("Authorization" not in control.visits[0], "the deployment was given the token")


def test_progress_is_told_line_by_line():
    with Control() as control:
        going = dict(done=False, success=False)
        control.told[BUILD] = sequence(
            (200, build(status="queued", **going)), (200, build(status="building", **going)),
            (200, build(status="building", **going)), (200, build(status="building", message="generating machine code", **going)),
            (200, build(status="checking", **going)), (200, build(tier="fast")))
        found = fine(deploy(control)).err.splitlines()
        expect(found[0].startswith("Preparing upload of ") and found[0].endswith("/m.wasm (8 bytes)"), f"{found[0]}")
        expect(found[1:] == [
            "Guessed programming language: WebAssembly", "Upload in progress...",
            "Upload done, compilation in progress...", "Waiting for build...", "Building...",
            "Generating machine code...", "Checking the new version...", "Instance is deployed",
            "It is now served from the fast tier; the release tier follows",
            "Instance is running and reachable over HTTP (status 200)",
            f"New instance deployed at [{control.url}/]"], f"{found}")


def test_scripts_wait_for_the_release_tier():
    fast = build(tier="fast")
    with Control() as control:
        control.told[BUILD] = sequence((200, fast), (200, fast), (200, build()))
        found = fine(deploy(control, "--wait-for", "release")).err.splitlines()
        expect("It is now served from the release tier" in found, f"{found}")
        expect(control.labels().count(BUILD) == 3, f"{control.labels()}")
    for changes, text in ((dict(message="it takes too much memory"), "the release tier failed: it takes too much memory"),
                          (dict(current=False), "another version is served meanwhile")):
        with Control() as control:
            control.told[BUILD] = sequence((200, fast), (200, {**fast, **changes}))
            result = deploy(control, "--wait-for", "release")
            expect(result.code == 1 and not result.out and text in result.err.splitlines()[-1], f"{result}")
    with Control() as control: # who does not ask for it waits for none of that
        control.told[BUILD] = sequence((200, fast), error(500, "internal", "asked too often"))
        fine(deploy(control))


def test_options_go_with_the_module():
    with Control() as control, Folder() as folder:
        secret = folder.write("secret", b"from a file\n")
        result = fine(deploy(control, "--name", NAME, "--ttl", "15m", "--env", "A=1", "--env", "B=", "--check", "/up?x=1",
                             "--secret", f"F=@{secret}", "--secret", "S", stdin=b"from a pipe\n",
                             module=b" (module)", name="text.wat"))
        request = control.one(UPLOAD)
        expect(base64.b64decode(request.body.pop("module")) == b" (module)", "another module")
        expect(request.body == {"kind": "wat", "file": "text.wat", "ttl": 900, "env": {"A": "1", "B": ""},
                                "check": "/up?x=1", "secrets": {"F": "from a file", "S": "from a pipe"}}
               and request.values == {"name": NAME}, f"{request.body}")
        expect("from a" not in result.err + result.out, f"{result}")


def test_modules_of_every_length_arrive_whole():
    with Control() as control:
        for length in (8, 9, 10, 11, 100000, 3000001):
            control.asked.clear()
            module = MODULE + os.urandom(length - 8)
            fine(deploy(control, module=module))
            expect(base64.b64decode(control.one(UPLOAD).body["module"], validate=True) == module, f"{length}")


def test_a_module_comes_from_standard_input_too():
    with Control() as control:
        fine(control.run("deploy", "-", stdin=MODULE))
        expect(control.one(UPLOAD).body["file"] == "module", f"{control.one(UPLOAD).body}")
        result = control.run("deploy", "--secret", "S", "-", stdin=MODULE)
        expect(result.code == 2 and "standard input is taken already" in result.err, f"{result}")
        control.one(UPLOAD)


def no_upload(text, *arguments, code=1, **options):
    with Control() as control:
        result = deploy(control, *arguments, **options)
        expect(result.code == code and not result.out and not control.asked
               and text in result.err.splitlines()[-1], f"not refused with {text!r}: {result} {control.labels()}")
        return result


def test_an_artifact_goes_with_the_signature_beside_it():
    artifact, signature = b"\x7fELF" + b"\0" * 100, "selvage-signature-1 0123456789abcdef " + "A" * 86 + "=="
    with Control() as control, Folder() as folder:
        path = folder.write("m.so", artifact)
        for wrong in (b"", b"\n", b"x" * 128, b"x" * 200000, b"a\0b"):
            folder.write("m.so.sig", wrong)
            result = control.run("deploy", path)
            expect(result.code == 1 and not control.asked, f"{wrong[:9]}: {result}")
        folder.write("m.so.sig", (signature + "\n").encode())
        fine(control.run("deploy", path))
        body = control.one(UPLOAD).body
        expect(base64.b64decode(body["artifact"]) == artifact and body["signature"] == signature, f"{body}")
        expect("module" not in body and "kind" not in body and body["file"] == "m.so", f"{body}")


def test_what_is_no_module_is_not_sent():
    no_upload("the file is empty", module=b"")
    no_upload("not WebAssembly", module=b"GIF89a")
    no_upload("not WebAssembly", module=b"\0as")
    no_upload("a component, not a core module", module=b"\0asm\x0d\0\1\0")
    no_upload("a compiled artifact is taken with its signature only", code=2, module=b"\x7fELF" + b"\0" * 100)
    with Control() as control, Folder() as folder:
        refused(control.run("deploy", folder.place.name), "Unable to detect the programming language")
        refused(control.run("deploy", folder.path("none")), "cannot open")
        huge = folder.write("huge.wasm", MODULE)
        os.truncate(huge, 64 * 1024 * 1024 + 1)
        refused(control.run("deploy", huge), "over the limit for uploads of 64 MiB")
        with open(huge, "rb") as file:
            done = subprocess.run([SELVAGE, "deploy", "-"], stdin=file, capture_output=True, timeout=PATIENCE,
                                  env=environment("/nonexistent", control.url))
        expect(done.returncode == 1 and b"over the limit for uploads of 64 MiB" in done.stderr, f"{done}")
        expect(not control.asked, f"{control.labels()}")


def test_a_folder_is_sent_as_an_archive_of_its_files():
    with Control() as control, Folder() as folder:
        for name in ("src/main.c", "src/deep/er/a.h", "assets/a b.css", ".git/config", "node_modules/x/a.ts", "src/.hidden",
                     "target/x.rs"):
            os.makedirs(os.path.dirname(folder.path(name)), exist_ok=True)
            folder.write(name, name.encode())
        os.symlink("/etc/passwd", folder.path("src/link.c"))
        found = fine(control.run("deploy", folder.place.name)).err.splitlines()
        expect(found[0].startswith("Preparing upload of directory ") and
               found[1] == "Guessed programming language: c", f"{found}")
        body = control.one(UPLOAD).body
        archive = tarfile.open(fileobj=io.BytesIO(base64.b64decode(body.pop("archive"), validate=True)))
        files = {entry.name: archive.extractfile(entry).read().decode() for entry in archive}
        expect(files == {name: name for name in ("src/main.c", "src/deep/er/a.h", "assets/a b.css")}, f"{files}")
        expect(body["language"] == "c" and "module" not in body and "kind" not in body, f"{body}")
        control.asked.clear()
        fine(control.run("deploy", "--language", "rust", folder.place.name))
        expect(control.one(UPLOAD).body["language"] == "rust", "another language")
        control.asked.clear()
        refused(control.run("deploy", "--language", "cobol", folder.place.name), "the language must be c, rust,", 2)
        refused(control.run("deploy", "--language", "c", folder.path("src/main.c")), "--language is for folders", 2)
        os.makedirs(folder.path("d" * 100))
        folder.write("d" * 100 + "/x.c", b"")
        refused(control.run("deploy", folder.place.name), "a path of more than 99 bytes")
        expect(not control.asked, f"{control.labels()}")


def test_options_that_are_wrong_send_nothing():
    no_upload("--ttl takes whole seconds", "--ttl", "1500ms", code=2)
    no_upload("takes a duration", "--ttl", "soon", code=2)
    no_upload("--check takes a path", "--check", "http://x/", code=2)
    no_upload("--env takes NAME=VALUE", "--env", "A", code=2)
    no_upload("is no name of a variable", "--secret", "A-B", code=2)
    no_upload("is no name of a variable", "--secret", "=@x", code=2)
    no_upload("is no name of a variable", "--secret", "A" * 400, code=2)
    no_upload("standard input is taken already", "--secret", "A", "--secret", "B", code=2)
    no_upload("cannot open /nonexistent/x", "--secret", "A=@/nonexistent/x")


def test_a_secret_in_the_arguments_is_refused_and_not_repeated():
    result = no_upload("others can read command lines", "--secret", "KEY=hunter2", code=2)
    expect("hunter2" not in result.err, f"{result}")


def test_a_build_that_fails_says_why():
    with Control() as control:
        control.told[BUILD] = (200, build(status="failed", success=False, message="bad \x1b[31mmagic\nnumber"))
        result = deploy(control)
        expect(result.code == 1 and not result.out and not control.visits, f"{result}")
        expect(result.err.endswith("selvage: the build failed: bad \\x1b[31mmagic\\x0anumber\n"), f"{result}")


def test_a_build_that_never_ends_is_given_up():
    with Control() as control:
        control.told[BUILD] = (200, build(status="building", done=False, success=False))
        result = deploy(control, "--wait", "300ms")
        expect(result.code == 1 and "build 7 is not done within 300ms (--wait); it goes on" in result.err, f"{result}")


def hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_server_that_is_restarted_during_a_build_is_asked_again():
    with Control() as control:
        left = [1, 2, 3]

        def speak(handler):
            left.pop()
            if not left:
                control.told[BUILD] = (200, build())
            hang_up(handler)
        control.told[BUILD] = Raw(speak=speak)
        fine(deploy(control))
        expect(control.labels().count(BUILD) == 4, f"{control.labels()}")


def test_a_server_that_stays_away_during_a_build_is_given_up():
    with Control() as control:
        control.told[BUILD] = Raw(speak=hang_up)
        result = deploy(control)
        expect(result.code == 1 and f"selvage: cannot reach {control.url}: " in result.err, f"{result}")
        # libcurl asks once more on a new connection where it had kept one.
        expect(11 <= control.labels().count(BUILD) <= 22, f"{control.labels().count(BUILD)}")


def test_a_build_that_is_not_there_is_not_asked_for_again():
    with Control() as control:
        control.told[BUILD] = error(404, "not_found", "there is no such build")
        result = deploy(control)
        expect(result.code == 1 and "selvage: there is no such build\n" in result.err, f"{result}")
        control.one(BUILD)


def test_names_that_a_server_makes_up_are_checked():
    with Control() as control:
        for change, text in (({"build": "../tokens"}, "is no build"), ({"name": "a/b"}, "is no name of a deployment"),
                             ({"build": ""}, "is no build"), ({"name": "-"}, "is no name")):
            control.told[UPLOAD] = (202, {"build": "7", "name": NAME, "version": 1, **change})
            result = deploy(control)
            expect(result.code != 0 and text in result.err and BUILD not in control.labels(), f"{result}")
        control.wrong.clear()


def test_an_instance_that_does_not_answer_is_deployed_all_the_same():
    with Control() as control:
        control.page = None
        result = fine(deploy(control))
        expect(result.out == control.url + "/\n" and "Instance is not reachable from here: " in result.err, f"{result}")
        control.page = (500, b"x" * 1000000)
        result = fine(deploy(control))
        expect("reachable over HTTP (status 500)" in result.err, f"{result}")


def secure_page(folder):
    """The port of a server for HTTPS whose certificate nobody trusts."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                    "-keyout", folder.path("key"), "-out", folder.path("certificate")],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder.path("certificate"), folder.path("key"))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            plain = listener.accept()[0]
            try:
                with context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            except OSError:
                plain.close()
        listener.close()
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def test_an_address_that_this_machine_does_not_trust_is_shown_as_http():
    with Control() as control, Folder() as folder:
        url = f"https://127.0.0.1:{secure_page(folder)}/"
        control.told[DETAILS] = (200, {**control.healthy()[DETAILS][1], "url": url})
        result = fine(deploy(control))
        expect(result.out == control.url + "/\n" and len(control.visits) == 1, f"{result}")
        expect("of an authority that is not trusted here" in result.err and f"deployed at [{url}]" in result.err,
               f"{result}")
        # One that is trusted is what is printed.
        result = fine(deploy(control, extra={"SSL_CERT_FILE": folder.path("certificate")}))
        expect(result.out == url + "\n" and "reachable over HTTPS (status 200)" in result.err, f"{result}")


def test_json_is_all_that_is_said_with_json():
    with Control() as control:
        result = fine(deploy(control, "--json"))
        expect(result.json() == control.told[DETAILS][1] and not result.err, f"{result}")


def test_an_upload_that_takes_long_has_a_bar_on_a_terminal():
    with Control() as control, Folder() as folder:
        drawn = threading.Event()

        def slow(handler):
            handler.send_response_only(100)
            handler.end_headers()
            length = int(handler.headers["Content-Length"])
            handler.rfile.read(1000000)
            drawn.wait(PATIENCE)  # what is on the way does not fit in the sockets' buffers
            handler.rfile.read(length - 1000000)
            handler.send(202, b'{"build": "7", "name": "a", "version": 1}')
        control.told[UPLOAD] = Raw(speak=slow)
        path = folder.write("m.wasm", MODULE + b"\0" * 30000000)
        ours, theirs = pty.openpty()
        process = subprocess.Popen([SELVAGE, "deploy", path], stdout=subprocess.PIPE, stderr=theirs,
                                   env=environment("/nonexistent", control.url))
        os.close(theirs)
        seen = b""
        try:
            while True:
                seen += os.read(ours, 4096)
                if b"uploading [" in seen:
                    drawn.set()
        except OSError:
            pass  # the terminal's other end is closed
        os.close(ours)
        out = process.stdout.read()
        process.stdout.close()
        expect(process.wait(PATIENCE) == 0 and out.decode() == control.url + "/\n", f"{out} {seen[-300:]}")
        expect(b"\ruploading [#" in seen and b"% of 38.1 MiB" in seen, f"{seen}")
