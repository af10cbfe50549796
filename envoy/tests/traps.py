"""Makes a module that traps: one callback of it becomes `unreachable`."""

from __future__ import annotations

from pathlib import Path

EXPORT, CODE, IMPORT = 7, 10, 2


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _leb(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def _sections(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 8
    while at < len(data):
        kind = data[at]
        size, at = _number(data, at + 1)
        found.append((kind, data[at : at + size]))
        at += size
    return found


def _imported_functions(section: bytes) -> int:
    count, at = _number(section, 0)
    functions = 0
    for _ in range(count):
        for _name in range(2):
            size, at = _number(section, at)
            at += size
        kind, at = section[at], at + 1
        if kind == 0:
            functions += 1
            _, at = _number(section, at)
        else:
            raise ValueError("the module imports more than functions")
    return functions


def _exported(section: bytes, name: str) -> int:
    count, at = _number(section, 0)
    for _ in range(count):
        size, at = _number(section, at)
        found, at = section[at : at + size], at + size
        index, at = _number(section, at + 1)
        if found == name.encode():
            return index
    raise ValueError(f"the module exports no `{name}`")


def _replaced(section: bytes, wanted: int) -> bytes:
    count, at = _number(section, 0)
    out = _leb(count)
    for number in range(count):
        size, at = _number(section, at)
        body = section[at : at + size]
        at += size
        if number == wanted:
            body = bytes([0, 0x00, 0x0B])  # no locals; unreachable; end
        out += _leb(len(body)) + body
    return out


def with_trap(module: Path, to: Path, callback: str) -> Path:
    """Writes `module` to `to` with an exported callback that traps when it is called."""
    data = module.read_bytes()
    sections = _sections(data)
    imported = next((_imported_functions(body) for kind, body in sections if kind == IMPORT), 0)
    wanted = next(_exported(body, callback) for kind, body in sections if kind == EXPORT) - imported
    out = data[:8]
    for kind, body in sections:
        if kind == CODE:
            body = _replaced(body, wanted)
        out += bytes([kind]) + _leb(len(body)) + body
    to.write_bytes(out)
    return to
