import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter";
import type { ServiceWorkload } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import { labels, podSelector } from "../workloads/labels.ts";

/**
 * A token bucket in each pod's proxy; requests beyond it get 429. Istio has no API of its own for it, the shape is the
 * one of https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/ (local rate limit).
 */
export function rateLimit(workload: ServiceWorkload): EnvoyFilter[] {
  const limit = workload.spec.rateLimit;
  if (!limit) return [];
  const whole = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  return [
    new EnvoyFilter({
      metadata: { name: `${workload.name}-rate-limit`, namespace: workload.namespace, labels: labels(workload) },
      spec: {
        // After the filters of Istio itself: a relative patch without a priority may come too early and be lost.
        priority: 10,
        workloadSelector: { labels: podSelector(workload.name) },
        configPatches: [
          {
            applyTo: "HTTP_FILTER",
            match: {
              context: "SIDECAR_INBOUND",
              listener: { filterChain: { filter: { name: "envoy.filters.network.http_connection_manager" } } },
            },
            patch: {
              operation: "INSERT_BEFORE",
              value: {
                name: "envoy.filters.http.local_ratelimit",
                typed_config: {
                  "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                  stat_prefix: "http_local_rate_limiter",
                  token_bucket: {
                    max_tokens: limit.burst ?? limit.requests,
                    tokens_per_fill: limit.requests,
                    fill_interval: `${milliseconds(limit.per) / 1000}s`,
                  },
                  filter_enabled: { runtime_key: "local_rate_limit_enabled", ...whole },
                  filter_enforced: { runtime_key: "local_rate_limit_enforced", ...whole },
                },
              },
            },
          },
        ],
      },
    }),
  ];
}
