"""Runs: the run row is the queue. Heads keep the order of a record, links prove what became what."""

from django.db import models
from django.db.models.functions import Now

from integrations.kinds import Kind, Lane, RunStatus
from integrations.models.connections import Connection
from integrations.models.events import Event
from integrations.models.pairs import Flow, FlowVersion, Pair
from integrations.models.sync_jobs import SyncJob
from integrations.models.tenancy import TenantKey, TenantModel

IS_DUE = models.Q(is_head=True, status__in=[status.value for status in RunStatus.due()])
IS_OPEN = models.Q(status__in=[status.value for status in RunStatus if not status.info.is_final])


class Run(TenantModel):
    """The processing of one record by one flow version."""

    pair = TenantKey(Pair, models.PROTECT)
    flow = TenantKey(Flow, models.PROTECT)
    flow_version = TenantKey(FlowVersion, models.PROTECT, null=True)
    event = TenantKey(Event, models.PROTECT, null=True)
    parent_run_id = models.BigIntegerField(null=True)
    """The run whose success started this follow-up."""
    sync_job = TenantKey(SyncJob, models.PROTECT, null=True)
    """The sync job that asked for it."""
    kind = models.CharField(max_length=20)
    record_key = models.CharField(max_length=120)
    """Id of the record in the source system."""
    sequence = models.BigIntegerField()
    is_head = models.BooleanField()
    lane = models.CharField(max_length=8)
    status = models.CharField(max_length=12)
    due_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    """Grows with every claim; a finish with an older number changes nothing."""
    attempts = models.PositiveIntegerField(default=0)
    """Counted tries; rate-limit waits and lost races are not."""
    must_find = models.BooleanField(default=False)
    """An earlier attempt may have been sent: look before writing."""
    claimed_by = models.CharField(max_length=120, blank=True, db_default="")
    """The drain that claimed it last."""
    is_suspect = models.BooleanField(default=False, db_default=False)
    """It was being served when its worker died, so it is served with nothing beside it."""
    is_alone = models.BooleanField(default=False, db_default=False)
    """The claim in force is such a lone one."""
    lone_deaths = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Workers that died while serving nothing but this run; the second puts it aside."""
    batch_of = models.BigIntegerField(null=True)
    """While it is served: the run whose call writes this one as well, and whose place in the limits both share."""
    start_from = models.CharField(max_length=6, blank=True, db_default="")
    """What its attempts begin with, as a person chose for a retry: see ``StartFrom``."""
    is_approved = models.BooleanField(default=False, db_default=False)
    """A person looked at a change that was held for review, and sends it."""
    believe_missing_at = models.DateTimeField(null=True)
    """A look-up that finds nothing is believed only from this time on."""
    reason = models.CharField(max_length=300, blank=True)
    """One sentence for a person: why skipped, held, failed or waiting."""
    reason_code = models.CharField(max_length=40, blank=True)
    problem = models.JSONField(default=list)
    """Field, value and rule of each refusal."""
    business_key = models.CharField(max_length=120, blank=True)
    target_id = models.CharField(max_length=120, blank=True)
    target_key = models.CharField(max_length=120, blank=True)
    source_hash = models.CharField(max_length=64, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    context = models.JSONField(default=dict)
    """What evaluation used: clock, value-map versions, link ids, rates. Makes the trace repeatable."""
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "run"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in RunStatus]), name="run_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in Kind]), name="run_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(lane__in=[lane.value for lane in Lane]), name="run_lane_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=RunStatus.RUNNING.value) | models.Q(leased_until__isnull=False),
                name="run_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["lane", "pair", "due_at", "id"], name="run_due", condition=IS_DUE),
            # The newest first are read from the unique key (tenant_id, id): each further index costs every claim
            # and every finish an entry.
            models.Index(
                fields=["pair", "leased_until"],
                name="run_running",
                condition=models.Q(status=RunStatus.RUNNING.value),
            ),
            models.Index(fields=["pair"], name="run_suspect", condition=models.Q(is_suspect=True)),
            models.Index(fields=["tenant", "status", "-id"], name="run_status"),
            models.Index(
                fields=["tenant", "flow", "record_key", "sequence"], name="run_open", condition=IS_OPEN
            ),
            models.Index(fields=["tenant", "business_key", "-id"], name="run_business_key"),
            models.Index(
                fields=["tenant", "parent_run_id"],
                name="run_follow_ups",
                condition=models.Q(parent_run_id__isnull=False),
            ),
            models.Index(
                fields=["tenant", "event"], name="run_event", condition=models.Q(event__isnull=False)
            ),
            models.Index(
                fields=["tenant", "sync_job", "status"],
                name="run_sync_job",
                condition=models.Q(sync_job__isnull=False),
            ),
        ]


class RecordHead(TenantModel):
    """One row per record and flow: the last sequence given out and the run being served now."""

    flow = TenantKey(Flow, models.CASCADE)
    record_key = models.CharField(max_length=120)
    last_sequence = models.BigIntegerField(default=0)
    live_run_id = models.BigIntegerField(null=True)
    seen_hash = models.CharField(max_length=64, blank=True)
    """Content hash last captured by a poll: an equal one makes no event."""

    class Meta:
        db_table = "record_head"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "flow", "record_key"], name="record_head_one"),
        ]


class Attempt(TenantModel):
    """One try of a run; what was sent and what came back lies in payloads."""

    run = TenantKey(Run, models.CASCADE)
    number = models.PositiveIntegerField()
    batch_id = models.BigIntegerField(null=True)
    step = models.CharField(max_length=30, blank=True)
    outcome = models.CharField(max_length=12)
    """The run status it led to."""
    error = models.CharField(max_length=30, blank=True)
    """Class of the error, as in connectors.errors."""
    message = models.CharField(max_length=500, blank=True)
    detail = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    hops = models.JSONField(default=list)
    """What happened, in order: step, seconds since start, words, money."""
    calls = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    class Meta:
        db_table = "attempt"
        constraints = [models.UniqueConstraint(fields=["tenant", "run", "number"], name="attempt_number")]


class RecordLink(TenantModel):
    """Proof that a storefront record is an ERP record, with hashes of what was last written."""

    pair = TenantKey(Pair, models.PROTECT)
    kind = models.CharField(max_length=20)
    storefront_id = models.CharField(max_length=120)
    storefront_key = models.CharField(max_length=120, blank=True)
    erp_id = models.CharField(max_length=120)
    erp_key = models.CharField(max_length=120, blank=True)
    written_to_erp = models.CharField(max_length=64, blank=True)
    written_to_storefront = models.CharField(max_length=64, blank=True)
    agreed = models.JSONField(null=True)
    """What both sides held of fields that both may change, when they last agreed: see ``flows.conflicts``."""
    source_hash = models.CharField(max_length=64, blank=True)
    """Content of the source record that was last delivered."""
    made_by = models.CharField(max_length=20)
    """``written``, ``found``, ``adopted`` or ``person``."""
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "record_link"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "pair", "kind", "storefront_id"], name="record_link_storefront"
            ),
            models.UniqueConstraint(fields=["tenant", "pair", "kind", "erp_id"], name="record_link_erp"),
        ]
        indexes = [
            models.Index(fields=["tenant", "pair", "kind", "storefront_key"], name="record_link_key"),
        ]


class LinkIntent(TenantModel):
    """Who is creating a referenced record right now; the loser waits and then finds the link."""

    pair = TenantKey(Pair, models.PROTECT)
    kind = models.CharField(max_length=20)
    natural_key = models.CharField(max_length=120)
    run_id = models.BigIntegerField()
    leased_until = models.DateTimeField()
    may_have_sent = models.BooleanField(default=False)

    class Meta:
        db_table = "link_intent"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "pair", "kind", "natural_key"], name="link_intent_one"),
        ]


class Hold(TenantModel):
    """What a held run waits for; adding the link or row releases all runs that wait on it."""

    run = TenantKey(Run, models.CASCADE)
    connection = TenantKey(Connection, models.PROTECT)
    kind = models.CharField(max_length=20)
    """A kind, ``value_map`` or ``review``."""
    key = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=254, blank=True)

    class Meta:
        db_table = "hold"
        indexes = [
            models.Index(
                fields=["tenant", "connection", "kind", "key"],
                name="hold_open",
                condition=models.Q(released_at__isnull=True),
            ),
            models.Index(fields=["tenant", "run"], name="hold_run"),
        ]


class SearchKey(TenantModel):
    """Any number a person may type, folded, pointing at the run that carries it."""

    run = TenantKey(Run, models.CASCADE)
    name = models.CharField(max_length=30)
    value = models.CharField(max_length=120, db_collation="C")

    class Meta:
        db_table = "search_key"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "value", "run", "name"], name="search_key_once"),
        ]


class DrainSlot(models.Model):
    """A live drain: a process that serves due runs and listens for notices. No tenant's data."""

    worker = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField(db_default=Now())
    heartbeat_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "drain_slot"
