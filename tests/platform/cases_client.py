"""The commands of a client with a real daemon."""
import os
import subprocess

from daemon import MODULES, PATIENCE, SELVAGE, Daemon, cgi, expect

ENV_GUEST = os.path.join(MODULES, "rust196_image_cgi_wasi.wasm")


class Shell:
    """What a person on the same machine types: no address, no token."""

    def __init__(self, daemon):
        self.daemon = daemon
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SELVAGE_")}
        self.environment = dict(kept, XDG_CONFIG_HOME=daemon.config, HOME=daemon.place.name, LC_ALL="C.UTF-8")
        self.shown = ""  # all that was ever printed

    def run(self, *arguments, code=0, stdin=b"", **extra):
        done = subprocess.run([SELVAGE, *arguments], input=stdin, capture_output=True, timeout=4 * PATIENCE,
                              env={**self.environment, **extra})
        out, err = done.stdout.decode(), done.stderr.decode()
        self.shown += out + err
        expect(done.returncode == code, f"selvage {arguments}: {done.returncode} {out[-300:]!r} {err[-500:]!r}")
        return out if code == 0 else err

    def file(self, name, data):
        path = os.path.join(self.daemon.place.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def deploy(self, name, text, *options):
        return self.run("deploy", "--name", name, *options, self.file(f"{name}.wat", cgi(text)))


def test_one_command_after_the_first_start_gives_an_address_that_answers():
    with Daemon() as daemon:
        shell = Shell(daemon)
        url = shell.run("deploy", shell.file("hello.wat", cgi("hello")))
        name = url.removeprefix("https://").split(".")[0]
        expect(url == f"https://{name}.localhost:{daemon.tls_port}/\n" and len(name.split("-")) == 4, url)
        daemon.says(name, "hello")
        for line in ("Guessed programming language: WebAssembly text\n", "Instance is deployed\n",
                     "Instance is running and reachable over HTTPS (status 200)\n",
                     f"New instance deployed at [{url.strip()}]\n"):
            expect(line in shell.shown, f"no {line!r} in {shell.shown!r}")
        expect(name in shell.run("list") and url.strip() in shell.run("list"), "it is not in the list")
        expect(shell.run("open", name, DISPLAY="", WAYLAND_DISPLAY="", PATH="/nonexistent") == url, "another address")


def test_versions_are_deployed_shown_and_rolled_back():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "one")
        shell.deploy("site", "two")
        daemon.says("site", "two")
        rows = [line.split()[:3] for line in shell.run("status", "site").splitlines()]
        expect(["2", "yes", "done"] in rows and ["1", "no", "done"] in rows, f"{rows}")
        expect(shell.run("rollback", "site") == "site serves version 1\n", "another line")
        daemon.says("site", "one")
        shell.run("rollback", "site", "2")
        daemon.says("site", "two")
        message = shell.run("rollback", "site", "9", code=1)
        expect("never live" in message, message)


def test_a_module_that_cannot_be_served_fails_and_changes_nothing():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "one")
        bad = shell.file("bad.wasm", b"\0asm\1\0\0\0\xff")
        error = shell.run("deploy", "--name", "site", bad, code=1)
        expect("selvage: the build failed: " in error, error)
        shell.run("deploy", "--name", "site", "--check", "relative", bad, code=2)
        daemon.says("site", "one")


def test_variables_and_secrets_reach_the_guest_and_secrets_no_screen():
    with Daemon() as daemon:
        shell = Shell(daemon)
        first, second = "correct-horse-battery", "staple-and-more"
        key = shell.file("key", first.encode() + b"\n")
        shell.run("deploy", "--name", "site", "--env", "COLOR=blue", "--secret", f"KEY=@{key}", ENV_GUEST)
        os.remove(key)
        seen = daemon.get("site", "/env")[1]
        expect(f"KEY={first}" in seen and "COLOR=blue" in seen, f"{seen[:300]!r}")
        shell.run("secret", "set", "site", "KEY", stdin=second.encode())
        expect(f"KEY={second}" in daemon.get("site", "/env")[1], "the guest has the old one")
        expect(shell.run("secret", "list", "site") == "KEY\n", "not listed")
        expect(shell.run("env", "site", "SIZE=5", "--unset", "COLOR") == "SIZE=5\n", "another environment")
        for arguments in (["list"], ["status", "site"], ["status", "--json", "site"], ["env", "site"], ["audit"],
                          ["logs", "site"], ["logs", "--json", "site"]):
            shell.run(*arguments)
        expect(shell.run("secret", "remove", "site", "KEY") == "", "not removed")
        expect("KEY=" not in daemon.get("site", "/env")[1], "the guest still has it")
        for secret in (first, second, daemon.token):
            expect(secret not in shell.shown + daemon.log_text(), f"{secret} is shown")


def test_logs_follow_what_happens():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "one")
        process = subprocess.Popen([SELVAGE, "logs", "-f", "site"], stdout=subprocess.PIPE, env=shell.environment)
        try:
            expect(b"version 1 is live" in process.stdout.readline(), "not the first line")
            daemon.get("site", "/a")
            while b"GET /a 200" not in (line := process.stdout.readline()):
                expect(line, "no line about the request")
            daemon.get("site", "/b\x1b[2J".replace("\x1b", "%1b"))
            while b"GET /b%1b[2J" not in (line := process.stdout.readline()):
                expect(line, "no line about the request")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def test_tokens_let_others_do_what_they_are_for():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "one")
        reader = shell.run("token", "create", "--role", "read").strip()
        expect("site" in shell.run("list", SELVAGE_TOKEN=reader), "it cannot read")
        shell.run("env", "site", "A=b", code=1, SELVAGE_TOKEN=reader)
        identifier = next(line.split()[0] for line in shell.run("token", "list").splitlines() if " read " in line)
        shell.run("token", "revoke", identifier)
        shell.run("list", code=1, SELVAGE_TOKEN=reader)
        expect("POST /v1/tokens" in shell.run("audit"), "not in the audit log")
        expect(shell.shown.count(reader) == 1, "a token is shown twice")


def test_what_is_removed_does_not_answer():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "one", "--ttl", "1h")
        expect(" 20" in shell.run("status", "site").split("expires")[1].splitlines()[0], "it does not expire")
        shell.run("remove", "site", code=2)
        daemon.says("site", "one")
        expect(shell.run("remove", "--yes", "site") == "site is removed\n", "another line")
        expect(daemon.get("site")[0] == 404 and "site" not in shell.run("list"), "it is still there")
        expect("there is no deployment" in shell.run("status", "site", code=1), "another message")


def test_a_daemon_that_is_gone_is_said_to_be():
    with Daemon() as daemon:
        shell = Shell(daemon)
        daemon.stop()
        expect("(is `selvage up` running?)" in shell.run("list", code=1), "another message")
