// Codes of many digits, and where one code lies on a plane.

/** The rows of little-endian float32 numbers, so many in each. */
export function rowsOf(bytes, length) {
  const numbers = new Float32Array(bytes.slice().buffer);
  return Array.from({ length: numbers.length / length }, (_, row) =>
    numbers.subarray(row * length, (row + 1) * length),
  );
}

/** Codes as the server sends them: one row a dimension of the plane of mu, then of sigma (of a VAE). */
export function readCodes(bytes, labels, dims, count = labels.length) {
  const rows = rowsOf(bytes, count);
  const [mu, sigma] = [rows.slice(0, dims.length), rows.slice(dims.length)];
  // With one dimension the other way is free: a line of the plane for each class.
  const half = labels.reduce((most, label) => Math.max(most, label), 1) / 2;
  const spread = Float32Array.from(labels.subarray(0, count), (label) => label / half - 1);
  const none = new Float32Array(count);
  return { x: mu[0], y: mu[1] ?? spread, wide: sigma[0] ?? null, high: sigma.length ? (sigma[1] ?? none) : null };
}

/** Codes as columns of a table: {"z 1": values, "z 2": values}. */
export function columnsOf(name, codes) {
  return Object.fromEntries(Array.from(codes[0] ?? [], (_, d) => [`${name} ${d + 1}`, codes.map((code) => code[d])]));
}

/** Where a code lies on the plane of the one or two dimensions dims; second: its height where there is one. */
export function onPlane(code, dims, second = 0) {
  return [code[dims[0]], dims.length > 1 ? code[dims[1]] : second];
}
