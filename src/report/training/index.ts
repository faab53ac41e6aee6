export { kindOf } from "./notices.js";
export { LIVE_POLICY, renderLive, renderTraining, trainingPage } from "./render.js";
export { viewOf, type Now, type TrainingView } from "./view.js";
