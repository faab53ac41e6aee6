import { OP_CATALOGUE } from "../../catalogue/index.js";
import { reachOf, windowOf } from "../../catalogue/windows.js";
import { checkInts, known } from "../../infer.js";
import { raise, type Raise } from "../raise.js";
import { DEFORM_CONV } from "./deform-conv.js";

export const CONVOLUTION: Readonly<Record<string, Raise>> = {
  DeformConv: DEFORM_CONV,
  /** Converts auto_pad to pads. */
  Conv: raise({
    attributes: OP_CATALOGUE.Conv.attributes,
    emit: ({ g, inputs, attributes }) => {
      if (attributes.auto_pad === "NOTSET" || inputs[1] === undefined) return undefined;
      const spatial = inputs[0]!.shape.slice(2).map((dim) => known(dim, "a spatial dimension"));
      const kernel = inputs[1].shape.slice(2).map((dim) => known(dim, "a weight dimension"));
      const { padsBegin, padsEnd } = windowOf(attributes, spatial, kernel);
      return [g.op("Conv", inputs, { ...attributes, auto_pad: undefined, pads: [...padsBegin, ...padsEnd] })];
    },
  }),
  /**
   * Converts auto_pad and output_shape to pads and output_padding. The surplus of the s (n − 1) + output_padding + span
   * positions is cut off at both ends. If it is odd, SAME_UPPER cuts one more at the end, other modes at the beginning.
   */
  ConvTranspose: raise({
    attributes: OP_CATALOGUE.ConvTranspose.attributes,
    emit: ({ g, inputs, attributes }) => {
      const { auto_pad: autoPad, output_shape: given, ...rest } = attributes;
      const plain = given === undefined && (autoPad === "NOTSET" || autoPad === "VALID");
      if (inputs[1] === undefined || (plain && autoPad === "NOTSET")) return undefined;
      const spatial = inputs[0]!.shape.slice(2).map((dim) => known(dim, "a spatial dimension"));
      const kernel = inputs[1].shape.slice(2).map((dim) => known(dim, "a weight dimension"));
      const count = spatial.length;
      // Checks everything except the pads, which are not known yet.
      const w = windowOf({ ...attributes, pads: undefined }, spatial, kernel);
      if (plain) return [g.op("ConvTranspose", inputs, { ...rest, pads: undefined })];
      const extra = attributes.output_padding ?? spatial.map(() => 0);
      checkInts(extra, "output_padding", { count, least: 0 });
      const wanted = given?.slice(-count) ?? spatial.map((length, i) => length * w.strides[i]!);
      checkInts(wanted, "output_shape", { count, least: 1 });
      const surplus = reachOf(spatial, w).map((reach, i) => reach + extra[i]! - wanted[i]!);
      // If the stride leaves gaps, an output_shape adds positions but SAME does not.
      const lacking = surplus.map((total) => (given === undefined ? 0 : Math.max(0, -total)));
      const cut = surplus.map((total) => Math.max(0, total));
      const half = cut.map((total) => Math.floor(total / 2));
      const other = cut.map((total, i) => total - half[i]!);
      return [
        g.op("ConvTranspose", inputs, {
          ...rest,
          pads: autoPad === "SAME_UPPER" ? [...half, ...other] : [...other, ...half],
          output_padding: extra.map((places, i) => places + lacking[i]!),
        }),
      ];
    },
  }),
};
