"""Checks files of docker/hub: check.py MODULE. Values of Zero to JupyterHub are validated against the chart's schema, which refuses
unknown fields, and Compose files against the Compose specification. A change for the worse must be found. Prints one line for each."""

import json
import re
import sys
from pathlib import Path

import compose_spec
import jsonschema
import yaml

here, hub = Path(__file__).parent, Path(sys.argv[1], "docker", "hub")
schema = json.loads((here / "values.schema.json").read_text(encoding="utf-8"))
validator = jsonschema.validators.validator_for(schema)(schema)


def values(*texts):
    merged = {}
    for text in texts:
        merge(merged, yaml.safe_load(text))
    # What is required and not here is in the chart's own values.
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(merged) if e.validator != "required"]


def merge(into, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def compose(text):
    text = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "word", text))
    try:
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text))).validate()  # without YAML's anchors
    except Exception as error:
        return [str(error)]
    return []


class_of_30, more = ((hub / name).read_text(encoding="utf-8") for name in ("values.yaml", "values-300.yaml"))
services = (hub / "compose.yaml").read_text(encoding="utf-8")
for name, check, texts, worse in (
    ("values.yaml", values, [class_of_30], ("guarantee: 1G", "garantee: 1G")),
    ("values-300.yaml", values, [class_of_30, more], ("concurrentSpawnLimit: 64", "concurrentSpawnLimit: many")),
    ("compose.yaml", compose, [services], ("restart: unless-stopped", "restrt: unless-stopped")),
):
    found = check(*texts)
    changed = [text.replace(*worse) for text in texts]
    if changed == texts:
        found.append(f"{worse[0]} is not in it")
    elif not check(*changed):
        found.append(f"{worse[1]} is not found")
    print(f"{name}: {'; '.join(found) or 'fits'}")
