/** Requests to our own API, and its one shape of error. */

/** What went wrong, in the API's words: `code` is stable, `message` is a sentence in the reader's language. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** The whole problem document, with its further members. */
    readonly problem: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Throws ApiError, or AbortError when `signal` ends the request. */
export async function requestJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: {
        Accept: "application/json, application/geo+json, application/problem+json",
        ...init.headers,
      },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "no-answer", "The server could not be reached.");
  }
  if (!response.ok) throw await toError(response);
  return (await response.json()) as T;
}

async function toError(response: Response): Promise<ApiError> {
  let problem: Record<string, unknown> = {};
  try {
    problem = (await response.json()) as Record<string, unknown>;
  } catch {
    // A proxy's HTML page, or nothing: the status has to do.
  }
  const text = (value: unknown) => (typeof value === "string" && value ? value : null);
  const message = text(problem.detail) ?? text(problem.title) ?? `HTTP ${response.status}`;
  return new ApiError(response.status, text(problem.code) ?? "unknown", message, problem);
}
