"""Parameters and problems, without a database."""

import json

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from gis_core.api import params
from gis_core.api.problem import as_problem, problem_response
from gis_core.errors import BadParameter, Busy, HromadaError


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("30,50,31,51", [(30, 50, 31, 51)]),
        (" 30 , 50 , 31 , 51 ", [(30, 50, 31, 51)]),
        ("30,50,-5,31,51,120", [(30, 50, 31, 51)]),
        ("-1e1,.5,+2.,1E1", [(-10, 0.5, 2, 10)]),
        ("-180,-90,180,90", [(-180, -85.06, 180, 85.06)]),
        ("179,50,-179,51", [(179, 50, 180, 51), (-180, 50, -179, 51)]),
        ("30,86,31,90", []),
    ],
)
def test_a_box_is_read_with_or_without_heights_and_split_at_the_antimeridian(
    text: str, boxes: list[tuple[float, float, float, float]]
) -> None:
    assert params.bbox(text).boxes() == boxes


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_it_was(last_id: int) -> None:
    assert params.decode_cursor(params.encode_cursor(last_id)) == last_id


@given(st.text())
def test_any_text_as_any_parameter_is_read_or_refused_by_name(text: str) -> None:
    for read in (params.bbox, params.limit, params.decode_cursor, params.crs, params.interval):
        try:
            read(text, parameter="it")
        except BadParameter as refusal:
            assert refusal.params["parameter"] == "it"  # noqa: PT017 -- either is right, nothing else is


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2026-11-22", True),
        ("2026-11-22T10:00:00Z", True),
        ("2026-11-22T10:00:00.5+02:00/..", True),
        ("../2026-11-22", True),
        ("/2026-11-22", True),
        ("2026", False),
        ("..", False),
        ("../..", False),
        ("", False),
    ],
)
def test_an_interval_has_the_form_of_rfc_3339(text: str, right: bool) -> None:
    if right:
        assert params.interval(text) == text
    else:
        with pytest.raises(BadParameter):
            params.interval(text)


def test_a_problem_has_the_standard_members_and_the_errors_own_beside_them() -> None:
    with override("en"):
        response = problem_response(BadParameter(parameter="limit", reason="too odd.", status="own", type=5))
    document = json.loads(response.content)
    assert document == {
        "type": "/api/docs/#bad-parameter",
        "title": "The request is wrong",
        "status": 400,
        "detail": "Parameter “limit” is wrong: too odd.",
        "code": "bad-parameter",
        "parameter": "limit",
        "reason": "too odd.",
    }
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"


def test_a_busy_server_says_when_to_come_back() -> None:
    assert problem_response(Busy())["Retry-After"] == "5"


def test_parameters_of_any_kind_can_be_told() -> None:
    class Odd(HromadaError):
        code = "odd-for-a-test"

    response = problem_response(Odd(things={"a"}, nothing=None, thing=object))
    assert json.loads(response.content)["code"] == "odd-for-a-test"


def test_a_body_of_the_wrong_form_is_told_place_by_place() -> None:
    found = as_problem(ValidationError({"changes": [{}, {"op": ["is wrong"]}], "comment": ["is too long"]}))
    assert found is not None
    assert (found.code, found.status) == ("invalid-body", 400)
    places = [issue["place"] for issue in found.params["issues"]]
    assert places == ["changes[1].op", "comment"]


def test_what_nobody_foresaw_is_not_dressed_up_as_the_clients_fault() -> None:
    assert as_problem(KeyError("x")) is None
