"""Projects: files that are built by the compilers on this machine.

TOOLS in the environment: folders with more compilers, with ':' between them, for `selvage up --tools`.
"""
import base64
import os
import shutil
import subprocess

import cases_terrarium
from daemon import Daemon, cgi, expect

TOOLS = [folder for folder in os.environ.get("TOOLS", "").split(":") if folder]
PATH = ":".join([os.path.join(folder, "bin") for folder in TOOLS] + ["/usr/local/bin", "/usr/bin", "/bin"])

C_GUEST = b"""#include "http_hostcalls.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "deep/text.h"
__attribute__((visibility("default"))) void run(void)
{
    fprintf(stderr, "%d bytes\\n", (int)strlen(TEXT));
    assert(hostcall_resp_set_body(RESPONSE_OUTGOING, TEXT, strlen(TEXT)) == value_status_ok);
}
"""
C_PROGRAM = b'#include <stdio.h>\nint main(void) { puts("Content-Type: text/plain\\n\\nfrom main"); return 0; }\n'
AS_GUEST = b"""@external("env", "hostcall_resp_set_body") declare function setBody(response: i32, text: usize, length: i32): i32;
export function run(): void {
  const text = String.UTF8.encode("from AssemblyScript");
  setBody(0, changetype<usize>(text), text.byteLength);
}
"""
AS_LIBRARY = b"""import { run_user, Request, Response } from "./http_guest";
function entry(request: Request): Response {
  const response = new Response();
  response.status = 200;
  response.body_string = "from http_guest";
  return response;
}
export function run(): void { run_user(entry); }
"""
RUST_GUEST = b"""extern "C" { fn hostcall_resp_set_body(response: i32, text: *const u8, length: usize) -> i32; }
#[no_mangle] pub extern "C" fn run() {
    let text = format!("from {}", "Rust");
    unsafe { hostcall_resp_set_body(0, text.as_ptr(), text.len()); }
}
"""
HTTP_GUEST = b"""#[macro_use] extern crate http_guest;
use http_guest::{Request, Response};
pub fn entry(_: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    Response::builder().status(200).body(b"from http_guest".to_vec()).unwrap()
}
guest_app!(entry);
"""


def daemon_with_tools(*more):
    return Daemon(*more, *(word for folder in TOOLS for word in ("--tools", folder)))


def archive(files):
    import json
    return json.loads(cases_terrarium.upload(files))["tar"]


def send(daemon, name, files, **more):
    path = f"/v1/deployments/{name}/versions"
    return daemon.built(daemon.fine("POST", path, {"archive": archive(files), **more}))


def leaves_nothing(daemon):
    work = os.path.join(daemon.data, "work")
    expect(not os.path.exists(work) or not os.listdir(work), f"left behind: {os.listdir(work)}")


def test_a_project_in_c_is_built_and_served():
    files = {"src/main.c": C_GUEST, "src/deep/text.h": b'#define TEXT "from C"', "README": b"x"}
    with Daemon() as daemon:
        answer = send(daemon, "site", files)
        expect(answer["success"], str(answer))
        daemon.says("site", "from C")
        answer = send(daemon, "site", {"a.c": C_PROGRAM})
        expect(answer["success"], str(answer))
        daemon.says("site", "from main\n")
        versions = daemon.fine("GET", "/v1/deployments/site")["versions"]
        expect([version["language"] for version in versions] == ["c", "c"] and all(v["module"] for v in versions), str(versions))
        leaves_nothing(daemon)
        daemon.fine("POST", "/v1/deployments/site/rollback", {})
        daemon.says("site", "from C")


def test_errors_of_compilers_are_told_and_change_nothing():
    with Daemon() as daemon:
        expect(send(daemon, "site", {"a.c": C_PROGRAM})["success"], "the first version")
        for files, reason in (({"src/a.c": b"int main(void) { return x; }"}, "src/a.c:1:25: error: use of undeclared"),
                              ({"a.c": b"int f(void) { return 1; }"}, "neither run() nor main()"),
                              ({"a.c": b'#include "/etc/passwd"'}, "a.c:1:10: fatal error"),
                              ({"a.c": b'__asm__(".incbin \\"/etc/passwd\\"");void run(void){}'}, "Could not find incbin file"),
                              ({"a.c": b"", "-a.c": b"#error from -a.c"}, "-a.c:1:2: error: from -a.c"),
                              ({"a.c/b.c": b"", "a.c": b""}, "cannot write"),
                              ({"a.c": b'#include "a.c"'}, "error: #include nested too deeply")):
            answer = send(daemon, "site", files, language="c")
            expect(not answer["success"] and reason in answer["message"], f"{files}: {answer}, not {reason!r}")
        daemon.says("site", "from main\n")
        leaves_nothing(daemon)
        log = daemon.text("/v1/deployments/site/logs?after=0")
        expect("build: ./src/a.c:1:25: error" in log, "the compiler's words are not in the log")


