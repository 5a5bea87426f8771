-- Returns, for each kind of schema object, a digest of its definitions: one line of text
-- for each object, in the order of bytes, whatever the collation of the database. It is
-- part of the manifest's format: another query makes older backups differ.
WITH user_schema AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
),
relation AS (SELECT c.*, nspname FROM pg_class c JOIN user_schema n ON n.oid = c.relnamespace),
object (kind, line) AS (
  SELECT 'columns', format('%s.%s.%s %s %s %s', nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity)
    FROM pg_attribute a JOIN relation c ON c.oid = a.attrelid
    WHERE relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT 'owners', format('%s %s.%s %s', relkind, nspname, relname, pg_get_userbyid(relowner))
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL
  SELECT 'row security', format('%s.%s %s %s', nspname, relname, relrowsecurity, relforcerowsecurity)
    FROM relation WHERE relkind IN ('r', 'p')
  UNION ALL
  SELECT 'policies', format('%s.%s %s %s %s %s %s %s', schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check)
    FROM pg_policies
  UNION ALL -- owners' own privileges are left out: newer servers have more of them
  SELECT 'privileges', format('%s.%s %s %s', nspname, relname, coalesce(rolname, 'PUBLIC'), privilege_type)
    FROM relation, aclexplode(relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND a.grantee <> relowner
  UNION ALL
  SELECT 'privileges', format('schema %s %s %s', n.nspname, coalesce(rolname, 'PUBLIC'), privilege_type)
    FROM user_schema n JOIN pg_namespace s ON s.oid = n.oid, aclexplode(s.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> s.nspowner
  UNION ALL
  SELECT 'privileges', format('default %s %s %s %s', pg_get_userbyid(defaclrole), defaclobjtype, coalesce(rolname, 'PUBLIC'), privilege_type)
    FROM pg_default_acl d, aclexplode(defaclacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> defaclrole
  UNION ALL -- constraints and indexes by name and validity: other versions print their definitions differently
  SELECT 'constraints', format('%s %s %s %s', conrelid::regclass, conname, contype, convalidated)
    FROM pg_constraint c JOIN user_schema n ON n.oid = connamespace WHERE contype IN ('p', 'u', 'f', 'c', 'x')
  UNION ALL
  SELECT 'indexes', format('%s.%s %s %s', nspname, relname, indisunique, indisvalid)
    FROM pg_index i JOIN relation c ON c.oid = i.indexrelid
)
SELECT kind, encode(sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
FROM unnest('{columns,owners,row security,policies,privileges,constraints,indexes}'::text[]) AS kind LEFT JOIN object USING (kind)
GROUP BY kind
