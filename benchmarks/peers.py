"""Outboxes of others, as their users run them, on a durable SQLite (WAL, synchronous=FULL).

``python benchmarks/peers.py django-mailer queue|send|both PORT COUNT OCTETS DATABASE``: queue so
many mails, send them to the sink at PORT, print how long the sending took as JSON.
"""

import json
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command


def configure(port: int, database: str) -> None:
    settings.configure(
        SECRET_KEY="raced",  # noqa: S106
        INSTALLED_APPS=["mailer", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": database,
                "OPTIONS": {
                    "timeout": 20,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                },
            }
        },
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        MAILER_EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        POST_OFFICE={"BATCH_SIZE": 100, "THREADS_PER_PROCESS": 5, "DEFAULT_PRIORITY": "medium"},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def mailer(count: int, text: str) -> None:
    from mailer import send_mail

    for number in range(count):
        send_mail(f"mail {number}", text, "us@we.example", [f"them{number}@they.example"])


def post_office(count: int, text: str) -> None:
    from post_office import mail

    mail.send_many(
        [
            {
                "recipients": [f"them{number}@they.example"],
                "sender": "us@we.example",
                "subject": f"mail {number}",
                "message": text,
            }
            for number in range(count)
        ]
    )


def send_mailer() -> None:
    from mailer.engine import send_all

    send_all()


def send_post_office() -> None:
    from post_office.mail import get_queued, send_queued

    while get_queued().exists():
        send_queued(processes=1, log_level=0)


QUEUE = {"django-mailer": mailer, "post_office": post_office}
SEND = {"django-mailer": send_mailer, "post_office": send_post_office}


def main() -> None:
    which, what, port, count, octets, database = sys.argv[1:]
    configure(int(port), database)
    if what in ("queue", "both"):
        text = ("All work and no play makes a dull day. " * (int(octets) // 39))[: int(octets)]
        QUEUE[which](int(count), text)
    if what in ("send", "both"):
        begun = time.perf_counter()
        SEND[which]()
        print(json.dumps({"seconds": time.perf_counter() - begun, "count": int(count)}))


if __name__ == "__main__":
    main()
