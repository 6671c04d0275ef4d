-- One round trip per delivery or poll page, and with it one transaction: events, payloads, heads and runs.
-- Runs as the caller, so row-level security holds. p_rows is a list of objects, p_sealed their bodies in the same
-- order; a (kind, external_id) comes once. Returns one row per event: its id, whether it is new, how many runs it has.
-- Row by row on purpose: each statement touches one row by its key, so its plan is as right for an empty table as for
-- a hundred million rows; a set-based join planned while the tables were empty cost three times as much later.
-- A sync job names its flow (p_flow), itself (p_job) and the lane of its runs; NULL otherwise.
DROP FUNCTION IF EXISTS connect_intake(bigint, bigint, text, text[], text[], text[], text[], text[], boolean[],
    bytea[], jsonb[], text[], timestamptz[], bytea[], integer[], text[]);
DROP FUNCTION IF EXISTS connect_intake(bigint, bigint, text, jsonb, bytea[]);
DROP FUNCTION IF EXISTS connect_intake_runs(bigint, bigint, bigint, text, text, text, text, timestamptz, text);
CREATE OR REPLACE FUNCTION connect_intake(
    p_tenant bigint, p_connection bigint, p_found_by text, p_rows jsonb, p_sealed bytea[],
    p_flow bigint, p_job bigint, p_lane text
) RETURNS TABLE (dedupe text, event_id bigint, is_new boolean, run_count bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_row record;
    v_occurred timestamptz;
    v_event bigint;
BEGIN
    PERFORM set_config('app.tenant_id', p_tenant::text, true);
    -- Heads are locked by record, then flow, as heads.py does: two pages never deadlock.
    FOR v_row IN
        SELECT g.*, p_sealed[g.place] AS sealed
        FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (dedupe text, topic text, kind text, external_id text,
             business_key text, has_record boolean, sha256 text, masked jsonb, problem text, occurred_at timestamptz,
             plain_bytes integer, content_hash text)) WITH ORDINALITY AS g (dedupe, topic, kind, external_id,
             business_key, has_record, sha256, masked, problem, occurred_at, plain_bytes, content_hash, place)
        ORDER BY g.external_id, g.kind
    LOOP
        INSERT INTO event (tenant_id, connection_id, dedupe_key, topic, kind, external_id, business_key,
                           found_by, has_record, body_sha256, masked, problem, deliveries, occurred_at)
        VALUES (p_tenant, p_connection, v_row.dedupe, v_row.topic, v_row.kind, v_row.external_id,
                v_row.business_key, p_found_by, v_row.has_record, decode(v_row.sha256, 'hex'), v_row.masked,
                v_row.problem, 1, v_row.occurred_at)
        ON CONFLICT (tenant_id, connection_id, dedupe_key) DO NOTHING
        RETURNING id INTO v_event;
        IF v_event IS NOT NULL THEN
            INSERT INTO payload (tenant_id, event_id, role, sealed, plain_bytes)
            VALUES (p_tenant, v_event, 'event', v_row.sealed, v_row.plain_bytes);
            RETURN QUERY SELECT v_row.dedupe, v_event, true, connect_intake_runs(
                p_tenant, p_connection, v_event, v_row.kind, v_row.external_id, v_row.business_key,
                v_row.problem, v_row.occurred_at, v_row.content_hash, p_flow, p_job, p_lane);
        ELSE
            -- A poll's overlap sees the same versions again and again; only a sender's repetition says something.
            UPDATE event SET deliveries = deliveries + CASE p_found_by WHEN 'webhook' THEN 1 ELSE 0 END
            WHERE tenant_id = p_tenant AND connection_id = p_connection AND dedupe_key = v_row.dedupe
            RETURNING id INTO v_event;
            RETURN QUERY SELECT v_row.dedupe, v_event, false,
                (SELECT count(*) FROM run r WHERE r.tenant_id = p_tenant AND r.event_id = v_event);
        END IF;
    END LOOP;
END $$;

