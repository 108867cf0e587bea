import type { Cluster, Eks, Kind } from "../model/cluster.ts";
import type { Document } from "../render/output.ts";
import { kindNodePorts } from "./istio.ts";

/** Configuration for the tool that makes the cluster; none where slipway does not make it. */
export function clusterConfiguration({ name, provider }: Pick<Cluster, "name" | "provider">): Document[] {
  if (provider.type === "kind") return [{ file: "kind.yaml", content: kind(name, provider) }];
  if (provider.type === "eks") return [{ file: "eksctl.yaml", content: eksctl(name, provider) }];
  return [];
}

/** https://kind.sigs.k8s.io/docs/user/configuration/. The gateway's ports are mapped to loopback only. */
function kind(name: string, { image, controlPlanes, workers, httpPort, httpsPort }: Kind): object {
  const nodes = (count: number, role: string) => Array.from({ length: count }, () => ({ role, image }));
  const map = (containerPort: number, hostPort: number) => ({
    containerPort,
    hostPort,
    listenAddress: "127.0.0.1",
    protocol: "TCP",
  });
  const [first, ...others] = nodes(controlPlanes, "control-plane");
  return {
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    name,
    nodes: [
      { ...first, extraPortMappings: [map(kindNodePorts.http, httpPort), map(kindNodePorts.https, httpsPort)] },
      ...others,
      ...nodes(workers, "worker"),
    ],
  };
}

/** https://eksctl.io/usage/schema/. OIDC is what IAM roles for service accounts (IRSA) rest on. */
function eksctl(name: string, { region, kubernetes, zones, nodes }: Eks): object {
  return {
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name, region, version: kubernetes },
    iam: { withOIDC: true },
    availabilityZones: zones,
    managedNodeGroups: [
      {
        name: "default",
        instanceType: nodes.instanceType,
        minSize: nodes.min,
        maxSize: nodes.max,
        desiredCapacity: nodes.min,
        volumeSize: Number.parseInt(nodes.volume, 10),
        volumeType: "gp3",
        privateNetworking: true,
        availabilityZones: zones,
        iam: { withAddonPolicies: { autoScaler: true, awsLoadBalancerController: true } },
        tags: { "k8s.io/cluster-autoscaler/enabled": "true", [`k8s.io/cluster-autoscaler/${name}`]: "owned" },
      },
    ],
    addons: [
      { name: "vpc-cni", configurationValues: '{"enableNetworkPolicy": "true"}' },
      { name: "coredns" },
      { name: "kube-proxy" },
      {
        name: "aws-ebs-csi-driver",
        wellKnownPolicies: { ebsCSIController: true },
        // Since 1.30 a new cluster has no default StorageClass; this one is gp3.
        configurationValues: '{"defaultStorageClass": {"enabled": true}}',
      },
    ],
  };
}
