import { expect, test } from "vitest";
import { createGenerator } from "../../tensor/index.js";
import { findSameImages } from "./duplicates.js";
import type { ImageFacts } from "./image.js";

test("150 000 pictures can be compared", () => {
  const stream = createGenerator(1).stream("looks");
  const thumbnail = new Uint8Array(3);
  const facts = Array.from({ length: 150_000 }, (_, i): ImageFacts => {
    const hash = Uint16Array.from({ length: 16 }, () => stream.integer(65_536));
    return {
      sha256: String(i % 149_999),
      format: "png",
      width: 40,
      height: 40,
      colour: "colour",
      deep: false,
      turned: false,
      frames: 1,
      uniform: false,
      look: { thumbnail, hash },
    };
  });
  expect(findSameImages(facts)).toEqual([{ kind: "same bytes", places: [0, 149_999] }]);
}, 60_000);
