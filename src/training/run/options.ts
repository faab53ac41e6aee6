import type { Dataset, OpenOptions } from "../../data/index.js";
import type { openDevice } from "../../runtime/index.js";
import type { TrainingEvent, TrainingHooks } from "../loop.js";
import type { TrainingSettings } from "../settings/index.js";
import type { ValidationRecord } from "../state.js";
import type { InitialWeights, RunConfig } from "./folder.js";
import type { ImportSettings } from "./imported.js";

/** What a run trains, on which data, and how. */
export interface RunOptions {
  /** As for `openDataset`; its training split is used. */
  readonly data: string;
  readonly dataOptions?: OpenOptions | undefined;
  /** All training images of `data`, if the caller has already opened them. */
  readonly opened?: Dataset | undefined;
  /** Images that decide which weights are best, as for `openDataset`. By default they are split off the training images. */
  readonly validationData?: string | undefined;
  /**
   * Weights to start from (`.safetensors`, or an ONNX export that kept torchvision's names). The network then normalises
   * pixels as ImageNet models do, unless the weights are from a holdfast model trained without normalisation.
   */
  readonly initial?: string | undefined;
  /** Train on a class-balanced sample of this many images. */
  readonly limit?: number | undefined;
  /** Architecture, or the path of an ONNX classifier, or of a finished run. */
  readonly model: string;
  /** How that classifier is read, and whether it keeps its last layer. */
  readonly imported?: ImportSettings | undefined;
  readonly settings: TrainingSettings;
  /** The run folder; must not exist, or be empty. */
  readonly out: string;
  /** The tool named in `config.json`: this package by default. */
  readonly tool?: { readonly name: string; readonly version: string } | undefined;
}

/** Events of a run. */
export type RunEvent =
  | TrainingEvent
  | ({ readonly type: "initialised" } & InitialWeights)
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string }
  | { readonly type: "saved"; readonly model: string; readonly best: ValidationRecord | undefined };

/** Progress and cancellation of a run. */
export interface RunHooks extends Pick<TrainingHooks, "signal" | "compile"> {
  /** Called with the operators that the device leaves to the CPU. */
  readonly onCpu?: ((operators: readonly string[]) => void) | undefined;
  /** Opens devices; the runtime's function by default, or a stand-in in tests. */
  readonly openDevice?: typeof openDevice | undefined;
  /** Called for each event as it happens. */
  readonly onEvent?: ((event: RunEvent) => void | Promise<void>) | undefined;
}

/** A finished run. */
export interface FinishedRun {
  readonly folder: string;
  readonly model: string;
  readonly steps: number;
  readonly best: ValidationRecord | undefined;
  readonly config: RunConfig;
}
