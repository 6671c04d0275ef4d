"""Flows of several pairs in one statement; read by the REST API."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from integrations.models import Flow


def flows_of_pairs(pair_ids: Collection[int]) -> Mapping[int, Sequence[Flow]]:
    """Return pair id -> its flows with their current version, in the order they were made; [] where none."""
    flows: defaultdict[int, list[Flow]] = defaultdict(list)
    for flow in Flow.objects.filter(pair_id__in=pair_ids).select_related("current").order_by("id"):
        flows[flow.pair_id].append(flow)
    return flows
