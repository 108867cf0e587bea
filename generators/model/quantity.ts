const units: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Cores or bytes of a Kubernetes quantity: `100m`, `0.5`, `128Mi`. NaN for anything else. */
export function amount(quantity: string): number {
  const [, number, unit = ""] = /^([\d.]+)(\D*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
