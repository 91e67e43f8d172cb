"""KML, GPX and GML that include, link elsewhere, nest and count wrongly."""

from tests.importers.corpus.base import READ, Hostile, a_text

_ENTITY = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{secret}">]>'
_LAUGHS = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]>"
)
_KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'
_PLACEMARK = "<Placemark><name>x</name>{}</Placemark>"
_GML = (
    '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {attributes}>{body}</gml:FeatureCollection>'
)
_MEMBER = "<gml:featureMember><place><name>x</name><geom>{}</geom></place></gml:featureMember>"
_GML_POINT = '<gml:Point srsName="{}"><gml:pos>48.7 29.2</gml:pos></gml:Point>'
_GPX = '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="x">{}</gpx>'
_SHELL = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs></Polygon>"


MARKUP: tuple[Hostile, ...] = (
    Hostile("KML with an external entity", a_text("map.kml", _ENTITY + _KML.format(body="&x;")), "doctype-refused"),
    Hostile("GPX with an external entity", a_text("map.gpx", _ENTITY + "<gpx>&x;</gpx>"), "doctype-refused"),
    Hostile("GML with an external entity", a_text("map.gml", _ENTITY + "<gml:FeatureCollection/>"), "doctype-refused"),
    Hostile("KML with a billion laughs", a_text("map.kml", _LAUGHS + "<kml>&a11;</kml>"), "doctype-refused"),
    Hostile("XML called .kml", a_text("map.kml", "<html><body>map</body></html>"), "content-mismatch"),
    Hostile("KML cut off", a_text("map.kml", _KML[:40]), "unreadable-file"),
    Hostile("KML that only links elsewhere", a_text("map.kml", _KML.format(
        body="<NetworkLink><Link><href>file://{secret}</href></Link></NetworkLink>"
    )), "empty-layer"),
    Hostile("KML of 100,000 folders in each other", a_text(
        "map.kml", "<kml>" + "<Folder>" * 100_000 + "</Folder>" * 100_000 + "</kml>"
    ), "empty-layer"),
    Hostile("KML with a name for each of 3,000 values", a_text("map.kml", "<kml><Document>" + "".join(
        f"<Placemark><ExtendedData><Data name='a{n}'><value>1</value></Data></ExtendedData><Point><coordinates>29,48"
        "</coordinates></Point></Placemark>" for n in range(3_000)
    ) + "</Document></kml>"), "over-limit"),
    Hostile("KML with a table of a million cells", a_text("map.kml", "<kml><Placemark><description>" + (
        "&lt;tr&gt;&lt;td&gt;a&lt;td&gt;b" * 200_000
    ) + "</description></Placemark></kml>"), "no-geometry"),
    Hostile("KML with NaN", a_text("map.kml", _KML.format(body="".join(
        _PLACEMARK.format(f"<Point><coordinates>{item}</coordinates></Point>")
        for item in ("nan,48", "29,inf", "1e999,1")
    ))), "nothing-left"),
    Hostile("KML with 1e308", a_text("map.kml", _KML.format(
        body=_PLACEMARK.format(_SHELL.format("1e308,1e308 -1e308,1e308 0,-1e308 1e308,1e308"))
    )), "nothing-left"),
    Hostile("KML with a megabyte of spaces between coordinates", a_text("map.kml", _KML.format(
        body=_PLACEMARK.format("<Point><coordinates>29.2" + " " * 1_000_000 + "48.7</coordinates></Point>")
    )), "no-geometry"),
    Hostile("KML with a link, an overlay and a place", a_text("map.kml", _KML.format(
        body="<NetworkLink><Link><href>file://{secret}</href></Link></NetworkLink><GroundOverlay><Icon><href>{secret}"
        "</href></Icon></GroundOverlay>" + _PLACEMARK.format("<Point><coordinates>29.2,48.7</coordinates></Point>")
    )), READ),
    Hostile("KML with geometries 3,000 deep", a_text("map.kml", _KML.format(body=_PLACEMARK.format(
        "<MultiGeometry>" * 3_000 + "<Point><coordinates>29.2,48.7</coordinates></Point>" + "</MultiGeometry>" * 3_000
    ))), "nothing-left"),
    Hostile("KML in UTF-7", a_text("map.kml", '<?xml version="1.0" encoding="utf-7"?>' + _KML.format(body="")),
            "unreadable-file"),
    Hostile("KML in UTF-16 with an entity", a_text(
        "map.kml", _ENTITY + _KML.format(body="&x;"), encoding="utf-16"
    ), "content-mismatch"),
    Hostile("GML with an xlink to another file", a_text("map.gml", _GML.format(attributes="", body=_MEMBER.format(
        '<gml:pointProperty xlink:href="file://{secret}"/>'
    ))), "no-geometry"),
    Hostile("GML with a schema elsewhere", a_text("map.gml", _GML.format(
        attributes='xsi:schemaLocation="http://x http://127.0.0.1:9/x.xsd file://{secret} {secret}"',
        body=_MEMBER.format(_GML_POINT.format("EPSG:4326")),
    )), READ),
    Hostile("GML whose CRS is an address", a_text("map.gml", _GML.format(
        attributes="", body=_MEMBER.format(_GML_POINT.format("http://127.0.0.1:9/crs"))
    )), "crs-unknown"),
    Hostile("GML with a CRS for each of 500 objects", a_text("map.gml", _GML.format(attributes="", body="".join(
        _MEMBER.format(_GML_POINT.format(f"EPSG:{32600 + n % 60}")) for n in range(500)
    ))), READ),
    Hostile("GML with a late DOCTYPE", a_text("map.gml", _GML.format(
        attributes="", body="<!DOCTYPE x [<!ENTITY a 'b'>]>" + _MEMBER.format("&a;")
    )), "unreadable-file"),
    Hostile("GML with NaN", a_text("map.gml", _GML.format(
        attributes="", body=_MEMBER.format("<gml:Point><gml:pos>NaN INF</gml:pos></gml:Point>")
    )), "crs-unknown"),
    Hostile("GML cut off", a_text("map.gml", _GML.format(
        attributes="", body=_MEMBER.format(_GML_POINT.format("EPSG:4326")) * 20
    )[:-200]), "unreadable-file"),
    Hostile("GPX with NaN", a_text("map.gpx", _GPX.format('<wpt lat="NaN" lon="inf"><name>x</name></wpt>')),
            "nothing-left"),
    Hostile("GPX with a track of nothing", a_text("map.gpx", _GPX.format("<trk><trkseg/></trk>")), "nothing-left"),
    Hostile("GPX cut off", a_text("map.gpx", _GPX.format('<wpt lat="48" lon="29"/>' * 50)[:-60]), "unreadable-file"),
)  # fmt: skip
