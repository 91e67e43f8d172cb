"""Addresses of jobs under /api/."""

from django.urls import path

from gis_core.jobs.api import JobCancelView, JobRetryView, JobsView, JobView

urlpatterns = [
    path("jobs", JobsView.as_view(), name="api-jobs"),
    path("jobs/<uuid:uuid>", JobView.as_view(), name="api-job"),
    path("jobs/<uuid:uuid>/cancel", JobCancelView.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:uuid>/retry", JobRetryView.as_view(), name="api-job-retry"),
]