def test_projects_that_are_none_are_refused_at_once():
    with Daemon() as daemon:
        path = "/v1/deployments/site/versions"
        for body, reason in (({"archive": archive({"a.txt": b"x"})}, "Unable to detect the programming language"),
                             ({"archive": archive({"a.c": b"x"}), "language": "cobol"}, "the language must be c, rust"),
                             ({"archive": archive({"assets/a.c": b"x"})}, "Unable to detect"),
                             ({"archive": "####"}, "base64"), ({"archive": 5}, "not a text"),
                             ({"archive": archive({"a.c": b"x"}), "module": "AAAA"}, "one of"), ({}, "one of"),
                             ({"archive": base64.b64encode(b"x" * 2000).decode()}, "damaged")):
            expect(reason in daemon.refused(400, "POST", path, body), f"{body}: not {reason!r}")
        expect(daemon.fine("GET", "/v1/deployments") == {"deployments": []}, "something was kept")


def test_a_module_in_a_project_is_found():
    with Daemon() as daemon:
        for files, text in (({"module.wasm": cgi("one"), "other.wasm": b"x"}, "one"), ({"bin/site.wat": cgi("two")}, "two")):
            expect(send(daemon, "site", files)["success"], text)
            daemon.says("site", text)


def test_a_build_that_is_killed_is_done_again():
    with Daemon() as daemon:
        build = daemon.fine("POST", "/v1/deployments/site/versions", {"archive": archive({"a.c": C_PROGRAM})})
        daemon.kill()
        stale = os.path.join(daemon.data, "work", "stale", "deep")
        os.makedirs(stale, exist_ok=True)
        daemon.start()
        expect(daemon.built(build)["success"], "it was not built")
        daemon.says("site", "from main\n")
        expect(not os.path.exists(stale), "what the killed one left is still there")


def missing(program, target=None):
    """Why a language cannot be tried here, or None."""
    found = shutil.which(program, path=PATH)
    if found and target:
        place = subprocess.run([found, "--print", "target-libdir", "--target", target], capture_output=True, text=True)
        found = place.returncode == 0 and os.path.exists(place.stdout.strip())
    return None if found else f"no {program}{' for ' + target if target else ''} (TOOLS can name folders that have it)"


def test_a_language_that_is_not_installed_is_named_with_what_to_install():
    tried = 0
    with daemon_with_tools() as daemon:
        for files, program, target, hint in (
                ({"assembly/index.ts": AS_GUEST}, "asc", None, "npm install -g assemblyscript"),
                ({"src/lib.rs": RUST_GUEST}, "rustc", "wasm32-unknown-unknown", "libstd-rust-dev-wasm32")):
            if missing(program, target):
                answer = send(daemon, "site", files)
                expect(not answer["success"] and "this server cannot build" in answer["message"] and
                       hint in answer["message"], str(answer))
                tried += 1
    return None if tried else "all of them are installed"


def test_a_project_in_assemblyscript_is_built_and_served():
    if missing("asc"):
        return missing("asc")
    with daemon_with_tools() as daemon:
        evil = b'{"options": {"transform": ["./evil.js"]}}'
        answer = send(daemon, "site", {"assembly/index.ts": AS_GUEST, "asconfig.json": evil,
                                       "evil.js": b"require('fs').writeFileSync('index.ts', 'x')", "build.ts": b"x"})
        expect(answer["success"], str(answer))
        daemon.says("site", "from AssemblyScript")
        answer = send(daemon, "site", {"assembly/index.ts": AS_LIBRARY})
        expect(answer["success"], str(answer))
        daemon.says("site", "from http_guest")
        answer = send(daemon, "site", {"assembly/index.ts": b"export function run(): void { f(); }"})
        expect(not answer["success"] and "Cannot find name 'f'" in answer["message"] and
               "assembly/index.ts(1,31)" in answer["message"], str(answer))


def test_a_project_in_rust_is_built_and_served():
    reason = missing("rustc", "wasm32-unknown-unknown")
    if reason:
        return reason
    with daemon_with_tools() as daemon:
        answer = send(daemon, "site", {"src/lib.rs": RUST_GUEST, "Cargo.toml": b'[package]\nedition = "2021"\n',
                                       "build.rs": b"fn main() { panic!() }"})
        expect(answer["success"], str(answer))
        daemon.says("site", "from Rust")
        answer = send(daemon, "site", {"src/lib.rs": b'const S: &str = include_str!("/etc/passwd");'})
        expect(not answer["success"] and "Permission denied" in answer["message"], str(answer))
        if any(os.path.isdir(os.path.join(folder, "lib/selvage/rust")) for folder in TOOLS):
            expect(send(daemon, "site", {"src/lib.rs": HTTP_GUEST})["success"], "http_guest")
            daemon.says("site", "from http_guest")
    return None
