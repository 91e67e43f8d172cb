/** What the elements of the import pages share: the reader's language, the token of forms, requests to the API. */
import { ApiError, requestJson } from "../api/http";
import { I18n } from "../i18n";
import { type Words, wordsOf } from "./words";

export function pageI18n(): I18n {
  return new I18n(document.documentElement.lang);
}

export function pageWords(): Words {
  return wordsOf(pageI18n());
}

export function csrfToken(): string {
  return document.querySelector<HTMLInputElement>('input[name="csrfmiddlewaretoken"]')?.value ?? "";
}

/** The JSON of a `<script type="application/json">`; null where the page has none of that id. */
export function pageJson<T>(id: string): T | null {
  const text = document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : null;
}

/** Sends JSON, or a form's fields, as the signed-in reader. Throws ApiError. */
export function send<T>(url: string, method: string, body: unknown): Promise<T> {
  const isForm = body instanceof URLSearchParams; // the browser names its type
  const headers = {
    ...(isForm ? {} : { "Content-Type": "application/json" }),
    "X-CSRFToken": csrfToken(),
    "Accept-Language": document.documentElement.lang,
  };
  return requestJson<T>(url, { method, headers, body: isForm ? body : JSON.stringify(body) });
}

/** Why it did not work, as a sentence for people. */
export function reason(error: unknown, words: Words): string {
  if (error instanceof ApiError && error.status !== 0) return error.message;
  return words("upload.noAnswer");
}