-- The runs of one event: one per flow that listens. Returns how many.
CREATE OR REPLACE FUNCTION connect_intake_runs(
    p_tenant bigint, p_connection bigint, p_event bigint, p_kind text, p_record_key text, p_business_key text,
    p_problem text, p_occurred timestamptz, p_content_hash text, p_flow bigint, p_job bigint, p_lane text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_flow record;
    v_head record;
    v_run bigint;
    v_older bigint[];
    v_is_clean boolean := p_problem = '';
    v_is_state boolean := p_kind IN ('order', 'product', 'customer', 'inventory');
    v_is_head boolean;
    v_count bigint := 0;
BEGIN
    FOR v_flow IN
        -- Older records enter by an initial load only; their head still remembers that they were seen.
        -- A minute for clocks that differ and for vendors that tell times in whole seconds or minutes.
        SELECT f.id, f.pair_id, f.current_id,
               p_flow IS NOT NULL OR f.starts_at IS NULL OR p_occurred IS NULL
                   OR p_occurred >= f.starts_at - interval '1 minute' AS is_meant
        FROM flow f JOIN pair p ON p.tenant_id = p_tenant AND p.id = f.pair_id
        WHERE f.tenant_id = p_tenant AND f.kind = p_kind AND f.follows = '' AND f.current_id IS NOT NULL
          AND CASE f.direction WHEN 'to_erp' THEN p.storefront_id ELSE p.erp_id END = p_connection
          AND (p_flow IS NULL OR f.id = p_flow)
        ORDER BY f.id
    LOOP
        -- The run's id is drawn first, so that a record's first run is its live one by the same insert.
        v_run := nextval('run_id_seq');
        INSERT INTO record_head AS h (tenant_id, flow_id, record_key, last_sequence, seen_hash, live_run_id)
        VALUES (p_tenant, v_flow.id, p_record_key, 1, p_content_hash,
                CASE WHEN v_flow.is_meant AND v_is_clean THEN v_run END)
        ON CONFLICT (tenant_id, flow_id, record_key) DO UPDATE
        SET last_sequence = h.last_sequence + 1,
            seen_hash = CASE WHEN excluded.seen_hash <> '' THEN excluded.seen_hash ELSE h.seen_hash END
        RETURNING h.id, h.last_sequence, h.live_run_id INTO v_head;
        CONTINUE WHEN NOT v_flow.is_meant;

        v_is_head := v_is_clean;
        IF v_is_clean AND v_head.last_sequence > 1 THEN
            v_older := '{}';
            IF v_is_state THEN
                -- A run being served or in doubt is finished first: it may have written.
                WITH ended AS (
                    UPDATE run SET status = 'superseded', is_head = false, finished_at = now(),
                        reason = 'A newer version of this record arrived.', reason_code = 'superseded'
                    WHERE tenant_id = p_tenant AND flow_id = v_flow.id AND record_key = p_record_key
                      AND status IN ('queued', 'retrying', 'held', 'dead')
                    RETURNING id
                )
                SELECT coalesce(array_agg(ended.id), '{}') INTO v_older FROM ended;
                IF v_older <> '{}' THEN
                    UPDATE hold SET released_at = now(), released_by = 'superseded'
                    WHERE tenant_id = p_tenant AND run_id = ANY (v_older) AND released_at IS NULL;
                END IF;
            END IF;
            v_is_head := v_head.live_run_id IS NULL OR v_head.live_run_id = ANY (v_older);
            IF v_is_head THEN
                UPDATE record_head SET live_run_id = v_run WHERE tenant_id = p_tenant AND id = v_head.id;
            END IF;
        END IF;

        INSERT INTO run (id, tenant_id, pair_id, flow_id, flow_version_id, event_id, sync_job_id, kind, record_key,
                         sequence, is_head, lane, status, fence, attempts, must_find, reason, reason_code, problem,
                         business_key, target_id, target_key, source_hash, currency, context, finished_at)
        VALUES (v_run, p_tenant, v_flow.pair_id, v_flow.id, v_flow.current_id, p_event, p_job, p_kind, p_record_key,
                v_head.last_sequence, v_is_head,
                coalesce(p_lane, CASE WHEN p_kind = 'inventory' THEN 'stock' ELSE 'realtime' END),
                CASE WHEN v_is_clean THEN 'queued' ELSE 'dead' END, 0, 0, false, p_problem,
                CASE WHEN v_is_clean THEN '' ELSE 'unreadable' END, '[]', p_business_key, '', '', '', '', '{}',
                CASE WHEN v_is_clean THEN NULL ELSE now() END);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END $$;
