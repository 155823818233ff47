"""The guests of this measurement, byte by byte: assemblers for text know either the instructions
of today or those of the earlier proposal."""

I32, FUNC, EMPTY = b"\x7f", b"\x60", b"\x40"
RARE = 0x10000  # the argument that makes the callee throw


def number(value):
    """LEB128, signed; of use for small unsigned numbers below 64 too."""
    out = b""
    while True:
        byte, value = value & 0x7f, value >> 7
        if value == -(byte >> 6):
            return out + bytes([byte])
        out += bytes([byte | 0x80])


def size(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
    return out + bytes([value])


def vector(*items):
    return size(len(items)) + b"".join(items)


def section(code, *items):
    contents = vector(*items)
    return bytes([code]) + size(len(contents)) + contents


def const(value):
    return b"\x41" + number(value)


def get(local):
    return bytes([0x20, local])


def put(local):
    return bytes([0x21, local])


ADD, MUL, XOR, AND, EQ, LESS, AT_LEAST = b"\x6a", b"\x6c", b"\x73", b"\x71", b"\x46", b"\x48", b"\x4e"
RETURN, END = b"\x0f", b"\x0b"


def when(condition, *then):
    return condition + b"\x04" + EMPTY + b"".join(then) + END


def body(locals_count, *code):
    text = (vector(size(locals_count) + I32) if locals_count else vector()) + b"".join(code) + END
    return size(len(text)) + text


def callee(can_throw):
    """callee(depth, x): calls itself `depth` times, then throws if x is RARE, or returns. What
    it does with negative numbers, of which there are none, keeps it from being inlined."""
    never = b"".join(const(0x1234567 + 77 * i) + (MUL if i % 2 else XOR) for i in range(400))
    deeper = get(0) + const(-1) + ADD + get(1) + b"\x10\x00" + const(3) + MUL + const(1) + XOR
    return body(0, when(get(1) + const(0) + LESS, get(1), never, RETURN),
                when(get(0), deeper, RETURN),
                when(get(1) + const(RARE) + EQ, get(1), b"\x08\x00") if can_throw else b"",
                get(1), const(7), ADD)


def in_try(kind, call):
    """The call, or what it throws."""
    if kind == "new":  # block, and in it try_table with one clause: tag 0, label 0
        return b"\x02" + I32 + b"\x1f" + I32 + b"\x01\x00\x00\x00" + call + END + END
    if kind == "legacy":
        return b"\x06" + I32 + call + b"\x07\x00" + END
    return call


def run(kind, depth, throws, is_indirect):
    """run(count): the sum of so many calls."""
    argument = const(RARE) if throws else get(1) + const(0xffff) + AND
    call = const(0) + b"\x11\x00\x00" if is_indirect else b"\x10\x00"
    one = in_try(kind, const(depth - 1) + argument + call)
    loop = (get(1) + get(0) + AT_LEAST + b"\x0d\x01" + get(2) + one + get(1) + XOR + ADD + put(2)
            + get(1) + const(1) + ADD + put(1) + b"\x0c\x00")
    return body(2, b"\x02", EMPTY, b"\x03", EMPTY, loop, END, END, get(2))


def module(can_throw=False, kind="", depth=1, throws=False, is_indirect=False):
    types = (FUNC + vector(I32, I32) + vector(I32), FUNC + vector(I32) + vector(I32),
             FUNC + vector(I32) + vector())
    return (b"\0asm\1\0\0\0" + section(1, *types) + section(3, b"\0", b"\1")
            + section(4, b"\x70\0\1") + (section(13, b"\0\2") if can_throw else b"")
            + section(7, vector(*(bytes([c]) for c in b"run")) + b"\0\1")
            + section(9, b"\0" + const(0) + END + vector(b"\0"))
            + section(10, callee(can_throw), run(kind, depth, throws, is_indirect)))
