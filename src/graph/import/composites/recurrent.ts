import { raise, type Raise } from "../raise.js";
import { gru, lstm, RNN } from "./recurrent/cells.js";
import { RECURRENT_ATTRIBUTES, unrolled } from "./recurrent/unrolled.js";

const flag = { kind: "int", default: 0 } as const;

/** Recurrent layers, unrolled. */
export const RECURRENT: Readonly<Record<string, Raise>> = {
  RNN: raise({
    attributes: RECURRENT_ATTRIBUTES,
    emit: (context) => {
      const [x, w, r, b, lengths, h] = context.inputs;
      return unrolled(context, RNN, { x: x!, w, r, b, lengths, h });
    },
  }),
  GRU: raise({
    attributes: { ...RECURRENT_ATTRIBUTES, linear_before_reset: flag },
    emit: (context) => {
      const [x, w, r, b, lengths, h] = context.inputs;
      const kind = gru(context.attributes.linear_before_reset !== 0);
      return unrolled(context, kind, { x: x!, w, r, b, lengths, h });
    },
  }),
  LSTM: raise({
    attributes: { ...RECURRENT_ATTRIBUTES, input_forget: flag },
    emit: (context) => {
      const [x, w, r, b, lengths, h, c, peepholes] = context.inputs;
      const kind = lstm(context.attributes.input_forget !== 0);
      return unrolled(context, kind, { x: x!, w, r, b, lengths, h, c, peepholes });
    },
  }),
};
