"""The API as OpenAPI 3.1: every answer that a view can give is in it, refusals included."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import SAFE_METHODS

from trading.api.problems import KINDS, MEDIA_TYPE, document
from trading.api.serializers import ProblemSerializer

F = TypeVar("F", bound=Callable[..., Any])

ALWAYS: Final = (400, 401, 403, 406, 429, 500, 503)
WITH_BODY: Final = (413, 415)
SERVER: Final = (500, 503)

IF_NONE_MATCH: Final = {
    "name": "If-None-Match", "in": "header",
    "description": "The ETag of an answer that is here already: 304 if it is still the same.",
    "schema": {"type": "string"},
}  # fmt: skip


def described(summary: str, description: str = "", **more: Any) -> Callable[[F], F]:
    """What a method does, in a line and in a sentence."""
    return extend_schema(summary=summary, description=description, **more)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "trading.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "tb_...",
            "description": "A token of `manage.py token create`, with scopes.",
        }


class Schema(AutoSchema):
    """Adds to each operation what every view answers with."""

    view: Any

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        responses = operation["responses"]
        for status in self._refusals():
            responses.setdefault(str(status), self._refusal(status))
        if self.method == "GET":
            responses["304"] = {"description": "Nothing changed since `If-None-Match`."}
            operation.setdefault("parameters", []).append(IF_NONE_MATCH)
            for status, answer in responses.items():
                if status == "200":
                    answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
        operation["responses"] = dict(sorted(responses.items()))
        scope, permissions = self.view.demands(self.method)
        operation["x-scope"] = scope.value
        operation["x-permissions"] = list(permissions)
        return operation

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.method == "GET" and hasattr(self.view, "orderings")

    def _refusals(self) -> tuple[int, ...]:
        body = () if self.method in SAFE_METHODS else WITH_BODY
        more = self.view.more_errors.get(self.method, ())
        return (*ALWAYS, *body, *self.view.errors, *more)

    def _refusal(self, status: int) -> dict[str, Any]:
        component = self.resolve_serializer(ProblemSerializer(), "response")
        example = document(status, "What was wrong with which value; what to do")
        return {
            "description": KINDS[status][1],
            "content": {MEDIA_TYPE: {"schema": component.ref, "example": example}},
        }

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "tag", "") or self.path.split("/")[3]]

    def get_operation_id(self) -> str:
        words = [
            part.strip("{}") if part.startswith("{") else part
            for part in self.path.strip("/").split("/")[2:]
        ]
        return "_".join([self.method.lower(), *words]).replace("-", "_")


KEY: Final = {"type": "string", "pattern": "^[A-Za-z0-9._:@+-]{1,100}$"}
IN_PATH: Final[dict[str, dict[str, Any]]] = {
    "number": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "trade": KEY,
    "name": KEY,
    "day": {"type": "string", "format": "date"},
}


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What the generator cannot know: that names which are not known are refused, that an empty
    parameter is, and what an address takes."""
    for name, made in result["components"]["schemas"].items():
        if name.endswith("Request"):
            made["additionalProperties"] = False
        for part in made.get("properties", {}).values():
            part.pop("x-spec-enum-id", None)
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _finish(parameter)
    return result


def _finish(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "path":
        parameter["schema"] = IN_PATH[parameter["name"]]
    elif parameter["in"] == "query" and schema == {"type": "string"}:
        parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 100}


def example(name: str, value: Any, **more: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, **more)
