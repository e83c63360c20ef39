"""Writes kubernetes.json: the schemas of a Job and a ConfigMap of Kubernetes 1.37, with all that they refer to, without descriptions.

They are those of the Python package kubernetes-validate 1.37.0 (Apache-2.0), generated from Kubernetes's own OpenAPI document. "Strict" ones refuse unknown fields.

    pip download --no-deps kubernetes-validate==1.37.0
    python3 kubernetes.py kubernetes_validate-1.37.0-py3-none-any.whl > kubernetes.json
"""
import json
import sys
import zipfile

FOLDER = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict/"
ROOTS = {"Job": "job-batch-v1.json", "ConfigMap": "configmap-v1.json"}


def clean(schema, names=False):
    """Drops descriptions, and writes references as #/$defs/NAME. names: the keys are those of fields, not of the schema language."""
    if isinstance(schema, list):
        return [clean(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if not names and (key in ("description", "default", "$schema", "$id") or key.startswith("x-")):
            continue
        out[key] = "#/$defs/" + value.split("/")[-1] if key == "$ref" and not names else clean(value, key == "properties" and not names)
    return out


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].split("/")[-1]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


with zipfile.ZipFile(sys.argv[1]) as wheel:
    definitions = json.loads(wheel.read(FOLDER + "_definitions.json"))["$defs"]
    roots = {kind: clean(json.loads(wheel.read(FOLDER + name))) for kind, name in ROOTS.items()}
needed, todo = {}, list(references(roots))
while todo:
    name = todo.pop()
    if name not in needed:
        needed[name] = clean(definitions[name])
        todo += references(needed[name])
json.dump({"properties": roots, "$defs": needed}, sys.stdout, sort_keys=True, separators=(",", ":"))
print()
