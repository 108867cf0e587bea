/** What holds for every pod. */
import { isDeepStrictEqual } from "node:util";
import { effectiveRelease } from "../../generators/model/place.ts";
import { amount } from "../../generators/model/quantity.ts";
import { type Invariant, id, partOf } from "./view.ts";

const imageOf = ({ repository, tag, digest }: { repository: string; tag: string; digest?: string | undefined }) =>
  `${repository}:${tag}${digest ? `@${digest}` : ""}`;
const containersOf = (spec: any): any[] => [...(spec.initContainers ?? []), ...spec.containers];

export const pods: Readonly<Record<string, Invariant>> = {
  *"a pod runs as a numeric user that is not root, under the runtime's seccomp profile"({ pods }) {
    for (const { id, spec } of pods) {
      const { runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile } = spec.securityContext ?? {};
      const numbers = [runAsUser, runAsGroup, fsGroup].every((number) => Number.isInteger(number) && number > 0);
      yield [id, numbers && runAsNonRoot === true && seccompProfile?.type === "RuntimeDefault"];
    }
  },
  *"a container cannot escalate, write to its image, or have a capability beyond NET_BIND_SERVICE"({ pods }) {
    for (const { id, spec } of pods)
      for (const { name, securityContext: own = {} } of containersOf(spec)) {
        const { add = [], drop = [] } = own.capabilities ?? {};
        const closed = own.allowPrivilegeEscalation === false && own.readOnlyRootFilesystem === true && !own.privileged;
        const bare = isDeepStrictEqual([...drop], ["ALL"]) && add.every((one: string) => one === "NET_BIND_SERVICE");
        const sameUser = own.runAsUser === undefined && own.runAsNonRoot !== false;
        yield [`${id} ${name}`, closed && bare && sameUser];
      }
  },
  *"a pod shares nothing of its node"({ pods }) {
    for (const { id, spec } of pods) {
      const paths = (spec.volumes ?? []).filter((volume: any) => volume.hostPath);
      const ports = containersOf(spec).flatMap(({ ports = [] }) => ports.filter((port: any) => port.hostPort));
      yield [id, !spec.hostNetwork && !spec.hostPID && !spec.hostIPC && paths.length + ports.length === 0];
    }
  },
  *"a pod has an API token only where its input says so, and an account of its own"({ pods, versions, one }) {
    const wanted = new Map(versions.map(({ deployment, spec }) => [deployment, spec.serviceAccount.token]));
    for (const { owner, id, spec } of pods) {
      yield [id, spec.automountServiceAccountToken === (wanted.get(owner) ?? false)];
      if (!spec.serviceAccountName) continue;
      const account = one("ServiceAccount", spec.serviceAccountName, owner.metadata?.namespace);
      yield [`${id} account`, account.automountServiceAccountToken === (wanted.get(owner) ?? false)];
    }
    for (const { deployment, service } of versions)
      yield [`${id(deployment)} account`, deployment.spec.template.spec.serviceAccountName === service];
  },
  *"a container states what it needs, and its memory is bounded by that or by the stated limit"({ pods }) {
    for (const { id, spec } of pods)
      for (const { name, resources = {} } of containersOf(spec)) {
        const { requests = {}, limits = {} } = resources;
        yield [`${id} ${name}`, Boolean(requests.cpu && limits.cpu) && amount(requests.memory ?? "") > 0];
        yield [`${id} ${name}`, amount(limits.memory ?? "") >= amount(requests.memory ?? "")];
      }
  },
  *"requests and limits are the input's"({ versions, stores }) {
    for (const { workload, resources } of [
      ...versions.map(({ deployment, version }) => ({ workload: deployment, resources: version.resources })),
      ...stores.map(({ statefulSet, spec }) => ({ workload: statefulSet, resources: spec.resources })),
    ]) {
      const { requests, limits } = workload.spec.template.spec.containers[0].resources;
      const { cpu, memory, limits: most } = resources;
      yield [
        id(workload),
        requests.cpu === cpu && requests.memory === memory && limits.memory === (most.memory ?? memory),
      ];
    }
  },
  *"an image is the input's, with its digest where there is one"({ versions, stores }) {
    for (const { deployment, version } of versions)
      yield [id(deployment), deployment.spec.template.spec.containers[0].image === imageOf(version.release.image)];
    for (const { statefulSet, spec } of stores)
      yield [id(statefulSet), statefulSet.spec.template.spec.containers[0].image === imageOf(spec.image)];
  },
  *"a pod of a service that goes still serves for five seconds, and has time to end after that"({ versions }) {
    for (const { deployment } of versions) {
      const { containers, terminationGracePeriodSeconds = 30 } = deployment.spec.template.spec;
      const wait = containers[0].lifecycle?.preStop?.sleep?.seconds ?? 0;
      yield [id(deployment), wait >= 5 && terminationGracePeriodSeconds >= wait + 10];
    }
  },
  *"an update takes no pod away before another is ready"({ versions }) {
    for (const { deployment } of versions) {
      const { type, rollingUpdate = {} } = deployment.spec.strategy ?? {};
      yield [
        id(deployment),
        type === "RollingUpdate" && rollingUpdate.maxUnavailable === 0 && rollingUpdate.maxSurge > 0,
      ];
    }
  },
  *"pods are spread over zones and nodes as the input says, each update by itself"({ versions }) {
    const keys = { zone: "topology.kubernetes.io/zone", node: "kubernetes.io/hostname" };
    for (const { deployment, version, service, name } of versions) {
      const { topologySpreadConstraints = [] } = deployment.spec.template.spec;
      for (const over of ["zone", "node"] as const) {
        const found = topologySpreadConstraints.find((one: any) => one.topologyKey === keys[over]);
        const how = { required: "DoNotSchedule", preferred: "ScheduleAnyway", off: undefined }[version.spread[over]];
        const own = { "app.kubernetes.io/name": service, version: name };
        const fits =
          !how ||
          (found?.maxSkew === 1 &&
            isDeepStrictEqual(found.labelSelector.matchLabels, own) &&
            isDeepStrictEqual(found.matchLabelKeys, ["pod-template-hash"]));
        yield [`${id(deployment)} ${over}`, found?.whenUnsatisfiable === how && fits];
      }
    }
  },
  *"an eviction takes one pod of a service at a time, and a broken pod blocks no drain"({ versions, one }) {
    for (const { service, namespace } of versions) {
      const { spec } = one("PodDisruptionBudget", service, namespace);
      const selected = isDeepStrictEqual(spec.selector.matchLabels, { "app.kubernetes.io/name": service });
      const kept = spec.maxUnavailable === 1 && spec.minAvailable === undefined;
      yield [`${namespace}/${service}`, kept && selected && spec.unhealthyPodEvictionPolicy === "AlwaysAllow"];
    }
  },
  *"a change of configuration rolls the pods that read it"({ pods }) {
    for (const { id, spec, annotations } of pods)
      if (containersOf(spec).some(({ envFrom = [] }) => envFrom.some((source: any) => source.configMapRef)))
        yield [id, /^[0-9a-f]{16,}$/.test(annotations["slipway.dev/config-checksum"] ?? "")];
  },
  *"a pod reads the Secrets of its input and no other, and only those that must be there"({ versions, stores }) {
    const named = [
      ...versions.map(({ deployment, version }) => ({
        of: deployment,
        secrets: effectiveRelease(version).secrets ?? [],
      })),
      ...stores.map(({ statefulSet, spec }) => ({ of: statefulSet, secrets: spec.secrets ?? [] })),
    ];
    for (const { of, secrets } of named) {
      const read = of.spec.template.spec.containers[0].envFrom?.flatMap((one: any) => one.secretRef ?? []) ?? [];
      const names = read.map(({ name }: { name: string }) => name);
      yield [id(of), isDeepStrictEqual(names, secrets) && read.every((one: any) => !one.optional)];
    }
  },
  *"the variables of Services that happen to be in the namespace stay out"({ pods }) {
    for (const { owner, id, spec } of pods)
      if (partOf(owner.metadata) !== "platform") yield [id, spec.enableServiceLinks === false];
  },
  *"probes are the input's, and go to the port that it names"({ versions }) {
    for (const { deployment, version } of versions) {
      const { probes = {}, ports } = version.release;
      const [container] = deployment.spec.template.spec.containers;
      for (const kind of ["startup", "readiness", "liveness"] as const) {
        const [stated, found] = [probes[kind], container[`${kind}Probe`]];
        const port = stated?.port ?? Object.keys(ports)[0] ?? "";
        const path = stated?.http;
        const fits =
          stated === undefined
            ? found === undefined
            : found?.periodSeconds === stated.period &&
              found?.failureThreshold === stated.failures &&
              found?.initialDelaySeconds === stated.initialDelay &&
              found?.timeoutSeconds === stated.timeout &&
              (path === undefined || isDeepStrictEqual(found?.httpGet, { path, port })) &&
              (stated.grpc === undefined || found?.grpc?.port === ports[port]?.port) &&
              (!stated.tcp || found?.tcpSocket?.port === port) &&
              isDeepStrictEqual(found?.exec?.command, stated.exec);
        yield [`${id(deployment)} ${kind}`, fits];
      }
    }
  },
  *"a data store has one writer, time to start and to end, and no probe that kills it"({ stores }) {
    for (const { statefulSet } of stores) {
      const { replicas, template } = statefulSet.spec;
      const { terminationGracePeriodSeconds, containers, securityContext } = template.spec;
      const [{ startupProbe, readinessProbe, livenessProbe }] = containers;
      const start = (startupProbe?.periodSeconds ?? 0) * (startupProbe?.failureThreshold ?? 0);
      yield [id(statefulSet), replicas === 1 && terminationGracePeriodSeconds >= 60 && start >= 600];
      yield [id(statefulSet), readinessProbe !== undefined && livenessProbe === undefined];
      yield [id(statefulSet), securityContext.fsGroupChangePolicy === "OnRootMismatch"];
    }
  },
  *"a data store keeps its volume: the stated size and class, mounted where its data is, one writer"({ stores, one }) {
    for (const { name, namespace, spec, statefulSet } of stores) {
      const { spec: claim } = one("PersistentVolumeClaim", `data-${name}-0`, namespace);
      const { size, path, class: storageClass } = spec.storage;
      yield [id(statefulSet), claim.resources.requests.storage === size && claim.storageClassName === storageClass];
      yield [id(statefulSet), isDeepStrictEqual(claim.accessModes, ["ReadWriteOnce"])];
      const pod = statefulSet.spec.template.spec;
      const mount = pod.containers[0].volumeMounts.find((one: any) => one.mountPath === path);
      const volume = pod.volumes.find((one: any) => one.name === mount?.name);
      yield [id(statefulSet), volume?.persistentVolumeClaim?.claimName === `data-${name}-0` && !mount?.readOnly];
    }
  },
  *"what holds state goes only when a person confirms it, and volumes not even then"({ of, stores }) {
    const options = (object: any) => object.metadata?.annotations?.["argocd.argoproj.io/sync-options"];
    const names = new Set(stores.map(({ statefulSet }) => statefulSet));
    for (const object of [...of("Namespace"), ...of("StatefulSet").filter((one) => names.has(one))])
      yield [id(object), options(object) === "Prune=confirm,Delete=confirm"];
    for (const claim of of("PersistentVolumeClaim")) yield [id(claim), options(claim) === "Prune=false,Delete=false"];
  },
  *"an autoscaler moves its own Deployment within the stated range, and Git does not move it back"({
    versions,
    of,
    one,
  }) {
    for (const { deployment, version, spec, service, namespace, environment } of versions) {
      const name = deployment.metadata?.name ?? "";
      const found = of("HorizontalPodAutoscaler", namespace).find(({ metadata }) => metadata?.name === name);
      const { autoscaling, replicas = 1 } = version;
      yield [id(deployment), (found !== undefined) === (autoscaling !== undefined)];
      const flagger = spec.rollout.strategy === "flagger";
      yield [id(deployment), deployment.spec.replicas === (flagger ? undefined : (autoscaling?.min ?? replicas))];
      if (!autoscaling || !found) continue;
      const { scaleTargetRef, minReplicas, maxReplicas, metrics } = found.spec;
      yield [id(found), isDeepStrictEqual({ ...scaleTargetRef }, { apiVersion: "apps/v1", kind: "Deployment", name })];
      yield [id(found), minReplicas === autoscaling.min && maxReplicas === autoscaling.max];
      const targets = metrics.map(({ resource }: any) => [resource.name, resource.target.averageUtilization]);
      const stated = [["cpu", autoscaling.cpu], ...(autoscaling.memory ? [["memory", autoscaling.memory]] : [])];
      yield [id(found), isDeepStrictEqual(targets, stated)];
      const application = one("Application", `${environment.name}-${service}`, "argocd");
      const ignored = application.spec.ignoreDifferences?.some(
        (one: any) => one.name === name || one.name === undefined,
      );
      yield [id(found), ignored && application.spec.syncPolicy.syncOptions.includes("RespectIgnoreDifferences=true")];
    }
  },
  *"a selector selects the pods of its workload and no others'"({ pods, of }) {
    for (const { owner, id, labels } of pods)
      yield [id, Object.entries(owner.spec.selector.matchLabels).every(([key, value]) => labels[key] === value)];
    for (const kind of ["Service", "NetworkPolicy", "AuthorizationPolicy", "Sidecar", "PodDisruptionBudget"])
      for (const { kind: _, metadata, spec } of of(kind)) {
        const { selector, podSelector, workloadSelector } = spec ?? {};
        const wanted = podSelector?.matchLabels ?? workloadSelector?.labels ?? selector?.matchLabels ?? selector;
        if (!wanted || Object.keys(wanted).length === 0 || metadata?.namespace === "flagger-system") continue;
        const chosen = pods.filter(
          ({ owner, labels }) =>
            owner.metadata?.namespace === metadata?.namespace &&
            Object.entries(wanted).every(([key, value]) => labels[key] === value),
        );
        const names = new Set(chosen.map(({ labels }) => labels["app.kubernetes.io/name"]));
        yield [`${kind} ${metadata?.namespace}/${metadata?.name}`, names.size === 1];
      }
  },
};
