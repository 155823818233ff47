"""Where the server and the token come from."""
import json

from control import TOKEN, Control, Folder, expect, fine, refused, run

NOWHERE = "http://127.0.0.1:1"


def config(folder, mode=0o600, **members):
    return folder.write(".config/selvage/client.json", json.dumps(members), mode)


def test_an_option_comes_before_the_environment_and_that_before_the_file():
    with Control() as control, Folder() as folder:
        home = folder.place.name
        config(folder, url=NOWHERE, token="wrong")
        fine(run("list", "--url", control.url, url=NOWHERE, home=home))
        fine(run("list", url=control.url, home=home))
        config(folder, url=control.url, token=TOKEN)
        fine(run("list", token=None, home=home))
        fine(run("list", "--token-file", folder.write("token", TOKEN + "\n"), token="wrong", home=home))
        expect(len(control.asked) == 4, f"{control.labels()}")


def test_xdg_config_home_is_where_the_file_is():
    with Control() as control, Folder() as folder:
        folder.write("elsewhere/selvage/client.json", json.dumps({"url": control.url, "token": TOKEN}))
        fine(run("list", token=None, extra={"XDG_CONFIG_HOME": folder.path("elsewhere")}))
        refused(run("list", token=None, extra={"XDG_CONFIG_HOME": "elsewhere"}), "no server is known", code=2)


def test_the_token_of_the_file_is_for_no_other_server():
    with Control() as control, Folder() as folder:
        config(folder, url=NOWHERE, token=TOKEN)
        refused(run("list", url=control.url, token=None, home=folder.place.name), "no token for http", code=2)
        expect(not control.asked, f"{control.labels()}")


def test_a_file_that_others_can_read_is_refused():
    with Control() as control, Folder() as folder:
        config(folder, mode=0o640, url=control.url, token=TOKEN)
        refused(run("list", token=None, home=folder.place.name), "chmod 600")


def test_nothing_known_says_what_to_do():
    refused(run("list", token=None), "start one here with `selvage up`", code=2)


def test_a_file_that_is_no_configuration_is_refused():
    with Folder() as folder:
        for text in ("", "{", "[]", "{} {}", '{"url": "http://x", "url": "http://y"}', "\xff\xfe", "{\"a\":\0}"):
            folder.write(".config/selvage/client.json", text.encode("latin-1"))
            result = run("list", token=None, home=folder.place.name)
            expect(result.code == 2 and result.err.count("\n") == 1 and "client.json" in result.err, f"{result}")
        for value in ({}, {"url": 3}, {"token": TOKEN}, {"url": None, "token": None}):
            config(folder, **value)
            refused(run("list", token=None, home=folder.place.name), "no server is known", code=2)
        folder.write(".config/selvage/client.json", b" " * 200000)
        refused(run("list", token=None, home=folder.place.name), "over the limit of 65536 bytes")


def test_addresses_that_are_none_are_refused():
    for url, text in (("", "no server is known"), ("127.0.0.1:7777:1", "is not the address of a server"),
                      ("ftp://127.0.0.1/", "starts with http or https"), ("file:///etc/passwd", "http or https"),
                      ("http://user@127.0.0.1/", "has a user in it"), ("http://u:p@127.0.0.1/", "has a "),
                      ("http://127.0.0.1/?a=b", "has a query in it"), ("http://127.0.0.1/#a", "has a fragment in it"),
                      ("http://127.0.0.1:99999/", "is not the address"), ("http://a b/", "is not the address"),
                      ("http://[::1/", "is not the address"), ("http://" + "a" * 100000, "is over 300 characters")):
        result = run("list", url=url)
        expect(result.code == 2 and text in result.err and result.err.count("\n") == 1, f"{url[:50]}: {result}")


def test_a_token_goes_unencrypted_to_this_machine_only():
    with Control() as control:
        port = control.listener.server_port
        for host in ("localhost", "LOCALHOST", "control.localhost", "127.1"):
            fine(run("list", url=f"http://{host}:{port}"))
        for host in ("example.org", "127.0.0.1.example.org", "notlocalhost", "[::2]", "192.0.2.1", "0.0.0.0"):
            result = run("list", url=f"http://{host}:{port}")
            expect(result.code == 2 and "unencrypted" in result.err, f"{host}: {result}")
        expect(len(control.asked) == 4, f"{control.labels()}")


def test_a_path_in_the_address_stands_before_the_api():
    with Control() as control:
        fine(run("list", url=control.url + "/"))
        control.page = (404, b"nothing here")
        refused(run("list", url=control.url + "/below/"), "/below/ answers 404 and does not say why")
        expect(control.paths == ["/below/v1/deployments"], f"{control.paths}")


def test_tokens_that_are_none_are_refused():
    with Control() as control, Folder() as folder:
        for token in ("a b", "a\nX-Other: b", "a\tb", "\u00e9", "x" * 513):
            refused(control.run("list", token=token), "the token is not one", code=2)
        for content in (b"", b"\n", b"a\r\nb", b"a\0b", b"x" * 70000):
            result = control.run("list", "--token-file", folder.write("token", content), token=None)
            expect(result.code in (1, 2) and result.err.count("\n") == 1, f"{content[:9]}: {result}")
        refused(control.run("list", "--token-file", folder.path("none"), token=None), "cannot open")
        fine(control.run("list", "--token-file", "-", token=None, stdin=TOKEN.encode() + b"\r\n"))
        expect(len(control.asked) == 1, f"{control.labels()}")


def test_proxies_do_not_see_plain_http():
    with Control() as control:
        fine(control.run("list", extra={"http_proxy": NOWHERE, "ALL_PROXY": NOWHERE, "all_proxy": NOWHERE}))
