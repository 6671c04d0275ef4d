-- One round trip per delivery or poll page: events, payloads, heads and runs, in the caller's transaction.
-- Runs as the caller, so row-level security holds. Arrays are parallel; a (kind, external_id) comes once.
-- Returns one row per event: its id, and how many runs it made. A known dedupe key makes none.
CREATE OR REPLACE FUNCTION connect_intake(
    p_tenant bigint, p_connection bigint, p_found_by text,
    p_dedupe text[], p_topic text[], p_kind text[], p_external_id text[], p_business_key text[],
    p_has_record boolean[], p_sha256 bytea[], p_masked jsonb[], p_problem text[], p_occurred timestamptz[],
    p_sealed bytea[], p_plain_bytes integer[], p_content_hash text[]
) RETURNS TABLE (dedupe text, event_id bigint, is_new boolean, run_count bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_events bigint[];
    v_keys text[];
    v_heads bigint[];
BEGIN
    PERFORM set_config('app.tenant_id', p_tenant::text, true);

    WITH made AS (
        INSERT INTO event AS e (tenant_id, connection_id, dedupe_key, topic, kind, external_id, business_key,
                                found_by, has_record, body_sha256, masked, problem, deliveries, occurred_at)
        SELECT p_tenant, p_connection, i.dedupe, i.topic, i.kind, i.external_id, i.business_key,
               p_found_by, i.has_record, i.sha256, i.masked, i.problem, 1, i.occurred
        FROM unnest(p_dedupe, p_topic, p_kind, p_external_id, p_business_key, p_has_record, p_sha256,
                    p_masked, p_problem, p_occurred)
             AS i (dedupe, topic, kind, external_id, business_key, has_record, sha256, masked, problem, occurred)
        ON CONFLICT (tenant_id, connection_id, dedupe_key) DO NOTHING
        RETURNING e.id, e.dedupe_key
    )
    SELECT coalesce(array_agg(made.id), '{}'), coalesce(array_agg(made.dedupe_key), '{}')
    INTO v_events, v_keys FROM made;

    -- A poll's overlap sees the same versions again and again; only a sender's repetition says something.
    UPDATE event SET deliveries = deliveries + 1
    WHERE p_found_by = 'webhook' AND tenant_id = p_tenant AND connection_id = p_connection
      AND dedupe_key = ANY (p_dedupe) AND NOT dedupe_key = ANY (v_keys);

    INSERT INTO payload (tenant_id, event_id, role, sealed, plain_bytes)
    SELECT p_tenant, n.id, 'event', i.sealed, i.plain_bytes
    FROM unnest(v_events, v_keys) AS n (id, dedupe)
    JOIN unnest(p_dedupe, p_sealed, p_plain_bytes) AS i (dedupe, sealed, plain_bytes) ON i.dedupe = n.dedupe;

    -- Locks the heads in key order: sequence equals commit order, and two pages never deadlock.
    WITH listening AS (
        SELECT f.id AS flow_id, e.external_id, h.content_hash
        FROM event e
        JOIN unnest(p_dedupe, p_content_hash) AS h (dedupe, content_hash) ON h.dedupe = e.dedupe_key
        JOIN flow f ON f.tenant_id = p_tenant AND f.kind = e.kind AND f.follows = '' AND f.current_id IS NOT NULL
        JOIN pair p ON p.tenant_id = p_tenant AND p.id = f.pair_id
        WHERE e.tenant_id = p_tenant AND e.id = ANY (v_events)
          AND CASE f.direction WHEN 'to_erp' THEN p.storefront_id ELSE p.erp_id END = p_connection
        ORDER BY f.id, e.external_id
    ), heads AS (
        INSERT INTO record_head AS r (tenant_id, flow_id, record_key, last_sequence, seen_hash)
        SELECT p_tenant, l.flow_id, l.external_id, 1, l.content_hash FROM listening l
        ON CONFLICT (tenant_id, flow_id, record_key) DO UPDATE
        SET last_sequence = r.last_sequence + 1,
            seen_hash = CASE WHEN excluded.seen_hash <> '' THEN excluded.seen_hash ELSE r.seen_hash END
        RETURNING r.id
    )
    SELECT coalesce(array_agg(heads.id), '{}') INTO v_heads FROM heads;

    WITH work AS (
        SELECT h.id AS head_id, h.last_sequence, h.live_run_id, f.id AS flow_id, f.pair_id, f.current_id,
               e.id AS event_id, e.kind, e.external_id, e.business_key, e.problem,
               e.kind IN ('order', 'product', 'customer', 'inventory') AS is_state
        FROM record_head h
        JOIN flow f ON f.tenant_id = p_tenant AND f.id = h.flow_id
        JOIN event e ON e.tenant_id = p_tenant AND e.id = ANY (v_events)
                    AND e.kind = f.kind AND e.external_id = h.record_key
        WHERE h.tenant_id = p_tenant AND h.id = ANY (v_heads)
          -- Older records enter by an initial load only; their head still remembers that they were seen.
          -- A minute for clocks that differ and for vendors that tell times in whole seconds or minutes.
          AND (f.starts_at IS NULL OR e.occurred_at IS NULL OR e.occurred_at >= f.starts_at - interval '1 minute')
    ), superseded AS (
        -- A run being served or in doubt is finished first: it may have written.
        UPDATE run r
        SET status = 'superseded', is_head = false, finished_at = now(),
            reason = 'A newer version of this record arrived.', reason_code = 'superseded'
        FROM work w
        WHERE w.is_state AND w.problem = '' AND r.tenant_id = p_tenant AND r.flow_id = w.flow_id
          AND r.record_key = w.external_id AND r.status IN ('queued', 'retrying', 'held', 'dead')
        RETURNING r.id
    ), released AS (
        UPDATE hold SET released_at = now(), released_by = 'superseded'
        WHERE tenant_id = p_tenant AND released_at IS NULL AND run_id IN (SELECT id FROM superseded)
    ), made AS (
        INSERT INTO run AS n (tenant_id, pair_id, flow_id, flow_version_id, event_id, kind, record_key, sequence,
                              is_head, lane, status, fence, attempts, must_find, reason, reason_code, problem,
                              business_key, target_id, target_key, source_hash, currency, context, finished_at)
        SELECT p_tenant, w.pair_id, w.flow_id, w.current_id, w.event_id, w.kind, w.external_id, w.last_sequence,
               w.problem = '' AND (w.live_run_id IS NULL OR w.live_run_id IN (SELECT id FROM superseded)),
               CASE WHEN w.kind = 'inventory' THEN 'stock' ELSE 'realtime' END,
               CASE WHEN w.problem = '' THEN 'queued' ELSE 'dead' END, 0, 0, false,
               w.problem, CASE WHEN w.problem = '' THEN '' ELSE 'unreadable' END, '[]',
               w.business_key, '', '', '', '', '{}', CASE WHEN w.problem = '' THEN NULL ELSE now() END
        FROM work w
        RETURNING n.id, n.flow_id, n.record_key, n.is_head
    )
    UPDATE record_head h SET live_run_id = m.id
    FROM made m
    WHERE m.is_head AND h.tenant_id = p_tenant AND h.flow_id = m.flow_id AND h.record_key = m.record_key;

    RETURN QUERY
    SELECT e.dedupe_key::text, e.id, e.id = ANY (v_events),
           (SELECT count(*) FROM run r WHERE r.tenant_id = p_tenant AND r.event_id = e.id)
    FROM event e
    WHERE e.tenant_id = p_tenant AND e.connection_id = p_connection AND e.dedupe_key = ANY (p_dedupe);
END $$;
