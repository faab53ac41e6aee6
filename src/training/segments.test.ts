import { expect, test } from "vitest";
import { smallResnet, smallSettings } from "../../test/small-training.js";
import { RECIPES } from "../defences/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../tensor/index.js";
import { UPDATE } from "./update-names.js";
import { updateGraph } from "./update-graph.js";
import { updateOptions } from "./update-options.js";

const RECIPES_OF_KINDS = ["undefended", "igr", "rat", "at-alp", "awp", "free"] as const;

test.each(RECIPES_OF_KINDS)("%s has the same update with segments computed again", async (name) => {
  const recipe = RECIPES[name]!;
  const classNames = ["a", "b", "c"];
  const classifier = smallResnet(12, { classNames, defence: recipe.model, form: "train" });
  const options = updateOptions(classifier, smallSettings(recipe, { batchSize: 4 }));
  const of = (segments: number) => updateGraph(classifier, { ...options, segments });
  const random = createGenerator(5);
  const drawn = (name: string, shape: readonly number[]): Tensor => {
    const known = classifier.graph.initializers.get(name)?.data as Float32Array | undefined;
    const data = random
      .stream(name)
      .fillUniform(new Float32Array(sizeOf(shape)), 0, /:/.test(name) ? 0.01 : 1);
    // A copy: BatchNormalization may write over it.
    return tensor("float32", shape, known?.slice() ?? data);
  };
  const outputsOf = async (segments: number): Promise<Readonly<Record<string, Tensor>>> => {
    const { graph, perturbation } = of(segments);
    const outputs: Record<string, Tensor> = {};
    for (const each of [graph, perturbation]) {
      if (each === undefined) continue;
      const program = await compile(each, { threads: 1 });
      const feeds = program.inputs.map(({ name, shape }) => [name, drawn(name, shape)] as const);
      Object.assign(outputs, await program.run(Object.fromEntries(feeds)));
      await program.dispose();
    }
    return outputs;
  };
  const [wanted, found] = [await outputsOf(1), await outputsOf(4)];
  expect(of(4).graph.nodes.length).toBeGreaterThan(of(1).graph.nodes.length);
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  expect(found[UPDATE.loss]!.data).toEqual(wanted[UPDATE.loss]!.data);
  for (const [name, { data }] of Object.entries(wanted)) {
    const [x, y] = [found[name]!.data as Float32Array, data as Float32Array];
    const greatest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    const off = y.reduce((most, value, i) => Math.max(most, Math.abs(value - x[i]!)), 0);
    expect(off / greatest, name).toBeLessThan(1e-5);
  }
});
