"""Reads one file of a department into its pydantic model, with errors that name the line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from comity.errors import ConfigurationError
from policies.file_models import FileModel, describe_type
from policies.yaml_document import Location, YamlDocument

M = TypeVar("M", bound=FileModel)

SECRET_KEY = re.compile(
    r"(?i)^(?:.*[_-])?(?:password|passwd|pwd|secret|token|api_?key|private_?key|credentials?)$"
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
    found: list[tuple[int, int, str, str]] = []
    for rank, details in enumerate(error.errors(include_url=False)):
        loc = details["loc"]
        if details["type"] == "empty_key":
            loc = (*loc, details["ctx"]["key"])
        location = _existing(document, loc)
        line = document.line_of(location)
        key = str(details["loc"][-1]) if details["loc"] else ""
        if details["type"] == "extra_forbidden" and SECRET_KEY.match(key):
            message = f"`{key}`: a secret never stands in a file; refer to it as ${{VARIABLE}} or file:…"
            found.append((line, -1, message, "CONFIG_SECRET"))
        else:
            found.append((line, rank, _message(model, details), code))
    found.sort()
    secrets = [f for f in found if f[3] == "CONFIG_SECRET"]
    line, _, message, found_code = (secrets or found)[0]
    more = len({(f[0], f[2]) for f in found}) - 1
    tail = f" (and {more} more)" if more else ""
    place = next((loc for loc, at in document.lines.items() if at == line), ())
    return document.error(place, message + tail, code=found_code)


def _existing(document: YamlDocument, loc: tuple[int | str, ...]) -> Location:
    """The location without the parts that pydantic adds for its own unions."""
    location: Location = ()
    for part in loc:
        if (*location, part) in document.lines:
            location = (*location, part)
    return location


def _message(model: type[FileModel], details: ErrorDetails) -> str:
    loc = details["loc"]
    key = str(loc[-1]) if loc else "the file"
    context = details.get("ctx", {})
    match details["type"]:
        case "empty_key":
            return f"`{context['key']}` has no value: give one, or leave the key out"
        case "extra_forbidden":
            return f"`{key}` is not a key here{nearest(key, _keys(model, loc[:-1]))}"
        case "missing":
            return f"`{key}` is missing{_inside(loc)}"
        case "literal_error":
            value = str(details["input"])
            words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return f"`{value}` is not a value of `{_named(loc)}`{nearest(value, words)}"
        case "tuple_type":
            return f"`{_named(loc)}` must be a list, not {describe_type(details['input'])}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"`{_named(loc)}` must be a mapping, not {describe_type(details['input'])}"
        case "string_type":
            quotes = " (put it in quotes)" if isinstance(details["input"], int | float | bool) else ""
            return f"`{_named(loc)}` must be text, not {describe_type(details['input'])}{quotes}"
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long":
            return f"`{_named(loc)}` has the value `{details['input']}`, which is not a name or text allowed here"
        case "int_type" | "int_from_float":
            return f"`{_named(loc)}` must be a whole number, not {describe_type(details['input'])}"
        case _:
            return f"`{_named(loc)}` {details['msg'][:1].lower()}{details['msg'][1:]}"


def _named(loc: tuple[int | str, ...]) -> str:
    names = [part for part in loc if isinstance(part, str) and "[" not in part]
    return names[-1] if names else "the file"


def _inside(loc: tuple[int | str, ...]) -> str:
    return f" in `{_named(loc[:-1])}`" if len(loc) > 1 else ""


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
