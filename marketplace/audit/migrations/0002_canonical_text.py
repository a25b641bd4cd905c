from django.db import migrations

# The text that each link's hash covers. jsonb prints its keys in one fixed order: the same row always gives the same text.
CREATE = """
CREATE FUNCTION audit_canonical(event audit_auditevent) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        event.id, to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        event.type, event.actor, event.subject_type, event.subject, event.data
    )::text
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION audit_canonical(audit_auditevent)")]
