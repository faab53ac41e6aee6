import { neededFor, UnreadableModelError } from "../graph/index.js";
import type { HoldfastError } from "../errors/index.js";
import type { Model } from "../onnx/index.js";
import type { Obstacle } from "./attackable.js";
import type { UnreadableInspection } from "./inspection-schema.js";

/**
 * What is missing for an unreadable model: every unsupported node, and what it would need.
 *
 * @param notEvaluable why it cannot be measured unchanged either; null if it can.
 */
export function inspectUnreadable(
  { name, path, sha256 }: { readonly name: string; readonly path: string; readonly sha256: string },
  model: Model,
  error: HoldfastError,
  notEvaluable: string | null,
): UnreadableInspection {
  const nodes = error instanceof UnreadableModelError ? error.nodes : [];
  const obstacles = nodes.map(({ node, op, problem }): Obstacle => ({
    node,
    op,
    problem,
    needed: neededFor({ op, problem }),
  }));
  const unread = new Set(nodes.map(({ op }) => op));
  const counts = new Map<string, number>();
  for (const { domain, opType } of model.graph.nodes) {
    const op = domain === "" ? opType : `${domain}.${opType}`;
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  const operators = [...counts].map(([op, count]) => ({ op, count, readable: !unread.has(op) }));
  return {
    kind: "inspection",
    schemaVersion: 1,
    readable: false,
    attackable: false,
    name,
    path,
    sha256,
    problem:
      nodes.length === 0
        ? `${error.place}: ${error.problem}`
        : `${nodes.length} of its ${model.graph.nodes.length} nodes cannot be read`,
    needed: nodes.length === 0 ? (error.remedy ?? "Export the model again.") : "See each node.",
    evaluable: notEvaluable === null,
    notEvaluable,
    obstacles,
    operators: operators.sort((a, b) => b.count - a.count || a.op.localeCompare(b.op, "en")),
  };
}
