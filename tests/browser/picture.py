"""PNG files (8 bits a channel, not interlaced) as rows of pixels, and one picture inside another."""
import struct
import zlib

CHANNELS = {0: 1, 2: 3, 6: 4}


def chunks(data):
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + length]
        at += length + 12


def paeth(left, up, corner):
    guess = left + up - corner
    distances = [(abs(guess - value), order, value) for order, value in enumerate((left, up, corner))]
    return min(distances)[2]


def unfilter(kind, line, above, step):
    """One row, in place; RFC 2083, 6."""
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]
        line[i] = (line[i] + guess) & 255


def rows(data):
    """Of a PNG, each row a list of (red, green, blue)."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    packed = b""
    for kind, content in chunks(data):
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            packed += content
    assert depth == 8 and colour in CHANNELS and not interlaced, (depth, colour, interlaced)
    step = CHANNELS[colour]
    plain, length = zlib.decompress(packed), width * step + 1
    above, found = bytearray(length - 1), []
    for y in range(height):
        line = bytearray(plain[y * length + 1:(y + 1) * length])
        unfilter(plain[y * length], line, above, step)
        above = line
        found.append([tuple(line[x:x + 3]) if step > 1 else (line[x],) * 3 for x in range(0, len(line), step)])
    return found


def find(window, wanted):
    """Where all of `wanted` is in `window`: (x, y), or None."""
    width = len(wanted[0])
    for y in range(len(window) - len(wanted) + 1):
        for x in range(len(window[0]) - width + 1):
            if window[y][x] == wanted[0][0] and all(
                    window[y + i][x:x + width] == line for i, line in enumerate(wanted)):
                return x, y
    return None
