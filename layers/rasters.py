"""Rasters of communities: the one door to them, and the two changes of state: create and delete."""

import datetime
import hashlib
import os
import re
import time
import uuid as uuids
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import MultiPolygon
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from gis_core import journal
from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import Membership, User
from gis_core.roles import Action, Role, roles_that_may
from layers.access import Reader
from layers.catalogue import free_withdrawn_name, may_create_layers
from layers.models import Layer, Raster
from layers.models.catalogue import AccessLevel
from layers.styles.raster_reading import bands_of, read_raster_style

_FULL_NAME = re.compile(r"[a-z][a-z0-9]{1,19}\.[a-z][a-z0-9_]{0,39}")
_CHUNK = 1024 * 1024


class RasterNotFound(HromadaError):
    code = "raster-not-found"
    status = 404
    message = _("There is no raster “%(raster)s”, or it is not open to you.")


class RasterExists(HromadaError):
    code = "raster-exists"
    status = 409
    message = _(
        "Community %(community)s already has a layer or a raster “%(slug)s”. Choose another short name, or delete "
        "that one first."
    )


class BadRaster(HromadaError):
    code = "bad-raster"
    status = 422
    message = _("The raster cannot be saved: %(reason)s")


# --- reading ---


def visible_rasters(user: Reader) -> QuerySet[Raster]:
    """The rasters that `user` may read, with their communities, in the order of their ids."""
    rasters = Raster.objects.select_related("community").defer("community__boundary").order_by("pk")
    if getattr(user, "is_superuser", False):
        return rasters
    if not isinstance(user, User) or not user.is_authenticated:
        return rasters.filter(access_level=AccessLevel.PUBLIC)
    mine = Membership.objects.filter(user=user, community=OuterRef("community"))
    open_to_all = [AccessLevel.PUBLIC, AccessLevel.REGISTERED]
    return rasters.filter(
        Q(access_level__in=open_to_all)
        | Q(Exists(mine), access_level=AccessLevel.STAFF)
        | Q(Exists(mine.filter(role=Role.ADMIN)), access_level=AccessLevel.RESTRICTED)
    )


def access_raster(user: Reader, full_name: str, action: str = Action.READ) -> Raster:
    """The raster `community.slug`, if `user` may do `action` with it.

    Raises RasterNotFound where it is absent or hidden (the two cannot be told apart), NotAllowed where the
    user sees it but may not do this.
    """
    community, _dot, slug = full_name.partition(".")
    found = None
    if _FULL_NAME.fullmatch(full_name):
        found = visible_rasters(user).filter(community__slug=community, slug=slug).first()
    if found is None:
        raise RasterNotFound(raster=full_name[:62])
    if not may(user, found, action):
        raise NotAllowed()
    return found


def may(user: Reader | None, raster: Raster, action: str) -> bool:
    """Whether `user` may do `action` with a raster they can see. None is the server's own command line."""
    if user is None or getattr(user, "is_superuser", False) or action == Action.READ:
        return True
    if not isinstance(user, User):
        return False
    roles = roles_that_may(action)
    return Membership.objects.filter(user=user, community_id=raster.community_id, role__in=roles).exists()


def may_change(user: Reader | None, raster: Raster) -> bool:
    """Whether `user` may change or delete a raster they can see: an administrator any, an editor their own."""
    own = isinstance(user, User) and raster.created_by_id == user.pk
    return may(user, raster, Action.EDIT if own else Action.MANAGE)


def refuse_taken_name(community: Community, slug: str) -> None:
    """Layers and rasters share their names, so that `community.slug` means one thing. Raises RasterExists."""
    holders: tuple[QuerySet[Any], ...] = (Raster.objects.all(), Layer.objects.named())
    if any(named.filter(community=community, slug=slug).exists() for named in holders):
        raise RasterExists(community=community.slug, slug=slug)


# --- changing ---


