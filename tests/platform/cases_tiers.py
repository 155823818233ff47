"""The fast tier first, the release tier behind it: which is served when, and what a failure leaves."""
import os
import signal
import socket
import sqlite3
import time

from cases_client import Shell
from cases_quotas import wait_for_release, wait_until
from daemon import PATIENCE, ROOT, Daemon, cgi, expect, module

LARGE = "c_cgi.wasm" # its release tier takes a while
LARGE_SAYS = "Hello from C\n"


def padded(text):
    """A text module that is too large for the release tier at once, and compiled in no time all the same."""
    return text + b"\n;; " + b"x" * 9000


def builder(daemon):
    """The process that compiles for the release tier of what is served; None if there is none."""
    folder = f"/proc/{daemon.process.pid}/task"
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/children") as file:
            children = file.read().split()
        for child in children:
            with open(f"/proc/{child}/cmdline") as file:
                if file.read().split("\0")[1:4] == ["builder", "release", "15"]:
                    return int(child)
    return None


def state_of(process):
    with open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def held_builder(daemon):
    """The same, stopped in the middle of its work."""
    limit = time.monotonic() + PATIENCE
    while (found := builder(daemon)) is None:
        expect(time.monotonic() < limit, "nothing is compiled for the release tier")
        time.sleep(0.005)
    os.kill(found, signal.SIGSTOP)
    while state_of(found) != "T":
        expect(time.monotonic() < limit, "the builder does not stop")
        time.sleep(0.005)
    return found


def shown(daemon, name="site"):
    return daemon.fine("GET", f"/v1/deployments/{name}")


def events(daemon, name="site"):
    answer = daemon.fine("GET", f"/v1/deployments/{name}/logs")
    return [line["text"] for line in answer["lines"] if line["kind"] == "event"]


def counted(daemon, metric, name="site"):
    """A counter of the fast and of the release tier."""
    text = daemon.text("/metrics")
    return tuple(int(text.split(f'selvage_{metric}_total{{deployment="{name}",tier="{tier}"}} ')[1].split()[0])
                 for tier in ("fast", "release"))


def test_tiers_the_fast_one_is_served_until_the_release_one_is_there():
    with Daemon() as daemon:
        answer = daemon.deploy_well("site", module(LARGE))
        expect(answer["tier"] == "fast" and answer["current"], f"{answer}")
        held = held_builder(daemon)
        daemon.says("site", LARGE_SAYS)
        found = shown(daemon)
        expect(found["tier"] == "fast" and found["versions"][0]["tier"] == "fast", f"{found}")
        expect("selvage_deployments_fast 1\n" in daemon.text("/metrics"), "not counted")
        os.kill(held, signal.SIGCONT)
        wait_for_release(daemon, "site")
        daemon.says("site", LARGE_SAYS)
        expect(events(daemon) == ["version 1 is live (fast tier)", "version 1 is live (release tier)"], f"{events(daemon)}")
        for metric in ("builds", "swaps"):
            expect(counted(daemon, metric) == (1, 1), f"{metric}: {counted(daemon, metric)}")
        expect(counted(daemon, "build_failures") == (0, 0), f"{counted(daemon, 'build_failures')}")
        expect("selvage_deployments_fast 0\n" in daemon.text("/metrics"), "not counted")


def test_tiers_a_small_module_and_one_that_was_compiled_before_have_no_fast_one():
    with Daemon() as daemon:
        expect(daemon.deploy_well("site", cgi("small"))["tier"] == "release", "a small one")
        expect(events(daemon) == ["version 1 is live (release tier)"], f"{events(daemon)}")
        expect(counted(daemon, "builds") == (0, 1), f"{counted(daemon, 'builds')}")
        daemon.deploy_well("large", padded(cgi("large")))
        wait_for_release(daemon, "large")
        for _ in range(2): # under another name, and as another version
            expect(daemon.deploy_well("other", padded(cgi("large")))["tier"] == "release", "one that was compiled")
        expect(counted(daemon, "builds", "large") == (1, 1) and counted(daemon, "builds", "other") == (0, 0), "builds")
        expect(counted(daemon, "swaps", "other") == (0, 2), f"{counted(daemon, 'swaps', 'other')}")


def test_tiers_a_daemon_that_is_killed_serves_the_fast_one_and_compiles_again():
    with Daemon() as daemon:
        daemon.deploy_well("site", module(LARGE))
        held = held_builder(daemon)
        daemon.kill()
        wait_until(lambda: not os.path.exists(f"/proc/{held}"), "the end of the builder")
        daemon.start()
        daemon.says("site", LARGE_SAYS)
        expect(shown(daemon)["state"] == "live", f"{shown(daemon)}")
        wait_for_release(daemon, "site")
        daemon.says("site", LARGE_SAYS)
        expect(events(daemon)[-1] == "version 1 is live (release tier)", f"{events(daemon)}")


