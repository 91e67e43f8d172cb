"""Cadastral exchange files (XML and in4) made by code, with the persons that real ones hold."""

from dataclasses import dataclass, field
from pathlib import Path

from pyproj import Transformer

SECRET_NAME, SECRET_NUMBER, SECRET_PASSPORT = "Вигаданенко Проба Тестівна", "1234567899", "АА000000"
KOATUU, ZONE, QUARTER = "0510600000", "01", "001"
# Two parcels side by side and a pond in the first, as metres from a corner: point id -> (east, north).
PLACES = {
    "1": (0, 0), "2": (100, 0), "3": (100, 100), "4": (0, 100), "5": (200, 0), "6": (200, 100),
    "7": (20, 20), "8": (40, 20), "9": (40, 40), "10": (20, 40),
}  # fmt: skip
LINES = {
    "a": ["2", "1", "4", "3"], "b": ["2", "3"], "c": ["2", "5", "6", "3"], "d": ["7", "8", "9"], "e": ["7", "10", "9"],
}  # fmt: skip
MSK_05 = "<USC2000/><Local>МСК-05</Local>"


def corner(epsg: int = 9832) -> tuple[float, float]:
    """A corner of the parcels in a projected system: east, north."""
    return Transformer.from_crs(4326, epsg, always_xy=True).transform(29.24, 48.68)


@dataclass
class ExchangeFile:
    """What varies between the files of the tests."""

    system: str = MSK_05
    origin: tuple[float, float] = field(default_factory=corner)
    number: str = "{:.3f}"
    lines: dict[str, list[str]] = field(default_factory=lambda: dict(LINES))
    root: str = "UkrainianCadastralExchangeFile"
    unit: str = "M"

    def text(self) -> str:
        east, north = self.origin
        points = "".join(
            f"<Point><UIDP>{key}</UIDP><PN>{key}</PN><X>{self.number.format(north + dy)}</X>"
            f"<Y>{self.number.format(east + dx)}</Y></Point>"
            for key, (dx, dy) in PLACES.items()
        )
        lines = "".join(
            f"<PL><ULID>{key}</ULID><Points>{''.join(f'<P>{point}</P>' for point in line)}</Points></PL>"
            for key, line in self.lines.items()
        )
        return f"""<?xml version="1.0" encoding="UTF-8"?><{self.root}>
<AdditionalPart><ServiceInfo><FormatVersion>0.7</FormatVersion></ServiceInfo><InfoLandWork><Executor>
<Chief><ChiefName><LastName>{SECRET_NAME}</LastName></ChiefName></Chief></Executor></InfoLandWork></AdditionalPart>
<InfoPart><MetricInfo><CoordinateSystem>{self.system}</CoordinateSystem><HeightSystem/>
<MeasurementUnit>{self.unit}</MeasurementUnit><PointInfo>{points}</PointInfo><Polyline>{lines}</Polyline></MetricInfo>
<CadastralZoneInfo><KOATUU>{KOATUU}</KOATUU><CadastralZoneNumber>{KOATUU}:{ZONE}</CadastralZoneNumber>
<CadastralQuarters><CadastralQuarterInfo><CadastralQuarterNumber>{QUARTER}</CadastralQuarterNumber>
<Parcels>{parcel("0001", _FIRST)}{parcel("0002", _border("c", "b"))}</Parcels>
</CadastralQuarterInfo></CadastralQuarters></CadastralZoneInfo></InfoPart></{self.root}>"""

    def write(self, folder: Path, name: str = "обмін.xml") -> Path:
        path = folder / name
        path.write_text(self.text(), encoding="utf-8")
        return path


def _border(*lines: str) -> str:
    return f"<Boundary><Lines>{''.join(f'<Line><ULID>{line}</ULID></Line>' for line in lines)}</Lines></Boundary>"


_FIRST = _border("b", "a") + f"<Internals>{_border('d', 'e')}</Internals>"
_PERSON = f"""<NaturalPerson><FullName><LastName>{SECRET_NAME}</LastName></FullName>
<TaxNumber>{SECRET_NUMBER}</TaxNumber>
<Passport><PassportNumber>{SECRET_PASSPORT}</PassportNumber></Passport>
<Address><Street>вул. {SECRET_NAME}</Street></Address>
</NaturalPerson>"""


def parcel(number: str, border: str) -> str:
    return f"""<ParcelInfo><ParcelLocationInfo><Region>Вінницька область</Region><Settlement>м. Ладижин</Settlement>
<ParcelLocation><Rural/></ParcelLocation></ParcelLocationInfo>
<CategoryPurposeInfo><Category>200</Category><Purpose>02.01</Purpose></CategoryPurposeInfo>
<OwnershipInfo><Code>100</Code></OwnershipInfo>
<ParcelMetricInfo><ParcelID>{number}</ParcelID><Area><MeasurementUnit>га</MeasurementUnit><Size>1,0000</Size></Area>
<Error>0,01</Error><Externals>{border}</Externals></ParcelMetricInfo>
<Proprietors><ProprietorInfo><Authentication>{_PERSON}</Authentication></ProprietorInfo></Proprietors>
<ValuationInfo><Normative><ValuationDate>2020-05-06</ValuationDate><Value>12\u00a0345,67</Value></Normative></ValuationInfo>
<LandsParcel><LandParcelInfo><LandCode>001.01</LandCode><MetricInfo><Area><MeasurementUnit>кв.м</MeasurementUnit>
<Size>10000</Size></Area><Externals>{border}</Externals></MetricInfo></LandParcelInfo></LandsParcel>
<Restrictions><RestrictionInfo><RestrictionCode>05.01</RestrictionCode><RestrictionName>Охоронна зона</RestrictionName>
<Externals>{border}</Externals></RestrictionInfo></Restrictions>
<Leases><LeaseInfo><LeaseAgreement><Leasee>{_PERSON}</Leasee><RegistrationDate>2021-01-02</RegistrationDate>
</LeaseAgreement><Externals>{border}</Externals></LeaseInfo></Leases>
<AdjacentUnits><AdjacentUnit><Proprietor>{_PERSON}</Proprietor></AdjacentUnit></AdjacentUnits></ParcelInfo>"""


def in4(system: str = '"2,Х"', origin: tuple[float, float] | None = None, purpose: str = "2.1") -> str:
    """A zone with a quarter, a parcel with a hole, its land use and a neighbour."""
    east, north = origin if origin is not None else corner(7827)

    def nodes(*keys: str) -> str:
        return "".join(
            f'N={number},NP="{key}",X={north + PLACES[key][1]:.2f},Y={east + PLACES[key][0]:.2f},MX=0.10\n'
            for number, key in enumerate(keys, 1)
        )

    return f"""# FORMAT 4.0
BR,DS="{KOATUU}",SD="{ZONE}",CS={system}
BL,BC="{QUARTER}"
SR,SC="{QUARTER}0001",AD="вул. Тестова, 1",PS=1.0000,PZ="{purpose}",NM="{SECRET_NAME}",AU="вул. {SECRET_NAME}"
KF="{SECRET_NUMBER}",PP="{SECRET_PASSPORT}",VP="{SECRET_NAME}",GL="{SECRET_NAME}"
{nodes("1", "2", "3", "4")}{nodes("7", "8", "9", "10")}CL,CC="001.01",PL=0.5
{nodes("1", "2", "3", "4")}NB,NM="{SECRET_NAME}"
{nodes("2", "3")}"""
