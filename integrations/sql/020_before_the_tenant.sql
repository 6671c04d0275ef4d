-- What must be found before the tenant is known. SECURITY DEFINER, owned by the owner role; takes hashes
-- and user ids, returns ids only.
CREATE OR REPLACE FUNCTION connect_find_hook(token_hash bytea)
RETURNS TABLE (tenant_id bigint, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.tenant_id, c.id FROM connection c
    WHERE c.hook_token_hash = token_hash AND c.archived_at IS NULL
$$;

CREATE OR REPLACE FUNCTION connect_find_api_key(hash bytea)
RETURNS TABLE (tenant_id bigint, api_key_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT k.tenant_id, k.id FROM api_key k WHERE k.key_hash = hash AND k.revoked_at IS NULL
$$;

CREATE OR REPLACE FUNCTION connect_memberships_of(member_id bigint)
RETURNS TABLE (tenant_id bigint, slug text, name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT t.id, t.slug::text, t.name::text, m.role::text
    FROM membership m JOIN tenant t ON t.id = m.tenant_id
    WHERE m.user_id = member_id ORDER BY t.name, t.id
$$;

-- Self-service sign-up: the web role cannot insert a tenant row that its own policy does not show yet.
CREATE OR REPLACE FUNCTION connect_new_tenant_id() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public AS $$
    SELECT nextval(pg_get_serial_sequence('tenant', 'id'))
$$;

REVOKE ALL ON FUNCTION connect_find_hook(bytea), connect_find_api_key(bytea),
    connect_memberships_of(bigint), connect_new_tenant_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION connect_find_hook(bytea), connect_find_api_key(bytea),
    connect_memberships_of(bigint), connect_new_tenant_id() TO connect_web;

CREATE OR REPLACE FUNCTION connect_slug_is_taken(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT EXISTS (SELECT 1 FROM tenant WHERE slug = wanted)
$$;
REVOKE ALL ON FUNCTION connect_slug_is_taken(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION connect_slug_is_taken(text) TO connect_web;
