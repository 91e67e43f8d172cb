"""Tasks of ours: Django Tasks that also know whose job it is, where it belongs and what it is called.

    @task(title=_("Import of a file"), queue_name="imports")
    def import_file(upload_id: int) -> dict[str, Any]: ...

    result = import_file.using(owner=user, community=community, subject="parcels.zip").enqueue(upload.pk)

The function runs inside one transaction together with the job's "done": never call it for effects
that a rollback cannot undo (mail, files outside `var/`), and give it only JSON arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from django.utils.functional import Promise
from django_tasks import task as django_task
from django_tasks.base import Task

if TYPE_CHECKING:
    from gis_core.communities import Community
    from gis_core.people import User

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[P, T]):
    """A task of the PostgreSQL queue.

    `title` names the work for people; `max_attempts` 0 means the limit `job_max_attempts`;
    `subject` names the thing worked on, such as the uploaded file.
    """

    title: str | Promise = ""
    max_attempts: int = 0
    owner_id: int | None = None
    community_id: int | None = None
    subject: str = ""

    def using(
        self,
        *,
        owner: "User | None" = None,
        community: "Community | None" = None,
        subject: str | None = None,
        **changes: Any,
    ) -> "JobTask[P, T]":
        """A copy of the task on behalf of `owner` in `community`; also takes Django's own
        `priority`, `queue_name` and `run_after`."""
        ours: dict[str, Any] = {}
        if owner is not None:
            ours["owner_id"] = owner.pk
        if community is not None:
            ours["community_id"] = community.pk
        if subject is not None:
            ours["subject"] = subject
        return replace(Task.using(self, **changes), **ours)


def task(
    *,
    title: str | Promise,
    queue_name: str = "default",
    priority: int = 0,
    max_attempts: int = 0,
) -> Callable[[Callable[P, T]], JobTask[P, T]]:
    """Make a module-level function a task. `title` is shown to people and should be lazily translated."""
    made = django_task(queue_name=queue_name, priority=priority, title=title, max_attempts=max_attempts)
    return cast(Callable[[Callable[P, T]], JobTask[P, T]], made)
