"""A disk that is full or read-only: refused cleanly, and over when it is over."""
import os
import subprocess
import tempfile
import time

from cases_quotas import wait_until
from daemon import PATIENCE, Daemon, cgi, expect, module


class Disk:
    """A file system of its own for the data folder."""

    def __init__(self, size):
        self.place = tempfile.mkdtemp(prefix="selvage-disk-")
        self.data, self.ballast = os.path.join(self.place, "data"), os.path.join(self.place, "ballast")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.place], capture_output=True)
        self.is_there = done.returncode == 0

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        if self.is_there:
            subprocess.run(["umount", "-l", self.place], check=True)
        os.rmdir(self.place)

    def fill(self, left=0):
        """Until `left` bytes are left."""
        free = os.statvfs(self.place).f_bavail * os.statvfs(self.place).f_frsize
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - left)

    def free(self):
        os.unlink(self.ballast)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.place], check=True)


def with_disk(size, test):
    with Disk(size) as disk:
        if not disk.is_there:
            return "needs to mount a file system"
        daemon = Daemon()
        daemon.data = disk.data
        with daemon:
            test(daemon, disk)
    return None


def full(daemon, disk):
    daemon.deploy_well("site", module("rust196_image_cgi_wasi.wasm"), env={"COLOUR": "blue"})
    wait_until(lambda: daemon.fine("GET", "/v1/deployments/site")["tier"] == "release", "the release tier")
    before = daemon.fine("GET", "/v1/deployments/site")
    disk.fill()
    for _ in range(3):
        text = daemon.deploy_refused(500, "other", cgi("x" * 100))
        expect("No space left" in text or "full" in text, text)
        text = daemon.refused(500, "PATCH", "/v1/deployments/site/env", {"COLOUR": "y" * 60000})
        expect("full" in text, text)
        expect("COLOUR=blue" in daemon.get("site", "/env")[1], "it does not serve any more")
    expect(daemon.fine("GET", "/v1/deployments/site") == before, "half of a change")
    daemon.refused(404, "GET", "/v1/deployments/other")
    disk.free()
    daemon.deploy_well("other", cgi("x"))
    daemon.says("other", "x")
    daemon.fine("PATCH", "/v1/deployments/site/env", {"COLOUR": "green"})
    expect("COLOUR=green" in daemon.get("site", "/env")[1], "the setting")


def test_a_full_disk_refuses_changes_and_serves():
    return with_disk("16m", full)


def full_for_artifacts(daemon, disk):
    daemon.deploy_well("site", cgi("one"))
    wait_until(lambda: daemon.fine("GET", "/v1/deployments/site")["tier"] == "release", "the release tier")
    disk.fill(left=450000) # for the module of 225 KB, not for what it is compiled to
    build = daemon.deploy("site", module("rust196_image_cgi_wasi.wasm"))
    time.sleep(3)
    answer = daemon.fine("GET", "/v1/builds/" + build["build"])
    expect(not answer["done"], f"it gave up at once: {answer}")
    daemon.says("site", "one")
    disk.free()
    answer = daemon.built(build)
    expect(answer["success"], str(answer))
    expect("COLOUR" not in daemon.get("site", "/env")[1] and daemon.get("site", "/env")[0] == 200, "it is not served")


def test_a_build_that_finds_the_disk_full_is_tried_again():
    return with_disk("16m", full_for_artifacts)


def start_full(daemon, disk):
    daemon.deploy_well("site", cgi("one"))
    daemon.kill()
    disk.fill()
    result = subprocess.Popen(daemon.command(), env=daemon.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    limit, said = time.monotonic() + PATIENCE, ""
    while result.poll() is None and "data " not in said and time.monotonic() < limit:
        said += result.stdout.readline()
    is_up = result.poll() is None and "data " in said
    result.terminate()
    _, complaint = result.communicate(timeout=PATIENCE)
    expect(is_up or (result.returncode == 1 and complaint.count("\n") == 1), f"{result.returncode} {complaint!r}")
    disk.free()
    daemon.start()
    daemon.says("site", "one")


def test_a_start_on_a_full_disk_loses_nothing():
    return with_disk("16m", start_full)


def read_only(daemon, disk):
    daemon.deploy_well("site", cgi("one"))
    daemon.stop()
    disk.remount("ro")
    daemon.does_not_start("Read-only file system")
    disk.remount("rw")
    daemon.start()
    daemon.says("site", "one")
    daemon.deploy_well("site", cgi("two"))


def test_a_read_only_disk_refuses_the_start():
    return with_disk("16m", read_only)
