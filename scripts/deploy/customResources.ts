/** The fields of custom resources that we use, from the schemas of their definitions. Other fields do not compile. */
type Meta = {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};
type Selector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};

/** keda.sh/v1alpha1 */
export type ScaledObject = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: {
    scaleTargetRef: { name: string; kind?: string; apiVersion?: string };
    pollingInterval?: number;
    cooldownPeriod?: number;
    minReplicaCount?: number;
    maxReplicaCount?: number;
    fallback?: { failureThreshold: number; replicas: number };
    triggers: {
      type: string;
      metricType?: string;
      metadata: { serverAddress: string; query: string; threshold: string; activationThreshold?: string };
    }[];
  };
};

type Endpoint = {
  port?: string;
  path?: string;
  interval?: string;
  relabelings?: {
    sourceLabels?: string[];
    targetLabel?: string;
    replacement?: string;
    regex?: string;
    action?: string;
  }[];
};

/** monitoring.coreos.com/v1 */
export type ServiceMonitor = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: { selector: Selector; endpoints: Endpoint[] };
};
export type PodMonitor = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: { selector: Selector; podMetricsEndpoints: Endpoint[] };
};

type PathMatch = { type: string; value: string };

/** gateway.networking.k8s.io/v1 */
export type HTTPRoute = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: {
    parentRefs: { name: string; namespace?: string; sectionName?: string }[];
    hostnames?: string[];
    rules: {
      matches?: { path?: PathMatch }[];
      filters?: {
        type: string;
        requestRedirect?: { path?: { type: string; replaceFullPath?: string }; statusCode?: number };
      }[];
      timeouts?: { request?: string; backendRequest?: string };
      backendRefs?: { name: string; port: number }[];
    }[];
  };
};
