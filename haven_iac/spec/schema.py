"""The JSON schema of a description, for editors and for other programs; made from the models, so it cannot lag.

What only a rule across several keys can tell (overlapping ranges, even numbers of servers, versions outside the
window) is not in it: `haven-iac validate` says all of it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.describe import Model, bare, descriptions, keys
from haven_iac.spec.files import CLUSTER, EXTENDS, SECURE
from haven_iac.spec.model import SpecModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def cluster_schema(clouds: Mapping[str, Model] | None = None) -> Schema:
    """Return the schema of what is written under `haven:cluster`.

    Args:
        clouds: model of `cloud.settings` by kind of cloud; settings of other kinds may be anything.
    """
    schema = _schema(ClusterSpec, "")
    cloud = schema["$defs"]["CloudSpec"]
    if clouds:
        cloud["properties"]["kind"]["examples"] = sorted(clouds)
    for kind, model in sorted((clouds or {}).items()):
        inner = _schema(model, f"{kind}.")
        schema["$defs"].update(inner.pop("$defs", {}))
        asked = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
        cloud.setdefault("allOf", []).append({"if": asked, "then": {"properties": {"settings": inner}}})
    return {"$schema": DIALECT, **schema, "title": "A Haven cluster"}


def file_schema(clouds: Mapping[str, Model] | None = None) -> Schema:
    """Return the schema of a whole `Pulumi.<stack>.yaml`.

    Nothing below `haven:cluster` is required here, because a profile may bring it; and every key may be left empty,
    which takes away what a profile says.

    Args:
        clouds: as in `cluster_schema`.
    """
    cluster = _loose(cluster_schema(clouds))
    definitions = cluster.pop("$defs")
    del cluster["$schema"]
    secret = {
        "type": "object",
        "description": "A secret, encrypted by Pulumi: `pulumi config set --secret haven:NAME`.",
        "properties": {SECURE: {"type": "string"}},
        "required": [SECURE],
        "additionalProperties": False,
    }
    profile = {"type": "string", "examples": ["profiles/production.yaml"]}
    config = {
        "type": "object",
        "description": "The stack's configuration.",
        "properties": {
            CLUSTER: cluster,
            EXTENDS: {
                "description": "Profiles below stacks/ that this stack builds on, the most general first.",
                "anyOf": [profile, {"type": "array", "items": profile}],
            },
        },
        "patternProperties": {"^haven:(?!(cluster|extends)$)": secret},
        "required": [CLUSTER],
    }
    own = {
        "secretsprovider": "Where Pulumi's secrets are encrypted with.",
        "encryptedkey": "Written by Pulumi.",
        "encryptionsalt": "Written by Pulumi.",
    }
    return {
        "$schema": DIALECT,
        "title": "Pulumi.<stack>.yaml of a Haven cluster",
        "type": "object",
        "properties": {
            "config": config,
            **{key: {"type": "string", "description": text} for key, text in own.items()},
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _schema(model: Model, prefix: str) -> Schema:
    """Return a model's schema; its definitions are called `<prefix><model>`."""
    schema = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{prefix}{{model}}")
    models = _models(model)
    _tidy(schema)
    _describe(schema, model)
    named = {}
    for name, definition in schema.pop("$defs", {}).items():
        _tidy(definition)
        if name in models:
            _describe(definition, models[name])
        named[f"{prefix}{name}"] = definition
    return {**schema, "$defs": named} if named else schema


def _models(root: Model) -> dict[str, Model]:
    found: dict[str, Model] = {}
    queue = [root]
    while queue:
        for field in queue.pop().model_fields.values():
            inner = bare(field.annotation)
            if get_origin(inner) is dict:
                inner = bare(get_args(inner)[1])
            elif get_origin(inner) is tuple:
                inner = bare(get_args(inner)[0])
            if isinstance(inner, type) and issubclass(inner, SpecModel) and inner.__name__ not in found:
                found[inner.__name__] = inner
                queue.append(inner)
    return found


def _describe(schema: Schema, model: Model) -> None:
    texts = descriptions(model)
    for key, name in keys(model).items():
        if texts.get(name):
            schema["properties"][key]["description"] = texts[name]


def _tidy(schema: Schema) -> None:
    """Mend, in place, what pydantic writes for programs and editors cannot use."""
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
        if field.get("default", 0) is None or isinstance(field.get("default"), dict):
            # What is left out is said where it belongs: in the description, or key by key further down.
            del field["default"]
        _tidy(field)
    for inner in (schema.get("items"), schema.get("propertyNames"), *schema.get("anyOf", [])):
        if isinstance(inner, dict):
            _tidy(inner)
    if patterns := schema.pop("patternProperties", None):
        # As pydantic writes it, a name that does not match would be allowed with anything behind it.
        [(pattern, value)] = patterns.items()
        _tidy(value)
        schema["additionalProperties"] = value
        schema["propertyNames"] = {**schema.get("propertyNames", {}), "pattern": pattern}
        _tidy(schema["propertyNames"])
    if re.search(r"\(\?[a-z]", schema.get("pattern", "")):
        # Flags inside a pattern are Python's own; other languages refuse them.
        del schema["pattern"]


def _loose(schema: Schema) -> Schema:
    """Return a schema of a part of the same document: nothing is required, and everything may be empty."""
    schema = copy.deepcopy(schema)
    for one in (schema, *schema["$defs"].values()):
        one.pop("required", None)
        one.pop("minProperties", None)
        for key, field in one.get("properties", {}).items():
            field.pop("minProperties", None)
            one["properties"][key] = _or_nothing(field)
    return schema


def _or_nothing(field: Schema) -> Schema:
    if isinstance(field.get("additionalProperties"), dict):
        field = {**field, "additionalProperties": _or_nothing(field["additionalProperties"])}
    if isinstance(field.get("type"), str):
        return {**field, "type": [field["type"], "null"]}
    if "$ref" in field:
        rest = {key: value for key, value in field.items() if key != "$ref"}
        return {**rest, "anyOf": [{"$ref": field["$ref"]}, {"type": "null"}]}
    return field
