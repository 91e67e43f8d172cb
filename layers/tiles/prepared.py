"""Questions about layers that are asked for every tile: who asks, may they, and what is there, in one statement.

The rule of access is `layers.access.visible_layers`, turned into SQL once and prepared once on each connection;
the database answers it for every request anew. A process remembers nothing but what a cookie or a token stood
for, and believes that only while the rows it was read from are the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from psycopg2.extensions import adapt

from gis_core.api.reader import reader_of
from gis_core.people import Membership, User, token_digest
from layers.access import STAMP, Reader, visible_layers
from layers.models import LayerGrant
from layers.tiles.middleware import user_of

Row = tuple[Any, ...]

_COMMUNITY, _SLUG, _USER = "{community}", "{slug}", -(2**62)  # no names and no person can be these
_MOST_KNOWN = 10_000


class Question:
    """A statement over the layers that a reader may see. It asks for what lies in $3 and the next parameters, $1
    and $2 are arrays of short names of communities and layers.

    In `statement` {asked} stands for a relation (layer, community, slug, revision, stamp, role, granted) of the
    layers with these names, and {proof} for what a credential stands for; it has to give {proof} as its last
    column, in one row at least if that can be.
    """

    def __init__(self, name: str, statement: str, parameters: int) -> None:
        self.name = name
        self._statement = statement
        self.parameters = parameters
        self._texts: dict[tuple[str, str], str] = {}

    def text(self, variety: str, proof: str) -> str:
        """SQL to prepare for one variety of readers and kind of credential."""
        key = variety, proof
        if key not in self._texts:
            user, credential = f"${self.parameters + 1}", f"${self.parameters + 2}"
            proven = _PROOFS[proof].format(user=user, key=credential)
            self._texts[key] = self._statement.format(asked=_asked(variety, user), proof=proven)
        return self._texts[key]


@dataclass(frozen=True)
class Asker:
    """Who asks: as much as the rules of access need. `user` None: nobody has signed in."""

    user: int | None
    is_superuser: bool = False

    def reader(self) -> Reader:
        """For those who ask for a reader: a user with nothing but the id."""
        return AnonymousUser() if self.user is None else User(pk=self.user, is_superuser=self.is_superuser)


_NOBODY = Asker(None)


def ask(request: HttpRequest, question: Question, values: Sequence[Any]) -> tuple[Asker, list[Row]]:
    """Who asks, and the answer's rows.

    Raises AuthenticationFailed for a wrong token.
    """
    credential = _credential(request)
    if credential is None:
        return _NOBODY, _rows(question, "anonymous", "", values)
    proof = _known.get(credential)
    if proof is not None:
        rows = _rows(question, _variety(proof.is_superuser), proof.kind, [*values, proof.user, proof.key])
        if rows and constant_time_compare(rows[0][-1] or "", proof.text):
            return Asker(proof.user, proof.is_superuser), rows
        _known.forget(credential)
    user = reader_of(request)
    if not user.is_authenticated:
        return _NOBODY, _rows(question, "anonymous", "", values)
    _remember(request, credential, user)
    return Asker(user.pk, user.is_superuser), _rows(
        question, _variety(user.is_superuser), "", [*values, user.pk]
    )


# ---- who asks


@dataclass(frozen=True)
class _Proof:
    """A cookie or token, who it stood for, and the rows that said so: `text` must still be what they say."""

    kind: str
    key: str
    user: int
    is_superuser: bool
    text: str


class _Known:
    """The last credentials that were examined in full; the oldest go first."""

    def __init__(self) -> None:
        self._proofs: OrderedDict[tuple[str, str], _Proof] = OrderedDict()

    def get(self, credential: tuple[str, str]) -> _Proof | None:
        return self._proofs.get(credential)

    def put(self, proof: _Proof) -> None:
        if len(self._proofs) >= _MOST_KNOWN:
            self._proofs.pop(next(iter(self._proofs)), None)
        self._proofs[proof.kind, proof.key] = proof

    def forget(self, credential: tuple[str, str]) -> None:
        self._proofs.pop(credential, None)


_known = _Known()


def _credential(request: HttpRequest) -> tuple[str, str] | None:
    """What the request shows: ("token", its digest) or ("session", its key); None for nothing at all."""
    given = request.META.get("HTTP_AUTHORIZATION")
    if given is not None:
        scheme, _space, token = given.partition(" ")
        if scheme.lower() == "bearer" and token:
            return "token", token_digest(token.strip())
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return ("session", session) if session else None


# The stored session and the user's row: signing out, a new password or a closed account change one of them.
_PROOFS = {
    "": "NULL::text",
    "session": """
        (SELECT s.session_data || ' ' || u.xmin::text FROM django_session s, gis_core_user u
         WHERE s.session_key = {key} AND s.expire_date > now() AND u.id = {user} AND u.is_active)""",
    "token": """
        (SELECT t.xmin::text || ' ' || u.xmin::text
         FROM gis_core_apitoken t JOIN gis_core_user u ON u.id = t.user_id
         WHERE t.digest = {key} AND (t.expires_at IS NULL OR t.expires_at > now())
           AND u.id = {user} AND u.is_active)""",
}


def _remember(request: HttpRequest, credential: tuple[str, str], user: User) -> None:
    """Note what stands behind a credential. It is examined once more after that was read, so that what changed
    in between is not believed."""
    kind, key = credential
    if kind == "session" and settings.SESSION_ENGINE != "django.contrib.sessions.backends.db":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT" + _PROOFS[kind].format(key="%s", user="%s"), [key, user.pk])
        (text,) = cursor.fetchone()
    again = HttpRequest()
    again.META, again.COOKIES = request.META, request.COOKIES
    again.user = user_of(again)
    if text and reader_of(again).pk == user.pk:
        _known.put(_Proof(kind, key, user.pk, user.is_superuser, text))


def _variety(is_superuser: bool) -> str:
    return "superuser" if is_superuser else "user"


# ---- the statement

_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def _rows(question: Question, variety: str, proof: str, values: Sequence[Any]) -> list[Row]:
    # Asking whether the connection lives costs as much as the question; a dead one shows by itself.
    connection: Any = connections["default"]
    connection.health_check_done = True
    name = f"hromada_{question.name}_{variety}_{proof}"
    try:
        return _execute(connection, name, question.text(variety, proof), values)
    except (OperationalError, InterfaceError):
        raw = connection.connection
        if raw is None or not raw.closed or connection.in_atomic_block:
            raise
        connection.close()
        return _execute(connection, name, question.text(variety, proof), values)


def _execute(connection: Any, name: str, text: str, values: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        prepared = _prepared.setdefault(connection.connection, set())
        if name not in prepared:
            # Planning anew for each request costs three times what asking does.
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            cursor.execute(f"PREPARE {name} AS {text}")
            prepared.add(name)
        places = ", ".join(["%s"] * len(values))
        cursor.execute(f"EXECUTE {name} ({places})", values)
        return list(cursor.fetchall())


def _asked(variety: str, user: str) -> str:
    """SQL of the layers with the names in $1 and $2 that a reader may see, with all that decides how much of
    them; `user` is the parameter with the reader's id."""
    readers = {"user": User(pk=_USER), "superuser": User(pk=_USER, is_superuser=True)}
    role = Membership.objects.filter(user_id=_USER, community=OuterRef("community")).values("role")[:1]
    grant = LayerGrant.objects.filter(user_id=_USER, layer=OuterRef("pk"))
    nobody = {"role": RawSQL("NULL::text", []), "granted": RawSQL("false", [])}
    question = (
        visible_layers(readers.get(variety, AnonymousUser()))
        .filter(community__slug__in=[_COMMUNITY], slug__in=[_SLUG])
        .order_by()
        .annotate(stamp=STAMP, of=F("community__slug"))
        .annotate(**({"role": Subquery(role), "granted": Exists(grant)} if variety in readers else nobody))
        .values_list("pk", "of", "slug", "revision", "stamp", "role", "granted")
    )
    statement, given = question.query.sql_with_params()
    places = {_COMMUNITY: "$1", _SLUG: "$2", _USER: user}
    text = statement % tuple(places.get(value) or _literal(value) for value in given)
    text = text.replace("IN ($1)", "= ANY ($1::text[])").replace("IN ($2)", "= ANY ($2::text[])")
    return f"({text}) AS asked (layer, community, slug, revision, stamp, role, granted)"


def _literal(value: Any) -> str:
    quoted = adapt(value)
    if isinstance(value, str):
        quoted.encoding = "utf-8"
    return bytes(quoted.getquoted()).decode()
