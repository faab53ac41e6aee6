import { expect, test } from "vitest";
import { reproductionByHand } from "../../../test/reproduction.js";
import { renderReproduction } from "./index.js";

const HOSTILE = `</script><img src=x onerror=alert(1)>" onmouseover="alert(2)' onfocus='\u2028$&\``;

test("no name of a dataset, class, model, defence or file becomes part of the page", async () => {
  const rows = ["undefended", `1 ${HOSTILE}`, `2 ${HOSTILE}`].map((model) => ({
    model,
    recipe: HOSTILE,
    clean: 80,
    attacked: 20,
  }));
  const { result, pictures } = reproductionByHand(rows, { name: HOSTILE, classNames: [HOSTILE, "dog"] });
  const page = await renderReproduction(result, pictures);

  const [before, json, after] = page.split(/<script type="application\/json" id="result">|<\/script>/);
  expect(page.split("</script>")).toHaveLength(2);
  expect(JSON.parse(json!)).toEqual(result);
  expect(json).not.toContain("<");

  const shown = before! + after!;
  const escaped = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot; onmouseover=&quot;alert(2)&#39;";
  for (const place of [
    `<section id="${escaped}`,
    `<h2>${escaped}`,
    `alt="clean image of ${escaped}`,
    `<p class="file">${escaped}`,
    "mean of 3 seeds",
    "<svg",
  ]) {
    expect(shown).toContain(place);
  }
  expect(shown).not.toMatch(/<img src=x|<script|["'] on[a-z]+=/);
});
