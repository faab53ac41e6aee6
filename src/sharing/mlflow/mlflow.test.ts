import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { UsageError } from "../../errors/index.js";
import { refusalOf } from "../../../test/refusal.js";
import { HOSTILE } from "../../../test/hostile.js";
import type { History } from "../history.js";
import { SendError } from "./errors.js";
import { logHistory } from "./log-history.js";
import { mlflowServer } from "./server.js";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}
type Answer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A tracking server that checks what MLflow's REST API documents, and answers as `instead` says where that says anything. */
async function fakeMlflow(
  instead: (asked: Asked) => Answer | "hang" | undefined = () => undefined,
): Promise<{ address: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const url = new URL(request.url!, "http://x");
      const each: Asked = {
        method: request.method!,
        path: url.pathname,
        authorization: request.headers.authorization,
        body: request.method === "GET" ? Object.fromEntries(url.searchParams) : parsed(request, text),
      };
      asked.push(each);
      const answer = instead(each) ?? usual(each);
      if (answer === "hang") return;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parsed(request: IncomingMessage, text: string): Record<string, unknown> {
  expect(request.headers["content-type"]).toBe("application/json");
  expect(Buffer.byteLength(text)).toBeLessThan(1e6);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Every text in JSON. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const ok = (body: unknown): Answer => ({ status: 200, body: JSON.stringify(body) });
const missing: Answer = {
  status: 404,
  body: JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST", message: "Could not find experiment" }),
};

function usual({ method, path, body }: Asked): Answer {
  const call = `${method} ${path.replace("/api/2.0/mlflow/", "")}`;
  switch (call) {
    case "GET experiments/get-by-name":
      return body["experiment_name"] === "known"
        ? ok({ experiment: { experiment_id: "7", lifecycle_stage: "active" } })
        : missing;
    case "POST experiments/create":
      return ok({ experiment_id: "8" });
    case "POST runs/create":
      expect(body).toMatchObject({ run_name: expect.any(String), start_time: expect.any(Number) });
      return ok({ run: { info: { run_id: "r1" } } });
    case "POST runs/log-batch": {
      const { run_id, metrics = [], params = [], tags = [] } = body as Record<string, unknown[]>;
      expect(run_id).toBe("r1");
      expect([metrics.length <= 1000, params.length <= 100, tags.length <= 100]).toEqual([true, true, true]);
      expect(metrics.length + params.length + tags.length).toBeLessThanOrEqual(1000);
      return ok({});
    }
    case "POST runs/update":
      return ok({ run_info: {} });
    default:
      throw new Error(`MLflow has no ${call}`);
  }
}

const history: History = {
  kind: "training",
  name: "at-alp",
  tool: { name: "holdfast", version: "1.2.3" },
  began: 1_700_000_000.25,
  seconds: 60,
  ending: "finished",
  settings: { epochs: 3, flip: false, data: "mnist", warmup: null },
  points: [
    { step: 1, seconds: 0.5, values: { "train/loss": 2.25, "train/accuracy": 0.5 } },
    { step: 2, seconds: 60, values: { "train/loss": NaN } },
  ],
  notes: [{ severity: "warning", text: "Step 2: <b>lost</b>" }],
};
const quick = { MLFLOW_HTTP_REQUEST_TIMEOUT: "20" };

test("a run is created, logged and finished in a new experiment", async () => {
  const { address, asked } = await fakeMlflow();
  const run = await logHistory(mlflowServer(`${address}/`, quick), history, "mine");
  expect(run).toEqual({
    name: "at-alp",
    experimentId: "8",
    runId: "r1",
    page: `${address}/#/experiments/8/runs/r1`,
  });
  expect(asked.map(({ path }) => path.replace("/api/2.0/mlflow/", ""))).toEqual([
    "experiments/get-by-name",
    "experiments/create",
    "runs/create",
    "runs/log-batch",
    "runs/log-batch",
    "runs/update",
  ]);
  expect(asked[1]!.body).toEqual({ name: "mine" });
  expect(asked[2]!.body).toMatchObject({ experiment_id: "8", run_name: "at-alp", start_time: 1700000000250 });
  expect(asked[2]!.body["tags"]).toContainEqual({
    key: "mlflow.note.content",
    value: "- **Take care:** Step 2: &lt;b&gt;lost&lt;/b&gt;",
  });
  expect(asked[3]!.body["params"]).toEqual([
    { key: "epochs", value: "3" },
    { key: "flip", value: "false" },
    { key: "data", value: "mnist" },
    { key: "warmup", value: "none" },
  ]);
  expect(asked[4]!.body["metrics"]).toEqual([
    { key: "train/loss", value: 2.25, timestamp: 1700000000750, step: 1 },
    { key: "train/accuracy", value: 0.5, timestamp: 1700000000750, step: 1 },
    { key: "train/loss", value: "NaN", timestamp: 1700000060250, step: 2 },
  ]);
  expect(asked[5]!.body).toEqual({ run_id: "r1", status: "FINISHED", end_time: 1700000060250 });
});

test("a known experiment is used; a run under way stays open", async () => {
  const { address, asked } = await fakeMlflow();
  const run = await logHistory(mlflowServer(address, quick), { ...history, ending: undefined }, "known");
  expect(run.experimentId).toBe("7");
  expect(asked.map(({ path }) => path.split("/").at(-1))).not.toContain("update");
});

test("a training that failed is a run that failed", async () => {
  const { address, asked } = await fakeMlflow();
  await logHistory(mlflowServer(address, quick), { ...history, ending: "failed" }, "known");
  expect(asked.at(-1)!.body).toMatchObject({ status: "FAILED", end_time: 1700000060250 });
});

test("long histories go in requests of the size that is allowed, and nothing is left out", async () => {
  const { address, asked } = await fakeMlflow();
  const points = Array.from({ length: 2500 }, (_, step) => ({ step, seconds: step, values: { loss: step } }));
  const settings = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`s${i}`, "ä".repeat(600)]));
  await logHistory(mlflowServer(address, quick), { ...history, points, settings }, "known");
  const batches = asked.filter(({ path }) => path.endsWith("log-batch")).map(({ body }) => body);
  const sizes = batches.map(({ metrics, params }) => ((metrics ?? params) as unknown[]).length);
  expect(sizes).toEqual([100, 100, 50, 1000, 1000, 500]);
  const [{ value }] = batches[0]!["params"] as [{ value: string }];
  expect([Buffer.byteLength(value) <= 500, value.endsWith("ä…")]).toEqual([true, true]);
});

