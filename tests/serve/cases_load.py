"""Long runs: pipelines, and thousands of mixed requests without a leak."""
import os
import random
import socket
import time

from serving import PATIENCE, Server, expect, guest_path

REQUESTS = 2000 if os.environ.get("QUICK") else 10000


def test_a_hundred_requests_in_one_write():
    with Server("echo.wat", "--quiet") as server:
        with server.connect() as client:
            for _ in range(5):
                client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: t\r\n\r\n" % i for i in range(100)))
                for i in range(100):
                    target = client.response().header("x-target")
                    expect(target == f"/{i}", f"answer {i} is for {target}")


def test_a_pipeline_larger_than_every_buffer():
    with Server("echo.wat", "--quiet") as server:
        with server.connect() as client:
            requests = []
            for i in range(300):
                body = b"%d" % i * (i * 7 % 300)
                head = b"POST /%d HTTP/1.1\r\nHost: t\r\nX: %s\r\nContent-Length: %d\r\n\r\n"
                requests.append(head % (i, b"y" * (i * 31 % 900), len(body)) + body)
            client.send(b"".join(requests))
            for i in range(300):
                response = client.response()
                expect(response.header("x-target") == f"/{i}", "answers are out of order")
                expect(response.body == b"%d" % i * (i * 7 % 300), f"body {i} is not its own")


# path, method, body, statuses that are right
MIX = [
    ("/", "GET", b"", 200),
    ("/", "HEAD", b"", 200),
    ("/env", "GET", b"", 200),
    ("/echo", "POST", b"x" * 5000, 200),
    ("/echo", "POST", b"y" * 70000, 200),
    ("/fib/15", "GET", b"", 200),
    ("/none", "GET", b"", 404),
    ("/trap", "GET", b"", 500),
    ("/div0", "GET", b"", 500),
    ("/oob", "GET", b"", 500),
    ("/stack", "GET", b"", 500),
    ("/exit/1", "GET", b"", 500),
    ("/exit/0", "GET", b"", 502),
    ("/file/x", "GET", b"", 404),
    ("/rand", "GET", b"", 200),
    ("/a%00", "GET", b"", 400),
]
OUT_OF_MEMORY = ("/oom", "GET", b"", 200)
ENDLESS = ("/spin", "GET", b"", 504)
# Enough for all but that one, also on a busy machine.
TIME = "2s"


def run_mix(server, count, seed):
    choose = random.Random(seed)
    client = server.connect()
    for i in range(count):
        rare = ENDLESS if i % 1000 == 999 else OUT_OF_MEMORY if i % 250 == 249 else None
        path, method, body, status = rare or choose.choice(MIX)
        head = f"{method} {path} HTTP/1.1\r\nHost: t\r\n"
        if choose.random() < 0.1:
            head += "Connection: close\r\n"
        if body and choose.random() < 0.5:
            head += "Transfer-Encoding: chunked\r\n\r\n"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            head += f"Content-Length: {len(body)}\r\n\r\n"
        else:
            head += "\r\n"
        client.send(head.encode() + body)
        response = client.response(method)
        expect(response.status == status, f"{method} {path}: {response.status}, not {status}")
        # An answer that begins before all of the body is there ends the connection too.
        if response.header("Connection") == "close":
            client.socket.close()
            client = server.connect()
    client.socket.close()


def settled_descriptors(server):
    """Those that are open when it has seen the ends of all connections before: the last one's is seen last."""
    with server.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        client.response()
        client.socket.shutdown(socket.SHUT_WR)
        expect(client.is_closed(), "something behind the answer")
    return server.descriptors()


def test_mixed_requests_leak_nothing():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    options = ("--timeout", TIME, "--max-memory", "16MiB", "--response-limit", "1MiB", "--quiet")
    with Server("c_cgi.wasm", *options) as server:
        run_mix(server, 1000, 1)  # buffers and slots reach their final size
        descriptors = settled_descriptors(server)
        memory = server.memory_kb()
        run_mix(server, REQUESTS, 2)
        end = time.monotonic() + PATIENCE
        while server.descriptors() > descriptors:
            expect(time.monotonic() < end, "descriptors are left open")
            time.sleep(0.01)
        grown = server.memory_kb() - memory
        expect(grown < 2048, f"{grown} KiB more memory after {REQUESTS} requests")
        # every slot is free again: as many guests as there are workers can run at once
        clients = [server.connect() for _ in range(32)]
        for client in clients:
            client.send(b"GET /fib/20 HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in clients:
            expect(client.response().status == 200, "an instance is missing")
            client.socket.close()
    return None
