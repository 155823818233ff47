"""Kill -9 at random instants: what was acknowledged is there, and nothing by halves."""
import os
import random
import threading
import time

from daemon import Daemon, Failure, cgi, expect


class Writer(threading.Thread):
    """Deploys, sets and rolls back until the daemon is gone; knows what was acknowledged."""

    def __init__(self, daemon, begin, setting):
        super().__init__()
        self.daemon_under_test = daemon
        self.next = begin
        self.versions = 0   # highest that was acknowledged
        self.setting = setting # last that was acknowledged
        self.trying = setting  # the one on its way, which may be there or not

    def run(self):
        daemon = self.daemon_under_test
        try:
            while True:
                self.next += 1
                self.versions = daemon.deploy("site", cgi(f"v{self.next % 7}"))["version"]
                self.trying = f"value-{self.next}"
                daemon.fine("PATCH", "/v1/deployments/site/env", {"A": self.trying})
                self.setting = self.trying
        except (OSError, Failure, ValueError, KeyError):
            pass
        except Exception as problem:
            if "http.client" not in type(problem).__module__:
                raise


def check_after(daemon, writer):
    shown = daemon.fine("GET", "/v1/deployments/site")
    numbers = [v["version"] for v in shown["versions"]]
    expect(max(numbers) >= writer.versions, f"version {writer.versions} is lost: {numbers[:5]}")
    kept = [n for n in numbers if n > numbers[0] - 50] # and the current one, however old
    expect(kept == list(range(kept[0], kept[-1] - 1, -1)), f"a gap: {numbers}")
    found = shown["env"].get("A")
    expect(found in (writer.setting, writer.trying), f"{found}, not {writer.setting}")
    status, text = daemon.get("site")
    expect(status == 200 and text.startswith("v"), f"{status} {text!r}")
    return found


def test_a_daemon_that_is_killed_loses_nothing_it_acknowledged():
    rounds = 8 if os.environ.get("QUICK") else 60
    chance = random.Random(20261127)
    with Daemon("--quiet") as daemon:
        daemon.deploy_well("site", cgi("v0"))
        begin, setting = 0, None
        for _ in range(rounds):
            writer = Writer(daemon, begin, setting)
            writer.start()
            time.sleep(chance.uniform(0.0, 0.4))
            daemon.kill()
            writer.join()
            daemon.start()
            setting = check_after(daemon, writer)
            begin = writer.next
