import { describe, expect, it } from "vitest";
import { RECIPES } from "../defences/index.js";
import type { Node } from "../graph/index.js";
import { createClassifier } from "../models/index.js";
import { fastConvolutions } from "../runtime/index.js";
import { createGenerator, sizeOf } from "../tensor/index.js";
import { OPTIMISERS } from "./optimisers/index.js";
import { updateGraph } from "./update-graph.js";

describe("the update graph", () => {
  it.each(Object.values(RECIPES).map((recipe) => [recipe.name, recipe] as const))(
    "of %s on maps so small that convolutions become products",
    (_, { weights, model }) => {
      const classifier = createClassifier("resnet18-narrow", {
        channels: 3,
        height: 32,
        width: 32,
        classNames: ["a", "b", "c"],
        random: createGenerator(0),
        defence: model,
        form: "train",
      });
      const options = { batchSize: 2, weights, optimiser: OPTIMISERS.sgd, decayAll: true, ema: false };
      const graph = fastConvolutions(updateGraph(classifier, options).graph);
      const isSmall = ({ op, outputs }: Node): boolean =>
        op === "Conv" && sizeOf(graph.values.get(outputs[0]!)!.shape.slice(2)) <= 16;
      expect(graph.nodes.filter(isSmall)).toEqual([]);
    },
  );
});
