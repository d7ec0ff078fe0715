"""Reads a YAML file strictly, and remembers the line of every key.

The dialect is YAML 1.2's core schema without dates: `no` and `on` are text, a number with leading zeros is
text (division codes keep them), and a date stays text until a model asks for one. Anchors, tags and
duplicate keys are refused, so that what a reviewer reads is what is loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from comity.errors import ConfigurationError

YamlValue = None | bool | int | float | str | tuple["YamlValue", ...] | dict[str, "YamlValue"]
Location = tuple[str | int, ...]

MAX_BYTES = 1 << 20
MAX_DEPTH = 40

_NULL, _BOOL, _INT, _FLOAT, _STR = (f"tag:yaml.org,2002:{t}" for t in ("null", "bool", "int", "float", "str"))


class _Composer(yaml.CSafeLoader):
    """libyaml's parser with the core schema's rules for plain scalars."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012  (the base class declares it so)


_RULES = (
    (_NULL, re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    (_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    (_INT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")),
    (_FLOAT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-+0123456789")),
)
for _tag, _pattern, _first in _RULES:
    _Composer.add_implicit_resolver(_tag, _pattern, _first)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One file's content. `lines` gives the 1-based line of each key and list item by its location."""

    path: Path
    value: YamlValue
    lines: Mapping[Location, int]
    digest: str

    def line_of(self, location: Location) -> int:
        """The line of the nearest enclosing key that exists at `location`."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return self.lines.get((), 1)

    def error(self, location: Location, message: str, *, code: str = "CONFIG_INVALID") -> ConfigurationError:
        """An error about the key at `location`: `policies/patients.yaml:12: …`."""
        return file_error(self.path, self.line_of(location), message, code=code)


def file_error(
    path: Path, line: int | None, message: str, *, code: str = "CONFIG_INVALID"
) -> ConfigurationError:
    """An error that starts with the file and the line, the way editors and compilers print places."""
    place = f"{path}:{line}" if line else f"{path}"
    metadata = {"file": str(path)} | ({"line": str(line)} if line else {})
    return ConfigurationError(f"{place}: {message}", code=code, metadata=metadata)


def load_yaml(path: Path) -> YamlDocument:
    """Reads the one document of `path`.

    Raises `ConfigurationError`: `CONFIG_MISSING` when the file is not there, `CONFIG_INVALID` with the line
    when it is not the YAML described above.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise file_error(path, None, f"cannot be read ({error.strerror})", code="CONFIG_MISSING") from None
    return parse_yaml(path, raw)


def parse_yaml(path: Path, raw: bytes) -> YamlDocument:
    """The document in `raw`; `path` is for messages."""
    if len(raw) > MAX_BYTES:
        raise file_error(path, None, f"is larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise file_error(path, None, "is not UTF-8 text") from None
    loader = _Composer(text)
    try:
        _check_depth(path, text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise file_error(path, line, f"is not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise file_error(path, None, "is not valid YAML") from None
    finally:
        loader.dispose()
    if node is None:
        raise file_error(path, 1, "is empty")
    lines: dict[Location, int] = {(): node.start_mark.line + 1}
    seen: set[int] = set()
    value = _construct(path, node, (), lines, seen)
    return YamlDocument(path, value, lines, hashlib.sha256(raw).hexdigest())


def _check_depth(path: Path, text: str) -> None:
    """Composing recurses in C, where nesting without end would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Composer):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else None
                raise file_error(path, line, f"is nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _construct(
    path: Path, node: yaml.Node, location: Location, lines: dict[Location, int], seen: set[int]
) -> YamlValue:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise file_error(path, line, "anchors and aliases (& and *) are not used here: write the value out")
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return _scalar(path, node, line)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        items: list[YamlValue] = []
        for index, item in enumerate(node.value):
            lines[(*location, index)] = item.start_mark.line + 1
            items.append(_construct(path, item, (*location, index), lines, seen))
        return tuple(items)
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        mapping: dict[str, YamlValue] = {}
        for key_node, value_node in node.value:
            key = _key(path, key_node)
            if key in mapping:
                first = lines[(*location, key)]
                message = f"the key `{key}` is given twice (first on line {first})"
                raise file_error(path, key_node.start_mark.line + 1, message)
            lines[(*location, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(path, value_node, (*location, key), lines, seen)
        return mapping
    raise file_error(path, line, f"the tag {node.tag} is not used here")


def _key(path: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag not in {_STR, _INT, _BOOL, _NULL, _FLOAT}:
        raise file_error(path, node.start_mark.line + 1, "a key must be plain text")
    if node.tag == _STR or (node.tag == _INT and not node.style):
        return str(node.value)
    message = f"the key {node.value} would be read as a number, true, false or null: put it in quotes"
    raise file_error(path, node.start_mark.line + 1, message)


def _scalar(path: Path, node: yaml.ScalarNode, line: int) -> YamlValue:
    text = str(node.value)
    match node.tag:
        case t if t == _STR:
            return text
        case t if t == _NULL:
            return None
        case t if t == _BOOL:
            return text.lower() == "true"
        case t if t == _INT:
            return int(text)
        case t if t == _FLOAT:
            return float(text)
    raise file_error(path, line, f"the tag {node.tag} is not used here")
