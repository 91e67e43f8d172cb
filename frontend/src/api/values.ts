/** Field values in words. */
import type { I18n } from "../i18n";
import type { FieldConfig, LayerConfig } from "./config";
import type { FeatureProperties } from "./features";

/** The value as the reader should see it, or null when nothing was filled in. */
export function fieldText(field: FieldConfig, value: unknown, i18n: I18n): string | null {
  if (value === null || value === undefined || value === "") return null;
  const listed = field.domain?.find(
    (entry) => entry.value === value || String(entry.value) === String(value),
  );
  if (listed) return listed.title;
  if (typeof value === "boolean") return i18n.t(value ? "value.yes" : "value.no");
  if (field.type === "date" || field.type === "datetime") {
    return i18n.date(String(value), field.type === "datetime");
  }
  if (typeof value === "number") {
    // Years and codes are integers without a unit: grouping would make 2 026 of 2026.
    const text = i18n.number(value, { useGrouping: field.type === "number" || Boolean(field.unit) });
    return field.unit ? `${text}\u00a0${field.unit}` : text;
  }
  return String(value);
}

/** What to call a feature: its naming field, else its first text, else its number. */
export function featureTitle(
  layer: LayerConfig,
  properties: FeatureProperties,
  id: number,
  i18n: I18n,
): string {
  const named = layer.labelField ? properties[layer.labelField] : null;
  if (typeof named === "string" && named) return named;
  for (const field of layer.fields) {
    const value = properties[field.key];
    if (field.type === "string" && !field.domain?.length && typeof value === "string" && value) return value;
  }
  return i18n.t("panel.untitled", { id: String(id) });
}
