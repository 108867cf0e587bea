import { testCommand, testerUrl } from "../delivery/canary.ts";
import { type Boundary, environmentOf } from "./boundary.ts";
import { map, type Policy, text, texts } from "./policy.ts";

/** Which of a cluster's components there are. */
interface Components {
  readonly istio: boolean;
  readonly flagger: boolean;
}

/**
 * What an environment may put into its namespaces, whoever writes it, where a kind reaches beyond them: hosts on the shared
 * gateway, routes, addresses outside of the cluster, commands of the shared load tester. What Istio confines to a namespace
 * by itself (Sidecar, EnvoyFilter, Telemetry, policies) needs no rule.
 */
export function trafficPolicies(boundaries: readonly Boundary[], components: Components): Policy[] {
  const within = (subject: string) => ({
    when: `(${environmentOf(subject, boundaries)}) != ''`,
    variables: { environment: environmentOf(subject, boundaries) },
  });
  const inNamespace = within("request.namespace");
  const isOwn = (namespace: string) =>
    `[${namespace}].all(n, (${environmentOf("n", boundaries)}) == variables.environment)`;
  /** A short name is one of the object's own namespace. */
  const isOwnService = (host: string) =>
    `(!${host}.contains('.') && ${host} != '*' || ${host}.endsWith('.svc.cluster.local') && ${isOwn(`${host}.split('.')[1]`)})`;
  const hosts = map(boundaries.map(({ name, hosts }) => [name, texts(hosts)]));
  const secrets = map(boundaries.map(({ name, secret = "" }) => [name, text(secret)]));
  const istio = { ...inNamespace, apiGroup: "networking.istio.io" };
  const withHosts = { ...istio.variables, hosts: `${hosts}[variables.environment]` };
  return [
    {
      ...within("object.metadata.name"),
      name: "namespaces",
      apiGroup: "",
      resource: "namespaces",
      rules: {
        "A namespace of an environment must enforce Pod Security restricted.":
          "object.metadata.?labels[?'pod-security.kubernetes.io/enforce'].orValue('') == 'restricted' && object.metadata.?labels[?'pod-security.kubernetes.io/enforce-version'].orValue('latest') == 'latest'",
      },
    },
    {
      ...inNamespace,
      name: "services",
      apiGroup: "",
      resource: "services",
      rules: {
        "A Service of an environment must be of type ClusterIP: the gateway is the way in.":
          "object.spec.?type.orValue('ClusterIP') == 'ClusterIP'",
        "A Service of an environment must not take external addresses.":
          "size(object.spec.?externalIPs.orValue([])) == 0",
      },
    },
    ...(components.istio
      ? [
          {
            ...istio,
            name: "gateways",
            resource: "gateways",
            variables: { ...withHosts, secret: `${secrets}[variables.environment]` },
            rules: {
              "A Gateway must name hosts of its own environment alone.":
                "object.spec.?servers.orValue([]).all(s, s.hosts.all(h, h.substring(h.indexOf('/') + 1) in variables.hosts))",
              "A Gateway must serve HTTP on port 80 or HTTPS on port 443, which all environments share by host.":
                "object.spec.?servers.orValue([]).all(s, s.port.number == 80 && s.port.protocol == 'HTTP' || s.port.number == 443 && s.port.protocol == 'HTTPS')",
              "A Gateway must name the TLS Secret of its own environment alone.":
                "object.spec.?servers.orValue([]).all(s, !has(s.tls) || s.tls.?credentialName.orValue(variables.secret) == variables.secret && !has(s.tls.credentialNames))",
            },
          },
          {
            ...istio,
            name: "virtual-services",
            resource: "virtualservices",
            variables: {
              ...withHosts,
              rules: "object.spec.?http.orValue([]) + object.spec.?tcp.orValue([]) + object.spec.?tls.orValue([])",
            },
            rules: {
              "A VirtualService must name hosts of its own environment alone.": `object.spec.?hosts.orValue([]).all(h, h in variables.hosts || ${isOwnService("h")})`,
              "A VirtualService must lead to services of its own environment alone, and not use the deprecated mirror.": `variables.rules.all(r, !has(r.mirror) && (r.?route.orValue([]) + r.?mirrors.orValue([])).all(d, ${isOwnService("d.destination.host")}))`,
            },
          },
          {
            ...istio,
            name: "destination-rules",
            resource: "destinationrules",
            rules: {
              "A DestinationRule must be about a service of its own environment, or a host outside of the cluster.": `${isOwnService("object.spec.host")} || !object.spec.host.startsWith('*') && !object.spec.host.endsWith('.local')`,
            },
          },
          {
            ...istio,
            name: "service-entries",
            resource: "serviceentries",
            rules: {
              "A ServiceEntry must be about hosts outside of the cluster.":
                "object.spec.hosts.all(h, h.contains('.') && !h.endsWith('.local'))",
              "A ServiceEntry must be exported to namespaces of its own environment alone.": `size(object.spec.?exportTo.orValue([])) > 0 && object.spec.exportTo.all(to, to == '.' || ${isOwn("to")})`,
            },
          },
        ]
      : []),
    ...(components.flagger
      ? [
          {
            ...inNamespace,
            name: "canaries",
            apiGroup: "flagger.app",
            resource: "canaries",
            variables: { ...inNamespace.variables, command: testCommand },
            rules: {
              "A Canary may ask the load tester alone, and only for requests to its own service.": `object.spec.?analysis.?webhooks.orValue([]).all(w, w.url.startsWith(${text(`${testerUrl}/`)}) && w.?metadata.orValue({}).all(key, key in ['type', 'cmd']) && (!has(w.metadata) || !has(w.metadata.cmd) || w.metadata.cmd.matches('^' + variables.command + '( && ' + variables.command + ')*$')))`,
            },
          },
        ]
      : []),
  ];
}
