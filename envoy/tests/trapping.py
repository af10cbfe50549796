"""Makes a module that traps where a test wants it to, or that its host refuses a call, out of the module as built: the product
itself has no such place.

A request with more than `MANY` header fields lights a fuse in its worker's virtual machine: the `n`-th access to the shared
data from then on is made, and the module ends right behind it (`unreachable`), for the field that is `MANY + n`-th was sent.
So a trap can stand between any two steps of counting, whosever call is just being counted.
"""

from __future__ import annotations

from pathlib import Path

MANY = 60
"""Fields of a request that lights nothing, those that Envoy adds included."""

TYPES, IMPORTS, FUNCTIONS, GLOBALS, EXPORTS, CODE = 1, 2, 3, 6, 7, 10
REFUSED = 10
"""The ABI's status for an internal failure."""
WATCHED = ("proxy_get_shared_data", "proxy_set_shared_data")
LIT_IN = "proxy_on_request_headers"

I32 = 0x7F
CALL, UNREACHABLE, IF, END = b"\x10", b"\x00", b"\x04\x40", b"\x0b"
GET_LOCAL, GET_GLOBAL, SET_GLOBAL, CONST, GREATER, MINUS, IS_ZERO = b"\x20", b"\x23", b"\x24", b"\x41", b"\x4a", b"\x6b", b"\x45"


