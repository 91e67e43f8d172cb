"""Coordinate systems under the names that people in community offices use, for lists to choose from.

EPSG's own register: the regional local systems (МСК) are “UCS-2000 / LCS-NN”; СК-42 is “Pulkovo 1942”.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from importers.detect.mixed import PREFIX

Choice = tuple[str, str]

# EPSG code: number of the local system, the region it is made for.
LOCAL = {
    9831: ("01", gettext_lazy("Autonomous Republic of Crimea")),
    9832: ("05", gettext_lazy("Vinnytsia oblast")),
    9833: ("07", gettext_lazy("Volyn oblast")),
    9834: ("12", gettext_lazy("Dnipropetrovsk oblast")),
    9835: ("14", gettext_lazy("Donetsk oblast")),
    9836: ("18", gettext_lazy("Zhytomyr oblast")),
    9837: ("21", gettext_lazy("Zakarpattia oblast")),
    9838: ("23", gettext_lazy("Zaporizhzhia oblast")),
    9839: ("26", gettext_lazy("Ivano-Frankivsk oblast")),
    9821: ("32", gettext_lazy("Kyiv oblast")),
    9840: ("35", gettext_lazy("Kirovohrad oblast")),
    9841: ("44", gettext_lazy("Luhansk oblast")),
    9851: ("46", gettext_lazy("Lviv oblast")),
    9852: ("48", gettext_lazy("Mykolaiv oblast")),
    9853: ("51", gettext_lazy("Odesa oblast")),
    9854: ("53", gettext_lazy("Poltava oblast")),
    9855: ("56", gettext_lazy("Rivne oblast")),
    9856: ("59", gettext_lazy("Sumy oblast")),
    9857: ("61", gettext_lazy("Ternopil oblast")),
    9858: ("63", gettext_lazy("Kharkiv oblast")),
    9859: ("65", gettext_lazy("Kherson oblast")),
    9860: ("68", gettext_lazy("Khmelnytskyi oblast")),
    9861: ("71", gettext_lazy("Cherkasy oblast")),
    9862: ("73", gettext_lazy("Chernivtsi oblast")),
    9863: ("74", gettext_lazy("Chernihiv oblast")),
    9864: ("80", gettext_lazy("city of Kyiv")),
    9865: ("85", gettext_lazy("city of Sevastopol")),
}
TM_ZONES = range(6381, 6388)  # zones 7 to 13, central meridians 21° to 39°
GK_ZONES = range(5562, 5566)  # zones 4 to 7
SK42_ZONES = range(28404, 28408)
SK63_ZONES = range(7825, 7832)  # zones X1 to X7
UTM_ZONES = range(32634, 32638)
# The same zones by the numbers and by the meridians of the register, as files name them.
_UCS = gettext_lazy("UCS-2000, %(width)s° zone %(zone)s (Gauss–Krüger)")
_SK42 = gettext_lazy("SK-42, %(width)s° zone %(zone)s (Gauss–Krüger)")
_SERIES = (
    (range(5562, 5566), _UCS, 6, 4), (range(5566, 5570), _UCS, 6, 4),
    (range(5570, 5577), _UCS, 3, 7), (range(5577, 5584), _UCS, 3, 7),
    (range(28404, 28408), _SK42, 6, 4), (range(2494, 2498), _SK42, 6, 4),
    (range(2523, 2530), _SK42, 3, 7), (range(2582, 2589), _SK42, 3, 7),
)  # fmt: skip
"""EPSG codes, their name, the width of a zone in degrees, the number of the first."""


def crs_name(code: int) -> str:
    """The system's name for people; “EPSG:n” for one that is not in our lists."""
    if code in LOCAL:
        number, region = LOCAL[code]
        return _("MSK-%(number)s, %(region)s") % {"number": number, "region": region}
    if code in TM_ZONES:
        return _("UCS-2000, 3° zone %(zone)s (TM, %(meridian)s°)") % {
            "zone": code - 6374,
            "meridian": 21 + 3 * (code - 6381),
        }
    for codes, title, width, first in _SERIES:
        if code in codes:
            return str(title) % {"width": width, "zone": first + codes.index(code)}
    if code in SK63_ZONES:
        return _("SK-63, zone X%(zone)s") % {"zone": code - 7824}
    if code in UTM_ZONES:
        return _("WGS 84, UTM zone %(zone)s") % {"zone": code - 32600}
    plain = {
        4326: _("WGS 84, degrees (GPS)"),
        5561: _("UCS-2000, degrees"),
        4284: _("SK-42, degrees"),
        3857: _("Web Mercator (web maps)"),
    }
    return plain.get(code, f"EPSG:{code}")


def system_name(code: str, registered: str) -> str:
    """Our name for the system (“EPSG:9832”), else the one it has in the register, else the code."""
    if code.startswith("SK63:"):
        return _("SK-63, zone %(zone)s") % {"zone": code.removeprefix("SK63:")}
    digits = code.removeprefix("EPSG:")
    ours = crs_name(int(digits)) if digits.isdigit() else ""
    return ours if ours and ours != code else registered or code


def crs_choices(local_srid: int) -> list[Choice | tuple[str, list[Choice]]]:
    """For a select: read from the file, then the community's own system, then the rest in groups."""
    others = [code for code in LOCAL if code != local_srid]
    groups: list[tuple[str, Sequence[int]]] = [
        (_("The community's own"), [local_srid]),
        (_("Degrees and web maps"), [4326, 5561, 3857]),
        (_("UCS-2000, 3° zones"), TM_ZONES),
        (_("UCS-2000, 6° zones"), GK_ZONES),
        (_("Old: SK-63"), SK63_ZONES),
        (_("Old: SK-42"), [4284, *SK42_ZONES]),
        (_("UTM"), UTM_ZONES),
        (_("Local systems of other regions"), others),
    ]
    listed = [(title, [(f"EPSG:{code}", crs_name(code)) for code in codes]) for title, codes in groups]
    return [("", _("As the file says (.prj)")), *listed]


def encoding_choices() -> list[Choice]:
    """For a select: read from the file, then what files of Ukrainian offices are written in."""
    return [("", _("As the file says (.cpg)")), *((code, encoding_name(code)) for code in ENCODINGS)]


ENCODINGS = ("utf-8", "cp1251", "cp866", "koi8-u", "iso8859-5")


def encoding_name(code: str) -> str:
    """The encoding's name for people; the code itself for one that is not in our list."""
    if code.startswith(PREFIX):
        other = encoding_name(code.removeprefix(PREFIX))
        return _("UTF-8 in some rows, in the others %(other)s") % {"other": other}
    return {
        "utf-8": _("UTF-8, the usual one today"),
        "cp1251": _("Windows Cyrillic (cp1251)"),
        "cp866": _("DOS Cyrillic (cp866)"),
        "cp1125": _("DOS Ukrainian (cp1125)"),
        "mac-cyrillic": _("Macintosh Cyrillic"),
        "koi8-u": _("KOI8-U, old Unix"),
        "iso8859-5": _("ISO 8859-5, old Unix"),
    }.get(code, code)
