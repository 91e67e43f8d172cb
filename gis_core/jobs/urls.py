"""Addresses of jobs under /api/."""

from django.urls import path

from gis_core.jobs import api

urlpatterns = [
    path("jobs", api.jobs, name="api-jobs"),
    path("jobs/<uuid:uuid>", api.job, name="api-job"),
    path("jobs/<uuid:uuid>/cancel", api.job_cancel, name="api-job-cancel"),
    path("jobs/<uuid:uuid>/retry", api.job_retry, name="api-job-retry"),
]
