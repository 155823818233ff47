"""What is known of clients by their TLS, and certificates of our own for backends."""
import hashlib
import os
import re
import struct
import subprocess
import tempfile

import frames
import origin
from cases_backends import PATIENT, Answer, request, serve, send
from cases_stores import Settings
from script import Script
from secure import SecureServer
from serving import Server, expect


def make_client(folder, name):
    """Certificate and key of a client, signed by itself; their paths."""
    paths = [os.path.join(folder, f"{name}.{what}.pem") for what in ("certificate", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", paths[1], "-out", paths[0]], check=True, capture_output=True)
    return paths


def ask(server, context=None):
    """What a guest is told of this client, by name; statuses where it is told nothing."""
    script, told = Script(), {}
    for name, length in (("tls_client_hello", 2048), ("tls_raw_client_certificate", 2048), ("tls_ja4", 64)):
        place, count = script.out(length), script.out()
        told[name] = (script.call(f"http_req.downstream_{name}", place, length, count), place, count)
    place, count = script.out(16), script.out()
    told["ja3"] = (script.call("http_req.downstream_tls_ja3_md5", place, count), place, count)
    verified = script.out()
    told["verified"] = (script.call("http_req.downstream_tls_client_cert_verify_result", verified), verified, None)
    handle, body, again, size = script.out(), script.out(), script.out(64), script.out()
    script.call("http_req.body_downstream_get", handle, body)
    told["again"] = (script.call("http_downstream.downstream_tls_ja4", handle.value, again, 64, size), again, size)
    calls, places = script.finish()
    with server.connect(context=context) as client:
        client.send(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(script.code)}\r\n\r\n".encode() + script.code)
        script.take_results(client.response().body, calls, places)
    return {name: call.status if call.status != "OK" else place.u32 if count is None else place.bytes[:count.u32]
            for name, (call, place, count) in told.items()}


def decimals(words):
    return "-".join(str(word) for word in words if word & 0x0f0f != 0x0a0a)


def ja3_of(hello):
    """Of a ClientHello with its header, read in another way."""
    at = 4
    (version,) = struct.unpack_from(">H", hello, at)
    at += 34
    at += 1 + hello[at]
    (length,) = struct.unpack_from(">H", hello, at)
    ciphers = struct.unpack_from(f">{length // 2}H", hello, at + 2)
    at += 2 + length
    at += 1 + hello[at] + 2
    extensions = {}
    while at < len(hello):
        kind, length = struct.unpack_from(">HH", hello, at)
        extensions[kind] = hello[at + 4:at + 4 + length]
        at += 4 + length
    groups = struct.unpack(f">{len(extensions[10]) // 2}H", extensions[10])[1:]
    formats = list(extensions[11][1:])
    text = ",".join([str(version)] + [decimals(words) for words in (ciphers, extensions, groups, formats)])
    return hashlib.md5(text.encode()).digest()


def test_the_guest_is_told_what_its_client_said_of_itself(guest):
    with tempfile.TemporaryDirectory() as folder:
        known, known_key = make_client(folder, "known")
        other, other_key = make_client(folder, "other")
        with open(known) as file:
            text = file.read()
        with SecureServer(guest, "--timeout", "60s", "--tls-client-ca", known) as server:
            without = ask(server)
            told = {}
            for certificate, key in ((known, known_key), (other, other_key)):
                context = server.context()
                context.load_cert_chain(certificate, key)
                told[certificate] = ask(server, context)
        with SecureServer(guest, "--timeout", "60s") as server:
            unasked = ask(server)
    expect(without["tls_client_hello"][:1] == b"\1" and without["ja3"] == ja3_of(without["tls_client_hello"]), f"{without}")
    expect(re.fullmatch(rb"t13d\d{4}00_[0-9a-f]{12}_[0-9a-f]{12}", without["tls_ja4"]), f"{without['tls_ja4']}")
    expect(without["again"] == without["tls_ja4"], f"{without['again']}")
    expect((without["tls_raw_client_certificate"], without["verified"]) == ("NONE", 5), f"{without}")
    expect((told[known]["tls_raw_client_certificate"].decode(), told[known]["verified"]) == (text, 0), f"{told[known]}")
    expect(told[other]["verified"] == 4, f"{told[other]['verified']}")
    expect((unasked["tls_raw_client_certificate"], unasked["verified"]) == ("NONE", 5), f"{unasked}")


def dynamic(script, certificate, certificate_length, key, ca, ca_length):
    """Mask and place of a dynamic_backend_config with TLS, both certificates and a keepalive."""
    words = [0] * 27
    words[9], words[10] = ca, ca_length
    words[15], words[16] = certificate, certificate_length
    words[18:23] = [7000, 1, 11, 3, 60]
    place = script.data(struct.pack("<27I", *words))
    script.copy(place.address + 4 * 17, key.address, 4)
    return 1 << 5 | 1 << 9 | 1 << 13 | 1 << 15, place


def test_backends_are_shown_a_certificate(guest):
    with tempfile.TemporaryDirectory() as folder:
        ca = origin.make_certificate(folder, "localhost")
        certificate, key = make_client(folder, "client")
        own = f"client_certificate = {{ certificate_file = '{certificate}', key_file = '{key}' }}\n"
        with origin.Origin(folder, clients=certificate) as backend:
            base = f"url = 'https://localhost:{backend.port}'\nca_certificate = {{ file = '{ca}' }}\n" + PATIENT
            path = Settings(f"[local_server.backends.origin]\n{base}{own}[local_server.backends.bare]\n{base}")
            with path as toml, serve(guest, toml) as server:
                script = Script()
                shown, _, answer = send(script, "/", backend="origin")
                bare, *_ = send(script, "/", backend="bare")
                script.send(server)
                script = Script()
                secret = script.out()
                with open(key) as file:
                    script.call("secret_store.from_bytes", file.read(), secret)
                with open(certificate) as file, open(ca) as authority:
                    texts = [script.data(text.read()) for text in (file, authority)]
                mask, config = dynamic(script, texts[0].address, texts[0].length, secret, texts[1].address,
                                       texts[1].length)
                made = script.call("http_req.register_dynamic_backend", "made", f"localhost:{backend.port}", mask, config)
                handle, content = request(script, "/")
                response, body = script.out(), script.out()
                sent = script.call("http_req.send", handle.value, content.value, "made", response, body)
                octets, length, port = script.out(16), script.out(), script.out()
                script.call("http_resp.get_addr_dest_ip", response.value, octets, length)
                script.call("http_resp.get_addr_dest_port", response.value, port)
                by_secret = Answer(script, response, body)
                times = [script.out() for _ in range(4)]
                for name, place in zip(("http_keepalive_time", "tcp_keepalive_interval", "tcp_keepalive_probes",
                                        "tcp_keepalive_time"), times):
                    script.call("backend.get_" + name, "made", place)
                script.send(server)
    shown.is_ok()
    expect(answer.status == 200 and octets.bytes[:length.u32] in (b"\x7f\0\0\1", b"\0" * 15 + b"\1"), f"{octets.bytes}")
    expect(port.u32 & 0xffff == backend.port, f"{port.u32}")
    expect(bare.status != "OK", "a backend that asks for a certificate was asked without one")
    made.is_ok()
    sent.is_ok()
    expect(by_secret.status == 200, f"{by_secret.status}")
    expect([place.u32 for place in times] == [7000, 11, 3, 60], f"{[place.u32 for place in times]}")


def test_the_first_frames_of_http2_have_a_fingerprint(guest):
    script = Script()
    place, count = script.out(192), script.out()
    call = script.call("http_req.downstream_client_h2_fingerprint", place, 192, count)
    calls, places = script.finish()
    with Server(guest, "--timeout", "60s") as server:
        with frames.Http2(server.port, settings={1: 65536, 4: 131072}) as client:
            client.send(frames.WindowUpdateFrame(0, window_increment=15663105))
            number = client.ask("/", "POST", body=script.code)
            script.take_results(bytes(client.answer(number).body), calls, places)
        call.is_ok()
        expect(place.bytes[:count.u32] == b"1:65536;4:131072|15663105|0|m,s,a,p", f"{place.bytes[:count.u32]}")
        script = Script()
        none = script.call("http_req.downstream_client_h2_fingerprint", script.take(8), 8, script.out())
        script.send(server)
    none.gives("NONE")