def number(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value or not out:
        value, low = value >> 7, value & 127
        out.append(low | 128)
    out[-1] &= 127
    return bytes(out)


class Reader:
    """Reads a part of a module."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def name(self) -> str:
        return self.take(self.number()).decode()

    def rest(self) -> bytes:
        return self.data[self.at :]


def sections(module: bytes) -> list[tuple[int, bytes]]:
    reader, found = Reader(module), []
    reader.take(8)
    while reader.rest():
        kind = reader.take(1)[0]
        found.append((kind, reader.take(reader.number())))
    return found


def imports(section: bytes) -> list[tuple[str, int]]:
    """Imported functions, by name and type."""
    reader, found = Reader(section), []
    for _ in range(reader.number()):
        reader.name()
        name, kind = reader.name(), reader.take(1)[0]
        assert kind == 0, f"`{name}` is no function: the numbering below would be wrong"
        found.append((name, reader.number()))
    return found


def more(section: bytes, *entries: bytes) -> bytes:
    """A section that begins with its number of entries, with these at its end."""
    reader = Reader(section)
    return number(reader.number() + len(entries)) + reader.rest() + b"".join(entries)


def function(*instructions: bytes) -> bytes:
    """A function's body without variables of its own."""
    body = b"\x00" + b"".join(instructions) + END
    return number(len(body)) + body


def locals_(count: int) -> bytes:
    return b"".join(GET_LOCAL + number(index) for index in range(count))


def burning(imported: int, fuse: bytes) -> bytes:
    """Calls the host, shortens the fuse if it is lit, and traps at its end."""
    shorter = GET_GLOBAL + fuse + CONST + b"\x01" + MINUS + SET_GLOBAL + fuse
    ends = GET_GLOBAL + fuse + IS_ZERO + IF + UNREACHABLE + END
    return function(locals_(5), CALL, number(imported), GET_GLOBAL + fuse + IF, shorter, ends, END)


def lighting(callback: int, fuse: bytes) -> bytes:
    """Lights the fuse when there are many headers (the second argument), then calls what it stands before."""
    # A signed number below 64 is one byte; `MANY` is.
    length = GET_LOCAL + b"\x01" + CONST + bytes([MANY])
    return function(length, GREATER, IF, length, MINUS, SET_GLOBAL, fuse, END, locals_(3), CALL, number(callback))


def calling(section: bytes, instead: dict[int, int]) -> tuple[bytes, list[int]]:
    """The code with other callees for those in `instead`, and which calls were replaced."""
    reader, replaced = Reader(section), []
    count = reader.number()
    bodies = []
    for _ in range(count):
        body, out, copied = Reader(reader.take(reader.number())), b"", 0
        for _ in range(body.number()):
            body.number()
            body.take(1)
        while body.rest():
            start = body.at
            callee = skip(body)
            if callee in instead:
                out += body.data[copied:start] + CALL + number(instead[callee])
                copied = body.at
                replaced.append(callee)
        out += body.data[copied:]
        bodies.append(number(len(out)) + out)
    return number(count) + b"".join(bodies), replaced


def skip(code: Reader) -> int | None:
    """Passes one instruction (WebAssembly 2.0, "Binary Format", without vectors); the callee where it is a `call`."""
    opcode = code.take(1)[0]
    if opcode == 0x10:
        return code.number()
    numbers = 0
    if opcode == 0xFC:
        sub = code.number()
        numbers = 0 if sub < 8 else 2 if sub in (8, 10, 12, 14) else 1
        assert sub <= 17, f"an instruction that is not known: 0xFC {sub}"
    elif opcode in (0x0E, 0x1C):
        # br_table has a default behind its labels.
        numbers = code.number() + (opcode == 0x0E)
    elif opcode == 0x11 or 0x28 <= opcode <= 0x3E:
        numbers = 2
    elif opcode in (0x02, 0x03, 0x04, 0x0C, 0x0D, 0xD0, 0xD2) or 0x20 <= opcode <= 0x26 or 0x3F <= opcode <= 0x42:
        # A signed number has the length of an unsigned one.
        numbers = 1
    elif opcode in (0x43, 0x44):
        code.take(4 if opcode == 0x43 else 8)
    else:
        plain = opcode in (0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1) or 0x45 <= opcode <= 0xC4
        assert plain, f"an instruction that is not known: 0x{opcode:02X}"
    for _ in range(numbers):
        code.number()
    return None


def export(section: bytes, name: str, index: int) -> tuple[bytes, int]:
    """The section with another function behind an export, and which was behind it."""
    reader = Reader(section)
    count, out, before = reader.number(), b"", None
    for _ in range(count):
        this, kind, old = reader.name(), reader.take(1), reader.number()
        if this == name:
            before, old = old, index
        out += number(len(this)) + this.encode() + kind + number(old)
    assert before is not None, f"the module exports no `{name}`"
    return number(count) + out, before


def with_fuse(module: Path, to: Path) -> Path:
    """Writes `module` to `to`, changed as above."""
    parts = dict(sections(module.read_bytes()))
    known = imports(parts[IMPORTS])
    defined = Reader(parts[FUNCTIONS]).number()
    fresh = len(known) + defined
    fuse = number(Reader(parts[GLOBALS]).number())
    bodies, types, instead = [], [], {}
    for index, name in enumerate(WATCHED):
        imported = [known_name for known_name, _ in known].index(name)
        instead[imported] = fresh + index
        bodies.append(burning(imported, fuse))
        types.append(number(known[imported][1]))
    code, replaced = calling(parts[CODE], instead)
    assert sorted(replaced) == sorted(instead), f"{len(replaced)} calls of {WATCHED}: one of each is expected"
    parts[EXPORTS], callback = export(parts[EXPORTS], LIT_IN, fresh + len(WATCHED))
    bodies.append(lighting(callback, fuse))
    types.append(type_of(parts[FUNCTIONS], callback - len(known)))
    parts[FUNCTIONS] = more(parts[FUNCTIONS], *types)
    parts[GLOBALS] = more(parts[GLOBALS], bytes([I32, 1]) + CONST + b"\x00" + END)
    parts[CODE] = more(code, *bodies)
    return written(to, module, parts)


def refused(module: Path, to: Path, name: str) -> Path:
    """Writes `module` to `to`, in which each call of that function of the host is answered with `REFUSED` and never made."""
    parts = dict(sections(module.read_bytes()))
    known = imports(parts[IMPORTS])
    fresh = len(known) + Reader(parts[FUNCTIONS]).number()
    imported = [known_name for known_name, _ in known].index(name)
    code, replaced = calling(parts[CODE], {imported: fresh})
    assert replaced, f"nothing calls {name}"
    parts[FUNCTIONS] = more(parts[FUNCTIONS], number(known[imported][1]))
    parts[CODE] = more(code, function(CONST, bytes([REFUSED])))
    return written(to, module, parts)


def written(to: Path, module: Path, parts: dict[int, bytes]) -> Path:
    """Writes a module of these sections, in the order of `module`'s."""
    ordered = [(kind, parts[kind] if kind else body) for kind, body in sections(module.read_bytes())]
    to.write_bytes(b"\x00asm\x01\x00\x00\x00" + b"".join(bytes([kind]) + number(len(body)) + body for kind, body in ordered))
    return to


def type_of(section: bytes, wanted: int) -> bytes:
    """The type of a function that the module defines."""
    reader = Reader(section)
    all_ = [reader.number() for _ in range(reader.number())]
    return number(all_[wanted])
