/** Recognizes pictures by their file extensions. */

/** Extensions of the supported formats. */
export const READ_PICTURE: RegExp = /\.(jpe?g|png|webp)$/i;

/** Extensions of picture formats that are not supported. */
export const UNREAD_PICTURE: RegExp = /\.(gif|bmp|tiff?|avif|hei[cf]|jxl|jp2|jfif)$/i;

/** Hidden files, including macOS's `._` companions of pictures. */
export function isHidden(name: string): boolean {
  return name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}