def create_raster(
    *,
    community: Community,
    slug: str,
    actor: User | None,
    title: Mapping[str, str],
    file: Path,
    footprint: MultiPolygon,
    uuid: uuids.UUID | None = None,
    **attributes: Any,
) -> Raster:
    """Keep a checked COG (`file`, which is taken away) as a raster of the community.

    `attributes` are those of the model. Asked again with the same `uuid` after a crash, it puts the same file in
    the same place. Raises NotAllowed, RasterExists, BadRaster; then no file is left.
    """
    if not may_create_layers(actor, community):
        raise NotAllowed()
    with transaction.atomic():
        # Two who make the same raster at once come one after the other.
        Community.objects.select_for_update(no_key=True).get(pk=community.pk)
        refuse_taken_name(community, slug)
        free_withdrawn_name(community, slug, actor=actor)
        raster = Raster(
            uuid=uuid or uuids.uuid4(), community=community, slug=slug, title=dict(title), footprint=footprint,
            created_by=actor, size=file.stat().st_size, **attributes,
        )  # fmt: skip
        try:
            raster.sha256 = _take(file, raster.path)
            _save(raster)
            _record("raster-created", raster, actor, sha256=raster.sha256, size=raster.size)
        except BaseException:
            raster.path.unlink(missing_ok=True)
            raise
    return raster


def style_raster(*, raster: Raster, actor: User | None, style: Any, taken_on: datetime.date | None) -> Raster:
    """Change how a raster is drawn, and the day it shows: an administrator any, an editor their own.

    `style` is as `layers.styles.raster_reading` says; {} is the default. Raises NotAllowed, InvalidRecipe.
    """
    if not may_change(actor, raster):
        raise NotAllowed()
    if style != {}:
        read_raster_style(style, bands_of(raster))
    with transaction.atomic():
        raster = (
            Raster.objects.select_for_update(no_key=True, of=("self",))
            .select_related("community")
            .get(pk=raster.pk)
        )
        raster.style, raster.taken_on = style, taken_on
        raster.save(update_fields=["style", "taken_on", "updated_at"])
        day = taken_on.isoformat() if taken_on else None
        _record("raster-styled", raster, actor, style=style, taken_on=day)
    return raster


def describe_raster(*, raster: Raster, actor: User | None, **attributes: Any) -> Raster:
    """Change what is said of a raster and who may see it (title, theme, access_level, licence, attribution): an
    administrator any, an editor their own. Raises NotAllowed, BadRaster."""
    if not may_change(actor, raster):
        raise NotAllowed()
    with transaction.atomic():
        found = Raster.objects.select_for_update(no_key=True, of=("self",)).select_related("community")
        raster = found.get(pk=raster.pk)
        for name, value in attributes.items():
            setattr(raster, name, value)
        _save(raster)
        _record("raster-described", raster, actor, **attributes)
    return raster


def delete_raster(*, raster: Raster, actor: User | None) -> None:
    """Remove a raster and its file: an administrator any, an editor their own. Raises NotAllowed."""
    if not may_change(actor, raster):
        raise NotAllowed()
    path = raster.path
    with transaction.atomic():
        _record("raster-deleted", raster, actor, sha256=raster.sha256)
        raster.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_raster_files(*, older_than_s: float = 86_400) -> int:
    """Remove files that no raster has, left behind by a process that was killed; how many it was."""
    known = {f"{uuid.hex}.tif" for uuid in Raster.objects.values_list("uuid", flat=True)}
    swept = 0
    for file in (Path(settings.MEDIA_ROOT) / "rasters").glob("*"):
        with suppress(OSError):
            if file.name not in known and time.time() - file.stat().st_mtime >= older_than_s:
                file.unlink()
                swept += 1
    return swept


def _take(origin: Path, target: Path) -> str:
    """Move a file to where it stays, whole or not at all, for our eyes alone; its SHA-256 in hex."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(".part")
    digest = hashlib.sha256()
    with (
        os.fdopen(os.open(origin, os.O_RDONLY | os.O_NOFOLLOW), "rb") as source,
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy,
    ):
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(target)
    origin.unlink(missing_ok=True)
    return digest.hexdigest()


def _save(raster: Raster) -> None:
    try:
        raster.full_clean(exclude=["community", "footprint"])
    except ValidationError as error:
        told = " ".join(f"{key}: {' '.join(texts)}" for key, texts in error.message_dict.items())
        raise BadRaster(reason=told) from error
    raster.save()


def _record(action: str, raster: Raster, actor: User | None, **details: Any) -> None:
    journal.record(
        action=action, subject=raster.full_name, actor=actor, community=raster.community, **details
    )
