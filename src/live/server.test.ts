import { request, type IncomingHttpHeaders } from "node:http";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../errors/index.js";
import { startServer, type LivePage, type LiveServer } from "./server.js";

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const pageOf = (text: string): LivePage => ({
  title: text,
  sections: new Map([["answer", `<p id="answer">${text}</p>`]]),
  html: `<!doctype html><title>${text}</title>`,
  policy: "default-src 'none'",
});

let server: LiveServer;
let cookie = "";
let shown = "first";
let made = 0;
beforeAll(async () => {
  server = await startServer({
    port: 0,
    interval: 5,
    page: async () => {
      made++;
      return pageOf(shown);
    },
  });
  const { headers } = await ask({ path: pathOf(server.link()) });
  cookie = headers["set-cookie"]![0]!.split(";")[0]!;
});
afterAll(() => server.end("over"));

const pathOf = (link: string): string => link.replace(/^http:\/\/127\.0\.0\.1:\d+/, "");

function ask({
  path = "/",
  method = "GET",
  headers = {},
  port = server.port,
}: {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  port?: number;
}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    asked.on("error", reject).end();
  });
}

/** Sends bytes as they are; what came back until the connection was closed. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

const ROUTES = ["/", "/events", `/?token=${"a".repeat(43)}`];
const host = (): string => `127.0.0.1:${server.port}`;

describe.each(ROUTES)("%s", (path) => {
  test.each([
    "example.com",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.0.0.1.example.com",
    "localhost.",
    "[::1]",
    "0.0.0.0",
    "",
  ])("refuses the host %j", async (name) => {
    const text = await send(
      `GET ${path} HTTP/1.1\r\nHost: ${name}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
  });

  test("refuses a request without a host", async () => {
    expect(await send(`GET ${path} HTTP/1.1\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(await send(`GET ${path} HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test.each([
    "null",
    "http://example.com",
    "https://127.0.0.1",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
  ])("refuses the origin %s", async (origin) => {
    const { status, text } = await ask({ path, headers: { cookie, origin } });
    expect([status, text]).toEqual([403, "Only the page itself may request this.\n"]);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])(
    "refuses %s",
    async (method) => {
      const { status, headers } = await ask({ path, method, headers: { cookie } });
      expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
    },
  );

  test("refuses a body", async () => {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${host()}\r\nCookie: ${cookie}\r\n`;
    expect(await send(`${head}Content-Length: 2\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await send(`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ["none", {}],
    ["another one", { cookie: "holdfast=x; session=y" }],
    ["one that is made up", () => ({ cookie: `holdfast-${server.port}=${"a".repeat(43)}` })],
    ["an empty one", () => ({ cookie: `holdfast-${server.port}=` })],
    ["half of it", () => ({ cookie: cookie.slice(0, -4) })],
  ])("refuses who has no cookie: %s", async (_, given) => {
    const { status, headers } = await ask({ path, headers: typeof given === "function" ? given() : given });
    expect([status, headers["set-cookie"]]).toEqual([403, undefined]);
  });

  test("has the headers that keep it to itself, refused or not", async () => {
    for (const headers of [{ cookie }, {}]) {
      const { headers: found } = await ask({ path, method: "HEAD", headers });
      expect(found["content-security-policy"]).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/);
      expect(found).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
      });
      expect(Object.keys(found).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });
});

test.each([
  "/index.html",
  "/favicon.ico",
  "/report.html",
  "//",
  "//example.com/",
  "/./",
  "/../etc/passwd",
  "/%2e%2e/etc/passwd",
  "/%252e%252e/",
  "/..\\..\\",
  "\\",
  "/events/",
  "/events?x",
  "/EVENTS",
  "/?",
  "/?token=",
  `/?token=${"a".repeat(42)}`,
  `/?token=${"a".repeat(43)}&url=http://example.com`,
  "/?url=http://example.com",
  "/#x",
  "*",
  "http://example.com/",
])("there is nothing at %s", async (path) => {
  const text = await send(
    `GET ${path} HTTP/1.1\r\nHost: ${host()}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1\.1 40[04] /);
});

test("a link lets one browser in, once, and asking for its headers does not use it up", async () => {
  const path = pathOf(server.link());
  expect(path).toMatch(/^\/\?token=[\w-]{43}$/);
  expect((await ask({ path, method: "HEAD" })).status).toBe(403);
  const { status, headers, text } = await ask({ path });
  expect(status).toBe(200);
  expect(headers["set-cookie"]).toEqual([
    expect.stringMatching(/^holdfast-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
  ]);
  expect(text).toContain('url=/"');
  expect((await ask({ path })).status).toBe(403);
  // Who is in already is led on.
  expect((await ask({ path, headers: { cookie } })).status).toBe(200);
  expect((await ask({ headers: { cookie: `a=b; ${cookie}; c=d` } })).text).toContain("<!doctype html>");
});

test("links of one server are no use to another", async () => {
  const other = await startServer({ port: 0, page: async () => pageOf("other") });
  try {
    const path = pathOf(server.link());
    expect((await ask({ path, port: other.port })).status).toBe(403);
    expect((await ask({ port: other.port, headers: { cookie } })).status).toBe(403);
  } finally {
    await other.end("over");
  }
});

test.each([
  ["cross-site", 403],
  ["same-site", 403],
  ["same-origin", 200],
  ["none", 200],
])("a browser that says %s gets %i", async (site, status) => {
  expect((await ask({ headers: { cookie, "sec-fetch-site": site } })).status).toBe(status);
});

test("localhost and the page's own origin are let in", async () => {
  const name = `localhost:${server.port}`;
  const { status } = await ask({ headers: { cookie, host: name, origin: `http://${name}` } });
  expect(status).toBe(200);
  expect((await ask({ headers: { cookie, host: name, origin: `http://${host()}` } })).status).toBe(403);
});

describe("what is too much", () => {
  test("headers of more than 8 KiB", async () => {
    const text = await send(`GET / HTTP/1.1\r\nHost: ${host()}\r\nX: ${"x".repeat(9000)}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("what is not HTTP", async () => {
    expect(await send("\x16\x03\x01\x02\x00\x01\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a request that does not come to its end is closed", async () => {
    expect(await send(`GET / HTTP/1.1\r\nHost: ${host()}\r\n`)).toMatch(/^HTTP\/1\.1 408 /);
  }, 30_000);

  test("more than eight pages that wait", async () => {
    const streams = await Promise.all(Array.from({ length: 8 }, () => listen()));
    expect((await ask({ path: "/events", headers: { cookie } })).status).toBe(503);
    for (const { close } of streams) close();
  });
});

test("only the loopback address listens", async () => {
  const outer = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (outer === undefined) return;
  const refused = new Promise((resolve, reject) => {
    connect(server.port, outer.address, () => reject(new Error("connected"))).on("error", resolve);
  });
  expect(((await refused) as NodeJS.ErrnoException).code).toBe("ECONNREFUSED");
});

test("a port in use is said, with what to do", async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, "127.0.0.1", () => resolve((other.address() as { port: number }).port));
  });
  const error = await startServer({ port, page: async () => pageOf("") }).catch((e: unknown) => e);
  other.close();
  expect(error).toBeInstanceOf(UsageError);
  expect((error as Error).message).toBe(
    `--port ${port}: is in use by another program\n  Choose another port, or omit --port to take a free one.`,
  );
});

/** Waits at `/events`; what came so far. */
function listen(): Promise<{ readonly text: () => string; readonly ended: Promise<void>; close(): void }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: server.port,
      path: "/events",
      headers: { cookie },
      agent: false,
    };
    const asked = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      const ended = new Promise<void>((done) => void response.on("close", done));
      resolve({ text: () => text, ended, close: () => void asked.destroy() });
    });
    asked.on("error", reject).end();
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("a page that waits", () => {
  test("gets all of it, then what has changed alone, and a goodbye", async () => {
    const own = await startServer({ port: 0, interval: 5, page: async () => pageOf(shown) });
    const before = [server, cookie] as const;
    server = own;
    try {
      cookie = (await ask({ path: pathOf(own.link()) })).headers["set-cookie"]![0]!.split(";")[0]!;
      const page = await listen();
      await until(() => page.text().includes("first"));
      expect(page.text()).toContain(
        'event: parts\ndata: {"title":"first","answer":"<p id=\\"answer\\">first</p>"}\n\n',
      );
      shown = "second";
      own.changed();
      await until(() => page.text().includes("second"));
      own.changed();
      await until(() => page.text().includes(": nothing new"));
      await own.end("It is over.");
      await page.ended;
      expect(page.text()).toMatch(/event: end\ndata: "It is over."\n\n$/);
      await expect(ask({ headers: { cookie } })).rejects.toThrow(/ECONNREFUSED/);
    } finally {
      [server, cookie] = before;
    }
  });

  test("costs nothing where there is none: the page is not made", async () => {
    const before = made;
    for (let i = 0; i < 5; i++) {
      server.changed();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(made).toBe(before);
  });

  test("one that cannot be made is an error of the page alone", async () => {
    const broken = await startServer({
      port: 0,
      page: () => Promise.reject(new Error("log.jsonl: damaged")),
    });
    const { headers } = await ask({ path: pathOf(broken.link()), port: broken.port });
    const own = headers["set-cookie"]![0]!.split(";")[0]!;
    const { status, text } = await ask({ port: broken.port, headers: { cookie: own } });
    expect([status, text]).toEqual([500, "log.jsonl: damaged\n"]);
    await broken.end("over");
  });
});
