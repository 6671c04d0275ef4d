-- Claims due runs: fair across lanes and pairs, fenced, leased in database time, within each credential's limits.

-- The pairs with due heads in a lane: a loose index scan over run_due that hops from pair to pair, starts behind p_after
-- and goes round once, lazily, so that no pair starves and a full claim stops looking. Paused and opened ones are left
-- out; a connection without a success in the last minute has one slot, which is also how an open breaker probes.
DROP FUNCTION IF EXISTS connect_waiting_pairs(text, bigint);
CREATE FUNCTION connect_waiting_pairs(p_lane text, p_after bigint) RETURNS TABLE (
    id bigint, storefront_id bigint, erp_id bigint, storefront_revision integer, erp_revision integer,
    storefront_slots integer, erp_slots integer, is_failing boolean, wants_proof boolean
) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE behind AS (
        (SELECT r.pair_id FROM run r WHERE r.is_head AND r.status IN ('queued', 'retrying', 'in_doubt')
         AND r.lane = p_lane AND r.pair_id > p_after ORDER BY r.pair_id LIMIT 1)
        UNION ALL
        SELECT n.pair_id FROM behind b, LATERAL (
            SELECT r.pair_id FROM run r WHERE r.is_head AND r.status IN ('queued', 'retrying', 'in_doubt')
            AND r.lane = p_lane AND r.pair_id > b.pair_id ORDER BY r.pair_id LIMIT 1) n
    ), before AS (
        (SELECT r.pair_id FROM run r WHERE r.is_head AND r.status IN ('queued', 'retrying', 'in_doubt')
         AND r.lane = p_lane AND r.pair_id <= p_after ORDER BY r.pair_id LIMIT 1)
        UNION ALL
        SELECT n.pair_id FROM before b, LATERAL (
            SELECT r.pair_id FROM run r WHERE r.is_head AND r.status IN ('queued', 'retrying', 'in_doubt')
            AND r.lane = p_lane AND r.pair_id > b.pair_id AND r.pair_id <= p_after ORDER BY r.pair_id LIMIT 1) n
    )
    SELECT p.id, s.id, e.id, s.revision, e.revision,
           CASE WHEN v.is_proven THEN s.max_parallel ELSE 1 END::integer,
           CASE WHEN v.is_proven THEN e.max_parallel ELSE 1 END::integer,
           s.failures_in_row > 0 OR e.failures_in_row > 0,
           NOT v.is_proven OR s.health = 'failing' OR e.health = 'failing'
               OR least(s.last_success_at, e.last_success_at) < now() - interval '5 seconds'
    FROM (SELECT pair_id FROM behind UNION ALL SELECT pair_id FROM before) w
    JOIN pair p ON p.id = w.pair_id AND p.paused_at IS NULL
    JOIN tenant t ON t.id = p.tenant_id AND t.paused_at IS NULL
    JOIN connection s ON s.id = p.storefront_id AND s.paused_at IS NULL
                     AND (s.open_until IS NULL OR s.open_until <= now())
    JOIN connection e ON e.id = p.erp_id AND e.paused_at IS NULL AND (e.open_until IS NULL OR e.open_until <= now())
    CROSS JOIN LATERAL (SELECT s.failures_in_row = 0 AND e.failures_in_row = 0 AND coalesce(
        greatest(s.last_success_at, e.last_success_at) > now() - interval '60 seconds', false) AS is_proven) v
$$;

