-- Published means frozen, and the audit log is append-only: the table owner is bound by it as well.
CREATE OR REPLACE FUNCTION connect_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER flow_version_frozen BEFORE UPDATE ON flow_version
    FOR EACH ROW EXECUTE FUNCTION connect_refuse_change();
CREATE OR REPLACE TRIGGER value_map_version_frozen BEFORE UPDATE ON value_map_version
    FOR EACH ROW EXECUTE FUNCTION connect_refuse_change();
CREATE OR REPLACE TRIGGER audit_entry_frozen BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION connect_refuse_change();
