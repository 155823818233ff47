"""Wire scripts: what is sent, byte for byte, and what must come back.

A script is a text file of lines:
  # comment
  guest NAME            a file of guests/ (default echo.wat)
  options ...           for the server
  whole                 not to be sent byte by byte as well
  > text                bytes to send, with escapes \\r \\n \\t \\0 \\xNN; {N*text} repeats a text
  < 200 [METHOD] [name=value ...] [body=...]   a response must come; in values '_' is a space
  <end                  the connection must end, with nothing before
  sleep MS              wait
  close                 half-close: nothing more will be sent
  reconnect             a new connection
Lines of the same kind are sent together: everything up to the next line that is not '>'.
"""
import re
import socket
import time

from serving import Failure, expect

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text):
    text = re.sub(r"\{(\d+)\*(.*?)\}", lambda m: m.group(2) * int(m.group(1)), text)
    out = b""
    for part in re.findall(r"\\x[0-9a-f]{2}|\\.|[^\\]+", text):
        if part.startswith("\\x"):
            out += bytes([int(part[2:], 16)])
        elif part.startswith("\\"):
            out += ESCAPES[part[1]]
        else:
            out += part.encode()
    return out


class Script:
    def __init__(self, path):
        self.guest, self.options, self.whole, self.steps = "echo.wat", (), False, []
        with open(path) as file:
            for line in file.read().split("\n"):
                if line and not line.startswith("#"):
                    self.add(line)

    def add(self, line):
        word, _, rest = line.partition(" ")
        if word == "guest":
            self.guest = rest
        elif word == "options":
            self.options = tuple(rest.split())
        elif word == "whole":
            self.whole = True
        elif word == ">":
            if self.steps and self.steps[-1][0] == "send":
                self.steps[-1] = ("send", self.steps[-1][1] + unescape(rest))
            else:
                self.steps.append(("send", unescape(rest)))
        elif word in ("<", "<end", "sleep", "close", "reconnect"):
            self.steps.append((word, rest))
        else:
            raise Failure(f"a line of the script is not understood: {line}")

    def run(self, server, one_by_one):
        client = server.connect()
        try:
            for what, rest in self.steps:
                if what == "reconnect":
                    client.socket.close()
                    client = server.connect()
                else:
                    self.step(client, what, rest, one_by_one)
        finally:
            client.socket.close()

    def step(self, client, what, rest, one_by_one):
        if what == "send":
            client.send(rest, one_by_one)
        elif what == "sleep":
            time.sleep(int(rest) / 1000)
        elif what == "close":
            client.socket.shutdown(socket.SHUT_WR)
        elif what == "<end":
            expect(client.is_closed(), f"something came before the end: {client.input[:80]!r}")
        else:
            self.compare(client, rest.split())

    def compare(self, client, words):
        method = words[1] if len(words) > 1 and words[1].isupper() else "GET"
        response = client.response(method)
        expect(response.status == int(words[0]),
               f"status {response.status}, not {words[0]}: {response.text()[:120]!r}")
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if not equals:
                continue
            value = unescape(value.replace("_", " ")).decode("latin-1")
            if name == "has":
                expect(value in response.text(), f"a body without {value!r}: {response.text()!r}")
                continue
            found = response.text() if name == "body" else response.header(name)
            expect((found or "") == value, f"{name} is {str(found)[:100]!r}, not {value[:100]!r}")
