/** Most channels of a picture: so few that products with them are all overhead. */
export const PICTURE_CHANNELS = 4;
