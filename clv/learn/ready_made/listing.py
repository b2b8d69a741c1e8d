"""Look at a pickle without loading it: what it refers to, and which Python wrote it.

Pickles are programs for a small machine with a stack. This one runs them on names instead of things:
nothing is imported, nothing is called.
"""

from __future__ import annotations

import dis
import pickletools
import sys
from dataclasses import dataclass
from typing import Final, NamedTuple

from clv.core.errors import ModelFileError

#: Modules and functions with which a file can reach beyond numbers; whoever refers to them is warned
#: of. A name with a dot is one function.
SUSPECT: Final = frozenset(
    "os posix nt pty subprocess multiprocessing socket ssl http urllib requests ftplib smtplib shutil "
    "pathlib tempfile io sys ctypes cffi importlib runpy code codeop marshal signal threading "
    "_thread asyncio webbrowser builtins.eval builtins.exec builtins.compile builtins.open "
    "builtins.__import__ builtins.getattr builtins.globals builtins.breakpoint "
    "operator.attrgetter operator.methodcaller".split()
)
#: Python 2's names of the same.
_RENAMED: Final = {"__builtin__": "builtins", "exceptions": "builtins"}
#: Number of a code object's parts → the Pythons that make such.
_PYTHONS: Final = {14: "2.7", 15: "3.6 or 3.7", 16: "3.8, 3.9 or 3.10"}
#: With which operation functions begin since 3.11 → the Pythons, in the order in which to ask.
_RESUME: Final = {151: "3.11 or 3.12", 149: "3.13", 128: "3.14"}
#: 3.11 prepares every call; 3.12 does not.
_PRECALL: Final = 166
_CALL: Final = 171
#: This Python, as 3.11 is written.
HERE: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


class Name(NamedTuple):
    """Something that a pickle refers to by name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{_RENAMED.get(self.module, self.module)}.{self.name}"


class Call(NamedTuple):
    """What comes of calling something: nobody knows, for nobody calls it."""

    what: object
    arguments: object


class Code(NamedTuple):
    """A function that the file brings along.

    Attributes
    ----------
    python
        Which Pythons compile such code.
    ours
        Whether this one does.
    uses
        Names that it looks up: globals, modules, attributes.
    """

    python: str
    ours: bool
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """What is known of a file without loading it.

    Attributes
    ----------
    names
        Modules and functions that loading it imports or calls, sorted.
    functions
        How many functions it brings along: what they do, no listing can tell.
    uses
        Names that those functions look up, sorted.
    suspect
        Those of both that reach beyond numbers, sorted.
    python
        Which Pythons wrote it; empty where that can't be told, and doesn't matter.
    ours
        Whether this Python can run what it brings along.
    """

    names: tuple[str, ...]
    functions: int
    uses: tuple[str, ...]
    suspect: tuple[str, ...]
    python: str
    ours: bool


def listing(content: bytes) -> Listing:
    """List what a pickle refers to.

    Parameters
    ----------
    content
        The bytes of the file.

    Raises
    ------
    ModelFileError
        They are no pickle.
    """
    machine = _Machine()
    try:
        for operation, argument, _ in pickletools.genops(content):
            machine.step(operation, argument)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        msg = "This file is not a model that dill (or pickle) wrote, or it is damaged."
        raise ModelFileError(msg, "Ask its maker for the file that dill.dump wrote.") from error
    codes = [code for call in machine.calls if (code := _code(call))]
    uses = {name for code in codes for name in code.uses}
    imported = {
        str(call.arguments[0])
        for call in machine.calls
        if isinstance(call.what, Name)
        and call.what.name == "_import_module"
        and isinstance(call.arguments, tuple)
        and call.arguments
    }
    names = {str(name) for name in machine.names} | imported
    foreign = [code for code in codes if not code.ours]
    told = (foreign or codes)[:1]
    return Listing(
        names=tuple(sorted(names)),
        functions=len(codes),
        uses=tuple(sorted(uses)),
        suspect=tuple(sorted(_suspect(names, uses))),
        python=told[0].python if told else "",
        ours=not foreign,
    )


def _suspect(names: set[str], uses: set[str]) -> set[str]:
    """Return those names that reach beyond numbers."""
    builtins = {name.partition(".")[2] for name in SUSPECT if name.startswith("builtins.")}
    found = {n for n in names if n in SUSPECT or n.split(".")[0] in SUSPECT}
    return found | {n for n in uses if n in builtins or n.split(".")[0] in SUSPECT}


def _code(call: Call) -> Code | None:
    """Return the function that a call makes, if it makes one."""
    what, parts = call.what, call.arguments
    if isinstance(what, Call):  # dill before 0.3: its own name for the type of code
        makes = what.arguments == ("CodeType",)
    else:
        makes = isinstance(what, Name) and what.name in {"_create_code", "CodeType", "code"}
    if not makes or not isinstance(parts, tuple):
        return None
    # Newer dill puts the line numbers of older Pythons first.
    plain = parts[1:] if parts and not isinstance(parts[0], int) else parts
    programs = ((i, found) for i, p in enumerate(plain) if (found := _bytes(p)) is not None)
    place, program = next(programs, (0, b""))
    # The program, its constants, then the names.
    names = plain[place + 2] if place + 2 < len(plain) else ()
    uses = tuple(n for n in names if isinstance(n, str)) if isinstance(names, tuple) else ()
    operations = set(program[::2])
    ours = len(plain) == 18 and _runs_here(operations)
    return Code(HERE if ours else _python(len(plain), operations), ours, uses)


def _bytes(part: object) -> bytes | None:
    """Return bytes, also those that old protocols write as text to be encoded; None for the rest."""
    if isinstance(part, Call) and isinstance(part.arguments, tuple) and part.arguments:
        text = part.arguments[0]
        return text.encode("latin1") if isinstance(text, str) else None
    return bytes(part) if isinstance(part, bytes | bytearray) else None


def _runs_here(operations: set[int]) -> bool:
    """Tell whether a program consists of this Python's operations, as this Python arranges them."""
    here = dis.opmap
    arranged = _CALL not in operations or "PRECALL" not in here or here["PRECALL"] in operations
    return operations <= {*here.values(), 0} and here["RESUME"] in operations and arranged