-- Locks the limits of both connections of a pair and tells how many further calls they may have in flight; 0 where
-- another claim holds them, a 429 blocks them or no rate token is left. Locked before runs, in key order.
CREATE OR REPLACE FUNCTION connect_take_room(
    p_storefront bigint, p_erp bigint, p_storefront_slots integer, p_erp_slots integer
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_limit record;
    v_room integer := 32767;
    v_seen integer := 0;
    v_used integer;
BEGIN
    FOR v_limit IN
        SELECT l.connection_id, l.blocked_until, l.per_minute,
               l.tokens + extract(epoch FROM now() - l.refilled_at) * l.per_minute / 60.0 AS tokens
        FROM connection_limit l WHERE l.connection_id IN (p_storefront, p_erp)
        ORDER BY l.connection_id FOR UPDATE SKIP LOCKED
    LOOP
        v_seen := v_seen + 1;
        IF v_limit.blocked_until > now() OR v_limit.tokens < 1 THEN
            RETURN 0;
        END IF;
        -- A statement of its own: it sees what the claim that held the lock before has committed.
        -- Runs that another one's call writes as well take up no place of their own.
        SELECT count(*) INTO v_used FROM pair p
        JOIN run b ON b.pair_id = p.id AND b.status = 'running' AND b.batch_of IS NULL
        WHERE v_limit.connection_id IN (p.storefront_id, p.erp_id);
        v_room := least(v_room, v_used * -1 + CASE v_limit.connection_id
            WHEN p_storefront THEN p_storefront_slots ELSE p_erp_slots END);
    END LOOP;
    RETURN CASE WHEN v_seen = 2 THEN greatest(v_room, 0) ELSE 0 END;
END $$;

-- p_lanes with p_quotas: how many runs of each lane may be taken; what one leaves over the next may use. p_avoid: the
-- connections that hang in the asking process. p_failing: how many runs may go to connections whose last call failed.
-- Two drains never get the same run, and no statement here can raise a unique violation.
DROP FUNCTION IF EXISTS connect_claim(text[], integer[], double precision, bigint, text, bigint[], integer);
CREATE FUNCTION connect_claim(
    p_lanes text[], p_quotas integer[], p_lease double precision, p_after bigint, p_worker text, p_avoid bigint[],
    p_failing integer
) RETURNS TABLE (
    id bigint, tenant_id bigint, pair_id bigint, flow_id bigint, flow_version_id bigint, event_id bigint,
    parent_run_id bigint, kind text, record_key text, business_key text, attempts integer, must_find boolean,
    may_believe_missing boolean, fence bigint, claimed_at timestamptz, storefront_id bigint, erp_id bigint,
    storefront_revision integer, erp_revision integer, wants_proof boolean, is_failing boolean
) LANGUAGE plpgsql
-- Rows are reached by their keys at every size of the tables; a plan made while they were empty must not say else.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_pair record;
    v_left integer := 0;
    v_share integer;
    v_free integer;
    v_room integer;
    v_count integer;
    v_has_suspects boolean := EXISTS (SELECT 1 FROM run WHERE is_suspect);
BEGIN
    FOR v_lane IN 1 .. array_length(p_lanes, 1) LOOP
        v_left := v_left + p_quotas[v_lane];
        -- One pair takes an eighth of a claim at most; it comes round again at once while there is room.
        v_share := greatest(1, v_left / 8);
        FOR v_pair IN SELECT * FROM connect_waiting_pairs(p_lanes[v_lane], p_after) LOOP
            EXIT WHEN v_left <= 0;
            CONTINUE WHEN v_pair.storefront_id = ANY (p_avoid) OR v_pair.erp_id = ANY (p_avoid);
            CONTINUE WHEN v_pair.is_failing AND p_failing <= 0;
            -- What killed a worker goes first of its pair, and alone.
            CONTINUE WHEN v_has_suspects AND EXISTS (
                SELECT 1 FROM run x WHERE x.is_suspect AND x.pair_id = v_pair.id);
            v_free := connect_take_room(
                v_pair.storefront_id, v_pair.erp_id, v_pair.storefront_slots, v_pair.erp_slots);
            v_room := least(v_left, v_share, v_free);
            IF p_lanes[v_lane] = 'bulk' THEN
                -- A load leaves half of a connection's slots to what happens today.
                v_room := least(v_room, v_free - least(v_pair.storefront_slots, v_pair.erp_slots) / 2);
            END IF;
            CONTINUE WHEN v_room <= 0;
            RETURN QUERY
                UPDATE run r SET status = 'running', leased_until = now() + make_interval(secs => p_lease),
                    fence = r.fence + 1, started_at = coalesce(r.started_at, now()), claimed_by = p_worker,
                    batch_of = NULL
                FROM (
                    SELECT d.id FROM run d JOIN flow f ON f.id = d.flow_id AND f.paused_at IS NULL
                    WHERE d.is_head AND d.status IN ('queued', 'retrying', 'in_doubt') AND d.lane = p_lanes[v_lane]
                      AND d.pair_id = v_pair.id AND d.due_at <= now()
                    ORDER BY d.due_at, d.id LIMIT v_room FOR UPDATE OF d SKIP LOCKED
                ) t
                WHERE r.id = t.id
                RETURNING r.id, r.tenant_id, r.pair_id, r.flow_id, r.flow_version_id, r.event_id, r.parent_run_id,
                    r.kind::text, r.record_key::text, r.business_key::text, r.attempts, r.must_find,
                    r.believe_missing_at IS NULL OR r.believe_missing_at <= now(), r.fence, now(),
                    v_pair.storefront_id, v_pair.erp_id, v_pair.storefront_revision, v_pair.erp_revision,
                    v_pair.wants_proof, v_pair.is_failing;
            GET DIAGNOSTICS v_count = ROW_COUNT;
            v_left := v_left - v_count;
            IF v_pair.is_failing THEN
                p_failing := p_failing - v_count;
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- Claims what goes along with a run just claimed, where the target sets many records by one call: further first tries of
-- the same flow version that carry their record. They share the call, so neither a slot nor a token is asked for them.
DROP FUNCTION IF EXISTS connect_claim_along(bigint, integer, double precision, text);
CREATE FUNCTION connect_claim_along(p_lead bigint, p_count integer, p_lease double precision, p_worker text)
RETURNS TABLE (
    id bigint, event_id bigint, record_key text, business_key text, fence bigint, claimed_at timestamptz
) LANGUAGE sql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
    UPDATE run r SET status = 'running', leased_until = now() + make_interval(secs => p_lease), fence = r.fence + 1,
        started_at = coalesce(r.started_at, now()), claimed_by = p_worker, batch_of = p_lead
    FROM (
        SELECT d.id FROM run l
        JOIN run d ON d.lane = l.lane AND d.pair_id = l.pair_id AND d.flow_version_id = l.flow_version_id
        JOIN event e ON e.tenant_id = d.tenant_id AND e.id = d.event_id AND e.has_record
        WHERE l.id = p_lead AND d.is_head AND d.status = 'queued' AND d.due_at <= now()
          AND d.attempts = 0 AND NOT d.must_find AND NOT d.is_suspect
        ORDER BY d.due_at, d.id LIMIT p_count FOR UPDATE OF d SKIP LOCKED
    ) t
    WHERE r.id = t.id
    RETURNING r.id, r.event_id, r.record_key::text, r.business_key::text, r.fence, now()
$$;

-- Claims one run that was in the hands of a worker when it died; it is served with nothing beside it.
DROP FUNCTION IF EXISTS connect_claim_suspect(double precision, text);
CREATE FUNCTION connect_claim_suspect(p_lease double precision, p_worker text) RETURNS TABLE (
    id bigint, tenant_id bigint, pair_id bigint, flow_id bigint, flow_version_id bigint, event_id bigint,
    parent_run_id bigint, kind text, record_key text, business_key text, attempts integer, must_find boolean,
    may_believe_missing boolean, fence bigint, claimed_at timestamptz, storefront_id bigint, erp_id bigint,
    storefront_revision integer, erp_revision integer, wants_proof boolean, is_failing boolean
) LANGUAGE sql AS $$
    UPDATE run r SET status = 'running', leased_until = now() + make_interval(secs => p_lease),
        fence = r.fence + 1, claimed_by = p_worker, is_alone = true, batch_of = NULL
    FROM (
        SELECT d.id, s.id AS storefront_id, e.id AS erp_id, s.revision AS storefront_revision,
               e.revision AS erp_revision
        FROM run d JOIN flow f ON f.id = d.flow_id AND f.paused_at IS NULL
        JOIN pair p ON p.id = d.pair_id AND p.paused_at IS NULL
        JOIN tenant t ON t.id = p.tenant_id AND t.paused_at IS NULL
        JOIN connection s ON s.id = p.storefront_id AND s.paused_at IS NULL
        JOIN connection e ON e.id = p.erp_id AND e.paused_at IS NULL
        WHERE d.is_suspect AND d.is_head AND d.status IN ('queued', 'retrying', 'in_doubt') AND d.due_at <= now()
        ORDER BY d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
    ) t
    WHERE r.id = t.id
    RETURNING r.id, r.tenant_id, r.pair_id, r.flow_id, r.flow_version_id, r.event_id, r.parent_run_id,
        r.kind::text, r.record_key::text, r.business_key::text, r.attempts, r.must_find,
        r.believe_missing_at IS NULL OR r.believe_missing_at <= now(), r.fence, now(),
        t.storefront_id, t.erp_id, t.storefront_revision, t.erp_revision, true, false
$$;

-- Everything a thread may need of claimed runs, in the order of their ids: event, the source record and the target
-- record to use instead of making them (edited, or kept for a retry), parent, own link.
DROP FUNCTION IF EXISTS connect_prefetch(bigint[]);
CREATE FUNCTION connect_prefetch(p_runs bigint[]) RETURNS TABLE (
    run_id bigint, found_by text, has_record boolean, occurred_at timestamptz, event_sealed bytea,
    source_role text, source_sealed bytea, mapped_role text, mapped_sealed bytea, reads_anew boolean, is_approved boolean,
    parent_source_id text, parent_target_id text, link text[]
) LANGUAGE sql STABLE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
    SELECT r.id, e.found_by, coalesce(e.has_record, false), e.occurred_at, b.sealed,
           x.role, x.sealed, m.role, m.sealed, r.start_from = 'source', r.is_approved,
           coalesce(o.record_key, ''), coalesce(o.target_id, ''), l.link
    FROM run r JOIN flow f ON f.id = r.flow_id
    LEFT JOIN event e ON e.tenant_id = r.tenant_id AND e.id = r.event_id
    LEFT JOIN payload b ON e.has_record AND b.tenant_id = e.tenant_id AND b.event_id = e.id
    LEFT JOIN run o ON o.tenant_id = r.tenant_id AND o.id = r.parent_run_id
    -- Only a run that was served before has payloads of its own.
    LEFT JOIN LATERAL (
        SELECT p.role, p.sealed FROM payload p
        WHERE r.fence > 1 AND r.start_from <> 'source' AND p.tenant_id = r.tenant_id AND p.run_id = r.id
          AND (p.role = 'edited' OR p.role = 'source' AND r.start_from IN ('record', 'mapped'))
        ORDER BY p.id DESC LIMIT 1
    ) x ON true
    -- What was mapped before the source was edited is not made of it.
    LEFT JOIN LATERAL (
        SELECT p.role, p.sealed FROM payload p
        WHERE r.fence > 1 AND r.start_from <> 'source' AND p.tenant_id = r.tenant_id AND p.run_id = r.id
          AND (p.role = 'edited_map' OR p.role = 'mapped' AND r.start_from = 'mapped')
          AND p.id > coalesce((SELECT max(d.id) FROM payload d WHERE d.tenant_id = r.tenant_id AND d.run_id = r.id
                               AND d.role = 'edited'), 0)
        ORDER BY p.id DESC LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
        SELECT ARRAY[k.storefront_id, k.erp_id, k.storefront_key, k.erp_key, k.written_to_erp,
                     k.written_to_storefront, k.source_hash, k.agreed::text]::text[] AS link
        FROM (
            SELECT * FROM record_link WHERE f.direction = 'to_erp' AND tenant_id = r.tenant_id
                AND pair_id = r.pair_id AND kind = r.kind AND storefront_id = r.record_key
            UNION ALL
            SELECT * FROM record_link WHERE f.direction <> 'to_erp' AND tenant_id = r.tenant_id
                AND pair_id = r.pair_id AND kind = r.kind AND erp_id = r.record_key
        ) k LIMIT 1
    ) l ON true
    WHERE r.id = ANY (p_runs)
$$;

-- The links that threads ask for, by place in the question: by the id on one side, or by the storefront's key.
DROP FUNCTION IF EXISTS connect_find_links(bigint[], bigint[], text[], text[], text[]);
CREATE FUNCTION connect_find_links(
    p_tenants bigint[], p_pairs bigint[], p_kinds text[], p_sides text[], p_values text[]
) RETURNS TABLE (
    place bigint, storefront_id text, erp_id text, storefront_key text, erp_key text, written_to_erp text,
    written_to_storefront text, source_hash text, agreed text
) LANGUAGE plpgsql STABLE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.place, l.storefront_id::text, l.erp_id::text, l.storefront_key::text, l.erp_key::text,
           l.written_to_erp::text, l.written_to_storefront::text, l.source_hash::text, l.agreed::text
    FROM unnest(p_tenants, p_pairs, p_kinds, p_sides, p_values) WITH ORDINALITY
         AS u (tenant_id, pair_id, kind, side, value, place)
    JOIN LATERAL (
        SELECT * FROM record_link WHERE u.side = 'storefront' AND tenant_id = u.tenant_id AND pair_id = u.pair_id
            AND kind = u.kind AND storefront_id = u.value
        UNION ALL
        SELECT * FROM record_link WHERE u.side = 'erp' AND tenant_id = u.tenant_id AND pair_id = u.pair_id
            AND kind = u.kind AND erp_id = u.value
        UNION ALL
        SELECT * FROM record_link WHERE u.side = 'storefront_key' AND tenant_id = u.tenant_id
            AND pair_id = u.pair_id AND kind = u.kind AND storefront_key = u.value
        LIMIT 1
    ) l ON true;
END $$;
