"""What is sent: requests in which another one may hide, lines that are almost right, floods."""

# The one that must not be taken out of the body of another.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: t\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: t\r\n"
GET = b"GET / HTTP/1.1\r\nHost: t\r\n"
END = b"\r\n"
LAST = b"0\r\n\r\n"


def length(count):
    return b"Content-Length: %s\r\n" % str(count).encode()


def smuggled(fields, body=LAST):
    """A body that is over sooner for one reader than for the other."""
    return POST + fields + END + body + HIDDEN


TE = b"Transfer-Encoding: chunked\r\n"

INPUTS = {
    "two_requests": GET + END + GET + END,
    # length against chunks
    "length_and_chunked": smuggled(length(5) + TE),
    "chunked_and_length": smuggled(TE + length(5)),
    "length_that_hides_it_and_chunked": smuggled(length(5 + len(HIDDEN)) + TE),
    "two_lengths": smuggled(length(5) + length(6)),
    "two_equal_lengths": smuggled(length(5) + length(5)),
    "list_of_lengths": smuggled(length("5, 6")),
    "list_of_equal_lengths": smuggled(length("5, 5")),
    "length_with_plus": smuggled(length("+5")),
    "length_with_minus": smuggled(length("-5")),
    "length_in_hex": smuggled(length("0x5")),
    "length_with_text_behind": smuggled(length("5a")),
    "length_with_space_inside": smuggled(length("5 5")),
    "length_beyond_64_bits": smuggled(length("18446744073709551621")),
    "length_of_zeros": smuggled(length("0005")),
    "length_that_is_empty": smuggled(b"Content-Length:\r\n"),
    "length_before_colon_a_space": smuggled(b"Content-Length : 5\r\n"),
    "length_with_vertical_tab": smuggled(b"Content-Length:\x0b5\r\n"),
    # transfer codings that one server sees and another does not
    "coding_with_space_before_colon": smuggled(b"Transfer-Encoding : chunked\r\n" + length(5)),
    "coding_with_tab": smuggled(b"Transfer-Encoding:\tchunked\r\n"),
    "coding_with_vertical_tab": smuggled(b"Transfer-Encoding:\x0bchunked\r\n"),
    "coding_with_vertical_tab_and_length": smuggled(b"Transfer-Encoding:\x0bchunked\r\n" + length(5)),
    "coding_xchunked": smuggled(b"Transfer-Encoding: xchunked\r\n"),
    "coding_in_quotes": smuggled(b'Transfer-Encoding: "chunked"\r\n'),
    "coding_identity": smuggled(b"Transfer-Encoding: identity\r\n" + length(5)),
    "coding_chunked_twice": smuggled(b"Transfer-Encoding: chunked, chunked\r\n"),
    "coding_in_two_fields": smuggled(TE + TE),
    "coding_chunked_then_identity": smuggled(TE + b"Transfer-Encoding: identity\r\n"),
    "coding_gzip_chunked": smuggled(b"Transfer-Encoding: gzip, chunked\r\n"),
    "coding_with_comma": smuggled(b"Transfer-Encoding: chunked,\r\n"),
    "coding_with_parameter": smuggled(b"Transfer-Encoding: chunked;q=1\r\n"),
    "coding_with_nul": smuggled(b"Transfer-Encoding: chunked\0\r\n"),
    "coding_folded": smuggled(b"Transfer-Encoding:\r\n chunked\r\n"),
    "coding_behind_folded": smuggled(b"X: y\r\n Transfer-Encoding: chunked\r\n" + length(5)),
    "coding_behind_bare_cr": smuggled(b"X: y\rTransfer-Encoding: chunked\r\n" + length(5)),
    "coding_behind_bare_lf": smuggled(b"X: y\nTransfer-Encoding: chunked\r\n" + length(5)),
    "coding_in_http_1_0": b"POST / HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n" + TE + END + LAST + HIDDEN,
    "coding_with_underscore": smuggled(b"Transfer_Encoding: chunked\r\n" + length(5)),
    # chunks
    "chunk_size_with_plus": smuggled(TE, b"+0\r\n\r\n"),
    "chunk_size_in_hex_prefix": smuggled(TE, b"0x0\r\n\r\n"),
    "chunk_size_with_space": smuggled(TE, b"0 \r\n\r\n"),
    "chunk_size_that_overflows": smuggled(TE, b"10000000000000000\r\n\r\n"),
    "chunk_size_negative": smuggled(TE, b"-1\r\n\r\n"),
    "chunk_size_empty": smuggled(TE, b"\r\n\r\n"),
    "chunk_lines_end_in_lf": smuggled(TE, b"0\n\n"),
    "chunk_longer_than_its_size": smuggled(TE, b"1\r\nab\r\n0\r\n\r\n"),
    "chunk_without_end_of_line": smuggled(TE, b"1\r\na0\r\n\r\n"),
    "chunk_extension_with_lf": smuggled(TE, b"0;a=\n\r\n\r\n"),
    "chunk_extension": smuggled(TE, b"1;a=b\r\nx\r\n0\r\n\r\n"),
    "chunk_trailer": smuggled(TE, b"0\r\nX: y\r\n\r\n"),
    "chunk_trailer_length": smuggled(TE, b"0\r\nContent-Length: 50\r\n\r\n"),
    "get_with_body": GET + length(len(HIDDEN)) + END + HIDDEN,
    # hosts
    "host_missing": b"GET / HTTP/1.1\r\n\r\n",
    "host_twice": GET + b"Host: u\r\n" + END,
    "host_empty": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "host_with_user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "host_with_path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host_with_space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "host_against_target": b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
    # lines
    "line_that_ends_in_lf": b"GET / HTTP/1.1\nHost: t\n\n",
    "line_with_two_spaces": b"GET  / HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_with_tab": b"GET\t/ HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_without_version": b"GET /\r\n\r\n",
    "line_with_space_in_target": b"GET /a b HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_with_nul": b"GET /\0 HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_with_fragment": b"GET /#a HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_with_control_byte": b"GET /\x01 HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_of_http_2_0": b"GET / HTTP/2.0\r\nHost: t\r\n\r\n",
    "line_of_http_1_2": b"GET / HTTP/1.2\r\nHost: t\r\n\r\n",
    "line_of_small_letters": b"get / HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_of_connect": b"CONNECT t:1 HTTP/1.1\r\nHost: t\r\n\r\n",
    "line_of_trace": b"TRACE / HTTP/1.1\r\nHost: t\r\n\r\n",
    "field_without_colon": GET + b"nonsense\r\n" + END,
    "field_without_name": GET + b": x\r\n" + END,
    "field_with_space_in_name": GET + b"a b: c\r\n" + END,
    "field_with_nul": GET + b"a: \0\r\n" + END,
    "field_with_bare_cr": GET + b"a: b\rc\r\n" + END,
    "field_folded": GET + b"a: b\r\n c\r\n" + END,
    # much of it
    "garbage_behind_a_request": GET + END + b"\0\1\2garbage" * 100,
    "garbage": bytes(range(256)) * 40,
    "pipelined_garbage": (GET + END) * 20 + b"nonsense\r\n\r\n" + (GET + END) * 20,
    "many_fields": GET + b"".join(b"x-%d: y\r\n" % i for i in range(20000)) + END,
    "long_field": GET + b"x: " + b"y" * 1000000 + b"\r\n" + END,
    "long_target": b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\nHost: t\r\n\r\n",
    "long_method": b"A" * 1000000 + b" / HTTP/1.1\r\nHost: t\r\n\r\n",
    "many_empty_lines": b"\r\n" * 10000 + GET + END,
    "large_body": POST + length(9 << 20) + END + b"x" * (1 << 20),
    "large_chunk_extension": smuggled(TE, b"1;" + b"a" * 1000000 + b"\r\nx\r\n0\r\n\r\n"),
    "large_trailer": smuggled(TE, b"0\r\nX: " + b"a" * 1000000 + b"\r\n\r\n"),
    "preface_of_http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
}

# Why Selvage takes what nginx does not.
DIFFERENCES = {
    "coding_with_tab": "a tab is a space before a value (RFC 9110, 5.6.3); nginx takes it for a part of the coding",
    "host_empty": "allowed, and means nobody (RFC 9112, 3.2): it goes where requests without a name go",
    "line_of_trace": "nothing here answers TRACE with the request; whether it is answered is the guest's choice",
}
