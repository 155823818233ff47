"""What terrctl sends and reads, byte for byte as it is in its source."""
import base64
import http.client
import io
import json
import tarfile
import time

from daemon import API, PATIENCE, Daemon, Failure, cgi, expect, module


def upload(files, language="wasm"):
    """The body as terrctl makes it: an uncompressed archive in base64 without padding."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o600
            tar.addfile(entry, io.BytesIO(content))
    text = base64.b64encode(archive.getvalue()).decode().rstrip("=")
    return json.dumps({"lang": language, "options": None, "tar": text}, indent=1)


def ask(daemon, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.control, timeout=PATIENCE)
    connection.request(method, path, body, {"User-Agent": "terrctl", "Accept": "application/json",
                                            "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    operation, _, _ = API.find(method, path)
    operation.check_answer(response.status, answer)
    return response.status, answer


def follow(daemon, name):
    """Messages until it is done, each once, as terrctl prints them."""
    said, limit = [], time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        status, answer = ask(daemon, "GET", "/status/" + name)
        expect(status == 200 and set(answer) == {"status", "message", "success", "done"}, str(answer))
        if answer["message"] not in said:
            said.append(answer["message"])
        if answer["done"] or not answer["success"]:
            return answer, said
        time.sleep(0.01)
    raise Failure(f"it takes too long: {said}")


def test_terrctl_deploys_a_module():
    with Daemon("--terrarium") as daemon:
        code = upload({"module.wasm": module("c_cgi.wasm"), "src/other.c": b"int x;"})
        status, answer = ask(daemon, "POST", "/deploy", code)
        expect(status == 200 and set(answer) == {"id", "success", "message"} and answer["success"],
               f"{status} {answer}")
        name = answer["id"]
        expect(len(name.split("-")) == 4, f"{name} is not four words")
        answer, said = follow(daemon, name)
        expect(answer["done"] and said[-1] ==
               f"Deploy complete: https://{name}.localhost:{daemon.tls_port}/", str(said))
        expect(daemon.get_tls(name)[0] == 200, "it is not served")
        status, text = daemon.get_tls(name, "/__health")
        expect(status == 200 and text, "terrctl wants a body from /__health")
        expect(daemon.fine("GET", "/v1/deployments") == {"deployments": []}, "it is another tenant's")


def test_what_terrctl_sends_wrongly_is_refused():
    with Daemon("--terrarium") as daemon:
        for body, reason in ((upload({"main.c": b"int main;"}, "cobol"), "the language must be"),
                             (upload({"main.c": b"int main;"}), "no module.wasm"),
                             (upload({"a.wasm": b"x", "b.wasm": b"x"}), "one must be called module.wasm"),
                             (upload({"a.txt": b"x"}, ""), "Unable to detect the programming language"),
                             (json.dumps({"lang": "wasm", "tar": "####"}), "base64"),
                             (json.dumps({"lang": "wasm", "tar": "AAAA"}), "archive"),
                             (json.dumps({"lang": "wasm"}), "base64"),
                             (json.dumps({"lang": 5, "tar": "x"}), "not a text")):
            status, answer = ask(daemon, "POST", "/deploy", body)
            expect(status == 400 and not answer["success"] and reason in answer["message"],
                   f"{status} {answer}, not {reason!r}")
            again = ask(daemon, "GET", "/status/" + answer["id"])[1] # terrctl does not look at the answer itself
            expect(not again["success"] and again["message"] == answer["message"], f"{again}, not {answer}")
        _, answer = ask(daemon, "POST", "/deploy", upload({"module.wasm": b"\0asm\1\0\0\0\xff"}))
        answer, _ = follow(daemon, answer["id"])
        expect(not answer["success"] and "at byte" in answer["message"], str(answer))
        status, answer = ask(daemon, "GET", "/status/no-such-name-here")
        expect(status == 404 and not answer["success"], str(answer))


def log_of_terrctl(daemon, files, language):
    """What terrctl would print, as it would: it asks until something is new, and looks at nothing else."""
    log = []
    _, answer = ask(daemon, "POST", "/deploy", upload(files, language))
    name, before = answer["id"], {"status": "", "message": "", "success": False, "done": False}
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        answer = {**before, **{key: value for key, value in ask(daemon, "GET", "/status/" + name)[1].items() if key in before}}
        if answer != before:
            before = answer
            if not answer["success"]:
                return name, log + ["FATAL " + answer["message"]]
            log.append(answer["message"])
            if answer["done"]:
                return name, log + ["Instance is deployed"]
        time.sleep(0.01)
    raise Failure(f"it takes too long: {log}")


def test_the_log_of_terrctl_is_that_of_the_post():
    with Daemon("--terrarium") as daemon:
        for files, language in (({"module.wasm": cgi("x")}, "wasm"), ({"/home/me/site/module.wasm": cgi("x")}, "wasm"),
                                ({"src/main.wat": cgi("x")}, "wasm")):
            name, log = log_of_terrctl(daemon, files, language)
            expect(log == ["Upload complete, waiting for build...", "Building...", "Generating machine code...",
                           "Codegen complete...", f"Deploy complete: https://{name}.localhost:{daemon.tls_port}/",
                           "Instance is deployed"], str(log))
            expect(daemon.get_tls(name) == (200, "x"), "it is not served")
        _, log = log_of_terrctl(daemon, {"module.wasm": b"no module"}, "wasm")
        expect(log[-1].startswith("FATAL ") and "WebAssembly" in log[-1], str(log))
        _, log = log_of_terrctl(daemon, {"x.txt": b""}, "auto")
        expect(log == ["FATAL Unable to detect the programming language"], str(log))


def test_without_the_option_nothing_comes_without_a_token():
    with Daemon() as daemon:
        status, answer = ask(daemon, "POST", "/deploy", upload({"module.wasm": cgi("x")}))
        expect(status == 404 and not answer["success"] and "--terrarium" in answer["message"],
               f"{status} {answer}")
        expect(ask(daemon, "GET", "/status/x")[0] == 404, "status")
