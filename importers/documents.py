"""An import as a document: what the API answers and what pages are made of."""

from typing import Any

from django.urls import reverse

from gis_core.errors import HromadaError
from gis_core.jobs.messages import sentence
from gis_core.jobs.models import Job
from gis_core.people import User
from importers import review
from importers.access import may_steer
from importers.choices import Choices
from importers.closed import inspection_without_values, problem_without_values
from importers.confirming import unconfirmed
from importers.earlier import earlier_of
from importers.mapping import ProposedField, kept, propose, propose_key, suggest_standards
from importers.models import Import, ImportStatus
from importers.pipeline import inspection_of
from importers.placing import places_document
from importers.plan import chosen_layer, proposal_for
from importers.questions import stored, told
from importers.sandbox import LayerInspection
from importers.states import ENDED, State, state_of
from importers.summary import summary_as_it_stands
from layers.models import Changeset, Layer
from layers.models.catalogue import localised
from layers.standards import standard_layers


def import_document(importing: Import, user: User) -> dict[str, Any]:
    """What GET /api/imports/<uuid> answers; texts in the active language.

    A reader to whom a field of the layer is closed sees no values of the file.
    """
    state = state_of(importing)
    source = _source(importing)
    question, problem, inspection = _question(importing, state), state.problem, importing.inspection
    proposed = _proposal(source, importing, user)
    choices = Choices.from_json(importing.choices)
    proposal = [_with_choice(item, choices) for item in proposed]
    places = places_document(importing, source, proposed)
    if not review.sees_all(importing, user):
        question, problem = problem_without_values(question), problem_without_values(problem)
        inspection = inspection_without_values(inspection)
        proposal = [{**item, "samples": []} for item in proposal]
        places = [{**item, "samples": []} for item in places]
    return {
        **short_document(importing, state),
        "question": told(question),
        "problem": told(problem),
        "inspection": inspection,
        "choices": choices.to_json(),
        "proposal": proposal,
        "proposed_key": propose_key(proposed, choices),
        "earlier": _earlier(source, importing, state, user),
        "standards": _standards(source),
        "places": places,
        "summary": summary_as_it_stands(importing),
        "diff": review.counts(importing),
        "applied": review.applied(importing),
        "issue_counts": importing.issue_counts,
        "changeset": _changeset(importing.changeset),
        "layer": _layer(importing),
        "can": possible(importing, state, steers=may_steer(user, importing)),
    }


def short_document(importing: Import, state: State) -> dict[str, Any]:
    """An import in a list."""
    address = reverse("api-import", args=[importing.uuid])
    return {
        "id": str(importing.uuid),
        "name": importing.title,
        "community": importing.community.slug,
        "owner": str(importing.owner) if importing.owner else None,
        "created_at": importing.created_at.isoformat(),
        "updated_at": importing.updated_at.isoformat(),
        "status": str(state.status),
        "status_label": state.label,
        "progress": _progress(state),
        "job": str(importing.job) if importing.job else None,
        "links": {
            "self": address,
            "diff": f"{address}/diff",
            "issues": f"{address}/issues",
            "issues_csv": f"{address}/issues.csv",
        },
    }


def possible(importing: Import, state: State, *, steers: bool) -> dict[str, bool]:
    """What can be done with the import as it is by one who `steers` it, or only looks at it."""
    open_to_change = steers and not state.is_working and state.status not in ENDED
    cancelling = state.job is not None and state.job.cancel_requested_at is not None
    unfinished = open_to_change and state.status not in (ImportStatus.CANCELLED, ImportStatus.FAILED)
    applied = {ImportStatus.APPLIED, ImportStatus.SUBMITTED, ImportStatus.REVERTED}
    return {
        "decide": open_to_change,
        "prepare": open_to_change and importing.inspection is not None and importing.question is None,
        "apply": steers and state.status == ImportStatus.READY,
        "cancel": unfinished or (steers and _may_stop(state) and not cancelling),
        "retry": steers and state.status in (ImportStatus.FAILED, ImportStatus.CANCELLED),
        "discard": steers and not state.is_working and state.status not in applied,
        # Who may steer an import may edit every layer of its community.
        "revert": steers and state.status == ImportStatus.APPLIED and not state.undoing,
        "redo": steers and state.status == ImportStatus.REVERTED and not state.undoing,
    }


