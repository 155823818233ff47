"""docs/openapi.json: which operation a request is, and whether requests and answers are of it."""
import json
import os
import re
import urllib.parse

import jsonschema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METHODS = ("get", "post", "put", "patch", "delete")


def load():
    with open(os.path.join(ROOT, "docs", "openapi.json")) as file:
        return json.load(file)


class Wrong(Exception):
    """What is not as the description says, in one line."""


def content_schema(answer):
    """Of an answer, which has one type of content: JSON or, as one string, text."""
    (content,) = answer["content"].values()
    return content["schema"]


class Operation:
    def __init__(self, api, method, template, shared, description):
        self.api, self.method, self.template, self.description = api, method, template, description
        self.parameters = shared + description.get("parameters", [])
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        self.pattern = re.compile(pattern)
        self.is_open = description.get("security") == []

    @property
    def label(self):
        return f"{self.method} {self.template}"

    def check(self, value, schema, what):
        self.api.check(value, schema, f"{self.label}: {what}")

    def check_parameters(self, place, given):
        known = {p["name"]: p for p in self.parameters if p["in"] == place}
        for name, value in given.items():
            if name not in known:
                raise Wrong(f"{self.label}: there is no {place} parameter {name}")
            schema = known[name]["schema"]
            if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value):
                value = int(value)
            self.check(value, schema, f"{place} parameter {name}")
        for name, parameter in known.items():
            if parameter.get("required") and name not in given:
                raise Wrong(f"{self.label}: {place} parameter {name} is missing")

    def check_request(self, path_values, query, body):
        self.check_parameters("path", path_values)
        self.check_parameters("query", query)
        wanted = self.description.get("requestBody")
        if wanted is None:
            if body is not None:
                raise Wrong(f"{self.label}: takes no body")
            return
        if body is None:
            raise Wrong(f"{self.label}: has no body")
        self.check(body, wanted["content"]["application/json"]["schema"], "body")

    def check_answer(self, status, body):
        answers = self.description["responses"]
        answer = answers.get(str(status)) or (answers["default"] if status >= 400 else None)
        if answer is None:
            raise Wrong(f"{self.label}: is not answered with {status}")
        answer = self.api.resolve(answer)
        self.check(body, content_schema(answer), f"answer {status}")


class Api:
    def __init__(self):
        self.document = load()
        self.resolver = jsonschema.RefResolver("", self.document)
        self.operations = []
        for template, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    self.operations.append(Operation(self, method.upper(), template, shared, item[method]))

    def resolve(self, value):
        while "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def check(self, value, schema, what):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        error = next(iter(validator.iter_errors(value)), None)
        if error:
            at = "/".join(str(part) for part in error.absolute_path)
            raise Wrong(f"{what}: at \"{at}\": {error.message[:200]}")

    def find(self, method, target):
        """The operation of a request, its values in the path, and its query."""
        path, _, query = target.partition("?")
        for operation in self.operations:
            match = operation.pattern.fullmatch(path)
            if match and operation.method == method:
                pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
                if len(dict(pairs)) != len(pairs):
                    raise Wrong(f"{operation.label}: a parameter is there twice")
                values = {k: urllib.parse.unquote(v) for k, v in match.groupdict().items()}
                return operation, values, dict(pairs)
        raise Wrong(f"there is no {method} {path}")
