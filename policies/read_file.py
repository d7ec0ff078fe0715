"""Reads one file of a department into its pydantic model, with errors that name the line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from comity.errors import ConfigurationError
from policies.file_models import MASK_FORMS, FileModel, describe_type
from policies.yaml_document import Location, YamlDocument

M = TypeVar("M", bound=FileModel)

SECRET_KEY = re.compile(
    r"(?i)^(?:.*[_-])?(?:password|passwd|pwd|secret|token|api[_-]?key|private[_-]?key|credentials?)$"
)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that ends an error message: the known name closest to `name`, or all when they are few."""
    names = sorted(known)
    folded = {n.casefold(): n for n in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{folded[close[0]]}`?"
    if 0 < len(names) <= 12:
        return f"; known: {', '.join(names)}"
    return ""


def read_model(document: YamlDocument, model: type[M], *, code: str) -> M:
    """The document as `model`.

    Raises `ConfigurationError` with `code`, or `CONFIG_SECRET` for a key that would hold a secret, for the
    first thing wrong by line; the others are counted.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise _first_error(document, model, error, code) from None


def _first_error(
    document: YamlDocument, model: type[FileModel], error: ValidationError, code: str
) -> ConfigurationError:
    # By location: a value that fits none of several forms has an error for each of them.
    found: dict[Location, tuple[str, str]] = {}
    for details in error.errors(include_url=False):
        loc = details["loc"]
        if details["type"] == "empty_key":
            loc = (*loc, details["ctx"]["key"])
        location = _existing(document, loc)
        key = str(loc[-1]) if loc else ""
        if details["type"] == "extra_forbidden" and SECRET_KEY.match(key):
            message = f"`{key}`: a secret never stands in a file; refer to it as ${{VARIABLE}} or file:…"
            found[location] = ("CONFIG_SECRET", message)
        elif details["type"] == "missing":
            found.setdefault((*location, key), (code, _message(model, details, location)))
        else:
            found.setdefault(location, (code, _message(model, details, location)))
    secrets = [location for location, (its_code, _) in found.items() if its_code == "CONFIG_SECRET"]
    # A missing key comes last: it is often there, misspelt.
    first = min(secrets or found, key=lambda at: (at not in document.lines, document.line_of(at)))
    its_code, message = found[first]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return document.error(first, message + more, code=its_code)


def _existing(document: YamlDocument, loc: tuple[int | str, ...]) -> Location:
    """The location without the parts that pydantic adds for its own unions."""
    location: Location = ()
    for part in loc:
        if (*location, part) in document.lines:
            location = (*location, part)
    return location


def _message(model: type[FileModel], details: ErrorDetails, location: Location) -> str:
    loc = details["loc"]
    name = next((part for part in reversed(location) if isinstance(part, str)), "the file")
    value = details["input"]
    context = details.get("ctx", {})
    match details["type"]:
        case "empty_key":
            return f"`{name}` has no value: give one, or leave the key out"
        case "extra_forbidden":
            return f"`{name}` is not a key here{nearest(name, _keys(model, loc[:-1]))}"
        case "missing":
            return f"`{loc[-1]}` is missing" + (f" in `{name}`" if location else "")
        case "literal_error" if isinstance(value, str) and value in MASK_FORMS:
            return f"`{value}` needs a value: {{{value}: …}}"
        case "literal_error":
            words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return f"`{value}` is not a value of `{name}`{nearest(str(value), words)}"
        case _ if value is None:
            return f"`{name}` has no value: give one, or leave the key out"
        case "tuple_type":
            return f"`{name}` must be a list, not {describe_type(value)}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"`{name}` must be a mapping, not {describe_type(value)}"
        case "string_type":
            quotes = " (put it in quotes)" if isinstance(value, int | float | bool) else ""
            return f"`{name}` must be text, not {describe_type(value)}{quotes}"
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long":
            return f"`{name}` has the value `{value}`, which is not a name or text allowed here"
        case "int_type" | "int_from_float":
            return f"`{name}` must be a whole number, not {describe_type(value)}"
        case _:
            return f"`{name}` {details['msg'][:1].lower()}{details['msg'][1:]}"


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys known at `loc`, found by walking the model's annotations."""
    annotation: Any = model
    for part in loc:
        annotation = _step(annotation, part)
    return [f.alias or name for m in _models(annotation) for name, f in m.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in get_args(annotation) if not isinstance(inner, str) for m in _models(inner)]


def _step(annotation: Any, part: int | str) -> Any:
    """The annotation of the value under `part`, or the same one where `part` is pydantic's own."""
    for m in _models(annotation):
        for name, f in m.model_fields.items():
            if (f.alias or name) == part:
                return f.annotation
    return annotation
