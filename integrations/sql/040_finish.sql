-- What became of a batch of served runs, in one round trip: runs, attempts, payloads, links, search keys, usage, and
-- the next version of each record. Rows come as lists of objects; p_sealed are the bodies of p_payloads, in order.
-- Fencing: a run whose lease was taken over is not "ours", and nothing of it is written.
-- Returns (run id, what): ``ours``, ``superseded`` by a newer version, or ``link_conflict``.
CREATE OR REPLACE FUNCTION connect_finish(
    p_runs jsonb, p_attempts jsonb, p_links jsonb, p_keys jsonb, p_payloads jsonb, p_sealed bytea[]
) RETURNS TABLE (run_id bigint, what text)
LANGUAGE plpgsql
-- Rows are reached by their keys at every size of the tables; a plan made while they were empty must not say else.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_ours bigint[];
    v_ended bigint[];
    v_waiting bigint[];
BEGIN
    WITH changed AS (
        UPDATE run r SET
            status = g.status, reason = g.reason, reason_code = g.reason_code, problem = g.problem,
            leased_until = NULL, due_at = now() + make_interval(secs => g.delay),
            believe_missing_at = CASE
                WHEN g.believe IS NOT NULL THEN now() + make_interval(secs => g.believe)
                WHEN g.must_find THEN r.believe_missing_at END,
            must_find = g.must_find, attempts = r.attempts + g.counted,
            business_key = coalesce(nullif(g.business_key, ''), r.business_key),
            target_id = coalesce(nullif(g.target_id, ''), r.target_id),
            target_key = coalesce(nullif(g.target_key, ''), r.target_key),
            source_hash = coalesce(nullif(g.source_hash, ''), r.source_hash),
            amount = coalesce(g.amount, r.amount), currency = coalesce(nullif(g.currency, ''), r.currency),
            context = g.context, is_head = NOT g.is_ended, is_suspect = false, is_alone = false, lone_deaths = 0,
            finished_at = CASE WHEN g.is_ended THEN now() END
        FROM jsonb_to_recordset(p_runs) AS g (
            id bigint, fence bigint, status text, is_ended boolean, reason text, reason_code text, problem jsonb,
            delay double precision, believe double precision, must_find boolean, counted integer, business_key text,
            target_id text, target_key text, source_hash text, amount numeric, currency text, context jsonb)
        WHERE r.id = g.id AND r.fence = g.fence AND r.status = 'running'
        RETURNING r.id, r.status, g.is_ended
    )
    SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(id) FILTER (WHERE is_ended), '{}'),
           coalesce(array_agg(id) FILTER (WHERE status IN ('held', 'retrying')), '{}')
    INTO v_ours, v_ended, v_waiting FROM changed;
    IF v_ours = '{}' THEN
        RETURN;
    END IF;

    INSERT INTO attempt (tenant_id, run_id, number, step, outcome, error, message, detail, request_id, hops, calls,
                         started_at, finished_at)
    SELECT g.* FROM jsonb_to_recordset(p_attempts) AS g (
        tenant_id bigint, run_id bigint, number integer, step text, outcome text, error text, message text,
        detail text, request_id text, hops jsonb, calls integer, started_at timestamptz, finished_at timestamptz)
    WHERE g.run_id = ANY (v_ours);

    INSERT INTO payload (tenant_id, run_id, attempt, role, sealed, plain_bytes)
    SELECT g.tenant_id, g.run_id, g.attempt, g.role, p_sealed[g.place], g.plain_bytes
    FROM jsonb_to_recordset(p_payloads) AS g (
        tenant_id bigint, run_id bigint, attempt integer, role text, place integer, plain_bytes integer)
    WHERE g.run_id = ANY (v_ours);

    INSERT INTO search_key (tenant_id, run_id, name, value)
    SELECT g.tenant_id, g.run_id, g.name, g.value
    FROM jsonb_to_recordset(p_keys) AS g (tenant_id bigint, run_id bigint, name text, value text)
    WHERE g.run_id = ANY (v_ours)
    ON CONFLICT DO NOTHING;

    INSERT INTO usage_day AS u (tenant_id, pair_id, day, transactions, api_calls)
    SELECT r.tenant_id, r.pair_id, current_date, sum(g.changed), sum(g.calls)
    FROM jsonb_to_recordset(p_attempts) AS g (run_id bigint, calls integer, changed integer)
    JOIN run r ON r.id = g.run_id
    WHERE g.run_id = ANY (v_ours)
    GROUP BY r.tenant_id, r.pair_id ORDER BY r.tenant_id, r.pair_id
    ON CONFLICT (tenant_id, pair_id, day) DO UPDATE
    SET transactions = u.transactions + excluded.transactions, api_calls = u.api_calls + excluded.api_calls;

    RETURN QUERY SELECT unnest(v_ours), 'ours';
    IF p_links <> '[]' THEN
        RETURN QUERY SELECT f, 'link_conflict' FROM connect_finish_links(p_links, v_ours) AS f;
    END IF;

    -- A thin poll that lists the version which was read here brings nothing new.
    IF p_runs @? '$[*].seen ? (@ <> "")' THEN
        PERFORM connect_lock_heads(v_ended || v_waiting);
        UPDATE record_head h SET seen_hash = g.seen
        FROM jsonb_to_recordset(p_runs) AS g (id bigint, seen text) JOIN run r ON r.id = g.id
        WHERE g.seen <> '' AND g.id = ANY (v_ended)
          AND h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id AND h.record_key = r.record_key
          AND h.live_run_id = r.id AND h.seen_hash <> g.seen;
    END IF;

    RETURN QUERY SELECT unnest(connect_pass_on(v_ended, v_waiting)), 'superseded';
