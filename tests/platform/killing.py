"""Kill -9 at random instants: what was acknowledged is there, nothing is there by halves.

A trial is a daemon with one deployment on which others work all the time: one deploys and rolls back, one
changes secrets and variables, two send requests. Then something is killed: the daemon (also while it starts), the
builder's process, or a client in the middle of a deploy. After each kill all that was acknowledged is looked for.
"""
import hashlib
import http.client
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

from daemon import PATIENCE, SELVAGE, Daemon, Failure, expect

TEXT = r"Content-Type: text/plain\n\n"
GONE = (OSError, http.client.HTTPException) # what a client sees of a daemon that is killed


def guest(tag, is_large):
    """Answers with its tag and its environment. A large one is served from the fast tier first."""
    length = len(TEXT) - 2 + len(tag) + 1
    return f"""(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "{TEXT}{tag}\\00")
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 1036)))
    (drop (call $get (i32.const 4096) (i32.const 65536)))
    (i32.store (i32.const 1024) (i32.const 16))
    (i32.store (i32.const 1028) (i32.const {length}))
    (i32.store (i32.const 1032) (i32.const 65536))
    (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 2) (i32.const 8)))))
{";; " + "x" * 9000 if is_large else ""}""".encode()


class Trial:
    """What was sent and what was acknowledged, over all kills of one seed."""

    def __init__(self, daemon, seed):
        self.daemon, self.chance = daemon, random.Random(seed)
        self.tags = {}       # of modules that were sent: number of their version, None if nobody said
        self.count = 0
        self.newest = 0      # version that was acknowledged
        self.pending = set() # versions that may still be built
        self.allowed = set() # versions that may be current, besides those nobody acknowledged
        self.settings = {"secrets": [None], "env": [None]} # values there may be: the last acknowledged one first
        self.starts, self.killed = [], {}
        self.faults = []

    # ---- those who work ----

    def next_guest(self):
        self.count += 1
        tag = f"tag-{self.count}"
        self.tags[tag] = None
        return tag, guest(tag, self.chance.random() < 0.4)

    def deploy(self):
        tag, code = self.next_guest()
        answer = self.daemon.deploy("site", code)
        number = answer["version"]
        self.tags[tag] = self.newest = number
        self.pending.add(number)
        self.allowed.add(number)
        if self.chance.random() < 0.5:
            built = self.daemon.built(answer)
            expect(built["success"], f"a build failed: {built}")
            self.pending = {one for one in self.pending if one > number}
            self.allowed = {number} | self.pending

    def roll_back(self):
        number = self.chance.randint(max(1, self.newest - 8), max(1, self.newest))
        self.allowed.add(number)
        status, _ = self.daemon.call("POST", "/v1/deployments/site/rollback", {"version": number})
        expect(status in (200, 409), f"rollback: {status}") # 409: it is not built yet
        if status == 200:
            self.allowed = {number} | self.pending

    def set(self, kind):
        values, value = self.settings[kind], f"value-{self.chance.randrange(1 << 40)}"
        values.append(value)
        self.daemon.fine("PATCH", f"/v1/deployments/site/{kind}", {kind.upper(): value})
        self.settings[kind] = [value]

    def request(self):
        status, text = self.daemon.get("site")
        expect(status == 200 and text.split("\0")[0] in self.tags, f"a request: {status} {text[:200]!r}")

    def work(self, *tasks):
        """Tasks one after the other until the daemon is gone; what else goes wrong is a fault."""
        try:
            while not self.is_over:
                self.chance.choice(tasks)()
        except GONE:
            pass
        except Failure as failure:
            if self.is_over and "not JSON: b''" in str(failure):
                return
            self.faults.append(str(failure))

    def set_one(self):
        self.set(self.chance.choice(["secrets", "env"]))

    def start_working(self):
        self.is_over = False
        self.workers = [threading.Thread(target=self.work, args=tasks) for tasks in (
            (self.deploy, self.deploy, self.roll_back), (self.set_one,), (self.request,), (self.request,))]
        for worker in self.workers:
            worker.start()

    def stop_working(self):
        self.is_over = True
        for worker in self.workers:
            worker.join()

    # ---- what is killed ----

    def start(self):
        began = time.monotonic()
        self.daemon.start()
        if self.newest:
            self.request()
        self.starts.append(time.monotonic() - began)

    def kill_daemon(self):
        time.sleep(self.chance.uniform(0.0, 0.4))
        self.is_over = True
        self.daemon.kill()
        self.stop_working()
        while self.chance.random() < 0.2:
            process = subprocess.Popen(self.daemon.command(), env=self.daemon.environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.chance.uniform(0.0, 0.1))
            process.kill()
            process.wait()
            self.killed["start"] = self.killed.get("start", 0) + 1
        self.start()

    def kill_builder(self):
        """One that is found at a random instant, if there is one within a while."""
        limit = time.monotonic() + 2
        time.sleep(self.chance.uniform(0.0, 0.2))
        while time.monotonic() < limit:
            for process in self.builders():
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self.stop_working()
                return
        self.stop_working()

    def builders(self):
        folder = f"/proc/{self.daemon.process.pid}/task"
        for thread in os.listdir(folder):
            try:
                with open(f"{folder}/{thread}/children") as file:
                    yield from map(int, file.read().split())
            except FileNotFoundError:
                pass # a thread that has ended

    def kill_client(self):
        _, code = self.next_guest()
        path = os.path.join(self.daemon.place.name, "module.wat")
        with open(path, "wb") as file:
            file.write(code)
        process = subprocess.Popen([SELVAGE, "deploy", "--name", "site", "--url", f"http://127.0.0.1:{self.daemon.control}",
                                    path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=dict(self.daemon.environment(), SELVAGE_TOKEN=self.daemon.token))
        time.sleep(self.chance.uniform(0.0, 0.1))
        process.kill()
        process.wait()
        self.stop_working()

    def kill(self):
        kind = self.chance.choices(["daemon", "builder", "client"], [6, 3, 1])[0]
        self.start_working()
        getattr(self, "kill_" + kind)()
        self.killed[kind] = self.killed.get(kind, 0) + 1
        self.check(kind)

    # ---- what must be there ----

    def settle(self):
        """All that was acknowledged is built in the end."""
        limit = time.monotonic() + PATIENCE
        while True:
            versions = self.daemon.fine("GET", "/v1/deployments/site")["versions"]
            failed = [one for one in versions if one["state"] == "failed" or (one["state"] == "done" and one["message"])]
            expect(not failed, f"a build failed: {failed[:1]}")
            if all(one["state"] == "done" for one in versions):
                self.pending.clear()
                return
            expect(time.monotonic() < limit, "builds do not end")
            time.sleep(0.01)

    def is_allowed(self, number):
        return number in self.allowed or number not in self.tags.values() # one that nobody acknowledged

    def check(self, kind):
        shown = self.daemon.fine("GET", "/v1/deployments/site")
        numbers = [one["version"] for one in shown["versions"]]
        expect(max(numbers) >= self.newest, f"version {self.newest} is lost: {numbers[:5]}")
        kept = [number for number in numbers if number > numbers[0] - 50] # and the current one, however old
        expect(kept == list(range(kept[0], kept[-1] - 1, -1)), f"a gap: {numbers}")
        expect(self.is_allowed(shown["version"]), f"{shown['version']} is current, not one of {self.allowed}")
        expect(shown["env"].get("ENV") in self.settings["env"], f"{shown['env']}, not {self.settings['env']}")
        self.check_answer()
        if self.chance.random() < 0.5:
            self.settle()
            shown = self.check_answer()
            self.newest = max(one["version"] for one in shown["versions"])
            self.allowed = {shown["version"]}
        self.check_files()
        expect(not self.faults, f"after a kill of the {kind}: {self.faults[:3]}")

    def check_answer(self):
        """What answers is the current version, with settings that were acknowledged or sent."""
        while True:
            before = self.daemon.fine("GET", "/v1/deployments/site")
            status, text = self.daemon.get("site")
            shown = self.daemon.fine("GET", "/v1/deployments/site")
            if before["version"] == shown["version"]:
                break
        expect(status == 200, f"{status} {text[:200]!r}")
        tag, *variables = text.split("\0")
        expect(tag in self.tags, f"a tag that was never sent: {tag!r}")
        expect(self.tags[tag] in (None, shown["version"]), f"{tag} of {self.tags[tag]} answers for {shown['version']}")
        found = dict(one.split("=", 1) for one in variables if "=" in one)
        for kind, values in self.settings.items():
            value = found.get(kind.upper())
            expect(value in values, f"{kind}: {value}, not {values}")
            self.settings[kind] = [value] if len(values) > 1 else values
        return shown

    def check_files(self):
        """Each row's files are there and whole, and the database is."""
        database = sqlite3.connect(os.path.join(self.daemon.data, "selvage.db"), timeout=60)
        with database:
            rows = database.execute("SELECT module, artifact, state, tier FROM version").fetchall()
            (state,) = database.execute("PRAGMA quick_check").fetchone()
            broken = database.execute("PRAGMA foreign_key_check").fetchall()
            names = {name for module, artifact, _, _ in rows for name in (module, artifact) if name}
            for name in names:
                with open(os.path.join(self.daemon.data, "blobs", name), "rb") as file:
                    expect(hashlib.sha256(file.read()).hexdigest() == name, f"{name} is not what it was")
        database.close()
        expect(state == "ok" and not broken, f"the database: {state} {broken}")
        half = [row for row in rows if row[2] == 3 and not (row[0] and row[1] and row[3])]
        expect(not half, f"half a version: {half}")


def run(kills, seed):
    """A trial that is over; Failure with the seed in its text if something was lost."""
    with Daemon("--quiet") as daemon:
        trial = Trial(daemon, seed)
        trial.deploy()
        trial.settle()
        trial.allowed = {trial.newest}
        try:
            for done in range(kills):
                trial.kill()
        except Failure as failure:
            raise Failure(f"seed {seed}, kill {done + 1}: {failure}") from failure
        return trial
