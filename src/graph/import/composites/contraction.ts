import { raise, type Raise } from "../raise.js";
import { einsum } from "./einsum.js";

export const CONTRACTION: Readonly<Record<string, Raise>> = {
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
