import { flatSettings, type RunConfig, type RunHistory } from "../../training/index.js";
import { quoted } from "../again.js";
import * as format from "../format.js";
import { html, type Html } from "../html.js";
import { table } from "../tables.js";
import { noticesOf, type Notice } from "./notices.js";
import type { TrainingView } from "./view.js";

const WORDS: Readonly<Record<Notice["severity"], string>> = {
  serious: "Something is wrong: ",
  warning: "Take care: ",
  info: "Note: ",
};

/** What the training's own checks say; a reader must not miss it. */
export function noticesSection(view: TrainingView): Html {
  const notices = noticesOf(view);
  return html`<section id="warnings" aria-label="Checks">
    <h2>Checks</h2>
    ${
      notices.length === 0
        ? html`<p>
            None of the training's checks has anything to say: a loss that is not a number, one answer to
            every image, catastrophic overfitting, an adversary without a gradient, accuracy no better than a
            guess.
          </p>`
        : html`<ul class="warnings">
            ${notices.map(
              ({ severity, title, message, step }) =>
                html`<li class="${severity}">
                  <strong>${WORDS[severity]}${title}.</strong> ${message}
                  <span class="file">step ${step}</span>
                </li> `,
            )}
          </ul>`
    }
  </section>`;
}

/** Every setting, as the run folder keeps it. */
export function settingsSection({ history }: TrainingView): Html {
  if (history === undefined) return html`<section id="settings"></section>`;
  const { config } = history;
  const shown = {
    data: config.data,
    "validation data": config.validationData ?? null,
    model: config.model,
    "image size": `${config.image.channels} × ${config.image.height} × ${config.image.width} (channels × height × width)`,
    classes: config.classNames.join(", "),
    ...flatSettings(config.settings),
  };
  return html`<section id="settings" aria-label="Settings">
    <h2>Settings</h2>
    <p class="note">${config.settings.recipe.title}: ${config.settings.recipe.description}</p>
    <details>
      <summary>Every setting</summary>
      ${table(
        `As ${history.folder} keeps them in config.json`,
        ["setting", "value"],
        Object.entries(shown).map(([name, value]) => [name, value === null ? "none" : String(value)]),
      )}
    </details>
  </section>`;
}

/** The command that goes on with the training, or that measures what it has come to. */
export function nextSection(view: TrainingView): Html {
  const { history, phase, folder } = view;
  if (history === undefined) return html`<section id="next"></section>`;
  if (phase === "finished") {
    return html`<section id="next" aria-label="Measure it">
      <h2>Measure it</h2>
      <pre><code>${measureCommand(history)}
${lookCommand(history)}</code></pre>
      <p class="note">
        The accuracies above are on the images that the weights were chosen by, under one attack of few steps:
        they flatter. The evaluation attacks images that the training never saw, with more. The second command
        draws where the model looks, clean and under attack.
      </p>
    </section>`;
  }
  if (history.lines.some((line) => line.type === "warning" && line.code === "diverged")) {
    return html`<section id="next" aria-label="What now">
      <h2>What now</h2>
      <p class="note">
        To go on would come to the same again: the next step is a function of the weights and the settings.
        Begin a new run, in another folder, with other settings.
      </p>
    </section>`;
  }
  const saved = history.savedStep ?? 0;
  return html`<section id="next" aria-label="Go on">
    <h2>${phase === "training" || phase === "preparing" ? "If it is stopped" : "Go on"}</h2>
    <pre><code>${command("train", "--resume", folder)}</code></pre>
    <p class="note">
      ${
        saved === 0
          ? "No checkpoint is saved yet: until there is one, a stop loses the steps done, and this begins again."
          : `Goes on after step ${saved}, the newest checkpoint, to the same weights as if it had never stopped.`
      }
    </p>
  </section>`;
}

function measureCommand(history: RunHistory): string {
  return command("evaluate", ...attackedRun(history), "--report", "report.html");
}

function lookCommand(history: RunHistory): string {
  return command("explain", ...attackedRun(history), "--out", "why");
}

function attackedRun({ folder, config }: RunHistory): readonly string[] {
  const { adversary } = config.settings.recipe;
  return [
    folder,
    "--data",
    testData(config),
    ...(adversary === undefined || adversary.norm === "linf" ? [] : ["--norm", adversary.norm]),
    ...(adversary === undefined ? [] : ["--epsilon", format.epsilon(adversary.epsilon)]),
  ];
}

/** The test split of the data; images that were set aside where all of them were trained on. */
function testData({ data, validationData }: RunConfig): string {
  if ((validationData ?? null) !== null) return "test-images";
  return `${data.replace(/:[^:/\\]*$/, "").replace(/[/\\]+$/, "")}:test`;
}

const command = (...words: readonly string[]): string => ["holdfast", ...words].map(quoted).join(" ");
