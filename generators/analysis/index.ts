import type { Fault } from "../model/faults.ts";
import type { Platform } from "../model/platform.ts";
export function analyse(_platform: Platform): Fault[] { return []; }