test("whoever asks says who they are, and the password is shown to nobody", async () => {
  const { address, asked } = await fakeMlflow();
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
  const named = new URL(address);
  Object.assign(named, { username: "ann", password: "p@ss" });
  const servers = [
    mlflowServer(address, { MLFLOW_TRACKING_USERNAME: "eve", MLFLOW_TRACKING_PASSWORD: "x" }),
    mlflowServer(address, { MLFLOW_TRACKING_TOKEN: "t0k" }),
    mlflowServer(named.href, {}),
  ];
  for (const server of servers) await logHistory(server, history, "known");
  expect([...new Set(asked.map(({ authorization }) => authorization))]).toEqual([
    basic("eve:x"),
    "Bearer t0k",
    basic("ann:p@ss"),
  ]);
  expect(servers[2]!.address).toBe(address);
});

test.each([
  [401, '{"message":"no"}', /refuses the login: experiments\/get-by-name answered 401.*no/],
  [403, "", /refuses the login/],
  [404, "<html>nothing here</html>", /has no MLflow at this address.*404/],
  [302, "", /redirects to https:\/\/evil\.example/],
  [500, '{"error_code":"INTERNAL_ERROR","message":"out\\n of\\u001b luck"}', /answered 500.*: out of/],
  [200, "<html>a portal</html>", /is not an MLflow server/],
  [200, "{}", /is not an MLflow server: its answer has no experiment\.experiment_id/],
] as const)("an answer of %s is an error that says what to do", async (status, body, words) => {
  const headers = { location: "https://evil.example" };
  const { address, asked } = await fakeMlflow(() => ({ status, body, headers }));
  const server = mlflowServer(address, { MLFLOW_TRACKING_TOKEN: "secret" });
  const error = await refusalOf(logHistory(server, history, "known"), SendError);
  expect([error.place, error.exitCode]).toEqual([address, 1]);
  expect(error.problem).toMatch(words);
  expect(error.message).not.toContain("secret");
  expect(asked).toHaveLength(1);
});

test("a server that nobody runs, a host that is not known, one that does not answer", async () => {
  const { address } = await fakeMlflow();
  const [gone] = open.splice(0);
  await new Promise((resolve) => gone!.close(resolve));
  const refused = await refusalOf(logHistory(mlflowServer(address, {}), history, "known"), SendError);
  expect(refused.problem).toMatch(/refuses the connection/);
  const slow = await fakeMlflow(() => "hang");
  const server = mlflowServer(slow.address, { MLFLOW_HTTP_REQUEST_TIMEOUT: "0.2" });
  const late = await refusalOf(logHistory(server, history, "known"), SendError);
  expect(late.problem).toBe("gave no answer within 0.2 s");
});

test("a run that cannot be logged to its end is marked as failed, and the first error is told", async () => {
  const { address, asked } = await fakeMlflow(({ path }) =>
    path.endsWith("log-batch") ? { status: 503, body: "" } : undefined,
  );
  const error = await refusalOf(logHistory(mlflowServer(address, quick), history, "known"), SendError);
  expect(error.problem).toMatch(/runs\/log-batch answered 503/);
  expect(asked.at(-1)!.body).toMatchObject({ run_id: "r1", status: "FAILED" });
});

test("a deleted experiment is named", async () => {
  const experiment = { experiment_id: "7", lifecycle_stage: "deleted" };
  const { address } = await fakeMlflow(() => ok({ experiment }));
  const error = await refusalOf(logHistory(mlflowServer(address, {}), history, "known"), SendError);
  expect(error.message).toMatch(/"known" was deleted[\s\S]*--experiment/);
});

test.each(["file:///tmp/mlruns", "sqlite:///x.db", "databricks", "localhost:5000", ""])(
  "%j is not the address of a server",
  (uri) => {
    expect(() => mlflowServer(uri, {})).toThrow(UsageError);
  },
);

test.each(HOSTILE)("names go as plain text: %j", async (name) => {
  const { address, asked } = await fakeMlflow();
  const hostile = {
    ...history,
    name,
    settings: { data: name },
    notes: [{ severity: "info", text: name } as const],
  };
  await logHistory(mlflowServer(address, quick), hostile, name);
  for (const text of textsIn(asked.map(({ body }) => body)))
    expect(text).not.toMatch(/[\p{Cc}\p{Surrogate}\u202e]/u);
  const tags = asked.find(({ path }) => path.endsWith("runs/create"))!.body["tags"] as { value: string }[];
  expect(tags.at(-1)!.value).toMatch(/^- [^<@|]+$/);
  expect(tags.at(-1)!.value.replace(/\\./g, "")).not.toMatch(/[[\]`*!]/);
});
