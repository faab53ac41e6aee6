import { sameShape } from "../../tensor/index.js";
import { operator, ShapeError, type InferContext, type OutputType } from "../infer.js";
import { imageOf, WINDOW, windowOf, windowOutput } from "./windows.js";

const pooling = { ...WINDOW, ceil_mode: { kind: "int", default: 0 } } as const;

function pool(context: InferContext<typeof pooling>): OutputType[] {
  const { batch, channels, spatial } = imageOf(context);
  const w = windowOf(context.attributes, spatial);
  w.kernel.forEach((length, axis) => {
    if (Math.max(w.padsBegin[axis]!, w.padsEnd[axis]!) >= length) {
      throw new ShapeError(
        `pads must be smaller than the kernel's ${length}: a window of only padding has no value`,
      );
    }
  });
  const out = windowOutput(spatial, w, context.attributes.ceil_mode === 1);
  const shape = [batch, channels, ...out];
  return [
    { dtype: context.input(0).dtype, shape },
    { dtype: "int64", shape },
  ];
}

function globalPool(context: Pick<InferContext, "input">): OutputType[] {
  const { batch, channels, spatial } = imageOf(context);
  return [{ dtype: context.input(0).dtype, shape: [batch, channels, ...spatial.map(() => 1)] }];
}

/** Ops that reduce each window, or each whole map, to one number. */
export const POOLING = {
  MaxPool: operator({
    inputs: [1, 1],
    outputs: [1, 2],
    attributes: {
      ...pooling,
      storage_order: { kind: "int", default: 0 },
    },
    infer: (context) => pool(context),
  }),
  /** Passes a cotangent `[N, C, …out]` to the position of each window's first maximum in x `[N, C, …]`. */
  MaxPoolGradient: operator({
    internal: true,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: pooling,
    infer: (context) => {
      const [{ dtype, shape }, arrived] = [context.input(0), context.input(1)];
      const expected = pool(context)[0]!.shape;
      if (!sameShape(arrived.shape, expected)) {
        throw new ShapeError(
          `its cotangent is [${arrived.shape.join(", ")}], expected [${expected.join(", ")}]`,
        );
      }
      return [{ dtype, shape }];
    },
  }),
  AveragePool: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {
      ...pooling,
      count_include_pad: { kind: "int", default: 0 },
    },
    infer: (context) => pool(context).slice(0, 1),
  }),
  GlobalAveragePool: operator({ inputs: [1, 1], outputs: [1, 1], attributes: {}, infer: globalPool }),
  GlobalMaxPool: operator({ inputs: [1, 1], outputs: [1, 1], attributes: {}, infer: globalPool }),
};

export type PoolingOp = keyof typeof POOLING;
