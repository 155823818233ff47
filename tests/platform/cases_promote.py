"""A version of one deployment becomes one of another."""
from cases_assets import deployed
from cases_client import Shell
from cases_sources import send
from daemon import Daemon, cgi, expect, module

PATH = "/v1/deployments/{}/promote"


def promote(daemon, name, body, token=""):
    return daemon.built(daemon.fine("POST", PATH.format(name), body, token), token)


def test_what_is_served_is_promoted_with_the_environment_of_the_other():
    with Daemon() as daemon:
        code = module("rust196_image_cgi_wasi.wasm")
        daemon.deploy_well("site-staging", code, env={"PLACE": "staging"})
        daemon.deploy_well("site", cgi("old"), env={"PLACE": "production"})
        answer = promote(daemon, "site", {"from": "site-staging"})
        expect(answer["success"] and answer["version"] == 2, str(answer))
        expect("PLACE=production" in daemon.get("site", "/env")[1], "its environment")
        expect("PLACE=staging" in daemon.get("site-staging", "/env")[1], "the other's")
        expect(promote(daemon, "fresh", {"from": "site", "version": 1})["success"], "a new deployment, an older version")
        daemon.says("fresh", "old")
        daemon.fine("DELETE", "/v1/deployments/site-staging")
        daemon.fine("POST", "/v1/deployments/site/rollback", {})
        daemon.says("site", "old")


def test_static_files_are_promoted_too():
    with deployed() as daemon:
        expect(send(daemon, "site", {"main.wat": cgi("two"), "assets/x": b"2"})["success"], "two")
        expect(promote(daemon, "other", {"from": "site"})["success"], "promoted")
        daemon.fine("DELETE", "/v1/deployments/site")
        daemon.says("other", "2", "/x")
        daemon.says("other", "two")


def test_what_cannot_be_promoted_changes_nothing():
    with Daemon() as daemon:
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "other", "role": "deploy"})["token"]
        daemon.deploy_well("site", cgi("site"))
        daemon.deploy_well("shop", cgi("shop"), token=other)
        for status, name, body, token in ((404, "site", {"from": "shop"}, ""), (404, "new", {"from": "nothing"}, ""),
                                          (409, "shop", {"from": "site"}, ""), (409, "new", {"from": "site", "version": 7}, ""),
                                          (400, "new", {"from": 5}, ""), (400, "-x-", {"from": "site"}, ""), (404, "new", {}, ""),
                                          (404, "shop", {"from": "site"}, other)):
            daemon.refused(status, "POST", PATH.format(name), body, token)
        daemon.says("site", "site")
        daemon.says("shop", "shop")
        expect(len(daemon.fine("GET", "/v1/deployments")["deployments"]) == 1, "something was made")


def test_selvage_promote_says_where_it_is():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site-staging", "from staging")
        expect(shell.run("promote", "site-staging", "site").startswith("http"), "no address")
        daemon.says("site", "from staging")
        expect("there is no deployment" in shell.run("promote", "none", "site", code=1), "none")
