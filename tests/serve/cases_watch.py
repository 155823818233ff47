"""serve --watch: a module or its file of settings that changes while it is served."""
import os
import shutil
import sys
import tempfile
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fastly"))

import serving
from cases_backends import Answer, request, settings
from origin import Origin
from script import Script, build_guest
from serving import PATIENCE, Server, artifact, expect, guest_path

MODULE = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "Content-Type: text/plain\\n\\nTEXT")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 30))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""


class Watched:
    """A server with --watch on a module in a folder, and a cache of its own."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="selvage-watch-")
        self.module = os.path.join(self.folder.name, "guest.wat")
        self.put("old!")
        os.environ["XDG_CACHE_HOME"] = os.path.join(self.folder.name, "cache")
        self.server = Server(self.module, "--watch", "-O0")
        self.server.__enter__()
        return self

    def __exit__(self, *what):
        del os.environ["XDG_CACHE_HOME"]
        try:
            self.server.__exit__(*what)
        finally:
            self.folder.cleanup()

    def put(self, text, whole=None):
        """As editors do: a new file takes the place of the old one."""
        with open(self.module + ".new", "w") as file:
            file.write(whole or MODULE.replace("TEXT", text))
        os.rename(self.module + ".new", self.module)

    def wait(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            expect(time.monotonic() < end, f"{what}: {self.server.read_log()[-500:]!r}")
            time.sleep(0.01)

    def wait_for(self, text):
        self.wait(lambda: self.server.get("/").text() == text, f"{text!r} is not served")


def test_a_module_that_changes_is_served_anew():
    with Watched() as watched:
        watched.wait_for("old!")
        watched.put("new!")
        watched.wait_for("new!")
        # Written in place.
        with open(watched.module, "w") as file:
            file.write(MODULE.replace("TEXT", "3rd!"))
        watched.wait_for("3rd!")
        watched.wait(lambda: watched.server.read_log().count("guest.wat has changed: the new one serves, after") >= 2,
                     "it is not said each time")
        # What was compiled before is found again.
        cache = os.path.join(watched.folder.name, "cache", "selvage")
        expect(len(os.listdir(cache)) == 3, f"{os.listdir(cache)}")
        watched.put("old!")
        watched.wait_for("old!")
        expect(len(os.listdir(cache)) == 3, f"{os.listdir(cache)}")


def test_a_module_that_does_not_compile_leaves_the_old_one():
    with Watched() as watched:
        watched.put("", "(module (func")
        watched.wait(lambda: "the old one goes on: " in watched.server.read_log(), "nothing is said")
        expect("guest.wat" in watched.server.read_log(), watched.server.read_log())
        watched.wait_for("old!")
        watched.put("next")
        watched.wait_for("next")


def test_a_damaged_artifact_in_the_cache_is_made_again():
    with Watched() as watched:
        watched.put("new!")
        watched.wait_for("new!")
        cache = os.path.join(watched.folder.name, "cache", "selvage")
        for name in os.listdir(cache):
            with open(os.path.join(cache, name), "r+b") as file:
                file.truncate(100)
        watched.put("old!")
        watched.wait_for("old!")


def test_what_another_compiler_made_is_not_taken():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("selvage", "libselvage-compiler.so.0"):
            shutil.copy2(os.path.join(os.path.dirname(serving.SELVAGE), name), folder)
        before, serving.SELVAGE = serving.SELVAGE, os.path.join(folder, "selvage")
        try:
            with Watched() as watched:
                watched.wait_for("old!")
                os.utime(os.path.join(folder, "libselvage-compiler.so.0"), (1, 1))
                for text in ("new!", "old!"):
                    watched.put(text)
                    watched.wait_for(text)
                cache = os.path.join(watched.folder.name, "cache", "selvage")
                expect(len(os.listdir(cache)) == 3, f"{os.listdir(cache)}")
        finally:
            serving.SELVAGE = before


def test_a_cache_in_which_others_may_write_is_not_used():
    with Watched() as watched:
        cache = os.path.join(watched.folder.name, "cache", "selvage")
        watched.wait_for("old!")
        expect(len(os.listdir(cache)) == 1, f"{os.listdir(cache)}")
        os.chmod(cache, 0o777)
        watched.put("new!")
        watched.wait_for("new!")
        expect(len(os.listdir(cache)) == 1, f"{os.listdir(cache)}")


def test_requests_end_where_they_began():
    with tempfile.TemporaryDirectory() as folder:
        built = build_guest(folder)
        if not built:
            return "no clang-22"
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            check_requests_under_way(built)
        finally:
            del os.environ["XDG_CACHE_HOME"]
    return None


def check_requests_under_way(built):
    """One request waits for its backend while the module is replaced."""
    with Origin() as backend, settings(backend) as path:
        with Server(built, "--timeout", "60s", "--watch", "-O0", "--config", path) as server:
            script = Script()
            handle, content = request(script, "/gate")
            response, body = script.out(), script.out()
            script.call("http_req.send", handle.value, content.value, "origin", response, body)
            answer = Answer(script, response, body)
            thread = threading.Thread(target=script.send, args=(server,))
            thread.start()
            expect(backend.asked.wait(PATIENCE), "the request does not begin")
            shutil.copy(artifact(guest_path("fastly.wat")), built + ".new")
            os.rename(built + ".new", built)
            end = time.monotonic() + PATIENCE
            while "has changed: the new one serves" not in server.read_log():
                expect(time.monotonic() < end, server.read_log())
                time.sleep(0.01)
            expect(server.get("/").status == 201, "the new one does not serve")
            backend.gate.set()
            thread.join()
    expect(answer.text == "open", f"{answer.text!r}")
