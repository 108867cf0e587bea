/** Everything that must hold in every platform, by what it is about. */
import { argo } from "./argo.ts";
import { network } from "./network.ts";
import { platform } from "./platform.ts";
import { pods } from "./pods.ts";

export const invariants = { pods, network, argo, platform };
