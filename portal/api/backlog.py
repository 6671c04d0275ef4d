"""The backlog as the API tells it: an action of pairs and of connections."""

from typing import Any

from rest_framework import serializers


class FlowBacklogSerializer(serializers.Serializer[Any]):
    """What waits in one flow."""

    flow_id = serializers.IntegerField()
    flow = serializers.CharField(source="flow_name")
    due = serializers.IntegerField(help_text="Could go this moment, or is on its way.")
    later = serializers.IntegerField(help_text="Goes by itself at a later time.")
    held = serializers.IntegerField()
    failed = serializers.IntegerField()
    per_minute = serializers.FloatField(help_text="Came to rest a minute, over the last five.")
    oldest_at = serializers.DateTimeField(allow_null=True)


class BacklogSerializer(serializers.Serializer[Any]):
    """What waits, how fast it goes, and until when."""

    due = serializers.IntegerField()
    later = serializers.IntegerField()
    held = serializers.IntegerField()
    failed = serializers.IntegerField()
    per_minute = serializers.FloatField()
    eta_seconds = serializers.FloatField(allow_null=True, help_text="null = nothing waits, or nobody knows.")
    limit_name = serializers.CharField(help_text='The connection whose rate decides; "" = none does.')
    limit_per_minute = serializers.FloatField(allow_null=True)
    stopped = serializers.CharField(help_text="Why nothing goes, where nothing does.")
    flows = FlowBacklogSerializer(many=True)
