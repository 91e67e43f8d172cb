"""What can go wrong with a job, in sentences for people."""

from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError


class JobNotFound(HromadaError):
    code = "job-not-found"
    status = 404
    message = _("There is no such job, or it is not open to you.")


class JobEnded(HromadaError):
    code = "job-ended"
    status = 409
    message = _("The job has already ended (%(state)s), so it cannot be cancelled.")


class JobNotEnded(HromadaError):
    code = "job-not-ended"
    status = 409
    message = _("Only a failed or cancelled job can be started again; this one is in state “%(state)s”.")


class JobKilled(HromadaError):
    code = "job-killed"
    status = 500
    message = _(
        "The program was stopped %(attempts)s times while it did this job and will not try again by itself. "
        "Nothing of it was saved. Try with less data, or ask the administrator to look at the server's log."
    )


class JobCrashed(HromadaError):
    code = "job-crashed"
    status = 500
    message = _(
        "A fault in the program stopped the job. Nothing of it was saved. "
        "Send the administrator the number of the job: %(job)s."
    )


class JobGaveUp(HromadaError):
    code = "job-gave-up"
    status = 503
    message = _(
        "The database could not take the job's work in %(attempts)s attempts. Nothing of it was saved. "
        "Start the job again later."
    )


class TaskUnknown(HromadaError):
    code = "task-unknown"
    status = 500
    message = _(
        "This version of the program does not know the task “%(task)s”. Start the work again from its page."
    )
