import { encodeNpy, type NpyArray } from "./npy.js";

/**
 * Arrays as the bytes of an `.npz` file, which is a zip of `.npy` files, stored without
 * compression (as `numpy.savez` does). Zip's old limits hold: 4 GiB and 65535 arrays.
 *
 * @throws RangeError beyond these limits.
 */
export function encodeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  const entries = Object.entries(arrays).map(([name, array]) => {
    const bytes = encodeNpy(array);
    return { name: new TextEncoder().encode(`${name}.npy`), bytes, crc: crc32(bytes), at: 0 };
  });
  const total = entries.reduce((sum, { name, bytes }) => sum + 76 + 2 * name.length + bytes.length, 22);
  if (total >= 2 ** 32 || entries.length >= 2 ** 16) {
    throw new RangeError(`${total} bytes are more than an .npz file can hold; save fewer images`);
  }
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  let at = 0;
  const put = (value: number, width: 2 | 4): void => {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  };
  const bytes = (each: Uint8Array): void => {
    out.set(each, at);
    at += each.length;
  };
  // Version 2.0, UTF-8 names, stored, the earliest date that zip knows: equal arrays, equal bytes.
  const common = ({ name, bytes: data, crc }: (typeof entries)[number]): void => {
    for (const value of [20, 0x800, 0, 0, 0x21]) put(value, 2);
    for (const value of [crc, data.length, data.length]) put(value, 4);
    put(name.length, 2);
    put(0, 2);
  };
  for (const entry of entries) {
    entry.at = at;
    put(0x04034b50, 4);
    common(entry);
    bytes(entry.name);
    bytes(entry.bytes);
  }
  const directory = at;
  for (const entry of entries) {
    put(0x02014b50, 4);
    put(20, 2);
    common(entry);
    for (const value of [0, 0, 0]) put(value, 2);
    put(0, 4);
    put(entry.at, 4);
    bytes(entry.name);
  }
  const size = at - directory;
  put(0x06054b50, 4);
  for (const value of [0, 0, entries.length, entries.length]) put(value, 2);
  put(size, 4);
  put(directory, 4);
  put(0, 2);
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
