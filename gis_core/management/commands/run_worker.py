"""`manage.py run_worker`: runs background jobs until it is stopped."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gis_core.jobs.supervisor import Supervisor
from gis_core.jobs.worker import WorkerOptions


class Command(BaseCommand):
    help = "Run background jobs until stopped; SIGTERM and Ctrl-C finish the running jobs or put them back."
    requires_system_checks = []  # they are about addresses and templates, which a worker does without

    def add_arguments(self, parser: ArgumentParser) -> None:
        queues = settings.TASKS["default"]["QUEUES"]
        parser.add_argument(
            "--queues", default=",".join(queues), help="names with commas (default: %(default)s)"
        )
        parser.add_argument("--concurrency", type=int, default=1, help="jobs at the same time (default: 1)")
        parser.add_argument(
            "--poll", type=float, default=1.0, help="seconds between looks when nothing wakes it"
        )
        parser.add_argument(
            "--grace", type=float, default=8.0, help="seconds a running job may go on after SIGTERM"
        )
        parser.add_argument(
            "--nice", type=int, default=10, help="how far behind the web server (default: 10)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        queues = tuple(name.strip() for name in options["queues"].split(",") if name.strip())
        known = list(settings.TASKS["default"]["QUEUES"])
        unknown = sorted(set(queues) - set(known))
        if unknown or not queues:
            message = _("There is no queue “%(queues)s”. The queues are: %(known)s.")
            named = {"queues": ", ".join(unknown), "known": ", ".join(known)}
            raise CommandError(message % named, returncode=2)
        if options["concurrency"] < 1:
            raise CommandError(_("--concurrency must be at least 1."), returncode=2)
        chosen = WorkerOptions(queues=queues, poll_s=options["poll"], grace_s=options["grace"])
        Supervisor(chosen, concurrency=options["concurrency"], nice=options["nice"]).run()
