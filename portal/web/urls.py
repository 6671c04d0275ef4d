"""Addresses of the portal's pages, included by ``portal.urls`` under ``/`` with the namespace ``web``."""

from django.urls import include, path

from portal.web import (
    alerts,
    bulk_actions,
    connections,
    dashboard,
    errors,
    pairs,
    passport,
    run_edits,
    runs,
    sandbox,
    start,
    sync_jobs,
)
from portal.web.appearance import choose_theme

app_name = "web"

_tenant_pages = [
    path("", dashboard.home, name="home"),
    path("errors", errors.desk, name="errors"),
    path("errors/<str:key>", errors.group, name="error-group"),
    path("errors/<str:key>/skip", errors.skip_group, name="error-skip"),
    path("errors/<str:key>/link", errors.link_sku, name="error-link"),
    path("errors/<str:key>/row", errors.add_row, name="error-row"),
    path("bulk-actions", bulk_actions.action_list, name="bulk-actions"),
    path("bulk-actions/new", bulk_actions.plan, name="bulk-new"),
    path("bulk-actions/<int:action_id>", bulk_actions.show, name="bulk-action"),
    path("bulk-actions/<int:action_id>/cancel", bulk_actions.cancel, name="bulk-cancel"),
    path("runs", runs.run_list, name="runs"),
    path("runs/<int:run_id>", passport.show, name="run"),
    path("runs/<int:run_id>/live", passport.live, name="run-live"),
    path("runs/<int:run_id>/retry", passport.retry, name="run-retry"),
    path("runs/<int:run_id>/skip", passport.skip, name="run-skip"),
    path("runs/<int:run_id>/reveal", passport.reveal, name="run-reveal"),
    path("runs/<int:run_id>/edit", run_edits.edit, name="run-edit"),
    path("runs/<int:run_id>/sync", sync_jobs.sync_run, name="run-sync"),
    path("alerts", alerts.alert_list, name="alerts"),
    path("pairs", pairs.pair_list, name="pairs"),
    path("pairs/new", pairs.new, name="pair-new"),
    path("pairs/<int:pair_id>", pairs.show, name="pair"),
    path("pairs/<int:pair_id>/pause", pairs.pause, name="pair-pause"),
    path("pairs/<int:pair_id>/resume", pairs.resume, name="pair-resume"),
    path("flows/<int:flow_id>/resume", pairs.resume_flow, name="flow-resume"),
    path("sync-jobs", sync_jobs.job_list, name="sync-jobs"),
    path("sync-jobs/new", sync_jobs.new, name="sync-new"),
    path("sync-jobs/<int:job_id>", sync_jobs.show, name="sync-job"),
    path("sync-jobs/<int:job_id>/pause", sync_jobs.pause, name="sync-pause"),
    path("sync-jobs/<int:job_id>/resume", sync_jobs.resume, name="sync-resume"),
    path("sync-jobs/<int:job_id>/cancel", sync_jobs.cancel, name="sync-cancel"),
    path("connections", connections.connection_list, name="connections"),
    path("connections/new", connections.new, name="connection-new"),
    path("connections/<int:connection_id>", connections.show, name="connection"),
    path("connections/<int:connection_id>/save", connections.save, name="connection-save"),
    path("connections/<int:connection_id>/test", connections.test, name="connection-test"),
    path("connections/<int:connection_id>/pause", connections.pause, name="connection-pause"),
    path("connections/<int:connection_id>/resume", connections.resume, name="connection-resume"),
    path("connections/<int:connection_id>/rotate", connections.rotate_hook, name="connection-rotate"),
    path("sandbox", sandbox.show, name="sandbox"),
    path("sandbox/live", sandbox.live, name="sandbox-live"),
    path("sandbox/orders", sandbox.place_order, name="sandbox-order"),
    path("sandbox/ship", sandbox.ship, name="sandbox-ship"),
    path("sandbox/stock", sandbox.stock, name="sandbox-stock"),
    path("sandbox/faults", sandbox.switch_fault, name="sandbox-fault"),
    path("sandbox/reset", sandbox.start_over, name="sandbox-reset"),
]

urlpatterns = [
    path("", start.start, name="start"),
    path("appearance", choose_theme, name="theme"),
    path("t/<slug:slug>/", include(_tenant_pages)),
]
