import { PeerAuthentication } from "@kubernetes-models/istio/security.istio.io/v1/PeerAuthentication";

/** Mutual TLS is required of every caller in the namespace; in Istio's root namespace: of every caller in the mesh. */
export function peerAuthentication(namespace: string): PeerAuthentication {
  return new PeerAuthentication({ metadata: { name: "default", namespace }, spec: { mtls: { mode: "STRICT" } } });
}