def _python(parts: int, operations: set[int]) -> str:
    """Tell by the number of a function's parts, and by how it begins and calls, who compiled it."""
    if parts in _PYTHONS:
        return _PYTHONS[parts]
    found = next((python for resume, python in _RESUME.items() if resume in operations), "")
    if _CALL in operations and found == "3.11 or 3.12":
        return "3.11" if _PRECALL in operations else "3.12"
    return found or "another version"


class _Mark:
    """A place on the stack."""


_UNKNOWN: Final = object()
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
#: What ends with the object that a call made on the stack: operation → parts of the call.
_CALLS: Final = {"REDUCE": 2, "NEWOBJ": 2, "NEWOBJ_EX": 3}
_FILLS: Final = {"APPEND": 1, "SETITEM": 2, "BUILD": 1}
_MEMORY: Final = frozenset("PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET".split())
_FILLS_TO_MARK: Final = frozenset({"APPENDS", "SETITEMS", "ADDITEMS"})


class _Machine:
    """The stack and memory of a pickle, with names in the place of things."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}
        self.names: set[Name] = set()
        self.calls: list[Call] = []

    def step(self, operation: pickletools.OpcodeInfo, argument: object) -> None:
        """Take one operation."""
        name = operation.name
        if name in _CALLS:
            self._call(_CALLS[name])
        elif name in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[name])))
        elif name in {"TUPLE", "LIST", "DICT", "FROZENSET"}:
            kept = self._to_mark()
            self.stack.append(tuple(kept) if name == "TUPLE" else _UNKNOWN)
        elif name in _FILLS:
            self._pop(_FILLS[name])
        elif name in _FILLS_TO_MARK or name == "POP_MARK":
            self._to_mark()
        elif name in {"GLOBAL", "INST", "STACK_GLOBAL", "OBJ"}:
            self._name(name, argument)
        elif name in _MEMORY:
            self._memory(name, argument)
        elif name == "MARK":
            self.stack.append(_Mark)
        elif name == "DUP":
            self.stack.append(self.stack[-1])
        else:
            self._value(operation, argument)

    def _memory(self, name: str, argument: object) -> None:
        if "GET" in name:
            self.stack.append(self.memo[int(str(argument))])
        else:
            self.memo[len(self.memo) if argument is None else int(str(argument))] = self.stack[-1]

    def _value(self, operation: pickletools.OpcodeInfo, argument: object) -> None:
        """Take what only takes from the stack and puts onto it, as its description says."""
        self._pop(len(operation.stack_before))
        known = {"EMPTY_TUPLE": (), "NONE": None, "NEWTRUE": True, "NEWFALSE": False}
        for _ in operation.stack_after:
            value = known.get(operation.name, _UNKNOWN if argument is None else argument)
            self.stack.append(value)

    def _name(self, operation: str, argument: object) -> None:
        """Take a reference, written out or put together from two texts; two of them call it at once."""
        if operation == "OBJ":
            what, *arguments = self._to_mark()
            self._made(what, tuple(arguments))
            return
        if operation == "STACK_GLOBAL":
            module, name = self._pop(2)
        else:
            module, _, name = str(argument).partition(" ")
        found = Name(str(module), str(name))
        self.names.add(found)
        if operation == "INST":
            self._made(found, tuple(self._to_mark()))
        else:
            self.stack.append(found)

    def _call(self, parts: int) -> None:
        what, *arguments = self._pop(parts)
        self._made(what, arguments[0])

    def _made(self, what: object, arguments: object) -> None:
        made = Call(what, arguments)
        self.calls.append(made)
        self.stack.append(made)

    def _pop(self, number: int) -> list[object]:
        if number > len(self.stack):
            msg = "the stack is empty"
            raise IndexError(msg)
        taken = self.stack[len(self.stack) - number :]
        del self.stack[len(self.stack) - number :]
        return taken

    def _to_mark(self) -> list[object]:
        place = len(self.stack) - 1 - self.stack[::-1].index(_Mark)
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken
