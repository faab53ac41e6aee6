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

/** The findings of the training's own checks; a reader must not miss them. */
export function noticesSection(view: TrainingView): Html {
  const notices = noticesOf(view);
  return html`<section id="warnings" aria-label="Checks">
    <h2>Checks</h2>
    ${
      notices.length === 0
        ? html`<p>
            The checks found no problem: no loss that is not a number, no single prediction for every image,
            no catastrophic overfitting, no adversary without a gradient, no accuracy as low as a guess.
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

/** Every setting, as saved in the run folder. */
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
        `As saved in config.json of ${history.folder}`,
        ["setting", "value"],
        Object.entries(shown).map(([name, value]) => [name, value === null ? "none" : String(value)]),
      )}
    </details>
  </section>`;
}

/** The command that resumes the training, or that measures its result. */
export function nextSection(view: TrainingView): Html {
  const { history, phase, folder } = view;
  if (history === undefined) return html`<section id="next"></section>`;
  if (phase === "finished") {
    return html`<section id="next" aria-label="Measure it">
      <h2>Measure it</h2>
      <pre><code>${measureCommand(history)}
${lookCommand(history)}</code></pre>
      <p class="note">
        The accuracies above are optimistic: the weights were chosen on these images, under one attack with
        few steps. The evaluation attacks images that the training never saw, with stronger attacks. The
        second command draws where the model looks, clean and under attack.
      </p>
    </section>`;
  }
  if (history.lines.some((line) => line.type === "warning" && line.code === "diverged")) {
    return html`<section id="next" aria-label="Next step">
      <h2>Next step</h2>
      <p class="note">
        Resuming would fail the same way, because the next step depends only on the weights and the settings.
        Start a new run with other settings, in another folder.
      </p>
    </section>`;
  }
  const saved = history.savedStep ?? 0;
  return html`<section id="next" aria-label="Resume">
    <h2>${phase === "training" || phase === "preparing" ? "If it is stopped" : "Resume it"}</h2>
    <pre><code>${command("train", "--resume", folder)}</code></pre>
    <p class="note">
      ${
        saved === 0
          ? "No checkpoint is saved yet. If the training stops before the first one, this command starts again from step 0."
          : `Continues after step ${saved}, the newest checkpoint. The final weights are the same as if it had never stopped.`
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

/** The test split of the data, or the held-out images if all others were used for training. */
function testData({ data, validationData }: RunConfig): string {
  if ((validationData ?? null) !== null) return "test-images";
  return `${data.replace(/:[^:/\\]*$/, "").replace(/[/\\]+$/, "")}:test`;
}

const command = (...words: readonly string[]): string => ["holdfast", ...words].map(quoted).join(" ");
