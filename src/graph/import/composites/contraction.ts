import { raise, type Raise } from "../raise.js";
import { attention } from "./attention.js";
import { einsum } from "./einsum.js";
import { rotaryEmbedding } from "./rotary-embedding.js";

export const CONTRACTION: Readonly<Record<string, Raise>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
  Einsum: raise({
    attributes: { equation: { kind: "string", required: true } },
    emit: ({ g, inputs, attributes: { equation } }) => [
      einsum(
        g,
        equation,
        inputs.map((value) => value!),
      ),
    ],
  }),
};