def _may_stop(state: State) -> bool:
    return state.is_working and state.status != ImportStatus.REVERTING


def _progress(state: State) -> dict[str, Any] | None:
    """How far the work is, where something is being done."""
    job = state.job
    if not state.is_working or job is None:
        return None
    return {"fraction": job.progress, "message": _message(job)}


def _message(job: Job) -> str:
    return (
        sentence(job.message_code, job.message_params) if job.message_code else str(job.get_state_display())
    )


def _source(importing: Import) -> LayerInspection | None:
    """The layer of the file that is meant, once that is known."""
    inspection = inspection_of(importing)
    if inspection is None:
        return None
    try:
        return chosen_layer(inspection, importing.choices.get("source_layer", ""))
    except HromadaError:
        return None


def _proposal(source: LayerInspection | None, importing: Import, user: User) -> list[ProposedField]:
    """What would become of each column."""
    if source is None:
        return []
    choices = Choices.from_json(importing.choices)
    try:
        return proposal_for(source, community=importing.community, actor=user, choices=choices)
    except HromadaError:
        return propose(source)


def _question(importing: Import, state: State) -> dict[str, Any] | None:
    """What must be decided before it goes on, or before it may be applied by itself."""
    if state.status == ImportStatus.WAITING:
        return importing.question
    if state.status == ImportStatus.READY and (refusal := unconfirmed(importing)):
        return stored(refusal)
    return None


def _earlier(
    source: LayerInspection | None, importing: Import, state: State, user: User
) -> dict[str, Any] | None:
    """Where such a file went before; of no interest once this one is decided upon."""
    inspection = inspection_of(importing)
    if source is None or inspection is None or state.status in ENDED:
        return None
    found = earlier_of(importing, inspection, source, actor=user)
    return found.as_json() if found else None


def _standards(source: LayerInspection | None) -> list[dict[str, Any]]:
    """Standard layers that the columns fit, the best first."""
    found = suggest_standards(source) if source else []
    titles = standard_layers()
    return [
        {"name": name, "score": score, "title": localised(titles[name]["title"])} for name, score in found[:5]
    ]


def _with_choice(item: ProposedField, choices: Choices) -> dict[str, Any]:
    choice = choices.column(item.source)
    shown = item.as_json()
    decided = {"key": choice.key, "type": choice.type, "unit": choice.unit, "title": dict(choice.title)}
    return {**shown, **{name: value for name, value in decided.items() if value}, "keep": kept(item, choices)}


def _changeset(changeset: Changeset | None) -> dict[str, Any] | None:
    if changeset is None:
        return None
    return {"id": changeset.pk, "status": changeset.status, "revision": changeset.revision}


def _layer(importing: Import) -> dict[str, Any] | None:
    """The layer that the import goes into: the changeset's, else the one that was chosen."""
    slug = importing.choices.get("layer", "")
    if not slug:
        return None
    layer = importing.changeset.layer if importing.changeset else None
    if layer is None:
        layer = Layer.objects.filter(community=importing.community, slug=slug, is_draft=False).first()
    exists = layer is not None and not layer.is_draft
    return {
        "slug": slug,
        "name": f"{importing.community.slug}.{slug}",
        "exists": exists,
        "withdrawn": layer is not None and layer.is_withdrawn,
        "title": layer.local_title if layer else "",
        "feature_count": layer.feature_count if layer and exists else 0,
        "key_field": layer.key_field if layer else "",
    }
