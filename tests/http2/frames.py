"""A client of HTTP/2 that does as it is told, right or wrong, frame by frame."""
import socket
import ssl

import hpack
from hyperframe.exceptions import InvalidFrameError
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)
from serving import PATIENCE, Failure, expect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, REFUSED_STREAM, CANCEL, CALM = 0, 1, 2, 3, 7, 8, 11
INITIAL_WINDOW = SettingsFrame.INITIAL_WINDOW_SIZE
KINDS = {0: DataFrame, 1: HeadersFrame, 3: RstStreamFrame, 4: SettingsFrame, 6: PingFrame, 7: GoAwayFrame,
         8: WindowUpdateFrame, 9: ContinuationFrame}


class Answer:
    """What came for one stream."""

    def __init__(self):
        self.status, self.fields, self.body, self.trailers = None, [], bytearray(), None
        self.informational = []
        self.reset = None  # the code
        self.is_whole = False

    def field(self, name):
        return dict(self.fields).get(name)

    def add_head(self, fields):
        status = dict(fields).get(":status")
        if status and status.startswith("1"):
            self.informational.append(int(status))
        elif status:
            self.status, self.fields = int(status), fields
        else:
            self.trailers = fields


class Http2:
    """
    A connection. Windows are given back as they are used, unless `keeps_windows`; those of the
    server are kept to, unless `data` is told otherwise.
    """

    def __init__(self, port, context=None, settings=None, preface=True, keeps_windows=False):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.input, self.answers, self.next_id = b"", {}, 1
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.settings, self.pings, self.goaways, self.windows = {}, 0, [], {}
        self.sent = {0: 0}  # bytes of DATA: of all streams, and of each
        self.keeps_windows, self.is_open = keeps_windows, True
        if preface:
            self.send_bytes(PREFACE)
            self.send(SettingsFrame(0, settings or {}))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    # ---- sending ----

    def send_bytes(self, data):
        """What the server does not want any more may be refused."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.is_open = False

    def send(self, *frames):
        self.send_bytes(b"".join(frame.serialize() for frame in frames))

    def head(self, path="/", method="GET", fields=(), host="t", scheme="http"):
        return [(":method", method), (":scheme", scheme), (":authority", host), (":path", path), *fields]

    def open(self, fields, ends=True, flags=()):
        """A stream whose fields are these, just so; its number."""
        number, self.next_id = self.next_id, self.next_id + 2
        frame = HeadersFrame(number, self.encoder.encode(fields), flags=["END_HEADERS", *flags])
        if ends:
            frame.flags.add("END_STREAM")
        self.answers[number] = Answer()
        self.send(frame)
        return number

    def ask(self, path="/", method="GET", body=None, ends=True, **rest):
        number = self.open(self.head(path, method, **rest), ends=body is None and ends)
        if body is not None:
            self.data(number, body, ends)
        return number

    def window(self, number):
        """Bytes that the server takes now of this stream; 0: of the connection."""
        first = self.settings.get(INITIAL_WINDOW, 65535) if number else 65535
        return first + self.windows.get(number, 0) - self.sent.get(number, 0)

    def may_send(self, number, size):
        """Wait until the server takes so much; false: it wants none of it any more."""
        answer = self.answers[number]
        while min(self.window(0), self.window(number)) < size:
            if answer.reset is not None or not self.receive():
                return False
        return answer.reset is None

    def data(self, number, body, ends=True, obeys=True):
        """In frames of the usual size; without `obeys` whatever the server's windows are."""
        pieces = [body[i:i + 16384] for i in range(0, len(body), 16384)] or [b""]
        for i, piece in enumerate(pieces):
            if obeys and piece and not self.may_send(number, len(piece)):
                return
            is_last = ends and i == len(pieces) - 1
            self.send(DataFrame(number, piece, flags=["END_STREAM"] if is_last else []))
            for of in (0, number):
                self.sent[of] = self.sent.get(of, 0) + len(piece)

    def reset(self, number, code=CANCEL):
        self.send(RstStreamFrame(number, code))

    def ping(self):
        self.send(PingFrame(0, b"12345678"))

    # ---- receiving ----

    def take(self, length):
        while len(self.input) < length:
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                data = b""
            except socket.timeout:
                raise Failure("nothing comes") from None
            if not data:
                self.is_open = False
                return None
            self.input += data
        part, self.input = self.input[:length], self.input[length:]
        return part

    def receive(self):
        """Take one frame; None: the connection has ended."""
        head = self.take(9)
        if head is None:
            return None
        frame, length = Frame.parse_frame_header(memoryview(head))
        body = self.take(length)
        if body is None:
            return None
        try:
            frame.parse_body(memoryview(body))
        except InvalidFrameError as error:
            raise Failure(f"a frame that is none: {error}") from None
        self.note(frame)
        return frame

    def note(self, frame):
        answer = self.answers.get(frame.stream_id)
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.settings.update(frame.settings)
            self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame):
            if "ACK" in frame.flags:
                self.pings += 1
            else:
                self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, GoAwayFrame):
            self.goaways.append(frame)
        elif isinstance(frame, WindowUpdateFrame):
            self.windows[frame.stream_id] = self.windows.get(frame.stream_id, 0) + frame.window_increment
        elif isinstance(frame, RstStreamFrame):
            if answer:
                answer.reset = frame.error_code
        elif isinstance(frame, HeadersFrame):
            expect("END_HEADERS" in frame.flags, "a block of fields in parts")
            answer.add_head(self.decoder.decode(frame.data))
        elif isinstance(frame, DataFrame):
            answer.body += frame.data
            if frame.flow_controlled_length and not self.keeps_windows:
                self.send(*(WindowUpdateFrame(number, frame.flow_controlled_length)
                            for number in (0, frame.stream_id)))
        if answer and "END_STREAM" in frame.flags:
            answer.is_whole = True

    def answer(self, number):
        answer = self.answers[number]
        while not answer.is_whole and answer.reset is None:
            expect(self.receive(), f"the connection ended, {self.reason()}")
        return answer

    def get(self, path="/", **rest):
        return self.answer(self.ask(path, **rest))

    def reason(self):
        return f"{self.goaways[-1]}" if self.goaways else "without a reason"

    def wait_for(self, condition, what):
        while not condition():
            expect(self.receive(), f"the connection ended before {what}, {self.reason()}")

    def end(self):
        """The code with which the server ends the connection; None: it says nothing."""
        while self.receive():
            pass
        return self.goaways[-1].error_code if self.goaways else None
