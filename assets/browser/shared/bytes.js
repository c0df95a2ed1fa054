// Numbers on their way from the server: a component's data is JSON, so their bytes come as base64.

/** Base64 -> Uint8Array. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Base64 of little-endian float32 -> Float32Array. */
export function floatsOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}
