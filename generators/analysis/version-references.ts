import { nearMiss } from "../model/faults.ts";
import { forEachService } from "./rule.ts";

/** A route to a subset that no DestinationRule has answers 503. */
export const versionReferences = forEachService(function* ({ primary, headerRoutes = [], mirror, versions }) {
  const names = Object.keys(versions);
  const references = [
    { path: ["primary"], version: primary },
    ...headerRoutes.map(({ version }, index) => ({ path: ["headerRoutes", index, "version"], version })),
    { path: ["mirror", "version"], version: mirror?.version },
  ];
  for (const { path, version } of references) {
    if (version === undefined || names.includes(version)) continue;
    yield {
      path,
      message: `there is no version ${version}; ${nearMiss(version, names) || `versions are ${names.join(", ")}`}`,
    };
  }
});
