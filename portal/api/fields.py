"""Fields and bodies that several resources share."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}], "nullable": True}
)
class SettingValue(serializers.Field[Any, Any, Any, Any]):
    """One setting or secret: text, whole number, yes or no, or null. What it may hold, the system's spec says."""

    default_error_messages = {
        "scalar": "A setting is text, a whole number, true, false or null.",
        "zero": "Text holds no zero bytes.",
    }

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str | int | bool):
            self.fail("scalar")
        if isinstance(value, str) and "\0" in value:
            self.fail("zero")
        return value

    def to_representation(self, value: Any) -> Any:
        return value


class PauseReason(serializers.Serializer[Any]):
    """Why something is stopped; people see it beside the pause."""

    reason = serializers.CharField(max_length=200)


class Problem(serializers.Serializer[Any]):
    """An error as problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.CharField()),
        required=False,
        help_text="Each refused field with its reason: {field, message}.",
    )


class RowId(serializers.IntegerField):
    """An id of ours in a filter or body."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **options)