def test_tiers_a_builder_that_is_killed_is_started_again():
    with Daemon() as daemon:
        daemon.deploy_well("site", module(LARGE))
        os.kill(held_builder(daemon), signal.SIGKILL)
        daemon.says("site", LARGE_SAYS)
        wait_for_release(daemon, "site")
        expect(counted(daemon, "build_failures") == (0, 0), "counted as the module's failure")
        expect("the compilation was killed" in daemon.log_text(), "nothing in the daemon's log")


def test_tiers_a_release_one_that_fails_leaves_the_fast_one_and_comes_with_the_next_start():
    with Daemon() as daemon:
        shell = Shell(daemon)
        daemon.deploy_well("site", module(LARGE))
        held = held_builder(daemon)
        os.kill(held, signal.SIGSEGV)
        os.kill(held, signal.SIGCONT)
        wait_until(lambda: shown(daemon)["versions"][0]["message"], "a failure")
        expect("ended by signal 11" in shown(daemon)["versions"][0]["message"], f"{shown(daemon)}")
        expect(shown(daemon)["tier"] == "fast" and counted(daemon, "build_failures") == (0, 1), f"{shown(daemon)}")
        daemon.says("site", LARGE_SAYS)
        path = shell.file("large.wasm", module(LARGE))
        text = shell.run("deploy", "--name", "other", "--wait-for", "release", "--wait", "60ms", path, code=1)
        expect("is not done within" in text, text)
        daemon.stop()
        daemon.start()
        wait_for_release(daemon, "site")
        expect(shown(daemon)["versions"][0]["message"] == "", f"{shown(daemon)}")


def test_tiers_who_is_told_of_one_finds_it_live():
    """What is told of a deployment is told of one instant: not of rows that nobody serves yet."""
    with Daemon("--quiet") as daemon:
        for number in range(1, 6):
            daemon.deploy("site", padded(cgi(f"version {number}")))
            found = shown(daemon)
            while (found["version"], found["tier"]) != (number, "release"): # as often as can be
                found = shown(daemon)
            swaps = counted(daemon, "swaps") # counted when it is served
            expect(swaps[1] == number, f"version {number} is told of before it is served: {swaps}")
            expect(events(daemon)[-1] == f"version {number} is live (release tier)", f"{events(daemon)}")
            expect(found["versions"][0]["current"] and found["versions"][0]["state"] == "done", f"{found}")


def test_tiers_scripts_can_wait_for_the_release_one():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.run("deploy", "--name", "site", "--wait-for", "release", shell.file("large.wasm", module(LARGE)))
        expect(shown(daemon)["tier"] == "release", f"{shown(daemon)}")
        expect("It is now served from the release tier\n" in shell.shown, shell.shown)


def test_tiers_are_exchanged_under_requests_that_go_on():
    with open(os.path.join(ROOT, "tests", "serve", "guests", "upload.wat"), "rb") as file:
        echo = padded(file.read())
    with Daemon() as daemon:
        daemon.deploy_well("other", module(LARGE))
        held = held_builder(daemon) # and site's release tier waits behind that
        expect(daemon.deploy_well("site", echo)["tier"] == "fast", "not the fast tier")
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
            stream = client.makefile("rb")
            client.sendall(b"POST /e HTTP/1.1\r\nHost: site.localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            while stream.readline() != b"\r\n":
                pass
            expect(stream.readline() + stream.readline() == b"5\r\nfirst\r\n", "nothing came back")
            os.kill(held, signal.SIGCONT)
            wait_for_release(daemon, "site")
            expect(daemon.get("site", "/e", "POST", "new") == (200, "new"), "a new request")
            client.sendall(b"4\r\nlast\r\n0\r\n\r\n")
            expect(stream.readline() + stream.readline() + stream.readline() == b"4\r\nlast\r\n0\r\n", "it was cut off")


def test_tiers_of_rows_are_never_ahead_of_their_artifacts():
    """What the database says of a version that was killed in the middle is what is in its files."""
    with Daemon() as daemon:
        daemon.deploy_well("site", module(LARGE))
        held_builder(daemon)
        daemon.kill()
        database = sqlite3.connect(os.path.join(daemon.data, "selvage.db"))
        row = database.execute("SELECT state, tier, artifact, message FROM version").fetchone()
        (artifact,) = database.execute("SELECT artifact FROM compiled WHERE tier = 1").fetchone()
        count = database.execute("SELECT count(*) FROM compiled WHERE tier = 2").fetchone()
        database.close()
        expect(row == (3, 1, artifact, "") and count == (0,), f"{row}, {count}")
        daemon.start()
        daemon.says("site", LARGE_SAYS)
