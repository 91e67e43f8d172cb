/** The town's layers as Django would describe them in #map-config. */
import type { LayerConfig, MapConfig } from "../src/api/config";
import { CENTRE, type Town } from "./town.ts";

type Draft = Pick<
  LayerConfig,
  "title" | "theme" | "themeTitle" | "geometryType" | "style" | "legend" | "fields"
> &
  Partial<LayerConfig>;

const own = ["match", ["to-string", ["get", "own"]]];
const OWNERS = [
  ["100", "Приватна", "#f3d9a4", null],
  ["200", "Комунальна", "#9fc6dd", "hatch45"],
  ["300", "Державна", "#c9b7dc", null],
] as const;
const OTHER = "#e3e2dc";
const zone = ["match", ["get", "zone"]];
const ZONES = [
  ["Ж-1", "Садибна забудова", "#f6e3b4"],
  ["Г-2", "Громадська забудова", "#e9a58f"],
  ["Р-3", "Рекреаційна", "#a9cf96"],
  ["В-4", "Виробнича", "#b9a7c6"],
] as const;
const social = ["match", ["get", "kind"]];
const KINDS = [
  ["school", "Школи", "#1f6f8b"],
  ["cnap", "ЦНАП", "#7a3e9d"],
  ["shelter", "Укриття", "#b3471d"],
  ["hospital", "Медицина", "#a81e3c"],
] as const;
const text = (title: string, key: string) => ({ key, title, type: "string" as const });

