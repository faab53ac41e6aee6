/** The value at a path such as `a.b.c` in plain data; all of it for an empty path, undefined if there is none. */
export function atPath(data: unknown, path: string): unknown {
  return keysOf(path).reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined,
    data,
  );
}

/** A copy of `data` with `value` at a path such as `a.b.c`. Objects on the way that are missing or null are created. */
export function withPath<T extends object>(data: T, path: string, value: unknown): T {
  const change = (node: unknown, [key, ...rest]: readonly string[]): unknown =>
    key === undefined ? value : { ...(node as object | null), [key]: change(atPath(node, key), rest) };
  return change(data, keysOf(path)) as T;
}

/** `a.b` → [a, b] */
export function keysOf(path: string): readonly string[] {
  return path === "" ? [] : path.split(".");
}
