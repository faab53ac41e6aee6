/** Pictures by the endings of their names. */

/** Endings of the formats that are read. */
export const READ_PICTURE: RegExp = /\.(jpe?g|png|webp)$/i;

/** Endings of pictures in formats that are not. */
export const UNREAD_PICTURE: RegExp = /\.(gif|bmp|tiff?|avif|hei[cf]|jxl|jp2|jfif)$/i;

/** Hidden files, and macOS's doubles of pictures. */
export function isHidden(name: string): boolean {
  return name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}
