// The page's only way to the server: the control interface under /sim.

/** An answer of the server that is not 2xx, or no answer at all (status 0). */
export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ServerError(0, "");
  }
  const text = await response.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = {};
  }
  if (!response.ok) {
    throw new ServerError(response.status, body.error ?? body.description ?? body.message ?? text.slice(0, 200));
  }
  return body;
}

export const get = (path) => request(path, { headers: { Accept: "application/json" } });

export const post = (path, body) =>
  request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** What a person does on a phone. */
export const act = (chat, verb, body) => post(`/sim/chats/${chat}/${verb}`, body);

/** Send a file as a person picks it; empty fields stay out. */
export function upload(chat, fields, file, name) {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null && value !== "") form.append(key, String(value));
  }
  form.append("file", file, name);
  return request(`/sim/chats/${chat}/upload`, { method: "POST", body: form });
}
