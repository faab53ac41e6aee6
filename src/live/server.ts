import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { UsageError } from "../errors/index.js";
import { createKeys, isCrossSite, refuseForeign, type Keys, type Refusal } from "./guard.js";
import { createStreams, type Parts, type Streams } from "./streams.js";

/** Serves a page on the loopback address, for whoever has its link. */
export interface LiveServer {
  readonly port: number;
  /** A link that lets in one browser, once. */
  link(): string;
  /** Notifies the open pages of news; they get it within the interval. */
  changed(): void;
  /** Sends the last news and a farewell; resolves when every page has it, or after a second. */
  end(words: string): Promise<void>;
}

/** A page, whole and in parts. */
export interface LivePage extends Parts {
  readonly html: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
}

export interface LiveServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** The current page; called only while someone is watching. */
  readonly page: () => Promise<LivePage>;
  /** Least milliseconds between two updates. */
  readonly interval?: number;
}

/** Only this machine can reach it. */
const ADDRESS = "127.0.0.1";
const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 3000,
  requestTimeout: 5000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 500,
} as const;
const MOST_CONNECTIONS = 32;
const INTERVAL_MS = 1000;
/** Pages may be slow to take the last parts; the training process must not wait for them. */
const GOODBYE_MS = 1000;

const policyOf = (own: string): string =>
  `${own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": policyOf("default-src 'none'"),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/**
 * Serves a training's page on 127.0.0.1: three fixed routes, only GET and HEAD, for requests with this server's own Host and
 * Origin and with the cookie that a one-time link gave. Nothing in a request names a file or an address.
 *
 * @throws UsageError if the port is in use or unavailable.
 */
export async function startServer(options: LiveServerOptions): Promise<LiveServer> {
  const streams = createStreams();
  const server = createServer(LIMITS, (request, response) => {
    answer(request, response, { ...options, port, keys, streams, renew }).catch((error: unknown) =>
      fail(response, error),
    );
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("clientError", refuseMalformed);
  let timer: NodeJS.Timeout | undefined;
  let last = Promise.resolve();
  // Strictly in order, so that an older page never follows a newer one.
  const renew = (): Promise<void> => {
    const next = last.then(async () => {
      if (streams.count > 0) streams.send(await options.page());
    });
    last = next.catch(() => {});
    return next;
  };
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const keys = createKeys(port);
  return {
    port,
    link: () => `http://${ADDRESS}:${port}/?token=${keys.issue()}`,
    changed() {
      timer ??= setTimeout(() => {
        // Changes in the meantime go out with the next update.
        timer = undefined;
        renew().catch(() => {});
      }, options.interval ?? INTERVAL_MS).unref();
    },
    async end(words) {
      clearTimeout(timer);
      await renew().catch(() => {});
      streams.end(words);
      await closed(server);
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const problems: Readonly<Record<string, string>> = {
        EADDRINUSE: "is in use by another program",
        EACCES: "cannot be used: the system reserves it for other programs",
      };
      const problem = problems[error.code ?? ""] ?? `cannot be listened on: ${error.message}`;
      const remedy = "Choose another port, or omit --port to take a free one.";
      reject(new UsageError({ place: `--port ${port}`, problem, remedy, cause: error }));
    });
    server.listen({ host: ADDRESS, port, exclusive: true }, resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Answers requests that are not HTTP, have too long headers, or take too long. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  const status: Readonly<Record<string, string>> = {
    HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
    ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  };
  if (socket.writable)
    socket.end(`HTTP/1.1 ${status[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
  else socket.destroy();
}

interface Context extends LiveServerOptions {
  readonly keys: Keys;
  readonly streams: Streams;
  readonly renew: () => Promise<void>;
}

/** A link's token: 32 bytes in base64url. */
const LINK = /^\/\?token=([\w-]{43})$/;

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { url = "", method = "", headers } = request;
  const { keys, streams } = context;
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const refusal = refuseForeign(headers, context.port) ?? refuseShape(request);
  if (refusal !== undefined) return refuse(response, refusal);
  const token = LINK.exec(url)?.[1];
  if (token === undefined && url !== "/" && url !== "/events")
    return refuse(response, { status: 404, words: "Not found." });
  if (token !== undefined && !keys.admits(headers)) {
    // A HEAD request, as link previews make, does not spend the token.
    if (method === "HEAD" || !keys.spend(token)) return refuse(response, { status: 403, words: SPENT });
    response.setHeader("Set-Cookie", keys.cookie);
  } else if (token === undefined && (isCrossSite(headers) || !keys.admits(headers)))
    return refuse(response, { status: 403, words: CLOSED });
  if (url === "/events") {
    if (!streams.hasRoom) return refuse(response, { status: 503, words: "Too many pages are open." });
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", Connection: "close" });
    if (method === "HEAD") return void response.end();
    streams.add(response);
    return context.renew();
  }
  const { html, policy } = token === undefined ? await context.page() : ENTRANCE;
  response.setHeader("Content-Security-Policy", policyOf(policy));
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(method === "HEAD" ? "" : html);
}

/** Answers if the page cannot be made, such as when its files are damaged. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else refuse(response, { status: 500, words: error instanceof Error ? error.message : String(error) });
}

const SPENT =
  "This link has been used. Each link works once; the browser that used it can still see the page.";
const CLOSED = "Open this page with the link that holdfast printed.";

/** Moves on to the page: a SameSite=Strict cookie is not sent after a link from another site, even after a redirect. */
const ENTRANCE = {
  policy: "default-src 'none'",
  html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>holdfast</title>
<meta http-equiv="refresh" content="0; url=/"></head><body><main><a href="/">The training</a></main></body></html>`,
};

/** Refuses methods that change something, and requests with a body. */
function refuseShape({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== "GET" && method !== "HEAD") return { status: 405, words: "Only GET and HEAD are answered." };
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
  return hasBody ? { status: 400, words: "A request must have no body." } : undefined;
}

function refuse(response: ServerResponse, { status, words }: Refusal): void {
  if (status === 405) response.setHeader("Allow", "GET, HEAD");
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  response.end(`${words}\n`);
}