const DRAFTS: Record<string, Draft> = {
  social: {
    title: "Заклади та укриття",
    theme: "social",
    themeTitle: "Послуги",
    geometryType: "Point",
    style: [
      {
        id: "c",
        type: "circle",
        paint: {
          "circle-color": [...social, ...KINDS.flatMap(([key, , color]) => [key, color]), "#555"],
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 3, 16, 7],
          "circle-stroke-color": "#ffffff",
          "circle-stroke-width": 1.5,
        },
      },
      {
        id: "t",
        type: "symbol",
        minzoom: 14,
        layout: {
          "text-field": ["to-string", ["get", "name"]],
          "text-size": 12,
          "text-anchor": "top",
          "text-offset": [0, 0.8],
        },
        paint: { "text-color": "#2a2440", "text-halo-color": "#ffffff", "text-halo-width": 1.4 },
      },
    ],
    legend: KINDS.map(([, label, fill]) => ({
      label,
      kind: "circle",
      fill,
      stroke: "#ffffff",
      width: 1.5,
      radius: 6,
    })),
    fields: [
      text("Назва", "name"),
      { ...text("Вид", "kind"), domain: KINDS.map(([value, title]) => ({ value, title })) },
    ],
  },
  power: {
    title: "Лінії електропередачі",
    theme: "infrastructure",
    themeTitle: "Інженерні мережі",
    geometryType: "LineString",
    style: [
      {
        id: "l",
        type: "line",
        paint: { "line-color": "#9b2c2c", "line-width": 2, "line-dasharray": [4, 2] },
      },
    ],
    legend: [{ label: "", kind: "line", stroke: "#9b2c2c", width: 2, dash: [4, 2] }],
    fields: [{ key: "kv", title: "Напруга", type: "integer", unit: "кВ" }],
  },
  land_parcel: {
    title: "Земельні ділянки",
    theme: "land",
    themeTitle: "Земля",
    geometryType: "Polygon",
    canEdit: true,
    minzoom: 12,
    attribution: "Держгеокадастр (навчальні дані)",
    labelField: "cad_num",
    style: [
      {
        id: "f",
        type: "fill",
        paint: {
          "fill-color": [...own, ...OWNERS.flatMap(([key, , color]) => [key, color]), OTHER],
          "fill-opacity": 0.85,
        },
      },
      {
        id: "h",
        type: "fill",
        filter: ["==", ["get", "own"], "200"],
        paint: { "fill-pattern": "hatch45", "fill-color": "#47789a" },
      },
      {
        id: "l",
        type: "line",
        paint: {
          "line-color": "#7a5c3a",
          "line-width": ["interpolate", ["linear"], ["zoom"], 12, 0.3, 16, 1.2],
        },
      },
      {
        id: "t",
        type: "symbol",
        minzoom: 17,
        layout: { "text-field": ["to-string", ["get", "cad_num"]], "text-size": 11, "text-max-width": 8 },
        paint: { "text-color": "#4a3520", "text-halo-color": "#ffffff", "text-halo-width": 1.2 },
      },
    ],
    legend: [
      ...OWNERS.map(([, label, fill, pattern]) => ({
        label,
        kind: "fill" as const,
        fill,
        pattern,
        stroke: pattern ? "#47789a" : "#7a5c3a",
        width: 1,
      })),
      { label: "Не зазначено", kind: "fill" as const, fill: OTHER, stroke: "#7a5c3a", width: 1 },
    ],
    fields: [
      text("Кадастровий номер", "cad_num"),
      { ...text("Форма власності", "own"), domain: OWNERS.map(([value, title]) => ({ value, title })) },
      { key: "area_ha", title: "Площа", type: "number", unit: "га" },
      { key: "registered", title: "Дата реєстрації", type: "date" },
      text("Цільове призначення", "purpose"),
    ],
  },
  zone: {
    title: "Функціональне зонування",
    theme: "planning",
    themeTitle: "Планування",
    geometryType: "Polygon",
    visible: false,
    style: [
      {
        id: "f",
        type: "fill",
        paint: {
          "fill-color": [...zone, ...ZONES.flatMap(([key, , color]) => [key, color]), OTHER],
          "fill-opacity": 0.8,
        },
      },
    ],
    legend: ZONES.map(([, label, fill]) => ({ label, kind: "fill", fill })),
    fields: [{ ...text("Зона", "zone"), domain: ZONES.map(([value, title]) => ({ value, title })) }],
  },
  settlement: {
    title: "Населені пункти",
    theme: "base",
    themeTitle: "Основа",
    geometryType: "Point",
    base: true,
    style: [
      {
        id: "t",
        type: "symbol",
        layout: {
          "text-field": ["get", "name"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 9, 12, 15, 19],
          "text-font": ["Noto Sans Bold"],
          "symbol-sort-key": -10,
        },
        paint: { "text-color": "#26323a", "text-halo-color": "#fbfaf6", "text-halo-width": 2 },
      },
    ],
    legend: [{ label: "", kind: "circle", fill: "#26323a", radius: 3 }],
    fields: [text("Назва", "name")],
  },
  street: {
    title: "Вулиці",
    theme: "base",
    themeTitle: "Основа",
    geometryType: "LineString",
    base: true,
    style: [
      {
        id: "c",
        type: "line",
        minzoom: 12,
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": "#b9b3a3",
          "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 12, 2.4, 18, 19],
        },
      },
      {
        id: "l",
        type: "line",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": ["match", ["get", "kind"], "main", "#fff3cf", "#ffffff"],
          "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 12, 1.2, 18, 16],
        },
      },
      {
        id: "t",
        type: "symbol",
        minzoom: 14,
        layout: { "text-field": ["get", "name"], "text-size": 12, "symbol-placement": "line" },
        paint: { "text-color": "#4b4a44", "text-halo-color": "#ffffff", "text-halo-width": 1.6 },
      },
    ],
    legend: [{ label: "", kind: "line", stroke: "#b9b3a3", width: 4 }],
    fields: [text("Назва", "name")],
  },
  building: {
    title: "Будівлі",
    theme: "base",
    themeTitle: "Основа",
    geometryType: "Polygon",
    base: true,
    minzoom: 14,
    style: [{ id: "f", type: "fill", paint: { "fill-color": "#c9c2b4", "fill-outline-color": "#9c937f" } }],
    legend: [{ label: "", kind: "fill", fill: "#c9c2b4", stroke: "#9c937f", width: 1 }],
    fields: [{ key: "floors", title: "Поверхів", type: "integer" }],
  },
  water: {
    title: "Води",
    theme: "base",
    themeTitle: "Основа",
    geometryType: "Polygon",
    base: true,
    style: [{ id: "f", type: "fill", paint: { "fill-color": "#9cc7e0" } }],
    legend: [{ label: "", kind: "fill", fill: "#9cc7e0" }],
    fields: [text("Назва", "name")],
  },
};

export function townConfig(town: Town, lang: string): MapConfig {
  const layers = Object.entries(DRAFTS).map(
    ([slug, draft]): LayerConfig => ({
      name: `demo.${slug}`,
      tiles: `/tiles/demo.${slug}/{z}/{x}/{y}.mvt`,
      version: 1,
      minzoom: 8,
      maxzoom: 16,
      extent: null,
      count: town[slug]?.length ?? 0,
      base: false,
      visible: true,
      canEdit: false,
      itemUrl: `/api/collections/demo.${slug}/items/{id}`,
      pageUrl: `/demo/layers/${slug}/{id}/`,
      layerUrl: `/demo/layers/${slug}/`,
      ...draft,
    }),
  );
  const [lng, lat] = CENTRE;
  return {
    lang,
    community: { slug: "demo", title: lang === "en" ? "Zelenyi Hai community" : "Зеленогайська громада" },
    bounds: [lng - 0.022, lat - 0.0125, lng + 0.022, lat + 0.0125],
    layers,
    editorAvailable: true,
    urls: { layers: "/demo/layers/" },
  };
}
