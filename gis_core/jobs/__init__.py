"""Background jobs: Django Tasks in front, PostgreSQL as the queue, every effect exactly once.

`gis_core.jobs.tasks.task` makes a task, `.enqueue()` queues it, `manage.py run_worker` runs it, and
`gis_core.jobs.progress` is what a task uses while it runs. docs/decisions/0002-job-queue.md says why.
"""
