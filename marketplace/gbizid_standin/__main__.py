"""``python -m marketplace.gbizid_standin serve [--port 8010]``: prepare the database, know the client, answer."""

import argparse
import os
import sys


def prepare():
    """Create what is missing; safe to repeat, and every start brings the client up to date with the environment."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.gbizid_standin.settings"
    import django

    django.setup()

    import psycopg
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from oauth2_provider.models import Application

    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    parameters = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters}
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(**parameters, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            server.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    call_command("migrate", verbosity=0)
    Application.objects.update_or_create(
        client_id=settings.CLIENT_ID,
        defaults={
            "name": "デジタルマーケットプレイス",
            "client_secret": settings.CLIENT_SECRET,
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "redirect_uris": settings.REDIRECT_URI,
            "algorithm": Application.RS256_ALGORITHM,
        },
    )
    connection.close()
    return settings.PORT


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m marketplace.gbizid_standin", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the stand-in until stopped")
    serve.add_argument("--port", type=int, help="default: GBIZID_PORT, else 8010")
    options = parser.parse_args(arguments)
    if options.port:
        os.environ["GBIZID_PORT"] = str(options.port)  # the issuer's name carries the port

    port = prepare()
    # Replaces this process, so whoever started it holds the server's own process id.
    os.execv(  # noqa: S606 (fixed program, own arguments, no shell)
        sys.executable,
        [
            sys.executable,
            *("-m", "gunicorn", "marketplace.gbizid_standin.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "1", "--threads", "4", "--log-level", "warning"),
        ],
    )


if __name__ == "__main__":
    main()
