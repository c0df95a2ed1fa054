// Brings one parcel from the server to the shelf: its name, a newline, and its content, gzipped. It shows nothing.
import { put, unpack } from "./shelf.js";

export default async function ({ data }) {
  const end = data.indexOf(10);
  const name = new TextDecoder().decode(data.subarray(0, end));
  unpack(name);
  const content = new Blob([data.subarray(end + 1)]).stream().pipeThrough(new DecompressionStream("gzip"));
  put(name, new Uint8Array(await new Response(content).arrayBuffer()));
}
