"""docs/openapi.json itself, and the manual pages of the commands."""
import os
import re
import subprocess

import jsonschema

from api import content_schema
from control import API, ROOT, SELVAGE, expect

COMMANDS = ("deploy", "list", "status", "logs", "top", "open", "rollback", "promote", "remove", "env", "secret", "host", "limits", "token", "audit",
            "backup", "restore")


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_description_has_what_openapi_asks_for():
    document = API.document
    expect(document["openapi"].startswith("3.1."), "which version of OpenAPI?")
    expect(document["info"]["title"] and document["info"]["version"], "no title or version")
    names = [operation.description["operationId"] for operation in API.operations]
    expect(len(set(names)) == len(names) > 10, f"operationId is not unique: {names}")
    for operation in API.operations:
        expect(operation.description["responses"]["default"], f"{operation.label}: no errors")
        declared = {p["name"] for p in operation.parameters if p["in"] == "path"}
        expect(declared == set(re.findall(r"\{(\w+)\}", operation.template)), f"{operation.label}: {declared}")
        expect(operation.is_open or operation.description["x-selvage-role"] in ("read", "deploy", "admin"),
               f"{operation.label}: no role")


def test_references_of_the_description_lead_somewhere():
    used = set(references(API.document))
    for reference in used:
        API.resolve({"$ref": reference})
    for name in API.document["components"]["schemas"]:
        expect(f"#/components/schemas/{name}" in used, f"nothing uses {name}")


def test_schemas_of_the_description_are_schemas():
    for schema in API.document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for operation in API.operations:
        for answer in operation.description["responses"].values():
            answer = API.resolve(answer)
            jsonschema.Draft202012Validator.check_schema(content_schema(answer))


def test_description_and_the_server_have_the_same_operations():
    with open(os.path.join(ROOT, "platform", "control.def")) as file:
        rows = re.findall(r'^CONTROL\("(\w+)", "(/[^"]+)", (\w+)', file.read(), re.M)
    served = {f"{method} {template}": role.lower() for method, template, role in rows}
    described = {operation.label: operation.description.get("x-selvage-role", "none")
                 for operation in API.operations}
    expect(served == described, f"they differ: {sorted(set(served.items()) ^ set(described.items()))}")


def test_every_option_is_in_the_manual():
    for command in COMMANDS:
        text = subprocess.run([SELVAGE, "help", command], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(ROOT, "docs", "man", f"selvage-{command}.1")) as file:
            page = file.read().replace("\\-", "-")
        for option in re.findall(r"--[a-z-]+", text):
            expect(option in page or option == "--help", f"selvage-{command}.1 has no {option}")
        with open(os.path.join(ROOT, "docs", "man", "selvage.1")) as file:
            expect(f".BR selvage-{command} (1)" in file.read(), f"selvage.1 has no {command}")
