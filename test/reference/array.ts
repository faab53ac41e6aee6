/** A dense row-major array; every element type is kept as float64 (integers are exact to 2^53). */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const count = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

export function nd(shape: readonly number[], fill?: (index: readonly number[], at: number) => number): Nd {
  const data = new Float64Array(count(shape));
  if (fill !== undefined) {
    let at = 0;
    for (const index of positions(shape)) data[at] = fill(index, at++);
  }
  return { shape, data };
}

/** Every index of a shape in row-major order. */
export function* positions(shape: readonly number[]): Generator<readonly number[]> {
  const index = shape.map(() => 0);
  for (let left = count(shape); left > 0; left--) {
    yield [...index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Element at an index. */
export function at({ shape, data }: Nd, index: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) offset = offset * shape[axis]! + index[axis]!;
  return data[offset]!;
}

export function put({ shape, data }: Nd, index: readonly number[], value: number): void {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) offset = offset * shape[axis]! + index[axis]!;
  data[offset] = value;
}

/** Element of an operand broadcast to a larger rank. */
export function broadcastAt(x: Nd, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  return at(
    x,
    x.shape.map((dim, axis) => (dim === 1 ? 0 : index[axis + lead]!)),
  );
}

export function reshape(x: Nd, shape: readonly number[]): Nd {
  return { shape, data: x.data };
}
