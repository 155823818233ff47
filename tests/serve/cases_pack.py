"""Compression by negotiation: whole answers, streamed ones, and those that are left alone."""
import gzip
import zlib

from serving import Server, expect

GZIP = "Accept-Encoding: gzip, zstd\r\n"
# What drip.wat answers to "n": two short lines and 64 KiB of zeros, which it keeps until it ends.
WHOLE = b"first\n" + bytes(65536) + b"last\n"


def fields(response, *names):
    return tuple(response.header(name) for name in names)


def test_a_whole_answer_is_compressed_for_who_takes_it():
    with Server("drip.wat") as server:
        packed = server.get("/?n", headers=GZIP)
        expect(fields(packed, "Content-Encoding", "Vary") == ("gzip", "Accept-Encoding"), f"{packed.headers}")
        expect(int(packed.header("Content-Length")) < 1000 and gzip.decompress(packed.body) == WHOLE, "other bytes")
        for headers in "", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n":
            plain = server.get("/?n", headers=headers)
            expect(plain.body == WHOLE and fields(plain, "Content-Encoding", "Vary") == (None, "Accept-Encoding"),
                   f"{headers!r}: {plain.headers}")
        smaller = server.get("/?n", headers="Accept-Encoding: gzip, deflate, br\r\n")
        expect(fields(smaller, "Content-Encoding", "Vary") == ("br", "Accept-Encoding"), f"{smaller.headers}")
        expect(0 < len(smaller.body) < len(packed.body), f"{len(smaller.body)} bytes of br, {len(packed.body)} of gzip")
        short = server.get("/", headers=GZIP)
        expect(short.body == b"first\nlast\n" and fields(short, "Content-Encoding", "Vary") == (None, None),
               f"{short.headers}")
        head = server.get("/?n", "HEAD", headers=GZIP)
        expect(fields(head, "Content-Encoding", "Vary", "Content-Length") == ("gzip", "Accept-Encoding", None),
               f"{head.headers}")
    lines = [line.split() for line in server.log_text.splitlines()]
    expect(int(lines[0][5]) == len(packed.body), f"the log has {lines[0]}")


def test_compression_can_be_turned_off_and_begin_later():
    for least, coding in (("0", None), ("70000", None), ("60000", "gzip")):
        with Server("drip.wat", "--compress-from", least) as server:
            answer = server.get("/?n", headers=GZIP)
            expect(answer.header("Content-Encoding") == coding, f"{least}: {answer.headers}")


def test_a_streamed_answer_is_flushed_when_its_guest_waits():
    with Server("drip.wat", "--timeout", "60s") as server, server.connect() as client:
        # The pause between first and last is 100 ms of sleep; what came before it comes before it.
        client.send(f"GET /?sns HTTP/1.1\r\nHost: t\r\n{GZIP}\r\n".encode())
        head = client.take_until(b"\r\n\r\n").lower()
        expect(b"content-encoding: gzip" in head and b"transfer-encoding: chunked" in head, f"{head}")
        unpack, seen, states = zlib.decompressobj(31), b"", []
        while data := client.chunk():
            seen += unpack.decompress(data)
            states.append(len(seen))
        expect(seen == WHOLE and unpack.eof, f"{len(seen)} bytes, end {unpack.eof}")
        expect(states[0] == 6 or 6 in states, f"the first line came with others: {states}")
        expect(len(WHOLE) - 5 in states, f"the last line came with others: {states}")


def test_a_compressed_stream_that_breaks_off_has_no_end():
    with Server("drip.wat", "--timeout", "60s") as server, server.connect() as client:
        client.send(f"GET /?nst HTTP/1.1\r\nHost: t\r\n{GZIP}\r\n".encode())
        client.take_until(b"\r\n\r\n")
        while client.receive():
            pass
        expect(not client.input.endswith(b"0\r\n\r\n"), "it looks whole")


def test_slow_clients_of_compressed_streams_hold_their_guests():
    pieces = 400
    with Server("drip.wat", "--timeout", "60s", "--response-limit", "64KiB") as server, server.connect() as client:
        client.send(f"GET /?{'n' * pieces} HTTP/1.1\r\nHost: t\r\n{GZIP}\r\n".encode())
        client.take_until(b"\r\n\r\n")
        unpack, length = zlib.decompressobj(31), 0
        while data := client.chunk():
            length += len(unpack.decompress(data))
        expect(unpack.eof and length == 11 + 65536 * pieces, f"{length} bytes")
