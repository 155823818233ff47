"""Many deployments on one node."""
from cases_quotas import blobs, wait_until
from daemon import Daemon, cgi, expect

MANY = 300


def test_hundreds_of_deployments_of_one_module_share_its_files():
    with Daemon("--quiet") as daemon:
        names = [f"site-{i}" for i in range(MANY)]
        daemon.deploy_well("first", cgi("the same"))
        for start in range(0, MANY, 100): # within the quota of builds
            for build in [daemon.deploy(name, cgi("the same")) for name in names[start:start + 100]]:
                daemon.built(build)
        for name in names:
            daemon.says(name, "the same")
        expect(len(blobs(daemon)) <= 3, f"{len(blobs(daemon))} files: module, fast and release tier")
        daemon.stop()
        daemon.start()
        for name in names[::7]:
            daemon.says(name, "the same")
        for name in names:
            daemon.fine("DELETE", f"/v1/deployments/{name}")
        daemon.says("first", "the same")
        expect(all(daemon.get(name)[0] == 404 for name in names), "some are still there")
        wait_until(lambda: "selvage_deployments 1\n" in daemon.text("/metrics"), "one deployment")
