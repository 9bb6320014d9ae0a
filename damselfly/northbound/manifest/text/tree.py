"""YAML as plain data that knows its lines, without YAML's surprises.

A plain scalar is a number only in decimal without leading zeros, a truth value only as ``true`` or
``false``; everything else is text (``no``, ``010``, ``22:22``, ``1.10``, dates).  Tags, second
documents, empty values and repeated keys are refused; aliases count with all that they repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from .problem import BadManifest, Problem

MAX_BYTES = 32 << 20
MAX_NODES = 1_000_000
MAX_DEPTH = 20

Path = tuple[str | int, ...]
Event = Any
"""An event of PyYAML's parser; its type stubs know less than it does."""
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_CONSTANTS = {"true": True, "false": False}
_EMPTY = ("", "~", "null")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Tree:
    """A file's content: dicts, lists, text, whole numbers and truth values."""

    file: str
    data: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    odd: list[tuple[Path, int, str]] = field(default_factory=list)
    """What is wrong with single values, by path and line."""

    def problem(self, path: Path, message: str) -> Problem:
        """Place a message at a path, or at what is nearest above it."""
        known = next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.lines)
        return Problem(self.file, self.lines[known], self._spelt(path), message)

    def problems(self) -> list[Problem]:
        """List what is wrong with single values, whatever they are for."""
        return [Problem(self.file, line, self._spelt(path), why) for path, line, why in self.odd]

    def _spelt(self, path: Path) -> str:
        """Spell a path; an item of a list by its name, where it has one."""
        text, here = "", self.data
        for step in path:
            inside = _inside(here, step)
            if isinstance(step, str):
                text += f".{step}" if text else step
            else:
                name = inside.get("name") if isinstance(inside, dict) else None
                text += f"[{name if isinstance(name, str) else step}]"
            here = inside
        return text


def _inside(data: object, step: str | int) -> object:
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def read_tree(file: str, content: bytes) -> Tree:
    """Read one file.  Raises BadManifest where it is not YAML at all."""
    tree = Tree(file, lines={(): 1})
    try:
        text = _text(file, content)
        _Builder(tree, yaml.parse(text, Loader=_Loader)).build()
    except yaml.YAMLError as error:
        raise BadManifest([_syntax(file, text, error)]) from None
    return tree


def _text(file: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise BadManifest([Problem(file, 1, "", f"is larger than {MAX_BYTES >> 20} MiB")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte {content[error.start]:#04x} is not UTF-8; accepted: text in UTF-8"
        raise BadManifest([Problem(file, line, "", message)]) from None


def _syntax(file: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = 1 if mark is None else mark.line + 1
    if mark is None and hasattr(error, "position"):
        line = text.count("\n", 0, error.position) + 1
    lines = text.split("\n")
    line = min(line, len(lines))
    if "\t" in re.match(r"\s*", lines[line - 1]).group():  # type: ignore[union-attr]
        return Problem(file, line, "", "is indented with a tab; accepted: spaces")
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    return Problem(file, line, "", f"is no YAML: {f'{context}: ' if context else ''}{reason}")


class _Builder:
    """Turns the parser's events into data; a node's size counts what its aliases repeat."""

    def __init__(self, tree: Tree, events: Iterator[Event]) -> None:
        self.tree = tree
        self.events = events
        self.anchors: dict[str, tuple[object, int]] = {}
        self.nodes = 0

    def build(self) -> None:
        """Read the one document of the file."""
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "a second document; accepted: one in a file")
                self.tree.data = self._node(next(self.events), ())

    def _node(self, event: Event, path: Path) -> object:
        if len(path) > MAX_DEPTH:
            raise self._refused(event, f"is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in (None, "!"):
            raise self._refused(event, f"the tag {event.tag} is not accepted")
        before = self.nodes
        self._count(event, 1)
        data = self._content(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = data, self.nodes - before
        return data

    def _content(self, event: Event, path: Path) -> object:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, yaml.ScalarEvent)
        if not event.implicit[0]:
            return str(event.value)
        if event.value in _EMPTY and path:
            message = "is empty; accepted: a value, or leave the key out"
            self.tree.odd.append((path, _line(event), message))
        if _INTEGER.fullmatch(event.value):
            return int(event.value)
        return _CONSTANTS.get(event.value, event.value)

    def _mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(event, "a key is not plain text")
            place, line = (*path, event.value), _line(event)
            if event.value in found:
                message = f"stands here a second time, first in line {self.tree.lines[place]}"
                self.tree.odd.append((place, line, message))
            self.tree.lines[place] = line
            found[event.value] = self._node(next(self.events), place)
        return found

    def _sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            place = (*path, len(found))
            self.tree.lines[place] = _line(event)
            found.append(self._node(event, place))
        return found

    def _alias(self, event: Event) -> object:
        if event.anchor not in self.anchors:
            raise self._refused(event, f"*{event.anchor} stands for nothing before this line")
        data, size = self.anchors[event.anchor]
        self._count(event, size)
        return data

    def _count(self, event: Event, size: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise self._refused(event, f"holds more than {MAX_NODES} values, aliases included")

    def _refused(self, event: Event, message: str) -> BadManifest:
        return BadManifest([Problem(self.tree.file, _line(event), "", message)])


def _line(event: Event) -> int:
    line: int = event.start_mark.line
    return line + 1
