"""Reads a page as a reader would: its words, its links, its forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

HOSTILE = "<script>alert(1)</script>\"'><b>"
"""A name or a value that a careless page would run."""
VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "path", "rect", "circle"})


@dataclass
class Tag:
    name: str
    attributes: dict[str, str]
    words: str = ""


@dataclass
class Document(HTMLParser):
    """Every element with its attributes and its own and inner words, in the order of the page."""

    source: str
    tags: list[Tag] = field(default_factory=list)
    open: list[Tag] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        self.tags.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().name != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            tag.words += data

    def all(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name == name]

    def words_of(self, name: str) -> list[str]:
        """The words of every element of this name, blanks joined."""
        return [" ".join(tag.words.split()) for tag in self.all(name)]

    def links(self) -> dict[str, str]:
        """Words of each link to its address."""
        return {" ".join(tag.words.split()): tag.attributes.get("href", "") for tag in self.all("a")}


def values(source: str) -> dict[str, Any]:
    """Names and values of a form's controls that a browser would send."""
    sent: dict[str, Any] = {}
    name, chosen = "", None
    for tag in Document(source).tags:
        kind = tag.attributes.get("type", "")
        if tag.name == "input" and tag.attributes.get("name"):
            if kind not in ("checkbox", "radio") or "checked" in tag.attributes:
                default = "on" if kind in ("checkbox", "radio") else ""
                sent[tag.attributes["name"]] = tag.attributes.get("value", default)
        elif tag.name == "select":
            name, chosen = tag.attributes["name"], None
        elif tag.name == "option" and name and (chosen is None or "selected" in tag.attributes):
            sent[name] = chosen = tag.attributes["value"]
        elif tag.name == "textarea":
            sent[tag.attributes["name"]] = tag.words
    return sent