END $$;

-- Makes or refreshes the links of written records; returns runs whose link contradicts one that stands.
CREATE OR REPLACE FUNCTION connect_finish_links(p_links jsonb, p_ours bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    g record;
BEGIN
    FOR g IN
        SELECT * FROM jsonb_to_recordset(p_links) AS l (
            run_id bigint, tenant_id bigint, pair_id bigint, kind text, storefront_id text, storefront_key text,
            erp_id text, erp_key text, made_by text, to_erp text, to_storefront text, source_hash text, agreed jsonb)
        WHERE l.run_id = ANY (p_ours) ORDER BY l.tenant_id, l.pair_id, l.kind, l.storefront_id, l.erp_id
    LOOP
        UPDATE record_link l SET
            updated_at = now(), storefront_key = coalesce(nullif(g.storefront_key, ''), l.storefront_key),
            erp_key = coalesce(nullif(g.erp_key, ''), l.erp_key),
            written_to_erp = coalesce(nullif(g.to_erp, ''), l.written_to_erp),
            written_to_storefront = coalesce(nullif(g.to_storefront, ''), l.written_to_storefront),
            source_hash = coalesce(nullif(g.source_hash, ''), l.source_hash),
            -- Each direction remembers its own fields.
            agreed = CASE WHEN g.agreed IS NULL THEN l.agreed ELSE coalesce(l.agreed, '{}') || g.agreed END
        WHERE l.tenant_id = g.tenant_id AND l.pair_id = g.pair_id AND l.kind = g.kind
          AND l.storefront_id = g.storefront_id AND l.erp_id = g.erp_id;
        CONTINUE WHEN FOUND;
        INSERT INTO record_link (tenant_id, pair_id, kind, storefront_id, storefront_key, erp_id, erp_key, made_by,
                                 written_to_erp, written_to_storefront, source_hash, agreed)
        VALUES (g.tenant_id, g.pair_id, g.kind, g.storefront_id, g.storefront_key, g.erp_id, g.erp_key, g.made_by,
                g.to_erp, g.to_storefront, g.source_hash, g.agreed)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN NEXT g.run_id;
        END IF;
    END LOOP;
END $$;

-- Locks the heads of live runs in the order in which intake locks them.
CREATE OR REPLACE FUNCTION connect_lock_heads(p_runs bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM record_head h
    JOIN run r ON h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id AND h.record_key = r.record_key
    WHERE r.id = ANY (p_runs) AND h.live_run_id = r.id
    ORDER BY h.record_key, h.flow_id FOR UPDATE OF h;
END $$;

-- What the end or the waiting of runs means for the next version of their records: ended ones free their head, waiting
-- ones (held, retrying) do when a newer version of a state is there. Returns the waiting ones that it superseded.
CREATE OR REPLACE FUNCTION connect_pass_on(p_ended bigint[], p_waiting bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    v_superseded bigint[] := '{}';
BEGIN
    -- The statements after this one see what an intake that held the heads has added: a newer version is promoted
    -- here, or saw that this one has ended.
    PERFORM connect_lock_heads(p_ended || p_waiting);
    IF p_waiting <> '{}' THEN
        v_superseded := connect_supersede(p_waiting);
    END IF;
    PERFORM connect_promote(p_ended || v_superseded);
    RETURN v_superseded;
END $$;

-- A newer version came while these were being served: for a state only the newest matters, so it does not wait behind
-- an older one that is held or will retry. One that may have been sent is settled first.
CREATE OR REPLACE FUNCTION connect_supersede(p_waiting bigint[]) RETURNS bigint[] LANGUAGE sql AS $$
    WITH ended AS (
        UPDATE run r SET status = 'superseded', is_head = false, finished_at = now(),
            reason = 'A newer version of this record arrived.', reason_code = 'superseded'
        WHERE r.id = ANY (p_waiting) AND r.status IN ('held', 'retrying') AND NOT r.must_find
          AND r.kind IN ('order', 'product', 'customer', 'inventory')
          AND EXISTS (SELECT 1 FROM run n WHERE n.tenant_id = r.tenant_id AND n.flow_id = r.flow_id
                      AND n.record_key = r.record_key AND n.sequence > r.sequence AND NOT n.is_head
                      AND n.status IN ('queued', 'retrying'))
        RETURNING r.id
    )
    SELECT coalesce(array_agg(id), '{}') FROM ended;
$$;

-- Frees the heads of ended runs and makes the next version of each record due. The caller holds the heads' locks.
CREATE OR REPLACE FUNCTION connect_promote(p_ended bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_ended bigint;
    v_head record;
    v_next bigint;
BEGIN
    FOREACH v_ended IN ARRAY p_ended LOOP
        SELECT h.tenant_id, h.id, h.flow_id, h.record_key, h.last_sequence > r.sequence AS has_newer INTO v_head
        FROM run r JOIN record_head h
            ON h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id AND h.record_key = r.record_key
        WHERE r.id = v_ended AND h.live_run_id = v_ended;
        CONTINUE WHEN NOT FOUND;
        v_next := NULL;
        IF v_head.has_newer THEN
            SELECT n.id INTO v_next FROM run n
            WHERE n.tenant_id = v_head.tenant_id AND n.flow_id = v_head.flow_id AND n.record_key = v_head.record_key
              AND NOT n.is_head AND n.status IN ('queued', 'retrying')
            ORDER BY n.sequence LIMIT 1;
            UPDATE run SET is_head = true, due_at = least(due_at, now()) WHERE id = v_next;
        END IF;
        UPDATE record_head SET live_run_id = v_next WHERE tenant_id = v_head.tenant_id AND id = v_head.id;
    END LOOP;
END $$;
