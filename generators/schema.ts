import { z } from "zod";
import { cluster } from "./model/cluster.ts";
import { environment } from "./model/environment.ts";
import { type Document, type Unit, unit } from "./render/output.ts";

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
