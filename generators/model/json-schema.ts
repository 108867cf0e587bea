import { z } from "zod";
import type { Document, Unit } from "../render/output.ts";
import { unit } from "../render/output.ts";
import { cluster } from "./cluster.ts";
import { environment } from "./environment.ts";

/** JSON Schemas of the inputs, from the definition that checks them, for editors to complete and check against. */
export function schemaUnits(): Unit[] {
  return [
    unit("envs", "generators/model/environment.ts", "schema", {}, () => [
      schemaFile("environment.schema.json", environment),
    ]),
    unit("clusters", "generators/model/cluster.ts", "schema", {}, () => [schemaFile("cluster.schema.json", cluster)]),
  ];
}

function schemaFile(file: string, schema: z.ZodType): Document {
  return { file, content: z.toJSONSchema(schema, { io: "input", target: "draft-7", reused: "ref" }) };
}
