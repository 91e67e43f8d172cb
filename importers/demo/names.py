"""Street names and house numbers. Names of people are those of well-known historical figures only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import shapely
from numpy.random import Generator
from shapely import LineString, STRtree

from importers.demo.land import Street
from importers.demo.plots import Plot

NAMES = """
Шевченківська | Академіка Вернадського | Абрикосова | Аґрусова | Балкова | Барвінкова | Березова |
Берегова | Бджолярська | Богдана Хмельницького | Бузкова | Василя Симоненка | Василя Стуса | Вербова |
Веселкова | Весняна | Виноградна | Вишнева | Вишневецька | Волошкова | Гайдамацька | Гончарна | Горіхова |
Грушева | Гетьманська | Григорія Сковороди | Ґанкова | Дачна | Дванадцяти Верб | Дев’яти Криниць |
Джерельна | Довженка | Дружби | Духм’яна | Європейська | Житня | Журавлина | Запорізька | Затишна | Зелена
| Землеробна | Злагоди | Івана Франка | Івана Мазепи | Ізюмська | Їжакова | Калинова | Кам’яна | Каштанова
| Квітнева | Кленова | Ковальська | Колоскова | Конвалієва | Коцюбинського | Криничиста | Лебедина |
Левади | Леонтовича | Липнева | Липова | Лисенка | Лугова | Лук’янівська | Льонова | Любистова | М’ятна |
Максимовича | Малинова | Мальвова | Медова | Мельнична | Миру | Михайла Грушевського | Млинова | Молодіжна
| Мостова | Надрічна | Незалежності | Нечуя-Левицького | Нива | Ожинова | Олени Пчілки | Осіння |
Остапа Вишні | Очеретяна | Павла Тичини | Панаса Мирного | Пасічна | Південна | Північна | Під’їзна |
Підгірна | Пилипа Орлика | Плодова | Подільська | Покровська | Полтавська | Польова | Привітна | Пшенична
| Різдвяна | Робітнича | Рум’янкова | Рушникова | Садова | Світанкова | Свободи | Семена Палія | Січова |
Слобідська | Сонячна | Соняшникова | Степова | Стрілецька | Тернова | Тиха | Тополина | Троїцька | Туманна
| Урожайна | Устима Кармелюка | Учительська | Фруктова | Хліборобська | Холодноярська | Хутірська |
Цегельна | Цвітна | Чебрецева | Черешнева | Чигиринська | Чорнобривцева | Чумацька | Шипшинова | Шкільна |
Шовковична | Щаслива | Щедра | Юності | Яблунева | Яворова | Ягідна | Ярова | Яблучна | Ясенова
"""


def pool(rng: Generator) -> list[str]:
    """All names, shuffled."""
    names = [name.strip() for name in NAMES.replace("\n", " ").split("|")]
    return [names[i] for i in rng.permutation(len(names))]


def named(streets: list[Street], rng: Generator) -> list[Street]:
    """Gives each nameless street of a settlement a name that is not used there yet; short ones are lanes."""
    used = {s.name.split(" ", 1)[-1] for s in streets if s.name}
    free = [n for n in pool(rng) if n not in used]
    result = []
    for street in streets:
        if not street.name:
            word = "провулок" if street.line.length < 190 else "вулиця"
            street = replace(street, name=f"{word} {_agreed(free.pop(), word)}")
        result.append(street)
    return result


# Names in the genitive and nouns: the same after "вулиця" and "провулок".
UNCHANGED = {"Довженка", "Лисенка", "Леонтовича", "Максимовича", "Нива"}
MASCULINE = {"ська": "ський", "цька": "цький", "ня": "ній", "ва": "вий", "на": "ний", "а": "ий"}


def _agreed(name: str, word: str) -> str:
    """An adjective in the gender of its noun: вулиця Садова, but провулок Садовий."""
    if word != "провулок" or " " in name or name in UNCHANGED:
        return name
    for ending, masculine in MASCULINE.items():
        if name.endswith(ending):
            return name[: -len(ending)] + masculine
    return name


def number_houses(plots: list[Plot], streets: list[Street]) -> None:
    """Each plot in a settlement takes the street before it; odd numbers on the left, even on the right."""
    facing = [p for p in plots if p.patch is not None and p.settlement]
    fronts = shapely.points([p.patch.bottom[[0, -1]].mean(axis=0) for p in facing if p.patch is not None])
    tree = STRtree([s.line for s in streets])
    nearest = tree.nearest(fronts)
    groups: dict[tuple[int, bool], list[tuple[float, Plot]]] = defaultdict(list)
    for plot, front, index in zip(facing, fronts, nearest, strict=True):
        line = streets[index].line
        if plot.kind in ("garden", "allotment", "green"):
            continue
        at = float(line.project(front))
        groups[int(index), _is_left(line, at, front)].append((at, plot))
    for (index, left), members in groups.items():
        members.sort(key=lambda pair: pair[0])
        for i, (_, plot) in enumerate(members):
            plot.street = streets[index].name
            plot.number = str(2 * i + (1 if left else 2))


def _is_left(line: LineString, at_m: float, point: shapely.Point) -> bool:
    ends = shapely.get_coordinates(line.interpolate([max(at_m - 2, 0), min(at_m + 2, line.length)]))
    ahead = ends[1] - ends[0]
    aside = np.array([point.x, point.y]) - ends[0]
    return bool(ahead[0] * aside[1] - ahead[1] * aside[0] > 0)
